//! Where a request goes and an answer comes from: over TLS, or any other way to reach the server.

use crate::encoded::Wire;
use std::io;

/// A peer that answers requests, one at a time.
pub trait Endpoint {
    /// Sends one encoded request and gives back the encoded answer.
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>>;
}

/// A place to play cases in.
pub trait World {
    /// An endpoint for a client that nobody has seen before, in a scope of its own.
    fn fresh_client(&mut self) -> io::Result<Box<dyn Endpoint>>;
    /// The same over another wire; `None` if this place has none such.
    fn fresh_client_over(&mut self, wire: Wire) -> io::Result<Option<Box<dyn Endpoint>>> {
        match wire {
            Wire::Kmip => self.fresh_client().map(Some),
            Wire::Https(_) => Ok(None),
        }
    }
}

/// Name and password of the user whom the published cases of 3.0 ask for (BL-M-16, BL-M-17, BL-M-21).
pub const ADMINISTRATOR: (&str, &str) = ("administrator", "password");
