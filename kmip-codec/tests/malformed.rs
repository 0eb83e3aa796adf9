//! Malformed messages: each is refused with the field's name, a malformed batch item fails alone, and nothing panics.

use kmip_codec::error::{DecodeError, Problem};
use kmip_codec::item::ItemValue;
use kmip_codec::limits::Limits;
use kmip_codec::message::{
    DecodedRequest, MessageError, decode_request, decode_request_xml, decode_response, decode_response_xml,
};
use kmip_codec::registry::{ItemType, Operation, Tag};
use kmip_codec::value::{ByteString, Value};
use kmip_codec::wire::Source;
use kmip_codec::wire::Strictness::{self, Lenient, Strict};
use kmip_codec::wire::ttlv::{Frame, frame};
use kmip_codec::wire::xml::{XmlReader, messages};
use proptest::prelude::*;

const INTEGER: u8 = 2;
const ENUMERATION: u8 = 5;
const BOOLEAN: u8 = 6;
const TEXT: u8 = 7;
const BYTES: u8 = 8;
const INTERVAL: u8 = 10;

/// One item with whatever type, declared length and body.
fn raw(tag: Tag, kind: u8, length: usize, body: &[u8]) -> Vec<u8> {
    let mut item = tag.value().to_be_bytes()[1..].to_vec();
    item.push(kind);
    item.extend(u32::try_from(length).unwrap().to_be_bytes());
    item.extend(body);
    item
}

fn item(tag: Tag, kind: u8, value: &[u8]) -> Vec<u8> {
    let mut body = value.to_vec();
    body.resize(value.len().next_multiple_of(8), 0);
    raw(tag, kind, value.len(), &body)
}

fn word(tag: Tag, kind: u8, value: u32) -> Vec<u8> {
    item(tag, kind, &value.to_be_bytes())
}

fn structure(tag: Tag, items: &[Vec<u8>]) -> Vec<u8> {
    let body = items.concat();
    raw(tag, 1, body.len(), &body)
}

fn version(major: u32, minor: u32) -> Vec<u8> {
    let parts = [word(Tag::ProtocolVersionMajor, INTEGER, major), word(Tag::ProtocolVersionMinor, INTEGER, minor)];
    structure(Tag::ProtocolVersion, &parts)
}

fn header(extra: &[Vec<u8>]) -> Vec<u8> {
    let mut fields = vec![version(2, 1)];
    fields.extend_from_slice(extra);
    structure(Tag::RequestHeader, &fields)
}

fn request(header: Vec<u8>, items: &[Vec<u8>]) -> Vec<u8> {
    let mut parts = vec![header];
    parts.extend_from_slice(items);
    structure(Tag::RequestMessage, &parts)
}

fn batch_item(operation: Operation, id: u8, payload: &[Vec<u8>]) -> Vec<u8> {
    let payload = structure(Tag::RequestPayload, payload);
    structure(
        Tag::BatchItem,
        &[word(Tag::Operation, ENUMERATION, operation.0), item(Tag::UniqueBatchItemID, BYTES, &[id]), payload],
    )
}

fn get(id: u8) -> Vec<u8> {
    batch_item(Operation::Get, id, &[item(Tag::UniqueIdentifier, TEXT, b"key-1")])
}

/// A request with every kind of item in its header and payload.
fn rich() -> Vec<u8> {
    let header = header(&[
        word(Tag::MaximumResponseSize, INTEGER, 4096),
        item(Tag::ClientCorrelationValue, TEXT, b"client"),
        item(Tag::BatchOrderOption, BOOLEAN, &[0, 0, 0, 0, 0, 0, 0, 1]),
        item(Tag::TimeStamp, 9, &[0, 0, 0, 0, 71, 218, 103, 248]),
        word(Tag::BatchCount, INTEGER, 2),
    ]);
    let lease = item(Tag::LeaseTime, INTERVAL, &[0, 0, 14, 16]);
    let name = structure(Tag::Name, &[item(Tag::NameValue, TEXT, b"n1"), word(Tag::NameType, ENUMERATION, 1)]);
    let counter = item(Tag::CertifyCounter, 3, &[0; 8]);
    let identifier = structure(
        Tag::X_509CertificateIdentifier,
        &[item(Tag::IssuerDistinguishedName, BYTES, b"issuer"), item(Tag::CertificateSerialNumber, BYTES, &[1])],
    );
    let attributes = structure(Tag::Attributes, &[lease, name, counter, identifier]);
    let create = batch_item(Operation::Create, 1, &[word(Tag::ObjectType, ENUMERATION, 2), attributes]);
    request(header, &[create, get(2)])
}

