//! How a Rust type becomes an item: values, values that depend on an earlier field, choices by tag, and fields of structures.

use crate::error::{DecodeError, Problem, Result};
use crate::inline::{InlineBytes, Text};
use crate::registry::{ItemType, Tag, WireEnum};
use crate::secret::{Secret, SecretText};
use crate::version::Version;
use crate::wire::{IdentifierKind, Sink, Source, Strictness};

/// A type that is one item.
pub trait Value: Sized {
    /// Writes the item under `tag`.
    fn put(&self, tag: Tag, sink: &mut dyn Sink);
    /// Takes the item whose tag the source has just told.
    fn take(source: &mut dyn Source) -> Result<Self>;
    /// Takes all items that follow one another under `tag`, and moves `next` on.
    fn take_list(tag: Tag, next: &mut Tag, source: &mut dyn Source) -> Result<Vec<Self>> {
        let mut list = Vec::new();
        while *next == tag {
            list.push(Self::take(source)?);
            *next = source.next()?;
        }
        Ok(list)
    }
}

/// A type that is one item whose layout depends on an earlier field.
pub trait ValueBy: Sized {
    /// The earlier field.
    type By: Clone;
    /// Writes the item under `tag`.
    fn put_by(&self, tag: Tag, sink: &mut dyn Sink);
    /// Takes the item whose tag the source has just told.
    fn take_by(by: Self::By, source: &mut dyn Source) -> Result<Self>;
}

/// One of several items, told apart by their tags.
pub trait Choice: Sized {
    /// Writes the item under its own tag.
    fn put_choice(&self, sink: &mut dyn Sink);
    /// The tags of the choice.
    const TAGS: &'static [Tag];
    /// Whether `tag` is one of the choice.
    fn offers(tag: Tag) -> bool {
        Self::TAGS.contains(&tag)
    }
    /// Takes the item with this tag.
    fn take_choice(tag: Tag, source: &mut dyn Source) -> Result<Self>;
}

/// A field of a structure: exactly one value, an optional one, or any number of them.
pub trait Field: Sized {
    /// Whether anything is there to write.
    fn is_present(&self) -> bool;
    /// Writes the field.
    fn put_field(&self, tag: Tag, sink: &mut dyn Sink);
    /// Takes the field if `next` is its tag, and moves `next` on.
    fn take_field(tag: Tag, next: &mut Tag, source: &mut dyn Source) -> Result<Self>;
}

impl<T: Value> Field for T {
    fn is_present(&self) -> bool {
        true
    }
    #[inline]
    fn put_field(&self, tag: Tag, sink: &mut dyn Sink) {
        self.put(tag, sink);
    }
    #[inline]
    fn take_field(tag: Tag, next: &mut Tag, source: &mut dyn Source) -> Result<Self> {
        if *next != tag {
            return Err(DecodeError::new(Problem::Missing, tag));
        }
        let value = T::take(source)?;
        *next = source.next()?;
        Ok(value)
    }
}

impl<T: Value> Field for Option<T> {
    fn is_present(&self) -> bool {
        self.is_some()
    }
    #[inline]
    fn put_field(&self, tag: Tag, sink: &mut dyn Sink) {
        if let Some(value) = self {
            value.put(tag, sink);
        }
    }
    #[inline]
    fn take_field(tag: Tag, next: &mut Tag, source: &mut dyn Source) -> Result<Self> {
        if *next != tag {
            return Ok(None);
        }
        let value = T::take(source)?;
        *next = source.next()?;
        Ok(Some(value))
    }
}

impl<T: Value> Field for Vec<T> {
    fn is_present(&self) -> bool {
        !self.is_empty()
    }
    fn put_field(&self, tag: Tag, sink: &mut dyn Sink) {
        self.iter().for_each(|value| value.put(tag, sink));
    }
    fn take_field(tag: Tag, next: &mut Tag, source: &mut dyn Source) -> Result<Self> {
        T::take_list(tag, next, source)
    }
}

