//! The commit pipeline: one thread that merges waiting changes into one durable flush, and one behind it that makes their
//! audit entries durable and lets the replies go. While the second waits for the disk, the first commits the next group.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use kmip_core::engine::{Engine, Finished, Pending};
use kmip_core::ports::store::{Outcome, Store};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::audit::AuditError;
use crate::journal::{Journal, Subject};
use crate::vital;

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
        let noting = Arc::clone(&journal);
        let commit = move || run_commits(&waiting, &groups, &engine, store.as_ref(), &noting);
        let commit = vital::spawn("commit", commit)?;
        let audit = vital::spawn("audit", move || run_audit(&behind, &journal))?;
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

fn run_commits(
    waiting: &Receiver<Task>,
    groups: &SyncSender<Vec<Finishing>>,
    engine: &Engine,
    store: &dyn Store,
    journal: &Journal,
) {
    while let Ok(first) = waiting.recv() {
        let (mut group, fences) = gather(first, waiting);
        // What could not be noted must not be done.
        if let Err(error) = journal.health() {
            tracing::error!(%error, changes = group.len(), "changes are refused");
            group.clear();
        }
        group = without_outdated(engine, group);
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

/// Sends changes that may carry what an older key sealed back to be evaluated again.
fn without_outdated(engine: &Engine, group: Vec<Job>) -> Vec<Job> {
    if !group.iter().any(|job| engine.is_outdated(&job.pending)) {
        return group;
    }
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
        let is_ok = |noted: Result<(), AuditError>| {
            noted.inspect_err(|error| tracing::error!(%error, "the audit log cannot be written")).is_ok()
        };
        let noted: Vec<bool> = group.iter().map(|item| is_ok(note(journal, item))).collect();
        let is_durable = is_ok(journal.sync());
        let mut group: Vec<_> = group.into_iter().zip(noted).collect();
        while let Some((last, _)) = group.last() {
            let runtime = last.waiter.runtime.clone();
            let is_there = |(item, _): &(Finishing, bool)| item.waiter.runtime.id() == runtime.id();
            let (there, others): (Vec<_>, _) = group.into_iter().partition(is_there);
            group = others;
            // One task tells all of a runtime: waking each from outside costs more than what it is told.
            let tell_all = move || there.into_iter().for_each(|(item, noted)| tell(item, noted && is_durable));
            drop(runtime.spawn(async move { tell_all() }));
        }
    }
}

/// Notes what a change did.
fn note(journal: &Journal, item: &Finishing) -> Result<(), AuditError> {
    let audit = match &item.finished {
        Finished::Reply(reply) => &reply.audit,
        Finished::RanJob(audit) => audit,
        Finished::EvaluateAgain => return Ok(()),
    };
    journal.note(&item.subject, audit, item.revision)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::AuditLog;
    use crate::metrics::Metrics;
    use crate::service::Peer;
    use kmip_codec::attribute::Attribute;
    use kmip_codec::message::{RequestMessage, encode};
    use kmip_codec::operation::RequestPayload;
    use kmip_codec::operation::create::CreateRequest;
    use kmip_codec::registry::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType, Operation, Tag};
    use kmip_codec::version::V2_1;
    use kmip_core::engine::{Evaluation, Parts};
    use kmip_core::env::{Config, Env, Pace};
    use kmip_core::ports::store::{RecordSeal, Revision};
    use kmip_core::testing::engines::NoUsers;
    use kmip_core::testing::sim_vault::SimVault;
    use kmip_core::testing::store::MemoryStore;

    struct Open;

    impl RecordSeal for Open {
        fn seal(&self, _: &[u8], _: Revision, value: &[u8]) -> Vec<u8> {
            value.to_vec()
        }

        fn open(&self, _: &[u8], _: Revision, sealed: &[u8]) -> Option<Vec<u8>> {
            Some(sealed.to_vec())
        }

        fn blind(&self, _: &[u8]) -> [u8; 32] {
            [0; 32]
        }
    }

    fn create() -> Vec<u8> {
        let attributes = [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(128),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ];
        let request = CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: Some(attributes.into_iter().collect()),
            protection_storage_masks: None,
        };
        let items = vec![(Operation::Create, RequestPayload::Create(Box::new(request)))];
        encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1).to_vec()
    }

    /// What was done and told as failed would be done again.
    #[tokio::test]
    async fn what_cannot_be_noted_is_not_done() {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(MemoryStore::new());
        let parts = Parts {
            store: store.clone(),
            vault: Arc::new(SimVault::new(1)),
            seal: Arc::new(Open),
            passwords: Arc::new(NoUsers),
            config: Config::default(),
        };
        let engine = Arc::new(Engine::open(parts).unwrap());
        // Each write begins a segment, and the third cannot be made: a folder has its name.
        let (audit, _) = AuditLog::open(folder.path(), 1).unwrap();
        let journal = Arc::new(Journal::new(audit, Arc::new(Metrics::default())));
        let obstacle = folder.path().join("audit-00000003.jsonl");
        std::fs::create_dir(&obstacle).unwrap();
        let committer = Committer::start(engine.clone(), store, journal.clone()).unwrap();
        let peer = Arc::new(Peer::absent("client".to_owned()));
        let ask = async || {
            for _ in 0..3 {
                let env = Env::new(1_700_000_000, Pace::Pool);
                let Evaluation::Commit(pending) = engine.evaluate(&create(), "client", env) else { panic!() };
                match committer.submit(pending, Subject::beginning(peer.clone())).await {
                    Ok(Committed::EvaluateAgain) => {}
                    other => return matches!(other, Ok(Committed::Reply(_))),
                }
            }
            panic!("it is evaluated again and again")
        };
        assert!(ask().await && ask().await);
        // The one whose line is refused is done already; it is not told as done, and nothing comes after it.
        assert!(!ask().await);
        assert!(!ask().await && !ask().await);
        assert_eq!(engine.object_count(), 3);
        assert!(journal.health().is_err());
        std::fs::remove_dir(&obstacle).unwrap();
        assert!(ask().await);
        assert_eq!(engine.object_count(), 4);
        let lines = |number| {
            std::fs::read_to_string(folder.path().join(format!("audit-{number:08}.jsonl"))).unwrap_or_default()
        };
        assert_eq!((1..=4).map(|number| lines(number).lines().count()).sum::<usize>(), 4, "each has its line");
    }
}
