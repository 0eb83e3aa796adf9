//! Data in parts gives what it gives in one piece, for every cipher, code, digest and signature; and nothing of an
//! authenticated cipher comes out before its tag is verified.

use super::*;
use crate::key_pair;
use kmip_core::ports::crypto::{Accumulator, KeyWrap, Transform};
use kmip_core::ports::vault::{Curve, KeySpec};

/// Cuts data into up to six parts of any length, the last perhaps empty.
fn cut(data: &[u8]) -> Vec<&[u8]> {
    let (mut parts, mut rest) = (Vec::new(), data);
    for _ in 0..below(6) {
        let (part, after) = rest.split_at(below(rest.len() + 1));
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    parts
}

fn run(mut stream: Box<dyn Transform>, data: &[u8], tag: Option<&[u8]>) -> (Vec<u8>, Option<Vec<u8>>) {
    let parts = cut(data);
    let (last, first) = parts.split_last().unwrap();
    let mut out = Vec::new();
    first.iter().for_each(|part| out.extend_from_slice(stream.update(part).unwrap().expose_secret()));
    let end = stream.finish(last, tag).unwrap();
    out.extend_from_slice(end.data.expose_secret());
    (out, end.tag)
}

/// A key length, and whether the data must be whole blocks.
fn check(how: &Encryption<'_>, key_length: usize, whole_blocks: Option<usize>) {
    for _ in 0..40 {
        let key = random(key_length);
        let length = whole_blocks.map_or_else(|| 16 + below(100), |block| block * (2 + below(9)));
        let plain = random(length);
        let (whole, tag) = encrypt(&key, how, &plain).unwrap();
        let key = secret(&key);
        let parts = run(VAULT.begin_encrypt(Key::Clear(&key), how).unwrap(), &plain, None);
        assert_eq!(parts, (whole.clone(), tag.clone()), "{how:?} encrypted in parts");
        let (opened, _) = run(VAULT.begin_decrypt(Key::Clear(&key), how).unwrap(), &whole, tag.as_deref());
        assert_eq!(opened, plain, "{how:?} decrypted in parts");
    }
}

/// What is encrypted in parts can be decrypted in parts, which keeps all of it until the tag is verified.
#[test]
fn gcm_takes_no_more_in_parts_than_it_gives_back() {
    let (key, nonce) = (secret(&[1; 32]), [2; 12]);
    let how = Encryption::Aead { cipher: Aead::AesGcm, nonce: &nonce, aad: &[], tag_length: 16 };
    let part = vec![3; 1 << 20];
    let mut stream = VAULT.begin_encrypt(Key::Clear(&key), &how).unwrap();
    let mut whole: Vec<u8> = (0..16).flat_map(|_| stream.update(&part).unwrap().expose_secret().to_vec()).collect();
    assert!(matches!(
        VAULT.begin_encrypt(Key::Clear(&key), &how).unwrap().update(&[3; (16 << 20) + 1]),
        Err(CryptoError::Limit(_))
    ));
    assert!(matches!(stream.update(&[3]), Err(CryptoError::Limit(_))), "one more");
    let end = stream.finish(&[], None).unwrap();
    whole.extend_from_slice(end.data.expose_secret());
    let (opened, _) = run(VAULT.begin_decrypt(Key::Clear(&key), &how).unwrap(), &whole, end.tag.as_deref());
    assert!(opened.len() == 16 << 20 && opened.iter().all(|byte| *byte == 3));
}

#[test]
fn ciphers_in_parts() {
    let iv = random(16);
    for mode in [BlockMode::Ecb, BlockMode::Cbc] {
        for (cipher, key, iv_length) in
            [(BlockCipher::Aes, 32, 16), (BlockCipher::TripleDes, 24, 8), (BlockCipher::Blowfish, 16, 8)]
        {
            let iv = if mode == BlockMode::Ecb { &[] } else { &iv[..iv_length] };
            check(&block(cipher, mode, BlockPadding::None, iv), key, Some(cipher.block()));
            check(&block(cipher, mode, BlockPadding::Pkcs5, iv), key, None);
            check(&block(cipher, mode, BlockPadding::AnsiX923, iv), key, None);
        }
    }
    for mode in [BlockMode::Ctr, BlockMode::Cfb, BlockMode::Ofb] {
        check(&block(BlockCipher::Aes, mode, BlockPadding::None, &iv), 24, None);
        check(&block(BlockCipher::TripleDes, mode, BlockPadding::None, &iv[..8]), 16, None);
    }
    check(&block(BlockCipher::Aes, BlockMode::Xts, BlockPadding::None, &iv), 64, None);
    for cipher in [Aead::AesGcm, Aead::AesCcm, Aead::ChaCha20Poly1305] {
        check(&Encryption::Aead { cipher, nonce: &iv[..12], aad: b"additional", tag_length: 16 }, 32, None);
    }
    for nonce in [1, 8, 13, 16] {
        let nonce = &iv[..nonce];
        check(&Encryption::Aead { cipher: Aead::AesGcm, nonce, aad: b"", tag_length: 13 }, 16, None);
    }
    check(&Encryption::ChaCha20 { nonce: &iv[..12], counter: 7 }, 32, None);
    check(&Encryption::ChaCha20 { nonce: &iv[..8], counter: 1 << 40 }, 32, None);
    check(&Encryption::KeyWrap(KeyWrap::Kw), 16, Some(8));
    check(&Encryption::KeyWrap(KeyWrap::Kwp), 32, None);
    check(&Encryption::OneTimePad, 200, None);
}

/// KMIP 1.4 TC-STREAM-ENCDEC-1: what each answer of a stream with padding holds.
#[test]
fn padded_streams_give_out_blocks_when_they_are_whole() {
    let (key, how) = (secret(&[3; 16]), block(BlockCipher::Aes, BlockMode::Cbc, BlockPadding::Pkcs5, &[0; 16]));
    let plain = random(33);
    let whole = encrypt(&[3; 16], &how, &plain).unwrap().0;
    let mut stream = VAULT.begin_encrypt(Key::Clear(&key), &how).unwrap();
    let lengths: Vec<usize> =
        [&plain[..8], &plain[8..16]].iter().map(|part| stream.update(part).unwrap().len()).collect();
    assert_eq!(lengths, [0, 16]);
    assert_eq!(stream.finish(&plain[16..], None).unwrap().data.len(), 32);
    let mut stream = VAULT.begin_decrypt(Key::Clear(&key), &how).unwrap();
    let lengths: Vec<usize> =
        [&whole[..16], &whole[16..32]].iter().map(|part| stream.update(part).unwrap().len()).collect();
    assert_eq!(lengths, [0, 16], "the last block may hold the padding");
    assert_eq!(stream.finish(&whole[32..], None).unwrap().data.len(), 17);
}

#[test]
fn an_authenticated_cipher_releases_nothing_before_its_tag() {
    let (key, nonce, plain) = (random(32), random(12), random(1000));
    for cipher in [Aead::AesGcm, Aead::AesCcm, Aead::ChaCha20Poly1305] {
        let how = Encryption::Aead { cipher, nonce: &nonce, aad: b"aad", tag_length: 16 };
        let (sealed, tag) = encrypt(&key, &how, &plain).unwrap();
        let tag = tag.unwrap();
        let key = secret(&key);
        let stream = || {
            let mut stream = VAULT.begin_decrypt(Key::Clear(&key), &how).unwrap();
            sealed.chunks(300).for_each(|part| assert!(stream.update(part).unwrap().is_empty(), "{cipher:?}"));
            stream
        };
        assert_eq!(stream().finish(&[], Some(&tag)).unwrap().data.expose_secret(), plain);
        for bit in [0, 64, 127] {
            let mut wrong = tag.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(stream().finish(&[], Some(&wrong)), Err(CryptoError::NotAuthentic)), "{cipher:?}");
        }
        assert!(matches!(stream().finish(&[0], Some(&tag)), Err(CryptoError::NotAuthentic)), "{cipher:?}");
        assert!(matches!(stream().finish(&[], Some(&tag[..12])), Err(CryptoError::NotAuthentic)), "{cipher:?}");
    }
}

