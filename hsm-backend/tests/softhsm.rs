//! The PKCS#11 vault on SoftHSM2: the same rules as the software vault, and a root key that stays on the token.
//!
//! Without the module (Debian package softhsm2) the test says so and passes; `SOFTHSM2_MODULE` names another place.

mod tokens;

use std::path::Path;
use std::time::Duration;

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, ObjectClass};
use hsm_backend::keystore::Keystore;
use hsm_backend::pkcs11::backup::{Share, Split};
use hsm_backend::pkcs11::ceremony::{
    Backup, Cleared, Record, Rehearsal, clear_unfinished, make_recorded_root_key, make_root_key, restore_root_key,
};
use hsm_backend::pkcs11::probe::probe;
use hsm_backend::pkcs11::{DeviceState, Generation, Mode, Options, Pkcs11Vault, TokenAddress};
use hsm_backend::software::SoftwareVault;
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::vault::{Binding, Curve, Generated, KeySpec, KeyVault, Sealed, VaultError, Waits};
use kmip_core::testing::vault_exerciser::{exercise, exercise_sealing};

const BINDING: Binding<'_> = Binding { scope: "next", id: "1", spec: b"spec" };

fn open(address: &TokenAddress, mode: Mode) -> Result<Pkcs11Vault, VaultError> {
    Pkcs11Vault::open(vec![(address.clone(), tokens::pin())], tokens::options(mode))
}

fn create(address: &TokenAddress) -> Result<Pkcs11Vault, VaultError> {
    Pkcs11Vault::create(vec![(address.clone(), tokens::pin())], Options::default())
}

