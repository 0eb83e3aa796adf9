//! What an administrator changes: clients and users. Durable when a call returns.

use kmip_codec::inline::Text;
use kmip_codec::registry::HashingAlgorithm;
use kmip_codec::secret::{Secret, SecretText};
use thiserror::Error;

use crate::credentials::DeviceFields;
use crate::cryptography::parameters;
use crate::engine::Engine;
use crate::error::OpResult;
use crate::identity::{
    ClientRecord, HashedRecord, OneTimeRecord, UserRecord, is_acceptable_client, is_acceptable_name,
};
use crate::layout;
use crate::links::LinkRecord;
use crate::ports::store::{Batch, Guard, Outcome, Revision, StoreError, Write};
use crate::quirks::{QUIRKS, Quirks};
use crate::trust::fingerprint;
use crate::x509::certificate::Parsed;

/// Why a change by an administrator is refused.
#[derive(Debug, Error)]
pub enum AdministrationError {
    /// The name is empty, too long, or has characters that a name cannot have.
    #[error("{0:?} is not a name: 1 to 128 characters, none of them a control character or a slash")]
    BadName(String),
    /// No quirk has the name.
    #[error("there is no quirk {0:?}; there are {1}")]
    NoQuirk(String, String),
    /// The record changed meanwhile.
    #[error("the record of {0:?} was changed at the same time; try again")]
    Changed(String),
    /// There is one already.
    #[error("{0} exists already")]
    Exists(String),
    /// What was given is not acceptable, or not what it should be.
    #[error("{0}")]
    Unacceptable(String),
    /// The vault, or what hashes, failed.
    #[error("{0}")]
    Vault(String),
    /// No client is recorded by the name.
    #[error("no client named {0:?} is enrolled")]
    Unknown(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A KMIP user or device that is to be recorded.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewUser<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its password in PHC form; empty for none.
    pub password_hash: &'a str,
    /// The only client that may use it.
    pub client: Option<&'a str>,
    /// Whether it has one time passwords.
    pub one_time: Option<NewOneTime>,
    /// The password, if it may come hashed: S1 and S2 are kept of it, which are as good as the password (KMIP 2.1 §9.11).
    pub hashed: Option<&'a SecretText>,
    /// What identifies a device.
    pub device: Option<DeviceFields<'a>>,
}

/// How one time passwords are to be made (RFC 4226, RFC 6238).
#[derive(Debug, Clone, Copy)]
pub struct NewOneTime {
    /// Hash function of the HMAC.
    pub hash: HashingAlgorithm,
    /// Digits of a code.
    pub digits: u32,
    /// Seconds for which a code is right; without it codes follow a counter.
    pub period: Option<u32>,
}

impl Engine {
    /// Records a new client. Without a scope it gets one of its own, under its own name.
    pub fn enroll(&self, name: &str, scope: Option<&str>) -> Result<(), AdministrationError> {
        let scope = scope.unwrap_or(name);
        for text in [name, scope] {
            check_name(text)?;
        }
        let record = ClientRecord::of_its_own(Text::new(scope));
        self.insert(layout::client(name), record.encode(), || format!("a client named {name:?}"))
    }

    /// Records a new client that has made its own key and certificate, and is known by that (KMIP 2.1 §11.10, Client
    /// Registered), whoever signed it. A certificate that stands, or stood, for a client is not taken.
    pub fn register_client(
        &self,
        name: &str,
        scope: Option<&str>,
        certificate: &[u8],
        now: i64,
    ) -> Result<(), AdministrationError> {
        let scope = scope.unwrap_or(name);
        for text in [name, scope] {
            check_name(text)?;
        }
        check_certificate(certificate, now)?;
        let client = ClientRecord::of_its_own(Text::new(scope));
        let link = LinkRecord { client: Text::new(name), object: None, replaced: false, renewals: 0 };
        let writes =
            vec![(layout::client(name), client.encode()), (layout::link(&fingerprint(certificate)), link.encode())];
        self.insert_all(writes, || format!("a client named {name:?}, or one with this certificate,"))
    }

    /// Records a new KMIP user; `password_hash` is in PHC form. Bound to a client, it counts only with its certificate.
    pub fn add_user(&self, name: &str, password_hash: &str, client: Option<&str>) -> Result<(), AdministrationError> {
        self.add(&NewUser { name, password_hash, client, ..NewUser::default() }).map(|_| ())
    }

