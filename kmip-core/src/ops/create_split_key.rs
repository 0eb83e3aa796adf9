//! Create Split Key (KMIP 1.4 §4.38, KMIP 2.1 §6.1.10): a new key, or one that the server holds, in parts, each an object of its
//! own. What is said about the key goes over to its parts, and beats what the request says.
//!
//! A request without a Unique Identifier makes a new key. The parts hold it as the vault does: the bytes of a symmetric key or
//! of secret data, PKCS#8 of a private key. A threshold of 1 would make copies, not parts, and is refused.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, AttributeReference, Bag};
use kmip_codec::inline::Text;
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, SplitKey};
use kmip_codec::operation::create_split_key::{CreateSplitKeyRequest, CreateSplitKeyResponse};
use kmip_codec::registry::{KeyFormatType, ObjectType, SplitKeyMethod, SplitKeyPolynomial, Tag};
use kmip_codec::secret::Secret;

use super::create::key_spec;
use crate::batch::Context;
use crate::cryptography::key;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::material::Bound;
use crate::object::{Record, attribute_of};
use crate::ports::vault::Generated;
use crate::sharing::{self, Method, Prime};
use crate::{attributes, custody, make, material, registered, state};

/// What a request asks for.
struct Plan {
    parts: u16,
    threshold: u16,
    kind: SplitKeyMethod,
    polynomial: SplitKeyPolynomial,
    size: Option<Prime>,
}

/// The key that is split: its material, and its record if the server holds it.
struct Whole {
    secret: Secret,
    record: Option<Record>,
}

/// What describes a key, and so its parts.
const DESCRIBING: [Tag; 7] = [
    Tag::CryptographicAlgorithm,
    Tag::CryptographicLength,
    Tag::CryptographicUsageMask,
    Tag::CryptographicDomainParameters,
    Tag::CryptographicParameters,
    Tag::Sensitive,
    Tag::Extractable,
];

pub(super) fn create_split_key(
    context: &mut Context<'_>,
    request: CreateSplitKeyRequest,
) -> OpResult<CreateSplitKeyResponse> {
    if request.object_type != ObjectType::SplitKey {
        let message = format!("Create Split Key makes split keys, not {} objects", request.object_type);
        return fail(Fault::InvalidObjectType, message);
    }
    custody::in_software(custody::permitted(request.protection_storage_masks.as_ref())?)?;
    make::require_raw(request.attributes.as_ref())?;
    let mut plan = plan(context, &request)?;
    let held = request.unique_identifier.as_ref().map(|id| existing(context, id)).transpose()?;
    let first = new_part(context, request.attributes.as_ref(), held.as_ref().and_then(|held| held.record.as_ref()))?;
    let whole = match held {
        Some(held) => held,
        None => Whole { secret: generated(context, &first)?, record: None },
    };
    if plan.kind == SplitKeyMethod::PolynomialSharingPrimeField && plan.size.is_none() {
        plan.size = Some(Prime::for_secret(whole.secret.len())?);
    }
    plan.polynomial = registered::polynomial_of(&first, context.version);
    let split = split(context, &plan, &whole, request.prime_field_size.is_some())?;
    let mut records = vec![first];
    for _ in 1..plan.parts {
        records.push(new_part(context, request.attributes.as_ref(), whole.record.as_ref())?);
    }
    let mut parts: Vec<Text> = Vec::new();
    for (number, (mut record, part)) in (1_u16..).zip(records.into_iter().zip(split)) {
        parts.push(record.id.clone());
        record.split = parts.first().cloned();
        hold(context, record, &plan, number, part, &whole)?;
    }
    context.give_parts(&parts);
    let unique_identifier = parts.into_iter().map(UniqueIdentifier::Text).collect();
    Ok(CreateSplitKeyResponse { object_type: Some(ObjectType::SplitKey), unique_identifier, attributes: None })
}

fn plan(context: &Context<'_>, request: &CreateSplitKeyRequest) -> OpResult<Plan> {
    let kind = request.split_key_method;
    if !attributes::is_live(kind, context.version) {
        return fail(Fault::UnsupportedParameters, format!("KMIP {} has no Split Key Method {kind}", context.version));
    }
    let (parts, threshold) = (request.split_key_parts, request.split_key_threshold);
    let most = sharing::MOST_PARTS;
    if !(2..=most).contains(&parts) || !(2..=parts).contains(&threshold) {
        let message = format!("a key has 2 to {most} parts, and a threshold of 2 at least and of all parts at most");
        return fail(Fault::BadCryptographicParameters, message);
    }
    if kind == SplitKeyMethod::XOR && parts != threshold {
        return fail(Fault::BadCryptographicParameters, "XOR needs all parts: the threshold is their number");
    }
    let small = |number| u16::try_from(number).unwrap_or(u16::MAX);
    let size = request.prime_field_size.as_ref().map(Prime::of).transpose()?;
    let polynomial = registered::polynomial(context.version);
    Ok(Plan { parts: small(parts), threshold: small(threshold), kind, polynomial, size })
}

