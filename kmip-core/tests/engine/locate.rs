//! Locate (KMIP 1.4 §4.9, KMIP 2.1 §6.1.28).

use kmip_codec::attribute::values::{
    AlternativeName, ApplicationSpecificInformation, Link, UniqueIdentifier, UsageLimits,
};
use kmip_codec::attribute::{Attribute, VendorAttribute};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::operation::locate::LocateRequest;
use kmip_codec::registry::{
    AlternativeNameType, CryptographicUsageMask as Mask, LinkType, ObjectGroupMember, ObjectType, ResultReason,
    RevocationReasonCode, State, StorageStatusMask, Tag, UsageLimitsUnit,
};
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_0, V1_2, V1_4, V2_0, V2_1, V3_0};
use kmip_core::engine::SUPPORTED_VERSIONS;

use crate::answer;
use crate::requests::*;
use crate::support::{Harness, START, failure, success};

fn vendor(value: ItemValue) -> Attribute {
    Attribute::Vendor(Box::new(VendorAttribute { vendor: "x".into(), name: "rack".into(), value }))
}

fn rich() -> Vec<Attribute> {
    let information = ApplicationSpecificInformation {
        application_namespace: "ssl".into(),
        application_data: Some("www.example.com".into()),
    };
    let link = Link { link_type: LinkType::ParentLink, linked_object_identifier: UniqueIdentifier::text("parent") };
    let usage_limits =
        UsageLimits { usage_limits_total: 1_000, usage_limits_count: None, usage_limits_unit: UsageLimitsUnit::Byte };
    vec![
        name("rich"),
        Attribute::ActivationDate(DateTime(START - 10)),
        Attribute::ProcessStartDate(DateTime(START - 5)),
        Attribute::ProtectStopDate(DateTime(START + 5)),
        Attribute::DeactivationDate(DateTime(START + 1_000)),
        Attribute::ObjectGroup("group".into()),
        Attribute::ContactInformation("ops".into()),
        Attribute::ApplicationSpecificInformation(Box::new(information)),
        Attribute::Link(link),
        Attribute::UsageLimits(usage_limits),
        vendor(ItemValue::Text("r7".into())),
    ]
}

/// KMIP 1.4 §4.9, KMIP 2.1 §6.1.28: of the fields of a structure none is required, and those that are given must match.
#[test]
fn structures_match_on_the_fields_that_are_given() {
    let harness = Harness::new();
    let plain = harness.created(V2_1, &[name("plain")]);
    let mut given = rich();
    given.push(Attribute::AlternativeName(AlternativeName {
        alternative_name_value: "urn:x".into(),
        alternative_name_type: AlternativeNameType::URI,
    }));
    let id = harness.created(V2_1, &given);
    let (text, number) = (|text: &str| ItemValue::Text(text.into()), ItemValue::LongInteger);
    let parent = ItemValue::Enumeration(LinkType::ParentLink.0);
    let (bytes, uri) = (UsageLimitsUnit::Byte.0, AlternativeNameType::URI.0);
    for (tag, field, value, other) in [
        (Tag::Link, Tag::LinkedObjectIdentifier, text("parent"), text("child")),
        (Tag::Link, Tag::LinkType, parent, ItemValue::Enumeration(LinkType::ChildLink.0)),
        (Tag::Name, Tag::NameValue, text("rich"), text("poor")),
        (Tag::ApplicationSpecificInformation, Tag::ApplicationData, text("www.example.com"), text("example.com")),
        (Tag::UsageLimits, Tag::UsageLimitsTotal, number(900), number(1_001)),
        (Tag::UsageLimits, Tag::UsageLimitsCount, number(1_000), number(1_001)),
        (Tag::UsageLimits, Tag::UsageLimitsUnit, ItemValue::Enumeration(bytes), ItemValue::Enumeration(bytes + 1)),
        (Tag::AlternativeName, Tag::AlternativeNameValue, text("urn:x"), text("urn:y")),
        (Tag::AlternativeName, Tag::AlternativeNameType, ItemValue::Enumeration(uri), ItemValue::Enumeration(uri + 1)),
    ] {
        let criterion = |value: &ItemValue| {
            let fields = vec![Item { tag: field, value: value.clone() }];
            locate_request(&[Attribute::Other(Box::new(Item { tag, value: ItemValue::Structure(fields) }))])
        };
        for version in SUPPORTED_VERSIONS.into_iter().filter(|version| *version < V3_0) {
            if tag == Tag::AlternativeName && version < V1_2 {
                continue;
            }
            assert_eq!(harness.found(version, criterion(&value)), std::slice::from_ref(&id), "KMIP {version}: {field}");
            assert!(!harness.found(version, criterion(&other)).contains(&id), "KMIP {version}: {field}");
        }
    }
    assert_eq!(harness.found(V2_1, locate_request(&[name("plain")])), [plain]);
    let unknown = Item { tag: Tag::ApplicationData, value: text("parent") };
    let unknown = Attribute::Other(Box::new(Item { tag: Tag::Link, value: ItemValue::Structure(vec![unknown]) }));
    let refused = harness.item(V2_1, located_by(locate_request(&[unknown])));
    assert_eq!(failure(&refused), ResultReason::InvalidField);
    let unlinked = Attribute::Other(Box::new(Item { tag: Tag::Link, value: ItemValue::Structure(Vec::new()) }));
    assert_eq!(harness.found(V2_1, locate_request(&[unlinked])), [id], "any link");
}

