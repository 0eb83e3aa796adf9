//! The root key moves under load: from software to a token, and from that token to another one with kills on the way. No key
//! is lost or changed, clients notice little, and at the end nothing is left under an older key.

use super::random::Random;
use super::{CampaignError, Outcome, finding};
use crate::message::{Call, call, create_aes, make, material, payload};
use crate::server_process::{Options, Server, check};
use crate::tls::{Connection, Identity};
use crate::token::{Mode, SoftHsm, device, vault};
use kmip_codec::registry::Operation;
use kmip_codec::version::V2_1;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How hard.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Objects that stand in the store before.
    pub objects: usize,
    /// Clients that work meanwhile, each on a connection of its own.
    pub clients: usize,
    /// Kills during the second move.
    pub kills: usize,
    /// How often the tokens are asked.
    pub mode: Mode,
    /// How many times as long the 99th percentile of the answers may take during the first move; `None` judges no times.
    pub slower: Option<f64>,
    /// Starts the sequence of choices.
    pub seed: u64,
}

/// How long the load runs before the first move, to compare with.
const STEADY: Duration = Duration::from_secs(5);
/// How long a move may take in all.
const PATIENCE: Duration = Duration::from_secs(1800);

/// Connections of each client that make its first keys.
const MAKERS: usize = 16;

/// A key and the digest of its material.
type Known = (String, [u8; 32]);

/// One answer.
struct Event {
    ended: Instant,
    took: Duration,
}

/// What the load and the director share.
struct Stage {
    address: Mutex<Option<SocketAddr>>,
    over: AtomicBool,
}

impl Stage {
    fn address(&self) -> Option<SocketAddr> {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, address: Option<SocketAddr>) {
        *self.address.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }
}

/// Plays both moves on a new data directory in `place`.
pub fn run(settings: Settings, place: &Path) -> Outcome {
    let Some(tokens) = SoftHsm::prepare(place)? else { return Ok("rotation: not played".to_owned()) };
    tokens.make_token("next")?;
    let devices = device("first", tokens.module(), "kmip", &tokens.pin_file())
        + &device("second", tokens.module(), "next", &tokens.pin_file());
    let environment = vec![("SOFTHSM2_CONF".to_owned(), tokens.configuration().display().to_string())];
    let with = |config: String| Options {
        config: Some(config + &devices),
        environment: environment.clone(),
        ..Options::new(&place.join("data"))
    };
    let (before, after) = (with(String::new()), with(vault(settings.mode)));

    let server = Server::start(&before)?;
    let mut clients = (0..settings.clients)
        .map(|number| Client::new(&server, settings, number))
        .collect::<Result<Vec<_>, CampaignError>>()?;
    let stage = Stage { address: Mutex::new(Some(server.kmip())), over: AtomicBool::new(false) };
    let (server, moved, events) = thread::scope(|scope| {
        let stage = &stage;
        let load: Vec<_> = clients.iter_mut().map(|client| scope.spawn(move || client.work(stage))).collect();
        let moved = direct(settings, server, stage, &before, &after);
        stage.over.store(true, Ordering::Relaxed);
        let mut events = Vec::new();
        for client in load {
            match client.join() {
                Ok(told) => events.extend(told?),
                Err(_) => return finding("a client panicked"),
            }
        }
        let (server, moved) = moved?;
        Ok::<_, CampaignError>((server, moved, events))
    })?;
    for client in &clients {
        client.verify(server.kmip())?;
    }
    server.stop()?;
    check(&after).or_else(|error| finding(error.to_string()))?;
    let objects: usize = clients.iter().map(|client| client.keys.len()).sum();
    judge(settings, &moved, &events, objects)
}

/// When the first move was, and what the proofs say.
struct Moved {
    began: Instant,
    done: Instant,
    second: Duration,
    kills: usize,
    proof: Value,
}

