//! Users that clients make (KMIP 3.0 Create User): who they are, and what they are known by.
//!
//! Such a user authenticates in the scope in which it was made: the certificate of the connection names the client and the
//! scope, a credential the user. A password, code or hash comes with the user's name; a device shows its fields, and a certificate
//! that is a user's credential needs no other. A user counts while it and its credential can be used: not destroyed, archived,
//! deactivated or compromised, and not ahead of an Activation Date that was set. Without such a date an object of 2.1 is
//! Pre-Active (§4.57), and the published cases of 3.0 activate no user: Pre-Active without a date is no obstacle.

use std::sync::Arc;

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::inline::Text;
use kmip_codec::object::credential::{HashedPasswordCredential, OtpCredential};
use kmip_codec::registry::{CryptographicAlgorithm, HashingAlgorithm, OTPAlgorithm, ObjectType, State, Tag};
use kmip_codec::secret::Secret;
use kmip_codec::value::Value;
use kmip_codec::version::V3_0;

use crate::authenticate::{Account, within};
use crate::engine::Engine;
use crate::env::{Env, Pace, Work};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::identity::{HashedRecord, OneTimeRecord, UserRecord};
use crate::index::{shown_hash, shown_key, value_key};
use crate::layout;
use crate::material::Bound;
use crate::object::{Record, attribute_of};
use crate::state;
use crate::stored::Form;

/// Seconds for which a code by time is right if the credential does not say (RFC 6238 §4.1), and digits of a code.
const USUAL_INTERVAL: u32 = 30;
const USUAL_DIGITS: i32 = 6;

impl Engine {
    /// What a user of this name that was made in a scope authenticates with.
    pub(crate) fn made_user(&self, scope: &Text, who: &Text, env: Env) -> OpResult<Option<Account>> {
        let Some(credential) = self.made_credential(scope, who, env.now)? else { return Ok(None) };
        let mut account = account_of(scope, who, &credential);
        let (name, user) = (&account.name, &mut account.user);
        match credential.object_type {
            ObjectType::OneTimePasswordCredential => {
                let otp: OtpCredential = self.opened(&credential, Tag::OTPCredential, env)?;
                let settings = one_time(&otp)?;
                let sealed = self.seal_one_time(name, &settings.seed);
                let OneTime { hash, digits, period, .. } = settings;
                user.one_time = Some(OneTimeRecord { hash, digits, period, sealed });
                user.password_hash = self.linked_password(scope, &credential, env.now)?;
            }
            ObjectType::HashedPasswordCredential => {
                let hashed: HashedPasswordCredential = self.opened(&credential, Tag::HashedPasswordCredential, env)?;
                let hash = hashed.hashing_algorithm.unwrap_or(HashingAlgorithm::SHA_256);
                let (s1, s2) = (&hashed.hashed_username_password, &hashed.hashed_password_username);
                user.hashed = vec![HashedRecord { hash, sealed: self.seal_halves(name, s1, s2) }];
            }
            // The hash of a password stands in the record; devices and certificates show who they are, and no name does.
            _ => {}
        }
        Ok(Some(account))
    }

    /// The user of the device whose fields have this keyed hash, as it was made in a scope.
    pub(crate) fn made_device(&self, scope: &Text, key: &[u8; 32], now: i64) -> OpResult<Option<(Text, Account)>> {
        let Some((username, credential)) = self.shown_user(scope, ObjectType::DeviceCredential, key, now)? else {
            return Ok(None);
        };
        let mut account = account_of(scope, &username, &credential);
        account.user.is_device = true;
        account.user.password_hash = self.linked_password(scope, &credential, now)?;
        Ok(Some((username, account)))
    }

    /// The user in a scope whose credential is the certificate with this SHA-256. Who shows it has proved to have its key.
    pub(crate) fn certified_user(&self, scope: &Text, certificate: &[u8; 32], now: i64) -> OpResult<Option<Text>> {
        Ok(self.shown_user(scope, ObjectType::Certificate, certificate, now)?.map(|(username, _)| username))
    }

