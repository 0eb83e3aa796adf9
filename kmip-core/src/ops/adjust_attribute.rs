//! Adjust Attribute (KMIP 2.0 §6.1.3, KMIP 2.1 §6.1.3): a number, interval or date of an object is moved, a number or truth
//! value negated (§11.1).
//!
//! The Adjustment Value has the type of the attribute. A date is moved by an Interval of seconds, too: the text says "1 second"
//! of its default. Masks travel as Integers, and are no numbers: no client modifies them at all, nor adds one so.

use kmip_codec::attribute::{Attribute, AttributeReference, VendorAttribute};
use kmip_codec::item::ItemValue;
use kmip_codec::limits::Limits;
use kmip_codec::operation::adjust_attribute::{AdjustAttributeRequest, AdjustAttributeResponse};
use kmip_codec::registry::{AdjustmentType, Tag};
use kmip_codec::value::{ByteString, Value};
use kmip_codec::version::V2_1;
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Source, Strictness};

use crate::attribute_change::{Edit, Which};
use crate::batch::Context;
use crate::error::{Fault, OpError, OpResult, fail};

pub(super) fn adjust_attribute(
    context: &mut Context<'_>,
    request: AdjustAttributeRequest,
) -> OpResult<AdjustAttributeResponse> {
    let [reference] = request.attribute_reference.as_slice() else {
        return fail(Fault::InvalidMessage, "Adjust Attribute takes one Attribute Reference");
    };
    let mut edit = Edit::open(context, request.unique_identifier.as_ref())?;
    let old = edit.adjustable(reference)?;
    let (item, present) = match &old {
        Some(attribute) => (item_of(attribute)?, true),
        None => (zero(reference)?, false),
    };
    let item = adjust(item, request.adjustment_type, request.adjustment_value)?;
    let new = attribute_of_item(reference, old.as_ref(), item)?;
    if present {
        edit.modify(Which::Only, new)?;
    } else {
        edit.add(new)?;
    }
    Ok(AdjustAttributeResponse { unique_identifier: edit.close(context)? })
}

/// The value of an attribute as an item.
fn item_of(attribute: &Attribute) -> OpResult<ItemValue> {
    match attribute {
        Attribute::Vendor(vendor) => Ok(vendor.value.clone()),
        attribute => {
            let mut writer = TtlvWriter::with_capacity(V2_1, 64);
            attribute.put_value(attribute.tag(), &mut writer);
            read(&writer.finish(), ItemValue::take)
        }
    }
}

fn read<T>(bytes: &[u8], take: impl FnOnce(&mut dyn Source) -> kmip_codec::error::Result<T>) -> OpResult<T> {
    let mut reader = TtlvReader::new(bytes, Limits::DEFAULT, Strictness::Strict);
    reader.set_version(V2_1);
    let value = reader.next().and_then(|_| take(&mut reader));
    value.map_err(|_| OpError::new(Fault::DataType, "the value is not of a type that can be adjusted"))
}

/// The attribute with another value.
fn attribute_of_item(reference: &AttributeReference, old: Option<&Attribute>, value: ItemValue) -> OpResult<Attribute> {
    match (reference, old) {
        (_, Some(Attribute::Vendor(vendor))) => {
            let (vendor, name) = (vendor.vendor.clone(), vendor.name.clone());
            Ok(Attribute::Vendor(Box::new(VendorAttribute { vendor, name, value })))
        }
        (AttributeReference::Tag(tag), _) => typed(*tag, &value),
        (AttributeReference::Vendor { .. }, _) => fail(Fault::AttributeNotFound, "the object has no such attribute"),
    }
}

fn typed(tag: Tag, value: &ItemValue) -> OpResult<Attribute> {
    let mut writer = TtlvWriter::with_capacity(V2_1, 64);
    value.put(tag, &mut writer);
    read(&writer.finish(), |source| Attribute::take_value(tag, source))
}

