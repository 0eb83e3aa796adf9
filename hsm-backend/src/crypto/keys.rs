//! Asymmetric keys from their encodings: PKCS#8 (RFC 5208, RFC 5958) and SubjectPublicKeyInfo (RFC 5280).

use aws_lc_rs::agreement;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, ML_DSA_44_SIGNING,
    ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm,
};
use der::Decode;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::CryptoError;
use kmip_core::ports::post_quantum::{MlDsa, PostQuantum, SlhDsa};
use kmip_core::ports::vault::Curve;
use pkcs8::PrivateKeyInfoRef;
use spki::SubjectPublicKeyInfoRef;

use super::rsa::PrivateRsa;

pub(crate) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const DSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
pub(crate) const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");

/// Curves that are named in the parameters of an elliptic-curve key (RFC 5480 §2.1.1.1, SEC 2 §A).
pub(crate) const CURVES: [(ObjectIdentifier, Curve); 5] = [
    (ObjectIdentifier::new_unwrap("1.3.132.0.33"), Curve::P224),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), Curve::P256),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), Curve::P384),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), Curve::P521),
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), Curve::Secp256k1),
];

/// A private key, ready for use.
pub(super) enum PrivateKey {
    Rsa(PrivateRsa),
    /// On a curve that aws-lc-rs signs on.
    Ecdsa(Curve, EcdsaKeyPair, EllipticAgreement),
    P224(p224::SecretKey),
    Ed25519(Ed25519KeyPair),
    X25519(agreement::PrivateKey),
    MlDsa(MlDsa, PqdsaKeyPair),
    /// The octets of FIPS 205 §9.1.
    SlhDsa(SlhDsa, Secret),
}

/// How a key on a curve agrees on a secret.
pub(super) enum EllipticAgreement {
    AwsLc(agreement::PrivateKey),
    Secp256k1(k256::SecretKey),
}

impl PrivateKey {
    /// Parses PKCS#8.
    pub(super) fn parse(pkcs8: &Secret) -> Result<Self, CryptoError> {
        let der = pkcs8.expose_secret();
        let info = PrivateKeyInfoRef::from_der(der)
            .map_err(|_| CryptoError::Key("the private key is not PKCS#8: a key of another kind".to_owned()))?;
        match info.algorithm.oid {
            RSA => {
                let key = pkcs1::RsaPrivateKeyRef::from_der(info.private_key.as_bytes()).map_err(|_| damaged())?;
                PrivateRsa::new(der, key.modulus.as_bytes()).map(Self::Rsa)
            }
            EC => elliptic(der, named_curve(&info.algorithm)?, &info),
            ED25519 => Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(Self::Ed25519).map_err(|_| damaged()),
            X25519 => {
                let inner = <&OctetStringRef>::from_der(info.private_key.as_bytes()).map_err(|_| damaged())?;
                let key = agreement::PrivateKey::from_private_key(&agreement::X25519, inner.as_bytes());
                key.map(Self::X25519).map_err(|_| damaged())
            }
            oid => match PostQuantum::of_oid(oid).ok_or_else(unknown_algorithm)? {
                PostQuantum::MlDsa(set) => {
                    let key = PqdsaKeyPair::from_pkcs8(ml_dsa_signing(set), der);
                    key.map(|key| Self::MlDsa(set, key)).map_err(|_| damaged())
                }
                PostQuantum::SlhDsa(set) => Ok(Self::SlhDsa(set, Secret::copy_from(info.private_key.as_bytes()))),
                PostQuantum::MlKem(_) => Err(unknown_algorithm()),
            },
        }
    }
}

