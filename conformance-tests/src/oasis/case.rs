//! A published test case: a `<KMIP>` file of alternating request and response messages (KMIP Additional Message Encodings §5).
//!
//! This reader is deliberately not the codec's: the file becomes a tree without types, so that a fault in the typed XML
//! reader cannot hide itself, and `$NAMES` stay what they are until a play gives them values.

use kmip_codec::inline::Text;
use kmip_codec::item::ItemValue;
use kmip_codec::registry::{EnumTable, ItemType, Tag, enum_of_tag, enum_tables, tag_rows};
use kmip_codec::value::ByteString;
use kmip_codec::version::Version;
use kmip_codec::wire::IdentifierKind;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Why a case file cannot be read.
#[derive(Debug, Error)]
#[error("{}: {problem}", path.display())]
pub struct CaseError {
    path: PathBuf,
    problem: String,
}

/// One item of a published message.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The tag.
    pub tag: Tag,
    /// What stands there.
    pub content: Content,
}

/// The content of a published item.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Fields, in order.
    Structure(Vec<Node>),
    /// A value printed in the case.
    Fixed(ItemValue),
    /// `$NAME`: a value that a response gives first.
    Variable {
        /// The name without the dollar sign.
        name: String,
        /// The item's type.
        item_type: ItemType,
    },
    /// `$NOW` and an offset in seconds.
    Now(i64),
}

impl Node {
    /// The fields of a structure; none for anything else.
    pub fn fields(&self) -> &[Node] {
        match &self.content {
            Content::Structure(fields) => fields,
            _ => &[],
        }
    }

    /// The first field with this tag.
    pub fn field(&self, tag: Tag) -> Option<&Node> {
        self.fields().iter().find(|field| field.tag == tag)
    }

    /// Follows tags downwards.
    pub fn at(&self, path: &[Tag]) -> Option<&Node> {
        path.iter().try_fold(self, |node, tag| node.field(*tag))
    }

    /// The printed text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Fixed(ItemValue::Text(text) | ItemValue::Identifier(_, text)) => Some(text.as_str()),
            _ => None,
        }
    }

    /// The printed number of an enumeration, if it is one.
    pub fn as_enumeration(&self) -> Option<u32> {
        match self.content {
            Content::Fixed(ItemValue::Enumeration(value)) => Some(value),
            _ => None,
        }
    }

    /// The printed integer, if it is one.
    pub fn as_integer(&self) -> Option<i32> {
        match self.content {
            Content::Fixed(ItemValue::Integer(value)) => Some(value),
            _ => None,
        }
    }

    /// The name of the variable, if it is one.
    pub fn variable(&self) -> Option<&str> {
        match &self.content {
            Content::Variable { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// A request and the answer that was published for it.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What the client sends.
    pub request: Node,
    /// What a conforming server answers, within the permitted variations.
    pub response: Node,
}

/// A case.
#[derive(Debug, Clone)]
pub struct Case {
    /// File name without `.xml`, such as `SKLC-M-1-21`.
    pub name: String,
    /// The version in its folder's name.
    pub version: Version,
    /// Its messages.
    pub exchanges: Vec<Exchange>,
}

impl Case {
    /// The name without its version, such as `SKLC-M-1`.
    pub fn base_name(&self) -> &str {
        self.name.rsplit_once('-').map_or(self.name.as_str(), |(base, _)| base)
    }

    /// Reads the file.
    pub fn load(path: &Path, version: Version) -> Result<Case, CaseError> {
        let failed = |problem: String| CaseError { path: path.to_owned(), problem };
        let xml = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let name =
            path.file_stem().and_then(|stem| stem.to_str()).ok_or_else(|| failed("not a case name".to_owned()))?;
        let exchanges = parse(&xml).map_err(failed)?;
        Ok(Case { name: name.to_owned(), version, exchanges })
    }
}

/// Reads every case of a folder of one version, in order of name.
pub fn load_folder(folder: &Path, version: Version) -> Result<Vec<Case>, CaseError> {
    let failed = |error: std::io::Error| CaseError { path: folder.to_owned(), problem: error.to_string() };
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "xml"));
    paths.sort();
    paths.iter().map(|path| Case::load(path, version)).collect()
}

type Parsed<T> = Result<T, String>;

/// Parses a whole file into its exchanges, in the order of their answers. A file may print two requests before their two answers:
/// each answer belongs to the oldest request of its operation that has none.
pub fn parse(xml: &str) -> Parsed<Vec<Exchange>> {
    let mut pending = VecDeque::new();
    let mut exchanges = Vec::new();
    for message in parse_messages(xml)? {
        match message.tag {
            Tag::RequestMessage => pending.push_back(message),
            Tag::ResponseMessage => {
                let asked = |request: &Node| operations(request) == operations(&message);
                let place = pending.iter().position(asked).unwrap_or(0);
                let request = pending.remove(place).ok_or("an answer without a request")?;
                exchanges.push(Exchange { request, response: message });
            }
            other => return Err(format!("{other} is not a message")),
        }
    }
    if pending.is_empty() { Ok(exchanges) } else { Err("a request has no answer".to_owned()) }
}

