//! Asynchronous requests (KMIP 1.4 §4.27, §4.28, §6.7, §6.8; KMIP 2.1 §6.1.5, §6.1.38, §6.1.39, §6.1.41, §9.1, §9.2, §11.3):
//! batch items that are answered Operation Pending, and run later as a job.
//!
//! The asynchronous items of a request are one job: a durable record, whose request and results are sealed under the key of
//! the scope. What a job changes, its results and its end are one guarded batch, so that a job runs once: after a crash it
//! either ran or waits. That a server begins to run it is durable before: one that makes every server stop ends as failed. Who
//! runs it does not matter, and two may try: the shell, when it is due ([`Engine::take_due_jobs`]), a
//! Poll, if the work is short, or a Process. The guard on the record lets one of them win.
//!
//! A job is bound to the client and user that asked, and nobody else's: any other correlation value does not exist. Both
//! are authorised again when it runs.
//!
//! What the texts leave open, decided here:
//! - **Which items** (KMIP 2.1 §11.3). Mandatory makes all of them asynchronous, save Poll, Cancel, Process and Query
//!   Asynchronous Requests, which answer at once whatever the header says (§6.1.5, §6.1.38 say so of the first two). Optional,
//!   and True of 1.x, leaves it to the server: from the first item on whose operation may take long
//!   ([`Asynchronous::operations`]), because items keep their order. Where the server cannot take another job, such a request
//!   is processed synchronously, and a Mandatory one refused.
//! - **Several items.** The asynchronous items of a request run in order, as one batch with its Batch Error Continuation Option:
//!   an item may use the ID Placeholder that an earlier one sets, also one that was answered at once. With Stop, items behind
//!   a failed one end as failed. A synchronous item cannot use what a pending one will give.
//! - **Undo.** All or nothing, which an item that was answered already cannot take back: with Undo all items are asynchronous if
//!   one is, and an item that is refused at once takes back those that were accepted before it.
//! - **Waiting.** A job waits in the queue for a short time, so that Cancel can win. A Poll ends the wait: whoever asks for the
//!   result does not mean to cancel. What has begun cannot be stopped.
//! - **Once obtained** a result can be asked for again for `REPEATABLE_SECONDS`, should the answer have been lost.
//! - **Other versions.** A result is told in the version in which its request was made.
//! - **Synchronous only** (KMIP 1.0 §11.1, Operation Not Supported): this server can do all its operations synchronously.

mod accept;
mod content;
mod index;
mod record;
mod run;

pub(crate) use accept::Accepting;
pub(crate) use content::check as check_content;
pub use index::JobCounts;
pub(crate) use index::Jobs;
pub(crate) use record::{Job, Stage};
pub(crate) use run::answer_of;

use kmip_codec::inline::Text;
use kmip_codec::registry::{Operation, Tag};
use kmip_codec::value::ByteString;
use kmip_codec::wire::Sink;
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::ttlv::TtlvWriter;

use crate::engine::{Engine, Pending};
use crate::env::Env;
use crate::layout;
use crate::ports::store::{Batch, Guard, StoreError, Write};
use crate::uuid;

/// Seconds for which a result that was obtained can be asked for again.
pub(crate) const REPEATABLE_SECONDS: i64 = 60;
/// Jobs that end in one change.
const ENDED_AT_ONCE: usize = 64;
/// Bytes of the number of an item, at the end of a correlation value.
const PLACE_BYTES: usize = 2;

/// Settings of asynchronous requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asynchronous {
    /// Operations that may take long: they are done asynchronously where the client leaves it to the server.
    pub operations: Vec<Operation>,
    /// Seconds for which a job waits at least before it runs, so that it can be cancelled.
    pub wait_seconds: u32,
    /// Seconds for which a job is kept: until it has run, and again until its results are obtained.
    pub keep_seconds: u32,
    /// Asynchronous items of one client at most, with results that were not obtained yet.
    pub items_per_client: usize,
    /// Bytes of requests and results of one client at most.
    pub bytes_per_client: usize,
}

impl Default for Asynchronous {
    fn default() -> Self {
        use Operation as O;
        Self {
            operations: vec![O::CreateKeyPair, O::ReKeyKeyPair, O::Locate, O::Archive, O::Recover],
            wait_seconds: 1,
            keep_seconds: 24 * 60 * 60,
            items_per_client: 1_000,
            bytes_per_client: 16 << 20,
        }
    }
}

