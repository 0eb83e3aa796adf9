//! The key vault of a data directory: its root key is in software, in the data directory, or on PKCS#11 devices.
//!
//! The data directory says where the root key is, since it may have moved; the configuration must agree, save that a root key
//! that was moved to devices is used there even if `[vault] kind` still says "software".

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hsm_backend::keystore::{Contents, Keystore, KeystoreError, ListedRoot, Protection, RootPlace};
use hsm_backend::pkcs11::settings::ROOT_LABEL;
use hsm_backend::pkcs11::{self, TokenAddress};
use hsm_backend::rotating::{Presence, RootKey, RotatingVault};
use kmip_codec::secret::SecretText;

use crate::config::{Config, Custody, Generation, VaultKind, VaultMode};
use crate::passphrase;
use crate::service::{ServiceError, failure};

/// What opens the root key.
pub enum Secrets {
    /// How a root key in software is kept.
    Software(Protection),
    /// The devices that hold it, with their PINs.
    Devices(Vec<(TokenAddress, SecretText)>),
}

/// Where a new root key is to be.
#[derive(Debug, Clone)]
pub struct Target {
    /// In software or on devices.
    pub place: RootPlace,
    /// Names of the devices; all that are configured if there is none.
    pub devices: Vec<String>,
    /// Its label there; one with its number if there is none.
    pub root_label: Option<String>,
}

/// Asks for what a new data directory needs. Nothing is written.
pub(crate) fn choose(config: &Config) -> Result<Secrets, ServiceError> {
    check_custody(config)?;
    match config.vault.kind {
        VaultKind::Software if config.dev && config.vault.passphrase_file.is_none() => {
            Ok(Secrets::Software(Protection::DevFile))
        }
        VaultKind::Software => {
            let passphrase = passphrase::choose(&config.vault).map_err(failure)?;
            Ok(Secrets::Software(Protection::Passphrase(passphrase)))
        }
        VaultKind::Pkcs11 => devices(config, &[], None).map(Secrets::Devices),
    }
}

/// Makes the keys of a new data directory. A root key that stands on a device already is used.
pub(crate) fn create(keystore: &Path, config: &Config, secrets: Secrets) -> Result<Arc<RotatingVault>, ServiceError> {
    let vault = match secrets {
        Secrets::Software(protection) => Keystore::create(keystore, &protection).map_err(failure)?.into(),
        Secrets::Devices(devices) => {
            let key = RootKey::on_devices(devices, options(config), Presence::MadeIfAbsent).map_err(failure)?;
            let (vault, keys) = RotatingVault::create(key).map_err(failure)?;
            Keystore::create_beside_device(keystore, &keys).map_err(failure)?;
            vault
        }
    };
    Ok(Arc::new(vault))
}

/// Opens the vault of a data directory, with every root key that it still needs. With `Awaited`, devices that do not answer
/// are waited for.
pub(crate) fn open(
    keystore: &Path,
    config: &Config,
    presence: Presence<'_>,
) -> Result<Arc<RotatingVault>, ServiceError> {
    check_custody(config)?;
    let contents = Contents::read(keystore).map_err(failure)?;
    match (contents.newest().kind, config.vault.kind) {
        (RootPlace::Software, VaultKind::Pkcs11) => {
            return Err(failure(KeystoreError::RootInSoftware(keystore.into())));
        }
        (RootPlace::Pkcs11, VaultKind::Software) if !config.has_devices() => {
            return Err(failure(KeystoreError::RootOnDevice(keystore.into())));
        }
        (RootPlace::Pkcs11, VaultKind::Software) => {
            tracing::warn!("the root key is on PKCS#11 devices and is used there: say kind = \"pkcs11\" in [vault]");
        }
        (RootPlace::Software, VaultKind::Software) | (RootPlace::Pkcs11, VaultKind::Pkcs11) => (),
    }
    Keystore::open(keystore, |listed| open_root(keystore, config, listed, presence)).map(Arc::new)
}

impl From<KeystoreError> for ServiceError {
    fn from(error: KeystoreError) -> Self {
        failure(error)
    }
}

