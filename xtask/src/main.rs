//! Developer commands: `cargo xtask spec-diff` compares the protocol tables with the specification's data,
//! `cargo xtask tidy` checks what the compiler and clippy cannot see.

#![forbid(unsafe_code)]

mod reference;
mod spec_diff;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask spec-diff | tidy
  spec-diff  compare the registries, fields and attribute rules with the data in $KMIP_REFERENCE/spec/data
  tidy       check the house rules of the source tree";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["spec-diff"] => spec_diff::run(),
        ["tidy"] => tidy::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
