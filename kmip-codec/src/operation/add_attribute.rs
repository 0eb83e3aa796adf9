//! Add Attribute (KMIP 2.1 §6.1.2).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Add Attribute (KMIP 2.1 §6.1.2).
    AddAttributeRequest "Add Attribute Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        new_attribute: Option<Bag> = bag(Bare, Set(NewAttribute)) required V1_0,
    }

    /// Response payload of Add Attribute (KMIP 2.1 §6.1.2).
    AddAttributeResponse "Add Attribute Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attribute: Option<Bag> = bag(Bare, Nil),
    }
}
