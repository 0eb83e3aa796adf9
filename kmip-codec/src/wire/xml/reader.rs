//! A cursor over the elements of one XML item.

use zeroize::Zeroizing;

use super::text::{self, Expected};
use super::tree::{Element, Variables, XmlTree};
use crate::error::{DecodeError, Problem, Result};
use crate::limits::Limits;
use crate::registry::{EnumTable, ItemType, Tag, enum_of_tag};
use crate::version::{V1_0, Version};
use crate::wire::{IdentifierKind, Mark, Source, Strictness};

/// Reads one XML item.
pub struct XmlReader {
    tree: XmlTree,
    /// Index of the element whose tag `next` told.
    current: usize,
    /// Index of the element that `next` tells next.
    at: usize,
    /// Index after the structure being read.
    end: usize,
    /// Ends of the structures around it.
    stack: Vec<usize>,
    tag: Tag,
    kind: ItemType,
    /// The bytes that the last hexadecimal value gave.
    bytes: Zeroizing<Vec<u8>>,
    version: Option<Version>,
    leniencies: usize,
    strictness: Strictness,
    limits: Limits,
}

impl XmlReader {
    /// Reads `text`, which must be one element.
    pub fn new(text: &str, limits: Limits, strictness: Strictness) -> Result<Self> {
        XmlTree::parse(text, &limits).map(|tree| Self::of_tree(tree, limits, strictness))
    }

    /// Reads `text`, whose values may be variables.
    pub fn with_variables(
        text: &str,
        limits: Limits,
        strictness: Strictness,
        variables: &Variables<'_>,
    ) -> Result<Self> {
        XmlTree::parse_with(text, &limits, variables).map(|tree| Self::of_tree(tree, limits, strictness))
    }

    /// Reads a tree.
    pub fn of_tree(tree: XmlTree, limits: Limits, strictness: Strictness) -> Self {
        let end = tree.elements.len();
        Self {
            tree,
            current: 0,
            at: 0,
            end,
            stack: Vec::new(),
            tag: Tag::NONE,
            kind: ItemType(0),
            bytes: Zeroizing::new(Vec::new()),
            version: None,
            leniencies: 0,
            strictness,
            limits,
        }
    }

    /// The version that a message header told.
    pub fn version_told(&self) -> Option<Version> {
        self.version
    }

    /// Fields of another version that were accepted.
    pub fn leniencies(&self) -> usize {
        self.leniencies
    }

    fn fail<T>(&self, problem: Problem) -> Result<T> {
        Err(DecodeError::new(problem, self.tag))
    }

    fn element(&self) -> Option<&Element> {
        self.tree.elements.get(self.current)
    }

    fn expect(&self, expected: ItemType) -> Result<()> {
        if self.kind == expected { Ok(()) } else { self.fail(Problem::WrongType { expected, found: self.kind }) }
    }

    /// The text of the current value, untrimmed.
    fn raw(&self, expected: ItemType) -> Result<&str> {
        self.expect(expected)?;
        match self.element().and_then(|element| self.tree.value(element)) {
            Some(value) => Ok(value),
            None => self.fail(Problem::Syntax("the element has no value")),
        }
    }

    /// The current value, made from its text.
    fn parse<T>(&self, expected: ItemType, parse: impl FnOnce(&str) -> std::result::Result<T, Expected>) -> Result<T> {
        let text = self.raw(expected)?.trim_ascii();
        parse(text).map_err(|what| DecodeError::new(Problem::BadValue(what), self.tag))
    }

    fn bounded_text(&self, expected: ItemType) -> Result<&str> {
        let text = self.raw(expected)?;
        if text.len() > self.limits.text_bytes { self.fail(Problem::Limit("text length")) } else { Ok(text) }
    }

    fn hexadecimal(&mut self, expected: ItemType, limit: &'static str) -> Result<&[u8]> {
        if self.raw(expected)?.len() / 2 > self.limits.byte_string_bytes {
            return self.fail(Problem::Limit(limit));
        }
        self.bytes = self.parse(expected, text::hex)?;
        Ok(&self.bytes)
    }
}

impl Source for XmlReader {
    fn version(&self) -> Version {
        self.version.unwrap_or(V1_0)
    }

    fn set_version(&mut self, version: Version) {
        self.version = Some(version);
    }

    fn strictness(&self) -> Strictness {
        self.strictness
    }

    fn note_leniency(&mut self, _tag: Tag) {
        self.leniencies += 1;
    }

