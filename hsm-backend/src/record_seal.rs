//! The seal of stored records, above the storage engine, and the blinding of names that stand in storage keys.
//!
//! Two independent keys, held sealed under the vault's root: one seals (the construction of `envelope`, safe for 2^80
//! records), one hashes (HMAC-SHA-256). A sealed record is `format (1) ‖ nonce (24) ‖ ciphertext ‖ tag (16)`; associated
//! data is format, revision and storage key, so that an edited, swapped or older record does not open.
//!
//! The nonces of a commit are drawn from the operating system when it begins, not derived from key and revision: a revision
//! that was given out but not made durable before a crash is given out again, for another value.

use hmac::{Hmac, KeyInit, Mac};
use kmip_codec::secret::Secret;
use kmip_core::ports::store::{RecordSeal, Revision, Sealer};
use kmip_core::ports::vault::VaultError;
use rand_core::TryRng;
use sha2::Sha256;
use zeroize::ZeroizeOnDrop;

use crate::envelope::{EnvelopeKey, KEY_BYTES, NONCE_BYTES, OVERHEAD};
use crate::hierarchy::{Purpose, Root, random_secret};
use crate::protected::Protected;
use crate::random::{OsRandom, Source};

const FORMAT: u8 = 1;

/// Seals and opens records with keys that came from under a vault's root key.
pub struct StoreSeal {
    records: Protected<EnvelopeKey>,
    names: Protected<BlindingKey>,
}

impl StoreSeal {
    /// Makes both keys and seals them under the root.
    pub(crate) fn create_keys(root: &impl Root, random: &mut impl Source) -> Result<Vec<u8>, VaultError> {
        root.seal(Purpose::StoreKeys, &random_secret(2 * KEY_BYTES, random)?)
    }

    /// Opens what [`StoreSeal::create_keys`] made.
    pub(crate) fn from_keys(root: &impl Root, sealed: &[u8]) -> Result<Self, VaultError> {
        Self::new(&root.open(Purpose::StoreKeys, sealed)?)
    }

    fn new(keys: &Secret) -> Result<Self, VaultError> {
        let wrong_length = || VaultError::DoesNotOpen("store keys of the wrong length".to_owned());
        let (records, names) = keys.expose_secret().split_at_checked(KEY_BYTES).ok_or_else(wrong_length)?;
        let names = BlindingKey(Hmac::new_from_slice(names).map_err(|_| wrong_length())?);
        let records = EnvelopeKey::new(records).ok_or_else(wrong_length)?;
        let no_memory = |error| VaultError::Failed(format!("no memory for the store keys: {error}"));
        Ok(Self {
            records: Protected::new(records).map_err(no_memory)?,
            names: Protected::new(names).map_err(no_memory)?,
        })
    }
}

/// Why drawing nonces does not fail.
const RANDOMNESS: &str = "invariant: the operating system's random source worked at start";

impl StoreSeal {
    /// Seals under a nonce that was drawn for this value.
    fn seal_with(&self, nonce: &[u8; NONCE_BYTES], key: &[u8], revision: Revision, value: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(value.len().saturating_add(OVERHEAD + 1));
        sealed.push(FORMAT);
        let done = self.records.seal_with(nonce, &associated_data(key, revision), value, &mut sealed);
        done.expect("invariant: records are far smaller than AES-GCM's limit");
        sealed
    }
}

impl RecordSeal for StoreSeal {
    fn seal(&self, key: &[u8], revision: Revision, value: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        OsRandom.try_fill_bytes(&mut nonce).expect(RANDOMNESS);
        self.seal_with(&nonce, key, revision, value)
    }