/// Decodes wholly: the first error of the message or of an item.
fn whole(bytes: &[u8], strictness: Strictness) -> Result<(), DecodeError> {
    let decoded = decode_request(bytes, &Limits::DEFAULT, strictness).map_err(|failed| failed.error)?;
    decoded.items.into_iter().try_for_each(|item| item.map(drop).map_err(|failed| failed.error))
}

fn refused(bytes: &[u8], problem: Problem, tag: Tag) {
    let error = whole(bytes, Strict).expect_err("refused");
    assert_eq!((error.problem, error.tag), (problem, tag), "{error}");
    if tag != Tag::NONE {
        assert!(error.to_string().starts_with(&tag.to_string()), "{error}");
    }
}

fn in_header(field: Vec<u8>, problem: Problem, tag: Tag) {
    refused(&request(header(&[field]), &[get(1)]), problem, tag);
}

#[test]
fn the_rich_request_is_well_formed() {
    assert_eq!(whole(&rich(), Strict), Ok(()));
}

#[test]
fn padding_is_zero() {
    let padded = |kind, length, body| raw(Tag::MaximumResponseSize, kind, length, body);
    in_header(padded(INTEGER, 4, &[0, 0, 0, 1, 0, 0, 0, 9]), Problem::NonZeroPadding, Tag::MaximumResponseSize);
    let text = raw(Tag::ClientCorrelationValue, TEXT, 3, b"abc\0\0\0\0x");
    in_header(text, Problem::NonZeroPadding, Tag::ClientCorrelationValue);
    let id = raw(Tag::UniqueIdentifier, TEXT, 7, b"key-0001");
    let item = batch_item(Operation::Get, 1, &[id]);
    refused(&request(header(&[]), &[item]), Problem::NonZeroPadding, Tag::UniqueIdentifier);
}

#[test]
fn lengths_fit_their_types() {
    let eight = [0; 8];
    in_header(raw(Tag::MaximumResponseSize, INTEGER, 8, &eight), Problem::BadLength, Tag::MaximumResponseSize);
    in_header(raw(Tag::MaximumResponseSize, INTEGER, 0, &[]), Problem::BadLength, Tag::MaximumResponseSize);
    in_header(raw(Tag::BatchOrderOption, BOOLEAN, 4, &eight), Problem::BadLength, Tag::BatchOrderOption);
    in_header(raw(Tag::TimeStamp, 9, 4, &eight), Problem::BadLength, Tag::TimeStamp);
    in_header(raw(Tag::Authentication, 1, 4, &eight), Problem::BadLength, Tag::Authentication);
    in_header(raw(Tag::MaximumResponseSize, INTEGER, 4096, &eight), Problem::Overrun, Tag::MaximumResponseSize);
    let modulus = |length| {
        let numbers = [raw(Tag::Modulus, 4, length, &[0; 16]), raw(Tag::PublicExponent, 4, 8, &[0; 8])];
        let value = structure(Tag::KeyValue, &[structure(Tag::KeyMaterial, &numbers)]);
        let format = word(Tag::KeyFormatType, ENUMERATION, 11);
        let key = structure(Tag::PublicKey, &[structure(Tag::KeyBlock, &[format, value])]);
        let payload = [word(Tag::ObjectType, ENUMERATION, 3), structure(Tag::Attributes, &[]), key];
        request(header(&[]), &[batch_item(Operation::Register, 1, &payload)])
    };
    assert_eq!(whole(&modulus(16), Strict), Ok(()));
    refused(&modulus(12), Problem::BadLength, Tag::Modulus);
}

