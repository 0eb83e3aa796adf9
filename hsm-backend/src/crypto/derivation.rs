//! Key derivation (KMIP 2.1 §6.1.14): PBKDF2, hash, HMAC, encryption, NIST SP 800-108, HKDF, key agreement.

use std::num::NonZeroU32;

use aws_lc_rs::agreement::{self, UnparsedPublicKey};
use aws_lc_rs::pbkdf2::{PBKDF2_HMAC_SHA1, PBKDF2_HMAC_SHA256, PBKDF2_HMAC_SHA384, PBKDF2_HMAC_SHA512, derive};
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{CryptoError, Derivation, Encryption, Hash, KbkdfMode, Prf};
use kmip_core::ports::vault::Curve;
use zeroize::Zeroizing;

use super::ciphers;
use super::digest::digest;
use super::keys::{EllipticAgreement, PrivateKey, PublicKey};
use super::mac;

/// Iterations of PBKDF2 for one derivation, each block of output counted: about two seconds of one core.
const MAX_ITERATIONS: u64 = 4_000_000;
/// Bytes that one derivation gives at most.
const MAX_LENGTH: usize = 65_536;

/// Derives `length` bytes from raw key material.
pub(super) fn derive_bytes(key: &[u8], how: &Derivation<'_>, length: usize) -> Result<Secret, CryptoError> {
    check_length(length)?;
    match *how {
        Derivation::Pbkdf2 { hash, salt, iterations } => pbkdf2(hash, key, salt, iterations, length),
        Derivation::Hash { hash, data } => leading(&Zeroizing::new(digest(hash, &[key, data])), length),
        Derivation::Hmac { hash, data } => leading(&prf(Prf::Hmac(hash), key, &[data])?, length),
        Derivation::Encrypt { encryption, data } => encrypt(key, &encryption, data, length),
        Derivation::Kbkdf { mode, prf: function, data, iv } => {
            kbkdf(mode, |parts| prf(function, key, parts), data, iv, length)
        }
        Derivation::Hkdf { hash, salt, info } => hkdf(hash, key, salt, info, length),
        Derivation::Agreement { .. } => Err(CryptoError::Key("key agreement takes a private key".to_owned())),
    }
}

/// Refuses to derive nothing, or too much.
pub(crate) fn check_length(length: usize) -> Result<(), CryptoError> {
    match length {
        1..=MAX_LENGTH => Ok(()),
        _ => Err(CryptoError::Limit(format!("1 to {MAX_LENGTH} bytes are derived, not {length}"))),
    }
}

/// The first bytes of what a method gave.
pub(crate) fn leading(output: &[u8], length: usize) -> Result<Secret, CryptoError> {
    let too_short = || CryptoError::Data(format!("the method gives {} bytes, not {length}", output.len()));
    output.get(..length).map(Secret::copy_from).ok_or_else(too_short)
}

fn prf(prf: Prf, key: &[u8], parts: &[&[u8]]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let mut state = mac::prf(prf, key)?;
    parts.iter().for_each(|part| state.update(part));
    Ok(Zeroizing::new(state.finish()))
}

/// PBKDF2 with an HMAC (RFC 8018 §5.2).
pub(crate) fn pbkdf2(
    hash: Hash,
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    length: usize,
) -> Result<Secret, CryptoError> {
    let rounds = NonZeroU32::new(iterations);
    let rounds = rounds.ok_or_else(|| CryptoError::Parameters("PBKDF2 takes one iteration or more".to_owned()))?;
    let blocks = length.div_ceil(hash.length()) as u64;
    if blocks.saturating_mul(u64::from(iterations)) > MAX_ITERATIONS {
        let limit =
            format!("PBKDF2: at most {MAX_ITERATIONS} iterations, each {} bytes of output counted", hash.length());
        return Err(CryptoError::Limit(limit));
    }
    Secret::init_with(length, |out| {
        match hash {
            Hash::Sha1 => derive(PBKDF2_HMAC_SHA1, rounds, salt, password, out),
            Hash::Sha256 => derive(PBKDF2_HMAC_SHA256, rounds, salt, password, out),
            Hash::Sha384 => derive(PBKDF2_HMAC_SHA384, rounds, salt, password, out),
            Hash::Sha512 => derive(PBKDF2_HMAC_SHA512, rounds, salt, password, out),
            other => pbkdf2_of_prf(Prf::Hmac(other), password, salt, iterations, out)?,
        }
        Ok(())
    })
}

