//! Import (KMIP 2.1 §6.1.25).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::object::ManagedObject;
use crate::registry::{KeyWrapType, ObjectType};

record! {
    /// Request payload of Import (KMIP 2.1 §6.1.25). Since KMIP 1.4.
    ImportRequest "Import Request Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        object_type: Option<ObjectType> = tag(ObjectType) since V2_0 required V2_0,
        replace_existing: Option<bool> = tag(ReplaceExisting),
        key_wrap_type: Option<KeyWrapType> = tag(KeyWrapType),
        attributes: Option<Bag> = bag(Bare, Set(Attributes)) required V1_4,
        object: ManagedObject = choice(),
    }

    /// Response payload of Import (KMIP 2.1 §6.1.25). Since KMIP 1.4.
    ImportResponse "Import Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
