//! Bounds on what a client may have at one time, among requests that are evaluated at the same time.
//!
//! An evaluation adds to what the store has only when it is committed; until then it holds a [`Claim`], which the next one
//! counts, too. The catalog learns of a commit before the claim ends: what is added counts twice for a moment, and never not
//! at all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kmip_codec::inline::Text;

use crate::error::OpResult;

/// What a client has, or wants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// How many.
    pub items: usize,
    /// What they take.
    pub bytes: usize,
}

impl Amount {
    /// So many, of whatever size.
    pub fn of_items(items: usize) -> Self {
        Self { items, bytes: 0 }
    }

    /// So much, of what is counted already.
    pub fn of_bytes(bytes: usize) -> Self {
        Self { items: 0, bytes }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self { items: self.items.saturating_add(other.items), bytes: self.bytes.saturating_add(other.bytes) }
    }

    fn less(self, other: Self) -> Self {
        Self { items: self.items.saturating_sub(other.items), bytes: self.bytes.saturating_sub(other.bytes) }
    }
}

/// What the clients have claimed of a bound.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    claimed: Mutex<HashMap<Text, Amount>>,
}

impl Quota {
    /// Claims an amount for a client, if `admit` finds room for it beside what is claimed already. It looks up what the store
    /// has itself, so that no commit is missed between the two.
    pub fn claim(
        self: &Arc<Self>,
        client: &Text,
        amount: Amount,
        admit: impl FnOnce(Amount) -> OpResult<()>,
    ) -> OpResult<Claim> {
        let mut claimed = self.claimed();
        let others = claimed.get(client).copied().unwrap_or_default();
        admit(others)?;
        claimed.insert(client.clone(), others.plus(amount));
        drop(claimed);
        Ok(Claim { quota: Arc::clone(self), client: client.clone(), amount })
    }

    fn claimed(&self) -> MutexGuard<'_, HashMap<Text, Amount>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one evaluation has claimed. It is given back when this is dropped: the change is made then, or will not be.
#[derive(Debug)]
pub(crate) struct Claim {
    quota: Arc<Quota>,
    client: Text,
    amount: Amount,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut claimed = self.quota.claimed();
        let left = claimed.get(&self.client).copied().unwrap_or_default().less(self.amount);
        if left == Amount::default() {
            claimed.remove(&self.client);
        } else {
            claimed.insert(self.client.clone(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Fault, fail};

    #[test]
    fn claims_add_up_for_each_client_until_they_end() {
        let (quota, client) = (Arc::new(Quota::default()), Text::new("client"));
        let claim = |client: &Text| {
            quota.claim(client, Amount { items: 1, bytes: 10 }, |claimed| match claimed.items {
                0 | 1 => Ok(()),
                _ => fail(Fault::ServerLimit, "two at most"),
            })
        };
        let (first, second) = (claim(&client).unwrap(), claim(&client).unwrap());
        assert!(claim(&client).is_err());
        drop(claim(&Text::new("other")).unwrap());
        drop(first);
        assert_eq!(quota.claimed().get(&client), Some(&Amount { items: 1, bytes: 10 }));
        let third = claim(&client).unwrap();
        drop((second, third));
        assert!(quota.claimed().is_empty(), "nothing stays of clients that claim nothing");
    }
}
