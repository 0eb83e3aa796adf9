//! TTLV, the binary encoding (KMIP 2.1 §10.1): a bounds-checked slice cursor and a writer into one wiped buffer.

use super::{IdentifierKind, Mark, MessageSource, Sink, Source, Strictness};
use crate::error::{DecodeError, Problem, Result};
use crate::inline::Text;
use crate::limits::Limits;
use crate::registry::{EnumTable, ItemType, Tag};
use crate::secret::WipedBytes;
use crate::version::{V1_0, Version};

/// Bytes of an item's header: tag 3, type 1, length 4.
pub const HEADER: usize = 8;
/// Structures that may be nested, whatever the limits say: the reader's stack is this long.
const MAX_DEPTH: usize = 64;

/// What [`frame`] says about the first bytes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Fewer than 8 bytes: the length is not known yet.
    Incomplete,
    /// A message of this many bytes, header included.
    Message(usize),
}

/// Tells the length of the message that starts at `bytes`, before anything is allocated for it.
///
/// Only a Request Message or a Response Message can start a frame; anything else means that framing is lost.
pub fn frame(bytes: &[u8], limits: &Limits) -> Result<Frame> {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return Ok(Frame::Incomplete);
    };
    let (tag, kind, length) = header_fields(header)?;
    if tag != Tag::RequestMessage && tag != Tag::ResponseMessage {
        return Err(DecodeError::new(Problem::Unexpected, tag));
    }
    if kind != ItemType::Structure {
        return Err(wrong_type(tag, ItemType::Structure, kind));
    }
    match (length as usize).checked_add(HEADER) {
        Some(total) if total <= limits.message_bytes && length % 8 == 0 => Ok(Frame::Message(total)),
        Some(total) if total <= limits.message_bytes => Err(DecodeError::new(Problem::BadLength, tag)),
        _ => Err(DecodeError::new(Problem::Limit("message size"), tag)),
    }
}

/// Splits a header into tag, type and length with nom's big-endian number parsers.
fn header_fields(header: &[u8; HEADER]) -> Result<(Tag, ItemType, u32)> {
    use nom::Parser;
    use nom::number::complete::{be_u8, be_u24, be_u32};
    let parsed: nom::IResult<&[u8], (u32, u8, u32)> = (be_u24, be_u8, be_u32).parse(header.as_slice());
    let (_, (tag, kind, length)) = parsed.map_err(|_| DecodeError::new(Problem::Truncated, Tag::NONE))?;
    Ok((Tag::new(tag), ItemType(u32::from(kind)), length))
}

fn wrong_type(tag: Tag, expected: ItemType, found: ItemType) -> DecodeError {
    DecodeError::new(Problem::WrongType { expected, found }, tag)
}

/// A cursor over the bytes of one message.
pub struct TtlvReader<'a> {
    bytes: &'a [u8],
    /// Where the next header starts, or, after `next`, where the value of the current item starts.
    at: usize,
    /// End of the structure being read.
    end: usize,
    /// Ends of the structures around it.
    stack: [usize; MAX_DEPTH],
    depth: usize,
    tag: Tag,
    kind: u8,
    length: usize,
    items: usize,
    leniencies: usize,
    version: Option<Version>,
    strictness: Strictness,
    limits: Limits,
}

impl<'a> TtlvReader<'a> {
    /// Reads `bytes`, which must be one item and nothing else once [`TtlvReader::finish`] is called.
    pub fn new(bytes: &'a [u8], limits: Limits, strictness: Strictness) -> Self {
        Self {
            bytes,
            at: 0,
            end: bytes.len(),
            stack: [0; MAX_DEPTH],
            depth: 0,
            tag: Tag::NONE,
            kind: 0,
            length: 0,
            items: 0,
            leniencies: 0,
            version: None,
            strictness,
            limits,
        }
    }

