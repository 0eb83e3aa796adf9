//! `store.json`: the keys of the store, and the list of root keys that are needed to open it.
//!
//! Until a root key is replaced the file has format 1, without a list: the only root key is number 1, in software if its file
//! stands beside it, else on the configured devices. Format 2 has the list.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{must_be_private, read_private, replace};
use super::{DEV_ROOT, Keystore, KeystoreError, SEALED_ROOT, STORE_KEYS, check_format, damaged, parse, to_json, unhex};
use crate::roots;

const LISTED: u32 = 2;

/// What a key store holds beside root keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// The root keys that are needed, oldest first; the last one seals.
    pub roots: Vec<ListedRoot>,
    /// The keys of the store, sealed under the root key that seals.
    pub store_keys: Vec<u8>,
    /// Whether scopes get new keys, too, before the older root keys are forgotten.
    pub renews_scope_keys: bool,
}

/// Where a root key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedRoot {
    /// Its number, from 1.
    pub number: u32,
    /// In software or on devices.
    pub kind: RootPlace,
    /// Its label on the devices; the configured one if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root_label: Option<String>,
    /// Names of the devices that hold it; all that are configured if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
}

/// What keeps a root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RootPlace {
    /// A file of the key store.
    Software,
    /// PKCS#11 devices.
    Pkcs11,
}

impl RootPlace {
    /// As the configuration calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Software => "software",
            Self::Pkcs11 => "pkcs11",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    sealed: String,
    roots: Vec<ListedRoot>,
    #[serde(default)]
    renews_scope_keys: bool,
}

#[derive(Deserialize)]
struct AnyFormat {
    format: u32,
}

impl Contents {
    /// Reads the contents of the key store at `dir`.
    pub fn read(dir: &Path) -> Result<Self, KeystoreError> {
        if !Keystore::exists(dir) {
            return Err(KeystoreError::Missing(dir.to_owned()));
        }
        must_be_private(dir, 0o700)?;
        let path = dir.join(STORE_KEYS);
        let text = read_private(&path)?;
        if parse::<AnyFormat>(&path, &text)?.format != LISTED {
            let file: super::StoreFile = parse(&path, &text)?;
            check_format(&path, file.format)?;
            return Ok(Self::of_first(dir, unhex(&path, &file.sealed)?));
        }
        let file: File = parse(&path, &text)?;
        if file.roots.is_empty() || !file.roots.is_sorted_by(|one, next| one.number < next.number) {
            return Err(damaged(&path, "its list of root keys is empty or out of order"));
        }
        let store_keys = unhex(&path, &file.sealed)?;
        Ok(Self { roots: file.roots, store_keys, renews_scope_keys: file.renews_scope_keys })
    }

    fn of_first(dir: &Path, store_keys: Vec<u8>) -> Self {
        let in_software = [SEALED_ROOT, DEV_ROOT].iter().any(|name| dir.join(name).exists());
        let kind = if in_software { RootPlace::Software } else { RootPlace::Pkcs11 };
        let first = ListedRoot { number: roots::FIRST, kind, root_label: None, devices: Vec::new() };
        Self { roots: vec![first], store_keys, renews_scope_keys: false }
    }

    /// Writes the contents in place of what the key store at `dir` has; durable when it returns.
    pub fn write(&self, dir: &Path) -> Result<(), KeystoreError> {
        let file = File {
            format: LISTED,
            sealed: hex::encode(&self.store_keys),
            roots: self.roots.clone(),
            renews_scope_keys: self.renews_scope_keys,
        };
        replace(dir, STORE_KEYS, &to_json(&file))
    }

    /// The root key that seals.
    pub fn newest(&self) -> &ListedRoot {
        self.roots.last().expect("invariant: a list that was read is not empty")
    }
}

/// The files of a root key in software: sealed, and in the clear.
pub(super) fn root_files(dir: &Path, number: u32) -> (PathBuf, PathBuf) {
    match number {
        roots::FIRST => (dir.join(SEALED_ROOT), dir.join(DEV_ROOT)),
        later => (dir.join(format!("root-{later}.json")), dir.join(format!("root-{later}.dev.key"))),
    }
}
