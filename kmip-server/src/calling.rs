//! Calls the listeners of clients for which something waits (KMIP 1.4 §5, KMIP 2.1 §6.2).
//!
//! Each client is called by a task of its own, so that one whose listener is dead holds up nobody. A call that fails is made
//! again after a rest that doubles; a message that is sent and never answered goes after some calls; what nobody takes goes in
//! its time. A listener that has heard everything is left after a moment.

use crate::connection::End;
use crate::service::{Outgoing, Service};
use crate::shell::{Alive, Live, Shell};
use crate::speaking::Speaker;
use crate::wire::WireBuffer;
use kmip_core::identity::Listener;
use kmip_core::outgoing::host_and_port;
use rustls::pki_types::ServerName;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tracing::{info, warn};

/// Listeners that are spoken to at one time.
const MOST_CALLS: usize = 256;
/// How long a listener that has heard everything is kept.
const LINGER: Duration = Duration::from_secs(5);
/// Rest after a call that failed, at first.
const FIRST_REST: Duration = Duration::from_secs(1);
/// And at most.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// Calls in which a message may be sent without being answered.
const MOST_SENDINGS: u32 = 5;

/// See the module.
struct Calls {
    service: Arc<dyn Service>,
    shell: Arc<Shell>,
    places: Semaphore,
    /// Clients that are being called, or will be after a rest.
    called: Mutex<HashSet<String>>,
    /// Tells that one of them no longer is.
    ended: Notify,
}

/// Calls whoever is to be called, until the shell stops.
pub(crate) async fn call_listeners(service: Arc<dyn Service>, shell: Arc<Shell>, alive: Alive) {
    let Some(mut queued) = service.queued() else { return };
    let mut phase = shell.phase();
    let places = Semaphore::new(MOST_CALLS);
    let calls = Arc::new(Calls { service, shell, places, called: Mutex::default(), ended: Notify::new() });
    loop {
        queued.borrow_and_update();
        for (client, _) in calls.service.calls() {
            if calls.called().insert(client.clone()) {
                tokio::spawn(calls.clone().serve(client, queued.clone(), alive.clone()));
            }
        }
        tokio::select! {
            changed = queued.changed() => if changed.is_err() { return },
            () = calls.ended.notified() => {}
            _ = phase.wait_for(|phase| phase.stopping) => return,
        }
    }
}

/// Why a call ended before the listener had heard everything.
struct Failed {
    why: String,
    /// Whether it has answered a message before.
    answered: bool,
    unanswered: Option<u64>,
}