#[test]
fn values_fit_their_types() {
    let two = item(Tag::BatchOrderOption, BOOLEAN, &[0, 0, 0, 0, 0, 0, 0, 2]);
    in_header(two, Problem::BadValue("0 or 1"), Tag::BatchOrderOption);
    let text = item(Tag::ClientCorrelationValue, TEXT, &[0xFF]);
    in_header(text, Problem::BadValue("UTF-8 text"), Tag::ClientCorrelationValue);
}

#[test]
fn nothing_follows_the_message() {
    let mut bytes = rich();
    bytes.extend([0; 8]);
    refused(&bytes, Problem::TrailingBytes, Tag::NONE);
    bytes.pop();
    refused(&bytes, Problem::TrailingBytes, Tag::NONE);
}

#[test]
fn fields_stand_once_and_in_order() {
    let size = word(Tag::MaximumResponseSize, INTEGER, 1);
    let count = word(Tag::BatchCount, INTEGER, 1);
    let twice = request(header(&[size.clone(), size.clone(), count.clone()]), &[get(1)]);
    refused(&twice, Problem::Duplicate, Tag::MaximumResponseSize);
    let swapped = request(header(&[count, size]), &[get(1)]);
    refused(&swapped, Problem::Misplaced, Tag::MaximumResponseSize);
    let no_version = structure(Tag::RequestHeader, &[word(Tag::BatchCount, INTEGER, 1), version(2, 1)]);
    refused(&request(no_version, &[get(1)]), Problem::Missing, Tag::ProtocolVersion);
    in_header(word(Tag::State, ENUMERATION, 1), Problem::Unexpected, Tag::State);
    let id = item(Tag::UniqueIdentifier, TEXT, b"a");
    let get = batch_item(Operation::Get, 1, &[id.clone(), id]);
    refused(&request(header(&[]), &[get]), Problem::Duplicate, Tag::UniqueIdentifier);
    let no_object = batch_item(Operation::Create, 1, &[]);
    refused(&request(header(&[]), &[no_object]), Problem::Missing, Tag::ObjectType);
}

/// What cannot be read of an item does not hide that the message is to be rejected (KMIP 2.1 §9.13).
#[test]
fn a_critical_extension_of_a_malformed_item_is_told() {
    for critical in [0, 1] {
        let vendor = item(Tag::VendorIdentification, TEXT, b"acme");
        let indicator = item(Tag::CriticalityIndicator, BOOLEAN, &u64::to_be_bytes(critical));
        let parts = [
            word(Tag::Operation, ENUMERATION, Operation::Get.0),
            structure(Tag::RequestPayload, &[word(Tag::State, ENUMERATION, 1)]),
            structure(Tag::MessageExtension, &[vendor, indicator]),
        ];
        let bytes = request(header(&[]), &[structure(Tag::BatchItem, &parts)]);
        let decoded = decode_request(&bytes, &Limits::DEFAULT, Strict).expect("a request");
        let failed = decoded.items[0].as_ref().expect_err("a malformed item");
        assert_eq!((failed.operation, failed.is_critical), (Some(Operation::Get), critical == 1));
    }
}

/// Nobody but the vendor knows what the values of a vendor's enumeration are called; attributes are referred to by name.
#[test]
fn enumerations_of_vendors_have_numbers_only() {
    let read = |tag: &str, value: &str| {
        let text = format!("<{tag} type=\"Enumeration\" value=\"{value}\"/>");
        let mut reader = XmlReader::new(&text, Limits::DEFAULT, Strict)?;
        reader.next()?;
        ItemValue::take(&mut reader)
    };
    assert_eq!(read("AttributeValue", "0x00000003"), Ok(ItemValue::Enumeration(3)));
    assert!(read("AttributeValue", "SymmetricKey").is_err() && read("AttributeValue", "AES").is_err());
    assert_eq!(read("AttributeReference", "State"), Ok(ItemValue::Enumeration(Tag::State.value())));
}

