//! Process (KMIP 2.1 §6.1.39): has an asynchronous operation done now, so that the next Poll has its result.
//!
//! The items of a request are one job in their order, so that those before and behind it are done, too ("this may have
//! processing implications for other items in that same batch"). One that is done already needs nothing more: the error table
//! does not list Duplicate Process Request, and the client has what it asked for.

use kmip_codec::operation::process::{ProcessRequest, ProcessResponse};

use crate::batch::Context;
use crate::error::{OpError, OpResult, StartJob};
use crate::jobs::{self, Stage};

pub(super) fn process(context: &mut Context<'_>, request: ProcessRequest) -> OpResult<ProcessResponse> {
    let value = request.asynchronous_correlation_value;
    let Some((job, place)) = context.job_of(&value)? else { return super::no_request() };
    context.remark = Some(jobs::remark(&value));
    match job.items.get(place).map(|item| item.stage) {
        None => super::no_request(),
        Some(Stage::Waiting) => Err(OpError::start_job(StartJob { key: job.key(), to_the_end: true })),
        Some(Stage::Canceled | Stage::Succeeded | Stage::Failed) => Ok(ProcessResponse {}),
    }
}
