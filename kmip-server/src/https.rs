//! KMIP over HTTPS: `POST /kmip` with one TTLV message as `application/octet-stream` (KMIP Profiles 2.1 §5.6).

use crate::frame::{self, Frame};
use crate::service::{Peer, Reply, Service};
use crate::shell::Shell;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Extension, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use std::sync::Arc;
use zeroize::Zeroize;

const TTLV: &str = "application/octet-stream";

#[derive(Clone)]
struct Site {
    service: Arc<dyn Service>,
    shell: Arc<Shell>,
    message_bytes: u32,
}

/// The routes.
pub fn routes(service: Arc<dyn Service>, shell: Arc<Shell>) -> Router {
    let message_bytes = shell.live().limits.message_bytes;
    let limit = usize::try_from(message_bytes).unwrap_or(usize::MAX);
    Router::new().route("/kmip", post(message)).layer(DefaultBodyLimit::max(limit)).with_state(Site {
        service,
        shell,
        message_bytes,
    })
}

async fn message(
    State(site): State<Site>,
    Extension(peer): Extension<Arc<Peer>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.eq_ignore_ascii_case(TTLV) {
        return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, &format!("send the message as {TTLV}"));
    }
    match frame::check(&body, site.message_bytes) {
        Ok(Frame::Whole(length)) if length == body.len() => {}
        Ok(_) => return refuse(StatusCode::BAD_REQUEST, "the body must be exactly one request message"),
        Err(error) => {
            site.shell.metrics.frame_malformed(error.label());
            return refuse(StatusCode::BAD_REQUEST, &error.to_string());
        }
    }
    answer(&site, body, &peer).await
}

async fn answer(site: &Site, body: Bytes, peer: &Arc<Peer>) -> Response {
    let metrics = &site.shell.metrics;
    metrics.bytes_received.inc_by(body.len() as u64);
    let reply = site.service.respond(&body, peer);
    wipe(body);
    let reply = match reply {
        Reply::Now(reply) => reply,
        Reply::Later(pending) => pending.await,
        Reply::Close => return refuse(StatusCode::SERVICE_UNAVAILABLE, "the engine gave no answer"),
    };
    if let Err(error) = site.service.settle() {
        tracing::warn!(client = peer.client, remote = %peer.remote, "reply withheld: {error}");
        return refuse(StatusCode::SERVICE_UNAVAILABLE, "the audit log cannot be written");
    }
    metrics.bytes_sent.inc_by(reply.len() as u64);
    ([(CONTENT_TYPE, TTLV)], Bytes::from_owner(reply)).into_response()
}

fn refuse(status: StatusCode, what: &str) -> Response {
    (status, format!("{what}\n")).into_response()
}

/// Wipes a body that nobody else holds; what the HTTP library copied elsewhere is out of our reach.
pub fn wipe(body: Bytes) {
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}
