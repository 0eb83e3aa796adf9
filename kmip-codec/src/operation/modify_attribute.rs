//! Modify Attribute (KMIP 2.1 §6.1.34).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Modify Attribute (KMIP 2.1 §6.1.34).
    ModifyAttributeRequest "Modify Attribute Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        current_attribute: Option<Bag> = bag(Nil, Set(CurrentAttribute)),
        new_attribute: Option<Bag> = bag(Bare, Set(NewAttribute)) required V1_0,
    }

    /// Response payload of Modify Attribute (KMIP 2.1 §6.1.34).
    ModifyAttributeResponse "Modify Attribute Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attribute: Option<Bag> = bag(Bare, Nil),
    }
}
