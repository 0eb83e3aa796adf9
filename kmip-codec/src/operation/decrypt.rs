//! Decrypt (KMIP 2.1 §6.1.11).

use crate::attribute::values::{CryptographicParameters, UniqueIdentifier};
use crate::macros::record;
use crate::operation::encrypt::Data;
use crate::value::ByteString;

record! {
    /// Request payload of Decrypt (KMIP 2.1 §6.1.11). Since KMIP 1.2.
    #[derive(Default)]
    DecryptRequest "Decrypt Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        cryptographic_parameters: Option<Box<CryptographicParameters>> = tag(CryptographicParameters),
        data: Option<Data> = tag(Data),
        iv_counter_nonce: Option<ByteString> = tag(IVCounterNonce),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
        init_indicator: Option<bool> = tag(InitIndicator) since V1_3,
        final_indicator: Option<bool> = tag(FinalIndicator) since V1_3,
        authenticated_encryption_additional_data: Option<ByteString> = tag(AuthenticatedEncryptionAdditionalData) since V1_4,
        authenticated_encryption_tag: Option<ByteString> = tag(AuthenticatedEncryptionTag) since V1_4,
    }

    /// Response payload of Decrypt (KMIP 2.1 §6.1.11). Since KMIP 1.2.
    DecryptResponse "Decrypt Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        data: Option<Data> = tag(Data),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
    }
}