/// What the value of an absent attribute is taken to be: 0 for numbers and intervals, false; "otherwise an error is raised".
fn zero(reference: &AttributeReference) -> OpResult<ItemValue> {
    let AttributeReference::Tag(tag) = reference else {
        return fail(Fault::AttributeNotFound, "the object has no such attribute, and its type is not known");
    };
    let zeros = [ItemValue::Integer(0), ItemValue::LongInteger(0), ItemValue::Interval(0), ItemValue::Boolean(false)];
    // The number of a link is a place in the response, which no attribute keeps.
    let is_number = |attribute: &Attribute| {
        !matches!(
            attribute,
            Attribute::Link(_)
                | Attribute::LinkByTag(..)
                | Attribute::CryptographicUsageMask(_)
                | Attribute::ProtectionStorageMask(_)
        )
    };
    let found = zeros.into_iter().find(|zero| typed(*tag, zero).is_ok_and(|attribute| is_number(&attribute)));
    found.ok_or_else(|| {
        let name = reference.name();
        OpError::new(Fault::AttributeNotFound, format!("the object has no {:?} to adjust", name.as_str()))
    })
}

/// The value after the adjustment.
fn adjust(old: ItemValue, kind: AdjustmentType, by: Option<ItemValue>) -> OpResult<ItemValue> {
    match kind {
        AdjustmentType::Increment => moved(old, by, false),
        AdjustmentType::Decrement => moved(old, by, true),
        AdjustmentType::Negate if by.is_some() => fail(Fault::InvalidField, "Negate takes no Adjustment Value"),
        AdjustmentType::Negate => negated(old),
        other => fail(Fault::InvalidField, format!("Adjustment Type {other} is not recognized")),
    }
}

fn out_of_range() -> OpError {
    OpError::new(Fault::NumericRange, "the adjusted value is larger or smaller than its type can hold")
}

fn negated(old: ItemValue) -> OpResult<ItemValue> {
    Ok(match old {
        ItemValue::Boolean(value) => ItemValue::Boolean(!value),
        ItemValue::Integer(value) => ItemValue::Integer(value.checked_neg().ok_or_else(out_of_range)?),
        ItemValue::LongInteger(value) => ItemValue::LongInteger(value.checked_neg().ok_or_else(out_of_range)?),
        ItemValue::BigInteger(value) => ItemValue::BigInteger(big::negated(&value)),
        _ => return fail(Fault::DataType, "Negate applies to integers and Boolean values"),
    })
}

/// Adds or subtracts. All types but Big Integer fit into 128 bits with their sums.
fn moved(old: ItemValue, by: Option<ItemValue>, back: bool) -> OpResult<ItemValue> {
    if let ItemValue::BigInteger(value) = &old {
        return moved_big(value, by, back);
    }
    let (value, step) = match (&old, &by) {
        (ItemValue::Integer(value), Some(ItemValue::Integer(step))) => (i128::from(*value), i128::from(*step)),
        (ItemValue::LongInteger(value), Some(ItemValue::LongInteger(step))) => (i128::from(*value), i128::from(*step)),
        (ItemValue::Interval(value), Some(ItemValue::Interval(step))) => (i128::from(*value), i128::from(*step)),
        (ItemValue::DateTime(value), Some(ItemValue::DateTime(step))) => (i128::from(*value), i128::from(*step)),
        (ItemValue::DateTime(value), Some(ItemValue::Interval(step))) => (i128::from(*value), i128::from(*step)),
        (ItemValue::DateTimeExtended(value), Some(ItemValue::DateTimeExtended(step))) => {
            (i128::from(*value), i128::from(*step))
        }
        (ItemValue::DateTimeExtended(value), Some(ItemValue::Interval(step))) => {
            (i128::from(*value), i128::from(*step).saturating_mul(1_000_000))
        }
        (ItemValue::Integer(value), None) => (i128::from(*value), 1),
        (ItemValue::LongInteger(value) | ItemValue::DateTime(value) | ItemValue::DateTimeExtended(value), None) => {
            (i128::from(*value), 1)
        }
        (ItemValue::Interval(value), None) => (i128::from(*value), 1),
        _ => {
            return fail(
                Fault::DataType,
                "Increment and Decrement apply to numbers, intervals and dates, by one of the same type",
            );
        }
    };
    let sum = if back { value.saturating_sub(step) } else { value.saturating_add(step) };
    let long = || i64::try_from(sum).map_err(|_| out_of_range());
    Ok(match old {
        ItemValue::Integer(_) => ItemValue::Integer(i32::try_from(sum).map_err(|_| out_of_range())?),
        ItemValue::Interval(_) => ItemValue::Interval(u32::try_from(sum).map_err(|_| out_of_range())?),
        ItemValue::DateTime(_) => ItemValue::DateTime(long()?),
        ItemValue::DateTimeExtended(_) => ItemValue::DateTimeExtended(long()?),
        _ => ItemValue::LongInteger(long()?),
    })
}

