//! Locate (KMIP 2.1 §6.1.28).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::registry::{ObjectClassMask, ObjectGroupMember, StorageStatusMask};

record! {
    /// Request payload of Locate (KMIP 2.1 §6.1.28).
    LocateRequest "Locate Request Payload" {
        maximum_items: Option<i32> = tag(MaximumItems),
        offset_items: Option<i32> = tag(OffsetItems) since V1_3,
        storage_status_mask: Option<StorageStatusMask> = tag(StorageStatusMask),
        object_class_mask: Option<ObjectClassMask> = tag(ObjectClassMask) since V3_0,
        object_group_member: Option<ObjectGroupMember> = tag(ObjectGroupMember) since V1_1 until V2_1,
        attributes: Option<Bag> = criteria(Bare, Set(Attributes)),
    }

    /// Response payload of Locate (KMIP 2.1 §6.1.28).
    LocateResponse "Locate Response Payload" {
        located_items: Option<i32> = tag(LocatedItems) since V1_3,
        unique_identifier: Vec<UniqueIdentifier> = tag(UniqueIdentifier),
    }
}
