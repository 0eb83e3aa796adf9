//! What the operating system sees: before a commit returns, the engine's log is synced after its last write.
//!
//! The proof is a trace of system calls (`strace`) of a child process. The same trace of bare sled shows that the
//! engine's own flush is not enough, and that the check can fail.
#![cfg(target_os = "linux")]

mod store_support;

use std::fs;
use std::process::{Command, Stdio};

/// Commits of one trace.
const COMMITS: usize = 40;

/// One call of the trace, with the lines where it begins and where it has returned.
#[derive(Debug)]
struct Call {
    name: String,
    arguments: String,
    begun: usize,
    returned: usize,
}

/// Reads the output of `strace -f -y`, where a call may be cut into an "unfinished" and a "resumed" line.
fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: Vec<(String, usize)> = Vec::new();
    for (line_number, line) in trace.lines().enumerate() {
        let Some((pid, event)) = line.trim_start().split_once(char::is_whitespace) else { continue };
        let event = event.trim_start();
        if event.starts_with("<... ") {
            if let Some(position) = open.iter().position(|(other, _)| other == pid) {
                let (_, index) = open.remove(position);
                calls[index].returned = line_number;
            }
        } else if let Some((name, arguments)) = event.split_once('(') {
            let returned = if event.ends_with("<unfinished ...>") {
                open.push((pid.to_owned(), calls.len()));
                usize::MAX
            } else {
                line_number
            };
            calls.push(Call { name: name.to_owned(), arguments: arguments.to_owned(), begun: line_number, returned });
        }
    }
    calls
}

/// Counts the commits, and those that returned before the log was synced.
fn unsynced(trace: &str) -> (usize, usize) {
    let calls = calls(trace);
    let on_log = |call: &&Call| call.arguments.contains("/store/engine/db>");
    let marks = |text: &str| -> Vec<usize> {
        let mark = format!("\"{text}\"");
        calls
            .iter()
            .filter(|call| call.name == "write" && call.arguments.contains(&mark))
            .map(|call| call.begun)
            .collect()
    };
    let pairs: Vec<(usize, usize)> = marks("begin").into_iter().zip(marks("end")).collect();
    let bad = pairs.iter().filter(|(begin, end)| {
        let last_write = calls
            .iter()
            .filter(on_log)
            .filter(|call| matches!(call.name.as_str(), "pwrite64" | "pwritev" | "write" | "writev"))
            .filter(|call| call.begun > *begin && call.begun < *end)
            .map(|call| call.returned)
            .max();
        let synced = |after: usize| {
            let mut syncs =
                calls.iter().filter(on_log).filter(|call| matches!(call.name.as_str(), "fdatasync" | "fsync"));
            syncs.any(|call| call.begun > after && call.returned < *end)
        };
        // A commit that wrote nothing to the log would be as bad.
        !last_write.is_some_and(synced)
    });
    (pairs.len(), bad.count())
}

fn trace(mode: &str) -> Option<(String, tempfile::TempDir)> {
    let root = tempfile::tempdir().expect("directory");
    let output = root.path().join("trace");
    let writer = store_support::writer();
    let status = Command::new("strace")
        .args([
            "-f",
            "-y",
            "-qq",
            "-s",
            "16",
            "-e",
            "trace=write,writev,pwrite64,pwritev,fsync,fdatasync,sync_file_range",
            "-o",
        ])
        .arg(&output)
        .arg(writer.get_program())
        .args(["between-marks", mode, &COMMITS.to_string()])
        .arg(root.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match status {
        Ok(status) if status.success() => {}
        _ => return None,
    }
    Some((fs::read_to_string(&output).expect("trace"), root))
}

#[test]
fn every_commit_is_synced_before_it_returns() {
    let works = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if !works.is_ok_and(|status| status.success()) {
        println!("SKIP every_commit_is_synced_before_it_returns: strace is missing or may not trace here");
        return;
    }
    let (text, root) = trace("store").expect("the traced child ends well");
    assert_eq!(unsynced(&text), (COMMITS, 0), "a commit returned before its log was synced");
    let blobs = fs::read_dir(root.path().join("store/engine/blobs")).expect("blobs").count();
    assert_eq!(blobs, 0, "a value went to a file of its own");

    let (text, _root) = trace("bare").expect("the traced child ends well");
    assert_eq!(unsynced(&text), (COMMITS, COMMITS), "bare sled is expected to sync nothing; has it changed?");
    assert!(text.contains("sync_file_range"), "bare sled is expected to use sync_file_range; has it changed?");
}

#[test]
fn the_reading_of_a_trace_is_strict() {
    let good = "\
1 write(3</t/marks>, \"begin\", 5) = 5
2 pwrite64(9</t/store/engine/db>, \"x\", 1, 0 <unfinished ...>
1 futex(1) = 0
2 <... pwrite64 resumed>) = 1
1 fdatasync(10</t/store/engine/db> <unfinished ...>
1 <... fdatasync resumed>) = 0
1 write(3</t/marks>, \"end\", 3) = 3
";
    assert_eq!(unsynced(good), (1, 0));
    let lines: Vec<&str> = good.lines().collect();
    let order = |indexes: &[usize]| indexes.iter().map(|i| format!("{}\n", lines[*i])).collect::<String>();
    assert_eq!(unsynced(&order(&[0, 1, 3, 6])), (1, 1), "no sync");
    assert_eq!(unsynced(&order(&[0, 1, 4, 5, 3, 6])), (1, 1), "a sync before the write has returned");
    assert_eq!(unsynced(&order(&[0, 1, 3, 4, 6, 5])), (1, 1), "a sync that has not returned at the end");
    assert_eq!(unsynced(&order(&[0, 4, 5, 6])), (1, 1), "nothing written");
    assert_eq!(
        unsynced(&good.replace("fdatasync(10</t/store/engine/db>", "fdatasync(10</t/other>")),
        (1, 1),
        "another file"
    );
}
