//! Message headers and batch items (KMIP 2.1 §8).

use super::credential::Authentication;
use crate::error::Result;
use crate::inline::Text;
use crate::item::ItemValue;
use crate::macros::record;
use crate::operation::{RequestPayload, ResponsePayload};
use crate::registry::*;
use crate::value::{ByteString, DateTime, Value};
use crate::version::{V2_0, V3_0, Version};
use crate::wire::{Sink, Source};

/// The Protocol Version of a header: it rules all that follows in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderVersion(pub Version);

impl Value for HeaderVersion {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.set_version(self.0);
        ProtocolVersion::from(self.0).put(tag, sink);
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        let version = ProtocolVersion::take(source)?.into();
        source.set_version(version);
        Ok(Self(version))
    }
}

impl From<Version> for ProtocolVersion {
    fn from(version: Version) -> Self {
        Self { protocol_version_major: version.major, protocol_version_minor: version.minor }
    }
}

impl From<ProtocolVersion> for Version {
    fn from(version: ProtocolVersion) -> Self {
        Version::new(version.protocol_version_major, version.protocol_version_minor)
    }
}

/// Asynchronous Indicator (KMIP 2.1 §9.2): a Boolean in 1.x, an Enumeration from 2.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsynchronousMode(pub AsynchronousIndicator);

impl Value for AsynchronousMode {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        if sink.version() < V2_0 {
            sink.boolean(tag, self.0 != AsynchronousIndicator::Prohibited);
        } else {
            self.0.put(tag, sink);
        }
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        if !source.takes(ItemType::Boolean, source.version() < V2_0) {
            return AsynchronousIndicator::take(source).map(Self);
        }
        let allowed = source.boolean()?;
        Ok(Self(if allowed { AsynchronousIndicator::Optional } else { AsynchronousIndicator::Prohibited }))
    }
}

/// Ephemeral (KMIP 2.1 §9.13): a Boolean in 2.x, an Enumeration from 3.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ephemeral {
    /// Whether Data is kept out of the response (2.x).
    Flag(bool),
    /// What is kept out of the response (3.0).
    Kind(EphemeralEnumeration),
}

impl Value for Ephemeral {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        match self {
            Self::Flag(flag) => sink.boolean(tag, *flag),
            Self::Kind(kind) => kind.put(tag, sink),
        }
    }

    fn take(source: &mut dyn Source) -> Result<Self> {
        if source.takes(ItemType::Boolean, source.version() < V3_0) {
            source.boolean().map(Self::Flag)
        } else {
            EphemeralEnumeration::take(source).map(Self::Kind)
        }
    }
}

record! {
    /// Protocol Version (KMIP 2.1 §9.18).
    ProtocolVersion "Protocol Version" {
        protocol_version_major: i32 = tag(ProtocolVersionMajor),
        protocol_version_minor: i32 = tag(ProtocolVersionMinor),
    }

    /// Request Header (KMIP 2.1 §8.2).
    RequestHeader "Request Header" {
        protocol_version: HeaderVersion = tag(ProtocolVersion),
        maximum_response_size: Option<i32> = tag(MaximumResponseSize),
        client_correlation_value: Option<Text> = tag(ClientCorrelationValue) since V1_4,
        server_correlation_value: Option<Text> = tag(ServerCorrelationValue) since V1_4,
        asynchronous_indicator: Option<AsynchronousMode> = tag(AsynchronousIndicator),
        attestation_capable_indicator: Option<bool> = tag(AttestationCapableIndicator) since V1_2,
        attestation_type: Vec<AttestationType> = tag(AttestationType) since V1_2,
        authentication: Option<Authentication> = tag(Authentication),
        batch_error_continuation_option: Option<BatchErrorContinuationOption> = tag(BatchErrorContinuationOption),
        batch_order_option: Option<bool> = tag(BatchOrderOption) until V2_1,
        time_stamp: Option<DateTime> = tag(TimeStamp),
        batch_count: Option<i32> = tag(BatchCount) until V2_1,
    }

    /// Request Batch Item (KMIP 2.1 §8.3).
    RequestBatchItem "Request Batch Item" {
        operation: Operation = tag(Operation),
        ephemeral: Option<Ephemeral> = tag(Ephemeral) since V2_0,
        unique_batch_item_id: Option<ByteString> = tag(UniqueBatchItemID) until V2_1,
        request_payload: RequestPayload = by(RequestPayload, operation),
        message_extension: Vec<MessageExtension> = tag(MessageExtension),
    }

