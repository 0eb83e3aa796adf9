//! From one Key Format Type to another (KMIP 2.1 §4.26, §6.1.18).

use super::key::Key;
use super::{Result, quirks};
use kmip_codec::object::KeyMaterial;
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, ObjectType};

/// Makes key material of one format into another. `algorithm` is a hint where the bytes leave it open.
///
/// What has the format already comes back as it is; what is only called so (see `quirks.rs`) is made into it. Numbers that an
/// RSA key was registered without are computed.
pub fn convert(
    object_type: ObjectType,
    from: KeyFormatType,
    material: &KeyMaterial,
    to: KeyFormatType,
    algorithm: Option<CryptographicAlgorithm>,
) -> Result<KeyMaterial> {
    if from == to && quirks::other_format(object_type, from, algorithm).is_none() {
        return Ok(material.clone());
    }
    match Key::read_as_found(object_type, from, material, algorithm) {
        Ok((found, key)) if found != to => key.write(to),
        Err(error) if from != to => Err(error),
        _ => Ok(material.clone()),
    }
}

/// The public key of a private key, in the format `to`.
pub fn public_from_private(
    from: KeyFormatType,
    material: &KeyMaterial,
    to: KeyFormatType,
    algorithm: Option<CryptographicAlgorithm>,
) -> Result<KeyMaterial> {
    Key::read(ObjectType::PrivateKey, from, material, algorithm)?.public()?.write(to)
}
