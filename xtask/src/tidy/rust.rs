//! Rules for Rust code, read as tokens: the length of functions, left-over macros, panics on paths that input reaches, names
//! that a crate must not use, and unsafe code.

use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::Finding;
use super::text::is_below_src;

/// Lines that a function may have, from its `fn` to its last brace.
const FUNCTION_LINES: usize = 70;
/// Macros that nobody leaves behind.
const LEFT_OVER: &[&str] = &["todo", "unimplemented", "dbg"];
/// Macros that write past the log; a library tells its caller, or `tracing`.
const PRINTING: &[&str] = &["print", "println", "eprint", "eprintln"];
/// Crates whose code talks to a terminal.
const TALKING: &[&str] = &["kmip-server", "kmip-cli", "conformance-tests", "xtask"];
/// Crates that are tools for tests and developers: a panic there is a report.
const TOOLS: &[&str] = &["conformance-tests", "xtask"];
/// Modules below `src` that serve tests only.
const FOR_TESTS: &[&str] = &["tests", "testing"];
/// What the protocol and the rules never name: sockets, files, clocks, threads, the environment, engines and devices.
const SANS_IO: &[&str] = &["kmip-codec", "kmip-core"];
const FOREIGN: &[&str] = &["tokio", "sled", "rustls", "tokio_rustls", "cryptoki", "axum", "SystemTime", "Instant"];
const FOREIGN_STD: &[&str] = &["net", "fs", "thread", "process", "env"];
/// The one crate that may hold unsafe code, in one module.
const UNSAFE_CRATE: &str = "hsm-backend";

/// Checks one Rust file.
pub fn check(path: &Path, source: &str) -> Vec<Finding> {
    let tokens = match TokenStream::from_str(source) {
        Ok(tokens) => tokens,
        Err(error) => return vec![Finding::new(error.span().start().line, "is not Rust")],
    };
    let mut reader = Reader { place: Place::of(path), findings: Vec::new() };
    if is_crate_root(path) {
        reader.crate_root(source);
    }
    reader.sequence(tokens, false);
    reader.findings
}

fn is_crate_root(path: &Path) -> bool {
    path.ends_with("src/lib.rs") || path.ends_with("src/main.rs")
}

/// Which rules hold for a file.
struct Place {
    krate: String,
    is_source: bool,
}

impl Place {
    fn of(path: &Path) -> Place {
        let path = path.with_extension("");
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let krate = parts.first().map(ToString::to_string).unwrap_or_default();
        let is_for_tests = parts.iter().any(|part| FOR_TESTS.contains(&part.as_ref()));
        Place { krate, is_source: is_below_src(&path) && !is_for_tests }
    }

    fn forbids_panics(&self) -> bool {
        self.is_source && !TOOLS.contains(&self.krate.as_str())
    }

    fn is_silent(&self) -> bool {
        self.is_source && !TALKING.contains(&self.krate.as_str())
    }

    fn forbids_io(&self) -> bool {
        self.is_source && SANS_IO.contains(&self.krate.as_str())
    }
}

struct Reader {
    place: Place,
    findings: Vec<Finding>,
}

impl Reader {
    fn find(&mut self, at: &TokenTree, message: impl Into<String>) {
        self.findings.push(Finding::new(at.span().start().line, message));
    }

    fn crate_root(&mut self, source: &str) {
        let lint = if self.place.krate == UNSAFE_CRATE { "deny" } else { "forbid" };
        let attribute = format!("#![{lint}(unsafe_code)]");
        let forbids = source.contains(&attribute) || source.contains("#![forbid(unsafe_code)]");
        if !forbids {
            self.findings.push(Finding::new(1, format!("a crate root says `{attribute}`")));
        }
    }

    /// Reads one sequence of tokens; what follows a test attribute, up to its braces or semicolon, is test code.
    fn sequence(&mut self, tokens: TokenStream, in_test: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut is_test_item = in_test;
        for (at, token) in tokens.iter().enumerate() {
            let rest = tokens.get(at + 1..).unwrap_or_default();
            let before = at.checked_sub(1).and_then(|at| tokens.get(at));
            if is_punct(Some(token), '#') && rest.first().is_some_and(is_test_attribute) {
                is_test_item = true;
            }
            self.token(token, before, rest, is_test_item);
            if let TokenTree::Group(group) = token {
                self.sequence(group.stream(), is_test_item);
            }
            if ends_item(token) {
                is_test_item = in_test;
            }
        }
    }

