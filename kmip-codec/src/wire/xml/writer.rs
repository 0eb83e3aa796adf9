//! A writer of XML text into one buffer that is wiped when dropped.

use zeroize::Zeroizing;

use super::text;
use crate::registry::{EnumTable, ItemType, Tag, WireEnum};
use crate::version::Version;
use crate::wire::{IdentifierKind, Sink};

/// How the text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Without white space, for the wire.
    Compact,
    /// One element a line, indented by two spaces, for people.
    Pretty,
}

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

enum Output {
    Count(usize),
    Text(Zeroizing<String>),
}

impl Output {
    fn push(&mut self, text: &str) {
        match self {
            Self::Count(bytes) => *bytes += text.len(),
            Self::Text(buffer) => buffer.push_str(text),
        }
    }
}

impl XmlWriter {
    /// Counts bytes only.
    pub fn counter(version: Version, layout: Layout) -> Self {
        Self::new(version, layout, Output::Count(0))
    }

    /// Writes into a buffer of `capacity` bytes, counted beforehand.
    pub fn with_capacity(version: Version, layout: Layout, capacity: usize) -> Self {
        Self::new(version, layout, Output::Text(Zeroizing::new(String::with_capacity(capacity))))
    }

    fn new(version: Version, layout: Layout, output: Output) -> Self {
        Self { output, open: Vec::with_capacity(8), unclosed: false, version, layout }
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        match &self.output {
            Output::Count(bytes) => *bytes,
            Output::Text(text) => text.len(),
        }
    }

    /// What was written; empty if this writer only counts.
    pub fn finish(self) -> Zeroizing<String> {
        debug_assert!(self.open.is_empty(), "every begin has its end");
        match self.output {
            Output::Count(_) => Zeroizing::default(),
            Output::Text(text) => text,
        }
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
            (0..self.open.len()).for_each(|_| self.output.push("  "));
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
        self.item(tag, kind, |output| value.iter().for_each(|byte| output.push(HEX_PAIRS.pair(*byte))));
    }
}

/// The two digits of every byte, so that no number formatting leaves a secret behind.
struct HexPairs([u8; 512]);

static HEX_PAIRS: HexPairs = HexPairs::new();

impl HexPairs {
    const fn new() -> Self {
        let digits = *b"0123456789abcdef";
        let mut pairs = [0; 512];
        let mut byte = 0;
        while byte < 256 {
            pairs[2 * byte] = digits[byte >> 4];
            pairs[2 * byte + 1] = digits[byte & 15];
            byte += 1;
        }
        Self(pairs)
    }

    fn pair(&self, byte: u8) -> &str {
        let start = 2 * usize::from(byte);
        self.0.get(start..start + 2).and_then(|pair| std::str::from_utf8(pair).ok()).unwrap_or_default()
    }
}

/// Writes text with what XML would change, or does not allow, replaced. A character that XML 1.0 cannot hold at all
/// becomes U+FFFD.
fn escape(value: &str, output: &mut Output) {
    let mut rest = value;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| reference(*c).is_some()) {
        let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
        output.push(before);
        output.push(reference(c).unwrap_or_default());
        rest = after.get(c.len_utf8()..).unwrap_or_default();
    }
    output.push(rest);
}

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
        self.item(tag, ItemType::TextString, |output| escape(value, output));
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
        self.item(tag, kind.item_type(), |output| escape(value, output));
    }

    fn tag_value(&mut self, tag: Tag, value: Tag) {
        match value.xml_name() {
            Some(name) => self.plain(tag, ItemType::Enumeration, name),
            None => self.plain(tag, ItemType::Enumeration, &format!("0x{:08x}", value.value())),
        }
    }
}
