//! What stands in the one tree of the engine, by the first byte of a storage key.
//!
//! | storage key | value |
//! | --- | --- |
//! | `00 "header"` | format version, store id (`engine.rs`) |
//! | `00 "last"` | the last batch that was committed (`engine.rs`) |
//! | `01 KEY` | the frame of the value under the caller's KEY |
//! | `02 KEY n` | part n (4 bytes, from 0) of a value too large for its frame |
//!
//! Values are kept in pieces of at most [`PIECE`] bytes, because sled writes a page that grows over 128 KiB to a file
//! of its own, which its flush does not sync. A leaf page holds at most 16 entries before it is split, and 20 in the
//! moment after a merge; with [`PIECE`] and [`MAX_KEY`] that is under 92 KiB. An inner page holds at most 256 keys:
//! under 70 KiB.

use kmip_core::ports::store::StoreError;

/// Largest piece of a sealed value under one storage key, in bytes.
pub(super) const PIECE: usize = 4096;
/// Longest key of a caller, in bytes.
pub(super) const MAX_KEY: usize = 256;

/// Storage key of the header.
pub(super) const HEADER: &[u8] = b"\0header";
/// Storage key of the last-commit record.
pub(super) const LAST: &[u8] = b"\0last";

const RECORD: u8 = 1;
const PART: u8 = 2;

/// Storage key of the value under the caller's `key`.
pub(super) fn record(key: &[u8]) -> Vec<u8> {
    let mut storage = Vec::with_capacity(key.len() + 1);
    storage.push(RECORD);
    storage.extend_from_slice(key);
    storage
}

/// Storage key of part `number` of the value under the caller's `key`.
pub(super) fn part(key: &[u8], number: u32) -> Vec<u8> {
    let mut storage = Vec::with_capacity(key.len() + 5);
    storage.push(PART);
    storage.extend_from_slice(key);
    storage.extend_from_slice(&number.to_be_bytes());
    storage
}

/// The prefix of all parts.
pub(super) const PARTS: &[u8] = &[PART];

/// What a storage key names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Named<'a> {
    /// A record of the store itself.
    Own,
    /// The value under this key of a caller.
    Record(&'a [u8]),
    /// A part of the value under this key.
    Part(&'a [u8], u32),
    /// Nothing that this program writes.
    Unknown,
}

/// Reads a storage key.
pub(super) fn named(storage: &[u8]) -> Named<'_> {
    match storage.split_first() {
        Some((&RECORD, key)) => Named::Record(key),
        Some((&PART, rest)) => match rest.split_last_chunk::<4>() {
            Some((key, number)) => Named::Part(key, u32::from_be_bytes(*number)),
            None => Named::Unknown,
        },
        _ if storage == HEADER || storage == LAST => Named::Own,
        _ => Named::Unknown,
    }
}

/// Refuses a key that is too long for the page arithmetic above.
pub(super) fn ensure_length(key: &[u8]) -> Result<(), StoreError> {
    if key.len() > MAX_KEY {
        return Err(StoreError::Unavailable(format!("a key of {} bytes; the limit is {MAX_KEY}", key.len())));
    }
    Ok(())
}

/// A storage or caller's key as text for messages.
pub(super) fn shown(key: &[u8]) -> String {
    key.escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_keys_read_back() {
        assert_eq!(named(&record(b"abc")), Named::Record(b"abc"));
        assert_eq!(named(&part(b"", 7)), Named::Part(b"", 7));
        assert_eq!(named(&part(b"abc", u32::MAX)), Named::Part(b"abc", u32::MAX));
        assert_eq!(named(LAST), Named::Own);
        assert_eq!(named(b"\0lost"), Named::Unknown);
        assert_eq!(named(&[PART, 0, 0, 1]), Named::Unknown);
        assert_eq!(named(b""), Named::Unknown);
    }
}
