//! Encryption and decryption with a resident key. Each is one call of the device for all of the data, or for each part of a
//! stream; no session is held from one part to the next.

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use kmip_core::ports::crypto::{Aead, BlockCipher, BlockMode, CryptoError, Encrypted, Encryption};
use kmip_core::ports::resident::ResidentKind;
use zeroize::Zeroizing;

use super::mechanisms::{self, refused, told, unsupported};
use super::{Held, wrapping};
use crate::crypto::aead::Authenticated;
use crate::crypto::modes::{self, Engine, Mode};
use crate::crypto::stream::{Bytes, CipherStream, Direction, Whole};
use crate::crypto::transform::Kept;
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
            Encryption::Block { .. } => self.block_stream(how, Direction::Encrypt)?.finish(data, None),
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
            Encryption::Block { .. } => {
                self.block_stream(how, Direction::Decrypt)?.finish(data, None).map(|(data, _)| data)
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

    /// Encryption or decryption in parts.
    pub(in crate::pkcs11) fn stream(
        &self,
        how: &Encryption<'_>,
        direction: Direction,
    ) -> Result<Box<dyn CipherStream>, CryptoError> {
        if let Encryption::Block { .. } = how {
            return self.block_stream(how, direction);
        }
        let (held, how) = (self.clone(), Kept::of(how));
        Ok(match direction {
            Direction::Encrypt => Whole::boxed(move |data, _| held.encrypt_wiped(&how.borrowed(), data)),
            Direction::Decrypt => Whole::boxed(move |data, tag| Ok((held.decrypt(&how.borrowed(), data, tag)?, None))),
        })
    }

    fn block_stream(&self, how: &Encryption<'_>, direction: Direction) -> Result<Box<dyn CipherStream>, CryptoError> {
        self.must_be_aes(how)?;
        let Encryption::Block { cipher: BlockCipher::Aes, mode, padding, iv } = *how else {
            return Err(unsupported(&format!("{how:?}")));
        };
        let how = Mode { cipher: BlockCipher::Aes, mode, padding, iv };
        modes::check(&how)?;
        let held = self.clone();
        // What the check lets through without a block is ECB.
        let first = <[u8; BLOCK]>::try_from(iv).unwrap_or_default();
        let engine: Box<dyn Engine> = match mode {
            BlockMode::Ecb => Box::new(Ecb { held, direction }),
            BlockMode::Cbc => Box::new(Cbc { held, direction, chained: first }),
            BlockMode::Ctr => {
                Box::new(Ctr { held, counter: u128::from_be_bytes(first), mask: Bytes::default(), used: 0 })
            }
            other => return Err(unsupported(&format!("AES in {other:?} mode"))),
        };
        Ok(modes::stream(engine, &how, direction))
    }

    fn must_be_aes(&self, how: &Encryption<'_>) -> Result<(), CryptoError> {
        match self.what().kind {
            ResidentKind::Aes { .. } => Ok(()),
            other => Err(CryptoError::Key(format!("the key, which is {other:?}, cannot be used for {how:?}"))),
        }
    }

    /// Whole blocks in ECB or CBC mode, in place.
    fn blocks(&self, mechanism: &Mechanism<'_>, data: &mut [u8], direction: Direction) -> Result<(), CryptoError> {
        if data.is_empty() {
            return Ok(());
        }
        let done = self.with(Pace::Usual, |session, key| {
            let done = match direction {
                Direction::Encrypt => session.encrypt(mechanism, key, data),
                Direction::Decrypt => session.decrypt(mechanism, key, data),
            };
            done.map_err(refused)
        });
        let done = done.map(Zeroizing::new).map_err(told)?;
        if done.len() != data.len() {
            return Err(unsupported("a block cipher of a device that gives another length"));
        }
        data.copy_from_slice(&done);
        Ok(())
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

/// ECB in a device.
struct Ecb {
    held: Held,
    direction: Direction,
}

impl Engine for Ecb {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        self.held.blocks(&Mechanism::AesEcb, data, self.direction)
    }
}

/// CBC in a device. The block that is chained goes with each call.
struct Cbc {
    held: Held,
    direction: Direction,
    chained: [u8; BLOCK],
}

impl Engine for Cbc {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        let last = |data: &[u8]| data.last_chunk().copied();
        let (mechanism, ciphertext) = (Mechanism::AesCbc(self.chained), last(data));
        self.held.blocks(&mechanism, data, self.direction)?;
        let chained = if self.direction == Direction::Encrypt { last(data) } else { ciphertext };
        self.chained = chained.unwrap_or(self.chained);
        Ok(())
    }
}

/// CTR (NIST SP 800-38A §6.5): the device encrypts the counter blocks, the exclusive or is made here.
struct Ctr {
    held: Held,
    counter: u128,
    /// Encrypted counter blocks, of which so many bytes are used up.
    mask: Bytes,
    used: usize,
}

impl Engine for Ctr {
    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        let left = self.mask.len().saturating_sub(self.used);
        let missing = data.len().saturating_sub(left).div_ceil(BLOCK);
        let mut mask = Zeroizing::new(Vec::with_capacity(missing.saturating_mul(BLOCK)));
        for _ in 0..missing {
            mask.extend_from_slice(&self.counter.to_be_bytes());
            self.counter = self.counter.wrapping_add(1);
        }
        self.held.blocks(&Mechanism::AesEcb, &mut mask, Direction::Encrypt)?;
        let kept = self.mask.get(self.used..).unwrap_or_default();
        data.iter_mut().zip(kept.iter().chain(mask.iter())).for_each(|(byte, mask)| *byte ^= mask);
        if missing == 0 {
            self.used = self.used.saturating_add(data.len());
        } else {
            self.used = data.len().saturating_sub(left);
            self.mask = mask;
        }
        Ok(())
    }
}
