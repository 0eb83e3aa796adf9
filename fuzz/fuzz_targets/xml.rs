//! Text as an XML message, and as a document of messages.

#![no_main]

use kmip_codec::wire::Strictness;
use kmip_codec::wire::xml::messages;
use kmip_fuzz::messages::{check, check_json, check_xml, from_xml};

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = messages(text);
    let _ = from_xml(text, Strictness::Lenient);
    if let Ok(message) = from_xml(text, Strictness::Strict) {
        check(&message);
        check_json(&message);
        check_xml(&message);
    }
});
