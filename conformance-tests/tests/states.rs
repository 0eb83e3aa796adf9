//! Every cell of the specification's tables of states (KMIP 1.4 §3.22, KMIP 2.1 §4.57), walked against the engine in every
//! version that it speaks: which event leads where, and what an object may be used for in each state.

use conformance_tests::message::{reason, status};
use conformance_tests::reference;
use conformance_tests::tree::{bytes, date_time, enumeration, structure};
use conformance_tests::walker::{Walker, now};
use kmip_codec::item::Item;
use kmip_codec::registry::{
    BlockCipherMode, Operation, PaddingMethod, ResultReason, ResultStatus, State, Tag, WireEnum,
};
use kmip_codec::version::{V1_2, V2_0, V2_1, V3_0, Version};
use kmip_core::engine::SUPPORTED_VERSIONS;
use std::time::Duration;

/// What a row of the table of transitions is tried with: the state before, how its event begins, and how it is brought about.
struct Trial {
    from: &'static [State],
    event: &'static str,
    since: Version,
    act: fn(&mut Walker, &str) -> Item,
    then: Then,
}

/// What must follow.
enum Then {
    To(State),
    /// Refused, with the reason of 1.x, of 2.0 and of later versions.
    Refused([ResultReason; 3]),
    Gone,
}

const LIVING: &[State] = &[State::PreActive, State::Active, State::Deactivated, State::Compromised];
const DESTROYED: &[State] = &[State::Destroyed, State::DestroyedCompromised];
const IDLE: &[State] =
    &[State::PreActive, State::Deactivated, State::Compromised, State::Destroyed, State::DestroyedCompromised];

/// In the order of the rows, which name some more than once.
fn trials() -> Vec<Trial> {
    use ResultReason as R;
    use State as S;
    let wrong_state = [R::PermissionDenied, R::PermissionDenied, R::WrongKeyLifecycleState];
    let gone = [R::PermissionDenied, R::ObjectDestroyed, R::ObjectDestroyed];
    let trial = |from, event, act, then| Trial { from, event, since: Version::new(1, 0), act, then };
    vec![
        trial(
            &[S::PreActive],
            "Activation Date reached",
            |w, id| wait_for(w, id, Tag::ActivationDate),
            Then::To(S::Active),
        ),
        trial(&[S::PreActive], "Modify Attribute", activate_by_date, Then::To(S::Active)),
        trial(&[S::PreActive], "Activate", Walker::activate, Then::To(S::Active)),
        trial(&[S::PreActive], "Destroy", Walker::destroy, Then::To(S::Destroyed)),
        trial(&[S::PreActive], "Revoke, reason Key Compromise", Walker::compromise, Then::To(S::Compromised)),
        trial(&[S::PreActive], "Revoke, any other reason", Walker::cease, Then::Refused(wrong_state)),
        trial(
            &[S::Active],
            "Deactivation Date reached",
            |w, id| wait_for(w, id, Tag::DeactivationDate),
            Then::To(S::Deactivated),
        ),
        trial(&[S::Active], "Revoke, reason other", Walker::cease, Then::To(S::Deactivated)),
        trial(&[S::Active], "Modify Attribute", deactivate_by_date, Then::To(S::Deactivated)),
        Trial {
            since: V3_0,
            ..trial(&[S::Active], "Deactivate", |w, id| w.on(Operation::Deactivate, id), Then::To(S::Deactivated))
        },
        trial(&[S::Active], "Revoke, reason Key Compromise", Walker::compromise, Then::To(S::Compromised)),
        trial(&[S::Active], "Destroy", Walker::destroy, Then::Refused(wrong_state)),
        trial(&[S::Deactivated], "Destroy", Walker::destroy, Then::To(S::Destroyed)),
        trial(&[S::Deactivated], "Revoke, reason Key Compromise", Walker::compromise, Then::To(S::Compromised)),
        trial(&[S::Compromised], "Destroy", Walker::destroy, Then::To(S::DestroyedCompromised)),
        trial(&[S::Destroyed], "Revoke, reason Key Compromise", Walker::compromise, Then::To(S::DestroyedCompromised)),
        trial(DESTROYED, "Destroy", Walker::destroy, Then::Refused(gone)),
        Trial { since: V3_0, ..trial(IDLE, "Obliterate", |w, id| w.on(Operation::Obliterate, id), Then::Gone) },
        // No text says what Obliterate does to an Active object, which Destroy leaves alone: so does Obliterate.
        Trial {
            since: V3_0,
            ..trial(&[S::Active], "Obliterate", |w, id| w.on(Operation::Obliterate, id), Then::Refused(wrong_state))
        },
        trial(
            LIVING,
            "Modify/Add/Set/Delete Attribute on State",
            |w, id| w.modify(id, enumeration(Tag::State, State::Compromised.0)),
            Then::Refused([R::PermissionDenied, R::AttributeReadOnly, R::AttributeReadOnly]),
        ),
    ]
}

