//! Bytes as a TTLV message.

#![no_main]

use kmip_codec::limits::Limits;
use kmip_codec::message::decode_request;
use kmip_codec::wire::Strictness;
use kmip_fuzz::messages::{check, check_json, check_xml, from_ttlv};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = decode_request(bytes, &Limits::DEFAULT, Strictness::Lenient);
    let _ = from_ttlv(bytes, Strictness::Lenient);
    if let Ok(message) = from_ttlv(bytes, Strictness::Strict) {
        check(&message);
        check_json(&message);
        check_xml(&message);
    }
});
