//! The XML encoding (KMIP Additional Message Encodings 1.0 §6): a reader and a writer that mirror the TTLV ones.
//!
//! The reader turns the whole text into a flat list of elements first ([`tree`]) and is then a cursor over it, so that
//! typed code does not change. Entities and document types are refused; whatever a value was, it is wiped afterwards.

pub mod text;
pub mod tree;
pub mod writer;

use zeroize::Zeroizing;

use super::Strictness;
use super::cursor::{Cursor, Meaning, Spelling, Spelt};
use super::elements::{Node, Tree};
use crate::error::Result;
use crate::limits::Limits;
use crate::registry::EnumTable;

pub use super::output::Layout;
pub use tree::{Variables, XmlMessage, messages};
pub use writer::XmlWriter;

/// Reads one XML item.
pub type XmlReader = Cursor<Xml>;
/// A well-formed XML item with everything inside it.
pub type XmlTree = Tree<Xml>;
/// An element of an XML tree.
pub type XmlNode<'a> = Node<'a>;

impl Cursor<Xml> {
    /// Reads `text`, which must be one element.
    pub fn new(text: &str, limits: Limits, strictness: Strictness) -> Result<Self> {
        XmlTree::parse(text, &limits).map(|tree| Self::of_tree(tree, limits, strictness))
    }

    /// Reads `text`, whose values may be variables.
    pub fn with_variables(
        text: &str,
        limits: Limits,
        strictness: Strictness,
        variables: &Variables<'_>,
    ) -> Result<Self> {
        XmlTree::parse_with(text, &limits, variables).map(|tree| Self::of_tree(tree, limits, strictness))
    }
}

/// How XML spells values (§6.1.6): types of XML Schema, around which white space does not count.
pub enum Xml {}

fn trimmed(value: Spelt<'_>) -> &str {
    value.text.trim_ascii()
}

impl Spelling for Xml {
    fn integer(value: Spelt<'_>) -> Meaning<i32> {
        text::integer(trimmed(value))
    }

    fn mask(value: Spelt<'_>, table: &EnumTable) -> Meaning<u32> {
        text::mask(trimmed(value), table)
    }

    fn long_integer(value: Spelt<'_>) -> Meaning<i64> {
        text::long_integer(trimmed(value))
    }

    fn big_integer(value: Spelt<'_>) -> Meaning<Zeroizing<Vec<u8>>> {
        text::hex(trimmed(value))
    }

    fn enumeration(value: Spelt<'_>, table: Option<&EnumTable>) -> Meaning<u32> {
        text::enumeration(trimmed(value), table)
    }

    fn boolean(value: Spelt<'_>) -> Meaning<bool> {
        text::boolean(trimmed(value))
    }

    fn text(value: Spelt<'_>) -> Meaning<&str> {
        Ok(value.text)
    }

    fn bytes(value: Spelt<'_>) -> Meaning<Zeroizing<Vec<u8>>> {
        text::hex(trimmed(value))
    }

    fn date_time(value: Spelt<'_>) -> Meaning<i64> {
        text::date_time(trimmed(value))
    }

    fn interval(value: Spelt<'_>) -> Meaning<u32> {
        text::interval(trimmed(value))
    }

    fn date_time_extended(value: Spelt<'_>) -> Meaning<i64> {
        text::date_time_extended(trimmed(value))
    }
}
