//! The root keys of a data directory. The newest seals; older ones open what they sealed, until nothing is left under them.
//!
//! ```text
//! blob of root key 1          kind (1) ‖ sealed message
//! blob of a later root key    0x80 (1) ‖ number (4) ‖ kind (1) ‖ sealed message
//! ```
//! The number only tells which key to ask: whether a blob is that key's, its seal decides. Kinds are below 0x80.

use std::sync::{Arc, PoisonError, RwLock};

use kmip_codec::secret::Secret;
use kmip_core::ports::vault::VaultError;

use crate::hierarchy::{Purpose, Root};

/// The number of the first root key.
pub(crate) const FIRST: u32 = 1;
/// What a blob of a later root key begins with.
const NUMBERED: u8 = 0x80;
/// Bytes of that and the number.
const NUMBER_BYTES: usize = 5;

/// One or more root keys.
pub(crate) struct Roots(RwLock<Vec<Numbered>>);

#[derive(Clone)]
struct Numbered {
    number: u32,
    root: Arc<dyn Root>,
}

impl Roots {
    /// One root key.
    pub(crate) fn new(number: u32, root: Arc<dyn Root>) -> Self {
        Self(RwLock::new(vec![Numbered { number, root }]))
    }

    /// Adds a key. The one with the highest number seals.
    pub(crate) fn add(&self, number: u32, root: Arc<dyn Root>) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|key| key.number != number);
        keys.push(Numbered { number, root });
        keys.sort_by_key(|key| key.number);
    }

    /// Forgets all keys but the newest.
    pub(crate) fn keep_newest(&self) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let older = keys.len().saturating_sub(1);
        keys.drain(..older);
    }

    /// The number of the key that seals.
    pub(crate) fn newest(&self) -> u32 {
        self.key_that_seals().number
    }

    /// Whether a blob is that of an older key than the one that seals.
    pub(crate) fn is_outdated(&self, sealed: &[u8]) -> bool {
        split(sealed).is_ok_and(|(number, _)| number < self.newest())
    }

    fn key_that_seals(&self) -> Numbered {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.last().cloned().expect("invariant: never empty")
    }

    fn numbered(&self, number: u32) -> Result<Numbered, VaultError> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = keys.iter().find(|key| key.number == number).cloned();
        found.ok_or_else(|| {
            let held: Vec<String> = keys.iter().map(|key| key.number.to_string()).collect();
            let held = held.join(" and ");
            VaultError::DoesNotOpen(format!("it is sealed by root key {number}; this vault has root key {held}"))
        })
    }
}

impl Root for Roots {
    fn seal(&self, purpose: Purpose<'_>, plain: &Secret) -> Result<Vec<u8>, VaultError> {
        let key = self.key_that_seals();
        let sealed = key.root.seal(purpose, plain)?;
        Ok(numbered(key.number, sealed))
    }

    fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Secret, VaultError> {
        let (number, sealed) = split(sealed)?;
        self.numbered(number)?.root.open(purpose, sealed)
    }
}

/// Writes the number of its key before a blob.
pub(crate) fn numbered(number: u32, sealed: Vec<u8>) -> Vec<u8> {
    match number {
        FIRST => sealed,
        later => [&[NUMBERED], later.to_be_bytes().as_slice(), &sealed].concat(),
    }
}

/// The number of the key of a blob, and the blob without it.
pub(crate) fn split(sealed: &[u8]) -> Result<(u32, &[u8]), VaultError> {
    match sealed.split_first_chunk::<NUMBER_BYTES>() {
        Some(([NUMBERED, number @ ..], rest)) => Ok((u32::from_be_bytes(*number), rest)),
        None if sealed.first() == Some(&NUMBERED) => Err(VaultError::DoesNotOpen("unknown format".to_owned())),
        _ => Ok((FIRST, sealed)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::software::SoftwareRoot;

    fn root(byte: u8) -> Arc<dyn Root> {
        Arc::new(SoftwareRoot::new(&Secret::copy_from(&[byte; 32])).unwrap())
    }

    #[test]
    fn the_newest_key_seals_and_older_ones_open() {
        let (roots, secret) = (Roots::new(FIRST, root(1)), Secret::copy_from(b"some text"));
        let first = roots.seal(Purpose::StoreKeys, &secret).unwrap();
        assert_eq!(first[0], 1, "a blob of the first key has no number");
        roots.add(2, root(2));
        let second = roots.seal(Purpose::StoreKeys, &secret).unwrap();
        assert_eq!(second[..6], [NUMBERED, 0, 0, 0, 2, 1]);
        for (sealed, outdated) in [(&first, true), (&second, false)] {
            assert_eq!(roots.open(Purpose::StoreKeys, sealed).unwrap(), secret);
            assert!(matches!(roots.open(Purpose::Probe, sealed), Err(VaultError::DoesNotOpen(_))));
            assert_eq!(roots.is_outdated(sealed), outdated);
        }
        roots.keep_newest();
        assert_eq!(roots.open(Purpose::StoreKeys, &second).unwrap(), secret);
        let refusal = roots.open(Purpose::StoreKeys, &first).unwrap_err().to_string();
        assert!(refusal.contains("by root key 1; this vault has root key 2"), "{refusal}");
    }

    #[test]
    fn a_number_that_is_changed_opens_nothing() {
        let roots = Roots::new(FIRST, root(1));
        roots.add(2, root(2));
        roots.add(3, root(3));
        let secret = Secret::copy_from(b"some text");
        let mut sealed = roots.seal(Purpose::StoreKeys, &secret).unwrap();
        sealed[4] = 2;
        assert!(matches!(roots.open(Purpose::StoreKeys, &sealed), Err(VaultError::DoesNotOpen(_))));
        assert!(matches!(roots.open(Purpose::StoreKeys, &sealed[5..]), Err(VaultError::DoesNotOpen(_))));
        for length in 0..5 {
            assert!(matches!(roots.open(Purpose::StoreKeys, &sealed[..length]), Err(VaultError::DoesNotOpen(_))));
        }
    }
}
