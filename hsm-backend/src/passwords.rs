//! Password hashes of KMIP users (KMIP 2.1 §7.10, Username and Password credentials): Argon2id, as PHC strings.

use argon2::password_hash::phc::{ParamsString, PasswordHash};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use kmip_codec::secret::SecretText;
use kmip_core::ports::vault::VaultError;
use rand_core::TryRng;

use crate::random::OsRandom;

/// 19 MiB, 2 passes, 1 lane: a login stays near 20 ms and cannot be used to exhaust memory.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// A stored hash that asks for more memory than this is not computed.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;

/// Hashes a password with a fresh salt. The result names its parameters and holds no secret that can be read back.
pub fn hash_password(password: &SecretText) -> Result<String, VaultError> {
    let mut salt = [0; 16];
    OsRandom.try_fill_bytes(&mut salt)?;
    let hash: PasswordHash = hasher()
        .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
        .map_err(|error| VaultError::Failed(format!("the password could not be hashed: {error}")))?;
    Ok(hash.to_string())
}

/// Whether `password` is the one that `hash` was made from. A text that is no Argon2id hash fits no password.
pub fn verify_password(password: &SecretText, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    affordable(&hash.params)
        && hash.algorithm == Algorithm::Argon2id.ident()
        && hasher().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
}

/// Does the work of a verification for a user that does not exist, so that the time of a refusal does not tell names.
pub fn refuse_unknown_user(password: &SecretText) {
    // An arbitrary hash with the current parameters; nobody knows a password for it.
    let salt = [0x5A; 16];
    let work: Result<PasswordHash, _> = hasher().hash_password_with_salt(password.expose_secret().as_bytes(), &salt);
    drop(std::hint::black_box(work));
}

fn hasher() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("invariant: constants within the algorithm's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn affordable(params: &ParamsString) -> bool {
    let within = |name: &str, max: u32| params.get_decimal(name).is_some_and(|value| value <= max);
    within("m", MAX_MEMORY_KIB) && within("t", MAX_PASSES) && within("p", LANES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_verifies() {
        let (right, wrong) = (SecretText::copy_from("correct horse"), SecretText::copy_from("correct house"));
        let hash = hash_password(&right).unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify_password(&right, &hash));
        assert!(!verify_password(&wrong, &hash));
        assert_ne!(hash, hash_password(&right).unwrap(), "a salt came twice");
    }

    #[test]
    fn a_reference_hash_verifies() {
        // Made with the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -e
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify_password(&SecretText::copy_from("password"), hash));
        assert!(!verify_password(&SecretText::copy_from("passwore"), hash));
    }

    #[test]
    fn hostile_or_foreign_hashes_fit_no_password() {
        let password = SecretText::copy_from("password");
        for hash in [
            "",
            "password",
            "$argon2id$",
            "$argon2id$v=19$m=4294967295,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2id$v=19$m=65536,t=4294967295,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ",
        ] {
            assert!(!verify_password(&password, hash), "{hash}");
        }
    }
}
