//! Hash (KMIP 2.1 §6.1.24).

use crate::attribute::values::CryptographicParameters;
use crate::macros::record;
use crate::operation::encrypt::Data;
use crate::value::ByteString;

record! {
    /// Request payload of Hash (KMIP 2.1 §6.1.24). Since KMIP 1.2.
    HashRequest "Hash Request Payload" {
        cryptographic_parameters: Box<CryptographicParameters> = tag(CryptographicParameters),
        data: Option<Data> = tag(Data),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
        init_indicator: Option<bool> = tag(InitIndicator) since V1_3,
        final_indicator: Option<bool> = tag(FinalIndicator) since V1_3,
    }

    /// Response payload of Hash (KMIP 2.1 §6.1.24). Since KMIP 1.2.
    HashResponse "Hash Response Payload" {
        data: Option<Data> = tag(Data),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
    }
}
