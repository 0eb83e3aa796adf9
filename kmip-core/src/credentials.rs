//! Credentials beyond a password (KMIP 2.1 §9.11): One Time Password, Hashed Password, Device, Attestation.
//!
//! What the server must know of a secret stands in the user's record, sealed on its own, and is opened for one comparison. A
//! one time password counts once, and timestamps of hashed passwords rise: the last one of each is a record of its own, which
//! becomes durable with the request that it authenticates, whatever becomes of the request's items.

use kmip_codec::inline::Text;
use kmip_codec::message::credential::{DeviceCredential, HashedPasswordCredential, OneTimePasswordCredential};
use kmip_codec::object::credential as object;
use kmip_codec::registry::HashingAlgorithm;
use kmip_codec::secret::{Secret, SecretText};
use kmip_codec::value::ByteString;
use zeroize::Zeroizing;

use crate::authenticate::{Account, wrong_credential};
use crate::cryptography::parameters;
use crate::engine::Engine;
use crate::env::{Env, Pace, UnknownUsers, Work};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::identity::{OneTimeRecord, Principal, Spent};
use crate::layout;
use crate::ports::crypto::Hash;
use crate::ports::store::Guard;

/// Seconds that the timestamp of a hashed password may be off the server's clock.
const CLOCK_TOLERANCE: i64 = 300;
/// Steps of time that a code may be early or late (RFC 6238 §5.2).
const STEPS_OFF: i64 = 1;
/// Codes by counter that a device may be ahead (RFC 4226 §7.4, resynchronization).
const LOOK_AHEAD: i64 = 10;
/// What names the secrets of a user where they are sealed.
const ONE_TIME: &[u8] = b"user\0one time password\0";
const HASHED: &[u8] = b"user\0hashed password\0";

impl Engine {
    /// The user of a one time password; with it the password, if the user has one.
    pub(crate) fn check_one_time(
        &self,
        credential: &OneTimePasswordCredential,
        principal: &mut Principal,
        env: Env,
    ) -> OpResult<Option<Text>> {
        let username = &credential.username;
        let empty = SecretText::copy_from("");
        let password = credential.password.as_ref().unwrap_or(&empty);
        let mut spent = None;
        let user = self.vouch(username, principal, password, env, |account| {
            let password_fits = self.fits_password(account, credential.password.as_ref(), env.pace)?;
            let Some(one_time) = &account.user.one_time else { return Ok(false) };
            let (factor, use_of_it) = self.code_factor(account, one_time, &credential.one_time_password, env.now)?;
            spent = Some(use_of_it);
            Ok(password_fits && factor.is_some())
        })?;
        principal.spent.extend(spent);
        Ok(user)
    }

    /// Whether the password beside another secret is right: it must be there if the user has one, and only then.
    fn fits_password(&self, account: &Account, given: Option<&SecretText>, pace: Pace) -> OpResult<bool> {
        let empty = SecretText::copy_from("");
        if account.user.has_password() {
            return self.is_right(account, given.unwrap_or(&empty), pace);
        }
        Ok(given.is_none())
    }

    /// The moving factor of a right code that was not used, and what is written when it is.
    fn code_factor(
        &self,
        account: &Account,
        record: &OneTimeRecord,
        code: &SecretText,
        now: i64,
    ) -> OpResult<(Option<i64>, Spent)> {
        let key = layout::one_time_factor(&account.codes);
        let (guard, last) = self.last_of(&key)?;
        let candidates = match record.period {
            Some(period) => {
                let step = now.checked_div(i64::from(period)).unwrap_or(0);
                step.saturating_sub(STEPS_OFF)..=step.saturating_add(STEPS_OFF)
            }
            None => {
                let next = last.map_or(0, |last| last.saturating_add(1));
                next..=next.saturating_add(LOOK_AHEAD)
            }
        };
        let secret = self.open_secret(ONE_TIME, &account.name, &record.sealed)?;
        let mut found = None;
        for factor in candidates.filter(|factor| last.is_none_or(|last| *factor > last)) {
            let expected = self.one_time_code(record, &secret, factor)?;
            // All are compared, and by their keyed hashes: the time tells nothing.
            if self.same(expected.expose_secret(), code.expose_secret().as_bytes()) {
                found = Some(factor);
            }
        }
        let value = found.or(last).unwrap_or(0);
        Ok((found, Spent { guard, key, value }))
    }

