//! How Locate compares (KMIP 2.1 §6.1.28): all criteria must match; two instances of a date are an inclusive range; a mask
//! asks for all its bits; Usage Limits ask for at least so much; a structure matches on the fields that are given. The
//! largest date stands for a date that is not set.

use kmip_codec::attribute::values::UsageLimits;
use kmip_codec::attribute::{Attribute, AttributeReference, Bag};
use kmip_codec::inline::Text;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{EnumTable, Tag, WireEnum};
use kmip_codec::structures::structure_tables;
use kmip_codec::value::FieldRow;
use kmip_codec::version::{V2_1, Version};
use kmip_codec::wire::{IdentifierKind, Sink};

use crate::attributes::{is_equal, object_class, rule_of};
use crate::counters::Counter;
use crate::error::{Fault, OpResult, fail};
use crate::index::value_key;
use crate::object::{Record, date_value, is_of};
use crate::{quirks, state};

/// The criteria of one Locate.
pub(crate) struct Criteria<'a> {
    wanted: Vec<(&'a Attribute, AttributeReference)>,
    ranges: Vec<(Tag, i64, i64)>,
    /// Counts of uses, which no record holds.
    pub counted: Vec<&'a Attribute>,
    groups: &'a [Group],
    version: Version,
    now: i64,
}

