//! The cases of our own, in the form of the published ones: all pass, in process and over TLS, and together they show every
//! operation that has cases succeeding and failing for every reason in its table of errors.

use conformance_tests::in_process::InProcess;
use conformance_tests::oasis::case::{Case, Node};
use conformance_tests::oasis::run::{Outcome, Report, load_all, play_all, print};
use conformance_tests::reference::{require, workspace};
use conformance_tests::server_process::{Options, Server, ServerWorld};
use kmip_codec::registry::{Operation, ResultReason, ResultStatus, Tag, WireEnum};
use kmip_codec::version::{PUBLISHED, V1_4, V2_1, V3_0, Version};
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

/// The operations that no published case shows, or few do.
const OURS: [Operation; 35] = [
    Operation::AdjustAttribute,
    Operation::Archive,
    Operation::Cancel,
    Operation::Certify,
    Operation::Check,
    Operation::CreateCredential,
    Operation::CreateGroup,
    Operation::CreateSplitKey,
    Operation::CreateUser,
    Operation::Deactivate,
    Operation::DelegatedLogin,
    Operation::DiscoverVersions,
    Operation::Export,
    Operation::GetConstraints,
    Operation::GetUsageAllocation,
    Operation::Import,
    Operation::JoinSplitKey,
    Operation::Login,
    Operation::Logout,
    Operation::Obliterate,
    Operation::ObtainLease,
    Operation::PKCS_11,
    Operation::Ping,
    Operation::Poll,
    Operation::Process,
    Operation::QueryAsynchronousRequests,
    Operation::ReCertify,
    Operation::ReKeyKeyPair,
    Operation::ReProvision,
    Operation::Recover,
    Operation::SetAttribute,
    Operation::SetConstraints,
    Operation::SetDefaults,
    Operation::SetEndpointRole,
    Operation::Validate,
];

/// The newest version of each generation: there each reason is demanded.
const NEWEST: [Version; 3] = [V1_4, V2_1, V3_0];

/// What cases show in a version of an operation, or of messages that failed as a whole: the reasons of failure, and none for success.
type Shown = BTreeMap<(Version, Option<Operation>), BTreeSet<Option<ResultReason>>>;

/// Each of these operations succeeds in a case of ours in each version that has it. In the newest version of each generation it
/// fails for every reason that the specification's table gives it, save those that `cases/unreachable.tsv` says cannot come about
/// here, and why. The version before its first says that it does not support it.
#[test]
fn our_own_cases_show_every_reason() {
    let Some(table) = require("the reasons of operations", "spec/data/operation_errors.tsv") else { return };
    let table = Reasons::read(&std::fs::read_to_string(table).expect("the table can be read"));
    let (shown, unreachable) = (shown(&cases()), unreachable());
    let shows = |version, operation, reason| shown.get(&(version, operation)).is_some_and(|all| all.contains(&reason));
    let mut missing = Vec::new();
    let (mut successes, mut failures) = (0, 0);
    for operation in OURS {
        for version in PUBLISHED.into_iter().filter(|version| has(*version, operation)) {
            let is_shown = shows(version, Some(operation), None);
            successes += usize::from(is_shown);
            missing.extend((!is_shown).then(|| format!("{operation} in {version}: success")));
        }
        for (version, reason) in table.demanded(operation) {
            let is_shown = shows(version, Some(operation), Some(reason));
            // What holds for all operations is no excuse for one that shows the reason elsewhere.
            let elsewhere = PUBLISHED.iter().any(|version| shows(*version, Some(operation), Some(reason)));
            let is_excused = unreachable.contains(&(Some(operation), reason))
                || (!elsewhere && unreachable.contains(&(None, reason)));
            failures += usize::from(is_shown);
            missing.extend((!is_shown && !is_excused).then(|| format!("{operation} in {version}: {reason}")));
        }
    }
    for reason in table.general.iter().filter(|reason| !unreachable.contains(&(None, **reason))) {
        let is_shown = shown.iter().any(|((version, _), all)| *version == V1_4 && all.contains(&Some(*reason)));
        missing.extend((!is_shown).then(|| format!("whatever operation in {V1_4}: {reason}")));
    }
    for (operation, reason) in unreachable.iter().filter(|(operation, _)| operation.is_some()) {
        if PUBLISHED.iter().any(|version| shows(*version, *operation, Some(*reason))) {
            missing.push(format!("{operation:?}: {reason} has a case, and unreachable.tsv says that it has none"));
        }
    }
    let newest = NEWEST.map(|version| version.to_string()).join(", ");
    println!(
        "{} operations: {successes} successes, one in each version; {failures} reasons of failure in {newest}",
        OURS.len()
    );
    assert!(missing.is_empty(), "no case shows:\n{}", missing.join("\n"));
}

