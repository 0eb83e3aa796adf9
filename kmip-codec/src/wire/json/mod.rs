//! The JSON encoding (KMIP Additional Message Encodings 1.0 §4): a reader and a writer that mirror the TTLV ones.
//!
//! As with XML, the whole text becomes a flat list of items first ([`parser`]), and the reader is a cursor over it. Types
//! that later versions added are spelt like their nearest kin: Date-Time Extended as a Date-Time with fractional seconds,
//! the identifiers of 3.0 as a Text String.

pub mod parser;
mod spelling;
pub mod writer;

use super::Strictness;
use super::cursor::Cursor;
use super::elements::{Node, Tree};
use crate::error::Result;
use crate::limits::Limits;

pub use parser::{JsonMessage, messages};
pub use spelling::Json;
pub use writer::JsonWriter;

/// Reads one JSON item.
pub type JsonReader = Cursor<Json>;
/// A well-formed JSON item with everything inside it.
pub type JsonTree = Tree<Json>;
/// An object of a JSON tree.
pub type JsonNode<'a> = Node<'a>;

impl Cursor<Json> {
    /// Reads `text`, which must be one object.
    pub fn new(text: &str, limits: Limits, strictness: Strictness) -> Result<Self> {
        JsonTree::parse(text, &limits).map(|tree| Self::of_tree(tree, limits, strictness))
    }
}
