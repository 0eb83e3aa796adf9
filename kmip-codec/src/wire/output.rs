//! What the writers of text share: one buffer that is wiped when dropped, and digits that leave no secret behind.

use zeroize::Zeroizing;

/// How the text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Without white space, for the wire.
    Compact,
    /// One item a line, indented by two spaces, for people.
    Pretty,
}

/// Where text goes. As with TTLV, a first pass counts, so that the buffer of the second never moves.
pub(super) enum Output {
    /// Bytes so far.
    Count(usize),
    /// The text.
    Text(Zeroizing<String>),
}

impl Output {
    /// A buffer of `capacity` bytes, counted beforehand.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::Text(Zeroizing::new(String::with_capacity(capacity)))
    }

    /// Appends.
    pub fn push(&mut self, text: &str) {
        match self {
            Self::Count(bytes) => *bytes += text.len(),
            Self::Text(buffer) => buffer.push_str(text),
        }
    }

    /// Appends two digits for each byte.
    pub fn push_hexadecimal(&mut self, bytes: &[u8]) {
        match self {
            Self::Count(count) => *count += 2 * bytes.len(),
            Self::Text(buffer) => bytes.iter().for_each(|byte| buffer.push_str(HEX_PAIRS.pair(*byte))),
        }
    }

    /// Appends the indentation of a line.
    pub fn indent(&mut self, depth: usize) {
        (0..depth).for_each(|_| self.push("  "));
    }

    /// Appends `value` with what `replacement` has another text for replaced.
    pub fn push_escaped(&mut self, value: &str, replacement: impl Fn(char) -> Option<&'static str>) {
        let mut rest = value;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| replacement(*c).is_some()) {
            let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.push(before);
            self.push(replacement(c).unwrap_or_default());
            rest = after.get(c.len_utf8()..).unwrap_or_default();
        }
        self.push(rest);
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Count(bytes) => *bytes,
            Self::Text(text) => text.len(),
        }
    }

    /// What was written; empty if it was only counted.
    pub fn finish(self) -> Zeroizing<String> {
        match self {
            Self::Count(_) => Zeroizing::default(),
            Self::Text(text) => text,
        }
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
