//! How a value stands in the engine: `version(1) revision(8) sealed-length(4) sealed...` under its storage key, and,
//! where the sealed bytes are longer than one piece, the rest as parts `version(1) revision(8) sealed...`.
//!
//! The seal covers the storage key and the revision; a wrong length or a foreign part makes it fail too.

use super::keyspace::PIECE;
use kmip_core::ports::store::Revision;

/// Version of the frame layout.
const VERSION: u8 = 1;

/// The frame under a record's storage key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    /// Revision of the batch that wrote the value.
    pub revision: Revision,
    /// Length of the whole sealed value.
    pub sealed_len: usize,
    /// The first piece of the sealed value.
    pub piece: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads a frame; the error says what is wrong with it.
    pub fn parse(stored: &'a [u8]) -> Result<Self, String> {
        let (revision, rest) = versioned(stored)?;
        let (length, piece) = rest.split_first_chunk::<4>().ok_or_else(|| "the frame is cut short".to_owned())?;
        let sealed_len =
            usize::try_from(u32::from_be_bytes(*length)).map_err(|_| "the frame's length is too large".to_owned())?;
        if piece.len() != sealed_len.min(PIECE) {
            return Err(format!("the frame holds {} bytes of a sealed value of {sealed_len}", piece.len()));
        }
        Ok(Self { revision, sealed_len, piece })
    }

    /// How many parts follow the first piece.
    pub fn parts(&self) -> u32 {
        parts_of(self.sealed_len)
    }
}

/// How many parts a sealed value of this length has besides its frame.
pub(super) fn parts_of(sealed_len: usize) -> u32 {
    let parts = sealed_len.saturating_sub(PIECE).div_ceil(PIECE);
    u32::try_from(parts).unwrap_or(u32::MAX)
}

/// The largest value that is taken, in sealed bytes; far above what the layers above allow.
pub(super) const MAX_SEALED: usize = 64 << 20;

/// Frames a sealed value: the bytes for the record's storage key, then those of its parts in order.
pub(super) fn write(revision: Revision, sealed: &[u8]) -> (Vec<u8>, impl Iterator<Item = Vec<u8>> + '_) {
    let length = u32::try_from(sealed.len()).expect("invariant: a sealed value is at most MAX_SEALED long");
    let (first, rest) = sealed.split_at(sealed.len().min(PIECE));
    let frame = [&[VERSION][..], &revision.to_be_bytes(), &length.to_be_bytes(), first].concat();
    let parts = rest.chunks(PIECE).map(move |piece| [&[VERSION][..], &revision.to_be_bytes(), piece].concat());
    (frame, parts)
}

/// Reads a part: the revision and its piece.
pub(super) fn part(stored: &[u8]) -> Result<(Revision, &[u8]), String> {
    versioned(stored)
}

fn versioned(stored: &[u8]) -> Result<(Revision, &[u8]), String> {
    let (version, rest) = stored.split_first().ok_or_else(|| "the frame is empty".to_owned())?;
    if *version != VERSION {
        return Err(format!("frame version {version}, this program reads version {VERSION}"));
    }
    let (revision, rest) = rest.split_first_chunk::<8>().ok_or_else(|| "the frame is cut short".to_owned())?;
    Ok((u64::from_be_bytes(*revision), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_read_back_at_every_boundary() {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 1, 10 * PIECE] {
            let sealed: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let (stored, parts) = write(77, &sealed);
            let parts: Vec<Vec<u8>> = parts.collect();
            let frame = Frame::parse(&stored).expect("parses");
            assert_eq!((frame.revision, frame.sealed_len, frame.parts() as usize), (77, len, parts.len()), "{len}");
            let mut joined = frame.piece.to_vec();
            for stored in &parts {
                let (revision, piece) = part(stored).expect("parses");
                assert_eq!(revision, 77);
                assert!(!piece.is_empty() && piece.len() <= PIECE);
                joined.extend_from_slice(piece);
            }
            assert_eq!(joined, sealed);
        }
    }

    #[test]
    fn malformed_frames_are_told() {
        let (good, _) = write(1, b"sealed");
        for cut in 0..good.len() {
            assert!(Frame::parse(&good[..cut]).is_err(), "{cut} bytes");
        }
        let mut longer = good.clone();
        longer.push(0);
        assert!(Frame::parse(&longer).is_err());
        let mut other = good;
        other[0] = 9;
        assert_eq!(Frame::parse(&other), Err("frame version 9, this program reads version 1".to_owned()));
        assert!(part(b"").is_err() && part(&[1, 0]).is_err());
    }
}
