//! An engine over the software vault, and requests with everything left out.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{CryptographicParameters, RevocationReason, UniqueIdentifier};
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, ResponseBatchItem, encode};
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, SecretData, SymmetricKey};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::decrypt::DecryptRequest;
use kmip_codec::operation::encrypt::{Data, EncryptRequest};
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::hash::HashRequest;
use kmip_codec::operation::mac::MACRequest;
use kmip_codec::operation::mac_verify::MACVerifyRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::operation::sign::SignRequest;
use kmip_codec::operation::signature_verify::SignatureVerifyRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, KeyFormatType, Operation, ResultReason,
    RevocationReasonCode, SecretDataType, Tag,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::{ByteString, DateTime};
use kmip_codec::version::{V2_1, Version};
use kmip_codec::wire::Strictness;
use kmip_core::engine::{Engine, Evaluation, Finished, Parts, Pending};
use kmip_core::env::{Config, Env, Pace};
use kmip_core::ports::store::Store;
use kmip_core::testing::engines::NoUsers;
use kmip_core::testing::store::MemoryStore;

/// The time at which a server starts.
pub const START: i64 = 1_700_000_000;

/// An engine over the software vault and an in-memory store.
pub struct Server {
    pub engine: Engine,
    pub store: Arc<MemoryStore>,
    vault: Arc<SoftwareVault>,
    now: AtomicI64,
}

/// Calls an operation: its response, or the reason of its failure.
macro_rules! ask {
    ($server:expr, $version:expr, $operation:ident, $request:expr) => {
        $crate::support::ask!($server, "client", $version, $operation, $request)
    };
    ($server:expr, $client:expr, $version:expr, $operation:ident, $request:expr) => {{
        let payload = kmip_codec::operation::RequestPayload::$operation(Box::new($request));
        let items = vec![(kmip_codec::registry::Operation::$operation, payload)];
        $crate::support::answer!($operation, $server.batch($client, $version, items).remove(0))
    }};
}
pub(crate) use ask;

/// The response of an item, or the reason of its failure.
macro_rules! answer {
    ($operation:ident, $item:expr) => {{
        let item = $item;
        match (item.result_reason, item.response_payload) {
            (Some(reason), _) => Err(reason),
            (None, Some(kmip_codec::operation::ResponsePayload::$operation(response))) => Ok(*response),
            (None, other) => panic!("another operation answered: {other:?}"),
        }
    }};
}
pub(crate) use answer;

impl Server {
    pub fn new() -> Self {
        let vault = Arc::new(SoftwareVault::new(Keystore::ephemeral().unwrap()));
        Self::open(Arc::new(MemoryStore::new()), vault)
    }

    fn open(store: Arc<MemoryStore>, vault: Arc<SoftwareVault>) -> Self {
        let (seal, passwords) = (vault.record_seal(), Arc::new(NoUsers));
        let parts = Parts { store: store.clone(), vault: vault.clone(), seal, passwords, config: Config::default() };
        Self { engine: Engine::open(parts).unwrap(), store, vault, now: AtomicI64::new(START) }
    }

    /// Another engine on the same store and vault, as after a restart.
    pub fn reopened(self) -> Self {
        Self::open(self.store, self.vault)
    }

    /// The change that a request makes, not yet committed.
    pub fn pending(&self, version: Version, operation: Operation, payload: RequestPayload) -> Box<Pending> {
        let request =
            encode(Tag::RequestMessage, &RequestMessage::continuing(version, vec![(operation, payload)]), version);
        let env = Env::new(self.now.load(Ordering::Relaxed), Pace::Pool);
        match self.engine.evaluate(&request, "client", env) {
            Evaluation::Commit(pending) => pending,
            other => panic!("a change, not {other:?}"),
        }
    }

    /// Moves the time on.
    pub fn advance(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    /// Evaluates a request until it is answered; an evaluation that must be committed conflicts `conflicts` times first.
    pub fn exchange(&self, client: &str, request: &[u8], mut conflicts: usize) -> Vec<ResponseBatchItem> {
        let env = Env::new(self.now.load(Ordering::Relaxed), Pace::Pool);
        let reply = loop {
            match self.engine.evaluate(request, client, env) {
                Evaluation::Reply(reply) => break reply,
                Evaluation::Defer(_) => panic!("deferred on the pool"),
                Evaluation::Commit(pending) if conflicts > 0 => {
                    conflicts -= 1;
                    let outcome = kmip_core::ports::store::Outcome::Conflict(Vec::new());
                    assert!(matches!(self.engine.finish(*pending, &outcome), Finished::EvaluateAgain));
                }
                Evaluation::Commit(pending) => {
                    let outcomes = self.store.commit(std::slice::from_ref(pending.batch())).unwrap();
                    if let Finished::Reply(reply) = self.engine.finish(*pending, &outcomes[0]) {
                        break reply;
                    }
                }
            }
        };
        decode_response(&reply.bytes, &Limits::DEFAULT, Strictness::Strict).unwrap().batch_item
    }

    /// Calls operations in one message; items after a failure go on.
    pub fn batch(
        &self,
        client: &str,
        version: Version,
        items: Vec<(Operation, RequestPayload)>,
    ) -> Vec<ResponseBatchItem> {
        self.exchange(client, &encode(Tag::RequestMessage, &RequestMessage::continuing(version, items), version), 0)
    }

    #[track_caller]
    pub fn register(&self, object: ManagedObject, attributes: Vec<Attribute>) -> String {
        let request = RegisterRequest {
            object_type: object.object_type(),
            attributes: Some(attributes.into_iter().collect()),
            object: Some(object),
            protection_storage_masks: None,
        };
        let made = ask!(self, V2_1, Register, request).expect("registered");
        made.unique_identifier.as_text().unwrap().to_owned()
    }

    /// An active symmetric key.
    #[track_caller]
    pub fn key(&self, algorithm: CryptographicAlgorithm, bytes: &[u8], mask: Mask) -> String {
        self.register(symmetric(algorithm, bytes), active(mask))
    }

    /// An object as it leaves in a format.
    pub fn got(&self, id: &str, format: KeyFormatType) -> Result<ManagedObject, ResultReason> {
        let request = GetRequest {
            unique_identifier: text(id),
            key_format_type: Some(format),
            key_wrap_type: None,
            key_compression_type: None,
            key_wrapping_specification: None,
        };
        ask!(self, V2_1, Get, request).map(|response| response.object)
    }

    #[track_caller]
    pub fn revoke(&self, id: &str, code: RevocationReasonCode) {
        let revocation_reason = Some(RevocationReason { revocation_reason_code: code, revocation_message: None });
        let request =
            RevokeRequest { unique_identifier: text(id), revocation_reason, compromise_occurrence_date: None };
        ask!(self, V2_1, Revoke, request).expect("revoked");
    }
}

pub fn text(id: &str) -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier::text(id))
}

