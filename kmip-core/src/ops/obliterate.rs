//! Obliterate (KMIP 3.0): the object goes with all that the server knows of it; afterwards it never was.
//!
//! The tables of 3.0 give the fields alone. What use of the object would forbid Destroy (KMIP 2.1 §6.1.15) forbids this, too.

use kmip_codec::operation::obliterate::{ObliterateRequest, ObliterateResponse};
use kmip_codec::registry::ObjectType;

use crate::batch::Context;
use crate::error::OpResult;
use crate::issued;
use crate::state::{self, Event};

pub(super) fn obliterate(context: &mut Context<'_>, request: ObliterateRequest) -> OpResult<ObliterateResponse> {
    let id = context.target(Some(&request.unique_identifier))?;
    let mut record = context.txn.object(&id)?.as_ref().clone();
    if !record.destroyed {
        state::must_be_online(&record)?;
    }
    if record.object_type != ObjectType::Template {
        state::after(state::at(&record, context.now), Event::Obliterate)?;
    }
    issued::detach(context, &record, None)?;
    super::destroy::remove_material(context, &mut record);
    context.effects.end_key(&record.scope, &id);
    context.txn.remove(&id)?;
    Ok(ObliterateResponse {})
}
