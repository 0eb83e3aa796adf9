//! Encryption and decryption with a resident key. Each is one call of the device for all of the data.

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use kmip_core::ports::crypto::{Aead, BlockCipher, BlockMode, BlockPadding, CryptoError, Encrypted, Encryption};
use kmip_core::ports::resident::ResidentKind;
use zeroize::Zeroizing;

use super::mechanisms::{self, refused, told, unsupported};
use super::{Held, wrapping};
use crate::crypto::aead::Authenticated;
use crate::crypto::modes::{self, Mode};
use crate::crypto::stream::{Bytes, copy};
use crate::pkcs11::device::Pace;

/// Bytes of an AES block.
const BLOCK: usize = 16;

impl Held {
    /// Encrypts with an AES key.
    pub(in crate::pkcs11) fn encrypt(&self, how: &Encryption<'_>, data: &[u8]) -> Result<Encrypted, CryptoError> {
        let (mut data, tag) = self.encrypt_wiped(how, data)?;
        Ok(Encrypted { data: std::mem::take(&mut *data), tag })
    }

    pub(in crate::pkcs11) fn encrypt_wiped(
        &self,
        how: &Encryption<'_>,
        data: &[u8],
    ) -> Result<(Bytes, Option<Vec<u8>>), CryptoError> {
        self.must_be_aes(how)?;
        match *how {
            Encryption::Block { cipher: BlockCipher::Aes, mode, padding, iv } => {
                modes::check(&Mode { cipher: BlockCipher::Aes, mode, padding, iv })?;
                if mode == BlockMode::Ctr {
                    return Ok((self.counter_mode(iv, data)?, None));
                }
                let mut padded = Zeroizing::new(Vec::with_capacity(data.len().saturating_add(BLOCK)));
                padded.extend_from_slice(data);
                modes::pad(&mut padded, padding, BLOCK);
                Ok((self.blocks(&block_mechanism(how)?, &padded, true)?, None))
            }
            Encryption::Aead { cipher: Aead::AesGcm, nonce, aad, tag_length } => {
                Authenticated { cipher: Aead::AesGcm, nonce, aad, tag_length }.check()?;
                let mut sealed = self.gcm(nonce, aad, tag_length, data, true)?;
                let end = sealed.len().saturating_sub(tag_length);
                let tag = sealed.split_off(end);
                Ok((sealed, Some(tag)))
            }
            Encryption::KeyWrap(wrap) => Ok((wrapping::wrap_data(self, wrap, data)?, None)),
            _ => Err(unsupported(&format!("{how:?}"))),
        }
    }

    /// The inverse of [`Held::encrypt`], and decryption with an RSA private key.
    pub(in crate::pkcs11) fn decrypt(
        &self,
        how: &Encryption<'_>,
        data: &[u8],
        tag: Option<&[u8]>,
    ) -> Result<Bytes, CryptoError> {
        match *how {
            Encryption::RsaPkcs1 => return self.decrypt_rsa(&Mechanism::RsaPkcs, data),
            Encryption::RsaOaep { hash, mask_hash, label } => {
                return self.decrypt_rsa(&mechanisms::oaep(hash, mask_hash, label)?, data);
            }
            _ => self.must_be_aes(how)?,
        }
        match *how {
            Encryption::Block { cipher: BlockCipher::Aes, mode, padding, iv } => {
                modes::check(&Mode { cipher: BlockCipher::Aes, mode, padding, iv })?;
                if mode == BlockMode::Ctr {
                    return self.counter_mode(iv, data);
                }
                let mut plain = self.blocks(&block_mechanism(how)?, data, false)?;
                if padding != BlockPadding::None {
                    let length = modes::unpadded(&plain, padding, BLOCK)?;
                    plain.truncate(length);
                }
                Ok(plain)
            }
            Encryption::Aead { cipher: Aead::AesGcm, nonce, aad, tag_length } => {
                let how = Authenticated { cipher: Aead::AesGcm, nonce, aad, tag_length };
                how.check()?;
                let (data, tag) = how.split_tag(data, tag)?;
                let sealed = [data, tag].concat();
                self.gcm(nonce, aad, tag_length, &sealed, false).map_err(|error| match error {
                    CryptoError::Data(_) => CryptoError::NotAuthentic,
                    other => other,
                })
            }
            Encryption::KeyWrap(wrap) => wrapping::unwrap_data(self, wrap, data),
            _ => Err(unsupported(&format!("{how:?}"))),
        }
    }

