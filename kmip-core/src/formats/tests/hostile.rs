//! Hostile input: whatever the bytes, no panic, and what still reads can be written again.

use super::*;
use crate::formats::{certificate_attributes, digests, inspect, inspect_material, public_from_private};
use kmip_codec::object::TransparentKey;
use kmip_codec::object::key_material::*;
use kmip_codec::registry::RecommendedCurve;
use kmip_codec::value::{BigInteger, ByteString, SecretInteger};
use proptest::prelude::*;
use std::sync::LazyLock;

const FORMATS: std::ops::RangeInclusive<u32> = 0..=0x18;

const ALGORITHMS: [Option<CryptographicAlgorithm>; 7] = [
    None,
    Some(CryptographicAlgorithm::RSA),
    Some(CryptographicAlgorithm::EC),
    Some(CryptographicAlgorithm::ECDH),
    Some(CryptographicAlgorithm::Ed25519),
    Some(CryptographicAlgorithm::ML_KEM_512),
    Some(CryptographicAlgorithm::SLH_DSA_SHA2_128s),
];

/// Everything that can be done with material of one format.
fn exercise(object_type: ObjectType, from: KeyFormatType, material: &KeyMaterial) {
    let key = object(object_type, block(from, material.clone(), None));
    let _ = inspect(&key);
    assert!(!digests(&key, None).is_empty());
    for algorithm in ALGORITHMS {
        for to in FORMATS.map(KeyFormatType) {
            if let Ok(made) = convert(object_type, from, material, to, algorithm) {
                let again = convert(object_type, to, &made, to, algorithm);
                assert_eq!(again, Ok(made), "{from:?} -> {to:?}");
            }
        }
        let _ = public_from_private(from, material, KeyFormatType::X_509, algorithm);
    }
}

fn exercise_bytes(bytes: &[u8]) {
    let material = material(bytes);
    for object_type in [ObjectType::PrivateKey, ObjectType::PublicKey, ObjectType::SymmetricKey] {
        for format in [1, 2, 3, 4, 5, 6, 7, 0xA, 0x14, 0x16] {
            exercise(object_type, KeyFormatType(format), &material);
        }
    }
    let _ = certificate_attributes(bytes);
}

static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let (ec, sec1) = ec(&ECDSA_P256_SHA256_ASN1_SIGNING);
    let (rsa, edwards) = (rsa(KeySize::Rsa2048), ed25519());
    let pkcs1 = converted(
        ObjectType::PrivateKey,
        KeyFormatType::PKCS_8,
        &material(&rsa.pkcs8),
        KeyFormatType::PKCS_1,
        CryptographicAlgorithm::RSA,
    );
    let pkcs1 = exposed(&pkcs1).to_vec();
    let raw = |length| material(&vec![7; length]);
    let encoded = |object_type, length, format, algorithm| {
        exposed(&converted(object_type, KeyFormatType::Raw, &raw(length), format, algorithm)).to_vec()
    };
    let ml_kem = encoded(ObjectType::PrivateKey, 64, KeyFormatType::PKCS_8, CryptographicAlgorithm::ML_KEM_512);
    let slh_dsa = encoded(ObjectType::PublicKey, 32, KeyFormatType::X_509, CryptographicAlgorithm::SLH_DSA_SHA2_128s);
    vec![ec.pkcs8, ec.spki, sec1, rsa.pkcs8, rsa.spki, edwards.pkcs8, edwards.spki, pkcs1, ml_kem, slh_dsa]
});

fn number() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        prop::collection::vec(any::<u8>(), 32..40),
        Just(vec![0xFF; 64]),
        Just(vec![1]),
        Just(vec![2]),
    ]
}

fn secret() -> impl Strategy<Value = Option<SecretInteger>> {
    prop::option::of(number().prop_map(|bytes| SecretInteger::from_unsigned(&bytes)))
}

fn public() -> impl Strategy<Value = BigInteger> {
    number().prop_map(|bytes| BigInteger::from_unsigned(&bytes))
}

prop_compose! {
    fn rsa_private()(
        modulus in public(),
        public_exponent in prop::option::of(public()),
        (private_exponent, p, q) in (secret(), secret(), secret()),
        (prime_exponent_p, prime_exponent_q, crt_coefficient) in (secret(), secret(), secret()),
    ) -> TransparentKey {
        TransparentKey::RsaPrivate(TransparentRsaPrivateKey {
            modulus, private_exponent, public_exponent, p, q, prime_exponent_p, prime_exponent_q, crt_coefficient,
        })
    }
}

