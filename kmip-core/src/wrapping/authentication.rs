//! The code or signature of wrapped keys (KMIP 2.1 §3.3 MAC/Signature Key Information): a symmetric key makes and checks a
//! message authentication code, a private key signs, and its public key checks the signature. Either key of a pair may be
//! named.

use kmip_codec::attribute::values::{CryptographicParameters, UniqueIdentifier};
use kmip_codec::object::MacSignatureKeyInformation;
use kmip_codec::registry::{CryptographicUsageMask, LinkType, ObjectType};
use kmip_codec::value::ByteString;

use super::wrapping_key::{self, Purpose};
use crate::batch::Context;
use crate::cryptography::key::{self, Prepared};
use crate::cryptography::signature::{self, Choice};
use crate::cryptography::{mac, usage};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::object::Record;
use crate::ports::crypto::{Mac, Message, Signing};
use crate::txn::View;

/// What is made over a Key Value.
enum Scheme {
    Mac(Mac<'static>),
    Signature(Signing),
}

/// A key that authenticates keys, with what it takes to do so.
pub(super) struct Authentication {
    named: UniqueIdentifier,
    key: View,
    scheme: Scheme,
    parameters: CryptographicParameters,
}

impl Authentication {
    /// The key that a MAC/Signature Key Information names, if it may be used so.
    pub fn find(
        context: &mut Context<'_>,
        information: &MacSignatureKeyInformation,
        purpose: Purpose,
    ) -> OpResult<Self> {
        let Some(id) = &information.unique_identifier else {
            return fail(Fault::InvalidMessage, "MAC/Signature Key Information names no key");
        };
        let found = wrapping_key::find(context, id)?;
        let named = UniqueIdentifier::Text(found.id.clone());
        let parameters = information.cryptographic_parameters.as_ref();
        let parameters = wrapping_key::parameters(parameters, &found, purpose)?;
        let key = match (found.object_type, purpose) {
            (ObjectType::SymmetricKey, _) => found,
            (ObjectType::PrivateKey, Purpose::Wrap) | (ObjectType::PublicKey, Purpose::Unwrap) => found,
            (ObjectType::PublicKey, Purpose::Wrap) => {
                wrapping_key::other_of_pair(context, &found, LinkType::PrivateKeyLink)?
            }
            (ObjectType::PrivateKey, Purpose::Unwrap) => {
                wrapping_key::other_of_pair(context, &found, LinkType::PublicKeyLink)?
            }
            _ => return wrapping_key::unfit(&found),
        };
        wrapping_key::permit(&key, masks(&key, purpose), purpose, context.now)?;
        let scheme = scheme(&key, &parameters).map_err(wrapping_key::as_bad_parameters)?;
        Ok(Self { named, key, scheme, parameters })
    }

    /// What Key Wrapping Data says of it.
    pub fn information(self) -> MacSignatureKeyInformation {
        MacSignatureKeyInformation {
            unique_identifier: Some(self.named),
            cryptographic_parameters: Some(self.parameters),
        }
    }

    /// The code or signature of bytes.
    pub fn make(&self, context: &mut Context<'_>, bytes: &[u8]) -> OpResult<ByteString> {
        key::pace(context, &self.key)?;
        usage::charge(context, &self.key, bytes.len())?;
        let prepared = Prepared::new(context, &self.key)?;
        let vault = context.engine.vault.as_ref();
        let made = prepared.with(|key| match &self.scheme {
            Scheme::Mac(code) => vault.mac(key, code, bytes),
            Scheme::Signature(signing) => vault.sign(key, signing, Message::Data(bytes)),
        })?;
        Ok(ByteString::new(&made))
    }

    /// Refuses bytes that do not have the code or signature that is claimed.
    pub fn check(&self, context: &mut Context<'_>, bytes: &[u8], claimed: Option<&ByteString>) -> OpResult<()> {
        let Some(claimed) = claimed.map(ByteString::as_slice) else {
            return fail(Fault::CryptographicFailure, "the Key Wrapping Data has no MAC/Signature");
        };
        let prepared = Prepared::new(context, &self.key)?;
        let vault = context.engine.vault.as_ref();
        let valid = prepared.with(|key| match &self.scheme {
            Scheme::Mac(code) => vault.mac_verify(key, code, bytes, claimed),
            Scheme::Signature(signing) => vault.verify(key, signing, Message::Data(bytes), claimed),
        })?;
        if valid { Ok(()) } else { fail(Fault::CryptographicFailure, "the MAC/Signature is not that of the Key Value") }
    }
}

fn masks(key: &Record, purpose: Purpose) -> CryptographicUsageMask {
    match (key.object_type, purpose) {
        (ObjectType::PrivateKey, _) => CryptographicUsageMask::Sign,
        (ObjectType::PublicKey, _) => CryptographicUsageMask::Verify,
        (_, Purpose::Wrap) => CryptographicUsageMask::MACGenerate,
        (_, Purpose::Unwrap) => CryptographicUsageMask::MACVerify | CryptographicUsageMask::MACGenerate,
    }
}

fn scheme(key: &Record, parameters: &CryptographicParameters) -> OpResult<Scheme> {
    if key.object_type == ObjectType::SymmetricKey {
        return mac::choose(key::algorithm(key), parameters).map(Scheme::Mac);
    }
    match signature::choose(key, parameters, None)? {
        Choice::Scheme(signing) => Ok(Scheme::Signature(signing)),
        Choice::OtherKey => {
            Err(OpError::new(Fault::BadCryptographicParameters, "the parameters are those of another kind of key"))
        }
    }
}
