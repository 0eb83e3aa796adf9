//! Tables of enumerations and masks, and the macros that turn them into open newtypes with named constants.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::Tag;
use crate::version::Version;

/// Another spelling of an entry in some versions.
#[derive(Debug)]
pub struct Spelling {
    /// Name in the specification of those versions.
    pub name: &'static str,
    /// Name in XML and JSON.
    pub xml_name: &'static str,
    /// First version with this spelling.
    pub first: Version,
    /// Last version with this spelling.
    pub last: Version,
}

/// One entry of an enumeration, or one bit of a mask.
#[derive(Debug)]
pub struct EnumRow {
    /// The value on the wire.
    pub value: u32,
    /// Name in the specification.
    pub name: &'static str,
    /// Name in XML and JSON.
    pub xml_name: &'static str,
    /// First version that has it.
    pub first: Version,
    /// Last version that has it.
    pub last: Version,
    /// Other spellings.
    pub also: &'static [Spelling],
}

impl EnumRow {
    /// Whether `version` has the entry.
    pub fn is_live(&self, version: Version) -> bool {
        self.first <= version && version <= self.last
    }

    /// The XML name in `version`.
    pub fn xml_name_in(&self, version: Version) -> &'static str {
        let spelling = self.also.iter().find(|other| other.first <= version && version <= other.last);
        spelling.map_or(self.xml_name, |other| other.xml_name)
    }

    fn is_spelled(&self, xml_name: &str) -> bool {
        self.xml_name == xml_name || self.also.iter().any(|other| other.xml_name == xml_name || other.name == xml_name)
    }
}

/// An enumeration or a mask.
#[derive(Debug)]
pub struct EnumTable {
    /// Name in the specification.
    pub name: &'static str,
    /// Entries in order of value.
    pub rows: &'static [EnumRow],
    /// Whether the entries are bits.
    pub is_mask: bool,
}

impl EnumTable {
    /// The entry with this value.
    pub fn row(&self, value: u32) -> Option<&'static EnumRow> {
        let at = self.rows.binary_search_by_key(&value, |row| row.value).ok()?;
        self.rows.get(at)
    }

    /// The value with this XML name, in any version's spelling.
    pub fn value_of(&self, xml_name: &str) -> Option<u32> {
        self.rows.iter().find(|row| row.is_spelled(xml_name)).map(|row| row.value)
    }

    /// Whether `version` has the value. Extension values (`8xxxxxxx`) are live everywhere.
    pub fn is_live(&self, value: u32, version: Version) -> bool {
        value >> 31 == 1 || self.row(value).is_some_and(|row| row.is_live(version))
    }

    /// The bits of a mask that `version` has, extension bits included.
    pub fn live_bits(&self, version: Version) -> u32 {
        self.rows.iter().filter(|row| row.is_live(version)).fold(0, |bits, row| bits | row.value)
    }
}

/// The table of an enumeration of which no value has a name.
pub const NAMELESS: &EnumTable = &EnumTable { name: "", rows: &[], is_mask: false };

/// A type of the registry that is a number on the wire.
pub trait WireEnum: Copy + Eq + std::fmt::Debug + 'static {
    /// Its table.
    const TABLE: &'static EnumTable;
    /// From the number on the wire.
    fn from_wire(value: u32) -> Self;
    /// To the number on the wire.
    fn to_wire(self) -> u32;
}

/// All enumerations and masks.
pub fn enum_tables() -> Vec<&'static EnumTable> {
    super::enums::ALL.iter().chain(super::masks::ALL).chain(super::borrowed::ALL).copied().collect()
}

/// The table that gives meaning to a value under `tag` when nothing else says which.
pub fn enum_of_tag(tag: Tag) -> Option<&'static EnumTable> {
    static BY_TAG: OnceLock<HashMap<Tag, &'static EnumTable>> = OnceLock::new();
    let map = BY_TAG.get_or_init(|| {
        let by_name: HashMap<&str, &'static EnumTable> = enum_tables().into_iter().map(|t| (t.name, t)).collect();
        let named = super::tag_rows().iter().filter_map(|row| Some((row.tag, *by_name.get(row.name)?)));
        let mut map: HashMap<Tag, &'static EnumTable> = named.collect();
        map.insert(Tag::MaskGeneratorHashingAlgorithm, super::HashingAlgorithm::TABLE);
        map.insert(Tag::OTPDigest, super::CryptographicAlgorithm::TABLE);
        map.insert(Tag::PasswordSaltAlgorithm, super::CryptographicAlgorithm::TABLE);
        map.insert(Tag::ExtensionType, super::ItemType::TABLE);
        map
    });
    map.get(&tag).copied()
}

