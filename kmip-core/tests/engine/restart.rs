//! A restart finds everything as it was, but for what is damaged; the offline check passes, and tells a record that was altered.

use std::sync::Arc;

use kmip_codec::attribute::Attribute;
use kmip_codec::registry::{ResultReason, RevocationReasonCode, State, StorageStatusMask};
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_1;
use kmip_core::engine::{Engine, Parts};
use kmip_core::env::Config;
use kmip_core::layout;
use kmip_core::object::Record;
use kmip_core::ports::store::{Batch, Outcome, Page, Skipped, Store, StoreError, Versioned, Watcher, Write};
use kmip_core::testing::engines::FastUsers;
use kmip_core::testing::store::MemoryStore;
use kmip_core::verify::VerifyError;

use crate::requests::*;
use crate::support::{Blinding, CLIENT, Harness, START, failure, password_hash, success};

fn everything() -> (Harness, Vec<String>) {
    let harness = Harness::new();
    harness.engine.enroll("node", Some("array")).unwrap();
    harness.engine.add_user("alice", &password_hash("right"), None).unwrap();
    let mut ids = vec![
        harness.created(V2_1, &[name("first"), Attribute::ObjectGroup("g".into())]),
        harness.registered(V2_1, aes(&[7; 16]), &[name("second")]),
        harness.created(V2_1, &[name("gone")]),
        harness.created(V2_1, &[Attribute::ActivationDate(DateTime(START + 50))]),
        harness.registered(V2_1, aes(&[8; 16]), &[]),
    ];
    success(harness.item(V2_1, destroy(text(&ids[2]))));
    success(harness.item(V2_1, activate(text(&ids[0]))));
    success(harness.item(V2_1, revoke(text(&ids[4]), RevocationReasonCode::KeyCompromise)));
    ids.reverse();
    (harness, ids)
}

fn put(harness: &Harness, key: Vec<u8>, value: Option<Vec<u8>>) {
    let write = value.map_or(Write::Delete(key.clone()), |value| Write::Put(key, value));
    let batch = Batch { guards: Vec::new(), writes: vec![write], ..Batch::default() };
    harness.store.commit(&[batch]).unwrap();
}

#[test]
fn a_restart_finds_everything_as_it_was() {
    let (harness, ids) = everything();
    let all = || {
        let mut request = locate_request(&[]);
        request.storage_status_mask = Some(StorageStatusMask::OnLineStorage | StorageStatusMask::DestroyedStorage);
        request
    };
    let before: Vec<_> = ids.iter().map(|id| harness.attributes_of(V2_1, id)).collect();
    let object = harness.item(V2_1, get(text(&ids[3]))).response_payload;
    let harness = harness.reopened(START);
    assert_eq!(harness.found(V2_1, all()), ids, "order is kept");
    for (id, before) in ids.iter().zip(before) {
        let now = harness.attributes_of(V2_1, id);
        let changed: Vec<_> = now.iter().filter(|attribute| !before.contains(attribute)).collect();
        assert!(changed.iter().all(|attribute| **attribute == Attribute::Fresh(false)), "{changed:?}");
    }
    assert_eq!(harness.item(V2_1, get(text(&ids[3]))).response_payload, object);
    assert_eq!(harness.found(V2_1, locate_request(&[Attribute::ObjectGroup("g".into())])), [ids[4].as_str()]);
    assert_eq!(failure(&harness.item(V2_1, create(&[name("first")]))), ResultReason::NonUniqueNameAttribute);
    let newest = harness.created(V2_1, &[name("gone")]);
    assert_eq!(harness.found(V2_1, locate_request(&[]))[0], newest, "serials go on");
    assert_eq!(harness.engine.scope_of("node").as_str(), "array");
    assert!(harness.engine.add_user("alice", "x", None).is_err());
    harness.advance(50);
    assert_eq!(harness.state_of(V2_1, &ids[1]), State::Active);
}

#[test]
fn the_offline_check_counts_what_is_whole() {
    let (harness, _) = everything();
    let found = harness.verify().expect("the store is whole");
    assert_eq!((found.objects, found.names, found.digests, found.clients, found.users), (5, 2, 4, 1, 1));
}

