//! One value for every bound that a reader enforces before it allocates.

/// Bounds on what is read from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a whole message.
    pub message_bytes: usize,
    /// Nesting of structures.
    pub depth: usize,
    /// Items of a whole message, structures included.
    pub items: usize,
    /// Bytes of one text string.
    pub text_bytes: usize,
    /// Bytes of one byte string or big integer.
    pub byte_string_bytes: usize,
    /// Batch items of a message.
    pub batch_items: usize,
}

impl Limits {
    /// The bounds used unless a configuration says otherwise.
    pub const DEFAULT: Limits = Limits {
        message_bytes: 8 << 20,
        depth: 32,
        items: 200_000,
        text_bytes: 1 << 20,
        byte_string_bytes: 8 << 20,
        batch_items: 1_000,
    };
}

/// How many bytes of XML or JSON may stand for one byte of TTLV. A key doubles; an Integer of 16 bytes takes some 60.
pub const TEXT_FACTOR: usize = 4;

impl Limits {
    /// Bytes of a whole message in XML or JSON, which are longer than TTLV.
    pub const fn text_message_bytes(&self) -> usize {
        self.message_bytes.saturating_mul(TEXT_FACTOR)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
