//! Key Block and Key Value (KMIP 2.1 §3.1, §3.2).

use crate::attribute::Bag;
use crate::error::Result;
use crate::macros::record;
use crate::object::{KeyMaterial, KeyWrappingData};
use crate::registry::{CryptographicAlgorithm, ItemType, KeyCompressionType, KeyFormatType, Tag};
use crate::secret::Secret;
use crate::structures::StructureTable;
use crate::value::{FieldBy, FieldRow, Value, ValueBy, unexpected_field};
use crate::version::V2_0;
use crate::wire::{Sink, Source};

record! {
    /// Key Block (KMIP 2.1 §3.1).
    KeyBlock "Key Block" {
        key_format_type: KeyFormatType = tag(KeyFormatType),
        key_compression_type: Option<KeyCompressionType> = tag(KeyCompressionType),
        key_value: Option<KeyValue> = by(KeyValue, key_format_type),
        cryptographic_algorithm: Option<CryptographicAlgorithm> = tag(CryptographicAlgorithm),
        cryptographic_length: Option<i32> = tag(CryptographicLength),
        key_wrapping_data: Option<Box<KeyWrappingData>> = tag(KeyWrappingData),
    }
}

/// Key Value: a Byte String when wrapped, a Structure when plain.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyValue {
    /// The wrapped bytes.
    Wrapped(Secret),
    /// Key material with the attributes that belong to it.
    Plain(Box<KeyValueStructure>),
}

/// Key Value as a structure.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyValueStructure {
    /// Key Material.
    pub key_material: KeyMaterial,
    /// Attributes that travel with the key: bare in 1.x, in an Attributes structure from 2.0.
    pub attributes: Option<Bag>,
}

impl KeyValueStructure {
    /// Writes the structure under `tag`: also what a wrapping with TTLV encoding encrypts.
    pub fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.begin(tag);
        self.key_material.put_by(Tag::KeyMaterial, sink);
        crate::attribute::put_bag(self.attributes.as_ref(), CARRIERS, sink);
        sink.end();
    }

    /// Takes the structure, whose key material has this format.
    pub fn take(format: KeyFormatType, source: &mut dyn Source) -> Result<Self> {
        source.enter()?;
        let mut next = source.next()?;
        let key_material = KeyMaterial::take_field_by(Tag::KeyMaterial, format, &mut next, source)
            .map_err(|error| error.within("Key Value"))?;
        let attributes = crate::attribute::take_bag(CARRIERS, &mut next, source)?;
        if next != Tag::NONE {
            return Err(unexpected_field(next, KEY_VALUE, &[true, attributes.is_some()]).within("Key Value"));
        }
        source.leave()?;
        Ok(Self { key_material, attributes })
    }
}

const KEY_VALUE: &[FieldRow] = &[
    FieldRow::plain("key_material", &[Tag::KeyMaterial], "KeyMaterial"),
    FieldRow { moves: Some(V2_0), ..FieldRow::plain("attributes", &[Tag::Attribute, Tag::Attributes], "Option<Bag>") },
];

/// The structure of this file that is read by hand.
pub(crate) const BY_HAND: &[StructureTable] = &[StructureTable::by_hand("Key Value", "KeyValueStructure", KEY_VALUE)];

const CARRIERS: (crate::attribute::Carrier, crate::attribute::Carrier) =
    (crate::attribute::Carrier::Bare, crate::attribute::Carrier::Set(Tag::Attributes));

impl ValueBy for KeyValue {
    type By = KeyFormatType;

    fn put_by(&self, tag: Tag, sink: &mut dyn Sink) {
        match self {
            Self::Wrapped(bytes) => bytes.put(tag, sink),
            Self::Plain(structure) => structure.put(tag, sink),
        }
    }

    fn take_by(format: KeyFormatType, source: &mut dyn Source) -> Result<Self> {
        if source.item_type() == ItemType::ByteString {
            return Secret::take(source).map(Self::Wrapped);
        }
        KeyValueStructure::take(format, source).map(Box::new).map(Self::Plain)
    }
}
