//! The admin API: who may use it, what it changes, what it refuses.

mod support;

use certs::{Authority, KeyKind};
use support::*;

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_metrics_answer() {
    let running = Running::start().await;
    assert_eq!(running.admin("GET", "/healthz", "", "admin").await.unwrap(), (200, "ok\n".into()));
    assert_eq!(running.admin("GET", "/readyz", "", "admin").await.unwrap(), (200, "ready\n".into()));
    let mut stream = running.connect().await;
    exchange(&mut stream, &message(NOW, 8)).await.unwrap();
    assert!(running.metric("kmip_connections_open{listener=\"kmip\"} 1").await);
    assert!(running.metric("kmip_received_bytes_total 16").await);
    assert_eq!(running.admin("GET", "/nothing", "", "admin").await.unwrap().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn kmip_clients_and_unmarked_certificates_are_refused() {
    let running = Running::start().await;
    assert!(running.admin("GET", "/healthz", "", "client").await.is_err());
    // From the administrators' CA, but without the mark: what an intermediate of one common root could be.
    let admins = Authority::read(&running.pki("admin-ca.pem"), &running.pki("admin-ca.key")).unwrap();
    let files = running.identity("unmarked");
    admins.issue_client("unmarked", KeyKind::EcP256).unwrap().write(&files.0, &files.1).unwrap();
    assert!(running.admin("GET", "/healthz", "", "unmarked").await.is_err());
    // Marked, but from the CA of the clients.
    let clients = Authority::read(&running.pki("ca.pem"), &running.pki("ca.key")).unwrap();
    let files = running.identity("forged");
    clients.issue_administrator("forged").unwrap().write(&files.0, &files.1).unwrap();
    assert!(running.admin("GET", "/healthz", "", "forged").await.is_err());
    assert!(running.metric("kmip_handshake_failures_total{reason=\"not_an_administrator\"} 1").await);
    assert!(running.metric("kmip_handshake_failures_total{reason=\"unknown_ca\"} 2").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolled_client_is_usable_at_once() {
    let running = Running::start().await;
    for (name, key) in [("disk-7", ""), ("old-array", r#","key":"rsa2048""#)] {
        let body = format!(r#"{{"name":"{name}","scope":"array-1"{key}}}"#);
        let (status, answer) = running.admin("POST", "/api/v1/clients", &body, "admin").await.unwrap();
        assert_eq!(status, 201, "{answer}");
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let files = running.identity(name);
        std::fs::write(&files.0, answer["certificate"].as_str().unwrap()).unwrap();
        std::fs::write(&files.1, answer["key"].as_str().unwrap()).unwrap();
        let ca = running.folder.path().join("given-ca.pem");
        std::fs::write(&ca, answer["ca"].as_str().unwrap()).unwrap();
        let config = client_config(&ca, Some(files), rustls::ALL_VERSIONS);
        let mut stream = connect(running.kmip(), config).await.unwrap();
        exchange(&mut stream, &message(NOW, 8)).await.unwrap();
        assert_eq!(running.echo.peers.lock().unwrap().last().unwrap().client, name);
    }
    let enrolled = running.echo.enrolled.lock().unwrap().clone();
    assert_eq!(enrolled[0], ("disk-7".to_owned(), Some("array-1".to_owned())));
}

/// A certificate is lost or ends: the client stays who it is, and gets another.
#[tokio::test(flavor = "multi_thread")]
async fn a_known_client_gets_another_certificate_where_that_is_said() {
    let running = Running::start().await;
    let enroll = async |body: &str| running.admin("POST", "/api/v1/clients", body, "admin").await.unwrap();
    let (status, answer) = enroll(r#"{"name":"a","again":true}"#).await;
    assert_eq!(status, 404, "{answer}");
    let certificate =
        |answer: &str| serde_json::from_str::<serde_json::Value>(answer).unwrap()["certificate"].to_string();
    let (_, first) = enroll(r#"{"name":"a","scope":"array-1"}"#).await;
    assert_eq!(enroll(r#"{"name":"a"}"#).await.0, 409);
    assert_eq!(enroll(r#"{"name":"a","scope":"array-2","again":true}"#).await.0, 400);
    let (status, second) = enroll(r#"{"name":"a","again":true}"#).await;
    assert_eq!(status, 201, "{second}");
    assert_ne!(certificate(&first), certificate(&second));
    assert_eq!(*running.echo.enrolled.lock().unwrap(), [("a".to_owned(), Some("array-1".to_owned()))]);
}

/// A change is in the audit log before its answer leaves; one that cannot be noted is not made.
#[tokio::test(flavor = "multi_thread")]
async fn what_administrators_change_is_noted() {
    let running = Running::start().await;
    let post = async |path: &str, body: &str| running.admin("POST", path, body, "admin").await.unwrap().0;
    assert_eq!(post("/api/v1/clients", r#"{"name":"a"}"#).await, 201);
    assert_eq!(post("/api/v1/clients", r#"{"name":"a"}"#).await, 409);
    assert_eq!(post("/api/v1/users", r#"{"name":"alice","password":"s3cret"}"#).await, 201);
    assert_eq!(post("/api/v1/users", "not JSON").await, 400);
    assert_eq!(running.admin("GET", "/readyz", "", "admin").await.unwrap().0, 200);
    running.echo.fail_settle.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(post("/api/v1/clients", r#"{"name":"b"}"#).await, 503);
    let told = running.echo.acts.lock().unwrap().clone();
    assert!(told.iter().all(|(administrator, _)| administrator == "admin"));
    let told: Vec<_> = told.iter().map(|(_, act)| (act.operation, act.object.as_deref(), act.is_done)).collect();
    let expected = [
        ("Enroll Client", Some("a"), true),
        ("Enroll Client", Some("a"), false),
        ("Add User", Some("alice"), true),
        ("Add User", None, false),
    ];
    assert_eq!(told, expected);
    assert_eq!(running.echo.enrolled.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn enrollments_that_make_no_sense_are_refused_and_leave_no_record() {
    let running = Running::start().await;
    let enroll = async |body: &str| running.admin("POST", "/api/v1/clients", body, "admin").await.unwrap();
    assert_eq!(enroll(r#"{"name":"a"}"#).await.0, 201);
    let (status, answer) = enroll(r#"{"name":"a"}"#).await;
    assert_eq!(
        (status, answer.trim()),
        (409, r#"{"error":"client a exists; it gets another certificate by --again"}"#)
    );
    for body in ["", "{}", "[", r#"{"name":"../a"}"#, r#"{"name":"b","key":"dsa"}"#, r#"{"name":"b","skope":"x"}"#] {
        assert_eq!(enroll(body).await.0, 400, "{body}");
    }
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(70_000));
    assert_eq!(enroll(&long).await.0, 413);
    assert_eq!(running.echo.enrolled.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_added_and_no_error_repeats_the_password() {
    let running = Running::start().await;
    let add = async |body: &str| running.admin("POST", "/api/v1/users", body, "admin").await.unwrap();
    let (status, answer) = add(r#"{"name":"alice","password":"s3cr\u0065t","client":"client"}"#).await;
    assert_eq!((status, answer.trim()), (201, r#"{"name":"alice"}"#));
    let users = running.echo.users.lock().unwrap().clone();
    assert_eq!(users, [("alice".to_owned(), "s3cret".to_owned(), Some("client".to_owned()))]);
    for body in [
        r#"{"name":"b","password":{"s3cret":1}}"#,
        r#"{"password":"s3cret","s3cret":1}"#,
        r#"{"name":"b","password":"s3cret"#,
    ] {
        let (status, answer) = add(body).await;
        assert_eq!(status, 400, "{body}");
        assert!(!answer.contains("s3cret"), "{answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_one_time_passwords_is_told_as_authenticators_read_it() {
    let running = Running::start().await;
    let add = async |body: &str| running.admin("POST", "/api/v1/users", body, "admin").await.unwrap();
    let uri = |kind: &str, rest: &str| {
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        format!(r#"{{"name":"a b","one_time":"otpauth://{kind}/a%20b?secret={secret}&{rest}"}}"#)
    };
    let (status, answer) = add(r#"{"name":"a b","one_time":{}}"#).await;
    assert_eq!((status, answer.trim()), (201, uri("totp", "algorithm=SHA1&digits=6&period=30").as_str()));
    let hotp = r#"{"name":"a b","password":"x","one_time":{"kind":"hotp","hash":"sha256","digits":8}}"#;
    assert_eq!(add(hotp).await.1.trim(), uri("hotp", "algorithm=SHA256&digits=8&counter=0"));
    assert_eq!(add(r#"{"name":"a","one_time":{"kind":"sms"}}"#).await.0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_is_registered_with_its_fields() {
    let running = Running::start().await;
    let body = r#"{"name":"disk","serial_number":"SN","media_identifier":"M","client":"array"}"#;
    let (status, answer) = running.admin("POST", "/api/v1/devices", body, "admin").await.unwrap();
    assert_eq!((status, answer.trim()), (201, r#"{"name":"disk"}"#));
    let known = running.echo.users.lock().unwrap().clone();
    assert_eq!(known, [("disk".to_owned(), "SN,,,,M".to_owned(), Some("array".to_owned()))]);
    let wrong = r#"{"name":"disk","serial":"SN"}"#;
    assert_eq!(running.admin("POST", "/api/v1/devices", wrong, "admin").await.unwrap().0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_without_the_ca_key_says_so() {
    let running = Running::without_ca_key().await;
    let (status, answer) = running.admin("POST", "/api/v1/clients", r#"{"name":"a"}"#, "admin").await.unwrap();
    assert_eq!(status, 409);
    assert!(answer.contains("pki/ca.key"), "{answer}");
    assert!(running.echo.enrolled.lock().unwrap().is_empty());
}
