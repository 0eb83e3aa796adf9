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

/// How hard.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Idle connections.
    pub connections: usize,
    /// Requests of the client that is measured, alone and among them.
    pub requests: usize,
}

/// Bytes that one idle connection may cost.
const BYTES_EACH: u64 = 40 << 10;
/// How many times slower another client may get at its 99th percentile.
const SLOWER: u32 = 3;
/// Measurements of each kind; the best of them tells most about the server and least about the machine.
const TRIES: usize = 5;

/// Opens the connections to a new server in `place`.
pub fn run(settings: Settings, place: &Path) -> Outcome {
    allow_files(settings.connections)?;
    let server = Server::start(&Options::new(&place.join("idle")))?;
    let idle = server.enroll("idle")?;
    let mut active = server.enroll("active")?.connect(server.kmip())?;
    let key = make(&mut active, V2_1, &create_aes("read by one, idled by many"))?;
    let get = encode(&request(V2_1, &[Call::on(Operation::Get, &key)]));
    let mut p99 = || -> io::Result<_> {
        let tries = (0..TRIES).map(|_| Ok(Latencies::of(&mut active, &get, settings.requests)?.percentile(99)));
        Ok(tries.collect::<io::Result<Vec<_>>>()?.into_iter().min().unwrap_or_default())
    };
    let alone = p99()?;
    let before = server.resident_bytes()?;
    let held = (0..settings.connections).map(|_| idle.connect(server.kmip())).collect::<io::Result<Vec<_>>>()?;
    let among = p99()?;
    let each = server.resident_bytes()?.saturating_sub(before) / u64::try_from(held.len()).unwrap_or(1).max(1);
    if each > BYTES_EACH {
        return finding(format!("{} KiB for each of {} idle connections", each >> 10, held.len()));
    }
    if among > alone * SLOWER {
        return finding(format!("p99 {among:?} among {} idle connections, {alone:?} alone", held.len()));
    }
    Ok(format!(
        "idle: {} connections, {:.1} KiB each; p99 of another client {among:?}, {alone:?} alone",
        held.len(),
        each as f64 / 1024.0
    ))
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
