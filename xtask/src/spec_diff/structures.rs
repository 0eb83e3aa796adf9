//! Structures other than payloads: objects, key blocks, keys as numbers, wrapping, credentials, messages and attributes.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use kmip_codec::registry::{enum_tables, tag_rows};
use kmip_codec::structures::structure_tables;
use kmip_codec::version::{PUBLISHED, V1_0, V1_4, V2_0, V3_0, Version};

use super::encoding;
use super::facts::{Facts, Stated};
use super::layouts::{FieldLayout, Layouts};
use crate::reference::{Row, Table};

const SINGLE_ITEM: &str = "the row is a single item and no field of a structure";
const ANY_ATTRIBUTE: &str = "the structure holds any attribute: the rules of attributes are compared instead";
const GROUPED: &str = "the row is an attribute under a common heading: the rules of attributes are compared instead";
const RESIDUE: &str = "the row is a description of Data that was read as a structure";
const VARIANT: &str = "only one variant of the structure requires the field";
const NO_TYPE: &str = "the table prints no type, and no section has the field as a single item";

/// structures.tsv against the declared structures, in every version that has their tags.
pub fn structures(folder: &Path) -> io::Result<(Facts, Facts)> {
    let table = Table::read(folder, "structures")?;
    let items = Items::read(&table);
    let (mut data, mut skipped) = (Data::default(), Facts::default());
    for (row, version) in table.rows().filter_map(|row| Some((row, row.version("version")?))) {
        match skip(row) {
            Some(reason) => {
                let entry =
                    format!("{} {}: {} in {version}", row.get("section"), row.get("structure"), row.get("field"));
                skipped.leave_open(&entry, "existence", reason);
            }
            None => data.add(row, version, items.encoding(row, version)),
        }
    }
    let (data, code) = (data.merged(), code());
    let mut stated = data.facts(&code);
    stated.leave_open_all(skipped);
    Ok((stated, code.facts(&data)))
}

/// Why a row is no field of a declared structure.
fn skip(row: Row<'_>) -> Option<&'static str> {
    let (structure, field) = (row.get("structure"), row.get("field"));
    match structure {
        _ if row.get("section_title") == "Certificate Attributes" => Some(GROUPED),
        "Links (attribute)" | "Counters (attribute)" => Some(GROUPED),
        "Data (reference forms)" => Some(RESIDUE),
        _ if field.starts_with("Any attribute in ") => Some(ANY_ATTRIBUTE),
        _ => (field == structure).then_some(SINGLE_ITEM),
    }
}

/// The name that the codec gives to the structure of a row.
fn structure_name(row: Row<'_>) -> String {
    let (title, structure) = (row.get("section_title"), row.get("structure"));
    match structure {
        "Key Material" => format!("Key Material ({title})"),
        "Credential Value" => format!("Credential Value ({})", credential(row.get("table"))),
        "Attribute" if title == "Vendor Attribute" => title.to_owned(),
        "Attribute Reference (vendor form)" => "Attribute Reference".to_owned(),
        _ if structure.starts_with("Template-Attribute, ") => "Template-Attribute".to_owned(),
        _ if structure.starts_with("Password Credential / ") => credential_object(row.get("field")).to_owned(),
        _ => structure.strip_suffix(" (attribute)").unwrap_or(structure).to_owned(),
    }
}

/// The type of credential that a table's caption names.
fn credential(caption: &str) -> &str {
    let kind = caption.split_once("Structure for the ").map_or(caption, |(_, kind)| kind);
    kind.strip_suffix(" Credential").unwrap_or(kind)
}

/// One list of 3.0 holds the fields of four structures. Each field but one tells by its name where it belongs.
fn credential_object(field: &str) -> &'static str {
    match field {
        _ if field.starts_with("OTP ") => "OTP Credential",
        _ if field.starts_with("Hash") => "Hashed Password Credential",
        _ if field.contains("Password") || field == "Iteration Count" => "Password Credential",
        _ => "Device Credential",
    }
}

/// Fields of a structure by the caption of the table that prints them.
type Variants = Vec<(String, Vec<FieldLayout>)>;

