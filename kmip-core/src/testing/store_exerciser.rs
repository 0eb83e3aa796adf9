//! What every adapter of the store seam must do, as one function that panics where an adapter does not.
//!
//! An adapter is handed over as a [`Subject`]: something that can be opened again and again over the same data, and
//! whose write steps can be made to fail or to die.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use super::store::{Fault, FaultPlan};
use crate::ports::store::{Adjust, Batch, Carried, Guard, Outcome, Revision, Store, StoreError, Versioned, Write};

/// An adapter under test together with its data.
pub trait Subject {
    /// Opens the store over what the one before left; that one is dropped by then. The first call opens an empty store.
    fn open(&mut self) -> Box<dyn Store>;

    /// Throws all data away; the next [`Subject::open`] opens an empty store.
    fn clear(&mut self);

    /// The plan whose steps the opened stores count.
    fn faults(&self) -> FaultPlan;
}

/// A part of the exerciser, with its name.
type Part = (&'static str, fn(&mut dyn Subject));

/// Runs everything; panics with the first thing that is not as the seam says.
pub fn exercise(subject: &mut dyn Subject) {
    let parts: [Part; 10] = [
        ("points", points),
        ("scans", scans),
        ("guards", guards),
        ("order inside a call", order_inside_a_call),
        ("counters", counters),
        ("large values", large_values),
        ("many batches", many_batches),
        ("watch", watch),
        ("random work against a model", random_work),
        ("faults", faults),
    ];
    for (name, part) in parts {
        println!("store exerciser: {name}");
        subject.clear();
        part(subject);
    }
}

// ---- small builders -------------------------------------------------------------------------------------------

fn put(key: &str, value: &[u8]) -> Write {
    Write::Put(key.into(), value.into())
}

fn delete(key: &str) -> Write {
    Write::Delete(key.into())
}

fn writing(writes: Vec<Write>) -> Batch {
    Batch { writes, ..Batch::default() }
}

fn adjusting(key: &str, delta: i64, floor: i64) -> Batch {
    Batch { adjusts: vec![Adjust { key: key.into(), delta, floor }], ..Batch::default() }
}

fn commit_one(store: &dyn Store, batch: Batch) -> Outcome {
    let mut outcomes = store.commit(&[batch]).expect("commit");
    assert_eq!(outcomes.len(), 1, "one outcome for one batch");
    outcomes.remove(0)
}

fn done(outcome: &Outcome) -> Revision {
    match outcome {
        Outcome::Done(revision, _) => *revision,
        other => panic!("expected Done, got {other:?}"),
    }
}

fn value(store: &dyn Store, key: &str) -> Option<Vec<u8>> {
    store.get(key.as_bytes()).expect("get").map(|found| found.value)
}

fn keys(store: &dyn Store, from: &[u8], until: &[u8], limit: usize) -> (Vec<Vec<u8>>, bool) {
    let page = store.scan(from, until, limit).expect("scan");
    (page.entries.into_iter().map(|(key, _)| key).collect(), page.more)
}

// ---- the parts ------------------------------------------------------------------------------------------------

fn points(subject: &mut dyn Subject) {
    let store = subject.open();
    assert_eq!(value(&*store, "a"), None, "an empty store holds nothing");
    assert_eq!(store.commit(&[]).expect("empty call"), vec![]);
    let first = done(&commit_one(&*store, writing(vec![put("a", b"1"), put("b", b"")])));
    assert_eq!(store.get(b"a").expect("get"), Some(Versioned { revision: first, value: b"1".to_vec() }));
    assert_eq!(value(&*store, "b"), Some(vec![]), "an empty value is a value");
    let second = done(&commit_one(&*store, writing(vec![put("a", b"2"), delete("b"), delete("never")])));
    assert!(second > first, "revisions grow");
    assert_eq!(store.get(b"a").expect("get"), Some(Versioned { revision: second, value: b"2".to_vec() }));
    assert_eq!(value(&*store, "b"), None);
    drop(store);

    let store = subject.open();
    assert_eq!(store.get(b"a").expect("get"), Some(Versioned { revision: second, value: b"2".to_vec() }));
    assert_eq!(value(&*store, "b"), None, "a removed key stays removed");
    let third = done(&commit_one(&*store, writing(vec![delete("a")])));
    assert!(third > second, "revisions grow over a restart");
    drop(store);

    let store = subject.open();
    let fourth = done(&commit_one(&*store, writing(vec![put("a", b"3")])));
    assert!(fourth > third, "the revision of a removal is not given again");
}

fn scans(subject: &mut dyn Subject) {
    let store = subject.open();
    let mut all: Vec<Vec<u8>> =
        (0..500u32).map(|i| [b"n", i.wrapping_mul(0x9E37_79B9).to_be_bytes().as_slice()].concat()).collect();
    all.extend([
        b"n".to_vec(),
        b"n\0".to_vec(),
        b"n\xff\xff\xff\xff\xff".to_vec(),
        b"m\xff".to_vec(),
        b"o".to_vec(),
        vec![0],
        vec![0xff],
    ]);
    let batches: Vec<Batch> = all.iter().map(|key| writing(vec![Write::Put(key.clone(), key.clone())])).collect();
    store.commit(&batches).expect("commit");
    all.sort();
    drop(store);

    let store = subject.open();
    let inside: Vec<Vec<u8>> = all.iter().filter(|key| key.starts_with(b"n")).cloned().collect();
    assert_eq!(keys(&*store, b"n", b"o", 10_000), (inside.clone(), false), "from is included, until is not, in order");
    assert_eq!(keys(&*store, b"", b"\xff", 10_000).0, all.iter().take(all.len() - 1).cloned().collect::<Vec<_>>());
    assert_eq!(keys(&*store, b"o", b"n", 10), (vec![], false), "a range that is turned around is empty");
    assert_eq!(keys(&*store, b"n", b"n", 10), (vec![], false), "an empty range");
    assert_eq!(keys(&*store, b"n", b"o", 0), (vec![], true), "a limit of 0 tells whether there is anything");
    assert_eq!(keys(&*store, b"x", b"y", 0), (vec![], false));
    assert_eq!(keys(&*store, b"n", b"o", inside.len()), (inside.clone(), false), "an exact limit cuts nothing");

    let mut paged = Vec::new();
    let mut from = b"n".to_vec();
    loop {
        let (page, more) = keys(&*store, &from, b"o", 7);
        assert!(page.len() <= 7 && (!more || page.len() == 7));
        paged.extend(page);
        if !more {
            break;
        }
        from = paged.last().expect("a page with more is not empty").clone();
        from.push(0);
    }
    assert_eq!(paged, inside, "pages meet without gap or repetition");
    for (key, found) in store.scan(b"", b"\xff", 10_000).expect("scan").entries {
        assert_eq!(found.value, key);
        assert_eq!(store.get(&key).expect("get"), Some(found), "scan and get agree");
    }
}

fn guards(subject: &mut dyn Subject) {
    let store = subject.open();
    let guarded =
        |guards: Vec<Guard>, value: &[u8]| Batch { guards, ..writing(vec![put("k", value), put("other", value)]) };
    let absent = || Guard::Absent(b"k".to_vec());
    let at = |revision| Guard::At(b"k".to_vec(), revision);
    assert_eq!(commit_one(&*store, guarded(vec![at(1)], b"0")), Outcome::Conflict(b"k".to_vec()));
    let first = done(&commit_one(&*store, guarded(vec![absent()], b"1")));
    assert_eq!(commit_one(&*store, guarded(vec![absent()], b"2")), Outcome::Conflict(b"k".to_vec()));
    assert_eq!(commit_one(&*store, guarded(vec![at(first + 1)], b"2")), Outcome::Conflict(b"k".to_vec()));
    assert_eq!(value(&*store, "other"), Some(b"1".to_vec()), "a refused batch changes nothing");
    let second = done(&commit_one(&*store, guarded(vec![at(first), Guard::Absent(b"x".to_vec())], b"2")));
    assert_eq!(commit_one(&*store, guarded(vec![at(first)], b"3")), Outcome::Conflict(b"k".to_vec()));
    assert_eq!(
        commit_one(&*store, guarded(vec![at(second), Guard::Absent(b"other".to_vec())], b"3")),
        Outcome::Conflict(b"other".to_vec()),
        "all guards must hold, and the one that does not is named"
    );
    drop(store);

    let store = subject.open();
    assert_eq!(commit_one(&*store, guarded(vec![at(first)], b"3")), Outcome::Conflict(b"k".to_vec()));
    let removed = done(&commit_one(&*store, Batch { guards: vec![at(second)], ..writing(vec![delete("k")]) }));
    assert_eq!(commit_one(&*store, guarded(vec![at(removed)], b"3")), Outcome::Conflict(b"k".to_vec()));
    done(&commit_one(&*store, guarded(vec![absent()], b"4")));
    let only_guards = Batch { guards: vec![Guard::Absent(b"nothing".to_vec())], ..Batch::default() };
    done(&commit_one(&*store, only_guards));
}

fn order_inside_a_call(subject: &mut dyn Subject) {
    let store = subject.open();
    let claim =
        |value: &[u8]| Batch { guards: vec![Guard::Absent(b"name".to_vec())], ..writing(vec![put("name", value)]) };
    let outcomes = store
        .commit(&[claim(b"1"), claim(b"2"), writing(vec![delete("name")]), claim(b"3"), claim(b"4")])
        .expect("commit");
    let revisions: Vec<Revision> = [0, 2, 3].iter().filter_map(|i| outcomes.get(*i)).map(done).collect();
    assert!(revisions.windows(2).all(|pair| pair[0] < pair[1]), "each batch has its own revision: {revisions:?}");
    for index in [1, 4] {
        assert_eq!(
            outcomes.get(index),
            Some(&Outcome::Conflict(b"name".to_vec())),
            "batch {index} sees those before it"
        );
    }
    assert_eq!(value(&*store, "name"), Some(b"3".to_vec()));

    let at = store.get(b"name").expect("get").expect("present").revision;
    let replace =
        |value: &[u8]| Batch { guards: vec![Guard::At(b"name".to_vec(), at)], ..writing(vec![put("name", value)]) };
    let outcomes = store.commit(&[replace(b"5"), replace(b"6")]).expect("commit");
    assert!(matches!(outcomes.as_slice(), [Outcome::Done(..), Outcome::Conflict(_)]), "{outcomes:?}");
    drop(store);
    assert_eq!(value(&*subject.open(), "name"), Some(b"5".to_vec()));
}

fn counters(subject: &mut dyn Subject) {
    let store = subject.open();
    let sums = |outcome: Outcome| match outcome {
        Outcome::Done(_, sums) => sums,
        other => panic!("expected Done, got {other:?}"),
    };
    let low = || Outcome::Floor(b"c".to_vec());
    assert_eq!(commit_one(&*store, adjusting("c", -1, 0)), low(), "an absent counter is 0");
    assert_eq!(value(&*store, "c"), None, "a refused adjustment writes nothing");
    assert_eq!(sums(commit_one(&*store, adjusting("c", 10, 0))), [10]);
    let calls = [
        adjusting("c", -4, 0),
        adjusting("c", -4, 0),
        adjusting("c", -4, 0),
        adjusting("c", -2, 0),
        adjusting("c", 1, i64::MIN),
    ];
    let outcomes = store.commit(&calls).expect("commit");
    let [a, b, c, d, e] = <[Outcome; 5]>::try_from(outcomes).expect("five outcomes");
    assert_eq!((sums(a), sums(b), c, sums(d), sums(e)), (vec![6], vec![2], low(), vec![0], vec![1]));
    assert_eq!(value(&*store, "c"), Some(1i64.to_be_bytes().to_vec()), "a counter reads as 8 bytes, big-endian");
    let both = Batch {
        adjusts: [adjusting("c", 5, 0), adjusting("d", -1, 0)].concat_adjusts(),
        ..writing(vec![put("w", b"1")])
    };
    assert_eq!(commit_one(&*store, both), Outcome::Floor(b"d".to_vec()));
    assert_eq!(
        (value(&*store, "c"), value(&*store, "w")),
        (Some(1i64.to_be_bytes().to_vec()), None),
        "nothing of the batch"
    );
    assert_eq!(commit_one(&*store, adjusting("c", i64::MAX, i64::MIN)), low(), "an overflow is refused");
    let twice = Batch {
        adjusts: [adjusting("c", 5, 0), adjusting("d", -3, -3), adjusting("c", 2, 8)].concat_adjusts(),
        ..Batch::default()
    };
    assert_eq!(sums(commit_one(&*store, twice)), [6, -3, 8]);
    drop(store);

    let store = subject.open();
    assert_eq!(sums(commit_one(&*store, adjusting("c", 0, 8))), [8], "a counter outlives a restart");
    let preset = [
        writing(vec![put("c", &100i64.to_be_bytes())]),
        adjusting("c", 1, 0),
        writing(vec![delete("c")]),
        adjusting("c", 1, 0),
    ];
    let outcomes = store.commit(&preset).expect("commit");
    let sums_seen: Vec<i64> = outcomes.into_iter().flat_map(sums).collect();
    assert_eq!(sums_seen, [101, 1], "writes and adjustments of one call see each other");
    commit_one(&*store, writing(vec![put("c", b"not a counter")]));
    match store.commit(&[writing(vec![put("w", b"1")]), adjusting("c", 1, 0)]) {
        Err(StoreError::Damaged { .. }) => {}
        other => panic!("a value that is no counter must be reported, got {other:?}"),
    }
    assert_eq!(value(&*store, "w"), None, "an error before the write applies nothing of the call");
    commit_one(&*store, writing(vec![put("c", &1i64.to_be_bytes())]));
}

/// Joins the adjustments of several batches.
trait ConcatAdjusts {
    fn concat_adjusts(self) -> Vec<Adjust>;
}

impl<const N: usize> ConcatAdjusts for [Batch; N] {
    fn concat_adjusts(self) -> Vec<Adjust> {
        self.into_iter().flat_map(|batch| batch.adjusts).collect()
    }
}

fn large_values(subject: &mut dyn Subject) {
    const SIZES: [usize; 13] =
        [0, 1, 4_000, 4_068, 4_096, 4_097, 8_192, 12_289, 32_768, 65_537, 131_072, 300_000, 1_000_000];
    let content =
        |size: usize, seed: usize| -> Vec<u8> { (0..size).map(|i| (i.wrapping_mul(seed + 7) >> 3) as u8).collect() };
    let mut store = subject.open();
    for round in 0..3usize {
        // Round 0 writes, round 1 overwrites each size with another one, round 2 shrinks.
        let sizes: Vec<usize> = match round {
            0 => SIZES.to_vec(),
            1 => SIZES.iter().rev().copied().collect(),
            _ => SIZES.iter().map(|size| size / 3).collect(),
        };
        let batches: Vec<Batch> = sizes
            .iter()
            .enumerate()
            .map(|(i, size)| {
                writing(vec![
                    Write::Put(vec![b'v', i as u8], content(*size, round + i)),
                    Write::Put(vec![b'w', i as u8], vec![1]),
                ])
            })
            .collect();
        store.commit(&batches).expect("commit");
        drop(store);
        store = subject.open();
        let page = store.scan(b"v", b"w", 100).expect("scan");
        assert_eq!(page.entries.len(), SIZES.len());
        for (i, (key, found)) in page.entries.into_iter().enumerate() {
            assert_eq!(key, [b'v', i as u8]);
            assert!(found.value == content(sizes[i], round + i), "value of {} bytes is not what was written", sizes[i]);
            assert_eq!(store.get(&key).expect("get"), Some(found));
        }
    }
    let batches: Vec<Batch> = (0..SIZES.len()).map(|i| writing(vec![Write::Delete(vec![b'v', i as u8])])).collect();
    store.commit(&batches).expect("commit");
    assert_eq!(keys(&*store, b"v", b"w", 100), (vec![], false), "removed with all they were made of");
    let long_key = vec![b'k'; 256];
    store.commit(&[writing(vec![Write::Put(long_key.clone(), content(10_000, 1))])]).expect("a key of 256 bytes");
    assert_eq!(store.get(&long_key).expect("get").map(|found| found.value), Some(content(10_000, 1)));
}

fn many_batches(subject: &mut dyn Subject) {
    let store = subject.open();
    let batches: Vec<Batch> = (0..1_000u32)
        .map(|i| Batch {
            guards: vec![Guard::Absent(format!("o/{i:05}").into())],
            writes: vec![put(&format!("o/{i:05}"), &[i as u8; 600]), put(&format!("i/{i:05}"), b"")],
            adjusts: vec![Adjust { key: b"count".to_vec(), delta: 1, floor: 0 }],
            ..Batch::default()
        })
        .collect();
    let outcomes = store.commit(&batches).expect("commit");
    for (i, outcome) in outcomes.iter().enumerate() {
        assert!(matches!(outcome, Outcome::Done(_, sums) if *sums == [i as i64 + 1]), "batch {i}: {outcome:?}");
    }
    assert!(store.commit(&batches).expect("commit").iter().all(|outcome| matches!(outcome, Outcome::Conflict(_))));
    drop(store);
    let store = subject.open();
    assert_eq!(keys(&*store, b"o/", b"o0", 10_000).0.len(), 1_000);
    assert_eq!(keys(&*store, b"i/", b"i0", 10_000).0.len(), 1_000);
    assert_eq!(value(&*store, "count"), Some(1_000i64.to_be_bytes().to_vec()));
}

fn watch(subject: &mut dyn Subject) {
    type Seen = Arc<Mutex<Vec<(Vec<u8>, Option<Vec<u8>>, Revision)>>>;
    let store: Arc<dyn Store> = Arc::from(subject.open());
    let (seen, all): (Seen, Seen) = Default::default();
    for (prefix, list) in [(b"o/".as_slice(), &seen), (b"".as_slice(), &all)] {
        let (list, reader) = (Arc::clone(list), Arc::downgrade(&store));
        let watcher = move |change: &crate::ports::store::Change<'_>| {
            let reader = reader.upgrade().expect("the store lives during its commit");
            assert!(reader.get(change.key).is_ok(), "a watcher may read");
            list.lock().expect("lock").push((change.key.to_vec(), change.value.map(<[u8]>::to_vec), change.revision));
        };
        store.watch(prefix, Box::new(watcher));
    }
    let refused = Batch { guards: vec![Guard::Absent(b"o/1".to_vec())], ..writing(vec![put("o/9", b"9")]) };
    let counted = Batch { adjusts: adjusting("o/c", 7, 0).adjusts, ..writing(vec![delete("o/1"), put("p", b"4")]) };
    let call = [
        writing(vec![put("o/2", b"1"), put("o/1", b"2")]),
        writing(vec![put("o/1", b"3"), put("n", b"")]),
        refused,
        counted,
    ];
    let outcomes = store.commit(&call).expect("commit");
    let (first, second, last) = (done(&outcomes[0]), done(&outcomes[1]), done(&outcomes[3]));
    let expected = [
        ("o/2", Some(b"1".to_vec()), first),
        ("o/1", Some(b"2".to_vec()), first),
        ("o/1", Some(b"3".to_vec()), second),
        ("n", Some(vec![]), second),
        ("o/1", None, last),
        ("p", Some(b"4".to_vec()), last),
        ("o/c", Some(7i64.to_be_bytes().to_vec()), last),
    ]
    .map(|(key, value, revision)| (key.as_bytes().to_vec(), value, revision));
    assert_eq!(*all.lock().expect("lock"), expected, "every change, in order");
    let under: Vec<_> = expected.iter().filter(|(key, ..)| key.starts_with(b"o/")).cloned().collect();
    assert_eq!(*seen.lock().expect("lock"), under, "only the prefix");
    watch_contents(&*store);
}

