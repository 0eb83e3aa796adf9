//! Log (KMIP 2.1 §6.1.29).

use crate::inline::Text;
use crate::macros::record;

record! {
    /// Request payload of Log (KMIP 2.1 §6.1.29). Since KMIP 2.0.
    LogRequest "Log Request Payload" {
        log_message: Text = tag(LogMessage),
    }

    /// Response payload of Log (KMIP 2.1 §6.1.29). Since KMIP 2.0.
    LogResponse "Log Response Payload" {
    }
}
