//! Join Split Key (KMIP 2.1 §6.1.27).

use crate::attribute::Bag;
use crate::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use crate::macros::record;
use crate::registry::{ObjectType, SecretDataType};

record! {
    /// Request payload of Join Split Key (KMIP 2.1 §6.1.27). Since KMIP 1.2.
    JoinSplitKeyRequest "Join Split Key Request Payload" {
        object_type: ObjectType = tag(ObjectType),
        unique_identifier: Vec<UniqueIdentifier> = tag(UniqueIdentifier) required V1_2,
        secret_data_type: Option<SecretDataType> = tag(SecretDataType),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Set(Attributes)),
        protection_storage_masks: Option<ProtectionStorageMasks> = tag(ProtectionStorageMasks) since V2_0,
    }

    /// Response payload of Join Split Key (KMIP 2.1 §6.1.27). Since KMIP 1.2.
    JoinSplitKeyResponse "Join Split Key Response Payload" {
        object_type: Option<ObjectType> = tag(ObjectType) until V1_2 required V1_2,
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Nil),
    }
}
