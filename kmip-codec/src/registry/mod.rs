//! The registries of KMIP 1.0 to 3.0: tags, enumerations and masks as tables, one row an entry.
//!
//! A registry value is open: a number that no table knows survives decoding, and a handler decides what to answer.

mod borrowed;
mod enum_table;
mod enums;
mod masks;
mod tag_table;
mod tags;

pub use borrowed::*;
pub use enum_table::{EnumRow, EnumTable, NAMELESS, Spelling, WireEnum, enum_of_tag, enum_tables};
pub use enums::*;
pub use masks::*;
pub use tag_table::{Tag, TagRow, tag_rows};
