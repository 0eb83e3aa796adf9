//! Asynchronous requests (KMIP 1.4 §4.27, §4.28, §6.7; KMIP 2.1 §6.1.5, §6.1.38, §6.1.39, §6.1.41, §9.2, §11.3).

use std::sync::Arc;

use kmip_codec::message::RequestMessage;
use kmip_codec::registry::{
    AsynchronousIndicator, BatchErrorContinuationOption, CancellationResult, Operation, ProcessingStage, QueryFunction,
    ResultReason, ResultStatus,
};
use kmip_codec::value::{ByteString, DateTimeExtended};
use kmip_codec::version::{V1_0, V1_4, V2_0, V2_1};
use kmip_core::engine::SUPPORTED_VERSIONS;
use kmip_core::env::Config;
use kmip_core::jobs::{Asynchronous, JobCounts};
use kmip_core::testing::sim_vault::SimVault;

use crate::answer;
use crate::jobs_support::*;
use crate::requests::*;
use crate::support::{CLIENT, Harness, START, failure, password_hash, success};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

fn with(asynchronous: Asynchronous) -> Harness {
    Harness::with(Config { asynchronous, ..Config::default() }, SimVault::new(1))
}

fn unknown_value() -> ByteString {
    ByteString::new(&[7; 18])
}

/// KMIP 2.1 §11.3: Mandatory makes every item asynchronous, Prohibited and no indicator none.
#[test]
fn the_indicator_of_2_x_is_honoured() {
    for version in [V2_0, V2_1] {
        let harness = Harness::new();
        let asked = harness.ask(version, MANDATORY, vec![create(&[]), locate(&[]), get(text(UNKNOWN))]);
        let values: Vec<_> = asked.iter().map(pending).collect();
        assert!(values[0] != values[1] && values[1] != values[2]);
        let ids: Vec<_> = asked.iter().map(|item| item.unique_batch_item_id.clone()).collect();
        assert!(ids[0].is_some() && ids[0] != ids[1], "identifiers are echoed");
        assert_eq!(harness.engine.object_count(), 0, "nothing has run");
        let prohibited = harness.ask(version, AsynchronousIndicator::Prohibited, vec![create(&[]), locate(&[])]);
        assert!(prohibited.iter().all(|item| item.result_status == ResultStatus::Success));
        assert!(
            harness.batch(version, vec![locate(&[])]).iter().all(|item| item.result_status == ResultStatus::Success)
        );
    }
}

/// KMIP 1.4 §6.7, KMIP 2.1 §11.3: True and Optional leave it to the server, which chooses operations that may take long.
#[test]
fn an_optional_request_is_asynchronous_where_it_may_take_long() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        answer!(Create, harness.ask(version, OPTIONAL, vec![create(&[])]).remove(0));
        let value = pending(&harness.ask(version, OPTIONAL, vec![locate(&[])])[0]);
        let found = answer!(Locate, harness.item(version, poll(&value)));
        assert_eq!(found.unique_identifier.len(), 1);
    }
}

/// The operator decides what may take long.
#[test]
fn the_operations_that_may_take_long_are_a_setting() {
    let harness = with(Asynchronous { operations: vec![Operation::Create], ..Asynchronous::default() });
    pending(&harness.ask(V2_1, OPTIONAL, vec![create(&[])])[0]);
    answer!(Locate, harness.ask(V2_1, OPTIONAL, vec![locate(&[])]).remove(0));
}

