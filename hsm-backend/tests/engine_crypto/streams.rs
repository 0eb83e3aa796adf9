//! Operations by parts: what they give, what they are bound to, and what ends them.

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{CryptographicParameters, UsageLimits};
use kmip_codec::message::RequestMessage;
use kmip_codec::message::encode;
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::decrypt::DecryptRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::encrypt::EncryptRequest;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::registry::{
    BatchErrorContinuationOption, BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm,
    CryptographicUsageMask as Mask, HashingAlgorithm, Operation, PaddingMethod, QueryFunction, ResultReason as Reason,
    ResultStatus, RevocationReasonCode, Tag, UsageLimitsUnit, ValidityIndicator as Validity,
};
use kmip_codec::value::ByteString;
use kmip_codec::version::{V1_2, V1_3, V1_4, V2_0, V2_1, Version};

use crate::support::*;

fn cbc(p: &mut CryptographicParameters) {
    p.block_cipher_mode = Some(Mode::CBC);
    p.padding_method = Some(PaddingMethod::PKCS5);
}

fn key(server: &Server) -> String {
    server.key(Algorithm::AES, &hex("0123456789abcdef0123456789abcdef"), Mask::Encrypt | Mask::Decrypt)
}

fn opening(id: &str, part: &[u8], set: impl FnOnce(&mut CryptographicParameters)) -> EncryptRequest {
    let mut request = encrypt(id, part);
    request.cryptographic_parameters = boxed(set);
    request.iv_counter_nonce = octets(&hex("01020304050607080910111213141516"));
    request.init_indicator = Some(true);
    request
}

fn later(id: &str, part: &[u8], correlation: &ByteString, last: bool) -> EncryptRequest {
    let mut request = encrypt(id, part);
    request.correlation_value = Some(correlation.clone());
    request.final_indicator = last.then_some(true);
    request
}

fn decrypt_later(id: &str, part: &[u8], correlation: &ByteString, last: bool) -> DecryptRequest {
    let mut request = decrypt(id, part);
    request.correlation_value = Some(correlation.clone());
    request.final_indicator = last.then_some(true);
    request
}

/// A stream on a key, after its first part.
#[track_caller]
fn open(server: &Server, id: &str, part: &[u8]) -> ByteString {
    let made = ask!(server, V2_1, Encrypt, opening(id, part, cbc)).expect("opened");
    made.correlation_value.expect("a correlation value")
}

#[test]
fn published_parts_come_out() {
    let server = Server::new();
    let id = key(&server);
    for version in [V1_3, V1_4, V2_0, V2_1] {
        let first = ask!(server, version, Encrypt, opening(&id, &hex("0102030405060708"), cbc)).expect("opened");
        let correlation = first.correlation_value.expect("a correlation value");
        assert_eq!(first.data, None, "nothing is ready");
        let second = ask!(server, version, Encrypt, later(&id, &hex("0910111213141516"), &correlation, false));
        let second = second.expect("a part");
        assert_eq!(second.correlation_value, Some(correlation.clone()));
        assert_eq!(bytes(second.data), hex("79abc5c23868ad84d388ce61110a6274"));
        let rest = hex("0102030405060708091011121314151601");
        let third = ask!(server, version, Encrypt, later(&id, &rest, &correlation, true)).expect("the last part");
        assert_eq!(third.correlation_value, None);
        assert_eq!(bytes(third.data), hex("2bda19d694bbcb757dd06617c0d80fb1df2e71864ad9633d7d797e30860df00d"));
        let gone = ask!(server, version, Encrypt, later(&id, &[], &correlation, true));
        let reason = if version < V2_0 { Reason::ItemNotFound } else { Reason::InvalidCorrelationValue };
        refused(gone, reason, "after the end");
    }
}

