//! The vault's cryptography as a service (KMIP 2.1 §6.1.11, §6.1.14, §6.1.17, §6.1.24, §6.1.32, §6.1.33, §6.1.55, §6.1.56):
//! what can be asked for, in the terms of the algorithms and of no protocol version.
//!
//! A call names a key, says how, and brings data. Whatever a mechanism needs stands in its variant, so that a request that
//! lacks a parameter or has one too many cannot be written. Which mechanisms a vault has, [`Cryptography::capabilities`]
//! tells; it is the source of truth for Query and for refusals.
//!
//! **Invariant:** decryption releases no byte of an authenticated cipher before its tag is verified.
//! **Invariant:** what a client chooses (iterations, sizes, lengths) is bounded; beyond it the answer is [`CryptoError::Limit`].

use kmip_codec::secret::{Secret, SecretText};
use thiserror::Error;

use super::container::{Contents, Opened};
use super::post_quantum::{MlDsa, SlhDsa};
use super::vault::{Binding, Curve, Sealed, VaultError};

/// A key of a call.
#[derive(Clone, Copy)]
pub enum Key<'a> {
    /// Sealed material: raw bytes of a symmetric key or of secret data, PKCS#8 `PrivateKeyInfo` (DER) of a private key.
    Sealed(&'a Sealed, Binding<'a>),
    /// Sealed material in another form, and the function that makes the form of [`Key::Sealed`] of it. A vault may keep what
    /// it made of the result for later calls with the same blob.
    Converted(&'a Sealed, Binding<'a>, Conversion<'a>),
    /// Material in the clear, in the form of [`Key::Sealed`]: a key that the caller has just unwrapped or derived.
    Clear(&'a Secret),
    /// A public key: `SubjectPublicKeyInfo` (DER, RFC 5280).
    Public(&'a [u8]),
}

/// Makes raw bytes or PKCS#8 of material in another form.
#[derive(Clone, Copy)]
pub struct Conversion<'a> {
    /// Makes it.
    pub convert: &'a (dyn Fn(&Secret) -> Result<Secret, CryptoError> + Sync),
    /// What opens the form, if it is a container: what a vault keeps of one password is not for another.
    pub password: Option<&'a SecretText>,
}

impl std::fmt::Debug for Key<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sealed(sealed, binding) => f.debug_tuple("Sealed").field(sealed).field(&binding.id).finish(),
            Self::Converted(sealed, binding, _) => f.debug_tuple("Converted").field(sealed).field(&binding.id).finish(),
            Self::Clear(secret) => f.debug_tuple("Clear").field(secret).finish(),
            Self::Public(spki) => write!(f, "Public({} bytes)", spki.len()),
        }
    }
}

/// Hash functions (FIPS 180-4, FIPS 202).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-1: digests, HMAC and OAEP; signatures are verified with it and never made.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-512/224.
    Sha512_224,
    /// SHA-512/256.
    Sha512_256,
    /// SHA3-224.
    Sha3_224,
    /// SHA3-256.
    Sha3_256,
    /// SHA3-384.
    Sha3_384,
    /// SHA3-512.
    Sha3_512,
}

impl Hash {
    /// Every hash function, in the order of the enumeration.
    pub const ALL: [Self; 11] = [
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
        Self::Sha512_224,
        Self::Sha512_256,
        Self::Sha3_224,
        Self::Sha3_256,
        Self::Sha3_384,
        Self::Sha3_512,
    ];

    /// Bytes of a digest.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 | Self::Sha512_224 | Self::Sha3_224 => 28,
            Self::Sha256 | Self::Sha512_256 | Self::Sha3_256 => 32,
            Self::Sha384 | Self::Sha3_384 => 48,
            Self::Sha512 | Self::Sha3_512 => 64,
        }
    }
}

/// Block ciphers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockCipher {
    /// AES with 128, 192 or 256 bits (FIPS 197).
    Aes,
    /// Triple DES with 2 or 3 parts, parity counted or not in the key's length but always in its bytes (NIST SP 800-67).
    TripleDes,
    /// Blowfish with 32 to 448 bits.
    Blowfish,
}

