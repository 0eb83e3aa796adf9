//! Damage on the disk: never wrong data, always told, mended where it can be.

mod store_support;

use std::fs;
use std::path::{Path, PathBuf};

use kmip_core::ports::store::{Batch, Guard, Outcome, Store, StoreError, Write};
use kmip_server::store::{Options, SledStore, Step};
use store_support::{STORE_ID, TestSeal};

const RECORDS: usize = 400;

fn key(i: usize) -> Vec<u8> {
    format!("o/{i:05}").into_bytes()
}

fn content(i: usize) -> Vec<u8> {
    let size = if i % 50 == 7 { 20_000 } else { 700 };
    (0..size).map(|j: usize| (j.wrapping_mul(i + 3) >> 1) as u8).collect()
}

fn options() -> Options {
    Options { cache_bytes: 64 << 20, ..Options::default() }
}

fn open(directory: &Path) -> Result<SledStore, StoreError> {
    store_support::open(directory, options())
}

fn put(i: usize) -> Batch {
    Batch { writes: vec![Write::Put(key(i), content(i))], ..Batch::default() }
}

/// A store with records, closed.
fn filled() -> (tempfile::TempDir, PathBuf) {
    let root = tempfile::tempdir().expect("directory");
    let directory = root.path().join("store");
    let store = open(&directory).expect("opens");
    for start in (0..RECORDS).step_by(20) {
        store.commit(&(start..start + 20).map(put).collect::<Vec<_>>()).expect("commits");
    }
    drop(store);
    (root, directory)
}

