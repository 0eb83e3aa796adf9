//! Archive (KMIP 1.4 §4.22, KMIP 2.1 §6.1.4): an object goes to archival storage, and is of no use until it is recovered. This
//! server archives at once; its attributes stay readable (OASIS case TC-101).

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::archive::{ArchiveRequest, ArchiveResponse};
use kmip_codec::value::DateTime;

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::{archive, attributes, state};

pub(super) fn archive(context: &mut Context<'_>, request: ArchiveRequest) -> OpResult<ArchiveResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let mut record = context.txn.object(&id)?.as_ref().clone();
    state::must_be_online(&record)?;
    if record.destroyed {
        return fail(Fault::ObjectDestroyed, format!("the object {:?} was destroyed", id.as_str()));
    }
    archive::put_away(context, &mut record)?;
    record.set(Attribute::ArchiveDate(DateTime(context.now)));
    attributes::touch(&mut record, context.now);
    context.effects.end_key(&record.scope, &id);
    context.txn.put(record)?;
    Ok(ArchiveResponse { unique_identifier: UniqueIdentifier::Text(id) })
}
