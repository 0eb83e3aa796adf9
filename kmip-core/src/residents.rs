//! Keys in the vault's hardware and records in the store, kept together across crashes.
//!
//! Two places cannot change at once, so an intent stands in the store before the hardware acts, under a key of its own (see
//! [`layout`]):
//!
//! | change | before the hardware acts | with the object's change | after it |
//! |---|---|---|---|
//! | a key is made | the intent to make it | the intent goes, the record comes | |
//! | a key is destroyed | | the intent to remove it comes, the material goes from the record | the hardware removes the key, the intent goes |
//!
//! A key is made under an identifier that has its intent already: if fewer are ready than a request may need, it commits some
//! and is evaluated again. Keys that an evaluation made and did not store are removed later, by [`Engine::tidy_hardware`]; what a
//! crash leaves behind, by reconciliation.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip_codec::inline::Text;

use crate::engine::{Discarded, Engine, Pending};
use crate::error::{OpError, OpResult};
use crate::layout;
use crate::make;
use crate::material::Bound;
use crate::object::Record;
use crate::ports::store::{Batch, Guard, Revision, Write};
use crate::ports::vault::{Binding, KeyVault, Sealed};

/// The value of an intent to make a key.
pub(crate) const MAKE: &[u8] = b"make";
/// The value of an intent to remove a key.
pub(crate) const REMOVE: &[u8] = b"remove";

/// Intents that are committed at once, or more if one request may need more.
const AT_ONCE: usize = 4;
/// Keys that are removed between two looks at the rest of the work.
const REMOVED_AT_ONCE: usize = 16;

/// An identifier whose intent is durable.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    id: Text,
    revision: Revision,
}

/// What a request does with identifiers that were ready.
#[derive(Debug)]
pub(crate) struct Claims {
    scope: Text,
    /// How many the request may need; all of them are taken at its first need, or none.
    wanted: usize,
    asked: bool,
    free: Vec<Ready>,
    taken: Vec<Ready>,
    /// Identifiers under which the hardware was asked for a key.
    asked_for: BTreeSet<Text>,
    made: Vec<Discarded>,
}

/// The intents of this process: what is ready, under way, or to be cleaned up.
#[derive(Debug, Default)]
pub(crate) struct Residents(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    ready: HashMap<Text, Vec<Ready>>,
    /// Intents that this process answers for: reconciliation leaves them alone.
    live: HashSet<(Text, Text)>,
    /// Keys to remove, whose intents then go.
    leftovers: Vec<Leftover>,
}

/// A key that is to be removed.
#[derive(Debug)]
enum Leftover {
    /// It is known.
    Key(Discarded),
    /// The hardware failed when it was asked to make it under this scope and identifier. It may have made it all the same,
    /// or may yet: under this identifier none is made again.
    Doubtful(Text, Text),
}

impl Leftover {
    fn owner(&self) -> (Text, Text) {
        match self {
            Self::Key(key) => (key.scope.clone(), key.id.clone()),
            Self::Doubtful(scope, id) => (scope.clone(), id.clone()),
        }
    }

    fn remove(&self, vault: &dyn KeyVault) -> bool {
        match self {
            Self::Key(key) => key.destroy(vault),
            Self::Doubtful(scope, id) => match vault.remove_resident(scope, id) {
                Ok(_) => true,
                Err(error) => {
                    tracing::warn!(object = %id, %error, "whether hardware has made a key is not known yet");
                    false
                }
            },
        }
    }
}

impl Residents {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process answers for the intent of an object.
    pub(crate) fn is_live(&self, scope: &str, id: &Text) -> bool {
        self.state().live.contains(&(Text::new(scope), id.clone()))
    }

    /// Takes note of intents that are durable.
    pub(crate) fn add(&self, scope: &Text, ids: Vec<Text>, revision: Revision) {
        let mut state = self.state();
        state.live.extend(ids.iter().map(|id| (scope.clone(), id.clone())));
        state.ready.entry(scope.clone()).or_default().extend(ids.into_iter().map(|id| Ready { id, revision }));
    }

    fn leave(&self, keys: impl IntoIterator<Item = Leftover>) {
        let mut state = self.state();
        for key in keys {
            state.live.insert(key.owner());
            state.leftovers.push(key);
        }
    }
}

