//! Cryptographic operations by parts (KMIP 1.4 §2.1.15 to §2.1.17, KMIP 2.1 §7.7, Init and Final Indicator): the streams that
//! this node has open.
//!
//! Streams are memory, not records: they live on the node that opened them. They are bounded in number, bytes and time, and
//! bound to the client, to the operation, and to the key as it was: another state or other material ends them, Revoke and
//! Destroy at once.
//!
//! Evaluation has no side effects, and a part of a stream is one. A new stream is therefore kept with the request until the
//! request is answered. A later part changes the stream itself and leaves what it gave there, or why it failed, until the
//! request is answered: if the same request is evaluated again, it gets that. What fails ends its stream.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::inline::Text;
use kmip_codec::registry::{Operation, State};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;

use crate::counters::Use;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::pkcs11::{Applications, Change};
use crate::ports::crypto::{Accumulator, Transform};
use crate::ports::vault::{KeyVault, Sealed};

/// Streams of all clients together.
const MOST_STREAMS: usize = 1_024;
/// Streams of one client.
const MOST_OF_CLIENT: usize = 64;
/// Bytes that one stream takes.
const MOST_BYTES: u64 = 1 << 34;
/// Bytes that streams may hold together, because they give nothing out before their end.
const MOST_HELD: u64 = 1 << 28;
/// Those of one client.
const MOST_HELD_OF_CLIENT: u64 = MOST_HELD / 4;
/// Seconds after its last part at which a stream ends.
const IDLE_SECONDS: i64 = 300;
/// Bytes of a Correlation Value.
pub(crate) const CORRELATION_BYTES: usize = 16;

/// What a stream is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bond {
    /// The client.
    pub client: Text,
    /// Its scope.
    pub scope: Text,
    /// The operation.
    pub operation: Operation,
    /// The key, its state and its material; none for Hash.
    pub key: Option<(Text, State, Option<Sealed>)>,
}

/// What works on the parts.
pub(crate) enum Work {
    /// Encryption and decryption.
    Transform(Box<dyn Transform>),
    /// Digests, codes and signatures.
    Accumulator(Box<dyn Accumulator>),
}

/// How an operation by parts works: what its first part said, or was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Terms {
    /// The Cryptographic Parameters that hold.
    pub parameters: CryptographicParameters,
    /// IV/Counter/Nonce.
    pub iv: Option<ByteString>,
}

/// What a later part says of the terms.
#[derive(Clone, Copy, Default)]
pub(crate) struct Restated<'a> {
    /// Cryptographic Parameters.
    pub parameters: Option<&'a CryptographicParameters>,
    /// IV/Counter/Nonce.
    pub iv: Option<&'a ByteString>,
}

impl Terms {
    /// Refuses other terms: nothing would be done by them. The "other required parameters" of a later part (KMIP 2.1 §6.1) are
    /// those of the first one.
    fn check(&self, restated: Restated<'_>) -> OpResult<()> {
        if restated.parameters.is_some_and(|said| !agrees(said, &self.parameters)) {
            return fail(Fault::InvalidField, "a later part has other Cryptographic Parameters than the first one");
        }
        if restated.iv.is_some() && restated.iv != self.iv.as_ref() {
            return fail(Fault::InvalidField, "a later part has another IV/Counter/Nonce than the first one");
        }
        Ok(())
    }
}

/// Whether what is said is so: what is left out says nothing.
fn agrees(said: &CryptographicParameters, held: &CryptographicParameters) -> bool {
    fn fits<T: PartialEq>(said: &Option<T>, held: &Option<T>) -> bool {
        said.is_none() || said == held
    }
    let CryptographicParameters {
        block_cipher_mode,
        padding_method,
        hashing_algorithm,
        key_role_type,
        digital_signature_algorithm,
        cryptographic_algorithm,
        random_iv,
        iv_length,
        tag_length,
        fixed_field_length,
        invocation_field_length,
        counter_length,
        initial_counter_value,
        salt_length,
        mask_generator,
        mask_generator_hashing_algorithm,
        p_source,
        trailer_field,
    } = said;
    fits(block_cipher_mode, &held.block_cipher_mode)
        && fits(padding_method, &held.padding_method)
        && fits(hashing_algorithm, &held.hashing_algorithm)
        && fits(key_role_type, &held.key_role_type)
        && fits(digital_signature_algorithm, &held.digital_signature_algorithm)
        && fits(cryptographic_algorithm, &held.cryptographic_algorithm)
        && fits(random_iv, &held.random_iv)
        && fits(iv_length, &held.iv_length)
        && fits(tag_length, &held.tag_length)
        && fits(fixed_field_length, &held.fixed_field_length)
        && fits(invocation_field_length, &held.invocation_field_length)
        && fits(counter_length, &held.counter_length)
        && fits(initial_counter_value, &held.initial_counter_value)
        && fits(salt_length, &held.salt_length)
        && fits(mask_generator, &held.mask_generator)
        && fits(mask_generator_hashing_algorithm, &held.mask_generator_hashing_algorithm)
        && fits(p_source, &held.p_source)
        && fits(trailer_field, &held.trailer_field)
}

