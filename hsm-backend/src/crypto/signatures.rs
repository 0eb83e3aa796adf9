//! Signatures: what a scheme does with a key and a digest or a message.

use aws_lc_rs::digest::{Algorithm, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256K1_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ED25519,
    EcdsaVerificationAlgorithm, ML_DSA_44, ML_DSA_65, ML_DSA_87, UnparsedPublicKey,
};
use crypto_bigint::{BoxedUint, Resize};
use der::asn1::UintRef;
use der::{Decode, Sequence};
use kmip_core::ports::crypto::{CryptoError, Hash, Message, Signing};
use kmip_core::ports::post_quantum::MlDsa;
use kmip_core::ports::vault::{Curve, VaultError};
use p224::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};

use super::digest::digest;
use super::keys::{PrivateKey, PublicKey};
use super::rsa::{self, SignaturePadding};
use super::slh_dsa;

/// The hash of the message, of schemes that sign a digest.
pub(crate) const fn hash_of(how: &Signing) -> Option<Hash> {
    match *how {
        Signing::RsaPkcs1 { hash } | Signing::RsaPss { hash, .. } | Signing::Ecdsa { hash } | Signing::Dsa { hash } => {
            Some(hash)
        }
        Signing::RsaPkcs1Unprefixed | Signing::Ed25519 | Signing::MlDsa(_) | Signing::SlhDsa(_) => None,
    }
}

/// Bytes of a digest that a client may bring where the scheme does not fix its length.
const DIGESTS: std::ops::RangeInclusive<usize> = 16..=64;

/// What a scheme takes: the digest, or the message of a scheme that hashes by itself.
fn input(how: &Signing, message: Message<'_>) -> Result<Vec<u8>, CryptoError> {
    let takes_any_digest = matches!(how, Signing::Ecdsa { .. } | Signing::Dsa { .. } | Signing::RsaPkcs1Unprefixed);
    match (hash_of(how), message) {
        (Some(hash), Message::Data(data)) => Ok(digest(hash, &[data])),
        (_, Message::Digest(digest)) if takes_any_digest => {
            let wrong = || CryptoError::Data(format!("a digest has 16 to 64 bytes, not {}", digest.len()));
            Some(digest.to_vec()).filter(|digest| DIGESTS.contains(&digest.len())).ok_or_else(wrong)
        }
        (Some(hash), Message::Digest(digest)) if digest.len() == hash.length() => Ok(digest.to_vec()),
        (Some(hash), Message::Digest(_)) => {
            Err(CryptoError::Data(format!("a digest by {hash:?} has {} bytes", hash.length())))
        }
        (None, Message::Data(_)) if *how == Signing::RsaPkcs1Unprefixed => Err(CryptoError::Parameters(
            "a hash is needed to sign or verify a message instead of its digest".to_owned(),
        )),
        (None, Message::Data(data)) => Ok(data.to_vec()),
        (None, Message::Digest(_)) => {
            Err(CryptoError::Parameters(format!("{how:?} signs the message, not a digest of it")))
        }
    }
}

/// What a scheme signs: [`input`], but nothing is signed with SHA-1.
pub(crate) fn input_to_sign(how: &Signing, message: Message<'_>) -> Result<Vec<u8>, CryptoError> {
    if hash_of(how) == Some(Hash::Sha1) {
        return Err(CryptoError::Unsupported("signatures with SHA-1: they are only verified".to_owned()));
    }
    input(how, message)
}

/// Signs.
pub(super) fn sign(key: &PrivateKey, how: &Signing, message: Message<'_>) -> Result<Vec<u8>, CryptoError> {
    let input = input_to_sign(how, message)?;
    match (*how, key) {
        (Signing::RsaPkcs1 { hash }, PrivateKey::Rsa(key)) => key.sign(hash, SignaturePadding::Pkcs1, &input),
        (Signing::RsaPss { hash, mask_hash, salt_length }, PrivateKey::Rsa(key)) => {
            key.sign(hash, SignaturePadding::Pss { mask_hash, salt_length }, &input)
        }
        (Signing::Ecdsa { .. }, PrivateKey::Ecdsa(curve, pair, _)) => {
            let (_, algorithm) = ecdsa(*curve).ok_or_else(|| wrong_key(how))?;
            let signed = pair.sign_digest(&fitted(&input, algorithm)?);
            signed.map(|signature| signature.as_ref().to_vec()).map_err(|_| failed())
        }
        (Signing::Ecdsa { .. }, PrivateKey::P224(key)) => {
            let key = p224::ecdsa::SigningKey::from(key);
            let signature: p224::ecdsa::Signature = key.sign_prehash(&fit(&input, 28)).map_err(|_| failed())?;
            Ok(signature.to_der().as_bytes().to_vec())
        }
        (Signing::Ed25519, PrivateKey::Ed25519(pair)) => {
            pair.try_sign(&input).map(|signature| signature.as_ref().to_vec()).map_err(|_| failed())
        }
        (Signing::MlDsa(set), PrivateKey::MlDsa(own, pair)) if set == *own => {
            let mut signature = vec![0; pair.algorithm().signature_len()];
            let length = pair.sign(&input, &mut signature).map_err(|_| failed())?;
            signature.truncate(length);
            Ok(signature)
        }
        (Signing::SlhDsa(set), PrivateKey::SlhDsa(own, key)) if set == *own => slh_dsa::sign(set, key, &input),
        (Signing::RsaPkcs1Unprefixed, PrivateKey::Rsa(key)) => key.sign_unprefixed(&input),
        (Signing::Dsa { .. }, _) => Err(CryptoError::Unsupported("DSA signatures: they are only verified".to_owned())),
        _ => Err(wrong_key(how)),
    }
}

