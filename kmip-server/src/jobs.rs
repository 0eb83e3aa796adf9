//! Asynchronous requests: a thread looks for jobs that are due and starts as many as there is room for; they run where other
//! long work does, and are committed like any request.
//!
//! A server that stops starts none, and lets those under way end for a short time. What did not end is not half done: it runs
//! after the next start.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use kmip_codec::registry::{Operation, WireEnum};
use kmip_core::engine::Evaluation;
use kmip_core::env::Pace;
use kmip_core::jobs::{Asynchronous, JobKey};
use tokio::runtime::Handle;

use crate::committer::Committed;
use crate::config;
use crate::engine::{ATTEMPTS, Core, Unfinished, now};
use crate::journal::Subject;
use crate::metrics::Metrics;
use crate::service::Peer;
use crate::vital;

/// How often the thread looks by itself. Requests that make a job due wake it.
const LOOK: Duration = Duration::from_millis(500);
/// For how long a job rests that did not come on: the store does not take changes, or its record cannot be read.
const REST: Duration = Duration::from_secs(2);
/// For how long jobs under way may hold up a server that stops.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// The jobs of a server.
pub(crate) struct Runner {
    runtime: Handle,
    metrics: Arc<Metrics>,
    running: AtomicUsize,
    /// Jobs that run at one time.
    most: usize,
    thread: std::sync::OnceLock<Thread>,
}

/// One job under way.
struct Running {
    core: Arc<Core>,
    key: JobKey,
}

impl Drop for Running {
    /// Where it did not come on, [`Running::run`] has rested before.
    fn drop(&mut self) {
        self.core.engine.job_ended(&self.key);
        self.core.jobs.running.fetch_sub(1, Ordering::AcqRel);
        self.core.jobs.wake();
    }
}

/// The settings of the core.
pub(crate) fn settings(config: &config::Asynchronous) -> Asynchronous {
    let named = config.operations.iter().filter_map(|name| Operation::TABLE.value_of(name));
    Asynchronous {
        operations: named.map(Operation::from_wire).collect(),
        wait_seconds: config.wait_s,
        keep_seconds: config.keep_hours.saturating_mul(60 * 60),
        items_per_client: config.items_per_client,
        bytes_per_client: config.bytes_per_client,
    }
}

impl Runner {
    /// For the runtime that this is called in, whose pools have so many threads. Half of them stay for other requests.
    pub fn new(metrics: &Arc<Metrics>, threads: usize) -> std::io::Result<Self> {
        Ok(Self {
            runtime: Handle::try_current().map_err(std::io::Error::other)?,
            metrics: Arc::clone(metrics),
            running: AtomicUsize::new(0),
            most: (threads / 2).max(1),
            thread: std::sync::OnceLock::new(),
        })
    }

    fn wake(&self) {
        if let Some(thread) = self.thread.get() {
            thread.unpark();
        }
    }

    /// Waits until no job is under way, for a short time.
    pub fn wait(&self) {
        let until = Instant::now() + STOP_PATIENCE;
        while self.running.load(Ordering::Acquire) > 0 && Instant::now() < until {
            std::thread::park_timeout(Duration::from_millis(10));
        }
    }
}

/// Starts the thread that starts jobs.
pub(crate) fn start(core: &Arc<Core>) -> std::io::Result<JoinHandle<()>> {
    let host = Arc::clone(core);
    let look = move || {
        while !host.is_stopping() {
            host.start_jobs();
            std::thread::park_timeout(LOOK);
        }
    };
    let thread = vital::spawn("jobs", look)?;
    let _ = core.jobs.thread.set(thread.thread().clone());
    Ok(thread)
}

impl Core {
    /// Has the thread look at once if a request has made a job due.
    pub(crate) fn wake_jobs(&self) {
        if self.engine.has_stirred_jobs() {
            self.jobs.wake();
        }
    }

    fn start_jobs(self: &Arc<Self>) {
        let free = self.jobs.most.saturating_sub(self.jobs.running.load(Ordering::Acquire));
        for key in self.engine.take_due_jobs(now(Pace::Pool), free) {
            self.jobs.running.fetch_add(1, Ordering::AcqRel);
            let running = Running { core: Arc::clone(self), key };
            drop(self.jobs.runtime.spawn(async move { running.run().await }));
        }
        self.jobs.metrics.set_asynchronous(self.engine.job_counts());
    }
}

