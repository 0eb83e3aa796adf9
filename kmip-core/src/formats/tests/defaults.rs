//! Defaults, digests, and what inspection says about stated algorithms and lengths.

use super::*;
use crate::formats::*;
use kmip_codec::object::key_material::*;
use kmip_codec::object::{Certificate, OpaqueObject, TransparentKey};
use kmip_codec::registry::{CertificateType, HashingAlgorithm, OpaqueDataType, WireEnum};
use kmip_codec::value::{BigInteger, ByteString, SecretInteger};
use kmip_codec::version::*;
use sha2::{Digest as _, Sha256};

#[test]
fn the_table_of_default_formats() {
    use CryptographicAlgorithm as A;
    use KeyFormatType as F;
    for (object_type, algorithm, expected) in [
        (ObjectType::Certificate, None, Some(F::X_509)),
        (ObjectType::CertificateRequest, None, Some(F::PKCS_10)),
        (ObjectType::OpaqueObject, None, Some(F::Opaque)),
        (ObjectType::PGPKey, None, Some(F::Raw)),
        (ObjectType::SecretData, None, Some(F::Raw)),
        (ObjectType::SymmetricKey, Some(A::AES), Some(F::Raw)),
        (ObjectType::SplitKey, Some(A::AES), Some(F::Raw)),
        (ObjectType::PrivateKey, Some(A::RSA), Some(F::PKCS_1)),
        (ObjectType::PublicKey, Some(A::RSA), Some(F::PKCS_1)),
        (ObjectType::PrivateKey, Some(A::EC), Some(F::TransparentECPrivateKey)),
        (ObjectType::PublicKey, Some(A::ECDSA), Some(F::TransparentECPublicKey)),
        (ObjectType::PrivateKey, Some(A::DSA), Some(F::TransparentDSAPrivateKey)),
        (ObjectType::PublicKey, Some(A::DSA), Some(F::TransparentDSAPublicKey)),
        (ObjectType::PrivateKey, Some(A::Ed25519), Some(F::PKCS_8)),
        (ObjectType::Template, None, None),
    ] {
        assert_eq!(default_format(object_type, algorithm, V2_1), expected, "{object_type:?} {algorithm:?}");
    }
    let private = |algorithm, version| default_format(ObjectType::PrivateKey, Some(algorithm), version);
    assert_eq!(private(A::ECDSA, V1_0), Some(F::TransparentECDSAPrivateKey));
    assert_eq!(private(A::ECDH, V1_2), Some(F::TransparentECDHPrivateKey));
    assert_eq!(private(A::ECMQV, V1_2), Some(F::TransparentECMQVPrivateKey));
    assert_eq!(private(A::EC, V1_3), Some(F::TransparentECPrivateKey));
}

#[test]
fn names_follow_the_version() {
    use KeyFormatType as F;
    assert_eq!(format_in_version(F::TransparentECPublicKey, V1_2), F::TransparentECDSAPublicKey);
    assert_eq!(format_in_version(F::TransparentECDHPrivateKey, V1_4), F::TransparentECDHPrivateKey);
    assert_eq!(format_in_version(F::TransparentECDHPrivateKey, V2_0), F::TransparentECPrivateKey);
    assert_eq!(format_in_version(F::TransparentECMQVPublicKey, V3_0), F::TransparentECPublicKey);
    for version in PUBLISHED {
        for value in 1..=0x15 {
            let named = format_in_version(F(value), version);
            assert!(F::TABLE.is_live(named.0, version), "{:?} in {version}", F(value));
        }
    }
    assert_eq!(algorithm_in_version(CryptographicAlgorithm::EC, V1_1), CryptographicAlgorithm::ECDSA);
    assert_eq!(algorithm_in_version(CryptographicAlgorithm::EC, V1_2), CryptographicAlgorithm::EC);
    assert_eq!(algorithm_in_version(CryptographicAlgorithm::AES, V1_0), CryptographicAlgorithm::AES);
}

fn digest_of(format: KeyFormatType, bytes: &[u8]) -> kmip_codec::attribute::values::Digest {
    kmip_codec::attribute::values::Digest {
        hashing_algorithm: HashingAlgorithm::SHA_256,
        digest_value: Some(ByteString::new(&Sha256::digest(bytes))),
        key_format_type: Some(format),
    }
}

#[test]
fn byte_strings_are_hashed_as_they_are() {
    let key = object(ObjectType::SymmetricKey, block(KeyFormatType::Raw, material(b"key"), None));
    assert_eq!(digests(&key, None), [digest_of(KeyFormatType::Raw, b"key")]);
    let opaque =
        OpaqueObject { opaque_data_type: OpaqueDataType(0x8000_0001), opaque_data_value: Secret::copy_from(b"data") };
    let opaque = ManagedObject::OpaqueObject(Box::new(opaque));
    assert_eq!(digests(&opaque, None), [digest_of(KeyFormatType::Opaque, b"data")]);
    let certificate =
        Certificate { certificate_type: CertificateType::X_509, certificate_value: ByteString::new(b"certificate") };
    let certificate = ManagedObject::Certificate(Box::new(certificate));
    assert_eq!(digests(&certificate, None), [digest_of(KeyFormatType::X_509, b"certificate")]);
}

#[test]
fn structures_are_hashed_as_ttlv() {
    let key = KeyMaterial::Transparent(Box::new(TransparentKey::Symmetric(TransparentSymmetricKey {
        key: Secret::copy_from(&[1, 2, 3]),
    })));
    let key = object(ObjectType::SymmetricKey, block(KeyFormatType::TransparentSymmetricKey, key, None));
    // Key Material { Key: 010203 } (KMIP 2.1 §10.1).
    let ttlv = unhex("420043 01 00000010 42003f 08 00000003 0102030000000000");
    let expected =
        [digest_of(KeyFormatType::Raw, &[1, 2, 3]), digest_of(KeyFormatType::TransparentSymmetricKey, &ttlv)];
    assert_eq!(digests(&key, None), expected);
}

