//! Values for attributes: two of each, in the form that a version has them.

use super::{VENDOR_ATTRIBUTE, now};
use crate::tree::{boolean, bytes, date_time, enumeration, integer, structure, text};
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::registry::{
    AlternativeNameType, BlockCipherMode, CryptographicAlgorithm, HashingAlgorithm, KeyFormatType,
    KeyValueLocationType, LinkType, PaddingMethod, RNGAlgorithm, RecommendedCurve, RevocationReasonCode,
    RotateNameType, Tag, UsageLimitsUnit, enum_of_tag,
};
use kmip_codec::version::{V3_0, Version};
use kmip_codec::wire::IdentifierKind;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The first or the second value of an attribute, under its tag. `printed` is the type that the specification prints; what
/// links does so to `target`. No two names are the same.
pub fn sample(tag: Tag, printed: &str, version: Version, target: &str, nth: usize) -> Item {
    static NAMES: AtomicUsize = AtomicUsize::new(0);
    let unique = format!("walked {}", NAMES.fetch_add(1, Ordering::Relaxed));
    match tag {
        Tag::Attribute | Tag::CustomAttribute => vendor("x", nth),
        Tag::Name if version < V3_0 => crate::message::name(&unique),
        Tag::Name => text(tag, &unique),
        Tag::RotateName if version < V3_0 => structure(
            tag,
            vec![
                text(Tag::RotateNameValue, &unique),
                enumeration(Tag::RotateNameType, RotateNameType::UninterpretedTextString.0),
            ],
        ),
        tag if version >= V3_0 && tag.name().is_some_and(|name| name.ends_with(" Link")) => {
            let id = kmip_codec::inline::Text::new(if nth == 0 { target } else { "elsewhere" });
            Item { tag, value: ItemValue::Identifier(IdentifierKind::Reference, id) }
        }
        tag => {
            parts(tag, target, nth).map_or_else(|| simple(tag, printed, version, nth), |parts| structure(tag, parts))
        }
    }
}

/// An attribute of a vendor.
pub fn vendor(vendor: &str, nth: usize) -> Item {
    let value = text(Tag::AttributeValue, &format!("value {nth}"));
    let fields = vec![text(Tag::VendorIdentification, vendor), text(Tag::AttributeName, VENDOR_ATTRIBUTE), value];
    structure(Tag::Attribute, fields)
}

/// What a value that is no structure says.
fn simple(tag: Tag, printed: &str, version: Version, nth: usize) -> Item {
    let small = i32::try_from(nth + 1).unwrap_or(i32::MAX);
    match printed {
        "Date-Time" | "Date Time" => date_time(tag, date(tag) + i64::from(small)),
        "Enumeration" => enumeration(tag, choice(tag, version, nth)),
        "Boolean" => boolean(tag, (nth == 0) == (tag == Tag::Extractable)),
        "Integer" => integer(tag, small),
        "Interval" => Item { tag, value: ItemValue::Interval(86_400 * small.unsigned_abs()) },
        "Byte String" => bytes(tag, &[u8::try_from(nth).unwrap_or(u8::MAX); 8]),
        "Long Integer" => Item { tag, value: ItemValue::LongInteger(i64::from(small)) },
        _ => text(tag, &format!("{} {nth}", tag.name().unwrap_or_default())),
    }
}

/// Dates of the future, in the order of a life.
fn date(tag: Tag) -> i64 {
    let hours = match tag {
        Tag::ActivationDate => 1,
        Tag::ProcessStartDate => 2,
        Tag::ProtectStopDate => 3,
        Tag::DeactivationDate => 4,
        _ => -1,
    };
    now() + hours * 3_600
}

