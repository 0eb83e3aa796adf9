//! Bytes as a PKCS #12 container.

#![no_main]

use kmip_fuzz::containers::{HEADER, check};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| check(bytes));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    kmip_fuzz::der_tree::mutate(data, size, max_size, seed, HEADER, libfuzzer_sys::fuzzer_mutate)
});
