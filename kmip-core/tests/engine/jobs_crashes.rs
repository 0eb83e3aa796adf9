//! Asynchronous requests across a crash at each step, races with Cancel, and what is found in the store.

use kmip_codec::registry::{CancellationResult, ResultReason, ResultStatus};
use kmip_codec::version::V2_1;
use kmip_core::engine::Evaluation;
use kmip_core::env::{Pace, Work};
use kmip_core::layout;
use kmip_core::ports::store::{Batch, Store, Write};
use kmip_core::ports::vault::Waits;
use kmip_core::renewal::Renewing;
use kmip_core::verify::VerifyError;

use crate::answer;
use crate::jobs_support::*;
use crate::requests::*;
use crate::support::{CLIENT, Harness, failure};

fn restarted(harness: Harness) -> Harness {
    let now = harness.now();
    harness.reopened(now)
}

/// The keys and values of all jobs.
fn stored(harness: &Harness) -> Vec<(Vec<u8>, Vec<u8>)> {
    let page = harness.store.scan(layout::JOBS, &layout::end_of(layout::JOBS), 1_000).unwrap();
    page.entries.into_iter().map(|(key, stored)| (key, stored.value)).collect()
}

fn put(harness: &Harness, write: Write) {
    harness.store.commit(&[Batch { writes: vec![write], ..Batch::default() }]).unwrap();
}

/// Accepted means durable: a restart finds it waiting, and it runs once.
#[test]
fn an_accepted_request_survives_a_restart() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    let harness = restarted(harness);
    assert_eq!(harness.requests(None, None).len(), 1);
    harness.advance(2);
    assert_eq!(harness.run_jobs(), 1);
    let harness = restarted(harness);
    assert_eq!(harness.run_jobs(), 0);
    let made = answer!(Create, harness.polled(&value)).unique_identifier;
    let harness = restarted(harness);
    assert_eq!(answer!(Create, harness.polled(&value)).unique_identifier, made, "obtained, and asked for again");
    assert_eq!(harness.engine.object_count(), 1);
}

/// A crash before the commit: nothing was done. A crash after it: all was.
#[test]
fn a_crash_while_it_runs_leaves_all_or_nothing() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    harness.advance(2);
    let key = harness.due_job();
    drop(harness.evaluated(&key));
    let harness = restarted(harness);
    assert_eq!(harness.engine.object_count(), 0);
    let key = harness.due_job();
    let change = harness.evaluated(&key);
    // The store has the change; the process dies before it learns so.
    harness.store.commit(std::slice::from_ref(change.batch())).unwrap();
    let harness = restarted(harness);
    assert_eq!(harness.engine.object_count(), 1);
    assert_eq!(harness.run_jobs(), 0, "it does not run twice");
    answer!(Create, harness.polled(&value));
}

/// A request that was not answered was not accepted.
#[test]
fn a_crash_before_acceptance_leaves_nothing() {
    let harness = Harness::new();
    harness.created(V2_1, &[]);
    drop(harness.evaluated_request(&asking(V2_1, MANDATORY, vec![create(&[])])));
    let harness = restarted(harness);
    assert!(stored(&harness).is_empty());
}

/// A job that makes the server stop does so a few times, and not for ever.
#[test]
fn a_job_that_stops_the_server_is_given_up() {
    let mut harness = Harness::new();
    let value = harness.pending(create(&[]));
    harness.advance(2);
    for _ in 0..5 {
        let key = harness.due_job();
        drop(harness.evaluated(&key));
        harness = restarted(harness);
    }
    assert_eq!(harness.run_jobs(), 1);
    let polled = harness.polled(&value);
    assert_eq!(failure(&polled), ResultReason::GeneralFailure);
    assert!(polled.result_message.unwrap().contains("stopped each of the 5 times"));
    assert_eq!(harness.engine.object_count(), 0);
    let harness = restarted(harness);
    assert_eq!(harness.run_jobs(), 0, "it is done with");
}

/// Restarts before it is tried do not count, nor do tries of one server that others are faster than.
#[test]
fn only_servers_that_began_a_job_count_as_tries() {
    let mut harness = Harness::new();
    let value = harness.pending(create(&[]));
    harness.advance(2);
    for _ in 0..10 {
        harness = restarted(harness);
    }
    let key = harness.due_job();
    for _ in 0..10 {
        drop(harness.evaluated(&key));
    }
    harness.engine.job_ended(&key);
    assert_eq!(harness.run_jobs(), 1);
    answer!(Create, harness.polled(&value));
}

