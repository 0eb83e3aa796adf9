//! Renewal: what stands under an older root key, or an older key of its scope, is sealed anew while the server works
//! (NIST SP 800-57 Part 1 §5.3.6, cryptoperiods end; §8.2.3 key change).
//!
//! Scope keys are renewed by themselves after so many objects and so much time ([`Engine::renew_spent_scope_keys`]): what the
//! older ones sealed stays under them. A renewal that a change of the root key makes can take them along, or leave them.
//!
//! A renewal is a series of steps over the store, each a page of records that are replaced under guards and one durable flush:
//! a client's change of the same record wins, and the next pass looks again. It has no state of its own: what is left to do is
//! in the records, so that it goes on after a crash. It ends with a pass that finds nothing outdated: [`Engine::count_outdated`].
//!
//! A change that was evaluated before a key was replaced may still carry what the older key sealed, however long that takes.
//! [`Engine::is_outdated`] finds such changes before they are committed: they are evaluated again.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kmip_codec::inline::Text;
use thiserror::Error;

use crate::engine::{Engine, Pending};
use crate::jobs::Job;
use crate::layout::{self, Made};
use crate::material::Bound;
use crate::object::Record;
use crate::ports::store::{Batch, Carried, Guard, Outcome, StoreError, Versioned, Write};
use crate::ports::vault::VaultError;

/// The bits of [`Engine::seals`] that are the kind of a renewal: none, of the root key, of scope keys too.
const KIND: u64 = 3;
const ROOT_KEY: u64 = 1;
const SCOPE_KEYS_TOO: u64 = 2;
/// Scope keys that are made at once.
const AT_ONCE: usize = 64;

/// Why a renewal stops. It may go on later.
#[derive(Debug, Error)]
pub enum RenewalError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault: most likely a device that is away.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A record that cannot be read.
    #[error("a record cannot be read: {0}")]
    Record(String),
}

/// What one step of a renewal did.
#[derive(Debug, Default)]
pub struct Step {
    /// Records that were looked at.
    pub seen: usize,
    /// Records that were replaced. One that was changed by a client meanwhile is not, and the next pass looks at it again.
    pub renewed: usize,
    /// Where the next step begins; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// What a pass over the whole store counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outdated {
    /// Scope keys that were looked at.
    pub scope_keys: usize,
    /// Objects that were looked at, those without material included.
    pub objects: usize,
    /// How many of both stand under an older key.
    pub outdated: usize,
}

/// What a renewal seals anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewing {
    /// What stands under an older root key.
    RootKey,
    /// That, and what stands under an older key of its scope.
    ScopeKeys,
}

/// For how long a scope key seals (NIST SP 800-57 Part 1 §5.3.6, originator-usage period).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScopeKeyPeriod {
    /// Objects; 0 for any number.
    pub objects: u64,
    /// Seconds from its making, once it has sealed something; 0 for any time.
    pub seconds: i64,
}

impl Engine {
    /// Whether a renewal goes on.
    pub fn is_renewing(&self) -> bool {
        kind_of(self.seals()) != 0
    }

    /// What changes with each beginning and each end of a renewal. Its lowest bits are the kind of the one that goes on.
    pub(crate) fn seals(&self) -> u64 {
        self.renewing.load(Ordering::Acquire)
    }

    /// Begins or ends a renewal.
    pub fn set_renewing(&self, renewing: Option<Renewing>) {
        let word = match renewing {
            None => 0,
            Some(Renewing::RootKey) => ROOT_KEY,
            Some(Renewing::ScopeKeys) => SCOPE_KEYS_TOO,
        };
        let changed = |seals: u64| {
            let next = (seals & !KIND).wrapping_add(KIND + 1) | word;
            (kind_of(seals) != word).then_some(next)
        };
        // It has changed unless it was so before.
        let _ = self.renewing.fetch_update(Ordering::AcqRel, Ordering::Acquire, changed);
    }

    /// What is told of a scope key that is made now.
    pub(crate) fn made_now(&self, scope: &Text, now: i64) -> Made {
        Made { at: now, objects: self.catalog.index().count_of(scope) }
    }

