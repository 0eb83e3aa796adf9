//! Messages as plain item trees: how the black box sees them, without a single typed structure of the server.

use kmip_codec::error::DecodeError;
use kmip_codec::inline::Text;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::limits::Limits;
use kmip_codec::registry::{ItemType, Tag, enum_of_tag};
use kmip_codec::value::{ByteString, Value};
use kmip_codec::version::{V1_0, Version};
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{IdentifierKind, Source, Strictness};

/// Encodes one item as TTLV.
pub fn encode(item: &Item) -> Vec<u8> {
    let mut writer = TtlvWriter::with_capacity(V1_0, 1024);
    item.value.put(item.tag, &mut writer);
    writer.finish().to_vec()
}

/// Decodes one item from TTLV; nothing may follow it.
pub fn decode(bytes: &[u8]) -> Result<Item, DecodeError> {
    let limits = Limits { message_bytes: 64 << 20, ..Limits::default() };
    let mut reader = TtlvReader::new(bytes, limits, Strictness::Strict);
    let tag = reader.next()?;
    let value = ItemValue::take(&mut reader)?;
    reader.finish()?;
    Ok(Item { tag, value })
}

/// A structure.
pub fn structure(tag: Tag, fields: Vec<Item>) -> Item {
    Item { tag, value: ItemValue::Structure(fields) }
}

/// A Text String.
pub fn text(tag: Tag, value: &str) -> Item {
    Item { tag, value: ItemValue::Text(Text::new(value)) }
}

/// An Enumeration.
pub fn enumeration(tag: Tag, value: u32) -> Item {
    Item { tag, value: ItemValue::Enumeration(value) }
}

/// An Integer.
pub fn integer(tag: Tag, value: i32) -> Item {
    Item { tag, value: ItemValue::Integer(value) }
}

/// A Byte String.
pub fn bytes(tag: Tag, value: &[u8]) -> Item {
    Item { tag, value: ItemValue::Bytes(ByteString::new(value)) }
}

/// A Date-Time.
pub fn date_time(tag: Tag, value: i64) -> Item {
    Item { tag, value: ItemValue::DateTime(value) }
}

/// A Long Integer.
pub fn long_integer(tag: Tag, value: i64) -> Item {
    Item { tag, value: ItemValue::LongInteger(value) }
}

/// An Interval.
pub fn interval(tag: Tag, seconds: u32) -> Item {
    Item { tag, value: ItemValue::Interval(seconds) }
}

/// A Boolean.
pub fn boolean(tag: Tag, value: bool) -> Item {
    Item { tag, value: ItemValue::Boolean(value) }
}

/// What one asks of an item tree.
pub trait Tree {
    /// The fields of a structure; none for any other type.
    fn fields(&self) -> &[Item];
    /// The first field with this tag.
    fn field(&self, tag: Tag) -> Option<&Item>;
    /// Follows tags downwards, the first field each time.
    fn at(&self, path: &[Tag]) -> Option<&Item>;
    /// The fields with this tag.
    fn all(&self, tag: Tag) -> impl Iterator<Item = &Item>;
    /// The text of a text-like item.
    fn as_text(&self) -> Option<&str>;
    /// The bytes of a Byte String.
    fn as_bytes(&self) -> Option<&[u8]>;
    /// The value of an Enumeration.
    fn as_enumeration(&self) -> Option<u32>;
    /// The value of an Integer.
    fn as_integer(&self) -> Option<i32>;
    /// Calls `visit` for the item and everything below it, depth first.
    fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Item));
}

impl Tree for Item {
    fn fields(&self) -> &[Item] {
        match &self.value {
            ItemValue::Structure(fields) => fields,
            _ => &[],
        }
    }

    fn field(&self, tag: Tag) -> Option<&Item> {
        self.fields().iter().find(|field| field.tag == tag)
    }

    fn at(&self, path: &[Tag]) -> Option<&Item> {
        path.iter().try_fold(self, |item, tag| item.field(*tag))
    }

    fn all(&self, tag: Tag) -> impl Iterator<Item = &Item> {
        self.fields().iter().filter(move |field| field.tag == tag)
    }

    fn as_text(&self) -> Option<&str> {
        match &self.value {
            ItemValue::Text(text) | ItemValue::Identifier(_, text) => Some(text.as_str()),
            _ => None,
        }
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        match &self.value {
            ItemValue::Bytes(bytes) => Some(bytes.as_slice()),
            _ => None,
        }
    }

    fn as_enumeration(&self) -> Option<u32> {
        match self.value {
            ItemValue::Enumeration(value) => Some(value),
            _ => None,
        }
    }

    fn as_integer(&self) -> Option<i32> {
        match self.value {
            ItemValue::Integer(value) => Some(value),
            _ => None,
        }
    }

    fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Item)) {
        visit(self);
        self.fields().iter().for_each(|field| field.walk(visit));
    }
}

/// The protocol version in a message's header.
pub fn message_version(message: &Item) -> Option<Version> {
    let header = message.field(Tag::RequestHeader).or_else(|| message.field(Tag::ResponseHeader))?;
    let version = header.field(Tag::ProtocolVersion)?;
    let part = |tag| version.field(tag).and_then(Tree::as_integer);
    Some(Version::new(part(Tag::ProtocolVersionMajor)?, part(Tag::ProtocolVersionMinor)?))
}

/// The item type of a value.
pub fn item_type(value: &ItemValue) -> ItemType {
    match value {
        ItemValue::Structure(_) => ItemType::Structure,
        ItemValue::Integer(_) => ItemType::Integer,
        ItemValue::LongInteger(_) => ItemType::LongInteger,
        ItemValue::BigInteger(_) => ItemType::BigInteger,
        ItemValue::Enumeration(_) => ItemType::Enumeration,
        ItemValue::Boolean(_) => ItemType::Boolean,
        ItemValue::Text(_) => ItemType::TextString,
        ItemValue::Bytes(_) => ItemType::ByteString,
        ItemValue::DateTime(_) => ItemType::DateTime,
        ItemValue::Interval(_) => ItemType::Interval,
        ItemValue::DateTimeExtended(_) => ItemType::DateTimeExtended,
        ItemValue::Identifier(kind, _) => IdentifierKind::item_type(*kind),
    }
}

/// One line for a report: the value, or the tags of a structure's fields.
pub fn describe(item: &Item) -> String {
    match &item.value {
        ItemValue::Structure(fields) => {
            let tags: Vec<String> = fields.iter().map(|field| field.tag.to_string()).collect();
            format!("{{{}}}", tags.join(", "))
        }
        ItemValue::Enumeration(value) => match enum_of_tag(item.tag).and_then(|table| table.row(*value)) {
            Some(row) => row.xml_name.to_owned(),
            None => format!("0x{value:08X}"),
        },
        ItemValue::Text(text) | ItemValue::Identifier(_, text) => format!("{:?}", text.as_str()),
        ItemValue::Bytes(value) | ItemValue::BigInteger(value) => shortened(value.as_slice()),
        ItemValue::Integer(value) => value.to_string(),
        ItemValue::LongInteger(value) => value.to_string(),
        ItemValue::Boolean(value) => value.to_string(),
        ItemValue::DateTime(value) | ItemValue::DateTimeExtended(value) => value.to_string(),
        ItemValue::Interval(value) => value.to_string(),
    }
}

fn shortened(bytes: &[u8]) -> String {
    match bytes.get(..24) {
        Some(start) if bytes.len() > 24 => format!("{}... ({} bytes)", hex::encode(start), bytes.len()),
        _ => hex::encode(bytes),
    }
}
