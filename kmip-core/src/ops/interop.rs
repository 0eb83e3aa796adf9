//! Interop (KMIP 2.1 §6.1.26): the frame of an interoperability test. Enabled by configuration only, never in production.

use kmip_codec::operation::interop::{InteropRequest, InteropResponse};
use kmip_codec::registry::{InteropFunction, Operation};

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};

pub(super) fn interop(context: &mut Context<'_>, request: InteropRequest) -> OpResult<InteropResponse> {
    if !context.engine.config.interop {
        let message = format!("{} is switched off; [kmip] interop = true enables it for tests", Operation::Interop);
        return fail(Fault::OperationNotSupported, message);
    }
    match request.interop_function {
        InteropFunction::Begin | InteropFunction::End => {
            context.remark = Some(format!("{} {}", request.interop_function, request.interop_identifier));
            Ok(InteropResponse {})
        }
        InteropFunction::Reset => reset(context),
        other => fail(Fault::InvalidField, format!("Interop Function {other} is not recognized")),
    }
}

/// Destroys every object of the client's scope, whatever its state.
fn reset(context: &mut Context<'_>) -> OpResult<InteropResponse> {
    context.txn.long_work()?;
    let scope = context.txn.scope().clone();
    let all = context.txn.catalog().index().candidates(&scope, &[], true, false);
    for id in all {
        let Some(record) = context.txn.find(&id)? else { continue };
        let mut record = record.as_ref().clone();
        super::destroy::remove_material(context, &mut record);
        context.txn.put(record)?;
    }
    Ok(InteropResponse {})
}
