//! Which evaluations may call a device on the runtime's own threads: never so many that no thread is left if it hangs.

use std::sync::atomic::{AtomicUsize, Ordering};

use kmip_core::env::Pace;
use tokio::runtime::Handle;

/// Threads of the runtime beyond one for each processor, where devices are called: as many as there are processors may hang.
pub(crate) const SPARE_THREADS: usize = 1;
/// How often a thread lets others run before it goes without a turn: whoever has it most likely waits for this processor.
const PATIENCE: usize = 4;

/// Counts the evaluations that may be in a device.
pub(crate) struct Turns {
    running: AtomicUsize,
    /// This many threads may be spared; none where there is no device.
    spared: usize,
}

/// One evaluation under way.
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    counted: bool,
    /// What it may do.
    pub pace: Pace,
}

impl Turns {
    /// For the runtime that this is called in; `devices` says whether there are any.
    pub fn new(devices: bool) -> Self {
        let threads = Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers());
        Self { running: AtomicUsize::new(0), spared: if devices { threads.saturating_sub(1) } else { 0 } }
    }

    /// Begins an evaluation. It ends when the answer is dropped.
    pub fn begin(&self) -> Turn<'_> {
        if self.spared == 0 {
            return Turn { turns: self, counted: false, pace: Pace::Inline };
        }
        for _ in 0..PATIENCE {
            if self.running.fetch_add(1, Ordering::Relaxed) < self.spared {
                return Turn { turns: self, counted: true, pace: Pace::Prompt };
            }
            self.running.fetch_sub(1, Ordering::Relaxed);
            std::thread::yield_now();
        }
        Turn { turns: self, counted: false, pace: Pace::Inline }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.counted {
            self.turns.running.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_is_always_left() {
        let turns = Turns { running: AtomicUsize::new(0), spared: 2 };
        let (first, second, third) = (turns.begin(), turns.begin(), turns.begin());
        assert_eq!([first.pace, second.pace, third.pace], [Pace::Prompt, Pace::Prompt, Pace::Inline]);
        drop(third);
        assert_eq!(turns.begin().pace, Pace::Inline, "two are under way");
        drop(first);
        assert_eq!(turns.begin().pace, Pace::Prompt);
        drop(second);
        assert_eq!(Turns::new(false).begin().pace, Pace::Inline);
    }
}