/// Scope and identifier of a job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey {
    pub(crate) scope: Text,
    pub(crate) id: Text,
}

/// The Asynchronous Correlation Value of an item of a job: the job's 16 random bytes, and the place of the item.
pub(crate) fn correlation_value(id: &Text, place: usize) -> ByteString {
    let place = u16::try_from(place).unwrap_or(u16::MAX).to_be_bytes();
    let id = uuid::parse(id).unwrap_or_default();
    ByteString::new(&[&id[..], &place].concat())
}

/// The job and the place of the item that an Asynchronous Correlation Value names; `None` if this server gives no such value.
pub(crate) fn correlated(value: &ByteString) -> Option<(Text, usize)> {
    let (id, place) = value.as_slice().split_first_chunk::<{ uuid::BYTES }>()?;
    let place: [u8; PLACE_BYTES] = place.try_into().ok()?;
    Some((uuid::text(id), usize::from(u16::from_be_bytes(place))))
}

/// What the log tells of an item.
pub(crate) fn remark(value: &ByteString) -> String {
    let digits: String = value.as_slice().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("asynchronous request {digits}")
}

/// Writes fields under a tag, into a buffer of exactly their size that is wiped.
fn written(
    tag: Tag,
    version: kmip_codec::version::Version,
    fields: impl Fn(&mut dyn Sink),
) -> kmip_codec::secret::WipedBytes {
    let structure = |sink: &mut dyn Sink| {
        sink.begin(tag);
        fields(sink);
        sink.end();
    };
    let mut counter = Counter::new(version);
    structure(&mut counter);
    let mut writer = TtlvWriter::with_capacity(version, counter.bytes());
    structure(&mut writer);
    writer.finish()
}

impl Engine {
    /// Jobs that are to run now, at most so many. They count as begun until [`Engine::job_ended`].
    pub fn take_due_jobs(&self, env: Env, limit: usize) -> Vec<JobKey> {
        self.catalog.jobs().take_due(self.now(env), limit)
    }

    /// The client of a job.
    pub fn client_of_job(&self, key: &JobKey) -> Option<Text> {
        self.catalog.jobs().client_of(key)
    }

    /// Whether a job is still to be done.
    pub fn is_job_waiting(&self, key: &JobKey) -> bool {
        self.catalog.jobs().is_waiting(key)
    }

    /// A job is not worked on any more, whatever became of it.
    pub fn job_ended(&self, key: &JobKey) {
        self.catalog.jobs().end(key);
    }

    /// Whether a job has become due by a request since the last call: the shell need not wait for its next look.
    pub fn has_stirred_jobs(&self) -> bool {
        self.catalog.jobs().take_stirred()
    }

    /// How many asynchronous items there are.
    pub fn job_counts(&self) -> JobCounts {
        self.catalog.jobs().counts()
    }

    /// The change that removes jobs whose time has passed.
    pub(crate) fn ended_jobs(&self, now: i64) -> Option<Pending> {
        let mut batch = Batch::default();
        for key in self.catalog.jobs().expired(now, ENDED_AT_ONCE) {
            match self.removal(&key, now) {
                Ok(Some((guard, write))) => {
                    batch.guards.push(guard);
                    batch.writes.push(write);
                }
                Ok(None) => {}
                Err(error) => tracing::error!(%error, "an asynchronous request whose time has passed stays"),
            }
        }
        (!batch.writes.is_empty()).then(|| Pending::again(batch, now))
    }

    fn removal(&self, key: &JobKey, now: i64) -> Result<Option<(Guard, Write)>, StoreError> {
        let place = layout::job(&key.scope, &key.id);
        let Some(found) = self.store.get(&place)? else { return Ok(None) };
        match Job::decode(&found.value) {
            // One that a request has changed meanwhile may have got more time.
            Ok(job) if job.expires > now => Ok(None),
            Ok(job) => {
                if job.is_waiting() {
                    tracing::warn!(client = %job.client, "an asynchronous request did not run in its time, and is dropped");
                }
                Ok(Some((Guard::At(place.clone(), found.revision), Write::Delete(place))))
            }
            Err(error) => Err(StoreError::Damaged { place: "a job".to_owned(), detail: error.to_string() }),
        }
    }
}
