//! The offline check: every object, name, scope key, client, user and asynchronous request of a store is read, opened and compared with what
//! must agree with it.

use std::collections::HashMap;
use std::fmt;

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::Digest;
use thiserror::Error;

use crate::counters::Counts;
use crate::identity::{ClientRecord, UserRecord};
use crate::jobs::Job;
use crate::layout;
use crate::links::LinkRecord;
use crate::material;
use crate::object::{MaterialKind, Record, attribute_of};
use crate::outgoing::Queued;
use crate::policy::Demands;
use crate::ports::store::{RecordSeal, Store, StoreError};
use crate::ports::vault::KeyVault;
use crate::tickets::TicketRecord;

/// What a check looked at.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Objects, destroyed ones included.
    pub objects: usize,
    /// Names that point to them.
    pub names: usize,
    /// Keys that were opened and whose digest was compared.
    pub digests: usize,
    /// Clients.
    pub clients: usize,
    /// Users.
    pub users: usize,
    /// Asynchronous requests.
    pub jobs: usize,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { objects, names, digests, clients, users, jobs } = self;
        write!(f, "{objects} objects, {names} names, {digests} digests, {clients} clients, {users} users and ")?;
        write!(f, "{jobs} asynchronous requests are whole")
    }
}

/// What a check found wrong.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Records contradict each other or do not open; the first few of them.
    #[error("{} records are damaged: {}", .0.len(), .0.iter().take(5).cloned().collect::<Vec<_>>().join("; "))]
    Damaged(Vec<String>),
}

struct Check<'a> {
    store: &'a dyn Store,
    vault: &'a dyn KeyVault,
    seal: &'a dyn RecordSeal,
    found: Verified,
    faults: Vec<String>,
    /// Name key -> identifier, as the objects say.
    names: HashMap<Vec<u8>, String>,
}

/// Verifies a whole store that nobody changes meanwhile.
pub fn verify(store: &dyn Store, vault: &dyn KeyVault, seal: &dyn RecordSeal) -> Result<Verified, VerifyError> {
    let found = Verified::default();
    let mut check = Check { store, vault, seal, found, faults: Vec::new(), names: HashMap::new() };
    check.each(layout::SCOPE_KEYS, Check::scope_key)?;
    check.each(layout::OBJECTS, Check::object)?;
    check.each(layout::NAMES, Check::name)?;
    check.each(layout::DEMANDS, |check, key, value| {
        let read = Demands::owner(key).map(|(_, kind)| Demands::default().set(kind, Some(value)));
        if !matches!(read, Some(Ok(()))) {
            check.faults.push("defaults or constraints of a scope that cannot be read".to_owned());
        }
    })?;
    check.each(layout::CLIENTS, |check, _, value| match ClientRecord::decode(value) {
        Ok(_) => check.found.clients += 1,
        Err(error) => check.faults.push(format!("a client: {error}")),
    })?;
    check.each(layout::USERS, |check, _, value| match UserRecord::decode(value) {
        Ok(_) => check.found.users += 1,
        Err(error) => check.faults.push(format!("a user: {error}")),
    })?;
    check.each(layout::TICKETS, |check, key, value| {
        let damage = match layout::ticket_of(key) {
            Some(_) => TicketRecord::decode(value).err().map(|error| format!("a ticket: {error}")),
            None if layout::is_device(key) => None,
            None => (value.len() != 8).then(|| "the last use of a ticket or credential has 8 bytes".to_owned()),
        };
        check.faults.extend(damage);
    })?;
    check.each(layout::LINKS, |check, _, value| {
        check.faults.extend(LinkRecord::decode(value).err().map(|error| format!("a client's certificate: {error}")));
    })?;
    check.each(layout::OUTGOING, |check, _, value| {
        check.faults.extend(Queued::decode(value).err().map(|error| format!("a message to a client: {error}")));
    })?;
    check.each(layout::JOBS, Check::job)?;
    check.each(layout::COUNTS, |check, _, value| {
        check.faults.extend(Counts::decode(value).is_none().then(|| "the counts of a key cannot be read".to_owned()));
    })?;
    let missing = std::mem::take(&mut check.names);
    check.faults.extend(missing.into_values().map(|id| format!("object {id}: its name points nowhere")));
    if check.faults.is_empty() { Ok(check.found) } else { Err(VerifyError::Damaged(check.faults)) }
}