impl BlockCipher {
    /// Bytes of a block.
    pub const fn block(self) -> usize {
        match self {
            Self::Aes => 16,
            Self::TripleDes | Self::Blowfish => 8,
        }
    }
}

/// Modes of block ciphers that do not authenticate (NIST SP 800-38A, 800-38E).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockMode {
    /// Electronic codebook. No initialization vector.
    Ecb,
    /// Cipher block chaining.
    Cbc,
    /// Counter; the initialization vector is the whole first counter block, which is incremented as one big-endian number.
    Ctr,
    /// Cipher feedback of whole blocks.
    Cfb,
    /// Output feedback.
    Ofb,
    /// XEX with ciphertext stealing; the key is two AES keys of one length, the initialization vector the tweak of the data unit.
    Xts,
}

impl BlockMode {
    /// Whether data of any length is taken without padding.
    pub const fn takes_any_length(self) -> bool {
        matches!(self, Self::Ctr | Self::Cfb | Self::Ofb | Self::Xts)
    }
}

/// How data is brought to a multiple of the block, in ECB and CBC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockPadding {
    /// Not at all: other lengths are refused.
    None,
    /// PKCS#5 and PKCS#7: each added byte tells their number (RFC 5652 §6.3).
    Pkcs5,
    /// ANSI X9.23: zeros, then their number.
    AnsiX923,
}

/// Ciphers that encrypt and authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aead {
    /// AES in Galois/counter mode (NIST SP 800-38D).
    AesGcm,
    /// AES in counter with CBC-MAC mode (NIST SP 800-38C).
    AesCcm,
    /// ChaCha20 with Poly1305 (RFC 8439).
    ChaCha20Poly1305,
}

/// AES key wrap (NIST SP 800-38F).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyWrap {
    /// KW (RFC 3394): a multiple of 8 bytes, at least 16.
    Kw,
    /// KWP (RFC 5649): one byte or more.
    Kwp,
}

/// A cipher without its parameters: what a vault lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// A block cipher in a mode.
    Block(BlockCipher, BlockMode),
    /// An authenticated cipher.
    Aead(Aead),
    /// AES key wrap.
    KeyWrap(KeyWrap),
    /// The stream cipher ChaCha20.
    ChaCha20,
    /// Exclusive or with a key as long as the data.
    OneTimePad,
    /// RSAES-PKCS1-v1_5 (RFC 8017 §7.2).
    RsaPkcs1,
    /// RSAES-OAEP (RFC 8017 §7.1).
    RsaOaep,
}

impl Cipher {
    /// Bytes of the initialization vector, counter or nonce that the server draws when the client asks for a random one;
    /// `None` for ciphers without one.
    pub const fn iv_length(self) -> Option<usize> {
        match self {
            Self::Block(_, BlockMode::Ecb) | Self::KeyWrap(_) | Self::OneTimePad | Self::RsaPkcs1 | Self::RsaOaep => {
                None
            }
            Self::Block(cipher, _) => Some(cipher.block()),
            Self::Aead(_) | Self::ChaCha20 => Some(12),
        }
    }
}

/// How to encrypt or decrypt.
#[derive(Clone, Copy)]
pub enum Encryption<'a> {
    /// With a block cipher in a mode.
    Block {
        /// The block cipher.
        cipher: BlockCipher,
        /// Its mode.
        mode: BlockMode,
        /// For ECB and CBC; `None` in the other modes.
        padding: BlockPadding,
        /// Initialization vector, counter block or tweak: one block, empty with ECB.
        iv: &'a [u8],
    },
    /// With an authenticated cipher.
    Aead {
        /// The cipher.
        cipher: Aead,
        /// GCM: one byte or more; CCM: 7 to 13 bytes; ChaCha20-Poly1305: 12 bytes.
        nonce: &'a [u8],
        /// Additional data, authenticated and not encrypted.
        aad: &'a [u8],
        /// Bytes of the tag. GCM: 4, 8, 12 to 16; CCM: even, 4 to 16; ChaCha20-Poly1305: 16.
        tag_length: usize,
    },
    /// By key wrap.
    KeyWrap(KeyWrap),
    /// With ChaCha20.
    ChaCha20 {
        /// 12 bytes with a counter of 32 bits (RFC 8439), or 8 bytes with a counter of 64 bits (the original).
        nonce: &'a [u8],
        /// Number of the first block.
        counter: u64,
    },
    /// With a one-time pad.
    OneTimePad,
    /// With RSA and the padding of PKCS#1 v1.5.
    RsaPkcs1,
    /// With RSA and optimal asymmetric encryption padding.
    RsaOaep {
        /// Hash of the label.
        hash: Hash,
        /// Hash of the mask generator MGF1.
        mask_hash: Hash,
        /// The encoding input P (label L of RFC 8017), usually empty.
        label: &'a [u8],
    },
}

