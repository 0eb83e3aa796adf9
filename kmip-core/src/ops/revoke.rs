//! Revoke (KMIP 1.4 §4.20, KMIP 2.1 §6.1.44): the key is no longer to be used, or was compromised.

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{RevocationReason, UniqueIdentifier};
use kmip_codec::operation::revoke::{RevokeRequest, RevokeResponse};
use kmip_codec::registry::{ObjectType, RevocationReasonCode, State, Tag};
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_4, V3_0};

use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::links;
use crate::state::{self, Event};

/// The reason of a request of 3.0 that gives none.
const UNSPECIFIED: RevocationReason =
    RevocationReason { revocation_reason_code: RevocationReasonCode::Unspecified, revocation_message: None };

pub(super) fn revoke(context: &mut Context<'_>, request: RevokeRequest) -> OpResult<RevokeResponse> {
    let RevokeRequest { unique_identifier, revocation_reason, compromise_occurrence_date } = request;
    let reason = match revocation_reason {
        Some(reason) => reason,
        None if context.version >= V3_0 => UNSPECIFIED,
        None => return fail(Fault::InvalidMessage, "Revocation Reason is required"),
    };
    let event = event_of(&reason, context)?;
    if compromise_occurrence_date.is_some() && event != Event::Compromise && context.version >= V1_4 {
        // KMIP 1.4 §4.20, KMIP 2.1 §6.1.44; earlier versions do not say so.
        return fail(Fault::InvalidField, "Compromise Occurrence Date is for Key Compromise and CA Compromise");
    }
    let id = context.target(unique_identifier.as_ref())?;
    let mut record = context.txn.object(&id)?.as_ref().clone();
    state::must_be_online(&record)?;
    if record.object_type == ObjectType::Template {
        return fail(Fault::WrongObjectType, "a template has no state");
    }
    let after = state::after(state::at(&record, context.now), event)?;
    let now = DateTime(context.now);
    record.set(Attribute::RevocationReason(reason));
    if after == State::Deactivated {
        record.set(Attribute::DeactivationDate(now));
        attributes::bound_use(&mut record);
    } else {
        let since = compromise_occurrence_date.or_else(|| record.date(Tag::InitialDate)).unwrap_or(now);
        record.set(Attribute::CompromiseDate(now));
        record.set(Attribute::CompromiseOccurrenceDate(since));
    }
    attributes::touch(&mut record, context.now);
    context.effects.end_key(&record.scope, &id);
    links::end(context, &record)?;
    context.txn.put(record)?;
    Ok(RevokeResponse { unique_identifier: UniqueIdentifier::Text(id) })
}

fn event_of(reason: &RevocationReason, context: &Context<'_>) -> OpResult<Event> {
    let code = reason.revocation_reason_code;
    if !attributes::is_live(code, context.version) {
        return fail(Fault::InvalidField, format!("Revocation Reason Code {code} is not recognized"));
    }
    Ok(match code {
        RevocationReasonCode::KeyCompromise | RevocationReasonCode::CACompromise => Event::Compromise,
        _ => Event::Revoke,
    })
}
