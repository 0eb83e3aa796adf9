//! The server's view of its store: decoded objects in a bounded cache, the index, clients and users, scope keys.
//!
//! Filled by one scan at open, kept up to date by the store's change feed. The feed runs after a change is durable and
//! before it is acknowledged, so that a revoked or destroyed key is dead everywhere at once.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use foldhash::quality::RandomState;
use kmip_codec::inline::Text;
use quick_cache::sync::Cache;

use crate::identity::{ClientRecord, UserRecord};
use crate::index::Index;
use crate::jobs::{Job, JobKey, Jobs};
use crate::layout::{self, Made};
use crate::links::LinkRecord;
use crate::object::Record;
use crate::outgoing::Queues;
use crate::policy::Demands;
use crate::ports::store::{Change, Revision, Store, StoreError};
use crate::ports::vault::KeyVault;
use crate::quota::Quota;
use crate::tickets::Tickets;
use crate::trust::Fingerprint;

type HashMap<K, V> = std::collections::HashMap<K, V, RandomState>;
type HashSet<T> = std::collections::HashSet<T, RandomState>;

/// An object and the revision that wrote it.
#[derive(Debug)]
pub struct Stored {
    /// Revision of the record.
    pub revision: Revision,
    /// The object.
    pub record: Arc<Record>,
}

/// See the module.
pub struct Catalog {
    objects: Cache<(Text, Text), Arc<Stored>>,
    index: RwLock<Index>,
    clients: RwLock<HashMap<Text, ClientRecord>>,
    /// Scopes that clients of another name were put into.
    joined_scopes: RwLock<HashSet<Text>>,
    users: RwLock<HashMap<Text, UserRecord>>,
    tickets: RwLock<Tickets>,
    ticket_quota: Arc<Quota>,
    queues: RwLock<Queues>,
    /// Whom certificates stand for beside what their authorities say.
    links: RwLock<HashMap<Fingerprint, LinkRecord>>,
    /// Clients that hear of changes in each scope.
    listeners: RwLock<HashMap<Text, Vec<Text>>>,
    /// Scope and identifier of objects whose Usage Limits were used, with their counter.
    uses: RwLock<HashMap<(Text, Text), i64>>,
    /// Scopes that have a key, with the places under which their keys stand, lowest first, and when they were made.
    scope_keys: RwLock<HashMap<Text, Vec<(u32, Made)>>>,
    /// What scopes demand of new objects.
    demands: RwLock<HashMap<Text, Arc<Demands>>>,
    /// Short forms of all stored names: what is not here is nobody's name.
    names: RwLock<HashSet<u64>>,
    jobs: Jobs,
}

/// What is followed of the store, in the order in which it is read at open.
const FOLLOWED: [&[u8]; 11] = [
    layout::LINKS,
    layout::CLIENTS,
    layout::USERS,
    layout::TICKETS,
    layout::OUTGOING,
    layout::DEMANDS,
    layout::USES,
    layout::SCOPE_KEYS,
    layout::NAMES,
    layout::OBJECTS,
    layout::JOBS,
];

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

fn damaged(key: &[u8], detail: impl std::fmt::Display) -> StoreError {
    let place = String::from_utf8_lossy(key.get(..2).unwrap_or_default()).into_owned();
    StoreError::Damaged { place: format!("a record under {place}"), detail: detail.to_string() }
}

/// Keys read at once while the store is scanned at open.
const SCAN_PAGE: usize = 1_000;

