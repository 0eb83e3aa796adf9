//! The log printer: one bounded line in which nothing secret can stand.
//!
//! Secret values show their length, and so does every byte string and big integer but a few that are known to be
//! public, because an item without a declared type may be a key. Texts inside credentials, key values and vendor
//! extensions show their length too.

use std::fmt::Write;

use super::xml::text;
use super::{IdentifierKind, Sink};
use crate::registry::{EnumTable, Tag};
use crate::version::Version;

/// Prints items as one line: `BatchItem{Operation=Get RequestPayload{UniqueIdentifier="k1"}}`.
pub struct Printer {
    line: String,
    limit: usize,
    full: bool,
    /// Open structures, and how many of them are closed to readers: credentials and the like.
    open: Vec<bool>,
    version: Version,
}

/// Byte strings that identify or describe, and never are a key.
const PUBLIC_BYTES: [Tag; 8] = [
    Tag::UniqueBatchItemID,
    Tag::AsynchronousCorrelationValue,
    Tag::CorrelationValue,
    Tag::CertificateSerialNumber,
    Tag::DigestValue,
    Tag::IVCounterNonce,
    Tag::NonceID,
    Tag::ShortUniqueIdentifier,
];

/// Structures whose texts are not shown.
const CLOSED: [Tag; 7] = [
    Tag::CredentialValue,
    Tag::DeviceCredential,
    Tag::HashedPasswordCredential,
    Tag::KeyValue,
    Tag::OTPCredential,
    Tag::PasswordCredential,
    Tag::VendorExtension,
];

/// Texts that are shown all the same, because they name who asks.
const PUBLIC_TEXTS: [Tag; 2] = [Tag::Username, Tag::DeviceSerialNumber];

/// Bytes and characters of a value that are shown.
const SHOWN: usize = 64;

impl Printer {
    /// Prints at most `limit` bytes, and a mark where it stopped.
    pub fn new(version: Version, limit: usize) -> Self {
        Self { line: String::new(), limit, full: false, open: Vec::new(), version }
    }

    /// The line.
    pub fn finish(self) -> String {
        self.line
    }

    /// Appends `part` whole, or stops for good.
    fn push(&mut self, part: &str) {
        if self.full {
            return;
        }
        if self.line.len() + part.len() > self.limit {
            self.full = true;
            self.line.push_str(" ...");
            return;
        }
        self.line.push_str(part);
    }

    fn item(&mut self, tag: Tag, value: &str) {
        let space = if self.line.is_empty() || self.line.ends_with('{') { "" } else { " " };
        match tag.xml_name() {
            Some(name) => self.push(&format!("{space}{name}{value}")),
            None => self.push(&format!("{space}0x{:06X}{value}", tag.value())),
        }
    }

    fn length(&mut self, tag: Tag, bytes: usize) {
        self.item(tag, &format!("=<{bytes} bytes>"));
    }

    fn is_closed(&self) -> bool {
        self.open.iter().any(|closed| *closed)
    }
}

impl Sink for Printer {
    fn version(&self) -> Version {
        self.version
    }

    fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    fn begin(&mut self, tag: Tag) {
        self.item(tag, "{");
        self.open.push(CLOSED.contains(&tag));
    }

    fn end(&mut self) {
        self.open.pop();
        self.push("}");
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.item(tag, &format!("={value}"));
    }

    fn mask(&mut self, tag: Tag, value: u32, table: &'static EnumTable) {
        let names = text::write_mask(value, table, self.version).replace(' ', "|");
        self.item(tag, &format!("={names}"));
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.item(tag, &format!("={value}"));
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.length(tag, value.len());
    }

    fn enumeration(&mut self, tag: Tag, value: u32, table: Option<&'static EnumTable>) {
        self.item(tag, &format!("={}", text::write_enumeration(value, table, self.version)));
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.item(tag, &format!("={value}"));
    }

    fn text(&mut self, tag: Tag, value: &str) {
        if self.is_closed() && !PUBLIC_TEXTS.contains(&tag) {
            return self.secret_text(tag, value);
        }
        let shown: String = value.chars().take(SHOWN).collect();
        let rest = if shown.len() < value.len() { "..." } else { "" };
        self.item(tag, &format!("=\"{}\"{rest}", shown.escape_debug()));
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        if self.is_closed() || !PUBLIC_BYTES.contains(&tag) || value.len() > SHOWN {
            return self.length(tag, value.len());
        }
        let mut digits = String::with_capacity(2 * value.len());
        for byte in value {
            write!(digits, "{byte:02x}").expect("invariant: writing to a string succeeds");
        }
        self.item(tag, &format!("={digits}"));
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.item(tag, &format!("={}", text::write_date_time(value)));
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.item(tag, &format!("={value}s"));
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.item(tag, &format!("={}", text::write_date_time_extended(value)));
    }

    fn identifier(&mut self, tag: Tag, _kind: IdentifierKind, value: &str) {
        self.text(tag, value);
    }

    fn tag_value(&mut self, tag: Tag, value: Tag) {
        match value.xml_name() {
            Some(name) => self.item(tag, &format!("={name}")),
            None => self.item(tag, &format!("=0x{:06X}", value.value())),
        }
    }

    fn secret_bytes(&mut self, tag: Tag, value: &[u8]) {
        self.length(tag, value.len());
    }

    fn secret_text(&mut self, tag: Tag, value: &str) {
        self.length(tag, value.len());
    }

    fn secret_big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.length(tag, value.len());
    }
}
