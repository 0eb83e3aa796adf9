//! Tickets: Login, Logout, Delegated Login, and requests that present a ticket (KMIP 2.1 §6.1.12, §6.1.30, §6.1.31).

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{ObjectGroups, Objects, Operations, UniqueIdentifier, UsageLimits};
use kmip_codec::limits::Limits;
use kmip_codec::message::credential::{PasswordCredential, Ticket, TicketCredential};
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{
    AsynchronousMode, Authentication, Credential, CredentialValue, RequestMessage, ResponseBatchItem, encode,
};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::delegated_login::{DelegatedLoginRequest, Right, Rights};
use kmip_codec::operation::login::{LoginRequest, TicketLease};
use kmip_codec::operation::logout::LogoutRequest;
use kmip_codec::operation::pkcs11::Pkcs11Request;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::registry::{
    BatchErrorContinuationOption, CredentialType, Operation, Pkcs11Function as F, Pkcs11ReturnCode as Rv,
    QueryFunction, ResultReason, ResultStatus, Tag, TicketType, UsageLimitsUnit,
};
use kmip_codec::secret::{Secret, SecretText};
use kmip_codec::value::{ByteString, DateTime, Interval};
use kmip_codec::version::{V1_4, V2_0, V2_1, V3_0};
use kmip_codec::wire::Strictness;
use kmip_core::administration::AdministrationError;
use kmip_core::engine::{Evaluation, Finished};
use kmip_core::env::Config;
use kmip_core::identity::Sender;
use kmip_core::layout;
use kmip_core::links::Shown;
use kmip_core::ports::store::{Batch, Outcome, Store, Write};
use kmip_core::testing::sim_vault::SimVault;
use sha2::{Digest, Sha256};

use crate::answer;
use crate::jobs_support::{MANDATORY, pending, poll};
use crate::requests::*;
use crate::support::{CLIENT, Harness, START, failure, password_hash, success};

fn terms() -> LoginRequest {
    LoginRequest { lease_time: None, request_count: None, usage_limits: None }
}

fn login_item(request: LoginRequest) -> Item {
    (Operation::Login, RequestPayload::Login(Box::new(request)))
}

fn logout_item(ticket: &Ticket) -> Item {
    (Operation::Logout, RequestPayload::Logout(Box::new(LogoutRequest { ticket: ticket.clone() })))
}

fn query_item() -> Item {
    let request = QueryRequest { query_function: vec![QueryFunction::QueryOperations], object_groups: None };
    (Operation::Query, RequestPayload::Query(Box::new(request)))
}

fn login(harness: &Harness, request: LoginRequest) -> Ticket {
    answer!(Login, harness.item(V2_1, login_item(request))).ticket
}

fn units(total: i64, unit: UsageLimitsUnit) -> UsageLimits {
    UsageLimits { usage_limits_total: total, usage_limits_count: Some(total), usage_limits_unit: unit }
}

fn delegated(rights: Vec<Right>) -> DelegatedLoginRequest {
    DelegatedLoginRequest {
        lease_time: None,
        request_count: None,
        usage_limits: None,
        rights: Rights { right: rights },
    }
}

fn delegated_item(request: DelegatedLoginRequest) -> Item {
    (Operation::DelegatedLogin, RequestPayload::DelegatedLogin(Box::new(request)))
}

fn delegate(harness: &Harness, rights: Vec<Right>) -> Ticket {
    answer!(DelegatedLogin, harness.item(V2_1, delegated_item(delegated(rights)))).ticket
}

fn right(operations: &[Operation], objects: Option<&[&str]>) -> Right {
    let ids = |ids: &[&str]| Objects { unique_identifier: ids.iter().map(|id| UniqueIdentifier::text(id)).collect() };
    Right {
        usage_limits: None,
        operations: Some(Operations { operation: operations.to_vec() }),
        objects: objects.map(ids),
        object_groups: None,
    }
}

fn ticket_credential(ticket: &Ticket) -> Credential {
    Credential {
        credential_type: CredentialType::Ticket,
        credential_value: CredentialValue::Ticket(Box::new(TicketCredential { ticket: ticket.clone() })),
    }
}

fn password_credential(user: &str) -> Credential {
    let password = Some(SecretText::copy_from("right"));
    Credential {
        credential_type: CredentialType::UsernameAndPassword,
        credential_value: CredentialValue::Password(Box::new(PasswordCredential { username: user.into(), password })),
    }
}

fn message(credentials: Vec<Credential>, items: Vec<Item>) -> RequestMessage {
    let mut request = RequestMessage::continuing(V2_1, items);
    request.request_header.authentication = Some(Authentication { credential: credentials });
    request
}

fn call_as(harness: &Harness, client: &str, ticket: &Ticket, items: Vec<Item>) -> Vec<ResponseBatchItem> {
    harness.exchange(client, &message(vec![ticket_credential(ticket)], items)).batch_item
}

fn with(harness: &Harness, ticket: &Ticket, item: Item) -> ResponseBatchItem {
    call_as(harness, CLIENT, ticket, vec![item]).remove(0)
}

/// How many records and counters of tickets the store holds.
fn stored(harness: &Harness) -> usize {
    let from = layout::TICKETS;
    harness.store.scan(from, &layout::end_of(from), 1_000).unwrap().entries.len()
}

#[test]
fn a_ticket_authenticates_until_logout() {
    let harness = Harness::new();
    let ticket = login(&harness, terms());
    assert_eq!(ticket.ticket_type, TicketType::Login);
    assert_eq!(ticket.ticket_value.len(), 32);
    success(with(&harness, &ticket, query_item()));
    success(with(&harness, &ticket, create(&[])));
    success(harness.item(V2_1, logout_item(&ticket)));
    assert_eq!(failure(&with(&harness, &ticket, query_item())), ResultReason::AuthenticationNotSuccessful);
    assert_eq!(failure(&harness.item(V2_1, logout_item(&ticket))), ResultReason::InvalidTicket);
    assert_eq!(stored(&harness), 0);
}

