//! What the targets of the codec check: whatever decodes must encode, and decode again to the same.

use kmip_codec::error::DecodeError;
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestMessage, ResponseMessage, encode, encode_json, encode_xml, encoded_len};
use kmip_codec::registry::Tag;
use kmip_codec::value::Value;
use kmip_codec::version::Version;
use kmip_codec::wire::json::JsonReader;
use kmip_codec::wire::print::Printer;
use kmip_codec::wire::ttlv::TtlvReader;
use kmip_codec::wire::xml::{Layout, XmlReader};
use kmip_codec::wire::{Source, Strictness};

/// Either message.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A request.
    Request(RequestMessage),
    /// A response.
    Response(ResponseMessage),
}

impl Message {
    fn take(source: &mut dyn Source) -> Result<Self, DecodeError> {
        match source.next()? {
            Tag::RequestMessage => RequestMessage::take(source).map(Self::Request),
            _ => ResponseMessage::take(source).map(Self::Response),
        }
    }

    fn version(&self) -> Version {
        match self {
            Self::Request(message) => message.request_header.protocol_version.0,
            Self::Response(message) => message.response_header.protocol_version.0,
        }
    }

    fn ttlv(&self) -> Vec<u8> {
        let (bytes, length) = match self {
            Self::Request(it) => {
                (encode(Tag::RequestMessage, it, self.version()), encoded_len(Tag::RequestMessage, it, self.version()))
            }
            Self::Response(it) => (
                encode(Tag::ResponseMessage, it, self.version()),
                encoded_len(Tag::ResponseMessage, it, self.version()),
            ),
        };
        assert_eq!(bytes.len(), length, "the counter and the writer agree");
        bytes.to_vec()
    }

    fn xml(&self) -> String {
        match self {
            Self::Request(it) => encode_xml(Tag::RequestMessage, it, self.version(), Layout::Compact).to_string(),
            Self::Response(it) => encode_xml(Tag::ResponseMessage, it, self.version(), Layout::Compact).to_string(),
        }
    }

    /// As JSON.
    pub fn json(&self) -> String {
        match self {
            Self::Request(it) => encode_json(Tag::RequestMessage, it, self.version(), Layout::Compact).to_string(),
            Self::Response(it) => encode_json(Tag::ResponseMessage, it, self.version(), Layout::Compact).to_string(),
        }
    }

    fn print(&self) {
        let mut printer = Printer::new(self.version(), 1_000);
        match self {
            Self::Request(it) => it.put(Tag::RequestMessage, &mut printer),
            Self::Response(it) => it.put(Tag::ResponseMessage, &mut printer),
        }
        assert!(printer.finish().len() <= 1_000 + 64);
    }
}

/// Larger than any message of a fuzzer, so that written XML, which is longer than what was read, is not refused.
const LIMITS: Limits = Limits { message_bytes: 1 << 30, ..Limits::DEFAULT };

/// Reads TTLV.
pub fn from_ttlv(bytes: &[u8], strictness: Strictness) -> Result<Message, DecodeError> {
    let mut reader = TtlvReader::new(bytes, LIMITS, strictness);
    let message = Message::take(&mut reader)?;
    reader.finish()?;
    Ok(message)
}

/// Reads XML.
pub fn from_xml(text: &str, strictness: Strictness) -> Result<Message, DecodeError> {
    Message::take(&mut XmlReader::new(text, LIMITS, strictness)?)
}

/// Reads JSON.
pub fn from_json(text: &str, strictness: Strictness) -> Result<Message, DecodeError> {
    Message::take(&mut JsonReader::new(text, LIMITS, strictness)?)
}

/// Encodes what was decoded strictly, decodes it again, and expects the same.
pub fn check(message: &Message) {
    let bytes = message.ttlv();
    let again = from_ttlv(&bytes, Strictness::Strict).expect("what was written can be read");
    assert_eq!(*message, again);
    assert_eq!(bytes, again.ttlv());
    message.print();
}

/// The same through JSON, which holds any text.
pub fn check_json(message: &Message) {
    let again = from_json(&message.json(), Strictness::Strict).expect("what was written can be read");
    assert_eq!(*message, again);
}

/// The same through XML, for a message whose texts XML can hold.
pub fn check_xml(message: &Message) {
    let text = message.xml();
    if text.contains('\u{FFFD}') {
        return;
    }
    let again = from_xml(&text, Strictness::Strict).expect("what was written can be read");
    assert_eq!(*message, again);
}
