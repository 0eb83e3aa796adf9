//! The binary against the real server, started in this process on free ports with a fresh data directory.

use std::path::PathBuf;
use std::process::{Output, Stdio};

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{RevocationReason, UniqueIdentifier};
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::{decode_request, decode_response};
use kmip_codec::message::header::HeaderVersion;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, ResponseHeader, ResponseMessage, encode};
use kmip_codec::object::{Certificate, KeyMaterial, KeyValue, ManagedObject};
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::locate::LocateRequest;
use kmip_codec::operation::reprovision::ReProvisionRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::operation::set_endpoint_role::{SetEndpointRoleRequest, SetEndpointRoleResponse};
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    CertificateType, EndpointRole, KeyFormatType, ObjectType, Operation, ResultReason, ResultStatus,
    RevocationReasonCode, Tag,
};
use kmip_codec::value::{ByteString, DateTime};
use kmip_codec::version::{V1_0, V1_4, V2_1, Version};
use kmip_codec::wire::Strictness;
use kmip_server::config::Config;
use kmip_server::datadir::DataDir;
use kmip_server::run::Server;
use kmip_server::service;
use serde_json::Value;

struct Site {
    folder: tempfile::TempDir,
    server: Server,
}

/// What the binary did.
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

fn config() -> Config {
    let mut config = Config { dev: true, ..Config::default() };
    config.listen.kmip = "127.0.0.1:0".parse().unwrap();
    config.listen.https = "-".parse().unwrap();
    config.listen.admin = "127.0.0.1:0".parse().unwrap();
    config
}

async fn serve(data: DataDir, config: Config) -> Server {
    let same = config.clone();
    Server::start(data, config, Box::new(move || Ok(same.clone())), service::open_service).await.unwrap()
}

