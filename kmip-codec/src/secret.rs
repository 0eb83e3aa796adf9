//! Secret bytes and secret text: wiped on drop, impossible to print, compared in constant time.
//!
//! Key bytes in the clear exist only inside these types (or in a wiped wire buffer). Every use goes through
//! [`Secret::expose_secret`], so a search for that word lists all of them.

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

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
        self.0.zeroize();
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
