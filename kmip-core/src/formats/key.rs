//! A key as numbers, between two formats: every format is read into it and written from it.

use super::asn1::{self, material_bytes};
use super::octet_key_pair::{OctetPrivateKey, OctetPublicKey};
use super::post_quantum::{PostQuantumPrivateKey, PostQuantumPublicKey};
use super::{
    FormatError, Result, discrete_log, elliptic, malformed, not_supported, octet_key_pair, post_quantum, quirks, rsa,
};
use crate::ports::post_quantum::PostQuantum;
use kmip_codec::object::key_material::*;
use kmip_codec::object::{KeyMaterial, TransparentKey};
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, ObjectType};
use kmip_codec::value::ByteString;

/// A key as numbers.
pub(super) enum Key {
    /// A symmetric key.
    Symmetric(TransparentSymmetricKey),
    /// An RSA private key, perhaps without some of its numbers.
    RsaPrivate(TransparentRsaPrivateKey),
    /// An RSA public key.
    RsaPublic(TransparentRsaPublicKey),
    /// A DSA private key.
    DsaPrivate(TransparentDsaPrivateKey),
    /// A DSA public key.
    DsaPublic(TransparentDsaPublicKey),
    /// A Diffie-Hellman private key.
    DhPrivate(TransparentDhPrivateKey),
    /// A Diffie-Hellman public key.
    DhPublic(TransparentDhPublicKey),
    /// A private key on an elliptic curve, with its point where the format carried one.
    EcPrivate(TransparentEcPrivateKey, Option<ByteString>),
    /// A public key on an elliptic curve.
    EcPublic(TransparentEcPublicKey),
    /// An Edwards or Montgomery private key (RFC 8410).
    OctetPrivate(OctetPrivateKey),
    /// An Edwards or Montgomery public key (RFC 8410).
    OctetPublic(OctetPublicKey),
    /// A private key of ML-KEM, ML-DSA or SLH-DSA.
    PostQuantumPrivate(PostQuantumPrivateKey),
    /// A public key of ML-KEM, ML-DSA or SLH-DSA.
    PostQuantumPublic(PostQuantumPublicKey),
}

const KEPT: &str = "material of this Key Format Type can only be returned as registered";

impl Key {
    /// Reads key material. `algorithm` decides where the format leaves it open.
    pub(super) fn read(
        object_type: ObjectType,
        label: KeyFormatType,
        material: &KeyMaterial,
        algorithm: Option<CryptographicAlgorithm>,
    ) -> Result<Self> {
        Self::read_as_found(object_type, label, material, algorithm).map(|(_, key)| key)
    }

    /// Reads key material, and tells the format that it has: another than its label says where clients are known for it.
    pub(super) fn read_as_found(
        object_type: ObjectType,
        label: KeyFormatType,
        material: &KeyMaterial,
        algorithm: Option<CryptographicAlgorithm>,
    ) -> Result<(KeyFormatType, Self)> {
        let read = |format| Self::read_as(object_type, format, material, algorithm).map(|key| (format, key));
        match (read(label), quirks::other_format(object_type, label, algorithm)) {
            (Err(FormatError::Malformed(why)), Some(other)) => read(other).map_err(|_| FormatError::Malformed(why)),
            (result, _) => result,
        }
    }

