//! How often each key was used (KMIP 3.0 §4.13): a count for each kind of operation.
//!
//! A use is counted in memory once its request is answered, and written a moment later with all others of that moment: no use
//! waits for the disk because of its count. What a crash takes is the uses of that moment; a stop writes all. The counts stand
//! beside the object, so that a use changes no record.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::operation::ResponsePayload;
use kmip_codec::version::{V3_0, Version};

use crate::batch::Context;
use crate::engine::Engine;
use crate::error::{Fault, OpResult, fail};
use crate::layout;
use crate::object::Record;
use crate::ops::Answer;
use crate::ports::store::{Batch, Change, Guard, StoreError, Versioned, Write};

/// Keys whose counts one change writes.
const KEYS_AT_ONCE: usize = 512;
const KINDS: usize = 5;

/// What a key is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    Certify,
    Decrypt,
    Encrypt,
    Sign,
    SignatureVerify,
}

impl Counter {
    /// What an answer is a use of, and of which key. Parts are one use, which the last of them is.
    fn of(payload: &ResponsePayload) -> Option<(Self, &UniqueIdentifier)> {
        let (counter, id, more) = match payload {
            ResponsePayload::Decrypt(answer) => (Self::Decrypt, &answer.unique_identifier, &answer.correlation_value),
            ResponsePayload::Encrypt(answer) => (Self::Encrypt, &answer.unique_identifier, &answer.correlation_value),
            ResponsePayload::Sign(answer) => (Self::Sign, &answer.unique_identifier, &answer.correlation_value),
            ResponsePayload::SignatureVerify(answer) => {
                (Self::SignatureVerify, &answer.unique_identifier, &answer.correlation_value)
            }
            _ => return None,
        };
        more.is_none().then_some((counter, id))
    }

    /// What an attribute counts, and how much of it; `None` of other attributes.
    pub fn of_attribute(attribute: &Attribute) -> Option<(Self, i64)> {
        Some(match attribute {
            Attribute::CertifyCounter(count) => (Self::Certify, *count),
            Attribute::DecryptCounter(count) => (Self::Decrypt, *count),
            Attribute::EncryptCounter(count) => (Self::Encrypt, *count),
            Attribute::SignCounter(count) => (Self::Sign, *count),
            Attribute::SignatureVerifyCounter(count) => (Self::SignatureVerify, *count),
            _ => return None,
        })
    }
}

/// The counts of one key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts([i64; KINDS]);

impl Counts {
    /// The counts in a stored value.
    pub fn decode(value: &[u8]) -> Option<Self> {
        let (counts, []) = value.as_chunks::<8>() else { return None };
        let counts: [[u8; 8]; KINDS] = counts.try_into().ok()?;
        Some(Self(counts.map(i64::from_be_bytes)))
    }

    fn encode(self) -> Vec<u8> {
        self.0.into_iter().flat_map(i64::to_be_bytes).collect()
    }

    fn stored(found: Option<&Versioned>) -> Result<Self, StoreError> {
        let damaged =
            || StoreError::Damaged { place: "the counts of a key".to_owned(), detail: "no counts".to_owned() };
        found.map_or(Ok(Self::default()), |found| Self::decode(&found.value).ok_or_else(damaged))
    }

    fn add(&mut self, counter: Counter, uses: i64) {
        let Self([certify, decrypt, encrypt, sign, signature_verify]) = self;
        let count = match counter {
            Counter::Certify => certify,
            Counter::Decrypt => decrypt,
            Counter::Encrypt => encrypt,
            Counter::Sign => sign,
            Counter::SignatureVerify => signature_verify,
        };
        *count = count.saturating_add(uses);
    }

    fn plus(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(count, more)| *count = count.saturating_add(more));
        self
    }

    /// The counts as attributes.
    pub fn attributes(self) -> [Attribute; KINDS] {
        let Self([certify, decrypt, encrypt, sign, signature_verify]) = self;
        [
            Attribute::CertifyCounter(certify),
            Attribute::DecryptCounter(decrypt),
            Attribute::EncryptCounter(encrypt),
            Attribute::SignCounter(sign),
            Attribute::SignatureVerifyCounter(signature_verify),
        ]
    }
}

/// A use of the key of a scope and an identifier.
#[derive(Debug, Clone)]
pub(crate) struct Use {
    owner: (Text, Text),
    counter: Counter,
}

/// Uses that are not written yet.
#[derive(Debug, Default)]
pub(crate) struct Counters(Mutex<BTreeMap<(Text, Text), Uses>>);

/// The uses of one key.
#[derive(Debug, Default)]
struct Uses {
    more: Counts,
    /// What is being written, and what stood there before.
    moving: Option<(Counts, Counts)>,
}

impl Counters {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Text, Text), Uses>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the uses of a request that is answered.
    pub fn apply(&self, uses: Vec<Use>) {
        if uses.is_empty() {
            return;
        }
        let mut waiting = self.lock();
        for Use { owner, counter } in uses {
            waiting.entry(owner).or_default().more.add(counter, 1);
        }
    }

    /// Told of a change of stored counts.
    pub fn take(&self, change: &Change<'_>) {
        let Some((scope, id)) = layout::owner(layout::COUNTS, change.key) else { return };
        let (key, mut waiting) = ((Text::new(scope), id), self.lock());
        let Some(uses) = waiting.get_mut(&key) else { return };
        let expected = uses.moving.take().map(|(before, moving)| before.plus(moving));
        // Another value is that of another key, which has taken the place of this one.
        let is_own = change.value.and_then(Counts::decode).is_some_and(|now| Some(now) == expected);
        if !is_own || uses.more == Counts::default() {
            waiting.remove(&key);
        }
    }
}

