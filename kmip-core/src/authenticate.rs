//! Authentication: the certificate names the client; a credential, when sent, must be right and must belong to that client
//! (KMIP 2.1 §9.5, §9.9). Guessing is slowed: five wrong passwords delay the next try.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::PoisonError;

use kmip_codec::inline::Text;
use kmip_codec::message::credential::{PasswordCredential, Ticket};
use kmip_codec::message::{Credential, CredentialValue, RequestHeader};
use kmip_codec::registry::CredentialType;
use kmip_codec::secret::SecretText;
use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::env::{Env, Pace, UnknownUsers, Work};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::identity::{ClientRecord, Principal, Sender, UserRecord, is_acceptable_client};
use crate::issued;
use crate::jobs::Job;
use crate::links::{Shown, Standing};
use crate::quirks::Quirks;
use crate::trust::Fingerprint;

/// Wrong passwords after which the next try is delayed.
const FREE_GUESSES: u32 = 5;
/// The longest delay, in seconds.
const LONGEST_DELAY: i64 = 300;
/// Accounts whose state is remembered; beyond it the oldest verified ones are checked again.
const REMEMBERED: usize = 10_000;

/// Why a client that an administrator has disabled is refused.
const LOCKED_OUT: &str = "an administrator has disabled this client";
/// Why a certificate is refused that names a client of which only some count.
const NOT_REGISTERED: &str =
    "the certificate is none of those that count for this client since an administrator renewed them";

/// What is remembered about passwords that were tried.
#[derive(Default)]
pub struct Guesses {
    /// Passwords that were verified, as a salted hash, so that the slow check runs once.
    verified: HashMap<[u8; 32], ()>,
    /// Wrong tries of a user: how many, and the time before which no further one is looked at.
    wrong: HashMap<Text, (u32, i64)>,
}

/// The credential types that authenticate a request.
pub(crate) const CREDENTIAL_TYPES: &[CredentialType] = &[
    CredentialType::UsernameAndPassword,
    CredentialType::Device,
    CredentialType::OneTimePassword,
    CredentialType::HashedPassword,
    CredentialType::Ticket,
];

/// Who a username means.
pub(crate) struct Account {
    /// What its secrets are sealed and remembered under.
    pub name: Text,
    /// What secrets that were tried are counted under: what a client tries delays those of its scope, and nobody else.
    counted: Text,
    /// Whether the client may be this user.
    pub belongs: bool,
    /// What its secrets are compared with.
    pub user: UserRecord,
    /// What its one time passwords are counted under.
    pub codes: Text,
    /// Whether a slow check of a password was made.
    pub weighed: Cell<bool>,
}

impl Account {
    /// That of a user whom the client may be.
    pub fn new(name: Text, codes: Text, user: UserRecord) -> Self {
        Self { counted: name.clone(), name, belongs: true, user, codes, weighed: Cell::new(false) }
    }
}

impl Engine {
    /// What is known of a certificate beside what its authority says.
    pub fn standing(&self, fingerprint: &Fingerprint) -> Option<Standing> {
        let link = self.catalog.link(fingerprint)?;
        let is_current = || self.catalog.renewals_of(&link.client) == link.renewals;
        Some(if link.replaced || !is_current() { Standing::Replaced } else { Standing::Registered(link.client) })
    }

