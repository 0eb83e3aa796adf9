//! Requests from the server to clients (KMIP 2.1 §6.2), and the exchange of roles that they need (§6.1.54).

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_request;
use kmip_codec::message::header::HeaderVersion;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, ResponseHeader, ResponseMessage, encode};
use kmip_codec::object::{KeyMaterial, KeyValue, ManagedObject};
use kmip_codec::operation::delete_attribute::DeleteAttributeRequest;
use kmip_codec::operation::discover_versions::DiscoverVersionsResponse;
use kmip_codec::operation::notify::NotifyRequest;
use kmip_codec::operation::put::PutRequest;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::operation::set_attribute::SetAttributeRequest;
use kmip_codec::operation::set_endpoint_role::SetEndpointRoleRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    EndpointRole, Operation, PutFunction, QueryFunction, ResultReason, ResultStatus, State, Tag,
};
use kmip_codec::value::{ByteString, DateTime};
use kmip_codec::version::{V1_0, V1_2, V1_3, V1_4, V2_0, V2_1, V3_0, Version};
use kmip_codec::wire::Strictness;
use kmip_core::engine::Evaluation;
use kmip_core::identity::{ClientRecord, Listener, Sender};
use kmip_core::layout;
use kmip_core::outgoing::{Courier, LONGEST_WAIT, MOST_QUEUED, Next};
use kmip_core::ports::store::{Batch, Store, Write};

use crate::answer;
use crate::requests::*;
use crate::support::{CLIENT, Harness, START, failure, success};

fn harness() -> Harness {
    let harness = Harness::new();
    harness.engine.set_listening(CLIENT, true).unwrap();
    harness
}

/// What a request of the server holds.
#[derive(Debug)]
struct Heard {
    version: Version,
    stamped: bool,
    operation: Operation,
    payload: RequestPayload,
}

fn read(bytes: &[u8]) -> Heard {
    let mut request = decode_request(bytes, &Limits::DEFAULT, Strictness::Strict).expect("a request of its version");
    assert_eq!(request.items.len(), 1);
    let version = request.header.protocol_version.0;
    assert_eq!(request.header.server_correlation_value.is_some(), version >= V1_4);
    let item = request.items.remove(0).expect("an item that can be read");
    Heard {
        version: request.header.protocol_version.0,
        stamped: request.header.time_stamp.is_some(),
        operation: item.operation,
        payload: item.request_payload,
    }
}

fn response(heard: &Heard, payload: Option<ResponsePayload>, reason: Option<ResultReason>) -> Vec<u8> {
    let item = ResponseBatchItem {
        operation: Some(heard.operation),
        unique_batch_item_id: None,
        result_status: if reason.is_some() { ResultStatus::OperationFailed } else { ResultStatus::Success },
        result_reason: reason,
        result_message: None,
        asynchronous_correlation_value: None,
        response_payload: payload,
        message_extension: Vec::new(),
    };
    let response_header = ResponseHeader {
        protocol_version: HeaderVersion(heard.version),
        time_stamp: DateTime(START),
        nonce: None,
        server_hashed_password: None,
        attestation_type: Vec::new(),
        client_correlation_value: None,
        server_correlation_value: None,
        batch_count: Some(1),
    };
    let message = ResponseMessage { response_header, batch_item: vec![item] };
    encode(Tag::ResponseMessage, &message, heard.version).to_vec()
}

/// What the courier sends next; it has nothing to send if it waits.
fn next(harness: &Harness, courier: &mut Courier) -> Option<Heard> {
    loop {
        match courier.next(&harness.engine, harness.now()) {
            Next::Send(bytes, audit) => {
                let heard = read(&bytes);
                let told = audit.map(|entry| (entry.operation, entry.object));
                let expected = match &heard.payload {
                    RequestPayload::Put(request) => {
                        Some((Some(Operation::Put), Some(request.unique_identifier.clone())))
                    }
                    _ => None,
                };
                let told = told.map(|(operation, object)| (operation, object.map(UniqueIdentifier::Text)));
                assert_eq!(told, expected, "what releases a key is told, and nothing else");
                return Some(heard);
            }
            Next::Wait | Next::Later(_) | Next::End(_) => return None,
            Next::Commit(pending) => drop(harness.store.commit(&[pending.batch().clone()]).unwrap()),
        }
    }
}

