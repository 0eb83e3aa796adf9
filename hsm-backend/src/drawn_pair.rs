//! Key pairs whose private key is a string of random octets, so that any source of randomness makes them: scalars of P-224
//! and secp256k1 (SEC 1 §3.2.1), seeds of Ed25519 (RFC 8032 §5.1.5), private keys of X25519 (RFC 7748 §6.1), seeds of ML-KEM
//! (FIPS 203 §7.1), ML-DSA (FIPS 204 §5.1) and SLH-DSA (FIPS 205 §9.1).

use aws_lc_rs::agreement::{self, X25519};
use aws_lc_rs::signature::{KeyPair as _, PqdsaKeyPair};
use der::Encode;
use der::asn1::{BitStringRef, ObjectIdentifier, OctetStringRef};
use kmip_codec::object::KeyMaterial;
use kmip_codec::registry::{KeyFormatType, ObjectType};
use kmip_codec::secret::Secret;
use kmip_core::formats;
use kmip_core::ports::post_quantum::PostQuantum;
use kmip_core::ports::vault::{Curve, KeySpec, VaultError};
use pkcs8::{EncodePrivateKey, EncodePublicKey, PrivateKeyInfoRef};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::crypto::keys::ml_dsa_signing;
use crate::crypto::{ml_kem, slh_dsa};
use crate::hierarchy::random_secret;
use crate::key_pair::{self, EncodedPair};
use crate::random::Source;

/// `id-X25519` (RFC 8410 §3).
const X25519_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");

/// Whether [`draw`] makes the pairs of a specification.
pub(crate) fn makes(spec: KeySpec) -> bool {
    octets(spec).is_some()
}

/// How many octets a private key has.
fn octets(spec: KeySpec) -> Option<usize> {
    match spec {
        KeySpec::Ec { curve: Curve::P224 } => Some(28),
        KeySpec::Ec { curve: Curve::Secp256k1 | Curve::Ed25519 | Curve::X25519 } => Some(32),
        KeySpec::PostQuantum { set } => Some(set.row().seed),
        _ => None,
    }
}

/// Makes a pair. A scalar that is zero or not below the group's order fails; less than one in 2^100 is.
pub(crate) fn draw(spec: KeySpec, random: &mut impl Source) -> Result<EncodedPair, VaultError> {
    let length = octets(spec).ok_or_else(|| unsupported(spec))?;
    from_octets(spec, &random_secret(length, random)?)
}

/// The pair of a private key.
pub(crate) fn from_octets(spec: KeySpec, octets: &Secret) -> Result<EncodedPair, VaultError> {
    match spec {
        KeySpec::Ec { curve: Curve::P224 } => {
            let key = p224::SecretKey::from_slice(octets.expose_secret()).map_err(failed)?;
            encode(&key, &key.public_key())
        }
        KeySpec::Ec { curve: Curve::Secp256k1 } => {
            let key = k256::SecretKey::from_slice(octets.expose_secret()).map_err(failed)?;
            encode(&key, &key.public_key())
        }
        KeySpec::Ec { curve: Curve::Ed25519 } => key_pair::ed25519_from_seed(octets),
        KeySpec::Ec { curve: Curve::X25519 } => x25519(octets),
        KeySpec::PostQuantum { set } => post_quantum(set, octets),
        other => Err(unsupported(other)),
    }
}

/// ML-KEM and ML-DSA keep the seed as their private key (RFC 9935 §6, RFC 9881 §6), SLH-DSA has one form.
fn post_quantum(set: PostQuantum, seed: &Secret) -> Result<EncodedPair, VaultError> {
    let (private, public) = match set {
        PostQuantum::MlKem(set) => (seed.clone(), ml_kem::public_of_seed(set, seed)?),
        PostQuantum::MlDsa(set) => {
            let pair = PqdsaKeyPair::from_seed(ml_dsa_signing(set), seed.expose_secret()).map_err(failed)?;
            (seed.clone(), pair.public_key().as_ref().to_vec())
        }
        PostQuantum::SlhDsa(set) => slh_dsa::from_seed(set, seed)?,
    };
    let algorithm = Some(set.row().algorithm);
    let from_raw = |object_type, key, to| match formats::convert(
        object_type,
        KeyFormatType::Raw,
        &KeyMaterial::Bytes(key),
        to,
        algorithm,
    ) {
        Ok(KeyMaterial::Bytes(der)) => Ok(der),
        Ok(KeyMaterial::Transparent(_)) => Err(failed(())),
        Err(error) => Err(failed(error)),
    };
    let public = from_raw(ObjectType::PublicKey, Secret::copy_from(&public), KeyFormatType::X_509)?;
    Ok(EncodedPair {
        private: from_raw(ObjectType::PrivateKey, private, KeyFormatType::PKCS_8)?,
        public: public.expose_secret().to_vec(),
    })
}

