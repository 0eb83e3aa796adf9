//! What the server says to a client, on a connection whose roles were exchanged (KMIP 2.1 §6.1.54) or to a listener of the
//! client: it comes from the core's courier, which may wait for a device, and a message goes from its queue once the client has
//! answered.

use crate::journal::{Journal, Subject};
use crate::service::{Answered, Message, Outgoing, Peer, Serial};
use kmip_codec::secret::WipedBytes;
use kmip_codec::version::{V2_0, Version};
use kmip_core::engine::{AuditEntry, Engine, Pending};
use kmip_core::outgoing::{Courier, Next};
use kmip_core::ports::store::Store;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long a session rests before it ends because the disk refuses.
const REST: Duration = Duration::from_secs(5);

/// What all sessions share.
#[derive(Clone)]
pub(crate) struct Messengers {
    pub engine: Arc<Engine>,
    pub store: Arc<dyn Store>,
    /// Tells when something is queued for anybody.
    pub queued: watch::Receiver<u64>,
    pub now: fn() -> i64,
    /// Tells what leaves with a key.
    pub journal: Arc<Journal>,
    /// How many connections of each client have exchanged roles.
    pub exchanged: Exchanged,
}

/// Clients that hear on connections of their own.
#[derive(Clone, Default)]
pub(crate) struct Exchanged(Arc<Mutex<HashMap<String, usize>>>);

impl Exchanged {
    fn counts(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a client hears on a connection of its own.
    pub fn holds(&self, client: &str) -> bool {
        self.counts().contains_key(client)
    }

    fn enter(&self, client: &str) -> Entered {
        let mut counts = self.counts();
        let count = counts.entry(client.to_owned()).or_default();
        *count = count.saturating_add(1);
        Entered { exchanged: self.clone(), client: client.to_owned() }
    }
}

/// Counts one connection for as long as it lives.
struct Entered {
    exchanged: Exchanged,
    client: String,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut counts = self.exchanged.counts();
        if let Some(count) = counts.get_mut(&self.client) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.client);
            }
        }
    }
}

/// A session with one client.
pub(crate) struct Messenger {
    shared: Messengers,
    client: String,
    courier: Arc<Mutex<Courier>>,
    /// None in a session with a listener, which ends when the client exchanges roles.
    entered: Option<Entered>,
}

impl Messenger {
    /// A session on a connection whose roles were exchanged.
    pub fn on_exchange(shared: Messengers, peer: &Peer) -> Self {
        let entered = Some(shared.exchanged.enter(&peer.client));
        let courier = Courier::new(&peer.client, V2_0).showing(Some(peer.certificate.fingerprint));
        Self { shared, client: peer.client.clone(), courier: Arc::new(Mutex::new(courier)), entered }
    }

    /// A session with a listener that hears in a version.
    pub fn to_listener(shared: Messengers, client: &str, version: Version, shown: Option<[u8; 32]>) -> Self {
        let courier = Arc::new(Mutex::new(Courier::to_listener(client, version).showing(shown)));
        Self { shared, client: client.to_owned(), courier, entered: None }
    }

    /// Lets the courier work on a thread that may wait.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Courier, &Engine, &dyn Store) -> T + Send + 'static,
    ) -> Option<T> {
        let (engine, store, courier) = (self.shared.engine.clone(), self.shared.store.clone(), self.courier.clone());
        let done = tokio::task::spawn_blocking(move || {
            let mut courier = courier.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut courier, &engine, store.as_ref())
        });
        done.await.ok()
    }
}

/// What is due in a session.
enum Due {
    Message(WipedBytes),
    /// Perhaps something else: look again.
    More,
    Nothing,
    End,
}

impl Outgoing for Messenger {
    fn next(&self) -> Message<'_> {
        let mut queued = self.shared.queued.clone();
        Box::pin(async move {
            loop {
                queued.borrow_and_update();
                if self.entered.is_none() && self.shared.exchanged.holds(&self.client) {
                    return None;
                }
                let now = (self.shared.now)();
                let (journal, client) = (self.shared.journal.clone(), self.client.clone());
                let next = self.work(move |courier, engine, store| match courier.next(engine, now) {
                    Next::Send(message, None) => Ok(Due::Message(message)),
                    Next::Send(message, Some(entry)) => told(&journal, client, entry).map(|()| Due::Message(message)),
                    Next::Wait => Ok(Due::Nothing),
                    Next::Later(why) => Err(why),
                    Next::Commit(pending) => commit(store, &pending).map(|()| Due::More),
                    Next::End(why) => {
                        tracing::warn!(client, "nothing more is sent: {why}");
                        Ok(Due::End)
                    }
                });
                match next.await? {
                    Ok(Due::Message(message)) => return Some(message),
                    Ok(Due::More) => {}
                    Ok(Due::Nothing) => queued.changed().await.ok()?,
                    Ok(Due::End) => return None,
                    Err(why) => {
                        tracing::error!(why, "a message to a client cannot be sent or removed");
                        // Whoever asks again at once finds the disk no better.
                        tokio::time::sleep(REST).await;
                        return None;
                    }
                }
            }
        })
    }

    fn answered(&self, response: WipedBytes) -> Answered<'_> {
        let now = (self.shared.now)();
        Box::pin(async move {
            let told = self.work(move |courier, engine, store| match courier.answered(engine, &response, now)? {
                Some(pending) => commit(store, &pending),
                None => Ok(()),
            });
            told.await.unwrap_or_else(|| Err("the server is stopping".to_owned()))
        })
    }

    fn role_back(&self) -> Message<'_> {
        let now = (self.shared.now)();
        Box::pin(async move { self.work(move |courier, engine, _| courier.role_back(engine, now)).await.flatten() })
    }

    fn unanswered(&self) -> Serial<'_> {
        Box::pin(async move { self.work(|courier, _, _| courier.unanswered()).await.flatten() })
    }

    fn give_up(&self) -> Answered<'_> {
        let now = (self.shared.now)();
        Box::pin(async move {
            let told = self.work(move |courier, _, store| match courier.give_up(now) {
                Some(pending) => commit(store, &pending),
                None => Ok(()),
            });
            told.await.unwrap_or_else(|| Err("the server is stopping".to_owned()))
        })
    }
}

fn commit(store: &dyn Store, pending: &Pending) -> Result<(), String> {
    store.commit(std::slice::from_ref(pending.batch())).map(drop).map_err(|error| error.to_string())
}

/// Tells durably that a message leaves with a key.
fn told(journal: &Journal, client: String, entry: AuditEntry) -> Result<(), String> {
    let subject = Subject::beginning(Arc::new(Peer::absent(client)));
    journal.note(&subject, &[entry], None).and_then(|()| journal.sync()).map_err(|error| error.to_string())
}
