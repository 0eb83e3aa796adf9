//! The middle level of the hierarchy: the keys of the scopes, and the objects sealed under them.
//!
//! A scope may have several generations of keys; the newest seals, all of them open. Formats:
//! ```text
//! stored scope key   version (1) ‖ generation (4) ‖ blob under the root key
//! sealed object      version (1) ‖ generation (4) ‖ nonce (24) ‖ ciphertext ‖ tag (16)
//! ```
//! Associated data of an object: version, generation, scope, identifier and specification, each with its length.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use kmip_codec::secret::Secret;
use kmip_core::ports::vault::{Binding, Sealed, VaultError};

use crate::envelope::{EnvelopeKey, KEY_BYTES, OVERHEAD};
use crate::hierarchy::{Purpose, Root, random_secret};
use crate::protected::Protected;
use crate::random::Source;

const FORMAT: u8 = 1;
const HEADER_BYTES: usize = 5;

/// Scope keys that are installed, in protected memory.
#[derive(Default)]
pub(crate) struct ScopeKeys(RwLock<HashMap<Box<str>, Ring>>);

/// The generations of one scope, oldest first.
#[derive(Default)]
struct Ring {
    /// The highest generation that was installed or given out.
    last: u32,
    keys: Vec<Generation>,
}

#[derive(Clone)]
struct Generation {
    number: u32,
    key: Arc<Protected<EnvelopeKey>>,
}

impl ScopeKeys {
    /// Makes the next key of a scope; it is used only once it is installed.
    pub(crate) fn create(
        &self,
        scope: &str,
        root: &impl Root,
        random: &mut impl Source,
    ) -> Result<Vec<u8>, VaultError> {
        let generation = self.next_generation(scope)?;
        let key = random_secret(KEY_BYTES, random)?;
        let mut stored = header(generation);
        stored.extend(root.seal(Purpose::ScopeKey(scope, generation), &key)?);
        Ok(stored)
    }

    fn next_generation(&self, scope: &str) -> Result<u32, VaultError> {
        let mut rings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let ring = rings.entry(scope.into()).or_default();
        ring.last = ring
            .last
            .checked_add(1)
            .ok_or_else(|| VaultError::Failed(format!("no generation is left for scope {scope}")))?;
        Ok(ring.last)
    }

    /// Opens a stored key and keeps it. The same key may be installed again; another one of its generation may not.
    pub(crate) fn install(&self, scope: &str, stored: &[u8], root: &impl Root) -> Result<(), VaultError> {
        let (number, sealed) = parse(stored)?;
        let opened = root.open(Purpose::ScopeKey(scope, number), sealed)?;
        let key = EnvelopeKey::new(opened.expose_secret())
            .ok_or_else(|| VaultError::DoesNotOpen("a scope key of the wrong length".to_owned()))?;
        let mut rings = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let ring = rings.entry(scope.into()).or_default();
        match ring.keys.binary_search_by_key(&number, |generation| generation.number) {
            Ok(place) => ring.keys.get(place).map_or(Ok(()), |present| present.must_equal(&key, scope)),
            Err(place) => {
                let key = Protected::new(key)
                    .map_err(|error| VaultError::Failed(format!("no memory for a scope key: {error}")))?;
                ring.keys.insert(place, Generation { number, key: Arc::new(key) });
                ring.last = ring.last.max(number);
                Ok(())
            }
        }
    }

    /// Seals an object's material under the newest key of its scope.
    pub(crate) fn seal(
        &self,
        secret: &Secret,
        binding: Binding<'_>,
        random: &mut impl Source,
    ) -> Result<Sealed, VaultError> {
        let newest = self.find(binding.scope, |ring| ring.keys.last())?;
        let mut blob = Vec::with_capacity(HEADER_BYTES.saturating_add(OVERHEAD).saturating_add(secret.len()));
        blob.extend_from_slice(&header(newest.number));
        let aad = associated_data(newest.number, binding);
        newest.key.seal(&aad, secret.expose_secret(), &mut blob, random)?;
        Ok(Sealed(blob))
    }

    /// Opens an object's material under the generation that its blob names.
    pub(crate) fn open(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<Secret, VaultError> {
        let (number, message) = parse(&sealed.0)?;
        let generation =
            self.find(binding.scope, |ring| ring.keys.iter().rev().find(|generation| generation.number == number))?;
        let opened = generation.key.open(&associated_data(number, binding), message);
        opened.ok_or_else(|| VaultError::DoesNotOpen("damaged, or sealed for another object".to_owned()))
    }

    fn find(&self, scope: &str, choose: impl Fn(&Ring) -> Option<&Generation>) -> Result<Generation, VaultError> {
        let rings = self.0.read().unwrap_or_else(PoisonError::into_inner);
        rings.get(scope).and_then(choose).cloned().ok_or_else(|| VaultError::NoScopeKey(scope.to_owned()))
    }
}

impl Generation {
    /// Two keys are equal if one opens what the other sealed.
    fn must_equal(&self, other: &EnvelopeKey, scope: &str) -> Result<(), VaultError> {
        let mut probe = Vec::new();
        other.seal(b"probe", b"", &mut probe, &mut crate::random::OsRandom)?;
        match self.key.open(b"probe", &probe) {
            Some(_) => Ok(()),
            None => Err(VaultError::BadInput(format!(
                "scope {scope} already has another key of generation {}",
                self.number
            ))),
        }
    }
}

fn header(generation: u32) -> Vec<u8> {
    let mut header = vec![FORMAT];
    header.extend_from_slice(&generation.to_be_bytes());
    header
}

/// Generation and body of a blob.
fn parse(blob: &[u8]) -> Result<(u32, &[u8]), VaultError> {
    match blob.split_first_chunk::<HEADER_BYTES>() {
        Some(([FORMAT, generation @ ..], body)) => Ok((u32::from_be_bytes(*generation), body)),
        _ => Err(VaultError::DoesNotOpen("unknown format".to_owned())),
    }
}

fn associated_data(generation: u32, binding: Binding<'_>) -> Vec<u8> {
    let fields = [binding.scope.as_bytes(), binding.id.as_bytes(), binding.spec];
    let length = fields.iter().map(|field| field.len().saturating_add(8)).sum::<usize>();
    let mut aad = Vec::with_capacity(length.saturating_add(HEADER_BYTES));
    aad.push(FORMAT);
    aad.extend_from_slice(&generation.to_be_bytes());
    for field in fields {
        aad.extend_from_slice(&(field.len() as u64).to_be_bytes());
        aad.extend_from_slice(field);
    }
    aad
}