#[test]
fn decryption_of_an_authenticated_cipher_gives_nothing_before_its_tag() {
    let server = Server::new();
    let id = key(&server);
    let gcm = |p: &mut CryptographicParameters| p.block_cipher_mode = Some(Mode::GCM);
    let mut whole = encrypt(&id, &[7; 100]);
    whole.cryptographic_parameters = boxed(gcm);
    whole.iv_counter_nonce = octets(&[5; 12]);
    whole.authenticated_encryption_additional_data = octets(b"more");
    let made = ask!(server, V2_1, Encrypt, whole).expect("encrypted");
    let (protected, tag) = (bytes(made.data), made.authenticated_encryption_tag.expect("a tag"));
    for (at_first, good) in [(true, true), (false, true), (true, false), (false, false)] {
        let mut claimed = tag.as_slice().to_vec();
        claimed[0] ^= u8::from(!good);
        let mut first = decrypt(&id, &protected[..50]);
        first.cryptographic_parameters = boxed(gcm);
        first.iv_counter_nonce = octets(&[5; 12]);
        first.authenticated_encryption_additional_data = octets(b"more");
        first.init_indicator = Some(true);
        first.authenticated_encryption_tag = octets(&claimed).filter(|_| at_first);
        let first = ask!(server, V2_1, Decrypt, first).expect("opened");
        assert_eq!(first.data, None);
        let correlation = first.correlation_value.expect("a correlation value");
        let second = ask!(server, V2_1, Decrypt, decrypt_later(&id, &protected[50..80], &correlation, false));
        assert_eq!(second.expect("a part").data, None);
        let mut last = decrypt_later(&id, &protected[80..], &correlation, true);
        last.authenticated_encryption_tag = octets(&claimed).filter(|_| !at_first);
        let last = ask!(server, V2_1, Decrypt, last);
        if good {
            assert_eq!(bytes(last.expect("decrypted").data), [7; 100]);
        } else {
            refused(last, Reason::CryptographicFailure, "a wrong tag");
        }
    }
}

/// KMIP 1.4 §4.29 and §4.30, KMIP 2.1 §6.1.11 and §6.1.17: later it would be authenticated by nothing.
#[test]
fn additional_data_comes_with_the_first_part() {
    let server = Server::new();
    let id = key(&server);
    let gcm = |p: &mut CryptographicParameters| p.block_cipher_mode = Some(Mode::GCM);
    for version in [V1_4, V2_1] {
        let first = ask!(server, version, Encrypt, opening(&id, &[1; 5], gcm)).expect("opened");
        let mut last = later(&id, &[1; 5], &first.correlation_value.expect("a correlation value"), true);
        last.authenticated_encryption_additional_data = octets(b"more");
        refused(ask!(server, version, Encrypt, last), Reason::InvalidField, "too late");
        let mut first = decrypt(&id, &[1; 40]);
        first.cryptographic_parameters = boxed(gcm);
        first.iv_counter_nonce = octets(&[5; 12]);
        first.init_indicator = Some(true);
        let first = ask!(server, version, Decrypt, first).expect("opened");
        let correlation = first.correlation_value.expect("a correlation value");
        let mut last = decrypt_later(&id, &[], &correlation, true);
        last.authenticated_encryption_additional_data = octets(b"more");
        refused(ask!(server, version, Decrypt, last), Reason::InvalidField, "too late");
    }
}

#[test]
fn parts_of_an_authenticated_cipher_give_its_tag_at_the_end() {
    let server = Server::new();
    let id = key(&server);
    let set = |p: &mut CryptographicParameters| p.block_cipher_mode = Some(Mode::GCM);
    for version in [V1_3, V1_4, V2_1] {
        let first = ask!(server, version, Encrypt, opening(&id, &[1; 5], set)).expect("opened");
        assert_eq!(first.authenticated_encryption_tag, None);
        let correlation = first.correlation_value.clone().expect("a correlation value");
        let mut protected = first.data.map(|data| bytes(Some(data))).unwrap_or_default();
        let last = ask!(server, version, Encrypt, later(&id, &[1; 40], &correlation, true)).expect("ended");
        protected.extend(bytes(last.data));
        let tag = last.authenticated_encryption_tag;
        assert_eq!((tag.is_some(), protected.len()), if version < V1_4 { (false, 61) } else { (true, 45) });
        let mut whole = decrypt(&id, &protected);
        whole.cryptographic_parameters = boxed(set);
        whole.iv_counter_nonce = octets(&hex("01020304050607080910111213141516"));
        whole.authenticated_encryption_tag = tag;
        assert_eq!(bytes(ask!(server, version, Decrypt, whole).expect("decrypted").data), [1; 45]);
        // By parts the tag may follow the data, too.
        if version < V1_4 {
            let mut first = decrypt(&id, &protected[..50]);
            first.cryptographic_parameters = boxed(set);
            first.iv_counter_nonce = octets(&hex("01020304050607080910111213141516"));
            first.init_indicator = Some(true);
            let first = ask!(server, version, Decrypt, first).expect("opened");
            let correlation = first.correlation_value.expect("a correlation value");
            let last = ask!(server, version, Decrypt, decrypt_later(&id, &protected[50..], &correlation, true));
            assert_eq!(bytes(last.expect("decrypted").data), [1; 45]);
        }
    }
}