impl Encryption<'_> {
    /// The cipher without its parameters.
    pub const fn cipher(&self) -> Cipher {
        match *self {
            Self::Block { cipher, mode, .. } => Cipher::Block(cipher, mode),
            Self::Aead { cipher, .. } => Cipher::Aead(cipher),
            Self::KeyWrap(wrap) => Cipher::KeyWrap(wrap),
            Self::ChaCha20 { .. } => Cipher::ChaCha20,
            Self::OneTimePad => Cipher::OneTimePad,
            Self::RsaPkcs1 => Cipher::RsaPkcs1,
            Self::RsaOaep { .. } => Cipher::RsaOaep,
        }
    }
}

impl std::fmt::Debug for Encryption<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.cipher().fmt(f)
    }
}

/// How to sign or verify. The curve or the size is that of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signing {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1 {
        /// Hash of the message.
        hash: Hash,
    },
    /// RSASSA-PKCS1-v1_5 of a digest by an unknown hash: the encoded message holds it without a `DigestInfo`. For
    /// [`Message::Digest`] only.
    RsaPkcs1Unprefixed,
    /// RSASSA-PSS (RFC 8017 §8.1) with MGF1 and the one-byte trailer.
    RsaPss {
        /// Hash of the message.
        hash: Hash,
        /// Hash of the mask generator.
        mask_hash: Hash,
        /// Bytes of salt; without it, signing takes the length of a digest by the mask generator's hash (KMIP 2.1 §4.16 says
        /// its "block size") and verification whatever the signature has.
        salt_length: Option<usize>,
    },
    /// ECDSA (FIPS 186-5 §6); the signature is the DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3).
    Ecdsa {
        /// Hash of the message.
        hash: Hash,
    },
    /// DSA (FIPS 186-4 §4), verified only; the signature is the DER `Dss-Sig-Value` (RFC 3279 §2.2.2).
    Dsa {
        /// Hash of the message.
        hash: Hash,
    },
    /// Ed25519 (RFC 8032), of the message itself.
    Ed25519,
    /// ML-DSA (FIPS 204) with an empty context, of the message itself.
    MlDsa(MlDsa),
    /// SLH-DSA (FIPS 205) with an empty context, of the message itself.
    SlhDsa(SlhDsa),
}

/// A signature scheme without its other parameters: what a vault lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 with a hash.
    RsaPkcs1(Hash),
    /// RSASSA-PKCS1-v1_5 of a digest without a prefix.
    RsaPkcs1Unprefixed,
    /// RSASSA-PSS with a hash, the same in the mask generator.
    RsaPss(Hash),
    /// ECDSA on a curve, with any hash.
    Ecdsa(Curve),
    /// DSA with a hash.
    Dsa(Hash),
    /// Ed25519.
    Ed25519,
    /// ML-DSA.
    MlDsa(MlDsa),
    /// SLH-DSA.
    SlhDsa(SlhDsa),
}

/// What is signed.
#[derive(Clone, Copy)]
pub enum Message<'a> {
    /// The message.
    Data(&'a [u8]),
    /// Its digest by the scheme's hash (KMIP 2.1 Digested Data); not for schemes without one. ECDSA and DSA take 16
    /// to 64 bytes, whatever their hash: the client may not have named one.
    Digest(&'a [u8]),
}

/// Message authentication codes.
#[derive(Clone, Copy)]
pub enum Mac<'a> {
    /// HMAC (FIPS 198-1).
    Hmac(Hash),
    /// CMAC (NIST SP 800-38B).
    Cmac(BlockCipher),
    /// GMAC: GCM of no data, with the message as additional data (NIST SP 800-38D). The tag has 16 bytes.
    Gmac {
        /// One byte or more, never used twice.
        nonce: &'a [u8],
    },
}