/// A watcher gets what an author carried along with a value, and nothing with other values.
fn watch_contents(store: &dyn Store) {
    let seen: Arc<Mutex<Vec<Option<String>>>> = Default::default();
    let list = Arc::clone(&seen);
    let watcher = move |change: &crate::ports::store::Change<'_>| {
        let content = change.content.and_then(|content| content.downcast_ref::<String>().cloned());
        list.lock().expect("lock").push(content);
    };
    store.watch(b"w/", Box::new(watcher));
    let content = Arc::new("second".to_owned());
    let carried = vec![Carried { write: 1, content }];
    let batch = Batch { carried, ..writing(vec![put("w/1", b"1"), put("w/2", b"2"), delete("w/3")]) };
    done(&commit_one(store, batch));
    assert_eq!(*seen.lock().expect("lock"), [None, Some("second".to_owned()), None]);
}

/// A small generator (xorshift), so that a failing run can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// The seam's rules once more, as plainly as possible.
#[derive(Default)]
struct Model(BTreeMap<Vec<u8>, (Revision, Vec<u8>)>);

impl Model {
    fn expects(&self, batch: &Batch) -> Result<Vec<i64>, Outcome> {
        for guard in &batch.guards {
            let (holds, key) = match guard {
                Guard::Absent(key) => (!self.0.contains_key(key), key),
                Guard::At(key, revision) => (self.0.get(key).is_some_and(|found| found.0 == *revision), key),
            };
            if !holds {
                return Err(Outcome::Conflict(key.clone()));
            }
        }
        batch
            .adjusts
            .iter()
            .map(|adjust| {
                let stored = self
                    .0
                    .get(&adjust.key)
                    .map_or(0, |found| i64::from_be_bytes(found.1.as_slice().try_into().expect("a counter")));
                let sum = stored + adjust.delta;
                if sum < adjust.floor { Err(Outcome::Floor(adjust.key.clone())) } else { Ok(sum) }
            })
            .collect()
    }

