//! The examples of the TTLV encoding (KMIP 1.4 §9.1.2), byte for byte, both ways; and a whole message.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::error::Problem;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestMessage, decode_request, encode, encode_json, encode_xml, print};
use kmip_codec::object::EncryptionKeyInformation;
use kmip_codec::registry::{ItemType, Tag};
use kmip_codec::value::{ByteString, Value};
use kmip_codec::version::{V1_4, V2_1, V3_0};
use kmip_codec::wire::ttlv::TtlvReader;
use kmip_codec::wire::xml::Layout;
use kmip_codec::wire::xml::text::hex;
use kmip_codec::wire::{Source, Strictness};

fn bytes(text: &str) -> Vec<u8> {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    hex(&digits).unwrap().to_vec()
}

fn example(value: ItemValue, text: &str) {
    let tag = Tag::new(0x42_0020);
    let golden = bytes(text);
    assert_eq!(encode(tag, &value, V1_4).as_slice(), golden, "{value:?}");
    let mut reader = TtlvReader::new(&golden, Limits::DEFAULT, Strictness::Strict);
    assert_eq!(reader.next(), Ok(tag));
    assert_eq!(ItemValue::take(&mut reader), Ok(value));
    assert_eq!(reader.finish(), Ok(()));
}

#[test]
fn examples_of_the_specification() {
    example(ItemValue::Integer(8), "42 00 20 | 02 | 00 00 00 04 | 00 00 00 08 00 00 00 00");
    example(ItemValue::LongInteger(123_456_789_000_000_000), "42 00 20 | 03 | 00 00 00 08 | 01 B6 9B 4B A5 74 92 00");
    example(
        ItemValue::BigInteger(ByteString::new(&1_234_567_890_000_000_000_000_000_000_i128.to_be_bytes())),
        "42 00 20 | 04 | 00 00 00 10 | 00 00 00 00 03 FD 35 EB 6B C2 DF 46 18 08 00 00",
    );
    example(ItemValue::Enumeration(255), "42 00 20 | 05 | 00 00 00 04 | 00 00 00 FF 00 00 00 00");
    example(ItemValue::Boolean(true), "42 00 20 | 06 | 00 00 00 08 | 00 00 00 00 00 00 00 01");
    example(
        ItemValue::Text("Hello World".into()),
        "42 00 20 | 07 | 00 00 00 0B | 48 65 6C 6C 6F 20 57 6F 72 6C 64 00 00 00 00 00",
    );
    example(ItemValue::Bytes(ByteString::new(&[1, 2, 3])), "42 00 20 | 08 | 00 00 00 03 | 01 02 03 00 00 00 00 00");
    example(ItemValue::DateTime(0x47DA_67F8), "42 00 20 | 09 | 00 00 00 08 | 00 00 00 00 47 DA 67 F8");
    example(ItemValue::Interval(864_000), "42 00 20 | 0A | 00 00 00 04 | 00 0D 2F 00 00 00 00 00");
    let items = vec![
        Item { tag: Tag::new(0x42_0004), value: ItemValue::Enumeration(254) },
        Item { tag: Tag::new(0x42_0005), value: ItemValue::Integer(255) },
    ];
    example(
        ItemValue::Structure(items),
        "42 00 20 | 01 | 00 00 00 20 | 42 00 04 | 05 | 00 00 00 04 | 00 00 00 FE 00 00 00 00 \
         | 42 00 05 | 02 | 00 00 00 04 | 00 00 00 FF 00 00 00 00",
    );
}

/// The wrapping key is named by a Text String, and from 3.0 by a Reference (0D): an Identifier (0C) is no link.
#[test]
fn a_wrapping_key_is_referred_to() {
    let unique_identifier = UniqueIdentifier::text("key");
    let information = EncryptionKeyInformation { unique_identifier, cryptographic_parameters: None };
    let written = |kind: &str| {
        bytes(&format!("42 00 36 | 01 | 00 00 00 10 | 42 00 94 | {kind} | 00 00 00 03 | 6B 65 79 00 00 00 00 00"))
    };
    let encoded = |version| encode(Tag::EncryptionKeyInformation, &information, version).to_vec();
    assert_eq!(encoded(V2_1), written("07"));
    assert_eq!(encoded(V3_0), written("0D"));
    let read = |kind, strictness| {
        let message = written(kind);
        let mut reader = TtlvReader::new(&message, Limits::DEFAULT, strictness);
        reader.set_version(V3_0);
        assert_eq!(reader.next(), Ok(Tag::EncryptionKeyInformation));
        EncryptionKeyInformation::take(&mut reader).map(|information| information.unique_identifier)
    };
    let reference = || UniqueIdentifier::Reference("key".into());
    assert_eq!(read("0D", Strictness::Strict), Ok(reference()));
    assert_eq!(read("0C", Strictness::Lenient), Ok(reference()));
    let refused = read("0C", Strictness::Strict).unwrap_err();
    let wrong = Problem::WrongType { expected: ItemType::Reference, found: ItemType::Identifier };
    assert_eq!((refused.problem, refused.tag), (wrong, Tag::UniqueIdentifier));
}

