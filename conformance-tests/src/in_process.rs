//! The engine in this process, without sockets: the software vault over the in-memory store.

use crate::endpoint::{Endpoint, World};
use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::secret::SecretText;
use kmip_core::engine::{Engine, Evaluation, Finished, Parts, Pending};
use kmip_core::env::{Config, Env, Pace, PasswordCheck};
use kmip_core::ports::store::Store;
use kmip_core::testing::store::MemoryStore;
use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Times that a request is evaluated before it counts as stuck.
const ATTEMPTS: usize = 64;

/// An engine with an empty store.
pub struct InProcess {
    place: Arc<Place>,
    clients: usize,
}

struct Place {
    engine: Engine,
    store: Arc<MemoryStore>,
}

/// There are no KMIP users: the certificate alone names a client.
struct NoUsers;

impl PasswordCheck for NoUsers {
    fn verify(&self, _: &SecretText, _: &str) -> bool {
        false
    }

    fn refuse(&self, _: &SecretText) {}
}

impl InProcess {
    /// Opens the engine, with the Interop operation that the cases begin and end with, and unknown users ignored as
    /// `--dev` does.
    pub fn open() -> io::Result<Self> {
        let vault = SoftwareVault::new(Keystore::ephemeral().map_err(io::Error::other)?);
        let store = Arc::new(MemoryStore::new());
        let parts = Parts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            seal: vault.record_seal(),
            vault: Arc::new(vault),
            passwords: Arc::new(NoUsers),
            config: Config { interop: true, ..Config::default() },
        };
        let engine = Engine::open(parts).map_err(io::Error::other)?;
        Ok(Self { place: Arc::new(Place { engine, store }), clients: 0 })
    }
}

impl World for InProcess {
    fn fresh_client(&mut self) -> io::Result<Box<dyn Endpoint>> {
        self.clients += 1;
        Ok(Box::new(Client { place: Arc::clone(&self.place), name: format!("player-{}", self.clients) }))
    }
}

struct Client {
    place: Arc<Place>,
    name: String,
}

impl Endpoint for Client {
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let place = &self.place;
        while let Some(pending) = place.engine.due(now()) {
            place.commit(pending)?;
        }
        for _ in 0..ATTEMPTS {
            match place.engine.evaluate(request, &self.name, now()) {
                Evaluation::Reply(reply) => return Ok(reply.bytes.to_vec()),
                Evaluation::Defer => return Err(io::Error::other("deferred although this is the pool")),
                Evaluation::Commit(pending) => {
                    if let Finished::Reply(reply) = place.commit(*pending)? {
                        return Ok(reply.bytes.to_vec());
                    }
                }
            }
        }
        Err(io::Error::other("conflicts without an end"))
    }
}

impl Place {
    fn commit(&self, mut pending: Pending) -> io::Result<Finished> {
        let outcomes = self.store.commit(&[pending.take_batch()]).map_err(io::Error::other)?;
        let outcome = outcomes.first().ok_or_else(|| io::Error::other("no outcome for a batch"))?;
        Ok(self.engine.finish(pending, outcome))
    }
}

fn now() -> Env {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Env { now: i64::try_from(seconds).unwrap_or(i64::MAX), pace: Pace::Pool }
}
