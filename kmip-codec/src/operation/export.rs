//! Export (KMIP 2.1 §6.1.18).

use crate::attribute::Bag;
use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::object::{KeyWrappingSpecification, ManagedObject};
use crate::registry::{KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType};

record! {
    /// Request payload of Export (KMIP 2.1 §6.1.18). Since KMIP 1.4.
    ExportRequest "Export Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        key_format_type: Option<KeyFormatType> = tag(KeyFormatType),
        key_wrap_type: Option<KeyWrapType> = tag(KeyWrapType),
        key_compression_type: Option<KeyCompressionType> = tag(KeyCompressionType),
        key_wrapping_specification: Option<Box<KeyWrappingSpecification>> = tag(KeyWrappingSpecification),
    }

    /// Response payload of Export (KMIP 2.1 §6.1.18). Since KMIP 1.4.
    ExportResponse "Export Response Payload" {
        object_type: ObjectType = tag(ObjectType),
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        attributes: Option<Bag> = bag(Bare, Set(Attributes)) required V1_4,
        object: ManagedObject = choice(),
    }
}
