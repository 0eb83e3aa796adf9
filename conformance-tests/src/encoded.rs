//! The wires on which messages travel: TTLV over TLS, or any encoding over HTTPS. Cases are TTLV to the one who plays them.

use crate::endpoint::Endpoint;
use crate::tls::{Connection, Identity};
use crate::tree::{decode, message_version};
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestMessage, decode_request, decode_response_in, encode, encode_in};
use kmip_codec::registry::Tag;
use kmip_codec::version::V1_0;
use kmip_codec::wire::{Encoding, Strictness};
use std::io;
use std::net::SocketAddr;

/// As long as any message of a case.
const LIMITS: Limits = Limits { message_bytes: 64 << 20, ..Limits::DEFAULT };

/// How a client reaches the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Wire {
    /// TTLV over TLS.
    #[default]
    Kmip,
    /// An encoding over HTTPS.
    Https(Encoding),
}

impl Wire {
    /// The encoding that travels.
    pub fn encoding(self) -> Encoding {
        match self {
            Self::Kmip => Encoding::Ttlv,
            Self::Https(encoding) => encoding,
        }
    }
}

/// The media type of an encoding (KMIP Additional Message Encodings 1.0 §2.4).
pub fn media_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Ttlv => "application/octet-stream",
        Encoding::Xml => "text/xml",
        Encoding::Json => "application/json",
    }
}

/// A request in another encoding. Where the codec knows its structures, names and masks stand in it as text; a request that
/// is wrong on purpose goes item by item, as numbers.
pub fn request(ttlv: &[u8], encoding: Encoding) -> io::Result<Vec<u8>> {
    if encoding == Encoding::Ttlv {
        return Ok(ttlv.to_vec());
    }
    let typed = decode_request(ttlv, &LIMITS, Strictness::Strict).ok().and_then(|decoded| {
        let batch_item = decoded.items.into_iter().collect::<Result<_, _>>().ok()?;
        Some(RequestMessage { request_header: decoded.header, batch_item })
    });
    let encoded = match typed {
        Some(message) => {
            let version = message.request_header.protocol_version.0;
            encode_in(encoding, Tag::RequestMessage, &message, version)
        }
        None => {
            let item = decode(ttlv).map_err(io::Error::other)?;
            encode_in(encoding, item.tag, &item.value, message_version(&item).unwrap_or(V1_0))
        }
    };
    Ok(encoded.to_vec())
}

/// An answer as TTLV. What the codec cannot read strictly is no answer.
pub fn response(bytes: &[u8], encoding: Encoding) -> io::Result<Vec<u8>> {
    if encoding == Encoding::Ttlv {
        return Ok(bytes.to_vec());
    }
    let message = decode_response_in(encoding, bytes, &LIMITS, Strictness::Strict).map_err(|error| {
        io::Error::other(format!("an answer that cannot be read: {}: {}", error.error, String::from_utf8_lossy(bytes)))
    })?;
    Ok(encode(Tag::ResponseMessage, &message, message.response_header.protocol_version.0).to_vec())
}

/// A client that posts its messages in one encoding, on one connection as long as the server keeps it.
pub struct HttpsClient {
    identity: Identity,
    address: SocketAddr,
    encoding: Encoding,
    connection: Option<Connection>,
}

impl HttpsClient {
    /// A client of the server at this address.
    pub fn new(identity: Identity, address: SocketAddr, encoding: Encoding) -> Self {
        Self { identity, address, encoding, connection: None }
    }
}

impl Endpoint for HttpsClient {
    /// Checks what the profile demands of every answer (KMIP Additional Message Encodings 1.0 §2.5).
    fn exchange(&mut self, ttlv: &[u8]) -> io::Result<Vec<u8>> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.identity.connect(self.address)?,
        };
        let kind = media_type(self.encoding);
        let answer = connection.post("/kmip", kind, &request(ttlv, self.encoding)?)?;
        self.connection = Some(connection);
        let demanded = ["content-type", "cache-control"].map(|name| answer.header(name).unwrap_or_default());
        if answer.status != 200 || demanded != [kind, "no-cache"] {
            let text = String::from_utf8_lossy(&answer.body);
            return Err(io::Error::other(format!("HTTP {} with {demanded:?}: {text}", answer.status)));
        }
        response(&answer.body, self.encoding)
    }
}
