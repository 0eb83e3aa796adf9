//! The engine: bytes in, bytes out, in any encoding. A request is evaluated without side effects; if it changes something,
//! the change is a guarded batch that the caller commits before the reply leaves. A conflict evaluates the request again.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use kmip_codec::inline::Text;
use kmip_codec::message::decode::MessageError;
use kmip_codec::message::{
    DecodedRequest, ProtocolVersion, RequestHeader, ResponseBatchItem, ResponseHeader, ResponseMessage, encode_in,
};
use kmip_codec::operation::ResponsePayload;
use kmip_codec::registry::{EndpointRole, Operation, ResultReason, ResultStatus, Tag};
use kmip_codec::secret::WipedBytes;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_0, V1_4, V2_1, V3_0, Version};
use kmip_codec::wire::Encoding;

use crate::archive;
use crate::authenticate::Guesses;
use crate::batch::{self, BatchOutcome};
use crate::catalog::Catalog;
use crate::counters::Counters;
use crate::cryptography::abilities::Abilities;
use crate::cryptography::streams::{Effects, Streams};
use crate::env::{Config, Env, Pace, PasswordCheck, Work};
use crate::error::{Defer, Fault, OpError, OpResult, StartJob};
use crate::identity::{Principal, Sender};
use crate::layout;
use crate::ports::store::{Batch, Change, Guard, Outcome, RecordSeal, Store, StoreError, Write};
use crate::ports::vault::{DeviceReport, KeyVault, Sealed, VaultError};
use crate::quota::Claim;
use crate::request::Request;
use crate::residents::{Held, Residents};
use crate::rotation::Resting;
use crate::txn::Txn;

/// The protocol versions that the engine speaks, by preference: the newest first.
pub const SUPPORTED_VERSIONS: [Version; 8] = [
    V3_0,
    V2_1,
    kmip_codec::version::V2_0,
    V1_4,
    kmip_codec::version::V1_3,
    kmip_codec::version::V1_2,
    kmip_codec::version::V1_1,
    V1_0,
];

/// Objects whose dates take effect in one change.
const DUE_AT_ONCE: usize = 64;

/// What an engine is made of.
pub struct Parts {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The vault.
    pub vault: Arc<dyn KeyVault>,
    /// Blinds names in keys of the layout.
    pub seal: Arc<dyn RecordSeal>,
    /// Checks passwords of KMIP users.
    pub passwords: Arc<dyn PasswordCheck>,
    /// Settings.
    pub config: Config,
}

/// See the module.
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) vault: Arc<dyn KeyVault>,
    pub(crate) seal: Arc<dyn RecordSeal>,
    pub(crate) passwords: Arc<dyn PasswordCheck>,
    pub(crate) config: Config,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) abilities: Abilities,
    pub(crate) streams: Streams,
    pub(crate) counters: Arc<Counters>,
    pub(crate) guesses: Mutex<Guesses>,
    /// See [`Engine::set_renewing`].
    pub(crate) renewing: AtomicU64,
    /// Held by whoever commits what is sealed without the shell's committer, while it is looked at and committed.
    pub(crate) direct: RwLock<()>,
    pub(crate) residents: Arc<Residents>,
    pub(crate) resting: Resting,
    newest: AtomicI64,
    serial: AtomicI64,
    correlation: AtomicU64,
}

/// One line of the audit log: what a batch item did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The user of the credential, if one was given.
    pub user: Option<Text>,
    /// The operation, if it could be read.
    pub operation: Option<Operation>,
    /// The object that the item was about or made.
    pub object: Option<Text>,
    /// The status that the client is told.
    pub status: ResultStatus,
    /// The reason that the client is told.
    pub reason: Option<ResultReason>,
    /// The message that the client is told, or what the client asked to log.
    pub message: Option<String>,
}

/// A reply that may leave.
#[derive(Debug)]
pub struct Reply {
    /// The response message.
    pub bytes: WipedBytes,
    /// What to write to the audit log before it leaves.
    pub audit: Vec<AuditEntry>,
    /// Whether the server is the client on this connection once it has left (KMIP 2.1 §6.1.54).
    pub exchanges_roles: bool,
}

/// A change that must be durable before its reply leaves.
#[derive(Debug)]
pub struct Pending {
    batch: Batch,
    after: After,
    discarded: Vec<Discarded>,
    claims: Option<Held>,
    /// Given back with this.
    _quota_claims: Vec<Claim>,
    effects: Effects,
    now: i64,
    /// Which keys sealed when its evaluation began, where that is told.
    pub(crate) sealed_by: Option<u64>,
}

