//! A TLS server whose answers a test writes: for what a good server never does, and for servers that are gone.
//!
//! It speaks TTLV through the codec, over real TLS with client certificates of a CA that each test makes.

#![allow(dead_code, missing_docs)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use certs::profiles::Kind;
use certs::{Authority, KeyKind};
use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::message::header::{HeaderVersion, ResponseHeader};
use kmip_codec::message::{
    DecodedRequest, ProtocolVersion, RequestBatchItem, ResponseBatchItem, ResponseMessage, decode_request, encode,
};
use kmip_codec::operation::ResponsePayload;
use kmip_codec::operation::discover_versions::DiscoverVersionsResponse;
use kmip_codec::registry::{Operation, ResultReason, ResultStatus, Tag};
use kmip_codec::value::DateTime;
use kmip_codec::version::Version;
use kmip_codec::wire::Strictness;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Certificates of one site, in a folder.
pub struct Pki {
    folder: tempfile::TempDir,
}

impl Pki {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let authority = Authority::create(Kind::ClientAuthority, "test").unwrap();
        authority.export().write(&path("ca.pem"), &path("ca.key")).unwrap();
        let server = authority.issue_server(&["localhost", "127.0.0.1"]).unwrap();
        server.write(&path("server.pem"), &path("server.key")).unwrap();
        let client = authority.issue_client("client", KeyKind::EcP256).unwrap();
        client.write(&path("client.pem"), &path("client.key")).unwrap();
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn acceptor(&self) -> TlsAcceptor {
        let chain: Vec<_> =
            CertificateDer::pem_file_iter(self.path("server.pem")).unwrap().collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(self.path("server.key")).unwrap();
        let mut roots = RootCertStore::empty();
        for ca in CertificateDer::pem_file_iter(self.path("ca.pem")).unwrap() {
            roots.add(ca.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().unwrap();
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// What the server does with a request.
pub enum Act {
    /// Answers with these items, in the version of the request.
    Answer(Vec<ResponseBatchItem>),
    /// Writes these bytes.
    Raw(Vec<u8>),
    /// Answers, and closes the connection.
    AnswerAndClose(Vec<ResponseBatchItem>),
    /// Closes the connection.
    Close,
    /// Never answers.
    Silence,
}

/// A request as the server saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    pub connection: usize,
    pub version: Version,
    pub operations: Vec<Operation>,
}

pub struct ScriptedServer {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    closed: Arc<Notify>,
}

impl ScriptedServer {
    /// Starts on a free port; `script` decides about each request, of which it gets the number, from 0.
    pub async fn start(pki: &Pki, script: impl Fn(usize, &DecodedRequest) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (seen, closed) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Notify::new()));
        let (acceptor, log, script, told) = (pki.acceptor(), seen.clone(), Arc::new(script), closed.clone());
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((tcp, _)) = listener.accept().await else { return };
                let (acceptor, log, script, told) = (acceptor.clone(), log.clone(), script.clone(), told.clone());
                tokio::spawn(async move {
                    serve(connection, acceptor, tcp, &log, &*script).await;
                    told.notify_one();
                });
            }
        });
        Self { address, seen, closed }
    }

    /// Returns once a connection has been closed.
    pub async fn closed(&self) {
        self.closed.notified().await;
    }

    pub fn endpoint(&self) -> String {
        self.address.to_string()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The operations of all requests, in order.
    pub fn operations(&self) -> Vec<Operation> {
        self.seen().into_iter().flat_map(|seen| seen.operations).collect()
    }
}

/// An address where nothing listens.
pub async fn closed_port() -> String {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string()
}

async fn serve(
    connection: usize,
    acceptor: TlsAcceptor,
    tcp: TcpStream,
    log: &Mutex<Vec<Seen>>,
    script: &(dyn Fn(usize, &DecodedRequest) -> Act + Send + Sync),
) {
    let Ok(mut stream) = acceptor.accept(tcp).await else { return };
    while let Some(bytes) = receive(&mut stream).await {
        let request = decode_request(&bytes, &Limits::DEFAULT, Strictness::Strict).unwrap();
        let version = request.header.protocol_version.0;
        let operations = request.items.iter().map(|item| item.as_ref().unwrap().operation).collect();
        let number = {
            let mut log = log.lock().unwrap();
            log.push(Seen { connection, version, operations });
            log.len() - 1
        };
        let sent = match script(number, &request) {
            Act::Answer(items) => stream.write_all(&message(version, items)).await,
            Act::AnswerAndClose(items) => {
                stream.write_all(&message(version, items)).await.unwrap();
                let _ = stream.shutdown().await;
                return;
            }
            Act::Raw(bytes) => stream.write_all(&bytes).await,
            Act::Close => return,
            Act::Silence => std::future::pending().await,
        };
        if sent.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}

async fn receive(stream: &mut TlsStream<TcpStream>) -> Option<Vec<u8>> {
    let mut bytes = vec![0; 8];
    stream.read_exact(&mut bytes).await.ok()?;
    let length = u32::from_be_bytes(bytes[4..8].try_into().unwrap());
    bytes.resize(8 + length as usize, 0);
    stream.read_exact(&mut bytes[8..]).await.ok()?;
    Some(bytes)
}

/// A response message as bytes.
pub fn message(version: Version, items: Vec<ResponseBatchItem>) -> Vec<u8> {
    let response_header = ResponseHeader {
        protocol_version: HeaderVersion(version),
        time_stamp: DateTime(1_700_000_000),
        nonce: None,
        server_hashed_password: None,
        attestation_type: Vec::new(),
        client_correlation_value: None,
        server_correlation_value: None,
        batch_count: Some(i32::try_from(items.len()).unwrap()),
    };
    encode(Tag::ResponseMessage, &ResponseMessage { response_header, batch_item: items }, version).to_vec()
}

fn response_item(request: &RequestBatchItem) -> ResponseBatchItem {
    ResponseBatchItem {
        operation: Some(request.operation),
        unique_batch_item_id: request.unique_batch_item_id.clone(),
        result_status: ResultStatus::Success,
        result_reason: None,
        result_message: None,
        asynchronous_correlation_value: None,
        response_payload: None,
        message_extension: Vec::new(),
    }
}

/// The n-th item of a request.
pub fn nth(request: &DecodedRequest, n: usize) -> &RequestBatchItem {
    request.items[n].as_ref().unwrap()
}

/// The successful answer to a request item.
pub fn success(request: &RequestBatchItem, payload: ResponsePayload) -> ResponseBatchItem {
    ResponseBatchItem { response_payload: Some(payload), ..response_item(request) }
}

/// The refusal of a request item.
pub fn refused(request: &RequestBatchItem, reason: ResultReason, message: &str) -> ResponseBatchItem {
    ResponseBatchItem {
        result_status: ResultStatus::OperationFailed,
        result_reason: Some(reason),
        result_message: Some(Text::new(message)),
        ..response_item(request)
    }
}

/// The refusal of a whole message.
pub fn refused_message(request: &DecodedRequest, reason: ResultReason, message: &str) -> ResponseBatchItem {
    ResponseBatchItem { operation: None, unique_batch_item_id: None, ..refused(nth(request, 0), reason, message) }
}

/// The answer to Discover Versions.
pub fn versions(request: &DecodedRequest, versions: &[Version]) -> Act {
    let protocol_version = versions.iter().copied().map(ProtocolVersion::from).collect();
    let payload = ResponsePayload::DiscoverVersions(Box::new(DiscoverVersionsResponse { protocol_version }));
    Act::Answer(vec![success(nth(request, 0), payload)])
}
