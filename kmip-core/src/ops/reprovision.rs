//! Re-Provision (KMIP 2.1 §6.1.48): a client gets another certificate for its connections, and the one that it has shown is
//! worth nothing from the next request on.
//!
//! It brings a certification request, or a certificate that it has made itself, or nothing: then the server makes the key,
//! which the client gets within the same batch, for its next request needs it. A certificate is accepted by its fingerprint,
//! whoever signed it. It must have the client's name as Common Name: the certificate of another client, which anybody may have
//! seen, cannot be turned into one's own.

use kmip_codec::attribute::rules::Origin;
use kmip_codec::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::inline::Text;
use kmip_codec::object::{Certificate, CertificateRequest, ManagedObject};
use kmip_codec::operation::reprovision::{ReProvisionRequest, ReProvisionResponse};
use kmip_codec::registry::{
    CertificateType, CryptographicAlgorithm, CryptographicUsageMask as Mask, ObjectType, Operation,
    ProtectionStorageMask,
};
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages};

use super::{certify, create_key_pair, register};
use crate::authority::{self, Authority, Wanted};
use crate::batch::Context;
use crate::cryptography::key;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::issued::{self, Issue};
use crate::links::{LinkRecord, Shown, der_of};
use crate::object::{Record, attribute_of};
use crate::ports::store::Guard;
use crate::trust::fingerprint;
use crate::x509::certificate::Parsed;
use crate::x509::{subject, write};
use crate::{custody, formats, layout, make};

/// id-kp-clientAuth (RFC 5280 §4.2.1.12).
const CLIENT_AUTHENTICATION: der::asn1::ObjectIdentifier = der::asn1::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");

pub(super) fn reprovision(context: &mut Context<'_>, request: ReProvisionRequest) -> OpResult<ReProvisionResponse> {
    let shown = shown(context)?;
    let (answer, certificate) = match (request.certificate_request, request.certificate) {
        (Some(_), Some(_)) => {
            return fail(Fault::InvalidField, "Re-Provision takes a Certificate Request or a Certificate, not both");
        }
        (Some(asked), None) => {
            let id = signed(context, &asked)?;
            (id.clone(), id)
        }
        (None, Some(certificate)) => {
            let id = brought(context, certificate)?;
            (id.clone(), id)
        }
        (None, None) => made(context)?,
    };
    replace(context, &shown, &certificate)?;
    context.give(Operation::ReProvision, &answer);
    Ok(ReProvisionResponse { unique_identifier: Some(UniqueIdentifier::Text(answer)) })
}

/// The certificate that the request's connection has shown: neither expired, nor revoked, nor replaced before.
fn shown(context: &mut Context<'_>) -> OpResult<Shown> {
    let principal = &context.principal;
    let Some(shown) = principal.certificate.clone().filter(|_| principal.ticket.is_none()) else {
        let message = "only the client itself is given another certificate: without a ticket, and not asynchronously";
        return fail(Fault::PermissionDenied, message);
    };
    let key = layout::link(&shown.fingerprint);
    if context.txn.written(&key).is_some() {
        return fail(Fault::PermissionDenied, "the request has replaced the client's certificate already");
    }
    if shown.not_after < context.now {
        return fail(Fault::PermissionDenied, "the client's certificate has expired");
    }
    let known = context.engine.catalog.link(&shown.fingerprint).and_then(|link| link.object);
    let registered = known.map(|id| context.txn.find(&id)).transpose()?.flatten();
    let is_revoked = |record: &Record| attribute_of!(record, RevocationReason).is_some();
    let was_issued_and_revoked = match issued::find(context.engine, &shown.serial_number)? {
        Some(Issue::Object(record)) => is_it(&record, &shown) && is_revoked(&record),
        Some(Issue::Gone(_)) => true,
        None => false,
    };
    if was_issued_and_revoked || registered.is_some_and(|record| is_revoked(&record)) {
        return fail(Fault::PermissionDenied, "the client's certificate is revoked");
    }
    Ok(shown)
}

fn is_it(record: &Record, shown: &Shown) -> bool {
    der_of(record).is_some_and(|der| fingerprint(der) == shown.fingerprint)
}

/// The server's authority signs for the client.
fn signed(context: &mut Context<'_>, asked: &CertificateRequest) -> OpResult<Text> {
    let authority = authority_for(context)?;
    let kind = Some(asked.certificate_request_type);
    let opened = certify::asked(context, kind, Some(&asked.certificate_request_value), None);
    // The table of errors (315) has Invalid Field, not Invalid CSR.
    let opened = opened.map_err(|error| match error.fault {
        Fault::InvalidRequest => OpError { fault: Fault::InvalidField, ..error },
        _ => error,
    })?;
    let Some(opened) = opened else { return fail(Fault::InvalidField, "the Certificate Request is empty") };
    issue(context, &authority, opened.public_key, None)
}

