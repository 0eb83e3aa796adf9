//! NSS softokn, a module that gives non-extractable keys away: no root key is kept there.
//!
//! Without the module (Debian package libnss3) the test says so and passes.

mod tokens;

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::session::UserType;
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use hsm_backend::pkcs11::probe::probe;
use hsm_backend::pkcs11::{Mode, Options, Pkcs11Vault, TokenAddress};
use kmip_core::ports::vault::VaultError;

const PLACES: [&str; 4] = [
    "/usr/lib/x86_64-linux-gnu/libsoftokn3.so",
    "/usr/lib/aarch64-linux-gnu/libsoftokn3.so",
    "/usr/lib64/libsoftokn3.so",
    "/usr/lib/libsoftokn3.so",
];
/// The token of a database of keys.
const TOKEN: &str = "NSS Certificate DB";

/// Initialises the module on a new database in `directory`, and sets the PIN.
fn start(module: &Path, directory: &Path) -> Pkcs11 {
    let parameters =
        format!("configdir='sql:{}' certPrefix='' keyPrefix='' secmod='secmod.db' flags=''", directory.display());
    let parameters = CString::new(parameters).unwrap();
    let pkcs11 = Pkcs11::new(module).unwrap();
    let reserved = NonNull::new(parameters.into_raw().cast()).unwrap();
    // SAFETY: softokn takes a C string there, which lives until the process ends.
    let arguments = unsafe { CInitializeArgs::new_with_reserved(CInitializeFlags::OS_LOCKING_OK, reserved) };
    pkcs11.initialize(arguments).unwrap();
    // Not initialised yet, as far as it says.
    let is_ours = |slot: &Slot| pkcs11.get_token_info(*slot).is_ok_and(|token| token.label().trim_end() == TOKEN);
    let slot = pkcs11.get_all_slots().unwrap().into_iter().find(is_ours).unwrap();
    let session = pkcs11.open_rw_session(slot).unwrap();
    session.login(UserType::So, Some(&AuthPin::from(""))).unwrap();
    session.init_pin(&AuthPin::from(tokens::PIN)).unwrap();
    session.logout().unwrap();
    pkcs11
}

#[test]
fn a_module_that_gives_keys_away_is_refused() {
    let Some(module) = PLACES.map(PathBuf::from).into_iter().find(|path| path.exists()) else {
        println!("SKIP libnss3 not installed");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let pkcs11 = start(&module, directory.path());
    let address = TokenAddress { name: "nss".to_owned(), ..tokens::address(&module, TOKEN) };
    let must_be_refused = |refused: Result<Pkcs11Vault, VaultError>| {
        let told = refused.unwrap_err().to_string();
        println!("{told}");
        for way in [
            "can leave the token",
            "C_WrapKey",
            "AES key wrap with padding",
            "AES-CBC",
            "C_CopyObject",
            "is extractable",
        ] {
            assert!(told.contains(way), "{way}: {told}");
        }
    };
    let devices = || vec![(address.clone(), tokens::pin())];
    must_be_refused(Pkcs11Vault::create(devices(), Options::default()));
    let session = tokens::session(&pkcs11, TOKEN);
    assert!(session.find_objects(&[]).unwrap().is_empty(), "a root key or a trial was left behind");
    let report = probe(&address, &tokens::pin(), Duration::from_secs(60)).unwrap();
    assert!(!report.is_fit(), "{report:?}");
    let told = report.unsafe_because.join("; ");
    for way in ["C_WrapKey", "C_CopyObject", "it is wrapped although it is not extractable"] {
        assert!(told.contains(way), "{way}: {told}");
    }
    assert!(session.find_objects(&[]).unwrap().is_empty(), "a trial was left behind");
    tokens::import_root(&pkcs11, TOKEN, tokens::ROOT, &[9; 32], &[]);
    for mode in [Mode::Cached, Mode::Strict] {
        must_be_refused(Pkcs11Vault::open(devices(), tokens::options(mode)));
    }
    assert_eq!(session.find_objects(&[]).unwrap().len(), 1, "a trial was left behind");
}
