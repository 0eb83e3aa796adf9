//! One request's view of the store: reads become guards, writes are buffered, later items of a batch see earlier ones.
//!
//! Handlers see objects and never store keys. Name keys, which guard uniqueness, follow from the objects by themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::Name;
use kmip_codec::error::DecodeError;
use kmip_codec::inline::Text;
use kmip_codec::registry::{ObjectType, Operation};
use kmip_codec::value::ByteString;

use crate::catalog::{Catalog, Stored};
use crate::env::{Pace, Work};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::jobs::Job;
use crate::layout;
use crate::object::{Record, attribute_of};
use crate::outgoing;
use crate::ports::store::{Adjust, Batch, Carried, Guard, RecordSeal, Revision, Store, StoreError, Versioned, Write};
use crate::tickets::Reach;
use crate::users;

/// Identifiers that this server gives have 36 bytes; nothing longer than this is an object's.
const LONGEST_IDENTIFIER: usize = 128;

fn no_object(id: &str) -> String {
    let shown: String = id.chars().take(LONGEST_IDENTIFIER).collect();
    format!("no object has the unique identifier {shown:?}")
}

/// Who has a name: as the store says, and as this request leaves it.
#[derive(Debug, Clone)]
struct NameState {
    stored: Option<(Revision, Text)>,
    now: Option<Text>,
}

/// What a savepoint remembers.
#[derive(Debug, Clone)]
pub struct Savepoint(Overlay);

/// The changes of a request so far. Most requests make none, and pay for none.
#[derive(Debug, Clone, Default)]
struct Overlay(Option<Box<Changes>>);

#[derive(Debug, Clone, Default)]
struct Changes {
    changed: BTreeMap<Text, Arc<Record>>,
    /// Objects of which nothing stays.
    removed: BTreeSet<Text>,
    names: BTreeMap<Vec<u8>, NameState>,
    uses: BTreeMap<Text, Uses>,
    /// Objects of which no use may have been counted.
    unused: BTreeSet<Text>,
    /// Objects that this request gives a count of their own: units taken so far, whatever was counted before.
    counts: BTreeMap<Text, i64>,
    beside: Beside,
    jobs: BTreeMap<Text, JobEntry>,
}

static NO_CHANGES: Changes = Changes {
    changed: BTreeMap::new(),
    removed: BTreeSet::new(),
    names: BTreeMap::new(),
    uses: BTreeMap::new(),
    unused: BTreeSet::new(),
    counts: BTreeMap::new(),
    beside: Beside { guards: Vec::new(), writes: BTreeMap::new(), counts: BTreeMap::new() },
    jobs: BTreeMap::new(),
};

impl std::ops::Deref for Overlay {
    type Target = Changes;
    fn deref(&self) -> &Changes {
        self.0.as_deref().unwrap_or(&NO_CHANGES)
    }
}
impl std::ops::DerefMut for Overlay {
    fn deref_mut(&mut self) -> &mut Changes {
        self.0.get_or_insert_default()
    }
}

/// An asynchronous request: as the store has it, and as this request leaves it.
#[derive(Debug, Clone)]
struct JobEntry {
    stored: Option<Revision>,
    job: Arc<Job>,
    changed: bool,
}

/// Records that are no objects, as this request leaves them: tickets and what belongs to them.
#[derive(Debug, Clone, Default)]
struct Beside {
    guards: Vec<Guard>,
    /// What is written under a key, or `None` if the key goes.
    writes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// What is taken from counters that fall from 0.
    counts: BTreeMap<Vec<u8>, Uses>,
}

/// What a request owes whatever becomes of its items: its ticket stands and is counted, and no credential is used twice.
#[derive(Debug, Default)]
struct Admission {
    guards: Vec<Guard>,
    charges: Vec<Adjust>,
    writes: Vec<Write>,
}