fn choice(tag: Tag, version: Version, nth: usize) -> u32 {
    match tag {
        Tag::CryptographicAlgorithm if nth == 0 => CryptographicAlgorithm::AES.0,
        Tag::KeyFormatType if nth == 0 => KeyFormatType::Raw.0,
        Tag::OpaqueDataType => 0x8000_0001 + u32::try_from(nth).unwrap_or_default(),
        _ => {
            let table = enum_of_tag(tag).unwrap_or_else(|| panic!("{tag} is no enumeration"));
            let mut live = table.rows.iter().filter(|row| row.is_live(version)).map(|row| row.value);
            // A version that lacks the attribute may lack its values, too.
            live.nth(nth).or_else(|| table.rows.get(nth).map(|row| row.value)).unwrap_or(1)
        }
    }
}

/// The fields of a value that is a structure.
fn parts(tag: Tag, target: &str, nth: usize) -> Option<Vec<Item>> {
    let one_of = |values: [u32; 2]| values[nth.min(1)];
    Some(match tag {
        Tag::AlternativeName => vec![
            text(Tag::AlternativeNameValue, &format!("alternative {nth}")),
            enumeration(Tag::AlternativeNameType, AlternativeNameType::UninterpretedTextString.0),
        ],
        Tag::ApplicationSpecificInformation => {
            vec![text(Tag::ApplicationNamespace, "walk"), text(Tag::ApplicationData, &format!("data {nth}"))]
        }
        Tag::CertificateIdentifier => vec![text(Tag::Issuer, "CN=walk"), text(Tag::SerialNumber, "1")],
        Tag::CertificateIssuer => vec![text(Tag::CertificateIssuerDistinguishedName, "CN=walk")],
        Tag::CertificateSubject => vec![text(Tag::CertificateSubjectDistinguishedName, "CN=walk")],
        Tag::CryptographicDomainParameters => {
            let curves = [RecommendedCurve::P_256.0, RecommendedCurve::P_384.0];
            vec![enumeration(Tag::RecommendedCurve, one_of(curves))]
        }
        Tag::CryptographicParameters => vec![
            enumeration(Tag::BlockCipherMode, one_of([BlockCipherMode::CBC.0, BlockCipherMode::ECB.0])),
            enumeration(Tag::PaddingMethod, PaddingMethod::PKCS5.0),
        ],
        Tag::Digest => vec![
            enumeration(Tag::HashingAlgorithm, HashingAlgorithm::SHA_256.0),
            bytes(Tag::DigestValue, &[1; 32]),
            enumeration(Tag::KeyFormatType, KeyFormatType::Raw.0),
        ],
        Tag::KeyValueLocation => vec![
            text(Tag::KeyValueLocationValue, &format!("shelf {nth}")),
            enumeration(Tag::KeyValueLocationType, KeyValueLocationType::UninterpretedTextString.0),
        ],
        Tag::Link => vec![
            enumeration(Tag::LinkType, one_of([LinkType::CertificateLink.0, LinkType::PrivateKeyLink.0])),
            text(Tag::LinkedObjectIdentifier, target),
        ],
        Tag::RevocationReason => {
            vec![enumeration(Tag::RevocationReasonCode, RevocationReasonCode::CessationOfOperation.0)]
        }
        Tag::DeactivationReason => vec![enumeration(Tag::DeactivationReasonCode, 1)],
        Tag::RandomNumberGenerator => vec![enumeration(Tag::RNGAlgorithm, RNGAlgorithm::Unspecified.0)],
        Tag::UsageLimits => vec![
            Item {
                tag: Tag::UsageLimitsTotal,
                value: ItemValue::LongInteger(1_000 + i64::try_from(nth).unwrap_or_default()),
            },
            enumeration(Tag::UsageLimitsUnit, UsageLimitsUnit::Byte.0),
        ],
        Tag::X_509CertificateIdentifier => {
            vec![bytes(Tag::IssuerDistinguishedName, &[0x30, 0]), bytes(Tag::CertificateSerialNumber, &[1])]
        }
        Tag::X_509CertificateIssuer => vec![bytes(Tag::IssuerDistinguishedName, &[0x30, 0])],
        Tag::X_509CertificateSubject => vec![bytes(Tag::SubjectDistinguishedName, &[0x30, 0])],
        _ => return None,
    })
}