/// The date of the example is a Friday in March 2008.
#[test]
fn the_date_of_the_example() {
    assert_eq!(kmip_codec::wire::xml::text::date_time("2008-03-14T11:56:40+00:00"), Ok(0x47DA_67F8));
}

/// A Get request of 1.4 and its three forms.
const GET: &str = "
    42007801 00000090
      42007701 00000038
        42006901 00000020  42006A02 00000004 00000001 00000000  42006B02 00000004 00000004 00000000
        42000D02 00000004 00000001 00000000
      42000F01 00000048
        42005C05 00000004 0000000A 00000000
        42009308 00000001 0100000000000000
        42007901 00000020
          42009407 00000004 6B2D3C31 00000000
          42004205 00000004 00000001 00000000";

#[test]
fn a_message_in_four_forms() {
    let golden = bytes(GET);
    let decoded = decode_request(&golden, &Limits::DEFAULT, Strictness::Strict).unwrap();
    let batch_item = decoded.items.into_iter().map(|item| item.unwrap()).collect();
    let message = RequestMessage { request_header: decoded.header, batch_item };
    assert_eq!(encode(Tag::RequestMessage, &message, V1_4).as_slice(), golden);
    assert_eq!(
        *encode_xml(Tag::RequestMessage, &message, V1_4, Layout::Pretty),
        r#"<RequestMessage>
  <RequestHeader>
    <ProtocolVersion>
      <ProtocolVersionMajor type="Integer" value="1"/>
      <ProtocolVersionMinor type="Integer" value="4"/>
    </ProtocolVersion>
    <BatchCount type="Integer" value="1"/>
  </RequestHeader>
  <BatchItem>
    <Operation type="Enumeration" value="Get"/>
    <UniqueBatchItemID type="ByteString" value="01"/>
    <RequestPayload>
      <UniqueIdentifier type="TextString" value="k-&lt;1"/>
      <KeyFormatType type="Enumeration" value="Raw"/>
    </RequestPayload>
  </BatchItem>
</RequestMessage>
"#
    );
    assert_eq!(
        *encode_json(Tag::RequestMessage, &message, V1_4, Layout::Pretty),
        r#"{"tag":"RequestMessage", "value":[
  {"tag":"RequestHeader", "value":[
    {"tag":"ProtocolVersion", "value":[
      {"tag":"ProtocolVersionMajor", "type":"Integer", "value":"0x00000001"},
      {"tag":"ProtocolVersionMinor", "type":"Integer", "value":"0x00000004"}
    ]},
    {"tag":"BatchCount", "type":"Integer", "value":"0x00000001"}
  ]},
  {"tag":"BatchItem", "value":[
    {"tag":"Operation", "type":"Enumeration", "value":"Get"},
    {"tag":"UniqueBatchItemID", "type":"ByteString", "value":"01"},
    {"tag":"RequestPayload", "value":[
      {"tag":"UniqueIdentifier", "type":"TextString", "value":"k-<1"},
      {"tag":"KeyFormatType", "type":"Enumeration", "value":"Raw"}
    ]}
  ]}
]}"#
    );
    assert_eq!(
        print(Tag::RequestMessage, &message, V1_4, 1_000),
        "RequestMessage{RequestHeader{ProtocolVersion{ProtocolVersionMajor=1 ProtocolVersionMinor=4} BatchCount=1} \
         BatchItem{Operation=Get UniqueBatchItemID=01 RequestPayload{UniqueIdentifier=\"k-<1\" KeyFormatType=Raw}}}"
    );
}