/// The store holds neither the value of a ticket nor a key from which it could be had.
#[test]
fn a_ticket_is_not_in_the_store() {
    let harness = Harness::new();
    let ticket = login(&harness, terms());
    let value = ticket.ticket_value.expose_secret();
    let page = harness.store.scan(b"", b"\xff", 1_000).unwrap();
    for (key, stored) in &page.entries {
        for bytes in [key, &stored.value] {
            assert!(!bytes.windows(value.len()).any(|window| window == value));
        }
    }
    assert!(!format!("{ticket:?}").contains(&format!("{value:?}")));
}

#[test]
fn a_ticket_is_its_clients_own() {
    let harness = Harness::new();
    let ticket = login(&harness, terms());
    let answer = call_as(&harness, "stranger", &ticket, vec![query_item()]).remove(0);
    assert_eq!(failure(&answer), ResultReason::AuthenticationNotSuccessful);
    let (operation, payload) = logout_item(&ticket);
    assert_eq!(failure(&harness.call_as("stranger", V2_1, operation, payload)), ResultReason::InvalidTicket);
    success(with(&harness, &ticket, query_item()));
}

#[test]
fn values_and_types_that_are_no_ticket_are_refused() {
    let harness = Harness::new();
    let good = login(&harness, terms());
    let mut cut = good.clone();
    cut.ticket_value = Secret::copy_from(&good.ticket_value.expose_secret()[..31]);
    let mut other = good.clone();
    other.ticket_type = TicketType(0x8000_0001);
    for bad in [cut, other] {
        assert_eq!(failure(&with(&harness, &bad, query_item())), ResultReason::AuthenticationNotSuccessful);
        assert_eq!(failure(&harness.item(V2_1, logout_item(&bad))), ResultReason::InvalidTicket);
    }
    success(with(&harness, &good, query_item()));
}

/// A restart changes nothing: neither who may present a ticket nor how often it was.
#[test]
fn tickets_outlive_a_restart() {
    let harness = Harness::new();
    let ticket = login(&harness, LoginRequest { request_count: Some(2), ..terms() });
    success(with(&harness, &ticket, query_item()));
    harness.verify().unwrap();
    let harness = harness.reopened(START + 1);
    success(with(&harness, &ticket, query_item()));
    assert_eq!(failure(&with(&harness, &ticket, query_item())), ResultReason::UsageLimitExceeded);
}

#[test]
fn a_lease_ends() {
    let harness = Harness::new();
    let interval = login(&harness, LoginRequest { lease_time: Some(TicketLease::For(Interval(10))), ..terms() });
    let date = TicketLease::Until(DateTime(START + 20));
    let date = login(&harness, LoginRequest { lease_time: Some(date), ..terms() });
    // No seconds, like none given, ask for as long as the server gives (TC-LOGIN-1).
    let zero = login(&harness, LoginRequest { lease_time: Some(TicketLease::For(Interval(0))), ..terms() });
    let served = |ticket: &Ticket| with(&harness, ticket, query_item()).result_status == ResultStatus::Success;
    for (moment, expected) in [(9, [true; 3]), (1, [false, true, true]), (10, [false, false, true])] {
        harness.advance(moment);
        assert_eq!([&interval, &date, &zero].map(served), expected);
    }
    assert_eq!(stored(&harness), 1, "what has ended is removed");
    harness.advance(24 * 60 * 60);
    assert!(!served(&zero));
    assert_eq!(stored(&harness), 0);
}

#[test]
fn login_refuses_fields_that_make_no_ticket() {
    let harness = Harness::new();
    let lease = |lease| LoginRequest { lease_time: Some(lease), ..terms() };
    let limits = |total, count| {
        let unit = UsageLimitsUnit::Object;
        let limits =
            UsageLimits { usage_limits_total: total, usage_limits_count: Some(count), usage_limits_unit: unit };
        LoginRequest { usage_limits: Some(limits), ..terms() }
    };
    for request in [
        lease(TicketLease::Until(DateTime(START))),
        lease(TicketLease::Until(DateTime(i64::MIN))),
        lease(TicketLease::Until(DateTime(i64::MAX))),
        lease(TicketLease::For(Interval(u32::MAX))),
        LoginRequest { request_count: Some(0), ..terms() },
        LoginRequest { request_count: Some(-1), ..terms() },
        limits(0, 0),
        limits(-1, -1),
        limits(5, 6),
        limits(5, -1),
    ] {
        assert_eq!(failure(&harness.item(V2_1, login_item(request))), ResultReason::InvalidField);
    }
    assert_eq!(stored(&harness), 0);
}

#[test]
fn a_client_holds_so_many_tickets_and_no_more() {
    let config = Config { tickets_per_client: 2, ..Config::default() };
    let harness = Harness::with(config, SimVault::new(1));
    let mut answers = harness.batch(V2_1, vec![login_item(terms()), login_item(terms()), login_item(terms())]);
    assert_eq!(failure(&answers.remove(2)), ResultReason::PermissionDenied);
    let first = answer!(Login, answers.remove(0)).ticket;
    assert_eq!(failure(&harness.item(V2_1, login_item(terms()))), ResultReason::PermissionDenied);
    let (operation, payload) = login_item(terms());
    success(harness.call_as("another", V2_1, operation, payload));
    success(harness.item(V2_1, logout_item(&first)));
    login(&harness, terms());
}

