//! Log (KMIP 2.1 §6.1.29): the client's message goes to the server's audit log.

use kmip_codec::operation::log::{LogRequest, LogResponse};

use crate::batch::Context;
use crate::error::OpResult;

pub(super) fn log(context: &mut Context<'_>, request: LogRequest) -> OpResult<LogResponse> {
    context.remark = Some(request.log_message.as_str().to_owned());
    Ok(LogResponse {})
}
