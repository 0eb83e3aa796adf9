//! Leniency as data: what some products send that the specification does not permit. Each quirk is off unless an administrator
//! switched it on for a client, and it changes nothing for any other client.
//!
//! A request that needs a quirk which is off is refused, and the refusal names the quirk.

use kmip_codec::attribute::{Attribute, AttributeReference, Bag, VendorAttribute};
use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::registry::{Tag, tag_rows};
use kmip_codec::value::Value;
use kmip_codec::version::Version;
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Source, Strictness};

/// A leniency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quirk {
    /// Locate takes its criteria from a Template-Attribute (KMIP 1.4 §4.9 has Attribute structures there).
    LocateInTemplate,
    /// Locate takes names of attributes that differ from the specification's in spaces, hyphens and case only.
    LooseAttributeNames,
    /// Decrypt without IV/Counter/Nonce takes it from the front of the data (KMIP 1.4 §4.30 has a field for it).
    IvInFront,
    /// Add Attribute names the operation policy of an object that has the server's default (KMIP 1.4 §3.18: one value, which is
    /// set when the object is made).
    PolicyNameLater,
}

/// A quirk, what an administrator calls it, and who needs it.
#[derive(Debug, Clone, Copy)]
pub struct QuirkRow {
    /// The quirk.
    pub quirk: Quirk,
    /// Its name.
    pub name: &'static str,
    /// Products that are known to need it.
    pub products: &'static str,
}

/// All of them.
pub const QUIRKS: [QuirkRow; 4] = [
    QuirkRow { quirk: Quirk::LocateInTemplate, name: "locate-in-template", products: "FortiGate (FortiOS 7.4)" },
    QuirkRow {
        quirk: Quirk::LooseAttributeNames,
        name: "loose-attribute-names",
        products: "ScyllaDB before 2025.1.4 and 2025.2",
    },
    QuirkRow {
        quirk: Quirk::IvInFront,
        name: "iv-in-front",
        products: "EDB Postgres with edb_tde_kmip_client.py --variant thales",
    },
    QuirkRow { quirk: Quirk::PolicyNameLater, name: "policy-name-later", products: "VAST Data 5" },
];

impl Quirk {
    fn bit(self) -> u8 {
        match self {
            Self::LocateInTemplate => 1,
            Self::LooseAttributeNames => 2,
            Self::IvInFront => 4,
            Self::PolicyNameLater => 8,
        }
    }
}

/// The quirks that are on for a client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Quirks(u8);

impl Quirks {
    /// Those with these names; the error is a name that no quirk has.
    pub fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        names.into_iter().try_fold(Self::default(), |on, name| {
            let row = QUIRKS.iter().find(|row| row.name == name).ok_or(name)?;
            Ok(Self(on.0 | row.quirk.bit()))
        })
    }

    /// Those of these names that there are: a record of a later release may name others.
    pub(crate) fn known<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names
            .into_iter()
            .filter_map(|name| Self::named([name]).ok())
            .fold(Self::default(), |on, one| Self(on.0 | one.0))
    }

    /// Whether one is on.
    pub fn has(self, quirk: Quirk) -> bool {
        self.0 & quirk.bit() != 0
    }

    /// The names of those that are on.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        QUIRKS.iter().filter(move |row| self.has(row.quirk)).map(|row| row.name)
    }
}

/// The name without what [`Quirk::LooseAttributeNames`] overlooks.
fn loosely(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The attribute of the specification that a name means which is written otherwise.
pub(crate) fn attribute_meant(name: &str) -> Option<Tag> {
    let wanted = loosely(name);
    let mut attributes = tag_rows().iter().filter(|row| is_attribute(row.tag));
    attributes.find(|row| loosely(row.name) == wanted).map(|row| row.tag)
}

fn is_attribute(tag: Tag) -> bool {
    tag.name()
        .is_some_and(|name| matches!(AttributeReference::of_name(name), AttributeReference::Tag(known) if known == tag))
}

/// The criteria with every name written as the specification does; what cannot be meant otherwise stays.
pub(crate) fn respelt(bag: &mut Bag, version: Version) {
    for instance in &mut bag.items {
        let Attribute::Vendor(told) = &instance.attribute else { continue };
        if let Some(attribute) = meant(told, version) {
            instance.attribute = attribute;
        }
    }
}

fn meant(told: &VendorAttribute, version: Version) -> Option<Attribute> {
    let tag = told.vendor.is_empty().then(|| attribute_meant(&told.name))??;
    let mut writer = TtlvWriter::with_capacity(version, 256);
    told.value.put(Tag::AttributeValue, &mut writer);
    let bytes = writer.finish();
    let mut reader = TtlvReader::new(&bytes, Limits::DEFAULT, Strictness::Lenient);
    reader.set_version(version);
    reader.next().ok()?;
    Attribute::take_value(tag, &mut reader).ok()
}

/// The attribute's name as the specification writes it, for a refusal.
pub(crate) fn spelling(name: &str) -> Option<Text> {
    attribute_meant(name).map(|tag| AttributeReference::Tag(tag).name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let on = Quirks::named(["iv-in-front", "locate-in-template"]).unwrap();
        assert!(on.has(Quirk::IvInFront) && on.has(Quirk::LocateInTemplate) && !on.has(Quirk::LooseAttributeNames));
        assert_eq!(on.names().collect::<Vec<_>>(), ["locate-in-template", "iv-in-front"]);
        assert_eq!(Quirks::named(["iv-in-front", "no-such"]), Err("no-such"));
    }

    #[test]
    fn a_name_is_meant_whatever_its_spaces_and_case() {
        for name in ["CryptographicLength", "cryptographic_length", "Cryptographic-length"] {
            assert_eq!(attribute_meant(name), Some(Tag::CryptographicLength), "{name}");
        }
        for name in ["Cryptographic Lengths", "Batch Item", "", "x-key-namespace"] {
            assert_eq!(attribute_meant(name), None, "{name}");
        }
    }
}
