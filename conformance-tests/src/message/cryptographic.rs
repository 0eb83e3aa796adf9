//! Requests of cryptographic operations, in 2.1, and what the campaigns read from their answers (KMIP 2.1 §6.1).

use super::{Call, name, payload};
use crate::tree::{Tree, boolean, bytes, date_time, enumeration, integer, structure, text};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, DerivationMethod, HashingAlgorithm, KeyFormatType,
    ObjectType, Operation, RecommendedCurve, SplitKeyMethod, Tag, UsageLimitsUnit, ValidityIndicator, WrappingMethod,
};
use std::io;

/// Which part of an operation a request is.
#[derive(Debug, Clone, Copy)]
pub enum Part<'a> {
    /// All of it.
    Whole,
    /// The first of several.
    First,
    /// One in the middle, of the operation with this Correlation Value.
    Middle(&'a [u8]),
    /// The last one.
    Last(&'a [u8]),
}

impl Part<'_> {
    fn fields(self) -> Vec<Item> {
        match self {
            Part::Whole => Vec::new(),
            Part::First => vec![boolean(Tag::InitIndicator, true)],
            Part::Middle(value) => vec![bytes(Tag::CorrelationValue, value)],
            Part::Last(value) => vec![bytes(Tag::CorrelationValue, value), boolean(Tag::FinalIndicator, true)],
        }
    }
}

/// An operation on data with a key: the fields of `between` stand behind the data.
pub fn work(
    operation: Operation,
    key: &str,
    parameters: Vec<Item>,
    data: &[u8],
    between: Vec<Item>,
    part: Part<'_>,
) -> Call {
    let mut payload = vec![text(Tag::UniqueIdentifier, key)];
    if !parameters.is_empty() {
        payload.push(structure(Tag::CryptographicParameters, parameters));
    }
    payload.push(bytes(Tag::Data, data));
    payload.extend(between);
    payload.extend(part.fields());
    Call::new(operation, payload)
}

/// Parameters of AES-GCM, with an initialization vector that the server draws or not.
pub fn gcm(random_iv: bool) -> Vec<Item> {
    let mut fields = vec![enumeration(Tag::BlockCipherMode, BlockCipherMode::GCM.0)];
    fields.extend(random_iv.then(|| boolean(Tag::RandomIV, true)));
    fields
}

/// Parameters of ECDSA, of derivation by hash, and of whatever else needs a hash alone.
pub fn sha_256() -> Vec<Item> {
    vec![enumeration(Tag::HashingAlgorithm, HashingAlgorithm::SHA_256.0)]
}

/// Parameters of HMAC with SHA-256.
pub fn hmac() -> Vec<Item> {
    vec![enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::HMAC_SHA256.0)]
}

/// Attributes of an active key.
pub fn active(mask: CryptographicUsageMask) -> Vec<Item> {
    vec![integer(Tag::CryptographicUsageMask, mask.0.cast_signed()), date_time(Tag::ActivationDate, 1)]
}

/// Usage Limits in uses.
pub fn usage_limits(total: i64) -> Item {
    let total = Item { tag: Tag::UsageLimitsTotal, value: ItemValue::LongInteger(total) };
    structure(Tag::UsageLimits, vec![total, enumeration(Tag::UsageLimitsUnit, UsageLimitsUnit::Object.0)])
}

/// Register of a symmetric AES key with these attributes.
pub fn register_with(material: &[u8], attributes: Vec<Item>) -> Call {
    let mut payload = vec![enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0)];
    payload.push(structure(Tag::Attributes, attributes));
    payload.push(aes_key(material));
    Call::new(Operation::Register, payload)
}

/// An AES key.
pub fn aes_key(material: &[u8]) -> Item {
    let bits = i32::try_from(material.len() * 8).unwrap_or(i32::MAX);
    let value = structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, material)]);
    let block = vec![
        enumeration(Tag::KeyFormatType, KeyFormatType::Raw.0),
        value,
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, bits),
    ];
    structure(Tag::SymmetricKey, vec![structure(Tag::KeyBlock, block)])
}

