//! The client against a server whose answers each test writes: negotiation, failover, lost connections, time-outs,
//! malformed answers, batches.

#[path = "scripted_server/mod.rs"]
mod scripted_server;

use std::time::Duration;

use kmip_client::codec::attribute::values::UniqueIdentifier;
use kmip_client::codec::attribute::{Bag, Instance};
use kmip_client::codec::message::{CredentialValue, DecodedRequest, ResponseBatchItem};
use kmip_client::codec::object::{ManagedObject, OpaqueObject};
use kmip_client::codec::operation::activate::{ActivateRequest, ActivateResponse};
use kmip_client::codec::operation::add_attribute::AddAttributeResponse;
use kmip_client::codec::operation::delete_attribute::DeleteAttributeResponse;
use kmip_client::codec::operation::destroy::{DestroyRequest, DestroyResponse};
use kmip_client::codec::operation::get_attributes::GetAttributesResponse;
use kmip_client::codec::operation::locate::{LocateRequest, LocateResponse};
use kmip_client::codec::operation::modify_attribute::ModifyAttributeResponse;
use kmip_client::codec::operation::query::QueryResponse;
use kmip_client::codec::operation::set_attribute::SetAttributeResponse;
use kmip_client::codec::operation::{RequestPayload, ResponsePayload};
use kmip_client::codec::registry::{
    BatchErrorContinuationOption, OpaqueDataType, Operation, QueryFunction, ResultReason, ResultStatus,
    UniqueIdentifierEnumeration,
};
use kmip_client::codec::secret::{Secret, SecretText};
use kmip_client::codec::version::*;
use kmip_client::{Batch, Client, Config, Credential, Error, Failure, attributes};
use scripted_server::*;

fn config(pki: &Pki, endpoints: &[String]) -> Config {
    let mut config = Config::new("", pki.path("ca.pem"), pki.path("client.pem"), pki.path("client.key"));
    config.endpoints = endpoints.to_vec();
    config.timeouts.answer = Duration::from_secs(5);
    config.timeouts.connect = Duration::from_secs(5);
    config
}

fn fixed(pki: &Pki, server: &ScriptedServer, version: Version) -> Config {
    Config { version: Some(version), ..config(pki, &[server.endpoint()]) }
}

fn id(text: &str) -> UniqueIdentifier {
    UniqueIdentifier::text(text)
}

fn everything() -> LocateRequest {
    LocateRequest {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_class_mask: None,
        object_group_member: None,
        attributes: None,
    }
}

fn no_match() -> ResponsePayload {
    ResponsePayload::Locate(Box::new(LocateResponse { located_items: None, unique_identifier: vec![] }))
}

fn empty_query() -> ResponsePayload {
    ResponsePayload::Query(Box::new(QueryResponse {
        operation: vec![Operation::Get],
        object_type: vec![],
        vendor_identification: None,
        server_information: None,
        application_namespace: vec![],
        extension_information: vec![],
        attestation_type: vec![],
        rng_parameters: vec![],
        profile_information: vec![],
        validation_information: vec![],
        capability_information: vec![],
        client_registration_method: vec![],
        defaults_information: None,
        protection_storage_masks: None,
        credential_information: None,
    }))
}

fn asked_versions(request: &DecodedRequest) -> Vec<Version> {
    match &nth(request, 0).request_payload {
        RequestPayload::DiscoverVersions(asked) => asked
            .protocol_version
            .iter()
            .map(|v| Version::new(v.protocol_version_major, v.protocol_version_minor))
            .collect(),
        _ => panic!("not Discover Versions"),
    }
}

#[tokio::test]
async fn the_highest_common_version_is_taken() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |number, request| match number {
        0 => {
            assert_eq!(asked_versions(request), [V2_1, V2_0, V1_4, V1_3, V1_2, V1_1, V1_0]);
            versions(request, &[V1_0, Version::new(1, 9), V1_4, V1_2])
        }
        _ => Act::Answer(vec![success(nth(request, 0), no_match())]),
    })
    .await;
    let mut client = Client::connect(config(&pki, &[server.endpoint()])).await.unwrap();
    assert_eq!(client.version(), Some(V1_4));
    assert_eq!(client.locate([attributes::name("disk-7")]).await.unwrap().ids, [""; 0]);
    let seen: Vec<_> = server.seen().into_iter().map(|seen| (seen.connection, seen.version)).collect();
    assert_eq!(seen, [(0, V1_1), (0, V1_4)]);
}

