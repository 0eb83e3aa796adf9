//! The store seam: an ordered key-value space with guarded atomic batches, a point read, a range scan and a change feed.
//!
//! The seam knows no domain word, so that any ordered engine can meet it. A call of [`Store::commit`] carries several
//! batches, in order; each is applied whole or not at all, and all of them share one durable flush. When the call
//! returns `Ok`, every batch answered with [`Outcome::Done`] is durable: it survives `kill -9` and a power failure.
//! Values are sealed above the engine by a [`RecordSeal`]; the caller of this trait sees plain values.

use std::any::Any;
use std::sync::{Arc, PoisonError, RwLock};

use thiserror::Error;

/// Position in the order of all changes of one store; grows with every batch that is applied.
pub type Revision = u64;

/// A stored value and the revision of the batch that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versioned {
    /// Revision of the batch that wrote the value.
    pub revision: Revision,
    /// The plain value.
    pub value: Vec<u8>,
}

/// A condition that must hold when a batch is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// No value stands under the key.
    Absent(Vec<u8>),
    /// The value under the key was written by exactly this revision.
    At(Vec<u8>, Revision),
}

/// One buffered change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Write {
    /// Stores a value under a key.
    Put(Vec<u8>, Vec<u8>),
    /// Removes a key; removing an absent key is no error.
    Delete(Vec<u8>),
}

/// A relative change of a counter (a value of exactly 8 bytes, a big-endian `i64`; an absent key counts as 0).
///
/// Adjustments are not guards: they are applied in commit order, so that one hot counter causes no conflicts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adjust {
    /// Key of the counter.
    pub key: Vec<u8>,
    /// What is added.
    pub delta: i64,
    /// The batch is refused with [`Outcome::Floor`] if the sum would be below this, or above what an `i64` holds.
    pub floor: i64,
}

/// Changes that are applied together or not at all, if all guards hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// Conditions, all of which must hold.
    pub guards: Vec<Guard>,
    /// Changes; a key appears at most once.
    pub writes: Vec<Write>,
    /// Counters; no key of `writes` appears here.
    pub adjusts: Vec<Adjust>,
    /// What the values of `writes` say, for watchers.
    pub carried: Vec<Carried>,
}

/// What the author of a batch made a value from: watchers get it and need not read the value. It is not stored.
#[derive(Clone)]
pub struct Carried {
    /// Which of the batch's writes it belongs to.
    pub write: usize,
    /// The content, of a type that author and watcher agree on.
    pub content: Arc<dyn Any + Send + Sync>,
}

impl std::fmt::Debug for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Carried").field("write", &self.write).finish_non_exhaustive()
    }
}

impl PartialEq for Carried {
    fn eq(&self, other: &Self) -> bool {
        self.write == other.write && Arc::ptr_eq(&self.content, &other.content)
    }
}
impl Eq for Carried {}

/// What became of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Applied, and durable once `commit` has returned; with the new values of the adjusted counters, in order.
    Done(Revision, Vec<i64>),
    /// A guard on this key did not hold; nothing of the batch was applied.
    Conflict(Vec<u8>),
    /// This counter would have fallen below its floor or overflowed; nothing of the batch was applied.
    Floor(Vec<u8>),
}

/// A failure of the store itself.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A read or write failed, or an earlier failed sync stopped all writing.
    #[error("store unavailable: {0}")]
    Unavailable(String),
    /// A record is damaged: its frame, seal or counter is not what was written.
    #[error("store damaged at {place}: {detail}")]
    Damaged {
        /// Which key or file.
        place: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// One page of a scan, in key order; `more` tells that the limit cut it.
#[derive(Debug, Default)]
pub struct Page {
    /// Keys with their values.
    pub entries: Vec<(Vec<u8>, Versioned)>,
    /// Whether entries remain after the last one.
    pub more: bool,
}

/// A durable change as told to a watcher; `value` is `None` for a removal.
#[derive(Debug)]
pub struct Change<'a> {
    /// The changed key.
    pub key: &'a [u8],
    /// The new plain value.
    pub value: Option<&'a [u8]>,
    /// Revision of the change.
    pub revision: Revision,
    /// What the value says, if this process wrote it and its author told.
    pub content: Option<&'a Arc<dyn Any + Send + Sync>>,
}

