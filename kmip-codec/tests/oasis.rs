//! Every message of every OASIS case goes XML -> typed -> TTLV -> typed -> XML and JSON -> typed, strictly, with the same
//! items, types and values.

mod support;

use std::path::Path;

use kmip_codec::error::DecodeError;
use kmip_codec::limits::Limits;
use kmip_codec::message::{RequestMessage, ResponseMessage, encode, encode_json, encode_xml};
use kmip_codec::registry::{EnumTable, ItemType, Tag, enum_tables};
use kmip_codec::value::Value;
use kmip_codec::version::Version;
use kmip_codec::wire::json::JsonReader;
use kmip_codec::wire::ttlv::TtlvReader;
use kmip_codec::wire::xml::text::{date_time, integer};
use kmip_codec::wire::xml::{Layout, XmlMessage, XmlNode, XmlReader, XmlTree, messages};
use kmip_codec::wire::{Source, Strictness};

const LIMITS: Limits = Limits::DEFAULT;

/// Messages that cannot pass strictly, with the fault of the file that is the reason: file name, message (from 1), reason.
const FAULTY: &[(&str, usize, &str)] = &[];

fn typed<T: Value>(source: &mut impl Source, tag: Tag) -> Result<T, DecodeError> {
    assert_eq!(source.next()?, tag);
    T::take(source)
}

/// Takes the message through all encodings; tells what differs.
fn round_trip<T: Value + PartialEq>(text: &str, tag: Tag, version: impl Fn(&T) -> Version) -> Result<(), String> {
    let tree = XmlTree::parse_with(text, &LIMITS, &support::variable).map_err(|error| format!("XML: {error}"))?;
    let mut reader = XmlReader::of_tree(tree.clone(), LIMITS, Strictness::Strict);
    let first: T = typed(&mut reader, tag).map_err(|error| format!("XML: {error}"))?;
    let version = version(&first);
    let ttlv = encode(tag, &first, version);
    let mut reader = TtlvReader::new(&ttlv, LIMITS, Strictness::Strict);
    let second: T = typed(&mut reader, tag).map_err(|error| format!("TTLV: {error}"))?;
    reader.finish().map_err(|error| format!("TTLV: {error}"))?;
    if first != second {
        return Err("typed values differ".to_owned());
    }
    for layout in [Layout::Compact, Layout::Pretty] {
        let written = encode_xml(tag, &second, version, layout);
        let again = XmlTree::parse(&written, &LIMITS).map_err(|error| format!("written XML: {error}"))?;
        same_items(tree.root(), again.root(), "")?;
        let written = encode_json(tag, &second, version, layout);
        let mut reader =
            JsonReader::new(&written, LIMITS, Strictness::Strict).map_err(|error| format!("JSON: {error}"))?;
        let third: T = typed(&mut reader, tag).map_err(|error| format!("JSON: {error}"))?;
        if encode(tag, &third, version) != ttlv {
            return Err("JSON became another message".to_owned());
        }
    }
    Ok(())
}

fn same_items(left: XmlNode<'_>, right: XmlNode<'_>, path: &str) -> Result<(), String> {
    let path = format!("{path}/{}", left.tag());
    if (left.tag(), left.item_type()) != (right.tag(), right.item_type()) {
        return Err(format!("{path} ({}) became {} ({})", left.item_type(), right.tag(), right.item_type()));
    }
    let [one, other] = [left, right].map(normalised);
    let respelled = left.item_type() == ItemType::Enumeration && is_same_value(one.as_deref(), other.as_deref());
    if one != other && !respelled {
        return Err(format!("{path}: {one:?} became {other:?}"));
    }
    if left.children().count() != right.children().count() {
        let tags = [left, right].map(|node| node.children().map(XmlNode::tag).collect::<Vec<_>>());
        return Err(format!("{path}: {:?} became {:?}", tags[0], tags[1]));
    }
    left.children().zip(right.children()).try_for_each(|(left, right)| same_items(left, right, &path))
}

/// Whether two names are spellings of one value: TC-CERTATTR-1-14 answers in 1.4 with the name that 2.0 gave it.
fn is_same_value(one: Option<&str>, other: Option<&str>) -> bool {
    let values = |table: &EnumTable| Some((table.value_of(one?)?, table.value_of(other?)?));
    enum_tables().into_iter().filter_map(values).any(|(one, other)| one == other)
}

/// The value with white space, order of mask names, case of hexadecimal digits and time zone made equal.
fn normalised(node: XmlNode<'_>) -> Option<String> {
    let value = node.value()?.trim();
    Some(match node.item_type() {
        ItemType::ByteString | ItemType::BigInteger => value.to_lowercase(),
        ItemType::DateTime => date_time(value).map_or(value.to_owned(), |seconds| seconds.to_string()),
        ItemType::Integer if integer(value).is_err() => {
            let mut names: Vec<&str> = value.split_ascii_whitespace().collect();
            names.sort_unstable();
            names.join(" ")
        }
        _ => value.to_owned(),
    })
}

fn check(message: &XmlMessage<'_>) -> Result<(), String> {
    if message.tag == Tag::RequestMessage {
        round_trip(message.text, message.tag, |it: &RequestMessage| it.request_header.protocol_version.0)
    } else {
        round_trip(message.text, message.tag, |it: &ResponseMessage| it.response_header.protocol_version.0)
    }
}

#[test]
fn every_message_keeps_its_items_in_all_encodings() {
    let Some(folder) = support::reference("oasis") else { return };
    let (mut count, mut wrong) = (0, Vec::new());
    let files = support::files(&folder, "xml");
    assert_eq!(files.len(), 310);
    for file in files {
        let document = std::fs::read_to_string(&file).unwrap();
        let name = file.file_name().map(Path::new).unwrap().display().to_string();
        for (index, message) in messages(&document).unwrap().iter().enumerate() {
            count += 1;
            let excused = FAULTY.iter().any(|(file, at, _)| *file == name && *at == index + 1);
            match (check(message), excused) {
                (Ok(()), false) | (Err(_), true) => {}
                (Ok(()), true) => wrong.push(format!("{name} message {}: passes now", index + 1)),
                (Err(problem), false) => wrong.push(format!("{name} message {}: {problem}", index + 1)),
            }
        }
    }
    assert!(count >= 3_942, "only {count} messages found");
    assert!(wrong.is_empty(), "{} of {count} messages:\n{}", wrong.len(), wrong.join("\n"));
}