/// PBKDF2 (RFC 8018 §5.2) with an HMAC that aws-lc-rs has no PBKDF2 of.
fn pbkdf2_of_prf(prf: Prf, password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) -> Result<(), CryptoError> {
    let keyed = mac::prf(prf, password)?;
    let run = |parts: &[&[u8]]| {
        let mut state = keyed.clone();
        parts.iter().for_each(|part| state.update(part));
        Zeroizing::new(state.finish())
    };
    let length = run(&[]).len();
    for (number, chunk) in (1u32..).zip(out.chunks_mut(length)) {
        let mut last = run(&[salt, &number.to_be_bytes()]);
        let mut sum = last.clone();
        for _ in 1..iterations {
            last = run(&[&last]);
            sum.iter_mut().zip(last.iter()).for_each(|(sum, byte)| *sum ^= byte);
        }
        chunk.iter_mut().zip(sum.iter()).for_each(|(to, from)| *to = *from);
    }
    Ok(())
}

fn encrypt(key: &[u8], how: &Encryption<'_>, data: &[u8], length: usize) -> Result<Secret, CryptoError> {
    if !matches!(how, Encryption::Block { .. } | Encryption::ChaCha20 { .. }) {
        return Err(CryptoError::Parameters(format!("keys are not derived by {how:?}")));
    }
    let (encrypted, _) = ciphers::encrypt(how, key, data)?;
    leading(&encrypted, length)
}

/// NIST SP 800-108 with a counter of 32 bits, by a keyed function of some parts. The fixed data is the client's; no length is
/// added to it.
pub(crate) fn kbkdf(
    mode: KbkdfMode,
    prf: impl Fn(&[&[u8]]) -> Result<Zeroizing<Vec<u8>>, CryptoError>,
    data: &[u8],
    iv: &[u8],
    length: usize,
) -> Result<Secret, CryptoError> {
    if mode != KbkdfMode::Feedback && !iv.is_empty() {
        return Err(CryptoError::Parameters(format!("{mode:?} mode takes no initialization vector")));
    }
    let mut pipeline = match mode {
        KbkdfMode::DoublePipeline => prf(&[data])?,
        _ => Zeroizing::new(iv.to_vec()),
    };
    let mut out = Zeroizing::new(Vec::with_capacity(length.saturating_add(64)));
    for counter in 1u32.. {
        let before: &[u8] = if mode == KbkdfMode::Counter { &[] } else { &pipeline };
        let block = prf(&[before, &counter.to_be_bytes(), data])?;
        out.extend_from_slice(&block);
        if out.len() >= length {
            break;
        }
        pipeline = match mode {
            KbkdfMode::DoublePipeline => prf(&[&pipeline])?,
            _ => block,
        };
    }
    leading(&out, length)
}

/// HKDF (RFC 5869): at most 255 digests of output.
fn hkdf(hash: Hash, key: &[u8], salt: &[u8], info: &[u8], length: usize) -> Result<Secret, CryptoError> {
    let extracted = prf(Prf::Hmac(hash), salt, &[key])?;
    let mut out = Zeroizing::new(Vec::with_capacity(length.saturating_add(64)));
    let mut last = Zeroizing::new(Vec::new());
    for counter in 1..=u8::MAX {
        last = prf(Prf::Hmac(hash), &extracted, &[&last, info, &[counter]])?;
        out.extend_from_slice(&last);
        if out.len() >= length {
            break;
        }
    }
    leading(&out, length)
}

/// The leading bytes of the shared secret of two keys on one curve.
pub(super) fn agree(key: &PrivateKey, peer: PublicKey<'_>, length: usize) -> Result<Secret, CryptoError> {
    match (key, peer) {
        (PrivateKey::Ecdsa(own, _, EllipticAgreement::AwsLc(private)), PublicKey::Elliptic(curve, point))
            if *own == curve =>
        {
            let public = UnparsedPublicKey::new(private.algorithm(), point);
            agreement::agree(private, public, bad_peer(), |secret| leading(secret, length))
        }
        (PrivateKey::X25519(private), PublicKey::X25519(raw)) => {
            let public = UnparsedPublicKey::new(&agreement::X25519, raw);
            agreement::agree(private, public, bad_peer(), |secret| leading(secret, length))
        }
        (
            PrivateKey::Ecdsa(_, _, EllipticAgreement::Secp256k1(private)),
            PublicKey::Elliptic(Curve::Secp256k1, point),
        ) => {
            let public = k256::PublicKey::from_sec1_bytes(point).map_err(|_| bad_peer())?;
            leading(private.diffie_hellman(&public).raw_secret_bytes(), length)
        }
        (PrivateKey::P224(private), PublicKey::Elliptic(Curve::P224, point)) => {
            let public = p224::PublicKey::from_sec1_bytes(point).map_err(|_| bad_peer())?;
            leading(private.diffie_hellman(&public).raw_secret_bytes(), length)
        }
        _ => Err(CryptoError::Key("key agreement takes two keys for it on one curve".to_owned())),
    }
}

fn bad_peer() -> CryptoError {
    CryptoError::Key("the other party's public key is not a point to agree with".to_owned())
}
