//! Attributes by the rule table: what a request may set when it makes an object, what a client of a version may see.

use kmip_codec::attribute::carrier::put_typed;
use kmip_codec::attribute::rules::{AttributeRule, Origin, rule};
use kmip_codec::attribute::values::{Name, RNGParameters, RotateName, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference, Bag, Instance};
use kmip_codec::inline::Text;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{EnumTable, ObjectClass, ObjectType, Tag, WireEnum};
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_1, V2_0, V2_1, V3_0, Version};
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::{IdentifierKind, Sink};

use crate::batch::Context;
use crate::counters::{self, Counts};
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::{formats, make, rotation, state};

/// The rule of an attribute in a version. Vendor attributes have one rule under two names.
pub(crate) fn rule_of(reference: &AttributeReference, version: Version) -> Option<&'static AttributeRule> {
    match reference {
        AttributeReference::Tag(Tag::Attribute) => None,
        AttributeReference::Tag(tag) => rule(*tag, version),
        AttributeReference::Vendor { vendor, .. } if version < V2_0 => {
            // 1.x names are "x-" and "y-" names; it cannot name the attributes of other vendors.
            matches!(vendor.as_str(), "x" | "y").then(|| rule(Tag::CustomAttribute, version)).flatten()
        }
        AttributeReference::Vendor { vendor, .. } => {
            is_vendor_identification(vendor).then(|| rule(Tag::Attribute, version)).flatten()
        }
    }
}

/// Letters, digits, underscore and period (KMIP 2.1 §4.60).
fn is_vendor_identification(vendor: &str) -> bool {
    !vendor.is_empty() && vendor.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
}

/// Whether a vendor attribute is the server's own (`y-`).
pub(crate) fn is_servers_own(reference: &AttributeReference) -> bool {
    matches!(reference, AttributeReference::Vendor { vendor, .. } if vendor.as_str() == "y")
}

/// The rule, or the fault that the attribute does not exist in the version or for the object type.
pub(crate) fn applicable_rule(
    reference: &AttributeReference,
    object_type: ObjectType,
    version: Version,
) -> OpResult<&'static AttributeRule> {
    let name = reference.name();
    let Some(rule) = rule_of(reference, version) else {
        return fail(Fault::InvalidAttribute, format!("KMIP {version} has no attribute {:?}", name.as_str()));
    };
    if !rule.applies_to.contains(object_type) {
        let message = format!("the attribute {:?} does not apply to a {object_type}", name.as_str());
        return fail(Fault::InvalidAttribute, message);
    }
    Ok(rule)
}

/// The attributes that a request gives a new object: those of its templates first, then its own, all by the rules.
///
/// Named templates come in order and the last wins; explicit attributes beat templates, and a later bag beats an earlier
/// one; values of multi-instance attributes are united (KMIP 1.4 §2.1.8, §4.2).
pub(crate) fn for_new_object(
    context: &mut Context<'_>,
    bags: &[Option<&Bag>],
    object_type: ObjectType,
    origin: Origin,
) -> OpResult<Vec<Attribute>> {
    let mut attributes: Vec<Attribute> = Vec::new();
    let mut generators: Vec<&RNGParameters> = Vec::new();
    for bag in bags.iter().flatten() {
        for name in &bag.templates {
            let template = template_attributes(context, name, object_type)?;
            template.into_iter().for_each(|attribute| merge(&mut attributes, attribute, context.version, object_type));
        }
        let mut own: Vec<&AttributeReference> = Vec::new();
        let named = |attribute| AttributeReference::in_version(attribute, context.version);
        let references: Vec<AttributeReference> = bag.attributes().map(named).collect();
        for (instance, reference) in bag.items.iter().zip(&references) {
            let rule = applicable_rule(reference, object_type, context.version)?;
            if let (Attribute::RandomNumberGenerator(asked), Origin::Server) = (&instance.attribute, origin) {
                generators.push(asked);
                continue;
            }
            check_initial(&instance.attribute, reference, rule, origin, context.version)?;
            if !rule.is_multiple(object_type) && own.contains(&reference) {
                let message = format!("the attribute {:?} has one instance only", reference.name().as_str());
                return fail(Fault::SingleValued, message);
            }
            own.push(reference);
            let attribute = resolve_link(context, instance.attribute.clone())?;
            merge(&mut attributes, attribute, context.version, object_type);
        }
    }
    check_generators(&generators)?;
    check_names(&attributes)?;
    Ok(attributes)
}