/// The structures of the data.
#[derive(Default)]
struct Data(BTreeMap<(String, Version), Variants>);

impl Data {
    fn add(&mut self, row: Row<'_>, version: Version, encoding: Stated<String>) {
        let variants = self.0.entry((structure_name(row), version)).or_default();
        if variants.last().is_none_or(|(caption, _)| caption != row.get("table")) {
            variants.push((row.get("table").to_owned(), Vec::new()));
        }
        let mut field = FieldLayout::of_data(row, encoding);
        if row.get("encoding").to_lowercase().contains("may be repeated") {
            field.repeats = Ok(true);
        }
        if let Some((_, fields)) = variants.last_mut() {
            fields.push(field);
        }
    }

    fn merged(self) -> Layouts {
        let mut layouts = Layouts::default();
        for ((structure, version), variants) in self.0 {
            let fields = layouts.of(&structure, version);
            fields.extend(variants.into_iter().map(|(_, fields)| fields).reduce(united).unwrap_or_default());
        }
        layouts
    }
}

/// Two variants of a structure as one: what only one has or requires is left open.
fn united(mut first: Vec<FieldLayout>, second: Vec<FieldLayout>) -> Vec<FieldLayout> {
    for field in first.iter_mut().filter(|field| !second.iter().any(|other| other.name == field.name)) {
        field.required = Err(VARIANT);
    }
    for field in second {
        match first.iter_mut().find(|other| other.name == field.name) {
            Some(known) if known.required != field.required => known.required = Err(VARIANT),
            Some(_) => {}
            None => first.push(FieldLayout { required: Err(VARIANT), ..field }),
        }
    }
    first
}

/// The types of single items, by version, and by name or section.
struct Items(BTreeMap<(Version, String), String>);

impl Items {
    fn read(table: &Table) -> Items {
        let mut items = BTreeMap::new();
        for (row, version) in table.rows().filter_map(|row| Some((row, row.version("version")?))) {
            let item = skip(row) == Some(SINGLE_ITEM);
            let encoding = if item { row.get("encoding") } else { "Structure" };
            for key in [row.get("section"), row.get("structure")] {
                items.entry((version, key.to_owned())).or_insert(encoding.to_owned());
            }
        }
        Items(items)
    }

    /// The item types of a field: as printed, or those of the section or of the item that it refers to.
    fn encoding(&self, row: Row<'_>, version: Version) -> Stated<String> {
        let text = row.get("encoding");
        let referred = |key: &str| self.0.get(&(version, key.to_owned())).and_then(|text| encoding::printed(text));
        let section = text.rsplit_once("ee ").map(|(_, section)| section.trim());
        encoding::printed(text)
            .or_else(|| section.and_then(referred))
            .or_else(|| referred(row.get("field")))
            .unwrap_or(Err(NO_TYPE))
    }
}

/// The structures of the codec.
fn code() -> Layouts {
    let mut code = Layouts::default();
    for table in structure_tables().filter(|table| !table.name.ends_with(" Payload")) {
        for name in names(table.name) {
            for version in PUBLISHED.into_iter().filter(|version| is_live(&name, *version)) {
                code.add(&name, table.fields, version);
            }
        }
    }
    code
}

/// The names under which a declared structure is printed: three deprecated formats have the layout of Transparent EC keys.
fn names(declared: &str) -> Vec<String> {
    let forms = if declared.contains("(Transparent EC ") { &["EC", "ECDSA", "ECDH", "ECMQV"][..] } else { &["EC"] };
    forms.iter().map(|form| declared.replace("(Transparent EC ", &format!("(Transparent {form} "))).collect()
}

/// Whether a version has a structure: its tag, or the value of the enumeration that chooses it.
fn is_live(structure: &str, version: Version) -> bool {
    let (first, last) = match structure {
        "Attribute" => (V1_0, V1_4),
        "Vendor Attribute" => (V2_0, V3_0),
        "Request Batch Item" | "Response Batch Item" => tag_range("Batch Item"),
        _ => match structure.strip_suffix(')').and_then(|name| name.split_once(" (")) {
            Some(("Key Material", format)) => entry_range("Key Format Type", format),
            Some(("Credential Value", kind)) => entry_range("Credential Type", kind),
            _ => tag_range(structure),
        },
    };
    first <= version && version <= last
}

