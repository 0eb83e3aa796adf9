//! Second implementations on random inputs: aws-lc-rs where the work here is RustCrypto's or our own, RustCrypto where it is
//! aws-lc-rs's, and the `openssl` command where neither has the mechanism twice. Where there is no `openssl` command the
//! output says so; every row has something else too.

use super::*;
use aws_lc_rs::cipher as library;
use aws_lc_rs::cipher::{DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey};
use kmip_core::ports::crypto::{KbkdfMode, Prf};
use kmip_core::ports::post_quantum::MlDsa;
use kmip_core::ports::vault::{Curve, KeySpec};
use std::io::Write;
use std::process::{Command, Stdio};

use crate::key_pair;

/// Every suite here.
pub(super) static TALLIES: [LazyLock<Tally>; 8] = [
    LazyLock::new(aes_of_aws_lc),
    LazyLock::new(gcm_of_aws_lc),
    LazyLock::new(ciphers_of_openssl),
    LazyLock::new(one_time_pad),
    LazyLock::new(digests),
    LazyLock::new(signatures_of_openssl),
    LazyLock::new(derivations),
    LazyLock::new(signatures_of_both_halves),
];

const ROUNDS: usize = 60;
const AWS_LC: &str = "against aws-lc-rs";
const OPENSSL: &str = "against openssl";

/// Runs openssl; none if it is missing or refuses.
fn openssl(arguments: &[&str], input: &[u8]) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    // A command that reads no input closes the pipe early.
    let _ = child.stdin.take().map(|mut pipe| pipe.write_all(input));
    let output = child.wait_with_output().ok()?;
    output.status.success().then_some(output.stdout)
}

/// AES in the modes that aws-lc-rs has, in pieces of any length.
fn aes_of_aws_lc() -> Tally {
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        let (algorithm, bytes) = [(&library::AES_128, 16), (&library::AES_192, 24), (&library::AES_256, 32)][round % 3];
        let (key, iv) = (random(bytes), random(16));
        let modes = [
            (BlockMode::Ecb, EncryptingKey::ecb as fn(_) -> _, false),
            (BlockMode::Cbc, EncryptingKey::cbc, false),
            (BlockMode::Ctr, EncryptingKey::ctr, true),
            (BlockMode::Cfb, EncryptingKey::cfb128, true),
            (BlockMode::Ofb, EncryptingKey::ofb, true),
        ];
        for (mode, make, any_length) in modes {
            let plain = random(if any_length { below(300) } else { 16 * below(20) });
            let key_of_theirs: EncryptingKey = make(UnboundCipherKey::new(algorithm, &key).unwrap()).unwrap();
            let context = match mode {
                BlockMode::Ecb => EncryptionContext::None,
                _ => EncryptionContext::Iv128(<[u8; 16]>::try_from(iv.as_slice()).unwrap().into()),
            };
            let mut theirs = plain.clone();
            let _: DecryptionContext = key_of_theirs.less_safe_encrypt(&mut theirs, context).unwrap();
            let how = block(BlockCipher::Aes, mode, BlockPadding::None, if mode == BlockMode::Ecb { &[] } else { &iv });
            assert_eq!(encrypt(&key, &how, &plain).unwrap().0, theirs, "{how:?}");
            assert_eq!(decrypt(&key, &how, &theirs, None).unwrap(), plain, "{how:?}");
            tally.count(Capability::Encrypt(how.cipher()), AWS_LC);
        }
    }
    tally
}

