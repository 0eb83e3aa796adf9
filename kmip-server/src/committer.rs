//! The commit pipeline: one thread that merges waiting changes into one durable flush, and one behind it that makes their
//! audit entries durable and lets the replies go. While the second waits for the disk, the first commits the next group.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use kmip_core::engine::{Engine, Finished, Pending};
use kmip_core::ports::store::{Outcome, Store};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::journal::{Journal, Subject};

/// Changes that one flush may carry.
const LARGEST_GROUP: usize = 512;
/// Groups that may wait for their audit entries.
const GROUPS_BEHIND: usize = 4;

/// What became of a change.
pub(crate) enum Committed {
    /// Durable: this reply may leave.
    Reply(kmip_codec::secret::WipedBytes),
    /// Evaluate the request again.
    EvaluateAgain,
    /// A job is done and durable; a request that waits for it is to be evaluated again.
    RanJob,
    /// The audit log failed; nothing may be acknowledged.
    Failed,
}

struct Job {
    pending: Box<Pending>,
    subject: Subject,
    waiter: Waiter,
}

struct Finishing {
    finished: Finished,
    revision: Option<u64>,
    subject: Subject,
    waiter: Waiter,
}

/// The task that waits for a change.
struct Waiter {
    done: oneshot::Sender<Committed>,
    /// Where it ran when it handed the change in.
    runtime: Handle,
}

/// What waits for the commit thread.
enum Task {
    Change(Job),
    /// To be told once everything before it is committed.
    Fence(Sender<()>),
}

/// Takes changes and commits them in order.
pub(crate) struct Committer {
    jobs: Option<Sender<Task>>,
    threads: Vec<JoinHandle<()>>,
}

impl Committer {
    /// Starts the pipeline.
    pub fn start(engine: Arc<Engine>, store: Arc<dyn Store>, journal: Arc<Journal>) -> std::io::Result<Self> {
        let (jobs, waiting) = channel();
        let (groups, behind) = sync_channel(GROUPS_BEHIND);
        let commit = thread::Builder::new().name("commit".to_owned());
        let commit = commit.spawn(move || run_commits(&waiting, &groups, &engine, store.as_ref()))?;
        let audit = thread::Builder::new().name("audit".to_owned());
        let audit = audit.spawn(move || run_audit(&behind, &journal))?;
        Ok(Self { jobs: Some(jobs), threads: vec![commit, audit] })
    }

    /// Hands in a change, inside the runtime whose task waits for it; the receiver is told once it is durable.
    pub fn submit(&self, pending: Box<Pending>, subject: Subject) -> oneshot::Receiver<Committed> {
        let (done, told) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            let waiter = Waiter { done, runtime: Handle::current() };
            // A closed channel drops the job, and with it `done`: the receiver then sees a failure.
            let _ = jobs.send(Task::Change(Job { pending, subject, waiter }));
        }
        told
    }

    /// A receiver that hears once every change that was handed in before is committed.
    pub fn fence(&self) -> Receiver<()> {
        let (passed, told) = channel();
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Task::Fence(passed));
        }
        told
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn run_commits(waiting: &Receiver<Task>, groups: &SyncSender<Vec<Finishing>>, engine: &Engine, store: &dyn Store) {
    while let Ok(first) = waiting.recv() {
        let (mut group, fences) = gather(first, waiting);
        if engine.is_renewing() {
            group = without_outdated(engine, group);
        }
        let outcomes = commit_group(store, &mut group);
        let finish = |(job, outcome): (Job, Option<Outcome>)| {
            // Dropping the job tells its waiter that nothing may be acknowledged.
            let outcome = outcome?;
            Some(Finishing {
                revision: if let Outcome::Done(revision, _) = outcome { Some(revision) } else { None },
                finished: engine.finish(*job.pending, &outcome),
                subject: job.subject,
                waiter: job.waiter,
            })
        };
        if groups.send(group.into_iter().zip(outcomes).filter_map(finish).collect()).is_err() {
            return;
        }
        // Whoever has given up waiting needs no answer.
        fences.into_iter().for_each(|passed| passed.send(()).unwrap_or_default());
    }
}

