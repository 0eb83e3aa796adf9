//! Certification requests: PKCS#10 (RFC 2986) and CRMF (RFC 4211), with the proof that the requester has the private key.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, TagNumber, Tagged};
use kmip_codec::registry::CertificateRequestType;
use spki::AlgorithmIdentifierRef;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};

use super::Malformed;
use super::certificate::{BASIC_CONSTRAINTS, KEY_USAGE};
use super::signed::{Signed, Verification};
use crate::formats::{Extension, elements};
use crate::ports::crypto::CryptoError;
use crate::ports::vault::KeyVault;

pub(crate) const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
pub(crate) const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");

/// What a request asks for.
pub(crate) struct Request {
    /// The subject's `Name`.
    pub subject: Vec<u8>,
    /// `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    /// The value of the extension Subject Alternative Name.
    pub alternative_names: Option<Vec<u8>>,
    /// Key Usage.
    pub usage: Option<KeyUsage>,
    /// Extended Key Usage.
    pub extended_usage: Option<ExtendedKeyUsage>,
    /// Whether it asks for a certificate of an authority.
    pub authority: bool,
}

const PKCS10: Malformed = Malformed("the Certificate Request is not a PKCS#10 request in DER");
const CRMF: Malformed = Malformed("the Certificate Request is not one CRMF request in DER with subject and public key");
const CRMF_FORM: Malformed = Malformed("the Certificate Request is no CRMF request in DER");
const PEM: Malformed = Malformed("the Certificate Request is not a PKCS#10 request in PEM");
const NO_PROOF: Malformed = Malformed(
    "the Certificate Request is not signed by the private key of its public key, or not so that it can be verified",
);

/// Reads a request of a type and verifies its signature.
pub(crate) fn open(
    vault: &dyn KeyVault,
    kind: CertificateRequestType,
    value: &[u8],
) -> Result<Result<Request, Malformed>, CryptoError> {
    let opened = match kind {
        CertificateRequestType::PKCS_10 => pkcs10(value).map_err(|_| PKCS10),
        CertificateRequestType::CRMF => crmf(value).map_err(|_| CRMF),
        _ => return from_pem(vault, value),
    };
    let (request, signed) = match opened {
        Ok(opened) => opened,
        Err(error) => return Ok(Err(error)),
    };
    Ok(match signed.verify(vault, &request.public_key)? {
        Verification::Right => Ok(request),
        Verification::Wrong | Verification::Undecided => Err(NO_PROOF),
    })
}

fn from_pem(vault: &dyn KeyVault, value: &[u8]) -> Result<Result<Request, Malformed>, CryptoError> {
    match pem_contents(value) {
        Some(der) => open(vault, CertificateRequestType::PKCS_10, &der),
        None => Ok(Err(PEM)),
    }
}

/// The request in a text (RFC 7468 §7), with lines before it and blank ones after it (§5.2).
fn pem_contents(value: &[u8]) -> Option<Vec<u8>> {
    match crate::trust::decode_pem(value) {
        Ok(("CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST", der)) => Some(der),
        _ => None,
    }
}

/// Refuses what is no request of its type, whoever has signed it and whatever it asks for. What types of vendors hold is not
/// known.
pub(crate) fn check_form(kind: CertificateRequestType, value: &[u8]) -> Result<(), Malformed> {
    match kind {
        CertificateRequestType::PKCS_10 => pkcs10_form(value).map_err(|_| PKCS10),
        CertificateRequestType::CRMF => crmf_form(value).map_err(|_| CRMF_FORM),
        CertificateRequestType::PEM => {
            let der = pem_contents(value).ok_or(PEM)?;
            pkcs10_form(&der).map_err(|_| PEM)
        }
        _ => Ok(()),
    }
}

/// Version, subject and public key; old tools leave out the attributes, which are required (RFC 2986 §4.1).
fn pkcs10_form(der: &[u8]) -> der::Result<()> {
    let signed = Signed::open(der).map_err(|_| Tag::Sequence.value_error())?;
    let info = AnyRef::from_der(signed.part)?;
    info.tag().assert_eq(Tag::Sequence)?;
    let mut reader = SliceReader::new(info.value())?;
    for tag in [Tag::Integer, Tag::Sequence, Tag::Sequence] {
        reader.decode::<AnyRef<'_>>()?.tag().assert_eq(tag)?;
    }
    Ok(())
}

/// `CertReqMessages`: each has a number and a template, with any fields (RFC 4211 §3, §5).
fn crmf_form(der: &[u8]) -> der::Result<()> {
    let messages: Vec<AnyRef<'_>> = elements(AnyRef::from_der(der)?, Tag::Sequence)?;
    if messages.is_empty() {
        return Err(Tag::Sequence.value_error().into());
    }
    for message in messages {
        message.tag().assert_eq(Tag::Sequence)?;
        let request: AnyRef<'_> = SliceReader::new(message.value())?.decode()?;
        request.tag().assert_eq(Tag::Sequence)?;
        let mut reader = SliceReader::new(request.value())?;
        for tag in [Tag::Integer, Tag::Sequence] {
            reader.decode::<AnyRef<'_>>()?.tag().assert_eq(tag)?;
        }
    }
    Ok(())
}

