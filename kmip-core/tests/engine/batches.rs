//! Batches (KMIP 2.1 §6, §8, §9; KMIP 1.4 §6, §7.2).

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{AsynchronousMode, MessageExtension, RequestMessage, ResponseMessage, encode};
use kmip_codec::object::{ManagedObject, OpaqueObject};
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    AsynchronousIndicator, BatchErrorContinuationOption, CryptographicUsageMask, OpaqueDataType, Operation,
    ResultReason, ResultStatus, StorageStatusMask, Tag, UniqueIdentifierEnumeration as Form,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::{V1_0, V1_4, V2_0, V2_1, V3_0};
use kmip_codec::wire::Strictness;
use kmip_core::engine::{Evaluation, SUPPORTED_VERSIONS};
use kmip_core::env::{Env, Pace, Share, Work};

use crate::answer;
use crate::jobs_support::pending;
use crate::requests::*;
use crate::support::{CLIENT, Harness, failure};

const UNKNOWN: &str = "00000000-0000-4000-8000-000000000000";

fn with_option(items: Vec<Item>, option: Option<BatchErrorContinuationOption>) -> RequestMessage {
    let mut request = RequestMessage::continuing(V2_1, items);
    request.request_header.batch_error_continuation_option = option;
    request
}

fn statuses(response: &ResponseMessage) -> Vec<ResultStatus> {
    let counted = response.response_header.protocol_version.0 < V3_0;
    let count = i32::try_from(response.batch_item.len()).ok().filter(|_| counted);
    assert_eq!(response.response_header.batch_count, count);
    response.batch_item.iter().map(|item| item.result_status).collect()
}

/// KMIP 2.1 §6: an item without an identifier takes the one that the operation before it returned.
#[test]
fn an_item_without_identifier_takes_the_placeholder() {
    for version in SUPPORTED_VERSIONS {
        // From 3.0 the identifier is required, and the placeholder has a name.
        let none = (version >= V3_0).then_some(UniqueIdentifier::Placeholder(Form::IDPlaceholder));
        let items = vec![create(&[]), activate(none.clone()), get(none)];
        let mut items = Harness::new().batch(version, items).into_iter();
        let made = answer!(Create, items.next().unwrap()).unique_identifier;
        assert_eq!(answer!(Activate, items.next().unwrap()).unique_identifier, made);
        assert_eq!(answer!(Get, items.next().unwrap()).unique_identifier, made);
    }
    let items = Harness::new().batch(V3_0, vec![create(&[]), get(None)]);
    assert_eq!(failure(&items[1]), ResultReason::InvalidMessage);
}

/// Where other connections wait, the items of a request have a share of the time; with more they are done on a pool, from the
/// first on.
#[test]
fn a_request_that_takes_long_comes_again_on_a_pool() {
    let harness = Harness::new();
    let evaluate = |items: usize, pace, is_spent| {
        let items = (0..items).map(|_| create(&[])).collect();
        let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1);
        let share = Some(Share { since: 0, is_spent });
        harness.engine.evaluate(&request, CLIENT, Env { share, ..Env::new(harness.now(), pace) })
    };
    harness.created(V2_1, &[]);
    assert!(matches!(evaluate(2, Pace::Inline, |_| true), Evaluation::Defer(Work::Computing)));
    assert!(matches!(evaluate(2, Pace::Inline, |_| false), Evaluation::Commit(_)));
    assert!(matches!(evaluate(1, Pace::Inline, |_| true), Evaluation::Commit(_)), "one item is not parted");
    assert!(matches!(evaluate(2, Pace::Pool, |_| true), Evaluation::Commit(_)));
}

/// KMIP 2.1 §6: the placeholder lives for one batch.
#[test]
fn the_placeholder_does_not_outlive_its_batch() {
    let harness = Harness::new();
    harness.created(V2_1, &[]);
    assert_eq!(failure(&harness.item(V2_1, get(None))), ResultReason::ObjectNotFound);
    assert_eq!(failure(&harness.item(V1_4, get(None))), ResultReason::ItemNotFound);
}

