//! Adjust Attribute (KMIP 2.1 §6.1.3, §11.1).

use kmip_codec::attribute::{Attribute, AttributeReference, VendorAttribute};
use kmip_codec::inline::Text;
use kmip_codec::item::ItemValue;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::adjust_attribute::AdjustAttributeRequest;
use kmip_codec::registry::{AdjustmentType, Operation, ResultReason, Tag};
use kmip_codec::value::{ByteString, DateTime, Interval};
use kmip_codec::version::{V1_4, V2_0, V2_1, Version};

use crate::requests::*;
use crate::support::{Harness, START, failure, success};
use AdjustmentType as By;

fn adjust(
    harness: &Harness,
    version: Version,
    id: &str,
    references: &[AttributeReference],
    adjustment_type: By,
    adjustment_value: Option<ItemValue>,
) -> ResponseBatchItem {
    let request = AdjustAttributeRequest {
        unique_identifier: text(id),
        attribute_reference: references.to_vec(),
        adjustment_type,
        adjustment_value,
    };
    harness.call(version, Operation::AdjustAttribute, RequestPayload::AdjustAttribute(Box::new(request)))
}

fn vendor(value: ItemValue) -> Attribute {
    Attribute::Vendor(Box::new(VendorAttribute { vendor: Text::new("x"), name: Text::new("number"), value }))
}

fn vendor_reference() -> AttributeReference {
    AttributeReference::Vendor { vendor: Text::new("x"), name: Text::new("number") }
}

fn big(number: i128) -> ItemValue {
    ItemValue::BigInteger(ByteString::new(&number.to_be_bytes()))
}

/// A value, the adjustment, and what comes of it.
type Row = (ItemValue, By, Option<ItemValue>, Result<ItemValue, ResultReason>);

fn rows() -> Vec<Row> {
    use ItemValue as V;
    let small = |number: i64| V::BigInteger(ByteString::new(&number.to_be_bytes()));
    let (range, kind) = (Err(ResultReason::NumericRange), Err(ResultReason::InvalidDataType));
    vec![
        (V::Integer(5), By::Increment, None, Ok(V::Integer(6))),
        (V::Integer(5), By::Decrement, None, Ok(V::Integer(4))),
        (V::Integer(5), By::Decrement, Some(V::Integer(7)), Ok(V::Integer(-2))),
        (V::Integer(5), By::Increment, Some(V::Integer(-7)), Ok(V::Integer(-2))),
        (V::Integer(5), By::Negate, None, Ok(V::Integer(-5))),
        (V::Integer(i32::MAX), By::Increment, None, range.clone()),
        (V::Integer(i32::MIN), By::Decrement, None, range.clone()),
        (V::Integer(i32::MIN), By::Negate, None, range.clone()),
        (V::Integer(5), By::Increment, Some(V::LongInteger(1)), kind.clone()),
        (V::LongInteger(5), By::Increment, Some(V::LongInteger(6)), Ok(V::LongInteger(11))),
        (V::LongInteger(i64::MAX), By::Increment, None, range.clone()),
        (V::LongInteger(i64::MIN), By::Increment, Some(V::LongInteger(i64::MIN)), range.clone()),
        (V::LongInteger(i64::MIN), By::Negate, None, range.clone()),
        (small(5), By::Increment, None, Ok(small(6))),
        (small(i64::MAX), By::Increment, Some(small(1)), Ok(big(i128::from(i64::MAX) + 1))),
        (big(1 << 64), By::Decrement, Some(big((1 << 64) - 1)), Ok(small(1))),
        (small(0), By::Decrement, None, Ok(small(-1))),
        (small(-7), By::Negate, None, Ok(small(7))),
        (small(5), By::Increment, Some(V::Integer(1)), kind.clone()),
        (V::Interval(5), By::Increment, None, Ok(V::Interval(6))),
        (V::Interval(5), By::Decrement, Some(V::Interval(6)), range.clone()),
        (V::Interval(u32::MAX), By::Increment, None, range.clone()),
        (V::Interval(5), By::Negate, None, kind.clone()),
        (V::DateTime(50), By::Increment, None, Ok(V::DateTime(51))),
        (V::DateTime(50), By::Decrement, Some(V::Interval(60)), Ok(V::DateTime(-10))),
        (V::DateTime(50), By::Increment, Some(V::DateTime(60)), Ok(V::DateTime(110))),
        (V::DateTime(i64::MAX), By::Increment, None, range.clone()),
        (V::DateTime(50), By::Negate, None, kind.clone()),
        (V::DateTimeExtended(50), By::Increment, None, Ok(V::DateTimeExtended(51))),
        (V::DateTimeExtended(50), By::Increment, Some(V::Interval(2)), Ok(V::DateTimeExtended(2_000_050))),
        (V::DateTimeExtended(i64::MIN), By::Decrement, None, range.clone()),
        (V::Boolean(true), By::Negate, None, Ok(V::Boolean(false))),
        (V::Boolean(true), By::Increment, None, kind.clone()),
        (V::Text(Text::new("5")), By::Increment, None, kind.clone()),
        (V::Bytes(ByteString::new(&[5])), By::Negate, None, kind.clone()),
        (V::Enumeration(5), By::Increment, None, kind.clone()),
        (V::Structure(Vec::new()), By::Increment, None, kind),
        (V::Integer(5), By::Negate, Some(V::Integer(1)), Err(ResultReason::InvalidField)),
        (V::Integer(5), By(0x8000_0000), None, Err(ResultReason::InvalidField)),
    ]
}

