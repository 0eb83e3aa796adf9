//! Ping (KMIP 2.1 §6.1.36).

use crate::macros::record;

record! {
    /// Request payload of Ping (KMIP 2.1 §6.1.36). Since KMIP 2.1.
    PingRequest "Ping Request Payload" {
    }

    /// Response payload of Ping (KMIP 2.1 §6.1.36). Since KMIP 2.1.
    PingResponse "Ping Response Payload" {
    }
}
