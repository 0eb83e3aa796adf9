//! PKCS#11 through KMIP (KMIP 2.1 §6.1.37): Cryptoki functions on the objects of the client's scope.
//!
//! C_Initialize opens an application and gives its Correlation Value, which every later call returns; C_Finalize closes it.
//! There is one slot with one token: the client's scope. Objects are those of KMIP, and what is done with them is done by
//! the KMIP operations themselves, so that states, masks, usage limits and protection are the same. A function that fails in
//! Cryptoki's terms is an operation that succeeds with a return code; only what is no call at all fails. A ticket whose Rights
//! name operations permits a function if they name PKCS#11 and the operations that do its work.
//!
//! # How parameters are written
//! The text of the PKCS#11 profile is not at hand in full; these are its rules (KMIP Profiles 2.1 §5.18.1) as far as they
//! are public, and as the published case PKCS11-M-1 shows them:
//! - The input parameters of a function stand one after the other without padding, then its output parameters likewise.
//! - `CK_BYTE`, `CK_BBOOL` and characters have one byte, `CK_ULONG` and all that is made of it 8, the highest first. A
//!   `CK_VERSION` has two: `02 28` at the beginning of the published C_GetInfo.
//! - A pointer to a structure is its fields in line. An array of fixed length is its elements: `manufacturerID` of
//!   C_GetInfo has 32 bytes, padded with spaces.
//! - Before the elements of any other array stands their number, in 4 bytes, and not where the function has it.
//! - Where the caller offers a buffer: a byte that tells whether there is one, and its size in 4 bytes; the answer has the
//!   same two, and the elements if there was a buffer.
//! - `CK_ATTRIBUTE`: type, a byte that tells whether the value is there, one that tells whether its length is, for arrays
//!   the number of elements, the value. `CK_MECHANISM`: type, a byte that tells whether there is a parameter, its bytes in 4
//!   bytes, the parameter: a structure field by field, an octet string with its number of bytes before it.
//! - C_Initialize takes the version of this encoding, `01`.
//!
//! Where the rules leave open whether a number is a length (4 bytes) or not (8), what is left of the input decides.

mod attributes;
mod calls;
mod codec;
mod cryptography;
mod ecdsa;
mod keys;
mod mechanisms;
mod objects;
mod sessions;
mod token;

pub(crate) use calls::call;
pub(crate) use sessions::{Applications, Change};

use kmip_codec::registry::Pkcs11ReturnCode as Rv;
use kmip_codec::secret::Secret;

use crate::error::{Fault, OpError};

/// Why a function does not answer OK.
pub(crate) enum Stop {
    /// With a return code, and output parameters that go with it.
    Code(Rv, Secret),
    /// Not at all.
    Error(OpError),
}

/// What a function gives: its output parameters, or part of them.
type Done<T> = Result<T, Stop>;

/// Ends a function with a return code.
fn stop<T>(code: Rv) -> Done<T> {
    Err(Stop::Code(code, Secret::copy_from(&[])))
}

impl From<OpError> for Stop {
    fn from(error: OpError) -> Self {
        if error.defer.is_some() {
            return Self::Error(error);
        }
        Self::Code(code_of(error.fault), Secret::copy_from(&[]))
    }
}

/// The return code of a fault of a KMIP operation.
fn code_of(fault: Fault) -> Rv {
    match fault {
        Fault::ObjectNotFound | Fault::ObjectDestroyed => Rv::OBJECT_HANDLE_INVALID,
        Fault::WrongState | Fault::UsageMask | Fault::UsageLimit | Fault::TicketLimit => Rv::KEY_FUNCTION_NOT_PERMITTED,
        Fault::PermissionDenied | Fault::ObjectArchived => Rv::KEY_FUNCTION_NOT_PERMITTED,
        Fault::WrappingKeyNotFound | Fault::WrappingKeyDestroyed | Fault::WrappingKeyArchived => {
            Rv::WRAPPING_KEY_HANDLE_INVALID
        }
        Fault::WrongObjectType => Rv::KEY_TYPE_INCONSISTENT,
        Fault::UnsupportedParameters => Rv::MECHANISM_INVALID,
        Fault::BadCryptographicParameters | Fault::MissingIv | Fault::TagLength => Rv::MECHANISM_PARAM_INVALID,
        Fault::CryptographicFailure => Rv::DATA_INVALID,
        Fault::Sensitive | Fault::NotExtractable => Rv::ATTRIBUTE_SENSITIVE,
        Fault::InvalidAttributeValue | Fault::NameTaken | Fault::InvalidField => Rv::ATTRIBUTE_VALUE_INVALID,
        Fault::InvalidAttribute => Rv::ATTRIBUTE_TYPE_INVALID,
        Fault::ReadOnly => Rv::ATTRIBUTE_READ_ONLY,
        Fault::MissingAttribute => Rv::TEMPLATE_INCOMPLETE,
        Fault::ServerLimit | Fault::CryptographicLimit => Rv::DEVICE_MEMORY,
        Fault::Internal | Fault::KeyValueMissing => Rv::DEVICE_ERROR,
        _ => Rv::FUNCTION_FAILED,
    }
}