    /// HOTP (RFC 4226 §5.3) of a moving factor; that of TOTP is the step of time (RFC 6238 §4.2).
    fn one_time_code(&self, record: &OneTimeRecord, secret: &Secret, factor: i64) -> OpResult<Secret> {
        let hash = parameters::hash(record.hash)?;
        let code = self.passwords.hmac(hash, secret.expose_secret(), &factor.to_be_bytes());
        let code = Zeroizing::new(code.ok_or_else(cannot_hash)?);
        let offset = code.last().map_or(0, |last| usize::from(last & 0x0F));
        let four = code.get(offset..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
        let number = u32::from_be_bytes(four) & 0x7FFF_FFFF;
        let number = number.checked_rem(10_u32.saturating_pow(record.digits)).unwrap_or(number);
        let text = Zeroizing::new(format!("{number:0width$}", width = usize::try_from(record.digits).unwrap_or(0)));
        Ok(Secret::copy_from(text.as_bytes()))
    }

    /// The user of a hashed password: `Hash(S1 ‖ Timestamp) ‖ S2`, S1 = `Hash(Username ‖ Password)`, S2 = `Hash(Password ‖
    /// Username)`. The timestamp is hashed as the 8 bytes of its item; the text does not say.
    pub(crate) fn check_hashed(
        &self,
        credential: &HashedPasswordCredential,
        principal: &mut Principal,
        env: Env,
    ) -> OpResult<Option<Text>> {
        let username = &credential.username;
        let algorithm = credential.hashing_algorithm.unwrap_or(HashingAlgorithm::SHA_256);
        let timestamp = credential.timestamp.0;
        let mut answered = None;
        let user = self.vouch(username, principal, &SecretText::copy_from(""), env, |account| {
            let hashed = &account.user.hashed;
            let Some(stored) = hashed.iter().find(|stored| stored.hash == algorithm) else { return Ok(false) };
            let secrets = self.open_secret(HASHED, &account.name, &stored.sealed)?;
            let half = secrets.len().checked_div(2).unwrap_or(0);
            let (s1, s2) = secrets.expose_secret().split_at_checked(half).unwrap_or_default();
            let hash = parameters::hash(algorithm)?;
            let first = self.digest(hash, &[s1, &timestamp.to_be_bytes()])?;
            let expected = Zeroizing::new([&first[..], s2].concat());
            let s2_hashed = self.digest(hash, &[s2])?;
            let answer = self.digest(hash, &[&timestamp.to_be_bytes(), s1, &s2_hashed])?;
            if !self.same(&expected, credential.hashed_password.expose_secret()) {
                return Ok(false);
            }
            answered = Some((self.risen(&account.name, timestamp, env.now)?, ByteString::new(&answer)));
            Ok(true)
        })?;
        if let Some((spent, answer)) = answered {
            principal.spent.push(spent);
            principal.server_hashed_password = Some(answer);
        }
        Ok(user)
    }

    /// A timestamp near the server's time and above the last one.
    fn risen(&self, username: &Text, timestamp: i64, now: i64) -> OpResult<Spent> {
        let off = timestamp.div_euclid(1_000_000).abs_diff(now);
        if off > CLOCK_TOLERANCE.unsigned_abs() {
            let message = format!("the timestamp of the hashed password is {off} s off the server's time");
            return fail(Fault::NotAuthenticated, message);
        }
        let key = layout::hashed_timestamp(username);
        let (guard, last) = self.last_of(&key)?;
        if last.is_some_and(|last| timestamp <= last) {
            return fail(Fault::NotAuthenticated, "the timestamp of the hashed password is not above the last one");
        }
        Ok(Spent { guard, key, value: timestamp })
    }

    /// The registered device that a credential is of: it names exactly the fields that the device was registered with, and the
    /// password if there is one. The text leaves the matching to servers. A device of the administration's is meant where the
    /// client may be it, else one that was made in the scope.
    pub(crate) fn check_device(
        &self,
        credential: &DeviceCredential,
        principal: &Principal,
        env: Env,
    ) -> OpResult<Option<Text>> {
        let Some(key) = self.device_key(&DeviceFields::of(credential)) else {
            return fail(Fault::NotAuthenticated, "a device credential names at least one field of the device");
        };
        let empty = SecretText::copy_from("");
        let password = credential.password.as_ref().unwrap_or(&empty);
        let Some((username, account)) = self.device_account(&key, principal, env)? else {
            if self.config.unknown_users == UnknownUsers::Ignore {
                return Ok(None);
            }
            return self.refuse_unknown(&unknown_device(&key), password, env);
        };
        self.vouch_for(&account, &username, password, env, |account| {
            Ok(account.user.is_device && self.fits_password(account, credential.password.as_ref(), env.pace)?)
        })
    }

    fn device_account(&self, key: &[u8; 32], principal: &Principal, env: Env) -> OpResult<Option<(Text, Account)>> {
        let found = self.store.get(&layout::device(key))?;
        let administered = found.and_then(|found| {
            let name = Text::from(String::from_utf8_lossy(&found.value).into_owned());
            let account = self.administered(&name, principal)?;
            Some((name, account))
        });
        if administered.as_ref().is_some_and(|(_, account)| account.belongs) {
            return Ok(administered);
        }
        Ok(self.made_device(&principal.scope, key, env.now)?.or(administered))
    }

    /// What names a device in the store: the keyed hash of its fields; `None` if it has none, or an empty one: that proves nothing.
    pub(crate) fn device_key(&self, fields: &DeviceFields<'_>) -> Option<[u8; 32]> {
        let mut text = b"device\0".to_vec();
        for (number, field) in (0_u8..).zip(fields.0) {
            let Some(field) = field else { continue };
            text.push(number);
            text.extend(u64::try_from(field.len()).unwrap_or(u64::MAX).to_be_bytes());
            text.extend(field.as_bytes());
        }
        let mut given = fields.0.iter().flatten().peekable();
        (given.peek().is_some() && given.all(|field| !field.is_empty())).then(|| self.seal.blind(&text))
    }

    /// Seals the secret of one time passwords of a user.
    pub(crate) fn seal_one_time(&self, username: &str, secret: &Secret) -> ByteString {
        self.seal_secret(ONE_TIME, username, secret.expose_secret())
    }

    /// S1 and S2 of a password, sealed.
    pub(crate) fn seal_hashed(&self, hash: Hash, username: &str, password: &SecretText) -> OpResult<ByteString> {
        let (name, password) = (username.as_bytes(), password.expose_secret().as_bytes());
        let (s1, s2) = (self.digest(hash, &[name, password])?, self.digest(hash, &[password, name])?);
        Ok(self.seal_secret(HASHED, username, &Zeroizing::new([&s1[..], &s2].concat())))
    }

    /// S1 and S2 that a client has computed, sealed.
    pub(crate) fn seal_halves(&self, username: &str, s1: &Secret, s2: &Secret) -> ByteString {
        let halves = Zeroizing::new([s1.expose_secret(), s2.expose_secret()].concat());
        self.seal_secret(HASHED, username, &halves)
    }

    fn seal_secret(&self, purpose: &[u8], username: &str, secret: &[u8]) -> ByteString {
        ByteString::new(&self.seal.seal(&[purpose, username.as_bytes()].concat(), 0, secret))
    }

    fn open_secret(&self, purpose: &[u8], username: &str, sealed: &ByteString) -> OpResult<Secret> {
        match self.seal.open(&[purpose, username.as_bytes()].concat(), 0, sealed.as_slice()) {
            Some(plain) => Ok(Secret::from_zeroizing(Zeroizing::new(plain))),
            None => fail(Fault::Internal, "the stored secret of the user does not open; the store must be checked"),
        }
    }

    fn digest(&self, hash: Hash, parts: &[&[u8]]) -> OpResult<Zeroizing<Vec<u8>>> {
        self.passwords.digest(hash, parts).map(Zeroizing::new).ok_or_else(cannot_hash)
    }

    /// Whether two secrets are the same; keyed hashes are compared, so that the time tells nothing of the secrets.
    fn same(&self, one: &[u8], other: &[u8]) -> bool {
        self.seal.blind(one) == self.seal.blind(other)
    }

    /// The last value that stands under a key, and the guard that nobody else writes one meanwhile.
    fn last_of(&self, key: &[u8]) -> OpResult<(Guard, Option<i64>)> {
        Ok(match self.store.get(key)? {
            None => (Guard::Absent(key.to_vec()), None),
            Some(found) => {
                let value = found.value.as_slice().try_into().map(i64::from_be_bytes);
                let damaged = |_| OpError::new(Fault::Internal, "the last use of a credential cannot be read");
                (Guard::At(key.to_vec(), found.revision), Some(value.map_err(damaged)?))
            }
        })
    }

    /// What becomes of a name that the server does not know: as slow, and the same answer, as for a wrong secret.
    pub(crate) fn refuse_unknown<T>(&self, account: &Text, password: &SecretText, env: Env) -> OpResult<T> {
        self.delay(account, env.now)?;
        if env.pace != Pace::Pool {
            return Err(OpError::defer(Work::Computing));
        }
        self.passwords.refuse(password);
        self.note_wrong(account, env.now);
        Err(wrong_credential())
    }
}

/// The account under which guesses at an unknown device are counted: no name that a user could have.
fn unknown_device(key: &[u8; 32]) -> Text {
    let hex: String = key.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Text::from(format!("\u{1}device {hex}"))
}

fn cannot_hash() -> OpError {
    OpError::new(Fault::FeatureNotSupported, "the server does not compute the Hashing Algorithm of the credential")
}

/// What a device is known by: serial number, device, network, machine and media identifier, in this order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceFields<'a>(pub [Option<&'a str>; 5]);

impl<'a> DeviceFields<'a> {
    fn of(credential: &'a DeviceCredential) -> Self {
        Self::listed([
            &credential.device_serial_number,
            &credential.device_identifier,
            &credential.network_identifier,
            &credential.machine_identifier,
            &credential.media_identifier,
        ])
    }

    /// Those of a credential that a client makes (KMIP 3.0 §2.1.3).
    pub(crate) fn made(credential: &'a object::DeviceCredential) -> Self {
        Self::listed([
            &credential.device_serial_number,
            &credential.device_identifier,
            &credential.network_identifier,
            &credential.machine_identifier,
            &credential.media_identifier,
        ])
    }

    fn listed(fields: [&'a Option<Text>; 5]) -> Self {
        Self(fields.map(|field| field.as_ref().map(Text::as_str)))
    }
}
