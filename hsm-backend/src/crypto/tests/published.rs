//! Vectors of the standards themselves, and of the designers of ciphers.

use super::*;
use kmip_core::ports::crypto::{KbkdfMode, Prf};

/// Every suite here.
pub(super) static TALLIES: [LazyLock<Tally>; 7] = [
    LazyLock::new(aes_modes),
    LazyLock::new(des_and_blowfish),
    LazyLock::new(chacha20),
    LazyLock::new(digests),
    LazyLock::new(triple_des_cmac),
    LazyLock::new(kmip_derivations),
    LazyLock::new(made_with_openssl),
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

/// Mode, key, initialization vector, and [`PLAIN`] encrypted (NIST SP 800-38A appendix F).
const AES_MODES: [(BlockMode, &str, &str, &str); 13] = [
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

fn aes_modes() -> Tally {
    let mut tally = Tally::default();
    for (mode, key, iv, encrypted) in AES_MODES {
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

/// Made once with OpenSSL 3.0, for rows that have no published vectors at hand: the message is "message digest".
fn made_with_openssl() -> Tally {
    const SOURCE: &str = "made with OpenSSL";
    let mut tally = Tally::default();
    let modes = [
        (BlockMode::Cbc, "9d50047a85efb2057a51e45711dae03948cd3b077c4b56a5"),
        (BlockMode::Cfb, "cbd00e9e5d23ace35a86974ad075e446673779d18b6a37bd"),
        (BlockMode::Ofb, "cbd00e9e5d23ace31bd23f651898fc0d4fa0728e93497835"),
    ];
    for (mode, encrypted) in modes {
        let key = "0123456789abcdef23456789abcdef01456789abcdef0123";
        let (iv, plain) = ("1234567890abcdef", "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c");
        check(&mut tally, SOURCE, &Vector { cipher: BlockCipher::TripleDes, mode, key, iv, plain, encrypted });
    }
    let pss = |hash| Signing::RsaPss { hash, mask_hash: hash, salt_length: Some(hash.length()) };
    let verified = wycheproof_sets::signing_capability;
    let signatures = [
        (RSA_KEY, Signing::RsaPkcs1 { hash: Hash::Sha1 }, verified(Scheme::RsaPkcs1(Hash::Sha1)), RSA_SHA1),
        (RSA_KEY, pss(Hash::Sha3_224), verified(Scheme::RsaPss(Hash::Sha3_224)), PSS_SHA3_224),
        (RSA_KEY, pss(Hash::Sha3_256), verified(Scheme::RsaPss(Hash::Sha3_256)), PSS_SHA3_256),
        (RSA_KEY, pss(Hash::Sha3_384), verified(Scheme::RsaPss(Hash::Sha3_384)), PSS_SHA3_384),
        (RSA_KEY, pss(Hash::Sha3_512), verified(Scheme::RsaPss(Hash::Sha3_512)), PSS_SHA3_512),
        (DSA_KEY, Signing::Dsa { hash: Hash::Sha1 }, verified(Scheme::Dsa(Hash::Sha1)), DSA_SHA1),
    ];
    for (key, how, capability, signature) in signatures {
        let (key, signature) = (unhex(key), unhex(signature));
        assert!(verify(&key, &how, b"message digest", &signature).unwrap(), "{how:?}");
        assert!(!verify(&key, &how, b"message digests", &signature).unwrap(), "{how:?}");
        tally.count(capability, SOURCE);
    }
    let bare = VAULT.verify(
        Key::Public(&unhex(RSA_KEY)),
        &Signing::RsaPkcs1Unprefixed,
        Message::Digest(b"message digest\x01\x02"),
        &unhex(RSA_BARE),
    );
    assert!(bare.unwrap());
    tally.count(verified(Scheme::RsaPkcs1Unprefixed), SOURCE);
    let (key, data, iv) = (unhex("00112233445566778899aabbccddeeff"), b"label\0context", [0xA5; 32]);
    for (iv, expected) in [(&[][..], FEEDBACK), (&iv, FEEDBACK_WITH_IV)] {
        let how = Derivation::Kbkdf { mode: KbkdfMode::Feedback, prf: Prf::Hmac(Hash::Sha256), data, iv };
        assert_eq!(derive(&key, &how, 72).unwrap(), unhex(expected));
        tally.count(Capability::Derive(DerivationMethod::Kbkdf(KbkdfMode::Feedback)), SOURCE);
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

// Public keys and signatures of the vectors made with OpenSSL.
const RSA_KEY: &str =
    "30820122300d06092a864886f70d01010105000382010f003082010a0282010100c63988605361d6169d2d91e4f4fc4dde9b7efc
    2198c495b5bec0c4c46f521ab72d19e55f20a15ec7389a84338b72f4e6a72358ef426f2ca4df91f9df788ce8f5af3e076127ea3b
    a9479ad6cde98b3faaf828f5b131b515fc9132cdb8b23d2e2139540f705f514a31c8f7c5da97f676225581931f4c4c3dc26107db
    b90e7fdefc60a855a041b522951de1716704d7adc0d7363a51355ca9842042016574174c798d7a75eb66d7a2a64b6bedb76ad61e
    df73b058a30fda8ceff00173f318a6bf894ff29d7e977fd503d01eef7168fd57d326a6666180c9ac1d5c5f1e9ba8bb1e0fa1f65c
    61f6ad254e43d3dea311ef6dee79ef194adbe06eba735a3fb90825c7a90203010001";
const RSA_SHA1: &str =
    "06f6cf250361a447aad75dd1bfd4e49f98bff7de05e21f8de1c6c96b3e040d45b7745a6a264376a0af5fbbabac18a35718ac7f56
    3323245f9c5674b7cd419d7d1f0c75c5cd5bfac8a430626ec27beb375b167b8ad5c8b35f4968300e0f8a81bfbe6d44df9c28ce6a
    a27c965620fedafd6dd11cf1e564e1b1a0339602214750488f5bfd8de6ef82625ff9a0f8bae20c65db64ce8f5dd08bf482af06ea
    10742908f1a6e9c6659ca4cb7cd80861537b9cccc3a2089af214bf04f1ae3b501e8bd91b1dc503f2469f5896362015efe11dd33e
    a0a1b6e2039285b9b78bca18e140187a8e6f68a55d469c61239616a3e4e90169a9b4b262ed046f39a567014c3a942a0c";
const RSA_BARE: &str =
    "7ba5ca40b3dc8859d1486c74567d6f35056d52ef959c172338d42a90d9ea777206d559c5617c781797cccc6d7b5ebe2744784ff2
    d639ca9d3c28f269d54742c3db48597fd0acbefa72950de48acb4b722fe615490b2b8d4346dd50c3774e3583aef0fb74c11ded3c
    c916e1abb8b3b7b1f427226d2f9420355fc8efa811697388e0e2356b43f8952907f97288b5f119524dfc3f1b8b5cb59f5b6738eb
    f2fae213835e55e097bdff0228eb85b4fc2f88f47d42400639892edb1071c32f8a7ff878d516c4720cc83b5523b4f7352e97c9ba
    4022c9ecb0fb31e4934c3fd98d9dbc6b92d4c80b0be1282890d8efcc492afaeebdb3d4512695eefcc03af2a5c2841959";
const PSS_SHA3_224: &str =
    "4b0fc8e0e4385376da99a755ca0301d4866bb004f44723859ff37fac05328fb320cf1bc7d4bf379bc43c8deeaab5ef7136f5ef41
    209e5107ba472b86d946e4ba206cc14efdaeba6f82c6d96b76bb1110dcc6ca0e6d8a9b147f81d743236f0903977105d746e67346
    8f88a087f02801fc85ed50b42db53a7c15b7699d4319bd86d216e2f32373db5cdf28cf6b3e127981ce9c87e1fe5d95e29b07f768
    d59dad48bfe950ee3509250dab75f902690cd3dafe695cfe252dc97610533ae06e23b5920ca7eeb21ee36e780ed57ab6f61cb96d
    db8ade6918231ae8085ea2df02c6b8c0283282014b2272d198702989bdf27f064c6cff2993866fa4c6d0e46968123994";
const PSS_SHA3_256: &str =
    "54c6645a7e8f09ed1854c8eb44f4a13d8fe592096db0ed04cc1a97fa7ca5bc8fed039d5acd7a0643d0e96267cf6774824f8e0d0a
    30365d7ba2a8b555cf0a5ce38e38f3483a5a4235b89e59e9b085a91c163738d8690e57d46c3d1fbbcfced97965cfd8bcc3ee0e16
    d45b632420238635077e74ef1ef24c490c4f0b6ce2f884dbafd898ba2fa08bf628720eafaee41c83f3bc312e126920acd77ab5b4
    4d8dc94f10ade738f59fd9b7bfc37112a82990da106df696641641958cde30a313a93ff61cb0ae0107c274239ed7f71587d46eb0
    d2465b2974aafa5c96ae70596f610b192310d67676d63d926058b2a9ac5f0709ed5a2f183daa7d3e1fe7907b60cff67f";
const PSS_SHA3_384: &str =
    "77bf06ce49e38d12c3dcbb0deb72862148e3c2dce15d667c3c7d759aa3f7198a55ac0dd2d551a7d87a72eab97235e6a1424f5901
    9272c9e68ce3706dbbbccc1494670c3fec5f81e0ba69ad64be7202448979ceef33b8ec1049c078ef7e03adda32de7891baa79a0c
    ad161d6be1058d02c1f7dd054e073050bc1976df71a4deced346756ef009580270a28e2027426a229e0625d5a41c56be7ddb43b7
    66c78d12f49c1fa099b64c00ba08da010c021d1d20b3e857d9db50c4d4beafba8cd5168bc5aa103e55fa1c382de93024b34bbe16
    f19b4c79946ee43ceb764a2f77a36fccd4de8db3963d0ea9cba777f12cbc2cdaa90ae35e5b139b6df88b87cbac9944a2";
const PSS_SHA3_512: &str =
    "18ee3e528d3a9b3acb5f3517c3f5f2918b48213d0083ecded8cb5bfb838573066d419cadf4e68e758d212d00ad13e5daa60a2b5b
    b065b71ecd214e84a37a7e6df7186cb7ba97575246d765365b8b95fa9c20d3fe0d3e5b175da53fcc4e2d767e43384343ed4e032e
    0ed6cb1a76fb74c7befc2a6712668a5f9fbbd8090a7074cf52a036c9e86dede4193225208c43af1b4b0e62b842d0b81df525b374
    75c0f8c293df620cdf803d15369e6c13ab837bb9a53602a7c43e29a81f42804656c8f99b10b369ebbbadba54e874fa522ef14f3d
    14ed57ce8b80ee07c3950f2adb01be0029e4c7640d0219f4b2cde242e023ee7e507e0228ea3b82e2c396fd4798ab7333";
const DSA_KEY: &str =
    "308201b73082012c06072a8648ce3804013082011f028181009de4816fdcd0b22ff52c37e3c9cb07ccce56154e24a2484f73e7de
    552ec6e31434a8f43686d12d7d7c866f417ad782596b278a6212d1ef6f9ababe0b3b4eaf5f646ca22bd45471df84edcf615bbc4f
    6a5a1bacd5b73ce835ac6ee305a62b9f9a5632f06ece0dfa0ac149adca285ab885b3d9495aec0d844ee6c01c74f366f2f3021500
    ebbda0dd03c15aa1122975325f5effd0190530050281810083dc5653340d8202efe335678329bcb992604b4be402c84d61af49eb
    400913696d555f64935235d49e64742d38fb8a6928236d18e5a81dea63f6f1d343007174c3183eccb1d3c0f0a58095e2dd7943c6
    05cd260974cc5db488e82c264d7ca5f3698692d02699400d63b71c9a88ae8366cee908c11b19f43c64a3bded0930247c03818400
    028180549720b714028a6eab37ce414fb1888a458043c9de454366a3afaf86ef2ff9b6c7230de6f11c04ccc9e0b2ee7a8bfd7aae
    a9dcaef5189d4e4ce5a989f41f6ecfd9eee72a161aad2bfe977257c9b53e5304268ba2aadb006d724eabd318fae78224e3ee8953
    3de4054a603aa0d18665d1ab9904becf31f1cfaa7c4fee503cf53b";
const DSA_SHA1: &str = "302c02144575be8abc44317a85a62ece63bf8ab04c4668180214246443684643eb2dd356316fe759b8c48f94aa76";
const FEEDBACK: &str =
    "3216f29b16d9b2b2781afef28c29d248e070dc4f842a163617b3f7c100c811ba5f6521b16cd1a3196976aa8ffc790f858e70f0d7
    74870c5c0fe353569dc5ce8ac605f02a113d7cb3";
const FEEDBACK_WITH_IV: &str =
    "0284171a1b44cd63edbbd29d88fe7b25700adacb46110661c71d532d078f44e297489de114a4306d00724793d350b09c2d05edf3
    541deb5e097745ba9ad86cfe5fbcc3bbe9284032";
