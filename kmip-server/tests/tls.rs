//! Who gets in, by which version, and what a reload changes.

mod support;

use certs::profiles::Kind;
use certs::{Authority, KeyKind};
use rustls::version::{TLS12, TLS13};
use std::path::PathBuf;
use support::*;

fn ca(running: &Running) -> Authority {
    Authority::read(&running.pki("ca.pem"), &running.pki("ca.key")).unwrap()
}

fn write(running: &Running, name: &str, issued: &certs::Issued) -> (PathBuf, PathBuf) {
    let files = running.identity(name);
    issued.write(&files.0, &files.1).unwrap();
    files
}

/// Whether a client with this identity gets an answer.
async fn is_served(running: &Running, identity: Option<(PathBuf, PathBuf)>) -> bool {
    let config = client_config(&running.pki("ca.pem"), identity, rustls::ALL_VERSIONS);
    match connect(running.kmip(), config).await {
        Ok(mut stream) => exchange(&mut stream, &message(NOW, 8)).await.is_ok(),
        Err(_) => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_are_served_with_the_hybrid_group_and_the_peer_is_known() {
    let running = Running::start().await;
    for version in [&TLS12, &TLS13] {
        let config = client_config(&running.pki("ca.pem"), Some(running.identity("client")), &[version]);
        let mut stream = connect(running.kmip(), config).await.unwrap();
        exchange(&mut stream, &message(NOW, 8)).await.unwrap();
        let connection = stream.get_ref().1;
        assert_eq!(connection.protocol_version(), Some(version.version));
        if version.version == rustls::ProtocolVersion::TLSv1_3 {
            let group = connection.negotiated_key_exchange_group().unwrap().name();
            assert_eq!(group, rustls::NamedGroup::X25519MLKEM768);
        }
    }
    let peers = running.echo.peers.lock().unwrap();
    assert!(peers.iter().all(|peer| peer.client == "client" && peer.remote.ip().is_loopback()));
    assert_eq!(peers[0].certificate, peers[1].certificate);
}

#[tokio::test(flavor = "multi_thread")]
async fn min_version_shuts_out_tls_1_2() {
    let running = Running::with(|config| config.tls.min_version = kmip_server::config::MinimumVersion::Tls13).await;
    let identity = || Some(running.identity("client"));
    let config = client_config(&running.pki("ca.pem"), identity(), &[&TLS12]);
    assert!(connect(running.kmip(), config).await.is_err());
    assert!(is_served(&running, identity()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_resume_and_keep_their_identity() {
    use rustls::HandshakeKind::{Full, Resumed};
    let running = Running::start().await;
    for version in [&TLS12, &TLS13] {
        let config = client_config(&running.pki("ca.pem"), Some(running.identity("client")), &[version]);
        let mut kinds = Vec::new();
        for _ in 0..2 {
            let mut stream = connect(running.kmip(), config.clone()).await.unwrap();
            exchange(&mut stream, &message(NOW, 8)).await.unwrap();
            kinds.push(stream.get_ref().1.handshake_kind().unwrap());
        }
        assert!(matches!(kinds[..], [Full | rustls::HandshakeKind::FullWithHelloRetryRequest, Resumed]), "{kinds:?}");
        // A reload makes a new ticket key: the certificate is looked at again.
        running.server.reload().unwrap();
        let mut stream = connect(running.kmip(), config).await.unwrap();
        exchange(&mut stream, &message(NOW, 8)).await.unwrap();
        assert_ne!(stream.get_ref().1.handshake_kind(), Some(Resumed));
    }
    assert!(running.echo.peers.lock().unwrap().iter().all(|peer| peer.client == "client"));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_refused_and_counted() {
    let running = Running::start().await;
    assert!(!is_served(&running, None).await);
    let stranger = Authority::create(Kind::ClientAuthority, "Stranger").unwrap();
    let files = write(&running, "stranger", &stranger.issue_client("client", KeyKind::EcP256).unwrap());
    assert!(!is_served(&running, Some(files)).await);
    assert!(!is_served(&running, Some(running.identity("server"))).await, "serverAuth is no clientAuth");
    assert!(!is_served(&running, Some(running.identity("admin"))).await, "another CA");
    assert!(running.echo.peers.lock().unwrap().is_empty());
    for reason in ["no_certificate", "wrong_purpose"] {
        let line = format!("kmip_handshake_failures_total{{reason=\"{reason}\"}} 1");
        assert!(running.metric(&line).await, "{line}");
    }
    assert!(running.metric("kmip_handshake_failures_total{reason=\"unknown_ca\"} 2").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rsa_client_and_a_client_of_a_configured_ca_are_served() {
    let folder = tempfile::tempdir().unwrap();
    let site = Authority::create(Kind::ClientAuthority, "Site").unwrap();
    let path = folder.path().join("site.pem");
    std::fs::write(&path, site.certificate()).unwrap();
    let running = Running::with(|config| config.tls.client_cas.push(path)).await;
    let rsa = write(&running, "rsa", &ca(&running).issue_client("rsa", KeyKind::Rsa2048).unwrap());
    assert!(is_served(&running, Some(rsa)).await);
    let own = write(&running, "site", &site.issue_client("array", KeyKind::EcP256).unwrap());
    assert!(is_served(&running, Some(own)).await);
    let names: Vec<_> = running.echo.peers.lock().unwrap().iter().map(|peer| peer.client.clone()).collect();
    assert_eq!(names, ["rsa", "array"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_shows_the_new_certificate_and_drops_no_connection() {
    let running = Running::start().await;
    let mut open = running.connect().await;
    exchange(&mut open, &message(NOW, 8)).await.unwrap();
    let seen = |stream: &tokio_rustls::client::TlsStream<tokio::net::TcpStream>| {
        stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
    };
    let before = seen(&open);
    write(&running, "server", &ca(&running).issue_server(&["localhost"]).unwrap());
    running.server.reload().unwrap();
    exchange(&mut open, &message(NOW, 8)).await.unwrap();
    let mut fresh = running.connect().await;
    exchange(&mut fresh, &message(NOW, 8)).await.unwrap();
    assert_ne!(seen(&fresh), before);
    // Through the admin API as well.
    assert_eq!(running.admin("POST", "/api/v1/reload", "", "admin").await.unwrap().0, 200);
    exchange(&mut open, &message(NOW, 8)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_that_cannot_work_changes_nothing() {
    let running = Running::start().await;
    std::fs::write(running.pki("server.pem"), "broken").unwrap();
    assert!(running.server.reload().unwrap_err().contains("server.pem"));
    assert!(is_served(&running, Some(running.identity("client"))).await);
    assert_eq!(running.admin("POST", "/api/v1/reload", "", "admin").await.unwrap().0, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_client_loses_its_open_connection_and_the_others_keep_theirs() {
    let running = Running::start().await;
    let ca = ca(&running);
    let issued = ca.issue_client("lost", KeyKind::EcP256).unwrap();
    let serial = issued.facts().unwrap().serial;
    let lost = write(&running, "lost", &issued);
    let config = client_config(&running.pki("ca.pem"), Some(lost.clone()), rustls::ALL_VERSIONS);
    let mut revoked = connect(running.kmip(), config.clone()).await.unwrap();
    let mut kept = running.connect().await;
    exchange(&mut revoked, &message(NOW, 8)).await.unwrap();
    exchange(&mut kept, &message(NOW, 8)).await.unwrap();
    let list = ca.revocation_list(1, &[serial], time::Duration::days(1)).unwrap();
    let path = running.folder.path().join("clients.crl");
    std::fs::write(&path, list).unwrap();
    running.config.lock().unwrap().tls.crls.push(path);
    running.server.reload().unwrap();
    assert_eq!(until_closed(&mut revoked).await, b"");
    exchange(&mut kept, &message(NOW, 8)).await.unwrap();
    // Neither a new handshake nor the ticket of the old session lets it in again.
    if let Ok(mut again) = connect(running.kmip(), config).await {
        assert!(exchange(&mut again, &message(NOW, 8)).await.is_err());
    }
    assert!(running.metric("kmip_connections_closed_total{reason=\"untrusted\"} 1").await);
}
