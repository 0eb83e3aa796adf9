//! Every cell of the specification's table of attributes (KMIP 1.4 §3, KMIP 2.1 §4), walked against the engine in every version
//! that it speaks: whether the attribute exists, who sets, changes and deletes it, how many instances it has, on which objects,
//! and what sets it. What deliberately differs stands in `differences.tsv`, with the reason.

mod columns;
mod gallery;
mod rows;

use columns::{Finding, Walk};
use conformance_tests::reference::workspace;
use conformance_tests::walker::Walker;
use conformance_tests::walker::samples::sample;
use kmip_codec::item::Item;
use kmip_codec::registry::{ObjectType, Tag};
use kmip_codec::version::{V3_0, Version};
use kmip_core::engine::SUPPORTED_VERSIONS;
use rows::Row;
use std::collections::BTreeMap;

/// A row of the table of deliberate differences.
struct Difference {
    attribute: String,
    versions: Vec<Version>,
    column: String,
    about: String,
}

impl Difference {
    fn explains(&self, finding: &Finding) -> bool {
        is_like(&self.attribute, &finding.attribute)
            && self.versions.contains(&finding.version)
            && self.column == finding.column
            && is_like(&self.about, &finding.about)
    }
}

/// Whether a text is a pattern's, in which an asterisk stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| rest.ends_with(after)),
    }
}

/// The rows of `differences.tsv`: an attribute, the first and the last version, a column, what was asked, and why.
fn differences() -> Vec<Difference> {
    let path = workspace().join("conformance-tests/tests/attribute_table/differences.tsv");
    let text = std::fs::read_to_string(path).expect("the list can be read");
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [attribute, versions, column, about, why] = cells[..] else { panic!("five cells are wanted: {line}") };
        assert!(!why.is_empty(), "no reason given: {line}");
        let (first, last) = versions.split_once('-').unwrap_or((versions, versions));
        let versions = SUPPORTED_VERSIONS.into_iter();
        let within =
            versions.filter(|version| *first <= *version.to_string() && *version.to_string() <= *last).collect();
        Difference { attribute: attribute.into(), versions: within, column: column.into(), about: about.into() }
    };
    rows.map(row).collect()
}

fn everything(rows: &[Row], kind: ObjectType, version: Version, target: &str) -> Vec<Item> {
    let own = [
        Tag::CryptographicUsageMask,
        Tag::CryptographicDomainParameters,
        Tag::PrivateKeyLink,
        Tag::PublicKeyLink,
        Tag::ReplacedObjectLink,
        Tag::ReplacementObjectLink,
    ];
    let said = rows.iter().filter(|row| row.client_sets() && !row.set_by_maker() && row.applies(kind));
    // What a split key says of itself is in it.
    let said = said.filter(|row| !own.contains(&row.tag) && !row.name.starts_with("Split Key"));
    said.map(|row| sample(row.tag, &row.printed_type, version, target, 0)).collect()
}

/// Walks all rows of a version: how many cells were asked, and what was found.
fn walk(version: Version, all: &[Row]) -> (usize, Vec<Finding>) {
    let own: Vec<Row> = all.iter().filter(|row| row.version == version).cloned().collect();
    let mut walker = Walker::new(version);
    let kind = if version < V3_0 { ObjectType::SymmetricKey } else { ObjectType::PasswordCredential };
    let target = walker.made(kind, Vec::new());
    let gallery = gallery::gallery(&mut walker, &mut |kind| everything(&own, kind, version, &target));
    let mut walk = Walk { walker, target: target.clone(), asked: 0, findings: Vec::new() };
    let known: BTreeMap<&str, &Row> = all.iter().map(|row| (row.name.as_str(), row)).collect();
    for row in known.values() {
        let exists = own.iter().any(|own| own.name == row.name);
        walk.existence(&Row { version, ..(*row).clone() }, exists);
    }
    for row in &own {
        walk.initially_set_by(row);
        walk.applies_to(row, &gallery);
        walk.multiple_instances(row, &gallery);
        walk.always_has_a_value(row, &gallery);
        walk.implicitly_set(row, &gallery);
        walk.modifiable_by_client(row);
        walk.deletable_by_client(row);
    }
    walk.modifiable_by_server(&own, everything(&own, ObjectType::SymmetricKey, version, &target));
    (walk.asked, walk.findings)
}

#[test]
fn every_cell_is_as_the_specification_says() {
    let Some(rows) = rows::rows() else { return };
    let walks: Vec<(usize, Vec<Finding>)> = std::thread::scope(|scope| {
        let walks = SUPPORTED_VERSIONS.map(|version| {
            scope.spawn({
                let rows = &rows;
                move || walk(version, rows)
            })
        });
        walks.into_iter().map(|walk| walk.join().expect("a walk")).collect()
    });
    let differences = differences();
    let findings: Vec<&Finding> = walks.iter().flat_map(|(_, findings)| findings).collect();
    let unexplained = findings.iter().filter(|finding| !differences.iter().any(|row| row.explains(finding)));
    let unexplained: Vec<String> = unexplained
        .map(|Finding { version, attribute, column, about, said }| {
            format!("{version}\t{attribute}\t{column}\t{about}\t{said}")
        })
        .collect();
    let idle = differences.iter().filter(|row| !findings.iter().any(|finding| row.explains(finding)));
    let idle: Vec<String> =
        idle.map(|row| format!("no difference any more: {}, {}, {}", row.attribute, row.column, row.about)).collect();
    let asked: usize = walks.iter().map(|(asked, _)| asked).sum();
    println!("{} rows, {asked} cells asked, {} deliberate differences", rows.len(), findings.len() - unexplained.len());
    assert!(unexplained.is_empty() && idle.is_empty(), "{}\n{}", unexplained.join("\n"), idle.join("\n"));
}
