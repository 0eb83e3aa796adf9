//! Login (KMIP 2.1 §6.1.30).

use crate::attribute::values::UsageLimits;
use crate::error::Result;
use crate::macros::record;
use crate::message::credential::Ticket;
use crate::registry::{ItemType, Tag};
use crate::value::{DateTime, Interval, Value};
use crate::wire::{Sink, Source};

/// Lease Time of a ticket (KMIP 2.1 §6.1.30): "the lease time Interval or Date Time for the ticket".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketLease {
    /// From now on, in seconds.
    For(Interval),
    /// Up to a moment.
    Until(DateTime),
}

impl Value for TicketLease {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        match self {
            Self::For(interval) => interval.put(tag, sink),
            Self::Until(date) => date.put(tag, sink),
        }
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        match source.item_type() {
            ItemType::DateTime => DateTime::take(source).map(Self::Until),
            _ => Interval::take(source).map(Self::For),
        }
    }
}

record! {
    /// Request payload of Login (KMIP 2.1 §6.1.30). Since KMIP 2.0.
    LoginRequest "Login Request Payload" {
        lease_time: Option<TicketLease> = tag(LeaseTime),
        request_count: Option<i32> = tag(RequestCount),
        usage_limits: Option<UsageLimits> = tag(UsageLimits),
    }

    /// Response payload of Login (KMIP 2.1 §6.1.30). Since KMIP 2.0.
    LoginResponse "Login Response Payload" {
        ticket: Ticket = tag(Ticket),
    }
}
