//! Vectors of the standards themselves, and of the designers of ciphers.

use super::*;

/// Every suite here.
pub(super) static TALLIES: [LazyLock<Tally>; 6] = [
    LazyLock::new(aes_modes),
    LazyLock::new(des_and_blowfish),
    LazyLock::new(chacha20),
    LazyLock::new(digests),
    LazyLock::new(triple_des_cmac),
    LazyLock::new(kmip_derivations),
];

/// A vector of a block cipher; each is encrypted and decrypted.
struct Vector {
    cipher: BlockCipher,
    mode: BlockMode,
    key: &'static str,
    iv: &'static str,
    plain: &'static str,
    encrypted: &'static str,
}

fn check(tally: &mut Tally, source: &'static str, vector: &Vector) {
    let (key, iv) = (unhex(vector.key), unhex(vector.iv));
    let (plain, encrypted) = (unhex(vector.plain), unhex(vector.encrypted));
    let how = block(vector.cipher, vector.mode, BlockPadding::None, &iv);
    assert_eq!(encrypt(&key, &how, &plain).unwrap().0, encrypted, "{how:?}");
    assert_eq!(decrypt(&key, &how, &encrypted, None).unwrap(), plain, "{how:?}");
    tally.count(Capability::Encrypt(how.cipher()), source);
}

const KEY_128: &str = "2b7e151628aed2a6abf7158809cf4f3c";
const KEY_192: &str = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b";
const KEY_256: &str = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
const PLAIN: &str = "6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
                     30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710";
const IV: &str = "000102030405060708090a0b0c0d0e0f";
const COUNTER: &str = "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff";

/// NIST SP 800-38A appendix F.
fn aes_modes() -> Tally {
    let mut tally = Tally::default();
    let vectors = [
        (
            BlockMode::Ecb,
            KEY_128,
            "",
            "3ad77bb40d7a3660a89ecaf32466ef97 f5d3d58503b9699de785895a96fdbaaf 43b1cd7f598ece23881b00e3ed030688 7b0c785e27e8ad3f8223207104725dd4",
        ),
        (
            BlockMode::Ecb,
            KEY_192,
            "",
            "bd334f1d6e45f25ff712a214571fa5cc 974104846d0ad3ad7734ecb3ecee4eef ef7afd2270e2e60adce0ba2face6444e 9a4b41ba738d6c72fb16691603c18e0e",
        ),
        (
            BlockMode::Ecb,
            KEY_256,
            "",
            "f3eed1bdb5d2a03c064b5a7e3db181f8 591ccb10d410ed26dc5ba74a31362870 b6ed21b99ca6f4f9f153e7b1beafed1d 23304b7a39f9f3ff067d8d8f9e24ecc7",
        ),
        (
            BlockMode::Cbc,
            KEY_128,
            IV,
            "7649abac8119b246cee98e9b12e9197d 5086cb9b507219ee95db113a917678b2 73bed6b8e3c1743b7116e69e22229516 3ff1caa1681fac09120eca307586e1a7",
        ),
        (
            BlockMode::Cbc,
            KEY_192,
            IV,
            "4f021db243bc633d7178183a9fa071e8 b4d9ada9ad7dedf4e5e738763f69145a 571b242012fb7ae07fa9baac3df102e0 08b0e27988598881d920a9e64f5615cd",
        ),
        (
            BlockMode::Cbc,
            KEY_256,
            IV,
            "f58c4c04d6e5f1ba779eabfb5f7bfbd6 9cfc4e967edb808d679f777bc6702c7d 39f23369a9d9bacfa530e26304231461 b2eb05e2c39be9fcda6c19078c6a9d1b",
        ),
        (
            BlockMode::Cfb,
            KEY_128,
            IV,
            "3b3fd92eb72dad20333449f8e83cfb4a c8a64537a0b3a93fcde3cdad9f1ce58b 26751f67a3cbb140b1808cf187a4f4df c04b05357c5d1c0eeac4c66f9ff7f2e6",
        ),
        (
            BlockMode::Cfb,
            KEY_256,
            IV,
            "dc7e84bfda79164b7ecd8486985d3860 39ffed143b28b1c832113c6331e5407b df10132415e54b92a13ed0a8267ae2f9 75a385741ab9cef82031623d55b1e471",
        ),
        (
            BlockMode::Ofb,
            KEY_128,
            IV,
            "3b3fd92eb72dad20333449f8e83cfb4a 7789508d16918f03f53c52dac54ed825 9740051e9c5fecf64344f7a82260edcc 304c6528f659c77866a510d9c1d6ae5e",
        ),
        (
            BlockMode::Ofb,
            KEY_256,
            IV,
            "dc7e84bfda79164b7ecd8486985d3860 4febdc6740d20b3ac88f6ad82a4fb08d 71ab47a086e86eedf39d1c5bba97c408 0126141d67f37be8538f5a8be740e484",
        ),
        (
            BlockMode::Ctr,
            KEY_128,
            COUNTER,
            "874d6191b620e3261bef6864990db6ce 9806f66b7970fdff8617187bb9fffdff 5ae4df3edbd5d35e5b4f09020db03eab 1e031dda2fbe03d1792170a0f3009cee",
        ),
        (
            BlockMode::Ctr,
            KEY_192,
            COUNTER,
            "1abc932417521ca24f2b0459fe7e6e0b 090339ec0aa6faefd5ccc2c6f4ce8e94 1e36b26bd1ebc670d1bd1d665620abf7 4f78a7f6d29809585a97daec58c6b050",
        ),
        (
            BlockMode::Ctr,
            KEY_256,
            COUNTER,
            "601ec313775789a5b7a7f504bbf3d228 f443e3ca4d62b59aca84e990cacaf5c5 2b0930daa23de94ce87017ba2d84988d dfc9c58db67aada613c2dd08457941a6",
        ),
    ];
    for (mode, key, iv, encrypted) in vectors {
        let vector = Vector { cipher: BlockCipher::Aes, mode, key, iv, plain: PLAIN, encrypted };
        check(&mut tally, "NIST SP 800-38A", &vector);
    }
    tally
}

