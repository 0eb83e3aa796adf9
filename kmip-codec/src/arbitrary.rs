//! Arbitrary values of every declared type, made from a tape of bytes, and the property that each must have: written in
//! a version and read strictly in it, a value is the same, in TTLV, in XML and in JSON.
//!
//! proptest makes and shrinks the tape; an exhausted tape gives zeros, which are the smallest values.

use crate::attribute::carrier::Links;
use crate::attribute::table::LINKS;
use crate::attribute::values::{Link, Name, RotateName, UniqueIdentifier};
use crate::attribute::{Attribute, AttributeReference, Bag, Carrier, Instance, VendorAttribute, attribute_tags};
use crate::inline::Text;
use crate::item::{Item, ItemValue};
use crate::limits::Limits;
use crate::message::header::{AsynchronousMode, Ephemeral, HeaderVersion};
use crate::message::{encode, encode_json, encode_xml, encoded_len};
use crate::object::{KeyMaterial, KeyValue, KeyValueStructure};
use crate::operation::encrypt::Data;
use crate::operation::login::TicketLease;
use crate::operation::query::ExtensionType;
use crate::registry::*;
use crate::secret::{Secret, SecretText};
use crate::structures::structure_tables;
use crate::value::*;
use crate::version::{PUBLISHED, V2_0, V3_0, Version};
use crate::wire::json::JsonReader;
use crate::wire::ttlv::TtlvReader;
use crate::wire::xml::{Layout, XmlReader};
use crate::wire::{IdentifierKind, Source, Strictness};

/// Makes values from a tape.
pub(crate) struct Gen<'a> {
    tape: std::slice::Iter<'a, u8>,
    version: Version,
    depth: usize,
}

impl<'a> Gen<'a> {
    fn new(tape: &'a [u8], version: Version) -> Self {
        Self { tape: tape.iter(), version, depth: 0 }
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    fn byte(&mut self) -> u8 {
        self.tape.next().copied().unwrap_or_default()
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()])) % bound
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// Lengths around the border between inline and heap.
    fn bytes(&mut self) -> Vec<u8> {
        let length = self.below(48);
        (0..length).map(|_| self.byte()).collect()
    }

    fn string(&mut self) -> String {
        let length = self.below(44);
        (0..length).map(|_| self.pick(&CHARACTERS)).collect()
    }
}

/// Characters of one to four bytes, and all that XML or JSON treats in its own way.
const CHARACTERS: [char; 20] = [
    'a',
    'Z',
    '0',
    '-',
    ' ',
    '<',
    '>',
    '&',
    '"',
    '\'',
    '\n',
    '\r',
    '\t',
    '$',
    '\\',
    '/',
    'ä',
    '\u{20AC}',
    '\u{FFFC}',
    '\u{1F511}',
];

