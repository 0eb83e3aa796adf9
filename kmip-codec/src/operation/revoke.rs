//! Revoke (KMIP 2.1 §6.1.44).

use crate::attribute::values::{RevocationReason, UniqueIdentifier};
use crate::macros::record;
use crate::value::DateTime;

record! {
    /// Request payload of Revoke (KMIP 2.1 §6.1.44).
    RevokeRequest "Revoke Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        revocation_reason: Option<RevocationReason> = tag(RevocationReason),
        compromise_occurrence_date: Option<DateTime> = tag(CompromiseOccurrenceDate),
    }

    /// Response payload of Revoke (KMIP 2.1 §6.1.44).
    RevokeResponse "Revoke Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
