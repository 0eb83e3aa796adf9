//! Proofs of the algorithm table: published vectors, oracles, parts against wholes, refusals. Everything runs through the
//! seam, as the core calls it. The counts for each row stand in the output of
//! `cargo test -p hsm-backend every_row -- --nocapture`.

mod kept_keys;
mod oracles;
mod parts;
mod post_quantum;
mod published;
mod refusals;
mod wycheproof_sets;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kmip_codec::secret::Secret;
use kmip_core::ports::crypto::{
    Aead, BlockCipher, BlockMode, BlockPadding, Capability, Cipher, CryptoError, Cryptography, Derivation,
    DerivationMethod, Encryption, Hash, Key, Mac, MacAlgorithm, Message, Scheme, Signing,
};

use super::algorithms::TABLE;
use crate::keystore::Keystore;
use crate::random::OsRandom;
use crate::software::SoftwareVault;
use rand_core::TryRng;

/// The vault that everything here runs on.
static VAULT: LazyLock<SoftwareVault> = LazyLock::new(|| SoftwareVault::new(Keystore::ephemeral().unwrap()));

/// How many vectors of which source a row has passed.
#[derive(Debug, Default, Clone)]
struct Tally(BTreeMap<&'static str, BTreeMap<&'static str, usize>>);

impl Tally {
    fn count(&mut self, capability: Capability, source: &'static str) {
        let row = TABLE.iter().find(|row| row.capability == capability);
        let row = row.unwrap_or_else(|| panic!("{capability:?} is in no row of the table"));
        *self.0.entry(row.name).or_default().entry(source).or_default() += 1;
    }

    fn merge(&mut self, other: &Self) {
        for (name, sources) in &other.0 {
            for (source, count) in sources {
                *self.0.entry(name).or_default().entry(source).or_default() += count;
            }
        }
    }
}

#[test]
fn every_row_of_the_table_has_passed_vectors_or_an_oracle() {
    let mut all = Tally::default();
    let suites = [&wycheproof_sets::TALLIES[..], &published::TALLIES, &oracles::TALLIES, &post_quantum::TALLIES];
    suites.iter().flat_map(|suite| suite.iter()).for_each(|tally| all.merge(tally));
    let mut total = 0;
    for row in TABLE {
        let sources = all.0.get(row.name).unwrap_or_else(|| panic!("{} has neither vectors nor an oracle", row.name));
        let told: Vec<String> = sources.iter().map(|(source, count)| format!("{count} {source}")).collect();
        total += sources.values().sum::<usize>();
        println!("{:34} {}", row.name, told.join(", "));
    }
    println!("{total} checks of {} mechanisms, 0 wrong", TABLE.len());
}

#[test]
fn names_and_mechanisms_stand_in_one_row_each() {
    for (at, row) in TABLE.iter().enumerate() {
        assert!(TABLE.iter().skip(at + 1).all(|other| other.name != row.name), "{} twice", row.name);
        assert!(
            TABLE.iter().skip(at + 1).all(|other| other.capability != row.capability),
            "{:?} twice",
            row.capability
        );
        assert!(!row.limits.is_empty());
    }
}

fn unhex(digits: &str) -> Vec<u8> {
    let digits: String = digits.split_whitespace().collect();
    hex::decode(digits).unwrap()
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::copy_from(bytes)
}

fn random(length: usize) -> Vec<u8> {
    let mut out = vec![0; length];
    OsRandom.try_fill_bytes(&mut out).unwrap();
    out
}

/// A random number below `bound`, for lengths.
fn below(bound: usize) -> usize {
    let mut out = [0; 8];
    OsRandom.try_fill_bytes(&mut out).unwrap();
    usize::try_from(u64::from_be_bytes(out) % bound as u64).unwrap()
}

fn encrypt(key: &[u8], how: &Encryption<'_>, data: &[u8]) -> Result<(Vec<u8>, Option<Vec<u8>>), CryptoError> {
    VAULT.encrypt(Key::Clear(&secret(key)), how, data).map(|encrypted| (encrypted.data, encrypted.tag))
}

fn decrypt(key: &[u8], how: &Encryption<'_>, data: &[u8], tag: Option<&[u8]>) -> Result<Vec<u8>, CryptoError> {
    VAULT.decrypt(Key::Clear(&secret(key)), how, data, tag).map(|plain| plain.expose_secret().to_vec())
}

fn sign(pkcs8: &[u8], how: &Signing, message: Message<'_>) -> Result<Vec<u8>, CryptoError> {
    VAULT.sign(Key::Clear(&secret(pkcs8)), how, message)
}

fn verify(spki: &[u8], how: &Signing, message: &[u8], signature: &[u8]) -> Result<bool, CryptoError> {
    VAULT.verify(Key::Public(spki), how, Message::Data(message), signature)
}

fn mac(key: &[u8], how: &Mac<'_>, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
    VAULT.mac(Key::Clear(&secret(key)), how, data)
}

fn derive(key: &[u8], how: &Derivation<'_>, length: usize) -> Result<Vec<u8>, CryptoError> {
    VAULT.derive(Some(Key::Clear(&secret(key))), how, length).map(|derived| derived.expose_secret().to_vec())
}

fn block(cipher: BlockCipher, mode: BlockMode, padding: BlockPadding, iv: &[u8]) -> Encryption<'_> {
    Encryption::Block { cipher, mode, padding, iv }
}
