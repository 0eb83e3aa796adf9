//! KMIP 3.0 beside the others: what one version stores, every other sees in its own way; the operations that only 3.0 has.

use kmip_codec::attribute::values::{Link, Name, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::message::{RequestMessage, encode};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::add_attribute::AddAttributeRequest;
use kmip_codec::operation::deactivate::DeactivateRequest;
use kmip_codec::operation::delete_attribute::DeleteAttributeRequest;
use kmip_codec::operation::modify_attribute::ModifyAttributeRequest;
use kmip_codec::operation::obliterate::ObliterateRequest;
use kmip_codec::operation::ping::PingRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::registry::{
    CryptographicUsageMask, DeactivationReasonCode, LinkType, NameType, ObjectClass, ObjectClassMask, Operation,
    ResultReason, RevocationReasonCode, State, StorageStatusMask, Tag, UsageLimitsUnit,
};
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_2, V1_4, V2_0, V2_1, V3_0, Version};
use kmip_core::engine::{Evaluation, SUPPORTED_VERSIONS};
use kmip_core::layout;
use kmip_core::ports::store::{Adjust, Batch, Store};
use kmip_core::testing::store::MemoryStore;

use crate::answer;
use crate::requests::*;
use crate::support::{CLIENT, Harness, START, failure, success};

fn link(to: UniqueIdentifier) -> Attribute {
    Attribute::Link(Link { link_type: LinkType::NextLink, linked_object_identifier: to })
}

fn add(id: &str, attribute: Attribute) -> Item {
    let new_attribute = Some([attribute].into_iter().collect());
    let request = AddAttributeRequest { unique_identifier: text(id), new_attribute };
    (Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(request)))
}

fn delete(id: &str, tag: Tag) -> Item {
    let request = DeleteAttributeRequest {
        unique_identifier: text(id),
        current_attribute: None,
        attribute_references: vec![AttributeReference::Tag(tag)],
        attribute_index: None,
    };
    (Operation::DeleteAttribute, RequestPayload::DeleteAttribute(Box::new(request)))
}

fn links(harness: &Harness, version: Version, id: &str) -> Vec<(LinkType, String)> {
    let found = harness.attributes_of(version, id).into_iter().filter_map(|attribute| match attribute {
        Attribute::Link(link) => Some((link.link_type, id_of(link.linked_object_identifier))),
        _ => None,
    });
    found.collect()
}

/// Versions that have Next Link.
fn with_next_link() -> impl Iterator<Item = Version> {
    SUPPORTED_VERSIONS.into_iter().filter(|version| *version >= V1_2)
}

// Messages -----------------------------------------------------------------------------------------------------------

/// The published messages of 3.0 carry no Batch Count and no Unique Batch Item ID: none is demanded, and none is answered.
#[test]
fn messages_of_3_0_count_no_items() {
    let harness = Harness::new();
    let request = RequestMessage::continuing(V3_0, vec![create(&[]), create(&[])]);
    let bytes = encode(Tag::RequestMessage, &request, V3_0);
    let holds = |bytes: &[u8], tag: [u8; 3]| bytes.windows(3).any(|window| window == tag);
    let reply = harness.exchange_bytes(CLIENT, &bytes);
    for tag in [[0x42, 0, 0x0D], [0x42, 0, 0x93]] {
        assert!(!holds(&bytes, tag) && !holds(&reply, tag), "{tag:x?}");
    }
    assert_eq!(harness.exchange(CLIENT, &request).batch_item.into_iter().map(success).count(), 2);
}

