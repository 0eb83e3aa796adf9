//! The cryptography of a vault with devices: resident keys work in their device, all others in this process.

use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::container::{Contents, Opened};
use kmip_core::ports::crypto::{
    Accumulator, Capability, CryptoError, Cryptography, Derivation, Encrypted, Encryption, Hash, Key, KeyWrap, Mac,
    Message, Signing, Transform,
};
use kmip_core::ports::vault::VaultError;
use subtle::ConstantTimeEq;

use super::Pkcs11Vault;
use super::resident::Held;
use super::resident::uses::CodeStream;
use super::resident::wrapping::Under;
use crate::crypto::calls;
use crate::crypto::stream::{Direction, Parts};
use crate::pkcs12;
use crate::scope_keys::is_resident;

impl Pkcs11Vault {
    /// The key of a call, if it is a resident one. It has one form only, so nothing is converted.
    pub(super) fn resident(&self, key: Key<'_>) -> Result<Option<Held>, CryptoError> {
        match key {
            Key::Sealed(sealed, binding) | Key::Converted(sealed, binding, _) if is_resident(sealed) => {
                Ok(Some(self.residents.held(sealed, binding, &self.scopes)?))
            }
            _ => Ok(None),
        }
    }

    /// Takes a resident key out, wrapped under another key.
    pub(super) fn wrap_out(&self, held: &Held, under: Key<'_>, wrap: KeyWrap) -> Result<Vec<u8>, CryptoError> {
        let wrapped = match self.resident(under)? {
            Some(other) => held.wrap_out(wrap, &Under::Resident(&other)),
            None => calls::with_material(self, under, |secret| held.wrap_out(wrap, &Under::Opened(secret)))?,
        };
        wrapped.map_err(|error| match error {
            VaultError::Unsupported(what) => CryptoError::Unsupported(what),
            VaultError::BadInput(what) => CryptoError::Data(what),
            other => CryptoError::Vault(other),
        })
    }
}

impl Cryptography for Pkcs11Vault {
    fn capabilities(&self) -> Vec<Capability> {
        crate::crypto::algorithms::capabilities()
    }

    fn encrypt(&self, key: Key<'_>, how: &Encryption<'_>, data: &[u8]) -> Result<Encrypted, CryptoError> {
        match self.resident(key)? {
            Some(held) => held.encrypt(how, data),
            None => calls::encrypt(self, key, how, data),
        }
    }

    fn decrypt(
        &self,
        key: Key<'_>,
        how: &Encryption<'_>,
        data: &[u8],
        tag: Option<&[u8]>,
    ) -> Result<Secret, CryptoError> {
        match self.resident(key)? {
            Some(held) => held.decrypt(how, data, tag).map(Secret::from_zeroizing),
            None => calls::decrypt(self, key, how, data, tag),
        }
    }

    fn sign(&self, key: Key<'_>, how: &Signing, message: Message<'_>) -> Result<Vec<u8>, CryptoError> {
        match self.resident(key)? {
            Some(held) => held.sign(how, message),
            None => calls::sign(self, key, how, message),
        }
    }

    fn verify(&self, key: Key<'_>, how: &Signing, message: Message<'_>, signature: &[u8]) -> Result<bool, CryptoError> {
        calls::verify(key, how, message, signature)
    }

    fn mac(&self, key: Key<'_>, how: &Mac<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        if let Some(held) = self.resident(key)? {
            return held.mac(how, data);
        }
        let mut stream = calls::begin_mac(self, key, how)?;
        stream.update(data)?;
        stream.finish()
    }

    fn mac_verify(&self, key: Key<'_>, how: &Mac<'_>, data: &[u8], mac: &[u8]) -> Result<bool, CryptoError> {
        if let Some(held) = self.resident(key)? {
            return Ok(held.mac(how, data)?.ct_eq(mac).into());
        }
        let mut stream = calls::begin_mac(self, key, how)?;
        stream.update(data)?;
        stream.verify(mac)
    }

    fn derive(&self, key: Option<Key<'_>>, how: &Derivation<'_>, length: usize) -> Result<Secret, CryptoError> {
        match key.map(|key| self.resident(key)).transpose()?.flatten() {
            Some(held) => held.derive(how, length),
            None => calls::derive(self, key, how, length),
        }
    }

    fn begin_encrypt(&self, key: Key<'_>, how: &Encryption<'_>) -> Result<Box<dyn Transform>, CryptoError> {
        let Some(held) = self.resident(key)? else { return calls::begin_encrypt(self, key, how) };
        Ok(Box::new(Parts(held.stream(how, Direction::Encrypt)?)))
    }

    fn begin_decrypt(&self, key: Key<'_>, how: &Encryption<'_>) -> Result<Box<dyn Transform>, CryptoError> {
        let Some(held) = self.resident(key)? else { return calls::begin_decrypt(self, key, how) };
        Ok(Box::new(Parts(held.stream(how, Direction::Decrypt)?)))
    }

    fn begin_sign(&self, key: Key<'_>, how: &Signing) -> Result<Box<dyn Accumulator>, CryptoError> {
        match self.resident(key)? {
            Some(held) => Ok(calls::begin_sign_elsewhere(how, Box::new(move |how, message| held.sign(how, message)))),
            None => calls::begin_sign(self, key, how),
        }
    }

    fn begin_verify(&self, key: Key<'_>, how: &Signing) -> Result<Box<dyn Accumulator>, CryptoError> {
        calls::begin_verify(key, how)
    }

    fn begin_mac(&self, key: Key<'_>, how: &Mac<'_>) -> Result<Box<dyn Accumulator>, CryptoError> {
        match self.resident(key)? {
            Some(held) => CodeStream::boxed(held, how),
            None => calls::begin_mac(self, key, how),
        }
    }

    fn begin_hash(&self, hash: Hash) -> Result<Box<dyn Accumulator>, CryptoError> {
        calls::begin_hash(hash)
    }

    fn write_container(&self, contents: &Contents<'_>, password: &SecretText) -> Result<Vec<u8>, CryptoError> {
        pkcs12::write(contents, password.expose_secret())
    }

    fn open_container(&self, file: &[u8], password: &SecretText) -> Result<Opened, CryptoError> {
        pkcs12::open(file, password.expose_secret())
    }
}
