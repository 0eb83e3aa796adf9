//! Cryptographic operations with any parameters.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kmip_fuzz::cryptography::check(bytes));
