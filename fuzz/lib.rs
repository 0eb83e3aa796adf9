//! What the targets check, one module a subject, and what they share: an engine, and inputs that fuzzers can change well.

#![forbid(unsafe_code)]

pub mod certificates;
pub mod containers;
pub mod cryptography;
pub mod der_tree;
pub mod input;
pub mod key_formats;
pub mod messages;
pub mod server;
