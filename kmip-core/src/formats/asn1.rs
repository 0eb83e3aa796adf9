//! The ASN.1 envelopes of keys: PKCS#8 `PrivateKeyInfo` (RFC 5958) and X.509 `SubjectPublicKeyInfo` (RFC 5280 §4.1).

use super::{FormatError, Result, not_supported};
use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode, SliceReader, Tag};
use kmip_codec::object::KeyMaterial;
use kmip_codec::secret::Secret;
use kmip_codec::value::{BigInteger, ByteString, SecretInteger};
use pkcs8::PrivateKeyInfoRef;
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

/// Decodes all of `bytes`.
pub(super) fn decode<'a, T: Decode<'a>>(bytes: &'a [u8], why: &'static str) -> Result<T> {
    T::from_der(bytes).map_err(|_| FormatError::Malformed(why))
}

/// Encodes into a secret, without a copy.
pub(super) fn encode_secret(value: &impl Encode) -> Result<Secret> {
    let length = value.encoded_len().and_then(usize::try_from).map_err(too_large)?;
    Secret::init_with(length, |out| value.encode_to_slice(out).map(drop)).map_err(too_large)
}

/// Encodes something public.
pub(super) fn encode(value: &impl Encode) -> Result<Vec<u8>> {
    value.to_der().map_err(too_large)
}

fn too_large(_: der::Error) -> FormatError {
    FormatError::NotSupported("the key is too large for its DER encoding")
}

/// The public bytes of a format as Key Material.
pub(super) fn bytes(value: &[u8]) -> KeyMaterial {
    KeyMaterial::Bytes(Secret::copy_from(value))
}

/// The bytes of Key Material that is no structure.
pub(super) fn material_bytes(material: &KeyMaterial) -> Result<&[u8]> {
    match material {
        KeyMaterial::Bytes(bytes) => Ok(bytes.expose_secret()),
        KeyMaterial::Transparent(_) => {
            Err(FormatError::Malformed("the Key Material must be a Byte String in this Key Format Type"))
        }
    }
}

/// Opens PKCS#8; an encrypted one stays closed.
pub(super) fn open_pkcs8(bytes: &[u8]) -> Result<PrivateKeyInfoRef<'_>> {
    if is_encrypted_pkcs8(bytes) {
        return not_supported("the PKCS#8 key is encrypted: it can only be returned as registered");
    }
    decode(bytes, "the Key Material is not a PKCS#8 private key")
}

/// Whether this looks like `EncryptedPrivateKeyInfo`, which starts with an algorithm and not with a version.
fn is_encrypted_pkcs8(bytes: &[u8]) -> bool {
    AnyRef::from_der(bytes)
        .and_then(|outer| SliceReader::new(outer.value()).and_then(|mut inner| AnyRef::decode(&mut inner)))
        .is_ok_and(|first| der::Tagged::tag(&first) == Tag::Sequence)
}

/// Wraps a key in PKCS#8.
pub(super) fn make_pkcs8(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Result<KeyMaterial> {
    let key = OctetStringRef::new(key).map_err(too_large)?;
    let info = PrivateKeyInfoRef::new(AlgorithmIdentifierRef { oid, parameters }, key);
    encode_secret(&info).map(KeyMaterial::Bytes)
}

/// Opens a `SubjectPublicKeyInfo`: its algorithm and the bytes of its bit string.
pub(super) fn open_spki(bytes: &[u8]) -> Result<(AlgorithmIdentifierRef<'_>, &[u8])> {
    const WHY: &str = "the Key Material is not an X.509 SubjectPublicKeyInfo";
    let info: SubjectPublicKeyInfoRef<'_> = decode(bytes, WHY)?;
    let key = info.subject_public_key.as_bytes().ok_or(FormatError::Malformed(WHY))?;
    Ok((info.algorithm, key))
}

/// Wraps a public key in `SubjectPublicKeyInfo`.
pub(super) fn make_spki(oid: ObjectIdentifier, parameters: Option<AnyRef<'_>>, key: &[u8]) -> Result<KeyMaterial> {
    let subject_public_key = BitStringRef::from_bytes(key).map_err(too_large)?;
    let algorithm = AlgorithmIdentifierRef { oid, parameters };
    encode(&SubjectPublicKeyInfoRef { algorithm, subject_public_key }).map(|der| bytes(&der))
}

/// The object identifier among the parameters of an algorithm.
pub(super) fn parameter_oid(parameters: Option<AnyRef<'_>>, why: &'static str) -> Result<ObjectIdentifier> {
    parameters.and_then(|any| any.decode_as().ok()).ok_or(FormatError::Malformed(why))
}

const NEGATIVE: FormatError = FormatError::Malformed("a number of the key is negative");

/// A public number for DER.
pub(super) fn uint(number: &BigInteger) -> Result<UintRef<'_>> {
    uint_of(number.to_unsigned().ok_or(NEGATIVE)?)
}

/// A secret number for DER.
pub(super) fn secret_uint(number: &SecretInteger) -> Result<UintRef<'_>> {
    uint_of(secret_magnitude(number)?)
}

/// The magnitude of a public number.
pub(super) fn magnitude(number: &BigInteger) -> Result<&[u8]> {
    number.to_unsigned().ok_or(NEGATIVE)
}

/// The magnitude of a secret number.
pub(super) fn secret_magnitude(number: &SecretInteger) -> Result<&[u8]> {
    number.expose_unsigned().ok_or(NEGATIVE)
}

fn uint_of(magnitude: &[u8]) -> Result<UintRef<'_>> {
    UintRef::new(if magnitude.is_empty() { &[0] } else { magnitude }).map_err(too_large)
}

/// A public number from DER.
pub(super) fn big_integer(number: UintRef<'_>) -> BigInteger {
    BigInteger::from_unsigned(number.as_bytes())
}

/// A secret number from DER.
pub(super) fn secret_integer(number: UintRef<'_>) -> SecretInteger {
    SecretInteger::from_unsigned(number.as_bytes())
}

/// The public key that PKCS#8 version 2 carries beside the private one.
pub(super) fn pkcs8_public_key(info: &PrivateKeyInfoRef<'_>) -> Option<ByteString> {
    info.public_key.as_ref().and_then(BitStringRef::as_bytes).map(ByteString::new)
}
