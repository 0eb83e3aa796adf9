//! An item without a declared type: vendor attributes, message extensions, payloads of unknown operations. Kept lossless.

use crate::error::Result;
use crate::inline::Text;
use crate::registry::{ItemType, Tag};
use crate::value::{ByteString, Value, wrong_type};
use crate::wire::{IdentifierKind, Sink, Source};

/// A tag and its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The tag.
    pub tag: Tag,
    /// The value.
    pub value: ItemValue,
}

/// A value of any item type.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemValue {
    /// Structure.
    Structure(Vec<Item>),
    /// Integer.
    Integer(i32),
    /// Long Integer.
    LongInteger(i64),
    /// Big Integer, two's complement.
    BigInteger(ByteString),
    /// Enumeration.
    Enumeration(u32),
    /// Boolean.
    Boolean(bool),
    /// Text String.
    Text(Text),
    /// Byte String.
    Bytes(ByteString),
    /// Date-Time, in seconds.
    DateTime(i64),
    /// Interval, in seconds.
    Interval(u32),
    /// Date-Time Extended, in microseconds.
    DateTimeExtended(i64),
    /// Identifier, Reference or Name Reference.
    Identifier(IdentifierKind, Text),
}

impl Value for ItemValue {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        match self {
            Self::Structure(items) => {
                sink.begin(tag);
                items.iter().for_each(|item| item.value.put(item.tag, sink));
                sink.end();
            }
            Self::Integer(value) => sink.integer(tag, *value),
            Self::LongInteger(value) => sink.long_integer(tag, *value),
            Self::BigInteger(value) => sink.big_integer(tag, value.as_slice()),
            Self::Enumeration(value) => sink.enumeration(tag, *value, crate::registry::enum_of_tag(tag)),
            Self::Boolean(value) => sink.boolean(tag, *value),
            Self::Text(value) => sink.text(tag, value),
            Self::Bytes(value) => sink.bytes(tag, value.as_slice()),
            Self::DateTime(value) => sink.date_time(tag, *value),
            Self::Interval(value) => sink.interval(tag, *value),
            Self::DateTimeExtended(value) => sink.date_time_extended(tag, *value),
            Self::Identifier(kind, value) => sink.identifier(tag, *kind, value),
        }
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        Ok(match source.item_type() {
            ItemType::Structure => Self::Structure(take_items(source)?),
            ItemType::Integer => Self::Integer(source.integer()?),
            ItemType::LongInteger => Self::LongInteger(source.long_integer()?),
            ItemType::BigInteger => Self::BigInteger(ByteString::new(source.big_integer()?)),
            ItemType::Enumeration => Self::Enumeration(source.enumeration(None)?),
            ItemType::Boolean => Self::Boolean(source.boolean()?),
            ItemType::TextString => Self::Text(Text::new(source.text()?)),
            ItemType::ByteString => Self::Bytes(ByteString::new(source.bytes()?)),
            ItemType::DateTime => Self::DateTime(source.date_time()?),
            ItemType::Interval => Self::Interval(source.interval()?),
            ItemType::DateTimeExtended => Self::DateTimeExtended(source.date_time_extended()?),
            ItemType::Identifier | ItemType::Reference | ItemType::NameReference => {
                let (kind, text) = source.identifier()?;
                Self::Identifier(kind, Text::new(text))
            }
            found => return wrong_type(Tag::NONE, ItemType::Structure, found),
        })
    }
}

impl ItemValue {
    /// Takes a structure of any items; nothing else.
    pub(crate) fn take_structure(source: &mut dyn Source) -> Result<Self> {
        take_items(source).map(Self::Structure)
    }
}

fn take_items(source: &mut dyn Source) -> Result<Vec<Item>> {
    source.enter()?;
    let mut items = Vec::new();
    loop {
        match source.next()? {
            Tag::NONE => break,
            tag => items.push(Item { tag, value: ItemValue::take(source)? }),
        }
    }
    source.leave()?;
    Ok(items)
}

/// Takes every item that is left in a structure which allows any.
pub(crate) fn take_rest(next: &mut Tag, source: &mut dyn Source) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    while *next != Tag::NONE {
        items.push(Item { tag: *next, value: ItemValue::take(source)? });
        *next = source.next()?;
    }
    Ok(items)
}