    /// Checks that nothing follows.
    pub fn finish(&self) -> Result<()> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(DecodeError::new(Problem::TrailingBytes, Tag::NONE)) }
    }

    fn fail<T>(&self, problem: Problem) -> Result<T> {
        Err(DecodeError::new(problem, self.tag))
    }

    #[inline]
    fn expect(&self, expected: ItemType) -> Result<()> {
        if u32::from(self.kind) == expected.0 {
            return Ok(());
        }
        Err(wrong_type(self.tag, expected, ItemType(u32::from(self.kind))))
    }

    /// Takes a value of fixed length 4 that is padded to 8.
    #[inline]
    fn word(&mut self, expected: ItemType) -> Result<[u8; 4]> {
        self.expect(expected)?;
        if self.length != 4 {
            return self.fail(Problem::BadLength);
        }
        let value: [u8; 8] = self.eight()?;
        let [a, b, c, d, 0, 0, 0, 0] = value else {
            return self.fail(Problem::NonZeroPadding);
        };
        Ok([a, b, c, d])
    }

    /// Takes a value of fixed length 8.
    #[inline]
    fn long(&mut self, expected: ItemType) -> Result<[u8; 8]> {
        self.expect(expected)?;
        if self.length != 8 {
            return self.fail(Problem::BadLength);
        }
        self.eight()
    }

    #[inline]
    fn eight(&mut self) -> Result<[u8; 8]> {
        let rest = self.bytes.get(self.at..self.end).unwrap_or_default();
        let Some(value) = rest.first_chunk::<8>() else {
            return self.fail(Problem::Truncated);
        };
        self.at += 8;
        Ok(*value)
    }

    /// Takes a value of variable length; padding must be zero.
    #[inline]
    fn variable(&mut self, limit: usize, what: &'static str) -> Result<&'a [u8]> {
        if self.length > limit {
            return self.fail(Problem::Limit(what));
        }
        let bytes: &'a [u8] = self.bytes;
        let padded = self.length.next_multiple_of(8);
        let whole = bytes.get(self.at..self.end).and_then(|rest| rest.get(..padded));
        let Some((value, padding)) = whole.and_then(|whole| whole.split_at_checked(self.length)) else {
            return self.fail(Problem::Truncated);
        };
        // The padding is the low end of the last eight bytes.
        let last = whole.and_then(<[u8]>::last_chunk::<8>).map_or(0, |last| u64::from_be_bytes(*last));
        if last & !(u64::MAX << (8 * padding.len())) != 0 {
            return self.fail(Problem::NonZeroPadding);
        }
        self.at += padded;
        Ok(value)
    }

    #[inline]
    fn identifier_kind(&self) -> Result<IdentifierKind> {
        let found = self.item_type();
        IdentifierKind::of_item_type(found).ok_or_else(|| wrong_type(self.tag, ItemType::TextString, found))
    }

    fn text_value(&mut self) -> Result<&'a str> {
        let value = self.variable(self.limits.text_bytes, "text length")?;
        match std::str::from_utf8(value) {
            Ok(text) => Ok(text),
            Err(_) => self.fail(Problem::BadValue("UTF-8 text")),
        }
    }
}

impl MessageSource for TtlvReader<'_> {
    fn version_told(&self) -> Option<Version> {
        self.version
    }

    fn leniencies(&self) -> usize {
        self.leniencies
    }

    fn finish(&self) -> Result<()> {
        Self::finish(self)
    }
}

