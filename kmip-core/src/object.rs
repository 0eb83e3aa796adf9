//! A managed object as the server keeps it, and its stored record.
//!
//! The record is TTLV made with the protocol's own types, under internal tags of the vendor range, format version first.
//! State is no field: it follows from dates and flags (see `state.rs`). Unique Identifier and Object Type are fields of
//! their own and not attributes of the list. Key material stands apart, sealed by the vault.

use kmip_codec::attribute::carrier::{put_typed, take_typed};
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, AttributeReference, Instance, is_named_from_3_0};
use kmip_codec::error::{DecodeError, Problem, Result};
use kmip_codec::inline::Text;
use kmip_codec::object::ManagedObject;
use kmip_codec::registry::{LinkType, ObjectType, Tag};
use kmip_codec::value::{ByteString, ChoiceField, DateTime, Field, Value};
use kmip_codec::version::V2_1;
use kmip_codec::wire::count::Counter;
use kmip_codec::wire::ttlv::TtlvWriter;
use kmip_codec::wire::{Sink, Source};

use crate::ports::vault::Sealed;
use crate::stored::Form;

/// Format of stored records; a reader refuses a newer one.
const FORMAT: i32 = 1;

const RECORD: Tag = Tag::new(0x54_0000);
const FORMAT_VERSION: Tag = Tag::new(0x54_0001);
const SCOPE: Tag = Tag::new(0x54_0002);
const DESTROYED: Tag = Tag::new(0x54_0003);
const INSTANCE: Tag = Tag::new(0x54_0004);
const NEXT_INDEX: Tag = Tag::new(0x54_0005);
const OBJECT: Tag = Tag::new(0x54_0006);
const MATERIAL: Tag = Tag::new(0x54_0007);
const MATERIAL_KIND: Tag = Tag::new(0x54_0008);
const SEALED: Tag = Tag::new(0x54_0009);
const ALLOCATED: Tag = Tag::new(0x54_000A);
const SERIAL: Tag = Tag::new(0x54_000B);
const ARCHIVED: Tag = Tag::new(0x54_000C);
const PASSWORD_HASH: Tag = Tag::new(0x54_000D);
const DEVICE_KEY: Tag = Tag::new(0x54_000E);
const SPLIT: Tag = Tag::new(0x54_000F);

/// Room that a new object gets at once: most have 18 to 24 attributes, and growing step by step moves them all.
const USUAL_ATTRIBUTES: usize = 24;

/// What the sealed bytes of a material are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaterialKind {
    /// The Key Material, a Byte String.
    Bytes,
    /// The Key Material, a structure, as TTLV.
    Transparent,
    /// A wrapped Key Value, kept as registered.
    Wrapped,
    /// The Opaque Data Value.
    Opaque,
    /// A credential other than a password, as TTLV (KMIP 3.0 §2.1.3).
    Credential,
}

impl MaterialKind {
    const ALL: [Self; 5] = [Self::Bytes, Self::Transparent, Self::Wrapped, Self::Opaque, Self::Credential];
}

/// Sealed key material.
#[derive(Debug, Clone, PartialEq)]
pub struct Material {
    /// What the bytes are.
    pub kind: MaterialKind,
    /// The bytes, sealed by the vault.
    pub sealed: Sealed,
    /// Whether the key of the scope's archive sealed them.
    pub archived: bool,
}

/// A managed object.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Unique Identifier.
    pub id: Text,
    /// The scope that owns it.
    pub scope: Text,
    /// Object Type.
    pub object_type: ObjectType,
    /// Position in the order in which objects were made: Locate lists the newest first.
    pub serial: i64,
    /// Whether it was destroyed: metadata stays, material is gone.
    pub destroyed: bool,
    /// Whether Get Usage Allocation has taken from the Usage Limits.
    pub allocated: bool,
    /// Attributes, each with its index.
    pub attributes: Vec<Instance>,
    /// The next index of multi-instance attributes that lost their last instance, so that no index is used twice.
    pub next_indexes: Vec<(AttributeReference, i32)>,
    /// The object without its key material.
    pub object: Option<ManagedObject>,
    /// The key material.
    pub material: Option<Material>,
    /// The slow hash of the password of a Password Credential, in PHC form.
    pub password_hash: Option<Text>,
    /// The keyed hash of the fields of a Device Credential.
    pub device_key: Option<ByteString>,
    /// What the parts have in common that Create Split Key made of one key: the identifier of the first.
    pub split: Option<Text>,
}