impl Running {
    async fn run(self) {
        let Some(client) = self.core.engine.client_of_job(&self.key) else { return };
        let subject = Subject::beginning(Arc::new(Peer::absent(client.to_string())));
        if let Err(why) = self.finish(&subject).await {
            self.give_up(&subject, why).await;
        }
        // It would come again at once, and again.
        if self.core.engine.is_job_waiting(&self.key) && !self.core.is_stopping() {
            tokio::time::sleep(REST).await;
        }
    }

    /// Evaluates and commits until the job is done or gone.
    async fn finish(&self, subject: &Subject) -> Result<(), Unfinished> {
        let evaluate = |pace| self.core.engine.evaluate_job(&self.key, now(pace));
        let (mut evaluation, mut attempts) = (evaluate(Pace::Inline), 0);
        while attempts < ATTEMPTS {
            evaluation = match evaluation {
                None | Some(Evaluation::Reply(_)) => return Ok(()),
                Some(Evaluation::Defer(work)) => {
                    let (engine, key) = (Arc::clone(&self.core.engine), self.key.clone());
                    let long = move || engine.evaluate_job(&key, now(Pace::Pool));
                    let client =
                        self.core.engine.client_of_job(&self.key).map_or_else(String::new, |client| client.to_string());
                    match self.core.on_pool(work, &client, long).await? {
                        Some(Evaluation::Defer(_)) => return Err(Unfinished::Broken),
                        evaluation => evaluation,
                    }
                }
                Some(Evaluation::Commit(pending)) => match self.core.commit(pending, subject).await {
                    Some(Committed::EvaluateAgain) => {
                        attempts += 1;
                        evaluate(Pace::Inline)
                    }
                    // It is done. Or the store does not take changes: then it waits, as everything does.
                    Some(_) | None => return Ok(()),
                },
            };
        }
        Err(Unfinished::Contended)
    }

    /// Ends a job that cannot be done, so that it does not come again for ever.
    async fn give_up(&self, subject: &Subject, why: Unfinished) {
        let given_up = self.core.engine.give_up_job(&self.key, now(Pace::Pool), &why.to_string());
        if let Some(Evaluation::Commit(pending)) = given_up {
            tracing::warn!(client = subject.peer.client, %why, "an asynchronous request could not be completed");
            // If this cannot be committed, either, it comes again.
            let _ = self.core.commit(pending, subject).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::datadir::DataDir;
    use crate::service::{Reply, Service, create_missing};
    use kmip_codec::message::{AsynchronousMode, RequestMessage, encode};
    use kmip_codec::operation::RequestPayload;
    use kmip_codec::operation::ping::PingRequest;
    use kmip_codec::registry::{AsynchronousIndicator, Tag};
    use kmip_codec::version::V2_1;
    use kmip_core::request::Request;
    use std::sync::atomic::AtomicBool;

    /// What did not come on would not come on at once, either.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_job_that_did_not_come_on_rests() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create_dev(folder.path()).unwrap();
        let mut config = Config { dev: true, ..Config::default() };
        config.kmip.asynchronous.wait_s = 0;
        create_missing(&data, &config).unwrap();
        let service = crate::engine::open(&data, &config, &Arc::default(), &AtomicBool::new(false)).unwrap();
        let items = vec![(Operation::Ping, RequestPayload::Ping(Box::new(PingRequest {})))];
        let mut request = RequestMessage::continuing(V2_1, items);
        request.request_header.asynchronous_indicator = Some(AsynchronousMode(AsynchronousIndicator::Mandatory));
        let request = encode(Tag::RequestMessage, &request, V2_1);
        // The thread that starts jobs finds no room for one: this test does.
        let core = service.core();
        core.jobs.running.store(core.jobs.most, Ordering::Release);
        let peer = Arc::new(Peer::absent("client".to_owned()));
        let Reply::Later(answer) = service.respond(Request::from(&request), &peer) else {
            panic!("it changes nothing")
        };
        answer.await.unwrap();
        let key = core.engine.take_due_jobs(now(Pace::Pool), 1).pop().expect("it is due");
        service.end_committer();
        let since = Instant::now();
        Running { core: Arc::clone(&core), key: key.clone() }.run().await;
        assert!(core.engine.is_job_waiting(&key), "nothing was committed");
        assert!(since.elapsed() >= REST);
        service.stop().unwrap();
    }
}
