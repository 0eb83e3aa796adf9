//! From one Key Format Type to another (KMIP 2.1 §4.26, §6.1.18).

use super::Result;
use super::key::Key;
use kmip_codec::object::KeyMaterial;
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, ObjectType};

/// Makes key material of one format into another. `algorithm` is a hint where the bytes leave it open.
///
/// The registered format always comes back as it was registered. Numbers that an RSA key was registered without are
/// computed.
pub fn convert(
    object_type: ObjectType,
    from: KeyFormatType,
    material: &KeyMaterial,
    to: KeyFormatType,
    algorithm: Option<CryptographicAlgorithm>,
) -> Result<KeyMaterial> {
    if from == to {
        return Ok(material.clone());
    }
    Key::read(object_type, from, material, algorithm)?.write(to)
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
