//! Set Defaults (KMIP 2.1 §6.1.53).

use crate::attribute::Bag;
use crate::attribute::values::{ObjectGroups, ObjectTypes};
use crate::macros::{choice, record};
use crate::registry::ObjectType;

record! {
    /// Request payload of Set Defaults (KMIP 2.1 §6.1.53). Since KMIP 2.1.
    SetDefaultsRequest "Set Defaults Request Payload" {
        defaults_information: Option<DefaultsInformation> = tag(DefaultsInformation),
    }

    /// Response payload of Set Defaults (KMIP 2.1 §6.1.53). Since KMIP 2.1.
    SetDefaultsResponse "Set Defaults Response Payload" {
    }

    /// Defaults Information (KMIP 2.1 §7.10).
    DefaultsInformation "Defaults Information" {
        object_defaults: Vec<ObjectDefaults> = tag(ObjectDefaults),
    }

    /// Object Defaults (KMIP 2.1 §7.18).
    ObjectDefaults "Object Defaults" {
        object_types: OneOrMoreObjectTypes = choice(),
        attributes: Option<Bag> = bag(Nil, Set(Attributes)) required V2_0,
        object_groups: Option<ObjectGroups> = tag(ObjectGroups) since V2_1,
    }
}

choice! {
    /// One Object Type or several.
    OneOrMoreObjectTypes {
        One(ObjectType) = ObjectType,
        Several(ObjectTypes) = ObjectTypes,
    }
}
