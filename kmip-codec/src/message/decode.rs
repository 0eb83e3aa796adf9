//! Whole messages: reading them in any encoding or from any source, and writing them into one exactly sized, wiped buffer.
//!
//! The request header decodes first. Each batch item then decodes on its own: a malformed one fails alone (KMIP 1.4
//! §11.1), and the operation and identifier that it did give are kept for the answer.

use zeroize::Zeroizing;

use super::header::{MessageExtension, RequestBatchItem, RequestHeader, ResponseMessage};
use crate::error::{DecodeError, Problem, Result};
use crate::limits::Limits;
use crate::registry::{Operation, Tag};
use crate::secret::WipedBytes;
use crate::value::{ByteString, Value};
use crate::version::Version;
use crate::wire::count::Counter;
use crate::wire::json::{JsonReader, JsonWriter};
use crate::wire::print::Printer;
use crate::wire::ttlv::{TtlvReader, TtlvWriter};
use crate::wire::xml::{Layout, XmlReader, XmlWriter};
use crate::wire::{Encoding, MessageSource, Source, Strictness};

/// A request whose batch items decoded, or failed, one by one.
#[derive(Debug)]
pub struct DecodedRequest {
    /// The header.
    pub header: RequestHeader,
    /// The batch items in order.
    pub items: Vec<RequestItem>,
    /// Fields of another version that were accepted.
    pub leniencies: usize,
}

/// One batch item, or why it is none.
pub type RequestItem = std::result::Result<RequestBatchItem, BatchItemError>;

/// A batch item that did not decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchItemError {
    /// The operation, if it could be read.
    pub operation: Option<Operation>,
    /// The Unique Batch Item ID, if it could be read.
    pub unique_batch_item_id: Option<ByteString>,
    /// Whether it has a Message Extension that is critical, as far as it could be read.
    pub is_critical: bool,
    /// What is wrong.
    pub error: DecodeError,
}

/// A message that did not decode at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageError {
    /// The protocol version of the header, if it could be read.
    pub version: Option<Version>,
    /// What is wrong.
    pub error: DecodeError,
}

/// What reading a message gives.
type Decoded<T> = std::result::Result<T, MessageError>;

/// Reads a request message in any encoding.
pub fn decode_request_in(
    encoding: Encoding,
    bytes: &[u8],
    limits: &Limits,
    strictness: Strictness,
) -> Decoded<DecodedRequest> {
    match encoding {
        Encoding::Ttlv => decode_request(bytes, limits, strictness),
        Encoding::Xml => utf8(bytes).and_then(|text| decode_request_xml(text, limits, strictness)),
        Encoding::Json => utf8(bytes).and_then(|text| decode_request_json(text, limits, strictness)),
    }
}

/// Reads a request message from TTLV bytes.
pub fn decode_request(bytes: &[u8], limits: &Limits, strictness: Strictness) -> Decoded<DecodedRequest> {
    whole_request(Ok(TtlvReader::new(bytes, *limits, strictness)), limits)
}

/// Reads a request message from XML text.
pub fn decode_request_xml(text: &str, limits: &Limits, strictness: Strictness) -> Decoded<DecodedRequest> {
    whole_request(XmlReader::new(text, *limits, strictness), limits)
}

/// Reads a request message from JSON text.
pub fn decode_request_json(text: &str, limits: &Limits, strictness: Strictness) -> Decoded<DecodedRequest> {
    whole_request(JsonReader::new(text, *limits, strictness), limits)
}

fn utf8(bytes: &[u8]) -> Decoded<&str> {
    let problem = DecodeError::new(Problem::BadValue("UTF-8 text"), Tag::NONE);
    std::str::from_utf8(bytes).map_err(|_| MessageError { version: None, error: problem })
}

/// Reads a request message and nothing else.
fn whole_request<R: MessageSource>(reader: Result<R>, limits: &Limits) -> Decoded<DecodedRequest> {
    whole(reader, |reader| {
        let (header, items) = read_request(reader, limits)?;
        Ok(DecodedRequest { header, items, leniencies: reader.leniencies() })
    })
}

/// Reads a message and nothing else.
fn whole<R: MessageSource, T>(reader: Result<R>, read: impl FnOnce(&mut R) -> Result<T>) -> Decoded<T> {
    let mut reader = reader.map_err(|error| MessageError { version: None, error })?;
    let decoded = read(&mut reader).and_then(|message| reader.finish().map(|()| message));
    decoded.map_err(|error| MessageError { version: reader.version_told(), error })
}

/// Reads a request message from any source.
pub fn read_request(source: &mut dyn Source, limits: &Limits) -> Result<(RequestHeader, Vec<RequestItem>)> {
    expect(Tag::RequestMessage, source)?;
    source.enter()?;
    expect(Tag::RequestHeader, source)?;
    let header = RequestHeader::take(source)?;
    // Most messages have one; what the header says is not trusted.
    let mut items = Vec::with_capacity(1);
    loop {
        match source.next()? {
            Tag::NONE => break,
            Tag::BatchItem if items.len() < limits.batch_items => items.push(take_item(source)?),
            Tag::BatchItem => return Err(DecodeError::new(Problem::Limit("number of batch items"), Tag::BatchItem)),
            tag => return Err(DecodeError::new(Problem::Unexpected, tag).within("Request Message")),
        }
    }
    source.leave()?;
    Ok((header, items))
}