impl Claims {
    /// None yet, of a request that may make so many keys.
    pub(crate) fn new(scope: Text, wanted: usize) -> Self {
        Self {
            scope,
            wanted,
            asked: false,
            free: Vec::new(),
            taken: Vec::new(),
            asked_for: BTreeSet::new(),
            made: Vec::new(),
        }
    }

    /// The identifier of a new object: one whose intent is durable if there is one, else a random one.
    pub(crate) fn new_id(&mut self, engine: &Engine) -> OpResult<Text> {
        if !std::mem::replace(&mut self.asked, true)
            && let Some(ready) = engine.residents.state().ready.get_mut(&self.scope)
            && let Some(rest) = ready.len().checked_sub(self.wanted)
        {
            self.free = ready.split_off(rest);
        }
        match self.free.pop() {
            None => make::new_id(engine.vault.as_ref()),
            Some(ready) => {
                let id = ready.id.clone();
                self.taken.push(ready);
                Ok(id)
            }
        }
    }

    /// The request may make more keys than it seemed.
    pub(crate) fn want(&mut self, engine: &Engine, more: usize) {
        self.wanted = self.wanted.saturating_add(more);
        if self.asked
            && let Some(ready) = engine.residents.state().ready.get_mut(&self.scope)
            && let Some(rest) = ready.len().checked_sub(more)
        {
            self.free.extend(ready.split_off(rest));
        }
    }

    /// Asks for intents unless that of an object is durable: the hardware is asked for its key next.
    pub(crate) fn require(&mut self, id: &Text) -> OpResult<()> {
        if !self.taken.iter().any(|ready| ready.id == *id) {
            return Err(OpError::needs_intents(self.wanted));
        }
        self.asked_for.insert(id.clone());
        Ok(())
    }

    /// Whether there is nothing to tell of: so with every request that leaves the hardware alone.
    fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.free.is_empty() && self.made.is_empty()
    }

    /// Takes note of a key that the hardware made.
    pub(crate) fn note_made(&mut self, record: &Record, sealed: &Sealed) {
        self.made.push(Discarded::of(record, sealed.clone()));
    }

    /// Adds to a batch what becomes of the intents of the objects that it stores; the others are given up. What is kept must
    /// be told to [`Claims::settle`] once the outcome is known.
    pub(crate) fn close(mut self, engine: &Engine, stores: impl Fn(&Text) -> bool, batch: &mut Batch) -> Self {
        if self.is_empty() {
            return self;
        }
        let (kept, rest): (Vec<_>, Vec<_>) = self.taken.into_iter().partition(|ready| stores(&ready.id));
        let (kept_made, rest_made): (Vec<_>, Vec<_>) = self.made.into_iter().partition(|key| stores(&key.id));
        let (free, asked_for) = (std::mem::take(&mut self.free), self.asked_for.clone());
        let given_up = Self::new(self.scope.clone(), self.wanted);
        Self { free, taken: rest, asked_for, made: rest_made, ..given_up }.abandon(engine);
        for ready in &kept {
            let key = layout::intent(&self.scope, &ready.id);
            batch.guards.push(Guard::At(key.clone(), ready.revision));
            batch.writes.push(Write::Delete(key));
        }
        (self.taken, self.made) = (kept, kept_made);
        self
    }

    /// The objects are stored.
    fn settle(self, residents: &Residents) {
        let mut state = residents.state();
        for ready in self.taken {
            state.live.remove(&(self.scope.clone(), ready.id));
        }
    }

    /// Nothing is stored: keys that were made, or may have been, are removed later; identifiers without a key are ready again.
    pub(crate) fn abandon(self, engine: &Engine) {
        self.give_up(&engine.residents);
    }

    fn give_up(self, residents: &Residents) {
        if self.is_empty() {
            return;
        }
        let (asked, unused): (Vec<_>, Vec<_>) =
            self.taken.into_iter().partition(|ready| self.asked_for.contains(&ready.id));
        let unused = unused.into_iter().chain(self.free);
        residents.state().ready.entry(self.scope.clone()).or_default().extend(unused);
        let is_made = |ready: &Ready| self.made.iter().any(|key| key.id == ready.id);
        let doubtful = asked.into_iter().filter(|ready| !is_made(ready));
        let doubtful: Vec<_> = doubtful.map(|ready| Leftover::Doubtful(self.scope.clone(), ready.id)).collect();
        residents.leave(self.made.into_iter().map(Leftover::Key).chain(doubtful));
    }
}

