//! A vault whose root key is replaced while it works: by another key of the same kind, or by one of another kind.
//!
//! ```text
//! 1  the new root key is made and tried; the keys of the store are sealed under it        RotatingVault::adopt
//! 2  the caller writes both to disk: from here on the new key is needed
//! 3  the new key seals, the old one still opens                                           Successor::take_over
//! 4  everything under the old key is sealed anew, by a renewal (`kmip_core::renewal`)
//! 5  nothing is left: the old key is forgotten, first on disk, then here                  RotatingVault::forget_older
//! ```
//! Scope keys stay in memory through all of it. Who opens objects ([`Mode`]) is that of the root key
//! with which the process began.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::container::{Contents, Opened};
use kmip_core::ports::crypto::{
    Accumulator, Capability, CryptoError, Cryptography, Derivation, Encrypted, Encryption, Hash, Key, KeyWrap, Mac,
    Message, Signing, Transform,
};
use kmip_core::ports::resident::{Residence, ResidentKind, ResidentObject};
use kmip_core::ports::store::RecordSeal;
use kmip_core::ports::vault::{
    Answer, Binding, Call, Description, DeviceReport, Generated, KeySpec, KeyVault, Sealed, VaultError, Waits,
};

use crate::hierarchy::{Purpose, Root};
use crate::keystore::Keystore;
use crate::pkcs11::{Devices, Errand, Mode, Options, Pkcs11Vault, TokenAddress};
use crate::random::OsRandom;
use crate::record_seal::StoreSeal;
use crate::roots::{self, Roots};
use crate::scope_keys::ScopeKeys;
use crate::software::{SoftwareRoot, SoftwareVault};

/// A root key that is ready for use.
pub struct RootKey(Kind);

enum Kind {
    Software(Arc<SoftwareRoot>),
    Devices(Devices),
}

/// Whether a root key must be on its devices.
#[derive(Debug, Clone, Copy)]
pub enum Presence<'a> {
    /// It is there.
    Required,
    /// It is there, and if no device answers, one is waited for until this is set.
    Awaited(&'a AtomicBool),
    /// It is made where the only device has none. Of several devices each must have it.
    MadeIfAbsent,
}

impl RootKey {
    pub(crate) fn in_software(root: SoftwareRoot) -> Self {
        Self(Kind::Software(Arc::new(root)))
    }

    /// The root key on PKCS#11 devices, which are connected.
    pub fn on_devices(
        devices: Vec<(TokenAddress, SecretText)>,
        options: Options,
        presence: Presence<'_>,
    ) -> Result<Self, VaultError> {
        let (errand, given_up) = match presence {
            Presence::MadeIfAbsent if devices.len() == 1 => (Errand::Ensure, None),
            Presence::MadeIfAbsent | Presence::Required => (Errand::Open, None),
            Presence::Awaited(given_up) => (Errand::Open, Some(given_up)),
        };
        Devices::connect(devices, options, errand, given_up).map(Kind::Devices).map(Self)
    }

    fn root(&self) -> Arc<dyn Root> {
        match &self.0 {
            Kind::Software(root) => Arc::clone(root) as Arc<dyn Root>,
            Kind::Devices(devices) => devices.root(),
        }
    }

    fn mode(&self) -> Mode {
        match &self.0 {
            Kind::Software(_) => Mode::Cached,
            Kind::Devices(devices) => devices.mode(),
        }
    }
}

impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RootKey(..)")
    }
}

/// See the module.
pub struct RotatingVault {
    roots: Arc<Roots>,
    scopes: Arc<ScopeKeys>,
    store_seal: Arc<StoreSeal>,
    /// Makes keys by the means of the newest root key.
    vault: ArcSwap<Box<dyn KeyVault>>,
}

impl RotatingVault {
    /// Makes the keys of a new store under its first root key; the second part of the answer is to be kept beside the store.
    pub fn create(key: RootKey) -> Result<(Self, Vec<u8>), VaultError> {
        let roots = Roots::new(roots::FIRST, key.root());
        let sealed = StoreSeal::create_keys(&roots, &mut OsRandom)?;
        Ok((Self::of(roots, key, &sealed)?, sealed))
    }

    /// Opens a vault with the keys of its store. Of several root keys the one with the highest number seals.
    pub fn open(mut keys: Vec<(u32, RootKey)>, store_keys: &[u8]) -> Result<Self, VaultError> {
        keys.sort_by_key(|(number, _)| *number);
        let (newest, key) = keys.pop().ok_or_else(|| VaultError::Failed("no root key is given".to_owned()))?;
        let roots = Roots::new(newest, key.root());
        keys.iter().for_each(|(number, older)| roots.add(*number, older.root()));
        Self::of(roots, key, store_keys)
    }

