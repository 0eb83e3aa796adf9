//! Recover (KMIP 1.4 §4.23, KMIP 2.1 §6.1.42): an archived object is on-line again; its Archive Date goes (§4.5). An object that
//! is on-line stays so: no table has a reason to refuse that.

use kmip_codec::attribute::AttributeReference;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::recover::{RecoverRequest, RecoverResponse};
use kmip_codec::registry::Tag;

use crate::batch::Context;
use crate::error::OpResult;
use crate::object::attribute_of;
use crate::{archive, attributes};

pub(super) fn recover(context: &mut Context<'_>, request: RecoverRequest) -> OpResult<RecoverResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let mut record = context.txn.object(&id)?.as_ref().clone();
    if attribute_of!(record, ArchiveDate).is_some() {
        archive::bring_back(context, &mut record)?;
        record.remove(&AttributeReference::Tag(Tag::ArchiveDate), |_| true);
        attributes::touch(&mut record, context.now);
        context.txn.put(record)?;
    }
    context.placeholder = Some(id.clone());
    Ok(RecoverResponse { unique_identifier: UniqueIdentifier::Text(id) })
}