/// An operation by parts.
pub(crate) struct Stream {
    bond: Bond,
    terms: Terms,
    work: Work,
    /// Bytes at the end of what came that may be the tag of an authenticated cipher.
    tail: Option<(usize, Zeroed)>,
    /// The tag, code or signature that an earlier part brought.
    claimed: Option<ByteString>,
    /// What has come and is not given out, if that may grow.
    held: Option<Held>,
    bytes: u64,
}

type Zeroed = zeroize::Zeroizing<Vec<u8>>;

/// What a part gives.
#[derive(Debug, Clone)]
pub(crate) struct Given {
    /// Data, a digest, code or signature.
    pub data: Secret,
    /// The tag of an authenticated cipher.
    pub tag: Option<Vec<u8>>,
    /// Whether the claimed code or signature is valid.
    pub valid: Option<bool>,
}

impl Given {
    fn data(data: Secret) -> Self {
        Self { data, tag: None, valid: None }
    }
}

/// What a part brings.
pub(crate) struct Part<'a> {
    /// Data.
    pub data: &'a [u8],
    /// A tag, code or signature to compare with.
    pub claimed: Option<&'a ByteString>,
    /// Whether it is the last part.
    pub last: bool,
    /// Whether the operation compares at the end, and does not give.
    pub verifies: bool,
    /// What it says that the first part said.
    pub restated: Restated<'a>,
}

impl Stream {
    /// A stream on which nothing was done yet.
    pub fn new(bond: Bond, terms: Terms, work: Work) -> Self {
        Self { bond, terms, work, tail: None, claimed: None, held: None, bytes: 0 }
    }

    /// Lets the last `length` bytes be the tag unless a part brings it.
    #[must_use]
    pub fn with_tail(mut self, length: usize) -> Self {
        self.tail = Some((length, Zeroed::default()));
        self
    }

    /// Counts what it holds against what streams may.
    #[must_use]
    pub fn holding(mut self, streams: &Streams) -> Self {
        let own = streams.held.own(&self.bond.client);
        self.held = Some(Held { total: Arc::clone(&streams.held.total), own, bytes: 0 });
        self
    }

    /// Whether it may keep what has come: some mechanisms give nothing out before the end, and a device gets all at once.
    pub fn may_hold(&self, vault: &dyn KeyVault) -> bool {
        let sealed = self.bond.key.as_ref().and_then(|(.., sealed)| sealed.as_ref());
        matches!(self.work, Work::Transform(_)) || sealed.is_some_and(|sealed| vault.resides(sealed))
    }

    /// Takes a part that is not the last one.
    pub fn update(&mut self, part: &Part<'_>) -> OpResult<Given> {
        self.terms.check(part.restated)?;
        self.count(part.data.len())?;
        if let Some(claimed) = part.claimed {
            self.claimed = Some(claimed.clone());
        }
        let data = match &mut self.work {
            Work::Transform(work) => match &mut self.tail {
                None => work.update(part.data)?,
                Some((length, held)) => {
                    held.extend_from_slice(part.data);
                    let ready = held.len().saturating_sub(*length);
                    let fed: Zeroed = held.drain(..ready).collect::<Vec<u8>>().into();
                    work.update(&fed)?
                }
            },
            Work::Accumulator(work) => {
                work.update(part.data)?;
                Secret::copy_from(&[])
            }
        };
        if let Some(held) = &mut self.held {
            held.release(data.len() as u64);
        }
        Ok(Given::data(data))
    }

