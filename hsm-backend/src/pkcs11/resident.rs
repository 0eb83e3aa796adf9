//! Resident keys: token objects of a device, which do their work there.
//!
//! Beside enveloped objects, whose material is sealed in the store, a vault keeps resident ones: a token object whose `CKA_ID`
//! is the object's Unique Identifier and whose `CKA_LABEL` is the configured label of the root key, `/` and the scope. The blob of a
//! resident object is a sealed [`Description`]; it opens only for the object that it was made for, so that a record
//! copied onto another object reaches no key. Nothing on a token without such a label and identifier is ever touched.
//!
//! A key lives on one device, whatever other devices the vault has: if it is lost, the key is out of reach until it is back.
//! Handles are kept for as long as the connection to the device lasts; the first use after that looks for the object once
//! (`C_FindObjects`, which takes longer the more objects a token has). Objects are changed and looked for one at a time (`turns`).
//!
//! | module | what it defines |
//! |---|---|
//! | `description` | what a blob says |
//! | `objects` | token objects: templates, making, finding, removing |
//! | `mechanisms` | which PKCS#11 mechanism does what |
//! | `ciphers`, `uses` | encryption; signatures, codes, derivation with a resident key |
//! | `turns` | one change of objects at a time |
//! | `wrapping` | key wrap by a resident key and of one |

mod ciphers;
mod description;
pub(super) mod mechanisms;
mod objects;
mod turns;
pub(super) mod uses;
pub(super) mod wrapping;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use kmip_codec::secret::Secret;
use kmip_core::ports::resident::{Residence, ResidentKind, ResidentObject};
use kmip_core::ports::vault::{Binding, Generated, Sealed, VaultError};
use quick_cache::sync::Cache;
use zeroize::Zeroizing;

use self::description::Description;
use self::turns::{Turn, Turns};
use super::address::Serial;
use super::device::{Loan, Pace};
use super::group::Group;
use super::trouble::Trouble;
use crate::crypto::private_key_name;
use crate::random::OsRandom;
use crate::roots::Roots;
use crate::scope_keys::{Content, ScopeKeys};

/// How many descriptions and handles are kept.
const KEPT: usize = 1 << 16;

/// The resident keys of a vault.
pub(super) struct Residents {
    group: Arc<Group>,
    roots: Arc<Roots>,
    turns: Arc<Turns>,
    known: Cache<[u8; 32], Arc<Known>>,
}

/// A resident key whose blob was opened.
struct Known {
    description: Description,
    scope: Box<str>,
    /// The handle, and the number of the connection that it belongs to.
    handle: Mutex<Option<(u64, ObjectHandle)>>,
}

/// A key that was just made, with its handle and the number of the connection.
struct Made {
    description: Description,
    handle: (u64, ObjectHandle),
}

/// A resident key that is about to be used.
#[derive(Clone)]
pub(super) struct Held {
    group: Arc<Group>,
    turns: Arc<Turns>,
    known: Arc<Known>,
}

impl Residents {
    pub(super) fn new(group: Arc<Group>, roots: Arc<Roots>, patience: Duration) -> Self {
        Self { group, roots, turns: Arc::new(Turns::new(patience)), known: Cache::new(KEPT) }
    }

    /// The key of a blob. Whether the object exists shows its first use.
    pub(super) fn held(&self, sealed: &Sealed, binding: Binding<'_>, scopes: &ScopeKeys) -> Result<Held, VaultError> {
        let name = private_key_name(sealed, binding);
        if let Some(known) = self.known.get(&name) {
            return Ok(self.hold(known));
        }
        let plain = scopes.open(Content::Residence, sealed, binding, &*self.roots)?;
        let description = Description::parse(plain.expose_secret())?;
        if description.id != binding.id {
            return Err(VaultError::DoesNotOpen("the description of a resident key names another object".to_owned()));
        }
        let known = Arc::new(Known { description, scope: binding.scope.into(), handle: Mutex::new(None) });
        self.known.insert(name, Arc::clone(&known));
        Ok(self.hold(known))
    }

