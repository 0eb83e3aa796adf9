//! The attribute bag and its carriers: 1.x Template-Attribute and bare Attribute, 2.x Attributes, 3.0 typed links.
//!
//! Empty is not absent: a field is an `Option<Bag>`, so that an empty Template-Attribute or Attributes survives.

use super::table::{Attribute, VendorAttribute, is_link_tag, link_type_of_tag, tag_of_link_type, tag_of_name};
use super::values::{Link, Name, UniqueIdentifier};
use crate::error::{DecodeError, Problem, Result};
use crate::inline::Text;
use crate::item::{Item, ItemValue};
use crate::registry::{ItemType, Tag};
use crate::structures::StructureTable;
use crate::value::{Field, FieldRow, Value, unexpected_field};
use crate::version::{V2_0, V3_0, Version};
use crate::wire::{Sink, Source, Strictness};

/// Attributes as a message carries them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bag {
    /// Names of templates (1.x), which come before the attributes.
    pub templates: Vec<Name>,
    /// The attributes.
    pub items: Vec<Instance>,
    /// Whether a Template-Attribute held them where 1.x has Attribute structures. Never written.
    pub in_template: bool,
}

/// One attribute with its index (1.x).
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Attribute Index, if it was given or is to be given.
    pub index: Option<i32>,
    /// The attribute.
    pub attribute: Attribute,
}

impl FromIterator<Attribute> for Bag {
    fn from_iter<T: IntoIterator<Item = Attribute>>(attributes: T) -> Self {
        let items = attributes.into_iter().map(|attribute| Instance { index: None, attribute }).collect();
        Self { items, ..Self::default() }
    }
}

impl Bag {
    /// The attributes without their indexes.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.items.iter().map(|instance| &instance.attribute)
    }
}

/// How a version carries a bag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// Not at all.
    Nil,
    /// A Template-Attribute structure under this tag (1.x).
    Template(Tag),
    /// Attribute structures one after the other (1.x).
    Bare,
    /// An Attributes structure under this tag (from 2.0).
    Set(Tag),
}

/// Attribute of 1.x (KMIP 1.4 §2.1.1).
const ATTRIBUTE: &[FieldRow] = &[
    FieldRow::plain("name", &[Tag::AttributeName], "Text"),
    FieldRow::plain("index", &[Tag::AttributeIndex], "Option<i32>"),
    FieldRow::plain("value", &[Tag::AttributeValue], "Option<ItemValue>"),
];

/// Template-Attribute and its three variants of a key pair (KMIP 1.4 §2.1.8).
const TEMPLATE_ATTRIBUTE: &[FieldRow] = &[
    FieldRow::plain("templates", &[Tag::Name], "Vec<Name>"),
    FieldRow::plain("items", &[Tag::Attribute], "Vec<Instance>"),
];

/// Vendor Attribute (KMIP 2.1 §4.60).
const VENDOR_ATTRIBUTE: &[FieldRow] = &[
    FieldRow::plain("vendor", &[Tag::VendorIdentification], "Text"),
    FieldRow::plain("name", &[Tag::AttributeName], "Text"),
    FieldRow::plain("value", &[Tag::AttributeValue], "ItemValue"),
];

/// Attribute Reference to a vendor's attribute (KMIP 2.1 §5.5).
const VENDOR_REFERENCE: &[FieldRow] = &[
    FieldRow::plain("vendor", &[Tag::VendorIdentification], "Text"),
    FieldRow::plain("name", &[Tag::AttributeName], "Text"),
];

/// The structures of this file, all read by hand.
pub(crate) const STRUCTURES: &[StructureTable] = &[
    StructureTable::by_hand("Attribute", "Instance", ATTRIBUTE),
    StructureTable::by_hand("Template-Attribute", "Bag", TEMPLATE_ATTRIBUTE),
    StructureTable::by_hand("Vendor Attribute", "VendorAttribute", VENDOR_ATTRIBUTE),
    StructureTable::by_hand("Attribute Reference", "AttributeReference", VENDOR_REFERENCE),
];

fn carrier_of(carriers: (Carrier, Carrier), version: Version) -> Carrier {
    if version < V2_0 { carriers.0 } else { carriers.1 }
}

