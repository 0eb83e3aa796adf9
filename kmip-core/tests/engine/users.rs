//! Users, groups and credentials that clients make (KMIP 3.0 Create User, Create Group, Create Credential).

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::message::credential::PasswordCredential as Said;
use kmip_codec::message::{Authentication, Credential, CredentialValue, RequestMessage, ResponseBatchItem};
use kmip_codec::object::Certificate;
use kmip_codec::object::credential::{DeviceCredential, HashedPasswordCredential, OtpCredential, PasswordCredential};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::create_credential::CreateCredentialRequest;
use kmip_codec::operation::create_group::CreateGroupRequest;
use kmip_codec::operation::create_user::CreateUserRequest;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::registry::{
    CertificateType, CredentialType, CryptographicAlgorithm, OTPAlgorithm, ObjectType, Operation, QueryFunction,
    ResultReason, ResultStatus, RevocationReasonCode, Tag,
};
use kmip_codec::secret::{Secret, SecretText};
use kmip_codec::value::{ByteString, DateTime};
use kmip_codec::version::{V2_1, V3_0};

use crate::answer;
use crate::requests::*;
use crate::support::{CLIENT, Harness, START, digest_of, failure, password_hash, success};

fn no_credential(kind: CredentialType) -> CreateCredentialRequest {
    CreateCredentialRequest {
        credential_type: kind,
        attributes: Some(Default::default()),
        password_credential: None,
        device_credential: None,
        hashed_password_credential: None,
        otp_credential: None,
        certificate: None,
    }
}

fn plain(password: Option<&str>) -> PasswordCredential {
    PasswordCredential {
        password: password.map(SecretText::copy_from),
        password_salt: None,
        password_salt_algorithm: None,
        salted_password: None,
        iteration_count: None,
    }
}

fn otp_credential(seed: &[u8]) -> OtpCredential {
    OtpCredential {
        otp_algorithm: OTPAlgorithm::HOTP,
        otp_digest: None,
        otp_serial: None,
        otp_seed: Some(Secret::copy_from(seed)),
        otp_interval: None,
        otp_digits: Some(6),
    }
}

fn with_password(given: PasswordCredential) -> Item {
    create_credential(CreateCredentialRequest {
        password_credential: Some(given),
        ..no_credential(CredentialType::Password)
    })
}

fn create_credential(request: CreateCredentialRequest) -> Item {
    (Operation::CreateCredential, RequestPayload::CreateCredential(Box::new(request)))
}

fn credential_link(to: &str) -> Attribute {
    Attribute::LinkByTag(Tag::CredentialLink, UniqueIdentifier::text(to))
}

fn group_link(to: &str) -> Attribute {
    Attribute::LinkByTag(Tag::GroupLink, UniqueIdentifier::text(to))
}

fn create_user(attributes: &[Attribute]) -> Item {
    let request = CreateUserRequest { attributes: Some(attributes.iter().cloned().collect()) };
    (Operation::CreateUser, RequestPayload::CreateUser(Box::new(request)))
}

fn create_group(attributes: &[Attribute]) -> Item {
    let request = CreateGroupRequest { attributes: Some(attributes.iter().cloned().collect()) };
    (Operation::CreateGroup, RequestPayload::CreateGroup(Box::new(request)))
}

fn group(harness: &Harness, attributes: &[Attribute]) -> String {
    id_of(answer!(CreateGroup, harness.item(V3_0, create_group(attributes))).unique_identifier)
}

fn credential(harness: &Harness, item: Item) -> String {
    id_of(answer!(CreateCredential, harness.item(V3_0, item)).unique_identifier)
}

/// A user of this name whose password is "right", and its credential.
fn user(harness: &Harness, username: &str) -> (String, String) {
    let password = credential(harness, with_password(plain(Some("right"))));
    let made = harness.item(V3_0, create_user(&[name(username), credential_link(&password)]));
    (id_of(answer!(CreateUser, made).unique_identifier), password)
}

