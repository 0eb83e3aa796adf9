//! Cryptographic operations that need no key, by real messages. Those with keys are tested over the software vault.

mod support;

use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::encrypt::Data;
use kmip_codec::operation::rng_retrieve::RNGRetrieveRequest;
use kmip_codec::operation::rng_seed::RNGSeedRequest;
use kmip_codec::registry::{DataEnumeration, Operation, ResultReason};
use kmip_codec::secret::Secret;
use kmip_codec::version::{V1_1, V1_2, V1_4, V2_0, V2_1, Version};
use support::{Harness, failure};

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