/// The value of the first attribute of a variant.
macro_rules! attribute_of {
    ($record:expr, $variant:ident) => {
        $record.first(|attribute| match attribute {
            kmip_codec::attribute::Attribute::$variant(value) => Some(value),
            _ => None,
        })
    };
}
pub(crate) use attribute_of;

impl Record {
    /// A new object without attributes or material.
    pub fn new(id: Text, scope: Text, object_type: ObjectType) -> Self {
        Self {
            id,
            scope,
            object_type,
            serial: 0,
            destroyed: false,
            allocated: false,
            attributes: Vec::with_capacity(USUAL_ATTRIBUTES),
            next_indexes: Vec::new(),
            object: None,
            material: None,
            password_hash: None,
            device_key: None,
            split: None,
        }
    }

    /// The first attribute that `pick` takes.
    pub fn first<'a, T>(&'a self, pick: impl Fn(&'a Attribute) -> Option<&'a T>) -> Option<&'a T> {
        self.attributes.iter().find_map(|instance| pick(&instance.attribute))
    }

    /// Where the links of a type lead.
    pub fn linked(&self, kind: LinkType) -> impl Iterator<Item = &UniqueIdentifier> {
        self.attributes.iter().filter_map(move |instance| match &instance.attribute {
            Attribute::Link(link) if link.link_type == kind => Some(&link.linked_object_identifier),
            _ => None,
        })
    }

    /// The identifiers of the objects to which the links of a type lead.
    pub fn linked_ids(&self, kind: LinkType) -> impl Iterator<Item = Text> {
        self.linked(kind).filter_map(UniqueIdentifier::as_text).map(Text::new)
    }

    /// All instances of an attribute.
    pub fn instances<'a>(&'a self, reference: &'a AttributeReference) -> impl Iterator<Item = &'a Instance> {
        self.attributes.iter().filter(move |instance| is_of(&instance.attribute, reference))
    }

    /// A date attribute.
    pub fn date(&self, tag: Tag) -> Option<DateTime> {
        self.attributes
            .iter()
            .find_map(|instance| date_value(&instance.attribute).filter(|_| instance.attribute.tag() == tag))
    }

    /// Replaces the only instance of an attribute, or adds it. Of links, each type has an instance of its own.
    pub fn set(&mut self, attribute: Attribute) {
        match self.attributes.iter_mut().find(|instance| is_same(&instance.attribute, &attribute)) {
            Some(instance) => instance.attribute = attribute,
            // Several to earlier versions, which tell them apart by their index.
            None if matches!(attribute, Attribute::Link(_) | Attribute::ObjectGroup(_)) => {
                self.add(attribute);
            }
            None => self.attributes.push(Instance { index: Some(0), attribute }),
        }
    }

    /// Adds an instance with the next free index, and tells it.
    pub fn add(&mut self, attribute: Attribute) -> i32 {
        let reference = AttributeReference::of(&attribute);
        let used = self.instances(&reference).filter_map(|instance| instance.index).max();
        let kept = self.next_indexes.iter().find(|(owner, _)| *owner == reference).map_or(0, |(_, next)| *next);
        let index = kept.max(used.map_or(0, |used| used.saturating_add(1)));
        self.attributes.push(Instance { index: Some(index), attribute });
        index
    }

    /// Removes the instances that `matches` takes, and gives them back.
    pub fn remove(&mut self, reference: &AttributeReference, matches: impl Fn(&Instance) -> bool) -> Vec<Instance> {
        let (gone, kept) = std::mem::take(&mut self.attributes)
            .into_iter()
            .partition(|instance| is_of(&instance.attribute, reference) && matches(instance));
        self.attributes = kept;
        let gone: Vec<Instance> = gone;
        // A link that only 3.0 has is known by no index.
        for instance in gone.iter().filter(|gone| !matches!(gone.attribute, Attribute::LinkByTag(..))) {
            if let Some(index) = instance.index {
                self.keep_next_index(AttributeReference::of(&instance.attribute), index.saturating_add(1));
            }
        }
        gone
    }

    fn keep_next_index(&mut self, of: AttributeReference, next: i32) {
        match self.next_indexes.iter_mut().find(|(owner, _)| *owner == of) {
            Some((_, kept)) => *kept = next.max(*kept),
            None => self.next_indexes.push((of, next)),
        }
    }

    /// The names of the object.
    pub fn names(&self) -> impl Iterator<Item = &kmip_codec::attribute::values::Name> {
        self.attributes.iter().filter_map(|instance| match &instance.attribute {
            Attribute::Name(name) => Some(name),
            _ => None,
        })
    }

    /// The canonical description that the vault binds key material to.
    pub fn spec(&self) -> [u8; 8] {
        let format = self.object.as_ref().and_then(ManagedObject::key_block).map_or(0, |block| block.key_format_type.0);
        (u64::from(self.object_type.0) << 32 | u64::from(format)).to_be_bytes()
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        let mut counter = Counter::new(V2_1);
        self.put(RECORD, &mut counter);
        let mut writer = TtlvWriter::with_capacity(V2_1, counter.bytes());
        self.put(RECORD, &mut writer);
        std::mem::take(&mut *writer.finish())
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Form::OWN.item(RECORD, bytes, Self::take)
    }

    fn take_fields(source: &mut dyn Source) -> Result<Self> {
        let next = &mut source.next()?;
        let format = i32::take_field(FORMAT_VERSION, next, source)?;
        if format != FORMAT {
            return Err(DecodeError::new(Problem::BadValue("a record format that this server knows"), FORMAT_VERSION));
        }
        let id = Text::take_field(Tag::UniqueIdentifier, next, source)?;
        let scope = Text::take_field(SCOPE, next, source)?;
        let object_type = ObjectType::take_field(Tag::ObjectType, next, source)?;
        let mut record = Self::new(id, scope, object_type);
        record.serial = i64::take_field(SERIAL, next, source)?;
        record.destroyed = Option::<bool>::take_field(DESTROYED, next, source)?.unwrap_or(false);
        record.allocated = Option::<bool>::take_field(ALLOCATED, next, source)?.unwrap_or(false);
        while *next == INSTANCE {
            record.attributes.push(StoredInstance::take(source)?.0);
            *next = source.next()?;
        }
        record.attributes.shrink_to_fit();
        record.next_indexes =
            Vec::<NextIndex>::take_field(NEXT_INDEX, next, source)?.into_iter().map(|stored| stored.0).collect();
        record.object = Option::<StoredObject>::take_field(OBJECT, next, source)?.map(|stored| stored.0);
        record.material = Option::<Material>::take_field(MATERIAL, next, source)?;
        record.password_hash = Option::<Text>::take_field(PASSWORD_HASH, next, source)?;
        record.device_key = Option::<ByteString>::take_field(DEVICE_KEY, next, source)?;
        record.split = Option::<Text>::take_field(SPLIT, next, source)?;
        if *next != Tag::NONE {
            return Err(DecodeError::new(Problem::Unexpected, *next).within("record"));
        }
        Ok(record)
    }
}

