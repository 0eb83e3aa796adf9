//! Cryptographic Parameters of any kind.

use kmip_codec::attribute::values::CryptographicParameters;
use kmip_codec::registry::*;
use kmip_codec::value::ByteString;

use crate::input::Input;

/// Known values are near zero; one byte stands for a value that no version has, and one for an extension.
fn value(input: &mut Input<'_>) -> u32 {
    match input.byte() {
        0xFE => 0x7FFF_FFFF,
        0xFF => 0x8000_0001,
        small => u32::from(small),
    }
}

/// Lengths are small, or anything.
fn number(input: &mut Input<'_>) -> i32 {
    match input.byte() {
        small @ 0..=0xEF => i32::from(small),
        0xF0..=0xF7 => 8 * i32::from(input.byte()),
        _ => input.number(),
    }
}

/// Reads parameters: three bytes say which are there, then each follows.
pub fn read(input: &mut Input<'_>) -> CryptographicParameters {
    let present = u32::from_be_bytes([0, input.byte(), input.byte(), input.byte()]);
    let has = |bit: u32| present >> bit & 1 == 1;
    CryptographicParameters {
        block_cipher_mode: has(0).then(|| BlockCipherMode(value(input))),
        padding_method: has(1).then(|| PaddingMethod(value(input))),
        hashing_algorithm: has(2).then(|| HashingAlgorithm(value(input))),
        key_role_type: has(3).then(|| KeyRoleType(value(input))),
        digital_signature_algorithm: has(4).then(|| DigitalSignatureAlgorithm(value(input))),
        cryptographic_algorithm: has(5).then(|| CryptographicAlgorithm(value(input))),
        random_iv: has(6).then(|| input.flag()),
        iv_length: has(7).then(|| number(input)),
        tag_length: has(8).then(|| number(input)),
        fixed_field_length: has(9).then(|| number(input)),
        invocation_field_length: has(10).then(|| number(input)),
        counter_length: has(11).then(|| number(input)),
        initial_counter_value: has(12).then(|| number(input)),
        salt_length: has(13).then(|| number(input)),
        mask_generator: has(14).then(|| MaskGenerator(value(input))),
        mask_generator_hashing_algorithm: has(15).then(|| HashingAlgorithm(value(input))),
        p_source: has(16).then(|| ByteString::new(input.bytes())),
        trailer_field: has(17).then(|| number(input)),
    }
}

/// The same as an optional field of a request.
pub fn optional(input: &mut Input<'_>) -> Option<Box<CryptographicParameters>> {
    Some(Box::new(read(input))).filter(|parameters| **parameters != CryptographicParameters::default())
}
