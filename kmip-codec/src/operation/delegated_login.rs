//! Delegated Login (KMIP 2.1 §6.1.12).

use crate::attribute::values::{ObjectGroups, Objects, Operations, UsageLimits};
use crate::macros::record;
use crate::message::credential::Ticket;
use crate::operation::login::TicketLease;

record! {
    /// Request payload of Delegated Login (KMIP 2.1 §6.1.12). Since KMIP 2.0.
    DelegatedLoginRequest "Delegated Login Request Payload" {
        lease_time: Option<TicketLease> = tag(LeaseTime),
        request_count: Option<i32> = tag(RequestCount),
        usage_limits: Option<UsageLimits> = tag(UsageLimits),
        rights: Rights = tag(Rights),
    }

    /// Response payload of Delegated Login (KMIP 2.1 §6.1.12). Since KMIP 2.0.
    DelegatedLoginResponse "Delegated Login Response Payload" {
        ticket: Ticket = tag(Ticket),
    }

    /// Rights (KMIP 2.1 §7.32).
    Rights "Rights" {
        right: Vec<Right> = tag(Right),
    }

    /// Right (KMIP 2.1 §7.31).
    Right "Right" {
        usage_limits: Option<UsageLimits> = tag(UsageLimits),
        operations: Option<Operations> = tag(Operations),
        objects: Option<Objects> = tag(Objects),
        object_groups: Option<ObjectGroups> = tag(ObjectGroups) since V2_1,
    }
}
