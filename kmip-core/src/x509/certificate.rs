//! A certificate as path validation reads it (RFC 5280 §4.1, §4.2).

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Tag};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::time::Time;

use super::Malformed;
use super::signed::Signed;
use crate::formats::{Certificate, Extension, elements};

/// Extensions that are processed, or that bind whoever uses the certificate and not whoever validates its path: constraints
/// and usages of the key, names, policies (every policy is acceptable), extended usages.
const PROCESSED: [ObjectIdentifier; 6] = [
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    ObjectIdentifier::new_unwrap("2.5.29.17"),
    ObjectIdentifier::new_unwrap("2.5.29.18"),
    ObjectIdentifier::new_unwrap("2.5.29.32"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
];
pub(crate) const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
pub(crate) const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");
pub(crate) const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
/// Limits names in the whole path below; not processed, whether critical or not.
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");

const MALFORMED: Malformed = Malformed("the Certificate Value is not an X.509 certificate");

/// See the module.
pub(crate) struct Parsed<'a> {
    /// All of it.
    pub der: &'a [u8],
    /// What is signed, and how.
    pub signed: Signed<'a>,
    /// The serial number: the content of the `INTEGER`.
    pub serial_number: Vec<u8>,
    /// The issuer's `Name`.
    pub issuer: Vec<u8>,
    /// The subject's `Name`.
    pub subject: Vec<u8>,
    /// `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    /// Begin of the validity, seconds since 1970.
    pub not_before: i64,
    /// End of the validity.
    pub not_after: i64,
    /// Basic Constraints.
    pub constraints: Option<BasicConstraints>,
    /// Key Usage.
    pub usage: Option<KeyUsage>,
    /// All extensions.
    extensions: Vec<Extension<'a>>,
    /// An extension that must be processed and is not.
    pub unprocessed: Option<ObjectIdentifier>,
}

impl<'a> Parsed<'a> {
    /// Reads a certificate in DER.
    pub fn new(der: &'a [u8]) -> Result<Self, Malformed> {
        let signed = Signed::open(der).map_err(|_| MALFORMED)?;
        Self::read(der, signed).map_err(|_| MALFORMED)
    }

    fn read(der: &'a [u8], signed: Signed<'a>) -> der::Result<Self> {
        let to_be_signed = Certificate::from_der(der)?.to_be_signed;
        if to_be_signed.signature != signed.algorithm {
            return Err(Tag::Sequence.value_error().into());
        }
        let extensions: Vec<Extension<'a>> = match to_be_signed.extensions {
            Some(extensions) => elements(extensions, Tag::Sequence)?,
            None => Vec::new(),
        };
        let must = |extension: &&Extension<'_>| {
            extension.id == NAME_CONSTRAINTS || extension.critical && !PROCESSED.contains(&extension.id)
        };
        Ok(Self {
            der,
            signed,
            serial_number: to_be_signed.serial_number.as_bytes().to_vec(),
            issuer: to_be_signed.issuer.to_der()?,
            subject: to_be_signed.subject.to_der()?,
            public_key: to_be_signed.subject_public_key_info.to_der()?,
            not_before: seconds(to_be_signed.validity.not_before)?,
            not_after: seconds(to_be_signed.validity.not_after)?,
            constraints: extension(&extensions, BASIC_CONSTRAINTS)?,
            usage: extension(&extensions, KEY_USAGE)?,
            unprocessed: extensions.iter().find(must).map(|extension| extension.id),
            extensions,
        })
    }

    /// Whether subject and issuer are one. Whose signature it has is not looked at.
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether it is valid at a time, ends included.
    pub fn covers(&self, date: i64) -> bool {
        (self.not_before..=self.not_after).contains(&date)
    }

    /// Whether it is a certificate of an authority, which may certify others.
    pub fn may_certify(&self) -> bool {
        let authority = self.constraints.as_ref().is_some_and(|constraints| constraints.ca);
        authority && self.usage.as_ref().is_none_or(KeyUsage::key_cert_sign)
    }

    /// The value of an extension.
    pub fn value(&self, id: ObjectIdentifier) -> Option<Vec<u8>> {
        let found = self.extensions.iter().find(|extension| extension.id == id);
        found.map(|extension| extension.value.as_bytes().to_vec())
    }

    /// Subject Key Identifier.
    pub fn key_identifier(&self) -> Option<Vec<u8>> {
        let value = self.value(SUBJECT_KEY_IDENTIFIER)?;
        let value: AnyRef<'_> = AnyRef::from_der(&value).ok()?;
        Some(value.value().to_vec())
    }

    /// Whether its key may sign revocation lists.
    pub fn may_revoke(&self) -> bool {
        self.usage.as_ref().is_none_or(KeyUsage::crl_sign)
    }
}

/// The value of an extension.
fn extension<'a, T: Decode<'a, Error = der::Error>>(
    extensions: &[Extension<'a>],
    id: ObjectIdentifier,
) -> der::Result<Option<T>> {
    let found = extensions.iter().find(|extension| extension.id == id);
    found.map(|extension| T::from_der(extension.value.as_bytes())).transpose()
}

/// A time in seconds since 1970.
pub(crate) fn seconds(time: AnyRef<'_>) -> der::Result<i64> {
    let time = Time::from_der(&time.to_der()?)?;
    i64::try_from(time.to_unix_duration().as_secs()).map_err(|_| Tag::GeneralizedTime.value_error().into())
}
