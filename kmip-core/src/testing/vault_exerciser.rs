//! The exerciser of the vault seam: what every [`KeyVault`] must do, on a fresh vault or on one in use.
//!
//! [`exercise`] panics with the broken rule. It makes scopes of its own, named after the rule.

use std::collections::HashSet;

use der::Decode;
use kmip_codec::secret::Secret;
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::ports::vault::{Answer, Binding, Call, Curve, Generated, KeySpec, KeyVault, Sealed, VaultError};

/// Checks every rule of the seam.
pub fn exercise(vault: &dyn KeyVault) {
    exercise_sealing(vault);
    random_bytes_do_not_repeat(vault);
    every_listed_specification_is_generated(vault);
    no_key_is_generated_twice(vault);
    what_is_not_listed_is_refused(vault);
    key_wrap_vectors(vault);
    key_wrap_refuses_bad_input(vault);
    super::cryptography_exerciser::exercise(vault);
}

/// Checks the rules of scope keys, sealing and opening, which hold also for a vault that generates nothing.
pub fn exercise_sealing(vault: &dyn KeyVault) {
    sealed_material_opens(vault);
    bindings_hold(vault);
    no_changed_blob_opens(vault);
    scopes_need_a_key(vault);
    stored_scope_keys_are_bound(vault);
    generations_open_and_the_newest_seals(vault);
    what_an_older_generation_sealed_is_outdated(vault);
    a_scope_key_is_sealed_anew(vault);
    destroy_succeeds(vault);
}

fn binding(scope: &str) -> Binding<'_> {
    Binding { scope, id: "0b4f1c6e-1", spec: b"symmetric AES 256 raw" }
}

/// Makes and installs a scope key.
fn enter(vault: &dyn KeyVault, scope: &str) -> Vec<u8> {
    let stored = vault.create_scope_key(scope).expect("a scope key is made");
    vault.install_scope_key(scope, &stored).expect("a stored scope key is installed");
    stored
}

fn must_not_open(vault: &dyn KeyVault, sealed: &Sealed, binding: Binding<'_>, case: &str) {
    match vault.open(sealed, binding) {
        Err(VaultError::DoesNotOpen(_) | VaultError::NoScopeKey(_)) => (),
        other => panic!("{case}: {other:?} instead of a refusal"),
    }
}

fn sealed_material_opens(vault: &dyn KeyVault) {
    let scope = "exercise/roundtrip";
    enter(vault, scope);
    for length in [0, 1, 15, 16, 17, 32, 64, 2400, 40_000] {
        let mut secret = Secret::copy_from(&vec![0; length]);
        if length > 0 {
            secret = Secret::init_with(length, |out| vault.random(out)).expect("random bytes");
        }
        let sealed = vault.seal(&secret, binding(scope)).expect("material is sealed");
        assert_eq!(vault.open(&sealed, binding(scope)).expect("sealed material opens"), secret, "{length} bytes");
        if length >= 16 {
            let shows = sealed.0.windows(length).any(|window| window == secret.expose_secret());
            assert!(!shows, "the blob shows the material");
        }
        let again = vault.seal(&secret, binding(scope)).expect("material is sealed again");
        assert_ne!(sealed, again, "two seals are alike");
    }
}

fn bindings_hold(vault: &dyn KeyVault) {
    let (scope, other) = ("exercise/binding", "exercise/binding2");
    enter(vault, scope);
    enter(vault, other);
    let ours = binding(scope);
    let sealed = vault.seal(&Secret::copy_from(&[7; 32]), ours).expect("material is sealed");
    must_not_open(vault, &sealed, Binding { scope: other, ..ours }, "another scope");
    must_not_open(vault, &sealed, Binding { id: "0b4f1c6e-2", ..ours }, "another identifier");
    must_not_open(vault, &sealed, Binding { id: "", ..ours }, "no identifier");
    must_not_open(vault, &sealed, Binding { spec: b"symmetric AES 128 raw", ..ours }, "another specification");
    must_not_open(vault, &sealed, Binding { spec: b"", ..ours }, "no specification");
    // A byte moved from one field to the next must not go unnoticed.
    must_not_open(
        vault,
        &sealed,
        Binding { id: "0b4f1c6e-", spec: b"1symmetric AES 256 raw", ..ours },
        "shifted fields",
    );
    let shifted = Binding { scope: "exercise/bindin", id: "g0b4f1c6e-1", ..ours };
    must_not_open(vault, &sealed, shifted, "shifted scope");
}

