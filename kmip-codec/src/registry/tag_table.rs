//! The tag type and the macro that turns the tag table into constants and lookups.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use crate::version::Version;

/// A tag: three bytes that name a field (KMIP 2.1 §10.1.1).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u32);

impl Tag {
    /// No tag: what a reader answers at the end of a structure.
    pub const NONE: Tag = Tag(0);

    /// The tag with this value.
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// The three-byte value.
    pub const fn value(self) -> u32 {
        self.0
    }

    /// The row of the table, for a tag of the specification.
    pub fn row(self) -> Option<&'static TagRow> {
        let rows = tag_rows();
        rows.binary_search_by_key(&self.0, |row| row.tag.0).ok().and_then(|at| rows.get(at))
    }

    /// The name in the specification's spelling.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// The name in the XML and JSON encodings.
    pub fn xml_name(self) -> Option<&'static str> {
        self.row().map(|row| row.xml_name)
    }

    /// The tag with this XML name.
    pub fn from_xml_name(name: &str) -> Option<Tag> {
        static NAMES: OnceLock<HashMap<&'static str, Tag>> = OnceLock::new();
        NAMES.get_or_init(|| tag_rows().iter().map(|row| (row.xml_name, row.tag)).collect()).get(name).copied()
    }

    /// Whether a table of `version` has the tag as a live one. Vendor tags are live everywhere.
    pub fn is_live(self, version: Version) -> bool {
        self.is_vendor() || self.row().is_some_and(|row| row.first <= version && version <= row.last)
    }

    /// Whether the tag lies in the extension range `54xxxx`.
    pub const fn is_vendor(self) -> bool {
        self.0 >> 16 == 0x54
    }

    /// Whether the value lies in a range that KMIP uses at all (`42xxxx` or `54xxxx`).
    pub const fn is_valid(self) -> bool {
        self.0 >> 16 == 0x42 || self.0 >> 16 == 0x54
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:06X}", self.0),
        }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One row of the tag table.
#[derive(Debug)]
pub struct TagRow {
    /// The tag.
    pub tag: Tag,
    /// Name in the specification.
    pub name: &'static str,
    /// Name in XML and JSON.
    pub xml_name: &'static str,
    /// First version that has it.
    pub first: Version,
    /// Last version that has it.
    pub last: Version,
}

/// All tags, in order of value.
pub fn tag_rows() -> &'static [TagRow] {
    super::tags::TAGS
}

macro_rules! tags {
    ($($id:ident = $value:literal, $name:literal, $xml:literal, $first:ident, $last:ident;)*) => {
        #[allow(non_upper_case_globals)]
        impl crate::registry::Tag {
            $(#[doc = $name] pub const $id: crate::registry::Tag = crate::registry::Tag::new($value);)*
        }

        pub(super) static TAGS: &[crate::registry::TagRow] = &[
            $(crate::registry::TagRow {
                tag: crate::registry::Tag::new($value),
                name: $name,
                xml_name: $xml,
                first: crate::version::$first,
                last: crate::version::$last,
            },)*
        ];
    };
}
pub(super) use tags;
