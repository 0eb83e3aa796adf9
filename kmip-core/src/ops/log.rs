//! Log (KMIP 2.1 §6.1.29): the client's message goes to the server's audit log.

use kmip_codec::operation::log::{LogRequest, LogResponse};

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};

/// Bytes of a message: each stands in a line of the log.
const LONGEST: usize = 4 * 1024;

pub(super) fn log(context: &mut Context<'_>, request: LogRequest) -> OpResult<LogResponse> {
    if request.log_message.len() > LONGEST {
        return fail(Fault::InvalidField, format!("a Log Message has {LONGEST} bytes at most"));
    }
    context.remark = Some(request.log_message.as_str().to_owned());
    Ok(LogResponse {})
}
