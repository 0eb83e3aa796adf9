//! Media types of KMIP messages (KMIP Additional Message Encodings 1.0 §2.5): which encoding a body has, and which one a client
//! accepts for the answer (RFC 9110 §12.5.1).

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE};
use kmip_codec::wire::Encoding;

/// Weights are counted in thousandths.
const ONE: u16 = 1000;

/// The media type of an encoding.
pub const fn media_type(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Ttlv => "application/octet-stream",
        Encoding::Xml => "text/xml",
        Encoding::Json => "application/json",
    }
}

/// The media types, for people.
pub fn known() -> String {
    Encoding::ALL.map(media_type).join(", ")
}

/// The encoding that the Content-Type tells; else what to do about it.
pub fn of_body(headers: &HeaderMap) -> Result<Encoding, String> {
    let mut given = headers.get_all(CONTENT_TYPE).iter();
    let (Some(Ok(given)), None) = (given.next().map(|value| value.to_str()), given.next()) else {
        return Err(format!("tell the encoding of the message by one Content-Type: {}", known()));
    };
    let (name, parameters) = split(given);
    let found = Encoding::ALL.into_iter().find(|encoding| name.eq_ignore_ascii_case(media_type(*encoding)));
    let Some(encoding) = found else {
        return Err(format!("no message is {name}: send one of {}", known()));
    };
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err("send the message as it is, without a Content-Encoding".to_owned());
    }
    match parameters.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("charset")) {
        Some((_, charset)) if encoding != Encoding::Ttlv && !is_utf8(charset) => {
            Err(format!("text in {charset} is not read: send UTF-8"))
        }
        _ => Ok(encoding),
    }
}

/// ASCII is UTF-8, too.
fn is_utf8(charset: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
}

/// A value with its parameters, quotes taken off.
fn split(value: &str) -> (&str, Vec<(&str, &str)>) {
    let mut parts = value.split(';').map(str::trim);
    let first = parts.next().unwrap_or_default();
    let parameters = parts.filter_map(|part| part.split_once('='));
    (first, parameters.map(|(name, value)| (name.trim(), value.trim().trim_matches('"'))).collect())
}

/// The encoding of the answer: the one that the client likes best, the request's own before others. `None` if it accepts none.
pub fn of_answer(headers: &HeaderMap, request: Encoding) -> Option<Encoding> {
    let accepted: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let ranges: Vec<Range<'_>> = accepted.iter().flat_map(|value| value.split(',')).filter_map(Range::read).collect();
    if ranges.is_empty() {
        return Some(request);
    }
    let weighed = Encoding::ALL.into_iter().map(|encoding| (weight(&ranges, media_type(encoding)), encoding));
    let best =
        weighed.filter(|(weight, _)| *weight > 0).max_by_key(|(weight, encoding)| (*weight, *encoding == request));
    best.map(|(_, encoding)| encoding)
}

/// One entry of an Accept header.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    weight: u16,
}

impl<'a> Range<'a> {
    fn read(entry: &'a str) -> Option<Self> {
        let (name, parameters) = split(entry);
        let (kind, subtype) = name.split_once('/')?;
        let weight = parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case("q"));
        Some(Self { kind, subtype, weight: weight.map_or(ONE, |(_, weight)| thousandths(weight)) })
    }

    /// How exactly it names a media type; `None` if it does not.
    fn names(&self, kind: &str, subtype: &str) -> Option<u8> {
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (own, "*") if own.eq_ignore_ascii_case(kind) => Some(1),
            (own, other) if own.eq_ignore_ascii_case(kind) && other.eq_ignore_ascii_case(subtype) => Some(2),
            _ => None,
        }
    }
}

/// The weight that the most exact range gives a media type.
fn weight(ranges: &[Range<'_>], media_type: &str) -> u16 {
    let (kind, subtype) = media_type.split_once('/').unwrap_or_default();
    let naming = ranges.iter().filter_map(|range| Some((range.names(kind, subtype)?, range.weight)));
    naming.max_by_key(|(exactness, _)| *exactness).map_or(0, |(_, weight)| weight)
}

/// A weight such as `0.8`; one that cannot be read counts in full.
fn thousandths(weight: &str) -> u16 {
    match weight.parse::<f32>() {
        Ok(weight) if (0.0..=1.0).contains(&weight) => (weight * f32::from(ONE)).round() as u16,
        _ => ONE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Encoding::{Json, Ttlv, Xml};
    use axum::http::HeaderValue;

    fn content_type(value: &'static str) -> Result<Encoding, String> {
        of_body(&HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]))
    }

    fn answer(accept: &'static str, request: Encoding) -> Option<Encoding> {
        of_answer(&HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]), request)
    }

    #[test]
    fn the_content_type_tells_the_encoding() {
        assert_eq!(content_type("application/octet-stream"), Ok(Ttlv));
        assert_eq!(content_type("Text/XML"), Ok(Xml));
        assert_eq!(content_type("application/json ; charset=UTF-8"), Ok(Json));
        assert_eq!(content_type("text/xml;version=1; charset=\"us-ascii\""), Ok(Xml));
        assert_eq!(content_type("application/octet-stream; charset=binary"), Ok(Ttlv));
        assert!(content_type("text/xml; charset=utf-16").unwrap_err().contains("send UTF-8"));
        for unknown in ["application/xml", "text/json", "text/plain", "", "application/json/x"] {
            let refusal = content_type(unknown).unwrap_err();
            assert!(refusal.ends_with("application/octet-stream, text/xml, application/json"), "{refusal}");
        }
        assert!(of_body(&HeaderMap::new()).is_err());
        let packed = [(CONTENT_TYPE, "text/xml"), (CONTENT_ENCODING, "gzip")];
        let packed = packed.map(|(name, value)| (name, HeaderValue::from_static(value)));
        assert!(of_body(&HeaderMap::from_iter(packed)).unwrap_err().contains("Content-Encoding"));
        let mut twice = HeaderMap::new();
        for value in ["text/xml", "application/json"] {
            twice.append(CONTENT_TYPE, HeaderValue::from_static(value));
        }
        assert!(of_body(&twice).is_err());
    }

    #[test]
    fn the_answer_has_the_encoding_that_is_liked_best() {
        assert_eq!(of_answer(&HeaderMap::new(), Xml), Some(Xml));
        assert_eq!(answer("*/*", Json), Some(Json));
        assert_eq!(answer("text/html, application/*;q=0.8", Json), Some(Json));
        assert_eq!(answer("application/json;q=0.5, text/xml;q=0.9", Json), Some(Xml));
        assert_eq!(answer("application/json, text/xml", Json), Some(Json));
        assert_eq!(answer("application/json, text/xml", Xml), Some(Xml));
        assert_eq!(answer("application/json", Xml), Some(Json));
        assert_eq!(answer("*/*, text/xml;q=0", Xml), Some(Json));
        assert_eq!(answer("text/*;q=0.1, */*;q=0", Ttlv), Some(Xml));
        for none in ["text/html", "text/xml;q=0", "application/xml", "*/*;q=0.0"] {
            assert_eq!(answer(none, Xml), None, "{none}");
        }
    }
}
