//! The data directory: its layout, its certificates, its lock, and the profile that `kmip-cli` reads.
//!
//! ```text
//! DIR/lock                             held while a server or an offline command works on DIR
//! DIR/pki/ca.pem ca.key                signs the server's certificate and those of KMIP clients
//! DIR/pki/admin-ca.pem admin-ca.key    signs certificates of administrators
//! DIR/pki/server.pem server.key        the server
//! DIR/pki/calling.pem calling.key      the server where it is a client: what it shows to listeners of clients
//! DIR/pki/admin.pem admin.key          the first administrator
//! DIR/pki/client.pem client.key        a first client, named "client" (--dev only)
//! DIR/pki/prepared/                    keys and certificates that wait for their clients to register
//! DIR/pki/clients/                     where kmip-cli puts the certificates of enrolled clients
//! DIR/kmip-cli.toml                    endpoints and certificate paths
//! DIR/store/  DIR/audit/  DIR/keystore/
//! ```
//! Files appear whole; what a crash left out is made at the next start, so creation can be repeated.

use certs::authority::read_pair;
use certs::pem_file::write_public;
use certs::profiles::Kind;
use certs::{Authority, CertsError, Issued, KeyKind};
use serde::Serialize;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

/// The name of the first client.
pub const FIRST_CLIENT: &str = "client";
/// The folder of what waits for clients.
const PREPARED: &str = "prepared";
/// The files of what the server shows to listeners.
const CALLING: &str = "calling";
/// The name in it.
const CALLING_NAME: &str = "kmip-server";
/// The name of the first administrator.
pub const FIRST_ADMINISTRATOR: &str = "admin";
/// A development certificate with less time left than this is issued again.
const RENEW_BEFORE: Duration = Duration::days(30);

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Nothing is there.
    #[error("{} is no data directory: make one with `kmip-server init --data-dir {}`, or run `kmip-server serve --dev`", .0.display(), .0.display())]
    Missing(PathBuf),
    /// Something is there already.
    #[error("{} is a data directory already: start it with `kmip-server serve --data-dir {}`", .0.display(), .0.display())]
    Exists(PathBuf),
    /// Another process works on it.
    #[error("another process uses {}: stop it first, or choose another --data-dir", .0.display())]
    Locked(PathBuf),
    /// A file or folder refuses.
    #[error("{}: {error}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// A certificate cannot be made or read.
    #[error(transparent)]
    Certs(#[from] CertsError),
}

/// A data directory that this process has to itself.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    _lock: File,
}

/// Where a running server is reached; becomes the profile of `kmip-cli`.
#[derive(Debug, Clone, Serialize)]
pub struct Endpoints {
    /// HOST:PORT of the KMIP listener.
    pub server: String,
    /// HOST:PORT of the admin listener.
    pub admin: Option<String>,
}

#[derive(Serialize)]
struct Profile<'a> {
    server: &'a str,
    ca: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cert: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin: Option<&'a str>,
    admin_cert: String,
    admin_key: String,
}

impl DataDir {
    /// Opens an existing directory.
    pub fn open(root: &Path) -> Result<Self, DataDirError> {
        if !is_initialised(root) {
            return Err(DataDirError::Missing(root.to_owned()));
        }
        Self::lock(root)
    }

    /// Refuses a directory that is a data directory already.
    pub fn ensure_new(root: &Path) -> Result<(), DataDirError> {
        if is_initialised(root) { Err(DataDirError::Exists(root.to_owned())) } else { Ok(()) }
    }

    /// Makes a directory for production: certificates for `names`, no first client.
    pub fn create<S: AsRef<str>>(root: &Path, names: &[S]) -> Result<Self, DataDirError> {
        Self::ensure_new(root)?;
        let data = Self::lock(root)?;
        data.make_pki(names, false)?;
        Ok(data)
    }

