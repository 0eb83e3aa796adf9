//! The counts of the uses of a key (KMIP 3.0 §4.13): what counts, who sees it, and what keeps it.

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{UniqueIdentifier, UsageLimits};
use kmip_codec::message::{RequestMessage, encode};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::export::{ExportRequest, ExportResponse};
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::operation::import::ImportRequest;
use kmip_codec::operation::locate::LocateRequest;
use kmip_codec::operation::obliterate::ObliterateRequest;
use kmip_codec::operation::set_attribute::SetAttributeRequest;
use kmip_codec::operation::sign::SignRequest;
use kmip_codec::operation::signature_verify::SignatureVerifyRequest;
use kmip_codec::registry::{
    BatchErrorContinuationOption, BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm,
    CryptographicUsageMask as Mask, HashingAlgorithm, Operation, ResultReason as Reason, RevocationReasonCode, Tag,
    UsageLimitsUnit,
};
use kmip_codec::version::{V1_4, V2_1, V3_0, Version};
use kmip_core::layout;
use kmip_core::ports::store::Store;

use crate::signatures::{Pair, p256};
use crate::support::*;

fn key(server: &Server) -> String {
    server.key(Algorithm::AES, &[7; 16], Mask::Encrypt | Mask::Decrypt)
}

fn ecb(id: &str) -> kmip_codec::operation::encrypt::EncryptRequest {
    let mut request = encrypt(id, &[0; 16]);
    request.cryptographic_parameters = boxed(|p| p.block_cipher_mode = Some(Mode::ECB));
    request
}

fn attributes(server: &Server, version: Version, id: &str) -> Vec<Attribute> {
    let request = GetAttributesRequest { unique_identifier: text(id), attribute_references: Vec::new() };
    let answer = ask!(server, version, GetAttributes, request).expect("attributes");
    answer.attributes.expect("attributes").items.into_iter().map(|instance| instance.attribute).collect()
}

/// Certify, Decrypt, Encrypt, Sign, Signature Verify.
fn counts(server: &Server, version: Version, id: &str) -> Vec<i64> {
    let count = |attribute| match attribute {
        Attribute::CertifyCounter(count)
        | Attribute::DecryptCounter(count)
        | Attribute::EncryptCounter(count)
        | Attribute::SignCounter(count)
        | Attribute::SignatureVerifyCounter(count) => Some(count),
        _ => None,
    };
    attributes(server, version, id).into_iter().filter_map(count).collect()
}

fn stored(server: &Server) -> usize {
    server.store.scan(layout::COUNTS, &layout::end_of(layout::COUNTS), 100).unwrap().entries.len()
}

#[test]
fn uses_count_from_the_answer_on_and_outlive_a_restart() {
    let server = Server::new();
    let id = key(&server);
    assert_eq!(counts(&server, V3_0, &id), [0; 5], "a new key has all five");
    for version in [V1_4, V2_1] {
        assert!(counts(&server, version, &id).is_empty(), "{version} has none");
    }
    let protected = bytes(ask!(server, V1_4, Encrypt, ecb(&id)).expect("encrypted").data);
    ask!(server, V3_0, Encrypt, ecb(&id)).expect("encrypted");
    let mut back = decrypt(&id, &protected);
    back.cryptographic_parameters = boxed(|p| p.block_cipher_mode = Some(Mode::ECB));
    ask!(server, V2_1, Decrypt, back).expect("decrypted");
    assert_eq!((counts(&server, V3_0, &id), stored(&server)), (vec![0, 1, 2, 0, 0], 0), "whether written or not");
    server.engine.write_uses();
    assert_eq!((counts(&server, V3_0, &id), stored(&server)), (vec![0, 1, 2, 0, 0], 1));
    ask!(server, V3_0, Encrypt, ecb(&id)).expect("encrypted");
    assert_eq!(counts(&server, V3_0, &id), [0, 1, 3, 0, 0]);
    server.engine.write_uses();
    let server = server.reopened();
    assert_eq!(counts(&server, V3_0, &id), [0, 1, 3, 0, 0]);
}

#[test]
fn signatures_and_what_verifies_them_count() {
    let server = Server::new();
    let Pair { private, public } = p256(&server);
    let sha256 = || boxed(|p| p.hashing_algorithm = Some(HashingAlgorithm::SHA_256));
    let request = SignRequest { cryptographic_parameters: sha256(), ..sign(&private, b"text") };
    let signature = ask!(server, V3_0, Sign, request).expect("signed").signature_data.unwrap();
    for content in [&b"text"[..], b"another", b"text"] {
        let request = verify(&public, content, signature.as_slice());
        let request = SignatureVerifyRequest { cryptographic_parameters: sha256(), ..request };
        ask!(server, V3_0, SignatureVerify, request).expect("an answer");
    }
    assert_eq!(counts(&server, V3_0, &private), [0, 0, 0, 1, 0]);
    assert_eq!(counts(&server, V3_0, &public), [0, 0, 0, 0, 3], "a signature that is not valid was verified, too");
}

