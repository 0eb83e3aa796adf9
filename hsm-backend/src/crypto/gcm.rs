//! AES in Galois/counter mode (NIST SP 800-38D) from GHASH and CTR: for nonces and tags of other lengths than aws-lc-rs
//! takes, for encryption in parts, and for GMAC. aws-lc-rs is its oracle in tests.

use aes::cipher::consts::U16;
use cipher::array::Array;
use cipher::common::InnerIvInit;
use cipher::{BlockCipherEncrypt, StreamCipher};
use ghash::GHash;
use ghash::universal_hash::UniversalHash;
use kmip_core::ports::crypto::{Accumulator, CryptoError};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::block_cipher::Aes;
use super::stream::{Bytes, CipherStream, End, MAX_GATHERED};

type Block = Array<u8, U16>;

/// The most bytes of data under one nonce: 2^32 - 2 blocks (§5.2.1.1).
const MAX_DATA: u64 = (1 << 36) - 32;

/// GCM in one direction, with its additional data taken.
pub(super) struct Gcm {
    authenticator: Authenticator,
    keystream: ctr::Ctr32BE<Aes>,
    /// The encrypted first counter block, which hides the tag.
    mask: Block,
    aad_length: u64,
}

impl Gcm {
    /// Begins with a nonce of one byte or more (§7.1).
    pub(super) fn new(cipher: Aes, nonce: &[u8], aad: &[u8]) -> Self {
        let mut hash_key = Block::default();
        cipher.encrypt_block(&mut hash_key);
        let first = first_counter_block(&hash_key, nonce);
        let mut mask = first;
        cipher.encrypt_block(&mut mask);
        let mut keystream = ctr::Ctr32BE::from_core(ctr::CtrCore::inner_iv_init(cipher, &first));
        keystream.apply_keystream(&mut [0; 16]);
        let mut authenticator = Authenticator::new(&hash_key);
        hash_key.zeroize();
        authenticator.update(aad);
        authenticator.pad();
        Self { authenticator, keystream, mask, aad_length: aad.len() as u64 }
    }

    /// More additional data, before any data. Only for GMAC, whose additional data comes in parts.
    fn authenticate(&mut self, aad: &[u8]) {
        self.authenticator.update(aad);
        self.aad_length = self.aad_length.saturating_add(aad.len() as u64);
    }

    /// Encrypts in place.
    pub(super) fn encrypt(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        self.apply(data)?;
        self.authenticator.update(data);
        Ok(())
    }

    /// Decrypts ciphertext of which the tag is known, in place: verified first, nothing is released otherwise.
    pub(super) fn decrypt(mut self, data: &mut [u8], tag: &[u8]) -> Result<(), CryptoError> {
        self.authenticator.update(data);
        let expected = self.expected_tag(data.len() as u64);
        let matches = expected.get(..tag.len()).is_some_and(|expected| expected.ct_eq(tag).into());
        if tag.is_empty() || !matches {
            return Err(CryptoError::NotAuthentic);
        }
        self.apply(data)
    }

    /// The tag of all that was encrypted.
    pub(super) fn tag(mut self) -> [u8; 16] {
        let length = self.authenticator.taken;
        self.expected_tag(length)
    }

    fn apply(&mut self, data: &mut [u8]) -> Result<(), CryptoError> {
        let too_long = || CryptoError::Limit("GCM takes at most 2^36 - 32 bytes under one nonce".to_owned());
        if self.authenticator.taken.saturating_add(data.len() as u64) > MAX_DATA {
            return Err(too_long());
        }
        self.keystream.try_apply_keystream(data).map_err(|_| too_long())
    }

    fn expected_tag(&mut self, data_length: u64) -> [u8; 16] {
        self.authenticator.pad();
        let mut lengths = Block::default();
        let bits = [self.aad_length.wrapping_mul(8).to_be_bytes(), data_length.wrapping_mul(8).to_be_bytes()];
        lengths.iter_mut().zip(bits.as_flattened()).for_each(|(to, from)| *to = *from);
        self.authenticator.ghash.update(&[lengths]);
        let mut tag: [u8; 16] = self.authenticator.ghash.clone().finalize().into();
        tag.iter_mut().zip(self.mask).for_each(|(byte, mask)| *byte ^= mask);
        tag
    }
}