#[test]
fn codes_and_hashes_by_parts_are_those_of_the_whole() {
    let server = Server::new();
    let id = server.key(Algorithm::HMAC_SHA256, &[3; 32], Mask::MACGenerate | Mask::MACVerify);
    let whole = ask!(server, V2_1, MAC, mac(&id, b"one two")).expect("computed").mac_data.expect("a code");
    let mut first = mac(&id, b"one ");
    first.init_indicator = Some(true);
    let first = ask!(server, V2_1, MAC, first).expect("opened");
    assert_eq!(first.mac_data, None);
    let mut last = mac(&id, b"two");
    (last.correlation_value, last.final_indicator) = (first.correlation_value, Some(true));
    assert_eq!(ask!(server, V2_1, MAC, last).expect("computed").mac_data, Some(whole.clone()));
    for (claimed, at_first, expected) in [
        (Some(whole.clone()), true, Ok(Some(Validity::Valid))),
        (Some(whole.clone()), false, Ok(Some(Validity::Valid))),
        (octets(&[0; 32]), false, Ok(Some(Validity::Invalid))),
        (None, false, Err(Reason::InvalidMessage)),
    ] {
        let mut first = mac_verify(&id, b"one ", &[]);
        (first.init_indicator, first.mac_data) = (Some(true), claimed.clone().filter(|_| at_first));
        let first = ask!(server, V2_1, MACVerify, first).expect("opened");
        assert_eq!(first.validity_indicator, None, "not before the end");
        let mut last = mac_verify(&id, b"two", &[]);
        (last.correlation_value, last.final_indicator) = (first.correlation_value, Some(true));
        last.mac_data = claimed.filter(|_| !at_first);
        assert_eq!(ask!(server, V2_1, MACVerify, last).map(|answer| answer.validity_indicator), expected);
    }
    let sha256 = |p: &mut CryptographicParameters| p.hashing_algorithm = Some(HashingAlgorithm::SHA_256);
    let whole = bytes(ask!(server, V2_1, Hash, hash(sha256, b"abc")).expect("hashed").data);
    let mut first = hash(sha256, b"a");
    first.init_indicator = Some(true);
    let correlation = ask!(server, V2_1, Hash, first).expect("opened").correlation_value;
    let mut second = hash(sha256, b"bc");
    second.correlation_value = correlation.clone();
    assert_eq!(ask!(server, V2_1, Hash, second).expect("a part").correlation_value, correlation);
    let mut last = hash(sha256, b"");
    (last.data, last.correlation_value, last.final_indicator) = (None, correlation, Some(true));
    assert_eq!(bytes(ask!(server, V2_1, Hash, last).expect("hashed").data), whole);
}

#[test]
fn a_stream_is_bound_to_client_operation_and_key() {
    let server = Server::new();
    let (id, other) = (key(&server), key(&server));
    let correlation = open(&server, &id, &[1; 8]);
    let unknown = Reason::InvalidCorrelationValue;
    refused(ask!(server, V2_1, Encrypt, later(&other, &[1; 8], &correlation, false)), unknown, "another key");
    let correlation = open(&server, &id, &[1; 8]);
    refused(
        ask!(server, V2_1, Decrypt, decrypt_later(&id, &[1; 8], &correlation, false)),
        unknown,
        "another operation",
    );
    let mut request = later(&id, &[1; 8], &correlation, false);
    request.unique_identifier = None;
    refused(ask!(server, "thief", V2_1, Encrypt, request.clone()), unknown, "another client");
    ask!(server, V2_1, Encrypt, request).expect("the stream tells its key, and was not ended by others");
    let request = later(&id, &[1; 8], &ByteString::new(&[0; 16]), false);
    refused(ask!(server, V2_1, Encrypt, request), unknown, "a value that nobody was given");
    let mut request = opening(&id, &[1; 8], cbc);
    request.correlation_value = Some(correlation);
    refused(ask!(server, V2_1, Encrypt, request), Reason::InvalidField, "a beginning in the middle");
}