    fn follow(&mut self, batch: &Batch, outcome: &Outcome, newest: &mut Revision) {
        match (self.expects(batch), outcome) {
            (Err(expected), outcome) => assert_eq!(*outcome, expected),
            (Ok(expected), Outcome::Done(revision, sums)) => {
                assert_eq!(*sums, expected);
                assert!(revision > newest, "revision {revision} after {newest}");
                *newest = *revision;
                for write in &batch.writes {
                    match write {
                        Write::Put(key, value) => self.0.insert(key.clone(), (*revision, value.clone())),
                        Write::Delete(key) => self.0.remove(key),
                    };
                }
                for (adjust, sum) in batch.adjusts.iter().zip(sums) {
                    self.0.insert(adjust.key.clone(), (*revision, sum.to_be_bytes().to_vec()));
                }
            }
            (Ok(_), other) => panic!("expected Done, got {other:?} for {batch:?}"),
        }
    }

    fn compare(&self, store: &dyn Store) {
        let page = store.scan(b"", b"\xff", usize::MAX).expect("scan");
        let found: BTreeMap<Vec<u8>, (Revision, Vec<u8>)> =
            page.entries.into_iter().map(|(key, found)| (key, (found.revision, found.value))).collect();
        assert!(found == self.0, "the store and the model differ");
    }
}