fn no_changed_blob_opens(vault: &dyn KeyVault) {
    let scope = "exercise/damage";
    enter(vault, scope);
    let Sealed(blob) = vault.seal(&Secret::copy_from(&[7; 32]), binding(scope)).expect("material is sealed");
    each_damage(&blob, |damaged, case| must_not_open(vault, &Sealed(damaged), binding(scope), &case));
}

/// Tells `check` the blob with each bit flipped, cut to each length, and with a byte more.
fn each_damage(blob: &[u8], check: impl Fn(Vec<u8>, String)) {
    for place in 0..blob.len() {
        for bit in 0..8 {
            let flipped = blob.iter().enumerate().map(|(at, byte)| if at == place { byte ^ (1 << bit) } else { *byte });
            check(flipped.collect(), format!("bit {bit} of byte {place} flipped"));
        }
        check(blob.iter().copied().take(place).collect(), format!("cut to {place} bytes"));
    }
    check([blob, &[0]].concat(), "a byte appended".to_owned());
}

fn scopes_need_a_key(vault: &dyn KeyVault) {
    let nowhere = binding("exercise/nowhere");
    let refused = vault.seal(&Secret::copy_from(&[7; 32]), nowhere);
    assert!(matches!(refused, Err(VaultError::NoScopeKey(_))), "a seal without a scope key: {refused:?}");
    enter(vault, "exercise/somewhere");
    let sealed = vault.seal(&Secret::copy_from(&[7; 32]), binding("exercise/somewhere")).expect("material is sealed");
    let refused = vault.open(&sealed, nowhere);
    assert!(matches!(refused, Err(VaultError::NoScopeKey(_))), "an open without a scope key: {refused:?}");
    // A key that was made but not installed is not used.
    vault.create_scope_key("exercise/nowhere").expect("a scope key is made");
    assert!(matches!(vault.open(&sealed, nowhere), Err(VaultError::NoScopeKey(_))), "an uninstalled key is used");
}

fn what_an_older_generation_sealed_is_outdated(vault: &dyn KeyVault) {
    let scope = "exercise/outdated";
    let (older, secret) = (enter(vault, scope), Secret::copy_from(&[7; 32]));
    let sealed = vault.seal(&secret, binding(scope)).expect("material is sealed");
    assert!(!vault.is_outdated(&sealed, binding(scope)), "the only generation is the newest");
    let newer = enter(vault, scope);
    assert!(vault.is_outdated(&sealed, binding(scope)), "a newer generation seals now");
    let resealed = vault.reseal(&sealed, binding(scope)).expect("material is sealed anew");
    assert!(!vault.is_outdated(&resealed, binding(scope)), "sealed anew by the newest");
    vault.forget_scope_key(scope, &older);
    must_not_open(vault, &sealed, binding(scope), "a generation that was forgotten");
    vault.forget_scope_key(scope, &newer);
    assert_eq!(vault.open(&resealed, binding(scope)).expect("the newest is never forgotten"), secret);
}

fn a_scope_key_is_sealed_anew(vault: &dyn KeyVault) {
    let scope = "exercise/resealed";
    let (stored, secret) = (enter(vault, scope), Secret::copy_from(&[7; 32]));
    assert!(!vault.is_scope_key_outdated(&stored), "there is no newer root key");
    let sealed = vault.seal(&secret, binding(scope)).expect("material is sealed");
    let resealed = vault.reseal_scope_key(scope, &stored).expect("a scope key is sealed anew");
    assert_ne!(resealed, stored, "two seals are alike");
    vault.install_scope_key(scope, &resealed).expect("it is the same key");
    assert!(!vault.is_outdated(&sealed, binding(scope)), "it is the same generation");
    assert_eq!(vault.open(&sealed, binding(scope)).expect("sealed material opens"), secret);
    assert!(vault.reseal_scope_key("exercise/resealed2", &stored).is_err(), "a scope key of another scope");
}

fn stored_scope_keys_are_bound(vault: &dyn KeyVault) {
    let stored = enter(vault, "exercise/stored");
    let borrowed = vault.install_scope_key("exercise/stored2", &stored);
    assert!(borrowed.is_err(), "a scope key was installed for another scope");
    each_damage(&stored, |damaged, case| {
        let refused = vault.install_scope_key("exercise/stored", &damaged);
        assert!(matches!(refused, Err(VaultError::DoesNotOpen(_))), "scope key, {case}: {refused:?}");
    });
    vault.install_scope_key("exercise/stored", &stored).expect("the same key may be installed again");
}