#[test]
fn revoke_and_destroy_end_the_streams_of_a_key() {
    let server = Server::new();
    let id = key(&server);
    let mut first = decrypt(&id, &[7; 32]);
    first.cryptographic_parameters = boxed(cbc);
    first.iv_counter_nonce = octets(&[0; 16]);
    first.init_indicator = Some(true);
    let first = ask!(server, V2_1, Decrypt, first).expect("opened");
    let correlation = first.correlation_value.expect("a correlation value");
    server.revoke(&id, RevocationReasonCode::Superseded);
    let answer = ask!(server, V2_1, Decrypt, decrypt_later(&id, &[7; 32], &correlation, false));
    refused(answer, Reason::InvalidCorrelationValue, "a deactivated key decrypts, but not on");
    let request = DestroyRequest { unique_identifier: text(&id) };
    ask!(server, V2_1, Destroy, request).expect("destroyed");
    let answer = ask!(server, V2_1, Decrypt, decrypt_later(&id, &[7; 32], &correlation, false));
    refused(answer, Reason::WrongKeyLifecycleState, "destroyed");
}

#[test]
fn a_stream_that_nobody_uses_ends_and_their_number_is_bounded() {
    let server = Server::new();
    let id = key(&server);
    let old = open(&server, &id, &[1; 8]);
    server.advance(299);
    ask!(server, V2_1, Encrypt, later(&id, &[1; 8], &old, false)).expect("in time");
    server.advance(301);
    let late = ask!(server, V2_1, Encrypt, later(&id, &[1; 8], &old, false));
    refused(late, Reason::InvalidCorrelationValue, "too late");
    for _ in 0..64 {
        open(&server, &id, &[1; 8]);
    }
    let more = ask!(server, V2_1, Encrypt, opening(&id, &[1; 8], cbc));
    refused(more, Reason::ServerLimitExceeded, "one too many");
    server.advance(301);
    let answers = server.batch("client", V2_1, vec![item(opening(&id, &[1; 8], cbc)); 65]);
    let opened = answers.iter().filter(|answer| answer.result_status == ResultStatus::Success).count();
    assert_eq!(opened, 64, "one request opens no more than many");
    server.advance(301);
    open(&server, &id, &[1; 8]);
}

#[test]
fn what_fails_ends_its_stream() {
    let server = Server::new();
    let id = key(&server);
    let unpadded = |p: &mut CryptographicParameters| p.block_cipher_mode = Some(Mode::ECB);
    let first = ask!(server, V2_1, Encrypt, opening(&id, &[1; 8], unpadded)).expect("opened");
    let correlation = first.correlation_value.expect("a correlation value");
    let short = ask!(server, V2_1, Encrypt, later(&id, &[1; 1], &correlation, true));
    refused(short, Reason::CryptographicFailure, "no whole block");
    let again = ask!(server, V2_1, Encrypt, later(&id, &[1; 8], &correlation, true));
    refused(again, Reason::InvalidCorrelationValue, "ended");
}

fn item(request: EncryptRequest) -> (Operation, RequestPayload) {
    (Operation::Encrypt, RequestPayload::Encrypt(Box::new(request)))
}

#[test]
fn a_batch_that_is_undone_opens_nothing_and_ends_what_it_touched() {
    let server = Server::new();
    let id = key(&server);
    let correlation = open(&server, &id, &[1; 8]);
    let items = vec![
        item(later(&id, &[1; 8], &correlation, false)),
        item(opening(&id, &[1; 8], cbc)),
        item(encrypt("none", b"")),
    ];
    let mut request = RequestMessage::continuing(V2_1, items);
    request.request_header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Undo);
    let answers = server.exchange("client", &encode(Tag::RequestMessage, &request, V2_1), 0);
    assert_eq!(answers[0].result_status, ResultStatus::OperationUndone);
    // Of the stream that was opened nobody learns.
    assert_eq!((&answers[0].response_payload, &answers[1].response_payload), (&None, &None));
    let answer = ask!(server, V2_1, Encrypt, later(&id, &[1; 8], &correlation, false));
    refused(answer, Reason::InvalidCorrelationValue, "undone");
}

/// A key of which every part is counted, so that every part is a change that can conflict.
fn counted(server: &Server) -> String {
    let mut attributes = active(Mask::Encrypt | Mask::Decrypt);
    attributes.push(Attribute::UsageLimits(UsageLimits {
        usage_limits_total: 1_000,
        usage_limits_count: None,
        usage_limits_unit: UsageLimitsUnit::Byte,
    }));
    server.register(symmetric(Algorithm::AES, &hex("0123456789abcdef0123456789abcdef")), attributes)
}

