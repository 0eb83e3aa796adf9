//! DSA and Diffie-Hellman keys: PKCS#8, X.509 (RFC 3279 §2.3.2, §2.3.3; PKCS#3) and transparent (KMIP 2.1 §3.5 to §3.10).
//!
//! A Diffie-Hellman group with Q is written as X9.42 `dhpublicnumber`, one without as PKCS#3 `dhKeyAgreement`.

use super::asn1::{self, big_integer, magnitude, secret_integer, secret_magnitude, secret_uint, uint};
use super::key::{Key, transparent};
use super::natural::Natural;
use super::{FormatError, Result, malformed, not_supported};
use der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use der::{Decode, Sequence};
use kmip_codec::object::key_material::*;
use kmip_codec::object::{KeyMaterial, TransparentKey};
use kmip_codec::registry::KeyFormatType;
use kmip_codec::value::{BigInteger, SecretInteger};
use pkcs8::PrivateKeyInfoRef;
use spki::AlgorithmIdentifierRef;

/// `id-dsa`.
pub(super) const DSA_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
/// `dhKeyAgreement` (PKCS#3).
pub(super) const DH_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.3.1");
/// `dhpublicnumber` (X9.42).
pub(super) const X942_DH_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10046.2.1");

/// Longest prime, in bits, for which a public key is computed.
const MAX_COMPUTED_BITS: u32 = 8192;

/// `Dss-Parms`.
#[derive(Sequence)]
struct DsaParameters<'a> {
    p: UintRef<'a>,
    q: UintRef<'a>,
    g: UintRef<'a>,
}

/// `DHParameter` (PKCS#3).
#[derive(Sequence)]
struct DhParameters<'a> {
    p: UintRef<'a>,
    g: UintRef<'a>,
    private_value_length: Option<UintRef<'a>>,
}

/// `DomainParameters` (X9.42).
#[derive(Sequence)]
struct X942Parameters<'a> {
    p: UintRef<'a>,
    g: UintRef<'a>,
    q: UintRef<'a>,
    j: Option<UintRef<'a>>,
    validation: Option<AnyRef<'a>>,
}

const NO_GROUP: &str = "the key's group is not in its algorithm parameters";

fn parameters<'a, T: Sequence<'a> + der::DecodeValue<'a> + 'a>(algorithm: AlgorithmIdentifierRef<'a>) -> Result<T> {
    algorithm.parameters.and_then(|any| any.decode_as().ok()).ok_or(FormatError::Malformed(NO_GROUP))
}

/// The numbers of a Diffie-Hellman group.
struct DhGroup {
    p: BigInteger,
    q: Option<BigInteger>,
    g: BigInteger,
    j: Option<BigInteger>,
}

fn dh_group(algorithm: AlgorithmIdentifierRef<'_>) -> Result<DhGroup> {
    if algorithm.oid == DH_OID {
        let group: DhParameters<'_> = parameters(algorithm)?;
        return Ok(DhGroup { p: big_integer(group.p), q: None, g: big_integer(group.g), j: None });
    }
    let group: X942Parameters<'_> = parameters(algorithm)?;
    let (q, j) = (Some(big_integer(group.q)), group.j.map(big_integer));
    Ok(DhGroup { p: big_integer(group.p), q, g: big_integer(group.g), j })
}

fn number(der: &[u8]) -> Result<UintRef<'_>> {
    asn1::decode(der, "the key is not a positive number")
}

/// Reads a DSA private key from PKCS#8.
pub(super) fn read_dsa_private(info: &PrivateKeyInfoRef<'_>) -> Result<Key> {
    let DsaParameters { p, q, g } = parameters(info.algorithm)?;
    let x = secret_integer(number(info.private_key.as_bytes())?);
    Ok(Key::DsaPrivate(TransparentDsaPrivateKey { p: big_integer(p), q: big_integer(q), g: big_integer(g), x }))
}

