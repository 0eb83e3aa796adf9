//! Set Constraints (KMIP 2.1 §6.1.52).

use crate::attribute::Bag;
use crate::attribute::values::{ObjectGroups, ObjectTypes};
use crate::macros::record;

record! {
    /// Request payload of Set Constraints (KMIP 2.1 §6.1.52). Since KMIP 2.1.
    SetConstraintsRequest "Set Constraints Request Payload" {
        constraints: Constraints = tag(Constraints),
    }

    /// Response payload of Set Constraints (KMIP 2.1 §6.1.52). Since KMIP 2.1.
    SetConstraintsResponse "Set Constraints Response Payload" {
    }

    /// Constraints (KMIP 2.1 §7.9).
    Constraints "Constraints" {
        constraint: Vec<Constraint> = tag(Constraint),
    }

    /// Constraint (KMIP 2.1 §7.8).
    Constraint "Constraint" {
        object_types: Option<ObjectTypes> = tag(ObjectTypes),
        object_groups: Option<ObjectGroups> = tag(ObjectGroups),
        attributes: Option<Bag> = bag(Nil, Set(Attributes)),
    }
}
