//! Sign and Signature Verify, with pairs that the vault made.

use std::process::Command;

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{CryptographicDomainParameters, CryptographicParameters};
use kmip_codec::message::{RequestMessage, encode};
use kmip_codec::object::{KeyMaterial, KeyValue, TransparentKey};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::create_key_pair::CreateKeyPairRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, DigitalSignatureAlgorithm as Named,
    HashingAlgorithm, KeyFormatType, Operation, PaddingMethod, RecommendedCurve, ResultReason as Reason, Tag,
    ValidityIndicator as Validity,
};
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_2, V1_4, V2_0, V2_1, Version};
use kmip_core::engine::Evaluation;
use kmip_core::env::{Env, Pace, Work};

use crate::support::*;

/// A pair of keys that signs and verifies, and encrypts and decrypts.
pub struct Pair {
    pub private: String,
    pub public: String,
}

fn pair(server: &Server, algorithm: Algorithm, curve: Option<RecommendedCurve>, more: Vec<Attribute>) -> Pair {
    let mut common =
        vec![Attribute::CryptographicAlgorithm(algorithm), Attribute::ActivationDate(DateTime(START - 3_600))];
    common.extend(more);
    match curve {
        None => common.push(Attribute::CryptographicLength(2_048)),
        Some(curve) => common.push(Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
            qlength: None,
            recommended_curve: Some(curve),
        })),
    }
    let bag = |mask| Some([Attribute::CryptographicUsageMask(mask)].into_iter().collect());
    let request = CreateKeyPairRequest {
        common_attributes: Some(common.into_iter().collect()),
        private_key_attributes: bag(Mask::Sign | Mask::Decrypt),
        public_key_attributes: bag(Mask::Verify | Mask::Encrypt),
        common_protection_storage_masks: None,
        private_protection_storage_masks: None,
        public_protection_storage_masks: None,
    };
    let made = ask!(server, V2_1, CreateKeyPair, request).expect("made");
    let name = |id: kmip_codec::attribute::values::UniqueIdentifier| id.as_text().unwrap().to_owned();
    Pair { private: name(made.private_key_unique_identifier), public: name(made.public_key_unique_identifier) }
}

fn rsa(server: &Server) -> Pair {
    pair(server, Algorithm::RSA, None, Vec::new())
}

pub fn p256(server: &Server) -> Pair {
    pair(server, Algorithm::EC, Some(RecommendedCurve::P_256), Vec::new())
}

type Set<'a> = &'a dyn Fn(&mut CryptographicParameters);

fn signature(server: &Server, version: Version, pair: &Pair, set: Set<'_>, digest: bool) -> Result<Vec<u8>, Reason> {
    let mut request = sign(&pair.private, b"message");
    request.cryptographic_parameters = boxed(set);
    if digest {
        request.data = None;
        request.digested_data = octets(&hex(SHA256_OF_MESSAGE));
    }
    ask!(server, version, Sign, request).map(|made| made.signature_data.expect("a signature").as_slice().to_vec())
}

const SHA256_OF_MESSAGE: &str = "ab530a13e45914982b79f9b7e3fba994cfd1f3fb22f71cea1afbf02b460c6d1d";

#[track_caller]
fn validity(server: &Server, version: Version, pair: &Pair, set: Set<'_>, signature: &[u8], data: &[u8]) -> Validity {
    let mut request = verify(&pair.public, data, signature);
    request.cryptographic_parameters = boxed(set);
    ask!(server, version, SignatureVerify, request).expect("compared").validity_indicator.expect("an answer")
}

#[track_caller]
fn check(server: &Server, version: Version, pair: &Pair, set: Set<'_>) {
    let made = signature(server, version, pair, set, false).expect("signed");
    assert_eq!(validity(server, version, pair, set, &made, b"message"), Validity::Valid);
    assert_eq!(validity(server, version, pair, set, &made, b"massage"), Validity::Invalid);
    let mut broken = made.clone();
    *broken.last_mut().unwrap() ^= 1;
    assert_eq!(validity(server, version, pair, set, &broken, b"message"), Validity::Invalid);
    assert_eq!(validity(server, version, pair, set, b"", b"message"), Validity::Invalid);
}

