//! An engine over the software vault, keys in it, and Get with a Key Wrapping Specification.

use std::sync::Arc;

use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::attribute::values::{
    CryptographicDomainParameters, CryptographicParameters, UniqueIdentifier, UsageLimits,
};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, encode};
use kmip_codec::object::{
    EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingSpecification,
    MacSignatureKeyInformation, ManagedObject, SecretData, SymmetricKey,
};
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, EncodingOption, KeyFormatType,
    KeyWrapType, Operation, RecommendedCurve, ResultReason, SecretDataType, Tag, UsageLimitsUnit, WrappingMethod,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V2_1, Version};
use kmip_codec::wire::Strictness;
use kmip_core::engine::{Engine, Parts};
use kmip_core::env::{Config, Env, Pace};
use kmip_core::layout;
use kmip_core::object::Record;
use kmip_core::ports::store::{Batch, Guard, Store, Write};
use kmip_core::testing::engines::{NoUsers, answer};
use kmip_core::testing::store::MemoryStore;

pub const NOW: i64 = 1_700_000_000;

pub struct Server {
    pub engine: Engine,
    pub store: Arc<MemoryStore>,
}

impl Server {
    pub fn new() -> Self {
        let vault = Arc::new(SoftwareVault::new(Keystore::ephemeral().unwrap()));
        let (store, seal) = (Arc::new(MemoryStore::new()), vault.record_seal());
        let passwords = Arc::new(NoUsers);
        let parts = Parts { store: store.clone(), vault, seal, passwords, config: Config::default() };
        Self { engine: Engine::open(parts).unwrap(), store }
    }

    pub fn item(&self, version: Version, operation: Operation, payload: RequestPayload) -> ResponseBatchItem {
        let request = encode(Tag::RequestMessage, &RequestMessage::single(version, operation, payload), version);
        let reply = answer(&self.engine, self.store.as_ref(), "client", &request, Env::new(NOW, Pace::Pool)).unwrap();
        decode_response(&reply.bytes, &Limits::DEFAULT, Strictness::Strict).unwrap().batch_item.remove(0)
    }

    #[track_caller]
    pub fn call(&self, version: Version, operation: Operation, payload: RequestPayload) -> ResponsePayload {
        let item = self.item(version, operation, payload);
        item.response_payload.unwrap_or_else(|| panic!("{:?} {:?}", item.result_reason, item.result_message))
    }

    #[track_caller]
    pub fn register(&self, version: Version, object: ManagedObject, attributes: Vec<Attribute>) -> String {
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
    pub fn wrapping_key(&self, bytes: &[u8], more: Vec<Attribute>) -> String {
        let mut attributes = vec![Attribute::ActivationDate(DateTime(NOW))];
        attributes.extend(more);
        if !attributes.iter().any(|attribute| attribute.tag() == Tag::CryptographicUsageMask) {
            attributes.push(Attribute::CryptographicUsageMask(Mask::WrapKey | Mask::UnwrapKey));
        }
        self.register(V2_1, aes(bytes), attributes)
    }

    pub fn get_item(&self, version: Version, id: &str, ask: impl FnOnce(&mut GetRequest)) -> ResponseBatchItem {
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
    pub fn get(&self, version: Version, id: &str, ask: impl FnOnce(&mut GetRequest)) -> ManagedObject {
        let item = self.get_item(version, id, ask);
        match item.response_payload {
            Some(ResponsePayload::Get(got)) => got.object,
            _ => panic!("{:?} {:?}", item.result_reason, item.result_message),
        }
    }

    pub fn wrapped(&self, version: Version, id: &str, specification: KeyWrappingSpecification) -> ResponseBatchItem {
        self.get_item(version, id, |request| request.key_wrapping_specification = Some(Box::new(specification)))
    }

    /// Registers what left wrapped and asks for it unwrapped.
    pub fn come_back(&self, version: Version, object: ManagedObject) -> ResponseBatchItem {
        let id = self.register(version, object, vec![]);
        self.get_item(version, &id, |request| request.key_wrap_type = Some(KeyWrapType::NotWrapped))
    }

    /// An active key for a purpose.
    pub fn key_for(&self, mask: Mask, algorithm: CryptographicAlgorithm, more: Vec<Attribute>) -> String {
        let key_block = block(&[5; 32], Some(algorithm));
        let mut attributes = vec![Attribute::ActivationDate(DateTime(NOW)), Attribute::CryptographicUsageMask(mask)];
        attributes.extend(more);
        self.register(V2_1, ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block })), attributes)
    }

    /// An active pair: private key and public key.
    pub fn pair(&self, curve: Option<RecommendedCurve>, private: Mask, public: Mask) -> (String, String) {
        let mut common = vec![Attribute::ActivationDate(DateTime(NOW))];
        match curve {
            None => common.extend([
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
                Attribute::CryptographicLength(2048),
            ]),
            Some(curve) => common.extend([
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
                Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
                    qlength: None,
                    recommended_curve: Some(curve),
                }),
            ]),
        }
        let bag = |mask| Some([Attribute::CryptographicUsageMask(mask)].into_iter().collect());
        let request = CreateKeyPairRequest {
            common_attributes: Some(common.into_iter().collect()),
            private_key_attributes: bag(private),
            public_key_attributes: bag(public),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        };
        match self.call(V2_1, Operation::CreateKeyPair, RequestPayload::CreateKeyPair(Box::new(request))) {
            ResponsePayload::CreateKeyPair(made) => (
                made.private_key_unique_identifier.as_text().unwrap().to_owned(),
                made.public_key_unique_identifier.as_text().unwrap().to_owned(),
            ),
            other => panic!("{other:?}"),
        }
    }

    /// What is left of the Usage Limits of a key.
    pub fn left(&self, id: &str) -> i64 {
        let attribute_references = vec![AttributeReference::Tag(Tag::UsageLimits)];
        let request = GetAttributesRequest { unique_identifier: text(id), attribute_references };
        let payload = RequestPayload::GetAttributes(Box::new(request));
        let ResponsePayload::GetAttributes(got) = self.call(V2_1, Operation::GetAttributes, payload) else {
            panic!("another operation answered")
        };
        match got.attributes.unwrap().items.first().map(|instance| &instance.attribute) {
            Some(Attribute::UsageLimits(limits)) => limits.usage_limits_count.expect("a count"),
            other => panic!("{other:?}"),
        }
    }

    /// Archives an object in the store: no operation does it.
    pub fn archive(&self, id: &str) {
        let key = layout::object("client", id);
        let stored = self.store.get(&key).unwrap().expect("stored");
        let mut record = Record::decode(&stored.value).unwrap();
        record.set(Attribute::ArchiveDate(DateTime(NOW)));
        let guards = vec![Guard::At(key.clone(), stored.revision)];
        let batch = Batch { guards, writes: vec![Write::Put(key, record.encode())], ..Batch::default() };
        self.store.commit(&[batch]).unwrap();
    }
}