#[test]
fn the_operations_came_with_2_0() {
    let harness = Harness::new();
    let ticket = answer!(Login, harness.item(V2_0, login_item(terms()))).ticket;
    for item in [login_item(terms()), logout_item(&ticket)] {
        let (operation, payload) = item;
        let bytes = encode(Tag::RequestMessage, &RequestMessage::single(V1_4, operation, payload), V1_4);
        let answer = harness.exchange_bytes(CLIENT, &bytes);
        let read = kmip_codec::message::decode::decode_response(
            &answer,
            &kmip_codec::limits::Limits::DEFAULT,
            kmip_codec::wire::Strictness::Lenient,
        );
        assert_eq!(failure(&read.unwrap().batch_item[0]), ResultReason::OperationNotSupported);
    }
}

#[test]
fn answers_that_do_not_fit_make_no_ticket() {
    let harness = Harness::new();
    let mut request = RequestMessage::continuing(V2_1, vec![login_item(terms())]);
    request.request_header.maximum_response_size = Some(128);
    assert_eq!(failure(&harness.exchange(CLIENT, &request).batch_item[0]), ResultReason::ResponseTooLarge);
    assert_eq!(stored(&harness), 0);
}

/// A ticket stands for the user that logged in, and for no other.
#[test]
fn a_ticket_stands_for_its_user() {
    let harness = Harness::new();
    for user in ["alice", "bob"] {
        harness.engine.add_user(user, &password_hash("right"), None).unwrap();
    }
    let request = message(vec![password_credential("alice")], vec![login_item(terms())]);
    let ticket = answer!(Login, harness.exchange(CLIENT, &request).batch_item.remove(0)).ticket;
    let told = |credentials| harness.exchange(CLIENT, &message(credentials, vec![query_item()])).batch_item.remove(0);
    success(told(vec![ticket_credential(&ticket)]));
    success(told(vec![ticket_credential(&ticket), password_credential("alice")]));
    for refused in [
        vec![ticket_credential(&ticket), password_credential("bob")],
        vec![password_credential("bob"), ticket_credential(&ticket)],
        vec![ticket_credential(&ticket), ticket_credential(&ticket)],
    ] {
        assert_eq!(failure(&told(refused)), ResultReason::AuthenticationNotSuccessful);
    }
}

#[test]
fn a_ticket_gets_no_other() {
    let harness = Harness::new();
    let ticket = login(&harness, terms());
    for item in [login_item(terms()), delegated_item(delegated(Vec::new()))] {
        assert_eq!(failure(&with(&harness, &ticket, item)), ResultReason::PermissionDenied);
    }
}

/// Every request counts: one that fails, one whose items are undone, one that only reads.
#[test]
fn requests_are_counted_whatever_becomes_of_them() {
    let harness = Harness::new();
    let ticket = login(&harness, LoginRequest { request_count: Some(5), ..terms() });
    success(with(&harness, &ticket, query_item()));
    assert_eq!(failure(&with(&harness, &ticket, get(text("nothing")))), ResultReason::ObjectNotFound);
    // The Logout is undone, too: the ticket goes on, and this use of it counts.
    for item in [create(&[]), logout_item(&ticket)] {
        let mut undone = message(vec![ticket_credential(&ticket)], vec![item, get(text("nothing"))]);
        undone.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
        let statuses: Vec<_> = harness.exchange(CLIENT, &undone).batch_item.iter().map(|i| i.result_status).collect();
        assert_eq!(statuses, [ResultStatus::OperationUndone, ResultStatus::OperationFailed]);
    }
    assert_eq!(harness.engine.object_count(), 0);
    success(with(&harness, &ticket, create(&[])));
    assert_eq!(failure(&with(&harness, &ticket, query_item())), ResultReason::UsageLimitExceeded);
    success(harness.item(V2_1, logout_item(&ticket)));
    assert_eq!(stored(&harness), 0, "counters go with their ticket");
}

/// Of Logins that are evaluated at the same time as many succeed as the client may hold tickets.
#[test]
fn concurrent_logins_share_what_a_client_may_hold() {
    let harness = Harness::with(Config { tickets_per_client: 2, ..Config::default() }, SimVault::new(1));
    harness.created(V2_1, &[]);
    let login = RequestMessage::continuing(V2_1, vec![login_item(terms())]);
    let bytes = encode(Tag::RequestMessage, &login, V2_1);
    let evaluate = || harness.engine.evaluate(&bytes, CLIENT, harness.env());
    let (first, second) = (evaluate(), evaluate());
    assert!(matches!(&first, Evaluation::Commit(_)) && matches!(&second, Evaluation::Commit(_)));
    assert!(matches!(evaluate(), Evaluation::Reply(_)), "two are on their way");
    drop(first);
    let Evaluation::Commit(pending) = second else { panic!() };
    let outcomes = harness.store.commit(&[pending.batch().clone()]).unwrap();
    harness.engine.finish(*pending, &outcomes[0]);
    success(harness.item(V2_1, login_item(terms())));
    assert_eq!(failure(&harness.item(V2_1, login_item(terms()))), ResultReason::PermissionDenied);
}

