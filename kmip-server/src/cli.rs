//! The command line: what each command does, and how it ends (0 ok, 1 failure, 2 bad usage).

use crate::config::{Address, Config, ConfigError};
use crate::datadir::{DataDir, DataDirError, Endpoints, Place};
use crate::logging::{self, LoggingError};
use crate::run::{Reconfigure, RunError, Server};
use crate::service::{self, ServiceError};
use crate::turns::SPARE_THREADS;
use clap::{Args, Parser, Subcommand};
use hsm_backend::keystore::Keystore;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::Write;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use thiserror::Error;

/// The data directory unless another is named.
const DEFAULT_DATA_DIR: &str = "kmip-data";

/// How long the end of the process waits for threads and devices.
const FAREWELL: Duration = Duration::from_secs(2);

/// Key-management server that speaks KMIP 1.0 to 3.0.
#[derive(Debug, Parser)]
#[command(name = "kmip-server", version, arg_required_else_help = true)]
pub struct Cli {
    /// What is logged, such as `debug` or `info,kmip_server=trace`
    #[arg(long, global = true, value_name = "FILTER", env = logging::FILTER_VARIABLE)]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve requests
    Serve(Serve),
    /// Make a data directory: store, root key, server and administrator certificates
    Init(Init),
    /// Verify every record of a data directory that no server uses
    Check(Offline),
}

#[derive(Debug, Args)]
struct Serve {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Development: make everything under the data directory, listen on the loopback only
    #[arg(long)]
    dev: bool,
    /// Data directory (default: the one of the configuration, else ./kmip-data)
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address of KMIP over TLS; port 0 takes a free port, - is off
    #[arg(long, value_name = "ADDR:PORT", allow_hyphen_values = true)]
    listen: Option<Address>,
    /// Address of KMIP over HTTPS
    #[arg(long, value_name = "ADDR:PORT", allow_hyphen_values = true)]
    https_listen: Option<Address>,
    /// Address of the admin API
    #[arg(long, value_name = "ADDR:PORT", allow_hyphen_values = true)]
    admin_listen: Option<Address>,
}

#[derive(Debug, Args)]
struct Init {
    /// Data directory to make
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Name or address under which clients reach the server; may be repeated (localhost is always in)
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    name: Vec<String>,
}

#[derive(Debug, Args)]
struct Offline {
    /// Data directory
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Why a command ended badly.
#[derive(Debug, Error)]
enum CliError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Logging(#[from] LoggingError),
    #[error(transparent)]
    Run(#[from] RunError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(
        "--dev listens on the loopback only, not on {0}: make a data directory with `kmip-server init` and serve it without --dev"
    )]
    DevBeyondLoopback(Address),
    #[error("{what}: {error}")]
    System { what: &'static str, error: std::io::Error },
}

impl CliError {
    fn exit_code(&self) -> u8 {
        match self {
            Self::DevBeyondLoopback(_) => 2,
            _ => 1,
        }
    }
}

/// Runs the command of the command line.
pub fn main() -> ExitCode {
    // clap prints its own message and exits 2 on bad usage, 0 on --help.
    let cli = Cli::parse();
    let done = run(cli);
    hsm_backend::pkcs11::finalise(FAREWELL);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let line = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
            // If stderr is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "kmip-server: {line}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<(), CliError> {
    let log = cli.log.as_deref();
    match &cli.command {
        Command::Serve(serve) => serve.run(log),
        Command::Init(init) => init.run(log),
        Command::Check(check) => check.run(log),
    }
}

impl Serve {
    fn run(&self, log: Option<&str>) -> Result<(), CliError> {
        let config = self.configuration()?;
        logging::start(&config.log, log)?;
        logging::tell_panics();
        harden()?;
        let root = config.data_dir.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
        let data = if self.dev {
            let data = DataDir::open_or_create_dev(&root)?;
            service::create_missing(&data, &config)?;
            data
        } else {
            DataDir::open(&place(&root, &config, self.config.as_deref()))?
        };
        let tls = &config.tls;
        data.warn_of_access([&tls.server_key, &tls.calling_key].into_iter().flatten().map(PathBuf::as_path));
        let spare = if config.has_devices() { SPARE_THREADS } else { 0 };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(processors.saturating_add(spare))
            .enable_all()
            .build()
            .map_err(|error| CliError::System { what: "threads", error })?;
        let done = runtime.block_on(self.serve(data, config));
        // A thread that a device does not let go must not keep the process.
        runtime.shutdown_timeout(FAREWELL);
        done
    }

    async fn serve(&self, data: DataDir, config: Config) -> Result<(), CliError> {
        let again = self.clone_for_reload();
        let reconfigure: Reconfigure = Box::new(move || again.configuration().map_err(|error| error.to_string()));
        let server = match Server::start(data, config, reconfigure, service::open_service).await {
            Err(RunError::Stopped) => return Ok(()),
            started => started?,
        };
        if self.dev {
            welcome(server.data().root(), server.bound.kmip.is_some());
        }
        announce(&server.bound.readiness_line())?;
        Ok(server.until_stopped().await?)
    }

    /// The file, with the flags on top.
    fn configuration(&self) -> Result<Config, CliError> {
        let mut config = read_config(self.config.as_deref())?;
        if let Some(folder) = &self.data_dir {
            config.data_dir = Some(folder.clone());
        }
        let listen = &mut config.listen;
        listen.kmip = self.listen.unwrap_or(listen.kmip);
        listen.https = self.https_listen.unwrap_or(listen.https);
        listen.admin = self.admin_listen.unwrap_or(listen.admin);
        if self.dev {
            config.dev = true;
            config.kmip.interop = true;
            for address in [config.listen.kmip, config.listen.https, config.listen.admin] {
                if address.0.is_some_and(|address| !address.ip().is_loopback()) {
                    return Err(CliError::DevBeyondLoopback(address));
                }
            }
        }
        Ok(config)
    }

