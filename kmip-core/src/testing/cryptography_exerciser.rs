//! The exerciser of a vault's cryptography: every capability that it lists works with a sealed key and under its binding only,
//! and what it does not list is refused.
//!
//! [`exercise`] panics with the broken rule. Published vectors are the business of each implementation: here stands what holds
//! for every vault, whatever it lists.

use kmip_codec::secret::Secret;

use crate::ports::crypto::{
    Aead, BlockCipher, BlockMode, BlockPadding, Capability, Cipher, CryptoError, Derivation, DerivationMethod,
    Encryption, Hash, KbkdfMode, Key, Mac, MacAlgorithm, Message, Prf, Scheme, Signing,
};
use crate::ports::post_quantum::{MlDsa, PostQuantum, SlhDsa};
use crate::ports::vault::{Binding, Curve, Generated, KeySpec, KeyVault, Sealed, VaultError};

/// Checks every rule.
pub fn exercise(vault: &dyn KeyVault) {
    let stored = vault.create_scope_key(HERE.scope).expect("a scope key is made");
    vault.install_scope_key(HERE.scope, &stored).expect("a stored scope key is installed");
    let listed = vault.capabilities();
    for (at, capability) in listed.iter().enumerate() {
        assert!(listed.iter().skip(at + 1).all(|other| other != capability), "{capability:?} is listed twice");
        check(vault, *capability);
    }
    what_is_not_listed_is_refused(vault, &listed);
    pairs_sign(vault, &listed);
}

const HERE: Binding<'_> = Binding { scope: "exercise/cryptography", id: "1", spec: b"a key" };
const ELSEWHERE: Binding<'_> = Binding { scope: "exercise/cryptography", id: "2", spec: b"a key" };
const NONCE: [u8; 16] = [0xA5; 16];

fn check(vault: &dyn KeyVault, capability: Capability) {
    match capability {
        Capability::Encrypt(cipher) => encrypts(vault, cipher),
        Capability::Mac(algorithm) => authenticates(vault, algorithm),
        Capability::Hash(hash) => hashes(vault, hash),
        Capability::Derive(method) => derives(vault, method),
        // They need pairs, which `pairs_sign` makes.
        Capability::Sign(_) | Capability::Verify(_) => (),
    }
}

/// A random key of `length` bytes, sealed.
fn sealed(vault: &dyn KeyVault, length: usize) -> Sealed {
    let key = Secret::init_with(length, |out| vault.random(out)).expect("random bytes");
    vault.seal(&key, HERE).expect("a key is sealed")
}

fn must_not_open<T: std::fmt::Debug>(result: Result<T, CryptoError>, case: &str) {
    assert!(matches!(result, Err(CryptoError::Vault(VaultError::DoesNotOpen(_)))), "{case}: {result:?}");
}

/// How to use a symmetric cipher, and the bytes of its key; nothing for RSA.
fn usual(cipher: Cipher) -> Option<(Encryption<'static>, usize)> {
    Some(match cipher {
        Cipher::Block(cipher, mode) => {
            let iv = if mode == BlockMode::Ecb { &[] } else { NONCE.get(..cipher.block()).unwrap_or_default() };
            let key = match (cipher, mode) {
                (BlockCipher::Aes, BlockMode::Xts) => 64,
                (BlockCipher::Aes, _) => 32,
                (BlockCipher::TripleDes, _) => 24,
                (BlockCipher::Blowfish, _) => 16,
            };
            (Encryption::Block { cipher, mode, padding: BlockPadding::None, iv }, key)
        }
        Cipher::Aead(cipher) => {
            let nonce = NONCE.get(..12).unwrap_or_default();
            (Encryption::Aead { cipher, nonce, aad: b"additional data", tag_length: 16 }, 32)
        }
        Cipher::KeyWrap(wrap) => (Encryption::KeyWrap(wrap), 32),
        Cipher::ChaCha20 => (Encryption::ChaCha20 { nonce: NONCE.get(..12).unwrap_or_default(), counter: 1 }, 32),
        Cipher::OneTimePad => (Encryption::OneTimePad, 64),
        Cipher::RsaPkcs1 | Cipher::RsaOaep => return None,
    })
}

