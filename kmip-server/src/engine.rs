//! The engine behind the shell's traits: opens a data directory, evaluates requests, commits changes, runs long work on a
//! bounded pool, and lets dates take effect.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hsm_backend::keystore::{Keystore, RootPlace};
use hsm_backend::pkcs11::PAIR_DEADLINE;
use hsm_backend::rotating::Presence;
use kmip_codec::inline::Text;
use kmip_codec::registry::HashingAlgorithm;
use kmip_codec::secret::{Secret, SecretText, WipedBytes};
use kmip_codec::value::ByteString;
use kmip_core::administration::{NewOneTime, NewUser as CoreUser};
use kmip_core::credentials::DeviceFields;
use kmip_core::engine::{Engine, Evaluation, Parts, Pending as CorePending, SUPPORTED_VERSIONS};
use kmip_core::env::{
    AuthorityProfile, Config as CoreConfig, Custody, Env, Pace, PasswordCheck, Share, UnknownUsers, Work,
};
use kmip_core::identity::{ClientRecord, Listener};
use kmip_core::layout;
use kmip_core::links::{Shown, Standing};
use kmip_core::ports::crypto::Hash;
use kmip_core::ports::store::{Change, RecordSeal, Store};
use kmip_core::ports::vault::{DeviceReport, KeyVault, VaultError};
use kmip_core::reconcile::Reconciliation;
use kmip_core::renewal::ScopeKeyPeriod;
use kmip_core::request::{KeptRequest, Request};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::watch;

use crate::abandoned::{self, Waits};
use crate::audit::{AuditLog, Noted};
use crate::authority::Ask;
use crate::committer::{Committed, Committer};
use crate::config::{AuditReads, Config};
use crate::datadir::DataDir;
use crate::jobs::{self, Runner};
use crate::journal::{Journal, Subject};
use crate::lag::Lag;
use crate::metrics::Metrics;
use crate::outgoing::{Exchanged, Messenger, Messengers};
use crate::pool::Pool;
use crate::rotation::{Host, RootKeyReport, Rotation};
use crate::scrub::Scrub;
use crate::service::{
    Act, Administration, AdministrationError, NewDevice, NewListener, NewUser, OneTimeCodes, Outgoing, Peer, Reply,
    Rotate, Service, ServiceError, failure,
};
use crate::store::{Options, SledStore};
use crate::turns::Turns;
use crate::vault::{self, Secrets, Target};
use crate::vital;

/// How much the thread of a rotation gives way to the threads that answer.
const ROTATION_NICENESS: i32 = 10;
/// Times that a request is evaluated again after conflicts.
pub(crate) const ATTEMPTS: usize = 64;
/// For how long the items of one request may hold up the thread that serves its connection; then it begins again on a pool.
const SHARE: Duration = Duration::from_millis(5);
/// What a request may wait for a device beyond the deadline of one call: a second call, on the next device.
const GRACE: Duration = Duration::from_secs(2);
/// How often due dates are looked for.
const TICK: Duration = Duration::from_millis(500);

/// The engine as a service.
pub(crate) struct EngineService {
    core: Arc<Core>,
    /// The threads that look for what is due.
    lookers: RwLock<Vec<JoinHandle<()>>>,
}

/// What all of the service's threads and tasks share.
pub(crate) struct Core {
    pub(crate) engine: Arc<Engine>,
    committer: RwLock<Option<Committer>>,
    journal: Arc<Journal>,
    store: Arc<SledStore>,
    computing: Arc<Pool>,
    device: Arc<Pool>,
    pairs: Arc<Pool>,
    /// After this time a request that waits for a device is given up.
    patience: Duration,
    stopping: AtomicBool,
    turns: Turns,
    durable_reads: bool,
    pub(crate) jobs: Runner,
    rotation: Rotation,
    rotating: Mutex<Option<JoinHandle<()>>>,
    messengers: Messengers,
}

/// Why a request, or a job, was given up; the text is the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfinished {
    #[error("the key vault's device is out of reach: it did not answer in time; try again later")]
    DeviceHangs,
    #[error("other requests changed the same objects each time; try again")]
    Contended,
    #[error("the change could not be made durable; the server's log says why")]
    NotDurable,
    #[error("the server failed in the request; its log says why")]
    Broken,
}

struct Argon2id;

impl PasswordCheck for Argon2id {
    fn verify(&self, password: &SecretText, hash: &str) -> bool {
        hsm_backend::passwords::verify_password(password, hash)
    }

    fn hash(&self, password: &SecretText) -> Result<String, VaultError> {
        hsm_backend::passwords::hash_password(password)
    }

