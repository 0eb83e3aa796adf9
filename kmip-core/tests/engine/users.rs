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
use crate::support::{CLIENT, Harness, START, digest_of, failure, password_hash, salted_by, success};

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

/// A password that was salted with HMAC-SHA-256.
fn salted(password: &str, iterations: i32) -> PasswordCredential {
    let salt = b"salt of eighteen b";
    let salted = salted_by(password, salt, iterations.unsigned_abs());
    PasswordCredential {
        password: None,
        password_salt: Some(Secret::copy_from(salt)),
        password_salt_algorithm: Some(CryptographicAlgorithm::HMAC_SHA256),
        salted_password: Some(Secret::copy_from(&salted)),
        iteration_count: Some(iterations),
    }
}

fn device(serial_number: &str) -> DeviceCredential {
    DeviceCredential {
        device_serial_number: Some(serial_number.into()),
        device_identifier: None,
        network_identifier: None,
        machine_identifier: None,
        media_identifier: None,
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

/// The server learns a password only when it is first said, and keeps what it got.
#[test]
fn a_user_authenticates_with_a_password_that_came_salted() {
    let harness = Harness::new();
    let id = credential(&harness, with_password(salted("right", 1000)));
    success(harness.item(V3_0, create_user(&[name("salted"), credential_link(&id)])));
    assert!(is_served(&harness, "salted", "right"));
    assert!(!is_served(&harness, "salted", "wrong"));
}

fn with_device(given: DeviceCredential, attributes: &[Attribute]) -> Item {
    create_credential(CreateCredentialRequest {
        attributes: Some(attributes.iter().cloned().collect()),
        device_credential: Some(given),
        ..no_credential(CredentialType::Device)
    })
}

fn shown_device(serial_number: &str, password: Option<&str>) -> CredentialValue {
    CredentialValue::Device(Box::new(kmip_codec::message::credential::DeviceCredential {
        device_serial_number: Some(serial_number.into()),
        password: password.map(SecretText::copy_from),
        device_identifier: None,
        network_identifier: None,
        machine_identifier: None,
        media_identifier: None,
    }))
}

/// A device is known by its fields, all of them and no others, and by the password of its Password Link.
#[test]
fn a_user_authenticates_as_a_device() {
    let harness = Harness::new();
    let try_device = |harness: &Harness, serial: &str, password: Option<&str>| {
        authenticated(harness, CredentialType::Device, shown_device(serial, password))
    };
    let plain_device = credential(&harness, with_device(device("disk 7"), &[]));
    assert!(!try_device(&harness, "disk 7", None), "no user has it");
    let (_, user_request) = create_user(&[name("disks"), credential_link(&plain_device)]);
    let made = harness.item(V3_0, (Operation::CreateUser, user_request));
    let user = id_of(answer!(CreateUser, made).unique_identifier);
    assert!(try_device(&harness, "disk 7", None));
    assert!(!try_device(&harness, "disk 8", None) && !try_device(&harness, "disk 7", Some("p")));
    assert!(!is_served(&harness, "disks", ""), "its name tells nothing");
    let another = harness.exchange("another", &{
        let mut request = RequestMessage::continuing(V3_0, vec![create(&[])]);
        let credential_value = shown_device("disk 7", None);
        let credential = vec![Credential { credential_type: CredentialType::Device, credential_value }];
        request.request_header.authentication = Some(Authentication { credential });
        request
    });
    assert_eq!(failure(&another.batch_item[0]), ResultReason::AuthenticationNotSuccessful, "another scope");
    let twice = harness.item(V3_0, with_device(device("disk 7"), &[]));
    assert_eq!(failure(&twice), ResultReason::InvalidField, "fields identify one device");
    let harness = harness.reopened(START);
    assert!(try_device(&harness, "disk 7", None), "after a restart, too");

    let password = credential(&harness, with_password(plain(Some("right"))));
    let link = Attribute::LinkByTag(Tag::PasswordLink, UniqueIdentifier::text(&password));
    let locked = credential(&harness, with_device(device("disk 9"), &[link]));
    success(harness.item(V3_0, create_user(&[name("locked"), credential_link(&locked)])));
    assert!(try_device(&harness, "disk 9", Some("right")));
    assert!(!try_device(&harness, "disk 9", Some("wrong")) && !try_device(&harness, "disk 9", None));

    success(harness.item(V3_0, create_user(&[name("second"), credential_link(&plain_device)])));
    assert!(!try_device(&harness, "disk 7", None), "it tells neither of two users");
    success(harness.item(V3_0, destroy(text(&user))));
    assert!(try_device(&harness, "disk 7", None));
    success(harness.item(V3_0, destroy(text(&plain_device))));
    assert!(!try_device(&harness, "disk 7", None));
    credential(&harness, with_device(device("disk 7"), &[]));
    harness.verify().expect("a store that is whole");
}

/// Guesses at what is no user's secret cost the same slow check, whatever the user is known by, and are delayed alike.
#[test]
fn wrong_credentials_cost_what_those_of_nobody_do() {
    use kmip_core::engine::Evaluation;
    use kmip_core::env::{Env, Pace};
    let harness = Harness::new();
    user(&harness, "passworded");
    let seed = otp_credential(b"12345678901234567890");
    let request =
        CreateCredentialRequest { otp_credential: Some(seed), ..no_credential(CredentialType::OneTimePassword) };
    let codes = credential(&harness, create_credential(request));
    success(harness.item(V3_0, create_user(&[name("coded"), credential_link(&codes)])));
    let serial = credential(&harness, with_device(device("disk 7"), &[]));
    success(harness.item(V3_0, create_user(&[name("disks"), credential_link(&serial)])));
    let serial = credential(&harness, with_device(device("disk 9"), &[]));
    success(harness.item(V3_0, create_user(&[name("drives"), credential_link(&serial)])));
    let code = |who: &str| {
        let said = kmip_codec::message::credential::OneTimePasswordCredential {
            username: who.into(),
            password: None,
            one_time_password: SecretText::copy_from("000000"),
        };
        (CredentialType::OneTimePassword, CredentialValue::OneTimePassword(Box::new(said)))
    };
    let asked = [
        code("coded"),
        code("passworded"),
        code("disks"),
        code("nobody"),
        (CredentialType::Device, shown_device("disk 9", Some("p"))),
        (CredentialType::Device, shown_device("disk 8", None)),
    ];
    for (credential_type, credential_value) in asked {
        let mut request = RequestMessage::continuing(V3_0, vec![create(&[])]);
        let credential = vec![Credential { credential_type, credential_value }];
        request.request_header.authentication = Some(Authentication { credential });
        let bytes = kmip_codec::message::encode(Tag::RequestMessage, &request, V3_0);
        let inline = Env::new(harness.now(), Pace::Inline);
        assert!(matches!(harness.engine.evaluate(&bytes, CLIENT, inline), Evaluation::Defer(_)), "{request:?}");
        let told: Vec<_> = (0..6).map(|_| harness.exchange(CLIENT, &request).batch_item.remove(0)).collect();
        assert!(told.iter().all(|item| failure(item) == ResultReason::AuthenticationNotSuccessful));
        let message = |at: usize| told[at].result_message.clone().unwrap();
        assert!(!message(0).contains("try again in") && message(5).contains("try again in"), "{request:?}");
    }
}

/// Codes belong to the credential: a new one starts anew, and what the next code is can be read.
#[test]
fn codes_are_counted_for_their_credential() {
    let harness = Harness::new();
    let make = || {
        let otp = otp_credential(b"12345678901234567890");
        let request =
            CreateCredentialRequest { otp_credential: Some(otp), ..no_credential(CredentialType::OneTimePassword) };
        let codes = credential(&harness, create_credential(request));
        let made = harness.item(V3_0, create_user(&[name("coded"), credential_link(&codes)]));
        (codes, id_of(answer!(CreateUser, made).unique_identifier))
    };
    let try_code = |code: &str| {
        let said = kmip_codec::message::credential::OneTimePasswordCredential {
            username: "coded".into(),
            password: None,
            one_time_password: SecretText::copy_from(code),
        };
        authenticated(&harness, CredentialType::OneTimePassword, CredentialValue::OneTimePassword(Box::new(said)))
    };
    let counter = |id: &str| {
        let found = harness.attributes_of(V3_0, id).into_iter().find_map(|attribute| match attribute {
            Attribute::OTPCounter(counter) => Some(counter),
            _ => None,
        });
        i64::from_be_bytes(found.expect("an OTP Counter").as_slice().try_into().expect("8 bytes"))
    };
    let (codes, user) = make();
    assert_eq!(counter(&codes), 0);
    assert!(try_code("287082"), "the second, within what a device may be ahead");
    assert_eq!(counter(&codes), 2);
    assert!(!try_code("755224") && !try_code("000000"));
    assert_eq!(counter(&codes), 2);
    let wanted = Attribute::OTPCounter(ByteString::new(&7_i64.to_be_bytes()));
    let set = kmip_codec::operation::set_attribute::SetAttributeRequest {
        unique_identifier: text(&codes),
        new_attribute: Some([wanted].into_iter().collect()),
    };
    let set = harness.item(V3_0, (Operation::SetAttribute, RequestPayload::SetAttribute(Box::new(set))));
    assert_eq!(failure(&set), ResultReason::ReadOnlyAttribute);
    assert!(harness.attributes_of(V2_1, &codes).iter().all(|one| !matches!(one, Attribute::OTPCounter(_))));
    success(harness.item(V3_0, destroy(text(&user))));
    success(harness.item(V3_0, destroy(text(&codes))));
    let (codes, _) = make();
    assert!(try_code("755224"), "a new token begins anew");
    assert_eq!(counter(&codes), 1);
}

/// A certificate (DER); none without an openssl command.
pub fn self_signed() -> Option<Vec<u8>> {
    let mut command = std::process::Command::new("openssl");
    command.args(["req", "-x509", "-nodes", "-keyout", "/dev/null", "-outform", "DER", "-subj", "/CN=certified"]);
    let made = command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]).output();
    let Ok(made) = made else {
        println!("SKIP users with certificates: no openssl command");
        return None;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    Some(made.stdout)
}

/// The certificate of the connection is a credential: who shows it is its user, unless the request says otherwise.
#[test]
fn a_user_authenticates_with_the_certificate_of_the_connection() {
    use kmip_core::engine::{Evaluation, Reply};
    use kmip_core::identity::Sender;
    use kmip_core::links::Shown;
    use sha2::{Digest, Sha256};
    let Some(der) = self_signed() else { return };
    let harness = Harness::new();
    let given = Certificate { certificate_type: CertificateType::X_509, certificate_value: ByteString::new(&der) };
    let request = CreateCredentialRequest { certificate: Some(given), ..no_credential(CredentialType::Certificate) };
    let certificate = credential(&harness, create_credential(request));
    let made = harness.item(V3_0, create_user(&[name("certified"), credential_link(&certificate)]));
    let user_id = id_of(answer!(CreateUser, made).unique_identifier);
    user(&harness, "alice");
    let with = |fingerprint| Shown { fingerprint, serial_number: Vec::new(), not_after: i64::MAX };
    let (shown, other) = (with(Sha256::digest(&der).into()), with([7; 32]));
    let acts = |client: &str, certificate: Option<&Shown>, request: &RequestMessage| {
        let from = Sender { certificate, ..Sender::named(client) };
        let bytes = kmip_codec::message::encode(Tag::RequestMessage, request, V3_0);
        match harness.engine.evaluate_from(&bytes, from, harness.env()) {
            Evaluation::Reply(Reply { audit, .. }) => audit[0].user.as_ref().map(ToString::to_string),
            other => panic!("{other:?}"),
        }
    };
    let ask = RequestMessage::continuing(V3_0, vec![locate(&[])]);
    assert_eq!(acts(CLIENT, Some(&shown), &ask).as_deref(), Some("certified"));
    assert_eq!(acts(CLIENT, Some(&other), &ask), None);
    assert_eq!(acts(CLIENT, None, &ask), None);
    // A connection may outlive the certificate that it began with.
    let ended = Shown { not_after: START, ..shown.clone() };
    assert_eq!(acts(CLIENT, Some(&ended), &ask).as_deref(), Some("certified"), "in its last second");
    harness.advance(1);
    assert_eq!(acts(CLIENT, Some(&ended), &ask), None);
    assert_eq!(acts(CLIENT, Some(&shown), &ask).as_deref(), Some("certified"));
    let (operation, payload) = create(&[]);
    success(harness.call_as("another", V3_0, operation, payload));
    assert_eq!(acts("another", Some(&shown), &ask), None, "another scope");
    let mut as_alice = ask.clone();
    let said = Said { username: "alice".into(), password: Some(SecretText::copy_from("right")) };
    as_alice.request_header.authentication = Some(Authentication {
        credential: vec![Credential {
            credential_type: CredentialType::UsernameAndPassword,
            credential_value: CredentialValue::Password(Box::new(said)),
        }],
    });
    assert_eq!(acts(CLIENT, Some(&shown), &as_alice).as_deref(), Some("alice"));
    success(harness.item(V3_0, revoke(text(&certificate), RevocationReasonCode::KeyCompromise)));
    assert_eq!(acts(CLIENT, Some(&shown), &ask), None);
    success(harness.item(V3_0, destroy(text(&user_id))));
    assert_eq!(acts(CLIENT, Some(&shown), &ask), None);
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
    let device = device("serial");
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
    let whole = salted("p", 10);
    for (given, reason) in [
        (PasswordCredential { password_salt: None, ..whole.clone() }, ResultReason::InvalidField),
        (PasswordCredential { password_salt_algorithm: None, ..whole.clone() }, ResultReason::InvalidField),
        (PasswordCredential { iteration_count: None, ..whole.clone() }, ResultReason::InvalidField),
        (PasswordCredential { iteration_count: Some(0), ..whole.clone() }, ResultReason::InvalidField),
        (PasswordCredential { salted_password: None, ..whole.clone() }, ResultReason::InvalidField),
        (PasswordCredential { password: plain(Some("p")).password, ..whole.clone() }, ResultReason::InvalidField),
        (
            PasswordCredential { password_salt_algorithm: Some(CryptographicAlgorithm::AES), ..whole },
            ResultReason::FeatureNotSupported,
        ),
    ] {
        assert_eq!(failure(&harness.item(V3_0, with_password(given))), reason);
    }
    let nothing = DeviceCredential { device_serial_number: None, ..device("x") };
    let request = CreateCredentialRequest { device_credential: Some(nothing), ..no_credential(CredentialType::Device) };
    assert_eq!(fails(request), ResultReason::InvalidField);
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
