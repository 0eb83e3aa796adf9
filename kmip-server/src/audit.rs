//! The audit log: append-only segment files in `DIR/audit`, one JSON object a line (`audit_line.rs`).
//!
//! [`AuditLog::append`] returns when its lines are in the file (`write(2)` done: they survive the death of the process);
//! [`AuditLog::sync`] returns when they are on the disk. [`AuditLog::record`] and [`AuditLog::write_out`] are the two
//! halves of `append`, so that the entries of many pipelined requests share one write. Entries that need not be in the file
//! before a reply ([`Due::Soon`]) wait for the next one that must. A segment that has reached its size is synced by the next
//! [`AuditLog::sync`] or [`AuditLog::tidy`], and no writer waits for it unless two wait already. After a crash the last line
//! of these segments and of the newest one may be torn: [`AuditLog::open`] cuts it and tells.
//!
//! A disk that refuses lines may take them later: they wait, and [`AuditLog::health`] tells. One that fails to sync what it took
//! tells that once, and what became of the lines is not known: from then on nothing is synced until the log is opened anew.

use crate::audit_line::{Clock, Entry};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thiserror::Error;

/// Lines that may wait for a disk that refuses them.
const LONGEST_BACKLOG: usize = 4 * 1024 * 1024;
/// Lines of [`Due::Soon`] that wait at most.
const LONGEST_WAIT: usize = 64 * 1024;
/// Segments before the newest one that are not synced yet, at most.
const MOST_UNSYNCED: u64 = 2;
/// How much is read at once while the end of the last line is sought.
const TAIL_BYTES: u64 = 64 * 1024;

/// Why the log cannot be written.
#[derive(Debug, Error)]
pub enum AuditError {
    /// A file or the folder refuses.
    #[error("audit log {}: {error}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// What was written could not be synced.
    #[error("audit log {}: lines may be lost, for the disk has failed; start the server again once it works", .0.display())]
    Lost(PathBuf),
    /// Earlier lines still wait for a disk that refuses them.
    #[error("audit log {}: too many lines wait to be written", .0.display())]
    Backlog(PathBuf),
    /// An entry that cannot be written as JSON.
    #[error("audit entry: {0}")]
    Entry(#[from] serde_json::Error),
}

/// What opening found.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reopened {
    /// Bytes of torn last lines that were cut.
    pub cut_bytes: u64,
}

/// When an entry must be in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Before the reply leaves.
    BeforeReply,
    /// With the next entry that is due, or the next [`AuditLog::write_out`].
    Soon,
}

/// Lines up to one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted(u64);

/// The writer of the audit log; one for a process. Lines are recorded while others are written: who holds both locks took that
/// of the segment first.
pub struct AuditLog {
    folder: PathBuf,
    segment_bytes: u64,
    waiting: Mutex<Waiting>,
    segment: Mutex<Segment>,
    /// Lines of this process that are in the files.
    written: AtomicU64,
    /// Lines of this process that are on the disk.
    synced: AtomicU64,
    /// Held while segments are synced, but by who begins a new one: a disk tells a failure to one of those who wait, and no other
    /// may succeed.
    syncing: Mutex<()>,
    /// Whether the disk has failed to sync what was written.
    is_lost: AtomicBool,
    /// Whether the disk refuses lines.
    is_refused: AtomicBool,
}

/// Lines that nobody writes yet.
#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    /// Lines that were recorded, with those that are written.
    count: u64,
    /// That many lines are due before a reply.
    due: u64,
    /// Bytes that are being written, or that a disk has refused and that wait beside these.
    taken: usize,
    clock: Clock,
}

struct Segment {
    number: u64,
    file: Arc<File>,
    size: u64,
    /// Lines on their way to the file; they stay while the disk refuses them.
    lines: Vec<u8>,
    /// Segments before this one that are not synced yet.
    unsynced: Vec<(u64, Arc<File>)>,
}

