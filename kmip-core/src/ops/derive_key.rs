//! Derive Key (KMIP 1.4 §4.6, KMIP 2.1 §6.1.14): a new key or secret data from keys and secret data that the server holds.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::inline::Text;
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, SecretData, SymmetricKey};
use kmip_codec::operation::derive_key::{DerivationParameters, DeriveKeyRequest, DeriveKeyResponse};
use kmip_codec::registry::{
    CryptographicAlgorithm, DerivationMethod, HashingAlgorithm, KeyFormatType, LinkType, ObjectType, Operation,
    SecretDataType,
};
use kmip_codec::secret::Secret;

use crate::batch::Context;
use crate::cryptography::derivation::{self, Inputs, Plan, aws_signature};
use crate::cryptography::key::{self, Prepared, Use};
use crate::cryptography::parameters;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::ports::crypto::Derivation;
use crate::txn::View;
use crate::{attributes, formats, make, material};

/// Bytes that one request may derive.
const MOST: i32 = 8_192;

pub(super) fn derive_key(context: &mut Context<'_>, request: DeriveKeyRequest) -> OpResult<DeriveKeyResponse> {
    let DeriveKeyRequest { object_type, unique_identifier, derivation_method, derivation_parameters, attributes } =
        request;
    if !matches!(object_type, ObjectType::SymmetricKey | ObjectType::SecretData) {
        return fail(Fault::InvalidObjectType, format!("Derive Key makes no {object_type} objects"));
    }
    let bases = bases(context, &unique_identifier)?;
    let record = new_record(context, object_type, attributes)?;
    let length = length_in_bytes(&record)?;
    make::claim_names(context, &record)?;
    let derived = derive(context, derivation_method, derivation_parameters, &bases, length)?;
    let id = keep(context, record, bases, derived)?;
    Ok(DeriveKeyResponse { unique_identifier: UniqueIdentifier::Text(id), attributes: None })
}

/// A key agreement with a public key that is no object here, as PKCS#11 has it (CKM_ECDH1_DERIVE, PKCS#11 3.0 §2.3.14).
pub(crate) struct Agreement {
    /// The private key.
    pub private: Text,
    /// `SubjectPublicKeyInfo` (DER) of the other party.
    pub public: Vec<u8>,
    /// Bytes of the shared secret of their curve.
    pub secret_bytes: usize,
    /// How a key is made of the secret: by ANSI X9.63 with a hash and what both parties know, or as its last bytes.
    pub x963: Option<(HashingAlgorithm, Vec<u8>)>,
    /// Attributes of the symmetric key.
    pub attributes: Bag,
}

/// Derives a symmetric key by key agreement, with the rules of Derive Key.
pub(crate) fn agree(context: &mut Context<'_>, agreement: Agreement) -> OpResult<Text> {
    let Agreement { private, public, secret_bytes, x963, attributes } = agreement;
    let base = key::usable(context, &private, Use::Derive)?;
    if base.object_type != ObjectType::PrivateKey {
        return fail(Fault::WrongObjectType, "key agreement needs a private key");
    }
    let record = new_record(context, ObjectType::SymmetricKey, Some(attributes))?;
    let length = length_in_bytes(&record)?;
    make::claim_names(context, &record)?;
    let prepared = Prepared::new(context, &base)?;
    let vault = context.engine.vault.as_ref();
    let how = Derivation::Agreement { public: &public };
    let secret = prepared.with(|key| vault.derive(Some(key), &how, secret_bytes))?;
    let derived = match x963 {
        Some((name, shared)) => derivation::x963(vault, parameters::hash(name)?, &secret, &shared, length)?,
        None => {
            let skipped = secret.len().checked_sub(length);
            let last = skipped.and_then(|skipped| secret.expose_secret().get(skipped..));
            last.map_or_else(|| too_short(&secret), |last| Ok(Secret::copy_from(last)))?
        }
    };
    keep(context, record, vec![base], derived)
}

/// Makes the derived object one of the store.
fn keep(context: &mut Context<'_>, mut record: Record, bases: Vec<View>, derived: Secret) -> OpResult<Text> {
    link(context, &mut record, bases)?;
    hold(context, &mut record, derived)?;
    let id = record.id.clone();
    make::put(context, record)?;
    context.give(Operation::DeriveKey, &id);
    Ok(id)
}

