//! An engine over the in-memory store and the simulated vault, for tests that speak real messages.
//!
//! Every call goes the whole way: request bytes, evaluation, commit, response bytes, which are read strictly.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, ResponseMessage, encode};
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{Operation, ResultReason, ResultStatus, Tag};
use kmip_codec::secret::SecretText;
use kmip_codec::version::Version;
use kmip_codec::wire::Strictness;
use kmip_core::engine::{Engine, Finished, Parts, Pending};
use kmip_core::env::{Config, Env, Pace, PasswordCheck};
use kmip_core::layout;
use kmip_core::object::Record;
use kmip_core::ports::crypto::Hash;
use kmip_core::ports::store::{Batch, Outcome, RecordSeal, Revision, Store, Write};
use kmip_core::ports::vault::VaultError;
use kmip_core::testing::engines::{FastUsers, answer, fast_hash};
use kmip_core::testing::sim_vault::SimVault;
use kmip_core::testing::store::MemoryStore;
use sha2::{Digest, Sha256};

/// The time at which a harness starts.
pub const START: i64 = 1_700_000_000;

/// The client whose certificate a call presents unless it says otherwise.
pub const CLIENT: &str = "client";

/// An engine with all that it needs. Time stands still unless it is moved.
pub struct Harness {
    /// The engine.
    pub engine: Engine,
    /// Its store.
    pub store: Arc<MemoryStore>,
    /// Its vault.
    pub vault: Arc<SimVault>,
    now: AtomicI64,
}

impl Default for Harness {
    fn default() -> Self {
        Self::new()
    }
}

impl Harness {
    /// An engine with default settings on an empty store.
    pub fn new() -> Self {
        Self::with(Config::default(), SimVault::new(1))
    }

    /// An engine with these settings and this vault.
    pub fn with(config: Config, vault: SimVault) -> Self {
        let (store, vault) = (Arc::new(MemoryStore::new()), Arc::new(vault));
        let parts = Parts {
            store: store.clone(),
            vault: vault.clone(),
            seal: Arc::new(Blinding),
            passwords: Arc::new(Users),
            config,
        };
        let engine = Engine::open(parts).expect("an empty store opens");
        Self { engine, store, vault, now: AtomicI64::new(START) }
    }

    /// An engine on an empty store that checks passwords in this way.
    pub fn with_passwords(passwords: Arc<dyn PasswordCheck>) -> Self {
        let (store, vault) = (Arc::new(MemoryStore::new()), Arc::new(SimVault::new(1)));
        Self::open(store, vault, passwords, Config::default(), START)
    }

    /// Another engine on the same store and vault, as after a restart, at this time.
    pub fn reopened(self, now: i64) -> Self {
        Self::open(self.store, self.vault, Arc::new(Users), Config::default(), now)
    }

    fn open(
        store: Arc<MemoryStore>,
        vault: Arc<SimVault>,
        passwords: Arc<dyn PasswordCheck>,
        config: Config,
        now: i64,
    ) -> Self {
        let parts = Parts { store: store.clone(), vault: vault.clone(), seal: Arc::new(Blinding), passwords, config };
        let engine = Engine::open(parts).expect("the store opens");
        Self { engine, store, vault, now: AtomicI64::new(now) }
    }

    /// Removes from the vault's device what no record needs any more, as the server does.
    pub fn tidy_hardware(&self) {
        while let Some(pending) = self.engine.tidy_hardware() {
            self.commit(pending);
        }
    }

    /// The intents about keys in hardware.
    pub fn intents(&self) -> Vec<Vec<u8>> {
        let from = layout::INTENTS;
        let page = self.store.scan(from, &layout::end_of(from), 1_000).expect("the store works");
        page.entries.into_iter().map(|(_, stored)| stored.value).collect()
    }

    /// The offline check of the whole store.
    pub fn verify(&self) -> Result<kmip_core::verify::Verified, kmip_core::verify::VerifyError> {
        kmip_core::verify::verify(self.store.as_ref(), self.vault.as_ref(), &Blinding)
    }

