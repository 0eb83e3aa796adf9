//! The methods against arithmetic that is written another way: products of polynomials bit by bit over plain integers, inverses by
//! trying, sums of products by the definition.

use std::cell::Cell;

use kmip_codec::registry::{SplitKeyMethod, SplitKeyPolynomial as Polynomial};
use kmip_codec::secret::Secret;
use kmip_codec::value::BigInteger;
use proptest::prelude::*;

use super::binary::{Field, Gf256, Gf65536};
use super::{Method, Part, Prime};
use crate::error::Fault;
use crate::ports::vault::VaultError;

const POLYNOMIALS: [(Polynomial, u32); 2] = [(Polynomial::Polynomial_283, 0x11B), (Polynomial::Polynomial_285, 0x11D)];

/// The product of two polynomials over GF(2), divided by a third: long multiplication, then long division.
fn product(one: u32, other: u32, modulus: u32) -> u32 {
    let mut product = (0..16).filter(|bit| other >> bit & 1 == 1).fold(0, |sum, bit| sum ^ (one << bit));
    for shift in (0..16).rev() {
        if product >> (shift + 8) & 1 == 1 {
            product ^= modulus << shift;
        }
    }
    product
}

/// The product in GF(2^8)[y]/(y^2 + y + m): all four products, then y^2 replaced.
fn product_of_pairs(one: u16, other: u16, modulus: u32) -> u16 {
    let [r, s, u, v] = [one >> 8, one & 0xFF, other >> 8, other & 0xFF].map(u32::from);
    let square = product(r, u, modulus);
    let high = product(r, v, modulus) ^ product(s, u, modulus) ^ square;
    let low = product(s, v, modulus) ^ product(square, 0x3A, modulus);
    u16::try_from(high << 8 | low).expect("16 bits")
}

/// Bytes that look random.
fn random(seed: u64) -> impl Fn(&mut [u8]) -> Result<(), VaultError> {
    let state = Cell::new(seed | 1);
    move |bytes: &mut [u8]| {
        for byte in bytes {
            state.set(state.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407));
            *byte = (state.get() >> 56) as u8;
        }
        Ok(())
    }
}

#[test]
fn products_of_bytes_agree_with_long_division() {
    for (polynomial, modulus) in POLYNOMIALS {
        let field = Gf256::of(polynomial);
        for one in 0..256_u16 {
            for other in 0..256_u16 {
                assert_eq!(u32::from(field.times(one, other)), product(one.into(), other.into(), modulus));
            }
            let inverse = field.inverse(one);
            assert_eq!(field.times(one, inverse), u16::from(one != 0), "inverse of {one}");
        }
    }
}

#[test]
fn products_of_pairs_agree_with_long_division() {
    for (polynomial, modulus) in POLYNOMIALS {
        let field = Gf65536::of(polynomial);
        for one in 0..=u16::MAX {
            let other = one.wrapping_mul(40_503).rotate_left(7);
            assert_eq!(field.times(one, other), product_of_pairs(one, other, modulus), "{one} {other}");
            assert_eq!(field.times(one, field.inverse(one)), u16::from(one != 0), "inverse of {one}");
        }
    }
}

/// FIPS 197 §4.2 and §4.2.1.
#[test]
fn products_of_bytes_are_those_of_the_standard() {
    let field = Gf256::of(Polynomial::Polynomial_283);
    assert_eq!((field.times(0x57, 0x83), field.times(0x57, 0x13)), (0xC1, 0xFE));
}

fn methods(bytes: usize) -> Vec<Method> {
    let mut methods = vec![Method::Xor];
    for (polynomial, _) in POLYNOMIALS {
        methods.extend([Method::Bytes(polynomial), Method::Pairs(polynomial)]);
    }
    methods.push(Method::Prime(Prime::for_secret(bytes).expect("a prime")));
    methods
}

fn is_tail(joined: &Secret, secret: &[u8]) -> bool {
    let joined = joined.expose_secret();
    let trimmed = |bytes: &[u8]| bytes.iter().position(|byte| *byte != 0).map_or(Vec::new(), |at| bytes[at..].to_vec());
    trimmed(joined) == trimmed(secret)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any threshold of parts gives the secret back, in any order; one part less gives another one or none.
    #[test]
    fn a_threshold_of_parts_gives_the_secret_back(
        secret in prop::collection::vec(any::<u8>(), 8..40),
        parts in 2..9_u16,
        threshold in 2..9_u16,
        chosen in any::<u64>(),
    ) {
        for method in methods(secret.len()) {
            let is_xor = matches!(method, Method::Xor);
            let threshold = if is_xor { parts } else { threshold.min(parts) };
            let split = method.split(&Secret::copy_from(&secret), parts, threshold, &random(chosen)).expect("parts");
            prop_assert_eq!(split.len(), usize::from(parts));
            let mut order: Vec<u16> = (1..=parts).collect();
            order.sort_by_key(|part| u64::from(*part).wrapping_mul(chosen | 1).rotate_left(11));
            let of = |places: &[u16]| -> Vec<Part<'_>> {
                places.iter().map(|place| (*place, &split[usize::from(*place) - 1])).collect()
            };
            let enough = usize::from(threshold);
            for count in enough..=usize::from(parts) {
                let joined = method.join(&of(&order[..count]), enough).expect("a secret");
                prop_assert!(is_tail(&joined, &secret));
            }
            let fewer = of(&order[..enough - 1]);
            if let Ok(other) = method.join(&fewer, enough - 1) {
                prop_assert!(!is_tail(&other, &secret), "fewer parts tell the secret");
            }
        }
    }

    /// A part that was altered is noticed where there are more parts than the threshold.
    #[test]
    fn a_foreign_part_is_noticed(secret in prop::collection::vec(any::<u8>(), 8..40), at in any::<prop::sample::Index>()) {
        for method in methods(secret.len()).into_iter().skip(1) {
            let mut split = method.split(&Secret::copy_from(&secret), 4, 2, &random(7)).expect("parts");
            let mut bytes = split[3].expose_secret().to_vec();
            let place = at.index(bytes.len());
            bytes[place] ^= 1;
            split[3] = Secret::copy_from(&bytes);
            let parts: Vec<Part<'_>> = (1_u16..).zip(&split).collect();
            let error = method.join(&parts, 2).expect_err("a part of another key");
            prop_assert_eq!(error.fault, Fault::CryptographicFailure);
        }
    }
}

