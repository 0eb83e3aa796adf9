//! The engine over a vault on SoftHSM2: keys that clients ask to have in hardware, from Create to Destroy.
//!
//! Without the module (Debian package softhsm2) the test says so and passes; `SOFTHSM2_MODULE` names another place.

mod tokens;

use std::collections::BTreeSet;
use std::sync::Arc;

use hsm_backend::pkcs11::{Options, Pkcs11Vault};
use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{CryptographicParameters, ProtectionStorageMasks, UniqueIdentifier};
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, encode};
use kmip_codec::object::key_material::TransparentSymmetricKey;
use kmip_codec::object::{
    EncryptionKeyInformation, KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, KeyWrappingSpecification,
    ManagedObject, SymmetricKey, TransparentKey,
};
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::{RequestPayload, ResponsePayload};
use kmip_codec::registry::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask as Mask, EncodingOption, KeyFormatType, ObjectType,
    Operation, ProtectionStorageMask, ResultReason, Tag, WrappingMethod,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_1;
use kmip_codec::wire::Strictness;
use kmip_core::engine::{Engine, Parts};
use kmip_core::env::{Config, Env, Pace};
use kmip_core::layout;
use kmip_core::object::Record;
use kmip_core::ports::crypto::{BlockCipher, BlockMode, BlockPadding, Cryptography as _, Encryption, Key, KeyWrap};
use kmip_core::ports::store::Store;
use kmip_core::ports::vault::{Binding, KeyVault};
use kmip_core::testing::engines::{NoUsers, answer};
use kmip_core::testing::store::MemoryStore;

const NOW: i64 = 1_700_000_000;
const KEK: [u8; 32] = [6; 32];

struct Server {
    engine: Engine,
    store: Arc<MemoryStore>,
    vault: Arc<Pkcs11Vault>,
}

impl Server {
    fn item(&self, operation: Operation, payload: RequestPayload) -> ResponseBatchItem {
        let request = encode(Tag::RequestMessage, &RequestMessage::single(V2_1, operation, payload), V2_1);
        let env = Env::new(NOW, Pace::Pool);
        let reply = answer(&self.engine, self.store.as_ref(), "client", &request, env).unwrap();
        decode_response(&reply.bytes, &Limits::DEFAULT, Strictness::Strict).unwrap().batch_item.remove(0)
    }

    #[track_caller]
    fn call(&self, operation: Operation, payload: RequestPayload) -> ResponsePayload {
        let item = self.item(operation, payload);
        item.response_payload.unwrap_or_else(|| panic!("{:?} {:?}", item.result_reason, item.result_message))
    }

