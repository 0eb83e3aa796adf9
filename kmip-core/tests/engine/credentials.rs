//! Credentials beyond a password (KMIP 2.1 §9.11): one time passwords, hashed passwords, devices, attestations.

use kmip_codec::message::credential::{
    AttestationCredential, DeviceCredential, HashedPasswordCredential, OneTimePasswordCredential, PasswordCredential,
};
use kmip_codec::message::{Authentication, Credential, CredentialValue, Nonce, RequestMessage, ResponseMessage};
use kmip_codec::registry::{AttestationType, CredentialType, HashingAlgorithm, ResultReason, ResultStatus};
use kmip_codec::secret::{Secret, SecretText};
use kmip_codec::value::{ByteString, DateTimeExtended};
use kmip_codec::version::{V1_2, V1_4, V2_0, V2_1, Version};
use kmip_core::administration::{NewOneTime, NewUser};
use kmip_core::credentials::DeviceFields;
use kmip_core::env::{Config, UnknownUsers};
use kmip_core::ports::crypto::Hash;
use kmip_core::ports::store::Store;
use kmip_core::testing::sim_vault::SimVault;

use crate::requests::*;
use crate::support::{CLIENT, Harness, START, digest_of, failure, hmac_of, password_hash};

fn ask(harness: &Harness, client: &str, version: Version, credentials: Vec<Credential>) -> ResponseMessage {
    let mut request = RequestMessage::continuing(version, vec![create(&[])]);
    request.request_header.authentication = Some(Authentication { credential: credentials });
    harness.exchange(client, &request)
}

fn is_served(harness: &Harness, credential: Credential) -> bool {
    let answer = ask(harness, CLIENT, V2_1, vec![credential]).batch_item.remove(0);
    let served = answer.result_status == ResultStatus::Success;
    if !served {
        assert_eq!(failure(&answer), ResultReason::AuthenticationNotSuccessful);
    }
    served
}

fn secret(text: &str) -> SecretText {
    SecretText::copy_from(text)
}

fn password(username: &str, password: &str) -> Credential {
    let value = PasswordCredential { username: username.into(), password: Some(secret(password)) };
    Credential {
        credential_type: CredentialType::UsernameAndPassword,
        credential_value: CredentialValue::Password(Box::new(value)),
    }
}

fn one_time(username: &str, password: Option<&str>, code: &str) -> Credential {
    let value = OneTimePasswordCredential {
        username: username.into(),
        password: password.map(secret),
        one_time_password: secret(code),
    };
    Credential {
        credential_type: CredentialType::OneTimePassword,
        credential_value: CredentialValue::OneTimePassword(Box::new(value)),
    }
}

/// The code of RFC 4226 §5.3 for a moving factor, made apart from the server's.
fn code(hash: Hash, key: &Secret, factor: i64, digits: u32) -> String {
    let mac = hmac_of(hash, key.expose_secret(), &factor.to_be_bytes()).unwrap();
    let offset = usize::from(mac[mac.len() - 1] & 0x0F);
    let number = u32::from_be_bytes(mac[offset..offset + 4].try_into().unwrap()) & 0x7FFF_FFFF;
    format!("{:0width$}", number % 10_u32.pow(digits), width = digits as usize)
}

fn totp() -> NewOneTime {
    NewOneTime { hash: HashingAlgorithm::SHA_1, digits: 6, period: Some(30) }
}

fn with_codes(harness: &Harness, name: &str, password: &str, codes: NewOneTime) -> Secret {
    let hash = if password.is_empty() { String::new() } else { password_hash(password) };
    let new = NewUser { name, password_hash: &hash, one_time: Some(codes), ..NewUser::default() };
    harness.engine.add(&new).unwrap().expect("a secret")
}