/// The objects to derive from. The ID Placeholder is none of them unless the request names it.
fn bases(context: &mut Context<'_>, ids: &[UniqueIdentifier]) -> OpResult<Vec<View>> {
    let ids = context.resolve_all(ids)?;
    if ids.is_empty() || ids.len() > 2 {
        return fail(Fault::InvalidField, "Derive Key takes one or two Unique Identifiers");
    }
    ids.iter().map(|id| key::usable(context, id, Use::Derive)).collect()
}

/// The record of the derived object. Its length stands among the attributes, even of secret data, which have none in 1.x.
fn new_record(context: &mut Context<'_>, object_type: ObjectType, bag: Option<Bag>) -> OpResult<Record> {
    let mut bag = bag.unwrap_or_else(|| [].into_iter().collect());
    let mut length = None;
    if object_type == ObjectType::SecretData {
        bag.items.retain(|instance| match instance.attribute {
            Attribute::CryptographicLength(bits) => {
                length = Some(bits);
                false
            }
            _ => true,
        });
    }
    // Without a Cryptographic Usage Mask the object has no use until it is given one, as with Register.
    let mut record = make::new_record(context, object_type, &[Some(&bag)], Origin::Server)?;
    length.into_iter().for_each(|bits| record.set(Attribute::CryptographicLength(bits)));
    make::require_raw(Some(&bag))?;
    Ok(record)
}

/// Bytes to derive: any number, whatever lengths the keys of an algorithm have. Of 3DES keys the length may leave out parity.
fn length_in_bytes(record: &Record) -> OpResult<usize> {
    let bits = attribute_of!(record, CryptographicLength).copied();
    let bits = bits.ok_or_else(|| OpError::new(Fault::MissingAttribute, "Cryptographic Length is required"))?;
    let algorithm = key::algorithm(record);
    if record.object_type == ObjectType::SymmetricKey {
        match algorithm {
            None => return fail(Fault::MissingAttribute, "Cryptographic Algorithm is required"),
            Some(pairs) if formats::is_asymmetric(pairs) => {
                return fail(Fault::InvalidAttributeValue, format!("a {pairs} key is not symmetric"));
            }
            Some(_) => {}
        }
    }
    let bits = match (algorithm, bits) {
        (Some(CryptographicAlgorithm::DES3), 112) => 128,
        (Some(CryptographicAlgorithm::DES3), 168) => 192,
        _ => bits,
    };
    match (bits.checked_div(8), bits.checked_rem(8)) {
        (Some(bytes @ 1..=MOST), Some(0)) => Ok(bytes.unsigned_abs() as usize),
        _ => fail(
            Fault::InvalidAttributeValue,
            format!("Cryptographic Length is 8 to {} bits, in whole bytes", 8 * MOST),
        ),
    }
}

fn derive(
    context: &mut Context<'_>,
    method: DerivationMethod,
    parameters: DerivationParameters,
    bases: &[View],
    length: usize,
) -> OpResult<Secret> {
    if !attributes::is_live(method, context.version) {
        return fail(Fault::InvalidField, format!("KMIP {} has no Derivation Method {method}", context.version));
    }
    let (key, other) = roles(bases)?;
    if method == DerivationMethod::AWSSignatureVersion4 {
        let secret = key::material(context, key)?;
        let made = aws_signature(context.engine.vault.as_ref(), &secret, &parameters.derivation_data)?;
        return leading(&made, length);
    }
    let mut inputs =
        Inputs { key, algorithm: key::algorithm(key), data: data(context, method, &parameters, other)?, public: None };
    if method == DerivationMethod::AsymmetricKey {
        inputs.public = public(context, key, other)?;
    } else if key.object_type == ObjectType::PrivateKey {
        return fail(Fault::WrongObjectType, "a private key is for key agreement");
    }
    let plan = Plan::new(method, &parameters, inputs)?;
    let prepared = Prepared::new(context, key)?;
    if plan.is_long() {
        context.txn.long_work()?;
    }
    let vault = context.engine.vault.as_ref();
    prepared.with(|key| vault.derive(Some(key), &plan.derivation(), length))
}

