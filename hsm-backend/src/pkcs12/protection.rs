//! How the parts of a PKCS #12 file are protected: PBES2 with AES (RFC 8018 §6.2), what older programs write (RFC 7292 §B, §C),
//! and the code over the whole (RFC 7292 §4, RFC 9579).

use std::cell::Cell;

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode};
use kmip_core::ports::crypto::{BlockCipher, BlockMode, BlockPadding, CryptoError, Encryption, Hash};
use rand_core::TryRng;
use spki::AlgorithmIdentifierRef;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::structures::{DigestInfo, MacData, OldParameters, Pbkdf2, TwoAlgorithms};
use super::{malformed, not_der, unsupported};
use crate::crypto::stream::Bytes;
use crate::crypto::{ciphers, derivation, digest, mac};
use crate::random::OsRandom;

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const PBMAC1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.14");
const SHA1_TRIPLE_DES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.1.3");
const AES_128_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.2");
const AES_192_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.22");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const TRIPLE_DES_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.3.7");
const HMAC_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.2.9");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// The hash functions, as digests and in HMAC.
const HASHES: [(Hash, ObjectIdentifier, ObjectIdentifier); 5] = [
    (Hash::Sha1, ObjectIdentifier::new_unwrap("1.3.14.3.2.26"), ObjectIdentifier::new_unwrap("1.2.840.113549.2.7")),
    (
        Hash::Sha224,
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4"),
        ObjectIdentifier::new_unwrap("1.2.840.113549.2.8"),
    ),
    (Hash::Sha256, SHA256, HMAC_SHA256),
    (
        Hash::Sha384,
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2"),
        ObjectIdentifier::new_unwrap("1.2.840.113549.2.10"),
    ),
    (
        Hash::Sha512,
        ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3"),
        ObjectIdentifier::new_unwrap("1.2.840.113549.2.11"),
    ),
];

/// Iterations of each derivation in what is written.
const ITERATIONS: u32 = if cfg!(fuzzing) { 20 } else { 100_000 };
/// Iterations that all derivations of a file together may take: a second or two. Each block of 64 bytes of a salt and a password
/// counts as one more.
const MOST_ITERATIONS: u64 = if cfg!(fuzzing) { 5_000 } else { 2_000_000 };
/// The longest password: a derivation works through all of it.
const LONGEST_PASSWORD: usize = 1_024;
const SALT_BYTES: usize = 16;
const AES_BLOCK: usize = 16;

/// What a derivation of RFC 7292 §B.3 is for.
#[derive(Clone, Copy)]
enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// The password of a file, and what may still be computed with it.
pub(super) struct Password {
    utf8: Zeroizing<String>,
    /// UTF-16, big-endian, with a zero at its end (RFC 7292 §B.1).
    wide: Zeroizing<Vec<u8>>,
    rest: Cell<u64>,
}

impl Password {
    pub(super) fn new(password: &str) -> Result<Self, CryptoError> {
        if password.len() > LONGEST_PASSWORD {
            let limit = format!("the password of a container has at most {LONGEST_PASSWORD} bytes");
            return Err(CryptoError::Limit(limit));
        }
        let mut wide = Zeroizing::new(Vec::with_capacity(password.len().saturating_add(1).saturating_mul(2)));
        password.encode_utf16().chain([0]).for_each(|unit| wide.extend_from_slice(&unit.to_be_bytes()));
        Ok(Self { utf8: Zeroizing::new(password.to_owned()), wide, rest: Cell::new(MOST_ITERATIONS) })
    }

    fn spend(&self, iterations: u32, blocks: usize, salt: &[u8]) -> Result<(), CryptoError> {
        let input = salt.len().saturating_add(self.wide.len()).div_ceil(64) as u64;
        let cost = u64::from(iterations).saturating_add(input).saturating_mul(blocks as u64);
        let limit = || CryptoError::Limit(format!("the container asks for more than {MOST_ITERATIONS} iterations"));
        self.rest.set(self.rest.get().checked_sub(cost).ok_or_else(limit)?);
        Ok(())
    }

    /// PBKDF2 by its parameters; `length` where these leave it open.
    fn pbkdf2(&self, how: &AlgorithmIdentifierRef<'_>, length: Option<usize>) -> Result<Bytes, CryptoError> {
        if how.oid != PBKDF2 {
            return unsupported(format!("the key derivation {} of the container", how.oid));
        }
        let parameters: Pbkdf2<'_> = parameters(how)?;
        let hash = parameters.function.map_or(Ok(Hash::Sha1), |function| hash_of_hmac(function.oid))?;
        let length = match (length, parameters.length.map(usize::from)) {
            (Some(wanted), Some(told)) if wanted != told => return malformed("a key length does not fit its cipher"),
            (Some(length), _) | (None, Some(length)) => length,
            (None, None) => return malformed("the code over the container has no key length"),
        };
        let (password, salt) = (self.utf8.as_bytes(), parameters.salt.as_bytes());
        self.spend(parameters.iterations, length.div_ceil(hash.length()), salt)?;
        let key = derivation::pbkdf2(hash, password, salt, parameters.iterations, length)?;
        Ok(Zeroizing::new(key.expose_secret().to_vec()))
    }