fn hashed(p: &mut CryptographicParameters) {
    p.hashing_algorithm = Some(HashingAlgorithm::SHA_256);
}

fn pss(p: &mut CryptographicParameters) {
    hashed(p);
    p.padding_method = Some(PaddingMethod::PSS);
}

#[test]
fn rsa_signs_by_every_way_to_say_it() {
    let server = Server::new();
    let pair = rsa(&server);
    for version in [V1_2, V1_4, V2_0, V2_1] {
        check(&server, version, &pair, &hashed);
        check(&server, version, &pair, &pss);
        check(&server, version, &pair, &|p| p.digital_signature_algorithm = Some(Named::SHA_256WithRSAEncryption));
        check(&server, version, &pair, &|p| {
            hashed(p);
            p.digital_signature_algorithm = Some(Named::RSASSA_PSS);
        });
        check(&server, version, &pair, &|p| {
            hashed(p);
            p.cryptographic_algorithm = Some(Algorithm::RSA);
            p.padding_method = Some(PaddingMethod::PKCS1V1_5);
        });
    }
}

/// Without Salt Length a salt is as long as a digest of the mask generator's hash, which may be another than the message's; a
/// verifier that is told another length refuses the signature.
#[test]
fn a_salt_is_as_long_as_a_digest_of_the_mask_generator() {
    use HashingAlgorithm as H;
    use aws_lc_rs::digest;
    let server = Server::new();
    let pair = rsa(&server);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let key = match &server.got(&pair.public, KeyFormatType::X_509).expect("the key").key_block().unwrap().key_value {
        Some(KeyValue::Plain(value)) => value.key_material.clone(),
        other => panic!("{other:?}"),
    };
    let KeyMaterial::Bytes(key) = key else { panic!("X.509 is bytes") };
    std::fs::write(file("key"), key.expose_secret()).unwrap();
    let has_openssl = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    if !has_openssl {
        println!("SKIP salts as OpenSSL sees them: no openssl command");
    }
    for (hash, masked_by, salt, (named, mask_named, digest)) in [
        (H::SHA_256, None, 32, ("sha256", "sha256", &digest::SHA256)),
        (H::SHA_512, Some(H::SHA_512), 64, ("sha512", "sha512", &digest::SHA512)),
        (H::SHA_256, Some(H::SHA_512), 64, ("sha256", "sha512", &digest::SHA256)),
        (H::SHA_512, Some(H::SHA_256), 32, ("sha512", "sha256", &digest::SHA512)),
        (H::SHA_384, Some(H::SHA_1), 20, ("sha384", "sha1", &digest::SHA384)),
    ] {
        let told = |salt_length| {
            move |p: &mut CryptographicParameters| {
                (p.padding_method, p.hashing_algorithm) = (Some(PaddingMethod::PSS), Some(hash));
                (p.mask_generator_hashing_algorithm, p.salt_length) = (masked_by, salt_length);
            }
        };
        let made = signature(&server, V2_1, &pair, &told(None), false).expect("signed");
        for length in [20, 32, 48, 64] {
            let expected = if length == salt { Validity::Valid } else { Validity::Invalid };
            let found = validity(&server, V2_1, &pair, &told(Some(length)), &made, b"message");
            assert_eq!(found, expected, "{hash} {masked_by:?}: {length}");
        }
        if !has_openssl {
            continue;
        }
        std::fs::write(file("digest"), digest::digest(digest, b"message").as_ref()).unwrap();
        std::fs::write(file("signature"), &made).unwrap();
        let options = [
            "rsa_padding_mode:pss".to_owned(),
            format!("digest:{named}"),
            format!("rsa_mgf1_md:{mask_named}"),
            format!("rsa_pss_saltlen:{salt}"),
        ];
        let output = Command::new("openssl")
            .args(["pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", &file("key")])
            .args(["-in", &file("digest"), "-sigfile", &file("signature")])
            .args(options.iter().flat_map(|option| ["-pkeyopt", option]))
            .output()
            .unwrap();
        assert!(output.status.success(), "{hash} {masked_by:?}: {output:?}");
    }
}

