//! Symmetric encryption: which implementation does which cipher, and the ciphers that are one function each.

use chacha20::{ChaCha20, ChaCha20Legacy};
use cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{CryptoError, Encryption, KeyWrap};
use kmip_core::ports::vault::VaultError;
use zeroize::Zeroizing;

use super::aead::{self, Authenticated};
use super::block_cipher::wrong_length;
use super::modes::{self, Mode};
use super::stream::{Bytes, CipherStream, Direction, End, Whole, copy};
use crate::key_wrap;

/// Begins a stream with a symmetric key.
pub(super) fn begin(
    how: &Encryption<'_>,
    direction: Direction,
    key: &[u8],
) -> Result<Box<dyn CipherStream>, CryptoError> {
    match *how {
        Encryption::Block { cipher, mode, padding, iv } => {
            modes::begin(&Mode { cipher, mode, padding, iv }, direction, key)
        }
        Encryption::Aead { cipher, nonce, aad, tag_length } => {
            aead::begin(&Authenticated { cipher, nonce, aad, tag_length }, direction, key)
        }
        Encryption::ChaCha20 { nonce, counter } => chacha20(key, nonce, counter),
        Encryption::KeyWrap(wrap) => {
            let key = Secret::copy_from(key);
            Ok(Whole::boxed(move |data, _| wrapped(wrap, direction, &key, data)))
        }
        Encryption::OneTimePad => {
            let key = Zeroizing::new(key.to_vec());
            Ok(Whole::boxed(move |data, _| one_time_pad(&key, data)))
        }
        Encryption::RsaPkcs1 | Encryption::RsaOaep { .. } => {
            Err(CryptoError::Key("RSA takes an RSA key, not a symmetric one".to_owned()))
        }
    }
}

/// One piece. The authenticated ciphers have a faster way than a stream of one part.
pub(crate) fn encrypt(how: &Encryption<'_>, key: &[u8], data: &[u8]) -> Result<End, CryptoError> {
    match *how {
        Encryption::Aead { cipher, nonce, aad, tag_length } => {
            let how = Authenticated { cipher, nonce, aad, tag_length };
            aead::encrypt(&how, key, data).map(|(data, tag)| (data, Some(tag)))
        }
        _ => begin(how, Direction::Encrypt, key)?.finish(data, None),
    }
}

/// The inverse of [`encrypt`].
pub(crate) fn decrypt(how: &Encryption<'_>, key: &[u8], data: &[u8], tag: Option<&[u8]>) -> Result<Bytes, CryptoError> {
    match *how {
        Encryption::Aead { cipher, nonce, aad, tag_length } => {
            aead::decrypt(&Authenticated { cipher, nonce, aad, tag_length }, key, data, tag)
        }
        _ => begin(how, Direction::Decrypt, key)?.finish(data, None).map(|(data, _)| data),
    }
}

/// A stream cipher: encryption and decryption are the same.
struct Keystream<S>(S);

impl<S: StreamCipher + Send> CipherStream for Keystream<S> {
    fn update(&mut self, data: &[u8]) -> Result<Bytes, CryptoError> {
        let mut data = copy(data);
        let exhausted = |_| CryptoError::Limit("the key stream of this nonce is used up".to_owned());
        self.0.try_apply_keystream(&mut data).map_err(exhausted)?;
        Ok(data)
    }

    fn finish(mut self: Box<Self>, data: &[u8], _: Option<&[u8]>) -> Result<End, CryptoError> {
        self.update(data).map(|data| (data, None))
    }
}

/// ChaCha20 with the nonce and counter of RFC 8439 or of the original.
fn chacha20(key: &[u8], nonce: &[u8], counter: u64) -> Result<Box<dyn CipherStream>, CryptoError> {
    if key.len() != 32 {
        return Err(wrong_length("ChaCha20", "256", key));
    }
    let position = u128::from(counter).saturating_mul(64);
    let bad_nonce = || CryptoError::Parameters(format!("ChaCha20 takes a nonce of 8 or 12 bytes, not {}", nonce.len()));
    let bad_counter = || CryptoError::Parameters("the counter is beyond what ChaCha20 counts".to_owned());
    match nonce.len() {
        0 => Err(CryptoError::MissingIv("ChaCha20")),
        8 => {
            let mut stream = ChaCha20Legacy::new_from_slices(key, nonce).map_err(|_| bad_nonce())?;
            stream.try_seek(position).map_err(|_| bad_counter())?;
            Ok(Box::new(Keystream(stream)))
        }
        _ => {
            let mut stream = ChaCha20::new_from_slices(key, nonce).map_err(|_| bad_nonce())?;
            stream.try_seek(position).map_err(|_| bad_counter())?;
            Ok(Box::new(Keystream(stream)))
        }
    }
}

fn wrapped(wrap: KeyWrap, direction: Direction, key: &Secret, data: &[u8]) -> Result<End, CryptoError> {
    if !matches!(key.len(), 16 | 24 | 32) {
        return Err(wrong_length("AES key wrap", "128, 192 or 256", key.expose_secret()));
    }
    let padded = wrap == KeyWrap::Kwp;
    let done = match direction {
        Direction::Encrypt => key_wrap::wrap_data(key, &Secret::copy_from(data), padded).map(Zeroizing::new),
        Direction::Decrypt => key_wrap::unwrap_data(key, data, padded).map(|plain| copy(plain.expose_secret())),
    };
    done.map(|data| (data, None)).map_err(|error| match error {
        VaultError::BadInput(why) => CryptoError::Data(why),
        other => CryptoError::Vault(other),
    })
}

fn one_time_pad(pad: &[u8], data: &[u8]) -> Result<End, CryptoError> {
    if data.len() > pad.len() {
        let lengths = format!("{} bytes do not fit a one-time pad of {}", data.len(), pad.len());
        return Err(CryptoError::Data(lengths));
    }
    let mut out = copy(data);
    out.iter_mut().zip(pad).for_each(|(byte, key)| *byte ^= key);
    Ok((out, None))
}
