//! The committed lists of how each case ends: `case<TAB>pass|fail|not<TAB>reason`, so that every change is seen. One is for
//! every server; another says where a server differs whose keys stay in SoftHSM2.

use super::run::Report;
use crate::token::Vault;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};

/// The list for every server.
const EVERYWHERE: &str = "oasis-expectations.tsv";
/// What is different where keys stay in a device.
const RESIDENT: &str = "oasis-resident.tsv";

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Outcome words by case; the reasons are for readers, and may differ from machine to machine.
pub type Expectations = BTreeMap<String, String>;

/// How the cases end on a server with this vault, and which of them end otherwise there than elsewhere.
pub fn load(vault: Vault) -> io::Result<(Expectations, Vec<String>)> {
    let mut expected = read(&path(EVERYWHERE))?;
    let different = if vault == Vault::Resident { read(&path(RESIDENT))? } else { Expectations::new() };
    let names = different.keys().cloned().collect();
    expected.extend(different);
    Ok((expected, names))
}

fn read(path: &Path) -> io::Result<Expectations> {
    let text = std::fs::read_to_string(path)?;
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let rows = rows.filter_map(|line| {
        let mut cells = line.split('\t');
        Some((cells.next()?.to_owned(), cells.next()?.to_owned()))
    });
    Ok(rows.collect())
}

/// Writes the list of a vault anew.
pub fn save(vault: Vault, reports: &[Report]) -> io::Result<()> {
    let (name, option) = match vault {
        Vault::Resident => (RESIDENT, " --vault resident"),
        _ => (EVERYWHERE, ""),
    };
    let everywhere = if vault == Vault::Resident { read(&path(EVERYWHERE))? } else { Expectations::new() };
    let mut text = format!(
        "# case\toutcome\treason; written by `cargo run -p conformance-tests --bin oasis -- --bless{option}`\n"
    );
    let ends_so_everywhere =
        |report: &&Report| everywhere.get(&report.name).is_some_and(|word| word == report.outcome.word());
    for report in reports.iter().filter(|report| !ends_so_everywhere(report)) {
        let reason = steady(report.outcome.reason());
        writeln!(text, "{}\t{}\t{reason}", report.name, report.outcome.word()).map_err(io::Error::other)?;
    }
    std::fs::write(path(name), text)
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