/// Receives durable changes in commit order, before `commit` returns.
pub type Watcher = Box<dyn Fn(&Change<'_>) + Send + Sync>;

/// The watchers of a store in this process.
#[derive(Default)]
pub struct Watchers(RwLock<Vec<(Vec<u8>, Watcher)>>);

impl Watchers {
    /// Adds the watcher of a prefix.
    pub fn add(&self, prefix: &[u8], watcher: Watcher) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).push((prefix.to_vec(), watcher));
    }

    /// Tells what became durable.
    pub fn tell(&self, batches: &[Batch], outcomes: &[Outcome]) {
        let watchers = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if watchers.is_empty() {
            return;
        }
        let tell = |change: &Change<'_>| {
            for (_, watcher) in watchers.iter().filter(|(prefix, _)| change.key.starts_with(prefix)) {
                watcher(change);
            }
        };
        for (batch, outcome) in batches.iter().zip(outcomes) {
            if let Outcome::Done(revision, sums) = outcome {
                batch.changes(*revision, sums, &tell);
            }
        }
    }
}

impl Batch {
    /// Tells every change of an applied batch.
    fn changes(&self, revision: Revision, sums: &[i64], tell: &impl Fn(&Change<'_>)) {
        for (number, write) in self.writes.iter().enumerate() {
            let carried = self.carried.iter().find(|carried| carried.write == number);
            let content = carried.map(|carried| &carried.content);
            match write {
                Write::Put(key, value) => tell(&Change { key, value: Some(value), revision, content }),
                Write::Delete(key) => tell(&Change { key, value: None, revision, content: None }),
            }
        }
        for (adjust, sum) in self.adjusts.iter().zip(sums) {
            tell(&Change { key: &adjust.key, value: Some(&sum.to_be_bytes()), revision, content: None });
        }
    }
}

/// Is told of a key whose record is damaged, and how.
pub type Skipped<'a> = dyn FnMut(&[u8], &StoreError) + 'a;

/// An ordered key-value store.
pub trait Store: Send + Sync {
    /// Reads one key.
    fn get(&self, key: &[u8]) -> Result<Option<Versioned>, StoreError>;

    /// Reads keys `from <= key < until` in order, at most `limit` of them.
    fn scan(&self, from: &[u8], until: &[u8], limit: usize) -> Result<Page, StoreError>;

    /// Reads keys as [`Store::scan`] does, but leaves out the damaged ones, which it tells.
    fn scan_readable(
        &self,
        from: &[u8],
        until: &[u8],
        limit: usize,
        skipped: &mut Skipped<'_>,
    ) -> Result<Page, StoreError> {
        let _ = skipped;
        self.scan(from, until, limit)
    }

    /// Applies the batches in order, each seeing those before it, and makes them durable with one flush.
    ///
    /// An error means that nothing may be acknowledged; after a failed sync every later call fails too. With
    /// [`StoreError::Damaged`] nothing was applied and the store goes on: a record that one batch depends on is damaged,
    /// and the batches can be committed again one by one to learn which.
    fn commit(&self, batches: &[Batch]) -> Result<Vec<Outcome>, StoreError>;

    /// Tells `watcher` every later change of a key that starts with `prefix`. A watcher may read, not commit.
    fn watch(&self, prefix: &[u8], watcher: Watcher);
}

/// Seals one value after another: key, revision, value.
pub type Sealer<'a> = Box<dyn FnMut(&[u8], Revision, &[u8]) -> Vec<u8> + 'a>;

/// Seals and opens stored values, and hides text that would stand in a key of the layout.
///
/// The associated data of a seal is the storage key and the revision, so that a record that is edited, swapped with
/// another or put back from an older copy under a newer revision does not open.
pub trait RecordSeal: Send + Sync {
    /// Encrypts and authenticates `value`.
    fn seal(&self, key: &[u8], revision: Revision, value: &[u8]) -> Vec<u8>;

    /// Seals up to `count` values as [`RecordSeal::seal`] does, with what can be prepared for all of them at once.
    fn sealer(&self, count: usize) -> Sealer<'_> {
        let _ = count;
        Box::new(|key, revision, value| self.seal(key, revision, value))
    }

    /// Opens what [`RecordSeal::seal`] made for the same key and revision; `None` if it does not authenticate.
    fn open(&self, key: &[u8], revision: Revision, sealed: &[u8]) -> Option<Vec<u8>>;

    /// A keyed hash of `text`, for keys of the layout that must not show names.
    fn blind(&self, text: &[u8]) -> [u8; 32];
}
