//! Archive and Recover (KMIP 1.4 §4.22, §4.23, §11.23, §11.24; KMIP 2.1 §4.5, §6.1.4, §6.1.42).

use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::inline::Text;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::add_attribute::AddAttributeRequest;
use kmip_codec::operation::archive::ArchiveRequest;
use kmip_codec::operation::recover::RecoverRequest;
use kmip_codec::operation::rekey::ReKeyRequest;
use kmip_codec::registry::{
    CryptographicUsageMask, Operation, ResultReason, RevocationReasonCode, State, StorageStatusMask, Tag,
};
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_4, V2_0, V2_1, Version};
use kmip_core::engine::SUPPORTED_VERSIONS;
use kmip_core::ports::vault::{Binding, KeyVault};
use kmip_core::renewal::Renewing;

use crate::answer;
use crate::requests::*;
use crate::support::{CLIENT, Harness, START, failure, success};

pub fn archive(harness: &Harness, version: Version, id: &str) -> ResponseBatchItem {
    let request = ArchiveRequest { unique_identifier: text(id) };
    harness.call(version, Operation::Archive, RequestPayload::Archive(Box::new(request)))
}

pub fn recover(harness: &Harness, version: Version, id: &str) -> ResponseBatchItem {
    let request = RecoverRequest { unique_identifier: text(id) };
    harness.call(version, Operation::Recover, RequestPayload::Recover(Box::new(request)))
}

fn date(harness: &Harness, id: &str, tag: Tag) -> Option<i64> {
    harness.record(id).date(tag).map(|date| date.0)
}

#[test]
fn an_archived_object_comes_back_as_it_was() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let id = harness.created(version, &[name("archived")]);
        let object = format!("{:?}", success(harness.item(version, get(text(&id)))));
        let before = harness.record(&id);
        harness.advance(10);
        assert_eq!(id_of(answer!(Archive, archive(&harness, version, &id)).unique_identifier), id);
        assert_eq!(date(&harness, &id, Tag::ArchiveDate), Some(START + 10));
        assert_eq!(date(&harness, &id, Tag::LastChangeDate), Some(START + 10));
        assert!(harness.attributes_of(version, &id).contains(&Attribute::ArchiveDate(DateTime(START + 10))));
        assert_eq!(failure(&archive(&harness, version, &id)), ResultReason::ObjectArchived);
        harness.verify().expect("an archived object is whole");

        let harness = harness.reopened(START + 20);
        assert_eq!(failure(&harness.item(version, get(text(&id)))), ResultReason::ObjectArchived);
        assert_eq!(id_of(answer!(Recover, recover(&harness, version, &id)).unique_identifier), id);
        assert_eq!(date(&harness, &id, Tag::ArchiveDate), None);
        assert_eq!(date(&harness, &id, Tag::LastChangeDate), Some(START + 20));
        assert_eq!(format!("{:?}", success(harness.item(version, get(text(&id))))), object);
        let kept = |record: &kmip_core::object::Record| {
            let of_time =
                |attribute: &Attribute| matches!(attribute, Attribute::LastChangeDate(_) | Attribute::Fresh(_));
            let mut kept: Vec<String> =
                record.attributes.iter().filter(|i| !of_time(&i.attribute)).map(|i| format!("{i:?}")).collect();
            kept.sort();
            kept
        };
        assert_eq!(kept(&harness.record(&id)), kept(&before));
        success(recover(&harness, version, &id));
        assert_eq!(date(&harness, &id, Tag::LastChangeDate), Some(START + 20), "nothing to recover");
    }
}

/// The archive has a key of its own: that of the scope opens no archived material, that of the archive no other.
#[test]
fn the_keys_of_a_scope_do_not_open_its_archive() {
    let harness = Harness::new();
    let (id, other) = (harness.created(V2_1, &[]), harness.created(V2_1, &[]));
    let opens = |id: &str, scope: &str| {
        let record = harness.record(id);
        let material = record.material.as_ref().expect("material");
        harness.vault.open(&material.sealed, Binding { scope, id, spec: &record.spec() }).is_ok()
    };
    let archive_of_client = format!("{CLIENT}\u{1}archive");
    assert!(opens(&id, CLIENT) && !opens(&id, &archive_of_client));
    success(archive(&harness, V2_1, &id));
    assert!(!opens(&id, CLIENT) && opens(&id, &archive_of_client));
    assert!(opens(&other, CLIENT) && !opens(&other, &archive_of_client));
    success(recover(&harness, V2_1, &id));
    assert!(opens(&id, CLIENT) && !opens(&id, &archive_of_client));
}

