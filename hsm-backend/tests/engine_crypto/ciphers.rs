//! Encrypt and Decrypt: the values of the published cases, the choice of parameters, initialization vectors and tags.

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::message::RequestMessage;
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::encrypt::{Data, EncryptResponse};
use kmip_codec::registry::{
    BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, DataEnumeration,
    Operation, PaddingMethod, ResultReason as Reason, Tag,
};
use kmip_codec::version::{V1_2, V1_3, V1_4, V2_0, V2_1, Version};

use crate::support::*;

const BOTH: fn() -> Mask = || Mask::Encrypt | Mask::Decrypt;
const AES_KEY: &str = "0123456789abcdef0123456789abcdef";
const PLAIN: &str = "010203040506070809101112131415160102030405060708091011121314151601";

fn aes(server: &Server) -> String {
    server.key(Algorithm::AES, &hex(AES_KEY), BOTH())
}

fn cbc(parameters: &mut CryptographicParameters) {
    parameters.block_cipher_mode = Some(Mode::CBC);
    parameters.padding_method = Some(PaddingMethod::PKCS5);
}

fn gcm(parameters: &mut CryptographicParameters) {
    parameters.block_cipher_mode = Some(Mode::GCM);
}

fn mode(mode: Mode) -> impl Fn(&mut CryptographicParameters) {
    move |parameters| parameters.block_cipher_mode = Some(mode)
}

/// Encrypts, decrypts what that gives with the initialization vector that it gave, and compares.
#[track_caller]
fn round_trip(
    server: &Server,
    version: Version,
    id: &str,
    set: impl Fn(&mut CryptographicParameters),
    plain: &[u8],
) -> EncryptResponse {
    let mut request = encrypt(id, plain);
    request.cryptographic_parameters = boxed(&set);
    let made = ask!(server, version, Encrypt, request).expect("encrypted");
    let mut request = decrypt(id, &bytes(made.data.clone()));
    request.cryptographic_parameters = boxed(&set);
    request.iv_counter_nonce = made.iv_counter_nonce.clone();
    request.authenticated_encryption_tag = made.authenticated_encryption_tag.clone();
    let found = ask!(server, version, Decrypt, request).expect("decrypted");
    assert_eq!(bytes(found.data), plain);
    made
}

#[test]
fn published_values_come_out() {
    let server = Server::new();
    let id = aes(&server);
    let ecb = |padding| {
        move |p: &mut CryptographicParameters| {
            p.block_cipher_mode = Some(Mode::ECB);
            p.padding_method = padding;
        }
    };
    let block = "01020304050607080910111213141516";
    for version in [V1_2, V1_3, V1_4, V2_0, V2_1] {
        for (padding, made) in [
            (None, "d9bcce11b0b437b90239552df3a360c9"),
            (Some(PaddingMethod::None), "d9bcce11b0b437b90239552df3a360c9"),
            (Some(PaddingMethod::PKCS5), "d9bcce11b0b437b90239552df3a360c90efb6bfed93b4d1ea2123ba4db075ff6"),
        ] {
            let found = round_trip(&server, version, &id, ecb(padding), &hex(block));
            assert_eq!(bytes(found.data), hex(made));
            assert_eq!((found.iv_counter_nonce, found.authenticated_encryption_tag), (None, None));
        }
        let mut request = encrypt(&id, &hex(PLAIN));
        request.cryptographic_parameters = boxed(cbc);
        request.iv_counter_nonce = octets(&hex(block));
        let found = ask!(server, version, Encrypt, request).expect("encrypted");
        let made = bytes(found.data);
        assert_eq!(made.get(..16), Some(hex("79abc5c23868ad84d388ce61110a6274").as_slice()));
        assert_eq!((made.len(), found.iv_counter_nonce), (48, None), "an IV that the client gave is not repeated");
    }
}