/// Whoever asks for random number generators gets one of them, or nothing (KMIP 1.4 §3.44, KMIP 2.1 §4.46).
fn check_generators(asked: &[&RNGParameters]) -> OpResult<()> {
    let own = make::generator();
    if asked.is_empty() || asked.iter().any(|asked| **asked == own) {
        return Ok(());
    }
    let message = format!(
        "none of the Random Number Generators that were asked for is that of this server: {}",
        own.rng_algorithm
    );
    fail(Fault::FeatureNotSupported, message)
}

/// Names of one object differ by their text: it alone finds them, whatever Name Type says.
pub(crate) fn check_names(attributes: &[Attribute]) -> OpResult<()> {
    fn text_of(attribute: &Attribute) -> Option<&Text> {
        if let Attribute::Name(name) = attribute { Some(&name.value) } else { None }
    }
    let all: Vec<&Text> = attributes.iter().filter_map(text_of).collect();
    match all.iter().enumerate().find(|(at, name)| all.iter().take(*at).any(|earlier| earlier == *name)) {
        Some((_, name)) => fail(Fault::NameTaken, format!("the name {:?} is given twice", name.as_str())),
        None => Ok(()),
    }
}

/// A link with its target's identifier in place of the position in the batch that 2.x may give (KMIP 2.1 §4.31), or of the
/// name that 3.0 may give. The target need not exist here.
///
/// A group that 3.0 links by its name is an Object Group here: a name, for which there need not be an object (SASED-M-2 of 3.0).
pub(crate) fn resolve_link(context: &mut Context<'_>, attribute: Attribute) -> OpResult<Attribute> {
    match attribute {
        Attribute::Link(mut link) => {
            let target = context.resolve(Some(&link.linked_object_identifier))?;
            link.linked_object_identifier = UniqueIdentifier::Text(target);
            Ok(Attribute::Link(link))
        }
        Attribute::LinkByTag(tag, target) => {
            Ok(Attribute::LinkByTag(tag, UniqueIdentifier::Text(context.resolve(Some(&target))?)))
        }
        other => Ok(other),
    }
}

fn check_initial(
    attribute: &Attribute,
    reference: &AttributeReference,
    rule: &AttributeRule,
    origin: Origin,
    version: Version,
) -> OpResult<()> {
    if !rule.client_may_set(origin) || is_servers_own(reference) {
        let message = format!("the attribute {:?} is set by the server", reference.name().as_str());
        return fail(Fault::ReadOnly, message);
    }
    check_value(attribute, version)
}

/// Attribute instances that one object may have.
const INSTANCES: usize = 1_000;
/// Bytes that the attributes of one object may take: its record must stay within what a reader accepts.
const ATTRIBUTE_BYTES: usize = 1 << 20;

/// Refuses an object with more attributes than the server keeps.
pub(crate) fn check_size(record: &Record) -> OpResult<()> {
    let instances = record.attributes.len().saturating_add(record.next_indexes.len());
    let mut counter = Counter::new(V2_1);
    record.attributes.iter().for_each(|instance| put_typed(&instance.attribute, &mut counter));
    if instances > INSTANCES || counter.bytes() > ATTRIBUTE_BYTES {
        let message = format!("an object has {INSTANCES} attributes of {ATTRIBUTE_BYTES} bytes together at most");
        return fail(Fault::ServerLimit, message);
    }
    Ok(())
}

