//! The vectors of Project Wycheproof, valid and invalid ones.

use super::*;
use kmip_core::ports::crypto::KeyWrap;
use kmip_core::ports::post_quantum::MlDsa;
use kmip_core::ports::vault::Curve;
use wycheproof::TestResult::{Acceptable, Invalid, Valid};
use wycheproof::{EllipticCurve, HashFunction};

const SOURCE: &str = "Wycheproof";

/// Every suite here.
pub(super) static TALLIES: [LazyLock<Tally>; 16] = [
    LazyLock::new(authenticated_ciphers),
    LazyLock::new(ciphers),
    LazyLock::new(key_wrap),
    LazyLock::new(codes),
    LazyLock::new(gmac),
    LazyLock::new(rsa_pkcs1),
    LazyLock::new(rsa_pss),
    LazyLock::new(rsa_decryption),
    LazyLock::new(rsa_oaep),
    LazyLock::new(ecdsa),
    LazyLock::new(ed25519),
    LazyLock::new(dsa),
    LazyLock::new(ml_dsa),
    LazyLock::new(agreement),
    LazyLock::new(hkdf),
    LazyLock::new(pbkdf2),
];

/// Loads a set; a name that the crate does not know is an error of this test.
macro_rules! load {
    ($module:ident, $name:ident) => {
        wycheproof::$module::TestSet::load(wycheproof::$module::TestName::$name).unwrap()
    };
}

fn hash(function: HashFunction) -> Option<Hash> {
    Some(match function {
        HashFunction::Sha1 => Hash::Sha1,
        HashFunction::Sha2_224 => Hash::Sha224,
        HashFunction::Sha2_256 => Hash::Sha256,
        HashFunction::Sha2_384 => Hash::Sha384,
        HashFunction::Sha2_512 => Hash::Sha512,
        HashFunction::Sha2_512_224 => Hash::Sha512_224,
        HashFunction::Sha2_512_256 => Hash::Sha512_256,
        HashFunction::Sha3_224 => Hash::Sha3_224,
        HashFunction::Sha3_256 => Hash::Sha3_256,
        HashFunction::Sha3_384 => Hash::Sha3_384,
        HashFunction::Sha3_512 => Hash::Sha3_512,
        _ => return None,
    })
}

fn authenticated_ciphers() -> Tally {
    let mut tally = Tally::default();
    let sets = [
        (load!(aead, AesGcm), Aead::AesGcm),
        (load!(aead, AesCcm), Aead::AesCcm),
        (load!(aead, ChaCha20Poly1305), Aead::ChaCha20Poly1305),
    ];
    for (set, cipher) in sets {
        for (group, test) in set.test_groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)))
        {
            let (aad, nonce) = (test.aad.as_slice(), test.nonce.as_slice());
            let how = Encryption::Aead { cipher, nonce, aad, tag_length: group.tag_size / 8 };
            let opened = decrypt(&test.key, &how, &test.ct, Some(&test.tag));
            let case = format!("{cipher:?} {}: {}", test.tc_id, test.comment);
            match test.result {
                Valid => {
                    assert_eq!(opened.unwrap(), test.pt.as_slice(), "{case}");
                    let (data, tag) = encrypt(&test.key, &how, &test.pt).unwrap();
                    assert_eq!(
                        (data.as_slice(), tag.unwrap().as_slice()),
                        (test.ct.as_slice(), &test.tag[..]),
                        "{case}"
                    );
                    let joined = [test.ct.as_slice(), &test.tag].concat();
                    assert_eq!(decrypt(&test.key, &how, &joined, None).unwrap(), test.pt.as_slice(), "{case}");
                }
                // Tags that other implementations may refuse as too short, and that SP 800-38C and 38D allow.
                Acceptable => assert!(opened.is_ok_and(|plain| plain == test.pt.as_slice()), "{case}"),
                Invalid => assert!(opened.is_err(), "{case}"),
            }
            tally.count(Capability::Encrypt(Cipher::Aead(cipher)), SOURCE);
        }
    }
    tally
}

