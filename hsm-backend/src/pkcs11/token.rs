//! A token that is logged in: its sessions, its random generator and its root key.

use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::vault::VaultError;
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

use super::TokenAddress;
use crate::envelope::KEY_BYTES;
use crate::hierarchy::{Purpose, Root, RootKind};

/// Which function failed with which return value.
pub(super) fn failed(error: Error) -> VaultError {
    VaultError::Failed(match error {
        Error::Pkcs11(value, function) => format!("C_{function:?}: {value:?}"),
        other => other.to_string(),
    })
}

/// A token with a user logged in.
pub(super) struct Token {
    module: Pkcs11,
    slot: Slot,
    /// Keeps the login alive: it ends with the last session (PKCS #11 v2.40 §5.6).
    _anchor: Mutex<Session>,
    /// Sessions that nobody uses; a session belongs to one thread at a time.
    idle: Mutex<Vec<Session>>,
}

impl Token {
    /// Loads the module, finds the token and logs in.
    pub(super) fn login(address: &TokenAddress, pin: &SecretText) -> Result<Self, VaultError> {
        let module = Pkcs11::new(&address.module).map_err(|error| {
            let reason = failed(error);
            VaultError::Failed(format!("the PKCS#11 module {} cannot be loaded: {reason}", address.module.display()))
        })?;
        match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => (),
            Err(error) => return Err(failed(error)),
        }
        let slot = find_slot(&module, &address.token_label)?;
        let anchor = module.open_rw_session(slot).map_err(failed)?;
        match anchor.login(UserType::User, Some(&AuthPin::from(pin.expose_secret()))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => (),
            Err(error) => return Err(failed(error)),
        }
        Ok(Self { module, slot, _anchor: Mutex::new(anchor), idle: Mutex::default() })
    }

    /// What the token can do.
    pub(super) fn mechanisms(&self) -> Result<Vec<MechanismType>, VaultError> {
        self.module.get_mechanism_list(self.slot).map_err(failed)
    }

    /// Lends a session; one that failed is closed, since what it left behind is unknown.
    pub(super) fn with_session<T>(
        &self,
        work: impl FnOnce(&Session) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let session = match idle {
            Some(session) => session,
            None => self.module.open_rw_session(self.slot).map_err(failed)?,
        };
        let result = work(&session);
        if result.is_ok() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        }
        result
    }

    /// Lends the token's random generator.
    pub(super) fn with_random<T>(
        &self,
        work: impl FnOnce(&mut TokenRandom<'_>) -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        self.with_session(|session| work(&mut TokenRandom(session)))
    }
}

fn find_slot(module: &Pkcs11, label: &str) -> Result<Slot, VaultError> {
    let mut labels = Vec::new();
    let mut found = Vec::new();
    for slot in module.get_slots_with_initialized_token().map_err(failed)? {
        let info = module.get_token_info(slot).map_err(failed)?;
        let this = info.label().trim_end().to_owned();
        if this == label {
            found.push(slot);
        }
        labels.push(this);
    }
    match found.as_slice() {
        [slot] => Ok(*slot),
        [] => Err(VaultError::Failed(format!("no token is labelled {label:?}; the module shows {labels:?}"))),
        _ => Err(VaultError::Failed(format!("several tokens are labelled {label:?}"))),
    }
}

/// The random generator of the token (`C_GenerateRandom`).
pub(super) struct TokenRandom<'a>(&'a Session);

impl TryRng for TokenRandom<'_> {
    type Error = VaultError;

    fn try_next_u32(&mut self) -> Result<u32, VaultError> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, VaultError> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), VaultError> {
        if out.is_empty() {
            return Ok(());
        }
        self.0.generate_random_slice(out).map_err(failed)
    }
}

impl TryCryptoRng for TokenRandom<'_> {}

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// The root key on a token. It seals scope and store keys only: far fewer than the 2^32 messages that random nonces allow.
pub(super) struct TokenRoot {
    token: Token,
    key: ObjectHandle,
}

impl TokenRoot {
    /// Makes the root key.
    pub(super) fn create(token: Token, label: &str) -> Result<Self, VaultError> {
        let key = token.with_session(|session| {
            if !session.find_objects(&search(label)).map_err(failed)?.is_empty() {
                return Err(VaultError::Failed(format!("the token has a root key {label:?} already")));
            }
            session.generate_key(&Mechanism::AesKeyGen, &template(label)).map_err(failed)
        })?;
        token.with_session(|session| must_stay(session, key))?;
        Ok(Self { token, key })
    }

