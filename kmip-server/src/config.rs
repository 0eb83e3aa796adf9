//! The configuration: TOML sections with their defaults, flags on top, and the nearest known key for a misspelt one.
//!
//! The commented example `kmip-server.example.toml` states every default; a test keeps it equal to this file.

use crate::config_keys::fields_of;
pub use hsm_backend::pkcs11::settings::Hsm;
use kmip_codec::registry::{Operation, WireEnum};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// Where the KMIP port stands (registered with IANA).
const KMIP_PORT: u16 = 5696;
/// Where the admin API stands by default.
const ADMIN_PORT: u16 = 9443;

/// What a certificate or a list can last: until dates have more than four digits for their years.
const MOST_DAYS: u32 = 100_000;

/// Why a configuration is refused.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {}: {error}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What went wrong.
        error: std::io::Error,
    },
    /// What is wrong in a file.
    #[error("{}: {error}", path.display())]
    In {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: Box<ConfigError>,
    },
    /// Not TOML, or a value of the wrong type.
    #[error("the configuration is not usable: {0}")]
    Syntax(String),
    /// A key that nothing knows.
    #[error("unknown key `{key}` in {section}{suggestion}")]
    UnknownKey {
        /// The key.
        key: String,
        /// The section it stands in.
        section: String,
        /// What was probably meant.
        suggestion: String,
    },
    /// A value that cannot work.
    #[error("{key} = {value}: {rule}")]
    Value {
        /// The key with its section.
        key: &'static str,
        /// What was given.
        value: String,
        /// What is expected.
        rule: &'static str,
    },
}

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The data directory; without it `./kmip-data`.
    pub data_dir: Option<PathBuf>,
    /// Addresses.
    pub listen: Listen,
    /// The protocol.
    pub kmip: Kmip,
    /// Certificates and TLS versions.
    pub tls: Tls,
    /// The store.
    pub store: Store,
    /// The key vault.
    pub vault: Vault,
    /// PKCS#11 devices.
    pub hsm: Vec<Hsm>,
    /// The certificate authority.
    pub ca: Ca,
    /// The audit log.
    pub audit: Audit,
    /// The logs on stderr.
    pub log: Log,
    /// Whether the server runs with `--dev`; never from a file.
    #[serde(skip)]
    pub dev: bool,
}

/// An address, or `"-"` for a listener that is off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address(pub Option<SocketAddr>);

impl std::str::FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "-" => Ok(Self(None)),
            _ => text.parse().map(|address| Self(Some(address))).map_err(|_| ADDRESS_RULE),
        }
    }
}

const ADDRESS_RULE: &str = "expected ADDRESS:PORT such as 127.0.0.1:5696 or [::1]:5696, or - for off";

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(address) => address.fmt(f),
            None => f.write_str("-"),
        }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// `[listen]`: where the server accepts connections.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// KMIP over TLS.
    pub kmip: Address,
    /// KMIP over HTTPS.
    pub https: Address,
    /// The admin API.
    pub admin: Address,
}

impl Default for Listen {
    fn default() -> Self {
        let loopback = |port| Address(Some(SocketAddr::from(([127, 0, 0, 1], port))));
        Self { kmip: loopback(KMIP_PORT), https: Address(None), admin: loopback(ADMIN_PORT) }
    }
}

/// What happens to a KMIP credential that names an unknown user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownUsers {
    /// The request is refused.
    #[default]
    Refuse,
    /// The certificate alone decides.
    Ignore,
}

/// `[kmip]`: the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Kmip {
    /// Whether the Interop operation is served.
    pub interop: bool,
    /// Credentials of unknown users.
    pub unknown_users: UnknownUsers,
    /// Lease Time of new objects; 0 for leases without an end.
    pub lease_s: u32,
    /// How long a ticket lasts at most, and if the client does not say.
    pub ticket_s: u32,
    /// Tickets that one client may hold or have given to others at one time; 0 for none.
    pub tickets_per_client: usize,
    /// Asynchronous requests.
    pub asynchronous: Asynchronous,
    /// Bounds.
    pub limits: Limits,
}

