//! Every pair of formats of every kind of key, there and back again.

use super::*;
use crate::formats::{generated_private, generated_public, inspect_material, public_from_private};
use kmip_codec::object::TransparentKey;
use kmip_codec::object::key_material::*;
use kmip_codec::registry::RecommendedCurve;
use kmip_codec::value::{BigInteger, SecretInteger};

const EC_PRIVATE: &[KeyFormatType] = &[
    KeyFormatType::PKCS_8,
    KeyFormatType::ECPrivateKey,
    KeyFormatType::TransparentECPrivateKey,
    KeyFormatType::TransparentECDSAPrivateKey,
    KeyFormatType::TransparentECDHPrivateKey,
    KeyFormatType::TransparentECMQVPrivateKey,
];
const EC_PUBLIC: &[KeyFormatType] = &[
    KeyFormatType::X_509,
    KeyFormatType::TransparentECPublicKey,
    KeyFormatType::TransparentECDSAPublicKey,
    KeyFormatType::TransparentECDHPublicKey,
    KeyFormatType::TransparentECMQVPublicKey,
];

/// Goes from each format to each other one and back; `loses` tells formats that do not carry everything.
fn all_pairs(
    object_type: ObjectType,
    start: (KeyFormatType, &KeyMaterial),
    formats: &[KeyFormatType],
    algorithm: CryptographicAlgorithm,
    loses: fn(KeyFormatType) -> bool,
) {
    for a in formats {
        let in_a = converted(object_type, start.0, start.1, *a, algorithm);
        assert_eq!(converted(object_type, *a, &in_a, *a, algorithm), in_a, "{a:?} as registered");
        let found = inspect_material(object_type, *a, &in_a, Some(algorithm)).expect("well formed");
        let expected = inspect_material(object_type, start.0, start.1, Some(algorithm)).expect("well formed");
        assert_eq!(found, expected, "{a:?} tells the same");
        for b in formats {
            let in_b = converted(object_type, *a, &in_a, *b, algorithm);
            let back = converted(object_type, *b, &in_b, *a, algorithm);
            if !loses(*b) || loses(*a) {
                assert_eq!(back, in_a, "{a:?} -> {b:?} -> {a:?}");
            }
        }
    }
}

fn nothing_lost(_: KeyFormatType) -> bool {
    false
}

#[test]
fn rsa_formats() {
    for size in [KeySize::Rsa2048, KeySize::Rsa3072] {
        let pair = rsa(size);
        let (private, public) = (material(&pair.pkcs8), material(&pair.spki));
        let of_private = [KeyFormatType::PKCS_1, KeyFormatType::PKCS_8, KeyFormatType::TransparentRSAPrivateKey];
        let of_public = [KeyFormatType::PKCS_1, KeyFormatType::X_509, KeyFormatType::TransparentRSAPublicKey];
        let algorithm = pair.algorithm;
        all_pairs(ObjectType::PrivateKey, (KeyFormatType::PKCS_8, &private), &of_private, algorithm, nothing_lost);
        all_pairs(ObjectType::PublicKey, (KeyFormatType::X_509, &public), &of_public, algorithm, nothing_lost);
        for format in of_private {
            let private = converted(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &private, format, algorithm);
            let made = public_from_private(format, &private, KeyFormatType::X_509, None).expect("a public key");
            assert_eq!(made, public, "{format:?}");
        }
    }
}

fn ec_formats_of(signing: &'static EcdsaSigningAlgorithm, curve: RecommendedCurve, bits: i32) {
    let (pair, sec1) = ec(signing);
    let (private, public) = (material(&pair.pkcs8), material(&pair.spki));
    let transparent = |format: KeyFormatType| format.0 >= KeyFormatType::TransparentECDSAPrivateKey.0;
    all_pairs(ObjectType::PrivateKey, (KeyFormatType::PKCS_8, &private), EC_PRIVATE, pair.algorithm, transparent);
    all_pairs(ObjectType::PublicKey, (KeyFormatType::X_509, &public), EC_PUBLIC, pair.algorithm, nothing_lost);

    let found = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &private, None).expect("a key");
    assert_eq!((found.curve, found.length_bits), (Some(curve), Some(bits)));
    let made =
        converted(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &private, KeyFormatType::ECPrivateKey, pair.algorithm);
    let from_library = converted(
        ObjectType::PrivateKey,
        KeyFormatType::ECPrivateKey,
        &material(&sec1),
        KeyFormatType::TransparentECPrivateKey,
        pair.algorithm,
    );
    let from_made = converted(
        ObjectType::PrivateKey,
        KeyFormatType::ECPrivateKey,
        &made,
        KeyFormatType::TransparentECPrivateKey,
        pair.algorithm,
    );
    assert_eq!(from_made, from_library);
    for format in [KeyFormatType::PKCS_8, KeyFormatType::ECPrivateKey] {
        let private = converted(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &private, format, pair.algorithm);
        assert_eq!(public_from_private(format, &private, KeyFormatType::X_509, None), Ok(public.clone()));
    }
    let pointless = public_from_private(
        KeyFormatType::TransparentECPrivateKey,
        &from_made,
        KeyFormatType::X_509,
        Some(pair.algorithm),
    );
    assert!(is_not_supported(pointless), "a transparent private key has no point");
}