/// KMIP 2.1 §6.1.28: several matches, or none, leave the batch without a placeholder; the only one asked for is it.
#[test]
fn locate_sets_or_empties_the_placeholder() {
    let harness = Harness::new();
    let (one, _two) = (harness.created(V2_1, &[name("one")]), harness.created(V2_1, &[]));
    let after = |request| {
        let items = harness.batch(V2_1, vec![create(&[]), located_by(request), get(None)]);
        assert_eq!(items[1].result_status, ResultStatus::Success);
        items.into_iter().nth(2).unwrap()
    };
    assert_eq!(failure(&after(locate_request(&[]))), ResultReason::ObjectNotFound);
    assert_eq!(failure(&after(locate_request(&[name("none")]))), ResultReason::ObjectNotFound);
    assert_eq!(id_of(answer!(Get, after(locate_request(&[name("one")]))).unique_identifier), one);
    let mut first = locate_request(&[]);
    first.maximum_items = Some(1);
    answer!(Get, after(first));
}

/// KMIP 2.1 §6.1.7: a denied Check empties the placeholder, so that the Get behind it fails.
#[test]
fn a_denied_check_empties_the_placeholder() {
    for (version, denied, lost) in [
        (V1_0, ResultReason::PermissionDenied, ResultReason::ItemNotFound),
        (V2_1, ResultReason::IncompatibleCryptographicUsageMask, ResultReason::ObjectNotFound),
    ] {
        let harness = Harness::new();
        let items = vec![create(&[]), check(None, CryptographicUsageMask::Sign), get(None)];
        let items = harness.batch(version, items);
        assert_eq!(failure(&items[1]), denied);
        assert_eq!(failure(&items[2]), lost);
        let granted = vec![create(&[]), check(None, CryptographicUsageMask::Encrypt), get(None)];
        assert!(harness.batch(version, granted).iter().all(|item| item.result_status == ResultStatus::Success));
    }
}

#[test]
fn a_check_for_less_than_no_use_is_refused() {
    let harness = Harness::new();
    let (operation, mut payload) = check(None, CryptographicUsageMask::Encrypt);
    if let RequestPayload::Check(request) = &mut payload {
        request.usage_limits_count = Some(-1);
    }
    let items = harness.batch(V2_1, vec![create(&[]), (operation, payload)]);
    assert_eq!(failure(&items[1]), ResultReason::InvalidField);
}

/// KMIP 2.1 §6: Check is not one of the operations that set the placeholder.
#[test]
fn a_granted_check_leaves_the_placeholder() {
    let harness = Harness::new();
    let other = harness.created(V2_1, &[]);
    let items = vec![create(&[]), check(text(&other), CryptographicUsageMask::Encrypt), get(None)];
    let mut items = harness.batch(V2_1, items).into_iter();
    let made = answer!(Create, items.next().unwrap()).unique_identifier;
    assert_eq!(answer!(Get, items.nth(1).unwrap()).unique_identifier, made);
}

/// KMIP 2.1 §4.60: 2.x names results of the batch by operation or by position.
#[test]
fn identifiers_by_enumeration_and_integer() {
    let harness = Harness::new();
    let older = harness.created(V2_1, &[name("older")]);
    let by = |id| get(Some(id));
    for version in [V2_0, V2_1] {
        let items = vec![
            create(&[]),
            locate(&[name("older")]),
            by(UniqueIdentifier::Placeholder(Form::IDPlaceholder)),
            by(UniqueIdentifier::Placeholder(Form::Create)),
            by(UniqueIdentifier::Index(0)),
            by(UniqueIdentifier::Index(1)),
            by(UniqueIdentifier::Placeholder(Form::Register)),
            by(UniqueIdentifier::Index(1_000)),
            by(UniqueIdentifier::Index(i32::MIN)),
        ];
        let mut items = harness.batch(version, items).into_iter();
        let made = id_of(answer!(Create, items.next().unwrap()).unique_identifier);
        items.next();
        for expected in [&older, &made, &made, &older] {
            assert_eq!(id_of(answer!(Get, items.next().unwrap()).unique_identifier), **expected);
        }
        assert!(items.all(|item| failure(&item) == ResultReason::ObjectNotFound));
    }
}

