//! JSON text as a list of items, and the messages of a file.
//!
//! A tokenizer of our own, because values are keys: it unescapes into the one buffer that is wiped, and nests no deeper than
//! the limits allow. An object has the properties of §4.1.6 in any order, each once, and no others.

use super::Json;
use crate::error::{DecodeError, Problem, Result};
use crate::limits::Limits;
use crate::registry::{ItemType, Tag};
use crate::wire::elements::{Builder, Element, Form, Tree, item_type, syntax};
use crate::wire::xml::text;

const STRUCTURE: &str = "the value of a Structure is an array of items";

impl Tree<Json> {
    /// Reads one item.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self> {
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let mut parser = Parser { text, at: 0, builder: Builder::new(text, limits)? };
        parser.object()?;
        parser.skip_blanks();
        if parser.at < text.len() {
            return Err(DecodeError::new(Problem::TrailingBytes, Tag::NONE));
        }
        parser.builder.finish()
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    builder: Builder<'a>,
}

/// The properties of an object so far.
#[derive(Default)]
struct Given {
    tag: bool,
    name: bool,
    item_type: bool,
    value: Option<Value>,
}

/// What a value is, beyond its text.
#[derive(PartialEq, Eq)]
enum Value {
    Items,
    Null,
    Scalar,
}