/// Connections that end let the store go a moment after the server has stopped, and a process that another test has just forked
/// holds every open file until it becomes another program.
async fn store_is_let_go(folder: &std::path::Path) {
    let lock = std::fs::File::options().write(true).open(folder.join("kmip-data/store/lock")).unwrap();
    for _ in 0..500 {
        if lock.try_lock().is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

impl Site {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config();
        let data = DataDir::open_or_create_dev(&folder.path().join("kmip-data")).unwrap();
        service::create_missing(&data, &config).unwrap();
        store_is_let_go(folder.path()).await;
        let server = serve(data, config).await;
        Self { folder, server }
    }

    /// Stops the server and starts another on the same data directory.
    async fn restarted(self) -> Self {
        self.server.stop().await.unwrap();
        store_is_let_go(self.folder.path()).await;
        let data = DataDir::open_or_create_dev(&self.folder.path().join("kmip-data")).unwrap();
        Self { server: serve(data, config()).await, folder: self.folder }
    }

    /// Runs in the folder that holds `kmip-data`, as a newcomer does: the profile is found there.
    async fn run(&self, line: &str) -> Run {
        self.run_by(tokio::process::Command::new(env!("CARGO_BIN_EXE_kmip-cli")), line).await
    }

    /// Runs where no file may be longer than 512 or 1024 bytes, as on a disk that is full.
    async fn run_without_room(&self, line: &str) -> Run {
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_kmip-cli")]);
        self.run_by(command, line).await
    }

    async fn run_by(&self, mut command: tokio::process::Command, line: &str) -> Run {
        command.env_remove("KMIP_CLI_CONFIG").env("HOME", self.folder.path()).env_remove("XDG_CONFIG_HOME");
        command.current_dir(self.folder.path()).stdin(Stdio::null()).args(line.split(' '));
        let Output { status, stdout, stderr } = command.output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The exit codes when the reader of the result has gone, and when there is no room for it.
    async fn unread(&self, line: &str) -> [Option<i32>; 2] {
        let (_, closed) = std::io::pipe().unwrap();
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut codes = [None; 2];
        for (code, stdout) in codes.iter_mut().zip([Stdio::from(closed), full.into()]) {
            let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_kmip-cli"));
            command.env_remove("KMIP_CLI_CONFIG").env("HOME", self.folder.path()).env_remove("XDG_CONFIG_HOME");
            command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null());
            *code = command.args(line.split(' ')).status().await.unwrap().code();
        }
        codes
    }

    async fn json(&self, line: &str) -> Value {
        self.run(&format!("--output json {line}")).await.json()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("{member} in {value}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_from_its_first_to_its_last_day() {
    let site = Site::start().await;
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0", "2.1"] {
        let name = format!("disk-{version}");
        let at = |line: &str| format!("--kmip-version {version} {line} {name}");
        let id = text(&site.json(&at("create aes --length 256 --name")).await, "id").to_owned();
        let key = site.json(&at("get")).await;
        assert_eq!((text(&key, "id"), text(&key, "type"), text(&key, "format")), (id.as_str(), "SymmetricKey", "Raw"));
        assert_eq!(text(&key, "material").len(), 64);
        assert_eq!(site.json(&at("locate --state pre-active --name")).await["ids"], serde_json::json!([id]));
        assert_eq!(text(&site.json(&at("activate")).await, "id"), id);

        let refused = site.run(&at("destroy --yes")).await;
        assert_eq!(refused.code, Some(1), "{}", refused.stderr);
        assert!(refused.stderr.contains("must be revoked first"), "{}", refused.stderr);
        site.json(&at("revoke --reason superseded")).await;
        site.json(&at("destroy --yes")).await;
        let gone = site.run(&at("get")).await;
        assert_eq!(gone.code, Some(1));
        assert!(gone.stderr.contains("no object has the identifier or the name"), "{}", gone.stderr);
        assert!(!gone.stderr.contains(text(&key, "material")));
    }
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_registered_comes_back_and_goes_to_files_for_one_reader_only() {
    use std::os::unix::fs::PermissionsExt;
    let site = Site::start().await;
    let material = "000102030405060708090a0b0c0d0e0f";
    let registered = site.json(&format!("register key aes --hex {material} --name kek --activate")).await;
    assert_eq!(text(&site.json("get kek").await, "material"), material);
    let table = site.run("get kek").await.stdout;
    assert!(table.lines().any(|line| line == format!("material  {material}")), "{table}");

    let written = site.run("get kek --out key.bin").await;
    assert_eq!(written.code, Some(0), "{}", written.stderr);
    assert!(!written.stdout.contains(material));
    assert_eq!(hex::encode(std::fs::read(site.path("key.bin")).unwrap()), material);
    assert_eq!(site.path("key.bin").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(site.run("get kek --out key.bin").await.code, Some(1), "nothing is overwritten");

    std::fs::write(site.path("large"), vec![7; 2 << 20]).unwrap();
    let large = site.run("register opaque --file large").await;
    assert_eq!(large.code, Some(3), "{}", large.stderr);
    assert!(
        large.stderr.contains("a request of 2097312 bytes") && large.stderr.contains("kmip.limits.message_bytes"),
        "{}",
        large.stderr
    );

    let certificate = site.json("register certificate --file kmip-data/pki/client.pem").await;
    assert_eq!(text(&site.json(&format!("get {}", text(&certificate, "id"))).await, "type"), "Certificate");
    let private = site.json("register private-key --file kmip-data/pki/client.key").await;
    let attributes = site.json(&format!("attributes get {} Cryptographic_Length", text(&private, "id"))).await;
    assert_eq!(attributes["attributes"][0]["value"], 256);

    let listed = site.run("locate --type symmetric-key").await.stdout;
    let row = format!("{}  kek   Symmetric Key  Active", text(&registered, "id"));
    assert!(listed.lines().any(|line| line == row), "{listed}");
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enrolled_client_works_at_once_and_sees_only_its_own_objects() {
    let site = Site::start().await;
    site.json("create aes --name secret-of-client").await;
    let enrolled = site.json("client enroll node-1").await;
    assert_eq!(text(&enrolled, "cert"), "kmip-data/pki/clients/node-1.pem");
    let node = format!("--cert {} --key {}", text(&enrolled, "cert"), text(&enrolled, "key"));
    assert_eq!(site.json(&format!("{node} locate")).await["ids"], serde_json::json!([]));
    assert_eq!(site.run(&format!("{node} get secret-of-client")).await.code, Some(1));
    assert_eq!(site.run("client enroll node-1").await.code, Some(2), "the files exist");
    let known = site.run("client enroll node-1 --out other").await;
    assert_eq!(known.code, Some(1), "the server knows the name");
    assert!(known.stderr.contains("--again"), "{}", known.stderr);
    assert_eq!(std::fs::read_dir(site.folder.path().join("other")).unwrap().count(), 0, "what was begun is gone");

    // Without room for the files the server is not asked, and the name can be used afterwards.
    let full = site.run_without_room("client enroll node-2 --out node-2").await;
    assert_eq!(full.code, Some(2), "{}", full.stderr);
    assert!(full.stderr.contains("node-2.pem.new") && full.stderr.contains("make room"), "{}", full.stderr);
    assert_eq!(std::fs::read_dir(site.path("node-2")).unwrap().count(), 0, "what was begun is gone");

    // Another certificate: the client is the same, by the old one and by the new one.
    site.json(&format!("{node} create aes --name of-node-1")).await;
    let before = std::fs::read(site.path(text(&enrolled, "cert"))).unwrap();
    std::fs::write(site.path("old.pem"), &before).unwrap();
    std::fs::copy(site.path(text(&enrolled, "key")), site.path("old.key")).unwrap();
    assert_eq!(site.run("client enroll nobody --again").await.code, Some(1));
    site.json("client enroll node-1 --again").await;
    assert_ne!(std::fs::read(site.path(text(&enrolled, "cert"))).unwrap(), before);
    for node in [node.as_str(), "--cert old.pem --key old.key"] {
        assert_eq!(site.json(&format!("{node} get of-node-1")).await["type"], "SymmetricKey");
    }
    let audited: String = std::fs::read_dir(site.path("kmip-data/audit"))
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let told = audited.lines().filter(|line| line.contains("\"Enroll Client\"") && line.contains("\"admin\""));
    assert_eq!(told.filter(|line| line.contains("\"node-1\"")).count(), 3, "each is in the audit log");

    let own = site.json("client enroll node-2 --out node-2").await;
    let line = format!("--ca {} --cert {} --key {} locate", text(&own, "ca"), text(&own, "cert"), text(&own, "key"));
    assert_eq!(site.json(&line).await["ids"], serde_json::json!([]));
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_decides_which_certificates_of_a_client_count_and_whether_any_does() {
    let site = Site::start().await;
    let enrolled = site.json("client enroll node-1").await;
    let keep = |name: &str| {
        std::fs::copy(site.path(text(&enrolled, "cert")), site.path(&format!("{name}.pem"))).unwrap();
        std::fs::copy(site.path(text(&enrolled, "key")), site.path(&format!("{name}.key"))).unwrap();
    };
    keep("old");
    site.json("client enroll node-1 --again").await;
    keep("newer");
    let node = format!("--cert {} --key {}", text(&enrolled, "cert"), text(&enrolled, "key"));
    site.json(&format!("{node} create aes --name of-node-1")).await;
    // Only the newest counts once an administrator says so, also after another renewal.
    assert_eq!(site.run("client enroll node-1 --only").await.code, Some(2), "without --again");
    site.json("client enroll node-1 --again --only").await;
    let older = ["--cert old.pem --key old.key", "--cert newer.pem --key newer.key"];
    for node in older {
        let refused = site.run(&format!("{node} get of-node-1")).await;
        assert_eq!(refused.code, Some(1), "{node}");
        assert!(refused.stderr.contains("none of those that count"), "{}", refused.stderr);
    }
    assert_eq!(site.json(&format!("{node} get of-node-1")).await["type"], "SymmetricKey");
    let brought = "client enroll node-1 --again --certificate newer.pem";
    site.json(brought).await;
    assert_eq!(site.json(&format!("{} get of-node-1", older[1])).await["type"], "SymmetricKey", "it counts again");
    assert_eq!(site.run(brought).await.code, Some(1), "once");
    site.json("client enroll node-1 --again --only").await;
    assert_eq!(site.run(&format!("{} get of-node-1", older[1])).await.code, Some(3), "it is not let in");
    assert_eq!(site.run(brought).await.code, Some(1), "it was renewed");
    site.json(&format!("{brought} --only")).await;
    assert_eq!(site.json(&format!("{} get of-node-1", older[1])).await["type"], "SymmetricKey", "and the only one");
    assert_eq!(site.run(&format!("{node} get of-node-1")).await.code, Some(3));
    site.json("client enroll node-1 --again --only").await;
    assert_eq!(site.json(&format!("{node} get of-node-1")).await["type"], "SymmetricKey");

    // Locked out, and let in again.
    site.json("client disable node-1").await;
    let refused = site.run(&format!("{node} get of-node-1")).await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("disabled this client"), "{}", refused.stderr);
    let listed = site.json("client list").await;
    let known = listed["clients"].as_array().unwrap().iter().find(|client| client["name"] == "node-1").unwrap();
    assert!(known["disabled"] == true && known["renewals"] == 4, "{known}");
    let table = site.run("client list").await.stdout;
    assert!(table.lines().any(|line| line.starts_with("node-1") && line.contains("disabled")), "{table}");
    site.json("client enable node-1").await;
    let nobody = site.run("client disable nobody").await;
    assert!(nobody.code == Some(0) && nobody.stderr.contains("no client named nobody"), "{}", nobody.stderr);
    assert_eq!(site.run("client enable typo").await.code, Some(1));
    assert_eq!(site.json(&format!("{node} get of-node-1")).await["type"], "SymmetricKey");
    let audited: String = std::fs::read_dir(site.path("kmip-data/audit"))
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect();
    let told =
        |what: &str| audited.lines().filter(|line| line.contains("\"Lock Client\"") && line.contains(what)).count();
    assert_eq!((told("\"disable\""), told("\"enable\"")), (2, 1));
    let only = |line: &&str| line.contains("\"Enroll Client\"") && line.contains("\"only\"");
    assert_eq!(audited.lines().filter(only).count(), 4);
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_needs_the_right_password_and_it_is_never_shown() {
    let site = Site::start().await;
    std::fs::write(site.path("right"), "correct horse\n").unwrap();
    std::fs::write(site.path("wrong"), "battery staple\n").unwrap();
    site.json("user add alice --password-file right").await;
    let again = site.run("user add alice --password-file right").await;
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("alice") && !again.stderr.contains("horse"), "{}", again.stderr);
    let codes = site.json("user add carol --otp --otp-digits 8").await;
    let uri = codes["otp"].as_str().unwrap();
    assert!(uri.starts_with("otpauth://totp/carol?secret=") && uri.contains("&digits=8&"), "{uri}");
    site.json("device add disk --serial-number SN-1 --client admin --password-file right").await;
    assert_eq!(site.run("device add twin --serial-number SN-1 --client admin").await.code, Some(1));
    assert_eq!(site.run("device add nothing").await.code, Some(1));
    site.json("--username alice --password-file right locate").await;
    for line in ["--username alice --password-file wrong locate", "--username bob --password-file right locate"] {
        let refused = site.run(line).await;
        assert_eq!(refused.code, Some(1), "{}", refused.stderr);
        assert!(refused.stderr.contains("Authentication Not Successful"), "{}", refused.stderr);
        assert!(!refused.stderr.contains("staple") && !refused.stderr.contains("horse"));
    }
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quirks_are_set_as_a_whole_and_a_misspelt_one_is_told() {
    let site = Site::start().await;
    let set = site.json("client quirks client iv-in-front locate-in-template").await;
    assert_eq!(set["quirks"], serde_json::json!(["iv-in-front", "locate-in-template"]));
    let unknown = site.run("client quirks client iv-in-back").await;
    assert_eq!(unknown.code, Some(1));
    assert!(unknown.stderr.contains("iv-in-back") && unknown.stderr.contains("iv-in-front"), "{}", unknown.stderr);
    assert_eq!(site.json("client quirks client").await["quirks"], serde_json::json!([]));
    assert_eq!(site.json("locate").await["ids"], serde_json::json!([]), "the client is in its scope as before");
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_admin_api_takes_administrators_only() {
    let site = Site::start().await;
    let stranger = "client enroll x --admin-cert kmip-data/pki/client.pem --admin-key kmip-data/pki/client.key";
    let refused = site.run(stranger).await;
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("does not trust the client certificate"), "{}", refused.stderr);
    let kmip = site.server.bound.kmip.unwrap();
    let other_port = site.run(&format!("client enroll x --admin {kmip}")).await;
    assert_eq!(other_port.code, Some(3), "{}", other_port.stderr);
    assert!(!site.path("kmip-data/pki/clients/x.key").exists());
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certificate_authority_and_what_is_trusted_are_administered() {
    let site = Site::start().await;
    let shown = site.run("ca show").await;
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    assert!(shown.stdout.starts_with("-----BEGIN CERTIFICATE-----"), "{}", shown.stdout);
    std::fs::write(site.path("authority.pem"), &shown.stdout).unwrap();
    let again = site.run("ca init --subject CN=Other").await;
    assert!(again.code != Some(0) && again.stderr.contains("exists already"), "{}", again.stderr);
    let request = site.run("ca request --subject CN=Issuing,O=Example --key-kind p256").await;
    assert!(request.stdout.starts_with("-----BEGIN CERTIFICATE REQUEST-----"), "{}", request.stderr);
    let list = site.run("ca crl").await;
    assert!(list.stdout.starts_with("-----BEGIN X509 CRL-----"), "{}", list.stderr);

    let added = site.json("trust add authority.pem").await;
    let fingerprint = added["fingerprint"].as_str().unwrap().to_owned();
    assert_eq!(site.json("trust list").await["anchors"][0]["fingerprint"], fingerprint.as_str());
    for line in ["ca show", "ca crl", "ca request --subject CN=Other", "trust list"] {
        assert_eq!(site.unread(line).await, [Some(0), Some(1)], "{line}");
    }
    std::fs::write(site.path("list.pem"), &list.stdout).unwrap();
    assert_eq!(site.json("trust add-crl list.pem").await["added"], true);
    let wrong = site.run("trust add list.pem").await;
    assert!(wrong.code != Some(0) && wrong.stderr.contains("not a CERTIFICATE"), "{}", wrong.stderr);
    assert_eq!(site.json(&format!("trust remove {fingerprint}")).await["removed"], fingerprint.as_str());
    assert_eq!(site.json("trust list").await["anchors"], serde_json::json!([]));
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_sent_as_they_are_and_a_failed_item_tells_in_the_exit_code() {
    let site = Site::start().await;
    let message = |operation: &str, payload: &str| {
        format!(
            "<KMIP><RequestMessage><RequestHeader><ProtocolVersion>\
             <ProtocolVersionMajor type=\"Integer\" value=\"1\"/><ProtocolVersionMinor type=\"Integer\" value=\"2\"/>\
             </ProtocolVersion><BatchCount type=\"Integer\" value=\"1\"/></RequestHeader><BatchItem>\
             <Operation type=\"Enumeration\" value=\"{operation}\"/><RequestPayload>{payload}</RequestPayload>\
             </BatchItem></RequestMessage></KMIP>"
        )
    };
    let query = message("Query", "<QueryFunction type=\"Enumeration\" value=\"QueryObjects\"/>");
    std::fs::write(site.path("query.xml"), &query).unwrap();
    let answered = site.run("send query.xml").await;
    assert_eq!(answered.code, Some(0), "{}", answered.stderr);
    assert!(
        answered.stdout.contains("<ObjectType type=\"Enumeration\" value=\"SymmetricKey\"/>"),
        "{}",
        answered.stdout
    );
    assert!(answered.stdout.contains("<ProtocolVersionMinor type=\"Integer\" value=\"2\"/>"));

    let get = message("Get", "<UniqueIdentifier type=\"TextString\" value=\"none\"/>");
    std::fs::write(site.path("get.xml"), get).unwrap();
    let refused = site.run("send get.xml").await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stdout.contains("ItemNotFound"), "{}", refused.stdout);

    // The same message in JSON, and its answer in JSON.
    let query = r#"{"tag":"RequestMessage", "value":[{"tag":"RequestHeader", "value":[{"tag":"ProtocolVersion", "value":[
        {"tag":"ProtocolVersionMajor", "type":"Integer", "value":1}, {"tag":"ProtocolVersionMinor", "type":"Integer", "value":2}]},
        {"tag":"BatchCount", "type":"Integer", "value":"0x00000001"}]},
        {"tag":"BatchItem", "value":[{"tag":"Operation", "type":"Enumeration", "value":"Query"}, {"tag":"RequestPayload", "value":[
        {"tag":"QueryFunction", "type":"Enumeration", "value":"QueryObjects"}]}]}]}"#;
    std::fs::write(site.path("query.json"), query).unwrap();
    let answered = site.run("send query.json").await;
    assert_eq!(answered.code, Some(0), "{}", answered.stderr);
    let object_type = r#"{"tag":"ObjectType", "type":"Enumeration", "value":"SymmetricKey"}"#;
    assert!(answered.stdout.contains(object_type), "{}", answered.stdout);

    // A binary message that no server can read: it is sent all the same, and the answer is shown.
    std::fs::write(site.path("odd.ttlv"), [0x42, 0, 0x78, 1, 0, 0, 0, 0]).unwrap();
    let odd = site.run("send odd.ttlv").await;
    assert_eq!(odd.code, Some(1), "{}", odd.stderr);
    assert!(odd.stdout.contains("<ResultStatus type=\"Enumeration\" value=\"OperationFailed\"/>"), "{}", odd.stdout);
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_tells_about_itself() {
    let site = Site::start().await;
    assert_eq!(
        site.json("discover").await["versions"],
        serde_json::json!(["3.0", "2.1", "2.0", "1.4", "1.3", "1.2", "1.1", "1.0"])
    );
    let query = site.json("query operations").await;
    assert!(query["Operation"].as_array().unwrap().iter().any(|operation| operation == "Create"), "{query}");
    let old = site.run("--kmip-version 1.4 log hello").await;
    assert_eq!(old.code, Some(1));
    assert!(old.stderr.contains("Log needs KMIP 2.0"), "{}", old.stderr);
    site.json("log hello").await;
    site.server.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_root_key_is_replaced_while_the_server_works() {
    let site = Site::start().await;
    let mut kept = Vec::new();
    for n in 0..70 {
        let id = text(&site.json(&format!("create aes --name k{n}")).await, "id").to_owned();
        let material =
            if n % 20 == 0 { site.json(&format!("get {id}")).await["material"].clone() } else { Value::Null };
        kept.push((id, material));
    }
    let before = site.json("root-key status").await;
    assert_eq!(before["root_key"], serde_json::json!({"number": 1, "kind": "software"}));

    let after = site.json("root-key rotate --scope-keys --wait").await;
    assert_eq!(after["root_key"]["number"], 2);
    assert_eq!((after["older"].clone(), after["rotation"].clone()), (serde_json::json!([]), Value::Null));
    let proof = &after["finished"];
    // The pair of the development authority counts, too.
    assert_eq!((proof["objects"].clone(), proof["outdated"].clone()), (72.into(), 0.into()), "{proof}");
    // Both scopes' old keys under the new root key, and all objects under their new keys.
    assert_eq!(proof["renewed"].as_u64(), Some(2 + 2 + 72), "{proof}");
    let refused = site.run("root-key rotate --to pkcs11").await;
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("[[hsm]]"), "{}", refused.stderr);

    let keystore = site.path("kmip-data/keystore");
    let names = |folder: &std::path::Path| {
        let mut names: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&keystore), ["retired", "root-2.dev.key", "store.json"]);
    assert_eq!(names(&keystore.join("retired")), ["root.dev.key"]);
    let site = site.restarted().await;
    for (id, material) in kept.iter().filter(|(_, material)| !material.is_null()) {
        assert_eq!(site.json(&format!("get {id}")).await["material"], *material);
    }
    let devices = site.run("hsm status").await;
    assert_eq!((devices.code, devices.stdout.as_str()), (Some(0), "the root key is kept in software\n"));
    let agree = site.run("hsm reconcile").await;
    assert_eq!((agree.code, agree.stdout.as_str()), (Some(0), "devices and store agree\n"), "{}", agree.stderr);
    let table = site.run("root-key status").await.stdout;
    assert_eq!(table.trim_end(), "root key  2, software");
    site.json("root-key rotate --wait").await;
    site.json("create aes --name later").await;
    site.server.stop().await.unwrap();
}

/// SoftHSM2, with one token; `None` where it is not installed.
fn token(folder: &std::path::Path) -> Option<(PathBuf, PathBuf)> {
    tokens(folder, &["kmip"])
}

/// SoftHSM2, with tokens of these labels.
fn tokens(folder: &std::path::Path, labels: &[&str]) -> Option<(PathBuf, PathBuf)> {
    let places = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"];
    let module = std::env::var_os("SOFTHSM2_MODULE").map(PathBuf::from);
    let module = module.into_iter().chain(places.map(PathBuf::from)).find(|path| path.exists())?;
    let configuration = folder.join("softhsm2.conf");
    std::fs::create_dir(folder.join("tokens")).unwrap();
    std::fs::write(&configuration, format!("directories.tokendir = {}\n", folder.join("tokens").display())).unwrap();
    for label in labels {
        let mut make = std::process::Command::new("softhsm2-util");
        make.args(["--init-token", "--free", "--label", label, "--pin", "2468-user", "--so-pin", "1357-officer"]);
        make.arg("--module").arg(&module).env("SOFTHSM2_CONF", &configuration);
        assert!(make.stdout(Stdio::null()).status().unwrap().success());
    }
    std::fs::write(folder.join("pin"), "2468-user\n").unwrap();
    Some((module, configuration))
}

/// The command with SoftHSM2, without a server and a profile.
fn run_alone(folder: &std::path::Path, configuration: &std::path::Path, line: &[&str]) -> Run {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kmip-cli"));
    command.env_remove("KMIP_CLI_CONFIG").env("HOME", folder).env_remove("XDG_CONFIG_HOME");
    let output = command
        .env("SOFTHSM2_CONF", configuration)
        .current_dir(folder)
        .stdin(Stdio::null())
        .args(line)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn device_table(name: &str, module: &std::path::Path, label: &str) -> String {
    let module = module.display();
    format!("[[hsm]]\nname = '{name}'\nmodule = '{module}'\ntoken_label = '{label}'\npin_file = 'pin'\n")
}

#[test]
fn a_root_key_is_restored_from_its_shares() {
    let folder = tempfile::tempdir().unwrap();
    let Some((module, configuration)) = tokens(folder.path(), &["first", "second"]) else {
        println!("SKIP softhsm2 not installed");
        return;
    };
    let run = |line: &str| run_alone(folder.path(), &configuration, &line.split(' ').collect::<Vec<_>>());
    let tables = device_table("a", &module, "first") + &device_table("b", &module, "second");
    std::fs::write(folder.path().join("server.toml"), tables).unwrap();
    std::fs::create_dir(folder.path().join("shares")).unwrap();
    let refused = |line: &str, code: i32, why: &str| {
        let refused = run(line);
        assert_eq!(refused.code, Some(code), "{line}: {}", refused.stderr);
        assert!(refused.stderr.contains(why), "{line}: {}", refused.stderr);
    };
    let init = "--output json hsm init --server-config server.toml --device a --yes";
    refused(&format!("{init} --shares 2 --threshold 3 --share-dir shares"), 2, "");
    refused(&format!("{init} --shares 3"), 2, "--threshold");
    let made = run(&format!("{init} --shares 3 --threshold 2 --share-dir shares")).json();
    assert_eq!(made["made"], true);
    let share = |number: u8| format!("--share shares/kmip-root-share-{number}.json");
    assert!((1..=3).all(|number| folder.path().join(format!("shares/kmip-root-share-{number}.json")).exists()));

    let restore = "--output json hsm restore --server-config server.toml --device b --yes";
    refused(&format!("{restore} {}", share(1)), 1, "");
    refused(&format!("{restore} {} {}", share(1), share(1)), 1, "");
    refused(&format!("{restore} {} --share shares/none.json", share(1)), 2, "none.json");
    let first = std::fs::read_to_string(folder.path().join("shares/kmip-root-share-1.json")).unwrap();
    std::fs::write(folder.path().join("shares/torn.json"), &first[..first.len() / 2]).unwrap();
    refused(&format!("{restore} {} --share shares/torn.json", share(2)), 1, "torn.json");
    let rehearsed = run(&format!("{restore} {} {} --dry-run", share(1), share(3))).json();
    assert_eq!(rehearsed["restored"], false);
    let restored = run(&format!("{restore} {} {}", share(3), share(2))).json();
    assert_eq!((&restored["restored"], text(&restored["devices"][0], "device")), (&true.into(), "b"));
    refused(&format!("{restore} {} {}", share(1), share(2)), 1, "already");
    refused(&format!("{init} --shares 3 --threshold 2 --share-dir shares"), 1, "already");
}

#[test]
fn a_device_is_probed_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let Some((module, configuration)) = token(folder.path()) else {
        println!("SKIP softhsm2 not installed");
        return;
    };
    let run = |line: &[&str]| run_alone(folder.path(), &configuration, line);
    std::fs::write(folder.path().join("server.toml"), device_table("a", &module, "kmip")).unwrap();
    let found = run(&["--output", "json", "hsm", "probe", "--server-config", "server.toml", "--file", "a.json"]).json();
    assert_eq!((text(&found, "token"), text(&found, "seals_by")), ("kmip", "AES-GCM"));
    let written = std::fs::read_to_string(folder.path().join("a.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), found);
    let by_flags = ["hsm", "probe", "--module", module.to_str().unwrap(), "--token-label", "kmip", "--pin-file", "pin"];
    let table = run(&by_flags);
    assert_eq!(table.code, Some(0), "{}", table.stderr);
    for line in ["fit for a root key", "ECDSA on P-256", "RSA-OAEP with SHA-256"] {
        assert!(table.stdout.contains(line), "{}", table.stdout);
    }
    let nowhere = run(&["hsm", "probe", "--module", "/nowhere.so", "--serial", "1", "--pin-file", "pin"]);
    assert_eq!(nowhere.code, Some(1));
    assert!(nowhere.stderr.contains("/nowhere.so"), "{}", nowhere.stderr);
    assert_eq!(run(&["hsm", "probe"]).code, Some(2));

    let init =
        |more: &[&str]| run(&[&["--output", "json", "hsm", "init", "--server-config", "server.toml"], more].concat());
    let rehearsed = init(&["--dry-run"]).json();
    assert_eq!((rehearsed["made"].clone(), text(&rehearsed["devices"][0], "root_label")), (false.into(), "kmip-root"));
    let unanswered = init(&[]);
    assert_eq!(unanswered.code, Some(2), "{}", unanswered.stderr);
    assert!(unanswered.stderr.contains("Make the root key on 1 device now?"), "{}", unanswered.stderr);
    let made = init(&["--yes", "--root-label", "of-ours"]).json();
    assert_eq!((made["made"].clone(), text(&made["devices"][0], "seals_by")), (true.into(), "AES-GCM"));
    let again = init(&["--yes", "--root-label", "of-ours"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("has a key \"of-ours\" already"), "{}", again.stderr);
    assert_eq!(init(&["--device", "b"]).code, Some(2));
}

/// The client's side of a connection on which the server is the client: roles were exchanged (KMIP 2.1 §6.1.54), or the server
/// has called (KMIP 1.4 §5).
struct Listening(tokio_rustls::TlsStream<tokio::net::TcpStream>, Version);

impl Listening {
    async fn connect(site: &Site) -> Self {
        let pki = |name: &str| site.path("kmip-data/pki").join(name);
        let tls = kmip_client::tls::client_config(&pki("ca.pem"), &pki("client.pem"), &pki("client.key")).unwrap();
        let tcp = tokio::net::TcpStream::connect(site.server.bound.kmip.unwrap()).await.unwrap();
        let name = kmip_client::tls::server_name("localhost").unwrap();
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(tls));
        Self(connector.connect(name, tcp).await.unwrap().into(), V2_1)
    }

    /// Waits for a call of the server.
    async fn accept(
        tcp: &tokio::net::TcpListener,
        tls: &std::sync::Arc<rustls::ServerConfig>,
        version: Version,
    ) -> Self {
        let called = tokio::time::timeout(std::time::Duration::from_secs(20), tcp.accept()).await.expect("a call");
        let acceptor = tokio_rustls::TlsAcceptor::from(tls.clone());
        Self(acceptor.accept(called.unwrap().0).await.unwrap().into(), version)
    }

    async fn message(&mut self) -> Vec<u8> {
        use tokio::io::AsyncReadExt;
        let mut bytes = vec![0; 8];
        self.0.read_exact(&mut bytes).await.unwrap();
        let length = u32::from_be_bytes(bytes[4..8].try_into().unwrap());
        bytes.resize(8 + length as usize, 0);
        self.0.read_exact(&mut bytes[8..]).await.unwrap();
        bytes
    }

    async fn send(&mut self, bytes: &[u8]) {
        use tokio::io::AsyncWriteExt;
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Asks for the exchange; whether the server agrees.
    async fn exchange_roles(&mut self) -> bool {
        let request = SetEndpointRoleRequest { endpoint_role: EndpointRole::Client };
        let payload = RequestPayload::SetEndpointRole(Box::new(request));
        let request = RequestMessage::single(V2_1, Operation::SetEndpointRole, payload);
        self.send(&encode(Tag::RequestMessage, &request, V2_1)).await;
        let response = decode_response(&self.message().await, &Limits::DEFAULT, Strictness::Strict).unwrap();
        response.batch_item[0].result_status == ResultStatus::Success
    }

    /// The next request of the server.
    async fn hear(&mut self) -> RequestPayload {
        let mut request = decode_request(&self.message().await, &Limits::DEFAULT, Strictness::Strict).unwrap();
        request.items.remove(0).unwrap().request_payload
    }

    /// Answers it: by success, or that the operation is not one of the client's.
    async fn answer(&mut self, operation: Operation, works: bool) {
        self.respond(operation, works, None).await;
    }

    /// Takes the client's role back.
    async fn answer_role(&mut self) {
        let answer = SetEndpointRoleResponse { endpoint_role: EndpointRole::Client };
        let payload = ResponsePayload::SetEndpointRole(Box::new(answer));
        self.respond(Operation::SetEndpointRole, true, Some(payload)).await;
    }

    /// Whether the server closes the connection.
    async fn is_left(&mut self) -> bool {
        use tokio::io::AsyncReadExt;
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), self.0.read_u8());
        read.await.expect("an end of the connection").is_err()
    }

    async fn respond(&mut self, operation: Operation, works: bool, response_payload: Option<ResponsePayload>) {
        let status = if works { ResultStatus::Success } else { ResultStatus::OperationFailed };
        let reason = (!works).then_some(ResultReason::OperationNotSupported);
        let item = ResponseBatchItem {
            operation: Some(operation),
            unique_batch_item_id: None,
            result_status: status,
            result_reason: reason,
            result_message: None,
            asynchronous_correlation_value: None,
            response_payload,
            message_extension: Vec::new(),
        };
        let response_header = ResponseHeader {
            protocol_version: HeaderVersion(self.1),
            time_stamp: DateTime(0),
            nonce: None,
            server_hashed_password: None,
            attestation_type: Vec::new(),
            client_correlation_value: None,
            server_correlation_value: None,
            batch_count: Some(1),
        };
        let message = ResponseMessage { response_header, batch_item: vec![item] };
        self.send(&encode(Tag::ResponseMessage, &message, self.1)).await;
    }

    /// A connection that has come as far as the queue.
    async fn begin(site: &Site) -> Self {
        let mut client = Self::connect(site).await;
        assert!(client.exchange_roles().await);
        for operation in [Operation::DiscoverVersions, Operation::Query, Operation::Query] {
            client.hear().await;
            client.answer(operation, false).await;
        }
        client
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_exchanges_roles_hears_of_changes_and_gets_what_is_put() {
    let site = Site::start().await;
    let material = "000102030405060708090a0b0c0d0e0f";
    let id = text(&site.json(&format!("register key aes --hex {material} --name kek")).await, "id").to_owned();
    assert!(!Listening::connect(&site).await.exchange_roles().await, "nobody has let it listen");
    site.json("client listen client").await;
    site.json("activate kek").await;
    let mut client = Listening::begin(&site).await;
    let RequestPayload::Notify(notify) = client.hear().await else { panic!("no Notify") };
    assert_eq!(notify.unique_identifier.as_text(), Some(id.as_str()));
    // It does not answer: the message waits for the next connection, even beyond a restart.
    drop(client);
    let site = site.restarted().await;
    let mut client = Listening::begin(&site).await;
    assert!(matches!(client.hear().await, RequestPayload::Notify(_)));
    client.answer(Operation::Notify, true).await;
    // What comes while it listens reaches it at once.
    assert_eq!(site.run("client put client nothing").await.code, Some(1));
    site.json(&format!("client put client {id}")).await;
    let RequestPayload::Put(put) = client.hear().await else { panic!("no Put") };
    assert_eq!(put.unique_identifier.as_text(), Some(id.as_str()));
    let audited: String = std::fs::read_dir(site.path("kmip-data/audit"))
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap_or_default())
        .collect();
    let line = audited.lines().find(|line| line.contains("\"Put\"")).expect("what left with a key is in the audit log");
    assert!(line.contains(&id) && line.contains("\"client\""), "{line}");
    client.answer(Operation::Put, true).await;
    drop(client);
    let mut client = Listening::begin(&site).await;
    let quiet = tokio::time::timeout(std::time::Duration::from_millis(300), client.hear()).await;
    assert!(quiet.is_err(), "nothing is left");
    site.server.stop().await.unwrap();
}

/// What a listener shows and whom it lets call: only who shows a certificate of the development authority.
fn listener_tls(site: &Site, shown: &str) -> std::sync::Arc<rustls::ServerConfig> {
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let pki = |name: &str| site.path("kmip-data/pki").join(name);
    let chain = |name: &str| CertificateDer::pem_file_iter(pki(name)).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(chain("ca.pem").remove(0)).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let key = PrivateKeyDer::from_pem_file(pki(&format!("{shown}.key"))).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_client_cert_verifier(verifier.build().unwrap());
    std::sync::Arc::new(config.with_single_cert(chain(&format!("{shown}.pem")), key).unwrap())
}

/// KMIP 1.4 §5: the server calls the listener that an administrator has named, and sends there what it sends in 1.4.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_of_1_4_is_called_with_what_waits_for_its_client() {
    let site = Site::start().await;
    let (tcp, tls) = (tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(), listener_tls(&site, "client"));
    let address = tcp.local_addr().unwrap();
    let id =
        text(&site.json("register key aes --hex 000102030405060708090a0b0c0d0e0f --name kek").await, "id").to_owned();
    assert_eq!(site.run("client listen client --at nowhere").await.code, Some(1));
    assert_eq!(site.run("client listen client --at a:1 --speaks 3.0").await.code, Some(1));
    site.json(&format!("client listen client --at {address}")).await;
    site.json("activate kek").await;
    site.json(&format!("client put client {id}")).await;
    let mut listener = Listening::accept(&tcp, &tls, V1_4).await;
    for _ in 0..2 {
        assert!(matches!(listener.hear().await, RequestPayload::Query(_)), "operations and profiles");
        listener.answer(Operation::Query, false).await;
    }
    let RequestPayload::Notify(notify) = listener.hear().await else { panic!("no Notify") };
    assert_eq!(notify.unique_identifier.as_text(), Some(id.as_str()));
    // It hangs up before it answers: the server calls again, and brings the same.
    drop(listener);
    let mut listener = Listening::accept(&tcp, &tls, V1_4).await;
    for operation in [Operation::Query, Operation::Query, Operation::Notify] {
        listener.hear().await;
        listener.answer(operation, operation == Operation::Notify).await;
    }
    let RequestPayload::Put(put) = listener.hear().await else { panic!("no Put") };
    assert_eq!(put.unique_identifier.as_text(), Some(id.as_str()));
    listener.answer(Operation::Put, true).await;
    site.server.stop().await.unwrap();
}

/// A listener must be the client's, and one that is dead holds up neither others nor what is done meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_is_not_the_clients_hears_nothing() {
    let site = Site::start().await;
    for name in ["other", "dead"] {
        site.json(&format!("client enroll {name} --scope client --out kmip-data/pki")).await;
    }
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    site.json("register key aes --hex 000102030405060708090a0b0c0d0e0f --name kek").await;
    // Nobody is at port 9 of this host.
    site.json("client listen dead --at 127.0.0.1:9").await;
    site.json(&format!("client listen client --at {address}")).await;
    site.json("activate kek").await;
    let called = tcp.accept().await.unwrap().0;
    let impostor = tokio_rustls::TlsAcceptor::from(listener_tls(&site, "other"));
    let heard = impostor.accept(called).await;
    if let Ok(mut stream) = heard {
        use tokio::io::AsyncReadExt;
        let mut byte = [0];
        assert_eq!(stream.read(&mut byte).await.unwrap_or(0), 0, "nothing is told to another one");
    }
    // By an authority that is trusted for its host, a certificate of a server will do.
    let authority = site.path("kmip-data/pki/ca.pem");
    site.json(&format!("client listen client --at {address} --speaks 1.0 --listener-ca {}", authority.display())).await;
    let mut listener = Listening::accept(&tcp, &listener_tls(&site, "server"), V1_0).await;
    assert!(matches!(listener.hear().await, RequestPayload::Notify(_)), "servers of 1.0 ask nothing");
    listener.answer(Operation::Notify, true).await;
    site.server.stop().await.unwrap();
}

/// KMIP 2.1 §6.2.5: a client that hears nothing for long gets its role back, and goes on as a client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_hears_nothing_for_long_gets_its_role_back() {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::open_or_create_dev(&folder.path().join("kmip-data")).unwrap();
    let mut config = config();
    config.kmip.limits.exchanged_idle_timeout_s = 1;
    service::create_missing(&data, &config).unwrap();
    let site = Site { server: serve(data, config).await, folder };
    site.json("client listen client").await;
    let mut client = Listening::begin(&site).await;
    assert!(matches!(client.hear().await, RequestPayload::SetEndpointRole(_)));
    client.answer_role().await;
    // Now it asks, and the server answers.
    assert!(client.exchange_roles().await);
    for operation in [Operation::DiscoverVersions, Operation::Query, Operation::Query] {
        client.hear().await;
        client.answer(operation, false).await;
    }
    // One that does not take it is left.
    client.hear().await;
    client.answer(Operation::SetEndpointRole, false).await;
    assert!(client.is_left().await);
    site.server.stop().await.unwrap();
}

