//! Short byte strings and texts that live inside their owner: identifiers do not allocate.

use std::fmt;
use std::hash::{Hash, Hasher};

const CAPACITY: usize = 38;

/// Bytes, inline up to 38 of them.
#[derive(Clone)]
pub struct InlineBytes(Repr);

#[derive(Clone)]
enum Repr {
    Short { len: u8, bytes: [u8; CAPACITY] },
    Long(Box<[u8]>),
}

impl InlineBytes {
    /// Copies `bytes`.
    #[inline]
    pub fn new(bytes: &[u8]) -> Self {
        let mut short = [0; CAPACITY];
        match (short.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(target), Ok(len)) => {
                target.copy_from_slice(bytes);
                Self(Repr::Short { len, bytes: short })
            }
            _ => Self(Repr::Long(bytes.into())),
        }
    }

    /// Becomes a copy of `bytes`, in place: moving a value that was just written costs more than writing it.
    #[inline]
    fn set(&mut self, bytes: &[u8]) {
        if let Repr::Short { len, bytes: short } = &mut self.0
            && let (Some(target), Ok(count)) = (short.get_mut(..bytes.len()), u8::try_from(bytes.len()))
        {
            target.copy_from_slice(bytes);
            *len = count;
            return;
        }
        *self = Self::new(bytes);
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Repr::Short { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Repr::Long(bytes) => bytes,
        }
    }
}

impl PartialEq for InlineBytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}
impl Eq for InlineBytes {}

impl PartialOrd for InlineBytes {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for InlineBytes {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

impl Hash for InlineBytes {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_slice().hash(state);
    }
}

impl fmt::Debug for InlineBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Text, inline up to 38 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(InlineBytes);

impl Text {
    /// Copies `text`.
    #[inline]
    pub fn new(text: &str) -> Self {
        Self(InlineBytes::new(text.as_bytes()))
    }

    /// No text.
    pub const EMPTY: Self = Self(InlineBytes(Repr::Short { len: 0, bytes: [0; CAPACITY] }));

    /// Becomes a copy of `bytes`, in place, if they are UTF-8.
    #[inline]
    pub fn set_utf8(&mut self, bytes: &[u8]) -> Option<()> {
        std::str::from_utf8(bytes).is_ok().then(|| self.0.set(bytes))
    }

    /// The bytes of the text, without a look at its characters.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.0.as_slice()).expect("invariant: made from text")
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}
