//! [`MemoryStore`]: the store seam over a map in memory, with failures and crashes on command.
//!
//! What a "crash" leaves behind is the [`Medium`]; a new store opened over it sees what a restarted server would see.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::ports::store::{
    Adjust, Batch, Guard, Outcome, Page, Revision, Store, StoreError, Versioned, Watcher, Watchers, Write,
};

/// What happens at an armed step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The step reports an error; the process lives on.
    Fail,
    /// The process dies at this step.
    Kill,
}

/// Lets one write step of a store fail or die; shared between a test and the store that it opens.
#[derive(Debug, Clone, Default)]
pub struct FaultPlan(Arc<Mutex<Option<(u64, Fault)>>>);

impl FaultPlan {
    /// The `step`-th write step from now (0 is the next one) suffers `fault`.
    pub fn arm(&self, step: u64, fault: Fault) {
        *locked(&self.0) = Some((step, fault));
    }

    /// Takes back what [`FaultPlan::arm`] planned; tells whether it was still ahead.
    pub fn disarm(&self) -> bool {
        locked(&self.0).take().is_some()
    }

    /// Called by a store before each step that writes; counts, and gives the fault when its turn has come.
    #[must_use]
    pub fn step(&self) -> Option<Fault> {
        let mut plan = locked(&self.0);
        match *plan {
            None => None,
            Some((0, fault)) => {
                *plan = None;
                Some(fault)
            }
            Some((left, fault)) => {
                *plan = Some((left - 1, fault));
                None
            }
        }
    }
}

/// What outlives a [`MemoryStore`]: its durable content.
#[derive(Clone, Default)]
pub struct Medium(Arc<RwLock<Content>>);

#[derive(Default)]
struct Content {
    entries: BTreeMap<Vec<u8>, Versioned>,
    revision: Revision,
}

impl Medium {
    fn read<T>(&self, look: impl FnOnce(&Content) -> T) -> T {
        look(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn merge(&self, call: Call<'_>) {
        let mut content = self.0.write().unwrap_or_else(PoisonError::into_inner);
        content.revision = call.revision;
        for (key, value) in call.overlay {
            match value {
                Some(value) => content.entries.insert(key, value),
                None => content.entries.remove(&key),
            };
        }
    }
}

/// A store in memory.
#[derive(Default)]
pub struct MemoryStore {
    medium: Medium,
    faults: FaultPlan,
    /// Why writing has stopped; its lock makes commits one after the other.
    stopped: Mutex<Option<String>>,
    killed: AtomicBool,
    watchers: Watchers,
}

impl MemoryStore {
    /// An empty store that never fails.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the store that a former one left on `medium`; `faults` decides which of its writes go wrong.
    #[must_use]
    pub fn over(medium: &Medium, faults: &FaultPlan) -> Self {
        Self { medium: medium.clone(), faults: faults.clone(), ..Self::default() }
    }

    /// Counts one write step; at a fault stops the store and, if it is a kill, leaves `written` on the medium as a
    /// killed process leaves what it had handed to the operating system.
    fn step<'a>(&self, stopped: &mut Option<String>, written: Call<'a>) -> Result<Call<'a>, StoreError> {
        let Some(fault) = self.faults.step() else { return Ok(written) };
        if fault == Fault::Kill {
            self.killed.store(true, Ordering::SeqCst);
            self.medium.merge(written);
        }
        let reason = "an earlier write failed (injected); restart the server".to_owned();
        *stopped = Some(reason.clone());
        Err(StoreError::Unavailable(reason))
    }

    fn ensure_alive(&self) -> Result<(), StoreError> {
        if self.killed.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("the store was killed (injected)".to_owned()));
        }
        Ok(())
    }
}