impl AuditLog {
    /// Opens the log in `folder`, which is made if it is missing, and cuts a torn last line.
    pub fn open(folder: &Path, segment_bytes: u64) -> Result<(Self, Reopened), AuditError> {
        let at_folder = |error| AuditError::File { path: folder.to_owned(), error };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at_folder)?;
        let number = last_segment(folder).map_err(at_folder)?.unwrap_or(1);
        let mut cut_bytes = 0_u64;
        for earlier in number.saturating_sub(MOST_UNSYNCED)..number {
            let path = segment_path(folder, earlier);
            let cut = repair(&path).map_err(|error| AuditError::File { path, error })?;
            cut_bytes = cut_bytes.saturating_add(cut);
        }
        let path = segment_path(folder, number);
        let opened = open_segment(&path).and_then(|opened| opened.0.sync_all().map(|()| opened));
        let (file, size, cut) = opened.map_err(|error| AuditError::File { path, error })?;
        cut_bytes = cut_bytes.saturating_add(cut);
        sync_folder(folder).map_err(at_folder)?;
        let segment = Segment { number, file: Arc::new(file), size, lines: Vec::new(), unsynced: Vec::new() };
        let log = Self {
            folder: folder.to_owned(),
            segment_bytes,
            waiting: Mutex::default(),
            segment: Mutex::new(segment),
            written: AtomicU64::new(0),
            synced: AtomicU64::new(0),
            syncing: Mutex::default(),
            is_lost: AtomicBool::new(false),
            is_refused: AtomicBool::new(false),
        };
        Ok((log, Reopened { cut_bytes }))
    }

    /// Records the entries and writes them out.
    pub fn append(&self, entries: &[Entry<'_>]) -> Result<(), AuditError> {
        for entry in entries {
            self.record(entry, Due::BeforeReply)?;
        }
        self.write_out()
    }

    /// Keeps an entry for the next [`AuditLog::settle`] or [`AuditLog::write_out`], by whomever. Where many wait already they
    /// are written first.
    pub fn record(&self, entry: &Entry<'_>, due: Due) -> Result<(), AuditError> {
        let is_full = |waiting: &Waiting| waiting.lines.len().saturating_add(waiting.taken) > LONGEST_BACKLOG;
        let mut waiting = locked(&self.waiting);
        if is_full(&waiting) {
            drop(waiting);
            self.write_out()?;
            waiting = locked(&self.waiting);
            if is_full(&waiting) {
                return Err(AuditError::Backlog(self.folder.clone()));
            }
        }
        let Waiting { lines, count, due: due_lines, clock, .. } = &mut *waiting;
        let before = lines.len();
        if let Err(error) = entry.write(clock, lines) {
            lines.truncate(before);
            return Err(error.into());
        }
        *count = count.saturating_add(1);
        if due == Due::BeforeReply {
            *due_lines = *count;
        }
        Ok(())
    }

    /// What must be in the file before replies leave to all that is recorded so far, if it is not there.
    pub fn due(&self) -> Option<Noted> {
        let due = {
            let waiting = locked(&self.waiting);
            if waiting.lines.len() > LONGEST_WAIT { waiting.count } else { waiting.due }
        };
        (self.written.load(Ordering::Acquire) < due).then_some(Noted(due))
    }

    /// Returns when that is in the file.
    pub fn settle(&self, due: Option<Noted>) -> Result<(), AuditError> {
        due.map_or(Ok(()), |due| self.write_up_to(due.0))
    }

    /// Returns when everything recorded so far is in the file.
    pub fn write_out(&self) -> Result<(), AuditError> {
        let wanted = locked(&self.waiting).count;
        self.write_up_to(wanted)
    }

    /// Returns when everything recorded so far is on the disk. Blocks; other threads go on writing meanwhile.
    pub fn sync(&self) -> Result<(), AuditError> {
        let wanted = {
            let mut segment = locked(&self.segment);
            self.write(&mut segment)?;
            self.written.load(Ordering::Acquire)
        };
        let _alone = self.alone()?;
        // Who synced meanwhile may have synced these, too.
        if self.synced.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let (count, number, file, unsynced) = {
            let segment = locked(&self.segment);
            let Segment { number, file, unsynced, .. } = &*segment;
            (self.written.load(Ordering::Acquire), *number, file.clone(), unsynced.clone())
        };
        self.sync_earlier(&unsynced)?;
        self.told(file.sync_data().map_err(|error| self.at(number, error)))?;
        self.note_synced(&unsynced)?;
        self.synced.fetch_max(count, Ordering::AcqRel);
        Ok(())
    }

    /// Writes out what is recorded, and syncs the segments that are full. Blocks; other threads go on writing meanwhile.
    pub fn tidy(&self) -> Result<(), AuditError> {
        self.write_out()?;
        let unsynced = locked(&self.segment).unsynced.clone();
        if unsynced.is_empty() {
            return Ok(());
        }
        let _alone = self.alone()?;
        self.sync_earlier(&unsynced)?;
        self.note_synced(&unsynced)
    }

    /// Whether the disk takes lines; tries it once more if it refused some.
    pub fn health(&self) -> Result<(), AuditError> {
        if self.is_lost.load(Ordering::Acquire) {
            return Err(AuditError::Lost(self.folder.clone()));
        }
        if self.is_refused.load(Ordering::Acquire) { self.write_out() } else { Ok(()) }
    }

    /// Nobody else syncs meanwhile; an error if that has failed before.
    fn alone(&self) -> Result<MutexGuard<'_, ()>, AuditError> {
        let alone = locked(&self.syncing);
        match self.is_lost.load(Ordering::Acquire) {
            false => Ok(alone),
            true => Err(AuditError::Lost(self.folder.clone())),
        }
    }

    /// Notes that a sync has failed.
    fn told<T>(&self, synced: Result<T, AuditError>) -> Result<T, AuditError> {
        synced.inspect_err(|_| self.is_lost.store(true, Ordering::Release))
    }

    /// Notes that segments are synced. Whoever begins a new one syncs earlier ones, too, and may have heard of a failure in our
    /// place: he holds the segment until that is noted.
    fn note_synced(&self, earlier: &[(u64, Arc<File>)]) -> Result<(), AuditError> {
        let mut segment = locked(&self.segment);
        if self.is_lost.load(Ordering::Acquire) {
            return Err(AuditError::Lost(self.folder.clone()));
        }
        if let Some((last, _)) = earlier.last() {
            segment.unsynced.retain(|(number, _)| number > last);
        }
        Ok(())
    }

    /// Syncs earlier segments, and the names of those behind them.
    fn sync_earlier(&self, unsynced: &[(u64, Arc<File>)]) -> Result<(), AuditError> {
        for (number, file) in unsynced {
            self.told(file.sync_all().map_err(|error| self.at(*number, error)))?;
        }
        if unsynced.is_empty() {
            return Ok(());
        }
        self.told(sync_folder(&self.folder).map_err(|error| AuditError::File { path: self.folder.clone(), error }))
    }

    fn write_up_to(&self, wanted: u64) -> Result<(), AuditError> {
        if self.written.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        let mut segment = locked(&self.segment);
        // Who held the segment may have written these lines, too.
        if self.written.load(Ordering::Acquire) >= wanted {
            return Ok(());
        }
        self.write(&mut segment)
    }

    /// Writes all that waits.
    fn write(&self, segment: &mut Segment) -> Result<(), AuditError> {
        let count = {
            let mut waiting = locked(&self.waiting);
            if segment.lines.is_empty() {
                std::mem::swap(&mut segment.lines, &mut waiting.lines);
            } else {
                segment.lines.append(&mut waiting.lines);
            }
            waiting.taken = segment.lines.len();
            waiting.count
        };
        let written = self.write_lines(segment);
        self.is_refused.store(written.is_err(), Ordering::Release);
        if written.is_ok() {
            self.written.store(count, Ordering::Release);
            locked(&self.waiting).taken = 0;
        }
        written
    }

    fn write_lines(&self, segment: &mut Segment) -> Result<(), AuditError> {
        if segment.lines.is_empty() {
            return Ok(());
        }
        if segment.size >= self.segment_bytes {
            self.rotate(segment)?;
        }
        if let Err(error) = (&*segment.file).write_all(&segment.lines) {
            // The lines stay; a part of them that reached the file is taken back, so that no line is torn.
            let _ = segment.file.set_len(segment.size);
            return Err(self.at(segment.number, error));
        }
        segment.size = segment.size.saturating_add(segment.lines.len() as u64);
        segment.lines.clear();
        segment.lines.shrink_to(64 * 1024);
        Ok(())
    }

    fn rotate(&self, segment: &mut Segment) -> Result<(), AuditError> {
        if segment.unsynced.len() as u64 >= MOST_UNSYNCED {
            self.sync_earlier(&segment.unsynced)?;
            segment.unsynced.clear();
        }
        let number = segment.number.saturating_add(1);
        let path = segment_path(&self.folder, number);
        let (file, size, _) = open_segment(&path).map_err(|error| self.at(number, error))?;
        let full = std::mem::replace(&mut segment.file, Arc::new(file));
        segment.unsynced.push((segment.number, full));
        (segment.number, segment.size) = (number, size);
        Ok(())
    }

    fn at(&self, number: u64, error: io::Error) -> AuditError {
        AuditError::File { path: segment_path(&self.folder, number), error }
    }
}

