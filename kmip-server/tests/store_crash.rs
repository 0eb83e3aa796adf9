//! `kill -9` at random moments: a child process commits, this one kills it, opens the store again and looks.
//!
//! `KMIP_CRASH_ROUNDS` sets the number of rounds (default 12). A round can also hit the child while it opens the store.

mod store_support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use kmip_core::ports::store::Store;
use kmip_server::store::{Options, SledStore};
use store_support::numbered::{content, name_key, record_key};

/// Runs one child from id `first`, kills it after `after`; gives the last acknowledged id.
fn run_and_kill(directory: &Path, first: u64, after: Duration) -> Option<u64> {
    let mut child = store_support::writer()
        .arg("until-killed")
        .arg(directory)
        .arg(first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("starts");
    std::thread::sleep(after);
    child.kill().expect("kills");
    let lines: Vec<String> =
        BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok).collect();
    child.wait().expect("ends");
    let last = lines.iter().rev().find_map(|line| line.strip_prefix("acknowledged "));
    last.map(|id| id.parse().expect("a number"))
}

/// Checks every batch up to the last one that can be there; gives the first id that is free.
fn verify(store: &SledStore, acknowledged: u64) -> u64 {
    let report = store.check().expect("checks");
    assert_eq!(report.damaged, vec![], "after a crash the store is whole");
    let found = |key: &[u8]| store.get(key).expect("reads").map(|found| found.value);
    let mut present = BTreeSet::new();
    for id in 1..acknowledged + 40 {
        match found(&record_key(id)) {
            Some(value) => {
                assert!(value == content(id), "record {id} has changed");
                present.insert(id);
            }
            None => assert!(id > acknowledged, "acknowledged record {id} is lost"),
        }
    }
    for id in 1..acknowledged + 40 {
        let removed = id % 3 == 1 && present.contains(&(id + 1));
        let expected = (present.contains(&id) && !removed).then(|| id.to_be_bytes().to_vec());
        assert_eq!(found(&name_key(id)), expected, "the name of record {id}");
    }
    let count = found(b"count").map_or(0, |value| i64::from_be_bytes(value.try_into().expect("8 bytes")));
    assert_eq!(count, present.len() as i64, "the count");
    let free = present.last().map_or(1, |id| id + 1);
    assert_eq!(present.len() as u64, free - 1, "no batch is missing before one that is there");
    free
}

#[test]
fn nothing_acknowledged_is_lost_or_torn_by_kill_9() {
    let rounds: u32 = std::env::var("KMIP_CRASH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(12);
    let root = tempfile::tempdir().expect("directory");
    let directory = root.path().join("store");
    let (mut next, mut acknowledged, mut revision, mut moments) = (1, 0, 0, 0x9E37_79B9_u64);
    for round in 0..rounds {
        moments = moments.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let after = if round % 4 == 3 { (moments >> 33) % 40 } else { 50 + (moments >> 33) % 400 };
        acknowledged = run_and_kill(&directory, next, Duration::from_millis(after)).unwrap_or(acknowledged);
        let store = store_support::open(&directory, Options::default()).expect("opens after a crash");
        next = verify(&store, acknowledged);
        assert!(store.revision() >= revision, "revisions never go back");
        revision = store.revision();
        println!("round {round}: killed after {after} ms, {acknowledged} acknowledged, {} there", next - 1);
    }
    assert!(acknowledged > 100, "the child committed too little ({acknowledged}) for this to test anything");
}