    /// Decides who a request acts for.
    pub(crate) fn authenticate(&self, header: &RequestHeader, from: Sender<'_>, env: Env) -> OpResult<Principal> {
        if !is_acceptable_client(from.client) {
            return fail(Fault::NotAuthenticated, "the certificate names no client: 1 to 128 printable characters");
        }
        let standing = from.certificate.and_then(|shown| self.standing(&shown.fingerprint));
        if standing == Some(Standing::Replaced) {
            // "The current client credential SHALL be made invalid and cannot be used in future KMIP requests" (KMIP 2.1 §6.1.48).
            return fail(
                Fault::NotAuthenticated,
                "the certificate was replaced by another one, or revoked: show another one",
            );
        }
        if from.certificate.is_some_and(|shown| shown.not_after < env.now) {
            return fail(Fault::NotAuthenticated, "the certificate of this connection has expired: show another one");
        }
        let client = Text::new(from.client);
        let ClientRecord { scope, quirks, renewals, .. } = self.own_record(&client)?;
        if renewals > 0 && standing != Some(Standing::Registered(client.clone())) {
            return fail(Fault::NotAuthenticated, NOT_REGISTERED);
        }
        let mut principal = Principal { renewals, ..Principal::new(client, scope, quirks) };
        principal.certificate = from.certificate.cloned();
        if header.authentication.as_ref().is_some_and(|authentication| authentication.credential.is_empty()) {
            // "SHALL contain one or more" of them (KMIP 2.1 §9.4).
            return fail(Fault::InvalidMessage, "Authentication holds no Credential");
        }
        // "If multiple Credential structures are provided then they must ALL be satisfied" (KMIP 2.1 §9.4).
        let credentials = || header.authentication.iter().flat_map(|authentication| &authentication.credential);
        let is_ticket = |credential: &&Credential| matches!(credential.credential_value, CredentialValue::Ticket(_));
        // A ticket may lead into another scope: who else the client says that it is, it is in its own.
        for credential in credentials().filter(|one| !is_ticket(one)).chain(credentials().filter(is_ticket)) {
            let (own, known) = (principal.scope.clone(), principal.user.clone());
            let user = self.check_credential(credential, &mut principal, env)?;
            if known.is_some() && principal.scope != own {
                let message = "the ticket is of another scope than the user that another credential names";
                return fail(Fault::NotAuthenticated, message);
            }
            if let (Some(user), Some(other)) = (&user, &principal.user)
                && user != other
            {
                return fail(Fault::NotAuthenticated, "the credentials of the request name different users");
            }
            principal.user = user.or(principal.user);
        }
        // Who says who he is by another credential is not asked by his certificate, too.
        if let (None, Some(certificate)) = (&header.authentication, from.certificate) {
            principal.user = self.certified_user(&principal.scope, &certificate.fingerprint, env.now)?;
        }
        Ok(principal)
    }

    /// The user that a credential stands for; `None` where the certificate alone decides.
    fn check_credential(&self, credential: &Credential, principal: &mut Principal, env: Env) -> OpResult<Option<Text>> {
        match &credential.credential_value {
            CredentialValue::Password(password) => self.check_password(password, principal, env),
            CredentialValue::Device(device) => self.check_device(device, principal, env),
            CredentialValue::OneTimePassword(credential) => self.check_one_time(credential, principal, env),
            CredentialValue::HashedPassword(credential) => self.check_hashed(credential, principal, env),
            CredentialValue::Ticket(ticket) => self.check_ticket(&ticket.ticket, principal, env),
            // No object of this server demands an attestation, and it has nobody who could judge one (KMIP 2.1 §9.3).
            CredentialValue::Attestation(_) => {
                let message = "this server verifies no attestations, and demands none: leave the credential out";
                fail(Fault::AttestationFailed, message)
            }
            CredentialValue::Unknown(_) => {
                let message = format!("credentials of type {} are not supported", credential.credential_type);
                fail(Fault::NotAuthenticated, message)
            }
        }
    }

    /// The user of a ticket. Whoever presents one of Delegated Login acts where the client that made it does.
    fn check_ticket(&self, ticket: &Ticket, principal: &mut Principal, env: Env) -> OpResult<Option<Text>> {
        if principal.ticket.is_some() {
            return fail(Fault::NotAuthenticated, "a request presents one ticket at most");
        }
        let presented = self.present(ticket, &principal.client, env.now)?;
        let record = &presented.record;
        let maker = self.own_record(&record.client);
        principal.scope = maker
            .map_err(|error| OpError { message: format!("the ticket's maker: {}", error.message), ..error })?
            .scope;
        if let Some(user) = &record.user
            && self.catalog.user(user).is_none()
            && !self.is_made_user(&principal.scope, user, env.now)?
        {
            return fail(Fault::NotAuthenticated, "the user of the ticket is not known any more");
        }
        let user = record.user.clone();
        principal.ticket = Some(presented);
        Ok(user)
    }

