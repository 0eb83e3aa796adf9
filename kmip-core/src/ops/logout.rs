//! Logout (KMIP 2.1 §6.1.31): the ticket is worth nothing any more.

use kmip_codec::operation::logout::{LogoutRequest, LogoutResponse};

use crate::batch::Context;
use crate::error::OpResult;
use crate::tickets::withdraw;

pub(super) fn logout(context: &mut Context<'_>, request: LogoutRequest) -> OpResult<LogoutResponse> {
    withdraw(context, &request.ticket)?;
    Ok(LogoutResponse {})
}