#[test]
fn the_request_s_parameters_hold_else_those_of_lowest_index() {
    let server = Server::new();
    let mut attributes = active(BOTH());
    attributes.extend([attribute(mode(Mode::ECB)), attribute(cbc)]);
    let id = server.register(symmetric(Algorithm::AES, &hex(AES_KEY)), attributes);
    let block = hex("01020304050607080910111213141516");
    let by_attribute = ask!(server, V1_4, Encrypt, encrypt(&id, &block)).expect("encrypted");
    assert_eq!(bytes(by_attribute.data), hex("d9bcce11b0b437b90239552df3a360c9"));
    let mut request = encrypt(&id, &block);
    request.cryptographic_parameters = boxed(|_| {});
    let by_attribute = ask!(server, V2_1, Encrypt, request).expect("empty parameters say nothing");
    assert_eq!(bytes(by_attribute.data), hex("d9bcce11b0b437b90239552df3a360c9"));
    let found = round_trip(
        &server,
        V2_1,
        &id,
        |p| {
            cbc(p);
            p.random_iv = Some(true);
        },
        &block,
    );
    assert_eq!(bytes(found.data).len(), 32);
}

#[test]
fn a_random_iv_is_drawn_once_told_and_never_the_same() {
    let server = Server::new();
    let id = aes(&server);
    for (mode, length) in
        [(Mode::CBC, 16), (Mode::CTR, 16), (Mode::CFB, 16), (Mode::OFB, 16), (Mode::GCM, 12), (Mode::CCM, 12)]
    {
        let set = |p: &mut CryptographicParameters| {
            p.block_cipher_mode = Some(mode);
            p.random_iv = Some(true);
        };
        let mut seen = Vec::new();
        for _ in 0..4 {
            let made = round_trip(&server, V2_1, &id, set, &[7; 32]);
            let iv = made.iv_counter_nonce.expect("told");
            assert_eq!(iv.as_slice().len(), length, "{mode}");
            assert!(!seen.contains(&iv), "{mode}");
            seen.push(iv);
        }
        let mut request = encrypt(&id, &[7; 32]);
        request.cryptographic_parameters = boxed(set);
        request.iv_counter_nonce = octets(&vec![9; length]);
        let made = ask!(server, V2_1, Encrypt, request).expect("encrypted");
        assert_eq!(made.iv_counter_nonce, None, "the IV of the request holds");
    }
    let made = round_trip(
        &server,
        V2_1,
        &id,
        |p| {
            p.block_cipher_mode = Some(Mode::ECB);
            p.random_iv = Some(true);
        },
        &[7; 32],
    );
    assert_eq!(made.iv_counter_nonce, None, "ECB has no IV");
}

#[test]
fn iv_length_is_in_bits_and_must_be_that_of_the_iv() {
    let server = Server::new();
    let id = aes(&server);
    let wide = |p: &mut CryptographicParameters| {
        gcm(p);
        p.random_iv = Some(true);
        p.iv_length = Some(128);
    };
    let made = round_trip(&server, V2_1, &id, wide, b"data");
    assert_eq!(made.iv_counter_nonce.expect("told").as_slice().len(), 16);
    // Short ones that are drawn would come twice under one key; a client may give its own.
    for (mode, drawn, taken) in
        [(Mode::GCM, true, false), (Mode::GCM, false, true), (Mode::CCM, true, false), (Mode::CCM, false, true)]
    {
        let mut request = encrypt(&id, b"data");
        request.cryptographic_parameters = boxed(|p| {
            p.block_cipher_mode = Some(mode);
            (p.random_iv, p.iv_length) = (Some(drawn), Some(64));
        });
        request.iv_counter_nonce = octets(&[9; 8]).filter(|_| !drawn);
        assert_eq!(ask!(server, V2_1, Encrypt, request).is_ok(), taken, "{mode}, drawn: {drawn}");
    }
    for (bits, iv) in [(96, 16), (128, 12), (7, 12), (-8, 12)] {
        let mut request = encrypt(&id, b"data");
        request.cryptographic_parameters = boxed(|p| {
            gcm(p);
            p.iv_length = Some(bits);
        });
        request.iv_counter_nonce = octets(&vec![1; iv]);
        refused(ask!(server, V2_1, Encrypt, request), Reason::BadCryptographicParameters, "IV Length");
    }
    for (mode, iv) in [(Mode::CBC, 15), (Mode::CTR, 12), (Mode::CCM, 6), (Mode::CCM, 14), (Mode::XTS, 8)] {
        let mut request = encrypt(&id, &[0; 16]);
        request.cryptographic_parameters = boxed(self::mode(mode));
        request.iv_counter_nonce = octets(&vec![1; iv]);
        refused(ask!(server, V2_1, Encrypt, request), Reason::BadCryptographicParameters, "length of the IV");
    }
}

