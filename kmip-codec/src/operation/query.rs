//! Query (KMIP 2.1 §6.1.40).

use crate::attribute::values::{ObjectGroups, ProtectionStorageMasks, RNGParameters};
use crate::error::Result;
use crate::inline::Text;
use crate::item::Item;
use crate::macros::record;
use crate::operation::set_defaults::DefaultsInformation;
use crate::registry::*;
use crate::value::Value;
use crate::version::V2_0;
use crate::wire::{Sink, Source};

record! {
    /// Request payload of Query (KMIP 2.1 §6.1.40).
    QueryRequest "Query Request Payload" {
        query_function: Vec<QueryFunction> = tag(QueryFunction) required V1_0,
        object_groups: Option<ObjectGroups> = tag(ObjectGroups) since V2_1 until V2_1,
    }

    /// Response payload of Query (KMIP 2.1 §6.1.40).
    QueryResponse "Query Response Payload" {
        operation: Vec<Operation> = tag(Operation),
        object_type: Vec<ObjectType> = tag(ObjectType),
        vendor_identification: Option<Text> = tag(VendorIdentification),
        server_information: Option<Box<ServerInformation>> = tag(ServerInformation),
        application_namespace: Vec<Text> = tag(ApplicationNamespace),
        extension_information: Vec<ExtensionInformation> = tag(ExtensionInformation) since V1_1,
        attestation_type: Vec<AttestationType> = tag(AttestationType) since V1_2,
        rng_parameters: Vec<RNGParameters> = tag(RNGParameters) since V1_3,
        profile_information: Vec<ProfileInformation> = tag(ProfileInformation) since V1_3,
        validation_information: Vec<ValidationInformation> = tag(ValidationInformation) since V1_3,
        capability_information: Vec<CapabilityInformation> = tag(CapabilityInformation) since V1_3,
        client_registration_method: Vec<ClientRegistrationMethod> = tag(ClientRegistrationMethod) since V1_3,
        defaults_information: Option<DefaultsInformation> = tag(DefaultsInformation) since V2_0,
        protection_storage_masks: Option<ProtectionStorageMasks> = tag(ProtectionStorageMasks) since V2_0,
        credential_information: Option<CredentialInformation> = tag(CredentialInformation) since V3_0,
    }

    /// Server Information (KMIP 2.1 §7.35).
    ServerInformation "Server Information" {
        server_name: Option<Text> = tag(ServerName) since V2_0,
        server_serial_number: Option<Text> = tag(ServerSerialNumber) since V2_0,
        server_version: Option<Text> = tag(ServerVersion) since V2_0,
        server_load: Option<Text> = tag(ServerLoad) since V2_0,
        product_name: Option<Text> = tag(ProductName) since V2_0,
        build_level: Option<Text> = tag(BuildLevel) since V2_0,
        build_date: Option<Text> = tag(BuildDate) since V2_0,
        cluster_info: Option<Text> = tag(ClusterInfo) since V2_0,
        alternate_failover_endpoints: Vec<Text> = tag(AlternateFailoverEndpoints) since V2_0,
        vendor_specific: Vec<Item> = rest(),
    }

    /// Extension Information (KMIP 2.1 §7.12).
    ExtensionInformation "Extension Information" {
        extension_name: Text = tag(ExtensionName),
        extension_tag: Option<i32> = tag(ExtensionTag),
        extension_type: Option<ExtensionType> = tag(ExtensionType) until V2_1,
        extension_enumeration: Option<i32> = tag(ExtensionEnumeration) since V2_0,
        extension_attribute: Option<bool> = tag(ExtensionAttribute) since V2_0,
        extension_parent_structure_tag: Option<i32> = tag(ExtensionParentStructureTag) since V2_0,
        extension_description: Option<Text> = tag(ExtensionDescription) since V2_0,
    }

    /// Profile Information (KMIP 2.1 §7.25).
    ProfileInformation "Profile Information" {
        profile_name: ProfileName = tag(ProfileName),
        profile_version: Option<ProfileVersion> = tag(ProfileVersion) since V2_0,
        server_uri: Option<Text> = tag(ServerURI),
        server_port: Option<i32> = tag(ServerPort),
    }

    /// Profile Version (KMIP 2.1 §7.26).
    ProfileVersion "Profile Version" {
        profile_version_major: i32 = tag(ProfileVersionMajor),
        profile_version_minor: i32 = tag(ProfileVersionMinor),
    }

    /// Validation Information (KMIP 2.1 §7.39).
    ValidationInformation "Validation Information" {
        validation_authority_type: ValidationAuthorityType = tag(ValidationAuthorityType),
        validation_authority_country: Option<Text> = tag(ValidationAuthorityCountry),
        validation_authority_uri: Option<Text> = tag(ValidationAuthorityURI),
        validation_version_major: i32 = tag(ValidationVersionMajor),
        validation_version_minor: Option<i32> = tag(ValidationVersionMinor),
        validation_type: ValidationType = tag(ValidationType),
        validation_level: i32 = tag(ValidationLevel),
        validation_certificate_identifier: Option<Text> = tag(ValidationCertificateIdentifier),
        validation_certificate_uri: Option<Text> = tag(ValidationCertificateURI),
        validation_vendor_uri: Option<Text> = tag(ValidationVendorURI),
        validation_profile: Vec<Text> = tag(ValidationProfile),
    }

    /// Capability Information (KMIP 2.1 §7.7).
    CapabilityInformation "Capability Information" {
        streaming_capability: Option<bool> = tag(StreamingCapability),
        asynchronous_capability: Option<bool> = tag(AsynchronousCapability),
        attestation_capability: Option<bool> = tag(AttestationCapability),
        batch_undo_capability: Option<bool> = tag(BatchUndoCapability) since V1_4,
        batch_continue_capability: Option<bool> = tag(BatchContinueCapability) since V1_4,
        unwrap_mode: Option<UnwrapMode> = tag(UnwrapMode),
        destroy_action: Option<DestroyAction> = tag(DestroyAction),
        shredding_algorithm: Option<ShreddingAlgorithm> = tag(ShreddingAlgorithm),
        rng_mode: Option<RNGMode> = tag(RNGMode),
        quantum_safe_capability: Option<bool> = tag(QuantumSafeCapability) since V2_0,
    }

    /// Credential Information (KMIP 3.0).
    CredentialInformation "Credential Information" {
        credential_type: Vec<CredentialType> = tag(CredentialType) required V3_0,
    }
}

/// Extension Type: an Integer to 1.4, an Item Type enumeration from 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtensionType(pub ItemType);

impl Value for ExtensionType {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        if sink.version() < V2_0 {
            sink.integer(tag, self.0.0.cast_signed());
        } else {
            self.0.put(tag, sink);
        }
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        if source.takes(ItemType::Integer, source.version() < V2_0) {
            return source.integer().map(|value| Self(ItemType(value.cast_unsigned())));
        }
        ItemType::take(source).map(Self)
    }
}