/// KMIP 2.1 §6.1.38: what Poll tells is what the operation would have answered, under its own Operation; the identifier of the
/// item is that of the Poll.
#[test]
fn a_poll_tells_what_the_operation_would_have_answered() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[name("key")]);
    for item in [get(text(&id)), locate(&[name("key")]), get(text(UNKNOWN)), get_attributes(text(&id))] {
        let synchronous = harness.item(V2_1, item.clone());
        let value = harness.pending(item);
        let mut polls = harness.batch(V2_1, vec![poll(&value), create(&[])]);
        assert_eq!(pending(&polls[0]), value, "a Poll among several does not do the work");
        assert_eq!(polls.remove(0).operation, synchronous.operation);
        assert_eq!(harness.run_jobs(), 1);
        let polled = harness.polled(&value);
        assert_eq!(polled, synchronous);
        let again = harness.batch(V2_1, vec![poll(&value), create(&[])]);
        assert_eq!(again[0].response_payload, synchronous.response_payload, "it can be asked for again");
        assert_eq!(again[0].unique_batch_item_id.as_ref().map(ByteString::as_slice), Some(&[0, 0, 0, 0][..]));
    }
}

/// A Poll does short work at once; the wait is for those who may cancel.
#[test]
fn a_poll_ends_the_wait() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    assert_eq!(harness.run_jobs(), 0, "it waits");
    answer!(Create, harness.polled(&value));
    assert_eq!(harness.engine.object_count(), 1);
    harness.advance(10);
    assert_eq!(harness.run_jobs(), 0, "it has run");
    assert_eq!(harness.engine.object_count(), 1);
}

/// Without a Poll it runs after its wait.
#[test]
fn a_job_waits_and_runs() {
    let harness = with(Asynchronous { wait_seconds: 5, ..Asynchronous::default() });
    let value = harness.pending(create(&[]));
    harness.advance(5);
    assert_eq!(harness.run_jobs(), 0);
    harness.advance(1);
    assert_eq!(harness.run_jobs(), 1);
    assert_eq!(harness.engine.object_count(), 1);
    answer!(Create, harness.polled(&value));
    let at_once = with(Asynchronous { wait_seconds: 0, ..Asynchronous::default() });
    assert!(!at_once.engine.has_stirred_jobs());
    at_once.pending(create(&[]));
    assert!(at_once.engine.has_stirred_jobs());
    assert_eq!(at_once.run_jobs(), 1);
}

/// While a job is worked on, Poll says that it is pending, and Cancel that it cannot be stopped (KMIP 2.1 §11.7).
#[test]
fn what_has_begun_is_pending_and_cannot_be_stopped() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    harness.advance(2);
    let key = harness.due_job();
    assert_eq!(pending(&harness.polled(&value)), value);
    assert_eq!(harness.cancelled(V2_1, &value), CancellationResult::UnableToCancel);
    assert_eq!(harness.requests(None, None)[0].processing_stage, ProcessingStage::InProcess);
    assert_eq!(harness.engine.job_counts(), JobCounts { in_process: 1, ..JobCounts::default() });
    let change = harness.evaluated(&key);
    assert!(harness.committed(change));
    harness.engine.job_ended(&key);
    answer!(Create, harness.polled(&value));
    assert_eq!(harness.cancelled(V2_1, &value), CancellationResult::Completed);
}

/// KMIP 1.4 §4.27, KMIP 2.1 §11.7: each result of a cancellation.
#[test]
fn each_result_of_a_cancellation() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::with(
            Config {
                asynchronous: Asynchronous {
                    operations: vec![Operation::Create, Operation::Get],
                    ..Asynchronous::default()
                },
                ..Config::default()
            },
            SimVault::new(1),
        );
        let ask = |item| pending(&harness.ask(version, OPTIONAL, vec![item])[0]);
        let value = ask(create(&[]));
        assert_eq!(harness.cancelled(version, &value), CancellationResult::Canceled);
        assert_eq!(harness.cancelled(version, &value), CancellationResult::Canceled, "it still is");
        let polled = harness.item(version, poll(&value));
        assert_eq!(failure(&polled), ResultReason::OperationCanceledByRequester);
        assert_eq!(polled.operation, Some(Operation::Create));
        let (done, failed) = (ask(create(&[])), ask(get(text(UNKNOWN))));
        harness.advance(2);
        assert_eq!(harness.run_jobs(), 2);
        assert_eq!(harness.cancelled(version, &done), CancellationResult::Completed);
        assert_eq!(harness.cancelled(version, &failed), CancellationResult::Failed);
        assert_eq!(harness.cancelled(version, &unknown_value()), CancellationResult::Unavailable);
        assert_eq!(harness.engine.object_count(), 1);
    }
}