    fn keep_salted(&self, hash: Hash, iterations: u32, salt: &[u8], salted: &[u8]) -> Result<String, String> {
        hsm_backend::passwords::keep_salted(hash, iterations, salt, salted)
    }

    fn refuse(&self, password: &SecretText) {
        hsm_backend::passwords::refuse_unknown_user(password);
    }

    fn hmac(&self, hash: Hash, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        hsm_backend::passwords::hmac(hash, key, message)
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]]) -> Option<Vec<u8>> {
        Some(hsm_backend::passwords::digest_of(hash, parts))
    }
}

fn seconds() -> i64 {
    seconds_of(SystemTime::now())
}

fn seconds_of(time: SystemTime) -> i64 {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// The time, and the share of it that a request has.
pub(crate) fn now(pace: Pace) -> Env {
    beginning(SystemTime::now(), Instant::now(), pace)
}

fn beginning(at: SystemTime, since: Instant, pace: Pace) -> Env {
    /// Nanoseconds since the first request.
    fn mark(at: Instant) -> u64 {
        static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
        u64::try_from(at.saturating_duration_since(*FIRST).as_nanos()).unwrap_or(u64::MAX)
    }
    let is_spent = |since| u128::from(mark(Instant::now()).saturating_sub(since)) >= SHARE.as_nanos();
    let (share, abandoned) =
        (Some(Share { since: mark(since), is_spent }), Some(abandoned::is_abandoned as fn() -> bool));
    Env { share, abandoned, ..Env::new(seconds_of(at), pace) }
}

/// Makes the root key and the empty store of a new data directory.
pub(crate) fn create(data: &DataDir, config: &Config, secrets: Option<Secrets>) -> Result<(), ServiceError> {
    let (keystore, store) = (data.keystore(), store_path(data, config));
    let vault = match (Keystore::exists(&keystore), SledStore::exists(&store)) {
        (true, true) => return Err(ServiceError(format!("there is a store at {} already", store.display()))),
        (false, true) => {
            let (store, keystore) = (store.display(), keystore.display());
            let text = format!("there is a store at {store}, but no key store at {keystore}: restore it from a backup");
            return Err(ServiceError(text));
        }
        // A creation that was broken off goes on.
        (true, false) => vault::open(&keystore, config, Presence::Required)?,
        (false, false) => {
            let none = || ServiceError(format!("there is no key store at {}", keystore.display()));
            vault::create(&keystore, config, secrets.ok_or_else(none)?)?
        }
    };
    let seal = vault.record_seal();
    let mut id = [0; 16];
    vault.unique(&mut id).map_err(failure)?;
    SledStore::create(&store, seal, id, Options::default()).map_err(failure)?;
    Ok(())
}

fn store_path(data: &DataDir, config: &Config) -> PathBuf {
    config.store.path.clone().unwrap_or_else(|| data.store())
}

fn open_store(
    data: &DataDir,
    config: &Config,
    seal: &Arc<dyn RecordSeal>,
    options: Options,
) -> Result<SledStore, ServiceError> {
    SledStore::open(&store_path(data, config), Arc::clone(seal), options).map_err(failure)
}

/// Whether the data directory has a key store and a store.
pub(crate) fn exists(data: &DataDir, config: &Config) -> bool {
    Keystore::exists(&data.keystore()) && SledStore::exists(&store_path(data, config))
}

/// Opens the engine of a data directory; waits for the devices of its root key until that is given up.
pub(crate) fn open(
    data: &DataDir,
    config: &Config,
    metrics: &Arc<Metrics>,
    given_up: &AtomicBool,
) -> Result<Arc<EngineService>, ServiceError> {
    let vault = vault::open(&data.keystore(), config, Presence::Awaited(given_up))?;
    let seal = vault.record_seal();
    let rotation = Rotation::new(data.keystore(), Arc::clone(&vault));
    let goes_on = rotation.is_unfinished()?;
    let store = Arc::new(open_store(data, config, &seal, Options::default())?);
    let (audit, reopened) = AuditLog::open(&data.audit(), config.audit.segment_bytes).map_err(failure)?;
    if reopened.cut_bytes > 0 {
        tracing::warn!(bytes = reopened.cut_bytes, "the audit log ended in a torn line, which was cut");
    }
    let journal = Arc::new(Journal::new(audit, Arc::clone(metrics)));
    let parts = Parts {
        store: Arc::clone(&store) as Arc<dyn Store>,
        seal,
        vault,
        passwords: Arc::new(Argon2id),
        config: CoreConfig { registers_clients: data.client_authority().is_ok(), ..core_config(config) },
    };
    let engine = Arc::new(Engine::open(parts).map_err(failure)?);
    settle_intents(&engine)?;
    if config.dev {
        enroll_first_client(&engine)?;
        establish_development_authority(&engine);
    }
    let committer = Committer::start(Arc::clone(&engine), Arc::clone(&store) as Arc<dyn Store>, Arc::clone(&journal));
    let messengers = messengers(&engine, &store, &journal);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let core = Arc::new(Core {
        engine,
        committer: RwLock::new(Some(committer.map_err(failure)?)),
        journal,
        store,
        computing: Arc::new(Pool::new(threads.max(2))),
        device: Arc::new(Pool::new(config.vault.sessions)),
        pairs: Arc::new(Pool::new(threads.max(2))),
        patience: Duration::from_secs(config.vault.deadline_s) + GRACE,
        stopping: AtomicBool::new(false),
        turns: Turns::new(config.has_devices()),
        durable_reads: config.audit.reads == AuditReads::Durable,
        jobs: Runner::new(metrics, threads).map_err(failure)?,
        rotation,
        rotating: Mutex::default(),
        messengers,
    });
    if goes_on {
        tracing::info!("the rotation of the root key goes on");
        core.rotation.goes_on(&core.engine);
        rotate_on(&core)?;
    }
    let (ticking, metrics) = (Arc::clone(&core), Arc::clone(metrics));
    let ticker = vital::spawn("tick", move || ticking.tick(&metrics)).map_err(failure)?;
    let writing = Arc::clone(&core);
    let writer = vital::spawn("write-out", move || writing.write_out_in_time()).map_err(failure)?;
    let jobs = jobs::start(&core).map_err(failure)?;
    Ok(Arc::new(EngineService { core, lookers: RwLock::new(vec![ticker, writer, jobs]) }))
}

/// What sessions with clients that hear need; they are told of messages that are queued and of changes of clients' records.
fn messengers(engine: &Arc<Engine>, store: &Arc<SledStore>, journal: &Arc<Journal>) -> Messengers {
    let (tell, queued) = watch::channel(0_u64);
    let tell = Arc::new(tell);
    for followed in [layout::OUTGOING, layout::CLIENTS] {
        let tell = Arc::clone(&tell);
        store.watch(followed, Box::new(move |_: &Change<'_>| tell.send_modify(|count| *count = count.wrapping_add(1))));
    }
    let (engine, store) = (Arc::clone(engine), Arc::clone(store) as Arc<dyn Store>);
    let journal = Arc::clone(journal);
    Messengers { engine, store, queued, now: seconds, journal, exchanged: Exchanged::default() }
}

/// Seals everything anew in a thread of its own.
fn rotate_on(core: &Arc<Core>) -> Result<(), ServiceError> {
    let host = Arc::clone(core);
    let work = move || {
        // On Linux the niceness is the thread's own. Without it the rotation is only less polite.
        let _ = rustix::process::nice(ROTATION_NICENESS);
        host.rotation.run(host.as_ref());
    };
    let thread = vital::spawn("rotation", work).map_err(failure)?;
    *core.rotating.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
    Ok(())
}

/// Brings the vault's hardware and the store together after a crash. What a device cannot settle now stays for later.
fn settle_intents(engine: &Engine) -> Result<(), ServiceError> {
    let Reconciliation { removed_unstored, removed_destroyed, unsettled, .. } =
        engine.settle_intents().map_err(failure)?;
    if !removed_unstored.is_empty() || !removed_destroyed.is_empty() {
        let (unstored, destroyed) = (removed_unstored.len(), removed_destroyed.len());
        tracing::info!(unstored, destroyed, "keys that an earlier run had left in a device were removed");
    }
    for (scope, object, why) in unsettled {
        tracing::warn!(scope, object, why, "a device could not be asked about a key; ask for a reconciliation later");
    }
    Ok(())
}

/// The first client of a development directory is recorded, so that others can join its scope.
fn enroll_first_client(engine: &Engine) -> Result<(), ServiceError> {
    use kmip_core::administration::AdministrationError;
    match engine.enroll(crate::datadir::FIRST_CLIENT, None) {
        Ok(()) | Err(AdministrationError::Exists(_)) => Ok(()),
        Err(error) => Err(failure(error)),
    }
}

/// Days for which the certificate of a development authority is valid.
const DEVELOPMENT_DAYS: u32 = 3_650;

/// Certify works at once where nobody sets up an authority. Not every vault makes such a key: the server serves without, too.
fn establish_development_authority(engine: &Engine) {
    use kmip_core::administration::AdministrationError;
    let subject = "CN=kmip-server development authority".to_owned();
    let ask = Ask::Init { subject, key: "p256".to_owned(), days: DEVELOPMENT_DAYS };
    match crate::authority::act(engine, &ask, now(Pace::Pool)) {
        Ok(_) | Err(AdministrationError::Exists(_)) => {}
        Err(error) => tracing::warn!(%error, "no development authority: Certify is not offered"),
    }
}

pub(crate) fn core_config(config: &Config) -> CoreConfig {
    let unknown_users = match config.kmip.unknown_users {
        crate::config::UnknownUsers::Refuse => UnknownUsers::Refuse,
        crate::config::UnknownUsers::Ignore => UnknownUsers::Ignore,
    };
    let custody = match config.vault.custody {
        crate::config::Custody::Enveloped => Custody::Enveloped,
        crate::config::Custody::Resident => Custody::Resident,
    };
    let scope_key_period = ScopeKeyPeriod {
        objects: config.vault.scope_key_objects,
        seconds: i64::from(config.vault.scope_key_hours).saturating_mul(60 * 60),
    };
    let (interop, lease_seconds) = (config.kmip.interop, config.kmip.lease_s);
    let (ticket_seconds, tickets_per_client) = (i64::from(config.kmip.ticket_s), config.kmip.tickets_per_client);
    let authority = authority_profile(&config.ca);
    let https = config.listen.https.0.is_some();
    let asynchronous = jobs::settings(&config.kmip.asynchronous);
    let settings = CoreConfig { interop, unknown_users, lease_seconds, custody, ..CoreConfig::default() };
    CoreConfig { scope_key_period, ticket_seconds, tickets_per_client, authority, https, asynchronous, ..settings }
}

fn authority_profile(ca: &crate::config::Ca) -> AuthorityProfile {
    const DAY: i64 = 24 * 60 * 60;
    AuthorityProfile {
        validity_seconds: i64::from(ca.validity_days).saturating_mul(DAY),
        longest_seconds: i64::from(ca.longest_days).saturating_mul(DAY),
        extended_usages: ca.extended_key_usages.iter().map(|usage| usage.0.clone()).collect(),
        list_location: ca.crl_url.clone(),
        list_seconds: i64::from(ca.crl_days).saturating_mul(DAY),
    }
}

/// Verifies every record of a data directory that no server uses, on a copy of the store; the text says what was verified.
pub(crate) fn check(data: &DataDir, config: &Config) -> Result<String, ServiceError> {
    let vault = vault::open(&data.keystore(), config, Presence::Required)?;
    let seal = vault.record_seal();
    let store = open_store(data, config, &seal, Options { on_a_copy: true, ..Options::default() })?;
    let report = store.check().map_err(failure)?;
    if !report.damaged.is_empty() {
        let shown: Vec<String> = report.damaged.iter().take(5).map(|d| format!("{}: {}", d.place, d.detail)).collect();
        return Err(ServiceError(format!(
            "{} entries of the store are damaged: {}",
            report.damaged.len(),
            shown.join("; ")
        )));
    }
    let objects = kmip_core::verify::verify(&store, vault.as_ref(), seal.as_ref()).map_err(failure)?;
    Ok(format!("{} entries of the store and {objects}", report.checked))
}

impl Core {
    /// Answers a request that the calling thread did not finish.
    async fn answer(self: Arc<Self>, request: KeptRequest, subject: Subject, first: Evaluation) -> Option<WipedBytes> {
        match self.finish(&request, &subject, first).await {
            Ok(bytes) => bytes,
            Err(why) => {
                tracing::warn!(client = subject.peer.client, %why, "a request could not be completed");
                let reply = self.engine.give_up(&request, now(Pace::Pool), &why.to_string());
                self.reply(reply, &subject)
            }
        }
    }

    /// Commits, and evaluates again as long as others are faster.
    async fn finish(
        self: &Arc<Self>,
        request: &KeptRequest,
        subject: &Subject,
        first: Evaluation,
    ) -> Result<Option<WipedBytes>, Unfinished> {
        let (mut evaluation, mut attempts, mut long) = (first, 0, None);
        while attempts < ATTEMPTS {
            evaluation = match evaluation {
                Evaluation::Reply(reply) => return Ok(self.reply(reply, subject)),
                Evaluation::Defer(work) => {
                    long = Some(work);
                    self.evaluate_on_pool(work, request, subject).await?
                }
                Evaluation::Commit(pending) => match self.commit(pending, subject).await {
                    Some(Committed::Reply(bytes)) => {
                        self.wake_jobs();
                        return Ok(Some(bytes));
                    }
                    Some(again @ (Committed::EvaluateAgain | Committed::RanJob)) => {
                        // Each job that ran brings the request on; conflicts may go on for ever.
                        attempts += usize::from(matches!(again, Committed::EvaluateAgain));
                        match long {
                            Some(work) => self.evaluate_on_pool(work, request, subject).await?,
                            None => self.evaluate(request, &subject.peer, Pace::Inline),
                        }
                    }
                    Some(Committed::Failed) | None => return Err(Unfinished::NotDurable),
                },
            };
        }
        Err(Unfinished::Contended)
    }

    /// Commits a change; `None` if the server stops.
    pub(crate) async fn commit(&self, pending: Box<CorePending>, subject: &Subject) -> Option<Committed> {
        let told = {
            let committer = self.committer.read().unwrap_or_else(PoisonError::into_inner);
            committer.as_ref().map(|committer| committer.submit(pending, subject.clone()))
        };
        told?.await.ok()
    }

    /// Whether no new work begins.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    async fn evaluate_on_pool(
        self: &Arc<Self>,
        work: Work,
        request: &KeptRequest,
        subject: &Subject,
    ) -> Result<Evaluation, Unfinished> {
        let (core, request, peer) = (Arc::clone(self), request.clone(), Arc::clone(&subject.peer));
        let long = move || core.evaluate(&request, &peer, Pace::Pool);
        match self.on_pool(work, &subject.peer.client, long).await? {
            Evaluation::Defer(_) => Err(Unfinished::Broken),
            evaluation => Ok(evaluation),
        }
    }

    /// Does long work of a client on its pool.
    pub(crate) async fn on_pool<T: Send + 'static>(
        &self,
        work: Work,
        client: &str,
        long: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unfinished> {
        let (pool, patience) = match work {
            Work::Computing => (Arc::clone(&self.computing), None),
            Work::Device => (Arc::clone(&self.device), Some(self.patience)),
            Work::DevicePair => (Arc::clone(&self.pairs), Some(PAIR_DEADLINE.max(self.patience))),
        };
        let done = async move {
            let place = pool.place(client).await.map_err(|_| Unfinished::Broken)?;
            // A thread that computes holds its own, whoever waits. One that hangs in a device keeps no other from going on:
            // there are at most as many of those as the device has sessions.
            let (by_thread, by_waiter) =
                if work == Work::Computing { (Some(place), None) } else { (None, Some(place)) };
            let (waits, watch) = Waits::begin();
            let long = move || {
                let done = watch.work(long);
                drop(by_thread);
                done
            };
            let done = tokio::task::spawn_blocking(long).await.map_err(|_| Unfinished::Broken);
            drop((waits, by_waiter));
            done
        };
        match patience {
            None => done.await,
            Some(patience) => tokio::time::timeout(patience, done).await.unwrap_or(Err(Unfinished::DeviceHangs)),
        }
    }

    fn evaluate<'a>(&self, request: impl Into<Request<'a>>, peer: &Peer, pace: Pace) -> Evaluation {
        self.engine.evaluate_from(request, peer.as_sender(), now(pace))
    }

    /// A reply that may leave once it is settled; none if what it tells cannot be noted.
    fn reply(&self, reply: kmip_core::engine::Reply, subject: &Subject) -> Option<WipedBytes> {
        if let Err(error) = self.journal.note(subject, &reply.audit, None) {
            tracing::error!(%error, "the audit log cannot be written");
            return None;
        }
        if reply.exchanges_roles {
            subject.peer.roles.exchange();
        }
        self.wake_jobs();
        Some(reply.bytes)
    }

    /// Makes a change that no request waits for; `false` if the store refuses it.
    fn make(&self, mut pending: CorePending) -> bool {
        let batch = pending.take_batch();
        match self.store.commit(std::slice::from_ref(&batch)) {
            Ok(outcomes) => {
                outcomes.first().map(|outcome| self.engine.finish(pending, outcome));
                true
            }
            Err(error) => {
                tracing::error!(%error, "a change that is due could not be made");
                false
            }
        }
    }

    /// Lets dates take effect, and checks the store little by little, until the server stops.
    fn tick(&self, metrics: &Metrics) {
        let (mut scrub, mut lag) = (Scrub::default(), Lag::default());
        while !self.is_stopping() {
            let behind = self.engine.seconds_behind(seconds());
            metrics.set_clock_lag(behind);
            lag.look(behind);
            while let Some(pending) = self.engine.due(now(Pace::Pool)) {
                let _fenced = self.engine.commits_directly();
                if self.engine.is_outdated(&pending) || !self.make(pending) {
                    break;
                }
            }
            self.tidy_hardware();
            self.renew_spent_scope_keys();
            scrub.step(&self.store);
            std::thread::park_timeout(TICK);
        }
    }

    /// Writes counted uses and audit lines that may wait for a moment, until the server stops. No device holds this up.
    fn write_out_in_time(&self) {
        while !self.is_stopping() {
            self.engine.write_uses();
            if let Err(error) = self.journal.tidy() {
                tracing::error!(%error, "the audit log cannot be written");
            }
            std::thread::park_timeout(TICK);
        }
    }
}

impl Host for Core {
    fn engine(&self) -> &Engine {
        &self.engine
    }

    fn fence(&self) -> bool {
        let told = {
            let committer = self.committer.read().unwrap_or_else(PoisonError::into_inner);
            committer.as_ref().map(Committer::fence)
        };
        self.engine.fence_direct_commits();
        // A committer that ends hangs up.
        told.is_some_and(|told| told.recv().is_ok())
    }

    fn rest(&self, time: Duration) -> bool {
        std::thread::park_timeout(time);
        !self.stopping.load(Ordering::Relaxed)
    }
}

impl Core {
    /// Removes from devices what no object needs any more.
    fn tidy_hardware(&self) {
        // One that is lost would hold up the dates for as long as a call may take.
        if self.engine.vault_health().is_err() {
            return;
        }
        if let Some(pending) = self.engine.tidy_hardware()
            && let Err(error) = self.store.commit(std::slice::from_ref(pending.batch()))
        {
            tracing::error!(%error, "the intents of removed keys could not be cleared");
        }
    }
}

impl Core {
    /// Gives scopes whose key has sealed for long enough another one.
    fn renew_spent_scope_keys(&self) {
        // What a device that is lost cannot do now it does later: the old keys go on sealing.
        if self.engine.vault_health().is_err() {
            return;
        }
        match self.engine.renew_spent_scope_keys(now(Pace::Pool).now) {
            Ok(0) => {}
            Ok(scopes) => tracing::info!(scopes, "scope keys that had sealed for their period have successors"),
            Err(error) => tracing::warn!(%error, "no new scope keys"),
        }
    }
}

impl Service for EngineService {
    fn respond(&self, request: Request<'_>, peer: &Arc<Peer>) -> Reply {
        let subject = Subject::beginning(Arc::clone(peer));
        let turn = self.core.turns.begin();
        let env = beginning(subject.at, subject.since, turn.pace);
        let first = self.core.engine.evaluate_from(request, peer.as_sender(), env);
        drop(turn);
        match first {
            Evaluation::Reply(reply) => self.core.reply(reply, &subject).map_or(Reply::Close, Reply::Now),
            evaluation => Reply::Later(Box::pin(Arc::clone(&self.core).answer(request.keep(), subject, evaluation))),
        }
    }

    fn outgoing(&self, peer: &Peer) -> Option<Box<dyn Outgoing>> {
        Some(Box::new(Messenger::on_exchange(self.core.messengers.clone(), peer)))
    }

    fn queued(&self) -> Option<watch::Receiver<u64>> {
        Some(self.core.messengers.queued.clone())
    }

    fn calls(&self) -> Vec<(String, Listener)> {
        let awaited = self.core.engine.awaited().into_iter().map(|(client, listener)| (client.to_string(), listener));
        awaited.filter(|(client, _)| !self.core.messengers.exchanged.holds(client)).collect()
    }

    fn calling(&self, client: &str, listener: &Listener, shown: Option<[u8; 32]>) -> Option<Box<dyn Outgoing>> {
        Some(Box::new(Messenger::to_listener(self.core.messengers.clone(), client, listener.version, shown)))
    }

    fn standing(&self, fingerprint: &[u8; 32]) -> Option<Standing> {
        self.core.engine.standing(fingerprint)
    }

    fn may_be(&self, certificate: &Shown, client: Option<&str>) -> Result<(), String> {
        match self.core.engine.may_be(certificate, client) {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err("the certificate was issued by Certify here, for clients of another scope, or is revoked"
                    .to_owned())
            }
            // Nobody is kept out for what the store cannot tell: it tells of the damage itself.
            Err(error) => {
                tracing::error!(error = error.message, "whether a certificate was issued here cannot be told");
                Ok(())
            }
        }
    }

    fn barred(&self, client: &str, fingerprint: Option<&[u8; 32]>) -> Option<&'static str> {
        self.core.engine.barred(client, fingerprint)
    }

    fn due(&self) -> Option<Noted> {
        self.core.journal.due()
    }

    fn settle(&self, due: Option<Noted>) -> std::io::Result<()> {
        let written = if self.core.durable_reads { self.core.journal.sync() } else { self.core.journal.settle(due) };
        written.map_err(std::io::Error::other)
    }

    fn ready(&self) -> Result<(), String> {
        match self.core.store.stopped() {
            Some(reason) => Err(format!("the store accepts no changes: {reason}")),
            None if self.core.stopping.load(Ordering::Relaxed) => Err("the server is stopping".to_owned()),
            None => {
                self.core.journal.health().map_err(|error| error.to_string())?;
                self.core.engine.vault_health().map_err(|error| error.to_string())
            }
        }
    }

    fn stop(&self) -> Result<(), ServiceError> {
        self.core.stopping.store(true, Ordering::Relaxed);
        for looker in self.lookers.write().unwrap_or_else(PoisonError::into_inner).drain(..) {
            looker.thread().unpark();
            let _ = looker.join();
        }
        self.core.jobs.wait();
        if let Some(rotating) = self.core.rotating.lock().unwrap_or_else(PoisonError::into_inner).take() {
            rotating.thread().unpark();
            let _ = rotating.join();
        }
        drop(self.core.committer.write().unwrap_or_else(PoisonError::into_inner).take());
        self.core.engine.write_uses();
        self.core.journal.sync().map_err(failure)
    }
}

