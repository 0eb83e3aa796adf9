//! Malformed messages over TLS: each gets a KMIP answer or a closed connection; the server stays up, quick and small. A third
//! of what is damaged are requests of cryptographic operations on keys that the attacker has.

mod works;

use super::mutate::{Damaged, damaged};
use super::random::Random;
use super::{CampaignError, Outcome, finding};
use crate::endpoint::Endpoint;
use crate::message::{Call, create_aes, request};
use crate::reference;
use crate::server_process::{Options, Server};
use crate::tls::{Connection, Identity};
use crate::tree::{decode, encode};
use kmip_codec::registry::{Operation, Tag};
use kmip_codec::version::V2_1;
use std::io;
use std::path::Path;
use std::time::Duration;

/// How hard.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Messages.
    pub messages: usize,
    /// Starts the sequence of damages.
    pub seed: u64,
}

/// How much the server may grow.
const MAY_GROW: u64 = 50 << 20;
/// An answer that takes longer is a hang.
const HANG: Duration = Duration::from_secs(20);
/// Valid requests before the first measurement, so that caches are warm.
const WARM_UP: usize = 200;

/// Sends the messages to a new server in `place`.
pub fn run(settings: Settings, place: &Path) -> Outcome {
    let mut server = Server::start(&Options::new(&place.join("malformed")))?;
    let attacker = server.enroll("attacker")?;
    let bystander = server.enroll("bystander")?;
    let mut requests = corpus()?;
    let works = works::requests(&mut attacker.connect(server.kmip())?)?;
    requests.extend(works.iter().cycle().take(requests.len() / 2).cloned());
    warm_up(&attacker, &server)?;
    let before = server.resident_bytes()?;
    let mut random = Random::new(settings.seed);
    let (mut answered, mut closed) = (0_usize, 0_usize);
    let mut connection = None;
    for number in 0..settings.messages {
        let message = damaged(&mut random, &requests);
        let open = match connection.take() {
            Some(open) => open,
            None => connect(&attacker, &mut server, number)?,
        };
        match play(open, &message) {
            Ok(open) => {
                answered += 1;
                connection = Some(open);
            }
            Err(Ended::Closed) => closed += 1,
            Err(Ended::Hang) => {
                return finding(format!(
                    "message {number} of seed {} hangs: {}",
                    settings.seed,
                    hex::encode(&message.bytes)
                ));
            }
            Err(Ended::NoMessage) => {
                return finding(format!("message {number} of seed {} is answered by no KMIP message", settings.seed));
            }
        }
        if number % 1000 == 999 {
            healthy(&bystander, &mut server, before)?;
        }
    }
    healthy(&bystander, &mut server, before)?;
    let grown = server.resident_bytes()?.saturating_sub(before) >> 20;
    Ok(format!("malformed: {} messages, {answered} answered, {closed} closed; {grown} MiB grown", settings.messages))
}

/// How a message that got no answer ended.
enum Ended {
    Closed,
    Hang,
    NoMessage,
}

fn play(mut connection: Connection, message: &Damaged) -> Result<Connection, Ended> {
    connection.set_read_timeout(HANG).map_err(|_| Ended::Closed)?;
    connection.send(&message.bytes).map_err(|_| Ended::Closed)?;
    if !message.is_whole {
        // The server waits for the rest, or sees several frames: closing in the middle is the test.
        return Err(Ended::Closed);
    }
    match connection.receive() {
        Ok(answer) => {
            let is_answer = decode(&answer).is_ok_and(|item| item.tag == Tag::ResponseMessage);
            if is_answer { Ok(connection) } else { Err(Ended::NoMessage) }
        }
        Err(error) if [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind()) => Err(Ended::Hang),
        Err(_) => Err(Ended::Closed),
    }
}

fn connect(identity: &Identity, server: &mut Server, number: usize) -> Result<Connection, CampaignError> {
    identity.connect(server.kmip()).or_else(|error| {
        let state = if server.is_running() { "runs" } else { "is gone" };
        finding(format!("no connection after {number} messages: {error}; the server {state}"))
    })
}

fn healthy(bystander: &Identity, server: &mut Server, before: u64) -> Result<(), CampaignError> {
    if !server.is_running() {
        return finding("the server is gone");
    }
    let query = encode(&request(V2_1, &[Call::new(Operation::DiscoverVersions, Vec::new())]));
    bystander
        .connect(server.kmip())
        .and_then(|mut open| open.exchange(&query))
        .or_else(|error| finding(format!("another client gets no answer: {error}")))?;
    if let Some(line) = server.log().lines().find(|line| line.contains("panicked")) {
        return finding(format!("a panic in the log: {line}"));
    }
    match server.resident_bytes()?.saturating_sub(before) {
        grown if grown > MAY_GROW => finding(format!("grown by {} MiB", grown >> 20)),
        _ => Ok(()),
    }
}

fn warm_up(identity: &Identity, server: &Server) -> io::Result<()> {
    let mut connection = identity.connect(server.kmip())?;
    for number in 0..WARM_UP {
        connection.exchange(&encode(&request(V2_1, &[create_aes(&format!("warm-{number}"))])))?;
    }
    Ok(())
}

/// Requests that real clients sent, or our own where the reference folder is missing.
pub fn corpus() -> io::Result<Vec<Vec<u8>>> {
    let mut requests = vec![encode(&request(V2_1, &[create_aes("corpus"), Call::new(Operation::Get, Vec::new())]))];
    let Some(folder) = reference::folder().map(|folder| folder.join("clients/requests")).filter(|path| path.is_dir())
    else {
        return Ok(requests);
    };
    for entry in std::fs::read_dir(folder)? {
        let text = std::fs::read_to_string(entry?.path())?;
        let lines = text.lines().filter_map(|line| line.split('\t').nth(1));
        requests.extend(lines.filter_map(|digits| hex::decode(digits.trim()).ok()));
    }
    Ok(requests)
}
