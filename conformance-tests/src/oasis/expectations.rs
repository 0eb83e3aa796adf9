//! The committed list of how each case ends: `case<TAB>pass|fail|not<TAB>reason`, so that every change is seen.

use super::run::Report;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

/// Where the list stands.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oasis-expectations.tsv")
}

/// Outcome words by case; the reasons are for readers, and may differ from machine to machine.
pub type Expectations = BTreeMap<String, String>;

/// Reads the list.
pub fn load(path: &Path) -> io::Result<Expectations> {
    let text = std::fs::read_to_string(path)?;
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let rows = rows.filter_map(|line| {
        let mut cells = line.split('\t');
        Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
    });
    Ok(rows.collect())
}

/// Writes the list anew.
pub fn save(path: &Path, reports: &[Report]) -> io::Result<()> {
    let mut text =
        String::from("# case\toutcome\treason; written by `cargo run -p conformance-tests --bin oasis -- --bless`\n");
    for report in reports {
        let reason = steady(report.outcome.reason());
        writeln!(text, "{}\t{}\t{reason}", report.name, report.outcome.word()).map_err(io::Error::other)?;
    }
    std::fs::write(path, text)
}

/// A reason without what differs from run to run: identifiers and times.
fn steady(reason: &str) -> String {
    let one_line = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = one_line.split(' ').map(|word| {
        let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let is_identifier = core.len() == 36 && core.matches('-').count() == 4;
        let is_time = core.len() == 10 && core.bytes().all(|byte| byte.is_ascii_digit());
        if is_identifier || is_time { word.replace(core, "...") } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The cases that end in another way than the list says, one line each.
pub fn changes(expected: &Expectations, reports: &[Report]) -> Vec<String> {
    let mut changes = Vec::new();
    for report in reports {
        let word = report.outcome.word();
        match expected.get(&report.name) {
            Some(known) if known == word => {}
            Some(known) => {
                changes.push(format!("{}: {known} before, now {word} {}", report.name, report.outcome.reason()))
            }
            None => changes.push(format!("{}: not in the list, now {word}", report.name)),
        }
    }
    let unseen = expected.keys().filter(|name| !reports.iter().any(|report| report.name == **name));
    changes.extend(unseen.map(|name| format!("{name}: in the list, but no such case was played")));
    changes
}
