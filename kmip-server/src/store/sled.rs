//! [`SledStore`]: the store seam over sled 0.34.7.
//!
//! A call of `commit` evaluates its batches against an overlay and point reads (`plan.rs`), seals and frames what
//! changed (`frame.rs`), hands it to the engine as one atomic batch, and returns when it is on the disk (`durable.rs`).
//! A change can be read by others in the short time between the engine's apply and the sync. If that sync fails, the
//! store takes no more writes, and the keys of the failed call cannot be read until a restart.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use ::sled::{Batch as EngineBatch, Db};
use kmip_core::ports::store::{
    Batch, Outcome, Page, RecordSeal, Revision, Sealer, Skipped, Store, StoreError, Versioned, Watcher, Watchers,
};

use super::check::{self, Damage, Survey};
use super::directory::{self, Directory, io_error};
use super::durable::{Durability, StepHook};
use super::engine::{self, Standing, damaged, guarded};
use super::engine_threads;
use super::frame::{self, Frame, MAX_SEALED};
use super::keys::Keys;
use super::keyspace::{self, HEADER, LAST, Named, PARTS, shown};
use super::plan::{After, Before, Plan};
use super::tip::Tip;

/// How a store is opened.
#[derive(Clone)]
pub struct Options {
    /// Memory for the engine's page cache, in bytes; sled uses up to twice as much.
    pub cache_bytes: u64,
    /// Called before each step of a commit.
    pub hook: Option<StepHook>,
    /// Opens the store although acknowledged changes are missing from it. For repair by an operator who knows.
    pub accept_loss: bool,
    /// Opens a copy, so that the store stays as it is whatever is found.
    pub on_a_copy: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 256 << 20, hook: None, accept_loss: false, on_a_copy: false }
    }
}

/// A store in one directory, held by one process.
pub struct SledStore {
    pub(super) db: Db,
    pub(super) seal: Arc<dyn RecordSeal>,
    writer: Mutex<Writer>,
    /// Values in parts are read under its read lock, and changed under its write lock.
    parts_lock: RwLock<()>,
    stopped: OnceLock<Stopped>,
    watchers: Watchers,
    store_id: [u8; 16],
    damaged_at_open: Vec<Damage>,
    /// Whether records may have vanished beside the damage that can be seen: what is not found may be one of them.
    lost_some: bool,
    /// The last field, so that the engine is closed before the lock is given up.
    _directory: Directory,
}

/// What only the committing thread touches.
struct Writer {
    durability: Durability,
    tip: Tip,
    standing: Standing,
    keys: Keys,
    /// Keys whose values have parts, and how many.
    parts: HashMap<Vec<u8>, u32>,
    synced_blobs: HashSet<PathBuf>,
}

impl Writer {
    /// Remembers how many parts the values of a call have.
    fn keep(&mut self, parts: Vec<(Vec<u8>, u32)>) {
        for (key, count) in parts {
            if count > 0 {
                self.parts.insert(key, count)
            } else {
                self.parts.remove(&key)
            };
        }
    }
}

/// What a call writes.
struct Encoded {
    batch: EngineBatch,
    /// Values that have parts or had some, with how many they have now.
    parts: Vec<(Vec<u8>, u32)>,
    /// Where the store stands afterwards.
    standing: Standing,
}

impl Encoded {
    /// Writes the parts of a value, and takes out those that its former value had and this one has not.
    fn replace_parts(&mut self, key: &[u8], before: u32, pieces: impl Iterator<Item = Vec<u8>>) {
        let mut now = 0;
        for piece in pieces {
            self.batch.insert(keyspace::part(key, now), piece);
            now += 1;
        }
        for number in now..before {
            self.batch.remove(keyspace::part(key, number));
        }
        if now > 0 || before > 0 {
            self.parts.push((key.to_vec(), now));
        }
    }
}

/// Why writing has stopped, and which keys were in the call that failed.
struct Stopped {
    reason: String,
    keys: HashSet<Vec<u8>>,
}

impl SledStore {
    /// Whether a store stands in `path`.
    #[must_use]
    pub fn exists(path: &Path) -> bool {
        directory::stands_in(path)
    }

