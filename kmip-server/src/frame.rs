//! Where one request message ends: the first 8 bytes of TTLV (KMIP 2.1 §9.1) and nothing more.

use thiserror::Error;

/// Tag `Request Message` (0x420078) and type `Structure` (0x01).
const REQUEST_MESSAGE: [u8; 4] = [0x42, 0x00, 0x78, 0x01];
/// Tag `Response Message` (0x42007B) and type `Structure` (0x01).
const RESPONSE_MESSAGE: [u8; 4] = [0x42, 0x00, 0x7B, 0x01];
/// Tag, type and length.
pub const HEADER_BYTES: usize = 8;

/// What the bytes at hand hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// A whole message of this many bytes.
    Whole(usize),
    /// The beginning of a message that is this long, as far as can be told now.
    Partial(usize),
}

/// Why no message can be found any more: the connection has lost its framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The bytes do not begin a request message.
    #[error("expected a KMIP request message (42 00 78 01; 42 00 7b 01 once roles are exchanged), got {0:02x?}")]
    NotARequest([u8; 4]),
    /// The message would be longer than the limit.
    #[error("a request message of {length} bytes is over the limit of {limit}")]
    TooLong {
        /// Bytes of the message with its header.
        length: u64,
        /// `[kmip.limits] message_bytes`.
        limit: u32,
    },
    /// A structure whose length no sequence of padded items can have.
    #[error("a request message with a length of {0} bytes, which is no multiple of 8")]
    Unaligned(u32),
}

impl FrameError {
    /// The name of this error in the metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::NotARequest(_) => "not_a_request",
            Self::TooLong { .. } => "too_long",
            Self::Unaligned(_) => "unaligned",
        }
    }
}

/// Looks for one request message at the beginning of `bytes`. A wrong beginning is told at its first byte.
pub fn check(bytes: &[u8], limit: u32) -> Result<Frame, FrameError> {
    check_as(REQUEST_MESSAGE, bytes, limit)
}

/// Looks for one response message, as [`check`] does for a request.
pub fn check_response(bytes: &[u8], limit: u32) -> Result<Frame, FrameError> {
    check_as(RESPONSE_MESSAGE, bytes, limit)
}

fn check_as(beginning: [u8; 4], bytes: &[u8], limit: u32) -> Result<Frame, FrameError> {
    let known = bytes.len().min(beginning.len());
    if bytes.get(..known) != beginning.get(..known) {
        let mut shown = [0; 4];
        shown.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        return Err(FrameError::NotARequest(shown));
    }
    let Some(length) = bytes.get(4..HEADER_BYTES).and_then(|field| field.try_into().ok()) else {
        return Ok(Frame::Partial(HEADER_BYTES));
    };
    let content = u32::from_be_bytes(length);
    if !content.is_multiple_of(8) {
        return Err(FrameError::Unaligned(content));
    }
    let length = u64::from(content).saturating_add(HEADER_BYTES as u64);
    let too_long = FrameError::TooLong { length, limit };
    if length > u64::from(limit) {
        return Err(too_long);
    }
    let length = usize::try_from(length).map_err(|_| too_long)?;
    Ok(if bytes.len() >= length { Frame::Whole(length) } else { Frame::Partial(length) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 4096;

    fn message(content: usize) -> Vec<u8> {
        let mut bytes = REQUEST_MESSAGE.to_vec();
        bytes.extend((content as u32).to_be_bytes());
        bytes.resize(8 + content, 0);
        bytes
    }

    #[test]
    fn every_prefix_is_partial_and_the_whole_is_whole() {
        let bytes = message(24);
        for end in 0..bytes.len() {
            let expected = if end < 8 { 8 } else { 32 };
            assert_eq!(check(&bytes[..end], LIMIT), Ok(Frame::Partial(expected)), "{end}");
        }
        assert_eq!(check(&bytes, LIMIT), Ok(Frame::Whole(32)));
        assert_eq!(check(&[bytes.clone(), bytes].concat(), LIMIT), Ok(Frame::Whole(32)));
    }

    #[test]
    fn a_wrong_beginning_is_told_at_once() {
        for bytes in [&b"G"[..], b"GET /", &[0x42, 0x00, 0x7b], &[0x42, 0x00, 0x78, 0x02]] {
            assert!(matches!(check(bytes, LIMIT), Err(FrameError::NotARequest(_))), "{bytes:?}");
        }
    }

    #[test]
    fn the_limit_counts_the_header() {
        assert_eq!(check(&message(4088), LIMIT), Ok(Frame::Whole(4096)));
        assert_eq!(check(&message(4096)[..8], LIMIT), Err(FrameError::TooLong { length: 4104, limit: LIMIT }));
        let huge = [0x42, 0x00, 0x78, 0x01, 0xff, 0xff, 0xff, 0xf8];
        assert_eq!(check(&huge, u32::MAX), Err(FrameError::TooLong { length: 4_294_967_296, limit: u32::MAX }));
    }

    #[test]
    fn a_length_that_padding_excludes_is_refused() {
        assert_eq!(
            check(&message(8)[..8].iter().map(|b| b | u8::from(*b == 8)).collect::<Vec<_>>(), LIMIT),
            Err(FrameError::Unaligned(9))
        );
    }

    #[test]
    fn an_empty_message_is_left_to_the_engine() {
        assert_eq!(check(&message(0), LIMIT), Ok(Frame::Whole(8)));
    }
}
