//! What key material tells about itself: algorithm, length and curve (KMIP 2.1 §3.1).
//!
//! A Key Block may leave Cryptographic Algorithm and Cryptographic Length out where the Key Value tells them, and what it
//! states must agree with what it holds.

use super::asn1::magnitude;
use super::certificate;
use super::default_format::is_elliptic;
use super::elliptic;
use super::key::{Key, check_kind};
use super::octet_key_pair::OctetCurve;
use super::rsa;
use super::soundness;
use super::{FormatError, Result, malformed};
use kmip_codec::object::key_material::*;
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, TransparentKey};
use kmip_codec::registry::{CertificateType, CryptographicAlgorithm, KeyFormatType, ObjectType, RecommendedCurve};
use kmip_codec::value::BigInteger;

use crate::ports::post_quantum::PostQuantum;

/// What the material of an object tells; nothing where it is wrapped, opaque or of an algorithm unknown here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Inspected {
    /// Cryptographic Algorithm; EC where the material fits several elliptic curve algorithms.
    pub algorithm: Option<CryptographicAlgorithm>,
    /// Cryptographic Length: bits of the modulus, the prime, the curve or the octets.
    pub length_bits: Option<i32>,
    /// Recommended Curve.
    pub curve: Option<RecommendedCurve>,
    /// Whether the material has another format than its Key Format Type says: one that clients are known to confuse with it.
    pub mislabelled: bool,
}

impl Inspected {
    /// Compares with what the client states: Cryptographic Algorithm and Cryptographic Length.
    ///
    /// A client that is wrong about the format must be right about both. What the Cryptographic Length of a post-quantum key
    /// is no text says: a client may count what it likes.
    pub fn check(&self, algorithm: Option<CryptographicAlgorithm>, length_bits: Option<i32>) -> Result<()> {
        if self.mislabelled && algorithm.zip(length_bits).is_none() {
            return malformed("the Key Material is not of its Key Format Type");
        }
        if let (Some(found), Some(stated)) = (self.algorithm, algorithm)
            && !is_same_family(found, stated, self.curve)
        {
            return malformed("the Cryptographic Algorithm is not that of the key material");
        }
        if let (Some(found), Some(stated)) = (self.length_bits, length_bits)
            && found != stated
            && self.algorithm.and_then(PostQuantum::named).is_none()
            && !(counts_without_parity(algorithm) && Some(stated) == without_parity(found))
        {
            return malformed("the Cryptographic Length is not that of the key material");
        }
        Ok(())
    }
}

fn is_same_family(
    found: CryptographicAlgorithm,
    stated: CryptographicAlgorithm,
    curve: Option<RecommendedCurve>,
) -> bool {
    // A vendor's name (8XXXXXXX) can mean what the version has no other name for.
    found == stated || stated.0 >> 31 == 1 || (is_elliptic(found) && is_elliptic(stated)) || {
        let edwards = matches!(stated, CryptographicAlgorithm::Ed25519 | CryptographicAlgorithm::Ed448);
        let general = matches!(found, CryptographicAlgorithm::Ed25519 | CryptographicAlgorithm::Ed448);
        (edwards && found == CryptographicAlgorithm::EC && curve.is_some_and(OctetCurve::uses))
            || (general && stated == CryptographicAlgorithm::EC)
    }
}

/// DES keys are counted with their parity bits by some clients and without by others (KMIP 2.1 §3.1: 112 to 192 bits).
fn counts_without_parity(algorithm: Option<CryptographicAlgorithm>) -> bool {
    matches!(algorithm, Some(CryptographicAlgorithm::DES | CryptographicAlgorithm::DES3))
}

fn without_parity(bits: i32) -> Option<i32> {
    bits.checked_div(8).and_then(|bytes| bytes.checked_mul(7))
}

/// Inspects the material of an object; [`FormatError::Malformed`] where it is not what its format promises.
pub fn inspect(object: &ManagedObject) -> Result<Inspected> {
    if let ManagedObject::Certificate(object) = object {
        return match object.certificate_type {
            CertificateType::X_509 => certificate::certified_key(object.certificate_value.as_slice()),
            _ => Ok(Inspected::default()),
        };
    }
    let Some(block) = object.key_block() else { return Ok(Inspected::default()) };
    match material_in_the_clear(block) {
        Some(material) => {
            inspect_material(object.object_type(), block.key_format_type, material, block.cryptographic_algorithm)
        }
        None => Ok(Inspected::default()),
    }
}

/// Whether the material of a block takes long to work on.
pub fn is_slow(block: &KeyBlock) -> bool {
    match material_in_the_clear(block) {
        Some(KeyMaterial::Transparent(key)) => {
            matches!(key.as_ref(), TransparentKey::RsaPrivate(key) if rsa::lacks_primes(key))
        }
        _ => false,
    }
}

/// The key material of a block, unless it is absent or wrapped. A wrapped Byte String may also stand in the place of the
/// Key Material, within a Key Value structure: then only Key Wrapping Data tells.
pub(super) fn material_in_the_clear(block: &KeyBlock) -> Option<&KeyMaterial> {
    match block {
        KeyBlock { key_value: Some(KeyValue::Plain(value)), key_wrapping_data: None, .. } => Some(&value.key_material),
        _ => None,
    }
}