/// Every threshold of parts that is one too small fits every secret equally well: for each candidate there is a polynomial.
#[test]
fn fewer_parts_fit_every_secret() {
    let method = Method::Bytes(Polynomial::Polynomial_285);
    let split = method.split(&Secret::copy_from(&[42]), 3, 3, &random(3)).expect("parts");
    let mut thirds = std::collections::BTreeSet::new();
    for candidate in 0..=255_u8 {
        // The part at 3 that would make the secret be the candidate: a line of reasoning in the other direction.
        let guess = (0..=255_u8).find(|third| {
            let third = Secret::copy_from(&[*third]);
            let parts: Vec<Part<'_>> = vec![(1, &split[0]), (2, &split[1]), (3, &third)];
            method.join(&parts, 3).expect("a secret").expose_secret() == [candidate]
        });
        thirds.insert(guess.expect("some part fits"));
    }
    assert_eq!(thirds.len(), 256);
}

/// The published example of a prime field (A. Shamir's scheme with 1234, the polynomial 1234 + 166x + 94x^2, modulo 1613).
#[test]
fn parts_in_a_prime_field_lie_on_the_polynomial() {
    let prime = Prime::of(&BigInteger::from_unsigned(&1_613_u32.to_be_bytes())).expect("a number");
    let value = |x: u32| (1_234 + 166 * x + 94 * x * x) % 1_613;
    let parts: Vec<(u16, Secret)> =
        [2_u16, 4, 5, 6].map(|x| (x, Secret::copy_from(&value(x.into()).to_be_bytes()))).into_iter().collect();
    let parts: Vec<Part<'_>> = parts.iter().map(|(place, part)| (*place, part)).collect();
    let joined = Method::Prime(prime).join(&parts, 3).expect("a secret");
    assert_eq!(joined.expose_secret(), 1_234_u16.to_be_bytes());
}

#[test]
fn primes_are_told_from_other_numbers() {
    let number = |value: u128| Prime::of(&BigInteger::from_unsigned(&value.to_be_bytes()));
    for prime in [257_u128, 65_537, 1_613, (1 << 61) - 1, (1 << 89) - 1, (1 << 107) - 1] {
        number(prime).expect("a number").check(1, &random(9)).expect("a prime");
    }
    // Carmichael numbers pass weaker tests.
    for composite in [259_u128, 561, 1_105, 41_041, 825_265, 321_197_185, 65_537 * 257, (1 << 67) - 1] {
        let error = number(composite).expect("a number").check(1, &random(9)).expect_err("no prime");
        assert_eq!(error.fault, Fault::BadCryptographicParameters, "{composite}");
    }
    for even in [0_u128, 1, 2, 4, 65_536] {
        assert!(number(even).is_err(), "{even}");
    }
    assert!(number(257).expect("a number").check(2, &random(9)).is_err(), "below 2^16");
    assert!(Prime::for_secret(600).is_err());
    for bytes in [1, 15, 16, 65, 66, 256, 512] {
        let prime = Prime::for_secret(bytes).expect("a prime");
        prime.check(bytes, &random(9)).expect("a prime that is large enough");
    }
}

#[test]
fn a_method_takes_the_parameters_that_it_has() {
    let prime = || Some(Prime::for_secret(16).expect("a prime"));
    let polynomial = Polynomial::Polynomial_285;
    assert!(Method::named(SplitKeyMethod::PolynomialSharingPrimeField, prime(), polynomial).is_ok());
    assert!(Method::named(SplitKeyMethod::PolynomialSharingPrimeField, None, polynomial).is_err());
    for method in [SplitKeyMethod::XOR, SplitKeyMethod::PolynomialSharingGF2_8, SplitKeyMethod::PolynomialSharingGF2_16]
    {
        assert!(Method::named(method, None, polynomial).is_ok());
        assert!(Method::named(method, prime(), polynomial).is_err());
    }
    let unknown = Method::named(SplitKeyMethod(9), None, polynomial).err().expect("an unknown method");
    assert_eq!(unknown.fault, Fault::UnsupportedParameters);
}

#[test]
fn the_field_of_bytes_has_no_part_beyond_255() {
    let secret = Secret::copy_from(&[7]);
    let refused = Method::Bytes(Polynomial::Polynomial_285).join(&[(1, &secret), (257, &secret)], 2);
    assert_eq!(refused.expect_err("257 is no element").fault, Fault::BadCryptographicParameters);
    assert!(
        Method::Pairs(Polynomial::Polynomial_285)
            .join(&[(1, &Secret::copy_from(&[7, 7])), (257, &Secret::copy_from(&[7, 7]))], 2)
            .is_ok()
    );
}

#[test]
fn what_takes_long_is_told() {
    let method = Method::Bytes(Polynomial::Polynomial_283);
    assert!(!method.is_long(32, 5, 3));
    assert!(method.is_long(256, 255, 128), "a long key in many parts");
}
