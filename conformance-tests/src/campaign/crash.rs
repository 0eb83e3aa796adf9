//! Rounds of `kill -9` under writers: what was acknowledged is there afterwards, unchanged, and in every index.
//!
//! Each writer keeps a ledger of what the server acknowledged. A change whose answer never came may have happened or not;
//! everything else must be as the ledger says: material by digest, state, Locate by name. A third of what the writers do is
//! work with keys: see `tools`; another third is what befalls whole objects, jobs and tickets: see `lives`.

mod lives;
mod tools;

use super::random::Random;
use super::{CampaignError, Outcome, finding};
use crate::endpoint::Endpoint;
use crate::message::{
    Call, call, create_aes, get_attributes, locate, located, make, material, payload, register_aes, revoke, status,
};
use crate::server_process::{Server, check};
use crate::tls::{Connection, Identity};
use crate::token::Vault;
use crate::tree::Tree;
use kmip_codec::item::Item;
use kmip_codec::registry::{Operation, ResultStatus, State, Tag};
use kmip_codec::version::V2_1;
use lives::Lives;
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;
use tools::Tools;

/// How hard.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Kills.
    pub rounds: usize,
    /// Clients that write at the same time.
    pub writers: usize,
    /// Starts the sequence of choices.
    pub seed: u64,
    /// Where the server keeps its root key.
    pub vault: Vault,
    /// What happens to the data directory between a kill and the next start: nothing, unless the campaign itself is tested.
    pub meanwhile: fn(round: usize, data_dir: &Path) -> io::Result<()>,
}

impl Settings {
    /// An honest campaign: nothing happens between a kill and the next start.
    pub fn new(rounds: usize, writers: usize, seed: u64) -> Self {
        Self { rounds, writers, seed, vault: Vault::Software, meanwhile: |_, _| Ok(()) }
    }
}

/// What a writer knows of one object.
#[derive(Debug, Clone)]
struct Entry {
    name: String,
    identifier: String,
    digest: [u8; 32],
    /// The states it may be in: one, or two while a change is unanswered.
    states: Vec<State>,
}

/// What one writer was told.
#[derive(Debug, Default)]
struct Ledger {
    entries: Vec<Entry>,
    /// Names of objects whose making was not answered.
    unanswered: Vec<String>,
    /// How many of those were looked at after a kill.
    settled: usize,
    made: usize,
    /// Entries touched since the last verification.
    touched: Vec<usize>,
}

struct Writer {
    identity: Identity,
    ledger: Ledger,
    tools: Tools,
    lives: Lives,
    random: Random,
    number: usize,
}

/// Plays the rounds on a new data directory in `place`.
pub fn run(settings: Settings, place: &Path) -> Outcome {
    let Some(options) = settings.vault.server(place)? else { return Ok("crash: not played".to_owned()) };
    let mut random = Random::new(settings.seed);
    let first = Server::start(&options)?;
    let mut writers = (0..settings.writers)
        .map(|number| {
            let identity = first.enroll(&format!("writer-{number}"))?;
            let random = Random::new(random.number());
            Ok(Writer {
                identity,
                ledger: Ledger::default(),
                tools: Tools::default(),
                lives: Lives::default(),
                random,
                number,
            })
        })
        .collect::<io::Result<Vec<_>>>()?;
    let mut server = Some(first);
    for round in 0..settings.rounds {
        let running = match server.take() {
            Some(running) => running,
            None => Server::start(&options)?,
        };
        let lifetime = Duration::from_millis(150 + u64::try_from(random.below(500)).unwrap_or_default());
        // A token takes a tenth of a second for each key that it makes.
        let lifetime = if settings.vault == Vault::Resident { lifetime * 4 } else { lifetime };
        write_until_killed(&mut writers, running, lifetime)?;
        (settings.meanwhile)(round, &options.data_dir)?;
        check(&options).or_else(|error| finding(format!("round {round}: {error}")))?;
        let restarted = Server::start(&options)?;
        let everything = round + 1 == settings.rounds;
        for writer in &mut writers {
            let mut connection = writer.identity.connect(restarted.kmip())?;
            verify(writer, &mut connection, everything).map_err(|error| within(error, &format!("round {round}")))?;
        }
        if settings.vault == Vault::Resident {
            device_agrees(&restarted).map_err(|error| within(error, &format!("round {round}")))?;
        }
        server = Some(restarted);
    }
    if settings.vault == Vault::Resident && token_objects(&place.join("softhsm"))? < settings.rounds {
        return finding("hardly a key stayed in the token: the campaign says nothing of such keys");
    }
    let acknowledged: usize = writers.iter().map(|writer| writer.ledger.entries.len()).sum();
    let unanswered: usize = writers.iter().map(|writer| writer.ledger.settled).sum();
    let checked: usize = writers.iter().map(|writer| writer.tools.checked).sum();
    let uses: i64 = writers.iter().map(|writer| writer.tools.acknowledged()).sum();
    let lives: usize = writers.iter().map(|writer| writer.lives.checked).sum();
    if lives < settings.rounds {
        return finding(format!("only {lives} archived or replaced keys, parts, jobs and tickets were checked"));
    }
    if checked < settings.rounds {
        return finding(format!("only {checked} works with keys were checked: the writers did not work"));
    }
    if acknowledged < settings.rounds {
        return finding(format!("only {acknowledged} objects were acknowledged: the writers did not write"));
    }
    Ok(format!(
        "crash: {} kills under {} writers, {acknowledged} acknowledged objects whole, {unanswered} unanswered makings consistent, \
         {uses} counted uses kept, {checked} works with keys hold, {lives} archives, replacements, parts, jobs and tickets are as \
         they were",
        settings.rounds, settings.writers
    ))
}