#[test]
fn the_parameters_of_the_pair_hold_when_the_request_has_none() {
    let server = Server::new();
    let pair = pair(&server, Algorithm::RSA, None, vec![attribute(pss)]);
    let made = ask!(server, V2_1, Sign, sign(&pair.private, b"message")).expect("signed");
    let made = made.signature_data.expect("a signature");
    assert_eq!(validity(&server, V2_1, &pair, &|_| {}, made.as_slice(), b"message"), Validity::Valid);
    assert_eq!(validity(&server, V2_1, &pair, &pss, made.as_slice(), b"message"), Validity::Valid);
    assert_eq!(validity(&server, V2_1, &pair, &hashed, made.as_slice(), b"message"), Validity::Invalid);
}

#[test]
fn curves_sign() {
    let server = Server::new();
    for curve in [RecommendedCurve::P_256, RecommendedCurve::P_384, RecommendedCurve::P_521] {
        let pair = pair(&server, Algorithm::ECDSA, Some(curve), Vec::new());
        check(&server, V2_1, &pair, &hashed);
        check(&server, V1_4, &pair, &|p| {
            p.digital_signature_algorithm = Some(Named::ECDSAWithSHA512);
            p.cryptographic_algorithm = Some(Algorithm::EC);
            p.hashing_algorithm = Some(HashingAlgorithm::SHA_512);
        });
    }
    let request = sign(&p256(&server).private, b"message");
    refused(ask!(server, V2_1, Sign, request), Reason::BadCryptographicParameters, "no hash is named");
}

#[test]
fn edwards_keys_sign_messages_and_no_digests() {
    let server = Server::new();
    let pair = pair(&server, Algorithm::Ed25519, Some(RecommendedCurve::CURVE25519), Vec::new());
    check(&server, V2_1, &pair, &|_| {});
    // Its own hash may be named; with another the signature would be another.
    check(&server, V2_1, &pair, &|p| p.hashing_algorithm = Some(HashingAlgorithm::SHA_512));
    assert_eq!(signature(&server, V2_1, &pair, &hashed, false), Err(Reason::BadCryptographicParameters));
    assert_eq!(signature(&server, V2_1, &pair, &|_| {}, true), Err(Reason::BadCryptographicParameters));
}

/// PyKMIP's tests register RSAPrivateKey under the label PKCS_8.
#[test]
fn a_key_under_the_label_of_another_format_signs() {
    let server = Server::new();
    let pair = rsa(&server);
    let mut object = server.got(&pair.private, KeyFormatType::PKCS_1).expect("the key");
    object.key_block_mut().expect("a key").key_format_type = KeyFormatType::PKCS_8;
    let private = server.register(object, active(Mask::Sign | Mask::Decrypt));
    check(&server, V2_1, &Pair { private, public: pair.public }, &hashed);
}

/// What a key lacks is found where no connection waits for its thread: the primes of one that has its exponent only.
#[test]
fn a_key_without_its_primes_is_used_on_a_pool() {
    let server = Server::new();
    let pair = rsa(&server);
    let format = KeyFormatType::TransparentRSAPrivateKey;
    let mut object = server.got(&pair.private, format).expect("the key");
    let block = object.key_block_mut().expect("a key");
    let Some(KeyValue::Plain(value)) = &mut block.key_value else { panic!("a key in the clear") };
    let KeyMaterial::Transparent(key) = &mut value.key_material else { panic!("a transparent key") };
    let TransparentKey::RsaPrivate(key) = key.as_mut() else { panic!("an RSA private key") };
    (key.p, key.q, key.prime_exponent_p, key.prime_exponent_q, key.crt_coefficient) = Default::default();
    let private = server.register(object, active(Mask::Sign));
    let mut request = sign(&private, b"message");
    request.cryptographic_parameters = boxed(hashed);
    let items = vec![(Operation::Sign, RequestPayload::Sign(Box::new(request)))];
    let request = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, items), V2_1);
    let inline = Env::new(START, Pace::Inline);
    let evaluation = server.engine.evaluate(&request, "client", inline);
    assert!(matches!(evaluation, Evaluation::Defer(Work::Computing)), "{evaluation:?}");
    check(&server, V2_1, &Pair { private, public: pair.public }, &hashed);
}