/// KMIP 2.1 §4.58: a position counts every identifier of the response, whatever operation gave it.
#[test]
fn a_position_counts_all_identifiers_of_the_response() {
    let harness = Harness::new();
    let (older, newer) = (harness.created(V2_1, &[name("older")]), harness.created(V2_1, &[name("newer")]));
    for version in [V2_0, V2_1] {
        let by = |position| get(Some(UniqueIdentifier::Index(position)));
        let items = vec![locate(&[]), get(text(&older)), by(0), by(1), by(2), by(-6), by(7)];
        let mut items = harness.batch(version, items).into_iter().skip(2);
        for expected in [&newer, &older, &older, &newer] {
            assert_eq!(id_of(answer!(Get, items.next().unwrap()).unique_identifier), **expected);
        }
        assert_eq!(failure(&items.next().unwrap()), ResultReason::ObjectNotFound, "there are seven");
    }
}

/// KMIP 2.1 §11.58: "If multiple unique identifiers would be referenced then the operation is repeated for each of them."
#[test]
fn an_item_is_done_for_each_object_that_its_reference_stands_for() {
    let harness = Harness::new();
    let ids = ["a", "b", "c"].map(|text| harness.created(V2_1, &[name(text)]));
    let newest_first: Vec<&String> = ids.iter().rev().collect();
    let located = || get(Some(UniqueIdentifier::Placeholder(Form::Locate)));
    let destroyed = || destroy(Some(UniqueIdentifier::Placeholder(Form::Locate)));
    for version in [V2_0, V2_1] {
        let items = harness.batch(version, vec![locate(&[name("a")]), located(), locate(&[]), located()]);
        let numbers: Vec<_> = items.iter().map(|item| item.unique_batch_item_id.clone()).collect();
        assert!(numbers[3..].iter().all(|number| *number == numbers[3]), "{numbers:?}");
        let got = |item| id_of(answer!(Get, item).unique_identifier);
        let mut answers = items.into_iter().skip(1);
        assert_eq!(got(answers.next().unwrap()), ids[0]);
        let each: Vec<String> = answers.skip(1).map(got).collect();
        assert_eq!(each.iter().collect::<Vec<_>>(), newest_first);
        // The first that fails ends the batch; what is asked for in vain is not done at all.
        let twice = vec![locate(&[]), destroyed(), destroyed(), located()];
        let undo = Some(BatchErrorContinuationOption::Undo);
        let response = harness.exchange(CLIENT, &with_option(twice, undo));
        let mut expected = vec![ResultStatus::OperationUndone; 4];
        expected.push(ResultStatus::OperationFailed);
        assert_eq!(statuses(&response), expected);
        let none = harness.batch(version, vec![locate(&[name("z")]), located()]);
        assert_eq!(failure(&none[1]), ResultReason::ObjectNotFound);
    }
}

/// What a request is done as is bounded; a job answers for as many items as it was asked for.
#[test]
fn items_are_repeated_within_limits() {
    let harness = Harness::new();
    for text in ["a", "b", "c"] {
        harness.created(V2_1, &[name(text)]);
    }
    let located = || get(Some(UniqueIdentifier::Placeholder(Form::Locate)));
    let many = std::iter::once(locate(&[])).chain(std::iter::repeat_with(located).take(498)).collect();
    let items = harness.batch(V2_1, many);
    let refused = items.iter().filter(|item| item.result_status == ResultStatus::OperationFailed).count();
    assert_eq!((items.len(), refused), (1_000 - 1, 498 - 250), "250 are done three times, the rest not at all");
    assert_eq!(failure(items.last().unwrap()), ResultReason::InvalidField);
    // What the server may do at once it does for each; a job answers for as many items as it was asked for.
    let asked = || vec![locate(&[]), located()];
    let answers = harness.ask(V2_1, AsynchronousIndicator::Optional, asked());
    assert_eq!(answers.iter().map(|item| item.result_status).collect::<Vec<_>>(), [ResultStatus::Success; 4]);
    let answers = harness.ask(V2_1, AsynchronousIndicator::Mandatory, asked());
    let values: Vec<ByteString> = answers.iter().map(pending).collect();
    harness.advance(60);
    assert_eq!((values.len(), harness.run_jobs()), (2, 1));
    assert_eq!(failure(&harness.polled(&values[1])), ResultReason::InvalidField);
}

