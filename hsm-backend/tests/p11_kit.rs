//! A device in another process: SoftHSM2 behind `p11-kit server`, over a socket, which the test kills and stops.
//!
//! Its protocol (0.24) knows neither AES-GCM nor AES key wrap, so the root key encrypts single blocks here. Without the packages softhsm2, p11-kit
//! and p11-kit-modules the test says so and passes.

mod tokens;

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hsm_backend::pkcs11::{DeviceState, Mode, Options, Pkcs11Vault, TokenAddress};
use kmip_codec::secret::Secret;
use kmip_core::ports::vault::{Binding, KeySpec, KeyVault, VaultError};
use kmip_core::testing::vault_exerciser::{exercise, exercise_sealing};

const BINDING: Binding<'_> = Binding { scope: "s", id: "1", spec: b"spec" };
/// By when a device serves again after it is back.
const RECOVERY: Duration = Duration::from_secs(5);

const CLIENTS: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so",
    "/usr/lib/aarch64-linux-gnu/pkcs11/p11-kit-client.so",
    "/usr/lib64/pkcs11/p11-kit-client.so",
    "/usr/lib/pkcs11/p11-kit-client.so",
];

#[test]
fn a_device_behind_a_socket() {
    let _watchdog = tokens::watchdog(Duration::from_secs(300));
    let (Some(module), Some(client)) =
        (tokens::module(), CLIENTS.map(PathBuf::from).into_iter().find(|path| path.exists()))
    else {
        println!("SKIP softhsm2 or p11-kit-modules not installed");
        return;
    };
    if !installed("p11-kit") || !installed("softhsm2-util") {
        println!("SKIP p11-kit or softhsm2-util not installed");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::new(module.clone(), directory.path());
    server.make_token("remote");
    // SAFETY: no other thread of this process reads or writes the environment: this is its only test.
    unsafe { std::env::set_var("P11_KIT_SERVER_ADDRESS", format!("unix:path={}", server.socket.display())) };
    let address = tokens::address(&client, "remote");

    server.start();
    the_root_key_seals_by_what_the_interface_has(&address);
    recovery_after_the_death_of_the_server(&mut server, &address);
    a_server_that_stops_costs_a_deadline(&server, &address);
    the_next_device_takes_over_from_one_that_stops(&server, &module, &address);
    server.kill();
    a_server_that_is_not_there_is_told(&address);
}

fn installed(program: &str) -> bool {
    Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// `p11-kit server` and what it forks for each client: a process group.
struct Server {
    module: PathBuf,
    configuration: PathBuf,
    socket: PathBuf,
    process: Option<Child>,
}

impl Server {
    fn new(module: PathBuf, directory: &Path) -> Self {
        let configuration = tokens::configure(directory);
        Self { module, configuration, socket: directory.join("p11-kit.socket"), process: None }
    }

    fn make_token(&self, label: &str) {
        let arguments = ["--init-token", "--free", "--label", label, "--pin", tokens::PIN, "--so-pin", "1357-officer"];
        let mut program = Command::new("softhsm2-util");
        program.args(arguments).env("SOFTHSM2_CONF", &self.configuration).stdout(Stdio::null());
        assert!(program.status().unwrap().success());
    }

    fn start(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
        let mut program = Command::new("p11-kit");
        program.args(["server", "--foreground", "--name"]).arg(&self.socket).arg("--provider").arg(&self.module);
        program.arg("pkcs11:").env("SOFTHSM2_CONF", &self.configuration).stdout(Stdio::null()).process_group(0);
        self.process = Some(program.spawn().unwrap());
        tokens::wait_until("the server listens", || self.socket.exists());
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().unwrap();
        let sent = Command::new("kill").args([&format!("-{signal}"), "--", &format!("-{}", process.id())]).status();
        assert!(sent.unwrap().success());
    }

    fn kill(&mut self) {
        self.signal("KILL");
        self.process.take().unwrap().wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}

fn open(address: &TokenAddress, options: Options) -> Pkcs11Vault {
    let vault = Pkcs11Vault::open(vec![(address.clone(), tokens::pin())], options).unwrap();
    let stored = vault.create_scope_key("s").unwrap();
    vault.install_scope_key("s", &stored).unwrap();
    vault
}

fn state(vault: &Pkcs11Vault) -> DeviceState {
    vault.devices().remove(0).state
}

/// Two addresses of one root key: through the socket and in this process. Calls that are inside the stopped device stay there;
/// those that come after its deadline go to the other.
fn the_next_device_takes_over_from_one_that_stops(server: &Server, module: &Path, remote: &TokenAddress) {
    // SAFETY: the other threads of this process, monitors of vaults that are gone, have ended.
    unsafe { std::env::set_var("SOFTHSM2_CONF", &server.configuration) };
    let local = TokenAddress { name: "local".to_owned(), module: module.to_owned(), ..remote.clone() };
    let devices = [remote.clone(), local].map(|address| (address, tokens::pin()));
    let options =
        Options { mode: Mode::Strict, sessions: 1, deadline: Duration::from_millis(700), ..Options::default() };
    let vault = Pkcs11Vault::open(devices.into(), options).unwrap();
    assert!(vault.devices().iter().all(|device| device.state == DeviceState::Serves), "{:?}", vault.devices());
    let stored = vault.create_scope_key("s").unwrap();
    vault.install_scope_key("s", &stored).unwrap();
    let secret = Secret::copy_from(&[5; 32]);
    let before = vault.seal(&secret, BINDING).unwrap();
    server.signal("STOP");
    let by_second = std::thread::scope(|threads| {
        let inside = threads.spawn(|| vault.open(&before, BINDING));
        tokens::wait_until("the device is stuck", || matches!(state(&vault), DeviceState::Stuck { .. }));
        let began = Instant::now();
        let sealed = vault.seal(&secret, BINDING).unwrap();
        assert_eq!(vault.open(&before, BINDING).unwrap(), secret);
        println!("one stuck: the other answered in {:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_millis(300) && vault.health().is_ok());
        server.signal("CONT");
        assert_eq!(inside.join().unwrap().unwrap(), secret);
        sealed
    });
    let back = tokens::wait_until("the device serves again", || state(&vault) == DeviceState::Serves);
    println!("continued: the first device serves again after {back:?}");
    assert!(back < RECOVERY);
    assert_eq!(vault.open(&by_second, BINDING).unwrap(), secret, "the first does not open what the second sealed");
}

fn a_server_that_is_not_there_is_told(address: &TokenAddress) {
    let refused = Pkcs11Vault::open(vec![(address.clone(), tokens::pin())], Options::default());
    let Err(VaultError::Unavailable(text)) = refused else { panic!("{refused:?}") };
    println!("no server: {text}");
    assert!(text.starts_with("remote: "), "{text}");
}

fn the_root_key_seals_by_what_the_interface_has(address: &TokenAddress) {
    let vault = Pkcs11Vault::create(vec![(address.clone(), tokens::pin())], Options::default()).unwrap();
    let stored = vault.create_scope_key("kind").unwrap();
    println!("kind of the blobs under the root: {}", stored[5]);
    assert!(matches!(stored[5], 2..=5), "kind {}", stored[5]);
    exercise(&vault);
    exercise_sealing(&open(address, tokens::options(Mode::Strict)));
}

fn recovery_after_the_death_of_the_server(server: &mut Server, address: &TokenAddress) {
    let vault = open(address, tokens::options(Mode::Strict));
    let secret = Secret::copy_from(&[5; 32]);
    let before = vault.seal(&secret, BINDING).unwrap();
    for round in 1..=2 {
        let (done, refused, stop) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        match vault.seal(&secret, BINDING).and_then(|sealed| vault.open(&sealed, BINDING)) {
                            Ok(opened) => {
                                assert!(opened == secret);
                                done.fetch_add(1, Ordering::Relaxed);
                            }
                            Err(VaultError::Unavailable(_)) => {
                                refused.fetch_add(1, Ordering::Relaxed);
                                std::thread::sleep(Duration::from_millis(1));
                            }
                            Err(other) => panic!("a lost device answers {other:?}"),
                        }
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(300));
            server.kill();
            let noticed = tokens::wait_until("the loss is noticed", || vault.health().is_err());
            println!("round {round}: death noticed after {noticed:?}: {}", vault.health().unwrap_err());
            std::thread::sleep(Duration::from_millis(2300));
            assert!(vault.health().is_err());
            server.start();
            let back = tokens::wait_until("the device serves again", || {
                vault.open(&before, BINDING).is_ok_and(|opened| opened == secret)
            });
            println!("round {round}: works again after {back:?}");
            assert!(back < RECOVERY);
            std::thread::sleep(Duration::from_millis(300));
            stop.store(true, Ordering::Relaxed);
        });
        println!("round {round}: {done:?} done, {refused:?} refused");
        assert!(done.into_inner() > 10);
        vault.generate(KeySpec::Symmetric { bits: 256 }, BINDING).unwrap();
    }
}

/// One thread is inside the module and stays there. The others leave at its deadline, and whoever comes later at once.
fn a_server_that_stops_costs_a_deadline(server: &Server, address: &TokenAddress) {
    let deadline = Duration::from_millis(700);
    let vault = open(address, Options { mode: Mode::Strict, sessions: 1, deadline, ..Options::default() });
    let secret = Secret::copy_from(&[5; 32]);
    let before = vault.seal(&secret, BINDING).unwrap();
    server.signal("STOP");
    let stopped = Instant::now();
    std::thread::scope(|threads| {
        let (vault, before) = (&vault, &before);
        let call = move || (vault.open(before, BINDING).map(drop), stopped.elapsed());
        let first = threads.spawn(call);
        std::thread::sleep(Duration::from_millis(100));
        let waiting: Vec<_> = (0..3).map(|_| threads.spawn(call)).collect();
        for waiting in waiting {
            let (refused, time) = waiting.join().unwrap();
            println!("a waiting caller after {time:?}: {refused:?}");
            assert!(matches!(refused, Err(VaultError::Unavailable(_))));
            assert!(time < deadline + Duration::from_millis(300), "{time:?}");
        }
        tokens::wait_until("the device is stuck", || matches!(state(vault), DeviceState::Stuck { .. }));
        assert!(vault.health().is_err());
        let began = Instant::now();
        for _ in 0..100 {
            assert!(matches!(vault.open(before, BINDING), Err(VaultError::Unavailable(_))));
        }
        println!("stuck: 100 calls refused in {:?}", began.elapsed());
        assert!(began.elapsed() < Duration::from_millis(500));
        server.signal("CONT");
        let back = tokens::wait_until("the device serves again", || vault.open(before, BINDING).is_ok());
        println!("continued: works again after {back:?}; the call that was inside: {:?}", first.join().unwrap());
        assert!(back < RECOVERY);
        assert!(vault.health().is_ok());
    });
}
