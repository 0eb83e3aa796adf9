//! The server's own certificate authority: what Certify and Re-certify sign with, and the list of what it revoked.
//!
//! Its key is a private key like any other, in a scope that no client can act in, so that the vault keeps, seals and renews it
//! as it does all keys: sealed, or in a device where keys stay that must not leave. Its certificate signs itself, or a site's
//! own authority signs it. What it issued is recorded by serial number, so that its revocation list follows from the objects.

use std::sync::Arc;

use der::asn1::ObjectIdentifier;
use der::{Tag, TagNumber};
use kmip_codec::inline::Text;
use kmip_codec::registry::CryptographicAlgorithm;
use sha2::{Digest, Sha256};
use spki::AlgorithmIdentifierRef;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};

use crate::cryptography::key::algorithm as algorithm_of;
use crate::engine::Engine;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::issued::{self, Issue, Revocation};
use crate::layout;
use crate::material::Bound;
use crate::object::{MaterialKind, Record, attribute_of};
use crate::ports::crypto::{Hash, Key, Message, Signing};
use crate::x509::certificate::{BASIC_CONSTRAINTS, KEY_USAGE, Parsed, SUBJECT_KEY_IDENTIFIER};
use crate::x509::request::{EXTENDED_KEY_USAGE, SUBJECT_ALTERNATIVE_NAME};
use crate::x509::write::{self, Contents, Entry};
use crate::x509::{Malformed, algorithm};

/// The scope of the authority's key. No client's name has a control character.
pub(crate) const SCOPE: &str = "\u{1}authority";

const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");
const DISTRIBUTION_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
const LIST_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
/// Bytes of a serial number (RFC 5280 §4.1.2.2 permits 20).
const SERIAL_BYTES: usize = 16;
/// Records of issued certificates that are read at once.
const PAGE: usize = 1_000;

/// See the module.
pub(crate) struct Authority {
    /// The private key.
    pub key: Arc<Record>,
    /// The certificate (DER).
    pub certificate: Vec<u8>,
}

/// What a new certificate is to say.
pub(crate) struct Wanted {
    /// `Name`.
    pub subject: Vec<u8>,
    /// `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
    /// The value of the extension Subject Alternative Name.
    pub alternative_names: Option<Vec<u8>>,
    /// Key Usage.
    pub usage: KeyUsage,
    /// The value of the extension Extended Key Usage.
    pub extended_usage: Option<Vec<u8>>,
    /// Seconds since 1970.
    pub validity: (i64, i64),
}

/// A certificate that was made.
pub(crate) struct Issued {
    /// DER.
    pub der: Vec<u8>,
    /// The content of the serial number's `INTEGER`.
    pub serial_number: [u8; SERIAL_BYTES],
}

pub(crate) fn unwritable(error: Malformed) -> OpError {
    OpError::new(Fault::InvalidField, error.to_string())
}

/// Whether there is an authority.
pub(crate) fn exists(engine: &Engine) -> bool {
    engine.store.get(layout::AUTHORITY).is_ok_and(|found| found.is_some())
}

/// The authority; a client is told when there is none.
pub(crate) fn require(engine: &Engine) -> OpResult<Authority> {
    match load(engine)? {
        Some(authority) => Ok(authority),
        None => fail(
            Fault::OperationNotSupported,
            "this server has no certificate authority; its administrator sets one up with kmip-cli ca init",
        ),
    }
}

/// The authority, if there is one.
pub(crate) fn load(engine: &Engine) -> OpResult<Option<Authority>> {
    let Some(found) = engine.store.get(layout::AUTHORITY)? else { return Ok(None) };
    let damaged = || OpError::new(Fault::Internal, "the record of the certificate authority is damaged");
    let (id, certificate) = issued::split(&found.value).ok_or_else(damaged)?;
    let key = key(engine, &id)?.ok_or_else(damaged)?;
    Ok(Some(Authority { key, certificate: certificate.to_vec() }))
}

/// A key of the authority's scope.
pub(crate) fn key(engine: &Engine, id: &Text) -> OpResult<Option<Arc<Record>>> {
    let stored = engine.catalog.read(engine.store.as_ref(), &Text::new(SCOPE), id)?;
    Ok(stored.map(|stored| Arc::clone(&stored.record)))
}

