//! The engine in this process, without sockets: the software vault over the in-memory store. What goes over HTTPS elsewhere
//! is evaluated here in its encoding, without HTTP.

use crate::encoded::{self, Wire};
use crate::endpoint::{ADMINISTRATOR, Endpoint, Hearing, Listener, World};
use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::version::Version;
use kmip_codec::wire::Encoding;
use kmip_core::engine::{Engine, Parts, Pending};
use kmip_core::env::{Config, Env, Pace};
use kmip_core::identity;
use kmip_core::identity::Sender;
use kmip_core::links::Shown;
use kmip_core::outgoing::{Courier, Next};
use kmip_core::ports::store::Store;
use kmip_core::request::Request;
use kmip_core::testing::engines::{FastUsers, answer_from, fast_hash, run_due_jobs};
use kmip_core::testing::store::MemoryStore;
use std::io;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// For how long the certificate of the authority is valid.
const AUTHORITY_SECONDS: i64 = 3_650 * 24 * 60 * 60;

/// An engine with an empty store.
pub struct InProcess {
    place: Arc<Place>,
    clients: usize,
}

struct Place {
    engine: Engine,
    store: Arc<MemoryStore>,
}

impl InProcess {
    /// Opens the engine as of a server with all its listeners, with the Interop operation that the cases begin and end with,
    /// and the user that some need.
    pub fn open() -> io::Result<Self> {
        Self::with(Config { interop: true, https: true, registers_clients: true, ..Config::default() })
    }

    /// Opens the engine with these settings.
    pub fn with(config: Config) -> io::Result<Self> {
        let vault = SoftwareVault::new(Keystore::ephemeral().map_err(io::Error::other)?);
        let store = Arc::new(MemoryStore::new());
        let parts = Parts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            seal: vault.record_seal(),
            vault: Arc::new(vault),
            passwords: Arc::new(FastUsers),
            config,
        };
        let engine = Engine::open(parts).map_err(io::Error::other)?;
        engine
            .establish_authority("CN=kmip-server development authority", "p256", AUTHORITY_SECONDS, now())
            .map_err(io::Error::other)?;
        let (name, password) = ADMINISTRATOR;
        engine.add_user(name, &fast_hash(password), None).map_err(io::Error::other)?;
        Ok(Self { place: Arc::new(Place { engine, store }), clients: 0 })
    }

    /// The engine, to administer it.
    pub fn engine(&self) -> &Engine {
        &self.place.engine
    }

    /// The time, on the pool.
    pub fn now() -> Env {
        now()
    }
}

impl InProcess {
    fn client(&mut self, encoding: Encoding) -> Client {
        self.clients += 1;
        Client { place: Arc::clone(&self.place), name: player(self.clients), encoding }
    }
}

impl World for InProcess {
    fn fresh_client(&mut self) -> io::Result<Box<dyn Endpoint>> {
        Ok(Box::new(self.client(Encoding::Ttlv)))
    }

    fn fresh_client_over(&mut self, wire: Wire) -> io::Result<Option<Box<dyn Endpoint>>> {
        Ok(Some(Box::new(self.client(wire.encoding()))))
    }

    fn hearing_client_over(&mut self, wire: Wire, version: Version) -> io::Result<Option<Hearing<'_>>> {
        let endpoint = self.client(wire.encoding());
        let listener = identity::Listener { address: "localhost:5697".into(), version, trusted: Vec::new() };
        self.place.engine.listen_at(&endpoint.name, listener).map_err(io::Error::other)?;
        let (place, client) = (Arc::clone(&self.place), endpoint.name.clone());
        let courier = Courier::to_listener(&client, version);
        Ok(Some((Box::new(endpoint), Box::new(Ear { place, client, courier }))))
    }

    fn let_hear(&mut self) -> io::Result<()> {
        self.engine().set_listening(&player(self.clients), true).map_err(io::Error::other)
    }
}

/// A listener without a socket: what the courier sends is heard as it is.
struct Ear {
    place: Arc<Place>,
    client: String,
    courier: Courier,
}

impl Ear {
    fn commit(&self, pending: &Pending) -> io::Result<()> {
        let batch = std::slice::from_ref(pending.batch());
        self.place.store.commit(batch).map(drop).map_err(io::Error::other)
    }
}

impl Listener for Ear {
    fn put(&mut self, id: &str) -> io::Result<()> {
        self.place.engine.queue_put(&self.client, id, None, now().now).map_err(io::Error::other)
    }

    fn hear(&mut self) -> io::Result<Vec<u8>> {
        loop {
            match self.courier.next(&self.place.engine, now().now) {
                Next::Send(message, _) => return Ok(message.to_vec()),
                Next::Commit(pending) => self.commit(&pending)?,
                Next::Wait => return Err(io::Error::other("the server has nothing to say")),
                Next::Later(why) => return Err(io::Error::other(why)),
                Next::End(why) => return Err(io::Error::other(why)),
            }
        }
    }

    fn answer(&mut self, response: &[u8]) -> io::Result<()> {
        let done = self.courier.answered(&self.place.engine, response, now().now).map_err(io::Error::other)?;
        done.map_or(Ok(()), |pending| self.commit(&pending))
    }
}

/// The name of the client with this number.
pub fn player(number: usize) -> String {
    format!("player-{number}")
}

struct Client {
    place: Arc<Place>,
    name: String,
    encoding: Encoding,
}

impl Client {
    /// The certificate that it would show: one of its own, which does not end.
    fn certificate(&self) -> Shown {
        let mut fingerprint = [0; 32];
        fingerprint.iter_mut().zip(self.name.bytes()).for_each(|(to, from)| *to = from);
        Shown { fingerprint, serial_number: Vec::new(), not_after: i64::MAX }
    }
}

impl Endpoint for Client {
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let place = &self.place;
        while let Some(mut due) = place.engine.due(now()) {
            let outcomes = place.store.commit(&[due.take_batch()]).map_err(io::Error::other)?;
            outcomes.first().map(|outcome| place.engine.finish(due, outcome));
        }
        run_due_jobs(&place.engine, place.store.as_ref(), now()).map_err(io::Error::other)?;
        let request = encoded::request(request, self.encoding)?;
        let request = Request::new(&request, self.encoding);
        let certificate = self.certificate();
        let from = Sender {
            client: &self.name,
            certificate: Some(&certificate),
            has_channel: self.encoding == Encoding::Ttlv,
        };
        let reply = answer_from(&place.engine, place.store.as_ref(), from, request, now()).map_err(io::Error::other)?;
        encoded::response(&reply.bytes, self.encoding)
    }
}

fn now() -> Env {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    Env::new(i64::try_from(seconds).unwrap_or(i64::MAX), Pace::Pool)
}
