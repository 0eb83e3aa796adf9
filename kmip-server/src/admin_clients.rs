//! The part of the admin API that registers clients, in each of the ways of KMIP 2.1 §11.10. Keys stand in one answer, whose
//! bytes are wiped, and in no log.

use crate::admin::{Admin, Shared, administration_refusal, json, refuse};
use crate::admin_users::{Password, parsed};
use crate::bundle;
use crate::datadir::DataDirError;
use crate::service::Peer;
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use certs::authority::is_usable_name;
use certs::{Authority, CertsError, Issued, KeyKind};
use data_encoding::BASE64;
use kmip_core::identity::ClientRecord;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError};
use tracing::{info, warn};
use zeroize::Zeroizing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Enrollment {
    name: String,
    scope: Option<String>,
    key: Option<String>,
    /// Whether the client is known, and gets another certificate.
    #[serde(default)]
    again: bool,
    /// Whether no other certificate of the client counts from now on.
    #[serde(default)]
    only: bool,
    /// The certificate that the client has made itself (PEM).
    certificate: Option<String>,
    /// The request for a certificate (PKCS #10, PEM) that the client has made with its key.
    request: Option<String>,
    /// With the password it protects the answer.
    username: Option<String>,
    password: Option<Password>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Locking {
    name: String,
    action: Lock,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Lock {
    Disable,
    Enable,
}

/// What is told of a client.
#[derive(Serialize)]
struct Known {
    name: String,
    scope: String,
    disabled: bool,
    /// How often its certificates were renewed; from the first time on only those count that were registered since the last.
    renewals: i64,
    quirks: Vec<String>,
    listens: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    listener: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Preparation {
    name: String,
    key: Option<String>,
}

/// The answer in PEM.
#[derive(Serialize)]
struct Enrolled<'a> {
    name: &'a str,
    certificate: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    ca: &'a str,
}

/// The answer in PKCS #12.
#[derive(Serialize)]
struct Bundled<'a> {
    name: &'a str,
    pkcs12: &'a str,
    ca: &'a str,
}

/// How the answer is protected.
struct Protection {
    username: String,
    password: Password,
}

type Refusal = (StatusCode, String);

/// Makes a client known.
pub(crate) async fn enroll(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let enrollment: Enrollment = match parsed(body) {
        Ok(enrollment) => enrollment,
        Err(place) => return refuse(StatusCode::BAD_REQUEST, &place),
    };
    let name = enrollment.name.clone();
    let work = move || register(&admin, enrollment);
    answer(&peer, &name, "client enrolled", "client not enrolled", work).await
}

/// Makes a key and a certificate that wait for their client to register.
pub(crate) async fn prepare(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let Preparation { name, key } = match parsed(body) {
        Ok(preparation) => preparation,
        Err(place) => return refuse(StatusCode::BAD_REQUEST, &place),
    };
    let client = name.clone();
    let work = move || {
        let authority = authority(&admin)?;
        let issued = authority.issue_client(&client, kind(key.as_deref())?).map_err(certs_refusal)?;
        let _turn = admin.registering.lock().unwrap_or_else(PoisonError::into_inner);
        if admin.administration.knows_client(&client) {
            return Err((StatusCode::CONFLICT, format!("the client {client} is enrolled already")));
        }
        if admin.data.prepared(&client, authority).map_err(data_refusal)?.is_some() {
            return Err((StatusCode::CONFLICT, format!("a key is prepared for {client} already")));
        }
        admin.data.prepare(&client, &issued).map_err(data_refusal)?;
        Ok(json(StatusCode::CREATED, &serde_json::json!({ "name": client })))
    };
    answer(&peer, &name, "client prepared", "client not prepared", work).await
}

/// Lists the clients that are recorded. Others, whose certificates name them, are known only when they come.
pub(crate) async fn list(State(admin): Shared) -> Response {
    let told = |(name, record): (String, ClientRecord)| Known {
        name,
        scope: record.scope.to_string(),
        disabled: record.disabled,
        renewals: record.renewals,
        quirks: record.quirks.names().map(str::to_owned).collect(),
        listens: record.listens,
        listener: record.listener.map(|listener| listener.address.to_string()),
    };
    let clients: Vec<_> = admin.administration.clients().into_iter().map(told).collect();
    json(StatusCode::OK, &serde_json::json!({ "clients": clients }))
}

/// Locks a client out, or lets it in again.
pub(crate) async fn lock(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let Locking { name, action } = match parsed(body) {
        Ok(locking) => locking,
        Err(place) => return refuse(StatusCode::BAD_REQUEST, &place),
    };
    let disabled = matches!(action, Lock::Disable);
    let (done, client) = (if disabled { "client disabled" } else { "client enabled" }, name.clone());
    let work = move || {
        let was_known = admin.administration.set_disabled(&client, disabled).map_err(administration_refusal)?;
        Ok(json(StatusCode::OK, &serde_json::json!({ "name": client, "disabled": disabled, "was_known": was_known })))
    };
    answer(&peer, &name, done, "client neither disabled nor enabled", work).await
}

/// Does the work where it may take its time, and tells the log how it ended.
async fn answer(
    peer: &Peer,
    client: &str,
    done: &str,
    refused: &str,
    work: impl FnOnce() -> Result<Response, Refusal> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(response)) => {
            info!(administrator = peer.client, remote = %peer.remote, client, "{done}");
            response
        }
        Ok(Err((status, why))) => {
            warn!(administrator = peer.client, remote = %peer.remote, "{refused}: {why}");
            refuse(status, &why)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the enrollment was interrupted"),
    }
}

