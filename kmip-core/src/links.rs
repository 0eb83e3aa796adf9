//! What is known of certificates beside their authorities: those that are registered for a client, and those that a client has
//! replaced or revoked and is known by no more (KMIP 2.1 §6.1.48, §11.10).

use kmip_codec::error::Result;
use kmip_codec::inline::Text;
use kmip_codec::object::ManagedObject;
use kmip_codec::registry::Tag;
use kmip_codec::value::{Field, Value};

use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult};
use crate::issued;
use crate::layout;
use crate::object::Record;
use crate::ports::store::Guard;
use crate::stored::{read, write};
use crate::trust::{Fingerprint, fingerprint};

const LINK: Tag = Tag::new(0x54_0320);
const CLIENT: Tag = Tag::new(0x54_0321);
const OBJECT: Tag = Tag::new(0x54_0322);
const REPLACED: Tag = Tag::new(0x54_0323);
const RENEWALS: Tag = Tag::new(0x54_0324);

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
    /// Whose it is, or was.
    pub client: Text,
    /// The object of the client's scope that it is.
    pub object: Option<Text>,
    /// Whether it was replaced or revoked. That is for ever: what was registered once must not be judged by its name alone.
    pub replaced: bool,
    /// How often the client's certificates had been renewed when it was made.
    pub renewals: i64,
}

impl LinkRecord {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        write(LINK, |sink| {
            self.client.put(CLIENT, sink);
            self.object.put_field(OBJECT, sink);
            self.replaced.then_some(true).put_field(REPLACED, sink);
            (self.renewals > 0).then_some(self.renewals).put_field(RENEWALS, sink);
        })
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        read(LINK, bytes, |next, source| {
            let client = Text::take_field(CLIENT, next, source)?;
            let object = Option::<Text>::take_field(OBJECT, next, source)?;
            let replaced = Option::<bool>::take_field(REPLACED, next, source)?.unwrap_or(false);
            let renewals = Option::<i64>::take_field(RENEWALS, next, source)?.unwrap_or(0);
            Ok(Self { client, object, replaced, renewals })
        })
    }
}

/// The certificate that an object is, in DER.
pub(crate) fn der_of(record: &Record) -> Option<&[u8]> {
    match &record.object {
        Some(ManagedObject::Certificate(certificate)) => Some(certificate.certificate_value.as_slice()),
        _ => None,
    }
}

/// A certificate that its client revokes stands for nobody from now on, if that object was what it is known by, or is what this
/// server issued: then also if it is of an authority that TLS trusts.
pub(crate) fn end(context: &mut Context<'_>, revoked: &Record) -> OpResult<()> {
    let Some(key) = der_of(revoked).map(|der| layout::link(&fingerprint(der))) else { return Ok(()) };
    // The request itself may have made it stand for its client.
    let (value, revision) = match context.txn.written(&key) {
        Some(written) => (written.map(<[u8]>::to_vec), None),
        None => match context.engine.store.get(&key)? {
            Some(found) => (Some(found.value), Some(found.revision)),
            None => (None, None),
        },
    };
    let is_issued = issued::is_of(context.engine, revoked)?;
    let mut link = match value {
        Some(value) => {
            LinkRecord::decode(&value).map_err(|_| OpError::new(Fault::Internal, "a link cannot be read"))?
        }
        None if is_issued => {
            let (client, object) = (context.principal.client.clone(), Some(revoked.id.clone()));
            context.txn.guard(Guard::Absent(key.clone()));
            LinkRecord { client, object, replaced: false, renewals: context.principal.renewals }
        }
        None => return Ok(()),
    };
    let owner = context.engine.catalog.client(&link.client);
    let scope = owner.as_ref().map_or(&link.client, |owner| &owner.scope);
    // Another scope may have the same certificate, and call it the same.
    let is_it = link.object.as_ref() == Some(&revoked.id) && *scope == revoked.scope;
    if (is_it || is_issued) && !link.replaced {
        link.replaced = true;
        if let Some(revision) = revision {
            context.txn.guard(Guard::At(key.clone(), revision));
        }
        context.txn.write(key, Some(link.encode()));
    }
    Ok(())
}