/// The claims of a change that waits for its commit. They are given up with it, unless it may be stored.
#[derive(Debug)]
pub(crate) struct Held {
    claims: Option<Claims>,
    residents: Arc<Residents>,
    may_be_stored: bool,
}

impl Held {
    pub fn new(claims: Claims, residents: &Arc<Residents>) -> Self {
        Self { claims: Some(claims), residents: Arc::clone(residents), may_be_stored: false }
    }

    /// The store gets the change now: unless it tells what became of it, nothing is given up, and the next start settles it.
    pub fn may_be_stored(&mut self) {
        self.may_be_stored = true;
    }

    /// The objects are stored.
    pub fn settle(mut self) {
        if let Some(claims) = self.claims.take() {
            claims.settle(&self.residents);
        }
    }

    /// Nothing is stored.
    pub fn abandon(mut self) {
        self.may_be_stored = false;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(claims) = self.claims.take().filter(|_| !self.may_be_stored) {
            claims.give_up(&self.residents);
        }
    }
}

impl Discarded {
    /// The material of a record, which is in `sealed`.
    pub(crate) fn of(record: &Record, sealed: Sealed) -> Self {
        let bound = Bound::of(record);
        let scope = Text::new(bound.binding().scope);
        Self { scope, id: record.id.clone(), spec: record.spec(), sealed }
    }

    fn destroy(&self, vault: &dyn KeyVault) -> bool {
        let binding = Binding { scope: &self.scope, id: &self.id, spec: &self.spec };
        let destroyed = vault.destroy(&self.sealed, binding);
        if let Err(error) = &destroyed {
            tracing::warn!(object = %self.id, %error, "the vault did not destroy key material");
        }
        destroyed.is_ok()
    }
}

impl Engine {
    /// The change that makes intents for new keys of a scope, of which a request may need `wanted`.
    pub(crate) fn prepare_intents(&self, scope: &Text, wanted: usize) -> OpResult<(Batch, Vec<Text>)> {
        let ids = (0..wanted.max(AT_ONCE)).map(|_| make::new_id(self.vault.as_ref())).collect::<OpResult<Vec<_>>>()?;
        let mut batch = Batch::default();
        for id in &ids {
            let key = layout::intent(scope, id);
            batch.guards.push(Guard::Absent(key.clone()));
            batch.writes.push(Write::Put(key, MAKE.to_vec()));
        }
        Ok((batch, ids))
    }

    /// Forgets material that a durable change has left behind. What is in hardware is removed later: that waits for a device.
    pub(crate) fn forget(&self, discarded: Vec<Discarded>) {
        let (resident, enveloped): (Vec<_>, Vec<_>) =
            discarded.into_iter().partition(|gone| self.vault.resides(&gone.sealed));
        for gone in &enveloped {
            gone.destroy(self.vault.as_ref());
        }
        self.residents.leave(resident.into_iter().map(Leftover::Key));
    }

    /// Adds to a batch the intents to remove what it discards.
    pub(crate) fn intend_removal(&self, discarded: &[Discarded], batch: &mut Batch) {
        let resident = discarded.iter().filter(|gone| self.vault.resides(&gone.sealed));
        batch.writes.extend(resident.map(|gone| Write::Put(layout::intent(&gone.scope, &gone.id), REMOVE.to_vec())));
    }

    /// Removes keys from hardware that no record needs any more, and gives the change that clears their intents, if some were
    /// removed. Waits for a device; what fails stays for the next call.
    pub fn tidy_hardware(&self) -> Option<Pending> {
        let waiting = {
            let mut state = self.residents.state();
            let count = state.leftovers.len().min(REMOVED_AT_ONCE);
            state.leftovers.drain(..count).collect::<Vec<_>>()
        };
        if waiting.is_empty() {
            return None;
        }
        let mut batch = Batch::default();
        let mut waiting = waiting.into_iter();
        for gone in waiting.by_ref() {
            if !gone.remove(self.vault.as_ref()) {
                self.residents.state().leftovers.push(gone);
                break;
            }
            let (scope, id) = gone.owner();
            batch.writes.push(Write::Delete(layout::intent(&scope, &id)));
            self.residents.state().live.remove(&(scope, id));
        }
        self.residents.state().leftovers.extend(waiting);
        (!batch.writes.is_empty()).then(|| Pending::again(batch, 0))
    }
}
