//! The KMIP protocol, declared once: registries, structures, messages, and the encodings that read and write them.

#![forbid(unsafe_code)]

#[cfg(test)]
mod arbitrary;
mod macros;

pub mod attribute;
pub mod error;
pub mod inline;
pub mod item;
pub mod limits;
pub mod message;
pub mod object;
pub mod operation;
pub mod registry;
pub mod secret;
pub mod structures;
pub mod value;
pub mod version;
pub mod wire;
