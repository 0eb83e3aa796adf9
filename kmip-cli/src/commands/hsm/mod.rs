//! `hsm`: the PKCS#11 devices that hold the root key. `status` and `reconcile` ask a running server; the others talk to devices themselves.

mod device;
mod init;
mod probe;
mod reconcile;
mod restore;
mod status;
mod unfinished;

use crate::cli::HsmCommand;
use crate::context::Context;
use crate::failure::Done;
use crate::output::Output;

/// Asks the server.
pub async fn run(context: &Context, command: HsmCommand) -> Done {
    match command {
        HsmCommand::Status { admin } => status::run(context, &admin).await,
        HsmCommand::Reconcile { admin } => reconcile::run(context, &admin).await,
        HsmCommand::Probe(args) => probe::run(context.output, &args),
        HsmCommand::Init(args) => init::run(context.output, &args, context.yes),
        HsmCommand::Restore(args) => restore::run(context.output, &args, context.yes),
    }
}

/// Does what needs no server, and so no profile; `None` if the command needs one.
pub fn without_server(output: Output, yes: bool, command: &HsmCommand) -> Option<Done> {
    match command {
        HsmCommand::Status { .. } | HsmCommand::Reconcile { .. } => None,
        HsmCommand::Probe(args) => Some(probe::run(output, args)),
        HsmCommand::Init(args) => Some(init::run(output, args, yes)),
        HsmCommand::Restore(args) => Some(restore::run(output, args, yes)),
    }
}