fn moved_big(value: &ByteString, by: Option<ItemValue>, back: bool) -> OpResult<ItemValue> {
    let step = match by {
        None => ByteString::new(&[0, 0, 0, 0, 0, 0, 0, 1]),
        Some(ItemValue::BigInteger(step)) => step,
        Some(_) => return fail(Fault::DataType, "a Big Integer is adjusted by a Big Integer"),
    };
    let step = if back { big::negated(&step) } else { step };
    let sum = big::sum(value, &step);
    if sum.as_slice().len() > big::MOST {
        return Err(out_of_range());
    }
    Ok(ItemValue::BigInteger(sum))
}

/// Big Integers: two's complement, the highest byte first, in multiples of 8 bytes (KMIP 1.4 §9.1.1.3).
mod big {
    use kmip_codec::value::ByteString;

    /// Bytes that an adjusted Big Integer may have.
    pub const MOST: usize = 4_096;
    const WORD: usize = 8;

    fn is_negative(bytes: &[u8]) -> bool {
        bytes.first().is_some_and(|first| first & 0x80 != 0)
    }

    /// The same number in so many bytes, the lowest first.
    fn extended(value: &ByteString, length: usize) -> Vec<u8> {
        let filler = if is_negative(value.as_slice()) { 0xFF } else { 0 };
        let mut bytes: Vec<u8> = value.as_slice().iter().rev().copied().collect();
        bytes.resize(length, filler);
        bytes
    }

    /// The number without words that only repeat its sign.
    fn shortest(mut lowest_first: Vec<u8>) -> ByteString {
        lowest_first.reverse();
        let mut bytes = lowest_first.as_slice();
        while let Some((word, rest)) = bytes.split_at_checked(WORD) {
            let filler = if is_negative(bytes) { 0xFF } else { 0 };
            if rest.is_empty() || word.iter().any(|byte| *byte != filler) || is_negative(rest) != is_negative(bytes) {
                break;
            }
            bytes = rest;
        }
        ByteString::new(bytes)
    }

    pub fn sum(one: &ByteString, other: &ByteString) -> ByteString {
        let longest = one.as_slice().len().max(other.as_slice().len());
        let length = longest.div_ceil(WORD).saturating_add(1).saturating_mul(WORD);
        let (one, other) = (extended(one, length), extended(other, length));
        let mut carry = 0_u16;
        let add = |(one, other): (u8, u8)| {
            let sum = u16::from(one).saturating_add(u16::from(other)).saturating_add(carry);
            carry = sum >> 8;
            sum.to_le_bytes()[0]
        };
        shortest(one.into_iter().zip(other).map(add).collect())
    }

    pub fn negated(value: &ByteString) -> ByteString {
        let length = value.as_slice().len().div_ceil(WORD).saturating_add(1).saturating_mul(WORD);
        let flipped: Vec<u8> = extended(value, length).into_iter().rev().map(|byte| !byte).collect();
        sum(&ByteString::new(&flipped), &ByteString::new(&[1]))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn number(value: i128) -> ByteString {
            ByteString::new(&value.to_be_bytes())
        }

        fn value(bytes: &ByteString) -> i128 {
            let mut lowest_first = extended(bytes, 16);
            lowest_first.reverse();
            i128::from_be_bytes(lowest_first.try_into().expect("16 bytes"))
        }

        #[test]
        fn sums_and_negations_are_those_of_integers() {
            let numbers = [
                0,
                1,
                -1,
                127,
                128,
                -128,
                -129,
                i128::from(i64::MAX),
                i128::from(i64::MIN),
                i128::from(u64::MAX),
                -(1 << 64),
                1 << 90,
            ];
            for one in numbers {
                assert_eq!(value(&negated(&number(one))), -one, "-{one}");
                for other in numbers {
                    let sum = sum(&number(one), &number(other));
                    assert_eq!(value(&sum), one + other, "{one} + {other}");
                    assert_eq!(sum.as_slice().len() % WORD, 0);
                }
            }
            assert_eq!(sum(&number(1 << 90), &number(-(1 << 90))).as_slice(), [0; 8]);
        }
    }
}
