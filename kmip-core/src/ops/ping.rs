//! Ping (KMIP 2.1 §6.1.36): the server is there and answers.

use kmip_codec::operation::ping::{PingRequest, PingResponse};

use crate::batch::Context;
use crate::error::OpResult;

pub(super) fn ping(_: &mut Context<'_>, _: PingRequest) -> OpResult<PingResponse> {
    Ok(PingResponse {})
}
