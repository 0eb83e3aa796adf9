//! The background check: while the server runs, every entry of the store is read and opened in turn, so that damage is told
//! before somebody needs the key.

use crate::store::SledStore;

/// Entries looked at in one step.
const STEP: usize = 64;

/// Where the check stands.
#[derive(Default)]
pub(crate) struct Scrub {
    cursor: Vec<u8>,
    damaged: usize,
}

impl Scrub {
    /// Looks at the next entries, and begins again after the last.
    pub fn step(&mut self, store: &SledStore) {
        let page = match store.check_page(&self.cursor, STEP) {
            Ok(page) => page,
            Err(error) => return tracing::error!(%error, "the background check cannot read the store"),
        };
        for damage in &page.damaged {
            tracing::error!(place = damage.place, detail = damage.detail, "a stored entry is damaged");
        }
        self.damaged += page.damaged.len();
        match page.next {
            Some(next) => self.cursor = next,
            None => {
                tracing::debug!(damaged = self.damaged, "the background check has seen the whole store");
                *self = Self::default();
            }
        }
    }
}
