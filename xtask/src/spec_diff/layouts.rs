//! The fields of structures, one side at a time: which there are in each version, in which order, and how each is declared.

use std::collections::BTreeMap;

use kmip_codec::registry::Tag;
use kmip_codec::value::FieldRow;
use kmip_codec::version::Version;

use super::encoding;
use super::facts::{Facts, Stated};
use crate::reference::Row;

/// Stands for a field that is one managed object under its own tag.
const ANY_OBJECT: &str = "any object";
/// Stands for a field that is any item.
const ANY_ITEM: &str = "any item";

/// One side's structures: the fields in order, by name and version.
#[derive(Default)]
pub struct Layouts(BTreeMap<(String, Version), Vec<FieldLayout>>);

/// How one side declares a field.
pub struct FieldLayout {
    /// The name of the tag that carries it.
    pub name: String,
    /// Whether it must be there.
    pub required: Stated<bool>,
    /// Whether it may be there more than once.
    pub repeats: Stated<bool>,
    /// The item types that it may have.
    pub encoding: Stated<String>,
}

impl Layouts {
    /// Names a structure of a version, and gives its fields.
    pub fn of(&mut self, structure: &str, version: Version) -> &mut Vec<FieldLayout> {
        self.0.entry((structure.to_owned(), version)).or_default()
    }

    /// Whether a version has the structure.
    pub fn has(&self, structure: &str, version: Version) -> bool {
        self.0.contains_key(&(structure.to_owned(), version))
    }

    /// Adds a structure of the codec in one version.
    pub fn add(&mut self, structure: &str, rows: &[FieldRow], version: Version) {
        let fields = rows.iter().filter_map(|row| FieldLayout::of_code(row, version));
        self.of(structure, version).extend(fields);
    }

    /// Everything that is stated here. The fields of a structure that the other side lacks are passed over, and their
    /// order is that among the fields of both sides: one difference is told once.
    pub fn facts(&self, other: &Layouts) -> Facts {
        let mut facts = Facts::default();
        for (key, fields) in &self.0 {
            let (structure, version) = key;
            facts.name(&format!("{structure} in {version}"));
            let Some(others) = other.0.get(key) else { continue };
            let mut previous = "nothing";
            for field in fields {
                let entry = format!("{structure}: {} in {version}", field.name);
                field.state(&entry, &mut facts);
                if others.iter().any(|other| other.name == field.name) {
                    facts.state(&entry, "follows", previous);
                    previous = &field.name;
                }
            }
        }
        facts
    }
}

impl FieldLayout {
    fn state(&self, entry: &str, facts: &mut Facts) {
        let yes = |value: Stated<bool>| value.map(|value| if value { "yes" } else { "no" });
        facts.state_or_open(entry, "required", yes(self.required));
        facts.state_or_open(entry, "repeats", yes(self.repeats));
        facts.state_or_open(entry, "encoding", self.encoding.clone());
    }

    /// A field of the codec, if the version has it.
    fn of_code(row: &FieldRow, version: Version) -> Option<FieldLayout> {
        let tags = row.tags_in(version)?;
        let listed = row.rust_type.contains("Vec<");
        let optional = listed || row.rust_type.starts_with("Option<");
        let bare = row.rust_type == "Option<Bag>" && tags == [Tag::Attribute];
        Some(FieldLayout {
            name: carried_name(tags, version),
            required: Ok(!optional || row.required.is_some_and(|required| required <= version)),
            repeats: Ok(listed || bare),
            encoding: encoding::of_field(row, tags, version),
        })
    }

    /// A field of the data: the columns that payloads and structures share.
    pub fn of_data(row: Row<'_>, encoding: Stated<String>) -> FieldLayout {
        let required = match row.get("required") {
            "yes" => Ok(true),
            "no" => Ok(false),
            "cond" => Err("a condition decides whether the field is required"),
            _ => Err("the table does not say whether the field is required"),
        };
        let repeats = Ok(row.get("repeat") == "yes");
        FieldLayout { name: printed_name(row.get("field")), required, repeats, encoding }
    }
}

/// What a field of the codec is called after the tags that can carry it.
fn carried_name(tags: &[Tag], version: Version) -> String {
    if tags.is_empty() {
        return ANY_ITEM.to_owned();
    }
    if tags.contains(&Tag::SymmetricKey) {
        return ANY_OBJECT.to_owned();
    }
    let live = tags.iter().filter(|tag| tags.len() == 1 || tag.is_live(version));
    live.filter_map(|tag| tag.name()).collect::<Vec<_>>().join(" or ")
}

/// Printed names that are not the tag's.
const SPELLINGS: &[(&str, &str)] = &[
    ("All Objects", ANY_OBJECT),
    ("Any Object (Section 2)", ANY_OBJECT),
    ("Vendor-Specific", ANY_ITEM),
    ("Object Type | ObjectTypes", "Object Type or Object Types"),
    ("Alternative failover endpoints", "Alternate Failover Endpoints"),
    ("Timestamp", "Time Stamp"),
    ("Hash Username Password", "Hashed Username Password"),
    ("Hash Password Username", "Hashed Password Username"),
];

