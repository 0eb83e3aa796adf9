//! What is refused, and with which kind of error: the core makes the Result Reason of it.

use super::*;
use crate::key_pair;
use kmip_core::ports::crypto::{KbkdfMode, KeyWrap, Prf};
use kmip_core::ports::vault::{Curve, KeySpec};

/// The kinds, without their texts.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Unsupported,
    MissingIv,
    Parameters,
    Key,
    Data,
    NotAuthentic,
    Limit,
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, CryptoError>, kind: Kind) {
    let error = result.expect_err("accepted");
    let got = match &error {
        CryptoError::Unsupported(_) => Kind::Unsupported,
        CryptoError::MissingIv(_) => Kind::MissingIv,
        CryptoError::Parameters(_) => Kind::Parameters,
        CryptoError::Key(_) => Kind::Key,
        CryptoError::Data(_) => Kind::Data,
        CryptoError::NotAuthentic => Kind::NotAuthentic,
        CryptoError::Limit(_) => Kind::Limit,
        CryptoError::Vault(error) => panic!("the vault failed: {error}"),
    };
    assert_eq!(got, kind, "{error}");
}

const IV: [u8; 16] = [9; 16];

fn aes(mode: BlockMode, padding: BlockPadding, iv: &[u8]) -> Encryption<'_> {
    block(BlockCipher::Aes, mode, padding, iv)
}

#[test]
fn block_cipher_modes() {
    use BlockPadding::{AnsiX923, None, Pkcs5};
    let key = [1; 16];
    refused(encrypt(&key, &aes(BlockMode::Cbc, Pkcs5, &[]), b"x"), Kind::MissingIv);
    refused(encrypt(&key, &aes(BlockMode::Ctr, None, &[]), b"x"), Kind::MissingIv);
    refused(encrypt(&key, &aes(BlockMode::Cbc, Pkcs5, &IV[..12]), b"x"), Kind::Parameters);
    refused(encrypt(&key, &aes(BlockMode::Ecb, Pkcs5, &IV), b"x"), Kind::Parameters);
    refused(encrypt(&key, &aes(BlockMode::Ctr, Pkcs5, &IV), b"x"), Kind::Parameters);
    refused(encrypt(&key, &aes(BlockMode::Cbc, None, &IV), b"x"), Kind::Data);
    refused(encrypt(&key[..15], &aes(BlockMode::Cbc, None, &IV), &[0; 16]), Kind::Key);
    refused(encrypt(&[1; 8], &block(BlockCipher::TripleDes, BlockMode::Ecb, None, &[]), &[0; 16]), Kind::Key);
    refused(encrypt(&[1; 57], &block(BlockCipher::Blowfish, BlockMode::Ecb, None, &[]), &[0; 16]), Kind::Key);
    refused(encrypt(&[1; 32], &aes(BlockMode::Xts, None, &IV), &[0; 16]), Kind::Key);
    refused(encrypt(&[1; 48], &aes(BlockMode::Xts, None, &IV), &[0; 16]), Kind::Key);
    refused(encrypt(&random(32), &aes(BlockMode::Xts, None, &IV), &[0; 15]), Kind::Data);
    refused(
        encrypt(&random(24), &block(BlockCipher::TripleDes, BlockMode::Xts, None, &IV[..8]), &[0; 16]),
        Kind::Unsupported,
    );
    for padding in [Pkcs5, AnsiX923] {
        for length in [0, 1, 15, 17] {
            refused(decrypt(&key, &aes(BlockMode::Cbc, padding, &IV), &random(length), Option::None), Kind::Data);
        }
    }
}

#[test]
fn every_wrong_padding_is_refused_alike() {
    let (key, none) = ([1; 16], aes(BlockMode::Ecb, BlockPadding::None, &[]));
    for (padding, tails) in [
        (BlockPadding::Pkcs5, [&[0][..], &[17], &[1, 2], &[3, 2, 3], &[255]]),
        (BlockPadding::AnsiX923, [&[0][..], &[17], &[1, 2], &[1, 0, 3], &[255]]),
    ] {
        for tail in tails {
            let plain = [vec![7; 16 - tail.len()].as_slice(), tail].concat();
            let sealed = encrypt(&key, &none, &plain).unwrap().0;
            let opened = decrypt(&key, &aes(BlockMode::Ecb, padding, &[]), &sealed, None).unwrap_err();
            assert_eq!(opened.to_string(), "the data does not decrypt to padded data", "{padding:?} {tail:?}");
        }
    }
}

