//! Keys that are encrypted: NIST key wrap with its published vectors, the other modes, and RSA pairs.

use kmip_codec::attribute::values::{CryptographicParameters, Link, RevocationReason, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::object::KeyValue;
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    BlockCipherMode, CryptographicUsageMask as Mask, EncodingOption, KeyWrapType, LinkType, Operation, PaddingMethod,
    ResultReason, RevocationReasonCode, Tag, WrappingMethod,
};
use kmip_codec::secret::Secret;
use kmip_codec::version::{V1_1, V1_4, V2_0, V2_1};

use crate::support::*;

/// RFC 3394 §4.6: 256 bits of key data with a 256-bit key, in every version that has No Encoding.
#[test]
fn kw_gives_the_published_vector() {
    let kek: Vec<u8> = (0..32).collect();
    let key = hex::decode("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f").unwrap();
    let expected = "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21";
    let server = Server::new();
    let (kek, key) = (server.wrapping_key(&kek, vec![]), server.register(V2_1, aes(&key), vec![]));
    for version in [V1_1, V1_4, V2_0, V2_1] {
        let object = object_of(server.wrapped(version, &key, under(&kek, KW, BARE)));
        assert_eq!(hex::encode(value_of(&object)), expected, "KMIP {version}");
        let data = object.key_block().unwrap().key_wrapping_data.as_ref().unwrap();
        assert_eq!((data.wrapping_method, data.encoding_option), (WrappingMethod::Encrypt, BARE));
        let information = data.encryption_key_information.as_ref().unwrap();
        assert_eq!(information.unique_identifier.as_text(), Some(kek.as_str()));
    }
}

/// RFC 5649 §6: 20 octets of key data with a 192-bit key.
#[test]
fn kwp_gives_the_published_vector() {
    let kek = hex::decode("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8").unwrap();
    let data = hex::decode("c37b7e6492584340bed12207808941155068f738").unwrap();
    let server = Server::new();
    let (kek, id) = (server.wrapping_key(&kek, vec![]), server.register(V2_1, secret_data(&data), vec![]));
    let object = object_of(server.wrapped(V2_1, &id, under(&kek, KWP, BARE)));
    let expected = "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a";
    assert_eq!(hex::encode(value_of(&object)), expected);
    let odd = server.wrapped(V2_1, &id, under(&kek, KW, BARE));
    assert_eq!(reason(&odd), ResultReason::EncodingOptionError, "KW takes multiples of 8 bytes only");
}

/// What left wrapped comes back: registered as it is, linked to its wrapping key, and unwrapped on request.
#[test]
fn a_wrapped_key_comes_back() {
    for version in [V1_4, V2_0, V2_1] {
        for (mode, encoding) in [(KW, BARE), (KWP, BARE), (KW, None), (KWP, Some(EncodingOption::TTLVEncoding))] {
            let server = Server::new();
            let kek = server.wrapping_key(&[3; 32], vec![]);
            let id = server.register(version, aes(&[7; 32]), vec![]);
            let wrapped = object_of(server.wrapped(version, &id, under(&kek, mode, encoding)));
            let back = server.register(version, wrapped.clone(), vec![]);
            assert_eq!(server.get(version, &back, |_| {}), wrapped, "as registered");
            let plain = server.get(version, &back, |request| request.key_wrap_type = Some(KeyWrapType::NotWrapped));
            assert_eq!(value_of(&plain), [7; 32]);
            assert!(plain.key_block().unwrap().key_wrapping_data.is_none());
            let link =
                Link { link_type: LinkType::WrappingKeyLink, linked_object_identifier: UniqueIdentifier::text(&kek) };
            let request = GetAttributesRequest { unique_identifier: text(&back), attribute_references: Vec::new() };
            let payload = RequestPayload::GetAttributes(Box::new(request));
            let ResponsePayload::GetAttributes(got) = server.call(V2_1, Operation::GetAttributes, payload) else {
                panic!("another operation answered")
            };
            assert!(got.attributes.unwrap().attributes().any(|attribute| *attribute == Attribute::Link(link.clone())));
        }
    }
}

