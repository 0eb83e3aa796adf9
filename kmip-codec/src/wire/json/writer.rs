//! A writer of JSON text into one buffer that is wiped when dropped.
//!
//! It spells as the published messages do (§5): names where there are some, numbers in hexadecimal, structures without a type.

use zeroize::Zeroizing;

use crate::registry::{EnumTable, ItemType, Tag, WireEnum};
use crate::version::Version;
use crate::wire::output::{Layout, Output};
use crate::wire::xml::text;
use crate::wire::{IdentifierKind, Sink};

/// Writes JSON. As with TTLV, a first pass counts, so that the buffer of the second never moves.
pub struct JsonWriter {
    output: Output,
    /// Structures that are open.
    open: usize,
    /// Whether nothing stands in the innermost structure yet.
    first: bool,
    version: Version,
    layout: Layout,
}

impl JsonWriter {
    /// Counts bytes only.
    pub fn counter(version: Version, layout: Layout) -> Self {
        Self::new(version, layout, Output::Count(0))
    }

    /// Writes into a buffer of `capacity` bytes, counted beforehand.
    pub fn with_capacity(version: Version, layout: Layout, capacity: usize) -> Self {
        Self::new(version, layout, Output::with_capacity(capacity))
    }

    fn new(version: Version, layout: Layout, output: Output) -> Self {
        Self { output, open: 0, first: true, version, layout }
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        self.output.bytes()
    }

    /// What was written; empty if this writer only counts.
    pub fn finish(self) -> Zeroizing<String> {
        debug_assert!(self.open == 0, "every begin has its end");
        self.output.finish()
    }

    fn line(&mut self) {
        if self.layout == Layout::Pretty && self.open > 0 {
            self.output.push("\n");
            self.output.indent(self.open);
        }
    }

    /// Begins an object, up to the name of its tag.
    fn object(&mut self, tag: Tag) {
        if !std::mem::replace(&mut self.first, false) {
            self.output.push(",");
        }
        self.line();
        self.output.push("{\"tag\":\"");
        match tag.xml_name() {
            Some(name) => self.output.push(name),
            None => self.output.push(&format!("0x{:06X}", tag.value())),
        }
        self.output.push("\",");
        self.space();
    }

    fn space(&mut self) {
        if self.layout == Layout::Pretty {
            self.output.push(" ");
        }
    }

    /// Writes an item that is not a structure.
    fn item(&mut self, tag: Tag, kind: ItemType, value: impl FnOnce(&mut Output)) {
        self.object(tag);
        self.output.push("\"type\":\"");
        self.output.push(ItemType::TABLE.row(kind.0).map_or("", |row| row.xml_name));
        self.output.push("\",");
        self.space();
        self.output.push("\"value\":");
        value(&mut self.output);
        self.output.push("}");
    }

    fn quoted(&mut self, tag: Tag, kind: ItemType, value: impl FnOnce(&mut Output)) {
        self.item(tag, kind, |output| {
            output.push("\"");
            value(output);
            output.push("\"");
        });
    }

    fn plain(&mut self, tag: Tag, kind: ItemType, value: &str) {
        self.quoted(tag, kind, |output| output.push(value));
    }

    fn word(&mut self, tag: Tag, kind: ItemType, value: u32) {
        self.plain(tag, kind, &format!("0x{value:08x}"));
    }
}

/// The control characters that have no short escape.
const ESCAPED: [&str; 32] = [
    "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007", "\\b", "\\t", "\\n",
    "\\u000b", "\\f", "\\r", "\\u000e", "\\u000f", "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014", "\\u0015",
    "\\u0016", "\\u0017", "\\u0018", "\\u0019", "\\u001a", "\\u001b", "\\u001c", "\\u001d", "\\u001e", "\\u001f",
];

/// What stands for a character that JSON does not allow in a string.
fn escape(c: char) -> Option<&'static str> {
    match c {
        '"' => Some("\\\""),
        '\\' => Some("\\\\"),
        _ => ESCAPED.get(c as usize).copied(),
    }
}

impl Sink for JsonWriter {
    fn version(&self) -> Version {
        self.version
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    fn begin(&mut self, tag: Tag) {
        self.object(tag);
        self.output.push("\"value\":[");
        self.open += 1;
        self.first = true;
    }

    fn end(&mut self) {
        self.open = self.open.checked_sub(1).expect("invariant: every end has its begin");
        if !std::mem::replace(&mut self.first, false) && self.layout == Layout::Pretty {
            self.output.push("\n");
            self.output.indent(self.open);
        }
        self.output.push("]}");
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.word(tag, ItemType::Integer, value.cast_unsigned());
    }

    fn mask(&mut self, tag: Tag, value: u32, table: &'static EnumTable) {
        if value == 0 {
            return self.word(tag, ItemType::Integer, 0);
        }
        let parts = text::mask_parts(value, table, self.version);
        self.plain(tag, ItemType::Integer, &parts.join("|"));
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.plain(tag, ItemType::LongInteger, &format!("0x{value:016x}"));
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.quoted(tag, ItemType::BigInteger, |output| {
            output.push("0x");
            output.push_hexadecimal(value);
        });
    }

    fn enumeration(&mut self, tag: Tag, value: u32, table: Option<&'static EnumTable>) {
        let value = text::write_enumeration(value, table, self.version);
        self.plain(tag, ItemType::Enumeration, &value);
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.item(tag, ItemType::Boolean, |output| output.push(if value { "true" } else { "false" }));
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.quoted(tag, ItemType::TextString, |output| output.push_escaped(value, escape));
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.quoted(tag, ItemType::ByteString, |output| output.push_hexadecimal(value));
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.plain(tag, ItemType::DateTime, &text::write_date_time(value));
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.word(tag, ItemType::Interval, value);
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.plain(tag, ItemType::DateTimeExtended, &text::write_date_time_extended(value));
    }

    fn identifier(&mut self, tag: Tag, kind: IdentifierKind, value: &str) {
        self.quoted(tag, kind.item_type(), |output| output.push_escaped(value, escape));
    }

    fn tag_value(&mut self, tag: Tag, value: Tag) {
        match value.xml_name() {
            Some(name) => self.plain(tag, ItemType::Enumeration, name),
            None => self.word(tag, ItemType::Enumeration, value.value()),
        }
    }
}