/// Whether a value is acceptable: it is there, and what is inside it exists in the version.
pub(crate) fn check_value(attribute: &Attribute, version: Version) -> OpResult<()> {
    match attribute {
        Attribute::NameOnly(reference) => {
            let message = format!("the attribute {:?} has no value", reference.name().as_str());
            return fail(Fault::InvalidAttributeValue, message);
        }
        // The server makes data for no namespace, and Query lists none (KMIP 2.1 §4.4).
        Attribute::ApplicationSpecificInformation(information) if information.application_data.is_none() => {
            let namespace = information.application_namespace.as_str();
            let message =
                format!("Application Data is required: the server makes none for the namespace {namespace:?}");
            return fail(Fault::ApplicationNamespace, message);
        }
        Attribute::RotateInterval(interval) if (1..rotation::SHORTEST).contains(&interval.0) => {
            let message = format!("Rotate Interval is at least {} s, or 0 for no rotation", rotation::SHORTEST);
            return fail(Fault::InvalidAttributeValue, message);
        }
        Attribute::UsageLimits(limits) if limits.usage_limits_total < 0 => {
            return fail(Fault::InvalidAttributeValue, "Usage Limits Total is negative");
        }
        Attribute::Vendor(vendor) if version < V2_0 && is_nested(&vendor.value) => {
            let message = "a structure in a Custom Attribute holds no further structure";
            return fail(Fault::InvalidAttributeValue, message);
        }
        _ => {}
    }
    match Liveness::first_dead(attribute, version) {
        None => Ok(()),
        Some(tag) => fail(Fault::InvalidAttributeValue, format!("{tag}: not a value of KMIP {version}")),
    }
}

/// Whether a value is a structure with structures inside (KMIP 1.4 §3.39).
fn is_nested(value: &ItemValue) -> bool {
    let is_structure = |item: &Item| matches!(item.value, ItemValue::Structure(_));
    matches!(value, ItemValue::Structure(items) if items.iter().any(is_structure))
}

fn merge(into: &mut Vec<Attribute>, attribute: Attribute, version: Version, object_type: ObjectType) {
    let reference = AttributeReference::in_version(&attribute, version);
    let multiple = rule_of(&reference, version).is_some_and(|rule| rule.is_multiple(object_type));
    if !multiple {
        into.retain(|known| AttributeReference::in_version(known, version) != reference);
        into.push(attribute);
    } else if !into.contains(&attribute) {
        into.push(attribute);
    }
}

fn template_attributes(context: &mut Context<'_>, name: &Name, object_type: ObjectType) -> OpResult<Vec<Attribute>> {
    let unknown = || fail(Fault::ObjectNotFound, "no template has this name");
    let Some(id) = context.txn.named(name)? else { return unknown() };
    let template = context.txn.object(&id)?;
    if template.object_type != ObjectType::Template || template.destroyed {
        return unknown();
    }
    state::must_be_online(&template)?;
    let version = context.version;
    let of_objects = |instance: &&Instance| is_template_content(&instance.attribute, object_type, version);
    Ok(template.attributes.iter().filter(of_objects).map(|instance| instance.attribute.clone()).collect())
}

/// What a template gives an object of a type: the "client-settable attributes" (KMIP 1.4 §2.2.6) that such an object has. Its
/// name is its own, and whether it is fresh.
fn is_template_content(attribute: &Attribute, object_type: ObjectType, version: Version) -> bool {
    let own = matches!(attribute, Attribute::Name(_) | Attribute::Fresh(_) | Attribute::OriginalCreationDate(_));
    let reference = AttributeReference::in_version(attribute, version);
    let rule = rule_of(&reference, version).filter(|rule| rule.applies_to.contains(object_type));
    !own && !is_servers_own(&reference) && rule.is_some_and(|rule| rule.client_may_set(Origin::Server))
}

/// Gives a new object the attributes of a request.
pub(crate) fn apply(record: &mut Record, attributes: Vec<Attribute>, version: Version) {
    for attribute in attributes {
        let reference = AttributeReference::in_version(&attribute, version);
        let attribute = match attribute {
            // The client's count is ignored: counting starts at the total (KMIP 2.1 §4.62).
            Attribute::UsageLimits(mut limits) => {
                limits.usage_limits_count = Some(limits.usage_limits_total);
                Attribute::UsageLimits(limits)
            }
            other => other,
        };
        if rule_of(&reference, version).is_some_and(|rule| rule.is_multiple(record.object_type)) {
            record.add(attribute);
        } else {
            record.set(attribute);
        }
    }
}

/// Pairs of dates of which the first must not be later: use lies inside life (KMIP 2.1 §4.1, §4.18, §4.40, §4.41).
const ORDERED_DATES: [(Tag, Tag); 5] = [
    (Tag::ActivationDate, Tag::DeactivationDate),
    (Tag::ActivationDate, Tag::ProcessStartDate),
    (Tag::ActivationDate, Tag::ProtectStopDate),
    (Tag::ProtectStopDate, Tag::DeactivationDate),
    (Tag::ProcessStartDate, Tag::DeactivationDate),
];