    /// Takes the last part.
    pub fn finish(mut self, part: &Part<'_>) -> OpResult<Given> {
        self.terms.check(part.restated)?;
        self.count(part.data.len())?;
        let claimed = part.claimed.cloned().or(self.claimed);
        match self.work {
            Work::Transform(work) => finish_transform(work, self.tail, part.data, claimed.as_ref()),
            Work::Accumulator(mut work) => {
                work.update(part.data)?;
                if part.verifies {
                    let claimed = claimed
                        .ok_or_else(|| OpError::new(Fault::InvalidMessage, "what is to be verified is missing"))?;
                    let valid = Some(work.verify(claimed.as_slice())?);
                    return Ok(Given { valid, ..Given::data(Secret::copy_from(&[])) });
                }
                Ok(Given::data(Secret::copy_from(&work.finish()?)))
            }
        }
    }

    fn count(&mut self, bytes: usize) -> OpResult<()> {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.bytes > MOST_BYTES {
            return fail(Fault::CryptographicLimit, format!("an operation by parts takes {MOST_BYTES} bytes"));
        }
        self.held.as_mut().map_or(Ok(()), |held| held.add(bytes as u64))
    }
}

/// Bytes that a stream holds, counted among those of all streams and of its client's as long as it lives.
struct Held {
    total: Arc<AtomicU64>,
    own: Arc<AtomicU64>,
    bytes: u64,
}

impl Held {
    fn add(&mut self, bytes: u64) -> OpResult<()> {
        let total = self.total.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        let own = self.own.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        if own > MOST_HELD_OF_CLIENT || total > MOST_HELD {
            self.release(bytes);
            return fail(Fault::ServerLimit, "operations by parts hold too many bytes; try again later");
        }
        Ok(())
    }

    fn release(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes = self.bytes.saturating_sub(bytes);
        self.own.fetch_sub(bytes, Ordering::Relaxed);
        self.total.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.release(self.bytes);
    }
}

/// The bytes that streams hold.
#[derive(Default)]
struct Holders {
    total: Arc<AtomicU64>,
    of: Mutex<HashMap<Text, Arc<AtomicU64>>>,
}

impl Holders {
    /// The bytes of a client's streams.
    fn own(&self, client: &Text) -> Arc<AtomicU64> {
        let mut of = lock(&self.of);
        // Those without a stream need no place.
        of.retain(|_, bytes| Arc::strong_count(bytes) > 1);
        Arc::clone(of.entry(client.clone()).or_default())
    }
}

fn finish_transform(
    work: Box<dyn Transform>,
    tail: Option<(usize, Zeroed)>,
    data: &[u8],
    claimed: Option<&ByteString>,
) -> OpResult<Given> {
    let claimed = claimed.map(ByteString::as_slice);
    let ended = match tail {
        None => work.finish(data, claimed)?,
        Some((length, mut held)) => {
            held.extend_from_slice(data);
            let ready = if claimed.is_some() { held.len() } else { held.len().saturating_sub(length) };
            let (rest, tag) = held.split_at(ready);
            work.finish(rest, Some(claimed.unwrap_or(tag)))?
        }
    };
    Ok(Given { tag: ended.tag, ..Given::data(ended.data) })
}

/// A stream in the table.
struct Entry {
    bond: Bond,
    /// When its last part came.
    used: AtomicI64,
    /// Whether what its last part gave is answered.
    is_answered: AtomicBool,
    /// Held for as long as a part is worked on: nobody waits for it who has to go on with others.
    parts: Mutex<Parts>,
}

/// The parts of a stream.
struct Parts {
    /// `None` after its last part.
    stream: Option<Stream>,
    unanswered: Option<Unanswered>,
}

/// What items of a request got that is not answered yet.
struct Unanswered {
    request: [u8; 32],
    got: Vec<((usize, usize), OpResult<Given>)>,
}

/// Which item of which request.
pub(crate) type Fingerprint = ([u8; 32], (usize, usize));

/// What a request does beside the store, to be applied when it is answered: streams, PKCS#11 applications, uses of keys.
#[derive(Default)]
pub(crate) struct Effects {
    opened: Vec<(ByteString, Stream)>,
    advanced: Vec<(ByteString, bool)>,
    /// Streams that have ended because something failed.
    ended: Vec<ByteString>,
    keys: Vec<(Text, Text)>,
    applications: Vec<(ByteString, Change)>,
    /// Uses of keys, to be counted.
    pub uses: Vec<Use>,
}

