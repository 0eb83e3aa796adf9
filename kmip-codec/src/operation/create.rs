//! Create (KMIP 2.1 §6.1.8).

use crate::attribute::Bag;
use crate::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use crate::macros::record;
use crate::registry::ObjectType;

record! {
    /// Request payload of Create (KMIP 2.1 §6.1.8).
    CreateRequest "Create Request Payload" {
        object_type: ObjectType = tag(ObjectType),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Set(Attributes)),
        protection_storage_masks: Option<ProtectionStorageMasks> = tag(ProtectionStorageMasks) since V2_0,
    }

    /// Response payload of Create (KMIP 2.1 §6.1.8).
    CreateResponse "Create Response Payload" {
        object_type: ObjectType = tag(ObjectType),
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Nil),
    }
}