fn transparent_key() -> impl Strategy<Value = (KeyFormatType, TransparentKey)> {
    let secret = || number().prop_map(|bytes| SecretInteger::from_unsigned(&bytes));
    let curve = || (0u32..0x48).prop_map(RecommendedCurve);
    prop_oneof![
        4 => rsa_private().prop_map(|key| (KeyFormatType::TransparentRSAPrivateKey, key)),
        1 => (public(), public(), public(), secret()).prop_map(|(p, q, g, x)| {
            let key = TransparentKey::DsaPrivate(TransparentDsaPrivateKey { p, q, g, x });
            (KeyFormatType::TransparentDSAPrivateKey, key)
        }),
        1 => (public(), prop::option::of(public()), public(), prop::option::of(public()), secret()).prop_map(
            |(p, q, g, j, x)| {
                let key = TransparentKey::DhPrivate(TransparentDhPrivateKey { p, q, g, j, x });
                (KeyFormatType::TransparentDHPrivateKey, key)
            }
        ),
        1 => (curve(), secret()).prop_map(|(recommended_curve, d)| {
            let key = TransparentKey::EcPrivate(TransparentEcPrivateKey { recommended_curve, d });
            (KeyFormatType::TransparentECPrivateKey, key)
        }),
        1 => (curve(), prop::collection::vec(any::<u8>(), 0..70)).prop_map(|(recommended_curve, point)| {
            let q_string = ByteString::new(&point);
            let key = TransparentKey::EcPublic(TransparentEcPublicKey { recommended_curve, q_string });
            (KeyFormatType::TransparentECPublicKey, key)
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        exercise_bytes(&bytes);
    }

    #[test]
    fn damaged_keys(
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = seed.get(&SEEDS).clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        exercise_bytes(&bytes);
    }

    #[test]
    fn any_numbers((format, key) in transparent_key()) {
        let material = KeyMaterial::Transparent(Box::new(key));
        for object_type in [ObjectType::PrivateKey, ObjectType::PublicKey] {
            exercise(object_type, format, &material);
            exercise(object_type, KeyFormatType::PKCS_8, &material);
        }
    }
}

#[test]
fn headers_of_keys_take_every_value() {
    for seed in SEEDS.iter() {
        for at in 0..seed.len().min(40) {
            for value in [0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x30, 0x31, 0x7F, 0x80, 0x81, 0x82, 0x84, 0xA0, 0xFF] {
                let mut bytes = seed.clone();
                bytes[at] = value;
                let material = material(&bytes);
                for (object_type, format) in [
                    (ObjectType::PrivateKey, KeyFormatType::PKCS_8),
                    (ObjectType::PrivateKey, KeyFormatType::ECPrivateKey),
                    (ObjectType::PrivateKey, KeyFormatType::PKCS_1),
                    (ObjectType::PublicKey, KeyFormatType::X_509),
                ] {
                    let _ = inspect(&object(object_type, block(format, material.clone(), None)));
                }
            }
        }
    }
}

#[test]
fn oversized_numbers_are_refused_in_time() {
    let huge = vec![0xF1; 1 << 20];
    let key = |modulus: &[u8], d: &[u8]| {
        let key = TransparentRsaPrivateKey {
            modulus: BigInteger::from_unsigned(modulus),
            private_exponent: Some(SecretInteger::from_unsigned(d)),
            public_exponent: Some(BigInteger::from_unsigned(&[3])),
            p: None,
            q: None,
            prime_exponent_p: None,
            prime_exponent_q: None,
            crt_coefficient: None,
        };
        let key = KeyMaterial::Transparent(Box::new(TransparentKey::RsaPrivate(key)));
        let from = KeyFormatType::TransparentRSAPrivateKey;
        convert(ObjectType::PrivateKey, from, &key, KeyFormatType::PKCS_1, None)
    };
    assert!(is_not_supported(key(&huge, &[5])));
    assert!(is_malformed(key(&[0xF1; 256], &huge)));
    let dsa = TransparentDsaPrivateKey {
        p: BigInteger::from_unsigned(&huge),
        q: BigInteger::from_unsigned(&[7]),
        g: BigInteger::from_unsigned(&[2]),
        x: SecretInteger::from_unsigned(&huge),
    };
    let dsa = KeyMaterial::Transparent(Box::new(TransparentKey::DsaPrivate(dsa)));
    let from = KeyFormatType::TransparentDSAPrivateKey;
    assert!(is_not_supported(public_from_private(from, &dsa, KeyFormatType::X_509, None)));
}

#[test]
fn a_private_key_is_no_public_key() {
    let key = TransparentKey::RsaPrivate(TransparentRsaPrivateKey {
        modulus: BigInteger::from_unsigned(&[0x23]),
        private_exponent: Some(SecretInteger::from_unsigned(&[5])),
        public_exponent: Some(BigInteger::from_unsigned(&[5])),
        p: Some(SecretInteger::from_unsigned(&[5])),
        q: Some(SecretInteger::from_unsigned(&[7])),
        prime_exponent_p: Some(SecretInteger::from_unsigned(&[1])),
        prime_exponent_q: Some(SecretInteger::from_unsigned(&[5])),
        crt_coefficient: Some(SecretInteger::from_unsigned(&[3])),
    });
    let key = KeyMaterial::Transparent(Box::new(key));
    let from = KeyFormatType::TransparentRSAPrivateKey;
    let of = |object_type| convert(object_type, from, &key, KeyFormatType::PKCS_1, None);
    assert!(of(ObjectType::PrivateKey).is_ok());
    for object_type in [ObjectType::PublicKey, ObjectType::SymmetricKey] {
        assert!(is_malformed(of(object_type)));
        assert!(is_malformed(inspect(&object(object_type, block(from, key.clone(), None)))));
    }
    let curve = TransparentEcPrivateKey {
        recommended_curve: RecommendedCurve::CURVE25519,
        d: SecretInteger::from_unsigned(&[5]),
    };
    let curve = KeyMaterial::Transparent(Box::new(TransparentKey::EcPrivate(curve)));
    let curve = block(KeyFormatType::TransparentECPrivateKey, curve, None);
    assert!(inspect(&object(ObjectType::PrivateKey, curve.clone())).is_ok());
    assert!(is_malformed(inspect(&object(ObjectType::PublicKey, curve))));
}

#[test]
fn a_number_that_contradicts_the_others_is_refused() {
    // 5 * 7, with 5 as both exponents: the coefficient of 7 modulo 5 is 3.
    let with = |p: u8, q: u8, coefficient: u8| {
        let key = TransparentKey::RsaPrivate(TransparentRsaPrivateKey {
            modulus: BigInteger::from_unsigned(&[35]),
            private_exponent: None,
            public_exponent: Some(BigInteger::from_unsigned(&[5])),
            p: Some(SecretInteger::from_unsigned(&[p])),
            q: Some(SecretInteger::from_unsigned(&[q])),
            prime_exponent_p: None,
            prime_exponent_q: None,
            crt_coefficient: Some(SecretInteger::from_unsigned(&[coefficient])),
        });
        let key = KeyMaterial::Transparent(Box::new(key));
        let from = KeyFormatType::TransparentRSAPrivateKey;
        convert(ObjectType::PrivateKey, from, &key, KeyFormatType::PKCS_1, None)
    };
    assert!(with(5, 7, 3).is_ok() && with(7, 5, 3).is_ok());
    assert!(is_malformed(with(5, 7, 2)));
}

#[test]
fn every_transparent_form_tells_its_curve() {
    type Form = fn(TransparentEcPublicKey) -> TransparentKey;
    let public = || TransparentEcPublicKey {
        recommended_curve: RecommendedCurve::CURVE25519,
        q_string: ByteString::new(&[9; 32]),
    };
    let forms: [(KeyFormatType, Form); 4] = [
        (KeyFormatType::TransparentECPublicKey, TransparentKey::EcPublic),
        (KeyFormatType::TransparentECDSAPublicKey, TransparentKey::EcdsaPublic),
        (KeyFormatType::TransparentECDHPublicKey, TransparentKey::EcdhPublic),
        (KeyFormatType::TransparentECMQVPublicKey, TransparentKey::EcmqvPublic),
    ];
    for (format, form) in forms {
        let key = KeyMaterial::Transparent(Box::new(form(public())));
        let found = inspect(&object(ObjectType::PublicKey, block(format, key, None))).expect("a key");
        assert_eq!((found.curve, found.length_bits), (Some(RecommendedCurve::CURVE25519), Some(256)), "{format}");
    }
}

#[test]
fn a_curve_has_the_length_of_its_octets_else_of_its_algorithm() {
    // The octets tell it, also where the algorithm says otherwise or says nothing of the curve.
    for (algorithm, octets, bits) in [
        (CryptographicAlgorithm::Ed448, 57, 456),
        (CryptographicAlgorithm::ECDH, 56, 448),
        (CryptographicAlgorithm::ECDH, 57, 456),
        (CryptographicAlgorithm::EC, 57, 456),
    ] {
        let q_string = ByteString::new(&vec![9; octets]);
        let key = TransparentEcPublicKey { recommended_curve: RecommendedCurve::CURVE448, q_string };
        let key = KeyMaterial::Transparent(Box::new(TransparentKey::EcPublic(key)));
        let key = block(KeyFormatType::TransparentECPublicKey, key, Some((algorithm, bits)));
        let found = inspect(&object(ObjectType::PublicKey, key)).expect("a key");
        assert_eq!(found.length_bits, Some(bits));
        assert_eq!(found.check(Some(algorithm), Some(bits)), Ok(()));
    }
}

/// X448 in X.509 (RFC 8410 §4): its identifier tells that it agrees on keys, so it is none of a signature algorithm.
#[test]
fn a_key_beside_the_name_of_another_algorithm_is_refused() {
    let header = [0x30, 0x42, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x6F, 0x03, 0x39, 0x00];
    let material = KeyMaterial::Bytes(Secret::copy_from(&[&header[..], &[0x70; 56]].concat()));
    let found = inspect_material(ObjectType::PublicKey, KeyFormatType::X_509, &material, None).unwrap();
    assert_eq!((found.length_bits, found.curve), (Some(448), Some(RecommendedCurve::CURVE448)));
    for (algorithm, fits) in [
        (CryptographicAlgorithm::ECDH, true),
        (CryptographicAlgorithm::EC, true),
        (CryptographicAlgorithm::Ed25519, false),
        (CryptographicAlgorithm::Ed448, false),
        (CryptographicAlgorithm::RSA, false),
    ] {
        assert_eq!(found.check(Some(algorithm), Some(448)).is_ok(), fits, "{algorithm}");
    }
}
