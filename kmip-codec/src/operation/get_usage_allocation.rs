//! Get Usage Allocation (KMIP 2.1 §6.1.23).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Get Usage Allocation (KMIP 2.1 §6.1.23).
    GetUsageAllocationRequest "Get Usage Allocation Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        usage_limits_count: i64 = tag(UsageLimitsCount),
    }

    /// Response payload of Get Usage Allocation (KMIP 2.1 §6.1.23).
    GetUsageAllocationResponse "Get Usage Allocation Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
