//! A cursor over the items of a text encoding. It knows where items are; their spelling is the encoding's own.

use zeroize::Zeroizing;

use super::elements::{Element, Form, Tree};
use super::xml::text::Expected;
use super::{IdentifierKind, Mark, MessageSource, Source, Strictness};
use crate::error::{DecodeError, Problem, Result};
use crate::limits::Limits;
use crate::registry::{EnumTable, ItemType, NAMELESS, Tag, enum_of_tag};
use crate::version::{V1_0, Version};

/// The text of a value, and how it stands there.
#[derive(Debug, Clone, Copy)]
pub struct Spelt<'a> {
    /// The text, unescaped.
    pub text: &'a str,
    /// How it stands there.
    pub form: Form,
}

/// What a value was, or what it must be.
pub type Meaning<T> = std::result::Result<T, Expected>;

/// How an encoding spells the values of each type.
pub trait Spelling {
    /// Integer.
    fn integer(value: Spelt<'_>) -> Meaning<i32>;
    /// Integer whose bits have names.
    fn mask(value: Spelt<'_>, table: &EnumTable) -> Meaning<u32>;
    /// Long Integer.
    fn long_integer(value: Spelt<'_>) -> Meaning<i64>;
    /// Big Integer.
    fn big_integer(value: Spelt<'_>) -> Meaning<Zeroizing<Vec<u8>>>;
    /// Enumeration; without a table, the name of a tag does.
    fn enumeration(value: Spelt<'_>, table: Option<&EnumTable>) -> Meaning<u32>;
    /// Boolean.
    fn boolean(value: Spelt<'_>) -> Meaning<bool>;
    /// Text String, and the text-like types.
    fn text(value: Spelt<'_>) -> Meaning<&str>;
    /// Byte String.
    fn bytes(value: Spelt<'_>) -> Meaning<Zeroizing<Vec<u8>>>;
    /// Date-Time.
    fn date_time(value: Spelt<'_>) -> Meaning<i64>;
    /// Interval.
    fn interval(value: Spelt<'_>) -> Meaning<u32>;
    /// Date-Time Extended.
    fn date_time_extended(value: Spelt<'_>) -> Meaning<i64>;
}

/// Reads one item, whose values have the spelling `S`.
pub struct Cursor<S> {
    tree: Tree<S>,
    /// Index of the item whose tag `next` told.
    current: usize,
    /// Index of the item that `next` tells next.
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

impl<S: Spelling> Cursor<S> {
    /// Reads a tree.
    pub fn of_tree(tree: Tree<S>, limits: Limits, strictness: Strictness) -> Self {
        let end = tree.elements.list.len();
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

    fn fail<T>(&self, problem: Problem) -> Result<T> {
        Err(DecodeError::new(problem, self.tag))
    }

    fn element(&self) -> Option<&Element> {
        self.tree.elements.list.get(self.current)
    }

    fn expect(&self, expected: ItemType) -> Result<()> {
        if self.kind == expected { Ok(()) } else { self.fail(Problem::WrongType { expected, found: self.kind }) }
    }

    /// The current value as it stands in the text.
    fn spelt(&self, expected: ItemType) -> Result<Spelt<'_>> {
        self.expect(expected)?;
        let element = self.element();
        match element.and_then(|element| Some((self.tree.elements.value(element)?, element.form))) {
            Some((text, form)) => Ok(Spelt { text, form }),
            None => self.fail(Problem::Syntax("the item has no value")),
        }
    }

    /// The current value, made from its text.
    fn parse<'a, T>(&'a self, expected: ItemType, parse: impl FnOnce(Spelt<'a>) -> Meaning<T>) -> Result<T> {
        parse(self.spelt(expected)?).map_err(|what| DecodeError::new(Problem::BadValue(what), self.tag))
    }

    fn bounded_text(&self, expected: ItemType) -> Result<&str> {
        let text = self.parse(expected, S::text)?;
        if text.len() > self.limits.text_bytes { self.fail(Problem::Limit("text length")) } else { Ok(text) }
    }

    fn hexadecimal(
        &mut self,
        expected: ItemType,
        limit: &'static str,
        parse: fn(Spelt<'_>) -> Meaning<Zeroizing<Vec<u8>>>,
    ) -> Result<&[u8]> {
        if self.spelt(expected)?.text.len() / 2 > self.limits.byte_string_bytes {
            return self.fail(Problem::Limit(limit));
        }
        self.bytes = self.parse(expected, parse)?;
        Ok(&self.bytes)
    }
}

impl<S: Spelling> MessageSource for Cursor<S> {
    fn version_told(&self) -> Option<Version> {
        self.version
    }

    fn leniencies(&self) -> usize {
        self.leniencies
    }

    /// What follows the message was refused when its text was read.
    fn finish(&self) -> Result<()> {
        Ok(())
    }
}

impl<S: Spelling> Source for Cursor<S> {
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
        if let Some(element) = self.tree.elements.list.get(self.current) {
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
            None => self.parse(ItemType::Integer, S::integer),
        }
    }

    fn mask(&mut self, table: &'static EnumTable) -> Result<u32> {
        self.parse(ItemType::Integer, |value| S::mask(value, table))
    }

    fn long_integer(&mut self) -> Result<i64> {
        self.parse(ItemType::LongInteger, S::long_integer)
    }

    fn big_integer(&mut self) -> Result<&[u8]> {
        self.hexadecimal(ItemType::BigInteger, "big integer length", S::big_integer)?;
        if self.bytes.is_empty() || !self.bytes.len().is_multiple_of(8) {
            return self.fail(Problem::BadLength);
        }
        Ok(&self.bytes)
    }

    fn enumeration(&mut self, table: Option<&'static EnumTable>) -> Result<u32> {
        let table = table.or_else(|| enum_of_tag(self.tag));
        // What a vendor's enumeration calls its values is not known; one that refers to attributes has their tags.
        let is_vendors = matches!(self.tag, Tag::AttributeValue) || self.tag.is_vendor();
        let table = table.or(is_vendors.then_some(NAMELESS));
        self.parse(ItemType::Enumeration, |value| S::enumeration(value, table))
    }

    fn boolean(&mut self) -> Result<bool> {
        self.parse(ItemType::Boolean, S::boolean)
    }

    fn text(&mut self) -> Result<&str> {
        self.bounded_text(ItemType::TextString)
    }

    fn bytes(&mut self) -> Result<&[u8]> {
        self.hexadecimal(ItemType::ByteString, "byte string length", S::bytes)
    }

    fn date_time(&mut self) -> Result<i64> {
        self.parse(ItemType::DateTime, S::date_time)
    }

    fn interval(&mut self) -> Result<u32> {
        self.parse(ItemType::Interval, S::interval)
    }

    fn date_time_extended(&mut self) -> Result<i64> {
        self.parse(ItemType::DateTimeExtended, S::date_time_extended)
    }

    fn identifier(&mut self) -> Result<(IdentifierKind, &str)> {
        let kind = IdentifierKind::of_item_type(self.kind);
        let Some(kind) = kind else {
            return self.fail(Problem::WrongType { expected: ItemType::TextString, found: self.kind });
        };
        Ok((kind, self.bounded_text(self.kind)?))
    }

    fn tag_value(&mut self) -> Result<Tag> {
        self.parse(ItemType::Enumeration, |value| S::enumeration(value, None)).map(Tag::new)
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
