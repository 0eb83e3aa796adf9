//! Archive (KMIP 2.1 §6.1.4).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;

record! {
    /// Request payload of Archive (KMIP 2.1 §6.1.4).
    ArchiveRequest "Archive Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
    }

    /// Response payload of Archive (KMIP 2.1 §6.1.4).
    ArchiveResponse "Archive Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