#[test]
fn elliptic_curve_formats() {
    ec_formats_of(&ECDSA_P256_SHA256_ASN1_SIGNING, RecommendedCurve::P_256, 256);
    ec_formats_of(&ECDSA_P384_SHA384_ASN1_SIGNING, RecommendedCurve::P_384, 384);
    ec_formats_of(&ECDSA_P521_SHA512_ASN1_SIGNING, RecommendedCurve::P_521, 521);
    ec_formats_of(&ECDSA_P256K1_SHA256_ASN1_SIGNING, RecommendedCurve::SECP256K1, 256);
}

#[test]
fn a_key_without_its_point_still_loads() {
    let (pair, _) = ec(&ECDSA_P256_SHA256_ASN1_SIGNING);
    let transparent = converted(
        ObjectType::PrivateKey,
        KeyFormatType::PKCS_8,
        &material(&pair.pkcs8),
        KeyFormatType::TransparentECPrivateKey,
        pair.algorithm,
    );
    let pkcs8 = converted(
        ObjectType::PrivateKey,
        KeyFormatType::TransparentECPrivateKey,
        &transparent,
        KeyFormatType::PKCS_8,
        pair.algorithm,
    );
    let loaded = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_ASN1_SIGNING, exposed(&pkcs8)).expect("loads");
    let public: PublicKeyX509Der<'_> = loaded.public_key().as_der().expect("X.509");
    assert_eq!(public.as_ref(), pair.spki);
}

#[test]
fn small_private_numbers_keep_the_length_of_the_order() {
    let key =
        TransparentEcPrivateKey { recommended_curve: RecommendedCurve::P_521, d: SecretInteger::from_unsigned(&[1]) };
    let key = KeyMaterial::Transparent(Box::new(TransparentKey::EcPrivate(key)));
    let made = converted(
        ObjectType::PrivateKey,
        KeyFormatType::TransparentECPrivateKey,
        &key,
        KeyFormatType::ECPrivateKey,
        CryptographicAlgorithm::EC,
    );
    let octets = exposed(&made).get(5..7).expect("header of the octets");
    assert_eq!(octets, [0x04, 66], "66 octets for a 521-bit order");
    let oversized = TransparentEcPrivateKey {
        recommended_curve: RecommendedCurve::P_256,
        d: SecretInteger::from_unsigned(&[1; 33]),
    };
    let oversized = KeyMaterial::Transparent(Box::new(TransparentKey::EcPrivate(oversized)));
    let refused = convert(
        ObjectType::PrivateKey,
        KeyFormatType::TransparentECPrivateKey,
        &oversized,
        KeyFormatType::PKCS_8,
        None,
    );
    assert!(is_malformed(refused));
}

#[test]
fn ed25519_formats() {
    let pair = ed25519();
    let (private, public) = (material(&pair.pkcs8), material(&pair.spki));
    let algorithm = pair.algorithm;
    let of_private = [KeyFormatType::PKCS_8, KeyFormatType::Raw];
    let of_public = [KeyFormatType::X_509, KeyFormatType::Raw, KeyFormatType::TransparentECPublicKey];
    let start = converted(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &private, KeyFormatType::Raw, algorithm);
    assert_eq!(exposed(&start).len(), 32);
    all_pairs(ObjectType::PrivateKey, (KeyFormatType::Raw, &start), &of_private, algorithm, nothing_lost);
    for format in [KeyFormatType::X_509, KeyFormatType::Raw] {
        for to in of_public {
            let there = converted(ObjectType::PublicKey, KeyFormatType::X_509, &public, format, algorithm);
            let other = converted(ObjectType::PublicKey, format, &there, to, algorithm);
            assert_eq!(converted(ObjectType::PublicKey, to, &other, format, algorithm), there);
        }
    }
    let ambiguous = KeyFormatType::TransparentECPublicKey;
    let q = converted(ObjectType::PublicKey, KeyFormatType::X_509, &public, ambiguous, algorithm);
    let ec = Some(CryptographicAlgorithm::EC);
    assert!(is_not_supported(convert(ObjectType::PublicKey, ambiguous, &q, KeyFormatType::X_509, ec)));
    let transparent = KeyFormatType::TransparentECPrivateKey;
    let refused = convert(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &private, transparent, Some(algorithm));
    assert!(is_not_supported(refused), "the byte order of D is not defined");
}