/// Gives the object a date that passes while the caller waits.
fn wait_for(walker: &mut Walker, id: &str, tag: Tag) -> Item {
    let soon = now() + 1;
    let answer = walker.add(id, date_time(tag, soon));
    while now() <= soon {
        std::thread::sleep(Duration::from_millis(50));
    }
    answer
}

fn activate_by_date(walker: &mut Walker, id: &str) -> Item {
    let future = walker.add(id, date_time(Tag::ActivationDate, now() + 3600));
    assert_eq!(status(&future), Some(ResultStatus::Success), "{}", walker.version);
    walker.modify(id, date_time(Tag::ActivationDate, now() - 60))
}

fn deactivate_by_date(walker: &mut Walker, id: &str) -> Item {
    let future = walker.add(id, date_time(Tag::DeactivationDate, now() + 3600));
    assert_eq!(status(&future), Some(ResultStatus::Success), "{}", walker.version);
    walker.modify(id, date_time(Tag::DeactivationDate, now()))
}

fn reason_for(version: Version, reasons: [ResultReason; 3]) -> ResultReason {
    let [in_1x, in_2_0, later] = reasons;
    if version < V2_0 {
        in_1x
    } else if version < V2_1 {
        in_2_0
    } else {
        later
    }
}

fn walk(trial: &Trial, version: Version) -> usize {
    let mut walker = Walker::new(version);
    for from in trial.from {
        let about = format!("KMIP {version}: {from}, {}", trial.event);
        let id = walker.object_in(*from);
        let answer = (trial.act)(&mut walker, &id);
        match &trial.then {
            Then::To(state) => {
                assert_eq!(status(&answer), Some(ResultStatus::Success), "{about}");
                assert_eq!(walker.state(&id), *state, "{about}");
            }
            Then::Refused(reasons) => {
                assert_eq!(reason(&answer), Some(reason_for(version, *reasons)), "{about}");
                assert_eq!(walker.state(&id), *from, "{about}");
            }
            Then::Gone => {
                assert_eq!(status(&answer), Some(ResultStatus::Success), "{about}");
                let attributes = walker.get(&id, &[Tag::State]);
                assert_eq!(reason(&attributes), Some(ResultReason::ItemNotFound), "{about}");
            }
        }
    }
    trial.from.len()
}

/// The rows of a table below the reference folder, or none where that is missing.
fn rows(table: &str) -> Option<Vec<Vec<String>>> {
    let path = reference::require("the tables of states", &format!("spec/data/{table}"))?;
    let text = std::fs::read_to_string(path).expect("the table can be read");
    Some(text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect())
}

#[test]
fn every_transition_leads_where_the_specification_says() {
    let Some(rows) = rows("state_transitions.tsv") else { return };
    let trials = trials();
    // Side by side: some wait for dates to pass.
    let cells: usize = std::thread::scope(|scope| {
        let walks = SUPPORTED_VERSIONS.map(|version| {
            let trials = trials.iter().filter(move |trial| trial.since <= version);
            scope.spawn(move || trials.map(|trial| walk(trial, version)).sum::<usize>())
        });
        walks.into_iter().map(|walk| walk.join().expect("a walk")).sum()
    });
    for row in rows.iter().filter(|row| row[0] != "(none)") {
        let states: Vec<&str> = row[0].split(" / ").collect();
        let covers = |trial: &Trial| {
            row[1].starts_with(trial.event) && (states == ["any"] || states.iter().all(|state| names(trial, state)))
        };
        assert!(trials.iter().any(covers), "no trial for {} by {}", row[0], row[1]);
    }
    println!("{} rows, {cells} transitions tried", rows.len());
}

