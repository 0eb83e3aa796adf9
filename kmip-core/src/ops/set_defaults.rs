//! Set Defaults (KMIP 2.1 §6.1.53): the attributes that new objects get where a request leaves them out. Without Defaults
//! Information all defaults go. See [`crate::policy`].

use kmip_codec::operation::set_defaults::{DefaultsInformation, SetDefaultsRequest, SetDefaultsResponse};

use crate::batch::Context;
use crate::error::OpResult;
use crate::policy;

pub(super) fn set_defaults(context: &mut Context<'_>, request: SetDefaultsRequest) -> OpResult<SetDefaultsResponse> {
    let none = DefaultsInformation { object_defaults: Vec::new() };
    policy::set_defaults(context, request.defaults_information.unwrap_or(none))?;
    Ok(SetDefaultsResponse {})
}
