//! The real binary: readiness line, files, signals, exit codes.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_kmip-server");

struct Process {
    child: Child,
    ready: String,
}

impl Process {
    /// Starts `serve` with free ports and waits for the readiness line.
    fn serve(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(BINARY);
        command.arg("serve").arg("--data-dir").arg(folder).args(arguments);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        if ready.is_empty() {
            panic!("not ready: {}", text(&mut child));
        }
        Self { child, ready }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + Duration::from_secs(15);
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server did not end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn text(child: &mut Child) -> String {
    let mut text = String::new();
    child.stderr.as_mut().unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Exit code and stderr of a command that ends by itself.
fn run(arguments: &[&str]) -> (i32, String) {
    let output = Command::new(BINARY).args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn dev_makes_everything_is_ready_with_one_line_and_stops_cleanly() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Process::serve(folder.path(), &["--dev"]);
        let fields: Vec<&str> = server.ready.trim_end().split(' ').collect();
        assert_eq!(fields.len(), 5, "{}", server.ready);
        let port = |field: &str, name: &str| -> u16 {
            let address: std::net::SocketAddr = field.strip_prefix(name).unwrap().parse().unwrap();
            assert!(address.ip().is_loopback());
            address.port()
        };
        assert_eq!(fields[0], "ready");
        assert_ne!(port(fields[1], "kmip="), 0);
        assert_eq!(fields[2], "https=-");
        assert_ne!(port(fields[3], "admin="), 0);
        assert_eq!(fields[4], format!("version={}", env!("CARGO_PKG_VERSION")));
        for file in ["ca.pem", "server.pem", "server.key", "client.pem", "client.key", "admin.pem", "admin.key"] {
            assert!(folder.path().join("pki").join(file).is_file(), "{file}");
        }
        let profile = std::fs::read_to_string(folder.path().join("kmip-cli.toml")).unwrap();
        assert!(profile.contains(&format!("server = \"{}\"", fields[1].trim_start_matches("kmip="))), "{profile}");
        server.signal(signal);
        assert_eq!(server.wait().code(), Some(0));
        let mut rest = String::new();
        server.child.stdout.as_mut().unwrap().read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "stdout holds the readiness line alone");
        let told = text(&mut server.child);
        assert!(told.contains("create aes") && told.contains(" get ") && told.contains("certificates"), "{told}");
    }
}

#[test]
fn a_hang_up_reloads_and_the_server_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::serve(folder.path(), &["--dev"]);
    server.signal("HUP");
    let stderr = BufReader::new(server.child.stderr.take().unwrap());
    let reloaded = stderr.lines().any(|line| line.unwrap().contains("reloaded"));
    assert!(reloaded);
    assert_eq!(server.child.try_wait().unwrap(), None);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn init_makes_a_directory_that_serves_and_is_not_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let shown = path.to_str().unwrap();
    let bare = folder.path().join("bare");
    let (code, told) = run(&["init", "--data-dir", bare.to_str().unwrap()]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("passphrase_file"), "{told}");
    assert!(!bare.exists(), "a refused init leaves nothing behind");

    let passphrase = folder.path().join("passphrase");
    std::fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    let config = folder.path().join("kmip.toml");
    std::fs::write(&config, format!("[vault]\npassphrase_file = {passphrase:?}\n")).unwrap();
    let config = config.to_str().unwrap();
    let (code, told) = run(&["init", "--data-dir", shown, "--config", config, "--name", "kms.example.org"]);
    assert_eq!(code, 0, "{told}");
    let start = format!("kmip-server serve --data-dir {shown} --config {config}`");
    assert!(told.contains(&start), "{told}");
    assert!(!path.join("pki/client.pem").exists());
    let (code, told) = run(&["init", "--data-dir", shown, "--config", config]);
    assert_eq!(code, 1);
    assert!(told.contains("is a data directory already") && told.contains(&start), "{told}");
    let (code, told) = run(&["serve", "--dev", "--data-dir", shown, "--config", config]);
    assert_eq!((code, told.lines().count()), (1, 1), "{told}");
    assert!(told.contains("leave --dev out") && !path.join("pki/client.pem").exists(), "{told}");
    let mut server = Process::serve(&path, &["--config", config]);
    let (code, told) = run(&["check", "--data-dir", shown, "--config", config]);
    assert_eq!(code, 1);
    assert!(told.contains("another process uses"), "{told}");
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let (code, told) = run(&["check", "--data-dir", shown, "--config", config]);
    assert_eq!(code, 0, "{told}");
}

