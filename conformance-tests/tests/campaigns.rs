//! Every campaign in a size that fits a test run; `--bin campaign` plays them in full.

use conformance_tests::campaign::device_loss::Loss;
use conformance_tests::campaign::{
    CampaignError, Outcome, crash, device_loss, idle, isolation, malformed, planted, resident_memory, rotation, slow,
    usage_limits,
};
use conformance_tests::token::{Mode, Vault};
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One campaign at a time: several measure the server, and none should measure another campaign.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn play(campaign: impl FnOnce(&Path) -> Outcome) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let place = tempfile::tempdir().expect("a temporary folder");
    match campaign(place.path()) {
        Ok(line) => println!("{line}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn kills_lose_nothing_that_was_acknowledged() {
    play(|place| crash::run(crash::Settings::new(3, 8, 11), place));
}

#[test]
fn kills_lose_nothing_with_keys_under_a_token() {
    for (vault, seed) in [(Vault::Cached, 21), (Vault::Strict, 22)] {
        play(|place| crash::run(crash::Settings { vault, ..crash::Settings::new(2, 4, seed) }, place));
    }
}

#[test]
fn kills_lose_nothing_with_keys_in_a_token() {
    play(|place| crash::run(crash::Settings { vault: Vault::Resident, ..crash::Settings::new(3, 4, 23) }, place));
}

#[test]
fn a_key_that_stays_in_a_device_is_nowhere_in_memory() {
    play(resident_memory::run);
}

#[test]
fn a_lost_device_fails_what_needs_it_and_comes_back_by_itself() {
    let runs = [
        (Mode::Cached, false, Loss::Process, 4),
        (Mode::Strict, false, Loss::Process, 4),
        (Mode::Strict, true, Loss::Process, 4),
        (Mode::Cached, false, Loss::Folder, 8),
    ];
    for (mode, spare, loss, seconds) in runs {
        let away = Duration::from_secs(seconds);
        play(|place| device_loss::run(device_loss::Settings { mode, clients: 4, away, spare, loss }, place));
    }
}

/// Puts the store of the first round back after the second: what the second round acknowledged is lost.
fn roll_back(round: usize, data_dir: &Path) -> io::Result<()> {
    let copy = data_dir.with_extension("copy");
    match round {
        0 => copy_folder(data_dir, &copy),
        1 => std::fs::remove_dir_all(data_dir).and_then(|()| copy_folder(&copy, data_dir)),
        _ => Ok(()),
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other("cp failed")) }
}

#[test]
fn a_lost_change_is_noticed() {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let place = tempfile::tempdir().expect("a temporary folder");
    let settings = crash::Settings { meanwhile: roll_back, ..crash::Settings::new(2, 4, 14) };
    match crash::run(settings, place.path()) {
        Err(CampaignError::Finding(what)) => assert!(what.starts_with("round 1: writer"), "{what}"),
        other => panic!("a rolled back store was not noticed: {other:?}"),
    }
}

#[test]
fn an_answer_that_tells_is_noticed() {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let place = tempfile::tempdir().expect("a temporary folder");
    match isolation::run(place.path(), isolation::Asker::Owner) {
        Err(CampaignError::Finding(what)) => assert!(what.contains("tells an object"), "{what}"),
        other => panic!("the owner's answers were taken for a stranger's: {other:?}"),
    }
}

#[test]
fn malformed_messages_do_no_harm() {
    play(|place| malformed::run(malformed::Settings { messages: 3000, seed: 12 }, place));
}

#[test]
fn slow_clients_are_let_go() {
    play(|place| slow::run(slow::Settings { clients: 20, requests: 200 }, place));
}

#[test]
fn objects_of_others_are_unknown() {
    play(|place| isolation::run(place, isolation::Asker::Stranger));
}

#[test]
fn stored_keys_stand_in_no_file() {
    play(|place| planted::run(13, place));
}

#[test]
fn idle_connections_cost_little() {
    play(|place| idle::run(idle::Settings { connections: 200, requests: 300, slower: 20 }, place));
}

#[test]
fn exactly_the_allowed_uses_succeed() {
    play(|place| usage_limits::run(usage_limits::Settings { clients: 16, attempts: 600, allowed: 400 }, place));
    play(|place| usage_limits::run(usage_limits::Settings { clients: 4, attempts: 40, allowed: 50 }, place));
}

#[test]
fn the_root_key_moves_under_load() {
    for mode in [Mode::Cached, Mode::Strict] {
        let settings = rotation::Settings { objects: 3_000, clients: 4, kills: 1, mode, slower: None, seed: 11 };
        play(|place| rotation::run(settings, place));
    }
}