#[test]
fn a_part_that_is_evaluated_again_is_taken_once() {
    let server = Server::new();
    let id = counted(&server);
    let send = |request: EncryptRequest, conflicts| {
        let bytes = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, vec![item(request)]), V2_1);
        answer!(Encrypt, server.exchange("client", &bytes, conflicts).remove(0)).expect("answered")
    };
    let first = send(opening(&id, &hex("0102030405060708"), cbc), 2);
    let correlation = first.correlation_value.expect("a correlation value");
    let second = send(later(&id, &hex("0910111213141516"), &correlation, false), 3);
    assert_eq!(bytes(second.data), hex("79abc5c23868ad84d388ce61110a6274"));
    let last = send(later(&id, &hex("0102030405060708091011121314151601"), &correlation, true), 1);
    assert_eq!(bytes(last.data), hex("2bda19d694bbcb757dd06617c0d80fb1df2e71864ad9633d7d797e30860df00d"));
    // The same bytes in a new request are a new part.
    let correlation = open(&server, &id, &[1; 16]);
    let one = send(later(&id, &[1; 16], &correlation, false), 1);
    let two = send(later(&id, &[1; 16], &correlation, false), 1);
    assert_ne!(bytes(one.data), bytes(two.data));
}

#[test]
fn a_part_that_fails_fails_alike_when_it_is_evaluated_again() {
    let server = Server::new();
    let (id, counts) = (key(&server), counted(&server));
    let unpadded = |p: &mut CryptographicParameters| p.block_cipher_mode = Some(Mode::ECB);
    let first = ask!(server, V2_1, Encrypt, opening(&id, &[1; 8], unpadded)).expect("opened");
    let correlation = first.correlation_value.expect("a correlation value");
    let items = vec![item(later(&id, &[1; 1], &correlation, true)), item(opening(&counts, &[1; 8], cbc))];
    let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1);
    let mut answers = server.exchange("client", &request, 2);
    answer!(Encrypt, answers.remove(1)).expect("counted, so that the request can conflict");
    refused(answer!(Encrypt, answers.remove(0)), Reason::CryptographicFailure, "no whole block");
    let again = ask!(server, V2_1, Encrypt, later(&id, &[1; 8], &correlation, true));
    refused(again, Reason::InvalidCorrelationValue, "ended");
}

#[test]
fn several_parts_of_a_stream_may_come_in_one_batch() {
    let server = Server::new();
    let id = counted(&server);
    for conflicts in 0..3 {
        let correlation = open(&server, &id, &hex("0102030405060708"));
        let rest = hex("0102030405060708091011121314151601");
        let items = vec![
            item(later(&id, &hex("0910111213141516"), &correlation, false)),
            item(later(&id, &[], &correlation, false)),
            item(later(&id, &rest, &correlation, true)),
            item(later(&id, &[], &correlation, true)),
        ];
        let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1);
        let answers: Vec<_> = server.exchange("client", &request, conflicts).into_iter().collect();
        let [first, _, last, gone] = <[_; 4]>::try_from(answers).expect("an answer to each");
        let first = answer!(Encrypt, first).expect("a part");
        assert_eq!(bytes(first.data), hex("79abc5c23868ad84d388ce61110a6274"));
        let last = bytes(answer!(Encrypt, last).expect("the last part").data);
        assert_eq!(last, hex("2bda19d694bbcb757dd06617c0d80fb1df2e71864ad9633d7d797e30860df00d"));
        refused(answer!(Encrypt, gone), Reason::InvalidCorrelationValue, "after the end");
    }
}

#[test]
fn parts_came_with_1_3() {
    let server = Server::new();
    let id = key(&server);
    let version: Version = V1_2;
    let answer = ask!(server, version, Encrypt, opening(&id, &[1; 16], cbc)).expect("1.2 has no Init Indicator");
    assert_eq!(answer.correlation_value, None);
}

#[test]
fn query_tells_that_data_is_taken_by_parts() {
    let server = Server::new();
    let request = QueryRequest { query_function: vec![QueryFunction::QueryCapabilities], object_groups: None };
    let answer = ask!(server, V2_1, Query, request).expect("capabilities");
    assert_eq!(answer.capability_information.first().expect("some").streaming_capability, Some(true));
}
