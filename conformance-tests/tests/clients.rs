//! PyKMIP, PyKMIP's own integration tests and MongoDB's driver library against spawned servers.

use conformance_tests::clients::{Check, Report, Verdict, count, failures, run};
use conformance_tests::server_process::Server;
use conformance_tests::token::Vault;

const USER: &str = "conformance";
/// One after the other: the first run of a client installs its packages.
const VAULTS: [Vault; 3] = [Vault::Software, Vault::Cached, Vault::Strict];
const PASSWORD: &str = "a long enough password 7";

/// Runs a client on a server of its own and prints its counts; none where it cannot run.
fn checks(vault: Vault, client: &str, settings: &[(&str, &str)]) -> Option<Vec<Check>> {
    let place = tempfile::tempdir().expect("a temporary folder");
    let options = vault.server(place.path()).expect("the vault is prepared")?;
    let server = Server::start(&options).expect("the server starts");
    server.add_user(USER, PASSWORD).expect("the user is added");
    match run(client, &server, settings).expect("the client runs") {
        Report::Skipped(_) => None,
        Report::Checks(checks) => {
            let (passed, failed, skipped) = count(&checks);
            println!("{client} ({vault:?} vault): {passed} passed, {failed} failed, {skipped} skipped");
            failures(&checks).iter().for_each(|line| println!("FAIL {client} {line}"));
            Some(checks)
        }
    }
}

fn failed(check: &Check) -> bool {
    matches!(check.verdict, Verdict::Fail(_))
}

#[test]
fn pykmip_passes_with_every_vault() {
    VAULTS.into_iter().for_each(pykmip);
}

fn pykmip(vault: Vault) {
    let Some(checks) = checks(vault, "pykmip", &[("KMIP_USERNAME", USER), ("KMIP_PASSWORD", PASSWORD)]) else { return };
    for version in ["1.0", "1.1", "1.2", "1.3", "1.4", "2.0"] {
        let of_version = checks.iter().filter(|check| check.what.starts_with(version));
        assert!(of_version.count() > 40, "hardly any check ran at {version}");
    }
    let wrong: Vec<Check> = checks.into_iter().filter(failed).collect();
    assert!(wrong.is_empty(), "{}", failures(&wrong).join("\n"));
}

/// The tests of PyKMIP's own suite that may fail, and why.
const MAY_FAIL: [(&str, &str); 1] =
    [("test_symmetric_key_create_getattributes_locate_destroy", "two keys with one name: KMIP 1.2 §3.2 forbids them")];

#[test]
fn pykmips_own_suite_passes_with_every_vault() {
    VAULTS.into_iter().for_each(pykmip_suite);
}

fn pykmip_suite(vault: Vault) {
    let Some(checks) = checks(vault, "pykmip-suite", &[]) else { return };
    assert_eq!(checks.len(), 37, "the suite has 37 tests");
    let (passed, _, skipped) = count(&checks);
    assert_eq!(skipped, 0);
    let excused = |check: &Check| MAY_FAIL.iter().any(|(name, _)| check.what == *name);
    let wrong: Vec<Check> = checks.into_iter().filter(|check| failed(check) && !excused(check)).collect();
    assert!(wrong.is_empty(), "{}", failures(&wrong).join("\n"));
    assert!(passed >= 37 - MAY_FAIL.len(), "only {passed} of 37 pass");
}

#[test]
fn mongodb_passes_with_own_and_with_delegated_encryption_with_every_vault() {
    VAULTS.into_iter().for_each(mongodb);
}

fn mongodb(vault: Vault) {
    let Some(checks) = checks(vault, "mongodb-csfle", &[]) else { return };
    let delegated = checks.iter().filter(|check| check.what.starts_with("delegated")).count();
    assert!(delegated > 0 && checks.len() >= 6 + delegated, "hardly any check ran");
    let wrong: Vec<Check> = checks.into_iter().filter(failed).collect();
    assert!(wrong.is_empty(), "{}", failures(&wrong).join("\n"));
}