/// What was given cannot be taken back: it is not told, so that neither Fresh nor Usage Limits are got round.
#[test]
fn an_undone_item_gives_nothing_for_good() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let id = harness.created(version, &[]);
        let items = vec![get(text(&id)), get_attributes(text(&id)), locate(&[]), get(text(UNKNOWN))];
        let mut request = RequestMessage::continuing(version, items);
        request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
        let answers = harness.exchange(CLIENT, &request).batch_item;
        for undone in &answers[..3] {
            assert_eq!(undone.result_status, ResultStatus::OperationUndone, "KMIP {version}");
            assert_eq!(undone.response_payload, None, "KMIP {version}");
        }
    }
}

/// KMIP 1.4 §6.13 has three options; one that is none of them is no choice of the server's.
#[test]
fn header_fields_that_are_not_recognized_fail_the_request() {
    let harness = Harness::new();
    for version in [V1_4, V2_1] {
        let mut request = RequestMessage::continuing(version, vec![create(&[])]);
        request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption(9));
        assert_eq!(failure(&harness.exchange(CLIENT, &request).batch_item[0]), ResultReason::InvalidField);
    }
    let mut request = RequestMessage::continuing(V2_1, vec![create(&[])]);
    request.request_header.asynchronous_indicator = Some(AsynchronousMode(AsynchronousIndicator(9)));
    assert_eq!(failure(&harness.exchange(CLIENT, &request).batch_item[0]), ResultReason::InvalidField);
    assert_eq!(harness.engine.object_count(), 0);
}

/// KMIP 1.4 §6.13, KMIP 2.1 §9.7: Stop is the default; what succeeded stays, what comes later is not executed.
#[test]
fn stop_ends_the_batch_and_keeps_what_succeeded() {
    for option in [None, Some(BatchErrorContinuationOption::Stop)] {
        let harness = Harness::new();
        let request = with_option(vec![create(&[]), get(text(UNKNOWN)), create(&[])], option);
        let response = harness.exchange(CLIENT, &request);
        assert_eq!(statuses(&response), [ResultStatus::Success, ResultStatus::OperationFailed]);
        assert_eq!(harness.engine.object_count(), 1);
    }
}

/// KMIP 2.1 §9.7: Continue answers every item.
#[test]
fn continue_answers_every_item() {
    let harness = Harness::new();
    let request = vec![create(&[]), get(text(UNKNOWN)), create(&[])];
    let response = harness.exchange(CLIENT, &with_option(request, Some(BatchErrorContinuationOption::Continue)));
    let (done, failed) = (ResultStatus::Success, ResultStatus::OperationFailed);
    assert_eq!(statuses(&response), [done, failed, done]);
    assert_eq!(harness.engine.object_count(), 2);
}

/// KMIP 1.4 §6.13: Undo takes every change back, and tells so with the payloads (OASIS case BL-M-2).
#[test]
fn undo_takes_every_change_back() {
    let harness = Harness::new();
    let kept = harness.created(V2_1, &[name("kept")]);
    let (records, held) = (harness.record(&kept), harness.vault.held());
    let request =
        vec![create(&[name("new")]), destroy(text(&kept)), create(&[name("kept")]), get(text(UNKNOWN)), create(&[])];
    let response = harness.exchange(CLIENT, &with_option(request, Some(BatchErrorContinuationOption::Undo)));
    let (undone, failed) = (ResultStatus::OperationUndone, ResultStatus::OperationFailed);
    assert_eq!(statuses(&response), [undone, undone, undone, failed]);
    assert!(matches!(response.batch_item[0].response_payload, Some(ResponsePayload::Create(_))));
    assert_eq!(harness.engine.object_count(), 1);
    assert_eq!(harness.record(&kept), records);
    assert!(harness.vault.held() >= held, "the key that was to be destroyed is still there");
    answer!(Get, harness.item(V2_1, get(text(&kept))));
    harness.created(V2_1, &[name("new")]);
}

