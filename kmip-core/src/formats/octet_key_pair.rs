//! Keys that are octet strings: Ed25519, Ed448, X25519 and X448 in PKCS#8 and X.509 (RFC 8410), and Raw.
//!
//! KMIP has no table for them. Raw is "only cryptographic key material" (KMIP 2.1 §11.25): the octets of RFC 8032 and
//! RFC 7748. A transparent public key holds the same octets as its Q String; D of a transparent private key is a number
//! whose byte order no text defines, so that form is not made.

use super::asn1;
use super::elliptic::public_form;
use super::key::{Key, transparent};
use super::{FormatError, Result, malformed, not_supported};
use der::asn1::{ObjectIdentifier, OctetStringRef};
use kmip_codec::object::KeyMaterial;
use kmip_codec::object::key_material::TransparentEcPublicKey;
use kmip_codec::registry::{CryptographicAlgorithm, KeyFormatType, RecommendedCurve};
use kmip_codec::secret::Secret;
use kmip_codec::value::ByteString;
use pkcs8::PrivateKeyInfoRef;
use spki::AlgorithmIdentifierRef;

/// What an octet key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OctetCurve {
    /// Signatures on Edwards curve 25519.
    Ed25519,
    /// Signatures on Edwards curve 448.
    Ed448,
    /// Key agreement on Curve25519.
    X25519,
    /// Key agreement on Curve448.
    X448,
}

/// A private key: a seed (Ed) or a scalar (X).
pub(super) struct OctetPrivateKey {
    /// What it is for.
    pub(super) curve: OctetCurve,
    /// The octets.
    pub(super) secret: Secret,
    /// The public octets, where the format carried them.
    pub(super) public: Option<ByteString>,
}

/// A public key.
pub(super) struct OctetPublicKey {
    /// What it is for.
    pub(super) curve: OctetCurve,
    /// The octets.
    pub(super) public: ByteString,
}

struct Row {
    curve: OctetCurve,
    oid: ObjectIdentifier,
    bytes: usize,
    bits: i32,
    algorithm: CryptographicAlgorithm,
    recommended: RecommendedCurve,
}

macro_rules! rows {
    ($($curve:ident $oid:literal $bytes:literal $bits:literal $algorithm:ident $recommended:ident;)*) => {
        const ROWS: &[Row] = &[$(Row {
            curve: OctetCurve::$curve,
            oid: ObjectIdentifier::new_unwrap($oid),
            bytes: $bytes,
            bits: $bits,
            algorithm: CryptographicAlgorithm::$algorithm,
            recommended: RecommendedCurve::$recommended,
        }),*];
    };
}

rows! {
    // curve identifier    bytes bits algorithm curve
    Ed25519 "1.3.101.112"  32    256  Ed25519   CURVE25519;
    Ed448   "1.3.101.113"  57    456  Ed448     CURVE448;
    X25519  "1.3.101.110"  32    256  ECDH      CURVE25519;
    X448    "1.3.101.111"  56    448  ECDH      CURVE448;
}

const WRONG_LENGTH: &str = "the key has not the length of its curve";

impl OctetCurve {
    fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.curve == self).expect("invariant: a row for every curve")
    }

    fn of_oid(oid: ObjectIdentifier) -> Result<Self> {
        let row = ROWS.iter().find(|row| row.oid == oid);
        row.map(|row| row.curve)
            .ok_or(FormatError::NotSupported("the key is of an algorithm that has no other formats"))
    }

    /// Whether keys on this Recommended Curve are octet strings.
    pub(super) fn uses(curve: RecommendedCurve) -> bool {
        ROWS.iter().any(|row| row.recommended == curve)
    }

    /// Whether a public key on a Recommended Curve can have so many octets (RFC 7748 §5, RFC 8032 §5).
    pub(super) fn has_length(curve: RecommendedCurve, octets: usize) -> bool {
        ROWS.iter().any(|row| row.recommended == curve && row.bytes == octets)
    }

    /// Cryptographic Length of keys on a Recommended Curve; those that sign and those that agree on keys differ. The number of
    /// octets of a public key tells it, else the algorithm that is told beside the key.
    pub(super) fn length_of(
        curve: RecommendedCurve,
        octets: Option<usize>,
        algorithm: Option<CryptographicAlgorithm>,
    ) -> Option<i32> {
        let on_curve = || ROWS.iter().filter(|row| row.recommended == curve);
        let by_octets = on_curve().find(|row| Some(row.bytes) == octets);
        let named = || on_curve().find(|row| Some(row.algorithm) == algorithm);
        by_octets.or_else(named).or_else(|| on_curve().next_back()).map(|row| row.bits)
    }

    /// Cryptographic Algorithm.
    pub(super) fn algorithm(self) -> CryptographicAlgorithm {
        self.row().algorithm
    }

    /// Recommended Curve.
    pub(super) fn recommended(self) -> RecommendedCurve {
        self.row().recommended
    }

    /// Cryptographic Length.
    pub(super) fn bits(self) -> i32 {
        self.row().bits
    }

    fn checked(self, octets: &[u8]) -> Result<&[u8]> {
        if octets.len() == self.row().bytes { Ok(octets) } else { malformed(WRONG_LENGTH) }
    }
}