/// A configuration with a file for the passphrase, and more lines.
fn configured(folder: &Path, more: &str) -> String {
    let passphrase = folder.join("passphrase");
    std::fs::write(&passphrase, "correct horse battery staple\n").unwrap();
    std::fs::set_permissions(&passphrase, std::fs::Permissions::from_mode(0o600)).unwrap();
    let config = folder.join("kmip.toml");
    std::fs::write(&config, format!("[vault]\npassphrase_file = {passphrase:?}\n{more}")).unwrap();
    config.to_str().unwrap().to_owned()
}

#[test]
fn an_init_that_failed_is_repeated_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let shown = path.to_str().unwrap();
    let blocked = folder.path().join("blocked");
    std::fs::write(&blocked, "no folder").unwrap();
    let config = configured(folder.path(), &format!("[store]\npath = {blocked:?}\n"));
    let init = ["init", "--data-dir", shown, "--config", &config, "--name", "kms.example.org"];
    let (code, told) = run(&init);
    assert_eq!(code, 1, "{told}");
    let keystore = || std::fs::read(path.join("keystore/store.json")).unwrap();
    let made = keystore();
    let (code, told) = run(&["serve", "--data-dir", shown, "--config", &config]);
    assert!(code == 1 && told.contains("repeat `kmip-server init"), "{told}");
    std::fs::remove_file(&blocked).unwrap();
    let (code, told) = run(&init);
    assert!(code == 0 && told.contains("goes on"), "{told}");
    assert_eq!(keystore(), made);

    // As after a kill before the last step.
    std::fs::write(path.join("made-by"), "kmip-server init, which has not come to its end\n").unwrap();
    std::fs::remove_file(path.join("pki/server.pem")).unwrap();
    let (code, told) = run(&init);
    assert_eq!(code, 0, "{told}");
    assert_eq!(keystore(), made);
    let mut server = Process::serve(&path, &["--config", &config]);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));

    let second = folder.path().join("second");
    let (code, told) = run(&["init", "--data-dir", second.to_str().unwrap(), "--config", &config]);
    assert!(code == 1 && told.contains("[store] path"), "{told}");
    assert!(!second.exists());
}

/// A directory that can only be read is checked as it is: nothing in it can change.
#[test]
fn a_directory_on_a_read_only_file_system_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut server = Process::serve(&path, &["--dev"]);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let check = ["check", "--data-dir", path.to_str().unwrap()];
    assert_eq!(run(&check).0, 0);
    // Mounted so for one process and what it starts, which needs the rights of root.
    let read_only = |command: &[&str]| {
        let mount = r#"mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@""#;
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "sh", "-c", mount]).arg(&path).args(command);
        unshare.output().map(|output| (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
    };
    match read_only(&["true"]) {
        Ok((Some(0), _)) => {}
        cannot => return println!("SKIP check of a read-only directory: it cannot be mounted so ({cannot:?})"),
    }
    let (code, told) = read_only(&["sh", "-c", "touch \"$0/probe\"", path.to_str().unwrap()]).unwrap();
    assert!(code != Some(0) && told.contains("Read-only"), "{told}");
    let (code, told) = read_only(&[&[BINARY][..], &check].concat()).unwrap();
    assert_eq!(code, Some(0), "{told}");
    // What is missing is told there, too.
    std::fs::remove_dir_all(path.join("store")).unwrap();
    let (code, told) = read_only(&[&[BINARY][..], &check].concat()).unwrap();
    assert_eq!(code, Some(1), "{told}");
}

