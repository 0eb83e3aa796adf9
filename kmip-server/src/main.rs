//! The binary `kmip-server`.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    kmip_server::cli::main()
}
