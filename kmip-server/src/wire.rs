//! The buffer between socket and messages: grows by moving, wipes what it leaves, never holds more than it must.

use zeroize::Zeroize;

/// Bytes in flight. Outside the filled part the block is all zero, so wiping touches only what was used.
pub struct WireBuffer {
    block: Box<[u8]>,
    start: usize,
    end: usize,
    /// How far it was filled since it was last asked to shrink.
    reached: usize,
}

/// A block up to this size is kept from one burst to the next, if the last one needed a quarter of it: growing and wiping anew
/// costs more than a short answer.
const KEPT_IN_BURSTS: usize = 64 * 1024;

impl WireBuffer {
    /// An empty buffer that holds `capacity` bytes.
    pub fn new(capacity: usize) -> Self {
        Self { block: vec![0; capacity].into_boxed_slice(), start: 0, end: 0, reached: 0 }
    }

    /// The bytes that are in it.
    pub fn filled(&self) -> &[u8] {
        self.block.get(self.start..self.end).unwrap_or_default()
    }

    /// Number of bytes in it.
    pub fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Size of the block.
    pub fn capacity(&self) -> usize {
        self.block.len()
    }

    /// The room behind the filled part.
    pub fn spare(&mut self) -> &mut [u8] {
        self.block.get_mut(self.end..).unwrap_or_default()
    }

    /// Takes `count` bytes that were written into [`WireBuffer::spare`] as filled.
    pub fn fill(&mut self, count: usize) {
        self.end = self.end.saturating_add(count).min(self.block.len());
        self.reached = self.reached.max(self.end);
    }

    /// Wipes and drops the first `count` filled bytes.
    pub fn consume(&mut self, count: usize) {
        let until = self.start.saturating_add(count).min(self.end);
        if let Some(used) = self.block.get_mut(self.start..until) {
            // The block stays in use, so this is no dead store that a compiler may drop.
            used.fill(0);
        }
        self.start = until;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Wipes everything.
    pub fn clear(&mut self) {
        self.consume(self.len());
    }

    /// Makes room for `count` bytes behind the filled part.
    pub fn reserve(&mut self, count: usize) {
        let needed = self.len().saturating_add(count);
        if self.block.len().saturating_sub(self.end) >= count {
            return;
        }
        if needed <= self.block.len() {
            self.compact();
        } else {
            self.resize(needed.max(self.block.len().saturating_mul(2)));
        }
    }

    /// Goes back to a block of `capacity` bytes if that is smaller and enough, and the block was hardly used since last time or
    /// is large.
    pub fn shrink(&mut self, capacity: usize) {
        let hardly_used = self.reached.saturating_mul(4) < self.block.len();
        self.reached = 0;
        if self.block.len() > capacity && self.len() <= capacity && (hardly_used || self.block.len() > KEPT_IN_BURSTS) {
            self.resize(capacity);
        }
    }

    /// Copies `bytes` behind the filled part.
    pub fn append(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        if let Some(room) = self.spare().get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
        }
        self.fill(bytes.len());
    }

    fn compact(&mut self) {
        let length = self.len();
        self.block.copy_within(self.start..self.end, 0);
        if let Some(stale) = self.block.get_mut(length..self.end) {
            stale.fill(0);
        }
        (self.start, self.end) = (0, length);
    }

    fn resize(&mut self, capacity: usize) {
        let mut larger = Self::new(capacity);
        if let Some(room) = larger.block.get_mut(..self.len()) {
            room.copy_from_slice(self.filled());
        }
        larger.end = self.len();
        // The old block is wiped by its drop.
        *self = larger;
    }
}

impl Drop for WireBuffer {
    fn drop(&mut self) {
        if let Some(used) = self.block.get_mut(self.start..self.end) {
            used.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invariant_zero_outside_the_filled_part(buffer: &WireBuffer) {
        let outside = buffer.block[..buffer.start].iter().chain(&buffer.block[buffer.end..]);
        assert!(outside.into_iter().all(|byte| *byte == 0));
    }

    #[test]
    fn any_sequence_keeps_the_bytes_in_order_and_wipes_the_rest() {
        let mut buffer = WireBuffer::new(8);
        let mut model = std::collections::VecDeque::new();
        let mut state: u32 = 1;
        for step in 0..5000_u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let amount = (state >> 20) as usize % 40;
            match (state >> 8) % 4 {
                0 | 1 => {
                    let bytes: Vec<u8> = (0..amount).map(|i| (step as usize + i) as u8 | 1).collect();
                    buffer.append(&bytes);
                    model.extend(bytes);
                }
                2 => {
                    buffer.consume(amount);
                    model.drain(..amount.min(model.len()));
                }
                _ => buffer.shrink(8),
            }
            assert!(buffer.filled().iter().eq(model.iter()), "step {step}");
            invariant_zero_outside_the_filled_part(&buffer);
        }
    }

    #[test]
    fn a_block_is_kept_while_bursts_need_it() {
        let mut buffer = WireBuffer::new(8);
        for _ in 0..3 {
            buffer.append(&[7; 100]);
            buffer.clear();
            buffer.shrink(8);
            assert!(buffer.capacity() >= 100);
        }
        buffer.append(&[7; 10]);
        buffer.clear();
        buffer.shrink(8);
        assert_eq!(buffer.capacity(), 8, "the last burst was a small one");
        buffer.append(&[7; KEPT_IN_BURSTS + 1]);
        buffer.clear();
        buffer.shrink(8);
        assert_eq!(buffer.capacity(), 8, "no connection keeps a large block");
    }

    #[test]
    fn compaction_leaves_nothing_behind() {
        let mut buffer = WireBuffer::new(16);
        buffer.append(&[7; 16]);
        buffer.consume(12);
        buffer.reserve(8);
        assert_eq!((buffer.capacity(), buffer.filled()), (16, &[7; 4][..]));
        invariant_zero_outside_the_filled_part(&buffer);
    }
}
