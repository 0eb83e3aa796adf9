//! Where the server is, who the client is, and how long it waits.

use std::path::PathBuf;
use std::time::Duration;

use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::message::credential::PasswordCredential;
use kmip_codec::message::{self, Authentication, CredentialValue};
use kmip_codec::registry::CredentialType;
use kmip_codec::secret::SecretText;
use kmip_codec::version::Version;

use crate::error::ConfigError;

/// The registered port of KMIP.
pub const DEFAULT_PORT: u16 = 5696;

/// How a client reaches its server. Fields may be changed after [`Config::new`].
#[derive(Debug, Clone)]
pub struct Config {
    /// HOST:PORT of each server, tried in order. The port may be left out.
    pub endpoints: Vec<String>,
    /// PEM file with the CAs that servers are checked against.
    pub ca: PathBuf,
    /// PEM file with the client's certificate, followed by those between it and its CA.
    pub cert: PathBuf,
    /// PEM file with the key of the client's certificate.
    pub key: PathBuf,
    /// The name in the server's certificate, where it is not the host of the endpoint.
    pub server_name: Option<String>,
    /// How long to wait.
    pub timeouts: Timeouts,
    /// The protocol version; without it the highest is negotiated that both sides have, up to 2.1.
    pub version: Option<Version>,
    /// User name and password, sent with each request.
    pub credential: Option<Credential>,
    /// The largest response that the server may send; it refuses what does not fit.
    pub maximum_response_size: Option<i32>,
    /// How many times a lost connection is made again for a request that only reads.
    pub retries: u32,
    /// Bounds on what a server may send.
    pub limits: Limits,
}

impl Config {
    /// One server, certificate files, and defaults for everything else.
    pub fn new(
        endpoint: impl Into<String>,
        ca: impl Into<PathBuf>,
        cert: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        Self {
            endpoints: vec![endpoint.into()],
            ca: ca.into(),
            cert: cert.into(),
            key: key.into(),
            server_name: None,
            timeouts: Timeouts::default(),
            version: None,
            credential: None,
            maximum_response_size: None,
            retries: 2,
            limits: Limits::DEFAULT,
        }
    }
}

/// How long to wait.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// For TCP and TLS of one endpoint.
    pub connect: Duration,
    /// For the answer to one request.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), answer: Duration::from_secs(60) }
    }
}

/// A user name and password (KMIP 2.1 §9.9).
#[derive(Debug, Clone)]
pub struct Credential {
    /// Username.
    pub username: String,
    /// Password.
    pub password: SecretText,
}

impl Credential {
    /// The Authentication structure of a request header.
    pub(crate) fn to_authentication(&self) -> Authentication {
        let value = PasswordCredential { username: Text::new(&self.username), password: Some(self.password.clone()) };
        Authentication {
            credential: vec![message::Credential {
                credential_type: CredentialType::UsernameAndPassword,
                credential_value: CredentialValue::Password(Box::new(value)),
            }],
        }
    }
}

/// HOST:PORT, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Endpoint {
    /// Reads `HOST`, `HOST:PORT`, `[V6]` or `[V6]:PORT`; the port that is left out is `default_port`.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, ConfigError> {
        let bad = || ConfigError::Endpoint(text.to_owned());
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(bad)?;
                (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(bad)?) })
            }
            None if text.matches(':').count() > 1 => (text, None),
            None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(default_port), |port| port.parse().map_err(|_| bad()))?;
        if host.is_empty() {
            return Err(bad());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_read_with_and_without_a_port() {
        let read = |text| Endpoint::parse(text, DEFAULT_PORT).map(|endpoint| endpoint.to_string()).ok();
        assert_eq!(read("kms").as_deref(), Some("kms:5696"));
        assert_eq!(read("kms:1").as_deref(), Some("kms:1"));
        assert_eq!(read("::1").as_deref(), Some("[::1]:5696"));
        assert_eq!(read("[::1]:7").as_deref(), Some("[::1]:7"));
        assert_eq!(read("[::1]").as_deref(), Some("[::1]:5696"));
        for bad in ["", ":5696", "kms:", "kms:70000", "[::1", "[::1]7", "kms:x"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let credential = Credential { username: "alice".into(), password: SecretText::copy_from("hunter2") };
        let shown = format!("{credential:?} {:?}", credential.to_authentication());
        assert!(shown.contains("alice") && !shown.contains("hunter2"), "{shown}");
    }
}
