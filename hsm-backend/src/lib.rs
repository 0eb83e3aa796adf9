//! Key vaults: key material made, sealed, opened and used in software or in a PKCS#11 device.
//!
//! | module | what it defines |
//! |---|---|
//! | [`keystore`] | the root key on disk, under a passphrase or (development) in a plain file |
//! | [`software`] | the vault whose root key lives in this process |
//! | [`pkcs11`] | the vault whose root key never leaves a PKCS#11 token |
//! | [`pkcs12`] | private keys in PKCS #12 files |
//! | [`rotating`] | the vault whose root key is replaced while it works |
//! | [`record_seal`] | the seal of stored records and the blinding of names in storage keys |
//! | [`passwords`] | hashes of the passwords of KMIP users |
//! | `crypto` | the clients' cryptography: the algorithm table and what stands behind it; unsafe in one file, a binding |
//! | [`protected`] | memory that is not swapped or dumped; unsafe |
//!
//! The hierarchy is root key > scope key > object key. `envelope` is its one construction, `scope_keys` its middle level.
//!
//! **Invariant:** every random byte comes from [`random`] or from the device's generator, through `rand_core`; only the
//! numbers inside RSA and elliptic-curve pairs are drawn by the library that makes them.
//! **Invariant:** nothing here prints key bytes; no error carries bytes of a blob.

#![deny(unsafe_code)]

mod crypto;
mod drawn_pair;
mod envelope;
mod hierarchy;
mod key_pair;
mod key_wrap;
pub mod keystore;
pub mod passwords;
pub mod pkcs11;
pub mod pkcs12;
pub mod protected;
mod public_key;
pub mod random;
pub mod record_seal;
mod roots;
pub mod rotating;
mod scope_keys;
pub mod software;
mod symmetric;
