//! The attributes of an X.509 certificate (KMIP 2.1 §4.6 to §4.8, §4.22, §4.61 to §4.63; KMIP 1.4 §3.13 to §3.15).
//!
//! Names and the serial number are the bytes of the certificate, not a new encoding of what was understood.

use super::alternative_names::{self, AlternativeName};
use super::asn1;
use super::distinguished_name::{DistinguishedName, Role, elements};
use super::inspect::{Inspected, inspect_key};
use super::key::Key;
use super::{FormatError, Result};
use der::asn1::{AnyRef, BitStringRef, IntRef, ObjectIdentifier, OctetStringRef};
use der::{Encode, Sequence, Tag};
use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::*;
use kmip_codec::inline::Text;
use kmip_codec::registry::{CertificateType, DigitalSignatureAlgorithm};
use kmip_codec::value::ByteString;
use spki::AlgorithmIdentifierRef;

/// `Certificate`.
#[derive(Sequence)]
pub(crate) struct Certificate<'a> {
    pub to_be_signed: ToBeSigned<'a>,
    pub signature_algorithm: AlgorithmIdentifierRef<'a>,
    pub signature: BitStringRef<'a>,
}

/// `TBSCertificate`.
#[derive(Sequence)]
pub(crate) struct ToBeSigned<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub version: Option<u8>,
    pub serial_number: IntRef<'a>,
    pub signature: AlgorithmIdentifierRef<'a>,
    pub issuer: AnyRef<'a>,
    pub validity: Validity<'a>,
    pub subject: AnyRef<'a>,
    pub subject_public_key_info: AnyRef<'a>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub issuer_unique_id: Option<BitStringRef<'a>>,
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    pub subject_unique_id: Option<BitStringRef<'a>>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    pub extensions: Option<AnyRef<'a>>,
}

/// `Validity`, whose times are not read here.
#[derive(Sequence)]
pub(crate) struct Validity<'a> {
    pub not_before: AnyRef<'a>,
    pub not_after: AnyRef<'a>,
}

/// `Extension`.
#[derive(Sequence)]
pub(crate) struct Extension<'a> {
    pub id: ObjectIdentifier,
    #[asn1(default = "Default::default")]
    pub critical: bool,
    pub value: &'a OctetStringRef,
}

const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const ISSUER_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.18");

const MALFORMED: FormatError = FormatError::Malformed("the Certificate Value is not an X.509 certificate");

/// All attributes that the server takes from an X.509 certificate, deprecated ones included, for every version.
///
/// Digital Signature Algorithm, Cryptographic Algorithm and Cryptographic Length are missing where the registries of
/// KMIP have no value for them.
pub fn attributes(der: &[u8]) -> Result<Vec<Attribute>> {
    let certificate: Certificate<'_> = asn1::decode(der, "the Certificate Value is not an X.509 certificate")?;
    let to_be_signed = &certificate.to_be_signed;
    let issuer = DistinguishedName::new(to_be_signed.issuer)?;
    let subject = DistinguishedName::new(to_be_signed.subject)?;
    let (issuer_alternatives, subject_alternatives) = alternatives(to_be_signed)?;

    let length = i32::try_from(der.len()).map_err(|_| MALFORMED)?;
    let mut attributes = vec![
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::CertificateLength(length),
        x509_identifier(&issuer, to_be_signed.serial_number)?,
        x509_issuer(&issuer, &issuer_alternatives),
        x509_subject(&subject, &subject_alternatives),
        deprecated_identifier(&issuer, to_be_signed.serial_number),
        deprecated_issuer(&issuer, &issuer_alternatives),
        deprecated_subject(&subject, &subject_alternatives),
    ];
    attributes.extend(subject.attributes(Role::Subject));
    attributes.extend(issuer.attributes(Role::Issuer));
    // The whole names, as texts, which 3.0 has.
    let whole = [
        (&subject, Attribute::CertificateSubjectDN as fn(Text) -> Attribute),
        (&issuer, Attribute::CertificateIssuerDN),
    ];
    attributes
        .extend(whole.into_iter().filter(|(name, _)| !name.der().is_empty()).map(|(name, make)| make(text_of(name))));
    let signature = signature_algorithm(certificate.signature_algorithm.oid);
    attributes.extend(signature.map(Attribute::DigitalSignatureAlgorithm));
    let key = key_of(to_be_signed)?;
    attributes.extend(key.algorithm.map(Attribute::CryptographicAlgorithm));
    attributes.extend(key.length_bits.map(Attribute::CryptographicLength));
    Ok(attributes)
}

