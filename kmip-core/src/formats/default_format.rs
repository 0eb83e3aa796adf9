//! Which Key Format Type a key has by default (KMIP 2.1 §4.26), and what formats and algorithms are called in a version.

use super::convert::convert;
use super::{Result, asn1};
use crate::quantum_safe;
use kmip_codec::object::KeyMaterial;
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, ObjectType, WireEnum};
use kmip_codec::secret::Secret;
use kmip_codec::version::{V1_2, V1_3, Version};

/// The default Key Format Type of an object (KMIP 2.1 §4.26, table 81); none for objects without key material.
///
/// The table has no row for Diffie-Hellman keys and for keys of other algorithms: they get their transparent form, and
/// PKCS#8 or X.509. Before 1.3 there is no Transparent EC form, but one for each algorithm.
pub fn default_format(
    object_type: ObjectType,
    algorithm: Option<CryptographicAlgorithm>,
    version: Version,
) -> Option<KeyFormatType> {
    let private = match object_type {
        ObjectType::PrivateKey => true,
        ObjectType::PublicKey => false,
        ObjectType::Certificate => return Some(KeyFormatType::X_509),
        ObjectType::CertificateRequest => return Some(KeyFormatType::PKCS_10),
        ObjectType::OpaqueObject => return Some(KeyFormatType::Opaque),
        ObjectType::PGPKey | ObjectType::SecretData | ObjectType::SymmetricKey | ObjectType::SplitKey => {
            return Some(KeyFormatType::Raw);
        }
        _ => return None,
    };
    let (of_private, of_public) = match algorithm {
        Some(CryptographicAlgorithm::RSA) => (KeyFormatType::PKCS_1, KeyFormatType::PKCS_1),
        Some(CryptographicAlgorithm::DSA) => {
            (KeyFormatType::TransparentDSAPrivateKey, KeyFormatType::TransparentDSAPublicKey)
        }
        Some(CryptographicAlgorithm::DH) => {
            (KeyFormatType::TransparentDHPrivateKey, KeyFormatType::TransparentDHPublicKey)
        }
        Some(algorithm) if is_elliptic(algorithm) => elliptic_forms(algorithm, version),
        _ => (KeyFormatType::PKCS_8, KeyFormatType::X_509),
    };
    Some(if private { of_private } else { of_public })
}

/// Whether keys of this algorithm are EC keys in the sense of the default table.
pub(crate) fn is_elliptic(algorithm: CryptographicAlgorithm) -> bool {
    matches!(
        algorithm,
        CryptographicAlgorithm::EC
            | CryptographicAlgorithm::ECDSA
            | CryptographicAlgorithm::ECDH
            | CryptographicAlgorithm::ECMQV
    )
}

/// Whether keys of this algorithm are pairs of a private and a public one.
pub(crate) fn is_asymmetric(algorithm: CryptographicAlgorithm) -> bool {
    use CryptographicAlgorithm as A;
    is_elliptic(algorithm)
        || quantum_safe::is_post_quantum(algorithm)
        || matches!(algorithm, A::RSA | A::DSA | A::DH | A::Ed25519 | A::Ed448 | A::SM2)
}

fn elliptic_forms(algorithm: CryptographicAlgorithm, version: Version) -> (KeyFormatType, KeyFormatType) {
    if version >= V1_3 {
        return (KeyFormatType::TransparentECPrivateKey, KeyFormatType::TransparentECPublicKey);
    }
    match algorithm {
        CryptographicAlgorithm::ECDH => {
            (KeyFormatType::TransparentECDHPrivateKey, KeyFormatType::TransparentECDHPublicKey)
        }
        CryptographicAlgorithm::ECMQV => {
            (KeyFormatType::TransparentECMQVPrivateKey, KeyFormatType::TransparentECMQVPublicKey)
        }
        _ => (KeyFormatType::TransparentECDSAPrivateKey, KeyFormatType::TransparentECDSAPublicKey),
    }
}

/// What a Key Format Type is called in a version. Transparent EC came with 1.3; the forms for ECDSA, ECDH and ECMQV, which
/// have the same fields and so the same digest, are deprecated from then on and reserved from 2.0.
///
/// Any other format is its own answer, even one that the version does not have.
pub fn format_in_version(format: KeyFormatType, version: Version) -> KeyFormatType {
    let has_transparent_ec = version >= V1_3;
    match format {
        KeyFormatType::TransparentECPrivateKey if !has_transparent_ec => KeyFormatType::TransparentECDSAPrivateKey,
        KeyFormatType::TransparentECPublicKey if !has_transparent_ec => KeyFormatType::TransparentECDSAPublicKey,
        KeyFormatType::TransparentECDSAPrivateKey
        | KeyFormatType::TransparentECDHPrivateKey
        | KeyFormatType::TransparentECMQVPrivateKey
            if !is_known(format, version) =>
        {
            KeyFormatType::TransparentECPrivateKey
        }
        KeyFormatType::TransparentECDSAPublicKey
        | KeyFormatType::TransparentECDHPublicKey
        | KeyFormatType::TransparentECMQVPublicKey
            if !is_known(format, version) =>
        {
            KeyFormatType::TransparentECPublicKey
        }
        format => format,
    }
}

fn is_known(format: KeyFormatType, version: Version) -> bool {
    KeyFormatType::TABLE.is_live(format.0, version)
}

/// What an algorithm is called in a version: EC came with 1.2, and is ECDSA before.
pub fn algorithm_in_version(algorithm: CryptographicAlgorithm, version: Version) -> CryptographicAlgorithm {
    match algorithm {
        CryptographicAlgorithm::EC if version < V1_2 => CryptographicAlgorithm::ECDSA,
        algorithm => algorithm,
    }
}

/// The formats in which a generated pair is registered: private, public.
///
/// | algorithm | private | public | why |
/// |---|---|---|---|
/// | RSA | PKCS#1 | PKCS#1 | the default (KMIP 2.1 §4.26), and what every client reads |
/// | EC, ECDSA, ECDH, ECMQV | PKCS#8 | X.509 | few clients read the default, Transparent EC |
/// | any other | PKCS#8 | X.509 | the only formats that name the algorithm |
pub fn generated_format(algorithm: CryptographicAlgorithm) -> (KeyFormatType, KeyFormatType) {
    match algorithm {
        CryptographicAlgorithm::RSA => (KeyFormatType::PKCS_1, KeyFormatType::PKCS_1),
        _ => (KeyFormatType::PKCS_8, KeyFormatType::X_509),
    }
}

/// Key material of a generated private key, from the vault's PKCS#8: in `requested`, or in the usual format.
pub fn generated_private(
    algorithm: CryptographicAlgorithm,
    pkcs8: Secret,
    requested: Option<KeyFormatType>,
) -> Result<(KeyFormatType, KeyMaterial)> {
    let format = requested.unwrap_or(generated_format(algorithm).0);
    let pkcs8 = KeyMaterial::Bytes(pkcs8);
    let material = convert(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &pkcs8, format, Some(algorithm))?;
    Ok((format, material))
}

/// Key material of a generated public key, from the vault's `SubjectPublicKeyInfo`: in `requested`, or in the usual format.
pub fn generated_public(
    algorithm: CryptographicAlgorithm,
    spki: &[u8],
    requested: Option<KeyFormatType>,
) -> Result<(KeyFormatType, KeyMaterial)> {
    let format = requested.unwrap_or(generated_format(algorithm).1);
    let spki = asn1::bytes(spki);
    let material = convert(ObjectType::PublicKey, KeyFormatType::X_509, &spki, format, Some(algorithm))?;
    Ok((format, material))
}
