//! The key vault that the configuration names: in software, with its root key in the data directory, or on PKCS#11 devices.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hsm_backend::keystore::{Keystore, Protection};
use hsm_backend::pkcs11::{self, Pkcs11Vault, TokenAddress};
use hsm_backend::software::SoftwareVault;
use kmip_codec::secret::SecretText;
use kmip_core::ports::store::RecordSeal;
use kmip_core::ports::vault::KeyVault;

use crate::config::{Config, Custody, Hsm, VaultKind, VaultMode};
use crate::service::{ServiceError, failure};
use crate::{passphrase, pin};

/// Label of the root key on a device, unless the configuration says another.
const ROOT_LABEL: &str = "kmip-root";

/// What opens the root key.
pub enum Secrets {
    /// How a root key in software is kept.
    Software(Protection),
    /// The devices that hold it, with their PINs.
    Devices(Vec<(TokenAddress, SecretText)>),
}

/// A vault, and the seal for the records of its store.
pub(crate) struct OpenVault {
    pub vault: Arc<dyn KeyVault>,
    pub seal: Arc<dyn RecordSeal>,
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
        VaultKind::Pkcs11 => devices(config).map(Secrets::Devices),
    }
}

/// Makes the keys of a new data directory. A root key that stands on a device already is used.
pub(crate) fn create(keystore: &Path, config: &Config, secrets: Secrets) -> Result<OpenVault, ServiceError> {
    match secrets {
        Secrets::Software(protection) => Keystore::create(keystore, &protection).map(in_software).map_err(failure),
        Secrets::Devices(devices) => {
            let vault = Pkcs11Vault::open_or_create(devices, options(config)).map_err(failure)?;
            let keys = vault.create_store_keys().map_err(failure)?;
            Keystore::create_beside_device(keystore, &keys).map_err(failure)?;
            on_devices(vault, &keys)
        }
    }
}

/// Opens the vault of a data directory.
pub(crate) fn open(keystore: &Path, config: &Config) -> Result<OpenVault, ServiceError> {
    check_custody(config)?;
    match config.vault.kind {
        VaultKind::Software => {
            Keystore::open(keystore, || passphrase::ask(&config.vault)).map(in_software).map_err(failure)
        }
        VaultKind::Pkcs11 => {
            let keys = Keystore::read_beside_device(keystore).map_err(failure)?;
            let vault = Pkcs11Vault::open(devices(config)?, options(config)).map_err(failure)?;
            on_devices(vault, &keys)
        }
    }
}

fn in_software(keystore: Keystore) -> OpenVault {
    let vault = SoftwareVault::new(keystore);
    OpenVault { seal: vault.record_seal(), vault: Arc::new(vault) }
}

fn on_devices(vault: Pkcs11Vault, keys: &[u8]) -> Result<OpenVault, ServiceError> {
    let seal = vault.record_seal(keys).map_err(failure)?;
    Ok(OpenVault { seal, vault: Arc::new(vault) })
}

/// What a vault in software cannot do is refused, never done otherwise.
fn check_custody(config: &Config) -> Result<(), ServiceError> {
    let vault = &config.vault;
    if vault.kind == VaultKind::Software && vault.custody == Custody::Resident {
        let text = "[vault]: custody = \"resident\" keeps keys in a device, and kind = \"software\" has none";
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
        sessions: config.vault.sessions,
        deadline: Duration::from_secs(config.vault.deadline_s),
    }
}

fn devices(config: &Config) -> Result<Vec<(TokenAddress, SecretText)>, ServiceError> {
    config.hsm.iter().map(|hsm| Ok((address(hsm), pin::ask(hsm).map_err(failure)?))).collect()
}

fn address(hsm: &Hsm) -> TokenAddress {
    TokenAddress {
        name: hsm.name.clone(),
        module: hsm.module.clone(),
        token_label: hsm.token_label.clone(),
        serial: hsm.serial.clone(),
        root_label: hsm.root_label.clone().unwrap_or_else(|| ROOT_LABEL.to_owned()),
    }
}