/// The operations of a message's batch items.
fn operations(message: &Node) -> Vec<Option<u32>> {
    let items = message.fields().iter().filter(|field| field.tag == Tag::BatchItem);
    items.map(|item| item.field(Tag::Operation).and_then(Node::as_enumeration)).collect()
}

/// A structure being read: its tag, its fields so far, and the name that an Attribute has given.
struct Open {
    tag: Tag,
    fields: Vec<Node>,
}

fn parse_messages(xml: &str) -> Parsed<Vec<Node>> {
    let mut reader = Reader::from_str(xml);
    let mut open: Vec<Open> = Vec::new();
    let mut messages = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| format!("at byte {}: {error}", reader.error_position()))?;
        let closed = match event {
            // The element around the messages, whatever its name.
            Event::Start(start) if open.is_empty() && !start.name().as_ref().ends_with("Message") => None,
            Event::Start(start) => {
                let node = parse_element(&start, open.last())?;
                open.push(Open { tag: node.tag, fields: Vec::new() });
                match node.content {
                    Content::Structure(_) => None,
                    // A leaf written as <A ...></A>: its end closes it with the value kept here.
                    content => {
                        reader.read_to_end(start.name()).map_err(|error| error.to_string())?;
                        open.pop().map(|leaf| Node { tag: leaf.tag, content })
                    }
                }
            }
            Event::Empty(start) => Some(parse_element(&start, open.last())?),
            Event::End(_) => open.pop().map(|Open { tag, fields }| Node { tag, content: Content::Structure(fields) }),
            Event::Eof => break,
            _ => None,
        };
        if let Some(node) = closed {
            open.last_mut().map_or(&mut messages, |parent| &mut parent.fields).push(node);
        }
    }
    if open.is_empty() { Ok(messages) } else { Err("the file ends inside a message".to_owned()) }
}

fn parse_element(start: &BytesStart, parent: Option<&Open>) -> Parsed<Node> {
    let name = start.name().as_ref().to_owned();
    let tag = if name == "TTLV" {
        tag_from_text(&xml_attribute(start, "tag")?.unwrap_or_default())
    } else {
        tag_from_text(&name)
    };
    let tag = tag.ok_or_else(|| format!("no tag is named {name}"))?;
    let item_type = xml_attribute(start, "type")?.unwrap_or_else(|| "Structure".to_owned());
    if item_type == "Structure" {
        return Ok(Node { tag, content: Content::Structure(Vec::new()) });
    }
    let value = xml_attribute(start, "value")?.ok_or_else(|| format!("{name} has no value"))?;
    let meaning = if tag == Tag::AttributeValue { parent.and_then(attribute_named).unwrap_or(tag) } else { tag };
    let content =
        parse_content(&item_type, &value, meaning).map_err(|problem| format!("{name}={value:?}: {problem}"))?;
    Ok(Node { tag, content })
}

fn xml_attribute(start: &BytesStart, name: &str) -> Parsed<Option<String>> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.as_ref() == name {
            let value = quick_xml::escape::unescape(&attribute.value).map_err(|error| error.to_string())?;
            return Ok(Some(value.into_owned()));
        }
    }
    Ok(None)
}

fn tag_from_text(name: &str) -> Option<Tag> {
    match name.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok().map(Tag::new),
        None => Tag::from_xml_name(name),
    }
}

/// The attribute that a 1.x Attribute structure names before its value.
fn attribute_named(parent: &Open) -> Option<Tag> {
    let name = parent.fields.iter().find(|field| field.tag == Tag::AttributeName)?.as_text()?;
    tag_of_attribute(name)
}

/// The tag of the attribute with this name in the specification.
pub fn tag_of_attribute(name: &str) -> Option<Tag> {
    tag_rows().iter().find(|row| row.name == name).map(|row| row.tag)
}

fn parse_content(item_type: &str, value: &str, meaning: Tag) -> Parsed<Content> {
    let item_type = item_type_named(item_type)?;
    if let Some(rest) = value.strip_prefix("$NOW") {
        let offset = if rest.is_empty() { 0 } else { rest.parse().map_err(|_| "not an offset in seconds")? };
        return Ok(Content::Now(offset));
    }
    match value.strip_prefix('$') {
        Some(name) => Ok(Content::Variable { name: name.to_owned(), item_type }),
        None => parse_value(item_type, value, meaning).map(Content::Fixed),
    }
}

fn item_type_named(name: &str) -> Parsed<ItemType> {
    Ok(match name {
        "Integer" => ItemType::Integer,
        "LongInteger" => ItemType::LongInteger,
        "BigInteger" => ItemType::BigInteger,
        "Enumeration" => ItemType::Enumeration,
        "Boolean" => ItemType::Boolean,
        "TextString" => ItemType::TextString,
        "ByteString" => ItemType::ByteString,
        "DateTime" => ItemType::DateTime,
        "Interval" => ItemType::Interval,
        "DateTimeExtended" => ItemType::DateTimeExtended,
        "Identifier" => ItemType::Identifier,
        "Reference" => ItemType::Reference,
        "NameReference" => ItemType::NameReference,
        other => return Err(format!("no item type is named {other}")),
    })
}

