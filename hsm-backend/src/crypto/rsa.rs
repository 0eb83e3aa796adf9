//! RSA (RFC 8017): signatures and encryption. aws-lc-rs does what it has a name for; other hash functions and combinations
//! are the encodings here around the RSA function: AWS-LC's own for a private key ([`RsaKey`]), [`power`] for a public one.

use std::sync::{LazyLock, OnceLock};

use aws_lc_rs::digest::{Algorithm, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, OaepPublicEncryptingKey, Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey,
    PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair,
    RsaParameters, RsaPssSaltLength, RsaSignatureEncoding, UnparsedPublicKey,
};
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};
use der::Decode;
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{CryptoError, Hash};
use kmip_core::ports::vault::VaultError;
use rand_core::TryRng;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

use super::digest::digest;
use super::rsa_transform::RsaKey;
use super::stream::{Bytes, copy};
use crate::random::OsRandom;

/// Bits of the moduli of keys that sign, encrypt and decrypt.
const PRIVATE_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// Bits of the moduli of keys that verify.
const PUBLIC_BITS: std::ops::RangeInclusive<usize> = 1024..=4096;
/// The longest public exponent; a longer one would be work that a client chooses.
const MAX_EXPONENT_BITS: usize = 33;

/// A padding of signatures.
#[derive(Debug, Clone, Copy)]
pub(super) enum SignaturePadding {
    Pkcs1,
    Pss { mask_hash: Hash, salt_length: Option<usize> },
}

/// The parameters of OAEP.
#[derive(Clone, Copy)]
pub(super) struct Oaep<'a> {
    pub(super) hash: Hash,
    pub(super) mask_hash: Hash,
    pub(super) label: &'a [u8],
}

impl<'a> Oaep<'a> {
    /// aws-lc-rs has OAEP with one hash for both of its uses.
    fn algorithm(&self) -> Option<&'static OaepAlgorithm> {
        match (self.hash, self.mask_hash) {
            (Hash::Sha1, Hash::Sha1) => Some(&OAEP_SHA1_MGF1SHA1),
            (Hash::Sha256, Hash::Sha256) => Some(&OAEP_SHA256_MGF1SHA256),
            (Hash::Sha384, Hash::Sha384) => Some(&OAEP_SHA384_MGF1SHA384),
            (Hash::Sha512, Hash::Sha512) => Some(&OAEP_SHA512_MGF1SHA512),
            _ => None,
        }
    }

    fn label(&self) -> Option<&'a [u8]> {
        Some(self.label).filter(|label| !label.is_empty())
    }
}

/// A private key, parsed for each use when that use first comes.
pub(super) struct PrivateRsa {
    /// PKCS#8.
    der: Secret,
    bits: usize,
    signing: OnceLock<RsaKeyPair>,
    decrypting: OnceLock<PrivateDecryptingKey>,
    transform: OnceLock<RsaKey>,
}

impl PrivateRsa {
    pub(super) fn new(pkcs8: &[u8], modulus: &[u8]) -> Result<Self, CryptoError> {
        let bits = bits_of(modulus);
        if !PRIVATE_BITS.contains(&bits) {
            return Err(CryptoError::Key(format!(
                "an RSA key of {bits} bits does not sign or decrypt: 2048 to 4096 do"
            )));
        }
        let der = Secret::copy_from(pkcs8);
        let (signing, decrypting, transform) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Ok(Self { der, bits, signing, decrypting, transform })
    }

    /// Signs a digest.
    pub(super) fn sign(&self, hash: Hash, padding: SignaturePadding, digest: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let Some((encoding, algorithm)) = signing_encoding(hash, padding, self.bits)? else {
            return self.sign_encoded(hash, padding, digest);
        };
        let digest = Digest::import_less_safe(digest, algorithm).map_err(|_| wrong_digest(hash))?;
        let mut signature = vec![0; self.bits.div_ceil(8)];
        let signed = self.signing()?.sign_digest(encoding, &digest, &mut signature);
        signed.map(|()| signature).map_err(|_| failed("sign"))
    }

