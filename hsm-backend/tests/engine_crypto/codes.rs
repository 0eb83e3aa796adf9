//! MAC, MAC Verify and Hash.

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::registry::{
    BlockCipherMode as Mode, CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, HashingAlgorithm,
    ResultReason as Reason, ValidityIndicator as Validity,
};
use kmip_codec::version::{V1_2, V1_4, V2_0, V2_1};

use crate::support::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const DATA: &str = "01020304050607080910111213141516";
const CODE: &str = "c911e78196d64c30f631bb079ea37b97a95936d4da764d6a171df030c895ecf9";

fn named(algorithm: Algorithm) -> impl Fn(&mut CryptographicParameters) {
    move |parameters| parameters.cryptographic_algorithm = Some(algorithm)
}

fn key(server: &Server, algorithm: Algorithm, bytes: &[u8]) -> String {
    server.key(algorithm, bytes, Mask::MACGenerate | Mask::MACVerify)
}

#[test]
fn published_codes_come_out_and_are_valid() {
    let server = Server::new();
    let mut attributes = active(Mask::MACGenerate | Mask::MACVerify);
    attributes.push(attribute(named(Algorithm::HMAC_SHA256)));
    let id = server.register(symmetric(Algorithm::AES, &hex(KEY)), attributes);
    for version in [V1_2, V1_4, V2_0, V2_1] {
        let made = ask!(server, version, MAC, mac(&id, &hex(DATA))).expect("computed");
        assert_eq!(made.mac_data.expect("a code").as_slice(), hex(CODE));
        let valid = |data: &[u8], code: &[u8]| {
            ask!(server, version, MACVerify, mac_verify(&id, data, code)).expect("compared").validity_indicator
        };
        assert_eq!(valid(&hex(DATA), &hex(CODE)), Some(Validity::Valid));
        assert_eq!(valid(&hex(DATA), &hex(CODE)[..31]), Some(Validity::Invalid));
        assert_eq!(valid(b"other data", &hex(CODE)), Some(Validity::Invalid));
    }
}

#[test]
fn the_key_s_algorithm_holds_unless_the_parameters_name_one() {
    let server = Server::new();
    let id = key(&server, Algorithm::HMAC_SHA256, &hex(KEY));
    let made = ask!(server, V2_1, MAC, mac(&id, &hex(DATA))).expect("computed");
    assert_eq!(made.mac_data.expect("a code").as_slice(), hex(CODE));
    let mut request = mac(&id, &hex(DATA));
    request.cryptographic_parameters = boxed(named(Algorithm::HMAC_SHA512));
    let made = ask!(server, V2_1, MAC, request).expect("computed");
    assert_eq!(made.mac_data.expect("a code").as_slice().len(), 64);
    let mut request = mac(&id, &hex(DATA));
    request.cryptographic_parameters = boxed(|p| p.hashing_algorithm = Some(HashingAlgorithm::SHA_512));
    refused(ask!(server, V2_1, MAC, request), Reason::BadCryptographicParameters, "another hash than the code's");
    let secret = server.register(secret_data(&hex(KEY)), active(Mask::MACGenerate));
    let mut request = mac(&secret, &hex(DATA));
    request.cryptographic_parameters = boxed(named(Algorithm::HMAC_SHA256));
    let made = ask!(server, V2_1, MAC, request).expect("secret data is a key, too");
    assert_eq!(made.mac_data.expect("a code").as_slice(), hex(CODE));
}

#[test]
fn a_cmac_is_that_of_its_cipher() {
    // RFC 4493 §4, example 2.
    let server = Server::new();
    let id = key(&server, Algorithm::AES, &hex("2b7e151628aed2a6abf7158809cf4f3c"));
    let with = |set: &dyn Fn(&mut CryptographicParameters)| {
        let mut request = mac(&id, &hex("6bc1bee22e409f96e93d7e117393172a"));
        request.cryptographic_parameters = boxed(set);
        ask!(server, V2_1, MAC, request).map(|made| made.mac_data.expect("a code").as_slice().to_vec())
    };
    let cmac = hex("070a16b46b4d4144f79bdd9dd04a287c");
    assert_eq!(with(&|p| p.block_cipher_mode = Some(Mode::CMAC)), Ok(cmac.clone()));
    assert_eq!(with(&named(Algorithm::AES)), Ok(cmac));
    assert_eq!(with(&named(Algorithm::DES3)), Err(Reason::BadCryptographicParameters));
    assert_eq!(with(&|p| p.block_cipher_mode = Some(Mode::CBC_MAC)), Err(Reason::BadCryptographicParameters));
    assert_eq!(with(&named(Algorithm::HMAC_MD5)), Err(Reason::BadCryptographicParameters));
    assert_eq!(with(&|_| {}), Err(Reason::BadCryptographicParameters), "an AES key alone names no code");
}

#[test]
fn hashes_are_those_of_the_standards() {
    let server = Server::new();
    let digest = |version, name| {
        let request = hash(|p| p.hashing_algorithm = Some(name), b"abc");
        ask!(server, version, Hash, request).map(|made| bytes(made.data))
    };
    let sha256 = hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    for version in [V1_2, V1_4, V2_0, V2_1] {
        assert_eq!(digest(version, HashingAlgorithm::SHA_256), Ok(sha256.clone()));
        assert_eq!(digest(version, HashingAlgorithm::SHA_1), Ok(hex("a9993e364706816aba3e25717850c26c9cd0d89d")));
        assert_eq!(digest(version, HashingAlgorithm::MD5), Err(Reason::CryptographicFailure));
        let none = ask!(server, version, Hash, hash(|_| {}, b"abc"));
        refused(none, Reason::CryptographicFailure, "no hash is named");
    }
    let sha3 = hex("3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532");
    assert_eq!(digest(V1_4, HashingAlgorithm::SHA3_256), Ok(sha3));
    let mut request = hash(|p| p.hashing_algorithm = Some(HashingAlgorithm::SHA_256), b"");
    request.data = None;
    refused(ask!(server, V2_1, Hash, request), Reason::InvalidMessage, "no data");
}