fn random_batch(random: &mut Random, model: &Model) -> Batch {
    let key = |random: &mut Random| format!("k{:02}", random.below(40)).into_bytes();
    let mut batch = Batch::default();
    for _ in 0..random.below(3) {
        let key = key(random);
        let right = random.below(4) > 0;
        batch.guards.push(match model.0.get(&key) {
            Some((revision, _)) if right => Guard::At(key, *revision),
            None if !right => Guard::At(key, random.below(50)),
            _ => Guard::Absent(key),
        });
    }
    let mut used = BTreeSet::new();
    for _ in 0..random.below(4) {
        let key = key(random);
        if used.insert(key.clone()) {
            let size = if random.below(20) == 0 { random.below(20_000) } else { random.below(100) };
            let value = (0..size).map(|_| random.below(256) as u8).collect();
            batch.writes.push(if random.below(4) == 0 { Write::Delete(key) } else { Write::Put(key, value) });
        }
    }
    if random.below(3) == 0 {
        let key = format!("c{}", random.below(3)).into_bytes();
        batch.adjusts.push(Adjust { key, delta: random.below(10) as i64 - 5, floor: 0 });
    }
    batch
}

fn random_work(subject: &mut dyn Subject) {
    let mut random = Random(0x1234_5678_9ABC_DEF1);
    let mut model = Model::default();
    let mut newest = 0;
    for _ in 0..6 {
        let store = subject.open();
        model.compare(&*store);
        for _ in 0..60 {
            let call: Vec<Batch> = (0..random.below(6)).map(|_| random_batch(&mut random, &model)).collect();
            let outcomes = store.commit(&call).expect("commit");
            assert_eq!(outcomes.len(), call.len());
            for (batch, outcome) in call.iter().zip(&outcomes) {
                model.follow(batch, outcome, &mut newest);
            }
        }
        model.compare(&*store);
    }
}

