//! Recover (KMIP 2.1 §6.1.42).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Recover (KMIP 2.1 §6.1.42).
    RecoverRequest "Recover Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
    }

    /// Response payload of Recover (KMIP 2.1 §6.1.42).
    RecoverResponse "Recover Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