impl Administration for EngineService {
    fn can_note(&self) -> Result<(), String> {
        self.core.journal.health().map_err(|error| error.to_string())
    }

    fn note(&self, administrator: &Peer, act: &Act) -> Result<(), String> {
        self.core.journal.note_act(administrator, act).map_err(|error| error.to_string())
    }

    fn knows_client(&self, name: &str) -> bool {
        self.core.engine.knows_client(name)
    }

    fn enroll(&self, name: &str, scope: Option<&str>) -> Result<(), AdministrationError> {
        self.core.engine.enroll(name, scope).map_err(refusal)
    }

    fn register_client(&self, name: &str, scope: Option<&str>, certificate: &str) -> Result<(), AdministrationError> {
        let der = kmip_core::trust::from_pem("CERTIFICATE", certificate).map_err(refusal)?;
        self.core.engine.register_client(name, scope, &der, seconds()).map_err(refusal)
    }

    fn renew_client(
        &self,
        name: &str,
        certificate: &str,
        register: bool,
        only: bool,
    ) -> Result<(), AdministrationError> {
        let der = kmip_core::trust::from_pem("CERTIFICATE", certificate).map_err(refusal)?;
        self.core.engine.renew_client(name, &der, (register, only), seconds()).map_err(refusal)
    }