/// KMIP 1.4 §11.29, KMIP 2.1 §6.1.38.1: there is no such operation.
#[test]
fn an_unknown_correlation_value_has_its_reason() {
    let harness = Harness::new();
    for value in [unknown_value(), ByteString::new(&[]), ByteString::new(&[1; 17]), ByteString::new(&[1; 300])] {
        for (version, reason) in [
            (V1_0, ResultReason::ItemNotFound),
            (V1_4, ResultReason::ItemNotFound),
            (V2_0, ResultReason::InvalidAsynchronousCorrelationValue),
            (V2_1, ResultReason::InvalidAsynchronousCorrelationValue),
        ] {
            assert_eq!(failure(&harness.item(version, poll(&value))), reason);
        }
        assert_eq!(failure(&harness.item(V2_1, process(&value))), ResultReason::InvalidAsynchronousCorrelationValue);
    }
    let malformed = ByteString::new(&[1; 17]);
    assert_eq!(failure(&harness.item(V2_1, cancel(&malformed))), ResultReason::InvalidAsynchronousCorrelationValue);
    assert_eq!(harness.cancelled(V1_4, &malformed), CancellationResult::Unavailable);
    let value = harness.pending(create(&[]));
    let mut beyond = value.as_slice().to_vec();
    *beyond.last_mut().unwrap() = 1;
    let beyond = ByteString::new(&beyond);
    assert_eq!(failure(&harness.polled(&beyond)), ResultReason::InvalidAsynchronousCorrelationValue);
    assert_eq!(harness.cancelled(V2_1, &beyond), CancellationResult::Unavailable);
}

/// The operations about asynchronous requests are answered at once even where all must be asynchronous (KMIP 2.1 §6.1.5, §6.1.38).
#[test]
fn poll_cancel_process_and_query_are_never_asynchronous() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    let items = vec![query_requests(None, None), process(&value), cancel(&value), poll(&value), create(&[])];
    let answers = harness.ask(V2_1, MANDATORY, items);
    assert!(answers[..4].iter().all(|item| item.result_status == ResultStatus::Success), "{answers:?}");
    pending(&answers[4]);
}

/// KMIP 2.1 §6.1.39: after Process the next Poll is not pending.
#[test]
fn process_has_it_done_now() {
    let harness = Harness::new();
    let asked = harness.ask(V2_1, MANDATORY, vec![create(&[]), locate(&[])]);
    let values: Vec<_> = asked.iter().map(pending).collect();
    answer!(Process, harness.item(V2_1, process(&values[1])));
    assert_eq!(harness.engine.object_count(), 1, "the item before it is done, too");
    answer!(Create, harness.polled(&values[0]));
    assert_eq!(answer!(Locate, harness.polled(&values[1])).unique_identifier.len(), 1);
    answer!(Process, harness.item(V2_1, process(&values[0])));
    assert_eq!(harness.engine.object_count(), 1, "once");
    let canceled = harness.pending(create(&[]));
    harness.cancelled(V2_1, &canceled);
    answer!(Process, harness.item(V2_1, process(&canceled)));
    assert_eq!(harness.engine.object_count(), 1);
}

/// Process does not wait for whoever works on it already, and the work is done once.
#[test]
fn process_overtakes_a_job_under_way() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    harness.advance(2);
    let key = harness.due_job();
    let change = harness.evaluated(&key);
    answer!(Process, harness.item(V2_1, process(&value)));
    assert!(!harness.committed(change), "too late");
    assert!(harness.engine.evaluate_job(&key, harness.env()).is_none(), "nothing is left to do");
    harness.engine.job_ended(&key);
    answer!(Create, harness.polled(&value));
    assert_eq!(harness.engine.object_count(), 1);
}

