//! Encryption and decryption in parts, and what every cipher's stream shares. One piece of data is a stream of one part.

use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{CryptoError, Transform, Transformed};
use zeroize::{Zeroize, Zeroizing};

/// Bytes that are wiped on drop, because they are plaintext in one of the directions.
pub(crate) type Bytes = Zeroizing<Vec<u8>>;

/// What the end of a stream gives: bytes, and the tag that encryption with an authenticated cipher made.
pub(crate) type End = (Bytes, Option<Vec<u8>>);

/// The most bytes that a stream keeps until its end, where the mechanism cannot give any out before.
pub(super) const MAX_GATHERED: usize = 16 << 20;

/// Whether data is encrypted or decrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Encrypt,
    Decrypt,
}

/// A cipher at work.
pub(crate) trait CipherStream: Send {
    /// Takes a part; gives what is ready.
    fn update(&mut self, data: &[u8]) -> Result<Bytes, CryptoError>;

    /// Takes the last part, and the tag when an authenticated cipher decrypts.
    fn finish(self: Box<Self>, data: &[u8], tag: Option<&[u8]>) -> Result<End, CryptoError>;
}

/// A [`CipherStream`] as the core sees it.
pub(crate) struct Parts(pub(crate) Box<dyn CipherStream>);

impl Transform for Parts {
    fn update(&mut self, data: &[u8]) -> Result<Secret, CryptoError> {
        self.0.update(data).map(Secret::from_zeroizing)
    }

    fn finish(self: Box<Self>, data: &[u8], tag: Option<&[u8]>) -> Result<Transformed, CryptoError> {
        let (data, tag) = self.0.finish(data, tag)?;
        Ok(Transformed { data: Secret::from_zeroizing(data), tag })
    }
}

/// A copy that is wiped.
pub(crate) fn copy(data: &[u8]) -> Bytes {
    Zeroizing::new(data.to_vec())
}

/// Bytes that come in parts, bounded, and wiped also where they were before they grew.
#[derive(Default)]
pub(crate) struct Gathered(Bytes);

impl Gathered {
    pub(crate) fn push(&mut self, data: &[u8]) -> Result<(), CryptoError> {
        let length = self.0.len().saturating_add(data.len());
        if length > MAX_GATHERED {
            let limit = format!("this mechanism takes at most {MAX_GATHERED} bytes in one stream");
            return Err(CryptoError::Limit(limit));
        }
        if length > self.0.capacity() {
            let mut larger = Vec::with_capacity(length.next_power_of_two());
            larger.extend_from_slice(&self.0);
            self.0.zeroize();
            *self.0 = larger;
        }
        self.0.extend_from_slice(data);
        Ok(())
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// All at once, at the end: what a mechanism does that needs its whole data.
type AtOnce = Box<dyn FnOnce(&[u8], Option<&[u8]>) -> Result<End, CryptoError> + Send>;

/// A stream that gathers its data and works at the end.
pub(crate) struct Whole {
    gathered: Gathered,
    work: AtOnce,
}

impl Whole {
    pub(crate) fn boxed(
        work: impl FnOnce(&[u8], Option<&[u8]>) -> Result<End, CryptoError> + Send + 'static,
    ) -> Box<dyn CipherStream> {
        Box::new(Self { gathered: Gathered::default(), work: Box::new(work) })
    }
}

impl CipherStream for Whole {
    fn update(&mut self, data: &[u8]) -> Result<Bytes, CryptoError> {
        self.gathered.push(data)?;
        Ok(Bytes::default())
    }

    fn finish(mut self: Box<Self>, data: &[u8], tag: Option<&[u8]>) -> Result<End, CryptoError> {
        if self.gathered.as_slice().is_empty() {
            return (self.work)(data, tag);
        }
        self.gathered.push(data)?;
        (self.work)(self.gathered.as_slice(), tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathered_bytes_are_bounded_and_whole() {
        let mut gathered = Gathered::default();
        for part in [&[1u8; 3][..], &[2; 900], &[3; 5000]] {
            gathered.push(part).unwrap();
        }
        assert_eq!(gathered.as_slice().len(), 5903);
        assert_eq!(gathered.as_slice().iter().map(|byte| u32::from(*byte)).sum::<u32>(), 3 + 1800 + 15_000);
        assert!(matches!(gathered.push(&vec![0; MAX_GATHERED - 5902]), Err(CryptoError::Limit(_))));
        gathered.push(&vec![0; MAX_GATHERED - 5903]).unwrap();
    }
}
