//! The key vault seam: makes, seals, opens, uses and destroys key material, in software or in a PKCS#11 device.
//!
//! The core keeps [`Sealed`] blobs in its records and never a key in the clear. Sealing binds the blob to its object
//! ([`Binding`]): a blob copied onto another object, scope or key specification does not open.

use kmip_codec::secret::Secret;
use thiserror::Error;

use super::crypto::{CryptoError, Cryptography, Key, KeyWrap};
use super::post_quantum::PostQuantum;
use super::resident::{Residence, ResidentKind, ResidentObject};

/// Key material under the vault's key hierarchy (root > scope > object), as an opaque, self-describing blob.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub Vec<u8>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// What a sealed blob is bound to: the associated data of its seal.
#[derive(Debug, Clone, Copy)]
pub struct Binding<'a> {
    /// Scope that owns the object; chooses the scope key.
    pub scope: &'a str,
    /// Unique Identifier of the object.
    pub id: &'a str,
    /// Canonical description of the key (type, algorithm, length, format), made by the core.
    pub spec: &'a [u8],
}

/// Elliptic curves of keys. [`Description::generates`] tells on which a vault makes pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// NIST P-224 (secp224r1).
    P224,
    /// NIST P-256 (secp256r1).
    P256,
    /// NIST P-384 (secp384r1).
    P384,
    /// NIST P-521 (secp521r1).
    P521,
    /// Koblitz curve secp256k1 (SEC 2 §2.4.1).
    Secp256k1,
    /// Edwards curve 25519, for Ed25519 signatures (RFC 8032).
    Ed25519,
    /// Montgomery curve 25519, for X25519 key agreement (RFC 7748).
    X25519,
}

/// What to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeySpec {
    /// `bits` (a multiple of 8) of key for a symmetric algorithm or HMAC.
    Symmetric {
        /// Length in bits.
        bits: u32,
    },
    /// A triple-DES key of 2 or 3 parts (16 or 24 bytes) with odd parity.
    TripleDes {
        /// Length in bytes, parity included.
        bytes: u32,
    },
    /// An RSA pair with public exponent 65537.
    Rsa {
        /// Bits of the modulus: 2048 to 4096.
        bits: u32,
    },
    /// A pair on an elliptic curve.
    Ec {
        /// The curve.
        curve: Curve,
    },
    /// A pair of a post-quantum algorithm. The private key is its seed where the algorithm has one encoding for it (ML-KEM,
    /// ML-DSA).
    PostQuantum {
        /// The parameter set.
        set: PostQuantum,
    },
}

/// What [`KeyVault::generate`] made.
#[derive(Debug)]
pub enum Generated {
    /// Raw bytes of a symmetric key, sealed.
    Symmetric(Sealed),
    /// A key pair.
    Pair {
        /// PKCS#8 `PrivateKeyInfo` (DER, RFC 5208), sealed under the binding given for the private key.
        private: Sealed,
        /// `SubjectPublicKeyInfo` (DER, RFC 5280), in the clear.
        public: Vec<u8>,
    },
}

/// A use of a sealed key inside the vault.
#[derive(Debug)]
#[non_exhaustive]
pub enum Call<'a> {
    /// AES key wrap (RFC 3394, NIST SP 800-38F KW) of data that is a multiple of 8 bytes, at least 16.
    WrapKw {
        /// What to wrap.
        data: &'a Secret,
    },
    /// The inverse of [`Call::WrapKw`].
    UnwrapKw {
        /// The wrapped bytes.
        wrapped: &'a [u8],
    },
    /// AES key wrap with padding (RFC 5649, NIST SP 800-38F KWP).
    WrapKwp {
        /// What to wrap.
        data: &'a Secret,
    },
    /// The inverse of [`Call::WrapKwp`].
    UnwrapKwp {
        /// The wrapped bytes.
        wrapped: &'a [u8],
    },
}

/// The result of a [`Call`].
#[derive(Debug)]
pub enum Answer {
    /// Bytes that need no protection.
    Bytes(Vec<u8>),
    /// Bytes that do.
    Secret(Secret),
}

