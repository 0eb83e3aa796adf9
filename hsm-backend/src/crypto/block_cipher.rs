//! The block ciphers, each as one type whatever the length of its key, so that a mode is compiled once for each cipher.

use aes::{Aes128, Aes192, Aes256};
use blowfish::Blowfish;
use cipher::consts::{U8, U16};
use cipher::{
    BlockCipherDecClosure, BlockCipherDecrypt, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, KeyInit,
};
use des::{TdesEde2, TdesEde3};
use kmip_core::ports::crypto::CryptoError;

/// AES (FIPS 197) with a key of 128, 192 or 256 bits.
#[derive(Clone)]
pub(super) enum Aes {
    Aes128(Aes128),
    Aes192(Aes192),
    Aes256(Aes256),
}

/// Triple DES (NIST SP 800-67) with two or three different parts.
#[derive(Clone)]
pub(super) enum TripleDes {
    TwoParts(TdesEde2),
    ThreeParts(TdesEde3),
}

/// A block cipher that is made from the bytes of a key.
pub(super) trait FromKey: Sized {
    fn from_key(key: &[u8]) -> Result<Self, CryptoError>;
}

impl FromKey for Aes {
    fn from_key(key: &[u8]) -> Result<Self, CryptoError> {
        let made = match key.len() {
            16 => Aes128::new_from_slice(key).map(Self::Aes128),
            24 => Aes192::new_from_slice(key).map(Self::Aes192),
            _ => Aes256::new_from_slice(key).map(Self::Aes256),
        };
        made.map_err(|_| wrong_length("AES", "128, 192 or 256", key))
    }
}

impl FromKey for TripleDes {
    fn from_key(key: &[u8]) -> Result<Self, CryptoError> {
        let made = match key.len() {
            16 => TdesEde2::new_from_slice(key).map(Self::TwoParts),
            _ => TdesEde3::new_from_slice(key).map(Self::ThreeParts),
        };
        made.map_err(|_| wrong_length("triple DES", "128 or 192 (parity included)", key))
    }
}

impl FromKey for Blowfish {
    fn from_key(key: &[u8]) -> Result<Self, CryptoError> {
        Blowfish::new_from_slice(key).map_err(|_| wrong_length("Blowfish", "32 to 448", key))
    }
}

/// The refusal of a key by its length.
pub(super) fn wrong_length(cipher: &str, wanted: &str, key: &[u8]) -> CryptoError {
    CryptoError::Key(format!("{cipher} takes keys of {wanted} bits, not {}", key.len().saturating_mul(8)))
}

impl BlockSizeUser for Aes {
    type BlockSize = U16;
}

impl BlockCipherEncrypt for Aes {
    fn encrypt_with_backend(&self, closure: impl BlockCipherEncClosure<BlockSize = U16>) {
        match self {
            Self::Aes128(cipher) => cipher.encrypt_with_backend(closure),
            Self::Aes192(cipher) => cipher.encrypt_with_backend(closure),
            Self::Aes256(cipher) => cipher.encrypt_with_backend(closure),
        }
    }
}

impl BlockCipherDecrypt for Aes {
    fn decrypt_with_backend(&self, closure: impl BlockCipherDecClosure<BlockSize = U16>) {
        match self {
            Self::Aes128(cipher) => cipher.decrypt_with_backend(closure),
            Self::Aes192(cipher) => cipher.decrypt_with_backend(closure),
            Self::Aes256(cipher) => cipher.decrypt_with_backend(closure),
        }
    }
}

impl BlockSizeUser for TripleDes {
    type BlockSize = U8;
}

impl BlockCipherEncrypt for TripleDes {
    fn encrypt_with_backend(&self, closure: impl BlockCipherEncClosure<BlockSize = U8>) {
        match self {
            Self::TwoParts(cipher) => cipher.encrypt_with_backend(closure),
            Self::ThreeParts(cipher) => cipher.encrypt_with_backend(closure),
        }
    }
}

impl BlockCipherDecrypt for TripleDes {
    fn decrypt_with_backend(&self, closure: impl BlockCipherDecClosure<BlockSize = U8>) {
        match self {
            Self::TwoParts(cipher) => cipher.decrypt_with_backend(closure),
            Self::ThreeParts(cipher) => cipher.decrypt_with_backend(closure),
        }
    }
}
