//! The rules of a KMIP server, without input or output: bytes in, bytes out; time, randomness, store and vault are given.

#![forbid(unsafe_code)]

pub mod administration;
mod archive;
mod attribute_change;
mod attributes;
mod authenticate;
mod authority;
mod authority_setup;
mod batch;
mod catalog;
mod criteria;
mod cryptography;
mod custody;
mod deliver;
pub mod engine;
pub mod env;
pub mod error;
pub mod formats;
mod groups;
pub mod identity;
mod index;
pub mod layout;
mod make;
mod material;
pub mod object;
mod ops;
pub mod ports;
pub mod profiles;
mod quantum_safe;
pub mod quirks;
pub mod reconcile;
mod registered;
pub mod renewal;
mod replacement;
mod residents;
pub mod state;
mod supplied;
pub mod testing;
pub mod tickets;
pub mod trust;
mod txn;
mod users;
mod uuid;
pub mod verify;
mod wrapping;
mod x509;