impl std::fmt::Debug for Effects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Effects({} opened, {} advanced)", self.opened.len(), self.advanced.len())
    }
}

/// How many effects a request had at some moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    opened: usize,
    advanced: usize,
    keys: usize,
    applications: usize,
    uses: usize,
}

impl Effects {
    /// Opens a stream.
    pub fn open(&mut self, correlation: ByteString, stream: Stream) {
        self.opened.push((correlation, stream));
    }

    /// The key of a stream that this request opened.
    pub fn key(&self, correlation: &ByteString) -> Option<Text> {
        let stream = self.opened.iter().find(|(known, _)| known == correlation);
        stream.and_then(|(_, stream)| stream.bond.key.as_ref()).map(|(id, ..)| id.clone())
    }

    /// Ends the streams of a key.
    pub fn end_key(&mut self, scope: &Text, id: &Text) {
        self.keys.push((scope.clone(), id.clone()));
    }

    /// Changes a PKCS#11 application.
    pub fn change(&mut self, correlation: ByteString, change: Change) {
        self.applications.push((correlation, change));
    }

    /// What this request changes of PKCS#11 applications.
    pub fn applications(&self) -> &[(ByteString, Change)] {
        &self.applications
    }

    /// Takes back what failed or was undone: everything after a mark. Streams that it used have ended.
    pub fn abandon(&mut self, mark: Mark) {
        self.opened.truncate(mark.opened);
        self.keys.truncate(mark.keys);
        self.applications.truncate(mark.applications);
        self.uses.truncate(mark.uses);
        for (correlation, _) in self.advanced.drain(mark.advanced.min(self.advanced.len())..) {
            self.opened.retain(|(opened, _)| *opened != correlation);
            self.ended.push(correlation);
        }
    }

    /// Remembers the effects so far.
    pub fn mark(&self) -> Mark {
        let (opened, advanced, keys) = (self.opened.len(), self.advanced.len(), self.keys.len());
        Mark { opened, advanced, keys, applications: self.applications.len(), uses: self.uses.len() }
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Streams {
    table: Mutex<HashMap<ByteString, Arc<Entry>>>,
    held: Holders,
    pub(crate) applications: Applications,
}

type Table<'a> = MutexGuard<'a, HashMap<ByteString, Arc<Entry>>>;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Streams {
    fn table(&self) -> Table<'_> {
        lock(&self.table)
    }

    /// Ends the streams that nobody uses any more.
    pub fn end_idle(&self, now: i64) {
        self.table().retain(|_, entry| !entry.is_idle(now));
    }

    /// Whether a request of a client may open one more stream. Streams that nobody uses any more are ended first.
    pub fn check_room(&self, effects: &Effects, client: &Text, now: i64) -> OpResult<()> {
        self.end_idle(now);
        let table = self.table();
        let of_client = table.values().filter(|entry| entry.bond.client == *client).count();
        let opened = effects.opened.len();
        if table.len().saturating_add(opened) >= MOST_STREAMS || of_client.saturating_add(opened) >= MOST_OF_CLIENT {
            return fail(Fault::ServerLimit, "too many operations by parts are open");
        }
        Ok(())
    }

    /// Takes a later part of a stream.
    pub fn advance(
        &self,
        effects: &mut Effects,
        correlation: &ByteString,
        bond: &Bond,
        part: &Part<'_>,
        asked: Fingerprint,
        now: i64,
    ) -> OpResult<Given> {
        // A stream that an earlier item of the same request opened.
        if let Some(at) = effects.opened.iter().position(|(known, stream)| known == correlation && stream.bond == *bond)
        {
            let (correlation, mut stream) = effects.opened.remove(at);
            effects.advanced.push((correlation.clone(), part.last));
            if part.last {
                return stream.finish(part);
            }
            let given = stream.update(part)?;
            effects.opened.insert(at, (correlation, stream));
            return Ok(given);
        }
        let entry = self.entry(effects, correlation, bond, now)?;
        let given = entry.advance(part, asked);
        match &given {
            Ok(_) => effects.advanced.push((correlation.clone(), part.last)),
            Err(_) => effects.ended.push(correlation.clone()),
        }
        given
    }

    fn entry(&self, effects: &mut Effects, correlation: &ByteString, bond: &Bond, now: i64) -> OpResult<Arc<Entry>> {
        let unknown = || OpError::new(Fault::CorrelationValue, "no operation by parts has this Correlation Value");
        if effects.ended.contains(correlation) {
            return Err(unknown());
        }
        let entry = self.table().get(correlation).cloned().ok_or_else(unknown)?;
        let same_owner = entry.bond.client == bond.client && entry.bond.scope == bond.scope;
        if !same_owner || entry.bond.operation != bond.operation {
            return Err(unknown());
        }
        if entry.bond != *bond || entry.is_idle(now) {
            effects.ended.push(correlation.clone());
            return Err(unknown());
        }
        entry.used.store(now, Ordering::Relaxed);
        Ok(entry)
    }

    /// The key of a stream of a client.
    pub fn key(&self, correlation: &ByteString, client: &Text) -> Option<Text> {
        let entry = self.table().get(correlation).cloned()?;
        let own = entry.bond.client == *client;
        entry.bond.key.as_ref().filter(|_| own).map(|(id, ..)| id.clone())
    }

    /// Applies the effects of a request that is being answered.
    pub fn apply(&self, effects: Effects, now: i64) {
        self.applications.apply(effects.applications);
        let Effects { opened, advanced, ended, keys, .. } = effects;
        if opened.is_empty() && advanced.is_empty() && ended.is_empty() && keys.is_empty() {
            return;
        }
        let mut table = self.table();
        for (correlation, stream) in opened {
            table.insert(correlation, Arc::new(Entry::new(stream, now)));
        }
        for (correlation, last) in advanced {
            if last {
                table.remove(&correlation);
            } else if let Some(entry) = table.get(&correlation) {
                entry.answered();
            }
        }
        for correlation in ended {
            table.remove(&correlation);
        }
        for (scope, id) in keys {
            table.retain(|_, entry| {
                entry.bond.scope != scope || entry.bond.key.as_ref().is_none_or(|(key, ..)| *key != id)
            });
        }
    }
}

impl Entry {
    fn new(stream: Stream, now: i64) -> Self {
        Self {
            bond: stream.bond.clone(),
            used: AtomicI64::new(now),
            is_answered: AtomicBool::new(false),
            parts: Mutex::new(Parts { stream: Some(stream), unanswered: None }),
        }
    }

