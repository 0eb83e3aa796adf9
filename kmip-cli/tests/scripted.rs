//! The binary against servers that are gone, silent or strange: exit codes, and what stderr says.

#[path = "../../kmip-client/tests/scripted_server/mod.rs"]
mod scripted_server;

use std::process::{Output, Stdio};

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::ResponsePayload;
use kmip_codec::operation::get_attributes::GetAttributesResponse;
use kmip_codec::operation::locate::LocateResponse;
use kmip_codec::registry::{Operation, ResultReason};
use kmip_codec::version::V2_1;
use scripted_server::*;

/// Runs the binary with the certificates of `pki` and nothing else of this machine.
async fn run(pki: &Pki, server: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_kmip-cli"));
    command.env_remove("KMIP_CLI_CONFIG").env("HOME", pki.folder()).env_remove("XDG_CONFIG_HOME");
    command.current_dir(pki.folder()).stdin(Stdio::null());
    command.args(["--server", server, "--ca", "ca.pem", "--cert", "client.pem", "--key", "client.key"]);
    let Output { status, stdout, stderr } = command.args(arguments).output().await.unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn ids(ids: &[&str]) -> ResponsePayload {
    let unique_identifier = ids.iter().map(|id| UniqueIdentifier::text(id)).collect();
    ResponsePayload::Locate(Box::new(LocateResponse { located_items: None, unique_identifier }))
}

/// Runs the binary with nothing of this machine, its output going where the caller says.
async fn exit_code(arguments: &[&str], stdout: Stdio, stderr: Stdio) -> Option<i32> {
    let home = tempfile::tempdir().unwrap();
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_kmip-cli"));
    command.env_remove("KMIP_CLI_CONFIG").env("HOME", home.path()).env_remove("XDG_CONFIG_HOME");
    command.current_dir(home.path()).stdin(Stdio::null()).stdout(stdout).stderr(stderr);
    command.args(arguments).status().await.unwrap().code()
}

/// A pipe whose reader has gone.
fn closed_pipe() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}

/// A disk without room.
fn full_disk() -> Stdio {
    std::fs::File::options().write(true).open("/dev/full").unwrap().into()
}

#[tokio::test]
async fn exit_codes_tell_the_same_when_nobody_reads_or_nothing_more_can_be_written() {
    let result = ["completion", "bash"];
    assert_eq!(exit_code(&result, closed_pipe(), Stdio::null()).await, Some(0), "a reader that has seen enough");
    assert_eq!(exit_code(&result, full_disk(), full_disk()).await, Some(1));
    for failing in [&["locate"][..], &["--server", "h:1", "--ca", "none", "get", "nosuch"], &["locate", "--bogus"]] {
        for stderr in [closed_pipe(), full_disk()] {
            assert_eq!(exit_code(failing, Stdio::null(), stderr).await, Some(2), "{failing:?}");
        }
    }
}

#[tokio::test]
async fn a_profile_is_named_by_the_environment_unless_that_is_empty() {
    let pki = Pki::new();
    std::fs::write(pki.path("p.toml"), "server = \"127.0.0.1\"\n").unwrap();
    for (named, code, expected) in
        [("", 2, "no server is given"), ("p.toml", 2, "no CA is given"), ("none.toml", 2, "none.toml")]
    {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_kmip-cli"));
        command.env("KMIP_CLI_CONFIG", named).env("HOME", pki.folder()).env_remove("XDG_CONFIG_HOME");
        let Output { status, stderr, .. } = command.current_dir(pki.folder()).arg("locate").output().await.unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert!(status.code() == Some(code) && stderr.contains(expected), "{named:?}: {stderr}");
    }
}

#[tokio::test]
async fn what_a_server_says_does_not_steer_the_terminal() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        Act::Answer(vec![refused(nth(request, 0), ResultReason::NonUniqueNameAttribute, "\u{1b}[2Jgone\u{202E}")])
    })
    .await;
    let (code, _, stderr) = run(&pki, &server.endpoint(), &["--kmip-version", "2.1", "create", "aes"]).await;
    assert!(code == Some(1) && stderr.contains("\u{FFFD}[2Jgone\u{FFFD}\ntry: "), "{stderr:?}");
}

#[tokio::test]
async fn no_answer_is_3_and_names_every_server_that_was_tried() {
    let pki = Pki::new();
    let (one, two) = (closed_port().await, closed_port().await);
    let (code, stdout, stderr) = run(&pki, &format!("{one},{two}"), &["locate"]).await;
    assert_eq!((code, stdout.as_str()), (Some(3), ""));
    assert!(
        stderr.contains(&one) && stderr.contains(&two) && stderr.contains("try: is the server running"),
        "{stderr}"
    );
}

