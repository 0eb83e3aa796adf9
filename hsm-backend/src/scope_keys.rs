//! The middle level of the hierarchy: the keys of the scopes, and the objects sealed under them.
//!
//! A scope may have several generations of keys; the newest seals, all of them open. Formats:
//! ```text
//! stored scope key        version (1) ‖ generation (4) ‖ blob under the root key
//! object, by scope key    version (1) ‖ generation (4) ‖ nonce (24) ‖ ciphertext ‖ tag (16)
//! object, by root key     version (2) ‖ generation (4) ‖ blob under the root key
//! resident, by scope key  version (3) ‖ as version 1
//! resident, by root key   version (4) ‖ as version 2
//! ```
//! Associated data of an object: version, generation, scope, identifier and specification, each with its length. Both kinds
//! of objects open in both modes, so that the mode of a vault may be changed. What is sealed of a resident object is where it
//! is, not its material: the versions keep one from opening as the other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use kmip_codec::secret::Secret;
use kmip_core::ports::vault::{Binding, Sealed, VaultError};

use crate::envelope::{EnvelopeKey, KEY_BYTES, OVERHEAD};
use crate::hierarchy::{Purpose, Root, random_secret};
use crate::protected::Protected;
use crate::random::Source;
use crate::roots::Roots;

/// A scope key that is stored, and an object that it seals.
const BY_SCOPE: u8 = 1;
/// An object that the root key seals.
const BY_ROOT: u8 = 2;
/// The description of a resident object, sealed by a scope key.
const RESIDENT_BY_SCOPE: u8 = 3;
/// The description of a resident object, sealed by the root key.
const RESIDENT_BY_ROOT: u8 = 4;
const HEADER_BYTES: usize = 5;

/// Who opens objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// This process, with scope keys that are kept in protected memory.
    #[default]
    Cached,
    /// The root key, each time. No scope key is kept in the clear.
    Strict,
}

/// Scope keys that are installed.
#[derive(Default)]
pub(crate) struct ScopeKeys {
    mode: Mode,
    rings: RwLock<HashMap<Box<str>, Ring>>,
    /// Whether the store holds objects that only a device opens or uses, whatever the mode is now.
    needs_device: AtomicBool,
    /// Whether the store holds objects that are on a device.
    holds_residents: AtomicBool,
}

/// The generations of one scope, oldest first.
#[derive(Default)]
struct Ring {
    /// The highest generation that was installed or given out.
    last: u32,
    keys: Vec<Generation>,
    /// Blobs that this process made and that may come to be stored, with what they hold: installing them asks no device.
    made: Vec<Made>,
}

struct Made {
    stored: Box<[u8]>,
    generation: Generation,
}

/// Blobs of a scope that may wait to be stored. Several requests may make a first key at once; one is stored.
const MADE: usize = 16;

#[derive(Clone)]
struct Generation {
    number: u32,
    key: Held,
}

/// A scope key, in the form that the mode allows.
#[derive(Clone)]
enum Held {
    Open(Arc<Protected<EnvelopeKey>>),
    /// The blob under the root key.
    Sealed(Arc<[u8]>),
}

/// What an object's blob holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Its material.
    Material,
    /// Where on a device it is.
    Residence,
}

impl Content {
    const fn by_scope(self) -> u8 {
        match self {
            Self::Material => BY_SCOPE,
            Self::Residence => RESIDENT_BY_SCOPE,
        }
    }

    const fn by_root(self) -> u8 {
        match self {
            Self::Material => BY_ROOT,
            Self::Residence => RESIDENT_BY_ROOT,
        }
    }
}

/// Whether only a device can use an object: the root key sealed it, or it is on the device.
pub(crate) fn needs_device(sealed: &Sealed) -> bool {
    sealed.0.first() == Some(&BY_ROOT) || is_resident(sealed)
}

/// Whether an object is on a device.
pub(crate) fn is_resident(sealed: &Sealed) -> bool {
    matches!(sealed.0.first(), Some(&(RESIDENT_BY_SCOPE | RESIDENT_BY_ROOT)))
}

impl ScopeKeys {
    /// No scope keys yet.
    pub(crate) fn new(mode: Mode) -> Self {
        Self {
            mode,
            rings: RwLock::default(),
            needs_device: AtomicBool::new(false),
            holds_residents: AtomicBool::new(false),
        }
    }

    /// Told of each sealed object that the store holds.
    pub(crate) fn note_stored(&self, sealed: &Sealed) {
        if needs_device(sealed) {
            self.needs_device.store(true, Ordering::Relaxed);
        }
        if is_resident(sealed) {
            self.holds_residents.store(true, Ordering::Relaxed);
        }
    }

