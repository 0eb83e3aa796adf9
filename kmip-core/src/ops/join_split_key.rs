//! Join Split Key (KMIP 1.4 §4.39, KMIP 2.1 §6.1.27): parts give back the key that they were made of, as an object of the type
//! that the client says. What describes the parts describes it, where the request does not. Parts beyond the threshold must fit
//! the others, and parts that this server made must be of one key.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::object::{
    Certificate, KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, PrivateKey, PublicKey, SecretData,
    SplitKey, SymmetricKey,
};
use kmip_codec::operation::join_split_key::{JoinSplitKeyRequest, JoinSplitKeyResponse};
use kmip_codec::registry::{
    CertificateType, CryptographicAlgorithm, KeyFormatType, ObjectType, Operation, SecretDataType, SplitKeyMethod, Tag,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use zeroize::Zeroizing;

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::material::native_format;
use crate::object::{Record, attribute_of};
use crate::sharing::{self, Method, Part, Prime};
use crate::txn::View;
use crate::{custody, formats, make, material, registered, state, wrapping};

/// What describes a key, where the request does not.
const DESCRIBING: [Tag; 5] = [
    Tag::CryptographicAlgorithm,
    Tag::CryptographicLength,
    Tag::CryptographicUsageMask,
    Tag::CryptographicDomainParameters,
    Tag::CryptographicParameters,
];

pub(super) fn join_split_key(
    context: &mut Context<'_>,
    request: JoinSplitKeyRequest,
) -> OpResult<JoinSplitKeyResponse> {
    let JoinSplitKeyRequest { object_type, unique_identifier, secret_data_type, attributes, protection_storage_masks } =
        request;
    check_type(object_type, secret_data_type)?;
    let permitted = custody::permitted(protection_storage_masks.as_ref())?;
    let parts = parts(context, &unique_identifier)?;
    let Some((first, _)) = parts.first() else {
        return fail(Fault::InvalidMessage, "Join Split Key needs the Unique Identifiers of the parts");
    };
    must_stay_sealed(object_type, parts.iter().map(|(part, _)| -> &Record { part }))?;
    let mut record = make::new_record(context, object_type, &[attributes.as_ref()], Origin::Client)?;
    describe_by_parts(&mut record, first, object_type)?;
    make::claim_names(context, &record)?;
    let joined = join(context, &parts)?;
    let object = object_of(&mut record, joined, secret_data_type, format_of(first, object_type))?;
    registered::describe(context, &mut record, &object)?;
    protect(&mut record, parts.iter().map(|(part, _)| -> &Record { part }));
    make::complete(context, &mut record, Origin::Client);
    protect_history(&mut record, parts.iter().map(|(part, _)| -> &Record { part }));
    make::set_digests(&mut record, &object);
    super::register::keep(context, &mut record, object, permitted)?;
    let id = record.id.clone();
    make::put(context, record)?;
    context.give(Operation::JoinSplitKey, &id);
    let unique_identifier = UniqueIdentifier::Text(id);
    Ok(JoinSplitKeyResponse { object_type: Some(object_type), unique_identifier, attributes: None })
}

fn check_type(object_type: ObjectType, secret_data_type: Option<SecretDataType>) -> OpResult<()> {
    use ObjectType as O;
    if !matches!(object_type, O::SymmetricKey | O::PrivateKey | O::PublicKey | O::SecretData | O::Certificate) {
        return fail(Fault::InvalidObjectType, format!("Join Split Key makes no {object_type} objects"));
    }
    if secret_data_type.is_some() && object_type != O::SecretData {
        return fail(Fault::InvalidField, format!("a {object_type} has no Secret Data Type"));
    }
    Ok(())
}

/// The parts that a request names, with their bytes.
fn parts(context: &mut Context<'_>, ids: &[UniqueIdentifier]) -> OpResult<Vec<(View, Secret)>> {
    let ids = context.resolve_all(ids)?;
    if ids.len() > usize::try_from(sharing::MOST_PARTS).unwrap_or_default() {
        return fail(Fault::BadCryptographicParameters, format!("a key has at most {} parts", sharing::MOST_PARTS));
    }
    let mut parts = Vec::new();
    for id in ids {
        let view = context.txn.view(&id)?;
        if view.object_type != ObjectType::SplitKey {
            return fail(Fault::WrongObjectType, format!("the object {:?} is a {}", id.as_str(), view.object_type));
        }
        state::must_be_online(&view)?;
        if view.destroyed {
            return fail(Fault::ObjectDestroyed, format!("the part {:?} was destroyed", id.as_str()));
        }
        let secret = bytes_of(context, &view)?;
        parts.push((view, secret));
    }
    Ok(parts)
}

/// The bytes of a part, which may be held wrapped.
fn bytes_of(context: &mut Context<'_>, part: &Record) -> OpResult<Secret> {
    let mut object = material::load(context.engine.vault.as_ref(), part)?;
    wrapping::unwrap(context, &mut object)?;
    match object.key_block_mut().and_then(|block| block.key_value.take()) {
        Some(KeyValue::Plain(value)) => match value.key_material {
            KeyMaterial::Bytes(bytes) => Ok(bytes),
            KeyMaterial::Transparent(_) => fail(Fault::BadCryptographicParameters, "a part of a key is bytes"),
        },
        _ => fail(Fault::KeyValueMissing, format!("the server has no key value of the part {:?}", part.id.as_str())),
    }
}

fn split_key(record: &Record) -> OpResult<&SplitKey> {
    match &record.object {
        Some(ManagedObject::SplitKey(split_key)) => Ok(split_key),
        _ => fail(Fault::Internal, "a split key without its object"),
    }
}

/// What parts of one key have in common.
fn shape(split_key: &SplitKey) -> (i32, i32, SplitKeyMethod, Option<&[u8]>) {
    let SplitKey { split_key_parts, split_key_threshold, split_key_method, prime_field_size, .. } = split_key;
    (*split_key_parts, *split_key_threshold, *split_key_method, prime_field_size.as_ref().and_then(|n| n.to_unsigned()))
}

fn join(context: &Context<'_>, parts: &[(View, Secret)]) -> OpResult<Secret> {
    let Some((first, _)) = parts.first() else { return fail(Fault::InvalidMessage, "no part is named") };
    let (model, polynomial) = (split_key(first)?, registered::polynomial_of(first, context.version));
    let mut given: Vec<Part<'_>> = Vec::new();
    for (record, secret) in parts {
        let part = split_key(record)?;
        if shape(part) != shape(model) || registered::polynomial_of(record, context.version) != polynomial {
            return fail(Fault::BadCryptographicParameters, "the parts differ in what they say of their key");
        }
        let place = u16::try_from(part.key_part_identifier).unwrap_or_default();
        if place == 0 || given.iter().any(|(known, _)| *known == place) {
            return fail(Fault::BadCryptographicParameters, format!("the part {place} is given twice, or is none"));
        }
        given.push((place, secret));
    }
    let mut splits = parts.iter().filter_map(|(part, _)| part.split.as_ref());
    if let Some(split) = splits.next()
        && splits.any(|other| other != split)
    {
        return fail(Fault::CryptographicFailure, "the parts are of different keys");
    }
    let threshold = usize::try_from(model.split_key_threshold).unwrap_or(usize::MAX).max(1);
    let needed = if model.split_key_method == SplitKeyMethod::XOR {
        usize::try_from(model.split_key_parts).unwrap_or(usize::MAX)
    } else {
        threshold
    };
    if given.len() < needed {
        let message = format!("{} parts are given, and the Split Key Threshold is {needed}", given.len());
        return fail(Fault::CryptographicFailure, message);
    }
    let size = model.prime_field_size.as_ref().map(Prime::of).transpose()?;
    let method = Method::named(model.split_key_method, size, polynomial)?;
    let longest = parts.iter().map(|(_, secret)| secret.len()).max().unwrap_or_default();
    if method.is_long(longest, given.len(), given.len()) {
        context.txn.long_work()?;
    }
    method.join(&given, threshold)
}

/// Takes over what the request does not say. A key is one of the algorithm that its parts say.
fn describe_by_parts(record: &mut Record, part: &Record, object_type: ObjectType) -> OpResult<()> {
    let asked = attribute_of!(record, CryptographicAlgorithm);
    if let (Some(asked), Some(found)) = (asked, attribute_of!(part, CryptographicAlgorithm))
        && asked != found
        && !(formats::is_elliptic(*asked) && formats::is_elliptic(*found))
    {
        return fail(Fault::InvalidAttributeValue, format!("the parts are those of a key of {found}, not of {asked}"));
    }
    for tag in DESCRIBING {
        let reference = AttributeReference::Tag(tag);
        // Secret data has bytes, and no key to describe.
        let is_of_keys = !matches!(tag, Tag::CryptographicUsageMask | Tag::CryptographicLength);
        if (is_of_keys && object_type == ObjectType::SecretData) || record.instances(&reference).next().is_some() {
            continue;
        }
        record.attributes.extend(part.instances(&reference).cloned());
    }
    if object_type == ObjectType::SymmetricKey && attribute_of!(record, CryptographicAlgorithm).is_none() {
        return fail(Fault::MissingAttribute, "Cryptographic Algorithm is required: the parts do not say it");
    }
    Ok(())
}

/// The format of the joined material: as the parts say; Raw means the form in which the vault takes keys of the type.
fn format_of(part: &Record, object_type: ObjectType) -> KeyFormatType {
    let said = part.object.as_ref().and_then(ManagedObject::key_block).map(|block| block.key_format_type);
    said.filter(|format| *format != KeyFormatType::Raw).unwrap_or(native_format(object_type))
}

/// The object of joined bytes.
fn object_of(
    record: &mut Record,
    joined: Secret,
    secret_data_type: Option<SecretDataType>,
    key_format_type: KeyFormatType,
) -> OpResult<ManagedObject> {
    let object_type = record.object_type;
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    let length = attribute_of!(record, CryptographicLength).copied();
    let bytes = match (object_type, length) {
        (ObjectType::SymmetricKey | ObjectType::SecretData, Some(bits)) => {
            fitted(&joined, byte_length(bits, algorithm))?
        }
        (ObjectType::SymmetricKey | ObjectType::SecretData, None) => joined,
        // DER begins with no zero.
        _ => trimmed(&joined),
    };
    let with_value = |cryptographic_algorithm: Option<CryptographicAlgorithm>| KeyBlock {
        key_format_type,
        key_compression_type: None,
        cryptographic_algorithm,
        cryptographic_length: length.filter(|_| cryptographic_algorithm.is_some()),
        key_wrapping_data: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure {
            key_material: KeyMaterial::Bytes(bytes.clone()),
            attributes: None,
        }))),
    };
    Ok(match object_type {
        ObjectType::SymmetricKey => {
            ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block: with_value(algorithm) }))
        }
        ObjectType::PrivateKey => ManagedObject::PrivateKey(Box::new(PrivateKey { key_block: with_value(algorithm) })),
        ObjectType::PublicKey => ManagedObject::PublicKey(Box::new(PublicKey { key_block: with_value(algorithm) })),
        ObjectType::Certificate => ManagedObject::Certificate(Box::new(Certificate {
            certificate_type: attribute_of!(record, CertificateType).copied().unwrap_or(CertificateType::X_509),
            certificate_value: ByteString::new(bytes.expose_secret()),
        })),
        _ => ManagedObject::SecretData(Box::new(SecretData {
            secret_data_type: secret_data_type.unwrap_or(SecretDataType::Seed),
            key_block: with_value(None),
        })),
    })
}

