//! The keys and certificates that the published test cases register: all of them read, and what they state agrees with
//! what they hold. (An answer of TC-ECC-3-10 shows an encrypted key that nobody registered, under ECPrivateKey.)

use super::*;
use crate::formats::{certificate_attributes, inspect};
use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::*;
use kmip_codec::inline::Text;
use kmip_codec::object::TransparentKey;
use kmip_codec::object::key_material::*;
use kmip_codec::registry::{CertificateType, DigitalSignatureAlgorithm, WireEnum};
use kmip_codec::value::{BigInteger, ByteString, SecretInteger};
use std::path::{Path, PathBuf};

/// The published test cases, or a line that says why they are skipped.
#[allow(clippy::disallowed_methods, reason = "a test may be told where its data is")]
fn cases() -> Vec<(PathBuf, String)> {
    let root = std::env::var_os("KMIP_REFERENCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
        |root| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(root),
    );
    let mut cases = Vec::new();
    for version in ["v1.0", "v1.4", "v2.1", "v3.0"] {
        let Ok(folder) = std::fs::read_dir(root.join("oasis").join(version)) else { continue };
        for entry in folder {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "xml") {
                let text = std::fs::read_to_string(&path).expect("a text");
                cases.push((path, text));
            }
        }
    }
    if cases.is_empty() {
        println!("SKIP keys of the published test cases: no folder {}; KMIP_REFERENCE names it", root.display());
    }
    cases
}

/// What stands between `<name>` and `</name>`, each time.
fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    text.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}

/// The value of the first item with this name.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let item = text.split(&format!("<{name} ")).nth(1)?.split('>').next()?;
    item.split("value=\"").nth(1)?.split('"').next()
}

fn registry<E: WireEnum>(text: &str, name: &str) -> Option<E> {
    value(text, name).map(|name| E::from_wire(E::TABLE.value_of(name).expect("a name of the registry")))
}

fn transparent(format: KeyFormatType, text: &str) -> Option<TransparentKey> {
    let public = |name| value(text, name).map(|hex| BigInteger::from_unsigned(&unhex(hex)));
    let secret = |name| value(text, name).map(|hex| SecretInteger::from_unsigned(&unhex(hex)));
    match format {
        KeyFormatType::TransparentSymmetricKey => {
            let key = Secret::copy_from(&unhex(value(text, "Key")?));
            Some(TransparentKey::Symmetric(TransparentSymmetricKey { key }))
        }
        KeyFormatType::TransparentRSAPublicKey => {
            let (modulus, public_exponent) = (public("Modulus")?, public("PublicExponent")?);
            Some(TransparentKey::RsaPublic(TransparentRsaPublicKey { modulus, public_exponent }))
        }
        KeyFormatType::TransparentDSAPrivateKey => {
            let (p, q, g, x) = (public("P")?, public("Q")?, public("G")?, secret("X")?);
            Some(TransparentKey::DsaPrivate(TransparentDsaPrivateKey { p, q, g, x }))
        }
        other => panic!("the test reads no {other:?}"),
    }
}

/// A key block of a test case; none if its material is a variable or wrapped.
fn key_block(text: &str) -> Option<KeyBlock> {
    if text.contains("<KeyWrappingData>") {
        return None;
    }
    let format = registry(text, "KeyFormatType").expect("a format");
    let material = match value(text, "KeyMaterial") {
        Some(hex) if hex.starts_with('$') => return None,
        Some(hex) => material(&unhex(hex)),
        None => KeyMaterial::Transparent(Box::new(transparent(format, elements(text, "KeyMaterial").first()?)?)),
    };
    let stated = registry(text, "CryptographicAlgorithm").zip(value(text, "CryptographicLength"));
    let stated = stated.map(|(algorithm, length)| (algorithm, length.parse().expect("a number")));
    Some(block(format, material, stated))
}

#[test]
fn keys_read_and_agree_with_what_they_state() {
    let mut kinds = std::collections::BTreeMap::new();
    for (path, text) in cases() {
        for (name, object_type) in [
            ("PrivateKey", ObjectType::PrivateKey),
            ("PublicKey", ObjectType::PublicKey),
            ("SymmetricKey", ObjectType::SymmetricKey),
        ] {
            let requests = elements(&text, "RequestMessage");
            for block in requests.into_iter().flat_map(|text| elements(text, name)).filter_map(key_block) {
                let (format, algorithm) = (block.key_format_type, block.cryptographic_algorithm);
                let length = block.cryptographic_length;
                let found = inspect(&object(object_type, block));
                let found = found.unwrap_or_else(|error| panic!("{}: {format:?} {error}", path.display()));
                assert_eq!(found.check(algorithm, length), Ok(()), "{}: {format:?} {found:?}", path.display());
                assert!(found.length_bits.is_some(), "{}: {format:?}", path.display());
                *kinds.entry((name, format!("{format:?}"))).or_insert(0) += 1;
            }
        }
    }
    println!("{kinds:?}");
    assert!(kinds.is_empty() || kinds.len() >= 9, "{kinds:?}");
}