/// Brings the dates between which an object is used into its life, which has just begun or ended.
pub(crate) fn bound_use(record: &mut Record) {
    let (begin, end) = (record.date(Tag::ActivationDate), record.date(Tag::DeactivationDate));
    for instance in &mut record.attributes {
        if let Attribute::ProcessStartDate(date) | Attribute::ProtectStopDate(date) = &mut instance.attribute {
            *date = begin.map_or(*date, |begin| begin.max(*date));
            *date = end.map_or(*date, |end| end.min(*date));
        }
    }
}

/// Whether the dates of an object agree.
pub(crate) fn check_dates(record: &Record) -> OpResult<()> {
    ORDERED_DATES.iter().try_for_each(|pair| check_order(record, *pair))
}

/// Whether one date of an object agrees with the others.
pub(crate) fn check_date(record: &Record, changed: Tag) -> OpResult<()> {
    let touched = |(first, second): &&(Tag, Tag)| *first == changed || *second == changed;
    ORDERED_DATES.iter().filter(touched).try_for_each(|pair| check_order(record, *pair))
}

fn check_order(record: &Record, (first, second): (Tag, Tag)) -> OpResult<()> {
    match (record.date(first), record.date(second)) {
        (Some(earlier), Some(later)) if earlier > later => {
            fail(Fault::InvalidAttributeValue, format!("{first} is later than {second}"))
        }
        _ => Ok(()),
    }
}

/// The attributes of an object as a client of the version sees them; derived ones included.
pub(crate) fn visible(record: &Record, version: Version, now: i64, counts: Option<Counts>) -> Vec<Instance> {
    let class = match attribute_of!(record, ObjectClass) {
        Some(_) => None,
        None => Some(Attribute::ObjectClass(object_class(record))),
    };
    let derived = [
        Attribute::UniqueIdentifier(UniqueIdentifier::Text(record.id.clone())),
        Attribute::ObjectType(record.object_type),
        Attribute::State(state::at(record, now)),
    ];
    // Counts stand beside the record.
    let stored =
        record.attributes.iter().filter(|instance| counters::Counter::of_attribute(&instance.attribute).is_none());
    let counted = counts.into_iter().flat_map(Counts::attributes);
    let derived =
        derived.into_iter().chain(class).chain(counted).map(|attribute| Instance { index: Some(0), attribute });
    let all = derived.chain(stored.cloned()).map(|instance| in_words_of(version, instance));
    all.filter(|instance| is_visible(&instance.attribute, record.object_type, version)).collect()
}

/// An attribute whose value a version calls otherwise: EC keys are ECDSA keys before 1.2.
fn in_words_of(version: Version, mut instance: Instance) -> Instance {
    if let Attribute::CryptographicAlgorithm(algorithm) = &mut instance.attribute {
        *algorithm = formats::algorithm_in_version(*algorithm, version);
    }
    instance
}

/// Those attributes that a client of a version means by a reference.
pub(crate) fn named<'a>(
    visible: &'a [Instance],
    reference: &'a AttributeReference,
    version: Version,
) -> impl Iterator<Item = &'a Instance> {
    visible.iter().filter(move |instance| AttributeReference::in_version(&instance.attribute, version) == *reference)
}

/// Whether two values are the same to a client of a version: from 3.0 a name is its text alone.
pub(crate) fn is_equal(found: &Attribute, wanted: &Attribute, version: Version) -> bool {
    match (found, wanted) {
        (Attribute::Name(found), Attribute::Name(wanted)) if version >= V3_0 => found.value == wanted.value,
        (Attribute::RotateName(found), Attribute::RotateName(wanted)) if version >= V3_0 => found.value == wanted.value,
        _ => found == wanted,
    }
}

