//! Create Key Pair (KMIP 1.4 §4.2, KMIP 2.1 §6.1.9): the vault generates a private and a public key.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::object::{
    KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, PrivateKey as PrivateKeyObject,
    PublicKey as PublicKeyObject,
};
use kmip_codec::operation::create_key_pair::{CreateKeyPairRequest, CreateKeyPairResponse};
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, LinkType, ObjectType, Operation, RecommendedCurve,
    Tag,
};

use super::create::require_usage_mask;
use crate::attributes::usage_mask;
use crate::batch::Context;
use crate::custody::{self, Permitted};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::material::{self, Bound};
use crate::object::{Record, attribute_of};
use crate::ports::post_quantum::PostQuantum;
use crate::ports::resident::Residence;
use crate::ports::vault::{Curve, Generated, KeySpec, KeyVault};
use crate::{formats, make};

/// The records of a private key and of its public key.
pub(super) struct Pair {
    pub private: Record,
    pub public: Record,
}

pub(super) fn create_key_pair(
    context: &mut Context<'_>,
    request: CreateKeyPairRequest,
) -> OpResult<CreateKeyPairResponse> {
    let CreateKeyPairRequest { common_attributes: common, private_key_attributes, public_key_attributes, .. } =
        &request;
    let common_masks = request.common_protection_storage_masks.as_ref();
    let masks = [&request.private_protection_storage_masks, &request.public_protection_storage_masks];
    let storage = storage_of_pair(masks.map(|own| own.as_ref().or(common_masks)))?;
    let private_bags = [common.as_ref(), private_key_attributes.as_ref()];
    let public_bags = [common.as_ref(), public_key_attributes.as_ref()];
    let private = make::new_record(context, ObjectType::PrivateKey, &private_bags, Origin::Server)?;
    let public = make::new_record(context, ObjectType::PublicKey, &public_bags, Origin::Server)?;
    let mut pair = Pair { private, public };
    require_usage_mask(&pair.private)?;
    require_usage_mask(&pair.public)?;
    generate(context, &mut pair, storage)?;
    let (private, public) = store(context, Operation::CreateKeyPair, pair)?;
    Ok(CreateKeyPairResponse {
        private_key_unique_identifier: private,
        public_key_unique_identifier: public,
        private_key_attributes: None,
        public_key_attributes: None,
    })
}

/// The storage that the keys of a pair may have.
#[derive(Debug, Clone, Copy)]
pub(super) struct PairStorage {
    pub private: Permitted,
    public: Permitted,
}

/// The storage that a request permits for its private and its public key. Refuses what this server never offers.
pub(super) fn storage_of_pair([private, public]: [Option<&ProtectionStorageMasks>; 2]) -> OpResult<PairStorage> {
    let private = custody::permitted(private).map_err(of_private)?;
    Ok(PairStorage { private, public: custody::permitted(public).map_err(of_public)? })
}

/// The reason of a refusal that is about the public key.
fn of_public(error: OpError) -> OpError {
    OpError { fault: Fault::PublicProtectionStorage, ..error }
}

/// The reason of a refusal that is about the private key.
fn of_private(error: OpError) -> OpError {
    match error.fault {
        Fault::ProtectionStorage => OpError { fault: Fault::PrivateProtectionStorage, ..error },
        _ => error,
    }
}

/// Stores a generated pair, and tells the batch its identifiers: private, public.
pub(super) fn store(
    context: &mut Context<'_>,
    operation: Operation,
    pair: Pair,
) -> OpResult<(UniqueIdentifier, UniqueIdentifier)> {
    let (private, public) = (pair.private.id.clone(), pair.public.id.clone());
    make::put(context, pair.private)?;
    make::put(context, pair.public)?;
    context.give_pair(operation, &private, &public);
    Ok((UniqueIdentifier::Text(private), UniqueIdentifier::Text(public)))
}

