//! Malformed messages: real requests with damage of many kinds, and bytes that were never a request.

use super::random::Random;

/// The header of a Request Message without its length.
const REQUEST: [u8; 4] = [0x42, 0x00, 0x78, 0x01];

/// A damaged message. Its first length fits its bytes, except where the damage is that it does not.
#[derive(Debug, Clone)]
pub struct Damaged {
    /// The bytes to send.
    pub bytes: Vec<u8>,
    /// Whether the bytes are one whole frame, so that an answer or a closed connection must follow.
    pub is_whole: bool,
}

/// Makes one damaged message out of one of `requests`.
pub fn damaged(random: &mut Random, requests: &[Vec<u8>]) -> Damaged {
    let mut bytes = random.choose(requests).cloned().unwrap_or_else(|| REQUEST.to_vec());
    if random.once_in(20) {
        return random_frame(random);
    }
    if random.once_in(50) {
        return whole(nested(random.below(200_000)));
    }
    for _ in 0..=random.below(3) {
        damage(&mut bytes, random, requests);
    }
    if random.once_in(10) {
        let is_whole = declared(&bytes) == Some(bytes.len());
        return Damaged { bytes, is_whole };
    }
    whole(bytes)
}

/// One kind of damage.
fn damage(bytes: &mut Vec<u8>, random: &mut Random, requests: &[Vec<u8>]) {
    let at = random.below(bytes.len());
    match random.below(9) {
        0 => flip(bytes, at, random),
        1 => bytes.truncate(at),
        2 => {
            let length = 1 + random.below(64);
            bytes.extend(random.bytes(length));
        }
        3 => overwrite(bytes, at / 8 * 8, &random.number().to_be_bytes()),
        4 => length_field(bytes, at / 8 * 8, random),
        5 => overwrite(bytes, at / 8 * 8 + 3, &[random.number().to_be_bytes()[0] % 16]),
        6 => splice(bytes, at / 8 * 8, random, requests),
        7 => repeat(bytes, at / 8 * 8, random),
        _ => {
            let end = (at + 8 * random.below(8)).min(bytes.len());
            bytes.drain(at..end);
        }
    }
}

fn flip(bytes: &mut [u8], at: usize, random: &mut Random) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    let target = bytes.get_mut(at..).unwrap_or_default();
    target.iter_mut().zip(with).for_each(|(byte, new)| *byte = *new);
}

/// Lengths that are near the truth, or far from it.
fn length_field(bytes: &mut [u8], at: usize, random: &mut Random) {
    let lengths = [0, 1, 4, 7, 8, 9, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, 0xFFFF_FFF8];
    let near = u32::try_from(random.below(bytes.len() * 2)).unwrap_or_default();
    let length = if random.once_in(2) { near } else { random.choose(&lengths).copied().unwrap_or_default() };
    overwrite(bytes, at + 4, &length.to_be_bytes());
}

/// Puts a part of another request in.
fn splice(bytes: &mut Vec<u8>, at: usize, random: &mut Random, requests: &[Vec<u8>]) {
    let Some(other) = random.choose(requests) else { return };
    let from = random.below(other.len()) / 8 * 8;
    let to = (from + 8 * (1 + random.below(16))).min(other.len());
    let part = other.get(from..to).unwrap_or_default().to_vec();
    bytes.splice(at..at, part);
}

/// Repeats a part, as fields given twice are.
fn repeat(bytes: &mut Vec<u8>, at: usize, random: &mut Random) {
    let to = (at + 8 * (1 + random.below(16))).min(bytes.len());
    let part = bytes.get(at..to).unwrap_or_default().to_vec();
    bytes.splice(at..at, part);
}

/// A valid start, then noise.
fn random_frame(random: &mut Random) -> Damaged {
    let length = 8 * random.below(64);
    let mut bytes = REQUEST.to_vec();
    bytes.extend(u32::try_from(length).unwrap_or_default().to_be_bytes());
    bytes.extend(random.bytes(length));
    Damaged { bytes, is_whole: true }
}

/// Structures in structures, deeper than any message.
fn nested(levels: usize) -> Vec<u8> {
    let levels = levels.clamp(1, 20_000);
    let mut bytes = Vec::with_capacity(levels * 8);
    for left in (0..levels).rev() {
        bytes.extend(REQUEST);
        bytes.extend(u32::try_from(left * 8).unwrap_or_default().to_be_bytes());
    }
    bytes
}

/// Makes the bytes one frame: a Request Message of the right length.
fn whole(mut bytes: Vec<u8>) -> Damaged {
    let padded = bytes.len().max(8).next_multiple_of(8);
    bytes.resize(padded, 0);
    overwrite(&mut bytes, 0, &REQUEST);
    let length = u32::try_from(padded - 8).unwrap_or_default();
    overwrite(&mut bytes, 4, &length.to_be_bytes());
    Damaged { bytes, is_whole: true }
}

/// The size of the frame that the first header announces.
fn declared(bytes: &[u8]) -> Option<usize> {
    let field = bytes.get(4..8)?.first_chunk::<4>()?;
    Some(u32::from_be_bytes(*field) as usize + 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_frames_have_the_length_that_they_announce() {
        let mut random = Random::new(7);
        let requests = vec![random.bytes(200), random.bytes(64)];
        for _ in 0..5_000 {
            let message = damaged(&mut random, &requests);
            if message.is_whole {
                assert_eq!(declared(&message.bytes), Some(message.bytes.len()));
            }
        }
    }
}