#[tokio::test]
async fn a_server_without_any_1_x_is_asked_in_2_1() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| match request.header.protocol_version.0 {
        V2_1 => versions(request, &[V2_1, V2_0]),
        _ => Act::Answer(vec![refused_message(request, ResultReason::UnsupportedProtocolVersion, "2.x only")]),
    })
    .await;
    let client = Client::connect(config(&pki, &[server.endpoint()])).await.unwrap();
    assert_eq!(client.version(), Some(V2_1));
}

#[tokio::test]
async fn a_server_that_refuses_the_question_speaks_1_0() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| match nth(request, 0).operation {
        Operation::Query => Act::Answer(vec![success(nth(request, 0), empty_query())]),
        _ => Act::Answer(vec![refused(nth(request, 0), ResultReason::OperationNotSupported, "what is that?")]),
    })
    .await;
    let client = Client::connect(config(&pki, &[server.endpoint()])).await.unwrap();
    assert_eq!(client.version(), Some(V1_0));
    let asked: Vec<_> = server.seen().into_iter().map(|seen| seen.version).collect();
    assert_eq!(asked, [V1_1, V2_1, V1_0]);
}

#[tokio::test]
async fn a_server_that_hangs_up_on_the_question_speaks_1_0() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| match nth(request, 0).operation {
        Operation::Query => Act::Answer(vec![success(nth(request, 0), empty_query())]),
        _ => Act::Close,
    })
    .await;
    let client = Client::connect(config(&pki, &[server.endpoint()])).await.unwrap();
    assert_eq!(client.version(), Some(V1_0));
    assert_eq!(server.seen().last().unwrap().connection, 2);
}

#[tokio::test]
async fn no_common_version_is_told_with_what_the_server_offers() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| versions(request, &[V3_0])).await;
    let error = Client::connect(config(&pki, &[server.endpoint()])).await.unwrap_err();
    assert!(matches!(&error, Error::NoCommonVersion { offered, .. } if offered == &[V3_0]), "{error}");
    assert!(error.to_string().contains("it offers 3.0"), "{error}");
}

#[tokio::test]
async fn a_wrong_password_ends_the_negotiation() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        let authentication = request.header.authentication.as_ref().unwrap();
        match &authentication.credential[0].credential_value {
            CredentialValue::Password(password) => {
                assert_eq!(password.username.as_str(), "alice");
                assert_eq!(password.password.as_ref().unwrap().expose_secret(), "hunter2");
            }
            other => panic!("{other:?}"),
        }
        Act::Answer(vec![refused_message(request, ResultReason::AuthenticationNotSuccessful, "no")])
    })
    .await;
    let mut config = config(&pki, &[server.endpoint()]);
    config.credential = Some(Credential { username: "alice".into(), password: SecretText::copy_from("hunter2") });
    let error = Client::connect(config).await.unwrap_err();
    assert!(matches!(error, Error::ServerRefused { reason: ResultReason::AuthenticationNotSuccessful, .. }), "{error}");
    assert_eq!(server.seen().len(), 1);
    assert!(!format!("{error:?}").contains("hunter2"));
}

#[tokio::test]
async fn endpoints_are_tried_in_order() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| versions(request, &[V2_1])).await;
    let dead = closed_port().await;
    let client = Client::connect(config(&pki, &[dead.clone(), server.endpoint()])).await.unwrap();
    assert_eq!(client.endpoint(), Some(server.endpoint().as_str()));

    let other = closed_port().await;
    match Client::connect(config(&pki, &[dead.clone(), other.clone()])).await.unwrap_err() {
        Error::NoAnswer { attempts, in_doubt: false } => {
            let tried: Vec<_> = attempts.iter().map(|attempt| attempt.endpoint.clone()).collect();
            assert_eq!(tried, [dead, other]);
            assert!(attempts.iter().all(|attempt| matches!(attempt.failure, Failure::Connect(_))));
        }
        error => panic!("{error}"),
    }
}