#[test]
fn symmetric_formats() {
    let raw = material(&[7; 32]);
    let formats = [KeyFormatType::Raw, KeyFormatType::TransparentSymmetricKey];
    let algorithm = CryptographicAlgorithm::AES;
    all_pairs(ObjectType::SymmetricKey, (KeyFormatType::Raw, &raw), &formats, algorithm, nothing_lost);
    for (object_type, from, to) in [
        (ObjectType::SymmetricKey, KeyFormatType::Opaque, KeyFormatType::Raw),
        (ObjectType::SymmetricKey, KeyFormatType::Raw, KeyFormatType::Opaque),
        (ObjectType::SymmetricKey, KeyFormatType::Raw, KeyFormatType::PKCS_8),
        (ObjectType::SecretData, KeyFormatType::Opaque, KeyFormatType::Raw),
        (ObjectType::SplitKey, KeyFormatType::Raw, KeyFormatType::TransparentSymmetricKey),
        (ObjectType::PGPKey, KeyFormatType::Raw, KeyFormatType::PKCS_1),
        (ObjectType::PublicKey, KeyFormatType::X_509, KeyFormatType::PKCS_8),
        (ObjectType::PrivateKey, KeyFormatType::PKCS_12, KeyFormatType::PKCS_8),
        (ObjectType::PrivateKey, KeyFormatType(0x8000_0001), KeyFormatType::PKCS_8),
    ] {
        let refused = convert(object_type, from, &raw, to, None);
        assert!(refused.is_err(), "{object_type:?} {from:?} -> {to:?}");
        assert_eq!(convert(object_type, from, &raw, from, None), Ok(raw.clone()), "{object_type:?} {from:?}");
    }
}

fn dsa() -> TransparentDsaPrivateKey {
    // Not a prime: the formats do not look.
    TransparentDsaPrivateKey {
        p: BigInteger::from_unsigned(&[0xF7; 128]),
        q: BigInteger::from_unsigned(&[0x81; 20]),
        g: BigInteger::from_unsigned(&[5]),
        x: SecretInteger::from_unsigned(&[3]),
    }
}

#[test]
fn dsa_formats() {
    let private = KeyMaterial::Transparent(Box::new(TransparentKey::DsaPrivate(dsa())));
    let start = (KeyFormatType::TransparentDSAPrivateKey, &private);
    let formats = [KeyFormatType::TransparentDSAPrivateKey, KeyFormatType::PKCS_8];
    all_pairs(ObjectType::PrivateKey, start, &formats, CryptographicAlgorithm::DSA, nothing_lost);
    let to = KeyFormatType::TransparentDSAPublicKey;
    let public = public_from_private(KeyFormatType::TransparentDSAPrivateKey, &private, to, None).expect("g^x");
    match &public {
        KeyMaterial::Transparent(key) => match &**key {
            TransparentKey::DsaPublic(key) => assert_eq!(key.y.to_unsigned(), Some(&[125][..]), "5^3"),
            other => panic!("{other:?}"),
        },
        KeyMaterial::Bytes(_) => panic!("bytes"),
    }
    let formats = [KeyFormatType::TransparentDSAPublicKey, KeyFormatType::X_509];
    all_pairs(ObjectType::PublicKey, (to, &public), &formats, CryptographicAlgorithm::DSA, nothing_lost);
}

