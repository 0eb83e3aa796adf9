//! Attribute values as people type them: a reader over one text that the typed declarations drive.
//!
//! So each attribute of the specification can be typed, and a new one needs no line here.

use std::time::{SystemTime, UNIX_EPOCH};

use kmip_codec::attribute::{Attribute, AttributeReference, VendorAttribute};
use kmip_codec::error::{DecodeError, Problem, Result};
use kmip_codec::inline::Text;
use kmip_codec::item::ItemValue;
use kmip_codec::limits::Limits;
use kmip_codec::registry::{EnumTable, ItemType, Tag};
use kmip_codec::version::{V2_1, Version};
use kmip_codec::wire::ttlv::TtlvReader;
use kmip_codec::wire::xml::text;
use kmip_codec::wire::{IdentifierKind, Mark, Source, Strictness};
use zeroize::Zeroizing;

use crate::failure::{CliError, Done};
use crate::names;

/// Reads `NAME=VALUE`.
pub fn assignment(text: &str) -> Done<Attribute> {
    let (name, value) = text.split_once('=').ok_or_else(|| CliError::Usage(format!("{text:?} is no NAME=VALUE")))?;
    attribute(&names::attribute(name.trim())?, value.trim())
}

/// Reads the value of an attribute.
pub fn attribute(reference: &AttributeReference, value: &str) -> Done<Attribute> {
    let tag = match reference {
        AttributeReference::Tag(tag) => *tag,
        AttributeReference::Vendor { vendor, name } => {
            let value = ItemValue::Text(Text::new(value));
            let attribute = VendorAttribute { vendor: vendor.clone(), name: name.clone(), value };
            return Ok(Attribute::Vendor(Box::new(attribute)));
        }
    };
    let mut source = TextSource { value, tag, fields: Vec::new(), bytes: Zeroizing::default(), complaint: None };
    let read = Attribute::take_value(tag, &mut source);
    read.map_err(|error| {
        let complaint = source.complaint.unwrap_or_else(|| error.to_string());
        CliError::Usage(format!("{} = {value:?}: {complaint}", reference.name()))
    })
}

/// Reads a date: ISO 8601, or `now`.
pub fn date(value: &str) -> std::result::Result<i64, text::Expected> {
    if value != "now" {
        return text::date_time(value).map_err(|_| "a date such as 2030-12-31T23:59:59Z, or now");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "a clock that is right")?;
    i64::try_from(now.as_secs()).map_err(|_| "a clock that is right")
}

struct TextSource<'a> {
    /// The text of the current item.
    value: &'a str,
    tag: Tag,
    /// Fields of the open structure that are still to come, the next one last.
    fields: Vec<(Tag, &'a str)>,
    bytes: Zeroizing<Vec<u8>>,
    /// A better description of the error than its kind.
    complaint: Option<String>,
}

impl TextSource<'_> {
    fn fail<T>(&mut self, complaint: String) -> Result<T> {
        self.complaint = Some(complaint);
        Err(DecodeError::new(Problem::BadValue("another value"), self.tag))
    }

    fn read<T>(&self, value: std::result::Result<T, text::Expected>) -> Result<T> {
        value.map_err(|expected| DecodeError::new(Problem::BadValue(expected), self.tag))
    }

    fn hex(&mut self) -> Result<&[u8]> {
        self.bytes = self.read(text::hex(self.value))?;
        Ok(&self.bytes)
    }
}

