//! Changes DER where it means something: elements go, come twice, change places, kind or content, and every length around
//! them stays right. Changes of single bytes hardly ever get past the first wrong length.

/// An element.
#[derive(Debug, Clone)]
struct Element {
    tag: u8,
    content: Content,
}

/// What an element holds.
#[derive(Debug, Clone)]
enum Content {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Elements, perhaps behind the number of unused bits of a BIT STRING.
    Elements(Option<u8>, Vec<Element>),
}

const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;
const DEEPEST: usize = 24;

/// Tags that keys and certificates have, and some that they have not.
const TAGS: [u8; 22] = [
    0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0C, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1C, 0x1E, 0x30, 0x31, 0x80, 0x82,
    0xA0, 0xA1, 0xA3,
];

fn read(bytes: &[u8], depth: usize) -> Option<Vec<Element>> {
    let mut elements = Vec::new();
    let mut rest = bytes;
    while let [tag, after @ ..] = rest {
        if tag & 0x1F == 0x1F || depth > DEEPEST {
            return None;
        }
        let (length, after) = read_length(after)?;
        let (content, after) = after.split_at_checked(length)?;
        elements.push(Element { tag: *tag, content: read_content(*tag, content, depth) });
        rest = after;
    }
    Some(elements)
}

fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes {
        [short @ 0..=0x7F, rest @ ..] => Some((usize::from(*short), rest)),
        [0x81, a, rest @ ..] => Some((usize::from(*a), rest)),
        [0x82, a, b, rest @ ..] => Some((usize::from(u16::from_be_bytes([*a, *b])), rest)),
        _ => None,
    }
}

/// Octet strings and bit strings often hold DER again.
fn read_content(tag: u8, content: &[u8], depth: usize) -> Content {
    let (lead, inner) = match (tag, content) {
        (BIT_STRING, [lead, inner @ ..]) => (Some(*lead), inner),
        _ => (None, content),
    };
    let may_hold_elements = tag & CONSTRUCTED != 0 || matches!(tag, BIT_STRING | OCTET_STRING);
    match read(inner, depth + 1).filter(|elements| may_hold_elements && !elements.is_empty()) {
        Some(elements) => Content::Elements(lead, elements),
        None => Content::Bytes(content.to_vec()),
    }
}

fn write(elements: &[Element], out: &mut Vec<u8>) {
    for element in elements {
        let mut content = Vec::new();
        match &element.content {
            Content::Bytes(bytes) => content.extend(bytes),
            Content::Elements(lead, elements) => {
                content.extend(*lead);
                write(elements, &mut content);
            }
        }
        out.push(element.tag);
        match content.len() {
            short @ ..0x80 => out.push(short as u8),
            long @ ..0x100 => out.extend([0x81, long as u8]),
            longer => out.extend([0x82, (longer >> 8) as u8, longer as u8]),
        }
        out.extend(content);
    }
}

/// Calls `act` with the list that holds the `nth` element, counted from the front, and its place in it.
fn at_nth(list: &mut Vec<Element>, nth: &mut usize, act: &mut dyn FnMut(&mut Vec<Element>, usize)) -> bool {
    for at in 0..list.len() {
        if *nth == 0 {
            act(list, at);
            return true;
        }
        *nth -= 1;
        if let Content::Elements(_, elements) = &mut list[at].content
            && at_nth(elements, nth, act)
        {
            return true;
        }
    }
    false
}

fn count(list: &[Element]) -> usize {
    list.iter()
        .map(|element| 1 + if let Content::Elements(_, inner) = &element.content { count(inner) } else { 0 })
        .sum()
}

/// Numbers that repeat with their seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }
}

/// Changes the DER behind the first `header` bytes of `data`; `plain` is the fuzzer's own way to change bytes, which does
/// the rest: the header, what is no DER, and the contents. Gives the new size.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    most: usize,
    seed: u32,
    header: usize,
    plain: fn(&mut [u8], usize, usize) -> usize,
) -> usize {
    let mut random = Random(u64::from(seed));
    if header > 0 && size >= header && random.below(4) == 0 {
        data[random.below(header)] = random.below(256) as u8;
        return size;
    }
    let der = data.get(header..size).unwrap_or_default();
    let parsed = read(der, 0).filter(|elements| !elements.is_empty());
    let (Some(mut elements), true) = (parsed, random.below(4) > 0) else { return plain(data, size, most) };
    for _ in 0..=random.below(3) {
        change(&mut elements, &mut random, plain);
    }
    let mut made = Vec::new();
    write(&elements, &mut made);
    let end = header + made.len();
    if end > most || end > data.len() {
        return plain(data, size, most);
    }
    data[header..end].copy_from_slice(&made);
    end
}

fn change(elements: &mut Vec<Element>, random: &mut Random, plain: fn(&mut [u8], usize, usize) -> usize) {
    let total = count(elements);
    let mut other = None;
    at_nth(elements, &mut random.below(total), &mut |list, at| other = Some(list[at].clone()));
    let Some(other) = other else { return };
    let kind = random.below(12);
    at_nth(elements, &mut random.below(total), &mut |list, at| match kind {
        0 => drop(list.remove(at)),
        1 => list.insert(at, list[at].clone()),
        2 => list[at] = other.clone(),
        3 => list.insert(at, other.clone()),
        4 => {
            let to = random.below(list.len());
            list.swap(at, to);
        }
        5 => list[at].tag = TAGS[random.below(TAGS.len())],
        6 => list[at].content = other.content.clone(),
        7 => list[at].content = Content::Bytes(edge(random)),
        _ => change_bytes(&mut list[at], plain),
    });
}

/// Numbers and texts at the border of something.
fn edge(random: &mut Random) -> Vec<u8> {
    let length = [0, 1, 2, 16, 32, 33, 57, 65, 128, 129, 256][random.below(11)];
    let byte = [0x00, 0x01, 0x7F, 0x80, 0xFF][random.below(5)];
    vec![byte; length]
}

fn change_bytes(element: &mut Element, plain: fn(&mut [u8], usize, usize) -> usize) {
    let mut bytes = match &element.content {
        Content::Bytes(bytes) => bytes.clone(),
        Content::Elements(lead, elements) => {
            let mut bytes: Vec<u8> = lead.iter().copied().collect();
            write(elements, &mut bytes);
            bytes
        }
    };
    let (size, most) = (bytes.len(), bytes.len() + 64);
    bytes.resize(most, 0);
    let size = plain(&mut bytes, size, most);
    bytes.truncate(size);
    element.content = Content::Bytes(bytes);
}
