//! Get Constraints (KMIP 2.1 §6.1.22).

use crate::macros::record;
use crate::operation::set_constraints::Constraints;

record! {
    /// Request payload of Get Constraints (KMIP 2.1 §6.1.22). Since KMIP 2.1.
    GetConstraintsRequest "Get Constraints Request Payload" {
    }

    /// Response payload of Get Constraints (KMIP 2.1 §6.1.22). Since KMIP 2.1.
    GetConstraintsResponse "Get Constraints Response Payload" {
        constraints: Constraints = tag(Constraints),
    }
}