#[test]
fn a_digest_is_signed_as_the_message_is() {
    let server = Server::new();
    for pair in [rsa(&server), p256(&server)] {
        let made = signature(&server, V2_1, &pair, &hashed, true).expect("signed");
        assert_eq!(validity(&server, V2_1, &pair, &hashed, &made, b"message"), Validity::Valid);
    }
    // ECDSA signs the digest itself: without a hash nothing is missing (OASIS case TC-ECDSA-SIGN-DIGESTEDDATA-1).
    let pair = p256(&server);
    let made = signature(&server, V1_4, &pair, &|_| {}, true).expect("signed");
    assert_eq!(validity(&server, V1_4, &pair, &hashed, &made, b"message"), Validity::Valid);
    let mut request = verify(&pair.public, b"", &made);
    (request.data, request.digested_data) = (None, octets(&hex(SHA256_OF_MESSAGE)));
    let found = ask!(server, V1_4, SignatureVerify, request).expect("compared");
    assert_eq!(found.validity_indicator, Some(Validity::Valid));
    let longer: Set<'_> = &|p| p.hashing_algorithm = Some(HashingAlgorithm::SHA_384);
    let bad = Err(Reason::BadCryptographicParameters);
    assert_eq!(
        signature(&server, V2_1, &pair, longer, true),
        bad,
        "a digest of another length than the named hash has"
    );
}

#[test]
fn data_or_digest_is_needed_and_not_both() {
    let server = Server::new();
    let pair = rsa(&server);
    let mut request = sign(&pair.private, b"message");
    request.cryptographic_parameters = boxed(hashed);
    request.digested_data = octets(&hex(SHA256_OF_MESSAGE));
    refused(ask!(server, V2_1, Sign, request.clone()), Reason::InvalidField, "both");
    (request.data, request.digested_data) = (None, None);
    refused(ask!(server, V2_1, Sign, request), Reason::InvalidMessage, "neither");
    let mut request = verify(&pair.public, b"message", b"");
    request.signature_data = None;
    refused(ask!(server, V2_1, SignatureVerify, request), Reason::InvalidMessage, "no signature");
    let mut request = verify(&pair.public, b"message", b"");
    request.data = None;
    refused(ask!(server, V2_1, SignatureVerify, request), Reason::InvalidMessage, "no data");
}

#[test]
fn parameters_of_another_key_are_refused_to_sign_and_make_a_signature_invalid() {
    let server = Server::new();
    let (rsa, curve) = (rsa(&server), p256(&server));
    let ecdsa: Set<'_> = &|p| p.digital_signature_algorithm = Some(Named::ECDSAWithSHA256);
    let of_rsa: Set<'_> = &|p| {
        hashed(p);
        p.cryptographic_algorithm = Some(Algorithm::RSA);
    };
    assert_eq!(signature(&server, V2_1, &rsa, ecdsa, false), Err(Reason::BadCryptographicParameters));
    assert_eq!(signature(&server, V2_1, &curve, of_rsa, false), Err(Reason::BadCryptographicParameters));
    let made = signature(&server, V2_1, &curve, &hashed, false).expect("signed");
    assert_eq!(validity(&server, V2_1, &curve, of_rsa, &made, b"message"), Validity::Invalid);
}

