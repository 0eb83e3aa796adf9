//! Signature Verify (KMIP 2.1 §6.1.56).

use crate::attribute::values::{CryptographicParameters, UniqueIdentifier};
use crate::macros::record;
use crate::operation::encrypt::Data;
use crate::registry::ValidityIndicator;
use crate::value::ByteString;

record! {
    /// Request payload of Signature Verify (KMIP 2.1 §6.1.56). Since KMIP 1.2.
    #[derive(Default)]
    SignatureVerifyRequest "Signature Verify Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        cryptographic_parameters: Option<Box<CryptographicParameters>> = tag(CryptographicParameters),
        data: Option<Data> = tag(Data),
        digested_data: Option<ByteString> = tag(DigestedData) since V1_4,
        signature_data: Option<ByteString> = tag(SignatureData),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
        init_indicator: Option<bool> = tag(InitIndicator) since V1_3,
        final_indicator: Option<bool> = tag(FinalIndicator) since V1_3,
    }

    /// Response payload of Signature Verify (KMIP 2.1 §6.1.56). Since KMIP 1.2.
    SignatureVerifyResponse "Signature Verify Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        validity_indicator: Option<ValidityIndicator> = tag(ValidityIndicator),
        data: Option<Data> = tag(Data),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
    }
}
