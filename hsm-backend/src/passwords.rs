//! Password hashes of KMIP users (KMIP 2.1 §7.10, Username and Password credentials): Argon2id, as PHC strings, and PBKDF2 of
//! passwords that came salted; and what the other credentials are made of.
//!
//! The memory that Argon2id wants is bounded by the number of computations at one time, and wiped and given back after each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use argon2::password_hash::Error;
use argon2::password_hash::phc::{Ident, Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use kmip_codec::secret::SecretText;
use kmip_core::ports::crypto::Hash;
use kmip_core::ports::vault::VaultError;
use rand_core::TryRng;
use zeroize::Zeroize;

use crate::random::OsRandom;

/// 19 MiB, 2 passes, 1 lane: a login stays near 20 ms.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// A stored hash that asks for more memory than this is not computed.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_PASSES: u32 = 16;
/// Computations at one time; further ones wait, so that guessing cannot exhaust memory.
const PARALLEL: usize = 2;

/// Hashes a password with a fresh salt. The result names its parameters and holds no secret that can be read back.
pub fn hash_password(password: &SecretText) -> Result<String, VaultError> {
    let mut salt = [0; 16];
    OsRandom.try_fill_bytes(&mut salt)?;
    let hashed = || -> Result<PasswordHash, Error> {
        let params = current_params();
        Ok(PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(Salt::new(&salt)?),
            hash: Some(digest(Version::V0x13, params, password, &salt)?),
        })
    };
    let hash = hashed().map_err(|error| VaultError::Failed(format!("the password could not be hashed: {error}")))?;
    Ok(hash.to_string())
}

/// The hash functions of salted passwords, as PHC strings name them.
const SALTED: [(&str, Hash); 5] = [
    ("pbkdf2-sha1", Hash::Sha1),
    ("pbkdf2-sha224", Hash::Sha224),
    ("pbkdf2-sha256", Hash::Sha256),
    ("pbkdf2-sha384", Hash::Sha384),
    ("pbkdf2-sha512", Hash::Sha512),
];
/// Iterations of PBKDF2 over all its output that a guess may cost.
const MAX_ITERATIONS: u64 = 1_000_000;
/// The shortest salted password: a shorter one could be guessed.
const MIN_SALTED_BYTES: usize = 16;

/// What to keep of a password that came salted, by PBKDF2 with an HMAC.
pub fn keep_salted(hash: Hash, iterations: u32, salt: &[u8], salted: &[u8]) -> Result<String, String> {
    let Some((name, _)) = SALTED.iter().find(|(_, known)| *known == hash) else {
        return Err("its HMAC is not one with SHA-1 or SHA-2".to_owned());
    };
    if !is_affordable(hash, iterations, salted.len()) {
        return Err(format!("it takes more than {MAX_ITERATIONS} iterations"));
    }
    if salted.len() < MIN_SALTED_BYTES {
        return Err(format!("it has less than {MIN_SALTED_BYTES} bytes"));
    }
    let (shortest, longest) = (Salt::MIN_LENGTH, Salt::MAX_LENGTH);
    let salt = Salt::new(salt).map_err(|_| format!("its salt does not have {shortest} to {longest} bytes"))?;
    let output = Output::new(salted).map_err(|_| format!("it has more than {} bytes", Output::MAX_LENGTH))?;
    let kept = || -> Result<PasswordHash, Error> {
        let mut params = ParamsString::new();
        params.add_decimal("i", iterations)?;
        Ok(PasswordHash { algorithm: Ident::new(name)?, version: None, params, salt: Some(salt), hash: Some(output) })
    };
    kept().map(|kept| kept.to_string()).map_err(|error| error.to_string())
}

fn is_affordable(hash: Hash, iterations: u32, length: usize) -> bool {
    let blocks = length.div_ceil(hash.length()) as u64;
    iterations > 0 && blocks.saturating_mul(u64::from(iterations)) <= MAX_ITERATIONS
}

fn is_salted(password: &SecretText, stored: &PasswordHash, hash: Hash) -> bool {
    let (Some(salt), Some(known), Some(iterations)) = (stored.salt, stored.hash, stored.params.get_decimal("i")) else {
        return false;
    };
    if !is_affordable(hash, iterations, known.len()) {
        return false;
    }
    let password = password.expose_secret().as_bytes();
    let found = crate::crypto::derivation::pbkdf2(hash, password, &salt, iterations, known.len());
    // Outputs compare in constant time.
    found.is_ok_and(|found| Output::new(found.expose_secret()).is_ok_and(|found| found == known))
}

/// Whether `password` is the one that `hash` was made from. A text that is no hash of a kind that is kept fits no password.
pub fn verify_password(password: &SecretText, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    if let Some((_, function)) = SALTED.iter().find(|(name, _)| *name == hash.algorithm.as_str()) {
        return is_salted(password, &hash, *function);
    }
    if !affordable(&hash.params) || hash.algorithm != Algorithm::Argon2id.ident() {
        return false;
    }
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from);
    let (Ok(version), Ok(params), Some(salt), Some(known)) = (version, Params::try_from(&hash), hash.salt, hash.hash)
    else {
        return false;
    };
    // Outputs compare in constant time.
    digest(version, params, password, &salt).is_ok_and(|found| found == known)
}