fn des_and_blowfish() -> Tally {
    let mut tally = Tally::default();
    let vector = Vector {
        cipher: BlockCipher::TripleDes,
        mode: BlockMode::Ecb,
        key: "0123456789ABCDEF 23456789ABCDEF01 456789ABCDEF0123",
        iv: "",
        plain: "5468652071756663 6B2062726F776E20 666F78206A756D70",
        encrypted: "A826FD8CE53B855F CCE21C8112256FE6 68D5C05DD9B6B900",
    };
    check(&mut tally, "NIST SP 800-67", &vector);
    let ecb = [
        ("0000000000000000", "0000000000000000", "4EF997456198DD78"),
        ("FFFFFFFFFFFFFFFF", "FFFFFFFFFFFFFFFF", "51866FD5B85ECB8A"),
        ("0123456789ABCDEF", "1111111111111111", "61F9C3802281B096"),
        ("FEDCBA9876543210", "0123456789ABCDEF", "0ACEAB0FC6A0A28D"),
    ];
    for (key, plain, encrypted) in ecb {
        let vector = Vector { cipher: BlockCipher::Blowfish, mode: BlockMode::Ecb, key, iv: "", plain, encrypted };
        check(&mut tally, "of Schneier's and Young's", &vector);
    }
    let vector = Vector {
        cipher: BlockCipher::Blowfish,
        mode: BlockMode::Cbc,
        key: "0123456789ABCDEFF0E1D2C3B4A59687",
        iv: "FEDCBA9876543210",
        plain: "37363534333231204E6F77206973207468652074696D6520666F722000000000",
        encrypted: "6B77B4D63006DEE605B156E27403979358DEB9E7154616D959F1652BD5FF92CC",
    };
    check(&mut tally, "of Schneier's and Young's", &vector);
    tally
}

/// RFC 8439 §2.4.2 with a nonce of 12 bytes; a KMIP 2.1 case (CS-BC-M-CHACHA20-1) with one of 8.
fn chacha20() -> Tally {
    let mut tally = Tally::default();
    let sunscreen = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                      sunscreen would be it.";
    let key: Vec<u8> = (0..32).collect();
    let vectors = [
        (
            key,
            "000000000000004a00000000",
            1,
            sunscreen.to_vec(),
            "RFC 8439",
            "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0bf91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d807ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab77937365af90bbf74a35be6b40b8eedf2785e42874d",
        ),
        (
            vec![0; 32],
            "0000000000000001",
            0,
            vec![0; 60],
            "KMIP case",
            "de9cba7bf3d69ef5e786dc63973f653a0b49e015adbff7134fcb7df137821031e85a050278a7084527214f73efc7fa5b5277062eb7a0433e445f41e3",
        ),
    ];
    for (key, nonce, counter, plain, source, encrypted) in vectors {
        let nonce = unhex(nonce);
        let how = Encryption::ChaCha20 { nonce: &nonce, counter };
        assert_eq!(encrypt(&key, &how, &plain).unwrap().0, unhex(encrypted));
        assert_eq!(decrypt(&key, &how, &unhex(encrypted), None).unwrap(), plain);
        tally.count(Capability::Encrypt(Cipher::ChaCha20), source);
    }
    tally
}