#[test]
fn parts_are_one_use_which_the_last_of_them_is() {
    let server = Server::new();
    let id = key(&server);
    let opening = || {
        let mut first = ecb(&id);
        first.init_indicator = Some(true);
        ask!(server, V3_0, Encrypt, first).expect("opened").correlation_value
    };
    let (correlation, _unfinished) = (opening(), opening());
    for last in [false, false, true] {
        assert_eq!(counts(&server, V3_0, &id), [0; 5]);
        let mut later = encrypt(&id, &[0; 16]);
        later.correlation_value = correlation.clone();
        later.final_indicator = last.then_some(true);
        ask!(server, V3_0, Encrypt, later).expect("a part");
    }
    assert_eq!(counts(&server, V3_0, &id), [0, 0, 1, 0, 0]);
}

#[test]
fn what_fails_or_is_undone_is_no_use_and_what_a_batch_did_is_seen_in_it() {
    let server = Server::new();
    let id = key(&server);
    ask!(server, V3_0, Encrypt, encrypt(&id, &[0; 15])).expect_err("half a block");
    assert_eq!(counts(&server, V3_0, &id), [0; 5]);
    let use_it = || (Operation::Encrypt, RequestPayload::Encrypt(Box::new(ecb(&id))));
    let look = GetAttributesRequest { unique_identifier: text(&id), attribute_references: Vec::new() };
    let look = || (Operation::GetAttributes, RequestPayload::GetAttributes(Box::new(look.clone())));
    let fails = (Operation::Encrypt, RequestPayload::Encrypt(Box::new(encrypt("nothing", &[0; 16]))));
    let mut undone = RequestMessage::continuing(V3_0, vec![use_it(), fails]);
    undone.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    server.exchange("client", &encode(Tag::RequestMessage, &undone, V3_0), 0);
    assert_eq!(counts(&server, V3_0, &id), [0; 5]);
    let mut answers = server.batch("client", V3_0, vec![use_it(), use_it(), look()]);
    let seen = answer!(GetAttributes, answers.remove(2)).expect("attributes").attributes.expect("attributes");
    assert!(seen.attributes().any(|attribute| *attribute == Attribute::EncryptCounter(2)));
    assert_eq!(counts(&server, V3_0, &id), [0, 0, 2, 0, 0]);
}

/// A use that also takes from Usage Limits is committed, and counts once however often it is evaluated.
#[test]
fn a_use_that_conflicts_counts_once() {
    let server = Server::new();
    let limits =
        UsageLimits { usage_limits_total: 100, usage_limits_count: None, usage_limits_unit: UsageLimitsUnit::Object };
    let attributes = [active(Mask::Encrypt), vec![Attribute::UsageLimits(limits)]].concat();
    let id = server.register(symmetric(Algorithm::AES, &[7; 16]), attributes);
    let request =
        RequestMessage::continuing(V3_0, vec![(Operation::Encrypt, RequestPayload::Encrypt(Box::new(ecb(&id))))]);
    server.exchange("client", &encode(Tag::RequestMessage, &request, V3_0), 3);
    assert_eq!(counts(&server, V3_0, &id), [0, 0, 1, 0, 0]);
}