/// Files of token objects below a folder of SoftHSM2.
fn token_objects(folder: &Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        count += match path.is_dir() {
            true => token_objects(&path)?,
            false => usize::from(path.extension().is_some_and(|extension| extension == "object")),
        };
    }
    Ok(count)
}

/// Whether the keys in the device are those of the objects in the store, after what the kill left was removed.
fn device_agrees(server: &Server) -> Result<(), CampaignError> {
    let report = server.admin_request("POST", "/api/v1/hsm/reconcile", b"")?;
    let report: serde_json::Value = serde_json::from_slice(&report).map_err(io::Error::other)?;
    let is_empty = |field: &str| report.get(field).and_then(|list| list.as_array()).is_some_and(Vec::is_empty);
    let is_complete = report.get("complete").and_then(serde_json::Value::as_bool) == Some(true);
    if is_complete && ["orphans", "missing", "unsettled"].into_iter().all(is_empty) {
        return Ok(());
    }
    finding(format!("device and store do not agree: {report}"))
}

fn within(error: CampaignError, place: &str) -> CampaignError {
    match error {
        CampaignError::Finding(what) => CampaignError::Finding(format!("{place}: {what}")),
        other => other,
    }
}

fn write_until_killed(writers: &mut [Writer], server: Server, lifetime: Duration) -> Result<(), CampaignError> {
    let address = server.kmip();
    let outcomes: Vec<Result<(), CampaignError>> = thread::scope(|scope| {
        let threads: Vec<_> = writers.iter_mut().map(|writer| scope.spawn(move || writer.write(address))).collect();
        thread::sleep(lifetime);
        let killed = server.kill();
        let mut outcomes: Vec<_> =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| finding("a writer panicked"))).collect();
        outcomes.push(killed.map_err(Into::into));
        outcomes
    });
    outcomes.into_iter().collect()
}

impl Writer {
    /// Writes until the connection breaks; a refusal is a finding.
    fn write(&mut self, server: SocketAddr) -> Result<(), CampaignError> {
        match self.write_on(server) {
            Err(error) if is_broken(&error) => Ok(()),
            Err(error) => finding(format!("writer {}: {error}", self.number)),
            Ok(never) => match never {},
        }
    }

    fn write_on(&mut self, server: SocketAddr) -> io::Result<Infallible> {
        let mut connection = self.identity.connect(server)?;
        loop {
            let kind = self.random.below(3);
            if kind == 0 {
                self.tools.work(&mut self.random, &mut connection)?;
            } else if kind == 1 {
                self.lives.work(self.number, &mut self.random, &mut connection)?;
            } else if self.ledger.entries.is_empty() || self.random.once_in(2) {
                self.make(&mut connection)?;
            } else {
                self.change(&mut connection)?;
            }
        }
    }

    fn make(&mut self, connection: &mut Connection) -> io::Result<()> {
        let name = format!("writer-{}-object-{}", self.number, self.ledger.made);
        self.ledger.made += 1;
        let (made, known) = match self.random.below(3) {
            0 => (create_aes(&name), None),
            1 => {
                let material = self.random.bytes(32);
                (register_aes(&name, &material), Some(material))
            }
            _ => {
                let (derive, expected) = self.tools.derivation(&name, &mut self.random, connection)?;
                (derive, Some(expected))
            }
        };
        self.ledger.unanswered.push(name.clone());
        let identifier = make(connection, V2_1, &made)?;
        // Acknowledged from here on. The digest of a created key is known once it was read; a kill in between leaves none.
        self.ledger.unanswered.pop();
        let known = match known {
            Some(material) => Ok(material),
            None => call(connection, V2_1, &Call::on(Operation::Get, &identifier)).and_then(|item| material(&item)),
        };
        let digest = known.as_ref().map(|material| Sha256::digest(material).into()).unwrap_or_default();
        self.ledger.touched.push(self.ledger.entries.len());
        self.ledger.entries.push(Entry { name, identifier, digest, states: vec![State::PreActive] });
        known.map(drop)
    }

