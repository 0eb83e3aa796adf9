//! The files of the tree, and whether each module file is a part of its crate.

use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Finding;

/// Folders that hold nothing of ours.
const IGNORED: &[&str] = &["target", ".git", "kmip-data", ".venv", "corpus", "artifacts", "__pycache__"];

/// All files under `root`, relative to it, in order.
pub fn files(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = folder.join(entry.file_name());
            if IGNORED.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if entry.file_type()?.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

/// A module file that no `mod` names is dead: the compiler never reads it.
pub fn check_reachable(
    path: &Path,
    files: &[PathBuf],
    read: impl Fn(&Path) -> io::Result<String>,
) -> io::Result<Option<Finding>> {
    let Some(module) = Module::of(path) else { return Ok(None) };
    for parent in module.parents.iter().filter(|parent| files.contains(parent)) {
        if declares(&read(parent)?, &module.name) {
            return Ok(None);
        }
    }
    Ok(Some(Finding::new(1, format!("no file declares `mod {}`: the compiler never reads this", module.name))))
}

fn declares(source: &str, module: &str) -> bool {
    let declaration = format!("mod {module};");
    source.lines().any(|line| line.trim_end().ends_with(&declaration))
}

/// A module file below `src`.
struct Module {
    name: String,
    parents: Vec<PathBuf>,
}

impl Module {
    /// None for crate roots and for files outside `src`.
    fn of(path: &Path) -> Option<Module> {
        let stem = path.file_stem()?.to_str()?;
        let folder = path.parent()?;
        let below_src = path.components().any(|part| part.as_os_str() == "src");
        let is_root = folder.ends_with("src") && (stem == "lib" || stem == "main");
        if !below_src || is_root || folder.ends_with("src/bin") {
            return None;
        }
        let (name, home) =
            if stem == "mod" { (folder.file_name()?.to_str()?, folder.parent()?) } else { (stem, folder) };
        let mut parents: Vec<PathBuf> = ["lib.rs", "main.rs", "mod.rs"].iter().map(|file| home.join(file)).collect();
        parents.push(home.with_extension("rs"));
        Some(Module { name: name.to_owned(), parents })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, parent: (&str, &str), dead: bool) {
        let files = [PathBuf::from(path), PathBuf::from(parent.0)];
        let read = |asked: &Path| {
            assert_eq!(asked, Path::new(parent.0));
            Ok(parent.1.to_owned())
        };
        assert_eq!(check_reachable(Path::new(path), &files, read).expect("readable").is_some(), dead, "{path}");
    }

    #[test]
    fn a_module_is_named_by_its_parent() {
        check("a/src/x.rs", ("a/src/lib.rs", "pub mod x;\n"), false);
        check("a/src/x.rs", ("a/src/lib.rs", "mod xx;\n"), true);
        check("a/src/x/mod.rs", ("a/src/main.rs", "mod x;\n"), false);
        check("a/src/x/y.rs", ("a/src/x/mod.rs", "pub(crate) mod y;\n"), false);
        check("a/src/x/y.rs", ("a/src/x.rs", "mod y;\n"), false);
        check("a/src/x/y.rs", ("a/src/x.rs", ""), true);
    }

    #[test]
    fn roots_and_test_files_need_no_parent() {
        check("a/src/lib.rs", ("a/src/main.rs", ""), false);
        check("a/tests/x.rs", ("a/src/lib.rs", ""), false);
        check("a/src/bin/tool.rs", ("a/src/lib.rs", ""), false);
    }
}
