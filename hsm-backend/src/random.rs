//! The operating system's random generator, behind the traits of `rand_core`.

use getrandom::SysRng;
use kmip_core::ports::vault::VaultError;
use rand_core::{TryCryptoRng, TryRng};

/// What this crate asks of a source of randomness: the operating system's here, a device's in the PKCS#11 vault.
pub(crate) trait Source: TryCryptoRng<Error = VaultError> {}
impl<R: TryCryptoRng<Error = VaultError>> Source for R {}

/// Randomness of the operating system. It keeps no state, so neither `fork` nor a cloned machine repeats its output.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsRandom;

impl TryRng for OsRandom {
    type Error = VaultError;

    fn try_next_u32(&mut self) -> Result<u32, VaultError> {
        SysRng.try_next_u32().map_err(no_randomness)
    }

    fn try_next_u64(&mut self) -> Result<u64, VaultError> {
        SysRng.try_next_u64().map_err(no_randomness)
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), VaultError> {
        SysRng.try_fill_bytes(out).map_err(no_randomness)
    }
}

impl TryCryptoRng for OsRandom {}

fn no_randomness(error: getrandom::Error) -> VaultError {
    VaultError::Failed(format!("the operating system gave no random bytes: {error}"))
}
