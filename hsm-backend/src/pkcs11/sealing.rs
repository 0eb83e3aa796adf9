//! How a root key on a token seals: one table, from which each token gets the first row that it can do.
//!
//! ```text
//! kind 2   nonce (12) ‖ ciphertext ‖ tag (16)          AES-256-GCM by the token
//! kind 3   wrapped data key (40) ‖ sealed message      AES key wrap with padding (RFC 5649) by the token
//! kind 4   wrapped data key (40) ‖ sealed message      AES key wrap (RFC 3394) by the token
//! kind 5   salt (15) ‖ sealed message                  AES of two blocks by the token
//! ```
//! In kinds 3 to 5 a data key, made for this one message, seals in this process by the construction of `envelope`. In kinds 3
//! and 4 the token makes it. In kind 5 it is AES(1 ‖ salt) ‖ AES(2 ‖ salt) under the root key, which is a pseudo-random
//! function of the salt; that way is for devices behind an interface without the mechanisms of the others. Opening follows the kind of the blob, whichever kind the token seals.
//!
//! The nonces of kind 2 are random: one root key must not seal more than 2^32 blobs (NIST SP 800-38D §8.3). Scope and store
//! keys never come near it; in strict mode it is the number of objects that may be made under one root key.

use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use kmip_codec::secret::Secret;
use kmip_core::ports::vault::VaultError;
use rand_core::TryRng;
use zeroize::Zeroizing;

use super::trouble::{Trouble, does_not_open};
use crate::envelope::{EnvelopeKey, KEY_BYTES};
use crate::hierarchy::{Purpose, RootKind};
use crate::random::OsRandom;

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
/// A data key of 32 bytes, wrapped by RFC 3394 or RFC 5649.
const WRAPPED_BYTES: usize = KEY_BYTES + 8;
/// With the number before it, one block.
const SALT_BYTES: usize = 15;

/// The ways to seal, best first.
const WAYS: [RootKind; 4] = [RootKind::Token, RootKind::TokenKwp, RootKind::TokenKw, RootKind::TokenDerived];

/// The first way that the key can be used in, tried with the key: what a token lists is not always what it does. The devices
/// of a group all seal in one way, that of `example` if there is one, so that each opens what another sealed.
pub(super) fn choose(
    key: ObjectHandle,
    example: Option<&[u8]>,
    with_session: impl Fn(&mut dyn FnMut(&Session) -> Result<(), Trouble>) -> Result<(), Trouble>,
) -> Result<RootKind, Trouble> {
    let mut reasons = Vec::new();
    let agreed = example.map(RootKind::split).transpose()?.map(|(kind, _)| kind);
    for way in WAYS.into_iter().filter(|way| agreed.is_none_or(|agreed| agreed == *way)) {
        // Each trial has a session of its own: a failed operation may stay active in it.
        match with_session(&mut |session| RootKey { session, key, way }.probe()) {
            Ok(()) => return Ok(way),
            Err(trouble) => reasons.push(format!("{}: {}", name(way), trouble.reason())),
        }
    }
    let which = if agreed.is_some() { "in the way of its group" } else { "in any way that is known" };
    let text = format!("the root key cannot be used {which}: {}", reasons.join(", "));
    Err(Trouble::Device(text))
}

/// What a way is called.
pub(super) fn name(way: RootKind) -> &'static str {
    match way {
        RootKind::Software => "in software",
        RootKind::Token => "AES-GCM",
        RootKind::TokenKwp => "AES key wrap with padding",
        RootKind::TokenKw => "AES key wrap",
        RootKind::TokenDerived => "AES of single blocks",
    }
}

/// The root key of a token, in a session.
pub(super) struct RootKey<'a> {
    pub(super) session: &'a Session,
    pub(super) key: ObjectHandle,
    /// How it seals.
    pub(super) way: RootKind,
}

