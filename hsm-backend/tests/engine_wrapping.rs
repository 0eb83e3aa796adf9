//! Keys that leave wrapped and registered wrapped keys that leave unwrapped, by real messages over the software vault
//! (KMIP 1.4 §2.1.5, §2.1.6; KMIP 2.1 §3.4, §6.1.19, §7.16), with the published vectors of NIST key wrap.

use std::sync::Arc;

use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::attribute::values::{CryptographicParameters, Link, RevocationReason, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, encode};
use kmip_codec::object::{
    EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingSpecification,
    ManagedObject, SecretData, SymmetricKey,
};
use kmip_codec::operation::activate::ActivateRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, EncodingOption, KeyFormatType,
    KeyWrapType, LinkType, Operation, ResultReason, RevocationReasonCode, SecretDataType, Tag, WrappingMethod,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_0, V1_1, V1_4, V2_0, V2_1, Version};
use kmip_codec::wire::Strictness;
use kmip_core::engine::{Engine, Parts};
use kmip_core::env::{Config, Env, Pace};
use kmip_core::testing::engines::{NoUsers, answer};
use kmip_core::testing::store::MemoryStore;

const NOW: i64 = 1_700_000_000;

struct Server {
    engine: Engine,
    store: Arc<MemoryStore>,
}

impl Server {
    fn new() -> Self {
        let vault = Arc::new(SoftwareVault::new(Keystore::ephemeral().unwrap()));
        let (store, seal) = (Arc::new(MemoryStore::new()), vault.record_seal());
        let passwords = Arc::new(NoUsers);
        let parts = Parts { store: store.clone(), vault, seal, passwords, config: Config::default() };
        Self { engine: Engine::open(parts).unwrap(), store }
    }

    fn item(&self, version: Version, operation: Operation, payload: RequestPayload) -> ResponseBatchItem {
        let request = encode(Tag::RequestMessage, &RequestMessage::single(version, operation, payload), version);
        let reply =
            answer(&self.engine, self.store.as_ref(), "client", &request, Env { now: NOW, pace: Pace::Pool }).unwrap();
        decode_response(&reply.bytes, &Limits::DEFAULT, Strictness::Strict).unwrap().batch_item.remove(0)
    }

    #[track_caller]
    fn call(&self, version: Version, operation: Operation, payload: RequestPayload) -> ResponsePayload {
        let item = self.item(version, operation, payload);
        item.response_payload.unwrap_or_else(|| panic!("{:?} {:?}", item.result_reason, item.result_message))
    }

    #[track_caller]
    fn register(&self, version: Version, object: ManagedObject, attributes: Vec<Attribute>) -> String {
        let request = RegisterRequest {
            object_type: object.object_type(),
            attributes: Some(attributes.into_iter().collect()),
            object: Some(object),
            protection_storage_masks: None,
        };
        match self.call(version, Operation::Register, RequestPayload::Register(Box::new(request))) {
            ResponsePayload::Register(made) => made.unique_identifier.as_text().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    /// An active key that may wrap and unwrap.
    fn wrapping_key(&self, bytes: &[u8], more: Vec<Attribute>) -> String {
        let mut attributes = vec![Attribute::ActivationDate(DateTime(NOW))];
        attributes.extend(more);
        if !attributes.iter().any(|attribute| attribute.tag() == Tag::CryptographicUsageMask) {
            attributes.push(Attribute::CryptographicUsageMask(Mask::WrapKey | Mask::UnwrapKey));
        }
        self.register(V2_1, aes(bytes), attributes)
    }

    fn get_item(&self, version: Version, id: &str, ask: impl FnOnce(&mut GetRequest)) -> ResponseBatchItem {
        let mut request = GetRequest {
            unique_identifier: text(id),
            key_format_type: None,
            key_wrap_type: None,
            key_compression_type: None,
            key_wrapping_specification: None,
        };
        ask(&mut request);
        self.item(version, Operation::Get, RequestPayload::Get(Box::new(request)))
    }

    #[track_caller]
    fn get(&self, version: Version, id: &str, ask: impl FnOnce(&mut GetRequest)) -> ManagedObject {
        let item = self.get_item(version, id, ask);
        match item.response_payload {
            Some(ResponsePayload::Get(got)) => got.object,
            _ => panic!("{:?} {:?}", item.result_reason, item.result_message),
        }
    }

    fn wrapped(&self, version: Version, id: &str, specification: KeyWrappingSpecification) -> ResponseBatchItem {
        self.get_item(version, id, |request| request.key_wrapping_specification = Some(Box::new(specification)))
    }
}

fn text(id: &str) -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier::text(id))
}

fn block(bytes: &[u8], algorithm: Option<CryptographicAlgorithm>) -> KeyBlock {
    let key_material = KeyMaterial::Bytes(Secret::copy_from(bytes));
    KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None }))),
        cryptographic_algorithm: algorithm,
        cryptographic_length: algorithm.map(|_| i32::try_from(bytes.len() * 8).unwrap()),
        key_wrapping_data: None,
    }
}

fn aes(bytes: &[u8]) -> ManagedObject {
    let key_block = block(bytes, Some(CryptographicAlgorithm::AES));
    ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))
}

fn secret_data(bytes: &[u8]) -> ManagedObject {
    let key_block = block(bytes, None);
    ManagedObject::SecretData(Box::new(SecretData { secret_data_type: SecretDataType::Password, key_block }))
}

fn parameters(mode: Option<BlockCipherMode>) -> CryptographicParameters {
    CryptographicParameters { block_cipher_mode: mode, ..CryptographicParameters::default() }
}

