//! Authentication (KMIP 2.1 §9.5, §9.9): a credential, when sent, must be right and belong to the certificate's client.

use std::sync::atomic::{AtomicUsize, Ordering};

use kmip_codec::message::credential::PasswordCredential;
use kmip_codec::message::{Authentication, Credential, CredentialValue, RequestMessage, ResponseBatchItem};
use kmip_codec::registry::{CredentialType, ResultReason, ResultStatus};
use kmip_codec::secret::SecretText;
use kmip_codec::version::V2_1;
use kmip_core::env::{Config, UnknownUsers};
use kmip_core::testing::sim_vault::SimVault;

use crate::requests::create;
use crate::support::{CLIENT, Harness, failure, password_hash};

fn harness() -> Harness {
    let harness = Harness::new();
    harness.engine.add_user("alice", &password_hash("right"), None).unwrap();
    harness.engine.add_user("bob", &password_hash("right"), Some("other client")).unwrap();
    harness
}

fn attempt(harness: &Harness, client: &str, username: &str, password: &str) -> ResponseBatchItem {
    let mut request = RequestMessage::continuing(V2_1, vec![create(&[])]);
    let password = Some(SecretText::copy_from(password));
    let credential = PasswordCredential { username: username.into(), password };
    request.request_header.authentication = Some(Authentication {
        credential: vec![Credential {
            credential_type: CredentialType::UsernameAndPassword,
            credential_value: CredentialValue::Password(Box::new(credential)),
        }],
    });
    harness.exchange(client, &request).batch_item.remove(0)
}

fn is_served(item: &ResponseBatchItem) -> bool {
    item.result_status == ResultStatus::Success
}

#[test]
fn a_right_password_is_served() {
    let harness = harness();
    assert!(is_served(&attempt(&harness, CLIENT, "alice", "right")));
    assert!(is_served(&attempt(&harness, "other client", "bob", "right")));
}

/// One answer for every reason, so that it tells nothing; and nothing is executed.
#[test]
fn a_wrong_password_an_unknown_user_and_a_foreign_user_are_refused_alike() {
    let harness = harness();
    let answers = [("alice", "wrong"), ("alice", ""), ("nobody", "right"), ("bob", "right")]
        .map(|(user, password)| attempt(&harness, CLIENT, user, password));
    for answer in &answers {
        assert_eq!(failure(answer), ResultReason::AuthenticationNotSuccessful);
        assert_eq!(answer, &answers[0]);
    }
    assert_eq!(harness.engine.object_count(), 0);
}

#[test]
fn unknown_users_are_ignored_where_certificates_alone_decide() {
    let config = Config { unknown_users: UnknownUsers::Ignore, ..Config::default() };
    let harness = Harness::with(config, SimVault::new(1));
    harness.engine.add_user("alice", &password_hash("right"), None).unwrap();
    assert!(is_served(&attempt(&harness, CLIENT, "nobody", "anything")));
    assert!(!is_served(&attempt(&harness, CLIENT, "alice", "wrong")), "a known user's password still counts");
}

/// Five wrong passwords delay the next try, each further one longer; the right one then starts anew.
#[test]
fn guessing_is_slowed() {
    let harness = harness();
    for _ in 0..5 {
        attempt(&harness, CLIENT, "alice", "wrong");
    }
    assert!(!is_served(&attempt(&harness, CLIENT, "alice", "right")), "not looked at before the delay is over");
    harness.advance(1);
    assert!(is_served(&attempt(&harness, CLIENT, "alice", "right")));
    assert!(!is_served(&attempt(&harness, CLIENT, "alice", "wrong")));
    assert!(is_served(&attempt(&harness, CLIENT, "alice", "right")), "one wrong try after a right one delays nothing");
}

/// A user who may come from any client is not kept out by what one of them tries.
#[test]
fn wrong_tries_delay_the_clients_of_their_scope_alone() {
    let harness = harness();
    for _ in 0..20 {
        attempt(&harness, "guesser", "alice", "wrong");
    }
    assert!(!is_served(&attempt(&harness, "guesser", "alice", "right")));
    assert!(is_served(&attempt(&harness, CLIENT, "alice", "right")));
}

