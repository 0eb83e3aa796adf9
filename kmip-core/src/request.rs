//! A request as it came: its bytes, the encoding that they have, and the one that the answer is to have.

use kmip_codec::limits::Limits;
use kmip_codec::message::decode::MessageError;
use kmip_codec::message::{DecodedRequest, decode_request_in};
use kmip_codec::secret::WipedBytes;
use kmip_codec::wire::{Encoding, Strictness};

/// A request that somebody else keeps. Bytes alone are TTLV and want TTLV.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The message.
    pub bytes: &'a [u8],
    /// How it is encoded.
    pub encoding: Encoding,
    /// How the answer is to be encoded.
    pub answer: Encoding,
}

impl<'a> Request<'a> {
    /// A message whose answer is to be encoded alike.
    pub fn new(bytes: &'a [u8], encoding: Encoding) -> Self {
        Self { bytes, encoding, answer: encoding }
    }

    /// Reads it.
    pub(crate) fn decode(&self, limits: &Limits) -> Result<DecodedRequest, MessageError> {
        decode_request_in(self.encoding, self.bytes, limits, Strictness::Lenient)
    }

    /// Copies it.
    pub fn keep(&self) -> KeptRequest {
        KeptRequest { bytes: WipedBytes::copy_from(self.bytes), encoding: self.encoding, answer: self.answer }
    }
}

impl<'a> From<&'a [u8]> for Request<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::new(bytes, Encoding::Ttlv)
    }
}

impl<'a> From<&'a Vec<u8>> for Request<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl<'a> From<&'a WipedBytes> for Request<'a> {
    fn from(bytes: &'a WipedBytes) -> Self {
        Self::from(bytes.as_slice())
    }
}

/// A request with a copy of its bytes, which is wiped when dropped.
#[derive(Clone)]
pub struct KeptRequest {
    bytes: WipedBytes,
    encoding: Encoding,
    answer: Encoding,
}

impl<'a> From<&'a KeptRequest> for Request<'a> {
    fn from(kept: &'a KeptRequest) -> Self {
        Self { bytes: &kept.bytes, encoding: kept.encoding, answer: kept.answer }
    }
}