#[tokio::test]
async fn a_reading_request_is_repeated_after_a_lost_connection() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |number, request| match number {
        0 | 1 => Act::Close,
        _ => Act::Answer(vec![success(nth(request, 0), no_match())]),
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    assert!(client.locate([]).await.unwrap().ids.is_empty());
    let connections: Vec<_> = server.seen().into_iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 1, 2]);
}

#[tokio::test]
async fn repeating_ends_after_the_retries_that_are_allowed() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, _| Act::Close).await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    match client.locate([]).await.unwrap_err() {
        Error::NoAnswer { attempts, in_doubt: false } => assert_eq!(attempts.len(), 3),
        error => panic!("{error}"),
    }
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_changing_request_is_never_repeated_and_its_outcome_is_in_doubt() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, _| Act::Close).await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    let error = client.destroy("1").await.unwrap_err();
    assert!(matches!(error, Error::NoAnswer { in_doubt: true, .. }), "{error}");
    assert!(error.to_string().contains("may have executed"), "{error}");
    assert_eq!(server.operations(), [Operation::Destroy]);
}

#[tokio::test]
async fn a_server_that_hangs_up_on_a_large_request_may_have_a_limit_which_is_told() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, _| Act::Close).await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    for (length, is_large) in [(1 << 20, true), (1 << 10, false)] {
        let opaque_data_value = Secret::copy_from(&vec![7; length]);
        let object = OpaqueObject { opaque_data_type: OpaqueDataType(0x8000_0001), opaque_data_value };
        let error = client.register(ManagedObject::OpaqueObject(Box::new(object)), []).await.unwrap_err();
        let Error::NoAnswer { attempts, in_doubt: true } = error else { panic!("{error}") };
        let (told, hint) = (attempts[0].failure.to_string(), attempts[0].failure.hint());
        assert_eq!(hint.contains("kmip.limits.message_bytes"), is_large, "{told}: {hint}");
        assert_eq!(told.contains("a request of 1048"), is_large, "{told}");
    }
}

#[tokio::test]
async fn a_connection_that_the_server_closed_while_idle_is_replaced_before_anything_is_sent() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        let payload = ActivateResponse { unique_identifier: id("1") };
        Act::AnswerAndClose(vec![success(nth(request, 0), ResponsePayload::Activate(Box::new(payload)))])
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    client.activate("1").await.unwrap();
    server.closed().await;
    // Lets the runtime look at its sockets.
    tokio::task::yield_now().await;
    client.activate("1").await.unwrap();
    assert_eq!(server.seen().last().unwrap().connection, 1);
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn silence_ends_in_a_time_out_and_the_connection_is_not_used_again() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |number, request| match number {
        0 => Act::Silence,
        _ => Act::Answer(vec![success(nth(request, 0), no_match())]),
    })
    .await;
    let mut config = fixed(&pki, &server, V2_1);
    config.timeouts.answer = Duration::from_millis(200);
    let mut client = Client::connect(config).await.unwrap();
    match client.locate([]).await.unwrap_err() {
        Error::NoAnswer { attempts, .. } => assert!(matches!(attempts[0].failure, Failure::Timeout(_))),
        error => panic!("{error}"),
    }
    client.locate([]).await.unwrap();
    assert_eq!(server.seen().last().unwrap().connection, 1);
}

#[tokio::test]
async fn a_call_that_is_dropped_leaves_no_answer_behind_for_the_next_one() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |number, request| match number {
        0 => Act::Silence,
        _ => Act::Answer(vec![success(nth(request, 0), no_match())]),
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V2_1)).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), client.locate([])).await.is_err());
    client.locate([]).await.unwrap();
    assert_eq!(server.seen().last().unwrap().connection, 1);
}