    /// What its last part gave is answered, and need not be kept; where another part is worked on, that one sees to it.
    fn answered(&self) {
        match self.parts.try_lock() {
            Ok(mut parts) => parts.unanswered = None,
            Err(_) => self.is_answered.store(true, Ordering::Release),
        }
    }

    fn is_idle(&self, now: i64) -> bool {
        self.used.load(Ordering::Relaxed).saturating_add(IDLE_SECONDS) < now
    }

    fn advance(&self, part: &Part<'_>, asked: Fingerprint) -> OpResult<Given> {
        let mut parts = lock(&self.parts);
        if self.is_answered.swap(false, Ordering::AcqRel) {
            parts.unanswered = None;
        }
        parts.advance(part, asked)
    }
}

impl Parts {
    /// Gives an item what it got before, or takes its part.
    fn advance(&mut self, part: &Part<'_>, (request, item): Fingerprint) -> OpResult<Given> {
        let mut unanswered = self.unanswered.take().unwrap_or(Unanswered { request, got: Vec::new() });
        if unanswered.request != request {
            // It came while another was on its way: nobody can tell which part is first.
            self.stream = None;
            return fail(Fault::CorrelationValue, "parts of the operation overtook each other");
        }
        let known = unanswered.got.iter().find(|(of, _)| *of == item).map(|(_, given)| given.clone());
        let given = known.unwrap_or_else(|| {
            let given = self.take(part);
            unanswered.got.push((item, given.clone()));
            given
        });
        self.unanswered = Some(unanswered);
        given
    }

