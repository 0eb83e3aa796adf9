//! Secret bytes and secret text: wiped on drop, impossible to print, compared in constant time.
//!
//! Key bytes in the clear exist only inside these types (or in a wiped wire buffer). Every use goes through
//! [`Secret::expose_secret`], so a search for that word lists all of them.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Overwrites `bytes` with zeros, a word at a time, in a way that no compiler leaves out.
pub fn wipe(bytes: &mut [u8]) {
    let (before, words, after) = bytemuck::pod_align_to_mut::<u8, u64>(bytes);
    before.zeroize();
    words.zeroize();
    after.zeroize();
}

/// Bytes on their way that may hold secrets, such as a message: wiped on drop, impossible to print.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WipedBytes(Vec<u8>);

impl WipedBytes {
    /// No bytes, with room for `capacity`: as long as it is not exceeded, no copy is left behind.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(Vec::with_capacity(capacity))
    }

    /// Copies `bytes`.
    pub fn copy_from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// Takes over a text that is wiped.
    pub fn from_text(mut text: Zeroizing<String>) -> Self {
        Self(std::mem::take(&mut *text).into_bytes())
    }
}

impl std::ops::Deref for WipedBytes {
    type Target = Vec<u8>;
    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl std::ops::DerefMut for WipedBytes {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl AsRef<[u8]> for WipedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for WipedBytes {
    fn drop(&mut self) {
        // What was taken back from the end counts too.
        self.0.resize(self.0.capacity(), 0);
        wipe(&mut self.0);
    }
}

impl std::fmt::Debug for WipedBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WipedBytes({} bytes)", self.0.len())
    }
}

/// Secret bytes. The heap block never moves or grows, so no stale copy is left behind.
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Copies `bytes` into a secret of their own.
    pub fn copy_from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// Makes a secret of `len` bytes that `fill` writes in place.
    pub fn init_with<E>(len: usize, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut secret = Self(vec![0; len].into_boxed_slice());
        fill(&mut secret.0)?;
        Ok(secret)
    }

    /// Takes over a wiping vector.
    pub fn from_zeroizing(mut bytes: Zeroizing<Vec<u8>>) -> Self {
        Self::from_wiped(WipedBytes(std::mem::take(&mut *bytes)))
    }

    /// Takes over wiped bytes.
    pub fn from_wiped(mut bytes: WipedBytes) -> Self {
        if bytes.len() == bytes.capacity() {
            return Self(std::mem::take(&mut *bytes).into_boxed_slice());
        }
        Self::copy_from(&bytes)
    }

    /// The bytes in the clear.
    pub fn expose_secret(&self) -> &[u8] {
        &self.0
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl Clone for Secret {
    fn clone(&self) -> Self {
        Self::copy_from(&self.0)
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for Secret {}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

/// Secret text, such as a password.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Secret);

impl SecretText {
    /// Copies `text` into a secret of its own.
    pub fn copy_from(text: &str) -> Self {
        Self(Secret::copy_from(text.as_bytes()))
    }

    /// The text in the clear.
    pub fn expose_secret(&self) -> &str {
        std::str::from_utf8(self.0.expose_secret()).expect("invariant: made from text")
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretText({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_wiped_wherever_the_words_begin() {
        for start in 0..9 {
            for length in 0..40 {
                let mut bytes = [0xA5; 64];
                wipe(&mut bytes[start..start + length]);
                let expected = |at: usize| if (start..start + length).contains(&at) { 0 } else { 0xA5 };
                assert!(bytes.iter().enumerate().all(|(at, byte)| *byte == expected(at)), "{length} from {start}");
            }
        }
    }

    #[test]
    fn wiped_bytes_do_not_print() {
        assert_eq!(format!("{:?}", WipedBytes::copy_from(b"secret")), "WipedBytes(6 bytes)");
    }

    #[test]
    fn wiped_bytes_become_a_secret_with_or_without_room() {
        let mut bytes = WipedBytes::with_capacity(16);
        bytes.extend_from_slice(b"secret");
        assert_eq!(Secret::from_wiped(bytes).expose_secret(), b"secret");
        assert_eq!(Secret::from_wiped(WipedBytes::copy_from(b"secret")).expose_secret(), b"secret");
    }
}