fn encrypts(vault: &dyn KeyVault, cipher: Cipher) {
    let Some((how, length)) = usual(cipher) else { return rsa_encrypts(vault, cipher) };
    let (sealed, plain) = (sealed(vault, length), [0x3C; 48]);
    let key = Key::Sealed(&sealed, HERE);
    let encrypted = vault.encrypt(key, &how, &plain).unwrap_or_else(|error| panic!("{cipher:?}: {error}"));
    assert!(!encrypted.data.windows(16).any(|window| window == [0x3C; 16]), "{cipher:?} shows the data");
    assert_eq!(encrypted.tag.is_some(), matches!(cipher, Cipher::Aead(_)), "{cipher:?}: a tag");
    let tag = encrypted.tag.as_deref();
    let opened = vault.decrypt(key, &how, &encrypted.data, tag).expect("what was encrypted decrypts");
    assert_eq!(opened.expose_secret(), plain, "{cipher:?}");
    let mut stream = vault.begin_encrypt(key, &how).expect("encryption in parts");
    let mut parts = stream.update(&plain[..20]).expect("a part").expose_secret().to_vec();
    let end = stream.finish(&plain[20..], None).expect("the last part");
    parts.extend_from_slice(end.data.expose_secret());
    assert_eq!((parts, end.tag.as_deref()), (encrypted.data.clone(), tag), "{cipher:?} in parts");
    must_not_open(vault.encrypt(Key::Sealed(&sealed, ELSEWHERE), &how, &plain), "a key of another object encrypts");
    must_not_open(
        vault.decrypt(Key::Sealed(&sealed, ELSEWHERE), &how, &plain, None),
        "a key of another object decrypts",
    );
}

fn rsa_encrypts(vault: &dyn KeyVault, cipher: Cipher) {
    let spec = KeySpec::Rsa { bits: 2048 };
    if !vault.describe().generates.contains(&spec) {
        return;
    }
    let (private, public) = pair(vault, spec);
    let hash = Hash::Sha256;
    let how = match cipher {
        Cipher::RsaOaep => Encryption::RsaOaep { hash, mask_hash: hash, label: b"label" },
        _ => Encryption::RsaPkcs1,
    };
    let encrypted = vault.encrypt(Key::Public(&public), &how, b"plain").expect("RSA encrypts");
    let opened = vault.decrypt(Key::Sealed(&private, HERE), &how, &encrypted.data, None).expect("RSA decrypts");
    assert_eq!(opened.expose_secret(), b"plain", "{cipher:?}");
    let stolen = vault.decrypt(Key::Sealed(&private, ELSEWHERE), &how, &encrypted.data, None);
    must_not_open(stolen, "a private key of another object decrypts");
}

fn pair(vault: &dyn KeyVault, spec: KeySpec) -> (Sealed, Vec<u8>) {
    match vault.generate(spec, HERE).unwrap_or_else(|error| panic!("{spec:?}: {error}")) {
        Generated::Pair { private, public } => (private, public),
        Generated::Symmetric(_) => panic!("{spec:?} made no pair"),
    }
}

fn authenticates(vault: &dyn KeyVault, algorithm: MacAlgorithm) {
    let (how, length) = match algorithm {
        MacAlgorithm::Hmac(hash) => (Mac::Hmac(hash), 40),
        MacAlgorithm::Cmac(BlockCipher::TripleDes) => (Mac::Cmac(BlockCipher::TripleDes), 24),
        MacAlgorithm::Cmac(cipher) => (Mac::Cmac(cipher), 16),
        MacAlgorithm::Gmac => (Mac::Gmac { nonce: NONCE.get(..12).unwrap_or_default() }, 32),
    };
    let sealed = sealed(vault, length);
    let key = Key::Sealed(&sealed, HERE);
    let code = vault.mac(key, &how, b"message").unwrap_or_else(|error| panic!("{algorithm:?}: {error}"));
    assert!(vault.mac_verify(key, &how, b"message", &code).expect("a verdict"), "{algorithm:?}");
    assert!(!vault.mac_verify(key, &how, b"massage", &code).expect("a verdict"), "{algorithm:?}: another message");
    let shorter = code.split_last().map(|(_, rest)| rest).unwrap_or_default();
    assert!(!vault.mac_verify(key, &how, b"message", shorter).expect("a verdict"), "{algorithm:?}: a cut code");
    assert!(!vault.mac_verify(key, &how, b"message", &[]).expect("a verdict"), "{algorithm:?}: no code");
    must_not_open(
        vault.mac(Key::Sealed(&sealed, ELSEWHERE), &how, b"message"),
        "a key of another object authenticates",
    );
}

