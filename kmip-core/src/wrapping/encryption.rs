//! The encryption of wrapped keys (KMIP 2.1 §3.3 Encryption Key Information): a symmetric key in any mode that the vault
//! has, NIST key wrap first, or an RSA pair. A tag of an authenticated cipher follows the wrapped bytes.

use kmip_codec::attribute::values::{CryptographicParameters, UniqueIdentifier};
use kmip_codec::object::EncryptionKeyInformation;
use kmip_codec::registry::{BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, LinkType, ObjectType};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use kmip_codec::version::V2_0;
use zeroize::Zeroizing;

use super::wrapping_key::{self, Purpose};
use crate::batch::Context;
use crate::cryptography::cipher::{self, Iv};
use crate::cryptography::key::{self, Prepared};
use crate::cryptography::usage;
use crate::error::{Fault, OpResult, fail};
use crate::material::Bound;
use crate::object::{Record, attribute_of};
use crate::ports::crypto::{CryptoError, KeyWrap};
use crate::ports::vault::{Answer, Call, Sealed};
use crate::txn::View;

/// How the wrapping key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// KW (RFC 3394): multiples of 8 bytes.
    Kw,
    /// KWP (RFC 5649): any length.
    Kwp,
    /// By another cipher of Encrypt and Decrypt.
    Cipher,
}

/// A key that encrypts or decrypts keys, with what it takes to do so.
pub(super) struct Encryption {
    named: UniqueIdentifier,
    key: View,
    mode: Mode,
    parameters: CryptographicParameters,
}

impl Encryption {
    /// The key that an Encryption Key Information names, if it may be used so.
    pub fn find(context: &mut Context<'_>, information: &EncryptionKeyInformation, purpose: Purpose) -> OpResult<Self> {
        let found = wrapping_key::find(context, &information.unique_identifier)?;
        let named = UniqueIdentifier::Text(found.id.clone());
        let parameters = information.cryptographic_parameters.as_ref();
        let parameters = wrapping_key::parameters(parameters, &found, purpose)?;
        let key = match (found.object_type, purpose) {
            (ObjectType::SymmetricKey, _) => found,
            (ObjectType::PublicKey | ObjectType::Certificate, Purpose::Wrap) => found,
            (ObjectType::PrivateKey, Purpose::Unwrap) => found,
            (ObjectType::PublicKey | ObjectType::Certificate, Purpose::Unwrap) => {
                wrapping_key::other_of_pair(context, &found, LinkType::PrivateKeyLink)?
            }
            _ => return wrapping_key::unfit(&found),
        };
        let masks = match purpose {
            Purpose::Wrap => CryptographicUsageMask::WrapKey,
            // The cases of 1.4 unwrap with keys that have Wrap Key alone (TC-WRAP-2, TC-WRAP-3); from 2.0 Unwrap Key "applies to
            // Get operation when unwrapping is required" (KMIP 2.1 §12.1).
            Purpose::Unwrap if context.version < V2_0 => {
                CryptographicUsageMask::UnwrapKey | CryptographicUsageMask::WrapKey
            }
            Purpose::Unwrap => CryptographicUsageMask::UnwrapKey,
        };
        wrapping_key::permit(&key, masks, purpose, context.now)?;
        Ok(Self { named, mode: mode(&key, &parameters)?, key, parameters })
    }

    /// Whether the key is this object.
    pub fn is_by(&self, record: &Record) -> bool {
        self.key.id == record.id
    }

    /// What Key Wrapping Data says of it.
    pub fn information(self) -> EncryptionKeyInformation {
        EncryptionKeyInformation { unique_identifier: self.named, cryptographic_parameters: Some(self.parameters) }
    }

    /// Whether the cipher takes bytes in some number only, which the TTLV encoding always has.
    pub fn takes(&self, length: usize) -> bool {
        self.mode != Mode::Kw || (length >= 16 && length.is_multiple_of(8))
    }