impl Mac<'_> {
    /// The code without its parameters.
    pub const fn algorithm(&self) -> MacAlgorithm {
        match *self {
            Self::Hmac(hash) => MacAlgorithm::Hmac(hash),
            Self::Cmac(cipher) => MacAlgorithm::Cmac(cipher),
            Self::Gmac { .. } => MacAlgorithm::Gmac,
        }
    }
}

impl std::fmt::Debug for Mac<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.algorithm().fmt(f)
    }
}

/// A message authentication code without its parameters: what a vault lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MacAlgorithm {
    /// HMAC.
    Hmac(Hash),
    /// CMAC.
    Cmac(BlockCipher),
    /// GMAC with AES.
    Gmac,
}

/// The pseudorandom function of a key derivation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Prf {
    /// HMAC.
    Hmac(Hash),
    /// CMAC.
    Cmac(BlockCipher),
}

/// Modes of NIST SP 800-108.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KbkdfMode {
    /// Counter (§4.1).
    Counter,
    /// Feedback (§4.2), with a counter.
    Feedback,
    /// Double-pipeline iteration (§4.3), with a counter.
    DoublePipeline,
}

/// How to derive key material (KMIP 2.1 §7.12).
#[derive(Clone, Copy)]
pub enum Derivation<'a> {
    /// PBKDF2 (RFC 8018 §5.2) with HMAC; the key is the password.
    Pbkdf2 {
        /// Hash of the HMAC.
        hash: Hash,
        /// Salt.
        salt: &'a [u8],
        /// Iterations, at least one.
        iterations: u32,
    },
    /// The leading bytes of the hash of the key, followed by data if there is any.
    Hash {
        /// The hash function.
        hash: Hash,
        /// Derivation data.
        data: &'a [u8],
    },
    /// The leading bytes of the HMAC of data under the key.
    Hmac {
        /// Hash of the HMAC.
        hash: Hash,
        /// Derivation data.
        data: &'a [u8],
    },
    /// The leading bytes of data encrypted under the key.
    Encrypt {
        /// How; not an authenticated cipher.
        encryption: Encryption<'a>,
        /// Derivation data.
        data: &'a [u8],
    },
    /// NIST SP 800-108 with a counter of 32 bits before the fixed data.
    Kbkdf {
        /// The mode.
        mode: KbkdfMode,
        /// The pseudorandom function.
        prf: Prf,
        /// Fixed data: Label, zero byte, Context, as the client sends it.
        data: &'a [u8],
        /// First feedback; empty in the other modes.
        iv: &'a [u8],
    },
    /// HKDF (RFC 5869), extract and expand.
    Hkdf {
        /// Hash of the HMAC.
        hash: Hash,
        /// Salt; empty for none.
        salt: &'a [u8],
        /// Optional information.
        info: &'a [u8],
    },
    /// Key agreement: the leading bytes of the shared secret of the private key and a public one. The secret is the x
    /// coordinate (NIST SP 800-56A §5.7.1.2) or the output of X25519 (RFC 7748 §5).
    Agreement {
        /// `SubjectPublicKeyInfo` (DER) of the other party, on the same curve.
        public: &'a [u8],
    },
}

impl std::fmt::Debug for Derivation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pbkdf2 { hash, .. } => write!(f, "PBKDF2 with {hash:?}"),
            Self::Hash { hash, .. } => write!(f, "derivation by {hash:?}"),
            Self::Hmac { hash, .. } => write!(f, "derivation by HMAC with {hash:?}"),
            Self::Encrypt { encryption, .. } => write!(f, "derivation by {encryption:?}"),
            Self::Kbkdf { mode, prf, .. } => write!(f, "NIST SP 800-108 {mode:?} with {prf:?}"),
            Self::Hkdf { hash, .. } => write!(f, "HKDF with {hash:?}"),
            Self::Agreement { .. } => f.write_str("key agreement"),
        }
    }
}

