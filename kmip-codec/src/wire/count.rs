//! A sink that only counts: the exact TTLV size of what would be written.

use super::ttlv::HEADER;
use super::{IdentifierKind, Sink};
use crate::inline::Text;
use crate::registry::{EnumTable, Tag};
use crate::version::Version;

/// Counts TTLV bytes.
pub struct Counter {
    bytes: usize,
    version: Version,
}

impl Counter {
    /// Starts at zero.
    pub fn new(version: Version) -> Self {
        Self { bytes: 0, version }
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn add(&mut self, length: usize) {
        self.bytes += HEADER + length.next_multiple_of(8);
    }
}

impl Sink for Counter {
    fn version(&self) -> Version {
        self.version
    }
    fn set_version(&mut self, version: Version) {
        self.version = version;
    }
    fn begin(&mut self, _: Tag) {
        self.bytes += HEADER;
    }
    fn end(&mut self) {}
    fn integer(&mut self, _: Tag, _: i32) {
        self.bytes += 16;
    }
    fn mask(&mut self, _: Tag, _: u32, _: &'static EnumTable) {
        self.bytes += 16;
    }
    fn long_integer(&mut self, _: Tag, _: i64) {
        self.bytes += 16;
    }
    fn big_integer(&mut self, _: Tag, value: &[u8]) {
        self.add(value.len());
    }
    fn enumeration(&mut self, _: Tag, _: u32, _: Option<&'static EnumTable>) {
        self.bytes += 16;
    }
    fn boolean(&mut self, _: Tag, _: bool) {
        self.bytes += 16;
    }
    fn text(&mut self, _: Tag, value: &str) {
        self.add(value.len());
    }
    fn bytes(&mut self, _: Tag, value: &[u8]) {
        self.add(value.len());
    }
    fn date_time(&mut self, _: Tag, _: i64) {
        self.bytes += 16;
    }
    fn interval(&mut self, _: Tag, _: u32) {
        self.bytes += 16;
    }
    fn date_time_extended(&mut self, _: Tag, _: i64) {
        self.bytes += 16;
    }
    fn identifier(&mut self, _: Tag, _: IdentifierKind, value: &str) {
        self.add(value.len());
    }
    fn short_text(&mut self, _: Tag, _: IdentifierKind, value: &Text) {
        self.add(value.as_bytes().len());
    }
}