/// A client by its files.
struct Shows {
    tls: std::sync::Arc<rustls::ClientConfig>,
}

impl Shows {
    fn new(site: &Site, certificate: &str, key: &str) -> Self {
        let path = |name: &str| site.path("kmip-data/pki").join(name);
        let tls = kmip_client::tls::client_config(&path("ca.pem"), &path(certificate), &path(key)).unwrap();
        Self { tls: std::sync::Arc::new(tls) }
    }

    /// A connection, which the server may not take.
    async fn connect(&self, site: &Site) -> std::io::Result<Listening> {
        let tcp = tokio::net::TcpStream::connect(site.server.bound.kmip.unwrap()).await?;
        let name = kmip_client::tls::server_name("localhost").unwrap();
        Ok(Listening(tokio_rustls::TlsConnector::from(self.tls.clone()).connect(name, tcp).await?.into(), V2_1))
    }

    /// The answers to one request of several items; none if the server does not take the connection.
    async fn ask(&self, site: &Site, items: Vec<(Operation, RequestPayload)>) -> Option<Vec<ResponseBatchItem>> {
        let mut connection = self.connect(site).await.ok()?;
        connection.ask(items).await
    }
}

impl Listening {
    async fn ask(&mut self, items: Vec<(Operation, RequestPayload)>) -> Option<Vec<ResponseBatchItem>> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1);
        self.0.write_all(&request).await.ok()?;
        let mut bytes = vec![0; 8];
        self.0.read_exact(&mut bytes).await.ok()?;
        bytes.resize(8 + u32::from_be_bytes(bytes[4..8].try_into().unwrap()) as usize, 0);
        self.0.read_exact(&mut bytes[8..]).await.ok()?;
        Some(decode_response(&bytes, &Limits::DEFAULT, Strictness::Strict).unwrap().batch_item)
    }
}