    /// An AES-256 key in hardware.
    fn create(&self, extractable: bool) -> String {
        let attributes = [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicUsageMask(Mask::Encrypt),
            Attribute::Sensitive(true),
            Attribute::Extractable(extractable),
        ];
        let request = CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: Some(attributes.into_iter().collect()),
            protection_storage_masks: Some(ProtectionStorageMasks {
                protection_storage_mask: vec![ProtectionStorageMask::Hardware],
            }),
        };
        match self.call(Operation::Create, RequestPayload::Create(Box::new(request))) {
            ResponsePayload::Create(made) => made.unique_identifier.as_text().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    /// A wrapping key that the test knows.
    fn register_kek(&self) -> String {
        let attributes = [Attribute::ActivationDate(DateTime(NOW)), Attribute::CryptographicUsageMask(Mask::WrapKey)];
        let key_material = KeyMaterial::Bytes(Secret::copy_from(&KEK));
        self.register(KeyFormatType::Raw, key_material, &attributes, None)
    }

    /// An AES-256 key.
    fn register(
        &self,
        format: KeyFormatType,
        key_material: KeyMaterial,
        attributes: &[Attribute],
        storage: Option<ProtectionStorageMask>,
    ) -> String {
        let key_block = KeyBlock {
            key_format_type: format,
            key_compression_type: None,
            key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None }))),
            cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
            cryptographic_length: Some(256),
            key_wrapping_data: None,
        };
        let request = RegisterRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: Some(attributes.iter().cloned().collect()),
            object: Some(ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))),
            protection_storage_masks: storage
                .map(|mask| ProtectionStorageMasks { protection_storage_mask: vec![mask] }),
        };
        match self.call(Operation::Register, RequestPayload::Register(Box::new(request))) {
            ResponsePayload::Register(made) => made.unique_identifier.as_text().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    fn get(&self, id: &str, wrapping: Option<KeyWrappingSpecification>) -> ResponseBatchItem {
        self.get_in(None, id, wrapping)
    }

    fn get_in(
        &self,
        key_format_type: Option<KeyFormatType>,
        id: &str,
        wrapping: Option<KeyWrappingSpecification>,
    ) -> ResponseBatchItem {
        let request = GetRequest {
            unique_identifier: Some(UniqueIdentifier::text(id)),
            key_format_type,
            key_wrap_type: None,
            key_compression_type: None,
            key_wrapping_specification: wrapping.map(Box::new),
        };
        self.item(Operation::Get, RequestPayload::Get(Box::new(request)))
    }

    /// What the key of an object makes of a block, asked of the vault with the stored blob.
    fn encrypted(&self, id: &str) -> Vec<u8> {
        let stored = self.store.get(&layout::object("client", id)).unwrap().unwrap();
        let record = Record::decode(&stored.value).unwrap();
        let sealed = &record.material.as_ref().unwrap().sealed;
        assert!(self.vault.resides(sealed));
        let binding = Binding { scope: "client", id, spec: &record.spec() };
        self.vault.encrypt(Key::Sealed(sealed, binding), &ecb(), b"sixteen bytes...").unwrap().data
    }
}

fn ecb() -> Encryption<'static> {
    let (cipher, mode, padding) = (BlockCipher::Aes, BlockMode::Ecb, BlockPadding::None);
    Encryption::Block { cipher, mode, padding, iv: &[] }
}

fn wrapped_by(kek: &str, encoding: EncodingOption) -> Option<KeyWrappingSpecification> {
    let parameters = CryptographicParameters {
        block_cipher_mode: Some(BlockCipherMode::NISTKeyWrap),
        ..CryptographicParameters::default()
    };
    Some(KeyWrappingSpecification {
        wrapping_method: WrappingMethod::Encrypt,
        encryption_key_information: Some(EncryptionKeyInformation {
            unique_identifier: UniqueIdentifier::text(kek),
            cryptographic_parameters: Some(parameters),
        }),
        mac_signature_key_information: None,
        attribute_references: Vec::new(),
        encoding_option: Some(encoding),
    })
}

