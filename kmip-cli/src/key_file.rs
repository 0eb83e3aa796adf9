//! Keys and certificates from files, as PEM or DER: which key it is, in which format, how long.

use der::asn1::ObjectIdentifier;
use der::{Decode, Encode};
use kmip_codec::object::{Certificate, KeyBlock, KeyMaterial, KeyValue, KeyValueStructure};
use kmip_codec::registry::{CertificateType, CryptographicAlgorithm as Algorithm, KeyFormatType};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use pkcs8::PrivateKeyInfoRef;
use rustls::pki_types::pem::{PemObject, SectionKind};
use sec1::EcPrivateKey;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

use crate::failure::{CliError, Done};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// Keys whose algorithm and length follow from an object identifier.
const BY_IDENTIFIER: [(&str, Algorithm, i32); 8] = [
    ("1.2.840.10045.3.1.7", Algorithm::ECDSA, 256),
    ("1.3.132.0.34", Algorithm::ECDSA, 384),
    ("1.3.132.0.35", Algorithm::ECDSA, 521),
    ("1.3.132.0.10", Algorithm::ECDSA, 256),
    ("1.3.132.0.33", Algorithm::ECDSA, 224),
    ("1.3.101.110", Algorithm::ECDH, 256),
    ("1.3.101.112", Algorithm::Ed25519, 256),
    ("1.3.101.113", Algorithm::Ed448, 456),
];

/// A key block of plain bytes.
pub fn key_block(format: KeyFormatType, bytes: Secret, algorithm: Option<(Algorithm, i32)>) -> KeyBlock {
    let value = KeyValueStructure { key_material: KeyMaterial::Bytes(bytes), attributes: None };
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(value))),
        cryptographic_algorithm: algorithm.map(|(algorithm, _)| algorithm),
        cryptographic_length: algorithm.map(|(_, length)| length),
        key_wrapping_data: None,
    }
}

/// An X.509 certificate.
pub fn certificate(bytes: &[u8]) -> Done<Certificate> {
    let what = "an X.509 certificate";
    let der = match section(bytes, what)? {
        (Some(SectionKind::Certificate) | None, der) => der,
        (Some(_), _) => return Err(bad(what)),
    };
    der::Header::decode(&mut der::SliceReader::new(&der).map_err(|_| bad(what))?).map_err(|_| bad(what))?;
    Ok(Certificate { certificate_type: CertificateType::X_509, certificate_value: ByteString::new(&der) })
}

/// A private key: PKCS#8, PKCS#1 or SEC 1.
pub fn private_key(bytes: &[u8]) -> Done<KeyBlock> {
    let what = "an unencrypted private key";
    let (kind, der) = section(bytes, what)?;
    let found = match kind {
        Some(SectionKind::PrivateKey) => pkcs8(&der),
        Some(SectionKind::RsaPrivateKey) => pkcs1(&der),
        Some(SectionKind::EcPrivateKey) => sec1(&der),
        None => pkcs8(&der).or_else(|| pkcs1(&der)).or_else(|| sec1(&der)),
        Some(_) => None,
    };
    let (format, key) = found.ok_or_else(|| bad("an unencrypted RSA, EC, X25519, Ed25519 or Ed448 private key"))?;
    Ok(key_block(format, Secret::copy_from(&der), Some(key)))
}

/// A public key: SubjectPublicKeyInfo.
pub fn public_key(bytes: &[u8]) -> Done<KeyBlock> {
    let what = "an RSA, EC, X25519, Ed25519 or Ed448 public key (BEGIN PUBLIC KEY)";
    let der = match section(bytes, what)? {
        (Some(SectionKind::PublicKey) | None, der) => der,
        (Some(_), _) => return Err(bad(what)),
    };
    let info = SubjectPublicKeyInfoRef::from_der(&der).map_err(|_| bad(what))?;
    let bits = info.subject_public_key.as_bytes().unwrap_or_default();
    let rsa = || pkcs1::RsaPublicKeyRef::from_der(bits).ok().map(|key| unsigned_bits(key.modulus.as_bytes()));
    let key = algorithm(&info.algorithm, rsa).ok_or_else(|| bad(what))?;
    Ok(key_block(KeyFormatType::X_509, Secret::copy_from(&der), Some(key)))
}

type Found = (KeyFormatType, (Algorithm, i32));

