//! The subject that a request names by attributes, without a certification request (KMIP 2.1 §4.6, §4.63; KMIP 1.0 §3.10).

use core::net::IpAddr;
use std::str::FromStr;

use der::asn1::{Any, AnyRef, Ia5StringRef, ObjectIdentifier, PrintableStringRef, Utf8StringRef};
use der::{Decode, Encode, Tag, TagNumber, Tagged};
use kmip_codec::attribute::Attribute;
use kmip_codec::inline::Text;
use x509_cert::name::Name;

use super::{Malformed, write};
use crate::formats;

/// Who a certificate is for.
pub(crate) struct Subject {
    /// `Name`.
    pub name: Vec<u8>,
    /// The value of the extension Subject Alternative Name.
    pub alternative_names: Option<Vec<u8>>,
}

/// Whether an attribute says who the subject is.
pub(crate) fn is_subject(attribute: &Attribute) -> bool {
    matches!(attribute, Attribute::X509CertificateSubject(_) | Attribute::CertificateSubject(_))
        || formats::subject_part(attribute).is_some()
}

/// The subject that attributes name; `None` if they name none. One way of naming it is enough: the bytes of the name come
/// before its text, and that before its parts.
pub(crate) fn read(attributes: &[Attribute]) -> Result<Option<Subject>, Malformed> {
    for attribute in attributes {
        if let Attribute::X509CertificateSubject(subject) = attribute {
            let names: Vec<&[u8]> = subject.subject_alternative_name.iter().map(|name| name.as_slice()).collect();
            let name = subject.subject_distinguished_name.as_ref().map_or(&[][..], |name| name.as_slice());
            return of_bytes(name, &names).map(Some);
        }
    }
    for attribute in attributes {
        if let Attribute::CertificateSubject(subject) = attribute {
            let name = subject.certificate_subject_distinguished_name.as_ref().map_or("", Text::as_str);
            let names = &subject.certificate_subject_alternative_name;
            return of_texts(name, names).map(Some);
        }
    }
    let parts: Vec<_> = attributes.iter().filter_map(formats::subject_part).collect();
    if parts.is_empty() { Ok(None) } else { of_parts(&parts).map(Some) }
}

const NO_NAME: Malformed = Malformed("the subject's distinguished name is not well formed");
const NO_ALTERNATIVE: Malformed = Malformed("a Subject Alternative Name is not well formed, or of no known kind");

fn of_bytes(name: &[u8], alternatives: &[&[u8]]) -> Result<Subject, Malformed> {
    // A name without parts is written as no bytes (KMIP 2.1 §4.63).
    let name = if name.is_empty() { write::sequence(&[])? } else { name.to_vec() };
    Name::from_der(&name).map_err(|_| NO_NAME)?;
    let is_general =
        |name: &&[u8]| AnyRef::from_der(name).is_ok_and(|any| matches!(any.tag(), Tag::ContextSpecific { .. }));
    if !alternatives.iter().all(is_general) {
        return Err(NO_ALTERNATIVE);
    }
    let alternative_names = if alternatives.is_empty() { None } else { Some(write::sequence(alternatives)?) };
    Ok(Subject { name, alternative_names })
}

fn of_texts(name: &str, alternatives: &[Text]) -> Result<Subject, Malformed> {
    let name = Name::from_str(name).and_then(|name| name.to_der()).map_err(|_| NO_NAME)?;
    let names = alternatives.iter().map(|text| general_name(text)).collect::<Result<Vec<_>, _>>()?;
    of_bytes(&name, &names.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// A `GeneralName` from the text that attributes of certificates have for it: its kind, a colon, itself.
fn general_name(text: &str) -> Result<Vec<u8>, Malformed> {
    let (kind, value) = text.split_once(':').ok_or(NO_ALTERNATIVE)?;
    let (number, content) = match kind {
        "email" => (1, value.as_bytes().to_vec()),
        "DNS" => (2, value.as_bytes().to_vec()),
        "URI" => (6, value.as_bytes().to_vec()),
        "IP" => match value.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => (7, address.octets().to_vec()),
            Ok(IpAddr::V6(address)) => (7, address.octets().to_vec()),
            Err(_) => return Err(NO_ALTERNATIVE),
        },
        _ => return Err(NO_ALTERNATIVE),
    };
    if number != 7 && (!value.is_ascii() || value.is_empty()) {
        return Err(NO_ALTERNATIVE);
    }
    let tag = Tag::ContextSpecific { constructed: false, number: TagNumber(number) };
    Any::new(tag, content).and_then(|any| any.to_der()).map_err(|_| NO_ALTERNATIVE)
}

/// Parts in the order in which names are usually written, the most general first; then, what is not listed.
const ORDER: [ObjectIdentifier; 6] = [
    DOMAIN_COMPONENT,
    COUNTRY,
    ObjectIdentifier::new_unwrap("2.5.4.8"),
    ObjectIdentifier::new_unwrap("2.5.4.7"),
    ObjectIdentifier::new_unwrap("2.5.4.10"),
    ObjectIdentifier::new_unwrap("2.5.4.11"),
];
const DOMAIN_COMPONENT: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.25");
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const EMAIL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.1");
/// Parts that are a `PrintableString` (RFC 5280 appendix A.1): country, serial number, qualifier.
const PRINTABLE: [ObjectIdentifier; 3] =
    [COUNTRY, ObjectIdentifier::new_unwrap("2.5.4.5"), ObjectIdentifier::new_unwrap("2.5.4.46")];

fn of_parts(parts: &[(ObjectIdentifier, &Text)]) -> Result<Subject, Malformed> {
    let mut parts = parts.to_vec();
    parts.sort_by_key(|(id, _)| ORDER.iter().position(|listed| listed == id).unwrap_or(ORDER.len()));
    let relative = parts.iter().map(|(id, text)| relative_name(*id, text)).collect::<Result<Vec<_>, _>>()?;
    let name = write::sequence(&relative.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    Ok(Subject { name, alternative_names: None })
}

/// A `RelativeDistinguishedName` of one part.
fn relative_name(id: ObjectIdentifier, text: &str) -> Result<Vec<u8>, Malformed> {
    let value = if PRINTABLE.contains(&id) {
        PrintableStringRef::new(text).and_then(|text| text.to_der())
    } else if id == DOMAIN_COMPONENT || id == EMAIL {
        Ia5StringRef::new(text).and_then(|text| text.to_der())
    } else {
        Utf8StringRef::new(text).and_then(|text| text.to_der())
    };
    let value = value.map_err(|_| NO_NAME)?;
    if text.is_empty() || id == COUNTRY && text.len() != 2 {
        return Err(NO_NAME);
    }
    let part = write::sequence(&[&write::der(&id)?, &value])?;
    Any::new(Tag::Set, part).and_then(|any| any.to_der()).map_err(|_| NO_NAME)
}
