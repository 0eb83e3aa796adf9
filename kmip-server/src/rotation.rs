//! The root key is replaced while the server works, and everything under the old one sealed anew in the background.
//!
//! What is left to do stands in the key store (more than one root key is listed) and in the records, so that a rotation goes
//! on after a crash. It takes turns with the clients: after each step it rests for several times as long as the step took.
//! The old root keys are forgotten when a pass over the whole store has found nothing under them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hsm_backend::keystore::{Contents, Keystore, ListedRoot, RootPlace};
use hsm_backend::rotating::RotatingVault;
use kmip_core::engine::Engine;
use kmip_core::renewal::{Outdated, RenewalError, Renewing, Step};
use serde::Serialize;

use crate::config::Config;
use crate::service::{AdministrationError, ServiceError, failure};
use crate::vault::{self, Target};

/// Records of one step: what a client's change may have to wait for.
const PAGE: usize = 8;
/// Records of one step of a pass that only looks.
const LOOK: usize = 32;
/// How many times as long as a step took the rotation rests after it.
const REST: u32 = 6;
const SHORTEST_REST: Duration = Duration::from_millis(1);
const LONGEST_REST: Duration = Duration::from_millis(250);
/// How long it waits when the vault or the store fails.
const RETRY: Duration = Duration::from_secs(1);

/// What is told of the root key.
#[derive(Debug, Clone, Serialize)]
pub struct RootKeyReport {
    /// The root key that seals.
    pub root_key: ListedRoot,
    /// Root keys that are still needed.
    pub older: Vec<ListedRoot>,
    /// The rotation that goes on, if one does.
    pub rotation: Option<Progress>,
    /// The rotation that this process finished last.
    pub finished: Option<Proof>,
}

/// How far a rotation is.
#[derive(Debug, Clone, Serialize)]
pub struct Progress {
    /// What it does: `scope keys`, `objects` or `proof`.
    pub stage: &'static str,
    /// Records that this stage has looked at.
    pub seen: usize,
    /// Objects of the store, destroyed ones included.
    pub objects: usize,
    /// Records that were sealed anew since the process began.
    pub renewed: usize,
    /// Why it does not get on; it tries again by itself.
    pub waiting: Option<String>,
}

/// The pass that found nothing under an older key.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Proof {
    /// Scope keys that it looked at.
    pub scope_keys: usize,
    /// Objects that it looked at, destroyed ones included.
    pub objects: usize,
    /// How many of both stood under an older key.
    pub outdated: usize,
    /// Records that were sealed anew before it.
    pub renewed: usize,
    /// When it ended, in seconds since 1970.
    pub at: u64,
}

/// What a rotation needs of the server.
pub(crate) trait Host: Send + Sync {
    /// The engine.
    fn engine(&self) -> &Engine;

    /// Waits until every change that was handed in before is committed; `false` if the server stops.
    fn fence(&self) -> bool;

    /// Waits for a time; `false` if the server stops.
    fn rest(&self, time: Duration) -> bool;
}

/// See the module.
pub(crate) struct Rotation {
    keystore: PathBuf,
    vault: Arc<RotatingVault>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    progress: Option<Progress>,
    renewed: usize,
    finished: Option<Proof>,
}

/// The server stops.
struct Stopped;

enum Interruption {
    Stopped,
    Failed(String),
}

