//! The one construction that seals: AES-256-GCM under a key derived for each message (XAES-256-GCM, c2sp.org/XAES-256-GCM).
//!
//! AES-GCM with random 96-bit nonces must not seal more than 2^32 messages under one key (NIST SP 800-38D §8.3). Here the
//! first half of a random 192-bit nonce derives a message key (NIST SP 800-108r1, CMAC in counter mode: two AES blocks), the
//! second half is the GCM nonce, so that 2^80 messages are safe under one key. For sealed objects the message key *is* the
//! object key of the hierarchy: no two seals share one.
//!
//! A sealed message is `nonce (24) ‖ ciphertext ‖ tag (16)`; callers put their own header before it and bind it as
//! associated data.

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::aes::Aes256Enc;
use aes_gcm::aes::cipher::{Array, BlockCipherEncrypt};
use aes_gcm::{AeadInOut, AesGcm, KeyInit};
use kmip_codec::secret::Secret;
use kmip_core::ports::vault::VaultError;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::Source;

/// Bytes of a key of this construction.
pub(crate) const KEY_BYTES: usize = 32;
/// Bytes of a nonce.
pub(crate) const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
/// What a sealed message is longer than its plain text.
pub(crate) const OVERHEAD: usize = NONCE_BYTES + TAG_BYTES;

type Block = Array<u8, aes_gcm::aead::consts::U16>;
type MessageKey = AesGcm<Aes256Enc, U12>;

/// An expanded key that seals any number of messages.
#[derive(Clone)]
pub(crate) struct EnvelopeKey {
    cipher: Aes256Enc,
    /// The CMAC subkey K1 (NIST SP 800-38B §6.1).
    subkey: Block,
}

impl EnvelopeKey {
    /// Expands a key; `None` unless it has 32 bytes.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        let cipher = Aes256Enc::new_from_slice(key).ok()?;
        let mut subkey = Block::default();
        cipher.encrypt_block(&mut subkey);
        let doubled = u128::from_be_bytes(subkey.0);
        let reduction = if doubled >> 127 == 1 { 0x87 } else { 0 };
        subkey = Array((doubled << 1 ^ reduction).to_be_bytes());
        Some(Self { cipher, subkey })
    }

    /// Appends the sealed `plain` to `out`, which may hold a header.
    pub(crate) fn seal(
        &self,
        aad: &[u8],
        plain: &[u8],
        out: &mut Vec<u8>,
        random: &mut impl Source,
    ) -> Result<(), VaultError> {
        let mut nonce = [0; NONCE_BYTES];
        random.try_fill_bytes(&mut nonce)?;
        self.seal_with(&nonce, aad, plain, out)
    }

    /// Like [`EnvelopeKey::seal`], with a nonce that was drawn for this message and no other.
    pub(crate) fn seal_with(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        plain: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), VaultError> {
        let (derivation, gcm_nonce) = split(nonce);
        out.reserve_exact(plain.len().saturating_add(OVERHEAD));
        out.extend_from_slice(nonce);
        let body = out.len();
        out.resize(body.saturating_add(plain.len()), 0);
        let room = out.get_mut(body..).expect("invariant: just grown");
        let buffer = InOutBuf::new(plain, room).expect("invariant: same length");
        let tag = self.message_key(derivation).encrypt_inout_detached(&Array(gcm_nonce), aad, buffer);
        out.extend_from_slice(&tag.map_err(|_| VaultError::BadInput("too long to be sealed".to_owned()))?);
        Ok(())
    }

    /// Opens a sealed message; `None` if it does not authenticate.
    pub(crate) fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Secret> {
        let length = sealed.len().checked_sub(OVERHEAD)?;
        Secret::init_with(length, |plain| self.open_into(aad, sealed, plain).ok_or(())).ok()
    }

    /// Opens a sealed message into `plain`, which has the exact length.
    pub(crate) fn open_into(&self, aad: &[u8], sealed: &[u8], plain: &mut [u8]) -> Option<()> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
        let (derivation, gcm_nonce) = split(nonce);
        let buffer = InOutBuf::new(ciphertext, plain).ok()?;
        self.message_key(derivation).decrypt_inout_detached(&Array(gcm_nonce), aad, buffer, &Array(*tag)).ok()
    }

    /// The key of one message: CMAC(K, i ‖ "X" ‖ 0 ‖ derivation) for i = 1, 2.
    fn message_key(&self, derivation: [u8; 12]) -> MessageKey {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        for (counter, half) in (1u8..).zip(key.chunks_exact_mut(16)) {
            let mut block = self.subkey;
            let input = [0, counter, b'X', 0].into_iter().chain(derivation);
            block.iter_mut().zip(input).for_each(|(byte, other)| *byte ^= other);
            self.cipher.encrypt_block(&mut block);
            half.copy_from_slice(&block);
            block.as_mut_slice().zeroize();
        }
        MessageKey::new_from_slice(key.as_slice()).expect("invariant: 32 bytes")
    }
}