    fn change(&mut self, connection: &mut Connection) -> io::Result<()> {
        let at = self.random.below(self.ledger.entries.len());
        let Some(entry) = self.ledger.entries.get_mut(at) else { return Ok(()) };
        let id = entry.identifier.as_str();
        let (change, after) = match entry.states.as_slice() {
            [State::PreActive] => (Call::on(Operation::Activate, id), State::Active),
            [State::Active] => (revoke(id), State::Deactivated),
            [State::Deactivated] => (Call::on(Operation::Destroy, id), State::Destroyed),
            _ => return Ok(()),
        };
        self.ledger.touched.push(at);
        entry.states.push(after);
        let item = call(connection, V2_1, &change)?;
        payload(&item)?;
        entry.states = vec![after];
        Ok(())
    }
}

/// Sends one call, in the version that the writers speak.
fn ask(connection: &mut Connection, asked: &Call) -> io::Result<Item> {
    call(connection, V2_1, asked)
}

/// Whether the error is that of a connection whose server was killed.
pub(super) fn is_broken(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    [UnexpectedEof, ConnectionReset, ConnectionAborted, ConnectionRefused, BrokenPipe, NotConnected]
        .contains(&error.kind())
}

/// Compares what the server says with the ledger, and settles what was open.
fn verify(writer: &mut Writer, connection: &mut Connection, everything: bool) -> Result<(), CampaignError> {
    let Writer { ledger, random, tools, lives, number, .. } = writer;
    let of_writer = |error| within(error, &format!("writer-{number}"));
    tools.verify(connection).map_err(of_writer)?;
    lives.verify(connection).map_err(of_writer)?;
    let mut chosen = std::mem::take(&mut ledger.touched);
    if everything {
        chosen = (0..ledger.entries.len()).collect();
    } else {
        chosen.extend((0..50).map(|_| random.below(ledger.entries.len())));
    }
    chosen.sort_unstable();
    chosen.dedup();
    for at in chosen {
        if let Some(entry) = ledger.entries.get_mut(at) {
            verify_entry(entry, connection)?;
        }
    }
    ledger.settled += ledger.unanswered.len();
    for name in ledger.unanswered.drain(..) {
        verify_unanswered(&name, connection)?;
    }
    Ok(())
}

fn verify_entry(entry: &mut Entry, connection: &mut Connection) -> Result<(), CampaignError> {
    let shown = format!("{} ({})", entry.name, entry.identifier);
    let state =
        state_of(connection, &entry.identifier).or_else(|error| finding(format!("{shown} is lost: {error}")))?;
    if !entry.states.contains(&state) {
        return finding(format!("{shown} is {state}, not {:?}", entry.states));
    }
    entry.states = vec![state];
    let found = located(&call(connection, V2_1, &locate(&entry.name))?)?;
    let get = call(connection, V2_1, &Call::on(Operation::Get, &entry.identifier))?;
    if state == State::Destroyed {
        return match (found.as_slice(), status(&get)) {
            ([], Some(ResultStatus::OperationFailed)) => Ok(()),
            _ => finding(format!("{shown} is destroyed, but Locate finds {found:?} or Get serves it")),
        };
    }
    if found != [entry.identifier.as_str()] {
        return finding(format!("Locate of {shown} finds {found:?}"));
    }
    let digest: [u8; 32] = Sha256::digest(material(&get)?).into();
    match entry.digest {
        known if known == digest => Ok(()),
        known if known == [0; 32] => {
            entry.digest = digest;
            Ok(())
        }
        _ => finding(format!("the material of {shown} has changed")),
    }
}

fn state_of(endpoint: &mut dyn Endpoint, identifier: &str) -> io::Result<State> {
    let item = call(endpoint, V2_1, &get_attributes(identifier))?;
    let state = payload(&item)?.at(&[Tag::Attributes, Tag::State]).and_then(Tree::as_enumeration).map(State);
    state.ok_or_else(|| io::Error::other("no State"))
}

/// A making without an answer: either nothing is there, or one whole object that its name leads to.
fn verify_unanswered(name: &str, connection: &mut Connection) -> Result<(), CampaignError> {
    let found = located(&call(connection, V2_1, &locate(name))?)?;
    match found.as_slice() {
        [] => Ok(()),
        [identifier] => {
            let get = call(connection, V2_1, &Call::on(Operation::Get, identifier))?;
            material(&get).map(drop).or_else(|error| finding(format!("{name} is found, but cannot be read: {error}")))
        }
        several => finding(format!("{name} leads to {} objects", several.len())),
    }
}
