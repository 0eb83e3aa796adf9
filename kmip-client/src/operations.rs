//! Shorthands for the operations, named after them. They hide how 1.x and 2.x carry and change attributes.

use kmip_codec::attribute::values::{RevocationReason, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, AttributeReference, Bag, Instance};
use kmip_codec::inline::Text;
use kmip_codec::object::ManagedObject;
use kmip_codec::operation::activate::ActivateRequest;
use kmip_codec::operation::add_attribute::AddAttributeRequest;
use kmip_codec::operation::check::{CheckRequest, CheckResponse};
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::operation::delete_attribute::DeleteAttributeRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::discover_versions::DiscoverVersionsRequest;
use kmip_codec::operation::get::{GetRequest, GetResponse};
use kmip_codec::operation::get_attribute_list::GetAttributeListRequest;
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::operation::interop::InteropRequest;
use kmip_codec::operation::locate::LocateRequest;
use kmip_codec::operation::log::LogRequest;
use kmip_codec::operation::modify_attribute::ModifyAttributeRequest;
use kmip_codec::operation::query::{QueryRequest, QueryResponse};
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::rekey::ReKeyRequest;
use kmip_codec::operation::rekey_key_pair::ReKeyKeyPairRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::operation::set_attribute::SetAttributeRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, InteropFunction, ObjectType, QueryFunction, RevocationReasonCode,
};
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::{V2_0, Version};

use crate::client::Client;
use crate::error::Error;
use crate::exchange::protocol;

/// The identifiers of a key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// Of the private key.
    pub private: String,
    /// Of the public key.
    pub public: String,
}

/// The attributes of a key pair that is to be made.
#[derive(Debug, Clone, Default)]
pub struct KeyPairAttributes {
    /// Of both keys.
    pub common: Vec<Attribute>,
    /// Of the private key.
    pub private: Vec<Attribute>,
    /// Of the public key.
    pub public: Vec<Attribute>,
}

/// What Locate found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The identifiers of this page.
    pub ids: Vec<String>,
    /// How many objects match in all, if the server says (from 1.3).
    pub total: Option<i32>,
}

impl Client {
    /// Create (KMIP 2.1 §6.1.8): a symmetric key that the server makes.
    pub async fn create_symmetric_key(
        &mut self,
        algorithm: CryptographicAlgorithm,
        length: i32,
        usage: CryptographicUsageMask,
        more: impl IntoIterator<Item = Attribute>,
    ) -> Result<String, Error> {
        let attributes = crate::attributes::symmetric_key(algorithm, length, usage).into_iter().chain(more);
        self.create(ObjectType::SymmetricKey, attributes).await
    }

    /// Create (KMIP 2.1 §6.1.8).
    pub async fn create(
        &mut self,
        object_type: ObjectType,
        attributes: impl IntoIterator<Item = Attribute>,
    ) -> Result<String, Error> {
        let attributes = Some(attributes.into_iter().collect());
        let response = self.call(CreateRequest { object_type, attributes, protection_storage_masks: None }).await?;
        self.text_of(response.unique_identifier)
    }

    /// Create Key Pair (KMIP 2.1 §6.1.9).
    pub async fn create_key_pair(&mut self, attributes: KeyPairAttributes) -> Result<KeyPair, Error> {
        let response = self
            .call(CreateKeyPairRequest {
                common_attributes: bag(attributes.common),
                private_key_attributes: bag(attributes.private),
                public_key_attributes: bag(attributes.public),
                common_protection_storage_masks: None,
                private_protection_storage_masks: None,
                public_protection_storage_masks: None,
            })
            .await?;
        self.pair_of(response.private_key_unique_identifier, response.public_key_unique_identifier)
    }