/// KMIP 2.1 §9.28: Unique Batch Item IDs are echoed byte for byte, and none is invented.
#[test]
fn unique_batch_item_ids_are_echoed() {
    let harness = Harness::new();
    let ids = [&[0xFF, 0, 7][..], b"", &[0x41; 300]];
    let mut request = RequestMessage::continuing(V2_1, vec![create(&[]), get(text(UNKNOWN)), create(&[])]);
    for (item, id) in request.batch_item.iter_mut().zip(ids) {
        item.unique_batch_item_id = Some(ByteString::new(id));
    }
    let response = harness.exchange(CLIENT, &request);
    let echoed: Vec<_> = response.batch_item.iter().map(|item| item.unique_batch_item_id.clone()).collect();
    assert_eq!(echoed, ids.map(|id| Some(ByteString::new(id))));
    assert_eq!(harness.item(V2_1, create(&[])).unique_batch_item_id, None);
}

/// KMIP 2.1 §9.6: Batch Count must be the number of items; else nothing is executed.
#[test]
fn a_wrong_batch_count_fails_the_message() {
    for count in [Some(1), Some(3), Some(-1), None] {
        let harness = Harness::new();
        let mut request = RequestMessage::continuing(V1_4, vec![create(&[]), create(&[])]);
        request.request_header.batch_count = count;
        let response = harness.exchange(CLIENT, &request);
        assert_eq!(statuses(&response), [ResultStatus::OperationFailed]);
        assert_eq!(response.batch_item[0].operation, None);
        assert_eq!(failure(&response.batch_item[0]), ResultReason::InvalidMessage);
        assert_eq!(harness.engine.object_count(), 0);
    }
}

/// KMIP 1.4 §11.1: a malformed item fails alone, under its operation and identifier.
#[test]
fn a_malformed_item_fails_alone() {
    let harness = Harness::new();
    let request = RequestMessage::continuing(V2_1, vec![create(&[]), get(text(UNKNOWN)), create(&[])]);
    let mut bytes = encode(Tag::RequestMessage, &request, V2_1).to_vec();
    let at = bytes.windows(4).position(|item| item == [0x42, 0, 0x94, 7]).expect("a Unique Identifier");
    bytes[at + 3] = 8;
    let reply = harness.exchange_bytes(CLIENT, &bytes);
    let response = decode_response(&reply, &Limits::DEFAULT, Strictness::Strict).unwrap();
    let (done, failed) = (ResultStatus::Success, ResultStatus::OperationFailed);
    assert_eq!(statuses(&response), [done, failed, done]);
    let item = &response.batch_item[1];
    assert_eq!(failure(item), ResultReason::InvalidMessage);
    assert_eq!(
        (item.operation, item.unique_batch_item_id.as_ref().unwrap().as_slice()),
        (Some(Operation::Get), &[0, 0, 0, 1][..])
    );
}

