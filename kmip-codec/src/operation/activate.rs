//! Activate (KMIP 2.1 §6.1.1).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Activate (KMIP 2.1 §6.1.1).
    ActivateRequest "Activate Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
    }

    /// Response payload of Activate (KMIP 2.1 §6.1.1).
    ActivateResponse "Activate Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
