//! The server's side of a connection whose roles were exchanged (KMIP 2.1 §6.1.54): what it says comes from the core's
//! courier, which may wait for a device, and a message goes from its queue once the client has answered.

use crate::service::{Answered, Message, Outgoing};
use kmip_codec::secret::WipedBytes;
use kmip_codec::version::V2_0;
use kmip_core::engine::{Engine, Pending};
use kmip_core::outgoing::{Courier, Next};
use kmip_core::ports::store::Store;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// A session with one client.
pub(crate) struct Messenger {
    engine: Arc<Engine>,
    store: Arc<dyn Store>,
    courier: Arc<Mutex<Courier>>,
    queued: watch::Receiver<u64>,
    now: fn() -> i64,
}

impl Messenger {
    /// A session that begins; `queued` tells when something is queued for anybody.
    pub fn new(
        engine: Arc<Engine>,
        store: Arc<dyn Store>,
        client: &str,
        queued: watch::Receiver<u64>,
        now: fn() -> i64,
    ) -> Self {
        let courier = Arc::new(Mutex::new(Courier::new(client, V2_0)));
        Self { engine, store, courier, queued, now }
    }

    /// Lets the courier work on a thread that may wait.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Courier, &Engine, &dyn Store) -> T + Send + 'static,
    ) -> Option<T> {
        let (engine, store, courier) = (self.engine.clone(), self.store.clone(), self.courier.clone());
        let done = tokio::task::spawn_blocking(move || {
            let mut courier = courier.lock().unwrap_or_else(PoisonError::into_inner);
            work(&mut courier, &engine, store.as_ref())
        });
        done.await.ok()
    }
}

impl Outgoing for Messenger {
    fn next(&self) -> Message<'_> {
        let mut queued = self.queued.clone();
        Box::pin(async move {
            loop {
                queued.borrow_and_update();
                let now = (self.now)();
                let next = self.work(move |courier, engine, store| match courier.next(engine, now) {
                    Next::Send(message) => Ok(Some(message)),
                    Next::Wait => Ok(None),
                    Next::Commit(pending) => commit(store, &pending).map(|()| Some(WipedBytes::default())),
                });
                match next.await? {
                    Ok(Some(message)) if !message.is_empty() => return Some(message),
                    Ok(Some(_)) => {}
                    Ok(None) => queued.changed().await.ok()?,
                    Err(why) => {
                        tracing::error!(why, "a message to a client cannot be removed");
                        return None;
                    }
                }
            }
        })
    }

    fn answered(&self, response: WipedBytes) -> Answered<'_> {
        let now = (self.now)();
        Box::pin(async move {
            let told = self.work(move |courier, engine, store| match courier.answered(engine, &response, now)? {
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