/// A field whose layout depends on an earlier field.
pub trait FieldBy: Sized {
    /// The earlier field.
    type By: Clone;
    /// Whether anything is there to write.
    fn is_present(&self) -> bool;
    /// Writes the field.
    fn put_field_by(&self, tag: Tag, sink: &mut dyn Sink);
    /// Takes the field if `next` is its tag, and moves `next` on.
    fn take_field_by(tag: Tag, by: Self::By, next: &mut Tag, source: &mut dyn Source) -> Result<Self>;
}

impl<T: ValueBy> FieldBy for T {
    type By = T::By;
    fn is_present(&self) -> bool {
        true
    }
    fn put_field_by(&self, tag: Tag, sink: &mut dyn Sink) {
        self.put_by(tag, sink);
    }
    fn take_field_by(tag: Tag, by: T::By, next: &mut Tag, source: &mut dyn Source) -> Result<Self> {
        if *next != tag {
            return Err(DecodeError::new(Problem::Missing, tag));
        }
        let value = T::take_by(by, source)?;
        *next = source.next()?;
        Ok(value)
    }
}

impl<T: ValueBy> FieldBy for Option<T> {
    type By = T::By;
    fn is_present(&self) -> bool {
        self.is_some()
    }
    fn put_field_by(&self, tag: Tag, sink: &mut dyn Sink) {
        if let Some(value) = self {
            value.put_by(tag, sink);
        }
    }
    fn take_field_by(tag: Tag, by: T::By, next: &mut Tag, source: &mut dyn Source) -> Result<Self> {
        if *next == tag { T::take_field_by(tag, by, next, source).map(Some) } else { Ok(None) }
    }
}

/// A field that is a choice by tag.
pub trait ChoiceField: Sized {
    /// The tags of the choice.
    const TAGS: &'static [Tag];
    /// Whether anything is there to write.
    fn is_present(&self) -> bool;
    /// Writes the field.
    fn put_choice_field(&self, sink: &mut dyn Sink);
    /// Takes the field if `next` is one of its tags, and moves `next` on.
    fn take_choice_field(next: &mut Tag, source: &mut dyn Source) -> Result<Self>;
}

impl<T: Choice> ChoiceField for T {
    const TAGS: &'static [Tag] = T::TAGS;
    fn is_present(&self) -> bool {
        true
    }
    fn put_choice_field(&self, sink: &mut dyn Sink) {
        self.put_choice(sink);
    }
    fn take_choice_field(next: &mut Tag, source: &mut dyn Source) -> Result<Self> {
        if !T::offers(*next) {
            let problem = if *next == Tag::NONE { Problem::MissingChoice } else { Problem::Unexpected };
            return Err(DecodeError::new(problem, *next));
        }
        let value = T::take_choice(*next, source)?;
        *next = source.next()?;
        Ok(value)
    }
}

impl<T: Choice> ChoiceField for Option<T> {
    const TAGS: &'static [Tag] = T::TAGS;
    fn is_present(&self) -> bool {
        self.is_some()
    }
    fn put_choice_field(&self, sink: &mut dyn Sink) {
        if let Some(value) = self {
            value.put_choice(sink);
        }
    }
    fn take_choice_field(next: &mut Tag, source: &mut dyn Source) -> Result<Self> {
        if T::offers(*next) { T::take_choice_field(next, source).map(Some) } else { Ok(None) }
    }
}

/// Decides about a field whose tag has come although this version does not have it.
pub(crate) fn foreign_field(tag: Tag, source: &mut dyn Source) -> Result<()> {
    match source.strictness() {
        Strictness::Strict => Err(DecodeError::new(Problem::OtherVersion, tag)),
        Strictness::Lenient => {
            source.note_leniency(tag);
            Ok(())
        }
    }
}

