//! The admin API's client: one HTTPS request over mutual TLS, JSON in wiped buffers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::http::request::Builder;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use kmip_client::{Endpoint, Failure};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use crate::failure::{CliError, Done};

/// Port of the admin listener.
const DEFAULT_PORT: u16 = 9443;
/// Largest answer.
const BODY_BYTES: usize = 1 << 20;

/// The admin API of one server.
pub struct AdminApi {
    endpoint: Endpoint,
    name: ServerName<'static>,
    tls: Arc<ClientConfig>,
    timeout: Duration,
}

/// Where a client hears.
#[derive(Serialize)]
pub struct Listener<'a> {
    /// Host and port.
    pub address: &'a str,
    /// The version that it speaks.
    pub version: Option<&'a str>,
    /// Authorities that its certificate is from (PEM).
    pub ca: Option<String>,
}

/// A client that is to be known.
#[derive(Serialize)]
pub struct Enrollment<'a> {
    /// Name of the client.
    pub name: &'a str,
    /// Scope to join.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<&'a str>,
    /// Kind of key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'a str>,
    /// Whether the client is known, and gets another certificate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// Whether no other certificate of the client counts from now on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only: bool,
    /// Certificate that the client has made itself (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<&'a str>,
    /// Request for a certificate (PKCS #10, PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<&'a str>,
    /// Whom the answer is protected for, in PKCS #12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<&'a str>,
    /// The password of that user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
}

/// A client that is known now: either its file, or certificate and perhaps key.
#[derive(Deserialize)]
pub struct Enrolled {
    /// Its certificate (PEM).
    pub certificate: Option<String>,
    /// The key of the certificate (PEM), if the server has made it; the server has not kept it.
    pub key: Option<WipedText>,
    /// Everything in PKCS #12 (base64).
    pub pkcs12: Option<WipedText>,
    /// The CA of the server (PEM).
    pub ca: String,
}

#[derive(Deserialize)]
struct Clients {
    clients: Vec<Client>,
}

#[derive(Deserialize)]
struct Locked {
    was_known: bool,
}

/// A client that is recorded.
#[derive(Deserialize, Serialize)]
pub struct Client {
    /// Its name.
    pub name: String,
    /// The scope of its objects.
    pub scope: String,
    /// Whether it is refused everything.
    pub disabled: bool,
    /// How often its certificates were renewed; from the first time on only those count that were registered since the last.
    pub renewals: i64,
    /// What it may do that the specification does not permit.
    pub quirks: Vec<String>,
    /// Whether it hears from the server.
    pub listens: bool,
    /// Where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listener: Option<String>,
}

/// A KMIP user that is to be added.
#[derive(Serialize)]
pub struct User<'a> {
    /// User name.
    pub name: &'a str,
    /// Password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    /// Client that the user belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<&'a str>,
    /// Whether the password may come hashed.
    pub hashed_password: bool,
    /// One time passwords.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_time: Option<OneTimeCodes<'a>>,
}

/// How one time passwords are to be made.
#[derive(Serialize)]
pub struct OneTimeCodes<'a> {
    /// By time or by counter.
    pub kind: &'a str,
    /// Hash function.
    pub hash: &'a str,
    /// Digits of a code.
    pub digits: u32,
    /// Seconds for which a code by time is right.
    pub period: u32,
}

/// A device that is to be registered.
#[derive(Serialize)]
pub struct Device<'a> {
    /// Its name.
    pub name: &'a str,
    /// Device Serial Number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<&'a str>,
    /// Device Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_identifier: Option<&'a str>,
    /// Network Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_identifier: Option<&'a str>,
    /// Machine Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine_identifier: Option<&'a str>,
    /// Media Identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_identifier: Option<&'a str>,
    /// Password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    /// Client that the device belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<&'a str>,
}

/// A rotation of the root key.
#[derive(Serialize)]
pub struct Rotation<'a> {
    /// Where the new root key is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<&'a str>,
    /// Names of its devices.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub devices: &'a [String],
    /// Its label there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_label: Option<&'a str>,
    /// Whether scopes get new keys, too.
    pub scope_keys: bool,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// A user that was added.