impl Store for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        self.ensure_alive()?;
        Ok(self.medium.read(|content| content.entries.get(key).cloned()))
    }

    fn scan(&self, from: &[u8], until: &[u8], limit: usize) -> Result<Page, StoreError> {
        self.ensure_alive()?;
        if from >= until {
            return Ok(Page::default());
        }
        Ok(self.medium.read(|content| {
            let mut found = content.entries.range(from.to_vec()..until.to_vec());
            let entries = found.by_ref().take(limit).map(|(key, value)| (key.clone(), value.clone())).collect();
            Page { entries, more: found.next().is_some() }
        }))
    }

    fn commit(&self, batches: &[Batch]) -> Result<Vec<Outcome>, StoreError> {
        let mut stopped = locked(&self.stopped);
        if let Some(reason) = &*stopped {
            return Err(StoreError::Unavailable(reason.clone()));
        }
        let mut call = Call::over(&self.medium);
        let before = call.revision;
        let mut outcomes = Vec::with_capacity(batches.len());
        for batch in batches {
            let outcome = call.evaluate(batch)?;
            if let Outcome::Done(revision, sums) = &outcome {
                call = self.step(&mut stopped, call)?;
                call.apply(batch, *revision, sums);
            }
            outcomes.push(outcome);
        }
        if call.revision > before {
            // The sync, and the moment between it and the answer.
            call = self.step(&mut stopped, call)?;
            call = self.step(&mut stopped, call)?;
            self.medium.merge(call);
            self.watchers.tell(batches, &outcomes);
        }
        Ok(outcomes)
    }

    fn watch(&self, prefix: &[u8], watcher: Watcher) {
        self.watchers.add(prefix, watcher);
    }
}

/// The state as the batches of one call see it: the medium under the changes of the batches before.
struct Call<'a> {
    medium: &'a Medium,
    overlay: BTreeMap<Vec<u8>, Option<Versioned>>,
    revision: Revision,
}

impl<'a> Call<'a> {
    fn over(medium: &'a Medium) -> Self {
        Self { medium, overlay: BTreeMap::new(), revision: medium.read(|content| content.revision) }
    }

    fn current(&self, key: &[u8]) -> Option<Versioned> {
        match self.overlay.get(key) {
            Some(changed) => changed.clone(),
            None => self.medium.read(|content| content.entries.get(key).cloned()),
        }
    }

    fn evaluate(&self, batch: &Batch) -> Result<Outcome, StoreError> {
        for guard in &batch.guards {
            let (key, wanted) = match guard {
                Guard::Absent(key) => (key, None),
                Guard::At(key, revision) => (key, Some(*revision)),
            };
            if self.current(key).map(|value| value.revision) != wanted {
                return Ok(Outcome::Conflict(key.clone()));
            }
        }
        let mut sums: Vec<i64> = Vec::with_capacity(batch.adjusts.len());
        for adjust in &batch.adjusts {
            let earlier = batch.adjusts.iter().zip(&sums).rev().find(|(other, _)| other.key == adjust.key);
            let base = match earlier {
                Some((_, sum)) => *sum,
                None => self.counter(adjust)?,
            };
            match base.checked_add(adjust.delta).filter(|sum| *sum >= adjust.floor) {
                Some(sum) => sums.push(sum),
                None => return Ok(Outcome::Floor(adjust.key.clone())),
            }
        }
        Ok(Outcome::Done(self.revision + 1, sums))
    }

    fn counter(&self, adjust: &Adjust) -> Result<i64, StoreError> {
        let Some(stored) = self.current(&adjust.key) else { return Ok(0) };
        stored.value.try_into().map(i64::from_be_bytes).map_err(|_| StoreError::Damaged {
            place: adjust.key.escape_ascii().to_string(),
            detail: "a counter is not 8 bytes long".to_owned(),
        })
    }

    fn apply(&mut self, batch: &Batch, revision: Revision, sums: &[i64]) {
        self.revision = revision;
        for write in &batch.writes {
            match write {
                Write::Put(key, value) => {
                    self.overlay.insert(key.clone(), Some(Versioned { revision, value: value.clone() }))
                }
                Write::Delete(key) => self.overlay.insert(key.clone(), None),
            };
        }
        for (adjust, sum) in batch.adjusts.iter().zip(sums) {
            let value = sum.to_be_bytes().to_vec();
            self.overlay.insert(adjust.key.clone(), Some(Versioned { revision, value }));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::store_exerciser::{self, Subject};

    #[derive(Default)]
    struct InMemory {
        medium: Medium,
        faults: FaultPlan,
    }

    impl Subject for InMemory {
        fn open(&mut self) -> Box<dyn Store> {
            Box::new(MemoryStore::over(&self.medium, &self.faults))
        }

        fn clear(&mut self) {
            self.medium = Medium::default();
        }

        fn faults(&self) -> FaultPlan {
            self.faults.clone()
        }
    }

    #[test]
    fn memory_store_passes_the_exerciser() {
        store_exerciser::exercise(&mut InMemory::default());
    }
}