/// A key that the server holds. Its state does not matter: a key that is no longer used is kept in parts, too.
fn existing(context: &mut Context<'_>, id: &UniqueIdentifier) -> OpResult<Whole> {
    let id = context.target(Some(id))?;
    let record = context.txn.object(&id)?.as_ref().clone();
    if !matches!(record.object_type, ObjectType::SymmetricKey | ObjectType::PrivateKey | ObjectType::SecretData) {
        return fail(Fault::WrongObjectType, format!("a {} is not split", record.object_type));
    }
    if record.destroyed {
        return fail(Fault::ObjectDestroyed, format!("the object {:?} was destroyed", id.as_str()));
    }
    state::must_be_online(&record)?;
    let secret = key::material(context, &record)?;
    if secret.is_empty() {
        return fail(Fault::BadCryptographicParameters, "the object has no bytes to split");
    }
    Ok(Whole { secret, record: Some(record) })
}

/// The record of a part, yet without material.
fn new_part(context: &mut Context<'_>, bag: Option<&Bag>, whole: Option<&Record>) -> OpResult<Record> {
    let mut record = make::new_record(context, ObjectType::SplitKey, &[bag], Origin::Server)?;
    for tag in DESCRIBING {
        let reference = AttributeReference::Tag(tag);
        let Some(whole) = whole.filter(|whole| whole.instances(&reference).next().is_some()) else { continue };
        record.attributes.retain(|instance| instance.attribute.tag() != tag);
        record.attributes.extend(whole.instances(&reference).cloned());
    }
    make::claim_names(context, &record)?;
    Ok(record)
}

/// The material of a new key with the attributes of the parts.
fn generated(context: &Context<'_>, part: &Record) -> OpResult<Secret> {
    let algorithm = attribute_of!(part, CryptographicAlgorithm).copied();
    let algorithm =
        algorithm.ok_or_else(|| OpError::new(Fault::MissingAttribute, "Cryptographic Algorithm is required"))?;
    let (spec, _) = key_spec(algorithm, attribute_of!(part, CryptographicLength).copied())?;
    let vault = context.engine.vault.as_ref();
    let bound = Bound::of(part);
    let Generated::Symmetric(sealed) = vault.generate(spec, bound.binding())? else {
        return fail(Fault::Internal, "the vault made something else than a symmetric key");
    };
    let secret = vault.open(&sealed, bound.binding())?;
    vault.destroy(&sealed, bound.binding())?;
    Ok(secret)
}

fn split(context: &Context<'_>, plan: &Plan, whole: &Whole, is_clients: bool) -> OpResult<Vec<Secret>> {
    let vault = context.engine.vault.as_ref();
    let random = |bytes: &mut [u8]| vault.random(bytes);
    if let Some(prime) = &plan.size {
        context.txn.long_work()?;
        if is_clients {
            prime.check(whole.secret.len(), &random)?;
        }
    }
    let method = Method::named(plan.kind, plan.size.clone(), plan.polynomial)?;
    if method.is_long(whole.secret.len(), plan.parts.into(), plan.threshold.into()) {
        context.txn.long_work()?;
    }
    method.split(&whole.secret, plan.parts, plan.threshold, &random)
}

/// Gives a part its material, and stores it.
fn hold(
    context: &mut Context<'_>,
    mut record: Record,
    plan: &Plan,
    number: u16,
    part: Secret,
    whole: &Whole,
) -> OpResult<()> {
    let of_secret_data = whole.record.as_ref().is_some_and(|whole| whole.object_type == ObjectType::SecretData);
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    if of_secret_data || attribute_of!(record, CryptographicLength).is_none() {
        record.set(Attribute::CryptographicLength(bits_of(&whole.secret)));
    }
    let length = attribute_of!(record, CryptographicLength).copied();
    record.set(Attribute::KeyFormatType(KeyFormatType::Raw));
    let value = KeyValueStructure { key_material: KeyMaterial::Bytes(part), attributes: None };
    let split_key = SplitKey {
        split_key_parts: plan.parts.into(),
        key_part_identifier: number.into(),
        split_key_threshold: plan.threshold.into(),
        split_key_method: plan.kind,
        prime_field_size: plan.size.as_ref().map(Prime::size),
        key_block: KeyBlock {
            key_format_type: KeyFormatType::Raw,
            key_compression_type: None,
            key_value: Some(KeyValue::Plain(Box::new(value))),
            cryptographic_algorithm: algorithm,
            cryptographic_length: length.filter(|_| algorithm.is_some()),
            key_wrapping_data: None,
        },
    };
    registered::describe_split(&mut record, &split_key, context.version)?;
    make::complete(context, &mut record, Origin::Server);
    if let Some(whole) = &whole.record {
        inherit(&mut record, whole);
    }
    let object = ManagedObject::SplitKey(Box::new(split_key));
    make::set_digests(&mut record, &object);
    material::store(context.engine.vault.as_ref(), &mut record, object)?;
    make::put(context, record)
}

/// Length of a key in bits.
fn bits_of(secret: &Secret) -> i32 {
    i32::try_from(secret.len().saturating_mul(8)).unwrap_or(i32::MAX)
}

/// What a part has of its key: what that always or never was, and where it comes from (3.0).
fn inherit(record: &mut Record, whole: &Record) {
    record.attributes.retain(|instance| !matches!(instance.attribute, Attribute::RandomNumberGenerator(_)));
    for attribute in [
        attribute_of!(whole, AlwaysSensitive).copied().map(Attribute::AlwaysSensitive),
        attribute_of!(whole, NeverExtractable).copied().map(Attribute::NeverExtractable),
    ] {
        attribute.into_iter().for_each(|attribute| record.set(attribute));
    }
    let base = UniqueIdentifier::Text(whole.id.clone());
    record.set(Attribute::LinkByTag(Tag::SplitKeyBaseLink, base));
}
