//! The published OASIS cases against a spawned server over TLS: the required ones pass, and nothing else has changed.

use conformance_tests::oasis::bar::is_required;
use conformance_tests::oasis::expectations;
use conformance_tests::oasis::run::{Outcome, load_all, play_all, print};
use conformance_tests::reference;
use conformance_tests::server_process::{Options, Server, ServerWorld};

#[test]
fn published_cases_end_as_expected() {
    let Some(folder) = reference::require("OASIS cases", "oasis") else { return };
    let cases = load_all(&folder).expect("the published cases can be read");
    let place = tempfile::tempdir().expect("a temporary folder");
    let server = Server::start(&Options::new(&place.path().join("data"))).expect("the server starts");
    let reports = play_all(&cases, &mut ServerWorld::new(&server), &|_| true);
    print(&reports);

    let required = cases.iter().zip(&reports).filter(|(case, _)| is_required(case));
    let missed: Vec<String> =
        required.filter(|(_, report)| report.outcome != Outcome::Pass).map(|(_, report)| report.to_string()).collect();
    assert!(missed.is_empty(), "required cases do not pass:\n{}", missed.join("\n"));

    let expected = expectations::load(&expectations::path()).expect("the list of expectations can be read");
    let changes = expectations::changes(&expected, &reports);
    assert!(changes.is_empty(), "cases end in another way than the list says:\n{}", changes.join("\n"));
    server.stop().expect("the server stops when asked");
}
