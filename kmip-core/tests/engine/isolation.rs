//! Scopes: what belongs to another client looks as if it did not exist, in every operation (KMIP 1.4 §11, KMIP 2.1 §6).

use kmip_codec::attribute::values::{CryptographicParameters, Link, Name, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference, Bag};
use kmip_codec::message::{ResponseBatchItem, encode};
use kmip_codec::object::{EncryptionKeyInformation, KeyWrappingSpecification};
use kmip_codec::operation::RequestPayload as Payload;
use kmip_codec::operation::add_attribute::AddAttributeRequest;
use kmip_codec::operation::delete_attribute::DeleteAttributeRequest;
use kmip_codec::operation::modify_attribute::ModifyAttributeRequest;
use kmip_codec::operation::rekey::ReKeyRequest;
use kmip_codec::operation::rekey_key_pair::ReKeyKeyPairRequest;
use kmip_codec::operation::set_attribute::SetAttributeRequest;
use kmip_codec::registry::{
    CryptographicUsageMask, LinkType, Operation, ResultReason, RevocationReasonCode, Tag, WireEnum, WrappingMethod,
};
use kmip_codec::version::{V1_0, V1_4, V2_0, V2_1, Version};
use kmip_core::engine::SUPPORTED_VERSIONS;

use crate::answer;
use crate::requests::*;
use crate::support::{CLIENT, Harness, failure, success};

const STRANGER: &str = "stranger";

/// Every operation that names an object.
fn all_about(id: &str, version: Version) -> Vec<Item> {
    let bag = || Some([Attribute::ContactInformation("c".into())].into_iter().collect::<Bag>());
    let reference = || vec![AttributeReference::Tag(Tag::ContactInformation)];
    let add = AddAttributeRequest { unique_identifier: text(id), new_attribute: bag() };
    let modify = ModifyAttributeRequest { unique_identifier: text(id), current_attribute: None, new_attribute: bag() };
    let set = SetAttributeRequest { unique_identifier: text(id), new_attribute: bag() };
    let delete = DeleteAttributeRequest {
        unique_identifier: text(id),
        current_attribute: None,
        attribute_references: reference(),
        attribute_index: None,
    };
    let rekey =
        ReKeyRequest { unique_identifier: text(id), offset: None, attributes: None, protection_storage_masks: None };
    let rekey_pair = ReKeyKeyPairRequest {
        unique_identifier: None,
        private_key_unique_identifier: text(id),
        offset: None,
        common_attributes: None,
        private_key_attributes: None,
        public_key_attributes: None,
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let mut wrapped = get_request(text(id));
    wrapped.key_wrapping_specification = Some(Box::new(wrap_under(id)));
    let all = vec![
        get(text(id)),
        (Operation::Get, Payload::Get(Box::new(wrapped))),
        get_attributes(text(id)),
        get_attribute_list(text(id)),
        activate(text(id)),
        revoke(text(id), RevocationReasonCode::KeyCompromise),
        destroy(text(id)),
        check(text(id), CryptographicUsageMask::Encrypt),
        locate(&[Attribute::UniqueIdentifier(UniqueIdentifier::text(id))]),
        (Operation::AddAttribute, Payload::AddAttribute(Box::new(add))),
        (Operation::ModifyAttribute, Payload::ModifyAttribute(Box::new(modify))),
        (Operation::SetAttribute, Payload::SetAttribute(Box::new(set))),
        (Operation::DeleteAttribute, Payload::DeleteAttribute(Box::new(delete))),
        (Operation::ReKey, Payload::ReKey(Box::new(rekey))),
        (Operation::ReKeyKeyPair, Payload::ReKeyKeyPair(Box::new(rekey_pair))),
    ];
    all.into_iter().filter(|(operation, _)| Operation::TABLE.is_live(operation.0, version)).collect()
}

fn wrap_under(id: &str) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: UniqueIdentifier::text(id),
            cryptographic_parameters: None::<CryptographicParameters>,
        }),
        mac_signature_key_information: None,
        attribute_references: Vec::new(),
        encoding_option: None,
    }
}

/// The bytes of an answer, with the identifier blotted out.
fn bytes(item: &ResponseBatchItem, id: &str, version: Version) -> Vec<u8> {
    let bytes = encode(Tag::BatchItem, item, version).to_vec();
    let mut out = bytes.clone();
    for at in 0..bytes.len().saturating_sub(id.len()) {
        if bytes[at..].starts_with(id.as_bytes()) {
            out[at..at + id.len()].fill(b'#');
        }
    }
    out
}

/// Every operation, in every version: another client's object and no object give the same bytes.
#[test]
fn a_foreign_object_answers_as_none_does() {
    let harness = Harness::new();
    let foreign = harness.created(V2_1, &[name("n"), Attribute::ContactInformation("c".into())]);
    let destroyed = harness.created(V2_1, &[]);
    success(harness.item(V2_1, destroy(text(&destroyed))));
    let none = "123e4567-e89b-42d3-a456-426614174000";
    for version in SUPPORTED_VERSIONS {
        for id in [&foreign, &destroyed] {
            for ((operation, about), (_, about_none)) in
                all_about(id, version).into_iter().zip(all_about(none, version))
            {
                let seen = harness.call_as(STRANGER, version, operation, about);
                let unseen = harness.call_as(STRANGER, version, operation, about_none);
                assert_eq!(bytes(&seen, id, version), bytes(&unseen, none, version), "{operation:?} in KMIP {version}");
            }
        }
    }
    assert_eq!(harness.record(&foreign).date(Tag::LastChangeDate).unwrap().0, harness.now());
    answer!(Get, harness.item(V2_1, get(text(&foreign))));
}