/// What the certified key tells.
pub(super) fn certified_key(der: &[u8]) -> Result<Inspected> {
    let certificate: Certificate<'_> = asn1::decode(der, "the Certificate Value is not an X.509 certificate")?;
    key_of(&certificate.to_be_signed)
}

/// The certified public key: `SubjectPublicKeyInfo` (DER, RFC 5280 §4.1).
pub fn public_key(der: &[u8]) -> Result<Vec<u8>> {
    let certificate: Certificate<'_> = asn1::decode(der, "the Certificate Value is not an X.509 certificate")?;
    asn1::encode(&certificate.to_be_signed.subject_public_key_info)
}

fn key_of(to_be_signed: &ToBeSigned<'_>) -> Result<Inspected> {
    let spki = asn1::encode(&to_be_signed.subject_public_key_info)?;
    match Key::read_spki(&spki) {
        Ok(key) => inspect_key(&key),
        Err(FormatError::NotSupported(_)) => Ok(Inspected::default()),
        Err(FormatError::Malformed(_)) => Err(FormatError::Malformed("the key of the certificate is not well formed")),
    }
}

/// Alternative names of issuer and subject.
type Alternatives<'a> = (Vec<AlternativeName<'a>>, Vec<AlternativeName<'a>>);

fn alternatives<'a>(to_be_signed: &ToBeSigned<'a>) -> Result<Alternatives<'a>> {
    let extensions: Vec<Extension<'a>> = match to_be_signed.extensions {
        Some(extensions) => elements(extensions, Tag::Sequence).map_err(|_| MALFORMED)?,
        None => Vec::new(),
    };
    let of = |id: ObjectIdentifier| {
        let extension = extensions.iter().find(|extension| extension.id == id);
        extension.map(|extension| alternative_names::read(extension.value.as_bytes())).transpose()
    };
    let (issuer, subject) = (of(ISSUER_ALTERNATIVE_NAME)?, of(SUBJECT_ALTERNATIVE_NAME)?);
    Ok((issuer.unwrap_or_default(), subject.unwrap_or_default()))
}

fn bytes_of(names: &[AlternativeName<'_>]) -> Vec<ByteString> {
    names.iter().map(|name| ByteString::new(&name.der())).collect()
}

fn texts_of(names: &[AlternativeName<'_>]) -> Vec<Text> {
    names.iter().filter_map(AlternativeName::text).map(|text| Text::new(&text)).collect()
}

fn text_of(name: &DistinguishedName<'_>) -> Text {
    Text::new(&name.to_string())
}

/// The serial number is the whole `INTEGER`, tag and length included, as the published test cases have it.
fn x509_identifier(issuer: &DistinguishedName<'_>, serial_number: IntRef<'_>) -> Result<Attribute> {
    let serial_number = serial_number.to_der().map_err(|_| MALFORMED)?;
    Ok(Attribute::X509CertificateIdentifier(Box::new(X509CertificateIdentifier {
        issuer_distinguished_name: ByteString::new(issuer.der()),
        certificate_serial_number: ByteString::new(&serial_number),
    })))
}

fn x509_issuer(issuer: &DistinguishedName<'_>, alternatives: &[AlternativeName<'_>]) -> Attribute {
    Attribute::X509CertificateIssuer(Box::new(X509CertificateIssuer {
        issuer_distinguished_name: ByteString::new(issuer.der()),
        issuer_alternative_name: bytes_of(alternatives),
    }))
}

fn x509_subject(subject: &DistinguishedName<'_>, alternatives: &[AlternativeName<'_>]) -> Attribute {
    Attribute::X509CertificateSubject(Box::new(X509CertificateSubject {
        subject_distinguished_name: Some(ByteString::new(subject.der())),
        subject_alternative_name: bytes_of(alternatives),
    }))
}