fn hashes(vault: &dyn KeyVault, hash: Hash) {
    let digest = vault.hash(hash, b"message").unwrap_or_else(|error| panic!("{hash:?}: {error}"));
    assert_eq!(digest.len(), hash.length(), "{hash:?}");
    let mut stream = vault.begin_hash(hash).expect("a digest in parts");
    stream.update(b"mess").expect("a part");
    stream.update(b"age").expect("a part");
    assert_eq!(stream.finish().expect("a digest"), digest, "{hash:?} in parts");
}

fn derives(vault: &dyn KeyVault, method: DerivationMethod) {
    let (hash, data) = (Hash::Sha256, b"data");
    let iv = &[];
    let how = match method {
        DerivationMethod::Pbkdf2(hash) => Derivation::Pbkdf2 { hash, salt: b"salt", iterations: 3 },
        DerivationMethod::Hash => Derivation::Hash { hash, data },
        DerivationMethod::Hmac => Derivation::Hmac { hash, data },
        DerivationMethod::Encrypt => {
            let Some((encryption, _)) = usual(Cipher::Block(BlockCipher::Aes, BlockMode::Cbc)) else { return };
            Derivation::Encrypt { encryption, data: &[1; 32] }
        }
        DerivationMethod::Kbkdf(mode) => Derivation::Kbkdf { mode, prf: Prf::Hmac(hash), data, iv },
        DerivationMethod::Hkdf(hash) => Derivation::Hkdf { hash, salt: b"salt", info: data },
        DerivationMethod::Agreement(curve) => return agrees(vault, curve),
    };
    let (ours, theirs) = (sealed(vault, 32), sealed(vault, 32));
    let derive = |key, length| vault.derive(Some(Key::Sealed(key, HERE)), &how, length);
    let derived = derive(&ours, 20).unwrap_or_else(|error| panic!("{method:?}: {error}"));
    assert_eq!(derived.len(), 20, "{method:?}");
    assert_eq!(derive(&ours, 20).expect("again"), derived, "{method:?} is not a function of its key");
    assert_ne!(derive(&theirs, 20).expect("another key"), derived, "{method:?} does not look at its key");
    assert!(derive(&ours, 0).is_err(), "{method:?} of nothing");
    must_not_open(vault.derive(Some(Key::Sealed(&ours, ELSEWHERE)), &how, 20), "a key of another object derives");
}

/// Two pairs agree, if the vault makes pairs on the curve.
fn agrees(vault: &dyn KeyVault, curve: Curve) {
    let spec = KeySpec::Ec { curve };
    if !vault.describe().generates.contains(&spec) {
        return;
    }
    let (ours, theirs) = (pair(vault, spec), pair(vault, spec));
    let agree = |private: &Sealed, public: &[u8]| {
        let agreed = vault.derive(Some(Key::Sealed(private, HERE)), &Derivation::Agreement { public }, 28);
        agreed.unwrap_or_else(|error| panic!("{curve:?}: {error}"))
    };
    assert_eq!(agree(&ours.0, &theirs.1), agree(&theirs.0, &ours.1), "{curve:?}: two secrets");
    assert_ne!(agree(&ours.0, &theirs.1), agree(&ours.0, &ours.1), "{curve:?}: one secret for all");
}

/// A parameter set of SLH-DSA that signs in milliseconds.
const FAST: SlhDsa = SlhDsa::Sha2_128f;

const fn post_quantum(set: PostQuantum, scheme: Scheme, how: Signing) -> (KeySpec, Scheme, Signing) {
    (KeySpec::PostQuantum { set }, scheme, how)
}

