//! XML text as a list of items, and the messages of a `<KMIP>` document.

use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::reader::Reader;
use zeroize::Zeroizing;

use super::{Xml, text};
use crate::error::{DecodeError, Problem, Result};
use crate::limits::Limits;
use crate::registry::{ItemType, Tag};
use crate::wire::elements::{Builder, Element, Tree, item_type, syntax};

/// Gives text to a value that is written `$NAME`: called with what follows the dollar and the item's type.
/// `None` leaves the value as it is.
pub type Variables<'a> = dyn Fn(&str, ItemType) -> Option<String> + 'a;

impl Tree<Xml> {
    /// Reads one item.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self> {
        Self::parse_with(text, limits, &|_, _| None)
    }

    /// Reads one item whose values may be variables.
    pub fn parse_with(text: &str, limits: &Limits, variables: &Variables<'_>) -> Result<Self> {
        let mut builder = Builder::new(text, limits)?;
        let mut reader = reader(text);
        loop {
            match reader.read_event() {
                Ok(Event::Start(start)) => open(&start, &mut builder, variables)?,
                Ok(Event::End(_)) => builder.close(),
                Ok(Event::Eof) => break,
                Ok(Event::Text(between)) if is_blank(&between) => {}
                Ok(Event::Decl(declaration)) => check_encoding(&declaration)?,
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(Event::DocType(_)) => return syntax("document types are refused", Tag::NONE),
                Ok(Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) | Event::Empty(_)) => {
                    return syntax("text between elements", builder.innermost());
                }
                Err(_) => return syntax("the text is not well-formed XML", builder.innermost()),
            }
        }
        builder.finish()
    }
}

fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{FEFF}'))
}

/// Refuses a declaration of another encoding than UTF-8, in which the text has been read.
fn check_encoding(declaration: &BytesDecl<'_>) -> Result<()> {
    let named = match declaration.encoding() {
        None => return Ok(()),
        Some(named) => named,
    };
    let known = |name: &str| name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii");
    if named.is_ok_and(|name| known(&name)) {
        return Ok(());
    }
    syntax("only UTF-8 is read: declare encoding=\"UTF-8\", or nothing", Tag::NONE)
}

fn open(start: &BytesStart<'_>, builder: &mut Builder<'_>, variables: &Variables<'_>) -> Result<()> {
    let facts = facts(start, builder.innermost())?;
    let tag = facts.tag.unwrap_or(Tag::NONE);
    if builder.parent().is_some_and(|parent| parent.item_type != ItemType::Structure) {
        return syntax("only a structure has items", builder.innermost());
    }
    let item_type = facts.item_type.unwrap_or(ItemType::Structure);
    if item_type == ItemType::Structure && facts.value.is_some() {
        return syntax("a structure has no value", tag);
    }
    builder.open(Element::new(tag, item_type))?;
    if let Some(value) = facts.value {
        let substitute = value.strip_prefix('$').and_then(|name| variables(name, item_type));
        let kept = substitute.as_deref().unwrap_or(&value);
        let start = builder.keep(kept);
        builder.change(|element| element.value = Some(start..start + kept.len()));
    }
    Ok(())
}

/// The attributes of an element that KMIP knows.
#[derive(Default)]
struct Facts {
    tag: Option<Tag>,
    item_type: Option<ItemType>,
    value: Option<Zeroizing<String>>,
}

/// Reads name and attributes of an element. The form `<TTLV tag="0x540001">` suits any tag.
fn facts(start: &BytesStart<'_>, parent: Tag) -> Result<Facts> {
    let name = start.local_name().into_inner();
    let mut facts = Facts { tag: text::tag(name), ..Facts::default() };
    for attribute in start.attributes() {
        let Ok(attribute) = attribute else {
            return syntax("the attributes of an element are malformed", facts.tag.unwrap_or(parent));
        };
        let value = attribute_value(&attribute).map_err(|problem| DecodeError::new(problem, parent))?;
        match attribute.key.into_inner() {
            "type" => facts.item_type = Some(item_type(&value)),
            "value" => facts.value = Some(value),
            "tag" if name == "TTLV" => facts.tag = text::tag(&value),
            "name" => {}
            other if other.starts_with("xml") || other.contains(':') => {}
            _ => return syntax("an attribute that KMIP does not have", facts.tag.unwrap_or(parent)),
        }
    }
    Ok(facts)
}

fn attribute_value(attribute: &Attribute<'_>) -> std::result::Result<Zeroizing<String>, Problem> {
    let value = attribute
        .normalized_value(XmlVersion::Implicit1_0)
        .map_err(|_| Problem::Syntax("only the predefined entities and character references are allowed"))?;
    let value = Zeroizing::new(value.into_owned());
    if value.chars().all(text::is_allowed) {
        return Ok(value);
    }
    Err(Problem::Syntax("a character that XML does not allow"))
}

/// A message of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XmlMessage<'a> {
    /// Request Message or Response Message.
    pub tag: Tag,
    /// The text of the element.
    pub text: &'a str,
}

/// The messages of a document in order: of `<KMIP>`, of any other element around messages, or the one message that the
/// document is. Text between messages is ignored.
pub fn messages(document: &str) -> Result<Vec<XmlMessage<'_>>> {
    let mut reader = reader(document);
    let mut messages = Vec::new();
    let mut inside = false;
    loop {
        let start = offset(&reader);
        match reader.read_event() {
            Ok(Event::Start(element)) => match message_tag(&element) {
                Some(tag) => {
                    let skipped = reader.read_to_end(element.name());
                    let text = skipped.ok().and_then(|_| document.get(start..offset(&reader)));
                    let Some(text) = text else { return syntax("the message is not well-formed XML", tag) };
                    messages.push(XmlMessage { tag, text });
                }
                None if inside => return syntax("an element that is no message", Tag::NONE),
                None => inside = true,
            },
            Ok(Event::DocType(_)) => return syntax("document types are refused", Tag::NONE),
            Ok(Event::Eof) => return Ok(messages),
            Ok(_) => {}
            Err(_) => return syntax("the text is not well-formed XML", Tag::NONE),
        }
    }
}

fn offset(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn message_tag(element: &BytesStart<'_>) -> Option<Tag> {
    match element.local_name().into_inner() {
        "RequestMessage" => Some(Tag::RequestMessage),
        "ResponseMessage" => Some(Tag::ResponseMessage),
        _ => None,
    }
}