fn expect(tag: Tag, source: &mut dyn Source) -> Result<()> {
    if source.next()? == tag { Ok(()) } else { Err(DecodeError::new(Problem::Missing, tag)) }
}

/// Takes one batch item. The outer error is one of framing, after which nothing more can be read.
fn take_item(source: &mut dyn Source) -> Result<RequestItem> {
    let mark = source.mark();
    let error = match RequestBatchItem::take(source) {
        Ok(item) => return Ok(Ok(item)),
        Err(error) => error,
    };
    source.rewind(&mark);
    let mut failed = BatchItemError { operation: None, unique_batch_item_id: None, is_critical: false, error };
    // What can still be read of the item names it in the answer; what cannot is left out.
    let _ = identify(&mut failed, source);
    source.recover(&mark);
    Ok(Err(failed))
}

fn identify(failed: &mut BatchItemError, source: &mut dyn Source) -> Result<()> {
    source.enter()?;
    loop {
        match source.next()? {
            Tag::NONE => return Ok(()),
            Tag::Operation => failed.operation = Some(Operation::take(source)?),
            Tag::UniqueBatchItemID => failed.unique_batch_item_id = Some(ByteString::take(source)?),
            Tag::MessageExtension => {
                failed.is_critical |= MessageExtension::take(source)?.criticality_indicator;
            }
            _ => source.skip()?,
        }
    }
}

/// Reads a response message in any encoding.
pub fn decode_response_in(
    encoding: Encoding,
    bytes: &[u8],
    limits: &Limits,
    strictness: Strictness,
) -> Decoded<ResponseMessage> {
    match encoding {
        Encoding::Ttlv => decode_response(bytes, limits, strictness),
        Encoding::Xml => utf8(bytes).and_then(|text| decode_response_xml(text, limits, strictness)),
        Encoding::Json => utf8(bytes).and_then(|text| decode_response_json(text, limits, strictness)),
    }
}

/// Reads a response message from TTLV bytes.
pub fn decode_response(bytes: &[u8], limits: &Limits, strictness: Strictness) -> Decoded<ResponseMessage> {
    whole(Ok(TtlvReader::new(bytes, *limits, strictness)), |reader| read_response(reader))
}

/// Reads a response message from XML text.
pub fn decode_response_xml(text: &str, limits: &Limits, strictness: Strictness) -> Decoded<ResponseMessage> {
    whole(XmlReader::new(text, *limits, strictness), |reader| read_response(reader))
}

/// Reads a response message from JSON text.
pub fn decode_response_json(text: &str, limits: &Limits, strictness: Strictness) -> Decoded<ResponseMessage> {
    whole(JsonReader::new(text, *limits, strictness), |reader| read_response(reader))
}

/// Reads a response message from any source.
pub fn read_response(source: &mut dyn Source) -> Result<ResponseMessage> {
    expect(Tag::ResponseMessage, source)?;
    ResponseMessage::take(source)
}

/// The exact number of TTLV bytes that `value` takes under `tag`.
pub fn encoded_len(tag: Tag, value: &impl Value, version: Version) -> usize {
    let mut counter = Counter::new(version);
    value.put(tag, &mut counter);
    counter.bytes()
}

/// Writes `value` under `tag` into a buffer of exactly its size.
pub fn encode(tag: Tag, value: &impl Value, version: Version) -> WipedBytes {
    let mut writer = TtlvWriter::with_capacity(version, encoded_len(tag, value, version));
    value.put(tag, &mut writer);
    writer.finish()
}

/// Writes `value` under `tag` in an encoding, texts without white space, into a buffer of exactly its size.
pub fn encode_in(encoding: Encoding, tag: Tag, value: &impl Value, version: Version) -> WipedBytes {
    match encoding {
        Encoding::Ttlv => encode(tag, value, version),
        Encoding::Xml => WipedBytes::from_text(encode_xml(tag, value, version, Layout::Compact)),
        Encoding::Json => WipedBytes::from_text(encode_json(tag, value, version, Layout::Compact)),
    }
}

/// Writes `value` under `tag` as JSON text into a buffer of exactly its size.
pub fn encode_json(tag: Tag, value: &impl Value, version: Version, layout: Layout) -> Zeroizing<String> {
    let mut counter = JsonWriter::counter(version, layout);
    value.put(tag, &mut counter);
    let mut writer = JsonWriter::with_capacity(version, layout, counter.bytes());
    value.put(tag, &mut writer);
    writer.finish()
}

/// Writes `value` under `tag` as XML text into a buffer of exactly its size.
pub fn encode_xml(tag: Tag, value: &impl Value, version: Version, layout: Layout) -> Zeroizing<String> {
    let mut counter = XmlWriter::counter(version, layout);
    value.put(tag, &mut counter);
    let mut writer = XmlWriter::with_capacity(version, layout, counter.bytes());
    value.put(tag, &mut writer);
    writer.finish()
}

/// Prints `value` under `tag` as one line of at most about `limit` bytes, without anything secret.
pub fn print(tag: Tag, value: &impl Value, version: Version, limit: usize) -> String {
    let mut printer = Printer::new(version, limit);
    value.put(tag, &mut printer);
    printer.finish()
}