/// Generates the keys of two records that have their attributes, links and completes them. Names are taken before.
pub(super) fn generate(context: &mut Context<'_>, pair: &mut Pair, storage: PairStorage) -> OpResult<()> {
    agree(pair)?;
    let algorithm = attribute_of!(pair.private, CryptographicAlgorithm).copied();
    let algorithm =
        algorithm.ok_or_else(|| OpError::new(Fault::MissingAttribute, "Cryptographic Algorithm is required"))?;
    let spec = key_spec(algorithm, &pair.private, &context.engine.vault.describe().generates)?;
    make::link(&mut pair.private, LinkType::PublicKeyLink, &pair.public.id);
    make::link(&mut pair.public, LinkType::PrivateKeyLink, &pair.private.id);
    make::claim_names(context, &pair.private)?;
    make::claim_names(context, &pair.public)?;
    if matches!(spec, KeySpec::Rsa { .. } | KeySpec::PostQuantum { set: PostQuantum::SlhDsa(_) }) {
        context.txn.long_work()?;
    }
    let bits = length_of(spec);
    pair.private.set(Attribute::CryptographicLength(bits));
    pair.public.set(Attribute::CryptographicLength(bits));
    let residence = residence_of(context, &pair.private, storage.private, spec)?;
    custody::in_software(storage.public).map_err(of_public)?;
    let public = generate_private(context, &mut pair.private, spec, algorithm, residence)?;
    let requested = attribute_of!(pair.public, KeyFormatType).copied();
    let (format, key) = formats::generated_public(algorithm, &public, requested)?;
    hold(context.engine.vault.as_ref(), &mut pair.public, format, key)?;
    make::complete(context, &mut pair.private, Origin::Server);
    make::complete(context, &mut pair.public, Origin::Server);
    Ok(())
}

/// Attributes that have the same value in both keys (KMIP 1.4 table 168, KMIP 2.1 table 191): what only one of them was
/// given, the other gets too.
fn agree(pair: &mut Pair) -> OpResult<()> {
    let shared = [
        Tag::CryptographicAlgorithm,
        Tag::CryptographicLength,
        Tag::CryptographicDomainParameters,
        Tag::CryptographicParameters,
    ];
    for reference in shared.map(AttributeReference::Tag) {
        let values = |record: &Record| -> Vec<Attribute> {
            record.instances(&reference).map(|instance| instance.attribute.clone()).collect()
        };
        let (private, public) = (values(&pair.private), values(&pair.public));
        if public.is_empty() {
            for attribute in private {
                pair.public.add(attribute);
            }
        } else if private.is_empty() {
            for attribute in public {
                pair.private.add(attribute);
            }
        } else if private.len() != public.len() || !private.iter().all(|attribute| public.contains(attribute)) {
            let name = reference.name();
            let message = format!("{}: private and public key must have the same value", name.as_str());
            return fail(Fault::InvalidAttributeValue, message);
        }
    }
    Ok(())
}

/// What the vault generates for a key with these attributes.
fn key_spec(algorithm: CryptographicAlgorithm, record: &Record, offered: &[KeySpec]) -> OpResult<KeySpec> {
    let length = attribute_of!(record, CryptographicLength).copied();
    let domain = attribute_of!(record, CryptographicDomainParameters);
    let spec = match algorithm {
        CryptographicAlgorithm::RSA => {
            KeySpec::Rsa { bits: u32::try_from(length.unwrap_or(2_048)).unwrap_or_default() }
        }
        CryptographicAlgorithm::Ed25519 => KeySpec::Ec { curve: Curve::Ed25519 },
        elliptic if formats::is_elliptic(elliptic) => {
            let bits = length.or(domain.and_then(|domain| domain.qlength));
            let curve = match domain.and_then(|domain| domain.recommended_curve) {
                Some(RecommendedCurve::CURVE25519) => curve_25519(algorithm, usage_mask(record))?,
                name => curve(name, bits)?,
            };
            KeySpec::Ec { curve }
        }
        other => match PostQuantum::named(other) {
            Some(set) => KeySpec::PostQuantum { set },
            None => {
                return fail(Fault::InvalidAttributeValue, format!("this server generates no pairs of {other} keys"));
            }
        },
    };
    if length.is_some_and(|length| length != length_of(spec)) {
        let message = format!("Cryptographic Length is not {}, that of the curve or algorithm", length_of(spec));
        return fail(Fault::InvalidAttributeValue, message);
    }
    if !offered.contains(&spec) {
        let bits = length_of(spec);
        return fail(Fault::InvalidAttributeValue, format!("this server generates no {algorithm} keys of {bits} bits"));
    }
    Ok(spec)
}

