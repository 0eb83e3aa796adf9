//! Natural numbers of any size that are wiped on drop: the arithmetic behind RSA and discrete-logarithm keys.
//!
//! No operation panics: each brings its operands to the sizes that the library asks for.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, ConcatenatingMul, Gcd, NonZero, Odd, Resize};
use zeroize::{Zeroize, Zeroizing};

/// A natural number.
#[derive(Clone)]
pub(crate) struct Natural(Zeroizing<BoxedUint>);

impl Natural {
    /// The number whose big-endian magnitude is `bytes`.
    pub(crate) fn from_be(bytes: &[u8]) -> Self {
        let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        match bytes.get(start..) {
            None | Some([]) => Self::of(BoxedUint::zero()),
            Some(digits) => Self::of(BoxedUint::from_be_slice_vartime(digits)),
        }
    }

    /// A small number.
    pub(crate) fn small(value: u32) -> Self {
        Self::of(BoxedUint::from(value))
    }

    fn of(value: BoxedUint) -> Self {
        Self(Zeroizing::new(value))
    }

    /// Big-endian magnitude, perhaps with leading zeros.
    pub(crate) fn to_be(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_be_bytes().into_vec())
    }

    /// Position of the highest bit that is set, counted from 1.
    pub(crate) fn bits(&self) -> u32 {
        self.0.bits_vartime()
    }

    fn is_zero(&self) -> bool {
        self.bits() == 0
    }

    /// Whether the number is 1.
    pub(crate) fn is_one(&self) -> bool {
        self.bits() == 1
    }

    /// Whether it is odd.
    pub(crate) fn is_odd(&self) -> bool {
        bool::from(self.0.bit(0))
    }

    /// Number of zero bits below the lowest bit that is set.
    pub(crate) fn trailing_zeros(&self) -> u32 {
        self.0.trailing_zeros_vartime()
    }

    fn non_zero(&self) -> Option<NonZero<BoxedUint>> {
        self.0.to_nz().into_option()
    }

    /// Product.
    pub(crate) fn times(&self, other: &Self) -> Self {
        Self::of(self.0.concatenating_mul(&*other.0))
    }

    /// Sum.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        let bits = self.0.bits_precision().max(other.0.bits_precision()).saturating_add(64);
        let one = Zeroizing::new((&*self.0).resize(bits));
        let other = Zeroizing::new((&*other.0).resize(bits));
        Self::of(one.wrapping_add(&*other))
    }

    /// Difference; there is none to a larger number.
    pub(crate) fn less(&self, other: &Self) -> Option<Self> {
        let bits = self.0.bits_precision().max(other.0.bits_precision());
        let one = Zeroizing::new((&*self.0).resize(bits));
        let other = Zeroizing::new((&*other.0).resize(bits));
        one.cmp_vartime(&*other).is_ge().then(|| Self::of(one.wrapping_sub(&*other)))
    }

    /// Whether it is the smaller of two.
    pub(crate) fn less_than(&self, other: &Self) -> bool {
        self.0.cmp_vartime(&*other.0).is_lt()
    }

    /// One less; zero has none.
    pub(crate) fn less_one(&self) -> Option<Self> {
        (!self.is_zero()).then(|| Self::of(self.0.wrapping_sub(BoxedUint::one())))
    }

    /// Half of it, `times` times, rounded down.
    pub(crate) fn halved(&self, times: u32) -> Self {
        Self::of(self.0.unbounded_shr_vartime(times))
    }

    /// Quotient and remainder; none by zero.
    pub(crate) fn divided_by(&self, divisor: &Self) -> Option<(Self, Self)> {
        let (quotient, remainder) = self.0.div_rem_vartime(&divisor.non_zero()?);
        Some((Self::of(quotient), Self::of(remainder)))
    }

    /// Quotient of a division without remainder.
    pub(crate) fn divided_exactly_by(&self, divisor: &Self) -> Option<Self> {
        let (quotient, remainder) = self.divided_by(divisor)?;
        remainder.is_zero().then_some(quotient)
    }

    /// Remainder; none by zero.
    pub(crate) fn modulo(&self, modulus: &Self) -> Option<Self> {
        self.divided_by(modulus).map(|(_, remainder)| remainder)
    }

    /// Greatest common divisor.
    pub(crate) fn gcd(&self, other: &Self) -> Self {
        Self::of(self.0.gcd_vartime(&*other.0))
    }

    /// Least common multiple; none of zeros.
    pub(crate) fn lcm(&self, other: &Self) -> Option<Self> {
        self.times(other).divided_exactly_by(&self.gcd(other))
    }

    /// The number that, times `self`, leaves the remainder 1.
    pub(crate) fn inverse_modulo(&self, modulus: &Self) -> Option<Self> {
        let (reduced, modulus) = (self.modulo(modulus)?, modulus.non_zero()?);
        let reduced = Zeroizing::new((&*reduced.0).resize(modulus.as_ref().bits_precision()));
        reduced.invert_mod(&modulus).into_option().map(Self::of)
    }

    /// Power modulo an odd number.
    pub(crate) fn power_modulo(&self, exponent: &Self, modulus: &Self) -> Option<Self> {
        let base = self.modulo(modulus)?;
        let odd: Odd<BoxedUint> = modulus.0.to_odd().into_option()?;
        let parameters = BoxedMontyParams::new_vartime(odd);
        let base = (&*base.0).resize(parameters.bits_precision());
        let mut power = BoxedMontyForm::new(base, &parameters).pow_bounded_exp(&exponent.0, exponent.bits());
        let value = power.retrieve();
        power.zeroize();
        Some(Self::of(value))
    }
}

