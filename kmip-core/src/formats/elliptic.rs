//! Keys on elliptic curves: ECPrivateKey (RFC 5915), PKCS#8, X.509 (RFC 5480) and transparent (KMIP 2.1 §3.11, §3.12).

use super::asn1::{self, secret_magnitude};
use super::curves::Curve;
use super::key::{Key, transparent};
use super::octet_key_pair::{self, OctetCurve};
use super::{FormatError, Result, malformed, not_supported};
use der::asn1::{AnyRef, ObjectIdentifier};
use kmip_codec::object::key_material::{TransparentEcPrivateKey, TransparentEcPublicKey};
use kmip_codec::object::{KeyMaterial, TransparentKey};
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, RecommendedCurve};
use kmip_codec::secret::Secret;
use kmip_codec::value::{ByteString, SecretInteger};
use sec1::{EcParameters, EcPrivateKey};
use spki::AlgorithmIdentifierRef;

/// `id-ecPublicKey`.
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

const NO_CURVE: &str = "the elliptic curve key names no curve";
const UNKNOWN_CURVE: FormatError = FormatError::NotSupported("the key's curve is no Recommended Curve");
const BAD_POINT: &str = "the public key is no point of its curve";

/// Reads `ECPrivateKey`. Inside PKCS#8 the algorithm around it names the curve.
pub(super) fn read_private(der: &[u8], algorithm: Option<AlgorithmIdentifierRef<'_>>) -> Result<Key> {
    let key: EcPrivateKey<'_> = asn1::decode(der, "the Key Material is not an ECPrivateKey")?;
    let inner = key.parameters.and_then(|parameters| parameters.named_curve());
    let oid = match algorithm {
        Some(algorithm) => asn1::parameter_oid(algorithm.parameters, NO_CURVE)?,
        None => inner.ok_or(FormatError::Malformed(NO_CURVE))?,
    };
    if inner.is_some_and(|inner| inner != oid) {
        return malformed("the elliptic curve key names two curves");
    }
    let curve = Curve::of_oid(oid).ok_or(UNKNOWN_CURVE)?;
    if key.private_key.len() > curve.secret_bytes() {
        return malformed("the private key is too long for its curve");
    }
    let public = key.public_key.map(|point| checked_point(curve, point)).transpose()?;
    let d = SecretInteger::from_unsigned(key.private_key);
    Ok(Key::EcPrivate(TransparentEcPrivateKey { recommended_curve: curve.name, d }, public))
}

/// Reads the key of a `SubjectPublicKeyInfo`.
pub(super) fn read_public(algorithm: AlgorithmIdentifierRef<'_>, point: &[u8]) -> Result<Key> {
    let curve = Curve::of_oid(asn1::parameter_oid(algorithm.parameters, NO_CURVE)?).ok_or(UNKNOWN_CURVE)?;
    let q_string = checked_point(curve, point)?;
    Ok(Key::EcPublic(TransparentEcPublicKey { recommended_curve: curve.name, q_string }))
}

fn checked_point(curve: &Curve, point: &[u8]) -> Result<ByteString> {
    if curve.has_form_of_point(point) { Ok(ByteString::new(point)) } else { malformed(BAD_POINT) }
}

/// Reads the transparent form of a private key.
pub(super) fn read_transparent_private(key: &TransparentEcPrivateKey) -> Result<Key> {
    if OctetCurve::uses(key.recommended_curve) {
        return not_supported("the byte order of D is not defined on this curve: the key is kept as registered");
    }
    let curve = Curve::named(key.recommended_curve).ok_or(UNKNOWN_CURVE)?;
    if secret_magnitude(&key.d)?.len() > curve.secret_bytes() {
        return malformed("the private key is too long for its curve");
    }
    Ok(Key::EcPrivate(key.clone(), None))
}

/// Reads the transparent form of a public key.
pub(super) fn read_transparent_public(
    key: &TransparentEcPublicKey,
    algorithm: Option<CryptographicAlgorithm>,
) -> Result<Key> {
    if OctetCurve::uses(key.recommended_curve) {
        return octet_key_pair::read_transparent_public(key, algorithm);
    }
    let curve = Curve::named(key.recommended_curve).ok_or(UNKNOWN_CURVE)?;
    checked_point(curve, key.q_string.as_slice())?;
    Ok(Key::EcPublic(key.clone()))
}

