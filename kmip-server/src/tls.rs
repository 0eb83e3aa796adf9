//! TLS 1.2 and 1.3 with client certificates, from the files of the data directory and the configuration.
//!
//! One [`Material`] holds everything that a reload replaces: certificates, CAs, revocation lists and the key of the
//! session tickets. A new ticket key makes every client prove itself again after a reload, for resumption skips the
//! check of the certificate. X25519MLKEM768 is offered first. rustls has no RSA key exchange and no CBC suite.

use crate::config::{Config, MinimumVersion};
use crate::datadir::DataDir;
use crate::service::Service;
use crate::tls_calling::Caller;
use crate::tls_clients::{ClientVerifier, Revoked};
use certs::CertsError;
use certs::inspect::{self, Facts};
use certs::profiles::ADMINISTRATOR_UNIT;
use kmip_core::links::{Shown, Standing};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{AlertDescription, CertificateError, RootCertStore, ServerConfig};
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use thiserror::Error;
use time::OffsetDateTime;
use tracing::warn;

/// HTTP/2, HTTP/1.1 and HTTP/1.0 as ALPN names them.
pub const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";
const HTTP_1_0: &[u8] = b"http/1.0";

/// A certificate with less time left than this is told in the log.
const WARN_BEFORE: time::Duration = time::Duration::days(30);

/// Why TLS cannot be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A PEM file that cannot be read.
    #[error("{what} {}: {error}; put a PEM file there, or correct [tls] in the configuration", path.display())]
    Pem {
        /// What it should hold.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: rustls::pki_types::pem::Error,
    },
    /// A PEM file without what it should hold.
    #[error("{what} {}: the file holds none; put a PEM file there, or correct [tls] in the configuration", path.display())]
    Empty {
        /// What it should hold.
        what: &'static str,
        /// Which file.
        path: PathBuf,
    },
    /// A certificate that cannot be read.
    #[error("{}: {error}", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: CertsError,
    },
    /// One CA for clients and for administrators.
    #[error("{}: this CA is trusted for KMIP clients too; administrators need a CA of their own", .0.display())]
    SharedAuthority(PathBuf),
    /// The server's certificate and key do not go together, or the like.
    #[error("server certificate {}: {error}", path.display())]
    Server {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: rustls::Error,
    },
    /// CAs or revocation lists that the verifier refuses.
    #[error("client CAs or revocation lists: {0}")]
    Verifier(#[from] VerifierBuilderError),
    /// The TLS library.
    #[error("TLS: {0}")]
    Library(#[from] rustls::Error),
}

/// Who may connect to a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// KMIP clients.
    Clients,
    /// Administrators.
    Administrators,
}

/// What one listener needs for its handshakes.
#[derive(Clone)]
pub struct Identity {
    /// For the acceptor.
    pub config: Arc<ServerConfig>,
    verifier: Arc<dyn ClientCertVerifier>,
    audience: Audience,
    known: Known,
}

/// Asks what is known of certificates beside what their authorities say, once the engine is open.
pub type Known = Arc<OnceLock<Arc<dyn Service>>>;

/// Everything that a reload replaces.
#[derive(Clone)]
pub struct Material {
    /// KMIP over TLS.
    pub kmip: Identity,
    /// KMIP over HTTPS: as `kmip`, with ALPN.
    pub https: Identity,
    /// The admin API.
    pub admin: Identity,
    /// Calls to listeners of clients.
    pub caller: Caller,
}

/// Who a certificate names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The Common Name.
    pub name: String,
    /// The certificate.
    pub certificate: Arc<Shown>,
}

/// Why a peer is refused whose certificate chain is good.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PeerRefusal {
    /// The handshake brought no certificate.
    #[error("the peer sent no certificate")]
    NoCertificate,
    /// A certificate that cannot be read.
    #[error("the certificate cannot be read")]
    Unreadable,
    /// No name, or several.
    #[error("the certificate needs exactly one Common Name of plain text")]
    NoName,
    /// Expired since its session began.
    #[error("the certificate is not valid at this time")]
    NotNow,
    /// Revoked or no longer trusted since its session began.
    #[error("the certificate is revoked or no longer trusted")]
    Revoked,
    /// One that its client has replaced.
    #[error("the certificate was replaced by another one, or revoked")]
    Replaced,
    /// One that Certify has issued to another client, or that an administrator lets count no more.
    #[error("{0}")]
    Barred(String),
    /// A good certificate, but not an administrator's.
    #[error("the certificate is not an administrator's: its subject needs OU={ADMINISTRATOR_UNIT}")]
    NotAnAdministrator,
}