/// The codes of RFC 6238 Appendix B are checked where the HMAC is made; here, that the server's are those of the RFC's rule.
#[test]
fn a_code_of_the_time_is_right_once() {
    let harness = Harness::new();
    let key = with_codes(&harness, "alice", "right", totp());
    assert_eq!(key.len(), 20);
    let now = code(Hash::Sha1, &key, START / 30, 6);
    assert!(!is_served(&harness, one_time("alice", Some("wrong"), &now)), "the password counts, too");
    assert!(!is_served(&harness, one_time("alice", None, &now)));
    assert!(!is_served(&harness, password("alice", "right")), "a password alone is not enough");
    assert!(is_served(&harness, one_time("alice", Some("right"), &now)));
    assert!(!is_served(&harness, one_time("alice", Some("right"), &now)), "a code is right once");
    let harness = harness.reopened(START);
    assert!(!is_served(&harness, one_time("alice", Some("right"), &now)), "after a restart, too");
    harness.advance(30);
    assert!(is_served(&harness, one_time("alice", Some("right"), &code(Hash::Sha1, &key, START / 30 + 1, 6))));
    harness.verify().unwrap();
}

#[test]
fn codes_are_a_step_early_or_late_at_most() {
    for (steps, expected) in [(-2, false), (-1, true), (1, true), (2, false)] {
        let harness = Harness::new();
        let codes = NewOneTime { hash: HashingAlgorithm::SHA_512, digits: 8, period: Some(60) };
        let key = with_codes(&harness, "alice", "", codes);
        let code = code(Hash::Sha512, &key, START / 60 + steps, 8);
        assert_eq!(is_served(&harness, one_time("alice", None, &code)), expected, "{steps}");
        assert!(!is_served(&harness, one_time("alice", Some("any"), &code)), "there is no password to give");
    }
}

#[test]
fn codes_by_counter_go_on() {
    let harness = Harness::new();
    let codes = NewOneTime { hash: HashingAlgorithm::SHA_256, digits: 6, period: None };
    let key = with_codes(&harness, "alice", "", codes);
    let told = |factor| is_served(&harness, one_time("alice", None, &code(Hash::Sha256, &key, factor, 6)));
    for (factor, expected) in [(0, true), (0, false), (1, true), (8, true), (5, false), (30, false), (9, true)] {
        assert_eq!(told(factor), expected, "{factor}");
    }
}

/// A right password beside wrong codes does not clear the count of wrong tries.
#[test]
fn codes_cannot_be_guessed_beside_a_right_password() {
    let harness = Harness::new();
    let key = with_codes(&harness, "alice", "right", totp());
    let right = code(Hash::Sha1, &key, START / 30, 6);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert!(!is_served(&harness, one_time("alice", Some("right"), wrong)));
    }
    assert!(!is_served(&harness, one_time("alice", Some("right"), &right)), "not looked at before the delay is over");
    harness.advance(1);
    assert!(is_served(&harness, one_time("alice", Some("right"), &right)));
}

#[test]
fn settings_that_make_no_codes_are_refused() {
    let harness = Harness::new();
    for codes in [
        NewOneTime { hash: HashingAlgorithm::MD5, ..totp() },
        NewOneTime { digits: 5, ..totp() },
        NewOneTime { digits: 9, ..totp() },
        NewOneTime { period: Some(0), ..totp() },
        NewOneTime { period: Some(301), ..totp() },
    ] {
        assert!(harness.engine.add(&NewUser { name: "alice", one_time: Some(codes), ..NewUser::default() }).is_err());
    }
}

fn with_hashed(harness: &Harness, name: &str, clear: &str) {
    let (hash, clear) = (password_hash(clear), secret(clear));
    let new = NewUser { name, password_hash: &hash, hashed: Some(&clear), ..NewUser::default() };
    assert!(harness.engine.add(&new).unwrap().is_none());
}

/// S1 and S2 of KMIP 2.1 §9.11.
fn halves(hash: Hash, username: &str, password: &str) -> (Vec<u8>, Vec<u8>) {
    let (name, password) = (username.as_bytes(), password.as_bytes());
    (digest_of(hash, &[name, password]).unwrap(), digest_of(hash, &[password, name]).unwrap())
}

fn hashed(username: &str, password: &str, at: i64, algorithm: Option<HashingAlgorithm>) -> Credential {
    let hash = if algorithm == Some(HashingAlgorithm::SHA_512) { Hash::Sha512 } else { Hash::Sha256 };
    let (s1, s2) = halves(hash, username, password);
    let first = digest_of(hash, &[&s1, &at.to_be_bytes()]).unwrap();
    let value = HashedPasswordCredential {
        username: username.into(),
        timestamp: DateTimeExtended(at),
        hashing_algorithm: algorithm,
        hashed_password: Secret::copy_from(&[first, s2].concat()),
    };
    Credential {
        credential_type: CredentialType::HashedPassword,
        credential_value: CredentialValue::HashedPassword(Box::new(value)),
    }
}