    fn hold(&self, known: Arc<Known>) -> Held {
        Held { group: Arc::clone(&self.group), turns: Arc::clone(&self.turns), known }
    }

    /// Whether every device that serves makes keys of a kind.
    pub(super) fn may_reside(&self, kind: ResidentKind) -> Result<(), VaultError> {
        let needed = objects::needed_for(kind)?;
        let listed = self.group.mechanisms();
        match needed.iter().find(|mechanism| !listed.contains(mechanism)) {
            None => Ok(()),
            Some(missing) => Err(VaultError::Unsupported(format!("{kind} on this token, which has no {missing}"))),
        }
    }

    /// Makes a key on the first device that serves.
    pub(super) fn generate(
        &self,
        what: Residence,
        binding: Binding<'_>,
        scopes: &ScopeKeys,
    ) -> Result<Generated, VaultError> {
        self.may_reside(what.kind)?;
        let pace = if objects::is_pair(what.kind) { Pace::Slow } else { Pace::Usual };
        let (made, public) = self.make(pace, what, binding, |loan| objects::generate(loan, what, binding))?;
        let sealed = self.describe(made, binding, scopes)?;
        Ok(match public {
            Some(public) => Generated::Pair { private: sealed, public },
            None => Generated::Symmetric(sealed),
        })
    }

    /// Brings material onto the first device that serves.
    pub(super) fn import(
        &self,
        what: Residence,
        secret: &Secret,
        binding: Binding<'_>,
        scopes: &ScopeKeys,
    ) -> Result<Sealed, VaultError> {
        self.may_reside(what.kind)?;
        let normal = objects::importable(what.kind, secret)?;
        let import = objects::Import::new(normal.as_ref().unwrap_or(secret), &mut self.group.random())?;
        let onto = |loan: &Loan<'_>| Ok((import.onto(loan, what, binding)?, ()));
        let (made, ()) = self.make(Pace::Usual, what, binding, onto)?;
        self.describe(made, binding, scopes)
    }

    /// Makes an object. Work that is begun again takes away what the first attempt may have left.
    fn make<T>(
        &self,
        pace: Pace,
        what: Residence,
        binding: Binding<'_>,
        work: impl Fn(&Loan<'_>) -> Result<(ObjectHandle, T), Trouble>,
    ) -> Result<(Made, T), VaultError> {
        // A device may search minutes for the primes of an RSA key: that must not hold up the rest.
        let _turn = if matches!(what.kind, ResidentKind::Rsa { .. }) { None } else { Some(self.turns.take()?) };
        let mut again = false;
        self.group.call(pace, |loan| {
            if std::mem::replace(&mut again, true) {
                objects::remove(loan, binding.scope, binding.id)?;
            }
            let (handle, made) = work(loan)?;
            let description = Description { device: loan.serial(), what, id: binding.id.to_owned() };
            Ok((Made { description, handle: (loan.number, handle) }, made))
        })
    }

    /// Seals the description of an object that was just made; if that fails, the object goes.
    fn describe(&self, made: Made, binding: Binding<'_>, scopes: &ScopeKeys) -> Result<Sealed, VaultError> {
        let Made { description, handle } = made;
        let plain = Secret::copy_from(&description.encode());
        let sealed = scopes.seal(Content::Residence, &plain, binding, &*self.roots, &mut OsRandom);
        match sealed {
            Ok(sealed) => {
                let handle = Mutex::new(Some(handle));
                let known = Known { description, scope: binding.scope.into(), handle };
                self.known.insert(private_key_name(&sealed, binding), Arc::new(known));
                Ok(sealed)
            }
            Err(error) => {
                // If this fails too, reconciliation finds the object.
                let _ = self.remove_from(description.device, binding);
                Err(error)
            }
        }
    }

    fn remove_from(&self, device: Serial, binding: Binding<'_>) -> Result<bool, VaultError> {
        let _turn = self.turns.take()?;
        self.group.call_on(device, Pace::Usual, |loan| objects::remove(loan, binding.scope, binding.id))
    }

    /// Removes the object of a blob. One that is gone already is no error.
    pub(super) fn destroy(&self, sealed: &Sealed, binding: Binding<'_>, scopes: &ScopeKeys) -> Result<(), VaultError> {
        let held = self.held(sealed, binding, scopes)?;
        self.remove_from(held.known.description.device, binding)?;
        self.known.remove(&private_key_name(sealed, binding));
        held.forget();
        Ok(())
    }

    /// What the devices that serve hold for this vault.
    pub(super) fn list(&self) -> Result<Vec<ResidentObject>, VaultError> {
        let _turn = self.turns.take()?;
        let mut found = self.group.call_each(false, objects::list)?.concat();
        found.sort_unstable();
        // Two addresses may be one token.
        found.dedup();
        Ok(found)
    }

    /// Removes what the devices hold for an object; all of them must serve.
    pub(super) fn remove(&self, scope: &str, id: &str) -> Result<bool, VaultError> {
        let _turn = self.turns.take()?;
        let removed = self.group.call_each(true, |loan| objects::remove(loan, scope, id))?;
        Ok(removed.into_iter().any(|removed| removed))
    }
}

impl Held {
    fn what(&self) -> Residence {
        self.known.description.what
    }