fn encode(private: &impl EncodePrivateKey, public: &impl EncodePublicKey) -> Result<EncodedPair, VaultError> {
    let private = private.to_pkcs8_der().map_err(failed)?;
    let public = public.to_public_key_der().map_err(failed)?;
    Ok(EncodedPair { private: Secret::copy_from(private.as_bytes()), public: public.into_vec() })
}

fn x25519(octets: &Secret) -> Result<EncodedPair, VaultError> {
    let key = agreement::PrivateKey::from_private_key(&X25519, octets.expose_secret()).map_err(failed)?;
    let public = key.compute_public_key().map_err(failed)?;
    let inner = secret_der(&OctetStringRef::new(octets.expose_secret()).map_err(failed)?)?;
    Ok(EncodedPair { private: pkcs8_of(X25519_OID, &inner)?, public: spki_of(X25519_OID, public.as_ref())? })
}

/// PKCS#8 version 1 of a key whose algorithm has no parameters.
fn pkcs8_of(oid: ObjectIdentifier, key: &Secret) -> Result<Secret, VaultError> {
    let key = OctetStringRef::new(key.expose_secret()).map_err(failed)?;
    secret_der(&PrivateKeyInfoRef::new(AlgorithmIdentifierRef { oid, parameters: None }, key))
}

/// SubjectPublicKeyInfo of a key whose algorithm has no parameters.
fn spki_of(oid: ObjectIdentifier, key: &[u8]) -> Result<Vec<u8>, VaultError> {
    let subject_public_key = BitStringRef::from_bytes(key).map_err(failed)?;
    let algorithm = AlgorithmIdentifierRef { oid, parameters: None };
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().map_err(failed)
}

/// Encodes into a secret, without a copy.
fn secret_der(value: &impl Encode) -> Result<Secret, VaultError> {
    let length = value.encoded_len().and_then(usize::try_from).map_err(failed)?;
    Secret::init_with(length, |out| value.encode_to_slice(out).map(drop)).map_err(failed)
}

fn unsupported(spec: KeySpec) -> VaultError {
    VaultError::Unsupported(format!("a key pair of {spec:?}"))
}

fn failed<E>(_: E) -> VaultError {
    VaultError::Failed("key pair generation failed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;
    use der::Decode;

    fn octets_of(pair: &EncodedPair) -> Secret {
        let info = PrivateKeyInfoRef::from_der(pair.private.expose_secret()).unwrap();
        let inner = info.private_key.as_bytes();
        if let Some(set) = PostQuantum::of_oid(info.algorithm.oid) {
            // A seed under its tag and length, or the octets that begin with the seed.
            let header = if matches!(set, PostQuantum::SlhDsa(_)) { 0 } else { 2 };
            return Secret::copy_from(&inner[header..header + set.row().seed]);
        }
        match sec1::EcPrivateKey::from_der(inner) {
            Ok(elliptic) => Secret::copy_from(elliptic.private_key),
            Err(_) => Secret::copy_from(<&OctetStringRef>::from_der(inner).unwrap().as_bytes()),
        }
    }

    #[test]
    fn a_private_key_has_one_pair_and_randomness_makes_another_each_time() {
        for spec in key_pair::listed().filter(|spec| makes(*spec)) {
            let (pair, other) = (draw(spec, &mut OsRandom).unwrap(), draw(spec, &mut OsRandom).unwrap());
            let again = from_octets(spec, &octets_of(&pair)).unwrap();
            assert_eq!((&again.private, &again.public), (&pair.private, &pair.public), "{spec:?}");
            assert_ne!(other.public, pair.public, "{spec:?}");
        }
    }

    /// RFC 7748 §6.1: Alice's private and public key.
    #[test]
    fn x25519_as_published() {
        let private = hex::decode("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a").unwrap();
        let public = hex::decode("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a").unwrap();
        let pair = from_octets(KeySpec::Ec { curve: Curve::X25519 }, &Secret::copy_from(&private)).unwrap();
        assert_eq!(pair.private.expose_secret(), [&hex::decode(PREFIX).unwrap()[..], &private].concat());
        assert!(pair.public.ends_with(&public));
    }

    /// PKCS#8 version 1 up to the octets (RFC 8410 §7).
    const PREFIX: &str = "302e020100300506032b656e04220420";

    #[test]
    fn scalars_out_of_range_are_refused() {
        for (curve, length) in [(Curve::P224, 28), (Curve::Secp256k1, 32)] {
            for byte in [0, 0xFF] {
                let scalar = Secret::copy_from(&vec![byte; length]);
                assert!(from_octets(KeySpec::Ec { curve }, &scalar).is_err(), "{curve:?} {byte}");
            }
        }
    }
}
