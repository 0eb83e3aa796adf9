//! The Quantum Safe attribute (KMIP 2.1 §4.45): an object that is required to be safe from quantum computers is made,
//! registered and kept so only if it can be.
//!
//! | kind of key | quantum safe |
//! |---|---|
//! | symmetric and HMAC keys | from 256 bits; from 128 bits at Protection Level Low |
//! | ML-KEM, ML-DSA, SLH-DSA, McEliece, SPHINCS-256 | yes |
//! | every other algorithm | no |
//! | none named | the server does not know; the client answers for it |
//!
//! Grover's search halves the strength of a symmetric key in bits; 128 bits are the lowest category that NIST counts as
//! safe. No text ties the Protection Period (§4.43) to an algorithm: what is safe here is safe for any.

use kmip_codec::registry::{CryptographicAlgorithm, ProtectionLevel};

use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};

/// Refuses an object that is required to be quantum safe and is not (OASIS case QS-M-2).
pub(crate) fn check(record: &Record) -> OpResult<()> {
    let required = attribute_of!(record, QuantumSafe).copied().unwrap_or_default();
    match attribute_of!(record, CryptographicAlgorithm).copied() {
        Some(algorithm) if required && !is_safe(record, algorithm) => {
            let length = attribute_of!(record, CryptographicLength).copied().unwrap_or_default();
            let message = format!("a {algorithm} key of {length} bits is not Quantum Safe at this Protection Level");
            fail(Fault::NotQuantumSafe, message)
        }
        _ => Ok(()),
    }
}

fn is_safe(record: &Record, algorithm: CryptographicAlgorithm) -> bool {
    let least = match attribute_of!(record, ProtectionLevel).copied() {
        Some(ProtectionLevel::Low) => 128,
        _ => 256,
    };
    let length = attribute_of!(record, CryptographicLength).copied().unwrap_or_default();
    is_post_quantum(algorithm) || (is_symmetric(algorithm) && length >= least)
}

fn is_symmetric(algorithm: CryptographicAlgorithm) -> bool {
    use CryptographicAlgorithm as A;
    matches!(
        algorithm,
        A::AES
            | A::Camellia
            | A::ARIA
            | A::Twofish
            | A::ChaCha20
            | A::ChaCha20Poly1305
            | A::OneTimePad
            | A::HMAC_SHA224
            | A::HMAC_SHA256
            | A::HMAC_SHA384
            | A::HMAC_SHA512
            | A::HMAC_SHA3_224
            | A::HMAC_SHA3_256
            | A::HMAC_SHA3_384
            | A::HMAC_SHA3_512
    )
}

/// Whether keys of this algorithm are pairs that quantum computers do not break.
pub(crate) fn is_post_quantum(algorithm: CryptographicAlgorithm) -> bool {
    use CryptographicAlgorithm as A;
    let standardized = A::ML_KEM_512.0..=A::SLH_DSA_SHAKE_256f.0;
    matches!(algorithm, A::SPHINCS_256 | A::McEliece | A::McEliece_6960119 | A::McEliece_8192128)
        || standardized.contains(&algorithm.0)
}