fn attempt(harness: &Harness, client: &str, username: &str, password: &str) -> ResponseBatchItem {
    let mut request = RequestMessage::continuing(V2_1, vec![create(&[])]);
    let password = Some(SecretText::copy_from(password));
    let said = Said { username: username.into(), password };
    request.request_header.authentication = Some(Authentication {
        credential: vec![Credential {
            credential_type: CredentialType::UsernameAndPassword,
            credential_value: CredentialValue::Password(Box::new(said)),
        }],
    });
    harness.exchange(client, &request).batch_item.remove(0)
}

fn is_served(harness: &Harness, username: &str, password: &str) -> bool {
    attempt(harness, CLIENT, username, password).result_status == ResultStatus::Success
}

// Authentication -----------------------------------------------------------------------------------------------------

#[test]
fn a_user_that_was_made_authenticates() {
    let harness = Harness::new();
    user(&harness, "alice");
    assert!(is_served(&harness, "alice", "right"));
    assert!(!is_served(&harness, "alice", "wrong"));
    let harness = harness.reopened(START);
    assert!(is_served(&harness, "alice", "right"), "after a restart, too");
}

/// Users count where they were made; elsewhere they are as unknown as any other.
#[test]
fn a_user_counts_in_its_scope_only() {
    let harness = Harness::new();
    user(&harness, "alice");
    let answers = [("alice", "right"), ("nobody", "right")].map(|(who, said)| attempt(&harness, "another", who, said));
    assert_eq!(answers[0], answers[1]);
    assert_eq!(failure(&answers[0]), ResultReason::AuthenticationNotSuccessful);
    harness.engine.enroll("joined", Some(CLIENT)).unwrap();
    success(attempt(&harness, "joined", "alice", "right"));
}

/// The administration's users keep their names; a scope's user of the same name is found where the other cannot be meant.
#[test]
fn a_name_of_the_administration_is_not_taken() {
    let harness = Harness::new();
    harness.engine.add_user("admin", &password_hash("theirs"), None).unwrap();
    harness.engine.add_user("bob", &password_hash("theirs"), Some("another")).unwrap();
    user(&harness, "admin");
    user(&harness, "bob");
    assert!(is_served(&harness, "admin", "theirs") && !is_served(&harness, "admin", "right"));
    assert!(is_served(&harness, "bob", "right") && !is_served(&harness, "bob", "theirs"));
}

/// A user or a credential that ended does not authenticate any more, at once.
#[test]
fn what_ended_does_not_count() {
    type End = fn(&str) -> Vec<Item>;
    let ends: [End; 3] = [
        |id| vec![destroy(text(id))],
        |id| vec![revoke(text(id), RevocationReasonCode::KeyCompromise)],
        |id| vec![activate(text(id)), revoke(text(id), RevocationReasonCode::CessationOfOperation)],
    ];
    for end in ends {
        for which in [0, 1] {
            let harness = Harness::new();
            let (made, password) = user(&harness, "alice");
            assert!(is_served(&harness, "alice", "right"));
            let id = if which == 0 { made } else { password };
            end(&id).into_iter().for_each(|item| drop(success(harness.item(V3_0, item))));
            assert!(!is_served(&harness, "alice", "right"), "{which}");
        }
    }
}

#[test]
fn a_user_waits_for_its_activation_date() {
    let harness = Harness::new();
    let password = credential(&harness, with_password(plain(Some("right"))));
    let attributes = [name("later"), credential_link(&password), Attribute::ActivationDate(DateTime(START + 10))];
    success(harness.item(V3_0, create_user(&attributes)));
    assert!(!is_served(&harness, "later", "right"));
    harness.advance(10);
    assert!(is_served(&harness, "later", "right"));
}

