//! The text of values (KMIP Additional Message Encodings 1.0 §6.1.5): numbers, hexadecimal, dates, masks.

use nom::Parser;
use nom::bytes::complete::{tag_no_case, take_while_m_n};
use nom::combinator::{all_consuming, opt};
use nom::sequence::preceded;
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use zeroize::Zeroizing;

use crate::registry::{EnumTable, Tag};
use crate::version::Version;

/// What the text of a value must be, if it is not.
pub type Expected = &'static str;

/// Hexadecimal digits after `0x`; `None` if the text does not start so.
fn after_0x(text: &str, digits: usize) -> Option<Result<u64, Expected>> {
    let rest = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let parsed: nom::IResult<&str, &str> =
        all_consuming(take_while_m_n(1, digits, |c: char| c.is_ascii_hexdigit())).parse(rest);
    let value = parsed.ok().and_then(|(_, digits)| u64::from_str_radix(digits, 16).ok());
    Some(value.ok_or("hexadecimal digits after 0x"))
}

fn low_word(value: u64) -> Result<u32, Expected> {
    u32::try_from(value).map_err(|_| "at most 8 hexadecimal digits")
}

/// An Integer.
pub fn integer(text: &str) -> Result<i32, Expected> {
    match after_0x(text, 8) {
        Some(bits) => Ok(low_word(bits?)?.cast_signed()),
        None => text.parse().map_err(|_| "a 32-bit integer"),
    }
}

/// A Long Integer.
pub fn long_integer(text: &str) -> Result<i64, Expected> {
    match after_0x(text, 16) {
        Some(bits) => Ok(bits?.cast_signed()),
        None => text.parse().map_err(|_| "a 64-bit integer"),
    }
}

/// An Interval.
pub fn interval(text: &str) -> Result<u32, Expected> {
    match after_0x(text, 8) {
        Some(bits) => low_word(bits?),
        None => text.parse().map_err(|_| "a number of seconds"),
    }
}

/// A Boolean.
pub fn boolean(text: &str) -> Result<bool, Expected> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err("true or false"),
    }
}

/// The value of an enumeration, by name in any version's spelling or in hexadecimal. Without a table, a tag's name does.
pub fn enumeration(text: &str, table: Option<&EnumTable>) -> Result<u32, Expected> {
    if let Some(bits) = after_0x(text, 8) {
        return low_word(bits?);
    }
    let value = match table {
        Some(table) => table.value_of(text),
        None => tag(text).map(Tag::value),
    };
    value.ok_or("a name of the enumeration, or a number in hexadecimal")
}

/// A mask: a number, or names and hexadecimal numbers with spaces between.
pub fn mask(text: &str, table: &EnumTable) -> Result<u32, Expected> {
    if let Ok(value) = integer(text) {
        return Ok(value.cast_unsigned());
    }
    text.split_ascii_whitespace().try_fold(0, |bits, part| Ok(bits | enumeration(part, Some(table))?))
}

/// A tag by name, as `0x` and six digits, or as `x` and six digits (an XML name cannot start with a digit).
pub fn tag(text: &str) -> Option<Tag> {
    if let Some(tag) = Tag::from_xml_name(text) {
        return Some(tag);
    }
    let parsed: nom::IResult<&str, &str> = all_consuming(preceded(
        (opt(nom::character::complete::char('0')), tag_no_case("x")),
        take_while_m_n(6, 6, |c: char| c.is_ascii_hexdigit()),
    ))
    .parse(text);
    let value = u32::from_str_radix(parsed.ok()?.1, 16).ok()?;
    Some(Tag::new(value)).filter(|tag| tag.is_valid())
}

/// The bytes that hexadecimal digits give, in a buffer that is wiped.
pub fn hex(text: &str) -> Result<Zeroizing<Vec<u8>>, Expected> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let mut digits = text.bytes();
    while let Some(high) = digits.next() {
        let low = digits.next().ok_or("an even number of hexadecimal digits")?;
        let (high, low) = nibble(high).zip(nibble(low)).ok_or("hexadecimal digits")?;
        bytes.push(high << 4 | low);
    }
    Ok(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

const MICROSECONDS: i128 = 1_000_000;

/// A Date-Time: ISO 8601, or the number of seconds in hexadecimal. Fractional seconds "should be ignored (truncated)".
pub fn date_time(text: &str) -> Result<i64, Expected> {
    match after_0x(text, 16) {
        Some(bits) => Ok(bits?.cast_signed()),
        None => Ok(moment(text)?.unix_timestamp()),
    }
}

/// A Date-Time Extended: as a Date-Time, with up to six digits of fractional seconds.
pub fn date_time_extended(text: &str) -> Result<i64, Expected> {
    if let Some(bits) = after_0x(text, 16) {
        return Ok(bits?.cast_signed());
    }
    let nanoseconds = moment(text)?.unix_timestamp_nanos();
    if nanoseconds % 1_000 != 0 {
        return Err("whole microseconds");
    }
    i64::try_from(nanoseconds / 1_000).map_err(|_| "a date within 64 bits of microseconds")
}

/// A moment; without a time zone, which is optional, in UTC.
fn moment(text: &str) -> Result<OffsetDateTime, Expected> {
    let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339);
    read(text).or_else(|_| read(&format!("{text}Z"))).map_err(|_| "an ISO 8601 date")
}

/// The text of a Date-Time; hexadecimal where the year has not four digits.
pub fn write_date_time(seconds: i64) -> String {
    written(i128::from(seconds) * MICROSECONDS).unwrap_or_else(|| format!("0x{seconds:016x}"))
}

