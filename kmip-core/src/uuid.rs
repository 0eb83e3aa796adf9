//! Unique identifiers as this server gives them: UUIDs (RFC 9562), as text and as the 16 bytes that they stand for.

use kmip_codec::inline::Text;

/// Bytes of a UUID.
pub(crate) const BYTES: usize = 16;
const TEXT_BYTES: usize = 36;
/// Where the text has hyphens (RFC 9562 §4).
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A random UUID (RFC 9562 §5.4, version 4) of 16 random bytes.
pub(crate) fn random(bytes: [u8; BYTES]) -> [u8; BYTES] {
    let number = u128::from_be_bytes(bytes);
    let number = number & !(0xF << 76) | 4 << 76;
    (number & !(0b11 << 62) | 0b10 << 62).to_be_bytes()
}

/// The text of a UUID, in lower case.
pub(crate) fn text(bytes: &[u8; BYTES]) -> Text {
    let mut text = [b'-'; TEXT_BYTES];
    let places = (0..TEXT_BYTES).filter(|place| !HYPHENS.contains(place));
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    for (place, digit) in places.zip(digits) {
        if let (Some(place), Some(digit)) = (text.get_mut(place), DIGITS.get(usize::from(digit))) {
            *place = *digit;
        }
    }
    Text::new(std::str::from_utf8(&text).unwrap_or_default())
}

/// The UUID whose text this is, exactly as [`text`] writes it.
pub(crate) fn parse(text: &str) -> Option<[u8; BYTES]> {
    if text.len() != TEXT_BYTES {
        return None;
    }
    let mut number: u128 = 0;
    for (place, byte) in text.bytes().enumerate() {
        number = match byte {
            b'-' if HYPHENS.contains(&place) => continue,
            _ if HYPHENS.contains(&place) => return None,
            b'0'..=b'9' => number << 4 | u128::from(byte - b'0'),
            b'a'..=b'f' => number << 4 | u128::from(byte - b'a' + 10),
            _ => return None,
        };
    }
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_stand_for_each_other() {
        let id = "0a1b2c3d-4e5f-4071-8899-aabbccddeeff";
        let bytes = parse(id).expect("a UUID");
        assert_eq!(bytes, 0x0a1b_2c3d_4e5f_4071_8899_aabb_ccdd_eeff_u128.to_be_bytes());
        assert_eq!(text(&bytes).as_str(), id);
        assert_eq!(random([0xFF; 16]), parse("ffffffff-ffff-4fff-bfff-ffffffffffff").expect("a UUID"));
        assert_eq!(random([0; 16]), parse("00000000-0000-4000-8000-000000000000").expect("a UUID"));
    }

    #[test]
    fn nothing_else_is_a_uuid() {
        let others = [
            "",
            "0A1B2C3D-4E5F-4071-8899-AABBCCDDEEFF",
            "0a1b2c3d4e5f40718899aabbccddeeff",
            "0a1b2c3d-4e5f-4071-8899-aabbccddeef",
            "0a1b2c3d-4e5f-4071-8899-aabbccddeeff0",
            "0a1b2c3d-4e5f-4071-8899_aabbccddeeff",
            "0a1b2c3d-4e5f-4071-88999aabbccddeeff",
            "-a1b2c3d-4e5f-4071-8899-aabbccddeeff",
            "0a1b2c3d-4e5f-4071-8899-aabbccddeeg0",
        ];
        others.iter().for_each(|other| assert_eq!(parse(other), None, "{other}"));
    }
}
