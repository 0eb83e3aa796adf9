//! The admin API: HTTPS and JSON, for administrators' certificates only.
//!
//! A certificate is an administrator's if it chains to a CA of the administrators (never one of the clients' CAs) and its
//! subject carries the unit `KMIP Administrator`; [`crate::tls`] checks both. Bodies are bounded; passwords and keys are
//! never logged.
//!
//! ```text
//! GET  /healthz  /readyz  /metrics
//! POST /api/v1/clients  {"name": "disk-7", "scope": "array-1"?, "key": "p256" | "rsa2048"?}
//!                       -> 201 {"name", "certificate", "key", "ca"}      the key is kept nowhere
//!                       "request": PEM   for the key of a PKCS #10: the answer has no "key"
//!                       "certificate": PEM   made by the client itself, nothing is issued: -> 201 {"name"}
//!                       "username", "password"   -> 201 {"name", "pkcs12": base64, "ca"} under HEX(SHA256(username || password))
//!                       "again": true   the client is known, and gets another certificate; with "only": true no other counts any more
//! GET  /api/v1/clients  -> 200 {"clients": [{"name", "scope", "disabled", "renewals", "quirks", "listens", "listener"?}]}
//! POST /api/v1/clients/lock    {"name": "disk-7", "action": "disable" | "enable"}  -> 200 {"name", "disabled", "was_known"}
//! POST /api/v1/clients/prepare {"name": "disk-7", "key": "p256" | "rsa2048"?}  -> 201 {"name"}: its key and certificate wait for it
//! POST /api/v1/clients/quirks  {"name": "disk-7", "quirks": ["iv-in-front"]}  -> 200 {"name", "quirks"}: those, and no other
//! POST /api/v1/clients/listen  {"name": "disk-7", "listens": true}  -> 200 {"name", "listens"}: whether it hears of changes
//! POST /api/v1/clients/put     {"name": "disk-7", "object": "...", "replaces": "..."?}  -> 202 {"name", "object"}: queued for it
//! POST /api/v1/users    {"name": "alice", "password": "..."?, "client": "disk-7"?, "hashed_password": true?,
//!                        "one_time": {"kind": "totp" | "hotp", "hash": "sha1" | "sha256" | "sha512", "digits": 6, "period": 30}?}
//!                       -> 201 {"name", "one_time": "otpauth://..."?}    the secret of the codes is told once
//! POST /api/v1/devices  {"name": "disk-7", "serial_number"?, "device_identifier"?, "network_identifier"?, "machine_identifier"?,
//!                        "media_identifier"?, "password"?, "client"?}  -> 201 {"name"}
//! POST /api/v1/reload   -> 200 {"reloaded": true}
//! GET  /api/v1/root-key -> 200 {"root_key", "older", "rotation", "finished"}     see [`RootKeyReport`](crate::rotation::RootKeyReport)
//! POST /api/v1/root-key/rotate  {"to": "software" | "pkcs11"?, "devices": ["a"]?, "root_label": "..."?, "scope_keys": true?}
//!                       -> 202 like the above
//! POST /api/v1/ca       {"action": "init" | "request" | "install" | "show" | "crl" | "trust" | "distrust" | "trusted" | "add-crl", ...}
//!                       -> 200 {...}                 see [`Ask`](crate::authority::Ask)
//! GET  /api/v1/hsm      -> 200 {"devices": [{"name", "place", "serves", "state"}]}   none where the root key is in software
//! POST /api/v1/hsm/reconcile  -> 200 {"removed_unstored", "removed_destroyed", "unsettled", "orphans", "missing", "complete"}
//! ```
//! Errors are `{"error": "..."}` with a fitting status.

