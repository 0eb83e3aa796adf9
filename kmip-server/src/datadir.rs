//! The data directory: its layout, its certificates, its lock, and the profile that `kmip-cli` reads.
//!
//! ```text
//! DIR/lock                             held while a server or an offline command works on DIR
//! DIR/made-by                          what has made DIR, `init` or `serve --dev`; while `init` makes it: that it has not ended
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
//! Files appear whole; what a crash left out is made when `init` or `serve --dev` is repeated. A directory is whole when it has a
//! key store and a store, and no `init` was broken off.

use certs::authority::read_pair;
use certs::pem_file::write_public;
use certs::profiles::Kind;
use certs::{Authority, CertsError, Issued, KeyKind};
use hsm_backend::keystore::Keystore;
use serde::Serialize;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use thiserror::Error;
use time::{Duration, OffsetDateTime};
use tracing::warn;
use zeroize::Zeroizing;

use crate::store::SledStore;

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

/// The file that says what has made the directory, and what it says.
const MADE_BY: &str = "made-by";
const BY_INIT: &str = "kmip-server init";
const BY_INIT_UNFINISHED: &str = "kmip-server init, which has not come to its end";
const BY_DEV: &str = "kmip-server serve --dev";
/// What `--dev` alone makes, and has made in directories of earlier versions.
const OF_DEV: [&str; 3] = ["pki/client.pem", "pki/client.key", "keystore/root.dev.key"];

/// Why a data directory cannot be used.
#[derive(Debug, Error)]
pub enum DataDirError {
    /// Nothing is there.
    #[error("{} is no data directory: make one with `{init}`, or run `kmip-server serve --dev`", root.display())]
    Missing {
        /// Where.
        root: PathBuf,
        /// The command that makes one.
        init: String,
    },
    /// Something is there already.
    #[error("{} is a data directory already: start it with `{serve}`", root.display())]
    Exists {
        /// Where.
        root: PathBuf,
        /// The command that starts it.
        serve: String,
    },
    /// Its making was broken off.
    #[error("{} is not whole, since `kmip-server init` has not come to its end: repeat `{init}`", root.display())]
    Unfinished {
        /// Where.
        root: PathBuf,
        /// The command that makes the rest.
        init: String,
    },
    /// A part is gone.
    #[error("{} is missing, and {} was whole once: bring it back from a copy, or correct [store] path", part.display(), root.display())]
    Lacks {
        /// Where.
        root: PathBuf,
        /// What is gone.
        part: PathBuf,
    },
    /// The store of another data directory is where the new one is to be.
    #[error("there is a store in {} already, whose keys are not in {}: name another folder with [store] path, or bring the keystore folder back from a copy", store.display(), root.display())]
    StoreTaken {
        /// The data directory.
        root: PathBuf,
        /// The folder of the store.
        store: PathBuf,
    },
    /// `--dev` on a directory that is not for it.
    #[error("{} was made by `kmip-server init`: leave --dev out, which makes a directory of its own", .0.display())]
    Production(PathBuf),
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

/// Where a data directory is, as the command line and the configuration say.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The directory.
    pub root: &'a Path,
    /// The folder of the store, if it is not in the directory.
    pub store: Option<&'a Path>,
    /// The configuration file, for commands in messages.
    pub config: Option<&'a Path>,
}

/// What stands at a place.
#[derive(Debug, PartialEq, Eq)]
enum State {
    Empty,
    Unfinished,
    /// It was whole once; this is gone.
    Lacks(PathBuf),
    /// A store whose keys are elsewhere.
    OtherStore,
    Whole,
}

/// A data directory that this process has to itself.
#[derive(Debug)]
pub struct DataDir {
    root: PathBuf,
    /// Missing where nothing can change.
    _lock: Option<File>,
}

/// Where a running server is reached; becomes the profile of `kmip-cli`.
#[derive(Debug, Clone, Serialize)]
pub struct Endpoints {
    /// HOST:PORT of the KMIP listener; none where it is off or nobody knows its port yet.
    pub server: Option<String>,
    /// HOST:PORT of the admin listener.
    pub admin: Option<String>,
}

#[derive(Serialize)]
struct Profile<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<&'a str>,
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

