//! The KMIP protocol, declared once: registries, structures, messages, and the encodings that read and write them.

#![forbid(unsafe_code)]

pub mod attribute;
pub mod registry;
pub mod secret;
pub mod version;
