//! From an address to a root key that is ready for use: find the token, log in, find or make the key, try it.

use std::sync::OnceLock;

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::vault::VaultError;

use super::TokenAddress;
use super::address::Serial;
use super::escape;
use super::module::Entered;
use super::sealing::{self, RootKey};
use super::trouble::Trouble;
use crate::envelope::KEY_BYTES;
use crate::hierarchy::{Purpose, RootKind};

/// Whether the root key must be there or must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Make the root key on a token that has none.
    Create,
    /// Find it.
    Open,
    /// Find it, or make it on a token that has none.
    Ensure,
}

/// The handles of a token; they hold for one epoch of the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct Handles {
    pub(super) slot: Slot,
    /// The root key on the token.
    pub(super) root: ObjectHandle,
    /// What works for it: its copy in the memory of the device, or itself.
    pub(super) working: ObjectHandle,
    /// How the root key seals.
    pub(super) way: RootKind,
    /// Which device it is.
    pub(super) serial: Serial,
}

/// A token with a user logged in.
pub(super) struct Connected {
    pub(super) handles: Handles,
    /// Keeps the login alive: it ends with the last session (PKCS #11 v2.40 §5.6).
    pub(super) anchor: Session,
    /// What the token lists.
    pub(super) mechanisms: Vec<MechanismType>,
}

/// A blob that every root key of a group must open. The first device that connects seals it.
pub(super) type Witness = OnceLock<Vec<u8>>;

/// Connects to the token.
pub(super) fn connect(
    module: &Entered<'_>,
    address: &TokenAddress,
    pin: &SecretText,
    witness: &Witness,
    errand: Errand,
) -> Result<Connected, Trouble> {
    let slot = address.find(module)?;
    let anchor = module.open(slot)?;
    match prepare(module, slot, &anchor, address, pin, witness, errand) {
        Ok((handles, mechanisms)) => Ok(Connected { handles, anchor, mechanisms }),
        Err(trouble) => {
            module.close(anchor);
            Err(trouble)
        }
    }
}

fn prepare(
    module: &Entered<'_>,
    slot: Slot,
    session: &Session,
    address: &TokenAddress,
    pin: &SecretText,
    witness: &Witness,
    errand: Errand,
) -> Result<(Handles, Vec<MechanismType>), Trouble> {
    log_in(session, pin)?;
    let label = &address.root_label;
    let makes = match errand {
        Errand::Create => true,
        Errand::Open => false,
        Errand::Ensure => session.find_objects(&root_search(label))?.is_empty(),
    };
    let root = if makes { create_root(session, label)? } else { find_root(session, label)? };
    let mechanisms = module.functions().get_mechanism_list(slot)?;
    let way = try_root(module, slot, session, &mechanisms, root, witness).inspect_err(|_| {
        if makes {
            // A key that is of no use must not stay behind: its label would be taken.
            let _ = session.destroy_object(root);
        }
    })?;
    let serial = Serial::of(module.functions().get_token_info(slot)?.serial_number());
    let working = working_copy(session, &mechanisms, root, way).unwrap_or(root);
    Ok((Handles { slot, root, working, way, serial }, mechanisms))
}

/// Logs the user in, unless it is.
pub(super) fn log_in(session: &Session, pin: &SecretText) -> Result<(), Trouble> {
    match session.login(UserType::User, Some(&AuthPin::from(pin.expose_secret()))) {
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Checks that a key is fit to be the root, and tells how it seals.
fn try_root(
    module: &Entered<'_>,
    slot: Slot,
    session: &Session,
    mechanisms: &[MechanismType],
    root: ObjectHandle,
    witness: &Witness,
) -> Result<RootKind, Trouble> {
    must_stay(session, mechanisms, root)?;
    let way = sealing::choose(root, witness.get().map(Vec::as_slice), |work| {
        let session = module.open(slot)?;
        let result = work(&session);
        module.close(session);
        result
    })?;
    must_be_the_same(&RootKey { session, key: root, way }, witness)?;
    Ok(way)
}

/// Copies the root key into the memory of the device, where the token's storage does not have to be asked at each use. The copy
/// ends with the session that made it. `None` where a device does not copy it, or where the copy is less bound or of no use.
fn working_copy(
    session: &Session,
    mechanisms: &[MechanismType],
    root: ObjectHandle,
    way: RootKind,
) -> Option<ObjectHandle> {
    let copy = session.copy_object(root, &[Attribute::Token(false)]).ok()?;
    let stays = || must_stay(session, mechanisms, copy).is_ok();
    if stays() && (RootKey { session, key: copy, way }).probe().is_ok() {
        return Some(copy);
    }
    let _ = session.destroy_object(copy);
    None
}

fn create_root(session: &Session, label: &str) -> Result<ObjectHandle, Trouble> {
    if !session.find_objects(&root_search(label))?.is_empty() {
        return Err(refused(format!("the token has a root key {label:?} already")));
    }
    Ok(session.generate_key(&Mechanism::AesKeyGen, &template(label))?)
}

fn find_root(session: &Session, label: &str) -> Result<ObjectHandle, Trouble> {
    match session.find_objects(&root_search(label))?.as_slice() {
        [key] => Ok(*key),
        [] => Err(refused(format!("the token has no AES key labelled {label:?}"))),
        several => Err(refused(format!("the token has {} AES keys labelled {label:?}", several.len()))),
    }
}

/// By what a root key is found.
pub(super) fn root_search(label: &str) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
    ]
}

fn template(label: &str) -> Vec<Attribute> {
    let length = Attribute::ValueLen((KEY_BYTES as u64).into());
    root_search(label).into_iter().chain([length]).chain(root_usage()).collect()
}

/// What a root key is for, and that it stays.
pub(super) fn root_usage() -> [Attribute; 7] {
    [
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(true),
        Attribute::Unwrap(true),
    ]
}

/// A root key that can leave the token is none.
pub(super) fn must_stay(session: &Session, mechanisms: &[MechanismType], key: ObjectHandle) -> Result<(), Trouble> {
    let ways = escape::ways_out(session, mechanisms, key)?;
    match ways.is_empty() {
        true => Ok(()),
        false => Err(refused(format!("the root key can leave the token: {}", ways.join("; ")))),
    }
}

/// Devices of a group hold one key: what the first sealed opens on each.
fn must_be_the_same(root: &RootKey<'_>, witness: &Witness) -> Result<(), Trouble> {
    let probe = Secret::copy_from(b"the root key of a group");
    if witness.get().is_none() {
        // If another device was faster, its blob stays.
        let _ = witness.set(root.seal(Purpose::Probe, &probe)?);
    }
    let sealed = witness.get().expect("invariant: just set");
    match root.open(Purpose::Probe, sealed) {
        Ok(opened) if opened == probe => Ok(()),
        Ok(_) | Err(Trouble::Blob(_) | Trouble::Refused(VaultError::DoesNotOpen(_))) => {
            let text =
                "its root key is not the one of the device that answered first, or it cannot open what that one seals";
            Err(refused(text.to_owned()))
        }
        Err(other) => Err(other),
    }
}

fn refused(text: String) -> Trouble {
    Trouble::Refused(VaultError::Failed(text))
}
