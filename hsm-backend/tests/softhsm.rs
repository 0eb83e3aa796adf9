//! The PKCS#11 vault on SoftHSM2: the same rules as the software vault, and a root key that stays on the token.
//!
//! Without the module (Debian package softhsm2) the test says so and passes; `SOFTHSM2_MODULE` names another place.

use std::path::{Path, PathBuf};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use hsm_backend::keystore::Keystore;
use hsm_backend::pkcs11::{Pkcs11Vault, TokenAddress};
use hsm_backend::software::SoftwareVault;
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::vault::{Binding, KeyVault, VaultError};
use kmip_core::testing::vault_exerciser::exercise;

const PIN: &str = "2468-user";
const SO_PIN: &str = "1357-officer";

const PLACES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

fn module() -> Option<PathBuf> {
    let named = std::env::var_os("SOFTHSM2_MODULE").map(PathBuf::from);
    named.into_iter().chain(PLACES.map(PathBuf::from)).find(|path| path.exists())
}

/// Initialises SoftHSM with tokens in `directory`. It reads its configuration once in a process, so this file has one test.
fn start(module: &Path, directory: &Path) -> Pkcs11 {
    let configuration = directory.join("softhsm2.conf");
    std::fs::write(&configuration, format!("directories.tokendir = {}\n", directory.display())).unwrap();
    // SAFETY: no other thread of this process reads or writes the environment: this is its only test.
    unsafe { std::env::set_var("SOFTHSM2_CONF", configuration) };
    let pkcs11 = Pkcs11::new(module).unwrap();
    pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
    pkcs11
}

fn make_token(pkcs11: &Pkcs11, label: &str) {
    let used = pkcs11.get_slots_with_initialized_token().unwrap();
    let free = pkcs11.get_all_slots().unwrap().into_iter().find(|slot| !used.contains(slot)).unwrap();
    pkcs11.init_token(free, &AuthPin::from(SO_PIN), label).unwrap();
    let session = pkcs11.open_rw_session(free).unwrap();
    session.login(UserType::So, Some(&AuthPin::from(SO_PIN))).unwrap();
    session.init_pin(&AuthPin::from(PIN)).unwrap();
    session.logout().unwrap();
}

fn address(module: &Path, token: &str) -> TokenAddress {
    TokenAddress { module: module.to_owned(), token_label: token.to_owned(), root_label: "kmip-root".to_owned() }
}

