//! What the shell asks of the engine: answer a message, be administered, be ready, stop.
//!
//! The shell knows frames, sockets and certificates; everything that KMIP means stands behind these traits.

use crate::audit::Noted;
use crate::audit_line::JsonText;
use crate::authority::Ask;
use crate::config::Config;
use crate::datadir::DataDir;
use crate::metrics::Metrics;
use crate::rotation::RootKeyReport;
use crate::vault::Secrets;
use hsm_backend::keystore::Keystore;
use hsm_backend::keystore::RootPlace;
use kmip_codec::secret::{Secret, SecretText, WipedBytes};
use kmip_core::identity::{ClientRecord, Listener, Sender};
use kmip_core::links::{Shown, Standing};
use kmip_core::ports::vault::DeviceReport;
use kmip_core::reconcile::Reconciliation;
use kmip_core::request::Request;
use serde::Deserialize;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use thiserror::Error;
use tokio::sync::watch;

/// Who stands at the other end of a connection, proved by its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Common Name of the certificate: the name of the client record.
    pub client: String,
    /// The certificate.
    pub certificate: Arc<Shown>,
    /// Address of the peer.
    pub remote: SocketAddr,
    /// Name and address as the audit log writes them.
    pub(crate) told: Told,
    /// Whether it is the client or the server here, if its connection lets that change.
    pub(crate) roles: Roles,
}

/// Who is the client on a connection (KMIP 2.1 §6.1.54).
#[derive(Debug, Default)]
pub(crate) struct Roles {
    /// Whether they can be exchanged.
    pub are_exchangeable: bool,
    exchanged: AtomicBool,
}

impl Clone for Roles {
    fn clone(&self) -> Self {
        let exchanged = AtomicBool::new(self.exchanged.load(Ordering::Relaxed));
        Self { are_exchangeable: self.are_exchangeable, exchanged }
    }
}

impl PartialEq for Roles {
    fn eq(&self, other: &Self) -> bool {
        self.are_exchangeable == other.are_exchangeable
    }
}
impl Eq for Roles {}

impl Roles {
    /// Makes the server the client from now on.
    pub fn exchange(&self) {
        self.exchanged.store(true, Ordering::Relaxed);
    }

    /// Makes the server the server again.
    pub fn restore(&self) {
        self.exchanged.store(false, Ordering::Relaxed);
    }

    /// Whether the server is the client.
    pub fn are_exchanged(&self) -> bool {
        self.exchanged.load(Ordering::Relaxed)
    }
}

/// What the audit log tells of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub client: JsonText,
    pub remote: JsonText,
}

impl Peer {
    /// What the core is told of it. A peer that is not on a connection has no certificate.
    pub(crate) fn as_sender(&self) -> Sender<'_> {
        let certificate = (self.certificate.fingerprint != [0; 32]).then_some(&*self.certificate);
        Sender { client: &self.client, certificate, has_channel: self.roles.are_exchangeable }
    }

    /// A peer at an address.
    pub fn new(client: String, certificate: Arc<Shown>, remote: SocketAddr) -> Self {
        let told = Told { client: JsonText::new(&client), remote: JsonText::new(&remote.to_string()) };
        Self { client, certificate, remote, told, roles: Roles::default() }
    }

    /// The same on a connection whose roles can be exchanged.
    pub fn with_exchangeable_roles(self) -> Self {
        Self { roles: Roles { are_exchangeable: true, ..Roles::default() }, ..self }
    }

    /// The client of work that goes on without a connection.
    pub(crate) fn absent(client: String) -> Self {
        let nothing = Shown { fingerprint: [0; 32], serial_number: Vec::new(), not_after: 0 };
        let peer = Self::new(client, Arc::new(nothing), SocketAddr::from(([0, 0, 0, 0], 0)));
        Self { told: Told { remote: JsonText::null(), ..peer.told }, ..peer }
    }
}

/// An answer that is not there yet. It does not borrow: the service copies what it needs of the request.
///
/// It is dropped if it takes longer than the request time-out, so work that must not stop half-way runs elsewhere. Without an
/// answer the connection is closed.
pub type Pending = Pin<Box<dyn Future<Output = Option<WipedBytes>> + Send>>;

