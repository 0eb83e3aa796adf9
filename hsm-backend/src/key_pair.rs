//! Key pairs with aws-lc-rs: generation, and one encoding for pairs from whatever source.
//!
//! Private keys are PKCS#8 version 1 (RFC 5208): RSA as RFC 8017, elliptic curves as RFC 5915 with the public key inside,
//! Ed25519 and X25519 as RFC 8410. Public keys are SubjectPublicKeyInfo (RFC 5280).

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
    ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RsaKeyPair,
};
use kmip_codec::secret::Secret;
use kmip_core::ports::post_quantum;
use kmip_core::ports::vault::{Curve, KeySpec, VaultError};

use crate::drawn_pair;
use crate::random::OsRandom;

/// A pair in its encodings.
pub(crate) struct EncodedPair {
    /// PKCS#8.
    pub(crate) private: Secret,
    /// SubjectPublicKeyInfo.
    pub(crate) public: Vec<u8>,
}

/// The pairs that [`generate`] makes.
pub(crate) fn listed() -> impl Iterator<Item = KeySpec> {
    LISTED.into_iter().chain(post_quantum::ROWS.iter().map(|row| KeySpec::PostQuantum { set: row.set }))
}

const LISTED: [KeySpec; 10] = [
    KeySpec::Rsa { bits: 2048 },
    KeySpec::Rsa { bits: 3072 },
    KeySpec::Rsa { bits: 4096 },
    KeySpec::Ec { curve: Curve::P224 },
    KeySpec::Ec { curve: Curve::P256 },
    KeySpec::Ec { curve: Curve::P384 },
    KeySpec::Ec { curve: Curve::P521 },
    KeySpec::Ec { curve: Curve::Secp256k1 },
    KeySpec::Ec { curve: Curve::Ed25519 },
    KeySpec::Ec { curve: Curve::X25519 },
];

/// Generates a pair. RSA has public exponent 65537, and takes from 0.1 s to seconds.
pub(crate) fn generate(spec: KeySpec) -> Result<EncodedPair, VaultError> {
    match spec {
        KeySpec::Rsa { bits } => {
            RsaKeyPair::generate(rsa_size(bits)?).and_then(|pair| encode_rsa(&pair)).map_err(generation_failed)
        }
        KeySpec::Ec { curve } => match ecdsa(curve) {
            Some(algorithm) => {
                EcdsaKeyPair::generate(algorithm).and_then(|pair| encode_ecdsa(&pair)).map_err(generation_failed)
            }
            None => drawn_pair::draw(spec, &mut OsRandom),
        },
        other => drawn_pair::draw(other, &mut OsRandom),
    }
}

/// The Ed25519 pair of a seed: 32 random bytes are the private key (RFC 8032 §5.1.5).
pub(crate) fn ed25519_from_seed(seed: &Secret) -> Result<EncodedPair, VaultError> {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose_secret());
    pair.map_err(rejected).and_then(|pair| encode_ed25519(&pair).map_err(generation_failed))
}

/// Checks a private key that a device generated and encoded as PKCS#8, and encodes the pair as [`generate`] does.
pub(crate) fn from_pkcs8(spec: KeySpec, pkcs8: &Secret) -> Result<EncodedPair, VaultError> {
    let pkcs8 = pkcs8.expose_secret();
    let unsupported = || VaultError::Unsupported(format!("a key pair of {spec:?} made by a device"));
    match spec {
        KeySpec::Rsa { bits } => {
            let pair = RsaKeyPair::from_pkcs8(pkcs8).map_err(rejected)?;
            let length = u32::try_from(pair.public_modulus_len()).ok().and_then(|bytes| bytes.checked_mul(8));
            if length != Some(bits) {
                return Err(VaultError::Failed(format!(
                    "a modulus of {bits} bits was asked for, the device made another"
                )));
            }
            encode_rsa(&pair)
        }
        KeySpec::Ec { curve } => {
            let algorithm = ecdsa(curve).ok_or_else(unsupported)?;
            // A module may leave the public key out of the private one, and the library would keep it so.
            let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8).map_err(rejected)?;
            let scalar: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().map_err(generation_failed)?;
            let public = pair.public_key().as_ref();
            let whole = EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar.as_ref(), public);
            encode_ecdsa(&whole.map_err(rejected)?)
        }
        _ => return Err(unsupported()),
    }
    .map_err(generation_failed)
}

/// The RSA sizes of this vault.
pub(crate) fn rsa_size(bits: u32) -> Result<KeySize, VaultError> {
    match bits {
        2048 => Ok(KeySize::Rsa2048),
        3072 => Ok(KeySize::Rsa3072),
        4096 => Ok(KeySize::Rsa4096),
        _ => Err(VaultError::Unsupported(format!("RSA with {bits} bits: 2048, 3072 and 4096 are made"))),
    }
}

/// aws-lc-rs's name of a curve that it makes pairs for ECDSA on.
fn ecdsa(curve: Curve) -> Option<&'static EcdsaSigningAlgorithm> {
    match curve {
        Curve::P256 => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
        Curve::P384 => Some(&ECDSA_P384_SHA384_ASN1_SIGNING),
        Curve::P521 => Some(&ECDSA_P521_SHA512_ASN1_SIGNING),
        Curve::Secp256k1 => Some(&ECDSA_P256K1_SHA256_ASN1_SIGNING),
        Curve::P224 | Curve::Ed25519 | Curve::X25519 => None,
    }
}

fn encode_rsa(pair: &RsaKeyPair) -> Result<EncodedPair, Unspecified> {
    let private: Pkcs8V1Der<'_> = pair.as_der()?;
    encoded(private.as_ref(), pair.public_key())
}

fn encode_ecdsa(pair: &EcdsaKeyPair) -> Result<EncodedPair, Unspecified> {
    encoded(pair.to_pkcs8v1()?.as_ref(), pair.public_key())
}

fn encode_ed25519(pair: &Ed25519KeyPair) -> Result<EncodedPair, Unspecified> {
    encoded(pair.to_pkcs8v1()?.as_ref(), pair.public_key())
}

fn encoded(private: &[u8], public: &impl AsDer<PublicKeyX509Der<'static>>) -> Result<EncodedPair, Unspecified> {
    Ok(EncodedPair { private: Secret::copy_from(private), public: public.as_der()?.as_ref().to_vec() })
}

fn rejected(error: KeyRejected) -> VaultError {
    VaultError::Failed(format!("the generated private key is not acceptable: {error}"))
}

fn generation_failed(_: Unspecified) -> VaultError {
    VaultError::Failed("key pair generation failed".to_owned())
}