impl PartialEq for Natural {
    fn eq(&self, other: &Self) -> bool {
        self.0.cmp_vartime(&*other.0).is_eq()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(value: u128) -> Natural {
        Natural::from_be(&value.to_be_bytes())
    }

    #[test]
    fn agrees_with_machine_integers() {
        let values = [0u128, 1, 2, 3, 7, 64, 255, 256, 65_537, u128::from(u32::MAX), u128::from(u64::MAX)];
        for a in values {
            for b in values {
                assert!(n(a).times(&n(b)) == n(a * b), "{a} {b}");
                assert!(n(a).divided_by(&n(b)).map(|(q, r)| q == n(a / b) && r == n(a % b)).unwrap_or(b == 0));
                assert_eq!(n(a) == n(b), a == b);
                assert_eq!(n(a).less_than(&n(b)), a < b);
                assert!(n(a).plus(&n(b)) == n(a + b), "{a} + {b}");
                assert_eq!(n(a).less(&n(b)).map(|less| less == n(a.wrapping_sub(b))), (a >= b).then_some(true));
                let gcd = (1..=a.min(b).min(70_000)).rev().find(|d| a % d == 0 && b % d == 0);
                if let (Some(gcd), true) = (gcd, a.min(b) <= 70_000) {
                    assert!(n(a).gcd(&n(b)) == n(gcd), "gcd {a} {b}");
                }
                if let Some(inverse) = n(a).inverse_modulo(&n(b)) {
                    assert!(n(a).times(&inverse).modulo(&n(b)) == n(1).modulo(&n(b)), "inverse {a} {b}");
                } else {
                    assert!(!n(a).gcd(&n(b)).is_one() || b <= 1, "no inverse {a} {b}");
                }
            }
            assert_eq!(n(a).less_one().map(|less| less == n(a.wrapping_sub(1))), (a > 0).then_some(true));
        }
    }

    #[test]
    fn powers() {
        let mut expected = 1u128;
        for exponent in 0..40u128 {
            assert!(n(7).power_modulo(&n(exponent), &n(1_000_003)).expect("odd") == n(expected), "{exponent}");
            expected = expected * 7 % 1_000_003;
        }
        assert!(n(7).power_modulo(&n(2), &n(10)).is_none(), "an even modulus");
        assert!(n(7).power_modulo(&n(2), &n(0)).is_none());
        assert!(n(7).power_modulo(&n(2), &n(1)).expect("odd") == n(0));
        let wide = Natural::from_be(&[0xFF; 40]);
        assert!(wide.power_modulo(&n(1), &n(11)) == wide.modulo(&n(11)), "a base wider than the modulus");
        assert!(n(2).power_modulo(&n(3), &wide).expect("odd") == n(8), "a modulus wider than the base");
    }

    #[test]
    fn bytes_are_the_magnitude() {
        assert_eq!(n(0x0102).to_be().iter().skip_while(|b| **b == 0).copied().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(Natural::from_be(&[]).bits(), 0);
        assert_eq!(Natural::from_be(&[0, 0, 0x80]).bits(), 8);
    }
}
