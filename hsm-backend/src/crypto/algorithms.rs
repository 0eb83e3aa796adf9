//! The algorithm table: what this crate does in software, one row for each mechanism. [`capabilities`] is the source of truth
//! for Query and for refusals; a test walks the rows and wants published vectors or a stated oracle for each. Which versions
//! have a name for an algorithm stands in the registry of the codec: ML-DSA and SLH-DSA have one from KMIP 3.0.
//!
//! In no row:
//! - Ed448 and X448. aws-lc-rs lacks them, and RustCrypto's `ed448-goldilocks` and `x448` are pre-releases that say of
//!   themselves that nobody has reviewed them: too little for arithmetic with secret numbers. The keys are registered, converted
//!   and given back in their formats.
//! - ML-KEM. Its keys are made, registered and converted; KMIP has no operation that encapsulates.
//! - SKIPJACK and other relics, which are registered and not used.

use kmip_core::ports::crypto::{
    Aead, BlockCipher, BlockMode, Capability, Cipher, DerivationMethod, Hash, KbkdfMode, KeyWrap, MacAlgorithm, Scheme,
};
use kmip_core::ports::post_quantum::{MlDsa, SlhDsa};
use kmip_core::ports::vault::Curve;

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row {
    /// The name as KMIP or the standard writes it.
    pub(crate) name: &'static str,
    /// The mechanism.
    pub(crate) capability: Capability,
    /// What the mechanism takes.
    pub(crate) limits: &'static str,
}

const fn row(name: &'static str, capability: Capability, limits: &'static str) -> Row {
    Row { name, capability, limits }
}

const fn block(name: &'static str, cipher: BlockCipher, mode: BlockMode, limits: &'static str) -> Row {
    row(name, Capability::Encrypt(Cipher::Block(cipher, mode)), limits)
}

const fn rsa(name: &'static str, scheme: Scheme) -> Row {
    row(name, Capability::Sign(scheme), "moduli of 2048 to 4096 bits, verified from 1024")
}

use Capability::{Derive, Encrypt, Mac, Sign, Verify};

const AES_KEYS: &str = "keys of 128, 192 or 256 bits";
const DES_KEYS: &str = "keys of 16 or 24 bytes, parity included";
const ANY_KEY: &str = "keys of any length";
const RSA_KEYS: &str = "moduli of 2048 to 4096 bits";
const ONLY_VERIFIED: &str = "moduli of 1024 to 4096 bits; verified, never made";
const DSA_KEYS: &str = "primes of 1024 to 3072 bits; verified, never made";
const HEDGED: &str = "the message, not a digest; no context; hedged";
const SHORT: &str = "no more bytes than the method gives";
const DERIVED: &str = "up to 65,536 bytes";