    /// The time.
    pub fn now(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    /// Moves the time on, and lets dates that pass take effect as the server does.
    pub fn advance(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
        while let Some(pending) = self.engine.due(self.env()) {
            self.commit(pending);
        }
    }

    /// The time, on the pool.
    pub fn env(&self) -> Env {
        Env::new(self.now(), Pace::Pool)
    }

    fn commit(&self, pending: Pending) -> Finished {
        let outcomes = self.store.commit(std::slice::from_ref(pending.batch())).expect("the store works");
        self.engine.finish(pending, outcomes.first().expect("one outcome for one batch"))
    }

    /// Request bytes of a client in, response bytes out.
    pub fn exchange_bytes(&self, client: &str, request: &[u8]) -> Vec<u8> {
        let reply = answer(&self.engine, self.store.as_ref(), client, request, self.env()).expect("the store works");
        reply.bytes.to_vec()
    }

    /// A request message of a client in, the response message out.
    pub fn exchange(&self, client: &str, request: &RequestMessage) -> ResponseMessage {
        let version = request.request_header.protocol_version.0;
        let bytes = self.exchange_bytes(client, &encode(Tag::RequestMessage, request, version));
        decode_response(&bytes, &Limits::DEFAULT, Strictness::Strict).expect("a response in the form of its version")
    }

    /// Calls several operations in one message.
    pub fn batch(&self, version: Version, items: Vec<(Operation, RequestPayload)>) -> Vec<ResponseBatchItem> {
        self.exchange(CLIENT, &RequestMessage::continuing(version, items)).batch_item
    }

    /// Calls an operation.
    pub fn call(&self, version: Version, operation: Operation, payload: RequestPayload) -> ResponseBatchItem {
        self.call_as(CLIENT, version, operation, payload)
    }

    /// Calls an operation as another client.
    pub fn call_as(
        &self,
        client: &str,
        version: Version,
        operation: Operation,
        payload: RequestPayload,
    ) -> ResponseBatchItem {
        let mut items =
            self.exchange(client, &RequestMessage::continuing(version, vec![(operation, payload)])).batch_item;
        assert_eq!(items.len(), 1, "one answer for one item");
        items.remove(0)
    }

    /// Stores an object as it is, whatever it is: for states and types that no request of a test can make.
    pub fn put(&self, record: &Record) {
        let key = layout::object(&record.scope, &record.id);
        let batch = Batch { guards: Vec::new(), writes: vec![Write::Put(key, record.encode())], ..Batch::default() };
        let outcomes = self.store.commit(&[batch]).expect("the store works");
        assert!(matches!(outcomes.as_slice(), [Outcome::Done(..)]));
    }

    /// The stored record of an object of [`CLIENT`].
    pub fn record(&self, id: &str) -> Record {
        let found = self.store.get(&layout::object(CLIENT, id)).expect("the store works").expect("a record");
        Record::decode(&found.value).expect("a record that can be read")
    }
}

/// The payload of an item that must have succeeded.
#[track_caller]
pub fn success(item: ResponseBatchItem) -> ResponsePayload {
    assert_eq!(item.result_status, ResultStatus::Success, "{:?} {:?}", item.result_reason, item.result_message);
    item.response_payload.expect("a payload")
}

/// The reason of an item that must have failed.
#[track_caller]
pub fn failure(item: &ResponseBatchItem) -> ResultReason {
    assert_eq!(item.result_status, ResultStatus::OperationFailed, "{:?}", item.response_payload);
    item.result_reason.expect("a failure has a reason")
}

/// Takes the payload of one operation out of a successful item.
#[macro_export]
macro_rules! answer {
    ($variant:ident, $item:expr) => {
        match $crate::support::success($item) {
            kmip_codec::operation::ResponsePayload::$variant(response) => *response,
            other => panic!("another operation answered: {other:?}"),
        }
    };
}

/// Blinds names with a hash; values stay open, because the in-memory store keeps them so.
pub struct Blinding;

impl RecordSeal for Blinding {
    fn seal(&self, _: &[u8], _: Revision, value: &[u8]) -> Vec<u8> {
        value.to_vec()
    }

    fn open(&self, _: &[u8], _: Revision, sealed: &[u8]) -> Option<Vec<u8>> {
        Some(sealed.to_vec())
    }

    fn blind(&self, text: &[u8]) -> [u8; 32] {
        Sha256::digest(text).into()
    }
}

/// Passwords that are verified fast, and the hash functions of other credentials.
struct Users;

impl PasswordCheck for Users {
    fn verify(&self, password: &SecretText, hash: &str) -> bool {
        match hash.split(' ').collect::<Vec<_>>()[..] {
            ["Sha256", iterations, salt, salted] => {
                let iterations = iterations.parse().expect("a number");
                hex(&salted_by(password.expose_secret(), &unhex(salt), iterations)) == salted
            }
            _ => FastUsers.verify(password, hash),
        }
    }

    fn hash(&self, password: &SecretText) -> Result<String, VaultError> {
        FastUsers.hash(password)
    }

    fn keep_salted(&self, hash: Hash, iterations: u32, salt: &[u8], salted: &[u8]) -> Result<String, String> {
        Ok(format!("{hash:?} {iterations} {} {}", hex(salt), hex(salted)))
    }

    fn hmac(&self, hash: Hash, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
        hmac_of(hash, key, message)
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]]) -> Option<Vec<u8>> {
        digest_of(hash, parts)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal");
    (0..text.len()).step_by(2).map(byte).collect()
}

/// PBKDF2 with HMAC-SHA-256, 32 bytes of it.
pub fn salted_by(password: &str, salt: &[u8], iterations: u32) -> Vec<u8> {
    use aws_lc_rs::pbkdf2;
    let mut salted = vec![0; 32];
    let iterations = iterations.try_into().expect("an iteration");
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password.as_bytes(), &mut salted);
    salted
}

/// HMAC with the hash functions of one time passwords.
pub fn hmac_of(hash: Hash, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    use aws_lc_rs::hmac;
    let algorithm = match hash {
        Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha512 => hmac::HMAC_SHA512,
        _ => return None,
    };
    Some(hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec())
}

/// Digests with the hash functions of hashed passwords.
pub fn digest_of(hash: Hash, parts: &[&[u8]]) -> Option<Vec<u8>> {
    use aws_lc_rs::digest;
    let algorithm = match hash {
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
        _ => return None,
    };
    Some(digest::digest(algorithm, &parts.concat()).as_ref().to_vec())
}

/// What a user's record holds for a password.
pub fn password_hash(password: &str) -> String {
    fast_hash(password)
}