/// Wrong tries of one scope do not hold up the user of the same name in another.
#[test]
fn guesses_are_counted_for_each_scope() {
    let harness = Harness::new();
    user(&harness, "alice");
    for _ in 0..6 {
        assert!(!is_served(&harness, "alice", "wrong"));
    }
    assert!(!is_served(&harness, "alice", "right"), "delayed");
    let (operation, payload) = with_password(plain(Some("right")));
    let item = harness.call_as("another", V3_0, operation, payload);
    let password = id_of(answer!(CreateCredential, item).unique_identifier);
    let (operation, payload) = create_user(&[name("alice"), credential_link(&password)]);
    success(harness.call_as("another", V3_0, operation, payload));
    success(attempt(&harness, "another", "alice", "right"));
}

fn authenticated(harness: &Harness, kind: CredentialType, value: CredentialValue) -> bool {
    let mut request = RequestMessage::continuing(V3_0, vec![create(&[])]);
    let credential = Credential { credential_type: kind, credential_value: value };
    request.request_header.authentication = Some(Authentication { credential: vec![credential] });
    harness.exchange(CLIENT, &request).batch_item.remove(0).result_status == ResultStatus::Success
}

/// Codes by counter (RFC 4226 Appendix D): each counts once, and only with the password where one is linked.
#[test]
fn a_user_authenticates_with_one_time_passwords() {
    let harness = Harness::new();
    let otp = otp_credential(b"12345678901234567890");
    let request =
        CreateCredentialRequest { otp_credential: Some(otp), ..no_credential(CredentialType::OneTimePassword) };
    let codes = credential(&harness, create_credential(request.clone()));
    success(harness.item(V3_0, create_user(&[name("coded"), credential_link(&codes)])));
    let try_code = |who: &str, password: Option<&str>, code: &str| {
        let said = kmip_codec::message::credential::OneTimePasswordCredential {
            username: who.into(),
            password: password.map(SecretText::copy_from),
            one_time_password: SecretText::copy_from(code),
        };
        authenticated(&harness, CredentialType::OneTimePassword, CredentialValue::OneTimePassword(Box::new(said)))
    };
    assert!(try_code("coded", None, "755224"));
    assert!(!try_code("coded", None, "755224"), "a code counts once");
    assert!(try_code("coded", None, "287082"));
    assert!(!try_code("coded", None, "000000"));
    let password = credential(&harness, with_password(plain(Some("right"))));
    let link = Attribute::LinkByTag(Tag::PasswordLink, UniqueIdentifier::text(&password));
    let linked = CreateCredentialRequest { attributes: Some([link].into_iter().collect()), ..request };
    let both = credential(&harness, create_credential(linked));
    success(harness.item(V3_0, create_user(&[name("both"), credential_link(&both)])));
    assert!(!try_code("both", None, "755224") && !try_code("both", Some("wrong"), "755224"));
    assert!(try_code("both", Some("right"), "755224"));
    assert!(!is_served(&harness, "both", "right"), "the password alone is not enough");
}

/// `Hash(S1 ‖ Timestamp) ‖ S2` (KMIP 2.1 §9.11): the server never has the password.
#[test]
fn a_user_authenticates_with_a_hashed_password() {
    let harness = Harness::new();
    let digest = |parts: &[&[u8]]| digest_of(kmip_core::ports::crypto::Hash::Sha256, parts).expect("a digest");
    let (s1, s2) = (digest(&[b"hashed", b"secret"]), digest(&[b"secret", b"hashed"]));
    let given = HashedPasswordCredential {
        hashing_algorithm: None,
        hashed_username_password: Secret::copy_from(&s1),
        hashed_password_username: Secret::copy_from(&s2),
    };
    let request = CreateCredentialRequest {
        hashed_password_credential: Some(given),
        ..no_credential(CredentialType::HashedPassword)
    };
    let id = credential(&harness, create_credential(request));
    success(harness.item(V3_0, create_user(&[name("hashed"), credential_link(&id)])));
    let try_hashed = |s1: &[u8], timestamp: i64| {
        let hashed = [digest(&[s1, &timestamp.to_be_bytes()]), s2.clone()].concat();
        let said = kmip_codec::message::credential::HashedPasswordCredential {
            username: "hashed".into(),
            timestamp: kmip_codec::value::DateTimeExtended(timestamp),
            hashing_algorithm: None,
            hashed_password: Secret::copy_from(&hashed),
        };
        authenticated(&harness, CredentialType::HashedPassword, CredentialValue::HashedPassword(Box::new(said)))
    };
    let now = START * 1_000_000;
    assert!(try_hashed(&s1, now));
    assert!(!try_hashed(&s1, now), "timestamps rise");
    assert!(try_hashed(&s1, now + 1));
    assert!(!try_hashed(&s2, now + 2));
}