/// Opens the engine below the store, as an attacker or a broken tool would.
fn engine(directory: &Path) -> sled::Db {
    for _ in 0..500 {
        match sled::Config::new().path(directory.join("engine")).flush_every_ms(None).open() {
            Ok(db) => return db,
            Err(error) if error.to_string().contains("lock") => {
                std::thread::sleep(std::time::Duration::from_millis(10))
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the engine stays locked");
}

fn storage(i: usize) -> Vec<u8> {
    [&[1][..], &key(i)].concat()
}

fn part(i: usize, number: u32) -> Vec<u8> {
    [&[2][..], &key(i), &number.to_be_bytes()].concat()
}

/// Changes the engine's content, then opens the store over it.
fn tampered(change: impl FnOnce(&sled::Db)) -> (tempfile::TempDir, SledStore) {
    let (root, directory) = filled();
    let db = engine(&directory);
    change(&db);
    db.flush().expect("flushes");
    drop(db);
    (root, open(&directory).expect("a damaged record does not keep the store from opening"))
}

fn assert_damaged(store: &SledStore, damaged: &[usize]) {
    for i in 0..RECORDS {
        match store.get(&key(i)) {
            Err(StoreError::Damaged { place, .. }) => {
                assert!(damaged.contains(&i), "record {i} is whole");
                assert_eq!(place, format!("o/{i:05}"), "the place is the key");
            }
            Ok(Some(found)) => assert!(!damaged.contains(&i) && found.value == content(i), "wrong data for record {i}"),
            other => panic!("record {i}: {other:?}"),
        }
    }
    assert!(matches!(store.scan(b"o/", b"o0", 10_000), Err(StoreError::Damaged { .. })), "a scan tells too");
    let mut skipped = Vec::new();
    let readable = store.scan_readable(b"o/", b"o0", 10_000, &mut |key, _| skipped.push(key.to_vec()));
    assert_eq!(skipped, damaged.iter().map(|i| key(*i)).collect::<Vec<_>>());
    assert_eq!(readable.expect("scans").entries.len(), RECORDS - damaged.len());
    let report = store.check().expect("checks");
    let places: Vec<&str> =
        report.damaged.iter().map(|damage| damage.place.as_str()).filter(|place| place.starts_with("\\x01")).collect();
    let expected: Vec<String> = damaged.iter().map(|i| format!("\\x01o/{i:05}")).collect();
    assert_eq!(places, expected, "the check reports each damaged key, and goes on");
}

#[test]
fn a_flipped_bit_anywhere_in_a_record_is_told() {
    let (_root, store) = tampered(|db| {
        let stored = db.get(storage(5)).expect("reads").expect("there");
        assert!(stored.len() > 700, "the seal adds to the value");
    });
    assert_eq!(store.check().expect("checks").damaged, vec![]);
    // Version, revision, length, nonce, ciphertext, tag: one record for each.
    let places = [0usize, 3, 8, 10, 12, 15, 40, 400, 720];
    let (_root, store) = tampered(|db| {
        for (i, place) in places.iter().enumerate() {
            let mut stored = db.get(storage(i + 10)).expect("reads").expect("there").to_vec();
            stored[*place] ^= 0x10;
            db.insert(storage(i + 10), stored).expect("writes");
        }
    });
    let damaged: Vec<usize> = (10..10 + places.len()).collect();
    assert_damaged(&store, &damaged);
}

#[test]
fn swapped_and_replaced_records_do_not_open() {
    let (_root, store) = tampered(|db| {
        let stored = |i| db.get(storage(i)).expect("reads").expect("there");
        let (a, b) = (stored(20), stored(21));
        db.insert(storage(20), b).expect("writes");
        db.insert(storage(21), a).expect("writes");
        db.insert(storage(22), stored(23)).expect("writes");
        // An old value under a newer revision.
        let mut old = stored(24).to_vec();
        old[1..9].copy_from_slice(&999u64.to_be_bytes());
        db.insert(storage(24), old).expect("writes");
        db.insert(storage(25), vec![]).expect("writes");
    });
    assert_damaged(&store, &[20, 21, 22, 24, 25]);
}

#[test]
fn damaged_missing_and_stray_parts_are_told() {
    let (_root, store) = tampered(|db| {
        let mut flipped = db.get(part(7, 2)).expect("reads").expect("a part").to_vec();
        flipped[100] ^= 1;
        db.insert(part(7, 2), flipped).expect("writes");
        db.remove(part(57, 0)).expect("removes");
        let (a, b) = (
            db.get(part(107, 0)).expect("reads").expect("a part"),
            db.get(part(107, 1)).expect("reads").expect("a part"),
        );
        db.insert(part(107, 0), b).expect("writes");
        db.insert(part(107, 1), a).expect("writes");
        let foreign = db.get(part(207, 0)).expect("reads").expect("a part");
        db.insert(part(157, 0), foreign).expect("writes");
        db.insert(part(3, 0), vec![1, 0, 0, 0, 0, 0, 0, 0, 1, 9]).expect("writes");
        db.insert([9, 9], b"what is this").expect("writes");
    });
    assert_damaged(&store, &[7, 57, 107, 157]);
    let report = store.check().expect("checks");
    for place in ["\\x02o/00003\\x00\\x00\\x00\\x00", "\\t\\t"] {
        assert!(report.damaged.iter().any(|damage| damage.place == place), "{place} is not in {:?}", report.damaged);
    }
    // A record that is written anew is whole again, and so are the ones beside it.
    let outcomes = store.commit(&[put(7), put(57), put(107), put(157)]).expect("commits");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(..))));
    for i in [7, 57, 107, 157] {
        assert_eq!(store.get(&key(i)).expect("reads").expect("there").value, content(i));
    }
}

#[test]
fn a_check_in_small_pages_sees_the_same() {
    let (_root, store) = tampered(|db| {
        for i in [0, 100, 398] {
            db.insert(storage(i), b"\x01damaged").expect("writes");
        }
    });
    let whole = store.check().expect("checks");
    let (mut from, mut checked, mut damaged) = (Some(vec![]), 0, vec![]);
    while let Some(start) = from {
        let page = store.check_page(&start, 7).expect("checks");
        assert!(page.checked <= 7);
        checked += page.checked;
        damaged.extend(page.damaged);
        from = page.next;
    }
    assert_eq!((checked, &damaged), (whole.checked, &whole.damaged));
    assert_eq!(damaged.len(), 3);
    assert!(checked > RECORDS as u64);
}

