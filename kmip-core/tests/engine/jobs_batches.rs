//! Batches with asynchronous items (KMIP 2.1 §6 ID Placeholder, §8, §9.7, §11.3).

use kmip_codec::registry::{BatchErrorContinuationOption, ResultReason, ResultStatus, State};
use kmip_codec::version::{V1_4, V2_1};

use crate::answer;
use crate::jobs_support::*;
use crate::requests::*;
use crate::support::{CLIENT, Harness, failure, success};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

/// Items of one request run in order, and use what those before them gave.
#[test]
fn an_item_takes_the_placeholder_of_the_pending_one_before_it() {
    let harness = Harness::new();
    let asked = harness.ask(V2_1, MANDATORY, vec![create(&[]), activate(None), get(None)]);
    let values: Vec<_> = asked.iter().map(pending).collect();
    harness.advance(2);
    assert_eq!(harness.run_jobs(), 1, "they are one job");
    let made = answer!(Create, harness.polled(&values[0])).unique_identifier;
    assert_eq!(answer!(Activate, harness.polled(&values[1])).unique_identifier, made);
    assert_eq!(answer!(Get, harness.polled(&values[2])).unique_identifier, made);
    assert_eq!(harness.state_of(V2_1, &id_of(made)), State::Active);
}

/// Items keep their order: what stands behind an asynchronous one is asynchronous, what stands before it is answered at once.
#[test]
fn synchronous_items_stand_before_asynchronous_ones() {
    for version in [V1_4, V2_1] {
        let harness = Harness::new();
        let asked = harness.ask(version, OPTIONAL, vec![create(&[name("one")]), locate(&[name("one")]), get(None)]);
        let made = answer!(Create, asked[0].clone()).unique_identifier;
        let values: Vec<_> = asked[1..].iter().map(pending).collect();
        harness.advance(2);
        harness.run_jobs();
        let located = answer!(Locate, harness.item(version, poll(&values[0]))).unique_identifier;
        assert_eq!(located, std::slice::from_ref(&made));
        assert_eq!(answer!(Get, harness.item(version, poll(&values[1]))).unique_identifier, made);
    }
}

/// An asynchronous item uses what a synchronous one gave before it.
#[test]
fn an_asynchronous_item_takes_the_placeholder_of_a_synchronous_one() {
    use kmip_core::env::Config;
    use kmip_core::jobs::Asynchronous;
    use kmip_core::testing::sim_vault::SimVault;
    let asynchronous =
        Asynchronous { operations: vec![kmip_codec::registry::Operation::Activate], ..Asynchronous::default() };
    let harness = Harness::with(Config { asynchronous, ..Config::default() }, SimVault::new(1));
    let asked = harness.ask(V2_1, OPTIONAL, vec![create(&[]), activate(None)]);
    let made = answer!(Create, asked[0].clone()).unique_identifier;
    let activated = answer!(Activate, harness.polled(&pending(&asked[1])));
    assert_eq!(activated.unique_identifier, made);
}

/// KMIP 2.1 §9.7: Stop, the default: what stands behind a failed item is not done, and says so.
#[test]
fn stop_ends_the_job_and_keeps_what_succeeded() {
    let harness = Harness::new();
    let items = vec![create(&[]), get(text(UNKNOWN)), create(&[])];
    let request = asking_with(BatchErrorContinuationOption::Stop, items);
    let values: Vec<_> = harness.exchange(CLIENT, &request).batch_item.iter().map(pending).collect();
    harness.advance(2);
    harness.run_jobs();
    answer!(Create, harness.polled(&values[0]));
    assert_eq!(failure(&harness.polled(&values[1])), ResultReason::ObjectNotFound);
    let behind = harness.polled(&values[2]);
    assert_eq!(failure(&behind), ResultReason::GeneralFailure);
    assert!(behind.result_message.unwrap().contains("earlier item"));
    assert_eq!(harness.engine.object_count(), 1);
}

