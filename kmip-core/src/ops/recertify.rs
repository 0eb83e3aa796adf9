//! Re-certify (KMIP 1.4 §4.8, KMIP 2.1 §6.1.45): a new certificate of the same key pair takes the place of one.
//!
//! Dates, names and links go as in Re-key. Without a certification request the new certificate says what the existing one
//! says, which this server's authority must have issued: it vouches for no statement of another.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::object::ManagedObject;
use kmip_codec::operation::recertify::{ReCertifyRequest, ReCertifyResponse};
use kmip_codec::registry::{CertificateType, LinkType, ObjectType, Operation, State, Tag};

use super::certify;
use crate::authority::{self, Wanted};
use crate::batch::Context;
use crate::cryptography::key;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::issued::{self, Issue};
use crate::object::Record;
use crate::x509::certificate::Parsed;
use crate::x509::request::Request;
use crate::x509::subject;
use crate::{custody, registered, replacement, state};

pub(super) fn recertify(context: &mut Context<'_>, request: ReCertifyRequest) -> OpResult<ReCertifyResponse> {
    let authority = authority::require(context.engine)?;
    key::pace(context, &authority.key)?;
    custody::in_software(custody::permitted(request.protection_storage_masks.as_ref())?)?;
    let id = context.target(request.unique_identifier.as_ref())?;
    let mut existing = replacement::existing(context, &id, ObjectType::Certificate)?;
    certify::check_usable(&existing, context.now)?;
    if state::at(&existing, context.now) == State::Compromised {
        // The new certificate is one of the same key pair.
        return fail(Fault::PermissionDenied, "the certificate was revoked because its key was compromised");
    }
    let value = request.certificate_request_value.as_ref().or(request.certificate_request.as_ref());
    let named = named_request(context, request.certificate_request_unique_identifier.as_ref(), value.is_some())?;
    let asked = certify::asked(context, request.certificate_request_type, value, named.as_ref())?;
    let (naming, rest) = certify::split(request.attributes.as_ref());
    check_naming(&naming, asked.is_some())?;
    let wanted = wanted(context, &existing, asked)?;
    let public = public_key_of(context, &existing)?;
    let mut record = replacement::replace(context, &mut existing, &[Some(&rest)], request.offset)?;
    record.attributes.retain(|instance| !registered::is_said_by_certificate(&instance.attribute));
    context.txn.put(existing.clone())?;
    let new = certify::issue(context, &authority, record, wanted, public)?;
    context.give(Operation::ReCertify, &new);
    Ok(ReCertifyResponse { unique_identifier: UniqueIdentifier::Text(new), attributes: None })
}

/// Refuses attributes that ask for another kind of certificate, or for names: the new certificate has those of the existing
/// one. Beside a certification request, which takes precedence, they count for nothing.
fn check_naming(naming: &[Attribute], has_request: bool) -> OpResult<()> {
    for attribute in naming.iter().filter(|_| !has_request) {
        match attribute {
            Attribute::CertificateType(kind) => certify::check_type(*kind)?,
            attribute if subject::is_subject(attribute) => {
                let why = "without a Certificate Request the new certificate has the names of the existing one";
                return fail(Fault::FeatureNotSupported, why);
            }
            _ => {}
        }
    }
    Ok(())
}

/// The Certificate Request object that the request names (2.x).
fn named_request(
    context: &mut Context<'_>,
    id: Option<&UniqueIdentifier>,
    has_value: bool,
) -> OpResult<Option<Record>> {
    let Some(id) = id else { return Ok(None) };
    if has_value {
        return fail(Fault::InvalidMessage, "a Certificate Request is given and named at once");
    }
    let id = context.resolve(Some(id))?;
    let record = context.txn.object(&id)?.as_ref().clone();
    if record.object_type != ObjectType::CertificateRequest {
        return fail(Fault::WrongObjectType, format!("a {} is not a Certificate Request", record.object_type));
    }
    certify::check_usable(&record, context.now)?;
    Ok(Some(record))
}

/// What the new certificate is to say.
fn wanted(context: &Context<'_>, existing: &Record, asked: Option<Request>) -> OpResult<Wanted> {
    let Some(ManagedObject::Certificate(certificate)) = &existing.object else {
        return fail(Fault::PermissionDenied, "the server has only attributes of this certificate");
    };
    if certificate.certificate_type != CertificateType::X_509 {
        return fail(Fault::PermissionDenied, "only X.509 certificates are renewed");
    }
    let der = certificate.certificate_value.as_slice();
    let parsed = Parsed::new(der).map_err(|error| OpError::new(Fault::PermissionDenied, error.to_string()))?;
    if asked.is_some() {
        return certify::wanted(context, asked, Some(parsed.public_key), &[]);
    }
    let is_own = match issued::find(context.engine, &parsed.serial_number)? {
        Some(Issue::Object(issued)) => issued.id == existing.id && issued.scope == existing.scope,
        _ => false,
    };
    if !is_own {
        let message = "this server's authority has not issued the certificate: give a Certificate Request";
        return fail(Fault::PermissionDenied, message);
    }
    let Some(usage) = parsed.usage else { return fail(Fault::PermissionDenied, "the certificate has no Key Usage") };
    Ok(Wanted {
        alternative_names: parsed.value(crate::x509::request::SUBJECT_ALTERNATIVE_NAME),
        extended_usage: parsed.value(crate::x509::request::EXTENDED_KEY_USAGE),
        subject: parsed.subject,
        public_key: parsed.public_key,
        usage,
        validity: (0, 0),
    })
}

/// The Public Key of a certificate, if it is here, without its link to that one: it gets one to the new certificate. It must be
/// one that Certify would take.
fn public_key_of(context: &mut Context<'_>, existing: &Record) -> OpResult<Option<Record>> {
    let linked = existing.linked_ids(LinkType::PublicKeyLink).next();
    let Some(id) = linked else { return Ok(None) };
    let Some(found) = context.txn.find(&id)? else { return Ok(None) };
    if found.object_type != ObjectType::PublicKey {
        return Ok(None);
    }
    certify::check_usable(&found, context.now)?;
    let mut public = found.as_ref().clone();
    let old = |attribute: &Attribute| {
        matches!(attribute, Attribute::Link(link) if link.link_type == LinkType::CertificateLink
            && link.linked_object_identifier.as_text() == Some(existing.id.as_str()))
    };
    public.remove(&AttributeReference::Tag(Tag::Link), |instance| old(&instance.attribute));
    Ok(Some(public))
}
