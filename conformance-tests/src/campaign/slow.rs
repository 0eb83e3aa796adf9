//! Clients that never finish what they began: they are let go in time, and nobody else waits for them.

use super::latency::Latencies;
use super::{Outcome, finding};
use crate::message::{Call, request};
use crate::server_process::{Options, Server};
use crate::tree::encode;
use kmip_codec::registry::Operation;
use kmip_codec::version::V2_1;
use std::io::{self, Read};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// How hard.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Slow clients of each kind.
    pub clients: usize,
    /// Requests of the client that is measured.
    pub requests: usize,
}

/// Short times, so that the campaign sees them pass.
const CONFIG: &str = "[kmip.limits]\nhandshake_timeout_s = 3\nmessage_timeout_s = 4\n";
/// The longest of them, and the patience of a busy machine.
const GONE_AFTER: Duration = Duration::from_secs(20);

/// Connects the slow clients to a new server in `place` and measures another client among them.
pub fn run(settings: Settings, place: &Path) -> Outcome {
    let options = Options { config: Some(CONFIG.to_owned()), ..Options::new(&place.join("slow")) };
    let mut server = Server::start(&options)?;
    let slow = server.enroll("slow")?;
    let mut other = server.enroll("other")?.connect(server.kmip())?;
    let query = encode(&request(V2_1, &[Call::new(Operation::DiscoverVersions, Vec::new())]));
    let alone = Latencies::of(&mut other, &query, settings.requests)?.percentile(99);

    let began = Instant::now();
    let silent = (0..settings.clients).map(|_| TcpStream::connect(server.kmip())).collect::<io::Result<Vec<_>>>()?;
    let mut half = Vec::new();
    for at in 0..settings.clients {
        let mut connection = slow.connect(server.kmip())?;
        // A different part of the message each: of the header, or of what follows.
        connection.send(query.get(..1 + at % (query.len() - 1)).unwrap_or_default())?;
        half.push(connection);
    }
    let among = Latencies::of(&mut other, &query, settings.requests)?.percentile(99);
    if among > alone * 10 + Duration::from_millis(100) {
        return finding(format!("p99 of another client {among:?} among slow ones, {alone:?} alone"));
    }
    for mut socket in silent {
        socket.set_read_timeout(Some(GONE_AFTER))?;
        let mut rest = Vec::new();
        if socket.read_to_end(&mut rest).is_err_and(|error| is_timeout(&error)) {
            return finding("a client without a handshake is never let go");
        }
    }
    for mut connection in half {
        connection.set_read_timeout(GONE_AFTER)?;
        if connection.receive().is_err_and(|error| is_timeout(&error)) {
            return finding("a client with half a message is never let go");
        }
    }
    if !server.is_running() {
        return finding("the server is gone");
    }
    Ok(format!(
        "slow: {} clients of each kind let go after {} s; p99 of another {among:?} among them, {alone:?} alone",
        settings.clients,
        began.elapsed().as_secs()
    ))
}

fn is_timeout(error: &io::Error) -> bool {
    [io::ErrorKind::WouldBlock, io::ErrorKind::TimedOut].contains(&error.kind())
}