/// An identifier is given as such, as a reference to it, by name, by position or by what an operation gave.
#[test]
fn identifiers_of_every_form_name_an_object() {
    use kmip_codec::registry::UniqueIdentifierEnumeration as Form;
    let harness = Harness::new();
    let id = harness.created(V2_1, &[name("by name")]);
    let forms = [UniqueIdentifier::text(&id), UniqueIdentifier::Reference(id.as_str().into())];
    for form in forms.into_iter().chain([UniqueIdentifier::NameReference("by name".into())]) {
        let got = answer!(Get, harness.item(V3_0, get(Some(form.clone()))));
        assert_eq!(got.unique_identifier, UniqueIdentifier::text(&id), "{form:?}");
    }
    for form in [UniqueIdentifier::Placeholder(Form::Create), UniqueIdentifier::Index(0), UniqueIdentifier::Index(-1)] {
        let mut items = harness.batch(V3_0, vec![create(&[]), get(Some(form.clone()))]).into_iter();
        let made = answer!(Create, items.next().unwrap()).unique_identifier;
        assert_eq!(answer!(Get, items.next().unwrap()).unique_identifier, made, "{form:?}");
    }
    let unknown = UniqueIdentifier::NameReference("nobody's".into());
    assert_eq!(failure(&harness.item(V3_0, get(Some(unknown)))), ResultReason::ObjectNotFound);
}

/// Another scope's names lead nowhere.
#[test]
fn names_are_references_in_their_scope_only() {
    let harness = Harness::new();
    harness.created(V3_0, &[name("mine")]);
    let (operation, payload) = get(Some(UniqueIdentifier::NameReference("mine".into())));
    let item = harness.call_as("another", V3_0, operation, payload);
    assert_eq!(failure(&item), ResultReason::ObjectNotFound);
}

// Views --------------------------------------------------------------------------------------------------------------

/// A Link of 1.x and 2.x is a link of its own tag in 3.0, and the other way round.
#[test]
fn links_are_the_same_in_every_version() {
    let harness = Harness::new();
    let target = harness.created(V2_1, &[]);
    for stored_by in with_next_link() {
        let id = harness.created(stored_by, &[link(UniqueIdentifier::text(&target))]);
        for version in with_next_link() {
            assert_eq!(links(&harness, version, &id), [(LinkType::NextLink, target.clone())], "{stored_by} {version}");
            let found = harness.found(version, locate_request(&[link(UniqueIdentifier::text(&target))]));
            assert!(found.contains(&id), "{stored_by} {version}");
        }
        let list = answer!(GetAttributeList, harness.item(V3_0, get_attribute_list(text(&id)))).attribute_references;
        assert!(list.contains(&AttributeReference::Tag(Tag::NextLink)), "{stored_by}");
        assert!(!list.contains(&AttributeReference::Tag(Tag::Link)), "{stored_by}");
    }
}

/// In 3.0 each type of link is an attribute of its own, with one instance; other types and their indexes stay as they are.
#[test]
fn links_of_3_0_change_one_by_one() {
    let harness = Harness::new();
    let parent = Attribute::Link(Link {
        link_type: LinkType::ParentLink,
        linked_object_identifier: UniqueIdentifier::text("parent"),
    });
    let id = harness.created(V1_4, &[parent]);
    success(harness.item(V3_0, add(&id, link(UniqueIdentifier::text("next")))));
    let again = harness.item(V3_0, add(&id, link(UniqueIdentifier::text("other"))));
    assert_eq!(failure(&again), ResultReason::AttributeSingleValued);
    let both = [(LinkType::ParentLink, "parent".to_owned()), (LinkType::NextLink, "next".to_owned())];
    assert_eq!(links(&harness, V1_4, &id), both);
    let indexes = harness.record(&id).attributes.into_iter().filter(|i| matches!(i.attribute, Attribute::Link(_)));
    assert_eq!(indexes.map(|instance| instance.index).collect::<Vec<_>>(), [Some(0), Some(1)]);
    success(harness.item(V3_0, delete(&id, Tag::ParentLink)));
    assert_eq!(links(&harness, V2_1, &id), [(LinkType::NextLink, "next".to_owned())]);
    assert_eq!(failure(&harness.item(V3_0, delete(&id, Tag::Link))), ResultReason::InvalidAttribute);
}

