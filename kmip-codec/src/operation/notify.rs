//! Notify (KMIP 2.1 §6.2.2).

use crate::attribute::values::UniqueIdentifier;
use crate::attribute::{AttributeReference, Bag};
use crate::macros::record;

record! {
    /// Request payload of Notify (KMIP 2.1 §6.2.2).
    NotifyRequest "Notify Request Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Bare, Set(Attributes)),
        attribute_references: Vec<AttributeReference> = references(V2_0) since V2_0,
    }
}
