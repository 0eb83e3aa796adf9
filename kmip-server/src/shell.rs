//! What all listeners share: the current certificates and limits, the phase of the process, the count of connections.

use crate::config::Limits;
use crate::metrics::Metrics;
use crate::tls::Material;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::{mpsc, watch};

/// Connections of administrators, and their handshakes.
const ADMIN_CONNECTIONS: u32 = 64;
/// One part in so many of all handshakes may be of one host.
const HOST_SHARE: u32 = 4;

/// What a reload replaces.
pub struct Live {
    /// Certificates.
    pub material: Material,
    /// Bounds.
    pub limits: Limits,
}

/// Where the process stands; connections watch it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phase {
    /// Grows with every reload.
    pub generation: u64,
    /// No new connection, no new request.
    pub stopping: bool,
}

/// State that all listeners share.
pub struct Shell {
    live: RwLock<Arc<Live>>,
    phase: watch::Sender<Phase>,
    places: Places,
    /// Those of administrators: clients cannot take them.
    admin_places: Places,
    clients: Mutex<HashMap<String, u32>>,
    /// Counters.
    pub metrics: Arc<Metrics>,
}

/// Connections and handshakes that are open.
#[derive(Default)]
struct Places {
    open: AtomicU32,
    handshaking: AtomicU32,
    /// Handshakes of each host that are under way.
    hosts: Mutex<HashMap<IpAddr, u32>>,
}

impl Places {
    fn hosts(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one handshake of one host.
pub struct HostSlot<'a> {
    places: &'a Places,
    host: IpAddr,
}

impl Drop for HostSlot<'_> {
    fn drop(&mut self) {
        count_down(&mut self.places.hosts(), &self.host);
    }
}

/// Counts for as long as it lives.
pub struct Counted<'a>(&'a AtomicU32);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The place of one connection of one client.
pub struct ClientSlot {
    shell: Arc<Shell>,
    client: String,
}

impl Drop for ClientSlot {
    fn drop(&mut self) {
        count_down(&mut self.shell.clients(), &self.client);
    }
}

impl Shell {
    /// A shell that begins with these certificates and limits.
    pub fn new(live: Live, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            live: RwLock::new(Arc::new(live)),
            phase: watch::Sender::new(Phase::default()),
            places: Places::default(),
            admin_places: Places::default(),
            clients: Mutex::default(),
            metrics,
        })
    }

    /// The current certificates and limits.
    pub fn live(&self) -> Arc<Live> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces certificates and limits, and has open connections check their peers again.
    pub fn replace(&self, live: Live) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(live);
        self.metrics.reloads.inc();
        self.phase.send_modify(|phase| phase.generation = phase.generation.saturating_add(1));
    }

    /// Ends accepting and tells every connection.
    pub fn stop(&self) {
        self.phase.send_modify(|phase| phase.stopping = true);
    }

    /// Follows the phase.
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.subscribe()
    }

    /// A place for one more connection of clients or of administrators, unless all are taken.
    pub fn admit(&self, of_admin: bool, limits: &Limits) -> Option<Counted<'_>> {
        match of_admin {
            true => count_up(&self.admin_places.open, ADMIN_CONNECTIONS),
            false => count_up(&self.places.open, limits.connections),
        }
    }

    /// A place for one more handshake of clients or of administrators, unless all are taken.
    pub fn admit_handshake(&self, of_admin: bool, limits: &Limits) -> Option<Counted<'_>> {
        match of_admin {
            true => count_up(&self.admin_places.handshaking, ADMIN_CONNECTIONS),
            false => count_up(&self.places.handshaking, limits.handshakes),
        }
    }

    /// A place for one more handshake of a host, unless it has its share of them all: whoever has no certificate must not keep
    /// others from showing theirs.
    pub fn admit_host(&self, of_admin: bool, host: IpAddr, limits: &Limits) -> Option<HostSlot<'_>> {
        let host = network_of(host);
        let (places, all) =
            if of_admin { (&self.admin_places, ADMIN_CONNECTIONS) } else { (&self.places, limits.handshakes) };
        let has_room = count_up_in(&mut places.hosts(), host, (all / HOST_SHARE).max(1));
        // A slot that is not given out must not come into being: it would give back what it never took.
        has_room.then(|| HostSlot { places, host })
    }

    /// A place for one more connection of `client`, unless it has all of its own.
    pub fn admit_client(self: &Arc<Self>, client: &str, limits: &Limits) -> Option<ClientSlot> {
        let has_room = count_up_in(&mut self.clients(), client.to_owned(), limits.connections_per_client);
        has_room.then(|| ClientSlot { shell: self.clone(), client: client.to_owned() })
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The network whose addresses one host may choose among (RFC 4291 §2.5.4).
fn network_of(host: IpAddr) -> IpAddr {
    match host.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

/// Counts one more of a kind, unless there are as many as there may be.
fn count_up_in<K: Eq + Hash>(counts: &mut HashMap<K, u32>, of: K, limit: u32) -> bool {
    let count = counts.entry(of).or_default();
    let has_room = *count < limit;
    *count = count.saturating_add(u32::from(has_room));
    has_room
}

fn count_down<K: Eq + Hash>(counts: &mut HashMap<K, u32>, of: &K) {
    if let Some(count) = counts.get_mut(of) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(of);
        }
    }
}

fn count_up(counter: &AtomicU32, limit: u32) -> Option<Counted<'_>> {
    let counted = Counted(counter);
    // The guard takes the count back if the limit was passed.
    (counter.fetch_add(1, Ordering::Relaxed) < limit).then_some(counted)
}

/// Held by every connection; [`Drain::wait`] returns when the last one is dropped.
#[derive(Clone)]
pub struct Alive(#[allow(dead_code, reason = "held for its drop")] mpsc::Sender<()>);

/// Waits for connections to end.
pub struct Drain(mpsc::Receiver<()>);

/// A pair to follow connections to their end.
pub fn drain() -> (Alive, Drain) {
    let (sender, receiver) = mpsc::channel(1);
    (Alive(sender), Drain(receiver))
}

impl Drain {
    /// Returns when no [`Alive`] is left.
    pub async fn wait(mut self) {
        // Nothing is ever sent: this ends when the last sender is gone.
        while self.0.recv().await.is_some() {}
    }
}