impl Default for Kmip {
    fn default() -> Self {
        let (unknown_users, asynchronous, limits) = Default::default();
        Self {
            interop: false,
            unknown_users,
            lease_s: 3600,
            ticket_s: 24 * 60 * 60,
            tickets_per_client: 1_000,
            asynchronous,
            limits,
        }
    }
}

/// `[kmip.asynchronous]`: requests that are answered later.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Asynchronous {
    /// Operations that are done asynchronously where the client leaves it to the server.
    pub operations: Vec<String>,
    /// Seconds for which a request waits at least before it is worked on, so that it can be cancelled.
    pub wait_s: u32,
    /// Hours for which a request, and then its result, is kept.
    pub keep_hours: u32,
    /// Requests of one client whose results were not obtained yet.
    pub items_per_client: usize,
    /// Bytes of requests and results of one client.
    pub bytes_per_client: usize,
}

impl Default for Asynchronous {
    fn default() -> Self {
        let slow = ["CreateKeyPair", "ReKeyKeyPair", "Locate", "Archive", "Recover"];
        let operations = slow.map(str::to_owned).to_vec();
        Self { operations, wait_s: 1, keep_hours: 24, items_per_client: 1_000, bytes_per_client: 16 * 1024 * 1024 }
    }
}

/// `[kmip.limits]`: bounds of connections and messages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Longest request message in TTLV; text may be longer by [`kmip_codec::limits::TEXT_FACTOR`].
    pub message_bytes: u32,
    /// Connections at one time.
    pub connections: u32,
    /// Connections of one client at one time.
    pub connections_per_client: u32,
    /// TLS handshakes at one time.
    pub handshakes: u32,
    /// Time for a TLS handshake.
    pub handshake_timeout_s: u32,
    /// Time without a request after which a connection is closed.
    pub idle_timeout_s: u32,
    /// Time without anything to say after which a client that has exchanged roles gets its role back.
    pub exchanged_idle_timeout_s: u32,
    /// Time from the first byte of a message to its last, and for a client to take its reply.
    pub message_timeout_s: u32,
    /// Time for an answer.
    pub request_timeout_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 1024 * 1024,
            connections: 4096,
            connections_per_client: 2048,
            handshakes: 512,
            handshake_timeout_s: 10,
            idle_timeout_s: 3600,
            exchanged_idle_timeout_s: 86_400,
            message_timeout_s: 30,
            request_timeout_s: 60,
        }
    }
}

impl Limits {
    /// Time for a TLS handshake.
    pub fn handshake_timeout(&self) -> Duration {
        Duration::from_secs(self.handshake_timeout_s.into())
    }

    /// Time without a request.
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_s.into())
    }

    /// Time without anything to say.
    pub fn exchanged_idle_timeout(&self) -> Duration {
        Duration::from_secs(self.exchanged_idle_timeout_s.into())
    }

    /// Time for one message to arrive or one reply to be taken.
    pub fn message_timeout(&self) -> Duration {
        Duration::from_secs(self.message_timeout_s.into())
    }

    /// Time for an answer.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_s.into())
    }
}

/// The oldest TLS version that is accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum MinimumVersion {
    /// TLS 1.2 and 1.3.
    #[default]
    #[serde(rename = "1.2")]
    Tls12,
    /// TLS 1.3 alone.
    #[serde(rename = "1.3")]
    Tls13,
}

