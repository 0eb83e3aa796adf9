//! Bytes as an X.509 certificate.

#![no_main]

libfuzzer_sys::fuzz_target!(|der: &[u8]| kmip_fuzz::certificates::check(der));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    kmip_fuzz::der_tree::mutate(data, size, max_size, seed, 0, libfuzzer_sys::fuzzer_mutate)
});