/// What the vault is and can do; the source of truth for Query.
#[derive(Debug, Clone)]
pub struct Description {
    /// A short name for logs and Query, such as `software` or the token's label.
    pub name: String,
    /// Key specifications that [`KeyVault::generate`] accepts. Of symmetric keys the usual lengths are listed; others that
    /// are a multiple of 8 bits may be accepted too.
    pub generates: Vec<KeySpec>,
}

/// Why a vault refused or failed.
#[derive(Debug, Error)]
pub enum VaultError {
    /// The vault cannot do this kind of work.
    #[error("the key vault does not support {0}")]
    Unsupported(String),
    /// A sealed blob does not open: damaged, or bound to something else.
    #[error("sealed key material does not authenticate: {0}")]
    DoesNotOpen(String),
    /// The data of a call is not acceptable (length, integrity of a wrapped key).
    #[error("{0}")]
    BadInput(String),
    /// The scope has no key installed.
    #[error("no key is installed for scope {0}")]
    NoScopeKey(String),
    /// The device or the library failed.
    #[error("key vault failure: {0}")]
    Failed(String),
    /// The material stays in the device, or leaves it only under another key.
    #[error("the key does not leave its device: {0}")]
    Stays(String),
    /// No device that holds the root key answers. The work may succeed later, without a restart.
    #[error("the key vault is out of reach: {0}")]
    Unavailable(String),
}

/// Which calls wait for a device, up to its deadline, instead of working in memory. Such calls belong on a pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// Making keys and drawing random numbers.
    pub to_make: bool,
    /// Sealing and opening material, and using it.
    pub to_use: bool,
    /// The device has answered within microseconds lately: whoever has threads to spare may call it without a pool. Making key
    /// pairs takes long on any device.
    pub prompt: bool,
}

/// A device of a vault, as reports show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceReport {
    /// What it is called.
    pub name: String,
    /// Where it is, such as the token and the path of its module.
    pub place: String,
    /// Whether it answers calls now.
    pub serves: bool,
    /// Its state in words: what it answered, and since when it is lost.
    pub state: String,
}

/// A key vault. What it does for clients with the keys is [`Cryptography`].
pub trait KeyVault: Cryptography {
    /// What the vault is and can do.
    fn describe(&self) -> Description;

    /// Told of each sealed key that the store holds, once it is read or written: what [`KeyVault::waits`] answers may follow
    /// from it.
    fn note_stored(&self, _sealed: &Sealed) {}

    /// Which calls wait for a device.
    fn waits(&self) -> Waits {
        Waits::default()
    }

    /// Whether the root key can be used now; the error says what is lost, and since when.
    fn health(&self) -> Result<(), VaultError> {
        Ok(())
    }

    /// The devices that hold the root key, in the order in which they are asked; none where it is held in software.
    fn devices(&self) -> Vec<DeviceReport> {
        Vec::new()
    }

    /// Fills `out` with random bytes of the vault's generator.
    fn random(&self, out: &mut [u8]) -> Result<(), VaultError>;

    /// Fills `out` with random bytes that nobody can foretell but anybody may see, such as identifiers, nonces and
    /// initialization vectors. Never waits for a device.
    fn unique(&self, out: &mut [u8]) -> Result<(), VaultError>;

    /// Makes a new key for a scope, sealed under the root key. The caller stores the blob and installs it.
    fn create_scope_key(&self, scope: &str) -> Result<Vec<u8>, VaultError>;

    /// Opens a stored scope key and keeps it, in protected memory, for `seal` and `open`. The newest one seals.
    fn install_scope_key(&self, scope: &str, sealed: &[u8]) -> Result<(), VaultError>;

    /// Seals a stored scope key anew, under the root key that seals now. The caller stores the blob in place of the old one
    /// and installs it.
    fn reseal_scope_key(&self, scope: &str, sealed: &[u8]) -> Result<Vec<u8>, VaultError>;