/// The table.
#[rustfmt::skip]
pub(crate) const TABLE: &[Row] = &[
    block("AES-ECB", BlockCipher::Aes, BlockMode::Ecb, AES_KEYS),
    block("AES-CBC", BlockCipher::Aes, BlockMode::Cbc, AES_KEYS),
    block("AES-CTR", BlockCipher::Aes, BlockMode::Ctr, AES_KEYS),
    block("AES-CFB", BlockCipher::Aes, BlockMode::Cfb, AES_KEYS),
    block("AES-OFB", BlockCipher::Aes, BlockMode::Ofb, AES_KEYS),
    block("AES-XTS", BlockCipher::Aes, BlockMode::Xts, "two different keys of 128 or 256 bits; one data unit of 16 bytes or more"),
    row("AES-GCM", Encrypt(Cipher::Aead(Aead::AesGcm)), "nonces of one byte or more, tags of 4, 8, 12 to 16 bytes"),
    row("AES-CCM", Encrypt(Cipher::Aead(Aead::AesCcm)), "nonces of 7 to 13 bytes, even tags of 4 to 16 bytes"),
    row("NISTKeyWrap", Encrypt(Cipher::KeyWrap(KeyWrap::Kw)), "data of 16 bytes or more, in eights"),
    row("AESKeyWrapPadding", Encrypt(Cipher::KeyWrap(KeyWrap::Kwp)), "data of one byte or more"),
    block("3DES-ECB", BlockCipher::TripleDes, BlockMode::Ecb, DES_KEYS),
    block("3DES-CBC", BlockCipher::TripleDes, BlockMode::Cbc, DES_KEYS),
    block("3DES-CFB", BlockCipher::TripleDes, BlockMode::Cfb, DES_KEYS),
    block("3DES-OFB", BlockCipher::TripleDes, BlockMode::Ofb, DES_KEYS),
    block("3DES-CTR", BlockCipher::TripleDes, BlockMode::Ctr, DES_KEYS),
    block("Blowfish-ECB", BlockCipher::Blowfish, BlockMode::Ecb, "keys of 32 to 448 bits"),
    block("Blowfish-CBC", BlockCipher::Blowfish, BlockMode::Cbc, "keys of 32 to 448 bits"),
    row("ChaCha20", Encrypt(Cipher::ChaCha20), "keys of 256 bits, nonces of 8 or 12 bytes"),
    row("ChaCha20Poly1305", Encrypt(Cipher::Aead(Aead::ChaCha20Poly1305)), "keys of 256 bits, nonces of 12, tags of 16 bytes"),
    row("One Time Pad", Encrypt(Cipher::OneTimePad), "data no longer than the key"),
    row("RSA PKCS1 v1.5 encryption", Encrypt(Cipher::RsaPkcs1), RSA_KEYS),
    row("RSA OAEP", Encrypt(Cipher::RsaOaep), RSA_KEYS),

    row("SHA-1 with RSA Encryption", Verify(Scheme::RsaPkcs1(Hash::Sha1)), ONLY_VERIFIED),
    rsa("SHA-224 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha224)),
    rsa("SHA-256 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha256)),
    rsa("SHA-384 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha384)),
    rsa("SHA-512 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha512)),
    rsa("SHA-512/224 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha512_224)),
    rsa("SHA-512/256 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha512_256)),
    rsa("SHA3-224 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha3_224)),
    rsa("SHA3-256 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha3_256)),
    rsa("SHA3-384 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha3_384)),
    rsa("SHA3-512 with RSA Encryption", Scheme::RsaPkcs1(Hash::Sha3_512)),
    rsa("RSA PKCS1 v1.5 signature of a bare digest", Scheme::RsaPkcs1Unprefixed),
    row("RSASSA-PSS with SHA-1", Verify(Scheme::RsaPss(Hash::Sha1)), ONLY_VERIFIED),
    rsa("RSASSA-PSS with SHA-224", Scheme::RsaPss(Hash::Sha224)),
    rsa("RSASSA-PSS with SHA-256", Scheme::RsaPss(Hash::Sha256)),
    rsa("RSASSA-PSS with SHA-384", Scheme::RsaPss(Hash::Sha384)),
    rsa("RSASSA-PSS with SHA-512", Scheme::RsaPss(Hash::Sha512)),
    rsa("RSASSA-PSS with SHA-512/224", Scheme::RsaPss(Hash::Sha512_224)),
    rsa("RSASSA-PSS with SHA-512/256", Scheme::RsaPss(Hash::Sha512_256)),
    rsa("RSASSA-PSS with SHA3-224", Scheme::RsaPss(Hash::Sha3_224)),
    rsa("RSASSA-PSS with SHA3-256", Scheme::RsaPss(Hash::Sha3_256)),
    rsa("RSASSA-PSS with SHA3-384", Scheme::RsaPss(Hash::Sha3_384)),
    rsa("RSASSA-PSS with SHA3-512", Scheme::RsaPss(Hash::Sha3_512)),
    row("DSA with SHA-1", Verify(Scheme::Dsa(Hash::Sha1)), DSA_KEYS),
    row("DSA with SHA224", Verify(Scheme::Dsa(Hash::Sha224)), DSA_KEYS),
    row("DSA with SHA256", Verify(Scheme::Dsa(Hash::Sha256)), DSA_KEYS),
    row("ECDSA on P-224", Sign(Scheme::Ecdsa(Curve::P224)), "any hash; SHA-1 verified only"),
    row("ECDSA on P-256", Sign(Scheme::Ecdsa(Curve::P256)), "any hash; SHA-1 verified only"),
    row("ECDSA on P-384", Sign(Scheme::Ecdsa(Curve::P384)), "any hash; SHA-1 verified only"),
    row("ECDSA on P-521", Sign(Scheme::Ecdsa(Curve::P521)), "any hash; SHA-1 verified only"),
    row("ECDSA on secp256k1", Sign(Scheme::Ecdsa(Curve::Secp256k1)), "any hash; SHA-1 verified only"),
    row("Ed25519", Sign(Scheme::Ed25519), "the message, not a digest"),
    row("ML-DSA-44", Sign(Scheme::MlDsa(MlDsa::MlDsa44)), HEDGED),
    row("ML-DSA-65", Sign(Scheme::MlDsa(MlDsa::MlDsa65)), HEDGED),
    row("ML-DSA-87", Sign(Scheme::MlDsa(MlDsa::MlDsa87)), HEDGED),
    row("SLH-DSA-SHA2-128s", Sign(Scheme::SlhDsa(SlhDsa::Sha2_128s)), HEDGED),
    row("SLH-DSA-SHA2-128f", Sign(Scheme::SlhDsa(SlhDsa::Sha2_128f)), HEDGED),
    row("SLH-DSA-SHA2-192s", Sign(Scheme::SlhDsa(SlhDsa::Sha2_192s)), HEDGED),
    row("SLH-DSA-SHA2-192f", Sign(Scheme::SlhDsa(SlhDsa::Sha2_192f)), HEDGED),
    row("SLH-DSA-SHA2-256s", Sign(Scheme::SlhDsa(SlhDsa::Sha2_256s)), HEDGED),
    row("SLH-DSA-SHA2-256f", Sign(Scheme::SlhDsa(SlhDsa::Sha2_256f)), HEDGED),
    row("SLH-DSA-SHAKE-128s", Sign(Scheme::SlhDsa(SlhDsa::Shake128s)), HEDGED),
    row("SLH-DSA-SHAKE-128f", Sign(Scheme::SlhDsa(SlhDsa::Shake128f)), HEDGED),
    row("SLH-DSA-SHAKE-192s", Sign(Scheme::SlhDsa(SlhDsa::Shake192s)), HEDGED),
    row("SLH-DSA-SHAKE-192f", Sign(Scheme::SlhDsa(SlhDsa::Shake192f)), HEDGED),
    row("SLH-DSA-SHAKE-256s", Sign(Scheme::SlhDsa(SlhDsa::Shake256s)), HEDGED),
    row("SLH-DSA-SHAKE-256f", Sign(Scheme::SlhDsa(SlhDsa::Shake256f)), HEDGED),

    row("HMAC-SHA1", Mac(MacAlgorithm::Hmac(Hash::Sha1)), ANY_KEY),
    row("HMAC-SHA224", Mac(MacAlgorithm::Hmac(Hash::Sha224)), ANY_KEY),
    row("HMAC-SHA256", Mac(MacAlgorithm::Hmac(Hash::Sha256)), ANY_KEY),
    row("HMAC-SHA384", Mac(MacAlgorithm::Hmac(Hash::Sha384)), ANY_KEY),
    row("HMAC-SHA512", Mac(MacAlgorithm::Hmac(Hash::Sha512)), ANY_KEY),
    row("HMAC-SHA512/224", Mac(MacAlgorithm::Hmac(Hash::Sha512_224)), ANY_KEY),
    row("HMAC-SHA512/256", Mac(MacAlgorithm::Hmac(Hash::Sha512_256)), ANY_KEY),
    row("HMAC-SHA3-224", Mac(MacAlgorithm::Hmac(Hash::Sha3_224)), ANY_KEY),
    row("HMAC-SHA3-256", Mac(MacAlgorithm::Hmac(Hash::Sha3_256)), ANY_KEY),
    row("HMAC-SHA3-384", Mac(MacAlgorithm::Hmac(Hash::Sha3_384)), ANY_KEY),
    row("HMAC-SHA3-512", Mac(MacAlgorithm::Hmac(Hash::Sha3_512)), ANY_KEY),
    row("AES-CMAC", Mac(MacAlgorithm::Cmac(BlockCipher::Aes)), AES_KEYS),
    row("3DES-CMAC", Mac(MacAlgorithm::Cmac(BlockCipher::TripleDes)), DES_KEYS),
    row("AES-GMAC", Mac(MacAlgorithm::Gmac), AES_KEYS),

    row("SHA-1", Capability::Hash(Hash::Sha1), "any data"),
    row("SHA-224", Capability::Hash(Hash::Sha224), "any data"),
    row("SHA-256", Capability::Hash(Hash::Sha256), "any data"),
    row("SHA-384", Capability::Hash(Hash::Sha384), "any data"),
    row("SHA-512", Capability::Hash(Hash::Sha512), "any data"),
    row("SHA-512/224", Capability::Hash(Hash::Sha512_224), "any data"),
    row("SHA-512/256", Capability::Hash(Hash::Sha512_256), "any data"),
    row("SHA3-224", Capability::Hash(Hash::Sha3_224), "any data"),
    row("SHA3-256", Capability::Hash(Hash::Sha3_256), "any data"),
    row("SHA3-384", Capability::Hash(Hash::Sha3_384), "any data"),
    row("SHA3-512", Capability::Hash(Hash::Sha3_512), "any data"),

    row("PBKDF2 with HMAC-SHA1", Derive(DerivationMethod::Pbkdf2(Hash::Sha1)), "4,000,000 iterations over all blocks"),
    row("PBKDF2 with HMAC-SHA224", Derive(DerivationMethod::Pbkdf2(Hash::Sha224)), "4,000,000 iterations over all blocks"),
    row("PBKDF2 with HMAC-SHA256", Derive(DerivationMethod::Pbkdf2(Hash::Sha256)), "4,000,000 iterations over all blocks"),
    row("PBKDF2 with HMAC-SHA384", Derive(DerivationMethod::Pbkdf2(Hash::Sha384)), "4,000,000 iterations over all blocks"),
    row("PBKDF2 with HMAC-SHA512", Derive(DerivationMethod::Pbkdf2(Hash::Sha512)), "4,000,000 iterations over all blocks"),
    row("HASH", Derive(DerivationMethod::Hash), SHORT),
    row("HMAC", Derive(DerivationMethod::Hmac), SHORT),
    row("ENCRYPT", Derive(DerivationMethod::Encrypt), SHORT),
    row("NIST800-108-C", Derive(DerivationMethod::Kbkdf(KbkdfMode::Counter)), DERIVED),
    row("NIST800-108-F", Derive(DerivationMethod::Kbkdf(KbkdfMode::Feedback)), DERIVED),
    row("NIST800-108-DPI", Derive(DerivationMethod::Kbkdf(KbkdfMode::DoublePipeline)), DERIVED),
    row("HKDF with SHA-1", Derive(DerivationMethod::Hkdf(Hash::Sha1)), "up to 255 digests"),
    row("HKDF with SHA-256", Derive(DerivationMethod::Hkdf(Hash::Sha256)), "up to 255 digests"),
    row("HKDF with SHA-384", Derive(DerivationMethod::Hkdf(Hash::Sha384)), "up to 255 digests"),
    row("HKDF with SHA-512", Derive(DerivationMethod::Hkdf(Hash::Sha512)), "up to 255 digests"),
    row("ECDH on P-224", Derive(DerivationMethod::Agreement(Curve::P224)), SHORT),
    row("ECDH on P-256", Derive(DerivationMethod::Agreement(Curve::P256)), SHORT),
    row("ECDH on P-384", Derive(DerivationMethod::Agreement(Curve::P384)), SHORT),
    row("ECDH on P-521", Derive(DerivationMethod::Agreement(Curve::P521)), SHORT),
    row("ECDH on secp256k1", Derive(DerivationMethod::Agreement(Curve::Secp256k1)), SHORT),
    row("X25519", Derive(DerivationMethod::Agreement(Curve::X25519)), SHORT),
];

/// What the table lists.
pub(crate) fn capabilities() -> Vec<Capability> {
    TABLE.iter().map(|row| row.capability).collect()
}