#[tokio::test]
async fn malformed_answers_are_protocol_errors_and_say_what_is_wrong() {
    let pki = Pki::new();
    let truncated = |request: &DecodedRequest| {
        let mut bytes = message(V2_1, vec![success(nth(request, 0), no_match())]);
        let shorter = u32::try_from(bytes.len()).unwrap() - 16;
        bytes.truncate(bytes.len() - 8);
        bytes[4..8].copy_from_slice(&shorter.to_be_bytes());
        bytes
    };
    let server = ScriptedServer::start(&pki, move |number, request| match number {
        0 => Act::Raw(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
        1 => Act::Raw([&[0x42, 0, 0x7B, 1], &u32::MAX.to_be_bytes()[..]].concat()),
        2 => Act::Raw(truncated(request)),
        3 => Act::Answer(vec![success(nth(request, 0), no_match()), success(nth(request, 0), no_match())]),
        4 => Act::Answer(vec![]),
        5 => Act::Answer(vec![ResponseBatchItem {
            operation: Some(Operation::Activate),
            ..refused(nth(request, 0), ResultReason::GeneralFailure, "")
        }]),
        _ => Act::Answer(vec![ResponseBatchItem {
            result_status: ResultStatus::OperationPending,
            ..success(nth(request, 0), no_match())
        }]),
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V2_1)).await.unwrap();
    let expected = [
        "no message starts here",
        "limit exceeded: message size",
        "its answer cannot be read",
        "one item was asked, 2 were answered",
        "one item was asked, 0 were answered",
        "Locate was asked, Activate was answered",
        "unexpected Result Status Operation Pending",
    ];
    for text in expected {
        let error = client.locate([]).await.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
        assert!(error.to_string().contains(text), "{error} lacks {text:?}");
    }
    assert_eq!(server.seen().len(), expected.len(), "none of them is repeated");
}

#[tokio::test]
async fn a_refusal_carries_operation_reason_and_message() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        Act::Answer(vec![refused(nth(request, 0), ResultReason::ItemNotFound, "no object has the identifier 1")])
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V1_0)).await.unwrap();
    let error = client.get("1").await.unwrap_err();
    assert!(kmip_client::is_not_found(&error));
    assert_eq!(error.to_string(), "Get: Item Not Found: no object has the identifier 1");
}

#[tokio::test]
async fn operations_of_a_later_version_are_not_sent() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, _| Act::Close).await;
    let mut client = Client::connect(fixed(&pki, &server, V1_4)).await.unwrap();
    let error = client.log("hello").await.unwrap_err();
    assert_eq!(error.to_string(), "Log needs KMIP 2.0; version 1.4 is spoken here");
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn a_batch_gives_each_request_its_own_answer_whatever_the_order() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        assert_eq!(request.header.batch_error_continuation_option, Some(BatchErrorContinuationOption::Continue));
        assert_eq!(request.header.batch_order_option, Some(true));
        let activated = ActivateResponse { unique_identifier: id("1") };
        Act::Answer(vec![
            refused(nth(request, 1), ResultReason::PermissionDenied, "active"),
            success(nth(request, 0), ResponsePayload::Activate(Box::new(activated))),
        ])
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    let mut batch = Batch::new().on_error(BatchErrorContinuationOption::Continue);
    let activate = batch.add(ActivateRequest { unique_identifier: Some(id("1")) });
    let destroy = batch.add(DestroyRequest { unique_identifier: None });
    let never = batch.add(DestroyRequest { unique_identifier: None });
    let mut answers = client.send(batch).await.unwrap();
    assert_eq!(answers.take(activate).unwrap().unique_identifier, id("1"));
    let error = answers.take(destroy).unwrap_err();
    assert!(matches!(error, Error::ServerRefused { reason: ResultReason::PermissionDenied, .. }), "{error}");
    assert!(matches!(answers.take(never).unwrap_err(), Error::NotExecuted { operation: Operation::Destroy }));
}

#[tokio::test]
async fn answers_without_batch_item_ids_go_by_position_and_undone_ones_say_so() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        let destroyed = ResponsePayload::Destroy(Box::new(DestroyResponse { unique_identifier: id("1") }));
        let mut items = vec![
            ResponseBatchItem { result_status: ResultStatus::OperationUndone, ..success(nth(request, 0), destroyed) },
            refused(nth(request, 1), ResultReason::ItemNotFound, ""),
        ];
        items.iter_mut().for_each(|item| item.unique_batch_item_id = None);
        Act::Answer(items)
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    let mut batch = Batch::new().on_error(BatchErrorContinuationOption::Undo);
    let first = batch.add(DestroyRequest { unique_identifier: Some(id("1")) });
    let second = batch.add(DestroyRequest { unique_identifier: Some(id("2")) });
    let mut answers = client.send(batch).await.unwrap();
    assert!(kmip_client::is_not_found(&answers.take(second).unwrap_err()));
    assert!(matches!(answers.take(first).unwrap_err(), Error::Undone { .. }));
}

