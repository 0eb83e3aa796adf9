//! The key store of the software vault: a directory that holds the root key, and the store's keys sealed under it.
//!
//! | file | content |
//! |---|---|
//! | `root.json` | the root key sealed under a key that Argon2id (RFC 9106) derives from a passphrase, with its parameters |
//! | `root.dev.key` | instead of it, for development: the root key in the clear (hexadecimal) |
//! | `store.json` | the keys that seal records and blind names, sealed under the root key; see [`Contents`] |
//! | `root-N.json`, `root-N.dev.key` | the root key of number N, once the first one was replaced |
//! | `retired/` | root keys that nothing in the store needs any more |
//!
//! Where a PKCS#11 device holds the root key, `store.json` stands alone.
//!
//! The directory has mode 0700, its files 0600; anything more open is refused. It is written beside its place and moved
//! there whole, after a sync, so it exists complete or not at all; later each file is replaced in the same way.

mod contents;
mod files;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::vault::VaultError;
use rand_core::TryRng;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::Zeroizing;

use self::contents::root_files;
pub use self::contents::{Contents, ListedRoot, RootPlace};
use self::files::{publish, put_away, read_private, replace};
use crate::envelope::{EnvelopeKey, KEY_BYTES};
use crate::hierarchy::random_secret;
use crate::random::OsRandom;
use crate::record_seal::StoreSeal;
use crate::roots;
use crate::rotating::{RootKey, RotatingVault};
use crate::software::SoftwareRoot;

const SEALED_ROOT: &str = "root.json";
const DEV_ROOT: &str = "root.dev.key";
const STORE_KEYS: &str = "store.json";
const FORMAT: u32 = 1;
/// Where root keys are put that are not needed any more.
const RETIRED: &str = "retired";

/// How the root key is kept on disk.
#[derive(Debug)]
pub enum Protection {
    /// Sealed under a passphrase.
    Passphrase(SecretText),
    /// In the clear, readable by the owner only. For development.
    DevFile,
}

/// A key store with its first root key, just made.
pub struct Keystore {
    root: SoftwareRoot,
    store_seal: StoreSeal,
}

/// Why a key store could not be made or opened. Each message says what to do.
#[derive(Debug, Error)]
pub enum KeystoreError {
    /// Nothing is there.
    #[error("no key store at {0}: make one with `kmip-server init`, or bring back the directory from a backup")]
    Missing(PathBuf),
    /// Its root key is on a device.
    #[error(
        "{0} holds no root key: it belongs to a PKCS#11 device; say kind = \"pkcs11\" in [vault] and name the device in [[hsm]]"
    )]
    RootOnDevice(PathBuf),
    /// Its root key is not on a device.
    #[error(
        "the root key of {0} is kept in software: say kind = \"software\" in [vault], start, and move it with \
         `kmip-cli root-key rotate --to pkcs11`"
    )]
    RootInSoftware(PathBuf),
    /// Something is there already.
    #[error("{0} exists and is not overwritten: the keys of all objects hang on it; choose another data directory")]
    Exists(PathBuf),
    /// The passphrase does not open the root key.
    #[error("the passphrase does not open {0}: it is wrong, or the file was damaged (compare it with a backup)")]
    WrongPassphrase(PathBuf),
    /// An empty passphrase.
    #[error("the passphrase of the key store is empty")]
    EmptyPassphrase,
    /// The passphrase could not be had.
    #[error("the key store is protected by a passphrase, which could not be read")]
    NoPassphrase(#[source] io::Error),
    /// Others may read or write it.
    #[error(
        "{path} is open to other users (mode {mode:04o}): check who had access, then run `chmod {wanted:o} {path}`"
    )]
    TooOpen {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they must be.
        wanted: u32,
    },
    /// A file is not what was written.
    #[error("{path} is damaged: {detail}; bring it back from a backup")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The file system refused.
    #[error("cannot {action} {path}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Randomness, memory or a primitive failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