#[test]
fn keys_in_hardware_from_create_to_destroy() {
    let Some(module) = tokens::module() else {
        println!("SKIP softhsm2 not installed");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let pkcs11 = tokens::start(&module, directory.path());
    tokens::make(&pkcs11, "engine");
    let devices = vec![(tokens::address(&module, "engine"), tokens::pin())];
    let vault = Arc::new(Pkcs11Vault::create(devices, Options::default()).unwrap());
    let seal = vault.record_seal(&vault.create_store_keys().unwrap()).unwrap();
    let (store, passwords) = (Arc::new(MemoryStore::new()), Arc::new(NoUsers));
    let parts = Parts { store: store.clone(), vault: vault.clone(), seal, passwords, config: Config::default() };
    let server = Server { engine: Engine::open(parts).unwrap(), store, vault };

    let (stays, leaves) = (server.create(false), server.create(true));
    let kek = server.register_kek();
    a_sensitive_key_leaves_wrapped_by_the_device_only(&server, &leaves, &kek);
    let registered = a_registered_key_leaves_wrapped_in_the_form_that_the_device_has(&server, &kek);
    let refused = server.get(&stays, wrapped_by(&kek, EncodingOption::NoEncoding));
    assert_eq!(refused.result_reason, Some(ResultReason::NotExtractable));
    assert_eq!(server.encrypted(&stays).len(), 16);

    let destroy = DestroyRequest { unique_identifier: Some(UniqueIdentifier::text(&stays)) };
    server.call(Operation::Destroy, RequestPayload::Destroy(Box::new(destroy)));
    let cleared = server.engine.tidy_hardware().expect("a key to remove");
    server.store.commit(std::slice::from_ref(cleared.batch())).unwrap();
    let left: BTreeSet<_> = server.vault.residents().unwrap().into_iter().map(|object| object.id).collect();
    assert_eq!(left, BTreeSet::from([leaves, registered]));
    let report = server.engine.reconcile().unwrap();
    assert_eq!((report.orphans, report.missing, report.unsettled, report.complete), (vec![], vec![], vec![], true));
}

fn a_registered_key_leaves_wrapped_in_the_form_that_the_device_has(server: &Server, kek: &str) -> String {
    let key = Secret::copy_from(&[8; 32]);
    let material = KeyMaterial::Transparent(Box::new(TransparentKey::Symmetric(TransparentSymmetricKey { key })));
    let attributes = [Attribute::CryptographicUsageMask(Mask::Encrypt), Attribute::Sensitive(true)];
    let hardware = Some(ProtectionStorageMask::Hardware);
    let id = server.register(KeyFormatType::TransparentSymmetricKey, material, &attributes, hardware);
    let here = server.vault.encrypt(Key::Clear(&Secret::copy_from(&[8; 32])), &ecb(), b"sixteen bytes...").unwrap();
    assert_eq!(server.encrypted(&id), here.data);
    let no_encoding = || wrapped_by(kek, EncodingOption::NoEncoding);
    let refused = server.get(&id, no_encoding());
    assert_eq!(refused.result_reason, Some(ResultReason::Sensitive), "{refused:?}");
    let item = server.get_in(Some(KeyFormatType::Raw), &id, no_encoding());
    let Some(ResponsePayload::Get(got)) = item.response_payload else { panic!("{:?}", item.result_message) };
    let block = got.object.key_block().unwrap();
    assert_eq!(block.key_format_type, KeyFormatType::Raw);
    let Some(KeyValue::Plain(value)) = &block.key_value else { panic!("no key value") };
    let KeyMaterial::Bytes(wrapped) = &value.key_material else { panic!("no bytes") };
    let by_kek = Encryption::KeyWrap(KeyWrap::Kw);
    let key = server.vault.decrypt(Key::Clear(&Secret::copy_from(&KEK)), &by_kek, wrapped.expose_secret(), None);
    assert_eq!(key.unwrap(), Secret::copy_from(&[8; 32]));
    id
}

fn a_sensitive_key_leaves_wrapped_by_the_device_only(server: &Server, id: &str, kek: &str) {
    let reason = |item: ResponseBatchItem| item.result_reason;
    assert_eq!(reason(server.get(id, None)), Some(ResultReason::Sensitive));
    let encoded = server.get(id, wrapped_by(kek, EncodingOption::TTLVEncoding));
    assert!(encoded.result_message.as_ref().unwrap().as_str().contains("No Encoding"), "{encoded:?}");
    assert_eq!(reason(encoded), Some(ResultReason::Sensitive));
    let item = server.get(id, wrapped_by(kek, EncodingOption::NoEncoding));
    let Some(ResponsePayload::Get(got)) = item.response_payload else { panic!("{:?}", item.result_message) };
    let block = got.object.key_block().unwrap();
    let data = block.key_wrapping_data.as_ref().unwrap();
    assert_eq!(
        (data.wrapping_method, data.encoding_option),
        (WrappingMethod::Encrypt, Some(EncodingOption::NoEncoding))
    );
    let Some(KeyValue::Plain(value)) = &block.key_value else { panic!("no key value") };
    let KeyMaterial::Bytes(wrapped) = &value.key_material else { panic!("no bytes") };
    let (kek, by_kek) = (Secret::copy_from(&KEK), Encryption::KeyWrap(KeyWrap::Kw));
    let key = server.vault.decrypt(Key::Clear(&kek), &by_kek, wrapped.expose_secret(), None).unwrap();
    let here = server.vault.encrypt(Key::Clear(&key), &ecb(), b"sixteen bytes...").unwrap().data;
    assert_eq!(here, server.encrypted(id));
}