    fn set_disabled(&self, client: &str, disabled: bool) -> Result<bool, AdministrationError> {
        self.core.engine.set_disabled(client, disabled).map_err(refusal)
    }

    fn clients(&self) -> Vec<(String, ClientRecord)> {
        self.core.engine.clients().into_iter().map(|(name, record)| (name.to_string(), record)).collect()
    }

    fn set_quirks(&self, client: &str, quirks: &[String]) -> Result<(), AdministrationError> {
        self.core.engine.set_quirks(client, quirks).map_err(refusal)
    }

    fn set_listening(&self, client: &str, listens: bool) -> Result<(), AdministrationError> {
        self.core.engine.set_listening(client, listens).map_err(refusal)
    }

    fn listen_at(&self, client: &str, listener: NewListener) -> Result<(), AdministrationError> {
        let NewListener { address, version, ca } = listener;
        let version = version.as_deref().unwrap_or("1.4");
        let known = SUPPORTED_VERSIONS.into_iter().find(|known| known.to_string() == version);
        let version = known.ok_or_else(|| AdministrationError::Invalid(format!("{version}: no version of KMIP")))?;
        let trusted = ca.map_or(Ok(Vec::new()), |pem| authorities_in(&pem))?;
        let listener = Listener { address: Text::new(&address), version, trusted };
        self.core.engine.listen_at(client, listener).map_err(refusal)
    }