/// Writes a bag in the carrier of the sink's version.
pub(crate) fn put_bag(bag: Option<&Bag>, carriers: (Carrier, Carrier), sink: &mut dyn Sink) {
    let Some(bag) = bag else { return };
    match carrier_of(carriers, sink.version()) {
        Carrier::Nil => {}
        Carrier::Bare => bag.items.iter().for_each(|instance| put_attribute(instance, sink)),
        Carrier::Template(tag) => {
            sink.begin(tag);
            bag.templates.iter().for_each(|name| name.put(Tag::Name, sink));
            bag.items.iter().for_each(|instance| put_attribute(instance, sink));
            sink.end();
        }
        Carrier::Set(tag) => {
            sink.begin(tag);
            bag.items.iter().for_each(|instance| put_typed(&instance.attribute, sink));
            sink.end();
        }
    }
}

impl Carrier {
    /// Whether a bag in this carrier starts with `tag`.
    fn starts_with(self, tag: Tag) -> bool {
        match self {
            Self::Nil => false,
            Self::Bare => tag == Tag::Attribute,
            Self::Template(own) | Self::Set(own) => tag == own,
        }
    }
}

/// Takes a bag in the carrier of the source's version. Leniently the carrier of the other major version is read too, and
/// a Template-Attribute where 1.x has bare attributes, for clients that put search attributes into one.
pub(crate) fn take_bag(carriers: (Carrier, Carrier), next: &mut Tag, source: &mut dyn Source) -> Result<Option<Bag>> {
    take(carriers, Whole::Required, next, source)
}

/// Takes a bag of criteria: of their structures, fields may be missing (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28). Such a structure is
/// an [`Attribute::Other`] under the tag of its attribute.
pub(crate) fn take_criteria(
    carriers: (Carrier, Carrier),
    next: &mut Tag,
    source: &mut dyn Source,
) -> Result<Option<Bag>> {
    take(carriers, Whole::Optional, next, source)
}

/// Whether all required fields of a structure must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whole {
    Required,
    Optional,
}

impl Whole {
    /// Takes an attribute, or what there is of it.
    fn take(
        self,
        tag: Tag,
        source: &mut dyn Source,
        take: fn(Tag, &mut dyn Source) -> Result<Attribute>,
    ) -> Result<Attribute> {
        if self == Self::Required || source.item_type() != ItemType::Structure || tag == Tag::Attribute {
            return take(tag, source);
        }
        let mark = source.mark();
        match take(tag, source) {
            Err(error) if error.problem == Problem::Missing => {
                source.rewind(&mark);
                ItemValue::take(source).map(|value| Attribute::Other(Box::new(Item { tag, value })))
            }
            taken => taken,
        }
    }
}

fn take(carriers: (Carrier, Carrier), whole: Whole, next: &mut Tag, source: &mut dyn Source) -> Result<Option<Bag>> {
    let (own, other) = if source.version() < V2_0 { carriers } else { (carriers.1, carriers.0) };
    let template = if own == Carrier::Bare { Carrier::Template(Tag::TemplateAttribute) } else { Carrier::Nil };
    let Some(carrier) = [own, other, template].into_iter().find(|carrier| carrier.starts_with(*next)) else {
        return Ok(None);
    };
    if carrier != own {
        crate::value::foreign_field(*next, source)?;
    }
    if carrier == Carrier::Bare {
        return take_bare(whole, next, source).map(Some);
    }
    let mut bag = if let Carrier::Set(_) = carrier { take_set(whole, source)? } else { take_template(whole, source)? };
    bag.in_template = carrier != own && carrier == template;
    *next = source.next()?;
    Ok(Some(bag))
}

fn take_set(whole: Whole, source: &mut dyn Source) -> Result<Bag> {
    source.enter()?;
    let mut bag = Bag::default();
    loop {
        match source.next()? {
            Tag::NONE => break,
            tag => {
                let attribute = whole.take(tag, source, take_typed).map_err(|error| error.within("Attributes"))?;
                bag.items.push(Instance { index: None, attribute });
            }
        }
    }
    source.leave()?;
    Ok(bag)
}

fn take_template(whole: Whole, source: &mut dyn Source) -> Result<Bag> {
    source.enter()?;
    let mut inner = source.next()?;
    let mut templates = Vec::new();
    while inner == Tag::Name {
        templates.push(Name::take(source)?);
        inner = source.next()?;
    }
    let mut bag = take_bare(whole, &mut inner, source)?;
    bag.templates = templates;
    if inner != Tag::NONE {
        let present = [!bag.templates.is_empty(), !bag.items.is_empty()];
        return Err(unexpected_field(inner, TEMPLATE_ATTRIBUTE, &present).within("Template-Attribute"));
    }
    source.leave()?;
    Ok(bag)
}