/// Damage below the engine: bits flipped and blocks zeroed all over its log. Whatever happens, no wrong data.
#[test]
fn a_damaged_log_never_gives_wrong_data() {
    let (root, directory) = filled();
    let log = fs::read(directory.join("engine/db")).expect("reads");
    let used = log.iter().rposition(|byte| *byte != 0).expect("not empty");
    let (mut refused, mut told, mut harmless) = (0, 0, 0);
    for round in 0..48usize {
        let copy = root.path().join(format!("copy{round}"));
        store_support::copy_directory(&directory, &copy);
        let mut damaged = log.clone();
        let place = used * round / 48 + round * 13 % 97;
        if round % 3 == 0 {
            let end = (place + 4096).min(damaged.len());
            damaged[place..end].fill(0);
        } else {
            damaged[place] ^= 1 << (round % 8);
        }
        fs::write(copy.join("engine/db"), &damaged).expect("writes");
        let before = files(&copy);
        let checked = store_support::open(&copy, Options { on_a_copy: true, ..options() }).is_ok();
        assert_eq!(files(&copy), before, "round {round}: a check has changed the store");
        let opened = open(&copy);
        assert_eq!(opened.is_ok(), checked, "round {round}");
        match opened {
            Err(StoreError::Damaged { .. }) => {
                refused += 1;
                assert_eq!(files(&copy), before, "round {round}: a store that is refused is as it was");
                // What is mended outside is whole again.
                fs::write(copy.join("engine/db"), &log).expect("writes");
                assert_eq!(open(&copy).expect("opens").check().expect("checks").damaged, vec![]);
            }
            Err(error) => panic!("{error}"),
            Ok(store) => {
                let mut errors = 0;
                for i in 0..RECORDS {
                    match store.get(&key(i)) {
                        Ok(Some(found)) => {
                            assert!(found.value == content(i), "round {round}: wrong data for record {i}")
                        }
                        Ok(None) => panic!("round {round}: record {i} is silently gone"),
                        Err(StoreError::Damaged { .. }) => errors += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
                let report = store.check().expect("checks");
                assert_eq!(
                    report.damaged.is_empty(),
                    errors == 0,
                    "round {round}: {errors} errors, report {:?}",
                    report.damaged
                );
                if errors > 0 { told += 1 } else { harmless += 1 }
            }
        }
        fs::remove_dir_all(&copy).expect("removes");
    }
    println!("48 damaged logs: {refused} refused at open, {told} told at a read, {harmless} in unused space");
    assert!(refused + told > 10, "the damage missed everything");
}

/// A log that was cut is refused if anything acknowledged is gone, even where the engine takes it for a crash.
#[test]
fn a_truncated_log_is_refused() {
    let (root, directory) = filled();
    let log = fs::read(directory.join("engine/db")).expect("reads");
    let used = log.iter().rposition(|byte| *byte != 0).expect("not empty") + 1;
    let cuts =
        [0, 1, 500, used / 4, used / 2, used * 7 / 10, used * 95 / 100, used - 4_000, used - 600, used - 60, used - 1];
    for (round, (cut, with_summary)) in cuts.iter().flat_map(|cut| [(*cut, true), (*cut, false)]).enumerate() {
        let copy = root.path().join(format!("copy{round}"));
        store_support::copy_directory(&directory, &copy);
        fs::File::options()
            .write(true)
            .open(copy.join("engine/db"))
            .and_then(|file| file.set_len(cut as u64))
            .expect("cuts");
        if !with_summary {
            remove_summaries(&copy);
        }
        match open(&copy) {
            Err(StoreError::Damaged { .. }) => {}
            Err(error) => panic!("cut at {cut} of {used}: {error}"),
            Ok(store) => {
                // Only what holds no data may be cut without a word.
                for i in 0..RECORDS {
                    let read = store.get(&key(i));
                    let whole =
                        read.as_ref().is_ok_and(|found| found.as_ref().is_some_and(|found| found.value == content(i)));
                    let told = matches!(read, Err(StoreError::Damaged { .. }));
                    assert!(
                        whole || told,
                        "cut at {cut} of {used}, summary {with_summary}: record {i} is silently gone"
                    );
                }
            }
        }
        fs::remove_dir_all(&copy).expect("removes");
    }
}

fn summaries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory.join("engine")).expect("lists");
    let paths = entries.map(|entry| entry.expect("lists").path());
    paths.filter(|path| path.file_name().expect("a name").to_string_lossy().starts_with("snap.")).collect()
}