fn open_root(
    keystore: &Path,
    config: &Config,
    listed: &ListedRoot,
    presence: Presence<'_>,
) -> Result<RootKey, ServiceError> {
    match listed.kind {
        RootPlace::Software => open_software(keystore, config, listed.number),
        RootPlace::Pkcs11 => {
            let devices = devices(config, &listed.devices, listed.root_label.as_deref())?;
            RootKey::on_devices(devices, options(config), presence).map_err(failure)
        }
    }
}

/// Opens a root key in software by whichever passphrase does.
fn open_software(keystore: &Path, config: &Config, number: u32) -> Result<RootKey, ServiceError> {
    let Some(file) = &config.vault.passphrase_file else {
        let what = format!("root key {number} of the key store");
        return Ok(Keystore::open_root(keystore, number, || passphrase::ask(&what))?);
    };
    let mut first = None;
    // Read only where it is needed: a root key may be protected otherwise.
    let mut known = None;
    for place in 0.. {
        let mut is_last = false;
        let opened = Keystore::open_root(keystore, number, || {
            let lines = match &known {
                Some(lines) => lines,
                None => known.insert(passphrase::from_file(file)?),
            };
            is_last = place + 1 >= lines.len();
            lines.get(place).cloned().ok_or_else(|| std::io::Error::other("no passphrase is left"))
        });
        match opened {
            Err(error @ KeystoreError::WrongPassphrase(_)) => {
                first.get_or_insert(error);
            }
            other => return Ok(other?),
        }
        if is_last {
            break;
        }
    }
    let why = first.map_or_else(String::new, |error| error.to_string());
    Err(ServiceError(format!("{why}; {} may hold older passphrases in further lines", file.display())))
}

/// Makes or finds a new root key while the server runs, and says how to list it. Nobody is asked for a secret.
pub(crate) fn new_root(
    keystore: &Path,
    config: &Config,
    target: &Target,
    number: u32,
) -> Result<(RootKey, ListedRoot), ServiceError> {
    let Target { place, devices: names, root_label } = target;
    if *place == RootPlace::Software {
        let protection = match &config.vault.passphrase_file {
            Some(file) => {
                check_reopens(keystore, config)?;
                Protection::Passphrase(passphrase::newest(file).map_err(failure)?)
            }
            None if config.dev => Protection::DevFile,
            None => {
                let text = "a root key in software is sealed by a passphrase: name a file that holds it with [vault] passphrase_file";
                return Err(ServiceError(text.to_owned()));
            }
        };
        let key = Keystore::add_root(keystore, number, &protection)?;
        return Ok((key, ListedRoot { number, kind: *place, root_label: None, devices: Vec::new() }));
    }
    let label = root_label.clone().unwrap_or_else(|| format!("{ROOT_LABEL}-{number}"));
    let devices = devices(config, names, Some(&label))?;
    if devices.is_empty() {
        return Err(ServiceError("no device is configured: name it in an [[hsm]] table".to_owned()));
    }
    let names = devices.iter().map(|(address, _)| address.name.clone()).collect();
    let several = devices.len() > 1;
    let key = RootKey::on_devices(devices, options(config), Presence::MadeIfAbsent).map_err(|error| {
        let hint = match several {
            true => format!("; a root key on several devices is made with `kmip-cli hsm init --root-label {label}`"),
            false => String::new(),
        };
        ServiceError(format!("{error}{hint}"))
    })?;
    Ok((key, ListedRoot { number, kind: *place, root_label: Some(label), devices: names }))
}

/// Whether a start in the middle of a rotation could open the root key that is replaced.
fn check_reopens(keystore: &Path, config: &Config) -> Result<(), ServiceError> {
    let contents = Contents::read(keystore).map_err(failure)?;
    let newest = contents.newest();
    if newest.kind != RootPlace::Software {
        return Ok(());
    }
    open_software(keystore, config, newest.number).map(drop).map_err(|ServiceError(why)| {
        let todo = "write the new passphrase into the first line and leave the one in use in the second, until the rotation is done";
        ServiceError(format!("{why}: {todo}"))
    })
}

