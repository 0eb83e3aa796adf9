//! Why bytes or text are not a KMIP message. Errors name the field and never hold bytes from the wire.

use std::fmt;

use crate::registry::{ItemType, Tag};

/// What a reader found wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The bytes end before the item does.
    Truncated,
    /// An item goes past the end of the structure that holds it.
    Overrun,
    /// Bytes follow the message.
    TrailingBytes,
    /// The length is not one that the type can have.
    BadLength,
    /// Padding bytes are not zero.
    NonZeroPadding,
    /// The tag lies outside the ranges that KMIP uses.
    BadTag,
    /// The item type is none of KMIP.
    UnknownType,
    /// The item has another type than the field demands.
    WrongType {
        /// Type that the field demands.
        expected: ItemType,
        /// Type that was found.
        found: ItemType,
    },
    /// The value is not one that the type can have; says what is.
    BadValue(&'static str),
    /// A field that this structure does not have, or not here.
    Unexpected,
    /// A field given twice.
    Duplicate,
    /// A field that stands after one that must follow it.
    Misplaced,
    /// A required field is missing.
    Missing,
    /// One of several fields is required, and none is there.
    MissingChoice,
    /// A field that this protocol version does not have.
    OtherVersion,
    /// A bound was exceeded; says which.
    Limit(&'static str),
    /// The XML or JSON text is malformed; says how.
    Syntax(&'static str),
}

/// A decoding failure: the problem, the field, and the structure it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    /// What is wrong.
    pub problem: Problem,
    /// The field at fault.
    pub tag: Tag,
    /// Name of the structure that was being read, if known.
    pub within: Option<&'static str>,
}

impl DecodeError {
    /// A problem with the field `tag`.
    pub const fn new(problem: Problem, tag: Tag) -> Self {
        Self { problem, tag, within: None }
    }

    /// Adds the name of the structure, unless a deeper one is known.
    pub fn within(mut self, structure: &'static str) -> Self {
        self.within.get_or_insert(structure);
        self
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tag != Tag::NONE {
            write!(f, "{}: ", self.tag)?;
        }
        match self.problem {
            Problem::Truncated => f.write_str("the message ends inside this item"),
            Problem::Overrun => f.write_str("the item is longer than the structure that holds it"),
            Problem::TrailingBytes => f.write_str("bytes follow the message"),
            Problem::BadLength => f.write_str("the length does not fit the item type"),
            Problem::NonZeroPadding => f.write_str("padding bytes are not zero"),
            Problem::BadTag => {
                f.write_str("the tag is none of KMIP: it has no known name, and is not 42xxxx or 54xxxx")
            }
            Problem::UnknownType => f.write_str("unknown item type"),
            Problem::WrongType { expected, found: ItemType(0) } => {
                write!(f, "expected {expected}, found no type of KMIP")
            }
            Problem::WrongType { expected, found } => write!(f, "expected {expected}, found {found}"),
            Problem::BadValue(what) => write!(f, "expected {what}"),
            Problem::Unexpected => f.write_str("unexpected field"),
            Problem::Duplicate => f.write_str("field given more than once"),
            Problem::Misplaced => f.write_str("field stands after one that must follow it"),
            Problem::Missing => f.write_str("required field is missing"),
            Problem::MissingChoice => f.write_str("one of several fields is required, and none is there"),
            Problem::OtherVersion => f.write_str("field does not exist in this protocol version"),
            Problem::Limit(what) => write!(f, "limit exceeded: {what}"),
            Problem::Syntax(what) => f.write_str(what),
        }?;
        match self.within {
            Some(structure) => write!(f, " (in {structure})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Result of reading.
pub type Result<T> = std::result::Result<T, DecodeError>;