    /// Request Message (KMIP 2.1 §8.1).
    RequestMessage "Request Message" {
        request_header: RequestHeader = tag(RequestHeader),
        batch_item: Vec<RequestBatchItem> = tag(BatchItem) required V1_0,
    }

    /// Response Header (KMIP 2.1 §8.5).
    ResponseHeader "Response Header" {
        protocol_version: HeaderVersion = tag(ProtocolVersion),
        time_stamp: DateTime = tag(TimeStamp),
        nonce: Option<Nonce> = tag(Nonce) since V1_2,
        server_hashed_password: Option<ByteString> = tag(ServerHashedPassword) since V2_0,
        attestation_type: Vec<AttestationType> = tag(AttestationType) since V1_2,
        client_correlation_value: Option<Text> = tag(ClientCorrelationValue) since V1_4,
        server_correlation_value: Option<Text> = tag(ServerCorrelationValue) since V1_4,
        batch_count: Option<i32> = tag(BatchCount) until V2_1,
    }

    /// Response Batch Item (KMIP 2.1 §8.6).
    ResponseBatchItem "Response Batch Item" {
        operation: Option<Operation> = tag(Operation),
        unique_batch_item_id: Option<ByteString> = tag(UniqueBatchItemID) until V2_1,
        result_status: ResultStatus = tag(ResultStatus),
        result_reason: Option<ResultReason> = tag(ResultReason),
        result_message: Option<Text> = tag(ResultMessage),
        asynchronous_correlation_value: Option<ByteString> = tag(AsynchronousCorrelationValue),
        response_payload: Option<ResponsePayload> = by(ResponsePayload, operation),
        message_extension: Vec<MessageExtension> = tag(MessageExtension),
    }

    /// Response Message (KMIP 2.1 §8.4).
    ResponseMessage "Response Message" {
        response_header: ResponseHeader = tag(ResponseHeader),
        batch_item: Vec<ResponseBatchItem> = tag(BatchItem),
    }

    /// Message Extension (KMIP 2.1 §9.16).
    MessageExtension "Message Extension" {
        vendor_identification: Text = tag(VendorIdentification),
        criticality_indicator: bool = tag(CriticalityIndicator),
        vendor_extension: Option<ItemValue> = tag(VendorExtension),
    }

    /// Nonce (KMIP 2.1 §7.17).
    Nonce "Nonce" {
        nonce_id: ByteString = tag(NonceID),
        nonce_value: ByteString = tag(NonceValue),
    }
}

impl RequestHeader {
    /// A header that says no more than it must: the version and the number of items.
    pub fn new(version: Version, batch_count: usize) -> Self {
        Self {
            protocol_version: HeaderVersion(version),
            maximum_response_size: None,
            client_correlation_value: None,
            server_correlation_value: None,
            asynchronous_indicator: None,
            attestation_capable_indicator: None,
            attestation_type: Vec::new(),
            authentication: None,
            batch_error_continuation_option: None,
            batch_order_option: None,
            time_stamp: None,
            batch_count: Some(i32::try_from(batch_count).unwrap_or(i32::MAX)),
        }
    }
}

impl RequestBatchItem {
    /// An item without an identifier or extensions.
    pub fn new(operation: Operation, request_payload: RequestPayload) -> Self {
        Self { operation, ephemeral: None, unique_batch_item_id: None, request_payload, message_extension: Vec::new() }
    }
}

impl RequestMessage {
    /// A message of one item.
    pub fn single(version: Version, operation: Operation, payload: RequestPayload) -> Self {
        let item = RequestBatchItem::new(operation, payload);
        Self { request_header: RequestHeader::new(version, 1), batch_item: vec![item] }
    }

    /// A message of these items. Several carry identifiers, and the rest of them is worked on after one fails.
    pub fn continuing(version: Version, items: Vec<(Operation, RequestPayload)>) -> Self {
        let several = items.len() > 1;
        let request_header = RequestHeader {
            batch_error_continuation_option: several.then_some(BatchErrorContinuationOption::Continue),
            batch_order_option: several.then_some(true),
            ..RequestHeader::new(version, items.len())
        };
        let item = |(number, (operation, payload)): (u32, _)| RequestBatchItem {
            unique_batch_item_id: several.then(|| ByteString::new(&number.to_be_bytes())),
            ..RequestBatchItem::new(operation, payload)
        };
        Self { request_header, batch_item: (0..).zip(items).map(item).collect() }
    }
}
