//! The files of a key store: private to their owner, written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rand_core::TryRng;
use zeroize::Zeroizing;

use super::{KeystoreError, damaged};
use crate::random::OsRandom;

/// No file of a key store is longer.
const MAX_FILE_BYTES: u64 = 64 * 1024;

pub(super) fn io_error<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> KeystoreError + 'a {
    move |source| KeystoreError::Io { action, path: path.to_owned(), source }
}

pub(super) fn must_be_private(path: &Path, wanted: u32) -> Result<(), KeystoreError> {
    let mode = fs::metadata(path).map_err(io_error("look at", path))?.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeystoreError::TooOpen { path: path.to_owned(), mode, wanted });
    }
    Ok(())
}

pub(super) fn read_private(path: &Path) -> Result<Zeroizing<String>, KeystoreError> {
    must_be_private(path, 0o600)?;
    if fs::metadata(path).map_err(io_error("look at", path))?.len() > MAX_FILE_BYTES {
        return Err(damaged(path, "it is too long"));
    }
    fs::read(path).map_err(io_error("read", path)).and_then(|bytes| match String::from_utf8(bytes) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(damaged(path, "it is not text"))
        }
    })
}

/// Writes the files to a directory beside `dir` and moves it there whole.
pub(super) fn publish(dir: &Path, files: &[(&str, Zeroizing<String>)]) -> Result<(), KeystoreError> {
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut unique = [0; 8];
    OsRandom.try_fill_bytes(&mut unique)?;
    let draft = parent.join(format!(".keystore-{}", hex::encode(unique)));
    let written = write_draft(&draft, files).and_then(|()| match fs::rename(&draft, dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists) => {
            Err(KeystoreError::Exists(dir.to_owned()))
        }
        moved => moved.map_err(io_error("move the new key store to", dir)),
    });
    if written.is_err() && draft.exists() {
        fs::remove_dir_all(&draft).map_err(io_error("clean up", &draft))?;
    }
    written.and_then(|()| sync_dir(parent))
}

fn write_draft(draft: &Path, files: &[(&str, Zeroizing<String>)]) -> Result<(), KeystoreError> {
    fs::DirBuilder::new().mode(0o700).create(draft).map_err(io_error("make", draft))?;
    files.iter().try_for_each(|(name, text)| write_new(&draft.join(name), text))?;
    sync_dir(draft)
}

fn write_new(path: &Path, text: &str) -> Result<(), KeystoreError> {
    let mut file =
        File::options().write(true).create_new(true).mode(0o600).open(path).map_err(io_error("make", path))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io_error("write", path))
}

/// Writes a file of the directory, in place of one that may be there: the old text or the new, whatever happens.
pub(super) fn replace(dir: &Path, name: &str, text: &str) -> Result<(), KeystoreError> {
    let (draft, path) = (dir.join(format!(".{name}.new")), dir.join(name));
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_error("clean up", &draft)(error)),
        _ => (),
    }
    write_new(&draft, text)?;
    fs::rename(&draft, &path).map_err(io_error("replace", &path))?;
    sync_dir(dir)
}

/// Moves a file of the directory into a directory below it.
pub(super) fn put_away(path: &Path, below: &str) -> Result<(), KeystoreError> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let target = dir.join(below);
    match fs::DirBuilder::new().mode(0o700).create(&target) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(io_error("make", &target)(error)),
        _ => (),
    }
    fs::rename(path, target.join(name)).map_err(io_error("move", path))?;
    sync_dir(&target)?;
    sync_dir(dir)
}

fn sync_dir(dir: &Path) -> Result<(), KeystoreError> {
    File::open(dir).and_then(|opened| opened.sync_all()).map_err(io_error("sync", dir))
}