/// The answer to one request message.
pub enum Reply {
    /// A whole response message.
    Now(WipedBytes),
    /// A response message that needs a store, a device or long arithmetic.
    Later(Pending),
    /// No answer: the connection is closed.
    Close,
}

/// A request message to a client; none if the session is over.
pub type Message<'a> = Pin<Box<dyn Future<Output = Option<WipedBytes>> + Send + 'a>>;
/// Why a session cannot go on after a response, if it cannot.
pub type Answered<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// The serial number of a message.
pub type Serial<'a> = Pin<Box<dyn Future<Output = Option<u64>> + Send + 'a>>;

/// What the server says to a client.
pub trait Outgoing: Send + Sync {
    /// Waits for the next request message.
    fn next(&self) -> Message<'_>;

    /// Takes the client's response to it.
    fn answered(&self, response: WipedBytes) -> Answered<'_>;

    /// The request message by which the client becomes the client again; none if it does not know such a request.
    fn role_back(&self) -> Message<'_>;

    /// The message that was sent and that the client has not answered.
    fn unanswered(&self) -> Serial<'_>;

    /// Removes that message from its queue.
    fn give_up(&self) -> Answered<'_>;
}

/// Answers request messages.
pub trait Service: Send + Sync + 'static {
    /// Answers one whole request message, in any encoding. Called in the order of arrival on a connection, on an async worker: it
    /// must not block.
    fn respond(&self, request: Request<'_>, peer: &Arc<Peer>) -> Reply;

    /// What must be on file before the replies leave that were given so far, if it is not there.
    fn due(&self) -> Option<Noted> {
        None
    }

    /// Called once before replies leave, for all pipelined replies together: what was due when they were given is written
    /// here. An error closes the connection without the replies.
    fn settle(&self, due: Option<Noted>) -> io::Result<()> {
        let _ = due;
        Ok(())
    }

    /// What to say to a peer once roles are exchanged.
    fn outgoing(&self, peer: &Peer) -> Option<Box<dyn Outgoing>> {
        let _ = peer;
        None
    }

    /// Changes with each message that is queued for a client, and with each change of a client's record.
    fn queued(&self) -> Option<watch::Receiver<u64>> {
        None
    }

    /// The clients for which something waits and which are to be called at a listener: those that have exchanged roles hear
    /// where they are.
    fn calls(&self) -> Vec<(String, Listener)> {
        Vec::new()
    }

    /// What to say to the listener of a client, which has shown this certificate if it is to be the client's own.
    fn calling(&self, client: &str, listener: &Listener, shown: Option<[u8; 32]>) -> Option<Box<dyn Outgoing>> {
        let _ = (client, listener, shown);
        None
    }

    /// What is known of a certificate beside what its authority says.
    fn standing(&self, fingerprint: &[u8; 32]) -> Option<Standing> {
        let _ = fingerprint;
        None
    }

    /// Whether a certificate may stand for a client, or for an administrator, whoever its authority is; the error says why not.
    fn may_be(&self, certificate: &Shown, client: Option<&str>) -> Result<(), String> {
        let _ = (certificate, client);
        Ok(())
    }

    /// Why nothing is sent to who shows this certificate for a client, if an administrator has said so.
    fn barred(&self, client: &str, fingerprint: Option<&[u8; 32]>) -> Option<&'static str> {
        let _ = (client, fingerprint);
        None
    }

    /// Whether requests can be served now; the error says what is missing.
    fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    /// Flushes and closes; no request comes after it.
    fn stop(&self) -> Result<(), ServiceError> {
        Ok(())
    }
}

/// What a rotation of the root key is to do.
#[derive(Debug, Clone)]
pub struct Rotate {
    /// Where the new root key is to be; where the old one is if nothing is said.
    pub place: Option<RootPlace>,
    /// Names of the devices; all that are configured if there is none.
    pub devices: Vec<String>,
    /// Its label there; one with its number if there is none.
    pub root_label: Option<String>,
    /// Whether scopes get new keys, too, so that every object is sealed anew.
    pub scope_keys: bool,
}

