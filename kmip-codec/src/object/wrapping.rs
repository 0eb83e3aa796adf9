//! Key wrapping: how a stored or returned key is wrapped (KMIP 2.1 §3.4 to §3.6, §7.16).

use crate::attribute::AttributeReference;
use crate::attribute::values::{CryptographicParameters, UniqueIdentifier};
use crate::macros::record;
use crate::registry::{EncodingOption, WrappingMethod};
use crate::value::ByteString;

record! {
    /// Key Wrapping Data (KMIP 2.1 §3.4).
    KeyWrappingData "Key Wrapping Data" {
        wrapping_method: WrappingMethod = tag(WrappingMethod),
        encryption_key_information: Option<EncryptionKeyInformation> = tag(EncryptionKeyInformation),
        mac_signature_key_information: Option<MacSignatureKeyInformation> = tag(MACSignatureKeyInformation),
        mac_signature: Option<ByteString> = tag(MACSignature),
        iv_counter_nonce: Option<ByteString> = tag(IVCounterNonce),
        encoding_option: Option<EncodingOption> = tag(EncodingOption) since V1_1,
    }

    /// Encryption Key Information (KMIP 2.1 §3.5).
    EncryptionKeyInformation "Encryption Key Information" {
        unique_identifier: UniqueIdentifier = refers(UniqueIdentifier),
        cryptographic_parameters: Option<CryptographicParameters> = tag(CryptographicParameters),
    }

    /// MAC/Signature Key Information (KMIP 2.1 §3.6).
    MacSignatureKeyInformation "MAC/Signature Key Information" {
        unique_identifier: Option<UniqueIdentifier> = refers(UniqueIdentifier) required V3_0,
        cryptographic_parameters: Option<CryptographicParameters> = tag(CryptographicParameters),
    }

    /// Key Wrapping Specification (KMIP 2.1 §7.16).
    KeyWrappingSpecification "Key Wrapping Specification" {
        wrapping_method: WrappingMethod = tag(WrappingMethod),
        encryption_key_information: Option<EncryptionKeyInformation> = tag(EncryptionKeyInformation),
        mac_signature_key_information: Option<MacSignatureKeyInformation> = tag(MACSignatureKeyInformation),
        attribute_references: Vec<AttributeReference> = references(V3_0),
        encoding_option: Option<EncodingOption> = tag(EncodingOption) since V1_1,
    }
}