impl Drop for EnvelopeKey {
    fn drop(&mut self) {
        self.subkey.as_mut_slice().zeroize();
    }
}
impl ZeroizeOnDrop for EnvelopeKey where Aes256Enc: ZeroizeOnDrop {}

/// The half that derives the message key, and the half that is the GCM nonce.
fn split(nonce: &[u8; NONCE_BYTES]) -> ([u8; 12], [u8; 12]) {
    let (mut derivation, mut gcm) = ([0; 12], [0; 12]);
    derivation.copy_from_slice(&nonce[..12]);
    gcm.copy_from_slice(&nonce[12..]);
    (derivation, gcm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    const NONCE: &[u8; NONCE_BYTES] = b"ABCDEFGHIJKLMNOPQRSTUVWX";

    fn check_vector(key: u8, subkey: &str, aad: &str, sealed: &str) {
        let key = EnvelopeKey::new(&[key; 32]).unwrap();
        assert_eq!(hex::encode(key.subkey), subkey);
        let mut out = b"header".to_vec();
        key.seal_with(NONCE, aad.as_bytes(), b"XAES-256-GCM", &mut out).unwrap();
        let message = out.strip_prefix(b"header").unwrap();
        assert_eq!(hex::encode(message.strip_prefix(NONCE).unwrap()), sealed);
        assert_eq!(key.open(aad.as_bytes(), message).unwrap().expose_secret(), b"XAES-256-GCM");
    }

    #[test]
    fn c2sp_vector_top_bit_clear() {
        check_vector(
            1,
            "e531954aca063d5b8d9c47a47d4cc6f0",
            "",
            "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271",
        );
    }

    #[test]
    fn c2sp_vector_top_bit_set() {
        let aad = "c2sp.org/XAES-256-GCM";
        check_vector(
            3,
            "23810ec50edb99f374409466ed1f4b7b",
            aad,
            "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d",
        );
    }

    #[test]
    fn aws_lc_opens_what_the_message_key_sealed() {
        // Message key of the first C2SP vector, as printed there.
        let message_key = hex::decode("c8612c9ed53fe43e8e005b828a1631a0bbcb6ab2f46514ec4f439fcfd0fa969b").unwrap();
        let oracle = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &message_key).unwrap());
        let key = EnvelopeKey::new(&[1; 32]).unwrap();
        for length in [0, 1, 15, 16, 17, 32, 600, 5000] {
            let plain: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut sealed = Vec::new();
            key.seal_with(NONCE, b"associated", &plain, &mut sealed).unwrap();
            let nonce = Nonce::try_assume_unique_for_key(&NONCE[12..]).unwrap();
            let opened = oracle.open_in_place(nonce, Aad::from(b"associated"), &mut sealed[NONCE_BYTES..]).unwrap();
            assert_eq!(opened, plain);
        }
    }

    #[test]
    fn what_is_cut_or_changed_does_not_open() {
        let key = EnvelopeKey::new(&[9; 32]).unwrap();
        let mut sealed = Vec::new();
        key.seal(b"a", b"some text", &mut sealed, &mut crate::random::OsRandom).unwrap();
        for length in 0..sealed.len() {
            assert!(key.open(b"a", &sealed[..length]).is_none(), "cut to {length}");
        }
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(b"a", &changed).is_none(), "bit {bit}");
        }
        assert!(key.open(b"b", &sealed).is_none());
        assert!(EnvelopeKey::new(&[9; 31]).is_none());
    }
}