fn reprovision(certificate: Option<Vec<u8>>) -> (Operation, RequestPayload) {
    let value = |der: Vec<u8>| Certificate {
        certificate_type: CertificateType::X_509,
        certificate_value: ByteString::new(&der),
    };
    let request = ReProvisionRequest { certificate_request: None, certificate: certificate.map(value) };
    (Operation::ReProvision, RequestPayload::ReProvision(Box::new(request)))
}

fn get(key_format_type: Option<KeyFormatType>) -> (Operation, RequestPayload) {
    let request = GetRequest {
        unique_identifier: None,
        key_format_type,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    (Operation::Get, RequestPayload::Get(Box::new(request)))
}

fn locate(object_type: ObjectType) -> (Operation, RequestPayload) {
    let attributes = Some([Attribute::ObjectType(object_type)].into_iter().collect());
    let request = LocateRequest {
        maximum_items: Some(1),
        offset_items: None,
        storage_status_mask: None,
        object_class_mask: None,
        object_group_member: None,
        attributes,
    };
    (Operation::Locate, RequestPayload::Locate(Box::new(request)))
}

fn compromised(unique_identifier: Option<UniqueIdentifier>) -> (Operation, RequestPayload) {
    let reason =
        RevocationReason { revocation_reason_code: RevocationReasonCode::KeyCompromise, revocation_message: None };
    let request =
        RevokeRequest { unique_identifier, revocation_reason: Some(reason), compromise_occurrence_date: None };
    (Operation::Revoke, RequestPayload::Revoke(Box::new(request)))
}

fn got(item: &ResponseBatchItem) -> &ManagedObject {
    match &item.response_payload {
        Some(ResponsePayload::Get(answer)) => &answer.object,
        other => panic!("no object: {other:?} {:?}", item.result_message),
    }
}

fn failed(item: &ResponseBatchItem) -> ResultReason {
    item.result_reason.unwrap_or_else(|| panic!("{item:?}"))
}

/// KMIP 2.1 §6.1.48: the certificate that a client has shown is worth nothing once it has another one, which may be one that the
/// server has made, or its own, whoever signed it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_gets_another_certificate_and_is_known_by_it_alone() {
    let site = Site::start().await;
    site.json("client enroll array --out kmip-data/pki").await;
    let first = Shows::new(&site, "array.pem", "array.key");
    let mut open = first.connect(&site).await.unwrap();
    assert!(open.ask(vec![locate(ObjectType::Certificate)]).await.is_some());
    let items = vec![reprovision(None), get(Some(KeyFormatType::PKCS_8)), locate(ObjectType::Certificate), get(None)];
    let answers = first.ask(&site, items).await.unwrap();
    let ManagedObject::PrivateKey(key) = got(&answers[1]) else { panic!("no private key") };
    let Some(KeyValue::Plain(value)) = &key.key_block.key_value else { panic!("no value") };
    let KeyMaterial::Bytes(key) = &value.key_material else { panic!("no bytes") };
    let ManagedObject::Certificate(made) = got(&answers[3]) else { panic!("no certificate") };
    let write = |name: &str, label: &str, der: &[u8]| {
        let text = der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap();
        std::fs::write(site.path("kmip-data/pki").join(name), text).unwrap();
    };
    write("second.pem", "CERTIFICATE", made.certificate_value.as_slice());
    write("second.key", "PRIVATE KEY", key.expose_secret());
    // The old one: not on the connection that it has opened, and not on a new one.
    let refused = open.ask(vec![locate(ObjectType::Certificate)]).await.unwrap();
    assert_eq!(failed(&refused[0]), ResultReason::AuthenticationNotSuccessful);
    assert!(first.ask(&site, vec![locate(ObjectType::Certificate)]).await.is_none());
    // The new one finds what belongs to the client, even after a restart.
    let site = site.restarted().await;
    let second = Shows::new(&site, "second.pem", "second.key");
    let answers = second.ask(&site, vec![locate(ObjectType::PrivateKey)]).await.unwrap();
    let Some(ResponsePayload::Locate(found)) = &answers[0].response_payload else { panic!("{answers:?}") };
    assert_eq!(found.unique_identifier.len(), 1);
    // One of an authority that nobody trusts, if it is not another client's.
    let authority = certs::Authority::create(certs::profiles::Kind::ClientAuthority, "of our own").unwrap();
    let issue = |name: &str| authority.issue_client(name, certs::KeyKind::EcP256).unwrap();
    let der = |pem: &str| certs::authority::pem_contents(pem.as_bytes(), "certificate").unwrap();
    let (others, own) = (issue("client"), issue("array"));
    let answers = second.ask(&site, vec![reprovision(Some(der(&others.certificate)))]).await.unwrap();
    assert_eq!(failed(&answers[0]), ResultReason::PermissionDenied);
    let twice = vec![reprovision(Some(der(&own.certificate))), reprovision(None)];
    let answers = second.ask(&site, twice).await.unwrap();
    assert_eq!(failed(&answers[1]), ResultReason::PermissionDenied);
    let Some(ResponsePayload::ReProvision(third_object)) = &answers[0].response_payload else { panic!("{answers:?}") };
    assert!(second.ask(&site, vec![locate(ObjectType::PrivateKey)]).await.is_none());
    own.write(&site.path("kmip-data/pki/third.pem"), &site.path("kmip-data/pki/third.key")).unwrap();
    let third = Shows::new(&site, "third.pem", "third.key");
    assert!(third.ask(&site, vec![locate(ObjectType::PrivateKey)]).await.is_some());
    // A certificate that was replaced does not come back.
    let answers = third.ask(&site, vec![reprovision(Some(made.certificate_value.as_slice().to_vec()))]).await.unwrap();
    assert_eq!(failed(&answers[0]), ResultReason::PermissionDenied);
    // One that is revoked stands for nobody, in whatever request that is.
    let mut open = third.connect(&site).await.unwrap();
    let answers = open.ask(vec![compromised(third_object.unique_identifier.clone())]).await.unwrap();
    assert_eq!(answers[0].result_status, ResultStatus::Success, "{:?}", answers[0].result_message);
    let refused = open.ask(vec![locate(ObjectType::Certificate)]).await.unwrap();
    assert_eq!(failed(&refused[0]), ResultReason::AuthenticationNotSuccessful);
    assert!(third.ask(&site, vec![locate(ObjectType::PrivateKey)]).await.is_none());
    site.json("client enroll tape --out kmip-data/pki").await;
    let tape = Shows::new(&site, "tape.pem", "tape.key");
    let own = issue("tape");
    own.write(&site.path("kmip-data/pki/fourth.pem"), &site.path("kmip-data/pki/fourth.key")).unwrap();
    let both = vec![reprovision(Some(der(&own.certificate))), compromised(None)];
    let answers = tape.ask(&site, both).await.unwrap();
    assert_eq!(answers[1].result_status, ResultStatus::Success, "{:?}", answers[1].result_message);
    let fourth = Shows::new(&site, "fourth.pem", "fourth.key");
    assert!(fourth.ask(&site, vec![locate(ObjectType::PrivateKey)]).await.is_none());
    site.server.stop().await.unwrap();
}

