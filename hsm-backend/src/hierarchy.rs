//! What every root key can do, and the blobs that stand directly under it: scope keys, the keys of the store and, in strict
//! mode of a PKCS#11 vault, objects.
//!
//! Under the root: `kind (1) ‖ sealed message`, behind a number where it is not the first root key (see `roots`). The kind tells which sort of root sealed it, so that a blob that is
//! taken to another vault is refused with a reason. The purpose is bound as associated data: a scope key does not open as
//! another scope's, nor as a store key.

use kmip_codec::secret::Secret;
use kmip_core::ports::vault::VaultError;

use crate::random::Source;

/// What a blob under the root key is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose<'a> {
    /// The key of a scope, in its generation.
    ScopeKey(&'a str, u32),
    /// The seal and blinding keys of the store.
    StoreKeys,
    /// The material of an object that stands directly under the root; see `scope_keys` for what is bound.
    Object(&'a [u8]),
    /// A trial whether a device works.
    Probe,
}

impl Purpose<'_> {
    /// Associated data of the seal; no two purposes share it.
    pub(crate) fn associated_data(self) -> Vec<u8> {
        match self {
            Purpose::ScopeKey(scope, generation) => {
                [b"kmip scope key 1\0".as_slice(), &generation.to_be_bytes(), scope.as_bytes()].concat()
            }
            Purpose::StoreKeys => b"kmip store keys 1\0".to_vec(),
            Purpose::Object(bound) => [b"kmip object 1\0".as_slice(), bound].concat(),
            Purpose::Probe => b"kmip probe 1\0".to_vec(),
        }
    }
}

/// Which sort of root key sealed a blob; its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum RootKind {
    /// A root key in this process: the construction of `envelope`.
    Software = 1,
    /// A root key on a PKCS#11 token: AES-256-GCM there, with a nonce of 12 bytes.
    Token = 2,
    /// A root key on a token that wraps a data key with padding (RFC 5649).
    TokenKwp = 3,
    /// A root key on a token that wraps a data key (RFC 3394).
    TokenKw = 4,
    /// A root key on a token that encrypts single blocks: a data key is derived from a salt.
    TokenDerived = 5,
}

impl RootKind {
    /// Writes the kind byte.
    pub(crate) fn header(self) -> Vec<u8> {
        vec![self as u8]
    }

    /// The kind of a blob, and the rest of it.
    pub(crate) fn split(sealed: &[u8]) -> Result<(Self, &[u8]), VaultError> {
        let (kind, rest) = sealed.split_first().ok_or_else(unknown_format)?;
        let kinds = [Self::Software, Self::Token, Self::TokenKwp, Self::TokenKw, Self::TokenDerived];
        let kind = kinds.into_iter().find(|known| *known as u8 == *kind).ok_or_else(unknown_format)?;
        Ok((kind, rest))
    }

    /// The refusal of a blob that a vault cannot open because of its kind.
    pub(crate) fn of_another_vault() -> VaultError {
        VaultError::DoesNotOpen("it was sealed by the root key of another kind of vault".to_owned())
    }
}

fn unknown_format() -> VaultError {
    VaultError::DoesNotOpen("unknown format".to_owned())
}

/// A root key.
pub(crate) trait Root: Send + Sync {
    /// Seals `plain` for a purpose.
    fn seal(&self, purpose: Purpose<'_>, plain: &Secret) -> Result<Vec<u8>, VaultError>;

    /// Opens what `seal` made for the same purpose.
    fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Secret, VaultError>;
}

/// Random bytes as a secret.
pub(crate) fn random_secret(length: usize, random: &mut impl Source) -> Result<Secret, VaultError> {
    Secret::init_with(length, |out| random.try_fill_bytes(out))
}