/// Links that came with 3.0 do not exist for clients of earlier versions.
#[test]
fn links_that_only_3_0_has_stay_there() {
    let harness = Harness::new();
    let credential = Attribute::LinkByTag(Tag::CredentialLink, UniqueIdentifier::text("someone"));
    let id = harness.created(V3_0, std::slice::from_ref(&credential));
    let shown = |version| harness.attributes_of(version, &id).iter().any(|one| one.tag() == Tag::CredentialLink);
    assert!(shown(V3_0));
    assert!(!shown(V2_1) && !shown(V1_4));
    assert_eq!(harness.found(V3_0, locate_request(&[credential])), [id]);
}

/// A group that 3.0 names is an Object Group of earlier versions.
#[test]
fn groups_by_name_are_object_groups() {
    let harness = Harness::new();
    let group = Attribute::ObjectGroup("tapes".into());
    let old = harness.created(V2_1, std::slice::from_ref(&group));
    let new = harness.created(V3_0, std::slice::from_ref(&group));
    for version in SUPPORTED_VERSIONS {
        for id in [&old, &new] {
            assert!(harness.attributes_of(version, id).contains(&group), "{version}");
        }
        let mut found = harness.found(version, locate_request(std::slice::from_ref(&group)));
        found.sort();
        let mut both = [old.clone(), new.clone()];
        both.sort();
        assert_eq!(found, both, "{version}");
    }
}

/// A replacement is a member of the groups of what it replaces; other links of 3.0 are about one object.
#[test]
fn a_replacement_stays_in_its_groups() {
    let harness = Harness::new();
    let link = |tag, to: &str| Attribute::LinkByTag(tag, UniqueIdentifier::text(to));
    let by_name = Attribute::ObjectGroup("by name".into());
    let (group, credential) = (link(Tag::GroupLink, "group"), link(Tag::CredentialLink, "credential"));
    let id = harness.created(V3_0, &[group, credential.clone()]);
    let named = harness.created(V3_0, std::slice::from_ref(&by_name));
    let replacement = |id: &str| {
        let request = kmip_codec::operation::rekey::ReKeyRequest {
            unique_identifier: text(id),
            offset: None,
            attributes: None,
            protection_storage_masks: None,
        };
        let answer = harness.item(V3_0, (Operation::ReKey, RequestPayload::ReKey(Box::new(request))));
        harness.attributes_of(V3_0, &id_of(answer!(ReKey, answer).unique_identifier))
    };
    assert!(replacement(&named).contains(&by_name));
    let new = replacement(&id);
    assert!(new.iter().all(|one| one.tag() != credential.tag()));
    assert!(
        new.iter().any(|one| matches!(one, Attribute::LinkByTag(Tag::GroupLink, to) if to.as_text() == Some("group")))
    );
}

/// A name is a text in 3.0; the type that an earlier version gave it stays.
#[test]
fn names_are_texts_in_3_0() {
    let harness = Harness::new();
    let uri = |value: &str| Attribute::Name(Name { value: value.into(), kind: NameType::URI });
    let id = harness.created(V2_1, &[uri("urn:one")]);
    assert!(harness.attributes_of(V3_0, &id).contains(&name("urn:one")));
    assert_eq!(harness.found(V3_0, locate_request(&[name("urn:one")])), std::slice::from_ref(&id));
    assert!(harness.found(V2_1, locate_request(&[name("urn:one")])).is_empty(), "another Name Type");
    let request = ModifyAttributeRequest {
        unique_identifier: text(&id),
        current_attribute: Some([name("urn:one")].into_iter().collect()),
        new_attribute: Some([name("urn:two")].into_iter().collect()),
    };
    success(harness.item(V3_0, (Operation::ModifyAttribute, RequestPayload::ModifyAttribute(Box::new(request)))));
    assert!(harness.attributes_of(V2_1, &id).contains(&uri("urn:two")));
}

