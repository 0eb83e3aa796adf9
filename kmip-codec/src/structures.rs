//! Every structure and payload that is declared, for comparison with the tables of the specification.

use crate::value::{FieldRow, Structure};

/// One declared structure.
#[derive(Debug)]
pub struct StructureTable {
    /// Name in the specification; payloads are `OPERATION Request Payload` and `OPERATION Response Payload`.
    pub name: &'static str,
    /// Name of the Rust type.
    pub rust_name: &'static str,
    /// Fields in wire order.
    pub fields: &'static [FieldRow],
    /// Takes a value made from a tape through both encodings; nothing for a structure that is read by hand, which goes
    /// through them inside of others.
    #[cfg(test)]
    pub(crate) round_trip: Option<RoundTrip>,
}

#[cfg(test)]
pub(crate) type RoundTrip = fn(&mut crate::arbitrary::Gen<'_>) -> Result<(), String>;

impl StructureTable {
    #[cfg(not(test))]
    pub(crate) const fn of<T: Structure>(rust_name: &'static str) -> Self {
        Self { name: T::NAME, rust_name, fields: T::FIELDS }
    }

    #[cfg(test)]
    pub(crate) const fn of<T>(rust_name: &'static str) -> Self
    where
        T: Structure + crate::value::Value + crate::arbitrary::Arbitrary + PartialEq + std::fmt::Debug,
    {
        Self { name: T::NAME, rust_name, fields: T::FIELDS, round_trip: Some(crate::arbitrary::round_trip::<T>) }
    }

    /// A structure that is read and written by hand.
    pub(crate) const fn by_hand(name: &'static str, rust_name: &'static str, fields: &'static [FieldRow]) -> Self {
        Self {
            name,
            rust_name,
            fields,
            #[cfg(test)]
            round_trip: None,
        }
    }
}

/// All structures: payloads in order of their files, objects, messages, attributes.
pub fn structure_tables() -> impl Iterator<Item = &'static StructureTable> {
    let others = [
        crate::attribute::carrier::STRUCTURES,
        crate::attribute::values::STRUCTURES,
        crate::message::credential::STRUCTURES,
        crate::message::header::STRUCTURES,
        crate::object::STRUCTURES,
        crate::object::credential::STRUCTURES,
        crate::object::key_block::STRUCTURES,
        crate::object::key_block::BY_HAND,
        crate::object::key_material::STRUCTURES,
        crate::object::wrapping::STRUCTURES,
    ];
    crate::operation::STRUCTURES.iter().copied().chain(others).flatten()
}
