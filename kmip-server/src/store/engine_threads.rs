//! Keeps most of the engine's threads asleep.
//!
//! sled 0.34.7 starts seven threads for its writes and wakes all of them for each one (`notify_all` in its thread pool); six
//! find nothing to do, which costs a server under Creates a tenth of its processor time. Two are enough here: a commit
//! comes to two writes. The others are held where the engine lets a caller in: a flush that is awaited calls its waker on
//! the thread that has done it, and this waker does not return.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use ::sled::Db;

/// Threads that the engine starts in a process.
const STARTED: usize = 7;
/// Threads that go on working.
const WORKING: usize = 2;
/// Flushes that are tried: a thread that is done before it is asked about is not held.
const ATTEMPTS: usize = 2000;
/// How long a flush of an engine with nothing to write is waited for.
const PATIENCE: Duration = Duration::from_millis(200);

/// A waker that keeps the thread that calls it.
#[derive(Default)]
struct Holder(AtomicUsize);

impl Wake for Holder {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        loop {
            thread::park();
        }
    }
}

impl Holder {
    fn held(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Holds one more thread; false if that does not come about.
    fn hold_one(self: &Arc<Self>, db: &Db) -> bool {
        let before = self.held();
        let waker = Waker::from(Arc::clone(self));
        match pin!(db.flush_async()).poll(&mut Context::from_waker(&waker)) {
            // The thread was faster than the question.
            Poll::Ready(_) => true,
            Poll::Pending => {
                let asked = Instant::now();
                while self.held() == before && asked.elapsed() < PATIENCE {
                    thread::yield_now();
                }
                self.held() > before
            }
        }
    }
}

/// Holds all but [`WORKING`] of the threads, once in a process: they serve every engine in it.
pub(super) fn hold_back(db: &Db) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let holder = Arc::new(Holder::default());
        for _ in 0..ATTEMPTS {
            if holder.held() == STARTED - WORKING || !holder.hold_one(db) {
                break;
            }
        }
        tracing::debug!(held = holder.held(), "threads of the engine are held back");
    });
}
