//! The clients' cryptography in software (KMIP 2.1 §6.1: Encrypt, Decrypt, Sign, Signature Verify, MAC, MAC Verify, Hash,
//! Derive Key), for every vault that opens its keys in this process.
//!
//! | module | what it defines |
//! |---|---|
//! | [`algorithms`] | the algorithm table |
//! | [`calls`] | the calls of the seam: which key, which module |
//! | [`stream`], [`transform`] | encryption in parts; one piece is a stream of one part |
//! | [`ciphers`], [`modes`], [`aead`], [`gcm`] | symmetric encryption, on [`block_cipher`] |
//! | [`mac`], [`digest`] | codes and digests |
//! | [`keys`], [`private_keys`] | asymmetric keys from their encodings, and those that are kept parsed |
//! | [`signatures`], [`rsa`], [`rsa_transform`], [`slh_dsa`] | signatures and RSA |
//! | [`ml_kem`] | keys of ML-KEM |
//! | [`derivation`] | key derivation and agreement |
//!
//! aws-lc-rs comes first; RustCrypto fills in what it lacks.
//!
//! **Invariant:** everything that uses an RSA private key is AWS-LC's: it works in constant time and with blinding.

pub(crate) mod aead;
pub(crate) mod algorithms;
mod block_cipher;
pub(crate) mod calls;
pub(crate) mod ciphers;
pub(crate) mod derivation;
pub(crate) mod digest;
mod gcm;
pub(crate) mod keys;
pub(crate) mod mac;
pub(crate) mod ml_kem;
pub(crate) mod modes;
mod private_keys;
pub(crate) mod rsa;
mod rsa_transform;
pub(crate) mod signatures;
pub(crate) mod slh_dsa;
pub(crate) mod stream;
#[cfg(test)]
mod tests;
pub(crate) mod transform;

pub(crate) use self::calls::OpensKeys;
pub(crate) use self::private_keys::{PrivateKeys, name as private_key_name};

/// Gives a vault that [`OpensKeys`] its `Cryptography`.
macro_rules! in_process {
    ($vault:ty) => {
        impl kmip_core::ports::crypto::Cryptography for $vault {
            fn capabilities(&self) -> Vec<Capability> {
                $crate::crypto::algorithms::capabilities()
            }

            fn encrypt(&self, key: Key<'_>, how: &Encryption<'_>, data: &[u8]) -> Result<Encrypted, CryptoError> {
                $crate::crypto::calls::encrypt(self, key, how, data)
            }

            fn decrypt(
                &self,
                key: Key<'_>,
                how: &Encryption<'_>,
                data: &[u8],
                tag: Option<&[u8]>,
            ) -> Result<Secret, CryptoError> {
                $crate::crypto::calls::decrypt(self, key, how, data, tag)
            }

            fn sign(&self, key: Key<'_>, how: &Signing, message: Message<'_>) -> Result<Vec<u8>, CryptoError> {
                $crate::crypto::calls::sign(self, key, how, message)
            }

            fn verify(
                &self,
                key: Key<'_>,
                how: &Signing,
                message: Message<'_>,
                signature: &[u8],
            ) -> Result<bool, CryptoError> {
                $crate::crypto::calls::verify(key, how, message, signature)
            }

            fn derive(&self, key: Option<Key<'_>>, how: &Derivation<'_>, length: usize) -> Result<Secret, CryptoError> {
                $crate::crypto::calls::derive(self, key, how, length)
            }

            fn begin_encrypt(&self, key: Key<'_>, how: &Encryption<'_>) -> Result<Box<dyn Transform>, CryptoError> {
                $crate::crypto::calls::begin_encrypt(self, key, how)
            }

            fn begin_decrypt(&self, key: Key<'_>, how: &Encryption<'_>) -> Result<Box<dyn Transform>, CryptoError> {
                $crate::crypto::calls::begin_decrypt(self, key, how)
            }

            fn begin_sign(&self, key: Key<'_>, how: &Signing) -> Result<Box<dyn Accumulator>, CryptoError> {
                $crate::crypto::calls::begin_sign(self, key, how)
            }

            fn begin_verify(&self, key: Key<'_>, how: &Signing) -> Result<Box<dyn Accumulator>, CryptoError> {
                $crate::crypto::calls::begin_verify(key, how)
            }

            fn begin_mac(&self, key: Key<'_>, how: &Mac<'_>) -> Result<Box<dyn Accumulator>, CryptoError> {
                $crate::crypto::calls::begin_mac(self, key, how)
            }

            fn begin_hash(&self, hash: Hash) -> Result<Box<dyn Accumulator>, CryptoError> {
                $crate::crypto::calls::begin_hash(hash)
            }

            fn write_container(&self, contents: &Contents<'_>, password: &SecretText) -> Result<Vec<u8>, CryptoError> {
                $crate::pkcs12::write(contents, password.expose_secret())
            }

            fn open_container(&self, file: &[u8], password: &SecretText) -> Result<Opened, CryptoError> {
                $crate::pkcs12::open(file, password.expose_secret())
            }
        }
    };
}
pub(crate) use in_process;
