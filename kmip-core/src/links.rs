//! What is known of certificates beside their authorities: those that are registered for a client, and those that a client has
//! replaced and is known by no more (KMIP 2.1 §6.1.48, §11.10).

use kmip_codec::error::Result;
use kmip_codec::inline::Text;
use kmip_codec::registry::Tag;
use kmip_codec::value::{Field, Value};

use crate::stored::{read, write};
use crate::trust::Fingerprint;

const LINK: Tag = Tag::new(0x54_0320);
const CLIENT: Tag = Tag::new(0x54_0321);
const OBJECT: Tag = Tag::new(0x54_0322);
const REPLACED: Tag = Tag::new(0x54_0323);

/// The certificate that a connection has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of it.
    pub fingerprint: Fingerprint,
    /// The content of its serial number's `INTEGER`.
    pub serial_number: Vec<u8>,
    /// When it ends, in seconds since 1970.
    pub not_after: i64,
}

/// What is known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Who shows it is this client.
    Registered(Text),
    /// Nobody is known by it.
    Replaced,
}

/// The stored record of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRecord {
    /// Whose it is.
    pub client: Text,
    /// The object of the client's scope that it is.
    pub object: Option<Text>,
    /// Whether the client has replaced it. That is for ever: what was registered once must not be judged by its name alone.
    pub replaced: bool,
}

impl LinkRecord {
    /// What it says.
    pub fn standing(&self) -> Standing {
        if self.replaced { Standing::Replaced } else { Standing::Registered(self.client.clone()) }
    }

    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        write(LINK, |sink| {
            self.client.put(CLIENT, sink);
            self.object.put_field(OBJECT, sink);
            self.replaced.then_some(true).put_field(REPLACED, sink);
        })
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        read(LINK, bytes, |next, source| {
            let client = Text::take_field(CLIENT, next, source)?;
            let object = Option::<Text>::take_field(OBJECT, next, source)?;
            let replaced = Option::<bool>::take_field(REPLACED, next, source)?.unwrap_or(false);
            Ok(Self { client, object, replaced })
        })
    }
}