pub fn text(id: &str) -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier::text(id))
}

pub fn block(bytes: &[u8], algorithm: Option<CryptographicAlgorithm>) -> KeyBlock {
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

pub fn aes(bytes: &[u8]) -> ManagedObject {
    let key_block = block(bytes, Some(CryptographicAlgorithm::AES));
    ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))
}

pub fn secret_data(bytes: &[u8]) -> ManagedObject {
    let key_block = block(bytes, None);
    ManagedObject::SecretData(Box::new(SecretData { secret_data_type: SecretDataType::Password, key_block }))
}

pub fn parameters(mode: Option<BlockCipherMode>) -> CryptographicParameters {
    CryptographicParameters { block_cipher_mode: mode, ..CryptographicParameters::default() }
}

pub fn under(key: &str, mode: Option<BlockCipherMode>, encoding: Option<EncodingOption>) -> KeyWrappingSpecification {
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

/// Under a Wrapping Method with keys for its steps: in counter mode, and with the parameters of the code.
pub fn by(
    wrapping_method: WrappingMethod,
    encryption: Option<&str>,
    code: Option<(&str, CryptographicParameters)>,
    encoding: Option<EncodingOption>,
) -> KeyWrappingSpecification {
    KeyWrappingSpecification {
        wrapping_method,
        encryption_key_information: encryption.map(|key| EncryptionKeyInformation {
            unique_identifier: UniqueIdentifier::text(key),
            cryptographic_parameters: Some(parameters(Some(BlockCipherMode::CTR))),
        }),
        mac_signature_key_information: code.map(|(key, parameters)| MacSignatureKeyInformation {
            unique_identifier: text(key),
            cryptographic_parameters: Some(parameters),
        }),
        attribute_references: Vec::new(),
        encoding_option: encoding,
    }
}

/// Parameters of HMAC-SHA-256.
pub fn hmac() -> CryptographicParameters {
    CryptographicParameters {
        cryptographic_algorithm: Some(CryptographicAlgorithm::HMAC_SHA256),
        ..CryptographicParameters::default()
    }
}

/// Usage Limits.
pub fn limits(total: i64, unit: UsageLimitsUnit) -> Attribute {
    Attribute::UsageLimits(UsageLimits { usage_limits_total: total, usage_limits_count: None, usage_limits_unit: unit })
}

pub const KW: Option<BlockCipherMode> = Some(BlockCipherMode::NISTKeyWrap);
pub const KWP: Option<BlockCipherMode> = Some(BlockCipherMode::AESKeyWrapPadding);
pub const BARE: Option<EncodingOption> = Some(EncodingOption::NoEncoding);

pub fn value_of(object: &ManagedObject) -> Vec<u8> {
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
pub fn object_of(item: ResponseBatchItem) -> ManagedObject {
    match item.response_payload {
        Some(ResponsePayload::Get(got)) => got.object,
        _ => panic!("{:?} {:?}", item.result_reason, item.result_message),
    }
}

#[track_caller]
pub fn reason(item: &ResponseBatchItem) -> ResultReason {
    assert!(item.response_payload.is_none(), "it was served");
    item.result_reason.unwrap()
}