fn generations_open_and_the_newest_seals(vault: &dyn KeyVault) {
    let scope = "exercise/generations";
    let secret = Secret::copy_from(b"kept over three generations");
    let (mut stored, mut blobs) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        stored.push(enter(vault, scope));
        blobs.push(vault.seal(&secret, binding(scope)).expect("material is sealed"));
    }
    assert_eq!(stored.iter().collect::<HashSet<_>>().len(), 3, "a generation came twice");
    // The order of installation does not matter: an older key that is installed again does not become the one that seals.
    for key in stored.iter().rev() {
        vault.install_scope_key(scope, key).expect("a generation is installed again");
    }
    let last = vault.seal(&secret, binding(scope)).expect("material is sealed");
    for blob in blobs.iter().chain([&last]) {
        assert_eq!(vault.open(blob, binding(scope)).expect("an older generation opens"), secret);
    }
    let newest = blobs.last().expect("three blobs");
    let common = |a: &Sealed, b: &Sealed| a.0.iter().zip(&b.0).take_while(|(a, b)| a == b).count();
    let oldest = blobs.first().expect("three blobs");
    assert!(common(&last, newest) > common(&last, oldest), "the newest generation does not seal");
}

fn destroy_succeeds(vault: &dyn KeyVault) {
    let scope = "exercise/destroy";
    enter(vault, scope);
    let sealed = vault.seal(&Secret::copy_from(&[7; 32]), binding(scope)).expect("material is sealed");
    vault.destroy(&sealed, binding(scope)).expect("destroy");
}

fn random_bytes_do_not_repeat(vault: &dyn KeyVault) {
    let mut seen = HashSet::new();
    for length in [16, 32, 1000] {
        for _ in 0..50 {
            let mut out = vec![0; length];
            vault.random(&mut out).expect("random bytes");
            assert!(seen.insert(out.iter().copied().take(16).collect::<Vec<_>>()), "random bytes repeat");
            assert!(out.rchunks(16).next().is_some_and(|tail| tail != [0; 16]), "the end was not filled");
        }
    }
    vault.random(&mut []).expect("no random bytes at all");
}

fn every_listed_specification_is_generated(vault: &dyn KeyVault) {
    let scope = "exercise/generate";
    enter(vault, scope);
    let listed = vault.describe().generates;
    assert!(!listed.is_empty(), "the vault generates nothing");
    for spec in listed {
        match vault.generate(spec, binding(scope)).unwrap_or_else(|error| panic!("{spec:?}: {error}")) {
            Generated::Symmetric(sealed) => {
                check_symmetric(spec, &vault.open(&sealed, binding(scope)).expect("a generated key opens"));
                must_not_open(vault, &sealed, Binding { id: "other", ..binding(scope) }, "a generated key elsewhere");
            }
            Generated::Pair { private, public } => {
                let private_key = vault.open(&private, binding(scope)).expect("a generated private key opens");
                check_pair(spec, &private_key, &public);
                must_not_open(vault, &private, Binding { id: "other", ..binding(scope) }, "a generated key elsewhere");
            }
        }
    }
}

fn check_symmetric(spec: KeySpec, key: &Secret) {
    match spec {
        KeySpec::Symmetric { bits } => assert_eq!(key.len() * 8, bits as usize, "{spec:?}"),
        KeySpec::TripleDes { bytes } => {
            assert_eq!(key.len(), bytes as usize, "{spec:?}");
            assert!(key.expose_secret().iter().all(|byte| byte.count_ones() % 2 == 1), "{spec:?}: parity");
        }
        other => panic!("{other:?} made a symmetric key"),
    }
    assert!(key.expose_secret().iter().collect::<HashSet<_>>().len() > 2, "{spec:?}: not random");
}