/// Does the work of a verification for a user that does not exist, so that the time of a refusal does not tell names.
pub fn refuse_unknown_user(password: &SecretText) {
    // An arbitrary salt with the current parameters; nobody compares the result.
    let _ = std::hint::black_box(digest(Version::V0x13, current_params(), password, &[0x5A; 16]));
}

/// HMAC of a message, of which one time passwords are made (RFC 4226); `None` for a hash function without one.
pub fn hmac(hash: Hash, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    crate::crypto::mac::hmac_of(hash, key, message)
}

/// The digest of the parts, one after the other.
pub fn digest_of(hash: Hash, parts: &[&[u8]]) -> Vec<u8> {
    crate::crypto::digest::digest(hash, parts)
}

/// Argon2id in one of the workspaces, which is wiped and given back afterwards.
fn digest(version: Version, params: Params, password: &SecretText, salt: &[u8]) -> Result<Output, Error> {
    let blocks = params.block_count();
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let argon2 = Argon2::new(Algorithm::Argon2id, version, params);
    let mut workspace = workspace();
    workspace.resize(blocks, Block::new());
    let mut buffer = [0; Output::MAX_LENGTH];
    let output = buffer.get_mut(..length).ok_or(Error::OutputSize)?;
    let done = argon2.hash_password_into_with_memory(
        password.expose_secret().as_bytes(),
        salt,
        output,
        workspace.as_mut_slice(),
    );
    workspace.iter_mut().for_each(Zeroize::zeroize);
    *workspace = Vec::new();
    done?;
    Ok(Output::new(output)?)
}

/// A free workspace, or the turn to wait for one.
fn workspace() -> MutexGuard<'static, Vec<Block>> {
    static WORKSPACES: [Mutex<Vec<Block>>; PARALLEL] = [const { Mutex::new(Vec::new()) }; PARALLEL];
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    for candidate in &WORKSPACES {
        match candidate.try_lock() {
            Ok(free) => return free,
            // Its contents are overwritten before they are read.
            Err(TryLockError::Poisoned(left)) => return left.into_inner(),
            Err(TryLockError::WouldBlock) => {}
        }
    }
    let [first, second] = &WORKSPACES;
    let turn = if NEXT.fetch_add(1, Ordering::Relaxed).is_multiple_of(PARALLEL) { first } else { second };
    turn.lock().unwrap_or_else(PoisonError::into_inner)
}

fn current_params() -> Params {
    Params::new(MEMORY_KIB, PASSES, LANES, None).expect("invariant: constants within the algorithm's bounds")
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
    fn guesses_at_one_time_agree_and_take_turns() {
        let right = SecretText::copy_from("correct horse");
        let hash = hash_password(&right).unwrap();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let hash = &hash;
                scope.spawn(move || {
                    let guess = if number % 2 == 0 { "correct horse" } else { "correct house" };
                    assert_eq!(verify_password(&SecretText::copy_from(guess), hash), number % 2 == 0);
                });
            }
        });
    }

    #[test]
    fn a_reference_hash_verifies() {
        // Made with the reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -e
        let hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(verify_password(&SecretText::copy_from("password"), hash));
        assert!(!verify_password(&SecretText::copy_from("passwore"), hash));
    }

    /// The vector of RFC 6070 §2 whose salt is long enough to be kept.
    #[test]
    fn salted_passwords_verify() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        };
        let (password, salt) = ("passwordPASSWORDpassword", b"saltSALTsaltSALTsaltSALTsaltSALTsalt");
        let salted = hex("3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038");
        let kept = keep_salted(Hash::Sha1, 4096, salt, &salted).unwrap();
        assert!(kept.starts_with("$pbkdf2-sha1$i=4096$"), "{kept}");
        assert!(verify_password(&SecretText::copy_from(password), &kept));
        assert!(!verify_password(&SecretText::copy_from("passwordPASSWORDpassworD"), &kept));
        for (hash, iterations, salt, salted) in [
            (Hash::Sha256, 0, &salt[..], &salted[..]),
            (Hash::Sha256, 1_000_001, salt, &salted),
            (Hash::Sha256, 600_000, salt, &[7; 64]),
            (Hash::Sha256, 1, b"short", &salted),
            (Hash::Sha256, 1, &[7; 49], &salted),
            (Hash::Sha256, 1, salt, &salted[..15]),
            (Hash::Sha256, 1, salt, &[7; 65]),
            (Hash::Sha512_256, 1, salt, &salted),
        ] {
            assert!(keep_salted(hash, iterations, salt, salted).is_err(), "{hash:?} {iterations} {}", salted.len());
        }
        let costly = kept.replace("i=4096", "i=4294967295");
        assert!(!verify_password(&SecretText::copy_from(password), &costly));
    }

    /// The first values of RFC 4226, Appendix D, before truncation; the last of RFC 2202 §3, case 2.
    #[test]
    fn codes_are_made_of_the_published_hmac() {
        let hex = |bytes: Vec<u8>| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let secret = b"12345678901234567890";
        for (counter, expected) in
            [(0_i64, "cc93cf18508d94934c64b65d8ba7667fb7cde4b0"), (1, "75a48a19d4cbe100644e8ac1397eea747a2d33ab")]
        {
            assert_eq!(hex(hmac(Hash::Sha1, secret, &counter.to_be_bytes()).unwrap()), expected);
        }
        let jefe = hmac(Hash::Sha1, b"Jefe", b"what do ya want for nothing?").unwrap();
        assert_eq!(hex(jefe), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
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