/// A KMIP user that is to be added.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: Option<SecretText>,
    /// The only client that may use it.
    pub client: Option<String>,
    /// Whether its password may come hashed.
    pub hashed_password: bool,
    /// Its one time passwords.
    pub one_time: Option<OneTimeCodes>,
}

/// How one time passwords are made.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneTimeCodes {
    /// By time or by counter.
    #[serde(default)]
    pub kind: CodeKind,
    /// The hash function: sha1, sha256 or sha512.
    #[serde(default = "usual_hash")]
    pub hash: String,
    /// Digits of a code.
    #[serde(default = "usual_digits")]
    pub digits: u32,
    /// Seconds for which a code by time is right.
    #[serde(default = "usual_period")]
    pub period: u32,
}

/// By what one time passwords change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeKind {
    /// Time (RFC 6238).
    #[default]
    Totp,
    /// A counter (RFC 4226).
    Hotp,
}

impl OneTimeCodes {
    /// Seconds for which a code is right, if codes are by time.
    pub fn period(&self) -> Option<u32> {
        (self.kind == CodeKind::Totp).then_some(self.period)
    }
}

/// What authenticators take for granted.
fn usual_hash() -> String {
    "sha1".to_owned()
}

fn usual_digits() -> u32 {
    6
}

fn usual_period() -> u32 {
    30
}

/// Where a client is to hear.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewListener {
    /// Host and port.
    pub address: String,
    /// The version in which it hears; 1.4 if nothing is said.
    pub version: Option<String>,
    /// Certificates of the authorities that its own is from (PEM); without them it shows the client's.
    pub ca: Option<String>,
}

/// A device that is to be registered.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// Its name.
    pub name: String,
    /// Serial number, device, network, machine and media identifier.
    pub fields: [Option<String>; 5],
    /// Its password.
    pub password: Option<SecretText>,
    /// The only client that may use it.
    pub client: Option<String>,
}

/// What an administrator did.
#[derive(Debug, Clone)]
pub struct Act {
    /// What the audit log calls it.
    pub operation: &'static str,
    /// Whom or what it concerns.
    pub object: Option<String>,
    /// Whether it was done.
    pub is_done: bool,
    /// More that is told.
    pub message: Option<String>,
    /// When it began.
    pub since: Instant,
}

/// What the admin API may change. Calls may block; the shell makes them on a blocking thread.
pub trait Administration: Send + Sync + 'static {
    /// Whether what an administrator does can be noted in the audit log; the error says why not.
    fn can_note(&self) -> Result<(), String>;

    /// Makes it durable in the audit log what an administrator did.
    fn note(&self, administrator: &Peer, act: &Act) -> Result<(), String>;

    /// Records the client `name`, in a scope of its own or in `scope`.
    fn enroll(&self, name: &str, scope: Option<&str>) -> Result<(), AdministrationError>;

    /// Whether a client is recorded.
    fn knows_client(&self, name: &str) -> bool;

    /// Records the client `name` with the certificate (PEM) that it has made itself.
    fn register_client(&self, name: &str, scope: Option<&str>, certificate: &str) -> Result<(), AdministrationError>;

    /// Takes another certificate (PEM) of a client: one that names it, or with `register` any; with `only` no other counts any
    /// more.
    fn renew_client(
        &self,
        name: &str,
        certificate: &str,
        register: bool,
        only: bool,
    ) -> Result<(), AdministrationError>;

    /// Locks a client out, or lets it in again; tells whether it was recorded.
    fn set_disabled(&self, client: &str, disabled: bool) -> Result<bool, AdministrationError>;

    /// The clients that are recorded, by name.
    fn clients(&self) -> Vec<(String, ClientRecord)>;

    /// Switches on these quirks of a client, and off all others.
    fn set_quirks(&self, client: &str, quirks: &[String]) -> Result<(), AdministrationError>;

    /// Says whether a client hears from the server: of changes in its scope, and what is put for it.
    fn set_listening(&self, client: &str, listens: bool) -> Result<(), AdministrationError>;

    /// Lets a client hear from the server at a listener of its own.
    fn listen_at(&self, client: &str, listener: NewListener) -> Result<(), AdministrationError>;

    /// Queues an object for a client that hears from the server; `replaced` names the one whose place it takes.
    fn put(&self, client: &str, object: &str, replaced: Option<&str>) -> Result<(), AdministrationError>;

    /// Records a KMIP user, bound to one client or usable over any known client's certificate. Gives the secret of its one time
    /// passwords, if it has them.
    fn add_user(&self, user: NewUser) -> Result<Option<Secret>, AdministrationError>;

    /// Registers a device.
    fn add_device(&self, device: NewDevice) -> Result<(), AdministrationError>;

    /// The devices that hold the root key, with their states; none where it is held in software.
    fn devices(&self) -> Vec<DeviceReport> {
        Vec::new()
    }

    /// Where the root key is, and how far its rotation.
    fn root_key(&self) -> Result<RootKeyReport, AdministrationError> {
        Err(AdministrationError::NotFound("there is no root key".to_owned()))
    }

    /// Takes a new root key into use and begins to seal everything anew; `config` is the configuration as it stands now.
    fn rotate_root_key(&self, config: &Config, rotation: &Rotate) -> Result<RootKeyReport, AdministrationError> {
        let _ = (config, rotation);
        self.root_key()
    }

    /// Sets up the certificate authority, or changes what is trusted.
    fn certificates(&self, ask: &Ask) -> Result<serde_json::Value, AdministrationError> {
        let _ = ask;
        Err(AdministrationError::NotFound("there is no certificate authority".to_owned()))
    }

    /// Compares the keys in devices with the store, and removes what a crash has left behind.
    fn reconcile(&self) -> Result<Reconciliation, AdministrationError> {
        Ok(Reconciliation { complete: true, ..Reconciliation::default() })
    }
}