/// A new value of a name with the Name Type of the old one, which 3.0 cannot say.
pub(crate) fn keep_kind(old: &Attribute, new: Attribute, version: Version) -> Attribute {
    match (old, new) {
        (Attribute::Name(old), Attribute::Name(new)) if version >= V3_0 => {
            Attribute::Name(Name { kind: old.kind, ..new })
        }
        (Attribute::RotateName(old), Attribute::RotateName(new)) if version >= V3_0 => {
            Attribute::RotateName(RotateName { kind: old.kind, ..new })
        }
        (_, new) => new,
    }
}

/// The Object Class of an object. What a client keeps here is its own: User, unless it says otherwise (KMIP 3.0 §4.40).
pub(crate) fn object_class(record: &Record) -> ObjectClass {
    attribute_of!(record, ObjectClass).copied().unwrap_or(ObjectClass::User)
}

/// Whether clients of a version see an attribute of an object of this type.
pub(crate) fn is_visible(attribute: &Attribute, object_type: ObjectType, version: Version) -> bool {
    let reference = AttributeReference::in_version(attribute, version);
    rule_of(&reference, version).is_some_and(|rule| rule.applies_to.contains(object_type))
        && Liveness::first_dead(attribute, version).is_none()
}

/// How an instance stands in an answer (KMIP 1.4 §2.1.1). The index tells instances apart: from 1.1 every instance of a
/// multi-instance attribute has it. In 1.0 an index of 0 "is assumed", and the published cases of 1.0 leave it out.
pub(crate) fn in_answer(instance: &Instance, object_type: ObjectType, version: Version) -> Instance {
    let rule = rule_of(&AttributeReference::in_version(&instance.attribute, version), version);
    let says_zero = version >= V1_1 && rule.is_some_and(|rule| rule.is_multiple(object_type));
    Instance { index: instance.index.filter(|index| says_zero || *index != 0), attribute: instance.attribute.clone() }
}

/// Usage mask of an object.
pub(crate) fn usage_mask(record: &Record) -> kmip_codec::registry::CryptographicUsageMask {
    attribute_of!(record, CryptographicUsageMask).copied().unwrap_or_default()
}

/// Notes that an object changes now.
pub(crate) fn touch(record: &mut Record, now: i64) {
    record.set(Attribute::LastChangeDate(DateTime(now)));
}

/// A sink that finds the first tag or value that a version does not have.
struct Liveness {
    version: Version,
    dead: Option<Tag>,
}

impl Liveness {
    fn first_dead(attribute: &Attribute, version: Version) -> Option<Tag> {
        let mut sink = Self { version, dead: None };
        put_typed(attribute, &mut sink);
        sink.dead
    }

    fn check(&mut self, tag: Tag, live: bool) {
        if !live {
            self.dead.get_or_insert(tag);
        }
    }
}

impl Sink for Liveness {
    fn version(&self) -> Version {
        self.version
    }
    fn set_version(&mut self, _: Version) {}
    fn begin(&mut self, _: Tag) {}
    fn end(&mut self) {}
    fn integer(&mut self, _: Tag, _: i32) {}
    // Clients set bits of other versions (PyKMIP the Export bit at 2.0): a mask is kept as it is.
    fn mask(&mut self, _: Tag, _: u32, _: &'static EnumTable) {}
    fn long_integer(&mut self, _: Tag, _: i64) {}
    fn big_integer(&mut self, _: Tag, _: &[u8]) {}
    fn enumeration(&mut self, tag: Tag, value: u32, table: Option<&'static EnumTable>) {
        // A table without rows has extensions only, and clients write what they like there.
        self.check(tag, table.is_none_or(|table| table.rows.is_empty() || table.is_live(value, self.version)));
    }
    fn boolean(&mut self, _: Tag, _: bool) {}
    fn text(&mut self, _: Tag, _: &str) {}
    fn bytes(&mut self, _: Tag, _: &[u8]) {}
    fn date_time(&mut self, _: Tag, _: i64) {}
    fn interval(&mut self, _: Tag, _: u32) {}
    fn date_time_extended(&mut self, tag: Tag, _: i64) {
        self.check(tag, self.version >= V2_0);
    }
    fn identifier(&mut self, _: Tag, _: IdentifierKind, _: &str) {}
}

/// Whether a version has a value of an enumeration.
pub(crate) fn is_live<E: WireEnum>(value: E, version: Version) -> bool {
    E::TABLE.is_live(value.to_wire(), version)
}