    fn of(roots: Roots, key: RootKey, store_keys: &[u8]) -> Result<Self, VaultError> {
        let scopes = Arc::new(ScopeKeys::new(key.mode()));
        let store_seal = Arc::new(StoreSeal::from_keys(&roots, store_keys)?);
        let roots = Arc::new(roots);
        let vault = vault_of(key, &roots, &scopes, &store_seal);
        Ok(Self { roots, scopes, store_seal, vault: ArcSwap::from_pointee(vault) })
    }

    /// The seal for the records of the store.
    pub fn record_seal(&self) -> Arc<dyn RecordSeal> {
        Arc::clone(&self.store_seal) as Arc<dyn RecordSeal>
    }

    /// The number of the root key that seals.
    pub fn root_number(&self) -> u32 {
        self.roots.newest()
    }

    /// Prepares the change to a new root key: seals the keys of the store, which `store_keys` holds, under it, and opens them
    /// again. Nothing else is sealed by it yet.
    pub fn adopt(&self, key: RootKey, store_keys: &[u8]) -> Result<Successor<'_>, VaultError> {
        let number = self.root_number().checked_add(1);
        let number = number.ok_or_else(|| VaultError::Failed("no number is left for a root key".to_owned()))?;
        let plain = self.roots.open(Purpose::StoreKeys, store_keys)?;
        let sealed = Roots::new(number, key.root());
        let store_keys = sealed.seal(Purpose::StoreKeys, &plain)?;
        match sealed.open(Purpose::StoreKeys, &store_keys)? == plain {
            true => Ok(Successor { vault: self, key, number, store_keys }),
            false => Err(VaultError::Failed("the new root key opens something else than it sealed".to_owned())),
        }
    }

    /// Whether the store holds objects that are on a device, and so cannot move with the root key.
    pub fn holds_residents(&self) -> bool {
        self.scopes.holds_residents()
    }

    /// Forgets all root keys but the newest.
    pub fn forget_older(&self) {
        self.roots.keep_newest();
    }

    fn vault(&self) -> impl Deref<Target = Arc<Box<dyn KeyVault>>> {
        self.vault.load()
    }
}

impl From<Keystore> for RotatingVault {
    fn from(keystore: Keystore) -> Self {
        let (root, store_seal) = keystore.into_parts();
        let key = RootKey::in_software(root);
        let (roots, scopes) = (Arc::new(Roots::new(roots::FIRST, key.root())), Arc::<ScopeKeys>::default());
        let store_seal = Arc::new(store_seal);
        let vault = ArcSwap::from_pointee(vault_of(key, &roots, &scopes, &store_seal));
        Self { roots, scopes, store_seal, vault }
    }
}

/// A new root key that is ready to take over.
pub struct Successor<'a> {
    vault: &'a RotatingVault,
    key: RootKey,
    /// Its number.
    pub number: u32,
    /// The keys of the store, sealed under it. Keep them on disk before [`Successor::take_over`].
    pub store_keys: Vec<u8>,
}

impl Successor<'_> {
    /// From now on the new key seals.
    pub fn take_over(self) {
        let Self { vault, key, number, .. } = self;
        vault.roots.add(number, key.root());
        let next = vault_of(key, &vault.roots, &vault.scopes, &vault.store_seal);
        vault.vault.store(Arc::new(next));
    }
}

fn vault_of(
    key: RootKey,
    roots: &Arc<Roots>,
    scopes: &Arc<ScopeKeys>,
    store_seal: &Arc<StoreSeal>,
) -> Box<dyn KeyVault> {
    let (roots, scopes) = (Arc::clone(roots), Arc::clone(scopes));
    match key.0 {
        Kind::Software(_) => Box::new(SoftwareVault::of(roots, scopes, Arc::clone(store_seal))),
        Kind::Devices(devices) => Box::new(Pkcs11Vault::of(devices, roots, scopes)),
    }
}

impl std::fmt::Debug for RotatingVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RotatingVault(root key {})", self.root_number())
    }
}

/// Hands methods on to the vault of the newest root key.
macro_rules! hand_on {
    ($(fn $method:ident(&self $(, $argument:ident: $kind:ty)*) $(-> $answer:ty)?;)*) => {
        $(fn $method(&self $(, $argument: $kind)*) $(-> $answer)? {
            self.vault().$method($($argument),*)
        })*
    };
}

