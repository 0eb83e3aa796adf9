//! MAC (KMIP 2.1 §6.1.32).

use crate::attribute::values::{CryptographicParameters, UniqueIdentifier};
use crate::macros::record;
use crate::operation::encrypt::Data;
use crate::value::ByteString;

record! {
    /// Request payload of MAC (KMIP 2.1 §6.1.32). Since KMIP 1.2.
    #[derive(Default)]
    MACRequest "MAC Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        cryptographic_parameters: Option<Box<CryptographicParameters>> = tag(CryptographicParameters),
        data: Option<Data> = tag(Data),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
        init_indicator: Option<bool> = tag(InitIndicator) since V1_3,
        final_indicator: Option<bool> = tag(FinalIndicator) since V1_3,
    }

    /// Response payload of MAC (KMIP 2.1 §6.1.32). Since KMIP 1.2.
    MACResponse "MAC Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        mac_data: Option<ByteString> = tag(MACData),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
    }
}
