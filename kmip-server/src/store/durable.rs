//! Makes what the engine holds durable: the engine's flush, then a sync of its files through our own handle.
//!
//! sled's `flush` writes its log with `sync_file_range` on Linux, which reaches neither the file's metadata nor the
//! drive's write cache; only the `fdatasync` here makes a commit survive a power failure.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::sled::{Batch, Db};
use kmip_core::ports::store::StoreError;

use super::engine::guarded;

/// A step of a commit that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The engine applies the call's changes.
    Apply,
    /// The engine writes its log.
    Flush,
    /// The log is synced to the disk.
    Sync,
    /// The caller is told.
    Acknowledge,
}

/// Called before each step of a commit; an error makes the step fail. For tests of failures and crashes.
pub type StepHook = Arc<dyn Fn(Step) -> io::Result<()> + Send + Sync>;

/// The way of a call's changes to the disk.
pub(super) struct Durability {
    log: File,
    blobs: PathBuf,
    hook: Option<StepHook>,
}

impl Durability {
    /// Takes a handle of its own on the log of the engine in `engine_dir`.
    pub fn new(engine_dir: &Path, hook: Option<StepHook>) -> io::Result<Self> {
        let log = File::options().read(true).write(true).open(engine_dir.join("db"))?;
        Ok(Self { log, blobs: engine_dir.join("blobs"), hook })
    }

    /// Applies `batch` in the engine. After an error, here or in the sync, nobody knows what of it will be.
    pub fn apply(&self, db: &Db, batch: Batch) -> Result<(), StoreError> {
        self.at(Step::Apply)?;
        guarded(|| db.apply_batch(batch))
    }

    /// The moment between the sync and the answer.
    pub fn acknowledge(&self) -> Result<(), StoreError> {
        self.at(Step::Acknowledge)
    }

    /// Makes durable what the engine has applied.
    pub fn sync(&self, db: &Db, synced_blobs: &mut HashSet<PathBuf>) -> Result<(), StoreError> {
        self.at(Step::Flush)?;
        guarded(|| db.flush())?;
        self.at(Step::Sync)?;
        self.sync_blobs(synced_blobs).and_then(|()| self.log.sync_data()).map_err(|error| failed("sync", &error))
    }

    /// Syncs files beside the log. By the arithmetic of `keyspace.rs` there are none; should sled ever write one, a
    /// commit is durable all the same. Such files are written once, under a new name each.
    fn sync_blobs(&self, synced: &mut HashSet<PathBuf>) -> io::Result<()> {
        let mut found = false;
        for entry in fs::read_dir(&self.blobs)? {
            let path = entry?.path();
            if !synced.contains(&path) {
                match File::open(&path) {
                    Ok(file) => file.sync_all()?,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                }
                found = true;
                synced.insert(path);
            }
        }
        if found { sync_directory(&self.blobs) } else { Ok(()) }
    }

    fn at(&self, step: Step) -> Result<(), StoreError> {
        match &self.hook {
            Some(hook) => hook(step).map_err(|error| failed(&format!("{step:?}"), &error)),
            None => Ok(()),
        }
    }
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

fn failed(what: &str, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("{what} failed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_beside_the_log_are_synced_once() {
        let dir = tempfile::tempdir().expect("directory");
        fs::create_dir(dir.path().join("blobs")).expect("blobs");
        fs::write(dir.path().join("db"), b"").expect("db");
        let durability = Durability::new(dir.path(), None).expect("opens");
        let mut synced = HashSet::new();
        durability.sync_blobs(&mut synced).expect("nothing to do");
        assert!(synced.is_empty());
        let blob = dir.path().join("blobs").join("4711");
        fs::write(&blob, b"large").expect("blob");
        durability.sync_blobs(&mut synced).expect("syncs");
        assert_eq!(synced, HashSet::from([blob]));
        fs::remove_dir_all(dir.path().join("blobs")).expect("removes");
        assert!(durability.sync_blobs(&mut synced).is_err(), "a directory that cannot be read is a failure");
    }
}