    /// Forgets a scope key under which nothing is left. The newest of a scope stays.
    fn forget_scope_key(&self, scope: &str, sealed: &[u8]);

    /// Whether a stored scope key stands under an older root key than the one that seals.
    fn is_scope_key_outdated(&self, sealed: &[u8]) -> bool;

    /// Whether an object is sealed by an older key of its scope, or under an older root key, than a new one would be.
    fn is_outdated(&self, sealed: &Sealed, binding: Binding<'_>) -> bool;

    /// Whether an object is sealed under an older root key itself, and not by a key of its scope.
    fn is_root_outdated(&self, _sealed: &Sealed) -> bool {
        false
    }

    /// Whether new objects are sealed by the keys of their scopes: else those have nothing to be renewed for.
    fn seals_by_scope_keys(&self) -> bool {
        true
    }

    /// Seals an object anew, by the newest keys.
    fn reseal(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<Sealed, VaultError> {
        self.seal(&self.open(sealed, binding)?, binding)
    }

    /// Makes a key and seals it. A pair's private key gets `binding`.
    fn generate(&self, spec: KeySpec, binding: Binding<'_>) -> Result<Generated, VaultError>;

    /// Seals material that came from a client.
    fn seal(&self, secret: &Secret, binding: Binding<'_>) -> Result<Sealed, VaultError>;

    /// Opens sealed material.
    fn open(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<Secret, VaultError>;

    /// Uses a sealed key without handing it out.
    fn perform(&self, sealed: &Sealed, binding: Binding<'_>, call: Call<'_>) -> Result<Answer, VaultError>;

    /// Forgets a key for good: a no-op for enveloped keys, an object's removal on a device.
    fn destroy(&self, sealed: &Sealed, binding: Binding<'_>) -> Result<(), VaultError>;

    /// Whether a blob is that of a resident key: its material is not in it, and is used where it is.
    fn resides(&self, _sealed: &Sealed) -> bool {
        false
    }

    /// Whether keys of a kind can stay in a device; the refusal says what is missing.
    fn may_reside(&self, kind: ResidentKind) -> Result<(), VaultError> {
        Err(no_residence(kind))
    }

    /// Makes a key in a device, to stay there. The blob of a pair's private key gets `binding`; its public key is given out.
    /// After a crash the object may exist without its blob: [`KeyVault::remove_resident`] takes it away.
    fn generate_resident(&self, what: Residence, _binding: Binding<'_>) -> Result<Generated, VaultError> {
        Err(no_residence(what.kind))
    }

    /// Brings material of a client into a device, to stay there: raw bytes, or PKCS#8 of a private key.
    fn import_resident(&self, what: Residence, _secret: &Secret, _binding: Binding<'_>) -> Result<Sealed, VaultError> {
        Err(no_residence(what.kind))
    }

    /// SHA-256 of the material of a resident symmetric key, computed in its device; `None` if the device does not do that.
    fn digest_resident(&self, _sealed: &Sealed, _binding: Binding<'_>) -> Result<Option<[u8; 32]>, VaultError> {
        Ok(None)
    }

    /// Takes a resident key out of its device, wrapped there under another key: raw bytes, or PKCS#8 of a private key.
    fn wrap_resident(
        &self,
        _sealed: &Sealed,
        _binding: Binding<'_>,
        _under: Key<'_>,
        _wrap: KeyWrap,
    ) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::Unsupported("keys that stay in hardware".to_owned()))
    }

    /// The resident keys that the devices which serve hold for this vault, whether a record names them or not.
    fn residents(&self) -> Result<Vec<ResidentObject>, VaultError> {
        Ok(Vec::new())
    }

    /// Removes what the devices hold for an object, if they hold something: `true` if they did. Needs every device.
    fn remove_resident(&self, _scope: &str, _id: &str) -> Result<bool, VaultError> {
        Ok(false)
    }
}

fn no_residence(kind: ResidentKind) -> VaultError {
    VaultError::Unsupported(format!("{kind} in hardware: it keeps all material in software"))
}