#[derive(Debug)]
enum After {
    Answer(Box<Answer>, Vec<AuditEntry>),
    /// What a job did.
    Job(Vec<AuditEntry>),
    /// Intents for new keys of a scope.
    Intents(Text, Vec<Text>),
    EvaluateAgain,
}

/// A response message, and how it is written.
#[derive(Debug)]
struct Answer {
    message: ResponseMessage,
    version: Version,
    encoding: Encoding,
}

impl Answer {
    fn reply(&self, audit: Vec<AuditEntry>) -> Reply {
        let bytes = encode_in(self.encoding, Tag::ResponseMessage, &self.message, self.version);
        Reply { bytes, audit, exchanges_roles: exchanges_roles(&self.message) }
    }
}

/// Key material that a committed change leaves behind, for the vault to forget.
#[derive(Debug, Clone)]
pub(crate) struct Discarded {
    pub(crate) scope: Text,
    pub(crate) id: Text,
    pub(crate) spec: [u8; 8],
    pub(crate) sealed: Sealed,
}

impl Pending {
    /// A change after which the request is evaluated anew, or none waits for it.
    pub(crate) fn again(batch: Batch, now: i64) -> Self {
        Self::with(batch, After::EvaluateAgain, now)
    }

    /// No change: its guard fails, once the change is told that is under way, and the request is evaluated anew.
    pub(crate) fn after(guard: Guard, now: i64) -> Self {
        Self::again(Batch { guards: vec![guard], ..Batch::default() }, now)
    }

    /// Whether it answers a request.
    pub(crate) fn answers(&self) -> bool {
        matches!(self.after, After::Answer(..))
    }

    fn with(batch: Batch, after: After, now: i64) -> Self {
        let (discarded, claims, _quota_claims, effects) = Default::default();
        Self { batch, after, discarded, claims, _quota_claims, effects, now, sealed_by: None }
    }

    /// The batch to commit.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// Hands out the batch to commit; [`Engine::finish`] does not need it.
    pub fn take_batch(&mut self) -> Batch {
        self.claims.iter_mut().for_each(Held::may_be_stored);
        std::mem::take(&mut self.batch)
    }
}

/// What an evaluation came to.
#[derive(Debug)]
pub enum Evaluation {
    /// Nothing changes: the reply may leave once it is in the audit log.
    Reply(Reply),
    /// Commit the batch, then call [`Engine::finish`].
    Commit(Box<Pending>),
    /// The work is too long for the calling thread: evaluate again with [`crate::env::Pace::Pool`], on the pool of the work.
    Defer(Work),
}

impl Evaluation {
    /// Notes which keys sealed when it began.
    pub(crate) fn sealed_by(mut self, seals: u64) -> Self {
        if let Self::Commit(pending) = &mut self {
            pending.sealed_by = Some(seals);
        }
        self
    }
}

/// What follows a commit.
#[derive(Debug)]
pub enum Finished {
    /// The change is durable: the reply may leave once it is in the audit log.
    Reply(Reply),
    /// Another request was faster, or a preparation is done: evaluate again.
    EvaluateAgain,
    /// A job is done, which has no reply: write this to the audit log, and evaluate again the request that waits for it, if
    /// one does.
    RanJob(Vec<AuditEntry>),
}