/// A type of which a tape makes a value.
pub(crate) trait Arbitrary: Sized {
    fn arbitrary(g: &mut Gen<'_>) -> Self;
}

/// A field of a structure.
pub(crate) trait ArbitraryField: Sized {
    fn arbitrary_field(g: &mut Gen<'_>, live: bool, required: bool) -> Self;
}

impl<T: Arbitrary> ArbitraryField for T {
    fn arbitrary_field(g: &mut Gen<'_>, live: bool, _required: bool) -> Self {
        assert!(live, "a field that not all versions have is optional");
        T::arbitrary(g)
    }
}

impl<T: Arbitrary> ArbitraryField for Option<T> {
    fn arbitrary_field(g: &mut Gen<'_>, live: bool, required: bool) -> Self {
        (live && (required || g.flag())).then(|| T::arbitrary(g))
    }
}

impl<T: Arbitrary> ArbitraryField for Vec<T> {
    fn arbitrary_field(g: &mut Gen<'_>, live: bool, required: bool) -> Self {
        let count = if live { g.below(3).max(usize::from(required)) } else { 0 };
        (0..count).map(|_| T::arbitrary(g)).collect()
    }
}

/// A type whose layout an earlier field chooses.
pub(crate) trait ArbitraryBy: ValueBy {
    fn arbitrary_by(by: &Self::By, g: &mut Gen<'_>) -> Self;
}

/// A field whose layout an earlier field chooses.
pub(crate) trait ArbitraryFieldBy: FieldBy {
    fn arbitrary_field_by(by: &Self::By, g: &mut Gen<'_>) -> Self;
}

impl<T: ArbitraryBy> ArbitraryFieldBy for T {
    fn arbitrary_field_by(by: &Self::By, g: &mut Gen<'_>) -> Self {
        T::arbitrary_by(by, g)
    }
}

impl<T: ArbitraryBy> ArbitraryFieldBy for Option<T> {
    fn arbitrary_field_by(by: &T::By, g: &mut Gen<'_>) -> Self {
        g.flag().then(|| T::arbitrary_by(by, g))
    }
}

impl<T: Arbitrary> Arbitrary for Box<T> {
    fn arbitrary(g: &mut Gen<'_>) -> Self {
        Box::new(T::arbitrary(g))
    }
}

/// Mostly values that the tables know, sometimes any number.
pub(crate) fn wire_enum<E: WireEnum>(g: &mut Gen<'_>) -> E {
    let rows = E::TABLE.rows;
    match g.byte() % 5 {
        0 => E::from_wire(u32::from_be_bytes(g.array())),
        _ if E::TABLE.is_mask => E::from_wire(u32::from_be_bytes(g.array()) & E::TABLE.live_bits(g.version)),
        _ if rows.is_empty() => E::from_wire(0x8000_0001),
        _ => E::from_wire(rows[g.below(rows.len())].value),
    }
}

macro_rules! arbitrary {
    ($($ty:ty = |$g:ident| $value:expr;)*) => {
        $(impl Arbitrary for $ty {
            fn arbitrary($g: &mut Gen<'_>) -> Self { $value }
        })*
    };
}

arbitrary! {
    i32 = |g| i32::from_be_bytes(g.array());
    i64 = |g| i64::from_be_bytes(g.array());
    bool = |g| g.flag();
    Text = |g| Text::from(g.string());
    SecretText = |g| SecretText::copy_from(&g.string());
    ByteString = |g| ByteString::new(&g.bytes());
    Secret = |g| Secret::copy_from(&g.bytes());
    BigInteger = |g| BigInteger::from_unsigned(&g.bytes());
    SecretInteger = |g| SecretInteger::from_unsigned(&g.bytes());
    DateTime = |g| DateTime(date(g));
    DateTimeExtended = |g| DateTimeExtended(date(g));
    Interval = |g| Interval(u32::from_be_bytes(g.array()));
    TicketLease = |g| match g.flag() {
        true => TicketLease::Until(DateTime::arbitrary(g)),
        false => TicketLease::For(Interval::arbitrary(g)),
    };
    HeaderVersion = |g| HeaderVersion(g.version());
    ExtensionType = |g| ExtensionType(ItemType::arbitrary(g));
    RotateName = |g| {
        let kind = RotateNameType::arbitrary(g);
        let kind = if g.version() < V3_0 { kind } else { RotateNameType::UninterpretedTextString };
        RotateName { value: Text::arbitrary(g), kind }
    };
    Name = |g| {
        let kind = NameType::arbitrary(g);
        let kind = if g.version() < V3_0 { kind } else { NameType::UninterpretedTextString };
        Name { value: Text::arbitrary(g), kind }
    };
    AsynchronousMode = |g| {
        let kinds = [AsynchronousIndicator::Optional, AsynchronousIndicator::Prohibited];
        AsynchronousMode(if g.version() < V2_0 { g.pick(&kinds) } else { AsynchronousIndicator::arbitrary(g) })
    };
    Ephemeral = |g| {
        if g.version() < V3_0 { Ephemeral::Flag(g.flag()) } else { Ephemeral::Kind(EphemeralEnumeration::arbitrary(g)) }
    };
    Data = |g| match g.byte() % 4 {
        0 if g.version() >= V2_0 => Data::Placeholder(DataEnumeration::arbitrary(g)),
        1 if g.version() >= V2_0 => Data::Index(i32::arbitrary(g)),
        _ => Data::Bytes(Secret::arbitrary(g)),
    };
    UniqueIdentifier = |g| match g.byte() % 6 {
        0 if g.version() >= V2_0 => UniqueIdentifier::Placeholder(UniqueIdentifierEnumeration::arbitrary(g)),
        1 if g.version() >= V2_0 => UniqueIdentifier::Index(i32::arbitrary(g)),
        2 if g.version() >= V3_0 => UniqueIdentifier::Reference(Text::arbitrary(g)),
        3 if g.version() >= V3_0 => UniqueIdentifier::NameReference(Text::arbitrary(g)),
        _ => UniqueIdentifier::Text(Text::arbitrary(g)),
    };
    ItemValue = |g| item_value(g);
}

/// Dates near, and dates that no calendar holds.
fn date(g: &mut Gen<'_>) -> i64 {
    if g.flag() { i64::arbitrary(g) } else { i64::from(i32::arbitrary(g)) }
}

fn item_value(g: &mut Gen<'_>) -> ItemValue {
    let kinds = if g.version() >= V3_0 { 15 } else { 12 };
    match g.below(kinds) {
        0 => ItemValue::Integer(i32::arbitrary(g)),
        1 => ItemValue::LongInteger(i64::arbitrary(g)),
        2 => ItemValue::BigInteger(ByteString::new(&g.array::<16>())),
        3 => ItemValue::Enumeration(u32::from_be_bytes(g.array())),
        4 => ItemValue::Boolean(g.flag()),
        5 => ItemValue::Text(Text::arbitrary(g)),
        6 => ItemValue::Bytes(ByteString::arbitrary(g)),
        7 => ItemValue::DateTime(date(g)),
        8 => ItemValue::Interval(u32::from_be_bytes(g.array())),
        9 => ItemValue::DateTimeExtended(date(g)),
        10 | 11 => structure(g),
        12 => ItemValue::Identifier(IdentifierKind::Identifier, Text::arbitrary(g)),
        13 => ItemValue::Identifier(IdentifierKind::Reference, Text::arbitrary(g)),
        _ => ItemValue::Identifier(IdentifierKind::NameReference, Text::arbitrary(g)),
    }
}

/// A structure of items of any kind, with tags known and unknown.
pub(crate) fn structure(g: &mut Gen<'_>) -> ItemValue {
    g.depth += 1;
    let count = if g.depth > 3 { 0 } else { g.below(4) };
    let items = (0..count).map(|_| Item { tag: any_tag(g), value: item_value(g) }).collect();
    g.depth -= 1;
    ItemValue::Structure(items)
}

fn any_tag(g: &mut Gen<'_>) -> Tag {
    let rows = tag_rows();
    let known = rows[g.below(rows.len())].tag;
    if g.flag() { known } else { vendor_tag(g) }
}

fn vendor_tag(g: &mut Gen<'_>) -> Tag {
    Tag::new(0x54_0000 | u32::from(u16::from_be_bytes(g.array())))
}

/// Items that no table has.
pub(crate) fn vendor_items(g: &mut Gen<'_>) -> Vec<Item> {
    (0..g.below(3)).map(|_| Item { tag: vendor_tag(g), value: item_value(g) }).collect()
}

impl ArbitraryBy for KeyMaterial {
    fn arbitrary_by(format: &KeyFormatType, g: &mut Gen<'_>) -> Self {
        if g.flag() {
            return Self::Bytes(Secret::arbitrary(g));
        }
        Self::Transparent(Box::new(ArbitraryBy::arbitrary_by(format, g)))
    }
}

impl ArbitraryBy for KeyValue {
    fn arbitrary_by(format: &KeyFormatType, g: &mut Gen<'_>) -> Self {
        if g.flag() {
            return Self::Wrapped(Secret::arbitrary(g));
        }
        let key_material = KeyMaterial::arbitrary_by(format, g);
        let attributes = bag((Carrier::Bare, Carrier::Set(Tag::Attributes)), g, false);
        Self::Plain(Box::new(KeyValueStructure { key_material, attributes }))
    }
}

/// A bag that the carrier of the version can hold: bare attributes cannot be empty, only a template has names.
pub(crate) fn bag(carriers: (Carrier, Carrier), g: &mut Gen<'_>, required: bool) -> Option<Bag> {
    let carrier = if g.version() < V2_0 { carriers.0 } else { carriers.1 };
    if carrier == Carrier::Nil || !(g.flag() || required) {
        return None;
    }
    let named = if let Carrier::Template(_) = carrier { g.below(3) } else { 0 };
    let least = usize::from(carrier == Carrier::Bare);
    let templates = (0..named).map(|_| Name::arbitrary(g)).collect();
    let items = (0..g.below(4).max(least)).map(|_| instance(g)).collect();
    Some(Bag { templates, items, in_template: false })
}

fn instance(g: &mut Gen<'_>) -> Instance {
    if g.version() >= V2_0 {
        return Instance { index: None, attribute: typed_attribute(g) };
    }
    let index = g.flag().then(|| i32::arbitrary(g));
    let attribute = match g.byte() % 6 {
        0 => Attribute::NameOnly(reference(V2_0, g)),
        1 => vendor_attribute(g),
        _ => Attribute::MAKERS[g.below(Attribute::MAKERS.len())](g),
    };
    Instance { index, attribute }
}

fn vendor_attribute(g: &mut Gen<'_>) -> Attribute {
    let AttributeReference::Vendor { vendor, name } = vendor_reference(V2_0, g) else { unreachable!() };
    Attribute::Vendor(Box::new(VendorAttribute { vendor, name, value: item_value(g) }))
}

fn typed_attribute(g: &mut Gen<'_>) -> Attribute {
    let (tag, link_type) = g.pick(&LINKS);
    match g.byte() % 6 {
        0 => vendor_attribute(g),
        1 => Attribute::Other(Box::new(Item { tag: vendor_tag(g), value: item_value(g) })),
        2 if link_type.is_none() || g.version() < V3_0 => {
            match links(UniqueIdentifier::arbitrary(g), g) {
                // A group by name is an Object Group.
                UniqueIdentifier::NameReference(group) if g.version() >= V3_0 && tag == Tag::GroupLink => {
                    Attribute::ObjectGroup(group)
                }
                target => Attribute::LinkByTag(tag, target),
            }
        }
        3 => link(link_type.unwrap_or(LinkType::NextLink), g),
        _ => match Attribute::MAKERS[g.below(Attribute::MAKERS.len())](g) {
            // In 3.0 a link stands under a tag of its own, and refers.
            Attribute::Link(_) => link(LinkType::ParentLink, g),
            other => other,
        },
    }
}

fn link(link_type: LinkType, g: &mut Gen<'_>) -> Attribute {
    let linked_object_identifier = match UniqueIdentifier::arbitrary(g) {
        UniqueIdentifier::Text(id) if g.version() >= V3_0 => UniqueIdentifier::Reference(id),
        other => other,
    };
    Attribute::Link(Link { link_type, linked_object_identifier })
}

/// Links, which are References where the version has them.
pub(crate) fn links<T: Links>(mut links: T, g: &Gen<'_>) -> T {
    for id in links.ids().filter(|_| g.version() >= V3_0) {
        if let UniqueIdentifier::Text(text) = id {
            *id = UniqueIdentifier::Reference(text.clone());
        }
    }
    links
}

/// References that are names before `from`, and tags from it on.
pub(crate) fn references(from: Version, g: &mut Gen<'_>, live: bool, required: bool) -> Vec<AttributeReference> {
    let count = if live { g.below(3).max(usize::from(required)) } else { 0 };
    (0..count).map(|_| reference(from, g)).collect()
}

fn reference(from: Version, g: &mut Gen<'_>) -> AttributeReference {
    match g.flag() {
        true => vendor_reference(from, g),
        false if g.version() < from => AttributeReference::Tag(g.pick(attribute_tags())),
        false => AttributeReference::Tag(any_tag(g)),
    }
}

/// A name that no attribute of the specification has. Before `from` the vendor stands in the name: `x-` or `y-`.
fn vendor_reference(from: Version, g: &mut Gen<'_>) -> AttributeReference {
    let vendor = if g.version() < from { g.pick(&["x", "y", ""]) } else { g.pick(&["x", "", "acme"]) };
    AttributeReference::Vendor { vendor: Text::new(vendor), name: Text::from(format!("_{}", g.string())) }
}

/// Writes and reads a value made from the tape.
pub(crate) fn round_trip<T>(g: &mut Gen<'_>) -> Result<(), String>
where
    T: Structure + Value + Arbitrary + PartialEq + std::fmt::Debug,
{
    let (tag, version) = (Tag::new(0x54_0000), g.version());
    let value = T::arbitrary(g);
    let bytes = encode(tag, &value, version);
    if bytes.len() != encoded_len(tag, &value, version) {
        return Err(format!("counted {} of {} bytes", encoded_len(tag, &value, version), bytes.len()));
    }
    let mut reader = TtlvReader::new(&bytes, Limits::DEFAULT, Strictness::Strict);
    let read = take::<T>(&mut reader, version).map_err(|error| format!("TTLV: {error} of {value:#?}"))?;
    reader.finish().map_err(|error| error.to_string())?;
    same("TTLV", &value, &read)?;
    for layout in [Layout::Compact, Layout::Pretty] {
        let text = encode_xml(tag, &value, version, layout);
        let mut reader = XmlReader::new(&text, Limits::DEFAULT, Strictness::Strict).map_err(|e| e.to_string())?;
        let read = take::<T>(&mut reader, version).map_err(|error| format!("XML: {error} of {}", *text))?;
        same("XML", &value, &read)?;
        let text = encode_json(tag, &value, version, layout);
        let mut reader = JsonReader::new(&text, Limits::DEFAULT, Strictness::Strict).map_err(|e| e.to_string())?;
        let read = take::<T>(&mut reader, version).map_err(|error| format!("JSON: {error} of {}", *text))?;
        same("JSON", &value, &read)?;
    }
    Ok(())
}

fn take<T: Value>(source: &mut dyn Source, version: Version) -> crate::error::Result<T> {
    source.set_version(version);
    source.next()?;
    let value = T::take(source)?;
    assert_eq!(source.next()?, Tag::NONE);
    Ok(value)
}

fn same<T: PartialEq + std::fmt::Debug>(encoding: &str, written: &T, read: &T) -> Result<(), String> {
    if written == read { Ok(()) } else { Err(format!("{encoding}: {written:#?} became {read:#?}")) }
}

mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Every structure, in every version.
        #[test]
        fn every_structure_comes_back(tape in proptest::collection::vec(any::<u8>(), 0..600)) {
            for table in structure_tables() {
                for version in PUBLISHED {
                    let Some(round_trip) = table.round_trip else { continue };
                    let outcome = round_trip(&mut Gen::new(&tape, version));
                    prop_assert!(outcome.is_ok(), "{} in {version}: {}", table.name, outcome.unwrap_err());
                }
            }
        }
    }

    /// What the smallest tape makes: every structure without its optional fields.
    #[test]
    fn every_structure_comes_back_empty() {
        let trips = structure_tables().filter_map(|table| table.round_trip.map(|trip| (table, trip)));
        let trips: Vec<_> = trips.collect();
        assert!(trips.len() > 200, "{} structures", trips.len());
        for ((table, round_trip), version) in trips.iter().flat_map(|trip| PUBLISHED.map(|version| (trip, version))) {
            round_trip(&mut Gen::new(&[], version)).unwrap_or_else(|problem| {
                panic!("{} in {version}: {problem}", table.name);
            });
        }
    }
}