fn ciphers() -> Tally {
    let mut tally = Tally::default();
    let sets = [
        (load!(cipher, AesCbcPkcs5), BlockMode::Cbc, BlockPadding::Pkcs5),
        (load!(cipher, AesXts), BlockMode::Xts, BlockPadding::None),
    ];
    for (set, mode, padding) in sets {
        // XTS with AES-192 is in the vectors and not in IEEE 1619 or NIST SP 800-38E.
        for test in set.test_groups.iter().filter(|group| group.key_size != 384).flat_map(|group| &group.tests) {
            // XTS data units are numbered in these vectors; the tweak is the number, least significant byte first.
            let mut iv = test.nonce.to_vec();
            iv.resize(16, 0);
            let how = block(BlockCipher::Aes, mode, padding, &iv);
            let opened = decrypt(&test.key, &how, &test.ct, None);
            let case = format!("AES {mode:?} {}: {}", test.tc_id, test.comment);
            if test.result == Invalid {
                assert!(opened.is_err(), "{case}");
            } else {
                assert_eq!(opened.unwrap(), test.pt.as_slice(), "{case}");
                assert_eq!(encrypt(&test.key, &how, &test.pt).unwrap().0, test.ct.as_slice(), "{case}");
            }
            tally.count(Capability::Encrypt(Cipher::Block(BlockCipher::Aes, mode)), SOURCE);
        }
    }
    tally
}

fn key_wrap() -> Tally {
    let mut tally = Tally::default();
    let sets = [(load!(keywrap, AesKeyWrap), KeyWrap::Kw), (load!(keywrap, AesKeyWrapWithPadding), KeyWrap::Kwp)];
    for (set, wrap) in sets {
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let how = Encryption::KeyWrap(wrap);
            let opened = decrypt(&test.key, &how, &test.ct, None);
            let wrapped = encrypt(&test.key, &how, &test.pt);
            let case = format!("{wrap:?} {}: {}", test.tc_id, test.comment);
            match test.result {
                Valid => {
                    assert_eq!(opened.unwrap(), test.pt.as_slice(), "{case}");
                    assert_eq!(wrapped.unwrap().0, test.ct.as_slice(), "{case}");
                }
                // A key of 8 bytes, which RFC 3394 forbids and some wrap.
                Acceptable => {
                    assert!(opened.is_err() || opened.is_ok_and(|plain| plain == test.pt.as_slice()), "{case}")
                }
                Invalid => assert!(opened.is_err(), "{case}"),
            }
            tally.count(Capability::Encrypt(Cipher::KeyWrap(wrap)), SOURCE);
        }
    }
    tally
}

fn codes() -> Tally {
    let mut tally = Tally::default();
    let hmac = Mac::Hmac;
    let sets = [
        (load!(mac, AesCmac), Mac::Cmac(BlockCipher::Aes)),
        (load!(mac, HmacSha1), hmac(Hash::Sha1)),
        (load!(mac, HmacSha224), hmac(Hash::Sha224)),
        (load!(mac, HmacSha256), hmac(Hash::Sha256)),
        (load!(mac, HmacSha384), hmac(Hash::Sha384)),
        (load!(mac, HmacSha512), hmac(Hash::Sha512)),
        (load!(mac, HmacSha512_224), hmac(Hash::Sha512_224)),
        (load!(mac, HmacSha512_256), hmac(Hash::Sha512_256)),
        (load!(mac, HmacSha3_224), hmac(Hash::Sha3_224)),
        (load!(mac, HmacSha3_256), hmac(Hash::Sha3_256)),
        (load!(mac, HmacSha3_384), hmac(Hash::Sha3_384)),
        (load!(mac, HmacSha3_512), hmac(Hash::Sha3_512)),
    ];
    for (set, how) in sets {
        for (group, test) in set.test_groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)))
        {
            let made = mac(&test.key, &how, &test.msg);
            let length = group.tag_size / 8;
            let fits = made.as_ref().is_ok_and(|made| made.get(..length) == Some(&test.tag));
            let case = format!("{how:?} {}: {}", test.tc_id, test.comment);
            assert_eq!(fits, test.result == Valid, "{case}");
            if made.is_ok_and(|made| made.len() == length) {
                let key = secret(&test.key);
                let verified = VAULT.mac_verify(Key::Clear(&key), &how, &test.msg, &test.tag).unwrap();
                assert_eq!(verified, test.result == Valid, "{case}");
            }
            tally.count(Capability::Mac(how.algorithm()), SOURCE);
        }
    }
    tally
}