    /// Register (KMIP 2.1 §6.1.43): an object that the client has.
    pub async fn register(
        &mut self,
        object: ManagedObject,
        attributes: impl IntoIterator<Item = Attribute>,
    ) -> Result<String, Error> {
        let request = RegisterRequest {
            object_type: object.object_type(),
            attributes: Some(attributes.into_iter().collect()),
            object: Some(object),
            protection_storage_masks: None,
        };
        let response = self.call(request).await?;
        self.text_of(response.unique_identifier)
    }

    /// Get (KMIP 2.1 §6.1.19), in the format that the server chooses. Other formats and wrapping: [`Client::call`].
    pub async fn get(&mut self, id: &str) -> Result<GetResponse, Error> {
        self.call(GetRequest {
            unique_identifier: object(id),
            key_format_type: None,
            key_wrap_type: None,
            key_compression_type: None,
            key_wrapping_specification: None,
        })
        .await
    }

    /// Get Attributes (KMIP 2.1 §6.1.20): those named, or all.
    pub async fn get_attributes(&mut self, id: &str, names: &[AttributeReference]) -> Result<Bag, Error> {
        let request = GetAttributesRequest { unique_identifier: object(id), attribute_references: names.to_vec() };
        Ok(self.call(request).await?.attributes.unwrap_or_default())
    }

    /// Get Attribute List (KMIP 2.1 §6.1.21).
    pub async fn get_attribute_list(&mut self, id: &str) -> Result<Vec<AttributeReference>, Error> {
        Ok(self.call(GetAttributeListRequest { unique_identifier: object(id) }).await?.attribute_references)
    }

    /// Add Attribute (KMIP 2.1 §6.1.2): one more value.
    pub async fn add_attribute(&mut self, id: &str, attribute: Attribute) -> Result<(), Error> {
        self.call(AddAttributeRequest { unique_identifier: object(id), new_attribute: one(attribute, None) }).await?;
        Ok(())
    }

    /// Modify Attribute (KMIP 2.1 §6.1.34): replaces `current`, or the only value.
    pub async fn modify_attribute(
        &mut self,
        id: &str,
        current: Option<Attribute>,
        new: Attribute,
    ) -> Result<(), Error> {
        let is_old = self.agreed_version().await? < V2_0;
        let index = match &current {
            Some(current) if is_old => self.instance(id, current).await?.index,
            _ => None,
        };
        self.call(ModifyAttributeRequest {
            unique_identifier: object(id),
            current_attribute: current.and_then(|current| one(current, None)),
            new_attribute: one(new, index),
        })
        .await?;
        Ok(())
    }

    /// Set Attribute (KMIP 2.1 §6.1.51): makes this the only value.
    ///
    /// 1.x has no such operation: there the attribute is read and then added or modified, in two requests.
    pub async fn set_attribute(&mut self, id: &str, attribute: Attribute) -> Result<(), Error> {
        if self.agreed_version().await? >= V2_0 {
            let new_attribute = one(attribute, None);
            self.call(SetAttributeRequest { unique_identifier: object(id), new_attribute }).await?;
            return Ok(());
        }
        let reference = AttributeReference::of(&attribute);
        match self.get_attributes(id, std::slice::from_ref(&reference)).await?.items.len() {
            0 => self.add_attribute(id, attribute).await,
            1 => self.modify_attribute(id, None, attribute).await,
            _ => Err(instance_error(&reference, "it has several values: modify one of them, or delete the others")),
        }
    }

    /// Delete Attribute (KMIP 2.1 §6.1.13): every value that the attribute has.
    pub async fn delete_attribute(&mut self, id: &str, reference: AttributeReference) -> Result<(), Error> {
        if self.agreed_version().await? >= V2_0 {
            return self.delete(id, None, vec![reference], None).await;
        }
        let found = self.get_attributes(id, std::slice::from_ref(&reference)).await?;
        if found.items.is_empty() {
            // The server says best why there is nothing to delete.
            return self.delete(id, None, vec![reference], None).await;
        }
        for instance in found.items.into_iter().rev() {
            self.delete(id, None, vec![reference.clone()], instance.index).await?;
        }
        Ok(())
    }

