//! Create (KMIP 1.4 §4.1, KMIP 2.1 §6.1.8): secret data, and what a request may say of what is made.

use kmip_codec::attribute::values::{RNGParameters, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::object::{KeyMaterial, KeyValue, ManagedObject};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::create_split_key::CreateSplitKeyRequest;
use kmip_codec::operation::rekey::ReKeyRequest;
use kmip_codec::registry::{
    CryptographicUsageMask, KeyFormatType, ObjectType, Operation, RNGAlgorithm, ResultReason, ResultStatus,
    SecretDataType, SplitKeyMethod,
};
use kmip_codec::version::{V1_4, V2_0, V2_1, V3_0};

use crate::answer;
use crate::requests::*;
use crate::support::{Harness, failure};

/// KMIP 2.1 §6.1.8: Create generates secret data, too; KMIP 1.4 §4.1 has symmetric keys alone.
#[test]
fn secret_data_is_generated() {
    let harness = Harness::new();
    let ask = |version, attributes: &[Attribute]| {
        let request = CreateRequest {
            object_type: ObjectType::SecretData,
            attributes: Some(attributes.iter().cloned().collect()),
            protection_storage_masks: None,
        };
        harness.call(version, Operation::Create, RequestPayload::Create(Box::new(request)))
    };
    let usage = mask(CryptographicUsageMask::DeriveKey);
    let mut seen = Vec::new();
    for version in [V2_0, V2_1, V3_0] {
        for (bits, length) in [(None, 32), (Some(128), 16), (Some(4_096), 512)] {
            let attributes: Vec<_> =
                [usage.clone()].into_iter().chain(bits.map(Attribute::CryptographicLength)).collect();
            let made = answer!(Create, ask(version, &attributes));
            assert_eq!(made.object_type, ObjectType::SecretData);
            let got = answer!(Get, harness.item(version, get(Some(made.unique_identifier.clone()))));
            let ManagedObject::SecretData(secret) = got.object else { panic!("secret data") };
            assert_eq!(secret.secret_data_type, SecretDataType::Seed);
            let Some(KeyValue::Plain(value)) = secret.key_block.key_value else { panic!("in the clear") };
            let KeyMaterial::Bytes(bytes) = value.key_material else { panic!("bytes") };
            assert_eq!(bytes.len(), length);
            assert!(!seen.contains(&bytes));
            seen.push(bytes);
            let told = harness.attributes_of(version, &id_of(made.unique_identifier));
            assert!(told.contains(&Attribute::CryptographicLength(i32::try_from(length * 8).unwrap())), "{told:?}");
        }
        for bits in [0, 7, 12, 4_104] {
            let wrong = ask(version, &[usage.clone(), Attribute::CryptographicLength(bits)]);
            assert_eq!(failure(&wrong), ResultReason::InvalidAttributeValue);
        }
    }
    assert_eq!(failure(&ask(V1_4, &[usage])), ResultReason::InvalidField);
    harness.verify().expect("a whole store");
}

/// KMIP 1.4 §3.44, KMIP 2.1 §4.46: one of the generators that are named makes the key, or none is made.
#[test]
fn a_generator_that_is_named_is_used_or_the_request_fails() {
    let harness = Harness::new();
    let generator = |rng_algorithm| {
        Attribute::RandomNumberGenerator(Box::new(RNGParameters {
            rng_algorithm,
            cryptographic_algorithm: None,
            cryptographic_length: None,
            hashing_algorithm: None,
            drbg_algorithm: None,
            recommended_curve: None,
            fips186_variation: None,
            prediction_resistance: None,
        }))
    };
    let (own, other) = (generator(RNGAlgorithm::Unspecified), generator(RNGAlgorithm::ANSIX9_31));
    for version in [V1_4, V2_1, V3_0] {
        for asked in [vec![own.clone()], vec![other.clone(), own.clone()]] {
            let made = answer!(Create, harness.item(version, create(&asked)));
            let told = harness.attributes_of(version, &id_of(made.unique_identifier));
            assert_eq!(
                told.iter().filter(|told| told.tag() == own.tag()).collect::<Vec<_>>(),
                [&own],
                "KMIP {version}"
            );
        }
        let refused = harness.item(version, create(std::slice::from_ref(&other)));
        assert_eq!(failure(&refused), ResultReason::FeatureNotSupported);
    }
    let made = answer!(Create, harness.item(V2_1, create(&[Attribute::Fresh(false)])));
    assert!(harness.attributes_of(V2_1, &id_of(made.unique_identifier)).contains(&Attribute::Fresh(true)));
}

/// KMIP 2.1 §4.26: the format that is asked for is given, or the request fails: what the server makes of bytes is Raw.
#[test]
fn what_is_made_is_raw_or_the_request_fails() {
    for version in [V2_0, V2_1, V3_0] {
        let harness = Harness::new();
        let id = harness.created(version, &[]);
        let asked = |format| Some(Bag::from_iter([Attribute::KeyFormatType(format)]));
        let rekey = |format| ReKeyRequest {
            unique_identifier: text(&id),
            offset: None,
            attributes: asked(format),
            protection_storage_masks: None,
        };
        let split = |format| CreateSplitKeyRequest {
            object_type: ObjectType::SplitKey,
            unique_identifier: Some(UniqueIdentifier::text(&id)),
            split_key_parts: 2,
            split_key_threshold: 2,
            split_key_method: SplitKeyMethod::XOR,
            prime_field_size: None,
            attributes: asked(format),
            protection_storage_masks: None,
        };
        let items = |format| {
            [
                create(&[Attribute::KeyFormatType(format)]),
                (Operation::ReKey, RequestPayload::ReKey(Box::new(rekey(format)))),
                (Operation::CreateSplitKey, RequestPayload::CreateSplitKey(Box::new(split(format)))),
            ]
        };
        for format in [KeyFormatType::Opaque, KeyFormatType::TransparentSymmetricKey] {
            for item in items(format) {
                let operation = item.0;
                let refused = harness.item(version, item);
                assert_eq!(failure(&refused), ResultReason::FeatureNotSupported, "KMIP {version}: {operation}");
            }
        }
        assert_eq!(harness.engine.object_count(), 1);
        for item in items(KeyFormatType::Raw) {
            assert_eq!(harness.item(version, item).result_status, ResultStatus::Success);
        }
    }
}
