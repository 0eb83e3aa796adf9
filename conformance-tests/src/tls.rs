//! A blocking TLS client with a client certificate: connections, framing by the length of the first item, and HTTP by hand.

use crate::endpoint::Endpoint;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a read or write may take before it counts as a hang.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of a message's first header: tag 3, type 1, length 4.
const HEADER: usize = 8;
/// The longest answer that is read.
const LONGEST: usize = 64 << 20;
/// The longest head of an HTTP answer that is read.
const LONGEST_HEAD: usize = 16 << 10;

/// Who a client is: certificate, key, and the CA that it trusts.
#[derive(Debug, Clone)]
pub struct Identity {
    config: Arc<ClientConfig>,
}

impl Identity {
    /// From PEM files.
    pub fn from_files(ca: &Path, certificate: &Path, key: &Path) -> io::Result<Self> {
        Self::from_pem(&fs::read(ca)?, &fs::read(certificate)?, &fs::read(key)?)
    }

    /// From PEM texts.
    pub fn from_pem(ca: &[u8], certificate: &[u8], key: &[u8]) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for root in certificates(ca)? {
            roots.add(root).map_err(io::Error::other)?;
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| io::Error::other(error.to_string()))?;
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_client_auth_cert(certificates(certificate)?, key)
            .map_err(io::Error::other)?;
        Ok(Self { config: Arc::new(config) })
    }

    /// Connects to the server at this address, which must prove to be `localhost`.
    pub fn connect(&self, address: SocketAddr) -> io::Result<Connection> {
        let socket = TcpStream::connect_timeout(&address, PATIENCE)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        let session = ClientConnection::new(Arc::clone(&self.config), name).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(session, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Connection { stream })
    }
}

/// A certificate, its key and its authority, as texts.
pub struct Pem {
    /// The authority.
    pub ca: String,
    /// The certificate.
    pub certificate: String,
    /// The key.
    pub key: String,
}

impl Pem {
    /// Who they make.
    pub fn identity(&self) -> io::Result<Identity> {
        Identity::from_pem(self.ca.as_bytes(), self.certificate.as_bytes(), self.key.as_bytes())
    }
}

/// Where a client waits for calls of the server.
pub struct ListeningSocket {
    socket: TcpListener,
    config: Arc<ServerConfig>,
}

impl ListeningSocket {
    /// A free port of this host, where the client's certificate is shown; whoever calls must show one of its authority.
    pub fn new(pem: &Pem) -> io::Result<Self> {
        let mut roots = RootCertStore::empty();
        for root in certificates(pem.ca.as_bytes())? {
            roots.add(root).map_err(io::Error::other)?;
        }
        let verifier = WebPkiClientVerifier::builder(roots.into()).build().map_err(io::Error::other)?;
        let key = PrivateKeyDer::from_pem_slice(pem.key.as_bytes()).map_err(|e| io::Error::other(e.to_string()))?;
        let config = ServerConfig::builder()
            .with_client_cert_verifier(verifier)
            .with_single_cert(certificates(pem.certificate.as_bytes())?, key)
            .map_err(io::Error::other)?;
        let socket = TcpListener::bind("127.0.0.1:0")?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, config: Arc::new(config) })
    }

    /// Where it is.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Waits for a call.
    pub fn accept(&self) -> io::Result<Heard> {
        let begun = Instant::now();
        let socket = loop {
            match self.socket.accept() {
                Ok((socket, _)) => break socket,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && begun.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(error) => return Err(error),
            }
        };
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let session = ServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)?;
        Ok(Heard { stream: StreamOwned::new(session, socket) })
    }
}

/// A call of the server.
pub struct Heard {
    stream: StreamOwned<ServerConnection, TcpStream>,
}

impl Heard {
    /// Receives one whole message.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        receive(&mut self.stream)
    }

    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }
}

/// Receives one whole message.
fn receive(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut message = vec![0; HEADER];
    stream.read_exact(&mut message)?;
    let length = match message.get(4..HEADER).and_then(|field| field.first_chunk::<4>()) {
        Some(length) => u32::from_be_bytes(*length) as usize,
        None => 0,
    };
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a message longer than 64 MiB"));
    }
    message.resize(HEADER + length, 0);
    if let Some(rest) = message.get_mut(HEADER..) {
        stream.read_exact(rest)?;
    }
    Ok(message)
}

fn certificates(pem: &[u8]) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    read.map_err(|error| io::Error::other(error.to_string()))
}

/// An open connection.
pub struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.sock.as_fd()
    }
}

impl Connection {
    /// Sends bytes as they are.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Receives one whole message.
    pub fn receive(&mut self) -> io::Result<Vec<u8>> {
        receive(&mut self.stream)
    }

    /// Receives everything until the peer closes.
    pub fn receive_to_end(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        match self.stream.read_to_end(&mut bytes) {
            // A peer may close the socket without the closing alert.
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof || bytes.is_empty() => Err(error),
            _ => Ok(bytes),
        }
    }

    /// Posts a body over HTTP/1.1 and receives the answer; the connection stays open.
    pub fn post(&mut self, path: &str, kind: &str, body: &[u8]) -> io::Result<HttpAnswer> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nCache-Control: no-cache\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.send(&[head.as_bytes(), body].concat())?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.stream.read_exact(&mut byte)?;
            head.extend(byte);
            if head.len() > LONGEST_HEAD {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the head of an answer does not end"));
            }
        }
        let mut answer = HttpAnswer::of_head(&head)?;
        let length = answer.header("content-length").and_then(|length| length.parse().ok());
        let length: usize = length.ok_or_else(|| io::Error::other("an answer without Content-Length"))?;
        if length > LONGEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "an answer longer than 64 MiB"));
        }
        answer.body = vec![0; length];
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    /// Changes how long a read may take.
    pub fn set_read_timeout(&mut self, patience: Duration) -> io::Result<()> {
        self.stream.sock.set_read_timeout(Some(patience))
    }
}

impl Endpoint for Connection {
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        self.send(request)?;
        self.receive()
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// The head in lower case.
    head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    fn of_head(head: &[u8]) -> io::Result<Self> {
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer"))?;
        Ok(Self { status, head, body: Vec::new() })
    }

    /// The value of a header, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(':'));
        fields.find(|(known, _)| *known == name).map(|(_, value)| value.trim())
    }
}

/// Sends one HTTP/1.1 request on a connection of its own.
pub fn http(mut connection: Connection, method: &str, path: &str, kind: &str, body: &[u8]) -> io::Result<HttpAnswer> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    connection.send(&[head.as_bytes(), body].concat())?;
    let answer = connection.receive_to_end()?;
    let malformed = || io::Error::new(io::ErrorKind::InvalidData, "not an HTTP answer");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(malformed)?;
    let (head, rest) = answer.split_at(end);
    let answer = HttpAnswer::of_head(head)?;
    if answer.header("transfer-encoding") == Some("chunked") {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a chunked answer, where a length was expected"));
    }
    Ok(HttpAnswer { body: rest.get(4..).unwrap_or_default().to_vec(), ..answer })
}