fn remove_summaries(directory: &Path) {
    for summary in summaries(directory) {
        fs::remove_file(summary).expect("removes");
    }
}

#[test]
fn an_older_engine_under_a_newer_tip_is_refused() {
    let (root, directory) = filled();
    let old = root.path().join("old");
    store_support::copy_directory(&directory, &old);
    let store = open(&directory).expect("opens");
    store.commit(&[put(500)]).expect("commits");
    drop(store);
    fs::remove_dir_all(directory.join("engine")).expect("removes");
    fs::rename(old.join("engine"), directory.join("engine")).expect("renames");
    let Err(StoreError::Damaged { detail, .. }) = open(&directory) else { panic!("an older engine was accepted") };
    assert!(detail.contains("was acknowledged") && detail.contains("from a backup"), "{detail}");
    let accepting = Options { accept_loss: true, ..options() };
    drop(store_support::open(&directory, accepting).expect("the operator accepts the loss"));
    let store = open(&directory).expect("and opens it as usual from then on");
    assert_eq!(store.get(&key(500)).expect("reads"), None);
    assert_eq!(store.check().expect("checks").damaged, vec![]);
}

/// Without the tip nobody can tell whether an older engine was put in place of the newer one.
#[test]
fn a_store_whose_tip_is_gone_or_of_another_store_is_refused() {
    for damage in [None, Some(b"".as_slice()), Some(&[7; 60])] {
        let (_root, directory) = filled();
        let tip = directory.join("tip");
        match damage {
            None => fs::remove_file(&tip).expect("removes"),
            Some(bytes) => fs::write(&tip, bytes).expect("writes"),
        }
        let Err(StoreError::Damaged { detail, .. }) = open(&directory) else { panic!("{damage:?} was accepted") };
        assert!(detail.contains("from a backup"), "{detail}");
        assert_eq!(fs::read(&tip).ok().unwrap_or_default(), damage.unwrap_or_default(), "it is not made again");
        let accepting = Options { accept_loss: true, ..options() };
        drop(store_support::open(&directory, accepting).expect("the operator accepts the loss"));
        open(&directory).expect("and opens it as usual from then on");
    }
    let root = tempfile::tempdir().expect("directory");
    drop(open(&root.path().join("store")).expect("opens"));
    fs::remove_file(root.path().join("store/tip")).expect("removes");
    open(&root.path().join("store")).expect("nothing was acknowledged yet");
}

/// A start may be broken off at any moment while it opens the store, or puts it back.
#[test]
fn what_a_start_that_was_broken_off_has_kept_is_put_back() {
    let (root, directory) = filled();
    let whole = root.path().join("whole");
    store_support::copy_directory(&directory.join("engine"), &whole);
    let cut = |engine: &Path| {
        let log = fs::File::options().write(true).open(engine.join("db")).expect("opens");
        log.set_len(log.metadata().expect("length").len() / 3).expect("cuts");
    };
    // (the engine is there, and cut; a whole copy is kept; copies that are of no use)
    for (engine, kept) in [(true, true), (false, true), (true, false)] {
        fs::remove_dir_all(directory.join("engine")).expect("removes");
        store_support::copy_directory(&whole, &directory.join("engine"));
        if kept {
            store_support::copy_directory(&whole, &directory.join("engine.kept"));
            cut(&directory.join("engine"));
        }
        for useless in ["engine.keeping", "engine.released", "engine.refused", "check-7"] {
            store_support::copy_directory(&whole, &directory.join(useless));
            cut(&directory.join(useless));
        }
        if !engine {
            fs::remove_dir_all(directory.join("engine")).expect("removes");
        }
        assert!(SledStore::exists(&directory));
        let checked = store_support::open(&directory, Options { on_a_copy: true, ..options() }).expect("opens a copy");
        assert_eq!(checked.check().expect("checks").damaged, vec![]);
        drop(checked);
        assert_eq!(directory.join("engine.kept").is_dir(), kept, "a check changes nothing");
        let store = open(&directory).expect("opens");
        assert_eq!(store.check().expect("checks").damaged, vec![], "{engine} {kept}");
        assert_eq!(store.get(&key(RECORDS - 1)).expect("reads").expect("there").value, content(RECORDS - 1));
        store.commit(&[put(500)]).expect("commits");
        drop(store);
        let names = fs::read_dir(&directory).expect("lists").map(|entry| entry.expect("lists").file_name());
        let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names, ["engine", "lock", "tip"]);
        fs::remove_file(directory.join("tip")).expect("removes");
        let accepting = Options { accept_loss: true, ..options() };
        fs::remove_dir_all(directory.join("engine")).expect("removes");
        store_support::copy_directory(&whole, &directory.join("engine"));
        drop(store_support::open(&directory, accepting).expect("the tip is that of the whole store again"));
    }
}

