//! Delete Attribute (KMIP 1.4 §4.16, KMIP 2.1 §6.1.13): one instance by index or value, or all of them by reference.

use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::operation::delete_attribute::{DeleteAttributeRequest, DeleteAttributeResponse};
use kmip_codec::version::{V1_0, V2_0, Version};

use crate::attribute_change::{self, Edit, Which};
use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};

pub(super) fn delete_attribute(
    context: &mut Context<'_>,
    request: DeleteAttributeRequest,
) -> OpResult<DeleteAttributeResponse> {
    let DeleteAttributeRequest { unique_identifier, current_attribute, attribute_references, attribute_index } =
        request;
    let current = match current_attribute {
        Some(bag) => {
            let current = attribute_change::only(Some(bag), "Current Attribute")?.attribute;
            Some(attributes::resolve_link(context, current)?)
        }
        None => None,
    };
    let reference = named(current.as_ref(), attribute_references, context.version)?;
    attribute_change::check_index(context, attribute_index)?;
    let mut edit = Edit::open(context, unique_identifier.as_ref())?;
    if context.version == V1_0 && attribute_index.is_none() && edit.count(&reference) > 1 {
        let message = format!("the attribute {:?} has several instances: give an index", reference.name().as_str());
        return fail(Fault::MultiValued, message);
    }
    let which = match &current {
        Some(current) => Which::Value(current),
        None if context.version < V2_0 => edit.by_index(&reference, attribute_index),
        None => Which::All,
    };
    let deleted = edit.delete(which, &reference)?;
    let attribute = edit.answered(&deleted);
    Ok(DeleteAttributeResponse { unique_identifier: edit.close(context)?, attribute })
}

/// The attribute that a request names, once; its value and a reference beside it must agree.
fn named(
    current: Option<&Attribute>,
    mut references: Vec<AttributeReference>,
    version: Version,
) -> OpResult<AttributeReference> {
    let of_value = current.map(|current| AttributeReference::in_version(current, version));
    let last = references.pop();
    if !references.is_empty() {
        return fail(Fault::InvalidMessage, "Delete Attribute takes one attribute at a time");
    }
    match (of_value, last) {
        (Some(of_value), Some(last)) if of_value != last => {
            fail(Fault::InvalidField, "Current Attribute and Attribute Reference are two different attributes")
        }
        (Some(reference), _) | (None, Some(reference)) => Ok(reference),
        (None, None) => fail(Fault::InvalidMessage, "Delete Attribute needs the attribute to delete"),
    }
}
