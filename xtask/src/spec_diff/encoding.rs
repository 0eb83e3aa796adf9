//! Item types of fields: what a table prints, and what a Rust type of the codec reads and writes.

use std::collections::BTreeSet;

use kmip_codec::registry::{Tag, enum_tables};
use kmip_codec::structures::structure_tables;
use kmip_codec::value::FieldRow;
use kmip_codec::version::{V2_0, V3_0, Version};

use super::facts::Stated;

/// Words of the tables and what they mean. A longer text stands before those that it contains.
const WORDS: &[(&str, &str)] = &[
    ("date-time extended", "Date-Time Extended"),
    ("date time extended", "Date-Time Extended"),
    ("date-time", "Date-Time"),
    ("date time", "Date-Time"),
    ("long integer", "Long Integer"),
    ("big integer", "Big Integer"),
    ("integer", "Integer"),
    ("text string", "Text String"),
    ("textstring", "Text String"),
    ("byte string", "Byte String"),
    ("bytestring", "Byte String"),
    ("boolean", "Boolean"),
    ("interval", "Interval"),
    ("enumeration (item type)", "Enumeration"),
    ("unique identifier enumeration", "Enumeration"),
    ("enumeration", "Enumeration"),
    ("attribute object", "Structure"),
    ("object data structure", "Structure"),
    ("rng parameters", "Structure"),
    ("structure", "Structure"),
    ("name reference", "Name Reference"),
    ("reference", "Reference"),
    ("identifier", "Identifier"),
];

/// The item types that a printed text names; nothing if it names none.
pub fn printed(text: &str) -> Option<Stated<String>> {
    let mut rest = text.to_lowercase();
    if rest.starts_with("any") || rest.starts_with("varies") {
        return Some(Err("the field may have any type"));
    }
    let mut types = BTreeSet::new();
    for (word, meaning) in WORDS {
        if rest.contains(word) {
            rest = rest.replace(word, ";");
            types.insert(*meaning);
        }
    }
    (!types.is_empty()).then(|| Ok(joined(types)))
}

fn joined(types: impl IntoIterator<Item = &'static str>) -> String {
    types.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(" or ")
}

/// The item types of a field of the codec, under the tags that carry it in the version.
pub fn of_field(row: &FieldRow, tags: &[Tag], version: Version) -> Stated<String> {
    let types = of_type(row.rust_type, tags, version);
    // A link is no Identifier.
    if row.refers { types.map(|types| types.replace("Identifier or ", "")) } else { types }
}

/// The item types of a Rust type of the codec, under the tags that carry it in the version.
fn of_type(rust_type: &str, tags: &[Tag], version: Version) -> Stated<String> {
    let mut name = rust_type;
    for wrapper in ["Option<", "Vec<", "Box<"] {
        name = name.strip_prefix(wrapper).and_then(|inner| inner.strip_suffix('>')).unwrap_or(name);
    }
    if matches!(name, "ItemValue" | "Item") {
        return Err("the field may have any type");
    }
    let known = plain(name).or_else(|| changing(name, tags, version)).or_else(|| declared(name));
    Ok(known.unwrap_or_else(|| format!("that of the unknown type {name}")))
}

/// Types that are one item type in every version.
fn plain(name: &str) -> Option<String> {
    let item = match name {
        "Text" | "SecretText" => "Text String",
        "ByteString" | "Secret" => "Byte String",
        "BigInteger" | "SecretInteger" => "Big Integer",
        "i32" => "Integer",
        "i64" => "Long Integer",
        "bool" => "Boolean",
        "DateTime" => "Date-Time",
        "DateTimeExtended" => "Date-Time Extended",
        "Interval" => "Interval",
        "TicketLease" => "Date-Time or Interval",
        "Tag" => "Enumeration",
        "HeaderVersion" | "Bag" | "Instance" | "ManagedObject" => "Structure",
        "RequestPayload" | "ResponsePayload" | "CredentialValue" => "Structure",
        "KeyValue" | "KeyMaterial" => "Byte String or Structure",
        _ => return None,
    };
    Some(item.to_owned())
}

/// Types that change with the version, or with the tag that carries them.
fn changing(name: &str, tags: &[Tag], version: Version) -> Option<String> {
    let before = |change, old, new| if version < change { old } else { new };
    let item = match name {
        "AsynchronousMode" => before(V2_0, "Boolean", "Enumeration"),
        "ExtensionType" => before(V2_0, "Integer", "Enumeration"),
        "Ephemeral" => before(V3_0, "Boolean", "Enumeration"),
        "Name" | "RotateName" => before(V3_0, "Structure", "Text String"),
        "Data" => before(V2_0, "Byte String", "Byte String or Enumeration or Integer"),
        "UniqueIdentifier" => before(
            V2_0,
            "Text String",
            before(
                V3_0,
                "Enumeration or Integer or Text String",
                "Enumeration or Identifier or Integer or Name Reference or Reference",
            ),
        ),
        "AttributeReference" if tags == [Tag::AttributeName] => "Text String",
        "AttributeReference" => "Enumeration or Structure",
        "OneOrMoreObjectTypes" if !Tag::ObjectTypes.is_live(version) => "Enumeration",
        "OneOrMoreObjectTypes" => "Enumeration or Structure",
        _ => return None,
    };
    Some(item.to_owned())
}

/// Structures and enumerations, by the names of their Rust types.
fn declared(name: &str) -> Option<String> {
    if structure_tables().any(|table| table.rust_name == name) {
        return Some("Structure".to_owned());
    }
    let table = enum_tables().into_iter().find(|table| letters(table.name) == letters(name))?;
    Some(if table.is_mask { "Integer" } else { "Enumeration" }.to_owned())
}

fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::version::V1_4;

    fn reads(text: &str, expected: Option<&str>) {
        assert_eq!(printed(text), expected.map(|types| Ok(types.to_owned())), "{text}");
    }

    #[test]
    fn printed_texts_name_item_types() {
        reads("Big Integer", Some("Big Integer"));
        reads("Text string, see 3.1", Some("Text String"));
        reads("Enumeration, see 9.1.3.2.5", Some("Enumeration"));
        reads("Date Time Extended", Some("Date-Time Extended"));
        reads("Text String/Enumeration/Integer", Some("Enumeration or Integer or Text String"));
        reads(
            "Byte String: for wrapped Key Value; Structure: for plaintext Key Value",
            Some("Byte String or Structure"),
        );
        reads("Identifier, Unique Identifier Enumeration or Integer", Some("Enumeration or Identifier or Integer"));
        reads("If omitted, then Stop is assumed, see 6.13", None);
        assert!(matches!(printed("Varies based on Credential Type."), Some(Err(_))));
    }

    #[test]
    fn rust_types_have_item_types() {
        let check = |rust_type, version, expected: &str| {
            assert_eq!(of_type(rust_type, &[], version), Ok(expected.to_owned()), "{rust_type} in {version}");
        };
        check("Option<Box<CryptographicParameters>>", V1_4, "Structure");
        check("Vec<Text>", V1_4, "Text String");
        check("Option<CryptographicUsageMask>", V1_4, "Integer");
        check("Pkcs11Function", V2_0, "Enumeration");
        check("UniqueIdentifier", V1_4, "Text String");
        check("UniqueIdentifier", V2_0, "Enumeration or Integer or Text String");
        check("Unheard", V2_0, "that of the unknown type Unheard");
        assert!(of_type("Option<ItemValue>", &[], V2_0).is_err());
    }
}
