//! How a job runs: its items as one batch, on one overlay, whose change carries the results.

use std::sync::Arc;

use kmip_codec::inline::Text;
use kmip_codec::message::{RequestBatchItem, ResponseBatchItem};
use kmip_codec::registry::{BatchErrorContinuationOption, ResultReason, ResultStatus};

use super::content::{self, Asked};
use super::record::{Job, Stage};
use super::{JobKey, correlation_value, remark};
use crate::batch::{self, BatchOutcome, Context};
use crate::budget::Budget;
use crate::engine::{AuditEntry, Engine, Evaluation, Pending};
use crate::env::{Env, Pace, Work};
use crate::ephemeral;
use crate::error::{Defer, Fault, OpError, OpResult, fail};
use crate::identity::Principal;
use crate::ops;
use crate::quirks::Quirks;

/// What is told of an item that was cancelled.
const CANCELED: &str = "the operation was cancelled before it ran";
/// How many servers begin to run a job at most: they stopped while it ran.
const MOST_TRIES: i32 = 5;
/// What is told of an item behind one that failed.
const NOT_REACHED: &str = "an earlier item of the batch failed, and the batch ended there";

impl Engine {
    /// Evaluates a job, as [`Engine::evaluate`] does a request: what is to be committed, or that the work needs a pool. After
    /// the commit, [`Engine::finish`] says to evaluate it again; `None` says that nothing is left to do.
    pub fn evaluate_job(&self, key: &JobKey, env: Env) -> Option<Evaluation> {
        let seals = self.seals();
        self.evaluate_begun_job(key, env).map(|evaluation| evaluation.sealed_by(seals))
    }

    fn evaluate_begun_job(&self, key: &JobKey, env: Env) -> Option<Evaluation> {
        let now = self.now(env);
        let env = Env { now, ..env };
        let job = match self.context_of(key, env).txn.job(&key.id) {
            Ok(job) => job.filter(|job| job.is_waiting() && job.expires > now)?,
            Err(error) => {
                tracing::error!(error = %error.message, "an asynchronous request cannot run");
                return None;
            }
        };
        if !self.catalog.jobs().has_begun(key) {
            return self.begin(key, &job, env);
        }
        let waits = self.vault.waits();
        if waits.to_use && env.pace != Pace::Pool && !(waits.prompt && env.pace == Pace::Prompt) {
            return Some(Evaluation::Defer(Work::Device));
        }
        Some(match run(self, key, &job, env) {
            Ok(outcome) => self.commit_job(outcome, now),
            Err(Defer::Pool(work)) => Evaluation::Defer(work),
            Err(Defer::Intents(wanted)) => match self.intents_for(&job.scope, wanted, now) {
                Ok(evaluation) => evaluation,
                Err(error) => self.commit_job(refused(self, &job, env, &error)?, now),
            },
            Err(Defer::ArchiveKey) => match self.prepare_archive(&job.scope, now) {
                Ok(evaluation) => evaluation,
                Err(error) => self.commit_job(refused(self, &job, env, &error)?, now),
            },
            // No item of a job is one that runs jobs.
            Err(Defer::Job(_)) => return None,
            // Somebody else has run it, or cancelled a part of it.
            Err(Defer::JobChanged) => return self.evaluate_job(key, env),
            Err(Defer::Stale(guard)) => Evaluation::Commit(Box::new(Pending::after(guard, now))),
        })
    }

    /// The change after which a job can be run: it is durable that this server tries to, or that too many have. So a job that
    /// makes the server stop does not do so for ever.
    fn begin(&self, key: &JobKey, job: &Job, env: Env) -> Option<Evaluation> {
        if job.tries >= MOST_TRIES {
            let message = format!("the server stopped each of the {} times that it worked on this", job.tries);
            tracing::error!(client = %job.client, "{message}: the asynchronous request is given up");
            return Some(self.commit_job(refused(self, job, env, &OpError::new(Fault::Internal, message))?, env.now));
        }
        let mut context = self.context_of(key, env);
        // The record is read again, so that the commit depends on it.
        let mut begun = context.txn.job(&key.id).ok().flatten().filter(|now| now.as_ref() == job)?.as_ref().clone();
        begun.tries = begun.tries.saturating_add(1);
        context.txn.put_job(begun);
        Some(Evaluation::Commit(Box::new(Pending::again(context.txn.into_batch()?, env.now))))
    }

