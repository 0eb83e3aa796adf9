//! Published vectors: RFC 8410 §10, RFC 5915 within RFC 5958, and encodings counted by hand.

use super::*;
use crate::formats::inspect_material;
use kmip_codec::registry::RecommendedCurve;

/// RFC 8410 §10.1, §10.3.
const ED25519_SPKI: &str = "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
const ED25519_SEED: &str = "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842";
const ED25519_V1: &str =
    "302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842";
/// With attributes and public key.
const ED25519_V2: &str = "3072020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842\
    a01f301d060a2a864886f70d01090914310f0c0d437572646c652043686169727381210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb\
    0c5c38ad703166e1";

#[test]
fn rfc_8410() {
    let algorithm = CryptographicAlgorithm::Ed25519;
    for pkcs8 in [ED25519_V1, ED25519_V2] {
        let pkcs8 = material(&unhex(pkcs8));
        let raw = converted(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &pkcs8, KeyFormatType::Raw, algorithm);
        assert_eq!(exposed(&raw), unhex(ED25519_SEED));
        let back = converted(ObjectType::PrivateKey, KeyFormatType::Raw, &raw, KeyFormatType::PKCS_8, algorithm);
        assert_eq!(exposed(&back), unhex(ED25519_V1));
        let found = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &pkcs8, None).expect("a key");
        assert_eq!(found.algorithm, Some(algorithm));
        assert_eq!((found.length_bits, found.curve), (Some(256), Some(RecommendedCurve::CURVE25519)));
    }
    let spki = material(&unhex(ED25519_SPKI));
    let v2 = material(&unhex(ED25519_V2));
    let public = crate::formats::public_from_private(KeyFormatType::PKCS_8, &v2, KeyFormatType::X_509, None);
    assert_eq!(public, Ok(spki.clone()));
    let raw = converted(ObjectType::PublicKey, KeyFormatType::X_509, &spki, KeyFormatType::Raw, algorithm);
    assert_eq!(exposed(&raw), &unhex(ED25519_SPKI)[12..]);
}

#[test]
fn octet_keys_of_another_length_are_malformed() {
    let mut short = unhex(ED25519_V1);
    short.truncate(short.len() - 1);
    for offset in [1, 13, 15] {
        short[offset] -= 1;
    }
    let refused = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &material(&short), None);
    assert!(is_malformed(refused), "{refused:?}");
    let raw = material(&[0; 31]);
    let algorithm = Some(CryptographicAlgorithm::Ed25519);
    assert!(is_malformed(convert(ObjectType::PublicKey, KeyFormatType::Raw, &raw, KeyFormatType::X_509, algorithm)));
}

#[test]
fn x25519_is_for_key_agreement() {
    let mut spki = unhex(ED25519_SPKI);
    spki[8] = 0x6E;
    let found = inspect_material(ObjectType::PublicKey, KeyFormatType::X_509, &material(&spki), None).expect("a key");
    assert_eq!(found.algorithm, Some(CryptographicAlgorithm::ECDH));
    assert_eq!(found.curve, Some(RecommendedCurve::CURVE25519));
}

#[test]
fn ec_private_key_by_hand() {
    // version 1, 32 octets, [0] prime256v1, no public key (RFC 5915 §3).
    let d = [0x11; 32];
    let der = [&unhex("303102010104 20")[..], &d, &unhex("a00a06082a8648ce3d030107")].concat();
    let transparent = converted(
        ObjectType::PrivateKey,
        KeyFormatType::ECPrivateKey,
        &material(&der),
        KeyFormatType::TransparentECPrivateKey,
        CryptographicAlgorithm::EC,
    );
    let back = converted(
        ObjectType::PrivateKey,
        KeyFormatType::TransparentECPrivateKey,
        &transparent,
        KeyFormatType::ECPrivateKey,
        CryptographicAlgorithm::EC,
    );
    assert_eq!(exposed(&back), der);
    let pkcs8 = converted(
        ObjectType::PrivateKey,
        KeyFormatType::ECPrivateKey,
        &material(&der),
        KeyFormatType::PKCS_8,
        CryptographicAlgorithm::EC,
    );
    let expected = [&unhex("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420")[..], &d].concat();
    assert_eq!(exposed(&pkcs8), expected);
}

#[test]
fn keys_without_a_curve_or_with_two_are_malformed() {
    let d = [0x11; 32];
    let none = [&unhex("30250201010420")[..], &d].concat();
    let refused = inspect_material(ObjectType::PrivateKey, KeyFormatType::ECPrivateKey, &material(&none), None);
    assert!(is_malformed(refused), "{refused:?}");
    let inner = [&unhex("30310201010420")[..], &d, &unhex("a00a06082a8648ce3d030101")].concat();
    let two = [&unhex("304d020100301306072a8648ce3d020106082a8648ce3d0301070433")[..], &inner].concat();
    let refused = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &material(&two), None);
    assert!(is_malformed(refused), "{refused:?}");
}

#[test]
fn unknown_algorithms_and_curves_are_kept() {
    let unknown_algorithm =
        unhex("302a300506032b657a03210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
    let unknown_curve = [&unhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")[..], &[9; 64]].concat();
    for spki in [unknown_algorithm, unknown_curve] {
        let spki = material(&spki);
        let found = inspect_material(ObjectType::PublicKey, KeyFormatType::X_509, &spki, None);
        assert_eq!(found, Ok(Default::default()));
        let to = KeyFormatType::TransparentECPublicKey;
        assert!(is_not_supported(convert(ObjectType::PublicKey, KeyFormatType::X_509, &spki, to, None)));
    }
}

#[test]
fn encrypted_pkcs8_is_kept() {
    // EncryptedPrivateKeyInfo with PBES2, shortened: algorithm, then octets.
    let encrypted = material(&unhex("3015300b06092a864886f70d01050d040600010203 0405"));
    let found = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &encrypted, None);
    assert_eq!(found, Ok(Default::default()));
    let to = KeyFormatType::PKCS_1;
    assert!(is_not_supported(convert(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &encrypted, to, None)));
    let same = convert(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &encrypted, KeyFormatType::PKCS_8, None);
    assert_eq!(same, Ok(encrypted));
}

#[test]
fn points_have_the_form_of_their_curve() {
    let spki = |point: &[u8]| {
        let bits = [&[0x03, point.len() as u8 + 1, 0][..], point].concat();
        let inner = [&unhex("301306072a8648ce3d020106082a8648ce3d030107")[..], &bits].concat();
        material(&[&[0x30, inner.len() as u8][..], &inner].concat())
    };
    let point = |first: u8, length: usize| [vec![first], vec![7; length]].concat();
    for (first, length, good) in [(4, 64, true), (2, 32, true), (3, 32, true), (6, 64, true), (4, 32, false)]
        .into_iter()
        .chain([(2, 64, false), (0, 0, false), (5, 64, false), (4, 65, false)])
    {
        let spki = spki(&point(first, length));
        let to = KeyFormatType::TransparentECPublicKey;
        let made = convert(ObjectType::PublicKey, KeyFormatType::X_509, &spki, to, None);
        assert_eq!(made.is_ok(), good, "{first} {length}: {made:?}");
        if let Ok(made) = made {
            let back = converted(ObjectType::PublicKey, to, &made, KeyFormatType::X_509, CryptographicAlgorithm::EC);
            assert_eq!(back, spki);
        }
    }
}