fn take_bare(whole: Whole, next: &mut Tag, source: &mut dyn Source) -> Result<Bag> {
    let mut bag = Bag::default();
    while *next == Tag::Attribute {
        bag.items.push(take_attribute(whole, source)?);
        *next = source.next()?;
    }
    Ok(bag)
}

/// Writes one Attribute structure of 1.x.
fn put_attribute(instance: &Instance, sink: &mut dyn Sink) {
    sink.begin(Tag::Attribute);
    put_name(&AttributeReference::of(&instance.attribute), Tag::AttributeName, sink);
    if let Some(index) = instance.index {
        sink.integer(Tag::AttributeIndex, index);
    }
    instance.attribute.put_value(Tag::AttributeValue, sink);
    sink.end();
}

/// Takes one Attribute structure of 1.x.
fn take_attribute(whole: Whole, source: &mut dyn Source) -> Result<Instance> {
    source.enter()?;
    let instance = take_attribute_fields(whole, source).map_err(|error| error.within("Attribute"))?;
    source.leave()?;
    Ok(instance)
}

fn take_attribute_fields(whole: Whole, source: &mut dyn Source) -> Result<Instance> {
    if source.next()? != Tag::AttributeName {
        return Err(DecodeError::new(Problem::Missing, Tag::AttributeName));
    }
    let reference = AttributeReference::of_name(source.text()?);
    let mut next = source.next()?;
    let index = crate::value::Field::take_field(Tag::AttributeIndex, &mut next, source)?;
    if next == Tag::NONE {
        return Ok(Instance { index, attribute: Attribute::NameOnly(reference) });
    }
    if next != Tag::AttributeValue {
        return Err(unexpected_field(next, ATTRIBUTE, &[true, index.is_some(), false]));
    }
    let attribute = match reference {
        AttributeReference::Tag(tag) => whole.take(tag, source, Attribute::take_value)?,
        AttributeReference::Vendor { vendor, name } => {
            Attribute::Vendor(Box::new(VendorAttribute { vendor, name, value: ItemValue::take(source)? }))
        }
    };
    match source.next()? {
        Tag::NONE => Ok(Instance { index, attribute }),
        tag => Err(unexpected_field(tag, ATTRIBUTE, &[true, index.is_some(), true])),
    }
}

/// Writes one attribute under its own tag (from 2.0).
pub fn put_typed(attribute: &Attribute, sink: &mut dyn Sink) {
    match attribute {
        Attribute::Vendor(vendor) => {
            sink.begin(Tag::Attribute);
            sink.text(Tag::VendorIdentification, &vendor.vendor);
            sink.text(Tag::AttributeName, &vendor.name);
            vendor.value.put(Tag::AttributeValue, sink);
            sink.end();
        }
        Attribute::Link(link) if sink.version() >= V3_0 => match tag_of_link_type(link.link_type) {
            Some(tag) => as_reference(&link.linked_object_identifier).put(tag, sink),
            None => link.put(Tag::Link, sink),
        },
        Attribute::LinkByTag(tag, target) if sink.version() >= V3_0 => as_reference(target).put(*tag, sink),
        Attribute::ObjectGroup(group) if sink.version() >= V3_0 => {
            UniqueIdentifier::NameReference(group.clone()).put(Tag::GroupLink, sink);
        }
        Attribute::NameOnly(_) => {}
        other => other.put_value(other.tag(), sink),
    }
}

/// A 3.0 link holds a Reference where earlier versions hold the identifier as text.
fn as_reference(id: &UniqueIdentifier) -> UniqueIdentifier {
    match id {
        UniqueIdentifier::Text(text) => UniqueIdentifier::Reference(text.clone()),
        other => other.clone(),
    }
}