    fn next(&mut self) -> Result<Tag> {
        if self.at >= self.end {
            self.tag = Tag::NONE;
            return Ok(Tag::NONE);
        }
        self.current = self.at;
        self.at += 1;
        if let Some(element) = self.tree.elements.get(self.current) {
            (self.tag, self.kind) = (element.tag, element.item_type);
        }
        if self.tag == Tag::NONE { self.fail(Problem::BadTag) } else { Ok(self.tag) }
    }

    fn item_type(&self) -> ItemType {
        self.kind
    }

    fn enter(&mut self) -> Result<()> {
        self.expect(ItemType::Structure)?;
        if self.stack.len() >= self.limits.depth {
            return self.fail(Problem::Limit("nesting depth"));
        }
        self.stack.push(self.end);
        self.end = self.element().map_or(self.at, |element| element.end);
        Ok(())
    }

    fn leave(&mut self) -> Result<()> {
        self.at = self.end;
        let Some(end) = self.stack.pop() else {
            return self.fail(Problem::Unexpected);
        };
        self.end = end;
        Ok(())
    }

    fn skip(&mut self) -> Result<()> {
        self.at = self.element().map_or(self.at, |element| element.end);
        Ok(())
    }

    fn integer(&mut self) -> Result<i32> {
        match enum_of_tag(self.tag).filter(|table| table.is_mask) {
            Some(table) => self.mask(table).map(u32::cast_signed),
            None => self.parse(ItemType::Integer, text::integer),
        }
    }

    fn mask(&mut self, table: &'static EnumTable) -> Result<u32> {
        self.parse(ItemType::Integer, |text| text::mask(text, table))
    }

    fn long_integer(&mut self) -> Result<i64> {
        self.parse(ItemType::LongInteger, text::long_integer)
    }

    fn big_integer(&mut self) -> Result<&[u8]> {
        self.hexadecimal(ItemType::BigInteger, "big integer length")?;
        if self.bytes.is_empty() || !self.bytes.len().is_multiple_of(8) {
            return self.fail(Problem::BadLength);
        }
        Ok(&self.bytes)
    }

    fn enumeration(&mut self, table: Option<&'static EnumTable>) -> Result<u32> {
        let table = table.or_else(|| enum_of_tag(self.tag));
        self.parse(ItemType::Enumeration, |text| text::enumeration(text, table))
    }

    fn boolean(&mut self) -> Result<bool> {
        self.parse(ItemType::Boolean, text::boolean)
    }

    fn text(&mut self) -> Result<&str> {
        self.bounded_text(ItemType::TextString)
    }

    fn bytes(&mut self) -> Result<&[u8]> {
        self.hexadecimal(ItemType::ByteString, "byte string length")
    }

    fn date_time(&mut self) -> Result<i64> {
        self.parse(ItemType::DateTime, text::date_time)
    }

    fn interval(&mut self) -> Result<u32> {
        self.parse(ItemType::Interval, text::interval)
    }

    fn date_time_extended(&mut self) -> Result<i64> {
        self.parse(ItemType::DateTimeExtended, text::date_time_extended)
    }

    fn identifier(&mut self) -> Result<(IdentifierKind, &str)> {
        let kind = IdentifierKind::of_item_type(self.kind);
        let Some(kind) = kind else {
            return self.fail(Problem::WrongType { expected: ItemType::TextString, found: self.kind });
        };
        Ok((kind, self.bounded_text(self.kind)?))
    }

    fn tag_value(&mut self) -> Result<Tag> {
        self.parse(ItemType::Enumeration, |text| text::enumeration(text, None)).map(Tag::new)
    }

    fn mark(&self) -> Mark {
        let after = self.element().map_or(self.at, |element| element.end);
        let (at, end, depth, tag) = (self.at, self.end, self.stack.len(), self.tag);
        // The index of the element stands where the TTLV reader keeps the length.
        Mark { at, after, end, depth, tag, kind: 0, length: self.current }
    }

    fn rewind(&mut self, mark: &Mark) {
        let Mark { at, end, depth, tag, length, .. } = *mark;
        (self.at, self.end, self.tag, self.current) = (at, end, tag, length);
        self.kind = self.element().map_or(ItemType(0), |element| element.item_type);
        self.stack.truncate(depth);
    }

    fn recover(&mut self, mark: &Mark) {
        self.rewind(mark);
        self.at = mark.after;
    }
}