    fn token(&mut self, token: &TokenTree, before: Option<&TokenTree>, rest: &[TokenTree], in_test: bool) {
        let TokenTree::Ident(ident) = token else { return };
        let name = ident.to_string();
        if name == "fn" {
            self.function(token, rest);
        }
        if LEFT_OVER.contains(&name.as_str()) && is_punct(rest.first(), '!') {
            self.find(token, format!("`{name}!` is left over"));
        }
        if !in_test && self.place.is_silent() && PRINTING.contains(&name.as_str()) && is_punct(rest.first(), '!') {
            self.find(token, format!("`{name}!` in a library: return it, or tell `tracing`"));
        }
        if !in_test && self.place.forbids_panics() && is_punct(before, '.') {
            self.panicking_call(&name, token, rest);
        }
        if !in_test && self.place.forbids_io() {
            self.foreign(&name, token, rest);
        }
    }

    fn function(&mut self, token: &TokenTree, rest: &[TokenTree]) {
        let Some(TokenTree::Ident(name)) = rest.first() else { return };
        let Some(body) = rest.iter().take_while(|token| !is_punct(Some(token), ';')).find_map(braces) else { return };
        let first = token.span().start().line;
        let lines = body.span_close().end().line.saturating_sub(first) + 1;
        if lines > FUNCTION_LINES {
            self.find(token, format!("`{name}` has {lines} lines; a function has at most {FUNCTION_LINES}"));
        }
    }

    fn panicking_call(&mut self, name: &str, token: &TokenTree, rest: &[TokenTree]) {
        let Some(TokenTree::Group(arguments)) = rest.first() else { return };
        if name == "unwrap" && arguments.stream().is_empty() {
            self.find(token, "`unwrap()` outside tests: return the error, or `expect(\"invariant: ...\")`");
        }
        let text = arguments.stream().to_string();
        if name == "expect" && text.starts_with('"') && !text.starts_with("\"invariant: ") {
            self.find(token, "`expect` outside tests states an invariant: `expect(\"invariant: ...\")`");
        }
    }

    fn foreign(&mut self, name: &str, token: &TokenTree, rest: &[TokenTree]) {
        if FOREIGN.contains(&name) {
            self.find(token, format!("{} never names `{name}`", self.place.krate));
        }
        if name != "std" || !is_punct(rest.first(), ':') {
            return;
        }
        for part in rest.get(2).map(named_parts).unwrap_or_default() {
            if FOREIGN_STD.contains(&part.as_str()) {
                let hint = if part == "net" { " (addresses as plain values are in `core::net`)" } else { "" };
                self.find(token, format!("{} never names `std::{part}`{hint}", self.place.krate));
            }
        }
    }
}

/// The names after `std::`: one, or those between braces.
fn named_parts(token: &TokenTree) -> Vec<String> {
    match token {
        TokenTree::Ident(ident) => vec![ident.to_string()],
        TokenTree::Group(group) => group.stream().into_iter().filter_map(ident_text).collect(),
        _ => Vec::new(),
    }
}

fn ident_text(token: TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(ident) => Some(ident.to_string()),
        _ => None,
    }
}

fn is_punct(token: Option<&TokenTree>, punct: char) -> bool {
    matches!(token, Some(TokenTree::Punct(found)) if found.as_char() == punct)
}

/// `[test]`, `[cfg(test)]`, `[tokio::test]`, `[cfg(any(test, ...))]`.
fn is_test_attribute(token: &TokenTree) -> bool {
    fn names_test(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            TokenTree::Ident(ident) => ident == "test",
            TokenTree::Group(group) => names_test(group.stream()),
            _ => false,
        })
    }
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket && names_test(group.stream()))
}

fn ends_item(token: &TokenTree) -> bool {
    is_punct(Some(token), ';') || braces(token).is_some()
}

