//! PKCS #12 files (RFC 7292), in which a private key leaves and comes under a password (KMIP 2.1 §6.1.19, §4.39).

use kmip_codec::secret::Secret;

/// What goes into a file.
pub struct Contents<'a> {
    /// The friendly name of the key, or of the first certificate where there is no key.
    pub name: &'a str,
    /// The private key, in PKCS#8.
    pub key: Option<&'a Secret>,
    /// Certificates in DER: that of the key, then those above it.
    pub certificates: &'a [&'a [u8]],
}

/// What comes out of a file.
pub struct Opened {
    /// The friendly name of its only key, if that has one.
    pub name: Option<String>,
    /// The private key, in PKCS#8.
    pub key: Secret,
    /// Certificates in DER: that of the key first, if it is told which that is.
    pub certificates: Vec<Vec<u8>>,
}