#[test]
fn keys_have_a_digest_in_the_default_format_first() {
    let pair = rsa(KeySize::Rsa2048);
    let pkcs8 = material(&pair.pkcs8);
    let pkcs1 = converted(
        ObjectType::PrivateKey,
        KeyFormatType::PKCS_8,
        &pkcs8,
        KeyFormatType::PKCS_1,
        CryptographicAlgorithm::RSA,
    );
    let expected = [digest_of(KeyFormatType::PKCS_1, exposed(&pkcs1)), digest_of(KeyFormatType::PKCS_8, &pair.pkcs8)];
    let key = object(ObjectType::PrivateKey, block(KeyFormatType::PKCS_8, pkcs8, None));
    assert_eq!(digests(&key, None), expected, "the algorithm is found in the material");
    let garbage = object(ObjectType::PrivateKey, block(KeyFormatType::PKCS_8, material(b"garbage"), None));
    assert_eq!(digests(&garbage, None), [digest_of(KeyFormatType::PKCS_8, b"garbage")]);
}

#[test]
fn wrapped_material_tells_nothing() {
    let mut wrapped = block(KeyFormatType::Raw, material(b"key"), None);
    wrapped.key_value = Some(KeyValue::Wrapped(Secret::copy_from(b"wrapped")));
    // TC-WRAP-2: the wrapped bytes stand in a Key Value structure.
    let mut inside = block(KeyFormatType::PKCS_8, material(b"wrapped"), None);
    inside.key_wrapping_data = Some(Box::new(kmip_codec::object::KeyWrappingData {
        wrapping_method: kmip_codec::registry::WrappingMethod::Encrypt,
        encryption_key_information: None,
        mac_signature_key_information: None,
        mac_signature: None,
        iv_counter_nonce: None,
        encoding_option: None,
    }));
    let mut absent = block(KeyFormatType::Raw, material(b"key"), None);
    absent.key_value = None;
    for block in [wrapped, inside, absent] {
        let object = object(ObjectType::PrivateKey, block);
        assert_eq!(digests(&object, None), []);
        assert_eq!(inspect(&object), Ok(Inspected::default()));
    }
}

#[test]
fn what_is_stated_must_agree_with_what_is_held() {
    use CryptographicAlgorithm as A;
    let symmetric = |bytes: usize, algorithm, length| {
        let block = block(KeyFormatType::Raw, material(&vec![1; bytes]), Some((algorithm, length)));
        let found = inspect(&object(ObjectType::SymmetricKey, block)).expect("any bytes are a key");
        found.check(Some(algorithm), Some(length)).is_ok()
    };
    for (bytes, algorithm, length, good) in [
        (32, A::AES, 256, true),
        (32, A::AES, 128, false),
        (24, A::DES3, 192, true),
        (24, A::DES3, 168, true),
        (24, A::DES3, 112, false),
        (16, A::DES3, 112, true),
        (16, A::DES3, 128, true),
        (24, A::AES, 168, false),
        (8, A::DES, 56, true),
        (20, A::HMAC_SHA1, 160, true),
    ] {
        assert_eq!(symmetric(bytes, algorithm, length), good, "{bytes} {algorithm:?} {length}");
    }
    let (pair, _) = ec(&ECDSA_P521_SHA512_ASN1_SIGNING);
    let found = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &material(&pair.pkcs8), None);
    let found = found.expect("a key");
    for algorithm in [A::EC, A::ECDSA, A::ECDH, A::ECMQV] {
        assert_eq!(found.check(Some(algorithm), Some(521)), Ok(()));
    }
    assert!(found.check(Some(A::RSA), None).is_err());
    assert!(found.check(Some(A::Ed25519), None).is_err());
    assert!(found.check(None, Some(528)).is_err());
    assert_eq!(found.check(None, None), Ok(()));
    let edwards = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &material(&ed25519().pkcs8), None);
    let edwards = edwards.expect("a key");
    assert_eq!(edwards.check(Some(A::EC), Some(256)), Ok(()), "an Edwards curve is an elliptic curve");
    assert!(edwards.check(Some(A::Ed448), None).is_err());
}

#[test]
fn rsa_length_is_that_of_the_modulus() {
    let of = |modulus: &[u8]| {
        let key = TransparentRsaPublicKey {
            modulus: BigInteger::from_unsigned(modulus),
            public_exponent: BigInteger::from_unsigned(&[3]),
        };
        let key = KeyMaterial::Transparent(Box::new(TransparentKey::RsaPublic(key)));
        inspect_material(ObjectType::PublicKey, KeyFormatType::TransparentRSAPublicKey, &key, None)
    };
    assert_eq!(of(&[0x81; 256]).map(|found| found.length_bits), Ok(Some(2048)));
    assert_eq!(of(&[0x01; 256]).map(|found| found.length_bits), Ok(Some(2041)));
    assert!(is_malformed(of(&[])));
    let empty = TransparentRsaPrivateKey {
        modulus: BigInteger::from_unsigned(&[0x80; 256]),
        private_exponent: None,
        public_exponent: None,
        p: None,
        q: None,
        prime_exponent_p: None,
        prime_exponent_q: None,
        crt_coefficient: Some(SecretInteger::from_unsigned(&[1])),
    };
    let empty = KeyMaterial::Transparent(Box::new(TransparentKey::RsaPrivate(empty)));
    let format = KeyFormatType::TransparentRSAPrivateKey;
    assert!(is_malformed(convert(ObjectType::PrivateKey, format, &empty, KeyFormatType::PKCS_1, None)));
}
