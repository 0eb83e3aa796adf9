//! A server of our own: builds the binary if need be, starts it on free ports, and knows how to stop and to kill it.

use crate::encoded::{HttpsClient, Wire};
use crate::endpoint::{ADMINISTRATOR, Endpoint, Hearing, Listener, World};
use crate::reference::workspace;
use crate::tls::{Connection, Heard, Identity, ListeningSocket, Pem, http};
use kmip_codec::version::Version;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Names a server binary to use instead of the workspace's own.
pub const BINARY_VARIABLE: &str = "KMIP_SERVER_BINARY";
/// How long a stop may take: the server promises 10 seconds, and the machine may be busy.
const STOP_PATIENCE: Duration = Duration::from_secs(40);

/// The path of a binary of the workspace, built now in the profile of the running program.
pub fn binary(package: &str) -> io::Result<PathBuf> {
    static BUILT: OnceLock<std::sync::Mutex<Vec<String>>> = OnceLock::new();
    let folder = target_folder()?;
    let mut built = BUILT.get_or_init(Default::default).lock().map_err(|_| io::Error::other("a build panicked"))?;
    if !built.iter().any(|known| known == package) {
        build(package, folder.ends_with("release"))?;
        built.push(package.to_owned());
    }
    Ok(folder.join(package))
}

/// The folder of the running program's profile: `target/debug` or `target/release`.
fn target_folder() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().ok_or(io::ErrorKind::NotFound)?;
    let folder = if folder.ends_with("deps") { folder.parent().ok_or(io::ErrorKind::NotFound)? } else { folder };
    Ok(folder.to_owned())
}

fn build(package: &str, release: bool) -> io::Result<()> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "-p", package, "--bin", package]).current_dir(workspace());
    if release {
        command.arg("--release");
    }
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("cargo build -p {package} failed"))) }
}

fn server_binary() -> io::Result<PathBuf> {
    match std::env::var_os(BINARY_VARIABLE) {
        Some(path) => Ok(path.into()),
        None => binary("kmip-server"),
    }
}

/// How to start a server.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The data directory; it survives the server.
    pub data_dir: PathBuf,
    /// The log filter, if not the server's default.
    pub log: Option<String>,
    /// Lines of a configuration file, if any.
    pub config: Option<String>,
    /// Whether the HTTPS listener is on.
    pub https: bool,
    /// Variables of its environment, beside ours.
    pub environment: Vec<(String, String)>,
}

impl Options {
    /// A development server on this data directory.
    pub fn new(data_dir: &Path) -> Self {
        Self { data_dir: data_dir.to_owned(), ..Self::default() }
    }
}

impl Options {
    /// Gives a command the configuration and the environment.
    fn configure(&self, command: &mut Command) -> io::Result<()> {
        if let Some(lines) = &self.config {
            let path = beside(&self.data_dir, "toml");
            fs::write(&path, lines)?;
            command.arg("--config").arg(path);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        Ok(())
    }
}

/// A server that may not serve yet: its devices may be away. Dropping it kills it.
pub struct Starting {
    /// `None` once it serves.
    child: Option<Child>,
    data_dir: PathBuf,
}

/// A running server. Dropping it kills it.
pub struct Server {
    child: Child,
    /// Kept open: the server's end must not break.
    _stdout: BufReader<ChildStdout>,
    data_dir: PathBuf,
    kmip: SocketAddr,
    https: Option<SocketAddr>,
    admin: Option<SocketAddr>,
}

impl Server {
    /// Starts a server and waits for its readiness line.
    pub fn start(options: &Options) -> io::Result<Server> {
        Self::launch(options)?.ready()
    }

    /// Starts a server.
    pub fn launch(options: &Options) -> io::Result<Starting> {
        fs::create_dir_all(&options.data_dir)?;
        let log = File::options().append(true).create(true).open(log_path(&options.data_dir))?;
        let mut command = Command::new(server_binary()?);
        command.arg("serve").arg("--dev").arg("--data-dir").arg(&options.data_dir);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
        command.args(["--https-listen", if options.https { "127.0.0.1:0" } else { "-" }]);
        if let Some(filter) = &options.log {
            command.args(["--log", filter]);
        }
        options.configure(&mut command)?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn()?;
        Ok(Starting { child: Some(child), data_dir: options.data_dir.clone() })
    }

