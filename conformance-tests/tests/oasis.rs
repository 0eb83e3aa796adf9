//! The published OASIS cases in process and against a spawned server over TLS: the required ones pass, and nothing else
//! has changed.

use conformance_tests::in_process::InProcess;
use conformance_tests::oasis::bar::is_required;
use conformance_tests::oasis::case::Case;
use conformance_tests::oasis::expectations;
use conformance_tests::oasis::run::{Outcome, Report, load_all, play_all, print};
use conformance_tests::reference;
use conformance_tests::server_process::{Server, ServerWorld};
use conformance_tests::token::Vault;

#[test]
fn published_cases_end_as_expected_over_tls() {
    over_tls(Vault::Software);
}

#[test]
fn published_cases_end_alike_with_the_root_key_on_a_token() {
    over_tls(Vault::Cached);
}

#[test]
fn published_cases_end_alike_with_every_key_opened_by_a_token() {
    over_tls(Vault::Strict);
}

#[test]
fn published_cases_end_alike_with_keys_that_stay_on_a_token() {
    over_tls(Vault::Resident);
}

fn over_tls(vault: Vault) {
    let Some(cases) = cases() else { return };
    let place = tempfile::tempdir().expect("a temporary folder");
    let Some(options) = vault.server(place.path()).expect("the vault is prepared") else { return };
    let server = Server::start(&options).expect("the server starts");
    let mut world = ServerWorld::new(&server).expect("the server takes a user");
    let reports = play_all(&cases, &mut world, &|_| true);
    print(&reports);
    judge(&cases, &reports, vault);
    server.stop().expect("the server stops when asked");
}

#[test]
fn published_cases_end_as_expected_in_process() {
    let Some(cases) = cases() else { return };
    let mut world = InProcess::open().expect("an engine");
    judge(&cases, &play_all(&cases, &mut world, &|_| true), Vault::Software);
}

fn cases() -> Option<Vec<Case>> {
    let folder = reference::require("OASIS cases", "oasis")?;
    Some(load_all(&folder).expect("the published cases can be read"))
}

fn judge(cases: &[Case], reports: &[Report], vault: Vault) {
    let (expected, different) = expectations::load(vault).expect("the lists of expectations can be read");
    let required = cases.iter().zip(reports).filter(|(case, _)| is_required(case) && !different.contains(&case.name));
    let missed: Vec<String> =
        required.filter(|(_, report)| report.outcome != Outcome::Pass).map(|(_, report)| report.to_string()).collect();
    assert!(missed.is_empty(), "required cases do not pass:\n{}", missed.join("\n"));

    let changes = expectations::changes(&expected, reports);
    assert!(changes.is_empty(), "cases end in another way than the list says:\n{}", changes.join("\n"));
}
