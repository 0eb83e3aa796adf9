//! Tests of key formats and certificates, with keys that are made as they run.

mod certificates;
mod defaults;
mod hostile;
mod oasis;
mod openssl;
mod post_quantum;
mod round_trips;
mod vectors;

use super::{FormatError, convert};
use aws_lc_rs::encoding::{AsDer, AsRawBytes, EcPrivateKeyRfc5915Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::*;
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject};
use kmip_codec::object::{PrivateKey, PublicKey, SymmetricKey};
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, ObjectType};
use kmip_codec::secret::Secret;

/// A key pair as a vault makes it.
struct Pair {
    algorithm: CryptographicAlgorithm,
    pkcs8: Vec<u8>,
    spki: Vec<u8>,
}

fn rsa(size: KeySize) -> Pair {
    let pair = RsaKeyPair::generate(size).expect("a key");
    let pkcs8 = pair.as_der().expect("PKCS#8").as_ref().to_vec();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("X.509");
    Pair { algorithm: CryptographicAlgorithm::RSA, pkcs8, spki: public.as_ref().to_vec() }
}

fn ec(signing: &'static EcdsaSigningAlgorithm) -> (Pair, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(signing).expect("a key");
    let pkcs8 = pair.to_pkcs8v1().expect("PKCS#8").as_ref().to_vec();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("X.509");
    let sec1: EcPrivateKeyRfc5915Der<'_> = pair.private_key().as_der().expect("ECPrivateKey");
    (Pair { algorithm: CryptographicAlgorithm::EC, pkcs8, spki: public.as_ref().to_vec() }, sec1.as_ref().to_vec())
}

fn ed25519() -> Pair {
    let pair = Ed25519KeyPair::generate().expect("a key");
    let pkcs8 = pair.to_pkcs8v1().expect("PKCS#8").as_ref().to_vec();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("X.509");
    Pair { algorithm: CryptographicAlgorithm::Ed25519, pkcs8, spki: public.as_ref().to_vec() }
}

fn material(bytes: &[u8]) -> KeyMaterial {
    KeyMaterial::Bytes(Secret::copy_from(bytes))
}

fn exposed(material: &KeyMaterial) -> &[u8] {
    match material {
        KeyMaterial::Bytes(bytes) => bytes.expose_secret(),
        KeyMaterial::Transparent(_) => panic!("a transparent key"),
    }
}

fn block(
    key_format_type: KeyFormatType,
    key_material: KeyMaterial,
    stated: Option<(CryptographicAlgorithm, i32)>,
) -> KeyBlock {
    KeyBlock {
        key_format_type,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None }))),
        cryptographic_algorithm: stated.map(|stated| stated.0),
        cryptographic_length: stated.map(|stated| stated.1),
        key_wrapping_data: None,
    }
}

fn object(object_type: ObjectType, key_block: KeyBlock) -> ManagedObject {
    match object_type {
        ObjectType::PrivateKey => ManagedObject::PrivateKey(Box::new(PrivateKey { key_block })),
        ObjectType::PublicKey => ManagedObject::PublicKey(Box::new(PublicKey { key_block })),
        ObjectType::SymmetricKey => ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block })),
        other => panic!("no key block made for {other:?}"),
    }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let nibble = |b: u8| char::from(b).to_digit(16).expect("a hexadecimal digit") as u8;
    digits.chunks(2).map(|pair| nibble(pair[0]) << 4 | nibble(pair[1])).collect()
}

/// Converts and expects it to work.
fn converted(
    object_type: ObjectType,
    from: KeyFormatType,
    material: &KeyMaterial,
    to: KeyFormatType,
    algorithm: CryptographicAlgorithm,
) -> KeyMaterial {
    convert(object_type, from, material, to, Some(algorithm))
        .unwrap_or_else(|error| panic!("{object_type:?} {from:?} -> {to:?}: {error}"))
}

fn is_not_supported<T>(result: Result<T, FormatError>) -> bool {
    matches!(result, Err(FormatError::NotSupported(_)))
}

fn is_malformed<T>(result: Result<T, FormatError>) -> bool {
    matches!(result, Err(FormatError::Malformed(_)))
}