/// Requests that are evaluated at the same time: as many are served as the ticket is good for.
#[test]
fn concurrent_requests_are_counted_exactly() {
    let harness = Harness::new();
    let ticket = login(&harness, LoginRequest { request_count: Some(3), ..terms() });
    let bytes = encode(Tag::RequestMessage, &message(vec![ticket_credential(&ticket)], vec![query_item()]), V2_1);
    let evaluate = || match harness.engine.evaluate(&bytes, CLIENT, harness.env()) {
        Evaluation::Commit(pending) => *pending,
        other => panic!("{other:?}"),
    };
    let all: Vec<_> = (0..5).map(|_| evaluate()).collect();
    let batches: Vec<Batch> = all.iter().map(|pending| pending.batch().clone()).collect();
    let outcomes = harness.store.commit(&batches).unwrap();
    let done = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Done(..))).count();
    assert_eq!(done, 3, "{outcomes:?}");
    for (pending, outcome) in all.into_iter().zip(&outcomes) {
        let answered = matches!(harness.engine.finish(pending, outcome), Finished::Reply(_));
        assert_eq!(answered, matches!(outcome, Outcome::Done(..)));
    }
    assert_eq!(failure(&with(&harness, &ticket, query_item())), ResultReason::UsageLimitExceeded);
}

/// A request that was evaluated before a Logout is not served after it.
#[test]
fn a_logout_overtakes_requests() {
    let harness = Harness::new();
    let ticket = login(&harness, terms());
    let bytes = encode(Tag::RequestMessage, &message(vec![ticket_credential(&ticket)], vec![create(&[])]), V2_1);
    // The first request of a scope makes the scope's key.
    harness.created(V2_1, &[]);
    let Evaluation::Commit(pending) = harness.engine.evaluate(&bytes, CLIENT, harness.env()) else { panic!() };
    success(harness.item(V2_1, logout_item(&ticket)));
    let outcomes = harness.store.commit(&[pending.batch().clone()]).unwrap();
    assert!(matches!(outcomes[0], Outcome::Conflict(_)));
    assert_eq!(harness.engine.object_count(), 1);
}

#[test]
fn usage_limits_count_operations_that_succeed() {
    let harness = Harness::new();
    let limits = Some(units(3, UsageLimitsUnit::Object));
    let ticket = login(&harness, LoginRequest { usage_limits: limits, ..terms() });
    assert_eq!(failure(&with(&harness, &ticket, get(text("nothing")))), ResultReason::ObjectNotFound);
    let answers = call_as(&harness, CLIENT, &ticket, vec![create(&[]), query_item()]);
    answers.into_iter().for_each(|item| drop(success(item)));
    let mut answers = call_as(&harness, CLIENT, &ticket, vec![create(&[]), create(&[])]);
    assert_eq!(failure(&answers.remove(1)), ResultReason::UsageLimitExceeded);
    success(answers.remove(0));
    assert_eq!(failure(&with(&harness, &ticket, query_item())), ResultReason::UsageLimitExceeded);
    assert_eq!(harness.engine.object_count(), 2);
}

/// Whoever presents a ticket of Delegated Login acts in the scope of the client that made it, within the rights.
#[test]
fn delegated_rights_hold_for_whoever_presents_the_ticket() {
    let harness = Harness::new();
    let ids = [harness.created(V2_1, &[]), harness.created(V2_1, &[])];
    let rights = vec![right(&[Operation::Get], Some(&[&ids[0]])), right(&[Operation::Query], None)];
    let ticket = delegate(&harness, rights);
    for client in [CLIENT, "helper"] {
        let told = |item| call_as(&harness, client, &ticket, vec![item]).remove(0);
        success(told(get(text(&ids[0]))));
        success(told(query_item()));
        let refused = [get(text(&ids[1])), get(text("nothing")), destroy(text(&ids[0])), create(&[]), locate(&[])];
        for item in refused {
            let answer = told(item);
            assert_eq!(failure(&answer), ResultReason::PermissionDenied, "{:?}", answer.result_message);
        }
    }
    assert_eq!(harness.engine.object_count(), 2);
    let (operation, payload) = get(text(&ids[0]));
    assert_eq!(failure(&harness.call_as("helper", V2_1, operation, payload)), ResultReason::ObjectNotFound);
}

/// A ticket may lead into another scope. Who else the client says that it is, it is in its own.
#[test]
fn a_ticket_of_another_scope_stands_for_no_user_of_ones_own() {
    let harness = Harness::new();
    for user in ["alice", "bob"] {
        harness.engine.add_user(user, &password_hash("right"), None).unwrap();
    }
    let ticket = delegate(&harness, vec![right(&[Operation::Query], None)]);
    let told = |client: &str, credentials| {
        harness.exchange(client, &message(credentials, vec![query_item()])).batch_item.remove(0)
    };
    success(told("helper", vec![ticket_credential(&ticket)]));
    success(told("helper", vec![password_credential("alice")]));
    success(told(CLIENT, vec![ticket_credential(&ticket), password_credential("alice")]));
    for both in [
        vec![ticket_credential(&ticket), password_credential("alice")],
        vec![password_credential("alice"), ticket_credential(&ticket)],
    ] {
        assert_eq!(failure(&told("helper", both)), ResultReason::AuthenticationNotSuccessful);
    }
}

/// Whoever may do something with one object cannot tell by names which others there are (3.0 names objects by them).
#[test]
fn a_right_to_an_object_tells_no_names_of_others() {
    let harness = Harness::new();
    let ids = ["own", "other"].map(|text| harness.created(V2_1, &[name(text)]));
    let ticket = delegate(&harness, vec![right(&[Operation::Get, Operation::Locate], Some(&[&ids[0]]))]);
    let told = |item: Item| {
        let mut request = RequestMessage::continuing(V3_0, vec![item]);
        request.request_header.authentication = Some(Authentication { credential: vec![ticket_credential(&ticket)] });
        harness.exchange("helper", &request).batch_item.remove(0)
    };
    let reference = |text: &str| UniqueIdentifier::NameReference(text.into());
    let find = |text| locate(&[Attribute::UniqueIdentifier(reference(text))]);
    success(told(get(Some(reference("own")))));
    assert_eq!(answer!(Locate, told(find("own"))).unique_identifier.len(), 1);
    let [hidden, absent] = ["other", "none"].map(|text| {
        assert_eq!(answer!(Locate, told(find(text))).unique_identifier, []);
        told(get(Some(reference(text))))
    });
    assert_eq!(failure(&hidden), ResultReason::PermissionDenied);
    assert_eq!(hidden, absent);
}