/// Our GCM (in parts, tags of other lengths) against one piece of aws-lc-rs.
fn gcm_of_aws_lc() -> Tally {
    let mut tally = Tally::default();
    for round in 0..ROUNDS * 3 {
        let (key, nonce) = (random([16, 24, 32][round % 3]), random(12));
        let (aad, plain) = (random(below(70)), random(below(400)));
        let how = |tag_length| Encryption::Aead { cipher: Aead::AesGcm, nonce: &nonce, aad: &aad, tag_length };
        let (whole, tag) = encrypt(&key, &how(16), &plain).unwrap();
        let mut stream = VAULT.begin_encrypt(Key::Clear(&secret(&key)), &how(16)).unwrap();
        let (first, rest) = plain.split_at(below(plain.len() + 1));
        let (second, last) = rest.split_at(below(rest.len() + 1));
        let mut parts = stream.update(first).unwrap().expose_secret().to_vec();
        parts.extend_from_slice(stream.update(second).unwrap().expose_secret());
        let end = stream.finish(last, None).unwrap();
        parts.extend_from_slice(end.data.expose_secret());
        assert_eq!((parts, end.tag.clone()), (whole.clone(), tag.clone()), "GCM in parts");
        let tag = tag.unwrap();
        for short in [4, 8, 12, 13, 15] {
            assert_eq!(decrypt(&key, &how(short), &whole, Some(&tag[..short])).unwrap(), plain, "a tag of {short}");
        }
        tally.count(Capability::Encrypt(Cipher::Aead(Aead::AesGcm)), AWS_LC);
    }
    tally
}

fn ciphers_of_openssl() -> Tally {
    let mut tally = Tally::default();
    (0..8).for_each(|_| triple_des_counter(&mut tally));
    if openssl(&["version"], &[]).is_none() {
        println!("SKIP ciphers of openssl: no openssl command");
        return tally;
    }
    let names = [
        ("des-ede3-ecb", BlockCipher::TripleDes, BlockMode::Ecb, 24),
        ("des-ede3-cbc", BlockCipher::TripleDes, BlockMode::Cbc, 24),
        ("des-ede3-cfb", BlockCipher::TripleDes, BlockMode::Cfb, 24),
        ("des-ede3-ofb", BlockCipher::TripleDes, BlockMode::Ofb, 24),
        ("des-ede-cbc", BlockCipher::TripleDes, BlockMode::Cbc, 16),
        ("aes-192-cbc", BlockCipher::Aes, BlockMode::Cbc, 24),
    ];
    for (name, cipher, mode, bytes) in names {
        for _ in 0..8 {
            let (key, iv, plain) = (random(bytes), random(cipher.block()), random(below(100)));
            let iv: &[u8] = if mode == BlockMode::Ecb { &[] } else { &iv };
            let (key_digits, iv_digits) = (hex::encode(&key), hex::encode(iv));
            let mut arguments = vec!["enc", "-e", "-K", &key_digits];
            let option = format!("-{name}");
            arguments.insert(1, &option);
            if !iv.is_empty() {
                arguments.extend(["-iv", &iv_digits]);
            }
            let theirs = openssl(&arguments, &plain).unwrap_or_else(|| panic!("openssl refused {name}"));
            let padding = if mode.takes_any_length() { BlockPadding::None } else { BlockPadding::Pkcs5 };
            let how = block(cipher, mode, padding, iv);
            assert_eq!(encrypt(&key, &how, &plain).unwrap().0, theirs, "{name}");
            assert_eq!(decrypt(&key, &how, &theirs, None).unwrap(), plain, "{name}");
            tally.count(Capability::Encrypt(how.cipher()), OPENSSL);
        }
    }
    tally
}

/// CTR from ECB: what the mode is (NIST SP 800-38A §6.5), counted over the carry of the counter.
fn triple_des_counter(tally: &mut Tally) {
    let (key, plain) = (random(24), random(8 * 40 + 5));
    let first = u64::MAX - below(20) as u64;
    let iv = first.to_be_bytes();
    let counters: Vec<u8> = (0..41).flat_map(|count| first.wrapping_add(count).to_be_bytes()).collect();
    let ecb = block(BlockCipher::TripleDes, BlockMode::Ecb, BlockPadding::None, &[]);
    let (keystream, _) = encrypt(&key, &ecb, &counters).unwrap();
    let expected: Vec<u8> = plain.iter().zip(keystream).map(|(byte, key)| byte ^ key).collect();
    let ctr = block(BlockCipher::TripleDes, BlockMode::Ctr, BlockPadding::None, &iv);
    assert_eq!(encrypt(&key, &ctr, &plain).unwrap().0, expected);
    tally.count(Capability::Encrypt(ctr.cipher()), "against its definition by ECB");
}

