//! The calls of [`Cryptography`](kmip_core::ports::crypto::Cryptography) with keys that are opened in this process.

use std::sync::Arc;

use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{
    Accumulator, Cipher, CryptoError, Derivation, Encrypted, Encryption, Hash, Key, Mac, Message, Signing, Transform,
};
use kmip_core::ports::vault::KeyVault;

use super::digest::Hasher;
use super::keys::{PrivateKey, PublicKey};
use super::private_keys::PrivateKeys;
use super::rsa::{self, Oaep};
use super::stream::{Bytes, CipherStream, Direction, Gathered, Parts, Whole};
use super::transform::Kept;
use super::{ciphers, derivation, mac, signatures};

/// A vault that opens keys in this process.
pub(crate) trait OpensKeys: KeyVault {
    /// The parsed private keys that it keeps.
    fn private_keys(&self) -> &PrivateKeys;
}

/// Raw bytes of a key.
enum Material<'a> {
    Opened(Secret),
    Given(&'a Secret),
}

impl Material<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Opened(secret) => secret.expose_secret(),
            Self::Given(secret) => secret.expose_secret(),
        }
    }
}

fn material<'a>(vault: &impl OpensKeys, key: Key<'a>) -> Result<Material<'a>, CryptoError> {
    match key {
        Key::Sealed(sealed, binding) => Ok(Material::Opened(vault.open(sealed, binding)?)),
        Key::Converted(sealed, binding, how) => (how.convert)(&vault.open(sealed, binding)?).map(Material::Opened),
        Key::Clear(secret) => Ok(Material::Given(secret)),
        Key::Public(_) => Err(CryptoError::Key("a public key cannot do this".to_owned())),
    }
}

/// Does `work` with the raw bytes of a key.
pub(crate) fn with_material<T>(
    vault: &impl OpensKeys,
    key: Key<'_>,
    work: impl FnOnce(&Secret) -> T,
) -> Result<T, CryptoError> {
    Ok(match material(vault, key)? {
        Material::Opened(secret) => work(&secret),
        Material::Given(secret) => work(secret),
    })
}

fn private_key(vault: &impl OpensKeys, key: Key<'_>) -> Result<Arc<PrivateKey>, CryptoError> {
    let kept = vault.private_keys();
    match key {
        Key::Sealed(sealed, binding) => kept.parsed(sealed, binding, None, || Ok(vault.open(sealed, binding)?)),
        Key::Converted(sealed, binding, how) => {
            kept.parsed(sealed, binding, how.password, || (how.convert)(&vault.open(sealed, binding)?))
        }
        Key::Clear(secret) => PrivateKey::parse(secret).map(Arc::new),
        Key::Public(_) => Err(CryptoError::Key("a public key cannot do this: it takes the private key".to_owned())),
    }
}

fn public_key(key: Key<'_>) -> Result<&[u8], CryptoError> {
    match key {
        Key::Public(spki) => Ok(spki),
        _ => Err(CryptoError::Key("this takes the public key".to_owned())),
    }
}

pub(crate) fn encrypt(
    vault: &impl OpensKeys,
    key: Key<'_>,
    how: &Encryption<'_>,
    data: &[u8],
) -> Result<Encrypted, CryptoError> {
    let (mut data, tag) = match how.cipher() {
        Cipher::RsaPkcs1 | Cipher::RsaOaep => (encrypt_rsa(public_key(key)?, how, data)?, None),
        _ => ciphers::encrypt(how, material(vault, key)?.bytes(), data)?,
    };
    Ok(Encrypted { data: std::mem::take(&mut *data), tag })
}

fn encrypt_rsa(spki: &[u8], how: &Encryption<'_>, data: &[u8]) -> Result<Bytes, CryptoError> {
    match (PublicKey::parse(spki)?, *how) {
        (PublicKey::Rsa { spki, .. }, Encryption::RsaPkcs1) => rsa::encrypt_pkcs1(spki, data),
        (PublicKey::Rsa { spki, pkcs1 }, Encryption::RsaOaep { hash, mask_hash, label }) => {
            rsa::encrypt_oaep(spki, pkcs1, &Oaep { hash, mask_hash, label }, data)
        }
        _ => Err(CryptoError::Key("RSA encryption takes an RSA key".to_owned())),
    }
}