#[test]
fn the_profile_of_init_says_where_clients_reach_the_server() {
    let cases = [
        ("0.0.0.0:5696", &["kms.example.org"][..], "server = \"kms.example.org:5696\""),
        ("[::]:5696", &["*.example.org", "fd00::1"], "server = \"[fd00::1]:5696\""),
        ("[::]:5696", &[], "server = \"localhost:5696\""),
        ("192.0.2.1:5696", &["kms.example.org"], "server = \"192.0.2.1:5696\""),
        ("127.0.0.1:0", &[], "# server = \"HOST:PORT\""),
        ("-", &[], "# server = \"HOST:PORT\""),
    ];
    for (listen, names, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        let config = configured(folder.path(), &format!("[listen]\nkmip = '{listen}'\nadmin = '-'\n"));
        let path = folder.path().join("data");
        let mut arguments = vec!["init", "--data-dir", path.to_str().unwrap(), "--config", &config];
        names.iter().for_each(|name| arguments.extend(["--name", name]));
        let (code, told) = run(&arguments);
        assert_eq!(code, 0, "{told}");
        let profile = std::fs::read_to_string(path.join("kmip-cli.toml")).unwrap();
        assert!(profile.lines().any(|line| line == expected) && !profile.contains("admin ="), "{profile}");
    }
}

#[test]
fn what_is_open_to_others_is_told_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let config = configured(folder.path(), "");
    let (code, told) = run(&["init", "--data-dir", path.to_str().unwrap(), "--config", &config]);
    assert!(code == 0 && !told.contains("chmod"), "{told}");
    let open = [folder.path().join("passphrase"), path.join("pki/server.key"), path.clone(), path.join("audit")];
    for (file, mode) in open.iter().zip([0o644, 0o604, 0o755, 0o755]) {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let mut server = Process::serve(&path, &["--config", &config]);
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let told = text(&mut server.child);
    for (file, mode) in open.iter().zip([600, 600, 700, 700]) {
        let warning = format!("chmod {mode} {}", file.display());
        assert!(told.lines().any(|line| line.contains("WARN") && line.ends_with(&warning)), "{warning}: {told}");
    }
}