#[test]
fn authenticated_ciphers() {
    let how = |cipher, nonce, tag_length| Encryption::Aead { cipher, nonce, aad: b"", tag_length };
    let key = [1; 32];
    for cipher in [Aead::AesGcm, Aead::AesCcm, Aead::ChaCha20Poly1305] {
        refused(encrypt(&key, &how(cipher, &[], 16), b"x"), Kind::MissingIv);
        refused(encrypt(&key[..31], &how(cipher, &IV[..12], 16), b"x"), Kind::Key);
        refused(encrypt(&key, &how(cipher, &IV[..12], 0), b"x"), Kind::Parameters);
        refused(encrypt(&key, &how(cipher, &IV[..12], 17), b"x"), Kind::Parameters);
        refused(decrypt(&key, &how(cipher, &IV[..12], 16), &[0; 15], None), Kind::Data);
        refused(decrypt(&key, &how(cipher, &IV[..12], 16), &[0; 20], None), Kind::NotAuthentic);
        refused(decrypt(&key, &how(cipher, &IV[..12], 16), &[0; 20], Some(&[])), Kind::NotAuthentic);
    }
    for tag in [1, 5, 11] {
        refused(encrypt(&key, &how(Aead::AesGcm, &IV[..12], tag), b"x"), Kind::Parameters);
    }
    refused(encrypt(&key, &how(Aead::AesCcm, &IV[..6], 16), b"x"), Kind::Parameters);
    refused(encrypt(&key, &how(Aead::AesCcm, &IV[..14], 16), b"x"), Kind::Parameters);
    refused(encrypt(&key, &how(Aead::AesCcm, &IV[..12], 5), b"x"), Kind::Parameters);
    refused(encrypt(&key, &how(Aead::AesCcm, &IV[..13], 16), &vec![0; 65_536]), Kind::Limit);
    refused(encrypt(&key, &how(Aead::ChaCha20Poly1305, &IV[..8], 16), b"x"), Kind::Parameters);
    refused(encrypt(&key, &how(Aead::ChaCha20Poly1305, &IV[..12], 12), b"x"), Kind::Parameters);
}

#[test]
fn other_ciphers() {
    let chacha20 = |nonce, counter| Encryption::ChaCha20 { nonce, counter };
    refused(encrypt(&[1; 32], &chacha20(&[], 0), b"x"), Kind::MissingIv);
    refused(encrypt(&[1; 32], &chacha20(&IV, 0), b"x"), Kind::Parameters);
    refused(encrypt(&[1; 16], &chacha20(&IV[..12], 0), b"x"), Kind::Key);
    refused(encrypt(&[1; 32], &chacha20(&IV[..12], 1 << 33), b"x"), Kind::Parameters);
    refused(encrypt(&[1; 32], &chacha20(&IV[..12], u64::from(u32::MAX)), &[0; 200]), Kind::Limit);
    refused(encrypt(&[1; 4], &Encryption::OneTimePad, &[0; 5]), Kind::Data);
    refused(encrypt(&[1; 16], &Encryption::KeyWrap(KeyWrap::Kw), &[0; 12]), Kind::Data);
    refused(encrypt(&[1; 20], &Encryption::KeyWrap(KeyWrap::Kw), &[0; 16]), Kind::Key);
    refused(decrypt(&[1; 16], &Encryption::KeyWrap(KeyWrap::Kwp), &[0; 24], None), Kind::Data);
    refused(VAULT.encrypt(Key::Public(b"spki"), &Encryption::OneTimePad, b"x"), Kind::Key);
}

#[test]
fn codes() {
    refused(mac(&[1; 15], &Mac::Cmac(BlockCipher::Aes), b""), Kind::Key);
    refused(mac(&[1; 16], &Mac::Cmac(BlockCipher::Blowfish), b""), Kind::Unsupported);
    refused(mac(&[1; 16], &Mac::Gmac { nonce: &[] }, b""), Kind::MissingIv);
}

