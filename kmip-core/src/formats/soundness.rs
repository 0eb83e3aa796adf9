//! What can be no key at all, though it has the form of one: numbers that no key of its algorithm has.
//!
//! A key may be weak, or of a size that nobody uses any more: that is no reason to refuse it here. Nor is what would cost a
//! search to find out, such as a modulus that is no product of primes.

use super::asn1::{magnitude, secret_magnitude};
use super::curve_numbers;
use super::key::Key;
use super::natural::Natural;
use super::{FormatError, Result, malformed};
use kmip_codec::object::key_material::{
    TransparentEcPrivateKey, TransparentEcPublicKey, TransparentRsaPrivateKey, TransparentRsaPublicKey,
};
use kmip_codec::registry::RecommendedCurve;
use kmip_codec::value::{BigInteger, ByteString};

/// Refuses numbers that are no key.
pub(super) fn check(key: &Key) -> Result<()> {
    match key {
        Key::RsaPrivate(TransparentRsaPrivateKey { modulus, public_exponent, .. }) => {
            // Some libraries write numbers that they do not know as zeros.
            check_rsa(
                modulus,
                public_exponent.as_ref().filter(|exponent| exponent.as_slice().iter().any(|byte| *byte != 0)),
            )
        }
        Key::RsaPublic(TransparentRsaPublicKey { modulus, public_exponent }) => {
            check_rsa(modulus, Some(public_exponent))
        }
        Key::EcPrivate(TransparentEcPrivateKey { recommended_curve, d }, point) => {
            check_scalar(*recommended_curve, secret_magnitude(d)?)?;
            point.as_ref().map_or(Ok(()), |point| check_point(*recommended_curve, point))
        }
        Key::EcPublic(TransparentEcPublicKey { recommended_curve, q_string }) => {
            check_point(*recommended_curve, q_string)
        }
        _ => Ok(()),
    }
}

/// The modulus is a product of odd primes, and the public exponent an odd number from 3 on (RFC 8017 §3.1).
fn check_rsa(modulus: &BigInteger, exponent: Option<&BigInteger>) -> Result<()> {
    if !Natural::from_be(magnitude(modulus)?).is_odd() {
        return malformed("the modulus of the RSA key is even");
    }
    let Some(exponent) = exponent else { return Ok(()) };
    let exponent = Natural::from_be(magnitude(exponent)?);
    if !exponent.is_odd() || exponent.is_one() {
        return malformed("the public exponent of the RSA key is no odd number from 3 on");
    }
    Ok(())
}

fn check_scalar(curve: RecommendedCurve, magnitude: &[u8]) -> Result<()> {
    let d = Natural::from_be(magnitude);
    let order = curve_numbers::order(curve).ok_or(FormatError::NotSupported("the key's curve is not known"))?;
    if d.bits() > 0 && d.less_than(&order) {
        return Ok(());
    }
    malformed("the private key is no number from 1 to the order of its curve less 1")
}

fn check_point(curve: RecommendedCurve, point: &ByteString) -> Result<()> {
    if curve_numbers::is_point(curve, point.as_slice()) {
        return Ok(());
    }
    malformed("the public key is no point of its curve")
}