fn one_time_pad() -> Tally {
    let mut tally = Tally::default();
    for _ in 0..ROUNDS {
        let plain = random(below(100));
        let pad = random(plain.len() + below(10));
        let expected: Vec<u8> = plain.iter().zip(&pad).map(|(byte, key)| byte ^ key).collect();
        assert_eq!(encrypt(&pad, &Encryption::OneTimePad, &plain).unwrap().0, expected);
        assert_eq!(decrypt(&pad, &Encryption::OneTimePad, &expected, None).unwrap(), plain);
        tally.count(Capability::Encrypt(Cipher::OneTimePad), "against its definition");
    }
    tally
}

/// The hash functions of aws-lc-rs against RustCrypto, and those of RustCrypto against openssl.
fn digests() -> Tally {
    use sha2::Digest;
    let mut tally = Tally::default();
    for _ in 0..ROUNDS {
        let data = random(below(500));
        let theirs = [
            (Hash::Sha224, sha2::Sha224::digest(&data).to_vec()),
            (Hash::Sha256, sha2::Sha256::digest(&data).to_vec()),
            (Hash::Sha384, sha2::Sha384::digest(&data).to_vec()),
            (Hash::Sha512, sha2::Sha512::digest(&data).to_vec()),
            (Hash::Sha512_256, sha2::Sha512_256::digest(&data).to_vec()),
            (Hash::Sha3_256, sha3::Sha3_256::digest(&data).to_vec()),
            (Hash::Sha3_384, sha3::Sha3_384::digest(&data).to_vec()),
            (Hash::Sha3_512, sha3::Sha3_512::digest(&data).to_vec()),
        ];
        for (hash, theirs) in theirs {
            assert_eq!(VAULT.hash(hash, &data).unwrap(), theirs, "{hash:?}");
            tally.count(Capability::Hash(hash), "against RustCrypto");
        }
    }
    for (hash, option) in [(Hash::Sha1, "-sha1"), (Hash::Sha512_224, "-sha512-224"), (Hash::Sha3_224, "-sha3-224")] {
        for _ in 0..4 {
            let data = random(below(500));
            let Some(theirs) = openssl(&["dgst", "-binary", option], &data) else {
                println!("SKIP {hash:?} of openssl: no openssl command");
                break;
            };
            assert_eq!(VAULT.hash(hash, &data).unwrap(), theirs, "{hash:?}");
            tally.count(Capability::Hash(hash), OPENSSL);
        }
    }
    tally
}

/// A key pair of openssl: PKCS#8 and SubjectPublicKeyInfo.
fn openssl_pair(options: &[&str]) -> Option<(Vec<u8>, Vec<u8>)> {
    let pem = openssl(&[&["genpkey"], options].concat(), &[])?;
    let pkcs8 = openssl(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], &pem)?;
    let spki = openssl(&["pkey", "-pubout", "-outform", "DER"], &pem)?;
    Some((pkcs8, spki))
}

/// Names of hash functions as openssl has them.
const OPENSSL_HASHES: [(Hash, &str); 11] = [
    (Hash::Sha1, "-sha1"),
    (Hash::Sha224, "-sha224"),
    (Hash::Sha256, "-sha256"),
    (Hash::Sha384, "-sha384"),
    (Hash::Sha512, "-sha512"),
    (Hash::Sha512_224, "-sha512-224"),
    (Hash::Sha512_256, "-sha512-256"),
    (Hash::Sha3_224, "-sha3-224"),
    (Hash::Sha3_256, "-sha3-256"),
    (Hash::Sha3_384, "-sha3-384"),
    (Hash::Sha3_512, "-sha3-512"),
];

