//! Codec speed beside a plain walk over the TTLV headers: `cargo bench -p kmip-codec`.
//!
//! `benches/peers` runs the same and a published peer in one process. Every ratio is the median of alternating rounds,
//! each the best of many short ones, for the machine may be busy.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use kmip_codec::attribute::values::{Name, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::limits::Limits;
use kmip_codec::message::*;
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, SymmetricKey};
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::get::GetResponse;
use kmip_codec::operation::locate::LocateResponse;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::*;
use kmip_codec::secret::Secret;
use kmip_codec::value::{DateTime, Value};
use kmip_codec::version::{V1_4, V2_1, Version};
use kmip_codec::wire::Strictness;

const ROUNDS: usize = 9;
const UID: &str = "00000000-0000-4000-8000-000000000000";

/// Nanoseconds a call: the best of short rounds within about 30 ms.
pub fn nanoseconds(mut call: impl FnMut()) -> f64 {
    let once = Instant::now();
    call();
    let calls = (500_000 / once.elapsed().as_nanos().max(20)).max(1);
    let (start, mut best) = (Instant::now(), f64::INFINITY);
    while start.elapsed() < Duration::from_millis(30) {
        let round = Instant::now();
        (0..calls).for_each(|_| call());
        best = best.min(round.elapsed().as_nanos() as f64 / calls as f64);
    }
    best
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Reads every header and checks every length against its bounds, as any decoder must.
pub fn walk(mut bytes: &[u8]) -> Option<u64> {
    let mut sum = 0u64;
    while let Some(([a, b, c, kind, d, e, f, g], rest)) = bytes.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([*d, *e, *f, *g]) as usize;
        let value = rest.get(..length)?;
        sum = sum.wrapping_add(u64::from(u32::from_be_bytes([0, *a, *b, *c])) ^ length as u64);
        if *kind == 1 {
            sum = sum.wrapping_add(walk(value)?);
        }
        bytes = rest.get(length.next_multiple_of(8)..)?;
    }
    bytes.is_empty().then_some(sum)
}

fn response(version: Version, operation: Operation, payload: ResponsePayload) -> Vec<u8> {
    let message = ResponseMessage {
        response_header: ResponseHeader {
            protocol_version: header::HeaderVersion(version),
            time_stamp: DateTime(1_700_000_000),
            nonce: None,
            server_hashed_password: None,
            attestation_type: Vec::new(),
            client_correlation_value: None,
            server_correlation_value: None,
            batch_count: Some(1),
        },
        batch_item: vec![ResponseBatchItem {
            operation: Some(operation),
            unique_batch_item_id: None,
            result_status: ResultStatus::Success,
            result_reason: None,
            result_message: None,
            asynchronous_correlation_value: None,
            response_payload: Some(payload),
            message_extension: Vec::new(),
        }],
    };
    encode(Tag::ResponseMessage, &message, version).to_vec()
}

fn request(version: Version, operation: Operation, payload: RequestPayload) -> Vec<u8> {
    let message = RequestMessage::single(version, operation, payload);
    encode(Tag::RequestMessage, &message, version).to_vec()
}

/// A Create request.
fn create(version: Version) -> Vec<u8> {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
        Attribute::Name(Name::text("load-0123456789-1")),
    ];
    let attributes = Some(attributes.into_iter().collect::<Bag>());
    let payload = CreateRequest { object_type: ObjectType::SymmetricKey, attributes, protection_storage_masks: None };
    request(version, Operation::Create, RequestPayload::Create(Box::new(payload)))
}

/// A Get response with a raw AES-256 key.
pub fn get(version: Version) -> Vec<u8> {
    let key_material = KeyMaterial::Bytes(Secret::copy_from(&[0xA5; 32]));
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None }))),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        key_wrapping_data: None,
    };
    let payload = GetResponse {
        object_type: ObjectType::SymmetricKey,
        unique_identifier: UniqueIdentifier::text(UID),
        object: ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block })),
    };
    response(version, Operation::Get, ResponsePayload::Get(Box::new(payload)))
}

/// A Locate response with 1,000 identifiers.
pub fn locate() -> Vec<u8> {
    let unique_identifier = (0..1_000).map(|i| UniqueIdentifier::text(&format!("{}{i:06}", &UID[..30]))).collect();
    let payload = LocateResponse { located_items: None, unique_identifier };
    response(V1_4, Operation::Locate, ResponsePayload::Locate(Box::new(payload)))
}

/// One message, measured: prints a row of the table, and returns whether its bars hold.
fn row<T: Value>(what: &str, bytes: &[u8], tag: Tag, bar: f64, decode: impl Fn(&[u8]) -> (T, Version)) -> bool {
    let (message, version) = decode(bytes);
    assert_eq!(encode(tag, &message, version).as_slice(), bytes);
    let (mut walks, mut decodes, mut encodes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        walks.push(nanoseconds(|| assert!(black_box(walk(black_box(bytes))).is_some())));
        decodes.push(nanoseconds(|| drop(black_box(decode(black_box(bytes))))));
        encodes.push(nanoseconds(|| drop(black_box(encode(tag, black_box(&message), version)))));
    }
    let ratio = median(decodes.iter().zip(&walks).map(|(decode, walk)| decode / walk).collect());
    let share = median(encodes.iter().zip(&decodes).map(|(encode, decode)| encode / decode).collect());
    let (walk, decode, encode) = (median(walks), median(decodes), median(encodes));
    let holds = ratio <= bar && share <= 1.0;
    let verdict = if holds { "ok" } else { "MISSED" };
    println!(
        "| {what} | {} | {walk:.0} | {decode:.0} | {ratio:.1} | {bar:.0} | {encode:.0} | {share:.2} | {verdict} |",
        bytes.len()
    );
    holds
}

/// A request and its version, decoded.
fn of_request(bytes: &[u8]) -> (RequestMessage, Version) {
    let decoded = decode_request(bytes, &Limits::DEFAULT, Strictness::Lenient).expect("a request");
    let version = decoded.header.protocol_version.0;
    let batch_item = decoded.items.into_iter().map(|item| item.expect("an item")).collect();
    (RequestMessage { request_header: decoded.header, batch_item }, version)
}

/// Decodes a response.
pub fn of_response(bytes: &[u8]) -> (ResponseMessage, Version) {
    let message = decode_response(bytes, &Limits::DEFAULT, Strictness::Lenient).expect("a response");
    let version = message.response_header.protocol_version.0;
    (message, version)
}

/// Prints the table; whether all bars hold.
pub fn table() -> bool {
    println!("| message | bytes | header walk ns | decode ns | times the walk | bar | encode ns | encode/decode | |");
    println!("|---|---:|---:|---:|---:|---:|---:|---:|---|");
    let (question, answer) = (Tag::RequestMessage, Tag::ResponseMessage);
    [
        row("Create request 1.4", &create(V1_4), question, 12.0, of_request),
        row("Create request 2.1", &create(V2_1), question, 14.0, of_request),
        row("Get response 1.4", &get(V1_4), answer, 12.0, of_response),
        row("Get response 2.1", &get(V2_1), answer, 12.0, of_response),
        row("Locate response 1.4, 1,000 identifiers", &locate(), answer, 12.0, of_response),
    ]
    .into_iter()
    .all(|holds| holds)
}

#[allow(dead_code)]
fn main() {
    table();
}
