//! States, dates and what follows from them (KMIP 2.1 §4.57 State and the date attributes; KMIP 1.4 §3.22 to §3.33).

use kmip_codec::attribute::Attribute;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::operation::RequestPayload;
use kmip_codec::registry::{ResultReason, RevocationReasonCode, State, Tag};
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_0, V1_3, V1_4, V2_0, V2_1, Version};
use kmip_core::engine::SUPPORTED_VERSIONS;

use crate::requests::*;
use crate::support::{Harness, START, failure, success};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    Activate,
    Revoke,
    Compromise,
    Destroy,
}

use Event::{Activate, Compromise, Destroy, Revoke};

fn apply(harness: &Harness, version: Version, id: &str, event: Event) -> ResponseBatchItem {
    harness.item(
        version,
        match event {
            Activate => activate(text(id)),
            Revoke => revoke(text(id), RevocationReasonCode::CessationOfOperation),
            Compromise => revoke(text(id), RevocationReasonCode::KeyCompromise),
            Destroy => destroy(text(id)),
        },
    )
}

/// Every state, with the events that lead there.
const WAYS: [(State, &[Event]); 6] = [
    (State::PreActive, &[]),
    (State::Active, &[Activate]),
    (State::Deactivated, &[Activate, Revoke]),
    (State::Compromised, &[Activate, Compromise]),
    (State::Destroyed, &[Destroy]),
    (State::DestroyedCompromised, &[Compromise, Destroy]),
];

/// KMIP 2.1 §4.57: the transitions of the State text; all others are refused.
fn expected(state: State, event: Event) -> Option<State> {
    match (state, event) {
        (State::PreActive, Activate) => Some(State::Active),
        (State::PreActive | State::Deactivated, Destroy) => Some(State::Destroyed),
        (State::PreActive | State::Active | State::Deactivated, Compromise) => Some(State::Compromised),
        (State::Active, Revoke) => Some(State::Deactivated),
        (State::Compromised, Destroy) | (State::Destroyed, Compromise) => Some(State::DestroyedCompromised),
        _ => None,
    }
}

fn refusal(state: State, event: Event, version: Version) -> ResultReason {
    let destroyed = matches!(state, State::Destroyed | State::DestroyedCompromised);
    match version {
        v if v >= V2_0 && destroyed && event == Destroy => ResultReason::ObjectDestroyed,
        v if v >= V2_1 => ResultReason::WrongKeyLifecycleState,
        _ => ResultReason::PermissionDenied,
    }
}

/// Every state and every event, in every version.
#[test]
fn states_change_as_the_table_says() {
    for version in SUPPORTED_VERSIONS {
        for (state, way) in WAYS {
            for event in [Activate, Revoke, Compromise, Destroy] {
                let harness = Harness::new();
                let id = harness.created(version, &[]);
                for step in way {
                    success(apply(&harness, version, &id, *step));
                }
                assert_eq!(harness.state_of(version, &id), state);
                harness.advance(1);
                let (before, item) = (harness.record(&id), apply(&harness, version, &id, event));
                match expected(state, event) {
                    Some(after) => {
                        success(item);
                        assert_eq!(harness.state_of(version, &id), after, "{state:?} {event:?} in KMIP {version}");
                        assert_eq!(harness.record(&id).date(Tag::LastChangeDate), Some(DateTime(START + 1)));
                    }
                    None => {
                        assert_eq!(failure(&item), refusal(state, event, version), "{state:?} {event:?} in {version}");
                        assert_eq!(harness.record(&id), before, "a refusal changes nothing");
                    }
                }
            }
        }
    }
}