/// Whoever is faster: both are told that it is done, and it is done once.
#[test]
fn two_that_process_the_same_job_both_have_it_done() {
    let harness = Arc::new(Harness::new());
    let value = harness.pending(create(&[]));
    let (other, same) = (Arc::clone(&harness), value.clone());
    harness.vault.during_next_call(move || {
        answer!(Process, other.item(V2_1, process(&same)));
    });
    answer!(Process, harness.item(V2_1, process(&value)));
    answer!(Create, harness.polled(&value));
    assert_eq!(harness.engine.object_count(), 1);
}

/// KMIP 2.1 §6.1.41: what was not obtained yet, with its stage.
#[test]
fn the_outstanding_requests_are_told() {
    let harness = Harness::new();
    assert!(harness.requests(None, None).is_empty());
    let created = harness.pending(create(&[]));
    harness.advance(1);
    let located = harness.pending(locate(&[]));
    let all = harness.requests(None, None);
    let told: Vec<_> =
        all.iter().map(|one| (&one.asynchronous_correlation_value, one.operation, one.processing_stage)).collect();
    let submitted = ProcessingStage::Submitted;
    assert_eq!(told, [(&created, Operation::Create, submitted), (&located, Operation::Locate, submitted)]);
    assert_eq!(all[1].submission_date, DateTimeExtended((START + 1) * 1_000_000));
    let values = |requests: Vec<kmip_codec::operation::query_asynchronous_requests::AsynchronousRequest>| {
        requests.into_iter().map(|one| one.asynchronous_correlation_value).collect::<Vec<_>>()
    };
    let some = |value: &ByteString| [value.clone(), unknown_value()];
    assert_eq!(values(harness.requests(Some(&some(&located)), None)), std::slice::from_ref(&located));
    let creates = harness.requests(None, Some(&[Operation::Create, Operation::Get]));
    assert_eq!(values(creates), std::slice::from_ref(&created));
    assert!(harness.requests(Some(&some(&located)), Some(&[Operation::Create])).is_empty());
    assert_eq!(harness.requests(Some(&[]), Some(&[])).len(), 2, "an empty list asks for all");
    harness.advance(2);
    harness.run_jobs();
    assert!(harness.requests(None, None).iter().all(|one| one.processing_stage == ProcessingStage::Completed));
    harness.polled(&created);
    assert_eq!(values(harness.requests(None, None)), std::slice::from_ref(&located), "what was obtained is not told");
    let canceled = harness.pending(create(&[]));
    harness.cancelled(V2_1, &canceled);
    assert_eq!(values(harness.requests(None, None)), [located]);
}

/// KMIP 2.1 §6.1.40: Query tells what works, in the versions that have it.
#[test]
fn query_tells_of_them() {
    use kmip_codec::operation::RequestPayload;
    use kmip_codec::operation::query::QueryRequest;
    let query = |function| {
        let request = QueryRequest { query_function: vec![function], object_groups: None };
        (Operation::Query, RequestPayload::Query(Box::new(request)))
    };
    let harness = Harness::new();
    for version in SUPPORTED_VERSIONS {
        let operations = answer!(Query, harness.item(version, query(QueryFunction::QueryOperations))).operation;
        assert!(operations.contains(&Operation::Poll) && operations.contains(&Operation::Cancel));
        assert_eq!(operations.contains(&Operation::Process), version >= V2_1);
        assert_eq!(operations.contains(&Operation::QueryAsynchronousRequests), version >= V2_1);
    }
    let capabilities = answer!(Query, harness.item(V2_1, query(QueryFunction::QueryCapabilities)));
    assert_eq!(capabilities.capability_information[0].asynchronous_capability, Some(true));
}

