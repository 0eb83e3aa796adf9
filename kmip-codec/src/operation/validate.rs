//! Validate (KMIP 2.1 §6.1.57).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::object::Certificate;
use crate::registry::ValidityIndicator;
use crate::value::DateTime;

record! {
    /// Request payload of Validate (KMIP 2.1 §6.1.57).
    ValidateRequest "Validate Request Payload" {
        certificate: Vec<Certificate> = tag(Certificate),
        unique_identifier: Vec<UniqueIdentifier> = tag(UniqueIdentifier),
        validity_date: Option<DateTime> = tag(ValidityDate),
    }

    /// Response payload of Validate (KMIP 2.1 §6.1.57).
    ValidateResponse "Validate Response Payload" {
        validity_indicator: ValidityIndicator = tag(ValidityIndicator),
    }
}