    /// Finds the root key.
    pub(super) fn find(token: Token, label: &str) -> Result<Self, VaultError> {
        let key =
            token.with_session(|session| match session.find_objects(&search(label)).map_err(failed)?.as_slice() {
                [key] => must_stay(session, *key).map(|()| *key),
                [] => Err(VaultError::Failed(format!("the token has no AES key labelled {label:?}"))),
                several => {
                    Err(VaultError::Failed(format!("the token has {} AES keys labelled {label:?}", several.len())))
                }
            })?;
        Ok(Self { token, key })
    }

    /// The token that holds it.
    pub(super) fn token(&self) -> &Token {
        &self.token
    }
}

fn search(label: &str) -> Vec<Attribute> {
    vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
    ]
}

fn template(label: &str) -> Vec<Attribute> {
    let own = [
        Attribute::ValueLen((KEY_BYTES as u64).into()),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
    ];
    search(label).into_iter().chain(own).collect()
}

/// Reads back what the token says of the key: a root key that can leave the token is none.
fn must_stay(session: &Session, key: ObjectHandle) -> Result<(), VaultError> {
    let asked = [AttributeType::Sensitive, AttributeType::Extractable];
    let told = session.get_attributes(key, &asked).map_err(failed)?;
    match told.contains(&Attribute::Sensitive(true)) && told.contains(&Attribute::Extractable(false)) {
        true => Ok(()),
        false => Err(VaultError::Failed("the root key on the token is extractable or not sensitive".to_owned())),
    }
}

impl Root for TokenRoot {
    fn seal(&self, purpose: Purpose<'_>, plain: &Secret) -> Result<Vec<u8>, VaultError> {
        let aad = purpose.associated_data();
        self.token.with_session(|session| {
            let mut nonce = [0; NONCE_BYTES];
            TokenRandom(session).try_fill_bytes(&mut nonce)?;
            let mut sealed = RootKind::Token.header();
            sealed.extend_from_slice(&nonce);
            let parameters = GcmParams::new(&mut nonce, &aad, tag_bits()).map_err(failed)?;
            let mechanism = Mechanism::AesGcm(parameters);
            sealed.extend(session.encrypt(&mechanism, self.key, plain.expose_secret()).map_err(failed)?);
            Ok(sealed)
        })
    }

    fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Secret, VaultError> {
        let message = RootKind::Token.strip(sealed)?;
        match self.decrypt(&purpose.associated_data(), message) {
            // Some modules answer a wrong tag with CKR_GENERAL_ERROR: whether the blob or the device is bad, a probe tells.
            Err(VaultError::Failed(_)) if self.works() => Err(does_not_open()),
            result => result,
        }
    }
}

impl TokenRoot {
    fn decrypt(&self, aad: &[u8], message: &[u8]) -> Result<Secret, VaultError> {
        let (nonce, ciphertext) = message.split_first_chunk::<NONCE_BYTES>().ok_or_else(does_not_open)?;
        if ciphertext.len() < TAG_BYTES {
            return Err(does_not_open());
        }
        let mut nonce = *nonce;
        self.token.with_session(|session| {
            let parameters = GcmParams::new(&mut nonce, aad, tag_bits()).map_err(failed)?;
            let plain = session.decrypt(&Mechanism::AesGcm(parameters), self.key, ciphertext).map_err(failed)?;
            Ok(Secret::from_zeroizing(Zeroizing::new(plain)))
        })
    }

    /// Whether the device does its work: something sealed now opens.
    fn works(&self) -> bool {
        let probe = Secret::copy_from(b"probe");
        let sealed = self.seal(Purpose::Probe, &probe);
        let message = sealed.as_ref().ok().and_then(|sealed| RootKind::Token.strip(sealed).ok());
        let opened = message.map(|message| self.decrypt(&Purpose::Probe.associated_data(), message));
        matches!(opened, Some(Ok(opened)) if opened == probe)
    }
}

fn tag_bits() -> cryptoki::types::Ulong {
    (TAG_BYTES as u64 * 8).into()
}

fn does_not_open() -> VaultError {
    VaultError::DoesNotOpen("damaged, or sealed by another root key or for another purpose".to_owned())
}
