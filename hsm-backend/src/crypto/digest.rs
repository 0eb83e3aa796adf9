//! Digests (FIPS 180-4, FIPS 202): aws-lc-rs, and RustCrypto for SHA-512/224 and SHA3-224.

use aws_lc_rs::digest::{
    Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA3_256, SHA3_384, SHA3_512, SHA224, SHA256, SHA384, SHA512,
    SHA512_256,
};
use kmip_core::ports::crypto::{Accumulator, CryptoError, Hash};
use sha2::Digest as _;
use subtle::ConstantTimeEq;

/// A digest in the making.
#[derive(Clone)]
pub(super) enum Hasher {
    AwsLc(Context),
    Sha512_224(sha2::Sha512_224),
    Sha3_224(sha3::Sha3_224),
}

impl Hasher {
    pub(super) fn new(hash: Hash) -> Self {
        let algorithm: &'static Algorithm = match hash {
            Hash::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha224 => &SHA224,
            Hash::Sha256 => &SHA256,
            Hash::Sha384 => &SHA384,
            Hash::Sha512 => &SHA512,
            Hash::Sha512_256 => &SHA512_256,
            Hash::Sha3_256 => &SHA3_256,
            Hash::Sha3_384 => &SHA3_384,
            Hash::Sha3_512 => &SHA3_512,
            Hash::Sha512_224 => return Self::Sha512_224(sha2::Sha512_224::new()),
            Hash::Sha3_224 => return Self::Sha3_224(sha3::Sha3_224::new()),
        };
        Self::AwsLc(Context::new(algorithm))
    }

    pub(super) fn update(&mut self, data: &[u8]) {
        match self {
            Self::AwsLc(context) => context.update(data),
            Self::Sha512_224(state) => state.update(data),
            Self::Sha3_224(state) => state.update(data),
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::AwsLc(context) => context.finish().as_ref().to_vec(),
            Self::Sha512_224(state) => state.finalize().to_vec(),
            Self::Sha3_224(state) => state.finalize().to_vec(),
        }
    }
}

/// The digest of the parts, one after the other.
pub(crate) fn digest(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    let mut hasher = Hasher::new(hash);
    parts.iter().for_each(|part| hasher.update(part));
    hasher.finish()
}

impl Accumulator for Hasher {
    fn update(&mut self, data: &[u8]) -> Result<(), CryptoError> {
        Hasher::update(self, data);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>, CryptoError> {
        Ok(Hasher::finish(*self))
    }

    fn verify(self: Box<Self>, claimed: &[u8]) -> Result<bool, CryptoError> {
        Ok(Hasher::finish(*self).ct_eq(claimed).into())
    }
}
