//! The store's directory: who may enter it, one process at a time, and how a new one comes into being whole.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kmip_core::ports::store::StoreError;

use super::durable::sync_directory;

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
        let name = format!("check-{}", std::process::id());
        let beside = path.join(&name);
        let copy = match fs::create_dir(&beside) {
            Ok(()) => beside,
            Err(_) => std::env::temp_dir().join(format!("kmip-server-{name}")),
        };
        fs::create_dir_all(&copy).map_err(|error| io_error("create", &copy, &error))?;
        held.copy = Some(copy.clone());
        let copied = keep_private(&copy).and_then(|()| copy_all(&path.join("engine"), &copy.join("engine")));
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
        self.engine().is_dir()
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
        let (engine, copy) = (self.engine(), self.path.join("engine.kept"));
        if self.copy.is_some() {
            return Kept { engine, copy: None };
        }
        // One that a start which was broken off has left.
        let cleared = remove_all(&copy);
        match cleared.and_then(|()| copy_all(&engine, &copy)) {
            Ok(()) => Kept { engine, copy: Some(copy) },
            Err(error) => {
                tracing::warn!(store = %self.path.display(), %error, "the store is opened without a copy of its files: damage would be cut out of them");
                let _ = remove_all(&copy);
                Kept { engine, copy: None }
            }
        }
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

/// The engine's files as they were before they were opened.
pub(super) struct Kept {
    engine: PathBuf,
    copy: Option<PathBuf>,
}

impl Kept {
    /// The engine is whole: what was kept is not needed.
    pub fn release(self) {
        if let Some(copy) = &self.copy
            && let Err(error) = remove_all(copy)
        {
            tracing::warn!(copy = %copy.display(), %error, "a copy of the store could not be removed");
        }
    }

    /// The engine was not opened: its files are as they were.
    pub fn put_back(self) -> Result<(), StoreError> {
        let Some(copy) = &self.copy else { return Ok(()) };
        wait_until_closed(&self.engine);
        sync_tree(copy)
            .and_then(|()| fs::remove_dir_all(&self.engine))
            .and_then(|()| fs::rename(copy, &self.engine))
            .and_then(|()| self.engine.parent().map_or(Ok(()), sync_directory))
            .map_err(|error| io_error("put back the files of the store from", copy, &error))
    }
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