fn names(trial: &Trial, state: &str) -> bool {
    trial.from.iter().any(|from| State::TABLE.row(from.0).is_some_and(|row| row.name == state))
}

#[test]
fn a_new_object_is_active_from_its_activation_date() {
    for version in SUPPORTED_VERSIONS {
        let mut walker = Walker::new(version);
        for make in [Walker::create, Walker::register, Walker::create_pair] {
            let cases = [(None, State::PreActive), (Some(3600), State::PreActive), (Some(-60), State::Active)];
            for (offset, state) in cases {
                let date = offset.map(|offset: i64| date_time(Tag::ActivationDate, now() + offset));
                let id = make(&mut walker, date.into_iter().collect());
                assert_eq!(walker.state(&id), state, "KMIP {version}, {offset:?}");
            }
        }
    }
}

/// What a state permits: to protect data, to process what is protected, to be destroyed, to be read, to be dated anew.
const USES: [(State, [bool; 4]); 6] = [
    (State::PreActive, [false, false, true, true]),
    (State::Active, [true, true, false, true]),
    (State::Deactivated, [false, true, true, true]),
    (State::Compromised, [false, true, true, true]),
    (State::Destroyed, [false, false, false, false]),
    (State::DestroyedCompromised, [false, false, false, false]),
];

#[test]
fn every_state_permits_what_the_specification_says() {
    let Some(rows) = rows("state_use.tsv") else { return };
    for (row, (state, [protect, process, destroy, get])) in rows.iter().zip(USES) {
        let told =
            |cell: usize| row.get(cell).is_some_and(|text| text.starts_with("yes") || text.starts_with("SHOULD"));
        assert!(State::TABLE.row(state.0).is_some_and(|known| known.name == row[0]), "{}", row[0]);
        assert_eq!([told(1), told(2), told(3), told(4)], [protect, process, destroy, get], "{}", row[0]);
    }
    let mut cells = 0;
    for version in SUPPORTED_VERSIONS {
        let mut walker = Walker::new(version);
        for (state, [protect, process, destroy, get]) in USES {
            let about = format!("KMIP {version}, {state}");
            let mut permits = |act: fn(&mut Walker, &str) -> Item| {
                let id = walker.object_in(state);
                cells += 1;
                status(&act(&mut walker, &id)) == Some(ResultStatus::Success)
            };
            if version >= V1_2 {
                assert_eq!(permits(|w, id| cipher(w, Operation::Encrypt, id)), protect, "{about}: Encrypt");
                assert_eq!(permits(|w, id| cipher(w, Operation::Decrypt, id)), process, "{about}: Decrypt");
            }
            assert_eq!(permits(|w, id| w.on(Operation::Get, id)), get, "{about}: Get");
            assert_eq!(permits(Walker::destroy), destroy, "{about}: Destroy");
            let living = matches!(state, State::PreActive | State::Active);
            let dated = permits(|w, id| w.add(id, date_time(Tag::DeactivationDate, now() + 3600)));
            assert_eq!(dated, living, "{about}: Deactivation Date");
        }
    }
    println!("{} states, {cells} uses tried", rows.len());
}

fn cipher(walker: &mut Walker, operation: Operation, id: &str) -> Item {
    let parameters = vec![
        enumeration(Tag::BlockCipherMode, BlockCipherMode::ECB.0),
        enumeration(Tag::PaddingMethod, PaddingMethod::None.0),
    ];
    let id = walker.id(id);
    let fields = vec![id, structure(Tag::CryptographicParameters, parameters), bytes(Tag::Data, &[3; 16])];
    walker.call(operation, fields)
}
