//! One engine for every encoding: a request is evaluated alike, and its answer is written as it was asked, in XML and JSON as
//! in TTLV (KMIP Additional Message Encodings 1.0 §4, §6).

use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestMessage, ResponseMessage, decode_response_in, encode_in};
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{Operation, QueryFunction, ResultReason, ResultStatus, Tag};
use kmip_codec::version::{V1_0, V1_4, V2_1, Version};
use kmip_codec::wire::{Encoding, Strictness};
use kmip_core::engine::Reply;
use kmip_core::request::Request;
use kmip_core::testing::engines::answer;

use crate::requests::*;
use crate::support::{CLIENT, Harness};

fn reply(harness: &Harness, request: Request<'_>) -> Reply {
    answer(&harness.engine, harness.store.as_ref(), CLIENT, request, harness.env()).expect("the store works")
}

fn read(encoding: Encoding, reply: &Reply) -> ResponseMessage {
    decode_response_in(encoding, &reply.bytes, &Limits::DEFAULT, Strictness::Strict).expect("an answer in its encoding")
}

fn ask(harness: &Harness, encoding: Encoding, message: &RequestMessage) -> ResponseMessage {
    let version = message.request_header.protocol_version.0;
    let bytes = encode_in(encoding, Tag::RequestMessage, message, version);
    read(encoding, &reply(harness, Request::new(&bytes, encoding)))
}

fn query(version: Version) -> RequestMessage {
    let query_function = vec![QueryFunction::QueryOperations, QueryFunction::QueryObjects];
    RequestMessage::continuing(
        version,
        vec![(Operation::Query, RequestPayload::Query(Box::new(QueryRequest { query_function, object_groups: None })))],
    )
}

/// A change, which is committed before its answer is written, and a read.
#[test]
fn each_encoding_creates_and_reads() {
    let harness = Harness::new();
    for version in [V1_0, V1_4, V2_1] {
        let expected = ask(&harness, Encoding::Ttlv, &query(version));
        for encoding in Encoding::ALL {
            let made = ask(&harness, encoding, &RequestMessage::continuing(version, vec![create(&[])]));
            assert_eq!(made.batch_item[0].result_status, ResultStatus::Success);
            assert!(matches!(made.batch_item[0].response_payload, Some(ResponsePayload::Create(_))));
            assert_eq!(ask(&harness, encoding, &query(version)), expected, "{encoding:?}");
        }
    }
}

/// Maximum Response Size means TTLV bytes, however long the text is.
#[test]
fn sizes_are_those_of_ttlv() {
    let harness = Harness::new();
    let mut message = query(V1_4);
    let whole = encode_in(Encoding::Ttlv, Tag::ResponseMessage, &ask(&harness, Encoding::Ttlv, &message), V1_4).len();
    for encoding in Encoding::ALL {
        for (size, expected) in [(whole, None), (whole - 1, Some(ResultReason::ResponseTooLarge))] {
            message.request_header.maximum_response_size = Some(i32::try_from(size).expect("a small answer"));
            let answered = ask(&harness, encoding, &message);
            assert_eq!(answered.batch_item[0].result_reason, expected, "{encoding:?}, {size} of {whole}");
        }
    }
}

#[test]
fn the_answer_has_the_encoding_that_is_asked() {
    let harness = Harness::new();
    for (encoding, other) in Encoding::ALL.into_iter().flat_map(|one| Encoding::ALL.map(|other| (one, other))) {
        let bytes = encode_in(encoding, Tag::RequestMessage, &query(V2_1), V2_1);
        let request = Request { answer: other, ..Request::new(&bytes, encoding) };
        let answered = read(other, &reply(&harness, request));
        assert_eq!(answered.batch_item[0].result_status, ResultStatus::Success, "{encoding:?} to {other:?}");
        // What is kept for later is the same request.
        let kept = request.keep();
        assert_eq!(read(other, &reply(&harness, (&kept).into())).batch_item.len(), 1);
        read(other, &harness.engine.give_up(&kept, harness.env(), "later"));
    }
}

/// Text that is no message is answered as such bytes are, in the encoding that it was to have.
#[test]
fn what_cannot_be_read_is_told_in_its_encoding() {
    let harness = Harness::new();
    let invalid = Some(ResultReason::InvalidMessage);
    let cases: [(Encoding, &[u8], &str); 6] = [
        (Encoding::Json, b"", "ends inside"),
        (Encoding::Json, b"{\"tag\":\"RequestMessage\",\"value\":[}", "an item is an object"),
        (Encoding::Json, b"<RequestMessage/>", "an item is an object"),
        (Encoding::Xml, b"{}", "text between elements"),
        (Encoding::Xml, b"<RequestMessage>", "ends inside"),
        (Encoding::Xml, b"<RequestMessage a='\xFF'/>", "UTF-8"),
    ];
    for (encoding, bytes, expected) in cases {
        let reply = reply(&harness, Request::new(bytes, encoding));
        let item = &read(encoding, &reply).batch_item[0];
        let message = item.result_message.as_ref().map_or("", |text| text.as_str());
        assert_eq!((item.result_status, item.result_reason), (ResultStatus::OperationFailed, invalid), "{message}");
        assert!(message.contains(expected), "{message}");
        assert_eq!(reply.audit.len(), 1);
    }
}

/// The answer to a version that is not spoken, and to an item that is malformed, are as in TTLV.
#[test]
fn faults_are_those_of_ttlv() {
    let harness = Harness::new();
    let text = |minor: &str, id: &str| {
        format!(
            r#"{{"tag":"RequestMessage","value":[{{"tag":"RequestHeader","value":[{{"tag":"ProtocolVersion","value":[
            {{"tag":"ProtocolVersionMajor","type":"Integer","value":1}},{{"tag":"ProtocolVersionMinor","type":"Integer","value":{minor}}}]}},
            {{"tag":"BatchCount","type":"Integer","value":1}}]}},{{"tag":"BatchItem","value":[
            {{"tag":"Operation","type":"Enumeration","value":"Destroy"}},{{"tag":"RequestPayload","value":[
            {{"tag":"UniqueIdentifier","type":"TextString","value":{id}}}]}}]}}]}}"#
        )
    };
    let reason = |text: &str| {
        let reply = reply(&harness, Request::new(text.as_bytes(), Encoding::Json));
        let answered = read(Encoding::Json, &reply);
        (
            answered.response_header.protocol_version.0,
            answered.batch_item[0].operation,
            answered.batch_item[0].result_reason,
        )
    };
    let destroy = Some(Operation::Destroy);
    assert_eq!(reason(&text("4", r#""none""#)), (V1_4, destroy, Some(ResultReason::ItemNotFound)));
    assert_eq!(reason(&text("4", "5")), (V1_4, destroy, Some(ResultReason::InvalidMessage)));
    assert_eq!(reason(&text("9", r#""none""#)), (V1_4, None, Some(ResultReason::InvalidMessage)));
}