/// A panic between two statements of a holder leaves at worst a line that the next write repairs.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn segment_path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("audit-{number:08}.jsonl"))
}

fn last_segment(folder: &Path) -> io::Result<Option<u64>> {
    let mut last = None;
    for file in std::fs::read_dir(folder)? {
        let name = file?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix("audit-")?.strip_suffix(".jsonl"));
        last = last.max(digits.and_then(|digits| digits.parse().ok()));
    }
    Ok(last)
}

/// Cuts what follows the last whole line of an earlier segment, if it is there, and syncs it; tells how much was cut. What is
/// whole need not be writable: it may have been archived.
fn repair(path: &Path) -> io::Result<u64> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let length = file.metadata()?.len();
    if end_of_last_line(&mut file, length)? < length {
        return open_segment(path).map(|(_, _, cut)| cut);
    }
    file.sync_all().map(|()| 0)
}

/// Opens a segment, makes it if it is missing, and cuts what follows its last whole line.
fn open_segment(path: &Path) -> io::Result<(File, u64, u64)> {
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let length = file.metadata()?.len();
    let whole = end_of_last_line(&mut file, length)?;
    let cut = length.saturating_sub(whole);
    if cut > 0 {
        file.set_len(whole)?;
        file.sync_all()?;
    }
    Ok((file, whole, cut))
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn end_of_last_line(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut bytes = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(TAIL_BYTES);
        file.seek(SeekFrom::Start(start))?;
        bytes.clear();
        let part = end.saturating_sub(start);
        Read::by_ref(file).take(part).read_to_end(&mut bytes)?;
        if let Some(position) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start.saturating_add(position as u64).saturating_add(1));
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit_line::JsonText;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::LazyLock;
    use std::time::{Duration, UNIX_EPOCH};

    fn entry<'a>(client: &'a JsonText, object: &'a str) -> Entry<'a> {
        static REMOTE: LazyLock<JsonText> = LazyLock::new(|| JsonText::new("127.0.0.1:4000"));
        Entry {
            time: UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456),
            client,
            user: None,
            remote: &REMOTE,
            operation: "Get",
            object: Some(object),
            result: "Success",
            reason: None,
            message: None,
            duration_us: 12,
            revision: Some(7),
        }
    }

    fn lines(folder: &Path) -> Vec<serde_json::Value> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        let text: String = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_tells_everything_and_hostile_names_stay_on_it() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = AuditLog::open(folder.path(), 1 << 20).unwrap();
        log.append(&[entry(&JsonText::new("a\"\n{\"client\":\"root\"}"), "id\u{0}\u{1b}[2J")]).unwrap();
        let lines = lines(folder.path());
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["client"], "a\"\n{\"client\":\"root\"}");
        assert_eq!(lines[0]["object"], "id\u{0}\u{1b}[2J");
        assert_eq!(lines[0]["time"], "2023-11-14T22:13:20.123456Z");
        assert_eq!(lines[0]["remote"], "127.0.0.1:4000");
        assert_eq!((lines[0]["duration_us"].as_u64(), lines[0]["revision"].as_u64()), (Some(12), Some(7)));
    }

    #[test]
    fn append_is_in_the_file_when_it_returns_and_only_the_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let audit = folder.path().join("audit");
        let (log, _) = AuditLog::open(&audit, 1 << 20).unwrap();
        log.append(&[entry(&JsonText::new("a"), "1"), entry(&JsonText::new("b"), "2")]).unwrap();
        assert_eq!(lines(&audit).len(), 2);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&audit), mode(&segment_path(&audit, 1))), (0o700, 0o600));
    }

    #[test]
    fn recorded_entries_are_written_by_whoever_writes_next() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = AuditLog::open(folder.path(), 1 << 20).unwrap();
        log.record(&entry(&JsonText::new("a"), "1"), Due::Soon).unwrap();
        assert_eq!(lines(folder.path()).len(), 0);
        log.write_out().unwrap();
        log.write_out().unwrap();
        assert_eq!(lines(folder.path()).len(), 1);
    }

    #[test]
    fn what_may_wait_is_written_before_what_is_due_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = AuditLog::open(folder.path(), 1 << 20).unwrap();
        let client = JsonText::new("a");
        log.record(&entry(&client, "1"), Due::Soon).unwrap();
        log.settle(log.due()).unwrap();
        assert_eq!(lines(folder.path()).len(), 0, "it is not due");
        log.record(&entry(&client, "2"), Due::BeforeReply).unwrap();
        log.record(&entry(&client, "3"), Due::Soon).unwrap();
        log.settle(log.due()).unwrap();
        let objects: Vec<String> = lines(folder.path()).iter().map(|line| line["object"].to_string()).collect();
        assert_eq!(objects, ["\"1\"", "\"2\"", "\"3\""]);
        log.record(&entry(&client, "4"), Due::Soon).unwrap();
        log.settle(log.due()).unwrap();
        assert_eq!(lines(folder.path()).len(), 3, "what was due is written");
        for _ in 0..LONGEST_WAIT / 100 {
            log.record(&entry(&client, "5"), Due::Soon).unwrap();
            log.settle(log.due()).unwrap();
        }
        assert!(lines(folder.path()).len() > 100, "lines wait without end");
    }

    #[test]
    fn what_a_thread_has_recorded_is_in_the_file_when_it_settles_whoever_writes() {
        const ROUNDS: usize = 500;
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = AuditLog::open(folder.path(), 1 << 30).unwrap();
        let path = segment_path(folder.path(), 1);
        std::thread::scope(|scope| {
            for name in ["a", "b", "c", "d"] {
                let (log, path) = (&log, &path);
                scope.spawn(move || {
                    let mut end = 0;
                    for round in 0..ROUNDS {
                        let object = format!("{name}{round}");
                        log.record(&entry(&JsonText::new(name), &object), Due::BeforeReply).unwrap();
                        log.settle(log.due()).unwrap();
                        let mut file = File::open(path).unwrap();
                        file.seek(SeekFrom::Start(end)).unwrap();
                        let mut text = String::new();
                        file.read_to_string(&mut text).unwrap();
                        assert!(text.contains(&format!("\"{object}\"")), "{object}");
                        end += text.rfind('\n').map_or(0, |place| place + 1) as u64;
                    }
                });
            }
        });
        assert_eq!(lines(folder.path()).len(), 4 * ROUNDS);
    }

    #[test]
    fn lines_that_a_disk_refuses_wait_and_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = AuditLog::open(folder.path(), 1).unwrap();
        let client = JsonText::new("a");
        log.append(&[entry(&client, "1")]).unwrap();
        // The next segment cannot be made: a folder has its name.
        std::fs::create_dir(segment_path(folder.path(), 2)).unwrap();
        assert!(log.append(&[entry(&client, "2")]).is_err());
        assert!(log.settle(log.due()).is_err(), "a line that is due is not in the file");
        assert!(log.health().is_err());
        let long = "x".repeat(4 << 10);
        let most = LONGEST_BACKLOG / long.len();
        let recorded = (0..2 * most).filter(|_| log.record(&entry(&client, &long), Due::BeforeReply).is_ok()).count();
        assert!((most / 2..most + 2).contains(&recorded), "{recorded}");
        std::fs::remove_dir(segment_path(folder.path(), 2)).unwrap();
        log.health().unwrap();
        log.settle(log.due()).unwrap();
        assert_eq!(lines(folder.path()).len(), 2 + recorded, "what was recorded is there");
        log.append(&[entry(&client, "3")]).unwrap();
        let objects: Vec<_> =
            lines(folder.path()).iter().map(|line| line["object"].as_str().unwrap().to_owned()).collect();
        assert_eq!((objects[0].as_str(), objects[1].as_str(), objects.last().unwrap().as_str()), ("1", "2", "3"));
    }

    #[test]
    fn segments_rotate_and_a_new_process_goes_on_in_the_last() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..3 {
            let (log, reopened) = AuditLog::open(folder.path(), 1000).unwrap();
            assert_eq!(reopened, Reopened::default());
            for number in 0..10 {
                log.append(&[entry(&JsonText::new("a"), &format!("{round}-{number}"))]).unwrap();
            }
            log.sync().unwrap();
        }
        let lines = lines(folder.path());
        let objects: Vec<_> = lines.iter().map(|line| line["object"].as_str().unwrap().to_owned()).collect();
        let expected: Vec<_> = (0..3).flat_map(|r| (0..10).map(move |n| format!("{r}-{n}"))).collect();
        assert_eq!(objects, expected);
        assert!(std::fs::read_dir(folder.path()).unwrap().count() > 4);
    }

    #[test]
    fn a_torn_line_is_cut_at_every_length_and_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = segment_path(folder.path(), 1);
        let (log, _) = AuditLog::open(folder.path(), 1 << 20).unwrap();
        log.append(&[entry(&JsonText::new("a"), "1"), entry(&JsonText::new("b"), "2")]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        for length in 0..whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let (log, reopened) = AuditLog::open(folder.path(), 1 << 20).unwrap();
            let kept = if length < first { 0 } else { first };
            assert_eq!(reopened.cut_bytes, (length - kept) as u64);
            log.append(&[entry(&JsonText::new("c"), "3")]).unwrap();
            assert_eq!(lines(folder.path()).len(), usize::from(kept > 0) + 1);
        }
    }

    #[test]
    fn torn_lines_of_segments_that_were_not_synced_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = AuditLog::open(folder.path(), 1).unwrap();
        for number in 1..=5 {
            log.append(&[entry(&JsonText::new("a"), &number.to_string())]).unwrap();
        }
        drop(log);
        for number in 3..=5 {
            let mut file = OpenOptions::new().append(true).open(segment_path(folder.path(), number)).unwrap();
            file.write_all(b"torn").unwrap();
        }
        let (log, reopened) = AuditLog::open(folder.path(), 1).unwrap();
        assert_eq!(reopened.cut_bytes, 3 * 4);
        log.append(&[entry(&JsonText::new("a"), "6")]).unwrap();
        let objects: Vec<String> = lines(folder.path()).iter().map(|line| line["object"].to_string()).collect();
        assert_eq!(objects, (1..=6).map(|number| format!("\"{number}\"")).collect::<Vec<_>>());
    }

    #[test]
    fn full_segments_wait_for_a_sync_and_not_many_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = AuditLog::open(folder.path(), 1).unwrap();
        let unsynced = || locked(&log.segment).unsynced.iter().map(|(number, _)| *number).collect::<Vec<_>>();
        let append = || log.append(&[entry(&JsonText::new("a"), "1")]).unwrap();
        let waiting = [vec![], vec![1], vec![1, 2], vec![3], vec![3, 4]];
        for expected in waiting {
            append();
            assert_eq!(unsynced(), expected);
        }
        log.sync().unwrap();
        assert_eq!(unsynced(), [0; 0]);
        assert_eq!(log.synced.load(Ordering::Relaxed), 5);
        append();
        assert_eq!(unsynced(), [5]);
        log.tidy().unwrap();
        assert_eq!(unsynced(), [0; 0]);
    }

    #[test]
    fn after_a_sync_that_failed_nothing_is_synced() {
        for beside in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let (log, _) = AuditLog::open(folder.path(), 1).unwrap();
            log.append(&[entry(&JsonText::new("a"), "1")]).unwrap();
            log.append(&[entry(&JsonText::new("a"), "2")]).unwrap();
            log.health().unwrap();
            // A pipe cannot be synced.
            let (_, pipe) = io::pipe().unwrap();
            let pipe = File::from(std::os::fd::OwnedFd::from(pipe));
            let full = std::mem::replace(&mut locked(&log.segment).unsynced, vec![(1, Arc::new(pipe))]);
            assert!(if beside { log.tidy() } else { log.sync() }.is_err());
            locked(&log.segment).unsynced = full;
            for _ in 0..2 {
                assert!(matches!(log.sync(), Err(AuditError::Lost(_))));
                assert!(matches!(log.health(), Err(AuditError::Lost(_))));
            }
            let (log, _) = AuditLog::open(folder.path(), 1).unwrap();
            log.append(&[entry(&JsonText::new("a"), "3")]).unwrap();
            log.sync().unwrap();
            assert_eq!(lines(folder.path()).len(), 3);
        }
    }

    #[test]
    fn many_lines_that_wait_are_written_before_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (log, _) = AuditLog::open(folder.path(), 1 << 30).unwrap();
        let (client, object) = (JsonText::new("a"), "x".repeat(4 << 10));
        let count = 3 * LONGEST_BACKLOG / object.len();
        (0..count).for_each(|_| log.record(&entry(&client, &object), Due::BeforeReply).unwrap());
        log.settle(log.due()).unwrap();
        assert_eq!(lines(folder.path()).len(), count);
    }

    #[test]
    fn a_torn_line_longer_than_one_read_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = segment_path(folder.path(), 1);
        let mut bytes = b"{}\n".to_vec();
        bytes.resize(3 + 200_000, b'x');
        std::fs::write(&path, &bytes).unwrap();
        let (_, reopened) = AuditLog::open(folder.path(), 1 << 20).unwrap();
        assert_eq!(reopened.cut_bytes, 200_000);
        assert_eq!(std::fs::read(&path).unwrap(), b"{}\n");
    }
}
