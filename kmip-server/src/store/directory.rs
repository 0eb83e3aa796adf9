//! The store's directory: who may enter it, one process at a time, and how a new one comes into being whole.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use kmip_core::ports::store::StoreError;

use super::durable::sync_directory;

/// A store directory that this process holds.
pub(super) struct Directory {
    path: PathBuf,
    _lock: File,
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
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where the engine of a whole store is.
    pub fn engine(&self) -> PathBuf {
        self.path.join("engine")
    }

    /// Where the engine of a store in the making is.
    pub fn unfinished_engine(&self) -> PathBuf {
        self.path.join("engine.new")
    }

    /// The file of the newest acknowledged revision.
    pub fn tip(&self) -> PathBuf {
        self.path.join("tip")
    }

    /// Whether a whole store is here.
    pub fn has_engine(&self) -> bool {
        self.engine().is_dir()
    }

    /// Removes what a creation that was cut short has left.
    pub fn clear_unfinished(&self) -> Result<(), StoreError> {
        let unfinished = self.unfinished_engine();
        match fs::remove_dir_all(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(io_error("remove", &unfinished, &error)),
            _ => Ok(()),
        }
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

    /// The directory itself, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }
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
