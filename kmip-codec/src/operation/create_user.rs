//! Create User (KMIP 3.0).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Create User (KMIP 3.0). Since KMIP 3.0.
    CreateUserRequest "Create User Request Payload" {
        attributes: Option<Bag> = bag(Nil, Set(Attributes)) required V3_0,
    }

    /// Response payload of Create User (KMIP 3.0). Since KMIP 3.0.
    CreateUserResponse "Create User Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