/// KMIP 1.4 §11.1: fields stand in the order of their table (§9.1), and once; a field that stands elsewhere, or twice, makes an
/// Invalid Message, one that the structure does not have is an Invalid Field.
#[test]
fn a_misplaced_field_is_an_invalid_message_and_an_unknown_one_an_invalid_field() {
    /// An item of four bytes: an Enumeration or an Integer.
    fn word(tag: Tag, item_type: u8, value: u8) -> Vec<u8> {
        [&tag.value().to_be_bytes()[1..], &[item_type, 0, 0, 0, 4, 0, 0, 0, value, 0, 0, 0, 0]].concat()
    }
    let (located, maximum) = (word(Tag::StorageStatusMask, 2, 1), word(Tag::MaximumItems, 2, 1));
    let stranger = word(Tag::KeyFormatType, 5, 1);
    for version in SUPPORTED_VERSIONS {
        for (fields, reason) in [
            ([&maximum, &located], None),
            ([&located, &maximum], Some(ResultReason::InvalidMessage)),
            ([&maximum, &maximum], Some(ResultReason::InvalidMessage)),
            ([&maximum, &stranger], Some(ResultReason::InvalidField)),
        ] {
            let harness = Harness::new();
            let mut request = locate_request(&[]);
            (request.maximum_items, request.storage_status_mask) = (Some(1), Some(StorageStatusMask::OnLineStorage));
            let good =
                encode(Tag::RequestMessage, &RequestMessage::continuing(version, vec![located_by(request)]), version)
                    .to_vec();
            let usual = [maximum.clone(), located.clone()].concat();
            let at = good.windows(usual.len()).position(|bytes| bytes == usual).expect("both fields");
            let mut bytes = good.clone();
            bytes.splice(at..at + usual.len(), fields.map(Clone::clone).concat());
            let reply = harness.exchange_bytes(CLIENT, &bytes);
            let response = decode_response(&reply, &Limits::DEFAULT, Strictness::Strict).unwrap();
            let item = &response.batch_item[0];
            assert_eq!(item.operation, Some(Operation::Locate));
            assert_eq!(item.result_reason, reason, "KMIP {version}: {:?}", item.result_message);
        }
    }
}

/// KMIP 2.1 §9.12: the client cannot take more, not even to learn that something failed.
#[test]
fn no_answer_is_longer_than_its_client_can_take() {
    for version in SUPPORTED_VERSIONS {
        for option in [BatchErrorContinuationOption::Stop, BatchErrorContinuationOption::Continue] {
            let harness = Harness::new();
            let id = harness.created(version, &[]);
            let items = (0..6).map(|_| get_attributes(text(&id))).collect();
            let mut request = RequestMessage::continuing(version, items);
            request.request_header.batch_error_continuation_option = Some(option);
            let length = |request: &RequestMessage| {
                encode(Tag::ResponseMessage, &harness.exchange(CLIENT, request), version).len()
            };
            let whole = length(&request);
            for maximum in (700..whole + 32).step_by(24) {
                request.request_header.maximum_response_size = i32::try_from(maximum).ok();
                let length = length(&request);
                assert!(length <= maximum, "KMIP {version}, {option}: {length} bytes, and not {maximum}");
            }
            assert_eq!(length(&request), whole);
        }
    }
}

/// A small request may ask for much more than a server has: its answers have a bound, whatever the client would take.
#[test]
fn what_one_request_is_given_is_bounded() {
    let harness = Harness::new();
    let object = || {
        let value = OpaqueObject {
            opaque_data_type: OpaqueDataType(0x8000_0001),
            opaque_data_value: Secret::copy_from(&vec![7; 900_000]),
        };
        ManagedObject::OpaqueObject(Box::new(value))
    };
    let id = harness.registered(V2_1, object(), &[]);
    for maximum in [None, Some(i32::MAX)] {
        let mut request = RequestMessage::continuing(V2_1, (0..90).map(|_| get(text(&id))).collect());
        request.request_header.maximum_response_size = maximum;
        let response = harness.exchange(CLIENT, &request);
        let given = response.batch_item.iter().filter(|item| item.result_status == ResultStatus::Success).count();
        assert!((70..75).contains(&given), "{given}");
        assert_eq!(failure(&response.batch_item[89]), ResultReason::ResponseTooLarge);
    }
    let few = harness.exchange(CLIENT, &RequestMessage::continuing(V2_1, vec![get(text(&id)), get(text(&id))]));
    assert_eq!(statuses(&few), [ResultStatus::Success; 2]);
}