/// KMIP 2.1 §11.10, Client Registered: a client brings the certificate that it has made, and is known by it alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_registered_with_a_certificate_of_its_own() {
    let site = Site::start().await;
    let authority = certs::Authority::create(certs::profiles::Kind::ClientAuthority, "of our own").unwrap();
    let path = |name: &str| site.path("kmip-data/pki").join(name);
    for name in ["own", "other"] {
        let issued = authority.issue_client("somebody", certs::KeyKind::EcP256).unwrap();
        issued.write(&path(&format!("{name}.pem")), &path(&format!("{name}.key"))).unwrap();
    }
    let own = Shows::new(&site, "own.pem", "own.key");
    assert!(own.ask(&site, vec![locate(ObjectType::PrivateKey)]).await.is_none(), "nobody trusts its authority");
    let file = path("own.pem");
    site.json(&format!("client enroll array --scope client --certificate {}", file.display())).await;
    site.json("create aes --length 256 --name disk-7").await;
    let answers = own.ask(&site, vec![locate(ObjectType::SymmetricKey)]).await.unwrap();
    let Some(ResponsePayload::Locate(found)) = &answers[0].response_payload else { panic!("{answers:?}") };
    assert_eq!(found.unique_identifier.len(), 1, "it acts in the scope that it was given");
    let other = Shows::new(&site, "other.pem", "other.key");
    assert!(other.ask(&site, vec![locate(ObjectType::PrivateKey)]).await.is_none(), "its certificate alone");
    let again = site.run(&format!("client enroll second --certificate {}", file.display())).await;
    assert_eq!(again.code, Some(1), "{}", again.stderr);
    let no_certificate = site.run(&format!("client enroll second --certificate {}", path("own.key").display())).await;
    assert_eq!(no_certificate.code, Some(1), "{}", no_certificate.stderr);
    site.server.stop().await.unwrap();
}