/// Curves by name, and the length by which each is meant when no name is given: P-256 and not secp256k1.
const CURVES: [(RecommendedCurve, Option<i32>, Curve); 5] = [
    (RecommendedCurve::P_224, Some(224), Curve::P224),
    (RecommendedCurve::P_256, Some(256), Curve::P256),
    (RecommendedCurve::P_384, Some(384), Curve::P384),
    (RecommendedCurve::P_521, Some(521), Curve::P521),
    (RecommendedCurve::SECP256K1, None, Curve::Secp256k1),
];

/// The curve with a name, if the vault may have keys on it.
pub(crate) fn curve_named(name: RecommendedCurve) -> Option<Curve> {
    CURVES.iter().find(|(listed, ..)| *listed == name).map(|(.., curve)| *curve)
}

/// The curve by its name, else by the length of its keys; P-256 if the client leaves the choice to the server.
fn curve(name: Option<RecommendedCurve>, bits: Option<i32>) -> OpResult<Curve> {
    let found = match name {
        Some(name) => CURVES.iter().find(|(listed, ..)| *listed == name),
        None => CURVES.iter().find(|(_, length, _)| *length == Some(bits.unwrap_or(256))),
    };
    match (found, name, bits) {
        (Some((.., curve)), ..) => Ok(*curve),
        (None, Some(name), _) => {
            fail(Fault::InvalidAttributeValue, format!("this server generates no keys on the curve {name}"))
        }
        (None, None, bits) => {
            let bits = bits.unwrap_or_default();
            fail(Fault::InvalidAttributeValue, format!("this server generates no keys on a curve of {bits} bits"))
        }
    }
}

/// CURVE25519 is the name of a curve in two forms. ECDH means X25519 (RFC 7748); EC leaves it to the use of the private key:
/// Ed25519 signs (RFC 8032), X25519 agrees on keys. ECDSA and ECMQV are not defined on it.
fn curve_25519(algorithm: CryptographicAlgorithm, usage: CryptographicUsageMask) -> OpResult<Curve> {
    let agrees = usage.intersects(CryptographicUsageMask::DeriveKey | CryptographicUsageMask::KeyAgreement);
    let signs = usage.intersects(CryptographicUsageMask::Sign);
    match (algorithm, agrees, signs) {
        (CryptographicAlgorithm::ECDH, _, false) | (CryptographicAlgorithm::EC, true, false) => Ok(Curve::X25519),
        (CryptographicAlgorithm::EC, false, true) => Ok(Curve::Ed25519),
        (CryptographicAlgorithm::EC | CryptographicAlgorithm::ECDH, ..) => fail(
            Fault::InvalidAttributeValue,
            "a key on CURVE25519 either signs (Ed25519) or derives keys (X25519): the Cryptographic Usage Mask of the \
             private key must say which",
        ),
        _ => fail(Fault::InvalidAttributeValue, format!("there are no {algorithm} keys on CURVE25519")),
    }
}

/// Cryptographic Length of a generated key.
fn length_of(spec: KeySpec) -> i32 {
    let bits = match spec {
        KeySpec::Symmetric { bits } | KeySpec::Rsa { bits } => bits,
        KeySpec::TripleDes { bytes } => bytes.saturating_mul(8),
        KeySpec::Ec { curve: Curve::P256 | Curve::Secp256k1 | Curve::Ed25519 | Curve::X25519 } => 256,
        KeySpec::Ec { curve: Curve::P224 } => 224,
        KeySpec::Ec { curve: Curve::P384 } => 384,
        KeySpec::Ec { curve: Curve::P521 } => 521,
        KeySpec::PostQuantum { set } => return set.bits(),
    };
    i32::try_from(bits).unwrap_or(i32::MAX)
}

