//! Usage Limits of keys that protect data (KMIP 1.4 §3.21, KMIP 2.1 §4.59): every use takes from the count.

use kmip_codec::registry::UsageLimitsUnit;

use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};

/// Takes the use of a key on `bytes` bytes from its Usage Limits, if it has any.
pub(crate) fn charge(context: &mut Context<'_>, key: &Record, bytes: usize) -> OpResult<()> {
    take(context, key, bytes, 1)
}

/// Takes the bytes of a later part: it is no use of its own.
pub(crate) fn charge_part(context: &mut Context<'_>, key: &Record, bytes: usize) -> OpResult<()> {
    take(context, key, bytes, 0)
}

fn take(context: &mut Context<'_>, key: &Record, bytes: usize, uses: i64) -> OpResult<()> {
    context.txn.note_bytes(i64::try_from(bytes).unwrap_or(i64::MAX));
    let Some(limits) = attribute_of!(key, UsageLimits) else { return Ok(()) };
    let units = match limits.usage_limits_unit {
        UsageLimitsUnit::Byte => i64::try_from(bytes).unwrap_or(i64::MAX),
        _ => uses,
    };
    if units == 0 {
        return Ok(());
    }
    let total = limits.usage_limits_total;
    if total.saturating_sub(context.txn.used(&key.id)) < units {
        return fail(Fault::UsageLimit, "the Usage Limits of the key do not permit this use");
    }
    context.txn.take_uses(&key.id, units, total);
    Ok(())
}