    /// With a hash or a combination that aws-lc-rs has no name for.
    fn sign_encoded(&self, hash: Hash, padding: SignaturePadding, digest: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let length = self.bits.div_ceil(8);
        let encoded = match padding {
            SignaturePadding::Pkcs1 => emsa_pkcs1(hash, digest, length)?,
            SignaturePadding::Pss { mask_hash, salt_length } => {
                let salt = random(salt_length.unwrap_or(mask_hash.length()))?;
                let encoded = emsa_pss(hash, mask_hash, digest, &salt, self.bits.saturating_sub(1))?;
                [vec![0; length.saturating_sub(encoded.len())], encoded].concat()
            }
        };
        self.transform()?.apply_private(&encoded).map(|mut out| std::mem::take(&mut *out)).ok_or_else(|| failed("sign"))
    }

    /// Signs a digest without the identifier of its hash.
    pub(super) fn sign_unprefixed(&self, digest: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let encoded = emsa_pkcs1_of(digest, self.bits.div_ceil(8))?;
        self.transform()?.apply_private(&encoded).map(|mut out| std::mem::take(&mut *out)).ok_or_else(|| failed("sign"))
    }

    pub(super) fn decrypt_pkcs1(&self, data: &[u8]) -> Result<Bytes, CryptoError> {
        let key = Pkcs1PrivateDecryptingKey::new(self.decrypting()?.clone()).map_err(|_| failed("decrypt"))?;
        let mut out = Zeroizing::new(vec![0; self.bits.div_ceil(8)]);
        key.decrypt(data, &mut out).map(|plain| copy(plain)).map_err(|_| does_not_decrypt())
    }

    pub(super) fn decrypt_oaep(&self, how: &Oaep<'_>, data: &[u8]) -> Result<Bytes, CryptoError> {
        let Some(algorithm) = how.algorithm() else { return self.decrypt_oaep_encoded(how, data) };
        let key = OaepPrivateDecryptingKey::new(self.decrypting()?.clone()).map_err(|_| failed("decrypt"))?;
        let mut out = Zeroizing::new(vec![0; self.bits.div_ceil(8)]);
        let opened = key.decrypt(algorithm, data, &mut out, how.label());
        opened.map(|plain| copy(plain)).map_err(|_| does_not_decrypt())
    }

    /// With hashes that aws-lc-rs has no name for.
    fn decrypt_oaep_encoded(&self, how: &Oaep<'_>, data: &[u8]) -> Result<Bytes, CryptoError> {
        if data.len() != self.bits.div_ceil(8) {
            return Err(does_not_decrypt());
        }
        let encoded = self.transform()?.apply_private(data).ok_or_else(does_not_decrypt)?;
        eme_oaep_decode(how, &encoded)
    }

    fn transform(&self) -> Result<&RsaKey, CryptoError> {
        parsed(&self.transform, || {
            let info: pkcs8::PrivateKeyInfoRef<'_> = self.der.expose_secret().try_into().ok()?;
            RsaKey::private(info.private_key.as_bytes())
        })
    }

    fn signing(&self) -> Result<&RsaKeyPair, CryptoError> {
        parsed(&self.signing, || RsaKeyPair::from_pkcs8(self.der.expose_secret()).ok())
    }

    fn decrypting(&self) -> Result<&PrivateDecryptingKey, CryptoError> {
        parsed(&self.decrypting, || PrivateDecryptingKey::from_pkcs8(self.der.expose_secret()).ok())
    }
}

fn parsed<T>(place: &OnceLock<T>, parse: impl FnOnce() -> Option<T>) -> Result<&T, CryptoError> {
    if place.get().is_none()
        && let Some(key) = parse()
    {
        // Another thread may have been first; its key is the same.
        drop(place.set(key));
    }
    place.get().ok_or_else(|| CryptoError::Key("the numbers of the RSA key do not belong together".to_owned()))
}

/// PSS of one hash with each length of salt up to the longest that a modulus of 4096 bits has room for: aws-lc-rs wants its
/// encodings to live as long as the program.
type Salted = LazyLock<Vec<RsaSignatureEncoding>>;

static PSS_SHA256: Salted = LazyLock::new(|| salted(|| RSA_PSS_SHA256));
static PSS_SHA384: Salted = LazyLock::new(|| salted(|| RSA_PSS_SHA384));
static PSS_SHA512: Salted = LazyLock::new(|| salted(|| RSA_PSS_SHA512));

fn salted(encoding: impl Fn() -> RsaSignatureEncoding) -> Vec<RsaSignatureEncoding> {
    (0..=512).map(|length| encoding().with_pss_salt_length(RsaPssSaltLength::Custom(length))).collect()
}