/// Signs what an algorithm's identifier makes; gives the whole.
pub(crate) fn sign(
    engine: &Engine,
    key: &Record,
    part: impl FnOnce(&AlgorithmIdentifierRef<'_>) -> Result<Vec<u8>, Malformed>,
) -> OpResult<Vec<u8>> {
    let unusable = || OpError::new(Fault::Internal, "the key of the certificate authority cannot sign");
    let material = key.material.as_ref().filter(|material| material.kind == MaterialKind::Bytes);
    let material = material.ok_or_else(unusable)?;
    let scheme = scheme(key).ok_or_else(unusable)?;
    let identifier = algorithm::identifier(&scheme).ok_or_else(unusable)?;
    let part = part(&identifier).map_err(unwritable)?;
    let bound = Bound::of(key);
    let sealed = Key::Sealed(&material.sealed, bound.binding());
    let signature = engine.vault.sign(sealed, &scheme, Message::Data(&part))?;
    write::signed(&part, &identifier, &signature).map_err(unwritable)
}

/// How a key signs. An elliptic key takes the hash of its strength (NIST SP 800-57 part 1 §5.6.1).
fn scheme(key: &Record) -> Option<Signing> {
    let bits = attribute_of!(key, CryptographicLength).copied()?;
    Some(match algorithm_of(key)? {
        CryptographicAlgorithm::RSA => Signing::RsaPkcs1 { hash: Hash::Sha256 },
        CryptographicAlgorithm::Ed25519 => Signing::Ed25519,
        CryptographicAlgorithm::EC | CryptographicAlgorithm::ECDSA => Signing::Ecdsa {
            hash: match bits {
                ..=256 => Hash::Sha256,
                257..=384 => Hash::Sha384,
                _ => Hash::Sha512,
            },
        },
        _ => return None,
    })
}

/// The identifier of a key in certificates: the first 160 bits of the SHA-256 of its bits (RFC 7093 §2).
pub(crate) fn key_identifier(public_key: &[u8]) -> Vec<u8> {
    let bits =
        spki::SubjectPublicKeyInfoRef::try_from(public_key).ok().and_then(|info| info.subject_public_key.as_bytes());
    let mut identifier = Sha256::digest(bits.unwrap_or(public_key)).to_vec();
    identifier.truncate(20);
    identifier
}

/// A random serial number: positive, and 16 bytes long.
fn serial_number(engine: &Engine) -> OpResult<[u8; SERIAL_BYTES]> {
    let mut serial = [0; SERIAL_BYTES];
    engine.vault.unique(&mut serial)?;
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x3F | 0x40;
    }
    Ok(serial)
}

