//! `kmip-cli`: the operator's command line. KMIP operations over the KMIP port, administration over the admin API.
//!
//! Exit codes: 0 success; 1 the server refused; 2 bad usage; 3 no answer. Errors go to stderr with what to try.

#![forbid(unsafe_code)]
// They panic where nobody reads: `output` writes.
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod admin_api;
mod cli;
mod commands;
mod context;
mod failure;
mod files;
mod hint;
mod key_file;
mod names;
mod output;
mod profile;
mod target;
mod value_json;
mod value_text;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

/// How long the end of the process waits for calls to leave a PKCS#11 module.
const FAREWELL: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(commands::run(cli)),
        Err(error) => Err(failure::CliError::Local(format!("cannot start: {error}"))),
    };
    hsm_backend::pkcs11::finalise(FAREWELL);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::tell(&format!("error: {error}\n"));
            if let Some(hint) = hint::for_error(&error) {
                output::tell(&format!("try: {hint}\n"));
            }
            ExitCode::from(error.exit_code())
        }
    }
}
