//! Speed beside the floors: the load generator of the reference folder against a server of our own, and the bars.
//!
//! Wall-clock rates drift on a shared machine, so every bar is a ratio of medians from runs by turns (A B A B ...), or
//! processor time. The servers are kept on one processor and their clients on another, except where a server is judged
//! beside something that is not one (signatures of the library, the bare store): there it has the machine, with its clients
//! on it too, and the figure with one processor each is told beside.

mod device;
mod floor;
mod signing;

use super::{CampaignError, Outcome, finding};
use crate::reference;
use crate::server_process::{Options, Server};
use floor::Floor;
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How long.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Runs of each server, by turns.
    pub rounds: usize,
    /// Seconds of each run.
    pub seconds: usize,
}

/// One series of runs.
struct Series {
    operation: &'static str,
    connections: &'static str,
    extra: &'static str,
    /// Bytes of data in the answers, where the generator's floor has others and one of our own stands beside it.
    answers: Option<usize>,
}

const fn series(operation: &'static str, connections: &'static str, extra: &'static str) -> Series {
    Series { operation, connections, extra, answers: None }
}

const SERIES: [Series; 7] = [
    series("get", "1 8 64", ""),
    series("get", "8", "--pipeline 16"),
    series("discover", "8", ""),
    series("handshake", "8", ""),
    series("create", "64", ""),
    series("encrypt", "8", "--data-bytes 64"),
    Series { answers: Some(65_536), ..series("encrypt", "8", "--data-bytes 65536") },
];

/// What is compared.
enum Measure {
    /// The rate, as a share of the other target's.
    Rate(&'static str),
    /// The median latency, as a multiple of the floor's.
    Median,
    /// Processor time of the server for one operation, in microseconds.
    Processor,
}

/// One bar of a release.
struct Bar {
    series: usize,
    connections: u64,
    measure: Measure,
    limit: f64,
}

const BARS: [Bar; 9] = [
    Bar { series: 0, connections: 1, measure: Measure::Median, limit: 1.4 },
    Bar { series: 0, connections: 8, measure: Measure::Rate("floor"), limit: 0.5 },
    Bar { series: 0, connections: 64, measure: Measure::Rate("floor"), limit: 0.5 },
    Bar { series: 1, connections: 8, measure: Measure::Processor, limit: 6.0 },
    Bar { series: 2, connections: 8, measure: Measure::Rate("floor"), limit: 0.65 },
    Bar { series: 3, connections: 8, measure: Measure::Rate("floor"), limit: 0.8 },
    Bar { series: 4, connections: 64, measure: Measure::Rate("durable-floor"), limit: 0.2 },
    Bar { series: 5, connections: 8, measure: Measure::Rate("floor"), limit: 0.45 },
    Bar { series: 6, connections: 8, measure: Measure::Rate(SAME_SIZE), limit: 0.45 },
];

const TARGET: &str = "kmip-server";
/// The floor whose answers are as long as the server's.
const SAME_SIZE: &str = "same-size-floor";
/// The series whose batches the bare store is measured with, and the least share of the store's rate that is enough.
const CREATE: usize = 4;
const SHARE_OF_STORE: f64 = 0.6;

/// Measures a new server in `place`: everything, or what is called `only`. Run it from a release build.
pub fn run(settings: Settings, only: &str, place: &Path) -> Outcome {
    let Some(sources) = reference::require("bench", "bench") else { return Ok("bench: skipped".to_owned()) };
    let binaries = build(&sources)?;
    let (server, target) = start(place, "bench")?;
    let places = Places { sources: &sources, binaries: &binaries, target: &target, place };
    let mut lines = Vec::new();
    let mut missed = 0_usize;
    for (number, series) in SERIES.iter().enumerate().filter(|(_, series)| series.operation.contains(only)) {
        missed += note(measure(settings, number, series, &places)?, &mut lines);
    }
    if "sign".contains(only) {
        missed += note(signing::measure(settings, &server, &places)?, &mut lines);
    }
    if "device".contains(only) {
        missed += note(device::measure(settings, &places)?, &mut lines);
    }
    match missed {
        0 => Ok(format!("bench: {} bars met", lines.len())),
        missed => finding(format!("{missed} bars missed:\n{}", lines.join("\n"))),
    }
}

/// Where things stand.
struct Places<'a> {
    /// The load generator's sources.
    sources: &'a Path,
    /// Its programs.
    binaries: &'a Path,
    /// How it reaches the server.
    target: &'a Path,
    /// Where results go.
    place: &'a Path,
}

