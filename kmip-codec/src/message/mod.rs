//! Messages (KMIP 2.1 §8, §9): headers, batch items, and the entry points that read and write whole messages.

pub mod credential;
pub mod decode;
pub mod header;

pub use credential::{Authentication, Credential, CredentialValue};
pub use decode::{BatchItemError, DecodedRequest, RequestItem, decode_request, decode_response, encode, encoded_len};
pub use header::{
    AsynchronousMode, Ephemeral, MessageExtension, Nonce, ProtocolVersion, RequestBatchItem, RequestHeader,
    RequestMessage, ResponseBatchItem, ResponseHeader, ResponseMessage,
};
