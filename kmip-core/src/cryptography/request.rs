//! Fields that the requests of cryptographic operations share.

use kmip_codec::operation::encrypt::Data;
use kmip_codec::registry::ValidityIndicator;
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use zeroize::Zeroizing;

use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};

/// The data of a request that must have some.
pub(crate) fn required_data(context: &Context<'_>, data: Option<Data>) -> OpResult<Secret> {
    let data = data.ok_or_else(|| OpError::new(Fault::InvalidMessage, "Data is required"))?;
    context.data(data)
}

/// The data of a part, which may bring none.
pub(crate) fn data_of_part(context: &Context<'_>, data: Option<Data>) -> OpResult<Secret> {
    data.map_or_else(|| Ok(Secret::copy_from(&[])), |data| context.data(data))
}

/// What is signed, of which one is required: Data or Digested Data.
pub(crate) enum Content {
    /// Data.
    Data(Secret),
    /// Digested Data.
    Digest(ByteString),
}

impl Content {
    /// Reads the two fields.
    pub fn new(context: &Context<'_>, data: Option<Data>, digest: Option<ByteString>) -> OpResult<Self> {
        match (data, digest) {
            (Some(_), Some(_)) => fail(Fault::InvalidField, "Data and Digested Data cannot stand in one request"),
            (data, None) => required_data(context, data).map(Self::Data),
            (None, Some(digest)) => Ok(Self::Digest(digest)),
        }
    }

    /// As the vault takes it.
    pub fn message(&self) -> crate::ports::crypto::Message<'_> {
        match self {
            Self::Data(data) => crate::ports::crypto::Message::Data(data.expose_secret()),
            Self::Digest(digest) => crate::ports::crypto::Message::Digest(digest.as_slice()),
        }
    }

    /// Number of bytes of a digest.
    pub fn digest_length(&self) -> Option<usize> {
        match self {
            Self::Data(_) => None,
            Self::Digest(digest) => Some(digest.as_slice().len()),
        }
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Data(data) => data.len(),
            Self::Digest(digest) => digest.as_slice().len(),
        }
    }
}

/// Data of an answer.
pub(crate) fn answer(bytes: Vec<u8>) -> Data {
    Data::Bytes(Secret::from_zeroizing(Zeroizing::new(bytes)))
}

/// How an answer says whether a signature or code is valid.
pub(crate) fn validity(valid: bool) -> ValidityIndicator {
    if valid { ValidityIndicator::Valid } else { ValidityIndicator::Invalid }
}

/// Digested Data is whole: it has no parts.
pub(crate) fn refuse_digest(digest: Option<&ByteString>) -> OpResult<()> {
    match digest {
        None => Ok(()),
        Some(_) => fail(Fault::InvalidField, "Digested Data comes in one request"),
    }
}