/// A derivation without its parameters: what a vault lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DerivationMethod {
    /// PBKDF2.
    Pbkdf2(Hash),
    /// Hash.
    Hash,
    /// HMAC.
    Hmac,
    /// Encryption.
    Encrypt,
    /// NIST SP 800-108.
    Kbkdf(KbkdfMode),
    /// HKDF.
    Hkdf(Hash),
    /// Key agreement on a curve.
    Agreement(Curve),
}

/// One thing that a vault can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Encrypt and decrypt.
    Encrypt(Cipher),
    /// Sign and verify.
    Sign(Scheme),
    /// Verify only.
    Verify(Scheme),
    /// Compute and verify a message authentication code.
    Mac(MacAlgorithm),
    /// Hash.
    Hash(Hash),
    /// Derive.
    Derive(DerivationMethod),
}

/// What encryption made.
#[derive(Debug)]
pub struct Encrypted {
    /// The ciphertext.
    pub data: Vec<u8>,
    /// The tag, of authenticated ciphers.
    pub tag: Option<Vec<u8>>,
}

/// Why cryptography was refused or failed. No variant carries data, key bytes or what was compared.
#[derive(Debug, Error)]
pub enum CryptoError {
    /// The vault has no such mechanism (Unsupported Cryptographic Parameters).
    #[error("the key vault does not support {0}")]
    Unsupported(String),
    /// The mechanism needs an initialization vector, counter or nonce and got none (Missing Initialization Vector).
    #[error("{0} needs an initialization vector, counter or nonce")]
    MissingIv(&'static str),
    /// A parameter does not fit the mechanism: length of an initialization vector or tag, padding, salt (Bad Cryptographic Parameters).
    #[error("{0}")]
    Parameters(String),
    /// The key does not fit the mechanism: kind, length, curve, damaged encoding (Bad Cryptographic Parameters, or Invalid
    /// Object Type when the object can never be used so).
    #[error("{0}")]
    Key(String),
    /// The data does not fit: length without padding, too long for the key, does not decrypt or unwrap (Cryptographic Failure).
    #[error("{0}")]
    Data(String),
    /// The tag of an authenticated cipher is not that of the data (Cryptographic Failure).
    #[error("the authentication tag does not match")]
    NotAuthentic,
    /// More work or data than the vault takes at once (Server Limit Exceeded).
    #[error("{0}")]
    Limit(String),
    /// The vault refused or failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Encryption or decryption in parts.
pub trait Transform: Send {
    /// Takes a part; gives what is ready, which may be nothing.
    fn update(&mut self, data: &[u8]) -> Result<Secret, CryptoError>;

    /// Takes the last part; gives the rest. Decryption of an authenticated cipher needs `tag`, its encryption gives it.
    fn finish(self: Box<Self>, data: &[u8], tag: Option<&[u8]>) -> Result<Transformed, CryptoError>;
}

/// The end of a [`Transform`].
#[derive(Debug)]
pub struct Transformed {
    /// What was not given out before.
    pub data: Secret,
    /// The tag that an authenticated cipher made.
    pub tag: Option<Vec<u8>>,
}

/// A digest, message authentication code or signature of data in parts.
pub trait Accumulator: Send {
    /// Takes a part.
    fn update(&mut self, data: &[u8]) -> Result<(), CryptoError>;

    /// The digest, code or signature. Not for streams of [`Cryptography::begin_verify`].
    fn finish(self: Box<Self>) -> Result<Vec<u8>, CryptoError>;

    /// Whether `claimed` is the code or signature. Not for streams of [`Cryptography::begin_sign`].
    fn verify(self: Box<Self>, claimed: &[u8]) -> Result<bool, CryptoError>;
}

/// Cryptography with keys that a vault holds. What a vault does not implement answers [`CryptoError::Unsupported`] and is
/// not among its capabilities.
pub trait Cryptography: Send + Sync {
    /// What the vault can do.
    fn capabilities(&self) -> Vec<Capability> {
        Vec::new()
    }

    /// Encrypts.
    fn encrypt(&self, key: Key<'_>, how: &Encryption<'_>, data: &[u8]) -> Result<Encrypted, CryptoError> {
        let _ = (key, data);
        unsupported(how)
    }

    /// Decrypts. An authenticated cipher needs its tag; `None` takes it from the end of the data.
    fn decrypt(
        &self,
        key: Key<'_>,
        how: &Encryption<'_>,
        data: &[u8],
        tag: Option<&[u8]>,
    ) -> Result<Secret, CryptoError> {
        let _ = (key, data, tag);
        unsupported(how)
    }

    /// Signs.
    fn sign(&self, key: Key<'_>, how: &Signing, message: Message<'_>) -> Result<Vec<u8>, CryptoError> {
        let _ = (key, message);
        unsupported(how)
    }

    /// Whether a signature is valid. A malformed signature is invalid; an unusable key is an error.
    fn verify(&self, key: Key<'_>, how: &Signing, message: Message<'_>, signature: &[u8]) -> Result<bool, CryptoError> {
        let _ = (key, message, signature);
        unsupported(how)
    }

    /// Computes a message authentication code.
    fn mac(&self, key: Key<'_>, how: &Mac<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut stream = self.begin_mac(key, how)?;
        stream.update(data)?;
        stream.finish()
    }

    /// Whether a message authentication code is valid, compared in constant time. A code of another length is not.
    fn mac_verify(&self, key: Key<'_>, how: &Mac<'_>, data: &[u8], mac: &[u8]) -> Result<bool, CryptoError> {
        let mut stream = self.begin_mac(key, how)?;
        stream.update(data)?;
        stream.verify(mac)
    }

    /// Hashes.
    fn hash(&self, hash: Hash, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let mut stream = self.begin_hash(hash)?;
        stream.update(data)?;
        stream.finish()
    }

    /// Derives `length` bytes. Without a key only [`Derivation::Hash`] works. More bytes than the method gives are
    /// [`CryptoError::Data`] (KMIP 2.1 §6.1.14).
    fn derive(&self, key: Option<Key<'_>>, how: &Derivation<'_>, length: usize) -> Result<Secret, CryptoError> {
        let _ = (key, length);
        unsupported(how)
    }

    /// Begins encryption in parts.
    fn begin_encrypt(&self, key: Key<'_>, how: &Encryption<'_>) -> Result<Box<dyn Transform>, CryptoError> {
        let _ = key;
        unsupported(how)
    }

    /// Begins decryption in parts.
    fn begin_decrypt(&self, key: Key<'_>, how: &Encryption<'_>) -> Result<Box<dyn Transform>, CryptoError> {
        let _ = key;
        unsupported(how)
    }

    /// Begins a signature in parts.
    fn begin_sign(&self, key: Key<'_>, how: &Signing) -> Result<Box<dyn Accumulator>, CryptoError> {
        let _ = key;
        unsupported(how)
    }

    /// Begins the verification of a signature in parts.
    fn begin_verify(&self, key: Key<'_>, how: &Signing) -> Result<Box<dyn Accumulator>, CryptoError> {
        let _ = key;
        unsupported(how)
    }

    /// Begins a message authentication code in parts, to compute or to verify.
    fn begin_mac(&self, key: Key<'_>, how: &Mac<'_>) -> Result<Box<dyn Accumulator>, CryptoError> {
        let _ = key;
        unsupported(how)
    }

    /// Begins a digest in parts.
    fn begin_hash(&self, hash: Hash) -> Result<Box<dyn Accumulator>, CryptoError> {
        unsupported(&hash)
    }

    /// Writes a PKCS #12 file (RFC 7292). [`CryptoError::Parameters`]: the name cannot stand in one.
    fn write_container(&self, contents: &Contents<'_>, password: &SecretText) -> Result<Vec<u8>, CryptoError> {
        let _ = (contents, password);
        unsupported(&"PKCS #12")
    }

    /// Opens a PKCS #12 file (RFC 7292) with one private key. [`CryptoError::Data`]: the password is another one.
    /// [`CryptoError::Key`]: it is malformed, or has no key or several. [`CryptoError::Unsupported`]: it is protected in a way that
    /// the vault does not know. [`CryptoError::Limit`]: opening it would take too long.
    fn open_container(&self, file: &[u8], password: &SecretText) -> Result<Opened, CryptoError> {
        let _ = (file, password);
        unsupported(&"PKCS #12")
    }
}

fn unsupported<T>(how: &impl std::fmt::Debug) -> Result<T, CryptoError> {
    Err(CryptoError::Unsupported(format!("{how:?}")))
}
