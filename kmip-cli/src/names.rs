//! Names as people type them: `aes`, `pre-active`, `hmac-sha256`, `"activation date"`.

use kmip_codec::attribute::{AttributeReference, attribute_tags};
use kmip_codec::registry::{EnumTable, Tag, WireEnum};
use kmip_codec::version::Version;

use crate::failure::{CliError, Done};

/// The value of an enumeration with this name; case, blanks and punctuation do not count.
pub fn value<E: WireEnum>(text: &str) -> Done<E> {
    number(text, E::TABLE).map(E::from_wire).map_err(CliError::Usage)
}

/// The bits of a mask with these names.
pub fn mask<'a, E: WireEnum>(names: impl IntoIterator<Item = &'a str>) -> Done<E> {
    let bits = names.into_iter().try_fold(0, |bits, name| Ok(bits | number(name, E::TABLE)?));
    bits.map(E::from_wire).map_err(CliError::Usage)
}

/// The number of a name in a table, or what is wrong with it.
pub fn number(text: &str, table: &EnumTable) -> Result<u32, String> {
    if let Some(digits) = text.strip_prefix("0x") {
        return u32::from_str_radix(digits, 16).map_err(|_| format!("{text:?} is no hexadecimal number"));
    }
    let wanted = folded(text);
    let row = table.rows.iter().find(|row| folded(row.name) == wanted || folded(row.xml_name) == wanted);
    row.map(|row| row.value).ok_or_else(|| unknown(table.name, text, table.rows.iter().map(|row| row.name)))
}

/// The name in the specification.
pub fn name<E: WireEnum>(value: E) -> String {
    match E::TABLE.row(value.to_wire()) {
        Some(row) => row.name.to_owned(),
        None => format!("0x{:08X}", value.to_wire()),
    }
}

/// The name without blanks, for scripts.
pub fn xml_name<E: WireEnum>(value: E) -> String {
    match E::TABLE.row(value.to_wire()) {
        Some(row) => row.xml_name.to_owned(),
        None => format!("0x{:08X}", value.to_wire()),
    }
}

/// The attribute with this name; `x-` and `y-` begin those of clients and servers.
pub fn attribute(text: &str) -> Done<AttributeReference> {
    if text.starts_with("x-") || text.starts_with("y-") {
        return Ok(AttributeReference::of_name(text));
    }
    let wanted = folded(text);
    let known = || attribute_tags().iter().filter_map(|tag| Some((*tag, tag.name()?)));
    match known().find(|(_, name)| folded(name) == wanted) {
        Some((tag, _)) => Ok(AttributeReference::Tag(tag)),
        None => Err(CliError::Usage(unknown("attribute", text, known().map(|(_, name)| name)))),
    }
}

/// The field with this name.
pub fn field(text: &str) -> Option<Tag> {
    let wanted = folded(text);
    kmip_codec::registry::tag_rows().iter().find(|row| folded(row.xml_name) == wanted).map(|row| row.tag)
}

/// A protocol version, such as `2.1`.
pub fn version(text: &str) -> Done<Version> {
    let parts = text.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
    let version = parts.map(|(major, minor)| Version::new(major, minor)).filter(|version| version.is_published());
    version.ok_or_else(|| CliError::Usage(format!("{text:?} is no KMIP version: 1.0 to 1.4, 2.0, 2.1, 3.0")))
}

fn folded(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn unknown<'a>(what: &str, text: &str, known: impl Iterator<Item = &'a str>) -> String {
    let near = |name: &&str| strsim::jaro_winkler(&folded(name), &folded(text));
    let best = known.max_by(|a, b| near(a).total_cmp(&near(b))).filter(|name| near(name) > 0.75);
    let suggestion = best.map(|name| format!("; did you mean {name:?}?")).unwrap_or_default();
    format!("{text:?} is no {what}{suggestion}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::registry::{CryptographicAlgorithm, CryptographicUsageMask, KeyFormatType, State};

    #[test]
    fn names_are_read_as_people_type_them() {
        assert_eq!(value::<CryptographicAlgorithm>("aes").unwrap(), CryptographicAlgorithm::AES);
        assert_eq!(value::<CryptographicAlgorithm>("3des").unwrap(), CryptographicAlgorithm::DES3);
        assert_eq!(value::<CryptographicAlgorithm>("hmac-sha256").unwrap(), CryptographicAlgorithm::HMAC_SHA256);
        assert_eq!(value::<State>("pre-active").unwrap(), State::PreActive);
        assert_eq!(value::<KeyFormatType>("pkcs#8").unwrap(), KeyFormatType::PKCS_8);
        assert_eq!(value::<KeyFormatType>("0x80000001").unwrap(), KeyFormatType(0x8000_0001));
        let usage = mask::<CryptographicUsageMask>(["encrypt", "wrap-key"]).unwrap();
        assert_eq!(usage, CryptographicUsageMask::Encrypt | CryptographicUsageMask::WrapKey);
        assert_eq!(attribute("activation date").unwrap(), AttributeReference::Tag(Tag::ActivationDate));
        assert_eq!(attribute("x-Purpose").unwrap().name().as_str(), "x-Purpose");
        assert_eq!(version("1.4").unwrap(), kmip_codec::version::V1_4);
        assert_eq!(version("3.0").unwrap(), kmip_codec::version::V3_0);
    }

    #[test]
    fn unknown_names_are_told_with_the_nearest_one() {
        let error = value::<State>("actve").unwrap_err();
        assert_eq!(error.to_string(), "\"actve\" is no State; did you mean \"Active\"?");
        assert!(attribute("Activaton Date").unwrap_err().to_string().contains("Activation Date"));
        for bad in ["9.9", "2", "x", "2.1.0"] {
            assert_eq!(version(bad).unwrap_err().exit_code(), 2);
        }
    }
}
