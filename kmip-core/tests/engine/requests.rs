//! Requests in one line each.

use kmip_codec::attribute::values::{Name, RevocationReason, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::object::{KeyBlock, KeyMaterial, KeyValue, KeyValueStructure, ManagedObject, SymmetricKey};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::activate::ActivateRequest;
use kmip_codec::operation::check::CheckRequest;
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::get::GetRequest;
use kmip_codec::operation::get_attribute_list::GetAttributeListRequest;
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::operation::locate::LocateRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, ObjectType, Operation, RevocationReasonCode, State,
    Tag,
};
use kmip_codec::secret::Secret;
use kmip_codec::version::Version;

use crate::answer;
use crate::support::Harness;

/// An operation with its payload.
pub type Item = (Operation, RequestPayload);

pub fn text(id: &str) -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier::text(id))
}

pub fn name(text: &str) -> Attribute {
    Attribute::Name(Name::text(text))
}

pub fn mask(bits: CryptographicUsageMask) -> Attribute {
    Attribute::CryptographicUsageMask(bits)
}

/// Create of an AES-256 key that may encrypt, with more attributes.
pub fn create(more: &[Attribute]) -> Item {
    let own = [Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES), Attribute::CryptographicLength(256)];
    let usage = more.iter().all(|a| a.tag() != Tag::CryptographicUsageMask);
    let usage = usage.then_some(mask(CryptographicUsageMask::Encrypt));
    let attributes: Bag = own.into_iter().chain(usage).chain(more.iter().cloned()).collect();
    create_with(attributes)
}

pub fn create_with(attributes: Bag) -> Item {
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: Some(attributes),
        protection_storage_masks: None,
    };
    (Operation::Create, RequestPayload::Create(Box::new(request)))
}

pub fn key_block(format: KeyFormatType, bytes: &[u8], kind: Option<(CryptographicAlgorithm, i32)>) -> KeyBlock {
    let key_material = KeyMaterial::Bytes(Secret::copy_from(bytes));
    KeyBlock {
        key_format_type: format,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain(Box::new(KeyValueStructure { key_material, attributes: None }))),
        cryptographic_algorithm: kind.map(|(algorithm, _)| algorithm),
        cryptographic_length: kind.map(|(_, length)| length),
        key_wrapping_data: None,
    }
}

pub fn aes(bytes: &[u8]) -> ManagedObject {
    let length = i32::try_from(bytes.len() * 8).unwrap();
    let key_block = key_block(KeyFormatType::Raw, bytes, Some((CryptographicAlgorithm::AES, length)));
    ManagedObject::SymmetricKey(Box::new(SymmetricKey { key_block }))
}

pub fn register(object: ManagedObject, attributes: &[Attribute]) -> Item {
    register_with(object, attributes.iter().cloned().collect())
}

pub fn register_with(object: ManagedObject, attributes: Bag) -> Item {
    let request = RegisterRequest {
        object_type: object.object_type(),
        attributes: Some(attributes),
        object: Some(object),
        protection_storage_masks: None,
    };
    (Operation::Register, RequestPayload::Register(Box::new(request)))
}

pub fn get_request(unique_identifier: Option<UniqueIdentifier>) -> GetRequest {
    GetRequest {
        unique_identifier,
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    }
}

pub fn get(id: Option<UniqueIdentifier>) -> Item {
    (Operation::Get, RequestPayload::Get(Box::new(get_request(id))))
}

pub fn get_attributes(id: Option<UniqueIdentifier>) -> Item {
    let request = GetAttributesRequest { unique_identifier: id, attribute_references: Vec::new() };
    (Operation::GetAttributes, RequestPayload::GetAttributes(Box::new(request)))
}

pub fn get_attribute_list(id: Option<UniqueIdentifier>) -> Item {
    let request = GetAttributeListRequest { unique_identifier: id };
    (Operation::GetAttributeList, RequestPayload::GetAttributeList(Box::new(request)))
}

pub fn activate(id: Option<UniqueIdentifier>) -> Item {
    let request = ActivateRequest { unique_identifier: id };
    (Operation::Activate, RequestPayload::Activate(Box::new(request)))
}

pub fn destroy(id: Option<UniqueIdentifier>) -> Item {
    (Operation::Destroy, RequestPayload::Destroy(Box::new(DestroyRequest { unique_identifier: id })))
}

pub fn revoke(id: Option<UniqueIdentifier>, code: RevocationReasonCode) -> Item {
    let reason = RevocationReason { revocation_reason_code: code, revocation_message: None };
    let request =
        RevokeRequest { unique_identifier: id, revocation_reason: Some(reason), compromise_occurrence_date: None };
    (Operation::Revoke, RequestPayload::Revoke(Box::new(request)))
}

pub fn check(id: Option<UniqueIdentifier>, usage: CryptographicUsageMask) -> Item {
    let request = CheckRequest {
        unique_identifier: id,
        usage_limits_count: None,
        cryptographic_usage_mask: Some(usage),
        lease_time: None,
    };
    (Operation::Check, RequestPayload::Check(Box::new(request)))
}

pub fn locate_request(criteria: &[Attribute]) -> LocateRequest {
    LocateRequest {
        maximum_items: None,
        offset_items: None,
        storage_status_mask: None,
        object_class_mask: None,
        object_group_member: None,
        attributes: Some(criteria.iter().cloned().collect()),
    }
}

pub fn locate(criteria: &[Attribute]) -> Item {
    located_by(locate_request(criteria))
}

pub fn located_by(request: LocateRequest) -> Item {
    (Operation::Locate, RequestPayload::Locate(Box::new(request)))
}

pub fn id_of(id: UniqueIdentifier) -> String {
    id.as_text().expect("an identifier as text").to_owned()
}

impl Harness {
    /// Calls one item.
    pub fn item(&self, version: Version, (operation, payload): Item) -> kmip_codec::message::ResponseBatchItem {
        self.call(version, operation, payload)
    }

    /// Creates a key and tells its identifier.
    #[track_caller]
    pub fn created(&self, version: Version, more: &[Attribute]) -> String {
        id_of(answer!(Create, self.item(version, create(more))).unique_identifier)
    }

    /// Registers an object and tells its identifier.
    #[track_caller]
    pub fn registered(&self, version: Version, object: ManagedObject, attributes: &[Attribute]) -> String {
        id_of(answer!(Register, self.item(version, register(object, attributes))).unique_identifier)
    }

    /// What Locate finds.
    #[track_caller]
    pub fn found(&self, version: Version, request: LocateRequest) -> Vec<String> {
        let response = answer!(Locate, self.item(version, located_by(request)));
        response.unique_identifier.into_iter().map(id_of).collect()
    }

    /// All attributes of an object.
    #[track_caller]
    pub fn attributes_of(&self, version: Version, id: &str) -> Vec<Attribute> {
        let response = answer!(GetAttributes, self.item(version, get_attributes(text(id))));
        response.attributes.unwrap_or_default().items.into_iter().map(|instance| instance.attribute).collect()
    }

    /// The state of an object, as Get Attributes tells it.
    #[track_caller]
    pub fn state_of(&self, version: Version, id: &str) -> State {
        let found = self.attributes_of(version, id).into_iter().find_map(|attribute| match attribute {
            Attribute::State(state) => Some(state),
            _ => None,
        });
        found.expect("every key has a state")
    }
}