    fn sealer(&self, count: usize) -> Sealer<'_> {
        let mut nonces = vec![[0; NONCE_BYTES]; count];
        OsRandom.try_fill_bytes(nonces.as_flattened_mut()).expect(RANDOMNESS);
        let mut nonces = nonces.into_iter();
        Box::new(move |key, revision, value| match nonces.next() {
            Some(nonce) => self.seal_with(&nonce, key, revision, value),
            None => self.seal(key, revision, value),
        })
    }

    fn open(&self, key: &[u8], revision: Revision, sealed: &[u8]) -> Option<Vec<u8>> {
        let message = sealed.strip_prefix(&[FORMAT])?;
        let mut plain = vec![0; message.len().checked_sub(OVERHEAD)?];
        self.records.open_into(&associated_data(key, revision), message, &mut plain)?;
        Some(plain)
    }

    fn blind(&self, text: &[u8]) -> [u8; 32] {
        let BlindingKey(key) = &*self.names;
        key.clone().chain_update(text).finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for StoreSeal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreSeal(..)")
    }
}

/// A key of HMAC as the two states of the hash function that it comes to: four are hashed for every Create.
#[derive(Clone)]
struct BlindingKey(Hmac<Sha256>);

// An `Hmac` is two states of its hash function and a buffer, which wipe themselves.
impl ZeroizeOnDrop for BlindingKey where Sha256: ZeroizeOnDrop {}

fn associated_data(key: &[u8], revision: Revision) -> Vec<u8> {
    let mut aad = Vec::with_capacity(key.len().saturating_add(9));
    aad.push(FORMAT);
    aad.extend_from_slice(&revision.to_be_bytes());
    aad.extend_from_slice(key);
    aad
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store_seal() -> StoreSeal {
        let keys: Vec<u8> = (0..64).collect();
        StoreSeal::new(&Secret::copy_from(&keys)).unwrap()
    }

    #[test]
    fn a_record_opens_under_its_own_key_and_revision_only() {
        let seal = store_seal();
        for value in [b"".as_slice(), b"v", &[7; 600], &[8; 70_000]] {
            let sealed = seal.seal(b"o/1", 9, value);
            assert_eq!(seal.open(b"o/1", 9, &sealed).unwrap(), value);
            assert!(seal.open(b"o/2", 9, &sealed).is_none());
            assert!(seal.open(b"o/1", 8, &sealed).is_none());
            assert_ne!(sealed, seal.seal(b"o/1", 9, value), "a nonce came twice");
        }
    }

    #[test]
    fn what_a_sealer_seals_opens_like_the_rest() {
        let seal = store_seal();
        let mut sealer = seal.sealer(2);
        let sealed: Vec<Vec<u8>> = (0..4).map(|n| sealer(b"o/1", n, b"value")).collect();
        for (n, sealed) in (0..).zip(&sealed) {
            assert_eq!(seal.open(b"o/1", n, sealed).unwrap(), b"value");
        }
        let nonces: std::collections::HashSet<&[u8]> = sealed.iter().map(|sealed| &sealed[1..=NONCE_BYTES]).collect();
        assert_eq!(nonces.len(), sealed.len(), "a nonce came twice");
    }

    #[test]
    fn a_cut_or_changed_record_does_not_open() {
        let seal = store_seal();
        let sealed = seal.seal(b"key", 1, b"value");
        for length in 0..sealed.len() {
            assert!(seal.open(b"key", 1, &sealed[..length]).is_none());
        }
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(seal.open(b"key", 1, &changed).is_none());
        }
    }

    #[test]
    fn names_are_blinded_with_hmac_sha_256() {
        // RFC 4231 §4.2 has no 32-byte key; this value is from `openssl mac -digest SHA256 -macopt hexkey:2021..3f HMAC`.
        let blinded = hex::encode(store_seal().blind(b"disk-7"));
        assert_eq!(blinded, "bc366e1f7d9d5d79a57a96c5b18f06a5c02646cb0ac8eb8f1c654747b358ec25");
        assert_ne!(blinded, hex::encode(store_seal().blind(b"disk-8")));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", store_seal()), "StoreSeal(..)");
    }
}