/// Every file of a store with its content, but for the lock.
fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        for path in fs::read_dir(directory).expect("lists").map(|entry| entry.expect("lists").path()) {
            match path.is_dir() {
                true => left.push(path),
                false if path.ends_with("lock") => {}
                false => found.push((path.clone(), fs::read(path).expect("reads"))),
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_damaged_summary_file_is_made_again() {
    for damage in [b"".as_slice(), b"short", &[0x55; 3000]] {
        let (_root, directory) = filled();
        let found = summaries(&directory);
        assert!(!found.is_empty(), "the engine writes a summary when it is opened");
        for summary in &found {
            fs::write(summary, damage).expect("writes");
        }
        let store = open(&directory).expect("recovers");
        assert_eq!(store.check().expect("checks").damaged, vec![]);
        for i in 0..RECORDS {
            assert_eq!(store.get(&key(i)).expect("reads").expect("there").value, content(i));
        }
        let kept = fs::read_dir(directory.join("engine")).expect("lists");
        let kept = kept
            .filter(|entry| entry.as_ref().expect("lists").file_name().to_string_lossy().starts_with("damaged-snap."));
        assert_eq!(kept.count(), found.len(), "the damaged file is kept aside");
        store.commit(&[put(700)]).expect("commits");
        drop(store);
        assert!(open(&directory).expect("opens").get(&key(700)).expect("reads").is_some());
    }
}

#[test]
fn a_half_written_summary_file_is_ignored() {
    let (_root, directory) = filled();
    fs::write(directory.join("engine/snap.7FFFFFFFFFFFFFFF.generating"), b"half").expect("writes");
    let store = open(&directory).expect("opens");
    assert_eq!(store.check().expect("checks").damaged, vec![]);
    let names = fs::read_dir(directory.join("engine")).expect("lists").map(|entry| entry.expect("lists").file_name());
    let odd: Vec<_> = names
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".generating") || name.starts_with("damaged-"))
        .collect();
    assert_eq!(odd, Vec::<String>::new(), "it is removed, and the whole summary stays in use");
}

#[test]
fn what_cannot_be_opened_is_told_each_time() {
    let (_root, directory) = filled();
    let path = directory.join("engine/db");
    let length = fs::metadata(&path).expect("length").len();
    fs::File::options().write(true).open(&path).and_then(|file| file.set_len(length / 3)).expect("cuts");
    for _ in 0..2 {
        let Err(StoreError::Damaged { detail, .. }) = open(&directory) else { panic!("a third of a log was accepted") };
        assert!(detail.contains("from a backup"), "it says what to do: {detail}");
        let names =
            fs::read_dir(directory.join("engine")).expect("lists").map(|entry| entry.expect("lists").file_name());
        assert!(names.into_iter().all(|name| !name.to_string_lossy().starts_with("damaged-")), "all is in its place");
    }
}