/// A function of PKCS#11 does its work by an operation, which the same Right must permit.
#[test]
fn a_right_to_pkcs_11_is_none_to_all_operations() {
    let harness = Harness::new();
    let (pkcs11, create, random) = (Operation::PKCS_11, Operation::Create, Operation::RNGRetrieve);
    let apart = vec![right(&[pkcs11, random], None), right(&[create], None)];
    for (rights, permitted) in [(apart, false), (vec![right(&[pkcs11, create], None)], true)] {
        let ticket = delegate(&harness, rights);
        let call = |correlation_value: &Option<ByteString>, pkcs11_function, input: &[u8]| {
            let request = Pkcs11Request {
                pkcs11_interface: None,
                pkcs11_function,
                correlation_value: correlation_value.clone(),
                pkcs11_input_parameters: Some(Secret::copy_from(input)),
            };
            let item = (Operation::PKCS_11, RequestPayload::Pkcs11(Box::new(request)));
            answer!(Pkcs11, call_as(&harness, "helper", &ticket, vec![item]).remove(0))
        };
        let application = call(&None, F::C_Initialize, &[1]).correlation_value;
        let opened = call(&application, F::C_OpenSession, &[[0; 8], 6_u64.to_be_bytes()].concat());
        let session = opened.pkcs11_output_parameters.expect("a session").expose_secret().to_vec();
        // CKM_AES_KEY_GEN without a parameter, and a template of CKA_VALUE_LEN.
        let (mechanism, kind) = (0x1080_u64.to_be_bytes(), 0x161_u64.to_be_bytes());
        let template = [&[0, 0, 0, 0, 1][..], &kind, &[1, 1], &16_u64.to_be_bytes()].concat();
        let made = call(&application, F::C_GenerateKey, &[&session, &mechanism[..], &template].concat());
        let expected = if permitted { Rv::OK } else { Rv::KEY_FUNCTION_NOT_PERMITTED };
        assert_eq!(made.pkcs11_return_code, expected);
        assert_eq!(harness.engine.object_count(), usize::from(permitted));
    }
}

/// What PKCS#11 tells of objects is what Locate, Get Attributes and Get tell, and takes a right to these.
#[test]
fn pkcs_11_tells_what_the_rights_permit() {
    use Operation as O;
    let harness = Harness::new();
    harness.created(V2_1, &[Attribute::CryptographicUsageMask(kmip_codec::registry::CryptographicUsageMask::Encrypt)]);
    // CKA_CLASS and CKA_VALUE, and the size of an object.
    let asked =
        [(F::C_GetAttributeValue, Some(0_u64)), (F::C_GetAttributeValue, Some(0x11)), (F::C_GetObjectSize, None)];
    let rows: [(&[O], Rv, [bool; 3]); 4] = [
        (&[O::Encrypt], Rv::KEY_FUNCTION_NOT_PERMITTED, [false; 3]),
        (&[O::Locate], Rv::OK, [false; 3]),
        (&[O::Locate, O::GetAttributes], Rv::OK, [true, false, true]),
        (&[O::Locate, O::Get], Rv::OK, [false, true, false]),
    ];
    for (operations, search, told) in rows {
        let ticket = delegate(&harness, vec![right(&[&[O::PKCS_11][..], operations].concat(), None)]);
        let call = |correlation_value: &Option<ByteString>, pkcs11_function, input: &[u8]| {
            let request = Pkcs11Request {
                pkcs11_interface: None,
                pkcs11_function,
                correlation_value: correlation_value.clone(),
                pkcs11_input_parameters: Some(Secret::copy_from(input)),
            };
            let item = (O::PKCS_11, RequestPayload::Pkcs11(Box::new(request)));
            let answer = answer!(Pkcs11, call_as(&harness, "helper", &ticket, vec![item]).remove(0));
            let output = answer.pkcs11_output_parameters.map(|output| output.expose_secret().to_vec());
            (answer.pkcs11_return_code, output.unwrap_or_default(), answer.correlation_value)
        };
        let (_, _, application) = call(&None, F::C_Initialize, &[1]);
        let (_, session, _) = call(&application, F::C_OpenSession, &[[0; 8], 6_u64.to_be_bytes()].concat());
        let (found, ..) = call(&application, F::C_FindObjectsInit, &[&session[..], &[0; 4]].concat());
        assert_eq!(found, search, "{operations:?}");
        if found != Rv::OK {
            continue;
        }
        let (_, handles, _) = call(&application, F::C_FindObjects, &[&session[..], &9_u64.to_be_bytes()].concat());
        let handle = handles.get(handles.len() - 8..).unwrap();
        for ((function, kind), is_told) in asked.iter().zip(told) {
            let room: &[u8] = if *kind == Some(0x11) { &[0, 1, 0, 0, 0, 64] } else { &[0, 1] };
            let template = kind.map(|kind| [&[0, 0, 0, 1][..], &kind.to_be_bytes(), room].concat());
            let input = [&session[..], handle, &template.unwrap_or_default()].concat();
            let (code, ..) = call(&application, *function, &input);
            assert_eq!(code == Rv::OK, is_told, "{operations:?} {function:?} {kind:?}: {code:?}");
        }
    }
}

