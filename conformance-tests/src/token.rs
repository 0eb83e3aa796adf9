//! A PKCS#11 token of our own: SoftHSM2 in a folder, and the configuration with which a server keeps its root key there.

use crate::server_process::Options;
use clap::ValueEnum;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where distributions put the module; `SOFTHSM2_MODULE` names another place.
const PLACES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];
const PIN: &str = "2468-user";
const OFFICER_PIN: &str = "1357-officer";

/// How often the device is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Scope keys stay in the server's memory.
    Cached,
    /// The device opens each key.
    Strict,
}

impl Mode {
    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Cached => "cached",
            Mode::Strict => "strict",
        }
    }
}

/// Where a server keeps its root key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Vault {
    /// In its data directory.
    #[default]
    Software,
    /// On a token of SoftHSM2, asked at start.
    Cached,
    /// On a token of SoftHSM2, asked for each key.
    Strict,
    /// On a token of SoftHSM2, where the keys stay that the token can work with; derived and other ones are sealed.
    Resident,
}

impl Vault {
    /// A server with this vault on a new data directory in `place`; `None` where SoftHSM2 is wanted and not installed.
    pub fn server(self, place: &Path) -> io::Result<Option<Options>> {
        let mode = match self {
            Vault::Software => return Ok(Some(Options::new(&place.join("data")))),
            Vault::Cached | Vault::Resident => Mode::Cached,
            Vault::Strict => Mode::Strict,
        };
        let server = SoftHsm::prepare(place)?.map(|token| token.server(&place.join("data"), mode));
        Ok(match self {
            Vault::Resident => server.map(resident),
            _ => server,
        })
    }
}

/// A folder of SoftHSM2 with one token.
pub struct SoftHsm {
    module: PathBuf,
    folder: PathBuf,
}

impl SoftHsm {
    /// Makes a folder with a token in `place`; `None` where SoftHSM2 is not installed, which is told.
    pub fn prepare(place: &Path) -> io::Result<Option<Self>> {
        let named = std::env::var_os("SOFTHSM2_MODULE").map(PathBuf::from);
        let module = named.into_iter().chain(PLACES.map(PathBuf::from)).find(|path| path.exists());
        let Some(module) = module else {
            println!("SKIP softhsm2 is not installed");
            return Ok(None);
        };
        let this = Self { module, folder: place.join("softhsm") };
        fs::create_dir_all(this.tokens())?;
        fs::write(this.configuration(), format!("directories.tokendir = {}\n", this.tokens().display()))?;
        fs::write(this.pin_file(), PIN)?;
        this.make_token("kmip")?;
        Ok(Some(this))
    }

    /// Makes another token.
    pub fn make_token(&self, label: &str) -> io::Result<()> {
        let mut command = Command::new("softhsm2-util");
        command.args(["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", OFFICER_PIN]);
        command.arg("--module").arg(&self.module).env("SOFTHSM2_CONF", self.configuration());
        let output = command.output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(io::Error::other(format!("softhsm2-util: {}", String::from_utf8_lossy(&output.stderr).trim())))
    }

    /// Where the tokens stand.
    pub fn tokens(&self) -> PathBuf {
        self.folder.join("tokens")
    }

    /// The folder's configuration file, which `SOFTHSM2_CONF` names to the module.
    pub fn configuration(&self) -> PathBuf {
        self.folder.join("softhsm2.conf")
    }

    /// The module.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// Moves the tokens to where the module does not see them.
    pub fn take_away(&self) -> io::Result<()> {
        fs::rename(self.tokens(), self.folder.join("away"))
    }

    /// Moves the tokens back.
    pub fn bring_back(&self) -> io::Result<()> {
        fs::rename(self.folder.join("away"), self.tokens())
    }

    /// A file with the PIN of each token.
    pub fn pin_file(&self) -> PathBuf {
        self.folder.join("pin")
    }

    /// A server on `data_dir` whose root key is on the token.
    pub fn server(&self, data_dir: &Path, mode: Mode) -> Options {
        let config = format!("{}{}", vault(mode), device("hsm-1", &self.module, "kmip", &self.pin_file()));
        let environment = vec![("SOFTHSM2_CONF".to_owned(), self.configuration().display().to_string())];
        Options { config: Some(config), environment, ..Options::new(data_dir) }
    }
}

/// The `[vault]` section.
pub fn vault(mode: Mode) -> String {
    format!("[vault]\nkind = \"pkcs11\"\nmode = \"{}\"\n", mode.name())
}

/// The same server, with keys that stay in its device.
pub fn resident(options: Options) -> Options {
    let config = options.config.map(|config| config.replacen("[vault]\n", "[vault]\ncustody = \"resident\"\n", 1));
    Options { config, ..options }
}

/// One `[[hsm]]` table.
pub fn device(name: &str, module: &Path, token: &str, pin_file: &Path) -> String {
    let (module, pin_file) = (module.display(), pin_file.display());
    format!("[[hsm]]\nname = \"{name}\"\nmodule = \"{module}\"\ntoken_label = \"{token}\"\npin_file = \"{pin_file}\"\n")
}

/// A device that can be taken away: p11-kit serves a folder's tokens from a process of its own, over a Unix socket.
pub struct Remote {
    module: PathBuf,
    provider: PathBuf,
    configuration: PathBuf,
    socket: PathBuf,
    child: Option<Child>,
}

impl Remote {
    /// Starts the process; `None` where p11-kit is not installed, which is told.
    pub fn start(tokens: &SoftHsm, place: &Path) -> io::Result<Option<Self>> {
        let module = CLIENT_PLACES.iter().map(PathBuf::from).find(|path| path.exists());
        let Some(module) = module.filter(|_| installed("p11-kit")) else {
            println!("SKIP p11-kit with its modules is not installed");
            return Ok(None);
        };
        let socket = place.join("p11-kit.sock");
        let (provider, configuration) = (tokens.module.clone(), tokens.configuration());
        let mut this = Self { module, provider, configuration, socket, child: None };
        this.bring_back()?;
        Ok(Some(this))
    }

    /// The module that talks to the process.
    pub fn module(&self) -> &Path {
        &self.module
    }

    /// The variable that names the socket to the module.
    pub fn environment(&self) -> (String, String) {
        ("P11_KIT_SERVER_ADDRESS".to_owned(), format!("unix:path={}", self.socket.display()))
    }

    /// Kills the process, with whatever it is doing.
    pub fn take_away(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            // Each connection has a process of its own, in the same group.
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::NotFound)?;
            kill_process_group(group, Signal::KILL)?;
            child.wait()?;
        }
        Ok(())
    }

    /// Starts the process again, and waits for its socket.
    pub fn bring_back(&mut self) -> io::Result<()> {
        if self.socket.exists() {
            fs::remove_file(&self.socket)?;
        }
        let mut command = Command::new("p11-kit");
        command.args(["server", "--foreground", "--name"]).arg(&self.socket).arg("--provider").arg(&self.provider);
        command.arg("pkcs11:").env("SOFTHSM2_CONF", &self.configuration);
        self.child = Some(command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?);
        let begun = Instant::now();
        while !self.socket.exists() {
            if begun.elapsed() > Duration::from_secs(10) {
                return Err(io::Error::other("p11-kit server opens no socket"));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // Nothing can be done about a process that is gone.
        let _ = self.take_away();
    }
}

/// Where distributions put p11-kit's module that talks to a socket.
const CLIENT_PLACES: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so",
    "/usr/lib/aarch64-linux-gnu/pkcs11/p11-kit-client.so",
    "/usr/lib64/pkcs11/p11-kit-client.so",
];

fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}