/// Why an administrative change was refused.
#[derive(Debug, Error)]
pub enum AdministrationError {
    /// It exists already.
    #[error("{0}")]
    Conflict(String),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// Something it names is not there.
    #[error("{0}")]
    NotFound(String),
    /// The store or the vault does not work.
    #[error("{0}")]
    Unavailable(String),
}

/// Why the engine cannot be opened, checked or closed; says what to do.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct ServiceError(pub String);

/// An opened engine.
pub struct Opened {
    /// Answers requests.
    pub service: Arc<dyn Service>,
    /// Takes administrative changes.
    pub administration: Arc<dyn Administration>,
}

/// An error with its causes.
pub(crate) fn failure(error: impl std::error::Error) -> ServiceError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    ServiceError(text)
}

/// Asks for what opens the root key of a new data directory: a passphrase, or the PINs of its devices. Nothing is written.
pub fn choose_secrets(config: &Config) -> Result<Secrets, ServiceError> {
    crate::vault::choose(config)
}

/// Makes the root key and the empty store of a new data directory. One whose making was broken off has its key store, perhaps,
/// and then needs no secrets.
pub fn create(data: &DataDir, config: &Config, secrets: Option<Secrets>) -> Result<(), ServiceError> {
    crate::engine::create(data, config, secrets)
}

/// Makes what a development directory lacks; a store that was lost is not made again.
pub fn create_missing(data: &DataDir, config: &Config) -> Result<(), ServiceError> {
    if crate::engine::exists(data, config) {
        return Ok(());
    }
    let has_keys = Keystore::exists(&data.keystore());
    // Every start of a server writes to the audit log.
    if has_keys && data.audit().read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
        let text = format!(
            "the store of {} is missing: bring it back from a copy, or correct [store] path",
            data.root().display()
        );
        return Err(ServiceError(text));
    }
    create(data, config, if has_keys { None } else { Some(choose_secrets(config)?) })
}

/// Opens the engine over an existing data directory. If its root key is on devices and none of them answers, it waits for
/// one, until `given_up` is set.
pub fn open_service(
    data: &DataDir,
    config: &Config,
    metrics: &Arc<Metrics>,
    given_up: &AtomicBool,
) -> Result<Opened, ServiceError> {
    let engine = crate::engine::open(data, config, metrics, given_up)?;
    Ok(Opened { service: engine.clone(), administration: engine })
}

/// Verifies every record of a data directory that no server uses; the text says what was verified.
pub fn check(data: &DataDir, config: &Config) -> Result<String, ServiceError> {
    crate::engine::check(data, config)
}
