//! A running shell with a small service of its own, and TLS clients for it.
#![allow(dead_code, reason = "each test file uses a part")]

use kmip_codec::secret::Secret;
use kmip_codec::secret::WipedBytes;
use kmip_codec::wire::Encoding;
use kmip_core::identity::ClientRecord;
use kmip_core::request::Request;
use kmip_server::audit::Noted;
use kmip_server::config::{Address, Config};
use kmip_server::datadir::DataDir;
use kmip_server::run::Server;
use kmip_server::service::{
    Act, Administration, AdministrationError, NewDevice, NewListener, NewUser, Opened, Peer, Reply, Service,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longest that a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// First content byte of a request: what the echo does with it.
pub const NOW: u8 = 0;
pub const LATER: u8 = 1;
pub const NEVER: u8 = 2;
pub const HUGE: u8 = 3;
pub const CLOSE: u8 = 4;
pub const SLOW: u8 = 5;

pub const HUGE_REPLY: usize = 4 * 1024 * 1024;
/// For how long a slow answer works.
pub const SLOW_WORK: Duration = Duration::from_millis(20);

/// Answers each message with itself, at once or when it is released.
#[derive(Default)]
pub struct Echo {
    pub release: Arc<Notify>,
    pub answered: AtomicU32,
    pub settled: AtomicU32,
    pub fail_settle: std::sync::atomic::AtomicBool,
    pub peers: Mutex<Vec<Peer>>,
    /// The encodings of requests, and those of the answers that are wanted.
    pub encodings: Mutex<Vec<(Encoding, Encoding)>>,
    pub enrolled: Mutex<Vec<(String, Option<String>)>>,
    pub users: Mutex<Vec<(String, String, Option<String>)>>,
    pub quirks: Mutex<Vec<(String, Vec<String>)>>,
    /// Whom the next addition of a user tells that it has begun, and what it then waits for.
    pub held: Mutex<Option<(Sender<()>, Receiver<()>)>>,
    /// What administrators did, with their names.
    pub acts: Mutex<Vec<(String, Act)>>,
}

impl Service for Echo {
    fn respond(&self, request: Request<'_>, peer: &Arc<Peer>) -> Reply {
        let Request { bytes: request, encoding, answer } = request;
        self.encodings.lock().unwrap().push((encoding, answer));
        self.answered.fetch_add(1, Ordering::SeqCst);
        self.peers.lock().unwrap().push((**peer).clone());
        let reply = WipedBytes::copy_from(request);
        match request.get(8).copied().unwrap_or(NOW) {
            LATER => {
                let release = self.release.clone();
                Reply::Later(Box::pin(async move {
                    release.notified().await;
                    Some(reply)
                }))
            }
            NEVER => Reply::Later(Box::pin(std::future::pending())),
            HUGE => Reply::Now(WipedBytes::copy_from(&vec![7; HUGE_REPLY])),
            CLOSE => Reply::Close,
            SLOW => {
                let since = Instant::now();
                while since.elapsed() < SLOW_WORK {
                    std::hint::spin_loop();
                }
                Reply::Now(reply)
            }
            _ => Reply::Now(reply),
        }
    }

    fn settle(&self, _: Option<Noted>) -> io::Result<()> {
        self.settled.fetch_add(1, Ordering::SeqCst);
        if self.fail_settle.load(Ordering::SeqCst) { Err(io::Error::other("disk full")) } else { Ok(()) }
    }
}

impl Administration for Echo {
    fn can_note(&self) -> Result<(), String> {
        if self.fail_settle.load(Ordering::SeqCst) { Err("disk full".to_owned()) } else { Ok(()) }
    }

    fn note(&self, administrator: &Peer, act: &Act) -> Result<(), String> {
        self.acts.lock().unwrap().push((administrator.client.clone(), act.clone()));
        Ok(())
    }

    fn knows_client(&self, name: &str) -> bool {
        self.enrolled.lock().unwrap().iter().any(|(known, _)| known == name)
    }

    fn enroll(&self, name: &str, scope: Option<&str>) -> Result<(), AdministrationError> {
        let mut enrolled = self.enrolled.lock().unwrap();
        if enrolled.iter().any(|(known, _)| known == name) {
            return Err(AdministrationError::Conflict(format!("client {name} exists")));
        }
        enrolled.push((name.to_owned(), scope.map(str::to_owned)));
        Ok(())
    }

    fn register_client(&self, _: &str, _: Option<&str>, _: &str) -> Result<(), AdministrationError> {
        Err(AdministrationError::NotFound("no certificates".to_owned()))
    }

    fn renew_client(&self, _: &str, _: &str, _: bool, _: bool) -> Result<(), AdministrationError> {
        Ok(())
    }

    fn set_disabled(&self, name: &str, _: bool) -> Result<bool, AdministrationError> {
        Ok(self.knows_client(name))
    }

    fn clients(&self) -> Vec<(String, ClientRecord)> {
        let record = |scope: &Option<String>, name| ClientRecord::of_its_own(scope.as_deref().unwrap_or(name).into());
        self.enrolled.lock().unwrap().iter().map(|(name, scope)| (name.clone(), record(scope, name))).collect()
    }

    fn set_quirks(&self, client: &str, quirks: &[String]) -> Result<(), AdministrationError> {
        self.quirks.lock().unwrap().push((client.to_owned(), quirks.to_vec()));
        Ok(())
    }

    fn listen_at(&self, _: &str, _: NewListener) -> Result<(), AdministrationError> {
        Err(AdministrationError::NotFound("no listener".to_owned()))
    }

    fn set_listening(&self, _: &str, _: bool) -> Result<(), AdministrationError> {
        Ok(())
    }

    fn put(&self, _: &str, _: &str, _: Option<&str>) -> Result<(), AdministrationError> {
        Ok(())
    }

    fn add_user(&self, user: NewUser) -> Result<Option<Secret>, AdministrationError> {
        let held = self.held.lock().unwrap().take();
        if let Some((begun, released)) = held {
            begun.send(()).unwrap();
            released.recv().unwrap();
        }
        let password = user.password.map(|password| password.expose_secret().to_owned()).unwrap_or_default();
        self.users.lock().unwrap().push((user.name, password, user.client));
        Ok(user.one_time.map(|_| Secret::copy_from(b"12345678901234567890")))
    }

    fn add_device(&self, device: NewDevice) -> Result<(), AdministrationError> {
        let fields = device.fields.map(Option::unwrap_or_default).join(",");
        self.users.lock().unwrap().push((device.name, fields, device.client));
        Ok(())
    }
}

pub struct Running {
    pub folder: TempDir,
    pub server: Server,
    pub echo: Arc<Echo>,
    pub config: Arc<Mutex<Config>>,
}

impl Running {
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create_dev(folder.path()).unwrap();
        Self::over(folder, data, change).await
    }

    /// As after the key of the CA was moved to a safe place.
    pub async fn without_ca_key() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create_dev(folder.path()).unwrap();
        std::fs::remove_file(data.pki("ca.key")).unwrap();
        Self::over(folder, data, |_| {}).await
    }

    async fn over(folder: TempDir, data: DataDir, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        let free = Address(Some(SocketAddr::from(([127, 0, 0, 1], 0))));
        config.listen.kmip = free;
        config.listen.https = free;
        config.listen.admin = free;
        config.dev = true;
        change(&mut config);
        let shared = Arc::new(Mutex::new(config.clone()));
        let again = shared.clone();
        let reconfigure = Box::new(move || Ok(again.lock().unwrap().clone()));
        let echo = Arc::new(Echo::default());
        let opened = Opened { service: echo.clone(), administration: echo.clone() };
        let server = Server::start(data, config, reconfigure, |_, _, _, _| Ok(opened)).await.unwrap();
        Self { folder, server, echo, config: shared }
    }

    pub fn kmip(&self) -> SocketAddr {
        self.server.bound.kmip.unwrap()
    }

    pub fn pki(&self, name: &str) -> PathBuf {
        self.folder.path().join("pki").join(name)
    }

    pub fn identity(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.pki(&format!("{name}.pem")), self.pki(&format!("{name}.key")))
    }

    pub async fn connect(&self) -> TlsStream<TcpStream> {
        let config = client_config(&self.pki("ca.pem"), Some(self.identity("client")), rustls::ALL_VERSIONS);
        connect(self.kmip(), config).await.unwrap()
    }

    /// The metrics as text, over the admin API.
    pub async fn metric(&self, line: &str) -> bool {
        let (_, body) = self.admin("GET", "/metrics", "", "admin").await.unwrap();
        body.lines().any(|found| found == line)
    }

    pub async fn admin(&self, method: &str, path: &str, body: &str, identity: &str) -> io::Result<(u16, String)> {
        let config = client_config(&self.pki("ca.pem"), Some(self.identity(identity)), rustls::ALL_VERSIONS);
        http(self.server.bound.admin.unwrap(), config, method, path, "application/json", body.as_bytes())
            .await
            .map(|(status, body)| (status, String::from_utf8(body).unwrap()))
    }
}

