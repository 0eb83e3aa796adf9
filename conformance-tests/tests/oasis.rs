//! The published OASIS cases in process and against a spawned server over TLS: the required ones pass, and nothing else
//! has changed.

use conformance_tests::encoded::Wire;
use conformance_tests::in_process::InProcess;
use conformance_tests::oasis::bar::is_required;
use conformance_tests::oasis::case::Case;
use conformance_tests::oasis::expectations;
use conformance_tests::oasis::run::{Outcome, Report, load_all, play_all, play_all_over, print};
use conformance_tests::reference;
use conformance_tests::server_process::{Options, Server, ServerWorld};
use conformance_tests::token::Vault;
use kmip_codec::wire::Encoding;

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

#[test]
fn published_cases_end_alike_in_xml_over_https() {
    over(Vault::Software, Wire::Https(Encoding::Xml));
}

#[test]
fn published_cases_end_alike_in_json_over_https() {
    over(Vault::Software, Wire::Https(Encoding::Json));
}

fn over_tls(vault: Vault) {
    over(vault, Wire::Kmip);
}

fn over(vault: Vault, wire: Wire) {
    let Some(cases) = cases() else { return };
    let place = tempfile::tempdir().expect("a temporary folder");
    let Some(options) = vault.server(place.path()).expect("the vault is prepared") else { return };
    let server = Server::start(&Options { https: true, ..options }).expect("the server starts");
    let mut world = ServerWorld::new(&server).expect("the server takes a user");
    let reports = play_all_over(&cases, &mut world, wire, &|_| true);
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

#[test]
fn published_cases_end_alike_in_xml_and_json_in_process() {
    let Some(cases) = cases() else { return };
    for encoding in [Encoding::Xml, Encoding::Json] {
        let mut world = InProcess::open().expect("an engine");
        let reports = play_all_over(&cases, &mut world, Wire::Https(encoding), &|_| true);
        judge(&cases, &reports, Vault::Software);
    }
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