impl Engine {
    /// Opens an engine on its store: reads all records, installs scope keys, follows changes.
    pub fn open(parts: Parts) -> Result<Self, StoreError> {
        let Parts { store, vault, seal, passwords, config } = parts;
        let catalog = Catalog::open(store.as_ref(), &vault, config.cached_objects)?;
        let (newest, serial) = {
            let index = catalog.index();
            (AtomicI64::new(index.newest()), AtomicI64::new(index.last_serial()))
        };
        let (guesses, correlation) = (Mutex::default(), AtomicU64::new(0));
        let abilities = Abilities::of(&vault.capabilities());
        let streams = Streams::default();
        let counters = Arc::new(Counters::default());
        let told = Arc::clone(&counters);
        store.watch(layout::COUNTS, Box::new(move |change: &Change<'_>| told.take(change)));
        Ok(Self {
            store,
            vault,
            seal,
            passwords,
            config,
            catalog,
            abilities,
            streams,
            counters,
            guesses,
            renewing: AtomicU64::new(0),
            direct: RwLock::default(),
            residents: Arc::default(),
            resting: Resting::default(),
            newest,
            serial,
            correlation,
        })
    }

    /// Whether the vault's root key can be used now.
    pub fn vault_health(&self) -> Result<(), VaultError> {
        self.vault.health()
    }

    /// The devices of the vault.
    pub fn vault_devices(&self) -> Vec<DeviceReport> {
        self.vault.devices()
    }

    /// Settings.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Number of objects, destroyed ones included.
    pub fn object_count(&self) -> usize {
        self.catalog.index().count()
    }

    /// The serial of a new object. One that is not used leaves a gap, which says nothing.
    pub(crate) fn next_serial(&self) -> i64 {
        self.serial.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Now, never behind the highest time seen: a clock that steps back reactivates no key.
    pub(crate) fn now(&self, env: Env) -> i64 {
        self.newest.fetch_max(env.now, Ordering::Relaxed).max(env.now)
    }

    /// By how many seconds a clock that shows `now` is behind the highest time seen, which stands still until then.
    pub fn seconds_behind(&self, now: i64) -> i64 {
        self.newest.load(Ordering::Relaxed).saturating_sub(now).max(0)
    }

    /// Evaluates a request of the client that a certificate names. Nothing is changed.
    pub fn evaluate<'a>(&self, request: impl Into<Request<'a>>, client: &str, env: Env) -> Evaluation {
        self.evaluate_from(request, Sender::named(client), env)
    }

    /// Like [`Engine::evaluate`], with all that the connection tells.
    pub fn evaluate_from<'a>(&self, request: impl Into<Request<'a>>, from: Sender<'_>, env: Env) -> Evaluation {
        let (request, now, seals) = (request.into(), self.now(env), self.seals());
        loop {
            let evaluation = match request.decode(&self.config.limits) {
                Ok(decoded) => self.evaluate_decoded(request, decoded, from, Env { now, ..env }),
                Err(error) => Some(Evaluation::Reply(self.unreadable(request, &error, now))),
            };
            if let Some(evaluation) = evaluation {
                return evaluation.sealed_by(seals);
            }
        }
    }

    /// `None` if the request is to be evaluated again at once.
    fn evaluate_decoded(
        &self,
        asked: Request<'_>,
        request: DecodedRequest,
        from: Sender<'_>,
        env: Env,
    ) -> Option<Evaluation> {
        let version = request.header.protocol_version.0;
        let refused = |error: OpError| {
            let reply = self.message_failure(asked, Some(version), Some(&request.header), &error, env.now);
            Some(Evaluation::Reply(reply))
        };
        if !SUPPORTED_VERSIONS.contains(&version) {
            return refused(unsupported_version(version));
        }
        let principal = match self.authenticate(&request.header, from, env) {
            Ok(principal) => Principal { has_channel: from.has_channel, ..principal },
            Err(OpError { defer: Some(Defer::Pool(work)), .. }) => return Some(Evaluation::Defer(work)),
            Err(error) => return refused(error),
        };
        if !self.catalog.has_scope_key(&principal.scope) {
            let waits = self.vault.waits();
            if env.pace != Pace::Pool && (waits.to_make || waits.to_use) {
                return Some(Evaluation::Defer(Work::Device));
            }
            return match self.prepare_scope(&principal.scope, env.now) {
                Ok(pending) => Some(Evaluation::Commit(Box::new(pending))),
                Err(error) => refused(error),
            };
        }
        if let Err(error) = batch::check_header(&request) {
            return refused(error);
        }
        self.run(asked, request, principal, env)
    }

    /// Evaluates a request of the server's own, in a scope that no client acts in. It holds no Poll or Process, which would have
    /// it evaluated again.
    pub(crate) fn evaluate_own(
        &self,
        asked: Request<'_>,
        request: DecodedRequest,
        principal: Principal,
        env: Env,
    ) -> OpResult<Evaluation> {
        if !self.catalog.has_scope_key(&principal.scope) {
            return Ok(Evaluation::Commit(Box::new(self.prepare_scope(&principal.scope, env.now)?)));
        }
        let again = || OpError::new(Fault::Internal, "a request of the server's own waits for a job");
        self.run(asked, request, principal, env).ok_or_else(again)
    }

    /// `None` if the request is to be evaluated again at once.
    pub(crate) fn run(
        &self,
        asked: Request<'_>,
        request: DecodedRequest,
        principal: Principal,
        env: Env,
    ) -> Option<Evaluation> {
        let DecodedRequest { header: request_header, items, .. } = request;
        let version = request_header.protocol_version.0;
        let header = ResponseHeader {
            server_hashed_password: principal.server_hashed_password.clone(),
            ..self.response_header(version, Some(&request_header), env.now, 0)
        };
        let scope = principal.scope.clone();
        let refused = |error: &OpError| {
            Evaluation::Reply(self.message_failure(asked, Some(version), Some(&request_header), error, env.now))
        };
        let outcome = match batch::run(self, asked.bytes, (&request_header, items), principal, env, &header) {
            Ok(outcome) => outcome,
            Err(Defer::Pool(work)) => return Some(Evaluation::Defer(work)),
            Err(Defer::Job(job)) => return self.run_before(&job, env),
            Err(Defer::JobChanged) => return None,
            Err(Defer::Stale(guard)) => return Some(Evaluation::Commit(Box::new(Pending::after(guard, env.now)))),
            Err(Defer::ArchiveKey) => {
                return Some(self.prepare_archive(&scope, env.now).unwrap_or_else(|error| refused(&error)));
            }
            Err(Defer::Intents(wanted)) => {
                return Some(self.intents_for(&scope, wanted, env.now).unwrap_or_else(|error| refused(&error)));
            }
        };
        let count = i32::try_from(outcome.items.len()).unwrap_or(i32::MAX);
        let response_header = ResponseHeader { batch_count: Some(count), ..header };
        let message = ResponseMessage { response_header, batch_item: outcome.items };
        let answer = Answer { message, version, encoding: asked.answer };
        Some(match outcome.batch {
            None => {
                self.apply(outcome.effects, env.now);
                Evaluation::Reply(answer.reply(outcome.audit))
            }
            Some(batch) => Evaluation::Commit(Box::new(Pending {
                batch,
                after: After::Answer(Box::new(answer), outcome.audit),
                discarded: outcome.discarded,
                claims: outcome.claims.map(|claims| Held::new(claims, &self.residents)),
                _quota_claims: outcome.quota_claims,
                effects: outcome.effects,
                now: env.now,
                sealed_by: None,
            })),
        })
    }

    /// Runs a job that a request waits for. `None` if the request is to be evaluated again at once.
    fn run_before(&self, job: &StartJob, env: Env) -> Option<Evaluation> {
        let pace = match env.pace {
            // However the request came to a pool, the job is not what it waits there for.
            Pace::Pool if !job.to_the_end => Pace::Inline,
            pace => pace,
        };
        match self.evaluate_job(&job.key, Env { pace, ..env })? {
            Evaluation::Defer(_) if !job.to_the_end => {
                self.catalog.jobs().hasten(&job.key);
                None
            }
            evaluation => Some(evaluation),
        }
    }

    /// For a commit beside the shell's committer, from the look at [`Engine::is_outdated`] on: no renewal passes it meanwhile.
    pub fn commits_directly(&self) -> RwLockReadGuard<'_, ()> {
        self.direct.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no such commit is under way.
    pub fn fence_direct_commits(&self) {
        drop(self.direct.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Applies what an answered request does beside the store.
    fn apply(&self, mut effects: Effects, now: i64) {
        self.counters.apply(std::mem::take(&mut effects.uses));
        self.streams.apply(effects, now);
    }

    /// The change that a job makes.
    pub(crate) fn commit_job(&self, outcome: BatchOutcome, now: i64) -> Evaluation {
        let BatchOutcome { audit, batch, discarded, claims, quota_claims, effects, .. } = outcome;
        let (batch, after) = (batch.unwrap_or_default(), After::Job(audit));
        let (claims, _quota_claims) = (claims.map(|claims| Held::new(claims, &self.residents)), quota_claims);
        let pending = Pending { batch, after, discarded, claims, _quota_claims, effects, now, sealed_by: None };
        Evaluation::Commit(Box::new(pending))
    }

    /// The change that gives the archive of a scope its key.
    pub(crate) fn prepare_archive(&self, scope: &Text, now: i64) -> OpResult<Evaluation> {
        let pending = self.prepare_scope(&archive::scope_of(scope).into(), now)?;
        Ok(Evaluation::Commit(Box::new(pending)))
    }

    /// The change that makes intents for new keys of a scope.
    pub(crate) fn intents_for(&self, scope: &Text, wanted: usize, now: i64) -> OpResult<Evaluation> {
        let (batch, ids) = self.prepare_intents(scope, wanted)?;
        Ok(Evaluation::Commit(Box::new(Pending::with(batch, After::Intents(scope.clone(), ids), now))))
    }

    /// Goes on after the commit of a pending change.
    pub fn finish(&self, pending: Pending, outcome: &Outcome) -> Finished {
        match (pending.after, outcome) {
            (After::Intents(scope, ids), Outcome::Done(revision, _)) => {
                self.residents.add(&scope, ids, *revision);
                Finished::EvaluateAgain
            }
            (After::EvaluateAgain | After::Intents(..), _) => Finished::EvaluateAgain,
            (After::Answer(..) | After::Job(_), Outcome::Conflict(_) | Outcome::Floor(_)) => {
                pending.claims.into_iter().for_each(Held::abandon);
                Finished::EvaluateAgain
            }
            (after, Outcome::Done(..)) => {
                pending.claims.into_iter().for_each(Held::settle);
                self.forget(pending.discarded);
                self.apply(pending.effects, pending.now);
                match after {
                    After::Answer(answer, audit) => Finished::Reply(answer.reply(audit)),
                    After::Job(audit) => Finished::RanJob(audit),
                    After::EvaluateAgain | After::Intents(..) => Finished::EvaluateAgain,
                }
            }
        }
    }

    /// The reply when a change could not be committed: the store failed, or conflicts did not end.
    pub fn give_up<'a>(&self, request: impl Into<Request<'a>>, env: Env, why: &str) -> Reply {
        let request = request.into();
        match request.decode(&self.config.limits) {
            Ok(DecodedRequest { header, .. }) => {
                let (version, error) = (header.protocol_version.0, OpError::new(Fault::Internal, why));
                self.message_failure(request, Some(version), Some(&header), &error, env.now)
            }
            Err(error) => self.unreadable(request, &error, env.now),
        }
    }

    /// The change that a passing date makes, if one is due: the state follows from the dates by itself, but Last Change
    /// Date moves (KMIP 2.1 §4.29), and objects rotate (§4.51); or the end of asynchronous requests whose time has passed.
    /// Commit it, call [`Engine::finish`], and call again until nothing is due. Operations by parts that nobody goes on with end
    /// here, too.
    pub fn due(&self, env: Env) -> Option<Pending> {
        let seals = self.seals();
        self.due_now(env).map(|pending| Pending { sealed_by: Some(seals), ..pending })
    }

    fn due_now(&self, env: Env) -> Option<Pending> {
        let now = self.now(env);
        self.streams.end_idle(now);
        if let Some(pending) = self.ended_tickets(now).or_else(|| self.ended_messages(now)) {
            return Some(pending);
        }
        let rests = |scope: &Text, id: &Text| self.resting.contains(scope, id, now);
        let mut due = self.catalog.index().due(now, DUE_AT_ONCE, rests);
        let env = Env::new(now, Pace::Pool);
        if let Some(pending) = due.iter().find_map(|(scope, id)| self.rotate(scope, id, env)) {
            return Some(pending);
        }
        // What could not be rotated rests from now on.
        due.retain(|(scope, id)| !rests(scope, id));
        let mut scopes: Vec<&Text> = due.iter().map(|(scope, _)| scope).collect();
        scopes.dedup();
        // An object whose record cannot be read holds up its own scope at most.
        let dates = scopes.into_iter().find_map(|scope| {
            let (store, seal, catalog) = (self.store.as_ref(), self.seal.as_ref(), self.catalog.as_ref());
            let mut txn = Txn::new(store, seal, catalog, scope.clone(), Pace::Pool);
            for (_, id) in due.iter().filter(|(of, _)| of == scope) {
                if let Err(error) = tick(&mut txn, id, now) {
                    tracing::error!(object = %id, error = %error.message, "a date could not take effect");
                }
            }
            let batch = txn.into_batch()?;
            Some(Pending::again(batch, now))
        });
        dates.or_else(|| self.ended_jobs(now))
    }

    /// The change that gives a new scope its key.
    fn prepare_scope(&self, scope: &Text, now: i64) -> OpResult<Pending> {
        let sealed = layout::scope_key_value(self.made_now(scope, now), &self.vault.create_scope_key(scope)?);
        let key = layout::scope_key(scope, 0);
        let batch = Batch {
            guards: vec![Guard::Absent(key.clone())],
            writes: vec![Write::Put(key, sealed)],
            ..Batch::default()
        };
        Ok(Pending::again(batch, now))
    }

    /// The reply to bytes that are no request message (KMIP 1.4 §11.1, KMIP 2.1 §8).
    fn unreadable(&self, request: Request<'_>, error: &MessageError, now: i64) -> Reply {
        let failure = match error.version {
            Some(version) if !SUPPORTED_VERSIONS.contains(&version) => unsupported_version(version),
            Some(_) => OpError::new(batch::malformed(&error.error), error.error.to_string()),
            None => OpError::new(Fault::InvalidMessage, error.error.to_string()),
        };
        self.message_failure(request, error.version, None, &failure, now)
    }

    /// A header and one item without an operation: the whole message fails, in the version that it said.
    fn message_failure(
        &self,
        asked: Request<'_>,
        version: Option<Version>,
        header: Option<&RequestHeader>,
        error: &OpError,
        now: i64,
    ) -> Reply {
        let version = readable_version(version);
        let item = batch::failed_item(None, None, version, error);
        let audit = AuditEntry {
            user: None,
            operation: None,
            object: None,
            status: ResultStatus::OperationFailed,
            reason: item.result_reason,
            message: Some(error.message.clone()),
        };
        let response_header = self.response_header(version, header, now, 1);
        let message = ResponseMessage { response_header, batch_item: vec![item] };
        Answer { message, version, encoding: asked.answer }.reply(vec![audit])
    }

    /// A Server Correlation Value that was not given before.
    pub(crate) fn correlation_value(&self, now: i64) -> Text {
        let number = self.correlation.fetch_add(1, Ordering::Relaxed);
        Text::from(format!("{now:x}-{number:x}"))
    }

    fn response_header(
        &self,
        version: Version,
        request: Option<&RequestHeader>,
        now: i64,
        count: i32,
    ) -> ResponseHeader {
        let correlated = request
            .filter(|header| header.client_correlation_value.is_some() || header.server_correlation_value.is_some());
        let server_correlation_value = correlated.map(|header| {
            let value = self.correlation_value(now);
            let client = header.client_correlation_value.as_ref().map_or("", Text::as_str);
            tracing::info!(client_correlation = client, server_correlation = %value, "correlated request");
            value
        });
        ResponseHeader {
            protocol_version: kmip_codec::message::header::HeaderVersion(version),
            time_stamp: DateTime(now),
            nonce: None,
            server_hashed_password: None,
            attestation_type: Vec::new(),
            client_correlation_value: None,
            server_correlation_value,
            batch_count: Some(count),
        }
    }
}

/// Whether a response says that the server has become the client: of several items, the last one to say something counts.
fn exchanges_roles(message: &ResponseMessage) -> bool {
    let said = |item: &ResponseBatchItem| match &item.response_payload {
        Some(ResponsePayload::SetEndpointRole(answer)) if item.result_status == ResultStatus::Success => {
            Some(answer.endpoint_role == EndpointRole::Client)
        }
        _ => None,
    };
    message.batch_item.iter().rev().find_map(said).unwrap_or(false)
}

/// Notes that a date of an object has passed.
fn tick(txn: &mut Txn<'_>, id: &Text, now: i64) -> OpResult<()> {
    let Some(record) = txn.find(id)? else { return Ok(()) };
    let mut record = record.as_ref().clone();
    let state = crate::state::at(&record, now);
    crate::attributes::touch(&mut record, now);
    tracing::info!(object = %id, %state, "a date has passed");
    txn.put(record)
}

/// The version in which a client that said `version` can read an error.
fn readable_version(version: Option<Version>) -> Version {
    match version {
        Some(version) if SUPPORTED_VERSIONS.contains(&version) => version,
        Some(Version { major: 1, .. }) => V1_4,
        Some(Version { major: 2, .. }) => V2_1,
        Some(_) => V3_0,
        None => V1_0,
    }
}

fn unsupported_version(version: Version) -> OpError {
    let supported: Vec<String> = SUPPORTED_VERSIONS.iter().rev().map(ToString::to_string).collect();
    let message = format!("KMIP {version} is not supported; this server speaks {}", supported.join(", "));
    OpError::new(Fault::UnsupportedVersion, message)
}

/// The protocol version as Discover Versions lists it.
pub(crate) fn listed(version: Version) -> ProtocolVersion {
    version.into()
}

/// Size of a response item on the wire.
pub(crate) fn item_size(item: &ResponseBatchItem, version: Version) -> usize {
    kmip_codec::message::encoded_len(Tag::BatchItem, item, version)
}