impl Place<'_> {
    /// The command of this name for the directory.
    pub fn command(&self, name: &str) -> String {
        let config = self.config.map(|file| format!(" --config {}", file.display())).unwrap_or_default();
        format!("kmip-server {name} --data-dir {}{config}", self.root.display())
    }

    fn keystore(&self) -> PathBuf {
        self.root.join("keystore")
    }

    fn store(&self) -> PathBuf {
        self.store.map_or_else(|| self.root.join("store"), Path::to_owned)
    }

    fn state(&self) -> Result<State, DataDirError> {
        let made_by = made_by(self.root)?;
        let is_begun = made_by.as_deref() == Some(BY_INIT_UNFINISHED);
        // Every start of a server writes to the audit log.
        let served = self.root.join("audit").read_dir().is_ok_and(|mut entries| entries.next().is_some());
        let was_whole = !is_begun && (served || made_by.as_deref() == Some(BY_INIT));
        let (keystore, store) = (self.keystore(), self.store());
        Ok(match (Keystore::exists(&keystore), SledStore::exists(&store)) {
            (true, true) if !is_begun => State::Whole,
            (true, false) if was_whole => State::Lacks(store),
            (false, _) if was_whole => State::Lacks(keystore),
            (false, true) => State::OtherStore,
            (false, false) if !is_begun => State::Empty,
            // Earlier versions of `init` have left no mark.
            _ => State::Unfinished,
        })
    }

    /// Why what is wanted cannot be done with what stands here.
    fn refusal(&self, state: State) -> DataDirError {
        let root = self.root.to_owned();
        match state {
            State::Empty => DataDirError::Missing { root, init: self.command("init") },
            State::Unfinished => DataDirError::Unfinished { root, init: self.command("init") },
            State::Lacks(part) => DataDirError::Lacks { root, part },
            State::OtherStore => DataDirError::StoreTaken { root, store: self.store() },
            State::Whole => self.exists("serve"),
        }
    }

    fn exists(&self, serve: &str) -> DataDirError {
        DataDirError::Exists { root: self.root.to_owned(), serve: self.command(serve) }
    }
}

impl DataDir {
    /// Opens an existing directory.
    pub fn open(place: &Place<'_>) -> Result<Self, DataDirError> {
        match place.state()? {
            State::Whole => Self::lock(place.root),
            refused => Err(place.refusal(refused)),
        }
    }

    /// Opens an existing directory to look at it: where the file system is read-only, nothing can change, and no lock is needed.
    pub fn open_to_check(place: &Place<'_>) -> Result<Self, DataDirError> {
        match Self::open(place) {
            Err(DataDirError::File { error, .. }) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                Ok(Self { root: place.root.to_owned(), _lock: None })
            }
            opened => opened,
        }
    }

    /// Refuses a place where no new data directory can be made. Tells whether `init` has begun one there.
    pub fn ensure_new(place: &Place<'_>) -> Result<bool, DataDirError> {
        match place.state()? {
            State::Empty | State::Unfinished if made_by(place.root)?.as_deref() == Some(BY_DEV) => {
                Err(place.exists("serve --dev"))
            }
            State::Empty => Ok(false),
            State::Unfinished => Ok(true),
            refused => Err(place.refusal(refused)),
        }
    }

    /// Begins a directory for production, or goes on with one that was begun: authorities, first administrator, no first client.
    pub fn create(place: &Place<'_>) -> Result<Self, DataDirError> {
        let data = Self::lock(place.root)?;
        Self::ensure_new(place)?;
        data.mark(BY_INIT_UNFINISHED)?;
        data.make_pki(false)?;
        Ok(data)
    }

    /// Ends the making of a directory for production, which has its key store and its store: the server's certificate for `names`.
    pub fn finish<S: AsRef<str>>(&self, names: &[S]) -> Result<(), DataDirError> {
        let (certificate, key) = self.pair("server");
        self.client_authority()?.issue_server(names)?.write(&certificate, &key)?;
        self.mark(BY_INIT)
    }

    /// Opens a development directory; makes what is missing and renews what expires.
    pub fn open_or_create_dev(root: &Path) -> Result<Self, DataDirError> {
        let data = Self::lock(root)?;
        if is_production(root)? {
            return Err(DataDirError::Production(root.to_owned()));
        }
        if made_by(root)?.is_none() {
            data.mark(BY_DEV)?;
        }
        let (clients, fresh) = data.make_pki(true)?;
        data.ensure_issued("server", fresh, || clients.issue_server(&certs::profiles::LOOPBACK_NAMES))?;
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
            server: endpoints.server.as_deref(),
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
        let hint = if profile.server.is_none() { "# server = \"HOST:PORT\"\n" } else { "" };
        let head = "# Written by kmip-server. Relative paths are taken from the folder of this file.";
        let text = format!("{head}\n{hint}{text}");
        write_public(&path, text.as_bytes()).map_err(|error| DataDirError::File { path, error })
    }

    fn lock(root: &Path) -> Result<Self, DataDirError> {
        make_folder(root)?;
        let path = root.join("lock");
        let at_lock = |error| DataDirError::File { path: path.clone(), error };
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = lock.map_err(at_lock)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { root: root.to_owned(), _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::Locked(root.to_owned())),
            Err(TryLockError::Error(error)) => Err(at_lock(error)),
        }
    }

    /// Says what has made the directory.
    fn mark(&self, made_by: &str) -> Result<(), DataDirError> {
        let path = self.root.join(MADE_BY);
        write_public(&path, format!("{made_by}\n").as_bytes()).map_err(|error| DataDirError::File { path, error })
    }

    /// Makes all but the server's certificate. Gives the authority of clients, and whether it is new.
    fn make_pki(&self, first_client: bool) -> Result<(Authority, bool), DataDirError> {
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
        Ok((clients, fresh))
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

    /// Tells in the log what others on this machine may read that should be the server's alone; `elsewhere` are private keys that
    /// are not in the directory.
    pub fn warn_of_access<'a>(&self, elsewhere: impl Iterator<Item = &'a Path>) {
        let (folders, keys) = self.open_to_others(elsewhere);
        for folder in folders {
            warn!("others on this machine may enter {0} or write to it: chmod 700 {0}", folder.display());
        }
        for key in keys {
            warn!("everybody on this machine may read or replace the private key {0}: chmod 600 {0}", key.display());
        }
    }

    /// Folders that more than the owner and a group may read, and keys that everybody may.
    fn open_to_others<'a>(&self, elsewhere: impl Iterator<Item = &'a Path>) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let folders = [self.root.clone(), self.audit()].into_iter().filter(|folder| permits(folder, 0o027)).collect();
        let own = [self.root.join("pki"), self.pki("clients"), self.pki(PREPARED)];
        let own = own.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten().map(|entry| entry.path());
        let mut keys: Vec<_> = own.filter(|path| path.extension().is_some_and(|kind| kind == "key")).collect();
        keys.sort();
        keys.extend(elsewhere.map(Path::to_owned));
        keys.retain(|key| permits(key, 0o007));
        (folders, keys)
    }
}

