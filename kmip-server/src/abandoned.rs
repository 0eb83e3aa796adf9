//! Work on a pool that nobody waits for any more: its connection is gone, or its time is over. A thread cannot be stopped inside
//! an item of a batch, but it begins no other.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    /// Whether nobody waits for what this thread does.
    static HERE: RefCell<Option<Arc<AtomicBool>>> = const { RefCell::new(None) };
}

/// Somebody who waits; work is abandoned when it is dropped.
pub(crate) struct Waits(Arc<AtomicBool>);

/// Whether somebody waits, for the thread that works.
pub(crate) struct Watch(Arc<AtomicBool>);

impl Waits {
    /// Somebody begins to wait.
    pub fn begin() -> (Self, Watch) {
        let abandoned = Arc::default();
        (Self(Arc::clone(&abandoned)), Watch(abandoned))
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Watch {
    /// Does the work on this thread.
    pub fn work<T>(self, work: impl FnOnce() -> T) -> T {
        /// Also after a panic: the thread goes on with other work.
        struct Ended;
        impl Drop for Ended {
            fn drop(&mut self) {
                HERE.set(None);
            }
        }
        HERE.set(Some(self.0));
        let _ended = Ended;
        work()
    }
}

/// Whether nobody waits for what this thread does.
pub(crate) fn is_abandoned() -> bool {
    HERE.with_borrow(|here| here.as_ref().is_some_and(|abandoned| abandoned.load(Ordering::Relaxed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_abandoned_once_nobody_waits() {
        assert!(!is_abandoned());
        let (waits, watch) = Waits::begin();
        watch.work(|| {
            assert!(!is_abandoned());
            drop(waits);
            assert!(is_abandoned());
        });
        assert!(!is_abandoned(), "what comes next on this thread is not");
        let (waits, watch) = Waits::begin();
        drop(waits);
        assert!(std::panic::catch_unwind(|| watch.work(|| panic!("a defect"))).is_err());
        assert!(!is_abandoned());
    }
}
