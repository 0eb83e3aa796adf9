//! How JSON spells values (KMIP Additional Message Encodings 1.0 §4.1.6): numbers as numbers or as hexadecimal strings.

use zeroize::Zeroizing;

use crate::registry::EnumTable;
use crate::wire::cursor::{Meaning, Spelling, Spelt};
use crate::wire::elements::Form;
use crate::wire::xml::text;
use crate::wire::xml::text::Expected;

/// The spelling of JSON.
pub enum Json {}

/// A string.
fn string<'a>(value: Spelt<'a>, expected: Expected) -> Meaning<&'a str> {
    if value.form == Form::Text { Ok(value.text) } else { Err(expected) }
}

/// The digits of a hexadecimal number, if the string is one.
fn after_0x(text: &str) -> Option<&str> {
    text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))
}

/// A number, or a hexadecimal string; decimal digits in quotes are neither.
fn number<T>(value: Spelt<'_>, parse: fn(&str) -> Meaning<T>, expected: Expected) -> Meaning<T> {
    let is_hexadecimal = value.form == Form::Text && after_0x(value.text).is_some();
    if is_hexadecimal || value.form == Form::Number { parse(value.text) } else { Err(expected) }
}

/// The bytes of a number in hexadecimal, which tells its sign by its first bit.
fn big_number(text: &str) -> Meaning<Zeroizing<Vec<u8>>> {
    after_0x(text).ok_or("a number, or hexadecimal digits after 0x").and_then(text::hex)
}

impl Spelling for Json {
    fn integer(value: Spelt<'_>) -> Meaning<i32> {
        number(value, text::integer, "a number, or a hexadecimal string")
    }

    /// Components with bars between them. Spaces around a bar do no harm.
    fn mask(value: Spelt<'_>, table: &EnumTable) -> Meaning<u32> {
        if value.form != Form::Text || after_0x(value.text).is_some_and(|digits| !digits.contains('|')) {
            return Self::integer(value).map(i32::cast_unsigned);
        }
        let mut components = value.text.split('|');
        components.try_fold(0, |bits, part| Ok(bits | text::enumeration(part.trim_ascii(), Some(table))?))
    }

    fn long_integer(value: Spelt<'_>) -> Meaning<i64> {
        number(value, text::long_integer, "a number, or a hexadecimal string")
    }

    /// A number of up to 64 bits; what is longer is hexadecimal.
    fn big_integer(value: Spelt<'_>) -> Meaning<Zeroizing<Vec<u8>>> {
        match value.form {
            Form::Number => {
                let number: i64 = value.text.parse().map_err(|_| "a number of at most 64 bits, or hexadecimal")?;
                Ok(Zeroizing::new(number.to_be_bytes().to_vec()))
            }
            _ => big_number(string(value, "a number, or a hexadecimal string")?),
        }
    }

    fn enumeration(value: Spelt<'_>, table: Option<&EnumTable>) -> Meaning<u32> {
        match value.form {
            Form::Number => value.text.parse().map_err(|_| "a number of 32 bits"),
            _ => text::enumeration(string(value, "a name of the enumeration, or a number")?, table),
        }
    }

    fn boolean(value: Spelt<'_>) -> Meaning<bool> {
        let expected = "true, false, or 0 or 1 in hexadecimal";
        match value.form {
            Form::Word => text::boolean(value.text),
            Form::Number => Err(expected),
            Form::Text => match number(value, text::long_integer, expected)? {
                0 => Ok(false),
                1 => Ok(true),
                _ => Err(expected),
            },
        }
    }

    fn text(value: Spelt<'_>) -> Meaning<&str> {
        string(value, "a string")
    }

    fn bytes(value: Spelt<'_>) -> Meaning<Zeroizing<Vec<u8>>> {
        text::hex(string(value, "a string of hexadecimal digits")?)
    }

    /// Fractional seconds are cut off, as §4.1.6.11 demands.
    fn date_time(value: Spelt<'_>) -> Meaning<i64> {
        text::date_time(string(value, "an ISO 8601 date, or a hexadecimal string")?)
    }

    fn interval(value: Spelt<'_>) -> Meaning<u32> {
        number(value, text::interval, "a number, or a hexadecimal string")
    }

    fn date_time_extended(value: Spelt<'_>) -> Meaning<i64> {
        match value.form {
            Form::Number => text::long_integer(value.text),
            _ => text::date_time_extended(string(value, "an ISO 8601 date, or a hexadecimal string")?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::{CryptographicUsageMask, ObjectType, WireEnum};

    fn quoted(text: &str) -> Spelt<'_> {
        Spelt { text, form: Form::Text }
    }

    fn bare(text: &str) -> Spelt<'_> {
        Spelt { text, form: Form::Number }
    }

    fn word(text: &str) -> Spelt<'_> {
        Spelt { text, form: Form::Word }
    }