fn fed(mut stream: Box<dyn Accumulator>, data: &[u8]) -> Box<dyn Accumulator> {
    cut(data).into_iter().for_each(|part| stream.update(part).unwrap());
    stream
}

#[test]
fn codes_and_digests_in_parts() {
    let nonce = random(12);
    let mut codes: Vec<Mac<'_>> = Hash::ALL.into_iter().map(Mac::Hmac).collect();
    codes.extend([Mac::Cmac(BlockCipher::Aes), Mac::Cmac(BlockCipher::TripleDes), Mac::Gmac { nonce: &nonce }]);
    for how in codes {
        for _ in 0..20 {
            let (key, data) = (random(24), random(below(300)));
            let whole = mac(&key, &how, &data).unwrap();
            let key = secret(&key);
            let stream = || fed(VAULT.begin_mac(Key::Clear(&key), &how).unwrap(), &data);
            assert_eq!(stream().finish().unwrap(), whole, "{how:?}");
            assert!(stream().verify(&whole).unwrap() && !stream().verify(&whole[1..]).unwrap(), "{how:?}");
            let wrong = [&whole[1..], &[whole[0] ^ 1]].concat();
            assert!(!stream().verify(&wrong).unwrap(), "{how:?}");
        }
    }
    for hash in Hash::ALL {
        let data = random(1000);
        assert_eq!(fed(VAULT.begin_hash(hash).unwrap(), &data).finish().unwrap(), VAULT.hash(hash, &data).unwrap());
    }
}

