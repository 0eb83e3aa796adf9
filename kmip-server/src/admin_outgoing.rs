//! The part of the admin API that says what the server tells clients of its own accord (KMIP 2.1 §6.2).

use crate::admin::{Shared, administration_refusal, json, refuse};
use crate::service::{AdministrationError, NewListener, Peer};
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use std::sync::Arc;
use tracing::{info, warn};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listening {
    name: String,
    listens: bool,
    listener: Option<NewListener>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PutOrder {
    name: String,
    object: String,
    replaces: Option<String>,
}

/// Says whether a client hears of changes in its scope.
pub(crate) async fn listen(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let Listening { name, listens, listener } = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let (client, address) = (name.clone(), listener.as_ref().map(|listener| listener.address.clone()));
    let set = move || match listener {
        Some(_) if !listens => {
            Err(AdministrationError::Invalid("a listener is of a client that listens: listens must be true".to_owned()))
        }
        Some(listener) => admin.administration.listen_at(&client, listener),
        None => admin.administration.set_listening(&client, listens),
    };
    match tokio::task::spawn_blocking(set).await {
        Ok(Ok(())) => {
            info!(administrator = peer.client, remote = %peer.remote, client = name, listens, address, "listening set");
            json(StatusCode::OK, &serde_json::json!({ "name": name, "listens": listens, "address": address }))
        }
        Ok(Err(error)) => {
            let (status, text) = administration_refusal(error);
            warn!(administrator = peer.client, remote = %peer.remote, client = name, "listening not set: {text}");
            refuse(status, &text)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the change was interrupted"),
    }
}

/// Queues an object for a client.
pub(crate) async fn put(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let PutOrder { name, object, replaces } = match serde_json::from_slice(&body) {
        Ok(asked) => asked,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let (client, id) = (name.clone(), object.clone());
    let put = move || admin.administration.put(&client, &id, replaces.as_deref());
    match tokio::task::spawn_blocking(put).await {
        Ok(Ok(())) => {
            info!(administrator = peer.client, remote = %peer.remote, client = name, object, "put queued");
            json(StatusCode::ACCEPTED, &serde_json::json!({ "name": name, "object": object }))
        }
        Ok(Err(error)) => {
            let (status, text) = administration_refusal(error);
            warn!(administrator = peer.client, remote = %peer.remote, client = name, object, "put not queued: {text}");
            refuse(status, &text)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the change was interrupted"),
    }
}