/// Two that run the same job: one wins, and it is done once.
#[test]
fn two_runners_do_it_once() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    harness.advance(2);
    let key = harness.due_job();
    let (one, other) = (harness.evaluated(&key), harness.evaluated(&key));
    assert!(harness.committed(other));
    assert!(!harness.committed(one));
    assert_eq!(harness.engine.object_count(), 1);
    answer!(Create, harness.polled(&value));
}

/// Cancel and the start race in the store: whoever is first decides, and the client is told the truth.
#[test]
fn cancel_and_start_race() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    let (operation, payload) = cancel(&value);
    let canceling = kmip_codec::message::RequestMessage::continuing(V2_1, vec![(operation, payload)]);
    let cancels = harness.evaluated_request(&canceling);
    harness.advance(2);
    let key = harness.engine.take_due_jobs(harness.env(), 1).remove(0);
    let begins = harness.evaluated(&key);
    assert!(harness.committed(cancels));
    assert!(!harness.committed(begins), "it was cancelled");
    assert!(harness.engine.evaluate_job(&key, harness.env()).is_none());
    harness.engine.job_ended(&key);
    assert_eq!(harness.engine.object_count(), 0);
    assert_eq!(failure(&harness.polled(&value)), ResultReason::OperationCanceledByRequester);

    let value = harness.pending(create(&[]));
    let (operation, payload) = cancel(&value);
    let canceling = kmip_codec::message::RequestMessage::continuing(V2_1, vec![(operation, payload)]);
    let cancels = harness.evaluated_request(&canceling);
    harness.advance(2);
    assert_eq!(harness.run_jobs(), 1);
    assert!(!harness.committed(cancels), "it has run");
    assert_eq!(harness.cancelled(V2_1, &value), CancellationResult::Completed);
}

/// What was cancelled stays so, and keeps nothing of the request.
#[test]
fn a_cancelled_request_survives_a_restart() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    harness.cancelled(V2_1, &value);
    let harness = restarted(harness);
    harness.advance(2);
    assert_eq!(harness.run_jobs(), 0);
    assert_eq!(failure(&harness.polled(&value)), ResultReason::OperationCanceledByRequester);
    assert_eq!(harness.engine.object_count(), 0);
}

/// A key in a request or in a result is not in the record, but in what the vault sealed.
#[test]
fn no_key_stands_in_the_record() {
    let harness = Harness::new();
    let key: Vec<u8> = (100..132).collect();
    let has_key = |harness: &Harness| stored(harness).iter().any(|(_, value)| value.windows(8).any(|w| w == &key[..8]));
    let registering = harness.pending(register(aes(&key), &[]));
    assert!(!has_key(&harness));
    let id = answer!(Register, harness.polled(&registering)).unique_identifier;
    let getting = harness.pending(get(Some(id)));
    answer!(Process, harness.item(V2_1, process(&getting)));
    assert!(!stored(&harness).is_empty() && !has_key(&harness));
    answer!(Get, harness.polled(&getting));
}

/// A request whose content does not open fails, and does not come again for ever.
#[test]
fn a_job_that_cannot_run_fails() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    harness.advance(2);
    harness.vault.fail_next(1);
    assert_eq!(harness.run_jobs(), 1);
    let polled = harness.polled(&value);
    assert_eq!(polled.result_status, ResultStatus::OperationFailed);
    assert_eq!(harness.run_jobs(), 0);
    let value = harness.pending(create(&[]));
    harness.advance(2);
    let key = harness.due_job();
    match harness.engine.give_up_job(&key, harness.env(), "too long") {
        Some(Evaluation::Commit(pending)) => assert!(harness.committed(*pending)),
        other => panic!("{other:?}"),
    }
    harness.engine.job_ended(&key);
    let polled = harness.polled(&value);
    assert_eq!(failure(&polled), ResultReason::GeneralFailure);
    assert_eq!(polled.result_message.unwrap().as_str(), "too long");
    assert_eq!(harness.engine.object_count(), 0);
}

/// A request that the vault cannot seal is not accepted.
#[test]
fn a_request_that_cannot_be_sealed_is_refused() {
    let harness = Harness::new();
    harness.created(V2_1, &[]);
    harness.vault.fail_next(2);
    let answer = harness.ask(V2_1, MANDATORY, vec![create(&[])]).remove(0);
    assert_eq!(answer.result_status, ResultStatus::OperationFailed);
    assert_eq!(answer.asynchronous_correlation_value, None);
    harness.vault.fail_next(0);
    assert!(stored(&harness).is_empty());
}