    /// The change that ends a job which cannot be run: its evaluation does not come to an end.
    pub fn give_up_job(&self, key: &JobKey, env: Env, why: &str) -> Option<Evaluation> {
        let now = self.now(env);
        let env = Env { now, ..env };
        let job = self.context_of(key, env).txn.job(&key.id).ok().flatten().filter(|job| job.is_waiting())?;
        Some(self.commit_job(refused(self, &job, env, &OpError::new(Fault::Internal, why))?, now))
    }

    fn context_of<'a>(&'a self, key: &'a JobKey, env: Env) -> Context<'a> {
        // Nobody's, until the client is authorised.
        let principal = Principal::new(Text::new(""), key.scope.clone(), Quirks::default());
        Context::new(self, key.id.as_bytes(), kmip_codec::version::V2_1, principal, env, (0, false))
    }
}

/// Runs the items. An error means that the job must be evaluated again.
fn run(engine: &Engine, key: &JobKey, job: &Arc<Job>, env: Env) -> Result<BatchOutcome, Defer> {
    let prepared = engine
        .authorize_again(job, env)
        .and_then(|principal| Ok((principal, content::open_request(engine.vault.as_ref(), job)?)));
    let (principal, asked) = match prepared {
        Ok((_, asked)) if asked.items.len() != job.items.len() => {
            let error = OpError::new(Fault::Internal, "the asynchronous request is damaged");
            return refused(engine, job, env, &error).ok_or(Defer::JobChanged);
        }
        Ok(prepared) => prepared,
        Err(OpError { defer: Some(defer), .. }) => return Err(defer),
        Err(error) => return refused(engine, job, env, &error).ok_or(Defer::JobChanged),
    };
    let items = asked.items.len();
    let keys = ops::keys_of(asked.items.iter());
    let mut context = Context::new(engine, key.id.as_bytes(), job.version, principal, env, (keys, items > 1));
    if let Some(ticket) = &context.principal.ticket {
        ticket.depend(&mut context.txn);
    }
    let ran = Ran::items(&mut context, job, asked)?;
    ran.close(context, job, env)
}

/// What the items came to.
struct Ran {
    answers: Vec<ResponseBatchItem>,
    audit: Vec<AuditEntry>,
    undone: bool,
}

impl Ran {
    fn items(context: &mut Context<'_>, job: &Job, asked: Asked) -> Result<Self, Defer> {
        (context.placeholder, context.given, context.results) = (asked.placeholder, asked.given, asked.results);
        let mut ran = Self { answers: Vec::with_capacity(job.items.len()), audit: Vec::new(), undone: false };
        let mut ended = false;
        for (place, (item, state)) in asked.items.into_iter().zip(&job.items).enumerate() {
            let unrun = match state.stage {
                Stage::Canceled => Some(OpError::new(Fault::Canceled, CANCELED)),
                _ if ended => Some(OpError::new(Fault::Internal, NOT_REACHED)),
                _ => None,
            };
            if let Some(error) = unrun {
                let id = item.unique_batch_item_id;
                ran.answers.push(batch::failed_item(Some(item.operation), id, job.version, &error));
                continue;
            }
            context.item = (place, 0);
            // Kept whole, and left out when it is told.
            let item = RequestBatchItem { ephemeral: None, ..item };
            let (answer, mut entry) = match batch::run_item(context, Ok(item), &mut Budget::unlimited(), None) {
                Ok(done) => done,
                Err(defer) => {
                    context.abandon_claims();
                    return Err(defer);
                }
            };
            entry.message.get_or_insert_with(|| remark(&correlation_value(&job.id, place)));
            if answer.result_status == ResultStatus::OperationFailed {
                ended = job.continuation != BatchErrorContinuationOption::Continue;
                ran.undone |= job.continuation == BatchErrorContinuationOption::Undo;
            }
            ran.answers.push(answer);
            ran.audit.push(entry);
        }
        Ok(ran)
    }