/// A range that no version is in, for a name that nothing has: the structure is then missing in the code.
const NEVER: (Version, Version) = (V3_0, V1_0);

fn tag_range(name: &str) -> (Version, Version) {
    tag_rows().iter().find(|row| row.name == name).map_or(NEVER, |row| (row.first, row.last))
}

fn entry_range(table: &str, name: &str) -> (Version, Version) {
    let table = enum_tables().into_iter().find(|candidate| candidate.name == table);
    let row = table.and_then(|table| table.rows.iter().find(|row| row.name == name));
    row.map_or(NEVER, |row| (row.first, row.last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_declared_structure_is_live_in_some_version() {
        let declared: Vec<_> = structure_tables().filter(|table| !table.name.ends_with(" Payload")).collect();
        assert!(declared.len() > 80, "{} structures", declared.len());
        for name in declared.iter().flat_map(|table| names(table.name)) {
            assert!(PUBLISHED.iter().any(|version| is_live(&name, *version)), "{name}");
        }
    }

    fn table(rows: &str) -> Table {
        let columns = "version section section_title structure order field encoding required repeat table";
        Table::parse(&format!("{columns}\n{rows}").replace(' ', "\t").replace('_', " ").replacen(
            "section title",
            "section_title",
            1,
        ))
    }

    #[test]
    fn names_follow_the_codec() {
        let rows = table(
            "1.4 2.1.7.8 Transparent_ECDSA_Private_Key Key_Material 1 D Big_Integer yes - -\n\
             2.0 9.11 Credential Credential_Value 1 Username Text_String yes - \
             Table_1:_Credential_Value_Structure_for_the_Hashed_Password_Credential\n\
             3.0 4.24 Digest_(attribute) Digest_(attribute) 1 Digest_Value Byte_String yes - -\n\
             3.0 2.1.3 Password_Credential_/_Device Password_Credential_/_Device 1 OTP_Seed Byte_String no - -",
        );
        let names: Vec<_> = rows.rows().map(structure_name).collect();
        let expected = [
            "Key Material (Transparent ECDSA Private Key)",
            "Credential Value (Hashed Password)",
            "Digest",
            "OTP Credential",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn a_reference_to_a_section_has_the_type_of_its_item() {
        let rows = table(
            "1.4 6.14 Batch_Count Batch_Count 1 Batch_Count Integer - - -\n\
             1.4 6.1 Protocol_Version Protocol_Version 1 Protocol_Version_Major Integer - - -\n\
             1.4 7.2 Operations Request_Header 1 Batch_Count See_6.14 yes - -\n\
             1.4 7.2 Operations Request_Header 2 Protocol_Version See_6.1 yes - -\n\
             1.4 7.2 Operations Request_Header 3 Batch_Count REQUIRED_always yes - -\n\
             1.4 7.2 Operations Request_Header 4 Unheard_Of See_9.9 yes - -",
        );
        let items = Items::read(&rows);
        let types: Vec<_> = rows.rows().skip(2).map(|row| items.encoding(row, V1_4)).collect();
        let expected = [Ok("Integer"), Ok("Structure"), Ok("Integer"), Err(NO_TYPE)];
        assert_eq!(types, expected.map(|stated| stated.map(str::to_owned)));
    }

    #[test]
    fn what_one_variant_requires_is_left_open() {
        let field = |name: &str, required| FieldLayout {
            name: name.to_owned(),
            required,
            repeats: Ok(false),
            encoding: Ok("Integer".to_owned()),
        };
        let first = vec![field("Both", Ok(true)), field("First", Ok(true)), field("Differs", Ok(true))];
        let second = vec![field("Both", Ok(true)), field("Differs", Ok(false)), field("Second", Ok(true))];
        let fields = united(first, second);
        let stated: Vec<_> = fields.iter().map(|field| (field.name.as_str(), field.required)).collect();
        let expected =
            [("Both", Ok(true)), ("First", Err(VARIANT)), ("Differs", Err(VARIANT)), ("Second", Err(VARIANT))];
        assert_eq!(stated, expected);
    }
}