fn pkcs8(der: &[u8]) -> Option<Found> {
    let info = PrivateKeyInfoRef::from_der(der).ok()?;
    let rsa = || Some(pkcs1(info.private_key.as_bytes())?.1.1);
    Some((KeyFormatType::PKCS_8, algorithm(&info.algorithm, rsa)?))
}

fn pkcs1(der: &[u8]) -> Option<Found> {
    let key = pkcs1::RsaPrivateKeyRef::from_der(der).ok()?;
    Some((KeyFormatType::PKCS_1, (Algorithm::RSA, unsigned_bits(key.modulus.as_bytes()))))
}

fn sec1(der: &[u8]) -> Option<Found> {
    let key = EcPrivateKey::from_der(der).ok()?;
    let curve = key.parameters?.named_curve()?;
    Some((KeyFormatType::ECPrivateKey, by_identifier(&curve)?))
}

/// Algorithm and length, from the identifier; for RSA the length stands in the key.
fn algorithm(found: &AlgorithmIdentifierRef<'_>, rsa: impl FnOnce() -> Option<i32>) -> Option<(Algorithm, i32)> {
    match found.oid {
        RSA => Some((Algorithm::RSA, rsa()?)),
        EC => by_identifier(&ObjectIdentifier::from_der(&found.parameters?.to_der().ok()?).ok()?),
        other => by_identifier(&other),
    }
}

fn by_identifier(wanted: &ObjectIdentifier) -> Option<(Algorithm, i32)> {
    let wanted = wanted.to_string();
    BY_IDENTIFIER.iter().find(|(text, ..)| *text == wanted).map(|(_, algorithm, length)| (*algorithm, *length))
}

fn unsigned_bits(magnitude: &[u8]) -> i32 {
    let digits = magnitude.iter().position(|byte| *byte != 0).and_then(|at| magnitude.get(at..)).unwrap_or_default();
    let top = digits.first().map_or(0, |byte| byte.leading_zeros());
    i32::try_from(digits.len() * 8).unwrap_or(i32::MAX).saturating_sub(top.cast_signed())
}

/// The first section of a PEM text, or DER as it is.
fn section(bytes: &[u8], what: &str) -> Done<(Option<SectionKind>, Zeroizing<Vec<u8>>)> {
    if bytes.first() == Some(&0x30) {
        return Ok((None, Zeroizing::new(bytes.to_vec())));
    }
    let (kind, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(bytes).map_err(|_| bad(what))?;
    Ok((Some(kind), Zeroizing::new(der)))
}

fn bad(what: &str) -> CliError {
    CliError::Usage(format!("the input does not hold {what} in PEM or DER form"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use certs::profiles::Kind;
    use certs::{Authority, KeyKind};

    fn facts(block: &KeyBlock) -> (KeyFormatType, Option<Algorithm>, Option<i32>) {
        (block.key_format_type, block.cryptographic_algorithm, block.cryptographic_length)
    }

    #[test]
    fn keys_that_the_certificate_authority_makes_are_recognised() {
        let authority = Authority::create(Kind::ClientAuthority, "test").unwrap();
        for (kind, algorithm, length) in
            [(KeyKind::EcP256, Algorithm::ECDSA, 256), (KeyKind::Rsa2048, Algorithm::RSA, 2048)]
        {
            let issued = authority.issue_client("c", kind).unwrap();
            let block = private_key(issued.key.as_bytes()).unwrap();
            assert_eq!(facts(&block), (KeyFormatType::PKCS_8, Some(algorithm), Some(length)));
            let der = section(issued.key.as_bytes(), "").unwrap().1;
            assert_eq!(private_key(&der).unwrap(), block, "DER and PEM are one key");
            // What PKCS#8 wraps is the older form of the same key.
            let inner = PrivateKeyInfoRef::from_der(&der).unwrap().private_key.as_bytes().to_vec();
            if kind == KeyKind::Rsa2048 {
                let block = private_key(&inner).unwrap();
                assert_eq!(facts(&block), (KeyFormatType::PKCS_1, Some(algorithm), Some(length)));
            }
            let certificate = certificate(issued.certificate.as_bytes()).unwrap();
            assert_eq!(certificate.certificate_value.as_slice().first(), Some(&0x30));
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for bytes in [
            &b""[..],
            b"hunter2",
            b"\x30\x03\x02\x01\x05",
            b"-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n",
        ] {
            for error in [private_key(bytes).unwrap_err(), public_key(bytes).unwrap_err()] {
                assert_eq!(error.exit_code(), 2);
                assert!(!error.to_string().contains("hunter2"));
            }
        }
    }
}
