//! Usage Limits: every use that protects data takes from the count, and no use too many succeeds (KMIP 2.1 §4.59).

use kmip_codec::attribute::values::UsageLimits;
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::message::RequestMessage;
use kmip_codec::message::encode;
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::operation::modify_attribute::ModifyAttributeRequest;
use kmip_codec::registry::{
    BatchErrorContinuationOption, BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm,
    CryptographicUsageMask as Mask, Operation, ResultReason as Reason, Tag, UsageLimitsUnit as Unit,
};
use kmip_codec::version::{V1_4, V2_0, V2_1};
use kmip_core::ports::store::{Outcome, Store};

use crate::support::*;

fn limited(server: &Server, total: i64, unit: Unit) -> String {
    let mut attributes = active(Mask::Encrypt | Mask::Decrypt | Mask::MACGenerate | Mask::MACVerify);
    attributes.push(Attribute::UsageLimits(UsageLimits {
        usage_limits_total: total,
        usage_limits_count: None,
        usage_limits_unit: unit,
    }));
    attributes.push(attribute(|p| p.block_cipher_mode = Some(Mode::ECB)));
    server.register(symmetric(Algorithm::AES, &[1; 16]), attributes)
}

fn left(server: &Server, id: &str) -> i64 {
    let attribute_references = vec![AttributeReference::Tag(Tag::UsageLimits)];
    let request = GetAttributesRequest { unique_identifier: text(id), attribute_references };
    let found = ask!(server, V2_1, GetAttributes, request).expect("attributes").attributes.expect("some");
    match found.items.first().map(|instance| &instance.attribute) {
        Some(Attribute::UsageLimits(limits)) => limits.usage_limits_count.expect("a count"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn uses_are_counted_and_end() {
    let server = Server::new();
    let id = limited(&server, 3, Unit::Object);
    for count in [2, 1, 0] {
        ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 32])).expect("encrypted");
        assert_eq!(left(&server, &id), count);
    }
    for (version, reason) in
        [(V1_4, Reason::PermissionDenied), (V2_0, Reason::UsageLimitExceeded), (V2_1, Reason::UsageLimitExceeded)]
    {
        refused(ask!(server, version, Encrypt, encrypt(&id, &[0; 32])), reason, "one use too many");
        let mut request = mac(&id, b"data");
        request.cryptographic_parameters = boxed(|p| p.cryptographic_algorithm = Some(Algorithm::HMAC_SHA256));
        refused(ask!(server, version, MAC, request), reason, "one use too many");
    }
    ask!(server, V2_1, Decrypt, decrypt(&id, &[0; 16])).expect("processing is not limited");
    assert_eq!(left(&server, &id), 0);
}

#[test]
fn bytes_are_counted_and_end() {
    let server = Server::new();
    let id = limited(&server, 40, Unit::Byte);
    ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])).expect("encrypted");
    assert_eq!(left(&server, &id), 24);
    refused(ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 32])), Reason::UsageLimitExceeded, "more than is left");
    assert_eq!(left(&server, &id), 24, "a refused use takes nothing");
    ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])).expect("encrypted");
    assert_eq!(left(&server, &id), 8);
}

#[test]
fn a_use_that_fails_takes_nothing() {
    let server = Server::new();
    let id = limited(&server, 3, Unit::Object);
    refused(ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 15])), Reason::CryptographicFailure, "no whole block");
    assert_eq!(left(&server, &id), 3);
}

#[test]
fn no_use_too_many_succeeds_under_concurrency() {
    const TOTAL: i64 = 500;
    let server = Server::new();
    let id = limited(&server, TOTAL, Unit::Object);
    let succeeded = std::sync::atomic::AtomicI64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..64 {
            scope.spawn(|| {
                for _ in 0..10 {
                    match ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])) {
                        Ok(_) => drop(succeeded.fetch_add(1, std::sync::atomic::Ordering::Relaxed)),
                        Err(reason) => assert_eq!(reason, Reason::UsageLimitExceeded),
                    }
                }
            });
        }
    });
    assert_eq!(succeeded.into_inner(), TOTAL);
    assert_eq!(left(&server, &id), 0);
}

