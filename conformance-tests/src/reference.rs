//! The reference folder: specification data, published cases and client scripts that are not part of this repository.

use std::path::{Path, PathBuf};

/// The variable that names the folder.
pub const VARIABLE: &str = "KMIP_REFERENCE";

/// The folder: `KMIP_REFERENCE`, or `../shared` beside the workspace; none if it is not there.
pub fn folder() -> Option<PathBuf> {
    let named = std::env::var_os(VARIABLE).map(PathBuf::from);
    let folder = named.unwrap_or_else(|| workspace().join("../shared"));
    folder.is_dir().then_some(folder)
}

/// A folder below the reference folder; prints a `SKIP` line and is none where it is missing.
pub fn require(what: &str, below: &str) -> Option<PathBuf> {
    let found = folder().map(|folder| folder.join(below)).filter(|path| path.exists());
    if found.is_none() {
        println!("SKIP {what}: no {below} in the reference folder (set {VARIABLE})");
    }
    found
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("invariant: the crate lies in the workspace")
}