impl Keystore {
    /// Makes new keys and writes them to a new directory `dir`, whose parent exists.
    pub fn create(dir: &Path, protection: &Protection) -> Result<Self, KeystoreError> {
        Self::create_with(dir, protection, &random_secret(KEY_BYTES, &mut OsRandom)?)
    }

    fn create_with(dir: &Path, protection: &Protection, root_key: &Secret) -> Result<Self, KeystoreError> {
        must_be_new(dir)?;
        let (root_path, root_text) = root_file(dir, roots::FIRST, protection, root_key)?;
        let root_name = root_path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let root = SoftwareRoot::new(root_key)?;
        let store_keys = StoreSeal::create_keys(&root, &mut OsRandom)?;
        publish(dir, &[(root_name, root_text), (STORE_KEYS, store_file(&store_keys))])?;
        if matches!(protection, Protection::DevFile) {
            warn_about_dev_file(&root_path);
        }
        Ok(Self { store_seal: StoreSeal::from_keys(&root, &store_keys)?, root })
    }

    /// Opens the key store at `dir` with all root keys that it lists; `root` opens one of them.
    pub fn open<E: From<KeystoreError>>(
        dir: &Path,
        mut root: impl FnMut(&ListedRoot) -> Result<RootKey, E>,
    ) -> Result<RotatingVault, E> {
        let contents = Contents::read(dir)?;
        let keys = contents.roots.iter().map(|listed| Ok((listed.number, root(listed)?)));
        let keys: Vec<_> = keys.collect::<Result<_, E>>()?;
        let opened = RotatingVault::open(keys, &contents.store_keys).map_err(|error| match error {
            VaultError::DoesNotOpen(detail) => damaged(&dir.join(STORE_KEYS), &detail),
            other => other.into(),
        });
        Ok(opened?)
    }

    /// Whether a key store stands at `dir`.
    pub fn exists(dir: &Path) -> bool {
        [SEALED_ROOT, DEV_ROOT, STORE_KEYS].iter().any(|name| dir.join(name).exists())
    }

    /// Writes the keys of a store, which a device sealed under its root key, to a new directory `dir`.
    pub fn create_beside_device(dir: &Path, sealed: &[u8]) -> Result<(), KeystoreError> {
        must_be_new(dir)?;
        publish(dir, &[(STORE_KEYS, store_file(sealed))])
    }

    /// Opens one of the root keys of the key store at `dir`; asks for the passphrase only if there is one.
    pub fn open_root(
        dir: &Path,
        number: u32,
        passphrase: impl FnOnce() -> io::Result<SecretText>,
    ) -> Result<RootKey, KeystoreError> {
        open_root(dir, number, passphrase).map(RootKey::in_software)
    }

    /// Makes a new root key of this number and writes it to the key store at `dir`, durably. It counts only once
    /// [`Contents::write`] lists it; a file that an interrupted attempt left is replaced.
    pub fn add_root(dir: &Path, number: u32, protection: &Protection) -> Result<RootKey, KeystoreError> {
        let root_key = random_secret(KEY_BYTES, &mut OsRandom)?;
        let (path, text) = root_file(dir, number, protection, &root_key)?;
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        replace(dir, name, &text)?;
        Ok(RootKey::in_software(SoftwareRoot::new(&root_key)?))
    }

    /// Moves the file of a root key that is not needed any more to `retired` below `dir`: who restores a backup of the store
    /// alone, from before the change, needs it. A root key that was on a device has no file.
    pub fn retire_root(dir: &Path, number: u32) -> Result<(), KeystoreError> {
        let (sealed, dev) = root_files(dir, number);
        [sealed, dev].iter().filter(|path| path.exists()).try_for_each(|path| put_away(path, RETIRED))
    }

    /// New keys that are kept nowhere: all that they seal is lost with the process.
    pub fn ephemeral() -> Result<Self, VaultError> {
        let root = SoftwareRoot::new(&random_secret(KEY_BYTES, &mut OsRandom)?)?;
        let store_keys = StoreSeal::create_keys(&root, &mut OsRandom)?;
        Ok(Self { store_seal: StoreSeal::from_keys(&root, &store_keys)?, root })
    }