    /// Decides whether whoever asked for a job may still do what it does.
    pub(crate) fn authorize_again(&self, job: &Job, env: Env) -> OpResult<Principal> {
        let client = &job.client;
        let ticket = job.ticket.as_ref().map(|key| self.present_again(key, client, env.now)).transpose()?;
        let acts_for = ticket.as_ref().map_or(client, |ticket| &ticket.record.client);
        let acting = Principal::new(acts_for.clone(), job.scope.clone(), Quirks::default());
        let may_be = |user: &Text| self.account(user, &acting, env).map(|found| found.is_some_and(|one| one.belongs));
        let is_known = job.user.as_ref().map_or(Ok(true), may_be)?;
        let (maker, asked) = (self.own_record(acts_for)?, self.own_record(client)?);
        if maker.scope != job.scope || !is_known || asked.renewals != job.renewals {
            return fail(Fault::PermissionDenied, "the client or user that asked may not act here any more");
        }
        let own = Principal::new(client.clone(), job.scope.clone(), asked.quirks);
        Ok(Principal { user: job.user.clone(), ticket, renewals: asked.renewals, ..own })
    }

    /// Why nothing is sent to who shows this certificate for a client, if an administrator has said so. Without a certificate it is
    /// a host that the administrator trusts by its own authorities.
    pub fn barred(&self, client: &str, fingerprint: Option<&Fingerprint>) -> Option<&'static str> {
        let client = Text::new(client);
        let record = self.catalog.client(&client)?;
        if record.disabled {
            return Some(LOCKED_OUT);
        }
        let standing = self.standing(fingerprint.filter(|_| record.renewals > 0)?);
        (standing != Some(Standing::Registered(client))).then_some(NOT_REGISTERED)
    }

    /// Whether a certificate may stand for a client, or for an administrator: Certify issues for clients of one scope.
    pub fn may_be(&self, shown: &Shown, client: Option<&str>) -> OpResult<bool> {
        issued::may_be(self, shown, client.map(|client| self.scope_of(client)).as_ref())
    }

    /// The record of an enrolled client; one that is not has its own name as scope, unless that is where others were put.
    fn own_record(&self, client: &Text) -> OpResult<ClientRecord> {
        match self.catalog.client(client) {
            Some(record) if record.disabled => fail(Fault::PermissionDenied, LOCKED_OUT),
            Some(record) => Ok(record),
            None if self.catalog.is_joined_scope(client) => {
                let message =
                    "a scope of other clients has this client's name; enroll the client to say where it belongs";
                fail(Fault::NotAuthenticated, message)
            }
            None => Ok(ClientRecord::of_its_own(client.clone())),
        }
    }

    /// The user of a right password; `None` for an unknown user where certificates alone decide. Whoever has one time
    /// passwords must give one.
    fn check_password(
        &self,
        credential: &PasswordCredential,
        principal: &Principal,
        env: Env,
    ) -> OpResult<Option<Text>> {
        let empty = SecretText::copy_from("");
        let password = credential.password.as_ref().unwrap_or(&empty);
        self.vouch(&credential.username, principal, password, env, |account| {
            Ok(self.is_right(account, password, env.pace)? && account.user.one_time.is_none())
        })
    }

    /// The user whose secret is right by `check`; `None` for an unknown user where certificates alone decide.
    pub(crate) fn vouch(
        &self,
        username: &Text,
        principal: &Principal,
        password: &SecretText,
        env: Env,
        check: impl FnOnce(&Account) -> OpResult<bool>,
    ) -> OpResult<Option<Text>> {
        if !is_acceptable_client(username) {
            return Err(wrong_credential());
        }
        let Some(account) = self.account(username, principal, env)? else {
            if self.config.unknown_users == UnknownUsers::Ignore {
                return Ok(None);
            }
            return self.refuse_unknown(&within(&principal.scope, username), password, env);
        };
        self.vouch_for(&account, username, password, env, check)
    }

    /// The user of an account whose secret is right by `check`. A wrong one costs what it does for a user that does not exist,
    /// whatever the user is known by.
    pub(crate) fn vouch_for(
        &self,
        account: &Account,
        username: &Text,
        password: &SecretText,
        env: Env,
        check: impl FnOnce(&Account) -> OpResult<bool>,
    ) -> OpResult<Option<Text>> {
        self.delay(&account.counted, env.now)?;
        if check(account)? && account.belongs {
            self.guesses.lock().unwrap_or_else(PoisonError::into_inner).wrong.remove(&account.counted);
            return Ok(Some(username.clone()));
        }
        if !account.weighed.get() {
            if env.pace != Pace::Pool {
                return Err(OpError::defer(Work::Computing));
            }
            self.passwords.refuse(password);
        }
        self.note_wrong(&account.counted, env.now);
        Err(wrong_credential())
    }

    /// Whose name it is: a user of the administration's that the client may be, or one that was made in the scope. So none
    /// can take the name of a user of another client's, nor learn by trying that there is one.
    fn account(&self, username: &Text, principal: &Principal, env: Env) -> OpResult<Option<Account>> {
        let administered = self.administered(username, principal);
        if administered.as_ref().is_some_and(|account| account.belongs) {
            return Ok(administered);
        }
        Ok(self.made_user(&principal.scope, username, env)?.or(administered))
    }

    /// The user of the administration's of this name.
    pub(crate) fn administered(&self, username: &Text, principal: &Principal) -> Option<Account> {
        let user = self.catalog.user(username)?;
        let belongs = user.client.as_ref().is_none_or(|bound| *bound == principal.client);
        let counted = within(&principal.scope, username);
        Some(Account { belongs, counted, ..Account::new(username.clone(), username.clone(), user) })
    }

    pub(crate) fn is_right(&self, account: &Account, password: &SecretText, pace: Pace) -> OpResult<bool> {
        let username = &account.name;
        let mut hash = Sha256::new();
        for part in [username.as_bytes(), account.user.password_hash.as_bytes(), password.expose_secret().as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let fingerprint = self.seal.blind(&hash.finalize());
        let guesses = || self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if guesses().verified.contains_key(&fingerprint) {
            return Ok(true);
        }
        if pace != Pace::Pool {
            return Err(OpError::defer(Work::Computing));
        }
        account.weighed.set(account.user.has_password());
        let right = self.passwords.verify(password, &account.user.password_hash);
        if right {
            let mut guesses = guesses();
            if guesses.verified.len() >= REMEMBERED {
                guesses.verified.clear();
            }
            guesses.verified.insert(fingerprint, ());
        }
        Ok(right)
    }

    pub(crate) fn delay(&self, username: &Text, now: i64) -> OpResult<()> {
        let guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        match guesses.wrong.get(username) {
            Some((_, until)) if now < *until => {
                fail(Fault::NotAuthenticated, format!("too many wrong credentials; try again in {} s", until - now))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn note_wrong(&self, username: &Text, now: i64) {
        let mut guesses = self.guesses.lock().unwrap_or_else(PoisonError::into_inner);
        if guesses.wrong.len() >= REMEMBERED {
            guesses.wrong.retain(|_, (_, until)| *until > now);
        }
        let (count, until) = guesses.wrong.entry(username.clone()).or_insert((0, 0));
        *count = count.saturating_add(1);
        let excess = count.saturating_sub(FREE_GUESSES);
        if *count >= FREE_GUESSES {
            let delay = 2_i64.saturating_pow(excess).min(LONGEST_DELAY);
            *until = now.saturating_add(delay);
        }
        tracing::warn!(user = %username, wrong = *count, "wrong credential");
    }
}

/// A username as clients of a scope know it.
pub(crate) fn within(scope: &Text, username: &Text) -> Text {
    Text::from(format!("{scope}\0{username}"))
}

/// One answer for an unknown user, a wrong secret and a user of another client.
pub(crate) fn wrong_credential() -> OpError {
    OpError::new(Fault::NotAuthenticated, "the username or password is wrong, or not for this client")
}
