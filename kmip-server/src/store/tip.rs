//! The newest acknowledged revision, in a small file beside the engine.
//!
//! The engine takes a log that was cut at its end for one that a crash has cut, and drops the tail without a word. The
//! tip notices: it is written after each sync, so an engine that is older than its tip has lost acknowledged batches.
//! It is synced when the store is opened, not at each commit: after a power failure it may be older than the engine, never
//! newer.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use kmip_core::ports::store::{RecordSeal, Revision};

/// The associated key of the tip's seal; no storage key begins like it.
const NAME: &[u8] = b"\xfftip";

/// The open tip file.
pub(super) struct Tip {
    file: File,
    path: PathBuf,
    store_id: [u8; 16],
}

impl Tip {
    /// Opens the file, or makes it.
    pub fn open(path: &Path, store_id: [u8; 16]) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        Ok(Self { file, path: path.to_owned(), store_id })
    }

    /// The revision that was written last; `None` if the file is empty, damaged or of another store.
    pub fn read(&self, seal: &dyn RecordSeal) -> io::Result<Option<Revision>> {
        let stored = std::fs::read(&self.path)?;
        Ok(stored.split_first_chunk::<8>().and_then(|(revision, sealed)| {
            let revision = u64::from_be_bytes(*revision);
            let opened = seal.open(NAME, revision, sealed)?;
            (opened == self.store_id).then_some(revision)
        }))
    }

    /// What was written is all that the file holds, and on the disk: from then on it is not empty after a power failure.
    pub fn settle(&self) -> io::Result<()> {
        let mut file = &self.file;
        let length = file.stream_position()?;
        file.set_len(length)?;
        file.sync_all()
    }

    /// Writes a revision over the one before.
    pub fn write(&self, revision: Revision, seal: &dyn RecordSeal) -> io::Result<()> {
        let sealed = seal.seal(NAME, revision, &self.store_id);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&[&revision.to_be_bytes()[..], &sealed].concat())
    }
}
