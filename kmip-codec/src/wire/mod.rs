//! The abstract reader and writer that every structure drives, and their implementations: TTLV, XML, JSON, a counter, a
//! printer.

pub mod count;
pub mod cursor;
pub mod elements;
pub mod json;
mod output;
pub mod print;
pub mod ttlv;
pub mod xml;

use crate::error::Result;
use crate::inline::Text;
use crate::registry::{EnumTable, ItemType, Tag};
use crate::version::Version;

/// How a message is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Binary (KMIP 2.1 §10.1).
    #[default]
    Ttlv,
    /// XML (KMIP Additional Message Encodings 1.0 §6).
    Xml,
    /// JSON (KMIP Additional Message Encodings 1.0 §4).
    Json,
}

impl Encoding {
    /// All of them.
    pub const ALL: [Encoding; 3] = [Self::Ttlv, Self::Xml, Self::Json];
}

/// Which of the text-like item types of KMIP 3.0 an identifier has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentifierKind {
    /// Text String (before 3.0).
    Text,
    /// Identifier (0x0C).
    Identifier,
    /// Reference (0x0D).
    Reference,
    /// Name Reference (0x0E).
    NameReference,
}

impl IdentifierKind {
    /// The item type on the wire.
    pub fn item_type(self) -> ItemType {
        match self {
            Self::Text => ItemType::TextString,
            Self::Identifier => ItemType::Identifier,
            Self::Reference => ItemType::Reference,
            Self::NameReference => ItemType::NameReference,
        }
    }

    /// The kind that an item type on the wire makes, if it is text-like.
    pub fn of_item_type(item_type: ItemType) -> Option<Self> {
        match item_type {
            ItemType::TextString => Some(Self::Text),
            ItemType::Identifier => Some(Self::Identifier),
            ItemType::Reference => Some(Self::Reference),
            ItemType::NameReference => Some(Self::NameReference),
            _ => None,
        }
    }
}

/// How a reader treats fields that belong to another protocol version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// They are refused, with the field's name.
    Strict,
    /// They are accepted and counted.
    Lenient,
}

/// A writer of items. Structures are written by `begin`, their fields, `end`.
pub trait Sink {
    /// Protocol version of what is written.
    fn version(&self) -> Version;
    /// Called by the message header, whose Protocol Version rules all that follows.
    fn set_version(&mut self, version: Version);
    /// Opens a structure.
    fn begin(&mut self, tag: Tag);
    /// Closes the innermost open structure.
    fn end(&mut self);
    /// Integer.
    fn integer(&mut self, tag: Tag, value: i32);
    /// Integer whose bits have names.
    fn mask(&mut self, tag: Tag, value: u32, table: &'static EnumTable);
    /// Long Integer.
    fn long_integer(&mut self, tag: Tag, value: i64);
    /// Big Integer: two's complement, a positive multiple of 8 bytes.
    fn big_integer(&mut self, tag: Tag, value: &[u8]);
    /// Enumeration; `table` names its values, if any does.
    fn enumeration(&mut self, tag: Tag, value: u32, table: Option<&'static EnumTable>);
    /// Boolean.
    fn boolean(&mut self, tag: Tag, value: bool);
    /// Text String.
    fn text(&mut self, tag: Tag, value: &str);
    /// Byte String.
    fn bytes(&mut self, tag: Tag, value: &[u8]);
    /// Date-Time: seconds since 1970, UTC.
    fn date_time(&mut self, tag: Tag, value: i64);
    /// Interval: seconds.
    fn interval(&mut self, tag: Tag, value: u32);
    /// Date-Time Extended: microseconds since 1970, UTC.
    fn date_time_extended(&mut self, tag: Tag, value: i64);
    /// An identifier in one of the text-like types.
    fn identifier(&mut self, tag: Tag, kind: IdentifierKind, value: &str);
    /// A text in one of the text-like types. Binary writers need not look at its characters.
    fn short_text(&mut self, tag: Tag, kind: IdentifierKind, value: &Text) {
        match kind {
            IdentifierKind::Text => self.text(tag, value),
            _ => self.identifier(tag, kind, value),
        }
    }
    /// An enumeration that holds a tag (Attribute Reference).
    fn tag_value(&mut self, tag: Tag, value: Tag) {
        self.enumeration(tag, value.value(), None);
    }
    /// A secret Byte String. Printers write its length.
    fn secret_bytes(&mut self, tag: Tag, value: &[u8]) {
        self.bytes(tag, value);
    }
    /// A secret Text String. Printers write its length.
    fn secret_text(&mut self, tag: Tag, value: &str) {
        self.text(tag, value);
    }
    /// A secret Big Integer. Printers write its length.
    fn secret_big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.big_integer(tag, value);
    }
}

/// A reader of one whole message.
pub trait MessageSource: Source {
    /// The version that a message header told.
    fn version_told(&self) -> Option<Version>;
    /// Fields of another version that were accepted.
    fn leniencies(&self) -> usize;
    /// Checks that nothing follows.
    fn finish(&self) -> Result<()>;
}

/// A remembered item of a [`Source`].
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    pub(crate) at: usize,
    pub(crate) after: usize,
    pub(crate) end: usize,
    pub(crate) depth: usize,
    pub(crate) tag: Tag,
    pub(crate) kind: u8,
    pub(crate) length: usize,
}