/// Runs a series and judges its bars.
fn measure(
    settings: Settings,
    number: usize,
    series: &Series,
    places: &Places<'_>,
) -> Result<Vec<(String, bool)>, CampaignError> {
    let results = places.place.join(format!("series-{number}.jsonl"));
    let beside = Beside::start(places, series)?;
    let targets: Vec<(&str, &Path)> = [(TARGET, places.target)].into_iter().chain(beside.target()).collect();
    let runs = compare(places, settings, series, &targets, &results, Processors::OneEach)?;
    let mut judged = Vec::new();
    for bar in BARS.iter().filter(|bar| bar.series == number) {
        judged.push(judge(bar, series, &runs)?);
    }
    if number == CREATE {
        judged.push(measure_beside_store(settings, series, places)?);
    }
    Ok(judged)
}

/// Where programs run that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Processors {
    /// Servers on one, clients on another.
    OneEach,
    /// Everything on all of them.
    All,
}

/// Prints what was judged, keeps it, and counts what was missed.
fn note(judged: Vec<(String, bool)>, lines: &mut Vec<String>) -> usize {
    let missed = judged.iter().filter(|(_, is_met)| !is_met).count();
    judged.iter().for_each(|(line, _)| println!("{line}"));
    lines.extend(judged.into_iter().map(|(line, _)| line));
    missed
}

/// A floor of our own that runs beside a series, and the file that tells where.
struct Beside(Option<(Floor, PathBuf)>);

impl Beside {
    fn start(places: &Places<'_>, series: &Series) -> io::Result<Self> {
        let Some(bytes) = series.answers else { return Ok(Self(None)) };
        let certificates = places.place.join("floor");
        let floor = Floor::start(places.sources, &certificates, bytes, None)?;
        let environment = certificates.join("floor.env");
        fs::write(&environment, floor.environment())?;
        Ok(Self(Some((floor, environment))))
    }

    fn target(&self) -> Option<(&'static str, &Path)> {
        self.0.as_ref().map(|(_, environment)| (SAME_SIZE, environment.as_path()))
    }
}

/// What the bench runs as processes of its own, to keep each on a processor.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Part {
    /// A floor whose answers have a size of their own
    Floor {
        /// Bytes of data in an Encrypt answer
        #[arg(long)]
        data_bytes: usize,
        /// Folder of its certificates
        #[arg(long)]
        certificates: PathBuf,
        /// A PKCS#11 module that decrypts for each Get
        #[arg(long, requires = "pin_file")]
        module: Option<PathBuf>,
        /// File with the PIN of its token
        #[arg(long)]
        pin_file: Option<PathBuf>,
    },
    /// Signatures of the library alone
    Library {
        /// What signs
        #[arg(long)]
        algorithm: signing::Algorithm,
        /// How long
        #[arg(long)]
        seconds: usize,
    },
    /// Decryptions of a PKCS#11 module alone
    Decryption {
        /// The module
        #[arg(long)]
        module: PathBuf,
        /// File with the PIN of its token
        #[arg(long)]
        pin_file: PathBuf,
        /// How long
        #[arg(long)]
        seconds: usize,
    },
    /// Signatures that a server gives
    SignLoad {
        /// Where the server is
        #[command(flatten)]
        target: signing::Target,
        /// What signs
        #[arg(long)]
        algorithm: signing::Algorithm,
        /// How long
        #[arg(long)]
        seconds: usize,
    },
}

