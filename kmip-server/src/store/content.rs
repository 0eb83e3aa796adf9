//! What the store should hold, as a count and a keyed sum over all pairs of key and revision.
//!
//! sled skips messages of its log that it cannot read, and goes on behind them: a damaged block can take records with
//! it, or bring older ones back, and every read is still answered. The sum stands in the last-commit record, which
//! every commit renews, and is compared with what is there at open and in the full check. It is an exclusive or of
//! keyed hashes, so that it follows each change at the price of two of them, and nobody without the key can balance it.

use kmip_core::ports::store::{RecordSeal, Revision};

/// Count and sum of the records of a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Content {
    records: u64,
    sum: [u8; 32],
}

impl Content {
    /// Length of [`Content::to_bytes`].
    pub const LENGTH: usize = 40;

    /// How many records there are.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Takes in a record.
    pub fn add(&mut self, key: &[u8], revision: Revision, seal: &dyn RecordSeal) {
        self.records = self.records.wrapping_add(1);
        self.turn(key, revision, seal);
    }

    /// Takes out a record.
    pub fn remove(&mut self, key: &[u8], revision: Revision, seal: &dyn RecordSeal) {
        self.records = self.records.wrapping_sub(1);
        self.turn(key, revision, seal);
    }

    fn turn(&mut self, key: &[u8], revision: Revision, seal: &dyn RecordSeal) {
        let hash = seal.blind(&[b"content\0", &revision.to_be_bytes()[..], key].concat());
        for (sum, byte) in self.sum.iter_mut().zip(hash) {
            *sum ^= byte;
        }
    }

    /// For the last-commit record.
    pub fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        let (records, sum) = bytes.split_at_mut(8);
        records.copy_from_slice(&self.records.to_be_bytes());
        sum.copy_from_slice(&self.sum);
        bytes
    }

    /// From the last-commit record.
    pub fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (records, sum) = bytes.split_first_chunk::<8>()?;
        Some(Self { records: u64::from_be_bytes(*records), sum: sum.try_into().ok()? })
    }
}