/// Attributes of an active key with a mask.
pub fn active(mask: Mask) -> Vec<Attribute> {
    vec![Attribute::CryptographicUsageMask(mask), Attribute::ActivationDate(DateTime(START - 3_600))]
}

fn block(format: KeyFormatType, bytes: &[u8], algorithm: Option<CryptographicAlgorithm>, bits: usize) -> KeyBlock {
    let key_material = KeyMaterial::Bytes(Secret::copy_from(bytes));
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None }))),
        cryptographic_algorithm: algorithm,
        cryptographic_length: algorithm.map(|_| i32::try_from(bits).unwrap()),
        key_wrapping_data: None,
    }
}

pub fn symmetric(algorithm: CryptographicAlgorithm, bytes: &[u8]) -> ManagedObject {
    let key_block = block(KeyFormatType::Raw, bytes, Some(algorithm), bytes.len() * 8);
    ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))
}

pub fn secret_data(bytes: &[u8]) -> ManagedObject {
    let key_block = block(KeyFormatType::Opaque, bytes, None, 0);
    ManagedObject::SecretData(Box::new(SecretData { secret_data_type: SecretDataType::Seed, key_block }))
}

/// Cryptographic Parameters of which some are set.
pub fn parameters(set: impl FnOnce(&mut CryptographicParameters)) -> CryptographicParameters {
    let mut parameters = CryptographicParameters::default();
    set(&mut parameters);
    parameters
}

pub fn attribute(set: impl FnOnce(&mut CryptographicParameters)) -> Attribute {
    Attribute::CryptographicParameters(Box::new(parameters(set)))
}

pub fn boxed(set: impl FnOnce(&mut CryptographicParameters)) -> Option<Box<CryptographicParameters>> {
    Some(Box::new(parameters(set)))
}

pub fn octets(bytes: &[u8]) -> Option<ByteString> {
    Some(ByteString::new(bytes))
}

pub fn data(bytes: &[u8]) -> Option<Data> {
    Some(Data::Bytes(Secret::copy_from(bytes)))
}

/// The bytes of a Data field.
#[track_caller]
pub fn bytes(data: Option<Data>) -> Vec<u8> {
    match data {
        Some(Data::Bytes(bytes)) => bytes.expose_secret().to_vec(),
        other => panic!("bytes, not {other:?}"),
    }
}

pub fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
}

pub fn encrypt(id: &str, plain: &[u8]) -> EncryptRequest {
    EncryptRequest { unique_identifier: text(id), data: data(plain), ..EncryptRequest::default() }
}

pub fn decrypt(id: &str, protected: &[u8]) -> DecryptRequest {
    DecryptRequest { unique_identifier: text(id), data: data(protected), ..DecryptRequest::default() }
}

pub fn sign(id: &str, content: &[u8]) -> SignRequest {
    SignRequest { unique_identifier: text(id), data: data(content), ..SignRequest::default() }
}

pub fn verify(id: &str, content: &[u8], signature: &[u8]) -> SignatureVerifyRequest {
    SignatureVerifyRequest {
        unique_identifier: text(id),
        data: data(content),
        signature_data: octets(signature),
        ..SignatureVerifyRequest::default()
    }
}

pub fn mac(id: &str, content: &[u8]) -> MACRequest {
    MACRequest { unique_identifier: text(id), data: data(content), ..MACRequest::default() }
}

pub fn mac_verify(id: &str, content: &[u8], code: &[u8]) -> MACVerifyRequest {
    MACVerifyRequest {
        unique_identifier: text(id),
        data: data(content),
        mac_data: octets(code),
        ..MACVerifyRequest::default()
    }
}

pub fn hash(set: impl FnOnce(&mut CryptographicParameters), content: &[u8]) -> HashRequest {
    HashRequest {
        cryptographic_parameters: Box::new(parameters(set)),
        data: data(content),
        correlation_value: None,
        init_indicator: None,
        final_indicator: None,
    }
}

/// A failure with a reason.
#[track_caller]
pub fn refused<T>(result: Result<T, ResultReason>, reason: ResultReason, what: &str) {
    match result {
        Err(found) => assert_eq!(found, reason, "{what}"),
        Ok(_) => panic!("{what}: succeeded"),
    }
}
