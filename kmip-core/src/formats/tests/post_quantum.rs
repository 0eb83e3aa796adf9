//! Keys of ML-KEM, ML-DSA and SLH-DSA: every form of a private key, and what aws-lc-rs makes and reads.

use super::*;
use crate::formats::{inspect_material, public_from_private};
use crate::ports::post_quantum::{PostQuantum, ROWS};

/// Octets that are no key, but as long as one.
fn octets(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at % 251).expect("below 251")).collect()
}

fn pkcs8_of(raw: &[u8], algorithm: CryptographicAlgorithm) -> KeyMaterial {
    converted(ObjectType::PrivateKey, KeyFormatType::Raw, &material(raw), KeyFormatType::PKCS_8, algorithm)
}

fn raw_of(pkcs8: &KeyMaterial) -> KeyMaterial {
    convert(ObjectType::PrivateKey, KeyFormatType::PKCS_8, pkcs8, KeyFormatType::Raw, None).expect("a key")
}

#[test]
fn every_form_goes_there_and_back_and_tells_what_it_is() {
    for row in ROWS {
        let mut forms = vec![octets(row.expanded)];
        if !matches!(row.set, PostQuantum::SlhDsa(_)) {
            forms.push(octets(row.seed));
        }
        for form in forms {
            let pkcs8 = pkcs8_of(&form, row.algorithm);
            assert_eq!(exposed(&raw_of(&pkcs8)), form, "{:?}", row.set);
            let found = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &pkcs8, None).expect("a key");
            assert_eq!((found.algorithm, found.length_bits), (Some(row.algorithm), Some(row.set.bits())));
        }
        let public = material(&octets(row.public));
        let spki = converted(ObjectType::PublicKey, KeyFormatType::Raw, &public, KeyFormatType::X_509, row.algorithm);
        let back = convert(ObjectType::PublicKey, KeyFormatType::X_509, &spki, KeyFormatType::Raw, None);
        assert_eq!(back, Ok(public), "{:?}", row.set);
        let found = inspect_material(ObjectType::PublicKey, KeyFormatType::X_509, &spki, None).expect("a key");
        assert_eq!(found.algorithm, Some(row.algorithm));
        assert_eq!(found.check(Some(row.algorithm), Some(1)), Ok(()), "no text says what the length is");
        assert!(is_malformed(found.check(Some(CryptographicAlgorithm::RSA), None)));
    }
}

/// RFC 9935 appendix C.1: the seed form of an ML-KEM-512 key, with the octets 0 to 63.
#[test]
fn the_seed_form_is_that_of_the_rfc() {
    let seed: Vec<u8> = (0..64).collect();
    let expected = [&unhex("3054020100300b06096086480165030404010442 8040")[..], &seed].concat();
    let algorithm = CryptographicAlgorithm::ML_KEM_512;
    assert_eq!(exposed(&pkcs8_of(&seed, algorithm)), expected);
    let transparent = KeyFormatType::TransparentECPrivateKey;
    let refused =
        convert(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &material(&expected), transparent, Some(algorithm));
    assert!(is_not_supported(refused));
}

#[test]
fn ml_dsa_of_aws_lc() {
    let sets = [
        (&ML_DSA_44_SIGNING, CryptographicAlgorithm::ML_DSA_44),
        (&ML_DSA_65_SIGNING, CryptographicAlgorithm::ML_DSA_65),
        (&ML_DSA_87_SIGNING, CryptographicAlgorithm::ML_DSA_87),
    ];
    for (signing, algorithm) in sets {
        let pair = PqdsaKeyPair::generate(signing).expect("a key");
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().expect("X.509");
        let raw = material(pair.public_key().as_ref());
        let spki = converted(ObjectType::PublicKey, KeyFormatType::Raw, &raw, KeyFormatType::X_509, algorithm);
        assert_eq!(exposed(&spki), public.as_ref(), "{algorithm}");

        let theirs = material(pair.to_pkcs8v1().expect("PKCS#8").as_ref());
        let seed = raw_of(&theirs);
        assert_eq!(pkcs8_of(exposed(&seed), algorithm), theirs, "{algorithm}: the seed");
        let secret = pair.private_key();
        let expanded: aws_lc_rs::encoding::PqdsaPrivateKeyRaw<'_> = secret.as_raw_bytes().expect("expanded");
        let expanded_pkcs8 = pkcs8_of(expanded.as_ref(), algorithm);
        let both = both_forms(exposed(&theirs), exposed(&seed), expanded.as_ref());
        for ours in [exposed(&expanded_pkcs8), &both] {
            let read = PqdsaKeyPair::from_pkcs8(signing, ours).expect("aws-lc-rs reads it");
            assert_eq!(read.public_key().as_ref(), pair.public_key().as_ref(), "{algorithm}");
        }
        let both = material(&both);
        assert_eq!(raw_of(&both), seed, "{algorithm}: a seed before an expanded key");
        assert_eq!(
            inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &both, None).map(|f| f.algorithm),
            Ok(Some(algorithm))
        );
        assert!(is_not_supported(public_from_private(KeyFormatType::PKCS_8, &theirs, KeyFormatType::X_509, None)));
    }
}

