//! Modify Attribute (KMIP 1.4 §4.15, KMIP 2.1 §6.1.34): a new value for one instance of an attribute.

use kmip_codec::attribute::{Attribute, AttributeReference, Bag};
use kmip_codec::operation::modify_attribute::{ModifyAttributeRequest, ModifyAttributeResponse};
use kmip_codec::version::V2_0;

use crate::attribute_change::{self, Edit, Which};
use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};

pub(super) fn modify_attribute(
    context: &mut Context<'_>,
    request: ModifyAttributeRequest,
) -> OpResult<ModifyAttributeResponse> {
    let new = attribute_change::only(request.new_attribute, "the new value of the attribute")?;
    let current = current_of(context, request.current_attribute, &new.attribute)?;
    attribute_change::check_index(context, new.index)?;
    let mut edit = Edit::open(context, request.unique_identifier.as_ref())?;
    let which = match &current {
        Some(current) => Which::Value(current),
        None if context.version < V2_0 => edit.by_index(&AttributeReference::of(&new.attribute), new.index),
        None => Which::Only,
    };
    let modified = edit.modify(which, attributes::resolve_link(context, new.attribute)?)?;
    let attribute = edit.answered(&modified);
    Ok(ModifyAttributeResponse { unique_identifier: edit.close(context)?, attribute })
}

/// The present value that a request names: of the attribute that it changes.
fn current_of(context: &mut Context<'_>, current: Option<Bag>, new: &Attribute) -> OpResult<Option<Attribute>> {
    let Some(current) = current else { return Ok(None) };
    let current = attribute_change::only(Some(current), "Current Attribute")?.attribute;
    let reference = |attribute| AttributeReference::in_version(attribute, context.version);
    if reference(&current) != reference(new) {
        return fail(Fault::InvalidField, "Current Attribute and New Attribute are two different attributes");
    }
    attributes::resolve_link(context, current).map(Some)
}