/// `[tls]`: certificates and versions. Relative paths are taken from the folder of the configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The server's chain (PEM); without it `pki/server.pem` of the data directory.
    pub server_cert: Option<PathBuf>,
    /// The server's key (PEM); without it `pki/server.key`.
    pub server_key: Option<PathBuf>,
    /// What the server shows to listeners of clients (PEM): the chain of a certificate for clients of TLS; without it
    /// `pki/calling.pem` of the data directory.
    pub calling_cert: Option<PathBuf>,
    /// The key of `calling_cert` (PEM).
    pub calling_key: Option<PathBuf>,
    /// CAs of KMIP clients, beside the data directory's own.
    pub client_cas: Vec<PathBuf>,
    /// CAs of administrators, beside the data directory's own.
    pub admin_cas: Vec<PathBuf>,
    /// Revocation lists.
    pub crls: Vec<PathBuf>,
    /// The oldest TLS version that is accepted.
    pub min_version: MinimumVersion,
}

/// Storage engines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The embedded store.
    #[default]
    Sled,
}

/// `[store]`: where objects are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Which engine.
    pub engine: Engine,
    /// Its folder; without it `store` of the data directory.
    pub path: Option<PathBuf>,
}

/// Vault adapters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VaultKind {
    /// Keys are sealed in software.
    #[default]
    Software,
    /// A PKCS#11 device holds the root key.
    Pkcs11,
}

/// How often the device is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VaultMode {
    /// Scope keys stay in memory once opened.
    #[default]
    Cached,
    /// The device opens each key.
    Strict,
}

/// Who makes keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Generation {
    /// The vault, where a device has no mechanism for a key of the device's random octets.
    #[default]
    Any,
    /// The device alone; what it has no mechanism for is refused.
    Device,
}

/// Where key material lives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Custody {
    /// Sealed in the store.
    #[default]
    Enveloped,
    /// Inside the device.
    Resident,
}

/// `[vault]`: who seals keys.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Vault {
    /// Which adapter.
    pub kind: VaultKind,
    /// How often the device is asked.
    pub mode: VaultMode,
    /// Who makes keys.
    pub generation: Generation,
    /// Where key material lives.
    pub custody: Custody,
    /// File with the passphrase that seals the root key.
    pub passphrase_file: Option<PathBuf>,
    /// Sessions that are opened on each device at most; behind p11-kit one, since its client may hang with more.
    pub sessions: usize,
    /// Seconds that a call of a device may take.
    pub deadline_s: u64,
    /// Objects that a key of a scope seals before it has a successor; 0 for any number.
    pub scope_key_objects: u64,
    /// Hours after which a key of a scope that has sealed something has a successor; 0 for never.
    pub scope_key_hours: u32,
}

impl Default for Vault {
    fn default() -> Self {
        let (kind, mode, custody) = (VaultKind::default(), VaultMode::default(), Custody::default());
        let generation = Generation::default();
        let (scope_key_objects, scope_key_hours) = (1_000_000, 24);
        Self {
            kind,
            generation,
            mode,
            custody,
            passphrase_file: None,
            sessions: 16,
            deadline_s: 10,
            scope_key_objects,
            scope_key_hours,
        }
    }
}

/// An extended key usage: a name, or its object identifier.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ExtendedKeyUsage(pub String);

/// Names of extended key usages (RFC 5280 §4.2.1.12).
const EXTENDED_KEY_USAGES: [(&str, &str); 5] = [
    ("server-auth", "1.3.6.1.5.5.7.3.1"),
    ("client-auth", "1.3.6.1.5.5.7.3.2"),
    ("code-signing", "1.3.6.1.5.5.7.3.3"),
    ("email-protection", "1.3.6.1.5.5.7.3.4"),
    ("time-stamping", "1.3.6.1.5.5.7.3.8"),
];

impl TryFrom<String> for ExtendedKeyUsage {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some((_, id)) = EXTENDED_KEY_USAGES.iter().find(|(name, _)| *name == text) {
            return Ok(Self((*id).to_owned()));
        }
        let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if text.contains('.') && text.split('.').all(is_number) {
            return Ok(Self(text));
        }
        let names: Vec<&str> = EXTENDED_KEY_USAGES.iter().map(|(name, _)| *name).collect();
        Err(format!("{text:?} is no extended key usage: expected {} or an object identifier", names.join(", ")))
    }
}