    /// The derivation of RFC 7292 §B.2.
    fn derive(
        &self,
        hash: Hash,
        purpose: Purpose,
        salt: &[u8],
        iterations: u32,
        length: usize,
    ) -> Result<Bytes, CryptoError> {
        self.spend(iterations.max(1), length.div_ceil(hash.length()), salt)?;
        let block = if hash.length() > Hash::Sha256.length() { 128 } else { 64 };
        let diversifier = vec![purpose as u8; block];
        let fill = |from: &[u8]| -> Bytes {
            let length = from.len().div_ceil(block).saturating_mul(block);
            Zeroizing::new(from.iter().copied().cycle().take(length).collect())
        };
        let (salt, password) = (fill(salt), fill(&self.wide));
        let mut input = Zeroizing::new([salt.as_slice(), &password].concat());
        let mut out = Zeroizing::new(Vec::with_capacity(length.saturating_add(hash.length())));
        loop {
            let mut sum = Zeroizing::new(digest::digest(hash, &[&diversifier, &input]));
            for _ in 1..iterations {
                sum = Zeroizing::new(digest::digest(hash, &[&sum]));
            }
            out.extend_from_slice(&sum);
            if out.len() >= length {
                out.truncate(length);
                return Ok(out);
            }
            let addend: Bytes = Zeroizing::new(sum.iter().copied().cycle().take(block).collect());
            input.chunks_mut(block).for_each(|part| add_with_one(part, &addend));
        }
    }

    /// Encrypts with AES-256 in CBC mode under a key of its own; gives the algorithm, as DER, and the ciphertext.
    pub(super) fn encrypt(&self, data: &[u8]) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        let (salt, iv): ([u8; SALT_BYTES], [u8; AES_BLOCK]) = (random()?, random()?);
        let function = AlgorithmIdentifierRef { oid: HMAC_SHA256, parameters: Some(AnyRef::NULL) };
        let salt = OctetStringRef::new(&salt).map_err(not_der)?;
        let derivation = Pbkdf2 { salt, iterations: ITERATIONS, length: None, function: Some(function) }
            .to_der()
            .map_err(not_der)?;
        let iv_der = OctetStringRef::new(&iv).and_then(|iv| iv.to_der()).map_err(not_der)?;
        let parameters =
            TwoAlgorithms { derivation: identifier(PBKDF2, &derivation)?, work: identifier(AES_256_CBC, &iv_der)? };
        let key = self.pbkdf2(&parameters.derivation, Some(32))?;
        let (mut encrypted, _) = ciphers::encrypt(&cbc(BlockCipher::Aes, &iv), &key, data)?;
        let parameters = parameters.to_der().map_err(not_der)?;
        let algorithm = identifier(PBES2, &parameters)?.to_der().map_err(not_der)?;
        Ok((algorithm, std::mem::take(&mut *encrypted)))
    }

    /// Decrypts a part. [`CryptoError::Data`] says that the password is another one, [`CryptoError::Unsupported`] that it is
    /// encrypted in a way that is not known here.
    pub(super) fn decrypt(&self, algorithm: &AlgorithmIdentifierRef<'_>, data: &[u8]) -> Result<Bytes, CryptoError> {
        match algorithm.oid {
            PBES2 => {
                let TwoAlgorithms { derivation, work } = parameters(algorithm)?;
                let (cipher, length) = match work.oid {
                    AES_128_CBC => (BlockCipher::Aes, 16),
                    AES_192_CBC => (BlockCipher::Aes, 24),
                    AES_256_CBC => (BlockCipher::Aes, 32),
                    TRIPLE_DES_CBC => (BlockCipher::TripleDes, 24),
                    other => return unsupported(format!("the cipher {other} of the container")),
                };
                let key = self.pbkdf2(&derivation, Some(length))?;
                let iv: &OctetStringRef = parameters(&work)?;
                ciphers::decrypt(&cbc(cipher, iv.as_bytes()), &key, data, None)
            }
            SHA1_TRIPLE_DES => {
                let OldParameters { salt, iterations } = parameters(algorithm)?;
                let derive = |purpose, length| self.derive(Hash::Sha1, purpose, salt.as_bytes(), iterations, length);
                let (key, iv) = (derive(Purpose::Key, 24)?, derive(Purpose::Iv, 8)?);
                ciphers::decrypt(&cbc(BlockCipher::TripleDes, &iv), &key, data, None)
            }
            other => unsupported(format!("the encryption {other} of the container")),
        }
    }

    /// The code over the content of a file, as the DER of `MacData`.
    pub(super) fn authenticate(&self, content: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let salt: [u8; SALT_BYTES] = random()?;
        let key = self.derive(Hash::Sha256, Purpose::Mac, &salt, ITERATIONS, Hash::Sha256.length())?;
        let code = hmac(Hash::Sha256, &key, content)?;
        let algorithm = AlgorithmIdentifierRef { oid: SHA256, parameters: Some(AnyRef::NULL) };
        let mac = DigestInfo { algorithm, digest: OctetStringRef::new(&code).map_err(not_der)? };
        let salt = OctetStringRef::new(&salt).map_err(not_der)?;
        MacData { mac, salt, iterations: ITERATIONS }.to_der().map_err(not_der)
    }

    /// Whether the code over a file is the one that this password makes.
    pub(super) fn verifies(&self, code: &MacData<'_>, content: &[u8]) -> Result<bool, CryptoError> {
        let DigestInfo { algorithm, digest } = &code.mac;
        let computed = if algorithm.oid == PBMAC1 {
            let TwoAlgorithms { derivation, work } = parameters(algorithm)?;
            hmac(hash_of_hmac(work.oid)?, &self.pbkdf2(&derivation, None)?, content)?
        } else {
            let known = HASHES.iter().find(|(_, digest, _)| *digest == algorithm.oid);
            let Some((hash, ..)) = known else {
                return unsupported(format!("the code {} over the container", algorithm.oid));
            };
            let key = self.derive(*hash, Purpose::Mac, code.salt.as_bytes(), code.iterations, hash.length())?;
            hmac(*hash, &key, content)?
        };
        Ok(computed.ct_eq(digest.as_bytes()).into())
    }
}

