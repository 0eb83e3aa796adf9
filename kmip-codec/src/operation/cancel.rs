//! Cancel (KMIP 2.1 §6.1.5).

use crate::macros::record;
use crate::registry::CancellationResult;
use crate::value::ByteString;

record! {
    /// Request payload of Cancel (KMIP 2.1 §6.1.5).
    CancelRequest "Cancel Request Payload" {
        asynchronous_correlation_value: ByteString = tag(AsynchronousCorrelationValue),
    }

    /// Response payload of Cancel (KMIP 2.1 §6.1.5).
    CancelResponse "Cancel Response Payload" {
        asynchronous_correlation_value: ByteString = tag(AsynchronousCorrelationValue),
        cancellation_result: CancellationResult = tag(CancellationResult),
    }
}