    fn clone_for_reload(&self) -> Self {
        Self { config: self.config.clone(), data_dir: self.data_dir.clone(), ..*self }
    }
}

impl Init {
    fn run(&self, log: Option<&str>) -> Result<(), CliError> {
        let config = read_config(self.config.as_deref())?;
        logging::start(&config.log, log)?;
        logging::tell_panics();
        harden()?;
        let place = place(&self.data_dir, &config, self.config.as_deref());
        // Before anything is written: a refusal leaves no half of a data directory.
        if DataDir::ensure_new(&place)? {
            tell("goes on where an earlier init was broken off");
        }
        let secrets = match Keystore::exists(&self.data_dir.join("keystore")) {
            true => None,
            false => Some(service::choose_secrets(&config)?),
        };
        let data = DataDir::create(&place)?;
        if crate::engine::exists(&data, &config) {
            // Only the end is missing. Whether the two go together is seen by opening them.
            service::check(&data, &config)?;
        } else {
            service::create(&data, &config, secrets)?;
        }
        data.write_cli_profile(&self.endpoints(&config))?;
        data.finish(&self.names(&config))?;
        tell(&format!("{} is ready: start it with `{}`", self.data_dir.display(), place.command("serve")));
        Ok(())
    }

    /// What the server's certificate names.
    fn names(&self, config: &Config) -> Vec<String> {
        let mut names: Vec<String> = certs::profiles::LOOPBACK_NAMES.map(str::to_owned).to_vec();
        let listen = &config.listen;
        let addresses = [listen.kmip, listen.https, listen.admin].into_iter().filter_map(|address| address.0);
        let addresses = addresses.map(|address| address.ip()).filter(|address| !address.is_unspecified());
        for name in self.name.iter().cloned().chain(addresses.map(|address| address.to_string())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Where clients reach the server.
    fn endpoints(&self, config: &Config) -> Endpoints {
        let name = self.name.iter().find(|name| !name.contains('*')).map_or("localhost", String::as_str);
        let reached = |address: Address| {
            // A free port is known once the server runs.
            let address = address.0.filter(|address| address.port() != 0)?;
            Some(match (address.ip().is_unspecified(), name.parse::<Ipv6Addr>()) {
                (false, _) => address.to_string(),
                (true, Ok(name)) => format!("[{name}]:{}", address.port()),
                (true, Err(_)) => format!("{name}:{}", address.port()),
            })
        };
        Endpoints { server: reached(config.listen.kmip), admin: reached(config.listen.admin) }
    }
}

impl Offline {
    fn run(&self, log: Option<&str>) -> Result<(), CliError> {
        let config = read_config(self.config.as_deref())?;
        logging::start(&config.log, log)?;
        logging::tell_panics();
        harden()?;
        let data = DataDir::open_to_check(&place(&self.data_dir, &config, self.config.as_deref()))?;
        announce(&service::check(&data, &config)?)
    }
}

fn place<'a>(root: &'a Path, config: &'a Config, file: Option<&'a Path>) -> Place<'a> {
    Place { root, store: config.store.path.as_deref(), config: file }
}

/// What a certificate can name.
fn host_name(text: &str) -> Result<String, &'static str> {
    let is_name = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._*".contains(c));
    match is_name || text.parse::<IpAddr>().is_ok() {
        true => Ok(text.to_owned()),
        false => Err("expected a host name such as kms.example.org, or an IP address"),
    }
}

fn read_config(path: Option<&Path>) -> Result<Config, CliError> {
    Ok(path.map(Config::read).transpose()?.unwrap_or_default())
}

/// No core dumps, which would hold keys; as many open files as the system allows, for connections.
fn harden() -> Result<(), CliError> {
    let refused = |what| move |error: rustix::io::Errno| CliError::System { what, error: error.into() };
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(refused("switching core dumps off"))?;
    let files = getrlimit(Resource::Nofile);
    let most = Rlimit { current: files.maximum, ..files };
    setrlimit(Resource::Nofile, most).map_err(refused("raising the number of open files"))
}

fn announce(line: &str) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")
        .and_then(|()| stdout.flush())
        .map_err(|error| CliError::System { what: "writing to stdout", error })
}

fn tell(line: &str) {
    // A closed stderr is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The three lines that a newcomer needs next; where KMIP is off, only the last of them.
fn welcome(root: &Path, serves_kmip: bool) {
    // `cargo run` sets CARGO: then the tool is run the same way as this server.
    let from_checkout = std::env::var_os("CARGO").is_some();
    let tool = if from_checkout { "cargo run --release --bin kmip-cli --" } else { "kmip-cli" };
    let profile = if root == Path::new(DEFAULT_DATA_DIR) {
        String::new()
    } else {
        format!(" --config {}", root.join("kmip-cli.toml").display())
    };
    if serves_kmip {
        tell(&format!("make a key:   {tool}{profile} create aes --length 256 --name my-key"));
        tell(&format!("read it:      {tool}{profile} get my-key"));
    }
    tell(&format!("certificates: {} (a client needs ca.pem, client.pem, client.key)", root.join("pki").display()));
}
