//! Obliterate (KMIP 3.0).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Obliterate (KMIP 3.0). Since KMIP 3.0.
    ObliterateRequest "Obliterate Request Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }

    /// Response payload of Obliterate (KMIP 3.0). Since KMIP 3.0.
    ObliterateResponse "Obliterate Response Payload" {
    }
}