/// What we sign openssl verifies, and the other way round.
struct OpensslSigner {
    directory: tempfile::TempDir,
    pkcs8: Vec<u8>,
    spki: Vec<u8>,
}

impl OpensslSigner {
    fn new(options: &[&str]) -> Option<Self> {
        let (pkcs8, spki) = openssl_pair(options)?;
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("key"), &pkcs8).unwrap();
        std::fs::write(directory.path().join("public"), &spki).unwrap();
        Some(Self { directory, pkcs8, spki })
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// One message each way. Schemes with SHA-1 and DSA only verify.
    fn check(&self, how: &Signing, hash: &str, options: &[&str]) {
        let message = random(below(200));
        let key = self.path("key");
        let arguments = [&["dgst", hash, "-sign", &key, "-keyform", "DER"], options].concat();
        let theirs = openssl(&arguments, &message).unwrap_or_else(|| panic!("openssl does not sign {how:?}"));
        assert!(verify(&self.spki, how, &message, &theirs).unwrap(), "{how:?} of openssl");
        let mut changed = message.clone();
        changed.push(1);
        assert!(!verify(&self.spki, how, &changed, &theirs).unwrap(), "{how:?} of another message");
        let ours = match sign(&self.pkcs8, how, Message::Data(&message)) {
            Err(CryptoError::Unsupported(_)) => return assert!(!must_sign(how), "{how:?} is not made"),
            made => made.unwrap(),
        };
        std::fs::write(self.path("signature"), &ours).unwrap();
        let (public, signature) = (self.path("public"), self.path("signature"));
        let arguments =
            [&["dgst", hash, "-verify", &public, "-keyform", "DER", "-signature", &signature], options].concat();
        assert!(openssl(&arguments, &message).is_some(), "openssl refuses our {how:?}");
    }
}

/// What the table says is signed.
fn must_sign(how: &Signing) -> bool {
    match *how {
        Signing::RsaPkcs1 { hash } | Signing::RsaPss { hash, .. } | Signing::Ecdsa { hash } => hash != Hash::Sha1,
        Signing::Ed25519 | Signing::MlDsa(_) | Signing::SlhDsa(_) | Signing::RsaPkcs1Unprefixed => true,
        Signing::Dsa { .. } => false,
    }
}

fn signatures_of_openssl() -> Tally {
    let mut tally = Tally::default();
    let Some(rsa) = OpensslSigner::new(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2049"]) else {
        println!("SKIP signatures of openssl: no openssl command");
        return tally;
    };
    let sign_or_verify = |scheme, hash| match hash {
        Hash::Sha1 => Capability::Verify(scheme),
        _ => Capability::Sign(scheme),
    };
    for (hash, name) in OPENSSL_HASHES {
        rsa.check(&Signing::RsaPkcs1 { hash }, name, &[]);
        tally.count(sign_or_verify(Scheme::RsaPkcs1(hash), hash), OPENSSL);
        for (mask_hash, salt) in [(hash, hash.length()), (Hash::Sha1, 20), (Hash::Sha3_256, 0), (hash, 100)] {
            let how = Signing::RsaPss { hash, mask_hash, salt_length: Some(salt) };
            let mask = OPENSSL_HASHES.iter().find(|(listed, _)| *listed == mask_hash).unwrap().1;
            let mask = format!("rsa_mgf1_md:{}", mask.trim_start_matches('-'));
            let salt = format!("rsa_pss_saltlen:{salt}");
            let options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", &salt, "-sigopt", &mask];
            rsa.check(&how, name, &options);
            tally.count(sign_or_verify(Scheme::RsaPss(hash), hash), OPENSSL);
        }
    }
    bare_digest_of_openssl(&rsa);
    tally.count(Capability::Sign(Scheme::RsaPkcs1Unprefixed), OPENSSL);
    let curves = [
        ("secp224r1", Curve::P224),
        ("P-256", Curve::P256),
        ("P-384", Curve::P384),
        ("P-521", Curve::P521),
        ("secp256k1", Curve::Secp256k1),
    ];
    for (name, curve) in curves {
        let pair = OpensslSigner::new(&["-algorithm", "EC", "-pkeyopt", &format!("ec_paramgen_curve:{name}")]).unwrap();
        for (hash, option) in OPENSSL_HASHES {
            pair.check(&Signing::Ecdsa { hash }, option, &[]);
            tally.count(Capability::Sign(Scheme::Ecdsa(curve)), OPENSSL);
        }
    }
    dsa_of_openssl(&mut tally);
    tally
}

