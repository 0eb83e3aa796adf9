//! Polynomial sharing over fields of 2^8 and 2^16 elements (KMIP 1.4 §2.2.5, KMIP 2.1 §13.1).
//!
//! GF(2^8) is reduced by x^8+x^4+x^3+x+1 (283, that of FIPS 197) in 1.x, and by x^8+x^4+x^3+x^2+1 (285) from 2.0. GF(2^16) stands
//! on it: pairs (u, v) for uy + v, with y^2 = y + m. The text prints the product of two pairs with m in another place; its own
//! definition of the field and its inverse put m where it is here.

use kmip_codec::registry::SplitKeyPolynomial;
use kmip_codec::secret::Secret;
use zeroize::Zeroizing;

use super::{Part, Random, disagree};
use crate::error::{Fault, OpError, OpResult};
use crate::ports::vault::VaultError;

/// The arithmetic of a field. Addition and subtraction are exclusive-or.
pub(super) trait Field {
    /// Bytes of a piece.
    const WIDTH: usize;
    /// Product.
    fn times(&self, one: u16, other: u16) -> u16;
    /// The element that gives 1; of 0 there is none, and it gives 0.
    fn inverse(&self, element: u16) -> u16;
}

/// The field of 2^8 elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gf256 {
    /// The polynomial without x^8.
    reduction: u8,
}

impl Gf256 {
    /// The field of a polynomial.
    pub fn of(polynomial: SplitKeyPolynomial) -> Self {
        Self { reduction: if polynomial == SplitKeyPolynomial::Polynomial_285 { 0x1D } else { 0x1B } }
    }

    fn product(self, one: u8, other: u8) -> u8 {
        let (mut product, mut shifted) = (0, one);
        for bit in 0..u8::BITS {
            let chosen = 0_u8.wrapping_sub((other >> bit) & 1);
            product ^= shifted & chosen;
            let carried = 0_u8.wrapping_sub(shifted >> 7);
            shifted = (shifted << 1) ^ (self.reduction & carried);
        }
        product
    }

    /// The power 254, which is the inverse of all but 0.
    fn inverted(self, element: u8) -> u8 {
        let mut power = element;
        for _ in 0..6 {
            power = self.product(self.product(power, power), element);
        }
        self.product(power, power)
    }
}

impl Field for Gf256 {
    const WIDTH: usize = 1;

    fn times(&self, one: u16, other: u16) -> u16 {
        let ([_, one], [_, other]) = (one.to_be_bytes(), other.to_be_bytes());
        self.product(one, other).into()
    }

    fn inverse(&self, element: u16) -> u16 {
        let [_, element] = element.to_be_bytes();
        self.inverted(element).into()
    }
}

/// The field of 2^16 elements.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gf65536 {
    below: Gf256,
}

/// The m of the definition: x^5+x^4+x^3+x.
const M: u8 = 0x3A;

impl Gf65536 {
    /// The field over that of a polynomial.
    pub fn of(polynomial: SplitKeyPolynomial) -> Self {
        Self { below: Gf256::of(polynomial) }
    }
}

impl Field for Gf65536 {
    const WIDTH: usize = 2;

    fn times(&self, one: u16, other: u16) -> u16 {
        let ([r, s], [u, v]) = (one.to_be_bytes(), other.to_be_bytes());
        let low = self.below.product(s, v);
        let high = self.below.product(r ^ s, u ^ v) ^ low;
        u16::from_be_bytes([high, low ^ self.below.product(self.below.product(r, u), M)])
    }

    fn inverse(&self, element: u16) -> u16 {
        let [u, v] = element.to_be_bytes();
        let d = self.below.product(u ^ v, v) ^ self.below.product(M, self.below.product(u, u));
        let inverse = self.below.inverted(d);
        u16::from_be_bytes([self.below.product(u, inverse), self.below.product(u ^ v, inverse)])
    }
}