    /// Delete Attribute (KMIP 2.1 §6.1.13): this value alone.
    pub async fn delete_attribute_value(&mut self, id: &str, attribute: Attribute) -> Result<(), Error> {
        if self.agreed_version().await? >= V2_0 {
            return self.delete(id, one(attribute, None), Vec::new(), None).await;
        }
        let index = self.instance(id, &attribute).await?.index;
        self.delete(id, None, vec![AttributeReference::of(&attribute)], index).await
    }

    async fn delete(
        &mut self,
        id: &str,
        current_attribute: Option<Bag>,
        attribute_references: Vec<AttributeReference>,
        attribute_index: Option<i32>,
    ) -> Result<(), Error> {
        let unique_identifier = object(id);
        self.call(DeleteAttributeRequest {
            unique_identifier,
            current_attribute,
            attribute_references,
            attribute_index,
        })
        .await?;
        Ok(())
    }

    /// The stored instance that has this value: 1.x names it by index.
    async fn instance(&mut self, id: &str, wanted: &Attribute) -> Result<Instance, Error> {
        let reference = AttributeReference::of(wanted);
        let found = self.get_attributes(id, std::slice::from_ref(&reference)).await?;
        let instance = found.items.into_iter().find(|instance| instance.attribute == *wanted);
        instance.ok_or_else(|| instance_error(&reference, "no value is the given one"))
    }

    /// Locate (KMIP 2.1 §6.1.28): all objects that have these attributes.
    pub async fn locate(&mut self, attributes: impl IntoIterator<Item = Attribute>) -> Result<Located, Error> {
        self.locate_page(attributes, None, None).await
    }

    /// Locate, a page at a time: at most `maximum` identifiers after the first `offset` (from 1.3).
    pub async fn locate_page(
        &mut self,
        attributes: impl IntoIterator<Item = Attribute>,
        maximum: Option<i32>,
        offset: Option<i32>,
    ) -> Result<Located, Error> {
        let request = LocateRequest {
            maximum_items: maximum,
            offset_items: offset,
            storage_status_mask: None,
            object_class_mask: None,
            object_group_member: None,
            attributes: Some(attributes.into_iter().collect()),
        };
        let response = self.call(request).await?;
        let ids: Result<_, _> = response.unique_identifier.into_iter().map(|id| self.text_of(id)).collect();
        Ok(Located { ids: ids?, total: response.located_items })
    }

    /// Activate (KMIP 2.1 §6.1.1).
    pub async fn activate(&mut self, id: &str) -> Result<(), Error> {
        self.call(ActivateRequest { unique_identifier: object(id) }).await?;
        Ok(())
    }

    /// Revoke (KMIP 2.1 §6.1.44).
    pub async fn revoke(
        &mut self,
        id: &str,
        reason: RevocationReasonCode,
        message: Option<&str>,
        compromised_at: Option<DateTime>,
    ) -> Result<(), Error> {
        let revocation_message = message.map(Text::new);
        self.call(RevokeRequest {
            unique_identifier: object(id),
            revocation_reason: Some(RevocationReason { revocation_reason_code: reason, revocation_message }),
            compromise_occurrence_date: compromised_at,
        })
        .await?;
        Ok(())
    }

    /// Destroy (KMIP 2.1 §6.1.15).
    pub async fn destroy(&mut self, id: &str) -> Result<(), Error> {
        self.call(DestroyRequest { unique_identifier: object(id) }).await?;
        Ok(())
    }

    /// Re-key (KMIP 2.1 §6.1.46): a new key that takes the place of a symmetric key.
    ///
    /// `offset` is the time in seconds from now to the activation of the new key.
    pub async fn rekey(
        &mut self,
        id: &str,
        offset: Option<u32>,
        attributes: impl IntoIterator<Item = Attribute>,
    ) -> Result<String, Error> {
        let request = ReKeyRequest {
            unique_identifier: object(id),
            offset: offset.map(Interval),
            attributes: bag(attributes.into_iter().collect()),
            protection_storage_masks: None,
        };
        let response = self.call(request).await?;
        self.text_of(response.unique_identifier)
    }

