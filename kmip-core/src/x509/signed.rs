//! What certificates, requests and revocation lists have in common: a part that is signed, an algorithm, a signature.

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use spki::AlgorithmIdentifierRef;

use super::Malformed;
use super::algorithm;
use crate::ports::crypto::{CryptoError, Key, Message};
use crate::ports::vault::KeyVault;

/// `SIGNED{...}` (RFC 5912 §4).
pub(crate) struct Signed<'a> {
    /// The bytes that are signed.
    pub part: &'a [u8],
    /// How.
    pub algorithm: AlgorithmIdentifierRef<'a>,
    /// The signature.
    pub signature: &'a [u8],
}

/// Whether a signature is one by a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verification {
    /// It is.
    Right,
    /// It is not.
    Wrong,
    /// The server does not verify signatures of this kind, or not with this key.
    Undecided,
}

impl<'a> Signed<'a> {
    /// Opens one; nothing may follow it.
    pub fn open(der: &'a [u8]) -> Result<Self, Malformed> {
        Self::read(der).map_err(|_| Malformed("it is not a signed structure in DER"))
    }

    fn read(der: &'a [u8]) -> der::Result<Self> {
        let outer = AnyRef::from_der(der)?;
        outer.tag().assert_eq(Tag::Sequence)?;
        let mut inner = SliceReader::new(outer.value())?;
        let part = inner.tlv_bytes()?;
        let algorithm = inner.decode()?;
        let signature: BitStringRef<'a> = inner.decode()?;
        let signature = signature.as_bytes().ok_or_else(|| Tag::BitString.value_error())?;
        inner.finish()?;
        Ok(Self { part, algorithm, signature })
    }

    /// Verifies with a public key (`SubjectPublicKeyInfo`).
    pub fn verify(&self, vault: &dyn KeyVault, public_key: &[u8]) -> Result<Verification, CryptoError> {
        let Some(signing) = algorithm::signing(&self.algorithm) else { return Ok(Verification::Undecided) };
        match vault.verify(Key::Public(public_key), &signing, Message::Data(self.part), self.signature) {
            Ok(true) => Ok(Verification::Right),
            Ok(false) => Ok(Verification::Wrong),
            Err(CryptoError::Vault(error)) => Err(CryptoError::Vault(error)),
            Err(_) => Ok(Verification::Undecided),
        }
    }
}
