//! Login (KMIP 2.1 §6.1.30): a ticket with which later requests of the client authenticate.

use kmip_codec::operation::login::{LoginRequest, LoginResponse};

use crate::batch::Context;
use crate::error::OpResult;
use crate::tickets::{Terms, issue};

pub(super) fn login(context: &mut Context<'_>, request: LoginRequest) -> OpResult<LoginResponse> {
    let terms = Terms { lease: request.lease_time, requests: request.request_count, limit: request.usage_limits };
    Ok(LoginResponse { ticket: issue(context, &terms, None)? })
}
