//! Set Constraints (KMIP 2.1 §6.1.52): what new objects must meet. See [`crate::policy`].

use kmip_codec::operation::set_constraints::{SetConstraintsRequest, SetConstraintsResponse};

use crate::batch::Context;
use crate::error::OpResult;
use crate::policy;

pub(super) fn set_constraints(
    context: &mut Context<'_>,
    request: SetConstraintsRequest,
) -> OpResult<SetConstraintsResponse> {
    policy::set_constraints(context, request.constraints)?;
    Ok(SetConstraintsResponse {})
}