    fn put(&self, client: &str, object: &str, replaced: Option<&str>) -> Result<(), AdministrationError> {
        self.core.engine.queue_put(client, object, replaced, seconds()).map_err(refusal)
    }

    fn add_user(&self, user: NewUser) -> Result<Option<Secret>, AdministrationError> {
        let NewUser { name, password, client, hashed_password, one_time } = user;
        refuse_empty("password", password.as_ref().map(SecretText::expose_secret))?;
        if password.is_none() && (one_time.is_none() || hashed_password) {
            let needed = "a user needs a password, unless it has one time passwords alone";
            return Err(AdministrationError::Invalid(needed.to_owned()));
        }
        let new = CoreUser {
            name: &name,
            password_hash: &hashed(password.as_ref())?,
            client: client.as_deref(),
            one_time: one_time.as_ref().map(codes).transpose()?,
            hashed: password.as_ref().filter(|_| hashed_password),
            device: None,
        };
        self.core.engine.add(&new).map_err(refusal)
    }

    fn add_device(&self, device: NewDevice) -> Result<(), AdministrationError> {
        let NewDevice { name, fields, password, client } = device;
        let [serial, identifier, network, machine, media] = &fields;
        let fields = [serial, identifier, network, machine, media].map(Option::as_deref);
        refuse_empty("password", password.as_ref().map(SecretText::expose_secret))?;
        fields.iter().try_for_each(|field| refuse_empty("field of a device", *field))?;
        let new = CoreUser {
            name: &name,
            password_hash: &hashed(password.as_ref())?,
            client: client.as_deref(),
            device: Some(DeviceFields(fields)),
            ..CoreUser::default()
        };
        self.core.engine.add(&new).map_err(refusal).map(|_| ())
    }

