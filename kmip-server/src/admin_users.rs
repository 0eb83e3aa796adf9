//! The part of the admin API that adds KMIP users and devices. What it is given in secret is wiped, and stands in no answer to
//! an error; the secret of one time passwords stands in one answer, and is kept sealed.

use crate::admin::{Shared, administration_refusal, json, refuse};
use crate::https::wipe;
use crate::service::{NewDevice, NewUser, OneTimeCodes, Peer};
use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use data_encoding::BASE32_NOPAD;
use kmip_codec::secret::{Secret, SecretText};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt::Write as _;
use std::sync::Arc;
use tracing::{info, warn};
use zeroize::Zeroizing;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct User {
    name: String,
    password: Option<Password>,
    client: Option<String>,
    #[serde(default)]
    hashed_password: bool,
    one_time: Option<OneTimeCodes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    name: String,
    serial_number: Option<String>,
    device_identifier: Option<String>,
    network_identifier: Option<String>,
    machine_identifier: Option<String>,
    media_identifier: Option<String>,
    password: Option<Password>,
    client: Option<String>,
}

/// A password on its way from the body into a secret.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(crate) struct Password(pub SecretText);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(SecretText::copy_from(&Zeroizing::new(text)))
    }
}

/// The body, or a refusal that repeats nothing of it.
pub(crate) fn parsed<T: DeserializeOwned>(body: Bytes) -> Result<T, String> {
    let parsed = serde_json::from_slice(&body);
    wipe(body);
    parsed.map_err(|error: serde_json::Error| {
        // The text of the error could quote the body: only its place is told.
        format!("not the expected JSON at line {} column {}", error.line(), error.column())
    })
}

/// Adds a KMIP user.
pub(crate) async fn add_user(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let User { name, password, client, hashed_password, one_time } = match parsed(body) {
        Ok(user) => user,
        Err(place) => return refuse(StatusCode::BAD_REQUEST, &place),
    };
    let shown = name.clone();
    let password = password.map(|password| password.0);
    let new = NewUser { name, password, client, hashed_password, one_time };
    let codes = new.one_time.clone();
    let added = tokio::task::spawn_blocking(move || admin.administration.add_user(new)).await;
    match added {
        Ok(Ok(secret)) => {
            info!(administrator = peer.client, remote = %peer.remote, user = shown, "user added");
            match (secret, codes) {
                (Some(secret), Some(codes)) => with_codes(&shown, &secret, &codes),
                _ => json(StatusCode::CREATED, &serde_json::json!({ "name": shown })),
            }
        }
        Ok(Err(error)) => {
            let (status, text) = administration_refusal(error);
            warn!(administrator = peer.client, remote = %peer.remote, user = shown, "user not added: {text}");
            refuse(status, &text)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the change was interrupted"),
    }
}

/// The answer that tells the secret of one time passwords, as authenticators read it; it is wiped once it has left.
fn with_codes(name: &str, secret: &Secret, codes: &OneTimeCodes) -> Response {
    let text = Zeroizing::new(BASE32_NOPAD.encode(secret.expose_secret()));
    let kind = if codes.period().is_some() { "totp" } else { "hotp" };
    let counting = codes.period().map_or("counter=0".to_owned(), |period| format!("period={period}"));
    let (label, hash, digits) = (percent(name), codes.hash.to_ascii_uppercase(), codes.digits);
    // Room for all of it at once, so that the text with the secret does not move while it grows.
    let mut body = Zeroizing::new(String::with_capacity(text.len() + name.len() * 4 + 256));
    let named = serde_json::json!(name);
    let written = writeln!(
        body,
        r#"{{"name":{named},"one_time":"otpauth://{kind}/{label}?secret={text}&algorithm={hash}&digits={digits}&{counting}"}}"#,
        text = text.as_str(),
    );
    if written.is_err() {
        return refuse(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written");
    }
    let body = Bytes::from_owner(Zeroizing::new(std::mem::take(&mut *body).into_bytes()));
    (StatusCode::CREATED, [(CONTENT_TYPE, "application/json")], body).into_response()
}

/// A name as part of a URI (RFC 3986 §2.1).
fn percent(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// Registers a device.
pub(crate) async fn add_device(State(admin): Shared, Extension(peer): Extension<Arc<Peer>>, body: Bytes) -> Response {
    let device: Device = match parsed(body) {
        Ok(device) => device,
        Err(place) => return refuse(StatusCode::BAD_REQUEST, &place),
    };
    let shown = device.name.clone();
    let new = NewDevice {
        name: device.name,
        fields: [
            device.serial_number,
            device.device_identifier,
            device.network_identifier,
            device.machine_identifier,
            device.media_identifier,
        ],
        password: device.password.map(|password| password.0),
        client: device.client,
    };
    match tokio::task::spawn_blocking(move || admin.administration.add_device(new)).await {
        Ok(Ok(())) => {
            info!(administrator = peer.client, remote = %peer.remote, device = shown, "device added");
            json(StatusCode::CREATED, &serde_json::json!({ "name": shown }))
        }
        Ok(Err(error)) => {
            let (status, text) = administration_refusal(error);
            warn!(administrator = peer.client, remote = %peer.remote, device = shown, "device not added: {text}");
            refuse(status, &text)
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the change was interrupted"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_uri_is_escaped() {
        assert_eq!(percent("alice@example.org/\u{fc}"), "alice%40example.org%2F%C3%BC");
    }
}