fn permits(path: &Path, mode: u32) -> bool {
    path.metadata().is_ok_and(|found| found.permissions().mode() & mode != 0)
}

/// What has made a directory; nothing says it of a new one, and of one of an earlier version.
fn made_by(root: &Path) -> Result<Option<String>, DataDirError> {
    let path = root.join(MADE_BY);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim_end().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DataDirError::File { path, error }),
    }
}

fn is_production(root: &Path) -> Result<bool, DataDirError> {
    if let Some(made_by) = made_by(root)? {
        return Ok(made_by != BY_DEV);
    }
    let is_made = root.join("pki/server.pem").exists() || Keystore::exists(&root.join("keystore"));
    Ok(is_made && !OF_DEV.iter().any(|file| root.join(file).exists()))
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
        data.write_cli_profile(&Endpoints { server: Some("127.0.0.1:1".into()), admin: Some("127.0.0.1:2".into()) })
            .unwrap();
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
        fill(&first);
        assert!(matches!(DataDir::open(&place(folder.path())), Err(DataDirError::Locked(_))));
        drop(first);
        assert!(DataDir::open(&place(folder.path())).is_ok());
    }

    #[test]
    fn nothing_is_opened_that_was_not_made_and_nothing_is_made_twice() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("data");
        let place = Place { config: Some(Path::new("k.toml")), ..place(&root) };
        let said = |command: &str| format!("kmip-server {command} --data-dir {} --config k.toml`", root.display());
        let missing = DataDir::open(&place).unwrap_err();
        assert!(matches!(missing, DataDirError::Missing { .. }) && missing.to_string().contains(&said("init")));
        assert!(!root.exists());
        let data = made(&place);
        assert_eq!(std::fs::read_to_string(root.join(MADE_BY)).unwrap(), format!("{BY_INIT}\n"));
        assert!(!root.join("pki/client.pem").exists());
        drop(data);
        let exists = DataDir::create(&place).unwrap_err();
        assert!(matches!(exists, DataDirError::Exists { .. }) && exists.to_string().contains(&said("serve")));
        // The server's certificate may come from elsewhere.
        std::fs::remove_file(root.join("pki/server.pem")).unwrap();
        assert!(DataDir::open(&place).is_ok());
        assert!(matches!(DataDir::ensure_new(&place), Err(DataDirError::Exists { .. })));
    }

    #[test]
    fn what_init_has_begun_is_not_opened_and_init_goes_on_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let read = || {
            ["ca.pem", "ca.key", "admin.pem"].map(|name| std::fs::read(folder.path().join("pki").join(name)).unwrap())
        };
        drop(DataDir::create(&place).unwrap());
        let first = read();
        let refused = DataDir::open(&place).unwrap_err();
        assert!(matches!(refused, DataDirError::Unfinished { .. }) && refused.to_string().contains("init --data-dir"));
        assert!(matches!(DataDir::open_or_create_dev(folder.path()), Err(DataDirError::Production(_))));
        for _ in 0..2 {
            assert!(DataDir::ensure_new(&place).unwrap());
            // Broken off before the store was made, then after it.
            let data = DataDir::create(&place).unwrap();
            fill(&data);
        }
        assert!(matches!(DataDir::open(&place), Err(DataDirError::Unfinished { .. })));
        DataDir::create(&place).unwrap().finish(&["kms.example.org"]).unwrap();
        assert!(DataDir::open(&place).is_ok());
        assert_eq!(read(), first);
    }

    #[test]
    fn what_earlier_versions_of_init_have_left_behind_is_made_whole() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let data = made(&place);
        std::fs::remove_file(folder.path().join(MADE_BY)).unwrap();
        std::fs::remove_dir_all(data.store()).unwrap();
        drop(data);
        assert!(DataDir::ensure_new(&place).unwrap());
        std::fs::remove_dir_all(folder.path().join("keystore")).unwrap();
        assert!(!DataDir::ensure_new(&place).unwrap());
        assert!(DataDir::create(&place).is_ok());
    }

    #[test]
    fn nothing_new_is_made_in_place_of_what_was_lost() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let data = made(&place);
        let lacks = |part: &Path| {
            for refused in [DataDir::open(&place).map(drop), DataDir::create(&place).map(drop)] {
                let refused = refused.unwrap_err();
                assert!(matches!(&refused, DataDirError::Lacks { part: lacking, .. } if lacking == part), "{refused}");
            }
        };
        drop(data);
        let (store, keystore) = (folder.path().join("store"), folder.path().join("keystore"));
        std::fs::remove_dir_all(&store).unwrap();
        lacks(&store);
        // Whatever has made it: a server has written to it.
        std::fs::remove_file(folder.path().join(MADE_BY)).unwrap();
        std::fs::write(folder.path().join("audit/audit-1.jsonl"), "{}").unwrap();
        lacks(&store);
        std::fs::remove_dir_all(&keystore).unwrap();
        lacks(&keystore);
    }

    #[test]
    fn the_store_of_another_directory_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        drop(made(&place(&one)));
        let store = one.join("store");
        let second = Place { store: Some(&store), ..place(&two) };
        assert!(matches!(DataDir::ensure_new(&second), Err(DataDirError::StoreTaken { .. })));
        assert!(!two.exists());
    }

    #[test]
    fn what_init_has_made_is_not_for_development() {
        let folder = tempfile::tempdir().unwrap();
        let (production, development) = (folder.path().join("p"), folder.path().join("d"));
        drop(made(&place(&production)));
        drop(DataDir::open_or_create_dev(&development).unwrap());
        for is_marked in [true, false] {
            if !is_marked {
                // As earlier versions have left it: with a passphrase, and no mark.
                let file = |name: &str| production.join("keystore").join(name);
                std::fs::rename(file("root.dev.key"), file("root.json")).unwrap();
                for root in [&production, &development] {
                    std::fs::remove_file(root.join(MADE_BY)).unwrap();
                }
            }
            let refused = DataDir::open_or_create_dev(&production).unwrap_err();
            assert!(refused.to_string().contains("leave --dev out"), "{refused}");
            assert!(!production.join("pki/client.pem").exists());
            assert!(DataDir::open_or_create_dev(&development).is_ok());
            assert!(matches!(DataDir::ensure_new(&place(&development)), Err(DataDirError::Exists { .. })));
        }
    }

    #[test]
    fn what_others_may_read_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open_or_create_dev(folder.path()).unwrap();
        let set = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        let elsewhere = folder.path().join("server.key");
        std::fs::write(&elsewhere, "").unwrap();
        set(folder.path(), 0o750);
        set(&elsewhere, 0o600);
        assert_eq!(data.open_to_others(std::iter::once(elsewhere.as_path())), (vec![], vec![]));
        for path in [data.pki("ca.key"), elsewhere.clone()] {
            set(&path, 0o644);
        }
        set(&data.audit(), 0o755);
        let (folders, keys) = data.open_to_others(std::iter::once(elsewhere.as_path()));
        assert_eq!((folders, keys), (vec![data.audit()], vec![data.pki("ca.key"), elsewhere]));
    }

    fn place(root: &Path) -> Place<'_> {
        Place { root, store: None, config: None }
    }

    /// Makes the key store and the store, as far as they are missing.
    fn fill(data: &DataDir) {
        let config = crate::config::Config { dev: true, ..Default::default() };
        crate::service::create_missing(data, &config).unwrap();
    }

    fn made(place: &Place<'_>) -> DataDir {
        let data = DataDir::create(place).unwrap();
        fill(&data);
        data.finish(&["kms.example.org"]).unwrap();
        data
    }
}
