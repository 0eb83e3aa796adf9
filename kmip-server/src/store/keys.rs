//! Which keys the store may hold, in short: a key that is certainly new costs no look into the engine. Every object and
//! every name that is made is guarded by one, and the look would read a page from anywhere.
//!
//! A hash of 64 bits stands for a key, 16 bytes of memory with its place. Two keys that share one cost a look, no more. What
//! is removed stays known until the store is opened again, since another key may have the same hash.

use std::collections::HashSet;
use std::hash::BuildHasher;

use foldhash::fast::RandomState;

/// The keys of a store, and maybe more.
#[derive(Default)]
pub(super) struct Keys {
    hashes: HashSet<u64, RandomState>,
    hasher: RandomState,
    /// Whether there may be keys that nobody could see.
    incomplete: bool,
}

impl Keys {
    /// Takes in a key.
    pub fn add(&mut self, key: &[u8]) {
        self.hashes.insert(self.hasher.hash_one(key));
    }

    /// Some keys cannot be seen: from now on any key may be there.
    pub fn give_up(&mut self) {
        (self.hashes, self.incomplete) = (HashSet::default(), true);
    }

    /// Whether the store may hold a key. If not, it certainly does not.
    pub fn may_hold(&self, key: &[u8]) -> bool {
        self.incomplete || self.hashes.contains(&self.hasher.hash_one(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_may_be_there_and_nothing_else() {
        let mut keys = Keys::default();
        assert!(!keys.may_hold(b"a"));
        keys.add(b"a");
        assert!(keys.may_hold(b"a") && !keys.may_hold(b"b"));
        keys.give_up();
        assert!(keys.may_hold(b"a") && keys.may_hold(b"b"));
    }
}
