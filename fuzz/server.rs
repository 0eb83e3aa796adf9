//! An engine over the software vault and a store in memory, as the targets drive it.

use std::cell::RefCell;
use std::sync::Arc;

use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, decode_response, encode};
use kmip_codec::operation::RequestPayload;
use kmip_codec::registry::*;
use kmip_codec::version::Version;
use kmip_codec::wire::Strictness;
use kmip_core::engine::{Engine, Parts};
use kmip_core::env::{Config, Env, Pace};
use kmip_core::testing::engines::{NoUsers, answer};
use kmip_core::testing::store::MemoryStore;

/// The time at which a server starts.
pub const START: i64 = 1_700_000_000;

/// An operation and its request payload.
pub type Item = (Operation, RequestPayload);

/// Makes an item of an operation and its request.
#[macro_export]
macro_rules! item {
    ($operation:ident, $request:expr) => {
        (
            kmip_codec::registry::Operation::$operation,
            kmip_codec::operation::RequestPayload::$operation(Box::new($request)),
        )
    };
}

/// The response of an item, if it succeeded.
#[macro_export]
macro_rules! response {
    ($operation:ident, $item:expr) => {
        match &$item.response_payload {
            Some(kmip_codec::operation::ResponsePayload::$operation(response)) => Some(response.as_ref()),
            Some(other) => panic!("another operation answered: {other:?}"),
            None => None,
        }
    };
}

/// An engine and its store.
pub struct Server {
    engine: Engine,
    store: Arc<MemoryStore>,
    now: i64,
    /// Requests until the store is thrown away.
    left: usize,
}

/// Requests between two new stores, unless a target says otherwise: what tests leave behind stays small.
const REQUESTS: usize = 20_000;

impl Server {
    /// A server without objects, which serves so many requests.
    pub fn new(requests: usize) -> Self {
        let keystore = Keystore::ephemeral().expect("a key store");
        let vault = Arc::new(SoftwareVault::new(keystore));
        let (store, seal, passwords) = (Arc::new(MemoryStore::new()), vault.record_seal(), Arc::new(NoUsers));
        let parts = Parts { store: store.clone(), vault, seal, passwords, config: Config::default() };
        Self { engine: Engine::open(parts).expect("an engine"), store, now: START, left: requests }
    }

    /// Sends a message of several items; those after a failure go on. Every item is answered, strictly by the rules of the
    /// version, and a failure carries no payload.
    pub fn batch(&mut self, version: Version, items: Vec<Item>) -> Vec<ResponseBatchItem> {
        let count = items.len();
        let answered =
            self.exchange(&encode(Tag::RequestMessage, &RequestMessage::continuing(version, items), version));
        assert_eq!(answered.len(), count, "every item is answered");
        for item in &answered {
            assert_eq!(item.result_reason.is_some(), item.response_payload.is_none(), "{item:?}");
        }
        answered
    }

    /// Sends a message; some time is over afterwards, which in the end ends streams that nobody ends.
    pub fn exchange(&mut self, request: &[u8]) -> Vec<ResponseBatchItem> {
        self.now += 20;
        self.left = self.left.saturating_sub(1);
        let env = Env::new(self.now, Pace::Pool);
        let reply = answer(&self.engine, self.store.as_ref(), "client", request, env).expect("the store works");
        decode_response(&reply.bytes, &Limits::DEFAULT, Strictness::Strict)
            .expect("a response of the version")
            .batch_item
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new(REQUESTS)
    }
}

/// Calls `act` with the server of this thread; `make` makes one when there is none or the old one has served long enough.
pub fn with<S: 'static>(
    kept: &'static std::thread::LocalKey<RefCell<Option<S>>>,
    server: fn(&S) -> &Server,
    make: fn() -> S,
    act: impl FnOnce(&mut S),
) {
    kept.with_borrow_mut(|kept| {
        let mut taken = kept.take().filter(|kept| server(kept).left > 0).unwrap_or_else(make);
        act(&mut taken);
        *kept = Some(taken);
    });
}

/// An error tells no secret: no failed item repeats the beginning or the middle of it, raw or in hexadecimal.
pub fn errors_tell_nothing_of(secret: &[u8], answered: &[ResponseBatchItem]) {
    const SHOWN: usize = 8;
    let windows = [secret.get(..SHOWN), secret.get(secret.len() / 2..).and_then(|half| half.get(..SHOWN))];
    // Printable bytes may be a text of the server itself, which a fuzzer learns: only others tell something.
    let telling = windows.into_iter().flatten().filter(|window| !window.iter().all(|byte| matches!(byte, 0x20..=0x7E)));
    for window in telling {
        let hex: String = window.iter().map(|byte| format!("{byte:02x}")).collect();
        for item in answered.iter().filter(|item| item.response_payload.is_none()) {
            let said = item.result_message.as_ref().map(|message| message.as_str()).unwrap_or_default();
            let raw = said.as_bytes().windows(SHOWN).any(|shown| shown == window);
            assert!(!raw && !said.to_ascii_lowercase().contains(&hex), "an error repeats a secret: {said}");
        }
    }
}