/// The label of a listed root key on a device of the configuration.
pub(crate) fn label_of(config: &Config, listed: &ListedRoot) -> Option<String> {
    match listed.kind {
        RootPlace::Software => None,
        RootPlace::Pkcs11 => {
            let configured = || config.hsm.first().and_then(|hsm| hsm.root_label.clone());
            Some(listed.root_label.clone().or_else(configured).unwrap_or_else(|| ROOT_LABEL.to_owned()))
        }
    }
}

/// What a vault in software cannot do is refused, never done otherwise.
fn check_custody(config: &Config) -> Result<(), ServiceError> {
    let vault = &config.vault;
    if vault.kind == VaultKind::Software && vault.custody == Custody::Resident {
        let text = "[vault]: custody = \"resident\" keeps keys in a device, and kind = \"software\" has none";
        return Err(ServiceError(text.to_owned()));
    }
    if vault.kind == VaultKind::Software && vault.generation == Generation::Device {
        let text = "[vault]: generation = \"device\" lets a device alone make keys, and kind = \"software\" has none";
        return Err(ServiceError(text.to_owned()));
    }
    if vault.kind == VaultKind::Software && vault.mode == VaultMode::Strict {
        let text = "[vault]: mode = \"strict\" asks the device for each key, and kind = \"software\" has none";
        return Err(ServiceError(text.to_owned()));
    }
    Ok(())
}

fn options(config: &Config) -> pkcs11::Options {
    pkcs11::Options {
        mode: match config.vault.mode {
            VaultMode::Cached => pkcs11::Mode::Cached,
            VaultMode::Strict => pkcs11::Mode::Strict,
        },
        generation: match config.vault.generation {
            Generation::Any => pkcs11::Generation::Any,
            Generation::Device => pkcs11::Generation::Device,
        },
        sessions: config.vault.sessions,
        deadline: Duration::from_secs(config.vault.deadline_s),
        ..pkcs11::Options::default()
    }
}

/// The configured devices of these names, or all, with their PINs.
fn devices(
    config: &Config,
    names: &[String],
    root_label: Option<&str>,
) -> Result<Vec<(TokenAddress, SecretText)>, ServiceError> {
    if let Some(unknown) = names.iter().find(|name| config.hsm.iter().all(|hsm| hsm.name != **name)) {
        return Err(ServiceError(format!("no [[hsm]] table has the name {unknown:?}, and the root key is there")));
    }
    let chosen = config.hsm.iter().filter(|hsm| names.is_empty() || names.contains(&hsm.name));
    chosen.map(|hsm| Ok((hsm.address(root_label), hsm.pin().map_err(failure)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(file: &Path) -> Config {
        let mut config = Config::default();
        config.vault.passphrase_file = Some(file.to_owned());
        config
    }

    /// A start in the middle of a rotation needs the passphrases of both root keys.
    #[test]
    fn a_root_key_is_replaced_only_if_a_start_could_open_the_one_in_use() {
        let folder = tempfile::tempdir().unwrap();
        let (file, keystore) = (folder.path().join("passphrase"), folder.path().join("keystore"));
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        write("old\n");
        let secrets = choose(&config(&file)).unwrap();
        create(&keystore, &config(&file), secrets).unwrap();
        let target = Target { place: RootPlace::Software, devices: Vec::new(), root_label: None };
        let add = |number| new_root(&keystore, &config(&file), &target, number);
        write("new\n");
        let refused = add(2).err().unwrap().0;
        assert!(refused.contains("does not open") && refused.contains("second"), "{refused}");
        write("new\nold\n");
        let (_, listed) = add(2).unwrap();
        let mut contents = Contents::read(&keystore).unwrap();
        contents.roots.push(listed);
        contents.write(&keystore).unwrap();
        for number in [1, 2] {
            assert!(open_software(&keystore, &config(&file), number).is_ok(), "{number}");
        }
        write("new\n");
        assert!(open_software(&keystore, &config(&file), 1).is_err());
        assert!(open_software(&keystore, &config(&file), 2).is_ok());
    }
}