#[test]
fn diffie_hellman_formats() {
    let number = |byte: u8| BigInteger::from_unsigned(&[byte; 64]);
    for (q, j) in [(None, None), (Some(number(3)), None), (Some(number(3)), Some(number(2)))] {
        let (p, g) = (number(0xF1), number(2));
        let x = SecretInteger::from_unsigned(&[9; 60]);
        let key = TransparentDhPrivateKey { p, q, g, j, x };
        let private = KeyMaterial::Transparent(Box::new(TransparentKey::DhPrivate(key)));
        let start = (KeyFormatType::TransparentDHPrivateKey, &private);
        let formats = [KeyFormatType::TransparentDHPrivateKey, KeyFormatType::PKCS_8];
        all_pairs(ObjectType::PrivateKey, start, &formats, CryptographicAlgorithm::DH, nothing_lost);
        let to = KeyFormatType::X_509;
        let public = public_from_private(KeyFormatType::TransparentDHPrivateKey, &private, to, None).expect("g^x");
        let formats = [KeyFormatType::TransparentDHPublicKey, KeyFormatType::X_509];
        all_pairs(ObjectType::PublicKey, (to, &public), &formats, CryptographicAlgorithm::DH, nothing_lost);
    }
}

/// The transparent form of a new RSA key, and its PKCS#1 form.
fn transparent_rsa() -> (TransparentRsaPrivateKey, KeyMaterial) {
    let pair = rsa(KeySize::Rsa2048);
    let pkcs8 = material(&pair.pkcs8);
    let of = |to| converted(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &pkcs8, to, pair.algorithm);
    let KeyMaterial::Transparent(key) = of(KeyFormatType::TransparentRSAPrivateKey) else { panic!("bytes") };
    let TransparentKey::RsaPrivate(key) = *key else { panic!("another key") };
    (key, of(KeyFormatType::PKCS_1))
}

fn pkcs1_of(key: TransparentRsaPrivateKey) -> Result<KeyMaterial, FormatError> {
    let key = KeyMaterial::Transparent(Box::new(TransparentKey::RsaPrivate(key)));
    convert(ObjectType::PrivateKey, KeyFormatType::TransparentRSAPrivateKey, &key, KeyFormatType::PKCS_1, None)
}

/// The key with only the numbers whose bits are set.
fn reduced(key: &TransparentRsaPrivateKey, bits: u8) -> TransparentRsaPrivateKey {
    let keep = |bit: u8| bits & (1 << bit) != 0;
    TransparentRsaPrivateKey {
        modulus: key.modulus.clone(),
        public_exponent: key.public_exponent.clone().filter(|_| keep(0)),
        private_exponent: key.private_exponent.clone().filter(|_| keep(1)),
        p: key.p.clone().filter(|_| keep(2)),
        q: key.q.clone().filter(|_| keep(3)),
        prime_exponent_p: key.prime_exponent_p.clone().filter(|_| keep(4)),
        prime_exponent_q: key.prime_exponent_q.clone().filter(|_| keep(5)),
        crt_coefficient: key.crt_coefficient.clone().filter(|_| keep(6)),
    }
}

/// Numbers of the key without those that the order of the primes decides.
fn without_order(material: &KeyMaterial) -> (Vec<u8>, Vec<u8>, std::collections::BTreeSet<Vec<u8>>) {
    let key = converted(
        ObjectType::PrivateKey,
        KeyFormatType::PKCS_1,
        material,
        KeyFormatType::TransparentRSAPrivateKey,
        CryptographicAlgorithm::RSA,
    );
    let KeyMaterial::Transparent(key) = key else { panic!("bytes") };
    let TransparentKey::RsaPrivate(key) = *key else { panic!("another key") };
    let secret = |number: &Option<SecretInteger>| {
        number.as_ref().and_then(SecretInteger::expose_unsigned).expect("a number").to_vec()
    };
    let public = key.public_exponent.as_ref().and_then(BigInteger::to_unsigned).expect("a number").to_vec();
    (public, secret(&key.private_exponent), [secret(&key.p), secret(&key.q)].into())
}

#[test]
fn missing_rsa_numbers_are_computed() {
    let (key, pkcs1) = transparent_rsa();
    let expected = without_order(&pkcs1);
    for bits in 0..128u8 {
        let keeps = |bit: u8| bits & (1 << bit) != 0;
        let (e, d, p, q, dp, dq) = (keeps(0), keeps(1), keeps(2), keeps(3), keeps(4), keeps(5));
        // Primes alone leave the public exponent open; the CRT coefficient alone leads nowhere.
        let enough = if p || q { e || d || dp || dq } else { d || dp || dq };
        let made = pkcs1_of(reduced(&key, bits));
        assert_eq!(made.is_ok(), enough, "{bits:07b}: {made:?}");
        if let Ok(made) = made {
            assert_eq!(without_order(&made), expected, "{bits:07b}");
            if p || q || dp || dq {
                assert_eq!(made, pkcs1, "{bits:07b}");
            }
            let loaded = RsaKeyPair::from_der(exposed(&made));
            assert!(loaded.is_ok(), "{bits:07b}: {loaded:?}");
        }
    }
}