#[test]
fn every_type_is_adjusted_as_the_enumeration_says() {
    for version in [V2_0, V2_1] {
        for (old, by, step, expected) in rows() {
            let harness = Harness::new();
            let id = harness.created(version, &[vendor(old.clone())]);
            harness.advance(3);
            let item = adjust(&harness, version, &id, &[vendor_reference()], by, step.clone());
            let case = format!("{version} {old:?} {by} {step:?}");
            let now = harness.attributes_of(version, &id).into_iter().find(|a| a.tag() == Tag::Attribute);
            match expected {
                Ok(new) => {
                    success(item);
                    assert_eq!(now, Some(vendor(new)), "{case}");
                    assert_eq!(harness.record(&id).date(Tag::LastChangeDate), Some(DateTime(START + 3)));
                }
                Err(reason) => {
                    assert_eq!(failure(&item), reason, "{case}");
                    assert_eq!(now, Some(vendor(old)), "{case}");
                }
            }
        }
    }
}

#[test]
fn an_absent_number_is_zero_and_an_absent_boolean_false() {
    for version in [V2_0, V2_1] {
        let harness = Harness::new();
        let id = harness.created(version, &[]);
        let tag = AttributeReference::Tag;
        success(adjust(
            &harness,
            version,
            &id,
            &[tag(Tag::ProtectionPeriod)],
            By::Increment,
            Some(ItemValue::Interval(9)),
        ));
        success(adjust(&harness, version, &id, &[tag(Tag::ProtectionPeriod)], By::Increment, None));
        success(adjust(&harness, version, &id, &[tag(Tag::Sensitive)], By::Negate, None));
        let attributes = harness.attributes_of(version, &id);
        assert!(attributes.contains(&Attribute::ProtectionPeriod(Interval(10))));
        assert!(attributes.contains(&Attribute::Sensitive(true)));
        let below = adjust(&harness, version, &id, &[tag(Tag::RotateName)], By::Increment, None);
        let expected = if version == V2_0 { ResultReason::UnsupportedAttribute } else { ResultReason::ItemNotFound };
        assert_eq!(failure(&below), expected);
        let absent = adjust(&harness, version, &id, &[tag(Tag::DeactivationDate)], By::Increment, None);
        assert_eq!(failure(&absent), ResultReason::ItemNotFound, "a date has no zero");
        let absent = adjust(&harness, version, &id, &[vendor_reference()], By::Increment, None);
        assert_eq!(failure(&absent), ResultReason::ItemNotFound);
    }
}

