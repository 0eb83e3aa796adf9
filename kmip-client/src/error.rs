//! What can go wrong, by what the caller can do about it. No error holds key material or bytes from the wire.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use kmip_codec::registry::{Operation, ResultReason};
use kmip_codec::version::Version;
use thiserror::Error;

/// Why a call has no result.
#[derive(Debug, Error)]
pub enum Error {
    /// The configuration cannot be used: correct it.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// No server answered: the network, TLS, or a time-out.
    #[error("no answer from {}{}", Attempts(attempts), if *in_doubt { "; the server may have executed the request: look before repeating it" } else { "" })]
    NoAnswer {
        /// What was tried, in order.
        attempts: Vec<Attempt>,
        /// Whether a request that changes something was sent and its outcome is unknown.
        in_doubt: bool,
    },
    /// The server answered that it will not do it.
    #[error("{operation}: {reason}{}{message}", if message.is_empty() { "" } else { ": " })]
    ServerRefused {
        /// What was asked.
        operation: Operation,
        /// Result Reason (KMIP 2.1 §11.49).
        reason: ResultReason,
        /// Result Message; empty if the server gave none.
        message: String,
    },
    /// A batch item was undone because a later one failed (KMIP 2.1 §9.6, Undo).
    #[error("{operation}: undone, because another item of the batch failed")]
    Undone {
        /// What was asked.
        operation: Operation,
    },
    /// A batch item was not executed because an earlier one failed (KMIP 2.1 §9.6, Stop).
    #[error("{operation}: not executed, because an earlier item of the batch failed")]
    NotExecuted {
        /// What was asked.
        operation: Operation,
    },
    /// A batch item was done for several objects (KMIP 2.1 §11.58), where one answer was asked for.
    #[error("{operation}: done for {count} objects, each with an answer of its own")]
    Several {
        /// What was asked.
        operation: Operation,
        /// How many answers there are.
        count: usize,
    },
    /// The server answered something that is not a KMIP answer to what was asked.
    #[error("{endpoint} broke the protocol: {what}")]
    Protocol {
        /// Who.
        endpoint: String,
        /// How.
        what: String,
    },
    /// The request cannot be made in this protocol version.
    #[error("{what} needs KMIP {since}; version {version} is spoken here")]
    TooOld {
        /// What was asked.
        what: &'static str,
        /// First version that has it.
        since: Version,
        /// The version in use.
        version: Version,
    },
    /// Client and server have no protocol version in common.
    #[error("{endpoint} speaks none of the protocol versions of this client{}", Versions(offered))]
    NoCommonVersion {
        /// Who.
        endpoint: String,
        /// What the server offered, if it said.
        offered: Vec<Version>,
    },
    /// The attribute that was to change has several values and none was chosen, or the chosen one is not there.
    #[error("{attribute}: {what}")]
    AttributeInstance {
        /// Name of the attribute.
        attribute: String,
        /// What is wrong.
        what: &'static str,
    },
}

/// What is wrong with a configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// No endpoint.
    #[error("no server is given")]
    NoEndpoint,
    /// Not an address.
    #[error("{0:?} is no HOST:PORT")]
    Endpoint(String),
    /// Not a name that a certificate can have.
    #[error("{0:?} is no host name and no address")]
    ServerName(String),
    /// A PEM file cannot be read, or does not hold what it should.
    #[error("{what} {}: {problem}", path.display())]
    Pem {
        /// Which one.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The certificate and its key cannot be used for TLS.
    #[error("client certificate {} and key {}: {problem}", cert.display(), key.display())]
    Identity {
        /// The certificate.
        cert: PathBuf,
        /// Its key.
        key: PathBuf,
        /// What is wrong with them.
        problem: String,
    },
    /// TLS cannot be set up.
    #[error("TLS: {0}")]
    Tls(String),
}

/// One endpoint that gave no answer.
#[derive(Debug)]
pub struct Attempt {
    /// HOST:PORT.
    pub endpoint: String,
    /// Why not.
    pub failure: Failure,
}

/// Why an endpoint gave no answer.
#[derive(Debug, Error)]
pub enum Failure {
    /// The name is unknown, or nothing listens there.
    #[error("cannot connect: {0}")]
    Connect(io::Error),
    /// TCP and TLS did not come up in time.
    #[error("no connection within {} s", .0.as_secs_f32())]
    ConnectTimeout(Duration),
    /// The TLS handshake failed, or the server ended the session with an alert.
    #[error("TLS: {0}")]
    Tls(rustls::Error),
    /// The connection broke.
    #[error("connection lost: {0}")]
    Lost(io::Error),
    /// The server closed the connection instead of answering.
    #[error("the server closed the connection")]
    Closed,
    /// The server closed the connection instead of answering a request that is large.
    #[error("the server closed the connection after a request of {bytes} bytes")]
    ClosedOnLarge {
        /// Bytes of the request.
        bytes: usize,
    },
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
}

impl Failure {
    /// Largest request that a server takes unless its configuration says otherwise.
    const USUAL_LIMIT: usize = 1 << 20;