/// Pairs that the vault makes and schemes that it lists for them.
fn pairs_sign(vault: &dyn KeyVault, listed: &[Capability]) {
    let hash = Hash::Sha256;
    let schemes = [
        (KeySpec::Rsa { bits: 2048 }, Scheme::RsaPkcs1(hash), Signing::RsaPkcs1 { hash }),
        (
            KeySpec::Rsa { bits: 2048 },
            Scheme::RsaPss(hash),
            Signing::RsaPss { hash, mask_hash: hash, salt_length: Some(20) },
        ),
        (KeySpec::Ec { curve: Curve::P224 }, Scheme::Ecdsa(Curve::P224), Signing::Ecdsa { hash }),
        (KeySpec::Ec { curve: Curve::Secp256k1 }, Scheme::Ecdsa(Curve::Secp256k1), Signing::Ecdsa { hash }),
        (KeySpec::Ec { curve: Curve::P256 }, Scheme::Ecdsa(Curve::P256), Signing::Ecdsa { hash }),
        (KeySpec::Ec { curve: Curve::P384 }, Scheme::Ecdsa(Curve::P384), Signing::Ecdsa { hash }),
        (KeySpec::Ec { curve: Curve::P521 }, Scheme::Ecdsa(Curve::P521), Signing::Ecdsa { hash }),
        (KeySpec::Ec { curve: Curve::Ed25519 }, Scheme::Ed25519, Signing::Ed25519),
        post_quantum(PostQuantum::MlDsa(MlDsa::MlDsa44), Scheme::MlDsa(MlDsa::MlDsa44), Signing::MlDsa(MlDsa::MlDsa44)),
        post_quantum(PostQuantum::SlhDsa(FAST), Scheme::SlhDsa(FAST), Signing::SlhDsa(FAST)),
    ];
    let made = vault.describe().generates;
    for (spec, scheme, how) in schemes {
        if made.contains(&spec) && listed.contains(&Capability::Sign(scheme)) {
            signs(vault, spec, &how);
        }
    }
}

fn signs(vault: &dyn KeyVault, spec: KeySpec, how: &Signing) {
    let (private, public) = pair(vault, spec);
    let (key, message) = (Key::Sealed(&private, HERE), Message::Data(b"message"));
    let signature = vault.sign(key, how, message).unwrap_or_else(|error| panic!("{how:?}: {error}"));
    let verify = |message, signature: &[u8]| {
        vault.verify(Key::Public(&public), how, message, signature).unwrap_or_else(|error| panic!("{how:?}: {error}"))
    };
    assert!(verify(message, &signature), "{how:?}");
    assert!(!verify(Message::Data(b"massage"), &signature), "{how:?}: another message");
    for place in [0, signature.len() / 2, signature.len() - 1] {
        let changed: Vec<u8> =
            signature.iter().enumerate().map(|(at, byte)| if at == place { byte ^ 4 } else { *byte }).collect();
        assert!(!verify(message, &changed), "{how:?}: a changed signature");
    }
    assert!(!verify(message, &[]), "{how:?}: no signature");
    must_not_open(vault.sign(Key::Sealed(&private, ELSEWHERE), how, message), "a key of another object signs");
    let destroyed = vault.destroy(&private, HERE);
    assert!(destroyed.is_ok(), "destroy: {destroyed:?}");
}

fn what_is_not_listed_is_refused(vault: &dyn KeyVault, listed: &[Capability]) {
    let refused = |result: Result<(), CryptoError>, what: Capability| {
        assert!(matches!(result, Err(CryptoError::Unsupported(_))), "{what:?} is not listed: {result:?}");
    };
    let symmetric = sealed(vault, 32);
    let key = Key::Sealed(&symmetric, HERE);
    for hash in Hash::ALL {
        let (digest, code) = (Capability::Hash(hash), Capability::Mac(MacAlgorithm::Hmac(hash)));
        if !listed.contains(&digest) {
            refused(vault.hash(hash, b"").map(drop), digest);
        }
        if !listed.contains(&code) {
            refused(vault.mac(key, &Mac::Hmac(hash), b"").map(drop), code);
        }
    }
    for cipher in [Aead::AesGcm, Aead::AesCcm, Aead::ChaCha20Poly1305].map(Cipher::Aead) {
        let capability = Capability::Encrypt(cipher);
        if let (false, Some((how, _))) = (listed.contains(&capability), usual(cipher)) {
            refused(vault.encrypt(key, &how, b"").map(drop), capability);
            refused(vault.decrypt(key, &how, b"", Some(&[0; 16])).map(drop), capability);
            refused(vault.begin_encrypt(key, &how).map(drop), capability);
        }
    }
    for mode in [KbkdfMode::Counter, KbkdfMode::Feedback, KbkdfMode::DoublePipeline] {
        let capability = Capability::Derive(DerivationMethod::Kbkdf(mode));
        if !listed.contains(&capability) {
            let how = Derivation::Kbkdf { mode, prf: Prf::Hmac(Hash::Sha256), data: b"", iv: b"" };
            refused(vault.derive(Some(key), &how, 16).map(drop), capability);
        }
    }
}