    /// Gives scopes whose newest key has sealed for as long as the configured period a new one, and says how many.
    /// Waits for a device. A renewal of everything that goes on comes first.
    pub fn renew_spent_scope_keys(&self, now: i64) -> Result<usize, RenewalError> {
        let ScopeKeyPeriod { objects, seconds } = self.config().scope_key_period;
        let seals = self.seals();
        if self.is_renewing() || !self.vault.seals_by_scope_keys() {
            return Ok(0);
        }
        let mut batches = Vec::new();
        for (scope, place, made) in self.catalog.newest_scope_keys() {
            let sealed = self.catalog.index().count_of(&scope).saturating_sub(made.objects);
            let is_spent = (objects > 0 && sealed >= objects)
                || (seconds > 0 && sealed > 0 && now.saturating_sub(made.at) >= seconds);
            if !is_spent {
                continue;
            }
            let place = layout::scope_key(&scope, place.saturating_add(1));
            let value = layout::scope_key_value(self.made_now(&scope, now), &self.vault.create_scope_key(&scope)?);
            let (guards, writes) = (vec![Guard::Absent(place.clone())], vec![Write::Put(place, value)]);
            batches.push(Batch { guards, writes, ..Batch::default() });
            if batches.len() == AT_ONCE {
                break;
            }
        }
        let _fenced = self.commits_directly();
        // A renewal that has begun meanwhile makes others.
        if batches.is_empty() || self.seals() != seals {
            return Ok(0);
        }
        let outcomes = self.store.commit(&batches)?;
        Ok(outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done(..))).count())
    }

    /// Whether a change carries what an older key sealed, or may: it must not be committed, but evaluated again. The older
    /// keys are gone once a renewal has ended, so one during whose evaluation a renewal began or ended is never committed.
    pub fn is_outdated(&self, pending: &Pending) -> bool {
        let seals = self.seals();
        match pending.sealed_by {
            Some(then) if then != seals => true,
            Some(_) if kind_of(seals) == 0 => false,
            _ => self.carries_outdated(pending),
        }
    }

    fn carries_outdated(&self, pending: &Pending) -> bool {
        let batch = pending.batch();
        let carries = |carried: &Carried| match carried.content.downcast_ref::<Record>() {
            Some(record) => self.is_record_outdated(record) && self.is_new_material(record),
            None => carried.content.downcast_ref::<Job>().is_some_and(|job| self.is_new_job_outdated(job)),
        };
        let is_old_key = |write: &Write| match write {
            Write::Put(key, value) if key.starts_with(layout::SCOPE_KEYS) => self.is_key_outdated(value),
            Write::Put(..) | Write::Delete(_) => false,
        };
        batch.carried.iter().any(carries) || batch.writes.iter().any(is_old_key)
    }

    /// Whether a record has material that the store does not have. One that a change only carries along is guarded by its
    /// revision, and the renewal comes to it in its turn.
    fn is_new_material(&self, record: &Record) -> bool {
        match self.catalog.read(self.store.as_ref(), &record.scope, &record.id) {
            Ok(Some(stored)) => stored.record.material != record.material,
            Ok(None) | Err(_) => true,
        }
    }

    /// Whether a job, whose content the store does not have, is sealed by an older key.
    fn is_new_job_outdated(&self, job: &Job) -> bool {
        if !self.is_job_outdated(job) {
            return false;
        }
        let stored = self.store.get(&layout::job(&job.scope, &job.id)).ok().flatten();
        let stored = stored.and_then(|stored| Job::decode(&stored.value).ok());
        stored.is_none_or(|stored| stored.sealed != job.sealed)
    }

    fn is_job_outdated(&self, job: &Job) -> bool {
        let Some(sealed) = &job.sealed else { return false };
        match kind_of(self.seals()) {
            ROOT_KEY => self.vault.is_root_outdated(sealed),
            _ => self.vault.is_outdated(sealed, job.binding()),
        }
    }

    fn is_record_outdated(&self, record: &Record) -> bool {
        let Some(material) = &record.material else { return false };
        match kind_of(self.seals()) {
            ROOT_KEY => self.vault.is_root_outdated(&material.sealed),
            _ => self.vault.is_outdated(&material.sealed, Bound::of(record).binding()),
        }
    }

    fn is_key_outdated(&self, value: &[u8]) -> bool {
        self.vault.is_scope_key_outdated(layout::split_scope_key_value(value).1)
    }

    /// Gives scopes whose newest key stands under an older root key a new one.
    pub fn renew_scope_keys(&self, from: Option<&[u8]>, limit: usize, now: i64) -> Result<Step, RenewalError> {
        self.step(layout::SCOPE_KEYS, from, limit, |key, stored| {
            let scope = scope_of(key)?;
            let (last, next) = self.catalog.scope_key_places(&Text::new(scope));
            let is_newest = layout::scope_key(scope, last) == key;
            if !is_newest || !self.is_key_outdated(&stored.value) {
                return Ok(None);
            }
            let place = layout::scope_key(scope, next);
            let guards = vec![Guard::Absent(place.clone()), Guard::At(key.to_vec(), stored.revision)];
            let value =
                layout::scope_key_value(self.made_now(&Text::new(scope), now), &self.vault.create_scope_key(scope)?);
            let writes = vec![Write::Put(place, value)];
            Ok(Some(Batch { guards, writes, ..Batch::default() }))
        })
    }

    /// Seals scope keys that stand under an older root key anew.
    pub fn reseal_scope_keys(&self, from: Option<&[u8]>, limit: usize) -> Result<Step, RenewalError> {
        self.step(layout::SCOPE_KEYS, from, limit, |key, stored| {
            if !self.is_key_outdated(&stored.value) {
                return Ok(None);
            }
            let (made, sealed) = layout::split_scope_key_value(&stored.value);
            let value = layout::scope_key_value(made, &self.vault.reseal_scope_key(scope_of(key)?, sealed)?);
            let (guards, writes) =
                (vec![Guard::At(key.to_vec(), stored.revision)], vec![Write::Put(key.to_vec(), value)]);
            Ok(Some(Batch { guards, writes, ..Batch::default() }))
        })
    }

    /// Seals objects anew that stand under an older key of their scope or an older root key.
    pub fn reseal_objects(&self, from: Option<&[u8]>, limit: usize) -> Result<Step, RenewalError> {
        self.step(layout::OBJECTS, from, limit, |key, stored| {
            let mut record = decode(stored)?;
            if !self.is_record_outdated(&record) {
                return Ok(None);
            }
            let bound = Bound::of(&record);
            let resealed = record.material.as_ref().map(|old| self.vault.reseal(&old.sealed, bound.binding()));
            if let (Some(sealed), Some(material)) = (resealed.transpose()?, record.material.as_mut()) {
                material.sealed = sealed;
            }
            let guards = vec![Guard::At(key.to_vec(), stored.revision)];
            let writes = vec![Write::Put(key.to_vec(), record.encode())];
            let carried = vec![Carried { write: 0, content: Arc::new(record) }];
            Ok(Some(Batch { guards, writes, carried, ..Batch::default() }))
        })
    }

    /// Seals asynchronous requests and their results anew, as [`Engine::reseal_objects`] does objects.
    pub fn reseal_jobs(&self, from: Option<&[u8]>, limit: usize) -> Result<Step, RenewalError> {
        self.step(layout::JOBS, from, limit, |key, stored| {
            let mut job = decode_job(stored)?;
            if !self.is_job_outdated(&job) {
                return Ok(None);
            }
            let resealed = job.sealed.as_ref().map(|old| self.vault.reseal(old, job.binding())).transpose()?;
            job.sealed = resealed;
            let guards = vec![Guard::At(key.to_vec(), stored.revision)];
            Ok(Some(Batch { guards, writes: vec![Write::Put(key.to_vec(), job.encode())], ..Batch::default() }))
        })
    }

    /// Removes keys of scopes that have a newer one. Only once [`Engine::count_outdated`] has found nothing.
    pub fn remove_older_scope_keys(&self, from: Option<&[u8]>, limit: usize) -> Result<Step, RenewalError> {
        let mut removed = Vec::new();
        let step = self.step(layout::SCOPE_KEYS, from, limit, |key, stored| {
            let scope = scope_of(key)?;
            let (last, _) = self.catalog.scope_key_places(&Text::new(scope));
            if layout::scope_key(scope, last) == key {
                return Ok(None);
            }
            let guards = vec![Guard::At(key.to_vec(), stored.revision)];
            removed.push((Text::new(scope), layout::split_scope_key_value(&stored.value).1.to_vec()));
            Ok(Some(Batch { guards, writes: vec![Write::Delete(key.to_vec())], ..Batch::default() }))
        })?;
        // One that could not be removed is forgotten too: nothing is sealed by it.
        removed.iter().for_each(|(scope, sealed)| self.vault.forget_scope_key(scope, sealed));
        Ok(step)
    }

    /// Looks at every scope key, object and asynchronous request of the store; `pause` is called after each page, and ends the pass if it
    /// answers `false`.
    pub fn count_outdated(
        &self,
        limit: usize,
        mut pause: impl FnMut(usize) -> bool,
    ) -> Result<Option<Outdated>, RenewalError> {
        let (mut found, mut objects) = (Outdated::default(), 0_usize);
        for prefix in [layout::SCOPE_KEYS, layout::OBJECTS, layout::JOBS] {
            let mut from = None;
            loop {
                let outdated = &mut found.outdated;
                let step = self.step(prefix, from.as_deref(), limit, |_, stored| {
                    let is_outdated = match prefix {
                        layout::SCOPE_KEYS => self.is_key_outdated(&stored.value),
                        layout::JOBS => self.is_job_outdated(&decode_job(stored)?),
                        _ => self.is_record_outdated(&decode(stored)?),
                    };
                    *outdated = outdated.saturating_add(usize::from(is_outdated));
                    Ok(None)
                })?;
                match prefix {
                    layout::SCOPE_KEYS => found.scope_keys = found.scope_keys.saturating_add(step.seen),
                    layout::OBJECTS => objects = objects.saturating_add(step.seen),
                    _ => {}
                }
                if !pause(step.seen) {
                    return Ok(None);
                }
                from = step.next;
                if from.is_none() {
                    break;
                }
            }
        }
        Ok(Some(Outdated { objects, ..found }))
    }

    /// One page: commits what `renew` makes of each record.
    fn step(
        &self,
        prefix: &[u8],
        from: Option<&[u8]>,
        limit: usize,
        mut renew: impl FnMut(&[u8], &Versioned) -> Result<Option<Batch>, RenewalError>,
    ) -> Result<Step, RenewalError> {
        let page = self.store.scan(from.unwrap_or(prefix), &layout::end_of(prefix), limit)?;
        let mut batches = Vec::new();
        for (key, stored) in &page.entries {
            batches.extend(renew(key, stored)?);
        }
        let outcomes = if batches.is_empty() { Vec::new() } else { self.store.commit(&batches)? };
        let renewed = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done(..))).count();
        let next = page.entries.last().filter(|_| page.more).map(|(last, _)| [last.as_slice(), b"\0"].concat());
        Ok(Step { seen: page.entries.len(), renewed, next })
    }
}

fn kind_of(seals: u64) -> u64 {
    seals & KIND
}

fn scope_of(key: &[u8]) -> Result<&str, RenewalError> {
    let split = layout::split(layout::SCOPE_KEYS, key);
    split.map(|(scope, _)| scope).ok_or_else(|| RenewalError::Record("a scope key without a scope".to_owned()))
}

fn decode_job(stored: &Versioned) -> Result<Job, RenewalError> {
    Job::decode(&stored.value).map_err(|error| RenewalError::Record(error.to_string()))
}

fn decode(stored: &Versioned) -> Result<Record, RenewalError> {
    Record::decode(&stored.value).map_err(|error| RenewalError::Record(error.to_string()))
}