#[test]
fn signatures_in_parts() {
    let (rsa, p256) = (
        key_pair::generate(KeySpec::Rsa { bits: 2048 }).unwrap(),
        key_pair::generate(KeySpec::Ec { curve: Curve::P256 }).unwrap(),
    );
    let ed25519 = key_pair::generate(KeySpec::Ec { curve: Curve::Ed25519 }).unwrap();
    let hash = Hash::Sha256;
    let cases = [
        (&rsa, Signing::RsaPkcs1 { hash }),
        (&rsa, Signing::RsaPss { hash, mask_hash: hash, salt_length: None }),
        (&p256, Signing::Ecdsa { hash }),
        (&ed25519, Signing::Ed25519),
    ];
    for (pair, how) in cases {
        let message = random(5000);
        let begin_verify = || fed(VAULT.begin_verify(Key::Public(&pair.public), &how).unwrap(), &message);
        let begin_sign = || fed(VAULT.begin_sign(Key::Clear(&pair.private), &how).unwrap(), &message);
        let signature = begin_sign().finish().unwrap();
        assert!(verify(&pair.public, &how, &message, &signature).unwrap(), "{how:?}");
        assert!(begin_verify().verify(&signature).unwrap(), "{how:?}");
        let mut longer = begin_verify();
        longer.update(&[0]).unwrap();
        assert!(!longer.verify(&signature).unwrap(), "{how:?}");
        assert!(matches!(begin_verify().finish(), Err(CryptoError::Unsupported(_))));
        assert!(matches!(begin_sign().verify(&signature), Err(CryptoError::Unsupported(_))));
    }
}

#[test]
fn rsa_encryption_in_parts() {
    let rsa = key_pair::generate(KeySpec::Rsa { bits: 2048 }).unwrap();
    let hash = Hash::Sha256;
    for how in [Encryption::RsaPkcs1, Encryption::RsaOaep { hash, mask_hash: hash, label: b"label" }] {
        let plain = random(100);
        let (sealed, _) = run(VAULT.begin_encrypt(Key::Public(&rsa.public), &how).unwrap(), &plain, None);
        let (opened, _) = run(VAULT.begin_decrypt(Key::Clear(&rsa.private), &how).unwrap(), &sealed, None);
        assert_eq!(opened, plain, "{how:?}");
    }
}