fn check_pair(spec: KeySpec, private: &Secret, public: &[u8]) {
    let info = pkcs8::PrivateKeyInfoRef::from_der(private.expose_secret()).expect("PKCS#8");
    let spki = SubjectPublicKeyInfoRef::from_der(public).expect("SubjectPublicKeyInfo");
    assert_eq!(info.algorithm.oid, spki.algorithm.oid, "{spec:?}: the halves differ in algorithm");
    assert!(info.public_key.is_none(), "{spec:?}: PKCS#8 version 1 has no public key of its own");
    let key = spki.subject_public_key.as_bytes().expect("whole bytes");
    let private = info.private_key.as_bytes();
    match spec {
        KeySpec::Rsa { bits } => check_rsa(bits, private, key),
        KeySpec::Ec { curve: curve @ (Curve::Ed25519 | Curve::X25519) } => {
            assert_eq!(info.algorithm.oid, curve_oid(curve), "RFC 8410 §3");
            assert!(
                matches!(private, [0x04, 32, seed @ ..] if seed.len() == 32),
                "RFC 8410 §7: an OCTET STRING of 32 bytes"
            );
            assert_eq!(key.len(), 32);
        }
        KeySpec::Ec { curve } => {
            assert_eq!(info.algorithm.oid, ObjectIdentifier::new_unwrap("1.2.840.10045.2.1"), "RFC 5480 §2.1.1");
            let named = spki.algorithm.parameters_oid().expect("a named curve");
            assert_eq!(named, curve_oid(curve), "{spec:?}: curve of the public key");
            assert_eq!(
                info.algorithm.parameters_oid().expect("a named curve"),
                named,
                "{spec:?}: curve of the private key"
            );
            let inner = sec1::EcPrivateKey::from_der(private).expect("RFC 5915 ECPrivateKey");
            assert_eq!(inner.public_key, Some(key), "{spec:?}: the public key inside is not the public key");
        }
        KeySpec::PostQuantum { set } => {
            let row = set.row();
            assert_eq!((info.algorithm.oid, key.len()), (row.oid, row.public), "{spec:?}");
            let seed = matches!(private, [0x80, length, seed @ ..] if seed.len() == row.seed && usize::from(*length) == row.seed);
            assert!(seed || private.len() == row.expanded, "{spec:?}: a seed, or the octets of SLH-DSA");
        }
        other => panic!("{other:?} made a pair"),
    }
}

fn check_rsa(bits: u32, private: &[u8], public: &[u8]) {
    let private = pkcs1::RsaPrivateKeyRef::from_der(private).expect("RFC 8017 RSAPrivateKey");
    let public = pkcs1::RsaPublicKeyRef::from_der(public).expect("RFC 8017 RSAPublicKey");
    assert_eq!(private.modulus, public.modulus, "the halves differ");
    assert_eq!(private.public_exponent, public.public_exponent, "the halves differ");
    let modulus = public.modulus.as_bytes();
    assert_eq!(modulus.len() * 8, bits as usize, "modulus length");
    assert!(modulus.first().is_some_and(|byte| byte & 0x80 != 0), "the top bit of the modulus");
    assert_eq!(public.public_exponent.as_bytes(), [1, 0, 1], "public exponent");
}

fn curve_oid(curve: Curve) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(match curve {
        Curve::P224 => "1.3.132.0.33",
        Curve::P256 => "1.2.840.10045.3.1.7",
        Curve::P384 => "1.3.132.0.34",
        Curve::P521 => "1.3.132.0.35",
        Curve::Secp256k1 => "1.3.132.0.10",
        Curve::Ed25519 => "1.3.101.112",
        Curve::X25519 => "1.3.101.110",
    })
}

fn no_key_is_generated_twice(vault: &dyn KeyVault) {
    let scope = "exercise/unique";
    enter(vault, scope);
    let mut seen = HashSet::new();
    for _ in 0..200 {
        let generated = vault.generate(KeySpec::Symmetric { bits: 128 }, binding(scope)).expect("a key is generated");
        let Generated::Symmetric(sealed) = generated else { panic!("a pair for a symmetric key") };
        let key = vault.open(&sealed, binding(scope)).expect("a generated key opens");
        assert!(seen.insert(key.expose_secret().to_vec()), "a key was generated twice");
    }
}

fn what_is_not_listed_is_refused(vault: &dyn KeyVault) {
    let scope = "exercise/refuse";
    enter(vault, scope);
    for spec in [
        KeySpec::Symmetric { bits: 0 },
        KeySpec::Symmetric { bits: 127 },
        KeySpec::Symmetric { bits: u32::MAX - 7 },
        KeySpec::TripleDes { bytes: 8 },
        KeySpec::TripleDes { bytes: u32::MAX },
        KeySpec::Rsa { bits: 0 },
        KeySpec::Rsa { bits: 1024 },
        KeySpec::Rsa { bits: 2049 },
        KeySpec::Rsa { bits: u32::MAX },
    ] {
        let refused = vault.generate(spec, binding(scope));
        assert!(matches!(refused, Err(VaultError::Unsupported(_))), "{spec:?}: {refused:?}");
    }
}

/// A key encryption key, data and the wrapped data.
struct Vector {
    kek: &'static str,
    data: &'static str,
    wrapped: &'static str,
}