impl PeerRefusal {
    /// The name of this refusal in the metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NoCertificate => "no_certificate",
            Self::Unreadable | Self::NoName => "no_name",
            Self::NotNow => "not_valid_now",
            Self::Revoked => "revoked",
            Self::Replaced => "replaced",
            Self::Barred(_) => "barred",
            Self::NotAnAdministrator => "not_an_administrator",
        }
    }
}

impl Material {
    /// Reads all files.
    pub fn load(data: &DataDir, config: &Config) -> Result<Self, TlsError> {
        Self::load_with(data, config, &Known::default())
    }

    /// Reads all files; certificates that stand for clients by themselves are known, too.
    pub fn load_with(data: &DataDir, config: &Config, known: &Known) -> Result<Self, TlsError> {
        let files = Files::read(data, config, known)?;
        let (clients, admins) = (&files.client_cas, &files.admin_cas);
        let kmip = files.identity(config, Audience::Clients, clients, &[])?;
        Ok(Self {
            caller: files.caller(data, config, kmip.clone())?,
            kmip,
            https: files.identity(config, Audience::Clients, clients, &[HTTP_2, HTTP_1, HTTP_1_0])?,
            admin: files.identity(config, Audience::Administrators, admins, &[HTTP_1])?,
        })
    }
}

impl Identity {
    fn standing(&self, fingerprint: &[u8; 32]) -> Option<Standing> {
        let known = self.known.get().filter(|_| self.audience == Audience::Clients);
        known.and_then(|service| service.standing(fingerprint))
    }

    /// Whether an administrator lets the certificate count no more.
    pub(crate) fn bars(&self, named: &Named) -> bool {
        let barred = |service: &Arc<dyn Service>| service.barred(&named.name, Some(&named.certificate.fingerprint));
        self.known.get().and_then(barred).is_some()
    }

    pub(crate) fn verifier(&self) -> &dyn ClientCertVerifier {
        self.verifier.as_ref()
    }