fn parse_value(item_type: ItemType, value: &str, meaning: Tag) -> Parsed<ItemValue> {
    Ok(match item_type {
        ItemType::Integer => ItemValue::Integer(parse_integer(value, meaning)?),
        ItemType::LongInteger => ItemValue::LongInteger(parse_number(value)?),
        ItemType::BigInteger => ItemValue::BigInteger(parse_big_integer(value)?),
        ItemType::Enumeration => ItemValue::Enumeration(parse_enumeration(value, meaning)?),
        ItemType::Boolean => ItemValue::Boolean(value.parse().map_err(|_| "neither true nor false")?),
        ItemType::ByteString => ItemValue::Bytes(ByteString::new(&parse_hex(value)?)),
        ItemType::DateTime => ItemValue::DateTime(parse_date(value)?.unix_timestamp()),
        ItemType::DateTimeExtended => ItemValue::DateTimeExtended(parse_microseconds(value)?),
        ItemType::Interval => {
            ItemValue::Interval(u32::try_from(parse_number(value)?).map_err(|_| "not 32 bits without sign")?)
        }
        ItemType::Identifier => ItemValue::Identifier(IdentifierKind::Identifier, Text::new(value)),
        ItemType::Reference => ItemValue::Identifier(IdentifierKind::Reference, Text::new(value)),
        ItemType::NameReference => ItemValue::Identifier(IdentifierKind::NameReference, Text::new(value)),
        _ => ItemValue::Text(Text::new(value)),
    })
}

fn parse_number(value: &str) -> Parsed<i64> {
    let parsed = match value.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).map(u64::cast_signed),
        None => value.parse(),
    };
    parsed.map_err(|_| "not a number".to_owned())
}

fn parse_hex(value: &str) -> Parsed<Vec<u8>> {
    let digits: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    hex::decode(digits).map_err(|error| error.to_string())
}

/// Sign-extends on the left to a multiple of 8 bytes.
fn parse_big_integer(value: &str) -> Parsed<ByteString> {
    let digits = parse_hex(value.strip_prefix("0x").unwrap_or(value))?;
    let sign = if digits.first().is_some_and(|top| top & 0x80 != 0) { 0xFF } else { 0 };
    let length = digits.len().max(1).next_multiple_of(8);
    let mut extended = vec![sign; length - digits.len()];
    extended.extend_from_slice(&digits);
    Ok(ByteString::new(&extended))
}

fn parse_date(value: &str) -> Parsed<OffsetDateTime> {
    if let Some(digits) = value.strip_prefix("0x") {
        let seconds = i64::from_str_radix(digits, 16).map_err(|error| error.to_string())?;
        return OffsetDateTime::from_unix_timestamp(seconds).map_err(|error| error.to_string());
    }
    OffsetDateTime::parse(value, &Rfc3339).map_err(|error| error.to_string())
}

fn parse_microseconds(value: &str) -> Parsed<i64> {
    i64::try_from(parse_date(value)?.unix_timestamp_nanos() / 1000).map_err(|error| error.to_string())
}

/// An Integer: a number, or the names of a mask's bits.
fn parse_integer(value: &str, meaning: Tag) -> Parsed<i32> {
    if let Ok(number) = parse_number(value) {
        let low = u32::try_from(number).map(u32::cast_signed);
        return low.or_else(|_| i32::try_from(number)).map_err(|_| "not 32 bits".to_owned());
    }
    let table = table_of(meaning).ok_or("no mask is known under this tag")?;
    let bits = value.split([' ', '|']).filter(|name| !name.is_empty()).map(|name| number_in(table, name));
    bits.sum::<Result<u32, String>>().map(u32::cast_signed)
}

fn parse_enumeration(value: &str, meaning: Tag) -> Parsed<u32> {
    if let Ok(number) = parse_number(value) {
        return u32::try_from(number).map_err(|_| "not 32 bits without sign".to_owned());
    }
    let named = table_of(meaning).and_then(|table| number_in(table, value).ok());
    // An Attribute Reference holds the tag of the attribute.
    named.or_else(|| Tag::from_xml_name(value).map(Tag::value)).ok_or_else(|| "no such value".to_owned())
}

fn number_in(table: &'static EnumTable, name: &str) -> Parsed<u32> {
    match name.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).map_err(|error| error.to_string()),
        None => table.value_of(name).ok_or_else(|| format!("{} has no {name}", table.name)),
    }
}

/// The registry that gives names to the values under a tag, plural tags included (Protection Storage Masks).
fn table_of(tag: Tag) -> Option<&'static EnumTable> {
    enum_of_tag(tag).or_else(|| {
        let name = tag.name()?.trim_end_matches('s');
        enum_tables().into_iter().find(|table| table.name == name)
    })
}
