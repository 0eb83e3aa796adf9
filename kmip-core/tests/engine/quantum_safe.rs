//! Quantum Safe (KMIP 2.1 §4.45): what is required to be so is refused where it cannot be.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};
use kmip_codec::attribute::{Attribute, AttributeReference, Bag};
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::object::{ManagedObject, PublicKey};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::delete_attribute::DeleteAttributeRequest;
use kmip_codec::operation::set_attribute::SetAttributeRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask, KeyFormatType, Operation, ProtectionLevel,
    ResultReason, Tag,
};
use kmip_codec::version::{V2_0, V2_1, Version};

use crate::answer;
use crate::requests::*;
use crate::support::{Harness, failure, success};

const SAFE: Attribute = Attribute::QuantumSafe(true);
const HIGH: Attribute = Attribute::ProtectionLevel(ProtectionLevel::High);
const LOW: Attribute = Attribute::ProtectionLevel(ProtectionLevel::Low);

fn key_of(algorithm: Algorithm, bits: i32, more: &[Attribute]) -> Item {
    let own = [
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(bits),
        mask(CryptographicUsageMask::Encrypt),
    ];
    create_with(own.into_iter().chain(more.iter().cloned()).collect::<Bag>())
}

#[test]
fn a_new_key_is_as_safe_as_its_length_and_level() {
    let harness = Harness::new();
    let made: [(Algorithm, i32, &[Attribute]); 8] = [
        (Algorithm::AES, 256, &[SAFE, HIGH]),
        (Algorithm::AES, 256, &[SAFE]),
        (Algorithm::AES, 128, &[SAFE, LOW]),
        (Algorithm::AES, 128, &[HIGH]),
        (Algorithm::AES, 128, &[Attribute::QuantumSafe(false), HIGH]),
        (Algorithm::ChaCha20, 256, &[SAFE, HIGH]),
        (Algorithm::HMAC_SHA256, 256, &[SAFE, HIGH]),
        (Algorithm::DES3, 168, &[]),
    ];
    let refused: [(Algorithm, i32, &[Attribute]); 5] = [
        (Algorithm::AES, 128, &[SAFE, HIGH]),
        (Algorithm::AES, 192, &[SAFE]),
        (Algorithm::HMAC_SHA256, 120, &[SAFE, LOW]),
        (Algorithm::DES3, 168, &[SAFE, LOW]),
        (Algorithm::HMAC_SHA1, 256, &[SAFE, HIGH]),
    ];
    for version in [V2_0, V2_1] {
        for (algorithm, bits, more) in made {
            success(harness.item(version, key_of(algorithm, bits, more)));
        }
        for (algorithm, bits, more) in refused {
            let item = harness.item(version, key_of(algorithm, bits, more));
            assert_eq!(failure(&item), ResultReason::GeneralFailure, "{algorithm} {bits} {more:?}");
        }
    }
}

#[test]
fn registered_keys_are_judged_by_what_they_are() {
    let harness = Harness::new();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("a pair");
    let spki = rsa.public_key().as_der().expect("a public key");
    let key_block = key_block(KeyFormatType::X_509, spki.as_ref(), None);
    let public = ManagedObject::PublicKey(Box::new(PublicKey { key_block }));
    let refused = [public.clone(), aes(&[7; 16])];
    for object in refused {
        assert_eq!(failure(&harness.item(V2_1, register(object, &[SAFE]))), ResultReason::GeneralFailure);
    }
    success(harness.item(V2_1, register(public, &[])));
    success(harness.item(V2_1, register(aes(&[7; 32]), &[SAFE])));
}

fn set(harness: &Harness, version: Version, id: &str, attribute: Attribute) -> ResponseBatchItem {
    let new_attribute = Some([attribute].into_iter().collect());
    let request = SetAttributeRequest { unique_identifier: text(id), new_attribute };
    harness.call(version, Operation::SetAttribute, RequestPayload::SetAttribute(Box::new(request)))
}

#[test]
fn a_key_does_not_become_what_it_is_not() {
    let harness = Harness::new();
    let short = id_of(answer!(Create, harness.item(V2_1, key_of(Algorithm::AES, 128, &[]))).unique_identifier);
    assert_eq!(failure(&set(&harness, V2_1, &short, SAFE)), ResultReason::GeneralFailure);
    success(set(&harness, V2_1, &short, Attribute::QuantumSafe(false)));
    success(set(&harness, V2_1, &short, LOW));
    success(set(&harness, V2_1, &short, SAFE));
    assert_eq!(failure(&set(&harness, V2_1, &short, HIGH)), ResultReason::GeneralFailure);
    let request = DeleteAttributeRequest {
        unique_identifier: text(&short),
        current_attribute: None,
        attribute_references: vec![AttributeReference::Tag(Tag::ProtectionLevel)],
        attribute_index: None,
    };
    let deleted = harness.call(V2_1, Operation::DeleteAttribute, RequestPayload::DeleteAttribute(Box::new(request)));
    assert_eq!(failure(&deleted), ResultReason::GeneralFailure, "no level is not a low one");
    let record = harness.record(&short);
    assert!(record.attributes.iter().any(|instance| instance.attribute == LOW), "a refused change leaves no trace");
    let long = harness.created(V2_1, &[]);
    for attribute in [SAFE, HIGH] {
        success(set(&harness, V2_1, &long, attribute));
    }
}