/// Another client's correlation value does not exist, in the same scope or not; nor does another user's.
#[test]
fn nobody_else_has_the_request() {
    let harness = Harness::new();
    harness.engine.enroll("neighbour", Some("shared")).unwrap();
    harness.engine.enroll("owner", Some("shared")).unwrap();
    let asked = asking(V2_1, MANDATORY, vec![create(&[])]);
    let value = pending(&harness.exchange("owner", &asked).batch_item[0]);
    for client in ["neighbour", CLIENT] {
        let call = |(operation, payload): Item| harness.call_as(client, V2_1, operation, payload);
        let unknown = ResultReason::InvalidAsynchronousCorrelationValue;
        assert_eq!(failure(&call(poll(&value))), unknown);
        assert_eq!(failure(&call(process(&value))), unknown);
        let response = answer!(Cancel, call(cancel(&value)));
        assert_eq!(response.cancellation_result, CancellationResult::Unavailable);
        let requests = answer!(QueryAsynchronousRequests, call(query_requests(None, None)));
        assert!(requests.asynchronous_request.is_empty());
    }
    let (operation, payload) = poll(&value);
    answer!(Create, harness.call_as("owner", V2_1, operation, payload));
}

/// A request with a user's credential.
fn as_user(user: &str, mut request: RequestMessage) -> RequestMessage {
    use kmip_codec::message::credential::PasswordCredential;
    use kmip_codec::message::{Authentication, Credential, CredentialValue};
    use kmip_codec::registry::CredentialType;
    use kmip_codec::secret::SecretText;
    let password = PasswordCredential { username: user.into(), password: Some(SecretText::copy_from("right")) };
    let credential_value = CredentialValue::Password(Box::new(password));
    let credential = Credential { credential_type: CredentialType::UsernameAndPassword, credential_value };
    request.request_header.authentication = Some(Authentication { credential: vec![credential] });
    request
}

#[test]
fn a_request_belongs_to_its_user() {
    let harness = Harness::new();
    for user in ["alice", "bob"] {
        harness.engine.add_user(user, &password_hash("right"), None).unwrap();
    }
    let asked = as_user("alice", asking(V2_1, MANDATORY, vec![create(&[])]));
    let value = pending(&harness.exchange(CLIENT, &asked).batch_item[0]);
    let polling = || RequestMessage::continuing(V2_1, vec![poll(&value)]);
    for other in [polling(), as_user("bob", polling())] {
        let answer = harness.exchange(CLIENT, &other).batch_item.remove(0);
        assert_eq!(failure(&answer), ResultReason::InvalidAsynchronousCorrelationValue);
    }
    answer!(Create, harness.exchange(CLIENT, &as_user("alice", polling())).batch_item.remove(0));
}

/// Client and user are authorised again when the job runs.
#[test]
fn a_client_that_may_not_any_more_gets_a_refusal() {
    use kmip_core::identity::{ClientRecord, UserRecord};
    use kmip_core::layout;
    use kmip_core::ports::store::{Batch, Store, Write};
    let moved = || {
        let record = ClientRecord::of_its_own("elsewhere".into());
        (layout::client(CLIENT), record.encode())
    };
    let bound = || {
        let record = UserRecord::new(&password_hash("right"), Some("other"));
        (layout::user("alice"), record.encode())
    };
    for change in [&moved as &dyn Fn() -> (Vec<u8>, Vec<u8>), &bound] {
        let harness = Harness::new();
        harness.engine.add_user("alice", &password_hash("right"), None).unwrap();
        let asked = as_user("alice", asking(V2_1, MANDATORY, vec![create(&[])]));
        let value = pending(&harness.exchange(CLIENT, &asked).batch_item[0]);
        let (key, record) = change();
        let batch = |write| Batch { writes: vec![write], ..Batch::default() };
        let before = harness.store.get(&key).unwrap().map(|stored| stored.value);
        harness.store.commit(&[batch(Write::Put(key.clone(), record))]).unwrap();
        harness.advance(2);
        assert_eq!(harness.run_jobs(), 1);
        assert_eq!(harness.engine.object_count(), 0, "nothing was done");
        let back = before.map_or(Write::Delete(key.clone()), |value| Write::Put(key.clone(), value));
        harness.store.commit(&[batch(back)]).unwrap();
        let polling = as_user("alice", RequestMessage::continuing(V2_1, vec![poll(&value)]));
        let polled = harness.exchange(CLIENT, &polling).batch_item.remove(0);
        assert_eq!((failure(&polled), polled.operation), (ResultReason::PermissionDenied, Some(Operation::Create)));
    }
}