    /// The examples of §4.1.6.
    #[test]
    fn examples_of_the_specification() {
        assert_eq!(Json::integer(bare("10")), Ok(10));
        assert_eq!(Json::integer(quoted("0x0000000A")), Ok(10));
        assert_eq!(Json::integer(quoted("0xffffffff")), Ok(-1));
        let table = CryptographicUsageMask::TABLE;
        for text in ["0x0000100c", "Encrypt|Decrypt|CertificateSign", "CertificateSign|0x00000004|0x0000008"] {
            assert_eq!(Json::mask(quoted(text), table), Ok(0x100C), "{text}");
        }
        assert_eq!(Json::mask(quoted("CertificateSign|0x0000000c"), table), Ok(0x100C));
        assert_eq!(Json::mask(quoted("0x00000004|Encrypt"), table), Ok(4));
        assert_eq!(Json::mask(bare("4108"), table), Ok(0x100C));
        assert_eq!(Json::long_integer(quoted("0xfffffffffffffffe")), Ok(-2));
        assert_eq!(Json::long_integer(bare("-2")), Ok(-2));
        assert_eq!(Json::long_integer(quoted("0x1000000000000000")), Ok(1 << 60));
        assert_eq!(Json::big_integer(bare("0")).map(|bytes| bytes.to_vec()), Ok(vec![0; 8]));
        assert_eq!(Json::big_integer(quoted("0x0000000000000000")).map(|bytes| bytes.to_vec()), Ok(vec![0; 8]));
        let types = Some(ObjectType::TABLE);
        for value in [bare("2"), quoted("0x00000002"), quoted("SymmetricKey")] {
            assert_eq!(Json::enumeration(value, types), Ok(2), "{value:?}");
        }
        assert_eq!(Json::boolean(word("true")), Ok(true));
        assert_eq!(Json::boolean(quoted("0x0000000000000001")), Ok(true));
        assert_eq!(Json::bytes(quoted("C50F77")).map(|bytes| bytes.to_vec()), Ok(vec![0xC5, 0x0F, 0x77]));
        assert_eq!(Json::date_time(quoted("0x000000003a505520")), Ok(0x3A50_5520));
        assert_eq!(Json::date_time(quoted("2001-01-01T10:00:00+10:00")), Ok(978_307_200));
        assert_eq!(Json::date_time(quoted("2001-01-01T10:00:00.999+10:00")), Ok(978_307_200));
        assert_eq!(Json::interval(bare("27")), Ok(27));
        assert_eq!(Json::interval(quoted("0x0000001b")), Ok(27));
    }

    #[test]
    fn what_is_in_quotes_is_no_number_and_what_is_not_is_no_text() {
        assert!(Json::integer(quoted("10")).is_err());
        assert!(Json::integer(word("true")).is_err());
        assert!(Json::integer(bare("10.0")).is_err());
        assert!(Json::long_integer(quoted("-2")).is_err());
        assert!(Json::interval(bare("-1")).is_err());
        assert!(Json::enumeration(quoted("2"), Some(ObjectType::TABLE)).is_err());
        assert!(Json::enumeration(bare("-2"), Some(ObjectType::TABLE)).is_err());
        assert!(Json::boolean(bare("1")).is_err());
        assert!(Json::boolean(quoted("true")).is_err());
        assert!(Json::boolean(quoted("0x2")).is_err());
        assert!(Json::text(bare("1")).is_err());
        assert!(Json::bytes(bare("1234")).is_err());
        assert!(Json::big_integer(quoted("0000000000000000")).is_err());
        assert!(Json::big_integer(bare("9223372036854775808")).is_err());
        assert!(Json::date_time(bare("978307200")).is_err());
        assert!(Json::mask(quoted("Encrypt||Decrypt"), CryptographicUsageMask::TABLE).is_err());
        assert!(Json::mask(quoted("Encrypt Decrypt"), CryptographicUsageMask::TABLE).is_err());
        assert!(Json::mask(quoted(""), CryptographicUsageMask::TABLE).is_err());
    }

    #[test]
    fn big_integers_keep_their_sign() {
        assert_eq!(Json::big_integer(bare("-2")).map(|bytes| bytes.to_vec()), Ok([vec![0xFF; 7], vec![0xFE]].concat()));
        assert_eq!(Json::big_integer(quoted("0xff")).map(|bytes| bytes.to_vec()), Ok(vec![0xFF]));
    }
}