/// Writes a private key, with its point where the format has a place for it.
pub(super) fn write_private(
    key: TransparentEcPrivateKey,
    point: Option<ByteString>,
    to: KeyFormatType,
) -> Result<KeyMaterial> {
    if let Some(form) = private_form(to) {
        return Ok(transparent(form(key)));
    }
    let curve = Curve::named(key.recommended_curve).ok_or(UNKNOWN_CURVE)?;
    match to {
        KeyFormatType::ECPrivateKey => {
            ec_private_key(curve, &key.d, point.as_ref(), Some(curve.oid)).map(KeyMaterial::Bytes)
        }
        KeyFormatType::PKCS_8 => {
            let inner = ec_private_key(curve, &key.d, point.as_ref(), None)?;
            asn1::make_pkcs8(OID, Some(AnyRef::from(&curve.oid)), inner.expose_secret())
        }
        _ => not_supported(
            "an elliptic curve private key has only the ECPrivateKey, PKCS#8 and Transparent EC Private Key formats",
        ),
    }
}

/// Writes a public key.
pub(super) fn write_public(key: TransparentEcPublicKey, to: KeyFormatType) -> Result<KeyMaterial> {
    if let Some(form) = public_form(to) {
        return Ok(transparent(form(key)));
    }
    let curve = Curve::named(key.recommended_curve).ok_or(UNKNOWN_CURVE)?;
    match to {
        KeyFormatType::X_509 => asn1::make_spki(OID, Some(AnyRef::from(&curve.oid)), key.q_string.as_slice()),
        _ => not_supported("an elliptic curve public key has only the X.509 and Transparent EC Public Key formats"),
    }
}

fn private_form(format: KeyFormatType) -> Option<fn(TransparentEcPrivateKey) -> TransparentKey> {
    match format {
        KeyFormatType::TransparentECPrivateKey => Some(TransparentKey::EcPrivate),
        KeyFormatType::TransparentECDSAPrivateKey => Some(TransparentKey::EcdsaPrivate),
        KeyFormatType::TransparentECDHPrivateKey => Some(TransparentKey::EcdhPrivate),
        KeyFormatType::TransparentECMQVPrivateKey => Some(TransparentKey::EcmqvPrivate),
        _ => None,
    }
}

/// The transparent forms of a public key: one from 1.3, one for each algorithm before.
pub(super) fn public_form(format: KeyFormatType) -> Option<fn(TransparentEcPublicKey) -> TransparentKey> {
    match format {
        KeyFormatType::TransparentECPublicKey => Some(TransparentKey::EcPublic),
        KeyFormatType::TransparentECDSAPublicKey => Some(TransparentKey::EcdsaPublic),
        KeyFormatType::TransparentECDHPublicKey => Some(TransparentKey::EcdhPublic),
        KeyFormatType::TransparentECMQVPublicKey => Some(TransparentKey::EcmqvPublic),
        _ => None,
    }
}

fn ec_private_key(
    curve: &Curve,
    d: &SecretInteger,
    point: Option<&ByteString>,
    parameters: Option<ObjectIdentifier>,
) -> Result<Secret> {
    let magnitude = secret_magnitude(d)?;
    let octets = Secret::init_with(curve.secret_bytes(), |out| {
        let start = out.len().checked_sub(magnitude.len());
        let target = start.and_then(|start| out.get_mut(start..));
        target.map(|target| target.copy_from_slice(magnitude)).ok_or(FormatError::Malformed(BAD_POINT))
    })?;
    asn1::encode_secret(&EcPrivateKey {
        private_key: octets.expose_secret(),
        parameters: parameters.map(EcParameters::NamedCurve),
        public_key: point.map(ByteString::as_slice),
    })
}

/// Field bits of a curve: the Cryptographic Length of its keys.
pub(super) fn length_of(curve: RecommendedCurve) -> Option<i32> {
    Curve::named(curve).map(|curve| i32::from(curve.field_bits)).or_else(|| OctetCurve::length_of(curve, None, None))
}
