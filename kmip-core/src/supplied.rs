//! The attributes of an imported object (KMIP 1.4 §4.41, KMIP 2.1 §6.1.25): all are kept as they come, those too that a server
//! sets otherwise. What a value contradicts is refused: the object itself, its Digest, its identifier, its dates.
//!
//! - State follows from dates and flags, so that it must be one that they give, now or since the export.
//! - An object that has a Destroy Date is destroyed, and comes without its material.
//! - Last Change Date is now at the latest: the clock of this server never runs behind what its records show.
//! - What every object has and the request leaves out is set as by Register.

use kmip_codec::attribute::values::{Digest, UsageLimits};
use kmip_codec::attribute::{Attribute, AttributeReference, Bag, Instance};
use kmip_codec::object::ManagedObject;
use kmip_codec::registry::{HashingAlgorithm, ObjectType, ProtectionStorageMask, State, Tag};

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::{attributes, formats, make, registered, state};

/// Gives a record the attributes of an import, and completes and checks them.
pub(crate) fn apply(
    context: &mut Context<'_>,
    record: &mut Record,
    bags: impl Iterator<Item = Bag>,
    object: &ManagedObject,
) -> OpResult<()> {
    let mut said = None;
    for instance in bags.flat_map(|bag| bag.items) {
        take(context, record, instance, &mut said)?;
    }
    let given: Vec<Attribute> = record.attributes.iter().map(|instance| instance.attribute.clone()).collect();
    attributes::check_names(&given)?;
    attributes::check_size(record)?;
    attributes::check_dates(record)?;
    record.destroyed = record.date(Tag::DestroyDate).is_some();
    if record.object_type != ObjectType::Template {
        check_state(record, said, context.now)?;
        describe(context, record, object)?;
    }
    check_storage(record)?;
    if let Some(date) = record.date(Tag::LastChangeDate).filter(|date| date.0 > context.now) {
        tracing::info!(object = %record.id, date = date.0, "an imported Last Change Date lies in the future");
        attributes::touch(record, context.now);
    }
    make::complete_imported(context, record);
    Ok(())
}

fn take(context: &mut Context<'_>, record: &mut Record, instance: Instance, said: &mut Option<State>) -> OpResult<()> {
    let reference = AttributeReference::in_version(&instance.attribute, context.version);
    let rule = attributes::applicable_rule(&reference, record.object_type, context.version)?;
    attributes::check_value(&instance.attribute, context.version)?;
    let name = reference.name();
    let contradicts =
        || fail(Fault::InvalidAttributeValue, format!("{}: the request says different things", name.as_str()));
    match &instance.attribute {
        Attribute::UniqueIdentifier(id) if id.as_text() == Some(record.id.as_str()) => return Ok(()),
        Attribute::ObjectType(kind) if *kind == record.object_type => return Ok(()),
        Attribute::UniqueIdentifier(_) | Attribute::ObjectType(_) => return contradicts(),
        Attribute::State(state) => {
            *said = Some(*state);
            return Ok(());
        }
        _ => {}
    }
    let attribute = attributes::resolve_link(context, instance.attribute)?;
    if record.instances(&reference).any(|known| known.attribute == attribute) {
        return fail(Fault::AttributeExists, format!("{}: a value is given twice", name.as_str()));
    }
    let several = rule.is_multiple(record.object_type);
    if !several && record.instances(&reference).next().is_some() {
        return fail(Fault::SingleValued, format!("the attribute {:?} has one instance only", name.as_str()));
    }
    match instance.index.filter(|_| several) {
        None => {
            record.add(attribute);
        }
        Some(index) if index < 0 || record.instances(&reference).any(|known| known.index == Some(index)) => {
            return fail(Fault::InvalidField, format!("{}: Attribute Index {index} cannot stand here", name.as_str()));
        }
        index => record.attributes.push(Instance { index, attribute }),
    }
    Ok(())
}