fn signing_encoding(
    hash: Hash,
    padding: SignaturePadding,
    bits: usize,
) -> Result<Option<(&'static RsaSignatureEncoding, &'static Algorithm)>, CryptoError> {
    let algorithm = match hash {
        Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
        _ => return Ok(None),
    };
    let encoding = match (padding, hash) {
        (SignaturePadding::Pkcs1, Hash::Sha256) => &RSA_PKCS1_SHA256,
        (SignaturePadding::Pkcs1, Hash::Sha384) => &RSA_PKCS1_SHA384,
        (SignaturePadding::Pkcs1, _) => &RSA_PKCS1_SHA512,
        (SignaturePadding::Pss { mask_hash, .. }, _) if mask_hash != hash => return Ok(None),
        (SignaturePadding::Pss { salt_length, .. }, _) => {
            let table = match hash {
                Hash::Sha256 => &PSS_SHA256,
                Hash::Sha384 => &PSS_SHA384,
                _ => &PSS_SHA512,
            };
            let length = salt_length.unwrap_or(hash.length());
            let room = bits.saturating_sub(1).div_ceil(8).saturating_sub(hash.length()).saturating_sub(2);
            let too_long =
                || CryptoError::Parameters(format!("a salt of {length} bytes is too long: the key takes {room}"));
            table.get(length).filter(|_| length <= room).ok_or_else(too_long)?
        }
    };
    Ok(Some((encoding, algorithm)))
}

