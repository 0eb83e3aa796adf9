//! Cryptographic Parameters (KMIP 1.4 §3.6, KMIP 2.1 §4.15): which ones hold for a call, and the names that both the protocol
//! and the vault have.

use std::sync::LazyLock;

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::registry::{CryptographicAlgorithm, HashingAlgorithm, MaskGenerator};

use crate::error::{Fault, OpResult, fail};
use crate::object::Record;
use crate::ports::crypto::{BlockCipher, Hash};

/// Parameters that say nothing.
static SILENT: LazyLock<CryptographicParameters> = LazyLock::new(CryptographicParameters::default);

/// The parameters of a call: those of the request; if it has none, those of the key with the lowest index.
pub(crate) fn effective<'a>(
    asked: Option<&'a CryptographicParameters>,
    key: &'a Record,
) -> &'a CryptographicParameters {
    match asked {
        Some(asked) if *asked != *SILENT => asked,
        _ => own(key).unwrap_or(&SILENT),
    }
}

/// The Cryptographic Parameters attribute with the lowest index.
pub(crate) fn own(key: &Record) -> Option<&CryptographicParameters> {
    let all = key.attributes.iter().filter_map(|instance| match &instance.attribute {
        Attribute::CryptographicParameters(own) => Some((instance.index, own.as_ref())),
        _ => None,
    });
    all.min_by_key(|(index, _)| *index).map(|(_, own)| own)
}

/// Hash functions: name, function.
const HASHES: [(HashingAlgorithm, Hash); 11] = [
    (HashingAlgorithm::SHA_1, Hash::Sha1),
    (HashingAlgorithm::SHA_224, Hash::Sha224),
    (HashingAlgorithm::SHA_256, Hash::Sha256),
    (HashingAlgorithm::SHA_384, Hash::Sha384),
    (HashingAlgorithm::SHA_512, Hash::Sha512),
    (HashingAlgorithm::SHA_512_224, Hash::Sha512_224),
    (HashingAlgorithm::SHA_512_256, Hash::Sha512_256),
    (HashingAlgorithm::SHA3_224, Hash::Sha3_224),
    (HashingAlgorithm::SHA3_256, Hash::Sha3_256),
    (HashingAlgorithm::SHA3_384, Hash::Sha3_384),
    (HashingAlgorithm::SHA3_512, Hash::Sha3_512),
];

/// A hash function by its name.
pub(crate) fn hash(name: HashingAlgorithm) -> OpResult<Hash> {
    match HASHES.iter().find(|(known, _)| *known == name) {
        Some((_, hash)) => Ok(*hash),
        None => unsupported(format!("the Hashing Algorithm {name}")),
    }
}

/// The hash function that the parameters name, or the documented default.
pub(crate) fn hash_or(name: Option<HashingAlgorithm>, default: Hash) -> OpResult<Hash> {
    name.map_or(Ok(default), hash)
}

/// The hash function that the parameters must name.
pub(crate) fn required_hash(parameters: &CryptographicParameters) -> OpResult<Hash> {
    match parameters.hashing_algorithm {
        Some(name) => hash(name),
        None => bad("Hashing Algorithm is required"),
    }
}

/// Block ciphers: name, cipher.
const BLOCK_CIPHERS: [(CryptographicAlgorithm, BlockCipher); 3] = [
    (CryptographicAlgorithm::AES, BlockCipher::Aes),
    (CryptographicAlgorithm::DES3, BlockCipher::TripleDes),
    (CryptographicAlgorithm::Blowfish, BlockCipher::Blowfish),
];

/// A block cipher by its name.
pub(crate) fn block_cipher(name: CryptographicAlgorithm) -> Option<BlockCipher> {
    BLOCK_CIPHERS.iter().find(|(known, _)| *known == name).map(|(_, cipher)| *cipher)
}

/// Hashes of message authentication codes: name, function.
const HMACS: [(CryptographicAlgorithm, Hash); 9] = [
    (CryptographicAlgorithm::HMAC_SHA1, Hash::Sha1),
    (CryptographicAlgorithm::HMAC_SHA224, Hash::Sha224),
    (CryptographicAlgorithm::HMAC_SHA256, Hash::Sha256),
    (CryptographicAlgorithm::HMAC_SHA384, Hash::Sha384),
    (CryptographicAlgorithm::HMAC_SHA512, Hash::Sha512),
    (CryptographicAlgorithm::HMAC_SHA3_224, Hash::Sha3_224),
    (CryptographicAlgorithm::HMAC_SHA3_256, Hash::Sha3_256),
    (CryptographicAlgorithm::HMAC_SHA3_384, Hash::Sha3_384),
    (CryptographicAlgorithm::HMAC_SHA3_512, Hash::Sha3_512),
];

/// The hash of an HMAC by its name.
pub(crate) fn hmac(name: CryptographicAlgorithm) -> Option<Hash> {
    HMACS.iter().find(|(known, _)| *known == name).map(|(_, hash)| *hash)
}

/// MGF1 is the only mask generator, and the default.
pub(crate) fn check_mask_generator(parameters: &CryptographicParameters) -> OpResult<()> {
    match parameters.mask_generator {
        None | Some(MaskGenerator::MGF1) => Ok(()),
        Some(other) => unsupported(format!("the Mask Generator {other}")),
    }
}

/// A length in bytes that parameters give; `unit` bits make one.
pub(crate) fn length(given: Option<i32>, unit: i32, field: &str) -> OpResult<Option<usize>> {
    let Some(given) = given else { return Ok(None) };
    match (given.checked_rem(unit), given.checked_div(unit).map(usize::try_from)) {
        (Some(0), Some(Ok(length))) => Ok(Some(length)),
        _ => bad(format!("{field} {given} is not possible")),
    }
}

/// Refuses parameters that contradict each other or the key, or are missing.
pub(crate) fn bad<T>(why: impl Into<String>) -> OpResult<T> {
    fail(Fault::BadCryptographicParameters, why)
}

/// Refuses parameters that KMIP has and this server does not.
pub(crate) fn unsupported<T>(what: impl std::fmt::Display) -> OpResult<T> {
    fail(Fault::UnsupportedParameters, format!("this server does not support {what}"))
}
