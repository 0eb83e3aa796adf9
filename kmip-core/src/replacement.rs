//! The replacement of a key: what Re-key and Re-key Key Pair share (KMIP 1.4 §4.4, §4.5; KMIP 2.1 §6.1.46, §6.1.47).
//!
//! The replacement takes over the attributes and the names of the existing key, which stays as it is otherwise. Links are
//! not copied: they say what belongs to the existing key material, such as its certificate.

use std::collections::HashSet;

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::{Attribute, AttributeReference, Bag};
use kmip_codec::inline::Text;
use kmip_codec::registry::{LinkType, ObjectType, Tag};
use kmip_codec::value::{DateTime, Interval};

use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::{attributes, make, state};

/// A date attribute: its tag, and what makes it of a date.
type DateAttribute = (Tag, fn(DateTime) -> Attribute);

/// The dates that Offset moves.
const DATES: [DateAttribute; 4] = [
    (Tag::ActivationDate, Attribute::ActivationDate),
    (Tag::ProcessStartDate, Attribute::ProcessStartDate),
    (Tag::ProtectStopDate, Attribute::ProtectStopDate),
    (Tag::DeactivationDate, Attribute::DeactivationDate),
];

/// A key that is to be replaced. Its state does not matter, a compromised key needs it most; a destroyed one has none.
pub(crate) fn existing(context: &mut Context<'_>, id: &Text, object_type: ObjectType) -> OpResult<Record> {
    let record = context.txn.object(id)?.as_ref().clone();
    if record.object_type != object_type {
        let message = format!("the object is a {}; this operation replaces a {object_type}", record.object_type);
        return fail(Fault::WrongObjectType, message);
    }
    if record.destroyed {
        return fail(Fault::PermissionDenied, format!("the object {id:?} was destroyed and cannot be replaced"));
    }
    state::must_be_online(&record)?;
    // A certificate has no material apart.
    if record.material.is_none() && object_type != ObjectType::Certificate {
        return fail(Fault::KeyValueMissing, "the server has only attributes of this key, not its key value");
    }
    Ok(record)
}

/// The record of the replacement, yet without a key, and the changes of the existing key: its names move, links join the
/// two. What the request gives beats what is copied.
pub(crate) fn replace(
    context: &mut Context<'_>,
    existing: &mut Record,
    bags: &[Option<&Bag>],
    offset: Option<Interval>,
) -> OpResult<Record> {
    let given = attributes::for_new_object(context, bags, existing.object_type, Origin::Server)?;
    let id = make::new_id_of(context, existing.object_type)?;
    let mut replacement = Record::new(id, existing.scope.clone(), existing.object_type);
    replacement.serial = context.engine.next_serial();
    copy(existing, &mut replacement);
    if let Some(offset) = offset {
        refuse_dates(&given)?;
        shift_dates(&mut replacement, offset, context.now)?;
    }
    forget_contradicted(&mut replacement, &given);
    let given = given.into_iter().filter(|attribute| !has(&replacement, attribute)).collect();
    attributes::apply(&mut replacement, given, context.version);
    attributes::check_dates(&replacement)?;
    existing.remove(&AttributeReference::Tag(Tag::Name), |_| true);
    end_latest(context, existing)?;
    make::link(existing, LinkType::ReplacementObjectLink, &replacement.id);
    make::link(&mut replacement, LinkType::ReplacedObjectLink, &existing.id);
    rotate(existing, &mut replacement, context.now);
    attributes::touch(existing, context.now);
    Ok(replacement)
}

fn has(record: &Record, attribute: &Attribute) -> bool {
    record.attributes.iter().any(|instance| instance.attribute == *attribute)
}

/// Copies what tables 173 and 177 of KMIP 1.4 do not except. Indexes begin anew.
fn copy(existing: &Record, replacement: &mut Record) {
    for instance in existing.attributes.iter().filter(|instance| is_copied(&instance.attribute)) {
        let mut attribute = instance.attribute.clone();
        if let Attribute::UsageLimits(limits) = &mut attribute {
            limits.usage_limits_count = Some(limits.usage_limits_total);
        }
        replacement.add(attribute);
    }
}

/// Whether an attribute goes over to the replacement. The others are those of tables 173 and 177, and those that tell
/// about one object only: where it came from, where it is held, what became of it.
fn is_copied(attribute: &Attribute) -> bool {
    // Of the links, that to a group is what an Object Group is: the replacement is a member, too.
    if let Attribute::LinkByTag(tag, _) = attribute {
        return *tag == Tag::GroupLink;
    }
    !matches!(
        attribute,
        Attribute::InitialDate(_)
            | Attribute::DestroyDate(_)
            | Attribute::CompromiseOccurrenceDate(_)
            | Attribute::CompromiseDate(_)
            | Attribute::DeactivationReason(_)
            | Attribute::RevocationReason(_)
            | Attribute::Digest(_)
            | Attribute::Link(_)
            | Attribute::LastChangeDate(_)
            | Attribute::RandomNumberGenerator(_)
            | Attribute::AlwaysSensitive(_)
            | Attribute::ArchiveDate(_)
            | Attribute::Fresh(_)
            | Attribute::KeyValueLocation(_)
            | Attribute::KeyValuePresent(_)
            | Attribute::LeaseTime(_)
            | Attribute::NeverExtractable(_)
            | Attribute::OriginalCreationDate(_)
            | Attribute::ProtectionStorageMask(_)
            | Attribute::RotateDate(_)
            | Attribute::RotateGeneration(_)
            | Attribute::RotateLatest(_)
            | Attribute::ShortUniqueIdentifier(_)
    )
}