    /// The change: what the items changed, unless it is undone, and their results.
    fn close(mut self, mut context: Context<'_>, job: &Arc<Job>, env: Env) -> Result<BatchOutcome, Defer> {
        let engine = context.engine;
        if self.undone {
            batch::undo(&mut self.answers, &mut self.audit);
            context = context.undone(env);
        }
        match store(&mut context, job, &self.answers) {
            Ok(()) => Ok(batch::closed(context, self.answers, self.audit)),
            Err(OpError { defer: Some(defer), .. }) => {
                context.abandon_claims();
                Err(defer)
            }
            Err(error) => {
                let effects = context.undone(env).effects;
                let refused = refused(engine, job, env, &error).ok_or(Defer::JobChanged)?;
                Ok(BatchOutcome { effects, ..refused })
            }
        }
    }
}

/// Puts the results into the record, if there is room for them.
fn store(context: &mut Context<'_>, job: &Arc<Job>, answers: &Vec<ResponseBatchItem>) -> OpResult<()> {
    let engine = context.engine;
    // The record is read again, so that the commit depends on it.
    if context.txn.job(&job.id)?.is_none_or(|now| now != *job) {
        return Err(OpError::job_changed());
    }
    let mut done = job.as_ref().clone();
    for (item, answer) in done.items.iter_mut().zip(answers).filter(|(item, _)| item.stage == Stage::Waiting) {
        let succeeded = answer.result_status == ResultStatus::Success;
        item.stage = if succeeded { Stage::Succeeded } else { Stage::Failed };
    }
    let settings = &engine.config.asynchronous;
    done.expires = context.now.saturating_add(i64::from(settings.keep_seconds));
    done.sealed = Some(content::seal_answers(engine.vault.as_ref(), &done, answers)?);
    context.quota_claims.push(engine.catalog.jobs().admit_results(job, done.encode().len(), settings)?);
    context.txn.put_job(done);
    Ok(())
}

/// The change that ends a job without running it. It needs no vault, which may be the trouble.
fn refused(engine: &Engine, job: &Job, env: Env, error: &OpError) -> Option<BatchOutcome> {
    let principal = Principal {
        user: job.user.clone(),
        ..Principal::new(job.client.clone(), job.scope.clone(), Quirks::default())
    };
    let mut context = Context::new(engine, job.id.as_bytes(), job.version, principal, env, (0, false));
    context.txn.job(&job.id).ok().flatten().filter(|now| now.as_ref() == job)?;
    let mut done = job.clone();
    let mut audit = Vec::new();
    for (place, item) in done.items.iter_mut().enumerate().filter(|(_, item)| item.stage == Stage::Waiting) {
        let reason = error.fault.reason(job.version, Some(item.operation));
        (item.stage, item.reason) = (Stage::Failed, Some(reason));
        audit.push(AuditEntry {
            user: job.user.clone(),
            operation: Some(item.operation),
            object: None,
            status: ResultStatus::OperationFailed,
            reason: item.reason,
            message: Some(format!("{}: {}", remark(&correlation_value(&job.id, place)), error.message)),
        });
    }
    let keep = i64::from(engine.config.asynchronous.keep_seconds);
    (done.sealed, done.message) = (None, Some(Text::new(&error.message)));
    done.expires = context.now.saturating_add(keep);
    context.txn.put_job(done);
    Some(batch::closed(context, Vec::new(), audit))
}

/// The answer to an item of a job that has run, or will not run.
pub(crate) fn answer_of(engine: &Engine, job: &Job, place: usize) -> OpResult<ResponseBatchItem> {
    let Some(item) = job.items.get(place) else {
        return fail(Fault::Internal, "the asynchronous request has no such item");
    };
    let told = |reason: ResultReason, message: Text| {
        let error = OpError::new(Fault::Internal, message.as_str());
        let answer = batch::failed_item(Some(item.operation), None, job.version, &error);
        ResponseBatchItem { result_reason: Some(reason), ..answer }
    };
    if item.stage == Stage::Canceled {
        return Ok(told(ResultReason::OperationCanceledByRequester, Text::new(CANCELED)));
    }
    if let Some(reason) = item.reason {
        return Ok(told(reason, job.message.clone().unwrap_or_else(|| Text::new(""))));
    }
    let answers = content::open_answers(engine.vault.as_ref(), job)?;
    match answers.into_iter().nth(place) {
        Some(mut answer) => {
            ephemeral::leave_out(&mut answer, item.left_out, job.version);
            Ok(answer)
        }
        None => fail(Fault::Internal, "the result of the asynchronous request is damaged"),
    }
}