const MICROSECONDS: i64 = 1_000_000;

#[test]
fn hashed_passwords_rise_and_are_answered() {
    let harness = Harness::new();
    with_hashed(&harness, "alice", "right");
    harness.engine.add_user("bob", &password_hash("right"), None).unwrap();
    let at = START * MICROSECONDS;
    assert!(!is_served(&harness, hashed("alice", "wrong", at, None)));
    assert!(!is_served(&harness, hashed("bob", "right", at, None)), "nothing is kept to compare it with");
    for version in [V2_0, V2_1] {
        let at = at + i64::from(version.minor);
        let answer = ask(&harness, CLIENT, version, vec![hashed("alice", "right", at, None)]);
        assert_eq!(answer.batch_item[0].result_status, ResultStatus::Success);
        let (s1, s2) = halves(Hash::Sha256, "alice", "right");
        let s2_hashed = digest_of(Hash::Sha256, &[&s2]).unwrap();
        let expected = digest_of(Hash::Sha256, &[&at.to_be_bytes(), &s1, &s2_hashed]).unwrap();
        assert_eq!(answer.response_header.server_hashed_password, Some(ByteString::new(&expected)));
    }
    let told = |at, algorithm| is_served(&harness, hashed("alice", "right", at, algorithm));
    assert!(!told(at + 1, None), "the same timestamp comes once");
    assert!(!told(at - 1, None), "none comes below the last one");
    assert!(told(at + 2, Some(HashingAlgorithm::SHA_512)));
    assert!(!told(at + 3, Some(HashingAlgorithm::MD5)));
    assert!(is_served(&harness, password("alice", "right")), "the password itself goes on to count");
    let harness = harness.reopened(START);
    assert!(!is_served(&harness, hashed("alice", "right", at + 2, None)), "after a restart, too");
    assert!(is_served(&harness, hashed("alice", "right", at + 3, None)));
    harness.verify().unwrap();
}

#[test]
fn timestamps_are_near_the_servers_time() {
    for (seconds, expected) in [(-301, false), (-300, true), (300, true), (302, false)] {
        let harness = Harness::new();
        with_hashed(&harness, "alice", "right");
        let at = (START + seconds) * MICROSECONDS;
        assert_eq!(is_served(&harness, hashed("alice", "right", at, None)), expected, "{seconds}");
    }
    let harness = Harness::new();
    with_hashed(&harness, "alice", "right");
    for at in [i64::MIN, i64::MAX, 0] {
        assert!(!is_served(&harness, hashed("alice", "right", at, None)));
    }
}

/// Neither the secrets of users nor what could stand for them are open in the store, apart from its own seal.
#[test]
fn secrets_of_users_are_bound_to_them() {
    let harness = Harness::new();
    with_hashed(&harness, "alice", "right");
    let at = START * MICROSECONDS;
    let (s1, _) = halves(Hash::Sha256, "alice", "right");
    assert!(is_served(&harness, hashed("alice", "right", at, None)));
    let shown = format!("{:?}", hashed("alice", "right", at, None));
    assert!(!shown.contains(&format!("{s1:?}")));
}

fn device(fields: [Option<&str>; 5], clear: Option<&str>) -> Credential {
    let [serial, identifier, network, machine, media] = fields.map(|field| field.map(Into::into));
    let value = DeviceCredential {
        device_serial_number: serial,
        password: clear.map(secret),
        device_identifier: identifier,
        network_identifier: network,
        machine_identifier: machine,
        media_identifier: media,
    };
    Credential { credential_type: CredentialType::Device, credential_value: CredentialValue::Device(Box::new(value)) }
}

const DISK: [Option<&str>; 5] = [Some("SN-1"), None, Some("10.0.0.1"), None, None];

fn with_device(harness: &Harness, name: &str, fields: [Option<&str>; 5], hash: &str, client: Option<&str>) -> bool {
    let new = NewUser { name, password_hash: hash, client, device: Some(DeviceFields(fields)), ..NewUser::default() };
    harness.engine.add(&new).is_ok()
}

