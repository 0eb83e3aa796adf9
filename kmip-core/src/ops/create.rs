//! Create (KMIP 1.4 §4.1, KMIP 2.1 §6.1.8): the vault generates a symmetric key, or secret data (from 2.0), which is a seed:
//! the request has no field for another Secret Data Type.

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::object::{KeyBlock, ManagedObject, SecretData, SymmetricKey};
use kmip_codec::operation::create::{CreateRequest, CreateResponse};
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, ObjectType, Operation, SecretDataType};
use kmip_codec::version::V2_0;

use crate::batch::Context;
use crate::custody::{self, Permitted};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::make;
use crate::material;
use crate::object::{Record, attribute_of};
use crate::ports::resident::Residence;
use crate::ports::vault::{Generated, KeySpec};

/// Bits of secret data: what is made if the request does not say, and the most.
const USUAL_SECRET: i32 = 256;
const LONGEST_SECRET: i32 = 4_096;

pub(super) fn create(context: &mut Context<'_>, request: CreateRequest) -> OpResult<CreateResponse> {
    let makes_secrets = context.version >= V2_0 && request.object_type == ObjectType::SecretData;
    if request.object_type != ObjectType::SymmetricKey && !makes_secrets {
        let message =
            format!("Create makes symmetric keys and, from KMIP 2.0, secret data; not {}", request.object_type);
        return fail(Fault::InvalidObjectType, message);
    }
    let permitted = custody::permitted(request.protection_storage_masks.as_ref())?;
    let bags = [request.attributes.as_ref()];
    let mut record = make::new_record(context, request.object_type, &bags, Origin::Server)?;
    require_usage_mask(&record)?;
    bags.iter().try_for_each(|bag| make::require_raw(*bag))?;
    match request.object_type {
        ObjectType::SecretData => generate_secret(context, &mut record, permitted)?,
        _ => generate(context, &mut record, permitted)?,
    }
    let id = record.id.clone();
    make::put(context, record)?;
    context.give(Operation::Create, &id);
    Ok(CreateResponse {
        object_type: request.object_type,
        unique_identifier: UniqueIdentifier::Text(id),
        attributes: None,
    })
}

/// Cryptographic Usage Mask is required of new keys (KMIP 1.4 table 165).
pub(super) fn require_usage_mask(record: &Record) -> OpResult<()> {
    match attribute_of!(record, CryptographicUsageMask) {
        Some(_) => Ok(()),
        None => fail(Fault::MissingAttribute, "Cryptographic Usage Mask is required"),
    }
}

/// Generates the key of a record that has its attributes, and completes it.
pub(super) fn generate(context: &mut Context<'_>, record: &mut Record, permitted: Permitted) -> OpResult<()> {
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    let algorithm =
        algorithm.ok_or_else(|| OpError::new(Fault::MissingAttribute, "Cryptographic Algorithm is required"))?;
    let (spec, bits) = key_spec(algorithm, attribute_of!(record, CryptographicLength).copied())?;
    record.set(Attribute::CryptographicLength(bits));
    record.set(Attribute::KeyFormatType(KeyFormatType::Raw));
    let key_block = raw(Some((algorithm, bits)));
    record.object = Some(ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block })));
    let residence = custody::decide(context, record, permitted, custody::symmetric_kind(algorithm, spec))?;
    finish(context, record, spec, residence)
}

/// Generates the material of a record that has its object, and completes it.
fn finish(context: &mut Context<'_>, record: &mut Record, spec: KeySpec, residence: Option<Residence>) -> OpResult<()> {
    let Generated::Symmetric(sealed) = make::generate(context, record, spec, residence)? else {
        return fail(Fault::Internal, "the vault made something else than a symmetric key");
    };
    material::store_generated(record, sealed);
    make::complete(context, record, Origin::Server);
    if residence.is_none() {
        make::set_digests(record, &material::load(context.engine.vault.as_ref(), record)?);
    }
    Ok(())
}

/// A key block that waits for its material; a key has an algorithm and a length.
fn raw(of: Option<(CryptographicAlgorithm, i32)>) -> KeyBlock {
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: None,
        cryptographic_algorithm: of.map(|(algorithm, _)| algorithm),
        cryptographic_length: of.map(|(_, bits)| bits),
        key_wrapping_data: None,
    }
}

/// Generates secret data.
fn generate_secret(context: &mut Context<'_>, record: &mut Record, permitted: Permitted) -> OpResult<()> {
    custody::in_software(permitted)?;
    let bits = attribute_of!(record, CryptographicLength).copied().unwrap_or(USUAL_SECRET);
    if !(8..=LONGEST_SECRET).contains(&bits) || bits % 8 != 0 {
        let message = format!("Cryptographic Length of secret data is 8 to {LONGEST_SECRET} bits, in whole bytes");
        return fail(Fault::InvalidAttributeValue, message);
    }
    record.set(Attribute::CryptographicLength(bits));
    record.set(Attribute::KeyFormatType(KeyFormatType::Raw));
    let key_block = raw(None);
    let secret_data = SecretData { secret_data_type: SecretDataType::Seed, key_block };
    record.object = Some(ManagedObject::SecretData(Box::new(secret_data)));
    finish(context, record, KeySpec::Symmetric { bits: bits.unsigned_abs() }, None)
}

/// What the vault generates for an algorithm and a length in bits, and the length that the key then has.
pub(super) fn key_spec(algorithm: CryptographicAlgorithm, length: Option<i32>) -> OpResult<(KeySpec, i32)> {
    use CryptographicAlgorithm as A;
    let (default, lengths): (i32, &[i32]) = match algorithm {
        A::AES => (256, &[128, 192, 256]),
        A::DES3 => (168, &[112, 128, 168, 192]),
        A::ChaCha20 | A::ChaCha20Poly1305 => (256, &[256]),
        A::Camellia | A::ARIA => (256, &[128, 192, 256]),
        A::SEED | A::IDEA => (128, &[128]),
        A::SKIPJACK => (80, &[80]),
        A::HMAC_SHA1 => (160, &[]),
        A::HMAC_SHA224 | A::HMAC_SHA3_224 => (224, &[]),
        A::HMAC_SHA256 | A::HMAC_SHA3_256 => (256, &[]),
        A::HMAC_SHA384 | A::HMAC_SHA3_384 => (384, &[]),
        A::HMAC_SHA512 | A::HMAC_SHA3_512 => (512, &[]),
        A::Blowfish | A::CAST5 | A::Twofish => (128, &[]),
        other => return fail(Fault::InvalidAttributeValue, format!("Create makes no {other} keys")),
    };
    let bits = length.unwrap_or(default);
    let fits = if lengths.is_empty() { (40..=4_096).contains(&bits) && bits % 8 == 0 } else { lengths.contains(&bits) };
    if !fits {
        let message = format!("Cryptographic Length {bits} is not one that {algorithm} keys have");
        return fail(Fault::InvalidAttributeValue, message);
    }
    let spec = match (algorithm, bits) {
        (A::DES3, 112 | 128) => KeySpec::TripleDes { bytes: 16 },
        (A::DES3, _) => KeySpec::TripleDes { bytes: 24 },
        _ => KeySpec::Symmetric { bits: bits.unsigned_abs() },
    };
    Ok((spec, bits))
}
