//! How many durable batches a second the embedded store takes: one thread merges what the writers wait for.
//!
//! `cargo bench -p kmip-server --bench store_speed [-- creates]`; `creates` measures only what Create requests come to with
//! 64 writers, the rate that the server's own is a share of. `KMIP_SPEED_SECONDS` sets the length of each line (default 3).

#[path = "../tests/store_support/mod.rs"]
mod store_support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::Name;
use kmip_codec::inline::Text;
use kmip_codec::message::{RequestMessage, encode};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::registry::{CryptographicAlgorithm, CryptographicUsageMask, NameType, ObjectType, Operation, Tag};
use kmip_codec::version::V1_4;
use kmip_core::engine::{Engine, Evaluation, Parts};
use kmip_core::env::{Env, Pace};
use kmip_core::ports::store::{Batch, Guard, Outcome, RecordSeal, Store, Write};
use kmip_core::testing::engines::NoUsers;
use kmip_server::store::{Options, SledStore};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Waiting = (Batch, SyncSender<()>);

/// Makes the batch of a number.
type Make<'a> = &'a (dyn Fn(u64) -> Batch + Sync);

/// A random-looking number for each number.
fn spread(id: u64) -> u128 {
    u128::from(id).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
}

/// A record of 600 bytes under a random-looking key that must be new, and `indexes` index keys.
fn batch(id: u64, indexes: usize) -> Batch {
    let key = format!("o/{:032x}", spread(id)).into_bytes();
    let mut writes = vec![Write::Put(key.clone(), vec![id as u8; 600])];
    for index in 0..indexes {
        writes.push(Write::Put([format!("i/{index}/").as_bytes(), &key].concat(), vec![]));
    }
    Batch { guards: vec![Guard::Absent(key)], writes, ..Batch::default() }
}

/// The batch of a Create of an AES-256 key with a name, as the engine makes it and does not commit it.
fn batch_of_create(seal: &Arc<dyn RecordSeal>, vault: SoftwareVault) -> Batch {
    let root = tempfile::tempdir().expect("directory");
    let store = SledStore::create(&root.path().join("store"), Arc::clone(seal), [1; 16], Options::default());
    let store: Arc<dyn Store> = Arc::new(store.expect("a store"));
    let parts = Parts {
        store: Arc::clone(&store),
        seal: Arc::clone(seal),
        vault: Arc::new(vault),
        passwords: Arc::new(NoUsers),
        config: kmip_core::env::Config::default(),
    };
    let engine = Engine::open(parts).expect("an engine");
    loop {
        let env = Env::new(1_700_000_000, Pace::Pool);
        let Evaluation::Commit(mut pending) = engine.evaluate(&create_request(), "client", env) else {
            panic!("Create changed nothing");
        };
        let batch = pending.take_batch();
        if batch.writes.len() > 1 {
            return batch;
        }
        // The key of the scope comes first.
        store.commit(&[batch]).expect("commits");
    }
}

fn create_request() -> Vec<u8> {
    let name = Name { value: Text::new("bench-00000001"), kind: NameType::UninterpretedTextString };
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
        Attribute::Name(name),
    ];
    let payload = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: Some(attributes.into_iter().collect()),
        protection_storage_masks: None,
    };
    let payload = RequestPayload::Create(Box::new(payload));
    encode(Tag::RequestMessage, &RequestMessage::single(V1_4, Operation::Create, payload), V1_4).to_vec()
}

/// The same batch for another object: its keys end in another identifier or another hash of a name.
fn renamed(template: &Batch, id: u64) -> Batch {
    let rename = |key: &[u8]| {
        let end = spread(id).to_be_bytes();
        let kept = key.len().saturating_sub(end.len());
        [key.get(..kept).unwrap_or_default(), &end].concat()
    };
    let guard = |guard: &Guard| match guard {
        Guard::Absent(key) => Guard::Absent(rename(key)),
        Guard::At(key, revision) => Guard::At(rename(key), *revision),
    };
    let write = |write: &Write| match write {
        Write::Put(key, value) => Write::Put(rename(key), value.clone()),
        Write::Delete(key) => Write::Delete(rename(key)),
    };
    Batch {
        guards: template.guards.iter().map(guard).collect(),
        writes: template.writes.iter().map(write).collect(),
        ..Batch::default()
    }
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

fn measure(what: &str, store: &SledStore, writers: usize, make: Make<'_>, length: Duration) {
    let (queue, waiting) = sync_channel::<Waiting>(writers);
    let (ids, calls, stop) = (AtomicU64::new(1), AtomicU64::new(0), AtomicBool::new(false));
    let begin = Instant::now();
    let mut latencies: Vec<Duration> = std::thread::scope(|scope| {
        let (opened, counted) = (store, &calls);
        scope.spawn(move || commit_what_waits(opened, waiting, counted));
        let handles: Vec<_> = (0..writers)
            .map(|_| {
                let (queue, ids, stop) = (queue.clone(), &ids, &stop);
                scope.spawn(move || {
                    let (done, wake) = sync_channel(1);
                    let mut latencies = vec![];
                    while !stop.load(Ordering::Relaxed) {
                        let start = Instant::now();
                        queue.send((make(ids.fetch_add(1, Ordering::Relaxed)), done.clone())).expect("queues");
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
        "{writers:3} writers, {what}: {:7.0} batches/s, {:5.1} a call, p50 {} us, p99 {} us, {} MB for {} records",
        latencies.len() as f64 / seconds,
        latencies.len() as f64 / calls.load(Ordering::Relaxed) as f64,
        at(0.5),
        at(0.99),
        store.disk_bytes().expect("size") >> 20,
        latencies.len(),
    );
}

fn check_and_open(store: SledStore, path: &std::path::Path) {
    let begin = Instant::now();
    let report = store.check().expect("checks");
    println!("    full check of {} entries: {:?}", report.checked, begin.elapsed());
    drop(store);
    let begin = Instant::now();
    drop(store_support::open(path, Options::default()).expect("opens"));
    println!("    open: {:?}", begin.elapsed());
}

fn main() {
    let seconds = std::env::var("KMIP_SPEED_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let length = Duration::from_secs(seconds);
    let root = tempfile::tempdir().expect("directory");
    let vault = SoftwareVault::new(Keystore::ephemeral().expect("a key store"));
    let seal = vault.record_seal() as Arc<dyn RecordSeal>;
    let template = batch_of_create(&seal, vault);
    let store = SledStore::create(&root.path().join("creates"), seal, [1; 16], Options::default()).expect("a store");
    measure("batches of Create", &store, 64, &|id| renamed(&template, id), length);
    drop(store);
    if std::env::args().any(|argument| argument == "creates") {
        return;
    }
    for (number, (writers, indexes)) in [(1, 1), (8, 1), (64, 1), (64, 0), (64, 4)].into_iter().enumerate() {
        let path = root.path().join(number.to_string());
        let store = store_support::open(&path, Options::default()).expect("opens");
        measure(&format!("600 B + {indexes} index keys"), &store, writers, &|id| batch(id, indexes), length);
        if writers == 64 {
            check_and_open(store, &path);
        }
    }
}
