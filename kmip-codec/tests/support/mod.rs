//! Where the reference material lies, and what its variables stand for.

#![allow(clippy::disallowed_methods, reason = "a test finds the reference material by the environment")]

use std::path::{Path, PathBuf};

use kmip_codec::registry::ItemType;

/// A folder of the reference material, named by `KMIP_REFERENCE`, else beside the workspace. `None`, and a line that
/// says so, if it is missing.
pub fn reference(folder: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let root = std::env::var_os("KMIP_REFERENCE").map_or(beside, PathBuf::from);
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    println!("SKIP {}: no such folder; KMIP_REFERENCE names the reference material", path.display());
    None
}

/// All files below `folder` with this extension, in order.
#[allow(dead_code)]
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A value of its type for a variable of the OASIS cases.
#[allow(dead_code)]
pub fn variable(name: &str, item_type: ItemType) -> Option<String> {
    let value = match item_type {
        ItemType::DateTime => "2024-02-29T12:00:00+00:00",
        ItemType::ByteString => "c0ffee00",
        _ => name,
    };
    Some(value.to_owned())
}
