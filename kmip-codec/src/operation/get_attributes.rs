//! Get Attributes (KMIP 2.1 §6.1.20).

use crate::attribute::values::UniqueIdentifier;
use crate::attribute::{AttributeReference, Bag};
use crate::macros::record;

record! {
    /// Request payload of Get Attributes (KMIP 2.1 §6.1.20).
    GetAttributesRequest "Get Attributes Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        attribute_references: Vec<AttributeReference> = references(V2_0),
    }

    /// Response payload of Get Attributes (KMIP 2.1 §6.1.20).
    GetAttributesResponse "Get Attributes Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Bare, Set(Attributes)),
    }
}