    /// The only user whose credential is known by what it shows, and that credential. Of several none is meant.
    fn shown_user(
        &self,
        scope: &Text,
        object_type: ObjectType,
        hash: &[u8; 32],
        now: i64,
    ) -> OpResult<Option<(Text, Arc<Record>)>> {
        let mut found = None;
        for credential in self.shown(scope, object_type, hash, now)? {
            let link = Attribute::LinkByTag(Tag::CredentialLink, UniqueIdentifier::Text(credential.id.clone()));
            for id in self.catalog.index().candidates(scope, value_key(&link).as_slice(), true, false) {
                let user = self.usable(scope, &id, now)?.filter(|user| user.object_type == ObjectType::User);
                let is_known_by = |user: &Record| credential_link(user).as_ref() == Some(&credential.id);
                let named = user.filter(|user| is_known_by(user)).and_then(|user| user.names().next().cloned());
                let Some(name) = named else { continue };
                if found.replace((name.value, Arc::clone(&credential))).is_some() {
                    tracing::warn!(%credential.id, "several users have this credential, which tells none of them");
                    return Ok(None);
                }
            }
        }
        Ok(found)
    }

    /// The credentials of a type that count now and are known by what they show.
    fn shown(&self, scope: &Text, object_type: ObjectType, hash: &[u8], now: i64) -> OpResult<Vec<Arc<Record>>> {
        let ids = self.catalog.index().candidates(scope, &[shown_key(object_type, hash)], true, false);
        let found = ids.iter().map(|id| self.usable(scope, id, now));
        let found = found.filter_map(Result::transpose).collect::<OpResult<Vec<_>>>()?;
        let is_it = |one: &Arc<Record>| one.object_type == object_type && shown_hash(one) == Some(hash);
        Ok(found.into_iter().filter(is_it).collect())
    }

    /// Whether a device with these fields has a credential in the scope already that counts.
    pub(crate) fn is_made_device(&self, scope: &Text, key: &[u8; 32], now: i64) -> OpResult<bool> {
        Ok(!self.shown(scope, ObjectType::DeviceCredential, key, now)?.is_empty())
    }

    /// Whether there is such a user, with a credential that counts.
    pub(crate) fn is_made_user(&self, scope: &Text, username: &Text, now: i64) -> OpResult<bool> {
        Ok(self.made_credential(scope, username, now)?.is_some())
    }

    /// The credential of the user of this name, if both can be used now.
    fn made_credential(&self, scope: &Text, username: &Text, now: i64) -> OpResult<Option<Arc<Record>>> {
        let key = layout::name(scope, &self.seal.blind(&layout::name_text(scope, username)));
        if !self.catalog.may_hold_name(&key) {
            return Ok(None);
        }
        let Some(found) = self.store.get(&key)? else { return Ok(None) };
        let id = Text::from(String::from_utf8_lossy(&found.value).into_owned());
        let user = self.usable(scope, &id, now)?.filter(|user| user.object_type == ObjectType::User);
        let Some(id) = user.as_deref().and_then(credential_link) else { return Ok(None) };
        Ok(self.usable(scope, &id, now)?.filter(|one| is_credential(one.object_type)))
    }

    /// The hash of the password that a credential is to be given with: that of its Password Link.
    fn linked_password(&self, scope: &Text, credential: &Record, now: i64) -> OpResult<Text> {
        let Some(id) = link(credential, Tag::PasswordLink) else { return Ok(Text::EMPTY) };
        match self.usable(scope, &id, now)?.and_then(|password| password.password_hash.clone()) {
            Some(hash) => Ok(hash),
            // Without the password the code alone is not enough.
            None => fail(Fault::NotAuthenticated, "the password of the credential cannot be used any more"),
        }
    }

    fn usable(&self, scope: &Text, id: &Text, now: i64) -> OpResult<Option<Arc<Record>>> {
        let stored = self.catalog.read(self.store.as_ref(), scope, id)?;
        Ok(stored.map(|stored| Arc::clone(&stored.record)).filter(|record| counts(record, now)))
    }

