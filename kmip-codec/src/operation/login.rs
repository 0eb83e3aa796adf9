//! Login (KMIP 2.1 §6.1.30).

use crate::attribute::values::UsageLimits;
use crate::macros::record;
use crate::message::credential::Ticket;
use crate::value::Interval;

record! {
    /// Request payload of Login (KMIP 2.1 §6.1.30). Since KMIP 2.0.
    LoginRequest "Login Request Payload" {
        lease_time: Option<Interval> = tag(LeaseTime),
        request_count: Option<i32> = tag(RequestCount),
        usage_limits: Option<UsageLimits> = tag(UsageLimits),
    }

    /// Response payload of Login (KMIP 2.1 §6.1.30). Since KMIP 2.0.
    LoginResponse "Login Response Payload" {
        ticket: Ticket = tag(Ticket),
    }
}
