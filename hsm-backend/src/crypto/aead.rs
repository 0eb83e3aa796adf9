//! Authenticated ciphers: GCM and ChaCha20-Poly1305 with aws-lc-rs where it takes the lengths, else [`super::gcm`]; CCM with
//! RustCrypto.

use aes::cipher::consts::{U4, U6, U7, U8, U9, U10, U11, U12, U13, U14, U16};
use aws_lc_rs::aead::{self, AES_128_GCM, AES_192_GCM, AES_256_GCM, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ccm::aead::AeadInOut;
use ccm::{Ccm, NonceSize, TagSize};
use cipher::array::{Array, ArraySize};
use kmip_core::ports::crypto::{Aead, CryptoError};
use zeroize::Zeroizing;

use super::block_cipher::{Aes, FromKey, wrong_length};
use super::gcm::{Gcm, GcmEncryption};
use super::stream::{Bytes, CipherStream, Direction, Whole, copy};

/// An authenticated cipher with its parameters.
#[derive(Clone, Copy)]
pub(crate) struct Authenticated<'a> {
    pub(crate) cipher: Aead,
    pub(crate) nonce: &'a [u8],
    pub(crate) aad: &'a [u8],
    pub(crate) tag_length: usize,
}

/// Begins a stream. Decryption, and ciphers that need the whole data, work at the end.
pub(super) fn begin(
    how: &Authenticated<'_>,
    direction: Direction,
    key: &[u8],
) -> Result<Box<dyn CipherStream>, CryptoError> {
    how.check()?;
    if how.cipher == Aead::AesGcm && direction == Direction::Encrypt {
        let gcm = Gcm::new(Aes::from_key(key)?, how.nonce, how.aad);
        return Ok(Box::new(GcmEncryption { gcm, tag_length: how.tag_length }));
    }
    let (key, nonce, aad) = (Zeroizing::new(key.to_vec()), how.nonce.to_vec(), how.aad.to_vec());
    let Authenticated { cipher, tag_length, .. } = *how;
    Ok(Whole::boxed(move |data, tag| {
        let how = Authenticated { cipher, nonce: &nonce, aad: &aad, tag_length };
        match direction {
            Direction::Encrypt => encrypt(&how, &key, data).map(|(data, tag)| (data, Some(tag))),
            Direction::Decrypt => Ok((decrypt(&how, &key, data, tag)?, None)),
        }
    }))
}

/// Encrypts one piece; gives the tag beside.
pub(super) fn encrypt(how: &Authenticated<'_>, key: &[u8], data: &[u8]) -> Result<(Bytes, Vec<u8>), CryptoError> {
    how.check()?;
    let mut data = copy(data);
    let mut tag = match (how.library_key(key)?, how.cipher) {
        (Some((key, nonce)), _) => {
            let sealed = key.seal_in_place_separate_tag(nonce, aead::Aad::from(how.aad), &mut data);
            sealed.map_err(|_| too_long())?.as_ref().to_vec()
        }
        (None, Aead::AesCcm) => ccm(how, key, &mut data, None)?,
        (None, _) => {
            let mut gcm = Gcm::new(Aes::from_key(key)?, how.nonce, how.aad);
            gcm.encrypt(&mut data)?;
            gcm.tag().to_vec()
        }
    };
    tag.truncate(how.tag_length);
    Ok((data, tag))
}

/// Decrypts one piece; the tag is beside it or at its end.
pub(super) fn decrypt(
    how: &Authenticated<'_>,
    key: &[u8],
    data: &[u8],
    tag: Option<&[u8]>,
) -> Result<Bytes, CryptoError> {
    how.check()?;
    let (data, tag) = how.split_tag(data, tag)?;
    if tag.len() == 16
        && let Some((key, nonce)) = how.library_key(key)?
    {
        let mut plain = Zeroizing::new(vec![0; data.len()]);
        let opened = key.open_separate_gather(nonce, aead::Aad::from(how.aad), data, tag, &mut plain);
        return opened.map(|()| plain).map_err(|_| CryptoError::NotAuthentic);
    }
    let mut plain = copy(data);
    match how.cipher {
        Aead::AesCcm => drop(ccm(how, key, &mut plain, Some(tag))?),
        _ => Gcm::new(Aes::from_key(key)?, how.nonce, how.aad).decrypt(&mut plain, tag)?,
    }
    Ok(plain)
}