/// Reads a DSA public key from `SubjectPublicKeyInfo`.
pub(super) fn read_dsa_public(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<Key> {
    let DsaParameters { p, q, g } = parameters(algorithm)?;
    let y = big_integer(number(key)?);
    Ok(Key::DsaPublic(TransparentDsaPublicKey { p: big_integer(p), q: big_integer(q), g: big_integer(g), y }))
}

/// Reads a Diffie-Hellman private key from PKCS#8.
pub(super) fn read_dh_private(info: &PrivateKeyInfoRef<'_>) -> Result<Key> {
    let DhGroup { p, q, g, j } = dh_group(info.algorithm)?;
    let x = secret_integer(number(info.private_key.as_bytes())?);
    Ok(Key::DhPrivate(TransparentDhPrivateKey { p, q, g, j, x }))
}

/// Reads a Diffie-Hellman public key from `SubjectPublicKeyInfo`.
pub(super) fn read_dh_public(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<Key> {
    let DhGroup { p, q, g, j } = dh_group(algorithm)?;
    Ok(Key::DhPublic(TransparentDhPublicKey { p, q, g, j, y: big_integer(number(key)?) }))
}

fn any(der: &[u8]) -> Result<AnyRef<'_>> {
    AnyRef::from_der(der).map_err(|_| FormatError::Malformed(NO_GROUP))
}

fn dsa_parameters(p: &BigInteger, q: &BigInteger, g: &BigInteger) -> Result<Vec<u8>> {
    asn1::encode(&DsaParameters { p: uint(p)?, q: uint(q)?, g: uint(g)? })
}

fn dh_parameters(group: &DhGroup) -> Result<(ObjectIdentifier, Vec<u8>)> {
    let (p, g) = (uint(&group.p)?, uint(&group.g)?);
    match (&group.q, &group.j) {
        (Some(q), j) => {
            let j = j.as_ref().map(uint).transpose()?;
            asn1::encode(&X942Parameters { p, g, q: uint(q)?, j, validation: None }).map(|der| (X942_DH_OID, der))
        }
        (None, None) => asn1::encode(&DhParameters { p, g, private_value_length: None }).map(|der| (DH_OID, der)),
        (None, Some(_)) => not_supported("a Diffie-Hellman group with J but without Q has only its transparent form"),
    }
}

/// Writes a DSA private key.
pub(super) fn write_dsa_private(key: TransparentDsaPrivateKey, to: KeyFormatType) -> Result<KeyMaterial> {
    match to {
        KeyFormatType::TransparentDSAPrivateKey => Ok(transparent(TransparentKey::DsaPrivate(key))),
        KeyFormatType::PKCS_8 => {
            let x = asn1::encode_secret(&secret_uint(&key.x)?)?;
            let parameters = dsa_parameters(&key.p, &key.q, &key.g)?;
            asn1::make_pkcs8(DSA_OID, Some(any(&parameters)?), x.expose_secret())
        }
        _ => not_supported("a DSA private key has only the PKCS#8 and Transparent DSA Private Key formats"),
    }
}

/// Writes a DSA public key.
pub(super) fn write_dsa_public(key: TransparentDsaPublicKey, to: KeyFormatType) -> Result<KeyMaterial> {
    match to {
        KeyFormatType::TransparentDSAPublicKey => Ok(transparent(TransparentKey::DsaPublic(key))),
        KeyFormatType::X_509 => {
            let parameters = dsa_parameters(&key.p, &key.q, &key.g)?;
            asn1::make_spki(DSA_OID, Some(any(&parameters)?), &asn1::encode(&uint(&key.y)?)?)
        }
        _ => not_supported("a DSA public key has only the X.509 and Transparent DSA Public Key formats"),
    }
}

/// Writes a Diffie-Hellman private key.
pub(super) fn write_dh_private(key: TransparentDhPrivateKey, to: KeyFormatType) -> Result<KeyMaterial> {
    match to {
        KeyFormatType::TransparentDHPrivateKey => Ok(transparent(TransparentKey::DhPrivate(key))),
        KeyFormatType::PKCS_8 => {
            let x = asn1::encode_secret(&secret_uint(&key.x)?)?;
            let (oid, parameters) = dh_parameters(&DhGroup { p: key.p, q: key.q, g: key.g, j: key.j })?;
            asn1::make_pkcs8(oid, Some(any(&parameters)?), x.expose_secret())
        }
        _ => not_supported("a Diffie-Hellman private key has only the PKCS#8 and Transparent DH Private Key formats"),
    }
}

/// Writes a Diffie-Hellman public key.
pub(super) fn write_dh_public(key: TransparentDhPublicKey, to: KeyFormatType) -> Result<KeyMaterial> {
    match to {
        KeyFormatType::TransparentDHPublicKey => Ok(transparent(TransparentKey::DhPublic(key))),
        KeyFormatType::X_509 => {
            let y = asn1::encode(&uint(&key.y)?)?;
            let (oid, parameters) = dh_parameters(&DhGroup { p: key.p, q: key.q, g: key.g, j: key.j })?;
            asn1::make_spki(oid, Some(any(&parameters)?), &y)
        }
        _ => not_supported("a Diffie-Hellman public key has only the X.509 and Transparent DH Public Key formats"),
    }
}

/// The public key of a DSA private key.
pub(super) fn dsa_public_of(key: TransparentDsaPrivateKey) -> Result<TransparentDsaPublicKey> {
    let y = power(&key.g, &key.x, &key.p)?;
    Ok(TransparentDsaPublicKey { p: key.p, q: key.q, g: key.g, y })
}

/// The public key of a Diffie-Hellman private key.
pub(super) fn dh_public_of(key: TransparentDhPrivateKey) -> Result<TransparentDhPublicKey> {
    let y = power(&key.g, &key.x, &key.p)?;
    Ok(TransparentDhPublicKey { p: key.p, q: key.q, g: key.g, j: key.j, y })
}

fn power(g: &BigInteger, x: &SecretInteger, p: &BigInteger) -> Result<BigInteger> {
    let (g, p) = (Natural::from_be(magnitude(g)?), Natural::from_be(magnitude(p)?));
    let x = Natural::from_be(secret_magnitude(x)?);
    if p.bits() > MAX_COMPUTED_BITS {
        return not_supported("the prime is too long to compute the public key");
    }
    if x.bits() > p.bits() || g.bits() > p.bits() {
        return malformed("the numbers of the key are larger than its prime");
    }
    let y = g.power_modulo(&x, &p).ok_or(FormatError::Malformed("the prime of the key is even"))?;
    Ok(BigInteger::from_unsigned(&y.to_be()))
}