    fn devices(&self) -> Vec<DeviceReport> {
        self.core.engine.vault_devices()
    }

    fn root_key(&self) -> Result<RootKeyReport, AdministrationError> {
        self.core.rotation.report().map_err(|error| AdministrationError::Unavailable(error.0))
    }

    fn rotate_root_key(&self, config: &Config, rotate: &Rotate) -> Result<RootKeyReport, AdministrationError> {
        let Rotate { place, devices, root_label, scope_keys } = rotate.clone();
        let place = place.map_or_else(|| self.root_key().map(|now| now.root_key.kind), Ok)?;
        if place == RootPlace::Software && (!devices.is_empty() || root_label.is_some()) {
            let text = "devices and a label are of a root key on devices: say that it is to be there (--to pkcs11)";
            return Err(AdministrationError::Invalid(text.to_owned()));
        }
        let target = Target { place, devices, root_label };
        self.core.rotation.begin(self.core.as_ref(), config, &target, scope_keys)?;
        rotate_on(&self.core).map_err(|error| AdministrationError::Unavailable(error.0))?;
        self.root_key()
    }

    fn certificates(&self, ask: &Ask) -> Result<serde_json::Value, AdministrationError> {
        crate::authority::act(&self.core.engine, ask, now(Pace::Pool)).map_err(refusal)
    }