/// `[ca]`: what the certificate authority of Certify issues.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ca {
    /// For how long a certificate is valid for which the client does not say.
    pub validity_days: u32,
    /// For how long a certificate is valid at most.
    pub longest_days: u32,
    /// What keys are certified for.
    pub extended_key_usages: Vec<ExtendedKeyUsage>,
    /// Where the revocation list is found, as certificates tell.
    pub crl_url: Option<String>,
    /// For how long a revocation list counts.
    pub crl_days: u32,
}

impl Default for Ca {
    fn default() -> Self {
        let usages = EXTENDED_KEY_USAGES.iter().take(2).map(|(_, id)| ExtendedKeyUsage((*id).to_owned()));
        Self {
            validity_days: 397,
            longest_days: 1830,
            extended_key_usages: usages.collect(),
            crl_url: None,
            crl_days: 7,
        }
    }
}

/// When the audit entry of a read is safe.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditReads {
    /// Of reads that release or use a key, written to the file before the reply; of others, within half a second.
    #[default]
    Written,
    /// Synced to the disk before the reply.
    Durable,
}

/// `[audit]`: the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// When the entry of a read is safe.
    pub reads: AuditReads,
    /// Size at which a new segment file begins.
    pub segment_bytes: u64,
}

impl Default for Audit {
    fn default() -> Self {
        Self { reads: AuditReads::default(), segment_bytes: 64 * 1024 * 1024 }
    }
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`: the logs on stderr.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// What is logged, such as `info` or `info,kmip_server=debug`.
    pub filter: String,
    /// Form of the lines.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::default() }
    }
}

impl Config {
    /// Reads a file; relative paths in it are taken from its folder.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read { path: path.to_owned(), error })?;
        let mut config =
            Self::parse(&text).map_err(|error| ConfigError::In { path: path.to_owned(), error: Box::new(error) })?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(config)
    }

    /// Whether there are PKCS#11 devices, on which a request may wait.
    pub fn has_devices(&self) -> bool {
        !self.hsm.is_empty()
    }

    /// Parses the text of a configuration file.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error| ConfigError::Syntax(one_line(&error.to_string()));
        let table: toml::Table = text.parse().map_err(syntax)?;
        check_keys(&table)?;
        let config: Self = toml::from_str(text).map_err(syntax)?;
        config.check_values()?;
        Ok(config)
    }

    fn check_values(&self) -> Result<(), ConfigError> {
        let limits = &self.kmip.limits;
        let positive = [
            ("kmip.limits.connections", limits.connections),
            ("kmip.limits.connections_per_client", limits.connections_per_client),
            ("kmip.limits.handshakes", limits.handshakes),
            ("kmip.limits.handshake_timeout_s", limits.handshake_timeout_s),
            ("kmip.limits.idle_timeout_s", limits.idle_timeout_s),
            ("kmip.limits.exchanged_idle_timeout_s", limits.exchanged_idle_timeout_s),
            ("kmip.limits.message_timeout_s", limits.message_timeout_s),
            ("kmip.limits.request_timeout_s", limits.request_timeout_s),
        ];
        for (key, value) in positive {
            check(value > 0, key, value, "must be at least 1")?;
        }
        let message = limits.message_bytes;
        let sane = (4096..=256 * 1024 * 1024).contains(&message);
        check(sane, "kmip.limits.message_bytes", message, "must lie between 4096 and 268435456")?;
        let ticket = self.kmip.ticket_s;
        check((1..=31_536_000).contains(&ticket), "kmip.ticket_s", ticket, "must lie between 1 and 31536000")?;
        let asynchronous = &self.kmip.asynchronous;
        for operation in &asynchronous.operations {
            let known = Operation::TABLE.value_of(operation).is_some();
            check(known, "kmip.asynchronous.operations", format!("{operation:?}"), "name operations as CreateKeyPair")?;
        }
        let wait = asynchronous.wait_s;
        check(wait <= 3600, "kmip.asynchronous.wait_s", wait, "must be at most 3600")?;
        let keep = asynchronous.keep_hours;
        check((1..=8760).contains(&keep), "kmip.asynchronous.keep_hours", keep, "must lie between 1 and 8760")?;
        let segment = self.audit.segment_bytes;
        check(segment >= 65_536, "audit.segment_bytes", segment, "must be at least 65536")?;
        let sessions = self.vault.sessions;
        check((1..=1024).contains(&sessions), "vault.sessions", sessions, "must lie between 1 and 1024")?;
        let deadline = self.vault.deadline_s;
        check((1..=600).contains(&deadline), "vault.deadline_s", deadline, "must lie between 1 and 600")?;
        self.check_devices()?;
        self.check_authority()?;
        let (cert, key) = (&self.tls.server_cert, &self.tls.server_key);
        check_pair("tls.server_cert", cert, ("tls.server_key", key))?;
        let (cert, key) = (&self.tls.calling_cert, &self.tls.calling_key);
        check_pair("tls.calling_cert", cert, ("tls.calling_key", key))
    }

    fn check_authority(&self) -> Result<(), ConfigError> {
        let ca = &self.ca;
        let days = [
            ("ca.validity_days", ca.validity_days),
            ("ca.longest_days", ca.longest_days),
            ("ca.crl_days", ca.crl_days),
        ];
        for (key, value) in days {
            check((1..=MOST_DAYS).contains(&value), key, value, "must lie between 1 and 100000")?;
        }
        let (usual, longest) = (ca.validity_days, ca.longest_days);
        let both = format!("{usual}, ca.longest_days = {longest}");
        check(usual <= longest, "ca.validity_days", both, "must not be more than ca.longest_days")?;
        let Some(url) = &ca.crl_url else { return Ok(()) };
        let rule = "expected an address such as http://pki.example.org/kmip.crl (http, https or ldap)";
        check(is_url(url), "ca.crl_url", format!("{url:?}"), rule)
    }

    fn check_devices(&self) -> Result<(), ConfigError> {
        if self.vault.kind == VaultKind::Pkcs11 {
            check(self.has_devices(), "vault.kind", "\"pkcs11\"", "needs a device: name it in an [[hsm]] table")?;
        }
        for (number, hsm) in self.hsm.iter().enumerate() {
            let name = &hsm.name;
            let is_first = self.hsm.iter().take(number).all(|other| other.name != *name);
            check(
                !name.is_empty() && is_first,
                "hsm.name",
                format!("{name:?}"),
                "each device needs a name of its own",
            )?;
            let module = hsm.module.display();
            check(
                !hsm.module.as_os_str().is_empty(),
                "hsm.module",
                module,
                "name the PKCS#11 module (a shared library)",
            )?;
            let token = hsm.token_label.is_some() || hsm.serial.is_some();
            check(
                token,
                "hsm.name",
                format!("{name:?}"),
                "give token_label or serial, so that the token can be found",
            )?;
            let one_source = hsm.pin_file.is_none() || hsm.pin_env.is_none();
            check(one_source, "hsm.name", format!("{name:?}"), "give pin_file or pin_env, not both")?;
        }
        Ok(())
    }

    fn resolve(&mut self, folder: &Path) {
        let single = [
            &mut self.data_dir,
            &mut self.tls.server_cert,
            &mut self.tls.server_key,
            &mut self.tls.calling_cert,
            &mut self.tls.calling_key,
            &mut self.store.path,
            &mut self.vault.passphrase_file,
        ];
        let lists = [&mut self.tls.client_cas, &mut self.tls.admin_cas, &mut self.tls.crls];
        let paths =
            single.into_iter().filter_map(Option::as_mut).chain(lists.into_iter().flat_map(|list| list.iter_mut()));
        for path in paths {
            *path = folder.join(&path);
        }
        self.hsm.iter_mut().for_each(|hsm| hsm.resolve(folder));
    }
}

/// A certificate and its key come together.
fn check_pair(
    name: &'static str,
    certificate: &Option<PathBuf>,
    (key_name, key): (&'static str, &Option<PathBuf>),
) -> Result<(), ConfigError> {
    let (given, path, missing) = match (certificate, key) {
        (Some(path), None) => (name, path, key_name),
        (None, Some(path)) => (key_name, path, name),
        _ => return Ok(()),
    };
    let value = format!("{:?} without {missing}", path.display().to_string());
    check(false, given, value, "give both or neither")
}

/// Whether clients may find a revocation list there (RFC 5280 §4.2.1.13).
fn is_url(text: &str) -> bool {
    let rest = ["http://", "https://", "ldap://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let is_plain = text.chars().all(|c| c.is_ascii_graphic());
    is_plain && rest.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '['))
}

fn check(holds: bool, key: &'static str, value: impl ToString, rule: &'static str) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Value { key, value: value.to_string(), rule }) }
}

/// All sections with their keys, as the structures declare them.
fn sections() -> Vec<(&'static str, &'static [&'static str])> {
    vec![
        ("", fields_of::<Config>()),
        ("listen", fields_of::<Listen>()),
        ("kmip", fields_of::<Kmip>()),
        ("kmip.asynchronous", fields_of::<Asynchronous>()),
        ("kmip.limits", fields_of::<Limits>()),
        ("tls", fields_of::<Tls>()),
        ("store", fields_of::<Store>()),
        ("vault", fields_of::<Vault>()),
        ("hsm", fields_of::<Hsm>()),
        ("ca", fields_of::<Ca>()),
        ("audit", fields_of::<Audit>()),
        ("log", fields_of::<Log>()),
    ]
}

fn check_keys(root: &toml::Table) -> Result<(), ConfigError> {
    let sections = sections();
    for (section, known) in &sections {
        for table in tables_at(root, section) {
            if let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(unknown_key(key, section, known, &sections));
            }
        }
    }
    Ok(())
}

/// The tables that stand under a section name: one, none, or the elements of an array of tables.
fn tables_at<'a>(root: &'a toml::Table, section: &str) -> Vec<&'a toml::Table> {
    let mut tables = vec![root];
    for part in section.split('.').filter(|part| !part.is_empty()) {
        tables = tables
            .into_iter()
            .filter_map(|table| table.get(part))
            .flat_map(|value| match value {
                toml::Value::Table(table) => vec![table],
                toml::Value::Array(items) => items.iter().filter_map(toml::Value::as_table).collect(),
                _ => Vec::new(),
            })
            .collect();
    }
    tables
}

fn unknown_key(key: &str, section: &str, known: &[&str], sections: &[(&str, &[&str])]) -> ConfigError {
    let elsewhere = sections.iter().find(|(_, keys)| keys.contains(&key));
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(key, candidate), *candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().max(3) / 2);
    let suggestion = match (elsewhere, nearest) {
        (Some((home, _)), _) => format!(": it belongs in {}", section_name(home)),
        (None, Some((_, candidate))) => format!(": did you mean `{candidate}`?"),
        (None, None) => format!(": known keys are {}", known.join(", ")),
    };
    ConfigError::UnknownKey { key: key.to_owned(), section: section_name(section), suggestion }
}

fn section_name(section: &str) -> String {
    match section {
        "" => "the top level".to_owned(),
        "hsm" => "[[hsm]]".to_owned(),
        _ => format!("[{section}]"),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../kmip-server.example.toml");

    fn message(text: &str) -> String {
        Config::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn the_example_states_every_default() {
        assert_eq!(Config::parse(EXAMPLE).unwrap(), Config::default());
    }

    #[test]
    fn the_example_names_every_key_in_its_section() {
        let mut named = std::collections::BTreeSet::new();
        let mut section = String::new();
        for line in EXAMPLE.lines() {
            let line = line.trim_start_matches(['#', ' ']);
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_matches(['[', ']']).to_owned();
            } else if let Some((key, _)) = line.split_once(" = ") {
                named.insert((section.clone(), key.to_owned()));
            }
        }
        for (section, keys) in sections() {
            for key in keys {
                let nested = if section.is_empty() { (*key).to_owned() } else { format!("{section}.{key}") };
                if sections().iter().any(|(name, _)| *name == nested) {
                    continue;
                }
                assert!(named.contains(&(section.to_owned(), (*key).to_owned())), "[{section}] {key}");
            }
        }
    }

    #[test]
    fn a_misspelt_key_gets_the_nearest_one() {
        assert_eq!(message("[kmip]\ninter_op = true"), "unknown key `inter_op` in [kmip]: did you mean `interop`?");
        assert_eq!(
            message("[kmip.limits]\nidle_timeout = 5"),
            "unknown key `idle_timeout` in [kmip.limits]: did you mean `idle_timeout_s`?"
        );
        assert_eq!(
            message("[[hsm]]\nname = 'a'\npinfile = 'x'"),
            "unknown key `pinfile` in [[hsm]]: did you mean `pin_file`?"
        );
        assert_eq!(message("[vualt]\n"), "unknown key `vualt` in the top level: did you mean `vault`?");
    }

    #[test]
    fn a_key_in_the_wrong_section_is_told_its_home() {
        assert_eq!(message("client_cas = []"), "unknown key `client_cas` in the top level: it belongs in [tls]");
    }

    #[test]
    fn a_key_like_no_other_gets_the_list() {
        assert!(message("[store]\nzzzzzz = 1").ends_with("known keys are engine, path"));
    }

    #[test]
    fn wrong_values_say_what_is_expected() {
        assert!(message("[listen]\nkmip = 'here'").contains("ADDRESS:PORT"));
        assert!(message("[kmip]\nunknown_users = 'maybe'").contains("`refuse` or `ignore`"));
        assert!(message("[kmip.limits]\nconnections = 0").contains("kmip.limits.connections = 0: must be at least 1"));
        assert_eq!(
            message("[tls]\nserver_cert = 'a'"),
            "tls.server_cert = \"a\" without tls.server_key: give both or neither"
        );
        assert_eq!(
            message("[tls]\ncalling_key = 'a'"),
            "tls.calling_key = \"a\" without tls.calling_cert: give both or neither"
        );
        assert!(!message("[kmip\n").contains('\n'));
    }

    #[test]
    fn what_an_authority_issues_lasts_and_is_found() {
        for key in ["validity_days", "longest_days", "crl_days"] {
            for days in ["0", "100001"] {
                let said = message(&format!("[ca]\n{key} = {days}"));
                assert_eq!(said, format!("ca.{key} = {days}: must lie between 1 and 100000"));
            }
        }
        let said = message("[ca]\nlongest_days = 90");
        assert_eq!(said, "ca.validity_days = 397, ca.longest_days = 90: must not be more than ca.longest_days");
        assert!(Config::parse("[ca]\nvalidity_days = 90\nlongest_days = 90").is_ok());
        for url in ["nonsense", "", "http://", "http:///crl", "ftp://a/b", "http://a/b c"] {
            let said = message(&format!("[ca]\ncrl_url = '{url}'"));
            assert!(said.starts_with("ca.crl_url = ") && said.contains("http://pki"), "{said}");
        }
        for url in
            ["http://pki.example.org/kmip.crl", "https://[::1]:8080/a", "ldap://a/cn=x?certificateRevocationList"]
        {
            assert!(Config::parse(&format!("[ca]\ncrl_url = '{url}'")).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_file_that_is_not_usable_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kmip.toml");
        for text in ["[kmip\n", "[kmip]\nintrop = true", "[vault]\nsessions = 0", "[listen]\nkmip = 5"] {
            std::fs::write(&file, text).unwrap();
            let said = Config::read(&file).unwrap_err().to_string();
            assert!(said.starts_with(&file.display().to_string()) && !said.contains('\n'), "{said}");
        }
    }

    #[test]
    fn paths_are_taken_from_the_folder_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kmip.toml");
        let text = "[tls]\ncrls = ['a.crl', '/abs.crl']\n[[hsm]]\nname = 'a'\nmodule = '/m.so'\nserial = '1'\npin_file = 'pin'\n";
        std::fs::write(&file, text).unwrap();
        let config = Config::read(&file).unwrap();
        assert_eq!(config.tls.crls, [folder.path().join("a.crl"), PathBuf::from("/abs.crl")]);
        assert_eq!(config.hsm[0].pin_file, Some(folder.path().join("pin")));
    }

    #[test]
    fn a_device_says_which_it_is_and_where_its_pin_comes_from() {
        let hsm = |lines: &str| format!("[[hsm]]\nname = 'a'\nmodule = '/m.so'\n{lines}\n");
        assert!(Config::parse(&hsm("token_label = 'kmip'")).is_ok());
        assert!(message(&hsm("")).contains("token_label or serial"));
        assert!(message(&hsm("serial = '1'\npin_file = 'p'\npin_env = 'P'")).contains("not both"));
        assert!(message("[[hsm]]\nname = 'a'\nserial = '1'").contains("PKCS#11 module"));
        assert!(message("[[hsm]]\nmodule = '/m.so'\nserial = '1'").contains("a name of its own"));
        assert!(message(&hsm("serial = '1'").repeat(2)).contains("a name of its own"));
        assert!(message("[vault]\nkind = 'pkcs11'").contains("[[hsm]]"));
        assert!(message("[vault]\nsessions = 0").contains("between 1 and 1024"));
        assert!(message("[vault]\ndeadline_s = 0").contains("between 1 and 600"));
    }

    #[test]
    fn asynchronous_operations_are_names_that_the_protocol_has() {
        let operations = |names: &str| format!("[kmip.asynchronous]\noperations = [{names}]");
        assert!(Config::parse(&operations("'Locate', 'Create'")).is_ok());
        assert!(Config::parse(&operations("")).is_ok());
        assert!(message(&operations("'Lookate'")).contains("kmip.asynchronous.operations = \"Lookate\""));
        assert!(message("[kmip.asynchronous]\nkeep_hours = 0").contains("between 1 and 8760"));
    }

    #[test]
    fn tickets_last_a_bounded_time() {
        for (text, seconds) in [("[kmip]\nticket_s = 60", 60), ("[kmip]\ntickets_per_client = 0", 86_400)] {
            assert_eq!(Config::parse(text).unwrap().kmip.ticket_s, seconds);
        }
        for seconds in ["0", "31536001"] {
            let said = message(&format!("[kmip]\nticket_s = {seconds}"));
            assert!(said.contains("between 1 and 31536000"), "{said}");
        }
        assert!(message("[kmip]\ntickets_s = 5").contains("did you mean `ticket_s`?"));
    }

    #[test]
    fn the_settings_of_tickets_are_those_of_the_core() {
        let (config, core) = (crate::engine::core_config(&Config::default()), kmip_core::env::Config::default());
        assert_eq!(config.ticket_seconds, core.ticket_seconds);
        assert_eq!(config.tickets_per_client, core.tickets_per_client);
        let config = Config::parse("[kmip]\nticket_s = 60\ntickets_per_client = 7").unwrap();
        let core = crate::engine::core_config(&config);
        assert_eq!((core.ticket_seconds, core.tickets_per_client), (60, 7));
    }

    #[test]
    fn the_settings_of_asynchronous_requests_are_those_of_the_core() {
        let defaults = crate::jobs::settings(&Asynchronous::default());
        assert_eq!(defaults, kmip_core::jobs::Asynchronous::default());
    }

    #[test]
    fn off_is_a_dash() {
        assert_eq!(Config::parse("[listen]\nadmin = '-'").unwrap().listen.admin.to_string(), "-");
    }
}
