//! What a call of `commit` comes to: which batches hold, and the last state of every key that they change.
//!
//! Batches see the ones before them through an overlay, so the engine gets each key once, whatever the call does to it.

use foldhash::fast::RandomState;
use kmip_core::ports::store::{Batch, Guard, Outcome, Revision, StoreError, Versioned, Write};

use super::keyspace::{ensure_length, shown};

type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;

/// Point reads of the state before the call.
pub(super) trait Before {
    /// Revision of the value under a key.
    fn revision(&self, key: &[u8]) -> Result<Option<Revision>, StoreError>;
    /// The value under a key.
    fn versioned(&self, key: &[u8]) -> Result<Option<Versioned>, StoreError>;
}

/// The state of a key after the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After<'a> {
    /// A value, written by this revision.
    Value(Revision, &'a [u8]),
    /// A counter, written by this revision.
    Counter(Revision, i64),
    /// Nothing.
    Removed,
}

impl After<'_> {
    /// Revision of the value; `None` if there is none.
    pub fn revision(&self) -> Option<Revision> {
        match self {
            Self::Value(revision, _) | Self::Counter(revision, _) => Some(*revision),
            Self::Removed => None,
        }
    }
}

/// The result of evaluating a call.
pub(super) struct Plan<'a> {
    /// One outcome for each batch.
    pub outcomes: Vec<Outcome>,
    /// Every changed key with its last state.
    pub after: HashMap<&'a [u8], After<'a>>,
    /// Revisions before the call that were read on the way.
    known: HashMap<&'a [u8], Option<Revision>>,
    /// Revision of the last batch that holds, or the one before the call.
    pub revision: Revision,
    /// The last batch that holds.
    pub last: Option<&'a Batch>,
}

impl<'a> Plan<'a> {
    /// Evaluates `batches` in order over the state `before`, whose newest revision is `revision`.
    pub fn evaluate(batches: &'a [Batch], revision: Revision, before: &dyn Before) -> Result<Self, StoreError> {
        let outcomes = Vec::with_capacity(batches.len());
        let after = HashMap::with_capacity_and_hasher(batches.len().saturating_mul(4), RandomState::default());
        let known = HashMap::with_capacity_and_hasher(batches.len(), RandomState::default());
        let mut plan = Self { outcomes, after, known, revision, last: None };
        for batch in batches {
            let outcome = plan.outcome(batch, before)?;
            if let Outcome::Done(revision, sums) = &outcome {
                plan.take(batch, *revision, sums);
            }
            plan.outcomes.push(outcome);
        }
        Ok(plan)
    }

    /// Revision of the value under a changed key before the call.
    pub fn before(&self, key: &[u8], before: &dyn Before) -> Result<Option<Revision>, StoreError> {
        self.known.get(key).map_or_else(|| before.revision(key), |known| Ok(*known))
    }

    fn outcome(&mut self, batch: &'a Batch, before: &dyn Before) -> Result<Outcome, StoreError> {
        ensure_key_lengths(batch)?;
        for guard in &batch.guards {
            let (key, wanted) = match guard {
                Guard::Absent(key) => (key, None),
                Guard::At(key, revision) => (key, Some(*revision)),
            };
            let found = match self.after.get(key.as_slice()) {
                Some(after) => after.revision(),
                None => {
                    let found = before.revision(key)?;
                    self.known.insert(key, found);
                    found
                }
            };
            if found != wanted {
                return Ok(Outcome::Conflict(key.clone()));
            }
        }
        let mut sums: Vec<i64> = Vec::with_capacity(batch.adjusts.len());
        for adjust in &batch.adjusts {
            let earlier = batch.adjusts.iter().zip(&sums).rev().find(|(other, _)| other.key == adjust.key);
            let base = match earlier {
                Some((_, sum)) => *sum,
                None => self.counter(&adjust.key, before)?,
            };
            match base.checked_add(adjust.delta).filter(|sum| *sum >= adjust.floor) {
                Some(sum) => sums.push(sum),
                None => return Ok(Outcome::Floor(adjust.key.clone())),
            }
        }
        let revision = self.revision.checked_add(1).expect("invariant: a store sees less than 2^64 batches");
        Ok(Outcome::Done(revision, sums))
    }

    fn counter(&mut self, key: &'a [u8], before: &dyn Before) -> Result<i64, StoreError> {
        match self.after.get(key) {
            Some(After::Counter(_, sum)) => Ok(*sum),
            Some(After::Value(_, value)) => counter_of(key, value),
            Some(After::Removed) => Ok(0),
            None => {
                let found = before.versioned(key)?;
                self.known.insert(key, found.as_ref().map(|found| found.revision));
                found.map_or(Ok(0), |found| counter_of(key, &found.value))
            }
        }
    }

    fn take(&mut self, batch: &'a Batch, revision: Revision, sums: &[i64]) {
        self.revision = revision;
        self.last = Some(batch);
        for write in &batch.writes {
            match write {
                Write::Put(key, value) => self.after.insert(key, After::Value(revision, value)),
                Write::Delete(key) => self.after.insert(key, After::Removed),
            };
        }
        for (adjust, sum) in batch.adjusts.iter().zip(sums) {
            self.after.insert(&adjust.key, After::Counter(revision, *sum));
        }
    }
}

/// Every key that a batch changes.
pub(super) fn changed_keys(batch: &Batch) -> impl Iterator<Item = &[u8]> {
    let written = batch.writes.iter().map(|write| match write {
        Write::Put(key, _) | Write::Delete(key) => key.as_slice(),
    });
    written.chain(batch.adjusts.iter().map(|adjust| adjust.key.as_slice()))
}

fn ensure_key_lengths(batch: &Batch) -> Result<(), StoreError> {
    changed_keys(batch).try_for_each(ensure_length)
}

fn counter_of(key: &[u8], value: &[u8]) -> Result<i64, StoreError> {
    value.try_into().map(i64::from_be_bytes).map_err(|_| StoreError::Damaged {
        place: shown(key),
        detail: format!("a counter is 8 bytes long, this value {}", value.len()),
    })
}
