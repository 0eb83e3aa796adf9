//! TLS from the server to a listener of a client: what the server shows, and how the listener proves to be the client's.
//!
//! A Put carries a key, so the listener is either the client itself, by the certificate that the client connects with, or a host
//! that an administrator trusts, by the authorities that he has named for it.

use crate::tls::{Identity, TlsError};
use kmip_core::identity::Listener;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::fmt;
use std::sync::Arc;

/// What the server shows to listeners, and whom it trusts.
#[derive(Clone)]
pub struct Caller {
    pub(crate) provider: Arc<CryptoProvider>,
    pub(crate) versions: &'static [&'static rustls::SupportedProtocolVersion],
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: Arc<PrivateKeyDer<'static>>,
    /// How clients prove who they are.
    pub(crate) clients: Identity,
    pub(crate) crls: Vec<CertificateRevocationListDer<'static>>,
}

impl Caller {
    /// The configuration of a call to the listener of a client.
    pub(crate) fn config(&self, client: &str, listener: &Listener) -> Result<Arc<ClientConfig>, TlsError> {
        let verifier: Arc<dyn ServerCertVerifier> = if listener.trusted.is_empty() {
            Arc::new(AsClient { clients: self.clients.clone(), name: client.to_owned() })
        } else {
            let mut roots = RootCertStore::empty();
            for authority in &listener.trusted {
                roots.add(CertificateDer::from(authority.as_slice().to_vec()))?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
                .with_crls(self.crls.iter().cloned())
                .allow_unknown_revocation_status()
                .build()?
        };
        let config = ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(self.versions)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_client_auth_cert(self.chain.clone(), self.key.clone_key())?;
        Ok(Arc::new(config))
    }
}

/// A listener that shows the certificate by which the client is known.
struct AsClient {
    clients: Identity,
    name: String,
}

impl fmt::Debug for AsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsClient").field("name", &self.name).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for AsClient {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.clients.verifier().verify_client_cert(leaf, rest, now)?;
        match self.clients.identify(Some(std::slice::from_ref(leaf))) {
            Ok(named) if named.name == self.name && !self.clients.bars(&named) => Ok(ServerCertVerified::assertion()),
            _ => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.clients.verifier().verify_tls12_signature(message, leaf, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.clients.verifier().verify_tls13_signature(message, leaf, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.clients.verifier().supported_verify_schemes()
    }
}
