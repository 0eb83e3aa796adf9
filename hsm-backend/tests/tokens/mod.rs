//! Tokens for tests: where SoftHSM2's module is, how a module is entered, how a token is made on it.

#![allow(dead_code, reason = "each test uses a part")]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use hsm_backend::pkcs11::{Mode, Options, TokenAddress};
use kmip_codec::secret::SecretText;

pub const PIN: &str = "2468-user";
const SO_PIN: &str = "1357-officer";

const PLACES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// The module, if it is installed.
pub fn module() -> Option<PathBuf> {
    let named = std::env::var_os("SOFTHSM2_MODULE").map(PathBuf::from);
    named.into_iter().chain(PLACES.map(PathBuf::from)).find(|path| path.exists())
}

/// Writes a configuration for tokens in `directory`; its path.
pub fn configure(directory: &Path) -> PathBuf {
    let configuration = directory.join("softhsm2.conf");
    std::fs::write(&configuration, format!("directories.tokendir = {}\n", directory.display())).unwrap();
    configuration
}

/// Initialises SoftHSM with tokens in `directory`. It reads its configuration once in a process, so such a file has one test.
pub fn start(module: &Path, directory: &Path) -> Pkcs11 {
    enter(module, "SOFTHSM2_CONF", &configure(directory))
}

/// Initialises a module that finds its configuration by a variable.
pub fn enter(module: &Path, variable: &str, configuration: &Path) -> Pkcs11 {
    // SAFETY: no other thread of this process reads or writes the environment: this is its only test.
    unsafe { std::env::set_var(variable, configuration) };
    let pkcs11 = Pkcs11::new(module).unwrap();
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    pkcs11
}

/// Makes a token; its serial number.
pub fn make(pkcs11: &Pkcs11, label: &str) -> String {
    let used = pkcs11.get_slots_with_initialized_token().unwrap();
    let free = pkcs11.get_all_slots().unwrap().into_iter().find(|slot| !used.contains(slot)).unwrap();
    pkcs11.init_token(free, &AuthPin::from(SO_PIN), label).unwrap();
    let session = pkcs11.open_rw_session(free).unwrap();
    session.login(UserType::So, Some(&AuthPin::from(SO_PIN))).unwrap();
    session.init_pin(&AuthPin::from(PIN)).unwrap();
    session.logout().unwrap();
    pkcs11.get_token_info(free).unwrap().serial_number().trim_end().to_owned()
}

pub fn slot(pkcs11: &Pkcs11, label: &str) -> Slot {
    let slots = pkcs11.get_slots_with_initialized_token().unwrap();
    slots.into_iter().find(|slot| pkcs11.get_token_info(*slot).unwrap().label().trim_end() == label).unwrap()
}

/// A session on a token, logged in.
pub fn session(pkcs11: &Pkcs11, label: &str) -> Session {
    let session = pkcs11.open_rw_session(slot(pkcs11, label)).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::from(PIN)));
    session
}

/// Puts a root key of a known value on a token, as a ceremony would that brings one key to several. If mechanisms are given,
/// it can be used with no others.
pub fn import_root(pkcs11: &Pkcs11, label: &str, root: &str, value: &[u8; 32], only: &[MechanismType]) {
    let mut template = vec![
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Label(root.as_bytes().to_vec()),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        Attribute::Wrap(true),
        Attribute::Unwrap(true),
        Attribute::Value(value.to_vec()),
    ];
    if !only.is_empty() {
        template.push(Attribute::AllowedMechanisms(only.to_vec()));
    }
    session(pkcs11, label).create_object(&template).unwrap();
}

/// The label of root keys.
pub const ROOT: &str = "kmip-root";

pub fn address(module: &Path, token: &str) -> TokenAddress {
    TokenAddress {
        name: token.to_owned(),
        module: module.to_owned(),
        token_label: Some(token.to_owned()),
        serial: None,
        root_label: ROOT.to_owned(),
        owner: ROOT.to_owned(),
    }
}

pub fn pin() -> SecretText {
    SecretText::copy_from(PIN)
}

pub fn options(mode: Mode) -> Options {
    Options { mode, ..Options::default() }
}

/// Ends the process if the answer lives too long: a call that hangs in a module cannot be ended otherwise.
pub fn watchdog(patience: Duration) -> impl Drop {
    struct Watched(std::sync::mpsc::Sender<()>);
    impl Drop for Watched {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (over, waits) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        if waits.recv_timeout(patience) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            eprintln!("the test has taken more than {patience:?}: a call hangs in the module");
            std::process::abort();
        }
    });
    Watched(over)
}

/// Waits until something holds; how long that took. Fails after 20 s.
pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
    began.elapsed()
}
