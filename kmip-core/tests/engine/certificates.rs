//! The certificate authority: without one, Certify and Re-certify are not offered (KMIP 2.1 §6.1.40), and say why.

use kmip_codec::operation::certify::CertifyRequest;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::operation::recertify::ReCertifyRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{Operation, QueryFunction, ResultReason};
use kmip_codec::version::{V1_0, V1_4, V2_0, V2_1};
use kmip_core::ports::store::Store;
use kmip_core::testing::sim_vault::SimVault;

use crate::support::{Harness, failure, success};

const CERTIFY: CertifyRequest = CertifyRequest {
    unique_identifier: None,
    certificate_request_type: None,
    certificate_request: None,
    certificate_request_value: None,
    attributes: None,
    protection_storage_masks: None,
};

const RECERTIFY: ReCertifyRequest = ReCertifyRequest {
    unique_identifier: None,
    certificate_request_unique_identifier: None,
    certificate_request_type: None,
    certificate_request_value: None,
    certificate_request: None,
    offset: None,
    attributes: None,
    protection_storage_masks: None,
};

#[test]
fn without_an_authority_certify_is_neither_offered_nor_done() {
    let harness = Harness::new();
    for version in [V1_0, V1_4, V2_0, V2_1] {
        let query = QueryRequest { query_function: vec![QueryFunction::QueryOperations], object_groups: None };
        let answer = success(harness.call(version, Operation::Query, RequestPayload::Query(Box::new(query))));
        let ResponsePayload::Query(answer) = answer else { panic!("{answer:?}") };
        for operation in [Operation::Certify, Operation::ReCertify] {
            assert!(!answer.operation.contains(&operation), "{version} {operation}");
        }
        for (operation, payload) in [
            (Operation::Certify, RequestPayload::Certify(Box::new(CERTIFY))),
            (Operation::ReCertify, RequestPayload::ReCertify(Box::new(RECERTIFY))),
        ] {
            let refused = harness.call(version, operation, payload);
            assert_eq!(failure(&refused), ResultReason::OperationNotSupported);
            let why = refused.result_message.expect("a message");
            assert!(why.as_str().contains("kmip-cli ca init"), "{why:?}");
        }
    }
}

#[test]
fn an_authority_needs_a_name_a_kind_of_key_and_a_vault_that_signs() {
    let harness = Harness::with(Default::default(), SimVault::new(1));
    let make = |subject, kind| harness.engine.establish_authority(subject, kind, 1_000, harness.env());
    for (subject, kind, told) in [
        ("", "p256", "not a distinguished name"),
        ("machine", "p256", "not a distinguished name"),
        ("CN=Keys", "p17", "p256, p384"),
    ] {
        let refused = make(subject, kind).expect_err("it is not acceptable").to_string();
        assert!(refused.contains(told), "{refused}");
    }
    assert!(make("CN=Keys", "p256").is_err(), "the simulated vault signs nothing");
    let list = harness.engine.authority_revocation_list(harness.env()).expect_err("there is no authority").to_string();
    assert!(list.contains("kmip-cli ca init"), "{list}");
    assert!(harness.store.get(kmip_core::layout::AUTHORITY).expect("the store works").is_none());
}
