//! Rules for the text of any file: no private keys, no paths of one machine, no left-over marks, a header in Rust files.

use std::path::Path;

use super::Finding;

/// Marks of unfinished work. Written in two halves, so that this file passes its own check.
const MARKS: &[&str] = &[concat!("FIX", "ME"), concat!("XX", "X"), concat!("TO", "DO")];
/// Beginnings of paths that exist on one machine only.
const MACHINE_PATHS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/tmp/", "team"), concat!("/fa", "rm/")];

/// Checks one file.
pub fn check(path: &Path, source: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    if is_rust && is_below_src(path) && !source.starts_with("//!") {
        findings
            .push(Finding::new(1, "a source file begins with a `//!` header: what it is, which section it follows"));
    }
    let lines: Vec<&str> = source.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let next = lines.get(at + 1).copied().unwrap_or_default();
        findings.extend(check_line(line, next).map(|message| Finding::new(at + 1, message)));
    }
    findings
}

/// Whether the file is code of a crate, and not of its tests, benchmarks or examples.
pub fn is_below_src(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "src")
}

fn check_line(line: &str, next: &str) -> Option<String> {
    if let Some(mark) = MARKS.iter().find(|mark| has_word(line, mark)) {
        return Some(format!("`{mark}` is left over: finish it or file it"));
    }
    if let Some(path) = MACHINE_PATHS.iter().find(|path| has_path(line, path)) {
        return Some(format!("`{path}` is a path of one machine"));
    }
    let begins_key = line.contains("-----BEGIN ") && line.contains(concat!("PRIVATE ", "KEY-----"));
    (begins_key && is_base64(next)).then(|| "a private key is never committed".to_owned())
}

fn has_word(line: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
    })
}

fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-'))
    })
}

fn is_base64(line: &str) -> bool {
    let text = line.trim().trim_matches(|c| c == '"' || c == '\\');
    text.len() >= 32 && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, source: &str) -> Vec<String> {
        check(Path::new(path), source).iter().map(ToString::to_string).collect()
    }

    fn finds(line: &str, expected: bool) {
        assert_eq!(check_line(line, "").is_some(), expected, "{line}");
    }

    #[test]
    fn a_header_opens_every_source_file() {
        assert_eq!(messages("a/src/x.rs", "use std::fmt;\n").len(), 1);
        assert!(messages("a/src/x.rs", "//! What it is.\n").is_empty());
        assert!(messages("a/tests/x.rs", "use std::fmt;\n").is_empty());
    }

    #[test]
    fn marks_are_whole_words() {
        finds(concat!("// FIX", "ME later"), true);
        finds(concat!("// XX", "X: why"), true);
        finds(concat!("0xXX", "XX"), false);
        finds(concat!("/// 8XX", "XXXXX is an extension"), false);
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        finds(concat!("see /wo", "rk/main"), true);
        finds(concat!("see ./wo", "rk/main"), false);
        finds("frame/working", false);
    }

    #[test]
    fn a_private_key_is_told_from_its_label() {
        let label = concat!("-----BEGIN PRIVATE ", "KEY-----");
        let body = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        assert_eq!(messages("a.pem", &format!("{label}\n{body}\n")), ["1: a private key is never committed"]);
        assert!(messages("a.md", &format!("the label is {label}\nand then text\n")).is_empty());
    }
}