#[test]
fn pkcs11_vault_on_softhsm() {
    let Some(module) = tokens::module() else {
        println!("SKIP softhsm2 not installed");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let pkcs11 = tokens::start(&module, directory.path());
    let serial = tokens::make(&pkcs11, "first");
    tokens::make(&pkcs11, "second");
    let first = tokens::address(&module, "first");

    refusals_are_clear(&first);
    let vault = create(&first).unwrap();
    assert!(create(&first).is_err(), "a second root key was made");
    exercise(&vault);
    let strict = open(&first, Mode::Strict).unwrap();
    exercise(&strict);
    assert_eq!((vault.waits().to_use, strict.waits().to_use), (false, true));
    the_next_process_opens_everything(&vault, &first);
    the_mode_may_be_changed_both_ways(&first);
    a_device_that_makes_keys_alone_makes_what_it_has_mechanisms_for(&first);
    a_device_that_answers_at_once_says_so(&first);
    a_serial_number_is_an_address(&first, &serial);
    sessions_are_bounded_and_threads_wait_for_one(&first);
    tokens::make(&pkcs11, "ways");
    a_root_key_seals_in_the_best_way_that_it_can(&pkcs11, &tokens::address(&module, "ways"));
    another_root_opens_nothing(&vault, &tokens::address(&module, "second"));
    the_root_key_stays_and_nothing_else_is_left(&pkcs11);
    an_extractable_root_key_is_refused(&pkcs11, &first);
    assert_eq!(format!("{vault:?}"), "Pkcs11Vault(\"first\")");
    a_probe_finds_a_safe_device_and_leaves_nothing(&pkcs11, &first);
    a_ceremony_makes_one_root_key_on_every_device(&pkcs11, &module);
    drop((vault, strict));
    no_monitor_is_left();
    the_end_of_the_process_finalises_the_module(&pkcs11, &first);
}

fn refusals_are_clear(address: &TokenAddress) {
    let text = |refused: Result<Pkcs11Vault, VaultError>| refused.unwrap_err().to_string();
    let open = |address| open(&address, Mode::Cached);
    let no_root = text(open(address.clone()));
    assert!(no_root.contains("no AES key labelled \"kmip-root\""), "{no_root}");
    let no_token = text(open(TokenAddress { token_label: Some("third".to_owned()), ..address.clone() }));
    assert!(no_token.contains("no token is labelled \"third\"") && no_token.contains("second"), "{no_token}");
    let no_name = text(open(TokenAddress { token_label: None, ..address.clone() }));
    assert!(no_name.contains("neither a token label nor a serial number"), "{no_name}");
    let no_module = text(open(TokenAddress { module: "/nowhere.so".into(), ..address.clone() }));
    assert!(no_module.contains("/nowhere.so"), "{no_module}");
    let wrong_pin = vec![(address.clone(), SecretText::copy_from("wrong-pin"))];
    let wrong_pin = text(Pkcs11Vault::open(wrong_pin, Options::default()));
    assert!(wrong_pin.contains("PinIncorrect"), "{wrong_pin}");
    let two = vec![(address.clone(), tokens::pin()), (address.clone(), tokens::pin())];
    let two = text(Pkcs11Vault::create(two, Options::default()));
    assert!(two.contains("on one device, not on 2"), "{two}");
    let none = text(Pkcs11Vault::open(Vec::new(), Options::default()));
    assert!(none.contains("no device is given"), "{none}");
}

fn the_next_process_opens_everything(vault: &Pkcs11Vault, address: &TokenAddress) {
    let stored = vault.create_scope_key("next").unwrap();
    vault.install_scope_key("next", &stored).unwrap();
    let secret = Secret::copy_from(b"0123456789abcdef");
    let sealed = vault.seal(&secret, BINDING).unwrap();
    let store_keys = vault.create_store_keys().unwrap();
    let record = vault.record_seal(&store_keys).unwrap().seal(b"key", 3, b"value");

    let next = open(address, Mode::Cached).unwrap();
    next.install_scope_key("next", &stored).unwrap();
    assert_eq!(next.open(&sealed, BINDING).unwrap(), secret);
    assert_eq!(next.record_seal(&store_keys).unwrap().open(b"key", 3, &record).unwrap(), b"value");
}

fn the_mode_may_be_changed_both_ways(address: &TokenAddress) {
    let (cached, strict) = (open(address, Mode::Cached).unwrap(), open(address, Mode::Strict).unwrap());
    let stored = cached.create_scope_key("next").unwrap();
    let secret = Secret::copy_from(b"0123456789abcdef");
    for vault in [&cached, &strict] {
        vault.install_scope_key("next", &stored).unwrap();
        vault.install_scope_key("next", &stored).unwrap();
    }
    let by_scope = cached.seal(&secret, BINDING).unwrap();
    let by_root = strict.seal(&secret, BINDING).unwrap();
    assert_eq!((by_scope.0[..5].to_vec(), by_root.0[..5].to_vec()), (vec![1, 0, 0, 0, 1], vec![2, 0, 0, 0, 1]));
    cached.note_stored(&by_scope);
    assert!(!cached.waits().to_use);
    cached.note_stored(&by_root);
    assert!(cached.waits().to_use, "a store holds what only the device opens");
    for vault in [&cached, &strict] {
        for sealed in [&by_scope, &by_root] {
            assert_eq!(vault.open(sealed, BINDING).unwrap(), secret);
            let elsewhere = vault.open(sealed, Binding { id: "2", ..BINDING });
            assert!(matches!(elsewhere, Err(VaultError::DoesNotOpen(_))), "{elsewhere:?}");
            let mut other_kind = sealed.clone();
            other_kind.0[0] ^= 3;
            assert!(matches!(vault.open(&other_kind, BINDING), Err(VaultError::DoesNotOpen(_))));
        }
        // A rival first generation, made by another process under the same root key.
        let rival = open(address, Mode::Cached).unwrap().create_scope_key("next").unwrap();
        assert!(matches!(vault.install_scope_key("next", &rival), Err(VaultError::BadInput(_))));
    }
}

fn a_device_that_makes_keys_alone_makes_what_it_has_mechanisms_for(address: &TokenAddress) {
    let options = Options { generation: Generation::Device, ..tokens::options(Mode::Cached) };
    let vault = Pkcs11Vault::open(vec![(address.clone(), tokens::pin())], options).unwrap();
    let stored = vault.create_scope_key("alone").unwrap();
    vault.install_scope_key("alone", &stored).unwrap();
    let binding = Binding { scope: "alone", ..BINDING };
    let offered = vault.describe().generates;
    for (spec, bytes) in [(KeySpec::Symmetric { bits: 256 }, 32), (KeySpec::Symmetric { bits: 160 }, 20)] {
        assert!(offered.contains(&spec));
        let keys = [vault.generate(spec, binding).unwrap(), vault.generate(spec, binding).unwrap()];
        let [first, second] = keys.map(|made| match made {
            Generated::Symmetric(sealed) => vault.open(&sealed, binding).unwrap(),
            Generated::Pair { .. } => panic!("a pair"),
        });
        assert_eq!((first.len(), second.len()), (bytes, bytes));
        assert_ne!(first, second);
    }
    assert!(matches!(vault.generate(KeySpec::Ec { curve: Curve::P256 }, binding).unwrap(), Generated::Pair { .. }));
    for refused in
        [KeySpec::Ec { curve: Curve::Ed25519 }, KeySpec::TripleDes { bytes: 24 }, KeySpec::Symmetric { bits: 12 }]
    {
        assert!(!offered.contains(&refused));
        assert!(matches!(vault.generate(refused, binding), Err(VaultError::Unsupported(_))), "{refused:?}");
    }
}

fn a_device_that_answers_at_once_says_so(address: &TokenAddress) {
    for (prompt, expected) in [(Duration::from_secs(3600), true), (Duration::ZERO, false)] {
        let options = Options { prompt, ..tokens::options(Mode::Strict) };
        let vault = Pkcs11Vault::open(vec![(address.clone(), tokens::pin())], options).unwrap();
        assert!(!vault.waits().prompt, "nothing is known of the device yet");
        vault.random(&mut [0; 32]).unwrap();
        assert_eq!(vault.waits(), Waits { to_make: true, to_use: true, prompt: expected }, "{prompt:?}");
    }
}

fn a_serial_number_is_an_address(address: &TokenAddress, serial: &str) {
    let by_serial = TokenAddress { token_label: None, serial: Some(serial.to_owned()), ..address.clone() };
    let vault = open(&by_serial, Mode::Cached).unwrap();
    let [device] = vault.devices().try_into().unwrap();
    assert_eq!((device.name.as_str(), &device.state), ("first", &DeviceState::Serves));
    assert!(device.token.contains(serial), "{}", device.token);
    let both = TokenAddress { token_label: Some("second".to_owned()), ..by_serial };
    let refused = open(&both, Mode::Cached).unwrap_err().to_string();
    assert!(refused.contains("no token is labelled \"second\" with serial number"), "{refused}");
}

/// With one session, eight threads take turns; what each seals opens.
fn sessions_are_bounded_and_threads_wait_for_one(address: &TokenAddress) {
    let options = Options { sessions: 1, ..tokens::options(Mode::Strict) };
    let vault = Pkcs11Vault::open(vec![(address.clone(), tokens::pin())], options).unwrap();
    let stored = vault.create_scope_key("next").unwrap();
    vault.install_scope_key("next", &stored).unwrap();
    std::thread::scope(|threads| {
        for number in 0..8u8 {
            let vault = &vault;
            threads.spawn(move || {
                let secret = Secret::copy_from(&[number; 32]);
                let sealed: Vec<Sealed> = (0..20).map(|_| vault.seal(&secret, BINDING).unwrap()).collect();
                for sealed in sealed {
                    assert_eq!(vault.open(&sealed, BINDING).unwrap(), secret);
                }
                vault.generate(KeySpec::Symmetric { bits: 256 }, BINDING).unwrap();
            });
        }
    });
}

/// The same root key four times, each time with fewer mechanisms: what one seals opens on the one that has them all.
fn a_root_key_seals_in_the_best_way_that_it_can(pkcs11: &Pkcs11, address: &TokenAddress) {
    use MechanismType as M;
    let rows: [(u8, &[MechanismType]); 4] = [
        (2, &[]),
        (3, &[M::AES_KEY_WRAP_PAD, M::AES_KEY_WRAP, M::AES_ECB]),
        (4, &[M::AES_KEY_WRAP, M::AES_ECB]),
        (5, &[M::AES_ECB]),
    ];
    let label = |kind: u8| format!("root-{kind}");
    for (kind, only) in rows {
        tokens::import_root(pkcs11, "ways", &label(kind), &[9; 32], only);
    }
    tokens::import_root(pkcs11, "ways", "useless", &[9; 32], &[M::AES_CBC]);
    let at = |root_label| TokenAddress { root_label, ..address.clone() };
    let full = open(&at(label(2)), Mode::Cached).unwrap();
    for (kind, _) in rows {
        let vault = open(&at(label(kind)), Mode::Strict).unwrap();
        let stored = vault.create_scope_key("next").unwrap();
        assert_eq!(stored[5], kind);
        vault.install_scope_key("next", &stored).unwrap();
        let secret = Secret::copy_from(b"0123456789abcdef");
        let sealed = vault.seal(&secret, BINDING).unwrap();
        let anew = open(&at(label(2)), Mode::Strict).unwrap();
        anew.install_scope_key("next", &stored).unwrap();
        assert_eq!(anew.open(&sealed, BINDING).unwrap(), secret, "kind {kind}");
        full.record_seal(&vault.create_store_keys().unwrap()).unwrap();
        exercise_sealing(&vault);
    }
    devices_of_a_group_seal_in_one_way(&at(label(4)), &at(label(2)));
    let refused = open(&at("useless".to_owned()), Mode::Cached).unwrap_err().to_string();
    for way in ["cannot be used", "AES-GCM", "AES key wrap with padding", "AES of single blocks"] {
        assert!(refused.contains(way), "{refused}");
    }
    let session = pkcs11.open_rw_session(tokens::slot(pkcs11, "ways")).unwrap();
    let stored = session.find_objects(&[Attribute::Token(true)]).unwrap();
    assert_eq!(stored.len(), 5, "a data key was left");
}

/// The first can wrap only, so the second wraps too; the other way round the second would not open what the first seals.
fn devices_of_a_group_seal_in_one_way(wraps: &TokenAddress, full: &TokenAddress) {
    let group = |first: &TokenAddress, second: &TokenAddress| {
        let devices = [first, second].map(|address| (address.clone(), tokens::pin()));
        Pkcs11Vault::open(devices.into(), Options::default()).unwrap()
    };
    let states = |vault: &Pkcs11Vault| vault.devices().into_iter().map(|device| device.state).collect::<Vec<_>>();
    assert_eq!(states(&group(wraps, full)), [DeviceState::Serves, DeviceState::Serves]);
    let told = states(&group(full, wraps));
    let [DeviceState::Serves, DeviceState::Lost { reason, .. }] = told.as_slice() else {
        panic!("a device that cannot open what the first seals was taken: {told:?}")
    };
    assert!(reason.contains("in the way of its group"), "{reason}");
}

fn another_root_opens_nothing(vault: &Pkcs11Vault, second: &TokenAddress) {
    let other = create(second).unwrap();
    let stored = vault.create_scope_key("s").unwrap();
    let refused = other.install_scope_key("s", &stored);
    assert!(matches!(refused, Err(VaultError::DoesNotOpen(_))), "{refused:?}");
    assert!(matches!(other.record_seal(&vault.create_store_keys().unwrap()), Err(VaultError::DoesNotOpen(_))));
    assert!(other.health().is_ok(), "a blob that does not open made a device lost");
    let software = SoftwareVault::new(Keystore::ephemeral().unwrap());
    let refused = software.install_scope_key("s", &stored).unwrap_err().to_string();
    assert!(refused.contains("another kind of vault"), "{refused}");
}

/// The vault keeps the login of this process alive, so this session may look at private objects.
fn the_root_key_stays_and_nothing_else_is_left(pkcs11: &Pkcs11) {
    let session = pkcs11.open_rw_session(tokens::slot(pkcs11, "first")).unwrap();
    let objects = session.find_objects(&[Attribute::Token(true)]).unwrap();
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

fn a_backup_brings_the_root_key_to_a_later_device(pkcs11: &Pkcs11, module: &Path) {
    ["first of backup", "second of backup", "later"].iter().for_each(|name| drop(tokens::make(pkcs11, name)));
    let device = |name: &str| {
        let address = TokenAddress { root_label: "backed-up".to_owned(), ..tokens::address(module, name) };
        (address, tokens::pin())
    };
    let left = |name| tokens::session(pkcs11, name).find_objects(&[Attribute::Token(true)]).unwrap().len();
    let both = [device("first of backup"), device("second of backup")];
    let patience = Duration::from_secs(60);
    let split = Split::new(2, 3).unwrap();
    let mut kept: Vec<Share> = Vec::new();

    let mut none = |_: &[Share]| -> Result<(), String> { panic!("a rehearsal keeps shares") };
    let backup = Some(Backup { split, keep: &mut none });
    make_root_key(&both, Rehearsal::Only, patience, backup).unwrap();
    let mut fails = |_: &[Share]| Err("the disk is full".to_owned());
    let backup = Some(Backup { split, keep: &mut fails });
    let refused = make_root_key(&both, Rehearsal::No, patience, backup).unwrap_err().to_string();
    assert!(refused.contains("the disk is full"), "{refused}");
    assert_eq!((left("first of backup"), left("second of backup")), (0, 0), "a key without its backup stayed");
    let mut keep = |shares: &[Share]| {
        kept = shares.to_vec();
        Ok(())
    };
    let backup = Some(Backup { split, keep: &mut keep });
    make_root_key(&both, Rehearsal::No, patience, backup).unwrap();
    assert_eq!((kept.len(), left("first of backup"), left("second of backup")), (3, 1, 1));

    let vault = Pkcs11Vault::open(both.to_vec(), Options::default()).unwrap();
    let stored = vault.create_scope_key("next").unwrap();
    vault.install_scope_key("next", &stored).unwrap();
    let sealed = vault.seal(&Secret::copy_from(&[8; 32]), BINDING).unwrap();

    let later = [device("later")];
    let one = restore_root_key(&later, &kept[..1], Rehearsal::No, patience).unwrap_err().to_string();
    assert!(one.contains("2 restore the root key"), "{one}");
    restore_root_key(&later, &kept[1..], Rehearsal::Only, patience).unwrap();
    assert_eq!(left("later"), 0, "a rehearsal left something");
    let files: Vec<_> = kept[1..].iter().map(|share| Share::parse(&share.to_text().unwrap()).unwrap()).collect();
    let made = restore_root_key(&later, &files, Rehearsal::No, patience).unwrap();
    assert_eq!((made.len(), made[0].transport, left("later")), (1, "shares", 1));
    let alone = Pkcs11Vault::open(later.to_vec(), Options::default()).unwrap();
    alone.install_scope_key("next", &stored).unwrap();
    assert_eq!(alone.open(&sealed, BINDING).unwrap(), Secret::copy_from(&[8; 32]));
    let again = restore_root_key(&later, &files, Rehearsal::No, patience).unwrap_err().to_string();
    assert!(again.contains("already"), "{again}");
}

fn an_extractable_root_key_is_refused(pkcs11: &Pkcs11, address: &TokenAddress) {
    let session = pkcs11.open_rw_session(tokens::slot(pkcs11, "first")).unwrap();
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::Label(b"weak".to_vec()),
        Attribute::ValueLen(32.into()),
        Attribute::Token(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(true),
    ];
    session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
    let refused = open(&TokenAddress { root_label: "weak".to_owned(), ..address.clone() }, Mode::Cached);
    assert!(refused.unwrap_err().to_string().contains("extractable"));
}

fn a_probe_finds_a_safe_device_and_leaves_nothing(pkcs11: &Pkcs11, address: &TokenAddress) {
    let session = tokens::session(pkcs11, "first");
    let before = session.find_objects(&[]).unwrap().len();
    let patience = Duration::from_secs(60);
    let report = probe(address, &tokens::pin(), patience).unwrap();
    assert_eq!(session.find_objects(&[]).unwrap().len(), before, "a trial was left");
    assert!(report.is_fit(), "{report:?}");
    assert_eq!((report.seals_by.as_deref(), report.token.as_str()), (Some("AES-GCM"), "first"));
    assert!(report.firmware.contains('.') && report.cryptoki.contains('.'), "{report:?}");
    let fails: Vec<&str> = report.trials.iter().filter(|trial| !trial.works).map(|trial| trial.what).collect();
    // SoftHSM2 has OAEP with SHA-1 only.
    assert_eq!(fails, ["RSA-OAEP with SHA-256"], "{:?}", report.trials);
    let listed = report.mechanisms.iter().find(|listed| listed.name == "CKM_AES_GCM").unwrap();
    assert!(listed.uses.contains(&"encrypt") && listed.greatest == 32, "{listed:?}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((json["format"].as_u64(), json["token"].as_str()), (Some(1), Some("first")));
    let wrong = probe(address, &SecretText::copy_from("wrong-pin"), patience);
    assert!(wrong.is_ok(), "the token is logged in, and a PIN is not asked for twice");
    let nowhere = TokenAddress { token_label: Some("third".to_owned()), ..address.clone() };
    assert!(probe(&nowhere, &tokens::pin(), patience).unwrap_err().to_string().contains("no token is labelled"));
}

fn a_ceremony_makes_one_root_key_on_every_device(pkcs11: &Pkcs11, module: &Path) {
    let names = ["one", "two", "three"];
    names.iter().for_each(|name| drop(tokens::make(pkcs11, name)));
    let address = |name: &&str| TokenAddress { root_label: "of-all".to_owned(), ..tokens::address(module, name) };
    let devices = |names: &[&str]| names.iter().map(|name| (address(name), tokens::pin())).collect::<Vec<_>>();
    let left = |name| tokens::session(pkcs11, name).find_objects(&[Attribute::Token(true)]).unwrap().len();
    let patience = Duration::from_secs(60);

    let made = make_root_key(&devices(&names), Rehearsal::Only, patience, None).unwrap();
    assert_eq!(
        made.iter().map(|made| (made.device.as_str(), made.seals_by)).collect::<Vec<_>>(),
        names.map(|n| (n, "AES-GCM"))
    );
    assert_eq!(made[1].transport, "RSA-OAEP with SHA-1", "SoftHSM2 has no other");
    assert_eq!(names.map(left), [0, 0, 0], "a rehearsal left something");
    assert_eq!(make_root_key(&devices(&names), Rehearsal::No, patience, None).unwrap(), made);
    assert_eq!(names.map(left), [1, 1, 1], "only the root key stays");

    let vault = Pkcs11Vault::open(devices(&names), Options::default()).unwrap();
    assert!(vault.devices().iter().all(|device| device.state == DeviceState::Serves), "{:?}", vault.devices());
    let stored = vault.create_scope_key("next").unwrap();
    vault.install_scope_key("next", &stored).unwrap();
    let sealed = vault.seal(&Secret::copy_from(&[7; 32]), BINDING).unwrap();
    for name in names {
        let alone = Pkcs11Vault::open(devices(&[name]), Options::default()).unwrap();
        alone.install_scope_key("next", &stored).unwrap();
        assert_eq!(alone.open(&sealed, BINDING).unwrap(), Secret::copy_from(&[7; 32]), "{name}");
    }
    // A device that comes later cannot get the key, and nothing is made on it by the attempt.
    tokens::make(pkcs11, "late");
    let refused = make_root_key(&devices(&["late", "two"]), Rehearsal::No, patience, None).unwrap_err().to_string();
    assert!(refused.contains("two: it has a key \"of-all\" already"), "{refused}");
    assert_eq!((left("late"), left("two")), (0, 1));
    assert!(make_root_key(&[], Rehearsal::No, patience, None).is_err());
    a_backup_brings_the_root_key_to_a_later_device(pkcs11, module);
    what_a_broken_ceremony_left_is_removed(pkcs11, module);
}

/// What is noted of a ceremony.
#[derive(Default)]
struct Noted(Vec<&'static str>, bool);

impl Record for Noted {
    fn begin(&mut self) -> Result<(), String> {
        self.0.push("begin");
        if self.1 { Err("the disk is full".to_owned()) } else { Ok(()) }
    }

    fn end(&mut self) -> Result<(), String> {
        self.0.push("end");
        Ok(())
    }
}

fn what_a_broken_ceremony_left_is_removed(pkcs11: &Pkcs11, module: &Path) {
    let names = ["begun", "not reached"];
    names.iter().for_each(|name| drop(tokens::make(pkcs11, name)));
    let device = |name: &str| {
        let address = TokenAddress { root_label: "broken-off".to_owned(), ..tokens::address(module, name) };
        (address, tokens::pin())
    };
    let left = |name| tokens::session(pkcs11, name).find_objects(&[Attribute::Token(true)]).unwrap().len();
    let both = names.map(device);
    let patience = Duration::from_secs(60);
    // The process ends when the first device has the key.
    make_root_key(&both[..1], Rehearsal::No, patience, None).unwrap();
    assert!(make_root_key(&both, Rehearsal::Only, patience, None).is_err());
    let cleared = clear_unfinished(&both, patience, true).unwrap();
    assert_eq!((cleared, names.map(left)), (Cleared::Removed(vec![names[0].to_owned()]), [0, 0]));
    assert_eq!(clear_unfinished(&both, patience, true).unwrap(), Cleared::Removed(Vec::new()), "again");

    let mut full = Noted(Vec::new(), true);
    let refused = make_recorded_root_key(&both, patience, None, &mut full).unwrap_err().to_string();
    assert!(refused.contains("could not be recorded: the disk is full"), "{refused}");
    assert_eq!((full.0, names.map(left)), (vec!["begin"], [0, 0]), "a key without a record");
    let mut fails = |_: &[Share]| Err("the disk is full".to_owned());
    let backup = Some(Backup { split: Split::new(2, 3).unwrap(), keep: &mut fails });
    let mut noted = Noted::default();
    make_recorded_root_key(&both, patience, backup, &mut noted).unwrap_err();
    assert_eq!((noted.0, names.map(left)), (vec!["begin", "end"], [0, 0]), "what failed has ended");

    // It ends when all have the key, and the record is still there.
    let mut noted = Noted::default();
    make_recorded_root_key(&both, patience, None, &mut noted).unwrap();
    assert_eq!((noted.0, names.map(left)), (vec!["begin", "end"], [1, 1]));
    assert_eq!(clear_unfinished(&both, patience, true).unwrap(), Cleared::Complete);
    assert_eq!(names.map(left), [1, 1], "a group that is complete stays");
    let all = names.map(str::to_owned).to_vec();
    assert_eq!(clear_unfinished(&both, patience, false).unwrap(), Cleared::Removed(all), "its backup is lacking");
    assert_eq!(names.map(left), [0, 0]);
}

/// Also while a vault is open, whose device is then out of reach, and whose end does not call the module.
fn the_end_of_the_process_finalises_the_module(pkcs11: &Pkcs11, address: &TokenAddress) {
    let vault = open(address, Mode::Cached).unwrap();
    hsm_backend::pkcs11::finalise(Duration::from_secs(5));
    let gone = pkcs11.get_library_info();
    assert!(matches!(gone, Err(Error::Pkcs11(RvError::CryptokiNotInitialized, _))), "{gone:?}");
    assert!(matches!(vault.random(&mut [0; 8]), Err(VaultError::Unavailable(_))));
    drop(vault);
    hsm_backend::pkcs11::finalise(Duration::from_secs(5));
}

fn no_monitor_is_left() {
    let names = || std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path().join("comm"));
    let monitors =
        || names().filter_map(|path| std::fs::read_to_string(path).ok()).filter(|name| name == "hsm-monitor\n").count();
    tokens::wait_until("the monitors end with their vaults", || monitors() == 0);
}
