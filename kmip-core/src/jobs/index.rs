//! The jobs of the store in memory, without what is sealed: which are due, which have ended, and how many a client has.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip_codec::inline::Text;

use super::record::{Job, Stage};
use super::{Asynchronous, JobKey};
use crate::error::{Fault, OpResult, fail};
use crate::identity::Principal;

/// Asynchronous items by their Processing Stage (KMIP 2.1 §11.40).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Waiting.
    pub submitted: usize,
    /// Worked on.
    pub in_process: usize,
    /// With results that were not obtained yet.
    pub completed: usize,
}

/// A job without its sealed part, and what it takes in the store.
#[derive(Debug, Clone)]
struct Head {
    job: Arc<Job>,
    bytes: usize,
}

impl Head {
    /// Items that count: their results were not obtained yet.
    fn outstanding(&self) -> usize {
        self.job.items.iter().filter(|item| !item.obtained).count()
    }
}

/// What a client has.
#[derive(Debug, Default)]
struct Load {
    jobs: BTreeSet<JobKey>,
    items: usize,
    bytes: usize,
}

#[derive(Debug, Default)]
struct State {
    heads: BTreeMap<JobKey, Head>,
    waiting: BTreeSet<(i64, JobKey)>,
    ends: BTreeSet<(i64, JobKey)>,
    clients: HashMap<Text, Load>,
    running: HashSet<JobKey>,
    /// Jobs that a client waits for: they are due whatever their time.
    hastened: BTreeSet<JobKey>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    state: Mutex<State>,
    stirred: AtomicBool,
}

impl Jobs {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a stored job, or that it is gone.
    pub fn put(&self, key: &JobKey, stored: Option<(Job, usize)>) {
        let mut state = self.state();
        state.remove(key);
        let Some((job, bytes)) = stored else {
            state.hastened.remove(key);
            return;
        };
        if job.is_waiting() {
            state.waiting.insert((job.starts, key.clone()));
            if job.starts <= job.submitted {
                self.stirred.store(true, Ordering::Release);
            }
        } else {
            state.hastened.remove(key);
        }
        state.ends.insert((job.expires, key.clone()));
        let head = Head { job: Arc::new(Job { sealed: None, ..job }), bytes };
        let load = state.clients.entry(head.job.client.clone()).or_default();
        load.jobs.insert(key.clone());
        load.items = load.items.saturating_add(head.outstanding());
        load.bytes = load.bytes.saturating_add(bytes);
        state.heads.insert(key.clone(), head);
    }

    /// Jobs to run now; they count as running from here on.
    pub fn take_due(&self, now: i64, limit: usize) -> Vec<JobKey> {
        let mut state = self.state();
        let State { heads, waiting, running, hastened, .. } = &mut *state;
        let awaited = hastened.iter().filter(|key| heads.get(*key).is_some_and(|head| head.job.is_waiting()));
        let ripe = waiting.iter().take_while(|(starts, _)| *starts <= now).map(|(_, key)| key);
        let mut due: Vec<JobKey> = Vec::new();
        for key in awaited.chain(ripe) {
            if due.len() == limit {
                break;
            }
            if running.insert(key.clone()) {
                due.push(key.clone());
            }
        }
        due
    }

    /// A job is not worked on any more.
    pub fn end(&self, key: &JobKey) {
        self.state().running.remove(key);
    }

    /// Who asked for a job.
    pub fn client_of(&self, key: &JobKey) -> Option<Text> {
        self.state().heads.get(key).map(|head| head.job.client.clone())
    }

    /// Whether a job is worked on.
    pub fn is_running(&self, key: &JobKey) -> bool {
        self.state().running.contains(key)
    }

    /// Makes a job due.
    pub fn hasten(&self, key: &JobKey) {
        self.state().hastened.insert(key.clone());
        self.stirred.store(true, Ordering::Release);
    }

    /// Whether a client waits for a job.
    pub fn is_hastened(&self, key: &JobKey) -> bool {
        self.state().hastened.contains(key)
    }

