//! Poll (KMIP 2.1 §6.1.38).

use crate::macros::record;
use crate::value::ByteString;

record! {
    /// Request payload of Poll (KMIP 2.1 §6.1.38).
    PollRequest "Poll Request Payload" {
        asynchronous_correlation_value: ByteString = tag(AsynchronousCorrelationValue),
    }
}