/// What wraps does not unwrap, or a key that must not leave could be had by whoever may use its wrapping key (KMIP 2.1 §12.1);
/// the published cases of 1.4 want it otherwise.
#[test]
fn a_key_that_wraps_only_does_not_unwrap() {
    let server = Server::new();
    let kek = server.wrapping_key(&[3; 32], vec![Attribute::CryptographicUsageMask(Mask::WrapKey)]);
    let id = server.register(V2_1, aes(&[7; 32]), vec![Attribute::Sensitive(true)]);
    let wrapped = object_of(server.wrapped(V2_1, &id, under(&kek, KW, None)));
    let back = server.register(V2_1, wrapped, vec![]);
    let ask =
        |version| server.get_item(version, &back, |request| request.key_wrap_type = Some(KeyWrapType::NotWrapped));
    for version in [V2_0, V2_1] {
        assert_eq!(reason(&ask(version)), ResultReason::IncompatibleCryptographicUsageMask);
    }
    object_of(ask(V1_4));
}

/// KMIP 1.4 §2.1.6: attributes are wrapped with the key in TTLV encoding, and cannot be with No Encoding.
#[test]
fn named_attributes_are_wrapped_with_the_key() {
    for version in [V1_4, V2_1] {
        let server = Server::new();
        let kek = server.wrapping_key(&[3; 16], vec![]);
        let id = server.register(version, aes(&[7; 16]), vec![Attribute::ContactInformation("ops".into())]);
        let with_names = |encoding| {
            let mut specification = under(&kek, KWP, encoding);
            specification.attribute_references = vec![AttributeReference::Tag(Tag::ContactInformation)];
            server.wrapped(version, &id, specification)
        };
        assert_eq!(reason(&with_names(BARE)), ResultReason::EncodingOptionError);
        let back = server.register(version, object_of(with_names(None)), vec![]);
        let plain = server.get(version, &back, |request| request.key_wrap_type = Some(KeyWrapType::NotWrapped));
        let Some(KeyValue::Plain(structure)) = &plain.key_block().unwrap().key_value else { panic!("wrapped") };
        let attributes: Vec<_> = structure.attributes.as_ref().unwrap().attributes().cloned().collect();
        assert_eq!(attributes, [Attribute::ContactInformation("ops".into())]);
    }
}

/// KMIP 2.1 §4.22, §4.56: a Sensitive key leaves wrapped, one that is not Extractable does not leave at all.
#[test]
fn sensitive_keys_leave_wrapped_only() {
    let server = Server::new();
    let kek = server.wrapping_key(&[3; 32], vec![]);
    let sensitive = server.register(V2_1, aes(&[7; 16]), vec![Attribute::Sensitive(true)]);
    assert_eq!(reason(&server.get_item(V2_1, &sensitive, |_| {})), ResultReason::Sensitive);
    object_of(server.wrapped(V2_1, &sensitive, under(&kek, KW, None)));
    let kept = server.register(V2_1, aes(&[7; 16]), vec![Attribute::Extractable(false)]);
    assert_eq!(reason(&server.wrapped(V2_1, &kept, under(&kek, KW, None))), ResultReason::NotExtractable);
}

/// A key that was revoked wraps no more, yet what it wrapped can still be unwrapped (KMIP 2.1 §4.57).
#[test]
fn a_deactivated_key_unwraps_but_does_not_wrap() {
    let server = Server::new();
    let kek = server.wrapping_key(&[3; 16], vec![]);
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let wrapped = object_of(server.wrapped(V2_1, &id, under(&kek, KW, None)));
    let back = server.register(V2_1, wrapped, vec![]);
    let revocation_reason = Some(RevocationReason {
        revocation_reason_code: RevocationReasonCode::CessationOfOperation,
        revocation_message: None,
    });
    let revoke = RevokeRequest { unique_identifier: text(&kek), revocation_reason, compromise_occurrence_date: None };
    server.call(V2_1, Operation::Revoke, RequestPayload::Revoke(Box::new(revoke)));
    assert_eq!(reason(&server.wrapped(V2_1, &id, under(&kek, KW, None))), ResultReason::PermissionDenied);
    let plain = server.get(V2_1, &back, |request| request.key_wrap_type = Some(KeyWrapType::NotWrapped));
    assert_eq!(value_of(&plain), [7; 16]);
}