/// Here the serial number is a text: its digits in hexadecimal, as the published test cases have it.
fn deprecated_identifier(issuer: &DistinguishedName<'_>, serial_number: IntRef<'_>) -> Attribute {
    let digits = serial_number.as_bytes();
    let digits = match digits {
        [0, rest @ ..] if !rest.is_empty() => rest,
        digits => digits,
    };
    let serial: String = digits.iter().map(|byte| format!("{byte:02X}")).collect();
    Attribute::CertificateIdentifier(Box::new(CertificateIdentifier {
        issuer: text_of(issuer),
        serial_number: Some(Text::new(&serial)),
    }))
}

fn deprecated_issuer(issuer: &DistinguishedName<'_>, alternatives: &[AlternativeName<'_>]) -> Attribute {
    Attribute::CertificateIssuer(Box::new(CertificateIssuer {
        certificate_issuer_distinguished_name: text_of(issuer),
        certificate_issuer_alternative_name: texts_of(alternatives),
    }))
}

fn deprecated_subject(subject: &DistinguishedName<'_>, alternatives: &[AlternativeName<'_>]) -> Attribute {
    Attribute::CertificateSubject(Box::new(CertificateSubject {
        certificate_subject_distinguished_name: Some(text_of(subject)),
        certificate_subject_alternative_name: texts_of(alternatives),
    }))
}

macro_rules! signature_algorithms {
    ($($oid:literal $name:ident;)*) => {
        /// Digital Signature Algorithm of an object identifier (KMIP 2.1 §11.16); none for algorithms without a value.
        fn signature_algorithm(oid: ObjectIdentifier) -> Option<DigitalSignatureAlgorithm> {
            const ROWS: &[(ObjectIdentifier, DigitalSignatureAlgorithm)] =
                &[$((ObjectIdentifier::new_unwrap($oid), DigitalSignatureAlgorithm::$name)),*];
            ROWS.iter().find(|(row, _)| *row == oid).map(|(_, name)| *name)
        }
    };
}

signature_algorithms! {
    "1.2.840.113549.1.1.2"    MD2WithRSAEncryption;
    "1.2.840.113549.1.1.4"    MD5WithRSAEncryption;
    "1.2.840.113549.1.1.5"    SHA_1WithRSAEncryption;
    "1.3.14.3.2.29"           SHA_1WithRSAEncryption;
    "1.2.840.113549.1.1.14"   SHA_224WithRSAEncryption;
    "1.2.840.113549.1.1.11"   SHA_256WithRSAEncryption;
    "1.2.840.113549.1.1.12"   SHA_384WithRSAEncryption;
    "1.2.840.113549.1.1.13"   SHA_512WithRSAEncryption;
    "1.2.840.113549.1.1.10"   RSASSA_PSS;
    "1.2.840.10040.4.3"       DSAWithSHA_1;
    "2.16.840.1.101.3.4.3.1"  DSAWithSHA224;
    "2.16.840.1.101.3.4.3.2"  DSAWithSHA256;
    "1.2.840.10045.4.1"       ECDSAWithSHA_1;
    "1.2.840.10045.4.3.1"     ECDSAWithSHA224;
    "1.2.840.10045.4.3.2"     ECDSAWithSHA256;
    "1.2.840.10045.4.3.3"     ECDSAWithSHA384;
    "1.2.840.10045.4.3.4"     ECDSAWithSHA512;
    "2.16.840.1.101.3.4.3.14" SHA3_256WithRSAEncryption;
    "2.16.840.1.101.3.4.3.15" SHA3_384WithRSAEncryption;
    "2.16.840.1.101.3.4.3.16" SHA3_512WithRSAEncryption;
}