    /// Whether a job has become due since the last call.
    pub fn take_stirred(&self) -> bool {
        self.stirred.load(Ordering::Relaxed) && self.stirred.swap(false, Ordering::AcqRel)
    }

    /// Jobs whose time has passed and that nobody works on.
    pub fn expired(&self, now: i64, limit: usize) -> Vec<JobKey> {
        let state = self.state();
        let passed = state.ends.iter().take_while(|(ends, _)| *ends <= now).map(|(_, key)| key);
        passed.filter(|key| !state.running.contains(*key)).take(limit).cloned().collect()
    }

    /// Whether a client may ask for so many more items, whose request has so many bytes. Requests that are evaluated at the same
    /// time do not see one another, so that their number can exceed the bound by theirs.
    pub fn admit(&self, client: &Text, items: usize, bytes: usize, settings: &Asynchronous) -> OpResult<()> {
        let (has_items, has_bytes) = self.state().clients.get(client).map_or((0, 0), |load| (load.items, load.bytes));
        if has_items.saturating_add(items) > settings.items_per_client {
            let most = settings.items_per_client;
            return fail(
                Fault::ServerLimit,
                format!("a client may have {most} asynchronous requests; poll or cancel some, or ask synchronously"),
            );
        }
        self.admit_bytes(has_bytes, bytes, settings)
    }

    /// Whether what a job of a client takes may become so many bytes.
    pub fn admit_results(&self, job: &Job, bytes: usize, settings: &Asynchronous) -> OpResult<()> {
        let others = {
            let state = self.state();
            let own = state.heads.get(&job.key()).map_or(0, |head| head.bytes);
            state.clients.get(&job.client).map_or(0, |load| load.bytes).saturating_sub(own)
        };
        self.admit_bytes(others, bytes, settings)
    }

    fn admit_bytes(&self, has: usize, more: usize, settings: &Asynchronous) -> OpResult<()> {
        let most = settings.bytes_per_client;
        if has.saturating_add(more) > most {
            return fail(
                Fault::ServerLimit,
                format!("the asynchronous requests of a client may take {most} bytes; poll some, or ask synchronously"),
            );
        }
        Ok(())
    }

    /// What this client and user asked for, oldest first, with whether it is worked on.
    pub fn of(&self, principal: &Principal) -> Vec<(Arc<Job>, bool)> {
        let state = self.state();
        let Some(load) = state.clients.get(&principal.client) else { return Vec::new() };
        let own = load.jobs.iter().filter_map(|key| {
            let job = &state.heads.get(key)?.job;
            job.is_of(principal).then(|| (Arc::clone(job), state.running.contains(key)))
        });
        let mut own: Vec<_> = own.collect();
        own.sort_by(|(one, _), (other, _)| (one.submitted, &one.id).cmp(&(other.submitted, &other.id)));
        own
    }

    /// How many items there are.
    pub fn counts(&self) -> JobCounts {
        let state = self.state();
        let mut counts = JobCounts::default();
        for (key, head) in &state.heads {
            let is_running = state.running.contains(key);
            for item in head.job.items.iter().filter(|item| !item.obtained) {
                let count = match item.stage {
                    Stage::Waiting if is_running => &mut counts.in_process,
                    Stage::Waiting => &mut counts.submitted,
                    Stage::Canceled => continue,
                    Stage::Succeeded | Stage::Failed => &mut counts.completed,
                };
                *count = count.saturating_add(1);
            }
        }
        counts
    }
}

impl State {
    fn remove(&mut self, key: &JobKey) {
        let Some(head) = self.heads.remove(key) else { return };
        self.waiting.remove(&(head.job.starts, key.clone()));
        self.ends.remove(&(head.job.expires, key.clone()));
        let Some(load) = self.clients.get_mut(&head.job.client) else { return };
        load.jobs.remove(key);
        load.items = load.items.saturating_sub(head.outstanding());
        load.bytes = load.bytes.saturating_sub(head.bytes);
        if load.jobs.is_empty() {
            self.clients.remove(&head.job.client);
        }
    }
}
