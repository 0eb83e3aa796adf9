//! Memory for root and scope keys that is neither swapped out nor dumped, and the end of core dumps.
//!
//! Key schedules live in slots of a few locked mappings, so that many keys need little of the limit on locked memory
//! (`RLIMIT_MEMLOCK`). Where the system refuses a lock, the key is kept in the same place unlocked and one warning is logged.
//!
//! Unsafe, as is `crypto/rsa_transform.rs` and nothing else of the project: this module owns the mappings and hands each slot to one owner.

#![allow(unsafe_code)]

use std::io;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::mm::{Advice, MapFlags, ProtFlags};
use rustix::process::{DumpableBehavior, Resource, Rlimit};
use zeroize::ZeroizeOnDrop;

/// Makes this process undumpable: no core file, no attaching debugger of the same user. Call it first in `main`.
pub fn harden_process() -> io::Result<()> {
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// A value in locked, undumpable memory; wiped (by its own drop) and given back on drop.
pub struct Protected<T: ZeroizeOnDrop>(NonNull<T>);

impl<T: ZeroizeOnDrop + Clone> Protected<T> {
    /// Copies `value` into protected memory and wipes the original.
    ///
    /// Fails only if the system gives no memory at all.
    pub fn new(value: T) -> io::Result<Self> {
        const { assert!(size_of::<T>() <= SLOT_BYTES && align_of::<T>() <= SLOT_BYTES) };
        let slot = POOL.lock().unwrap_or_else(PoisonError::into_inner).take()?.cast::<T>();
        // SAFETY: the slot is writable, large and aligned enough (asserted above), and out of the pool: nobody else has it.
        unsafe { slot.write(value.clone()) };
        Ok(Self(slot))
    }
}

impl<T: ZeroizeOnDrop> Deref for Protected<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `new` wrote a `T` there, and the slot belongs to `self` until it is dropped.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ZeroizeOnDrop> Drop for Protected<T> {
    fn drop(&mut self) {
        // SAFETY: as in `deref`; after this nothing refers to the slot, so it may serve again.
        unsafe { self.0.drop_in_place() };
        POOL.lock().unwrap_or_else(PoisonError::into_inner).give_back(self.0.cast());
    }
}

impl<T: ZeroizeOnDrop> std::fmt::Debug for Protected<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Protected(..)")
    }
}

// SAFETY: `Protected` owns its `T` as a `Box` does; the address is not tied to a thread.
unsafe impl<T: ZeroizeOnDrop + Send> Send for Protected<T> {}
// SAFETY: shared access gives `&T` only.
unsafe impl<T: ZeroizeOnDrop + Sync> Sync for Protected<T> {}

/// A slot holds one expanded AES-256 key, also in the larger form for processors without AES instructions.
const SLOT_BYTES: usize = 1024;
/// One mapping: 64 slots.
const CHUNK_BYTES: usize = 64 * SLOT_BYTES;

static POOL: Mutex<Pool> = Mutex::new(Pool { free: Vec::new() });

/// Slots that nobody uses. Mappings are kept until the process ends.
struct Pool {
    free: Vec<NonNull<u8>>,
}

// SAFETY: the pointers are to mappings of the process, not of a thread, and each is in the pool or with one owner.
unsafe impl Send for Pool {}

impl Pool {
    fn take(&mut self) -> io::Result<NonNull<u8>> {
        if let Some(slot) = self.free.pop() {
            return Ok(slot);
        }
        let chunk = map_chunk()?;
        // SAFETY: every offset lies inside the mapping of CHUNK_BYTES.
        self.free.extend((0..CHUNK_BYTES).step_by(SLOT_BYTES).map(|offset| unsafe { chunk.add(offset) }));
        self.free.pop().ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    fn give_back(&mut self, slot: NonNull<u8>) {
        self.free.push(slot);
    }
}

fn map_chunk() -> io::Result<NonNull<u8>> {
    // SAFETY: a new anonymous mapping at an address that the kernel chooses touches nothing that exists.
    let chunk = unsafe {
        rustix::mm::mmap_anonymous(
            std::ptr::null_mut(),
            CHUNK_BYTES,
            ProtFlags::READ | ProtFlags::WRITE,
            MapFlags::PRIVATE,
        )
    }?;
    // SAFETY: the range is the mapping just made; locking does not change its contents.
    warn_once(unsafe { rustix::mm::mlock(chunk, CHUNK_BYTES) }, &LOCK_WARNED, "lock key memory (raise RLIMIT_MEMLOCK)");
    #[cfg(target_os = "linux")]
    // SAFETY: as above; the advice only takes the range out of core dumps.
    warn_once(
        unsafe { rustix::mm::madvise(chunk, CHUNK_BYTES, Advice::LinuxDontDump) },
        &DUMP_WARNED,
        "keep key memory out of core dumps",
    );
    NonNull::new(chunk.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

static LOCK_WARNED: AtomicBool = AtomicBool::new(false);
static DUMP_WARNED: AtomicBool = AtomicBool::new(false);

fn warn_once(result: rustix::io::Result<()>, warned: &AtomicBool, what: &str) {
    if let Err(error) = result
        && !warned.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(%error, "cannot {what}: keys could reach the swap or a dump");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroize;

    #[derive(Clone)]
    struct Key([u8; 32]);
    impl Drop for Key {
        fn drop(&mut self) {
            self.0.zeroize();
        }
    }
    impl ZeroizeOnDrop for Key {}

    /// The fields of `/proc/self/smaps` for the mapping that holds `address`.
    fn mapping_flags(address: usize) -> String {
        let maps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let mut inside = false;
        for line in maps.lines() {
            if let Some((range, _)) = line.split_once(' ')
                && let Some((from, to)) = range.split_once('-')
                && let (Ok(from), Ok(to)) = (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16))
            {
                inside = (from..to).contains(&address);
            }
            if inside && line.starts_with("VmFlags:") {
                return line.to_owned();
            }
        }
        panic!("no mapping holds {address:x}");
    }

    #[test]
    fn keys_live_in_locked_memory_outside_core_dumps() {
        let key = Protected::new(Key([7; 32])).unwrap();
        let flags = mapping_flags(std::ptr::from_ref::<Key>(&key).addr());
        if !flags.contains(" lo") {
            let limit = rustix::process::getrlimit(Resource::Memlock).current;
            assert!(limit.is_some_and(|bytes| bytes < 1 << 20), "not locked, though the limit is {limit:?}: {flags}");
            println!("SKIP the lock itself: RLIMIT_MEMLOCK is {limit:?}");
        }
        assert!(flags.contains(" dd"), "in core dumps: {flags}");
    }

    #[test]
    fn a_dropped_key_is_wiped_before_its_slot_serves_again() {
        let slot = {
            let key = Protected::new(Key([0xA5; 32])).unwrap();
            assert_eq!(key.deref().0, [0xA5; 32]);
            std::ptr::from_ref::<Key>(&key)
        };
        // SAFETY: mappings are never given back, so the slot is still readable memory.
        let left = unsafe { std::ptr::read_volatile(slot.cast::<[u8; 32]>()) };
        assert_ne!(left, [0xA5; 32]);
    }

    #[test]
    fn many_keys_keep_their_own_values() {
        let keys: Vec<_> = (0..300u16).map(|n| Protected::new(Key([n as u8; 32])).unwrap()).collect();
        for (n, key) in keys.iter().enumerate() {
            assert_eq!(key.deref().0, [n as u8; 32]);
        }
        assert_eq!(format!("{:?}", keys.first().unwrap()), "Protected(..)");
    }
}
