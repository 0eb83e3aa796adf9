//! Deactivate (KMIP 3.0).

use crate::attribute::values::{DeactivationReason, UniqueIdentifier};
use crate::macros::record;
use crate::value::DateTime;

record! {
    /// Request payload of Deactivate (KMIP 3.0). Since KMIP 3.0.
    DeactivateRequest "Deactivate Request Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        deactivation_reason: Option<DeactivationReason> = tag(DeactivationReason),
        deactivation_date: Option<DateTime> = tag(DeactivationDate),
    }

    /// Response payload of Deactivate (KMIP 3.0). Since KMIP 3.0.
    DeactivateResponse "Deactivate Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
