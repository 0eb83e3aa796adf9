//! Every Result Reason of every version (KMIP 1.4 §9.1.3.2.29, KMIP 2.1 §11.49): a published case, a case of our own or a trial
//! here shows it, or `cases/reasons.tsv` tells why no request brings it about. No answer has a reason that its version lacks.

mod trials;

use conformance_tests::message::reason;
use conformance_tests::oasis::bar::is_required;
use conformance_tests::oasis::case::{Case, Node};
use conformance_tests::oasis::run::load_all;
use conformance_tests::reference::{require, workspace};
use conformance_tests::tree::{Tree, describe};
use conformance_tests::walker::Walker;
use kmip_codec::registry::{ResultReason, Tag};
use kmip_codec::version::Version;
use kmip_core::engine::SUPPORTED_VERSIONS;
use std::collections::BTreeSet;

/// A reason in a version.
type Shown = BTreeSet<(Version, ResultReason)>;

/// The reasons of each version by the specification's table.
fn live() -> Option<Shown> {
    let path = require("the table of reasons", "spec/data/result_reasons.tsv")?;
    let text = std::fs::read_to_string(path).expect("the table can be read");
    let mut live = Shown::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        let value = u32::from_str_radix(cells[0].trim_start_matches("0x"), 16).expect("a value");
        live.extend(within(cells[3], cells[4]).map(|version| (version, ResultReason(value))));
    }
    Some(live)
}

fn within<'a>(first: &'a str, last: &'a str) -> impl Iterator<Item = Version> + 'a {
    SUPPORTED_VERSIONS.into_iter().filter(move |version| {
        let version = version.to_string();
        first <= version.as_str() && version.as_str() <= last
    })
}

/// What the answers of cases show.
fn of_cases(cases: &[Case]) -> Shown {
    let mut shown = Shown::new();
    for case in cases {
        let answers = case.exchanges.iter().map(|exchange| &exchange.response);
        let items = answers.flat_map(|answer| answer.fields().iter().filter(|item| item.tag == Tag::BatchItem));
        let reasons = items.filter_map(|item| item.field(Tag::ResultReason).and_then(Node::as_enumeration));
        shown.extend(reasons.map(|reason| (case.version, ResultReason(reason))));
    }
    shown
}

/// The rows of `cases/reasons.tsv`: a reason, the versions, and why no request there brings it about.
fn excused() -> Shown {
    let path = workspace().join("conformance-tests/cases/reasons.tsv");
    let text = std::fs::read_to_string(path).expect("the list can be read");
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, versions, why] = cells[..] else { panic!("three cells are wanted: {line}") };
        assert!(!why.is_empty(), "no reason given: {line}");
        let reason = reason_named(name);
        let (first, last) = versions.split_once('-').unwrap_or((versions, versions));
        within(first, last).map(move |version| (version, reason)).collect::<Vec<_>>()
    };
    rows.flat_map(row).collect()
}

fn reason_named(name: &str) -> ResultReason {
    use kmip_codec::registry::WireEnum;
    let row = ResultReason::TABLE.rows.iter().find(|row| row.name == name);
    ResultReason(row.unwrap_or_else(|| panic!("no reason is named {name}")).value)
}

/// The trials of a version, of what no case shows: what they show, and where they end otherwise.
fn tried(version: Version, live: &Shown, known: &Shown) -> (Shown, Vec<String>) {
    let (mut shown, mut faults) = (Shown::new(), Vec::new());
    let mut walker = Walker::new(version);
    for (wanted, act) in trials::GENERAL.iter().chain(trials::USE) {
        if !live.contains(&(version, *wanted)) || known.contains(&(version, *wanted)) {
            continue;
        }
        let answer = act(&mut walker);
        match reason(&answer) {
            Some(found) if found == *wanted => {
                shown.insert((version, found));
            }
            found => {
                let told = answer.field(Tag::ResultMessage).map(describe);
                faults.push(format!("KMIP {version}: {wanted}: {found:?} {told:?}"));
            }
        }
        let foreign = reason(&answer).filter(|found| !live.contains(&(version, *found)));
        faults.extend(foreign.map(|found| format!("KMIP {version} has no reason {found}")));
    }
    (shown, faults)
}

#[test]
fn every_reason_of_every_version_is_shown() {
    let Some(live) = live() else { return };
    let folder = require("OASIS cases", "oasis");
    let published =
        folder.map(|folder| load_all(&folder).expect("the published cases can be read")).unwrap_or_default();
    let required: Vec<Case> = published.into_iter().filter(is_required).collect();
    let own = load_all(&workspace().join("conformance-tests/cases")).expect("our own cases can be read");
    let by_cases: Shown = of_cases(&required).union(&of_cases(&own)).copied().collect();
    let excused = excused();
    let known: Shown = by_cases.union(&excused).copied().collect();
    let trials: Vec<(Shown, Vec<String>)> = std::thread::scope(|scope| {
        let walks = SUPPORTED_VERSIONS.map(|version| {
            let (live, known) = (&live, &known);
            scope.spawn(move || tried(version, live, known))
        });
        walks.into_iter().map(|walk| walk.join().expect("a walk")).collect()
    });
    let by_trials: Shown = trials.iter().flat_map(|(shown, _)| shown.iter().copied()).collect();
    let shown: Shown = by_cases.union(&by_trials).copied().collect();
    let mut faults: Vec<String> = trials.into_iter().flat_map(|(_, faults)| faults).collect();
    let missing = live.iter().filter(|one| !shown.contains(one) && !excused.contains(one));
    faults.extend(missing.map(|(version, reason)| format!("KMIP {version}: nothing shows {reason}")));
    let needless = excused.iter().filter(|one| shown.contains(one) || !live.contains(one));
    faults.extend(needless.map(|(version, reason)| format!("KMIP {version}: {reason} needs no excuse")));
    let foreign = by_cases.iter().filter(|one| !live.contains(one));
    faults.extend(foreign.map(|(version, reason)| format!("KMIP {version}: a case wants {reason}, which it lacks")));
    println!("{} reasons of all versions: {} shown, {} excused", live.len(), shown.len(), excused.len());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