#[test]
fn locate_finds_by_counts() {
    let server = Server::new();
    let (used, unused) = (key(&server), key(&server));
    ask!(server, V3_0, Encrypt, ecb(&used)).expect("encrypted");
    let found = |criterion: Attribute| {
        let request = LocateRequest {
            maximum_items: None,
            offset_items: None,
            storage_status_mask: None,
            object_class_mask: None,
            object_group_member: None,
            attributes: Some([criterion].into_iter().collect()),
        };
        let found = ask!(server, V3_0, Locate, request).expect("an answer").unique_identifier;
        found.iter().map(|id| id.as_text().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(Attribute::EncryptCounter(1)), [used.as_str()]);
    assert!(found(Attribute::EncryptCounter(2)).is_empty());
    assert_eq!(found(Attribute::EncryptCounter(0)), [unused.as_str()]);
    assert_eq!(found(Attribute::DecryptCounter(0)), [unused, used]);
}

#[test]
fn clients_set_none() {
    let server = Server::new();
    let id = key(&server);
    let request = SetAttributeRequest {
        unique_identifier: text(&id),
        new_attribute: Some([Attribute::EncryptCounter(9)].into_iter().collect()),
    };
    refused(ask!(server, V3_0, SetAttribute, request), Reason::ReadOnlyAttribute, "set by a client");
}

fn export(server: &Server, id: &str) -> ExportResponse {
    let request = ExportRequest {
        unique_identifier: text(id),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    ask!(server, V3_0, Export, request).expect("exported")
}

/// What was exported, under another identifier and with another count.
fn import(exported: &ExportResponse, id: &str, replace: bool, encrypted: i64) -> ImportRequest {
    let mut attributes = exported.attributes.clone().expect("attributes");
    attributes.items.retain(|instance| !matches!(instance.attribute, Attribute::UniqueIdentifier(_)));
    for instance in &mut attributes.items {
        if let Attribute::EncryptCounter(count) = &mut instance.attribute {
            *count = encrypted;
        }
    }
    ImportRequest {
        unique_identifier: UniqueIdentifier::text(id),
        object_type: Some(exported.object_type),
        replace_existing: replace.then_some(true),
        key_wrap_type: None,
        attributes: Some(attributes),
        object: exported.object.clone(),
    }
}

fn item_of_import(request: ImportRequest) -> (Operation, RequestPayload) {
    (Operation::Import, RequestPayload::Import(Box::new(request)))
}

fn item_of_obliterate(id: &str) -> (Operation, RequestPayload) {
    let request = ObliterateRequest { unique_identifier: UniqueIdentifier::text(id) };
    (Operation::Obliterate, RequestPayload::Obliterate(Box::new(request)))
}

/// What begins anew under an identifier begins without the uses of what was there, written or not, in one batch or in two.
#[test]
fn what_takes_the_place_of_a_key_begins_anew() {
    let server = Server::new();
    let id =
        server.register(symmetric(Algorithm::AES, &[7; 16]), vec![Attribute::CryptographicUsageMask(Mask::Encrypt)]);
    let (exported, other) = (export(&server, &id), key(&server));
    let all = |items| server.batch("client", V3_0, items).iter().for_each(|item| assert_eq!(item.result_reason, None));
    for written in [false, true] {
        ask!(server, V3_0, Encrypt, ecb(&other)).expect("encrypted");
        if written {
            server.engine.write_uses();
        }
        all(vec![item_of_import(import(&exported, &other, true, 5))]);
        assert_eq!(counts(&server, V3_0, &other), [0, 0, 5, 0, 0]);
        server.engine.write_uses();
        assert_eq!(counts(&server, V3_0, &other), [0, 0, 5, 0, 0]);
        all(vec![item_of_obliterate(&other), item_of_import(import(&exported, &other, false, 0))]);
        assert_eq!((counts(&server, V3_0, &other), stored(&server)), (vec![0; 5], 0));
        all(vec![item_of_obliterate(&other)]);
        all(vec![item_of_import(import(&exported, &other, false, 9)), item_of_obliterate(&other)]);
        server.engine.write_uses();
        assert_eq!(stored(&server), 0, "no counts without a key");
        let active = vec![Attribute::ActivationDate(kmip_codec::value::DateTime(START - 10))];
        let mut request = import(&exported, &other, false, 0);
        request
            .attributes
            .as_mut()
            .unwrap()
            .items
            .extend(active.into_iter().map(|attribute| kmip_codec::attribute::Instance { index: None, attribute }));
        all(vec![item_of_import(request)]);
    }
}

/// Whoever moves a key to another server moves its counts; who replaces a key begins anew.
#[test]
fn exported_counts_are_imported_and_go_with_their_key() {
    let server = Server::new();
    let id = key(&server);
    ask!(server, V3_0, Encrypt, ecb(&id)).expect("encrypted");
    server.engine.write_uses();
    let exported = export(&server, &id);
    assert!(exported.attributes.as_ref().unwrap().attributes().any(|one| *one == Attribute::EncryptCounter(1)));
    let import = |id: &str, replace: bool, encrypted: i64| {
        ask!(server, V3_0, Import, import(&exported, id, replace, encrypted)).expect("imported");
    };
    let other = "11111111-2222-4333-8444-555555555555";
    import(other, false, 1);
    assert_eq!(counts(&server, V3_0, other), [0, 0, 1, 0, 0]);
    ask!(server, V3_0, Encrypt, ecb(other)).expect("encrypted");
    assert_eq!(counts(&server, V3_0, other), [0, 0, 2, 0, 0]);
    import(other, true, 0);
    server.engine.write_uses();
    assert_eq!(counts(&server, V3_0, other), [0; 5], "what is counted of a replaced key is gone");
    server.revoke(other, RevocationReasonCode::CessationOfOperation);
    let obliterate = ObliterateRequest { unique_identifier: UniqueIdentifier::text(other) };
    ask!(server, V3_0, Obliterate, obliterate).expect("obliterated");
    server.engine.write_uses();
    assert_eq!(stored(&server), 1, "the counts go with their key");
}
