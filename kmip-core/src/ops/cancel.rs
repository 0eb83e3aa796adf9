//! Cancel (KMIP 1.4 §4.27, KMIP 2.1 §6.1.5): takes an asynchronous operation back, if it has not begun.
//!
//! An unknown correlation value has two answers in the text: the Cancellation Result Unavailable, of every version, and the
//! reason Invalid Asynchronous Correlation Value of 2.x. Unavailable is what "did not match any recently pending or completed
//! asynchronous operations" (§11.7); the failure is for what cannot be a value that this server gave.

use kmip_codec::operation::cancel::{CancelRequest, CancelResponse};
use kmip_codec::registry::{CancellationResult, ResultReason};

use kmip_codec::version::V2_0;

use crate::batch::Context;
use crate::error::OpResult;
use crate::jobs::{self, Stage};

pub(super) fn cancel(context: &mut Context<'_>, request: CancelRequest) -> OpResult<CancelResponse> {
    let asynchronous_correlation_value = request.asynchronous_correlation_value;
    if context.version >= V2_0 && jobs::correlated(&asynchronous_correlation_value).is_none() {
        return super::no_request();
    }
    context.remark = Some(jobs::remark(&asynchronous_correlation_value));
    let found = context.job_of(&asynchronous_correlation_value)?;
    let cancellation_result = match &found {
        None => CancellationResult::Unavailable,
        Some((job, place)) => match job.items.get(*place).map(|item| item.stage) {
            None => CancellationResult::Unavailable,
            Some(Stage::Succeeded) => CancellationResult::Completed,
            Some(Stage::Failed) => CancellationResult::Failed,
            Some(Stage::Canceled) => CancellationResult::Canceled,
            Some(Stage::Waiting) if context.engine.catalog.jobs().is_running(&job.key()) => {
                CancellationResult::UnableToCancel
            }
            Some(Stage::Waiting) => {
                let mut canceled = job.as_ref().clone();
                if let Some(item) = canceled.items.get_mut(*place) {
                    item.stage = Stage::Canceled;
                    item.reason = Some(ResultReason::OperationCanceledByRequester);
                }
                super::poll::obtain(&mut canceled, *place, context.now);
                if !canceled.is_waiting() {
                    // What nobody will ask for need not be kept.
                    canceled.sealed = None;
                }
                context.txn.put_job(canceled);
                CancellationResult::Canceled
            }
        },
    };
    Ok(CancelResponse { asynchronous_correlation_value, cancellation_result })
}