impl Catalog {
    /// Reads the whole store, installs its scope keys in the vault, and follows its changes from then on.
    pub fn open(store: &dyn Store, vault: &Arc<dyn KeyVault>, capacity: usize) -> Result<Arc<Self>, StoreError> {
        let catalog = Arc::new(Self {
            objects: Cache::new(capacity),
            index: RwLock::default(),
            clients: RwLock::default(),
            joined_scopes: RwLock::default(),
            users: RwLock::default(),
            tickets: RwLock::default(),
            ticket_quota: Arc::default(),
            queues: RwLock::default(),
            links: RwLock::default(),
            listeners: RwLock::default(),
            uses: RwLock::default(),
            scope_keys: RwLock::default(),
            demands: RwLock::default(),
            names: RwLock::default(),
            jobs: Jobs::default(),
        });
        for prefix in FOLLOWED {
            catalog.load(store, vault.as_ref(), prefix)?;
        }
        for prefix in FOLLOWED {
            let (follower, vault) = (Arc::clone(&catalog), Arc::clone(vault));
            let follow = move |change: &Change<'_>| {
                if let Err(error) = follower.take(vault.as_ref(), change) {
                    tracing::error!(%error, "a change that was just written cannot be read");
                }
            };
            store.watch(prefix, Box::new(follow));
        }
        Ok(catalog)
    }

    fn load(&self, store: &dyn Store, vault: &dyn KeyVault, prefix: &[u8]) -> Result<(), StoreError> {
        let (mut from, until) = (prefix.to_vec(), layout::end_of(prefix));
        // An object that cannot be read is refused wherever it is asked for; the others are served. Without who may do what,
        // and without a key of a scope, nobody is.
        let may_go_on = prefix == layout::OBJECTS;
        let mut skipped = |key: &[u8], error: &StoreError| {
            tracing::error!(%error, key = %key.escape_ascii(), "an object cannot be read; restore it from a backup");
        };
        loop {
            let page = match may_go_on {
                true => store.scan_readable(&from, &until, SCAN_PAGE, &mut skipped)?,
                false => store.scan(&from, &until, SCAN_PAGE)?,
            };
            for (key, stored) in &page.entries {
                let change = Change { key, value: Some(&stored.value), revision: stored.revision, content: None };
                match self.take(vault, &change) {
                    Err(error) if may_go_on => skipped(key, &error),
                    taken => taken?,
                }
            }
            match page.entries.last() {
                Some((last, _)) if page.more => from = [last.as_slice(), b"\0"].concat(),
                _ => return Ok(()),
            }
        }
    }

    /// Takes in one change.
    fn take(&self, vault: &dyn KeyVault, change: &Change<'_>) -> Result<(), StoreError> {
        let key = change.key;
        if key.starts_with(layout::OBJECTS) {
            return self.take_object(vault, change);
        }
        if key.starts_with(layout::JOBS) {
            return self.take_job(change);
        }
        if key.starts_with(layout::USES) {
            return self.take_uses(change);
        }
        if key.starts_with(layout::NAMES) {
            let mut names = write(&self.names);
            if change.value.is_some() {
                names.insert(short(key))
            } else {
                names.remove(&short(key))
            };
            return Ok(());
        }
        if key.starts_with(layout::SCOPE_KEYS) {
            return self.take_scope_key(vault, change);
        }
        if key.starts_with(layout::DEMANDS) {
            return self.take_demand(change);
        }
        if let Some(fingerprint) = key.strip_prefix(layout::LINKS) {
            let fingerprint = fingerprint.try_into().map_err(|_| damaged(key, "no fingerprint"))?;
            let record = change.value.map(LinkRecord::decode).transpose().map_err(|error| damaged(key, error))?;
            let mut links = write(&self.links);
            match record {
                Some(record) => links.insert(fingerprint, record),
                None => links.remove(&fingerprint),
            };
            return Ok(());
        }
        if key.starts_with(layout::OUTGOING) {
            return write(&self.queues).take(change).map_err(|error| damaged(key, error));
        }
        if key.starts_with(layout::TICKETS) {
            return write(&self.tickets).take(change).map_err(|error| damaged(key, error));
        }
        let name = |prefix| key.strip_prefix(prefix).and_then(|rest: &[u8]| std::str::from_utf8(rest).ok());
        if let Some(client) = name(layout::CLIENTS) {
            let record = change.value.map(ClientRecord::decode).transpose().map_err(|error| damaged(key, error))?;
            let mut clients = write(&self.clients);
            replace(&mut clients, client, record);
            let joined = clients.iter().filter(|(name, record)| **name != record.scope);
            *write(&self.joined_scopes) = joined.map(|(_, record)| record.scope.clone()).collect();
            let mut listeners: HashMap<Text, Vec<Text>> = HashMap::default();
            for (name, record) in clients.iter().filter(|(_, record)| record.listens) {
                listeners.entry(record.scope.clone()).or_default().push(name.clone());
            }
            *write(&self.listeners) = listeners;
        } else if let Some(user) = name(layout::USERS) {
            let record = change.value.map(UserRecord::decode).transpose().map_err(|error| damaged(key, error))?;
            replace(&mut write(&self.users), user, record);
        }
        Ok(())
    }

    fn take_object(&self, vault: &dyn KeyVault, change: &Change<'_>) -> Result<(), StoreError> {
        let (scope, id) =
            layout::owner(layout::OBJECTS, change.key).ok_or_else(|| damaged(change.key, "no object's key"))?;
        let key = (Text::new(scope), id);
        let Some(value) = change.value else {
            write(&self.index).forget(&key.0, &key.1);
            self.objects.remove(&key);
            return Ok(());
        };
        let record = content(change, value)?;
        if let Some(material) = &record.material {
            vault.note_stored(&material.sealed);
        }
        write(&self.index).put(&record);
        self.objects.insert(key, Arc::new(Stored { revision: change.revision, record }));
        Ok(())
    }

    fn take_job(&self, change: &Change<'_>) -> Result<(), StoreError> {
        let (scope, id) = layout::owner(layout::JOBS, change.key).ok_or_else(|| damaged(change.key, "no job's key"))?;
        let stored = match change.value {
            None => None,
            Some(value) => Some((Job::decode(value).map_err(|error| damaged(change.key, error))?, value.len())),
        };
        self.jobs.put(&JobKey { scope: Text::new(scope), id }, stored);
        Ok(())
    }

    fn take_scope_key(&self, vault: &dyn KeyVault, change: &Change<'_>) -> Result<(), StoreError> {
        let (scope, place) =
            layout::scope_key_place(change.key).ok_or_else(|| damaged(change.key, "no scope key's key"))?;
        let value = change.value.map(layout::split_scope_key_value);
        if let Some((_, sealed)) = value {
            vault.install_scope_key(scope, sealed).map_err(|error| damaged(change.key, error))?;
        }
        let mut scopes = write(&self.scope_keys);
        let places = scopes.entry(Text::new(scope)).or_default();
        places.retain(|(present, _)| *present != place);
        if let Some((made, _)) = value {
            places.push((place, made));
            places.sort_unstable_by_key(|(place, _)| *place);
        }
        Ok(())
    }

    fn take_demand(&self, change: &Change<'_>) -> Result<(), StoreError> {
        let (scope, kind) = Demands::owner(change.key).ok_or_else(|| damaged(change.key, "no demand's key"))?;
        let scope = Text::new(scope);
        let mut all = write(&self.demands);
        let mut demands = all.get(&scope).map(|demands| demands.as_ref().clone()).unwrap_or_default();
        demands.set(kind, change.value).map_err(|error| damaged(change.key, error))?;
        if demands.is_empty() {
            all.remove(&scope);
        } else {
            all.insert(scope, Arc::new(demands));
        }
        Ok(())
    }

    /// What a scope demands of new objects, if it demands something.
    pub(crate) fn demands(&self, scope: &Text) -> Option<Arc<Demands>> {
        read(&self.demands).get(scope).cloned()
    }

    fn take_uses(&self, change: &Change<'_>) -> Result<(), StoreError> {
        let (scope, id) =
            layout::owner(layout::USES, change.key).ok_or_else(|| damaged(change.key, "no object's key"))?;
        let key = (Text::new(scope), id);
        match change.value {
            None => write(&self.uses).remove(&key),
            Some(value) => {
                let counter = value.try_into().map_err(|_| damaged(change.key, "a counter has 8 bytes"))?;
                write(&self.uses).insert(key, i64::from_be_bytes(counter))
            }
        };
        Ok(())
    }

    /// The counter of an object's Usage Limits: 0, and less with every use.
    pub fn uses(&self, scope: &Text, id: &Text) -> i64 {
        read(&self.uses).get(&(scope.clone(), id.clone())).copied().unwrap_or(0)
    }

    /// Whether the store may hold this name key. Should two names ever be alike in short, the commit's guard decides.
    pub fn may_hold_name(&self, key: &[u8]) -> bool {
        read(&self.names).contains(&short(key))
    }

    /// An object from the cache or the store.
    pub fn read(&self, store: &dyn Store, scope: &Text, id: &Text) -> Result<Option<Arc<Stored>>, StoreError> {
        if let Some(stored) = self.objects.get(&(scope.clone(), id.clone())) {
            return Ok(Some(stored));
        }
        if !self.index().contains(scope, id) {
            return Ok(None);
        }
        let key = layout::object(scope, id);
        let Some(found) = store.get(&key)? else { return Ok(None) };
        let record = Record::decode(&found.value).map_err(|error| damaged(&key, error))?;
        Ok(Some(Arc::new(Stored { revision: found.revision, record: Arc::new(record) })))
    }

    /// Asynchronous requests.
    pub fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// The index, to search.
    pub fn index(&self) -> RwLockReadGuard<'_, Index> {
        read(&self.index)
    }

    /// The record of a client.
    pub fn client(&self, name: &Text) -> Option<ClientRecord> {
        read(&self.clients).get(name).cloned()
    }

    /// How often the certificates of a client were renewed.
    pub fn renewals_of(&self, name: &Text) -> i64 {
        read(&self.clients).get(name).map_or(0, |record| record.renewals)
    }

    /// The records of all clients, by name.
    pub fn clients(&self) -> Vec<(Text, ClientRecord)> {
        let mut clients: Vec<_> =
            read(&self.clients).iter().map(|(name, record)| (name.clone(), record.clone())).collect();
        clients.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        clients
    }

    /// Whether clients of another name act in the scope of this name.
    pub fn is_joined_scope(&self, name: &Text) -> bool {
        read(&self.joined_scopes).contains(name)
    }

    /// The record of a user.
    pub fn user(&self, name: &Text) -> Option<UserRecord> {
        read(&self.users).get(name).cloned()
    }

    /// The messages that wait for clients.
    pub fn queues(&self) -> RwLockReadGuard<'_, Queues> {
        read(&self.queues)
    }

    /// The same, to give serial numbers.
    pub fn queues_mut(&self) -> RwLockWriteGuard<'_, Queues> {
        write(&self.queues)
    }

    /// Whom a certificate stands for beside what its authority says.
    pub fn link(&self, fingerprint: &Fingerprint) -> Option<LinkRecord> {
        read(&self.links).get(fingerprint).cloned()
    }

    /// The clients that hear of changes in a scope.
    pub fn listeners(&self, scope: &Text) -> Vec<Text> {
        read(&self.listeners).get(scope).cloned().unwrap_or_default()
    }

    /// The tickets.
    pub fn tickets(&self) -> RwLockReadGuard<'_, Tickets> {
        read(&self.tickets)
    }

    /// What requests that are evaluated claim of the tickets that their client may have.
    pub(crate) fn ticket_quota(&self) -> &Arc<Quota> {
        &self.ticket_quota
    }

    /// Whether the scope has a key in the vault.
    pub fn has_scope_key(&self, scope: &Text) -> bool {
        read(&self.scope_keys).contains_key(scope)
    }

    /// The place of the newest key of a scope, and the place for the next.
    pub fn scope_key_places(&self, scope: &Text) -> (u32, u32) {
        match read(&self.scope_keys).get(scope).and_then(|places| places.last()) {
            Some((last, _)) => (*last, last.saturating_add(1)),
            None => (0, 0),
        }
    }

    /// The newest key of each scope: its place, and when it was made.
    pub fn newest_scope_keys(&self) -> Vec<(Text, u32, Made)> {
        let scopes = read(&self.scope_keys);
        let newest = |(scope, places): (&Text, &Vec<(u32, Made)>)| {
            places.last().map(|(place, made)| (scope.clone(), *place, *made))
        };
        scopes.iter().filter_map(newest).collect()
    }
}

/// The object that a change stores: as its author made it, or read from the value.
fn content(change: &Change<'_>, value: &[u8]) -> Result<Arc<Record>, StoreError> {
    let read = || Record::decode(value).map_err(|error| damaged(change.key, error));
    match change.content.map(|content| Arc::clone(content).downcast::<Record>()) {
        Some(Ok(record)) => {
            debug_assert_eq!(Some(record.as_ref()), read().ok().as_ref(), "a record reads back as it was written");
            Ok(record)
        }
        _ => read().map(Arc::new),
    }
}

/// The end of a name key, which is a keyed hash: as good as random, and nobody without the key can make two alike.
fn short(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |end| u64::from_be_bytes(*end))
}

fn replace<T>(map: &mut HashMap<Text, T>, name: &str, record: Option<T>) {
    match record {
        Some(record) => map.insert(Text::new(name), record),
        None => map.remove(&Text::new(name)),
    };
}