/// The derivation key, and what stands beside it: secret data as Derivation Data, or the public key of the other party.
fn roles(bases: &[View]) -> OpResult<(&Record, Option<&Record>)> {
    let is_beside = |record: &Record| matches!(record.object_type, ObjectType::SecretData | ObjectType::PublicKey);
    match bases {
        [only] if only.object_type != ObjectType::PublicKey => Ok((only, None)),
        [first, second] if is_beside(second) && first.object_type != ObjectType::PublicKey => Ok((first, Some(second))),
        [first, second] if is_beside(first) => Ok((second, Some(first))),
        _ => fail(Fault::WrongObjectType, "these objects do not derive a key together"),
    }
}

/// Derivation Data: of the request, or of a Secret Data object, not of both.
fn data(
    context: &mut Context<'_>,
    method: DerivationMethod,
    parameters: &DerivationParameters,
    other: Option<&Record>,
) -> OpResult<Option<Secret>> {
    let beside = other.filter(|record| record.object_type == ObjectType::SecretData);
    match (parameters.derivation_data.as_slice(), beside) {
        ([], None) => Ok(None),
        // Whoever knows the key has the data, too.
        ([], Some(record)) if method == DerivationMethod::ENCRYPT && key::is_protected(record) => {
            let message = "Secret Data that is Sensitive or not Extractable is not encrypted into another object";
            fail(Fault::PermissionDenied, message)
        }
        ([data], None) => Ok(Some(data.clone())),
        ([], Some(record)) => key::material(context, record).map(Some),
        ([_, ..], Some(_)) => {
            fail(Fault::InvalidMessage, "Derivation Data and a Secret Data object cannot stand in one request")
        }
        ([_, _, ..], None) => fail(Fault::InvalidField, "the Derivation Method takes Derivation Data once"),
    }
}

/// The other party of a key agreement.
fn public(context: &mut Context<'_>, key: &Record, other: Option<&Record>) -> OpResult<Option<Vec<u8>>> {
    match other {
        Some(public) if public.object_type == ObjectType::PublicKey && key.object_type == ObjectType::PrivateKey => {
            key::material(context, public).map(|spki| Some(spki.expose_secret().to_vec()))
        }
        _ => fail(Fault::WrongObjectType, "key agreement needs a private and a public key"),
    }
}

fn leading(bytes: &Secret, length: usize) -> OpResult<Secret> {
    match bytes.expose_secret().get(..length) {
        Some(leading) => Ok(Secret::copy_from(leading)),
        None => too_short(bytes),
    }
}

fn too_short<T>(given: &Secret) -> OpResult<T> {
    fail(Fault::CryptographicFailure, format!("the method gives {} bytes", given.len()))
}

/// Links the derived object and its bases with each other (KMIP 2.1 §6.1.14).
fn link(context: &mut Context<'_>, record: &mut Record, bases: Vec<View>) -> OpResult<()> {
    let mut linked: Vec<Text> = Vec::new();
    for base in bases.iter().map(|view| -> &Record { view }) {
        if linked.contains(&base.id) {
            continue;
        }
        linked.push(base.id.clone());
        make::link(record, LinkType::DerivationBaseObjectLink, &base.id);
        let mut base = base.clone();
        make::link(&mut base, LinkType::DerivedKeyLink, &record.id);
        attributes::touch(&mut base, context.now);
        context.txn.put(base)?;
    }
    Ok(())
}

/// Gives the record its material and completes it.
fn hold(context: &Context<'_>, record: &mut Record, derived: Secret) -> OpResult<()> {
    let of_key = record.object_type == ObjectType::SymmetricKey;
    let key_format_type = KeyFormatType::Raw;
    record.set(Attribute::KeyFormatType(key_format_type));
    let value = KeyValueStructure { key_material: KeyMaterial::Bytes(derived), attributes: None };
    let key_block = KeyBlock {
        key_format_type,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(value))),
        cryptographic_algorithm: key::algorithm(record).filter(|_| of_key),
        cryptographic_length: attribute_of!(record, CryptographicLength).copied().filter(|_| of_key),
        key_wrapping_data: None,
    };
    let object = if of_key {
        ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))
    } else {
        ManagedObject::SecretData(Box::new(SecretData { secret_data_type: SecretDataType::Seed, key_block }))
    };
    make::complete(context, record, Origin::Server);
    make::set_digests(record, &object);
    material::store(context.engine.vault.as_ref(), record, object)
}
