//! AES key wrap by a resident key, and of one (NIST SP 800-38F).
//!
//! `C_WrapKey` and `C_UnwrapKey` take keys, not data: what is wrapped or unwrapped for a client is a secret key of the session
//! for so long.

use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{CryptoError, KeyWrap};
use kmip_core::ports::resident::ResidentKind;
use kmip_core::ports::vault::{Answer, Call, VaultError};
use zeroize::Zeroizing;

use super::mechanisms::{self, refused, told};
use super::{Held, objects};
use crate::crypto::stream::{Bytes, copy};
use crate::envelope::KEY_BYTES;
use crate::hierarchy::random_secret;
use crate::key_wrap;
use crate::pkcs11::device::Pace;
use crate::pkcs11::export;
use crate::pkcs11::sealing;
use crate::pkcs11::trouble::Trouble;

/// Under which key a resident key leaves.
pub(in crate::pkcs11) enum Under<'a> {
    /// Another resident key.
    Resident(&'a Held),
    /// An AES key of a client, opened in this process.
    Opened(&'a Secret),
    /// An AES key of this process that nobody else sees.
    Transport(&'a Secret),
}

impl Held {
    /// Takes the key out in the clear, for a client who may have it: neither Sensitive nor kept from being extracted.
    pub(in crate::pkcs11) fn take_out(&self) -> Result<Secret, VaultError> {
        if self.what().sensitive || !self.what().extractable {
            let why = if self.what().extractable { "it is Sensitive" } else { "it is not Extractable" };
            return Err(VaultError::Stays(why.to_owned()));
        }
        let transport = random_secret(KEY_BYTES, &mut self.group.random())?;
        let wrapped = self.wrap_out(KeyWrap::Kwp, &Under::Transport(&transport))?;
        objects::normal(self.what().kind, key_wrap::unwrap_data(&transport, &wrapped, true)?)
    }

    /// Answers the wrapping calls.
    pub(in crate::pkcs11) fn answer(&self, call: &Call<'_>) -> Result<Answer, VaultError> {
        let wrapped = |wrap, data: &Secret| {
            let mut wrapped = wrap_data(self, wrap, data.expose_secret())?;
            Ok(Answer::Bytes(std::mem::take(&mut *wrapped)))
        };
        let unwrapped =
            |wrap, wrapped| unwrap_data(self, wrap, wrapped).map(Secret::from_zeroizing).map(Answer::Secret);
        let answer = match call {
            Call::WrapKw { data } => wrapped(KeyWrap::Kw, data),
            Call::UnwrapKw { wrapped } => unwrapped(KeyWrap::Kw, wrapped),
            Call::WrapKwp { data } => wrapped(KeyWrap::Kwp, data),
            Call::UnwrapKwp { wrapped } => unwrapped(KeyWrap::Kwp, wrapped),
            other => return Err(VaultError::Unsupported(format!("{other:?}"))),
        };
        answer.map_err(|error| match error {
            CryptoError::Vault(error) => error,
            CryptoError::Unsupported(what) => VaultError::Unsupported(what),
            other => VaultError::BadInput(other.to_string()),
        })
    }

    /// Takes the key out wrapped.
    pub(in crate::pkcs11) fn wrap_out(&self, wrap: KeyWrap, under: &Under<'_>) -> Result<Vec<u8>, VaultError> {
        // Not every module refuses to wrap what it was told to keep.
        if !self.what().extractable {
            return Err(VaultError::Stays("it is not Extractable".to_owned()));
        }
        let device = self.known.description.device;
        let _turn = match (self.turn_to_find()?, under) {
            (None, Under::Resident(other)) => other.turn_to_find()?,
            (turn, _) => turn,
        };
        self.group.call_on(device, Pace::Usual, |loan| {
            let key = self.handle(loan)?;
            let wrapped = match under {
                Under::Transport(secret) => {
                    export::with_key(loan.session, secret, |wrapping| wrap_key(loan.session, wrap, wrapping, key))
                }
                Under::Opened(secret) => export::with_key(loan.session, secret, |wrapping| {
                    wrap_for_client(loan.session, wrap, self.what().kind, wrapping, key)
                }),
                Under::Resident(other) if other.known.description.device == device => {
                    wrap_for_client(loan.session, wrap, self.what().kind, other.handle(loan)?, key)
                }
                Under::Resident(_) => {
                    let text = "wrapping by a key on another device than that of the wrapped one";
                    Err(VaultError::Unsupported(text.to_owned()).into())
                }
            };
            wrapped.inspect_err(|trouble| {
                if let Trouble::Device(_) = trouble {
                    self.forget();
                    if let Under::Resident(other) = under {
                        other.forget();
                    }
                }
            })
        })
    }
}

/// Wraps a key of the token for a client: a private key has padding, which the module must do right.
fn wrap_for_client(
    session: &Session,
    wrap: KeyWrap,
    kind: ResidentKind,
    by: ObjectHandle,
    key: ObjectHandle,
) -> Result<Vec<u8>, Trouble> {
    let symmetric = match kind {
        ResidentKind::Aes { bits } | ResidentKind::Hmac { bits } => usize::try_from(bits / 8).ok(),
        ResidentKind::Rsa { .. } | ResidentKind::Ec { .. } => None,
    };
    if wrap == KeyWrap::Kwp && symmetric.is_none_or(|bytes| !bytes.is_multiple_of(8)) {
        wrap_value(session, wrap, by, &[1], 16)?;
    }
    let mut wrapped = wrap_key(session, wrap, by, key)?;
    if let Some(bytes) = symmetric {
        wrapped.truncate(bytes.next_multiple_of(8).saturating_add(8));
    }
    Ok(wrapped)
}

fn wrap_key(session: &Session, wrap: KeyWrap, by: ObjectHandle, key: ObjectHandle) -> Result<Vec<u8>, Trouble> {
    session.wrap_key(&mechanisms::key_wrap(wrap), by, key).map_err(refused)
}

/// Wraps data of a client.
pub(super) fn wrap_data(held: &Held, wrap: KeyWrap, data: &[u8]) -> Result<Bytes, CryptoError> {
    let length = match wrap {
        KeyWrap::Kw if data.len() < 16 || !data.len().is_multiple_of(8) => {
            let wanted = "key wrap (RFC 3394) takes a multiple of 8 bytes, at least 16";
            return Err(CryptoError::Data(format!("{wanted}, not {}", data.len())));
        }
        KeyWrap::Kwp if data.is_empty() => {
            return Err(CryptoError::Data("key wrap with padding (RFC 5649) takes at least one byte".to_owned()));
        }
        KeyWrap::Kw | KeyWrap::Kwp => data.len().next_multiple_of(8).saturating_add(8),
    };
    let wrapped = held.with(Pace::Usual, |session, key| wrap_value(session, wrap, key, data, length));
    wrapped.map(Zeroizing::new).map_err(told)
}

/// Wraps data by a key of the token into `length` bytes. Some modules write the padded length into what they wrap (SoftHSM
/// 2.6), so that zeros would come back with the data: what has padding is unwrapped again, to see.
fn wrap_value(
    session: &Session,
    wrap: KeyWrap,
    by: ObjectHandle,
    data: &[u8],
    length: usize,
) -> Result<Vec<u8>, Trouble> {
    let mut template = session_secret();
    template.push(Attribute::Value(data.to_vec()));
    let object = session.create_object(&template).map_err(refused);
    export::wipe(&mut template);
    let object = object?;
    let wrapped = wrap_key(session, wrap, by, object);
    session.destroy_object(object)?;
    let mut wrapped = wrapped?;
    // Some modules tell a length that is too large, and the binding does not cut the answer to its real length.
    wrapped.truncate(length);
    let as_wanted = wrapped.len() == length
        && (data.len().is_multiple_of(8) || unwrap_value(session, wrap, by, &wrapped)?.expose_secret() == data);
    if !as_wanted {
        let text =
            "AES key wrap of this length by the device that has the key, which pads otherwise than RFC 5649 says";
        return Err(VaultError::Unsupported(text.to_owned()).into());
    }
    Ok(wrapped)
}

/// The inverse of [`wrap_value`].
fn unwrap_value(session: &Session, wrap: KeyWrap, by: ObjectHandle, wrapped: &[u8]) -> Result<Secret, Trouble> {
    let unwrapped = session.unwrap_key(&mechanisms::key_wrap(wrap), by, wrapped, &session_secret());
    let object = unwrapped.map_err(refused)?;
    let value = sealing::read(session, object);
    session.destroy_object(object)?;
    value
}

/// The inverse of [`wrap_data`].
pub(super) fn unwrap_data(held: &Held, wrap: KeyWrap, wrapped: &[u8]) -> Result<Bytes, CryptoError> {
    let shortest = if wrap == KeyWrap::Kw { 24 } else { 16 };
    if wrapped.len() < shortest || !wrapped.len().is_multiple_of(8) {
        return Err(does_not_unwrap());
    }
    let plain = held.with(Pace::Usual, |session, key| unwrap_value(session, wrap, key, wrapped));
    match plain.map_err(told) {
        Ok(plain) => Ok(copy(plain.expose_secret())),
        Err(CryptoError::Data(_)) => Err(does_not_unwrap()),
        Err(other) => Err(other),
    }
}

fn session_secret() -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
    ]
}

fn does_not_unwrap() -> CryptoError {
    CryptoError::Data("the data does not unwrap under this key".to_owned())
}