    fn reconcile(&self) -> Result<Reconciliation, AdministrationError> {
        self.core.engine.reconcile().map_err(|error| AdministrationError::Unavailable(error.to_string()))
    }
}

/// The certificates of a PEM text.
fn authorities_in(pem: &str) -> Result<Vec<ByteString>, AdministrationError> {
    let read = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    match read {
        Ok(certificates) if !certificates.is_empty() => {
            Ok(certificates.iter().map(|certificate| ByteString::new(certificate)).collect())
        }
        Ok(_) => Err(AdministrationError::Invalid("the PEM text holds no certificate".to_owned())),
        Err(error) => Err(AdministrationError::Invalid(format!("not a PEM text: {error}"))),
    }
}

/// What is empty proves nothing, and must not be taken for something that does.
fn refuse_empty(what: &str, text: Option<&str>) -> Result<(), AdministrationError> {
    match text {
        Some("") => Err(AdministrationError::Invalid(format!("a {what} is not empty: leave it out, or say it"))),
        _ => Ok(()),
    }
}

/// The stored form of a password; an empty text for none.
fn hashed(password: Option<&SecretText>) -> Result<String, AdministrationError> {
    let hash = password.map(hsm_backend::passwords::hash_password).transpose();
    hash.map(Option::unwrap_or_default).map_err(|error| AdministrationError::Unavailable(error.to_string()))
}