fn braces(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_at(path: &str, source: &str, expected: &[&str]) {
        let found: Vec<String> = check(Path::new(path), source).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found:?} lacks {expected:?}");
        }
    }

    #[test]
    fn functions_fit_a_screen() {
        let body = |lines: usize| format!("struct S;\nfn long(\n) {{\n{}}}\n", "    step();\n".repeat(lines));
        check_at("a/src/x.rs", &body(67), &[]);
        check_at("a/src/x.rs", &body(68), &["2: `long` has 71 lines"]);
        check_at("a/tests/x.rs", &body(68), &["`long`"]);
        check_at("a/src/x.rs", &format!("trait T {{ fn none(&self); }}\nfn f() {{ {} }}", "x();\n".repeat(60)), &[]);
    }

    #[test]
    fn left_over_macros_are_found_even_in_tests() {
        check_at("a/src/x.rs", "fn f() { todo!() }", &["`todo!`"]);
        check_at("a/tests/x.rs", "fn f() {\n dbg!(1);\n unimplemented!() }", &["2: `dbg!`", "3: `unimplemented!`"]);
        check_at("a/src/x.rs", "// todo!()\nfn todo() { s(\"dbg!(1)\") }", &[]);
    }

    #[test]
    fn libraries_do_not_print() {
        check_at("kmip-core/src/x.rs", "fn f() { println!(\"x\") }", &["`println!` in a library"]);
        check_at("kmip-cli/src/x.rs", "fn f() { println!(\"x\") }", &[]);
        check_at("kmip-core/src/x.rs", "#[test]\nfn f() { println!(\"x\") }", &[]);
    }

    #[test]
    fn panics_are_for_tests() {
        check_at("a/src/x.rs", "fn f() { x.unwrap() }", &["`unwrap()`"]);
        check_at("a/src/x.rs", "fn f() { x.expect(\"a lock\") }", &["states an invariant"]);
        check_at(
            "a/src/x.rs",
            "fn f() { x.expect(\"invariant: fixed size\"); p.expect(Token::End); x.unwrap_or(1) }",
            &[],
        );
        check_at(
            "a/src/x.rs",
            "#[cfg(test)]\nmod tests { fn f() { x.unwrap() } }\nfn g() { y.unwrap() }",
            &["3: `unwrap()`"],
        );
        check_at("a/src/x.rs", "#[cfg(test)]\nuse a::b;\nfn g() { y.unwrap() }", &["3: `unwrap()`"]);
        check_at("a/tests/x.rs", "fn f() { x.unwrap() }", &[]);
        check_at("xtask/src/x.rs", "fn f() { x.unwrap() }", &[]);
        check_at("a/src/x/tests.rs", "fn f() { x.unwrap() }", &[]);
        check_at("a/src/testing/store.rs", "fn f() { x.unwrap() }", &[]);
    }

    #[test]
    fn core_and_codec_name_no_outside_world() {
        check_at("kmip-core/src/x.rs", "use std::net::TcpStream;", &["`std::net`"]);
        check_at("kmip-core/src/x.rs", "use std::{fmt, fs, thread};", &["`std::fs`", "`std::thread`"]);
        check_at("kmip-codec/src/x.rs", "fn f() { tokio::spawn(g()); }", &["`tokio`"]);
        check_at("kmip-codec/src/x.rs", "use std::time::Instant;", &["`Instant`"]);
        check_at("kmip-core/src/x.rs", "#[cfg(test)]\nmod tests { use std::thread; }", &[]);
        check_at("kmip-core/src/x.rs", "use std::sync::Arc; // std::fs in words", &[]);
        check_at("kmip-server/src/x.rs", "use std::net::TcpStream;", &[]);
    }

    #[test]
    fn crate_roots_forbid_unsafe_code() {
        check_at("a/src/lib.rs", "//! A.\n", &["`#![forbid(unsafe_code)]`"]);
        check_at("a/src/lib.rs", "#![forbid(unsafe_code)]\n", &[]);
        check_at("hsm-backend/src/lib.rs", "#![deny(unsafe_code)]\n", &[]);
        check_at("hsm-backend/src/lib.rs", "", &["`#![deny(unsafe_code)]`"]);
    }

    #[test]
    fn what_is_not_rust_is_told() {
        check_at("a/src/x.rs", "fn f() { (", &["is not Rust"]);
    }
}
