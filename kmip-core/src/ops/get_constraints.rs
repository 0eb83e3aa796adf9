//! Get Constraints (KMIP 2.1 §6.1.22): what new objects must meet, as Set Constraints said it.

use kmip_codec::operation::get_constraints::{GetConstraintsRequest, GetConstraintsResponse};
use kmip_codec::operation::set_constraints::Constraints;

use crate::batch::Context;
use crate::error::OpResult;
use crate::policy;

pub(super) fn get_constraints(context: &mut Context<'_>, _: GetConstraintsRequest) -> OpResult<GetConstraintsResponse> {
    let constraint = policy::current(context)?.constraints;
    Ok(GetConstraintsResponse { constraints: Constraints { constraint } })
}
