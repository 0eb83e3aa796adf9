//! What the tests of the stores share: a seal that authenticates, copies of directories, and a program that
//! writes to a store.

#![allow(dead_code)]

pub mod numbered;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use kmip_core::ports::store::{RecordSeal, Revision, StoreError};
use kmip_server::store::{Options, SledStore};
use sha2::{Digest, Sha256};

/// Store id of the tests.
pub const STORE_ID: [u8; 16] = *b"test-store-id-01";

/// AES-256-GCM under a fixed key.
pub struct TestSeal {
    cipher: Aes256Gcm,
    nonces: AtomicU64,
}

impl TestSeal {
    /// A seal whose key is made of `byte`.
    pub fn shared(byte: u8) -> Arc<dyn RecordSeal> {
        let cipher = Aes256Gcm::new_from_slice(&[byte; 32]).expect("32 bytes");
        Arc::new(Self { cipher, nonces: AtomicU64::new(u64::from(std::process::id()) << 40) })
    }

    fn associated(key: &[u8], revision: Revision) -> Vec<u8> {
        [&revision.to_be_bytes()[..], key].concat()
    }
}

impl RecordSeal for TestSeal {
    fn seal(&self, key: &[u8], revision: Revision, value: &[u8]) -> Vec<u8> {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&self.nonces.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        let payload = Payload { msg: value, aad: &Self::associated(key, revision) };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).expect("seals");
        [&nonce[..], &sealed].concat()
    }

    fn open(&self, key: &[u8], revision: Revision, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<12>()?;
        self.cipher.decrypt(&Nonce::from(*nonce), Payload { msg: sealed, aad: &Self::associated(key, revision) }).ok()
    }

    fn blind(&self, text: &[u8]) -> [u8; 32] {
        Sha256::new().chain_update([7; 32]).chain_update(text).finalize().into()
    }
}

/// Opens the store in `path`, or makes it.
pub fn open(path: &Path, options: Options) -> Result<SledStore, StoreError> {
    if SledStore::exists(path) {
        SledStore::open(path, TestSeal::shared(1), options)
    } else {
        SledStore::create(path, TestSeal::shared(1), STORE_ID, options)
    }
}

/// Copies a directory as it stands.
pub fn copy_directory(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("creates");
    for entry in fs::read_dir(from).expect("lists") {
        let source = entry.expect("lists").path();
        let target = to.join(source.file_name().expect("a name"));
        if source.is_dir() {
            copy_directory(&source, &target);
        } else {
            fs::copy(&source, &target).expect("copies");
        }
    }
}

/// The program `examples/store_writer.rs`, in the profile of this test. `cargo test` builds it; where only some tests are
/// built, it is built here.
pub fn writer() -> Command {
    let program = std::env::current_exe().expect("own path");
    let profile = program.ancestors().nth(2).expect("target, profile, deps");
    let writer = profile.join("examples/store_writer");
    if !is_newer_than_its_sources(&writer) {
        build_writer(profile);
    }
    Command::new(writer)
}

/// Whether a program is there and no source has changed since: Cargo lists them in a file beside it, as `program: source ...`
/// with a backslash before a space in a path.
fn is_newer_than_its_sources(program: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|data| data.modified()).ok();
    let (Some(built), Ok(list)) = (changed(program), fs::read_to_string(program.with_extension("d"))) else {
        return false;
    };
    let Some((_, sources)) = list.split_once(": ") else { return false };
    let sources = sources.trim().replace("\\ ", "\0");
    sources.split(' ').all(|source| changed(Path::new(&source.replace('\0', " "))).is_some_and(|at| at <= built))
}

fn build_writer(profile: &Path) {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", "kmip-server", "--example", "store_writer", "--target-dir"]);
    build.arg(profile.parent().expect("a target folder")).current_dir(env!("CARGO_MANIFEST_DIR"));
    if profile.ends_with("release") {
        build.arg("--release");
    }
    assert!(build.status().expect("cargo starts").success(), "examples/store_writer.rs does not build");
}