/// Takes one attribute under its own tag (from 2.0).
pub fn take_typed(tag: Tag, source: &mut dyn Source) -> Result<Attribute> {
    if tag == Tag::Attribute {
        return take_vendor(source).map(Box::new).map(Attribute::Vendor);
    }
    if source.version() < V3_0 {
        return Attribute::take_value(tag, source);
    }
    if matches!(tag, Tag::Link | Tag::ObjectGroup) {
        // 3.0 has no such attributes; kept as they came, because typed ones would be written under another tag.
        return ItemValue::take(source).map(|value| Attribute::Other(Box::new(Item { tag, value })));
    }
    match link_type_of_tag(tag) {
        Some(link_type) => take_link(source)
            .map(|linked_object_identifier| Attribute::Link(Link { link_type, linked_object_identifier })),
        None if is_link_tag(tag) => take_link(source).map(|target| match target {
            // What a group is by name, earlier versions call an Object Group.
            UniqueIdentifier::NameReference(group) if tag == Tag::GroupLink => Attribute::ObjectGroup(group),
            target => Attribute::LinkByTag(tag, target),
        }),
        None => Attribute::take_value(tag, source),
    }
}

/// Takes the target of a 3.0 link, which is never an Identifier.
fn take_link(source: &mut dyn Source) -> Result<UniqueIdentifier> {
    let found = source.item_type();
    match UniqueIdentifier::take(source)? {
        UniqueIdentifier::Text(_) if source.strictness() == Strictness::Strict => {
            crate::value::wrong_type(Tag::LinkedObjectIdentifier, ItemType::Reference, found)
        }
        id => Ok(as_reference(&id)),
    }
}

/// A field that links to objects: one identifier, an optional one or several.
pub(crate) trait Links: Field + Clone {
    /// The identifiers.
    fn ids(&mut self) -> impl Iterator<Item = &mut UniqueIdentifier>;
}

impl Links for UniqueIdentifier {
    fn ids(&mut self) -> impl Iterator<Item = &mut UniqueIdentifier> {
        std::iter::once(self)
    }
}

impl Links for Option<UniqueIdentifier> {
    fn ids(&mut self) -> impl Iterator<Item = &mut UniqueIdentifier> {
        self.iter_mut()
    }
}

impl Links for Vec<UniqueIdentifier> {
    fn ids(&mut self) -> impl Iterator<Item = &mut UniqueIdentifier> {
        self.iter_mut()
    }
}

/// Writes a field that links to objects: from 3.0 as References.
pub(crate) fn put_links<T: Links>(links: &T, tag: Tag, sink: &mut dyn Sink) {
    if sink.version() < V3_0 {
        return links.put_field(tag, sink);
    }
    let mut links = links.clone();
    links.ids().for_each(|id| *id = as_reference(id));
    links.put_field(tag, sink);
}

/// Takes a field that links to objects. From 3.0 none is an Identifier; leniently one is read as a Reference.
pub(crate) fn take_links<T: Links>(tag: Tag, next: &mut Tag, source: &mut dyn Source) -> Result<T> {
    let mut links = T::take_field(tag, next, source)?;
    if source.version() < V3_0 {
        return Ok(links);
    }
    for id in links.ids() {
        if matches!(id, UniqueIdentifier::Text(_)) && source.strictness() == Strictness::Strict {
            return crate::value::wrong_type(tag, ItemType::Reference, ItemType::Identifier);
        }
        *id = as_reference(id);
    }
    Ok(links)
}

fn take_vendor(source: &mut dyn Source) -> Result<VendorAttribute> {
    source.enter()?;
    let mut next = source.next()?;
    let vendor = Text::take_field(Tag::VendorIdentification, &mut next, source)?;
    let name = Text::take_field(Tag::AttributeName, &mut next, source)?;
    let value = ItemValue::take_field(Tag::AttributeValue, &mut next, source)?;
    if next != Tag::NONE {
        return Err(unexpected_field(next, VENDOR_ATTRIBUTE, &[true; 3]).within("Attribute"));
    }
    source.leave()?;
    Ok(VendorAttribute { vendor, name, value })
}

/// Names an attribute: a text in 1.x, a tag or a vendor's name from 2.0 (KMIP 2.1 §7.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AttributeReference {
    /// An attribute of the specification.
    Tag(Tag),
    /// An attribute of a vendor or client.
    Vendor {
        /// Vendor Identification; empty for a 1.x name of unknown form.
        vendor: Text,
        /// Attribute Name.
        name: Text,
    },
}

impl AttributeReference {
    /// The reference to an attribute.
    pub fn of(attribute: &Attribute) -> Self {
        match attribute {
            Attribute::Vendor(vendor) => Self::Vendor { vendor: vendor.vendor.clone(), name: vendor.name.clone() },
            Attribute::NameOnly(reference) => reference.clone(),
            other => Self::Tag(other.tag()),
        }
    }

