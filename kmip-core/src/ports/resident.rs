//! Keys that stay in a device: what can be asked for, and what a device tells of them.
//!
//! A resident key is a token object of a PKCS #11 device (v2.40 §4). Its blob names the device and the object and is bound to
//! its KMIP object like any other ([`Binding`](super::vault::Binding)); the material is not in it.

use super::vault::Curve;

/// Which key is to stay in a device. Each has one form there and one set of uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResidentKind {
    /// An AES key.
    Aes {
        /// Length in bits: 128, 192 or 256.
        bits: u32,
    },
    /// A key for HMAC, with any hash.
    Hmac {
        /// Length in bits, a multiple of 8.
        bits: u32,
    },
    /// An RSA private key with public exponent 65537.
    Rsa {
        /// Bits of the modulus.
        bits: u32,
    },
    /// A private key on a curve.
    Ec {
        /// The curve.
        curve: Curve,
    },
}

impl std::fmt::Display for ResidentKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Aes { bits } => write!(f, "AES keys of {bits} bits"),
            Self::Hmac { bits } => write!(f, "HMAC keys of {bits} bits"),
            Self::Rsa { bits } => write!(f, "RSA private keys of {bits} bits"),
            Self::Ec { curve } => write!(f, "private keys on the curve {curve:?}"),
        }
    }
}

/// A key that is to stay in a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Residence {
    /// Which key.
    pub kind: ResidentKind,
    /// Whether the material leaves the device only under another key (KMIP 2.1 §4.56, PKCS #11 `CKA_SENSITIVE`).
    pub sensitive: bool,
    /// Whether it may leave at all (KMIP 2.1 §4.22, PKCS #11 `CKA_EXTRACTABLE`).
    pub extractable: bool,
}

/// A key that a device holds for a vault, as the device tells it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResidentObject {
    /// Scope of its KMIP object.
    pub scope: String,
    /// Unique Identifier of its KMIP object.
    pub id: String,
    /// Serial number of the device.
    pub device: String,
}
