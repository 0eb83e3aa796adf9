//! Files that hold secrets: read into wiped buffers, written for their owner alone, never over another file.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use kmip_codec::secret::SecretText;
use zeroize::Zeroizing;

use crate::failure::{CliError, Done};

/// Bytes that a new file takes before its content is known: a certificate or a key is not much longer.
const ROOM: usize = 8 * 1024;
/// Largest file that is read.
const MAX_BYTES: u64 = 8 << 20;

/// Reads a whole file; `-` is stdin.
pub fn read(path: &Path) -> Done<Zeroizing<Vec<u8>>> {
    let read = if path == Path::new("-") { read_all(io::stdin().lock(), 0) } else { read_file(path) };
    let bytes = read.map_err(|error| CliError::Usage(format!("{}: {error}", path.display())))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(CliError::Usage(format!("{}: larger than {} MiB", path.display(), MAX_BYTES >> 20)));
    }
    Ok(bytes)
}

fn read_file(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    read_all(file, length)
}

/// Reads in pieces into buffers that are wiped when they are too small.
fn read_all(source: impl Read, expected: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut source = source.take(MAX_BYTES + 1);
    let room = usize::try_from(expected.min(MAX_BYTES)).unwrap_or(0).saturating_add(1).max(4096);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let mut piece = Zeroizing::new([0; 4096]);
    loop {
        let count = source.read(piece.as_mut())?;
        let Some(new) = piece.get(..count).filter(|new| !new.is_empty()) else { return Ok(bytes) };
        if bytes.len() + count > bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity((bytes.len() + count) * 2));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(new);
    }
}

/// Reads a PEM text.
pub fn text(path: &Path) -> Done<String> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes);
    text.map(str::to_owned).map_err(|_| CliError::Usage(format!("{}: not a PEM text", path.display())))
}

/// Reads a password: the text of a file without the line end.
pub fn read_password(path: &Path) -> Done<SecretText> {
    let bytes = read(path)?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| CliError::Usage(format!("{}: the password is no UTF-8 text", path.display())))?;
    let password = text.strip_suffix('\n').unwrap_or(text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        return Err(CliError::Usage(format!("{}: the password is empty", path.display())));
    }
    Ok(SecretText::copy_from(password))
}

/// Writes a new file that only its owner can read.
pub fn write_private(path: &Path, bytes: &[u8]) -> Done {
    write(path, bytes, 0o600)
}

/// Writes a new file that everyone can read.
pub fn write_public(path: &Path, bytes: &[u8]) -> Done {
    write(path, bytes, 0o644)
}

/// A file that is begun before it is known what it will hold. Until it is kept nothing stands under its name, or what stood
/// there before.
pub struct NewFile {
    path: PathBuf,
    beside: PathBuf,
    file: File,
    replaces: bool,
}

impl NewFile {
    /// Begins a file, which may replace another only if that is wanted.
    pub fn begin(path: &Path, mode: u32, replaces: bool) -> Done<Self> {
        if path.is_dir() || path.exists() && !replaces {
            let told = "choose another --out, or remove it; for another certificate of a known client add --again";
            return Err(CliError::Usage(format!("{} exists: {told}", path.display())));
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let failed = |error: io::Error| match error.kind() {
            // Not removed here: what another process has begun would be lost.
            io::ErrorKind::AlreadyExists => CliError::Usage(format!(
                "{} exists: the client is being enrolled, or that was broken off; if nobody enrolls it now, remove it",
                beside.display()
            )),
            _ => CliError::Usage(format!("{}: {error}; make room, or choose another --out", beside.display())),
        };
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside).map_err(failed)?;
        let new = Self { path: path.to_owned(), beside: beside.clone(), file, replaces };
        // Room for what comes, as far as that can be had before.
        (&new.file).write_all(&[0; ROOM]).and_then(|()| new.file.sync_all()).map_err(failed)?;
        Ok(new)
    }

    /// Where it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what it holds, durably.
    pub fn fill(&mut self, bytes: &[u8]) -> Done {
        let written = self.file.rewind().and_then(|()| self.file.write_all(bytes));
        let written = written.and_then(|()| self.file.set_len(bytes.len() as u64)).and_then(|()| self.file.sync_all());
        written.map_err(|error| self.failed(&error))
    }

    /// Gives it its name.
    pub fn keep(self) -> Done {
        if self.path.exists() && !self.replaces {
            return Err(self.failed(&io::ErrorKind::AlreadyExists.into()));
        }
        std::fs::rename(&self.beside, &self.path).map_err(|error| self.failed(&error))
    }

    fn failed(&self, error: &io::Error) -> CliError {
        CliError::Local(format!("{}: {error}", self.path.display()))
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // It is gone already if it has its name.
        let _ = std::fs::remove_file(&self.beside);
    }
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Done {
    let failed = |error| CliError::Local(format!("{}: {error}", path.display()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|error| {
        // Half of it would stand in the way of the next attempt.
        let _ = std::fs::remove_file(path);
        failed(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn long_input_comes_through_unchanged() {
        let folder = tempfile::tempdir().unwrap();
        let long: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
        std::fs::write(folder.path().join("f"), &long).unwrap();
        assert_eq!(*read(&folder.path().join("f")).unwrap(), long);
        assert_eq!(*read_all(&long[..], 0).unwrap(), long);
    }

    #[test]
    fn a_password_loses_one_line_end_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p");
        for (text, password) in [("secret", "secret"), ("secret\n", "secret"), ("s \r\n", "s "), ("a\n\n", "a\n")] {
            std::fs::write(&path, text).unwrap();
            assert_eq!(read_password(&path).unwrap().expose_secret(), password);
        }
        for bad in [&b""[..], b"\n", b"\xFF"] {
            std::fs::write(&path, bad).unwrap();
            assert_eq!(read_password(&path).unwrap_err().exit_code(), 2);
        }
    }

    #[test]
    fn a_file_that_is_begun_is_there_once_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let names = || std::fs::read_dir(folder.path()).unwrap().count();
        let write = |mut file: NewFile, bytes: &[u8]| file.fill(bytes).and_then(|()| file.keep());
        let first = NewFile::begin(&path, 0o600, false).unwrap();
        assert_eq!(NewFile::begin(&path, 0o600, false).err().unwrap().exit_code(), 2, "another process has begun it");
        assert!(!path.exists());
        drop(first);
        assert_eq!(names(), 0, "what is given up leaves nothing");
        write(NewFile::begin(&path, 0o600, false).unwrap(), b"one").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), names()), (b"one".to_vec(), 1));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(NewFile::begin(&path, 0o600, false).err().unwrap().exit_code(), 2);
        let replacing = NewFile::begin(&path, 0o600, true).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one", "the old one stays until the new one is whole");
        write(replacing, b"two").unwrap();
        assert_eq!((std::fs::read(&path).unwrap(), names()), (b"two".to_vec(), 1));
        // Somebody else's file, made meanwhile.
        let other = folder.path().join("b.key");
        let begun = NewFile::begin(&other, 0o600, false).unwrap();
        std::fs::write(&other, "theirs").unwrap();
        assert!(write(begun, b"ours").is_err());
        assert_eq!((std::fs::read(&other).unwrap(), names()), (b"theirs".to_vec(), 2));
        assert!(NewFile::begin(folder.path(), 0o600, true).is_err(), "a folder is not replaced");
    }

    #[test]
    fn nothing_is_overwritten_and_secrets_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k");
        write_private(&path, b"one").unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write_private(&path, b"two").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
    }
}