/// Each event leaves the dates that belong to it.
#[test]
fn events_leave_their_dates() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    let date = |tag| harness.record(&id).date(tag).map(|date| date.0 - START);
    harness.advance(1);
    success(apply(&harness, V2_1, &id, Activate));
    harness.advance(1);
    success(apply(&harness, V2_1, &id, Revoke));
    harness.advance(1);
    success(apply(&harness, V2_1, &id, Compromise));
    harness.advance(1);
    success(apply(&harness, V2_1, &id, Destroy));
    let all = [
        (Tag::InitialDate, Some(0)),
        (Tag::OriginalCreationDate, Some(0)),
        (Tag::ActivationDate, Some(1)),
        (Tag::DeactivationDate, Some(2)),
        (Tag::CompromiseDate, Some(3)),
        (Tag::CompromiseOccurrenceDate, Some(0)),
        (Tag::DestroyDate, Some(4)),
        (Tag::LastChangeDate, Some(4)),
        (Tag::ArchiveDate, None),
    ];
    for (tag, expected) in all {
        assert_eq!(date(tag), expected, "{tag}");
    }
}

/// KMIP 1.4 §4.20, KMIP 2.1 §6.1.44: only a compromise has a time at which it occurred; earlier versions do not say so.
#[test]
fn only_a_compromise_has_an_occurrence_date() {
    use RevocationReasonCode as Code;
    for (version, code, is_taken) in [
        (V1_3, Code::CessationOfOperation, true),
        (V1_4, Code::CessationOfOperation, false),
        (V2_1, Code::Superseded, false),
        (V1_4, Code::KeyCompromise, true),
        (V2_1, Code::CACompromise, true),
    ] {
        let harness = Harness::new();
        let id = harness.created(V2_1, &[]);
        success(apply(&harness, V2_1, &id, Activate));
        let (operation, payload) = revoke(text(&id), code);
        let RequestPayload::Revoke(mut request) = payload else { panic!("another operation") };
        request.compromise_occurrence_date = Some(DateTime(START - 5));
        let item = harness.item(version, (operation, RequestPayload::Revoke(request)));
        let expected = (!is_taken).then_some(ResultReason::InvalidField);
        assert_eq!(item.result_reason, expected, "KMIP {version}: {code}");
    }
}

/// Dates take effect at their time: not a second before, without a request, and Last Change Date moves.
#[test]
fn dates_take_effect_at_their_time() {
    for version in [V1_0, V2_1] {
        let harness = Harness::new();
        let id = harness.created(
            version,
            &[
                Attribute::ActivationDate(DateTime(START + 10)),
                Attribute::ProcessStartDate(DateTime(START + 20)),
                Attribute::ProtectStopDate(DateTime(START + 30)),
                Attribute::DeactivationDate(DateTime(START + 40)),
            ],
        );
        let changed = || harness.record(&id).date(Tag::LastChangeDate).unwrap().0 - START;
        for (step, last_change, state) in [
            (9, 0, State::PreActive),
            (1, 10, State::Active),
            (9, 10, State::Active),
            (1, 20, State::Active),
            (10, 30, State::Active),
            (9, 30, State::Active),
            (1, 40, State::Deactivated),
            (500, 40, State::Deactivated),
        ] {
            harness.advance(step);
            assert_eq!(changed(), last_change);
            assert_eq!(harness.state_of(version, &id), state);
        }
        harness.found(version, locate_request(&[Attribute::State(State::Deactivated)]));
    }
}

/// A date that is reached makes the state at once (KMIP 2.1 §4.57, transitions 1 and 4).
#[test]
fn an_activation_date_that_is_reached_makes_the_object_active() {
    let harness = Harness::new();
    for (date, state) in [(START - 1, State::Active), (START, State::Active), (START + 1, State::PreActive)] {
        let id = harness.created(V2_1, &[Attribute::ActivationDate(DateTime(date))]);
        assert_eq!(harness.state_of(V2_1, &id), state);
    }
}

