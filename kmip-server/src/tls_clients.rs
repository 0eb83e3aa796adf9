//! How clients prove who they are: by a certificate of an authority that is trusted, or by one that stands for a client itself
//! since it was registered (KMIP 2.1 §6.1.48, §11.10). That it is valid now, and has not been replaced, is looked at when the
//! handshake is done.

use crate::tls::Known;
use kmip_core::links::Standing;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use sha2::{Digest, Sha256};
use std::fmt;
use std::sync::Arc;

/// See the module.
pub(crate) struct ClientVerifier {
    pub inner: Arc<dyn ClientCertVerifier>,
    pub known: Known,
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
        judged(verified, standing.as_ref())
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

/// A registered certificate needs no authority. One that a revocation list names is refused all the same.
fn judged(
    verified: Result<ClientCertVerified, Error>,
    standing: Option<&Standing>,
) -> Result<ClientCertVerified, Error> {
    match (standing, &verified) {
        (_, Err(Error::InvalidCertificate(CertificateError::Revoked))) => verified,
        (Some(Standing::Registered(_)), _) => Ok(ClientCertVerified::assertion()),
        (Some(Standing::Replaced) | None, _) => verified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registration_stands_for_an_authority_and_not_against_a_revocation() {
        let registered = Standing::Registered("client".into());
        let refused = |error| Err(Error::InvalidCertificate(error));
        assert!(judged(refused(CertificateError::UnknownIssuer), Some(&registered)).is_ok());
        for standing in [Some(&registered), Some(&Standing::Replaced), None] {
            assert!(judged(refused(CertificateError::Revoked), standing).is_err(), "{standing:?}");
        }
        assert!(judged(refused(CertificateError::UnknownIssuer), Some(&Standing::Replaced)).is_err());
        assert!(judged(Ok(ClientCertVerified::assertion()), None).is_ok());
    }
}