/// Plays a part; the first line that it prints is its result.
pub fn play(part: &Part) -> Outcome {
    match part {
        Part::Floor { data_bytes, certificates, module, pin_file } => {
            floor::serve(certificates, *data_bytes, module.as_deref().zip(pin_file.as_deref()))?;
        }
        Part::Library { algorithm, seconds } => println!("{}", signing::library(*algorithm, *seconds)?),
        Part::Decryption { module, pin_file, seconds } => {
            println!("{}", device::decryption(module, pin_file, *seconds)?);
        }
        Part::SignLoad { target, algorithm, seconds } => println!("{}", signing::load(target, *algorithm, *seconds)?),
    }
    Ok("part".to_owned())
}

/// Builds a copy of the load generator outside the repository: its folder may be read-only, and need not hold a lock file.
fn build(sources: &Path) -> io::Result<PathBuf> {
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    let target = home.join(".cache/kmip-bench");
    let copy = target.join("load-generator");
    fs::create_dir_all(&copy)?;
    let copied = Command::new("cp").arg("-r").arg(sources.join(".")).arg(&copy).status()?;
    if !copied.success() {
        return Err(io::Error::other(format!("the load generator cannot be copied: {copied}")));
    }
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--release", "--manifest-path"]).arg(copy.join("Cargo.toml"));
    command.env("CARGO_TARGET_DIR", &target);
    match command.status()? {
        status if status.success() => Ok(target.join("release")),
        status => Err(io::Error::other(format!("the load generator does not build: {status}"))),
    }
}

/// Batches a second that the store alone makes durable when 64 writers bring it what Create requests come to, on the
/// processors that the server has.
fn store_alone(seconds: usize, processors: Processors) -> io::Result<f64> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = match processors {
        Processors::All => Command::new(cargo),
        Processors::OneEach => {
            let mut command = Command::new("taskset");
            command.args(["-c", "0"]).arg(cargo);
            command
        }
    };
    command.current_dir(reference::workspace()).args([
        "bench",
        "--quiet",
        "-p",
        "kmip-server",
        "--bench",
        "store_speed",
        "--",
        "creates",
    ]);
    command.env("KMIP_SPEED_SECONDS", seconds.to_string());
    let output = command.stderr(Stdio::inherit()).output()?;
    let told = String::from_utf8_lossy(&output.stdout);
    print!("{told}");
    let rate = told.split_once(" batches/s").and_then(|(before, _)| before.split_whitespace().last());
    rate.and_then(|rate| rate.parse().ok()).ok_or_else(|| io::Error::other(format!("no rate in: {told}")))
}

/// Creates beside the bare store, by turns, each on a new data directory: the server is judged with the whole machine, and its
/// share with one processor is told.
fn measure_beside_store(
    settings: Settings,
    series: &Series,
    places: &Places<'_>,
) -> Result<(String, bool), CampaignError> {
    let once = Settings { rounds: 1, ..settings };
    let share = |processors| {
        let (mut runs, mut alone) = (Vec::new(), Vec::new());
        for round in 0..settings.rounds {
            let (_server, target) = start(places.place, &format!("create-{processors:?}-{round}"))?;
            let results = places.place.join("beside-store.jsonl");
            runs.extend(compare(places, once, series, &[(TARGET, &target)], &results, processors)?);
            alone.push(store_alone(settings.seconds, processors)?);
        }
        alone.sort_by(f64::total_cmp);
        let Some(middle) = alone.get(alone.len() / 2) else { return finding("the store was not measured") };
        Ok::<_, CampaignError>(median(&runs, TARGET, 64, "ops_s")? / middle)
    };
    let (all, one) = (share(Processors::All)?, share(Processors::OneEach)?);
    let is_met = all >= SHARE_OF_STORE;
    let word = if is_met { "PASS" } else { "FAIL" };
    let line = format!(
        "{word} create x64: {all:.2} of the rate of the store alone ({one:.2} on one processor), at least {SHARE_OF_STORE:.2}"
    );
    Ok((line, is_met))
}