/// Offset says the dates, so that the request must not (KMIP 1.4 §11.4).
fn refuse_dates(given: &[Attribute]) -> OpResult<()> {
    match DATES.iter().find(|(tag, _)| given.iter().any(|attribute| attribute.tag() == *tag)) {
        Some((tag, _)) => fail(Fault::InvalidMessage, format!("Offset and {tag} cannot stand in one request")),
        None => Ok(()),
    }
}

/// Moves the dates so that activation is `offset` after now and their distances stay (KMIP 1.4 tables 172 and 176).
fn shift_dates(replacement: &mut Record, offset: Interval, now: i64) -> OpResult<()> {
    let too_late = || OpError::new(Fault::InvalidField, "Offset moves a date beyond what a date can hold");
    let activation = now.checked_add(i64::from(offset.0)).ok_or_else(too_late)?;
    let before = replacement.date(Tag::ActivationDate);
    for (tag, date_attribute) in DATES.into_iter().filter(|(tag, _)| *tag != Tag::ActivationDate) {
        let Some(date) = replacement.date(tag) else { continue };
        let Some(before) = before else {
            let message = format!("Offset cannot move {tag}: the existing key has no Activation Date");
            return fail(Fault::OffsetWithoutActivation, message);
        };
        let after = date.0.checked_sub(before.0).and_then(|distance| activation.checked_add(distance));
        replacement.set(date_attribute(DateTime(after.ok_or_else(too_late)?)));
    }
    replacement.set(Attribute::ActivationDate(DateTime(activation)));
    Ok(())
}

/// Algorithm, length and curve describe one key: where the request changes one of them, the copies of those that follow
/// from it do not count.
fn forget_contradicted(replacement: &mut Record, given: &[Attribute]) {
    let changed = |tag| given.iter().any(|attribute| attribute.tag() == tag && !has(replacement, attribute));
    let algorithm = changed(Tag::CryptographicAlgorithm);
    let key = algorithm || changed(Tag::CryptographicLength) || changed(Tag::CryptographicDomainParameters);
    replacement.attributes.retain(|instance| match &instance.attribute {
        Attribute::CryptographicLength(_) | Attribute::CryptographicDomainParameters(_) => !key,
        Attribute::KeyFormatType(_) => !algorithm,
        _ => true,
    });
}

/// How many objects of one set are followed to find its latest.
const MOST_FOLLOWED: usize = 4_096;

/// Ends that another object of the set is the latest, as a new one comes (KMIP 2.1 §4.52): what the existing one came of, and
/// all that came of that.
fn end_latest(context: &mut Context<'_>, existing: &Record) -> OpResult<()> {
    let beside = |record: &Record| -> Vec<Text> {
        let after = record.linked_ids(LinkType::ReplacementObjectLink);
        after.chain(record.linked_ids(LinkType::ReplacedObjectLink)).collect()
    };
    // Where it is the latest itself, no other is.
    if attribute_of!(existing, RotateLatest) == Some(&true) {
        return Ok(());
    }
    let (mut known, mut next) = (HashSet::from([existing.id.clone()]), beside(existing));
    while let Some(id) = next.pop() {
        if known.len() > MOST_FOLLOWED || next.len() > MOST_FOLLOWED {
            break;
        }
        if !known.insert(id.clone()) {
            continue;
        }
        // Whoever may replace a key need not reach what came of it before, and damage there is told elsewhere.
        let Ok(Some(found)) = context.txn.look(&id) else { continue };
        next.extend(beside(&found));
        if attribute_of!(found, RotateLatest) == Some(&true) {
            let mut ended = (*found).clone();
            ended.set(Attribute::RotateLatest(false));
            attributes::touch(&mut ended, context.now);
            context.txn.put(ended)?;
        }
    }
    Ok(())
}

/// Counts the replacement as a rotation of the existing key (KMIP 2.1 §4.49, §4.50, §4.52).
fn rotate(existing: &mut Record, replacement: &mut Record, now: i64) {
    let generation = attribute_of!(existing, RotateGeneration).copied().unwrap_or(0);
    replacement.set(Attribute::RotateGeneration(generation.saturating_add(1)));
    replacement.set(Attribute::RotateLatest(true));
    existing.set(Attribute::RotateLatest(false));
    if attribute_of!(existing, RotateDate).is_none() {
        existing.set(Attribute::RotateDate(DateTime(now)));
    }
}