    pub(crate) fn into_parts(self) -> (SoftwareRoot, StoreSeal) {
        (self.root, self.store_seal)
    }
}

impl std::fmt::Debug for Keystore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keystore(..)")
    }
}

fn open_root(
    dir: &Path,
    number: u32,
    passphrase: impl FnOnce() -> io::Result<SecretText>,
) -> Result<SoftwareRoot, KeystoreError> {
    let (sealed, dev) = root_files(dir, number);
    let root_key = match (sealed.exists(), dev.exists()) {
        (false, false) if number == roots::FIRST => return Err(KeystoreError::RootOnDevice(dir.to_owned())),
        (false, false) => return Err(KeystoreError::Missing(sealed)),
        (true, false) => open_sealed_root(&sealed, &passphrase().map_err(KeystoreError::NoPassphrase)?)?,
        (false, true) => {
            warn_about_dev_file(&dev);
            read_dev_root(&dev)?
        }
        (true, true) => return Err(damaged(&dev, "it stands beside a sealed root key, and only one can be right")),
    };
    Ok(SoftwareRoot::new(&root_key)?)
}

fn must_be_new(dir: &Path) -> Result<(), KeystoreError> {
    match fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        true => Err(KeystoreError::Exists(dir.to_owned())),
        false => Ok(()),
    }
}

fn store_file(sealed: &[u8]) -> Zeroizing<String> {
    to_json(&StoreFile { format: FORMAT, sealed: hex::encode(sealed) })
}

fn warn_about_dev_file(path: &Path) {
    tracing::warn!(path = %path.display(), "the root key stands unprotected in a file: for development only");
}

// --- the files ---

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RootFile {
    format: u32,
    derivation: Derivation,
    sealed: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoreFile {
    format: u32,
    sealed: String,
}

/// Argon2id and its parameters. 64 MiB and 3 passes are the second recommendation of RFC 9106 §4, with one lane.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Derivation {
    function: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
}

impl Derivation {
    fn fresh() -> Result<Self, VaultError> {
        let mut salt = [0; 32];
        OsRandom.try_fill_bytes(&mut salt)?;
        Ok(Self {
            function: "argon2id".to_owned(),
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 1,
            salt: hex::encode(salt),
        })
    }

    /// The key that seals the root key; an error text if the parameters are not acceptable.
    fn derive(&self, passphrase: &SecretText) -> Result<EnvelopeKey, String> {
        let bounds = [(self.memory_kib, 1 << 20), (self.passes, 64), (self.lanes, 16)];
        if self.function != "argon2id" || bounds.iter().any(|(value, max)| value > max) {
            return Err("the derivation is not argon2id with at most 1 GiB, 64 passes and 16 lanes".to_owned());
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_BYTES))
            .map_err(|error| error.to_string())?;
        let salt = hex::decode(&self.salt).map_err(|error| error.to_string())?;
        let mut memory = Zeroizing::new(vec![Block::default(); params.block_count()]);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                passphrase.expose_secret().as_bytes(),
                &salt,
                key.as_mut_slice(),
                memory.as_mut_slice(),
            )
            .map_err(|error| error.to_string())?;
        EnvelopeKey::new(key.as_slice()).ok_or_else(|| "wrong key length".to_owned())
    }
}

const ROOT_PURPOSE: &[u8] = b"kmip root key 1";