#[tokio::test]
async fn a_batch_that_is_refused_as_a_whole_refuses_every_request() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        Act::Answer(vec![refused_message(request, ResultReason::InvalidMessage, "no batches here")])
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    let mut batch = Batch::new();
    let first = batch.add(ActivateRequest { unique_identifier: Some(id("1")) });
    let second = batch.add(DestroyRequest { unique_identifier: None });
    let mut answers = client.send(batch).await.unwrap();
    for error in [answers.take(first).unwrap_err(), answers.take(second).unwrap_err()] {
        assert!(matches!(error, Error::ServerRefused { reason: ResultReason::InvalidMessage, .. }), "{error}");
    }
}

/// Locate of two objects, and Destroy of both and of a third one, in answers that end with failures where told.
async fn destroyed_by_reference(
    version: Version,
    answers: &'static [(usize, bool)],
) -> [Vec<Result<UniqueIdentifier, Error>>; 2] {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, move |_, request| {
        let found = LocateResponse { located_items: None, unique_identifier: vec![id("a"), id("b")] };
        let mut items = vec![success(nth(request, 0), ResponsePayload::Locate(Box::new(found)))];
        items.extend(answers.iter().zip(["a", "b", "c"]).map(|((to, is_done), name)| {
            let destroyed = DestroyResponse { unique_identifier: id(name) };
            match is_done {
                true => success(nth(request, *to), ResponsePayload::Destroy(Box::new(destroyed))),
                false => refused(nth(request, *to), ResultReason::PermissionDenied, "active"),
            }
        }));
        Act::Answer(items)
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, version)).await.unwrap();
    let mut batch = Batch::new();
    let locate = batch.add(everything());
    let located = UniqueIdentifier::Placeholder(UniqueIdentifierEnumeration::Locate);
    let both = batch.add(DestroyRequest { unique_identifier: Some(located) });
    let third = batch.add(DestroyRequest { unique_identifier: Some(id("c")) });
    let mut answers = client.send(batch).await.unwrap();
    answers.take(locate).map(|found| assert_eq!(found.unique_identifier.len(), 2)).unwrap_or_default();
    [both, third].map(|handle| {
        let each = answers.take_each(handle).into_iter();
        each.map(|destroyed| destroyed.map(|destroyed| destroyed.unique_identifier)).collect()
    })
}

#[tokio::test]
async fn a_request_that_was_done_for_several_objects_has_an_answer_for_each() {
    let answers = &[(1, true), (1, true), (2, false)];
    let [both, third] = destroyed_by_reference(V2_1, answers).await;
    let both: Vec<_> = both.into_iter().map(Result::unwrap).collect();
    assert_eq!(both, [id("a"), id("b")]);
    assert!(matches!(&third[..], [Err(Error::ServerRefused { .. })]), "{third:?}");
    let [both, third] = destroyed_by_reference(V2_1, &[(1, true), (1, false)]).await;
    assert!(matches!(&both[..], [Ok(_), Err(Error::ServerRefused { .. })]), "{both:?}");
    assert!(matches!(&third[..], [Err(Error::NotExecuted { .. })]), "{third:?}");
}

#[tokio::test]
async fn answers_that_nothing_tells_apart_are_not_guessed() {
    // Without identifiers, those of the second and the third request cannot be told apart.
    for answers in [&[(1, true), (1, true), (2, true)][..], &[(1, true), (1, false)]] {
        for each in destroyed_by_reference(V3_0, answers).await {
            assert!(matches!(&each[..], [Err(Error::Protocol { .. })]), "{each:?}");
        }
    }
    let [both, third] = destroyed_by_reference(V3_0, &[(1, true), (2, true)]).await;
    assert_eq!([both, third].map(|each| each.into_iter().flatten().collect::<Vec<_>>()), [[id("a")], [id("b")]]);
}