/// The changes that one flush carries: all that wait, and those that others hand in while this thread lets them run. Where
/// nobody is busy with a request, nothing is waited for.
fn gather(first: Task, waiting: &Receiver<Task>) -> (Vec<Job>, Vec<Sender<()>>) {
    let (mut group, mut fences) = (Vec::new(), Vec::new());
    let mut take = |task, group: &mut Vec<Job>| match task {
        Task::Change(job) => group.push(job),
        Task::Fence(passed) => fences.push(passed),
    };
    take(first, &mut group);
    loop {
        let before = group.len();
        waiting.try_iter().take(LARGEST_GROUP - before).for_each(|task| take(task, &mut group));
        if group.len() == before || group.len() == LARGEST_GROUP {
            return (group, fences);
        }
        thread::yield_now();
    }
}

/// Sends changes that carry what an older key sealed back to be evaluated again.
fn without_outdated(engine: &Engine, group: Vec<Job>) -> Vec<Job> {
    let (outdated, current): (Vec<_>, Vec<_>) = group.into_iter().partition(|job| engine.is_outdated(&job.pending));
    // A task that has given up waiting needs no answer.
    outdated.into_iter().for_each(|job| drop(job.waiter.done.send(Committed::EvaluateAgain)));
    current
}

/// Commits a group with one flush. A damaged record fails the whole call, so the changes are then tried one by one: one
/// client's damage is not another's.
fn commit_group(store: &dyn Store, group: &mut [Job]) -> Vec<Option<Outcome>> {
    let batches: Vec<_> = group.iter_mut().map(|job| job.pending.take_batch()).collect();
    match store.commit(&batches) {
        Ok(outcomes) => return outcomes.into_iter().map(Some).collect(),
        Err(error) => tracing::error!(%error, changes = batches.len(), "a group of changes could not be committed"),
    }
    let one_by_one = |batch| match store.commit(std::slice::from_ref(batch)) {
        Ok(outcomes) => outcomes.into_iter().next(),
        Err(error) => {
            tracing::error!(%error, "a change could not be committed");
            None
        }
    };
    batches.iter().map(one_by_one).collect()
}

fn run_audit(behind: &Receiver<Vec<Finishing>>, journal: &Journal) {
    while let Ok(mut group) = behind.recv() {
        group.extend(behind.try_iter().flatten());
        let mut noted = Ok(());
        for item in &group {
            let audit = match &item.finished {
                Finished::Reply(reply) => &reply.audit,
                Finished::RanJob(audit) => audit,
                Finished::EvaluateAgain => continue,
            };
            noted = noted.and_then(|()| journal.note(&item.subject, audit, item.revision));
        }
        let durable = noted.and_then(|()| journal.sync());
        if let Err(error) = &durable {
            tracing::error!(%error, "the audit log cannot be written");
        }
        let is_durable = durable.is_ok();
        while let Some(last) = group.last() {
            let runtime = last.waiter.runtime.clone();
            let is_there = |item: &Finishing| item.waiter.runtime.id() == runtime.id();
            let (there, others): (Vec<_>, _) = group.into_iter().partition(is_there);
            group = others;
            // One task tells all of a runtime: waking each from outside costs more than what it is told.
            drop(runtime.spawn(async move { there.into_iter().for_each(|item| tell(item, is_durable)) }));
        }
    }
}

/// Tells the waiting task what became of its change.
fn tell(Finishing { finished, waiter, subject, .. }: Finishing, is_durable: bool) {
    let committed = match finished {
        Finished::EvaluateAgain => Committed::EvaluateAgain,
        Finished::Reply(_) | Finished::RanJob(_) if !is_durable => Committed::Failed,
        Finished::RanJob(_) => Committed::RanJob,
        Finished::Reply(reply) => {
            if reply.exchanges_roles {
                subject.peer.roles.exchange();
            }
            Committed::Reply(reply.bytes)
        }
    };
    // A task that has given up waiting needs no answer.
    let _ = waiter.done.send(committed);
}
