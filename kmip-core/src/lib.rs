//! The rules of a KMIP server, without input or output: bytes in, bytes out; time, randomness, store and vault are given.

#![forbid(unsafe_code)]

pub mod ports;
pub mod testing;