/// KMIP 2.1 §11.10, Server Pre-Generated, Server On-Demand and Client Generated: what is issued comes in PKCS #12 under
/// HEX(SHA256(Username || Password)), and Query names the ways.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_are_registered_in_pkcs_12() {
    use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
    let site = Site::start().await;
    // SHA-256 of "abc", FIPS 180-4.
    let word = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    std::fs::write(site.path("password"), "bc\n").unwrap();
    let line =
        |what: &str| format!("client enroll {what} --pkcs12-user a --password-file password --out kmip-data/pki");
    let read = |name: &str, file: &str| {
        let bytes = std::fs::read(site.path(file)).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(site.path(file)).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600, "{name}");
        assert!(KeyStore::from_pkcs12(&bytes, "bc", Pkcs12ImportPolicy::Strict).is_err(), "{name}");
        KeyStore::from_pkcs12(&bytes, word, Pkcs12ImportPolicy::Strict).unwrap()
    };
    let pem = |what: &str, der: &[u8]| {
        let text = data_encoding::BASE64.encode(der);
        format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n")
    };
    let write = |name: &str, key: &[u8], certificate: &[u8]| {
        std::fs::write(site.path("kmip-data/pki").join(format!("{name}.pem")), pem("CERTIFICATE", certificate))
            .unwrap();
        std::fs::write(site.path("kmip-data/pki").join(format!("{name}.key")), pem("PRIVATE KEY", key)).unwrap();
    };

    site.json("client prepare early --key-kind rsa2048").await;
    let prepared = std::fs::read_to_string(site.path("kmip-data/pki/prepared/early.pem")).unwrap();
    assert_eq!(site.run("client prepare early").await.code, Some(1), "prepared already");
    assert_eq!(site.run("client prepare ../early").await.code, Some(1), "no name");
    for name in ["early", "demand"] {
        let enrolled = site.json(&line(name)).await;
        let store = read(name, text(&enrolled, "pkcs12"));
        let (_, chain) = store.private_key_chain().unwrap();
        write(name, chain.key().as_der(), chain.certs()[0].as_der());
        assert_eq!(chain.certs().len(), 2, "{name}");
        let is_prepared =
            chain.certs()[0].as_der() == certs::authority::pem_contents(prepared.as_bytes(), "it").unwrap();
        assert_eq!(is_prepared, name == "early");
        assert_eq!(site.run(&line(name)).await.code, Some(2), "the file exists");
    }
    let left: Vec<_> = std::fs::read_dir(site.path("kmip-data/pki/prepared")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");

    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::default().serialize_request(&key).unwrap();
    std::fs::write(site.path("request.pem"), request.pem().unwrap()).unwrap();
    let enrolled = site.json(&line("generated --request request.pem")).await;
    let store = read("generated", text(&enrolled, "pkcs12"));
    assert!(store.private_key_chain().is_none());
    let Some(KeyStoreEntry::Certificate(own)) = store.entry("generated") else { panic!("no certificate") };
    write("generated", &key.serialize_der(), own.as_der());
    // The same without PKCS #12.
    let plain = site.json("client enroll plain --request request.pem --out kmip-data/pki").await;
    assert!(text(&plain, "cert").ends_with("plain.pem") && plain.get("key").is_none(), "{plain}");

    for name in ["early", "demand", "generated"] {
        let own = Shows::new(&site, &format!("{name}.pem"), &format!("{name}.key"));
        assert!(own.ask(&site, vec![locate(ObjectType::SymmetricKey)]).await.is_some(), "{name}");
    }
    std::fs::write(site.path("nonsense.pem"), "nonsense").unwrap();
    for refused in ["other --request nonsense.pem", "early", "other --request request.pem --key-kind p256"] {
        assert_ne!(site.run(&format!("client enroll {refused} --out elsewhere")).await.code, Some(0), "{refused}");
    }
    site.server.stop().await.unwrap();
}
