//! How an object leaves: key blocks completed, formats converted, keys wrapped.

use kmip_codec::object::{KeyWrappingSpecification, ManagedObject};
use kmip_codec::registry::KeyFormatType;
use kmip_codec::version::Version;

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};

/// Algorithm and length stand in the key block of every key whose they are known, as a pair (KMIP 2.1 §3.1).
pub(crate) fn complete_key_block(object: &mut ManagedObject, record: &Record) {
    let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
    let length = attribute_of!(record, CryptographicLength).copied();
    let Some(block) = object.key_block_mut() else { return };
    if let (Some(algorithm), Some(length)) = (algorithm, length) {
        block.cryptographic_algorithm.get_or_insert(algorithm);
        block.cryptographic_length.get_or_insert(length);
    }
}

/// Converts the key material to the format that the client asks for.
pub(crate) fn convert(
    object: &mut ManagedObject,
    _record: &Record,
    wanted: Option<KeyFormatType>,
    _version: Version,
) -> OpResult<()> {
    let (Some(wanted), Some(block)) = (wanted, object.key_block_mut()) else { return Ok(()) };
    if block.key_format_type == wanted {
        return Ok(());
    }
    fail(Fault::KeyFormat, format!("the key is held as {}, and cannot be given as {wanted}", block.key_format_type))
}

/// Wraps the key as the client asks.
pub(crate) fn wrap(
    _context: &mut Context<'_>,
    _object: &mut ManagedObject,
    _record: &Record,
    specification: Option<&KeyWrappingSpecification>,
) -> OpResult<()> {
    match specification {
        None => Ok(()),
        Some(_) => fail(Fault::FeatureNotSupported, "wrapping is not supported"),
    }
}
