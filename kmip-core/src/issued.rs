//! What is recorded of certificates that the authority has issued: which object each is and, once that object is gone or has
//! become another, how it was revoked. A revocation is for good (RFC 5280 §3.3), whatever becomes of the object.
//!
//! Under the serial number stands `authority's key NUL scope NUL identifier`. No scope, and a [`Revocation`] in place of the
//! identifier, stand for a certificate whose object is gone; no identifier, for one whose object is gone without a revocation.

use std::sync::Arc;

use der::asn1::AnyRef;
use der::{Decode, Tag, Tagged};
use kmip_codec::attribute::Attribute;
use kmip_codec::inline::Text;
use kmip_codec::object::ManagedObject;
use kmip_codec::registry::{ObjectType, RevocationReasonCode, Tag as Field};

use crate::batch::Context;
use crate::engine::Engine;
use crate::error::{Fault, OpResult, fail};
use crate::layout;
use crate::links::Shown;
use crate::object::{Record, attribute_of};
use crate::ports::store::Guard;
use crate::trust::fingerprint;
use crate::x509::certificate::Parsed;
use crate::x509::revocation::Revoked;

/// How a certificate was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revocation {
    /// What it means for whoever validates a path.
    pub revoked: Revoked,
    /// The date in the revocation list, seconds since 1970.
    pub listed: i64,
    /// `CRLReason` (RFC 5280 §5.3.1).
    pub reason: u8,
    /// End of the validity, after which no list names the certificate; the latest of all dates if it is not known.
    pub ends: i64,
}

/// What is recorded of a certificate.
pub(crate) enum Issue {
    /// It is this object.
    Object(Arc<Record>),
    /// Its object is gone; it had been revoked.
    Gone(Revocation),
}