/// Refuses fields that a structure does not have, and values that a field cannot have: they would match nothing.
fn check_fields(given: &Item, version: Version) -> OpResult<()> {
    let table = given.tag.name().and_then(|name| structure_tables().find(|table| table.name == name));
    let (Some(table), ItemValue::Structure(fields)) = (table, &given.value) else { return Ok(()) };
    let row_of = |tag| table.fields.iter().find(|row| row.tags_in(version).is_some_and(|tags| tags.contains(&tag)));
    for field in fields {
        match row_of(field.tag) {
            None => return fail(Fault::InvalidField, format!("{} has no field {}", table.name, field.tag)),
            Some(row) if !may_hold(row, &field.value) => {
                return fail(Fault::InvalidField, format!("{} of {} is not of its type", field.tag, table.name));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Whether a value is of the type that a field has.
fn may_hold(row: &FieldRow, value: &ItemValue) -> bool {
    let inner = row.rust_type.trim_end_matches('>').rsplit('<').next().unwrap_or_default();
    match value {
        ItemValue::Integer(_) => matches!(inner, "i32" | "UniqueIdentifier" | "ProtectionStorageMask"),
        ItemValue::LongInteger(_) => inner == "i64",
        ItemValue::Boolean(_) => inner == "bool",
        ItemValue::Text(_) => matches!(inner, "Text" | "UniqueIdentifier"),
        ItemValue::Bytes(_) => inner == "ByteString",
        ItemValue::Identifier(..) => inner == "UniqueIdentifier",
        ItemValue::Enumeration(_) => !matches!(inner, "i32" | "i64" | "bool" | "Text" | "ByteString"),
        // No field of an attribute's structure has another type.
        _ => false,
    }
}

/// Says that there is no such attribute, and which one may be meant.
fn unknown(reference: &AttributeReference, version: Version) -> String {
    let name = reference.name();
    let message = format!("KMIP {version} has no attribute {:?}", name.as_str());
    match quirks::spelling(&name) {
        Some(meant) if meant != name => {
            format!("{message}, but {:?}; the quirk loose-attribute-names overlooks that", meant.as_str())
        }
        _ => message,
    }
}

/// A group object whose members are wanted: those that link to it, and those that have one of its names as Object Group.
pub(crate) struct Group {
    /// Its identifier.
    pub id: Text,
    /// Its names.
    pub names: Vec<Text>,
}

impl Group {
    fn has_member(&self, record: &Record) -> bool {
        record.attributes.iter().any(|instance| match &instance.attribute {
            Attribute::ObjectGroup(group) => self.names.contains(group),
            Attribute::LinkByTag(Tag::GroupLink, group) => group.as_text() == Some(self.id.as_str()),
            _ => false,
        })
    }
}

impl<'a> Criteria<'a> {
    /// Reads the criteria of a request; an attribute that the version does not have is an error.
    pub fn new(bag: &'a Bag, groups: &'a [Group], version: Version, now: i64) -> OpResult<Self> {
        let mut criteria = Self { wanted: Vec::new(), ranges: Vec::new(), counted: Vec::new(), groups, version, now };
        if let Some(template) = bag.templates.first() {
            return fail(
                Fault::InvalidField,
                format!("Locate takes no template, such as {:?}", template.value.as_str()),
            );
        }
        for attribute in bag.attributes() {
            let reference = AttributeReference::in_version(attribute, version);
            if rule_of(&reference, version).is_none() {
                return fail(Fault::InvalidAttribute, unknown(&reference, version));
            }
            if let Attribute::Other(item) = attribute {
                check_fields(item, version)?;
            }
            if Counter::of_attribute(attribute).is_some() {
                criteria.counted.push(attribute);
                continue;
            }
            match date_value(attribute) {
                Some(date) => criteria.add_date(attribute.tag(), date.0)?,
                None => criteria.wanted.push((attribute, reference)),
            }
        }
        Ok(criteria)
    }

    fn add_date(&mut self, tag: Tag, date: i64) -> OpResult<()> {
        match self.ranges.iter_mut().find(|(of, _, _)| *of == tag) {
            None => self.ranges.push((tag, date, date)),
            Some((_, from, to)) if from == to => (*from, *to) = ((*from).min(date), (*to).max(date)),
            Some(_) => return fail(Fault::InvalidField, format!("{tag} is given more than twice")),
        }
        Ok(())
    }

    /// The keys of the criteria that the index knows.
    pub fn indexed(&self) -> Vec<u64> {
        self.wanted.iter().filter(|(wanted, _)| is_whole(wanted)).filter_map(|(wanted, _)| value_key(wanted)).collect()
    }

    /// Whether an object matches all criteria.
    pub fn match_all(&self, record: &Record) -> bool {
        let date = |tag| record.date(tag).map_or(i64::MAX, |date| date.0);
        self.ranges.iter().all(|(tag, from, to)| (*from..=*to).contains(&date(*tag)))
            && self.groups.iter().all(|group| group.has_member(record))
            && self.wanted.iter().all(|(wanted, reference)| self.matches(record, wanted, reference))
    }

    fn matches(&self, record: &Record, wanted: &Attribute, reference: &AttributeReference) -> bool {
        match wanted {
            Attribute::State(wanted) => state::at(record, self.now) == *wanted,
            Attribute::ObjectType(wanted) => record.object_type == *wanted,
            Attribute::ObjectClass(wanted) => object_class(record) == *wanted,
            Attribute::UniqueIdentifier(wanted) => wanted.as_text() == Some(record.id.as_str()),
            _ => {
                let mut instances = record.attributes.iter().map(|instance| &instance.attribute);
                instances.any(|found| {
                    is_of(found, reference) && (is_match(found, wanted) || is_equal(found, wanted, self.version))
                })
            }
        }
    }
}

/// Whether a criterion gives the whole value, so that equal values have equal keys.
fn is_whole(wanted: &Attribute) -> bool {
    match wanted {
        Attribute::ApplicationSpecificInformation(info) => info.application_data.is_some(),
        _ => true,
    }
}

/// Whether a value matches a wanted one: structures match on the fields that are wanted.
pub(crate) fn is_match(found: &Attribute, wanted: &Attribute) -> bool {
    match (found, wanted) {
        (Attribute::CryptographicUsageMask(found), Attribute::CryptographicUsageMask(wanted)) => {
            found.contains(*wanted)
        }
        (Attribute::ProtectionStorageMask(found), Attribute::ProtectionStorageMask(wanted)) => found.contains(*wanted),
        (Attribute::UsageLimits(found), Attribute::UsageLimits(wanted)) => has_at_least(found, wanted),
        (Attribute::UsageLimits(found), Attribute::Other(wanted)) => has_what_is_given(found, wanted),
        _ if found == wanted => true,
        _ => {
            let (have, need) = (Fields::of(found), Fields::of(wanted));
            need.is_structure && need.fields.iter().all(|field| have.fields.contains(field))
        }
    }
}

fn has_at_least(found: &UsageLimits, wanted: &UsageLimits) -> bool {
    let enough = |found: Option<i64>, wanted: Option<i64>| wanted.is_none_or(|w| found.is_some_and(|f| f >= w));
    found.usage_limits_unit.to_wire() == wanted.usage_limits_unit.to_wire()
        && found.usage_limits_total >= wanted.usage_limits_total
        && enough(found.usage_limits_count, wanted.usage_limits_count)
}

/// The same where fields of the wanted structure are missing.
fn has_what_is_given(found: &UsageLimits, wanted: &Item) -> bool {
    let ItemValue::Structure(fields) = &wanted.value else { return false };
    fields.iter().all(|field| match (field.tag, &field.value) {
        (Tag::UsageLimitsTotal, ItemValue::LongInteger(wanted)) => found.usage_limits_total >= *wanted,
        (Tag::UsageLimitsCount, ItemValue::LongInteger(wanted)) => {
            found.usage_limits_count.is_some_and(|count| count >= *wanted)
        }
        (Tag::UsageLimitsUnit, ItemValue::Enumeration(wanted)) => found.usage_limits_unit.to_wire() == *wanted,
        _ => false,
    })
}

/// A sink that lists the fields of a structure.
#[derive(Default)]
struct Fields {
    fields: Vec<(Tag, Vec<u8>)>,
    is_structure: bool,
}

impl Fields {
    fn of(attribute: &Attribute) -> Self {
        let mut fields = Self::default();
        attribute.put_value(attribute.tag(), &mut fields);
        fields
    }

    fn note(&mut self, tag: Tag, bytes: &[u8]) {
        self.fields.push((tag, bytes.to_vec()));
    }
}

impl Sink for Fields {
    fn version(&self) -> Version {
        V2_1
    }
    fn set_version(&mut self, _: Version) {}
    fn begin(&mut self, _: Tag) {
        self.is_structure = true;
    }
    fn end(&mut self) {}
    fn integer(&mut self, tag: Tag, value: i32) {
        self.note(tag, &value.to_be_bytes());
    }
    fn mask(&mut self, tag: Tag, value: u32, _: &'static EnumTable) {
        self.note(tag, &value.to_be_bytes());
    }
    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.note(tag, &value.to_be_bytes());
    }
    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.note(tag, value);
    }
    fn enumeration(&mut self, tag: Tag, value: u32, _: Option<&'static EnumTable>) {
        self.note(tag, &value.to_be_bytes());
    }
    fn boolean(&mut self, tag: Tag, value: bool) {
        self.note(tag, &[u8::from(value)]);
    }
    fn text(&mut self, tag: Tag, value: &str) {
        self.note(tag, value.as_bytes());
    }
    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.note(tag, value);
    }
    fn date_time(&mut self, tag: Tag, value: i64) {
        self.note(tag, &value.to_be_bytes());
    }
    fn interval(&mut self, tag: Tag, value: u32) {
        self.note(tag, &value.to_be_bytes());
    }
    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.note(tag, &value.to_be_bytes());
    }
    fn identifier(&mut self, tag: Tag, _: IdentifierKind, value: &str) {
        self.note(tag, value.as_bytes());
    }
}
