//! How MAC and MAC Verify work on a key (KMIP 2.1 §6.1.32, §6.1.33): Cryptographic Parameters to a code of the vault.

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::registry::{BlockCipherMode, CryptographicAlgorithm};

use super::parameters::{self, bad, block_cipher, hmac, unsupported};
use crate::error::OpResult;
use crate::ports::crypto::Mac;

/// Chooses the code for a key of an algorithm. An HMAC takes any key (OASIS case CS-AC-M-4); a CMAC one of its cipher.
pub(crate) fn choose(key: Option<CryptographicAlgorithm>, asked: &CryptographicParameters) -> OpResult<Mac<'static>> {
    let named = asked.cryptographic_algorithm;
    let Some(algorithm) = named.or(key) else {
        return bad("Cryptographic Algorithm: neither the key nor the parameters name one");
    };
    if let Some(hash) = hmac(algorithm) {
        return match asked.hashing_algorithm.map(parameters::hash).transpose()? {
            Some(other) if other != hash => bad(format!("Hashing Algorithm is not that of {algorithm}")),
            _ => Ok(Mac::Hmac(hash)),
        };
    }
    let Some(cipher) = block_cipher(algorithm) else {
        return unsupported(format!("message authentication codes with {algorithm}"));
    };
    if key.is_some_and(|key| key != algorithm) {
        return bad(format!("the key is not one of {algorithm}"));
    }
    match asked.block_cipher_mode {
        Some(BlockCipherMode::CMAC) => Ok(Mac::Cmac(cipher)),
        None if named.is_some() => Ok(Mac::Cmac(cipher)),
        None => bad("the parameters name no message authentication code"),
        Some(mode) => unsupported(format!("message authentication codes with {algorithm} in {mode}")),
    }
}
