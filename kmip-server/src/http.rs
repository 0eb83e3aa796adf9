//! HTTP/1.0, HTTP/1.1 and, for KMIP clients, HTTP/2 over the TLS sessions of a listener: limits, time-outs, reload and stop
//! around a set of routes.

use crate::config::Limits;
use crate::listener::{Protocol, Session, next_phase};
use crate::progress::{Progress, Watched};
use crate::service::Peer;
use crate::shell::{Live, Shell};
use crate::tls::{HTTP_2, Identity};
use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::header::HOST;
use axum::http::{StatusCode, Version};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::time::Instant;
use tracing::{debug, warn};

/// Largest head of a request.
const HEAD_BYTES: u32 = 16 * 1024;
/// Requests that one HTTP/2 connection may have open.
const STREAMS: u32 = 16;
/// Answers of an HTTP/2 connection that may wait to be sent, in bytes for each request.
const SEND_BUFFER: usize = 64 * 1024;
/// How often in the shortest time limit a connection is looked after.
const LOOKS: u32 = 4;

/// Which listener speaks HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// KMIP clients.
    Kmip,
    /// Administrators.
    Admin,
}

/// Routes that may be replaced.
#[derive(Clone)]
pub struct Routes(Arc<RwLock<Router>>);

impl Routes {
    /// These routes.
    pub fn new(router: Router) -> Self {
        Self(Arc::new(RwLock::new(router)))
    }

    /// Gives other routes to connections that begin from now on.
    pub fn replace(&self, router: Router) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = router;
    }

    fn current(&self) -> Router {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// HTTP with some routes. Handlers find an `Arc<Peer>` among the extensions of the request.
pub struct Http {
    /// The routes, as they are when a connection begins.
    pub routes: Routes,
    /// Which listener.
    pub site: Site,
    /// What the listeners share.
    pub shell: Arc<Shell>,
}

impl Http {
    fn identity_of(&self, live: &Live) -> Identity {
        match self.site {
            Site::Kmip => live.material.https.clone(),
            Site::Admin => live.material.admin.clone(),
        }
    }
}

impl Protocol for Http {
    fn listener(&self) -> &'static str {
        match self.site {
            Site::Kmip => "https",
            Site::Admin => "admin",
        }
    }

    fn is_of_admin(&self) -> bool {
        self.site == Site::Admin
    }

    fn identity(&self, live: &Live) -> Identity {
        self.identity_of(live)
    }

    async fn serve(&self, session: Session) {
        let limits = session.limits;
        let peer = Arc::new(Peer::new(session.named.name, session.named.certificate, session.remote));
        let tls = session.stream.get_ref().1;
        let chain: Vec<_> = tls.peer_certificates().unwrap_or_default().to_vec();
        let is_http_2 = tls.alpn_protocol() == Some(HTTP_2);
        let progress = Progress::new(!is_http_2);
        let routes = routes_for(self.routes.current(), peer.clone(), longest(&limits), progress.clone());
        let builder = builder(is_http_2, &limits);
        let stream = TokioIo::new(Watched::new(session.stream, progress.clone()));
        let mut served = pin!(builder.serve_connection(stream, TowerToHyperService::new(routes)));
        let mut signal = pin!(next_phase(session.phase));
        let mut looks = tokio::time::interval(limits.message_timeout().min(limits.idle_timeout()) / LOOKS);
        loop {
            tokio::select! {
                end = served.as_mut() => {
                    if let Err(error) = end {
                        debug!(client = peer.client, remote = %peer.remote, %error, "HTTP connection ended");
                    }
                    return;
                }
                _ = looks.tick() => {
                    if let Some(overdue) = progress.overdue(Instant::now(), &limits) {
                        self.shell.metrics.connection_closed(overdue.label());
                        debug!(client = peer.client, remote = %peer.remote, ?overdue, "closed");
                        return;
                    }
                }
                (phase, now) = signal.as_mut() => {
                    if now.stopping {
                        served.as_mut().graceful_shutdown();
                    }
                    signal.set(next_phase(phase));
                    if let Err(refusal) = self.identity_of(&self.shell.live()).still_trusts(Some(&chain)) {
                        warn!(client = peer.client, remote = %peer.remote, "closed: {refusal}");
                        return;
                    }
                }
            }
        }
    }
}

/// The protocol that the handshake chose, within bounds. Idle connections and slow heads are [`Progress`]'s to end; in HTTP/2
/// the peer must answer pings, too.
fn builder(is_http_2: bool, limits: &Limits) -> Builder<TokioExecutor> {
    let builder = Builder::new(TokioExecutor::new());
    if !is_http_2 {
        let mut builder = builder.http1_only();
        // Written in parts, so that no answer is copied behind its head, where nobody would wipe it.
        let mut http_1 = builder.http1();
        http_1.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(HEAD_BYTES as usize).writev(true);
        return builder;
    }
    let mut builder = builder.http2_only();
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_BYTES)
        .max_send_buf_size(SEND_BUFFER)
        .keep_alive_interval(limits.message_timeout())
        .keep_alive_timeout(limits.message_timeout());
    builder
}

/// The longest that a request may take in all: to arrive, and to be answered.
fn longest(limits: &Limits) -> Duration {
    limits.message_timeout().saturating_add(limits.request_timeout())
}

/// Whether a request does not say whom it is for, or says it twice: "A server MUST respond with a 400 (Bad Request) status code"
/// (RFC 9112 §3.2).
fn lacks_host(request: &Request) -> bool {
    request.version() == Version::HTTP_11 && request.headers().get_all(HOST).iter().count() != 1
}

/// The routes for one peer: its identity in every request, and a limit on the time of each.
fn routes_for(router: Router, peer: Arc<Peer>, limit: Duration, progress: Progress) -> Router {
    let in_time = move |request: Request, next: Next| {
        let under_way = progress.request();
        async move {
            if lacks_host(&request) {
                return (StatusCode::BAD_REQUEST, "HTTP/1.1 needs exactly one Host (RFC 9112 section 3.2)\n")
                    .into_response();
            }
            let answered = tokio::time::timeout(limit, next.run(request)).await;
            drop(under_way);
            match answered {
                Ok(response) => response,
                Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
            }
        }
    };
    router.layer(from_fn(in_time)).layer(Extension(peer))
}
