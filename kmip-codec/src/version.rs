//! Protocol versions (KMIP 2.1 §9.18 Protocol Version): ordered, and open, so that an unknown version survives decoding.

use std::fmt;

/// A protocol version as it stands in a message header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Protocol Version Major.
    pub major: i32,
    /// Protocol Version Minor.
    pub minor: i32,
}

impl Version {
    /// Makes a version from its parts.
    pub const fn new(major: i32, minor: i32) -> Self {
        Self { major, minor }
    }

    /// Whether this version is one that OASIS published.
    pub fn is_published(self) -> bool {
        PUBLISHED.contains(&self)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// KMIP 1.0.
pub const V1_0: Version = Version::new(1, 0);
/// KMIP 1.1.
pub const V1_1: Version = Version::new(1, 1);
/// KMIP 1.2.
pub const V1_2: Version = Version::new(1, 2);
/// KMIP 1.3.
pub const V1_3: Version = Version::new(1, 3);
/// KMIP 1.4.
pub const V1_4: Version = Version::new(1, 4);
/// KMIP 2.0.
pub const V2_0: Version = Version::new(2, 0);
/// KMIP 2.1.
pub const V2_1: Version = Version::new(2, 1);
/// KMIP 3.0.
pub const V3_0: Version = Version::new(3, 0);

/// Every published version, oldest first.
pub const PUBLISHED: [Version; 8] = [V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1, V3_0];