fn codes(asked: &OneTimeCodes) -> Result<NewOneTime, AdministrationError> {
    let hash = match asked.hash.as_str() {
        "sha1" => HashingAlgorithm::SHA_1,
        "sha256" => HashingAlgorithm::SHA_256,
        "sha512" => HashingAlgorithm::SHA_512,
        _ => return Err(AdministrationError::Invalid("one_time.hash: expected sha1, sha256 or sha512".to_owned())),
    };
    Ok(NewOneTime { hash, digits: asked.digits, period: asked.period() })
}

fn refusal(error: kmip_core::administration::AdministrationError) -> AdministrationError {
    use kmip_core::administration::AdministrationError as Core;
    let text = error.to_string();
    match error {
        Core::BadName(_) | Core::NoQuirk(..) | Core::Unacceptable(_) => AdministrationError::Invalid(text),
        Core::Exists(_) | Core::Changed(_) => AdministrationError::Conflict(text),
        Core::Unknown(_) => AdministrationError::NotFound(text),
        Core::Store(_) | Core::Vault(_) => AdministrationError::Unavailable(text),
    }
}

#[cfg(test)]
impl EngineService {
    /// What its threads share.
    pub(crate) fn core(&self) -> Arc<Core> {
        Arc::clone(&self.core)
    }

    /// From now on nothing is committed.
    pub(crate) fn end_committer(&self) {
        drop(self.core.committer.write().unwrap_or_else(PoisonError::into_inner).take());
    }
}
