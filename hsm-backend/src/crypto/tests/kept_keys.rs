//! Sealed keys in use: opened under their binding only, private keys kept parsed and dropped when they are destroyed.

use super::*;
use crate::crypto::OpensKeys;
use kmip_codec::secret::SecretText;
use kmip_core::ports::crypto::Conversion;
use kmip_core::ports::vault::{Binding, Curve, Generated, KeySpec, KeyVault, Sealed, VaultError};

fn vault() -> SoftwareVault {
    let vault = SoftwareVault::new(Keystore::ephemeral().unwrap());
    let stored = vault.create_scope_key("s").unwrap();
    vault.install_scope_key("s", &stored).unwrap();
    vault
}

fn binding(id: &str) -> Binding<'_> {
    Binding { scope: "s", id, spec: b"spec" }
}

const HOW: Signing = Signing::Ecdsa { hash: Hash::Sha256 };

fn pair(vault: &SoftwareVault, id: &str) -> (Sealed, Vec<u8>) {
    match vault.generate(KeySpec::Ec { curve: Curve::P256 }, binding(id)).unwrap() {
        Generated::Pair { private, public } => (private, public),
        Generated::Symmetric(_) => panic!("no pair"),
    }
}

#[test]
fn a_parsed_key_is_kept_for_its_blob_and_binding_until_it_is_destroyed() {
    let vault = vault();
    let (sealed, public) = pair(&vault, "1");
    let sign = |id| vault.sign(Key::Sealed(&sealed, binding(id)), &HOW, Message::Data(b"message"));
    for _ in 0..3 {
        let signature = sign("1").unwrap();
        assert!(vault.verify(Key::Public(&public), &HOW, Message::Data(b"message"), &signature).unwrap());
        assert_eq!(vault.private_keys().kept(), 1);
    }
    assert!(matches!(sign("2"), Err(CryptoError::Vault(VaultError::DoesNotOpen(_)))), "another object's binding");
    let (other, _) = pair(&vault, "1");
    vault.sign(Key::Sealed(&other, binding("1")), &HOW, Message::Data(b"message")).unwrap();
    assert_eq!(vault.private_keys().kept(), 2, "the same object with another key");
    vault.destroy(&sealed, binding("1")).unwrap();
    assert_eq!(vault.private_keys().kept(), 1);
}

#[test]
fn a_conversion_runs_once_for_a_private_key() {
    let vault = vault();
    let (sealed, public) = pair(&vault, "1");
    let pkcs8 = vault.open(&sealed, binding("1")).unwrap();
    // Another form: each byte changed.
    let other = secret(&pkcs8.expose_secret().iter().map(|byte| byte ^ 0x55).collect::<Vec<_>>());
    let sealed = vault.seal(&other, binding("2")).unwrap();
    let runs = std::sync::atomic::AtomicUsize::new(0);
    let convert = |opened: &Secret| {
        runs.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(secret(&opened.expose_secret().iter().map(|byte| byte ^ 0x55).collect::<Vec<_>>()))
    };
    for _ in 0..3 {
        let key = Key::Converted(&sealed, binding("2"), Conversion { convert: &convert, password: None });
        let signature = vault.sign(key, &HOW, Message::Data(b"message")).unwrap();
        assert!(vault.verify(Key::Public(&public), &HOW, Message::Data(b"message"), &signature).unwrap());
    }
    assert_eq!(runs.into_inner(), 1);
    let refuse = |_: &Secret| Err(CryptoError::Key("of another kind".to_owned()));
    let sealed = vault.seal(&other, binding("3")).unwrap();
    let refused = vault.sign(
        Key::Converted(&sealed, binding("3"), Conversion { convert: &refuse, password: None }),
        &HOW,
        Message::Data(b""),
    );
    assert!(matches!(refused, Err(CryptoError::Key(_))));
}

#[test]
fn what_one_password_opened_is_not_for_another() {
    let vault = vault();
    let (sealed, _) = pair(&vault, "1");
    let (right, wrong) = (SecretText::copy_from("right"), SecretText::copy_from("wrong"));
    let sign = |password| {
        let convert = |opened: &Secret| match password == &right {
            true => Ok(opened.clone()),
            false => Err(CryptoError::Data("the password is wrong".to_owned())),
        };
        let how = Conversion { convert: &convert, password: Some(password) };
        vault.sign(Key::Converted(&sealed, binding("1"), how), &HOW, Message::Data(b"message"))
    };
    assert!(sign(&right).is_ok());
    assert!(matches!(sign(&wrong), Err(CryptoError::Data(_))));
    assert!(sign(&right).is_ok());
    assert_eq!(vault.private_keys().kept(), 1);
}

#[test]
fn kept_keys_are_bounded() {
    let vault = vault();
    let (sealed, _) = pair(&vault, "1");
    let pkcs8 = vault.open(&sealed, binding("1")).unwrap();
    for _ in 0..1_500 {
        let again = vault.seal(&pkcs8, binding("1")).unwrap();
        vault.sign(Key::Sealed(&again, binding("1")), &HOW, Message::Data(b"message")).unwrap();
    }
    let kept = vault.private_keys().kept();
    assert!((512..=1024).contains(&kept), "{kept} are kept");
}

#[test]
fn sealed_symmetric_keys_work_under_their_binding_only() {
    let vault = vault();
    let sealed = vault.seal(&secret(&[7; 32]), binding("1")).unwrap();
    let nonce = [1; 12];
    let how = Encryption::Aead { cipher: Aead::AesGcm, nonce: &nonce, aad: b"aad", tag_length: 16 };
    let made = vault.encrypt(Key::Sealed(&sealed, binding("1")), &how, b"plain").unwrap();
    let opened = vault.decrypt(Key::Clear(&secret(&[7; 32])), &how, &made.data, made.tag.as_deref()).unwrap();
    assert_eq!(opened.expose_secret(), b"plain");
    let refused = vault.encrypt(Key::Sealed(&sealed, binding("2")), &how, b"plain");
    assert!(matches!(refused, Err(CryptoError::Vault(VaultError::DoesNotOpen(_)))));
}
