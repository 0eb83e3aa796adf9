//! What the rest needs to know of a certificate or a revocation list: names, unit, dates.

use crate::CertsError;
use time::OffsetDateTime;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

/// Longest Common Name that is taken for a client's name.
const LONGEST_NAME: usize = 255;

/// The facts of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// The only Common Name of the subject; `None` if there is none, more than one, or one that is not plain text.
    pub common_name: Option<String>,
    /// Organizational units of the subject.
    pub organizational_units: Vec<String>,
    /// Serial number, big-endian.
    pub serial: Vec<u8>,
    /// Name of the issuer, DER.
    pub issuer: Vec<u8>,
    /// Not valid before.
    pub not_before: OffsetDateTime,
    /// Not valid after.
    pub not_after: OffsetDateTime,
    /// The public key as SubjectPublicKeyInfo, DER.
    pub public_key: Vec<u8>,
}

/// Reads a DER certificate.
pub fn certificate(der: &[u8]) -> Result<Facts, CertsError> {
    let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| CertsError::Unreadable("certificate"))?;
    if !rest.is_empty() {
        return Err(CertsError::Unreadable("certificate"));
    }
    let subject = parsed.subject();
    let mut names = subject.iter_common_name();
    let common_name = match (names.next(), names.next()) {
        (Some(name), None) => name.as_str().ok().filter(|text| is_plain(text)).map(str::to_owned),
        _ => None,
    };
    Ok(Facts {
        common_name,
        organizational_units: subject
            .iter_organizational_unit()
            .filter_map(|unit| unit.as_str().ok())
            .map(str::to_owned)
            .collect(),
        serial: parsed.raw_serial().to_vec(),
        issuer: parsed.issuer().as_raw().to_vec(),
        not_before: parsed.validity().not_before.to_datetime(),
        not_after: parsed.validity().not_after.to_datetime(),
        public_key: parsed.public_key().raw.to_vec(),
    })
}

/// When the next update of a DER revocation list is due, if it says so.
pub fn revocation_list_next_update(der: &[u8]) -> Result<Option<OffsetDateTime>, CertsError> {
    Ok(parsed_list(der)?.next_update().map(|date| date.to_datetime()))
}

/// What a revocation list takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocations {
    /// Name of the issuer, DER.
    pub issuer: Vec<u8>,
    /// Serial numbers of certificates, big-endian.
    pub serials: Vec<Vec<u8>>,
}

/// Reads which certificates a DER revocation list takes back.
pub fn revocations(der: &[u8]) -> Result<Revocations, CertsError> {
    let list = parsed_list(der)?;
    let serials = list.iter_revoked_certificates().map(|revoked| revoked.raw_serial().to_vec()).collect();
    Ok(Revocations { issuer: list.issuer().as_raw().to_vec(), serials })
}

fn parsed_list(der: &[u8]) -> Result<CertificateRevocationList<'_>, CertsError> {
    let parsed = CertificateRevocationList::from_der(der).map_err(|_| CertsError::Unreadable("revocation list"))?;
    Ok(parsed.1)
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME && text.trim() == text && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_is_refused() {
        for bytes in [&b""[..], b"\x30\x03\x02\x01\x01", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]] {
            assert!(certificate(bytes).is_err());
            assert!(revocation_list_next_update(bytes).is_err() && revocations(bytes).is_err());
        }
    }

    #[test]
    fn names_that_would_confuse_a_log_are_not_names() {
        for text in ["", " a", "a\n", "a\u{7f}"] {
            assert!(!is_plain(text), "{text:?}");
        }
        assert!(is_plain("array-7 (Büro)"));
    }
}