fn direct(
    settings: Settings,
    server: Server,
    stage: &Stage,
    before: &Options,
    after: &Options,
) -> Result<(Server, Moved), CampaignError> {
    thread::sleep(STEADY);
    let began = Instant::now();
    rotate(&server, &json!({ "to": "pkcs11", "devices": ["first"], "scope_keys": true }))?;
    let first = until(&server, |report| report["rotation"].is_null())?;
    let done = Instant::now();
    proven(&first, settings.objects)?;
    // The data directory says where the root key is, whatever the configuration still says.
    let server = restarted(server, stage, before, Server::stop)?;
    let mut server = restarted(server, stage, after, Server::stop)?;

    let began_second = Instant::now();
    let mut random = Random::new(settings.seed);
    let label = format!("moved-{}", random.number());
    rotate(&server, &json!({ "to": "pkcs11", "devices": ["second"], "root_label": label, "scope_keys": true }))?;
    let mut kills = 0;
    for kill in 0..settings.kills {
        let share = settings.objects.saturating_mul(kill + 1) / (settings.kills + 1);
        let report = until(&server, |report| report["rotation"].is_null() || is_past(report, share))?;
        if report["rotation"].is_null() {
            break;
        }
        kills += 1;
        server = restarted(server, stage, after, |server| server.kill().map(|()| Default::default()))?;
        if report_of(&server)?["rotation"].is_null() && report_of(&server)?["finished"].is_null() {
            return finding("a rotation does not go on after a kill");
        }
    }
    let proof = until(&server, |report| report["rotation"].is_null())?;
    proven(&proof, settings.objects)?;
    if proof["root_key"]["root_label"] != label.as_str() || proof["older"] != json!([]) {
        return finding(format!("the root key is not where it should be: {proof}"));
    }
    let moved = Moved { began, done, second: began_second.elapsed(), kills, proof: proof["finished"].clone() };
    let server = restarted(server, stage, after, Server::stop)?;
    Ok((server, moved))
}

fn restarted(
    server: Server,
    stage: &Stage,
    options: &Options,
    end: impl FnOnce(Server) -> io::Result<std::process::ExitStatus>,
) -> Result<Server, CampaignError> {
    stage.set(None);
    end(server)?;
    let server = Server::start(options)?;
    stage.set(Some(server.kmip()));
    Ok(server)
}

fn rotate(server: &Server, what: &Value) -> Result<(), CampaignError> {
    server.admin_request("POST", "/api/v1/root-key/rotate", what.to_string().as_bytes())?;
    Ok(())
}

fn report_of(server: &Server) -> Result<Value, CampaignError> {
    let answer = server.admin_request("GET", "/api/v1/root-key", b"")?;
    Ok(serde_json::from_slice(&answer).map_err(io::Error::from)?)
}