use crate::authority::Ask;
use crate::datadir::DataDir;
use crate::metrics::Metrics;
use crate::run::Reconfigure;
use crate::service::{Act, Administration, AdministrationError, Peer, Rotate, Service};
use crate::{admin_clients, admin_outgoing, admin_users};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{DefaultBodyLimit, Extension, Request, State};
use axum::http::header::{CONNECTION, CONTENT_TYPE, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use certs::Authority;
use hsm_backend::keystore::RootPlace;
use kmip_core::ports::vault::DeviceReport;
use kmip_core::reconcile::Reconciliation;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tracing::{info, warn};

/// Largest body.
const BODY_BYTES: usize = 64 * 1024;
/// Largest body with a revocation list.
const LIST_BYTES: usize = 24 << 20;
/// Media type of Prometheus' text format, version 1.0.0 of OpenMetrics.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Reads certificates and configuration again; the error says what is wrong with them.
pub type Reload = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the API works on.
pub struct Admin {
    /// Readiness.
    pub service: Arc<dyn Service>,
    /// Changes.
    pub administration: Arc<dyn Administration>,
    /// Signs certificates of clients; absent where the data directory holds no CA key.
    pub authority: Option<Authority>,
    /// Keeps what is prepared for clients.
    pub data: Arc<DataDir>,
    /// Held while a client is prepared or enrolled, so that two do not mix the files of one.
    pub registering: Mutex<()>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Reload.
    pub reload: Reload,
    /// The configuration as it stands now.
    pub reconfigure: Arc<Reconfigure>,
}

pub(crate) type Shared = State<Arc<Admin>>;

/// The routes.
pub fn routes(admin: Admin) -> Router {
    let admin = Arc::new(admin);
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/v1/clients", get(admin_clients::list).post(admin_clients::enroll))
        .route("/api/v1/clients/lock", post(admin_clients::lock))
        .route("/api/v1/clients/prepare", post(admin_clients::prepare))
        .route("/api/v1/clients/quirks", post(set_quirks))
        .route("/api/v1/clients/listen", post(admin_outgoing::listen))
        .route("/api/v1/clients/put", post(admin_outgoing::put))
        .route("/api/v1/users", post(admin_users::add_user))
        .route("/api/v1/devices", post(admin_users::add_device))
        .route("/api/v1/reload", post(reload))
        .route("/api/v1/ca", post(certificates).layer(DefaultBodyLimit::max(LIST_BYTES)))
        .route("/api/v1/hsm", get(devices))
        .route("/api/v1/root-key", get(root_key))
        .route("/api/v1/root-key/rotate", post(rotate_root_key))
        .route("/api/v1/hsm/reconcile", post(reconcile))
        .fallback(async || refuse(StatusCode::NOT_FOUND, "no such resource"))
        .method_not_allowed_fallback(async || refuse(StatusCode::METHOD_NOT_ALLOWED, "no such method here"))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(Arc::clone(&admin), noted))
        .with_state(admin)
}

/// What the audit log calls a change.
const CHANGES: [(&str, &str); 12] = [
    ("/api/v1/clients", "Enroll Client"),
    ("/api/v1/clients/lock", "Lock Client"),
    ("/api/v1/clients/prepare", "Prepare Client"),
    ("/api/v1/clients/quirks", "Set Quirks"),
    ("/api/v1/clients/listen", "Set Listening"),
    ("/api/v1/clients/put", "Queue Put"),
    ("/api/v1/users", "Add User"),
    ("/api/v1/devices", "Add Device"),
    ("/api/v1/reload", "Reload"),
    ("/api/v1/ca", "Certificate Authority"),
    ("/api/v1/root-key/rotate", "Rotate Root Key"),
    ("/api/v1/hsm/reconcile", "Reconcile Devices"),
];

/// Whom or what a change concerns, as far as its body tells it.
#[derive(Deserialize)]
struct Concerned {
    name: Option<String>,
    action: Option<String>,
    /// Whether no other certificate of the client counts any more.
    only: Option<bool>,
}

/// Notes each change in the audit log before its answer leaves. One that could not be noted is not made, and neither is one
/// that a page of the web has a browser send.
async fn noted(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, request: Request, next: Next) -> Response {
    let known = CHANGES.iter().find(|(path, _)| *path == request.uri().path());
    let Some((_, operation)) = known.filter(|_| request.method() == Method::POST) else {
        return next.run(request).await;
    };
    let is_foreign = |site: &HeaderValue| site != "none" && site != "same-origin";
    if request.headers().contains_key(ORIGIN) || request.headers().get("sec-fetch-site").is_some_and(is_foreign) {
        return refuse(StatusCode::FORBIDDEN, "changes are not taken from pages in a browser");
    }
    if let Err(error) = admin.administration.can_note() {
        return refuse(StatusCode::SERVICE_UNAVAILABLE, &error);
    }
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LIST_BYTES).await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long, or did not arrive whole");
    };
    // A task of its own: whoever hangs up does not keep what he has begun out of the log.
    let change = tokio::spawn(change(admin, peer, operation, (head, body), next));
    change.await.unwrap_or_else(|_| refuse(StatusCode::INTERNAL_SERVER_ERROR, "the change was interrupted"))
}