/// A client has a bounded number of requests, and is told so; where it left the choice, it is served at once.
#[test]
fn a_client_has_so_many_requests() {
    let harness = with(Asynchronous { items_per_client: 3, ..Asynchronous::default() });
    let asked = harness.ask(V2_1, MANDATORY, vec![create(&[]), create(&[])]);
    let values: Vec<_> = asked.iter().map(pending).collect();
    let refused = harness.ask(V2_1, MANDATORY, vec![create(&[]), create(&[])]);
    assert!(refused.iter().all(|item| failure(item) == ResultReason::ServerLimitExceeded), "both or none");
    assert!(refused[0].result_message.as_ref().unwrap().contains("3 asynchronous requests"));
    pending(&harness.ask(V2_1, MANDATORY, vec![create(&[])])[0]);
    answer!(Locate, harness.ask(V2_1, OPTIONAL, vec![locate(&[])]).remove(0));
    let other = harness.exchange("other", &asking(V2_1, MANDATORY, vec![create(&[])]));
    pending(&other.batch_item[0]);
    answer!(Create, harness.polled(&values[0]));
    pending(&harness.ask(V2_1, MANDATORY, vec![create(&[])])[0]);
}

/// Requests that are evaluated at the same time count, too: not both get the last place, nor does one keep it that fails.
#[test]
fn the_last_place_is_given_once() {
    let harness = with(Asynchronous { items_per_client: 1, ..Asynchronous::default() });
    harness.created(V2_1, &[]);
    let asked = asking(V2_1, MANDATORY, vec![create(&[])]);
    let first = harness.evaluated_request(&asked);
    let refused = harness.ask(V2_1, MANDATORY, vec![create(&[])]);
    assert_eq!(failure(&refused[0]), ResultReason::ServerLimitExceeded);
    pending(&harness.exchange("other", &asked).batch_item[0]);
    drop(first);
    let second = harness.evaluated_request(&asked);
    assert!(harness.committed(second));
    assert_eq!(failure(&harness.ask(V2_1, MANDATORY, vec![create(&[])])[0]), ResultReason::ServerLimitExceeded);
    let mut undone = asking(V2_1, MANDATORY, vec![create(&[]), poll(&unknown_value())]);
    undone.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    assert_eq!(harness.exchange("third", &undone).batch_item[0].result_status, ResultStatus::OperationUndone);
    pending(&harness.exchange("third", &asked).batch_item[0]);
}

/// What an item wants left out is left out of the answer to Poll, and of no other.
#[test]
fn what_is_ephemeral_is_left_out_of_what_poll_tells() {
    use kmip_codec::message::Ephemeral;
    use kmip_codec::registry::EphemeralEnumeration;
    use kmip_codec::version::V3_0;
    let harness = Harness::new();
    harness.created(V3_0, &[]);
    let mut request = asking(V3_0, MANDATORY, vec![locate(&[]), locate(&[])]);
    request.batch_item[0].ephemeral = Some(Ephemeral::Kind(EphemeralEnumeration::UniqueIdentifier));
    let values: Vec<_> = harness.exchange(CLIENT, &request).batch_item.iter().map(pending).collect();
    harness.advance(2);
    assert_eq!(harness.run_jobs(), 1);
    for (value, expected) in values.iter().zip([0, 1]) {
        for _ in 0..2 {
            let answer = answer!(Locate, harness.item(V3_0, poll(value)));
            assert_eq!((answer.unique_identifier.len(), answer.located_items), (expected, Some(1)));
        }
    }
}