/// One item of an operation, in a request of version 1.4 or 2.1.
fn alone(major: u32, operation: Operation, payload: &[Vec<u8>]) -> Vec<u8> {
    let minor = if major == 1 { 4 } else { 1 };
    let header = structure(Tag::RequestHeader, &[version(major, minor), word(Tag::BatchCount, INTEGER, 1)]);
    request(header, &[batch_item(operation, 1, payload)])
}

#[test]
fn required_lists_bags_and_objects_are_there() {
    refused(&alone(2, Operation::Query, &[]), Problem::Missing, Tag::QueryFunction);
    refused(&alone(1, Operation::AddAttribute, &[]), Problem::Missing, Tag::Attribute);
    refused(&alone(2, Operation::AddAttribute, &[]), Problem::Missing, Tag::NewAttribute);
    let key = word(Tag::ObjectType, ENUMERATION, 2);
    let template = structure(Tag::TemplateAttribute, &[]);
    refused(&alone(1, Operation::Register, &[key.clone(), template.clone()]), Problem::MissingChoice, Tag::NONE);
    let method = word(Tag::DerivationMethod, ENUMERATION, 1);
    let nothing = structure(Tag::DerivationParameters, &[]);
    let derive = [key.clone(), method.clone(), nothing.clone(), template.clone()];
    refused(&alone(1, Operation::DeriveKey, &derive), Problem::Missing, Tag::UniqueIdentifier);
    let id = item(Tag::UniqueIdentifier, TEXT, b"a");
    let derive = [key.clone(), id.clone(), method.clone(), nothing.clone()];
    refused(&alone(1, Operation::DeriveKey, &derive), Problem::Missing, Tag::TemplateAttribute);
    refused(&alone(2, Operation::DeriveKey, &derive), Problem::Missing, Tag::Attributes);
    let whole_derive = [key, id, method, nothing, template];
    assert_eq!(whole(&alone(1, Operation::DeriveKey, &whole_derive), Strict), Ok(()));
}

#[test]
fn notify_of_1_x_has_no_attribute_name() {
    let id = item(Tag::UniqueIdentifier, TEXT, b"a");
    let name = item(Tag::AttributeName, TEXT, b"State");
    refused(&alone(1, Operation::Notify, &[id.clone(), name.clone()]), Problem::OtherVersion, Tag::AttributeName);
    let deleted = structure(Tag::Attribute, &[name]);
    assert_eq!(whole(&alone(1, Operation::Notify, &[id, deleted]), Strict), Ok(()));
}

#[test]
fn fields_of_attributes_stand_once_and_in_order() {
    let name = item(Tag::AttributeName, TEXT, b"x-a");
    let (index, value) = (word(Tag::AttributeIndex, INTEGER, 0), word(Tag::AttributeValue, INTEGER, 1));
    let check = |major, fields: &[&Vec<u8>], problem, tag| {
        let fields: Vec<_> = fields.iter().copied().cloned().collect();
        let attribute = structure(Tag::Attribute, &fields);
        let carrier = if major == 1 { attribute } else { structure(Tag::NewAttribute, &[attribute]) };
        refused(&alone(major, Operation::AddAttribute, &[carrier]), problem, tag);
    };
    check(1, &[&name, &value, &index], Problem::Misplaced, Tag::AttributeIndex);
    check(1, &[&name, &index, &value, &index], Problem::Duplicate, Tag::AttributeIndex);
    check(1, &[&name, &name, &value], Problem::Duplicate, Tag::AttributeName);
    check(1, &[&name, &value, &word(Tag::State, ENUMERATION, 1)], Problem::Unexpected, Tag::State);
    let vendor = item(Tag::VendorIdentification, TEXT, b"x");
    check(2, &[&vendor, &name, &value, &name], Problem::Duplicate, Tag::AttributeName);
    check(2, &[&vendor, &name, &value, &index], Problem::Unexpected, Tag::AttributeIndex);

    let attribute = structure(Tag::Attribute, &[name.clone(), value]);
    let template = structure(Tag::Name, &[item(Tag::NameValue, TEXT, b"t"), word(Tag::NameType, ENUMERATION, 1)]);
    let late_name = structure(Tag::TemplateAttribute, &[attribute, template]);
    let create = alone(1, Operation::Create, &[word(Tag::ObjectType, ENUMERATION, 2), late_name]);
    refused(&create, Problem::Misplaced, Tag::Name);

    let id = item(Tag::UniqueIdentifier, TEXT, b"a");
    let twice = structure(Tag::AttributeReference, &[vendor.clone(), name, vendor]);
    refused(&alone(2, Operation::GetAttributes, &[id, twice]), Problem::Duplicate, Tag::VendorIdentification);
}