    /// The reference by which a client of a version names an attribute. From 3.0 a Link is named by the tag of its own type,
    /// and the groups that Object Group named until then are links to groups, by name.
    pub fn in_version(attribute: &Attribute, version: Version) -> Self {
        match attribute {
            Attribute::Link(link) if version >= V3_0 => {
                Self::Tag(tag_of_link_type(link.link_type).unwrap_or(Tag::Link))
            }
            Attribute::ObjectGroup(_) if version >= V3_0 => Self::Tag(Tag::GroupLink),
            other => Self::of(other),
        }
    }

    /// The reference that a 1.x attribute name makes.
    pub fn of_name(name: &str) -> Self {
        if let Some(tag) = tag_of_name(name) {
            return Self::Tag(tag);
        }
        let (vendor, name) = match name.split_once('-') {
            Some((vendor @ ("x" | "y"), rest)) => (vendor, rest),
            _ => ("", name),
        };
        Self::Vendor { vendor: Text::new(vendor), name: Text::new(name) }
    }

    /// The 1.x attribute name.
    pub fn name(&self) -> Text {
        match self {
            Self::Tag(tag) => Text::new(tag.name().unwrap_or("Unknown")),
            Self::Vendor { vendor, name } if vendor.is_empty() => name.clone(),
            Self::Vendor { vendor, name } => Text::from(format!("{}-{}", vendor.as_str(), name.as_str())),
        }
    }
}

fn put_name(reference: &AttributeReference, tag: Tag, sink: &mut dyn Sink) {
    match reference {
        AttributeReference::Tag(attribute) => sink.text(tag, attribute.name().unwrap_or("Unknown")),
        other => sink.text(tag, &other.name()),
    }
}

/// Writes references: Attribute Name before version `from`, Attribute Reference from it on.
pub(crate) fn put_references(references: &[AttributeReference], from: Version, sink: &mut dyn Sink) {
    for reference in references {
        if sink.version() < from {
            put_name(reference, Tag::AttributeName, sink);
        } else {
            put_reference(reference, sink);
        }
    }
}

fn put_reference(reference: &AttributeReference, sink: &mut dyn Sink) {
    match reference {
        AttributeReference::Tag(tag) => sink.tag_value(Tag::AttributeReference, *tag),
        AttributeReference::Vendor { vendor, name } => {
            sink.begin(Tag::AttributeReference);
            sink.text(Tag::VendorIdentification, vendor);
            sink.text(Tag::AttributeName, name);
            sink.end();
        }
    }
}

/// Takes references in the form of the source's version.
pub(crate) fn take_references(
    from: Version,
    next: &mut Tag,
    source: &mut dyn Source,
) -> Result<Vec<AttributeReference>> {
    let tag = if source.version() < from { Tag::AttributeName } else { Tag::AttributeReference };
    let mut references = Vec::new();
    while *next == tag {
        references.push(take_reference(tag, source)?);
        *next = source.next()?;
    }
    Ok(references)
}

fn take_reference(tag: Tag, source: &mut dyn Source) -> Result<AttributeReference> {
    if tag == Tag::AttributeName {
        return source.text().map(AttributeReference::of_name);
    }
    match source.item_type() {
        ItemType::Structure => {
            source.enter()?;
            let mut next = source.next()?;
            let vendor = Text::take_field(Tag::VendorIdentification, &mut next, source)?;
            let name = Text::take_field(Tag::AttributeName, &mut next, source)?;
            if next != Tag::NONE {
                return Err(unexpected_field(next, VENDOR_REFERENCE, &[true; 2]).within("Attribute Reference"));
            }
            source.leave()?;
            Ok(AttributeReference::Vendor { vendor, name })
        }
        _ => source.tag_value().map(AttributeReference::Tag),
    }
}

/// Whether an attribute is one that a tag of 3.0 names in another way than earlier versions do: a Link by the tag of its
/// type, an Object Group by that of Group Link.
pub fn is_named_from_3_0(attribute: &Attribute, tag: Tag) -> bool {
    match attribute {
        Attribute::Link(link) => tag_of_link_type(link.link_type) == Some(tag),
        Attribute::ObjectGroup(_) => tag == Tag::GroupLink,
        _ => false,
    }
}

/// Whether a tag names an attribute of the specification, links of 3.0 included.
pub fn names_attribute(tag: Tag) -> bool {
    super::attribute_tags().contains(&tag) || is_link_tag(tag)
}