fn decrypt_rsa(key: &PrivateKey, how: &Encryption<'_>, data: &[u8]) -> Result<Bytes, CryptoError> {
    match (key, *how) {
        (PrivateKey::Rsa(key), Encryption::RsaPkcs1) => key.decrypt_pkcs1(data),
        (PrivateKey::Rsa(key), Encryption::RsaOaep { hash, mask_hash, label }) => {
            key.decrypt_oaep(&Oaep { hash, mask_hash, label }, data)
        }
        _ => Err(CryptoError::Key("RSA decryption takes an RSA key".to_owned())),
    }
}

pub(crate) fn decrypt(
    vault: &impl OpensKeys,
    key: Key<'_>,
    how: &Encryption<'_>,
    data: &[u8],
    tag: Option<&[u8]>,
) -> Result<Secret, CryptoError> {
    let plain = match how.cipher() {
        Cipher::RsaPkcs1 | Cipher::RsaOaep => decrypt_rsa(&*private_key(vault, key)?, how, data)?,
        _ => ciphers::decrypt(how, material(vault, key)?.bytes(), data, tag)?,
    };
    Ok(Secret::from_zeroizing(plain))
}

pub(crate) fn begin_encrypt(
    vault: &impl OpensKeys,
    key: Key<'_>,
    how: &Encryption<'_>,
) -> Result<Box<dyn Transform>, CryptoError> {
    let stream = match how.cipher() {
        Cipher::RsaPkcs1 | Cipher::RsaOaep => {
            let how = Kept::of(how);
            let spki = public_key(key)?.to_vec();
            Whole::boxed(move |data, _| Ok((encrypt_rsa(&spki, &how.borrowed(), data)?, None)))
        }
        _ => ciphers::begin(how, Direction::Encrypt, material(vault, key)?.bytes())?,
    };
    Ok(parts(stream))
}

pub(crate) fn begin_decrypt(
    vault: &impl OpensKeys,
    key: Key<'_>,
    how: &Encryption<'_>,
) -> Result<Box<dyn Transform>, CryptoError> {
    let stream = match how.cipher() {
        Cipher::RsaPkcs1 | Cipher::RsaOaep => {
            let how = Kept::of(how);
            let key = private_key(vault, key)?;
            Whole::boxed(move |data, _| Ok((decrypt_rsa(&key, &how.borrowed(), data)?, None)))
        }
        _ => ciphers::begin(how, Direction::Decrypt, material(vault, key)?.bytes())?,
    };
    Ok(parts(stream))
}

fn parts(stream: Box<dyn CipherStream>) -> Box<dyn Transform> {
    Box::new(Parts(stream))
}

pub(crate) fn sign(
    vault: &impl OpensKeys,
    key: Key<'_>,
    how: &Signing,
    message: Message<'_>,
) -> Result<Vec<u8>, CryptoError> {
    signatures::sign(&*private_key(vault, key)?, how, message)
}

pub(crate) fn verify(key: Key<'_>, how: &Signing, message: Message<'_>, signature: &[u8]) -> Result<bool, CryptoError> {
    signatures::verify(PublicKey::parse(public_key(key)?)?, how, message, signature)
}

pub(crate) fn begin_sign(
    vault: &impl OpensKeys,
    key: Key<'_>,
    how: &Signing,
) -> Result<Box<dyn Accumulator>, CryptoError> {
    let signer = Signer::Private(private_key(vault, key)?);
    Ok(Box::new(MessageStream { signer, how: *how, input: Input::of(how) }))
}

