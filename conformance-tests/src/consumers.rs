//! Conversations of real products, kept as data in `consumers/`: what each sends, connection by connection, and what it must be
//! answered. They have the form of the OASIS cases, with a `<Connection>` around the messages of each connection and the
//! facts of the conversation on the outermost element.

use crate::endpoint::Endpoint;
use crate::oasis::case::{Exchange, parse};
use crate::oasis::run::Play;
use crate::oasis::variables::Variables;
use crate::reference::workspace;
use crate::server_process::Server;
use crate::tls::{Connection, Identity, http};
use kmip_codec::registry::Tag;
use kmip_codec::version::Version;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// A product's conversation.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The file's name without `.xml`.
    pub name: String,
    /// The product.
    pub product: String,
    /// The quirks that its client needs.
    pub quirks: Vec<String>,
    /// The KMIP user that it names, with its password.
    pub user: Option<(String, String)>,
    /// Whether it sends TTLV by HTTPS.
    pub https: bool,
    /// What it sends on each of its connections, and what it is answered.
    pub connections: Vec<Vec<Exchange>>,
}

/// The folder of the conversations.
pub fn folder() -> PathBuf {
    workspace().join("conformance-tests/consumers")
}

/// Reads every conversation, in order of name.
pub fn load_all() -> io::Result<Vec<Conversation>> {
    let mut paths =
        std::fs::read_dir(folder())?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    paths.iter().map(|path| load(path)).collect()
}

fn load(path: &Path) -> io::Result<Conversation> {
    let failed = |problem: String| io::Error::other(format!("{}: {problem}", path.display()));
    let text = std::fs::read_to_string(path)?;
    let start = outermost(&text).map_err(failed)?;
    let fact = |name: &str| {
        let found = start.attributes().filter_map(Result::ok).find(|attribute| attribute.key.as_ref() == name);
        found.map(|attribute| attribute.value.into_owned())
    };
    let connections = text.split("<Connection>").skip(1).map(|rest| {
        let (inner, _) = rest.split_once("</Connection>").ok_or("a Connection without an end")?;
        parse(&format!("<KMIP>{inner}</KMIP>"))
    });
    let connections = connections.collect::<Result<Vec<_>, String>>().map_err(failed)?;
    if connections.iter().all(Vec::is_empty) {
        return Err(failed("it holds no message".to_owned()));
    }
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
    Ok(Conversation {
        product: fact("product").ok_or_else(|| failed("it names no product".to_owned()))?,
        quirks: fact("quirks").map(words).unwrap_or_default(),
        user: fact("username").zip(fact("password")),
        https: fact("transport").is_some_and(|transport| transport == "https"),
        connections,
        name,
    })
}

/// The outermost element, which tells the facts.
fn outermost(text: &str) -> Result<BytesStart<'_>, String> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => return Ok(start),
            Event::Eof => return Err("no element".to_owned()),
            _ => {}
        }
    }
}

impl Conversation {
    /// Plays it as a client that was enrolled for it; the error tells the first difference.
    pub fn play(&self, server: &Server, identity: &Identity) -> Result<(), String> {
        let mut play = Play::new();
        let mut variables = play.variables();
        for (place, exchanges) in self.connections.iter().enumerate() {
            let mut endpoint = self.endpoint(server, identity).map_err(|error| error.to_string())?;
            for (step, exchange) in exchanges.iter().enumerate() {
                let at = |difference| format!("connection {place}, message {step}: {difference}");
                variables = self.exchange(&mut play, exchange, variables, endpoint.as_mut()).map_err(at)?;
            }
        }
        Ok(())
    }

    fn exchange(
        &self,
        play: &mut Play,
        exchange: &Exchange,
        variables: Variables,
        endpoint: &mut dyn Endpoint,
    ) -> Result<Variables, String> {
        let version = version_of(exchange).ok_or("a request without a protocol version")?;
        play.exchange(version, false, exchange, variables, endpoint)
    }

    fn endpoint(&self, server: &Server, identity: &Identity) -> io::Result<Box<dyn Endpoint>> {
        if !self.https {
            return identity.connect(server.kmip()).map(|connection| Box::new(connection) as Box<dyn Endpoint>);
        }
        let address = server.https().ok_or_else(|| io::Error::other("the HTTPS listener is off"))?;
        Ok(Box::new(Post { identity: identity.clone(), address }))
    }
}

fn version_of(exchange: &Exchange) -> Option<Version> {
    let version = exchange.request.at(&[Tag::RequestHeader, Tag::ProtocolVersion])?;
    Some(Version::new(
        version.field(Tag::ProtocolVersionMajor)?.as_integer()?,
        version.field(Tag::ProtocolVersionMinor)?.as_integer()?,
    ))
}

/// TTLV by `POST /kmip`, each on a connection of its own.
struct Post {
    identity: Identity,
    address: SocketAddr,
}

impl Endpoint for Post {
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let connection: Connection = self.identity.connect(self.address)?;
        let answer = http(connection, "POST", "/kmip", "application/octet-stream", request)?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(io::Error::other(format!("{status} {}", String::from_utf8_lossy(&answer.body)))),
        }
    }
}
