//! The store's directory: who may enter it, one process at a time, and how a new one comes into being whole.

use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kmip_core::ports::store::StoreError;

use super::durable::sync_directory;

/// Whether a whole store is in a directory: an engine, or one that is to be put back.
pub(super) fn stands_in(path: &Path) -> bool {
    ["engine", KEPT].iter().any(|name| path.join(name).is_dir())
}

/// How the folders begin that checks work in.
const CHECKED: &str = "check-";

/// A store directory that this process holds.
pub(super) struct Directory {
    path: PathBuf,
    /// Missing where a copy is looked at that cannot change.
    _lock: Option<File>,
    /// Where the copy is that is looked at instead.
    copy: Option<PathBuf>,
}

impl Directory {
    /// Makes the directory if it is missing (mode 0700) and takes its lock.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(path).map_err(|error| io_error("create", path, &error))?;
        Self::hold(path)
    }

    /// Takes the lock of a directory that is there.
    pub fn hold(path: &Path) -> Result<Self, StoreError> {
        if !path.is_dir() {
            return Err(StoreError::Unavailable(format!(
                "there is no store at {}; check the data directory, or make one with `kmip-server init`",
                path.display()
            )));
        }
        keep_private(path).map_err(|error| io_error("restrict access to", path, &error))?;
        let lock = lock(path)?;
        remove_checked(path);
        Ok(Self { path: path.to_owned(), _lock: Some(lock), copy: None })
    }

    /// Takes the lock of a directory, and copies what is in it: to look at it changes the engine's files, above all where they
    /// are damaged. The copy goes with this.
    pub fn copied(path: &Path) -> Result<Self, StoreError> {
        let mut held = match Self::hold(path) {
            Ok(held) => held,
            // What cannot change needs no lock.
            Err(_) if is_read_only(path) => Self { path: path.to_owned(), _lock: None, copy: None },
            Err(error) => return Err(error),
        };
        let copy = match new_folder(path) {
            Err(error) if is_read_only(path) || error.kind() == io::ErrorKind::StorageFull => {
                new_folder(&std::env::temp_dir())
            }
            made => made,
        };
        let copy = copy.map_err(|error| io_error("make a copy in", path, &error))?;
        held.copy = Some(copy.clone());
        let kept = path.join(KEPT);
        let engine = if kept.is_dir() { kept } else { path.join("engine") };
        let copied = copy_all(&engine, &copy.join("engine"));
        let tip = path.join("tip");
        let copied =
            copied.and_then(|()| if tip.exists() { fs::copy(&tip, copy.join("tip")).map(drop) } else { Ok(()) });
        copied.map_err(|error| io_error("copy the store to", &copy, &error))?;
        Ok(held)
    }

    /// Where its files are.
    fn files(&self) -> &Path {
        self.copy.as_deref().unwrap_or(&self.path)
    }

    /// Where the engine of a whole store is.
    pub fn engine(&self) -> PathBuf {
        self.files().join("engine")
    }

    /// Where the engine of a store in the making is.
    pub fn unfinished_engine(&self) -> PathBuf {
        self.path.join("engine.new")
    }

    /// The file of the newest acknowledged revision.
    pub fn tip(&self) -> PathBuf {
        self.files().join("tip")
    }

    /// Whether a whole store is here.
    pub fn has_engine(&self) -> bool {
        self.copy.is_some() || stands_in(&self.path)
    }

    /// Removes what a creation that was cut short has left.
    pub fn clear_unfinished(&self) -> Result<(), StoreError> {
        let unfinished = self.unfinished_engine();
        remove_all(&unfinished).map_err(|error| io_error("remove", &unfinished, &error))
    }

    /// Makes every file of the new engine durable, then gives it its name: from now on the store exists.
    pub fn finish(&self) -> Result<(), StoreError> {
        let unfinished = self.unfinished_engine();
        sync_tree(&unfinished)
            .and_then(|()| fs::rename(&unfinished, self.engine()))
            .and_then(|()| sync_directory(&self.path))
            .and_then(|()| self.path.parent().filter(|parent| parent.is_dir()).map_or(Ok(()), sync_directory))
            .map_err(|error| io_error("finish", &self.path, &error))
    }

    /// The name of the tip is on the disk.
    pub fn sync_names(&self) -> io::Result<()> {
        sync_directory(self.files())
    }

    /// Keeps a copy of the engine's files while they are opened: the engine cuts a damaged log where the damage is, and what
    /// stood behind it would be gone before anybody has seen that it was there.
    pub fn keep(&self) -> Kept {
        let mut kept = Kept { directory: self.path.clone(), has_copy: false };
        if self.copy.is_some() {
            return kept;
        }
        let begun = self.path.join(KEEPING);
        let copied = remove_all(&begun)
            .and_then(|()| copy_all(&self.engine(), &begun))
            .and_then(|()| sync_tree(&begun))
            .and_then(|()| fs::rename(&begun, self.path.join(KEPT)))
            .and_then(|()| sync_directory(&self.path));
        match copied {
            Ok(()) => kept.has_copy = true,
            Err(error) => {
                tracing::warn!(store = %self.path.display(), %error, "the store is opened without a copy of its files: damage would be cut out of them");
                let _ = remove_all(&begun);
            }
        }
        kept
    }

    /// Puts back what was kept by a start that was broken off before it had found the store whole.
    pub fn recover(&self) -> Result<(), StoreError> {
        for left in [KEEPING, REFUSED, RELEASED] {
            let left = self.path.join(left);
            remove_all(&left).map_err(|error| io_error("remove", &left, &error))?;
        }
        if !self.path.join(KEPT).is_dir() {
            return Ok(());
        }
        tracing::warn!(store = %self.path.display(), "a start was broken off while it opened the store: its files are as they were before");
        Kept { directory: self.path.clone(), has_copy: true }.put_back()
    }

    /// The directory itself, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if let Some(copy) = self.copy.take() {
            wait_until_closed(&copy.join("engine"));
            // What stays is in the way of nothing.
            let _ = fs::remove_dir_all(copy);
        }
    }
}

