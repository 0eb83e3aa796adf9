//! A group of two SoftHSM2 tokens with one root key: loss of one, loss of both, return, and a token with another root.
//!
//! A token is lost by moving its files away, which SoftHSM notices as a device would notice a pulled card.
//!
//! While a device is lost, the vault may initialise the module again at any time: the test itself must not call it then.

mod tokens;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cryptoki::context::Pkcs11;
use hsm_backend::pkcs11::{DeviceState, Mode, Options, Pkcs11Vault, TokenAddress};
use kmip_codec::secret::{Secret, SecretText};
use kmip_core::ports::crypto::{Cryptography, Hash, Key, Message, Signing};
use kmip_core::ports::vault::{Binding, Curve, Generated, KeySpec, KeyVault, Sealed, VaultError};
use kmip_core::testing::vault_exerciser::exercise_sealing;

const BINDING: Binding<'_> = Binding { scope: "s", id: "1", spec: b"spec" };
const ECDSA: Signing = Signing::Ecdsa { hash: Hash::Sha256 };
/// By when a device serves again after it is back.
const RECOVERY: Duration = Duration::from_secs(5);
/// By when a vault without devices has told so.
const QUICK: Duration = Duration::from_secs(2);

#[test]
fn a_group_of_devices_on_softhsm() {
    let Some(module) = tokens::module() else {
        println!("SKIP softhsm2 not installed");
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let pkcs11 = tokens::start(&module, directory.path());
    // It shares its label with a token below, so it is put away until it is wanted.
    let twin = Token::make(&pkcs11, &module, directory.path(), "right", &[8; 32]);
    twin.take_away();
    pkcs11.finalize().unwrap();
    let pkcs11 = tokens::start(&module, directory.path());
    let left = Token::make(&pkcs11, &module, directory.path(), "left", &[7; 32]);
    let right = Token::make(&pkcs11, &module, directory.path(), "right", &[7; 32]);
    let alien = Token::make(&pkcs11, &module, directory.path(), "alien", &[8; 32]);

    another_root_is_refused(&left, &alien);
    a_missing_device_is_a_warning(&left, &right);
    a_wrong_pin_is_presented_once(&pkcs11, &left, &right);
    exercise_sealing(&open(&[&left, &right], Mode::Strict));
    the_loss_of_one_fails_no_call(&left, &right);
    the_loss_of_both_is_told_at_once_and_ends_with_their_return(&left, &right);
    cached_objects_open_without_a_device(&left, &right);
    a_token_with_another_root_in_the_place_of_a_lost_one_is_refused(&left, &right, &twin);
}

/// A token, with its files.
struct Token {
    address: TokenAddress,
    files: PathBuf,
    away: PathBuf,
}

impl Token {
    fn make(pkcs11: &Pkcs11, module: &Path, directory: &Path, label: &str, root: &[u8; 32]) -> Self {
        let tokens = || -> Vec<PathBuf> {
            let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
            entries.filter(|path| path.is_dir()).collect()
        };
        let before = tokens();
        tokens::make(pkcs11, label);
        tokens::import_root(pkcs11, label, tokens::ROOT, root, &[]);
        let files = tokens().into_iter().find(|path| !before.contains(path)).unwrap();
        // Beside the directory of the tokens: SoftHSM takes each directory in it for a token.
        let away = directory.with_extension(format!("{label}-{}-away", root[0]));
        Self { address: tokens::address(module, label), files, away }
    }

    fn take_away(&self) {
        std::fs::rename(&self.files, &self.away).unwrap();
    }

    fn bring_back(&self) {
        std::fs::rename(&self.away, &self.files).unwrap();
    }

    fn with_pin(&self, pin: &str) -> (TokenAddress, SecretText) {
        (self.address.clone(), SecretText::copy_from(pin))
    }
}

fn open(tokens: &[&Token], mode: Mode) -> Pkcs11Vault {
    let devices = tokens.iter().map(|token| token.with_pin(tokens::PIN)).collect();
    let vault = Pkcs11Vault::open(devices, tokens::options(mode)).unwrap();
    let stored = vault.create_scope_key("s").unwrap();
    vault.install_scope_key("s", &stored).unwrap();
    vault
}

fn state(vault: &Pkcs11Vault, place: usize) -> DeviceState {
    vault.devices().remove(place).state
}

fn serves(vault: &Pkcs11Vault, place: usize) -> bool {
    state(vault, place) == DeviceState::Serves
}

fn reason(vault: &Pkcs11Vault, place: usize) -> String {
    match state(vault, place) {
        DeviceState::Lost { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

fn private_key(vault: &Pkcs11Vault) -> Sealed {
    match vault.generate(KeySpec::Ec { curve: Curve::P256 }, BINDING).unwrap() {
        Generated::Pair { private, .. } => private,
        Generated::Symmetric(_) => panic!("not a pair"),
    }
}

fn signs(vault: &Pkcs11Vault, private: &Sealed) -> bool {
    vault.sign(Key::Sealed(private, BINDING), &ECDSA, Message::Data(b"message")).is_ok()
}

fn another_root_is_refused(left: &Token, alien: &Token) {
    let vault = open(&[left, alien], Mode::Strict);
    assert!(serves(&vault, 0));
    assert!(reason(&vault, 1).contains("its root key is not the one"), "{}", reason(&vault, 1));
    assert!(vault.health().is_ok());
}

fn a_missing_device_is_a_warning(left: &Token, right: &Token) {
    let nowhere =
        TokenAddress { token_label: Some("nowhere".to_owned()), name: "nowhere".to_owned(), ..left.address.clone() };
    let devices = vec![(nowhere.clone(), tokens::pin()), right.with_pin(tokens::PIN)];
    let vault = Pkcs11Vault::open(devices, Options::default()).unwrap();
    assert!(reason(&vault, 0).contains("no token is labelled \"nowhere\""));
    assert!(serves(&vault, 1) && vault.health().is_ok());
    let refused = Pkcs11Vault::open(vec![(nowhere, tokens::pin())], Options::default());
    assert!(matches!(refused, Err(VaultError::Unavailable(_))), "{refused:?}");
}

/// SoftHSM raises a flag after a wrong PIN; a token that counts would be locked after a few of them.
fn a_wrong_pin_is_presented_once(pkcs11: &Pkcs11, left: &Token, right: &Token) {
    let vault =
        Pkcs11Vault::open(vec![left.with_pin(tokens::PIN), right.with_pin("wrong")], Options::default()).unwrap();
    let DeviceState::Lost { reason, for_good: true, .. } = state(&vault, 1) else { panic!("{:?}", state(&vault, 1)) };
    assert!(reason.contains("PinIncorrect"), "{reason}");
    // A right login clears the flag: if the monitor tried again, it would be back.
    let flag = || pkcs11.get_token_info(tokens::slot(pkcs11, "right")).unwrap().user_pin_count_low();
    assert!(flag(), "the module does not tell of a wrong PIN");
    drop(tokens::session(pkcs11, "right"));
    assert!(!flag());
    std::thread::sleep(Duration::from_millis(3500));
    assert!(!flag(), "the wrong PIN was presented again");
}

/// Threads that work with a vault without pause, and count what fails.
fn under_load(vault: &Pkcs11Vault, meanwhile: impl FnOnce()) -> (u64, u64) {
    let (done, failed, stop) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                let secret = Secret::copy_from(&[5; 32]);
                while !stop.load(Ordering::Relaxed) {
                    let sealed = vault.seal(&secret, BINDING);
                    let opened =
                        sealed.and_then(|sealed| vault.open(&sealed, BINDING)).map(|opened| assert_eq!(opened, secret));
                    let made =
                        opened.and_then(|()| vault.generate(KeySpec::Symmetric { bits: 256 }, BINDING).map(drop));
                    let works = made.inspect_err(|error| println!("{error}")).is_ok();
                    if works { &done } else { &failed }.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        meanwhile();
        stop.store(true, Ordering::Relaxed);
    });
    (done.into_inner(), failed.into_inner())
}

fn the_loss_of_one_fails_no_call(left: &Token, right: &Token) {
    let vault = open(&[left, right], Mode::Strict);
    let (done, failed) = under_load(&vault, || {
        for (lost, place) in [(left, 0), (right, 1)] {
            std::thread::sleep(Duration::from_millis(300));
            lost.take_away();
            let noticed = tokens::wait_until("a loss is noticed", || !serves(&vault, place));
            println!("{}: loss noticed after {noticed:?}: {}", lost.address.name, reason(&vault, place));
            assert!(vault.health().is_ok());
            std::thread::sleep(Duration::from_millis(2500));
            lost.bring_back();
            let back = tokens::wait_until("a device serves again", || serves(&vault, place));
            println!("{}: serves again after {back:?}", lost.address.name);
            assert!(back < RECOVERY);
        }
    });
    println!("{done} rounds, {failed} failed");
    assert!(done > 100);
    assert_eq!(failed, 0);
}

fn the_loss_of_both_is_told_at_once_and_ends_with_their_return(left: &Token, right: &Token) {
    let vault = open(&[left, right], Mode::Strict);
    let secret = Secret::copy_from(b"0123456789abcdef");
    let sealed = vault.seal(&secret, BINDING).unwrap();
    let private = private_key(&vault);
    assert!(signs(&vault, &private));
    [left, right].iter().for_each(|token| token.take_away());
    tokens::wait_until("the vault is out of reach", || vault.health().is_err());
    assert!(!signs(&vault, &private), "a private key was kept in the clear");
    let began = Instant::now();
    for _ in 0..100 {
        let refused = vault.open(&sealed, BINDING);
        let Err(VaultError::Unavailable(text)) = refused else { panic!("{refused:?}") };
        assert!(text.contains("left: ") && text.contains("right: ") && text.contains("lost"), "{text}");
    }
    println!("both lost: 100 calls refused in {:?}: {}", began.elapsed(), vault.health().unwrap_err());
    assert!(began.elapsed() < QUICK);
    std::thread::sleep(Duration::from_millis(1500));
    right.bring_back();
    let back = tokens::wait_until("one is back", || vault.open(&sealed, BINDING).is_ok_and(|opened| opened == secret));
    println!("one of two back: works after {back:?}");
    assert!(back < RECOVERY);
    left.bring_back();
    let back = tokens::wait_until("both are back", || serves(&vault, 0) && serves(&vault, 1));
    println!("both back after {back:?}");
    assert!(back < RECOVERY);
}

fn cached_objects_open_without_a_device(left: &Token, right: &Token) {
    let vault = open(&[left, right], Mode::Cached);
    let secret = Secret::copy_from(b"0123456789abcdef");
    let sealed = vault.seal(&secret, BINDING).unwrap();
    let private = private_key(&vault);
    [left, right].iter().for_each(|token| token.take_away());
    tokens::wait_until("the vault is out of reach", || vault.health().is_err());
    assert_eq!(vault.open(&sealed, BINDING).unwrap(), secret);
    assert!(signs(&vault, &private));
    let refused = vault.generate(KeySpec::Symmetric { bits: 256 }, BINDING);
    assert!(matches!(refused, Err(VaultError::Unavailable(_))), "{refused:?}");
    vault.unique(&mut [0; 16]).unwrap();
    [left, right].iter().for_each(|token| token.bring_back());
    let back =
        tokens::wait_until("keys are made again", || vault.generate(KeySpec::Symmetric { bits: 256 }, BINDING).is_ok());
    assert!(back < RECOVERY);
}

fn a_token_with_another_root_in_the_place_of_a_lost_one_is_refused(left: &Token, right: &Token, twin: &Token) {
    let vault = open(&[left, right], Mode::Strict);
    right.take_away();
    tokens::wait_until("the loss is noticed", || !serves(&vault, 1));
    twin.bring_back();
    tokens::wait_until(
        "the wrong root is noticed",
        || matches!(state(&vault, 1), DeviceState::Lost { reason, .. } if reason.contains("its root key is not the one")),
    );
    right.bring_back();
    tokens::wait_until(
        "two of one label are noticed",
        || matches!(state(&vault, 1), DeviceState::Lost { reason, .. } if reason.contains("2 tokens are labelled")),
    );
    assert!(serves(&vault, 0) && vault.health().is_ok());
}