    /// Whether using an object may need a device.
    pub(crate) fn may_need_device(&self) -> bool {
        self.mode == Mode::Strict || self.needs_device.load(Ordering::Relaxed)
    }

    /// Whether the store holds objects that are on a device.
    pub(crate) fn holds_residents(&self) -> bool {
        self.holds_residents.load(Ordering::Relaxed)
    }

    /// Makes the next key of a scope; it is used only once it is installed.
    pub(crate) fn create(
        &self,
        scope: &str,
        root: &impl Root,
        random: &mut impl Source,
    ) -> Result<Vec<u8>, VaultError> {
        let number = self.next_generation(scope)?;
        self.seal_scope_key(scope, number, &random_secret(KEY_BYTES, random)?, root)
    }

    /// Seals a stored key anew, under the root key that seals now.
    pub(crate) fn reseal(&self, scope: &str, stored: &[u8], root: &impl Root) -> Result<Vec<u8>, VaultError> {
        let (BY_SCOPE, number, sealed) = parse(stored)? else { return Err(unknown_format()) };
        let key = root.open(Purpose::ScopeKey(scope, number), sealed)?;
        self.seal_scope_key(scope, number, &key, root)
    }

    fn seal_scope_key(&self, scope: &str, number: u32, key: &Secret, root: &impl Root) -> Result<Vec<u8>, VaultError> {
        let sealed = root.seal(Purpose::ScopeKey(scope, number), key)?;
        let stored = [header(BY_SCOPE, number).as_slice(), &sealed].concat();
        let present = self.find(scope, |ring| ring.keys.iter().find(|generation| generation.number == number));
        let key = match (self.mode, present) {
            (Mode::Strict, _) => Held::Sealed(sealed.into()),
            (Mode::Cached, Ok(present)) => present.key,
            (Mode::Cached, Err(_)) => Held::open(expand(key)?)?,
        };
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        let made = &mut rings.entry(scope.into()).or_default().made;
        if made.len() >= MADE {
            made.remove(0);
        }
        made.push(Made { stored: stored.as_slice().into(), generation: Generation { number, key } });
        drop(rings);
        Ok(stored)
    }

    /// Installs a blob that this process made.
    fn install_made(&self, scope: &str, stored: &[u8]) -> bool {
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.get_mut(scope) else { return false };
        let Some(place) = ring.made.iter().position(|made| *made.stored == *stored) else { return false };
        let generation = ring.made.remove(place).generation;
        ring.made.retain(|made| made.generation.number != generation.number);
        ring.put(generation);
        true
    }

    /// Whether an object should be sealed anew: by a newer key of its scope, or under a newer root key.
    pub(crate) fn is_outdated(&self, scope: &str, sealed: &Sealed, roots: &Roots) -> bool {
        let Some(([_, number @ ..], _)) = sealed.0.split_first_chunk::<HEADER_BYTES>() else { return false };
        let newest = self.find(scope, |ring| ring.keys.last()).map_or(0, |newest| newest.number);
        u32::from_be_bytes(*number) < newest || Self::is_root_outdated(sealed, roots)
    }

    /// Whether an object is sealed under an older root key itself.
    pub(crate) fn is_root_outdated(sealed: &Sealed, roots: &Roots) -> bool {
        let parsed = parse(&sealed.0);
        parsed.is_ok_and(|(version, _, body)| matches!(version, BY_ROOT | RESIDENT_BY_ROOT) && roots.is_outdated(body))
    }

    /// Whether scope keys seal objects, and not the root key.
    pub(crate) fn seal_objects(&self) -> bool {
        self.mode == Mode::Cached
    }

    /// Whether a stored scope key stands under an older root key.
    pub(crate) fn is_key_outdated(stored: &[u8], roots: &Roots) -> bool {
        parse(stored).is_ok_and(|(_, _, sealed)| roots.is_outdated(sealed))
    }

    /// Forgets a generation under which nothing is left. The newest of a scope is kept.
    pub(crate) fn forget(&self, scope: &str, stored: &[u8]) {
        let Ok((_, number, _)) = parse(stored) else { return };
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        let Some(ring) = rings.get_mut(scope) else { return };
        let newest = ring.keys.last().map_or(0, |newest| newest.number);
        ring.keys.retain(|generation| generation.number != number || generation.number == newest);
    }