    /// Records a new KMIP user or device, and gives the secret of its one time passwords, which is told only now.
    pub fn add(&self, new: &NewUser<'_>) -> Result<Option<Secret>, AdministrationError> {
        let NewUser { name, password_hash, client, one_time, hashed, device } = *new;
        check_name(name)?;
        client.map_or(Ok(()), check_name)?;
        let mut record = UserRecord { is_device: device.is_some(), ..UserRecord::new(password_hash, client) };
        let mut secret = None;
        if let Some(one_time) = one_time {
            let (sealed, fresh) = self.one_time_record(name, one_time)?;
            (record.one_time, secret) = (Some(sealed), Some(fresh));
        }
        if let Some(password) = hashed {
            record.hashed = self.hashed_records(name, password)?;
        }
        let mut writes = vec![(layout::user(name), record.encode())];
        if let Some(fields) = device {
            let key =
                self.device_key(&fields).ok_or_else(|| bad("a device has at least one field that identifies it"))?;
            writes.push((layout::device(&key), name.as_bytes().to_vec()));
        }
        let what = || match device {
            Some(_) => format!("a user or device named {name:?}, or a device with these fields,"),
            None => format!("a user named {name:?}"),
        };
        self.insert_all(writes, what)?;
        Ok(secret)
    }

    fn one_time_record(&self, name: &str, new: NewOneTime) -> Result<(OneTimeRecord, Secret), AdministrationError> {
        let NewOneTime { hash, digits, period } = new;
        let bytes = match hash {
            HashingAlgorithm::SHA_1 => 20,
            HashingAlgorithm::SHA_256 => 32,
            HashingAlgorithm::SHA_512 => 64,
            _ => return Err(bad("one time passwords are made with SHA-1, SHA-256 or SHA-512 (RFC 6238)")),
        };
        if !(6..=8).contains(&digits) {
            return Err(bad("one time passwords have 6 to 8 digits (RFC 4226)"));
        }
        if period.is_some_and(|period| !(10..=300).contains(&period)) {
            return Err(bad("a one time password is right for 10 to 300 seconds"));
        }
        let secret = Secret::init_with(bytes, |bytes| self.vault.random(bytes))
            .map_err(|error| AdministrationError::Vault(error.to_string()))?;
        let sealed = self.seal_one_time(name, &secret);
        Ok((OneTimeRecord { hash, digits, period, sealed }, secret))
    }

    /// For each hash function that a client may name.
    fn hashed_records(&self, name: &str, password: &SecretText) -> Result<Vec<HashedRecord>, AdministrationError> {
        let hashes = [HashingAlgorithm::SHA_256, HashingAlgorithm::SHA_384, HashingAlgorithm::SHA_512];
        let record = |hash| {
            let function = parameters::hash(hash)?;
            Ok(HashedRecord { hash, sealed: self.seal_hashed(function, name, password)? })
        };
        let records = hashes.into_iter().map(record).collect::<OpResult<Vec<_>>>();
        records.map_err(|error| AdministrationError::Vault(error.message))
    }

    /// Switches on these quirks of a client, and off all others. A client that was never enrolled gets a record.
    pub fn set_quirks(&self, name: &str, quirks: &[String]) -> Result<(), AdministrationError> {
        check_name(name)?;
        let quirks = Quirks::named(quirks.iter().map(String::as_str)).map_err(|unknown| {
            let known: Vec<_> = QUIRKS.iter().map(|row| row.name).collect();
            AdministrationError::NoQuirk(unknown.to_owned(), known.join(", "))
        })?;
        self.change_client(name, |record| record.quirks = quirks)
    }

    /// Locks a client out, or lets it in again: its requests are refused from now on, on open connections too, its jobs and the
    /// tickets that it has made do nothing, and nothing is sent to it. A client that was never enrolled gets a record. Tells
    /// whether it had one.
    pub fn set_disabled(&self, name: &str, disabled: bool) -> Result<bool, AdministrationError> {
        if !is_acceptable_client(name) {
            return Err(AdministrationError::BadName(name.to_owned()));
        }
        let is_known = self.stored_client(name)?.is_some();
        if !disabled && !is_known {
            return Err(AdministrationError::Unknown(name.to_owned()));
        }
        self.change_client(name, |record| record.disabled = disabled)?;
        Ok(is_known)
    }