    /// The KMIP listener.
    pub fn kmip(&self) -> SocketAddr {
        self.kmip
    }

    /// The HTTPS listener, where it is on.
    pub fn https(&self) -> Option<SocketAddr> {
        self.https
    }

    /// The data directory.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// A file of its development PKI.
    pub fn pki(&self, name: &str) -> PathBuf {
        self.data_dir.join("pki").join(name)
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(log_path(&self.data_dir)).unwrap_or_default()
    }

    /// The first client of a development directory.
    pub fn first_client(&self) -> io::Result<Identity> {
        Identity::from_files(&self.pki("ca.pem"), &self.pki("client.pem"), &self.pki("client.key"))
    }

    /// Makes a client known, in a scope of its own, over the admin API.
    pub fn enroll(&self, name: &str) -> io::Result<Identity> {
        self.enroll_as(name)?.identity()
    }

    /// The same; gives its certificate and key as they are.
    pub fn enroll_as(&self, name: &str) -> io::Result<Pem> {
        let body = serde_json::json!({ "name": name, "scope": name }).to_string();
        let answer = self.admin_request("POST", "/api/v1/clients", body.as_bytes())?;
        let answer: serde_json::Value = serde_json::from_slice(&answer)?;
        let part = |field: &str| answer.get(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        Ok(Pem { ca: part("ca"), certificate: part("certificate"), key: part("key") })
    }

    /// Switches on these quirks of a client, over the admin API.
    pub fn set_quirks(&self, name: &str, quirks: &[String]) -> io::Result<()> {
        let body = serde_json::json!({ "name": name, "quirks": quirks }).to_string();
        self.admin_request("POST", "/api/v1/clients/quirks", body.as_bytes()).map(drop)
    }

    /// Makes a user known, over the admin API.
    pub fn add_user(&self, name: &str, password: &str) -> io::Result<()> {
        let body = serde_json::json!({ "name": name, "password": password }).to_string();
        self.admin_request("POST", "/api/v1/users", body.as_bytes()).map(drop)
    }

    /// Asks the admin API as the first administrator.
    pub fn admin_request(&self, method: &str, path: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let address = self.admin.ok_or_else(|| io::Error::other("the admin listener is off"))?;
        admin_request(&self.data_dir, address, method, path, body)
    }

    /// Resident memory, in bytes.
    pub fn resident_bytes(&self) -> io::Result<u64> {
        resident_bytes(self.pid())
    }

    /// Processor time used so far, user and system.
    pub fn processor_time(&self) -> io::Result<Duration> {
        processor_time(self.pid())
    }

    /// Whether the process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to stop, and waits.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        stop(&mut self.child)
    }

    /// Kills it at once, as `kill -9` does, and waits until it is gone.
    pub fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Sends the process a signal.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        send(&self.child, signal)
    }
}

