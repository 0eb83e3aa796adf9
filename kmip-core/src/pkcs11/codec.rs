//! Parameters as bytes; the rules stand in the module above.

use kmip_codec::secret::Secret;
use zeroize::Zeroizing;

use super::{Done, Stop};
use crate::error::{Fault, OpError};

/// Elements of an array at most: a template, a list of handles.
const MOST_ELEMENTS: usize = 1_024;

/// Input parameters.
pub(super) struct Reader<'a> {
    left: &'a [u8],
}

fn malformed<T>() -> Done<T> {
    Err(Stop::Error(OpError::new(Fault::Pkcs11Codec, "PKCS#11 Input Parameters do not fit the function")))
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    /// What is left.
    pub fn left(&self) -> usize {
        self.left.len()
    }

    /// All parameters were read.
    pub fn finish(&self) -> Done<()> {
        if self.left.is_empty() { Ok(()) } else { malformed() }
    }

    /// Some bytes.
    pub fn take(&mut self, count: usize) -> Done<&'a [u8]> {
        match self.left.split_at_checked(count) {
            Some((taken, left)) => {
                self.left = left;
                Ok(taken)
            }
            None => malformed(),
        }
    }

    fn array<const N: usize>(&mut self) -> Done<[u8; N]> {
        match self.left.split_first_chunk::<N>() {
            Some((taken, left)) => {
                self.left = left;
                Ok(*taken)
            }
            None => malformed(),
        }
    }

    /// `CK_BBOOL`, or whether something is there.
    pub fn flag(&mut self) -> Done<bool> {
        match self.array::<1>()? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => malformed(),
        }
    }

    /// `CK_BYTE`.
    pub fn byte(&mut self) -> Done<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// `CK_ULONG`.
    pub fn ulong(&mut self) -> Done<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A number of elements.
    pub fn count(&mut self) -> Done<usize> {
        self.array().map(|bytes| u32::from_be_bytes(bytes) as usize)
    }

    /// A number that may be a length: 4 bytes if no more are left but `after`, else 8.
    pub fn ulong_or_count(&mut self, after: usize) -> Done<u64> {
        if self.left.len() == after.saturating_add(4) { self.count().map(|count| count as u64) } else { self.ulong() }
    }

    /// A number of elements that are structures or handles.
    pub fn elements(&mut self) -> Done<usize> {
        let count = self.count()?;
        if count > MOST_ELEMENTS { malformed() } else { Ok(count) }
    }

    /// Octets with their number before them.
    pub fn octets(&mut self) -> Done<&'a [u8]> {
        let count = self.count()?;
        self.take(count)
    }

    /// A buffer that the caller offers: its size, if there is one.
    pub fn buffer(&mut self) -> Done<Option<usize>> {
        let is_there = self.flag()?;
        let size = self.count()?;
        Ok(is_there.then_some(size))
    }
}

/// Output parameters. They may hold what was decrypted.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Zeroizing<Vec<u8>>,
}

impl Writer {
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        // Room for all of it at once, so that no copy stays behind.
        if self.bytes.capacity().saturating_sub(self.bytes.len()) < bytes.len() {
            let mut larger =
                Zeroizing::new(Vec::with_capacity(self.bytes.len().saturating_add(bytes.len()).saturating_add(64)));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(bytes);
        self
    }

    pub fn flag(self, flag: bool) -> Self {
        self.raw(&[u8::from(flag)])
    }

    pub fn ulong(self, number: u64) -> Self {
        self.raw(&number.to_be_bytes())
    }

    pub fn count(self, count: usize) -> Self {
        self.raw(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes())
    }

    /// Text of a fixed length, padded with spaces.
    pub fn padded(self, text: &str, length: usize) -> Self {
        let mut bytes: Vec<u8> = text.bytes().filter(u8::is_ascii).take(length).collect();
        bytes.resize(length, b' ');
        self.raw(&bytes)
    }

    /// What goes into a buffer of the caller, or only its length.
    pub fn buffer(self, octets: Option<&[u8]>, length: usize) -> Self {
        let head = self.flag(octets.is_some()).count(length);
        match octets {
            Some(octets) => head.raw(octets),
            None => head,
        }
    }

    pub fn done(self) -> Secret {
        Secret::from_zeroizing(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_c_get_info_is_read_field_by_field() {
        let published = "022854455354202020202020507479204c7464202020202020202020202020202020000000000000000054455354202020202020202020202020202020202020202020202020202020200100";
        let bytes: Vec<u8> = (0..published.len() / 2)
            .filter_map(|at| published.get(at * 2..at * 2 + 2))
            .map(|digits| u8::from_str_radix(digits, 16).expect("hexadecimal digits"))
            .collect();
        let mut reader = Reader::new(&bytes);
        let mut next = |count| reader.take(count).ok().expect("the published bytes are enough");
        assert_eq!(next(2), [2, 40], "CK_VERSION");
        assert_eq!(next(32), b"TEST      Pty Ltd               ");
        assert_eq!(next(8), [0; 8], "CK_FLAGS");
        assert_eq!(next(32), b"TEST                            ");
        assert_eq!(next(2), [1, 0], "CK_VERSION");
        assert!(reader.finish().is_ok());
    }

    #[test]
    fn what_is_too_short_or_too_long_is_no_call() {
        assert!(Reader::new(&[0; 7]).ulong().is_err());
        assert!(Reader::new(&[0, 0, 0, 2, 1]).octets().is_err());
        assert!(Reader::new(&[2]).flag().is_err());
        assert!(Reader::new(&[0]).finish().is_err());
        assert!(Reader::new(&[0xFF; 4]).elements().is_err());
    }
}
