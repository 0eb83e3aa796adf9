//! ECDSA signatures in the two forms: the numbers r and s side by side (PKCS#11 3.0, EC mechanisms), and DER (RFC 3279 §2.2.3).

use der::asn1::UintRef;
use der::{Decode, Encode, Sequence};

/// `ECDSA-Sig-Value`.
#[derive(Sequence)]
struct Signature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// The numbers of a signature in DER, each of so many octets.
pub(super) fn to_numbers(der: &[u8], octets: usize) -> Option<Vec<u8>> {
    let signature = Signature::from_der(der).ok()?;
    let mut numbers = Vec::with_capacity(octets.saturating_mul(2));
    for number in [signature.r, signature.s] {
        let zeros = octets.checked_sub(number.as_bytes().len())?;
        numbers.resize(numbers.len().saturating_add(zeros), 0);
        numbers.extend_from_slice(number.as_bytes());
    }
    Some(numbers)
}

/// The DER of a signature whose numbers are equally long.
pub(super) fn to_der(numbers: &[u8]) -> Option<Vec<u8>> {
    let half = numbers.len() / 2;
    if half == 0 || !numbers.len().is_multiple_of(2) {
        return None;
    }
    let (r, s) = numbers.split_at_checked(half)?;
    Signature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_forms_turn_into_each_other() {
        let numbers = [[0; 30].as_slice(), &[0x80, 1], &[7; 32]].concat();
        let der = to_der(&numbers).expect("two numbers");
        assert_eq!(to_numbers(&der, 32), Some(numbers));
        assert_eq!(to_numbers(&der, 31), None, "the second is longer");
        assert_eq!(to_der(&[1, 2, 3]), None);
        assert_eq!(to_der(&[]), None);
    }
}
