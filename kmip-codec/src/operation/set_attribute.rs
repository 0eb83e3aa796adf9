//! Set Attribute (KMIP 2.1 §6.1.51).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Set Attribute (KMIP 2.1 §6.1.51). Since KMIP 2.0.
    SetAttributeRequest "Set Attribute Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        new_attribute: Option<Bag> = bag(Nil, Set(NewAttribute)) required V2_0,
    }

    /// Response payload of Set Attribute (KMIP 2.1 §6.1.51). Since KMIP 2.0.
    SetAttributeResponse "Set Attribute Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