    /// Does `work` with the object on its device. It may be begun twice.
    fn with<T>(
        &self,
        pace: Pace,
        mut work: impl FnMut(&Session, ObjectHandle) -> Result<T, Trouble>,
    ) -> Result<T, VaultError> {
        let _turn = self.turn_to_find()?;
        self.group.call_on(self.known.description.device, pace, |loan| {
            work(loan.session, self.handle(loan)?).inspect_err(|trouble| {
                // The handle may be what was wrong.
                if let Trouble::Device(_) = trouble {
                    self.forget();
                }
            })
        })
    }

    /// A turn, if the object must be looked for. Taken before a session: who waits for one must not hold the other.
    fn turn_to_find(&self) -> Result<Option<Turn<'_>>, VaultError> {
        let kept = *self.known.handle.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_some() { Ok(None) } else { self.turns.take().map(Some) }
    }

    /// The handle of the object in this connection.
    fn handle(&self, loan: &Loan<'_>) -> Result<ObjectHandle, Trouble> {
        let kept = *self.known.handle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((number, handle)) = kept
            && number == loan.number
        {
            return Ok(handle);
        }
        let Description { what, id, .. } = &self.known.description;
        let handle = objects::find(loan, what.kind, &self.known.scope, id)?;
        *self.known.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some((loan.number, handle));
        Ok(handle)
    }

    /// SHA-256 of a secret key, if the device computes it.
    pub(super) fn digest(&self) -> Result<Option<[u8; 32]>, VaultError> {
        if objects::is_pair(self.what().kind) {
            return Ok(None);
        }
        match self.digest_with(&Mechanism::Sha256, &[]) {
            Ok(digest) => match digest.as_slice().try_into() {
                Ok(digest) => Ok(Some(digest)),
                Err(_) => Err(VaultError::Failed("the device gives a SHA-256 of another length".to_owned())),
            },
            Err(VaultError::Unsupported(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The digest of a secret key and of data after it (PKCS #11 v2.40 §5.10.4).
    fn digest_with(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.with(Pace::Usual, |session, key| {
            session.digest_init(mechanism).map_err(mechanisms::refused)?;
            session.digest_key(key).map_err(mechanisms::refused)?;
            if !data.is_empty() {
                session.digest_update(data)?;
            }
            Ok(Zeroizing::new(session.digest_final()?))
        })
    }

    fn forget(&self) {
        *self.known.handle.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
