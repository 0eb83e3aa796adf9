//! Opening sled so that it neither panics nor guesses, and the two records that say what store this is and where it stands.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::sled::{Config, Db};
use kmip_core::ports::store::{Batch, RecordSeal, Revision, StoreError, Write};

use super::content::Content;
use super::directory::io_error;
use super::frame::{self, Frame};
use super::keyspace::{self, HEADER, LAST, shown};
use super::plan::changed_keys;

/// Version of the layout of the tree; a change of `keyspace.rs`, `frame.rs` or the keys of the core counts it up.
const FORMAT: u16 = 2;
const MAGIC: &[u8; 8] = b"KMIPSTOR";
/// Bytes of keys that the last-commit record lists at most, so that it stays one small piece.
const LISTED: usize = 2048;
/// How long a lock of an engine that this process has just closed is waited for (sled frees it on other threads).
const CLOSING: Duration = Duration::from_secs(5);

/// Calls into the engine: its errors become ours, and a panic inside it does not pass.
pub(super) fn guarded<T>(call: impl FnOnce() -> ::sled::Result<T>) -> Result<T, StoreError> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(result) => result.map_err(|error| engine_error(&error)),
        Err(_) => Err(damaged("engine", "the engine met content that it cannot handle")),
    }
}

/// An error of the engine as one of ours.
fn engine_error(error: &::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Corruption { at, .. } => {
            let place =
                at.as_ref().map_or_else(|| "the engine's files".to_owned(), |at| format!("the engine's log, {at:?}"));
            damaged(&place, "the checksum does not match")
        }
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// Shorthand for the error.
pub(super) fn damaged(place: &str, detail: &str) -> StoreError {
    StoreError::Damaged { place: place.to_owned(), detail: detail.to_owned() }
}

/// Opens the engine in `path`. A damaged summary (`snap.*`) is moved aside and made again from the log.
pub(super) fn open(path: &Path, cache_bytes: u64) -> Result<Db, StoreError> {
    drop_half_written_summaries(path)?;
    let first = match open_once(path, cache_bytes) {
        Err(error @ StoreError::Damaged { .. }) => error,
        other => return other,
    };
    let moved = move_summaries_aside(path)?;
    if moved.is_empty() {
        return Err(beyond_repair(path, &first));
    }
    match open_once(path, cache_bytes) {
        Ok(db) => {
            tracing::warn!(store = %path.display(), "the store's summary file was damaged; it was moved aside and made again from the log");
            Ok(db)
        }
        Err(_) => {
            move_back(path, &moved)?;
            Err(beyond_repair(path, &first))
        }
    }
}

fn open_once(path: &Path, cache_bytes: u64) -> Result<Db, StoreError> {
    let step = Duration::from_millis(10);
    let mut waited = Duration::ZERO;
    loop {
        let config = Config::new().path(path).cache_capacity(cache_bytes).flush_every_ms(None);
        match guarded(|| config.open()) {
            Err(StoreError::Unavailable(why)) if why.contains("could not acquire lock") && waited < CLOSING => {
                std::thread::sleep(step);
                waited += step;
            }
            result => return result,
        }
    }
}

fn beyond_repair(path: &Path, error: &StoreError) -> StoreError {
    let detail = format!("{error}; the store cannot be opened. Restore the whole data directory from a backup");
    StoreError::Damaged { place: path.display().to_string(), detail }
}

/// A crash while sled writes a summary leaves `snap.*.generating`, which sled would then read as the newest one.
fn drop_half_written_summaries(path: &Path) -> Result<(), StoreError> {
    for summary in summaries(path)? {
        if summary.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(&summary).map_err(|error| io_error("remove", &summary, &error))?;
        }
    }
    Ok(())
}

fn summaries(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listed = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        listed => listed
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()),
    };
    let mut files = listed.map_err(|error| io_error("list", path, &error))?;
    files.retain(|file| file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snap.")));
    Ok(files)
}

/// Where a summary is moved to; sled reads only names that begin with `snap.`.
fn aside(summary: &Path) -> PathBuf {
    let name = summary.file_name().unwrap_or_default().to_string_lossy();
    summary.with_file_name(format!("damaged-{name}"))
}

fn move_summaries_aside(path: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let found = summaries(path)?;
    for summary in &found {
        fs::rename(summary, aside(summary)).map_err(|error| io_error("move aside", summary, &error))?;
    }
    Ok(found)
}