fn register(admin: &Admin, enrollment: Enrollment) -> Result<Response, Refusal> {
    let Enrollment { name, scope, key, again, only, certificate, request, username, password } = enrollment;
    let _turn = admin.registering.lock().unwrap_or_else(PoisonError::into_inner);
    let bad = |why: &str| Err((StatusCode::BAD_REQUEST, why.to_owned()));
    if again && scope.is_some() {
        return bad("again: the client keeps its scope");
    }
    if only && !again {
        return bad("only: a client that is not known yet has no other certificate; leave it out, or add \"again\"");
    }
    if again && !admin.administration.knows_client(&name) {
        return Err((StatusCode::NOT_FOUND, format!("no client named {name:?} is enrolled: leave \"again\" out")));
    }
    if key.is_some() && (certificate.is_some() || request.is_some()) {
        return bad("key: a client with a certificate or a request of its own has its key already");
    }
    let protection = match (username, password) {
        (Some(username), Some(password)) if !password.0.expose_secret().is_empty() => {
            Some(Protection { username, password })
        }
        (None, None) => None,
        _ => return bad("username and a password protect the answer together: give both, or none"),
    };
    if let Some(certificate) = certificate {
        if request.is_some() || protection.is_some() {
            return bad("certificate: nothing is issued to a client that has one, so nothing is protected");
        }
        let registered = match again {
            true => admin.administration.renew_client(&name, &certificate, true, only),
            false => admin.administration.register_client(&name, scope.as_deref(), &certificate),
        };
        registered.map_err(administration_refusal)?;
        forget_prepared(admin, &name);
        return Ok(json(StatusCode::CREATED, &serde_json::json!({ "name": name })));
    }
    let authority = authority(admin)?;
    let prepared = match is_usable_name(&name) && request.is_none() {
        true => admin.data.prepared(&name, authority).map_err(data_refusal)?,
        false => None,
    };
    let (certificate, own_key) = match (request, prepared) {
        (Some(request), _) => (authority.certify_client(&name, &request).map_err(certs_refusal)?, None),
        (None, Some(_)) if key.is_some() => return bad("key: one is prepared for this client already"),
        (None, Some(Issued { certificate, key })) => (certificate, Some(key)),
        (None, None) => {
            let issued = authority.issue_client(&name, kind(key.as_deref())?).map_err(certs_refusal)?;
            (issued.certificate, Some(issued.key))
        }
    };
    let response = issued(&name, &certificate, own_key.as_ref(), authority.certificate(), protection)?;
    // The record last: a client is known only when its certificate exists.
    if again {
        let renewed = admin.administration.renew_client(&name, &certificate, false, only);
        renewed.map_err(administration_refusal)?;
    } else {
        admin.administration.enroll(&name, scope.as_deref()).map_err(|error| match administration_refusal(error) {
            (StatusCode::CONFLICT, why) => {
                (StatusCode::CONFLICT, format!("{why}; it gets another certificate by --again"))
            }
            other => other,
        })?;
    }
    forget_prepared(admin, &name);
    Ok(response)
}

/// However a client has registered: what waited for it would be a second way to be it.
fn forget_prepared(admin: &Admin, name: &str) {
    if is_usable_name(name)
        && let Err(error) = admin.data.forget_prepared(name)
    {
        warn!(client = name, %error, "what was prepared for a client is still kept");
    }
}

fn authority(admin: &Admin) -> Result<&Authority, Refusal> {
    let why = "this data directory holds no CA key (pki/ca.key): issue the certificate with your own PKI";
    admin.authority.as_ref().ok_or((StatusCode::CONFLICT, why.to_owned()))
}

fn kind(name: Option<&str>) -> Result<KeyKind, Refusal> {
    let Some(name) = name else { return Ok(KeyKind::default()) };
    KeyKind::from_name(name).ok_or((StatusCode::BAD_REQUEST, "key: expected p256 or rsa2048".to_owned()))
}

/// The answer with what was issued.
fn issued(
    name: &str,
    certificate: &str,
    key: Option<&Zeroizing<String>>,
    ca: &str,
    protection: Option<Protection>,
) -> Result<Response, Refusal> {
    let key = key.map(|key| key.as_str());
    let Some(Protection { username, password }) = protection else {
        return wiped(&Enrolled { name, certificate, key, ca }, certificate.len() + key.map_or(0, str::len) + ca.len());
    };
    let password = bundle::password(&username, password.0.expose_secret());
    let failed = |why| (StatusCode::INTERNAL_SERVER_ERROR, format!("cannot make a PKCS #12 file: {why}"));
    let file = bundle::pkcs12(name, certificate, key, ca, &password).map_err(failed)?;
    let pkcs12 = BASE64.encode(&file);
    wiped(&Bundled { name, pkcs12: &pkcs12, ca }, pkcs12.len() + ca.len())
}

/// A body that is wiped once it is sent.
fn wiped(body: &impl Serialize, length: usize) -> Result<Response, Refusal> {
    // Room for all of it at once, so that the text with the key does not move while it grows.
    let mut bytes = Zeroizing::new(Vec::with_capacity(length * 2 + 1024));
    serde_json::to_writer(&mut *bytes, body).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    let media = [(CONTENT_TYPE, "application/json")];
    Ok((StatusCode::CREATED, media, Bytes::from_owner(bytes)).into_response())
}

fn certs_refusal(error: CertsError) -> Refusal {
    let status = match error {
        CertsError::Name(_) | CertsError::Request(_) | CertsError::Unreadable(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, error.to_string())
}

fn data_refusal(error: DataDirError) -> Refusal {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}