#[test]
fn signatures() {
    let rsa = key_pair::generate(KeySpec::Rsa { bits: 2048 }).unwrap();
    let p256 = key_pair::generate(KeySpec::Ec { curve: Curve::P256 }).unwrap();
    let hash = Hash::Sha256;
    let (rsa_key, p256_key) = (rsa.private.expose_secret(), p256.private.expose_secret());
    let (data, pss) = (Message::Data(b"x"), |salt| Signing::RsaPss { hash, mask_hash: hash, salt_length: Some(salt) });
    refused(sign(rsa_key, &Signing::RsaPkcs1 { hash: Hash::Sha1 }, data), Kind::Unsupported);
    refused(sign(p256_key, &Signing::Ecdsa { hash: Hash::Sha1 }, data), Kind::Unsupported);
    refused(sign(rsa_key, &Signing::Dsa { hash }, data), Kind::Unsupported);
    refused(sign(rsa_key, &Signing::RsaPkcs1Unprefixed, data), Kind::Parameters);
    refused(sign(rsa_key, &Signing::Ecdsa { hash }, data), Kind::Key);
    refused(sign(p256_key, &Signing::RsaPkcs1 { hash }, data), Kind::Key);
    refused(sign(rsa_key, &pss(223), data), Kind::Parameters);
    assert_eq!(sign(rsa_key, &pss(222), data).unwrap().len(), 256);
    refused(sign(rsa_key, &Signing::RsaPkcs1 { hash }, Message::Digest(&[1; 31])), Kind::Data);
    refused(sign(p256_key, &Signing::Ecdsa { hash }, Message::Digest(&[1; 15])), Kind::Data);
    refused(sign(p256_key, &Signing::Ecdsa { hash }, Message::Digest(&[1; 65])), Kind::Data);
    refused(sign(b"no key", &Signing::Ecdsa { hash }, data), Kind::Key);
    refused(VAULT.sign(Key::Public(&rsa.public), &pss(32), data), Kind::Key);
    refused(VAULT.verify(Key::Clear(&rsa.private), &pss(32), data, &[0; 256]), Kind::Key);
    refused(verify(&p256.public, &pss(32), b"x", &[0; 256]), Kind::Key);
    refused(verify(b"no key", &pss(32), b"x", &[0; 256]), Kind::Key);
    for length in [0, 1, 255, 257, 1000] {
        assert!(!verify(&rsa.public, &pss(32), b"x", &vec![1; length]).unwrap());
        assert!(
            !verify(
                &rsa.public,
                &Signing::RsaPss { hash, mask_hash: Hash::Sha1, salt_length: None },
                b"x",
                &vec![1; length]
            )
            .unwrap()
        );
        assert!(!verify(&p256.public, &Signing::Ecdsa { hash }, b"x", &vec![1; length]).unwrap());
    }
    let small = key_pair_of_512_bits();
    refused(verify(&small, &Signing::RsaPkcs1 { hash }, b"x", &[0; 64]), Kind::Key);
}

/// `SubjectPublicKeyInfo` of a modulus of 512 bits.
fn key_pair_of_512_bits() -> Vec<u8> {
    use der::Encode;
    let (modulus, exponent) = ([0xC1; 64], [1, 0, 1]);
    let key = pkcs1::RsaPublicKeyRef {
        modulus: der::asn1::UintRef::new(&modulus).unwrap(),
        public_exponent: der::asn1::UintRef::new(&exponent).unwrap(),
    };
    let pkcs1 = key.to_der().unwrap();
    let subject_public_key = der::asn1::BitStringRef::from_bytes(&pkcs1).unwrap();
    spki::SubjectPublicKeyInfoRef { algorithm: pkcs1::ALGORITHM_ID, subject_public_key }.to_der().unwrap()
}

#[test]
fn rsa_encryption() {
    let rsa = key_pair::generate(KeySpec::Rsa { bits: 2048 }).unwrap();
    let oaep = |hash, mask_hash| Encryption::RsaOaep { hash, mask_hash, label: b"" };
    let sha256 = oaep(Hash::Sha256, Hash::Sha256);
    let key = rsa.private.expose_secret();
    let mixed = oaep(Hash::Sha256, Hash::Sha1);
    refused(VAULT.encrypt(Key::Public(&rsa.public), &mixed, &[0; 191]), Kind::Data);
    refused(VAULT.encrypt(Key::Clear(&rsa.private), &sha256, b"x"), Kind::Key);
    refused(VAULT.encrypt(Key::Public(&key_pair_of_512_bits()), &sha256, b"x"), Kind::Key);
    let p256 = key_pair::generate(KeySpec::Ec { curve: Curve::P256 }).unwrap();
    refused(VAULT.encrypt(Key::Public(&p256.public), &sha256, b"x"), Kind::Key);
    refused(decrypt(p256.private.expose_secret(), &sha256, &[0; 256], None), Kind::Key);
    for length in [0, 255, 256, 257] {
        refused(decrypt(key, &sha256, &random(length), None), Kind::Data);
        refused(decrypt(key, &mixed, &random(length), None), Kind::Data);
        refused(decrypt(key, &Encryption::RsaPkcs1, &vec![0; length], None), Kind::Data);
    }
}