impl From<Stopped> for Interruption {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl From<RenewalError> for Interruption {
    fn from(error: RenewalError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Rotation {
    /// For the vault of a key store.
    pub fn new(keystore: PathBuf, vault: Arc<RotatingVault>) -> Self {
        Self { keystore, vault, state: Mutex::default() }
    }

    /// Whether an earlier process left a rotation half done. [`Rotation::run`] goes on with it.
    pub fn is_unfinished(&self) -> Result<bool, ServiceError> {
        Ok(self.contents()?.roots.len() > 1)
    }

    /// What is told of the root key.
    pub fn report(&self) -> Result<RootKeyReport, ServiceError> {
        let Contents { roots: mut older, .. } = self.contents()?;
        let root_key = older.pop().ok_or_else(|| ServiceError("no root key is listed".to_owned()))?;
        let state = self.lock();
        Ok(RootKeyReport { root_key, older, rotation: state.progress.clone(), finished: state.finished })
    }

    /// Takes a new root key into use. When this returns it seals, durably; [`Rotation::run`] is then due.
    pub fn begin(
        &self,
        host: &dyn Host,
        config: &Config,
        target: &Target,
        renews_scope_keys: bool,
    ) -> Result<(), AdministrationError> {
        let unavailable = |error: ServiceError| AdministrationError::Unavailable(error.0);
        // One at a time: whoever comes second finds the list with two keys.
        let mut state = self.lock();
        let mut contents = self.contents().map_err(unavailable)?;
        if contents.roots.len() > 1 || state.progress.is_some() {
            let text = "a rotation of the root key goes on: wait until it is done";
            return Err(AdministrationError::Conflict(text.to_owned()));
        }
        let number = self.vault.root_number().saturating_add(1);
        if let Some(label) = &target.root_label
            && vault::label_of(config, contents.newest()).as_ref() == Some(label)
            && target.place == contents.newest().kind
        {
            let text = format!("the root key in use has the label {label:?}: a new one needs another");
            return Err(AdministrationError::Conflict(text));
        }
        if self.vault.holds_residents() {
            check_residents(config, contents.newest(), target)?;
        }
        let (key, listed) = vault::new_root(&self.keystore, config, target, number).map_err(unavailable)?;
        let successor = self.vault.adopt(key, &contents.store_keys);
        let successor = successor.map_err(|error| AdministrationError::Unavailable(error.to_string()))?;
        contents.store_keys.clone_from(&successor.store_keys);
        contents.roots.push(listed);
        contents.renews_scope_keys = renews_scope_keys;
        contents.write(&self.keystore).map_err(|error| AdministrationError::Unavailable(failure(error).0))?;
        state.progress = Some(Progress {
            stage: "scope keys",
            seen: 0,
            objects: host.engine().object_count(),
            renewed: 0,
            waiting: None,
        });
        state.renewed = 0;
        drop(state);
        // From here on changes that the old key sealed are found before they are committed.
        host.engine().set_renewing(Some(renewing(renews_scope_keys)));
        successor.take_over();
        tracing::info!(number, "a new root key seals; what is under the old one is sealed anew in the background");
        Ok(())
    }

    /// Tells from now on that a rotation goes on: what an earlier process left is not done before its thread has begun.
    pub fn goes_on(&self, engine: &Engine) {
        self.enter("scope keys", engine);
    }

    /// Seals everything anew, until nothing is left or the server stops.
    pub fn run(&self, host: &dyn Host) {
        loop {
            match self.pass(host) {
                Ok(Some(proof)) => {
                    let Proof { scope_keys, objects, renewed, .. } = proof;
                    tracing::info!(scope_keys, objects, renewed, "nothing is left under the old root key");
                    host.engine().set_renewing(None);
                    let mut state = self.lock();
                    state.progress = None;
                    state.finished = Some(proof);
                    return;
                }
                Ok(None) => (),
                Err(Interruption::Stopped) => return,
                Err(Interruption::Failed(reason)) => {
                    tracing::warn!(reason, "the rotation of the root key waits");
                    self.note(|progress| progress.waiting = Some(reason));
                    if !host.rest(RETRY) {
                        return;
                    }
                }
            }
        }
    }

    /// One pass over everything; the proof if nothing was outdated at its end.
    fn pass(&self, host: &dyn Host) -> Result<Option<Proof>, Interruption> {
        let engine = host.engine();
        let mut contents = self.contents().map_err(|error| Interruption::Failed(error.0))?;
        engine.set_renewing(Some(renewing(contents.renews_scope_keys)));
        fence(host)?;
        self.enter("scope keys", engine);
        if contents.renews_scope_keys {
            self.walk(host, |from| engine.renew_scope_keys(from, PAGE, seconds()))?;
            fence(host)?;
        }
        self.walk(host, |from| engine.reseal_scope_keys(from, PAGE))?;
        self.enter("objects", engine);
        self.walk(host, |from| engine.reseal_objects(from, PAGE))?;
        self.walk(host, |from| engine.reseal_jobs(from, PAGE))?;
        fence(host)?;
        self.enter("proof", engine);
        let mut since = Instant::now();
        let counted = engine.count_outdated(LOOK, |seen| {
            self.note(|progress| progress.seen = progress.seen.saturating_add(seen));
            let goes_on = pause(host, since);
            since = Instant::now();
            goes_on
        })?;
        let Outdated { scope_keys, objects, outdated } = counted.ok_or(Stopped)?;
        if outdated > 0 {
            return Ok(None);
        }
        let renewed = self.lock().renewed;
        if contents.renews_scope_keys {
            self.walk(host, |from| engine.remove_older_scope_keys(from, PAGE))?;
        }
        let older = contents.roots.len().saturating_sub(1);
        let older: Vec<ListedRoot> = contents.roots.drain(..older).collect();
        contents.renews_scope_keys = false;
        contents.write(&self.keystore).map_err(|error| Interruption::Failed(error.to_string()))?;
        self.vault.forget_older();
        retire(&self.keystore, &older);
        let at = seconds().unsigned_abs();
        Ok(Some(Proof { scope_keys, objects, outdated, renewed, at }))
    }

    fn walk(
        &self,
        host: &dyn Host,
        mut step: impl FnMut(Option<&[u8]>) -> Result<Step, RenewalError>,
    ) -> Result<(), Interruption> {
        let mut from = None;
        loop {
            let since = Instant::now();
            let Step { seen, renewed, next } = step(from.as_deref())?;
            let mut state = self.lock();
            state.renewed = state.renewed.saturating_add(renewed);
            let total = state.renewed;
            if let Some(progress) = &mut state.progress {
                progress.seen = progress.seen.saturating_add(seen);
                progress.renewed = total;
                progress.waiting = None;
            }
            drop(state);
            if !pause(host, since) {
                return Err(Interruption::Stopped);
            }
            match next {
                Some(next) => from = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn enter(&self, stage: &'static str, engine: &Engine) {
        let mut state = self.lock();
        let renewed = state.renewed;
        let waiting = state.progress.take().and_then(|progress| progress.waiting);
        state.progress = Some(Progress { stage, seen: 0, objects: engine.object_count(), renewed, waiting });
    }

    fn note(&self, change: impl FnOnce(&mut Progress)) {
        if let Some(progress) = &mut self.lock().progress {
            change(progress);
        }
    }

    fn contents(&self) -> Result<Contents, ServiceError> {
        Contents::read(&self.keystore).map_err(failure)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Objects that are on a device stay there: a root key moves only to devices among which the old ones are.
fn check_residents(config: &Config, now: &ListedRoot, target: &Target) -> Result<(), AdministrationError> {
    let all = || config.hsm.iter().map(|hsm| hsm.name.clone()).collect();
    let named = |names: &[String]| if names.is_empty() { all() } else { names.to_vec() };
    let (old, new): (Vec<String>, Vec<String>) = (named(&now.devices), named(&target.devices));
    match old.iter().find(|name| target.place == RootPlace::Software || !new.contains(name)) {
        None => Ok(()),
        Some(name) => Err(AdministrationError::Conflict(format!(
            "objects are kept on devices, {name} among them, and do not move: name it among the devices of the new root key"
        ))),
    }
}

fn renewing(renews_scope_keys: bool) -> Renewing {
    if renews_scope_keys { Renewing::ScopeKeys } else { Renewing::RootKey }
}

/// Seconds since 1970.
fn seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(since).unwrap_or(i64::MAX)
}

fn fence(host: &dyn Host) -> Result<(), Stopped> {
    if host.fence() { Ok(()) } else { Err(Stopped) }
}

fn pause(host: &dyn Host, since: Instant) -> bool {
    host.rest(since.elapsed().saturating_mul(REST).clamp(SHORTEST_REST, LONGEST_REST))
}

/// Puts the files of root keys away that nothing needs any more. What fails here is only told: the keys are not used.
fn retire(keystore: &Path, older: &[ListedRoot]) {
    for root in older {
        match Keystore::retire_root(keystore, root.number) {
            Ok(()) => tracing::info!(
                number = root.number,
                kind = root.kind.name(),
                label = root.root_label,
                "a root key is not needed any more, save for backups from before; destroy it when there is none"
            ),
            Err(error) => {
                tracing::warn!(number = root.number, %error, "the file of an old root key stays in its place")
            }
        }
    }
}