    fn take(&mut self, part: &Part<'_>) -> OpResult<Given> {
        let Some(mut stream) = self.stream.take() else {
            return fail(Fault::CorrelationValue, "the operation by parts has ended");
        };
        if part.last {
            return stream.finish(part);
        }
        let given = stream.update(part)?;
        self.stream = Some(stream);
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::crypto::{CryptoError, Transformed};
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Gives all out at once, or nothing before its end.
    struct Pipe {
        gathers: bool,
    }

    impl Transform for Pipe {
        fn update(&mut self, data: &[u8]) -> Result<Secret, CryptoError> {
            Ok(Secret::copy_from(if self.gathers { &[] } else { data }))
        }

        fn finish(self: Box<Self>, _: &[u8], _: Option<&[u8]>) -> Result<Transformed, CryptoError> {
            Ok(Transformed { data: Secret::copy_from(&[]), tag: None })
        }
    }

    /// Tells that it has begun, and waits.
    struct Slow {
        begun: Sender<()>,
        goes_on: Receiver<()>,
    }

    impl Transform for Slow {
        fn update(&mut self, data: &[u8]) -> Result<Secret, CryptoError> {
            let _ = self.begun.send(());
            let _ = self.goes_on.recv();
            Ok(Secret::copy_from(data))
        }

        fn finish(self: Box<Self>, _: &[u8], _: Option<&[u8]>) -> Result<Transformed, CryptoError> {
            Ok(Transformed { data: Secret::copy_from(&[]), tag: None })
        }
    }

    fn bond(client: &str) -> Bond {
        let key = Some((Text::new("key"), State::Active, None));
        Bond { client: Text::new(client), scope: Text::new(client), operation: Operation::Encrypt, key }
    }

    fn part(data: &[u8]) -> Part<'_> {
        Part { data, claimed: None, last: false, verifies: false, restated: Restated::default() }
    }

    #[test]
    fn what_streams_hold_is_bounded_for_each_client_and_what_they_give_out_is_not() {
        let (streams, megabyte) = (Streams::default(), vec![0; 1 << 20]);
        let stream = |client, gathers| {
            Stream::new(bond(client), Terms::default(), Work::Transform(Box::new(Pipe { gathers }))).holding(&streams)
        };
        let mut passing = stream("a", false);
        let most = MOST_HELD_OF_CLIENT >> 20;
        (0..2 * most).for_each(|_| drop(passing.update(&part(&megabyte)).unwrap()));
        let mut held: Vec<Stream> = (0..8).map(|_| stream("a", true)).collect();
        let mut taken = 0;
        while held[taken % 8].update(&part(&megabyte)).is_ok() {
            taken += 1;
        }
        assert_eq!(taken as u64, most);
        assert!(passing.update(&part(&megabyte)).is_err(), "it holds a part for a moment, too");
        stream("b", true).update(&part(&megabyte)).unwrap();
        drop(held);
        passing.update(&part(&megabyte)).unwrap();
        assert_eq!(streams.held.total.load(Ordering::Relaxed), 0);
        stream("c", true);
        assert!(!lock(&streams.held.of).contains_key(&Text::new("b")), "who has no stream takes no room");
    }

    #[test]
    fn a_part_that_takes_long_holds_up_no_other_request() {
        let streams = Streams::default();
        let ((begun, has_begun), (go_on, goes_on)) = (channel(), channel());
        let slow = Stream::new(bond("a"), Terms::default(), Work::Transform(Box::new(Slow { begun, goes_on })));
        let correlation = ByteString::new(&[7; CORRELATION_BYTES]);
        let mut effects = Effects::default();
        effects.open(correlation.clone(), slow);
        streams.apply(effects, 1);
        std::thread::scope(|scope| {
            let (streams, correlation) = (&streams, &correlation);
            let working = scope.spawn(move || {
                let mut effects = Effects::default();
                let asked = ([1; 32], (0, 0));
                streams.advance(&mut effects, correlation, &bond("a"), &part(b"data"), asked, 2).map(|_| effects)
            });
            has_begun.recv().unwrap();
            // Another key of the client ends, another stream is opened, idle ones are ended.
            let mut effects = Effects::default();
            effects.end_key(&Text::new("a"), &Text::new("another"));
            streams.apply(effects, 2);
            streams.check_room(&Effects::default(), &Text::new("b"), 2).unwrap();
            assert!(streams.key(correlation, &Text::new("a")).is_some());
            go_on.send(()).unwrap();
            streams.apply(working.join().unwrap().unwrap(), 2);
        });
        // What was answered is not given again.
        go_on.send(()).unwrap();
        let mut effects = Effects::default();
        let next = streams.advance(&mut effects, &correlation, &bond("a"), &part(b"more"), ([2; 32], (0, 0)), 3);
        assert_eq!(next.unwrap().data.expose_secret(), b"more");
    }
}