/// Create Split Key of a key: three parts, of which two give it back.
pub fn split(key: &str, method: SplitKeyMethod) -> Call {
    let payload = vec![
        enumeration(Tag::ObjectType, ObjectType::SplitKey.0),
        text(Tag::UniqueIdentifier, key),
        integer(Tag::SplitKeyParts, 3),
        integer(Tag::SplitKeyThreshold, 2),
        enumeration(Tag::SplitKeyMethod, method.0),
        structure(Tag::Attributes, Vec::new()),
    ];
    Call::new(Operation::CreateSplitKey, payload)
}

/// Join Split Key of parts, by their identifiers.
pub fn join<'a>(parts: impl IntoIterator<Item = &'a str>) -> Call {
    let mut payload = vec![enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0)];
    payload.extend(parts.into_iter().map(|part| text(Tag::UniqueIdentifier, part)));
    payload.push(structure(Tag::Attributes, Vec::new()));
    Call::new(Operation::JoinSplitKey, payload)
}

/// The identifiers in an answer.
pub fn identifiers(item: &Item) -> io::Result<Vec<String>> {
    let found = payload(item)?.all(Tag::UniqueIdentifier).filter_map(Tree::as_text);
    Ok(found.map(str::to_owned).collect())
}

/// Create Key Pair of an active pair on P-256 that signs.
pub fn create_signing_pair() -> Call {
    let domain = vec![enumeration(Tag::RecommendedCurve, RecommendedCurve::P_256.0)];
    let common = vec![
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::ECDSA.0),
        structure(Tag::CryptographicDomainParameters, domain),
        date_time(Tag::ActivationDate, 1),
    ];
    let mask = |mask: CryptographicUsageMask| vec![integer(Tag::CryptographicUsageMask, mask.0.cast_signed())];
    let payload = vec![
        structure(Tag::CommonAttributes, common),
        structure(Tag::PrivateKeyAttributes, mask(CryptographicUsageMask::Sign)),
        structure(Tag::PublicKeyAttributes, mask(CryptographicUsageMask::Verify)),
    ];
    Call::new(Operation::CreateKeyPair, payload)
}

/// Derive Key by SHA-256 of an AES-256 key with a name.
pub fn derive_aes(key_name: &str, base: &str, data: &[u8]) -> Call {
    let parameters = vec![structure(Tag::CryptographicParameters, sha_256()), bytes(Tag::DerivationData, data)];
    let attributes = vec![
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, 256),
        super::usage_mask(),
        name(key_name),
    ];
    let payload = vec![
        enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0),
        text(Tag::UniqueIdentifier, base),
        enumeration(Tag::DerivationMethod, DerivationMethod::HASH.0),
        structure(Tag::DerivationParameters, parameters),
        structure(Tag::Attributes, attributes),
    ];
    Call::new(Operation::DeriveKey, payload)
}

/// A Key Wrapping Specification of NIST key wrap (KMIP 2.1 §7.16).
pub fn wrapping(key: &str) -> Item {
    let mode = vec![enumeration(Tag::BlockCipherMode, BlockCipherMode::NISTKeyWrap.0)];
    let information = vec![text(Tag::UniqueIdentifier, key), structure(Tag::CryptographicParameters, mode)];
    let fields = vec![
        enumeration(Tag::WrappingMethod, WrappingMethod::Encrypt.0),
        structure(Tag::EncryptionKeyInformation, information),
    ];
    structure(Tag::KeyWrappingSpecification, fields)
}

/// Bytes of a successful answer; the error tells what it lacks.
pub fn given(item: &Item, tag: Tag) -> io::Result<Vec<u8>> {
    let field = payload(item)?.field(tag).and_then(Tree::as_bytes).map(<[u8]>::to_vec);
    field.ok_or_else(|| io::Error::other(format!("no {tag}")))
}

/// Whether a successful answer says that something is valid.
pub fn is_valid(item: &Item) -> io::Result<bool> {
    let said = payload(item)?.field(Tag::ValidityIndicator).and_then(Tree::as_enumeration);
    Ok(said == Some(ValidityIndicator::Valid.0))
}