#[tokio::test]
async fn without_identifiers_answers_belong_to_the_request_for_their_operation() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        let found = LocateResponse { located_items: None, unique_identifier: vec![id("a"), id("b")] };
        let activated = |name| ResponsePayload::Activate(Box::new(ActivateResponse { unique_identifier: id(name) }));
        let destroyed = |name| ResponsePayload::Destroy(Box::new(DestroyResponse { unique_identifier: id(name) }));
        Act::Answer(vec![
            success(nth(request, 0), ResponsePayload::Locate(Box::new(found))),
            success(nth(request, 1), activated("a")),
            success(nth(request, 1), activated("b")),
            success(nth(request, 2), destroyed("c")),
        ])
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V3_0)).await.unwrap();
    let mut batch = Batch::new();
    batch.add(everything());
    let located = UniqueIdentifier::Placeholder(UniqueIdentifierEnumeration::Locate);
    let both = batch.add(ActivateRequest { unique_identifier: Some(located) });
    let third = batch.add(DestroyRequest { unique_identifier: Some(id("c")) });
    let mut answers = client.send(batch).await.unwrap();
    let error = answers.take(both).unwrap_err();
    assert_eq!(error.to_string(), "Activate: done for 2 objects, each with an answer of its own");
    assert_eq!(answers.take(third).unwrap().unique_identifier, id("c"));
}

#[tokio::test]
async fn a_payload_that_may_be_empty_may_be_missing() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        Act::Answer(vec![ResponseBatchItem { response_payload: None, ..success(nth(request, 0), no_match()) }])
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V2_1)).await.unwrap();
    assert!(client.query(&[QueryFunction::QueryOperations]).await.unwrap().operation.is_empty());
    assert!(matches!(client.activate("1").await.unwrap_err(), Error::Protocol { .. }));
}

#[tokio::test]
async fn a_server_of_another_ca_is_refused_and_so_is_a_client_of_another_ca() {
    let (ours, theirs) = (Pki::new(), Pki::new());
    let server = ScriptedServer::start(&theirs, |_, _| Act::Close).await;
    let failure = |error| match error {
        Error::NoAnswer { mut attempts, in_doubt: false } => attempts.remove(0).failure,
        error => panic!("{error}"),
    };
    let distrusted = failure(Client::connect(config(&ours, &[server.endpoint()])).await.unwrap_err());
    assert!(distrusted.hint().contains("give the CA that signed it"), "{distrusted}: {}", distrusted.hint());

    let mut stranger = config(&ours, &[server.endpoint()]);
    stranger.ca = theirs.path("ca.pem");
    let refused = failure(Client::connect(stranger).await.unwrap_err());
    assert!(refused.hint().contains("does not trust the client certificate"), "{refused}: {}", refused.hint());
    assert_eq!(server.seen(), []);
}

#[tokio::test]
async fn files_that_do_not_hold_what_they_should_are_named() {
    let pki = Pki::new();
    let good = config(&pki, &["127.0.0.1:1".into()]);
    let message = async |config: Config| Client::connect(config).await.unwrap_err().to_string();
    let missing = message(Config { ca: pki.path("none.pem"), ..good.clone() }).await;
    assert!(missing.contains("CA file") && missing.contains("none.pem"), "{missing}");
    let key = message(Config { key: pki.path("client.pem"), ..good.clone() }).await;
    assert!(key.contains("client.pem") && key.contains("no unencrypted private key"), "{key}");
    let other = message(Config { key: pki.path("server.key"), ..good.clone() }).await;
    assert!(other.contains("server.key"), "{other}");
    let endpoint = message(Config { endpoints: vec!["kms:port".into()], ..good.clone() }).await;
    assert!(endpoint.contains("kms:port"), "{endpoint}");
    assert!(message(Config { endpoints: vec![], ..good }).await.contains("no server is given"));
}

