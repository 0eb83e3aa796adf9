//! Asynchronous requests on a server that is killed, stopped and started again.

use super::started;
use conformance_tests::endpoint::Endpoint;
use conformance_tests::server_process::{Options, Server, check};
use conformance_tests::tls::Identity;
use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::limits::Limits;
use kmip_codec::message::{AsynchronousMode, RequestMessage, ResponseBatchItem, decode_response, encode};
use kmip_codec::object::{ManagedObject, OpaqueObject};
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::locate::LocateRequest;
use kmip_codec::operation::poll::PollRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    AsynchronousIndicator, CryptographicAlgorithm, CryptographicUsageMask, ObjectType, OpaqueDataType, Operation,
    ResultReason, ResultStatus, Tag,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::V2_1;
use kmip_codec::wire::Strictness;
use std::path::Path;
use std::time::{Duration, Instant};

type Item = (Operation, RequestPayload);

/// Longest that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(120);

fn options(place: &Path, settings: &str) -> Options {
    let config = Some(format!("[kmip.asynchronous]\n{settings}\n"));
    Options { config, ..Options::new(&place.join("data")) }
}

/// Calls one operation as a client.
fn call(server: &Server, client: &Identity, item: Item, is_asynchronous: bool) -> ResponseBatchItem {
    let mut request = RequestMessage::continuing(V2_1, vec![item]);
    if is_asynchronous {
        request.request_header.asynchronous_indicator = Some(AsynchronousMode(AsynchronousIndicator::Mandatory));
    }
    let mut connection = client.connect(server.kmip()).expect("a connection");
    let answer = connection.exchange(&encode(Tag::RequestMessage, &request, V2_1)).expect("an answer");
    let mut answer = decode_response(&answer, &Limits::DEFAULT, Strictness::Strict).expect("a response");
    assert_eq!(answer.batch_item.len(), 1);
    answer.batch_item.remove(0)
}

fn ask(server: &Server, client: &Identity, item: Item) -> ByteString {
    let answer = call(server, client, item, true);
    assert_eq!(answer.result_status, ResultStatus::OperationPending, "{:?}", answer.result_message);
    answer.asynchronous_correlation_value.expect("a correlation value")
}