fn reply(harness: &Harness, courier: &mut Courier, response: &[u8]) {
    if let Some(pending) = courier.answered(&harness.engine, response, harness.now()).unwrap() {
        harness.store.commit(&[pending.batch().clone()]).unwrap();
    }
}

/// A courier that has asked a client for its versions, operations and profiles, which it does not tell.
fn begun(harness: &Harness) -> Courier {
    let mut courier = Courier::new(CLIENT, V2_1);
    for operation in [Operation::DiscoverVersions, Operation::Query, Operation::Query] {
        let heard = next(harness, &mut courier).unwrap();
        assert_eq!(heard.operation, operation);
        reply(harness, &mut courier, &response(&heard, None, Some(ResultReason::OperationNotSupported)));
    }
    courier
}

/// All that waits for the client, each answered with success.
fn heard(harness: &Harness, courier: &mut Courier) -> Vec<Heard> {
    let mut all = Vec::new();
    while let Some(heard) = next(harness, courier) {
        assert!(heard.stamped);
        reply(harness, courier, &response(&heard, None, None));
        all.push(heard);
    }
    all
}

fn notified(heard: &Heard) -> &NotifyRequest {
    match &heard.payload {
        RequestPayload::Notify(request) => request,
        other => panic!("no Notify: {other:?}"),
    }
}

fn changed(heard: &Heard) -> Vec<&Attribute> {
    notified(heard).attributes.iter().flat_map(|bag| &bag.items).map(|instance| &instance.attribute).collect()
}

fn waiting(harness: &Harness) -> usize {
    harness.store.scan(layout::OUTGOING, &layout::end_of(layout::OUTGOING), 10_000).unwrap().entries.len()
}

fn set_contact(id: &str, value: &str) -> Item {
    let attribute = Attribute::ContactInformation(value.into());
    let request =
        SetAttributeRequest { unique_identifier: text(id), new_attribute: Some([attribute].into_iter().collect()) };
    (Operation::SetAttribute, RequestPayload::SetAttribute(Box::new(request)))
}

fn delete_contact(id: &str) -> Item {
    let request = DeleteAttributeRequest {
        unique_identifier: text(id),
        current_attribute: None,
        attribute_references: vec![AttributeReference::Tag(Tag::ContactInformation)],
        attribute_index: None,
    };
    (Operation::DeleteAttribute, RequestPayload::DeleteAttribute(Box::new(request)))
}

#[test]
fn changed_and_deleted_attributes_are_told() {
    let harness = harness();
    let id = harness.created(V2_1, &[]);
    assert_eq!(waiting(&harness), 0, "a new object is no change of attributes");
    harness.advance(10);
    success(harness.item(V2_1, set_contact(&id, "me")));
    success(harness.item(V2_1, delete_contact(&id)));
    success(harness.item(V2_1, activate(text(&id))));
    let mut courier = begun(&harness);
    let all = heard(&harness, &mut courier);
    assert_eq!(all.len(), 3);
    for heard in &all {
        assert_eq!(notified(heard).unique_identifier, UniqueIdentifier::text(&id));
        assert!(changed(heard).contains(&&Attribute::LastChangeDate(DateTime(START + 10))), "{heard:?}");
    }
    assert!(changed(&all[0]).contains(&&Attribute::ContactInformation("me".into())));
    assert_eq!(notified(&all[1]).attribute_references, [AttributeReference::Tag(Tag::ContactInformation)]);
    assert!(changed(&all[2]).contains(&&Attribute::State(State::Active)));
    assert!(changed(&all[2]).contains(&&Attribute::ActivationDate(DateTime(START + 10))));
    assert_eq!(waiting(&harness), 0, "what is answered goes");
}

/// A date that passes changes the state, and is told like any change.
#[test]
fn a_passing_date_is_told() {
    let harness = harness();
    harness.created(V2_1, &[Attribute::ActivationDate(DateTime(START + 50))]);
    harness.advance(50);
    let mut courier = begun(&harness);
    let all = heard(&harness, &mut courier);
    assert_eq!(all.len(), 1);
    assert!(changed(&all[0]).contains(&&Attribute::State(State::Active)), "{all:?}");
}

