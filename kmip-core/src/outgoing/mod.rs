//! Requests from the server to a client (KMIP 1.4 §5, KMIP 2.1 §6.2): Notify when attributes of objects change, Put when an
//! administrator sends an object, Discover Versions and Query to learn what the client can take.
//!
//! An administrator says which clients hear of changes in their scope. What they are to hear is queued in the change itself,
//! so that it is durable with it, and waits for a connection whose roles the client has exchanged by Set Endpoint Role (from
//! KMIP 2.0), or to a listener of the client that an administrator has named (KMIP 1.4 §5.1: "via means outside of the normal
//! client request/response protocol"). It goes when the client has answered, or after [`LONGEST_WAIT`]. The tables of
//! KMIP 3.0 have neither Notify nor Put, and they are not sent in it.

mod courier;
mod queue;

pub(crate) use courier::speaks;
pub use courier::{Courier, Next};
pub use queue::{Queued, QueuedMessage, host_and_port};
pub(crate) use queue::{Queues, key_of, notifications};

/// Seconds after which a message that nobody has taken goes.
pub const LONGEST_WAIT: i64 = 7 * 24 * 60 * 60;
/// Messages that wait for one client at most; further ones are not queued.
pub const MOST_QUEUED: usize = 1_000;
/// Authorities of which a listener's certificate may be.
pub const MOST_TRUSTED: usize = 16;
