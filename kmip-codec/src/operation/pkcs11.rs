//! PKCS#11 (KMIP 2.1 §6.1.37).

use crate::inline::Text;
use crate::macros::record;
use crate::registry::{Pkcs11Function, Pkcs11ReturnCode};
use crate::secret::Secret;
use crate::value::ByteString;

record! {
    /// Request payload of PKCS#11 (KMIP 2.1 §6.1.37). Since KMIP 2.0.
    Pkcs11Request "PKCS#11 Request Payload" {
        pkcs11_interface: Option<Text> = tag(PKCS_11Interface),
        pkcs11_function: Pkcs11Function = tag(PKCS_11Function),
        correlation_value: Option<ByteString> = tag(CorrelationValue),
        pkcs11_input_parameters: Option<Secret> = tag(PKCS_11InputParameters),
    }

    /// Response payload of PKCS#11 (KMIP 2.1 §6.1.37). Since KMIP 2.0.
    Pkcs11Response "PKCS#11 Response Payload" {
        pkcs11_interface: Option<Text> = tag(PKCS_11Interface),
        pkcs11_function: Pkcs11Function = tag(PKCS_11Function),
        correlation_value: Option<ByteString> = tag(CorrelationValue),
        pkcs11_output_parameters: Option<Secret> = tag(PKCS_11OutputParameters),
        pkcs11_return_code: Pkcs11ReturnCode = tag(PKCS_11ReturnCode),
    }
}
