//! The jobs of the store in memory, without what is sealed: which are due, which have ended, and how many a client has.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ops::Bound;
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
    /// The client whose job began last.
    turn: Option<Text>,
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

    /// Jobs to run now; they count as running from here on. Clients take turns, so that none waits for all jobs of another.
    pub fn take_due(&self, now: i64, limit: usize) -> Vec<JobKey> {
        let mut state = self.state();
        let mut due = state.due(now, limit);
        let mut taken: Vec<JobKey> = Vec::new();
        while taken.len() < limit {
            let after = (state.turn.as_ref().map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
            let Some(client) = due.range::<Text, _>(after).chain(&due).map(|(client, _)| client.clone()).next() else {
                break;
            };
            if let Some(of_client) = due.get_mut(&client) {
                taken.extend(of_client.pop_front());
                if of_client.is_empty() {
                    due.remove(&client);
                }
            }
            state.turn = Some(client);
        }
        state.running.extend(taken.iter().cloned());
        taken
    }

    /// A job is not worked on any more.
    pub fn end(&self, key: &JobKey) {
        self.state().running.remove(key);
    }

    /// Who asked for a job.
    pub fn client_of(&self, key: &JobKey) -> Option<Text> {
        self.state().heads.get(key).map(|head| head.job.client.clone())
    }

    /// Whether a job is still to be done.
    pub fn is_waiting(&self, key: &JobKey) -> bool {
        self.state().heads.get(key).is_some_and(|head| head.job.is_waiting())
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
    /// Jobs that may run now, by their clients: those that a client waits for first, as many of each as there is room for.
    fn due(&self, now: i64, limit: usize) -> BTreeMap<Text, VecDeque<JobKey>> {
        let awaited = self.hastened.iter().filter(|key| self.heads.get(*key).is_some_and(|head| head.job.is_waiting()));
        let ripe = self.waiting.iter().take_while(|(starts, _)| *starts <= now).map(|(_, key)| key);
        let mut due: BTreeMap<Text, VecDeque<JobKey>> = BTreeMap::new();
        if limit == 0 {
            return due;
        }
        for key in awaited.chain(ripe).filter(|key| !self.running.contains(*key)) {
            let Some(head) = self.heads.get(key) else { continue };
            match due.get_mut(&head.job.client) {
                None => drop(due.insert(head.job.client.clone(), VecDeque::from([key.clone()]))),
                Some(of_client) if of_client.len() < limit && !of_client.contains(key) => {
                    of_client.push_back(key.clone())
                }
                Some(_) => {}
            }
        }
        due
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::record::JobItem;
    use kmip_codec::registry::{BatchErrorContinuationOption, Operation};
    use kmip_codec::version::V2_1;

    fn waiting(jobs: &Jobs, client: &str, number: u8) -> JobKey {
        let item = JobItem {
            operation: Operation::Locate,
            stage: Stage::Waiting,
            obtained: false,
            reason: None,
            left_out: None,
        };
        let job = Job {
            id: Text::from(format!("{client} {number}")),
            scope: Text::new(client),
            client: Text::new(client),
            user: None,
            ticket: None,
            renewals: 0,
            version: V2_1,
            tries: 0,
            continuation: BatchErrorContinuationOption::Stop,
            submitted: 1,
            starts: 1,
            expires: i64::MAX,
            items: vec![item],
            message: None,
            sealed: None,
        };
        let key = job.key();
        jobs.put(&key, Some((job, 1)));
        key
    }

    /// A client with many jobs, all of which it waits for, does not keep another from its turn.
    #[test]
    fn clients_take_turns() {
        let jobs = Jobs::default();
        for number in 0..50 {
            let key = waiting(&jobs, "busy", number);
            jobs.hasten(&key);
        }
        let other = [waiting(&jobs, "other", 0), waiting(&jobs, "other", 1)];
        let taken: Vec<JobKey> = (0..4).flat_map(|_| jobs.take_due(1, 1)).collect();
        assert!(other.iter().all(|key| taken.contains(key)), "{taken:?}");
        let three = jobs.take_due(1, 3);
        assert_eq!(three.len(), 3, "where nobody else waits, all turns are the client's");
        assert!(!jobs.take_due(1, 100).iter().any(|key| taken.contains(key) || three.contains(key)), "once");
        assert_eq!(jobs.take_due(1, 0), []);
    }
}