/// PKCS#8 with the seed and the expanded key; the algorithm is that of another PKCS#8.
fn both_forms(of: &[u8], seed: &[u8], expanded: &[u8]) -> Vec<u8> {
    let info = asn1_algorithm(of);
    let inner = sequence(&[octet_string(seed), octet_string(expanded)].concat());
    sequence(&[&[2, 1, 0][..], &info, &octet_string(&inner)].concat())
}

/// The algorithm of a short PKCS#8: its third element.
fn asn1_algorithm(pkcs8: &[u8]) -> Vec<u8> {
    pkcs8[5..5 + 2 + usize::from(pkcs8[6])].to_vec()
}

fn octet_string(content: &[u8]) -> Vec<u8> {
    tagged(4, content)
}

fn sequence(content: &[u8]) -> Vec<u8> {
    tagged(0x30, content)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).expect("below 65,536");
    let length = match length {
        0..128 => vec![length.to_be_bytes()[1]],
        128..256 => vec![0x81, length.to_be_bytes()[1]],
        _ => [&[0x82][..], &length.to_be_bytes()].concat(),
    };
    [&[tag][..], &length, content].concat()
}

/// The expanded forms of ML-KEM and SLH-DSA hold the public key.
#[test]
fn public_keys_within_private_ones() {
    use aws_lc_rs::kem::{DecapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024};
    let sets = [
        (&ML_KEM_512, CryptographicAlgorithm::ML_KEM_512),
        (&ML_KEM_768, CryptographicAlgorithm::ML_KEM_768),
        (&ML_KEM_1024, CryptographicAlgorithm::ML_KEM_1024),
    ];
    for (set, algorithm) in sets {
        let key = DecapsulationKey::generate(set).expect("a key");
        let private = material(key.key_bytes().expect("octets").as_ref());
        let expected = key.encapsulation_key().expect("a key").key_bytes().expect("octets").as_ref().to_vec();
        let public = public_from_private(KeyFormatType::Raw, &private, KeyFormatType::Raw, Some(algorithm));
        assert_eq!(public, Ok(material(&expected)), "{algorithm}");
    }
    let slh_dsa = octets(96);
    let algorithm = Some(CryptographicAlgorithm::SLH_DSA_SHAKE_192s);
    let public = public_from_private(KeyFormatType::Raw, &material(&slh_dsa), KeyFormatType::Raw, algorithm);
    assert_eq!(public, Ok(material(&slh_dsa[48..])));
}

#[test]
fn other_lengths_and_choices_are_malformed() {
    let algorithm = unhex("300b0609608648016503040401");
    let info = |inner: &[u8]| sequence(&[&[2, 1, 0][..], &algorithm, &octet_string(inner)].concat());
    let (seed, expanded) = (octets(64), octets(1632));
    let forms = [
        tagged(0x80, &seed[1..]),
        tagged(0x80, &expanded),
        octet_string(&seed),
        octet_string(&expanded[1..]),
        tagged(0xA0, &octet_string(&seed)),
        tagged(0x81, &seed),
        sequence(&octet_string(&seed)),
        sequence(&[octet_string(&expanded), octet_string(&seed)].concat()),
        sequence(&[octet_string(&seed), octet_string(&expanded), vec![5, 0]].concat()),
        [tagged(0x80, &seed), vec![0]].concat(),
        Vec::new(),
    ];
    for form in forms {
        let pkcs8 = material(&info(&form));
        let found = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &pkcs8, None);
        assert!(is_malformed(found), "{found:?}: {} bytes", form.len());
    }
    for row in ROWS {
        for length in [0, row.public - 1, row.public + 1] {
            let found = inspect_material(
                ObjectType::PublicKey,
                KeyFormatType::Raw,
                &material(&octets(length)),
                Some(row.algorithm),
            );
            assert!(is_malformed(found), "{:?} {length}", row.set);
        }
        for length in [0, row.seed + 1, row.expanded + 1] {
            let found = inspect_material(
                ObjectType::PrivateKey,
                KeyFormatType::Raw,
                &material(&octets(length)),
                Some(row.algorithm),
            );
            assert!(is_malformed(found), "{:?} {length}", row.set);
        }
    }
}