    fn read_as(
        object_type: ObjectType,
        format: KeyFormatType,
        material: &KeyMaterial,
        algorithm: Option<CryptographicAlgorithm>,
    ) -> Result<Self> {
        check_kind(object_type, format)?;
        if let KeyMaterial::Transparent(key) = material {
            return Self::read_transparent(format, key, algorithm);
        }
        let bytes = material_bytes(material)?;
        let raw_set = algorithm.and_then(PostQuantum::named).filter(|_| format == KeyFormatType::Raw);
        match (object_type, format) {
            (ObjectType::SymmetricKey, KeyFormatType::Raw) => {
                Ok(Self::Symmetric(TransparentSymmetricKey { key: kmip_codec::secret::Secret::copy_from(bytes) }))
            }
            (ObjectType::PrivateKey, KeyFormatType::Raw) => match raw_set {
                Some(set) => post_quantum::read_raw_private(set, bytes),
                None => octet_key_pair::read_raw_private(bytes, algorithm),
            },
            (ObjectType::PublicKey, KeyFormatType::Raw) => match raw_set {
                Some(set) => post_quantum::read_public(set, bytes),
                None => octet_key_pair::read_raw_public(bytes, algorithm),
            },
            (ObjectType::PrivateKey, KeyFormatType::PKCS_1) => rsa::read_private(bytes),
            (ObjectType::PublicKey, KeyFormatType::PKCS_1) => rsa::read_public(bytes),
            (ObjectType::PrivateKey, KeyFormatType::ECPrivateKey) => elliptic::read_private(bytes, None),
            (ObjectType::PrivateKey, KeyFormatType::PKCS_8) => Self::read_pkcs8(bytes),
            (ObjectType::PublicKey, KeyFormatType::X_509) => Self::read_spki(bytes),
            _ if is_transparent(format) => malformed("the Key Material of a transparent key must be a Structure"),
            _ => not_supported(KEPT),
        }
    }

    fn read_pkcs8(bytes: &[u8]) -> Result<Self> {
        let info = asn1::open_pkcs8(bytes)?;
        match info.algorithm.oid {
            rsa::OID => rsa::read_private(info.private_key.as_bytes()),
            elliptic::OID => elliptic::read_private(info.private_key.as_bytes(), Some(info.algorithm)),
            discrete_log::DSA_OID => discrete_log::read_dsa_private(&info),
            discrete_log::DH_OID | discrete_log::X942_DH_OID => discrete_log::read_dh_private(&info),
            oid => match PostQuantum::of_oid(oid) {
                Some(set) => post_quantum::read_pkcs8(set, &info),
                None => octet_key_pair::read_pkcs8(&info),
            },
        }
    }

    /// Reads a `SubjectPublicKeyInfo`.
    pub(super) fn read_spki(bytes: &[u8]) -> Result<Self> {
        let (algorithm, key) = asn1::open_spki(bytes)?;
        match algorithm.oid {
            rsa::OID => rsa::read_public(key),
            elliptic::OID => elliptic::read_public(algorithm, key),
            discrete_log::DSA_OID => discrete_log::read_dsa_public(algorithm, key),
            discrete_log::DH_OID | discrete_log::X942_DH_OID => discrete_log::read_dh_public(algorithm, key),
            oid => match PostQuantum::of_oid(oid) {
                Some(set) => post_quantum::read_public(set, key),
                None => octet_key_pair::read_spki(algorithm, key),
            },
        }
    }

    fn read_transparent(
        format: KeyFormatType,
        key: &TransparentKey,
        algorithm: Option<CryptographicAlgorithm>,
    ) -> Result<Self> {
        if !is_transparent(format) {
            return malformed("the Key Material must be a Byte String in this Key Format Type");
        }
        match key {
            TransparentKey::Symmetric(key) => Ok(Self::Symmetric(key.clone())),
            TransparentKey::RsaPrivate(key) => rsa::read_transparent_private(key),
            TransparentKey::RsaPublic(key) => Ok(Self::RsaPublic(key.clone())),
            TransparentKey::DsaPrivate(key) => Ok(Self::DsaPrivate(key.clone())),
            TransparentKey::DsaPublic(key) => Ok(Self::DsaPublic(key.clone())),
            TransparentKey::DhPrivate(key) => Ok(Self::DhPrivate(key.clone())),
            TransparentKey::DhPublic(key) => Ok(Self::DhPublic(key.clone())),
            TransparentKey::EcPrivate(key)
            | TransparentKey::EcdsaPrivate(key)
            | TransparentKey::EcdhPrivate(key)
            | TransparentKey::EcmqvPrivate(key) => elliptic::read_transparent_private(key),
            TransparentKey::EcPublic(key)
            | TransparentKey::EcdsaPublic(key)
            | TransparentKey::EcdhPublic(key)
            | TransparentKey::EcmqvPublic(key) => elliptic::read_transparent_public(key, algorithm),
            TransparentKey::Unknown(_) => malformed("the Key Material does not fit the Key Format Type"),
        }
    }

