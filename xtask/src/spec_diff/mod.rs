//! `cargo xtask spec-diff`: the tables of the code against the tables of the specification, in both directions.
//!
//! Each comparison turns both sides into the same facts about the same entries; [`facts`] tells them apart. What differs for
//! a known reason stands in [`oddities`]; a reason that no longer applies is a difference, too.

mod attributes;
mod encoding;
mod facts;
mod layouts;
mod oddities;
mod payloads;
mod registries;
mod structures;

use std::io;
use std::path::Path;

use crate::reference;
use facts::{Facts, differences, left_open};
use oddities::ODDITIES;

/// A pair of sides to compare: reads the data, collects the code's facts.
type Comparison = fn(&Path) -> io::Result<(Facts, Facts)>;

/// Every comparison.
const COMPARISONS: &[(&str, Comparison)] = &[
    ("tags", registries::tags),
    ("enumerations and masks", registries::enumerations),
    ("result reasons", registries::result_reasons),
    ("operations", registries::operations),
    ("attribute rules", attributes::attributes),
    ("payloads and their fields", payloads::payloads),
    ("structures and their fields", structures::structures),
];

/// Runs every comparison; `false` if anything differs.
pub fn run() -> Result<bool, Box<dyn std::error::Error>> {
    let folder = reference::data_folder();
    if !folder.is_dir() {
        println!("SKIP spec-diff: no folder {}; KMIP_REFERENCE names the reference folder", folder.display());
        return Ok(true);
    }
    let mut used = vec![false; ODDITIES.len()];
    let mut found = Vec::new();
    for (title, compare) in COMPARISONS {
        let (data, code) = compare(&folder)?;
        println!("{title}: {} entries in the data, {} in the code", data.len(), code.len());
        for (reason, count) in left_open(&data, &code) {
            println!("  not compared: {count} facts: {reason}");
        }
        found.extend(
            differences(&data, &code).into_iter().filter(|difference| !oddities::explain(difference, &mut used)),
        );
    }
    for difference in &found {
        println!("DIFFERENCE {difference}");
    }
    let stale: Vec<_> = ODDITIES.iter().zip(&used).filter(|(_, used)| !**used).map(|(oddity, _)| oddity).collect();
    for oddity in &stale {
        println!("DIFFERENCE {}: {:?} is listed as an oddity but agrees: {}", oddity.entry, oddity.fact, oddity.reason);
    }
    println!("spec-diff: {} differences, {} known oddities", found.len() + stale.len(), ODDITIES.len());
    Ok(found.is_empty() && stale.is_empty())
}