/// The text of a Date-Time Extended.
pub fn write_date_time_extended(microseconds: i64) -> String {
    written(i128::from(microseconds)).unwrap_or_else(|| format!("0x{microseconds:016x}"))
}

fn written(microseconds: i128) -> Option<String> {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(microseconds.checked_mul(1_000)?).ok()?;
    moment.to_offset(UtcOffset::UTC).format(&Rfc3339).ok()
}

/// The text of an enumeration's value: its name in `version`, else hexadecimal.
pub fn write_enumeration(value: u32, table: Option<&EnumTable>, version: Version) -> String {
    match table.and_then(|table| table.row(value)) {
        Some(row) => row.xml_name_in(version).to_owned(),
        None => format!("0x{value:08x}"),
    }
}

/// The text of a mask: names with spaces between, then what has no name in hexadecimal.
pub fn write_mask(value: u32, table: &EnumTable, version: Version) -> String {
    if value == 0 {
        return "0".to_owned();
    }
    mask_parts(value, table, version).join(" ")
}

/// The components of a mask: names, then what has no name in hexadecimal.
pub fn mask_parts(value: u32, table: &EnumTable, version: Version) -> Vec<String> {
    let named = table.rows.iter().filter(|row| value & row.value != 0);
    let mut parts: Vec<String> = named.map(|row| row.xml_name_in(version).to_owned()).collect();
    let rest = table.rows.iter().fold(value, |rest, row| rest & !row.value);
    if rest != 0 {
        parts.push(format!("0x{rest:08x}"));
    }
    parts
}

/// Whether XML 1.0 allows the character (§2.2 Char).
pub fn is_allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{CryptographicUsageMask, ObjectType, WireEnum};
    use crate::version::V2_1;

    #[test]
    fn numbers_are_decimal_or_hexadecimal() {
        assert_eq!(integer("-1"), Ok(-1));
        assert_eq!(integer("0xffffffff"), Ok(-1));
        assert!(integer("0x1ffffffff").is_err());
        assert!(integer("2147483648").is_err());
        assert!(integer("").is_err());
        assert!(integer("0x").is_err());
        assert_eq!(long_integer("0xfffffffffffffffe"), Ok(-2));
        assert_eq!(long_integer("1152921504606846976"), Ok(1 << 60));
        assert_eq!(interval("4294967295"), Ok(u32::MAX));
        assert!(interval("-1").is_err());
        assert!(boolean("TRUE").is_err());
    }

    #[test]
    fn masks_mix_names_and_numbers() {
        let table = CryptographicUsageMask::TABLE;
        for text in ["0x0000100c", "Encrypt Decrypt CertificateSign", "CertificateSign 0x00000004 0x0000008", "4108"] {
            assert_eq!(mask(text, table), Ok(0x100C), "{text}");
        }
        assert_eq!(mask("", table), Ok(0));
        assert!(mask("Encrypt Dance", table).is_err());
        assert_eq!(write_mask(0x8000_000C, table, V2_1), "Encrypt Decrypt 0x80000000");
        assert_eq!(mask("Encrypt Decrypt 0x80000000", table), Ok(0x8000_000C));
    }

    #[test]
    fn enumerations_have_names_or_numbers() {
        assert_eq!(enumeration("SymmetricKey", Some(ObjectType::TABLE)), Ok(2));
        assert_eq!(enumeration("0x00000002", Some(ObjectType::TABLE)), Ok(2));
        assert!(enumeration("2", Some(ObjectType::TABLE)).is_err());
        assert_eq!(enumeration("State", None), Ok(Tag::State.value()));
        assert_eq!(write_enumeration(0x8000_0001, Some(ObjectType::TABLE), V2_1), "0x80000001");
    }

    #[test]
    fn tags_have_names_or_numbers() {
        assert_eq!(tag("x540001"), Some(Tag::new(0x54_0001)));
        assert_eq!(tag("0x420001"), Some(Tag::ActivationDate));
        assert_eq!(tag("0x430001"), None);
        assert_eq!(tag("0x42001"), None);
    }

    #[test]
    fn dates_are_read_and_come_back() {
        assert_eq!(date_time("2001-01-01T10:00:00+10:00"), Ok(978_307_200));
        assert_eq!(date_time("2001-01-01T00:00:00Z"), Ok(978_307_200));
        assert_eq!(date_time("1969-12-31T23:59:59-00:00"), Ok(-1));
        assert_eq!(date_time("2001-01-01T00:00:00"), Ok(978_307_200));
        assert_eq!(date_time("2001-01-01T00:00:00.999Z"), Ok(978_307_200));
        assert_eq!(date_time("1969-12-31T23:59:58.5Z"), Ok(-2));
        for wrong in ["2001-01-01", "2001-01-01T10:00:00ZZ", "2001-01-01T10:00:00+", "", "Z"] {
            assert!(date_time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(date_time_extended("2001-01-01T00:00:00.000001Z"), Ok(978_307_200_000_001));
        assert!(date_time_extended("2001-01-01T00:00:00.0000001Z").is_err());
        for seconds in [0, -1, 978_307_200, i64::MAX, i64::MIN, 253_402_300_799, 253_402_300_800, -62_167_219_201] {
            assert_eq!(date_time(&write_date_time(seconds)), Ok(seconds));
            assert_eq!(date_time_extended(&write_date_time_extended(seconds)), Ok(seconds));
        }
    }

    #[test]
    fn hexadecimal_is_paired() {
        assert_eq!(hex("C50f77").map(|bytes| bytes.to_vec()), Ok(vec![0xC5, 0x0F, 0x77]));
        assert!(hex("C50").is_err());
        assert!(hex("0xC5").is_err());
    }
}
