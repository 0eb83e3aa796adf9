//! Certificates, requests and revocation lists as they are written: elements that are DER already, put together.

use der::asn1::{Any, ObjectIdentifier};
use der::{DateTime, Encode, Tag, TagNumber};
use spki::AlgorithmIdentifierRef;
use std::time::Duration;
use x509_cert::time::Time;

use super::Malformed;

/// What cannot be written is larger than DER can say, or a time before 1970 or after 9999.
type Result<T> = std::result::Result<T, Malformed>;

const TOO_LARGE: Malformed = Malformed("it is too large for DER");

/// An element of a tag and its content.
pub(crate) fn element(tag: Tag, content: Vec<u8>) -> Result<Vec<u8>> {
    Any::new(tag, content).and_then(|any| any.to_der()).map_err(|_| TOO_LARGE)
}

/// A `SEQUENCE` of elements.
pub(crate) fn sequence(elements: &[&[u8]]) -> Result<Vec<u8>> {
    element(Tag::Sequence, elements.concat())
}

/// An element under an explicit tag of the context.
fn explicit(number: u32, content: &[u8]) -> Result<Vec<u8>> {
    let number = TagNumber(number);
    element(Tag::ContextSpecific { constructed: true, number }, content.to_vec())
}

/// An `OCTET STRING`.
pub(crate) fn octets(content: Vec<u8>) -> Result<Vec<u8>> {
    element(Tag::OctetString, content)
}

/// Something that encodes itself.
pub(crate) fn der(value: &impl Encode) -> Result<Vec<u8>> {
    value.to_der().map_err(|_| TOO_LARGE)
}

/// A time: `UTCTime` until 2049, `GeneralizedTime` afterwards (RFC 5280 §4.1.2.5).
pub(crate) fn time(seconds: i64) -> Result<Vec<u8>> {
    let outside = |_| Malformed("a time of a certificate lies between 1970 and 9999");
    let seconds = u64::try_from(seconds).map_err(|_| Malformed("a time of a certificate is not before 1970"))?;
    let time = DateTime::from_unix_duration(Duration::from_secs(seconds)).map_err(outside)?;
    Time::from(time).to_der().map_err(outside)
}

/// An extension, whose value is DER.
pub(crate) fn extension(id: ObjectIdentifier, critical: bool, value: &[u8]) -> Result<Vec<u8>> {
    let id = der(&id)?;
    let flag = if critical { der(&true)? } else { Vec::new() };
    sequence(&[&id, &flag, &element(Tag::OctetString, value.to_vec())?])
}

/// The signed whole.
pub(crate) fn signed(part: &[u8], algorithm: &AlgorithmIdentifierRef<'_>, signature: &[u8]) -> Result<Vec<u8>> {
    let signature = element(Tag::BitString, [&[0], signature].concat())?;
    sequence(&[part, &der(algorithm)?, &signature])
}

/// A number from its bytes, the highest first; the first must not make it negative.
pub(crate) fn integer(bytes: &[u8]) -> Result<Vec<u8>> {
    element(Tag::Integer, bytes.to_vec())
}

/// What a certificate says, beside who signs it.
pub(crate) struct Contents<'a> {
    /// The content of the serial number's `INTEGER`.
    pub serial_number: &'a [u8],
    /// `Name`.
    pub issuer: &'a [u8],
    /// `Name`.
    pub subject: &'a [u8],
    /// `SubjectPublicKeyInfo`.
    pub public_key: &'a [u8],
    /// Seconds since 1970, both ends valid.
    pub validity: (i64, i64),
    /// Extensions, each in DER.
    pub extensions: &'a [Vec<u8>],
}

/// `TBSCertificate`, version 3 (RFC 5280 §4.1).
pub(crate) fn to_be_signed(contents: &Contents<'_>, algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Vec<u8>> {
    let version = explicit(0, &der(&2_u8)?)?;
    let (not_before, not_after) = contents.validity;
    let validity = sequence(&[&time(not_before)?, &time(not_after)?])?;
    let extensions: Vec<&[u8]> = contents.extensions.iter().map(Vec::as_slice).collect();
    let extensions = explicit(3, &sequence(&extensions)?)?;
    sequence(&[
        &version,
        &integer(contents.serial_number)?,
        &der(algorithm)?,
        contents.issuer,
        &validity,
        contents.subject,
        contents.public_key,
        &extensions,
    ])
}

/// `CertificationRequestInfo` without attributes (RFC 2986 §4.1).
pub(crate) fn request_info(subject: &[u8], public_key: &[u8]) -> Result<Vec<u8>> {
    sequence(&[&der(&0_u8)?, subject, public_key, &explicit(0, &[])?])
}

/// One entry of a revocation list.
pub(crate) struct Entry {
    /// The content of the serial number's `INTEGER`.
    pub serial_number: Vec<u8>,
    /// Seconds since 1970.
    pub date: i64,
    /// `CRLReason` (RFC 5280 §5.3.1); 0 is left out.
    pub reason: u8,
}

const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");

fn entry(entry: &Entry) -> Result<Vec<u8>> {
    let extensions = match entry.reason {
        0 => Vec::new(),
        reason => sequence(&[&extension(REASON, false, &element(Tag::Enumerated, vec![reason])?)?])?,
    };
    sequence(&[&integer(&entry.serial_number)?, &time(entry.date)?, &extensions])
}

/// `TBSCertList`, version 2 (RFC 5280 §5.1).
pub(crate) fn revocation_list(
    issuer: &[u8],
    updates: (i64, i64),
    entries: &[Entry],
    extensions: &[Vec<u8>],
    algorithm: &AlgorithmIdentifierRef<'_>,
) -> Result<Vec<u8>> {
    let entries = entries.iter().map(entry).collect::<Result<Vec<_>>>()?.concat();
    // An empty list is left out (RFC 5280 §5.1.2.6).
    let entries = if entries.is_empty() { entries } else { element(Tag::Sequence, entries)? };
    let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
    let extensions = explicit(0, &sequence(&extensions)?)?;
    let (this, next) = updates;
    sequence(&[&der(&1_u8)?, &der(algorithm)?, issuer, &time(this)?, &time(next)?, &entries, &extensions])
}
