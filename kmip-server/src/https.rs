//! KMIP over HTTPS (KMIP Additional Message Encodings 1.0 §2): `POST /kmip` with one message in TTLV, XML or JSON. The answer has
//! the encoding of the request, unless the client accepts only another.
//!
//! A message that is well-formed HTTP gets an answer of KMIP and status 200, even if it says that the message cannot be read.
//! `message_bytes` bounds the TTLV form; text may be longer by [`TEXT_FACTOR`]. Maximum Response Size means TTLV bytes.

use crate::config::Limits;
use crate::frame::{self, Frame};
use crate::media;
use crate::service::{Peer, Reply, Service};
use crate::shell::Shell;
use crate::wire::WireBuffer;
use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Extension, Request, State};
use axum::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::BodyExt;
use kmip_codec::limits::TEXT_FACTOR;
use kmip_codec::secret::WipedBytes;
use kmip_codec::wire::Encoding;
use kmip_core::request::Request as Message;
use std::sync::Arc;
use tokio::time::timeout;
use zeroize::Zeroize;

#[derive(Clone)]
struct Site {
    service: Arc<dyn Service>,
    shell: Arc<Shell>,
}

/// The routes.
pub fn routes(service: Arc<dyn Service>, shell: Arc<Shell>) -> Router {
    let site = Site { service, shell };
    let only = || async { refuse(StatusCode::METHOD_NOT_ALLOWED, "send the message by POST") };
    let kmip = post(message).fallback(async move || ([(ALLOW, "POST")], only().await));
    let elsewhere = || async { refuse(StatusCode::NOT_FOUND, "messages go to /kmip") };
    Router::new().route("/kmip", kmip).fallback(elsewhere).with_state(site)
}

/// What is answered where KMIP gives no answer.
struct Refusal(StatusCode, String);

impl Refusal {
    fn new(status: StatusCode, what: &str) -> Self {
        Self(status, what.to_owned())
    }
}

fn refuse(status: StatusCode, what: &str) -> Response {
    (status, [(CACHE_CONTROL, "no-cache")], format!("{what}\n")).into_response()
}

async fn message(State(site): State<Site>, Extension(peer): Extension<Arc<Peer>>, request: Request) -> Response {
    match site.exchange(request, &peer).await {
        Ok(response) => response,
        Err(Refusal(status, what)) => refuse(status, &what),
    }
}

impl Site {
    async fn exchange(&self, request: Request, peer: &Arc<Peer>) -> Result<Response, Refusal> {
        let limits = self.shell.live().limits.clone();
        let (head, body) = request.into_parts();
        let encoding =
            media::of_body(&head.headers).map_err(|what| Refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, what))?;
        let Some(answer) = media::of_answer(&head.headers, encoding) else {
            let what = format!("answers are {}: change {ACCEPT}", media::known());
            return Err(Refusal(StatusCode::NOT_ACCEPTABLE, what));
        };
        let bytes = self.read(body, encoding, &limits).await?;
        let message = Message { answer, ..Message::new(bytes.filled(), encoding) };
        let reply = self.answer(message, peer, &limits).await?;
        self.shell.metrics.bytes_sent.inc_by(reply.len() as u64);
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(media::media_type(answer))),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        ];
        Ok((headers, Bytes::from_owner(reply)).into_response())
    }

    /// Reads a body within limits of size and time.
    async fn read(&self, body: Body, encoding: Encoding, limits: &Limits) -> Result<WireBuffer, Refusal> {
        let metrics = &self.shell.metrics;
        let message_bytes = usize::try_from(limits.message_bytes).unwrap_or(usize::MAX);
        let longest = match encoding {
            Encoding::Ttlv => message_bytes,
            Encoding::Xml | Encoding::Json => message_bytes.saturating_mul(TEXT_FACTOR),
        };
        let bytes = match timeout(limits.message_timeout(), collect(body, longest)).await {
            Ok(bytes) => bytes.inspect_err(|Refusal(status, _)| {
                if *status == StatusCode::PAYLOAD_TOO_LARGE {
                    metrics.frame_malformed("too_long");
                }
            })?,
            Err(_) => {
                let what = "the message did not arrive whole within kmip.limits.message_timeout_s";
                return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, what));
            }
        };
        if encoding == Encoding::Ttlv {
            match frame::check(bytes.filled(), limits.message_bytes) {
                Ok(Frame::Whole(length)) if length == bytes.len() => {}
                Ok(_) => {
                    return Err(Refusal::new(StatusCode::BAD_REQUEST, "the body must be exactly one request message"));
                }
                Err(error) => {
                    metrics.frame_malformed(error.label());
                    return Err(Refusal(StatusCode::BAD_REQUEST, error.to_string()));
                }
            }
        }
        metrics.bytes_received.inc_by(bytes.len() as u64);
        Ok(bytes)
    }

    async fn answer(&self, message: Message<'_>, peer: &Arc<Peer>, limits: &Limits) -> Result<WipedBytes, Refusal> {
        let unavailable = |what| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, what);
        let reply = match self.service.respond(message, peer) {
            Reply::Now(reply) => Some(reply),
            Reply::Later(pending) => match timeout(limits.request_timeout(), pending).await {
                Ok(reply) => reply,
                Err(_) => return Err(unavailable("no answer within kmip.limits.request_timeout_s")),
            },
            Reply::Close => None,
        };
        let reply = reply.ok_or_else(|| unavailable("the engine gave no answer"))?;
        if let Err(error) = self.service.settle(self.service.due()) {
            tracing::warn!(client = peer.client, remote = %peer.remote, "reply withheld: {error}");
            return Err(unavailable("the audit log cannot be written"));
        }
        Ok(reply)
    }
}

/// The bytes of a body, in a buffer that is wiped; what arrives is wiped where it came, as far as it is ours.
///
/// A body that is too long is read on for a while and thrown away: a client that is cut off while it sends sees no answer.
async fn collect(mut body: Body, longest: usize) -> Result<WireBuffer, Refusal> {
    let patience = longest.saturating_mul(2);
    let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let (mut whole, mut seen) = (WireBuffer::new(0), 0_usize);
    while told.max(seen) <= patience
        && let Some(frame) = body.frame().await
    {
        let frame = frame.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the body ends early"))?;
        let Ok(bytes) = frame.into_data() else { continue };
        seen = seen.saturating_add(bytes.len());
        if told.max(seen) <= longest {
            whole.append(&bytes);
        } else {
            whole.clear();
        }
        wipe(bytes);
    }
    if told.max(seen) <= longest {
        return Ok(whole);
    }
    let what = format!("a body of this type may have {longest} bytes: kmip.limits.message_bytes bounds messages");
    Err(Refusal(StatusCode::PAYLOAD_TOO_LARGE, what))
}

/// Wipes a body that nobody else holds; what the HTTP library copied elsewhere is out of our reach.
pub fn wipe(body: Bytes) {
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}
