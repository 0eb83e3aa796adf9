//! Subject and issuer alternative names (RFC 5280 §4.2.1.6): the bytes of each, and the text that 1.x wants of it.

use super::distinguished_name::{DistinguishedName, elements};
use super::{FormatError, Result};
use core::net::IpAddr;
use der::asn1::AnyRef;
use der::{Class, Decode, Encode, Tag, TagNumber, Tagged};

/// One `GeneralName`.
pub(super) struct AlternativeName<'a>(AnyRef<'a>);

/// Reads the value of a Subject or Issuer Alternative Name extension.
pub(super) fn read(extension: &[u8]) -> Result<Vec<AlternativeName<'_>>> {
    let names = AnyRef::from_der(extension).and_then(|any| elements::<AnyRef<'_>>(any, Tag::Sequence));
    let names =
        names.map_err(|_| FormatError::Malformed("an alternative name of the certificate is not well formed"))?;
    Ok(names.into_iter().map(AlternativeName).collect())
}

impl AlternativeName<'_> {
    /// The `GeneralName` as in the certificate.
    pub(super) fn der(&self) -> Vec<u8> {
        self.0.to_der().unwrap_or_default()
    }

    /// The name as text with its kind before it; none for kinds that have no usual text.
    pub(super) fn text(&self) -> Option<String> {
        let tag = self.0.tag();
        let number = (tag.class() == Class::ContextSpecific).then(|| tag.number())?;
        let value = self.0.value();
        let ascii = |kind: &str| {
            let text = std::str::from_utf8(value).ok().filter(|text| text.is_ascii())?;
            Some(format!("{kind}:{text}"))
        };
        match number {
            TagNumber(1) => ascii("email"),
            TagNumber(2) => ascii("DNS"),
            TagNumber(4) => {
                let name = DistinguishedName::new(AnyRef::from_der(value).ok()?).ok()?;
                Some(format!("DirName:{name}"))
            }
            TagNumber(6) => ascii("URI"),
            TagNumber(7) => address(value).map(|address| format!("IP:{address}")),
            _ => None,
        }
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from).ok();
    v4.or_else(|| <[u8; 16]>::try_from(octets).map(IpAddr::from).ok())
}