/// Path and text of the file that keeps a root key.
fn root_file(
    dir: &Path,
    number: u32,
    protection: &Protection,
    root_key: &Secret,
) -> Result<(PathBuf, Zeroizing<String>), KeystoreError> {
    let (sealed_path, dev_path) = root_files(dir, number);
    let Protection::Passphrase(passphrase) = protection else {
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 1));
        root_key.expose_secret().iter().for_each(|byte| push_hex(&mut text, *byte));
        text.push('\n');
        return Ok((dev_path, text));
    };
    if passphrase.expose_secret().is_empty() {
        return Err(KeystoreError::EmptyPassphrase);
    }
    let derivation = Derivation::fresh()?;
    let key = derivation.derive(passphrase).map_err(VaultError::Failed)?;
    let mut sealed = Vec::new();
    key.seal(ROOT_PURPOSE, root_key.expose_secret(), &mut sealed, &mut OsRandom)?;
    Ok((sealed_path, to_json(&RootFile { format: FORMAT, derivation, sealed: hex::encode(sealed) })))
}

fn open_sealed_root(path: &Path, passphrase: &SecretText) -> Result<Secret, KeystoreError> {
    let file: RootFile = parse(path, &read_private(path)?)?;
    check_format(path, file.format)?;
    let key = file.derivation.derive(passphrase).map_err(|detail| damaged(path, &detail))?;
    let sealed = unhex(path, &file.sealed)?;
    key.open(ROOT_PURPOSE, &sealed).ok_or_else(|| KeystoreError::WrongPassphrase(path.to_owned()))
}

fn read_dev_root(path: &Path) -> Result<Secret, KeystoreError> {
    let text = read_private(path)?;
    Secret::init_with(KEY_BYTES, |out| hex::decode_to_slice(text.trim_end(), out))
        .map_err(|_| damaged(path, "it does not hold 64 hexadecimal digits"))
}

fn push_hex(text: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        text.push(char::from_digit(digit.into(), 16).expect("invariant: below 16"));
    }
}

fn to_json(value: &impl Serialize) -> Zeroizing<String> {
    let mut text = serde_json::to_string_pretty(value).expect("invariant: plain structures");
    text.push('\n');
    Zeroizing::new(text)
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path, text: &str) -> Result<T, KeystoreError> {
    serde_json::from_str(text).map_err(|error| damaged(path, &error.to_string()))
}

fn check_format(path: &Path, format: u32) -> Result<(), KeystoreError> {
    match format {
        FORMAT => Ok(()),
        other => Err(damaged(path, &format!("format {other} is unknown; this program knows format {FORMAT}"))),
    }
}

fn unhex(path: &Path, text: &str) -> Result<Vec<u8>, KeystoreError> {
    hex::decode(text).map_err(|error| damaged(path, &error.to_string()))
}

