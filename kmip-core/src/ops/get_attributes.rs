//! Get Attributes (KMIP 1.4 §4.12, KMIP 2.1 §6.1.20): values of the attributes named, or of all.

use kmip_codec::attribute::Bag;
use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::get_attributes::{GetAttributesRequest, GetAttributesResponse};

use crate::attributes;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};

pub(super) fn get_attributes(
    context: &mut Context<'_>,
    request: GetAttributesRequest,
) -> OpResult<GetAttributesResponse> {
    let wanted = &request.attribute_references;
    let repeated = wanted.iter().enumerate().find(|(at, reference)| wanted.iter().take(*at).any(|w| w == *reference));
    if let Some((_, reference)) = repeated {
        let message = format!("the attribute {:?} is asked for twice", reference.name().as_str());
        return fail(Fault::InvalidMessage, message);
    }
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = context.txn.view(&id)?;
    let all = context.visible(&view);
    let answered = |instance| attributes::in_answer(instance, view.object_type, context.version);
    let items = if wanted.is_empty() {
        all.iter().map(answered).collect()
    } else {
        let named = |reference| attributes::named(&all, reference, context.version);
        wanted.iter().flat_map(named).map(answered).collect()
    };
    Ok(GetAttributesResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        attributes: Some(Bag { items, ..Bag::default() }),
    })
}
