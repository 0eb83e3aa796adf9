//! SLH-DSA (FIPS 205) with RustCrypto: the pure version with an empty context, hedged. aws-lc-rs has no SLH-DSA.
//!
//! The library is not audited. All that it does with secrets is hashing, without a branch or an address that depends on
//! them, and each parameter set is compared with a second implementation in the tests. A signature is verified before it is
//! given out: a private key whose halves do not belong together, or a fault, gives none.

#[cfg(test)]
use der::asn1::ObjectIdentifier;
use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::CryptoError;
use kmip_core::ports::post_quantum::{PostQuantum, SlhDsa};
use kmip_core::ports::vault::VaultError;
use slh_dsa::signature::{Keypair, RandomizedSigner, Verifier};
use slh_dsa::{ParameterSet, Signature, SigningKey, VerifyingKey};

use crate::random::OsRandom;

/// Calls a function with the type of a parameter set.
macro_rules! with_set {
    ($set:expr, $function:ident($($argument:expr),*)) => {
        match $set {
            SlhDsa::Sha2_128s => $function::<slh_dsa::Sha2_128s>($($argument),*),
            SlhDsa::Sha2_128f => $function::<slh_dsa::Sha2_128f>($($argument),*),
            SlhDsa::Sha2_192s => $function::<slh_dsa::Sha2_192s>($($argument),*),
            SlhDsa::Sha2_192f => $function::<slh_dsa::Sha2_192f>($($argument),*),
            SlhDsa::Sha2_256s => $function::<slh_dsa::Sha2_256s>($($argument),*),
            SlhDsa::Sha2_256f => $function::<slh_dsa::Sha2_256f>($($argument),*),
            SlhDsa::Shake128s => $function::<slh_dsa::Shake128s>($($argument),*),
            SlhDsa::Shake128f => $function::<slh_dsa::Shake128f>($($argument),*),
            SlhDsa::Shake192s => $function::<slh_dsa::Shake192s>($($argument),*),
            SlhDsa::Shake192f => $function::<slh_dsa::Shake192f>($($argument),*),
            SlhDsa::Shake256s => $function::<slh_dsa::Shake256s>($($argument),*),
            SlhDsa::Shake256f => $function::<slh_dsa::Shake256f>($($argument),*),
        }
    };
}

/// The private key (SK.seed, SK.prf, PK.seed, PK.root) of three random strings of one length (FIPS 205 §9.1), and the public
/// key, which is its second half.
pub(crate) fn from_seed(set: SlhDsa, seed: &Secret) -> Result<(Secret, Vec<u8>), VaultError> {
    fn expand<P: ParameterSet>(sk_seed: &[u8], sk_prf: &[u8], pk_seed: &[u8]) -> (Secret, Vec<u8>) {
        let key = SigningKey::<P>::slh_keygen_internal(sk_seed, sk_prf, pk_seed);
        let octets = zeroize::Zeroizing::new(key.to_vec());
        (Secret::copy_from(&octets), key.verifying_key().to_vec())
    }
    let wrong = || VaultError::BadInput("an SLH-DSA seed of another length".to_owned());
    let (seed, length) = (seed.expose_secret(), PostQuantum::SlhDsa(set).row().seed);
    let third = length.checked_div(3).filter(|_| seed.len() == length).ok_or_else(wrong)?;
    let (sk_seed, rest) = seed.split_at_checked(third).ok_or_else(wrong)?;
    let (sk_prf, pk_seed) = rest.split_at_checked(third).ok_or_else(wrong)?;
    Ok(with_set!(set, expand(sk_seed, sk_prf, pk_seed)))
}

/// Signs with the octets of a private key.
pub(super) fn sign(set: SlhDsa, key: &Secret, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
    fn signed<P: ParameterSet>(key: &[u8], message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let damaged = |_| CryptoError::Key("the private key is damaged: its parts do not belong together".to_owned());
        let key = SigningKey::<P>::try_from(key).map_err(damaged)?;
        let failed = |_| CryptoError::Vault(VaultError::Failed("the signature was not made".to_owned()));
        let signature = key.try_sign_with_rng(&mut OsRandom, message).map_err(failed)?;
        key.verifying_key().verify(message, &signature).map_err(damaged)?;
        Ok(signature.to_vec())
    }
    with_set!(set, signed(key.expose_secret(), message))
}

/// Whether a signature is valid under the octets of a public key.
pub(super) fn verify(set: SlhDsa, key: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    fn verified<P: ParameterSet>(key: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
        let wrong = |_| CryptoError::Key("the public key is not valid for its algorithm".to_owned());
        let key = VerifyingKey::<P>::try_from(key).map_err(wrong)?;
        let signature = Signature::<P>::try_from(signature);
        Ok(signature.is_ok_and(|signature| key.verify(message, &signature).is_ok()))
    }
    with_set!(set, verified(key, message, signature))
}

/// The object identifier that the library has for a parameter set.
#[cfg(test)]
pub(super) fn oid(set: SlhDsa) -> ObjectIdentifier {
    fn named<P: ParameterSet>() -> ObjectIdentifier {
        P::ALGORITHM_OID
    }
    with_set!(set, named())
}