#[test]
fn the_count_survives_a_restart() {
    let server = Server::new();
    let id = limited(&server, 3, Unit::Object);
    ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])).expect("encrypted");
    let server = server.reopened();
    assert_eq!(left(&server, &id), 2);
    for _ in 0..2 {
        ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])).expect("encrypted");
    }
    refused(ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])), Reason::UsageLimitExceeded, "one use too many");
}

fn change(server: &Server, id: &str, total: i64) -> Result<(), Reason> {
    let limits = UsageLimits { usage_limits_total: total, usage_limits_count: None, usage_limits_unit: Unit::Object };
    let new_attribute = Some([Attribute::UsageLimits(limits)].into_iter().collect());
    let request = ModifyAttributeRequest { unique_identifier: text(id), current_attribute: None, new_attribute };
    ask!(server, V2_1, ModifyAttribute, request).map(drop)
}

#[test]
fn limits_change_until_the_first_use() {
    let server = Server::new();
    let id = limited(&server, 1, Unit::Object);
    change(&server, &id, 2).expect("not used yet");
    assert_eq!(left(&server, &id), 2);
    ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])).expect("encrypted");
    refused(change(&server, &id, 9), Reason::AttributeReadOnly, "used");
    ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])).expect("encrypted");
    refused(ask!(server, V2_1, Encrypt, encrypt(&id, &[0; 16])), Reason::UsageLimitExceeded, "one use too many");
}

#[test]
fn a_use_and_a_change_of_limits_that_meet_do_not_both_count() {
    let server = Server::new();
    let id = limited(&server, 1, Unit::Object);
    let used = server.pending(V2_1, Operation::Encrypt, RequestPayload::Encrypt(Box::new(encrypt(&id, &[0; 16]))));
    let limits = UsageLimits { usage_limits_total: 5, usage_limits_count: None, usage_limits_unit: Unit::Object };
    let new_attribute = Some([Attribute::UsageLimits(limits)].into_iter().collect());
    let request = ModifyAttributeRequest { unique_identifier: text(&id), current_attribute: None, new_attribute };
    let changed = server.pending(V2_1, Operation::ModifyAttribute, RequestPayload::ModifyAttribute(Box::new(request)));
    let outcomes = server.store.commit(&[used.batch().clone(), changed.batch().clone()]).unwrap();
    assert!(matches!(outcomes.as_slice(), [Outcome::Done(..), Outcome::Conflict(_)]), "{outcomes:?}");
    let outcomes = server.store.commit(&[changed.batch().clone(), used.batch().clone()]).unwrap();
    assert!(matches!(outcomes.as_slice(), [Outcome::Conflict(_), Outcome::Floor(_)]), "{outcomes:?}");
    assert_eq!(left(&server, &id), 0);
}

#[test]
fn uses_of_one_batch_are_counted_together_and_undone_ones_are_not() {
    let server = Server::new();
    let id = limited(&server, 3, Unit::Object);
    let use_it = || (Operation::Encrypt, RequestPayload::Encrypt(Box::new(encrypt(&id, &[0; 16]))));
    let answers = server.batch("client", V2_1, vec![use_it(), use_it(), use_it(), use_it()]);
    let reasons: Vec<Option<Reason>> = answers.into_iter().map(|item| item.result_reason).collect();
    assert_eq!(reasons, [None, None, None, Some(Reason::UsageLimitExceeded)]);
    let id = limited(&server, 3, Unit::Object);
    let wrong = (Operation::Encrypt, RequestPayload::Encrypt(Box::new(encrypt("nothing", &[0; 16]))));
    let good = (Operation::Encrypt, RequestPayload::Encrypt(Box::new(encrypt(&id, &[0; 16]))));
    let mut request = RequestMessage::continuing(V2_1, vec![good, wrong]);
    request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    let answers = server.exchange("client", &encode(Tag::RequestMessage, &request, V2_1), 0);
    assert_eq!(left(&server, &id), 3);
    assert_eq!(answers[0].response_payload, None, "what was made is given to nobody, where nothing is counted for it");
}