fn has(version: Version, operation: Operation) -> bool {
    Operation::TABLE.is_live(operation.0, version)
}

/// A Poll that is answered with what another operation came to is a Poll that succeeded.
fn shown(cases: &[Case]) -> Shown {
    let mut shown = Shown::new();
    for case in cases {
        for exchange in &case.exchanges {
            for (asked, item) in items(&exchange.request).zip(items(&exchange.response)) {
                let number = |tag| item.field(tag).and_then(Node::as_enumeration);
                let operation = number(Tag::Operation).map(Operation);
                let is_poll = asked.field(Tag::Operation).and_then(Node::as_enumeration) == Some(Operation::Poll.0);
                let (operation, reason) = match number(Tag::ResultStatus).map(ResultStatus) {
                    _ if is_poll && operation != Some(Operation::Poll) => (Some(Operation::Poll), None),
                    Some(ResultStatus::OperationFailed) => (operation, number(Tag::ResultReason).map(ResultReason)),
                    Some(ResultStatus::Success) => (operation, None),
                    _ => continue,
                };
                shown.entry((case.version, operation)).or_default().insert(reason);
            }
        }
    }
    shown
}

fn items(message: &Node) -> impl Iterator<Item = &Node> {
    message.fields().iter().filter(|item| item.tag == Tag::BatchItem)
}

/// The specification's tables of errors.
struct Reasons {
    of: BTreeMap<(Version, Operation), BTreeSet<ResultReason>>,
    /// What holds for every operation (KMIP 1.4 §11.1).
    general: BTreeSet<ResultReason>,
}

impl Reasons {
    fn read(table: &str) -> Self {
        let (mut of, mut general) = (BTreeMap::new(), BTreeSet::new());
        for row in table.lines() {
            let cells: Vec<&str> = row.split('\t').collect();
            let &[version, operation, _, _, _, reason] = cells.as_slice() else { continue };
            let Some(version) = PUBLISHED.into_iter().find(|known| known.to_string() == version) else { continue };
            if version == V1_4 && operation == "General" {
                general.extend(reasons_named(reason));
            }
            let Some(operation) = operation_named(operation) else { continue };
            of.entry((version, operation)).or_insert_with(BTreeSet::new).extend(reasons_named(reason));
        }
        Self { of, general }
    }

    /// The reasons that an operation has to show, and in which version.
    fn demanded(&self, operation: Operation) -> Vec<(Version, ResultReason)> {
        let first = PUBLISHED.iter().position(|version| has(*version, operation)).expect("some version has it");
        let before = first.checked_sub(1).and_then(|before| PUBLISHED.get(before));
        let newest = NEWEST.into_iter().filter(|version| has(*version, operation));
        let reasons =
            newest.flat_map(|version| self.given(version, operation).into_iter().map(move |one| (version, one)));
        let own = reasons.filter(|(_, reason)| *reason != ResultReason::OperationNotSupported);
        own.chain(before.map(|version| (*version, ResultReason::OperationNotSupported))).collect()
    }

    /// No table of 3.0 is published: those of 2.1 stand, and an operation that is new has the reasons that all tables share.
    fn given(&self, version: Version, operation: Operation) -> BTreeSet<ResultReason> {
        let version = version.min(V2_1);
        if let Some(reasons) = self.of.get(&(version, operation)) {
            return reasons.clone();
        }
        let tables = self.of.iter().filter(|((of, _), _)| *of == version).map(|(_, reasons)| reasons.clone());
        tables.reduce(|all, reasons| &all & &reasons).expect("some operation has a table")
    }
}

fn operation_named(name: &str) -> Option<Operation> {
    let name = name.trim_end_matches(" Errors").replace([' ', '-', '#'], "");
    let mut rows = Operation::TABLE.rows.iter();
    rows.find(|row| row.xml_name.replace('_', "").eq_ignore_ascii_case(&name)).map(|row| Operation(row.value))
}

/// The reasons that a cell of the tables names: two of 1.4 name more than one, or none that the enumeration has.
fn reasons_named(cell: &str) -> Vec<ResultReason> {
    match cell.trim_end_matches('.') {
        "Key Format Type and/or Key Compression Type Not Supported" => {
            vec![ResultReason::KeyFormatTypeNotSupported, ResultReason::KeyCompressionTypeNotSupported]
        }
        "Not Supported" => vec![ResultReason::FeatureNotSupported],
        name => reason_named(name).into_iter().collect(),
    }
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