/// Whether a signature is valid.
pub(super) fn verify(
    key: PublicKey<'_>,
    how: &Signing,
    message: Message<'_>,
    signature: &[u8],
) -> Result<bool, CryptoError> {
    let input = input(how, message)?;
    match (*how, key) {
        (Signing::RsaPkcs1 { hash }, PublicKey::Rsa { pkcs1, .. }) => {
            rsa::verify(pkcs1, hash, SignaturePadding::Pkcs1, &input, signature)
        }
        (Signing::RsaPkcs1Unprefixed, PublicKey::Rsa { pkcs1, .. }) => rsa::verify_unprefixed(pkcs1, &input, signature),
        (Signing::RsaPss { hash, mask_hash, salt_length }, PublicKey::Rsa { pkcs1, .. }) => {
            rsa::verify(pkcs1, hash, SignaturePadding::Pss { mask_hash, salt_length }, &input, signature)
        }
        (Signing::Ecdsa { .. }, PublicKey::Elliptic(Curve::P224, point)) => {
            let key = p224::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(|_| bad_point())?;
            let (parsed, digest) = (p224::ecdsa::Signature::from_der(signature), fit(&input, 28));
            Ok(parsed.is_ok_and(|signature| key.verify_prehash(&digest, &signature).is_ok()))
        }
        (Signing::Ecdsa { .. }, PublicKey::Elliptic(curve, point)) => {
            let (scheme, algorithm) = ecdsa(curve).ok_or_else(|| wrong_key(how))?;
            let key = UnparsedPublicKey::new(scheme, point).parse().map_err(|_| bad_point())?;
            Ok(key.verify_digest_sig(&fitted(&input, algorithm)?, signature).is_ok())
        }
        (Signing::Ed25519, PublicKey::Ed25519(key)) => {
            let key = UnparsedPublicKey::new(&ED25519, key).parse().map_err(|_| bad_point())?;
            Ok(key.verify_sig(&input, signature).is_ok())
        }
        (Signing::MlDsa(set), PublicKey::MlDsa(own, key)) if set == own => {
            let scheme = match set {
                MlDsa::MlDsa44 => &ML_DSA_44,
                MlDsa::MlDsa65 => &ML_DSA_65,
                MlDsa::MlDsa87 => &ML_DSA_87,
            };
            let key = UnparsedPublicKey::new(scheme, key).parse().map_err(|_| bad_point())?;
            Ok(key.verify_sig(&input, signature).is_ok())
        }
        (Signing::SlhDsa(set), PublicKey::SlhDsa(own, key)) if set == own => {
            slh_dsa::verify(set, key, &input, signature)
        }
        (Signing::Dsa { .. }, PublicKey::Dsa(spki)) => verify_dsa(spki, &input, signature),
        _ => Err(wrong_key(how)),
    }
}

/// aws-lc-rs's scheme on a curve, and the digest algorithm that it expects.
fn ecdsa(curve: Curve) -> Option<(&'static EcdsaVerificationAlgorithm, &'static Algorithm)> {
    match curve {
        Curve::P256 => Some((&ECDSA_P256_SHA256_ASN1, &SHA256)),
        Curve::P384 => Some((&ECDSA_P384_SHA384_ASN1, &SHA384)),
        Curve::P521 => Some((&ECDSA_P521_SHA512_ASN1, &SHA512)),
        Curve::Secp256k1 => Some((&ECDSA_P256K1_SHA256_ASN1, &SHA256)),
        Curve::P224 | Curve::Ed25519 | Curve::X25519 => None,
    }
}

