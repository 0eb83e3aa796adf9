//! The clients' cryptography with sealed keys, beside the library alone: `cargo bench -p hsm-backend --bench cryptography`.
//! Prints the best of some rounds in nanoseconds.

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use hsm_backend::keystore::Keystore;
use hsm_backend::software::SoftwareVault;
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{Aead, Cryptography as _, Encryption, Hash, Key, Mac, Message, Signing};
use kmip_core::ports::vault::{Binding, Curve, Generated, KeySpec, KeyVault as _, Sealed};

const HERE: Binding<'_> =
    Binding { scope: "bench", id: "4f1c6e0b-2d7a-4c7e-9a53-0123456789ab", spec: b"symmetric AES 256 raw" };
const MESSAGE: &[u8] = &[7; 64];

fn main() {
    let vault = SoftwareVault::new(Keystore::ephemeral().expect("keys"));
    let stored = vault.create_scope_key("bench").expect("a scope key");
    vault.install_scope_key("bench", &stored).expect("installed");
    signatures(&vault);
    encryption(&vault);
}

fn pair(vault: &SoftwareVault, spec: KeySpec) -> (Sealed, Vec<u8>, Secret) {
    let Ok(Generated::Pair { private, public }) = vault.generate(spec, HERE) else { panic!("no pair") };
    let pkcs8 = vault.open(&private, HERE).expect("opened");
    (private, public, pkcs8)
}

fn signatures(vault: &SoftwareVault) {
    let hash = Hash::Sha256;
    let (sealed, public, pkcs8) = pair(vault, KeySpec::Rsa { bits: 2048 });
    let library = RsaKeyPair::from_pkcs8(pkcs8.expose_secret()).expect("a key");
    let (random, how) = (SystemRandom::new(), Signing::RsaPkcs1 { hash });
    time("RSA-2048 sign, library", 300, || {
        let mut signature = [0; 256];
        library.sign(&RSA_PKCS1_SHA256, &random, MESSAGE, &mut signature).expect("signed");
        black_box(signature);
    });
    let sign = |how| vault.sign(Key::Sealed(&sealed, HERE), how, Message::Data(MESSAGE)).expect("signed");
    time("RSA-2048 sign, sealed key", 300, || drop(black_box(sign(&how))));
    let pss = Signing::RsaPss { hash, mask_hash: hash, salt_length: None };
    time("RSA-2048 PSS sign, sealed key", 300, || drop(black_box(sign(&pss))));
    let verify =
        |how: Signing, signature: &[u8]| vault.verify(Key::Public(&public), &how, Message::Data(MESSAGE), signature);
    let signature = sign(&how);
    time("RSA-2048 verify", 1_000, || drop(black_box(verify(how, &signature))));
    let signature = sign(&pss);
    let any_salt = Signing::RsaPss { hash, mask_hash: hash, salt_length: None };
    time("RSA-2048 PSS verify, any salt", 1_000, || drop(black_box(verify(any_salt, &signature))));

    let (sealed, _, pkcs8) = pair(vault, KeySpec::Ec { curve: Curve::P256 });
    let library = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.expose_secret()).expect("a key");
    time("ECDSA P-256 sign, library", 2_000, || {
        black_box(library.sign(&random, MESSAGE).expect("signed").as_ref().len());
    });
    let how = Signing::Ecdsa { hash };
    let sign = || vault.sign(Key::Sealed(&sealed, HERE), &how, Message::Data(MESSAGE));
    time("ECDSA P-256 sign, sealed key", 2_000, || drop(black_box(sign())));
}

fn encryption(vault: &SoftwareVault) {
    let key = Secret::copy_from(&[9; 32]);
    let sealed = vault.seal(&key, HERE).expect("sealed");
    let how = Encryption::Aead { cipher: Aead::AesGcm, nonce: &[1; 12], aad: b"", tag_length: 16 };
    for (length, calls) in [(64, 5_000), (65_536, 500)] {
        let data = vec![5; length];
        let library = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose_secret()).expect("a key"));
        time(&format!("AES-256-GCM {length} B, library"), calls, || {
            let mut data = data.clone();
            let nonce = Nonce::assume_unique_for_key([1; 12]);
            let tag = library.seal_in_place_separate_tag(nonce, Aad::empty(), &mut data).expect("sealed");
            black_box(tag.as_ref().len());
        });
        let encrypt = || vault.encrypt(Key::Sealed(&sealed, HERE), &how, &data).expect("encrypted");
        time(&format!("AES-256-GCM {length} B encrypt, sealed key"), calls, || drop(black_box(encrypt())));
        let made = encrypt();
        let decrypt = || vault.decrypt(Key::Sealed(&sealed, HERE), &how, &made.data, made.tag.as_deref());
        time(&format!("AES-256-GCM {length} B decrypt, sealed key"), calls, || drop(black_box(decrypt())));
    }
    let mac = || vault.mac(Key::Sealed(&sealed, HERE), &Mac::Hmac(Hash::Sha256), MESSAGE);
    time("HMAC-SHA256 64 B, sealed key", 5_000, || drop(black_box(mac())));
}

fn time(what: &str, calls: u32, call: impl Fn()) {
    let round = || {
        let start = Instant::now();
        (0..calls).for_each(|_| call());
        start.elapsed().as_nanos() / u128::from(calls)
    };
    let best = (0..8).map(|_| round()).min().unwrap_or_default();
    println!("{what}: {best} ns");
}
