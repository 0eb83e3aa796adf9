//! Keys with a code or signature: MAC/sign, Encrypt then MAC/sign, MAC/sign then encrypt (KMIP 2.1 §11.62).

use hmac::{Hmac, KeyInit, Mac};
use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::object::{KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingData, ManagedObject};
use kmip_codec::registry::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, EncodingOption, HashingAlgorithm,
    PaddingMethod, RecommendedCurve, ResultReason, Tag, WrappingMethod as Method,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::{V1_0, V1_4, V2_0, V2_1};
use sha2::Sha256;

use crate::support::*;

const METHODS: [Method; 3] = [Method::MACSign, Method::EncryptThenMACSign, Method::MACSignThenEncrypt];

fn encrypts(method: Method) -> bool {
    method != Method::MACSign
}

fn data_of(object: &ManagedObject) -> &KeyWrappingData {
    object.key_block().unwrap().key_wrapping_data.as_ref().unwrap()
}

fn data_mut(object: &mut ManagedObject) -> &mut KeyWrappingData {
    object.key_block_mut().unwrap().key_wrapping_data.as_mut().unwrap()
}

/// HMAC-SHA-256 by a second implementation with the key of [`Server::key_for`].
fn hmac_of(bytes: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&[5; 32]).unwrap();
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

/// The Key Value of a raw 32-byte key as TTLV, written by hand.
fn encoded_key_value(key: &[u8; 32]) -> Vec<u8> {
    let mut bytes = vec![0x42, 0x00, 0x45, 0x01, 0, 0, 0, 40, 0x42, 0x00, 0x43, 0x08, 0, 0, 0, 32];
    bytes.extend(key);
    bytes
}

struct Keys {
    encryption: String,
    code: String,
}

impl Keys {
    fn new(server: &Server) -> Self {
        let encryption = server.wrapping_key(&[3; 32], vec![]);
        Self { encryption, code: server.key_for(Mask::MACGenerate | Mask::MACVerify, Algorithm::HMAC_SHA256, vec![]) }
    }

    fn by(&self, method: Method, encoding: Option<EncodingOption>) -> kmip_codec::object::KeyWrappingSpecification {
        let encryption = encrypts(method).then_some(self.encryption.as_str());
        by(method, encryption, Some((&self.code, hmac())), encoding)
    }
}

/// What the code covers, against HMAC of another library and a Key Value written by hand.
#[test]
fn the_code_covers_the_key_value_as_it_is_encoded_or_encrypted() {
    let server = Server::new();
    let keys = Keys::new(&server);
    let id = server.register(V2_1, aes(&[7; 32]), vec![]);
    for version in [V1_4, V2_0, V2_1] {
        for (encoding, covered) in [(BARE, vec![7; 32]), (None, encoded_key_value(&[7; 32]))] {
            for method in METHODS {
                let object = object_of(server.wrapped(version, &id, keys.by(method, encoding)));
                let (value, data) = (value_of(&object), data_of(&object));
                let expected = match method {
                    Method::EncryptThenMACSign => hmac_of(&value),
                    _ => hmac_of(&covered),
                };
                let code = data.mac_signature.as_ref().map(ByteString::as_slice);
                assert_eq!(code, Some(expected.as_slice()), "KMIP {version} {method}");
                assert_eq!(value == covered, !encrypts(method), "KMIP {version} {method}");
                assert_eq!((data.wrapping_method, data.iv_counter_nonce.is_some()), (method, encrypts(method)));
                assert_eq!(data.encryption_key_information.is_some(), encrypts(method));
                let named = data.mac_signature_key_information.as_ref().unwrap().unique_identifier.as_ref();
                assert_eq!(named.and_then(|id| id.as_text()), Some(keys.code.as_str()));
            }
        }
    }
}

/// Every method and encoding: the key comes back, from 1.0 on (which cannot ask for it unwrapped: 1.4 does).
#[test]
fn a_key_comes_back_by_every_method() {
    for version in [V1_0, V1_4, V2_0, V2_1] {
        for method in METHODS {
            for encoding in [BARE, None] {
                let server = Server::new();
                let keys = Keys::new(&server);
                let id = server.register(version, aes(&[7; 32]), vec![]);
                let wrapped = object_of(server.wrapped(version, &id, keys.by(method, encoding)));
                let back = server.register(version, wrapped.clone(), vec![]);
                assert_eq!(server.get(version, &back, |_| {}), wrapped, "as registered");
                assert_eq!(
                    value_of(&object_of(server.come_back(version.max(V1_4), wrapped))),
                    [7; 32],
                    "KMIP {version} {method}"
                );
            }
        }
    }
}