/// What this request takes from the Usage Limits of an object.
#[derive(Debug, Clone, Copy)]
struct Uses {
    units: i64,
    total: i64,
}

/// See the module.
pub struct Txn<'a> {
    store: &'a dyn Store,
    seal: &'a dyn RecordSeal,
    catalog: &'a Catalog,
    scope: Text,
    pace: Pace,
    read: BTreeMap<Text, Arc<Stored>>,
    overlay: Overlay,
    admission: Admission,
    reach: Option<Reach>,
    /// Bytes that the current item has protected.
    bytes: i64,
}

impl<'a> Txn<'a> {
    /// Starts on the objects of one scope.
    pub fn new(store: &'a dyn Store, seal: &'a dyn RecordSeal, catalog: &'a Catalog, scope: Text, pace: Pace) -> Self {
        let (read, overlay, admission, reach, bytes) = Default::default();
        Self { store, seal, catalog, scope, pace, read, overlay, admission, reach, bytes }
    }

    /// The scope.
    pub fn scope(&self) -> &Text {
        &self.scope
    }

    /// The catalog, to search.
    pub fn catalog(&self) -> &'a Catalog {
        self.catalog
    }

    /// What the store has under a key beside the objects, whatever the request changes.
    pub fn stored_beside(&self, key: &[u8]) -> OpResult<Option<Versioned>> {
        Ok(self.store.get(key)?)
    }

    /// An object of the scope, destroyed ones included; what belongs to another scope does not exist.
    pub fn object(&mut self, id: &Text) -> OpResult<Arc<Record>> {
        match self.find(id)? {
            Some(record) => Ok(record),
            None => fail(Fault::ObjectNotFound, no_object(id)),
        }
    }

    /// Like [`Txn::object`], without an error if there is none.
    pub fn find(&mut self, id: &Text) -> OpResult<Option<Arc<Record>>> {
        let found = self.current(id)?;
        self.enter(id, found.as_deref())?;
        Ok(found)
    }

    fn current(&mut self, id: &Text) -> OpResult<Option<Arc<Record>>> {
        if let Some(record) = self.overlay.changed.get(id) {
            return Ok(Some(self.shared(record)));
        }
        let stored = self.stored(id)?;
        Ok(stored.map(|stored| self.counted(&stored.record).map_or_else(|| Arc::clone(&stored.record), Arc::new)))
    }

    /// The stored form of an object, shared with the cache: for handlers that do not change it.
    pub fn view(&mut self, id: &Text) -> OpResult<View> {
        match self.find_view(id)? {
            Some(view) => Ok(view),
            None => fail(Fault::ObjectNotFound, no_object(id)),
        }
    }

    /// Like [`Txn::view`], without an error if there is none.
    pub fn find_view(&mut self, id: &Text) -> OpResult<Option<View>> {
        let found = match self.overlay.changed.get(id) {
            Some(record) => Some(View::Changed(self.shared(record))),
            None => self.stored(id)?.map(|stored| self.seen(stored)),
        };
        self.enter(id, found.as_deref())?;
        Ok(found)
    }

    /// Whether the rights of the request's ticket reach some objects only.
    pub fn is_restricted(&self) -> bool {
        self.reach.as_ref().is_some_and(Reach::names_objects)
    }

    /// Notes that the item works with an object, if the rights of the request's ticket reach it.
    fn enter(&mut self, id: &Text, record: Option<&Record>) -> OpResult<()> {
        let is_new = self.overlay.changed.contains_key(id) && !self.read.contains_key(id);
        match &mut self.reach {
            // What the request has made itself is its own.
            Some(reach) if !is_new => reach.enter(id, record),
            _ => Ok(()),
        }
    }

    fn stored(&mut self, id: &Text) -> OpResult<Option<Arc<Stored>>> {
        if id.as_bytes().len() > LONGEST_IDENTIFIER || self.overlay.removed.contains(id) {
            return Ok(None);
        }
        if let Some(stored) = self.read.get(id) {
            return Ok(Some(Arc::clone(stored)));
        }
        let stored = self.catalog.read(self.store, &self.scope, id)?;
        if let Some(stored) = &stored {
            self.read.insert(id.clone(), Arc::clone(stored));
        }
        Ok(stored)
    }

    /// Buffers the new state of an object and moves its names.
    pub fn put(&mut self, record: Record) -> OpResult<()> {
        let before = self.current(&record.id)?;
        let old: Vec<Name> =
            before.iter().filter(|record| !record.destroyed).flat_map(|r| r.names().cloned()).collect();
        let new: Vec<Name> = if record.destroyed { Vec::new() } else { record.names().cloned().collect() };
        for name in old.iter().filter(|name| !new.contains(name)) {
            self.release(name, &record.id)?;
        }
        for name in new.iter().filter(|name| !old.contains(name)) {
            self.claim(name, &record.id)?;
        }
        if self.overlay.removed.remove(&record.id) {
            // Nothing that was counted of the object that went is counted of this one.
            self.overlay.counts.entry(record.id.clone()).or_insert(0);
        }
        self.overlay.changed.insert(record.id.clone(), Arc::new(record));
        Ok(())
    }

    /// Takes an object out of the store with its names and the count of its uses: nothing of it stays.
    pub fn remove(&mut self, id: &Text) -> OpResult<()> {
        let Some(before) = self.find(id)? else { return Ok(()) };
        for name in before.names().filter(|_| !before.destroyed) {
            self.release(name, id)?;
        }
        let counts = layout::counts(&self.scope, id);
        self.overlay.changed.remove(id);
        self.overlay.uses.remove(id);
        self.overlay.unused.remove(id);
        self.overlay.counts.remove(id);
        self.overlay.beside.writes.remove(&counts);
        self.overlay.removed.insert(id.clone());
        Ok(())
    }

    fn name_state(&mut self, name: &Name) -> OpResult<&mut NameState> {
        let key = layout::name(&self.scope, &self.seal.blind(&layout::name_text(&self.scope, &name.value)));
        if !self.overlay.names.contains_key(&key) {
            // A name that is stored by now although the catalog did not know it makes the commit conflict.
            let found = if self.catalog.may_hold_name(&key) { self.store.get(&key)? } else { None };
            let stored = found.map(|found| {
                let id = String::from_utf8_lossy(&found.value).into_owned();
                (found.revision, Text::from(id))
            });
            let now = stored.as_ref().map(|(_, id)| id.clone());
            self.overlay.names.insert(key.clone(), NameState { stored, now });
        }
        self.overlay.names.get_mut(&key).ok_or_else(|| OpError::new(Fault::Internal, "a name was lost"))
    }

    /// Gives a name to an object that is about to be put, unless another has it.
    pub fn claim(&mut self, name: &Name, id: &Text) -> OpResult<()> {
        let state = self.name_state(name)?;
        match &state.now {
            Some(holder) if holder != id => {
                if let Some(guard) = self.behind(name)? {
                    return Err(OpError::stale(guard));
                }
                // The name itself stays out: the message goes to the audit log, where a thief of the disk would read it.
                fail(Fault::NameTaken, "another object has this name")
            }
            _ => {
                state.now = Some(id.clone());
                Ok(())
            }
        }
    }

    /// What does not hold any more if an object that had a name has changed since it was read: the name is read apart, and may
    /// tell more.
    fn behind(&self, name: &Name) -> OpResult<Option<Guard>> {
        let had_it = |read: &&Arc<Stored>| read.record.names().any(|own| own.value == name.value);
        for read in self.read.values().filter(had_it) {
            let key = layout::object(&self.scope, &read.record.id);
            if self.store.get(&key)?.map(|found| found.revision) != Some(read.revision) {
                return Ok(Some(Guard::At(key, read.revision)));
            }
        }
        Ok(None)
    }

    fn release(&mut self, name: &Name, id: &Text) -> OpResult<()> {
        let state = self.name_state(name)?;
        if state.now.as_ref() == Some(id) {
            state.now = None;
        }
        Ok(())
    }

    /// The identifier of the object that has a name.
    pub fn named(&mut self, name: &Name) -> OpResult<Option<Text>> {
        Ok(self.name_state(name)?.now.clone())
    }

    /// Units taken from the Usage Limits of an object so far, those of this request included.
    pub fn used(&self, id: &Text) -> i64 {
        let own = self.overlay.uses.get(id).map_or(0, |uses| uses.units);
        let before = self.overlay.counts.get(id).copied();
        own.saturating_add(before.unwrap_or_else(|| self.catalog.uses(&self.scope, id).saturating_neg()))
    }

    /// Begins the count of an object anew, with so many units taken.
    pub fn set_used(&mut self, id: &Text, units: i64) {
        self.overlay.uses.remove(id);
        self.overlay.unused.remove(id);
        self.overlay.counts.insert(id.clone(), units);
    }

    /// Takes units from the Usage Limits of an object. The store counts them as it applies the change, so that concurrent
    /// uses do not conflict, and refuses what exceeds the total.
    pub fn take_uses(&mut self, id: &Text, units: i64, total: i64) {
        let uses = self.overlay.uses.entry(id.clone()).or_insert(Uses { units: 0, total });
        uses.units = uses.units.saturating_add(units);
        uses.total = total;
    }

    /// Makes the change depend on it that no use of an object was counted.
    pub fn require_unused(&mut self, id: &Text) {
        self.overlay.unused.insert(id.clone());
    }

    /// A record with what is counted beside it as it stands; `None` if that is what it says.
    fn counted(&self, record: &Record) -> Option<Record> {
        if record.object_type == ObjectType::OneTimePasswordCredential {
            return self.with_next_code(record);
        }
        let limits = attribute_of!(record, UsageLimits)?;
        let used = self.used(&record.id);
        if used == 0 {
            return None;
        }
        let (mut counted, mut limits) = (record.clone(), limits.clone());
        limits.usage_limits_count = Some(limits.usage_limits_total.saturating_sub(used).max(0));
        counted.allocated = true;
        counted.set(Attribute::UsageLimits(limits));
        Some(counted)
    }

    /// A credential whose OTP Counter (KMIP 3.0 §4.44) is the number of the next code.
    fn with_next_code(&self, record: &Record) -> Option<Record> {
        attribute_of!(record, OTPCounter)?;
        let last = self.store.get(&layout::one_time_factor(&users::codes_of(record)));
        let last =
            last.inspect_err(|error| tracing::error!(%error, "the counter of a credential cannot be read")).ok()??;
        let next = i64::from_be_bytes(last.value.as_slice().try_into().ok()?).saturating_add(1);
        let mut counted = record.clone();
        counted.set(Attribute::OTPCounter(ByteString::new(&next.to_be_bytes())));
        Some(counted)
    }

    fn shared(&self, record: &Arc<Record>) -> Arc<Record> {
        self.counted(record).map_or_else(|| Arc::clone(record), Arc::new)
    }

    fn seen(&self, stored: Arc<Stored>) -> View {
        match self.counted(&stored.record) {
            Some(counted) => View::Changed(Arc::new(counted)),
            None => View::Stored(stored),
        }
    }

    /// Whether long work must wait for a pool; an error that makes the request come again there.
    pub fn long_work(&self) -> OpResult<()> {
        self.work(Work::Computing)
    }

    /// Where the request is evaluated.
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Whether a kind of long work must wait for its pool; an error that makes the request come again there.
    pub fn work(&self, work: Work) -> OpResult<()> {
        if self.pace == Pace::Pool { Ok(()) } else { Err(OpError::defer(work)) }
    }

    /// Like [`Txn::peek`], whatever the rights of the request's ticket reach: for what the server itself has to keep right.
    pub fn look(&self, id: &Text) -> OpResult<Option<View>> {
        Ok(match self.overlay.changed.get(id) {
            Some(record) => Some(View::Changed(self.shared(record))),
            None if self.overlay.removed.contains(id) => None,
            None => self.catalog.read(self.store, &self.scope, id)?.map(|stored| self.seen(stored)),
        })
    }

    /// Looks at an object without making it a guard: a scan is none (a record that the commit depends on is).
    pub fn peek(&self, id: &Text) -> OpResult<Option<View>> {
        Ok(self.look(id)?.filter(|record| self.reach.as_ref().is_none_or(|reach| reach.shows(id, Some(record)))))
    }

    /// An asynchronous request of the scope.
    pub fn job(&mut self, id: &Text) -> OpResult<Option<Arc<Job>>> {
        if let Some(entry) = self.overlay.jobs.get(id) {
            return Ok(Some(Arc::clone(&entry.job)));
        }
        let Some(found) = self.store.get(&layout::job(&self.scope, id))? else { return Ok(None) };
        let damaged = |error: DecodeError| StoreError::Damaged { place: "a job".to_owned(), detail: error.to_string() };
        let job = Arc::new(Job::decode(&found.value).map_err(damaged)?);
        let entry = JobEntry { stored: Some(found.revision), job: Arc::clone(&job), changed: false };
        self.overlay.jobs.insert(id.clone(), entry);
        Ok(Some(job))
    }

    /// Buffers the new state of an asynchronous request.
    pub fn put_job(&mut self, job: Job) {
        let stored = self.overlay.jobs.get(&job.id).and_then(|entry| entry.stored);
        let entry = JobEntry { stored, changed: true, job: Arc::new(job) };
        self.overlay.jobs.insert(entry.job.id.clone(), entry);
    }

    /// Identifiers that the index gave, and before them those that this request has made or changed.
    pub fn with_changes(&self, found: Vec<Text>) -> Vec<Text> {
        if self.overlay.changed.is_empty() {
            return found;
        }
        let own = self.overlay.changed.keys().filter(|id| !found.contains(id)).cloned();
        own.collect::<Vec<_>>().into_iter().chain(found).collect()
    }

    /// Remembers the changes so far.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.overlay.clone())
    }

    /// Goes back to the changes of a savepoint. What was read since stays a guard.
    pub fn roll_back(&mut self, savepoint: Savepoint) {
        let Overlay(undone) = std::mem::replace(&mut self.overlay, savepoint.0);
        for (key, mut state) in undone.map(|undone| undone.names).unwrap_or_default() {
            state.now = match self.overlay.names.get(&key) {
                Some(before) => before.now.clone(),
                None => state.stored.as_ref().map(|(_, id)| id.clone()),
            };
            self.overlay.names.insert(key, state);
        }
    }

    /// The objects that are made or changed.
    pub fn changed_ids(&self) -> BTreeSet<Text> {
        self.overlay.changed.keys().cloned().collect()
    }

    /// The guarded batch that makes the changes, if there are any.
    pub fn into_batch(self) -> Option<Batch> {
        if !self.overlay.writes() && !self.admission.is_owed() {
            return None;
        }
        let Self { catalog, scope, read, overlay: Overlay(changes), admission, .. } = self;
        let Changes { changed, removed, names, uses, unused, counts, beside, jobs } =
            changes.map(|changes| *changes).unwrap_or_default();
        let mut batch = Batch::default();
        // A ticket that ends with this request is counted no more.
        admission.write_into(&mut batch, |charge| !beside.writes.contains_key(&charge.key));
        beside.write_into(&mut batch);
        for (id, stored) in &read {
            batch.guards.push(Guard::At(layout::object(&scope, id), stored.revision));
        }
        for (id, before) in &counts {
            let key = layout::uses(&scope, id);
            let used = uses.get(id).map_or(0, |uses| uses.units).saturating_add(*before);
            batch.writes.push(match used {
                0 => Write::Delete(key),
                _ => Write::Put(key, used.saturating_neg().to_be_bytes().to_vec()),
            });
        }
        for (id, uses) in uses.iter().filter(|(id, _)| !counts.contains_key(*id)) {
            let key = layout::uses(&scope, id);
            batch.adjusts.push(Adjust { key, delta: uses.units.saturating_neg(), floor: uses.total.saturating_neg() });
        }
        for id in unused.iter().filter(|id| !counts.contains_key(*id)) {
            batch.guards.push(Guard::Absent(layout::uses(&scope, id)));
        }
        for (id, record) in &changed {
            let key = layout::object(&scope, id);
            if !read.contains_key(id) {
                batch.guards.push(Guard::Absent(key.clone()));
            }
            let content = Arc::clone(record) as Arc<dyn std::any::Any + Send + Sync>;
            batch.carried.push(Carried { write: batch.writes.len(), content });
            batch.writes.push(Write::Put(key, record.encode()));
        }
        for (stored, record) in changed.iter().filter_map(|(id, record)| Some((read.get(id)?, record))) {
            batch.writes.extend(outgoing::notifications(catalog, &stored.record, record));
        }
        // What this request has made itself was never stored.
        for id in removed.iter().filter(|id| read.contains_key(*id)) {
            batch.writes.push(Write::Delete(layout::object(&scope, id)));
            // Whatever the catalog knows of it now: a use may be committed before this is.
            batch.writes.push(Write::Delete(layout::uses(&scope, id)));
            batch.writes.push(Write::Delete(layout::counts(&scope, id)));
        }
        write_jobs(jobs, &scope, &mut batch);
        write_names(names, &mut batch);
        Some(batch)
    }
}

