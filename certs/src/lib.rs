//! Certificate profiles for KMIP servers, clients and administrators, and the functions that issue them.
//!
//! [`profiles`] is the table of what each kind of certificate carries; [`authority`] makes certificates by that table;
//! [`pem_file`] puts them on disk, each file whole or not at all, keys readable by their owner alone; [`inspect`] reads what the rest needs to know of
//! a certificate. A site that brings its own PKI needs only the table: see `README.md`.
//! This crate holds no key and no certificate.

#![forbid(unsafe_code)]

pub mod authority;
pub mod inspect;
pub mod pem_file;
pub mod profiles;

pub use authority::{Authority, CertsError, Issued, KeyKind};
