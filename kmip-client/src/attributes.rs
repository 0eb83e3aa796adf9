//! Short ways to write the attributes that clients use most. All others are values of [`Attribute`].

use kmip_codec::attribute::values::Name;
use kmip_codec::attribute::{Attribute, AttributeReference, VendorAttribute};
use kmip_codec::inline::Text;
use kmip_codec::item::ItemValue;
use kmip_codec::registry::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType, State};

/// Name (KMIP 2.1 §4.34).
pub fn name(value: &str) -> Attribute {
    Attribute::Name(Name::text(value))
}

/// Object Type (KMIP 2.1 §4.36).
pub fn object_type(value: ObjectType) -> Attribute {
    Attribute::ObjectType(value)
}

/// State (KMIP 2.1 §4.57).
pub fn state(value: State) -> Attribute {
    Attribute::State(value)
}

/// Object Group (KMIP 2.1 §4.35).
pub fn object_group(value: &str) -> Attribute {
    Attribute::ObjectGroup(Text::new(value))
}

/// Cryptographic Algorithm, Length and Usage Mask: what a symmetric key needs.
pub fn symmetric_key(algorithm: CryptographicAlgorithm, length: i32, usage: CryptographicUsageMask) -> [Attribute; 3] {
    [
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicLength(length),
        Attribute::CryptographicUsageMask(usage),
    ]
}

/// An attribute of the client with a text value: `x-` and the name in 1.x, a Vendor Attribute of `x` from 2.0.
pub fn custom(name: &str, value: &str) -> Attribute {
    Attribute::Vendor(Box::new(VendorAttribute {
        vendor: Text::new("x"),
        name: Text::new(name.strip_prefix("x-").unwrap_or(name)),
        value: ItemValue::Text(Text::new(value)),
    }))
}

/// The name of an attribute as 1.x writes it, such as `Activation Date` or `x-Purpose`.
pub fn reference(name: &str) -> AttributeReference {
    AttributeReference::of_name(name)
}
