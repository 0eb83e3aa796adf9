//! Adjust Attribute (KMIP 2.1 §6.1.3).

use crate::attribute::AttributeReference;
use crate::attribute::values::UniqueIdentifier;
use crate::item::ItemValue;
use crate::macros::record;
use crate::registry::AdjustmentType;

record! {
    /// Request payload of Adjust Attribute (KMIP 2.1 §6.1.3). Since KMIP 2.0.
    AdjustAttributeRequest "Adjust Attribute Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        attribute_reference: Vec<AttributeReference> = references(V2_0) required V2_0,
        adjustment_type: AdjustmentType = tag(AdjustmentType),
        adjustment_value: Option<ItemValue> = tag(AdjustmentValue),
    }

    /// Response payload of Adjust Attribute (KMIP 2.1 §6.1.3). Since KMIP 2.0.
    AdjustAttributeResponse "Adjust Attribute Response Payload" {
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
    }
}