/// Nothing comes of work that nobody waits for: no other item is begun.
#[test]
fn a_request_that_nobody_waits_for_ends_after_its_item() {
    let harness = Harness::new();
    harness.created(V2_1, &[]);
    let evaluate = |items: Vec<Item>, abandoned: fn() -> bool| {
        let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1);
        harness.engine.evaluate(
            &request,
            CLIENT,
            Env { abandoned: Some(abandoned), ..Env::new(harness.now(), Pace::Pool) },
        )
    };
    assert!(matches!(evaluate(vec![create(&[]), create(&[])], || false), Evaluation::Commit(_)));
    assert!(matches!(evaluate(vec![create(&[]), create(&[])], || true), Evaluation::Defer(_)));
}

/// KMIP 2.1 §9.15: an answer that is too large fails, and what it would have told is not done.
#[test]
fn a_change_whose_answer_is_too_large_is_not_made() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let mut request =
            RequestMessage::continuing(version, vec![create(&[]), create(&[name("second")]), create(&[name("third")])]);
        let whole = encode(Tag::ResponseMessage, &harness.exchange(CLIENT, &request), version).len();
        let harness = Harness::new();
        request.request_header.maximum_response_size = i32::try_from(whole - 1).ok();
        let response = harness.exchange(CLIENT, &request);
        let (done, failed) = (ResultStatus::Success, ResultStatus::OperationFailed);
        assert_eq!(statuses(&response), [done, done, failed], "KMIP {version}");
        assert_eq!(failure(&response.batch_item[2]), ResultReason::ResponseTooLarge);
        assert_eq!(harness.engine.object_count(), 2);
        request.request_header.maximum_response_size = i32::try_from(whole).ok();
        request.batch_item.iter_mut().for_each(|item| item.request_payload = create(&[]).1);
        assert_eq!(statuses(&harness.exchange(CLIENT, &request)), [done, done, done], "the limit itself is allowed");
    }
}

/// KMIP 1.4 §6.16, KMIP 2.1 §9.13: an extension that is critical and unknown has the message rejected as a whole; one that is
/// not critical is ignored.
#[test]
fn a_critical_extension_fails_the_message() {
    for (version, reason) in [(V1_4, ResultReason::FeatureNotSupported), (V2_0, ResultReason::UnknownMessageExtension)]
    {
        let harness = Harness::new();
        let mut request = RequestMessage::continuing(version, vec![create(&[]), create(&[]), create(&[])]);
        for (item, critical) in request.batch_item.iter_mut().zip([false, true]) {
            item.message_extension = vec![MessageExtension {
                vendor_identification: "acme".into(),
                criticality_indicator: critical,
                vendor_extension: Some(kmip_codec::item::ItemValue::Structure(Vec::new())),
            }];
        }
        let response = harness.exchange(CLIENT, &request);
        assert_eq!(statuses(&response), [ResultStatus::OperationFailed; 3]);
        assert!(response.batch_item.iter().all(|item| failure(item) == reason));
        assert_eq!(harness.engine.object_count(), 0);
        request.batch_item.iter_mut().flat_map(|item| &mut item.message_extension).for_each(|extension| {
            extension.criticality_indicator = false;
        });
        assert_eq!(statuses(&harness.exchange(CLIENT, &request)), [ResultStatus::Success; 3]);
    }
}

/// KMIP 2.1 §6.1.28: newest first, for what the batch itself has made or changed too.
#[test]
fn locate_orders_what_the_batch_made_and_changed() {
    let harness = Harness::new();
    let first: Vec<String> = (0..3).map(|_| harness.created(V2_1, &[])).collect();
    let mut items = vec![activate(text(&first[0]))];
    items.extend((0..5).map(|_| create(&[])));
    items.push(locate(&[]));
    let answers = harness.batch(V2_1, items);
    let mut expected = first;
    expected.extend(answers[1..6].iter().map(|item| id_of(answer!(Create, item.clone()).unique_identifier)));
    expected.reverse();
    let found = answer!(Locate, answers[6].clone()).unique_identifier;
    assert_eq!(found.into_iter().map(id_of).collect::<Vec<_>>(), expected);
}
