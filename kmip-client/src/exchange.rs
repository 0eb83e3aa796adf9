//! From request message to response message over one connection, and from response item to typed response.

use kmip_codec::limits::Limits;
use kmip_codec::message::header::HeaderVersion;
use kmip_codec::message::{RequestBatchItem, RequestHeader, RequestMessage, ResponseBatchItem, ResponseMessage};
use kmip_codec::message::{decode_response, encode};
use kmip_codec::operation::RequestPayload;
use kmip_codec::registry::{BatchErrorContinuationOption, Operation, ResultReason, ResultStatus, Tag};
use kmip_codec::value::{ByteString, Value};
use kmip_codec::version::{V1_0, Version};
use kmip_codec::wire::ttlv::TtlvReader;
use kmip_codec::wire::{Source, Strictness};

use crate::call::Call;
use crate::config::Config;
use crate::connection::{Connection, ExchangeError};
use crate::error::Error;

/// A request that becomes a message as soon as the version is known.
#[derive(Debug)]
pub(crate) struct Outgoing {
    message: RequestMessage,
}

impl Outgoing {
    /// One item.
    pub(crate) fn single(config: &Config, operation: Operation, payload: RequestPayload) -> Self {
        Self {
            message: RequestMessage {
                request_header: header(config, 1),
                batch_item: vec![RequestBatchItem::new(operation, payload)],
            },
        }
    }

    /// Several items, each with its Unique Batch Item ID.
    pub(crate) fn batch(
        config: &Config,
        items: Vec<(Operation, RequestPayload)>,
        continuation: Option<BatchErrorContinuationOption>,
    ) -> Self {
        let count = items.len();
        let batch_item = items.into_iter().zip(1..).map(|((operation, payload), number)| RequestBatchItem {
            unique_batch_item_id: Some(batch_item_id(number)),
            ..RequestBatchItem::new(operation, payload)
        });
        let request_header = RequestHeader {
            batch_error_continuation_option: continuation,
            // 1.x demands the order before it lets an item use the ID Placeholder of an earlier one.
            batch_order_option: Some(true),
            ..header(config, count)
        };
        Self { message: RequestMessage { request_header, batch_item: batch_item.collect() } }
    }

    /// Sends the message in `version` and takes the answer.
    pub(crate) async fn exchange(
        &mut self,
        connection: &mut Connection,
        version: Version,
        limits: &Limits,
    ) -> Result<ResponseMessage, ExchangeError> {
        self.message.request_header.protocol_version = HeaderVersion(version);
        let request = encode(Tag::RequestMessage, &self.message, version);
        let answer = connection.exchange(&request).await?;
        decode_response(&answer, limits, Strictness::Lenient)
            .map_err(|error| ExchangeError::Malformed(format!("its answer cannot be read: {}", error.error)))
    }
}

/// The Unique Batch Item ID of the n-th item.
pub(crate) fn batch_item_id(number: u32) -> ByteString {
    ByteString::new(&number.to_be_bytes())
}

fn header(config: &Config, batch_count: usize) -> RequestHeader {
    RequestHeader {
        maximum_response_size: config.maximum_response_size,
        authentication: config.credential.as_ref().map(crate::Credential::to_authentication),
        ..RequestHeader::new(V1_0, batch_count)
    }
}

/// The response of the only item of a message.
pub(crate) fn single_response<C: Call>(message: ResponseMessage, endpoint: &str) -> Result<C::Response, Error> {
    let count = message.batch_item.len();
    match <[ResponseBatchItem; 1]>::try_from(message.batch_item) {
        Ok([item]) => item_response::<C>(item, endpoint),
        Err(_) => Err(protocol(endpoint, format!("one item was asked, {count} were answered"))),
    }
}

/// The response that one item carries, or why it carries none.
pub(crate) fn item_response<C: Call>(item: ResponseBatchItem, endpoint: &str) -> Result<C::Response, Error> {
    let operation = C::OPERATION;
    if let Some(other) = item.operation.filter(|other| *other != operation) {
        return Err(protocol(endpoint, format!("{operation} was asked, {other} was answered")));
    }
    match item.result_status {
        ResultStatus::Success => {}
        ResultStatus::OperationFailed => return Err(refusal(operation, &item)),
        ResultStatus::OperationUndone => return Err(Error::Undone { operation }),
        other => return Err(protocol(endpoint, format!("{operation}: unexpected Result Status {other}"))),
    }
    let response = match item.response_payload {
        Some(payload) => C::from_payload(payload),
        None => empty_response(),
    };
    response.ok_or_else(|| protocol(endpoint, format!("{operation}: the answer lacks its Response Payload")))
}

/// The refusal that a failed item reports for `operation`.
pub(crate) fn refusal(operation: Operation, item: &ResponseBatchItem) -> Error {
    Error::ServerRefused {
        operation,
        reason: item.result_reason.unwrap_or(ResultReason::GeneralFailure),
        message: item.result_message.as_deref().unwrap_or_default().to_owned(),
    }
}

pub(crate) fn protocol(endpoint: &str, what: String) -> Error {
    Error::Protocol { endpoint: endpoint.to_owned(), what }
}

/// The response without any field, where every field may be missing: servers leave such payloads out.
fn empty_response<T: Value>() -> Option<T> {
    const EMPTY: [u8; 8] = [0x42, 0x00, 0x7C, 0x01, 0, 0, 0, 0];
    let mut reader = TtlvReader::new(&EMPTY, Limits::DEFAULT, Strictness::Lenient);
    reader.next().ok()?;
    T::take(&mut reader).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::operation::get::GetResponse;
    use kmip_codec::operation::locate::LocateResponse;
    use kmip_codec::operation::log::LogResponse;

    #[test]
    fn only_payloads_whose_fields_are_optional_may_be_missing() {
        assert_eq!(empty_response::<LogResponse>(), Some(LogResponse {}));
        assert_eq!(empty_response::<LocateResponse>().unwrap().unique_identifier, []);
        assert_eq!(empty_response::<GetResponse>(), None);
    }
}