/// A reader of items: a cursor over the fields of nested structures.
///
/// `next` tells the tag of the next item of the current structure ([`Tag::NONE`] at its end); a typed call then takes it.
pub trait Source {
    /// Protocol version of what is read.
    fn version(&self) -> Version;
    /// Called by the message header, whose Protocol Version rules all that follows.
    fn set_version(&mut self, version: Version);
    /// How fields of another version are treated.
    fn strictness(&self) -> Strictness;
    /// Counts a field of another version that was accepted.
    fn note_leniency(&mut self, tag: Tag);
    /// Reads the tag of the next item; [`Tag::NONE`] at the end of the current structure.
    fn next(&mut self) -> Result<Tag>;
    /// Type of the item whose tag `next` told.
    fn item_type(&self) -> ItemType;
    /// Whether to read the current item in its `form`, which only some versions give it. Strictly the version decides
    /// (`belongs`), leniently the item's own type.
    fn takes(&self, form: ItemType, belongs: bool) -> bool {
        match self.strictness() {
            Strictness::Strict => belongs,
            Strictness::Lenient => self.item_type() == form,
        }
    }
    /// Opens the structure whose tag `next` told.
    fn enter(&mut self) -> Result<()>;
    /// Closes the innermost structure, skipping what is left of it.
    fn leave(&mut self) -> Result<()>;
    /// Skips the item whose tag `next` told.
    fn skip(&mut self) -> Result<()>;
    /// Integer.
    fn integer(&mut self) -> Result<i32>;
    /// Integer whose bits have names.
    fn mask(&mut self, table: &'static EnumTable) -> Result<u32>;
    /// Long Integer.
    fn long_integer(&mut self) -> Result<i64>;
    /// Big Integer: two's complement, a positive multiple of 8 bytes.
    fn big_integer(&mut self) -> Result<&[u8]>;
    /// Enumeration; `table` names its values, if any does.
    fn enumeration(&mut self, table: Option<&'static EnumTable>) -> Result<u32>;
    /// Boolean.
    fn boolean(&mut self) -> Result<bool>;
    /// Text String.
    fn text(&mut self) -> Result<&str>;
    /// Byte String.
    fn bytes(&mut self) -> Result<&[u8]>;
    /// Date-Time: seconds since 1970, UTC.
    fn date_time(&mut self) -> Result<i64>;
    /// Interval: seconds.
    fn interval(&mut self) -> Result<u32>;
    /// Date-Time Extended: microseconds since 1970, UTC.
    fn date_time_extended(&mut self) -> Result<i64>;
    /// An identifier in any of the text-like types.
    fn identifier(&mut self) -> Result<(IdentifierKind, &str)>;
    /// A text in any of the text-like types, copied into its owner in place.
    fn short_text(&mut self, into: &mut Text) -> Result<IdentifierKind> {
        let (kind, text) = self.identifier()?;
        *into = Text::new(text);
        Ok(kind)
    }
    /// How many more items as long as the one just taken the structure could hold: a hint for lists.
    fn room_for_more(&self) -> usize {
        0
    }
    /// Remembers the item whose tag `next` told, before anything of it is taken.
    fn mark(&self) -> Mark;
    /// Goes back to the marked item, as if nothing of it had been taken.
    fn rewind(&mut self, mark: &Mark);
    /// Goes on after the marked item, however much of it was taken.
    fn recover(&mut self, mark: &Mark);
    /// An enumeration that holds a tag (Attribute Reference).
    fn tag_value(&mut self) -> Result<Tag> {
        Ok(Tag::new(self.enumeration(None)?))
    }
}
