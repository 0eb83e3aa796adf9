//! The JSON encoding: the published messages character for character, what is malformed, and text that was changed.

mod support;

use kmip_codec::error::Problem;
use kmip_codec::limits::Limits;
use kmip_codec::message::{
    RequestMessage, ResponseMessage, decode_request_json, decode_response_json, encode, encode_json,
};
use kmip_codec::registry::Tag;
use kmip_codec::value::Value;
use kmip_codec::version::Version;
use kmip_codec::wire::json::{JsonReader, messages};
use kmip_codec::wire::xml::Layout;
use kmip_codec::wire::xml::text::hex;
use kmip_codec::wire::{Source, Strictness};
use proptest::prelude::*;

const LIMITS: Limits = Limits::DEFAULT;

/// A published message in both encodings.
struct Listing {
    ttlv: Vec<u8>,
    json: String,
}

/// The messages of KMIP Additional Message Encodings 1.0 §5: lines of hexadecimal digits, then the same in JSON.
fn listings() -> Option<Vec<Listing>> {
    let folder = support::reference("spec/addtl-msg-enc-1.0")?;
    let text = std::fs::read_to_string(folder.join("05-json-profile-test-cases.md")).unwrap();
    let (mut found, mut digits, mut json): (Vec<Listing>, String, String) = Default::default();
    for line in text.lines().map(str::trim) {
        if line.starts_with('{') || (!json.is_empty() && line.starts_with(']')) {
            json.push_str(line);
            continue;
        }
        if !json.is_empty() {
            found.push(Listing { ttlv: hex(&digits).unwrap().to_vec(), json: closed(&json) });
            (digits, json) = Default::default();
        }
        let is_digits = !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_digits { digits.push_str(line) } else { digits.clear() }
    }
    Some(found)
}

/// Without spaces between properties; the first listing lacks its last brace.
fn closed(json: &str) -> String {
    let json = json.replace(r#"", ""#, r#"",""#);
    if json.ends_with('}') { json } else { json + "}" }
}

fn same<T: Value>(listing: &Listing, tag: Tag, version: impl Fn(&T) -> Version) {
    let mut reader = JsonReader::new(&listing.json, LIMITS, Strictness::Strict).unwrap();
    assert_eq!(reader.next(), Ok(tag));
    let message = T::take(&mut reader).unwrap();
    let version = version(&message);
    assert_eq!(encode(tag, &message, version).as_slice(), listing.ttlv);
    // Ours writes UTC as Z.
    let written = encode_json(tag, &message, version, Layout::Compact);
    assert_eq!(written.replace("Z\"}", "+00:00\"}"), listing.json);
}

#[test]
fn published_messages_are_read_and_written() {
    let Some(listings) = listings() else { return };
    assert_eq!(listings.len(), 12);
    for listing in &listings {
        if listing.json.starts_with(r#"{"tag":"RequestMessage""#) {
            same::<RequestMessage>(listing, Tag::RequestMessage, |it| it.request_header.protocol_version.0);
        } else {
            same::<ResponseMessage>(listing, Tag::ResponseMessage, |it| it.response_header.protocol_version.0);
        }
    }
}

const JSON: &str = r#"{"tag":"RequestMessage", "value":[
  {"tag":"RequestHeader", "value":[
    {"tag":"ProtocolVersion", "value":[
      {"tag":"ProtocolVersionMajor", "type":"Integer", "value":2},
      {"tag":"ProtocolVersionMinor", "type":"Integer", "value":1}
    ]},
    {"tag":"MaximumResponseSize", "type":"Integer", "value":100}
  ]},
  {"tag":"BatchItem", "value":[{"tag":"Operation", "type":"Enumeration", "value":"Get"}, {"tag":"RequestPayload", "value":[{"tag":"UniqueIdentifier", "type":"TextString", "value":"a"}]}]},
  {"tag":"BatchItem", "value":[{"tag":"Operation", "type":"Enumeration", "value":"Destroy"}, {"tag":"UniqueBatchItemID", "type":"ByteString", "value":"07"}, {"tag":"RequestPayload", "value":[{"tag":"UniqueIdentifier", "type":"TextString", "value":"b"}]}]}
]}"#;
const SIZE: &str = r#"{"tag":"MaximumResponseSize", "type":"Integer", "value":100}"#;

fn problem(from: &str, to: &str) -> Problem {
    assert!(JSON.contains(from), "{from}");
    let text = JSON.replacen(from, to, 1);
    let decoded = decode_request_json(&text, &LIMITS, Strictness::Strict);
    decoded.expect_err(to).error.problem
}