    fn next_generation(&self, scope: &str) -> Result<u32, VaultError> {
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        let ring = rings.entry(scope.into()).or_default();
        ring.last = ring
            .last
            .checked_add(1)
            .ok_or_else(|| VaultError::Failed(format!("no generation is left for scope {scope}")))?;
        Ok(ring.last)
    }

    /// Opens a stored key and keeps it. The same key may be installed again; another one of its generation may not.
    pub(crate) fn install(&self, scope: &str, stored: &[u8], root: &impl Root) -> Result<(), VaultError> {
        let (BY_SCOPE, number, sealed) = parse(stored)? else { return Err(unknown_format()) };
        if self.install_made(scope, stored) {
            return Ok(());
        }
        let key = root.open(Purpose::ScopeKey(scope, number), sealed)?;
        let number_is = |ring: &Ring| ring.keys.iter().any(|generation| generation.number == number);
        let held = match self.mode {
            Mode::Strict => Held::Sealed(sealed.into()),
            Mode::Cached => Held::open(expand(&key)?)?,
        };
        let generation = Generation { number, key: held };
        loop {
            // Compared before it is put, and again if another thread has put one in the meantime.
            match self.find(scope, |ring| ring.keys.iter().find(|generation| generation.number == number)) {
                Ok(present) => {
                    present.must_equal(&expand(&key)?, scope, root)?;
                    return Ok(());
                }
                Err(_) => {
                    let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
                    let ring = rings.entry(scope.into()).or_default();
                    if !number_is(ring) {
                        ring.put(generation);
                        return Ok(());
                    }
                }
            }
        }
    }

    /// Seals what an object's blob holds under the newest key of its scope, or in strict mode under the root key.
    pub(crate) fn seal(
        &self,
        content: Content,
        secret: &Secret,
        binding: Binding<'_>,
        root: &impl Root,
        random: &mut impl Source,
    ) -> Result<Sealed, VaultError> {
        let newest = self.find(binding.scope, |ring| ring.keys.last())?;
        match &newest.key {
            Held::Open(key) => {
                let length = HEADER_BYTES.saturating_add(OVERHEAD).saturating_add(secret.len());
                let mut blob = Vec::with_capacity(length);
                blob.extend_from_slice(&header(content.by_scope(), newest.number));
                let aad = associated_data(content.by_scope(), newest.number, binding);
                key.seal(&aad, secret.expose_secret(), &mut blob, random)?;
                Ok(Sealed(blob))
            }
            Held::Sealed(_) => {
                let mut blob = header(content.by_root(), newest.number);
                let aad = associated_data(content.by_root(), newest.number, binding);
                blob.extend(root.seal(Purpose::Object(&aad), secret)?);
                Ok(Sealed(blob))
            }
        }
    }

    /// Opens what an object's blob holds. Its scope must have the generation that the blob names, whoever sealed it.
    pub(crate) fn open(
        &self,
        content: Content,
        sealed: &Sealed,
        binding: Binding<'_>,
        root: &impl Root,
    ) -> Result<Secret, VaultError> {
        let (version, number, message) = parse(&sealed.0)?;
        if version != content.by_scope() && version != content.by_root() {
            return Err(match content {
                Content::Material => VaultError::DoesNotOpen("its material is in a device".to_owned()),
                Content::Residence => VaultError::DoesNotOpen("its material is in no device".to_owned()),
            });
        }
        let generation =
            self.find(binding.scope, |ring| ring.keys.iter().rev().find(|generation| generation.number == number))?;
        let aad = associated_data(version, number, binding);
        if version == content.by_root() {
            return root.open(Purpose::Object(&aad), message);
        }
        let opened = match &generation.key {
            Held::Open(key) => key.open(&aad, message),
            Held::Sealed(stored) => open_scope_key(binding.scope, number, stored, root)?.open(&aad, message),
        };
        opened.ok_or_else(|| VaultError::DoesNotOpen("damaged, or sealed for another object".to_owned()))
    }

    fn find(&self, scope: &str, choose: impl Fn(&Ring) -> Option<&Generation>) -> Result<Generation, VaultError> {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        rings.get(scope).and_then(choose).cloned().ok_or_else(|| VaultError::NoScopeKey(scope.to_owned()))
    }
}

impl Ring {
    /// Takes a generation, in place of the one of its number.
    fn put(&mut self, generation: Generation) {
        self.last = self.last.max(generation.number);
        match self.keys.binary_search_by_key(&generation.number, |present| present.number) {
            Ok(place) => self.keys.splice(place..=place, [generation]).for_each(drop),
            Err(place) => self.keys.insert(place, generation),
        }
    }
}

