//! Activate (KMIP 1.4 §4.19, KMIP 2.1 §6.1.1).

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::activate::{ActivateRequest, ActivateResponse};
use kmip_codec::registry::{ObjectType, Tag};
use kmip_codec::value::DateTime;

use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::state::{self, Event};

pub(super) fn activate(context: &mut Context<'_>, request: ActivateRequest) -> OpResult<ActivateResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let mut record = context.txn.object(&id)?.as_ref().clone();
    state::must_be_online(&record)?;
    if record.object_type == ObjectType::Template {
        return fail(Fault::WrongObjectType, "a template has no state");
    }
    state::after(state::at(&record, context.now), Event::Activate)?;
    let now = DateTime(context.now);
    if record.date(Tag::DeactivationDate).is_some_and(|date| date <= now) {
        return fail(Fault::WrongState, "the Deactivation Date of the object has passed");
    }
    record.set(Attribute::ActivationDate(now));
    attributes::bound_use(&mut record);
    attributes::touch(&mut record, context.now);
    context.txn.put(record)?;
    Ok(ActivateResponse { unique_identifier: UniqueIdentifier::Text(id) })
}