#[test]
fn a_device_is_known_by_exactly_its_fields() {
    let harness = Harness::new();
    assert!(with_device(&harness, "disk", DISK, "", None));
    assert!(is_served(&harness, device(DISK, None)));
    for other in [
        device([Some("SN-1"), None, None, None, None], None),
        device([None, Some("SN-1"), Some("10.0.0.1"), None, None], None),
        device([Some("SN-1"), None, Some("10.0.0.1"), None, Some("m")], None),
        device([Some("SN-110.0.0.1"), None, Some(""), None, None], None),
        device(DISK, Some("")),
        device([None; 5], None),
        password("disk", ""),
    ] {
        assert!(!is_served(&harness, other));
    }
    assert!(!with_device(&harness, "twin", DISK, "", None), "fields are one device's");
    assert!(!with_device(&harness, "disk", [Some("SN-2"), None, None, None, None], "", None));
    for nothing in [[None; 5], [Some(""); 5], [Some("SN-3"), None, Some(""), None, None]] {
        assert!(!with_device(&harness, "nothing", nothing, "", None), "what is empty proves nothing");
        assert!(!is_served(&harness, device(nothing, None)));
    }
    let harness = harness.reopened(START);
    assert!(is_served(&harness, device(DISK, None)));
    harness.verify().unwrap();
}

#[test]
fn a_device_may_have_a_password_and_a_client() {
    let harness = Harness::new();
    assert!(with_device(&harness, "disk", DISK, &password_hash("right"), Some("other client")));
    let told = |client, clear| ask(&harness, client, V1_4, vec![device(DISK, clear)]).batch_item.remove(0);
    assert_eq!(told("other client", Some("right")).result_status, ResultStatus::Success);
    for (client, clear) in [(CLIENT, Some("right")), ("other client", Some("wrong")), ("other client", None)] {
        assert_eq!(failure(&told(client, clear)), ResultReason::AuthenticationNotSuccessful);
    }
}

/// The delay after wrong guesses and what becomes of unknown names hold for all credentials.
#[test]
fn unknown_users_and_devices_are_refused_slowed_or_ignored() {
    let all = || {
        let at = START * MICROSECONDS;
        [one_time("nobody", None, "123456"), hashed("no one", "right", at, None), device(DISK, Some("any"))]
    };
    let harness = Harness::new();
    let delayed = |credential: &Credential| {
        let answer = ask(&harness, CLIENT, V2_1, vec![credential.clone()]).batch_item.remove(0);
        assert_eq!(failure(&answer), ResultReason::AuthenticationNotSuccessful);
        answer.result_message.unwrap().as_str().contains("try again")
    };
    for credential in all() {
        harness.advance(1_000);
        let answers: Vec<bool> = (0..6).map(|_| delayed(&credential)).collect();
        assert_eq!(answers, [false, false, false, false, false, true]);
    }
    let config = Config { unknown_users: UnknownUsers::Ignore, ..Config::default() };
    let harness = Harness::with(config, SimVault::new(1));
    for credential in all() {
        assert!(is_served(&harness, credential));
    }
}

/// No attestation is verified and none demanded; the reason came with KMIP 1.2.
#[test]
fn attestations_are_refused() {
    let value = AttestationCredential {
        nonce: Nonce { nonce_id: ByteString::new(&[1]), nonce_value: ByteString::new(&[2; 16]) },
        attestation_type: AttestationType::TPMQuote,
        attestation_measurement: Some(ByteString::new(&[3; 32])),
        attestation_assertion: None,
    };
    let credential = Credential {
        credential_type: CredentialType::Attestation,
        credential_value: CredentialValue::Attestation(Box::new(value)),
    };
    let harness = Harness::new();
    for version in [V1_2, V1_4, V2_0, V2_1] {
        let answer = ask(&harness, CLIENT, version, vec![credential.clone()]);
        assert_eq!(failure(&answer.batch_item[0]), ResultReason::AttestationFailed);
        assert_eq!(answer.response_header.nonce, None);
    }
    assert_eq!(harness.store.scan(b"o/", b"o0", 1).unwrap().entries.len(), 0);
}