/// How long an engine that this process has closed is waited for.
const CLOSING: Duration = Duration::from_secs(5);

/// Waits until the engine has let go of its files, which it does on threads of its own.
fn wait_until_closed(engine: &Path) {
    let Ok(log) = File::open(engine.join("db")) else { return };
    let since = Instant::now();
    while matches!(log.try_lock(), Err(TryLockError::WouldBlock)) && since.elapsed() < CLOSING {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Folders beside the engine: a copy of it that is being made, the whole copy, and what is removed next.
const KEEPING: &str = "engine.keeping";
const KEPT: &str = "engine.kept";
const RELEASED: &str = "engine.released";
const REFUSED: &str = "engine.refused";

/// The engine's files as they were before they were opened.
pub(super) struct Kept {
    directory: PathBuf,
    has_copy: bool,
}

impl Kept {
    /// The engine is whole: what was kept is not needed, and will not be put back.
    pub fn release(self) -> Result<(), StoreError> {
        let (copy, released) = (self.directory.join(KEPT), self.directory.join(RELEASED));
        if !self.has_copy {
            return Ok(());
        }
        fs::rename(&copy, &released)
            .and_then(|()| sync_directory(&self.directory))
            .map_err(|error| io_error("release", &copy, &error))?;
        if let Err(error) = remove_all(&released) {
            tracing::warn!(copy = %released.display(), %error, "a copy of the store could not be removed");
        }
        Ok(())
    }

    /// The engine was not opened: its files are as they were.
    pub fn put_back(self) -> Result<(), StoreError> {
        if !self.has_copy {
            return Ok(());
        }
        let [engine, kept, refused] = ["engine", KEPT, REFUSED].map(|name| self.directory.join(name));
        wait_until_closed(&engine);
        let moved = match fs::rename(&engine, &refused) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => fs::rename(&kept, &engine),
        };
        moved
            .and_then(|()| sync_directory(&self.directory))
            .map_err(|error| io_error("put back the files of the store from", &kept, &error))?;
        // It is removed by the next start, else.
        let _ = remove_all(&refused);
        Ok(())
    }
}

/// A new folder for a copy to look at, which is the caller's alone.
fn new_folder(parent: &Path) -> io::Result<PathBuf> {
    let random = RandomState::new().build_hasher().finish();
    let folder = parent.join(format!("{CHECKED}{random:016x}"));
    fs::DirBuilder::new().mode(0o700).create(&folder)?;
    Ok(folder)
}

/// Removes copies that checks which were broken off have left.
fn remove_checked(path: &Path) {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let left = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(CHECKED));
    // What stays is in the way of nothing.
    left.for_each(|entry| remove_all(&entry.path()).unwrap_or_default());
}

fn is_read_only(path: &Path) -> bool {
    let probe = File::options().write(true).create(true).truncate(false).open(path.join("lock"));
    probe.is_err_and(|error| error.kind() == io::ErrorKind::ReadOnlyFilesystem)
}

fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Copies a directory with all files in it; by reference, where the file system can.
fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let (path, to) = {
            let entry = entry?;
            (entry.path(), to.join(entry.file_name()))
        };
        if path.is_dir() { copy_all(&path, &to)? } else { fs::copy(&path, &to).map(drop)? }
    }
    Ok(())
}

/// An input or output error on `path` as an error of the store.
pub(super) fn io_error(verb: &str, path: &Path, error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("cannot {verb} {}: {error}", path.display()))
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let file_path = path.join("lock");
    let open = File::options().read(true).write(true).create(true).truncate(false).open(&file_path);
    let mut file = open.map_err(|error| io_error("open", &file_path, &error))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut owner = String::new();
            let _ = file.read_to_string(&mut owner);
            return Err(StoreError::Unavailable(format!(
                "the store at {} is in use by another process (pid {}); stop that one first, or use another data directory",
                path.display(),
                owner.trim()
            )));
        }
        Err(TryLockError::Error(error)) => return Err(io_error("lock", &file_path, &error)),
    }
    let written = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    written.map_err(|error| io_error("write", &file_path, &error))?;
    Ok(file)
}

#[cfg(unix)]
fn keep_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn keep_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn sync_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            File::open(&path)?.sync_all()?;
        }
    }
    sync_directory(directory)
}