/// Polls until the operation is done.
fn polled(server: &Server, client: &Identity, value: &ByteString) -> ResponseBatchItem {
    let began = Instant::now();
    loop {
        let request = PollRequest { asynchronous_correlation_value: value.clone() };
        let answer = call(server, client, (Operation::Poll, RequestPayload::Poll(Box::new(request))), false);
        if answer.result_status != ResultStatus::OperationPending {
            return answer;
        }
        assert!(began.elapsed() < PATIENCE, "it is not done: {}", server.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn key_pair(bits: i32) -> Item {
    let common = [Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA), Attribute::CryptographicLength(bits)];
    let usage = |mask| Some([Attribute::CryptographicUsageMask(mask)].into_iter().collect());
    let request = CreateKeyPairRequest {
        common_attributes: Some(common.into_iter().collect()),
        private_key_attributes: usage(CryptographicUsageMask::Sign),
        public_key_attributes: usage(CryptographicUsageMask::Verify),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    (Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(request)))
}

fn private_keys(server: &Server, client: &Identity) -> usize {
    let request = LocateRequest {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_class_mask: None,
        object_group_member: None,
        attributes: Some([Attribute::ObjectType(ObjectType::PrivateKey)].into_iter().collect()),
    };
    let answer = call(server, client, (Operation::Locate, RequestPayload::Locate(Box::new(request))), false);
    match answer.response_payload {
        Some(ResponsePayload::Locate(located)) => located.unique_identifier.len(),
        other => panic!("{other:?}"),
    }
}

fn opaque(data: &[u8]) -> Item {
    let object =
        OpaqueObject { opaque_data_type: OpaqueDataType(0x8000_0001), opaque_data_value: Secret::copy_from(data) };
    let request = RegisterRequest {
        object_type: ObjectType::OpaqueObject,
        attributes: None,
        object: Some(ManagedObject::OpaqueObject(Box::new(object))),
        protection_storage_masks: None,
    };
    (Operation::Register, RequestPayload::Register(Box::new(request)))
}

fn get(id: UniqueIdentifier) -> Item {
    let request = GetRequest {
        unique_identifier: Some(id),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    (Operation::Get, RequestPayload::Get(Box::new(request)))
}

/// Killed after acceptance, and again while the jobs run: each is done, and done once.
#[test]
fn what_was_accepted_is_done_once_though_the_server_is_killed() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let waiting = options(place.path(), "wait_s = 3600");
    let server = started(&waiting);
    let client = server.first_client().expect("a client");
    let values: Vec<_> = (0..6).map(|_| ask(&server, &client, key_pair(3072))).collect();
    server.kill().expect("it dies");
    check(&waiting).expect("the check passes with requests that wait");
    let mut server = started(&waiting);
    assert_eq!(private_keys(&server, &client), 0, "they wait");
    for delay_ms in [10, 200, 500] {
        for value in &values {
            // Each Poll makes its job due.
            let request = PollRequest { asynchronous_correlation_value: value.clone() };
            call(&server, &client, (Operation::Poll, RequestPayload::Poll(Box::new(request))), false);
        }
        std::thread::sleep(Duration::from_millis(delay_ms));
        server.kill().expect("it dies");
        check(&waiting).expect("the check passes wherever it died");
        server = started(&waiting);
    }
    let mut made = std::collections::BTreeSet::new();
    for value in &values {
        let answer = polled(&server, &client, value);
        assert_eq!(answer.operation, Some(Operation::CreateKeyPair));
        let Some(ResponsePayload::CreateKeyPair(pair)) = answer.response_payload else {
            panic!("{:?}", answer.result_message)
        };
        made.insert(pair.private_key_unique_identifier.as_text().expect("an identifier").to_owned());
    }
    assert_eq!(made.len(), values.len());
    assert_eq!(private_keys(&server, &client), values.len(), "none is done twice");
    assert!(server.stop().expect("it stops").success());
    check(&waiting).expect("the check passes");
}

/// A server that stops leaves what waits for its next start, and stops in time.
#[test]
fn a_server_that_stops_leaves_what_waits() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let options = options(place.path(), "wait_s = 0");
    let server = started(&options);
    let client = server.first_client().expect("a client");
    let values: Vec<_> = (0..6).map(|_| ask(&server, &client, key_pair(4096))).collect();
    let asked = Instant::now();
    assert!(server.stop().expect("it stops").success());
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
    check(&options).expect("the check passes");
    let server = started(&options);
    for value in &values {
        let answer = polled(&server, &client, value);
        assert_eq!(answer.result_status, ResultStatus::Success, "{:?}", answer.result_message);
    }
    assert_eq!(private_keys(&server, &client), values.len());
    assert!(server.stop().expect("it stops").success());
}

/// The audit log and the metrics tell of jobs, and no file holds what was sent or is to be given.
#[test]
fn jobs_are_told_and_their_content_is_sealed() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let options = options(place.path(), "wait_s = 1");
    let server = started(&options);
    let client = server.first_client().expect("a client");
    let data: Vec<u8> = (0..64).map(|n: u8| n.wrapping_mul(37) ^ 0x5A).collect();
    let registering = ask(&server, &client, opaque(&data));
    let submitted = metric(&server, "submitted", "1");
    assert!(submitted, "a request that waits is counted");
    let Some(ResponsePayload::Register(registered)) = polled(&server, &client, &registering).response_payload else {
        panic!("it was not registered")
    };
    let getting = ask(&server, &client, get(registered.unique_identifier));
    // Nobody polls: it runs when its wait is over.
    assert!(metric(&server, "completed", "1"), "a result that waits is counted");
    let audit = files(&options.data_dir.join("audit"));
    let audit = String::from_utf8_lossy(&audit).into_owned();
    let line = audit.lines().find(|line| line.contains("\"operation\":\"Get\"") && line.contains("\"remote\":null"));
    let line = line.unwrap_or_else(|| panic!("no line tells of the Get that ran: {audit}"));
    assert!(line.contains("\"result\":\"Success\"") && line.contains("asynchronous request "), "{line}");
    assert!(audit.contains("\"result\":\"Operation Pending\""), "{audit}");
    let all = files(&options.data_dir);
    assert!(!all.windows(16).any(|window| window == &data[..16]), "a file holds the data");
    let Some(ResponsePayload::Get(got)) = polled(&server, &client, &getting).response_payload else {
        panic!("it was not got")
    };
    let ManagedObject::OpaqueObject(object) = got.object else { panic!("another object") };
    assert_eq!(object.opaque_data_value.expose_secret(), data);
    assert!(server.stop().expect("it stops").success());
}

/// A result that is too large for what the client may have is none, and says so.
#[test]
fn a_result_without_room_is_refused() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let options = options(place.path(), "bytes_per_client = 4096");
    let server = started(&options);
    let client = server.first_client().expect("a client");
    let registered = call(&server, &client, opaque(&[7; 5_000]), false);
    let Some(ResponsePayload::Register(registered)) = registered.response_payload else {
        panic!("{:?}", registered.result_message)
    };
    let value = ask(&server, &client, get(registered.unique_identifier));
    let answer = polled(&server, &client, &value);
    assert_eq!(
        (answer.operation, answer.result_reason),
        (Some(Operation::Get), Some(ResultReason::ServerLimitExceeded))
    );
    let refused = call(&server, &client, opaque(&[7; 5_000]), true);
    assert_eq!(refused.result_reason, Some(ResultReason::ServerLimitExceeded));
    assert!(server.stop().expect("it stops").success());
}

/// Whether a metric of asynchronous requests comes to have a value.
fn metric(server: &Server, stage: &str, value: &str) -> bool {
    let line = format!("kmip_asynchronous_requests{{stage=\"{stage}\"}} {value}");
    let began = Instant::now();
    while began.elapsed() < PATIENCE {
        let text = server.admin_request("GET", "/metrics", b"").expect("the metrics");
        if String::from_utf8_lossy(&text).lines().any(|told| told == line) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    false
}

/// The content of all files of a folder.
fn files(folder: &Path) -> Vec<u8> {
    let mut content = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => content.extend(files(&path)),
            false => content.extend(std::fs::read(&path).unwrap_or_default()),
        }
    }
    content
}
