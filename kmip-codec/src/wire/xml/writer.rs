//! A writer of XML text into one buffer that is wiped when dropped.

use zeroize::Zeroizing;

use super::text;
use crate::registry::{EnumTable, ItemType, Tag, WireEnum};
use crate::version::Version;
use crate::wire::output::{Layout, Output};
use crate::wire::{IdentifierKind, Sink};

/// Writes XML. As with TTLV, a first pass counts, so that the buffer of the second never moves.
pub struct XmlWriter {
    output: Output,
    /// Tags of the structures that are open.
    open: Vec<Tag>,
    /// Whether the start of the innermost structure still lacks its closing bracket.
    unclosed: bool,
    version: Version,
    layout: Layout,
}

impl XmlWriter {
    /// Counts bytes only.
    pub fn counter(version: Version, layout: Layout) -> Self {
        Self::new(version, layout, Output::Count(0))
    }

    /// Writes into a buffer of `capacity` bytes, counted beforehand.
    pub fn with_capacity(version: Version, layout: Layout, capacity: usize) -> Self {
        Self::new(version, layout, Output::with_capacity(capacity))
    }

    fn new(version: Version, layout: Layout, output: Output) -> Self {
        Self { output, open: Vec::with_capacity(8), unclosed: false, version, layout }
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        self.output.bytes()
    }

    /// What was written; empty if this writer only counts.
    pub fn finish(self) -> Zeroizing<String> {
        debug_assert!(self.open.is_empty(), "every begin has its end");
        self.output.finish()
    }

    fn push(&mut self, text: &str) {
        self.output.push(text);
    }

    /// Starts a line, after the start of the structure around it is complete.
    fn line(&mut self) {
        if std::mem::take(&mut self.unclosed) {
            self.push(">");
            self.new_line();
        }
        if self.layout == Layout::Pretty {
            self.output.indent(self.open.len());
        }
    }

    fn new_line(&mut self) {
        if self.layout == Layout::Pretty {
            self.push("\n");
        }
    }

    /// Writes the name of an element; a tag without a name takes the general form.
    fn name(&mut self, tag: Tag) {
        match tag.xml_name() {
            Some(name) => self.push(name),
            None => self.push(&format!("TTLV tag=\"0x{:06X}\"", tag.value())),
        }
    }

    /// Writes an element that is not a structure.
    fn item(&mut self, tag: Tag, kind: ItemType, value: impl FnOnce(&mut Output)) {
        self.line();
        self.push("<");
        self.name(tag);
        self.push(" type=\"");
        self.push(ItemType::TABLE.row(kind.0).map_or("", |row| row.xml_name));
        self.push("\" value=\"");
        value(&mut self.output);
        self.push("\"/>");
        self.new_line();
    }

    fn plain(&mut self, tag: Tag, kind: ItemType, value: &str) {
        self.item(tag, kind, |output| output.push(value));
    }

    fn hexadecimal(&mut self, tag: Tag, kind: ItemType, value: &[u8]) {
        self.item(tag, kind, |output| output.push_hexadecimal(value));
    }
}

/// What stands for a character that XML would change, or does not allow. One that XML 1.0 cannot hold at all becomes U+FFFD.
fn reference(c: char) -> Option<&'static str> {
    match c {
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '&' => Some("&amp;"),
        '"' => Some("&quot;"),
        '\t' => Some("&#9;"),
        '\n' => Some("&#10;"),
        '\r' => Some("&#13;"),
        _ if !text::is_allowed(c) => Some("\u{FFFD}"),
        _ => None,
    }
}

impl Sink for XmlWriter {
    fn version(&self) -> Version {
        self.version
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    fn begin(&mut self, tag: Tag) {
        self.line();
        self.push("<");
        self.name(tag);
        self.open.push(tag);
        self.unclosed = true;
    }

    fn end(&mut self) {
        let tag = self.open.pop().expect("invariant: every end has its begin");
        if std::mem::take(&mut self.unclosed) {
            self.push("/>");
        } else {
            self.line();
            self.push("</");
            self.push(tag.xml_name().unwrap_or("TTLV"));
            self.push(">");
        }
        self.new_line();
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.plain(tag, ItemType::Integer, &value.to_string());
    }

    fn mask(&mut self, tag: Tag, value: u32, table: &'static EnumTable) {
        let value = text::write_mask(value, table, self.version);
        self.plain(tag, ItemType::Integer, &value);
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.plain(tag, ItemType::LongInteger, &value.to_string());
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.hexadecimal(tag, ItemType::BigInteger, value);
    }

    fn enumeration(&mut self, tag: Tag, value: u32, table: Option<&'static EnumTable>) {
        let value = text::write_enumeration(value, table, self.version);
        self.plain(tag, ItemType::Enumeration, &value);
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.plain(tag, ItemType::Boolean, if value { "true" } else { "false" });
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.item(tag, ItemType::TextString, |output| output.push_escaped(value, reference));
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.hexadecimal(tag, ItemType::ByteString, value);
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.plain(tag, ItemType::DateTime, &text::write_date_time(value));
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.plain(tag, ItemType::Interval, &value.to_string());
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.plain(tag, ItemType::DateTimeExtended, &text::write_date_time_extended(value));
    }

    fn identifier(&mut self, tag: Tag, kind: IdentifierKind, value: &str) {
        self.item(tag, kind.item_type(), |output| output.push_escaped(value, reference));
    }

    fn tag_value(&mut self, tag: Tag, value: Tag) {
        match value.xml_name() {
            Some(name) => self.plain(tag, ItemType::Enumeration, name),
            None => self.plain(tag, ItemType::Enumeration, &format!("0x{:08x}", value.value())),
        }
    }
}