impl Value for Record {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        FORMAT.put(FORMAT_VERSION, sink);
        self.id.put(Tag::UniqueIdentifier, sink);
        self.scope.put(SCOPE, sink);
        self.object_type.put(Tag::ObjectType, sink);
        self.serial.put(SERIAL, sink);
        self.destroyed.then_some(true).put_field(DESTROYED, sink);
        self.allocated.then_some(true).put_field(ALLOCATED, sink);
        self.attributes.iter().for_each(|instance| put_instance(instance, sink));
        self.next_indexes.iter().for_each(|(owner, next)| put_next_index(owner, *next, sink));
        if let Some(object) = &self.object {
            sink.begin(OBJECT);
            object.put_choice_field(sink);
            sink.end();
        }
        if let Some(material) = &self.material {
            material.put(MATERIAL, sink);
        }
        self.password_hash.put_field(PASSWORD_HASH, sink);
        self.device_key.put_field(DEVICE_KEY, sink);
        self.split.put_field(SPLIT, sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        source.enter()?;
        let record = Self::take_fields(source)?;
        source.leave()?;
        Ok(record)
    }
}

fn put_instance(instance: &Instance, sink: &mut dyn Sink) {
    sink.begin(INSTANCE);
    instance.index.filter(|index| *index != 0).put_field(Tag::AttributeIndex, sink);
    put_typed(&instance.attribute, sink);
    sink.end();
}

struct StoredInstance(Instance);

