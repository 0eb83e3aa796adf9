//! Which items of a request become a job, and how they are accepted.

use kmip_codec::inline::Text;
use kmip_codec::message::{AsynchronousMode, RequestBatchItem, RequestHeader, RequestItem, ResponseBatchItem};
use kmip_codec::registry::{AsynchronousIndicator, BatchErrorContinuationOption, Operation};
use kmip_codec::version::Version;

use super::content::{self, Asked};
use super::record::{Job, JobItem, Stage};
use super::{correlation_value, remark};
use crate::batch::{Context, failed_item, pending_item};
use crate::budget::told_shortly;
use crate::engine::{AuditEntry, Engine};
use crate::env::{Pace, Work};
use crate::ephemeral;
use crate::error::{Defer, OpError, OpResult};
use crate::identity::Principal;
use crate::make;
use crate::quota::{Amount, Claim};
use crate::repeats;

/// Operations that are about asynchronous requests, and never asynchronous themselves (KMIP 2.1 §6.1.5, §6.1.38). The text does
/// not say so of Process and Query Asynchronous Requests; a job that waits for jobs would serve nobody.
const SYNCHRONOUS: [Operation; 4] =
    [Operation::Poll, Operation::Cancel, Operation::Process, Operation::QueryAsynchronousRequests];

/// Whether an operation can be asynchronous.
fn is_asynchronous(operation: Operation) -> bool {
    !SYNCHRONOUS.contains(&operation)
}

/// The asynchronous items of a request while it is evaluated.
pub(crate) struct Accepting {
    /// The first item that is asynchronous; none if it is not below the number of items.
    from: usize,
    /// Why no more items are accepted.
    refusal: Option<OpError>,
    /// The room that they take of what the client may have.
    claim: Option<Claim>,
    continuation: BatchErrorContinuationOption,
    id: Option<Text>,
    items: Vec<RequestBatchItem>,
    /// Places of the answers to the items.
    answers: Vec<usize>,
}

impl Accepting {
    /// Decides for a request of so many bytes.
    pub fn new(
        engine: &Engine,
        header: &RequestHeader,
        asked: &[RequestItem],
        principal: &Principal,
        bytes: usize,
    ) -> Self {
        let continuation = header.batch_error_continuation_option.unwrap_or(BatchErrorContinuationOption::Stop);
        let mode =
            header.asynchronous_indicator.map_or(AsynchronousIndicator::Prohibited, |AsynchronousMode(mode)| mode);
        let (refusal, claim, id, items, answers) = Default::default();
        let mut decided = Self { from: usize::MAX, refusal, claim, continuation, id, items, answers };
        let settings = &engine.config.asynchronous;
        let first = match mode {
            AsynchronousIndicator::Mandatory => Some(0),
            AsynchronousIndicator::Optional => {
                let is_slow = |item: &RequestBatchItem| {
                    settings.operations.contains(&item.operation) && is_asynchronous(item.operation)
                };
                let first = asked.iter().position(|item| item.as_ref().is_ok_and(is_slow));
                let first =
                    first.map(|first| if continuation == BatchErrorContinuationOption::Undo { 0 } else { first });
                // What is to be done for several objects is done at once: a job answers for as many items as were asked for.
                first.filter(|first| !asked.iter().skip(*first).flatten().any(repeats::may_be_several))
            }
            _ => None,
        };
        let Some(first) = first else { return decided };
        let tail = asked.iter().skip(first).flatten();
        let wanted = Amount { items: tail.filter(|item| is_asynchronous(item.operation)).count(), bytes };
        match engine.catalog.jobs().admit(&principal.client, wanted, settings) {
            Ok(claim) => (decided.from, decided.claim) = (first, Some(claim)),
            Err(error) if mode == AsynchronousIndicator::Mandatory => {
                (decided.from, decided.refusal) = (first, Some(error));
            }
            // The server may process the request synchronously, too.
            Err(_) => {}
        }
        decided
    }

    /// The first item that is asynchronous; none if it is not below the number of items.
    pub fn from(&self) -> usize {
        self.from
    }

