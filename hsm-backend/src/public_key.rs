//! `SubjectPublicKeyInfo` (RFC 5280 §4.1) of the numbers by which a device tells a public key.

use der::asn1::{AnyRef, BitStringRef, OctetStringRef, UintRef};
use der::{Decode, Encode};
use kmip_core::ports::vault::Curve;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::crypto::keys::{CURVES, EC, PublicKey, RSA};

/// Of an RSA key: modulus and exponent, big-endian (PKCS #11 v2.40 `CKA_MODULUS`, `CKA_PUBLIC_EXPONENT`).
pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<Vec<u8>> {
    let (modulus, public_exponent) = (UintRef::new(modulus).ok()?, UintRef::new(exponent).ok()?);
    let key = pkcs1::RsaPublicKey { modulus, public_exponent }.to_der().ok()?;
    info(AlgorithmIdentifierRef { oid: RSA, parameters: Some(AnyRef::NULL) }, &key)
}

/// Of a key on a NIST curve. The point is uncompressed, and DER as PKCS #11 wants it (`CKA_EC_POINT`) or bare as some
/// modules tell it.
pub(crate) fn elliptic(curve: Curve, told: &[u8]) -> Option<Vec<u8>> {
    let length = coordinate(curve)?.checked_mul(2)?.checked_add(1)?;
    let point = match told.len() == length {
        true => told,
        false => <&OctetStringRef>::from_der(told).ok()?.as_bytes(),
    };
    if point.len() != length || point.first() != Some(&4) {
        return None;
    }
    let (oid, _) = CURVES.iter().find(|(_, listed)| *listed == curve)?;
    info(AlgorithmIdentifierRef { oid: EC, parameters: Some(oid.into()) }, point)
}

/// Bytes of a coordinate, and of a number below the order, on a curve of which devices keep keys.
pub(crate) fn coordinate(curve: Curve) -> Option<usize> {
    match curve {
        Curve::P256 => Some(32),
        Curve::P384 => Some(48),
        Curve::P521 => Some(66),
        Curve::P224 | Curve::Secp256k1 | Curve::Ed25519 | Curve::X25519 => None,
    }
}

fn info(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Option<Vec<u8>> {
    let subject_public_key = BitStringRef::from_bytes(key).ok()?;
    let spki = SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().ok()?;
    PublicKey::parse(&spki).ok()?;
    Some(spki)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_pair;
    use kmip_core::ports::vault::KeySpec;

    #[test]
    fn the_numbers_of_a_pair_give_its_public_key() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let spki = key_pair::generate(KeySpec::Ec { curve }).unwrap().public;
            let PublicKey::Elliptic(_, point) = PublicKey::parse(&spki).unwrap() else { panic!("another kind") };
            let der = OctetStringRef::new(point).unwrap().to_der().unwrap();
            assert_eq!(elliptic(curve, point).as_ref(), Some(&spki));
            assert_eq!(elliptic(curve, &der).as_ref(), Some(&spki));
            assert_eq!(elliptic(curve, &point[1..]), None);
            assert_eq!(elliptic(Curve::Ed25519, point), None);
        }
        let spki = key_pair::generate(KeySpec::Rsa { bits: 2048 }).unwrap().public;
        let PublicKey::Rsa { pkcs1, .. } = PublicKey::parse(&spki).unwrap() else { panic!("another kind") };
        let numbers = pkcs1::RsaPublicKeyRef::from_der(pkcs1).unwrap();
        assert_eq!(rsa(numbers.modulus.as_bytes(), numbers.public_exponent.as_bytes()), Some(spki));
    }
}
