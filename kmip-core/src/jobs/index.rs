//! The jobs of the store in memory, without what is sealed: which are due, which have ended, and how many a client has.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip_codec::inline::Text;

use super::record::{Job, Stage};
use super::{Asynchronous, JobKey};
use crate::error::{Fault, OpResult, fail};
use crate::identity::Principal;
use crate::quota::{Amount, Claim, Quota};

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
    /// Jobs whose record says that this server has begun to run them.
    begun: HashSet<JobKey>,
    /// Jobs that a client waits for: they are due whatever their time.
    hastened: BTreeSet<JobKey>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    state: Mutex<State>,
    quota: Arc<Quota>,
    stirred: AtomicBool,
}

impl Jobs {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of a stored job, or that it is gone.
    pub fn put(&self, key: &JobKey, stored: Option<(Job, usize)>) {
        let mut state = self.state();
        let tries = state.remove(key);
        let Some((job, bytes)) = stored else {
            state.hastened.remove(key);
            state.begun.remove(key);
            return;
        };
        // What the store had at open is the tries of others.
        if tries.is_some_and(|tries| tries < job.tries) {
            state.begun.insert(key.clone());
        }
        if job.is_waiting() {
            state.waiting.insert((job.starts, key.clone()));
            if job.starts <= job.submitted {
                self.stirred.store(true, Ordering::Release);
            }
        } else {
            state.hastened.remove(key);
            state.begun.remove(key);
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

    /// Whether it is durable that this server has begun to run a job.
    pub fn has_begun(&self, key: &JobKey) -> bool {
        self.state().begun.contains(key)
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

    /// Claims room for so many more items of a client, whose request has so many bytes.
    pub fn admit(&self, client: &Text, wanted: Amount, settings: &Asynchronous) -> OpResult<Claim> {
        self.quota.claim(client, wanted, |claimed| {
            let all = self.amount_of(client).plus(claimed).plus(wanted);
            if all.items > settings.items_per_client {
                let most = settings.items_per_client;
                return fail(
                    Fault::ServerLimit,
                    format!(
                        "a client may have {most} asynchronous requests; poll or cancel some, or ask synchronously"
                    ),
                );
            }
            fits(all.bytes, settings)
        })
    }

    /// Claims room for what a job of a client takes to become so many bytes.
    pub fn admit_results(&self, job: &Job, bytes: usize, settings: &Asynchronous) -> OpResult<Claim> {
        let own = self.state().heads.get(&job.key()).map_or(0, |head| head.bytes);
        let grows = Amount::of_bytes(bytes.saturating_sub(own));
        self.quota.claim(&job.client, grows, |claimed| {
            let others = self.amount_of(&job.client).plus(claimed).bytes.saturating_sub(own);
            fits(others.saturating_add(bytes), settings)
        })
    }

    /// What the store has of a client.
    fn amount_of(&self, client: &Text) -> Amount {
        let state = self.state();
        state.clients.get(client).map_or(Amount::default(), |load| Amount { items: load.items, bytes: load.bytes })
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

fn fits(bytes: usize, settings: &Asynchronous) -> OpResult<()> {
    let most = settings.bytes_per_client;
    if bytes > most {
        return fail(
            Fault::ServerLimit,
            format!("the asynchronous requests of a client may take {most} bytes; poll some, or ask synchronously"),
        );
    }
    Ok(())
}

impl State {
    /// Forgets a job, and tells how often it was tried.
    fn remove(&mut self, key: &JobKey) -> Option<i32> {
        let head = self.heads.remove(key)?;
        self.waiting.remove(&(head.job.starts, key.clone()));
        self.ends.remove(&(head.job.expires, key.clone()));
        if let Some(load) = self.clients.get_mut(&head.job.client) {
            load.jobs.remove(key);
            load.items = load.items.saturating_sub(head.outstanding());
            load.bytes = load.bytes.saturating_sub(head.bytes);
            if load.jobs.is_empty() {
                self.clients.remove(&head.job.client);
            }
        }
        Some(head.job.tries)
    }
}