/// Requests take a bounded number of bytes.
#[test]
fn a_client_has_so_many_bytes() {
    let harness = with(Asynchronous { bytes_per_client: 2_000, ..Asynchronous::default() });
    let big = aes(&[7; 32]);
    let mut accepted = 0;
    let refused = loop {
        let answer = harness.ask(V2_1, MANDATORY, vec![register(big.clone(), &[])]).remove(0);
        if answer.result_status == ResultStatus::OperationFailed {
            break answer;
        }
        accepted += 1;
    };
    assert_eq!(failure(&refused), ResultReason::ServerLimitExceeded);
    assert!((1..10).contains(&accepted), "{accepted}");
    harness.advance(5);
    assert_eq!(harness.run_jobs(), accepted);
}

/// What is never obtained ends; so does what never ran.
#[test]
fn requests_and_results_end() {
    let harness = with(Asynchronous { keep_seconds: 100, ..Asynchronous::default() });
    let (ran, never) = (harness.pending(create(&[])), harness.pending(create(&[])));
    answer!(Process, harness.item(V2_1, process(&ran)));
    harness.advance(100);
    for value in [&ran, &never] {
        assert_eq!(failure(&harness.polled(value)), ResultReason::InvalidAsynchronousCorrelationValue);
        assert_eq!(harness.cancelled(V2_1, value), CancellationResult::Unavailable);
    }
    assert_eq!(harness.run_jobs(), 0);
    assert_eq!(harness.engine.object_count(), 1);
    assert_eq!(harness.engine.job_counts(), JobCounts::default());
    assert_eq!(harness.verify().unwrap().jobs, 0, "nothing is left in the store");
}

/// A result that was obtained can be asked for again for a minute, and ends then.
#[test]
fn an_obtained_result_ends_soon() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    let first = success(harness.polled(&value));
    harness.advance(59);
    assert_eq!(success(harness.polled(&value)), first);
    harness.advance(1);
    assert_eq!(failure(&harness.polled(&value)), ResultReason::InvalidAsynchronousCorrelationValue);
    assert_eq!(harness.verify().unwrap().jobs, 0);
}

/// A result that the client takes no room for stays.
#[test]
fn a_result_that_is_too_large_stays() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    let mut small = RequestMessage::continuing(V2_1, vec![poll(&value)]);
    small.request_header.maximum_response_size = Some(160);
    for _ in 0..2 {
        let answer = harness.exchange(CLIENT, &small).batch_item.remove(0);
        assert_eq!((failure(&answer), answer.operation), (ResultReason::ResponseTooLarge, Some(Operation::Poll)));
    }
    assert_eq!(harness.requests(None, None).len(), 1, "it is not obtained");
    answer!(Create, harness.polled(&value));
    let mut asking = asking(V2_1, MANDATORY, vec![create(&[])]);
    asking.request_header.maximum_response_size = Some(150);
    let answer = harness.exchange(CLIENT, &asking).batch_item.remove(0);
    assert_eq!(failure(&answer), ResultReason::ResponseTooLarge);
    assert!(harness.requests(None, None).is_empty(), "what could not be told was not accepted");
}

/// A result is told in the version of its request.
#[test]
fn a_result_is_told_in_its_version() {
    let harness = Harness::new();
    let value = harness.pending(create(&[]));
    answer!(Process, harness.item(V2_1, process(&value)));
    assert_eq!(failure(&harness.item(V1_4, poll(&value))), ResultReason::FeatureNotSupported);
    answer!(Create, harness.polled(&value));
}

/// What this server does not do is refused at once.
#[test]
fn what_cannot_run_is_refused_at_once() {
    let harness = Harness::new();
    let answers = harness.ask(V2_1, MANDATORY, vec![unsupported(), create(&[])]);
    assert_eq!(failure(&answers[0]), ResultReason::OperationNotSupported);
    pending(&answers[1]);
}
