//! Who asks: client and user records, and the decision which scope a request acts in.

use kmip_codec::error::{DecodeError, Problem, Result};
use kmip_codec::inline::Text;
use kmip_codec::limits::Limits;
use kmip_codec::registry::Tag;
use kmip_codec::value::{Field, Value};
use kmip_codec::version::V2_1;
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Sink, Source, Strictness};

use crate::quirks::Quirks;
use crate::tickets::Presented;

const CLIENT: Tag = Tag::new(0x54_0100);
const USER: Tag = Tag::new(0x54_0101);
const SCOPE: Tag = Tag::new(0x54_0102);
const PASSWORD_HASH: Tag = Tag::new(0x54_0103);
const BOUND_CLIENT: Tag = Tag::new(0x54_0104);
const QUIRK: Tag = Tag::new(0x54_0140);

/// What is stored about a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientRecord {
    /// The scope that its objects belong to.
    pub scope: Text,
    /// What it may do that the specification does not permit.
    pub quirks: Quirks,
}

/// What is stored about a KMIP user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRecord {
    /// Password hash in PHC form.
    pub password_hash: Text,
    /// The only client that may use it, if it is bound.
    pub client: Option<Text>,
}

/// Who a request acts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The client of the certificate.
    pub client: Text,
    /// The user of the credential, if one was given and counted.
    pub user: Option<Text>,
    /// The scope that the request acts in.
    pub scope: Text,
    /// What the client may do that the specification does not permit.
    pub quirks: Quirks,
    /// The ticket that it presents.
    pub ticket: Option<Presented>,
}

/// Names that certificates may give: short and printable, so that none holds the separator of the key space.
pub fn is_acceptable_client(name: &str) -> bool {
    !name.is_empty() && name.len() <= 128 && !name.chars().any(char::is_control)
}

/// Names that an administrator may give: they become names of files, too.
pub fn is_acceptable_name(name: &str) -> bool {
    is_acceptable_client(name) && !name.contains('/') && !name.starts_with('.')
}

pub(crate) fn write(tag: Tag, fields: impl FnOnce(&mut dyn Sink)) -> Vec<u8> {
    let mut writer = TtlvWriter::with_capacity(V2_1, 256);
    writer.begin(tag);
    fields(&mut writer);
    writer.end();
    std::mem::take(&mut *writer.finish())
}

pub(crate) fn read<T>(
    tag: Tag,
    bytes: &[u8],
    fields: impl FnOnce(&mut Tag, &mut dyn Source) -> Result<T>,
) -> Result<T> {
    let mut reader = TtlvReader::new(bytes, Limits::DEFAULT, Strictness::Strict);
    reader.set_version(V2_1);
    if reader.next()? != tag {
        return Err(DecodeError::new(Problem::Missing, tag));
    }
    reader.enter()?;
    let mut next = reader.next()?;
    let value = fields(&mut next, &mut reader)?;
    reader.leave()?;
    reader.finish()?;
    Ok(value)
}

impl ClientRecord {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        write(CLIENT, |sink| {
            self.scope.put(SCOPE, sink);
            self.quirks.names().for_each(|name| Text::new(name).put(QUIRK, sink));
        })
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        read(CLIENT, bytes, |next, source| {
            let scope = Text::take_field(SCOPE, next, source)?;
            let names = Vec::<Text>::take_field(QUIRK, next, source)?;
            Ok(Self { scope, quirks: Quirks::known(names.iter().map(Text::as_str)) })
        })
    }
}

impl UserRecord {
    /// The stored form.
    pub fn encode(&self) -> Vec<u8> {
        write(USER, |sink| {
            self.password_hash.put(PASSWORD_HASH, sink);
            self.client.put_field(BOUND_CLIENT, sink);
        })
    }

    /// Reads the stored form.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        read(USER, bytes, |next, source| {
            let password_hash = Text::take_field(PASSWORD_HASH, next, source)?;
            let client = Option::<Text>::take_field(BOUND_CLIENT, next, source)?;
            Ok(Self { password_hash, client })
        })
    }
}
