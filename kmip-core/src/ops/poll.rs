//! Poll (KMIP 1.4 §4.28, KMIP 2.1 §6.1.38): the state of an asynchronous operation, or the answer that it would have got had it
//! been synchronous.
//!
//! A Poll ends the wait of a job in the queue. Work that is short is done at once, so that the first Poll has its result.

use kmip_codec::message::ResponseBatchItem;
use kmip_codec::operation::poll::PollRequest;

use crate::batch::{Context, pending_item};
use crate::error::{Fault, OpError, OpResult, StartJob, fail};
use crate::jobs::{self, Job, REPEATABLE_SECONDS, Stage};

pub(super) fn poll(context: &mut Context<'_>, request: PollRequest) -> OpResult<ResponseBatchItem> {
    let value = request.asynchronous_correlation_value;
    let Some((job, place)) = context.job_of(&value)? else { return super::no_request() };
    context.remark = Some(jobs::remark(&value));
    let (key, index) = (job.key(), context.engine.catalog.jobs());
    let Some(item) = job.items.get(place) else { return super::no_request() };
    if item.stage == Stage::Waiting {
        if index.is_running(&key) || index.is_hastened(&key) || context.is_several {
            index.hasten(&key);
            return Ok(pending_item(item.operation, None, value));
        }
        return Err(OpError::start_job(StartJob { key, to_the_end: false }));
    }
    if job.version != context.version {
        let message = format!("the request was made in KMIP {}: poll it in that version", job.version);
        return fail(Fault::FeatureNotSupported, message);
    }
    let answer = jobs::answer_of(context.engine, &job, place)?;
    if !item.obtained {
        let mut told = job.as_ref().clone();
        obtain(&mut told, place, context.now);
        context.txn.put_job(told);
    }
    Ok(answer)
}

/// Notes that the result of an item was given out. A job of which nothing is left to give ends soon.
pub(super) fn obtain(job: &mut Job, place: usize, now: i64) {
    if let Some(item) = job.items.get_mut(place) {
        item.obtained = true;
    }
    if job.items.iter().all(|item| item.obtained) {
        job.expires = job.expires.min(now.saturating_add(REPEATABLE_SECONDS));
    }
}