impl Held {
    fn open(key: EnvelopeKey) -> Result<Self, VaultError> {
        let key =
            Protected::new(key).map_err(|error| VaultError::Failed(format!("no memory for a scope key: {error}")))?;
        Ok(Self::Open(Arc::new(key)))
    }
}

impl Generation {
    /// Two keys are equal if one opens what the other sealed.
    fn must_equal(&self, other: &EnvelopeKey, scope: &str, root: &impl Root) -> Result<(), VaultError> {
        let mut probe = Vec::new();
        other.seal(b"probe", b"", &mut probe, &mut crate::random::OsRandom)?;
        let opened = match &self.key {
            Held::Open(key) => key.open(b"probe", &probe),
            Held::Sealed(stored) => open_scope_key(scope, self.number, stored, root)?.open(b"probe", &probe),
        };
        match opened {
            Some(_) => Ok(()),
            None => Err(VaultError::BadInput(format!(
                "scope {scope} already has another key of generation {}",
                self.number
            ))),
        }
    }
}

/// The methods of `KeyVault` about scope keys that are there, for a vault that has `roots` and `scopes`.
macro_rules! kept {
    () => {
        fn note_stored(&self, sealed: &Sealed) {
            self.scopes.note_stored(sealed);
        }

        fn reseal_scope_key(&self, scope: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
            self.scopes.reseal(scope, sealed, &*self.roots)
        }

        fn forget_scope_key(&self, scope: &str, sealed: &[u8]) {
            self.scopes.forget(scope, sealed);
        }

        fn is_scope_key_outdated(&self, sealed: &[u8]) -> bool {
            ScopeKeys::is_key_outdated(sealed, &self.roots)
        }

        fn is_outdated(&self, sealed: &Sealed, binding: Binding<'_>) -> bool {
            self.scopes.is_outdated(binding.scope, sealed, &self.roots)
        }

        fn is_root_outdated(&self, sealed: &Sealed) -> bool {
            ScopeKeys::is_root_outdated(sealed, &self.roots)
        }

        fn seals_by_scope_keys(&self) -> bool {
            self.scopes.seal_objects()
        }

        fn install_scope_key(&self, scope: &str, sealed: &[u8]) -> Result<(), VaultError> {
            self.scopes.install(scope, sealed, &*self.roots)
        }
    };
}
pub(crate) use kept;

fn open_scope_key(scope: &str, number: u32, sealed: &[u8], root: &impl Root) -> Result<EnvelopeKey, VaultError> {
    expand(&root.open(Purpose::ScopeKey(scope, number), sealed)?)
}

fn expand(key: &Secret) -> Result<EnvelopeKey, VaultError> {
    EnvelopeKey::new(key.expose_secret())
        .ok_or_else(|| VaultError::DoesNotOpen("a scope key of the wrong length".to_owned()))
}

fn header(version: u8, generation: u32) -> Vec<u8> {
    let mut header = vec![version];
    header.extend_from_slice(&generation.to_be_bytes());
    header
}

/// Version, generation and body of a blob.
fn parse(blob: &[u8]) -> Result<(u8, u32, &[u8]), VaultError> {
    match blob.split_first_chunk::<HEADER_BYTES>() {
        Some(([version @ BY_SCOPE..=RESIDENT_BY_ROOT, generation @ ..], body)) => {
            Ok((*version, u32::from_be_bytes(*generation), body))
        }
        _ => Err(unknown_format()),
    }
}

fn unknown_format() -> VaultError {
    VaultError::DoesNotOpen("unknown format".to_owned())
}