/// RFC 3394 §4: one of each key size, and the longest.
const KW: [Vector; 4] = [
    Vector {
        kek: "000102030405060708090A0B0C0D0E0F",
        data: "00112233445566778899AABBCCDDEEFF",
        wrapped: "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5",
    },
    Vector {
        kek: "000102030405060708090A0B0C0D0E0F1011121314151617",
        data: "00112233445566778899AABBCCDDEEFF",
        wrapped: "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D",
    },
    Vector {
        kek: "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
        data: "00112233445566778899AABBCCDDEEFF",
        wrapped: "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7",
    },
    Vector {
        kek: "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F",
        data: "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F",
        wrapped: "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21",
    },
];

/// RFC 5649 §6.
const KWP: [Vector; 2] = [
    Vector {
        kek: "5840DF6E29B02AF1AB493B705BF16EA1AE8338F4DCC176A8",
        data: "C37B7E6492584340BED12207808941155068F738",
        wrapped: "138BDEAA9B8FA7FC61F97742E72248EE5AE6AE5360D1AE6A5F54F373FA543B6A",
    },
    Vector {
        kek: "5840DF6E29B02AF1AB493B705BF16EA1AE8338F4DCC176A8",
        data: "466F7250617369",
        wrapped: "AFBEB0F07DFBF5419200F2CCB50BB24F",
    },
];

fn key_wrap_vectors(vault: &dyn KeyVault) {
    let scope = "exercise/wrap";
    enter(vault, scope);
    for (vectors, padded) in [(KW.as_slice(), false), (KWP.as_slice(), true)] {
        for Vector { kek, data, wrapped } in vectors {
            let kek = vault.seal(&Secret::copy_from(&unhex(kek)), binding(scope)).expect("a key is sealed");
            let (data, wrapped) = (Secret::copy_from(&unhex(data)), unhex(wrapped));
            let wrap = if padded { Call::WrapKwp { data: &data } } else { Call::WrapKw { data: &data } };
            match vault.perform(&kek, binding(scope), wrap).expect("a vector wraps") {
                Answer::Bytes(bytes) => assert_eq!(bytes, wrapped, "wrapped bytes"),
                Answer::Secret(_) => panic!("wrapped bytes need no protection"),
            }
            let wrapped = wrapped.as_slice();
            let unwrap = if padded { Call::UnwrapKwp { wrapped } } else { Call::UnwrapKw { wrapped } };
            match vault.perform(&kek, binding(scope), unwrap).expect("a vector unwraps") {
                Answer::Secret(secret) => assert_eq!(secret, data, "unwrapped bytes"),
                Answer::Bytes(_) => panic!("an unwrapped key needs protection"),
            }
        }
    }
}

fn key_wrap_refuses_bad_input(vault: &dyn KeyVault) {
    let scope = "exercise/wrap2";
    enter(vault, scope);
    let kek = vault.seal(&Secret::copy_from(&[9; 32]), binding(scope)).expect("a key is sealed");
    let odd_kek = vault.seal(&Secret::copy_from(&[9; 20]), binding(scope)).expect("a key is sealed");
    let (short, odd, empty, good) = (&[1; 8], &[1; 17], &[], &[1; 16]);
    let secret = |bytes: &[u8]| Secret::copy_from(bytes);
    for (kek, call) in [
        (&kek, Call::WrapKw { data: &secret(short) }),
        (&kek, Call::WrapKw { data: &secret(odd) }),
        (&kek, Call::WrapKwp { data: &secret(empty) }),
        (&kek, Call::UnwrapKw { wrapped: empty }),
        (&kek, Call::UnwrapKw { wrapped: odd }),
        (&kek, Call::UnwrapKw { wrapped: &[5; 24] }),
        (&kek, Call::UnwrapKwp { wrapped: empty }),
        (&kek, Call::UnwrapKwp { wrapped: &[5; 8] }),
        (&kek, Call::UnwrapKwp { wrapped: &[5; 24] }),
        (&odd_kek, Call::WrapKw { data: &secret(good) }),
        (&odd_kek, Call::UnwrapKwp { wrapped: &[5; 24] }),
    ] {
        let case = format!("{call:?}");
        let refused = vault.perform(kek, binding(scope), call);
        assert!(matches!(refused, Err(VaultError::BadInput(_))), "{case}: {refused:?}");
    }
    let elsewhere =
        vault.perform(&kek, Binding { id: "other", ..binding(scope) }, Call::WrapKw { data: &secret(good) });
    assert!(matches!(elsewhere, Err(VaultError::DoesNotOpen(_))), "a key of another object wraps: {elsewhere:?}");
}

/// The bytes of an even number of hexadecimal digits.
fn unhex(digits: &str) -> Vec<u8> {
    let value = |digit: char| digit.to_digit(16).expect("a hexadecimal digit");
    let digits: Vec<u32> = digits.chars().map(value).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + *digit as u8)).collect()
}