macro_rules! registry_rows {
    ($($id:ident = $value:literal, $name:literal, $xml:literal, $first:ident, $last:ident
        $(also [$also:literal, $also_xml:literal, $also_first:ident, $also_last:ident])*;)*) => {
        &[$(crate::registry::EnumRow {
            value: $value,
            name: $name,
            xml_name: $xml,
            first: crate::version::$first,
            last: crate::version::$last,
            also: &[$(crate::registry::Spelling {
                name: $also,
                xml_name: $also_xml,
                first: crate::version::$also_first,
                last: crate::version::$also_last,
            }),*],
        }),*]
    };
}
pub(super) use registry_rows;

macro_rules! wire_enums {
    ($($(#[$doc:meta])* $ty:ident $title:literal {
        $($id:ident = $value:literal, $name:literal, $xml:literal, $first:ident, $last:ident
            $(also [$($also:tt)*])*;)*
    })*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $ty(pub u32);

        #[allow(non_upper_case_globals)]
        impl $ty {
            $(#[doc = $name] pub const $id: Self = Self($value);)*
        }

        impl crate::registry::WireEnum for $ty {
            const TABLE: &'static crate::registry::EnumTable = &crate::registry::EnumTable {
                name: $title,
                is_mask: false,
                rows: super::enum_table::registry_rows! {
                    $($id = $value, $name, $xml, $first, $last $(also [$($also)*])*;)*
                },
            };
            fn from_wire(value: u32) -> Self { Self(value) }
            fn to_wire(self) -> u32 { self.0 }
        }

        #[cfg(test)]
        impl crate::arbitrary::Arbitrary for $ty {
            fn arbitrary(g: &mut crate::arbitrary::Gen<'_>) -> Self {
                crate::arbitrary::wire_enum(g)
            }
        }

        impl crate::value::Value for $ty {
            fn put(&self, tag: crate::registry::Tag, sink: &mut dyn crate::wire::Sink) {
                crate::value::put_enum(*self, tag, sink);
            }
            fn take(source: &mut dyn crate::wire::Source) -> crate::error::Result<Self> {
                crate::value::take_enum(source)
            }
        }

        impl std::fmt::Display for $ty {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match <Self as crate::registry::WireEnum>::TABLE.row(self.0) {
                    Some(row) => f.write_str(row.name),
                    None => write!(f, "0x{:08X}", self.0),
                }
            }
        }

        impl std::fmt::Debug for $ty {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        })*

        pub(super) static ALL: &[&crate::registry::EnumTable] = &[
            $(<$ty as crate::registry::WireEnum>::TABLE,)*
        ];
    };
}
pub(super) use wire_enums;

macro_rules! wire_masks {
    ($($(#[$doc:meta])* $ty:ident $title:literal {
        $($id:ident = $value:literal, $name:literal, $xml:literal, $first:ident, $last:ident;)*
    })*) => {
        $($(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $ty(pub u32);

        #[allow(non_upper_case_globals)]
        impl $ty {
            $(#[doc = $name] pub const $id: Self = Self($value);)*

            /// Whether all bits of `other` are set.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether some bit of `other` is set.
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }
        }

        impl std::ops::BitOr for $ty {
            type Output = Self;
            fn bitor(self, other: Self) -> Self { Self(self.0 | other.0) }
        }

        impl crate::registry::WireEnum for $ty {
            const TABLE: &'static crate::registry::EnumTable = &crate::registry::EnumTable {
                name: $title,
                is_mask: true,
                rows: super::enum_table::registry_rows! { $($id = $value, $name, $xml, $first, $last;)* },
            };
            fn from_wire(value: u32) -> Self { Self(value) }
            fn to_wire(self) -> u32 { self.0 }
        }

        #[cfg(test)]
        impl crate::arbitrary::Arbitrary for $ty {
            fn arbitrary(g: &mut crate::arbitrary::Gen<'_>) -> Self {
                crate::arbitrary::wire_enum(g)
            }
        }

        impl crate::value::Value for $ty {
            fn put(&self, tag: crate::registry::Tag, sink: &mut dyn crate::wire::Sink) {
                crate::value::put_enum(*self, tag, sink);
            }
            fn take(source: &mut dyn crate::wire::Source) -> crate::error::Result<Self> {
                crate::value::take_enum(source)
            }
        }

        impl std::fmt::Debug for $ty {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}(0x{:08X})", stringify!($ty), self.0)
            }
        })*

        pub(super) static ALL: &[&crate::registry::EnumTable] = &[
            $(<$ty as crate::registry::WireEnum>::TABLE,)*
        ];
    };
}
pub(super) use wire_masks;