    /// Opens a development directory; makes what is missing and renews what expires.
    pub fn open_or_create_dev(root: &Path) -> Result<Self, DataDirError> {
        let data = Self::lock(root)?;
        data.make_pki(&certs::profiles::LOOPBACK_NAMES, true)?;
        Ok(data)
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `DIR/pki/NAME`.
    pub fn pki(&self, name: &str) -> PathBuf {
        self.root.join("pki").join(name)
    }

    /// The certificate and the key of the server where it is a client; directories of earlier versions may have none.
    pub fn calling(&self) -> Option<(PathBuf, PathBuf)> {
        let pair = self.pair(CALLING);
        (pair.0.exists() && pair.1.exists()).then_some(pair)
    }

    /// The folder of the embedded store.
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// The folder of the audit log.
    pub fn audit(&self) -> PathBuf {
        self.root.join("audit")
    }

    /// The folder of the sealed root key.
    pub fn keystore(&self) -> PathBuf {
        self.root.join("keystore")
    }

    /// The profile that `kmip-cli` reads.
    pub fn cli_profile(&self) -> PathBuf {
        self.root.join("kmip-cli.toml")
    }

    /// The authority that signs certificates of KMIP clients.
    pub fn client_authority(&self) -> Result<Authority, CertsError> {
        Authority::read(&self.pki("ca.pem"), &self.pki("ca.key"))
    }

    /// Keeps a key and a certificate for a client that is to register later.
    pub fn prepare(&self, client: &str, issued: &Issued) -> Result<(), DataDirError> {
        make_folder(&self.pki(PREPARED))?;
        let (certificate, key) = self.prepared_pair(client);
        Ok(issued.write(&certificate, &key)?)
    }

    /// What is kept for a client that is to register, if it can still be used.
    pub fn prepared(&self, client: &str, authority: &Authority) -> Result<Option<Issued>, DataDirError> {
        let (certificate, key) = self.prepared_pair(client);
        if read_pair(&certificate, &key)?.is_none() {
            return Ok(None);
        }
        let read = |path: PathBuf| std::fs::read_to_string(&path).map_err(|error| DataDirError::File { path, error });
        let issued = Issued { certificate: read(certificate)?, key: Zeroizing::new(read(key)?) };
        Ok(authority.stands_behind(&issued.certificate, RENEW_BEFORE)?.then_some(issued))
    }

    /// Forgets what was kept for a client, if anything was.
    pub fn forget_prepared(&self, client: &str) -> Result<(), DataDirError> {
        let (certificate, key) = self.prepared_pair(client);
        for path in [key, certificate] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(DataDirError::File { path, error });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn prepared_pair(&self, client: &str) -> (PathBuf, PathBuf) {
        self.pair(&format!("{PREPARED}/{client}"))
    }

    /// Writes the profile of `kmip-cli`.
    pub fn write_cli_profile(&self, endpoints: &Endpoints) -> Result<(), DataDirError> {
        let first_client = self.pki("client.pem").exists();
        let client = |kind: &str| first_client.then(|| format!("pki/{FIRST_CLIENT}.{kind}"));
        let profile = Profile {
            server: &endpoints.server,
            ca: "pki/ca.pem",
            cert: client("pem"),
            key: client("key"),
            admin: endpoints.admin.as_deref(),
            admin_cert: format!("pki/{FIRST_ADMINISTRATOR}.pem"),
            admin_key: format!("pki/{FIRST_ADMINISTRATOR}.key"),
        };
        let path = self.cli_profile();
        let text = toml::to_string(&profile)
            .map_err(|error| DataDirError::File { path: path.clone(), error: io::Error::other(error) })?;
        let text = format!("# Written by kmip-server. Relative paths are taken from the folder of this file.\n{text}");
        write_public(&path, text.as_bytes()).map_err(|error| DataDirError::File { path, error })
    }

    fn lock(root: &Path) -> Result<Self, DataDirError> {
        make_folder(root)?;
        let path = root.join("lock");
        let at_lock = |error| DataDirError::File { path: path.clone(), error };
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(at_lock)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::Locked(root.to_owned())),
            Err(TryLockError::Error(error)) => Err(at_lock(error)),
        }
    }

    fn make_pki<S: AsRef<str>>(&self, names: &[S], first_client: bool) -> Result<(), DataDirError> {
        for folder in [self.root.join("pki"), self.pki("clients"), self.audit(), self.keystore()] {
            make_folder(&folder)?;
        }
        let (admins, fresh) = self.ensure_authority("admin-ca", Kind::AdministratorAuthority)?;
        self.ensure_issued("admin", fresh, || admins.issue_administrator(FIRST_ADMINISTRATOR))?;
        let (clients, fresh) = self.ensure_authority("ca", Kind::ClientAuthority)?;
        if first_client {
            self.ensure_issued("client", fresh, || clients.issue_client(FIRST_CLIENT, KeyKind::EcP256))?;
        }
        self.ensure_issued(CALLING, fresh, || clients.issue_client(CALLING_NAME, KeyKind::EcP256))?;
        // Last: its certificate tells that the directory is whole.
        self.ensure_issued("server", fresh, || clients.issue_server(names))
    }