#[test]
fn fields_of_a_key_value_stand_once_and_in_order() {
    let material = item(Tag::KeyMaterial, BYTES, &[7; 16]);
    let attribute = structure(Tag::Attribute, &[item(Tag::AttributeName, TEXT, b"State")]);
    let check = |fields: &[&Vec<u8>], problem, tag| {
        let fields: Vec<_> = fields.iter().copied().cloned().collect();
        let format = word(Tag::KeyFormatType, ENUMERATION, 1);
        let block = structure(Tag::KeyBlock, &[format, structure(Tag::KeyValue, &fields)]);
        let key = [
            word(Tag::ObjectType, ENUMERATION, 2),
            structure(Tag::TemplateAttribute, &[]),
            structure(Tag::SymmetricKey, &[block]),
        ];
        refused(&alone(1, Operation::Register, &key), problem, tag);
    };
    check(&[&attribute, &material], Problem::Missing, Tag::KeyMaterial);
    check(&[&material, &attribute, &material], Problem::Duplicate, Tag::KeyMaterial);
    check(&[&material, &word(Tag::State, ENUMERATION, 1)], Problem::Unexpected, Tag::State);
    let later = structure(Tag::Attributes, &[]);
    check(&[&material, &later], Problem::OtherVersion, Tag::Attributes);
    check(&[&material, &attribute, &later], Problem::Duplicate, Tag::Attributes);
}

#[test]
fn tags_and_types_are_those_of_kmip() {
    in_header(word(Tag::new(0x43_0001), INTEGER, 1), Problem::BadTag, Tag::new(0x43_0001));
    let kind = raw(Tag::MaximumResponseSize, 15, 4, &[0; 8]);
    let wrong = Problem::WrongType { expected: ItemType::Integer, found: ItemType(15) };
    in_header(kind, wrong, Tag::MaximumResponseSize);
}

#[test]
fn fields_of_another_version_are_refused_or_counted() {
    let header = structure(Tag::RequestHeader, &[version(1, 0), item(Tag::ClientCorrelationValue, TEXT, b"c")]);
    let bytes = request(header, &[get(1)]);
    refused(&bytes, Problem::OtherVersion, Tag::ClientCorrelationValue);
    let lenient = decode_request(&bytes, &Limits::DEFAULT, Lenient).unwrap();
    assert_eq!(lenient.leniencies, 1);
    let template = structure(Tag::TemplateAttribute, &[]);
    let create = batch_item(Operation::Create, 1, &[word(Tag::ObjectType, ENUMERATION, 2), template]);
    let bytes = request(self::header(&[]), &[create]);
    refused(&bytes, Problem::OtherVersion, Tag::TemplateAttribute);
    let lenient = decode_request(&bytes, &Limits::DEFAULT, Lenient).unwrap();
    assert_eq!((lenient.leniencies, lenient.items[0].is_ok()), (1, true));
}

/// Offsets of the headers of all items.
fn headers(bytes: &[u8]) -> Vec<usize> {
    let (mut offsets, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        offsets.push(at);
        let length = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap()) as usize;
        at += 8 + if bytes[at + 3] == 1 { 0 } else { length.next_multiple_of(8) };
    }
    offsets
}