/// What a client keeps is of the class User, unless it says System; Object Class Mask chooses among them.
#[test]
fn objects_have_a_class() {
    let harness = Harness::new();
    let user = harness.created(V1_4, &[]);
    let system = harness.created(V3_0, &[Attribute::ObjectClass(ObjectClass::System)]);
    assert!(harness.attributes_of(V3_0, &user).contains(&Attribute::ObjectClass(ObjectClass::User)));
    assert!(harness.attributes_of(V3_0, &system).contains(&Attribute::ObjectClass(ObjectClass::System)));
    assert!(harness.attributes_of(V2_1, &system).iter().all(|one| one.tag() != Tag::ObjectClass));
    let by_class = |class| harness.found(V3_0, locate_request(&[Attribute::ObjectClass(class)]));
    assert_eq!(by_class(ObjectClass::User), [user]);
    assert_eq!(by_class(ObjectClass::System), [system]);
    let by_mask = |mask| {
        let mut request = locate_request(&[]);
        request.object_class_mask = mask;
        harness.found(V3_0, request).len()
    };
    assert_eq!(by_mask(None), 2);
    assert_eq!(by_mask(Some(ObjectClassMask::User)), 1);
    assert_eq!(by_mask(Some(ObjectClassMask::System)), 1);
    assert_eq!(by_mask(Some(ObjectClassMask::User | ObjectClassMask::System)), 2);
}

/// KMIP 3.0 §4.26, §4.61: Sensitive only rises, Extractable only falls; 2.1 lets them go both ways.
#[test]
fn protection_of_3_0_goes_one_way() {
    let harness = Harness::new();
    let id = harness.created(V3_0, &[Attribute::Sensitive(true)]);
    let modify = |version, attribute: Attribute| {
        let request = ModifyAttributeRequest {
            unique_identifier: text(&id),
            current_attribute: None,
            new_attribute: Some([attribute].into_iter().collect()),
        };
        harness.item(version, (Operation::ModifyAttribute, RequestPayload::ModifyAttribute(Box::new(request))))
    };
    assert_eq!(failure(&modify(V3_0, Attribute::Sensitive(false))), ResultReason::AttributeReadOnly);
    success(modify(V2_1, Attribute::Sensitive(false)));
    success(modify(V3_0, Attribute::Sensitive(true)));
    success(modify(V3_0, Attribute::Extractable(false)));
    assert_eq!(failure(&modify(V3_0, Attribute::Extractable(true))), ResultReason::AttributeReadOnly);
}

// Operations ---------------------------------------------------------------------------------------------------------

#[test]
fn ping_is_answered_since_2_1() {
    let harness = Harness::new();
    let ping = || (Operation::Ping, RequestPayload::Ping(Box::new(PingRequest {})));
    for version in SUPPORTED_VERSIONS {
        let item = harness.item(version, ping());
        if version >= V2_1 {
            answer!(Ping, item);
        } else {
            assert_eq!(failure(&item), ResultReason::OperationNotSupported, "{version}");
        }
    }
}

fn deactivate(id: &str, code: Option<DeactivationReasonCode>, date: Option<i64>) -> Item {
    let request = DeactivateRequest {
        unique_identifier: UniqueIdentifier::text(id),
        deactivation_reason: code.map(|deactivation_reason_code| kmip_codec::attribute::values::DeactivationReason {
            deactivation_reason_code,
            deactivation_message: Some("worn out".into()),
        }),
        deactivation_date: date.map(DateTime),
    };
    (Operation::Deactivate, RequestPayload::Deactivate(Box::new(request)))
}

fn state_of(harness: &Harness, id: &str) -> State {
    let mut states = harness.attributes_of(V3_0, id).into_iter().filter_map(|one| match one {
        Attribute::State(state) => Some(state),
        _ => None,
    });
    states.next().expect("a state")
}

