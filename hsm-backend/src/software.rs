//! The software vault: the root key lives in protected memory of this process, opened from a [`Keystore`] at start.

use std::sync::Arc;

use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::container::{Contents, Opened};
use kmip_core::ports::crypto::{
    Accumulator, Capability, CryptoError, Derivation, Encrypted, Encryption, Hash, Key, Mac, Message, Signing,
    Transform,
};
use kmip_core::ports::store::RecordSeal;
use kmip_core::ports::vault::{
    Answer, Binding, Call, Description, Generated, KeySpec, KeyVault, Sealed, VaultError, Waits,
};
use rand_core::TryRng;

use crate::crypto::{OpensKeys, PrivateKeys};
use crate::envelope::EnvelopeKey;
use crate::hierarchy::{Purpose, Root, RootKind};
use crate::key_pair::{self, EncodedPair};
use crate::keystore::Keystore;
use crate::protected::Protected;
use crate::random::OsRandom;
use crate::record_seal::StoreSeal;
use crate::roots::{self, Roots};
use crate::scope_keys::{Content, ScopeKeys};
use crate::{key_wrap, symmetric};

/// A vault in software. See the crate documentation for its key hierarchy.
pub struct SoftwareVault {
    roots: Arc<Roots>,
    scopes: Arc<ScopeKeys>,
    store_seal: Arc<StoreSeal>,
    private_keys: PrivateKeys,
}

impl SoftwareVault {
    /// A vault on an opened key store.
    pub fn new(keystore: Keystore) -> Self {
        let (root, store_seal) = keystore.into_parts();
        let roots = Arc::new(Roots::new(roots::FIRST, Arc::new(root)));
        Self::of(roots, Arc::default(), Arc::new(store_seal))
    }

    /// A vault that makes keys in this process. What it seals and opens follows from `roots` and `scopes`.
    pub(crate) fn of(roots: Arc<Roots>, scopes: Arc<ScopeKeys>, store_seal: Arc<StoreSeal>) -> Self {
        Self { roots, scopes, store_seal, private_keys: PrivateKeys::default() }
    }

    /// The seal for the store's records; its keys are held under this vault's root key.
    pub fn record_seal(&self) -> Arc<dyn RecordSeal> {
        Arc::clone(&self.store_seal) as Arc<dyn RecordSeal>
    }

    fn seal_pair(&self, pair: EncodedPair, binding: Binding<'_>) -> Result<Generated, VaultError> {
        Ok(Generated::Pair { private: self.seal(&pair.private, binding)?, public: pair.public })
    }
}

crate::crypto::in_process!(SoftwareVault);

impl OpensKeys for SoftwareVault {
    fn private_keys(&self) -> &PrivateKeys {
        &self.private_keys
    }
}

impl KeyVault for SoftwareVault {
    fn describe(&self) -> Description {
        Description { name: "software".to_owned(), generates: symmetric::listed().chain(key_pair::listed()).collect() }
    }

    fn waits(&self) -> Waits {
        // An older root key may be on a device.
        Waits { to_use: self.scopes.may_need_device(), ..Waits::default() }
    }

    fn random(&self, out: &mut [u8]) -> Result<(), VaultError> {
        OsRandom.try_fill_bytes(out)
    }

    fn unique(&self, out: &mut [u8]) -> Result<(), VaultError> {
        OsRandom.try_fill_bytes(out)
    }

    fn create_scope_key(&self, scope: &str) -> Result<Vec<u8>, VaultError> {
        self.scopes.create(scope, &*self.roots, &mut OsRandom)
    }

    crate::scope_keys::kept!();

    fn generate(&self, spec: KeySpec, binding: Binding<'_>) -> Result<Generated, VaultError> {
        match spec {
            KeySpec::Symmetric { bits } => {
                self.seal(&symmetric::key(bits, &mut OsRandom)?, binding).map(Generated::Symmetric)
            }
            KeySpec::TripleDes { bytes } => {
                self.seal(&symmetric::triple_des(bytes, &mut OsRandom)?, binding).map(Generated::Symmetric)
            }
            KeySpec::Rsa { .. } | KeySpec::Ec { .. } | KeySpec::PostQuantum { .. } => {
                self.seal_pair(key_pair::generate(spec)?, binding)
            }
        }
    }

    fn seal(&self, secret: &Secret, binding: Binding<'_>) -> Result<Sealed, VaultError> {
        self.scopes.seal(Content::Material, secret, binding, &*self.roots, &mut OsRandom)
    }

    fn open(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<Secret, VaultError> {
        self.scopes.open(Content::Material, sealed, binding, &*self.roots)
    }

    fn perform(&self, sealed: &Sealed, binding: Binding<'_>, call: Call<'_>) -> Result<Answer, VaultError> {
        key_wrap::answer(&self.open(sealed, binding)?, &call)
    }

    fn destroy(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<(), VaultError> {
        self.private_keys.forget(sealed, binding);
        Ok(())
    }
}

impl std::fmt::Debug for SoftwareVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SoftwareVault(..)")
    }
}

/// A root key in protected memory.
pub(crate) struct SoftwareRoot(Protected<EnvelopeKey>);