    /// Makes an empty store in `path` and opens it; `store_id` is a fresh random UUID.
    pub fn create(
        path: &Path,
        seal: Arc<dyn RecordSeal>,
        store_id: [u8; 16],
        options: Options,
    ) -> Result<Self, StoreError> {
        let directory = Directory::create(path)?;
        if directory.has_engine() {
            return Err(StoreError::Unavailable(format!("there is a store at {} already", path.display())));
        }
        directory.clear_unfinished()?;
        let db = engine::open(&directory.unfinished_engine(), options.cache_bytes)?;
        guarded(|| db.insert(HEADER, engine::header(store_id, &*seal)))?;
        guarded(|| db.flush())?;
        drop(db);
        directory.finish()?;
        let opened = Opened::new(&directory, &*seal, options)?;
        Ok(Self::with(directory, seal, opened))
    }

    /// Opens the store in `path`, after checking its header, its last commit and that nothing acknowledged is missing. If it
    /// is refused, its files are as they were.
    pub fn open(path: &Path, seal: Arc<dyn RecordSeal>, options: Options) -> Result<Self, StoreError> {
        let directory = if options.on_a_copy { Directory::copied(path)? } else { Directory::hold(path)? };
        if !directory.has_engine() {
            return Err(StoreError::Unavailable(format!(
                "there is no store at {}; check the data directory, or make one with `kmip-server init`",
                path.display()
            )));
        }
        if !options.on_a_copy {
            directory.recover()?;
        }
        let kept = directory.keep();
        match Opened::new(&directory, &*seal, options) {
            Ok(opened) => {
                kept.release()?;
                Ok(Self::with(directory, seal, opened))
            }
            Err(error) => {
                if let Err(failed) = kept.put_back() {
                    tracing::error!(error = %failed, "what was kept of the store is put back by the next start");
                }
                Err(error)
            }
        }
    }

    fn with(directory: Directory, seal: Arc<dyn RecordSeal>, opened: Opened) -> Self {
        let Opened { db, store_id, writer, damaged: damaged_at_open, lost_some } = opened;
        Self {
            db,
            seal,
            writer: Mutex::new(writer),
            parts_lock: RwLock::default(),
            stopped: OnceLock::new(),
            watchers: Watchers::default(),
            store_id,
            damaged_at_open,
            lost_some,
            _directory: directory,
        }
    }

    /// The UUID of this store.
    #[must_use]
    pub fn store_id(&self) -> [u8; 16] {
        self.store_id
    }