#[test]
fn deactivate_ends_the_use_of_an_active_object() {
    let harness = Harness::new();
    let active = || harness.created(V3_0, &[Attribute::ActivationDate(DateTime(START))]);
    let (now, later) = (active(), active());
    success(harness.item(V3_0, deactivate(&now, Some(DeactivationReasonCode::UsageLimit), None)));
    assert_eq!(state_of(&harness, &now), State::Deactivated);
    let shown = harness.attributes_of(V3_0, &now);
    assert!(shown.contains(&Attribute::DeactivationDate(DateTime(START))));
    let reason = shown.iter().find_map(|one| match one {
        Attribute::DeactivationReason(reason) => Some(reason.deactivation_reason_code),
        _ => None,
    });
    assert_eq!(reason, Some(DeactivationReasonCode::UsageLimit));
    assert!(harness.attributes_of(V2_1, &now).iter().all(|one| one.tag() != Tag::DeactivationReason));
    success(harness.item(V3_0, deactivate(&later, None, Some(START + 10))));
    assert_eq!(state_of(&harness, &later), State::Active);
    harness.advance(10);
    assert_eq!(state_of(&harness, &later), State::Deactivated);
}

#[test]
fn deactivate_says_why_it_fails() {
    let harness = Harness::new();
    let fails = |id: &str, code, date| failure(&harness.item(V3_0, deactivate(id, code, date)));
    assert_eq!(fails("none", None, None), ResultReason::ObjectNotFound);
    let idle = harness.created(V3_0, &[]);
    assert_eq!(fails(&idle, None, None), ResultReason::WrongKeyLifecycleState);
    success(harness.item(V3_0, deactivate(&idle, None, Some(START + 5))));
    let active = harness.created(V3_0, &[Attribute::ActivationDate(DateTime(START - 5))]);
    assert_eq!(fails(&active, Some(DeactivationReasonCode(0x77)), None), ResultReason::InvalidField);
    assert_eq!(fails(&active, None, Some(START - 6)), ResultReason::InvalidField);
    assert_eq!(state_of(&harness, &active), State::Active, "a failure changes nothing");
    success(harness.item(V3_0, revoke(text(&active), RevocationReasonCode::KeyCompromise)));
    assert_eq!(fails(&active, None, None), ResultReason::WrongKeyLifecycleState);
    let old = harness.item(V2_1, deactivate(&idle, None, None));
    assert_eq!(failure(&old), ResultReason::OperationNotSupported);
}

/// From 3.0 Revocation Reason may be left out: it is Unspecified.
#[test]
fn revoke_needs_a_reason_before_3_0() {
    let harness = Harness::new();
    let id = harness.created(V3_0, &[Attribute::ActivationDate(DateTime(START))]);
    let bare = || {
        let request =
            RevokeRequest { unique_identifier: text(&id), revocation_reason: None, compromise_occurrence_date: None };
        (Operation::Revoke, RequestPayload::Revoke(Box::new(request)))
    };
    assert_eq!(failure(&harness.item(V2_1, bare())), ResultReason::InvalidMessage);
    success(harness.item(V3_0, bare()));
    assert_eq!(state_of(&harness, &id), State::Deactivated);
}

fn obliterate(id: &str) -> Item {
    let request = ObliterateRequest { unique_identifier: UniqueIdentifier::text(id) };
    (Operation::Obliterate, RequestPayload::Obliterate(Box::new(request)))
}

/// What the store holds under any key, but for the keys of scopes.
fn left(store: &MemoryStore) -> usize {
    let page = store.scan(b"", b"\xFF", 1_000).expect("the store works");
    page.entries.iter().filter(|(key, _)| !key.starts_with(b"k/")).count()
}

