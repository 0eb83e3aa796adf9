//! Add Attribute (KMIP 1.4 §4.14, KMIP 2.1 §6.1.2): a new attribute, or a new instance of one.

use kmip_codec::attribute::Attribute;
use kmip_codec::operation::add_attribute::{AddAttributeRequest, AddAttributeResponse};

use crate::attribute_change::{self, Edit};
use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};

pub(super) fn add_attribute(context: &mut Context<'_>, request: AddAttributeRequest) -> OpResult<AddAttributeResponse> {
    let new = attribute_change::only(request.new_attribute, "the attribute to add")?;
    if new.index.is_some() {
        return fail(Fault::InvalidField, "the server chooses the Attribute Index of a new attribute");
    }
    let mut edit = Edit::open(context, request.unique_identifier.as_ref())?;
    let attribute = attributes::resolve_link(context, new.attribute)?;
    if let Attribute::OperationPolicyName(_) = &attribute {
        edit.yield_default_policy(context.principal.quirks)?;
    }
    let added = edit.add(attribute)?;
    let attribute = edit.answered(&added);
    Ok(AddAttributeResponse { unique_identifier: edit.close(context)?, attribute })
}
