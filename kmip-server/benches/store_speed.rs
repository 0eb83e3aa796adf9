//! How many durable batches a second the embedded store takes: one thread merges what the writers wait for.
//!
//! `cargo bench -p kmip-server --bench store_speed`
//! `KMIP_SPEED_SECONDS` sets the length of each line (default 3).

#[path = "../tests/store_support/mod.rs"]
mod store_support;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use kmip_core::ports::store::{Batch, Guard, Outcome, Store, Write};
use kmip_server::store::{Options, SledStore};

type Waiting = (Batch, SyncSender<()>);

/// A record of 600 bytes under a random-looking key that must be new, and `indexes` index keys.
fn batch(id: u64, indexes: usize) -> Batch {
    let key = format!("o/{:032x}", u128::from(id).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)).into_bytes();
    let mut writes = vec![Write::Put(key.clone(), vec![id as u8; 600])];
    for index in 0..indexes {
        writes.push(Write::Put([format!("i/{index}/").as_bytes(), &key].concat(), vec![]));
    }
    Batch { guards: vec![Guard::Absent(key)], writes, adjusts: vec![] }
}

fn commit_what_waits(store: &SledStore, queue: Receiver<Waiting>, calls: &AtomicU64) {
    while let Ok(first) = queue.recv() {
        let (mut batches, mut waiting) = (vec![first.0], vec![first.1]);
        while let Ok((batch, waiter)) = queue.try_recv() {
            batches.push(batch);
            waiting.push(waiter);
        }
        let outcomes = store.commit(&batches).expect("commits");
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(..))));
        calls.fetch_add(1, Ordering::Relaxed);
        for waiter in waiting {
            waiter.send(()).expect("waits");
        }
    }
}

fn measure(writers: usize, indexes: usize, length: Duration) {
    let root = tempfile::tempdir().expect("directory");
    let store = store_support::open(&root.path().join("store"), Options::default()).expect("opens");
    let (queue, waiting) = sync_channel::<Waiting>(writers);
    let (ids, calls, stop) = (AtomicU64::new(1), AtomicU64::new(0), AtomicBool::new(false));
    let begin = Instant::now();
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let (opened, counted) = (&store, &calls);
        scope.spawn(move || commit_what_waits(opened, waiting, counted));
        let handles: Vec<_> = (0..writers)
            .map(|_| {
                let (queue, ids, stop) = (queue.clone(), &ids, &stop);
                scope.spawn(move || {
                    let (done, wake) = sync_channel(1);
                    let mut latencies = vec![];
                    while !stop.load(Ordering::Relaxed) {
                        let start = Instant::now();
                        queue
                            .send((batch(ids.fetch_add(1, Ordering::Relaxed), indexes), done.clone()))
                            .expect("queues");
                        wake.recv().expect("answered");
                        latencies.push(start.elapsed());
                    }
                    latencies
                })
            })
            .collect();
        std::thread::sleep(length);
        stop.store(true, Ordering::Relaxed);
        let latencies = handles.into_iter().flat_map(|handle| handle.join().expect("ends")).collect();
        drop(queue);
        latencies
    });
    let seconds = begin.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_micros();
    println!(
        "{writers:3} writers, 600 B + {indexes} index keys: {:7.0} batches/s, {:5.1} a call, p50 {} us, p99 {} us, {} MB for {} records",
        latencies.len() as f64 / seconds,
        latencies.len() as f64 / calls.load(Ordering::Relaxed) as f64,
        at(0.5),
        at(0.99),
        store.disk_bytes().expect("size") >> 20,
        latencies.len(),
    );
    if writers == 64 {
        let begin = Instant::now();
        let report = store.check().expect("checks");
        println!("    full check of {} entries: {:?}", report.checked, begin.elapsed());
        drop(store);
        let begin = Instant::now();
        drop(store_support::open(&root.path().join("store"), Options::default()).expect("opens"));
        println!("    open: {:?}", begin.elapsed());
    }
}

fn main() {
    let seconds = std::env::var("KMIP_SPEED_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    for (writers, indexes) in [(1, 1), (8, 1), (64, 1), (64, 0), (64, 4)] {
        measure(writers, indexes, Duration::from_secs(seconds));
    }
}