impl Authenticated<'_> {
    /// Refuses lengths that the cipher does not take.
    pub(crate) fn check(&self) -> Result<(), CryptoError> {
        let refuse = |what: &str, wanted: &str, length: usize| {
            Err(CryptoError::Parameters(format!("{:?} takes {what} of {wanted} bytes, not {length}", self.cipher)))
        };
        let (nonce, tag) = (self.nonce.len(), self.tag_length);
        if nonce == 0 {
            return Err(CryptoError::MissingIv("the authenticated cipher"));
        }
        match self.cipher {
            Aead::AesGcm if !matches!(tag, 4 | 8 | 12..=16) => refuse("a tag", "4, 8 or 12 to 16", tag),
            Aead::AesCcm if !matches!(nonce, 7..=13) => refuse("a nonce", "7 to 13", nonce),
            Aead::AesCcm if !matches!(tag, 4 | 6 | 8 | 10 | 12 | 14 | 16) => refuse("a tag", "4, 6, 8 … 16", tag),
            Aead::ChaCha20Poly1305 if nonce != 12 => refuse("a nonce", "12", nonce),
            Aead::ChaCha20Poly1305 if tag != 16 => refuse("a tag", "16", tag),
            _ => Ok(()),
        }
    }

    /// The key and the nonce for aws-lc-rs; nothing if it does not do this cipher or this length of nonce.
    fn library_key(&self, key: &[u8]) -> Result<Option<(LessSafeKey, Nonce)>, CryptoError> {
        let algorithm = match (self.cipher, key.len()) {
            (Aead::AesCcm, _) => return Ok(None),
            (Aead::AesGcm, 16) => &AES_128_GCM,
            (Aead::AesGcm, 24) => &AES_192_GCM,
            (Aead::AesGcm, 32) => &AES_256_GCM,
            (Aead::AesGcm, _) => return Err(wrong_length("AES", "128, 192 or 256", key)),
            (Aead::ChaCha20Poly1305, _) => &CHACHA20_POLY1305,
        };
        let Ok(nonce) = Nonce::try_assume_unique_for_key(self.nonce) else { return Ok(None) };
        let key = UnboundKey::new(algorithm, key).map_err(|_| wrong_length("ChaCha20-Poly1305", "256", key))?;
        Ok(Some((LessSafeKey::new(key), nonce)))
    }

    /// The ciphertext and its tag, which is beside it or at its end.
    pub(crate) fn split_tag<'d>(
        &self,
        data: &'d [u8],
        tag: Option<&'d [u8]>,
    ) -> Result<(&'d [u8], &'d [u8]), CryptoError> {
        match tag {
            Some(tag) if tag.len() == self.tag_length => Ok((data, tag)),
            Some(_) => Err(CryptoError::NotAuthentic),
            None => {
                let end = data.len().checked_sub(self.tag_length).and_then(|at| data.split_at_checked(at));
                end.ok_or_else(|| CryptoError::Data("the data is shorter than its tag".to_owned()))
            }
        }
    }
}

fn too_long() -> CryptoError {
    CryptoError::Limit("more data than the authenticated cipher takes under one nonce".to_owned())
}

/// Runs `$run` with the types of the nonce's and the tag's length.
macro_rules! with_sizes {
    ($nonce:expr, $tag:expr, $run:ident($($argument:expr),*)) => {
        with_sizes!(@nonce $nonce, $tag, $run($($argument),*), 7 U7, 8 U8, 9 U9, 10 U10, 11 U11, 12 U12, 13 U13)
    };
    (@nonce $nonce:expr, $tag:expr, $run:ident $arguments:tt, $($length:literal $size:ident),*) => {
        match $nonce {
            $($length => with_sizes!(@tag $size, $tag, $run $arguments),)*
            _ => Err(CryptoError::Parameters("CCM takes a nonce of 7 to 13 bytes".to_owned())),
        }
    };
    (@tag $nonce:ident, $tag:expr, $run:ident($($argument:expr),*)) => {
        match $tag {
            4 => $run::<U4, $nonce>($($argument),*),
            6 => $run::<U6, $nonce>($($argument),*),
            8 => $run::<U8, $nonce>($($argument),*),
            10 => $run::<U10, $nonce>($($argument),*),
            12 => $run::<U12, $nonce>($($argument),*),
            14 => $run::<U14, $nonce>($($argument),*),
            _ => $run::<U16, $nonce>($($argument),*),
        }
    };
}

/// CCM in place (NIST SP 800-38C): encrypts and gives the tag, or verifies the given tag and decrypts.
fn ccm(how: &Authenticated<'_>, key: &[u8], data: &mut [u8], tag: Option<&[u8]>) -> Result<Vec<u8>, CryptoError> {
    with_sizes!(how.nonce.len(), how.tag_length, ccm_of(how, key, data, tag))
}

fn ccm_of<M: ArraySize + TagSize, N: ArraySize + NonceSize>(
    how: &Authenticated<'_>,
    key: &[u8],
    data: &mut [u8],
    tag: Option<&[u8]>,
) -> Result<Vec<u8>, CryptoError> {
    let cipher = Ccm::<Aes, M, N>::from(Aes::from_key(key)?);
    let nonce = Array::try_from(how.nonce).map_err(|_| CryptoError::MissingIv("CCM"))?;
    match tag {
        None => {
            let tag = cipher.encrypt_inout_detached(&nonce, how.aad, data.into()).map_err(|_| too_long())?;
            Ok(tag.to_vec())
        }
        Some(tag) => {
            let tag = Array::try_from(tag).map_err(|_| CryptoError::NotAuthentic)?;
            let opened = cipher.decrypt_inout_detached(&nonce, how.aad, data.into(), &tag);
            opened.map(|()| Vec::new()).map_err(|_| CryptoError::NotAuthentic)
        }
    }
}