#[test]
fn what_cannot_be_signed_with_is_refused() {
    let server = Server::new();
    let pair = rsa(&server);
    let unsupported: [(Set<'_>, &str); 5] = [
        (&|p| p.digital_signature_algorithm = Some(Named::MD5WithRSAEncryption), "MD5"),
        (&|p| p.digital_signature_algorithm = Some(Named::SHA_1WithRSAEncryption), "SHA-1 is verified only"),
        (&|p| p.hashing_algorithm = Some(HashingAlgorithm::Tiger), "Tiger"),
        (
            &|p| {
                hashed(p);
                p.padding_method = Some(PaddingMethod::X9_31);
            },
            "X9.31",
        ),
        (
            &|p| {
                pss(p);
                p.trailer_field = Some(2);
            },
            "Trailer Field",
        ),
    ];
    for (set, what) in unsupported {
        let unsupported = Reason::UnsupportedCryptographicParameters;
        assert_eq!(signature(&server, V2_1, &pair, set, false), Err(unsupported), "{what}");
        assert_eq!(signature(&server, V1_4, &pair, set, false), Err(Reason::CryptographicFailure), "{what}");
    }
    let bad: [(Set<'_>, &str); 4] = [
        (&|_| {}, "no hash is named"),
        (
            &|p| {
                p.digital_signature_algorithm = Some(Named::SHA_256WithRSAEncryption);
                p.hashing_algorithm = Some(HashingAlgorithm::SHA_512);
            },
            "a hash that contradicts",
        ),
        (
            &|p| {
                p.digital_signature_algorithm = Some(Named::SHA_256WithRSAEncryption);
                p.cryptographic_algorithm = Some(Algorithm::ECDSA);
            },
            "an algorithm that contradicts",
        ),
        (
            &|p| {
                p.digital_signature_algorithm = Some(Named::SHA_256WithRSAEncryption);
                p.padding_method = Some(PaddingMethod::PSS);
            },
            "a padding that contradicts",
        ),
    ];
    for (set, what) in bad {
        assert_eq!(signature(&server, V2_1, &pair, set, false), Err(Reason::BadCryptographicParameters), "{what}");
    }
}

#[test]
fn rsa_encrypts_with_the_public_key_and_decrypts_with_the_private_one() {
    let server = Server::new();
    let pair = rsa(&server);
    let oaep: Set<'_> = &|p| {
        p.padding_method = Some(PaddingMethod::OAEP);
        p.hashing_algorithm = Some(HashingAlgorithm::SHA_256);
        p.mask_generator_hashing_algorithm = Some(HashingAlgorithm::SHA_256);
    };
    let plain: Set<'_> = &|p| p.padding_method = Some(PaddingMethod::OAEP);
    for (version, set) in [(V1_4, oaep), (V2_1, oaep), (V1_2, plain), (V2_1, plain)] {
        let mut request = encrypt(&pair.public, b"a session key");
        request.cryptographic_parameters = boxed(set);
        let made = bytes(ask!(server, version, Encrypt, request).expect("encrypted").data);
        let mut request = decrypt(&pair.private, &made);
        request.cryptographic_parameters = boxed(set);
        assert_eq!(bytes(ask!(server, version, Decrypt, request).expect("decrypted").data), b"a session key");
        let mut broken = made.clone();
        broken[10] ^= 1;
        let mut request = decrypt(&pair.private, &broken);
        request.cryptographic_parameters = boxed(set);
        refused(ask!(server, version, Decrypt, request), Reason::CryptographicFailure, "damaged");
    }
    let request = encrypt(&pair.public, b"a session key");
    refused(ask!(server, V2_1, Encrypt, request), Reason::BadCryptographicParameters, "no padding is named");
    let mut request = encrypt(&pair.private, b"a session key");
    request.cryptographic_parameters = boxed(oaep);
    refused(ask!(server, V2_1, Encrypt, request), Reason::InvalidObjectType, "a private key does not encrypt");
}