    /// Checks whom the certificate of a finished handshake names.
    pub fn identify(&self, chain: Option<&[CertificateDer<'_>]>) -> Result<Named, PeerRefusal> {
        let leaf = chain.and_then(<[_]>::first).ok_or(PeerRefusal::NoCertificate)?;
        let facts = inspect::certificate(leaf).map_err(|_| PeerRefusal::Unreadable)?;
        // A resumed session brings its old certificate, which nobody has looked at today.
        let now = OffsetDateTime::now_utc();
        if now < facts.not_before || now > facts.not_after {
            return Err(PeerRefusal::NotNow);
        }
        if self.audience == Audience::Administrators && !is_administrator(&facts) {
            return Err(PeerRefusal::NotAnAdministrator);
        }
        let (fingerprint, not_after) = (Sha256::digest(leaf).into(), facts.not_after.unix_timestamp());
        let certificate = Arc::new(Shown { fingerprint, serial_number: facts.serial, not_after });
        let name = match self.standing(&fingerprint) {
            Some(Standing::Registered(client)) => client.to_string(),
            Some(Standing::Replaced) => return Err(PeerRefusal::Replaced),
            None => {
                let name = facts.common_name.ok_or(PeerRefusal::NoName)?;
                let client = (self.audience == Audience::Clients).then_some(name.as_str());
                let allowed = self.known.get().map_or(Ok(()), |service| service.may_be(&certificate, client));
                allowed.map_err(PeerRefusal::Barred)?;
                name
            }
        };
        Ok(Named { name, certificate })
    }

    /// Checks the chain of an open connection again, after a reload.
    pub fn still_trusts(&self, chain: Option<&[CertificateDer<'_>]>) -> Result<(), PeerRefusal> {
        let (leaf, rest) = chain.and_then(<[_]>::split_first).ok_or(PeerRefusal::NoCertificate)?;
        let verified = self.verifier.verify_client_cert(leaf, rest, UnixTime::now());
        verified.map(|_| ()).map_err(|_| PeerRefusal::Revoked)
    }
}

/// A name for the metrics and a hint for the log: why a handshake failed.
pub fn explain(error: &rustls::Error) -> (&'static str, &'static str) {
    use CertificateError as Bad;
    match error {
        rustls::Error::NoCertificatesPresented => {
            ("no_certificate", "the client sent no certificate: give it one and its key")
        }
        rustls::Error::InvalidCertificate(Bad::UnknownIssuer) => (
            "unknown_ca",
            "the client's certificate is from a CA that this listener does not trust ([tls] client_cas, admin_cas)",
        ),
        rustls::Error::InvalidCertificate(Bad::Revoked) => ("revoked", "the client's certificate is revoked"),
        rustls::Error::InvalidCertificate(
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. },
        ) => ("not_valid_now", "the client's certificate is expired or not yet valid: renew it, compare the clocks"),
        rustls::Error::InvalidCertificate(Bad::InvalidPurpose | Bad::InvalidPurposeContext { .. }) => {
            ("wrong_purpose", "the client's certificate lacks extended key usage clientAuth")
        }
        rustls::Error::InvalidCertificate(_) => ("bad_certificate", "the client's certificate is not acceptable"),
        rustls::Error::AlertReceived(
            AlertDescription::UnknownCA | AlertDescription::BadCertificate | AlertDescription::CertificateUnknown,
        ) => (
            "client_distrusts_us",
            "the client does not trust this server: give it the CA (pki/ca.pem), connect to a name in the certificate",
        ),
        rustls::Error::PeerIncompatible(_) => (
            "no_common_parameters",
            "no common TLS version or suite: the client needs TLS 1.2 with ECDHE and AES-GCM, or TLS 1.3",
        ),
        rustls::Error::InvalidMessage(_) => ("not_tls", "the peer does not speak TLS"),
        _ => ("other", "the handshake failed"),
    }
}

struct Files {
    provider: Arc<CryptoProvider>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    server_path: PathBuf,
    client_cas: Vec<CertificateDer<'static>>,
    admin_cas: Vec<CertificateDer<'static>>,
    crls: Vec<CertificateRevocationListDer<'static>>,
    revoked: Arc<Revoked>,
    known: Known,
}

impl Files {
    fn read(data: &DataDir, config: &Config, known: &Known) -> Result<Self, TlsError> {
        let tls = &config.tls;
        let server_path = tls.server_cert.clone().unwrap_or_else(|| data.pki("server.pem"));
        let key_path = tls.server_key.clone().unwrap_or_else(|| data.pki("server.key"));
        let chain = certificates("server certificate", &server_path)?;
        warn_of_expiry(&server_path, chain.first())?;
        let key = private_key("server key", &key_path)?;
        let client_cas = authorities("client CA", &data.pki("ca.pem"), &tls.client_cas)?;
        let admin_cas = authorities("administrator CA", &data.pki("admin-ca.pem"), &tls.admin_cas)?;
        refuse_shared(&client_cas, &admin_cas)?;
        let (mut crls, mut revoked) = (Vec::new(), Revoked::default());
        for path in &tls.crls {
            for list in revocation_lists(path)? {
                revoked.add(&list).map_err(|error| TlsError::Certificate { path: path.clone(), error })?;
                crls.push(list);
            }
        }
        let der = |cas: Vec<(PathBuf, CertificateDer<'static>)>| cas.into_iter().map(|(_, der)| der).collect();
        Ok(Self {
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            chain,
            key,
            server_path,
            client_cas: der(client_cas),
            admin_cas: der(admin_cas),
            crls,
            revoked: Arc::new(revoked),
            known: known.clone(),
        })
    }

    fn identity(
        &self,
        config: &Config,
        audience: Audience,
        cas: &[CertificateDer<'static>],
        protocols: &[&[u8]],
    ) -> Result<Identity, TlsError> {
        let mut roots = RootCertStore::empty();
        for ca in cas {
            roots.add(ca.clone())?;
        }
        // A CA without a revocation list is not refused; one with a list has every certificate of the chain checked.
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .with_crls(self.crls.iter().cloned())
            .allow_unknown_revocation_status()
            .build()?;
        let verifier: Arc<dyn ClientCertVerifier> = match audience {
            Audience::Clients => {
                let (known, revoked) = (self.known.clone(), self.revoked.clone());
                Arc::new(ClientVerifier { inner: verifier, known, revoked })
            }
            Audience::Administrators => verifier,
        };
        let mut server = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(versions(config))?
            .with_client_cert_verifier(verifier.clone())
            .with_single_cert(self.chain.clone(), self.key.clone_key())
            .map_err(|error| TlsError::Server { path: self.server_path.clone(), error })?;
        server.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
        server.send_tls13_tickets = 1;
        server.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Identity { config: Arc::new(server), verifier, audience, known: self.known.clone() })
    }

    fn caller(&self, data: &DataDir, config: &Config, clients: Identity) -> Result<Caller, TlsError> {
        let configured = config.tls.calling_cert.clone().zip(config.tls.calling_key.clone());
        let (chain, key) = match configured.or_else(|| data.calling()) {
            Some((chain, key)) => {
                let (read, key) = (certificates("calling certificate", &chain)?, private_key("calling key", &key)?);
                warn_of_expiry(&chain, read.first())?;
                (read, key)
            }
            None => (self.chain.clone(), self.key.clone_key()),
        };
        let (provider, key, crls) = (self.provider.clone(), Arc::new(key), self.crls.clone());
        Ok(Caller { provider, versions: versions(config), chain, key, clients, crls })
    }
}

/// The newest first.
static VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [&rustls::version::TLS13, &rustls::version::TLS12];

fn versions(config: &Config) -> &'static [&'static rustls::SupportedProtocolVersion] {
    match config.tls.min_version {
        MinimumVersion::Tls12 => &VERSIONS,
        MinimumVersion::Tls13 => VERSIONS.get(..1).unwrap_or_default(),
    }
}

fn private_key(what: &'static str, path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| TlsError::Pem { what, path: path.to_owned(), error })
}

fn is_administrator(facts: &Facts) -> bool {
    facts.organizational_units.iter().any(|unit| unit == ADMINISTRATOR_UNIT)
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| TlsError::Pem { what, path: path.to_owned(), error })?;
    if found.is_empty() {
        return Err(TlsError::Empty { what, path: path.to_owned() });
    }
    Ok(found)
}

