//! The request and response payloads of every operation, field by field.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use kmip_codec::registry::{EnumRow, enum_tables};
use kmip_codec::structures::{StructureTable, structure_tables};
use kmip_codec::version::{PUBLISHED, V2_1, V3_0, Version};

use super::facts::Facts;
use super::layouts::{FieldLayout, Layouts};
use crate::reference::{Row, Table};

/// What a payload that a server sends to a client is called.
const TO_CLIENT: &str = " (server to client)";
const POLLED: &str = "Poll Response Payload in 3.0";
const POLLED_BY: &str = "what answers a Poll has the payload of the polled operation, which is read as items";
const NO_ENCODING: &str = "tables of payloads print no encoding";

/// payloads.tsv against the declared payloads, in every version that has the operation.
pub fn payloads(folder: &Path) -> io::Result<(Facts, Facts)> {
    let mut data = Layouts::default();
    for row in Table::read(folder, "payloads")?.rows() {
        for version in versions(row) {
            add_row(&mut data, row, version);
        }
    }
    let directions = directions(folder)?;
    let mut code = Layouts::default();
    for table in structure_tables() {
        if let Some((operation, row)) = operation_of(table) {
            let ways = directions.get(operation).map_or("", String::as_str);
            add_table(&mut code, table, row, ways, &data);
        }
    }
    let mut stated = data.facts(&code);
    stated.leave_open(POLLED, "existence", POLLED_BY);
    Ok((stated, code.facts(&data)))
}

/// The versions that a row holds for. The rows of 3.0 lack Notify and Put, which are those of 2.1.
fn versions(row: Row<'_>) -> impl Iterator<Item = Version> {
    let version = row.version("version");
    let kept = version == Some(V2_1) && matches!(row.get("operation"), "Notify" | "Put");
    version.into_iter().chain(kept.then_some(V3_0))
}

fn add_row(data: &mut Layouts, row: Row<'_>, version: Version) {
    let message = if row.get("message") == "request" { "Request" } else { "Response" };
    let way = if row.get("direction") == "s2c" { TO_CLIENT } else { "" };
    let fields = data.of(&format!("{} {message} Payload{way}", row.get("operation")), version);
    if row.get("field") != "(empty)" {
        fields.push(FieldLayout::of_data(row, Err(NO_ENCODING)));
    }
}

/// Who may send each operation: `c2s`, `s2c` or both.
fn directions(folder: &Path) -> io::Result<BTreeMap<String, String>> {
    let table = Table::read(folder, "operations")?;
    Ok(table.rows().map(|row| (row.get("name").to_owned(), row.get("direction").to_owned())).collect())
}

/// The operation of a payload, in the tables of the codec.
fn operation_of(table: &StructureTable) -> Option<(&'static str, &'static EnumRow)> {
    let operation = table.name.strip_suffix(" Payload")?;
    let operation = operation.strip_suffix(" Request").or_else(|| operation.strip_suffix(" Response"))?;
    let operations = enum_tables().into_iter().find(|table| table.name == "Operation")?;
    operations.rows.iter().find(|row| row.name == operation).map(|row| (row.name, row))
}

/// Adds a payload in each version that has its operation. The server's own requests of an operation that both sides may
/// send came later than the client's: the data alone tells when.
fn add_table(code: &mut Layouts, table: &StructureTable, operation: &EnumRow, ways: &str, data: &Layouts) {
    for version in PUBLISHED.into_iter().filter(|version| operation.is_live(*version)) {
        if ways.contains("c2s") {
            code.add(table.name, table.fields, version);
        }
        let to_client = format!("{}{TO_CLIENT}", table.name);
        if ways == "s2c" || ways.contains("s2c") && data.has(&to_client, version) {
            code.add(&to_client, table.fields, version);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::version::{V1_0, V1_1};

    #[test]
    fn every_declared_payload_belongs_to_an_operation() {
        let declared: Vec<_> = structure_tables().filter(|table| table.name.ends_with(" Payload")).collect();
        assert!(declared.len() > 120, "{} payloads", declared.len());
        for table in declared {
            assert!(operation_of(table).is_some(), "{}", table.name);
        }
    }

    #[test]
    fn a_payload_is_there_in_the_versions_of_its_operation() {
        let table =
            structure_tables().find(|table| table.name == "Discover Versions Request Payload").expect("declared");
        let (operation, row) = operation_of(table).expect("an operation");
        assert_eq!(operation, "Discover Versions");
        let (mut code, mut data) = (Layouts::default(), Layouts::default());
        data.of("Discover Versions Request Payload (server to client)", V2_1);
        add_table(&mut code, table, row, "c2s+s2c", &data);
        assert!(!code.has(table.name, V1_0) && code.has(table.name, V1_1) && code.has(table.name, V3_0));
        let to_client = "Discover Versions Request Payload (server to client)";
        assert!(!code.has(to_client, V1_1) && code.has(to_client, V2_1) && !code.has(to_client, V3_0));
    }
}