/// A user without a credential, or with a link to something else, is nobody.
#[test]
fn a_user_needs_a_credential_to_count() {
    let harness = Harness::new();
    success(harness.item(V3_0, create_user(&[name("bare")])));
    assert!(!is_served(&harness, "bare", ""));
    let key = harness.created(V3_0, &[name("a key")]);
    assert!(!is_served(&harness, "a key", ""));
    let wrong = harness.item(V3_0, create_user(&[credential_link(&key)]));
    assert_eq!(failure(&wrong), ResultReason::InvalidAttributeValue);
    let unknown = harness.item(V3_0, create_user(&[credential_link("none")]));
    assert_eq!(failure(&unknown), ResultReason::ObjectNotFound);
    let named = id_of(answer!(CreateUser, harness.item(V3_0, create_user(&[name("named")]))).unique_identifier);
    assert_eq!(failure(&harness.item(V3_0, create_user(&[name("named")]))), ResultReason::NonUniqueNameAttribute);
    assert_eq!(
        failure(&harness.item(V3_0, create_user(&[credential_link(&named)]))),
        ResultReason::InvalidAttributeValue
    );
}

// Objects ------------------------------------------------------------------------------------------------------------

/// A password is nowhere: not in the store, not in an answer.
#[test]
fn passwords_are_kept_as_a_hash_alone() {
    use kmip_core::ports::store::Store;
    let harness = Harness::new();
    let secret = "correct horse battery staple";
    let id = credential(&harness, with_password(plain(Some(secret))));
    let page = harness.store.scan(b"", b"\xFF", 1_000).expect("the store works");
    let shows = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
    assert!(page.entries.iter().all(|(_, stored)| !shows(&stored.value)));
    assert_eq!(harness.record(&id).password_hash.as_deref(), Some(password_hash(secret).as_str()));
    assert_eq!(failure(&harness.item(V3_0, get(text(&id)))), ResultReason::InvalidObjectType);
    success(harness.item(V3_0, destroy(text(&id))));
    assert_eq!(harness.record(&id).password_hash, None);
}

/// Every kind of credential is an object with its attributes; what it holds is sealed and does not leave.
#[test]
fn credentials_are_objects() {
    let harness = Harness::new();
    let device = DeviceCredential {
        device_serial_number: Some("serial".into()),
        device_identifier: None,
        network_identifier: None,
        machine_identifier: None,
        media_identifier: None,
    };
    let otp = otp_credential(b"a seed of twenty byt");
    let hashed = HashedPasswordCredential {
        hashing_algorithm: None,
        hashed_username_password: Secret::copy_from(&[1; 32]),
        hashed_password_username: Secret::copy_from(&[2; 32]),
    };
    let requests = [
        (
            ObjectType::PasswordCredential,
            CreateCredentialRequest {
                password_credential: Some(plain(Some("p"))),
                ..no_credential(CredentialType::Password)
            },
        ),
        (
            ObjectType::DeviceCredential,
            CreateCredentialRequest { device_credential: Some(device), ..no_credential(CredentialType::Device) },
        ),
        (
            ObjectType::OneTimePasswordCredential,
            CreateCredentialRequest { otp_credential: Some(otp), ..no_credential(CredentialType::OneTimePassword) },
        ),
        (
            ObjectType::HashedPasswordCredential,
            CreateCredentialRequest {
                hashed_password_credential: Some(hashed),
                ..no_credential(CredentialType::HashedPassword)
            },
        ),
    ];
    for (object_type, request) in requests {
        let kind = request.credential_type;
        let id = credential(&harness, create_credential(request));
        let shown = harness.attributes_of(V3_0, &id);
        assert!(shown.contains(&Attribute::ObjectType(object_type)));
        assert!(shown.contains(&Attribute::CredentialType(kind)), "{kind}");
        assert_eq!(
            harness.found(V3_0, locate_request(&[Attribute::ObjectType(object_type)])),
            std::slice::from_ref(&id)
        );
        assert_eq!(failure(&harness.item(V3_0, get(text(&id)))), ResultReason::InvalidObjectType, "{kind}");
        let old = harness.attributes_of(V2_1, &id);
        assert!(
            old.iter().all(|one| !matches!(one, Attribute::ObjectType(_) | Attribute::CredentialType(_))),
            "{kind}"
        );
    }
    harness.verify().expect("a store that is whole");
}