fn authorities(
    what: &'static str,
    own: &Path,
    configured: &[PathBuf],
) -> Result<Vec<(PathBuf, CertificateDer<'static>)>, TlsError> {
    let mut all = Vec::new();
    for path in std::iter::once(own).chain(configured.iter().map(PathBuf::as_path)) {
        for ca in certificates(what, path)? {
            warn_of_expiry(path, Some(&ca))?;
            all.push((path.to_owned(), ca));
        }
    }
    Ok(all)
}

fn refuse_shared(
    clients: &[(PathBuf, CertificateDer<'static>)],
    admins: &[(PathBuf, CertificateDer<'static>)],
) -> Result<(), TlsError> {
    let keys: Result<HashSet<_>, _> =
        clients.iter().map(|(path, ca)| facts_of(path, ca).map(|facts| facts.public_key)).collect();
    let keys = keys?;
    for (path, ca) in admins {
        if keys.contains(&facts_of(path, ca)?.public_key) {
            return Err(TlsError::SharedAuthority(path.clone()));
        }
    }
    Ok(())
}

fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    let what = "revocation list";
    let lists: Vec<_> = CertificateRevocationListDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| TlsError::Pem { what, path: path.to_owned(), error })?;
    if lists.is_empty() {
        return Err(TlsError::Empty { what, path: path.to_owned() });
    }
    for list in &lists {
        let due = inspect::revocation_list_next_update(list)
            .map_err(|error| TlsError::Certificate { path: path.to_owned(), error })?;
        if due.is_some_and(|due| due < OffsetDateTime::now_utc()) {
            warn!(path = %path.display(), "the revocation list is past its next update: put a new one there and send SIGHUP");
        }
    }
    Ok(lists)
}

fn facts_of(path: &Path, certificate: &CertificateDer<'_>) -> Result<Facts, TlsError> {
    inspect::certificate(certificate).map_err(|error| TlsError::Certificate { path: path.to_owned(), error })
}

fn warn_of_expiry(path: &Path, certificate: Option<&CertificateDer<'_>>) -> Result<(), TlsError> {
    let Some(certificate) = certificate else { return Ok(()) };
    let not_after = facts_of(path, certificate)?.not_after;
    if not_after < OffsetDateTime::now_utc() + WARN_BEFORE {
        warn!(path = %path.display(), %not_after, "the certificate expires soon or is expired: renew it");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data() -> (tempfile::TempDir, DataDir) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create_dev(folder.path()).unwrap();
        (folder, data)
    }

    #[test]
    fn one_authority_for_clients_and_administrators_is_refused() {
        let (_folder, data) = data();
        let mut config = Config::default();
        config.tls.admin_cas.push(data.pki("ca.pem"));
        assert!(matches!(Material::load(&data, &config), Err(TlsError::SharedAuthority(_))));
    }

    #[test]
    fn files_that_do_not_hold_what_they_should_are_named() {
        let (folder, data) = data();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "nothing\n").unwrap();
        let mut config = Config::default();
        config.tls.client_cas.push(empty.clone());
        let message = Material::load(&data, &config).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains("empty.pem") && message.contains("holds none"), "{message}");
        config.tls.client_cas.clear();
        config.tls.crls.push(folder.path().join("missing.crl"));
        let message = Material::load(&data, &config).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains("missing.crl"), "{message}");
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (_folder, data) = data();
        let mut config = Config::default();
        config.tls.server_cert = Some(data.pki("server.pem"));
        config.tls.server_key = Some(data.pki("client.key"));
        assert!(matches!(Material::load(&data, &config), Err(TlsError::Server { .. })));
    }

    #[test]
    fn the_hybrid_key_exchange_comes_first() {
        let (_folder, data) = data();
        let material = Material::load(&data, &Config::default()).unwrap();
        let groups = &material.kmip.config.crypto_provider().kx_groups;
        assert_eq!(groups[0].name(), rustls::NamedGroup::X25519MLKEM768);
    }

    #[test]
    fn an_administrator_is_recognised_and_a_client_is_not() {
        let (_folder, data) = data();
        let material = Material::load(&data, &Config::default()).unwrap();
        let chain = |name: &str| certificates("certificate", &data.pki(name)).unwrap();
        assert_eq!(material.admin.identify(Some(&chain("admin.pem"))).unwrap().name, "admin");
        assert_eq!(material.admin.identify(Some(&chain("client.pem"))), Err(PeerRefusal::NotAnAdministrator));
        assert_eq!(material.kmip.identify(Some(&chain("client.pem"))).unwrap().name, "client");
        assert_eq!(material.kmip.identify(None), Err(PeerRefusal::NoCertificate));
        assert_eq!(material.admin.still_trusts(Some(&chain("client.pem"))), Err(PeerRefusal::Revoked));
        assert_eq!(material.kmip.still_trusts(Some(&chain("client.pem"))), Ok(()));
    }

    /// Says of every certificate that it was issued to somebody else.
    struct Issuer;

    impl Service for Issuer {
        fn respond(&self, _: kmip_core::request::Request<'_>, _: &Arc<crate::service::Peer>) -> crate::service::Reply {
            crate::service::Reply::Close
        }

        fn may_be(&self, _: &Shown, client: Option<&str>) -> Result<(), String> {
            Err(client.unwrap_or("an administrator").to_owned())
        }
    }

    #[test]
    fn a_certificate_that_was_issued_to_another_client_names_nobody() {
        let (_folder, data) = data();
        let known = Known::default();
        let material = Material::load_with(&data, &Config::default(), &known).unwrap();
        assert!(known.set(Arc::new(Issuer)).is_ok());
        let chain = |name: &str| certificates("certificate", &data.pki(name)).unwrap();
        let barred = |who: &str| Err(PeerRefusal::Barred(who.to_owned()));
        assert_eq!(material.kmip.identify(Some(&chain("client.pem"))), barred("client"));
        assert_eq!(material.https.identify(Some(&chain("client.pem"))), barred("client"));
        assert_eq!(material.admin.identify(Some(&chain("admin.pem"))), barred("an administrator"));
    }
}
