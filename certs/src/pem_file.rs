//! Files that appear whole or not at all: written beside their place, synced, then renamed onto it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes a file that anyone may read (0644).
pub fn write_public(path: &Path, contents: &[u8]) -> io::Result<()> {
    write_atomically(path, contents, 0o644)
}

/// Writes a file that only its owner may read (0600).
pub fn write_private(path: &Path, contents: &[u8]) -> io::Result<()> {
    write_atomically(path, contents, 0o600)
}

fn write_atomically(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}", std::process::id()));
    let temporary = directory.join(hidden);
    let written = write_synced(&temporary, contents, mode).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell; a left-over temporary file harms nothing.
        let _ = std::fs::remove_file(&temporary);
        return written;
    }
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory)?.sync_all()
}

fn write_synced(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    // A file left by a killed process could have another mode: never reuse it.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn modes_are_set_and_nothing_is_left_beside_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let (private, public) = (directory.path().join("a.key"), directory.path().join("a.pem"));
        write_private(&private, b"one").unwrap();
        write_private(&private, b"two").unwrap();
        write_public(&public, b"three").unwrap();
        assert_eq!(std::fs::read(&private).unwrap(), b"two");
        assert_eq!((mode(&private), mode(&public) & 0o700), (0o600, 0o600));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("taken");
        std::fs::create_dir(&target).unwrap();
        std::fs::write(target.join("inside"), b"x").unwrap();
        assert!(write_public(&target, b"new").is_err());
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