/// KMIP 2.1 §4.58: a link names its object by a position in the batch too, where nothing else of the link is given.
#[test]
fn a_link_is_found_by_what_the_batch_gave() {
    use kmip_codec::registry::UniqueIdentifierEnumeration as Form;
    let harness = Harness::new();
    let (parent, other) = (harness.created(V2_1, &[name("parent")]), harness.created(V2_1, &[name("other")]));
    let linked = |id: &str| {
        let linked_object_identifier = UniqueIdentifier::text(id);
        Attribute::Link(Link { link_type: LinkType::ParentLink, linked_object_identifier })
    };
    let (child, _) = (harness.created(V2_1, &[linked(&parent)]), harness.created(V2_1, &[linked(&other)]));
    for version in [V2_0, V2_1] {
        for value in [
            ItemValue::Enumeration(Form::IDPlaceholder.0),
            ItemValue::Enumeration(Form::Locate.0),
            ItemValue::Integer(0),
            ItemValue::Integer(-1),
        ] {
            let fields = vec![Item { tag: Tag::LinkedObjectIdentifier, value: value.clone() }];
            let link = Item { tag: Tag::Link, value: ItemValue::Structure(fields) };
            let items = vec![locate(&[name("parent")]), locate(&[Attribute::Other(Box::new(link))])];
            let found = answer!(Locate, harness.batch(version, items).remove(1)).unique_identifier;
            let found: Vec<String> = found.into_iter().map(id_of).collect();
            assert_eq!(found, std::slice::from_ref(&child), "KMIP {version}: {value:?}");
        }
    }
}

/// A field that is not of its type matches nothing, whatever there is: the criterion is refused (KMIP 2.1 §6.1.28.1), some as
/// the message is read.
#[test]
fn fields_of_a_wrong_type_are_refused() {
    use ItemValue as V;
    let harness = Harness::new();
    harness.created(V2_1, &rich());
    let text = || V::Text("parent".into());
    let (field_refused, message_refused) = (ResultReason::InvalidField, ResultReason::InvalidMessage);
    for (tag, field, value, wanted) in [
        (Tag::Link, Tag::LinkedObjectIdentifier, V::Boolean(true), field_refused),
        (Tag::Name, Tag::NameType, text(), field_refused),
        (Tag::ApplicationSpecificInformation, Tag::ApplicationData, V::Integer(5), field_refused),
        (Tag::UsageLimits, Tag::UsageLimitsUnit, V::Integer(1), field_refused),
        (Tag::Digest, Tag::DigestValue, text(), field_refused),
        (Tag::Link, Tag::LinkType, text(), message_refused),
        (Tag::UsageLimits, Tag::UsageLimitsTotal, V::Integer(900), message_refused),
        (Tag::CryptographicParameters, Tag::BlockCipherMode, V::Integer(1), message_refused),
    ] {
        let fields = vec![Item { tag: field, value }];
        let criterion = Attribute::Other(Box::new(Item { tag, value: V::Structure(fields) }));
        for version in SUPPORTED_VERSIONS.into_iter().filter(|version| *version < V3_0) {
            let refused = harness.item(version, located_by(locate_request(std::slice::from_ref(&criterion))));
            assert_eq!(failure(&refused), wanted, "KMIP {version}: {field}: {:?}", refused.result_message);
        }
    }
}

/// Every attribute that an object shows in a version finds it in that version, and an object without it is not found.
#[test]
fn every_attribute_finds_its_object() {
    let harness = Harness::new();
    let plain = harness.created(V2_1, &[mask(Mask::Sign)]);
    harness.advance(1);
    let mut given = rich();
    let alternative_name_type = AlternativeNameType::URI;
    given.push(Attribute::AlternativeName(AlternativeName {
        alternative_name_value: "urn:x".into(),
        alternative_name_type,
    }));
    given.extend([Attribute::Comment("c".into()), Attribute::Description("d".into()), Attribute::Sensitive(true)]);
    let id = harness.created(V2_1, &given);
    for version in SUPPORTED_VERSIONS {
        let (attributes, shared) = (harness.attributes_of(version, &id), harness.attributes_of(version, &plain));
        assert!(attributes.len() > 15, "KMIP {version}: {attributes:?}");
        for attribute in attributes {
            let found = harness.found(version, locate_request(std::slice::from_ref(&attribute)));
            assert!(found.contains(&id), "KMIP {version}: {attribute:?} finds {found:?}");
            assert_eq!(found.contains(&plain), shared.contains(&attribute), "KMIP {version}: {attribute:?}");
        }
    }
}

