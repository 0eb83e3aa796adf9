//! The life cycle as a table (KMIP 2.1 §4.57 State): State x Event -> State, and what a state follows from.
//!
//! State is a function of stored dates, events and the time: a date that passes needs no request.

use kmip_codec::registry::{State, Tag};

use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::rotation;

/// What moves an object from state to state by request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Activate.
    Activate,
    /// Revoke with a reason other than a compromise.
    Revoke,
    /// Revoke with the reason Key Compromise or CA Compromise.
    Compromise,
    /// Deactivate (3.0).
    Deactivate,
    /// Destroy.
    Destroy,
    /// Obliterate (3.0).
    Obliterate,
}

/// The permitted transitions. The text of Revoke lets a Pre-Active object become Deactivated; the text of State gives no
/// such transition and permits none but those it lists, so it is refused: destroy the key instead, or name a compromise.
///
/// The tables of 3.0 do not say what Deactivate and Obliterate permit. Deactivate ends use as Revoke of an uncompromised object
/// does; Obliterate takes what Destroy takes, and what Destroy has left.
const TRANSITIONS: &[(State, Event, State)] = &[
    (State::PreActive, Event::Activate, State::Active),
    (State::PreActive, Event::Compromise, State::Compromised),
    (State::PreActive, Event::Destroy, State::Destroyed),
    (State::Active, Event::Revoke, State::Deactivated),
    (State::Active, Event::Deactivate, State::Deactivated),
    (State::Active, Event::Compromise, State::Compromised),
    (State::Deactivated, Event::Compromise, State::Compromised),
    (State::Deactivated, Event::Destroy, State::Destroyed),
    (State::Compromised, Event::Destroy, State::DestroyedCompromised),
    (State::Destroyed, Event::Compromise, State::DestroyedCompromised),
    (State::PreActive, Event::Obliterate, State::Destroyed),
    (State::Deactivated, Event::Obliterate, State::Destroyed),
    (State::Compromised, Event::Obliterate, State::DestroyedCompromised),
    (State::Destroyed, Event::Obliterate, State::Destroyed),
    (State::DestroyedCompromised, Event::Obliterate, State::DestroyedCompromised),
];

/// The state after an event, if the table permits it.
pub fn after(state: State, event: Event) -> OpResult<State> {
    match TRANSITIONS.iter().find(|(from, by, _)| *from == state && *by == event) {
        Some((_, _, to)) => Ok(*to),
        None => fail(Fault::WrongState, format!("{event:?} is not permitted: the object is {state}")),
    }
}

/// The state of an object at a time.
pub fn at(record: &Record, now: i64) -> State {
    let reached = |tag| record.date(tag).is_some_and(|date| date.0 <= now);
    let compromised = record.date(Tag::CompromiseDate).is_some();
    match (record.destroyed, compromised) {
        (true, true) => State::DestroyedCompromised,
        (true, false) => State::Destroyed,
        (false, true) => State::Compromised,
        (false, false) if attribute_of!(record, RevocationReason).is_some() => State::Deactivated,
        (false, false) if !reached(Tag::ActivationDate) => State::PreActive,
        (false, false) if reached(Tag::DeactivationDate) => State::Deactivated,
        (false, false) => State::Active,
    }
}

/// The next time at which a date changes the state of an object, or rotates it, without a request.
pub fn next_change(record: &Record, now: i64) -> Option<i64> {
    if record.destroyed {
        return None;
    }
    let dates = [Tag::ActivationDate, Tag::DeactivationDate, Tag::ProcessStartDate, Tag::ProtectStopDate];
    let ahead = dates.iter().filter_map(|tag| record.date(*tag)).map(|date| date.0).filter(|date| *date > now);
    // A rotation is due until it is done, whatever else changed the object meanwhile.
    ahead.chain(rotation::date(record)).min()
}

/// Refuses an object that is in archival storage (KMIP 1.4 §11, KMIP 2.1 §4.5).
pub fn must_be_online(record: &Record) -> OpResult<()> {
    if attribute_of!(record, ArchiveDate).is_some() {
        return fail(
            Fault::ObjectArchived,
            format!("the object {:?} is archived: recover it first", record.id.as_str()),
        );
    }
    Ok(())
}

/// Whether the object may protect data now: encrypt, sign, wrap, make a MAC, derive.
pub fn may_protect(record: &Record, now: i64) -> OpResult<()> {
    let state = at(record, now);
    if state != State::Active {
        return fail(Fault::WrongState, format!("the key is {state}; only an Active key protects data"));
    }
    if record.date(Tag::ProtectStopDate).is_some_and(|date| date.0 <= now) {
        return fail(Fault::WrongState, "the Protect Stop Date of the key has passed");
    }
    Ok(())
}

/// Whether other keys may be derived from the object now: as for protecting data, or if it was never given an Activation
/// Date. The tables of 1.x have no row for the state, and clients derive from keys that they never activate (PyKMIP).
pub fn may_derive(record: &Record, now: i64) -> OpResult<()> {
    if at(record, now) == State::PreActive && record.date(Tag::ActivationDate).is_none() {
        return Ok(());
    }
    may_protect(record, now)
}

/// Whether the object may process data that is protected: decrypt, verify, unwrap.
pub fn may_process(record: &Record, now: i64) -> OpResult<()> {
    let state = at(record, now);
    if !matches!(state, State::Active | State::Deactivated | State::Compromised) {
        return fail(Fault::WrongState, format!("the key is {state} and processes no data"));
    }
    if record.date(Tag::ProcessStartDate).is_some_and(|date| date.0 > now) {
        return fail(Fault::WrongState, "the Process Start Date of the key has not been reached");
    }
    Ok(())
}
