//! Set Attribute (KMIP 2.1 §6.1.51): adds an attribute that the object lacks, or changes its only instance.

use kmip_codec::attribute::AttributeReference;
use kmip_codec::operation::set_attribute::{SetAttributeRequest, SetAttributeResponse};

use crate::attribute_change::{self, Edit, Which};
use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};

pub(super) fn set_attribute(context: &mut Context<'_>, request: SetAttributeRequest) -> OpResult<SetAttributeResponse> {
    let new = attribute_change::only(request.new_attribute, "New Attribute")?;
    attribute_change::check_index(context, new.index)?;
    let mut edit = Edit::open(context, request.unique_identifier.as_ref())?;
    let attribute = attributes::resolve_link(context, new.attribute)?;
    let reference = AttributeReference::in_version(&attribute, context.version);
    match edit.count(&reference) {
        0 => edit.add(attribute)?,
        1 => edit.modify(Which::Only, attribute)?,
        several => {
            let message = format!("the attribute {:?} has {several} instances", reference.name().as_str());
            return fail(Fault::MultiValued, message);
        }
    };
    Ok(SetAttributeResponse { unique_identifier: edit.close(context)? })
}