/// A changed value, code or initialization vector, and a code that was left out, do not unwrap, all with one answer.
#[test]
fn what_was_altered_does_not_unwrap() {
    type Alter = fn(&mut ManagedObject);
    let flip_value: Alter = |object| {
        let mut bytes = value_of(object);
        *bytes.last_mut().unwrap() ^= 1;
        object.key_block_mut().unwrap().key_value = Some(KeyValue::Wrapped(Secret::copy_from(&bytes)));
    };
    let flip_code: Alter = |object| {
        let mut code = data_of(object).mac_signature.as_ref().unwrap().as_slice().to_vec();
        code[0] ^= 1;
        data_mut(object).mac_signature = Some(ByteString::new(&code));
    };
    let no_code: Alter = |object| data_mut(object).mac_signature = None;
    let server = Server::new();
    let keys = Keys::new(&server);
    let id = server.register(V2_1, aes(&[7; 32]), vec![]);
    let mut messages = std::collections::BTreeSet::new();
    for method in METHODS {
        for alter in [flip_value, flip_code, no_code] {
            let mut wrapped = object_of(server.wrapped(V2_1, &id, keys.by(method, None)));
            alter(&mut wrapped);
            let item = server.come_back(V2_1, wrapped);
            assert_eq!(reason(&item), ResultReason::CryptographicFailure, "{method}");
            messages.insert(item.result_message.unwrap().to_string());
        }
    }
    assert_eq!(messages.len(), 1, "{messages:?}");
}

fn sha256(padding_method: Option<PaddingMethod>) -> CryptographicParameters {
    CryptographicParameters {
        hashing_algorithm: Some(HashingAlgorithm::SHA_256),
        padding_method,
        ..CryptographicParameters::default()
    }
}

/// A private key signs and its public key checks, whichever of the two is named (KMIP 2.1 §3.3 table 17).
#[test]
fn pairs_sign_keys_by_either_name() {
    let server = Server::new();
    let encryption = server.wrapping_key(&[3; 32], vec![]);
    let id = server.register(V2_1, aes(&[7; 32]), vec![]);
    for (curve, parameters) in [
        (None, sha256(Some(PaddingMethod::PKCS1V1_5))),
        (None, sha256(Some(PaddingMethod::PSS))),
        (Some(RecommendedCurve::P_256), sha256(None)),
    ] {
        let (private, public) = server.pair(curve, Mask::Sign, Mask::Verify);
        for named in [&private, &public] {
            for method in METHODS {
                let code = Some((named.as_str(), parameters.clone()));
                let specification = by(method, encrypts(method).then_some(encryption.as_str()), code, None);
                let mut wrapped = object_of(server.wrapped(V2_1, &id, specification));
                assert_eq!(value_of(&object_of(server.come_back(V2_1, wrapped.clone()))), [7; 32], "{method}");
                let mut signature = data_of(&wrapped).mac_signature.as_ref().unwrap().as_slice().to_vec();
                *signature.last_mut().unwrap() ^= 1;
                data_mut(&mut wrapped).mac_signature = Some(ByteString::new(&signature));
                assert_eq!(reason(&server.come_back(V2_1, wrapped)), ResultReason::CryptographicFailure);
            }
        }
    }
}

/// A Key Value that only has a code may be registered as a structure (KMIP 2.1 §3.2), and named attributes are under the code.
#[test]
fn a_structure_with_a_code_is_checked_with_its_attributes() {
    for version in [V1_4, V2_1] {
        let server = Server::new();
        let keys = Keys::new(&server);
        let id = server.register(version, aes(&[7; 32]), vec![Attribute::ContactInformation("ops".into())]);
        let mut specification = keys.by(Method::MACSign, None);
        specification.attribute_references = vec![AttributeReference::Tag(Tag::ContactInformation)];
        let mut wrapped = object_of(server.wrapped(version, &id, specification));
        let plain = object_of(server.come_back(version, wrapped.clone()));
        let value = plain.key_block().unwrap().key_value.clone();
        let Some(KeyValue::Plain(structure)) = &value else { panic!("a structure") };
        let attributes: Vec<_> = structure.attributes.as_ref().unwrap().attributes().cloned().collect();
        assert_eq!(attributes, [Attribute::ContactInformation("ops".into())]);
        wrapped.key_block_mut().unwrap().key_value = value;
        assert_eq!(value_of(&object_of(server.come_back(version, wrapped.clone()))), [7; 32]);
        let key_material = KeyMaterial::Bytes(Secret::copy_from(&[7; 32]));
        let bare = KeyValueStructure { key_material, attributes: None };
        wrapped.key_block_mut().unwrap().key_value = Some(KeyValue::Plain(Box::new(bare)));
        assert_eq!(reason(&server.come_back(version, wrapped)), ResultReason::CryptographicFailure);
    }
}

/// A code hides nothing: a Sensitive key does not leave with it alone, in any way (KMIP 2.1 §4.55).
#[test]
fn a_sensitive_key_does_not_leave_with_a_code_alone() {
    let server = Server::new();
    let keys = Keys::new(&server);
    let sensitive = || vec![Attribute::Sensitive(true)];
    let id = server.register(V2_1, aes(&[7; 32]), sensitive());
    let with = |method| server.wrapped(V2_1, &id, keys.by(method, None));
    assert_eq!(reason(&with(Method::MACSign)), ResultReason::Sensitive);
    let encrypted = object_of(with(Method::EncryptThenMACSign));
    object_of(with(Method::MACSignThenEncrypt));
    let open = server.register(V2_1, aes(&[7; 32]), vec![]);
    let coded = object_of(server.wrapped(V2_1, &open, keys.by(Method::MACSign, None)));
    let held = server.register(V2_1, coded, sensitive());
    assert_eq!(reason(&server.get_item(V2_1, &held, |_| {})), ResultReason::Sensitive);
    let held = server.register(V2_1, encrypted.clone(), sensitive());
    assert_eq!(server.get(V2_1, &held, |_| {}), encrypted, "it leaves as it came");
}
