//! Leniency as data: keys that real clients send under the Key Format Type of another encoding (KMIP 2.1 §4.26).
//!
//! Such a key is kept and given back as it was registered, label included. Wherever its numbers count, it is read as what it
//! is: the label never makes a conversion, a digest or a public key wrong.

use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, ObjectType};

/// A label that is known to stand for another format.
struct Mislabel {
    object_type: ObjectType,
    /// The Cryptographic Algorithm, which the client must state: the other format does not name it.
    algorithm: CryptographicAlgorithm,
    /// What the client calls the material.
    label: KeyFormatType,
    /// What the material is.
    format: KeyFormatType,
}

const MISLABELS: [Mislabel; 1] = [
    // PyKMIP's integration tests: RSAPrivateKey without the PKCS#8 structure around it.
    Mislabel {
        object_type: ObjectType::PrivateKey,
        algorithm: CryptographicAlgorithm::RSA,
        label: KeyFormatType::PKCS_8,
        format: KeyFormatType::PKCS_1,
    },
];

/// The format that material may have which is not of the format that its label says.
pub(crate) fn other_format(
    object_type: ObjectType,
    label: KeyFormatType,
    algorithm: Option<CryptographicAlgorithm>,
) -> Option<KeyFormatType> {
    let fits =
        |row: &&Mislabel| row.object_type == object_type && row.label == label && algorithm == Some(row.algorithm);
    MISLABELS.iter().find(fits).map(|row| row.format)
}