/// The error for a tag that a structure cannot take: a duplicate of a field that is `present`, a field in the wrong
/// place, or a stranger.
pub(crate) fn unexpected_field(tag: Tag, fields: &[FieldRow], present: &[bool]) -> DecodeError {
    let known = fields.iter().zip(present).find(|(row, _)| row.tags.contains(&tag));
    let problem = match known {
        Some((_, true)) => Problem::Duplicate,
        Some((_, false)) => Problem::Misplaced,
        None => Problem::Unexpected,
    };
    DecodeError::new(problem, tag)
}

/// The error for a field of `S` that this version requires.
pub(crate) fn missing_field<S: Structure>(field: &str, version: Version) -> DecodeError {
    let row = S::FIELDS.iter().find(|row| row.field == field);
    match row.and_then(|row| row.tags_in(version)) {
        Some([tag]) => DecodeError::new(Problem::Missing, *tag),
        Some([_, ..]) => DecodeError::new(Problem::MissingChoice, Tag::NONE),
        Some([]) | None => DecodeError::new(Problem::Missing, Tag::NONE),
    }
}

/// What a structure is made of, for comparison with the specification's tables.
pub trait Structure {
    /// Name in the specification.
    const NAME: &'static str;
    /// Fields in order.
    const FIELDS: &'static [FieldRow];
}

/// One field of a structure.
#[derive(Debug)]
pub struct FieldRow {
    /// Name of the Rust field.
    pub field: &'static str,
    /// Tags that can carry it; empty for whatever is left.
    pub tags: &'static [Tag],
    /// First version, if not the structure's own.
    pub since: Option<Version>,
    /// Last version, if not the structure's own.
    pub until: Option<Version>,
    /// The version from which the last of the tags carries it, and no longer the first.
    pub moves: Option<Version>,
    /// The version from which an optional field is required.
    pub required: Option<Version>,
    /// Whether it is a link to an object, which is no Identifier in 3.0.
    pub refers: bool,
    /// The Rust type as written.
    pub rust_type: &'static str,
}

impl FieldRow {
    /// A field that every version of its structure has, under one tag.
    pub(crate) const fn plain(field: &'static str, tags: &'static [Tag], rust_type: &'static str) -> Self {
        Self { field, tags, since: None, until: None, moves: None, required: None, refers: false, rust_type }
    }

    /// The tags that carry the field in `version`; `None` if that version does not have it.
    pub fn tags_in(&self, version: Version) -> Option<&'static [Tag]> {
        let live = self.since.is_none_or(|since| since <= version) && self.until.is_none_or(|until| version <= until);
        let carriers = match (self.moves, self.tags) {
            (Some(moves), [first, ..]) if version < moves => std::slice::from_ref(first),
            (Some(_), [.., last]) => std::slice::from_ref(last),
            (_, tags) => tags,
        };
        live.then_some(carriers)
    }
}

impl<T: Value> Value for Box<T> {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        (**self).put(tag, sink);
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        T::take(source).map(Box::new)
    }
}

impl Value for i32 {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.integer(tag, *self);
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.integer()
    }
}

impl Value for i64 {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.long_integer(tag, *self);
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.long_integer()
    }
}

impl Value for bool {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.boolean(tag, *self);
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.boolean()
    }
}

impl Value for Text {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.short_text(tag, IdentifierKind::Text, self);
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.text().map(Text::new)
    }
}

/// A Byte String.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteString(pub InlineBytes);

impl ByteString {
    /// Copies `bytes`.
    pub fn new(bytes: &[u8]) -> Self {
        Self(InlineBytes::new(bytes))
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl std::fmt::Debug for ByteString {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Value for ByteString {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.bytes(tag, self.as_slice());
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.bytes().map(ByteString::new)
    }
}

impl Value for Secret {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.secret_bytes(tag, self.expose_secret());
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.bytes().map(Secret::copy_from)
    }
}

impl Value for SecretText {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.secret_text(tag, self.expose_secret());
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.text().map(SecretText::copy_from)
    }
}

/// A Big Integer that is public: two's complement, a positive multiple of 8 bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BigInteger(ByteString);

impl BigInteger {
    /// The number whose big-endian magnitude is `bytes`.
    pub fn from_unsigned(bytes: &[u8]) -> Self {
        Self(ByteString::new(&pad_unsigned(bytes)))
    }

