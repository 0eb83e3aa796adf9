//! What went wrong in a call of a PKCS#11 module: is the device gone, or is it about this call only?

use cryptoki::error::{Error, RvError};
use kmip_core::ports::vault::VaultError;

/// A failure inside a module.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The device, or the handles that we have of it, may be gone. A probe tells.
    Device(String),
    /// A blob did not open. Modules differ in the value they return for a wrong tag, so a probe tells whose fault it is.
    Blob(String),
    /// The token takes no further session.
    Full(String),
    /// The PIN was not accepted: it is never presented again, since a token locks itself after a few wrong ones.
    Pin(String),
    /// About this call; the device works.
    Refused(VaultError),
}

impl Trouble {
    /// Sorts the failure of an operation that opens a blob.
    pub(super) fn of_blob(error: Error) -> Self {
        Self::Blob(text(&error))
    }

    /// What to tell of a failure that came again although the device works.
    pub(super) fn about_this_call(self) -> VaultError {
        match self {
            Self::Device(text) | Self::Full(text) | Self::Pin(text) => VaultError::Failed(text),
            Self::Blob(_) => does_not_open(),
            Self::Refused(error) => error,
        }
    }

    /// The reason, for status and logs.
    pub(super) fn reason(self) -> String {
        match self {
            Self::Device(text) | Self::Blob(text) | Self::Full(text) | Self::Pin(text) => text,
            Self::Refused(VaultError::Failed(text)) => text,
            Self::Refused(error) => error.to_string(),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let told = text(&error);
        let Error::Pkcs11(value, _) = error else {
            return Self::Refused(VaultError::Failed(told));
        };
        match value {
            RvError::GeneralError
            | RvError::FunctionFailed
            | RvError::HostMemory
            | RvError::DeviceError
            | RvError::DeviceMemory
            | RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::TokenNotRecognized
            | RvError::SlotIdInvalid
            | RvError::SessionHandleInvalid
            | RvError::SessionClosed
            | RvError::CryptokiNotInitialized
            | RvError::UserNotLoggedIn
            | RvError::KeyHandleInvalid
            | RvError::ObjectHandleInvalid
            | RvError::WrappingKeyHandleInvalid
            | RvError::UnwrappingKeyHandleInvalid
            // So SoftHSM2 calls a key that ends with its session while it is used.
            | RvError::KeyFunctionNotPermitted
            | RvError::KeyTypeInconsistent
            | RvError::KeySizeRange
            | RvError::VendorDefined(_)
            | RvError::UnknownErrorCode(_) => Self::Device(told),
            RvError::SessionCount => Self::Full(told),
            RvError::PinIncorrect | RvError::PinLocked | RvError::PinExpired => Self::Pin(told),
            _ => Self::Refused(VaultError::Failed(told)),
        }
    }
}

impl From<VaultError> for Trouble {
    fn from(error: VaultError) -> Self {
        Self::Refused(error)
    }
}

/// Which function failed with which return value.
fn text(error: &Error) -> String {
    match error {
        Error::Pkcs11(value, function) => format!("C_{function:?}: {value:?}"),
        other => other.to_string(),
    }
}

/// The refusal of a blob.
pub(super) fn does_not_open() -> VaultError {
    VaultError::DoesNotOpen("damaged, or sealed by another root key or for another purpose".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cryptoki::context::Function;

    fn sorted(value: RvError) -> Trouble {
        Trouble::from(Error::Pkcs11(value, Function::Encrypt))
    }

    #[test]
    fn a_lost_device_is_told_from_a_refused_call() {
        for value in [RvError::DeviceRemoved, RvError::SessionHandleInvalid, RvError::UserNotLoggedIn] {
            assert!(matches!(sorted(value), Trouble::Device(_)), "{value:?}");
        }
        for value in [RvError::MechanismInvalid, RvError::KeyUnextractable, RvError::DataLenRange] {
            assert!(matches!(sorted(value), Trouble::Refused(VaultError::Failed(_))), "{value:?}");
        }
        for value in [RvError::PinIncorrect, RvError::PinLocked, RvError::PinExpired] {
            assert!(matches!(sorted(value), Trouble::Pin(_)), "{value:?}");
        }
        assert!(matches!(sorted(RvError::SessionCount), Trouble::Full(_)));
    }

    #[test]
    fn the_text_names_function_and_value() {
        assert_eq!(sorted(RvError::DeviceRemoved).reason(), "C_Encrypt: DeviceRemoved");
        assert_eq!(sorted(RvError::MechanismInvalid).reason(), "C_Encrypt: MechanismInvalid");
    }

    #[test]
    fn a_blob_that_fails_on_a_working_device_does_not_open() {
        let blob = Trouble::of_blob(Error::Pkcs11(RvError::GeneralError, Function::Decrypt));
        assert!(matches!(blob.about_this_call(), VaultError::DoesNotOpen(_)));
        assert!(matches!(sorted(RvError::GeneralError).about_this_call(), VaultError::Failed(_)));
    }
}