#[test]
fn the_header_tells_strangers() {
    let (_root, directory) = filled();
    let Err(StoreError::Damaged { place, detail }) = SledStore::open(&directory, TestSeal::shared(2), options()) else {
        panic!("a foreign key store was accepted");
    };
    assert!(place == "header" && detail.contains("key store"), "{place}: {detail}");
    let db = engine(&directory);
    let header = db.get(b"\0header").expect("reads").expect("there").to_vec();
    let mut newer = header.clone();
    let format = newer[9];
    newer[9] += 1;
    db.insert(b"\0header", newer).expect("writes");
    db.flush().expect("flushes");
    drop(db);
    let message = open(&directory).err().expect("a newer format is refused").to_string();
    let told = |format: u8| message.contains(&format!("format {format}"));
    assert!(told(format) && told(format + 1), "{message}");
    let db = engine(&directory);
    db.insert(b"\0header", header).expect("writes");
    let last = db.get(b"\0last").expect("reads").expect("there").to_vec();
    db.remove(storage(399)).expect("removes");
    db.flush().expect("flushes");
    drop(db);
    let message = open(&directory).err().expect("a torn last commit is refused").to_string();
    assert!(message.contains("o/00399") && message.contains("not wholly there"), "{message}");
    let db = engine(&directory);
    let mut flipped = last;
    flipped[30] ^= 1;
    db.insert(b"\0last", flipped).expect("writes");
    db.flush().expect("flushes");
    drop(db);
    let message = open(&directory).err().expect("a damaged last commit is refused").to_string();
    assert!(message.contains("last commit") && message.contains("does not authenticate"), "{message}");
}

#[test]
fn a_second_opener_is_refused_with_a_clear_message() {
    let (_root, directory) = filled();
    let store = open(&directory).expect("opens");
    let message = open(&directory).err().expect("refused").to_string();
    assert!(
        message.contains("in use by another process") && message.contains(&std::process::id().to_string()),
        "{message}"
    );
    assert!(store.get(&key(1)).expect("reads").is_some(), "the first one goes on");
    drop(store);
    open(&directory).expect("free again");
}

#[test]
fn creation_is_whole_or_not_at_all() {
    let root = tempfile::tempdir().expect("directory");
    let directory = root.path().join("data/store");
    let message = SledStore::open(&directory, TestSeal::shared(1), options()).err().expect("nothing there").to_string();
    assert!(message.contains("there is no store at") && message.contains("init"), "{message}");
    fs::create_dir_all(directory.join("engine.new/blobs")).expect("creates");
    fs::write(directory.join("engine.new/conf"), b"half").expect("writes");
    assert!(!SledStore::exists(&directory), "a creation that was cut short is no store");
    let store = SledStore::create(&directory, TestSeal::shared(1), STORE_ID, options()).expect("creates");
    assert_eq!((store.store_id(), store.revision()), (STORE_ID, 0));
    drop(store);
    assert!(SledStore::exists(&directory) && !directory.join("engine.new").exists());
    let message =
        SledStore::create(&directory, TestSeal::shared(1), STORE_ID, options()).err().expect("refused").to_string();
    assert!(message.contains("already"), "{message}");
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_enter_the_directory() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let (_root, directory) = filled();
    assert_eq!(mode(&directory), 0o700);
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).expect("opens up");
    drop(open(&directory).expect("opens"));
    assert_eq!(mode(&directory), 0o700, "an open directory is closed again");
}

#[test]
fn a_failed_step_stops_the_store_with_a_clear_message() {
    for failing in [Step::Apply, Step::Flush, Step::Sync, Step::Acknowledge] {
        let root = tempfile::tempdir().expect("directory");
        let armed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let switch = std::sync::Arc::clone(&armed);
        let hook = move |step| match switch.load(std::sync::atomic::Ordering::SeqCst) && step == failing {
            true => Err(std::io::Error::other("no space left on device")),
            false => Ok(()),
        };
        let options = Options { hook: Some(std::sync::Arc::new(hook)), ..options() };
        let store = store_support::open(&root.path().join("store"), options).expect("opens");
        store.commit(&[put(1), put(2)]).expect("commits");
        assert_eq!(store.stopped(), None);
        armed.store(true, std::sync::atomic::Ordering::SeqCst);
        let first = store.commit(&[put(3)]).expect_err("fails").to_string();
        armed.store(false, std::sync::atomic::Ordering::SeqCst);
        let second = store.commit(&[put(4)]).expect_err("stays stopped").to_string();
        for message in [first, second] {
            assert!(message.contains("no space left on device") && message.contains("restart"), "{message}");
        }
        assert!(store.stopped().is_some_and(|reason| reason.contains("nothing more is written")));
        assert!(store.get(&key(1)).expect("reading goes on").is_some());
        assert!(matches!(store.get(&key(3)), Err(StoreError::Unavailable(_))), "what may not be durable is not shown");
        assert_eq!(store.get(&key(4)).expect("reads"), None);
    }
}

