//! Delete Attribute (KMIP 2.1 §6.1.13).

use crate::attribute::values::UniqueIdentifier;
use crate::attribute::{AttributeReference, Bag};
use crate::macros::record;

record! {
    /// Request payload of Delete Attribute (KMIP 2.1 §6.1.13).
    DeleteAttributeRequest "Delete Attribute Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        current_attribute: Option<Bag> = bag(Nil, Set(CurrentAttribute)),
        attribute_references: Vec<AttributeReference> = references(V2_0),
        attribute_index: Option<i32> = tag(AttributeIndex) until V1_4,
    }

    /// Response payload of Delete Attribute (KMIP 2.1 §6.1.13).
    DeleteAttributeResponse "Delete Attribute Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attribute: Option<Bag> = bag(Bare, Nil),
    }
}
