//! Where a request goes and an answer comes from: over TLS, or any other way to reach the server.

use crate::encoded::Wire;
use kmip_codec::version::Version;
use std::io;

/// A peer that answers requests, one at a time.
pub trait Endpoint {
    /// Sends one encoded request and gives back the encoded answer.
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>>;
}

/// A client's listener, to which the server sends requests (KMIP 1.4 §5).
pub trait Listener {
    /// Has the server put an object of the client's scope there.
    fn put(&mut self, id: &str) -> io::Result<()>;

    /// The server's next request, encoded.
    fn hear(&mut self) -> io::Result<Vec<u8>>;

    /// Answers it.
    fn answer(&mut self, response: &[u8]) -> io::Result<()>;
}

/// A client with its listener.
pub type Hearing<'a> = (Box<dyn Endpoint>, Box<dyn Listener + 'a>);

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
    /// The same with a listener, which hears in a version; `None` if this place has none such.
    fn hearing_client_over(&mut self, wire: Wire, version: Version) -> io::Result<Option<Hearing<'_>>> {
        let _ = (wire, version);
        Ok(None)
    }
    /// Lets the client that was made last hear of changes: only then may it become the server (KMIP 2.1 §6.1.54).
    fn let_hear(&mut self) -> io::Result<()>;
}

/// Name and password of the user whom the published cases of 3.0 ask for (BL-M-16, BL-M-17, BL-M-21).
pub const ADMINISTRATOR: (&str, &str) = ("administrator", "password");