#[test]
fn create_credential_says_why_it_fails() {
    let harness = Harness::new();
    let fails = |request| failure(&harness.item(V3_0, create_credential(request)));
    assert_eq!(fails(no_credential(CredentialType::Password)), ResultReason::InvalidMessage);
    let both = CreateCredentialRequest {
        password_credential: Some(plain(Some("p"))),
        certificate: Some(Certificate {
            certificate_type: CertificateType::X_509,
            certificate_value: ByteString::new(b"der"),
        }),
        ..no_credential(CredentialType::Password)
    };
    assert_eq!(fails(both), ResultReason::InvalidMessage);
    let other = CreateCredentialRequest {
        password_credential: Some(plain(Some("p"))),
        ..no_credential(CredentialType::Device)
    };
    assert_eq!(fails(other), ResultReason::InvalidField);
    assert_eq!(failure(&harness.item(V3_0, with_password(plain(None)))), ResultReason::InvalidField);
    assert_eq!(failure(&harness.item(V3_0, with_password(plain(Some(""))))), ResultReason::InvalidField);
    let salted = PasswordCredential { salted_password: Some(Secret::copy_from(&[9; 32])), ..plain(None) };
    assert_eq!(failure(&harness.item(V3_0, with_password(salted))), ResultReason::FeatureNotSupported);
    for (otp, reason) in [
        (OtpCredential { otp_seed: None, ..otp_credential(b"x") }, ResultReason::InvalidField),
        (OtpCredential { otp_digits: Some(3), ..otp_credential(b"x") }, ResultReason::InvalidField),
        (
            OtpCredential { otp_digest: Some(CryptographicAlgorithm::AES), ..otp_credential(b"x") },
            ResultReason::FeatureNotSupported,
        ),
    ] {
        let request =
            CreateCredentialRequest { otp_credential: Some(otp), ..no_credential(CredentialType::OneTimePassword) };
        assert_eq!(fails(request), reason);
    }
    let read_only = CreateCredentialRequest {
        attributes: Some([Attribute::InitialDate(DateTime(START))].into_iter().collect()),
        password_credential: Some(plain(Some("p"))),
        ..no_credential(CredentialType::Password)
    };
    assert_eq!(fails(read_only), ResultReason::AttributeReadOnly);
    assert_eq!(harness.engine.object_count(), 0, "a failure leaves nothing");
    let old = harness.item(V2_1, with_password(plain(Some("p"))));
    assert_eq!(failure(&old), ResultReason::OperationNotSupported);
}

// Groups -------------------------------------------------------------------------------------------------------------

/// Members by identifier and members by name are members of the same group.
#[test]
fn members_are_found_by_their_group() {
    let harness = Harness::new();
    let tapes = group(&harness, &[name("tapes")]);
    let by_identifier = harness.created(V3_0, &[group_link(&tapes)]);
    let by_name = harness.created(V2_1, &[Attribute::ObjectGroup("tapes".into())]);
    harness.created(V3_0, &[Attribute::ObjectGroup("disks".into())]);
    let mut members = [by_identifier, by_name];
    members.sort();
    for criterion in [group_link(&tapes), Attribute::ObjectGroup("tapes".into())] {
        let mut found = harness.found(V3_0, locate_request(std::slice::from_ref(&criterion)));
        found.sort();
        assert_eq!(found, members, "{criterion:?}");
    }
    assert_eq!(failure(&harness.item(V3_0, get(text(&tapes)))), ResultReason::InvalidObjectType);
    success(harness.item(V3_0, destroy(text(&tapes))));
}