/// A digest by any hash in the length that the library expects of the curve. ECDSA uses the number that the leftmost bits
/// of a digest make, as many as the order of the curve has (FIPS 186-5 §6.4.1 step 2): a longer digest loses its end, a
/// shorter one gains zeros in front, and the number is the same.
fn fitted(digest: &[u8], algorithm: &'static Algorithm) -> Result<Digest, CryptoError> {
    Digest::import_less_safe(&fit(digest, algorithm.output_len()), algorithm).map_err(|_| failed())
}

fn fit(digest: &[u8], length: usize) -> Vec<u8> {
    let kept = digest.get(..length).unwrap_or(digest);
    [vec![0; length.saturating_sub(kept.len())].as_slice(), kept].concat()
}

/// The longest prime of a DSA key; a longer one would be work that a client chooses.
const MAX_DSA_BYTES: usize = 4 * 3072 / 8;

fn verify_dsa(spki: &[u8], digest: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    if spki.len() > MAX_DSA_BYTES {
        return Err(CryptoError::Key("the DSA key is too long: primes of 1024 to 3072 bits are used".to_owned()));
    }
    let key = dsa_key(spki).ok_or_else(bad_point)?;
    let Ok(signature) = dsa::Signature::try_from(signature) else { return Ok(false) };
    Ok(key.verify_prehash(digest, &signature).is_ok())
}

/// `Dss-Parms` (RFC 3279 §2.3.2).
#[derive(Sequence)]
struct DsaParameters<'a> {
    p: UintRef<'a>,
    q: UintRef<'a>,
    g: UintRef<'a>,
}

/// A DSA key whose numbers all have the width of its prime: the library's arithmetic panics at others, and its own reader
/// does not look.
fn dsa_key(spki: &[u8]) -> Option<dsa::VerifyingKey> {
    let info = spki::SubjectPublicKeyInfoRef::from_der(spki).ok()?;
    let DsaParameters { p, q, g } = info.algorithm.parameters?.decode_as().ok()?;
    let y = UintRef::from_der(info.subject_public_key.as_bytes()?).ok()?;
    let number = |number: UintRef<'_>| BoxedUint::from_be_slice_vartime(number.as_bytes());
    let p = number(p);
    let below_p = |it: UintRef<'_>| number(it).try_resize(p.bits_precision()).filter(|it| *it < p);
    let (g, y) = (below_p(g)?, below_p(y)?);
    let components = dsa::Components::from_components(p, number(q), g).ok()?;
    dsa::VerifyingKey::from_components(components, y).ok()
}

/// Refuses what is not a point of a curve.
pub(crate) fn check_point(curve: Curve, point: &[u8]) -> Result<(), CryptoError> {
    let (scheme, _) = ecdsa(curve).ok_or_else(bad_point)?;
    UnparsedPublicKey::new(scheme, point).parse().map(drop).map_err(|_| bad_point())
}

pub(crate) fn wrong_key(how: &Signing) -> CryptoError {
    CryptoError::Key(format!("the key is of another kind than {how:?} takes"))
}

fn bad_point() -> CryptoError {
    CryptoError::Key("the public key is not valid for its algorithm".to_owned())
}

fn failed() -> CryptoError {
    CryptoError::Vault(VaultError::Failed("the signature was not made".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Encode;
    use der::asn1::{Any, BitStringRef, ObjectIdentifier};

    #[test]
    fn dsa_numbers_of_another_width_than_the_prime_are_refused() {
        let spki = |g: &[u8], y: &[u8]| {
            let uint = |bytes: &[u8]| UintRef::new(bytes).unwrap().to_der().unwrap();
            let numbers = [uint(&[0xF1; 128]), uint(&[0xF1; 20]), uint(g)].concat();
            let parameters = Any::new(der::Tag::Sequence, numbers).unwrap();
            let oid = ObjectIdentifier::new_unwrap("1.2.840.10040.4.1");
            let algorithm = spki::AlgorithmIdentifierRef { oid, parameters: Some((&parameters).into()) };
            let y = uint(y);
            let subject_public_key = BitStringRef::from_bytes(&y).unwrap();
            spki::SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().unwrap()
        };
        for (g, y) in
            [(&[2; 128][..], &[3; 200][..]), (&[2; 128], &[3; 8]), (&[2], &[3; 128]), (&[0xF2; 128], &[0xF2; 128])]
        {
            let verified = verify_dsa(&spki(g, y), &[1; 20], &[0x30, 6, 2, 1, 1, 2, 1, 1]);
            assert!(matches!(verified, Err(CryptoError::Key(_))), "{verified:?}");
        }
    }
}