/// Clients hear of their own scope only, if they are let hear at all; what fails or is undone tells nothing.
#[test]
fn only_listeners_of_the_scope_hear() {
    let harness = harness();
    for (client, scope) in [("member", Some(CLIENT)), ("deaf", Some(CLIENT)), ("stranger", None)] {
        harness.engine.enroll(client, scope).unwrap();
    }
    for client in ["member", "stranger"] {
        harness.engine.set_listening(client, true).unwrap();
    }
    let id = harness.created(V2_1, &[]);
    success(harness.item(V2_1, set_contact(&id, "me")));
    harness.item(V2_1, set_contact("nothing", "me"));
    assert_eq!(waiting(&harness), 2, "for the client and the member");
    let queue = |client| harness.engine.set_listening(client, false).unwrap();
    queue("member");
    success(harness.item(V2_1, set_contact(&id, "you")));
    assert_eq!(waiting(&harness), 3, "for the client alone");
}

#[test]
fn messages_outlive_a_restart_and_are_sent_until_they_are_answered() {
    let harness = harness();
    let id = harness.created(V2_1, &[]);
    success(harness.item(V2_1, set_contact(&id, "me")));
    let mut courier = begun(&harness);
    assert_eq!(next(&harness, &mut courier).unwrap().operation, Operation::Notify);
    // The connection breaks before the response.
    harness.verify().unwrap();
    let harness = harness.reopened(START + 1);
    success(harness.item(V2_1, set_contact(&id, "you")));
    let mut courier = begun(&harness);
    let all = heard(&harness, &mut courier);
    let contacts: Vec<_> =
        all.iter().map(|heard| changed(heard).contains(&&Attribute::ContactInformation("me".into()))).collect();
    assert_eq!(contacts, [true, false], "in order");
}

#[test]
fn queues_are_bounded_and_end() {
    let harness = harness();
    let id = harness.created(V2_1, &[]);
    for count in 0..MOST_QUEUED + 5 {
        success(harness.item(V2_1, set_contact(&id, &count.to_string())));
    }
    assert_eq!(waiting(&harness), MOST_QUEUED);
    assert!(harness.engine.queue_put(CLIENT, &id, None, START).is_err());
    harness.advance(LONGEST_WAIT - 1);
    assert_eq!(waiting(&harness), MOST_QUEUED);
    harness.advance(1);
    assert_eq!(waiting(&harness), 0);
}

fn put(heard: &Heard) -> &PutRequest {
    match &heard.payload {
        RequestPayload::Put(request) => request,
        other => panic!("no Put: {other:?}"),
    }
}

#[test]
fn an_object_is_put_with_its_key_and_attributes() {
    let harness = harness();
    let id = harness.registered(V2_1, aes(&[7; 16]), &[name("disk")]);
    harness.engine.queue_put(CLIENT, &id, None, START).unwrap();
    harness.engine.queue_put(CLIENT, &id, Some("the old one"), START).unwrap();
    let mut courier = begun(&harness);
    let all = heard(&harness, &mut courier);
    assert_eq!(all.len(), 2);
    let ManagedObject::SymmetricKey(key) = &put(&all[0]).object else { panic!("no key") };
    let Some(KeyValue::Plain(value)) = &key.key_block.key_value else { panic!("no value") };
    let KeyMaterial::Bytes(bytes) = &value.key_material else { panic!("no bytes") };
    assert_eq!(bytes.expose_secret(), [7; 16]);
    let attributes: Vec<_> = put(&all[0]).attributes.iter().flat_map(|bag| &bag.items).map(|i| &i.attribute).collect();
    assert!(attributes.contains(&&name("disk")));
    assert_eq!((put(&all[0]).put_function, put(&all[0]).replaced_unique_identifier.clone()), (PutFunction::New, None));
    assert_eq!(put(&all[1]).put_function, PutFunction::Replace);
    assert_eq!(put(&all[1]).replaced_unique_identifier, text("the old one"));
    assert_eq!(waiting(&harness), 0);
}

/// A device that is away for a moment is no reason to lose what an administrator has queued.
#[test]
fn what_cannot_be_put_now_waits() {
    let harness = harness();
    let id = harness.registered(V2_1, aes(&[7; 16]), &[]);
    harness.engine.queue_put(CLIENT, &id, None, START).unwrap();
    let mut courier = begun(&harness);
    // It fails, and is not back.
    harness.vault.fail_next(2);
    let later = courier.next(&harness.engine, START);
    assert!(matches!(later, Next::Later(_)), "{later:?}");
    assert_eq!(waiting(&harness), 1);
    harness.vault.fail_next(0);
    assert_eq!(put(&heard(&harness, &mut courier)[0]).unique_identifier.as_text(), Some(id.as_str()));
    assert_eq!(waiting(&harness), 0);
}

