//! Logout (KMIP 2.1 §6.1.31).

use crate::macros::record;
use crate::message::credential::Ticket;

record! {
    /// Request payload of Logout (KMIP 2.1 §6.1.31). Since KMIP 2.0.
    LogoutRequest "Logout Request Payload" {
        ticket: Ticket = tag(Ticket),
    }

    /// Response payload of Logout (KMIP 2.1 §6.1.31). Since KMIP 2.0.
    LogoutResponse "Logout Response Payload" {
    }
}
