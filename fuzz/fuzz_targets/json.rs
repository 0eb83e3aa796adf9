//! Text as a JSON message, and as a file of messages.

#![no_main]

use kmip_codec::limits::Limits;
use kmip_codec::wire::Strictness;
use kmip_codec::wire::json::messages;
use kmip_fuzz::messages::{check, check_json, check_xml, from_json};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = messages(text, &Limits::DEFAULT);
    let _ = from_json(text, Strictness::Lenient);
    if let Ok(message) = from_json(text, Strictness::Strict) {
        check(&message);
        check_json(&message);
        check_xml(&message);
    }
});
