//! Deactivate (KMIP 3.0): the use of an object ends, now or at a date to come.
//!
//! The tables of 3.0 give the fields alone. As with Revoke of 2.1 (§6.1.44), an object whose use ends now must be Active; a
//! date to come is a Deactivation Date like any other, which a Pre-Active object may have, too (KMIP 3.0 §4.20).

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{DeactivationReason, UniqueIdentifier};
use kmip_codec::operation::deactivate::{DeactivateRequest, DeactivateResponse};
use kmip_codec::registry::{DeactivationReasonCode, ObjectType, State, Tag};
use kmip_codec::value::DateTime;

use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::state::{self, Event};

pub(super) fn deactivate(context: &mut Context<'_>, request: DeactivateRequest) -> OpResult<DeactivateResponse> {
    let reason = request.deactivation_reason.unwrap_or(DeactivationReason {
        deactivation_reason_code: DeactivationReasonCode::Unspecified,
        deactivation_message: None,
    });
    let code = reason.deactivation_reason_code;
    if !attributes::is_live(code, context.version) {
        return fail(Fault::InvalidField, format!("Deactivation Reason Code {code} is not recognized"));
    }
    let id = context.target(Some(&request.unique_identifier))?;
    let mut record = context.txn.object(&id)?.as_ref().clone();
    if record.object_type == ObjectType::Template {
        return fail(Fault::WrongObjectType, "a template has no state");
    }
    let date = request.deactivation_date.unwrap_or(DateTime(context.now));
    let before = state::at(&record, context.now);
    let comes = date.0 > context.now;
    if !(comes && before == State::PreActive) {
        state::after(before, Event::Deactivate)?;
    }
    record.set(Attribute::DeactivationDate(date));
    record.set(Attribute::DeactivationReason(reason));
    if !comes {
        attributes::bound_use(&mut record);
    }
    if attributes::check_date(&record, Tag::DeactivationDate).is_err() {
        return fail(Fault::InvalidField, "Deactivation Date is earlier than a date before which use cannot end");
    }
    attributes::touch(&mut record, context.now);
    if !comes {
        context.effects.end_key(&record.scope, &id);
    }
    context.txn.put(record)?;
    Ok(DeactivateResponse { unique_identifier: UniqueIdentifier::Text(id) })
}
