//! `cargo xtask tidy`: the house rules that neither the compiler nor clippy sees.
//!
//! Text rules hold for every file of the tree, token rules for Rust code; each finding names its file and line.

mod rust;
mod text;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::reference::repository;

/// A broken rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    line: usize,
    message: String,
}

impl Finding {
    /// A finding at a line, counted from 1.
    pub fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

/// Checks the whole tree; `false` if a rule is broken.
pub fn run() -> Result<bool, Box<dyn std::error::Error>> {
    let files = tree::files(repository())?;
    let mut broken = 0;
    for path in &files {
        for finding in check_file(path, &files)? {
            println!("TIDY {}:{finding}", path.display());
            broken += 1;
        }
    }
    println!("tidy: {} files, {broken} findings", files.len());
    Ok(broken == 0)
}

fn check_file(path: &Path, files: &[PathBuf]) -> io::Result<Vec<Finding>> {
    let bytes = fs::read(repository().join(path))?;
    let Ok(source) = String::from_utf8(bytes) else { return Ok(Vec::new()) };
    let mut findings = text::check(path, &source);
    if path.extension().is_some_and(|extension| extension == "rs") {
        findings.extend(rust::check(path, &source));
        findings.extend(tree::check_reachable(path, files, |parent| fs::read_to_string(repository().join(parent)))?);
    }
    findings.sort();
    Ok(findings)
}