/// The client has made its own.
fn brought(context: &mut Context<'_>, certificate: Certificate) -> OpResult<Text> {
    if certificate.certificate_type != CertificateType::X_509 {
        let message = format!("connections show certificates of X.509, none of {}", certificate.certificate_type);
        return fail(Fault::FeatureNotSupported, message);
    }
    let der = certificate.certificate_value.as_slice();
    let parsed = Parsed::new(der).map_err(|error| OpError::new(Fault::InvalidField, error.to_string()))?;
    if !parsed.covers(context.now) {
        return fail(Fault::InvalidField, "the Certificate is not valid now");
    }
    let names: Vec<Text> = formats::certificate_attributes(der)?
        .into_iter()
        .filter_map(|attribute| match attribute {
            Attribute::CertificateSubjectCN(name) => Some(name),
            _ => None,
        })
        .collect();
    if names != [context.principal.client.clone()] {
        let message = format!("the Certificate needs the client's name {:?} as Common Name", context.principal.client);
        return fail(Fault::PermissionDenied, message);
    }
    let object = ManagedObject::Certificate(Box::new(certificate));
    let record = register::object_record(context, None, object, custody::permitted(None)?)?;
    let id = record.id.clone();
    make::put(context, record)?;
    Ok(id)
}

/// The server makes a pair of keys and a certificate for it; the client is told of the private key.
fn made(context: &mut Context<'_>) -> OpResult<(Text, Text)> {
    let authority = authority_for(context)?;
    let bag = |mask| -> Bag {
        let attributes = [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(mask),
        ];
        attributes.into_iter().collect()
    };
    let private = make::new_record(context, ObjectType::PrivateKey, &[Some(&bag(Mask::Sign))], Origin::Server)?;
    let public = make::new_record(context, ObjectType::PublicKey, &[Some(&bag(Mask::Verify))], Origin::Server)?;
    let mut pair = create_key_pair::Pair { private, public };
    // The client gets it: it is not made where it could not leave.
    let masks = ProtectionStorageMasks { protection_storage_mask: vec![ProtectionStorageMask::Software] };
    let storage = create_key_pair::storage_of_pair([Some(&masks), Some(&masks)])?;
    create_key_pair::generate(context, &mut pair, storage)?;
    let (private, public) = (pair.private.id.clone(), pair.public.id.clone());
    make::put(context, pair.private)?;
    make::put(context, pair.public)?;
    let public = context.txn.object(&public)?.as_ref().clone();
    let public_key = key::material(context, &public)?.expose_secret().to_vec();
    let certificate = issue(context, &authority, public_key, Some(public))?;
    Ok((private, certificate))
}

fn authority_for(context: &Context<'_>) -> OpResult<Authority> {
    match authority::load(context.engine)? {
        Some(authority) => {
            key::pace(context, &authority.key)?;
            Ok(authority)
        }
        None => fail(
            Fault::FeatureNotSupported,
            "this server has no certificate authority: bring a certificate, or have its administrator set one up with kmip-cli ca init",
        ),
    }
}

/// A certificate for the connections of the client, whatever a request says of it.
fn issue(
    context: &mut Context<'_>,
    authority: &Authority,
    public_key: Vec<u8>,
    public: Option<Record>,
) -> OpResult<Text> {
    if !certify::usage(&public_key, None)?.digital_signature() {
        return fail(
            Fault::InvalidField,
            "the key of the Certificate Request cannot sign: no connection is made with it",
        );
    }
    let name = [Attribute::CertificateSubjectCN(context.principal.client.clone())];
    let named = subject::read(&name).map_err(authority::unwritable)?;
    let Some(subject::Subject { name: subject, .. }) = named else {
        return fail(Fault::Internal, "the client has no name");
    };
    let extended = ExtendedKeyUsage(vec![CLIENT_AUTHENTICATION]);
    let wanted = Wanted {
        subject,
        public_key,
        alternative_names: None,
        usage: KeyUsage(KeyUsages::DigitalSignature.into()),
        extended_usage: Some(write::der(&extended).map_err(authority::unwritable)?),
        validity: (0, 0),
    };
    let record = make::new_record(context, ObjectType::Certificate, &[], Origin::Server)?;
    certify::issue(context, authority, record, wanted, public)
}

/// The new certificate stands for the client, the one that was shown for nobody.
fn replace(context: &mut Context<'_>, shown: &Shown, certificate: &Text) -> OpResult<()> {
    let record = context.txn.object(certificate)?;
    let unreadable = || OpError::new(Fault::Internal, "the new certificate cannot be read");
    let new = layout::link(&fingerprint(der_of(&record).ok_or_else(unreadable)?));
    let old = layout::link(&shown.fingerprint);
    let store = &context.engine.store;
    if new == old || store.get(&new)?.is_some() || context.txn.written(&new).is_some() {
        return fail(Fault::PermissionDenied, "the Certificate stands for a client already, or has been replaced");
    }
    let guard = match store.get(&old)? {
        Some(found) => Guard::At(old.clone(), found.revision),
        None => Guard::Absent(old.clone()),
    };
    let client = context.principal.client.clone();
    context.principal.depend(&mut context.txn)?;
    let renewals = context.principal.renewals;
    let link = |object, replaced| LinkRecord { client: client.clone(), object, replaced, renewals }.encode();
    let object = context.engine.catalog.link(&shown.fingerprint).and_then(|known| known.object);
    context.txn.guard(guard);
    context.txn.guard(Guard::Absent(new.clone()));
    context.txn.write(old, Some(link(object, true)));
    context.txn.write(new, Some(link(Some(certificate.clone()), false)));
    Ok(())
}