/// Bytes of a key of so many bits. The length of 3DES may leave out parity.
fn byte_length(bits: i32, algorithm: Option<CryptographicAlgorithm>) -> usize {
    let bits = match (algorithm, bits) {
        (Some(CryptographicAlgorithm::DES3), 112) => 128,
        (Some(CryptographicAlgorithm::DES3), 168) => 192,
        _ => bits,
    };
    usize::try_from(bits).unwrap_or_default().div_ceil(8)
}

fn trimmed(bytes: &Secret) -> Secret {
    let bytes = bytes.expose_secret();
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    Secret::copy_from(bytes.get(start..).unwrap_or_default())
}

/// The bytes with as many zeros before them as the key has.
fn fitted(joined: &Secret, length: usize) -> OpResult<Secret> {
    let digits = trimmed(joined);
    match length.checked_sub(digits.len()) {
        Some(zeros) => {
            let mut bytes = Zeroizing::new(vec![0; zeros]);
            bytes.extend_from_slice(digits.expose_secret());
            Ok(Secret::copy_from(&bytes))
        }
        None => fail(Fault::CryptographicFailure, format!("what the parts give has more than {length} bytes")),
    }
}

/// A certificate is stored in the clear: what must not be had in the clear is none.
fn must_stay_sealed<'a>(object_type: ObjectType, mut parts: impl Iterator<Item = &'a Record>) -> OpResult<()> {
    let is_kept = |part: &Record| {
        attribute_of!(part, Sensitive) == Some(&true) || attribute_of!(part, Extractable) == Some(&false)
    };
    if object_type == ObjectType::Certificate && parts.any(is_kept) {
        let message = "the parts are Sensitive, or not Extractable: they are not parts of a certificate";
        return fail(Fault::InvalidObjectType, message);
    }
    Ok(())
}

/// A key is as protected as each of its parts.
fn protect<'a>(record: &mut Record, parts: impl Iterator<Item = &'a Record> + Clone) {
    if parts.clone().any(|part| attribute_of!(part, Sensitive) == Some(&true)) {
        record.set(Attribute::Sensitive(true));
    }
    if parts.clone().any(|part| attribute_of!(part, Extractable) == Some(&false)) {
        record.set(Attribute::Extractable(false));
    }
}

/// It was always sensitive, or never extractable, only if all of its parts were.
fn protect_history<'a>(record: &mut Record, parts: impl Iterator<Item = &'a Record> + Clone) {
    let sensitive = attribute_of!(record, AlwaysSensitive) == Some(&true);
    let stays = attribute_of!(record, NeverExtractable) == Some(&true);
    let all_sensitive = parts.clone().all(|part| attribute_of!(part, AlwaysSensitive) == Some(&true));
    let all_stay = parts.clone().all(|part| attribute_of!(part, NeverExtractable) == Some(&true));
    record.set(Attribute::AlwaysSensitive(sensitive && all_sensitive));
    record.set(Attribute::NeverExtractable(stays && all_stay));
}
