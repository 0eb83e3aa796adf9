//! Register (KMIP 2.1 §6.1.43).

use crate::attribute::Bag;
use crate::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use crate::macros::record;
use crate::object::ManagedObject;
use crate::registry::ObjectType;

record! {
    /// Request payload of Register (KMIP 2.1 §6.1.43).
    RegisterRequest "Register Request Payload" {
        object_type: ObjectType = tag(ObjectType),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Set(Attributes)),
        object: Option<ManagedObject> = choice() required V1_2,
        protection_storage_masks: Option<ProtectionStorageMasks> = tag(ProtectionStorageMasks) since V2_0,
    }

    /// Response payload of Register (KMIP 2.1 §6.1.43).
    RegisterResponse "Register Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Nil),
    }
}