/// Where damage that can be seen hides what else is missing, a record that is not found may be a lost one.
#[test]
fn beside_visible_damage_no_record_is_silently_gone() {
    let (_root, store) = tampered(|db| {
        db.insert(storage(40), b"no frame".as_slice()).expect("writes");
        db.remove(storage(41)).expect("removes");
    });
    assert_eq!(store.get(&key(42)).expect("reads").expect("there").value, content(42));
    for lost in [40, 41, 5_000] {
        match store.get(&key(lost)) {
            Err(StoreError::Damaged { detail, .. }) => assert!(lost == 40 || detail.contains("missing"), "{detail}"),
            other => panic!("record {lost}: {other:?}"),
        }
    }
    // One damaged frame and nothing else: what is not found was never there.
    let (_root, store) = tampered(|db| drop(db.insert(storage(40), b"no frame".as_slice()).expect("writes")));
    assert!(store.get(&key(5_000)).expect("reads").is_none());
}

/// Records that vanish without a trace inside the engine, or come back from an older copy, are missed.
#[test]
fn silent_loss_is_refused_at_open() {
    let deleted = |db: &sled::Db| drop(db.remove(storage(40)).expect("removes"));
    let older = |db: &sled::Db| {
        drop(db.insert(storage(41), db.get(storage(42)).expect("reads").expect("there")).expect("writes"))
    };
    let added = |db: &sled::Db| {
        drop(db.insert(storage(1000), db.get(storage(42)).expect("reads").expect("there")).expect("writes"))
    };
    // The last change leaves count and revisions as they were: only the sum can tell.
    let exchanged = |db: &sled::Db| {
        let stored = db.remove(storage(43)).expect("removes").expect("there");
        db.insert(storage(1000), stored).expect("writes");
    };
    type Change<'a> = (&'a str, &'a dyn Fn(&sled::Db));
    let changes: [Change<'_>; 4] =
        [("deleted", &deleted), ("older", &older), ("added", &added), ("exchanged", &exchanged)];
    for (name, change) in changes {
        let (_root, directory) = filled();
        let store = open(&directory).expect("opens");
        // Record 41 is of a newer revision than 42 then.
        store.commit(&[put(41)]).expect("commits");
        store.commit(&[put(2)]).expect("commits");
        drop(store);
        let db = engine(&directory);
        change(&db);
        db.flush().expect("flushes");
        drop(db);
        let message = open(&directory).err().unwrap_or_else(|| panic!("{name}: accepted")).to_string();
        assert!(message.contains("missing, or are older") && message.contains("from a backup"), "{name}: {message}");
        let accepting = Options { accept_loss: true, ..options() };
        let store = store_support::open(&directory, accepting).expect("the operator accepts the loss");
        store.commit(&[put(3)]).expect("commits");
        drop(store);
        drop(open(&directory).expect("the loss was accepted once and for all"));
    }
}

/// A damaged record under a guard refuses the call before anything is written; the store goes on.
#[test]
fn a_damaged_guard_fails_its_call_only() {
    let (_root, store) = tampered(|db| {
        db.insert(storage(30), b"\x09nonsense").expect("writes");
    });
    let guarded = Batch { guards: vec![Guard::At(key(30), 2)], ..put(30) };
    assert!(matches!(store.commit(&[put(600), guarded]), Err(StoreError::Damaged { .. })));
    assert_eq!(store.get(&key(600)).expect("reads"), None, "nothing of the call was applied");
    store.commit(&[put(600)]).expect("the store goes on");
    assert!(store.get(&key(600)).expect("reads").is_some());
    let too_long = Batch { writes: vec![Write::Put(vec![0; 257], vec![])], ..Batch::default() };
    assert!(store.commit(&[too_long]).expect_err("refused").to_string().contains("256"));
    store.commit(&[put(601)]).expect("the store goes on");
}