impl Cryptography for RotatingVault {
    hand_on! {
        fn capabilities(&self) -> Vec<Capability>;
        fn encrypt(&self, key: Key<'_>, how: &Encryption<'_>, data: &[u8]) -> Result<Encrypted, CryptoError>;
        fn decrypt(&self, key: Key<'_>, how: &Encryption<'_>, data: &[u8], tag: Option<&[u8]>) -> Result<Secret, CryptoError>;
        fn sign(&self, key: Key<'_>, how: &Signing, message: Message<'_>) -> Result<Vec<u8>, CryptoError>;
        fn verify(&self, key: Key<'_>, how: &Signing, message: Message<'_>, signature: &[u8]) -> Result<bool, CryptoError>;
        fn mac(&self, key: Key<'_>, how: &Mac<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError>;
        fn mac_verify(&self, key: Key<'_>, how: &Mac<'_>, data: &[u8], mac: &[u8]) -> Result<bool, CryptoError>;
        fn hash(&self, hash: Hash, data: &[u8]) -> Result<Vec<u8>, CryptoError>;
        fn derive(&self, key: Option<Key<'_>>, how: &Derivation<'_>, length: usize) -> Result<Secret, CryptoError>;
        fn begin_encrypt(&self, key: Key<'_>, how: &Encryption<'_>) -> Result<Box<dyn Transform>, CryptoError>;
        fn begin_decrypt(&self, key: Key<'_>, how: &Encryption<'_>) -> Result<Box<dyn Transform>, CryptoError>;
        fn begin_sign(&self, key: Key<'_>, how: &Signing) -> Result<Box<dyn Accumulator>, CryptoError>;
        fn begin_verify(&self, key: Key<'_>, how: &Signing) -> Result<Box<dyn Accumulator>, CryptoError>;
        fn begin_mac(&self, key: Key<'_>, how: &Mac<'_>) -> Result<Box<dyn Accumulator>, CryptoError>;
        fn begin_hash(&self, hash: Hash) -> Result<Box<dyn Accumulator>, CryptoError>;
        fn write_container(&self, contents: &Contents<'_>, password: &SecretText) -> Result<Vec<u8>, CryptoError>;
        fn open_container(&self, file: &[u8], password: &SecretText) -> Result<Opened, CryptoError>;
    }
}

impl KeyVault for RotatingVault {
    hand_on! {
        fn describe(&self) -> Description;
        fn note_stored(&self, sealed: &Sealed);
        fn waits(&self) -> Waits;
        fn health(&self) -> Result<(), VaultError>;
        fn devices(&self) -> Vec<DeviceReport>;
        fn random(&self, out: &mut [u8]) -> Result<(), VaultError>;
        fn unique(&self, out: &mut [u8]) -> Result<(), VaultError>;
        fn create_scope_key(&self, scope: &str) -> Result<Vec<u8>, VaultError>;
        fn install_scope_key(&self, scope: &str, sealed: &[u8]) -> Result<(), VaultError>;
        fn reseal_scope_key(&self, scope: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError>;
        fn forget_scope_key(&self, scope: &str, sealed: &[u8]);
        fn is_scope_key_outdated(&self, sealed: &[u8]) -> bool;
        fn is_outdated(&self, sealed: &Sealed, binding: Binding<'_>) -> bool;
        fn is_root_outdated(&self, sealed: &Sealed) -> bool;
        fn seals_by_scope_keys(&self) -> bool;
        fn reseal(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<Sealed, VaultError>;
        fn generate(&self, spec: KeySpec, binding: Binding<'_>) -> Result<Generated, VaultError>;
        fn seal(&self, secret: &Secret, binding: Binding<'_>) -> Result<Sealed, VaultError>;
        fn open(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<Secret, VaultError>;
        fn perform(&self, sealed: &Sealed, binding: Binding<'_>, call: Call<'_>) -> Result<Answer, VaultError>;
        fn destroy(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<(), VaultError>;
        fn resides(&self, sealed: &Sealed) -> bool;
        fn may_reside(&self, kind: ResidentKind) -> Result<(), VaultError>;
        fn generate_resident(&self, what: Residence, binding: Binding<'_>) -> Result<Generated, VaultError>;
        fn import_resident(&self, what: Residence, secret: &Secret, binding: Binding<'_>) -> Result<Sealed, VaultError>;
        fn digest_resident(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<Option<[u8; 32]>, VaultError>;
        fn wrap_resident(&self, sealed: &Sealed, binding: Binding<'_>, under: Key<'_>, wrap: KeyWrap) -> Result<Vec<u8>, CryptoError>;
        fn residents(&self) -> Result<Vec<ResidentObject>, VaultError>;
        fn remove_resident(&self, scope: &str, id: &str) -> Result<bool, VaultError>;
    }
}