/// FIPS 180-4 and FIPS 202 examples: the message "abc".
fn digests() -> Tally {
    let mut tally = Tally::default();
    let vectors = [
        (Hash::Sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (Hash::Sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        (Hash::Sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            Hash::Sha384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            Hash::Sha512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        (Hash::Sha512_224, "4634270f707b6a54daae7530460842e20e37ed265ceee9a43e8924aa"),
        (Hash::Sha512_256, "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23"),
        (Hash::Sha3_224, "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"),
        (Hash::Sha3_256, "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        (
            Hash::Sha3_384,
            "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
        ),
        (
            Hash::Sha3_512,
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        ),
    ];
    for (hash, expected) in vectors {
        let made = VAULT.hash(hash, b"abc").unwrap();
        assert_eq!(made, unhex(expected), "{hash:?}");
        assert_eq!(made.len(), hash.length());
        tally.count(Capability::Hash(hash), "NIST example");
    }
    tally
}

/// NIST SP 800-38B appendix D.4 and D.5, with keys of three and of two parts.
fn triple_des_cmac() -> Tally {
    let mut tally = Tally::default();
    let three = "8aa83bf8cbda1062 0bc1bf19fbb6cd58 bc313d4a371ca8b5";
    let two = "4cf15134a2850dd5 8a3d10ba80570d38";
    let message = unhex("6bc1bee22e409f96 e93d7e117393172a ae2d8a571e03ac9c 9eb76fac45af8e51");
    let vectors = [
        (three, 0, "b7a688e122ffaf95"),
        (three, 8, "8e8f293136283797"),
        (three, 20, "743ddbe0ce2dc2ed"),
        (three, 32, "33e6b1092400eae5"),
        (two, 0, "bd2ebf9a3ba00361"),
        (two, 8, "4ff2ab813c53ce83"),
        (two, 20, "62dd1b471902bd4e"),
        (two, 32, "31b1e431dabc4eb8"),
    ];
    for (key, length, expected) in vectors {
        let made = mac(&unhex(key), &Mac::Cmac(BlockCipher::TripleDes), &message[..length]).unwrap();
        assert_eq!(made, unhex(expected), "{length} bytes");
        tally.count(Capability::Mac(MacAlgorithm::Cmac(BlockCipher::TripleDes)), "NIST SP 800-38B");
    }
    tally
}

/// The derivations of the KMIP test cases (TC-DERIVEKEY-1 to 5).
fn kmip_derivations() -> Tally {
    let mut tally = Tally::default();
    let key = unhex("00112233445566778899aabbccddeeff");
    let pbkdf2 = |hash, iterations| Derivation::Pbkdf2 { hash, salt: b"salt", iterations };
    let hash = Hash::Sha256;
    let vectors = [
        (
            key.as_slice(),
            Derivation::Hash { hash, data: &[] },
            "a8faed6abbf35c12a4b26e40f6feb19d",
            DerivationMethod::Hash,
        ),
        (&key, Derivation::Hmac { hash, data: &[1, 2] }, "1e15c1f1da233629f770fb0a04a5020e", DerivationMethod::Hmac),
        (b"password", pbkdf2(Hash::Sha1, 1), "0c60c80f961f0e71f3a9b524af601206", DerivationMethod::Pbkdf2(Hash::Sha1)),
        (
            b"password",
            pbkdf2(Hash::Sha1, 4096),
            "4b007901b765489abead49d926f721d0",
            DerivationMethod::Pbkdf2(Hash::Sha1),
        ),
        (
            b"password",
            pbkdf2(hash, 4096),
            "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a",
            DerivationMethod::Pbkdf2(hash),
        ),
    ];
    for (key, how, expected, method) in vectors {
        let expected = unhex(expected);
        assert_eq!(derive(key, &how, expected.len()).unwrap(), expected, "{how:?}");
        tally.count(Capability::Derive(method), "KMIP case");
    }
    tally
}

#[test]
fn vectors_of_the_standards() {
    assert!(TALLIES.iter().all(|tally| !tally.0.is_empty()));
}

/// RFC 8032 §7.1 test 2, signed: Ed25519 is deterministic.
#[test]
fn ed25519_signs_the_vector_of_its_standard() {
    let seed = unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
    let key = wycheproof_sets::raw_pkcs8("1.3.101.112", &seed);
    let signature = sign(&key, &Signing::Ed25519, Message::Data(&[0x72])).unwrap();
    let expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
                    085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
    assert_eq!(signature, unhex(expected));
}
