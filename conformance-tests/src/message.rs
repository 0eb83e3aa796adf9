//! Requests that the campaigns send, and what they read from answers. Most speak KMIP 2.1; nothing here knows the server.

pub mod cryptographic;

use crate::endpoint::Endpoint;
use crate::tree::{Tree, boolean, bytes, date_time, decode, describe, encode, enumeration, integer, structure, text};
use kmip_codec::item::Item;
use kmip_codec::registry::{
    CryptographicAlgorithm, KeyFormatType, NameType, ObjectType, Operation, ResultReason, ResultStatus,
    RevocationReasonCode, SecretDataType, Tag,
};
use kmip_codec::version::{V3_0, Version};
use std::io;

/// A batch item: an operation and its payload.
#[derive(Debug, Clone)]
pub struct Call {
    /// The operation.
    pub operation: Operation,
    /// The fields of its payload.
    pub payload: Vec<Item>,
}

impl Call {
    /// An operation with its payload.
    pub fn new(operation: Operation, payload: Vec<Item>) -> Self {
        Self { operation, payload }
    }

    /// An operation on one object.
    pub fn on(operation: Operation, identifier: &str) -> Self {
        Self::new(operation, vec![text(Tag::UniqueIdentifier, identifier)])
    }
}

/// A message with one or more calls.
pub fn request(version: Version, calls: &[Call]) -> Item {
    request_with(version, Vec::new(), calls)
}

/// The same with fields of the header between the version and the count.
pub fn request_with(version: Version, fields: Vec<Item>, calls: &[Call]) -> Item {
    let protocol =
        vec![integer(Tag::ProtocolVersionMajor, version.major), integer(Tag::ProtocolVersionMinor, version.minor)];
    let count = i32::try_from(calls.len()).unwrap_or(i32::MAX);
    // KMIP 3.0 counts and numbers no batch items.
    let counted = version < V3_0;
    let mut header = vec![structure(Tag::ProtocolVersion, protocol)];
    header.extend(fields);
    header.extend(counted.then(|| integer(Tag::BatchCount, count)));
    let mut message = vec![structure(Tag::RequestHeader, header)];
    for (at, call) in calls.iter().enumerate() {
        let mut item = vec![enumeration(Tag::Operation, call.operation.0)];
        if counted && calls.len() > 1 {
            item.push(bytes(Tag::UniqueBatchItemID, &at.to_be_bytes()));
        }
        item.push(structure(Tag::RequestPayload, call.payload.clone()));
        message.push(structure(Tag::BatchItem, item));
    }
    structure(Tag::RequestMessage, message)
}

/// The response of a client that does not have an operation.
pub fn refusal(version: Version, operation: Operation) -> Item {
    let protocol =
        vec![integer(Tag::ProtocolVersionMajor, version.major), integer(Tag::ProtocolVersionMinor, version.minor)];
    let mut header = vec![structure(Tag::ProtocolVersion, protocol), date_time(Tag::TimeStamp, 0)];
    header.extend((version < V3_0).then(|| integer(Tag::BatchCount, 1)));
    let item = vec![
        enumeration(Tag::Operation, operation.0),
        enumeration(Tag::ResultStatus, ResultStatus::OperationFailed.0),
        enumeration(Tag::ResultReason, ResultReason::OperationNotSupported.0),
    ];
    structure(Tag::ResponseMessage, vec![structure(Tag::ResponseHeader, header), structure(Tag::BatchItem, item)])
}

/// Sends one call and gives back the batch item of the answer.
pub fn call(endpoint: &mut dyn Endpoint, version: Version, call: &Call) -> io::Result<Item> {
    call_with(endpoint, version, Vec::new(), call)
}

/// The same with fields of the header.
pub fn call_with(endpoint: &mut dyn Endpoint, version: Version, fields: Vec<Item>, call: &Call) -> io::Result<Item> {
    let answer = endpoint.exchange(&encode(&request_with(version, fields, std::slice::from_ref(call))))?;
    let answer = decode(&answer).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
    let item = answer.field(Tag::BatchItem).cloned();
    item.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "an answer without a batch item"))
}

/// The payload of a successful item; the error tells status, reason and message.
pub fn payload(item: &Item) -> io::Result<&Item> {
    match status(item) {
        Some(ResultStatus::Success) => item.field(Tag::ResponsePayload).ok_or_else(|| io::Error::other("no payload")),
        _ => {
            let told = [Tag::Operation, Tag::ResultStatus, Tag::ResultReason, Tag::ResultMessage];
            let told: Vec<String> = told.iter().filter_map(|tag| item.field(*tag)).map(describe).collect();
            Err(io::Error::other(told.join(" ")))
        }
    }
}

/// The status of an item.
pub fn status(item: &Item) -> Option<ResultStatus> {
    item.field(Tag::ResultStatus).and_then(Tree::as_enumeration).map(ResultStatus)
}

/// The reason of a failed item.
pub fn reason(item: &Item) -> Option<ResultReason> {
    item.field(Tag::ResultReason).and_then(Tree::as_enumeration).map(ResultReason)
}

/// Sends one call and gives back the identifier that a successful answer names.
pub fn make(endpoint: &mut dyn Endpoint, version: Version, made: &Call) -> io::Result<String> {
    let item = call(endpoint, version, made)?;
    let identifier = payload(&item)?.field(Tag::UniqueIdentifier).and_then(Tree::as_text).map(str::to_owned);
    identifier.ok_or_else(|| io::Error::other("no identifier"))
}