/// `pkeyutl` without a digest option pads what it gets.
fn bare_digest_of_openssl(rsa: &OpensslSigner) {
    let (digest, other, key, how) = (random(16), random(16), rsa.path("key"), Signing::RsaPkcs1Unprefixed);
    let arguments = ["pkeyutl", "-sign", "-keyform", "DER", "-inkey", &key, "-pkeyopt", "rsa_padding_mode:pkcs1"];
    let signature = openssl(&arguments, &digest).unwrap();
    assert_eq!(sign(&rsa.pkcs8, &how, Message::Digest(&digest)).unwrap(), signature);
    let verify = |message| VAULT.verify(Key::Public(&rsa.spki), &how, message, &signature);
    assert!(verify(Message::Digest(&digest)).unwrap());
    assert!(!verify(Message::Digest(&other)).unwrap());
    assert!(matches!(verify(Message::Data(&digest)), Err(CryptoError::Parameters(_))));
}

fn dsa_of_openssl(tally: &mut Tally) {
    let bits = ["-pkeyopt", "dsa_paramgen_bits:1024", "-pkeyopt", "dsa_paramgen_q_bits:160"];
    let parameters = openssl(&[&["genpkey", "-genparam", "-algorithm", "DSA"], bits.as_slice()].concat(), &[]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("parameters");
    std::fs::write(&file, parameters).unwrap();
    let pair = OpensslSigner::new(&["-paramfile", file.to_str().unwrap()]).unwrap();
    for (hash, option) in [(Hash::Sha1, "-sha1"), (Hash::Sha224, "-sha224"), (Hash::Sha256, "-sha256")] {
        for _ in 0..3 {
            pair.check(&Signing::Dsa { hash }, option, &[]);
            tally.count(Capability::Verify(Scheme::Dsa(hash)), OPENSSL);
        }
    }
}

/// What the vault generates signs, and its public half verifies; a changed signature does not. RSA encrypts and decrypts.
fn signatures_of_both_halves() -> Tally {
    let mut tally = Tally::default();
    let rsa = key_pair::generate(KeySpec::Rsa { bits: 2048 }).unwrap();
    for hash in Hash::ALL {
        for mask_hash in [hash, Hash::Sha1] {
            let how = Encryption::RsaOaep { hash, mask_hash, label: b"label" };
            check_encryption(&rsa, &how, 256 - 2 * hash.length() - 2);
            tally.count(Capability::Encrypt(Cipher::RsaOaep), "both halves");
        }
    }
    check_encryption(&rsa, &Encryption::RsaPkcs1, 256 - 11);
    tally.count(Capability::Encrypt(Cipher::RsaPkcs1), "both halves");
    let ed25519 = key_pair::generate(KeySpec::Ec { curve: Curve::Ed25519 }).unwrap();
    check_halves(&ed25519.private, &ed25519.public, &Signing::Ed25519);
    tally.count(Capability::Sign(Scheme::Ed25519), "both halves");
    let sets = [
        (MlDsa::MlDsa44, &aws_lc_rs::signature::ML_DSA_44_SIGNING),
        (MlDsa::MlDsa65, &aws_lc_rs::signature::ML_DSA_65_SIGNING),
        (MlDsa::MlDsa87, &aws_lc_rs::signature::ML_DSA_87_SIGNING),
    ];
    for (parameters, algorithm) in sets {
        use aws_lc_rs::encoding::AsDer;
        use aws_lc_rs::signature::KeyPair;
        let pair = aws_lc_rs::signature::PqdsaKeyPair::generate(algorithm).unwrap();
        let public: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let private = secret(pair.to_pkcs8v1().unwrap().as_ref());
        check_halves(&private, public.as_ref(), &Signing::MlDsa(parameters));
        tally.count(Capability::Sign(Scheme::MlDsa(parameters)), "both halves");
    }
    tally
}

fn check_encryption(pair: &key_pair::EncodedPair, how: &Encryption<'_>, room: usize) {
    for length in [0, 1, room] {
        let plain = random(length);
        let sealed = VAULT.encrypt(Key::Public(&pair.public), how, &plain).unwrap().data;
        assert_eq!(decrypt(pair.private.expose_secret(), how, &sealed, None).unwrap(), plain, "{how:?}");
    }
    let too_long = VAULT.encrypt(Key::Public(&pair.public), how, &random(room + 1));
    assert!(matches!(too_long, Err(CryptoError::Data(_))), "{how:?}");
}

fn check_halves(private: &Secret, public: &[u8], how: &Signing) {
    let message = random(100);
    let mut signature = sign(private.expose_secret(), how, Message::Data(&message)).unwrap();
    assert!(verify(public, how, &message, &signature).unwrap(), "{how:?}");
    signature[20] ^= 1;
    assert!(!verify(public, how, &message, &signature).unwrap(), "{how:?}");
}

fn derivations() -> Tally {
    let mut tally = Tally::default();
    for round in 0..ROUNDS {
        let (key, data, length) = (random(1 + below(80)), random(below(60)), 1 + below(200));
        let hash = [Hash::Sha256, Hash::Sha384, Hash::Sha512][round % 3];
        counter_of_aws_lc(hash, &key, &data, length);
        tally.count(Capability::Derive(DerivationMethod::Kbkdf(KbkdfMode::Counter)), AWS_LC);
        double_pipeline_by_definition(hash, &key, &data, length);
        tally.count(Capability::Derive(DerivationMethod::Kbkdf(KbkdfMode::DoublePipeline)), "against its definition");
        let (aes, iv, plain) = (random(32), random(16), random(48));
        let encryption = block(BlockCipher::Aes, BlockMode::Cbc, BlockPadding::Pkcs5, &iv);
        let derived = derive(&aes, &Derivation::Encrypt { encryption, data: &plain }, 40).unwrap();
        assert_eq!(derived, encrypt(&aes, &encryption, &plain).unwrap().0[..40]);
        tally.count(Capability::Derive(DerivationMethod::Encrypt), "against encryption");
    }
    for round in 0..12 {
        if !kbkdf_of_openssl(&mut tally, round) {
            println!("SKIP derivations of openssl: no openssl command");
            break;
        }
    }
    tally
}

fn counter_of_aws_lc(hash: Hash, key: &[u8], data: &[u8], length: usize) {
    use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};
    let id = match hash {
        Hash::Sha256 => KbkdfCtrHmacAlgorithmId::Sha256,
        Hash::Sha384 => KbkdfCtrHmacAlgorithmId::Sha384,
        _ => KbkdfCtrHmacAlgorithmId::Sha512,
    };
    let mut theirs = vec![0; length];
    kbkdf_ctr_hmac(get_kbkdf_ctr_hmac_algorithm(id).unwrap(), key, data, &mut theirs).unwrap();
    let how = Derivation::Kbkdf { mode: KbkdfMode::Counter, prf: Prf::Hmac(hash), data, iv: &[] };
    assert_eq!(derive(key, &how, length).unwrap(), theirs);
}