impl Parser<'_> {
    fn fail<T>(&self, what: &'static str) -> Result<T> {
        if self.at >= self.text.len() {
            return Err(DecodeError::new(Problem::Truncated, self.builder.innermost()));
        }
        syntax(what, self.builder.innermost())
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| is_blank(**byte)).count();
    }

    /// Takes a sign of the grammar, with what is blank before it.
    fn accept(&mut self, sign: u8) -> bool {
        self.skip_blanks();
        let found = self.peek() == Some(sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: u8, what: &'static str) -> Result<()> {
        if self.accept(sign) { Ok(()) } else { self.fail(what) }
    }

    /// Takes an item. It calls itself through [`Parser::items`], as deeply as the builder opens items.
    fn object(&mut self) -> Result<()> {
        self.expect(b'{', "an item is an object")?;
        self.builder.open(Element::new(Tag::NONE, ItemType::Structure))?;
        let mut given = Given::default();
        if !self.accept(b'}') {
            loop {
                self.property(&mut given)?;
                if !self.accept(b',') {
                    break;
                }
            }
            self.expect(b'}', "a comma or a closing brace is missing")?;
        }
        self.check(&given)?;
        self.builder.close();
        Ok(())
    }

    fn property(&mut self, given: &mut Given) -> Result<()> {
        let name = self.string()?;
        let property = Property::of(self.builder.kept(name));
        self.builder.forget(name);
        self.expect(b':', "a colon is missing after the name of a property")?;
        match property {
            Some(Property::Tag) if !std::mem::replace(&mut given.tag, true) => {
                let start = self.string()?;
                let tag = text::tag(self.builder.kept(start)).unwrap_or(Tag::NONE);
                self.builder.forget(start);
                self.builder.change(|element| element.tag = tag);
            }
            Some(Property::Type) if !std::mem::replace(&mut given.item_type, true) => {
                let start = self.string()?;
                let item_type = item_type(self.builder.kept(start));
                self.builder.forget(start);
                self.builder.change(|element| element.item_type = item_type);
            }
            Some(Property::Name) if !std::mem::replace(&mut given.name, true) => {
                let start = self.string()?;
                self.builder.forget(start);
            }
            Some(Property::Value) if given.value.is_none() => given.value = Some(self.value()?),
            Some(_) => return self.fail("a property is given twice"),
            None => return self.fail("a property that KMIP does not have: tag, name, type and value are known"),
        }
        Ok(())
    }

    /// Whether the properties of an object fit together. A type that is none of KMIP is left to the reader.
    fn check(&self, given: &Given) -> Result<()> {
        let item_type = self.builder.parent().map_or(ItemType(0), |element| element.item_type);
        match given.value {
            _ if !given.tag => self.fail("an item has no tag"),
            Some(Value::Scalar) if item_type == ItemType::Structure => self.fail(STRUCTURE),
            Some(Value::Items) if item_type != ItemType::Structure && item_type != ItemType(0) => {
                self.fail("only a Structure has an array of items")
            }
            _ => Ok(()),
        }
    }

    fn value(&mut self) -> Result<Value> {
        self.skip_blanks();
        match self.peek() {
            Some(b'[') => self.items().map(|()| Value::Items),
            Some(b'"') => {
                let start = self.string()?;
                self.hold(start, Form::Text);
                Ok(Value::Scalar)
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn items(&mut self) -> Result<()> {
        self.expect(b'[', STRUCTURE)?;
        if self.accept(b']') {
            return Ok(());
        }
        loop {
            self.object()?;
            if !self.accept(b',') {
                return self.expect(b']', "a comma or a closing bracket is missing");
            }
        }
    }

    /// Makes what was kept from `start` on the value of the item that is open.
    fn hold(&mut self, start: usize, form: Form) {
        let end = start + self.builder.kept(start).len();
        self.builder.change(|element| (element.value, element.form) = (Some(start..end), form));
    }

    /// The grammar of JSON numbers. Those with a fraction or an exponent are no value of KMIP, which a reader tells.
    fn number(&mut self) -> Result<Value> {
        let is_part = |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
        let rest = self.text.get(self.at..).unwrap_or_default();
        let number = rest.get(..rest.as_bytes().iter().take_while(is_part).count()).unwrap_or_default();
        let magnitude = number.strip_prefix('-').unwrap_or(number);
        let digits = magnitude.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || (digits > 1 && magnitude.starts_with('0')) {
            return self.fail("a malformed number");
        }
        let start = self.builder.keep(number);
        self.hold(start, Form::Number);
        self.at += number.len();
        Ok(Value::Scalar)
    }

    fn word(&mut self) -> Result<Value> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(word) = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word)) else {
            return self.fail("a value is a string, a number, true, false, null, or an array of items");
        };
        self.at += word.len();
        if word == "null" {
            return Ok(Value::Null);
        }
        let start = self.builder.keep(word);
        self.hold(start, Form::Word);
        Ok(Value::Scalar)
    }

    /// Takes a string and keeps its text unescaped; the answer tells where it begins.
    fn string(&mut self) -> Result<usize> {
        self.expect(b'"', "a string is missing")?;
        let start = self.builder.keep("");
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len());
            self.builder.keep(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => self.escape()?,
                _ => return self.fail("a control character in a string must be escaped"),
            }
        }
        self.at += 1;
        Ok(start)
    }

    fn escape(&mut self) -> Result<()> {
        self.at += 1;
        let plain = match self.peek() {
            Some(b'"') => "\"",
            Some(b'\\') => "\\",
            Some(b'/') => "/",
            Some(b'b') => "\u{8}",
            Some(b'f') => "\u{C}",
            Some(b'n') => "\n",
            Some(b'r') => "\r",
            Some(b't') => "\t",
            Some(b'u') => return self.unicode(),
            _ => return self.fail("an escape that JSON does not have"),
        };
        self.at += 1;
        self.builder.keep(plain);
        Ok(())
    }

    /// `uXXXX`, and the second half of a surrogate pair.
    fn unicode(&mut self) -> Result<()> {
        let first = self.code_unit()?;
        let mut units = [first, 0];
        let mut count = 1;
        if matches!(first, 0xD800..0xDC00) && self.peek() == Some(b'\\') {
            self.at += 1;
            units = [first, self.code_unit()?];
            count = 2;
        }
        let mut decoded = char::decode_utf16(units.into_iter().take(count));
        let (Some(Ok(c)), None) = (decoded.next(), decoded.next()) else {
            return self.fail("half of a surrogate pair");
        };
        self.builder.keep(c.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    fn code_unit(&mut self) -> Result<u16> {
        let digits = self.text.get(self.at..).and_then(|rest| rest.strip_prefix('u')).and_then(|rest| rest.get(..4));
        let digits = digits.filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) else {
            return self.fail("an escape needs u and four hexadecimal digits");
        };
        self.at += 5;
        Ok(unit)
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A property of an item.
enum Property {
    Tag,
    Name,
    Type,
    Value,
}

impl Property {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "tag" => Self::Tag,
            "name" => Self::Name,
            "type" => Self::Type,
            "value" => Self::Value,
            _ => return None,
        })
    }
}

/// A message of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonMessage<'a> {
    /// Request Message or Response Message.
    pub tag: Tag,
    /// The text of the object.
    pub text: &'a str,
}

/// The messages of a file in order: objects one after the other, or in an array.
pub fn messages<'a>(document: &'a str, limits: &Limits) -> Result<Vec<JsonMessage<'a>>> {
    let mut rest = document.trim_start_matches('\u{FEFF}');
    let mut messages = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '[' | ']' | ','));
        if rest.is_empty() {
            return Ok(messages);
        }
        let Some((text, after)) = object_end(rest).and_then(|end| rest.split_at_checked(end)) else {
            return syntax("a message is an object", Tag::NONE);
        };
        let tag = Tree::<Json>::parse(text, limits)?.root().tag();
        if tag != Tag::RequestMessage && tag != Tag::ResponseMessage {
            return syntax("an object that is no message", tag);
        }
        messages.push(JsonMessage { tag, text });
        rest = after;
    }
}

/// Where the object ends with which a text begins.
fn object_end(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' => depth += 1,
            b'}' => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {}
        }
        if depth == 0 && !quoted {
            return Some(at + 1);
        }
    }
    None
}
