//! What all listeners share: the current certificates and limits, the phase of the process, the count of connections.

use crate::config::Limits;
use crate::metrics::Metrics;
use crate::tls::Material;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use tokio::sync::{mpsc, watch};

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
    open: AtomicU32,
    handshaking: AtomicU32,
    clients: Mutex<HashMap<String, u32>>,
    /// Counters.
    pub metrics: Arc<Metrics>,
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
        let mut clients = self.shell.clients();
        if let Some(count) = clients.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                clients.remove(&self.client);
            }
        }
    }
}

impl Shell {
    /// A shell that begins with these certificates and limits.
    pub fn new(live: Live, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self {
            live: RwLock::new(Arc::new(live)),
            phase: watch::Sender::new(Phase::default()),
            open: AtomicU32::new(0),
            handshaking: AtomicU32::new(0),
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

    /// A place for one more connection, unless all are taken.
    pub fn admit(&self, limits: &Limits) -> Option<Counted<'_>> {
        count_up(&self.open, limits.connections)
    }

    /// A place for one more handshake, unless all are taken.
    pub fn admit_handshake(&self, limits: &Limits) -> Option<Counted<'_>> {
        count_up(&self.handshaking, limits.handshakes)
    }

    /// A place for one more connection of `client`, unless it has all of its own.
    pub fn admit_client(self: &Arc<Self>, client: &str, limits: &Limits) -> Option<ClientSlot> {
        let mut clients = self.clients();
        match clients.get_mut(client) {
            Some(count) if *count >= limits.connections_per_client => return None,
            Some(count) => *count = count.saturating_add(1),
            None => {
                clients.insert(client.to_owned(), 1);
            }
        }
        Some(ClientSlot { shell: self.clone(), client: client.to_owned() })
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
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
