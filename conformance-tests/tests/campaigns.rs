//! Every campaign in a size that fits a test run; `--bin campaign` plays them in full.

use conformance_tests::campaign::{Outcome, crash, idle, isolation, malformed, planted, slow};
use std::path::Path;

fn play(campaign: impl FnOnce(&Path) -> Outcome) {
    let place = tempfile::tempdir().expect("a temporary folder");
    match campaign(place.path()) {
        Ok(line) => println!("{line}"),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn kills_lose_nothing_that_was_acknowledged() {
    play(|place| crash::run(crash::Settings { rounds: 3, writers: 8, seed: 11 }, place));
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
    play(isolation::run);
}

#[test]
fn stored_keys_stand_in_no_file() {
    play(|place| planted::run(13, place));
}

#[test]
fn idle_connections_cost_little() {
    play(|place| idle::run(idle::Settings { connections: 200, requests: 300 }, place));
}