fn elliptic(der: &[u8], curve: Curve, info: &PrivateKeyInfoRef<'_>) -> Result<PrivateKey, CryptoError> {
    let (signing, agreement) = match curve {
        Curve::P224 => return secret_key(info).map(PrivateKey::P224),
        Curve::P256 => (&ECDSA_P256_SHA256_ASN1_SIGNING, Some(&agreement::ECDH_P256)),
        Curve::P384 => (&ECDSA_P384_SHA384_ASN1_SIGNING, Some(&agreement::ECDH_P384)),
        Curve::P521 => (&ECDSA_P521_SHA512_ASN1_SIGNING, Some(&agreement::ECDH_P521)),
        Curve::Secp256k1 => (&ECDSA_P256K1_SHA256_ASN1_SIGNING, None),
        Curve::Ed25519 | Curve::X25519 => return Err(unknown_algorithm()),
    };
    let signing: &'static EcdsaSigningAlgorithm = signing;
    let pair = EcdsaKeyPair::from_pkcs8(signing, der).map_err(|_| damaged())?;
    let agreement = match agreement {
        Some(algorithm) => EllipticAgreement::AwsLc(
            agreement::PrivateKey::from_private_key_der(algorithm, der).map_err(|_| damaged())?,
        ),
        None => EllipticAgreement::Secp256k1(secret_key(info)?),
    };
    Ok(PrivateKey::Ecdsa(curve, pair, agreement))
}

fn secret_key<K: for<'k> TryFrom<PrivateKeyInfoRef<'k>>>(info: &PrivateKeyInfoRef<'_>) -> Result<K, CryptoError> {
    K::try_from(info.clone()).map_err(|_| damaged())
}

pub(crate) fn ml_dsa_signing(set: MlDsa) -> &'static PqdsaSigningAlgorithm {
    match set {
        MlDsa::MlDsa44 => &ML_DSA_44_SIGNING,
        MlDsa::MlDsa65 => &ML_DSA_65_SIGNING,
        MlDsa::MlDsa87 => &ML_DSA_87_SIGNING,
    }
}

/// A public key, taken apart. The slices are those of the encoding.
#[derive(Clone, Copy)]
pub(crate) enum PublicKey<'a> {
    /// `SubjectPublicKeyInfo` and the `RSAPublicKey` in it.
    Rsa { spki: &'a [u8], pkcs1: &'a [u8] },
    /// A curve and an encoded point.
    Elliptic(Curve, &'a [u8]),
    /// The raw key.
    Ed25519(&'a [u8]),
    /// The raw key.
    X25519(&'a [u8]),
    /// The `SubjectPublicKeyInfo`.
    Dsa(&'a [u8]),
    /// The raw key.
    MlDsa(MlDsa, &'a [u8]),
    /// The raw key.
    SlhDsa(SlhDsa, &'a [u8]),
}

impl<'a> PublicKey<'a> {
    /// Parses `SubjectPublicKeyInfo`.
    pub(crate) fn parse(spki: &'a [u8]) -> Result<Self, CryptoError> {
        let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| damaged_public())?;
        let key: &'a [u8] = info.subject_public_key.as_bytes().ok_or_else(damaged_public)?;
        Ok(match info.algorithm.oid {
            RSA => Self::Rsa { spki, pkcs1: key },
            EC => Self::Elliptic(named_curve(&info.algorithm)?, key),
            ED25519 => Self::Ed25519(key),
            X25519 => Self::X25519(key),
            DSA => Self::Dsa(spki),
            oid => match PostQuantum::of_oid(oid).ok_or_else(unknown_algorithm)? {
                PostQuantum::MlDsa(set) => Self::MlDsa(set, key),
                PostQuantum::SlhDsa(set) => Self::SlhDsa(set, key),
                PostQuantum::MlKem(_) => return Err(unknown_algorithm()),
            },
        })
    }
}

fn named_curve(algorithm: &spki::AlgorithmIdentifierRef<'_>) -> Result<Curve, CryptoError> {
    let oid = algorithm.parameters_oid().map_err(|_| CryptoError::Key("the key names no curve".to_owned()))?;
    find(&CURVES, oid).ok_or_else(|| CryptoError::Unsupported(format!("keys on the curve {oid}")))
}

fn find<T: Copy>(table: &[(ObjectIdentifier, T)], oid: ObjectIdentifier) -> Option<T> {
    table.iter().find(|(listed, _)| *listed == oid).map(|(_, value)| *value)
}

fn unknown_algorithm() -> CryptoError {
    CryptoError::Unsupported("keys of this algorithm".to_owned())
}

fn damaged() -> CryptoError {
    CryptoError::Key("the private key is damaged: its encoding or its numbers do not belong together".to_owned())
}

fn damaged_public() -> CryptoError {
    CryptoError::Key("the public key is damaged: it is no SubjectPublicKeyInfo".to_owned())
}
