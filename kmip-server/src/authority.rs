//! The administration of certificates: the authority of Certify and what Validate trusts, as `POST /api/v1/ca` asks.

use kmip_core::administration::AdministrationError;
use kmip_core::engine::Engine;
use kmip_core::env::Env;
use kmip_core::trust::{from_pem, to_pem};
use serde::Deserialize;
use serde_json::{Value, json};

/// Label of a certificate in PEM.
const CERTIFICATE: &str = "CERTIFICATE";
/// Label of a revocation list.
const LIST: &str = "X509 CRL";
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// What an administrator asks. Certificates and lists are PEM texts.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// Make an authority that signs its own certificate.
    Init {
        /// Its name (RFC 4514).
        subject: String,
        /// Its kind of key.
        key: String,
        /// For how long its certificate is valid.
        days: u32,
    },
    /// Make a key, and a request for another authority to sign.
    Request {
        /// Its name.
        subject: String,
        /// Its kind of key.
        key: String,
    },
    /// Take the certificate that another authority has issued.
    Install {
        /// It.
        certificate: String,
    },
    /// Show the authority's certificate.
    Show,
    /// Give the authority's revocation list.
    Crl,
    /// Trust a certificate of an authority.
    Trust {
        /// It.
        certificate: String,
    },
    /// Trust a certificate no longer.
    Distrust {
        /// SHA-256 of its DER, in hexadecimal.
        fingerprint: String,
    },
    /// List what is trusted.
    Trusted,
    /// Keep the revocation list of an issuer outside.
    AddCrl {
        /// It.
        crl: String,
    },
}

type Done = Result<Value, AdministrationError>;

/// Does what is asked. What is new is logged.
pub(crate) fn act(engine: &Engine, ask: &Ask, env: Env) -> Done {
    match ask {
        Ask::Init { subject, key, days } => {
            let der = engine.establish_authority(subject, key, i64::from(*days).saturating_mul(DAY), env)?;
            Ok(json!({ "certificate": to_pem(CERTIFICATE, &der)? }))
        }
        Ask::Request { subject, key } => {
            let der = engine.request_authority(subject, key, env)?;
            Ok(json!({ "request": to_pem("CERTIFICATE REQUEST", &der)? }))
        }
        Ask::Install { certificate } => {
            engine.install_authority(&from_pem(CERTIFICATE, certificate)?, env)?;
            Ok(json!({ "installed": true }))
        }
        Ask::Show => match engine.authority_certificate()? {
            Some(der) => Ok(json!({ "certificate": to_pem(CERTIFICATE, &der)? })),
            None => Ok(json!({ "certificate": null })),
        },
        Ask::Crl => Ok(json!({ "crl": to_pem(LIST, &engine.authority_revocation_list(env)?)? })),
        Ask::Trust { certificate } => {
            let fingerprint = engine.add_trust_anchor(&from_pem(CERTIFICATE, certificate)?)?;
            Ok(json!({ "fingerprint": hex::encode(fingerprint) }))
        }
        Ask::Distrust { fingerprint } => {
            let mut bytes = [0; 32];
            hex::decode_to_slice(fingerprint, &mut bytes).map_err(|_| {
                AdministrationError::Unacceptable("a fingerprint is the 64 hexadecimal digits of a SHA-256".to_owned())
            })?;
            engine.remove_trust_anchor(&bytes)?;
            Ok(json!({ "removed": fingerprint }))
        }
        Ask::Trusted => {
            let anchors = engine.trust_anchors()?;
            let anchors: Result<Vec<Value>, _> = anchors.iter().map(|der| anchor(der)).collect();
            Ok(json!({ "anchors": anchors? }))
        }
        Ask::AddCrl { crl } => {
            engine.add_revocation_list(&from_pem(LIST, crl)?, env)?;
            Ok(json!({ "added": true }))
        }
    }
}

fn anchor(der: &[u8]) -> Done {
    let fingerprint = hex::encode(kmip_core::trust::fingerprint(der));
    Ok(json!({ "fingerprint": fingerprint, "certificate": to_pem(CERTIFICATE, der)? }))
}
