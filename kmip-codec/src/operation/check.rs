//! Check (KMIP 2.1 §6.1.7).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::registry::CryptographicUsageMask;
use crate::value::Interval;

record! {
    /// Request payload of Check (KMIP 2.1 §6.1.7).
    CheckRequest "Check Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        usage_limits_count: Option<i64> = tag(UsageLimitsCount),
        cryptographic_usage_mask: Option<CryptographicUsageMask> = tag(CryptographicUsageMask),
        lease_time: Option<Interval> = tag(LeaseTime),
    }

    /// Response payload of Check (KMIP 2.1 §6.1.7).
    CheckResponse "Check Response Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier),
        usage_limits_count: Option<i64> = tag(UsageLimitsCount),
        cryptographic_usage_mask: Option<CryptographicUsageMask> = tag(CryptographicUsageMask),
        lease_time: Option<Interval> = tag(LeaseTime),
    }
}