// ---- failing and dying at every write -------------------------------------------------------------------------

/// Batches of one call of the fault workload.
const PER_CALL: usize = 4;
/// Calls of the fault workload.
const CALLS: usize = 4;

/// Batch `id`: three records of one content (one of them large now and then), one removal and a count of batches.
fn tagged(id: usize) -> Batch {
    let size = if id.is_multiple_of(5) { 9_000 } else { 50 };
    let mut writes: Vec<Write> =
        ["a", "b", "z"].iter().map(|kind| put(&format!("{kind}/{id:03}"), &vec![id as u8; size])).collect();
    writes.push(delete(&format!("gone/{id:03}")));
    Batch { writes, adjusts: adjusting("count", 1, 0).adjusts, ..Batch::default() }
}

/// What a run of the workload knows when it ends, by a fault or not.
struct Run {
    acknowledged: BTreeSet<usize>,
    newest: Revision,
    /// The batches of the call that failed.
    failed: Vec<usize>,
}

fn run_workload(store: &dyn Store) -> Run {
    let mut run = Run { acknowledged: BTreeSet::new(), newest: 0, failed: vec![] };
    let setup = (0..PER_CALL * CALLS).map(|id| put(&format!("gone/{id:03}"), b"here")).collect();
    match store.commit(&[writing(setup)]) {
        Ok(outcomes) => run.newest = done(&outcomes[0]),
        Err(_) => return run,
    }
    for call in 0..CALLS {
        let ids: Vec<usize> = (call * PER_CALL..(call + 1) * PER_CALL).collect();
        let batches: Vec<Batch> = ids.iter().map(|id| tagged(*id)).collect();
        match store.commit(&batches) {
            Ok(outcomes) => {
                run.newest = outcomes.iter().map(done).max().unwrap_or(run.newest);
                run.acknowledged.extend(ids);
            }
            Err(_) => {
                run.failed = ids;
                break;
            }
        }
    }
    run
}