/// NIST SP 800-108 §4.3, written out: A(0) = data, A(i) = PRF(A(i-1)), K(i) = PRF(A(i) ‖ i ‖ data).
fn double_pipeline_by_definition(hash: Hash, key: &[u8], data: &[u8], length: usize) {
    let prf = |message: &[u8]| mac(key, &Mac::Hmac(hash), message).unwrap();
    let (mut pipeline, mut expected) = (data.to_vec(), Vec::new());
    for counter in 1u32..=20 {
        pipeline = prf(&pipeline);
        expected.extend(prf(&[pipeline.as_slice(), &counter.to_be_bytes(), data].concat()));
    }
    let how = Derivation::Kbkdf { mode: KbkdfMode::DoublePipeline, prf: Prf::Hmac(hash), data, iv: &[] };
    assert_eq!(derive(key, &how, length).unwrap(), expected[..length]);
}

/// openssl puts label and context together without separator and length, as a client's fixed data is.
fn kbkdf_of_openssl(tally: &mut Tally, round: usize) -> bool {
    let (key, label, context) = (random(32), random(1 + below(20)), random(1 + below(20)));
    let feedback = round.is_multiple_of(2);
    let seed = if round.is_multiple_of(3) { Vec::new() } else { random(if round.is_multiple_of(4) { 16 } else { 64 }) };
    let cmac = round.is_multiple_of(4);
    let length = 1 + below(150);
    let keys = [("hexkey", &key), ("hexsalt", &label), ("hexinfo", &context)];
    let mut options: Vec<String> = keys.iter().map(|(name, value)| format!("{name}:{}", hex::encode(value))).collect();
    options.extend(["use-l:0", "use-separator:0"].map(str::to_owned));
    options.push(if feedback { "mode:FEEDBACK" } else { "mode:COUNTER" }.to_owned());
    options.extend(
        if cmac { ["mac:CMAC", "cipher:AES-256-CBC"] } else { ["mac:HMAC", "digest:SHA512"] }.map(str::to_owned),
    );
    if feedback && !seed.is_empty() {
        options.push(format!("hexseed:{}", hex::encode(&seed)));
    }
    let length_text = length.to_string();
    let mut arguments = vec!["kdf", "-keylen", &length_text, "-binary"];
    options.iter().for_each(|option| arguments.extend(["-kdfopt", option]));
    arguments.push("KBKDF");
    if openssl(&["version"], &[]).is_none() {
        return false;
    }
    let theirs = openssl(&arguments, &[]).unwrap_or_else(|| panic!("openssl refused {arguments:?}"));
    let prf = if cmac { Prf::Cmac(BlockCipher::Aes) } else { Prf::Hmac(Hash::Sha512) };
    let mode = if feedback { KbkdfMode::Feedback } else { KbkdfMode::Counter };
    let (data, iv) = ([label, context].concat(), if feedback { seed } else { Vec::new() });
    let ours = derive(&key, &Derivation::Kbkdf { mode, prf, data: &data, iv: &iv }, length).unwrap();
    assert_eq!(ours, theirs, "{mode:?} {prf:?}");
    tally.count(Capability::Derive(DerivationMethod::Kbkdf(mode)), OPENSSL);
    true
}

/// One test for each suite, so that a failure names it.
macro_rules! suites {
    ($($name:ident = $at:literal),* $(,)?) => {
        $(#[test] fn $name() { LazyLock::force(&TALLIES[$at]); })*
    };
}

suites!(
    aes_agrees_with_aws_lc = 0,
    gcm_agrees_with_aws_lc = 1,
    ciphers_agree_with_openssl = 2,
    one_time_pad_is_exclusive_or = 3,
    digests_agree = 4,
    signatures_agree_with_openssl = 5,
    derivations_agree = 6,
    both_halves_agree = 7,
);