    fn must_be_aes(&self, how: &Encryption<'_>) -> Result<(), CryptoError> {
        match self.what().kind {
            ResidentKind::Aes { .. } => Ok(()),
            other => Err(CryptoError::Key(format!("the key, which is {other:?}, cannot be used for {how:?}"))),
        }
    }

    /// Whole blocks in ECB or CBC mode.
    fn blocks(&self, mechanism: &Mechanism<'_>, data: &[u8], encrypts: bool) -> Result<Bytes, CryptoError> {
        if !data.len().is_multiple_of(BLOCK) {
            return Err(modes::no_whole_blocks(BLOCK));
        }
        if data.is_empty() {
            return Ok(Bytes::default());
        }
        let done = self.with(Pace::Usual, |session, key| {
            let done =
                if encrypts { session.encrypt(mechanism, key, data) } else { session.decrypt(mechanism, key, data) };
            done.map_err(refused)
        });
        done.map(Zeroizing::new).map_err(told)
    }

    /// CTR (NIST SP 800-38A §6.5): the device encrypts the counter blocks, the exclusive or is made here.
    fn counter_mode(&self, first: &[u8], data: &[u8]) -> Result<Bytes, CryptoError> {
        let first =
            <[u8; BLOCK]>::try_from(first).map(u128::from_be_bytes).map_err(|_| CryptoError::MissingIv("CTR"))?;
        let mut counters = Vec::with_capacity(data.len().next_multiple_of(BLOCK));
        let mut counter = first;
        for _ in 0..data.len().div_ceil(BLOCK) {
            counters.extend_from_slice(&counter.to_be_bytes());
            counter = counter.wrapping_add(1);
        }
        let stream = self.blocks(&Mechanism::AesEcb, &counters, true)?;
        let mut out = copy(data);
        out.iter_mut().zip(stream.iter()).for_each(|(byte, mask)| *byte ^= mask);
        Ok(out)
    }

    fn gcm(
        &self,
        nonce: &[u8],
        aad: &[u8],
        tag_length: usize,
        data: &[u8],
        encrypts: bool,
    ) -> Result<Bytes, CryptoError> {
        let bits = u64::try_from(tag_length).unwrap_or_default().saturating_mul(8);
        let done = self.with(Pace::Usual, |session, key| {
            let mut nonce = nonce.to_vec();
            let mechanism = Mechanism::AesGcm(GcmParams::new(&mut nonce, aad, bits.into())?);
            let done =
                if encrypts { session.encrypt(&mechanism, key, data) } else { session.decrypt(&mechanism, key, data) };
            done.map_err(refused)
        });
        done.map(Zeroizing::new).map_err(told)
    }

    fn decrypt_rsa(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Bytes, CryptoError> {
        let ResidentKind::Rsa { .. } = self.what().kind else {
            return Err(CryptoError::Key("RSA decryption takes an RSA key".to_owned()));
        };
        let done = self.with(Pace::Usual, |session, key| session.decrypt(mechanism, key, data).map_err(refused));
        done.map(Zeroizing::new).map_err(told)
    }
}

fn block_mechanism(how: &Encryption<'_>) -> Result<Mechanism<'static>, CryptoError> {
    match *how {
        Encryption::Block { mode: BlockMode::Ecb, .. } => Ok(Mechanism::AesEcb),
        Encryption::Block { mode: BlockMode::Cbc, iv, .. } => {
            Ok(Mechanism::AesCbc(iv.try_into().map_err(|_| CryptoError::MissingIv("CBC"))?))
        }
        _ => Err(unsupported(&format!("{how:?}"))),
    }
}