/// Extensions of a certificate whose key may certify, but only end entities.
pub(crate) fn authority_extensions(public_key: &[u8]) -> Result<Vec<Vec<u8>>, Malformed> {
    let constraints = BasicConstraints { ca: true, path_len_constraint: Some(0) };
    Ok(vec![
        write::extension(BASIC_CONSTRAINTS, true, &write::der(&constraints)?)?,
        write::extension(KEY_USAGE, true, &write::der(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?)?,
        write::extension(SUBJECT_KEY_IDENTIFIER, false, &write::octets(key_identifier(public_key))?)?,
    ])
}

/// A certificate of a key by itself.
pub(crate) fn self_signed(
    engine: &Engine,
    key: &Record,
    subject: &[u8],
    public_key: &[u8],
    validity: (i64, i64),
) -> OpResult<Vec<u8>> {
    let serial_number = serial_number(engine)?;
    sign(engine, key, |identifier| {
        let extensions = authority_extensions(public_key)?;
        let contents = Contents {
            serial_number: &serial_number,
            issuer: subject,
            subject,
            public_key,
            validity,
            extensions: &extensions,
        };
        write::to_be_signed(&contents, identifier)
    })
}

impl Authority {
    /// The certificate, read.
    pub fn parsed(&self) -> OpResult<Parsed<'_>> {
        Parsed::new(&self.certificate)
            .map_err(|_| OpError::new(Fault::Internal, "the certificate of the certificate authority is damaged"))
    }

    /// Issues a certificate to an end entity.
    pub fn issue(&self, engine: &Engine, wanted: &Wanted) -> OpResult<Issued> {
        let issuer = self.parsed()?;
        let serial_number = serial_number(engine)?;
        let location = engine.config.authority.list_location.as_deref();
        let der = sign(engine, &self.key, |identifier| {
            let extensions = extensions(&issuer, wanted, location)?;
            let contents = Contents {
                serial_number: &serial_number,
                issuer: &issuer.subject,
                subject: &wanted.subject,
                public_key: &wanted.public_key,
                validity: wanted.validity,
                extensions: &extensions,
            };
            write::to_be_signed(&contents, identifier)
        })?;
        Ok(Issued { der, serial_number })
    }

    /// The list of what was revoked.
    pub fn revocation_list(&self, engine: &Engine, now: i64) -> OpResult<Vec<u8>> {
        let issuer = self.parsed()?;
        let entries = self.revoked(engine, now)?;
        let next = now.saturating_add(engine.config.authority.list_seconds);
        let number = u64::try_from(now).unwrap_or_default();
        sign(engine, &self.key, |identifier| {
            let extensions =
                [authority_key_identifier(&issuer)?, write::extension(LIST_NUMBER, false, &write::der(&number)?)?];
            write::revocation_list(&issuer.subject, (now, next), &entries, &extensions, identifier)
        })
    }

    /// Certificates that were revoked and would be valid otherwise.
    fn revoked(&self, engine: &Engine, now: i64) -> OpResult<Vec<Entry>> {
        let (mut from, until) = (layout::ISSUED.to_vec(), layout::end_of(layout::ISSUED));
        let mut entries = Vec::new();
        loop {
            let page = engine.store.scan(&from, &until, PAGE)?;
            for (key, stored) in &page.entries {
                let is_own = issued::split(&stored.value).is_some_and(|(by, _)| by == self.key.id);
                let Some((_, issue)) = is_own.then(|| issued::read(engine, &stored.value)).transpose()?.flatten()
                else {
                    continue;
                };
                let revocation = match issue {
                    Issue::Object(record) => Revocation::of(&record),
                    Issue::Gone(revocation) => Some(revocation),
                };
                let Some(Revocation { listed: date, reason, .. }) = revocation.filter(|one| one.ends >= now) else {
                    continue;
                };
                let serial_number = key.get(layout::ISSUED.len()..).unwrap_or_default().to_vec();
                entries.push(Entry { serial_number, date, reason });
            }
            match page.entries.last() {
                Some((last, _)) if page.more => from = [last.as_slice(), b"\0"].concat(),
                _ => return Ok(entries),
            }
        }
    }
}

fn authority_key_identifier(issuer: &Parsed<'_>) -> Result<Vec<u8>, Malformed> {
    let identifier = issuer.key_identifier().unwrap_or_else(|| key_identifier(&issuer.public_key));
    let tag = Tag::ContextSpecific { constructed: false, number: TagNumber(0) };
    let value = write::sequence(&[&write::element(tag, identifier)?])?;
    write::extension(AUTHORITY_KEY_IDENTIFIER, false, &value)
}

/// Extensions of a certificate of an end entity.
fn extensions(issuer: &Parsed<'_>, wanted: &Wanted, location: Option<&str>) -> Result<Vec<Vec<u8>>, Malformed> {
    let end_entity = BasicConstraints { ca: false, path_len_constraint: None };
    let mut extensions = vec![
        write::extension(BASIC_CONSTRAINTS, true, &write::der(&end_entity)?)?,
        write::extension(KEY_USAGE, true, &write::der(&wanted.usage)?)?,
        write::extension(SUBJECT_KEY_IDENTIFIER, false, &write::octets(key_identifier(&wanted.public_key))?)?,
        authority_key_identifier(issuer)?,
    ];
    if let Some(usage) = &wanted.extended_usage {
        extensions.push(write::extension(EXTENDED_KEY_USAGE, false, usage)?);
    }
    if let Some(names) = &wanted.alternative_names {
        // Critical if there is no other name (RFC 5280 §4.2.1.6).
        let critical = wanted.subject == write::sequence(&[])?;
        extensions.push(write::extension(SUBJECT_ALTERNATIVE_NAME, critical, names)?);
    }
    if let Some(location) = location {
        let tag = |number, constructed| Tag::ContextSpecific { constructed, number: TagNumber(number) };
        let uri = write::element(tag(6, false), location.as_bytes().to_vec())?;
        let name = write::element(tag(0, true), write::element(tag(0, true), uri)?)?;
        let point = write::sequence(&[&name])?;
        extensions.push(write::extension(DISTRIBUTION_POINTS, false, &write::sequence(&[&point])?)?);
    }
    Ok(extensions)
}
