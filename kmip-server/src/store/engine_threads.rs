//! Keeps most of the engine's threads asleep.
//!
//! sled 0.34.7 starts seven threads for its writes and wakes all of them for each one (`notify_all` in its thread pool); six
//! find nothing to do, which costs a server under Creates a tenth of its processor time. Two are enough here: a commit
//! comes to two writes. The others are held where the engine lets a caller in: a flush that is awaited calls its waker on
//! the thread that has done it, and this waker does not return.
//!
//! A commit of many segments may come to more writes, and waits for a truncation behind them while they wait for it. So
//! where one takes long, all threads are let go.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, Once, PoisonError};
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
/// How long a commit may take until the threads are let go.
const LONG: Duration = Duration::from_secs(2);
/// How long a flush of an engine with nothing to write is waited for.
const PATIENCE: Duration = Duration::from_millis(200);

/// A waker that keeps the threads that call it, until they are let go.
#[derive(Default)]
struct Holder {
    held: AtomicUsize,
    are_let_go: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Holder {
    fn wake(self: Arc<Self>) {
        self.held.fetch_add(1, Ordering::Relaxed);
        let mut are_let_go = self.are_let_go.lock().unwrap_or_else(PoisonError::into_inner);
        while !*are_let_go {
            are_let_go = self.changed.wait(are_let_go).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Holder {
    fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Lets all threads go.
    fn let_go(&self) {
        *self.are_let_go.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
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

/// The commits of this process that are under way, with their beginnings.
#[derive(Default)]
struct UnderWay {
    last: u64,
    since: BTreeMap<u64, Instant>,
}

static UNDER_WAY: LazyLock<Mutex<UnderWay>> = LazyLock::new(Mutex::default);

fn under_way() -> MutexGuard<'static, UnderWay> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A commit that is under way, until this is dropped.
pub(super) struct Working(u64);

impl Working {
    pub fn begin() -> Self {
        let mut under_way = under_way();
        under_way.last = under_way.last.wrapping_add(1);
        let number = under_way.last;
        under_way.since.insert(number, Instant::now());
        Self(number)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        under_way().since.remove(&self.0);
    }
}

/// Lets the threads go once a commit takes so long, for good.
fn watch(holder: &Holder, long: Duration) {
    loop {
        thread::sleep(long / 4);
        let oldest = under_way().since.values().next().map(Instant::elapsed);
        if oldest.is_some_and(|took| took >= long) {
            tracing::warn!("a change takes long: all threads of the engine work from now on");
            return holder.let_go();
        }
    }
}

/// Holds all but [`WORKING`] of the threads, once in a process: they serve every engine in it.
pub(super) fn hold_back(db: &Db) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let holder = Arc::new(Holder::default());
        let watched = Arc::clone(&holder);
        if thread::Builder::new().name("engine-watch".to_owned()).spawn(move || watch(&watched, LONG)).is_err() {
            return;
        }
        for _ in 0..ATTEMPTS {
            if holder.held() == STARTED - WORKING || !holder.hold_one(db) {
                break;
            }
        }
        tracing::debug!(held = holder.held(), "threads of the engine are held back");
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    /// How long what must come is waited for.
    const WAIT: Duration = Duration::from_secs(30);

    #[test]
    fn a_commit_that_takes_long_lets_all_threads_go() {
        let holder = Arc::new(Holder::default());
        let (told, ends) = channel();
        for _ in 0..STARTED - WORKING {
            let (waker, told) = (Waker::from(Arc::clone(&holder)), told.clone());
            thread::spawn(move || {
                waker.wake();
                let _ = told.send(());
            });
        }
        let since = Instant::now();
        while holder.held() < STARTED - WORKING && since.elapsed() < WAIT {
            thread::yield_now();
        }
        assert!(ends.try_recv().is_err(), "they are held");
        let commit = Working::begin();
        let watched = Arc::clone(&holder);
        let watching = thread::spawn(move || watch(&watched, Duration::from_millis(20)));
        for _ in 0..STARTED - WORKING {
            ends.recv_timeout(WAIT).expect("each is let go");
        }
        watching.join().unwrap();
        drop(commit);
        Waker::from(holder).wake();
    }
}
