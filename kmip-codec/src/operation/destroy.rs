//! Destroy (KMIP 2.1 §6.1.15).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Destroy (KMIP 2.1 §6.1.15).
    DestroyRequest "Destroy Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
    }

    /// Response payload of Destroy (KMIP 2.1 §6.1.15).
    DestroyResponse "Destroy Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
