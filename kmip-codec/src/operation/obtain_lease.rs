//! Obtain Lease (KMIP 2.1 §6.1.35).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::value::{DateTime, Interval};

record! {
    /// Request payload of Obtain Lease (KMIP 2.1 §6.1.35).
    ObtainLeaseRequest "Obtain Lease Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
    }

    /// Response payload of Obtain Lease (KMIP 2.1 §6.1.35).
    ObtainLeaseResponse "Obtain Lease Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        lease_time: Interval = tag(LeaseTime),
        last_change_date: DateTime = tag(LastChangeDate),
    }
}
