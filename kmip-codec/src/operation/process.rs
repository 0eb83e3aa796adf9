//! Process (KMIP 2.1 §6.1.39).

use crate::macros::record;
use crate::value::ByteString;

record! {
    /// Request payload of Process (KMIP 2.1 §6.1.39). Since KMIP 2.1.
    ProcessRequest "Process Request Payload" {
        asynchronous_correlation_value: ByteString = tag(AsynchronousCorrelationValue),
    }

    /// Response payload of Process (KMIP 2.1 §6.1.39). Since KMIP 2.1.
    ProcessResponse "Process Response Payload" {
    }
}
