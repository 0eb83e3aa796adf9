//! Batches that follow from a number, so that another process knows what one that was killed has written.

use kmip_core::ports::store::{Adjust, Batch, Guard, Write};

/// Where record `id` stands.
pub fn record_key(id: u64) -> Vec<u8> {
    format!("o/{:016x}", id.wrapping_mul(0x9E37_79B9_7F4A_7C15)).into_bytes()
}

/// Where the name of record `id` stands.
pub fn name_key(id: u64) -> Vec<u8> {
    format!("n/{id:08}").into_bytes()
}

/// The value of record `id`. Some are large, most are as long as a usual record.
pub fn content(id: u64) -> Vec<u8> {
    let size = if id.is_multiple_of(37) { 60_000 } else { 600 };
    (0..size).map(|i: u64| (i.wrapping_mul(id | 1) >> 2) as u8).collect()
}

/// Creates record `id`, its name and the count; every third batch also removes the name of the record before.
pub fn batch(id: u64) -> Batch {
    let mut writes = vec![Write::Put(record_key(id), content(id)), Write::Put(name_key(id), id.to_be_bytes().to_vec())];
    if id % 3 == 2 {
        writes.push(Write::Delete(name_key(id - 1)));
    }
    Batch {
        guards: vec![Guard::Absent(name_key(id))],
        writes,
        adjusts: vec![Adjust { key: b"count".to_vec(), delta: 1, floor: 0 }],
        ..Batch::default()
    }
}