/// The owner of an object gets answers from the same operations: the test above compares more than refusals.
#[test]
fn the_owner_gets_other_answers_than_a_stranger() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[Attribute::ContactInformation("c".into())]);
    let (operation, payload) = get(text(&id));
    assert_eq!(failure(&harness.call_as(STRANGER, V2_1, operation, payload)), ResultReason::ObjectNotFound);
    success(harness.item(V2_1, get(text(&id))));
}

/// Names are unique within a scope only: a clash would tell that the other object exists (KMIP 1.4 §3.2).
#[test]
fn names_of_two_scopes_do_not_clash() {
    let harness = Harness::new();
    let own = harness.created(V2_1, &[name("disk")]);
    let (operation, payload) = create(&[name("disk")]);
    let theirs = answer!(Create, harness.call_as(STRANGER, V2_1, operation, payload)).unique_identifier;
    assert_eq!(failure(&harness.item(V2_1, create(&[name("disk")]))), ResultReason::NonUniqueNameAttribute);
    assert_eq!(harness.found(V2_1, locate_request(&[name("disk")])), [own]);
    let (operation, payload) = locate(&[]);
    let found = answer!(Locate, harness.call_as(STRANGER, V2_1, operation, payload));
    assert_eq!((found.located_items, found.unique_identifier), (Some(1), vec![theirs]));
}

/// A certificate that is named like a scope is not in it: only enrolling says where a client belongs.
#[test]
fn the_name_of_a_scope_lets_nobody_in() {
    let harness = Harness::new();
    harness.engine.enroll("node-1", Some("array")).unwrap();
    let ask = |client| {
        let (operation, payload) = locate(&[]);
        harness.call_as(client, V2_1, operation, payload)
    };
    success(ask("node-1"));
    assert_eq!(failure(&ask("array")), ResultReason::AuthenticationNotSuccessful);
    harness.engine.enroll("array", None).unwrap();
    success(ask("array"));
}

/// Clients of one scope share its objects.
#[test]
fn clients_of_one_scope_see_the_same() {
    let harness = Harness::new();
    for node in ["node-1", "node-2"] {
        harness.engine.enroll(node, Some("array")).unwrap();
    }
    let (operation, payload) = create(&[]);
    let id = answer!(Create, harness.call_as("node-1", V2_1, operation, payload)).unique_identifier;
    let (operation, payload) = get(Some(id));
    success(harness.call_as("node-2", V2_1, operation, payload.clone()));
    assert_eq!(failure(&harness.call_as("node-3", V2_1, operation, payload)), ResultReason::ObjectNotFound);
}

/// A template of another scope does not exist (KMIP 1.4 §4.1).
#[test]
fn a_foreign_template_does_not_exist() {
    let harness = Harness::new();
    let template = crate::registration::template(&[Attribute::CryptographicLength(256)]);
    harness.registered(V1_0, template, &[name("policy")]);
    let use_it = |of: &str| {
        let mut bag: Bag = [].into_iter().collect();
        bag.templates = vec![Name::text(of)];
        let (operation, payload) = create_with(bag);
        harness.call_as(STRANGER, V1_0, operation, payload)
    };
    let (foreign, none) = (use_it("policy"), use_it("absent"));
    assert_eq!(failure(&foreign), ResultReason::ItemNotFound);
    assert_eq!(failure(&foreign), failure(&none));
}

/// A link may point anywhere; it neither tells nor gives anything of the target's scope.
#[test]
fn a_link_to_a_foreign_object_is_a_link_to_none() {
    let harness = Harness::new();
    let foreign = harness.created(V2_1, &[]);
    let made = |target: &str| {
        let linked_object_identifier = UniqueIdentifier::text(target);
        let (operation, payload) =
            create(&[Attribute::Link(Link { link_type: LinkType::ParentLink, linked_object_identifier })]);
        harness.call_as(STRANGER, V2_0, operation, payload).result_status
    };
    assert_eq!(made(&foreign), made("no such object"));
}

/// A wrapping key of another scope does not exist (KMIP 2.1 §6.1.19).
#[test]
fn a_foreign_wrapping_key_does_not_exist() {
    let harness = Harness::new();
    let foreign = harness.created(V2_1, &[mask(CryptographicUsageMask::WrapKey)]);
    let (operation, payload) = create(&[]);
    let own = id_of(answer!(Create, harness.call_as(STRANGER, V2_1, operation, payload)).unique_identifier);
    for (version, reason) in [(V1_4, ResultReason::ItemNotFound), (V2_1, ResultReason::WrappingObjectNotFound)] {
        let wrapped = |under: &str| {
            let mut request = get_request(text(&own));
            request.key_wrapping_specification = Some(Box::new(wrap_under(under)));
            harness.call_as(STRANGER, version, Operation::Get, Payload::Get(Box::new(request)))
        };
        assert_eq!(failure(&wrapped(&foreign)), reason);
        assert_eq!(failure(&wrapped("123e4567-e89b-42d3-a456-426614174000")), reason);
    }
}

/// Identifiers that are no identifiers find nothing and break nothing.
#[test]
fn odd_identifiers_find_nothing() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    let odd = [
        String::new(),
        "\0".into(),
        format!("{CLIENT}\0{id}"),
        format!("{id}\0"),
        "ü".repeat(3_000),
        id.to_uppercase(),
    ];
    for odd in odd.iter().filter(|odd| **odd != id) {
        assert_eq!(failure(&harness.item(V2_1, get(text(odd)))), ResultReason::ObjectNotFound, "{odd:?}");
    }
}
