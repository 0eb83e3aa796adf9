//! Get Attribute List (KMIP 2.1 §6.1.21).

use crate::attribute::AttributeReference;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Get Attribute List (KMIP 2.1 §6.1.21).
    GetAttributeListRequest "Get Attribute List Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
    }

    /// Response payload of Get Attribute List (KMIP 2.1 §6.1.21).
    GetAttributeListResponse "Get Attribute List Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attribute_references: Vec<AttributeReference> = references(V2_0),
    }
}
