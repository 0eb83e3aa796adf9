//! Encrypt (KMIP 2.1 §6.1.17).

use crate::attribute::values::{CryptographicParameters, UniqueIdentifier};
use crate::error::Result;
use crate::macros::record;
use crate::registry::{DataEnumeration, ItemType, Tag};
use crate::secret::Secret;
use crate::value::{ByteString, Value};
use crate::version::V2_0;
use crate::wire::{Sink, Source, Strictness};

record! {
    /// Request payload of Encrypt (KMIP 2.1 §6.1.17). Since KMIP 1.2.
    #[derive(Default)]
    EncryptRequest "Encrypt Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        cryptographic_parameters: Option<Box<CryptographicParameters>> = tag(CryptographicParameters),
        data: Option<Data> = tag(Data),
        iv_counter_nonce: Option<ByteString> = tag(IVCounterNonce),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
        init_indicator: Option<bool> = tag(InitIndicator) since V1_3,
        final_indicator: Option<bool> = tag(FinalIndicator) since V1_3,
        authenticated_encryption_additional_data: Option<ByteString> = tag(AuthenticatedEncryptionAdditionalData) since V1_4,
    }

    /// Response payload of Encrypt (KMIP 2.1 §6.1.17). Since KMIP 1.2.
    EncryptResponse "Encrypt Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        data: Option<Data> = tag(Data),
        iv_counter_nonce: Option<ByteString> = tag(IVCounterNonce),
        correlation_value: Option<ByteString> = tag(CorrelationValue) since V1_3,
        authenticated_encryption_tag: Option<ByteString> = tag(AuthenticatedEncryptionTag) since V1_4,
    }
}

/// Data (KMIP 2.1 §7.9): the bytes, or from 2.0 where in the batch to take them from. Bytes may be plaintext: secret.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// The bytes.
    Bytes(Secret),
    /// The result of an earlier operation of the batch.
    Placeholder(DataEnumeration),
    /// The n-th data of the response so far; negative counts from the end.
    Index(i32),
}

impl Value for Data {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        match self {
            Self::Bytes(bytes) => bytes.put(tag, sink),
            Self::Placeholder(which) => which.put(tag, sink),
            Self::Index(nth) => sink.integer(tag, *nth),
        }
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        let takes_references = source.version() >= V2_0 || source.strictness() == Strictness::Lenient;
        match source.item_type() {
            ItemType::Enumeration if takes_references => DataEnumeration::take(source).map(Self::Placeholder),
            ItemType::Integer if takes_references => source.integer().map(Self::Index),
            _ => Secret::take(source).map(Self::Bytes),
        }
    }
}