fn move_back(path: &Path, moved: &[PathBuf]) -> Result<(), StoreError> {
    for summary in summaries(path)? {
        fs::remove_file(&summary).map_err(|error| io_error("remove", &summary, &error))?;
    }
    for summary in moved {
        fs::rename(aside(summary), summary).map_err(|error| io_error("move back", summary, &error))?;
    }
    Ok(())
}

/// The header of a new store: `KMIPSTOR format(2) id(16) seal-of-id`.
pub(super) fn header(store_id: [u8; 16], seal: &dyn RecordSeal) -> Vec<u8> {
    [&MAGIC[..], &FORMAT.to_be_bytes(), &store_id, &seal.seal(HEADER, 0, &store_id)].concat()
}

/// Checks the header and gives the store's id.
pub(super) fn read_header(db: &Db, seal: &dyn RecordSeal) -> Result<[u8; 16], StoreError> {
    let stored = guarded(|| db.get(HEADER))?
        .ok_or_else(|| damaged("header", "it is missing: this is no store of kmip-server"))?;
    let rest = stored.strip_prefix(MAGIC).ok_or_else(|| damaged("header", "this is no store of kmip-server"))?;
    let (format, rest) = rest.split_first_chunk::<2>().ok_or_else(|| damaged("header", "it is cut short"))?;
    let format = u16::from_be_bytes(*format);
    if format != FORMAT {
        return Err(StoreError::Unavailable(format!(
            "the store has format {format}, this program reads format {FORMAT}; use the program that wrote it"
        )));
    }
    let (store_id, sealed) = rest.split_first_chunk::<16>().ok_or_else(|| damaged("header", "it is cut short"))?;
    if seal.open(HEADER, 0, sealed).is_none_or(|opened| opened != store_id) {
        return Err(damaged(
            "header",
            "it does not open with this key store: the key store belongs to another store, or the header is damaged",
        ));
    }
    Ok(*store_id)
}

/// Where a store stands after its last commit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Standing {
    /// The newest revision.
    pub revision: Revision,
    /// What the store holds.
    pub content: Content,
}

/// The last-commit record: where the store stands, and the keys that the last batch changed (as far as they fit).
pub(super) fn last_commit(standing: Standing, batch: &Batch, seal: &dyn RecordSeal) -> Vec<u8> {
    let mut content = Vec::with_capacity(256);
    content.extend_from_slice(&standing.content.to_bytes());
    for key in changed_keys(batch) {
        if content.len() + key.len() + 3 > LISTED {
            break;
        }
        let length = u16::try_from(key.len()).expect("invariant: keys are at most MAX_KEY long");
        content.push(u8::from(!removes(batch, key)));
        content.extend_from_slice(&length.to_be_bytes());
        content.extend_from_slice(key);
    }
    let (frame, _) = frame::write(standing.revision, &seal.seal(LAST, standing.revision, &content));
    frame
}

fn removes(batch: &Batch, key: &[u8]) -> bool {
    matches!(
        batch
            .writes
            .iter()
            .rev()
            .find(|write| matches!(write, Write::Put(other, _) | Write::Delete(other) if other == key)),
        Some(Write::Delete(_))
    )
}

/// Checks that the last commit is wholly there; gives where it left the store.
pub(super) fn check_last_commit(db: &Db, seal: &dyn RecordSeal) -> Result<Standing, StoreError> {
    let Some(stored) = guarded(|| db.get(LAST))? else { return Ok(Standing::default()) };
    let wrong = |detail: &str| damaged("last commit", detail);
    let frame = Frame::parse(&stored).map_err(|detail| wrong(&detail))?;
    let opened =
        seal.open(LAST, frame.revision, frame.piece).ok_or_else(|| wrong("the record does not authenticate"))?;
    let (content, mut rest) =
        opened.split_first_chunk::<{ Content::LENGTH }>().ok_or_else(|| wrong("the record is cut short"))?;
    let content = Content::from_bytes(content).ok_or_else(|| wrong("the record is cut short"))?;
    while let Some((present, after)) = rest.split_first() {
        let (length, after) = after.split_first_chunk::<2>().ok_or_else(|| wrong("the record is cut short"))?;
        let (key, after) = after
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or_else(|| wrong("the record is cut short"))?;
        let found = guarded(|| db.get(keyspace::record(key)))?;
        let found = found.as_deref().map(Frame::parse).transpose().map_err(|detail| damaged(&shown(key), &detail))?;
        if found.map(|frame| frame.revision) != (*present == 1).then_some(frame.revision) {
            return Err(damaged(&shown(key), "the last commit is not wholly there"));
        }
        rest = after;
    }
    Ok(Standing { revision: frame.revision, content })
}
