//! The commands, one file each or one for a family, and the dispatch to them.

mod admin;
mod attributes;
mod authority;
mod create;
mod get;
mod hsm;
mod lifecycle;
mod locate;
mod register;
mod root_key;
mod send;
mod server;

use clap::CommandFactory;
use kmip_client::{Client, attributes as attribute};
use kmip_codec::attribute::Attribute;
use kmip_codec::registry::CryptographicUsageMask;

use crate::cli::{Cli, Command, NewObject};
use crate::context::Context;
use crate::failure::{CliError, Done};
use crate::output::{Output, tell};
use crate::{names, value_text};

/// Does what the command line says.
pub async fn run(cli: Cli) -> Done {
    let output = Output::new(cli.output);
    if let Command::Completion { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "kmip-cli", &mut script);
        return output.text(&String::from_utf8_lossy(&script));
    }
    if let Command::Hsm(command) = &cli.command
        && let Some(done) = hsm::without_server(output, cli.yes, command)
    {
        return done;
    }
    let context = Context::new(cli.connection, output, cli.yes)?;
    match cli.command {
        Command::Create(args) => create::run(&context, args).await,
        Command::CreatePair(args) => create::run_pair(&context, args).await,
        Command::Register(command) => register::run(&context, command).await,
        Command::Get(args) => get::run(&context, args).await,
        Command::Locate(args) => locate::run(&context, args).await,
        Command::Attributes(command) => attributes::run(&context, command).await,
        Command::Rekey(args) => create::rekey(&context, args).await,
        Command::Activate(args) => lifecycle::activate(&context, args).await,
        Command::Revoke(args) => lifecycle::revoke(&context, args).await,
        Command::Destroy(args) => lifecycle::destroy(&context, args).await,
        Command::Check(args) => lifecycle::check(&context, args).await,
        Command::Query(args) => server::query(&context, args).await,
        Command::Discover => server::discover(&context).await,
        Command::Log { message } => server::log(&context, &message).await,
        Command::Client(command) => admin::client(&context, command).await,
        Command::User(command) => admin::user(&context, command).await,
        Command::Device(command) => admin::device(&context, command).await,
        Command::Hsm(command) => hsm::run(&context, command).await,
        Command::RootKey(command) => root_key::run(&context, command).await,
        Command::Ca(command) => authority::ca(&context, command).await,
        Command::Trust(command) => authority::trust(&context, command).await,
        Command::Send { file } => send::run(&context, &file).await,
        Command::Completion { .. } => Ok(()),
    }
}

/// The attributes that the flags of a new object give, its usage apart.
fn new_attributes(new: &NewObject) -> Done<Vec<Attribute>> {
    let names = new.name.iter().map(|name| Ok(attribute::name(name)));
    let groups = new.group.iter().map(|group| Ok(attribute::object_group(group)));
    let others = new.attributes.iter().map(|text| value_text::assignment(text));
    names.chain(groups).chain(others).collect()
}

/// The usage that the flags give, or the usual one.
fn usage(new: &NewObject, usual: CryptographicUsageMask) -> Done<CryptographicUsageMask> {
    if new.usage.is_empty() { Ok(usual) } else { names::mask(new.usage.iter().map(String::as_str)) }
}

/// Puts a new object into use if that was asked. If this fails, the object is there all the same, and is named.
async fn activate_new(client: &mut Client, new: &NewObject, id: &str) -> Done {
    if !new.activate {
        return Ok(());
    }
    client.activate(id).await.map_err(|error| {
        tell(&format!("{id} is made but not in use\n"));
        CliError::Kmip(error)
    })
}
