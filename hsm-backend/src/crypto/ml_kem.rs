//! ML-KEM (FIPS 203): the public key of a seed, with RustCrypto; aws-lc-rs takes no seed and is the oracle of the tests.
//!
//! KMIP 3.0 has keys of ML-KEM and no operation for them, so nothing is encapsulated here.

use kmip_codec::secret::Secret;
use kmip_core::ports::post_quantum::MlKem;
use kmip_core::ports::vault::VaultError;
use ml_kem::{DecapsulationKey512, DecapsulationKey768, DecapsulationKey1024, KeyExport, Seed};

/// The encapsulation key of a seed: d and z, 32 octets each (FIPS 203 §7.1).
pub(crate) fn public_of_seed(set: MlKem, seed: &Secret) -> Result<Vec<u8>, VaultError> {
    let wrong = |_| VaultError::BadInput("an ML-KEM seed of another length".to_owned());
    let seed = zeroize::Zeroizing::new(Seed::try_from(seed.expose_secret()).map_err(wrong)?);
    Ok(match set {
        MlKem::MlKem512 => DecapsulationKey512::from_seed(*seed).encapsulation_key().to_bytes().to_vec(),
        MlKem::MlKem768 => DecapsulationKey768::from_seed(*seed).encapsulation_key().to_bytes().to_vec(),
        MlKem::MlKem1024 => DecapsulationKey1024::from_seed(*seed).encapsulation_key().to_bytes().to_vec(),
    })
}