#[derive(Deserialize)]
pub struct Added {
    /// The secret of its one time passwords, as authenticators read it.
    pub one_time: Option<WipedText>,
}

/// Text that is wiped when dropped.
#[derive(Deserialize)]
#[serde(from = "String")]
pub struct WipedText(Zeroizing<String>);

impl From<String> for WipedText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl WipedText {
    /// The text in the clear.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl AdminApi {
    /// The admin API at `endpoint`, for the administrator whose certificate this is.
    pub fn new(
        endpoint: &str,
        name: Option<&str>,
        ca: &Path,
        cert: &Path,
        key: &Path,
        timeout: Duration,
    ) -> Done<Self> {
        let config = |error| CliError::Kmip(kmip_client::Error::Config(error));
        let endpoint = Endpoint::parse(endpoint, DEFAULT_PORT).map_err(config)?;
        let name = kmip_client::tls::server_name(name.unwrap_or(&endpoint.host)).map_err(config)?;
        let tls = kmip_client::tls::client_config(ca, cert, key).map_err(config)?;
        Ok(Self { endpoint, name, tls: Arc::new(tls), timeout })
    }

    /// Issues a certificate and makes the client known.
    pub async fn enroll(&self, enrollment: &Enrollment<'_>) -> Done<Enrolled> {
        self.post("/api/v1/clients", enrollment).await
    }

    /// Makes a key and a certificate that wait for their client.
    pub async fn prepare_client(&self, name: &str, key: Option<&str>) -> Done {
        let body = serde_json::json!({ "name": name, "key": key });
        self.post::<serde_json::Value>("/api/v1/clients/prepare", &body).await.map(|_| ())
    }

    /// Takes the certificate that a client has made itself.
    pub async fn register_client(&self, enrollment: &Enrollment<'_>) -> Done {
        self.post::<serde_json::Value>("/api/v1/clients", enrollment).await.map(|_| ())
    }

    /// The clients that are recorded.
    pub async fn clients(&self) -> Done<Vec<Client>> {
        Ok(self.get::<Clients>("/api/v1/clients").await?.clients)
    }

    /// Locks a client out, or lets it in again; tells whether it was recorded.
    pub async fn lock_client(&self, name: &str, disabled: bool) -> Done<bool> {
        let body = serde_json::json!({ "name": name, "action": if disabled { "disable" } else { "enable" } });
        Ok(self.post::<Locked>("/api/v1/clients/lock", &body).await?.was_known)
    }

    /// Says whether a client hears from the server, and where.
    pub async fn set_listening(&self, name: &str, listens: bool, listener: Option<&Listener<'_>>) -> Done {
        let body = serde_json::json!({ "name": name, "listens": listens, "listener": listener });
        self.post::<serde_json::Value>("/api/v1/clients/listen", &body).await.map(|_| ())
    }

    /// Queues an object for a client.
    pub async fn put(&self, name: &str, object: &str, replaces: Option<&str>) -> Done {
        let mut body = serde_json::json!({ "name": name, "object": object });
        if let Some(replaces) = replaces {
            body["replaces"] = replaces.into();
        }
        self.post::<serde_json::Value>("/api/v1/clients/put", &body).await.map(|_| ())
    }

    /// Switches on these quirks of a client, and off all others.
    pub async fn set_quirks(&self, name: &str, quirks: &[String]) -> Done {
        let body = serde_json::json!({ "name": name, "quirks": quirks });
        self.post::<serde_json::Value>("/api/v1/clients/quirks", &body).await.map(|_| ())
    }

    /// Adds a KMIP user.
    pub async fn add_user(&self, user: &User<'_>) -> Done<Added> {
        self.post("/api/v1/users", user).await
    }

    /// Registers a device.
    pub async fn add_device(&self, device: &Device<'_>) -> Done {
        self.post::<Added>("/api/v1/devices", device).await.map(|_| ())
    }

    /// Asks about certificates.
    pub async fn certificates(&self, ask: &serde_json::Value) -> Done<serde_json::Value> {
        self.post("/api/v1/ca", ask).await
    }

    /// The devices of the server.
    pub async fn devices(&self) -> Done<serde_json::Value> {
        self.get("/api/v1/hsm").await
    }