/// "Authentication ... SHALL contain one or more" credentials (KMIP 2.1 §9.4).
#[test]
fn an_authentication_without_a_credential_is_none() {
    let harness = harness();
    let mut request = RequestMessage::continuing(V2_1, vec![create(&[])]);
    request.request_header.authentication = Some(Authentication { credential: Vec::new() });
    assert_eq!(failure(&harness.exchange(CLIENT, &request).batch_item[0]), ResultReason::InvalidMessage);
}

/// Whoever tries a user of another client's delays itself alone, and is answered as for a user that there is not.
#[test]
fn a_client_does_not_lock_out_the_users_of_another() {
    let harness = harness();
    for _ in 0..20 {
        attempt(&harness, CLIENT, "bob", "wrong");
        attempt(&harness, CLIENT, "nobody", "wrong");
    }
    assert!(is_served(&attempt(&harness, "other client", "bob", "right")), "another client has locked the user out");
    let told = ["bob", "nobody"].map(|user| attempt(&harness, CLIENT, user, "right"));
    assert!(told[0].result_message.as_ref().is_some_and(|told| told.as_str().contains("try again")));
    assert_eq!(told[0], told[1]);
}

/// A right password clears the count also when it was verified before.
#[test]
fn wrong_tries_do_not_add_up_over_right_ones() {
    let harness = harness();
    for _ in 0..10 {
        assert!(is_served(&attempt(&harness, CLIENT, "alice", "right")));
        assert!(!is_served(&attempt(&harness, CLIENT, "alice", "wrong")));
    }
    assert!(is_served(&attempt(&harness, CLIENT, "alice", "right")));
}

/// The delay grows to its longest and stays there, however many wrong tries there are.
#[test]
fn the_delay_never_shrinks() {
    let harness = harness();
    let mut longest = 0;
    for _ in 0..150 {
        attempt(&harness, CLIENT, "alice", "wrong");
        let mut waited = 0;
        while !is_served_after(&harness) && waited < 400 {
            harness.advance(1);
            waited += 1;
        }
        assert!(waited >= longest, "the delay fell from {longest} s to {waited} s");
        longest = longest.max(waited);
    }
    assert_eq!(longest, 300);
}

/// Whether a try is looked at: one for a foreign client's user that is not counted would not be.
fn is_served_after(harness: &Harness) -> bool {
    let item = attempt(harness, CLIENT, "alice", "wrong");
    let told = item.result_message.as_ref().map(|text| text.as_str().to_owned()).unwrap_or_default();
    !told.contains("try again")
}

/// The slow check runs once for a password, and again for another.
#[test]
fn a_verified_password_is_not_verified_again() {
    use kmip_core::env::PasswordCheck;
    struct Counting(&'static AtomicUsize);
    impl PasswordCheck for Counting {
        fn verify(&self, password: &SecretText, hash: &str) -> bool {
            self.0.fetch_add(1, Ordering::Relaxed);
            password_hash(password.expose_secret()) == hash
        }
    }
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let harness = Harness::with_passwords(std::sync::Arc::new(Counting(&CALLS)));
    harness.engine.add_user("alice", &password_hash("right"), None).unwrap();
    for _ in 0..3 {
        assert!(is_served(&attempt(&harness, CLIENT, "alice", "right")));
    }
    assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    attempt(&harness, CLIENT, "alice", "wrong");
    assert_eq!(CALLS.load(Ordering::Relaxed), 2);
}

/// Nothing that prints a request shows the password.
#[test]
fn passwords_do_not_print() {
    let credential = PasswordCredential { username: "alice".into(), password: Some(SecretText::copy_from("hunter2!")) };
    assert!(!format!("{credential:?} {credential:#?}").contains("hunter2!"));
}