/// The pre-counter block J0 (§7.1).
fn first_counter_block(hash_key: &Block, nonce: &[u8]) -> Block {
    let mut block = Block::default();
    if nonce.len() == 12 {
        block.iter_mut().zip(nonce.iter().chain(&[0, 0, 0, 1])).for_each(|(to, from)| *to = *from);
        return block;
    }
    let mut authenticator = Authenticator::new(hash_key);
    authenticator.update(nonce);
    authenticator.pad();
    let bits = (nonce.len() as u128).wrapping_mul(8).to_be_bytes();
    authenticator.ghash.update(&[bits.into()]);
    authenticator.ghash.finalize()
}

/// GHASH of bytes that come in parts.
struct Authenticator {
    ghash: GHash,
    partial: Zeroizing<[u8; 16]>,
    filled: usize,
    /// Bytes since the last [`Authenticator::pad`].
    taken: u64,
}

impl Authenticator {
    fn new(hash_key: &Block) -> Self {
        let ghash = <GHash as ghash::universal_hash::KeyInit>::new(hash_key);
        Self { ghash, partial: Zeroizing::new([0; 16]), filled: 0, taken: 0 }
    }

    fn update(&mut self, data: &[u8]) {
        self.taken = self.taken.saturating_add(data.len() as u64);
        let wanted = self.partial.len().saturating_sub(self.filled);
        let (head, rest) = if self.filled == 0 { (&[][..], data) } else { data.split_at(wanted.min(data.len())) };
        self.fill(head);
        let (blocks, tail) = Array::slice_as_chunks(rest);
        self.ghash.update(blocks);
        self.fill(tail);
    }

    fn fill(&mut self, bytes: &[u8]) {
        self.partial.iter_mut().skip(self.filled).zip(bytes).for_each(|(to, from)| *to = *from);
        self.filled = self.filled.saturating_add(bytes.len());
        if self.filled == self.partial.len() {
            self.ghash.update(&[(*self.partial).into()]);
            self.partial.zeroize();
            self.filled = 0;
        }
    }

    /// Zeros up to a whole block; the count of bytes begins again.
    fn pad(&mut self) {
        if self.filled > 0 {
            self.ghash.update(&[(*self.partial).into()]);
            self.partial.zeroize();
            self.filled = 0;
        }
        self.taken = 0;
    }
}

/// Encryption in parts: of no more than can be decrypted in parts, where nothing leaves before the tag is verified.
pub(super) struct GcmEncryption {
    pub(super) gcm: Gcm,
    pub(super) tag_length: usize,
}

impl CipherStream for GcmEncryption {
    fn update(&mut self, data: &[u8]) -> Result<Bytes, CryptoError> {
        if self.gcm.authenticator.taken.saturating_add(data.len() as u64) > MAX_GATHERED as u64 {
            let limit = format!("GCM by parts takes at most {MAX_GATHERED} bytes: more could not be decrypted");
            return Err(CryptoError::Limit(limit));
        }
        let mut data = super::stream::copy(data);
        self.gcm.encrypt(&mut data)?;
        Ok(data)
    }

    fn finish(mut self: Box<Self>, data: &[u8], _: Option<&[u8]>) -> Result<End, CryptoError> {
        let last = self.update(data)?;
        let mut tag = self.gcm.tag().to_vec();
        tag.truncate(self.tag_length);
        Ok((last, Some(tag)))
    }
}

/// GMAC in parts: the message is additional data.
pub(super) struct Gmac(pub(super) Gcm);

impl Accumulator for Gmac {
    fn update(&mut self, data: &[u8]) -> Result<(), CryptoError> {
        self.0.authenticate(data);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<u8>, CryptoError> {
        self.0.authenticator.pad();
        Ok(self.0.tag().to_vec())
    }

    fn verify(self: Box<Self>, claimed: &[u8]) -> Result<bool, CryptoError> {
        Ok(self.finish()?.ct_eq(claimed).into())
    }
}
