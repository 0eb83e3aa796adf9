//! How Sign and Signature Verify work on a key (KMIP 2.1 §6.1.55, §6.1.56): Cryptographic Parameters to a scheme of the vault.

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::registry::{
    CryptographicAlgorithm, DigitalSignatureAlgorithm, HashingAlgorithm, PaddingMethod, RecommendedCurve,
};

use super::parameters::{bad, check_mask_generator, hash, hash_or, length, required_hash, unsupported};
use crate::error::OpResult;
use crate::object::{Record, attribute_of};
use crate::ports::crypto::{Hash, Signing};
use crate::ports::post_quantum::{MlDsa, PostQuantum, SlhDsa};

/// Kinds of keys that sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Rsa,
    Ecdsa,
    Dsa,
    Ed25519,
    MlDsa(MlDsa),
    SlhDsa(SlhDsa),
}

/// Algorithms of keys that sign: name, kind. Those of post-quantum keys stand in their own table.
const FAMILIES: [(CryptographicAlgorithm, Family); 5] = [
    (CryptographicAlgorithm::RSA, Family::Rsa),
    (CryptographicAlgorithm::EC, Family::Ecdsa),
    (CryptographicAlgorithm::ECDSA, Family::Ecdsa),
    (CryptographicAlgorithm::DSA, Family::Dsa),
    (CryptographicAlgorithm::Ed25519, Family::Ed25519),
];

/// What a Digital Signature Algorithm says.
#[derive(Clone, Copy)]
enum Named {
    Rsa(Hash),
    Pss,
    Dsa(Hash),
    Ecdsa(Hash),
}

/// Digital Signature Algorithms: name, scheme.
const ALGORITHMS: [(DigitalSignatureAlgorithm, Named); 17] = [
    (DigitalSignatureAlgorithm::SHA_1WithRSAEncryption, Named::Rsa(Hash::Sha1)),
    (DigitalSignatureAlgorithm::SHA_224WithRSAEncryption, Named::Rsa(Hash::Sha224)),
    (DigitalSignatureAlgorithm::SHA_256WithRSAEncryption, Named::Rsa(Hash::Sha256)),
    (DigitalSignatureAlgorithm::SHA_384WithRSAEncryption, Named::Rsa(Hash::Sha384)),
    (DigitalSignatureAlgorithm::SHA_512WithRSAEncryption, Named::Rsa(Hash::Sha512)),
    (DigitalSignatureAlgorithm::SHA3_256WithRSAEncryption, Named::Rsa(Hash::Sha3_256)),
    (DigitalSignatureAlgorithm::SHA3_384WithRSAEncryption, Named::Rsa(Hash::Sha3_384)),
    (DigitalSignatureAlgorithm::SHA3_512WithRSAEncryption, Named::Rsa(Hash::Sha3_512)),
    (DigitalSignatureAlgorithm::RSASSA_PSS, Named::Pss),
    (DigitalSignatureAlgorithm::DSAWithSHA_1, Named::Dsa(Hash::Sha1)),
    (DigitalSignatureAlgorithm::DSAWithSHA224, Named::Dsa(Hash::Sha224)),
    (DigitalSignatureAlgorithm::DSAWithSHA256, Named::Dsa(Hash::Sha256)),
    (DigitalSignatureAlgorithm::ECDSAWithSHA_1, Named::Ecdsa(Hash::Sha1)),
    (DigitalSignatureAlgorithm::ECDSAWithSHA224, Named::Ecdsa(Hash::Sha224)),
    (DigitalSignatureAlgorithm::ECDSAWithSHA256, Named::Ecdsa(Hash::Sha256)),
    (DigitalSignatureAlgorithm::ECDSAWithSHA384, Named::Ecdsa(Hash::Sha384)),
    (DigitalSignatureAlgorithm::ECDSAWithSHA512, Named::Ecdsa(Hash::Sha512)),
];

/// How a key signs by parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    /// By this scheme.
    Scheme(Signing),
    /// Not at all: the parameters are those of another kind of key. A signature by them is not one of this key.
    OtherKey,
}

/// Chooses the scheme for a key. `digest` is the length of the digest, if the client sends one.
pub(crate) fn choose(key: &Record, parameters: &CryptographicParameters, digest: Option<usize>) -> OpResult<Choice> {
    let own = family_of(key)?;
    let asked = asked(parameters)?;
    let (family, named) = match (own, asked) {
        (None, None) => return bad("Cryptographic Algorithm: neither the key nor the parameters name one"),
        (Some(own), Some((family, _))) if own != family => return Ok(Choice::OtherKey),
        (_, Some((family, named))) => (family, named),
        (Some(own), None) => (own, None),
    };
    let signing = match family {
        Family::Rsa => rsa(parameters, named, digest.is_some())?,
        Family::Ecdsa => Signing::Ecdsa { hash: elliptic_hash(parameters, named, digest)? },
        Family::Dsa => Signing::Dsa { hash: elliptic_hash(parameters, named, digest)? },
        Family::Ed25519 => of_messages(Signing::Ed25519, parameters, digest)?,
        Family::MlDsa(set) => of_messages(Signing::MlDsa(set), parameters, digest)?,
        Family::SlhDsa(set) => of_messages(Signing::SlhDsa(set), parameters, digest)?,
    };
    Ok(Choice::Scheme(signing))
}

/// A scheme that signs messages. Signatures of a digest (Ed25519ph, HashML-DSA, HashSLH-DSA) are others, which KMIP has no
/// names for; SHA-512 is what Ed25519 hashes with itself.
fn of_messages(scheme: Signing, parameters: &CryptographicParameters, digest: Option<usize>) -> OpResult<Signing> {
    if digest.is_some() {
        return bad("the scheme signs messages, not digests");
    }
    match parameters.hashing_algorithm {
        None => Ok(scheme),
        Some(HashingAlgorithm::SHA_512) if scheme == Signing::Ed25519 => Ok(scheme),
        Some(hash) => bad(format!("the scheme signs messages as they are, not their digests by {hash}")),
    }
}