impl Source for TtlvReader<'_> {
    fn version(&self) -> Version {
        self.version.unwrap_or(V1_0)
    }

    fn set_version(&mut self, version: Version) {
        self.version = Some(version);
    }

    fn room_for_more(&self) -> usize {
        (self.end - self.at) / (HEADER + self.length.next_multiple_of(8))
    }

    fn mark(&self) -> Mark {
        let after = self.at + self.length.next_multiple_of(8);
        let Self { at, end, depth, tag, kind, length, .. } = *self;
        Mark { at, after: after.min(end), end, depth, tag, kind, length }
    }

    fn rewind(&mut self, mark: &Mark) {
        let Mark { at, end, depth, tag, kind, length, .. } = *mark;
        (self.at, self.end, self.depth, self.tag, self.kind, self.length) = (at, end, depth, tag, kind, length);
    }

    fn recover(&mut self, mark: &Mark) {
        self.rewind(mark);
        self.at = mark.after;
    }

    fn strictness(&self) -> Strictness {
        self.strictness
    }

    fn note_leniency(&mut self, _tag: Tag) {
        self.leniencies += 1;
    }

    #[inline]
    fn next(&mut self) -> Result<Tag> {
        if self.at == self.end {
            self.tag = Tag::NONE;
            return Ok(Tag::NONE);
        }
        let rest = self.bytes.get(self.at..self.end).unwrap_or_default();
        let Some(header) = rest.first_chunk::<HEADER>() else {
            self.tag = Tag::NONE;
            return self.fail(Problem::Truncated);
        };
        let word = u64::from_be_bytes(*header);
        self.tag = Tag::new((word >> 40) as u32);
        self.kind = (word >> 32) as u8;
        self.length = (word & u64::from(u32::MAX)) as usize;
        if !self.tag.is_valid() {
            return self.fail(Problem::BadTag);
        }
        if self.length > rest.len() - HEADER {
            let whole = self.end == self.bytes.len() && self.depth <= 1;
            return self.fail(if whole { Problem::Truncated } else { Problem::Overrun });
        }
        self.items += 1;
        if self.items > self.limits.items {
            return self.fail(Problem::Limit("number of items"));
        }
        self.at += HEADER;
        Ok(self.tag)
    }

    #[inline]
    fn item_type(&self) -> ItemType {
        ItemType(u32::from(self.kind))
    }

    #[inline]
    fn enter(&mut self) -> Result<()> {
        self.expect(ItemType::Structure)?;
        if !self.length.is_multiple_of(8) {
            return self.fail(Problem::BadLength);
        }
        if self.depth >= self.limits.depth {
            return self.fail(Problem::Limit("nesting depth"));
        }
        let Some(slot) = self.stack.get_mut(self.depth) else {
            return self.fail(Problem::Limit("nesting depth"));
        };
        *slot = self.end;
        self.depth += 1;
        self.end = self.at + self.length;
        Ok(())
    }

    #[inline]
    fn leave(&mut self) -> Result<()> {
        self.at = self.end;
        let Some(end) = self.depth.checked_sub(1).and_then(|depth| self.stack.get(depth)) else {
            return self.fail(Problem::Unexpected);
        };
        self.end = *end;
        self.depth -= 1;
        Ok(())
    }

    fn skip(&mut self) -> Result<()> {
        let padded = self.length.next_multiple_of(8);
        if self.end - self.at < padded {
            return self.fail(Problem::Overrun);
        }
        self.at += padded;
        Ok(())
    }

    #[inline]
    fn integer(&mut self) -> Result<i32> {
        self.word(ItemType::Integer).map(i32::from_be_bytes)
    }

    fn mask(&mut self, _table: &'static EnumTable) -> Result<u32> {
        self.word(ItemType::Integer).map(u32::from_be_bytes)
    }

    fn long_integer(&mut self) -> Result<i64> {
        self.long(ItemType::LongInteger).map(i64::from_be_bytes)
    }

    fn big_integer(&mut self) -> Result<&[u8]> {
        self.expect(ItemType::BigInteger)?;
        if self.length == 0 || !self.length.is_multiple_of(8) {
            return self.fail(Problem::BadLength);
        }
        self.variable(self.limits.byte_string_bytes, "big integer length")
    }

    #[inline]
    fn enumeration(&mut self, _table: Option<&'static EnumTable>) -> Result<u32> {
        self.word(ItemType::Enumeration).map(u32::from_be_bytes)
    }

    fn boolean(&mut self) -> Result<bool> {
        match u64::from_be_bytes(self.long(ItemType::Boolean)?) {
            0 => Ok(false),
            1 => Ok(true),
            _ => self.fail(Problem::BadValue("0 or 1")),
        }
    }

    #[inline]
    fn text(&mut self) -> Result<&str> {
        self.expect(ItemType::TextString)?;
        self.text_value()
    }

    #[inline]
    fn bytes(&mut self) -> Result<&[u8]> {
        self.expect(ItemType::ByteString)?;
        self.variable(self.limits.byte_string_bytes, "byte string length")
    }

    fn date_time(&mut self) -> Result<i64> {
        self.long(ItemType::DateTime).map(i64::from_be_bytes)
    }

    fn interval(&mut self) -> Result<u32> {
        self.word(ItemType::Interval).map(u32::from_be_bytes)
    }

    fn date_time_extended(&mut self) -> Result<i64> {
        self.long(ItemType::DateTimeExtended).map(i64::from_be_bytes)
    }

    fn identifier(&mut self) -> Result<(IdentifierKind, &str)> {
        let kind = self.identifier_kind()?;
        Ok((kind, self.text_value()?))
    }

    fn short_text(&mut self, into: &mut Text) -> Result<IdentifierKind> {
        let kind = self.identifier_kind()?;
        let value = self.variable(self.limits.text_bytes, "text length")?;
        match into.set_utf8(value) {
            Some(()) => Ok(kind),
            None => self.fail(Problem::BadValue("UTF-8 text")),
        }
    }
}

/// A writer into one buffer that is wiped when dropped.
pub struct TtlvWriter {
    buffer: WipedBytes,
    /// Where the value of the innermost open structure starts; 0 if none is open. Its length field holds the same of the
    /// structure around it until its own length is known, so that no stack is needed.
    open: u32,
    version: Version,
}