/// A store that has failed takes no more writes and does not show what it could not make durable.
fn assert_stopped(store: &dyn Store, run: &Run, fault: Fault) {
    assert!(store.commit(&[tagged(900)]).is_err(), "a store whose write failed takes no more writes");
    for id in &run.failed {
        if let Ok(found) = store.get(format!("a/{id:03}").as_bytes()) {
            assert_eq!(found, None, "batch {id} is visible after its commit failed");
        }
    }
    if fault == Fault::Fail {
        for id in &run.acknowledged {
            assert!(value(store, &format!("a/{id:03}")).is_some(), "reading goes on after a failed write");
        }
    }
}

fn assert_whole_or_absent(store: &dyn Store, run: &Run) {
    let mut present = 0;
    let setup = value(store, "gone/900").is_some() || !keys(store, b"gone/", b"gone0", 1).0.is_empty();
    for id in 0..PER_CALL * CALLS {
        let Batch { writes, .. } = tagged(id);
        let there = value(store, &format!("a/{id:03}")).is_some();
        assert!(there || !run.acknowledged.contains(&id), "acknowledged batch {id} is lost");
        present += i64::from(there);
        for write in writes {
            match write {
                Write::Put(key, expected) => {
                    let found = store.get(&key).expect("get").map(|found| found.value);
                    assert!(found == there.then_some(expected), "batch {id} is torn at {}", key.escape_ascii());
                }
                Write::Delete(key) => {
                    let kept = store.get(&key).expect("get").is_some();
                    assert!(kept != there || !setup, "batch {id} is torn at its removal");
                }
            }
        }
    }
    let count = value(store, "count").map_or(0, |value| i64::from_be_bytes(value.try_into().expect("a counter")));
    assert_eq!(count, present, "the counter counts the batches that are there");
}

fn faults(subject: &mut dyn Subject) {
    for fault in [Fault::Fail, Fault::Kill] {
        let mut step = 0;
        loop {
            subject.clear();
            let store = subject.open();
            subject.faults().arm(step, fault);
            let run = run_workload(&*store);
            let fired = !subject.faults().disarm();
            if fired {
                assert!(run.acknowledged.len() < PER_CALL * CALLS, "a write went wrong and nobody was told");
                assert_stopped(&*store, &run, fault);
            }
            drop(store);

            let store = subject.open();
            assert_whole_or_absent(&*store, &run);
            let next = done(&commit_one(&*store, tagged(901)));
            assert!(next > run.newest, "revisions grow over a crash");
            assert_eq!(value(&*store, "a/901"), Some(vec![901usize as u8; 50]), "a restart mends the store");
            if !fired {
                assert_eq!(run.acknowledged.len(), PER_CALL * CALLS);
                break;
            }
            step += 1;
        }
        assert!(step as usize > CALLS, "the store counts too few write steps ({step}) for this to test anything");
    }
}