/// Runs a command line at a terminal of its own, types the lines, gives the exit code and what the terminal showed.
fn at_a_terminal(command: &str, typed: &[&str]) -> (i32, String) {
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", command, "/dev/null"]);
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script of util-linux");
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut shown = Vec::new();
    for line in typed {
        let before = shown.len();
        while shown.len() == before || !shown.ends_with(b": ") {
            let mut byte = [0];
            assert_eq!(output.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
            shown.push(byte[0]);
        }
        // The question is asked a moment before the terminal stops echoing.
        std::thread::sleep(Duration::from_millis(500));
        writeln!(input, "{line}").unwrap();
    }
    output.read_to_end(&mut shown).unwrap();
    (child.wait().unwrap().code().unwrap(), String::from_utf8_lossy(&shown).into_owned())
}

#[test]
fn a_passphrase_is_typed_at_a_terminal_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let command = |name: &str| format!("{} {name} --data-dir {}", env!("CARGO_BIN_EXE_kmip-server"), path.display());
    let (code, told) = at_a_terminal(&command("init"), &["correct horse", "battery staple"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("the two passphrases differ") && !path.exists(), "{told}");
    let (code, told) = at_a_terminal(&command("init"), &["correct horse", "correct horse"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("serve --data-dir") && !told.contains("horse"), "{told}");
    let (code, told) = at_a_terminal(&command("check"), &["wrong horse"]);
    assert_eq!(code, 1, "{told}");
    assert!(told.contains("passphrase does not open"), "{told}");
    let (code, told) = at_a_terminal(&command("check"), &["correct horse"]);
    assert_eq!(code, 0, "{told}");
}

#[test]
fn failures_exit_1_with_one_line_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let (code, told) = run(&["serve", "--data-dir", missing.to_str().unwrap()]);
    assert_eq!((code, told.lines().count()), (1, 1), "{told}");
    assert!(told.contains("kmip-server init"), "{told}");

    let config = folder.path().join("kmip.toml");
    std::fs::write(&config, "[kmip]\nintrop = true\n").unwrap();
    let (code, told) = run(&["serve", "--dev", "--config", config.to_str().unwrap()]);
    assert_eq!((code, told.lines().count()), (1, 1), "{told}");
    assert!(told.contains("did you mean `interop`?") && told.contains("kmip.toml"), "{told}");

    for name in ["ca.pem", "client.key"] {
        let data = folder.path().join(name);
        let dev = ["serve", "--dev", "--data-dir", data.to_str().unwrap(), "--listen", "-", "--log", "off"];
        let mut server = Process::serve(&data, &["--dev"]);
        server.signal("TERM");
        assert_eq!(server.wait().code(), Some(0));
        std::fs::write(data.join("pki").join(name), "").unwrap();
        let (code, told) = run(&dev);
        assert_eq!((code, told.lines().count()), (1, 1), "{told}");
        assert!(told.contains(&format!("pki/{name} holds no")) && told.contains("from a copy"), "{told}");
    }

    let (code, told) = run(&["serve", "--dev", "--log", "inof", "--data-dir", missing.to_str().unwrap()]);
    assert_eq!((code, told.lines().count()), (1, 1), "{told}");
    assert!(told.contains("\"inof\" is no level") && !missing.exists(), "{told}");

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let data = folder.path().join("data");
    let (code, told) = run(&["serve", "--dev", "--data-dir", data.to_str().unwrap(), "--listen", &address]);
    assert_eq!(code, 1, "{told}");
    assert!(told.lines().last().unwrap().contains("--listen"), "{told}");
}

#[test]
fn bad_usage_exits_2() {
    for arguments in [&["serve", "--nothing"][..], &["serve", "--listen", "here"], &["fly"], &[], &["init"]] {
        assert_eq!(run(arguments).0, 2, "{arguments:?}");
    }
    assert_eq!(run(&["init", "--data-dir", "x", "--name", "two words"]).0, 2);
    let (code, told) = run(&["serve", "--dev", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, 2, "{told}");
    assert!(told.contains("loopback"), "{told}");
    assert_eq!(run(&["--help"]).0, 0);
}

#[test]
fn commands_for_a_listener_that_is_off_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(BINARY);
    command.args(["serve", "--dev", "--listen", "-", "--admin-listen", "127.0.0.1:0", "--data-dir"]).arg(folder.path());
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut server = Process { child, ready: String::new() };
    BufReader::new(server.child.stdout.as_mut().unwrap()).read_line(&mut server.ready).unwrap();
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
    let told = text(&mut server.child);
    assert!(!told.contains("create aes") && told.contains("certificates:"), "{told}");
    let profile = std::fs::read_to_string(folder.path().join("kmip-cli.toml")).unwrap();
    assert!(profile.contains("# server =") && profile.contains("admin = \"127.0.0.1:"), "{profile}");
}

#[test]
fn flags_win_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("kmip.toml");
    std::fs::write(&config, "data_dir = 'elsewhere'\n[listen]\nkmip = '127.0.0.1:1'\nadmin = '127.0.0.1:1'\n").unwrap();
    let data = folder.path().join("data");
    let mut server = Process::serve(&data, &["--dev", "--config", config.to_str().unwrap()]);
    assert!(!server.ready.contains(":1 "), "{}", server.ready);
    assert!(data.join("pki").is_dir() && !folder.path().join("elsewhere").exists());
    server.signal("TERM");
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn an_idle_connection_costs_less_than_40_kib() {
    const CONNECTIONS: u64 = 400;
    let folder = tempfile::tempdir().unwrap();
    let server = Process::serve(folder.path(), &["--dev"]);
    let address = server.ready.split(' ').nth(1).unwrap().trim_start_matches("kmip=").parse().unwrap();
    let pki = |name: &str| folder.path().join("pki").join(name);
    let identity = Some((pki("client.pem"), pki("client.key")));
    let config = support::client_config(&pki("ca.pem"), identity, rustls::ALL_VERSIONS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut open = Vec::new();
        // The first connections warm the process up: code pages, allocator arenas, tickets.
        for _ in 0..50 {
            open.push(support::connect(address, config.clone()).await.unwrap());
        }
        let before = server.resident_kib();
        for _ in 0..CONNECTIONS {
            open.push(support::connect(address, config.clone()).await.unwrap());
        }
        let each = server.resident_kib().saturating_sub(before) / CONNECTIONS;
        assert!(each < 40, "{each} KiB for each idle connection");
        drop(open);
    });
}