fn gmac() -> Tally {
    let mut tally = Tally::default();
    for (group, test) in load!(mac_with_nonce, Gmac)
        .test_groups
        .iter()
        .flat_map(|group| group.tests.iter().map(move |test| (group, test)))
    {
        let made = mac(&test.key, &Mac::Gmac { nonce: &test.nonce }, &test.msg);
        let fits = made.is_ok_and(|made| made.get(..group.tag_size / 8) == Some(&test.tag));
        assert_eq!(fits, test.result == Valid, "GMAC {}: {}", test.tc_id, test.comment);
        tally.count(Capability::Mac(MacAlgorithm::Gmac), SOURCE);
    }
    tally
}

pub(super) fn signing_capability(scheme: Scheme) -> Capability {
    let signs = TABLE.iter().any(|row| row.capability == Capability::Sign(scheme));
    if signs { Capability::Sign(scheme) } else { Capability::Verify(scheme) }
}

fn rsa_pkcs1() -> Tally {
    let mut tally = Tally::default();
    for name in wycheproof::rsa_pkcs1_verify::TestName::all() {
        let set = wycheproof::rsa_pkcs1_verify::TestSet::load(name).unwrap();
        for group in set.test_groups.iter().filter(|group| group.key_size <= 4096) {
            let hash = hash(group.hash).unwrap();
            for test in &group.tests {
                let valid = verify(&group.der, &Signing::RsaPkcs1 { hash }, &test.msg, &test.sig).unwrap();
                let case = format!("{name:?} {}: {}", test.tc_id, test.comment);
                match test.result {
                    Valid => assert!(valid, "{case}"),
                    // Encodings with the NULL parameter missing; what is compared here is the whole encoding.
                    Acceptable | Invalid => assert!(!valid, "{case}"),
                }
                tally.count(signing_capability(Scheme::RsaPkcs1(hash)), SOURCE);
            }
        }
    }
    tally
}

fn rsa_pss() -> Tally {
    let mut tally = Tally::default();
    for name in wycheproof::rsa_pss_verify::TestName::all() {
        let set = wycheproof::rsa_pss_verify::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let (Some(hash), Some(mask_hash)) = (hash(group.hash), group.mgf_hash.and_then(hash_function)) else {
                continue;
            };
            let spki = rsa_spki(&group.asn_key);
            for test in &group.tests {
                let how = |salt_length| Signing::RsaPss { hash, mask_hash, salt_length };
                let case = format!("{name:?} {}: {}", test.tc_id, test.comment);
                let valid = verify(&spki, &how(Some(group.salt_size)), &test.msg, &test.sig).unwrap();
                // Acceptable are signatures with SHA-1, which are still verified.
                assert_eq!(valid, test.result != Invalid, "{case}");
                if valid {
                    assert!(verify(&spki, &how(None), &test.msg, &test.sig).unwrap(), "{case}: salt length found");
                    let other = Some(group.salt_size + 1);
                    assert!(!verify(&spki, &how(other), &test.msg, &test.sig).unwrap(), "{case}: salt length");
                }
                tally.count(signing_capability(Scheme::RsaPss(hash)), SOURCE);
            }
        }
    }
    tally
}

fn hash_function(function: HashFunction) -> Option<Hash> {
    hash(function)
}

/// `SubjectPublicKeyInfo` of an `RSAPublicKey`: groups with PSS parameters have another algorithm identifier in theirs.
fn rsa_spki(pkcs1: &[u8]) -> Vec<u8> {
    use der::Encode;
    let algorithm = pkcs1::ALGORITHM_ID;
    let subject_public_key = der::asn1::BitStringRef::from_bytes(pkcs1).unwrap();
    spki::SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().unwrap()
}

fn rsa_decryption() -> Tally {
    let mut tally = Tally::default();
    for name in wycheproof::rsa_pkcs1_decrypt::TestName::all() {
        let set = wycheproof::rsa_pkcs1_decrypt::TestSet::load(name).unwrap();
        for (group, test) in set.test_groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)))
        {
            let opened = decrypt(&group.pkcs8, &Encryption::RsaPkcs1, &test.ct, None);
            let case = format!("{name:?} {}: {}", test.tc_id, test.comment);
            match test.result {
                Valid => assert_eq!(opened.unwrap(), test.pt.as_slice(), "{case}"),
                Acceptable => {
                    assert!(opened.is_err() || opened.is_ok_and(|plain| plain == test.pt.as_slice()), "{case}")
                }
                Invalid => assert!(opened.is_err(), "{case}"),
            }
            tally.count(Capability::Encrypt(Cipher::RsaPkcs1), SOURCE);
        }
    }
    tally
}