/// `CertificationRequestInfo`.
#[derive(Sequence)]
struct Info<'a> {
    version: u8,
    subject: AnyRef<'a>,
    public_key: AnyRef<'a>,
    /// Implicitly tagged, and present even if empty.
    attributes: AnyRef<'a>,
}

/// `Attribute`.
#[derive(Sequence)]
struct Attribute<'a> {
    id: ObjectIdentifier,
    values: AnyRef<'a>,
}

fn pkcs10(der: &[u8]) -> der::Result<(Request, Signed<'_>)> {
    let signed = Signed::open(der).map_err(|_| Tag::Sequence.value_error())?;
    let info = Info::from_der(signed.part)?;
    let mut reader = SliceReader::new(info.attributes.value())?;
    let mut extensions = Vec::new();
    while !reader.is_finished() {
        let attribute: Attribute<'_> = reader.decode()?;
        if attribute.id == EXTENSION_REQUEST {
            for value in elements::<AnyRef<'_>>(attribute.values, Tag::Set)? {
                extensions.extend(elements::<Extension<'_>>(value, Tag::Sequence)?);
            }
        }
    }
    Ok((request(info.subject.to_der()?, info.public_key.to_der()?, &extensions)?, signed))
}

fn request(subject: Vec<u8>, public_key: Vec<u8>, extensions: &[Extension<'_>]) -> der::Result<Request> {
    let value = |id| extensions.iter().find(|extension| extension.id == id).map(|extension| extension.value.as_bytes());
    let usage = value(KEY_USAGE).map(KeyUsage::from_der).transpose()?;
    let constraints = value(BASIC_CONSTRAINTS).map(BasicConstraints::from_der).transpose()?;
    let signs = usage.as_ref().is_some_and(|usage| usage.key_cert_sign() || usage.crl_sign());
    Ok(Request {
        subject,
        public_key,
        alternative_names: value(SUBJECT_ALTERNATIVE_NAME).map(<[u8]>::to_vec),
        usage,
        extended_usage: value(EXTENDED_KEY_USAGE).map(ExtendedKeyUsage::from_der).transpose()?,
        authority: signs || constraints.is_some_and(|constraints| constraints.ca),
    })
}

/// `CertReqMessages` with one message: `CertRequest`, then the proof of possession, of which only a signature over the
/// request itself is taken (RFC 4211 §4.1).
fn crmf(der: &[u8]) -> der::Result<(Request, Signed<'_>)> {
    let messages = AnyRef::from_der(der)?;
    messages.tag().assert_eq(Tag::Sequence)?;
    let mut messages = SliceReader::new(messages.value())?;
    let message: AnyRef<'_> = messages.decode()?;
    messages.finish()?;
    let mut reader = SliceReader::new(message.value())?;
    let part = reader.tlv_bytes()?;
    let proof: AnyRef<'_> = reader.decode()?;
    if proof.tag() != context(1) {
        return Err(Tag::Sequence.value_error().into());
    }
    let mut proof = SliceReader::new(proof.value())?;
    let algorithm: AlgorithmIdentifierRef<'_> = proof.decode()?;
    let signature: BitStringRef<'_> = proof.decode()?;
    proof.finish()?;
    let signature = signature.as_bytes().ok_or_else(|| Tag::BitString.value_error())?;
    Ok((template(part)?, Signed { part, algorithm, signature }))
}

const fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// `CertRequest`: its number, then `CertTemplate` with subject [5], publicKey [6] and extensions [9].
fn template(part: &[u8]) -> der::Result<Request> {
    let fields = AnyRef::from_der(part)?;
    let mut reader = SliceReader::new(fields.value())?;
    let number: AnyRef<'_> = reader.decode()?;
    number.tag().assert_eq(Tag::Integer)?;
    let template: AnyRef<'_> = reader.decode()?;
    template.tag().assert_eq(Tag::Sequence)?;
    let fields: Vec<AnyRef<'_>> = elements(template, Tag::Sequence)?;
    let field = |number| fields.iter().find(|field| field.tag() == context(number));
    let missing = || Tag::Sequence.value_error();
    let subject = AnyRef::from_der(field(5).ok_or_else(missing)?.value())?;
    let public_key = field(6).ok_or_else(missing)?.value();
    let public_key = der::asn1::Any::new(Tag::Sequence, public_key)?.to_der()?;
    let mut extensions = Vec::new();
    if let Some(field) = field(9) {
        let mut reader = SliceReader::new(field.value())?;
        while !reader.is_finished() {
            extensions.push(reader.decode::<Extension<'_>>()?);
        }
    }
    request(subject.to_der()?, public_key, &extensions)
}