impl Starting {
    /// Waits for its readiness line.
    pub fn ready(mut self) -> io::Result<Server> {
        let mut child = self.child.take().ok_or(io::ErrorKind::NotFound)?;
        let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no standard output"))?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        match Ready::parse(&line) {
            Some(Ready { kmip, https, admin }) => {
                Ok(Server { child, _stdout: stdout, data_dir: self.data_dir.clone(), kmip, https, admin })
            }
            None => Err(io::Error::other(not_ready(&mut child, &line, &self.data_dir))),
        }
    }

    /// Asks the admin API as the first administrator, once the server tells where it is.
    pub fn admin_request(&self, method: &str, path: &str, body: &[u8]) -> io::Result<Vec<u8>> {
        let profile = fs::read_to_string(self.data_dir.join("kmip-cli.toml"))?;
        let address = profile.lines().find_map(|line| line.strip_prefix("admin = ")).map(|told| told.trim_matches('"'));
        let address = address.and_then(|told| told.parse().ok());
        let address = address.ok_or_else(|| io::Error::other("the profile does not tell the admin listener"))?;
        admin_request(&self.data_dir, address, method, path, body)
    }

    /// Asks it to stop, and waits.
    pub fn stop(mut self) -> io::Result<ExitStatus> {
        stop(self.child.as_mut().ok_or(io::ErrorKind::NotFound)?)
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Already gone, or killed here: nothing else can be done.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn admin_request(data_dir: &Path, address: SocketAddr, method: &str, path: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let pki = |name: &str| data_dir.join("pki").join(name);
    let admin = Identity::from_files(&pki("ca.pem"), &pki("admin.pem"), &pki("admin.key"))?;
    let answer = http(admin.connect(address)?, method, path, "application/json", body)?;
    match answer.status {
        200..=299 => Ok(answer.body),
        status => Err(io::Error::other(format!("{path}: {status} {}", String::from_utf8_lossy(&answer.body)))),
    }
}

fn send(child: &Child, signal: Signal) -> io::Result<()> {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
    kill_process(pid, signal).map_err(io::Error::from)
}

fn stop(child: &mut Child) -> io::Result<ExitStatus> {
    send(child, Signal::TERM)?;
    let asked = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) => return Ok(status),
            None if asked.elapsed() > STOP_PATIENCE => return Err(io::Error::other("the server does not stop")),
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone, or killed here: nothing else can be done.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs `kmip-server check` on a data directory that no server uses; the error holds what it printed.
pub fn check(options: &Options) -> io::Result<()> {
    let mut command = Command::new(server_binary()?);
    command.arg("check").arg("--data-dir").arg(&options.data_dir);
    options.configure(&mut command)?;
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(io::Error::other(format!("check: {}: {}", output.status, String::from_utf8_lossy(&text).trim())))
}

/// Processor time that a process has used so far, user and system.
pub fn processor_time(pid: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
    // utime and stime are the 14th and 15th field; the first two stand before the closing parenthesis.
    Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
}

/// Resident memory of a process, in bytes.
pub fn resident_bytes(pid: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse::<u64>().ok());
    kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no resident size"))
}

/// The addresses of the readiness line.
struct Ready {
    kmip: SocketAddr,
    https: Option<SocketAddr>,
    admin: Option<SocketAddr>,
}

impl Ready {
    fn parse(line: &str) -> Option<Ready> {
        let fields = line.strip_prefix("ready ")?;
        let address = |name: &str| {
            let mut pairs = fields.split_whitespace().filter_map(|field| field.split_once('='));
            pairs.find(|(known, _)| *known == name).and_then(|(_, value)| value.parse().ok())
        };
        Some(Ready { kmip: address("kmip")?, https: address("https"), admin: address("admin") })
    }
}

fn not_ready(child: &mut Child, line: &str, data_dir: &Path) -> String {
    let status = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
    let log = fs::read_to_string(log_path(data_dir)).unwrap_or_default();
    let tail: Vec<&str> = log.lines().rev().take(5).collect();
    let tail = tail.into_iter().rev().collect::<Vec<_>>().join(" | ");
    format!("no readiness line but {:?}; {status}; {tail}", line.trim())
}

/// The log stands beside the data directory, so that a search of one does not find the other.
pub fn log_path(data_dir: &Path) -> PathBuf {
    beside(data_dir, "log")
}

fn beside(data_dir: &Path, extension: &str) -> PathBuf {
    data_dir.with_extension(extension)
}

/// A spawned server as a place to play cases in: each client is enrolled anew.
pub struct ServerWorld<'a> {
    server: &'a Server,
    clients: usize,
}

impl<'a> ServerWorld<'a> {
    /// Plays on this server, which gets the user that some cases need.
    pub fn new(server: &'a Server) -> io::Result<Self> {
        let (name, password) = ADMINISTRATOR;
        server.add_user(name, password)?;
        Ok(Self { server, clients: 0 })
    }
}

