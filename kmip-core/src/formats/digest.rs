//! The Digest attribute (KMIP 2.1 §4.21): SHA-256 over the key material in its default format, and as registered.
//!
//! A Byte String is hashed as it is, a Structure as its TTLV encoding, tag and length included. Certificates, certificate
//! requests and opaque objects are hashed over their value.

use super::convert::convert;
use super::default_format::default_format;
use super::inspect::{inspect, material_in_the_clear};
use kmip_codec::attribute::values::Digest;
use kmip_codec::object::{KeyBlock, KeyMaterial, ManagedObject};
use kmip_codec::registry::{CryptographicAlgorithm, HashingAlgorithm, KeyFormatType, Tag};
use kmip_codec::value::{ByteString, ValueBy};
use kmip_codec::version::V2_1;
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::ttlv::TtlvWriter;
use sha2::{Digest as _, Sha256};

/// The digests of an object: the one in the default format first, then one as registered if that is another format.
///
/// Empty where there is no material in the clear. `algorithm` stands in for one that the Key Block does not state. Names
/// of formats are those of 2.1: see [`super::format_in_version`].
pub fn digests(object: &ManagedObject, algorithm: Option<CryptographicAlgorithm>) -> Vec<Digest> {
    match object {
        ManagedObject::Certificate(object) => {
            vec![digest(KeyFormatType::X_509, object.certificate_value.as_slice())]
        }
        ManagedObject::CertificateRequest(object) => {
            vec![digest(KeyFormatType::PKCS_10, object.certificate_request_value.as_slice())]
        }
        ManagedObject::OpaqueObject(object) => {
            vec![digest(KeyFormatType::Opaque, object.opaque_data_value.expose_secret())]
        }
        _ => object.key_block().map(|block| key_digests(object, block, algorithm)).unwrap_or_default(),
    }
}

fn key_digests(object: &ManagedObject, block: &KeyBlock, algorithm: Option<CryptographicAlgorithm>) -> Vec<Digest> {
    let Some(material) = material_in_the_clear(block) else { return Vec::new() };
    let registered = block.key_format_type;
    let algorithm = block
        .cryptographic_algorithm
        .or(algorithm)
        .or_else(|| inspect(object).ok().and_then(|inspected| inspected.algorithm));
    let default = default_format(object.object_type(), algorithm, V2_1).filter(|default| *default != registered);
    let converted = default.and_then(|default| {
        let material = convert(object.object_type(), registered, material, default, algorithm).ok()?;
        Some(material_digest(default, &material))
    });
    converted.into_iter().chain([material_digest(registered, material)]).collect()
}

fn material_digest(format: KeyFormatType, material: &KeyMaterial) -> Digest {
    match material {
        KeyMaterial::Bytes(bytes) => digest(format, bytes.expose_secret()),
        KeyMaterial::Transparent(_) => {
            let mut counter = Counter::new(V2_1);
            material.put_by(Tag::KeyMaterial, &mut counter);
            let mut writer = TtlvWriter::with_capacity(V2_1, counter.bytes());
            material.put_by(Tag::KeyMaterial, &mut writer);
            digest(format, &writer.finish())
        }
    }
}

fn digest(format: KeyFormatType, bytes: &[u8]) -> Digest {
    Digest {
        hashing_algorithm: HashingAlgorithm::SHA_256,
        digest_value: Some(ByteString::new(&Sha256::digest(bytes))),
        key_format_type: Some(format),
    }
}