    /// Writes the key in a format.
    pub(super) fn write(self, to: KeyFormatType) -> Result<KeyMaterial> {
        match self {
            Self::Symmetric(key) => match to {
                KeyFormatType::Raw => Ok(KeyMaterial::Bytes(key.key)),
                KeyFormatType::TransparentSymmetricKey => Ok(transparent(TransparentKey::Symmetric(key))),
                _ => not_supported("a symmetric key has only the Raw and Transparent Symmetric Key formats"),
            },
            Self::RsaPrivate(key) => rsa::write_private(key, to),
            Self::RsaPublic(key) => rsa::write_public(key, to),
            Self::DsaPrivate(key) => discrete_log::write_dsa_private(key, to),
            Self::DsaPublic(key) => discrete_log::write_dsa_public(key, to),
            Self::DhPrivate(key) => discrete_log::write_dh_private(key, to),
            Self::DhPublic(key) => discrete_log::write_dh_public(key, to),
            Self::EcPrivate(key, point) => elliptic::write_private(key, point, to),
            Self::EcPublic(key) => elliptic::write_public(key, to),
            Self::OctetPrivate(key) => octet_key_pair::write_private(key, to),
            Self::OctetPublic(key) => octet_key_pair::write_public(key, to),
            Self::PostQuantumPrivate(key) => post_quantum::write_private(key, to),
            Self::PostQuantumPublic(key) => post_quantum::write_public(key, to),
        }
    }

    /// The public key of a private one.
    pub(super) fn public(self) -> Result<Self> {
        const NO_POINT: &str = "the private key was registered without its public point";
        match self {
            Self::RsaPrivate(key) => rsa::public_of(key).map(Self::RsaPublic),
            Self::DsaPrivate(key) => discrete_log::dsa_public_of(key).map(Self::DsaPublic),
            Self::DhPrivate(key) => discrete_log::dh_public_of(key).map(Self::DhPublic),
            Self::EcPrivate(TransparentEcPrivateKey { recommended_curve, .. }, Some(q_string)) => {
                Ok(Self::EcPublic(TransparentEcPublicKey { recommended_curve, q_string }))
            }
            Self::OctetPrivate(OctetPrivateKey { curve, public: Some(public), .. }) => {
                Ok(Self::OctetPublic(OctetPublicKey { curve, public }))
            }
            Self::PostQuantumPrivate(key) => post_quantum::public_of(key).map(Self::PostQuantumPublic),
            Self::EcPrivate(..) | Self::OctetPrivate(_) => not_supported(NO_POINT),
            _ => not_supported("only a private key has a public one"),
        }
    }
}

/// Key Material of a transparent key.
pub(super) fn transparent(key: TransparentKey) -> KeyMaterial {
    KeyMaterial::Transparent(Box::new(key))
}

/// Refuses a transparent form of another kind of key than the object's type says. A part of a split key has no numbers of
/// its own: it is kept.
pub(super) fn check_kind(object_type: ObjectType, format: KeyFormatType) -> Result<()> {
    if object_type == ObjectType::SplitKey && is_transparent(format) {
        return not_supported(KEPT);
    }
    let fits = match format {
        KeyFormatType::TransparentSymmetricKey => {
            !matches!(object_type, ObjectType::PrivateKey | ObjectType::PublicKey)
        }
        KeyFormatType::TransparentDSAPrivateKey
        | KeyFormatType::TransparentRSAPrivateKey
        | KeyFormatType::TransparentDHPrivateKey
        | KeyFormatType::TransparentECDSAPrivateKey
        | KeyFormatType::TransparentECDHPrivateKey
        | KeyFormatType::TransparentECMQVPrivateKey
        | KeyFormatType::TransparentECPrivateKey => object_type == ObjectType::PrivateKey,
        format if is_transparent(format) => object_type == ObjectType::PublicKey,
        _ => true,
    };
    if fits { Ok(()) } else { malformed("the Key Format Type is one of another kind of key than the Object Type") }
}

/// Whether the Key Material of a format is a Structure (KMIP 2.1 §3.4 to §3.12).
fn is_transparent(format: KeyFormatType) -> bool {
    (KeyFormatType::TransparentSymmetricKey.0..=KeyFormatType::TransparentECPublicKey.0).contains(&format.0)
}