/// Starts a server on a new data directory; the file tells the load generator where it is.
fn start(place: &Path, name: &str) -> io::Result<(Server, PathBuf)> {
    let server = Server::start(&Options::new(&place.join(name)))?;
    let target = place.join(format!("{name}.env"));
    fs::write(&target, environment(&server))?;
    Ok((server, target))
}

fn environment(server: &Server) -> String {
    let address = server.kmip();
    format!(
        "HOST={}\nPORT={}\nCA={}\nCERT={}\nKEY={}\nPID={}\n",
        address.ip(),
        address.port(),
        server.pki("ca.pem").display(),
        server.pki("client.pem").display(),
        server.pki("client.key").display(),
        server.pid()
    )
}

fn compare(
    places: &Places<'_>,
    settings: Settings,
    series: &Series,
    targets: &[(&str, &Path)],
    results: &Path,
    processors: Processors,
) -> io::Result<Vec<Value>> {
    let mut command = Command::new("bash");
    command.env("PIN", if processors == Processors::OneEach { "1" } else { "0" });
    command.arg(places.sources.join("compare.sh")).env("BIN", places.binaries).env("DURABLE_DIR", places.place);
    command.args(["-o", series.operation, "-c", series.connections]);
    command.args(["-r", &settings.rounds.to_string(), "-s", &settings.seconds.to_string()]);
    if !series.extra.is_empty() {
        command.args(["-x", series.extra]);
    }
    command.arg("-O").arg(results);
    command.args(targets.iter().map(|(name, environment)| format!("{name}={}", environment.display())));
    match command.status()? {
        status if status.success() => read(results),
        status => Err(io::Error::other(format!("compare.sh: {status}"))),
    }
}

fn read(results: &Path) -> io::Result<Vec<Value>> {
    let text = fs::read_to_string(results)?;
    text.lines().map(|line| serde_json::from_str(line).map_err(io::Error::from)).collect()
}

/// One line about a bar, and whether it is met.
fn judge(bar: &Bar, series: &Series, runs: &[Value]) -> Result<(String, bool), CampaignError> {
    if let Some(run) = runs.iter().find(|run| errors(run) > 0 && of(run, TARGET, bar.connections)) {
        return finding(format!(
            "{} had errors: {}",
            series.operation,
            run.pointer("/r/first_error").unwrap_or(&Value::Null)
        ));
    }
    let median = |target: &str, field: &str| median(runs, target, bar.connections, field);
    let (value, is_met, words) = match bar.measure {
        Measure::Rate(other) => {
            let share = median(TARGET, "ops_s")? / median(other, "ops_s")?;
            (share, share >= bar.limit, format!("of the rate of {other}, at least"))
        }
        Measure::Median => {
            let times = median(TARGET, "p50_us")? / median("floor", "p50_us")?;
            (times, times <= bar.limit, "times the p50 of floor, at most".to_owned())
        }
        Measure::Processor => {
            let cost = median(TARGET, "server_cpu_us_op")?;
            (cost, cost <= bar.limit, "us of server CPU an operation, at most".to_owned())
        }
    };
    let word = if is_met { "PASS" } else { "FAIL" };
    let what = format!("{} {} x{}", series.operation, series.extra, bar.connections);
    Ok((format!("{word} {}: {value:.2} {words} {:.2}", what.replace("  ", " "), bar.limit), is_met))
}

fn of(run: &Value, target: &str, connections: u64) -> bool {
    run.get("target").and_then(Value::as_str) == Some(target)
        && run.pointer("/r/connections").and_then(Value::as_u64) == Some(connections)
}

fn errors(run: &Value) -> u64 {
    run.pointer("/r/errors").and_then(Value::as_u64).unwrap_or_default()
}

fn median(runs: &[Value], target: &str, connections: u64, field: &str) -> Result<f64, CampaignError> {
    let mut values: Vec<f64> = runs
        .iter()
        .filter(|run| of(run, target, connections))
        .filter_map(|run| run.pointer(&format!("/r/{field}")).and_then(Value::as_f64))
        .collect();
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2).copied();
    middle.map_or_else(|| finding(format!("no {field} of {target} at {connections} connections")), Ok)
}
