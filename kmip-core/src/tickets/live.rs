//! The tickets of the store, in memory: what authentication asks with every request.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kmip_codec::inline::Text;

use super::{TicketKey, TicketRecord};
use crate::layout;
use crate::ports::store::{Change, Revision};

/// A ticket and the revision that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Live {
    pub revision: Revision,
    pub record: Arc<TicketRecord>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Tickets {
    live: HashMap<TicketKey, Live>,
    by_end: BTreeSet<(i64, TicketKey)>,
    of_client: HashMap<Text, usize>,
    /// Counters that have been taken from: 0, and less with every unit.
    counters: HashMap<Vec<u8>, i64>,
}

impl Tickets {
    /// Takes in one change; the error says what is wrong with it.
    pub fn take(&mut self, change: &Change<'_>) -> Result<(), String> {
        let Some(key) = layout::ticket_of(change.key) else {
            return if layout::is_ticket_counter(change.key) { self.take_counter(change) } else { Ok(()) };
        };
        if let Some(old) = self.live.remove(&key) {
            self.by_end.remove(&(old.record.until, key));
            let count = self.of_client.remove(&old.record.client).unwrap_or(0).saturating_sub(1);
            if count > 0 {
                self.of_client.insert(old.record.client.clone(), count);
            }
        }
        if let Some(value) = change.value {
            let record = Arc::new(TicketRecord::decode(value).map_err(|error| error.to_string())?);
            self.by_end.insert((record.until, key));
            let count = self.of_client.entry(record.client.clone()).or_default();
            *count = count.saturating_add(1);
            self.live.insert(key, Live { revision: change.revision, record });
        }
        Ok(())
    }

    fn take_counter(&mut self, change: &Change<'_>) -> Result<(), String> {
        match change.value {
            None => self.counters.remove(change.key),
            Some(value) => {
                let counter = value.try_into().map_err(|_| "a counter has 8 bytes".to_owned())?;
                self.counters.insert(change.key.to_vec(), i64::from_be_bytes(counter))
            }
        };
        Ok(())
    }

    /// A ticket that has not ended.
    pub fn get(&self, key: &TicketKey, now: i64) -> Option<Live> {
        self.live.get(key).filter(|live| now < live.record.until).cloned()
    }

    /// Units that were taken from a counter.
    pub fn taken(&self, counter: &[u8]) -> i64 {
        self.counters.get(counter).map_or(0, |value| value.saturating_neg())
    }

    /// How many tickets a client holds or has given to others.
    pub fn count_of(&self, client: &Text) -> usize {
        self.of_client.get(client).copied().unwrap_or(0)
    }

    /// Tickets that have ended, with their records, some at a time.
    pub fn ended(&self, now: i64, limit: usize) -> Vec<(TicketKey, Arc<TicketRecord>)> {
        let ended = self.by_end.iter().take_while(|(until, _)| *until <= now).take(limit);
        ended.filter_map(|(_, key)| self.live.get(key).map(|live| (*key, Arc::clone(&live.record)))).collect()
    }
}