/// Whether the state that a request says is what the dates give: at some time since the first of them.
fn check_state(record: &Record, said: Option<State>, now: i64) -> OpResult<()> {
    let Some(said) = said else { return Ok(()) };
    let dates = [Tag::ActivationDate, Tag::DeactivationDate].into_iter().filter_map(|tag| record.date(tag));
    let mut times = dates.map(|date| date.0).filter(|date| *date <= now).chain([i64::MIN, now]);
    if times.any(|time| state::at(record, time) == said) {
        return Ok(());
    }
    let found = state::at(record, now);
    let message = format!("State {said} does not follow from the dates of the object, by which it is {found}");
    fail(Fault::InvalidAttributeValue, message)
}

/// What the object says about itself, and its digests.
fn describe(context: &mut Context<'_>, record: &mut Record, object: &ManagedObject) -> OpResult<()> {
    if record.destroyed {
        return match has_material(object) {
            true => fail(Fault::InvalidAttributeValue, "an object with a Destroy Date comes without its key material"),
            false => Ok(()),
        };
    }
    let present = registered::has_value(record, object)?;
    registered::describe(context, record, object)?;
    if attribute_of!(record, KeyValueLocation).is_some() {
        record.set(Attribute::KeyValuePresent(present));
    }
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    for computed in formats::digests(object, algorithm) {
        check_digest(record, computed)?;
    }
    Ok(())
}

fn has_material(object: &ManagedObject) -> bool {
    match object {
        ManagedObject::Certificate(certificate) => !certificate.certificate_value.as_slice().is_empty(),
        ManagedObject::CertificateRequest(request) => !request.certificate_request_value.as_slice().is_empty(),
        ManagedObject::OpaqueObject(opaque) => !opaque.opaque_data_value.is_empty(),
        other => other.key_block().is_some_and(|block| block.key_value.is_some()),
    }
}

/// Compares the Digest that the request supplies with the one computed, or adds that. Of a key that is held wrapped none is
/// computed.
fn check_digest(record: &mut Record, computed: Digest) -> OpResult<()> {
    let of_kind = |digest: &Digest| {
        digest.hashing_algorithm == HashingAlgorithm::SHA_256
            && (digest.key_format_type.is_none() || digest.key_format_type == computed.key_format_type)
    };
    let supplied = record.attributes.iter().find_map(|instance| match &instance.attribute {
        Attribute::Digest(digest) if of_kind(digest) => Some(digest),
        _ => None,
    });
    match supplied {
        None => {
            record.add(Attribute::Digest(Box::new(computed)));
            Ok(())
        }
        Some(digest) if digest.digest_value == computed.digest_value => Ok(()),
        Some(_) => fail(Fault::InvalidAttributeValue, "Digest is not that of the key material"),
    }
}

/// Imported objects are kept in software, and an attribute that says otherwise would not be true.
fn check_storage(record: &Record) -> OpResult<()> {
    match attribute_of!(record, ProtectionStorageMask) {
        Some(mask) if !mask.contains(ProtectionStorageMask::Software) => fail(
            Fault::ProtectionStorage,
            "this server imports into Software protection storage: leave Protection Storage Mask out, or let it permit that",
        ),
        _ => Ok(()),
    }
}

/// Sets the counter of an object's Usage Limits to what its Usage Limits Count leaves.
pub(crate) fn count_uses(context: &mut Context<'_>, record: &Record, replaced: bool) -> OpResult<()> {
    let used = match attribute_of!(record, UsageLimits) {
        None => 0,
        Some(UsageLimits { usage_limits_total: total, usage_limits_count: count, .. }) => {
            let left = count.unwrap_or(*total);
            if !(0..=*total).contains(&left) {
                return fail(Fault::InvalidAttributeValue, "Usage Limits Count is 0 to Usage Limits Total");
            }
            total.saturating_sub(left)
        }
    };
    if replaced || used > 0 {
        context.txn.set_used(&record.id, used);
    }
    Ok(())
}
