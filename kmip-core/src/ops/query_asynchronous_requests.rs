//! Query Asynchronous Requests (KMIP 2.1 §6.1.41): the requests of this client and user whose results were not obtained yet, by
//! Poll or Cancel.
//!
//! Both parameters together select what matches both. An empty list selects as much as none: the text allows it and does not
//! say what it means.

use kmip_codec::operation::query_asynchronous_requests::{
    AsynchronousRequest, QueryAsynchronousRequestsRequest, QueryAsynchronousRequestsResponse,
};
use kmip_codec::registry::ProcessingStage;
use kmip_codec::value::DateTimeExtended;

use crate::batch::Context;
use crate::error::OpResult;
use crate::jobs::{Stage, correlation_value};

/// Submission Date has microseconds.
const MICROSECONDS: i64 = 1_000_000;

pub(super) fn query_asynchronous_requests(
    context: &mut Context<'_>,
    request: QueryAsynchronousRequestsRequest,
) -> OpResult<QueryAsynchronousRequestsResponse> {
    let values =
        request.asynchronous_correlation_values.map_or(Vec::new(), |values| values.asynchronous_correlation_value);
    let operations = request.operations.map_or(Vec::new(), |operations| operations.operation);
    let mut asynchronous_request = Vec::new();
    for (job, is_running) in context.engine.catalog.jobs().of(&context.principal) {
        if job.expires <= context.now {
            continue;
        }
        for (place, item) in job.items.iter().enumerate().filter(|(_, item)| !item.obtained) {
            let asynchronous_correlation_value = correlation_value(&job.id, place);
            let is_wanted = (values.is_empty() || values.contains(&asynchronous_correlation_value))
                && (operations.is_empty() || operations.contains(&item.operation));
            if !is_wanted {
                continue;
            }
            asynchronous_request.push(AsynchronousRequest {
                asynchronous_correlation_value,
                operation: item.operation,
                submission_date: DateTimeExtended(job.submitted.saturating_mul(MICROSECONDS)),
                processing_stage: match item.stage {
                    Stage::Waiting if is_running => ProcessingStage::InProcess,
                    Stage::Waiting => ProcessingStage::Submitted,
                    Stage::Canceled | Stage::Succeeded | Stage::Failed => ProcessingStage::Completed,
                },
            });
        }
    }
    Ok(QueryAsynchronousRequestsResponse { asynchronous_request })
}