fn write_names(names: BTreeMap<Vec<u8>, NameState>, batch: &mut Batch) {
    for (key, state) in names {
        if state.stored.as_ref().map(|(_, id)| id) == state.now.as_ref() {
            continue;
        }
        batch.guards.push(match state.stored {
            Some((revision, _)) => Guard::At(key.clone(), revision),
            None => Guard::Absent(key.clone()),
        });
        batch.writes.push(match state.now {
            Some(id) => Write::Put(key, id.as_bytes().to_vec()),
            None => Write::Delete(key),
        });
    }
}

fn write_jobs(jobs: BTreeMap<Text, JobEntry>, scope: &Text, batch: &mut Batch) {
    for entry in jobs.into_values() {
        let key = layout::job(scope, &entry.job.id);
        batch.guards.push(match entry.stored {
            Some(revision) => Guard::At(key.clone(), revision),
            None => Guard::Absent(key.clone()),
        });
        if entry.changed {
            let content = Arc::clone(&entry.job) as Arc<dyn std::any::Any + Send + Sync>;
            batch.carried.push(Carried { write: batch.writes.len(), content });
            batch.writes.push(Write::Put(key, entry.job.encode()));
        }
    }
}

/// Records beside the objects.
impl Txn<'_> {
    /// Makes the change depend on a record that is no object.
    pub fn guard(&mut self, guard: Guard) {
        self.overlay.beside.guards.push(guard);
    }

    /// Writes a record that is no object, or removes it.
    pub fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.overlay.beside.writes.insert(key, value);
    }

    /// What the request writes under a key that is no object's: `Some(None)` if the key goes.
    pub fn written(&self, key: &[u8]) -> Option<Option<&[u8]>> {
        self.overlay.beside.writes.get(key).map(Option::as_deref)
    }

    /// Whether the request writes or removes a record that is no object.
    pub fn writes_beside(&self) -> bool {
        !self.overlay.beside.writes.is_empty()
    }

    /// Whether the request removes a record that is no object.
    pub fn removes(&self, key: &[u8]) -> bool {
        self.overlay.beside.writes.get(key).is_some_and(Option::is_none)
    }

    /// Takes units from a counter that is no object's; the store refuses what exceeds the total.
    pub fn take_count(&mut self, key: Vec<u8>, units: i64, total: i64) {
        let uses = self.overlay.beside.counts.entry(key).or_insert(Uses { units: 0, total });
        uses.units = uses.units.saturating_add(units);
        uses.total = total;
    }

    /// Units that this request takes from a counter so far.
    pub fn counted_by(&self, key: &[u8]) -> i64 {
        self.overlay.beside.counts.get(key).map_or(0, |uses| uses.units)
    }

    /// Notes what the request owes for its ticket, whatever becomes of its items.
    pub fn admit(&mut self, guard: Guard, charge: Option<Adjust>) {
        self.admission.guards.push(guard);
        self.admission.charges.extend(charge);
    }

    /// Notes what is written for a credential that the request has used, whatever becomes of its items.
    pub fn spend(&mut self, guard: Guard, key: Vec<u8>, value: Vec<u8>) {
        self.admission.guards.push(guard);
        self.admission.writes.push(Write::Put(key, value));
    }

    /// The change that is left of a request whose items are all undone.
    pub fn into_admission(self) -> Option<Batch> {
        self.admission.is_owed().then(|| {
            let mut batch = Batch::default();
            self.admission.write_into(&mut batch, |_| true);
            batch
        })
    }

    /// Lets the next item work with the objects that rights reach; `None` for all of the scope.
    pub fn restrict(&mut self, reach: Option<Reach>) {
        self.reach = reach;
        self.bytes = 0;
    }

    /// Keeps of the rights that reach objects those that permit an operation, too; `false` if that would leave none.
    pub fn narrow(&mut self, operation: Operation) -> bool {
        self.reach.as_mut().is_none_or(|reach| reach.narrow(operation))
    }

    /// What the item has worked with, and how many bytes it has protected.
    pub fn end_restriction(&mut self) -> (Option<Reach>, i64) {
        (self.reach.take(), std::mem::take(&mut self.bytes))
    }

    /// Notes bytes that the item protects.
    pub fn note_bytes(&mut self, bytes: i64) {
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Changes {
    /// Whether anything of them is to be written.
    fn writes(&self) -> bool {
        !(self.changed.is_empty() && self.removed.is_empty() && self.uses.is_empty() && self.beside.is_empty())
            || self.jobs.values().any(|entry| entry.changed)
    }
}

impl Admission {
    fn is_owed(&self) -> bool {
        !(self.charges.is_empty() && self.writes.is_empty())
    }

    fn write_into(self, batch: &mut Batch, is_counted: impl Fn(&Adjust) -> bool) {
        batch.adjusts.extend(self.charges.into_iter().filter(is_counted));
        batch.guards.extend(self.guards);
        batch.writes.extend(self.writes);
    }
}

impl Beside {
    fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.counts.is_empty()
    }

    fn write_into(self, batch: &mut Batch) {
        for (key, Uses { units, total }) in self.counts {
            if !self.writes.contains_key(&key) {
                batch.adjusts.push(Adjust { key, delta: units.saturating_neg(), floor: total.saturating_neg() });
            }
        }
        batch.guards.extend(self.guards);
        batch.writes.extend(self.writes.into_iter().map(|(key, value)| match value {
            Some(value) => Write::Put(key, value),
            None => Write::Delete(key),
        }));
    }
}

/// An object that a handler only looks at.
pub enum View {
    /// As the store has it.
    Stored(Arc<Stored>),
    /// As an earlier item of the batch left it.
    Changed(Arc<Record>),
}

impl std::ops::Deref for View {
    type Target = Record;
    fn deref(&self) -> &Record {
        match self {
            Self::Stored(stored) => &stored.record,
            Self::Changed(record) => record,
        }
    }
}