#[test]
fn certificates_read() {
    let mut count = 0;
    let cases = cases();
    for (path, text) in &cases {
        for certificate in elements(text, "Certificate") {
            let Some(hex) = value(certificate, "CertificateValue").filter(|hex| !hex.starts_with('$')) else {
                continue;
            };
            let attributes = certificate_attributes(&unhex(hex));
            assert!(attributes.is_ok(), "{}: {attributes:?}", path.display());
            count += 1;
        }
    }
    assert!(cases.is_empty() || count > 0);
}

/// The certificate of a test case and what the server takes from it.
fn attributes_of(name: &str) -> Option<(String, Vec<Attribute>)> {
    let (_, text) = cases().into_iter().find(|(path, _)| path.ends_with(name))?;
    let der = unhex(value(elements(&text, "Certificate").first()?, "CertificateValue")?);
    let attributes = certificate_attributes(&der).expect("a certificate");
    Some((text, attributes))
}

#[test]
fn tc_certattr_1() {
    let Some((_, attributes)) = attributes_of("TC-CERTATTR-1-14.xml") else { return };
    let text = |text: &str| Text::new(text);
    let issuer_dn =
        unhex("3031310b300906035504061302415531123010060355040a13094b6d69702054657374310e300c06035504031305496e746572");
    let subject_dn =
        unhex("302e310b300906035504061302415531123010060355040a13094b6d69702054657374310b3009060355040313024545");
    let expected = [
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::CertificateLength(557),
        Attribute::X509CertificateIdentifier(Box::new(X509CertificateIdentifier {
            issuer_distinguished_name: ByteString::new(&issuer_dn),
            certificate_serial_number: ByteString::new(&unhex("02083132333435363738")),
        })),
        Attribute::X509CertificateIssuer(Box::new(X509CertificateIssuer {
            issuer_distinguished_name: ByteString::new(&issuer_dn),
            issuer_alternative_name: Vec::new(),
        })),
        Attribute::X509CertificateSubject(Box::new(X509CertificateSubject {
            subject_distinguished_name: Some(ByteString::new(&subject_dn)),
            subject_alternative_name: Vec::new(),
        })),
        Attribute::CertificateIdentifier(Box::new(CertificateIdentifier {
            issuer: text("CN=Inter,O=Kmip Test,C=AU"),
            serial_number: Some(text("3132333435363738")),
        })),
        Attribute::CertificateIssuer(Box::new(CertificateIssuer {
            certificate_issuer_distinguished_name: text("CN=Inter,O=Kmip Test,C=AU"),
            certificate_issuer_alternative_name: Vec::new(),
        })),
        Attribute::CertificateSubject(Box::new(CertificateSubject {
            certificate_subject_distinguished_name: Some(text("CN=EE,O=Kmip Test,C=AU")),
            certificate_subject_alternative_name: Vec::new(),
        })),
        Attribute::CertificateSubjectC(text("AU")),
        Attribute::CertificateSubjectO(text("Kmip Test")),
        Attribute::CertificateSubjectCN(text("EE")),
        Attribute::CertificateIssuerC(text("AU")),
        Attribute::CertificateIssuerO(text("Kmip Test")),
        Attribute::CertificateIssuerCN(text("Inter")),
        Attribute::CertificateSubjectDN(text("CN=EE,O=Kmip Test,C=AU")),
        Attribute::CertificateIssuerDN(text("CN=Inter,O=Kmip Test,C=AU")),
        Attribute::DigitalSignatureAlgorithm(DigitalSignatureAlgorithm::SHA_256WithRSAEncryption),
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::RSA),
        Attribute::CryptographicLength(1024),
    ];
    assert_eq!(attributes, expected);
}

#[test]
fn tc_ecc_3() {
    let Some((text, attributes)) = attributes_of("TC-ECC-3-10.xml") else { return };
    let serial = value(&text, "SerialNumber").expect("a serial number");
    let name = Text::new("CN=KMIP-EC-secp256r1,OU=OASIS,O=TEST,C=US");
    let identifier = CertificateIdentifier { issuer: name, serial_number: Some(Text::new(serial)) };
    assert!(attributes.contains(&Attribute::CertificateIdentifier(Box::new(identifier))), "{attributes:?}");
    let signature = DigitalSignatureAlgorithm::ECDSAWithSHA256;
    assert!(attributes.contains(&Attribute::DigitalSignatureAlgorithm(signature)));
    assert!(attributes.contains(&Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC)));
    assert!(attributes.contains(&Attribute::CryptographicLength(256)));
}

#[test]
fn bl_m_10() {
    let Some((_, attributes)) = attributes_of("BL-M-10-21.xml") else { return };
    assert!(attributes.contains(&Attribute::CertificateSubjectCN(Text::new("CN"))));
    assert!(attributes.contains(&Attribute::CertificateSubjectEmail(Text::new("Email"))));
    assert!(attributes.contains(&Attribute::CertificateLength(1043)));
}
