//! Agreement with the `openssl` command, where there is one: curves, RSA without numbers, DSA, Diffie-Hellman, EC.

use super::*;
use crate::formats::curves::CURVES;
use crate::formats::{inspect_material, public_from_private};
use kmip_codec::object::TransparentKey;
use kmip_codec::object::key_material::*;
use std::io::Write;
use std::process::{Command, Stdio};

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

/// Whether there is an openssl; else one line says so.
fn is_missing(what: &str) -> bool {
    let missing = openssl(&["version"], &[]).is_none();
    if missing {
        println!("SKIP {what}: no openssl command");
    }
    missing
}

/// A new key in PKCS#8.
fn generate(options: &[&str]) -> Option<Vec<u8>> {
    let made = openssl(&[&["genpkey"], options].concat(), &[])?;
    openssl(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], &made)
}

fn public_of(pkcs8: &[u8]) -> Vec<u8> {
    openssl(&["pkey", "-inform", "DER", "-pubout", "-outform", "DER"], pkcs8).expect("a public key")
}

fn private(from: KeyFormatType, key: &KeyMaterial, to: KeyFormatType) -> KeyMaterial {
    convert(ObjectType::PrivateKey, from, key, to, None).unwrap_or_else(|error| panic!("{from:?} -> {to:?}: {error}"))
}

#[test]
fn rsa_without_its_numbers() {
    if is_missing("RSA of openssl") {
        return;
    }
    for (bits, exponent) in [("1024", "3"), ("2048", "65537"), ("1026", "17"), ("3072", "65537")] {
        let (bits, exponent) = (format!("rsa_keygen_bits:{bits}"), format!("rsa_keygen_pubexp:{exponent}"));
        let pkcs8 = generate(&["-algorithm", "RSA", "-pkeyopt", &bits, "-pkeyopt", &exponent]).expect("a key");
        let registered = material(&pkcs8);
        let pkcs1 = private(KeyFormatType::PKCS_8, &registered, KeyFormatType::PKCS_1);
        let traditional = openssl(&["pkey", "-inform", "DER", "-traditional", "-outform", "DER"], &pkcs8);
        assert_eq!(exposed(&pkcs1), traditional.expect("PKCS#1"));
        let format = KeyFormatType::TransparentRSAPrivateKey;
        let KeyMaterial::Transparent(key) = private(KeyFormatType::PKCS_8, &registered, format) else { panic!() };
        let TransparentKey::RsaPrivate(key) = *key else { panic!("another key") };
        for (public_exponent, exponent_p) in
            [(key.public_exponent.clone(), None), (None, None), (None, key.prime_exponent_p.clone())]
        {
            let bare = TransparentRsaPrivateKey {
                modulus: key.modulus.clone(),
                private_exponent: key.private_exponent.clone().filter(|_| exponent_p.is_none()),
                public_exponent,
                p: None,
                q: None,
                prime_exponent_p: exponent_p,
                prime_exponent_q: None,
                crt_coefficient: None,
            };
            let bare = KeyMaterial::Transparent(Box::new(TransparentKey::RsaPrivate(bare)));
            let made = private(format, &bare, KeyFormatType::PKCS_8);
            let check = openssl(&["pkey", "-inform", "DER", "-check", "-noout"], exposed(&made));
            assert!(check.is_some(), "openssl accepts the computed numbers");
            assert_eq!(public_of(exposed(&made)), public_of(&pkcs8));
            let public = public_from_private(format, &bare, KeyFormatType::X_509, None).expect("a public key");
            assert_eq!(exposed(&public), public_of(&pkcs8));
        }
    }
}