/// A Name.
pub fn name(value: &str) -> Item {
    let parts = vec![text(Tag::NameValue, value), enumeration(Tag::NameType, NameType::UninterpretedTextString.0)];
    structure(Tag::Name, parts)
}

/// Encrypt and Decrypt.
pub fn usage_mask() -> Item {
    use kmip_codec::registry::CryptographicUsageMask as Mask;
    integer(Tag::CryptographicUsageMask, (Mask::Encrypt | Mask::Decrypt).0.cast_signed())
}

/// Create of an AES-256 key with a name, in 2.x.
pub fn create_aes(key_name: &str) -> Call {
    let attributes = vec![
        enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
        integer(Tag::CryptographicLength, 256),
        usage_mask(),
        name(key_name),
    ];
    let payload =
        vec![enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0), structure(Tag::Attributes, attributes)];
    Call::new(Operation::Create, payload)
}

/// Register of a symmetric AES key, in 2.x.
pub fn register_aes(key_name: &str, material: &[u8]) -> Call {
    let value = structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, material)]);
    register_block(key_name, material.len(), KeyFormatType::Raw, value)
}

/// Register of a symmetric AES key in the Transparent format, in 2.x.
pub fn register_transparent(key_name: &str, material: &[u8]) -> Call {
    let inner = structure(Tag::KeyMaterial, vec![bytes(Tag::Key, material)]);
    let value = structure(Tag::KeyValue, vec![inner]);
    register_block(key_name, material.len(), KeyFormatType::TransparentSymmetricKey, value)
}

fn register_block(key_name: &str, length: usize, format: KeyFormatType, value: Item) -> Call {
    let bits = i32::try_from(length * 8).unwrap_or(i32::MAX);
    let block = structure(
        Tag::KeyBlock,
        vec![
            enumeration(Tag::KeyFormatType, format.0),
            value,
            enumeration(Tag::CryptographicAlgorithm, CryptographicAlgorithm::AES.0),
            integer(Tag::CryptographicLength, bits),
        ],
    );
    let payload = vec![
        enumeration(Tag::ObjectType, ObjectType::SymmetricKey.0),
        structure(Tag::Attributes, vec![usage_mask(), name(key_name)]),
        structure(Tag::SymmetricKey, vec![block]),
    ];
    Call::new(Operation::Register, payload)
}

/// Register of Secret Data, in 2.x.
pub fn register_secret(secret_name: &str, secret: &[u8]) -> Call {
    let value = structure(Tag::KeyValue, vec![bytes(Tag::KeyMaterial, secret)]);
    let block = structure(Tag::KeyBlock, vec![enumeration(Tag::KeyFormatType, KeyFormatType::Opaque.0), value]);
    let object = vec![enumeration(Tag::SecretDataType, SecretDataType::Password.0), block];
    let payload = vec![
        enumeration(Tag::ObjectType, ObjectType::SecretData.0),
        structure(Tag::Attributes, vec![usage_mask(), name(secret_name)]),
        structure(Tag::SecretData, object),
    ];
    Call::new(Operation::Register, payload)
}

/// Register of an Opaque Object, in 2.x.
pub fn register_opaque(object_name: &str, data: &[u8]) -> Call {
    let object = vec![enumeration(Tag::OpaqueDataType, 0x8000_0001), bytes(Tag::OpaqueDataValue, data)];
    let payload = vec![
        enumeration(Tag::ObjectType, ObjectType::OpaqueObject.0),
        structure(Tag::Attributes, vec![name(object_name)]),
        structure(Tag::OpaqueObject, object),
    ];
    Call::new(Operation::Register, payload)
}

/// Locate by name, in 2.x.
pub fn locate(object_name: &str) -> Call {
    Call::new(Operation::Locate, vec![structure(Tag::Attributes, vec![name(object_name)])])
}

/// Revoke for a reason that leaves the object Deactivated.
pub fn revoke(identifier: &str) -> Call {
    let code = enumeration(Tag::RevocationReasonCode, RevocationReasonCode::CessationOfOperation.0);
    let reason = structure(Tag::RevocationReason, vec![code]);
    Call::new(Operation::Revoke, vec![text(Tag::UniqueIdentifier, identifier), reason])
}

/// Get Attributes of all attributes.
pub fn get_attributes(identifier: &str) -> Call {
    Call::on(Operation::GetAttributes, identifier)
}

/// Set Attribute of the Sensitive flag: a change of one attribute, in 2.x.
pub fn set_sensitive(identifier: &str, value: bool) -> Call {
    let attribute = structure(Tag::NewAttribute, vec![boolean(Tag::Sensitive, value)]);
    Call::new(Operation::SetAttribute, vec![text(Tag::UniqueIdentifier, identifier), attribute])
}

/// The identifiers of a Locate answer.
pub fn located(item: &Item) -> io::Result<Vec<String>> {
    let found = payload(item)?.all(Tag::UniqueIdentifier).filter_map(Tree::as_text).map(str::to_owned);
    Ok(found.collect())
}

/// The material of a Get answer, in whatever structure it comes: the first Key Material, Key or opaque value.
pub fn material(item: &Item) -> io::Result<Vec<u8>> {
    let mut found = None;
    payload(item)?.walk(&mut |item| {
        let carries = [Tag::KeyMaterial, Tag::Key, Tag::OpaqueDataValue].contains(&item.tag);
        if let (true, None, Some(bytes)) = (carries, &found, item.as_bytes()) {
            found = Some(bytes.to_vec());
        }
    });
    found.ok_or_else(|| io::Error::other("no material"))
}
