//! Runs one campaign in full size. Use a release build: `cargo run --release -p conformance-tests --bin campaign -- crash`.

use clap::{Parser, Subcommand};
use conformance_tests::campaign::{
    Outcome, bench, crash, device_loss, idle, isolation, malformed, planted, resident_memory, rotation, slow,
    usage_limits,
};
use conformance_tests::token::{Mode, Vault};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Long, hostile or loaded runs against a server of our own.
#[derive(Parser)]
struct Arguments {
    /// Folder for data directories and logs; kept (default: a temporary one that is removed)
    #[arg(long, global = true)]
    place: Option<PathBuf>,
    /// Starts the sequence of random choices
    #[arg(long, global = true, default_value_t = 1)]
    seed: u64,
    #[command(subcommand)]
    campaign: Campaign,
}

#[derive(Subcommand)]
enum Campaign {
    /// What the bench runs as processes of its own
    #[command(hide = true)]
    Part {
        #[command(subcommand)]
        part: bench::Part,
    },
    /// kill -9 under writers: nothing acknowledged is lost, changed or out of an index
    Crash {
        #[arg(long, default_value_t = 50)]
        rounds: usize,
        #[arg(long, default_value_t = 8)]
        writers: usize,
        /// Where the server keeps its root key
        #[arg(long, value_enum, default_value_t = Vault::Software)]
        vault: Vault,
    },
    /// The device of the root key is taken away under load and brought back
    DeviceLoss {
        #[arg(long, default_value_t = 8)]
        clients: usize,
        /// Seconds that the device is away
        #[arg(long, default_value_t = 20)]
        away: u64,
        /// The device opens each key
        #[arg(long)]
        strict: bool,
        /// Another device holds the same root key
        #[arg(long)]
        spare: bool,
        /// How it is taken away
        #[arg(long, value_enum, default_value = "process")]
        loss: device_loss::Loss,
    },
    /// The root key moves to a token and to another one under load: no key lost, nothing left under an older key
    Rotation {
        #[arg(long, default_value_t = 100_000)]
        objects: usize,
        #[arg(long, default_value_t = 4)]
        clients: usize,
        #[arg(long, default_value_t = 3)]
        kills: usize,
        /// The tokens open each key
        #[arg(long)]
        strict: bool,
    },
    /// Malformed messages over TLS: no crash, no hang, bounded memory
    Malformed {
        #[arg(long, default_value_t = 50_000)]
        messages: usize,
    },
    /// Clients that never finish: let go in time, and nobody waits for them
    Slow {
        #[arg(long, default_value_t = 200)]
        clients: usize,
    },
    /// Objects of another client answer as unknown ones do
    Isolation,
    /// Planted keys, names and a password stand in no file
    Planted,
    /// A key that stays in a device stands nowhere in the server's memory
    ResidentMemory,
    /// Idle connections cost little
    Idle {
        #[arg(long, default_value_t = 1000)]
        connections: usize,
    },
    /// One key with Usage Limits under many clients: exactly the allowed uses succeed
    UsageLimits {
        #[arg(long, default_value_t = 64)]
        clients: usize,
        #[arg(long, default_value_t = 100_000)]
        attempts: u64,
        #[arg(long, default_value_t = 60_000)]
        allowed: u64,
    },
    /// Rates, latencies and processor time beside the floors
    Bench {
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        #[arg(long, default_value_t = 2)]
        seconds: usize,
        /// Only operations whose name holds this text (get, create, encrypt, sign ...)
        #[arg(long, default_value = "")]
        only: String,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.place {
        Some(place) => run(&arguments, place),
        None => tempfile::tempdir().map_err(Into::into).and_then(|place| run(&arguments, place.path())),
    };
    match outcome {
        Ok(line) => {
            println!("PASS {line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("FAIL {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments, place: &Path) -> Outcome {
    let seed = arguments.seed;
    match &arguments.campaign {
        Campaign::Part { part } => bench::play(part),
        Campaign::Crash { rounds, writers, vault } => {
            crash::run(crash::Settings { vault: *vault, ..crash::Settings::new(*rounds, *writers, seed) }, place)
        }
        Campaign::DeviceLoss { clients, away, strict, spare, loss } => {
            let mode = if *strict { Mode::Strict } else { Mode::Cached };
            let away = Duration::from_secs(*away);
            let (clients, spare, loss) = (*clients, *spare, *loss);
            device_loss::run(device_loss::Settings { mode, clients, away, spare, loss }, place)
        }
        Campaign::Rotation { objects, clients, kills, strict } => {
            let mode = if *strict { Mode::Strict } else { Mode::Cached };
            let (objects, clients, kills) = (*objects, *clients, *kills);
            rotation::run(rotation::Settings { objects, clients, kills, mode, slower: Some(2.0), seed }, place)
        }
        Campaign::Malformed { messages } => malformed::run(malformed::Settings { messages: *messages, seed }, place),
        Campaign::Slow { clients } => slow::run(slow::Settings { clients: *clients, requests: 2000 }, place),
        Campaign::Isolation => isolation::run(place, isolation::Asker::Stranger),
        Campaign::Planted => planted::run(seed, place),
        Campaign::ResidentMemory => resident_memory::run(place),
        Campaign::Idle { connections } => {
            idle::run(idle::Settings { connections: *connections, requests: 2000, slower: 3 }, place)
        }
        Campaign::UsageLimits { clients, attempts, allowed } => usage_limits::run(
            usage_limits::Settings { clients: *clients, attempts: *attempts, allowed: *allowed },
            place,
        ),
        Campaign::Bench { rounds, seconds, only } => {
            bench::run(bench::Settings { rounds: *rounds, seconds: *seconds }, only, place)
        }
    }
}
