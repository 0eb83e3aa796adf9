//! Writes to an embedded store while another process watches: the tests of crashes kill it, those of syncing trace it.
//!
//! ```text
//! store_writer until-killed DIRECTORY FIRST              commits the numbered batches from FIRST on
//! store_writer between-marks store|bare COMMITS ROOT     marks each commit in ROOT/marks; bare: sled alone
//! ```

#[path = "../tests/store_support/mod.rs"]
mod store_support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use kmip_core::ports::store::{Batch, Outcome, Store, Write};
use kmip_server::store::Options;
use store_support::numbered;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["until-killed", directory, first] => until_killed(Path::new(directory), number(first)),
        ["between-marks", mode @ ("store" | "bare"), commits, root] => {
            between_marks(Path::new(root), *mode == "store", number(commits));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("store_writer until-killed DIRECTORY FIRST | between-marks store|bare COMMITS ROOT");
            ExitCode::FAILURE
        }
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

/// Commits calls of 1 to 8 batches and prints the last id of each call that was acknowledged.
fn until_killed(directory: &Path, first: u64) -> ! {
    let options = Options { cache_bytes: 64 << 20, ..Options::default() };
    let store = store_support::open(directory, options).expect("opens");
    let (mut next, mut out) = (first, std::io::stdout());
    loop {
        let size = 1 + next % 8;
        let call: Vec<Batch> = (next..next + size).map(numbered::batch).collect();
        let outcomes = store.commit(&call).expect("commits");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(..))), "{outcomes:?}");
        next += size;
        writeln!(out, "acknowledged {}", next - 1).and_then(|()| out.flush()).expect("prints");
    }
}

/// Commits, and marks the begin and the end of each commit by a write to the file `marks`.
fn between_marks(root: &Path, store: bool, commits: u64) {
    let mut commit = if store { to_store(root) } else { to_bare_sled(root) };
    let mut marks = fs::File::create(root.join("marks")).expect("marks");
    for number in 0..commits {
        marks.write_all(b"begin").expect("marks");
        commit(number);
        marks.write_all(b"end").expect("marks");
    }
}

fn to_store(root: &Path) -> Box<dyn FnMut(u64)> {
    let store = store_support::open(&root.join("store"), Options::default()).expect("opens");
    Box::new(move |number| {
        let size = if number % 10 == 9 { 200_000 } else { 600 };
        let record = Write::Put(format!("o/{number}").into(), vec![number as u8; size]);
        let writes = vec![record, Write::Put(format!("i/{number}").into(), vec![])];
        store.commit(&[Batch { writes, ..Batch::default() }]).expect("commits");
    })
}

fn to_bare_sled(root: &Path) -> Box<dyn FnMut(u64)> {
    let db = sled::Config::new().path(root.join("store/engine")).flush_every_ms(None).open().expect("opens");
    Box::new(move |number| {
        db.insert(format!("o/{number}"), vec![number as u8; 600]).expect("inserts");
        db.flush().expect("flushes");
    })
}
