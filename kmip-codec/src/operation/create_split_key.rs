//! Create Split Key (KMIP 2.1 §6.1.10).

use crate::attribute::Bag;
use crate::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use crate::macros::record;
use crate::registry::{ObjectType, SplitKeyMethod};
use crate::value::BigInteger;

record! {
    /// Request payload of Create Split Key (KMIP 2.1 §6.1.10). Since KMIP 1.2.
    CreateSplitKeyRequest "Create Split Key Request Payload" {
        object_type: ObjectType = tag(ObjectType),
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier),
        split_key_parts: i32 = tag(SplitKeyParts),
        split_key_threshold: i32 = tag(SplitKeyThreshold),
        split_key_method: SplitKeyMethod = tag(SplitKeyMethod),
        prime_field_size: Option<BigInteger> = tag(PrimeFieldSize),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Set(Attributes)) required V1_2,
        protection_storage_masks: Option<ProtectionStorageMasks> = tag(ProtectionStorageMasks) since V2_0,
    }

    /// Response payload of Create Split Key (KMIP 2.1 §6.1.10). Since KMIP 1.2.
    CreateSplitKeyResponse "Create Split Key Response Payload" {
        object_type: Option<ObjectType> = tag(ObjectType) until V1_2 required V1_2,
        unique_identifier: Vec<UniqueIdentifier> = tag(UniqueIdentifier) required V1_2,
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Nil),
    }
}