/// Nothing stays: not the object, not its name, not the count of its uses.
#[test]
fn obliterate_leaves_nothing() {
    let harness = Harness::new();
    let limits = Attribute::UsageLimits(kmip_codec::attribute::values::UsageLimits {
        usage_limits_total: 100,
        usage_limits_count: None,
        usage_limits_unit: UsageLimitsUnit::Object,
    });
    let id = harness.created(V3_0, &[name("gone"), limits, Attribute::ActivationDate(DateTime(START))]);
    let used = Adjust { key: layout::uses(CLIENT, &id), delta: -1, floor: -100 };
    harness.store.commit(&[Batch { adjusts: vec![used], ..Batch::default() }]).expect("the store works");
    assert_eq!(failure(&harness.item(V3_0, obliterate(&id))), ResultReason::WrongKeyLifecycleState);
    success(harness.item(V3_0, revoke(text(&id), RevocationReasonCode::CessationOfOperation)));
    success(harness.item(V3_0, obliterate(&id)));
    assert_eq!(left(&harness.store), 0);
    assert_eq!(harness.engine.object_count(), 0);
    assert_eq!(failure(&harness.item(V3_0, get_attributes(text(&id)))), ResultReason::ItemNotFound);
    assert_eq!(failure(&harness.item(V3_0, get(text(&id)))), ResultReason::ObjectNotFound);
    assert_eq!(failure(&harness.item(V3_0, obliterate(&id))), ResultReason::ObjectNotFound);
    harness.created(V3_0, &[name("gone")]);
    harness.verify().expect("a store that is whole");
}

/// A use that becomes durable after Obliterate was evaluated leaves no count to the next object of that identifier.
#[test]
fn a_count_that_comes_late_goes_too() {
    let harness = Harness::new();
    let id = harness.created(V3_0, &[]);
    let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V3_0, vec![obliterate(&id)]), V3_0);
    let Evaluation::Commit(pending) = harness.engine.evaluate(&request, CLIENT, harness.env()) else { panic!() };
    let used = Adjust { key: layout::uses(CLIENT, &id), delta: -1, floor: -100 };
    harness.store.commit(&[Batch { adjusts: vec![used], ..Batch::default() }]).expect("the store works");
    harness.store.commit(std::slice::from_ref(pending.batch())).expect("the store works");
    assert_eq!(left(&harness.store), 0);
}

/// Also what Destroy has left, of which Locate tells until then.
#[test]
fn obliterate_takes_what_destroy_left() {
    let harness = Harness::new();
    let id = harness.created(V2_0, &[]);
    success(harness.item(V3_0, destroy(text(&id))));
    success(harness.item(V3_0, obliterate(&id)));
    let mut request = locate_request(&[]);
    request.storage_status_mask = Some(StorageStatusMask::DestroyedStorage);
    assert!(harness.found(V3_0, request).is_empty());
}

/// A batch sees its own: made and obliterated, nothing is stored; undone, everything is there.
#[test]
fn obliterate_is_part_of_its_batch() {
    use kmip_codec::registry::UniqueIdentifierEnumeration as Form;
    let harness = Harness::new();
    let this = || UniqueIdentifier::Placeholder(Form::IDPlaceholder);
    let request = ObliterateRequest { unique_identifier: this() };
    let gone = (Operation::Obliterate, RequestPayload::Obliterate(Box::new(request)));
    let items = harness.batch(V3_0, vec![create(&[name("brief")]), gone, get(Some(this()))]);
    assert_eq!(failure(&items[2]), ResultReason::ObjectNotFound);
    assert_eq!(left(&harness.store), 0);

    let kept = harness.created(V3_0, &[name("kept")]);
    let mut request = RequestMessage::continuing(
        V3_0,
        vec![obliterate(&kept), create(&[name("kept")]), check(text("none"), CryptographicUsageMask::Encrypt)],
    );
    request.request_header.batch_error_continuation_option =
        Some(kmip_codec::registry::BatchErrorContinuationOption::Undo);
    harness.exchange(CLIENT, &request);
    success(harness.item(V3_0, get(text(&kept))));
    assert_eq!(harness.found(V3_0, locate_request(&[name("kept")])), [kept]);
}

/// Another client's objects do not exist.
#[test]
fn obliterate_and_deactivate_stay_in_their_scope() {
    let harness = Harness::new();
    let id = harness.created(V3_0, &[Attribute::ActivationDate(DateTime(START))]);
    for (operation, payload) in [obliterate(&id), deactivate(&id, None, None)] {
        assert_eq!(failure(&harness.call_as("another", V3_0, operation, payload)), ResultReason::ObjectNotFound);
    }
    assert_eq!(state_of(&harness, &id), State::Active);
}
