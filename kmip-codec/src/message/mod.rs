//! Messages (KMIP 2.1 §8, §9): headers, batch items, and the entry points that read and write whole messages.

pub mod credential;
pub mod decode;
pub mod header;

pub use credential::{Authentication, Credential, CredentialValue};
pub use decode::{
    BatchItemError, DecodedRequest, MessageError, RequestItem, decode_request, decode_request_in, decode_request_json,
    decode_request_xml, decode_response, decode_response_in, decode_response_json, decode_response_xml, encode,
    encode_in, encode_json, encode_xml, encoded_len, print, read_request, read_response,
};
pub use header::{
    AsynchronousMode, Ephemeral, MessageExtension, Nonce, ProtocolVersion, RequestBatchItem, RequestHeader,
    RequestMessage, ResponseBatchItem, ResponseHeader, ResponseMessage,
};