#[test]
fn counter_mode_completes_a_short_nonce_with_the_initial_counter_value() {
    // RFC 3686 §6, test vector 1: nonce 00000030, IV 0, counter 1.
    let server = Server::new();
    let id = server.key(Algorithm::AES, &hex("ae6852f8121067cc4bf7a5765577f39e"), BOTH());
    let set = |p: &mut CryptographicParameters| {
        p.block_cipher_mode = Some(Mode::CTR);
        p.counter_length = Some(32);
        p.initial_counter_value = Some(1);
    };
    let mut request = encrypt(&id, b"Single block msg");
    request.cryptographic_parameters = boxed(set);
    request.iv_counter_nonce = octets(&hex("000000300000000000000000"));
    let made = ask!(server, V2_1, Encrypt, request).expect("encrypted");
    assert_eq!(bytes(made.data), hex("e4095d4fb7a7b3792d6175a3261311b8"));
    let drawn = round_trip(
        &server,
        V2_1,
        &id,
        |p| {
            set(p);
            p.random_iv = Some(true);
        },
        b"Single block msg",
    );
    assert_eq!(drawn.iv_counter_nonce.expect("told").as_slice().len(), 12);
    for (length, initial) in [(Some(16), 1), (Some(33), 1), (Some(96), 1), (Some(32), -1)] {
        let mut request = encrypt(&id, b"Single block msg");
        request.cryptographic_parameters = boxed(|p| {
            set(p);
            p.counter_length = length;
            p.initial_counter_value = Some(initial);
        });
        request.iv_counter_nonce = octets(&[0; 12]);
        refused(ask!(server, V2_1, Encrypt, request), Reason::BadCryptographicParameters, "counter");
    }
}

#[test]
fn a_tag_has_a_field_of_its_own_from_1_4_and_follows_the_data_before() {
    let server = Server::new();
    let id = aes(&server);
    let set = |p: &mut CryptographicParameters| {
        gcm(p);
        p.random_iv = Some(true);
        p.tag_length = Some(12);
    };
    for version in [V1_4, V2_0, V2_1] {
        let made = round_trip(&server, version, &id, set, b"some data");
        assert_eq!(made.authenticated_encryption_tag.expect("a tag").as_slice().len(), 12);
        assert_eq!(bytes(made.data).len(), 9);
    }
    for version in [V1_2, V1_3] {
        let made = round_trip(&server, version, &id, set, b"some data");
        assert_eq!((made.authenticated_encryption_tag, bytes(made.data).len()), (None, 21));
    }
}

#[test]
fn tags_are_whole_unless_told_and_compared_with_their_additional_data() {
    let server = Server::new();
    let id = aes(&server);
    let mut request = encrypt(&id, b"some data");
    request.cryptographic_parameters = boxed(gcm);
    request.iv_counter_nonce = octets(&[3; 12]);
    request.authenticated_encryption_additional_data = octets(b"more");
    let made = ask!(server, V2_1, Encrypt, request).expect("encrypted");
    let tag = made.authenticated_encryption_tag.expect("a tag");
    assert_eq!(tag.as_slice().len(), 16);
    let good = || {
        let mut request = decrypt(&id, &bytes(made.data.clone()));
        request.cryptographic_parameters = boxed(gcm);
        request.iv_counter_nonce = octets(&[3; 12]);
        request.authenticated_encryption_additional_data = octets(b"more");
        request.authenticated_encryption_tag = Some(tag.clone());
        request
    };
    assert_eq!(bytes(ask!(server, V2_1, Decrypt, good()).expect("decrypted").data), b"some data");
    let mut request = good();
    request.authenticated_encryption_tag = octets(tag.as_slice().get(..12).unwrap());
    assert_eq!(bytes(ask!(server, V2_1, Decrypt, request).expect("the tag tells its length").data), b"some data");
    let mut request = good();
    request.authenticated_encryption_additional_data = octets(b"less");
    refused(ask!(server, V2_1, Decrypt, request), Reason::CryptographicFailure, "additional data");
    let mut request = good();
    request.authenticated_encryption_tag = octets(&[0; 16]);
    refused(ask!(server, V1_4, Decrypt, request), Reason::CryptographicFailure, "tag");
    let mut request = good();
    request.cryptographic_parameters = boxed(|p| {
        gcm(p);
        p.tag_length = Some(12);
    });
    refused(ask!(server, V2_1, Decrypt, request), Reason::BadCryptographicParameters, "length of the tag");
}