pub(crate) fn begin_verify(key: Key<'_>, how: &Signing) -> Result<Box<dyn Accumulator>, CryptoError> {
    let spki = public_key(key)?;
    PublicKey::parse(spki)?;
    Ok(Box::new(MessageStream { signer: Signer::Public(spki.to_vec()), how: *how, input: Input::of(how) }))
}

/// Begins a signature in parts that `sign` makes at the end, of the digest or of the whole message.
pub(crate) fn begin_sign_elsewhere(how: &Signing, sign: SignsAtEnd) -> Box<dyn Accumulator> {
    Box::new(MessageStream { signer: Signer::Elsewhere(sign), how: *how, input: Input::of(how) })
}

/// Signs what a stream took.
pub(crate) type SignsAtEnd = Box<dyn FnOnce(&Signing, Message<'_>) -> Result<Vec<u8>, CryptoError> + Send>;

enum Signer {
    Private(Arc<PrivateKey>),
    Elsewhere(SignsAtEnd),
    Public(Vec<u8>),
}

/// A message in parts: hashed as it comes, or gathered for schemes that need all of it.
enum Input {
    Hashed(Hasher),
    Gathered(Gathered),
}

impl Input {
    fn of(how: &Signing) -> Self {
        match signatures::hash_of(how) {
            Some(hash) => Self::Hashed(Hasher::new(hash)),
            None => Self::Gathered(Gathered::default()),
        }
    }
}

/// A signature in parts.
struct MessageStream {
    signer: Signer,
    how: Signing,
    input: Input,
}

impl Accumulator for MessageStream {
    fn update(&mut self, data: &[u8]) -> Result<(), CryptoError> {
        match &mut self.input {
            Input::Hashed(hasher) => hasher.update(data),
            Input::Gathered(gathered) => gathered.push(data)?,
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Vec<u8>, CryptoError> {
        let (signer, how) = (self.signer, self.how);
        let sign = move |message: Message<'_>| match signer {
            Signer::Private(key) => signatures::sign(&key, &how, message),
            Signer::Elsewhere(sign) => sign(&how, message),
            Signer::Public(_) => Err(CryptoError::Unsupported("a signature in a stream that verifies".to_owned())),
        };
        match self.input {
            Input::Hashed(hasher) => sign(Message::Digest(&hasher.finish())),
            Input::Gathered(gathered) => sign(Message::Data(gathered.as_slice())),
        }
    }

    fn verify(self: Box<Self>, claimed: &[u8]) -> Result<bool, CryptoError> {
        let Signer::Public(spki) = &self.signer else {
            return Err(CryptoError::Unsupported("verification in a stream that signs".to_owned()));
        };
        let key = PublicKey::parse(spki)?;
        match self.input {
            Input::Hashed(hasher) => signatures::verify(key, &self.how, Message::Digest(&hasher.finish()), claimed),
            Input::Gathered(gathered) => {
                signatures::verify(key, &self.how, Message::Data(gathered.as_slice()), claimed)
            }
        }
    }
}

pub(crate) fn derive(
    vault: &impl OpensKeys,
    key: Option<Key<'_>>,
    how: &Derivation<'_>,
    length: usize,
) -> Result<Secret, CryptoError> {
    match (key, *how) {
        (Some(key), Derivation::Agreement { public }) => {
            derivation::agree(&*private_key(vault, key)?, PublicKey::parse(public)?, length)
        }
        (Some(key), _) => derivation::derive_bytes(material(vault, key)?.bytes(), how, length),
        (None, Derivation::Hash { .. }) => derivation::derive_bytes(&[], how, length),
        (None, _) => Err(CryptoError::Parameters(format!("{how:?} takes a key to derive from"))),
    }
}

pub(crate) fn begin_mac(
    vault: &impl OpensKeys,
    key: Key<'_>,
    how: &Mac<'_>,
) -> Result<Box<dyn Accumulator>, CryptoError> {
    mac::begin(how, material(vault, key)?.bytes())
}

pub(crate) fn begin_hash(hash: Hash) -> Result<Box<dyn Accumulator>, CryptoError> {
    Ok(Box::new(Hasher::new(hash)))
}