    /// The newest revision.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.standing().revision
    }

    /// What could not be read when the store was opened; reads of it are refused, all else is served.
    #[must_use]
    pub fn damaged_at_open(&self) -> &[Damage] {
        &self.damaged_at_open
    }

    pub(super) fn standing(&self) -> Standing {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).standing
    }

    /// Why writing has stopped, if it has.
    #[must_use]
    pub fn stopped(&self) -> Option<&str> {
        self.stopped.get().map(|stopped| stopped.reason.as_str())
    }

    /// Bytes of the engine's files.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        guarded(|| self.db.size_on_disk())
    }

    fn ensure_readable(&self, key: &[u8]) -> Result<(), StoreError> {
        match self.stopped.get() {
            Some(stopped) if stopped.keys.contains(key) => Err(StoreError::Unavailable(format!(
                "the last change of {} may not be on the disk: {}",
                shown(key),
                stopped.reason
            ))),
            _ => Ok(()),
        }
    }

    /// Opens the value under `key` whose frame is `stored`.
    fn value(&self, key: &[u8], storage: &[u8], stored: &[u8]) -> Result<Versioned, StoreError> {
        let frame = Frame::parse(stored).map_err(|detail| damaged(&shown(key), &detail))?;
        self.unseal(key, storage, frame.revision, frame.piece)
    }

    fn unseal(&self, key: &[u8], storage: &[u8], revision: Revision, sealed: &[u8]) -> Result<Versioned, StoreError> {
        let opened = self.seal.open(storage, revision, sealed);
        let value = opened.ok_or_else(|| damaged(&shown(key), "the record does not authenticate"))?;
        Ok(Versioned { revision, value })
    }

    /// Reads the value under `key`, whose frame was seen as `stored` a moment ago.
    pub(super) fn read(&self, key: &[u8], storage: &[u8], stored: &[u8]) -> Result<Option<Versioned>, StoreError> {
        let frame = Frame::parse(stored).map_err(|detail| damaged(&shown(key), &detail))?;
        if frame.parts() == 0 { self.value(key, storage, stored).map(Some) } else { self.read_with_parts(key, storage) }
    }

    /// Reads a value whose parts must not change meanwhile.
    fn read_with_parts(&self, key: &[u8], storage: &[u8]) -> Result<Option<Versioned>, StoreError> {
        let _unchanged = self.parts_lock.read().unwrap_or_else(PoisonError::into_inner);
        let Some(stored) = guarded(|| self.db.get(storage))? else { return Ok(None) };
        let wrong = |detail: &str| damaged(&shown(key), detail);
        let frame = Frame::parse(&stored).map_err(|detail| wrong(&detail))?;
        let mut sealed = frame.piece.to_vec();
        for number in 0..frame.parts() {
            let part = guarded(|| self.db.get(keyspace::part(key, number)))?;
            let part = part.ok_or_else(|| wrong(&format!("part {number} is missing")))?;
            let (revision, piece) = frame::part(&part).map_err(|detail| wrong(&detail))?;
            if revision != frame.revision {
                return Err(wrong(&format!(
                    "part {number} is of revision {revision}, the record of {}",
                    frame.revision
                )));
            }
            sealed.extend_from_slice(piece);
        }
        if sealed.len() != frame.sealed_len {
            return Err(wrong(&format!("its parts have {} bytes of {}", sealed.len(), frame.sealed_len)));
        }
        self.unseal(key, storage, frame.revision, &sealed).map(Some)
    }

    /// Reads keys in order, and goes on behind damaged records if somebody is told of them.
    fn scan_with(
        &self,
        from: &[u8],
        until: &[u8],
        limit: usize,
        mut skipped: Option<&mut Skipped<'_>>,
    ) -> Result<Page, StoreError> {
        let mut page = Page::default();
        if from >= until {
            return Ok(page);
        }
        let mut found = self.db.range(keyspace::record(from)..keyspace::record(until));
        while let Some((storage, stored)) = guarded(|| found.next().transpose())? {
            let Named::Record(key) = keyspace::named(&storage) else { continue };
            self.ensure_readable(key)?;
            if page.entries.len() == limit {
                page.more = true;
                break;
            }
            match (self.read(key, &storage, &stored), &mut skipped) {
                (Ok(value), _) => page.entries.extend(value.map(|value| (key.to_vec(), value))),
                (Err(error @ StoreError::Damaged { .. }), Some(skipped)) => skipped(key, &error),
                (Err(error), _) => return Err(error),
            }
        }
        Ok(page)
    }

    /// Runs `look` while no value in parts changes.
    pub(super) fn with_parts_unchanged<T>(&self, look: impl FnOnce() -> T) -> T {
        let _unchanged = self.parts_lock.read().unwrap_or_else(PoisonError::into_inner);
        look()
    }

    /// What a plan writes. Nothing is changed yet, so that an error here leaves the store as it was.
    fn encode(&self, plan: &Plan<'_>, writer: &Writer) -> Result<Encoded, StoreError> {
        let mut seal = self.seal.sealer(plan.after.len());
        let content = writer.standing.content;
        let mut encoded = Encoded {
            batch: EngineBatch::default(),
            parts: Vec::new(),
            standing: Standing { revision: plan.revision, content },
        };
        for (key, after) in &plan.after {
            if let Some(revision) = plan.before(key, &Stored { store: self, keys: &writer.keys })? {
                encoded.standing.content.remove(key, revision, &*self.seal);
            }
            let parts_before = writer.parts.get(*key).copied().unwrap_or(0);
            match after {
                After::Value(revision, value) => {
                    self.put(&mut encoded, &mut seal, key, *revision, value, parts_before)?
                }
                After::Counter(revision, sum) => {
                    self.put(&mut encoded, &mut seal, key, *revision, &sum.to_be_bytes(), parts_before)?;
                }
                After::Removed => {
                    encoded.batch.remove(keyspace::record(key));
                    encoded.replace_parts(key, parts_before, std::iter::empty());
                }
            }
        }
        if let Some(last) = plan.last {
            encoded.batch.insert(LAST, engine::last_commit(encoded.standing, last, &*self.seal));
        }
        Ok(encoded)
    }

    fn put(
        &self,
        encoded: &mut Encoded,
        seal: &mut Sealer<'_>,
        key: &[u8],
        revision: Revision,
        value: &[u8],
        parts_before: u32,
    ) -> Result<(), StoreError> {
        let storage = keyspace::record(key);
        let sealed = seal(&storage, revision, value);
        if sealed.len() > MAX_SEALED {
            return Err(StoreError::Unavailable(format!("a value of {} bytes; the limit is 64 MiB", value.len())));
        }
        let (frame, pieces) = frame::write(revision, &sealed);
        encoded.batch.insert(storage, frame);
        encoded.replace_parts(key, parts_before, pieces);
        encoded.standing.content.add(key, revision, &*self.seal);
        Ok(())
    }

    /// Brings an encoded plan to the disk; an error stops the store.
    fn write(&self, writer: &mut Writer, batch: EngineBatch, touches_parts: bool) -> Result<(), StoreError> {
        let Writer { durability, synced_blobs, .. } = writer;
        let changing = touches_parts.then(|| self.parts_lock.write().unwrap_or_else(PoisonError::into_inner));
        durability.apply(&self.db, batch)?;
        drop(changing);
        durability.sync(&self.db, synced_blobs)?;
        durability.acknowledge()
    }

    fn stop(&self, error: &StoreError, plan: &Plan<'_>) -> StoreError {
        let reason =
            format!("a write failed ({error}), so nothing more is written; check the disk, then restart the server");
        tracing::error!(store = %self._directory.path().display(), "{reason}");
        let keys = plan.after.keys().map(|key| key.to_vec()).collect();
        let stopped = self.stopped.get_or_init(|| Stopped { reason, keys });
        StoreError::Unavailable(stopped.reason.clone())
    }
}

