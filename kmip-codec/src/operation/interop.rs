//! Interop (KMIP 2.1 §6.1.26).

use crate::inline::Text;
use crate::macros::record;
use crate::registry::InteropFunction;

record! {
    /// Request payload of Interop (KMIP 2.1 §6.1.26). Since KMIP 2.0.
    InteropRequest "Interop Request Payload" {
        interop_function: InteropFunction = tag(InteropFunction),
        interop_identifier: Text = tag(InteropIdentifier),
    }

    /// Response payload of Interop (KMIP 2.1 §6.1.26). Since KMIP 2.0.
    InteropResponse "Interop Response Payload" {
    }
}