#[test]
fn adjustments_follow_the_rules_of_the_attribute() {
    use ResultReason as R;
    for version in [V2_0, V2_1] {
        let harness = Harness::new();
        let groups = [Attribute::ObjectGroup(Text::new("one")), Attribute::ObjectGroup(Text::new("two"))];
        let id = harness.created(version, &groups);
        let reason_of = |id: &str, reference: Tag, by| {
            failure(&adjust(&harness, version, id, &[AttributeReference::Tag(reference)], by, None))
        };
        assert_eq!(reason_of("no such object", Tag::ProtectionPeriod, By::Increment), R::ItemNotFound);
        assert_eq!(reason_of(&id, Tag::ObjectGroup, By::Increment), R::MultiValuedAttribute);
        for read_only in [Tag::InitialDate, Tag::LeaseTime, Tag::Fresh, Tag::CryptographicUsageMask, Tag::DestroyDate] {
            assert_eq!(reason_of(&id, read_only, By::Increment), R::ReadOnlyAttribute, "{read_only}");
        }
        assert_eq!(reason_of(&id, Tag::OperationPolicyName, By::Increment), R::UnsupportedAttribute);
        assert_eq!(reason_of(&id, Tag::BatchCount, By::Increment), R::UnsupportedAttribute);

        let dated = harness.created(version, &[Attribute::ActivationDate(DateTime(START - 5))]);
        let wrong_state = if version == V2_0 { R::PermissionDenied } else { R::WrongKeyLifecycleState };
        assert_eq!(reason_of(&dated, Tag::ActivationDate, By::Increment), wrong_state);
        let both = [Attribute::ActivationDate(DateTime(START + 9)), Attribute::DeactivationDate(DateTime(START + 9))];
        let dated = harness.created(version, &both);
        assert_eq!(reason_of(&dated, Tag::ActivationDate, By::Increment), R::InvalidField, "later than deactivation");

        let reference = AttributeReference::Tag(Tag::ProtectionPeriod);
        for references in [vec![], vec![reference.clone(), reference]] {
            let item = adjust(&harness, version, &id, &references, By::Increment, None);
            assert_eq!(failure(&item), R::InvalidMessage);
        }
        let mut record = harness.record(&id);
        record.set(Attribute::ArchiveDate(DateTime(START)));
        harness.put(&record);
        assert_eq!(reason_of(&id, Tag::ProtectionPeriod, By::Increment), R::ObjectArchived);
    }
    // What a client gives its first value, and changes no more, is added and not moved.
    let harness = Harness::new();
    let id = harness.created(V2_1, &[]);
    let first =
        |tag, by, value: Option<ItemValue>| adjust(&harness, V2_1, &id, &[AttributeReference::Tag(tag)], by, value);
    let day = || Some(ItemValue::Interval(86_400));
    success(first(Tag::RotateInterval, By::Increment, day()));
    success(first(Tag::RotateAutomatic, By::Negate, None));
    let attributes = harness.attributes_of(V2_1, &id);
    assert!(attributes.contains(&Attribute::RotateInterval(Interval(86_400))), "{attributes:?}");
    assert!(attributes.contains(&Attribute::RotateAutomatic(true)), "{attributes:?}");
    assert_eq!(failure(&first(Tag::RotateInterval, By::Increment, day())), R::ReadOnlyAttribute);
    assert_eq!(failure(&first(Tag::RotateAutomatic, By::Negate, None)), R::ReadOnlyAttribute);
    let harness = Harness::new();
    let id = harness.created(V1_4, &[]);
    let references = [AttributeReference::Tag(Tag::CryptographicUsageMask)];
    let item = adjust(&harness, V1_4, &id, &references, By::Negate, None);
    assert_eq!(failure(&item), R::OperationNotSupported);
}