impl Store for SledStore {
    fn get(&self, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        let storage = keyspace::record(key);
        let stored = guarded(|| self.db.get(&storage))?;
        // After the read, so that nothing which a failed call left is handed out once the store has stopped.
        self.ensure_readable(key)?;
        match stored {
            Some(stored) => self.read(key, &storage, &stored),
            None if self.lost_some => {
                Err(damaged(&shown(key), "records of this store are missing, and this may be one of them"))
            }
            None => Ok(None),
        }
    }

    fn scan(&self, from: &[u8], until: &[u8], limit: usize) -> Result<Page, StoreError> {
        self.scan_with(from, until, limit, None)
    }

    fn scan_readable(
        &self,
        from: &[u8],
        until: &[u8],
        limit: usize,
        skipped: &mut Skipped<'_>,
    ) -> Result<Page, StoreError> {
        self.scan_with(from, until, limit, Some(skipped))
    }

    fn commit(&self, batches: &[Batch]) -> Result<Vec<Outcome>, StoreError> {
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stopped) = self.stopped.get() {
            return Err(StoreError::Unavailable(stopped.reason.clone()));
        }
        let before = Stored { store: self, keys: &writer.keys };
        let plan = Plan::evaluate(batches, writer.standing.revision, &before)?;
        if plan.last.is_none() {
            return Ok(plan.outcomes);
        }
        let Encoded { batch, parts, standing } = self.encode(&plan, &writer)?;
        let _working = engine_threads::Working::begin();
        plan.after.keys().for_each(|key| writer.keys.add(key));
        self.write(&mut writer, batch, !parts.is_empty()).map_err(|error| self.stop(&error, &plan))?;
        writer.standing = standing;
        writer.keep(parts);
        if let Err(error) = writer.tip.write(plan.revision, &*self.seal) {
            tracing::warn!(%error, "the tip of the store could not be written; a log that is cut later would not be noticed");
        }
        self.watchers.tell(batches, &plan.outcomes);
        Ok(plan.outcomes)
    }

    fn watch(&self, prefix: &[u8], watcher: Watcher) {
        self.watchers.add(prefix, watcher);
    }
}

/// An engine that was opened and looked at.
struct Opened {
    db: Db,
    store_id: [u8; 16],
    writer: Writer,
    damaged: Vec<Damage>,
    lost_some: bool,
}

