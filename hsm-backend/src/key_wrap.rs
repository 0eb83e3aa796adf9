//! AES key wrap: KW (RFC 3394) and KWP (RFC 5649), both NIST SP 800-38F, with AES-128, AES-192 and AES-256.

use aes_kw::{AesKw, AesKwp, KeyInit, aes};
use kmip_codec::secret::Secret;
use kmip_core::ports::vault::{Answer, Call, VaultError};

/// Answers the wrapping calls with `kek`.
pub(crate) fn answer(kek: &Secret, call: &Call<'_>) -> Result<Answer, VaultError> {
    match call {
        Call::WrapKw { data } => wrap(kek, data).map(Answer::Bytes),
        Call::UnwrapKw { wrapped } => unwrap(kek, wrapped).map(Answer::Secret),
        Call::WrapKwp { data } => wrap_padded(kek, data).map(Answer::Bytes),
        Call::UnwrapKwp { wrapped } => unwrap_padded(kek, wrapped).map(Answer::Secret),
        other => Err(VaultError::Unsupported(format!("{other:?}"))),
    }
}

/// Wraps any data, by KWP if `padded`, else by KW.
pub(crate) fn wrap_data(kek: &Secret, data: &Secret, padded: bool) -> Result<Vec<u8>, VaultError> {
    if padded { wrap_padded(kek, data) } else { wrap(kek, data) }
}

/// The inverse of [`wrap_data`].
pub(crate) fn unwrap_data(kek: &Secret, wrapped: &[u8], padded: bool) -> Result<Secret, VaultError> {
    if padded { unwrap_padded(kek, wrapped) } else { unwrap(kek, wrapped) }
}

/// Runs `$body` with `$cipher` made of the key, whichever its length.
macro_rules! with_cipher {
    ($mode:ident, $kek:expr, $cipher:ident => $body:expr) => {
        match $kek.expose_secret() {
            key if key.len() == 16 => $mode::<aes::Aes128>::new_from_slice(key).map_err(drop).and_then(|$cipher| $body),
            key if key.len() == 24 => $mode::<aes::Aes192>::new_from_slice(key).map_err(drop).and_then(|$cipher| $body),
            key if key.len() == 32 => $mode::<aes::Aes256>::new_from_slice(key).map_err(drop).and_then(|$cipher| $body),
            key => {
                let bits = key.len().saturating_mul(8);
                return Err(VaultError::BadInput(format!(
                    "a key of {bits} bits cannot wrap: AES keys have 128, 192 or 256"
                )));
            }
        }
    };
}

fn wrap(kek: &Secret, data: &Secret) -> Result<Vec<u8>, VaultError> {
    if data.len() < 16 || !data.len().is_multiple_of(8) {
        let wanted = "key wrap (RFC 3394) takes a multiple of 8 bytes, at least 16";
        return Err(VaultError::BadInput(format!("{wanted}, not {}", data.len())));
    }
    let mut out = vec![0; data.len().saturating_add(8)];
    with_cipher!(AesKw, kek, cipher => cipher.wrap_key(data.expose_secret(), &mut out).map(drop).map_err(drop))
        .map_err(|()| too_long())?;
    Ok(out)
}

fn unwrap(kek: &Secret, wrapped: &[u8]) -> Result<Secret, VaultError> {
    if wrapped.len() < 24 || !wrapped.len().is_multiple_of(8) {
        return Err(does_not_unwrap());
    }
    Secret::init_with(wrapped.len().saturating_sub(8), |out| {
        with_cipher!(AesKw, kek, cipher => cipher.unwrap_key(wrapped, out).map(drop).map_err(drop))
            .map_err(|()| does_not_unwrap())
    })
}

fn wrap_padded(kek: &Secret, data: &Secret) -> Result<Vec<u8>, VaultError> {
    if data.is_empty() {
        return Err(VaultError::BadInput("key wrap with padding (RFC 5649) takes at least one byte".to_owned()));
    }
    let mut out = vec![0; data.len().next_multiple_of(8).saturating_add(8)];
    with_cipher!(AesKwp, kek, cipher => cipher.wrap_key(data.expose_secret(), &mut out).map(drop).map_err(drop))
        .map_err(|()| too_long())?;
    Ok(out)
}

fn unwrap_padded(kek: &Secret, wrapped: &[u8]) -> Result<Secret, VaultError> {
    if wrapped.len() < 16 || !wrapped.len().is_multiple_of(8) {
        return Err(does_not_unwrap());
    }
    let mut length = 0;
    let padded = Secret::init_with(wrapped.len().saturating_sub(8), |out| {
        let unwrapped =
            with_cipher!(AesKwp, kek, cipher => cipher.unwrap_key(wrapped, out).map(<[u8]>::len).map_err(drop));
        length = unwrapped.map_err(|()| does_not_unwrap())?;
        Ok(())
    })?;
    match padded.expose_secret().get(..length) {
        Some(data) if length == padded.len() && !data.is_empty() => Ok(padded),
        Some(data) if !data.is_empty() => Ok(Secret::copy_from(data)),
        _ => Err(does_not_unwrap()),
    }
}

fn too_long() -> VaultError {
    VaultError::BadInput("too long to be wrapped".to_owned())
}