/// Dates that contradict each other are refused (KMIP 2.1 §4.1, §4.18, §4.40, §4.41).
#[test]
fn dates_that_contradict_each_other_are_refused() {
    let at = |seconds| DateTime(START + seconds);
    let pairs = [
        [Attribute::ActivationDate(at(10)), Attribute::DeactivationDate(at(9))],
        [Attribute::ActivationDate(at(10)), Attribute::ProcessStartDate(at(9))],
        [Attribute::DeactivationDate(at(10)), Attribute::ProtectStopDate(at(11))],
        [Attribute::DeactivationDate(at(10)), Attribute::ProcessStartDate(at(11))],
    ];
    for pair in pairs {
        let harness = Harness::new();
        assert_eq!(failure(&harness.item(V1_4, create(&pair))), ResultReason::InvalidField, "{pair:?}");
        assert_eq!(failure(&harness.item(V2_1, create(&pair))), ResultReason::InvalidAttributeValue);
        assert_eq!(harness.engine.object_count(), 0);
    }
}

/// A clock that steps back reactivates no key, nor after a restart.
#[test]
fn now_never_runs_backwards() {
    let harness = Harness::new();
    let dates = [Attribute::ActivationDate(DateTime(START)), Attribute::DeactivationDate(DateTime(START + 10))];
    let id = harness.created(V2_1, &dates);
    harness.advance(10);
    assert_eq!(harness.state_of(V2_1, &id), State::Deactivated);
    harness.advance(-9);
    assert_eq!(harness.state_of(V2_1, &id), State::Deactivated);
    assert_eq!(harness.engine.seconds_behind(START + 1), 9);
    let harness = harness.reopened(START - 1_000);
    assert_eq!(harness.state_of(V2_1, &id), State::Deactivated);
    assert_eq!([START - 1_000, START + 11].map(|now| harness.engine.seconds_behind(now)), [1_010, 0]);
}

/// Fresh ends with the first Get, and with no other operation (KMIP 2.1 §4.23).
#[test]
fn fresh_ends_with_the_first_get() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    let fresh = |id: &str| harness.attributes_of(V2_1, id).contains(&Attribute::Fresh(true));
    harness.found(V2_1, locate_request(&[]));
    success(harness.item(V2_1, activate(text(&id))));
    assert!(fresh(&id));
    success(harness.item(V2_1, get(text(&id))));
    assert!(!fresh(&id));
    assert!(harness.attributes_of(V2_1, &id).contains(&Attribute::Fresh(false)));
}

/// Destroy takes the material and frees the name; the metadata stays (KMIP 2.1 §6.1.15).
#[test]
fn destroy_keeps_the_metadata_and_frees_the_name() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[name("disk")]);
    assert_eq!(harness.vault.held(), 1);
    success(harness.item(V2_1, destroy(text(&id))));
    assert_eq!(harness.vault.held(), 0, "the vault forgot the material");
    let attributes = harness.attributes_of(V2_1, &id);
    assert!(attributes.contains(&Attribute::State(State::Destroyed)) && attributes.contains(&name("disk")));
    for (version, reason) in [
        (V1_0, ResultReason::ItemNotFound),
        (V1_4, ResultReason::ItemNotFound),
        (V2_0, ResultReason::ObjectDestroyed),
        (V2_1, ResultReason::ObjectDestroyed),
    ] {
        assert_eq!(failure(&harness.item(version, get(text(&id)))), reason);
    }
    let successor = harness.created(V2_1, &[name("disk")]);
    assert_eq!(harness.found(V2_1, locate_request(&[name("disk")])), [successor]);
}

/// A failing vault leaves nothing behind but an error.
#[test]
fn a_failing_vault_changes_nothing() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    harness.vault.fail_next(1);
    assert_eq!(failure(&harness.item(V2_1, create(&[name("n")]))), ResultReason::CryptographicFailure);
    harness.vault.fail_next(1);
    assert_eq!(failure(&harness.item(V2_1, get(text(&id)))), ResultReason::CryptographicFailure);
    assert!(harness.attributes_of(V2_1, &id).contains(&Attribute::Fresh(true)), "it was not served");
    assert_eq!(harness.engine.object_count(), 1);
    harness.created(V2_1, &[name("n")]);
}
