//! Get Attribute List (KMIP 1.4 §4.13, KMIP 2.1 §6.1.21): the names of the attributes that an object has, each once.

use kmip_codec::attribute::AttributeReference;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::get_attribute_list::{GetAttributeListRequest, GetAttributeListResponse};

use crate::batch::Context;
use crate::error::OpResult;

pub(super) fn get_attribute_list(
    context: &mut Context<'_>,
    request: GetAttributeListRequest,
) -> OpResult<GetAttributeListResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = context.txn.view(&id)?;
    let mut attribute_references: Vec<AttributeReference> = Vec::new();
    for instance in context.visible(&view) {
        let reference = AttributeReference::in_version(&instance.attribute, context.version);
        if !attribute_references.contains(&reference) {
            attribute_references.push(reference);
        }
    }
    Ok(GetAttributeListResponse { unique_identifier: UniqueIdentifier::Text(id), attribute_references })
}