    /// Wraps bytes; tells the initialization vector that was drawn, where there is one.
    pub fn protect(&self, context: &mut Context<'_>, data: &Secret) -> OpResult<(Secret, Option<ByteString>)> {
        usage::charge(context, &self.key, data.len())?;
        let call = match self.mode {
            Mode::Kw => Call::WrapKw { data },
            Mode::Kwp => Call::WrapKwp { data },
            Mode::Cipher => {
                let vault = context.engine.vault.as_ref();
                let cipher = self.cipher(Iv::Drawn(vault))?;
                let prepared = Prepared::new(context, &self.key)?;
                let how = cipher.encryption();
                let made = prepared.with(|key| vault.encrypt(key, &how, data.expose_secret()).map_err(as_unfit))?;
                let wrapped = [made.data, made.tag.unwrap_or_default()].concat();
                let iv = (!cipher.iv().is_empty()).then(|| ByteString::new(cipher.iv()));
                return Ok((Secret::from_zeroizing(Zeroizing::new(wrapped)), iv));
            }
        };
        Ok((self.perform(context, call)?, None))
    }

    /// Lets the vault wrap a key that is in hardware, as it is there; `None` if that takes another cipher than NIST key wrap.
    pub fn protect_resident(
        &self,
        context: &mut Context<'_>,
        record: &Record,
        sealed: &Sealed,
    ) -> OpResult<Option<Secret>> {
        let wrap = match self.mode {
            Mode::Kw => KeyWrap::Kw,
            Mode::Kwp => KeyWrap::Kwp,
            Mode::Cipher => return Ok(None),
        };
        let bits = attribute_of!(record, CryptographicLength).copied().unwrap_or_default();
        usage::charge(context, &self.key, usize::try_from(bits / 8).unwrap_or_default())?;
        let (vault, bound) = (context.engine.vault.as_ref(), Bound::of(record));
        let prepared = Prepared::new(context, &self.key)?;
        let wrapped = prepared.with(|key| vault.wrap_resident(sealed, bound.binding(), key, wrap).map_err(as_unfit))?;
        Ok(Some(Secret::copy_from(&wrapped)))
    }

    /// Unwraps bytes.
    pub fn open(&self, context: &mut Context<'_>, wrapped: &[u8], iv: Option<&ByteString>) -> OpResult<Secret> {
        match self.mode {
            Mode::Kw => self.perform(context, Call::UnwrapKw { wrapped }),
            Mode::Kwp => self.perform(context, Call::UnwrapKwp { wrapped }),
            Mode::Cipher => {
                let vault = context.engine.vault.as_ref();
                let cipher = self.cipher(iv.map_or(Iv::Missing, |iv| Iv::Given(iv.as_slice())))?;
                let prepared = Prepared::new(context, &self.key)?;
                key::pace(context, &self.key)?;
                prepared.with(|key| vault.decrypt(key, &cipher.encryption(), wrapped, None))
            }
        }
    }

    fn cipher(&self, iv: Iv<'_>) -> OpResult<cipher::Call> {
        cipher::Call::new(key::algorithm(&self.key), &self.parameters, iv, None)
            .map_err(wrapping_key::as_bad_parameters)
    }

    fn perform(&self, context: &Context<'_>, call: Call<'_>) -> OpResult<Secret> {
        let Some(material) = &self.key.material else {
            return fail(Fault::KeyValueMissing, "the server has no key value for the wrapping key");
        };
        match context.engine.vault.perform(&material.sealed, Bound::of(&self.key).binding(), call)? {
            Answer::Bytes(bytes) => Ok(Secret::copy_from(&bytes)),
            Answer::Secret(secret) => Ok(secret),
        }
    }
}

fn mode(key: &Record, parameters: &CryptographicParameters) -> OpResult<Mode> {
    let algorithm = key::algorithm(key);
    let by_block = matches!(algorithm, Some(CryptographicAlgorithm::AES | CryptographicAlgorithm::DES3));
    let mode = match parameters.block_cipher_mode {
        Some(BlockCipherMode::NISTKeyWrap) => Mode::Kw,
        Some(BlockCipherMode::AESKeyWrapPadding) => Mode::Kwp,
        None if by_block => {
            return fail(Fault::BadCryptographicParameters, "Block Cipher Mode is required to wrap");
        }
        _ => Mode::Cipher,
    };
    if mode != Mode::Cipher && algorithm != Some(CryptographicAlgorithm::AES) {
        return fail(Fault::BadCryptographicParameters, "NIST key wrap needs an AES key");
    }
    Ok(mode)
}

/// A key of a length that the cipher does not take is the fault of the parameters: the data is the server's own.
fn as_unfit(error: CryptoError) -> CryptoError {
    match error {
        CryptoError::Data(why) => CryptoError::Parameters(why),
        error => error,
    }
}