impl Check<'_> {
    fn each(&mut self, prefix: &[u8], visit: impl Fn(&mut Self, &[u8], &[u8])) -> Result<(), StoreError> {
        let (mut from, until) = (prefix.to_vec(), layout::end_of(prefix));
        loop {
            let page = self.store.scan(&from, &until, 1_000)?;
            for (key, stored) in &page.entries {
                visit(self, key, &stored.value);
            }
            match page.entries.last() {
                Some((last, _)) if page.more => from = [last.as_slice(), b"\0"].concat(),
                _ => return Ok(()),
            }
        }
    }

    fn scope_key(&mut self, key: &[u8], value: &[u8]) {
        let Some((scope, _)) = layout::split(layout::SCOPE_KEYS, key) else {
            return self.faults.push("a scope key without a scope".to_owned());
        };
        if let Err(error) = self.vault.install_scope_key(scope, layout::split_scope_key_value(value).1) {
            self.faults.push(format!("the key of scope {scope:?}: {error}"));
        }
    }

    fn object(&mut self, key: &[u8], value: &[u8]) {
        let record = match Record::decode(value) {
            Ok(record) => record,
            Err(error) => return self.faults.push(format!("an object: {error}")),
        };
        self.found.objects += 1;
        if key != layout::object(&record.scope, &record.id) {
            self.faults.push(format!("object {}: stands under another key", record.id));
        }
        if record.destroyed {
            return;
        }
        for name in record.names() {
            let blinded = self.seal.blind(&layout::name_text(&record.scope, &name.value));
            if let Some(other) = self.names.insert(layout::name(&record.scope, &blinded), record.id.to_string()) {
                self.faults.push(format!("objects {other} and {} have the same name", record.id));
            }
        }
        self.digest(&record);
    }

    fn digest(&mut self, record: &Record) {
        if record.material.as_ref().is_none_or(|material| self.vault.resides(&material.sealed)) {
            return;
        }
        let load = || match &record.material {
            // It has no digest; that it opens is what can be told.
            Some(material) if material.kind == MaterialKind::Credential => {
                self.vault.open(&material.sealed, material::Bound::of(record).binding())?;
                Ok(None)
            }
            _ => material::load(self.vault, record).map(Some),
        };
        let object = match load() {
            Ok(None) => return,
            Ok(Some(object)) => object,
            Err(error) => return self.faults.push(format!("object {}: {}", record.id, error.message)),
        };
        let stored: Vec<&Digest> = record.attributes.iter().filter_map(|i| digest_of(&i.attribute)).collect();
        let algorithm = attribute_of!(record, CryptographicAlgorithm).copied();
        let computed = crate::formats::digests(&object, algorithm);
        if stored.is_empty() && !computed.is_empty() {
            self.faults.push(format!("object {}: its digest is missing", record.id));
        }
        for computed in computed {
            match stored.iter().find(|stored| stored.key_format_type == computed.key_format_type) {
                Some(stored) if stored.digest_value != computed.digest_value => {
                    self.faults.push(format!("object {}: its digest is not that of its key material", record.id));
                }
                Some(_) => self.found.digests += 1,
                None => {}
            }
        }
    }

    fn job(&mut self, key: &[u8], value: &[u8]) {
        let job = match Job::decode(value) {
            Ok(job) => job,
            Err(error) => return self.faults.push(format!("an asynchronous request: {error}")),
        };
        if key != layout::job(&job.scope, &job.id) {
            self.faults.push(format!("asynchronous request {}: stands under another key", job.id));
        }
        match crate::jobs::check_content(self.vault, &job) {
            Ok(()) => self.found.jobs += 1,
            Err(error) => self.faults.push(format!("asynchronous request {}: {}", job.id, error.message)),
        }
    }

    fn name(&mut self, key: &[u8], value: &[u8]) {
        match self.names.remove(key) {
            Some(id) if id.as_bytes() == value => self.found.names += 1,
            Some(id) => self.faults.push(format!("object {id}: its name points to another object")),
            None => {
                self.faults.push(format!("a name points to {}, which does not have it", String::from_utf8_lossy(value)))
            }
        }
    }
}

fn digest_of(attribute: &Attribute) -> Option<&Digest> {
    match attribute {
        Attribute::Digest(digest) => Some(digest),
        _ => None,
    }
}