    /// Re-key Key Pair (KMIP 2.1 §6.1.47): a new pair that takes the place of the pair of this private key.
    pub async fn rekey_key_pair(
        &mut self,
        private_key: &str,
        offset: Option<u32>,
        attributes: KeyPairAttributes,
    ) -> Result<KeyPair, Error> {
        let id = object(private_key);
        let request = ReKeyKeyPairRequest {
            unique_identifier: id.clone(),
            private_key_unique_identifier: id,
            offset: offset.map(Interval),
            common_attributes: bag(attributes.common),
            private_key_attributes: bag(attributes.private),
            public_key_attributes: bag(attributes.public),
            common_protection_storage_masks: None,
            private_protection_storage_masks: None,
            public_protection_storage_masks: None,
        };
        let response = self.call(request).await?;
        self.pair_of(response.private_key_unique_identifier, response.public_key_unique_identifier)
    }

    /// Check (KMIP 2.1 §6.1.7): whether the object may be used like this. The response repeats what may not be.
    pub async fn check(
        &mut self,
        id: &str,
        usage: Option<CryptographicUsageMask>,
        usage_limits_count: Option<i64>,
        lease_time: Option<u32>,
    ) -> Result<CheckResponse, Error> {
        self.call(CheckRequest {
            unique_identifier: object(id),
            usage_limits_count,
            cryptographic_usage_mask: usage,
            lease_time: lease_time.map(Interval),
        })
        .await
    }

    /// Log (KMIP 2.1 §6.1.29, from 2.0): writes a line into the server's log.
    pub async fn log(&mut self, message: &str) -> Result<(), Error> {
        self.call(LogRequest { log_message: Text::new(message) }).await?;
        Ok(())
    }

    /// Query (KMIP 2.1 §6.1.40).
    pub async fn query(&mut self, functions: &[QueryFunction]) -> Result<QueryResponse, Error> {
        self.call(QueryRequest { query_function: functions.to_vec(), object_groups: None }).await
    }

    /// Discover Versions (KMIP 2.1 §6.1.16): the versions of the server, by its preference.
    pub async fn discover_versions(&mut self) -> Result<Vec<Version>, Error> {
        let response = self.call(DiscoverVersionsRequest { protocol_version: Vec::new() }).await?;
        Ok(response.protocol_version.into_iter().map(Version::from).collect())
    }

    /// Interop (KMIP 2.1 §6.1.26, from 2.0): marks the begin or end of a test, or resets the server's state.
    pub async fn interop(&mut self, function: InteropFunction, identifier: &str) -> Result<(), Error> {
        let interop_identifier = Text::new(identifier);
        self.call(InteropRequest { interop_function: function, interop_identifier }).await?;
        Ok(())
    }

    fn text_of(&self, id: UniqueIdentifier) -> Result<String, Error> {
        let missing = || protocol(self.endpoint().unwrap_or_default(), "a Unique Identifier that is none".into());
        id.as_text().map(str::to_owned).ok_or_else(missing)
    }

    fn pair_of(&self, private: UniqueIdentifier, public: UniqueIdentifier) -> Result<KeyPair, Error> {
        Ok(KeyPair { private: self.text_of(private)?, public: self.text_of(public)? })
    }
}

fn object(id: &str) -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier::text(id))
}

/// A bag is left out when it is empty.
fn bag(attributes: Vec<Attribute>) -> Option<Bag> {
    if attributes.is_empty() { None } else { Some(attributes.into_iter().collect()) }
}

fn one(attribute: Attribute, index: Option<i32>) -> Option<Bag> {
    Some(Bag { items: vec![Instance { index, attribute }], ..Bag::default() })
}

fn instance_error(reference: &AttributeReference, what: &'static str) -> Error {
    Error::AttributeInstance { attribute: reference.name().to_string(), what }
}