/// One date is equality, two are an inclusive range in any order; the largest date stands for one that is not set.
#[test]
fn dates_are_equal_or_in_a_range() {
    let harness = Harness::new();
    let dated = harness.created(V2_1, &[Attribute::ActivationDate(DateTime(START + 100))]);
    let undated = harness.created(V2_1, &[]);
    let find = |dates: &[i64]| {
        let dates: Vec<_> = dates.iter().map(|date| Attribute::ActivationDate(DateTime(*date))).collect();
        harness.found(V2_1, locate_request(&dates))
    };
    let (only, none): (Vec<String>, Vec<String>) = (vec![dated.clone()], vec![]);
    assert_eq!(find(&[START + 100]), only);
    assert_eq!(find(&[START + 99]), none);
    assert_eq!(find(&[START + 100, START + 200]), only);
    assert_eq!(find(&[START + 100, START]), only);
    assert_eq!(find(&[START + 101, START + 200]), none);
    assert_eq!(find(&[i64::MAX]), std::slice::from_ref(&undated));
    assert_eq!(find(&[START, i64::MAX]), [undated, dated]);
    let three = [START, START + 1, START + 2].map(|date| Attribute::ActivationDate(DateTime(date)));
    assert_eq!(failure(&harness.item(V2_1, locate(&three))), ResultReason::InvalidField);
}

/// A mask asks for all its bits, and the object may have more.
#[test]
fn masks_ask_for_all_their_bits() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[mask(Mask::Encrypt | Mask::Decrypt)]);
    let find = |bits| harness.found(V2_1, locate_request(&[mask(bits)]));
    assert_eq!(find(Mask::Encrypt), [id.as_str()]);
    assert_eq!(find(Mask::Encrypt | Mask::Decrypt), [id.as_str()]);
    assert!(find(Mask::Encrypt | Mask::Sign).is_empty());
}

/// Usage Limits ask for at least so much.
#[test]
fn usage_limits_ask_for_at_least_so_much() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &rich());
    let find = |usage_limits_total, usage_limits_unit| {
        let limits = UsageLimits { usage_limits_total, usage_limits_count: None, usage_limits_unit };
        harness.found(V2_1, locate_request(&[Attribute::UsageLimits(limits)]))
    };
    assert_eq!(find(1_000, UsageLimitsUnit::Byte), [id.as_str()]);
    assert_eq!(find(1, UsageLimitsUnit::Byte), [id.as_str()]);
    assert!(find(1_001, UsageLimitsUnit::Byte).is_empty());
    assert!(find(1, UsageLimitsUnit::Object).is_empty());
}

/// A structure matches on the fields that are given.
#[test]
fn structures_match_on_the_fields_given() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &rich());
    let find = |application_namespace: &str| {
        let information = ApplicationSpecificInformation {
            application_namespace: application_namespace.into(),
            application_data: None,
        };
        harness.found(V2_1, locate_request(&[Attribute::ApplicationSpecificInformation(Box::new(information))]))
    };
    assert_eq!(find("ssl"), [id]);
    assert!(find("smime").is_empty());
}

/// A vendor attribute is compared with its type and value.
#[test]
fn vendor_attributes_are_compared_by_value() {
    let harness = Harness::new();
    let id = harness.created(V1_0, &[vendor(ItemValue::Integer(7))]);
    for version in SUPPORTED_VERSIONS {
        let find = |value| harness.found(version, locate_request(&[vendor(value)]));
        assert_eq!(find(ItemValue::Integer(7)), [id.as_str()]);
        assert!(find(ItemValue::Integer(8)).is_empty());
        assert!(find(ItemValue::Enumeration(7)).is_empty());
    }
}