impl Revocation {
    /// How the object of a certificate was revoked, if it was.
    pub fn of(record: &Record) -> Option<Self> {
        let reason = attribute_of!(record, RevocationReason)?.revocation_reason_code;
        let date = |field| record.date(field).map(|date| date.0);
        let deactivated = date(Field::DeactivationDate);
        let (occurred, told) = (date(Field::CompromiseOccurrenceDate), date(Field::CompromiseDate));
        let compromised = occurred.is_some() || told.is_some();
        let ends = match value_of(record).map(Parsed::new) {
            Some(Ok(parsed)) => parsed.not_after,
            _ => i64::MAX,
        };
        Some(Self {
            revoked: Revoked { date: occurred.or(told).or(deactivated)?, compromised },
            listed: told.or(occurred).or(deactivated)?,
            reason: list_reason(reason),
            ends,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let Self { revoked: Revoked { date, compromised }, listed, reason, ends } = *self;
        let flags = [reason, u8::from(compromised)];
        [&flags[..], &date.to_be_bytes(), &listed.to_be_bytes(), &ends.to_be_bytes()].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let ([reason, compromised], rest) = bytes.split_first_chunk::<2>()?;
        let (date, rest) = rest.split_first_chunk()?;
        let (listed, rest) = rest.split_first_chunk()?;
        let [date, listed, ends] = [*date, *listed, rest.try_into().ok()?].map(i64::from_be_bytes);
        Some(Self { revoked: Revoked { date, compromised: *compromised != 0 }, listed, reason: *reason, ends })
    }
}

/// `CRLReason` of a Revocation Reason Code (RFC 5280 §5.3.1, KMIP 2.1 §11.47).
fn list_reason(code: RevocationReasonCode) -> u8 {
    match code {
        RevocationReasonCode::KeyCompromise => 1,
        RevocationReasonCode::CACompromise => 2,
        RevocationReasonCode::AffiliationChanged => 3,
        RevocationReasonCode::Superseded => 4,
        RevocationReasonCode::CessationOfOperation => 5,
        RevocationReasonCode::PrivilegeWithdrawn => 9,
        _ => 0,
    }
}

/// An identifier, a zero byte, and what is told of it.
pub(crate) fn split(value: &[u8]) -> Option<(Text, &[u8])> {
    let nul = value.iter().position(|byte| *byte == 0)?;
    let (id, rest) = value.split_at_checked(nul)?;
    Some((Text::new(std::str::from_utf8(id).ok()?), rest.get(1..)?))
}

/// What is recorded of a certificate that the authority with this key issues.
pub(crate) fn value(authority: &str, certificate: &Record) -> Vec<u8> {
    [authority.as_bytes(), b"\0", certificate.scope.as_bytes(), b"\0", certificate.id.as_bytes()].concat()
}

/// By the key of which authority a certificate was issued, and what it is.
pub(crate) fn read(engine: &Engine, value: &[u8]) -> OpResult<Option<(Text, Issue)>> {
    let Some((authority, place)) = split(value) else { return Ok(None) };
    let Some((scope, rest)) = split(place) else { return Ok(None) };
    if scope.is_empty() {
        return Ok(Revocation::decode(rest).map(|revocation| (authority, Issue::Gone(revocation))));
    }
    let Ok(id) = std::str::from_utf8(rest) else { return Ok(None) };
    let stored = engine.catalog.read(engine.store.as_ref(), &scope, &Text::new(id))?;
    Ok(stored.map(|stored| (authority, Issue::Object(Arc::clone(&stored.record)))))
}

/// What the certificate with this serial number is, if this server issued it, by the authority that it has or one before.
pub(crate) fn find(engine: &Engine, serial_number: &[u8]) -> OpResult<Option<Issue>> {
    match engine.store.get(&layout::issued(serial_number))? {
        Some(found) => Ok(read(engine, &found.value)?.map(|(_, issue)| issue)),
        None => Ok(None),
    }
}

/// Whether an object is a certificate that this server has issued.
pub(crate) fn is_of(engine: &Engine, certificate: &Record) -> OpResult<bool> {
    let Some(serial_number) = serial_number_of(certificate) else { return Ok(false) };
    let found = engine.store.get(&layout::issued(&serial_number))?;
    let issued = found.as_ref().and_then(|found| split(&found.value));
    Ok(issued.is_some_and(|(authority, _)| {
        found.as_ref().is_some_and(|found| found.value == value(&authority, certificate))
    }))
}

/// Whether what is shown may stand for a client, or for somebody who is none: a certificate that this server has issued on request
/// of a client stands for clients of that one's scope only, whatever it says, and for nobody once it is revoked.
pub(crate) fn may_be(engine: &Engine, shown: &Shown, scope: Option<&Text>) -> OpResult<bool> {
    let Some(found) = engine.store.get(&layout::issued(&shown.serial_number))? else { return Ok(true) };
    Ok(match read(engine, &found.value)? {
        Some((_, Issue::Object(record))) => match value_of(&record) {
            // Another authority has given one of its certificates the same number.
            Some(der) if fingerprint(der) != shown.fingerprint => true,
            _ => scope == Some(&record.scope) && Revocation::of(&record).is_none(),
        },
        Some((_, Issue::Gone(_))) => false,
        None => {
            scope.is_some()
                && split(&found.value).and_then(|(_, place)| split(place)).map(|(own, _)| own).as_ref() == scope
        }
    })
}

/// Whether a certificate that this server issued was revoked, and how.
pub(crate) fn revoked(engine: &Engine, certificate: &Parsed<'_>) -> OpResult<Option<Revoked>> {
    let revocation = match find(engine, &certificate.serial_number)? {
        // The record of a destroyed certificate has no value; its serial number is this server's random one.
        Some(Issue::Object(record)) if value_of(&record).is_none_or(|der| der == certificate.der) => {
            Revocation::of(&record)
        }
        Some(Issue::Gone(revocation)) => Some(revocation),
        _ => None,
    };
    Ok(revocation.map(|revocation| revocation.revoked))
}

/// Notes that the object of a certificate goes, or becomes another. If this server issued it, that its revocation stays known,
/// and what comes in its place is not taken for what was issued.
pub(crate) fn detach(context: &mut Context<'_>, record: &Record, successor: Option<&Record>) -> OpResult<()> {
    let Some(serial_number) = serial_number_of(record) else { return Ok(()) };
    let key = layout::issued(&serial_number);
    let known = match context.txn.written(&key) {
        Some(written) => written.map(<[u8]>::to_vec),
        None => match context.engine.store.get(&key)? {
            Some(found) => {
                context.txn.guard(Guard::At(key.clone(), found.revision));
                Some(found.value)
            }
            None => None,
        },
    };
    let Some((authority, _)) = known.as_deref().and_then(split) else { return Ok(()) };
    if known.as_deref() != Some(&value(&authority, record)) {
        return Ok(());
    }
    let revocation = Revocation::of(record);
    let stays = |successor: &Record| {
        let same = value_of(record).is_some() && value_of(successor) == value_of(record);
        same && (revocation.is_none() || Revocation::of(successor) == revocation)
    };
    if successor.is_some_and(stays) {
        return Ok(());
    }
    // Whoever has it can revoke it, and nobody else: it is first revoked, unless it is over by itself.
    if successor.is_some() && revocation.is_none() && !has_expired(record, context.now) {
        let message = "this server issued the certificate: revoke it before another object takes its place";
        return fail(Fault::PermissionDenied, message);
    }
    let gone = match revocation {
        Some(revocation) => [authority.as_bytes(), b"\0\0", &revocation.encode()].concat(),
        // No object has an empty identifier; whose it was stays known.
        None => [authority.as_bytes(), b"\0", record.scope.as_bytes(), b"\0"].concat(),
    };
    context.txn.write(key, Some(gone));
    Ok(())
}

/// Whether the validity of a certificate is known to have ended.
fn has_expired(record: &Record, now: i64) -> bool {
    value_of(record).map(Parsed::new).is_some_and(|parsed| parsed.is_ok_and(|parsed| parsed.not_after < now))
}

/// The content of the serial number's `INTEGER`; of a destroyed certificate, what its attributes tell.
fn serial_number_of(record: &Record) -> Option<Vec<u8>> {
    if record.object_type != ObjectType::Certificate {
        return None;
    }
    if let Some(der) = value_of(record) {
        return Parsed::new(der).ok().map(|parsed| parsed.serial_number);
    }
    let told = record.attributes.iter().find_map(|instance| match &instance.attribute {
        Attribute::X509CertificateIdentifier(identifier) => Some(identifier.certificate_serial_number.as_slice()),
        _ => None,
    })?;
    let number = AnyRef::from_der(told).ok()?;
    number.tag().assert_eq(Tag::Integer).ok()?;
    Some(number.value().to_vec())
}

/// The Certificate Value of an object.
fn value_of(record: &Record) -> Option<&[u8]> {
    match &record.object {
        Some(ManagedObject::Certificate(certificate)) => Some(certificate.certificate_value.as_slice()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revocation_reads_back_and_a_cut_one_is_none() {
        let revoked = Revoked { date: 5, compromised: true };
        let revocation = Revocation { revoked, listed: -7, reason: 9, ends: i64::MAX };
        let bytes = revocation.encode();
        assert_eq!(Revocation::decode(&bytes), Some(revocation));
        for length in 0..bytes.len() {
            assert_eq!(Revocation::decode(bytes.get(..length).unwrap_or_default()), None, "{length}");
        }
    }
}