#[test]
fn every_other_cipher_goes_there_and_back() {
    let server = Server::new();
    let random = |p: &mut CryptographicParameters| p.random_iv = Some(true);
    let chacha = server.key(Algorithm::ChaCha20, &[5; 32], BOTH());
    let made = round_trip(&server, V2_1, &chacha, random, b"any length");
    assert_eq!(made.iv_counter_nonce.expect("told").as_slice().len(), 12);
    let poly = server.key(Algorithm::ChaCha20Poly1305, &[5; 32], BOTH());
    let made = round_trip(&server, V2_1, &poly, random, b"any length");
    assert_eq!(made.authenticated_encryption_tag.expect("a tag").as_slice().len(), 16);
    round_trip(
        &server,
        V2_1,
        &chacha,
        |p| {
            random(p);
            p.block_cipher_mode = Some(Mode::AEAD);
        },
        b"any length",
    );
    let xts: Vec<u8> = (0..64).collect();
    let xts = server.register(symmetric(Algorithm::AES, &xts), active(BOTH()));
    round_trip(
        &server,
        V2_1,
        &xts,
        |p| {
            random(p);
            p.block_cipher_mode = Some(Mode::XTS);
        },
        &[1; 33],
    );
    let des = server.key(Algorithm::DES3, &hex("0123456789abcdef23456789abcdef01456789abcdef0123"), BOTH());
    round_trip(
        &server,
        V1_4,
        &des,
        |p| {
            cbc(p);
            random(p);
        },
        b"any length",
    );
    let aes = aes(&server);
    round_trip(&server, V2_1, &aes, mode(Mode::NISTKeyWrap), &[1; 24]);
    round_trip(&server, V2_1, &aes, mode(Mode::AESKeyWrapPadding), &[1; 5]);
    let pad = server.register(secret_data(&[9; 8]), active(BOTH()));
    round_trip(&server, V2_1, &pad, |p| p.cryptographic_algorithm = Some(Algorithm::OneTimePad), &[1; 8]);
    // Known data would tell a pad that must not leave.
    for protection in [Attribute::Sensitive(true), Attribute::Extractable(false)] {
        let attributes = active(BOTH()).into_iter().chain([protection]).collect();
        let kept = server.register(secret_data(&[9; 8]), attributes);
        let mut request = encrypt(&kept, &[0; 8]);
        request.cryptographic_parameters = boxed(|p| p.cryptographic_algorithm = Some(Algorithm::OneTimePad));
        refused(ask!(server, V2_1, Encrypt, request), Reason::PermissionDenied, "a pad that must not leave");
    }
}

#[test]
fn data_of_an_earlier_item_is_encrypted() {
    let server = Server::new();
    let id = aes(&server);
    let mut first = encrypt(&id, &[0; 16]);
    first.cryptographic_parameters = boxed(mode(Mode::ECB));
    let back = |reference: Data| {
        let mut second = decrypt(&id, &[]);
        second.cryptographic_parameters = boxed(mode(Mode::ECB));
        second.data = Some(reference);
        let items = vec![
            (Operation::Encrypt, RequestPayload::Encrypt(Box::new(first.clone()))),
            (Operation::Decrypt, RequestPayload::Decrypt(Box::new(second))),
        ];
        answer!(Decrypt, server.batch("client", V2_1, items).remove(1))
    };
    for reference in [Data::Placeholder(DataEnumeration::Encrypt), Data::Index(0), Data::Index(-1)] {
        assert_eq!(bytes(back(reference).expect("decrypted").data), [0; 16]);
    }
    refused(back(Data::Placeholder(DataEnumeration::Hash)), Reason::InvalidField, "no such data");
}

#[test]
fn a_plain_use_changes_nothing() {
    let server = Server::new();
    let id = aes(&server);
    let mut request = encrypt(&id, &[0; 16]);
    request.cryptographic_parameters = boxed(|p| {
        cbc(p);
        p.random_iv = Some(true);
    });
    let items = vec![(Operation::Encrypt, RequestPayload::Encrypt(Box::new(request)))];
    let request = kmip_codec::message::encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1);
    let env = kmip_core::env::Env::new(START, kmip_core::env::Pace::Inline);
    let answer = server.engine.evaluate(&request, "client", env);
    assert!(matches!(answer, kmip_core::engine::Evaluation::Reply(_)), "nothing waits for the store");
}
