//! Polynomial sharing over the numbers below a prime, the Prime Field Size (KMIP 1.4 §2.2.5, KMIP 2.1 §13.1). A secret of so many
//! bits needs a prime that has more. A part has as many bytes as the prime.

use kmip_codec::secret::Secret;
use kmip_codec::value::BigInteger;
use zeroize::Zeroizing;

use super::{Part, Random, disagree};
use crate::error::{Fault, OpError, OpResult, fail};
use crate::formats::natural::Natural;

/// Bits that a prime may have.
const MOST_BITS: u32 = 4_500;
/// Parts that a key may have: each costs divisions of long numbers.
const MOST_PARTS: u16 = 64;
/// Trials of a client's prime. A composite passes all of them with a probability below 2^-80.
const TRIALS: usize = 40;
/// Draws of a number below the prime, each of which is good with a probability of a half at least.
const DRAWS: usize = 256;
/// Exponents p for which 2^p - 1 is a prime (M. Mersenne): from these the server chooses, if the client does not.
const MERSENNE: [u32; 9] = [127, 521, 607, 1_279, 2_203, 2_281, 3_217, 4_253, 4_423];

/// A Prime Field Size.
#[derive(Clone)]
pub(crate) struct Prime(Natural);

impl Prime {
    /// The number of a request or object, which is odd; whether it is a prime is for [`Prime::check`].
    pub fn of(size: &BigInteger) -> OpResult<Self> {
        let bad = |why: &str| fail(Fault::BadCryptographicParameters, format!("Prime Field Size {why}"));
        match size.to_unsigned() {
            None => bad("is negative"),
            Some(bytes) => {
                let number = Natural::from_be(bytes);
                match (number.bits(), bytes.last()) {
                    (bits, _) if bits > MOST_BITS => {
                        fail(Fault::ServerLimit, format!("Prime Field Size has at most {MOST_BITS} bits"))
                    }
                    (3.., Some(last)) if last & 1 == 1 => Ok(Self(number)),
                    _ => bad("is not a prime"),
                }
            }
        }
    }

    /// The prime that the server chooses for secrets of so many bytes.
    pub fn for_secret(bytes: usize) -> OpResult<Self> {
        let bits = u32::try_from(bytes.saturating_mul(8)).unwrap_or(u32::MAX);
        let Some(exponent) = MERSENNE.into_iter().find(|exponent| *exponent > bits) else {
            return fail(Fault::ServerLimit, "the key is too long for Polynomial Sharing Prime Field");
        };
        let power = exponent.checked_div(8).unwrap_or_default() as usize;
        let top = 1_u8.checked_shl(exponent.checked_rem(8).unwrap_or_default()).unwrap_or_default();
        let mut number = vec![0xFF; power];
        number.insert(0, top.saturating_sub(1));
        Ok(Self(Natural::from_be(&number)))
    }

    /// The Prime Field Size of an object.
    pub fn size(&self) -> BigInteger {
        BigInteger::from_unsigned(&self.0.to_be())
    }

    /// Refuses a client's number that is no prime (Miller and Rabin), or too small for the secret.
    pub fn check(&self, secret_bytes: usize, random: Random<'_>) -> OpResult<()> {
        let bits = u32::try_from(secret_bytes.saturating_mul(8)).unwrap_or(u32::MAX);
        if self.0.bits() <= bits {
            let message = format!("Prime Field Size is a prime above 2^{bits} for a key of {bits} bits");
            return fail(Fault::BadCryptographicParameters, message);
        }
        for _ in 0..TRIALS {
            let base = self.draw(random)?;
            if self.witnesses(&base) != Some(false) {
                return fail(Fault::BadCryptographicParameters, "Prime Field Size is not a prime");
            }
        }
        Ok(())
    }

    /// Whether a base shows that the number is composite.
    fn witnesses(&self, base: &Natural) -> Option<bool> {
        let less = self.0.less_one()?;
        let twos = less.trailing_zeros();
        let mut power = base.power_modulo(&less.halved(twos), &self.0)?;
        if base.bits() == 0 || power.is_one() || power == less {
            return Some(false);
        }
        for _ in 1..twos {
            power = power.times(&power).modulo(&self.0)?;
            if power == less {
                return Some(false);
            }
        }
        Some(true)
    }

    fn bytes(&self) -> usize {
        self.0.bits().div_ceil(8) as usize
    }