/// A search with rights to some objects finds these.
#[test]
fn locate_finds_what_the_rights_reach() {
    let harness = Harness::new();
    let grouped = harness.created(V2_1, &[Attribute::ObjectGroup("mine".into())]);
    let listed = harness.created(V2_1, &[]);
    harness.created(V2_1, &[]);
    let mut by_group = right(&[Operation::Locate, Operation::GetAttributeList], None);
    by_group.object_groups = Some(ObjectGroups { object_group: vec!["mine".into()], group_link: Vec::new() });
    let ticket = delegate(&harness, vec![by_group, right(&[Operation::Locate], Some(&[&listed]))]);
    let found = answer!(Locate, with(&harness, &ticket, locate(&[])));
    let found: Vec<&str> = found.unique_identifier.iter().filter_map(UniqueIdentifier::as_text).collect();
    assert_eq!(found, [listed.as_str(), grouped.as_str()]);
    success(with(&harness, &ticket, get_attribute_list(text(&grouped))));
    let refused = with(&harness, &ticket, get_attribute_list(text(&listed)));
    assert_eq!(failure(&refused), ResultReason::PermissionDenied, "one right must allow the whole");
}

/// A Right without fields restricts nothing; a ticket without Rights may do nothing.
#[test]
fn omitted_fields_restrict_nothing() {
    let harness = Harness::new();
    let all = Right { usage_limits: None, operations: None, objects: None, object_groups: None };
    let ticket = delegate(&harness, vec![all]);
    success(with(&harness, &ticket, create(&[])));
    success(with(&harness, &ticket, query_item()));
    for nothing in [delegate(&harness, Vec::new()), delegate(&harness, vec![right(&[], None)])] {
        assert_eq!(failure(&with(&harness, &nothing, query_item())), ResultReason::PermissionDenied);
    }
}

/// Objects that a batch makes belong to it, but a right to certain objects is no right to these.
#[test]
fn what_a_batch_makes_is_not_what_a_right_names() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    let rights = vec![right(&[Operation::Create], None), right(&[Operation::Activate], Some(&[&id]))];
    let ticket = delegate(&harness, rights);
    let answers = call_as(&harness, CLIENT, &ticket, vec![create(&[]), activate(None), activate(text(&id))]);
    let statuses: Vec<_> = answers.iter().map(|item| item.result_status).collect();
    assert_eq!(statuses, [ResultStatus::Success, ResultStatus::OperationFailed, ResultStatus::Success]);
    assert_eq!(answers[1].result_reason, Some(ResultReason::PermissionDenied));
}

#[test]
fn each_right_has_its_own_limit() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    let mut gets = right(&[Operation::GetAttributes], Some(&[&id]));
    gets.usage_limits = Some(units(2, UsageLimitsUnit::Object));
    let mut spare = right(&[Operation::GetAttributes], None);
    spare.usage_limits = Some(units(1, UsageLimitsUnit::Object));
    let ticket = delegate(&harness, vec![gets, spare, right(&[Operation::Query], None)]);
    for _ in 0..3 {
        success(with(&harness, &ticket, get_attributes(text(&id))));
    }
    let harness = harness.reopened(START);
    assert_eq!(failure(&with(&harness, &ticket, get_attributes(text(&id)))), ResultReason::UsageLimitExceeded);
    success(with(&harness, &ticket, query_item()));
}

#[test]
fn delegated_login_refuses_rights_that_nobody_could_use() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    let (operation, payload) = create(&[]);
    let foreign = answer!(Create, harness.call_as("stranger", V2_1, operation, payload));
    let foreign = foreign.unique_identifier.as_text().unwrap().to_owned();
    let many: Vec<&str> = vec![&id; 1_001];
    let zero = Right { usage_limits: Some(units(0, UsageLimitsUnit::Object)), ..right(&[], None) };
    let ask = |rights| failure(&harness.item(V2_1, delegated_item(delegated(rights))));
    for rights in [
        vec![right(&[Operation::Get], Some(&["nothing"]))],
        vec![right(&[Operation::Get], Some(&[&foreign]))],
        vec![right(&[Operation::Get], Some(&many))],
        vec![right(&[Operation::Get], None); 65],
        vec![zero],
    ] {
        assert_eq!(ask(rights), ResultReason::InvalidField);
    }
    let early = DelegatedLoginRequest { lease_time: Some(TicketLease::Until(DateTime(0))), ..delegated(Vec::new()) };
    assert_eq!(failure(&harness.item(V2_1, delegated_item(early))), ResultReason::InvalidField);
    assert_eq!(stored(&harness), 0);
}

/// Both who made a delegated ticket and who holds it may end it.
#[test]
fn a_delegated_ticket_can_be_ended_by_its_holder() {
    let harness = Harness::new();
    for client in [CLIENT, "helper"] {
        let ticket = delegate(&harness, vec![right(&[Operation::Query], None)]);
        let (operation, payload) = logout_item(&ticket);
        success(harness.call_as(client, V2_1, operation, payload));
        assert_eq!(failure(&with(&harness, &ticket, query_item())), ResultReason::AuthenticationNotSuccessful);
    }
}

#[test]
fn a_ticket_ends_itself() {
    let harness = Harness::new();
    let ticket = login(&harness, LoginRequest { request_count: Some(2), ..terms() });
    let answers = call_as(&harness, CLIENT, &ticket, vec![create(&[]), logout_item(&ticket), logout_item(&ticket)]);
    let statuses: Vec<_> = answers.iter().map(|item| item.result_status).collect();
    assert_eq!(statuses, [ResultStatus::Success, ResultStatus::Success, ResultStatus::OperationFailed]);
    assert_eq!(answers[2].result_reason, Some(ResultReason::InvalidTicket));
    assert_eq!(stored(&harness), 0);
}