/// The pieces of some bytes. The first is filled up with zeros before it, if it must be.
fn pieces<F: Field>(bytes: &[u8]) -> Zeroizing<Vec<u16>> {
    let whole =
        bytes.rchunks(F::WIDTH).map(|chunk| chunk.iter().fold(0_u16, |piece, byte| (piece << 8) | u16::from(*byte)));
    Zeroizing::new(whole.rev().collect())
}

fn bytes_of<F: Field>(pieces: &[u16]) -> Secret {
    let mut bytes = Zeroizing::new(Vec::with_capacity(pieces.len().saturating_mul(F::WIDTH)));
    for piece in pieces {
        bytes.extend(piece.to_be_bytes().iter().skip(2_usize.saturating_sub(F::WIDTH)));
    }
    Secret::copy_from(&bytes)
}

/// Splits each piece by a random polynomial whose constant it is.
pub(super) fn split<F: Field>(
    field: &F,
    secret: &Secret,
    parts: u16,
    threshold: u16,
    random: Random<'_>,
) -> Result<Vec<Secret>, VaultError> {
    let degree = usize::from(threshold.saturating_sub(1));
    let secret = pieces::<F>(secret.expose_secret());
    let mut drawn = Zeroizing::new(vec![0; secret.len().saturating_mul(degree).saturating_mul(F::WIDTH)]);
    random(&mut drawn)?;
    let coefficients = pieces::<F>(&drawn);
    let at = |place: u16| {
        let mut part = Zeroizing::new(Vec::with_capacity(secret.len()));
        for (number, constant) in secret.iter().enumerate() {
            let own = coefficients.iter().skip(number.saturating_mul(degree)).take(degree);
            part.push(own.fold(0, |sum, coefficient| field.times(sum ^ coefficient, place)) ^ constant);
        }
        bytes_of::<F>(&part)
    };
    Ok((1..=parts).map(at).collect())
}

/// What each part counts for in the value at `place` of the polynomial through all of them (Lagrange).
fn weights<F: Field>(field: &F, places: &[u16], place: u16) -> Vec<u16> {
    let weight = |own: &u16| {
        let others = || places.iter().filter(|other| *other != own);
        let above = others().fold(1, |product, other| field.times(product, place ^ other));
        let below = others().fold(1, |product, other| field.times(product, own ^ other));
        field.times(above, field.inverse(below))
    };
    places.iter().map(weight).collect()
}

/// The value at `place` of the polynomials through the parts.
fn value_at<F: Field>(
    field: &F,
    parts: &[(u16, Zeroizing<Vec<u16>>)],
    place: u16,
    length: usize,
) -> Zeroizing<Vec<u16>> {
    let places: Vec<u16> = parts.iter().map(|(place, _)| *place).collect();
    let mut value = Zeroizing::new(vec![0; length]);
    for (weight, (_, part)) in weights(field, &places, place).into_iter().zip(parts) {
        value.iter_mut().zip(part.iter()).for_each(|(sum, piece)| *sum ^= field.times(weight, *piece));
    }
    value
}

/// Joins the parts by the polynomials through the first of them, on which the others must lie.
pub(super) fn join<F: Field>(field: &F, parts: &[Part<'_>], threshold: usize, length: usize) -> OpResult<Secret> {
    if length.checked_rem(F::WIDTH) != Some(0) {
        return disagree();
    }
    let count = length.checked_div(F::WIDTH).unwrap_or_default();
    let parts: Vec<(u16, Zeroizing<Vec<u16>>)> =
        parts.iter().map(|(place, bytes)| (*place, pieces::<F>(bytes.expose_secret()))).collect();
    let too_few = || OpError::new(Fault::CryptographicFailure, "there are fewer parts than the Split Key Threshold");
    let (first, others) = parts.split_at_checked(threshold).ok_or_else(too_few)?;
    if others.iter().any(|(place, part)| value_at(field, first, *place, count) != *part) {
        return disagree();
    }
    Ok(bytes_of::<F>(&value_at(field, first, 0, count)))
}