fn does_not_unwrap() -> VaultError {
    VaultError::BadInput("the wrapped key does not unwrap: damaged, or wrapped by another key or method".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchy::random_secret;
    use crate::random::OsRandom;
    use aws_lc_rs::key_wrap::{AES_128, AES_256, AesKek, KeyWrap, KeyWrapPadded};

    fn secret(hex: &str) -> Secret {
        Secret::copy_from(&hex::decode(hex).unwrap())
    }

    fn check_kw(kek: &str, data: &str, wrapped: &str) {
        let (kek, data, wrapped) = (secret(kek), secret(data), hex::decode(wrapped).unwrap());
        assert_eq!(wrap(&kek, &data).unwrap(), wrapped);
        assert_eq!(unwrap(&kek, &wrapped).unwrap(), data);
    }

    fn check_kwp(kek: &str, data: &str, wrapped: &str) {
        let (kek, data, wrapped) = (secret(kek), secret(data), hex::decode(wrapped).unwrap());
        assert_eq!(wrap_padded(&kek, &data).unwrap(), wrapped);
        assert_eq!(unwrap_padded(&kek, &wrapped).unwrap(), data);
    }

    const KEK_128: &str = "000102030405060708090A0B0C0D0E0F";
    const KEK_192: &str = "000102030405060708090A0B0C0D0E0F1011121314151617";
    const KEK_256: &str = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F";
    const DATA_128: &str = "00112233445566778899AABBCCDDEEFF";
    const DATA_192: &str = "00112233445566778899AABBCCDDEEFF0001020304050607";
    const DATA_256: &str = "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F";

    #[test]
    fn rfc_3394_section_4_1() {
        check_kw(KEK_128, DATA_128, "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5");
    }

    #[test]
    fn rfc_3394_section_4_2() {
        check_kw(KEK_192, DATA_128, "96778B25AE6CA435F92B5B97C050AED2468AB8A17AD84E5D");
    }

    #[test]
    fn rfc_3394_section_4_3() {
        check_kw(KEK_256, DATA_128, "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7");
    }

    #[test]
    fn rfc_3394_section_4_4() {
        check_kw(KEK_192, DATA_192, "031D33264E15D33268F24EC260743EDCE1C6C7DDEE725A936BA814915C6762D2");
    }

    #[test]
    fn rfc_3394_section_4_5() {
        check_kw(KEK_256, DATA_192, "A8F9BC1612C68B3FF6E6F4FBE30E71E4769C8B80A32CB8958CD5D17D6B254DA1");
    }

    #[test]
    fn rfc_3394_section_4_6() {
        let wrapped = "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21";
        check_kw(KEK_256, DATA_256, wrapped);
    }

    #[test]
    fn rfc_5649_section_6_twenty_bytes() {
        let kek = "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8";
        let data = "c37b7e6492584340bed12207808941155068f738";
        check_kwp(kek, data, "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a");
    }

    #[test]
    fn rfc_5649_section_6_seven_bytes() {
        let kek = "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8";
        check_kwp(kek, "466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f");
    }

    #[test]
    fn aws_lc_wraps_alike() {
        for (bytes, cipher) in [(16, &AES_128), (32, &AES_256)] {
            for length in 1..=80 {
                let kek = random_secret(bytes, &mut OsRandom).unwrap();
                let data = random_secret(length, &mut OsRandom).unwrap();
                let mut out = [0; 96];
                let oracle = || AesKek::new(cipher, kek.expose_secret()).unwrap();
                let theirs = oracle().wrap_with_padding(data.expose_secret(), &mut out).unwrap();
                assert_eq!(wrap_padded(&kek, &data).unwrap(), theirs);
                assert_eq!(unwrap_padded(&kek, theirs).unwrap(), data);
                if length >= 16 && length % 8 == 0 {
                    let theirs = oracle().wrap(data.expose_secret(), &mut out).unwrap();
                    assert_eq!(wrap(&kek, &data).unwrap(), theirs);
                } else {
                    assert!(matches!(wrap(&kek, &data), Err(VaultError::BadInput(_))));
                }
            }
        }
    }

    #[test]
    fn wrapped_keys_that_are_cut_changed_or_of_the_other_method_are_refused() {
        let (kek, data) = (secret(KEK_192), secret(DATA_192));
        let (plain, padded) = (wrap(&kek, &data).unwrap(), wrap_padded(&kek, &data).unwrap());
        assert!(unwrap(&kek, &padded).is_err() && unwrap_padded(&kek, &plain).is_err());
        assert!(unwrap(&secret(KEK_256), &plain).is_err());
        for (wrapped, open) in [(&plain, unwrap as fn(&Secret, &[u8]) -> _), (&padded, unwrap_padded)] {
            for length in 0..wrapped.len() {
                assert!(open(&kek, &wrapped[..length]).is_err(), "cut to {length}");
            }
            for bit in 0..wrapped.len() * 8 {
                let mut changed = wrapped.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                assert!(open(&kek, &changed).is_err(), "bit {bit}");
            }
        }
        assert!(matches!(wrap(&Secret::copy_from(&[1; 20]), &data), Err(VaultError::BadInput(_))));
        assert!(matches!(wrap_padded(&kek, &Secret::copy_from(&[])), Err(VaultError::BadInput(_))));
    }
}