impl ServerWorld<'_> {
    fn enroll(&mut self) -> io::Result<Identity> {
        self.clients += 1;
        self.server.enroll(&player(self.clients))
    }
}

/// The socket of a client's listener; the server is told over the admin API what to send there.
struct Ear<'a> {
    server: &'a Server,
    client: String,
    socket: ListeningSocket,
    connection: Option<Heard>,
}

impl Listener for Ear<'_> {
    fn put(&mut self, id: &str) -> io::Result<()> {
        let body = serde_json::json!({ "name": self.client, "object": id }).to_string();
        self.server.admin_request("POST", "/api/v1/clients/put", body.as_bytes()).map(drop)
    }

    /// The server hangs up when it has nothing to say, and calls again.
    fn hear(&mut self) -> io::Result<Vec<u8>> {
        if let Some(mut connection) = self.connection.take()
            && let Ok(request) = connection.receive()
        {
            self.connection = Some(connection);
            return Ok(request);
        }
        self.connection.insert(self.socket.accept()?).receive()
    }

    fn answer(&mut self, response: &[u8]) -> io::Result<()> {
        self.connection.as_mut().ok_or(io::ErrorKind::NotConnected)?.send(response)
    }
}

impl World for ServerWorld<'_> {
    fn fresh_client(&mut self) -> io::Result<Box<dyn Endpoint>> {
        Ok(Box::new(Reconnecting::new(self.enroll()?, self.server.kmip())))
    }

    fn fresh_client_over(&mut self, wire: Wire) -> io::Result<Option<Box<dyn Endpoint>>> {
        match (wire, self.server.https()) {
            (Wire::Kmip, _) => self.fresh_client().map(Some),
            (Wire::Https(encoding), Some(address)) => {
                Ok(Some(Box::new(HttpsClient::new(self.enroll()?, address, encoding))))
            }
            (Wire::Https(_), None) => Ok(None),
        }
    }

    fn hearing_client_over(&mut self, wire: Wire, version: Version) -> io::Result<Option<Hearing<'_>>> {
        self.clients += 1;
        let client = player(self.clients);
        let pem = self.server.enroll_as(&client)?;
        let identity = pem.identity()?;
        let endpoint: Box<dyn Endpoint> = match (wire, self.server.https()) {
            (Wire::Kmip, _) => Box::new(Reconnecting::new(identity, self.server.kmip())),
            (Wire::Https(encoding), Some(address)) => Box::new(HttpsClient::new(identity, address, encoding)),
            (Wire::Https(_), None) => return Ok(None),
        };
        let socket = ListeningSocket::new(&pem)?;
        let listener = serde_json::json!({ "address": socket.address()?.to_string(), "version": version.to_string() });
        let body = serde_json::json!({ "name": client, "listens": true, "listener": listener }).to_string();
        self.server.admin_request("POST", "/api/v1/clients/listen", body.as_bytes())?;
        Ok(Some((endpoint, Box::new(Ear { server: self.server, client, socket, connection: None }))))
    }

    fn let_hear(&mut self) -> io::Result<()> {
        let body = serde_json::json!({ "name": player(self.clients), "listens": true }).to_string();
        self.server.admin_request("POST", "/api/v1/clients/listen", body.as_bytes()).map(drop)
    }
}

/// The name of the client with this number.
fn player(number: usize) -> String {
    format!("player-{number}")
}

/// A client that connects when it has to: some answers close the connection.
pub struct Reconnecting {
    identity: Identity,
    address: SocketAddr,
    connection: Option<Connection>,
}

impl Reconnecting {
    /// A client of the server at this address.
    pub fn new(identity: Identity, address: SocketAddr) -> Self {
        Self { identity, address, connection: None }
    }
}

impl Endpoint for Reconnecting {
    fn exchange(&mut self, request: &[u8]) -> io::Result<Vec<u8>> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.identity.connect(self.address)?,
        };
        let answer = connection.exchange(request)?;
        self.connection = Some(connection);
        Ok(answer)
    }
}