pub fn client_config(
    ca: &Path,
    identity: Option<(PathBuf, PathBuf)>,
    versions: &[&'static SupportedProtocolVersion],
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_file(certificate).unwrap()],
                PrivateKeyDer::from_pem_file(key).unwrap(),
            )
            .unwrap(),
    })
}

/// Connects; in TLS 1.3 a refusal of the certificate arrives only with the first read, so this alone proves nothing.
pub async fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    TlsConnector::from(config).connect(ServerName::try_from("localhost").unwrap(), tcp).await
}

/// A request message with `content` bytes, the first of which tells the echo what to do.
pub fn message(action: u8, content: usize) -> Vec<u8> {
    let mut bytes = vec![0x42, 0x00, 0x78, 0x01];
    bytes.extend((content as u32).to_be_bytes());
    bytes.extend((0..content).map(|i| (i % 251) as u8));
    if content > 0 {
        bytes[8] = action;
    }
    bytes
}

pub async fn receive(stream: &mut TlsStream<TcpStream>, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("in time").expect("bytes");
    bytes
}

/// Sends one message and receives its echo.
pub async fn exchange(stream: &mut TlsStream<TcpStream>, request: &[u8]) -> io::Result<()> {
    stream.write_all(request).await?;
    stream.flush().await?;
    let mut reply = vec![0; request.len()];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut reply)).await.expect("in time")?;
    assert!(reply == request, "the echo differs");
    Ok(())
}

/// Everything until the server closes.
pub async fn until_closed(stream: &mut TlsStream<TcpStream>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // An alert or a reset is a close, too.
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("closed in time");
    bytes
}

pub async fn http(
    address: SocketAddr,
    config: Arc<ClientConfig>,
    method: &str,
    path: &str,
    kind: &str,
    body: &[u8],
) -> io::Result<(u16, Vec<u8>)> {
    let mut stream = connect(address, config).await?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("in time")?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok((status, answer[end + 4..].to_vec()))
}
