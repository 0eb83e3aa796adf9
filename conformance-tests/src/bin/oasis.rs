//! Plays OASIS cases for developers: against a server it starts, or against one that runs.

use clap::{Parser, ValueEnum};
use conformance_tests::encoded::{HttpsClient, Wire};
use conformance_tests::endpoint::{Endpoint, World};
use conformance_tests::in_process::InProcess;
use conformance_tests::oasis::bar::is_required;
use conformance_tests::oasis::expectations;
use conformance_tests::oasis::run::{Outcome, load_all, play_all_over, print};
use conformance_tests::reference;
use conformance_tests::server_process::{Options, Reconnecting, Server, ServerWorld};
use conformance_tests::tls::Identity;
use conformance_tests::token::Vault;
use kmip_codec::wire;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Play the published OASIS test cases and print one line for each.
#[derive(Parser)]
struct Arguments {
    /// Play only cases whose name holds this text
    #[arg(long, default_value = "")]
    filter: String,
    /// Play only the cases that a release must pass
    #[arg(long)]
    required: bool,
    /// Play over HTTPS in this encoding, not over the KMIP port
    #[arg(long, value_enum, conflicts_with = "bless")]
    encoding: Option<Encoding>,
    /// Play on this server, as one client: its objects stay behind and may disturb later cases; with --encoding, the
    /// address is that of the HTTPS listener
    #[arg(long, value_name = "ADDR:PORT", requires_all = ["ca", "cert", "key"])]
    server: Option<SocketAddr>,
    /// Play on the engine in this process, without sockets
    #[arg(long, conflicts_with = "server")]
    in_process: bool,
    /// Where the server that it starts keeps its root key
    #[arg(long, value_enum, default_value_t, conflicts_with_all = ["server", "in_process"])]
    vault: Vault,
    /// CA that the server's certificate chains to
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Client certificate
    #[arg(long)]
    cert: Option<PathBuf>,
    /// Client key
    #[arg(long)]
    key: Option<PathBuf>,
    /// Write the list of expected outcomes anew
    #[arg(long, conflicts_with_all = ["filter", "server", "required"])]
    bless: bool,
}

/// The encodings of messages.
#[derive(Clone, Copy, ValueEnum)]
enum Encoding {
    Ttlv,
    Xml,
    Json,
}

impl From<Encoding> for Wire {
    fn from(encoding: Encoding) -> Self {
        Wire::Https(match encoding {
            Encoding::Ttlv => wire::Encoding::Ttlv,
            Encoding::Xml => wire::Encoding::Xml,
            Encoding::Json => wire::Encoding::Json,
        })
    }
}

struct OneClient {
    identity: Identity,
    address: SocketAddr,
    wire: Wire,
}

impl World for OneClient {
    fn fresh_client(&mut self) -> io::Result<Box<dyn Endpoint>> {
        Ok(Box::new(Reconnecting::new(self.identity.clone(), self.address)))
    }

    fn fresh_client_over(&mut self, wire: Wire) -> io::Result<Option<Box<dyn Endpoint>>> {
        match (wire, self.wire) {
            (Wire::Kmip, Wire::Kmip) => self.fresh_client().map(Some),
            (Wire::Https(encoding), Wire::Https(_)) => {
                Ok(Some(Box::new(HttpsClient::new(self.identity.clone(), self.address, encoding))))
            }
            _ => Ok(None),
        }
    }

    fn let_hear(&mut self) -> io::Result<()> {
        Err(io::Error::other("let the client hear on that server, by `kmip-cli client listen`"))
    }
}

fn main() -> io::Result<ExitCode> {
    let arguments = Arguments::parse();
    let Some(folder) = reference::require("oasis", "oasis") else { return Ok(ExitCode::SUCCESS) };
    let cases = load_all(&folder).map_err(io::Error::other)?;
    let selected = |case: &conformance_tests::oasis::case::Case| {
        case.name.contains(&arguments.filter) && (!arguments.required || is_required(case))
    };
    let wire = arguments.encoding.map_or(Wire::Kmip, Wire::from);
    let reports = match (&arguments.server, &arguments.ca, &arguments.cert, &arguments.key) {
        (Some(address), Some(ca), Some(cert), Some(key)) => {
            let identity = Identity::from_files(ca, cert, key)?;
            play_all_over(&cases, &mut OneClient { identity, address: *address, wire }, wire, &selected)
        }
        _ if arguments.in_process => play_all_over(&cases, &mut InProcess::open()?, wire, &selected),
        _ => {
            let place = tempfile::tempdir()?;
            let Some(options) = arguments.vault.server(place.path())? else { return Ok(ExitCode::SUCCESS) };
            let server = Server::start(&Options { https: true, ..options })?;
            play_all_over(&cases, &mut ServerWorld::new(&server)?, wire, &selected)
        }
    };
    print(&reports);
    if arguments.bless {
        expectations::save(arguments.vault, &reports)?;
    }
    let failed = reports.iter().any(|report| matches!(report.outcome, Outcome::Fail(_)));
    Ok(if failed && !arguments.bless { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