/// A changed or foreign wrapped value does not unwrap, and the answer says no more than that.
#[test]
fn what_was_altered_does_not_unwrap() {
    let server = Server::new();
    let kek = server.wrapping_key(&[3; 16], vec![]);
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let mut wrapped = object_of(server.wrapped(V2_1, &id, under(&kek, KW, None)));
    let mut bytes = value_of(&wrapped);
    bytes[5] ^= 1;
    wrapped.key_block_mut().unwrap().key_value = Some(KeyValue::Wrapped(Secret::copy_from(&bytes)));
    let back = server.register(V2_1, wrapped, vec![]);
    let item = server.get_item(V2_1, &back, |request| request.key_wrap_type = Some(KeyWrapType::NotWrapped));
    assert_eq!(reason(&item), ResultReason::CryptographicFailure);
    // Nor does one that is of another length than its key block says.
    let longer = server.register(V2_1, aes(&[7; 32]), vec![]);
    let mut wrapped = object_of(server.wrapped(V2_1, &longer, under(&kek, KW, None)));
    let block = wrapped.key_block_mut().unwrap();
    assert_eq!(block.cryptographic_length.replace(128), Some(256));
    let back = server.register(V2_1, wrapped, vec![]);
    let item = server.get_item(V2_1, &back, |request| request.key_wrap_type = Some(KeyWrapType::NotWrapped));
    assert_eq!(reason(&item), ResultReason::CryptographicFailure);
}

#[test]
fn every_mode_of_encryption_wraps_and_what_it_wraps_comes_back() {
    let server = Server::new();
    let id = server.wrapping_key(&[1; 16], Vec::new());
    let key = server.register(V2_1, aes(&[7; 32]), Vec::new());
    for mode in [
        BlockCipherMode::CBC,
        BlockCipherMode::CTR,
        BlockCipherMode::CFB,
        BlockCipherMode::OFB,
        BlockCipherMode::GCM,
        BlockCipherMode::CCM,
        BlockCipherMode::ECB,
    ] {
        let specification = under(&id, Some(mode), Some(EncodingOption::NoEncoding));
        let wrapped = object_of(server.wrapped(V2_1, &key, specification));
        let data = wrapped.key_block().unwrap().key_wrapping_data.as_ref().expect("wrapped");
        let iv = data.iv_counter_nonce.as_ref().map(|iv| iv.as_slice().len());
        let (length, tag) = match mode {
            BlockCipherMode::ECB => (None, 0),
            BlockCipherMode::GCM | BlockCipherMode::CCM => (Some(12), 16),
            _ => (Some(16), 0),
        };
        assert_eq!((iv, value_of(&wrapped).len()), (length, 32 + tag), "{mode}");
        assert_ne!(value_of(&wrapped).get(..32), Some([7; 32].as_slice()), "{mode}");
        let again = server.register(V2_1, wrapped, Vec::new());
        let back = server.get(V2_1, &again, |request| request.key_wrap_type = Some(KeyWrapType::NotWrapped));
        assert_eq!(value_of(&back), [7; 32], "{mode}");
    }
}

/// A public key wraps; its Key Wrapping Data names it, and the private key that unwraps is found by the link.
#[test]
fn an_rsa_pair_wraps_and_unwraps() {
    let server = Server::new();
    let (_, public) = server.pair(None, Mask::UnwrapKey, Mask::WrapKey);
    let id = server.register(V2_1, aes(&[7; 32]), vec![]);
    for padding_method in [PaddingMethod::OAEP, PaddingMethod::PKCS1V1_5] {
        let mut specification = under(&public, None, BARE);
        specification.encryption_key_information.as_mut().unwrap().cryptographic_parameters =
            Some(CryptographicParameters {
                padding_method: Some(padding_method),
                ..CryptographicParameters::default()
            });
        let wrapped = object_of(server.wrapped(V2_1, &id, specification));
        assert_eq!(value_of(&wrapped).len(), 256);
        assert_eq!(value_of(&object_of(server.come_back(V2_1, wrapped))), [7; 32]);
    }
}

/// Attributes within a wrapped Key Value stand as the version that wrapped them has them; another version reads them too.
#[test]
fn what_one_version_wrapped_another_unwraps() {
    let server = Server::new();
    let key = server.wrapping_key(&[3; 32], vec![]);
    for (wraps, unwraps) in [(V1_4, V2_1), (V2_1, V1_4), (V1_1, V2_0)] {
        let id = server.register(wraps, aes(&[7; 32]), vec![Attribute::ContactInformation("ops".into())]);
        let mut specification = under(&key, KWP, None);
        let name = AttributeReference::Tag(Tag::ContactInformation);
        specification.attribute_references = vec![name.clone(), name];
        let wrapped = object_of(server.wrapped(wraps, &id, specification));
        let plain = object_of(server.come_back(unwraps, wrapped));
        let Some(KeyValue::Plain(structure)) = &plain.key_block().unwrap().key_value else { panic!("wrapped") };
        let attributes: Vec<_> = structure.attributes.as_ref().unwrap().attributes().cloned().collect();
        assert_eq!(attributes, [Attribute::ContactInformation("ops".into())], "named twice, wrapped once");
    }
}