impl Value for StoredInstance {
    fn put(&self, _: Tag, sink: &mut dyn Sink) {
        put_instance(&self.0, sink);
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        source.enter()?;
        let mut next = source.next()?;
        let index = Option::<i32>::take_field(Tag::AttributeIndex, &mut next, source)?;
        let attribute = take_typed(next, source)?;
        source.leave()?;
        Ok(Self(Instance { index: Some(index.unwrap_or(0)), attribute }))
    }
}

fn put_next_index(owner: &AttributeReference, next: i32, sink: &mut dyn Sink) {
    sink.begin(NEXT_INDEX);
    owner.name().put(Tag::AttributeName, sink);
    next.put(Tag::AttributeIndex, sink);
    sink.end();
}

struct NextIndex((AttributeReference, i32));

impl Value for NextIndex {
    fn put(&self, _: Tag, sink: &mut dyn Sink) {
        put_next_index(&self.0.0, self.0.1, sink);
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        source.enter()?;
        let mut next = source.next()?;
        let name = Text::take_field(Tag::AttributeName, &mut next, source)?;
        let index = i32::take_field(Tag::AttributeIndex, &mut next, source)?;
        source.leave()?;
        Ok(Self((AttributeReference::of_name(&name), index)))
    }
}

struct StoredObject(ManagedObject);

impl Value for StoredObject {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        self.0.put_choice_field(sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        source.enter()?;
        let mut next = source.next()?;
        let object = ManagedObject::take_choice_field(&mut next, source)?;
        source.leave()?;
        Ok(Self(object))
    }
}

impl Value for Material {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        let kind = MaterialKind::ALL.iter().position(|kind| *kind == self.kind).unwrap_or_default();
        i32::try_from(kind).unwrap_or_default().put(MATERIAL_KIND, sink);
        sink.bytes(SEALED, &self.sealed.0);
        self.archived.then_some(true).put_field(ARCHIVED, sink);
        sink.end();
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        source.enter()?;
        let mut next = source.next()?;
        let kind = i32::take_field(MATERIAL_KIND, &mut next, source)?;
        let kind = usize::try_from(kind).ok().and_then(|kind| MaterialKind::ALL.get(kind).copied());
        let kind = kind.ok_or(DecodeError::new(Problem::BadValue("a kind of material"), MATERIAL_KIND))?;
        if next != SEALED {
            return Err(DecodeError::new(Problem::Missing, SEALED));
        }
        let sealed = Sealed(source.bytes()?.to_vec());
        next = source.next()?;
        let archived = Option::<bool>::take_field(ARCHIVED, &mut next, source)?.unwrap_or(false);
        source.leave()?;
        Ok(Self { kind, sealed, archived })
    }
}

/// Whether an attribute is the one that a reference names.
pub fn is_of(attribute: &Attribute, reference: &AttributeReference) -> bool {
    match (attribute, reference) {
        (Attribute::Vendor(own), AttributeReference::Vendor { vendor, name }) => {
            own.vendor == *vendor && own.name == *name
        }
        (Attribute::Vendor(_), AttributeReference::Tag(_)) => false,
        (other, AttributeReference::Tag(tag)) => other.tag() == *tag || is_named_from_3_0(other, *tag),
        (_, AttributeReference::Vendor { .. }) => false,
    }
}

/// Whether two values are of one attribute.
fn is_same(one: &Attribute, other: &Attribute) -> bool {
    match (one, other) {
        (Attribute::Vendor(one), Attribute::Vendor(other)) => one.vendor == other.vendor && one.name == other.name,
        (Attribute::Link(one), Attribute::Link(other)) => one.link_type == other.link_type,
        (Attribute::LinkByTag(one, _), Attribute::LinkByTag(other, _)) => one == other,
        _ => std::mem::discriminant(one) == std::mem::discriminant(other),
    }
}

/// The date of a date attribute.
pub fn date_value(attribute: &Attribute) -> Option<DateTime> {
    match attribute {
        Attribute::ActivationDate(date)
        | Attribute::ArchiveDate(date)
        | Attribute::CompromiseDate(date)
        | Attribute::CompromiseOccurrenceDate(date)
        | Attribute::DeactivationDate(date)
        | Attribute::DestroyDate(date)
        | Attribute::InitialDate(date)
        | Attribute::LastChangeDate(date)
        | Attribute::OriginalCreationDate(date)
        | Attribute::ProcessStartDate(date)
        | Attribute::ProtectStopDate(date)
        | Attribute::RotateDate(date) => Some(*date),
        _ => None,
    }
}