fn rsa_oaep() -> Tally {
    let mut tally = Tally::default();
    for name in wycheproof::rsa_oaep::TestName::all() {
        let set = wycheproof::rsa_oaep::TestSet::load(name).unwrap();
        for group in set.test_groups.iter().filter(|group| (2048..=4096).contains(&group.key_size)) {
            let (Some(hash), Some(mask_hash)) = (hash(group.hash), hash_function(group.mgf_hash)) else { continue };
            for test in &group.tests {
                let how = Encryption::RsaOaep { hash, mask_hash, label: &test.label };
                let opened = decrypt(&group.pkcs8, &how, &test.ct, None);
                let case = format!("{name:?} {}: {}", test.tc_id, test.comment);
                match test.result {
                    Valid => assert_eq!(opened.unwrap(), test.pt.as_slice(), "{case}"),
                    // The ciphertext is the number one, which some refuse.
                    Acceptable => {
                        assert!(opened.is_err() || opened.is_ok_and(|plain| plain == test.pt.as_slice()), "{case}")
                    }
                    Invalid => assert!(opened.is_err(), "{case}"),
                }
                tally.count(Capability::Encrypt(Cipher::RsaOaep), SOURCE);
            }
        }
    }
    tally
}

fn ecdsa() -> Tally {
    use wycheproof::ecdsa::{TestGroupTypeId, TestName, TestSet};
    let mut tally = Tally::default();
    for name in TestName::all() {
        let set = TestSet::load(name).unwrap();
        for group in set.test_groups.iter().filter(|group| group.test_type == TestGroupTypeId::Ecdsa) {
            let curve = match group.key.curve {
                EllipticCurve::Secp224r1 => Curve::P224,
                EllipticCurve::Secp256r1 => Curve::P256,
                EllipticCurve::Secp384r1 => Curve::P384,
                EllipticCurve::Secp521r1 => Curve::P521,
                EllipticCurve::Secp256k1 => Curve::Secp256k1,
                _ => continue,
            };
            let Some(hash) = hash(group.hash) else { continue };
            for test in &group.tests {
                let valid = verify(&group.der, &Signing::Ecdsa { hash }, &test.msg, &test.sig).unwrap();
                assert_eq!(valid, test.result == Valid, "{name:?} {}: {}", test.tc_id, test.comment);
                tally.count(Capability::Sign(Scheme::Ecdsa(curve)), SOURCE);
            }
        }
    }
    tally
}

fn ed25519() -> Tally {
    let mut tally = Tally::default();
    for (group, test) in
        load!(eddsa, Ed25519).test_groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)))
    {
        let valid = verify(&group.der, &Signing::Ed25519, &test.msg, &test.sig).unwrap();
        assert_eq!(valid, test.result == Valid, "Ed25519 {}: {}", test.tc_id, test.comment);
        tally.count(Capability::Sign(Scheme::Ed25519), SOURCE);
    }
    tally
}

fn dsa() -> Tally {
    use wycheproof::dsa::{TestGroupTypeId, TestName, TestSet};
    let mut tally = Tally::default();
    for name in TestName::all() {
        let set = TestSet::load(name).unwrap();
        for group in set.test_groups.iter().filter(|group| group.test_type == TestGroupTypeId::DsaVerify) {
            let hash = hash(group.hash).unwrap();
            for test in &group.tests {
                let valid = verify(&group.der, &Signing::Dsa { hash }, &test.msg, &test.sig).unwrap();
                match test.result {
                    Valid => assert!(valid, "{name:?} {}: {}", test.tc_id, test.comment),
                    Acceptable => (),
                    Invalid => assert!(!valid, "{name:?} {}: {}", test.tc_id, test.comment),
                }
                tally.count(Capability::Verify(Scheme::Dsa(hash)), SOURCE);
            }
        }
    }
    tally
}