/// A server of 1.2 whose object has these values of one attribute, with their indexes.
async fn with_values(pki: &Pki, values: &'static [(i32, &'static str)]) -> ScriptedServer {
    ScriptedServer::start(pki, move |_, request| {
        let item = nth(request, 0);
        let unique_identifier = id("1");
        let payload = match item.operation {
            Operation::GetAttributes => {
                let items = values.iter().map(|(index, value)| Instance {
                    index: Some(*index),
                    attribute: attributes::custom("Purpose", value),
                });
                let attributes = Some(Bag { items: items.collect(), ..Bag::default() });
                ResponsePayload::GetAttributes(Box::new(GetAttributesResponse { unique_identifier, attributes }))
            }
            Operation::AddAttribute => {
                ResponsePayload::AddAttribute(Box::new(AddAttributeResponse { unique_identifier, attribute: None }))
            }
            Operation::ModifyAttribute => ResponsePayload::ModifyAttribute(Box::new(ModifyAttributeResponse {
                unique_identifier,
                attribute: None,
            })),
            Operation::DeleteAttribute => {
                let RequestPayload::DeleteAttribute(asked) = &item.request_payload else { panic!("another payload") };
                let names: Vec<_> = asked.attribute_references.iter().map(|name| name.name().to_string()).collect();
                assert_eq!(names, ["x-Purpose"]);
                assert!(values.iter().any(|(index, _)| asked.attribute_index == Some(*index)));
                ResponsePayload::DeleteAttribute(Box::new(DeleteAttributeResponse {
                    unique_identifier,
                    attribute: None,
                }))
            }
            other => panic!("{other}"),
        };
        Act::Answer(vec![success(item, payload)])
    })
    .await
}

#[tokio::test]
async fn an_attribute_is_set_in_1_x_by_adding_or_modifying_it() {
    let pki = Pki::new();
    let new = || attributes::custom("Purpose", "new");
    for (values, then) in [(&[][..], Operation::AddAttribute), (&[(0, "old")][..], Operation::ModifyAttribute)] {
        let server = with_values(&pki, values).await;
        let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
        client.set_attribute("1", new()).await.unwrap();
        assert_eq!(server.operations(), [Operation::GetAttributes, then]);
    }
    let server = with_values(&pki, &[(0, "a"), (1, "b")]).await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    let error = client.set_attribute("1", new()).await.unwrap_err();
    assert!(matches!(error, Error::AttributeInstance { .. }), "{error}");
}

#[tokio::test]
async fn values_are_found_by_their_index_in_1_x() {
    let pki = Pki::new();
    let server = with_values(&pki, &[(0, "a"), (3, "b")]).await;
    let mut client = Client::connect(fixed(&pki, &server, V1_2)).await.unwrap();
    client.delete_attribute("1", attributes::reference("x-Purpose")).await.unwrap();
    client.delete_attribute_value("1", attributes::custom("Purpose", "b")).await.unwrap();
    let error = client.delete_attribute_value("1", attributes::custom("Purpose", "c")).await.unwrap_err();
    assert!(matches!(error, Error::AttributeInstance { .. }), "{error}");
    let deletions = server.operations().into_iter().filter(|operation| *operation == Operation::DeleteAttribute);
    assert_eq!(deletions.count(), 3);
}

#[tokio::test]
async fn attributes_are_set_and_deleted_in_one_request_from_2_0() {
    let pki = Pki::new();
    let server = ScriptedServer::start(&pki, |_, request| {
        let item = nth(request, 0);
        let unique_identifier = id("1");
        let payload = match &item.request_payload {
            RequestPayload::SetAttribute(asked) => {
                assert_eq!(asked.new_attribute.as_ref().unwrap().items.len(), 1);
                ResponsePayload::SetAttribute(Box::new(SetAttributeResponse { unique_identifier }))
            }
            RequestPayload::DeleteAttribute(asked) => {
                assert_eq!((asked.attribute_references.len(), &asked.current_attribute), (1, &None));
                ResponsePayload::DeleteAttribute(Box::new(DeleteAttributeResponse {
                    unique_identifier,
                    attribute: None,
                }))
            }
            other => panic!("{other:?}"),
        };
        Act::Answer(vec![success(item, payload)])
    })
    .await;
    let mut client = Client::connect(fixed(&pki, &server, V2_1)).await.unwrap();
    client.set_attribute("1", attributes::custom("Purpose", "new")).await.unwrap();
    client.delete_attribute("1", attributes::reference("x-Purpose")).await.unwrap();
    assert_eq!(server.operations(), [Operation::SetAttribute, Operation::DeleteAttribute]);
}