impl Calls {
    fn called(&self) -> MutexGuard<'_, HashSet<String>> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self: Arc<Self>, client: String, queued: watch::Receiver<u64>, alive: Alive) {
        let mut phase = self.shell.phase();
        tokio::select! {
            () = self.until_heard(&client, queued) => {}
            _ = phase.wait_for(|phase| phase.stopping) => {}
        }
        self.called().remove(&client);
        self.ended.notify_one();
        drop(alive);
    }

    fn listener(&self, client: &str) -> Option<Listener> {
        self.service.calls().into_iter().find(|(name, _)| name == client).map(|(_, listener)| listener)
    }

    async fn until_heard(&self, client: &str, mut queued: watch::Receiver<u64>) {
        let (mut rest, mut stuck) = (FIRST_REST, (None, 0_u32));
        while let Some(listener) = self.listener(client) {
            let Err(Failed { why, answered, unanswered }) = self.call(client, &listener, stuck).await else {
                (rest, stuck) = (FIRST_REST, (None, 0));
                continue;
            };
            warn!(client, address = %listener.address, rest_s = rest.as_secs(), "a listener was called in vain: {why}");
            let again = unanswered.is_some() && stuck.0 == unanswered;
            stuck = (unanswered, if again { stuck.1.saturating_add(1) } else { u32::from(unanswered.is_some()) });
            self.rest(client, &listener, rest, &mut queued).await;
            rest = if answered { FIRST_REST } else { rest.saturating_mul(2).min(LONGEST_REST) };
        }
    }

    /// Rests, unless an administrator names another listener.
    async fn rest(&self, client: &str, tried: &Listener, rest: Duration, queued: &mut watch::Receiver<u64>) {
        let end = Instant::now() + rest;
        loop {
            queued.borrow_and_update();
            if self.listener(client).as_ref() != Some(tried) {
                return;
            }
            tokio::select! {
                () = sleep_until(end) => return,
                changed = queued.changed() => if changed.is_err() { return },
            }
        }
    }

    /// One call: until the listener has heard everything, or what it hears with has changed.
    async fn call(&self, client: &str, listener: &Listener, stuck: (Option<u64>, u32)) -> Result<(), Failed> {
        let failed = |why: String| Failed { why, answered: false, unanswered: stuck.0 };
        let place = self.places.acquire().await;
        let (phase, live) = (self.shell.phase(), self.shell.live());
        let connecting = timeout(live.limits.handshake_timeout(), Box::pin(connect(&live, client, listener)));
        let stream = match connecting.await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed("no connection within kmip.limits.handshake_timeout_s".to_owned())),
        };
        let own = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let shown = own.filter(|_| listener.trusted.is_empty()).map(|leaf| Sha256::digest(leaf).into());
        let Some(outgoing) = self.service.calling(client, listener, shown) else { return Ok(()) };
        info!(client, address = %listener.address, version = %listener.version, "a listener is called");
        let mut conversation = Conversation { stream, outgoing, live, phase, stuck, answered: false };
        let ended = conversation.run(&self.shell).await;
        let unanswered = conversation.outgoing.unanswered().await;
        // The listener may be gone; the stream is closed either way.
        let _ = timeout(conversation.live.limits.handshake_timeout(), conversation.stream.shutdown()).await;
        drop(place);
        let answered = conversation.answered;
        ended.map_err(|end| Failed { why: end.to_string(), answered, unanswered })
    }
}

async fn connect(live: &Live, client: &str, listener: &Listener) -> io::Result<TlsStream<TcpStream>> {
    let (host, port) = host_and_port(&listener.address).ok_or(io::ErrorKind::InvalidInput)?;
    let config = live.material.caller.config(client, listener).map_err(io::Error::other)?;
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let tcp = TcpStream::connect((host, port)).await?;
    tcp.set_nodelay(true)?;
    TlsConnector::from(config).connect(name, tcp).await
}

/// One connection to a listener.
struct Conversation {
    stream: TlsStream<TcpStream>,
    outgoing: Box<dyn Outgoing>,
    live: Arc<Live>,
    phase: watch::Receiver<crate::shell::Phase>,
    /// The message that was sent last without being answered, and in how many calls.
    stuck: (Option<u64>, u32),
    answered: bool,
}

impl Conversation {
    async fn run(&mut self, shell: &Shell) -> Result<(), End> {
        let mut inbound = WireBuffer::new(0);
        let Self { stream, outgoing, live, phase, stuck, answered } = self;
        let (inbound, limits, metrics) = (&mut inbound, &live.limits, shell.metrics.as_ref());
        let mut speaker = Speaker { stream, inbound, limits, metrics };
        // Certificates that a reload replaces are looked at by the next call.
        while !phase.has_changed().unwrap_or(true) {
            let message = match timeout(LINGER, speaker.next(outgoing.as_ref())).await {
                Ok(message) => message?,
                Err(_) => return Ok(()),
            };
            let Some(message) = message else { return Ok(()) };
            if stuck.1 >= MOST_SENDINGS && outgoing.unanswered().await == stuck.0 && stuck.0.is_some() {
                *stuck = (None, 0);
                outgoing.give_up().await.map_err(End::Response)?;
                continue;
            }
            speaker.exchange(&message, outgoing.as_ref()).await?;
            *answered |= outgoing.unanswered().await.is_none();
        }
        Ok(())
    }
}