/// Storage Status Mask: on-line only where it is absent; destroyed objects are found where they are asked for.
#[test]
fn destroyed_objects_are_found_where_they_are_asked_for() {
    let harness = Harness::new();
    let (kept, gone) = (harness.created(V2_1, &[name("k")]), harness.created(V2_1, &[name("g")]));
    success(harness.item(V2_1, destroy(text(&gone))));
    let find = |storage_status_mask| harness.found(V2_1, LocateRequest { storage_status_mask, ..locate_request(&[]) });
    assert_eq!(find(None), [kept.as_str()]);
    assert_eq!(find(Some(StorageStatusMask::OnLineStorage)), [kept.as_str()]);
    assert_eq!(find(Some(StorageStatusMask::DestroyedStorage)), [gone.as_str()]);
    assert_eq!(find(Some(StorageStatusMask::ArchivalStorage)), Vec::<String>::new());
    let both = StorageStatusMask::OnLineStorage | StorageStatusMask::DestroyedStorage;
    assert_eq!(find(Some(both)), [gone.as_str(), kept.as_str()]);
    let by_name = LocateRequest { storage_status_mask: Some(both), ..locate_request(&[name("g")]) };
    assert_eq!(harness.found(V2_1, by_name), [gone]);
}

/// Newest first; Offset Items before Maximum Items; Located Items counts all matches.
#[test]
fn pages_follow_each_other_newest_first() {
    let harness = Harness::new();
    let mut ids: Vec<String> = (0..5).map(|_| harness.created(V2_1, &[])).collect();
    ids.reverse();
    let page = |offset_items, maximum_items| {
        let request = LocateRequest { offset_items, maximum_items, ..locate_request(&[]) };
        let answer = answer!(Locate, harness.item(V2_1, located_by(request)));
        assert_eq!(answer.located_items, Some(5));
        answer.unique_identifier.into_iter().map(id_of).collect::<Vec<_>>()
    };
    assert_eq!(page(None, None), ids);
    assert_eq!(page(None, Some(2)), ids[..2]);
    assert_eq!(page(Some(2), Some(2)), ids[2..4]);
    assert_eq!(page(Some(4), Some(9)), ids[4..]);
    assert_eq!(page(Some(9), None), ids[5..]);
    assert_eq!(page(None, Some(0)), ids[5..]);
    let negative = LocateRequest { maximum_items: Some(-1), ..locate_request(&[]) };
    assert_eq!(failure(&harness.item(V2_1, located_by(negative))), ResultReason::InvalidField);
}

/// State is compared as it is now, though no request moved it.
#[test]
fn states_are_those_of_now() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[Attribute::ActivationDate(DateTime(START + 10))]);
    let find = |state| harness.found(V2_1, locate_request(&[Attribute::State(state)]));
    assert_eq!(find(State::PreActive), [id.as_str()]);
    harness.advance(10);
    assert_eq!(find(State::Active), [id.as_str()]);
    assert!(find(State::PreActive).is_empty());
}

/// Group Member Fresh asks for objects that nobody has got (KMIP 2.1 §6.1.28).
#[test]
fn fresh_members_of_a_group_are_those_that_nobody_got() {
    let harness = Harness::new();
    let group = [Attribute::ObjectGroup("pool".into())];
    let (used, fresh) = (harness.created(V2_1, &group), harness.created(V2_1, &group));
    success(harness.item(V2_1, get(text(&used))));
    let find = |member| {
        let request = LocateRequest { object_group_member: Some(member), ..locate_request(&group) };
        harness.found(V2_1, request)
    };
    assert_eq!(find(ObjectGroupMember::GroupMemberFresh), [fresh.as_str()]);
    assert!(!find(ObjectGroupMember::GroupMemberDefault).is_empty());
}

/// A criterion that the version does not know is an error; no match is none.
#[test]
fn unknown_criteria_are_errors_and_no_match_is_none() {
    let harness = Harness::new();
    harness.created(V2_1, &[]);
    let comment = [Attribute::Comment("c".into())];
    assert_eq!(failure(&harness.item(V1_0, locate(&comment))), ResultReason::InvalidField);
    assert!(harness.found(V1_4, locate_request(&comment)).is_empty());
    let rotated = [Attribute::RotateGeneration(1)];
    assert_eq!(failure(&harness.item(V2_0, locate(&rotated))), ResultReason::InvalidAttribute);
    assert!(harness.found(V2_1, locate_request(&[Attribute::ObjectType(ObjectType::Certificate)])).is_empty());
}

/// A name is found under its version-independent text, and no more after Destroy.
#[test]
fn names_are_found_until_they_are_freed() {
    let harness = Harness::new();
    let id = harness.created(V1_0, &[name("n")]);
    for version in SUPPORTED_VERSIONS {
        assert_eq!(harness.found(version, locate_request(&[name("n")])), [id.as_str()]);
    }
    success(harness.item(V1_0, revoke(text(&id), RevocationReasonCode::KeyCompromise)));
    success(harness.item(V1_0, destroy(text(&id))));
    assert!(harness.found(V2_1, locate_request(&[name("n")])).is_empty());
    assert_ne!(harness.record(&id).date(Tag::DestroyDate), None);
}