#[test]
fn contradicting_rsa_numbers_are_refused() {
    let (key, _) = transparent_rsa();
    let (other, _) = transparent_rsa();
    for bits in [0b0000_0011, 0b0000_0101, 0b0000_1101, 0b0001_0001, 0b0010_0001, 0b0001_0101, 0b0010_1001u8] {
        let mut mixed = reduced(&key, bits);
        mixed.modulus = other.modulus.clone();
        assert!(is_malformed(pkcs1_of(mixed)), "{bits:07b} under another modulus");
    }
    let mut mixed = reduced(&key, 0b0000_1111);
    mixed.private_exponent = other.private_exponent.clone();
    assert!(is_malformed(pkcs1_of(mixed)), "another private exponent");
    let mut mixed = reduced(&key, 0b0001_1111);
    mixed.prime_exponent_p = other.prime_exponent_p.clone();
    assert!(is_malformed(pkcs1_of(mixed)), "another prime exponent");
}

#[test]
fn generated_pairs_take_the_registered_formats() {
    for (pair, private_format, public_format) in [
        (rsa(KeySize::Rsa2048), KeyFormatType::PKCS_1, KeyFormatType::PKCS_1),
        (ec(&ECDSA_P384_SHA384_ASN1_SIGNING).0, KeyFormatType::PKCS_8, KeyFormatType::X_509),
        (ed25519(), KeyFormatType::PKCS_8, KeyFormatType::X_509),
    ] {
        let private = generated_private(pair.algorithm, Secret::copy_from(&pair.pkcs8), None).expect("a private key");
        let public = generated_public(pair.algorithm, &pair.spki, None).expect("a public key");
        assert_eq!((private.0, public.0), (private_format, public_format));
        let found = inspect_material(ObjectType::PrivateKey, private.0, &private.1, None).expect("well formed");
        let as_public = inspect_material(ObjectType::PublicKey, public.0, &public.1, None).expect("well formed");
        assert_eq!(found, as_public);
        assert_eq!(found.algorithm, Some(pair.algorithm));
    }
    let pair = rsa(KeySize::Rsa2048);
    let requested = generated_private(pair.algorithm, Secret::copy_from(&pair.pkcs8), Some(KeyFormatType::PKCS_8));
    assert_eq!(requested, Ok((KeyFormatType::PKCS_8, material(&pair.pkcs8))));
    assert!(is_not_supported(generated_public(pair.algorithm, &pair.spki, Some(KeyFormatType::PKCS_12))));
}

/// What is only called PKCS#8 is made into PKCS#8; nothing that is neither becomes anything.
#[test]
fn a_label_does_not_make_a_conversion_wrong() {
    let pair = rsa(KeySize::Rsa2048);
    let (label, rsa) = (KeyFormatType::PKCS_8, CryptographicAlgorithm::RSA);
    let pkcs8 = material(&pair.pkcs8);
    let pkcs1 = converted(ObjectType::PrivateKey, label, &pkcs8, KeyFormatType::PKCS_1, rsa);
    for to in [KeyFormatType::PKCS_8, KeyFormatType::PKCS_1, KeyFormatType::TransparentRSAPrivateKey] {
        let made = converted(ObjectType::PrivateKey, label, &pkcs1, to, rsa);
        assert_eq!(made, converted(ObjectType::PrivateKey, label, &pkcs8, to, rsa), "{to:?}");
    }
    let public = public_from_private(label, &pkcs1, KeyFormatType::X_509, Some(rsa));
    assert_eq!(public, Ok(material(&pair.spki)));
    for algorithm in [None, Some(CryptographicAlgorithm::EC)] {
        assert!(is_malformed(convert(ObjectType::PrivateKey, label, &pkcs1, KeyFormatType::PKCS_1, algorithm)));
        assert!(is_malformed(public_from_private(label, &pkcs1, KeyFormatType::X_509, algorithm)));
    }
    let other_way = convert(ObjectType::PrivateKey, KeyFormatType::PKCS_1, &pkcs8, label, Some(rsa));
    assert!(is_malformed(other_way), "a label that nobody is known to confuse");
}