fn damaged(path: &Path, detail: &str) -> KeystoreError {
    KeystoreError::Damaged { path: path.to_owned(), detail: detail.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    use kmip_core::ports::vault::{Binding, KeyVault};
    use tempfile::TempDir;

    fn passphrase() -> SecretText {
        SecretText::copy_from("open sesame")
    }

    fn made(protection: &Protection) -> (TempDir, PathBuf, Keystore) {
        let parent = TempDir::new().unwrap();
        let dir = parent.path().join("keystore");
        let keystore = Keystore::create(&dir, protection).unwrap();
        (parent, dir, keystore)
    }

    fn open(dir: &Path, text: &str) -> Result<RotatingVault, KeystoreError> {
        Keystore::open(dir, |root| Keystore::open_root(dir, root.number, || Ok(SecretText::copy_from(text))))
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn store_keys_beside_a_device_are_no_software_key_store() {
        let home = TempDir::new().unwrap();
        let (device, software) = (home.path().join("device"), home.path().join("software"));
        assert!(matches!(Contents::read(&device), Err(KeystoreError::Missing(_))));
        Keystore::create_beside_device(&device, b"sealed elsewhere").unwrap();
        let contents = Contents::read(&device).unwrap();
        assert_eq!(
            (contents.newest().kind, contents.store_keys.as_slice()),
            (RootPlace::Pkcs11, &b"sealed elsewhere"[..])
        );
        assert!(matches!(Keystore::create_beside_device(&device, b"again"), Err(KeystoreError::Exists(_))));
        assert!(matches!(open(&device, ""), Err(KeystoreError::RootOnDevice(_))));
        Keystore::create(&software, &Protection::DevFile).unwrap();
        assert_eq!(Contents::read(&software).unwrap().newest().kind, RootPlace::Software);
    }

    #[test]
    fn a_root_key_is_replaced_and_the_old_one_put_away() {
        for protection in [Protection::Passphrase(passphrase()), Protection::DevFile] {
            let (_parent, dir, keystore) = made(&protection);
            let vault = RotatingVault::from(keystore);
            let stored = vault.create_scope_key("s").unwrap();
            vault.install_scope_key("s", &stored).unwrap();
            let mut contents = Contents::read(&dir).unwrap();
            // An attempt that was interrupted before the list was written counts for nothing.
            Keystore::add_root(&dir, 2, &protection).unwrap();
            assert_eq!(open(&dir, "open sesame").unwrap().root_number(), 1);

            let next = Keystore::add_root(&dir, 2, &protection).unwrap();
            let successor = vault.adopt(next, &contents.store_keys).unwrap();
            contents.store_keys.clone_from(&successor.store_keys);
            let second = ListedRoot { number: 2, ..contents.newest().clone() };
            contents.roots.push(second);
            contents.write(&dir).unwrap();
            successor.take_over();
            assert!(vault.is_scope_key_outdated(&stored));
            assert_eq!(mode(&dir.join(STORE_KEYS)), 0o600);

            let both = open(&dir, "open sesame").unwrap();
            assert_eq!(both.root_number(), 2);
            both.install_scope_key("s", &stored).unwrap();
            let resealed = both.reseal_scope_key("s", &stored).unwrap();
            assert!(both.is_scope_key_outdated(&stored) && !both.is_scope_key_outdated(&resealed));
            contents.roots.remove(0);
            contents.write(&dir).unwrap();
            Keystore::retire_root(&dir, 1).unwrap();
            Keystore::retire_root(&dir, 1).unwrap();

            let second_only = open(&dir, "open sesame").unwrap();
            second_only.install_scope_key("s", &resealed).unwrap();
            assert!(matches!(second_only.install_scope_key("s", &stored), Err(VaultError::DoesNotOpen(_))));
            assert_eq!(names(&dir.join(RETIRED)).len(), 1);
            assert_eq!(second_only.record_seal().blind(b"x"), vault.record_seal().blind(b"x"));
        }
    }

    #[test]
    fn a_list_of_root_keys_that_makes_no_sense_is_refused() {
        let (_parent, dir, _) = made(&Protection::DevFile);
        let software = r#"{"number":1,"kind":"software"}"#;
        for roots in ["".to_owned(), format!("{software},{software}"), r#"{"number":1,"kind":"paper"}"#.to_owned()] {
            fs::write(dir.join(STORE_KEYS), format!(r#"{{"format":2,"sealed":"00","roots":[{roots}]}}"#)).unwrap();
            assert!(matches!(open(&dir, ""), Err(KeystoreError::Damaged { .. })), "{roots}");
        }
    }

    #[test]
    fn what_one_process_sealed_opens_in_the_next() {
        for protection in [Protection::Passphrase(passphrase()), Protection::DevFile] {
            let (_parent, dir, keystore) = made(&protection);
            let binding = Binding { scope: "s", id: "1", spec: b"spec" };
            let first = RotatingVault::from(keystore);
            let stored = first.create_scope_key("s").unwrap();
            first.install_scope_key("s", &stored).unwrap();
            let secret = Secret::copy_from(b"0123456789abcdef");
            let sealed = first.seal(&secret, binding).unwrap();
            let record = first.record_seal().seal(b"key", 3, b"value");
            let blinded = first.record_seal().blind(b"name");

            let next = open(&dir, "open sesame").unwrap();
            next.install_scope_key("s", &stored).unwrap();
            assert_eq!(next.open(&sealed, binding).unwrap(), secret);
            assert_eq!(next.record_seal().open(b"key", 3, &record).unwrap(), b"value");
            assert_eq!(next.record_seal().blind(b"name"), blinded);
        }
    }

    #[test]
    fn files_are_private_and_nothing_else_is_left() {
        let (parent, dir, _) = made(&Protection::Passphrase(passphrase()));
        assert_eq!(names(parent.path()), ["keystore"]);
        assert_eq!(names(&dir), [SEALED_ROOT, STORE_KEYS]);
        assert_eq!((mode(&dir), mode(&dir.join(SEALED_ROOT)), mode(&dir.join(STORE_KEYS))), (0o700, 0o600, 0o600));
        let (_parent, dir, _) = made(&Protection::DevFile);
        assert_eq!(names(&dir), [DEV_ROOT, STORE_KEYS]);
        assert_eq!(mode(&dir.join(DEV_ROOT)), 0o600);
    }

    /// The forms in which a key could stand in a file.
    fn spellings(key: &[u8]) -> Vec<Vec<u8>> {
        use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
        let texts = [HEXLOWER, HEXUPPER, BASE64, BASE64_NOPAD, BASE64URL_NOPAD]
            .map(|encoding| encoding.encode(key).into_bytes());
        let decimal = key.iter().map(u8::to_string).collect::<Vec<_>>().join(",").into_bytes();
        texts.into_iter().chain([key.to_vec(), decimal]).collect()
    }

    fn holds(dir: &Path, key: &[u8]) -> bool {
        names(dir).iter().any(|name| {
            let content = fs::read(dir.join(name)).unwrap();
            spellings(key).iter().any(|form| content.windows(form.len()).any(|window| window == form))
        })
    }

    #[test]
    fn under_a_passphrase_no_key_stands_on_disk() {
        let root_key = random_secret(KEY_BYTES, &mut OsRandom).unwrap();
        let parent = TempDir::new().unwrap();
        let (sealed, dev) = (parent.path().join("sealed"), parent.path().join("dev"));
        let keystore = Keystore::create_with(&sealed, &Protection::Passphrase(passphrase()), &root_key).unwrap();
        Keystore::create_with(&dev, &Protection::DevFile, &root_key).unwrap();
        assert!(holds(&dev, root_key.expose_secret()), "the search does not find what is there");
        assert!(!holds(&sealed, root_key.expose_secret()));
        assert!(!holds(&sealed, b"open sesame"));
        let (root, _) = keystore.into_parts();
        let file: StoreFile = parse(&sealed, &fs::read_to_string(sealed.join(STORE_KEYS)).unwrap()).unwrap();
        let store_keys = crate::hierarchy::Root::open(
            &root,
            crate::hierarchy::Purpose::StoreKeys,
            &hex::decode(file.sealed).unwrap(),
        );
        for key in store_keys.unwrap().expose_secret().chunks(KEY_BYTES) {
            assert!(!holds(&sealed, key) && !holds(&dev, key));
        }
    }

    #[test]
    fn a_wrong_passphrase_is_told() {
        let (_parent, dir, _) = made(&Protection::Passphrase(passphrase()));
        assert!(matches!(open(&dir, "open sesamE"), Err(KeystoreError::WrongPassphrase(_))));
        let silent = Keystore::open_root(&dir, roots::FIRST, || Err(io::ErrorKind::NotFound.into()));
        assert!(matches!(silent, Err(KeystoreError::NoPassphrase(_))));
    }

    #[test]
    fn an_empty_passphrase_is_refused_and_leaves_nothing() {
        let parent = TempDir::new().unwrap();
        let dir = parent.path().join("keystore");
        let refused = Keystore::create(&dir, &Protection::Passphrase(SecretText::copy_from("")));
        assert!(matches!(refused, Err(KeystoreError::EmptyPassphrase)));
        assert!(names(parent.path()).is_empty());
        assert!(matches!(open(&dir, "x"), Err(KeystoreError::Missing(_))));
    }

    #[test]
    fn an_existing_key_store_is_never_overwritten() {
        let (parent, dir, _) = made(&Protection::DevFile);
        let before = fs::read(dir.join(DEV_ROOT)).unwrap();
        assert!(matches!(Keystore::create(&dir, &Protection::DevFile), Err(KeystoreError::Exists(_))));
        // Also when it appears between the check and the move.
        let raced = publish(&dir, &[(DEV_ROOT, Zeroizing::new("other".to_owned()))]);
        assert!(matches!(raced, Err(KeystoreError::Exists(_))));
        assert_eq!(fs::read(dir.join(DEV_ROOT)).unwrap(), before);
        assert_eq!(names(parent.path()), ["keystore"]);
    }

    #[test]
    fn an_empty_directory_is_taken() {
        let parent = TempDir::new().unwrap();
        Keystore::create(parent.path(), &Protection::DevFile).unwrap();
        assert_eq!(mode(parent.path()), 0o700);
        assert!(Keystore::exists(parent.path()));
    }

    #[test]
    fn what_others_can_read_is_refused_with_the_remedy() {
        let (_parent, dir, _) = made(&Protection::DevFile);
        for (path, mode, wanted) in
            [(dir.join(DEV_ROOT), 0o640, "600"), (dir.join(STORE_KEYS), 0o604, "600"), (dir.clone(), 0o750, "700")]
        {
            let before = fs::metadata(&path).unwrap().permissions();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let refusal = open(&dir, "").unwrap_err();
            assert!(matches!(refusal, KeystoreError::TooOpen { .. }), "{refusal}");
            assert!(refusal.to_string().contains(&format!("chmod {wanted} {}", path.display())), "{refusal}");
            fs::set_permissions(&path, before).unwrap();
        }
        open(&dir, "").unwrap();
    }

    #[test]
    fn damage_is_told_and_never_opens() {
        let (_parent, dir, _) = made(&Protection::DevFile);
        for (name, content) in [
            (DEV_ROOT, "00"),
            (DEV_ROOT, "zz"),
            (STORE_KEYS, ""),
            (STORE_KEYS, "{}"),
            (STORE_KEYS, r#"{"format":2,"sealed":"00"}"#),
            (STORE_KEYS, r#"{"format":3,"sealed":"00","roots":[]}"#),
            (STORE_KEYS, r#"{"format":1,"sealed":"0"}"#),
            (STORE_KEYS, r#"{"format":1,"sealed":"01"}"#),
        ] {
            let path = dir.join(name);
            let before = fs::read(&path).unwrap();
            fs::write(&path, content).unwrap();
            let refusal = open(&dir, "").unwrap_err();
            assert!(
                matches!(&refusal, KeystoreError::Damaged { path: told, .. } if *told == path),
                "{content}: {refusal}"
            );
            fs::write(&path, before).unwrap();
        }
        fs::remove_file(dir.join(STORE_KEYS)).unwrap();
        assert!(matches!(open(&dir, ""), Err(KeystoreError::Io { .. })));
    }

    #[test]
    fn hostile_derivation_parameters_are_not_computed() {
        let (_parent, dir, _) = made(&Protection::Passphrase(passphrase()));
        let path = dir.join(SEALED_ROOT);
        let text = fs::read_to_string(&path).unwrap();
        for (from, to) in [
            ("\"memory_kib\": 65536", "\"memory_kib\": 4294967295"),
            ("\"passes\": 3", "\"passes\": 4294967295"),
            ("\"lanes\": 1", "\"lanes\": 0"),
            ("argon2id", "sha256"),
        ] {
            assert!(text.contains(from));
            fs::write(&path, text.replace(from, to)).unwrap();
            assert!(matches!(open(&dir, "open sesame"), Err(KeystoreError::Damaged { .. })), "{to}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let (_parent, _, keystore) = made(&Protection::DevFile);
        assert_eq!(format!("{keystore:?}"), "Keystore(..)");
        let protection = Protection::Passphrase(passphrase());
        assert_eq!(format!("{protection:?}"), "Passphrase(SecretText(11 bytes))");
    }
}