/// How the private key is kept. In hardware it has one form: a request for another is one for software.
fn residence_of(
    context: &Context<'_>,
    private: &Record,
    permitted: Permitted,
    spec: KeySpec,
) -> OpResult<Option<Residence>> {
    let other_form = attribute_of!(private, KeyFormatType).is_some_and(|format| *format != KeyFormatType::PKCS_8);
    let kind = if other_form { None } else { custody::pair_kind(spec) };
    custody::decide(context, private, permitted, kind).map_err(of_private)
}

/// Generates the private key of a record, in the format that the request states or in the usual one; gives the public key
/// as `SubjectPublicKeyInfo`.
fn generate_private(
    context: &mut Context<'_>,
    record: &mut Record,
    spec: KeySpec,
    algorithm: CryptographicAlgorithm,
    residence: Option<Residence>,
) -> OpResult<Vec<u8>> {
    let requested = attribute_of!(record, KeyFormatType).copied();
    record.object = Some(object_of(record, KeyFormatType::PKCS_8, None));
    let Generated::Pair { private: sealed, public } = make::generate(context, record, spec, residence)? else {
        return fail(Fault::Internal, "the vault made something else than a key pair");
    };
    let vault = context.engine.vault.as_ref();
    if residence.is_some() {
        record.set(Attribute::KeyFormatType(KeyFormatType::PKCS_8));
        material::store_generated(record, sealed);
        return Ok(public);
    }
    let pkcs8 = vault.open(&sealed, Bound::of(record).binding())?;
    let (format, key) = formats::generated_private(algorithm, pkcs8, requested)?;
    if format == KeyFormatType::PKCS_8 {
        record.set(Attribute::KeyFormatType(format));
        make::set_digests(record, &object_of(record, format, Some(key)));
        material::store_generated(record, sealed);
    } else {
        vault.destroy(&sealed, Bound::of(record).binding())?;
        hold(vault, record, format, key)?;
    }
    Ok(public)
}

/// Gives a record its key, sealed.
fn hold(vault: &dyn KeyVault, record: &mut Record, format: KeyFormatType, key: KeyMaterial) -> OpResult<()> {
    record.set(Attribute::KeyFormatType(format));
    let object = object_of(record, format, Some(key));
    make::set_digests(record, &object);
    material::store(vault, record, object)
}

/// The managed object of a record, with its key material or yet without.
fn object_of(record: &Record, format: KeyFormatType, key: Option<KeyMaterial>) -> ManagedObject {
    let value = |key_material| KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None }));
    let key_block = KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: key.map(value),
        cryptographic_algorithm: attribute_of!(record, CryptographicAlgorithm).copied(),
        cryptographic_length: attribute_of!(record, CryptographicLength).copied(),
        key_wrapping_data: None,
    };
    match record.object_type {
        ObjectType::PrivateKey => ManagedObject::PrivateKey(Box::new(PrivateKeyObject { key_block })),
        _ => ManagedObject::PublicKey(Box::new(PublicKeyObject { key_block })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::post_quantum::ROWS;
    use kmip_codec::inline::Text;

    /// KMIP 3.0 names post-quantum algorithms, earlier versions cannot: the rule is tested here, and not by messages.
    #[test]
    fn post_quantum_pairs_follow_from_the_algorithm() {
        let mut record = Record::new(Text::from("id"), Text::from("scope"), ObjectType::PrivateKey);
        let offered: Vec<KeySpec> = ROWS.iter().map(|row| KeySpec::PostQuantum { set: row.set }).collect();
        for row in ROWS {
            let spec = KeySpec::PostQuantum { set: row.set };
            record.attributes.clear();
            assert_eq!(key_spec(row.algorithm, &record, &offered).ok(), Some(spec));
            assert!(key_spec(row.algorithm, &record, &[]).is_err(), "{:?} of a vault that makes none", row.set);
            record.set(Attribute::CryptographicLength(length_of(spec)));
            assert_eq!(key_spec(row.algorithm, &record, &offered).ok(), Some(spec));
            record.set(Attribute::CryptographicLength(256 * 7));
            assert!(key_spec(row.algorithm, &record, &offered).is_err(), "{:?} of another length", row.set);
        }
    }
}
