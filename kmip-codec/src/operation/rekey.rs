//! Re-key (KMIP 2.1 §6.1.46).

use crate::attribute::Bag;
use crate::attribute::values::{ProtectionStorageMasks, UniqueIdentifier};
use crate::macros::record;
use crate::value::Interval;

record! {
    /// Request payload of Re-key (KMIP 2.1 §6.1.46).
    ReKeyRequest "Re-key Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        offset: Option<Interval> = tag(Offset),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Set(Attributes)),
        protection_storage_masks: Option<ProtectionStorageMasks> = tag(ProtectionStorageMasks) since V2_0,
    }

    /// Response payload of Re-key (KMIP 2.1 §6.1.46).
    ReKeyResponse "Re-key Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Template(TemplateAttribute), Nil),
    }
}