/// KMIP 2.1 §9.7: Continue does every item.
#[test]
fn continue_does_every_item() {
    let harness = Harness::new();
    let items = vec![create(&[]), get(text(UNKNOWN)), create(&[])];
    let request = asking_with(BatchErrorContinuationOption::Continue, items);
    let values: Vec<_> = harness.exchange(CLIENT, &request).batch_item.iter().map(pending).collect();
    harness.advance(2);
    harness.run_jobs();
    let statuses: Vec<_> = values.iter().map(|value| harness.polled(value).result_status).collect();
    assert_eq!(statuses, [ResultStatus::Success, ResultStatus::OperationFailed, ResultStatus::Success]);
    assert_eq!(harness.engine.object_count(), 2);
}

/// KMIP 2.1 §9.7: Undo takes back everything, asynchronously too.
#[test]
fn undo_takes_the_whole_job_back() {
    let harness = Harness::new();
    let kept = harness.created(V2_1, &[name("kept")]);
    let items = vec![create(&[name("new")]), destroy(text(&kept)), get(text(UNKNOWN)), create(&[])];
    let request = asking_with(BatchErrorContinuationOption::Undo, items);
    let values: Vec<_> = harness.exchange(CLIENT, &request).batch_item.iter().map(pending).collect();
    harness.advance(2);
    harness.run_jobs();
    let statuses: Vec<_> = values.iter().map(|value| harness.polled(value).result_status).collect();
    let (undone, failed) = (ResultStatus::OperationUndone, ResultStatus::OperationFailed);
    assert_eq!(statuses, [undone, undone, failed, failed]);
    assert_eq!(harness.engine.object_count(), 1);
    answer!(Get, harness.item(V2_1, get(text(&kept))));
    harness.created(V2_1, &[name("new")]);
}

/// With Undo all items are asynchronous if one is: what was answered could not be taken back.
#[test]
fn undo_leaves_no_item_synchronous() {
    let harness = Harness::new();
    let mut request = asking(V2_1, OPTIONAL, vec![create(&[]), locate(&[]), get(text(UNKNOWN))]);
    request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    let answers = harness.exchange(CLIENT, &request).batch_item;
    answers.iter().for_each(|item| drop(pending(item)));
    harness.advance(2);
    harness.run_jobs();
    assert_eq!(harness.engine.object_count(), 0);
}

/// An item that is refused at once ends a batch with Stop, and takes back what was accepted with Undo.
#[test]
fn a_refused_item_among_pending_ones() {
    let statuses = |option| {
        let harness = Harness::new();
        let request = asking_with(option, vec![create(&[]), unsupported(), create(&[])]);
        let answers = harness.exchange(CLIENT, &request).batch_item;
        assert!(answers.iter().all(|item| {
            item.asynchronous_correlation_value.is_some() == (item.result_status == ResultStatus::OperationPending)
        }));
        let statuses: Vec<_> = answers.iter().map(|item| item.result_status).collect();
        (statuses, harness.requests(None, None).len())
    };
    let (waits, failed, undone) =
        (ResultStatus::OperationPending, ResultStatus::OperationFailed, ResultStatus::OperationUndone);
    assert_eq!(statuses(BatchErrorContinuationOption::Stop), (vec![waits, failed], 1));
    assert_eq!(statuses(BatchErrorContinuationOption::Continue), (vec![waits, failed, waits], 2));
    assert_eq!(statuses(BatchErrorContinuationOption::Undo), (vec![undone, failed], 0));
}