impl Engine {
    /// The counts of an object, if clients of a version can see them. What cannot be read is not shown.
    pub(crate) fn shown_counts(&self, record: &Record, version: Version) -> Option<Counts> {
        if version < V3_0 {
            return None;
        }
        let counts = self.counts(&record.scope, &record.id);
        counts.inspect_err(|error| tracing::error!(object = %record.id, %error, "counts cannot be read")).ok()
    }

    /// The counts of a key, those included that are not written yet.
    fn counts(&self, scope: &Text, id: &Text) -> Result<Counts, StoreError> {
        // The lock is held over the read, so that what is on its way counts once: here or there.
        let waiting = self.counters.lock();
        let stored = Counts::stored(self.store.get(&layout::counts(scope, id))?.as_ref())?;
        let Some(uses) = waiting.get(&(scope.clone(), id.clone())) else { return Ok(stored) };
        let moving =
            uses.moving.filter(|(before, _)| *before == stored).map_or(Counts::default(), |(_, moving)| moving);
        Ok(stored.plus(moving).plus(uses.more))
    }

    /// Writes the uses that were counted so far. To be called now and then, by one thread, and before the end of the process.
    /// What cannot be written now waits for the next time.
    pub fn write_uses(&self) {
        let keys: Vec<(Text, Text)> = self.counters.lock().keys().cloned().collect();
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let batches: Vec<Batch> = keys.iter().filter_map(|key| self.uses_of(key)).collect();
            if batches.is_empty() || self.store.commit(&batches).is_ok() {
                continue;
            }
            // A damaged record fails the whole call: one key's damage is not another's.
            let failed = batches.iter().filter_map(|batch| self.store.commit(std::slice::from_ref(batch)).err());
            if let Some(error) = failed.last() {
                tracing::error!(%error, "the uses of keys cannot be written");
            }
        }
    }

    /// The change that writes the uses of one key: a change of the key itself meanwhile makes it conflict.
    fn uses_of(&self, owner: &(Text, Text)) -> Option<Batch> {
        let (scope, id) = owner;
        let key = layout::counts(scope, id);
        let read = || Ok((self.catalog.read(self.store.as_ref(), scope, id)?, self.store.get(&key)?));
        let (object, found) = read()
            .inspect_err(|error: &StoreError| tracing::debug!(object = %id, %error, "the uses of a key wait"))
            .ok()?;
        let mut waiting = self.counters.lock();
        let Some(object) = object else {
            // It went: nothing of it stays.
            waiting.remove(owner);
            return None;
        };
        let uses = waiting.get_mut(owner)?;
        // What cannot be read is no count of anything any more.
        let before = Counts::stored(found.as_ref()).unwrap_or_default();
        // What an earlier change did not bring to the disk goes with this one.
        let failed = uses.moving.take().map_or(Counts::default(), |(_, moving)| moving);
        let moving = failed.plus(std::mem::take(&mut uses.more));
        uses.moving = Some((before, moving));
        let guard = match found {
            Some(found) => Guard::At(key.clone(), found.revision),
            None => Guard::Absent(key.clone()),
        };
        Some(Batch {
            guards: vec![Guard::At(layout::object(scope, id), object.revision), guard],
            writes: vec![Write::Put(key, before.plus(moving).encode())],
            ..Batch::default()
        })
    }
}

/// Counts the use that an answer is.
pub(crate) fn note(context: &mut Context<'_>, answer: &Answer) {
    let Answer::Payload(payload) = answer else { return };
    if let Some((counter, UniqueIdentifier::Text(id))) = Counter::of(payload) {
        let id = id.clone();
        count(context, id, counter);
    }
}

/// Counts a use of a key.
pub(crate) fn count(context: &mut Context<'_>, id: Text, counter: Counter) {
    let owner = (context.txn.scope().clone(), id);
    context.effects.uses.push(Use { owner, counter });
}

/// The counts of an object for a client that can see them, the uses of this request included.
pub(crate) fn shown(context: &Context<'_>, record: &Record) -> Option<Counts> {
    if context.version < V3_0 {
        return None;
    }
    let found = match context.txn.written(&layout::counts(&record.scope, &record.id)) {
        Some(value) => Some(value.and_then(Counts::decode).unwrap_or_default()),
        _ => context.engine.shown_counts(record, context.version),
    };
    let mut counts = found?;
    let own = context.effects.uses.iter().filter(|of| of.owner.0 == record.scope && of.owner.1 == record.id);
    own.for_each(|of| counts.add(of.counter, 1));
    Some(counts)
}

/// Begins the counts of an imported object with what it comes with, which stands beside it from now on. What had its identifier
/// before leaves none.
pub(crate) fn import(context: &mut Context<'_>, record: &mut Record) -> OpResult<()> {
    let mut counts = Counts::default();
    for (counter, count) in record.attributes.iter().filter_map(|instance| Counter::of_attribute(&instance.attribute)) {
        if count < 0 {
            return fail(Fault::InvalidAttributeValue, "a counter is not negative");
        }
        counts.add(counter, count);
    }
    record.attributes.retain(|instance| Counter::of_attribute(&instance.attribute).is_none());
    context.effects.uses.retain(|of| of.owner.0 != record.scope || of.owner.1 != record.id);
    let value = (counts != Counts::default()).then(|| counts.encode());
    context.txn.write(layout::counts(&record.scope, &record.id), value);
    Ok(())
}