#[test]
fn pkcs11_vault_on_softhsm() {
    let Some(module) = module() else {
        println!("SKIP softhsm2 not installed");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let pkcs11 = start(&module, directory.path());
    make_token(&pkcs11, "first");
    make_token(&pkcs11, "second");
    let pin = SecretText::copy_from(PIN);
    let first = address(&module, "first");

    refusals_are_clear(&first, &pin);
    let vault = Pkcs11Vault::create(&first, &pin).unwrap();
    assert!(Pkcs11Vault::create(&first, &pin).is_err(), "a second root key was made");
    exercise(&vault);
    the_next_process_opens_everything(&vault, &first, &pin);
    another_root_opens_nothing(&vault, &address(&module, "second"), &pin);
    the_root_key_stays_and_nothing_else_is_left(&pkcs11);
    an_extractable_root_key_is_refused(&pkcs11, &first, &pin);
    assert_eq!(format!("{vault:?}"), "Pkcs11Vault(\"first\")");
}

fn refusals_are_clear(address: &TokenAddress, pin: &SecretText) {
    let text = |refused: Result<Pkcs11Vault, VaultError>| refused.unwrap_err().to_string();
    let no_root = text(Pkcs11Vault::open(address, pin));
    assert!(no_root.contains("no AES key labelled \"kmip-root\""), "{no_root}");
    let no_token = text(Pkcs11Vault::open(&TokenAddress { token_label: "third".to_owned(), ..address.clone() }, pin));
    assert!(no_token.contains("no token is labelled \"third\"") && no_token.contains("second"), "{no_token}");
    let no_module = text(Pkcs11Vault::open(&TokenAddress { module: "/nowhere.so".into(), ..address.clone() }, pin));
    assert!(no_module.contains("/nowhere.so"), "{no_module}");
    let wrong_pin = text(Pkcs11Vault::open(address, &SecretText::copy_from("wrong-pin")));
    assert!(wrong_pin.contains("PinIncorrect"), "{wrong_pin}");
}

fn the_next_process_opens_everything(vault: &Pkcs11Vault, address: &TokenAddress, pin: &SecretText) {
    let binding = Binding { scope: "next", id: "1", spec: b"spec" };
    let stored = vault.create_scope_key("next").unwrap();
    vault.install_scope_key("next", &stored).unwrap();
    let secret = Secret::copy_from(b"0123456789abcdef");
    let sealed = vault.seal(&secret, binding).unwrap();
    let store_keys = vault.create_store_keys().unwrap();
    let record = vault.record_seal(&store_keys).unwrap().seal(b"key", 3, b"value");

    let next = Pkcs11Vault::open(address, pin).unwrap();
    next.install_scope_key("next", &stored).unwrap();
    assert_eq!(next.open(&sealed, binding).unwrap(), secret);
    assert_eq!(next.record_seal(&store_keys).unwrap().open(b"key", 3, &record).unwrap(), b"value");
}

fn another_root_opens_nothing(vault: &Pkcs11Vault, second: &TokenAddress, pin: &SecretText) {
    let other = Pkcs11Vault::create(second, pin).unwrap();
    let stored = vault.create_scope_key("s").unwrap();
    let refused = other.install_scope_key("s", &stored);
    assert!(matches!(refused, Err(VaultError::DoesNotOpen(_))), "{refused:?}");
    assert!(matches!(other.record_seal(&vault.create_store_keys().unwrap()), Err(VaultError::DoesNotOpen(_))));
    let software = SoftwareVault::new(Keystore::ephemeral().unwrap());
    let refused = software.install_scope_key("s", &stored).unwrap_err().to_string();
    assert!(refused.contains("another kind of vault"), "{refused}");
}

/// The vault keeps the login of this process alive, so this session may look at private objects.
fn the_root_key_stays_and_nothing_else_is_left(pkcs11: &Pkcs11) {
    let session = pkcs11.open_rw_session(slot(pkcs11, "first")).unwrap();
    let objects = session.find_objects(&[]).unwrap();
    let [root] = objects.as_slice() else { panic!("{} objects on the token", objects.len()) };
    let transport = session
        .generate_key(
            &Mechanism::AesKeyGen,
            &[Attribute::ValueLen(32.into()), Attribute::Token(false), Attribute::Wrap(true)],
        )
        .unwrap();
    let wrapped = session.wrap_key(&Mechanism::AesKeyWrapPad, transport, *root);
    assert!(matches!(wrapped, Err(Error::Pkcs11(RvError::KeyUnextractable, _))), "{wrapped:?}");
}

fn an_extractable_root_key_is_refused(pkcs11: &Pkcs11, address: &TokenAddress, pin: &SecretText) {
    let session = pkcs11.open_rw_session(slot(pkcs11, "first")).unwrap();
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::Label(b"weak".to_vec()),
        Attribute::ValueLen(32.into()),
        Attribute::Token(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
    ];
    session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
    let refused = Pkcs11Vault::open(&TokenAddress { root_label: "weak".to_owned(), ..address.clone() }, pin);
    assert!(refused.unwrap_err().to_string().contains("extractable"));
}

fn slot(pkcs11: &Pkcs11, label: &str) -> cryptoki::slot::Slot {
    let slots = pkcs11.get_slots_with_initialized_token().unwrap();
    slots.into_iter().find(|slot| pkcs11.get_token_info(*slot).unwrap().label().trim_end() == label).unwrap()
}