fn associated_data(version: u8, generation: u32, binding: Binding<'_>) -> Vec<u8> {
    let fields = [binding.scope.as_bytes(), binding.id.as_bytes(), binding.spec];
    let length = fields.iter().map(|field| field.len().saturating_add(8)).sum::<usize>();
    let mut aad = Vec::with_capacity(length.saturating_add(HEADER_BYTES));
    aad.push(version);
    aad.extend_from_slice(&generation.to_be_bytes());
    for field in fields {
        aad.extend_from_slice(&(field.len() as u64).to_be_bytes());
        aad.extend_from_slice(field);
    }
    aad
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::random::OsRandom;
    use crate::software::SoftwareRoot;

    const BINDING: Binding<'_> = Binding { scope: "s", id: "1", spec: b"spec" };

    /// A root key that counts how often it is used.
    struct Counted {
        root: SoftwareRoot,
        uses: AtomicU32,
    }

    impl Root for Counted {
        fn seal(&self, purpose: Purpose<'_>, plain: &Secret) -> Result<Vec<u8>, VaultError> {
            self.uses.fetch_add(1, Ordering::Relaxed);
            self.root.seal(purpose, plain)
        }

        fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Secret, VaultError> {
            self.uses.fetch_add(1, Ordering::Relaxed);
            self.root.open(purpose, sealed)
        }
    }

    /// Both modes under one root key, with one scope key.
    fn both() -> (Counted, ScopeKeys, ScopeKeys) {
        let root = Counted { root: SoftwareRoot::new(&Secret::copy_from(&[3; 32])).unwrap(), uses: AtomicU32::new(0) };
        let (cached, strict) = (ScopeKeys::new(Mode::Cached), ScopeKeys::new(Mode::Strict));
        let stored = cached.create("s", &root, &mut OsRandom).unwrap();
        cached.install("s", &stored, &root).unwrap();
        strict.install("s", &stored, &root).unwrap();
        root.uses.store(0, Ordering::Relaxed);
        (root, cached, strict)
    }

    #[test]
    fn the_root_key_is_used_for_each_object_in_strict_mode_only() {
        let (root, cached, strict) = both();
        let secret = Secret::copy_from(b"0123456789abcdef");
        let by_scope = cached.seal(Content::Material, &secret, BINDING, &root, &mut OsRandom).unwrap();
        assert_eq!(cached.open(Content::Material, &by_scope, BINDING, &root).unwrap(), secret);
        assert_eq!(root.uses.load(Ordering::Relaxed), 0);
        let by_root = strict.seal(Content::Material, &secret, BINDING, &root, &mut OsRandom).unwrap();
        assert_eq!(root.uses.load(Ordering::Relaxed), 1);
        for (expected, sealed) in [(2, &by_root), (3, &by_scope), (4, &by_scope)] {
            assert_eq!(strict.open(Content::Material, sealed, BINDING, &root).unwrap(), secret);
            assert_eq!(root.uses.load(Ordering::Relaxed), expected, "a scope key was kept in the clear");
        }
        assert_eq!(cached.open(Content::Material, &by_root, BINDING, &root).unwrap(), secret);
    }

    #[test]
    fn another_key_of_a_generation_is_refused_in_both_modes() {
        let (root, cached, strict) = both();
        let rival = ScopeKeys::new(Mode::Cached).create("s", &root, &mut OsRandom).unwrap();
        for keys in [&cached, &strict] {
            assert!(matches!(keys.install("s", &rival, &root), Err(VaultError::BadInput(_))));
        }
    }

    #[test]
    fn an_object_is_no_scope_key() {
        let (root, cached, strict) = both();
        let sealed =
            strict.seal(Content::Material, &Secret::copy_from(&[1; 32]), BINDING, &root, &mut OsRandom).unwrap();
        assert!(matches!(cached.install("s", &sealed.0, &root), Err(VaultError::DoesNotOpen(_))));
        let mut renamed = sealed.0;
        renamed[0] = BY_SCOPE;
        assert!(matches!(cached.install("s", &renamed, &root), Err(VaultError::DoesNotOpen(_))));
    }

    #[test]
    fn what_a_resident_blob_holds_does_not_open_as_material_nor_the_other_way_round() {
        let (root, cached, strict) = both();
        let plain = Secret::copy_from(&[1; 32]);
        for mode in [&cached, &strict] {
            for (content, other) in [(Content::Material, Content::Residence), (Content::Residence, Content::Material)] {
                let sealed = mode.seal(content, &plain, BINDING, &root, &mut OsRandom).unwrap();
                assert_eq!(is_resident(&sealed), content == Content::Residence);
                assert_eq!(mode.open(content, &sealed, BINDING, &root).unwrap(), plain);
                assert!(mode.open(other, &sealed, BINDING, &root).is_err());
                let mut renamed = sealed.clone();
                match content {
                    Content::Material => renamed.0[0] += 2,
                    Content::Residence => renamed.0[0] -= 2,
                }
                assert_ne!(is_resident(&sealed), is_resident(&renamed));
                let opened = mode.open(other, &renamed, BINDING, &root);
                assert!(matches!(opened, Err(VaultError::DoesNotOpen(_))), "{opened:?}");
                let elsewhere = mode.open(content, &sealed, Binding { id: "2", ..BINDING }, &root);
                assert!(matches!(elsewhere, Err(VaultError::DoesNotOpen(_))));
            }
        }
    }
}