impl SoftwareRoot {
    /// Expands a root key.
    pub(crate) fn new(key: &Secret) -> Result<Self, VaultError> {
        let key = EnvelopeKey::new(key.expose_secret());
        let key = key.ok_or_else(|| VaultError::BadInput("a root key of the wrong length".to_owned()))?;
        let kept =
            Protected::new(key).map_err(|error| VaultError::Failed(format!("no memory for the root key: {error}")))?;
        Ok(Self(kept))
    }
}

impl Root for SoftwareRoot {
    fn seal(&self, purpose: Purpose<'_>, plain: &Secret) -> Result<Vec<u8>, VaultError> {
        let mut sealed = RootKind::Software.header();
        self.0.seal(&purpose.associated_data(), plain.expose_secret(), &mut sealed, &mut OsRandom)?;
        Ok(sealed)
    }

    fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Secret, VaultError> {
        let (RootKind::Software, message) = RootKind::split(sealed)? else {
            return Err(RootKind::of_another_vault());
        };
        let opened = self.0.open(&purpose.associated_data(), message);
        opened.ok_or_else(|| {
            VaultError::DoesNotOpen("damaged, or sealed by another root key or for another purpose".to_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drawn_pair;
    use kmip_core::ports::vault::Curve;

    fn vault() -> SoftwareVault {
        SoftwareVault::new(Keystore::ephemeral().unwrap())
    }

    fn binding(scope: &str) -> Binding<'_> {
        Binding { scope, id: "1", spec: b"AES 256" }
    }

    #[test]
    fn the_vault_keeps_every_rule_of_the_seam() {
        kmip_core::testing::vault_exerciser::exercise(&vault());
    }

    #[test]
    fn debug_shows_no_key() {
        let vault = vault();
        let stored = vault.create_scope_key("s").unwrap();
        vault.install_scope_key("s", &stored).unwrap();
        let known = Secret::copy_from(b"planted key planted key planted!");
        let sealed = vault.seal(&known, binding("s")).unwrap();
        let generated = vault.generate(KeySpec::Ec { curve: Curve::P256 }, binding("s")).unwrap();
        assert_eq!(format!("{vault:?}"), "SoftwareVault(..)");
        assert_eq!(format!("{sealed:?}"), format!("Sealed({} bytes)", sealed.0.len()));
        let Generated::Pair { private, public } = &generated else { panic!("not a pair") };
        let expected = format!("Pair {{ private: Sealed({} bytes), public: {public:?} }}", private.0.len());
        assert_eq!(format!("{generated:?}"), expected);
        let opened = vault.open(&sealed, binding("s")).unwrap();
        assert_eq!(format!("{:?}", Answer::Secret(opened)), "Secret(Secret(32 bytes))");
        assert_eq!(format!("{:?}", Call::WrapKw { data: &known }), "WrapKw { data: Secret(32 bytes) }");
    }

    #[test]
    fn another_root_opens_nothing() {
        let (ours, theirs) = (vault(), vault());
        let stored = ours.create_scope_key("s").unwrap();
        assert!(matches!(theirs.install_scope_key("s", &stored), Err(VaultError::DoesNotOpen(_))));
        let mut of_a_token = stored.clone();
        of_a_token[5] = 2;
        let refusal = ours.install_scope_key("s", &of_a_token).unwrap_err().to_string();
        assert!(refusal.contains("another kind of vault"), "{refusal}");
    }

    #[test]
    fn a_generation_has_one_key() {
        let (vault, again) = (vault(), |vault: &SoftwareVault| vault.create_scope_key("s").unwrap());
        let first = again(&vault);
        vault.install_scope_key("s", &first).unwrap();
        vault.install_scope_key("s", &first).unwrap();
        // A second process made another first generation under the same root key.
        let rival = ScopeKeys::default().create("s", &*vault.roots, &mut OsRandom).unwrap();
        assert!(matches!(vault.install_scope_key("s", &rival), Err(VaultError::BadInput(_))));
        assert_eq!(again(&vault)[1..5], [0, 0, 0, 2]);
        assert_eq!(again(&vault)[1..5], [0, 0, 0, 3]);
    }

    #[test]
    fn generated_pairs_are_whole_and_their_halves_belong_together() {
        for spec in key_pair::listed().filter(|spec| !drawn_pair::makes(*spec)) {
            let pair = key_pair::generate(spec).unwrap();
            let again = key_pair::from_pkcs8(spec, &pair.private).unwrap();
            assert_eq!((again.private, again.public), (pair.private, pair.public), "{spec:?}");
        }
        let secp256k1 = KeySpec::Ec { curve: Curve::Secp256k1 };
        let by_library = key_pair::generate(secp256k1).unwrap();
        let again = key_pair::from_pkcs8(secp256k1, &drawn_pair::draw(secp256k1, &mut OsRandom).unwrap().private);
        assert_eq!(again.unwrap().private.len(), by_library.private.len(), "one encoding, whoever makes the pair");
        for bits in [1024, 2056] {
            assert!(matches!(key_pair::generate(KeySpec::Rsa { bits }), Err(VaultError::Unsupported(_))));
        }
    }
}
