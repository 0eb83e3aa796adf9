//! Validate (KMIP 1.4 §4.24, KMIP 2.1 §6.1.57): whether a chain of certificates is valid at a date.
//!
//! The chain is what the request holds, certificates and identifiers together, in any order. It ends in what is trusted: a
//! trust anchor of the administration, the server's own authority, or a self-signed certificate that the client's scope
//! holds as an Active object and that the request names by its identifier. A chain that ends elsewhere is Unknown.

use kmip_codec::inline::Text;
use kmip_codec::object::{Certificate, ManagedObject};
use kmip_codec::operation::validate::{ValidateRequest, ValidateResponse};
use kmip_codec::registry::{CertificateType, State, ValidityIndicator};

use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};
use crate::issued::{self, Revocation};
use crate::object::attribute_of;
use crate::x509::certificate::Parsed;
use crate::x509::path::{self, Policy, Verdict};
use crate::x509::revocation::{RevocationList, Revoked};
use crate::{authority, state, trust};

/// Certificates of a chain: each costs a signature to verify.
const LONGEST: usize = 32;
/// Certificates up to which a chain is validated at once.
const QUICK: usize = 6;

/// Bytes of revocation lists up to which they are looked through at once.
const QUICK_LIST_BYTES: usize = 256 << 10;

/// A certificate of the request.
struct Given {
    der: Vec<u8>,
    /// When it was revoked as an object.
    revoked: Option<Revoked>,
    /// Whether its client holds it as an Active object.
    held: bool,
}

pub(super) fn validate(context: &mut Context<'_>, request: ValidateRequest) -> OpResult<ValidateResponse> {
    let ids = context.resolve_all(&request.unique_identifier)?;
    let count = request.certificate.len().saturating_add(ids.len());
    if count == 0 {
        return fail(Fault::InvalidMessage, "Validate needs certificates, or identifiers of certificates");
    }
    if count > LONGEST {
        return fail(Fault::InvalidField, format!("a chain has at most {LONGEST} certificates"));
    }
    if count > QUICK {
        context.txn.long_work()?;
    }
    let mut given = Vec::with_capacity(count);
    for certificate in &request.certificate {
        given.push(Given { der: value(certificate)?, revoked: None, held: false });
    }
    for id in ids {
        given.push(held(context, id)?);
    }
    let date = request.validity_date.map_or(context.now, |date| date.0);
    let verdict = decide(context, &given, date)?;
    let validity_indicator = match &verdict {
        Verdict::Valid => ValidityIndicator::Valid,
        Verdict::Invalid(_) => ValidityIndicator::Invalid,
        Verdict::Unknown(_) => ValidityIndicator::Unknown,
    };
    if let Verdict::Invalid(why) | Verdict::Unknown(why) = verdict {
        context.remark = Some(why);
    }
    Ok(ValidateResponse { validity_indicator })
}

/// The DER of a certificate.
fn value(certificate: &Certificate) -> OpResult<Vec<u8>> {
    if certificate.certificate_type != CertificateType::X_509 {
        return fail(Fault::FeatureNotSupported, "only X.509 certificates are validated");
    }
    Ok(certificate.certificate_value.as_slice().to_vec())
}

/// A certificate of the client's scope.
fn held(context: &mut Context<'_>, id: Text) -> OpResult<Given> {
    context.subject = Some(id.clone());
    let view = context.txn.view(&id)?;
    if attribute_of!(view, ArchiveDate).is_some() {
        return fail(Fault::ObjectArchived, "the certificate is archived: recover it first");
    }
    if view.destroyed {
        // No table of Validate names a reason for what was destroyed.
        return fail(Fault::ObjectNotFound, format!("the object {id:?} was destroyed"));
    }
    let Some(ManagedObject::Certificate(certificate)) = &view.object else {
        return fail(Fault::WrongObjectType, format!("a {} is not a certificate", view.object_type));
    };
    let held = state::at(&view, context.now) == State::Active;
    Ok(Given { der: value(certificate)?, revoked: Revocation::of(&view).map(|one| one.revoked), held })
}

fn decide(context: &Context<'_>, given: &[Given], date: i64) -> OpResult<Verdict> {
    let malformed = |error: crate::x509::Malformed| OpError::new(Fault::InvalidField, error.to_string());
    let mut certificates = Vec::with_capacity(given.len());
    for given in given {
        certificates.push(Parsed::new(&given.der).map_err(malformed)?);
    }
    let path = path::order(certificates).map_err(|error| OpError::new(Fault::InvalidMessage, error.to_string()))?;
    let (store, vault) = (context.engine.store.as_ref(), context.engine.vault.as_ref());
    let mut anchors = trust::anchors(store)?;
    let own_root = |given: &&Given| given.held && Parsed::new(&given.der).is_ok_and(|one| one.is_self_issued());
    anchors.extend(given.iter().filter(own_root).map(|given| given.der.clone()));
    let lists = trust::lists(store, path.iter().map(|certificate| certificate.issuer.as_slice()))?;
    if lists.iter().map(Vec::len).sum::<usize>() > QUICK_LIST_BYTES {
        context.txn.long_work()?;
    }
    anchors.extend(authority::load(context.engine)?.map(|authority| authority.certificate));
    let own = |certificate: &Parsed<'_>| {
        let same = given.iter().filter(|given| given.der == certificate.der);
        match same.filter_map(|given| given.revoked).next() {
            Some(revoked) => Ok(Some(revoked)),
            None => issued::revoked(context.engine, certificate),
        }
    };
    let policy = Policy {
        date,
        anchors: anchors.iter().filter_map(|der| Parsed::new(der).ok()).collect(),
        lists: lists.iter().filter_map(|der| RevocationList::new(der).ok()).collect(),
        own: &own,
    };
    path::check(vault, &path, &policy)
}
