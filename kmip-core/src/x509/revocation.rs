//! Certificate revocation lists as a relying party reads them (RFC 5280 §5).

use der::asn1::{AnyRef, IntRef, ObjectIdentifier};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};
use spki::AlgorithmIdentifierRef;

use super::Malformed;
use super::certificate::seconds;
use super::signed::Signed;
use crate::formats::{Extension, elements};

/// `TBSCertList`, up to its extensions.
struct Fields<'a> {
    issuer: AnyRef<'a>,
    this_update: AnyRef<'a>,
    revoked: Option<AnyRef<'a>>,
    extensions: Option<AnyRef<'a>>,
}

/// One entry of `revokedCertificates`.
#[derive(Sequence)]
struct Entry<'a> {
    serial_number: IntRef<'a>,
    revocation_date: AnyRef<'a>,
    #[asn1(optional = "true")]
    extensions: Option<AnyRef<'a>>,
}

/// When and why a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revoked {
    /// Seconds since 1970.
    pub date: i64,
    /// Whether the key was compromised: then no signature counts, whatever its date.
    pub compromised: bool,
}

impl Revoked {
    /// Whether the certificate does not count at a time.
    pub fn counts_at(self, date: i64) -> bool {
        self.compromised || self.date <= date
    }
}

const MALFORMED: Malformed = Malformed("it is not a certificate revocation list (RFC 5280 §5.1)");
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const KEY_COMPROMISE: u8 = 1;
const CA_COMPROMISE: u8 = 2;
const REMOVED: u8 = 8;

/// See the module.
pub(crate) struct RevocationList<'a> {
    /// What is signed, and how.
    pub signed: Signed<'a>,
    /// The issuer's `Name`.
    pub issuer: Vec<u8>,
    /// When it was made, seconds since 1970.
    pub this_update: i64,
    /// Whether it says all about all certificates of its issuer: it has no critical extension, such as a partition.
    pub is_complete: bool,
    revoked: &'a [u8],
}

impl<'a> RevocationList<'a> {
    /// Reads a list in DER. Its entries are read as they are looked for.
    pub fn new(der: &'a [u8]) -> Result<Self, Malformed> {
        let signed = Signed::open(der).map_err(|_| MALFORMED)?;
        Self::read(signed).map_err(|_| MALFORMED)
    }

    fn read(signed: Signed<'a>) -> der::Result<Self> {
        let fields = Fields::read(signed.part)?;
        let extensions: Vec<Extension<'a>> = match fields.extensions {
            Some(extensions) => elements(extensions, Tag::Sequence)?,
            None => Vec::new(),
        };
        Ok(Self {
            signed,
            issuer: fields.issuer.to_der()?,
            this_update: seconds(fields.this_update)?,
            is_complete: !extensions.iter().any(|extension| extension.critical),
            revoked: fields.revoked.map_or(&[], |revoked| revoked.value()),
        })
    }

    /// What the list says about a serial number (the content of its `INTEGER`).
    pub fn find(&self, serial_number: &[u8]) -> Result<Option<Revoked>, Malformed> {
        self.search(serial_number).map_err(|_| MALFORMED)
    }

    fn search(&self, serial_number: &[u8]) -> der::Result<Option<Revoked>> {
        let mut reader = SliceReader::new(self.revoked)?;
        while !reader.is_finished() {
            let entry = Entry::decode(&mut reader)?;
            if entry.serial_number.as_bytes() == serial_number {
                let reason = reason(&entry)?;
                let compromised = matches!(reason, Some(KEY_COMPROMISE | CA_COMPROMISE));
                let date = seconds(entry.revocation_date)?;
                return Ok((reason != Some(REMOVED)).then_some(Revoked { date, compromised }));
            }
        }
        Ok(None)
    }
}

fn reason(entry: &Entry<'_>) -> der::Result<Option<u8>> {
    let Some(extensions) = entry.extensions else { return Ok(None) };
    let extensions: Vec<Extension<'_>> = elements(extensions, Tag::Sequence)?;
    let Some(extension) = extensions.iter().find(|extension| extension.id == REASON) else { return Ok(None) };
    let value = AnyRef::from_der(extension.value.as_bytes())?;
    value.tag().assert_eq(Tag::Enumerated)?;
    Ok(value.value().first().copied())
}

impl<'a> Fields<'a> {
    /// Reads by hand: optional fields of a choice of types stand between others.
    fn read(part: &'a [u8]) -> der::Result<Self> {
        let outer = AnyRef::from_der(part)?;
        outer.tag().assert_eq(Tag::Sequence)?;
        let mut reader = SliceReader::new(outer.value())?;
        if Tag::peek(&reader)? == Tag::Integer {
            reader.decode::<u8>()?;
        }
        reader.decode::<AlgorithmIdentifierRef<'a>>()?;
        let (issuer, this_update) = (reader.decode()?, reader.decode()?);
        let is_time = |tag| matches!(tag, Tag::UtcTime | Tag::GeneralizedTime);
        // When the next one is due decides nothing: an old list still says what was revoked.
        Self::next_if(&mut reader, is_time)?;
        let revoked = Self::next_if(&mut reader, |tag| tag == Tag::Sequence)?;
        let wrapped = Self::next_if(&mut reader, |_| true)?;
        reader.finish()?;
        let extensions = wrapped.map(|wrapped| AnyRef::from_der(wrapped.value())).transpose()?;
        Ok(Self { issuer, this_update, revoked, extensions })
    }

    fn next_if(reader: &mut SliceReader<'a>, wanted: impl Fn(Tag) -> bool) -> der::Result<Option<AnyRef<'a>>> {
        if reader.is_finished() || !wanted(Tag::peek(reader)?) {
            return Ok(None);
        }
        reader.decode().map(Some)
    }
}
