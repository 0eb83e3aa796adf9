//! Changes over the admin API: noted whatever becomes of their connection, and refused where they would make what proves nothing.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use support::*;
use tokio::io::AsyncWriteExt;

/// Waits until something is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !is_so().await {
        assert!(since.elapsed() < PATIENCE, "it does not come about");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Whoever hangs up does not keep what he has begun out of the audit log.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_noted_though_its_administrator_hangs_up() {
    let running = Running::start().await;
    let ((begun, begins), (release, released)) = (channel(), channel());
    *running.echo.held.lock().unwrap() = Some((begun, released));
    let config = client_config(&running.pki("ca.pem"), Some(running.identity("admin")), rustls::ALL_VERSIONS);
    let mut stream = connect(running.server.bound.admin.unwrap(), config).await.unwrap();
    let body = r#"{"name":"alice","password":"s3cret"}"#;
    let head = format!("POST /api/v1/users HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.unwrap();
    stream.flush().await.unwrap();
    tokio::task::spawn_blocking(move || begins.recv_timeout(PATIENCE)).await.unwrap().expect("the change has begun");
    drop(stream);
    // The one that asks is open, and no other.
    until(async || running.metric("kmip_connections_open{listener=\"admin\"} 1").await).await;
    assert!(running.echo.acts.lock().unwrap().is_empty(), "it is not done yet");
    release.send(()).unwrap();
    until(async || !running.echo.acts.lock().unwrap().is_empty()).await;
    let (administrator, act) = running.echo.acts.lock().unwrap().pop().unwrap();
    assert_eq!((administrator.as_str(), act.operation, act.object.as_deref()), ("admin", "Add User", Some("alice")));
    assert!(act.is_done);
    assert_eq!(running.echo.users.lock().unwrap().len(), 1);
}

/// The real server in a process of its own.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What is empty proves nothing: it is left out, or said.
#[tokio::test(flavor = "multi_thread")]
async fn empty_passwords_and_fields_of_devices_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_kmip-server"));
    command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log", "off"]);
    command.arg("--data-dir").arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = Process(command.spawn().unwrap());
    let mut ready = String::new();
    BufReader::new(server.0.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
    let admin = ready.split(' ').find_map(|field| field.strip_prefix("admin=")).expect("an address").parse().unwrap();
    let pki = |name: &str| folder.path().join("pki").join(name);
    let post = async |path: &str, body: &str| {
        let identity = Some((pki("admin.pem"), pki("admin.key")));
        let config = client_config(&pki("ca.pem"), identity, rustls::ALL_VERSIONS);
        let answer = http(admin, config, "POST", path, "application/json", body.as_bytes()).await.unwrap();
        (answer.0, String::from_utf8(answer.1).unwrap())
    };
    for (path, body) in [
        ("/api/v1/users", r#"{"name":"alice","password":""}"#),
        ("/api/v1/users", r#"{"name":"alice","password":"","one_time":{}}"#),
        ("/api/v1/users", r#"{"name":"alice"}"#),
        ("/api/v1/devices", r#"{"name":"disk","serial_number":"SN","password":""}"#),
        ("/api/v1/devices", r#"{"name":"disk","serial_number":""}"#),
        ("/api/v1/devices", r#"{"name":"disk","serial_number":"SN","media_identifier":""}"#),
        ("/api/v1/devices", r#"{"name":"disk"}"#),
    ] {
        let (status, answer) = post(path, body).await;
        assert_eq!(status, 400, "{body}: {answer}");
    }
    // None of it has left a trace.
    assert_eq!(post("/api/v1/users", r#"{"name":"alice","one_time":{}}"#).await.0, 201);
    assert_eq!(post("/api/v1/devices", r#"{"name":"disk","serial_number":"SN"}"#).await.0, 201);
}