/// Whether a signature of a digest is valid. `pkcs1` is the `RSAPublicKey`.
pub(super) fn verify(
    pkcs1: &[u8],
    hash: Hash,
    padding: SignaturePadding,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, CryptoError> {
    let (numbers, bits) = public_numbers(pkcs1)?;
    if let Some((parameters, algorithm)) = named_verification(hash, padding).filter(|_| bits >= *PRIVATE_BITS.start()) {
        let digest = Digest::import_less_safe(digest, algorithm).map_err(|_| wrong_digest(hash))?;
        let key = UnparsedPublicKey::new(parameters, pkcs1).parse().map_err(|_| bad_public_key())?;
        return Ok(key.verify_digest_sig(&digest, signature).is_ok());
    }
    let encoded = power(&numbers, bits, signature)?;
    Ok(match (encoded, padding) {
        (None, _) => false,
        (Some(encoded), SignaturePadding::Pkcs1) => {
            emsa_pkcs1(hash, digest, encoded.len()).is_ok_and(|expected| expected == encoded)
        }
        (Some(encoded), SignaturePadding::Pss { mask_hash, salt_length }) => {
            emsa_pss_matches(hash, mask_hash, digest, salt_length, bits.saturating_sub(1), &encoded).is_some()
        }
    })
}

/// Whether a signature is that of a digest without the identifier of its hash.
pub(super) fn verify_unprefixed(pkcs1: &[u8], digest: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    let (numbers, bits) = public_numbers(pkcs1)?;
    let encoded = power(&numbers, bits, signature)?;
    Ok(encoded.is_some_and(|encoded| emsa_pkcs1_of(digest, encoded.len()).is_ok_and(|expected| expected == encoded)))
}

/// The numbers of a key that verifies, and the bits of its modulus.
fn public_numbers(pkcs1: &[u8]) -> Result<(pkcs1::RsaPublicKeyRef<'_>, usize), CryptoError> {
    let numbers = pkcs1::RsaPublicKeyRef::from_der(pkcs1).map_err(|_| bad_public_key())?;
    let bits = bits_of(numbers.modulus.as_bytes());
    if !PUBLIC_BITS.contains(&bits) {
        return Err(CryptoError::Key(format!("an RSA key of {bits} bits does not verify: 1024 to 4096 do")));
    }
    if bits_of(numbers.public_exponent.as_bytes()) > MAX_EXPONENT_BITS {
        return Err(CryptoError::Key(format!("an RSA public exponent has at most {MAX_EXPONENT_BITS} bits here")));
    }
    Ok((numbers, bits))
}

fn named_verification(hash: Hash, padding: SignaturePadding) -> Option<(&'static RsaParameters, &'static Algorithm)> {
    match (hash, padding) {
        (Hash::Sha1, SignaturePadding::Pkcs1) => {
            Some((&RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, &SHA1_FOR_LEGACY_USE_ONLY))
        }
        (Hash::Sha256, SignaturePadding::Pkcs1) => Some((&RSA_PKCS1_2048_8192_SHA256, &SHA256)),
        (Hash::Sha384, SignaturePadding::Pkcs1) => Some((&RSA_PKCS1_2048_8192_SHA384, &SHA384)),
        (Hash::Sha512, SignaturePadding::Pkcs1) => Some((&RSA_PKCS1_2048_8192_SHA512, &SHA512)),
        (_, SignaturePadding::Pss { mask_hash, salt_length })
            if mask_hash != hash || salt_length != Some(hash.length()) =>
        {
            None
        }
        (Hash::Sha256, _) => Some((&RSA_PSS_2048_8192_SHA256, &SHA256)),
        (Hash::Sha384, _) => Some((&RSA_PSS_2048_8192_SHA384, &SHA384)),
        (Hash::Sha512, _) => Some((&RSA_PSS_2048_8192_SHA512, &SHA512)),
        _ => None,
    }
}

/// The public RSA function (RFC 8017 §5.2.2); nothing if the signature is no number below the modulus in its length.
fn power(key: &pkcs1::RsaPublicKeyRef<'_>, bits: usize, signature: &[u8]) -> Result<Option<Vec<u8>>, CryptoError> {
    let length = bits.div_ceil(8);
    let modulus = BoxedUint::from_be_slice_vartime(key.modulus.as_bytes());
    let modulus: Odd<BoxedUint> = modulus.to_odd().into_option().ok_or_else(bad_public_key)?;
    let base = BoxedUint::from_be_slice(signature, modulus.bits_precision());
    let Some(base) = base.ok().filter(|base| signature.len() == length && *base < *modulus) else { return Ok(None) };
    let exponent = BoxedUint::from_be_slice_vartime(key.public_exponent.as_bytes());
    let parameters = BoxedMontyParams::new_vartime(modulus);
    let raised = BoxedMontyForm::new(base, &parameters).pow_bounded_exp(&exponent, exponent.bits()).retrieve();
    let bytes = raised.to_be_bytes();
    Ok(bytes.len().checked_sub(length).and_then(|above| bytes.get(above..)).map(<[u8]>::to_vec))
}

pub(super) fn encrypt_pkcs1(spki: &[u8], data: &[u8]) -> Result<Bytes, CryptoError> {
    let key = Pkcs1PublicEncryptingKey::new(encrypting(spki)?).map_err(|_| bad_public_key())?;
    let mut out = vec![0; key.key_size_bytes()];
    let room = out.len().saturating_sub(11);
    key.encrypt(data, &mut out).map_err(|_| too_long(room))?;
    Ok(Zeroizing::new(out))
}

pub(super) fn encrypt_oaep(spki: &[u8], pkcs1: &[u8], how: &Oaep<'_>, data: &[u8]) -> Result<Bytes, CryptoError> {
    let key = OaepPublicEncryptingKey::new(encrypting(spki)?).map_err(|_| bad_public_key())?;
    let length = key.key_size_bytes();
    let room = length.saturating_sub(how.hash.length().saturating_mul(2)).saturating_sub(2);
    if data.len() > room {
        return Err(too_long(room));
    }
    if let Some(algorithm) = how.algorithm() {
        let mut out = vec![0; length];
        key.encrypt(algorithm, data, &mut out, how.label()).map_err(|_| failed("encrypt"))?;
        return Ok(Zeroizing::new(out));
    }
    let encoded = eme_oaep_encode(how, data, room, length)?;
    let (numbers, bits) = public_numbers(pkcs1)?;
    power(&numbers, bits, &encoded)?.map(Zeroizing::new).ok_or_else(|| failed("encrypt"))
}

fn encrypting(spki: &[u8]) -> Result<PublicEncryptingKey, CryptoError> {
    let key = PublicEncryptingKey::from_der(spki).map_err(|_| bad_public_key())?;
    let bits = key.key_size_bits();
    let wrong = || CryptoError::Key(format!("an RSA key of {bits} bits does not encrypt: 2048 to 4096 do"));
    if PRIVATE_BITS.contains(&bits) { Ok(key) } else { Err(wrong()) }
}

/// The DER of DigestInfo up to the digest (RFC 8017 §9.2 note 1, NIST CSOR for SHA-3).
pub(crate) fn digest_info_prefix(hash: Hash) -> Vec<u8> {
    const SHA1: &[u8] = &[0x2B, 0x0E, 0x03, 0x02, 0x1A];
    let nist = |last| vec![0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last];
    let identifier = match hash {
        Hash::Sha1 => SHA1.to_vec(),
        Hash::Sha256 => nist(1),
        Hash::Sha384 => nist(2),
        Hash::Sha512 => nist(3),
        Hash::Sha224 => nist(4),
        Hash::Sha512_224 => nist(5),
        Hash::Sha512_256 => nist(6),
        Hash::Sha3_224 => nist(7),
        Hash::Sha3_256 => nist(8),
        Hash::Sha3_384 => nist(9),
        Hash::Sha3_512 => nist(10),
    };
    let small = |length: usize| u8::try_from(length).unwrap_or_default();
    let (oid, hash_length) = (small(identifier.len()), small(hash.length()));
    let algorithm = oid.saturating_add(4);
    let whole = algorithm.saturating_add(4).saturating_add(hash_length);
    let head = [0x30, whole, 0x30, algorithm, 0x06, oid];
    [head.as_slice(), &identifier, &[0x05, 0x00, 0x04, hash_length]].concat()
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2).
fn emsa_pkcs1(hash: Hash, digest: &[u8], length: usize) -> Result<Vec<u8>, CryptoError> {
    if digest.len() != hash.length() {
        return Err(wrong_digest(hash));
    }
    emsa_pkcs1_of(&[digest_info_prefix(hash).as_slice(), digest].concat(), length)
}

/// The encoding of whatever stands for the digest.
fn emsa_pkcs1_of(info: &[u8], length: usize) -> Result<Vec<u8>, CryptoError> {
    let filler = length.checked_sub(info.len().saturating_add(3)).filter(|filler| *filler >= 8);
    let filler = filler.ok_or_else(|| CryptoError::Key("the RSA key is too short for this hash".to_owned()))?;
    Ok([&[0x00, 0x01], vec![0xFF; filler].as_slice(), &[0x00], info].concat())
}

/// MGF1 (RFC 8017 §B.2.1), applied to `target` by exclusive or.
fn mask(hash: Hash, seed: &[u8], target: &mut [u8]) {
    for (counter, chunk) in (0u32..).zip(target.chunks_mut(hash.length())) {
        let block = Zeroizing::new(digest(hash, &[seed, &counter.to_be_bytes()]));
        chunk.iter_mut().zip(block.iter()).for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// EMSA-PSS encoding (RFC 8017 §9.1.1) in as many bytes as `bits` need.
fn emsa_pss(hash: Hash, mask_hash: Hash, digest_: &[u8], salt: &[u8], bits: usize) -> Result<Vec<u8>, CryptoError> {
    if digest_.len() != hash.length() {
        return Err(wrong_digest(hash));
    }
    let length = bits.div_ceil(8);
    let filler = length.checked_sub(hash.length().saturating_add(salt.len()).saturating_add(2));
    let too_long = || CryptoError::Parameters(format!("a salt of {} bytes is too long for the RSA key", salt.len()));
    let filler = filler.ok_or_else(too_long)?;
    let check = digest(hash, &[&[0; 8], digest_, salt]);
    let mut block = [vec![0; filler].as_slice(), &[0x01], salt].concat();
    mask(mask_hash, &check, &mut block);
    if let Some(first) = block.first_mut() {
        *first &= top_mask(bits);
    }
    block.extend_from_slice(&check);
    block.push(0xBC);
    Ok(block)
}

/// EMSA-PSS verification (RFC 8017 §9.1.2): something if the encoding fits.
fn emsa_pss_matches(
    hash: Hash,
    mask_hash: Hash,
    digest_: &[u8],
    salt_length: Option<usize>,
    bits: usize,
    encoded: &[u8],
) -> Option<()> {
    let (above, encoded) = encoded.split_at_checked(encoded.len().checked_sub(bits.div_ceil(8))?)?;
    let (rest, trailer) = encoded.split_at_checked(encoded.len().checked_sub(1)?)?;
    let (masked, check) = rest.split_at_checked(rest.len().checked_sub(hash.length())?)?;
    let top = *masked.first()?;
    if digest_.len() != hash.length() || above.iter().any(|byte| *byte != 0) || trailer != [0xBC] {
        return None;
    }
    if top & !top_mask(bits) != 0 {
        return None;
    }
    let mut block = masked.to_vec();
    mask(mask_hash, check, &mut block);
    if let Some(first) = block.first_mut() {
        *first &= top_mask(bits);
    }
    let filler = block.iter().take_while(|byte| **byte == 0).count();
    let (marker, salt) = block.get(filler..)?.split_first()?;
    if *marker != 0x01 || salt_length.is_some_and(|length| length != salt.len()) {
        return None;
    }
    (digest(hash, &[&[0; 8], digest_, salt]) == check).then_some(())
}

/// The bits of the first byte that belong to a number of `bits`.
fn top_mask(bits: usize) -> u8 {
    let unused = bits.div_ceil(8).saturating_mul(8).saturating_sub(bits);
    u8::MAX.checked_shr(u32::try_from(unused).unwrap_or_default()).unwrap_or_default()
}

/// EME-OAEP encoding (RFC 8017 §7.1.1).
fn eme_oaep_encode(how: &Oaep<'_>, data: &[u8], room: usize, length: usize) -> Result<Bytes, CryptoError> {
    let mut seed = random(how.hash.length())?;
    let filler = vec![0; room.saturating_sub(data.len())];
    let label = digest(how.hash, &[how.label]);
    let mut block = Zeroizing::new(Vec::with_capacity(length));
    [label.as_slice(), &filler, &[0x01], data].iter().for_each(|part| block.extend_from_slice(part));
    mask(how.mask_hash, &seed, &mut block);
    mask(how.mask_hash, &block, &mut seed);
    let mut encoded = Zeroizing::new(Vec::with_capacity(length));
    [&[0x00], seed.as_slice(), &block].iter().for_each(|part| encoded.extend_from_slice(part));
    Ok(encoded)
}

/// EME-OAEP decoding (RFC 8017 §7.1.2). Which of the checks fails shows neither in the answer nor in the time.
fn eme_oaep_decode(how: &Oaep<'_>, encoded: &[u8]) -> Result<Bytes, CryptoError> {
    let (first, rest) = encoded.split_first().ok_or_else(does_not_decrypt)?;
    let (seed, block) = rest.split_at_checked(how.hash.length()).ok_or_else(does_not_decrypt)?;
    let (mut seed, mut block) = (copy(seed), copy(block));
    mask(how.mask_hash, &block, &mut seed);
    mask(how.mask_hash, &seed, &mut block);
    let (label, message) = block.split_at_checked(how.hash.length()).ok_or_else(does_not_decrypt)?;
    let mut good = first.ct_eq(&0) & label.ct_eq(&digest(how.hash, &[how.label]));
    let (mut looking, mut start) = (Choice::from(1), 0u32);
    for (place, byte) in (1u32..).zip(message) {
        let (is_marker, is_filler) = (byte.ct_eq(&1), byte.ct_eq(&0));
        start.conditional_assign(&place, looking & is_marker);
        good &= !looking | is_marker | is_filler;
        looking &= !is_marker;
    }
    good &= !looking;
    let start = usize::try_from(start).unwrap_or_default();
    if bool::from(good) { message.get(start..).map(copy).ok_or_else(does_not_decrypt) } else { Err(does_not_decrypt()) }
}

fn random(length: usize) -> Result<Bytes, CryptoError> {
    if length > 512 {
        return Err(CryptoError::Parameters(format!("a salt of {length} bytes is too long for the RSA key")));
    }
    let mut out = Zeroizing::new(vec![0; length]);
    OsRandom.try_fill_bytes(&mut out)?;
    Ok(out)
}

/// Bits of a big-endian number without leading zero bytes.
fn bits_of(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros());
    number.len().saturating_mul(8).saturating_sub(usize::try_from(leading).unwrap_or_default())
}

fn wrong_digest(hash: Hash) -> CryptoError {
    CryptoError::Data(format!("a digest by {hash:?} has {} bytes", hash.length()))
}

fn too_long(room: usize) -> CryptoError {
    CryptoError::Data(format!("the data is too long: this RSA key and padding take {room} bytes"))
}

fn bad_public_key() -> CryptoError {
    CryptoError::Key("not an RSA public key that can be used".to_owned())
}

/// One answer to everything that can be wrong with a ciphertext.
fn does_not_decrypt() -> CryptoError {
    CryptoError::Data("the data does not decrypt under this key and padding".to_owned())
}

fn failed(what: &str) -> CryptoError {
    CryptoError::Vault(VaultError::Failed(format!("RSA failed to {what}")))
}