fn under(key: &str, mode: Option<BlockCipherMode>, encoding: Option<EncodingOption>) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: UniqueIdentifier::text(key),
            cryptographic_parameters: mode.map(|mode| parameters(Some(mode))),
        }),
        mac_signature_key_information: None,
        attribute_references: Vec::new(),
        encoding_option: encoding,
    }
}

const KW: Option<BlockCipherMode> = Some(BlockCipherMode::NISTKeyWrap);
const KWP: Option<BlockCipherMode> = Some(BlockCipherMode::AESKeyWrapPadding);
const BARE: Option<EncodingOption> = Some(EncodingOption::NoEncoding);

fn value_of(object: &ManagedObject) -> Vec<u8> {
    match object.key_block().and_then(|block| block.key_value.as_ref()) {
        Some(KeyValue::Wrapped(bytes)) => bytes.expose_secret().to_vec(),
        Some(KeyValue::Plain(structure)) => match &structure.key_material {
            KeyMaterial::Bytes(bytes) => bytes.expose_secret().to_vec(),
            KeyMaterial::Transparent(_) => panic!("bytes were expected"),
        },
        None => panic!("no key value"),
    }
}

#[track_caller]
fn object_of(item: ResponseBatchItem) -> ManagedObject {
    match item.response_payload {
        Some(ResponsePayload::Get(got)) => got.object,
        _ => panic!("{:?} {:?}", item.result_reason, item.result_message),
    }
}

#[track_caller]
fn reason(item: &ResponseBatchItem) -> ResultReason {
    assert!(item.response_payload.is_none(), "it was served");
    item.result_reason.unwrap()
}

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
    assert_eq!(reason(&odd), ResultReason::CryptographicFailure, "KW takes multiples of 8 bytes only");
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

/// The wrapping key must be there, be Active, be a key, and permit it, with reasons by version (KMIP 1.4 table 338).
#[test]
fn the_wrapping_key_must_permit_it() {
    let server = Server::new();
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let mask = Attribute::CryptographicUsageMask;
    let pre_active = server.register(V2_1, aes(&[3; 16]), vec![mask(Mask::WrapKey)]);
    let encrypts = server.wrapping_key(&[3; 16], vec![mask(Mask::Encrypt)]);
    let unwraps = server.wrapping_key(&[3; 16], vec![mask(Mask::UnwrapKey)]);
    let stopped = server.wrapping_key(&[3; 16], vec![Attribute::ProtectStopDate(DateTime(NOW))]);
    let no_key = server.register(V2_1, secret_data(b"password"), vec![mask(Mask::WrapKey)]);
    let destroyed = server.register(V2_1, aes(&[3; 16]), vec![mask(Mask::WrapKey)]);
    let gone = RequestPayload::Destroy(Box::new(DestroyRequest { unique_identifier: text(&destroyed) }));
    server.call(V2_1, Operation::Destroy, gone);
    use ResultReason as R;
    for (key, v1, v2_0, v2_1) in [
        (pre_active.as_str(), R::PermissionDenied, R::PermissionDenied, R::WrongKeyLifecycleState),
        (&stopped, R::PermissionDenied, R::PermissionDenied, R::WrongKeyLifecycleState),
        (&encrypts, R::PermissionDenied, R::IncompatibleCryptographicUsageMask, R::IncompatibleCryptographicUsageMask),
        (&unwraps, R::PermissionDenied, R::IncompatibleCryptographicUsageMask, R::IncompatibleCryptographicUsageMask),
        (&no_key, R::IllegalOperation, R::InvalidObjectType, R::InvalidObjectType),
        (&destroyed, R::ItemNotFound, R::WrappingObjectDestroyed, R::WrappingObjectDestroyed),
        ("none", R::ItemNotFound, R::WrappingObjectNotFound, R::WrappingObjectNotFound),
    ] {
        for (version, expected) in [(V1_0, v1), (V1_4, v1), (V2_0, v2_0), (V2_1, v2_1)] {
            assert_eq!(reason(&server.wrapped(version, &id, under(key, KW, None))), expected, "KMIP {version}");
        }
    }
    let activate = RequestPayload::Activate(Box::new(ActivateRequest { unique_identifier: text(&pre_active) }));
    server.call(V2_1, Operation::Activate, activate);
    object_of(server.wrapped(V2_1, &id, under(&pre_active, KW, None)));
}

/// KMIP 1.4 table 338: parameters must be named, must be those of a key wrap, and must be among the key's own.
#[test]
fn parameters_must_fit() {
    let server = Server::new();
    let id = server.register(V2_1, aes(&[7; 16]), vec![]);
    let free = server.wrapping_key(&[3; 16], vec![]);
    let own = Attribute::CryptographicParameters(Box::new(parameters(KWP)));
    let bound = server.wrapping_key(&[3; 16], vec![own]);
    let tried = |version, key: &str, mode| reason(&server.wrapped(version, &id, under(key, mode, None)));
    assert_eq!(tried(V1_4, &free, None), ResultReason::ItemNotFound);
    assert_eq!(tried(V2_1, &free, None), ResultReason::BadCryptographicParameters);
    assert_eq!(tried(V1_4, &bound, KW), ResultReason::ItemNotFound);
    assert_eq!(tried(V2_1, &bound, KW), ResultReason::BadCryptographicParameters);
    assert_eq!(tried(V2_1, &free, Some(BlockCipherMode::PCBC)), ResultReason::BadCryptographicParameters);
    object_of(server.wrapped(V2_1, &id, under(&bound, KWP, None)));
    object_of(server.wrapped(V2_1, &id, under(&bound, None, None)));
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
    assert_eq!(reason(&server.wrapped(V2_1, &id, under(&kek, KW, None))), ResultReason::WrongKeyLifecycleState);
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