fn accepted(from: &str, to: &str) {
    assert!(JSON.contains(from), "{from}");
    let text = JSON.replacen(from, to, 1);
    let decoded = decode_request_json(&text, &LIMITS, Strictness::Strict);
    let items = decoded.unwrap_or_else(|error| panic!("{to}: {}", error.error)).items;
    assert!(items.iter().all(Result::is_ok), "{to}");
}

#[test]
fn well_formed_variants_are_accepted() {
    accepted(SIZE, SIZE);
    accepted(SIZE, r#"{"value":100,"type":"Integer","name":"any","tag":"MaximumResponseSize"}"#);
    accepted(SIZE, r#"{"tag":"0x420050","type":"Integer","value":"0x00000064"}"#);
    accepted(SIZE, r#"{"\u0074ag":"Maximum\u0052esponseSize","type":"Integer","value":100}"#);
    accepted(r#"{"tag":"RequestHeader", "value""#, r#"{"tag":"RequestHeader","type":"Structure","value""#);
    accepted(r#""value":"a""#, r#""value":"\"\\\/\b\f\n\r\t\u00e4\uD83D\uDD11""#);
    accepted(r#""value":"a""#, r#""value":"$ä🔑""#);
    accepted(r#"{"tag":"RequestMessage""#, "\u{FEFF}\r\n\t {\"tag\":\"RequestMessage\"");
    for empty in [r#""value":[]"#, r#""value":null"#, r#""type":"Structure""#] {
        let payload = r#""value":[{"tag":"UniqueIdentifier", "type":"TextString", "value":"a"}]"#;
        accepted(payload, empty);
    }
}

#[test]
fn malformed_text_is_refused() {
    let syntax = [
        (SIZE, r#"{"type":"Integer","value":100}"#),
        (SIZE, r#"{"tag":"MaximumResponseSize","type":"Integer"}"#),
        (SIZE, r#"{"tag":"MaximumResponseSize","type":"Integer","value":null}"#),
        (SIZE, r#"{"tag":"MaximumResponseSize","tag":"MaximumResponseSize","type":"Integer","value":1}"#),
        (SIZE, r#"{"tag":"MaximumResponseSize","type":"Integer","value":1,"value":1}"#),
        (SIZE, r#"{"tag":"MaximumResponseSize","type":"Integer","value":1,"other":1}"#),
        (SIZE, r#"{"tag":"MaximumResponseSize","type":"Integer","value":[{"tag":"State"}]}"#),
        (SIZE, r#"{"tag":"MaximumResponseSize","value":100}"#),
        (SIZE, r#"{"tag":"MaximumResponseSize","type":"Integer","value":{}}"#),
        (SIZE, r#"{"tag":1,"type":"Integer","value":100}"#),
        (SIZE, "5"),
        (SIZE, "[]"),
        (r#""value":100"#, r#""value":0100"#),
        (r#""value":100"#, r#""value":-"#),
        (r#""value":100"#, r#""value":True"#),
        (r#""value":100"#, r#""value":'100'"#),
        (r#""value":100"#, r#""value":100,"#),
        (r#""value":"a""#, r#""value":"\x""#),
        (r#""value":"a""#, r#""value":"\uD83D""#),
        (r#""value":"a""#, r#""value":"\uD83D\u0041""#),
        (r#""value":"a""#, r#""value":"\uDD11""#),
        (r#""value":"a""#, r#""value":"\u12""#),
        (r#""value":"a""#, r#""value":"\u+123""#),
        (r#""value":"a""#, "\"value\":\"\n\""),
        (r#"]},"#, "]}"),
        (r#""tag":"RequestMessage""#, r#"tag:"RequestMessage""#),
    ];
    for (from, to) in syntax {
        let found = problem(from, to);
        assert!(matches!(found, Problem::Syntax(_)), "{to}: {found:?}");
    }
    let end = JSON.len() - 2;
    let cut = decode_request_json(&JSON[..end], &LIMITS, Strictness::Strict).unwrap_err();
    assert_eq!(cut.error.problem, Problem::Truncated);
    let more = decode_request_json(&format!("{JSON} {JSON}"), &LIMITS, Strictness::Strict).unwrap_err();
    assert_eq!(more.error.problem, Problem::TrailingBytes);
    assert_eq!(problem(SIZE, r#"{"tag":"NoSuchField"}"#), Problem::BadTag);
}

#[test]
fn values_fit_their_types() {
    for value in ["1e2", "100.0", "2147483648", r#""100""#, "true", r#""0x1ffffffff""#] {
        let found = problem(r#""value":100"#, &format!(r#""value":{value}"#));
        assert!(matches!(found, Problem::BadValue(_)), "{value}: {found:?}");
    }
    for kind in ["Interval", "Number", "integer"] {
        let found = problem(r#""Integer", "value":100"#, &format!(r#""{kind}", "value":100"#));
        assert!(matches!(found, Problem::WrongType { .. }), "{kind}: {found:?}");
    }
}

#[test]
fn every_truncation_is_refused() {
    for end in (0..JSON.len()).filter(|end| JSON.is_char_boundary(*end)) {
        assert!(decode_request_json(&JSON[..end], &LIMITS, Strictness::Lenient).is_err(), "{end}");
    }
}

#[test]
fn a_malformed_item_fails_alone() {
    let identifier = r#"{"tag":"UniqueIdentifier", "type":"TextString", "value":"b"}"#;
    for (other, expected, tag) in [
        (r#"{"tag":"State", "type":"Enumeration", "value":1}"#, Problem::Unexpected, Tag::State),
        (r#"{"tag":"Nonsense", "type":"Nonsense", "value":[{"tag":"State"}]}"#, Problem::BadTag, Tag::NONE),
        (
            r#"{"tag":"UniqueIdentifier", "type":"TextString", "value":5}"#,
            Problem::BadValue("a string"),
            Tag::UniqueIdentifier,
        ),
    ] {
        let text = JSON.replace(identifier, other);
        let decoded = decode_request_json(&text, &LIMITS, Strictness::Strict).unwrap();
        assert!(decoded.items[0].is_ok());
        let failed = decoded.items[1].as_ref().unwrap_err();
        assert_eq!((failed.error.problem, failed.error.tag), (expected, tag), "{other}");
        assert_eq!(failed.unique_batch_item_id.as_ref().map(|id| id.as_slice()), Some(&[7][..]));
    }
}

#[test]
fn limits_hold() {
    let refused = |text: &str, limits: Limits, what: &'static str| {
        let error = decode_request_json(text, &limits, Strictness::Strict).unwrap_err().error;
        assert_eq!(error.problem, Problem::Limit(what));
    };
    refused(JSON, Limits { message_bytes: JSON.len() / 4 - 1, ..LIMITS }, "message size");
    refused(JSON, Limits { items: 10, ..LIMITS }, "number of items");
    refused(JSON, Limits { batch_items: 1, ..LIMITS }, "number of batch items");
    refused(&r#"{"value":["#.repeat(100_000), LIMITS, "nesting depth");
    refused(
        &r#"{"tag":"Attributes","value":["#.repeat(100_000),
        Limits { depth: 1_000_000, ..LIMITS },
        "nesting depth",
    );
    let error = decode_request_json(&"[".repeat(100_000), &LIMITS, Strictness::Strict).unwrap_err();
    assert!(matches!(error.error.problem, Problem::Syntax(_)));
}

#[test]
fn files_hold_messages() {
    let response = r#"{"tag":"ResponseMessage","value":[]}"#;
    for document in [format!("{JSON}\n\n{response}"), format!("[{JSON},\n{response}]\n")] {
        let found = messages(&document, &LIMITS).unwrap();
        let tags: Vec<Tag> = found.iter().map(|message| message.tag).collect();
        assert_eq!(tags, [Tag::RequestMessage, Tag::ResponseMessage]);
        assert_eq!((found[0].text, found[1].text), (JSON, response));
    }
    assert_eq!(messages("", &LIMITS), Ok(Vec::new()));
    assert!(messages(r#"{"tag":"State"}"#, &LIMITS).is_err());
    assert!(messages(&JSON[1..], &LIMITS).is_err());
    assert!(messages(&JSON[..JSON.len() - 1], &LIMITS).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn changed_text_never_panics(edits in proptest::collection::vec((any::<prop::sample::Index>(), r#"[{}\[\]:,"\\u0e. -]{0,3}"#), 1..6)) {
        let mut text = JSON.to_owned();
        for (at, piece) in edits {
            let at = at.index(text.len());
            text.replace_range(at..at + 1, &piece);
        }
        let _ = messages(&text, &LIMITS);
        let _ = decode_request_json(&text, &LIMITS, Strictness::Lenient);
        let _ = decode_response_json(&text, &LIMITS, Strictness::Strict);
    }

    /// Any text comes back, control characters included.
    #[test]
    fn texts_come_back(value in any::<String>()) {
        use kmip_codec::inline::Text;
        let written = encode_json(Tag::ResultMessage, &Text::new(&value), kmip_codec::version::V2_1, Layout::Compact);
        let mut reader = JsonReader::new(&written, LIMITS, Strictness::Strict).unwrap();
        prop_assert_eq!(reader.next(), Ok(Tag::ResultMessage));
        prop_assert_eq!(reader.text(), Ok(value.as_str()));
    }
}