    /// Two's complement bytes, as on the wire.
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The big-endian magnitude without leading zeros; `None` for a negative number.
    pub fn to_unsigned(&self) -> Option<&[u8]> {
        unsigned(self.as_slice())
    }
}

impl Value for BigInteger {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.big_integer(tag, self.as_slice());
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.big_integer().map(|bytes| Self(ByteString::new(bytes)))
    }
}

/// A Big Integer that is secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SecretInteger(Secret);

impl SecretInteger {
    /// The number whose big-endian magnitude is `bytes`.
    pub fn from_unsigned(bytes: &[u8]) -> Self {
        Self(Secret::from_zeroizing(pad_unsigned(bytes)))
    }

    /// The big-endian magnitude without leading zeros; `None` for a negative number.
    pub fn expose_unsigned(&self) -> Option<&[u8]> {
        unsigned(self.0.expose_secret())
    }
}

impl Value for SecretInteger {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.secret_big_integer(tag, self.0.expose_secret());
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.big_integer().map(|bytes| Self(Secret::copy_from(bytes)))
    }
}

/// Sign-extends a magnitude to a positive multiple of 8 bytes (KMIP 2.1 §10.1.4): a set top bit needs 8 more zero bytes.
fn pad_unsigned(magnitude: &[u8]) -> zeroize::Zeroizing<Vec<u8>> {
    let start = magnitude.iter().position(|byte| *byte != 0).unwrap_or(magnitude.len());
    let digits = magnitude.get(start..).unwrap_or_default();
    let length = (digits.len() + usize::from(digits.first().is_none_or(|top| top & 0x80 != 0))).next_multiple_of(8);
    let mut bytes = zeroize::Zeroizing::new(vec![0; length - digits.len()]);
    bytes.reserve_exact(digits.len());
    bytes.extend_from_slice(digits);
    bytes
}

fn unsigned(bytes: &[u8]) -> Option<&[u8]> {
    if bytes.first().is_some_and(|top| top & 0x80 != 0) {
        return None;
    }
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    bytes.get(start..)
}

/// A Date-Time: seconds since 1970-01-01T00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(pub i64);

impl Value for DateTime {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.date_time(tag, self.0);
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.date_time().map(DateTime)
    }
}

/// A Date-Time Extended: microseconds since 1970-01-01T00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTimeExtended(pub i64);

impl Value for DateTimeExtended {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.date_time_extended(tag, self.0);
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.date_time_extended().map(DateTimeExtended)
    }
}

/// An Interval: seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval(pub u32);

impl Value for Interval {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.interval(tag, self.0);
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.interval().map(Interval)
    }
}

/// Writes a value of a registry: an enumeration, or a mask as an Integer.
pub(crate) fn put_enum<E: WireEnum>(value: E, tag: Tag, sink: &mut dyn Sink) {
    if E::TABLE.is_mask {
        sink.mask(tag, value.to_wire(), E::TABLE);
    } else {
        sink.enumeration(tag, value.to_wire(), Some(E::TABLE));
    }
}

/// Takes a value of a registry.
pub(crate) fn take_enum<E: WireEnum>(source: &mut dyn Source) -> Result<E> {
    let value = if E::TABLE.is_mask { source.mask(E::TABLE) } else { source.enumeration(Some(E::TABLE)) };
    value.map(E::from_wire)
}

/// A tag as a value: an enumeration that names an attribute (2.x Attribute Reference, Extension Tag).
impl Value for Tag {
    fn put(&self, tag: Tag, sink: &mut dyn Sink) {
        sink.tag_value(tag, *self);
    }
    fn take(source: &mut dyn Source) -> Result<Self> {
        source.tag_value()
    }
}

/// A type mismatch at the current item.
pub(crate) fn wrong_type<T>(tag: Tag, expected: ItemType, found: ItemType) -> Result<T> {
    Err(DecodeError::new(Problem::WrongType { expected, found }, tag))
}