#[test]
fn the_offline_check_tells_a_damaged_ticket() {
    let harness = Harness::new();
    login(&harness, LoginRequest { request_count: Some(1), ..terms() });
    harness.verify().unwrap();
    let from = layout::TICKETS;
    let (key, _) = harness.store.scan(from, &layout::end_of(from), 1).unwrap().entries.remove(0);
    let batch = Batch { writes: vec![Write::Put(key, b"nonsense".to_vec())], ..Batch::default() };
    harness.store.commit(&[batch]).unwrap();
    assert!(harness.verify().unwrap_err().to_string().contains("a ticket:"));
}

fn ask_with(harness: &Harness, client: &str, ticket: &Ticket, item: Item) -> ByteString {
    let mut request = message(vec![ticket_credential(ticket)], vec![item]);
    request.request_header.asynchronous_indicator = Some(AsynchronousMode(MANDATORY));
    pending(&harness.exchange(client, &request).batch_item[0])
}

/// An asynchronous operation does what the ticket of its request permits when it runs, and only who presents that ticket gets
/// its result.
#[test]
fn an_asynchronous_operation_runs_by_the_rights_of_its_ticket() {
    let harness = Harness::new();
    let (named, other) = (harness.created(V2_1, &[]), harness.created(V2_1, &[]));
    let rights = || vec![right(&[Operation::Get], Some(&[&named])), right(&[Operation::Poll], None)];
    let (ticket, second) = (delegate(&harness, rights()), delegate(&harness, rights()));
    let allowed = ask_with(&harness, "helper", &ticket, get(text(&named)));
    let denied = ask_with(&harness, "helper", &ticket, get(text(&other)));
    harness.advance(2);
    assert_eq!(harness.run_jobs(), 2);
    let polled = |client, ticket, value| call_as(&harness, client, ticket, vec![poll(value)]).remove(0);
    for (client, ticket) in [("helper", &second), (CLIENT, &ticket)] {
        let unknown = failure(&polled(client, ticket, &allowed));
        assert_eq!(unknown, ResultReason::InvalidAsynchronousCorrelationValue);
    }
    answer!(Get, polled("helper", &ticket, &allowed));
    assert_eq!(failure(&polled("helper", &ticket, &denied)), ResultReason::PermissionDenied);
}

/// A ticket that has ended permits nothing, whatever was asked before.
#[test]
fn an_asynchronous_operation_ends_with_its_ticket() {
    let harness = Harness::new();
    let ticket = login(&harness, terms());
    let value = ask_with(&harness, CLIENT, &ticket, create(&[]));
    success(harness.item(V2_1, logout_item(&ticket)));
    let polled = harness.item(V2_1, poll(&value));
    assert_eq!((failure(&polled), polled.operation), (ResultReason::PermissionDenied, Some(Operation::Create)));
    assert_eq!(harness.engine.object_count(), 0);
}

/// Units are taken when the operation is done, requests when they come.
#[test]
fn asynchronous_operations_are_counted() {
    let harness = Harness::new();
    let limited = LoginRequest { usage_limits: Some(units(1, UsageLimitsUnit::Object)), ..terms() };
    let ticket = login(&harness, limited);
    let asked = [0; 2].map(|_| ask_with(&harness, CLIENT, &ticket, create(&[])));
    harness.advance(2);
    harness.run_jobs();
    let statuses = asked.map(|value| harness.item(V2_1, poll(&value)).result_status);
    assert!(statuses.contains(&ResultStatus::Success) && statuses.contains(&ResultStatus::OperationFailed));
    assert_eq!(harness.engine.object_count(), 1);
    let counted = login(&harness, LoginRequest { request_count: Some(1), ..terms() });
    let value = ask_with(&harness, CLIENT, &counted, create(&[]));
    harness.advance(2);
    assert_eq!(harness.run_jobs(), 1, "the request was counted when it came");
    answer!(Create, harness.item(V2_1, poll(&value)));
}

/// Whoever is locked out does nothing more, by what was made before neither: no ticket of it, and nothing that it has asked for.
#[test]
fn nothing_is_done_for_a_disabled_client() {
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    let ticket = delegate(&harness, vec![right(&[Operation::Get], None)]);
    let own = login(&harness, terms());
    let asked = ask_with(&harness, CLIENT, &own, create(&[]));
    harness.engine.set_disabled(CLIENT, true).unwrap();
    harness.advance(2);
    harness.run_jobs();
    let told = |client: &str| call_as(&harness, client, &ticket, vec![get(text(&id))]).remove(0);
    for refused in [harness.item(V2_1, get(text(&id))), harness.item(V1_4, query_item()), told("helper"), told(CLIENT)]
    {
        assert_eq!(failure(&refused), ResultReason::PermissionDenied, "{:?}", refused.result_message);
        assert!(refused.result_message.unwrap().contains("disabled"));
    }
    assert_eq!(harness.engine.object_count(), 1, "the job did nothing");
    harness.engine.set_disabled(CLIENT, false).unwrap();
    for served in [harness.item(V2_1, get(text(&id))), told("helper")] {
        answer!(Get, served);
    }
    let polled = call_as(&harness, CLIENT, &own, vec![poll(&asked)]).remove(0);
    assert_eq!(failure(&polled), ResultReason::PermissionDenied);
    assert!(matches!(harness.engine.set_disabled("typo", false), Err(AdministrationError::Unknown(_))));
    assert!(!harness.engine.set_disabled("by/certificate", true).unwrap(), "known by its certificate alone");
    harness.engine.set_disabled("by/certificate", false).unwrap();
    let names: Vec<_> = harness.engine.clients().into_iter().map(|(name, record)| (name, record.disabled)).collect();
    assert_eq!(names, [("by/certificate".into(), false), (CLIENT.into(), false)]);
}