fn until(server: &Server, holds: impl Fn(&Value) -> bool) -> Result<Value, CampaignError> {
    let since = Instant::now();
    loop {
        let report = report_of(server)?;
        if holds(&report) {
            return Ok(report);
        }
        if since.elapsed() > PATIENCE {
            return finding(format!("a rotation does not end: {report}"));
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Whether the rotation has looked at more objects than this.
fn is_past(report: &Value, share: usize) -> bool {
    let rotation = &report["rotation"];
    let seen = rotation["seen"].as_u64().and_then(|seen| usize::try_from(seen).ok()).unwrap_or_default();
    rotation["stage"] == "proof" || (rotation["stage"] == "objects" && seen >= share)
}

fn proven(report: &Value, objects: usize) -> Result<(), CampaignError> {
    let proof = &report["finished"];
    let looked = proof["objects"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    match proof["outdated"] == json!(0) && looked >= objects {
        true => Ok(()),
        false => finding(format!("no proof that nothing is left: {report}")),
    }
}

/// A client with its keys.
struct Client {
    identity: Identity,
    keys: Vec<Known>,
    random: Random,
    number: usize,
}

impl Client {
    fn new(server: &Server, settings: Settings, number: usize) -> Result<Self, CampaignError> {
        let identity = server.enroll(&format!("client-{number}"))?;
        let random = Random::new(settings.seed.wrapping_add(number as u64).wrapping_mul(0x9E37_79B9));
        let share = settings.objects.div_ceil(settings.clients).div_ceil(MAKERS);
        let keys = thread::scope(|scope| {
            let makers: Vec<_> = (0..MAKERS)
                .map(|maker| {
                    let (identity, address) = (&identity, server.kmip());
                    scope.spawn(move || {
                        let mut connection = identity.connect(address)?;
                        (0..share).map(|n| make_key(&mut connection, &format!("{number}/{maker}/{n}"))).collect()
                    })
                })
                .collect();
            let joined = makers
                .into_iter()
                .map(|maker| maker.join().unwrap_or_else(|_| Err(io::Error::other("a maker panicked"))));
            joined.collect::<io::Result<Vec<Vec<Known>>>>()
        })?;
        Ok(Self { identity, keys: keys.concat(), random, number })
    }

    fn make(&mut self, connection: &mut Connection) -> io::Result<()> {
        let name = format!("{}/{}", self.number, self.random.number());
        self.keys.push(make_key(connection, &name)?);
        Ok(())
    }

    /// Reads and makes keys until it is over; connects again where the server was ended.
    fn work(&mut self, stage: &Stage) -> Result<Vec<Event>, CampaignError> {
        let mut events = Vec::new();
        while !stage.over.load(Ordering::Relaxed) {
            let Some(address) = stage.address() else {
                thread::sleep(Duration::from_millis(10));
                continue;
            };
            match self.work_on(address, stage, &mut events) {
                Err(CampaignError::Io(error)) if stage.address() == Some(address) && !is_end(&error) => {
                    return finding(format!("client {}: {error}", self.number));
                }
                Err(CampaignError::Io(_)) => thread::sleep(Duration::from_millis(10)),
                Err(found) => return Err(found),
                Ok(()) => (),
            }
        }
        Ok(events)
    }

    fn work_on(&mut self, address: SocketAddr, stage: &Stage, events: &mut Vec<Event>) -> Result<(), CampaignError> {
        let mut connection = self.identity.connect(address)?;
        while !stage.over.load(Ordering::Relaxed) {
            let began = Instant::now();
            if self.random.once_in(20) {
                self.make(&mut connection)?;
            } else {
                let at = self.random.below(self.keys.len());
                let Some((id, digest)) = self.keys.get(at) else { continue };
                if read(&mut connection, id)? != *digest {
                    return finding(format!("the material of {id} has changed"));
                }
                events.push(Event { ended: Instant::now(), took: began.elapsed() });
            }
            // A client that only waits for answers would take the whole machine.
            thread::sleep(Duration::from_micros(500));
        }
        Ok(())
    }

    fn verify(&self, address: SocketAddr) -> Result<(), CampaignError> {
        let mut connection = self.identity.connect(address)?;
        for (id, digest) in &self.keys {
            match read(&mut connection, id) {
                Ok(read) if read == *digest => (),
                Ok(_) => return finding(format!("the material of {id} has changed")),
                Err(error) => return finding(format!("{id} is lost: {error}")),
            }
        }
        Ok(())
    }
}

fn make_key(connection: &mut Connection, name: &str) -> io::Result<Known> {
    let id = make(connection, V2_1, &create_aes(name))?;
    let digest = read(connection, &id)?;
    Ok((id, digest))
}

fn read(connection: &mut Connection, id: &str) -> io::Result<[u8; 32]> {
    let answer = call(connection, V2_1, &Call::on(Operation::Get, id))?;
    payload(&answer)?;
    Ok(Sha256::digest(material(&answer)?).into())
}

/// Whether the error is that of a connection whose server was ended.
fn is_end(error: &io::Error) -> bool {
    super::crash::is_broken(error)
}

fn percentile(events: &[Event], from: Instant, until: Instant) -> Duration {
    let within = events.iter().filter(|event| event.ended >= from && event.ended < until);
    let mut times: Vec<Duration> = within.map(|event| event.took).collect();
    times.sort_unstable();
    let at = (times.len() * 99 / 100).min(times.len().saturating_sub(1));
    times.get(at).copied().unwrap_or_default()
}

fn judge(settings: Settings, moved: &Moved, events: &[Event], objects: usize) -> Outcome {
    let Moved { began, done, second, kills, ref proof } = *moved;
    let before = percentile(events, began.checked_sub(STEADY).unwrap_or(began), began);
    let during = percentile(events, began, done);
    let ratio = during.as_secs_f64() / before.as_secs_f64().max(f64::MIN_POSITIVE);
    let line = format!(
        "rotation ({}): {objects} keys whole; software to a token in {:.1} s, p99 of Get {} us before and {} us meanwhile \
         ({ratio:.2} times); to another token in {:.1} s with {kills} kills; {} objects proved, 0 under an older key",
        settings.mode.name(),
        (done - began).as_secs_f64(),
        before.as_micros(),
        during.as_micros(),
        second.as_secs_f64(),
        proof["objects"],
    );
    match settings.slower {
        Some(most) if ratio > most => finding(format!("{line}; at most {most} times is allowed")),
        _ if kills < settings.kills => finding(format!("{line}; {} kills were asked for", settings.kills)),
        _ => Ok(line),
    }
}