#[tokio::test]
async fn silence_is_3_after_the_time_out() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, _| Act::Silence).await;
    let (code, _, stderr) = run(&pki, &server.endpoint(), &["--timeout", "1", "locate"]).await;
    assert_eq!(code, Some(3));
    assert!(stderr.contains("no answer within 1 s"), "{stderr}");
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_3() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, _| Act::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec())).await;
    let (code, _, stderr) = run(&pki, &server.endpoint(), &["--kmip-version", "2.1", "locate"]).await;
    assert_eq!(code, Some(3));
    assert!(stderr.contains("is it a KMIP server"), "{stderr}");
}

#[tokio::test]
async fn a_refusal_is_1_with_reason_message_and_advice() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| match nth(request, 0).operation {
        Operation::DiscoverVersions => versions(request, &[V2_1]),
        _ => Act::Answer(vec![refused(nth(request, 0), ResultReason::NonUniqueNameAttribute, "taken")]),
    })
    .await;
    let (code, stdout, stderr) = run(&pki, &server.endpoint(), &["create", "aes", "--name", "n"]).await;
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("error: Create: Non Unique Name Attribute: taken\ntry: the name is in use"), "{stderr}");
}

#[tokio::test]
async fn a_name_of_several_objects_is_bad_usage_that_lists_them_and_destroys_nothing() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| match nth(request, 0).operation {
        Operation::Locate => Act::Answer(vec![success(nth(request, 0), ids(&["id-1", "id-2"]))]),
        _ => Act::Answer(vec![refused(nth(request, 0), ResultReason::ItemNotFound, "no")]),
    })
    .await;
    let (code, _, stderr) = run(&pki, &server.endpoint(), &["--kmip-version", "1.2", "destroy", "--yes", "twin"]).await;
    assert_eq!(code, Some(2));
    assert!(stderr.contains("id-1, id-2"), "{stderr}");
    assert_eq!(server.operations(), [Operation::GetAttributes, Operation::Locate]);
}

#[tokio::test]
async fn destroy_asks_and_without_anyone_to_answer_does_nothing() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        let found = GetAttributesResponse { unique_identifier: UniqueIdentifier::text("id-1"), attributes: None };
        Act::Answer(vec![success(nth(request, 0), ResponsePayload::GetAttributes(Box::new(found)))])
    })
    .await;
    let (code, _, stderr) = run(&pki, &server.endpoint(), &["--kmip-version", "1.2", "destroy", "id-1"]).await;
    assert_eq!(code, Some(2));
    assert!(stderr.contains("Destroy object id-1?") && stderr.contains("--yes"), "{stderr}");
    assert_eq!(server.operations(), [Operation::GetAttributes]);
}

#[tokio::test]
async fn bad_usage_is_2_before_any_server_is_asked() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, _| Act::Close).await;
    std::fs::write(pki.path("m.json"), "{\"tag\":\"State\"}").unwrap();
    std::fs::write(pki.path("m.txt"), "{}").unwrap();
    for (arguments, expected) in [
        (&["create", "bogus"][..], "is no Cryptographic Algorithm"),
        (&["create", "one-time-pad"], "--length"),
        (&["register", "key", "aes", "--hex", "zz"], "hexadecimal"),
        (&["register", "key", "aes", "--file", "none"], "none"),
        (&["attributes", "set", "id", "Stat", "active"], "did you mean \"State\"?"),
        (&["locate", "--state", "bogus"], "is no State"),
        (&["send", "m.json"], "an object that is no message"),
        (&["send", "m.txt"], ".xml, .json or .ttlv"),
        (&["--kmip-version", "9.9", "locate"], "is no KMIP version"),
        (&["--config", "none.toml", "locate"], "none.toml"),
        (&["--cert", "none.pem", "locate"], "no key of the client certificate"),
        (&["client", "enroll", "../x"], "cannot be the name of a file"),
        (&["user", "add", "alice"], "no admin listener is given"),
    ] {
        let connection =
            if arguments.contains(&"--cert") { vec![] } else { vec!["--cert", "client.pem", "--key", "client.key"] };
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_kmip-cli"));
        command.env_remove("KMIP_CLI_CONFIG").env("HOME", pki.folder()).env_remove("XDG_CONFIG_HOME");
        command.current_dir(pki.folder()).args(["--server", &server.endpoint(), "--ca", "ca.pem"]).args(connection);
        let Output { status, stdout, stderr } = command.args(arguments).output().await.unwrap();
        let stderr = String::from_utf8(stderr).unwrap();
        assert_eq!((status.code(), stdout.as_slice()), (Some(2), &[][..]), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {stderr}");
    }
    assert_eq!(server.seen(), []);
}