impl Source for TextSource<'_> {
    fn version(&self) -> Version {
        V2_1
    }
    fn set_version(&mut self, _version: Version) {}
    fn strictness(&self) -> Strictness {
        Strictness::Lenient
    }
    fn note_leniency(&mut self, _tag: Tag) {}
    fn next(&mut self) -> Result<Tag> {
        let (tag, value) = self.fields.pop().unwrap_or((Tag::NONE, ""));
        (self.tag, self.value) = (tag, value);
        Ok(tag)
    }
    /// Where a value may be a text or something else, it is a text.
    fn item_type(&self) -> ItemType {
        ItemType::TextString
    }
    fn enter(&mut self) -> Result<()> {
        let mut fields = Vec::new();
        for part in self.value.split(',') {
            let Some((name, value)) = part.split_once('=') else {
                return self.fail(format!("expected Field=value,Field=value; {part:?} has no field name"));
            };
            let Some(tag) = names::field(name) else { return self.fail(format!("{name:?} is no field")) };
            fields.push((tag, value.trim()));
        }
        fields.reverse();
        self.fields = fields;
        Ok(())
    }
    fn leave(&mut self) -> Result<()> {
        Ok(())
    }
    fn skip(&mut self) -> Result<()> {
        Ok(())
    }
    fn integer(&mut self) -> Result<i32> {
        self.read(text::integer(self.value))
    }
    fn mask(&mut self, table: &'static EnumTable) -> Result<u32> {
        let mut bits = 0;
        for name in self.value.split([',', '|', ' ']).filter(|name| !name.is_empty()) {
            match names::number(name, table) {
                Ok(bit) => bits |= bit,
                Err(complaint) => return self.fail(complaint),
            }
        }
        Ok(bits)
    }
    fn long_integer(&mut self) -> Result<i64> {
        self.read(text::long_integer(self.value))
    }
    fn big_integer(&mut self) -> Result<&[u8]> {
        self.hex()
    }
    fn enumeration(&mut self, table: Option<&'static EnumTable>) -> Result<u32> {
        let Some(table) = table else { return self.read(text::enumeration(self.value, None)) };
        names::number(self.value, table).or_else(|complaint| self.fail(complaint))
    }
    fn boolean(&mut self) -> Result<bool> {
        self.read(text::boolean(self.value))
    }
    fn text(&mut self) -> Result<&str> {
        Ok(self.value)
    }
    fn bytes(&mut self) -> Result<&[u8]> {
        self.hex()
    }
    fn date_time(&mut self) -> Result<i64> {
        self.read(date(self.value))
    }
    fn interval(&mut self) -> Result<u32> {
        self.read(text::interval(self.value))
    }
    fn date_time_extended(&mut self) -> Result<i64> {
        self.read(text::date_time_extended(self.value))
    }
    fn identifier(&mut self) -> Result<(IdentifierKind, &str)> {
        Ok((IdentifierKind::Text, self.value))
    }
    /// Only messages go back to a mark, never values.
    fn mark(&self) -> Mark {
        TtlvReader::new(&[], Limits::DEFAULT, Strictness::Lenient).mark()
    }
    fn rewind(&mut self, _mark: &Mark) {}
    fn recover(&mut self, _mark: &Mark) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_client::attributes;
    use kmip_codec::registry::{CryptographicUsageMask, State, UsageLimitsUnit};
    use kmip_codec::value::{DateTime, Interval};

    #[test]
    fn values_of_all_kinds_are_read() {
        let read = |text| assignment(text).unwrap();
        assert_eq!(read("name=disk-7"), attributes::name("disk-7"));
        assert_eq!(read("State=pre-active"), attributes::state(State::PreActive));
        assert_eq!(read("x-Purpose=a=b"), attributes::custom("Purpose", "a=b"));
        assert_eq!(read("Lease Time=60"), Attribute::LeaseTime(Interval(60)));
        assert_eq!(read("Sensitive=true"), Attribute::Sensitive(true));
        assert_eq!(read("deactivation date=1970-01-02T00:00:00Z"), Attribute::DeactivationDate(DateTime(86_400)));
        assert_eq!(
            read("CryptographicUsageMask=encrypt,decrypt"),
            Attribute::CryptographicUsageMask(CryptographicUsageMask(12))
        );
        let Attribute::UsageLimits(limits) = read("Usage Limits=UsageLimitsTotal=100,UsageLimitsUnit=object") else {
            panic!("another attribute")
        };
        assert_eq!((limits.usage_limits_total, limits.usage_limits_unit), (100, UsageLimitsUnit::Object));
        let Attribute::ApplicationSpecificInformation(info) =
            read("Application Specific Information=ApplicationNamespace=ssl,ApplicationData=www.example.com")
        else {
            panic!("another attribute")
        };
        assert_eq!(info.application_data.unwrap().as_str(), "www.example.com");
        let Attribute::Link(link) = read("Link=LinkType=PublicKeyLink,LinkedObjectIdentifier=42") else {
            panic!("another attribute")
        };
        assert_eq!(link.linked_object_identifier.as_text(), Some("42"));
    }

    #[test]
    fn a_bad_value_is_refused_with_what_was_expected() {
        for (text, expected) in [
            ("Lease Time=long", "Lease Time"),
            ("State=actve", "did you mean \"Active\"?"),
            ("Activation Date=tomorrow", "a date such as"),
            ("Cryptographic Usage Mask=encript", "did you mean \"Encrypt\"?"),
            ("Usage Limits=100", "has no field name"),
            ("Usage Limits=UsageLimitsTotal=100", "required field is missing"),
            ("Usage Limits=Bogus=1", "is no field"),
            ("nothing", "is no NAME=VALUE"),
            ("Bogus=1", "is no attribute"),
        ] {
            let error = assignment(text).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn every_attribute_of_the_table_reads_any_text_without_harm() {
        for tag in kmip_codec::attribute::attribute_tags() {
            for value in ["", "1", "x", "A=b", "UsageLimitsTotal=1", "ffffffffffffffff", ",,,", "=", "now"] {
                let _ = attribute(&AttributeReference::Tag(*tag), value);
            }
        }
    }
}