fn ml_dsa() -> Tally {
    let mut tally = Tally::default();
    let sets = [
        (load!(mldsa_verify, MlDsa44Verify), MlDsa::MlDsa44),
        (load!(mldsa_verify, MlDsa65Verify), MlDsa::MlDsa65),
        (load!(mldsa_verify, MlDsa87Verify), MlDsa::MlDsa87),
    ];
    for (set, parameters) in sets {
        for (group, test) in set.test_groups.iter().flat_map(|group| group.tests.iter().map(move |test| (group, test)))
        {
            if test.ctx.as_ref().is_some_and(|context| !context.is_empty()) {
                continue;
            }
            let valid = verify(&group.der, &Signing::MlDsa(parameters), &test.msg, &test.sig);
            let case = format!("{parameters:?} {}: {}", test.tc_id, test.comment);
            assert_eq!(valid.unwrap_or(false), test.result == Valid, "{case}");
            tally.count(Capability::Sign(Scheme::MlDsa(parameters)), SOURCE);
        }
    }
    tally
}

fn agreement() -> Tally {
    let mut tally = Tally::default();
    let sets = [
        (load!(ecdh, EcdhSecp224r1), Curve::P224),
        (load!(ecdh, EcdhSecp256r1), Curve::P256),
        (load!(ecdh, EcdhSecp384r1), Curve::P384),
        (load!(ecdh, EcdhSecp521r1), Curve::P521),
        (load!(ecdh, EcdhSecp256k1), Curve::Secp256k1),
    ];
    for (set, curve) in sets {
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let case = format!("{curve:?} {}: {}", test.tc_id, test.comment);
            let key = ec_pkcs8(curve, &test.private_key);
            let agreed =
                derive(&key, &Derivation::Agreement { public: &test.public_key }, test.shared_secret.len().max(1));
            match test.result {
                Valid => assert_eq!(agreed.unwrap(), test.shared_secret.as_slice(), "{case}"),
                Acceptable => {
                    assert!(
                        agreed.is_err() || agreed.is_ok_and(|secret| secret == test.shared_secret.as_slice()),
                        "{case}"
                    );
                }
                Invalid => assert!(agreed.is_err(), "{case}"),
            }
            tally.count(Capability::Derive(DerivationMethod::Agreement(curve)), SOURCE);
        }
    }
    for test in load!(xdh, X25519).test_groups.iter().flat_map(|group| &group.tests) {
        let case = format!("X25519 {}: {}", test.tc_id, test.comment);
        let key = raw_pkcs8("1.3.101.110", &test.private_key);
        let agreed = derive(&key, &Derivation::Agreement { public: &x25519_spki(&test.public_key) }, 32);
        match test.result {
            Valid => assert_eq!(agreed.unwrap(), test.shared_secret.as_slice(), "{case}"),
            Acceptable => {
                assert!(
                    agreed.is_err() || agreed.is_ok_and(|secret| secret == test.shared_secret.as_slice()),
                    "{case}"
                );
            }
            Invalid => assert!(agreed.is_err(), "{case}"),
        }
        tally.count(Capability::Derive(DerivationMethod::Agreement(Curve::X25519)), SOURCE);
    }
    tally
}

/// PKCS#8 with an `ECPrivateKey` without its public key. The vectors write the scalar as a signed number.
fn ec_pkcs8(curve: Curve, scalar: &[u8]) -> Vec<u8> {
    use der::Encode;
    let (oid, length) = match curve {
        Curve::P224 => ("1.3.132.0.33", 28),
        Curve::P256 => ("1.2.840.10045.3.1.7", 32),
        Curve::P384 => ("1.3.132.0.34", 48),
        Curve::P521 => ("1.3.132.0.35", 66),
        _ => ("1.3.132.0.10", 32),
    };
    let digits = &scalar[scalar.len().saturating_sub(length)..];
    let scalar = [vec![0; length - digits.len()].as_slice(), digits].concat();
    let oid = der::asn1::ObjectIdentifier::new_unwrap(oid);
    let inner = sec1::EcPrivateKey { private_key: &scalar, parameters: None, public_key: None }.to_der().unwrap();
    let algorithm = spki::AlgorithmIdentifierRef {
        oid: der::asn1::ObjectIdentifier::new_unwrap("1.2.840.10045.2.1"),
        parameters: Some((&oid).into()),
    };
    pkcs8::PrivateKeyInfoRef::new(algorithm, der::asn1::OctetStringRef::new(&inner).unwrap()).to_der().unwrap()
}

