//! Applications and their sessions: what the server remembers between two calls.
//!
//! They are memory of the node that opened them, bounded in number and time, and known by a Correlation Value that nobody
//! can guess and that only its own client may use. Evaluation has no side effects: what a call changes is kept with its
//! request, and takes effect when that is answered. Handles and numbers of sessions do not depend on the order of calls,
//! so that calls of several threads do not disturb each other.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip_codec::inline::Text;
use kmip_codec::value::ByteString;

use super::cryptography::Active;

/// Applications of all clients together.
const MOST_APPLICATIONS: usize = 1_024;
/// Applications of one client.
const MOST_OF_CLIENT: usize = 16;
/// Sessions of one application.
pub(super) const MOST_SESSIONS: usize = 64;
/// Handles of one application.
pub(super) const MOST_HANDLES: usize = 100_000;
/// Octets of mechanism parameters that the sessions of one application keep.
pub(super) const MOST_OCTETS: usize = 256 << 10;
/// Seconds after its last call at which an application ends.
const IDLE_SECONDS: i64 = 1_800;

/// Kinds of work that a session can have under way, one of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Encrypt,
    Decrypt,
    Digest,
    Sign,
    Verify,
}

/// A session.
#[derive(Clone, Default)]
pub(crate) struct Session {
    /// Whether it may change objects.
    pub writes: bool,
    /// What a search has found, and how much of it was told.
    pub found: Option<(Arc<Vec<u64>>, usize)>,
    /// Cryptography under way.
    pub active: BTreeMap<Kind, Active>,
}

/// An application: what lies between C_Initialize and C_Finalize.
#[derive(Clone)]
pub(crate) struct Application {
    client: Text,
    scope: Text,
    used: i64,
    /// Whether C_Login was called.
    pub logged_in: bool,
    /// Sessions by their handles.
    pub sessions: BTreeMap<u64, Session>,
    /// Identifiers of objects by their handles.
    pub handles: Arc<HashMap<u64, Text>>,
}

/// What a call changes.
#[derive(Clone)]
pub(crate) enum Change {
    /// Opens an application.
    Initialize(Application),
    /// Closes it.
    Finalize,
    /// Opens or changes a session, or closes it.
    Session(u64, Option<Session>),
    /// Logs in or out.
    Login(bool),
    /// Gives objects handles.
    Handles(Vec<(u64, Text)>),
    /// Notes that the application is in use.
    Touch(i64),
}

impl Application {
    /// An application of a client.
    pub fn new(client: Text, scope: Text, now: i64) -> Self {
        let (sessions, handles) = Default::default();
        Self { client, scope, used: now, logged_in: false, sessions, handles }
    }

    /// Octets of mechanism parameters that its sessions keep.
    pub fn octets(&self) -> usize {
        self.sessions.values().flat_map(|session| session.active.values()).map(Active::octets).sum()
    }

    /// Objects that its sessions have found and keep to be told.
    pub fn found(&self) -> usize {
        self.sessions.values().filter_map(|session| session.found.as_ref()).map(|(found, _)| found.len()).sum()
    }

    fn take(&mut self, change: Change) {
        match change {
            Change::Initialize(_) | Change::Finalize => {}
            Change::Session(handle, Some(session)) => drop(self.sessions.insert(handle, session)),
            Change::Session(handle, None) => drop(self.sessions.remove(&handle)),
            Change::Login(logged_in) => self.logged_in = logged_in,
            Change::Handles(new) => Arc::make_mut(&mut self.handles).extend(new),
            Change::Touch(now) => self.used = now,
        }
    }
}

/// All applications of this node.
#[derive(Default)]
pub(crate) struct Applications {
    table: Mutex<HashMap<ByteString, Application>>,
}

impl Applications {
    fn table(&self) -> MutexGuard<'_, HashMap<ByteString, Application>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a client may open one more. Those that nobody uses any more are closed first.
    pub fn has_room(&self, client: &Text, now: i64) -> bool {
        let mut table = self.table();
        table.retain(|_, application| application.used.saturating_add(IDLE_SECONDS) >= now);
        let own = table.values().filter(|application| application.client == *client).count();
        table.len() < MOST_APPLICATIONS && own < MOST_OF_CLIENT
    }

    /// An application as the changes of a request leave it.
    pub fn find(
        &self,
        correlation: &ByteString,
        changes: &[(ByteString, Change)],
        client: &Text,
        scope: &Text,
        now: i64,
    ) -> Option<Application> {
        let mut found = self.table().get(correlation).cloned();
        for (_, change) in changes.iter().filter(|(of, _)| of == correlation) {
            match (change.clone(), &mut found) {
                (Change::Initialize(new), _) => found = Some(new),
                (Change::Finalize, _) => found = None,
                (change, Some(application)) => application.take(change),
                (_, None) => {}
            }
        }
        let alive = |found: &Application| found.used.saturating_add(IDLE_SECONDS) >= now;
        found.filter(|found| found.client == *client && found.scope == *scope && alive(found))
    }

    /// Makes the changes of a request that is answered.
    pub fn apply(&self, changes: Vec<(ByteString, Change)>) {
        if changes.is_empty() {
            return;
        }
        let mut table = self.table();
        for (correlation, change) in changes {
            match change {
                Change::Initialize(new) => drop(table.insert(correlation, new)),
                Change::Finalize => drop(table.remove(&correlation)),
                change => {
                    if let Some(application) = table.get_mut(&correlation) {
                        application.take(change);
                    }
                }
            }
        }
    }
}