/// What is damaged stays so: nothing waits behind it.
#[test]
fn what_can_never_be_put_goes() {
    let harness = harness();
    let ids = [8, 7].map(|byte| harness.registered(V2_1, aes(&[byte; 16]), &[]));
    ids.iter().for_each(|id| harness.engine.queue_put(CLIENT, id, None, START).unwrap());
    let mut courier = begun(&harness);
    // In a vault that works, one failure is the object's.
    harness.vault.fail_next(1);
    let all = heard(&harness, &mut courier);
    assert_eq!(all.len(), 1);
    assert_eq!(put(&all[0]).unique_identifier.as_text(), Some(ids[1].as_str()));
    assert_eq!(waiting(&harness), 0);
}

#[test]
fn what_may_not_leave_is_not_put() {
    let harness = harness();
    let sensitive = harness.registered(V2_1, aes(&[7; 16]), &[Attribute::Sensitive(true)]);
    let kept = harness.registered(V2_1, aes(&[7; 16]), &[Attribute::Extractable(false)]);
    let good = harness.registered(V2_1, aes(&[7; 16]), &[]);
    for id in [sensitive.as_str(), &kept, "nothing"] {
        assert!(harness.engine.queue_put(CLIENT, id, None, START).is_err(), "{id}");
    }
    assert!(harness.engine.queue_put("stranger", &good, None, START).is_err(), "who does not listen");
    // An object that goes while it waits is not sent.
    harness.engine.queue_put(CLIENT, &good, None, START).unwrap();
    success(harness.item(V2_1, destroy(text(&good))));
    let mut courier = begun(&harness);
    let operations: Vec<_> = heard(&harness, &mut courier).iter().map(|heard| heard.operation).collect();
    assert_eq!(operations, [Operation::Notify], "of the destruction");
    assert_eq!(waiting(&harness), 0);
}

/// The client's versions and operations hold for what is sent.
#[test]
fn the_client_says_what_it_takes() {
    let harness = harness();
    let id = harness.registered(V2_1, aes(&[7; 16]), &[]);
    success(harness.item(V2_1, set_contact(&id, "me")));
    harness.engine.queue_put(CLIENT, &id, None, START).unwrap();
    let mut courier = Courier::new(CLIENT, V2_1);
    let heard_versions = next(&harness, &mut courier).unwrap();
    let RequestPayload::DiscoverVersions(asked) = &heard_versions.payload else { panic!() };
    assert!(asked.protocol_version.iter().all(|version| version.protocol_version_major >= 2));
    let theirs = DiscoverVersionsResponse { protocol_version: vec![V1_4.into(), V2_0.into()] };
    let theirs = ResponsePayload::DiscoverVersions(Box::new(theirs));
    reply(&harness, &mut courier, &response(&heard_versions, Some(theirs), None));
    let heard_query = next(&harness, &mut courier).unwrap();
    assert_eq!((heard_query.operation, heard_query.version), (Operation::Query, V2_0));
    let ours = answer!(Query, harness.call(V2_1, Operation::Query, heard_query.payload.clone()));
    assert!(ours.operation.contains(&Operation::Put), "the server names what it sends");
    let mut theirs = ours;
    theirs.operation = vec![Operation::Put];
    reply(&harness, &mut courier, &response(&heard_query, Some(ResponsePayload::Query(Box::new(theirs))), None));
    let profiles = next(&harness, &mut courier).unwrap();
    reply(&harness, &mut courier, &response(&profiles, None, None));
    let all = heard(&harness, &mut courier);
    let operations: Vec<_> = all.iter().map(|heard| (heard.operation, heard.version)).collect();
    assert_eq!(operations, [(Operation::Put, V2_0)], "a Notify would only be refused");
}

#[test]
fn a_message_that_the_client_refuses_goes_and_nonsense_ends_the_session() {
    let harness = harness();
    let id = harness.created(V2_1, &[]);
    success(harness.item(V2_1, set_contact(&id, "me")));
    success(harness.item(V2_1, set_contact(&id, "you")));
    let mut courier = begun(&harness);
    let first = next(&harness, &mut courier).unwrap();
    reply(&harness, &mut courier, &response(&first, None, Some(ResultReason::PermissionDenied)));
    assert_eq!(waiting(&harness), 1);
    next(&harness, &mut courier).unwrap();
    for nonsense in [&b""[..], b"nonsense", &[0; 64]] {
        assert!(courier.answered(&harness.engine, nonsense, START).is_err());
    }
    assert_eq!(waiting(&harness), 1);
}

