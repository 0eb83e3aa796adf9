//! Query Asynchronous Requests (KMIP 2.1 §6.1.41).

use crate::attribute::values::Operations;
use crate::macros::record;
use crate::registry::{Operation, ProcessingStage};
use crate::value::{ByteString, DateTimeExtended};

record! {
    /// Request payload of Query Asynchronous Requests (KMIP 2.1 §6.1.41). Since KMIP 2.1.
    QueryAsynchronousRequestsRequest "Query Asynchronous Requests Request Payload" {
        asynchronous_correlation_values: Option<AsynchronousCorrelationValues> = tag(AsynchronousCorrelationValues),
        operations: Option<Operations> = tag(Operations),
    }

    /// Response payload of Query Asynchronous Requests (KMIP 2.1 §6.1.41). Since KMIP 2.1.
    QueryAsynchronousRequestsResponse "Query Asynchronous Requests Response Payload" {
        asynchronous_request: Vec<AsynchronousRequest> = tag(AsynchronousRequest),
    }

    /// Asynchronous Correlation Values (KMIP 2.1 §7.1).
    AsynchronousCorrelationValues "Asynchronous Correlation Values" {
        asynchronous_correlation_value: Vec<ByteString> = tag(AsynchronousCorrelationValue),
    }

    /// Asynchronous Request (KMIP 2.1 §7.2).
    AsynchronousRequest "Asynchronous Request" {
        asynchronous_correlation_value: ByteString = tag(AsynchronousCorrelationValue),
        operation: Operation = tag(Operation),
        submission_date: DateTimeExtended = tag(SubmissionDate),
        processing_stage: ProcessingStage = tag(ProcessingStage),
    }
}
