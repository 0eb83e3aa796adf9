//! The PKCS#11 vault on kryoptic, a second software token, with another implementation of every mechanism.
//!
//! `KRYOPTIC_MODULE` names the module, which no distribution in use has as a package: `./test` builds it. Without it the test says so and passes.

mod tokens;

use std::path::{Path, PathBuf};
use std::time::Duration;

use cryptoki::context::Pkcs11;
use cryptoki::object::{Attribute, ObjectClass};
use hsm_backend::pkcs11::backup::{Share, Split};
use hsm_backend::pkcs11::ceremony::{Backup, Rehearsal, make_root_key, restore_root_key};
use hsm_backend::pkcs11::probe::probe;
use hsm_backend::pkcs11::{Mode, Options, Pkcs11Vault, TokenAddress};
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::vault::{Binding, KeyVault};
use kmip_core::testing::vault_exerciser::exercise;

const BINDING: Binding<'_> = Binding { scope: "next", id: "1", spec: b"spec" };

fn configure(directory: &Path) -> PathBuf {
    let (configuration, database) = (directory.join("kryoptic.conf"), directory.join("token.sqlite"));
    let slot = format!("[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = \"{}\"\n", database.display());
    std::fs::write(&configuration, slot).unwrap();
    configuration
}

fn open(address: &TokenAddress, mode: Mode) -> Pkcs11Vault {
    Pkcs11Vault::open(vec![(address.clone(), tokens::pin())], tokens::options(mode)).unwrap()
}

#[test]
fn pkcs11_vault_on_kryoptic() {
    let Some(module) = std::env::var_os("KRYOPTIC_MODULE").map(PathBuf::from).filter(|path| path.exists()) else {
        println!("SKIP kryoptic: KRYOPTIC_MODULE names no module");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let pkcs11 = tokens::enter(&module, "KRYOPTIC_CONF", &configure(directory.path()));
    tokens::make(&pkcs11, "first");
    let first = tokens::address(&module, "first");
    let vault = Pkcs11Vault::create(vec![(first.clone(), tokens::pin())], Options::default()).unwrap();
    exercise(&vault);
    exercise(&open(&first, Mode::Strict));
    each_mode_opens_what_the_other_sealed(&first);
    only_the_root_key_is_left(&pkcs11);
    let report = probe(&first, &tokens::pin(), Duration::from_secs(60)).unwrap();
    assert!(report.is_fit(), "{report:?}");
    only_the_root_key_is_left(&pkcs11);
    drop((vault, pkcs11));
    modules_of_two_makers_share_a_root_key(&module, directory.path());
}

/// The ceremony, one group, and the backup: each opens what the other sealed.
fn modules_of_two_makers_share_a_root_key(kryoptic: &Path, directory: &Path) {
    let Some(softhsm) = tokens::module() else {
        println!("SKIP softhsm2 not installed: no ceremony between two modules");
        return;
    };
    let pkcs11 = tokens::start(&softhsm, directory);
    ["beside", "restored"].iter().for_each(|name| drop(tokens::make(&pkcs11, name)));
    let device = |module: &Path, name: &str| {
        let address = TokenAddress { root_label: "of-both".to_owned(), ..tokens::address(module, name) };
        (address, tokens::pin())
    };
    let patience = Duration::from_secs(60);
    for (label, devices) in [
        ("kryoptic first", [device(kryoptic, "first"), device(&softhsm, "beside")]),
        ("SoftHSM2 first", [device(&softhsm, "beside"), device(kryoptic, "first")]),
    ] {
        let made = make_root_key(&devices, Rehearsal::Only, patience, None).unwrap();
        assert_eq!(made.len(), 2, "{label}");
    }
    let mut kept = Vec::new();
    let mut keep = |shares: &[Share]| {
        kept = shares.to_vec();
        Ok(())
    };
    let both = [device(kryoptic, "first"), device(&softhsm, "beside")];
    let backup = Backup { split: Split::new(3, 5).unwrap(), keep: &mut keep };
    make_root_key(&both, Rehearsal::No, patience, Some(backup)).unwrap();
    restore_root_key(&[device(&softhsm, "restored")], &kept[2..], Rehearsal::No, patience).unwrap();
    let secret = Secret::copy_from(b"0123456789abcdef");
    let alone =
        |device: (TokenAddress, SecretText)| Pkcs11Vault::open(vec![device], tokens::options(Mode::Strict)).unwrap();
    let vaults = [alone(both[0].clone()), alone(both[1].clone()), alone(device(&softhsm, "restored"))];
    let stored = vaults[0].create_scope_key("next").unwrap();
    vaults.iter().for_each(|vault| vault.install_scope_key("next", &stored).unwrap());
    for by in &vaults {
        let sealed = by.seal(&secret, BINDING).unwrap();
        vaults.iter().for_each(|with| assert_eq!(with.open(&sealed, BINDING).unwrap(), secret));
    }
}

fn each_mode_opens_what_the_other_sealed(address: &TokenAddress) {
    let (cached, strict) = (open(address, Mode::Cached), open(address, Mode::Strict));
    let stored = cached.create_scope_key("next").unwrap();
    let secret = Secret::copy_from(b"0123456789abcdef");
    for vault in [&cached, &strict] {
        vault.install_scope_key("next", &stored).unwrap();
    }
    for (by, with) in [(&cached, &strict), (&strict, &cached)] {
        assert_eq!(with.open(&by.seal(&secret, BINDING).unwrap(), BINDING).unwrap(), secret);
    }
}

/// Of the keys; the module shows objects of its own beside them.
fn only_the_root_key_is_left(pkcs11: &Pkcs11) {
    let session = tokens::session(pkcs11, "first");
    let count = |class| session.find_objects(&[Attribute::Class(class), Attribute::Token(true)]).unwrap().len();
    let classes = [ObjectClass::SECRET_KEY, ObjectClass::PRIVATE_KEY, ObjectClass::PUBLIC_KEY, ObjectClass::DATA];
    assert_eq!(classes.map(count), [1, 0, 0, 0]);
}
