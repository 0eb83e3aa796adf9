//! Re-key (KMIP 1.4 §4.4, KMIP 2.1 §6.1.46): a new key takes the place of a symmetric key.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::rekey::{ReKeyRequest, ReKeyResponse};
use kmip_codec::registry::{ObjectType, Operation};

use crate::batch::Context;
use crate::error::OpResult;
use crate::{custody, make, replacement};

pub(super) fn rekey(context: &mut Context<'_>, request: ReKeyRequest) -> OpResult<ReKeyResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let mut existing = replacement::existing(context, &id, ObjectType::SymmetricKey)?;
    let permitted = custody::permitted_for_replacement(request.protection_storage_masks.as_ref(), &existing)?;
    make::require_raw(request.attributes.as_ref())?;
    let bags = [request.attributes.as_ref()];
    let mut record = replacement::replace(context, &mut existing, &bags, request.offset)?;
    super::create::generate(context, &mut record, permitted)?;
    let id = record.id.clone();
    context.txn.put(existing)?;
    make::put(context, record)?;
    context.give(Operation::ReKey, &id);
    Ok(ReKeyResponse { unique_identifier: UniqueIdentifier::Text(id), attributes: None })
}