impl TtlvWriter {
    /// Writes into a buffer of exactly `capacity` bytes, counted beforehand, so that it never reallocates.
    pub fn with_capacity(version: Version, capacity: usize) -> Self {
        Self { buffer: WipedBytes::with_capacity(capacity), open: 0, version }
    }

    /// What was written.
    pub fn finish(self) -> WipedBytes {
        debug_assert!(self.open == 0, "every begin has its end");
        self.buffer
    }

    #[inline]
    fn header(&mut self, tag: Tag, kind: ItemType, length: usize) {
        let length = u32::try_from(length).expect("invariant: no item of 4 GiB is ever built");
        let word = u64::from(tag.value()) << 40 | u64::from(kind.0 & 0xFF) << 32 | u64::from(length);
        self.buffer.extend_from_slice(&word.to_be_bytes());
    }

    #[inline]
    fn word(&mut self, tag: Tag, kind: ItemType, value: u32) {
        let header = u128::from(tag.value()) << 104 | u128::from(kind.0 & 0xFF) << 96 | 4 << 64;
        self.buffer.extend_from_slice(&(header | u128::from(value) << 32).to_be_bytes());
    }

    #[inline]
    fn long(&mut self, tag: Tag, kind: ItemType, value: u64) {
        let header = u128::from(tag.value()) << 104 | u128::from(kind.0 & 0xFF) << 96 | 8 << 64;
        self.buffer.extend_from_slice(&(header | u128::from(value)).to_be_bytes());
    }

    #[inline]
    fn variable(&mut self, tag: Tag, kind: ItemType, value: &[u8]) {
        self.header(tag, kind, value.len());
        let rest = value.len() % 8;
        let (whole, end) = value.split_at_checked(value.len() - rest).unwrap_or((value, &[]));
        self.buffer.extend_from_slice(whole);
        if rest != 0 {
            self.buffer.extend_from_slice(&last_word(value, end));
        }
    }
}

/// The last bytes of a value, `end`, with zeros after them. Where the value has eight bytes, its last eight are shifted,
/// which costs less than copying a few.
#[inline]
fn last_word(value: &[u8], end: &[u8]) -> [u8; 8] {
    if let Some(eight) = value.last_chunk::<8>() {
        return (u64::from_be_bytes(*eight) << (64 - 8 * end.len())).to_be_bytes();
    }
    let mut word = [0; 8];
    word.iter_mut().zip(end).for_each(|(target, byte)| *target = *byte);
    word
}

impl Sink for TtlvWriter {
    fn version(&self) -> Version {
        self.version
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    #[inline]
    fn begin(&mut self, tag: Tag) {
        self.header(tag, ItemType::Structure, self.open as usize);
        self.open = u32::try_from(self.buffer.len()).expect("invariant: no message of 4 GiB is ever built");
    }

    #[inline]
    fn end(&mut self) {
        let length = self.buffer.len() - self.open as usize;
        let length = u32::try_from(length).expect("invariant: no structure of 4 GiB is ever built");
        let start = self.open as usize;
        let field = self.buffer.get_mut(..start).and_then(<[u8]>::last_chunk_mut::<4>);
        let field = field.expect("invariant: every end has its begin");
        self.open = u32::from_be_bytes(*field);
        *field = length.to_be_bytes();
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.word(tag, ItemType::Integer, value.cast_unsigned());
    }

    fn mask(&mut self, tag: Tag, value: u32, _table: &'static EnumTable) {
        self.word(tag, ItemType::Integer, value);
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.long(tag, ItemType::LongInteger, value.cast_unsigned());
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.variable(tag, ItemType::BigInteger, value);
    }

    fn enumeration(&mut self, tag: Tag, value: u32, _table: Option<&'static EnumTable>) {
        self.word(tag, ItemType::Enumeration, value);
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.long(tag, ItemType::Boolean, u64::from(value));
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.variable(tag, ItemType::TextString, value.as_bytes());
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.variable(tag, ItemType::ByteString, value);
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.long(tag, ItemType::DateTime, value.cast_unsigned());
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.word(tag, ItemType::Interval, value);
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.long(tag, ItemType::DateTimeExtended, value.cast_unsigned());
    }

    fn identifier(&mut self, tag: Tag, kind: IdentifierKind, value: &str) {
        self.variable(tag, kind.item_type(), value.as_bytes());
    }

    fn short_text(&mut self, tag: Tag, kind: IdentifierKind, value: &Text) {
        self.variable(tag, kind.item_type(), value.as_bytes());
    }
}