    /// Compares devices and store.
    pub async fn reconcile(&self) -> Done<serde_json::Value> {
        self.post("/api/v1/hsm/reconcile", &serde_json::json!({})).await
    }

    /// Where the root key is, and how far its rotation.
    pub async fn root_key(&self) -> Done<serde_json::Value> {
        self.get("/api/v1/root-key").await
    }

    /// Begins a rotation of the root key.
    pub async fn rotate_root_key(&self, rotation: &Rotation<'_>) -> Done<serde_json::Value> {
        self.post("/api/v1/root-key/rotate", rotation).await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Done<T> {
        self.ask(Request::get(path), Bytes::new()).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Done<T> {
        // A password stands in it: room for all of it, so that it does not move while it grows.
        let mut text = Zeroizing::new(Vec::with_capacity(64 * 1024));
        serde_json::to_writer(&mut *text, body).map_err(|error| CliError::Local(error.to_string()))?;
        self.ask(Request::post(path).header(CONTENT_TYPE, "application/json"), Bytes::from_owner(text)).await
    }

    async fn ask<T: DeserializeOwned>(&self, request: Builder, body: Bytes) -> Done<T> {
        let answered = tokio::time::timeout(self.timeout, self.exchange(request, body)).await;
        let (status, answer) = answered.unwrap_or_else(|_| Err(self.no_answer(Failure::Timeout(self.timeout))))?;
        if status.is_success() {
            return serde_json::from_slice(&answer).map_err(|error| {
                // The text of the error could quote the key.
                self.protocol(format!("its answer is not as agreed at line {} column {}", error.line(), error.column()))
            });
        }
        match serde_json::from_slice::<Refusal>(&answer) {
            Ok(refusal) => Err(CliError::AdminRefused(refusal.error)),
            Err(_) => Err(self.protocol(format!("it answers {status}"))),
        }
    }

    async fn exchange(&self, request: Builder, body: Bytes) -> Done<(StatusCode, Zeroizing<Vec<u8>>)> {
        let io_failure = |error| self.no_answer(Failure::of_stream(error));
        let tcp = TcpStream::connect((self.endpoint.host.as_str(), self.endpoint.port)).await;
        let tcp = tcp.map_err(|error| self.no_answer(Failure::Connect(error)))?;
        let tls = TlsConnector::from(self.tls.clone()).connect(self.name.clone(), tcp).await.map_err(io_failure)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(tls)).await.map_err(|error| self.http_failure(error))?;
        let request = request
            .header(HOST, self.endpoint.to_string())
            .body(Full::new(body))
            .map_err(|error| CliError::Local(error.to_string()))?;
        let driver = tokio::spawn(connection);
        let answered = sender.send_request(request).await;
        // The connection's own error tells more than that of the request: why TLS ended it.
        let response = match answered {
            Ok(response) => response,
            Err(error) => {
                drop(sender);
                let told = driver.await.ok().and_then(Result::err).unwrap_or(error);
                return Err(self.http_failure(told));
            }
        };
        self.collect(response).await
    }

    async fn collect(&self, response: Response<hyper::body::Incoming>) -> Done<(StatusCode, Zeroizing<Vec<u8>>)> {
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_BYTES).collect().await;
        let body = body.map_err(|error| self.protocol(format!("its answer broke off: {error}")))?.to_bytes();
        Ok((status, Zeroizing::new(body.to_vec())))
    }

    fn http_failure(&self, error: hyper::Error) -> CliError {
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
                return self.no_answer(Failure::Tls(tls.clone()));
            }
            let io = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            if let Some(tls) = io.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return self.no_answer(Failure::Tls(tls.clone()));
            }
            source = inner.source();
        }
        if error.is_parse() {
            return self.protocol("it does not speak HTTP".into());
        }
        self.no_answer(Failure::Lost(std::io::Error::other(error.to_string())))
    }

    fn no_answer(&self, failure: Failure) -> CliError {
        CliError::AdminNoAnswer { endpoint: self.endpoint.to_string(), failure }
    }

    fn protocol(&self, what: String) -> CliError {
        CliError::AdminProtocol { endpoint: self.endpoint.to_string(), what }
    }
}
