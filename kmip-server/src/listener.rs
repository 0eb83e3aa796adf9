//! Accepts TCP connections, makes the TLS handshake within its limits, and hands the session to its protocol.

use crate::config::Limits;
use crate::lanes::{Lanes, Socket};
use crate::shell::{Alive, Live, Phase, Shell};
use crate::tls::{self, Identity, Named};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::{debug, error, info, warn};

/// How long accepting rests when the system has no file descriptor left.
const REST: Duration = Duration::from_millis(100);

/// A connection whose peer is known.
pub struct Session {
    /// The encrypted stream.
    pub stream: TlsStream<Socket>,
    /// Whom its certificate names.
    pub named: Named,
    /// Address of the peer.
    pub remote: SocketAddr,
    /// Bounds at the time it was accepted.
    pub limits: Limits,
    /// Tells reloads and the stop.
    pub phase: watch::Receiver<Phase>,
}

/// What is spoken on a listener.
pub trait Protocol: Send + Sync + 'static {
    /// What metrics call the listener.
    fn listener(&self) -> &'static str;

    /// Whether it is one of administrators.
    fn is_of_admin(&self) -> bool {
        false
    }

    /// Which certificates count here.
    fn identity(&self, live: &Live) -> Identity;

    /// Serves one session to its end.
    fn serve(&self, session: Session) -> impl Future<Output = ()> + Send;
}

/// Accepts until the shell stops, and has connections served on lanes.
pub async fn accept<P: Protocol>(tcp: TcpListener, shell: Arc<Shell>, protocol: P, alive: Alive, lanes: Arc<Lanes>) {
    let protocol = Arc::new(protocol);
    let mut phase = shell.phase();
    loop {
        let accepted = tokio::select! {
            accepted = tcp.accept() => accepted,
            _ = phase.wait_for(|phase| phase.stopping) => return,
        };
        match accepted {
            Ok((stream, remote)) => {
                let (shell, protocol, alive) = (shell.clone(), protocol.clone(), alive.clone());
                lanes.serve(stream, |stream| async move {
                    connection(stream, remote, &shell, &*protocol).await;
                    drop(alive);
                });
            }
            Err(error) => rest(&error).await,
        }
    }
}

async fn rest(error: &io::Error) {
    // Out of file descriptors or memory: trying again at once would only burn the processor.
    error!(%error, "cannot accept a connection");
    sleep(REST).await;
}

async fn connection<P: Protocol>(stream: Socket, remote: SocketAddr, shell: &Arc<Shell>, protocol: &P) {
    // Subscribed before the certificates are taken: a reload in between is seen by the session.
    let phase = shell.phase();
    let live = shell.live();
    let Some(_open) = shell.admit(protocol.is_of_admin(), &live.limits) else {
        shell.metrics.connection_closed("too_many_connections");
        warn!(%remote, limit = live.limits.connections, "connection refused: kmip.limits.connections is reached");
        return;
    };
    let Some((stream, named)) = handshake(stream, remote, shell, &live, protocol).await else {
        return;
    };
    let Some(_slot) = shell.admit_client(&named.name, &live.limits) else {
        shell.metrics.connection_closed("too_many_connections_of_client");
        warn!(%remote, client = named.name, "connection refused: kmip.limits.connections_per_client is reached");
        return;
    };
    let limits = live.limits.clone();
    drop(live);
    let _counted = shell.metrics.connection_opened(protocol.listener());
    // On the heap only now: a connection does not carry the space of its handshake through its life.
    Box::pin(protocol.serve(Session { stream, named, remote, limits, phase })).await;
}

async fn handshake<P: Protocol>(
    stream: Socket,
    remote: SocketAddr,
    shell: &Shell,
    live: &Live,
    protocol: &P,
) -> Option<(TlsStream<Socket>, Named)> {
    let (limits, identity) = (&live.limits, protocol.identity(live));
    let failed = |label: &'static str| shell.metrics.handshake_failed(label);
    let Some(_of_host) = shell.admit_host(protocol.is_of_admin(), remote.ip(), limits) else {
        failed("too_many_of_host");
        warn!(%remote, "handshake refused: this host has its share of kmip.limits.handshakes");
        return None;
    };
    let Some(_handshaking) = shell.admit_handshake(protocol.is_of_admin(), limits) else {
        failed("too_many");
        warn!(%remote, limit = limits.handshakes, "handshake refused: kmip.limits.handshakes is reached");
        return None;
    };
    if let Err(error) = stream.set_nodelay() {
        debug!(%remote, %error, "the peer is gone");
        return None;
    }
    let acceptor = TlsAcceptor::from(identity.config.clone());
    let stream = match timeout(limits.handshake_timeout(), Box::pin(acceptor.accept(stream))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            failed(tell_failure(remote, &error));
            return None;
        }
        Err(_) => {
            failed("timeout");
            info!(%remote, "handshake not finished within kmip.limits.handshake_timeout_s");
            return None;
        }
    };
    match identity.identify(stream.get_ref().1.peer_certificates()) {
        Ok(named) => Some((stream, named)),
        Err(refusal) => {
            failed(refusal.label());
            warn!(%remote, "connection refused: {refusal}");
            None
        }
    }
}

fn tell_failure(remote: SocketAddr, error: &io::Error) -> &'static str {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(tls_error) => {
            let (label, hint) = tls::explain(tls_error);
            warn!(%remote, error = %tls_error, "handshake failed: {hint}");
            label
        }
        None => {
            debug!(%remote, %error, "the peer left during the handshake");
            "peer_left"
        }
    }
}

/// Waits for the next change of the phase and gives the receiver back.
pub async fn next_phase(mut phase: watch::Receiver<Phase>) -> (watch::Receiver<Phase>, Phase) {
    // The sender lives as long as the process; should it be gone, that is a stop.
    let now = match phase.changed().await {
        Ok(()) => *phase.borrow_and_update(),
        Err(_) => Phase { stopping: true, ..Phase::default() },
    };
    (phase, now)
}