/// Where sealing waits for a device, no thread that serves others does it.
#[test]
fn a_device_is_called_from_its_pool() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    harness.vault.wait_for_device(Waits { to_make: true, to_use: true, prompt: false });
    let inline = kmip_core::env::Env::new(harness.now(), Pace::Inline);
    harness.advance(2);
    let key = harness.due_job();
    assert!(matches!(harness.engine.evaluate_job(&key, inline), Some(Evaluation::Defer(Work::Device))));
    let bytes = kmip_codec::message::encode(
        kmip_codec::registry::Tag::RequestMessage,
        &asking(V2_1, MANDATORY, vec![locate(&[])]),
        V2_1,
    );
    assert!(matches!(harness.engine.evaluate(&bytes, CLIENT, inline), Evaluation::Defer(Work::Device)));
    let change = harness.evaluated(&key);
    assert!(harness.committed(change));
    harness.engine.job_ended(&key);
    answer!(Create, harness.polled(&value));
}

/// A Poll does not hold up its connection with long work: the job becomes due instead.
#[test]
fn a_poll_of_long_work_makes_it_due() {
    let harness = Harness::new();
    for _ in 0..300 {
        harness.created(V2_1, &[]);
    }
    let value = harness.pending(locate(&[]));
    assert_eq!(pending(&harness.polled(&value)), value);
    assert!(harness.engine.has_stirred_jobs());
    assert_eq!(harness.run_jobs(), 1, "before its time");
    assert_eq!(answer!(Locate, harness.polled(&value)).unique_identifier.len(), 300);
}

/// The offline check reads every job, and tells one that was altered.
#[test]
fn the_offline_check_knows_jobs() {
    let harness = Harness::new();
    harness.pending(create(&[]));
    let ran = harness.pending(create(&[]));
    answer!(Process, harness.item(V2_1, process(&ran)));
    let canceled = harness.pending(create(&[]));
    harness.cancelled(V2_1, &canceled);
    assert_eq!(harness.verify().unwrap().jobs, 3);
    let (key, value) = stored(&harness).remove(0);
    let told = |harness: &Harness| match harness.verify() {
        Err(VerifyError::Damaged(faults)) => faults,
        other => panic!("{other:?}"),
    };
    put(&harness, Write::Put(layout::job(CLIENT, "elsewhere"), value.clone()));
    assert!(told(&harness)[0].contains("stands under another key"));
    put(&harness, Write::Delete(layout::job(CLIENT, "elsewhere")));
    let mut altered = value.clone();
    let last = altered.len() - 9;
    altered[last] ^= 1;
    put(&harness, Write::Put(key.clone(), altered));
    assert!(harness.verify().is_err());
    put(&harness, Write::Put(key, value));
    assert_eq!(harness.verify().unwrap().jobs, 3);
}

/// Jobs go under a new key of their scope like objects, and a change that an older key sealed is found before it is committed.
#[test]
fn jobs_are_sealed_anew() {
    let harness = Harness::new();
    let (waiting, ran) = (harness.pending(create(&[])), harness.pending(create(&[])));
    answer!(Process, harness.item(V2_1, process(&ran)));
    let late = harness.evaluated_request(&asking(V2_1, MANDATORY, vec![create(&[])]));
    harness.vault.renew_root_key();
    let engine = &harness.engine;
    engine.set_renewing(Some(Renewing::ScopeKeys));
    engine.renew_scope_keys(None, 10, harness.now()).unwrap();
    engine.reseal_scope_keys(None, 10).unwrap();
    engine.reseal_objects(None, 10).unwrap();
    assert_eq!(engine.count_outdated(10, |_| true).unwrap().unwrap().outdated, 2);
    assert_eq!(engine.reseal_jobs(None, 10).unwrap().renewed, 2);
    assert_eq!(engine.count_outdated(10, |_| true).unwrap().unwrap().outdated, 0);
    assert!(engine.is_outdated(&late), "it carries what the older key sealed");
    let now = harness.evaluated_request(&asking(V2_1, MANDATORY, vec![create(&[])]));
    assert!(!engine.is_outdated(&now));
    engine.set_renewing(None);
    engine.remove_older_scope_keys(None, 10).unwrap();
    answer!(Create, harness.polled(&waiting));
    answer!(Create, harness.polled(&ran));
}