#[test]
fn no_group_is_a_member_of_itself() {
    let harness = Harness::new();
    let top = group(&harness, &[name("top")]);
    let middle = group(&harness, &[name("middle"), group_link(&top)]);
    let bottom = group(&harness, &[Attribute::ObjectGroup("middle".into())]);
    let add = |id: &str, attribute: Attribute| {
        let request = kmip_codec::operation::add_attribute::AddAttributeRequest {
            unique_identifier: text(id),
            new_attribute: Some([attribute].into_iter().collect()),
        };
        harness.item(V3_0, (Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(request))))
    };
    for below in [&top, &middle, &bottom] {
        assert_eq!(failure(&add(&top, group_link(below))), ResultReason::CircularLinkError);
    }
    assert_eq!(failure(&add(&top, Attribute::ObjectGroup("top".into()))), ResultReason::CircularLinkError);
    let own = create_group(&[name("own"), Attribute::ObjectGroup("own".into())]);
    assert_eq!(failure(&harness.item(V3_0, own)), ResultReason::CircularLinkError);
    let ahead = group(&harness, &[Attribute::ObjectGroup("to come".into())]);
    let closing = create_group(&[name("to come"), group_link(&ahead)]);
    assert_eq!(failure(&harness.item(V3_0, closing)), ResultReason::CircularLinkError);
}

#[test]
fn create_group_and_create_user_say_why_they_fail() {
    let harness = Harness::new();
    for item in [create_group, create_user] {
        let fails = |attributes: &[Attribute]| failure(&harness.item(V3_0, item(attributes)));
        assert_eq!(fails(&[Attribute::InitialDate(DateTime(START))]), ResultReason::AttributeReadOnly);
        assert_eq!(
            fails(&[Attribute::Comment("a".into()), Attribute::Comment("b".into())]),
            ResultReason::AttributeSingleValued
        );
        let wrong_type = Attribute::CredentialType(CredentialType::Password);
        assert_eq!(fails(&[wrong_type]), ResultReason::InvalidAttribute);
        let backwards =
            [Attribute::ActivationDate(DateTime(START + 5)), Attribute::DeactivationDate(DateTime(START + 4))];
        assert_eq!(fails(&backwards), ResultReason::InvalidAttributeValue);
        harness.created(V3_0, &[name("taken")]);
        assert_eq!(fails(&[name("taken")]), ResultReason::NonUniqueNameAttribute);
        let id = harness.found(V3_0, locate_request(&[name("taken")]));
        success(harness.item(V3_0, destroy(text(&id[0]))));
        let (operation, payload) = item(&[]);
        assert_eq!(failure(&harness.call(V2_1, operation, payload)), ResultReason::OperationNotSupported);
    }
}

#[test]
fn query_tells_objects_and_credentials() {
    let harness = Harness::new();
    let ask = |version, function| {
        let request = QueryRequest { query_function: vec![function], object_groups: None };
        answer!(Query, harness.call(version, Operation::Query, RequestPayload::Query(Box::new(request))))
    };
    let types = |version| ask(version, QueryFunction::QueryObjects).object_type;
    for kind in [ObjectType::User, ObjectType::Group, ObjectType::PasswordCredential] {
        assert!(types(V3_0).contains(&kind) && !types(V2_1).contains(&kind), "{kind}");
    }
    let information = ask(V3_0, QueryFunction::QueryCredentialInformation).credential_information;
    assert!(information.expect("information").credential_type.contains(&CredentialType::UsernameAndPassword));
}
