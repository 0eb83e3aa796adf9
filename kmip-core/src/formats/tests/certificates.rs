//! Certificates made with the `openssl` command: odd names, alternative names, algorithms without a KMIP value.

use super::*;
use crate::formats::{certificate_attributes, inspect};
use kmip_codec::attribute::Attribute;
use kmip_codec::object::Certificate;
use kmip_codec::registry::{CertificateType, DigitalSignatureAlgorithm};
use kmip_codec::value::ByteString;
use std::process::{Command, Stdio};

/// A self-signed certificate; none without an openssl command.
fn certificate(key: &[&str], subject: &str, extensions: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-nodes", "-keyout", "/dev/null", "-outform", "DER", "-utf8", "-multivalue-rdn"]);
    command.args(key).args(["-subj", subject]);
    for extension in extensions {
        command.args(["-addext", extension]);
    }
    let Ok(output) = command.stdin(Stdio::null()).output() else {
        println!("SKIP certificates of openssl: no openssl command");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}

const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
const ED25519: &[&str] = &["-newkey", "ed25519"];

fn distinguished_name(attributes: &[Attribute]) -> String {
    attributes
        .iter()
        .find_map(|attribute| match attribute {
            Attribute::CertificateSubject(subject) => {
                subject.certificate_subject_distinguished_name.as_ref().map(|name| name.as_str().to_owned())
            }
            _ => None,
        })
        .expect("a subject")
}

fn texts(attributes: &[Attribute], select: fn(&Attribute) -> Option<&kmip_codec::inline::Text>) -> Vec<&str> {
    attributes.iter().filter_map(select).map(|text| text.as_str()).collect()
}

#[test]
fn every_part_of_a_name_is_an_attribute() {
    let subject = "/DC=org/DC=example/C=AU/ST=Queensland/L=Brisbane/O=Kmip/OU=One/OU=Two/title=Dr/serialNumber=7/dnQualifier=q\
        /UID=u1/emailAddress=a@example.org/CN=Grüße";
    let Some(der) = certificate(P256, subject, &[]) else { return };
    let attributes = certificate_attributes(&der).expect("a certificate");
    assert_eq!(
        distinguished_name(&attributes),
        "CN=Grüße,emailAddress=a@example.org,UID=u1,dnQualifier=q,serialNumber=7,title=Dr,OU=Two,OU=One,O=Kmip,L=Brisbane,\
         ST=Queensland,C=AU,DC=example,DC=org"
    );
    macro_rules! check {
        ($($subject:ident $issuer:ident $expected:expr;)*) => {$(
            let found = texts(&attributes, |a| match a { Attribute::$subject(text) => Some(text), _ => None });
            assert_eq!(found, $expected, stringify!($subject));
            let found = texts(&attributes, |a| match a { Attribute::$issuer(text) => Some(text), _ => None });
            assert_eq!(found, $expected, stringify!($issuer));
        )*};
    }
    check! {
        CertificateSubjectCN CertificateIssuerCN ["Grüße"];
        CertificateSubjectO CertificateIssuerO ["Kmip"];
        CertificateSubjectOU CertificateIssuerOU ["One", "Two"];
        CertificateSubjectEmail CertificateIssuerEmail ["a@example.org"];
        CertificateSubjectC CertificateIssuerC ["AU"];
        CertificateSubjectST CertificateIssuerST ["Queensland"];
        CertificateSubjectL CertificateIssuerL ["Brisbane"];
        CertificateSubjectUID CertificateIssuerUID ["u1"];
        CertificateSubjectSerialNumber CertificateIssuerSerialNumber ["7"];
        CertificateSubjectTitle CertificateIssuerTitle ["Dr"];
        CertificateSubjectDC CertificateIssuerDC ["org", "example"];
        CertificateSubjectDNQualifier CertificateIssuerDNQualifier ["q"];
    }
}

#[test]
fn names_are_escaped() {
    for (subject, expected) in [
        (r"/O=Sue\, Grabbit \+ Runn/CN=a\\b", r"CN=a\\b,O=Sue\, Grabbit \+ Runn"),
        ("/CN= leading and trailing ", r"CN=\ leading and trailing\ "),
        ("/CN=#hash;<\"quoted\">", r##"CN=\#hash\;\<\"quoted\"\>"##),
        ("/businessCategory=AB/CN=x", "CN=x,2.5.4.15=#0c024142"),
    ] {
        let Some(der) = certificate(P256, subject, &[]) else { return };
        let attributes = certificate_attributes(&der).expect("a certificate");
        assert_eq!(distinguished_name(&attributes), expected, "{subject}");
    }
    let Some(der) = certificate(P256, "/O=Kmip/CN=one+OU=two", &[]) else { return };
    let name = distinguished_name(&certificate_attributes(&der).expect("a certificate"));
    assert!(["CN=one+OU=two,O=Kmip", "OU=two+CN=one,O=Kmip"].contains(&name.as_str()), "{name}");
}

#[test]
fn alternative_names() {
    let names = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1,email:a@example.org,URI:https://example.org/,\
        otherName:1.2.3.4;UTF8:x,RID:1.2.3";
    let Some(der) = certificate(P256, "/", &[names]) else { return };
    let attributes = certificate_attributes(&der).expect("a certificate");
    let (mut bytes, mut text) = (None, None);
    for attribute in &attributes {
        match attribute {
            Attribute::X509CertificateSubject(subject) => bytes = Some(subject),
            Attribute::CertificateSubject(subject) => text = Some(subject),
            _ => {}
        }
    }
    let bytes = bytes.expect("a subject");
    assert_eq!(bytes.subject_distinguished_name.as_ref().map(ByteString::as_slice), Some(&[][..]), "an empty name");
    assert_eq!(bytes.subject_alternative_name.len(), 7);
    assert_eq!(bytes.subject_alternative_name.first(), Some(&ByteString::new(b"\x82\x09localhost")));
    assert_eq!(bytes.subject_alternative_name.get(1), Some(&ByteString::new(b"\x87\x04\x7f\x00\x00\x01")));
    let text = &text.expect("a subject").certificate_subject_alternative_name;
    let text: Vec<&str> = text.iter().map(|text| text.as_str()).collect();
    let expected = ["DNS:localhost", "IP:127.0.0.1", "IP:::1", "email:a@example.org", "URI:https://example.org/"];
    assert_eq!(text, expected);
}

#[test]
fn signature_algorithms_and_keys() {
    use DigitalSignatureAlgorithm as S;
    let rsa = ["-newkey", "rsa:2048"];
    let sha512 = ["-newkey", "rsa:2048", "-sha512"];
    let pss = ["-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss"];
    let p384 = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"];
    for (key, signature, algorithm, length) in [
        (&rsa[..], Some(S::SHA_256WithRSAEncryption), CryptographicAlgorithm::RSA, 2048),
        (&sha512, Some(S::SHA_512WithRSAEncryption), CryptographicAlgorithm::RSA, 2048),
        (&pss, Some(S::RSASSA_PSS), CryptographicAlgorithm::RSA, 2048),
        (P256, Some(S::ECDSAWithSHA256), CryptographicAlgorithm::EC, 256),
        (&p384, Some(S::ECDSAWithSHA384), CryptographicAlgorithm::EC, 384),
        (ED25519, None, CryptographicAlgorithm::Ed25519, 256),
    ] {
        let Some(der) = certificate(key, "/CN=x", &[]) else { return };
        let attributes = certificate_attributes(&der).expect("a certificate");
        let found = attributes.iter().find_map(|attribute| match attribute {
            Attribute::DigitalSignatureAlgorithm(found) => Some(*found),
            _ => None,
        });
        assert_eq!(found, signature, "{key:?}");
        assert!(attributes.contains(&Attribute::CryptographicAlgorithm(algorithm)), "{key:?}");
        assert!(attributes.contains(&Attribute::CryptographicLength(length)), "{key:?}");
        let certificate =
            Certificate { certificate_type: CertificateType::X_509, certificate_value: ByteString::new(&der) };
        let inspected = inspect(&ManagedObject::Certificate(Box::new(certificate))).expect("a certificate");
        assert_eq!((inspected.algorithm, inspected.length_bits), (Some(algorithm), Some(length)));
    }
}

#[test]
fn damaged_certificates_never_panic() {
    let Some(der) = certificate(P256, "/C=AU/O=Kmip/CN=x", &["subjectAltName=DNS:localhost,IP:127.0.0.1"]) else {
        return;
    };
    assert!(certificate_attributes(&der).is_ok());
    for length in 0..der.len() {
        assert!(certificate_attributes(&der[..length]).is_err(), "cut to {length}");
    }
    for at in 0..der.len() {
        for value in [0x00, 0x01, 0x02, 0x05, 0x0C, 0x1E, 0x30, 0x31, 0x7F, 0x80, 0x82, 0x84, 0xA0, 0xA3, 0xFF] {
            let mut damaged = der.clone();
            damaged[at] = value;
            let _ = certificate_attributes(&damaged);
        }
    }
    let trailing = [der, vec![0]].concat();
    assert!(is_malformed(certificate_attributes(&trailing)));
}