fn hash_of_hmac(oid: ObjectIdentifier) -> Result<Hash, CryptoError> {
    match HASHES.iter().find(|(_, _, hmac)| *hmac == oid) {
        Some((hash, ..)) => Ok(*hash),
        None => unsupported(format!("the function {oid} of the container")),
    }
}

fn hmac(hash: Hash, key: &[u8], content: &[u8]) -> Result<Vec<u8>, CryptoError> {
    mac::hmac_of(hash, key, content).ok_or_else(|| CryptoError::Unsupported(format!("HMAC with {hash:?}")))
}

fn cbc(cipher: BlockCipher, iv: &[u8]) -> Encryption<'_> {
    Encryption::Block { cipher, mode: BlockMode::Cbc, padding: BlockPadding::Pkcs5, iv }
}

/// `part` + `addend` + 1, as big-endian numbers, without what does not fit.
fn add_with_one(part: &mut [u8], addend: &[u8]) {
    let mut carry = 1_u16;
    for (to, from) in part.iter_mut().zip(addend).rev() {
        let sum = u16::from(*to).saturating_add(u16::from(*from)).saturating_add(carry);
        let [high, low] = sum.to_be_bytes();
        (*to, carry) = (low, u16::from(high));
    }
}

fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut bytes = [0; N];
    OsRandom.try_fill_bytes(&mut bytes).map_err(CryptoError::Vault)?;
    Ok(bytes)
}

fn identifier(oid: ObjectIdentifier, parameters: &[u8]) -> Result<AlgorithmIdentifierRef<'_>, CryptoError> {
    Ok(AlgorithmIdentifierRef { oid, parameters: Some(AnyRef::from_der(parameters).map_err(not_der)?) })
}

fn parameters<'a, T>(algorithm: &AlgorithmIdentifierRef<'a>) -> Result<T, CryptoError>
where
    T: der::Choice<'a> + der::DecodeValue<'a, Error = der::Error>,
{
    algorithm.parameters.ok_or(der::ErrorKind::Failed.into()).and_then(|any| any.decode_as()).map_err(not_der)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures of `PKCS12KDF` that several libraries publish for two passwords, with SHA-1.
    #[test]
    fn keys_and_vectors_are_derived_as_elsewhere() {
        let cases = [
            ("smeg", "0a58cf64530d823f", 1, Purpose::Key, "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3"),
            ("smeg", "0a58cf64530d823f", 1, Purpose::Iv, "79993dfe048d3b76"),
            ("queeg", "05dec959acff72f7", 1000, Purpose::Key, "ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4"),
            ("queeg", "05dec959acff72f7", 1000, Purpose::Iv, "11dedad7758d4860"),
        ];
        for (password, salt, iterations, purpose, expected) in cases {
            let (salt, length) = (hex::decode(salt).unwrap(), expected.len() / 2);
            let derived =
                Password::new(password).unwrap().derive(Hash::Sha1, purpose, &salt, iterations, length).unwrap();
            assert_eq!(hex::encode(&*derived), expected, "{password}");
        }
    }
}