impl RootKey<'_> {
    /// Seals `plain` for a purpose.
    pub(super) fn seal(&self, purpose: Purpose<'_>, plain: &Secret) -> Result<Vec<u8>, Trouble> {
        let mut sealed = self.way.header();
        let aad = purpose.associated_data();
        let data_key = match self.way {
            RootKind::Software | RootKind::Token => {
                self.encrypt(&aad, plain, &mut sealed)?;
                return Ok(sealed);
            }
            RootKind::TokenKwp => self.make_data_key(&Mechanism::AesKeyWrapPad, &mut sealed)?,
            RootKind::TokenKw => self.make_data_key(&Mechanism::AesKeyWrap, &mut sealed)?,
            RootKind::TokenDerived => {
                let mut salt = [0; SALT_BYTES];
                OsRandom.try_fill_bytes(&mut salt)?;
                sealed.extend_from_slice(&salt);
                self.derive_data_key(&salt)?
            }
        };
        envelope(&data_key)?.seal(&aad, plain.expose_secret(), &mut sealed, &mut OsRandom)?;
        Ok(sealed)
    }

    /// Opens what `seal` made for the same purpose, in whichever way.
    pub(super) fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Secret, Trouble> {
        let (kind, message) = RootKind::split(sealed)?;
        let aad = purpose.associated_data();
        let (data_key, message) = match kind {
            RootKind::Software => return Err(RootKind::of_another_vault().into()),
            RootKind::Token => return self.decrypt(&aad, message),
            RootKind::TokenKwp => self.unwrap_data_key(&Mechanism::AesKeyWrapPad, message)?,
            RootKind::TokenKw => self.unwrap_data_key(&Mechanism::AesKeyWrap, message)?,
            RootKind::TokenDerived => {
                let (salt, message) = message.split_first_chunk().ok_or_else(does_not_open)?;
                (self.derive_data_key(salt)?, message)
            }
        };
        Ok(envelope(&data_key)?.open(&aad, message).ok_or_else(does_not_open)?)
    }

    /// Whether the key does its work: something sealed now opens.
    pub(super) fn probe(&self) -> Result<(), Trouble> {
        let probe = Secret::copy_from(b"probe");
        let sealed = self.seal(Purpose::Probe, &probe)?;
        match self.open(Purpose::Probe, &sealed)? == probe {
            true => Ok(()),
            false => Err(Trouble::Device("the root key opens something else than it sealed".to_owned())),
        }
    }

    fn encrypt(&self, aad: &[u8], plain: &Secret, sealed: &mut Vec<u8>) -> Result<(), Trouble> {
        let mut nonce = [0; NONCE_BYTES];
        OsRandom.try_fill_bytes(&mut nonce)?;
        sealed.extend_from_slice(&nonce);
        let mechanism = Mechanism::AesGcm(GcmParams::new(&mut nonce, aad, tag_bits())?);
        sealed.extend(self.session.encrypt(&mechanism, self.key, plain.expose_secret())?);
        Ok(())
    }

    fn decrypt(&self, aad: &[u8], message: &[u8]) -> Result<Secret, Trouble> {
        let (nonce, ciphertext) = message.split_first_chunk::<NONCE_BYTES>().ok_or_else(does_not_open)?;
        if ciphertext.len() < TAG_BYTES {
            return Err(does_not_open().into());
        }
        let mut nonce = *nonce;
        let mechanism = Mechanism::AesGcm(GcmParams::new(&mut nonce, aad, tag_bits())?);
        let plain = self.session.decrypt(&mechanism, self.key, ciphertext).map_err(Trouble::of_blob)?;
        Ok(Secret::from_zeroizing(Zeroizing::new(plain)))
    }

    /// Makes a data key, and writes it wrapped by the root key.
    fn make_data_key(&self, mechanism: &Mechanism<'_>, sealed: &mut Vec<u8>) -> Result<Secret, Trouble> {
        let template = readable([Attribute::ValueLen((KEY_BYTES as u64).into())]);
        let key = self.session.generate_key(&Mechanism::AesKeyGen, &template)?;
        let value = read(self.session, key);
        let wrapped = self.session.wrap_key(mechanism, self.key, key);
        self.session.destroy_object(key)?;
        // Some modules tell a length that is too large, and the binding does not cut the answer to its real length.
        sealed.extend(wrapped?.into_iter().take(WRAPPED_BYTES));
        value
    }

    /// The data key at the begin of a message, and the rest.
    fn unwrap_data_key<'m>(&self, mechanism: &Mechanism<'_>, message: &'m [u8]) -> Result<(Secret, &'m [u8]), Trouble> {
        let (wrapped, message) = message.split_at_checked(WRAPPED_BYTES).ok_or_else(does_not_open)?;
        let template = readable([Attribute::Class(ObjectClass::SECRET_KEY), Attribute::KeyType(KeyType::AES)]);
        let unwrapped = self.session.unwrap_key(mechanism, self.key, wrapped, &template);
        let key = unwrapped.map_err(Trouble::of_blob)?;
        let value = read(self.session, key);
        self.session.destroy_object(key)?;
        Ok((value?, message))
    }

    fn derive_data_key(&self, salt: &[u8; SALT_BYTES]) -> Result<Secret, Trouble> {
        let blocks = [&[1], salt.as_slice(), &[2], salt].concat();
        let key = Zeroizing::new(self.session.encrypt(&Mechanism::AesEcb, self.key, &blocks)?);
        Ok(Secret::from_zeroizing(key))
    }
}

/// The template of a data key: this session only, and its value can be read.
fn readable<const N: usize>(own: [Attribute; N]) -> Vec<Attribute> {
    let common = [Attribute::Token(false), Attribute::Sensitive(false), Attribute::Extractable(true)];
    own.into_iter().chain(common).collect()
}

/// Reads the value of a key. A token that keeps it back answers with no attribute, not with an error.
pub(super) fn read(session: &Session, key: ObjectHandle) -> Result<Secret, Trouble> {
    let told = session.get_attributes(key, &[AttributeType::Value])?;
    match told.into_iter().next() {
        Some(Attribute::Value(value)) => Ok(Secret::from_zeroizing(Zeroizing::new(value))),
        _ => Err(VaultError::Failed("the token does not show the value of a key of its session".to_owned()).into()),
    }
}

fn envelope(data_key: &Secret) -> Result<EnvelopeKey, Trouble> {
    Ok(EnvelopeKey::new(data_key.expose_secret()).ok_or_else(does_not_open)?)
}

fn tag_bits() -> cryptoki::types::Ulong {
    (TAG_BYTES as u64 * 8).into()
}
