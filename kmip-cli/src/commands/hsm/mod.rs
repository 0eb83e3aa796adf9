//! `hsm`: the PKCS#11 devices that hold the root key. `status` asks a running server; `probe` talks to a device itself.

mod device;
mod probe;
mod status;

use crate::cli::HsmCommand;
use crate::context::Context;
use crate::failure::Done;
use crate::output::Output;

/// Asks the server.
pub async fn run(context: &Context, command: HsmCommand) -> Done {
    match command {
        HsmCommand::Status { admin } => status::run(context, &admin).await,
        HsmCommand::Probe(args) => probe::run(context.output, &args),
    }
}

/// Does what needs no server, and so no profile; `false` if the command needs one.
pub fn without_server(output: Output, command: &HsmCommand) -> Option<Done> {
    match command {
        HsmCommand::Status { .. } => None,
        HsmCommand::Probe(args) => Some(probe::run(output, args)),
    }
}