#[test]
fn every_curve_of_openssl() {
    if is_missing("curves of openssl") {
        return;
    }
    let list = openssl(&["ecparam", "-list_curves"], &[]).expect("a list");
    let list = String::from_utf8_lossy(&list);
    let mut tried = 0;
    for name in list.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim()) {
        let option = format!("ec_paramgen_curve:{name}");
        let options = ["-algorithm", "EC", "-pkeyopt", &option, "-pkeyopt", "ec_param_enc:named_curve"];
        let Some(pkcs8) = generate(&options) else { continue };
        let registered = material(&pkcs8);
        let found = inspect_material(ObjectType::PrivateKey, KeyFormatType::PKCS_8, &registered, None);
        let Some(curve) = found.expect("well formed").curve else { continue };
        let row = CURVES.iter().find(|row| row.name == curve).expect("a row");
        tried += 1;

        let sec1 = private(KeyFormatType::PKCS_8, &registered, KeyFormatType::ECPrivateKey);
        let traditional = openssl(&["pkey", "-inform", "DER", "-traditional", "-outform", "DER"], &pkcs8);
        assert_eq!(exposed(&sec1), traditional.expect("ECPrivateKey"), "{name}");
        let public = public_from_private(KeyFormatType::PKCS_8, &registered, KeyFormatType::X_509, None);
        assert_eq!(exposed(&public.expect("a public key")), public_of(&pkcs8), "{name}");
        let transparent = private(KeyFormatType::PKCS_8, &registered, KeyFormatType::TransparentECPrivateKey);
        let made = private(KeyFormatType::TransparentECPrivateKey, &transparent, KeyFormatType::PKCS_8);
        assert_eq!(public_of(exposed(&made)), public_of(&pkcs8), "{name} without its point");
        assert_eq!(bits_of(&public_of(&pkcs8)), row.order_bits, "{name}");
    }
    assert!(tried >= 3, "{tried} curves");
    println!("{tried} of {} curves", CURVES.len());
}

/// What openssl calls the length of an EC key: bits of the order.
fn bits_of(spki: &[u8]) -> u16 {
    let text = openssl(&["pkey", "-pubin", "-inform", "DER", "-text", "-noout"], spki).expect("a text");
    let text = String::from_utf8_lossy(&text).into_owned();
    let bits = text.split('(').nth(1).and_then(|rest| rest.split(' ').next()).expect("a length");
    bits.parse().expect("a number")
}

#[test]
fn discrete_logarithm_keys() {
    if is_missing("DSA and DH of openssl") {
        return;
    }
    let folder = std::env::temp_dir().join(format!("kmip-formats-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("parameters.pem");
    let path = file.to_str().expect("a path");
    let dsa = ["-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024"];
    let dh = ["-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048"];
    let x942 = ["-genparam", "-algorithm", "DHX", "-pkeyopt", "dh_rfc5114:2"];
    for (parameters, transparent, public, algorithm, bits) in [
        (
            &dsa[..],
            KeyFormatType::TransparentDSAPrivateKey,
            KeyFormatType::TransparentDSAPublicKey,
            CryptographicAlgorithm::DSA,
            1024,
        ),
        (
            &dh,
            KeyFormatType::TransparentDHPrivateKey,
            KeyFormatType::TransparentDHPublicKey,
            CryptographicAlgorithm::DH,
            2048,
        ),
        (
            &x942,
            KeyFormatType::TransparentDHPrivateKey,
            KeyFormatType::TransparentDHPublicKey,
            CryptographicAlgorithm::DH,
            2048,
        ),
    ] {
        let made = openssl(&[&["genpkey"], parameters].concat(), &[]).expect("parameters");
        std::fs::write(&file, made).expect("a file");
        let pkcs8 = generate(&["-paramfile", path]).expect("a key");
        let (registered, spki) = (material(&pkcs8), public_of(&pkcs8));
        let numbers = private(KeyFormatType::PKCS_8, &registered, transparent);
        let found = inspect_material(ObjectType::PrivateKey, transparent, &numbers, None).expect("a key");
        assert_eq!((found.algorithm, found.length_bits), (Some(algorithm), Some(bits)));
        let back = private(transparent, &numbers, KeyFormatType::PKCS_8);
        assert_eq!(public_of(exposed(&back)), spki, "{parameters:?}");
        let made = public_from_private(transparent, &numbers, KeyFormatType::X_509, None).expect("g^x");
        let (made, expected) = (
            converted(ObjectType::PublicKey, KeyFormatType::X_509, &made, public, algorithm),
            converted(ObjectType::PublicKey, KeyFormatType::X_509, &material(&spki), public, algorithm),
        );
        assert_eq!(made, expected, "{parameters:?}");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}