    /// What a sealed credential holds.
    fn opened<T: Value>(&self, credential: &Record, tag: Tag, env: Env) -> OpResult<T> {
        let damaged = || OpError::new(Fault::Internal, "a stored credential cannot be read");
        if self.vault.waits().to_use && env.pace != Pace::Pool {
            return Err(OpError::defer(Work::Device));
        }
        let material = credential.material.as_ref().ok_or_else(damaged)?;
        let secret = self.vault.open(&material.sealed, Bound::of(credential).binding())?;
        Form::strict(V3_0).item(tag, secret.expose_secret(), T::take).map_err(|_| damaged())
    }
}

/// The account of a user that was made in a scope: its guesses are counted under scope and name, the codes of its credential
/// under that, whoever has it.
fn account_of(scope: &Text, username: &Text, credential: &Record) -> Account {
    let user = UserRecord::new(credential.password_hash.as_deref().unwrap_or_default(), None);
    Account::new(within(scope, username), codes_of(credential), user)
}

/// What the codes of a one time password credential are counted under.
pub(crate) fn codes_of(credential: &Record) -> Text {
    format!("{}\0{}", credential.scope, credential.id).into()
}

/// How the codes of a credential are made.
pub(crate) struct OneTime {
    hash: HashingAlgorithm,
    digits: u32,
    period: Option<u32>,
    seed: Secret,
}

/// The settings of a one time password credential, if this server can compute its codes (RFC 4226, RFC 6238).
pub(crate) fn one_time(credential: &OtpCredential) -> OpResult<OneTime> {
    use CryptographicAlgorithm as A;
    let hash = match credential.otp_digest {
        None | Some(A::HMAC_SHA1) => HashingAlgorithm::SHA_1,
        Some(A::HMAC_SHA256) => HashingAlgorithm::SHA_256,
        Some(A::HMAC_SHA512) => HashingAlgorithm::SHA_512,
        Some(other) => return fail(Fault::FeatureNotSupported, format!("codes are not made with {other}")),
    };
    let digits = credential.otp_digits.unwrap_or(USUAL_DIGITS);
    if !(6..=8).contains(&digits) {
        return fail(Fault::InvalidField, "OTP Digits is 6 to 8");
    }
    let interval = credential.otp_interval.map_or(USUAL_INTERVAL, |interval| interval.0);
    let period = match credential.otp_algorithm {
        OTPAlgorithm::HOTP => None,
        OTPAlgorithm::TOTP if interval > 0 => Some(interval),
        OTPAlgorithm::TOTP => return fail(Fault::InvalidField, "OTP Interval is 0"),
        other => return fail(Fault::FeatureNotSupported, format!("OTP Algorithm {other} is not supported")),
    };
    let seed = credential.otp_seed.clone().filter(|seed| !seed.expose_secret().is_empty());
    let seed = seed.ok_or_else(|| OpError::new(Fault::InvalidField, "a one time password needs its OTP Seed"))?;
    Ok(OneTime { hash, digits: digits.unsigned_abs(), period, seed })
}

/// Whether a user or a credential counts now.
fn counts(record: &Record, now: i64) -> bool {
    let living = match state::at(record, now) {
        State::Active => true,
        State::PreActive => record.date(Tag::ActivationDate).is_none(),
        _ => false,
    };
    living && attribute_of!(record, ArchiveDate).is_none()
}

/// The credential that a user is known by.
pub(crate) fn credential_link(user: &Record) -> Option<Text> {
    link(user, Tag::CredentialLink)
}

fn link(record: &Record, wanted: Tag) -> Option<Text> {
    record.attributes.iter().find_map(|instance| match &instance.attribute {
        Attribute::LinkByTag(tag, UniqueIdentifier::Text(id)) if *tag == wanted => Some(id.clone()),
        _ => None,
    })
}

/// Whether objects of a type are what a user is known by. A certificate is, too.
pub(crate) fn is_credential(object_type: ObjectType) -> bool {
    kmip_codec::attribute::rules::CREDENTIALS.contains(object_type) || object_type == ObjectType::Certificate
}

/// Whether objects of a type say who acts, and hold nothing that Get gives.
pub(crate) fn is_identity(object_type: ObjectType) -> bool {
    kmip_codec::attribute::rules::CREDENTIALS.contains(object_type)
        || matches!(object_type, ObjectType::User | ObjectType::Group)
}
