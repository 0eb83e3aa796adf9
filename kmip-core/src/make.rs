//! What every new object gets, whichever operation makes it: an identifier, and the attributes that the server sets.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::{Digest, Link, RNGParameters, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::inline::Text;
use kmip_codec::object::ManagedObject;
use kmip_codec::registry::{
    HashingAlgorithm, KeyFormatType, LinkType, ObjectType, ProtectionStorageMask, RNGAlgorithm, Tag,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::{ByteString, DateTime, Interval};
use sha2::{Digest as _, Sha256};

use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::material::Bound;
use crate::object::{Record, attribute_of};
use crate::ports::resident::Residence;
use crate::ports::vault::{Generated, KeySpec, KeyVault, Sealed, VaultError};
use crate::{attributes, groups, ops, policy, quantum_safe, registered, uuid};

/// The operation policy of an object for which the client names none (KMIP 1.4 §3.18.2).
pub(crate) const DEFAULT_POLICY: &str = "default";

/// A new Unique Identifier: a random UUID.
pub(crate) fn new_id(vault: &dyn KeyVault) -> OpResult<Text> {
    let mut bytes = [0_u8; uuid::BYTES];
    vault.unique(&mut bytes)?;
    Ok(uuid::text(&uuid::random(bytes)))
}

/// The identifier of a new object of a type. Keys that may come to be in hardware take one that is ready for that.
pub(crate) fn new_id_of(context: &mut Context<'_>, object_type: ObjectType) -> OpResult<Text> {
    match object_type {
        ObjectType::SymmetricKey | ObjectType::PrivateKey => context.claims.new_id(context.engine),
        _ => new_id(context.engine.vault.as_ref()),
    }
}

/// A new record with the attributes that a request gives it.
pub(crate) fn new_record(
    context: &mut Context<'_>,
    object_type: ObjectType,
    bags: &[Option<&Bag>],
    origin: Origin,
) -> OpResult<Record> {
    let mut attributes = attributes::for_new_object(context, bags, object_type, origin)?;
    let comes_whole = match object_type {
        ObjectType::Template => false,
        ObjectType::Certificate => true,
        _ => origin == Origin::Client,
    };
    policy::fill(context, &mut attributes, object_type, comes_whole)?;
    let id = new_id_of(context, object_type)?;
    let mut record = Record::new(id, context.txn.scope().clone(), object_type);
    record.serial = context.engine.next_serial();
    attributes::apply(&mut record, attributes, context.version);
    attributes::check_size(&record)?;
    attributes::check_dates(&record)?;
    Ok(record)
}

/// Refuses another format than the one in which the server makes symmetric keys, secrets and parts (KMIP 2.1 §4.26: the server
/// complies with the format that a client asks for, or fails the request).
pub(crate) fn require_raw(asked: Option<&Bag>) -> OpResult<()> {
    let format = asked.into_iter().flat_map(Bag::attributes).find_map(|attribute| match attribute {
        Attribute::KeyFormatType(format) => Some(*format),
        _ => None,
    });
    match format {
        None | Some(KeyFormatType::Raw) => Ok(()),
        Some(other) => fail(Fault::FeatureNotSupported, format!("the object is made in Raw, not in {other}")),
    }
}

/// Makes the key of a record: in hardware, where it is to stay, or sealed.
pub(crate) fn generate(
    context: &mut Context<'_>,
    record: &mut Record,
    spec: KeySpec,
    residence: Option<Residence>,
) -> OpResult<Generated> {
    let vault = context.engine.vault.as_ref();
    let Some(residence) = residence else {
        return Ok(vault.generate(spec, Bound::of(record).binding())?);
    };
    context.claims.require(&record.id)?;
    let made = vault.generate_resident(residence, Bound::of(record).binding())?;
    let (Generated::Symmetric(sealed) | Generated::Pair { private: sealed, .. }) = &made;
    note_in_hardware(context, record, sealed);
    if let Generated::Symmetric(sealed) = &made
        && let Some(digest) = vault.digest_resident(sealed, Bound::of(record).binding())?
    {
        record.add(Attribute::Digest(Box::new(Digest {
            hashing_algorithm: HashingAlgorithm::SHA_256,
            digest_value: Some(ByteString::new(&digest)),
            key_format_type: Some(KeyFormatType::Raw),
        })));
    }
    Ok(made)
}

/// Brings the key of a client into hardware, to stay there.
pub(crate) fn import(
    context: &mut Context<'_>,
    record: &mut Record,
    secret: &Secret,
    residence: Residence,
) -> OpResult<Sealed> {
    ops::on_device(context)?;
    context.claims.require(&record.id)?;
    let imported = context.engine.vault.import_resident(residence, secret, Bound::of(record).binding());
    let sealed = imported.map_err(|error| match error {
        VaultError::Unsupported(what) => {
            OpError::new(Fault::ProtectionStorage, format!("the key vault does not keep {what}"))
        }
        other => other.into(),
    })?;
    note_in_hardware(context, record, &sealed);
    Ok(sealed)
}

fn note_in_hardware(context: &mut Context<'_>, record: &mut Record, sealed: &Sealed) {
    context.claims.note_made(record, sealed);
    record.set(Attribute::ProtectionStorageMask(ProtectionStorageMask::Hardware));
}

/// Sets what the server sets on every new object.
pub(crate) fn complete(context: &Context<'_>, record: &mut Record, origin: Origin) {
    let now = DateTime(context.now);
    record.set(Attribute::InitialDate(now));
    record.set(Attribute::LastChangeDate(now));
    record.set(Attribute::LeaseTime(Interval(context.engine.config.lease_seconds)));
    // A client says so in Register and Import alone (KMIP 2.1 §4.24).
    if origin == Origin::Server || attribute_of!(record, Fresh).is_none() {
        record.set(Attribute::Fresh(true));
    }
    if record.object_type != ObjectType::Template {
        set_protection(record);
        set_policy(record);
    }
    if origin == Origin::Server {
        record.set(Attribute::OriginalCreationDate(now));
        record.set(Attribute::RandomNumberGenerator(Box::new(generator())));
    }
    let digest = Sha256::digest(record.id.as_bytes());
    record.set(Attribute::ShortUniqueIdentifier(ByteString::new(&digest)));
    if attribute_of!(record, ProtectionStorageMask).is_none() {
        record.set(Attribute::ProtectionStorageMask(ProtectionStorageMask::Software));
    }
}

/// Sets what every object has and an import left out. What came over the wire in the clear was not always protected.
pub(crate) fn complete_imported(context: &Context<'_>, record: &mut Record) {
    let now = DateTime(context.now);
    let digest = Sha256::digest(record.id.as_bytes());
    let of_every_object = [
        Attribute::InitialDate(now),
        Attribute::LastChangeDate(now),
        Attribute::LeaseTime(Interval(context.engine.config.lease_seconds)),
        Attribute::Fresh(true),
        Attribute::ShortUniqueIdentifier(ByteString::new(&digest)),
        Attribute::ProtectionStorageMask(ProtectionStorageMask::Software),
    ];
    let of_all_but_templates = [
        Attribute::Sensitive(false),
        Attribute::AlwaysSensitive(false),
        Attribute::Extractable(true),
        Attribute::NeverExtractable(false),
        Attribute::OperationPolicyName(DEFAULT_POLICY.into()),
    ];
    let others = of_all_but_templates.into_iter().filter(|_| record.object_type != ObjectType::Template);
    for attribute in of_every_object.into_iter().chain(others).collect::<Vec<_>>() {
        if record.attributes.iter().all(|known| known.attribute.tag() != attribute.tag()) {
            record.set(attribute);
        }
    }
}

/// Sensitive, Extractable and what follows from them (KMIP 2.1 §4.3, §4.22, §4.35, §4.56).
fn set_protection(record: &mut Record) {
    let sensitive = attribute_of!(record, Sensitive).copied().unwrap_or(false);
    let extractable = attribute_of!(record, Extractable).copied().unwrap_or(true);
    record.set(Attribute::Sensitive(sensitive));
    record.set(Attribute::AlwaysSensitive(sensitive));
    record.set(Attribute::Extractable(extractable));
    record.set(Attribute::NeverExtractable(!extractable));
}

/// Names the operation policy: "set either explicitly or via some default set by the server" (KMIP 1.4 §3.18), also when 2.x,
/// which lacks the attribute, makes the object: it is the same object for a client of 1.x. The policy's "all" are all who share
/// the object's scope. A template gets none: what it holds is meant for the objects made with it (§3.18.2.3).
fn set_policy(record: &mut Record) {
    if attribute_of!(record, OperationPolicyName).is_none() {
        record.set(Attribute::OperationPolicyName(DEFAULT_POLICY.into()));
    }
}

/// The generator that made the key: the operating system's or a device's. Neither tells its algorithm (PKCS #11 v2.40 §5.14).
pub(crate) fn generator() -> RNGParameters {
    RNGParameters {
        rng_algorithm: RNGAlgorithm::Unspecified,
        cryptographic_algorithm: None,
        cryptographic_length: None,
        hashing_algorithm: None,
        drbg_algorithm: None,
        recommended_curve: None,
        fips186_variation: None,
        prediction_resistance: None,
    }
}

/// Sets the Digest attributes over the key material: in the default format, and as it is held (KMIP 2.1 §4.21).
pub(crate) fn set_digests(record: &mut Record, object: &ManagedObject) {
    record.attributes.retain(|instance| !matches!(instance.attribute, Attribute::Digest(_)));
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    for digest in crate::formats::digests(object, algorithm) {
        record.add(Attribute::Digest(Box::new(digest)));
    }
}

/// Links an object to another.
pub(crate) fn link(record: &mut Record, link_type: LinkType, to: &Text) {
    let linked_object_identifier = UniqueIdentifier::Text(to.clone());
    record.add(Attribute::Link(Link { link_type, linked_object_identifier }));
}

/// Takes the names of a new object before its key is made, which can be long work that a taken name would waste.
pub(crate) fn claim_names(context: &mut Context<'_>, record: &Record) -> OpResult<()> {
    record.names().try_for_each(|name| context.txn.claim(name, &record.id))
}

/// Stores a new object under the names it has, if it is what its client requires.
pub(crate) fn put(context: &mut Context<'_>, mut record: Record) -> OpResult<()> {
    registered::settle(context, &mut record)?;
    quantum_safe::check(&record)?;
    groups::check(context, &record)?;
    policy::check(context, &record)?;
    debug_assert!(record.date(Tag::InitialDate).is_some(), "completed before it is stored");
    context.txn.put(record)
}
