//! Sign (KMIP 2.1 §6.1.55).

use crate::attribute::values::{CryptographicParameters, UniqueIdentifier};
use crate::macros::record;
use crate::operation::encrypt::Data;
use crate::value::ByteString;

record! {
    /// Request payload of Sign (KMIP 2.1 §6.1.55). Since KMIP 1.2.
    #[derive(Default)]
    SignRequest "Sign Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        cryptographic_parameters: Option<Box<CryptographicParameters>> = tag(CryptographicParameters),
        data: Option<Data> = tag(Data),
        digested_data: Option<ByteString> = tag(DigestedData) since V1_4,
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
        init_indicator: Option<bool> = tag(InitIndicator) since V1_3,
        final_indicator: Option<bool> = tag(FinalIndicator) since V1_3,
    }

    /// Response payload of Sign (KMIP 2.1 §6.1.55). Since KMIP 1.2.
    SignResponse "Sign Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        signature_data: Option<ByteString> = tag(SignatureData),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
    }
}
