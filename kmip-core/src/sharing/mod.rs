//! Secret sharing by the Split Key Methods (KMIP 1.4 §2.2.5, KMIP 2.1 §13.1): a secret is split into parts, of which a threshold
//! gives it back and fewer tell nothing about it (A. Shamir, How to Share a Secret).
//!
//! A part is known by its Key Part Identifier, which is the place of the polynomial at which it was taken. In the fields of 2^8 and
//! 2^16 elements the secret is shared in pieces of one or two bytes, without branches or tables that the secret would choose.

mod binary;
mod prime;

use kmip_codec::registry::{SplitKeyMethod, SplitKeyPolynomial};
use kmip_codec::secret::Secret;
use zeroize::Zeroizing;

use crate::error::{Fault, OpResult, fail};
use crate::ports::vault::VaultError;
use binary::{Gf256, Gf65536};
pub(crate) use prime::Prime;

/// Parts that a key may have.
pub(crate) const MOST_PARTS: i32 = 255;
/// Work that one request may ask for: bytes of the secret times parts times threshold.
const MOST_WORK: usize = 1 << 24;
/// Work up to which a key is split or joined at once: some milliseconds.
const QUICK_WORK: usize = 1 << 17;

/// How a secret is shared.
pub(crate) enum Method {
    /// All parts, added.
    Xor,
    /// Polynomials over 2^8 elements.
    Bytes(SplitKeyPolynomial),
    /// Polynomials over 2^16 elements.
    Pairs(SplitKeyPolynomial),
    /// Polynomials over the numbers below a prime.
    Prime(Prime),
}

/// A source of random bytes.
pub(crate) type Random<'a> = &'a dyn Fn(&mut [u8]) -> Result<(), VaultError>;

/// A part: its identifier, and its bytes.
pub(crate) type Part<'a> = (u16, &'a Secret);

impl Method {
    /// The method of a request or object. `size` is its Prime Field Size, `polynomial` that of the field below.
    pub fn named(method: SplitKeyMethod, size: Option<Prime>, polynomial: SplitKeyPolynomial) -> OpResult<Self> {
        let named = match (method, size) {
            (SplitKeyMethod::PolynomialSharingPrimeField, Some(prime)) => return Ok(Self::Prime(prime)),
            (SplitKeyMethod::PolynomialSharingPrimeField, None) => {
                return fail(
                    Fault::BadCryptographicParameters,
                    "Polynomial Sharing Prime Field needs a Prime Field Size",
                );
            }
            (_, Some(_)) => {
                return fail(Fault::BadCryptographicParameters, format!("{method} takes no Prime Field Size"));
            }
            (SplitKeyMethod::XOR, None) => Self::Xor,
            (SplitKeyMethod::PolynomialSharingGF2_8, None) => Self::Bytes(polynomial),
            (SplitKeyMethod::PolynomialSharingGF2_16, None) => Self::Pairs(polynomial),
            (other, None) => {
                return fail(Fault::UnsupportedParameters, format!("Split Key Method {other} is not supported"));
            }
        };
        Ok(named)
    }

    /// Whether splitting or joining takes longer than other requests should wait.
    pub fn is_long(&self, bytes: usize, parts: usize, threshold: usize) -> bool {
        matches!(self, Self::Prime(_)) || bytes.saturating_mul(parts).saturating_mul(threshold) > QUICK_WORK
    }

    /// Splits a secret: the part with the identifier 1 comes first.
    pub fn split(&self, secret: &Secret, parts: u16, threshold: u16, random: Random<'_>) -> OpResult<Vec<Secret>> {
        check_work(secret.len(), parts, threshold)?;
        match self {
            Self::Xor => Ok(split_by_xor(secret, parts, random)?),
            Self::Bytes(polynomial) => Ok(binary::split(&Gf256::of(*polynomial), secret, parts, threshold, random)?),
            Self::Pairs(polynomial) => Ok(binary::split(&Gf65536::of(*polynomial), secret, parts, threshold, random)?),
            Self::Prime(prime) => prime.split(secret, parts, threshold, random),
        }
    }

    /// The secret of parts, of which there are at least `threshold`, all different. Those beyond the threshold must agree.
    /// What the method adds to reach a whole number of pieces stands before the secret, as zeros.
    pub fn join(&self, parts: &[Part<'_>], threshold: usize) -> OpResult<Secret> {
        let length = parts.first().map_or(0, |(_, bytes)| bytes.len());
        if parts.iter().any(|(_, bytes)| bytes.len() != length) && !matches!(self, Self::Prime(_)) {
            return fail(Fault::CryptographicFailure, "the parts differ in length: they are not parts of one key");
        }
        if matches!(self, Self::Bytes(_)) && parts.iter().any(|(place, _)| u8::try_from(*place).is_err()) {
            return fail(Fault::BadCryptographicParameters, "the field of 2^8 elements has no part beyond 255");
        }
        let count = u16::try_from(parts.len()).unwrap_or(u16::MAX);
        check_work(length, count, count)?;
        match self {
            Self::Xor => Ok(joined_by_xor(parts, length)),
            Self::Bytes(polynomial) => binary::join(&Gf256::of(*polynomial), parts, threshold, length),
            Self::Pairs(polynomial) => binary::join(&Gf65536::of(*polynomial), parts, threshold, length),
            Self::Prime(prime) => prime.join(parts, threshold),
        }
    }
}

fn check_work(bytes: usize, parts: u16, threshold: u16) -> OpResult<()> {
    let work = bytes.saturating_mul(usize::from(parts)).saturating_mul(usize::from(threshold));
    if work > MOST_WORK {
        return fail(Fault::ServerLimit, "the key is too long for so many parts: split it into fewer");
    }
    Ok(())
}

fn split_by_xor(secret: &Secret, parts: u16, random: Random<'_>) -> Result<Vec<Secret>, VaultError> {
    let mut last = Zeroizing::new(secret.expose_secret().to_vec());
    let mut split = Vec::new();
    for _ in 1..parts {
        let mut pad = Zeroizing::new(vec![0; secret.len()]);
        random(&mut pad)?;
        last.iter_mut().zip(pad.iter()).for_each(|(byte, random)| *byte ^= random);
        split.push(Secret::copy_from(&pad));
    }
    split.push(Secret::copy_from(&last));
    Ok(split)
}

fn joined_by_xor(parts: &[Part<'_>], length: usize) -> Secret {
    let mut sum = Zeroizing::new(vec![0; length]);
    for (_, part) in parts {
        sum.iter_mut().zip(part.expose_secret()).for_each(|(byte, other)| *byte ^= other);
    }
    Secret::copy_from(&sum)
}

/// Refuses parts that do not lie on one polynomial.
fn disagree<T>() -> OpResult<T> {
    fail(Fault::CryptographicFailure, "the parts do not fit together: they are not parts of one key")
}

#[cfg(test)]
mod tests;
