//! Idle connections: another client hardly notices them, and each costs little memory.

use super::latency::Latencies;
use super::{Outcome, finding};
use crate::message::{Call, create_aes, make, request};
use crate::server_process::{Options, Server};
use crate::tree::encode;
use kmip_codec::registry::Operation;
use kmip_codec::version::V2_1;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io;
use std::path::Path;
use std::time::Duration;

/// How hard.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Idle connections.
    pub connections: usize,
    /// Requests of the client that is measured, alone and among them, in each round.
    pub requests: usize,
    /// How many times slower that client may get at its 99th percentile. A few hundred requests measure the scheduler as
    /// much as the server, so a short run only looks for a cost that grows with every connection.
    pub slower: u32,
}

/// Bytes that one idle connection may cost.
const BYTES_EACH: u64 = 40 << 10;
/// Rounds of a measurement alone and one among the idle; the best of each kind tells most about the server and least about
/// the machine, and turns keep a fast or a slow minute of the machine from favouring one kind.
const ROUNDS: usize = 5;

/// Opens the connections to a new server in `place`.
pub fn run(settings: Settings, place: &Path) -> Outcome {
    allow_files(settings.connections)?;
    let server = Server::start(&Options::new(&place.join("idle")))?;
    let idle = server.enroll("idle")?;
    let mut active = server.enroll("active")?.connect(server.kmip())?;
    let key = make(&mut active, V2_1, &create_aes("read by one, idled by many"))?;
    let get = encode(&request(V2_1, &[Call::on(Operation::Get, &key)]));
    let mut p99 = || Latencies::of(&mut active, &get, settings.requests).map(|times| times.percentile(99));
    p99()?;
    let (mut alone, mut among, mut each) = (Duration::MAX, Duration::MAX, 0);
    for round in 0..ROUNDS {
        alone = alone.min(p99()?);
        let before = server.resident_bytes()?;
        let held = (0..settings.connections).map(|_| idle.connect(server.kmip())).collect::<io::Result<Vec<_>>>()?;
        among = among.min(p99()?);
        if round == 0 {
            // Later rounds reuse the memory of the first.
            each = cost_of_each(before, server.resident_bytes()?, held.len());
        }
    }
    let connections = settings.connections;
    if each > BYTES_EACH {
        return finding(format!("{} KiB for each of {connections} idle connections", each >> 10));
    }
    if among > alone * settings.slower {
        return finding(format!("p99 {among:?} among {connections} idle connections, {alone:?} alone"));
    }
    Ok(format!(
        "idle: {connections} connections, {:.1} KiB each; p99 of another client {among:?}, {alone:?} alone",
        each as f64 / 1024.0
    ))
}

fn cost_of_each(before: u64, after: u64, connections: usize) -> u64 {
    after.saturating_sub(before) / u64::try_from(connections).unwrap_or(1).max(1)
}

/// Raises this process's own limit of open files.
fn allow_files(connections: usize) -> io::Result<()> {
    let wanted = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(256);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if maximum.is_some_and(|maximum| maximum < wanted) {
        return Err(io::Error::other(format!("{wanted} open files are needed, the limit is {maximum:?}")));
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).map_err(io::Error::from)
}