#[test]
fn the_key_of_an_archive_is_renewed_with_the_others() {
    let harness = Harness::new();
    let (id, other) = (harness.created(V2_1, &[]), harness.created(V2_1, &[]));
    let object = format!("{:?}", success(harness.item(V2_1, get(text(&id)))));
    success(archive(&harness, V2_1, &id));
    harness.vault.renew_root_key();
    harness.engine.set_renewing(Some(Renewing::ScopeKeys));
    harness.engine.renew_scope_keys(None, 100, START).expect("new scope keys");
    harness.engine.reseal_scope_keys(None, 100).expect("scope keys");
    harness.engine.reseal_objects(None, 100).expect("objects");
    let outdated = harness.engine.count_outdated(100, |_| true).expect("a count").expect("a whole pass");
    assert_eq!(outdated.outdated, 0);
    harness.engine.remove_older_scope_keys(None, 100).expect("old scope keys");
    harness.engine.set_renewing(None);
    success(recover(&harness, V2_1, &id));
    assert_eq!(format!("{:?}", success(harness.item(V2_1, get(text(&id))))), object);
    success(harness.item(V2_1, get(text(&other))));
    harness.verify().expect("a whole store");
}

#[test]
fn locate_finds_what_is_stored_where_the_mask_says() {
    use StorageStatusMask as M;
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let (online, archived, destroyed) =
            (harness.created(version, &[]), harness.created(version, &[]), harness.created(version, &[]));
        success(archive(&harness, version, &archived));
        success(harness.item(version, destroy(text(&destroyed))));
        let all = [(M::OnLineStorage, &online), (M::ArchivalStorage, &archived), (M::DestroyedStorage, &destroyed)];
        for bits in 0..8_u32 {
            let chosen: Vec<_> =
                all.iter().enumerate().filter(|(n, _)| bits & (1 << n) != 0).map(|(_, one)| one).collect();
            let mask = chosen.iter().fold(M::default(), |mask, (bit, _)| mask | *bit);
            let mut expected: Vec<String> = chosen.iter().map(|(_, id)| (*id).clone()).collect();
            let mut found = harness.found(
                version,
                kmip_codec::operation::locate::LocateRequest { storage_status_mask: Some(mask), ..locate_request(&[]) },
            );
            expected.sort();
            found.sort();
            assert_eq!(found, expected, "{version} {mask:?}");
        }
        assert_eq!(harness.found(version, locate_request(&[])), [online], "{version}: on-line storage by default");
    }
}

#[test]
fn an_archived_object_is_of_no_use_until_it_is_recovered() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let id = harness.created(version, &[]);
        success(archive(&harness, version, &id));
        let comment = Bag::from_iter([Attribute::ContactInformation(Text::new("me"))]);
        let add = AddAttributeRequest { unique_identifier: text(&id), new_attribute: Some(comment) };
        let rekey = ReKeyRequest {
            unique_identifier: text(&id),
            offset: None,
            attributes: Some(Bag::default()),
            protection_storage_masks: None,
        };
        for item in [
            get(text(&id)),
            activate(text(&id)),
            revoke(text(&id), RevocationReasonCode::KeyCompromise),
            destroy(text(&id)),
            check(text(&id), CryptographicUsageMask::Encrypt),
            (Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(add))),
            (Operation::ReKey, RequestPayload::ReKey(Box::new(rekey))),
        ] {
            let operation = item.0;
            assert_eq!(failure(&harness.item(version, item)), ResultReason::ObjectArchived, "{version} {operation}");
        }
        assert_eq!(harness.state_of(version, &id), State::PreActive, "attributes stay readable");
        success(recover(&harness, version, &id));
        success(harness.item(version, activate(text(&id))));
    }
}

#[test]
fn what_is_not_there_is_neither_archived_nor_recovered() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let unknown = if version < V2_0 { ResultReason::ItemNotFound } else { ResultReason::ObjectNotFound };
        assert_eq!(failure(&archive(&harness, version, "no such object")), unknown);
        assert_eq!(failure(&recover(&harness, version, "no such object")), unknown);
        let id = harness.created(version, &[]);
        success(harness.item(version, destroy(text(&id))));
        let destroyed = if version < V2_0 { ResultReason::ItemNotFound } else { ResultReason::ObjectDestroyed };
        assert_eq!(failure(&archive(&harness, version, &id)), destroyed);
        let foreign = harness.created(version, &[]);
        let request = ArchiveRequest { unique_identifier: text(&foreign) };
        let item = harness.call_as("stranger", version, Operation::Archive, RequestPayload::Archive(Box::new(request)));
        assert_eq!(failure(&item), unknown);
    }
}

#[test]
fn recover_sets_the_placeholder() {
    let harness = Harness::new();
    let id = harness.created(V1_4, &[]);
    success(archive(&harness, V1_4, &id));
    let request = RecoverRequest { unique_identifier: text(&id) };
    let recover = (Operation::Recover, RequestPayload::Recover(Box::new(request)));
    let answers = harness.batch(V1_4, vec![recover, get(None)]);
    answers.into_iter().for_each(|answer| drop(success(answer)));
}
