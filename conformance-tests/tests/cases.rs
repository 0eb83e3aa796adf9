//! The cases of our own, in the form of the published ones: all pass, in process and over TLS, and together they show every
//! operation that has cases succeeding and failing for every reason in its table of errors.

use conformance_tests::in_process::InProcess;
use conformance_tests::oasis::case::{Case, Node};
use conformance_tests::oasis::run::{Outcome, Report, load_all, play_all, print};
use conformance_tests::reference::{require, workspace};
use conformance_tests::server_process::{Options, Server, ServerWorld};
use kmip_codec::registry::{Operation, ResultReason, ResultStatus, Tag, WireEnum};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

fn folder() -> PathBuf {
    workspace().join("conformance-tests/cases")
}

fn cases() -> Vec<Case> {
    load_all(&folder()).expect("our own cases can be read")
}

fn judge(reports: &[Report]) {
    print(reports);
    let missed: Vec<String> =
        reports.iter().filter(|report| report.outcome != Outcome::Pass).map(ToString::to_string).collect();
    assert!(missed.is_empty(), "cases of our own do not pass:\n{}", missed.join("\n"));
    assert!(!reports.is_empty(), "there are no cases of our own");
}

#[test]
fn our_own_cases_pass_in_process() {
    judge(&play_all(&cases(), &mut InProcess::open().expect("an engine"), &|_| true));
}

#[test]
fn our_own_cases_pass_over_tls() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(&Options::new(place.path())).expect("the server starts");
    let mut world = ServerWorld::new(&server).expect("the server takes a user");
    judge(&play_all(&cases(), &mut world, &|_| true));
    server.stop().expect("the server stops when asked");
}

/// The operations that no published case shows, or only one of 1.0.
const OURS: [Operation; 23] = [
    Operation::Certify,
    Operation::ReCertify,
    Operation::Validate,
    Operation::ReKeyKeyPair,
    Operation::ReProvision,
    Operation::DiscoverVersions,
    Operation::SetAttribute,
    Operation::Login,
    Operation::Logout,
    Operation::DelegatedLogin,
    Operation::AdjustAttribute,
    Operation::Archive,
    Operation::Check,
    Operation::CreateSplitKey,
    Operation::Export,
    Operation::GetConstraints,
    Operation::GetUsageAllocation,
    Operation::Import,
    Operation::JoinSplitKey,
    Operation::ObtainLease,
    Operation::Recover,
    Operation::SetConstraints,
    Operation::SetDefaults,
];

/// Each of these operations succeeds in a case of ours, and fails for every reason that the specification's table gives
/// it, in a case of whatever version, save those that `cases/unreachable.tsv` says cannot come about here, and why.
#[test]
fn our_own_cases_show_every_reason() {
    let Some(table) = require("the reasons of operations", "spec/data/operation_errors.tsv") else { return };
    let shown = shown(&cases());
    let unreachable = unreachable();
    let ours: BTreeMap<_, _> =
        OURS.iter().map(|operation| (*operation, shown.get(operation).cloned().unwrap_or_default())).collect();
    let never = ours.iter().filter(|(_, reasons)| !reasons.contains(&None));
    let mut missing: Vec<String> = never.map(|(operation, _)| format!("{operation}: success")).collect();
    let mut counted = 0;
    for (operation, reason) in demanded(&std::fs::read_to_string(table).expect("the table can be read")) {
        let Some(reasons) = ours.get(&operation) else { continue };
        let is_shown = reasons.contains(&Some(reason));
        let is_excused = [Some(operation), None].iter().any(|owner| unreachable.contains(&(*owner, reason)));
        counted += usize::from(is_shown);
        if !is_shown && !is_excused {
            missing.push(format!("{operation}: {reason}"));
        }
        if is_shown && unreachable.contains(&(Some(operation), reason)) {
            missing.push(format!("{operation}: {reason} has a case, and unreachable.tsv says that it has none"));
        }
    }
    println!("{} operations with cases of our own, {counted} reasons of failure shown", ours.len());
    assert!(missing.is_empty(), "no case shows:\n{}", missing.join("\n"));
}

/// What the answers of the cases show: for each operation the reasons of failure, and none for success. A Poll that is answered with what
/// another operation came to is a Poll that succeeded.
fn shown<'a>(cases: &'a [Case]) -> BTreeMap<Operation, BTreeSet<Option<ResultReason>>> {
    let mut shown: BTreeMap<Operation, BTreeSet<_>> = BTreeMap::new();
    let exchanges = cases.iter().flat_map(|case| &case.exchanges);
    let items = |node: &'a Node| node.fields().iter().filter(|item| item.tag == Tag::BatchItem);
    let pairs = exchanges.flat_map(|exchange| items(&exchange.request).zip(items(&exchange.response)));
    for (asked, item) in pairs {
        let number = |tag| item.field(tag).and_then(Node::as_enumeration);
        let Some(operation) = number(Tag::Operation).map(Operation) else { continue };
        if asked.field(Tag::Operation).and_then(Node::as_enumeration) == Some(Operation::Poll.0)
            && operation != Operation::Poll
        {
            shown.entry(Operation::Poll).or_default().insert(None);
            continue;
        }
        let failed = number(Tag::ResultStatus) == Some(ResultStatus::OperationFailed.0);
        let reason = if failed { number(Tag::ResultReason).map(ResultReason) } else { None };
        shown.entry(operation).or_default().insert(reason);
    }
    shown
}

/// Operation and reason of each row of the specification's table of errors.
fn demanded(table: &str) -> BTreeSet<(Operation, ResultReason)> {
    let rows = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let pairs = rows.filter_map(|cells| Some((operation_named(cells.get(1)?)?, reason_named(cells.get(5)?)?)));
    pairs.collect()
}

fn operation_named(name: &str) -> Option<Operation> {
    let name = name.trim_end_matches(" Errors").replace([' ', '-', '#'], "");
    let mut rows = Operation::TABLE.rows.iter();
    rows.find(|row| row.xml_name.replace('_', "").eq_ignore_ascii_case(&name)).map(|row| Operation(row.value))
}

/// The reason with this name, however the tables write it (`Bad Cryptographic parameters`, `Cryptographic Failure?`).
fn reason_named(name: &str) -> Option<ResultReason> {
    let name = name.trim_end_matches(['?', '.']).replace([' ', '-'], "");
    let mut rows = ResultReason::TABLE.rows.iter();
    rows.find(|row| row.xml_name.eq_ignore_ascii_case(&name)).map(|row| ResultReason(row.value))
}

/// The rows of `cases/unreachable.tsv`: an operation, or `*` for all of them, a reason, and why no case can show it.
fn unreachable() -> BTreeSet<(Option<Operation>, ResultReason)> {
    let text = std::fs::read_to_string(folder().join("unreachable.tsv")).expect("the list can be read");
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [operation, reason, why] = cells[..] else { panic!("three cells are wanted: {line}") };
        assert!(!why.is_empty(), "no reason given: {line}");
        let owner = (operation != "*").then(|| operation_named(operation).expect("an operation's name"));
        (owner, reason_named(reason).unwrap_or_else(|| panic!("no reason is named {reason}")))
    };
    rows.map(row).collect()
}
