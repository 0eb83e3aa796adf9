//! Turns for those who change or look for objects of tokens: one at a time. Modules that keep objects in files do not bear it
//! otherwise (SoftHSM 2.6 loses sight of objects, or refuses templates, while others are written).
//!
//! Whoever waits for a turn holds no session, and not longer than a call may take: a device that is stuck holds its turn.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use kmip_core::ports::vault::VaultError;

/// The turns of a vault.
pub(super) struct Turns {
    taken: Mutex<bool>,
    free: Condvar,
    patience: Duration,
}

/// A turn; it ends on drop.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    pub(super) fn new(patience: Duration) -> Self {
        Self { taken: Mutex::new(false), free: Condvar::new(), patience }
    }

    /// Waits for a turn.
    pub(super) fn take(&self) -> Result<Turn<'_>, VaultError> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.free.wait_timeout_while(taken, self.patience, |taken| *taken);
        let (mut taken, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *taken {
            let text = "the objects of the devices are being changed, and that takes longer than a call may";
            return Err(VaultError::Unavailable(text.to_owned()));
        }
        *taken = true;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.free.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_a_turn_and_the_next_gets_it() {
        let turns = Turns::new(Duration::from_millis(20));
        let first = turns.take().unwrap();
        assert!(matches!(turns.take(), Err(VaultError::Unavailable(_))), "two at once");
        drop(first);
        turns.take().unwrap();
        let turns = Turns::new(Duration::from_secs(20));
        let busy = Mutex::new(());
        std::thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| {
                    for _ in 0..100 {
                        let _turn = turns.take().unwrap();
                        drop(busy.try_lock().expect("another has the turn"));
                    }
                });
            }
        });
    }
}
