//! Generation of symmetric keys: raw random bytes, and triple-DES keys with parity.

use kmip_codec::secret::Secret;
use kmip_core::ports::vault::{KeySpec, VaultError};

use crate::hierarchy::random_secret;
use crate::random::Source;

/// Lengths that the description lists: those of the KMIP algorithms, from DES-free stream ciphers to HMAC-SHA-512 blocks.
const LISTED_BITS: [u32; 12] = [64, 80, 112, 128, 160, 192, 224, 256, 320, 384, 512, 1024];
/// The longest symmetric key that is generated.
const MAX_BITS: u32 = 65_536;

/// The symmetric specifications that every vault generates.
pub(crate) fn listed() -> impl Iterator<Item = KeySpec> {
    let triple_des = [16, 24].map(|bytes| KeySpec::TripleDes { bytes });
    LISTED_BITS.map(|bits| KeySpec::Symmetric { bits }).into_iter().chain(triple_des)
}

/// Refuses lengths that no key has.
pub(crate) fn check(bits: u32) -> Result<(), VaultError> {
    if bits == 0 || !bits.is_multiple_of(8) || bits > MAX_BITS {
        let wanted = format!("a symmetric key of {bits} bits: it must be a multiple of 8, at most {MAX_BITS}");
        return Err(VaultError::Unsupported(wanted));
    }
    Ok(())
}

/// A key of `bits`.
pub(crate) fn key(bits: u32, random: &mut impl Source) -> Result<Secret, VaultError> {
    check(bits)?;
    random_secret(bits as usize / 8, random)
}

/// A triple-DES key of two or three different parts, each byte with odd parity (NIST SP 800-67 §3.1).
pub(crate) fn triple_des(bytes: u32, random: &mut impl Source) -> Result<Secret, VaultError> {
    if !matches!(bytes, 16 | 24) {
        return Err(VaultError::Unsupported(format!("a triple-DES key of {bytes} bytes: it must have 16 or 24")));
    }
    loop {
        let key = Secret::init_with(bytes as usize, |out| {
            random.try_fill_bytes(out)?;
            out.iter_mut().for_each(|byte| *byte = with_odd_parity(*byte));
            Ok(())
        })?;
        if parts_differ(&key) {
            return Ok(key);
        }
    }
}

fn with_odd_parity(byte: u8) -> u8 {
    let upper = byte & 0xFE;
    upper | u8::from(upper.count_ones().is_multiple_of(2))
}

fn parts_differ(key: &Secret) -> bool {
    let parts = key.expose_secret().as_chunks::<8>().0;
    parts.iter().enumerate().all(|(place, part)| !parts.iter().skip(place.saturating_add(1)).any(|other| other == part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::OsRandom;

    #[test]
    fn odd_parity_changes_the_low_bit_only() {
        for byte in 0..=255u8 {
            let odd = with_odd_parity(byte);
            assert_eq!(odd.count_ones() % 2, 1);
            assert_eq!(odd >> 1, byte >> 1);
        }
    }

    #[test]
    fn equal_parts_are_no_triple_des_key() {
        assert!(!parts_differ(&Secret::copy_from(&[1; 16])));
        let outer_equal = [[1u8; 8], [2; 8], [1; 8]].concat();
        assert!(!parts_differ(&Secret::copy_from(&outer_equal)));
        let all_different = [[1u8; 8], [2; 8], [4; 8]].concat();
        assert!(parts_differ(&Secret::copy_from(&all_different)));
    }

    #[test]
    fn lengths_out_of_bounds_are_refused() {
        for bits in [0, 7, 129, MAX_BITS + 8] {
            assert!(matches!(key(bits, &mut OsRandom), Err(VaultError::Unsupported(_))), "{bits}");
        }
        for bytes in [0, 8, 20, 32] {
            assert!(matches!(triple_des(bytes, &mut OsRandom), Err(VaultError::Unsupported(_))), "{bytes}");
        }
    }
}