    /// Sorts an error of a TLS stream.
    pub fn of_stream(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => Self::Tls(tls.clone()),
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::Closed,
            None => Self::Lost(error),
        }
    }

    /// Why a request of this size has no answer: who hangs up on a large one has most likely a limit.
    pub(crate) fn of_request(self, bytes: usize) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
        let hung_up = match &self {
            Self::Closed => true,
            Self::Lost(error) => matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset),
            _ => false,
        };
        if hung_up && bytes > Self::USUAL_LIMIT { Self::ClosedOnLarge { bytes } } else { self }
    }

    /// What to try.
    pub fn hint(&self) -> &'static str {
        use rustls::{AlertDescription as Alert, CertificateError as Bad, Error as Tls};
        match self {
            Self::Connect(_) => "is the server running, and are host and port right?",
            Self::ConnectTimeout(_) => "is a firewall between here and the server?",
            Self::Timeout(_) => "is the server overloaded? A longer time-out may help",
            Self::ClosedOnLarge { .. } => {
                "send less, or raise kmip.limits.message_bytes of the server, which is 1 MiB unless its configuration says otherwise"
            }
            Self::Lost(_) | Self::Closed => "the server's log says why it closed the connection",
            // Two CAs of one name differ in their keys: then the signature is what does not fit.
            Self::Tls(Tls::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature)) => {
                "the server's certificate is from another CA: give the CA that signed it"
            }
            Self::Tls(Tls::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. })) => {
                "connect by a name that stands in the server's certificate, or set the server name (`--server-name`)"
            }
            Self::Tls(Tls::InvalidCertificate(
                Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. },
            )) => "the server's certificate is not valid now: compare the clocks, or renew it",
            Self::Tls(Tls::InvalidCertificate(_)) => "the server's certificate is not acceptable",
            Self::Tls(Tls::AlertReceived(
                Alert::UnknownCA | Alert::BadCertificate | Alert::CertificateUnknown | Alert::DecryptError,
            )) => "the server does not trust the client certificate: it must be signed by a CA that the server knows",
            Self::Tls(Tls::AlertReceived(Alert::CertificateExpired)) => "the client certificate is expired: renew it",
            Self::Tls(Tls::AlertReceived(Alert::CertificateRevoked)) => {
                "the client certificate is revoked: an administrator gives another by `kmip-cli client enroll NAME --again`"
            }
            Self::Tls(Tls::AlertReceived(Alert::CertificateRequired)) => "the server demands a client certificate",
            Self::Tls(Tls::AlertReceived(Alert::UnsupportedCertificate)) => {
                "the client certificate is not one for clients: it needs the extended key usage clientAuth"
            }
            Self::Tls(Tls::InvalidMessage(_)) => "the port does not speak TLS: is it the right one?",
            Self::Tls(_) => "the server needs TLS 1.2 with ECDHE and AES-GCM, or TLS 1.3",
        }
    }
}

/// Whether a refusal means that the object does not exist, or not for this client.
pub fn is_not_found(error: &Error) -> bool {
    let Error::ServerRefused { reason, .. } = error else { return false };
    matches!(*reason, ResultReason::ItemNotFound | ResultReason::ObjectNotFound)
}

struct Attempts<'a>(&'a [Attempt]);

impl fmt::Display for Attempts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Attempt { endpoint, failure }) in self.0.iter().enumerate() {
            write!(f, "{}{endpoint}: {failure}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

struct Versions<'a>(&'a [Version]);

impl fmt::Display for Versions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, version) in self.0.iter().enumerate() {
            write!(f, "{}{version}", if at == 0 { "; it offers " } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{AlertDescription as Alert, CertificateError as Bad};

    #[test]
    fn a_hint_says_what_to_do_about_the_certificate() {
        for (error, told) in [
            (rustls::Error::AlertReceived(Alert::CertificateRevoked), "`kmip-cli client enroll NAME --again`"),
            (rustls::Error::AlertReceived(Alert::UnsupportedCertificate), "clientAuth"),
            (rustls::Error::InvalidCertificate(Bad::NotValidForName), "`--server-name`"),
        ] {
            let hint = Failure::Tls(error).hint();
            assert!(hint.contains(told), "{hint}");
        }
    }

    #[test]
    fn only_who_hangs_up_on_a_large_request_has_a_limit() {
        let lost = |kind: io::ErrorKind| Failure::Lost(kind.into());
        let is_limit = |failure: Failure, bytes| matches!(failure.of_request(bytes), Failure::ClosedOnLarge { .. });
        assert!(is_limit(Failure::Closed, (1 << 20) + 1) && is_limit(lost(io::ErrorKind::ConnectionReset), 2 << 20));
        assert!(!is_limit(Failure::Closed, 1 << 20));
        assert!(!is_limit(lost(io::ErrorKind::NetworkDown), 2 << 20));
        assert!(!is_limit(Failure::Timeout(Duration::from_secs(1)), 2 << 20));
    }
}
