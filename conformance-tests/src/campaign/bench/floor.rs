//! A floor of our own: TLS with a demanded client certificate, framing, and a canned answer. The load generator's own floor
//! answers an Encrypt with 64 bytes, whatever was sent; this one with as many as are wanted, and it can decrypt a key by a
//! PKCS#11 token before each answer, as nothing but that would.

use super::device::Decryption;
use crate::token::SoftHsm;
use crate::tree::{bytes, date_time, encode, enumeration, integer, structure, text};
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, ObjectType, Operation, ResultStatus, Tag};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;

/// Bytes of a message's first header: tag 3, type 1, length 4.
const HEADER: usize = 8;
/// How an Operation field begins: its tag, type and length.
const OPERATION: [u8; 8] = [0x42, 0x00, 0x5C, 0x05, 0, 0, 0, 4];
/// What every object of a floor is called.
const IDENTIFIER: &str = "00000000-0000-4000-8000-000000000000";
/// An operation stands within so many bytes of the requests that the load generator sends.
const OPERATION_WITHIN: usize = 256;

/// A floor in a process of its own. Dropping it kills it.
pub struct Floor {
    child: Child,
    address: String,
}

impl Floor {
    /// Starts a floor whose Encrypt and Sign answers carry so many bytes, with certificates that it makes in `place`. With a
    /// token it decrypts by it for each answer.
    pub fn start(sources: &Path, place: &Path, data_bytes: usize, token: Option<&SoftHsm>) -> io::Result<Self> {
        let made = Command::new("bash").arg(sources.join("mkcerts.sh")).arg(place).status()?;
        if !made.success() {
            return Err(io::Error::other(format!("mkcerts.sh: {made}")));
        }
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["part", "floor", "--data-bytes", &data_bytes.to_string(), "--certificates"]).arg(place);
        if let Some(token) = token {
            command.arg("--module").arg(token.module()).arg("--pin-file").arg(token.pin_file());
            command.env("SOFTHSM2_CONF", token.configuration());
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let floor = Self { child, address: line.trim().to_owned() };
        if floor.address.contains(':') { Ok(floor) } else { Err(io::Error::other("the floor does not start")) }
    }

    /// Where it listens.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.address.parse().map_err(io::Error::other)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens and how it is reached, as the load generator reads it.
    pub fn environment(&self) -> String {
        let (host, port) = self.address.split_once(':').unwrap_or_default();
        format!("HOST={host}\nPORT={port}\nCA=ca.pem\nCERT=client.pem\nKEY=client.key\nPID={}\n", self.child.id())
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // Already gone, or killed here: nothing else can be done.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until it is killed; prints its address first.
pub fn serve(certificates: &Path, data_bytes: usize, device: Option<(&Path, &Path)>) -> io::Result<()> {
    let config = Arc::new(config(certificates)?);
    let device = device.map(|(module, pin_file)| Decryption::prepare(module, pin_file)).transpose()?.map(Arc::new);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    loop {
        let (socket, _) = listener.accept()?;
        let (config, device) = (Arc::clone(&config), device.clone());
        // A client that goes away ends its connection, and nothing else.
        thread::spawn(move || answer(socket, config, data_bytes, device.as_deref()).is_ok());
    }
}

fn config(folder: &Path) -> io::Result<ServerConfig> {
    let certificate = |name: &str| {
        CertificateDer::from_pem_file(folder.join(name)).map_err(|error| io::Error::other(error.to_string()))
    };
    let mut roots = RootCertStore::empty();
    roots.add(certificate("ca.pem")?).map_err(io::Error::other)?;
    let clients = WebPkiClientVerifier::builder(Arc::new(roots)).build().map_err(io::Error::other)?;
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key"));
    let key = key.map_err(|error| io::Error::other(error.to_string()))?;
    let builder = ServerConfig::builder().with_client_cert_verifier(clients);
    builder.with_single_cert(vec![certificate("server.pem")?], key).map_err(io::Error::other)
}

fn answer(
    socket: TcpStream,
    config: Arc<ServerConfig>,
    data_bytes: usize,
    device: Option<&Decryption>,
) -> io::Result<()> {
    let mut decrypt = device.map(Decryption::in_session).transpose()?;
    socket.set_nodelay(true)?;
    let session = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = StreamOwned::new(session, socket);
    let (mut request, mut canned) = (Vec::new(), HashMap::new());
    loop {
        let mut header = [0; HEADER];
        stream.read_exact(&mut header)?;
        let [.., a, b, c, d] = header;
        request.resize(u32::from_be_bytes([a, b, c, d]) as usize, 0);
        stream.read_exact(&mut request)?;
        let operation = operation_of(&request);
        if let Some(decrypt) = decrypt.as_mut().filter(|_| operation == Operation::Get) {
            decrypt()?;
        }
        let answer: &Vec<u8> = canned.entry(operation).or_insert_with(|| canned_answer(operation, data_bytes));
        stream.write_all(answer)?;
        stream.flush()?;
    }
}

fn operation_of(request: &[u8]) -> Operation {
    let start = request.get(..OPERATION_WITHIN.min(request.len())).unwrap_or_default();
    let at = start.windows(OPERATION.len()).position(|window| window == OPERATION);
    let value = at.and_then(|at| start.get(at + OPERATION.len()..)).and_then(|rest| rest.first_chunk::<4>());
    Operation(value.map(|value| u32::from_be_bytes(*value)).unwrap_or_default())
}

/// A whole answer of KMIP 1.4.
fn canned_answer(operation: Operation, data_bytes: usize) -> Vec<u8> {
    let mut payload = vec![text(Tag::UniqueIdentifier, IDENTIFIER)];
    match operation {
        Operation::Create => payload.insert(0, enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0)),
        Operation::CreateKeyPair => payload = vec![text(Tag::PrivateKeyUniqueIdentifier, IDENTIFIER)],
        Operation::Get => {
            let value = structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, &vec![0xA5; data_bytes])]);
            let block = vec![
                enumeration(Tag::KeyFormatType, KeyFormatType::Raw.0),
                value,
                enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
                integer(Tag::CryptographicLength, 256),
            ];
            payload.insert(0, enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0));
            payload.push(structure(Tag::SymmetricKey, vec![structure(Tag::KeyBlock, block)]));
        }
        Operation::Sign => payload.push(bytes(Tag::SignatureData, &vec![0xA5; data_bytes])),
        Operation::Encrypt => payload.extend([
            bytes(Tag::Data, &vec![0xA5; data_bytes]),
            bytes(Tag::IVCounterNonce, &[0xA5; 12]),
            bytes(Tag::AuthenticatedEncryptionTag, &[0xA5; 16]),
        ]),
        _ => {}
    }
    let version = vec![integer(Tag::ProtocolVersionMajor, 1), integer(Tag::ProtocolVersionMinor, 4)];
    let header = vec![
        structure(Tag::ProtocolVersion, version),
        date_time(Tag::TimeStamp, 1_700_000_000),
        integer(Tag::BatchCount, 1),
    ];
    let item = vec![
        enumeration(Tag::Operation, operation.0),
        enumeration(Tag::ResultStatus, ResultStatus::Success.0),
        structure(Tag::ResponsePayload, payload),
    ];
    let message = vec![structure(Tag::ResponseHeader, header), structure(Tag::BatchItem, item)];
    encode(&structure(Tag::ResponseMessage, message))
}