impl Opened {
    fn new(directory: &Directory, seal: &dyn RecordSeal, options: Options) -> Result<Self, StoreError> {
        let path = directory.engine();
        let db = engine::open(&path, options.cache_bytes)?;
        let durability = Durability::new(&path, options.hook).map_err(|error| io_error("open", &path, &error))?;
        let store_id = engine::read_header(&db, seal)?;
        let mut standing = engine::check_last_commit(&db, seal)?;
        let tip = Tip::open(&directory.tip(), store_id).map_err(|error| io_error("open", &directory.tip(), &error))?;
        check_tip(directory, &tip, standing.revision, options.accept_loss, seal)?;
        let Seen { damaged, lost_some, keys } =
            check_content(directory, &db, &mut standing, options.accept_loss, seal)?;
        let written =
            tip.write(standing.revision, seal).and_then(|()| tip.settle()).and_then(|()| directory.sync_names());
        written.map_err(|error| io_error("write", &directory.tip(), &error))?;
        let mut synced_blobs = HashSet::new();
        // A killed process may have left the newest batches in the system's cache only; they are read from now on.
        durability.sync(&db, &mut synced_blobs)?;
        engine_threads::hold_back(&db);
        let parts = parts(&db)?;
        let writer = Writer { durability, tip, standing, keys, parts, synced_blobs };
        Ok(Self { db, store_id, writer, damaged, lost_some })
    }
}

/// The store before a call of `commit`.
struct Stored<'a> {
    store: &'a SledStore,
    keys: &'a Keys,
}

impl Before for Stored<'_> {
    fn revision(&self, key: &[u8]) -> Result<Option<Revision>, StoreError> {
        if !self.keys.may_hold(key) {
            return Ok(None);
        }
        let stored = guarded(|| self.store.db.get(keyspace::record(key)))?;
        let frame = stored.as_deref().map(Frame::parse).transpose().map_err(|detail| damaged(&shown(key), &detail))?;
        Ok(frame.map(|frame| frame.revision))
    }

    fn versioned(&self, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        if self.keys.may_hold(key) { self.store.get(key) } else { Ok(None) }
    }
}

/// How many parts each value has that has any.
fn parts(db: &Db) -> Result<HashMap<Vec<u8>, u32>, StoreError> {
    let mut parts = HashMap::new();
    let mut found = db.scan_prefix(PARTS);
    while let Some((storage, _)) = guarded(|| found.next().transpose())? {
        if let Named::Part(key, number) = keyspace::named(&storage) {
            let count = parts.entry(key.to_vec()).or_insert(0);
            *count = number.saturating_add(1).max(*count);
        }
    }
    Ok(parts)
}

/// Refuses an engine that is older than what it has acknowledged.
fn check_tip(
    directory: &Directory,
    tip: &Tip,
    revision: Revision,
    accept_loss: bool,
    seal: &dyn RecordSeal,
) -> Result<(), StoreError> {
    let path = directory.tip();
    match tip.read(seal).map_err(|error| io_error("read", &path, &error))? {
        Some(acknowledged) if acknowledged > revision => refuse_loss(
            directory,
            accept_loss,
            &format!(
                "the last commit is {revision}, but commit {acknowledged} was acknowledged: the engine's files were cut \
                 or replaced by older ones"
            ),
        ),
        Some(_) => Ok(()),
        None if revision > 0 => refuse_loss(
            directory,
            accept_loss,
            &format!(
                "{} is missing or does not open, so that nobody can tell whether acknowledged changes are missing",
                path.display()
            ),
        ),
        None => Ok(()),
    }
}

/// What was seen of the records when the store was opened.
struct Seen {
    damaged: Vec<Damage>,
    /// Whether records may be missing beside what is damaged.
    lost_some: bool,
    keys: Keys,
}

/// Refuses an engine from which records have vanished silently. Damage that can be seen does not keep the store from
/// opening: it is told here and at every read of it.
fn check_content(
    directory: &Directory,
    db: &Db,
    standing: &mut Standing,
    accept_loss: bool,
    seal: &dyn RecordSeal,
) -> Result<Seen, StoreError> {
    let survey = Survey::of(db, seal)?;
    for Damage { place, detail } in &survey.damaged {
        tracing::error!(store = %directory.path().display(), place, detail, "the store is damaged; restore a backup");
    }
    if survey.found != standing.content && (survey.damaged.is_empty() || accept_loss) {
        refuse_loss(directory, accept_loss, &check::lost(&standing.content, &survey.found))?;
        standing.content = survey.found;
    }
    let lost_some = !survey.has_all(&standing.content);
    Ok(Seen { damaged: survey.damaged, lost_some, keys: survey.keys })
}

fn refuse_loss(directory: &Directory, accept_loss: bool, what: &str) -> Result<(), StoreError> {
    if accept_loss {
        tracing::error!(store = %directory.path().display(), "{what}; the loss is accepted");
        return Ok(());
    }
    let detail = format!("{what}. Restore the whole data directory from a backup");
    Err(damaged(&directory.path().display().to_string(), &detail))
}
