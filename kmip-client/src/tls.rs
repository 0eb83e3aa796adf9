//! TLS of a client: rustls with aws-lc-rs, TLS 1.3 and 1.2, the client's certificate always at hand.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use zeroize::Zeroizing;

use crate::error::ConfigError;

/// Reads the CAs of servers, the client's certificate and its key, and sets TLS up.
pub fn client_config(ca: &Path, cert: &Path, key: &Path) -> Result<ClientConfig, ConfigError> {
    let mut roots = RootCertStore::empty();
    for authority in certificates("CA file", ca)? {
        roots.add(authority).map_err(|error| pem("CA file", ca, error))?;
    }
    let chain = certificates("client certificate", cert)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::Tls(error.to_string()))?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, private_key(key)?)
        .map_err(|error| ConfigError::Identity { cert: cert.into(), key: key.into(), problem: error.to_string() })
}

/// The name that a server's certificate must have.
pub fn server_name(name: &str) -> Result<ServerName<'static>, ConfigError> {
    match name.parse::<IpAddr>() {
        Ok(address) => Ok(ServerName::IpAddress(address.into())),
        Err(_) => ServerName::try_from(name.to_owned()).map_err(|_| ConfigError::ServerName(name.to_owned())),
    }
}

fn pem(what: &'static str, path: &Path, problem: impl ToString) -> ConfigError {
    ConfigError::Pem { what, path: path.into(), problem: problem.to_string() }
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let text = std::fs::read(path).map_err(|error| pem(what, path, error))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| pem(what, path, error))?;
    if found.is_empty() {
        return Err(pem(what, path, "it holds no certificate in PEM form"));
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, ConfigError> {
    let what = "client key";
    let text = Zeroizing::new(std::fs::read(path).map_err(|error| pem(what, path, error))?);
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        rustls::pki_types::pem::Error::NoItemsFound => {
            pem(what, path, "it holds no unencrypted private key in PEM form")
        }
        other => pem(what, path, other),
    })
}