/// Makes a change, and notes it.
async fn change(
    admin: Arc<Admin>,
    peer: Arc<Peer>,
    operation: &'static str,
    (head, body): (Parts, Bytes),
    next: Next,
) -> Response {
    let since = Instant::now();
    let concerned = serde_json::from_slice(&body).unwrap_or(Concerned { name: None, action: None, only: None });
    let response = next.run(Request::from_parts(head, Body::from(body))).await;
    let status = response.status();
    let only = concerned.only.filter(|only| *only).map(|_| "only".to_owned());
    let message = match concerned.action.or(only) {
        Some(action) if status.is_success() => Some(action),
        Some(action) => Some(format!("{action}: HTTP status {}", status.as_u16())),
        None => (!status.is_success()).then(|| format!("HTTP status {}", status.as_u16())),
    };
    let (object, is_done) = (concerned.name, status.is_success());
    let note = move || admin.administration.note(&peer, &Act { operation, object, is_done, message, since });
    match tokio::task::spawn_blocking(note).await {
        Ok(Ok(())) => response,
        Ok(Err(error)) => refuse(StatusCode::SERVICE_UNAVAILABLE, &format!("it may be done, but {error}")),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the change was interrupted"),
    }
}

/// The routes of a server that is not open yet: it may wait for the devices of its root key. Each answer ends its connection,
/// since the next one may find others.
pub fn opening() -> Router {
    let closing = |answer: Response| ([(CONNECTION, "close")], answer).into_response();
    let starts = || (StatusCode::SERVICE_UNAVAILABLE, "not ready: the server opens its store\n").into_response();
    Router::new()
        .route("/healthz", get(async move || closing("ok\n".into_response())))
        .route("/readyz", get(async move || closing(starts())))
        .fallback(async move || {
            closing(refuse(StatusCode::SERVICE_UNAVAILABLE, "the server opens its store; try again"))
        })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuirksOf {
    name: String,
    quirks: Vec<String>,
}

#[derive(Serialize)]
struct Device {
    name: String,
    place: String,
    serves: bool,
    state: String,
}

impl From<DeviceReport> for Device {
    fn from(DeviceReport { name, place, serves, state }: DeviceReport) -> Self {
        Self { name, place, serves, state }
    }
}

async fn ready(State(admin): Shared) -> Response {
    match admin.service.ready() {
        Ok(()) => "ready\n".into_response(),
        Err(missing) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {missing}\n")).into_response(),
    }
}

async fn devices(State(admin): Shared) -> Response {
    let devices: Vec<Device> = admin.administration.devices().into_iter().map(Device::from).collect();
    json(StatusCode::OK, &serde_json::json!({ "devices": devices }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotation {
    to: Option<RootPlace>,
    #[serde(default)]
    devices: Vec<String>,
    root_label: Option<String>,
    #[serde(default)]
    scope_keys: bool,
}

async fn root_key(State(admin): Shared) -> Response {
    let report = tokio::task::spawn_blocking(move || admin.administration.root_key()).await;
    match report {
        Ok(Ok(report)) => json(StatusCode::OK, &serde_json::json!(report)),
        Ok(Err(error)) => {
            let (status, text) = administration_refusal(error);
            refuse(status, &text)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the report was interrupted"),
    }
}

async fn rotate_root_key(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let Rotation { to, devices, root_label, scope_keys } = match serde_json::from_slice(&body) {
        Ok(rotation) => rotation,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    info!(administrator = peer.client, remote = %peer.remote, ?to, scope_keys, "a rotation of the root key is asked for");
    let rotate = Rotate { place: to, devices, root_label, scope_keys };
    let work = move || {
        let config = (admin.reconfigure)().map_err(AdministrationError::Invalid)?;
        admin.administration.rotate_root_key(&config, &rotate)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(report)) => json(StatusCode::ACCEPTED, &serde_json::json!(report)),
        Ok(Err(error)) => {
            let (status, text) = administration_refusal(error);
            warn!(administrator = peer.client, remote = %peer.remote, "the root key is not rotated: {text}");
            refuse(status, &text)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the rotation was interrupted"),
    }
}

/// A key in a device, or the object that it belongs to.
#[derive(Serialize)]
struct Named {
    scope: String,
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// May take long: the devices are asked for each of their keys.
async fn reconcile(State(admin): Shared) -> Response {
    let work = move || admin.administration.reconcile();
    let Ok(result) = tokio::task::spawn_blocking(work).await else {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the reconciliation failed");
    };
    match result {
        Ok(report) => json(StatusCode::OK, &told(report)),
        Err(error) => {
            let (status, what) = administration_refusal(error);
            refuse(status, &what)
        }
    }
}

fn told(report: Reconciliation) -> serde_json::Value {
    let plain = |(scope, id)| Named { scope, id, device: None, reason: None };
    let objects = |list: Vec<(String, String)>| list.into_iter().map(plain).collect::<Vec<_>>();
    let unsettled = report.unsettled.into_iter();
    let unsettled = unsettled.map(|(scope, id, reason)| Named { scope, id, device: None, reason: Some(reason) });
    let orphans = report.orphans.into_iter();
    let orphans = orphans.map(|key| Named { scope: key.scope, id: key.id, device: Some(key.device), reason: None });
    serde_json::json!({
        "removed_unstored": objects(report.removed_unstored),
        "removed_destroyed": objects(report.removed_destroyed),
        "unsettled": unsettled.collect::<Vec<_>>(),
        "orphans": orphans.collect::<Vec<_>>(),
        "missing": objects(report.missing),
        "complete": report.complete,
    })
}

async fn metrics(State(admin): Shared) -> Response {
    match admin.metrics.render() {
        Ok(text) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written as text"),
    }
}

async fn set_quirks(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let QuirksOf { name, quirks } = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let (client, wanted) = (name.clone(), quirks.clone());
    let set = move || admin.administration.set_quirks(&client, &wanted);
    match tokio::task::spawn_blocking(set).await {
        Ok(Ok(())) => {
            info!(administrator = peer.client, remote = %peer.remote, client = name, ?quirks, "quirks set");
            json(StatusCode::OK, &serde_json::json!({ "name": name, "quirks": quirks }))
        }
        Ok(Err(error)) => {
            let (status, text) = administration_refusal(error);
            warn!(administrator = peer.client, remote = %peer.remote, client = name, "quirks not set: {text}");
            refuse(status, &text)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the change was interrupted"),
    }
}

async fn certificates(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let ask: Ask = match serde_json::from_slice(&body) {
        Ok(ask) => ask,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let what = match &ask {
        Ask::Show | Ask::Crl | Ask::Trusted => None,
        Ask::Init { .. } => Some("the certificate authority is made"),
        Ask::Request { .. } => Some("a key of the certificate authority is made"),
        Ask::Install { .. } => Some("a certificate of the certificate authority is installed"),
        Ask::Trust { .. } => Some("a trust anchor is added"),
        Ask::Distrust { .. } => Some("a trust anchor is removed"),
        Ask::AddCrl { .. } => Some("a revocation list is added"),
    };
    match tokio::task::spawn_blocking(move || admin.administration.certificates(&ask)).await {
        Ok(Ok(answer)) => {
            if let Some(what) = what {
                info!(administrator = peer.client, remote = %peer.remote, "{what}");
            }
            json(StatusCode::OK, &answer)
        }
        Ok(Err(error)) => {
            let (status, text) = administration_refusal(error);
            warn!(administrator = peer.client, remote = %peer.remote, "certificates are not changed: {text}");
            refuse(status, &text)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the change was interrupted"),
    }
}

async fn reload(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>) -> Response {
    info!(administrator = peer.client, remote = %peer.remote, "reload asked");
    match tokio::task::spawn_blocking(move || (admin.reload)()).await {
        Ok(Ok(())) => json(StatusCode::OK, &serde_json::json!({ "reloaded": true })),
        Ok(Err(error)) => refuse(StatusCode::CONFLICT, &error),
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the reload was interrupted"),
    }
}

pub(crate) fn administration_refusal(error: AdministrationError) -> (StatusCode, String) {
    let status = match error {
        AdministrationError::Conflict(_) => StatusCode::CONFLICT,
        AdministrationError::Invalid(_) => StatusCode::BAD_REQUEST,
        AdministrationError::NotFound(_) => StatusCode::NOT_FOUND,
        AdministrationError::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, error.to_string())
}

pub(crate) fn refuse(status: StatusCode, what: &str) -> Response {
    json(status, &serde_json::json!({ "error": what }))
}

pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], format!("{value}\n")).into_response()
}