    fn ensure_authority(&self, name: &str, kind: Kind) -> Result<(Authority, bool), DataDirError> {
        let (certificate, key) = self.pair(name);
        if read_pair(&certificate, &key)?.is_some() {
            return Ok((Authority::read(&certificate, &key)?, false));
        }
        let title = match kind {
            Kind::AdministratorAuthority => "kmip-server administrators",
            _ => "kmip-server clients",
        };
        let authority = Authority::create(kind, title)?;
        authority.export().write(&certificate, &key)?;
        Ok((authority, true))
    }

    fn ensure_issued(
        &self,
        name: &str,
        fresh_authority: bool,
        issue: impl FnOnce() -> Result<Issued, CertsError>,
    ) -> Result<(), DataDirError> {
        let (certificate, key) = self.pair(name);
        let lasts = read_pair(&certificate, &key)?
            .is_some_and(|facts| facts.not_after > OffsetDateTime::now_utc() + RENEW_BEFORE);
        if fresh_authority || !lasts {
            issue()?.write(&certificate, &key)?;
        }
        Ok(())
    }

    fn pair(&self, name: &str) -> (PathBuf, PathBuf) {
        (self.pki(&format!("{name}.pem")), self.pki(&format!("{name}.key")))
    }
}

fn is_initialised(root: &Path) -> bool {
    root.join("pki").join("server.pem").exists()
}

fn make_folder(path: &Path) -> Result<(), DataDirError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| DataDirError::File { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_development_directory_has_the_promised_files_and_modes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("kmip-data");
        let data = DataDir::open_or_create_dev(&root).unwrap();
        for name in ["ca", "admin-ca", "server", "client", "admin"] {
            assert!(root.join(format!("pki/{name}.pem")).is_file(), "{name}");
            assert_eq!(mode(&root.join(format!("pki/{name}.key"))), 0o600, "{name}");
        }
        for folder in ["", "pki", "pki/clients", "audit", "keystore"] {
            assert_eq!(mode(&root.join(folder)), 0o700, "{folder}");
        }
        data.write_cli_profile(&Endpoints { server: "127.0.0.1:1".into(), admin: Some("127.0.0.1:2".into()) }).unwrap();
        let profile: toml::Table = std::fs::read_to_string(data.cli_profile()).unwrap().parse().unwrap();
        for key in ["ca", "cert", "key", "admin_cert", "admin_key"] {
            assert!(root.join(profile[key].as_str().unwrap()).is_file(), "{key}");
        }
        assert_eq!(profile["server"].as_str(), Some("127.0.0.1:1"));
        assert_eq!(profile["admin"].as_str(), Some("127.0.0.1:2"));
    }

    #[test]
    fn a_second_start_keeps_every_certificate() {
        let folder = tempfile::tempdir().unwrap();
        let read = || {
            let pki = folder.path().join("pki");
            ["ca", "server", "client", "admin"].map(|name| std::fs::read(pki.join(format!("{name}.pem"))).unwrap())
        };
        drop(DataDir::open_or_create_dev(folder.path()).unwrap());
        let first = read();
        drop(DataDir::open_or_create_dev(folder.path()).unwrap());
        assert_eq!(read(), first);
    }

    #[test]
    fn what_a_crash_left_out_is_made_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        drop(DataDir::open_or_create_dev(folder.path()).unwrap());
        let pki = |name: &str| folder.path().join("pki").join(name);
        let authority = std::fs::read(pki("ca.pem")).unwrap();
        // A new key beside an old certificate is what a crash in the middle of a renewal leaves.
        std::fs::copy(pki("admin.key"), pki("server.key")).unwrap();
        std::fs::remove_file(pki("client.pem")).unwrap();
        drop(DataDir::open_or_create_dev(folder.path()).unwrap());
        assert_eq!(std::fs::read(pki("ca.pem")).unwrap(), authority);
        for name in ["server", "client"] {
            assert!(read_pair(&pki(&format!("{name}.pem")), &pki(&format!("{name}.key"))).unwrap().is_some());
        }
    }

    #[test]
    fn only_one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = DataDir::open_or_create_dev(folder.path()).unwrap();
        assert!(matches!(DataDir::open(folder.path()), Err(DataDirError::Locked(_))));
        drop(first);
        assert!(DataDir::open(folder.path()).is_ok());
    }

    #[test]
    fn nothing_is_opened_that_was_not_made_and_nothing_is_made_twice() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(DataDir::open(folder.path()), Err(DataDirError::Missing(_))));
        drop(DataDir::create(folder.path(), &["kms.example.org"]).unwrap());
        assert!(matches!(DataDir::create(folder.path(), &["x"]), Err(DataDirError::Exists(_))));
        assert!(!folder.path().join("pki/client.pem").exists());
    }
}
