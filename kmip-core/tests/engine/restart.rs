//! A restart finds everything as it was; the offline check passes, and tells a record that was altered.

use kmip_codec::attribute::Attribute;
use kmip_codec::registry::{ResultReason, RevocationReasonCode, State, StorageStatusMask};
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_1;
use kmip_core::layout;
use kmip_core::object::Record;
use kmip_core::ports::store::{Batch, Store, Write};
use kmip_core::verify::VerifyError;

use crate::requests::*;
use crate::support::{CLIENT, Harness, START, failure, password_hash, success};

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
