//! Create Group (KMIP 3.0).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Create Group (KMIP 3.0). Since KMIP 3.0.
    CreateGroupRequest "Create Group Request Payload" {
        attributes: Option<Bag> = bag(Nil, Set(Attributes)) required V3_0,
    }

    /// Response payload of Create Group (KMIP 3.0). Since KMIP 3.0.
    CreateGroupResponse "Create Group Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