/// Reads the octets of a private key whose algorithm is told beside it.
pub(super) fn read_raw_private(octets: &[u8], algorithm: Option<CryptographicAlgorithm>) -> Result<Key> {
    let curve = raw_curve(algorithm)?;
    let secret = Secret::copy_from(curve.checked(octets)?);
    Ok(Key::OctetPrivate(OctetPrivateKey { curve, secret, public: None }))
}

/// Reads the octets of a public key whose algorithm is told beside it.
pub(super) fn read_raw_public(octets: &[u8], algorithm: Option<CryptographicAlgorithm>) -> Result<Key> {
    let curve = raw_curve(algorithm)?;
    Ok(Key::OctetPublic(OctetPublicKey { curve, public: ByteString::new(curve.checked(octets)?) }))
}

/// Only signature algorithms name their curve; ECDH alone does not.
fn raw_curve(algorithm: Option<CryptographicAlgorithm>) -> Result<OctetCurve> {
    match algorithm {
        Some(CryptographicAlgorithm::Ed25519) => Ok(OctetCurve::Ed25519),
        Some(CryptographicAlgorithm::Ed448) => Ok(OctetCurve::Ed448),
        _ => not_supported("a Raw key of this algorithm can only be returned as registered"),
    }
}

/// Reads PKCS#8: an octet string within the octet string (RFC 8410 §7).
pub(super) fn read_pkcs8(info: &PrivateKeyInfoRef<'_>) -> Result<Key> {
    let curve = OctetCurve::of_oid(info.algorithm.oid)?;
    let inner: &OctetStringRef = asn1::decode(info.private_key.as_bytes(), WRONG_LENGTH)?;
    let secret = Secret::copy_from(curve.checked(inner.as_bytes())?);
    let public = asn1::pkcs8_public_key(info);
    if let Some(public) = &public {
        curve.checked(public.as_slice())?;
    }
    Ok(Key::OctetPrivate(OctetPrivateKey { curve, secret, public }))
}

/// Reads the key of a `SubjectPublicKeyInfo`.
pub(super) fn read_spki(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<Key> {
    let curve = OctetCurve::of_oid(algorithm.oid)?;
    Ok(Key::OctetPublic(OctetPublicKey { curve, public: ByteString::new(curve.checked(key)?) }))
}

/// Reads the transparent form of a public key; the algorithm tells Ed from X.
pub(super) fn read_transparent_public(
    key: &TransparentEcPublicKey,
    algorithm: Option<CryptographicAlgorithm>,
) -> Result<Key> {
    let row = ROWS.iter().find(|row| row.recommended == key.recommended_curve && Some(row.algorithm) == algorithm);
    let Some(Row { curve, .. }) = row else {
        return not_supported("the algorithm does not tell whether this key signs or agrees on keys");
    };
    curve.checked(key.q_string.as_slice())?;
    Ok(Key::OctetPublic(OctetPublicKey { curve: *curve, public: key.q_string.clone() }))
}

/// Writes a private key.
pub(super) fn write_private(key: OctetPrivateKey, to: KeyFormatType) -> Result<KeyMaterial> {
    match to {
        KeyFormatType::Raw => Ok(KeyMaterial::Bytes(key.secret)),
        KeyFormatType::PKCS_8 => {
            let octets = OctetStringRef::new(key.secret.expose_secret());
            let inner = asn1::encode_secret(&octets.map_err(|_| FormatError::Malformed(WRONG_LENGTH))?)?;
            asn1::make_pkcs8(key.curve.row().oid, None, inner.expose_secret())
        }
        _ => not_supported("an Edwards or Montgomery private key has only the PKCS#8 and Raw formats"),
    }
}

/// Writes a public key.
pub(super) fn write_public(key: OctetPublicKey, to: KeyFormatType) -> Result<KeyMaterial> {
    if let Some(form) = public_form(to) {
        let recommended_curve = key.curve.recommended();
        return Ok(transparent(form(TransparentEcPublicKey { recommended_curve, q_string: key.public })));
    }
    match to {
        KeyFormatType::Raw => Ok(asn1::bytes(key.public.as_slice())),
        KeyFormatType::X_509 => asn1::make_spki(key.curve.row().oid, None, key.public.as_slice()),
        _ => not_supported("an Edwards or Montgomery public key has only the X.509, Raw and Transparent EC formats"),
    }
}
