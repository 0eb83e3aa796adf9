//! Parsed private keys, kept for the next call: parsing and checking an RSA key costs more than a signature.
//!
//! A kept key is found by the digest of its sealed blob and its binding, and given for the password that opened it if the blob is
//! a container: another blob, binding, password or change of the object finds nothing. Whether the object may be used is the
//! core's question before each call. At most [`KEPT`] keys are kept, the rest and destroyed ones are dropped, and the libraries
//! wipe what they free.

use std::sync::Arc;

use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::crypto::CryptoError;
use kmip_core::ports::vault::{Binding, Sealed};
use quick_cache::sync::Cache;
use sha2::{Digest, Sha256};

use super::keys::PrivateKey;

/// How many parsed keys are kept.
const KEPT: usize = 1024;

/// The parsed private keys of a vault; without a cache, none is kept.
pub(crate) struct PrivateKeys(Option<Cache<[u8; 32], Kept>>);

#[derive(Clone)]
struct Kept {
    key: Arc<PrivateKey>,
    /// Of the container in which it came.
    password: Option<Arc<SecretText>>,
}

impl Default for PrivateKeys {
    fn default() -> Self {
        Self(Some(Cache::new(KEPT)))
    }
}

impl PrivateKeys {
    /// Keeps no key: each call opens and parses it anew.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// The parsed key of a blob, which a password opens if it is a container; `open` gives its PKCS#8 if it is not kept.
    pub(super) fn parsed(
        &self,
        sealed: &Sealed,
        binding: Binding<'_>,
        password: Option<&SecretText>,
        open: impl FnOnce() -> Result<Secret, CryptoError>,
    ) -> Result<Arc<PrivateKey>, CryptoError> {
        let parse = || Ok(Arc::new(PrivateKey::parse(&open()?)?));
        let Some(cache) = &self.0 else { return parse() };
        let name = name(sealed, binding);
        if let Some(kept) = cache.get(&name)
            && kept.password.as_deref() == password
        {
            return Ok(kept.key);
        }
        let key = parse()?;
        let password = password.map(|password| Arc::new(password.clone()));
        cache.insert(name, Kept { key: Arc::clone(&key), password });
        Ok(key)
    }

    /// Drops the key of a blob.
    pub(crate) fn forget(&self, sealed: &Sealed, binding: Binding<'_>) {
        if let Some(cache) = &self.0 {
            cache.remove(&name(sealed, binding));
        }
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.0.as_ref().map_or(0, Cache::len)
    }
}

/// The digest of a blob and its binding.
pub(crate) fn name(sealed: &Sealed, binding: Binding<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [binding.scope.as_bytes(), binding.id.as_bytes(), binding.spec, &sealed.0] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
