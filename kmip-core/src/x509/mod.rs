//! X.509 certificates as a relying party and an issuer sees them (RFC 5280): what is signed and how, paths, revocation.
//!
//! The attributes of certificates are made in [`crate::formats`]; here is what Validate, Certify and Re-certify need.
//! Everything that comes in is hostile: lengths are bounded, and what cannot be read is an error, never a guess.

pub(crate) mod algorithm;
pub(crate) mod certificate;
pub(crate) mod path;
pub(crate) mod request;
pub(crate) mod revocation;
pub(crate) mod signed;
pub(crate) mod subject;
pub(crate) mod write;

use thiserror::Error;

/// Why something is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Malformed(pub &'static str);
