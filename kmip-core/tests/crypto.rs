//! Cryptographic operations that need no key, by real messages. Those with keys are tested over the software vault.

mod support;

use kmip_codec::item::ItemValue;
use kmip_codec::limits::Limits;
use kmip_codec::message::{Ephemeral, RequestBatchItem, RequestMessage, encode};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::encrypt::Data;
use kmip_codec::operation::rng_retrieve::RNGRetrieveRequest;
use kmip_codec::operation::rng_seed::RNGSeedRequest;
use kmip_codec::registry::{DataEnumeration, EphemeralEnumeration, Operation, ResultReason, ResultStatus, Tag};
use kmip_codec::secret::Secret;
use kmip_codec::value::Value;
use kmip_codec::version::{V1_1, V1_2, V1_4, V2_0, V2_1, V3_0, Version};
use kmip_codec::wire::ttlv::TtlvReader;
use kmip_codec::wire::{Source, Strictness};
use support::{CLIENT, Harness, failure};

fn draw(data_length: i32) -> RequestPayload {
    RequestPayload::RNGRetrieve(Box::new(RNGRetrieveRequest { data_length }))
}

fn drawn(harness: &Harness, version: Version, length: i32) -> Vec<u8> {
    bytes(answer!(RNGRetrieve, harness.call(version, Operation::RNGRetrieve, draw(length))).data)
}

fn bytes(data: Data) -> Vec<u8> {
    match data {
        Data::Bytes(bytes) => bytes.expose_secret().to_vec(),
        other => panic!("bytes, not {other:?}"),
    }
}

fn seed(data: Data) -> RequestPayload {
    RequestPayload::RNGSeed(Box::new(RNGSeedRequest { data }))
}

#[test]
fn random_bytes_come_in_the_number_asked_for_and_never_twice() {
    let harness = Harness::new();
    for version in [V1_2, V1_4, V2_0, V2_1] {
        let first = drawn(&harness, version, 32);
        assert_eq!(first.len(), 32);
        assert_ne!(first, drawn(&harness, version, 32));
    }
    assert_eq!(drawn(&harness, V2_1, 0), []);
    assert_eq!(drawn(&harness, V2_1, 65_536).len(), 65_536);
}

#[test]
fn random_bytes_are_bounded_and_came_with_1_2() {
    let harness = Harness::new();
    for (version, length, reason) in [
        (V2_1, -1, ResultReason::InvalidField),
        (V2_1, 65_537, ResultReason::InvalidField),
        (V1_4, i32::MAX, ResultReason::InvalidField),
        (V1_1, 8, ResultReason::OperationNotSupported),
    ] {
        assert_eq!(failure(&harness.call(version, Operation::RNGRetrieve, draw(length))), reason, "{version} {length}");
    }
}

#[test]
fn a_failing_vault_is_a_cryptographic_failure() {
    let harness = Harness::new();
    drawn(&harness, V2_1, 8);
    harness.vault.fail_next(1);
    let item = harness.call(V2_1, Operation::RNGRetrieve, draw(8));
    assert_eq!(failure(&item), ResultReason::CryptographicFailure);
}

#[test]
fn no_byte_of_a_seed_is_used() {
    let harness = Harness::new();
    let item = harness.call(V1_4, Operation::RNGSeed, seed(Data::Bytes(Secret::copy_from(&[7; 32]))));
    assert_eq!(answer!(RNGSeed, item).data_length, 0);
}

#[test]
fn data_of_an_earlier_item_is_referred_to_by_operation_and_by_number() {
    let harness = Harness::new();
    let reference = |data| {
        let items = vec![(Operation::RNGRetrieve, draw(8)), (Operation::RNGSeed, seed(data))];
        harness.batch(V2_1, items).remove(1)
    };
    for known in [Data::Placeholder(DataEnumeration::RNGRetrieve), Data::Index(0), Data::Index(-1)] {
        assert_eq!(answer!(RNGSeed, reference(known)).data_length, 0);
    }
    for unknown in [Data::Placeholder(DataEnumeration::Encrypt), Data::Index(1), Data::Index(-2), Data::Index(i32::MIN)]
    {
        assert_eq!(failure(&reference(unknown)), ResultReason::InvalidField);
    }
}

/// The fields of an item that a response holds, as they are on the wire.
fn fields(value: &ItemValue, tag: Tag) -> Vec<&ItemValue> {
    match value {
        ItemValue::Structure(items) => items.iter().filter(|item| item.tag == tag).map(|item| &item.value).collect(),
        _ => Vec::new(),
    }
}

/// KMIP 2.1 §8.3: the Data of an ephemeral item is not returned, and later items can refer to it.
#[test]
fn ephemeral_data_is_left_out_and_can_be_referred_to() {
    let harness = Harness::new();
    let kind = |kind| Some(Ephemeral::Kind(kind));
    for (version, ephemeral, is_left_out) in [
        (V2_1, None, false),
        (V2_1, Some(Ephemeral::Flag(false)), false),
        (V2_1, Some(Ephemeral::Flag(true)), true),
        (V3_0, kind(EphemeralEnumeration::Data), true),
        (V3_0, kind(EphemeralEnumeration::Empty), true),
        (V3_0, kind(EphemeralEnumeration::UniqueIdentifier), false),
    ] {
        let reference = seed(Data::Placeholder(DataEnumeration::RNGRetrieve));
        let items = vec![(Operation::RNGRetrieve, draw(8)), (Operation::RNGSeed, reference)];
        let mut request = RequestMessage::continuing(version, items);
        if let Some(first) = request.batch_item.first_mut() {
            *first = RequestBatchItem { ephemeral, ..first.clone() };
        }
        let bytes = encode(Tag::RequestMessage, &request, version);
        let answer = harness.exchange_bytes(CLIENT, &bytes);
        let mut reader = TtlvReader::new(&answer, Limits::DEFAULT, Strictness::Strict);
        reader.set_version(version);
        assert_eq!(reader.next().unwrap(), Tag::ResponseMessage);
        let message = ItemValue::take(&mut reader).unwrap();
        let items = fields(&message, Tag::BatchItem);
        let payload = fields(items[0], Tag::ResponsePayload);
        assert_eq!(fields(payload[0], Tag::Data).is_empty(), is_left_out, "{version} {ephemeral:?}");
        for item in items {
            let success = ItemValue::Enumeration(ResultStatus::Success.0);
            assert_eq!(fields(item, Tag::ResultStatus), [&success], "{version} {ephemeral:?}");
        }
    }
    let mut request = RequestMessage::single(V3_0, Operation::RNGRetrieve, draw(8));
    request.batch_item[0].ephemeral = kind(EphemeralEnumeration(0x8000_0001));
    assert_eq!(failure(&harness.exchange(CLIENT, &request).batch_item[0]), ResultReason::InvalidField);
}
