//! Tags, enumerations, masks, result reasons and operations: value, name, XML name and version range of each.

use std::io;
use std::path::Path;

use kmip_codec::registry::{EnumRow, enum_tables, tag_rows};

use super::facts::{Facts, by_version};
use crate::reference::{Row, Table, published};

/// tags.tsv against the tag table.
pub fn tags(folder: &Path) -> io::Result<(Facts, Facts)> {
    let mut data = Facts::default();
    for row in Table::read(folder, "tags")?.rows().filter(|row| !is_reserved(row)) {
        state_row(&mut data, &format!("tag 0x{}", row.get("tag")), row);
    }
    let mut code = Facts::default();
    for row in tag_rows() {
        let entry = format!("tag 0x{:06X}", row.tag.value());
        state(&mut code, &entry, row.xml_name, row.first, row.last);
        code.state(&entry, "name", by_version(row.first, row.last, |_| row.name.to_owned()));
    }
    Ok((data, code))
}

/// enums.tsv and masks.tsv against all enumeration tables.
pub fn enumerations(folder: &Path) -> io::Result<(Facts, Facts)> {
    let mut data = Facts::default();
    for (file, kind) in [("enums", "enum"), ("masks", "mask")] {
        for row in Table::read(folder, file)?.rows().filter(|row| !is_reserved(row)) {
            state_row(&mut data, &format!("{kind} {} {}", row.get(kind), row.get("value")), row);
        }
    }
    let mut code = Facts::default();
    for table in enum_tables() {
        let kind = if table.is_mask { "mask" } else { "enum" };
        for row in table.rows {
            state_entry(&mut code, &format!("{kind} {} 0x{:08X}", table.name, row.value), row);
        }
    }
    Ok((data, code))
}

/// result_reasons.tsv against the Result Reason table.
pub fn result_reasons(folder: &Path) -> io::Result<(Facts, Facts)> {
    let rows = Table::read(folder, "result_reasons")?;
    Ok(one_enumeration("Result Reason", &rows, "value"))
}

/// operations.tsv against the Operation table.
pub fn operations(folder: &Path) -> io::Result<(Facts, Facts)> {
    let rows = Table::read(folder, "operations")?;
    Ok(one_enumeration("Operation", &rows, "code"))
}

fn one_enumeration(name: &str, rows: &Table, value: &str) -> (Facts, Facts) {
    let mut data = Facts::default();
    for row in rows.rows().filter(|row| !is_reserved(row)) {
        state_row(&mut data, &format!("{name} {}", row.get(value)), row);
    }
    let mut code = Facts::default();
    for table in enum_tables().into_iter().filter(|table| table.name == name) {
        for row in table.rows {
            state_entry(&mut code, &format!("{name} 0x{:08X}", row.value), row);
        }
    }
    (data, code)
}

/// Reserved values are kept in the data so that nobody takes them; they name nothing.
fn is_reserved(row: &Row<'_>) -> bool {
    row.get("name") == "(Reserved)"
}

fn state(facts: &mut Facts, entry: &str, xml_name: &str, first: impl ToString, last: impl ToString) {
    facts.state(entry, "XML name", xml_name);
    facts.state(entry, "first version", first.to_string());
    facts.state(entry, "last version", last.to_string());
}

fn state_row(facts: &mut Facts, entry: &str, row: Row<'_>) {
    state(facts, entry, row.get("xml_name"), row.get("first"), row.get("last"));
    let (Some(first), Some(last)) = (row.version("first"), row.version("last")) else {
        return facts.state(entry, "name", "of an unknown version range");
    };
    let changes: Vec<_> = row.get("names_by_version").split("; ").filter_map(|part| part.split_once(": ")).collect();
    let name_in = |version| {
        let since = changes.iter().rev().find(|(from, _)| published(from).is_some_and(|from| from <= version));
        since.map_or(row.get("name"), |(_, name)| name).to_owned()
    };
    facts.state(entry, "name", by_version(first, last, name_in));
}

fn state_entry(facts: &mut Facts, entry: &str, row: &EnumRow) {
    state(facts, entry, row.xml_name, row.first, row.last);
    let name_in = |version| {
        let spelling = row.also.iter().find(|other| other.first <= version && version <= other.last);
        spelling.map_or(row.name, |other| other.name).to_owned()
    };
    facts.state(entry, "name", by_version(row.first, row.last, name_in));
}