/// PKCS#8 of a raw key (RFC 8410 §7).
pub(super) fn raw_pkcs8(oid: &str, key: &[u8]) -> Vec<u8> {
    use der::Encode;
    let inner = [&[0x04, u8::try_from(key.len()).unwrap()], key].concat();
    let algorithm =
        spki::AlgorithmIdentifierRef { oid: der::asn1::ObjectIdentifier::new(oid).unwrap(), parameters: None };
    pkcs8::PrivateKeyInfoRef::new(algorithm, der::asn1::OctetStringRef::new(&inner).unwrap()).to_der().unwrap()
}

fn x25519_spki(key: &[u8]) -> Vec<u8> {
    use der::Encode;
    let oid = der::asn1::ObjectIdentifier::new_unwrap("1.3.101.110");
    let algorithm = spki::AlgorithmIdentifierRef { oid, parameters: None };
    let subject_public_key = der::asn1::BitStringRef::from_bytes(key).unwrap();
    spki::SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().unwrap()
}

fn hkdf() -> Tally {
    let mut tally = Tally::default();
    let sets = [
        (load!(hkdf, HkdfSha1), Hash::Sha1),
        (load!(hkdf, HkdfSha256), Hash::Sha256),
        (load!(hkdf, HkdfSha384), Hash::Sha384),
        (load!(hkdf, HkdfSha512), Hash::Sha512),
    ];
    for (set, hash) in sets {
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let derived = derive(&test.ikm, &Derivation::Hkdf { hash, salt: &test.salt, info: &test.info }, test.size);
            let case = format!("HKDF {hash:?} {}: {}", test.tc_id, test.comment);
            match test.result {
                Valid => assert_eq!(derived.unwrap(), test.okm.as_slice(), "{case}"),
                _ => assert!(derived.is_err(), "{case}"),
            }
            tally.count(Capability::Derive(DerivationMethod::Hkdf(hash)), SOURCE);
        }
    }
    tally
}

fn pbkdf2() -> Tally {
    let mut tally = Tally::default();
    let sets = [
        (load!(pbkdf2, Pbkdf2HmacSha1), Hash::Sha1),
        (load!(pbkdf2, Pbkdf2HmacSha224), Hash::Sha224),
        (load!(pbkdf2, Pbkdf2HmacSha256), Hash::Sha256),
        (load!(pbkdf2, Pbkdf2HmacSha384), Hash::Sha384),
        (load!(pbkdf2, Pbkdf2HmacSha512), Hash::Sha512),
    ];
    for (set, hash) in sets {
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let iterations = u32::try_from(test.iteration_count).unwrap();
            let blocks = test.dk_len.div_ceil(hash.length());
            if u64::from(iterations) * blocks as u64 > 4_000_000 {
                continue;
            }
            let how = Derivation::Pbkdf2 { hash, salt: &test.salt, iterations };
            let derived = derive(&test.password, &how, test.dk_len).unwrap();
            assert_eq!(derived, test.dk.as_slice(), "PBKDF2 {hash:?} {}: {}", test.tc_id, test.comment);
            tally.count(Capability::Derive(DerivationMethod::Pbkdf2(hash)), SOURCE);
        }
    }
    tally
}

/// One test for each suite, so that a failure names it.
macro_rules! suites {
    ($($name:ident = $at:literal),* $(,)?) => {
        $(#[test] fn $name() { assert!(!TALLIES[$at].0.is_empty()); })*
    };
}

suites!(
    wycheproof_authenticated_ciphers = 0,
    wycheproof_ciphers = 1,
    wycheproof_key_wrap = 2,
    wycheproof_codes = 3,
    wycheproof_gmac = 4,
    wycheproof_rsa_pkcs1 = 5,
    wycheproof_rsa_pss = 6,
    wycheproof_rsa_decryption = 7,
    wycheproof_rsa_oaep = 8,
    wycheproof_ecdsa = 9,
    wycheproof_ed25519 = 10,
    wycheproof_dsa = 11,
    wycheproof_ml_dsa = 12,
    wycheproof_agreement = 13,
    wycheproof_hkdf = 14,
    wycheproof_pbkdf2 = 15,
);