fn query_operations() -> Item {
    let request = QueryRequest { query_function: vec![QueryFunction::QueryOperations], object_groups: None };
    (Operation::Query, RequestPayload::Query(Box::new(request)))
}

fn listener(version: Version) -> Listener {
    Listener { address: "host.example:5697".into(), version, trusted: Vec::new() }
}

/// A listener hears in its own version: an attribute that is gone has no value in 1.x (KMIP 1.4 §5.1).
#[test]
fn a_listener_hears_in_the_version_that_it_speaks() {
    for version in [V1_0, V1_3, V1_4, V2_0, V2_1] {
        let harness = Harness::new();
        harness.engine.listen_at(CLIENT, listener(version)).unwrap();
        let id = harness.registered(V2_1, aes(&[7; 16]), &[]);
        success(harness.item(V2_1, set_contact(&id, "me")));
        success(harness.item(V2_1, delete_contact(&id)));
        harness.engine.queue_put(CLIENT, &id, None, START).unwrap();
        let mut courier = Courier::to_listener(CLIENT, version);
        let asked = if version < V1_3 { 0 } else { 2 };
        for _ in 0..asked {
            let heard = next(&harness, &mut courier).unwrap();
            assert_eq!((heard.operation, heard.version), (Operation::Query, version));
            reply(&harness, &mut courier, &response(&heard, None, Some(ResultReason::OperationNotSupported)));
        }
        let all = heard(&harness, &mut courier);
        let told: Vec<_> = all.iter().map(|heard| (heard.operation, heard.version)).collect();
        let notify = (Operation::Notify, version);
        assert_eq!(told, [notify, notify, (Operation::Put, version)]);
        assert!(changed(&all[0]).contains(&&Attribute::ContactInformation("me".into())), "{version}");
        let contact = AttributeReference::Tag(Tag::ContactInformation);
        let (name_only, references) = match version < V2_0 {
            true => (1, vec![]),
            false => (0, vec![contact.clone()]),
        };
        let is_gone = |attribute: &&&Attribute| ***attribute == Attribute::NameOnly(contact.clone());
        assert_eq!(changed(&all[1]).iter().filter(is_gone).count(), name_only, "{version}: {:?}", all[1]);
        assert_eq!(notified(&all[1]).attribute_references, references);
        assert_eq!(waiting(&harness), 0);
    }
}

#[test]
fn listeners_are_kept_and_what_is_none_is_refused() {
    let harness = Harness::new();
    for address in ["", "host", "host:", "host:0", "host:70000", ":1", "ho st:1", "::1:5", "[::1:5", "[h-x]:5", "a/b:1"]
    {
        let listener = Listener { address: address.into(), ..listener(V1_4) };
        assert!(harness.engine.listen_at(CLIENT, listener).is_err(), "{address}");
    }
    assert!(harness.engine.listen_at(CLIENT, listener(V3_0)).is_err(), "3.0 has neither Notify nor Put");
    let trusted = vec![ByteString::new(b"no certificate")];
    assert!(harness.engine.listen_at(CLIENT, Listener { trusted, ..listener(V1_4) }).is_err());
    assert_eq!(harness.engine.listener_of(CLIENT), None);
    let kept = Listener { address: "[::1]:5697".into(), ..listener(V1_2) };
    harness.engine.listen_at(CLIENT, kept.clone()).unwrap();
    assert!(harness.engine.awaited().is_empty());
    let id = harness.created(V2_1, &[]);
    success(harness.item(V2_1, set_contact(&id, "me")));
    harness.verify().unwrap();
    let harness = harness.reopened(START + 1);
    assert_eq!(harness.engine.awaited(), [(CLIENT.into(), kept)]);
    harness.engine.set_listening(CLIENT, true).unwrap();
    assert_eq!(harness.engine.awaited(), []);
}