#[test]
fn derivations() {
    let hash = Hash::Sha256;
    let pbkdf2 = |iterations| Derivation::Pbkdf2 { hash, salt: b"salt", iterations };
    refused(derive(b"p", &pbkdf2(0), 32), Kind::Parameters);
    refused(derive(b"p", &pbkdf2(4_000_001), 32), Kind::Limit);
    refused(derive(b"p", &pbkdf2(2_000_001), 64), Kind::Limit);
    refused(derive(b"p", &pbkdf2(1), 0), Kind::Limit);
    refused(derive(b"p", &pbkdf2(1), 65_537), Kind::Limit);
    refused(derive(b"k", &Derivation::Hash { hash, data: b"" }, 33), Kind::Data);
    refused(derive(b"k", &Derivation::Hmac { hash, data: b"" }, 33), Kind::Data);
    refused(derive(b"k", &Derivation::Hkdf { hash, salt: b"", info: b"" }, 255 * 32 + 1), Kind::Data);
    let counter = Derivation::Kbkdf { mode: KbkdfMode::Counter, prf: Prf::Hmac(hash), data: b"", iv: b"iv" };
    refused(derive(b"k", &counter, 16), Kind::Parameters);
    let encryption = Encryption::Aead { cipher: Aead::AesGcm, nonce: &IV[..12], aad: b"", tag_length: 16 };
    refused(derive(&[1; 16], &Derivation::Encrypt { encryption, data: b"" }, 16), Kind::Parameters);
    let encryption = aes(BlockMode::Cbc, BlockPadding::Pkcs5, &IV);
    refused(derive(&[1; 16], &Derivation::Encrypt { encryption, data: b"" }, 17), Kind::Data);
    refused(VAULT.derive(None, &pbkdf2(1), 16), Kind::Parameters);
    assert_eq!(VAULT.derive(None, &Derivation::Hash { hash, data: b"abc" }, 32).unwrap().len(), 32);
    let (p256, p384) = (
        key_pair::generate(KeySpec::Ec { curve: Curve::P256 }).unwrap(),
        key_pair::generate(KeySpec::Ec { curve: Curve::P384 }).unwrap(),
    );
    let agreement = Derivation::Agreement { public: &p384.public };
    refused(derive(p256.private.expose_secret(), &agreement, 32), Kind::Key);
    refused(derive(p384.private.expose_secret(), &agreement, 49), Kind::Data);
    assert_eq!(derive(p384.private.expose_secret(), &agreement, 48).unwrap().len(), 48);
}

/// Random keys and parameters of any length: an answer, never a panic.
#[test]
fn hostile_lengths_never_panic() {
    for _ in 0..3_000 {
        let (key, iv, data, aad) = (random(below(70)), random(below(20)), random(below(70)), random(below(20)));
        let cipher = [BlockCipher::Aes, BlockCipher::TripleDes, BlockCipher::Blowfish][below(3)];
        let mode =
            [BlockMode::Ecb, BlockMode::Cbc, BlockMode::Ctr, BlockMode::Cfb, BlockMode::Ofb, BlockMode::Xts][below(6)];
        let padding = [BlockPadding::None, BlockPadding::Pkcs5, BlockPadding::AnsiX923][below(3)];
        let aead = [Aead::AesGcm, Aead::AesCcm, Aead::ChaCha20Poly1305][below(3)];
        let hows = [
            block(cipher, mode, padding, &iv),
            Encryption::Aead { cipher: aead, nonce: &iv, aad: &aad, tag_length: below(20) },
            Encryption::ChaCha20 { nonce: &iv, counter: u64::from_be_bytes(random(8).try_into().unwrap()) },
            Encryption::KeyWrap([KeyWrap::Kw, KeyWrap::Kwp][below(2)]),
            Encryption::OneTimePad,
            Encryption::RsaPkcs1,
        ];
        for how in hows {
            let _ = encrypt(&key, &how, &data);
            let _ = decrypt(&key, &how, &data, [None, Some(aad.as_slice())][below(2)]);
        }
    }
}

/// A private key with any bit changed or cut anywhere is refused or works: never a panic.
#[test]
fn damaged_keys_never_panic() {
    let hash = Hash::Sha256;
    for (pair, how) in [
        (key_pair::generate(KeySpec::Ec { curve: Curve::P256 }).unwrap(), Signing::Ecdsa { hash }),
        (key_pair::generate(KeySpec::Ec { curve: Curve::Ed25519 }).unwrap(), Signing::Ed25519),
        (key_pair::generate(KeySpec::Rsa { bits: 2048 }).unwrap(), Signing::RsaPkcs1 { hash }),
    ] {
        for _ in 0..150 {
            for (encoded, is_private) in [(pair.private.expose_secret(), true), (&pair.public, false)] {
                let mut damaged = encoded.to_vec();
                let at = below(damaged.len());
                match below(3) {
                    0 => damaged.truncate(at),
                    1 => damaged.insert(at, 0),
                    _ => damaged[at] ^= 1 << below(8),
                }
                if is_private {
                    let _ = sign(&damaged, &how, Message::Data(b"message"));
                } else {
                    let _ = verify(&damaged, &how, b"message", &[1; 256]);
                }
            }
        }
    }
}