/// The tag's name for a name in the data. A list of object types is any object; letter case is the tag table's.
fn printed_name(printed: &str) -> String {
    if let Some((_, name)) = SPELLINGS.iter().find(|(text, _)| *text == printed) {
        return (*name).to_owned();
    }
    if printed.starts_with("Certificate, Symmetric Key,") {
        return ANY_OBJECT.to_owned();
    }
    let names = kmip_codec::registry::tag_rows().iter().map(|row| row.name);
    let same = names.into_iter().find(|name| name.eq_ignore_ascii_case(printed));
    same.unwrap_or(printed).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec_diff::facts::differences;
    use kmip_codec::structures::structure_tables;
    use kmip_codec::version::{V1_4, V2_0, V3_0};

    fn field(name: &str, required: Stated<bool>) -> FieldLayout {
        FieldLayout { name: name.to_owned(), required, repeats: Ok(false), encoding: Err("not printed") }
    }

    fn layouts(structure: &str, fields: Vec<FieldLayout>) -> Layouts {
        let mut layouts = Layouts::default();
        layouts.of(structure, V1_4).extend(fields);
        layouts
    }

    fn check(data: &Layouts, code: &Layouts, expected: &[&str]) {
        let found = differences(&data.facts(code), &code.facts(data));
        assert_eq!(found.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    fn declared(structure: &str, version: Version) -> Vec<(String, bool, bool)> {
        let mut code = Layouts::default();
        let table = structure_tables().find(|table| table.name == structure).expect("declared");
        code.add(structure, table.fields, version);
        let fields = code.of(structure, version).iter();
        fields.map(|field| (field.name.clone(), field.required == Ok(true), field.repeats == Ok(true))).collect()
    }

    #[test]
    fn a_missing_field_is_told_once_and_does_not_disturb_the_order() {
        let data = layouts("S", vec![field("A", Ok(true)), field("B", Ok(true)), field("C", Ok(true))]);
        let code = layouts("S", vec![field("A", Ok(true)), field("C", Ok(true))]);
        check(&data, &code, &["S: B in 1.4: missing in the code"]);
        check(&code, &data, &["S: B in 1.4: not in the data"]);
    }

    #[test]
    fn the_order_is_compared() {
        let data = layouts("S", vec![field("A", Ok(true)), field("B", Ok(true))]);
        let code = layouts("S", vec![field("B", Ok(true)), field("A", Ok(true))]);
        check(
            &data,
            &code,
            &[
                "S: A in 1.4: follows is nothing in the data, B in the code",
                "S: B in 1.4: follows is A in the data, nothing in the code",
            ],
        );
    }

    #[test]
    fn a_condition_leaves_open_whether_a_field_is_required() {
        let data = layouts("S", vec![field("A", Err("a condition"))]);
        check(&data, &layouts("S", vec![field("A", Ok(true))]), &[]);
        let data = layouts("S", vec![field("A", Ok(false))]);
        let told = ["S: A in 1.4: required is no in the data, yes in the code"];
        check(&data, &layouts("S", vec![field("A", Ok(true))]), &told);
    }

    #[test]
    fn a_missing_structure_is_told_without_its_fields() {
        check(&layouts("S", vec![field("A", Ok(true))]), &Layouts::default(), &["S in 1.4: missing in the code"]);
    }

    #[test]
    fn a_field_of_the_codec_has_the_tag_of_the_version() {
        let field = |name: &str, required, repeats| (name.to_owned(), required, repeats);
        let activate = "Activate Request Payload";
        assert_eq!(declared(activate, V2_0), [field("Unique Identifier", false, false)]);
        assert_eq!(declared(activate, V3_0), [field("Unique Identifier", true, false)]);
        let response = "Get Attributes Response Payload";
        assert_eq!(declared(response, V1_4)[1], field("Attribute", false, true));
        assert_eq!(declared(response, V2_0)[1], field("Attributes", false, false));
        let created = "Create Response Payload";
        assert_eq!(declared(created, V1_4).len(), 3);
        assert_eq!(declared(created, V2_0).len(), 2);
        let wrapping = "Key Wrapping Specification";
        assert_eq!(declared(wrapping, V2_0)[3], field("Attribute Name", false, true));
        assert_eq!(declared(wrapping, V3_0)[3], field("Attribute Reference", false, true));
        assert_eq!(declared("Get Response Payload", V1_4)[2], field(ANY_OBJECT, true, false));
        assert_eq!(declared("Object Defaults", V2_0)[0], field("Object Type", true, false));
    }

    #[test]
    fn printed_names_become_those_of_tags() {
        assert_eq!(printed_name("Server name"), "Server Name");
        assert_eq!(printed_name("Timestamp"), "Time Stamp");
        let list =
            "Certificate, Symmetric Key, Private Key, Public Key, Split Key, Template Secret Data or Opaque Object";
        assert_eq!(printed_name(list), ANY_OBJECT);
        assert_eq!(printed_name("Unheard Of"), "Unheard Of");
    }
}