/// The time at which a certificate that was made just now is valid.
#[expect(clippy::disallowed_methods, reason = "the certificate is one of today")]
fn today() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap() + 1
}

/// Once an administrator has renewed a client's certificates, what was made by the older ones is nothing: tickets, those that others
/// hold too, and what was asked for.
#[test]
fn nothing_that_older_certificates_have_made_outlives_a_renewal() {
    let Some(der) = crate::users::self_signed() else { return };
    let harness = Harness::new();
    harness.advance(today() - START);
    harness.engine.enroll(CLIENT, None).unwrap();
    let id = harness.created(V2_1, &[]);
    let ticket = delegate(&harness, vec![right(&[Operation::Get], None)]);
    let own = login(&harness, terms());
    ask_with(&harness, CLIENT, &own, create(&[]));
    let with = |fingerprint| Shown { fingerprint, serial_number: Vec::new(), not_after: i64::MAX };
    let (newest, older) = (with(Sha256::digest(&der).into()), with([7; 32]));
    let asks = |shown: &Shown, credentials: Vec<Credential>, item: Item| {
        let from = Sender { certificate: Some(shown), ..Sender::named(CLIENT) };
        let is_alone = credentials.is_empty();
        let mut request = message(credentials, vec![item]);
        request.request_header.authentication = request.request_header.authentication.filter(|_| !is_alone);
        let bytes = encode(Tag::RequestMessage, &request, V2_1);
        match harness.engine.evaluate_from(&bytes, from, harness.env()) {
            Evaluation::Reply(reply) => decode_response(&reply.bytes, &Limits::DEFAULT, Strictness::Strict).unwrap(),
            other => panic!("{other:?}"),
        }
        .batch_item
        .remove(0)
    };
    success(asks(&older, vec![], query_item()));
    harness.engine.renew_client(CLIENT, &der, (false, false), harness.now()).unwrap();
    success(asks(&older, vec![], query_item()));
    assert!(harness.engine.barred(CLIENT, Some(&older.fingerprint)).is_none());
    harness.engine.renew_client(CLIENT, &der, (false, true), harness.now()).unwrap();
    assert_eq!(failure(&asks(&older, vec![], query_item())), ResultReason::AuthenticationNotSuccessful);
    assert!(harness.engine.barred(CLIENT, Some(&older.fingerprint)).is_some());
    success(asks(&newest, vec![], query_item()));
    assert!(harness.engine.barred(CLIENT, Some(&newest.fingerprint)).is_none());
    for refused in [
        call_as(&harness, "helper", &ticket, vec![get(text(&id))]).remove(0),
        asks(&newest, vec![ticket_credential(&own)], query_item()),
    ] {
        assert_eq!(failure(&refused), ResultReason::AuthenticationNotSuccessful);
    }
    harness.advance(2);
    assert_eq!(harness.run_jobs(), 1);
    assert_eq!(harness.engine.object_count(), 1, "what was asked for is not done");
    let later = harness.now() + 1;
    let harness = harness.reopened(later);
    assert!(harness.engine.barred(CLIENT, Some(&older.fingerprint)).is_some());
    assert!(harness.engine.barred(CLIENT, Some(&newest.fingerprint)).is_none());
}

/// Who is not enrolled gets a record in the scope of its name, but not in that of others.
#[test]
fn a_client_that_has_the_name_of_others_scope_is_not_changed() {
    let harness = Harness::new();
    harness.engine.enroll("one", Some("shared")).unwrap();
    assert!(harness.engine.set_disabled("shared", true).is_err());
    assert!(harness.engine.set_quirks("shared", &[]).is_err());
    assert!(harness.engine.set_listening("shared", true).is_err());
    harness.engine.enroll("shared", None).unwrap();
    harness.engine.set_disabled("shared", true).unwrap();
}

/// What is evaluated before an administrator renews or disables a client is not made behind that.
#[test]
fn a_renewal_overtakes_what_would_outlive_it() {
    let Some(der) = crate::users::self_signed() else { return };
    let harness = Harness::new();
    harness.advance(today() - START);
    harness.engine.enroll(CLIENT, None).unwrap();
    harness.created(V2_1, &[]);
    let handed_on = delegated_item(delegated(vec![right(&[Operation::Get], None)]));
    let evaluate = |request: &RequestMessage| {
        let bytes = encode(Tag::RequestMessage, request, V2_1);
        match harness.engine.evaluate(&bytes, CLIENT, harness.env()) {
            Evaluation::Commit(pending) => pending,
            other => panic!("{other:?}"),
        }
    };
    let mut later = RequestMessage::continuing(V2_1, vec![create(&[])]);
    later.request_header.asynchronous_indicator = Some(AsynchronousMode(MANDATORY));
    let requests = [RequestMessage::continuing(V2_1, vec![handed_on]), later];
    let renew = || harness.engine.renew_client(CLIENT, &der, (false, true), harness.now()).unwrap();
    let disable = || assert!(harness.engine.set_disabled(CLIENT, true).unwrap());
    for change in [&disable as &dyn Fn(), &renew] {
        harness.engine.set_disabled(CLIENT, false).unwrap();
        let pending = requests.each_ref().map(evaluate);
        change();
        for pending in pending {
            let outcomes = harness.store.commit(&[pending.batch().clone()]).unwrap();
            assert!(!matches!(outcomes[0], Outcome::Done(..)), "{outcomes:?}");
        }
    }
}