    /// Takes another certificate of a client: one that names it, or with `register` any. With `only`, no other counts from now
    /// on, neither one that was registered before nor one that merely names it, and what the client has made or asked for until
    /// now is nothing any more: its tickets, and requests that wait.
    pub fn renew_client(
        &self,
        name: &str,
        certificate: &[u8],
        (register, only): (bool, bool),
        now: i64,
    ) -> Result<(), AdministrationError> {
        check_certificate(certificate, now)?;
        let Some((revision, mut record)) = self.stored_client(name)? else {
            return Err(AdministrationError::Unknown(name.to_owned()));
        };
        if !only && !register && record.renewals == 0 {
            return Ok(());
        }
        record.renewals = record.renewals.saturating_add(i64::from(only));
        let renewals = record.renewals;
        let (client, own) = (layout::client(name), layout::link(&fingerprint(certificate)));
        let link = LinkRecord { client: Text::new(name), object: None, replaced: false, renewals };
        let (guard, link) = match self.store.get(&own)? {
            None => (Guard::Absent(own.clone()), link),
            Some(found) => match LinkRecord::decode(&found.value) {
                Ok(known) if known.client.as_str() == name && !known.replaced && only => {
                    (Guard::At(own.clone(), found.revision), LinkRecord { renewals, ..known })
                }
                _ => return Err(AdministrationError::Exists("a client with this certificate".to_owned())),
            },
        };
        let writes = vec![Write::Put(client.clone(), record.encode()), Write::Put(own, link.encode())];
        self.commit_change(name, Batch { guards: vec![Guard::At(client, revision), guard], writes, ..Batch::default() })
    }

    /// All clients that are recorded, by name.
    pub fn clients(&self) -> Vec<(Text, ClientRecord)> {
        self.catalog.clients()
    }

    /// Changes the record of a client. One that was never enrolled gets one, with its own name as scope, unless others were put
    /// there: then the administrator has to say where it belongs.
    pub(crate) fn change_client(
        &self,
        name: &str,
        change: impl FnOnce(&mut ClientRecord),
    ) -> Result<(), AdministrationError> {
        let key = layout::client(name);
        let (guard, mut record) = match self.stored_client(name)? {
            Some((revision, record)) => (Guard::At(key.clone(), revision), record),
            None if self.catalog.is_joined_scope(&Text::new(name)) => {
                return Err(bad("a scope of other clients has this name: enroll the client to say where it belongs"));
            }
            None => (Guard::Absent(key.clone()), ClientRecord::of_its_own(Text::new(name))),
        };
        change(&mut record);
        let writes = vec![Write::Put(key, record.encode())];
        self.commit_change(name, Batch { guards: vec![guard], writes, ..Batch::default() })
    }

    fn stored_client(&self, name: &str) -> Result<Option<(Revision, ClientRecord)>, AdministrationError> {
        let Some(found) = self.store.get(&layout::client(name))? else { return Ok(None) };
        let record = ClientRecord::decode(&found.value).map_err(|error| StoreError::Damaged {
            place: format!("the record of the client {name:?}"),
            detail: error.to_string(),
        })?;
        Ok(Some((found.revision, record)))
    }

    /// Commits a change of what is recorded of a client, unless it was changed meanwhile.
    pub(crate) fn commit_change(&self, name: &str, batch: Batch) -> Result<(), AdministrationError> {
        match self.store.commit(std::slice::from_ref(&batch))?.first() {
            Some(Outcome::Done(..)) => Ok(()),
            _ => Err(AdministrationError::Changed(name.to_owned())),
        }
    }

    /// Whether a client is recorded.
    pub fn knows_client(&self, client: &str) -> bool {
        self.catalog.client(&Text::new(client)).is_some()
    }

    /// The scope of a client.
    pub fn scope_of(&self, client: &str) -> Text {
        let client = Text::new(client);
        self.catalog.client(&client).map_or(client, |record| record.scope)
    }

    fn insert(&self, key: Vec<u8>, value: Vec<u8>, what: impl Fn() -> String) -> Result<(), AdministrationError> {
        self.insert_all(vec![(key, value)], what)
    }

    fn insert_all(
        &self,
        records: Vec<(Vec<u8>, Vec<u8>)>,
        what: impl Fn() -> String,
    ) -> Result<(), AdministrationError> {
        let guards = records.iter().map(|(key, _)| Guard::Absent(key.clone())).collect();
        let writes = records.into_iter().map(|(key, value)| Write::Put(key, value)).collect();
        let batch = Batch { guards, writes, ..Batch::default() };
        match self.store.commit(std::slice::from_ref(&batch))?.first() {
            Some(Outcome::Done(..)) => Ok(()),
            _ => Err(AdministrationError::Exists(what())),
        }
    }
}

fn check_certificate(certificate: &[u8], now: i64) -> Result<(), AdministrationError> {
    let parsed = Parsed::new(certificate).map_err(|error| bad(&error.to_string()))?;
    if parsed.covers(now) { Ok(()) } else { Err(bad("the certificate is not valid now")) }
}

fn bad(why: &str) -> AdministrationError {
    AdministrationError::Unacceptable(why.to_owned())
}

/// Whether an administrator may give a name.
pub(crate) fn check_name(name: &str) -> Result<(), AdministrationError> {
    if is_acceptable_name(name) { Ok(()) } else { Err(AdministrationError::BadName(name.to_owned())) }
}
