//! Get Usage Allocation (KMIP 1.4 §4.18, KMIP 2.1 §6.1.23): a client takes uses of a key that it holds itself from the Usage
//! Limits. They are counted as the uses of the server's own operations are.

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::get_usage_allocation::{GetUsageAllocationRequest, GetUsageAllocationResponse};
use kmip_codec::registry::{CryptographicUsageMask as Mask, ObjectType, Tag};

use crate::attributes::{self, usage_mask};
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::state;

pub(super) fn get_usage_allocation(
    context: &mut Context<'_>,
    request: GetUsageAllocationRequest,
) -> OpResult<GetUsageAllocationResponse> {
    let units = request.usage_limits_count;
    if units <= 0 {
        return fail(Fault::InvalidField, "Usage Limits Count is the number of units to allocate: 1 or more");
    }
    let id = context.target(request.unique_identifier.as_ref())?;
    let record = context.txn.object(&id)?;
    check(&record, context.now)?;
    let Some(limits) = attribute_of!(record, UsageLimits) else {
        return fail(Fault::AttributeNotFound, "the object has no Usage Limits: it may be used without an allocation");
    };
    let (total, left) = (limits.usage_limits_total, limits.usage_limits_total.saturating_sub(context.txn.used(&id)));
    if left < units {
        return fail(Fault::UsageLimit, format!("{units} units cannot be allocated: {left} are left"));
    }
    context.txn.take_uses(&id, units, total);
    note_change(context, &record)?;
    Ok(GetUsageAllocationResponse { unique_identifier: UniqueIdentifier::Text(id) })
}

/// Whether the object can protect data, and may do so now.
fn check(record: &Record, now: i64) -> OpResult<()> {
    state::must_be_online(record)?;
    use ObjectType as O;
    let protects = [O::SymmetricKey, O::PrivateKey, O::PublicKey, O::SecretData, O::Certificate, O::PGPKey];
    if !protects.contains(&record.object_type) {
        return fail(Fault::WrongObjectType, format!("a {} does not protect data", record.object_type));
    }
    let protecting = Mask::Encrypt | Mask::Sign | Mask::WrapKey | Mask::MACGenerate | Mask::Unrestricted;
    if !usage_mask(record).intersects(protecting) {
        return fail(Fault::UsageMask, "the Cryptographic Usage Mask permits no use that protects data");
    }
    state::may_protect(record, now)
}

/// Last Change Date moves (KMIP 2.1 §4.29). Once a second is enough: allocations of the same second do not conflict.
fn note_change(context: &mut Context<'_>, record: &Record) -> OpResult<()> {
    if record.date(Tag::LastChangeDate).is_some_and(|date| date.0 >= context.now) {
        return Ok(());
    }
    let mut record = record.clone();
    attributes::touch(&mut record, context.now);
    context.txn.put(record)
}
