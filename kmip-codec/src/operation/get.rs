//! Get (KMIP 2.1 §6.1.19).

use crate::attribute::values::UniqueIdentifier;
use crate::macros::record;
use crate::object::{KeyWrappingSpecification, ManagedObject};
use crate::registry::{KeyCompressionType, KeyFormatType, KeyWrapType, ObjectType};

record! {
    /// Request payload of Get (KMIP 2.1 §6.1.19).
    GetRequest "Get Request Payload" {
        unique_identifier: Option<UniqueIdentifier> = tag(UniqueIdentifier) required V3_0,
        key_format_type: Option<KeyFormatType> = tag(KeyFormatType),
        key_wrap_type: Option<KeyWrapType> = tag(KeyWrapType) since V1_4,
        key_compression_type: Option<KeyCompressionType> = tag(KeyCompressionType),
        key_wrapping_specification: Option<Box<KeyWrappingSpecification>> = tag(KeyWrappingSpecification),
    }

    /// Response payload of Get (KMIP 2.1 §6.1.19).
    GetResponse "Get Response Payload" {
        object_type: ObjectType = tag(ObjectType),
        unique_identifier: UniqueIdentifier = tag(UniqueIdentifier),
        object: ManagedObject = choice(),
    }
}
