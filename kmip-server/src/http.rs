//! HTTP/1.1 over the TLS sessions of a listener: limits, time-outs, reload and stop around a set of routes.

use crate::listener::{Protocol, Session, next_phase};
use crate::service::Peer;
use crate::shell::{Live, Shell};
use crate::tls::Identity;
use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tracing::{debug, warn};

/// Largest head of a request.
const HEAD_BYTES: usize = 16 * 1024;

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

/// HTTP/1.1 with some routes. Handlers find an `Arc<Peer>` among the extensions of the request.
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
    fn identity(&self, live: &Live) -> Identity {
        self.identity_of(live)
    }

    async fn serve(&self, session: Session) {
        let peer = Arc::new(Peer::new(session.named.name, session.named.fingerprint, session.remote));
        let chain: Vec<_> = session.stream.get_ref().1.peer_certificates().unwrap_or_default().to_vec();
        let routes = routes_for(self.routes.current(), peer.clone(), session.limits.request_timeout());
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(session.limits.message_timeout())
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(session.stream), TowerToHyperService::new(routes));
        let mut served = pin!(served);
        let mut signal = pin!(next_phase(session.phase));
        loop {
            tokio::select! {
                end = served.as_mut() => {
                    if let Err(error) = end {
                        debug!(client = peer.client, remote = %peer.remote, %error, "HTTP connection ended");
                    }
                    return;
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

/// The routes for one peer: its identity in every request, and a limit on the time of each.
fn routes_for(router: Router, peer: Arc<Peer>, limit: Duration) -> Router {
    let in_time = move |request: Request, next: Next| async move {
        match tokio::time::timeout(limit, next.run(request)).await {
            Ok(response) => response,
            Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
        }
    };
    router.layer(from_fn(in_time)).layer(Extension(peer))
}
