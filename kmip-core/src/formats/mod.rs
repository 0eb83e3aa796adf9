//! Key formats and certificates: conversions, defaults, digests and what key material tells about itself.
//!
//! Pure functions over the codec's own structures (KMIP 2.1 §3.1 to §3.12, §4.6 to §4.8, §4.21, §4.26, §4.61 to §4.63).
//! Private numbers live in `Secret` or in integers that are wiped on drop; encoders write straight into a `Secret`.

mod alternative_names;
mod asn1;
mod certificate;
mod convert;
mod curve_numbers;
mod curves;
mod default_format;
mod digest;
mod discrete_log;
mod distinguished_name;
mod elliptic;
mod inspect;
mod key;
pub(crate) mod natural;
mod octet_key_pair;
mod post_quantum;
mod quirks;
mod rsa;
mod soundness;
#[cfg(test)]
mod tests;

pub(crate) use certificate::{Certificate, Extension};
pub use certificate::{attributes as certificate_attributes, public_key as certified_public_key};
pub use convert::{convert, public_from_private};
pub use default_format::{
    algorithm_in_version, default_format, format_in_version, generated_format, generated_private, generated_public,
};
pub(crate) use default_format::{is_asymmetric, is_elliptic};
pub use digest::digests;
pub(crate) use distinguished_name::{elements, subject_part};
pub(crate) use inspect::is_slow;
pub use inspect::{Inspected, inspect, inspect_material};
pub(crate) use quirks::other_format;

use thiserror::Error;

/// Why key material has no other form, or no form at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FormatError {
    /// The material is kept as registered, and this form of it cannot be made (Key Format Type Not Supported).
    #[error("{0}")]
    NotSupported(&'static str),
    /// The material is not what its Key Format Type promises (Invalid Field).
    #[error("{0}")]
    Malformed(&'static str),
}

type Result<T> = std::result::Result<T, FormatError>;

const fn malformed<T>(why: &'static str) -> Result<T> {
    Err(FormatError::Malformed(why))
}

const fn not_supported<T>(why: &'static str) -> Result<T> {
    Err(FormatError::NotSupported(why))
}
