//! Distinguished names: the bytes, the text of RFC 2253, and the parts that are attributes of their own (KMIP 2.1 §4.6).

use super::{Result, malformed};
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};
use kmip_codec::attribute::Attribute;
use kmip_codec::inline::Text;
use std::fmt::{self, Write};

/// A distinguished name of an X.509 certificate, in the order of the certificate.
pub(super) struct DistinguishedName<'a> {
    der: Vec<u8>,
    relative: Vec<Vec<Part<'a>>>,
}

/// `AttributeTypeAndValue`.
#[derive(Sequence)]
struct Part<'a> {
    oid: ObjectIdentifier,
    value: AnyRef<'a>,
}

/// Whose name it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The certificate's subject.
    Subject,
    /// The certificate's issuer.
    Issuer,
}

type Make = fn(Text) -> Attribute;

struct Row {
    oid: ObjectIdentifier,
    keyword: &'static str,
    /// Attributes of subject and issuer that it makes.
    attributes: Option<[Make; 2]>,
}

macro_rules! rows {
    ($($oid:literal $keyword:literal $($subject:ident $issuer:ident)?;)*) => {
        const ROWS: &[Row] = &[$(Row {
            oid: ObjectIdentifier::new_unwrap($oid),
            keyword: $keyword,
            attributes: rows!(@attributes $($subject $issuer)?),
        }),*];
        rows!(@subject $($oid $keyword $($subject $issuer)?;)*);
    };
    (@attributes) => { None };
    (@subject $($oid:literal $keyword:literal $($subject:ident $issuer:ident)?;)*) => {
        /// The part of a subject's name that an attribute is: its object identifier and text.
        pub(crate) fn subject_part(attribute: &Attribute) -> Option<(ObjectIdentifier, &Text)> {
            match attribute {
                $($(Attribute::$subject(text) => Some((ObjectIdentifier::new_unwrap($oid), text)),)?)*
                _ => None,
            }
        }
    };
    (@attributes $subject:ident $issuer:ident) => { Some([Attribute::$subject, Attribute::$issuer]) };
}

rows! {
    "2.5.4.3"                    "CN"           CertificateSubjectCN           CertificateIssuerCN;
    "2.5.4.10"                   "O"            CertificateSubjectO            CertificateIssuerO;
    "2.5.4.11"                   "OU"           CertificateSubjectOU           CertificateIssuerOU;
    "1.2.840.113549.1.9.1"       "emailAddress" CertificateSubjectEmail        CertificateIssuerEmail;
    "2.5.4.6"                    "C"            CertificateSubjectC            CertificateIssuerC;
    "2.5.4.8"                    "ST"           CertificateSubjectST           CertificateIssuerST;
    "2.5.4.7"                    "L"            CertificateSubjectL            CertificateIssuerL;
    "0.9.2342.19200300.100.1.1"  "UID"          CertificateSubjectUID          CertificateIssuerUID;
    "2.5.4.5"                    "serialNumber" CertificateSubjectSerialNumber CertificateIssuerSerialNumber;
    "2.5.4.12"                   "title"        CertificateSubjectTitle        CertificateIssuerTitle;
    "0.9.2342.19200300.100.1.25" "DC"           CertificateSubjectDC           CertificateIssuerDC;
    "2.5.4.46"                   "dnQualifier"  CertificateSubjectDNQualifier  CertificateIssuerDNQualifier;
    "2.5.4.9"                    "STREET";
    "2.5.4.4"                    "SN";
    "2.5.4.42"                   "GN";
}

impl Part<'_> {
    fn row(&self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.oid == self.oid)
    }
}

impl<'a> DistinguishedName<'a> {
    /// Reads a `Name`.
    pub(super) fn new(name: AnyRef<'a>) -> Result<Self> {
        let (Ok(der), Ok(relative)) = (name.to_der(), relative_names(name)) else {
            return malformed("a distinguished name of the certificate is not well formed");
        };
        Ok(Self { der, relative })
    }

    /// The name as in the certificate; nothing for a name without parts (KMIP 2.1 §4.63).
    pub(super) fn der(&self) -> &[u8] {
        if self.relative.is_empty() { &[] } else { &self.der }
    }

    /// The parts that are attributes, in the order of the certificate.
    pub(super) fn attributes(&self, role: Role) -> impl Iterator<Item = Attribute> {
        self.relative.iter().flatten().filter_map(move |part| {
            let [subject, issuer] = part.row()?.attributes?;
            let text = Text::new(&directory_string(part.value)?);
            Some(if role == Role::Subject { subject(text) } else { issuer(text) })
        })
    }
}

fn relative_names(name: AnyRef<'_>) -> der::Result<Vec<Vec<Part<'_>>>> {
    elements::<AnyRef<'_>>(name, Tag::Sequence)?.into_iter().map(|set| elements(set, Tag::Set)).collect()
}

/// The elements of a `SEQUENCE OF` or a `SET OF`, in whatever order they came.
pub(crate) fn elements<'a, T: Decode<'a, Error = der::Error>>(any: AnyRef<'a>, tag: Tag) -> der::Result<Vec<T>> {
    any.tag().assert_eq(tag)?;
    let mut reader = SliceReader::new(any.value())?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(T::decode(&mut reader)?);
    }
    Ok(elements)
}

/// The text of one of the string types of X.520.
fn directory_string(value: AnyRef<'_>) -> Option<String> {
    let bytes = value.value();
    match value.tag() {
        Tag::Utf8String => String::from_utf8(bytes.to_vec()).ok(),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            bytes.is_ascii().then(|| bytes.iter().copied().map(char::from).collect())
        }
        Tag::TeletexString => Some(bytes.iter().copied().map(char::from).collect()),
        Tag::BmpString => utf16(bytes),
        _ => None,
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (units, []) = bytes.as_chunks::<2>() else { return None };
    char::decode_utf16(units.iter().copied().map(u16::from_be_bytes)).collect::<std::result::Result<_, _>>().ok()
}

/// The text of RFC 2253: last part first, `CN=Inter,O=Kmip Test,C=AU`.
impl fmt::Display for DistinguishedName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, relative) in self.relative.iter().rev().enumerate() {
            if position > 0 {
                f.write_char(',')?;
            }
            for (position, part) in relative.iter().enumerate() {
                if position > 0 {
                    f.write_char('+')?;
                }
                write_part(part, f)?;
            }
        }
        Ok(())
    }
}

fn write_part(part: &Part<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match (part.row(), directory_string(part.value)) {
        (Some(row), Some(text)) => {
            write!(f, "{}=", row.keyword)?;
            write_escaped(&text, f)
        }
        (row, _) => {
            match row {
                Some(row) => write!(f, "{}=#", row.keyword)?,
                None => write!(f, "{}=#", part.oid)?,
            }
            let der = part.value.to_der().map_err(|_| fmt::Error)?;
            der.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }
}

/// Escapes a value (RFC 2253 §2.4).
fn write_escaped(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (position, c) in text.chars().enumerate() {
        let at_start = position == 0 && matches!(c, ' ' | '#');
        let at_end = position == last && c == ' ';
        if at_start || at_end || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            f.write_char('\\')?;
        }
        f.write_char(c)?;
    }
    Ok(())
}