#[test]
fn who_does_not_hear_any_more_or_has_moved_hears_nothing_that_waited() {
    let harness = harness();
    let id = harness.created(V2_1, &[]);
    success(harness.item(V2_1, set_contact(&id, "me")));
    let mut courier = begun(&harness);
    assert!(waiting(&harness) > 0);
    harness.engine.set_listening(CLIENT, false).unwrap();
    assert!(next(&harness, &mut courier).is_none());
    assert_eq!(waiting(&harness), 0);

    harness.engine.set_listening(CLIENT, true).unwrap();
    success(harness.item(V2_1, delete_contact(&id)));
    assert!(waiting(&harness) > 0);
    let moved = ClientRecord { listens: true, ..ClientRecord::of_its_own("elsewhere".into()) };
    let writes = vec![Write::Put(layout::client(CLIENT), moved.encode())];
    harness.store.commit(&[Batch { writes, ..Batch::default() }]).unwrap();
    assert!(next(&harness, &mut courier).is_none());
    assert_eq!(waiting(&harness), 0);
}

#[test]
fn nothing_is_sent_to_a_client_that_was_disabled_meanwhile() {
    let harness = harness();
    let id = harness.created(V2_1, &[]);
    for _ in 0..2 {
        harness.engine.queue_put(CLIENT, &id, None, START).unwrap();
    }
    let mut courier = begun(&harness);
    let heard = next(&harness, &mut courier).expect("the first");
    reply(&harness, &mut courier, &response(&heard, None, None));
    let before = waiting(&harness);
    harness.engine.set_disabled(CLIENT, true).unwrap();
    assert!(matches!(courier.next(&harness.engine, START), Next::End(_)), "on the session that is open");
    assert_eq!(waiting(&harness), before, "it stays");
    harness.engine.set_disabled(CLIENT, false).unwrap();
    assert!(next(&harness, &mut courier).is_some());
}

/// What makes a listener hang up each time does not hold up what comes behind it for ever.
#[test]
fn a_message_that_is_never_answered_can_be_given_up() {
    let harness = harness();
    let id = harness.created(V2_1, &[]);
    success(harness.item(V2_1, set_contact(&id, "me")));
    let mut courier = begun(&harness);
    assert!(courier.give_up(START).is_none(), "nothing was sent");
    next(&harness, &mut courier).unwrap();
    assert!(courier.unanswered().is_some());
    let pending = courier.give_up(START).unwrap();
    harness.store.commit(&[pending.batch().clone()]).unwrap();
    assert_eq!(waiting(&harness), 0);
}

/// Query names what the server sends in every version that has it.
#[test]
fn query_names_what_is_sent() {
    let harness = Harness::new();
    for (version, named) in [(V1_0, true), (V1_4, true), (V2_1, true), (V3_0, false)] {
        let answer = answer!(Query, harness.item(version, query_operations()));
        for operation in [Operation::Notify, Operation::Put] {
            assert_eq!(answer.operation.contains(&operation), named, "{version} {operation}");
        }
    }
}

fn exchange(harness: &Harness, client: &str, has_channel: bool, role: EndpointRole) -> (ResponseBatchItem, bool) {
    let payload = RequestPayload::SetEndpointRole(Box::new(SetEndpointRoleRequest { endpoint_role: role }));
    let request = RequestMessage::single(V2_1, Operation::SetEndpointRole, payload);
    let bytes = encode(Tag::RequestMessage, &request, V2_1);
    let from = Sender { has_channel, ..Sender::named(client) };
    match harness.engine.evaluate_from(&bytes, from, harness.env()) {
        Evaluation::Reply(reply) => {
            let read = kmip_codec::message::decode::decode_response(&reply.bytes, &Limits::DEFAULT, Strictness::Strict);
            (read.unwrap().batch_item.remove(0), reply.exchanges_roles)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn roles_are_exchanged_with_whom_the_server_has_something_to_say() {
    let harness = harness();
    harness.created(V2_1, &[]);
    let (item, exchanged) = exchange(&harness, CLIENT, true, EndpointRole::Client);
    assert_eq!(answer!(SetEndpointRole, item).endpoint_role, EndpointRole::Client);
    assert!(exchanged);
    let refused = |client, has_channel, role| {
        let (item, exchanged) = exchange(&harness, client, has_channel, role);
        assert!(!exchanged);
        failure(&item)
    };
    assert_eq!(refused(CLIENT, true, EndpointRole::Server), ResultReason::InvalidField);
    assert_eq!(refused(CLIENT, true, EndpointRole(0x8000_0001)), ResultReason::InvalidField);
    assert_eq!(refused(CLIENT, false, EndpointRole::Client), ResultReason::FeatureNotSupported);
    harness.engine.set_listening(CLIENT, false).unwrap();
    assert_eq!(refused(CLIENT, true, EndpointRole::Client), ResultReason::PermissionDenied);
}
