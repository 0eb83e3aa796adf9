//! The XML encoding (KMIP Additional Message Encodings 1.0 §6): a reader and a writer that mirror the TTLV ones.
//!
//! The reader turns the whole text into a flat list of elements first ([`tree`]) and is then a cursor over it, so that
//! typed code does not change. Entities and document types are refused; whatever a value was, it is wiped afterwards.

pub mod reader;
pub mod text;
pub mod tree;
pub mod writer;

pub use reader::XmlReader;
pub use tree::{Variables, XmlMessage, XmlNode, XmlTree, messages};
pub use writer::{Layout, XmlWriter};