    /// A random number below the prime.
    fn draw(&self, random: Random<'_>) -> OpResult<Natural> {
        let spare =
            (8_u32.saturating_sub(self.0.bits().checked_rem(8).unwrap_or_default())).checked_rem(8).unwrap_or_default();
        for _ in 0..DRAWS {
            let mut bytes = Zeroizing::new(vec![0; self.bytes()]);
            random(&mut bytes)?;
            if let Some(first) = bytes.first_mut() {
                *first &= u8::MAX.checked_shr(spare).unwrap_or_default();
            }
            let number = Natural::from_be(&bytes);
            if number.less_than(&self.0) {
                return Ok(number);
            }
        }
        fail(Fault::Internal, "the key vault's random numbers are not random")
    }

    /// Splits a secret that is below the prime.
    pub fn split(&self, secret: &Secret, parts: u16, threshold: u16, random: Random<'_>) -> OpResult<Vec<Secret>> {
        if parts > MOST_PARTS {
            let message = format!("Polynomial Sharing Prime Field has at most {MOST_PARTS} parts here");
            return fail(Fault::ServerLimit, message);
        }
        let constant = Natural::from_be(secret.expose_secret());
        let coefficients = (1..threshold).map(|_| self.draw(random)).collect::<OpResult<Vec<_>>>()?;
        let part = |place: u16| {
            let place = Natural::small(place.into());
            let zero = Natural::small(0);
            let sum = coefficients
                .iter()
                .try_fold(zero, |sum, coefficient| sum.plus(coefficient).times(&place).modulo(&self.0))?;
            sum.plus(&constant).modulo(&self.0).map(|value| padded(&value, self.bytes()))
        };
        (1..=parts).map(|place| part(place).ok_or_else(broken)).collect()
    }

    /// Joins parts by the polynomial through the first of them, on which the others must lie.
    pub fn join(&self, parts: &[Part<'_>], threshold: usize) -> OpResult<Secret> {
        if parts.len() > usize::from(MOST_PARTS) {
            return fail(Fault::ServerLimit, format!("at most {MOST_PARTS} parts are joined in a prime field"));
        }
        let parts: Vec<(u16, Natural)> =
            parts.iter().map(|(place, bytes)| (*place, Natural::from_be(bytes.expose_secret()))).collect();
        if parts.iter().any(|(_, value)| !value.less_than(&self.0)) {
            return disagree();
        }
        let Some((first, others)) = parts.split_at_checked(threshold) else { return disagree() };
        for (place, value) in others {
            if self.value_at(first, *place).ok_or_else(broken)? != *value {
                return disagree();
            }
        }
        let joined = self.value_at(first, 0).ok_or_else(broken)?;
        Ok(padded(&joined, joined.bits().div_ceil(8) as usize))
    }

    /// The value at `place` of the polynomial through the parts (Lagrange); `None` if the prime is none.
    fn value_at(&self, parts: &[(u16, Natural)], place: u16) -> Option<Natural> {
        let mut sum = Natural::small(0);
        for (own, value) in parts {
            let (mut above, mut below) = (value.clone(), Natural::small(1));
            for (other, _) in parts.iter().filter(|(other, _)| other != own) {
                above = above.times(&self.difference(place, *other)?).modulo(&self.0)?;
                below = below.times(&self.difference(*own, *other)?).modulo(&self.0)?;
            }
            let term = above.times(&below.inverse_modulo(&self.0)?);
            sum = sum.plus(&term).modulo(&self.0)?;
        }
        Some(sum)
    }

    /// The first number less the second, below the prime.
    fn difference(&self, one: u16, other: u16) -> Option<Natural> {
        let distance = Natural::small(u32::from(one.abs_diff(other))).modulo(&self.0)?;
        if one >= other { Some(distance) } else { self.0.less(&distance)?.modulo(&self.0) }
    }
}

fn broken() -> OpError {
    OpError::new(Fault::CryptographicFailure, "Prime Field Size is not a prime, or two parts are the same")
}

/// A number in so many bytes.
fn padded(number: &Natural, length: usize) -> Secret {
    let digits = number.to_be();
    let start = digits.len().saturating_sub(length);
    let mut bytes = Zeroizing::new(vec![0; length.saturating_sub(digits.len())]);
    bytes.extend_from_slice(digits.get(start..).unwrap_or_default());
    Secret::copy_from(&bytes)
}
