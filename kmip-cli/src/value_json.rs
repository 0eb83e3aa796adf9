//! KMIP values as JSON for output: a writer that the typed declarations drive, as they drive TTLV and XML.

use kmip_codec::attribute::Attribute;
use kmip_codec::registry::{EnumTable, Tag};
use kmip_codec::value::Value as KmipValue;
use kmip_codec::version::Version;
use kmip_codec::wire::xml::text;
use kmip_codec::wire::{IdentifierKind, Sink};
use serde_json::{Map, Value};

/// The value of an attribute.
pub fn of_attribute(attribute: &Attribute, version: Version) -> Value {
    let mut sink = JsonSink::new(version);
    attribute.put_value(attribute.tag(), &mut sink);
    sink.finish()
}

/// A structure: an object with a member for each field.
pub fn of_structure(structure: &impl KmipValue, version: Version) -> Value {
    let mut sink = JsonSink::new(version);
    structure.put(Tag::ResponsePayload, &mut sink);
    sink.finish()
}

struct JsonSink {
    version: Version,
    /// Open structures with their tags; the outermost has none and gets the result.
    open: Vec<(Tag, Map<String, Value>)>,
    done: Value,
}

impl JsonSink {
    fn new(version: Version) -> Self {
        Self { version, open: Vec::new(), done: Value::Null }
    }

    fn finish(self) -> Value {
        self.done
    }

    /// A field that comes again becomes an array.
    fn put(&mut self, tag: Tag, value: Value) {
        let Some((_, fields)) = self.open.last_mut() else {
            self.done = value;
            return;
        };
        let name = tag.xml_name().map_or_else(|| format!("0x{:06X}", tag.value()), str::to_owned);
        match fields.get_mut(&name) {
            None => {
                fields.insert(name, value);
            }
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
}

impl Sink for JsonSink {
    fn version(&self) -> Version {
        self.version
    }
    fn set_version(&mut self, version: Version) {
        self.version = version;
    }
    fn begin(&mut self, tag: Tag) {
        self.open.push((tag, Map::new()));
    }
    fn end(&mut self) {
        if let Some((tag, fields)) = self.open.pop() {
            self.put(tag, Value::Object(fields));
        }
    }
    fn integer(&mut self, tag: Tag, value: i32) {
        self.put(tag, value.into());
    }
    fn mask(&mut self, tag: Tag, value: u32, table: &'static EnumTable) {
        let names = text::write_mask(value, table, self.version);
        self.put(tag, names.split(' ').filter(|name| !name.is_empty()).collect());
    }
    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.put(tag, value.into());
    }
    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.bytes(tag, value);
    }
    fn enumeration(&mut self, tag: Tag, value: u32, table: Option<&'static EnumTable>) {
        self.put(tag, text::write_enumeration(value, table, self.version).into());
    }
    fn boolean(&mut self, tag: Tag, value: bool) {
        self.put(tag, value.into());
    }
    fn text(&mut self, tag: Tag, value: &str) {
        self.put(tag, value.into());
    }
    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.put(tag, hex::encode(value).into());
    }
    fn date_time(&mut self, tag: Tag, value: i64) {
        self.put(tag, text::write_date_time(value).into());
    }
    fn interval(&mut self, tag: Tag, value: u32) {
        self.put(tag, value.into());
    }
    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.put(tag, text::write_date_time_extended(value).into());
    }
    fn identifier(&mut self, tag: Tag, _kind: IdentifierKind, value: &str) {
        self.put(tag, value.into());
    }
    fn secret_bytes(&mut self, tag: Tag, value: &[u8]) {
        self.put(tag, format!("{} secret bytes", value.len()).into());
    }
    fn secret_text(&mut self, tag: Tag, _value: &str) {
        self.put(tag, "secret".into());
    }
    fn secret_big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.secret_bytes(tag, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_client::attributes;
    use kmip_codec::operation::locate::LocateResponse;
    use kmip_codec::registry::{CryptographicUsageMask, State};
    use kmip_codec::value::DateTime;
    use kmip_codec::version::V2_1;
    use serde_json::json;

    #[test]
    fn attributes_and_structures_become_json() {
        let of = |attribute| of_attribute(&attribute, V2_1);
        assert_eq!(of(attributes::state(State::PreActive)), json!("PreActive"));
        assert_eq!(of(Attribute::CryptographicUsageMask(CryptographicUsageMask(12))), json!(["Encrypt", "Decrypt"]));
        assert_eq!(of(Attribute::ActivationDate(DateTime(0))), json!("1970-01-01T00:00:00Z"));
        assert_eq!(
            of(attributes::name("disk-7")),
            json!({"NameType": "UninterpretedTextString", "NameValue": "disk-7"})
        );
        let ids = ["1", "2"].map(kmip_codec::attribute::values::UniqueIdentifier::text);
        let located = LocateResponse { located_items: Some(2), unique_identifier: ids.into() };
        assert_eq!(of_structure(&located, V2_1), json!({"LocatedItems": 2, "UniqueIdentifier": ["1", "2"]}));
    }
}
