//! How structures of the server's own are written to the store and read from it: TTLV under tags of the vendor range.

use kmip_codec::error::{DecodeError, Problem, Result};
use kmip_codec::limits::Limits;
use kmip_codec::registry::Tag;
use kmip_codec::version::{V2_1, Version};
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Sink, Source, Strictness};

/// How a structure is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// The version that it was written in.
    pub version: Version,
    /// Bounds on it.
    pub limits: Limits,
    /// How what belongs to another version is treated.
    pub strictness: Strictness,
}

impl Form {
    /// That of records which are the server's own throughout.
    pub const OWN: Self = Self::strict(V2_1);

    /// That of what was written strictly in a version.
    pub const fn strict(version: Version) -> Self {
        Self { version, limits: Limits::DEFAULT, strictness: Strictness::Strict }
    }

    /// Reads the only item of some bytes, which has this tag.
    pub fn item<T>(self, tag: Tag, bytes: &[u8], take: impl FnOnce(&mut dyn Source) -> Result<T>) -> Result<T> {
        let mut reader = TtlvReader::new(bytes, self.limits, self.strictness);
        reader.set_version(self.version);
        if reader.next()? != tag {
            return Err(DecodeError::new(Problem::Missing, tag));
        }
        let value = take(&mut reader)?;
        reader.finish()?;
        Ok(value)
    }

    /// Reads the fields of a structure that is all there is.
    pub fn read<T>(
        self,
        tag: Tag,
        bytes: &[u8],
        fields: impl FnOnce(&mut Tag, &mut dyn Source) -> Result<T>,
    ) -> Result<T> {
        self.item(tag, bytes, |source| structure(source, fields))
    }
}

/// Writes a record of the server's own.
pub(crate) fn write(tag: Tag, fields: impl FnOnce(&mut dyn Sink)) -> Vec<u8> {
    let mut writer = TtlvWriter::with_capacity(V2_1, 256);
    writer.begin(tag);
    fields(&mut writer);
    writer.end();
    std::mem::take(&mut *writer.finish())
}

/// Reads a record of the server's own.
pub(crate) fn read<T>(
    tag: Tag,
    bytes: &[u8],
    fields: impl FnOnce(&mut Tag, &mut dyn Source) -> Result<T>,
) -> Result<T> {
    Form::OWN.read(tag, bytes, fields)
}

/// Reads the fields of a structure within a record.
pub(crate) fn structure<T>(
    source: &mut dyn Source,
    fields: impl FnOnce(&mut Tag, &mut dyn Source) -> Result<T>,
) -> Result<T> {
    source.enter()?;
    let mut next = source.next()?;
    let value = fields(&mut next, source)?;
    source.leave()?;
    Ok(value)
}