#[test]
fn every_item_has_its_type() {
    let bytes = rich();
    for at in headers(&bytes) {
        let tag = Tag::new(u32::from_be_bytes([0, bytes[at], bytes[at + 1], bytes[at + 2]]));
        for kind in (0..=16).filter(|kind| *kind != bytes[at + 3]) {
            let mut wrong = bytes.clone();
            wrong[at + 3] = kind;
            let error = whole(&wrong, Strict).expect_err("refused");
            assert_eq!(error.tag, tag, "type {kind} at {at}: {error}");
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = rich();
    for length in 0..bytes.len() {
        assert!(whole(&bytes[..length], Strict).is_err(), "{length} bytes");
        assert!(whole(&bytes[..length], Lenient).is_err(), "{length} bytes");
    }
    // The outermost length made right, so that the truncation shows further inside.
    for length in (8..bytes.len()).step_by(8) {
        let mut cut = bytes[..length].to_vec();
        cut[4..8].copy_from_slice(&u32::try_from(length - 8).unwrap().to_be_bytes());
        assert!(headers_end(&cut) || whole(&cut, Strict).is_err(), "{length} bytes");
    }
}

/// Whether the cut fell between two batch items, which leaves a well-formed message with the wrong batch count.
fn headers_end(cut: &[u8]) -> bool {
    decode_request(cut, &Limits::DEFAULT, Strict).is_ok_and(|request| request.items.len() < 2)
}

#[test]
fn lengths_that_lie_are_refused() {
    let bytes = rich();
    for at in headers(&bytes) {
        let honest = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().unwrap());
        for lie in [honest.wrapping_add(8), honest.wrapping_sub(8), u32::MAX, 1 << 31] {
            let mut wrong = bytes.clone();
            wrong[at + 4..at + 8].copy_from_slice(&lie.to_be_bytes());
            assert!(whole(&wrong, Strict).is_err(), "{lie} for {honest} at {at}");
        }
    }
}

#[test]
fn a_malformed_item_fails_alone() {
    let broken = batch_item(Operation::Destroy, 7, &[word(Tag::State, ENUMERATION, 1)]);
    let bytes = request(header(&[word(Tag::BatchCount, INTEGER, 3)]), &[get(1), broken, get(3)]);
    let decoded = decode_request(&bytes, &Limits::DEFAULT, Strict).unwrap();
    is_isolated(&decoded, Problem::Unexpected, Tag::State);
}

fn is_isolated(decoded: &DecodedRequest, problem: Problem, tag: Tag) {
    let [first, second, third] = decoded.items.as_slice() else { panic!("three items") };
    assert!(first.is_ok() && third.is_ok());
    let failed = second.as_ref().unwrap_err();
    assert_eq!(failed.operation, Some(Operation::Destroy));
    assert_eq!(failed.unique_batch_item_id, Some(ByteString::new(&[7])));
    assert_eq!((failed.error.problem, failed.error.tag), (problem, tag));
}

#[test]
fn limits_hold() {
    let limited = |limits: Limits, bytes: &[u8]| {
        let error = match decode_request(bytes, &limits, Strict) {
            Err(MessageError { error, .. }) => error,
            Ok(decoded) => decoded.items.into_iter().find_map(Result::err).expect("refused").error,
        };
        error.problem
    };
    let text = limited(Limits { text_bytes: 5, ..Limits::DEFAULT }, &rich());
    assert_eq!(text, Problem::Limit("text length"));
    let bytes = limited(Limits { byte_string_bytes: 5, ..Limits::DEFAULT }, &rich());
    assert_eq!(bytes, Problem::Limit("byte string length"));
    let batch = limited(Limits { batch_items: 1, ..Limits::DEFAULT }, &rich());
    assert_eq!(batch, Problem::Limit("number of batch items"));
    let count = limited(Limits { items: 20, ..Limits::DEFAULT }, &rich());
    assert_eq!(count, Problem::Limit("number of items"));
    let depth = limited(Limits { depth: 3, ..Limits::DEFAULT }, &rich());
    assert_eq!(depth, Problem::Limit("nesting depth"));
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    let mut payload = structure(Tag::new(0x54_0000), &[]);
    for _ in 0..20_000 {
        payload = structure(Tag::new(0x54_0000), &[payload]);
    }
    let item = batch_item(Operation(0x8000_0001), 1, &[payload]);
    let bytes = request(header(&[]), &[item]);
    refused_by_limit(&bytes, Limits::DEFAULT);
    // The reader has a bound of its own, whatever the limits say.
    refused_by_limit(&bytes, Limits { depth: usize::MAX, ..Limits::DEFAULT });
}

fn refused_by_limit(bytes: &[u8], limits: Limits) {
    let decoded = decode_request(bytes, &limits, Lenient).unwrap();
    let failed = decoded.items[0].as_ref().unwrap_err();
    assert_eq!(failed.error.problem, Problem::Limit("nesting depth"));
}

#[test]
fn frames_tell_their_length_first() {
    let bytes = rich();
    assert_eq!(frame(&bytes[..7], &Limits::DEFAULT), Ok(Frame::Incomplete));
    assert_eq!(frame(&bytes[..8], &Limits::DEFAULT), Ok(Frame::Message(bytes.len())));
    let small = Limits { message_bytes: bytes.len() - 1, ..Limits::DEFAULT };
    assert_eq!(frame(&bytes, &small).unwrap_err().problem, Problem::Limit("message size"));
    let mut wrong = bytes.clone();
    wrong[7] += 1;
    assert_eq!(frame(&wrong, &Limits::DEFAULT).unwrap_err().problem, Problem::BadLength);
    assert_eq!(frame(b"GET / HTTP/1.1\r\n", &Limits::DEFAULT).unwrap_err().problem, Problem::Unexpected);
}

const XML: &str = r#"<RequestMessage>
  <RequestHeader>
    <ProtocolVersion><ProtocolVersionMajor type="Integer" value="2"/><ProtocolVersionMinor type="Integer" value="1"/></ProtocolVersion>
    <MaximumResponseSize type="Integer" value="100"/>
  </RequestHeader>
  <BatchItem><Operation type="Enumeration" value="Get"/><RequestPayload><UniqueIdentifier type="TextString" value="a"/></RequestPayload></BatchItem>
  <BatchItem><Operation type="Enumeration" value="Destroy"/><UniqueBatchItemID type="ByteString" value="07"/><RequestPayload><UniqueIdentifier type="TextString" value="b"/></RequestPayload></BatchItem>
  <BatchItem><Operation type="Enumeration" value="Get"/><RequestPayload><UniqueIdentifier type="TextString" value="c"/></RequestPayload></BatchItem>
</RequestMessage>"#;

fn xml_problem(from: &str, to: &str) -> Problem {
    assert!(XML.contains(from), "{from}");
    let text = XML.replacen(from, to, 1);
    let decoded = decode_request_xml(&text, &Limits::DEFAULT, Strict);
    decoded.expect_err("refused").error.problem
}

#[test]
fn malformed_xml_is_refused() {
    assert!(decode_request_xml(XML, &Limits::DEFAULT, Strict).is_ok());
    let declared = format!("\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{XML}");
    assert!(decode_request_xml(&declared, &Limits::DEFAULT, Strict).is_ok());
    let size = r#"<MaximumResponseSize type="Integer" value="100"/>"#;
    let syntax = [
        ("<RequestMessage>", "<!DOCTYPE r [<!ENTITY e 'x'>]><RequestMessage>"),
        (r#"value="a""#, r#"value="&e;""#),
        (r#"value="a""#, r#"value="&#1;""#),
        (r#"value="a""#, r#"value="a" value="b""#),
        (r#"value="a""#, r#"value="a" other="b""#),
        (r#"value="a""#, "value=a"),
        ("<BatchItem>", "stray<BatchItem>"),
        ("<BatchItem>", "<![CDATA[x]]><BatchItem>"),
        ("<BatchItem>", r#"<BatchItem value="1">"#),
        ("<RequestMessage>", r#"<?xml version="1.0" encoding="ISO-8859-1"?><RequestMessage>"#),
        ("</RequestHeader>", "</Other>"),
        (size, r#"<MaximumResponseSize type="Integer"/>"#),
        (size, r#"<MaximumResponseSize type="Integer" value="1"><State/></MaximumResponseSize>"#),
    ];
    for (from, to) in syntax {
        let problem = xml_problem(from, to);
        assert!(matches!(problem, Problem::Syntax(_)), "{to}: {problem:?}");
    }
    assert_eq!(xml_problem("</RequestMessage>", ""), Problem::Truncated);
    assert_eq!(xml_problem("</RequestMessage>", "</RequestMessage><State/>"), Problem::TrailingBytes);
    assert_eq!(xml_problem(size, "<NoSuchField/>"), Problem::BadTag);
    assert!(matches!(xml_problem(r#""Integer" value="100""#, r#""Integer" value="1e2""#), Problem::BadValue(_)));
    assert!(matches!(xml_problem(r#""Integer" value="100""#, r#""Interval" value="100""#), Problem::WrongType { .. }));
    assert!(matches!(xml_problem(r#""Integer" value="100""#, r#""Number" value="100""#), Problem::WrongType { .. }));
    assert!(decode_request_xml("", &Limits::DEFAULT, Strict).is_err());
    let small = Limits { message_bytes: XML.len() / 4 - 1, ..Limits::DEFAULT };
    let error = decode_request_xml(XML, &small, Strict).unwrap_err().error;
    assert_eq!(error.problem, Problem::Limit("message size"));
}

#[test]
fn a_malformed_xml_item_fails_alone() {
    let number = XML.replace(
        r#"<UniqueIdentifier type="TextString" value="b"/>"#,
        r#"<State type="Enumeration" value="0x00000001"/>"#,
    );
    let decoded = decode_request_xml(&number, &Limits::DEFAULT, Strict).unwrap();
    is_isolated(&decoded, Problem::Unexpected, Tag::State);
    let unknown = XML.replace(r#"<UniqueIdentifier type="TextString" value="b"/>"#, "<Nonsense/>");
    let decoded = decode_request_xml(&unknown, &Limits::DEFAULT, Strict).unwrap();
    is_isolated(&decoded, Problem::BadTag, Tag::NONE);
}

#[test]
fn deep_xml_is_refused() {
    let text = "<Attributes>".repeat(100_000);
    let error = decode_request_xml(&text, &Limits::DEFAULT, Strict).unwrap_err().error;
    assert_eq!(error.problem, Problem::Limit("nesting depth"));
}

#[test]
fn documents_hold_messages() {
    let document = format!("<?xml version=\"1.0\"?>\n<KMIP>\n# TIME 0\n{XML}\n# TIME 1\n<ResponseMessage/></KMIP>");
    let found = messages(&document).unwrap();
    assert_eq!(
        found.iter().map(|message| message.tag).collect::<Vec<_>>(),
        [Tag::RequestMessage, Tag::ResponseMessage]
    );
    assert_eq!(found[0].text, XML);
    assert_eq!(found[1].text, "<ResponseMessage/>");
    assert_eq!(messages(XML).unwrap()[0].text, XML);
    assert!(messages("<KMIP><Other/></KMIP>").is_err());
    assert!(messages("<KMIP><RequestMessage></KMIP>").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_request(&bytes, &Limits::DEFAULT, Lenient);
        let _ = decode_response(&bytes, &Limits::DEFAULT, Strict);
    }

    #[test]
    fn mutated_messages_never_panic(edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = rich();
        for (at, value) in edits {
            *at.get_mut(&mut bytes) = value;
        }
        let _ = decode_request(&bytes, &Limits::DEFAULT, Lenient);
        let _ = decode_request(&bytes, &Limits::DEFAULT, Strict);
    }

    #[test]
    fn mutated_text_never_panics(edits in proptest::collection::vec((any::<prop::sample::Index>(), "[<>&\"'/=a0 ]{0,3}"), 1..6)) {
        let mut text = XML.to_owned();
        for (at, piece) in edits {
            let at = at.index(text.len());
            text.replace_range(at..at + 1, &piece);
        }
        let _ = messages(&text);
        let _ = decode_request_xml(&text, &Limits::DEFAULT, Lenient);
        let _ = decode_response_xml(&text, &Limits::DEFAULT, Strict);
    }
}