/// What may be asynchronous, and is done at once because a reference stands for several objects, is undone as anything is.
#[test]
fn undo_takes_back_what_could_have_been_asynchronous() {
    use kmip_codec::attribute::values::UniqueIdentifier;
    use kmip_codec::registry::UniqueIdentifierEnumeration as Form;
    let harness = Harness::new();
    let ids = ["a", "b"].map(|text| harness.created(V2_1, &[name(text)]));
    let each = || Some(UniqueIdentifier::Placeholder(Form::Locate));
    let items = vec![locate(&[]), activate(each()), get(text(UNKNOWN)), create(&[])];
    let mut request = asking(V2_1, OPTIONAL, items);
    request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    let answers = harness.exchange(CLIENT, &request).batch_item;
    let (undone, failed) = (ResultStatus::OperationUndone, ResultStatus::OperationFailed);
    let statuses: Vec<_> = answers.iter().map(|item| item.result_status).collect();
    assert_eq!(statuses, [undone, undone, undone, failed]);
    assert!(answers.iter().all(|item| item.asynchronous_correlation_value.is_none()));
    assert!(harness.requests(None, None).is_empty());
    ids.iter().for_each(|id| assert_eq!(harness.state_of(V2_1, id), State::PreActive));
}

/// KMIP 2.1 §9.13: an extension that is critical rejects the message as a whole, whatever the request says of errors and of
/// asynchrony: no item is accepted, so none has to be undone.
#[test]
fn a_critical_extension_rejects_an_asynchronous_message() {
    use kmip_codec::message::MessageExtension;
    for indicator in [OPTIONAL, MANDATORY] {
        let harness = Harness::new();
        let mut request = asking(V2_1, indicator, vec![create(&[]), locate(&[])]);
        request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
        request.batch_item[1].message_extension = vec![MessageExtension {
            vendor_identification: "acme".into(),
            criticality_indicator: true,
            vendor_extension: Some(kmip_codec::item::ItemValue::Structure(Vec::new())),
        }];
        let answers = harness.exchange(CLIENT, &request).batch_item;
        assert_eq!(answers.len(), 1, "the first that fails ends the batch");
        assert_eq!(failure(&answers[0]), ResultReason::UnknownMessageExtension);
        assert_eq!((harness.requests(None, None).len(), harness.engine.object_count()), (0, 0));
    }
}

/// Each item can be cancelled by itself; what it would have given is missing then.
#[test]
fn one_item_of_several_is_cancelled() {
    let harness = Harness::new();
    let request = asking_with(BatchErrorContinuationOption::Continue, vec![create(&[]), create(&[]), activate(None)]);
    let values: Vec<_> = harness.exchange(CLIENT, &request).batch_item.iter().map(pending).collect();
    let mut both = harness.batch(V2_1, vec![cancel(&values[1]), cancel(&values[1])]);
    assert_eq!(success(both.remove(0)), success(both.remove(0)));
    harness.advance(2);
    harness.run_jobs();
    let made = answer!(Create, harness.polled(&values[0])).unique_identifier;
    assert_eq!(failure(&harness.polled(&values[1])), ResultReason::OperationCanceledByRequester);
    assert_eq!(answer!(Activate, harness.polled(&values[2])).unique_identifier, made);
    assert_eq!(harness.engine.object_count(), 1);
}

/// Many at once, polled and processed in one message.
#[test]
fn a_batch_of_many_polls_and_processes() {
    let harness = Harness::new();
    let items = |count| (0..count).map(|_| create(&[])).collect::<Vec<_>>();
    let values: Vec<_> = (0..100).map(|_| harness.pending(create(&[]))).collect();
    let polls = harness.batch(V2_1, values.iter().map(poll).collect());
    assert!(polls.iter().all(|item| item.result_status == ResultStatus::OperationPending));
    assert_eq!(harness.run_jobs(), 100, "they have become due");
    let polls = harness.batch(V2_1, values.iter().map(poll).collect());
    assert!(polls.iter().all(|item| item.result_status == ResultStatus::Success));
    let asked = harness.ask(V2_1, MANDATORY, items(300));
    let values: Vec<_> = asked.iter().map(pending).collect();
    let processed = harness.batch(V2_1, values.iter().map(process).collect());
    assert!(processed.iter().all(|item| item.result_status == ResultStatus::Success));
    assert_eq!(harness.engine.object_count(), 400);
}