/// Inspects key material by its format. `algorithm` is a hint where the bytes leave it open.
pub fn inspect_material(
    object_type: ObjectType,
    format: KeyFormatType,
    material: &KeyMaterial,
    algorithm: Option<CryptographicAlgorithm>,
) -> Result<Inspected> {
    check_kind(object_type, format)?;
    if let KeyMaterial::Transparent(key) = material
        && let Some(inspected) = inspect_octet_curve(key, algorithm)
    {
        return inspected;
    }
    match Key::read_as_found(object_type, format, material, algorithm) {
        Ok((found, key)) => {
            soundness::check(&key)?;
            Ok(Inspected { mislabelled: found != format, ..inspect_key(&key)? })
        }
        Err(FormatError::NotSupported(_)) => Ok(Inspected::default()),
        Err(malformed) => Err(malformed),
    }
}

/// A transparent key on a curve of RFC 7748, which only its algorithm tells how to use.
fn inspect_octet_curve(key: &TransparentKey, algorithm: Option<CryptographicAlgorithm>) -> Option<Result<Inspected>> {
    let (curve, octets) = match key {
        TransparentKey::EcPrivate(key)
        | TransparentKey::EcdsaPrivate(key)
        | TransparentKey::EcdhPrivate(key)
        | TransparentKey::EcmqvPrivate(key) => (key.recommended_curve, None),
        TransparentKey::EcPublic(key)
        | TransparentKey::EcdsaPublic(key)
        | TransparentKey::EcdhPublic(key)
        | TransparentKey::EcmqvPublic(key) => (key.recommended_curve, Some(key.q_string.as_slice().len())),
        _ => return None,
    };
    OctetCurve::uses(curve).then(|| {
        // Some stand behind 0x40, as in OpenPGP, or in an OCTET STRING.
        let fits = |octets: usize| (0..=2).any(|before| OctetCurve::has_length(curve, octets.saturating_sub(before)));
        if octets.is_some_and(|octets| !fits(octets)) {
            return malformed("the public key has not the length of its curve");
        }
        Ok(Inspected {
            algorithm: Some(CryptographicAlgorithm::EC),
            length_bits: OctetCurve::length_of(curve, octets, algorithm),
            curve: Some(curve),
            mislabelled: false,
        })
    })
}

/// What a key as numbers tells.
pub(super) fn inspect_key(key: &Key) -> Result<Inspected> {
    let by_length = |algorithm, number| {
        Ok(Inspected { algorithm: Some(algorithm), length_bits: Some(bits(number)?), ..Inspected::default() })
    };
    let octets = |curve: OctetCurve| Inspected {
        algorithm: Some(curve.algorithm()),
        length_bits: Some(curve.bits()),
        curve: Some(curve.recommended()),
        mislabelled: false,
    };
    let of_set = |set: PostQuantum| Inspected {
        algorithm: Some(set.row().algorithm),
        length_bits: Some(set.bits()),
        ..Inspected::default()
    };
    match key {
        Key::Symmetric(key) => {
            let length_bits = key.key.len().checked_mul(8).and_then(|bits| i32::try_from(bits).ok());
            Ok(Inspected { length_bits, ..Inspected::default() })
        }
        Key::RsaPrivate(TransparentRsaPrivateKey { modulus, .. })
        | Key::RsaPublic(TransparentRsaPublicKey { modulus, .. }) => by_length(CryptographicAlgorithm::RSA, modulus),
        Key::DsaPrivate(TransparentDsaPrivateKey { p, .. }) | Key::DsaPublic(TransparentDsaPublicKey { p, .. }) => {
            by_length(CryptographicAlgorithm::DSA, p)
        }
        Key::DhPrivate(TransparentDhPrivateKey { p, .. }) | Key::DhPublic(TransparentDhPublicKey { p, .. }) => {
            by_length(CryptographicAlgorithm::DH, p)
        }
        Key::EcPrivate(TransparentEcPrivateKey { recommended_curve, .. }, _)
        | Key::EcPublic(TransparentEcPublicKey { recommended_curve, .. }) => Ok(Inspected {
            algorithm: Some(CryptographicAlgorithm::EC),
            length_bits: elliptic::length_of(*recommended_curve),
            curve: Some(*recommended_curve),
            mislabelled: false,
        }),
        Key::PostQuantumPrivate(key) => Ok(of_set(key.set)),
        Key::PostQuantumPublic(key) => Ok(of_set(key.set)),
        Key::OctetPrivate(key) => Ok(octets(key.curve)),
        Key::OctetPublic(key) => Ok(octets(key.curve)),
    }
}

/// Position of the highest bit that is set, counted from 1.
fn bits(number: &BigInteger) -> Result<i32> {
    let magnitude = magnitude(number)?;
    let Some(top) = magnitude.first() else { return malformed("the modulus of the key is zero") };
    let bits = magnitude.len().checked_mul(8).and_then(|bits| i32::try_from(bits).ok());
    let zeros = i32::try_from(top.leading_zeros()).unwrap_or_default();
    bits.and_then(|bits| bits.checked_sub(zeros)).ok_or(FormatError::NotSupported("the modulus of the key is too long"))
}
