//! How to encrypt, kept by a stream until its end: [`Encryption`] with its own bytes.

use kmip_core::ports::crypto::{Aead, BlockCipher, BlockMode, BlockPadding, Encryption, Hash, KeyWrap};

/// [`Encryption`] that owns what it names.
pub(crate) enum Kept {
    Block { cipher: BlockCipher, mode: BlockMode, padding: BlockPadding, iv: Vec<u8> },
    Aead { cipher: Aead, nonce: Vec<u8>, aad: Vec<u8>, tag_length: usize },
    KeyWrap(KeyWrap),
    ChaCha20 { nonce: Vec<u8>, counter: u64 },
    OneTimePad,
    RsaPkcs1,
    RsaOaep { hash: Hash, mask_hash: Hash, label: Vec<u8> },
}

impl Kept {
    pub(crate) fn of(how: &Encryption<'_>) -> Self {
        match *how {
            Encryption::Block { cipher, mode, padding, iv } => Self::Block { cipher, mode, padding, iv: iv.to_vec() },
            Encryption::Aead { cipher, nonce, aad, tag_length } => {
                Self::Aead { cipher, nonce: nonce.to_vec(), aad: aad.to_vec(), tag_length }
            }
            Encryption::KeyWrap(wrap) => Self::KeyWrap(wrap),
            Encryption::ChaCha20 { nonce, counter } => Self::ChaCha20 { nonce: nonce.to_vec(), counter },
            Encryption::OneTimePad => Self::OneTimePad,
            Encryption::RsaPkcs1 => Self::RsaPkcs1,
            Encryption::RsaOaep { hash, mask_hash, label } => Self::RsaOaep { hash, mask_hash, label: label.to_vec() },
        }
    }

    pub(crate) fn borrowed(&self) -> Encryption<'_> {
        match self {
            Self::Block { cipher, mode, padding, iv } => {
                Encryption::Block { cipher: *cipher, mode: *mode, padding: *padding, iv }
            }
            Self::Aead { cipher, nonce, aad, tag_length } => {
                Encryption::Aead { cipher: *cipher, nonce, aad, tag_length: *tag_length }
            }
            Self::KeyWrap(wrap) => Encryption::KeyWrap(*wrap),
            Self::ChaCha20 { nonce, counter } => Encryption::ChaCha20 { nonce, counter: *counter },
            Self::OneTimePad => Encryption::OneTimePad,
            Self::RsaPkcs1 => Encryption::RsaPkcs1,
            Self::RsaOaep { hash, mask_hash, label } => {
                Encryption::RsaOaep { hash: *hash, mask_hash: *mask_hash, label }
            }
        }
    }
}