/// Each way of altering a record is told.
#[test]
fn the_offline_check_tells_what_was_altered() {
    let told = |alter: &dyn Fn(&Harness, &str, Record)| {
        let (harness, ids) = everything();
        let record = harness.record(&ids[3]);
        alter(&harness, &ids[3], record);
        match harness.verify() {
            Err(VerifyError::Damaged(faults)) => faults,
            other => panic!("not told: {other:?}"),
        }
    };
    let key = |id: &str| layout::object(CLIENT, id);
    let changed = |harness: &Harness, id: &str, record: Record| put(harness, key(id), Some(record.encode()));
    told(&|harness, id, record| {
        let mut bytes = record.encode();
        bytes.truncate(bytes.len() - 8);
        put(harness, key(id), Some(bytes));
    });
    told(&|harness, id, mut record| {
        record.material.as_mut().unwrap().sealed.0[0] ^= 1;
        changed(harness, id, record);
    });
    told(&|harness, id, mut record| {
        for instance in &mut record.attributes {
            if let Attribute::Digest(digest) = &mut instance.attribute {
                digest.digest_value = Some(kmip_codec::value::ByteString::new(&[0; 32]));
            }
        }
        changed(harness, id, record);
    });
    told(&|harness, id, mut record| {
        record.attributes.retain(|instance| !matches!(instance.attribute, Attribute::Digest(_)));
        changed(harness, id, record);
    });
    told(&|harness, id, mut record| {
        record.attributes.retain(|instance| !matches!(instance.attribute, Attribute::Name(_)));
        changed(harness, id, record);
    });
    told(&|harness, id, mut record| {
        record.set(name("renamed"));
        changed(harness, id, record);
    });
    told(&|harness, id, mut record| {
        record.set(name("first"));
        changed(harness, id, record);
    });
    told(&|harness, id, record| put(harness, key(&format!("{id}-copy")), Some(record.encode())));
    told(&|harness, id, _| put(harness, key(id), None));
    told(&|harness, _, _| put(harness, layout::client("node"), Some(b"nonsense".to_vec())));
    told(&|harness, _, _| put(harness, layout::user("alice"), Some(b"nonsense".to_vec())));
}

/// A store in which one record is damaged.
struct Damaged {
    store: Arc<MemoryStore>,
    key: Vec<u8>,
}

impl Damaged {
    fn error(&self) -> StoreError {
        StoreError::Damaged { place: "a record".to_owned(), detail: "it does not open".to_owned() }
    }
}

impl Store for Damaged {
    fn get(&self, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        if key == self.key { Err(self.error()) } else { self.store.get(key) }
    }

    fn scan(&self, from: &[u8], until: &[u8], limit: usize) -> Result<Page, StoreError> {
        let page = self.store.scan(from, until, limit)?;
        if page.entries.iter().any(|(key, _)| *key == self.key) { Err(self.error()) } else { Ok(page) }
    }

    fn scan_readable(
        &self,
        from: &[u8],
        until: &[u8],
        limit: usize,
        skipped: &mut Skipped<'_>,
    ) -> Result<Page, StoreError> {
        let mut page = self.store.scan(from, until, limit)?;
        page.entries.retain(|(key, _)| {
            let is_whole = *key != self.key;
            if !is_whole {
                skipped(key, &self.error());
            }
            is_whole
        });
        Ok(page)
    }

    fn commit(&self, batches: &[Batch]) -> Result<Vec<Outcome>, StoreError> {
        self.store.commit(batches)
    }

    fn watch(&self, prefix: &[u8], watcher: Watcher) {
        self.store.watch(prefix, watcher);
    }
}

/// The engine as after a restart, over a store in which a record is damaged.
fn reopened_over_damage(harness: &Harness, key: Vec<u8>) -> Result<Engine, StoreError> {
    let store = Arc::new(Damaged { store: harness.store.clone(), key });
    let vault = harness.vault.clone();
    Engine::open(Parts {
        store,
        vault,
        seal: Arc::new(Blinding),
        passwords: Arc::new(FastUsers),
        config: Config::default(),
    })
}

/// Whatever is asked of the object is refused, and the others are served.
fn only_one_is_refused(harness: &Harness, ids: &[String], damaged: &str) {
    for id in ids {
        if id != damaged {
            harness.attributes_of(V2_1, id);
            continue;
        }
        for item in [get_attributes(text(id)), activate(text(id)), destroy(text(id))] {
            failure(&harness.item(V2_1, item));
        }
    }
    let mut all = locate_request(&[]);
    all.storage_status_mask = Some(StorageStatusMask::OnLineStorage | StorageStatusMask::DestroyedStorage);
    let found = harness.found(V2_1, all);
    assert_eq!(found, ids.iter().filter(|id| *id != damaged).cloned().collect::<Vec<_>>());
    let taken = harness.item(V2_1, create(&[name("second")]));
    assert_eq!(failure(&taken), ResultReason::NonUniqueNameAttribute, "its name stays its own");
    harness.created(V2_1, &[name("new")]);
}

/// An object that the store cannot open, or that cannot be read, does not keep the others from being served. Without who may
/// do what, nobody is.
#[test]
fn a_damaged_object_does_not_keep_the_engine_from_opening() {
    let (mut harness, ids) = everything();
    let key = layout::object(CLIENT, &ids[3]);
    harness.engine = reopened_over_damage(&harness, key).expect("the others are served");
    only_one_is_refused(&harness, &ids, &ids[3]);

    let (harness, ids) = everything();
    put(&harness, layout::object(CLIENT, &ids[3]), Some(b"nonsense".to_vec()));
    only_one_is_refused(&harness.reopened(START), &ids, &ids[3]);

    let (harness, _) = everything();
    for key in [layout::client("node"), layout::user("alice"), layout::scope_key(CLIENT, 0)] {
        assert!(matches!(reopened_over_damage(&harness, key), Err(StoreError::Damaged { .. })));
    }
}
