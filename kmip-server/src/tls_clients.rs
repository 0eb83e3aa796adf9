//! How clients prove who they are: by a certificate of an authority that is trusted, or by one that stands for a client itself
//! since it was registered (KMIP 2.1 §6.1.48, §11.10). That it is valid now, and has not been replaced, is looked at when the
//! handshake is done.

use crate::tls::Known;
use certs::CertsError;
use certs::inspect;
use kmip_core::links::Standing;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

/// See the module.
pub(crate) struct ClientVerifier {
    pub inner: Arc<dyn ClientCertVerifier>,
    pub known: Known,
    pub revoked: Arc<Revoked>,
}

/// The serial numbers that revocation lists name, by the issuer.
#[derive(Debug, Default)]
pub(crate) struct Revoked(HashMap<Vec<u8>, HashSet<Vec<u8>>>);

impl Revoked {
    /// Adds what a list names.
    pub fn add(&mut self, list: &CertificateRevocationListDer<'_>) -> Result<(), CertsError> {
        let list = inspect::revocations(list)?;
        self.0.entry(list.issuer).or_default().extend(list.serials);
        Ok(())
    }

    fn names(&self, certificate: &CertificateDer<'_>) -> Result<bool, CertsError> {
        let facts = inspect::certificate(certificate)?;
        Ok(self.0.get(&facts.issuer).is_some_and(|serials| serials.contains(&facts.serial)))
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.inner.verify_client_cert(leaf, rest, now);
        let standing = self.known.get().and_then(|service| service.standing(&Sha256::digest(leaf).into()));
        judged(verified, standing.as_ref(), || self.revoked.names(leaf))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// A registered certificate needs no authority. One that a revocation list names is refused all the same, even if its holder
/// sends no chain by which the list would be found.
fn judged(
    verified: Result<ClientCertVerified, Error>,
    standing: Option<&Standing>,
    is_listed: impl FnOnce() -> Result<bool, CertsError>,
) -> Result<ClientCertVerified, Error> {
    match (standing, &verified) {
        (_, Err(Error::InvalidCertificate(CertificateError::Revoked))) => verified,
        (Some(Standing::Registered(_)), _) => match is_listed() {
            Ok(false) => Ok(ClientCertVerified::assertion()),
            Ok(true) => Err(CertificateError::Revoked.into()),
            Err(_) => Err(CertificateError::BadEncoding.into()),
        },
        (Some(Standing::Replaced) | None, _) => verified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Peer, Reply, Service};
    use certs::profiles::Kind;
    use certs::{Authority, KeyKind};
    use kmip_core::request::Request;
    use rustls::RootCertStore;
    use rustls::pki_types::pem::PemObject;
    use rustls::server::WebPkiClientVerifier;

    /// Knows every certificate.
    struct Registrar;

    impl Service for Registrar {
        fn respond(&self, _: Request<'_>, _: &Arc<Peer>) -> Reply {
            Reply::Close
        }

        fn standing(&self, _: &[u8; 32]) -> Option<Standing> {
            Some(Standing::Registered("client".into()))
        }
    }

    #[test]
    fn registration_stands_for_an_authority_and_not_against_a_revocation() {
        let registered = Standing::Registered("client".into());
        let refused = |error| Err(Error::InvalidCertificate(error));
        let judged = |verified, standing| judged(verified, standing, || Ok(false));
        assert!(judged(refused(CertificateError::UnknownIssuer), Some(&registered)).is_ok());
        for standing in [Some(&registered), Some(&Standing::Replaced), None] {
            assert!(judged(refused(CertificateError::Revoked), standing).is_err(), "{standing:?}");
        }
        assert!(judged(refused(CertificateError::UnknownIssuer), Some(&Standing::Replaced)).is_err());
        assert!(judged(Ok(ClientCertVerified::assertion()), None).is_ok());
    }

    #[test]
    fn a_registered_certificate_that_is_revoked_is_refused_without_its_chain() {
        let [trusted, elsewhere] =
            ["Trusted", "Elsewhere"].map(|name| Authority::create(Kind::ClientAuthority, name).unwrap());
        let issued = [(); 2].map(|()| elsewhere.issue_client("array", KeyKind::EcP256).unwrap());
        let revoked = issued[0].facts().unwrap().serial;
        let list = elsewhere.revocation_list(1, &[revoked], time::Duration::days(1)).unwrap();
        let list = CertificateRevocationListDer::from_pem_slice(list.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(trusted.certificate().as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let inner = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .with_crls([list.clone()])
            .allow_unknown_revocation_status()
            .build()
            .unwrap();
        let known = Known::default();
        assert!(known.set(Arc::new(Registrar)).is_ok());
        let mut names = Revoked::default();
        names.add(&list).unwrap();
        let verifier = ClientVerifier { inner, known, revoked: Arc::new(names) };
        let judge = |issued: &certs::Issued| {
            let leaf = CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap();
            verifier.verify_client_cert(&leaf, &[], UnixTime::now()).map(drop)
        };
        assert_eq!(judge(&issued[0]), Err(CertificateError::Revoked.into()));
        assert_eq!(judge(&issued[1]), Ok(()));
    }
}
