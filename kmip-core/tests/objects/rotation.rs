//! Automatic rotation, and what rotation notes in the objects (KMIP 2.1 §4.48 to §4.54).

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::RotateName;
use kmip_codec::inline::Text;
use kmip_codec::registry::{LinkType, ResultReason, RotateNameType, State, Tag};
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::V2_1;

use crate::archives::{archive, recover};
use crate::policies::{constraint, set_constraints};
use crate::requests::*;
use crate::support::{Harness, START, failure, success};

fn rotating(interval: u32) -> [Attribute; 2] {
    [Attribute::RotateAutomatic(true), Attribute::RotateInterval(Interval(interval))]
}

fn replacement(harness: &Harness, id: &str) -> Option<String> {
    harness.record(id).attributes.iter().find_map(|instance| match &instance.attribute {
        Attribute::Link(link) if link.link_type == LinkType::ReplacementObjectLink => {
            Some(link.linked_object_identifier.as_text().expect("an identifier").to_owned())
        }
        _ => None,
    })
}

fn has(harness: &Harness, id: &str, attribute: &Attribute) -> bool {
    harness.attributes_of(V2_1, id).contains(attribute)
}

#[test]
fn a_key_rotates_when_its_interval_has_passed_and_so_does_its_replacement() {
    let harness = Harness::new();
    let set =
        Attribute::RotateName(RotateName { value: Text::new("set"), kind: RotateNameType::UninterpretedTextString });
    let more =
        [&rotating(100)[..], &[name("current"), set.clone(), Attribute::ActivationDate(DateTime(START - 9))]].concat();
    let first = harness.created(V2_1, &more);
    harness.advance(99);
    assert_eq!(replacement(&harness, &first), None);
    harness.advance(1);
    let second = replacement(&harness, &first).expect("a replacement at the interval");
    for attribute in [Attribute::RotateLatest(false), Attribute::RotateDate(DateTime(START + 100))] {
        assert!(has(&harness, &first, &attribute), "{attribute:?}");
    }
    for attribute in [
        Attribute::RotateLatest(true),
        Attribute::RotateGeneration(1),
        Attribute::InitialDate(DateTime(START + 100)),
        Attribute::RotateAutomatic(true),
        set.clone(),
    ] {
        assert!(has(&harness, &second, &attribute), "{attribute:?}");
    }
    assert_eq!(harness.found(V2_1, locate_request(&[name("current")])), std::slice::from_ref(&second));
    assert_eq!(harness.state_of(V2_1, &first), State::Active, "the old key goes on for what it protects");
    harness.advance(500);
    let third = replacement(&harness, &second).expect("once more, late");
    assert!(has(&harness, &third, &Attribute::RotateGeneration(2)));
    assert_eq!(replacement(&harness, &third), None, "its own interval begins with it");
    assert_eq!(harness.found(V2_1, locate_request(&[set])).len(), 3);
    assert_eq!(harness.found(V2_1, locate_request(&[Attribute::RotateLatest(true)])), [third]);
}

#[test]
fn the_offset_activates_the_replacement_later() {
    let harness = Harness::new();
    let offset = [Attribute::RotateOffset(Interval(30)), Attribute::ActivationDate(DateTime(START))];
    let first = harness.created(V2_1, &[&rotating(100)[..], &offset].concat());
    harness.advance(100);
    let second = replacement(&harness, &first).expect("a replacement");
    assert!(has(&harness, &second, &Attribute::ActivationDate(DateTime(START + 130))));
    assert_eq!(harness.state_of(V2_1, &second), State::PreActive);
    harness.advance(30);
    assert_eq!(harness.state_of(V2_1, &second), State::Active);
}

#[test]
fn what_does_not_ask_for_it_or_cannot_does_not_rotate() {
    let harness = Harness::new();
    let alone = harness.created(V2_1, &[Attribute::RotateInterval(Interval(100))]);
    let off = harness.created(V2_1, &[Attribute::RotateAutomatic(false), Attribute::RotateInterval(Interval(100))]);
    let by_hand = harness.created(V2_1, &[Attribute::RotateAutomatic(true)]);
    let destroyed = harness.created(V2_1, &rotating(100));
    success(harness.item(V2_1, destroy(text(&destroyed))));
    let archived = harness.created(V2_1, &rotating(100));
    success(archive(&harness, V2_1, &archived));
    harness.advance(1_000);
    for id in [&alone, &off, &by_hand, &destroyed, &archived] {
        assert_eq!(replacement(&harness, id), None);
    }
    success(recover(&harness, V2_1, &archived));
    harness.advance(0);
    assert!(replacement(&harness, &archived).is_some(), "its time has come meanwhile");
    let item = harness.item(V2_1, create(&rotating(59)));
    assert_eq!(failure(&item), ResultReason::InvalidAttributeValue);
}

#[test]
fn what_could_not_be_rotated_is_tried_again() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &rotating(100));
    let length = constraint(&[], &[], &[Attribute::CryptographicLength(128)]);
    success(set_constraints(&harness, V2_1, &[length]));
    harness.advance(100);
    assert_eq!(replacement(&harness, &id), None);
    assert_eq!(harness.record(&id).date(Tag::LastChangeDate), Some(DateTime(START)), "nothing has changed");
    success(set_constraints(&harness, V2_1, &[]));
    harness.advance(599);
    assert_eq!(replacement(&harness, &id), None, "it rests");
    harness.advance(1);
    assert!(replacement(&harness, &id).is_some());
    let harness = harness.reopened(START + 10_000);
    let second = replacement(&harness, &id).expect("a replacement");
    harness.advance(0);
    assert!(replacement(&harness, &second).is_some(), "a server that was down rotates when it is up");
}
