//! Tickets (KMIP 2.1 §6.1.12, §6.1.30, §6.1.31, §7.39): who logged in, for how long, how often and for what.
//!
//! The value of a ticket is random; the store keeps its record, sealed like every record, under a keyed hash of the value, so
//! that no copy of the store holds a ticket that somebody could present. A ticket of Login is its client's own: it counts only
//! with the certificate of that client. One of Delegated Login is for whoever presents it, acts in the scope and as the user
//! of the client that made it, and may do what its Rights allow and nothing else. No ticket gets another one.
//!
//! Requests and units are counted by the store, in counters that fall from 0, as Usage Limits of keys are: concurrent requests
//! do not conflict, and none is counted twice or served beyond the limit.

mod admission;
mod issue;
mod live;
mod record;

pub use admission::Presented;
pub(crate) use admission::{begin, end, within};
pub(crate) use issue::{Terms, issue, limit as limit_of, withdraw};
pub(crate) use live::Tickets;
pub(crate) use record::Reach;
pub use record::{Limit, Right, TicketRecord};

/// What names a ticket in the store: the keyed hash of its value.
pub(crate) type TicketKey = [u8; 32];
