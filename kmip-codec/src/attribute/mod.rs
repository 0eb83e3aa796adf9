//! Attributes: their values, the table that declares them, the rules about them, and how 1.x, 2.x and 3.0 carry them.

pub mod carrier;
pub mod rules;
pub mod table;
pub mod values;

pub use carrier::{AttributeReference, Bag, Carrier, Instance, is_named_from_3_0};
pub(crate) use carrier::{put_bag, put_links, put_references, take_bag, take_criteria, take_links, take_references};
pub use table::{Attribute, VendorAttribute, attribute_tags};