    /// Whether the item at a place is to be accepted instead of being run. One that could not be written down as it came, which
    /// is more than the specification permits, is answered at once.
    pub fn takes(&self, place: usize, item: &RequestBatchItem, version: Version) -> bool {
        place >= self.from && is_asynchronous(item.operation) && content::reads_back(item, version)
    }

    /// The answer to an item that is accepted next: it is pending.
    pub fn pending(&mut self, context: &mut Context<'_>, item: &RequestBatchItem) -> OpResult<ResponseBatchItem> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        ephemeral::wanted(item.ephemeral)?;
        let id = match &self.id {
            Some(id) => id.clone(),
            None => {
                let waits = context.engine.vault.waits();
                if waits.to_use && !(waits.prompt && context.txn.pace() == Pace::Prompt) {
                    context.txn.work(Work::Device)?;
                }
                self.id.insert(make::new_id(context.engine.vault.as_ref())?).clone()
            }
        };
        let value = correlation_value(&id, self.items.len());
        context.remark = Some(remark(&value));
        Ok(pending_item(item.operation, item.unique_batch_item_id.clone(), value))
    }

    /// Accepts an item, whose answer stands at a place.
    pub fn take(&mut self, item: RequestBatchItem, answer: usize) {
        self.items.push(item);
        self.answers.push(answer);
    }

    /// Stores what was accepted. If that fails, the items fail; an error means that the request must come again.
    pub fn close(
        self,
        context: &mut Context<'_>,
        answers: &mut [ResponseBatchItem],
        audit: &mut [AuditEntry],
    ) -> Result<(), Defer> {
        let (places, version) = (self.answers.clone(), context.version);
        let error = match self.store(context) {
            Ok(()) => return Ok(()),
            Err(OpError { defer: Some(defer), .. }) => return Err(defer),
            Err(error) => error,
        };
        for place in places {
            let (Some(answer), Some(entry)) = (answers.get_mut(place), audit.get_mut(place)) else { continue };
            // No longer than the answer that it takes the place of.
            *answer = told_shortly(failed_item(answer.operation, answer.unique_batch_item_id.take(), version, &error));
            (entry.status, entry.reason) = (answer.result_status, answer.result_reason);
            entry.message = Some(error.message.clone());
        }
        Ok(())
    }

    fn store(self, context: &mut Context<'_>) -> OpResult<()> {
        let Some(id) = self.id else { return Ok(()) };
        let waiting = |item: &RequestBatchItem| JobItem {
            operation: item.operation,
            stage: Stage::Waiting,
            obtained: false,
            reason: None,
            left_out: ephemeral::wanted(item.ephemeral).unwrap_or(None),
        };
        let settings = &context.engine.config.asynchronous;
        let after = |seconds: u32| context.now.saturating_add(i64::from(seconds));
        // The time has seconds: one more, so that a job waits for no less than it should.
        let wait = if settings.wait_seconds == 0 { 0 } else { settings.wait_seconds.saturating_add(1) };
        let mut job = Job {
            id,
            scope: context.txn.scope().clone(),
            client: context.principal.client.clone(),
            user: context.principal.user.clone(),
            ticket: context.principal.ticket.as_ref().map(|ticket| *ticket.key()),
            version: context.version,
            continuation: self.continuation,
            renewals: context.principal.renewals,
            submitted: context.now,
            starts: after(wait),
            expires: after(settings.keep_seconds.max(wait)),
            tries: 0,
            items: self.items.iter().map(waiting).collect(),
            message: None,
            sealed: None,
        };
        let asked = Asked {
            placeholder: context.placeholder.clone(),
            given: context.given.clone(),
            results: context.results.clone(),
            items: self.items,
        };
        job.sealed = Some(content::seal_request(context.engine.vault.as_ref(), &job, &asked)?);
        context.principal.depend(&mut context.txn)?;
        context.txn.put_job(job);
        context.quota_claims.extend(self.claim);
        Ok(())
    }
}
