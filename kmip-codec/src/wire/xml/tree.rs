//! XML text as a flat list of elements, and the messages of a `<KMIP>` document.
//!
//! Names, types and nesting are checked here; the text of values only when a reader takes them, so that one malformed
//! batch item does not spoil the others.

use std::ops::Range;

use quick_xml::XmlVersion;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use zeroize::Zeroizing;

use super::text;
use crate::error::{DecodeError, Problem, Result};
use crate::limits::Limits;
use crate::registry::{ItemType, Tag, WireEnum};

/// Gives text to a value that is written `$NAME`: called with what follows the dollar and the item's type.
/// `None` leaves the value as it is.
pub type Variables<'a> = dyn Fn(&str, ItemType) -> Option<String> + 'a;

fn syntax<T>(what: &'static str, tag: Tag) -> Result<T> {
    Err(DecodeError::new(Problem::Syntax(what), tag))
}

/// One element.
#[derive(Debug, Clone)]
pub(super) struct Element {
    /// The tag; [`Tag::NONE`] if the name is none.
    pub tag: Tag,
    /// The type; 0 if its name is none.
    pub item_type: ItemType,
    /// Where the text of the value stands, if there is one.
    pub value: Option<Range<usize>>,
    /// Index after the last element inside this one.
    pub end: usize,
}

/// A well-formed item with everything inside it.
#[derive(Clone)]
pub struct XmlTree {
    pub(super) elements: Vec<Element>,
    /// The text of all values, one after the other; wiped when dropped.
    values: Zeroizing<String>,
}

impl XmlTree {
    /// Reads one item.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self> {
        Self::parse_with(text, limits, &|_, _| None)
    }

    /// Reads one item whose values may be variables.
    pub fn parse_with(text: &str, limits: &Limits, variables: &Variables<'_>) -> Result<Self> {
        if text.len() > limits.message_bytes {
            return Err(DecodeError::new(Problem::Limit("message size"), Tag::NONE));
        }
        let values = Zeroizing::new(String::with_capacity(text.len()));
        let mut builder =
            Builder { tree: XmlTree { elements: Vec::new(), values }, open: Vec::new(), limits, variables };
        let mut reader = reader(text);
        loop {
            match reader.read_event() {
                Ok(Event::Start(start)) => builder.open(&start)?,
                Ok(Event::End(_)) => builder.close(),
                Ok(Event::Eof) => break,
                Ok(Event::Text(between)) if is_blank(&between) => {}
                Ok(Event::Comment(_) | Event::Decl(_) | Event::PI(_)) => {}
                Ok(Event::DocType(_)) => return syntax("document types are refused", Tag::NONE),
                Ok(Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) | Event::Empty(_)) => {
                    return syntax("text between elements", builder.innermost());
                }
                Err(_) => return syntax("the text is not well-formed XML", builder.innermost()),
            }
        }
        builder.finish()
    }

    /// The outermost item.
    pub fn root(&self) -> XmlNode<'_> {
        XmlNode { tree: self, at: 0 }
    }

    pub(super) fn value(&self, element: &Element) -> Option<&str> {
        self.values.get(element.value.clone()?)
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

/// An element of a tree, for those who look at items without their declared types.
#[derive(Clone, Copy)]
pub struct XmlNode<'a> {
    tree: &'a XmlTree,
    at: usize,
}

impl<'a> XmlNode<'a> {
    fn element(self) -> Option<&'a Element> {
        self.tree.elements.get(self.at)
    }

    /// The tag; [`Tag::NONE`] if the name is none.
    pub fn tag(self) -> Tag {
        self.element().map_or(Tag::NONE, |element| element.tag)
    }

    /// The item type; 0 if its name is none.
    pub fn item_type(self) -> ItemType {
        self.element().map_or(ItemType(0), |element| element.item_type)
    }

    /// The text of the value, unescaped; `None` for a structure.
    pub fn value(self) -> Option<&'a str> {
        self.tree.value(self.element()?)
    }

    /// The items of a structure in order.
    pub fn children(self) -> impl Iterator<Item = XmlNode<'a>> {
        let end = self.element().map_or(0, |element| element.end);
        let child = move |at: usize| (at < end).then_some(XmlNode { tree: self.tree, at });
        std::iter::successors(child(self.at + 1), move |node| child(node.element()?.end))
    }
}

/// A tree in the making.
struct Builder<'a> {
    tree: XmlTree,
    /// Indexes of the elements that are open.
    open: Vec<usize>,
    limits: &'a Limits,
    variables: &'a Variables<'a>,
}

/// The attributes of an element that KMIP knows.
#[derive(Default)]
struct Facts {
    tag: Option<Tag>,
    item_type: Option<ItemType>,
    value: Option<Zeroizing<String>>,
}

impl Builder<'_> {
    fn innermost(&self) -> Tag {
        let at = self.open.last().copied().unwrap_or_default();
        self.tree.elements.get(at).map_or(Tag::NONE, |element| element.tag)
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<()> {
        let facts = facts(start, self.innermost())?;
        let tag = facts.tag.unwrap_or(Tag::NONE);
        self.check_place(tag)?;
        let item_type = facts.item_type.unwrap_or(ItemType::Structure);
        if item_type == ItemType::Structure && facts.value.is_some() {
            return syntax("a structure has no value", tag);
        }
        let value = facts.value.map(|value| self.keep(value, item_type));
        self.open.push(self.tree.elements.len());
        self.tree.elements.push(Element { tag, item_type, value, end: 0 });
        Ok(())
    }

    fn check_place(&self, tag: Tag) -> Result<()> {
        let parent = self.open.last().and_then(|at| self.tree.elements.get(*at));
        if parent.is_some_and(|parent| parent.item_type != ItemType::Structure) {
            return syntax("only a structure has items", self.innermost());
        }
        if parent.is_none() && !self.tree.elements.is_empty() {
            return Err(DecodeError::new(Problem::TrailingBytes, tag));
        }
        if self.open.len() > self.limits.depth {
            return Err(DecodeError::new(Problem::Limit("nesting depth"), tag));
        }
        if self.tree.elements.len() >= self.limits.items {
            return Err(DecodeError::new(Problem::Limit("number of items"), tag));
        }
        Ok(())
    }

    /// Keeps the text of a value, or what a variable stands for.
    fn keep(&mut self, value: Zeroizing<String>, item_type: ItemType) -> Range<usize> {
        let start = self.tree.values.len();
        let substitute = value.strip_prefix('$').and_then(|name| (self.variables)(name, item_type));
        self.tree.values.push_str(substitute.as_deref().unwrap_or(&value));
        start..self.tree.values.len()
    }

    fn close(&mut self) {
        let end = self.tree.elements.len();
        if let Some(element) = self.open.pop().and_then(|at| self.tree.elements.get_mut(at)) {
            element.end = end;
        }
    }

    fn finish(self) -> Result<XmlTree> {
        if !self.open.is_empty() {
            return Err(DecodeError::new(Problem::Truncated, self.innermost()));
        }
        if self.tree.elements.is_empty() { syntax("no element", Tag::NONE) } else { Ok(self.tree) }
    }
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

fn item_type(name: &str) -> ItemType {
    ItemType(ItemType::TABLE.value_of(name).unwrap_or_default())
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