fn family_of(key: &Record) -> OpResult<Option<Family>> {
    let curve = attribute_of!(key, CryptographicDomainParameters).and_then(|domain| domain.recommended_curve);
    match attribute_of!(key, CryptographicAlgorithm).copied() {
        None => Ok(None),
        Some(CryptographicAlgorithm::EC) if curve == Some(RecommendedCurve::CURVE25519) => Ok(Some(Family::Ed25519)),
        Some(algorithm) => family(algorithm).map(Some),
    }
}

fn family(algorithm: CryptographicAlgorithm) -> OpResult<Family> {
    let listed = FAMILIES.iter().find(|(name, _)| *name == algorithm).map(|(_, family)| *family);
    match (listed, PostQuantum::named(algorithm)) {
        (Some(family), _) => Ok(family),
        (None, Some(PostQuantum::MlDsa(set))) => Ok(Family::MlDsa(set)),
        (None, Some(PostQuantum::SlhDsa(set))) => Ok(Family::SlhDsa(set)),
        (None, Some(PostQuantum::MlKem(_)) | None) => unsupported(format!("signatures with {algorithm}")),
    }
}

/// The kind of key that the parameters speak of, and the Digital Signature Algorithm that they name.
fn asked(parameters: &CryptographicParameters) -> OpResult<Option<(Family, Option<Named>)>> {
    if let Some(algorithm) = parameters.digital_signature_algorithm {
        let Some((_, named)) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm) else {
            return unsupported(format!("the Digital Signature Algorithm {algorithm}"));
        };
        let (of, fixed) = match *named {
            Named::Rsa(hash) => (Family::Rsa, Some(hash)),
            Named::Pss => (Family::Rsa, None),
            Named::Dsa(hash) => (Family::Dsa, Some(hash)),
            Named::Ecdsa(hash) => (Family::Ecdsa, Some(hash)),
        };
        // Either it or the two others are given (§4.15): both only if they say the same.
        if parameters.cryptographic_algorithm.map(family).transpose()?.is_some_and(|other| other != of) {
            return bad("Cryptographic Algorithm is not that of the Digital Signature Algorithm");
        }
        let named_hash = parameters.hashing_algorithm.map(hash).transpose()?;
        if fixed.is_some_and(|fixed| named_hash.is_some_and(|other| other != fixed)) {
            return bad("Hashing Algorithm is not that of the Digital Signature Algorithm");
        }
        return Ok(Some((of, Some(*named))));
    }
    parameters.cryptographic_algorithm.map(|algorithm| family(algorithm).map(|family| (family, None))).transpose()
}

/// RSA: by Digital Signature Algorithm, else by Padding Method and Hashing Algorithm. PKCS#1 v1.5 is meant without a Padding
/// Method. A digest by no named hash is signed without the prefix that would name it (OASIS case TC-RSA-SIGN-DIGESTEDDATA-1).
fn rsa(parameters: &CryptographicParameters, named: Option<Named>, digested: bool) -> OpResult<Signing> {
    match (named, parameters.padding_method) {
        (Some(Named::Rsa(hash)), None | Some(PaddingMethod::PKCS1V1_5)) => Ok(Signing::RsaPkcs1 { hash }),
        (Some(Named::Pss), None | Some(PaddingMethod::PSS)) | (None, Some(PaddingMethod::PSS)) => pss(parameters),
        (None, None | Some(PaddingMethod::PKCS1V1_5)) => match parameters.hashing_algorithm {
            None if digested => Ok(Signing::RsaPkcs1Unprefixed),
            _ => Ok(Signing::RsaPkcs1 { hash: required_hash(parameters)? }),
        },
        (Some(Named::Dsa(_) | Named::Ecdsa(_)), None) => bad("the Digital Signature Algorithm is not one of RSA"),
        (Some(_), Some(padding)) => {
            bad(format!("Padding Method {padding} is not that of the Digital Signature Algorithm"))
        }
        (None, Some(padding)) => unsupported(format!("RSA signatures with the Padding Method {padding}")),
    }
}

/// Without Mask Generator Hashing Algorithm the mask is made with the hash of the message (OASIS case CS-AC-M-2, against
/// the text, which says SHA-1).
fn pss(parameters: &CryptographicParameters) -> OpResult<Signing> {
    check_mask_generator(parameters)?;
    if parameters.trailer_field.is_some_and(|trailer| trailer != 1) {
        return unsupported("a Trailer Field other than the one-byte one");
    }
    let hash = required_hash(parameters)?;
    let mask_hash = hash_or(parameters.mask_generator_hashing_algorithm, hash)?;
    Ok(Signing::RsaPss { hash, mask_hash, salt_length: length(parameters.salt_length, 1, "Salt Length")? })
}

/// The hash of ECDSA and DSA. A digest needs none: its leading bits are signed as they are.
fn elliptic_hash(parameters: &CryptographicParameters, named: Option<Named>, digest: Option<usize>) -> OpResult<Hash> {
    let hash = match (named, parameters.hashing_algorithm) {
        (Some(Named::Ecdsa(hash) | Named::Dsa(hash)), _) => hash,
        (_, Some(name)) => hash(name)?,
        (_, None) if digest.is_some() => return Ok(Hash::Sha256),
        (_, None) => required_hash(parameters)?,
    };
    match digest.filter(|length| *length != hash.length()) {
        None => Ok(hash),
        Some(length) => bad(format!("a digest by {hash:?} has {} bytes, not {length}", hash.length())),
    }
}
