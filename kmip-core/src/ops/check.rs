//! Check (KMIP 1.4 §4.10, KMIP 2.1 §6.1.7): may the object be used as the client intends?

use kmip_codec::operation::check::{CheckRequest, CheckResponse};
use kmip_codec::registry::ObjectType;

use crate::attributes::usage_mask;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::state;

pub(super) fn check(context: &mut Context<'_>, request: CheckRequest) -> OpResult<CheckResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = context.txn.view(&id)?;
    let verdict = judge(&view, &request);
    if verdict.is_err() {
        // A denied Check stops later items that rely on the placeholder (KMIP 2.1 §6.1.7).
        context.placeholder = None;
    }
    verdict?;
    let unique_identifier = Some(kmip_codec::attribute::values::UniqueIdentifier::Text(id));
    Ok(CheckResponse { unique_identifier, usage_limits_count: None, cryptographic_usage_mask: None, lease_time: None })
}

fn judge(record: &Record, request: &CheckRequest) -> OpResult<()> {
    if record.destroyed {
        return fail(Fault::ObjectDestroyed, "the object was destroyed");
    }
    state::must_be_online(record)?;
    if record.object_type == ObjectType::Template {
        return fail(Fault::WrongObjectType, "a template is not used");
    }
    if request.cryptographic_usage_mask.is_some_and(|asked| !usage_mask(record).contains(asked)) {
        return fail(Fault::UsageMask, "Cryptographic Usage Mask does not permit this use");
    }
    if request.usage_limits_count.is_some_and(|asked| asked < 0) {
        return fail(Fault::InvalidField, "Usage Limits Count is negative");
    }
    let left = attribute_of!(record, UsageLimits).and_then(|limits| limits.usage_limits_count);
    if let (Some(asked), Some(left)) = (request.usage_limits_count, left)
        && asked > left
    {
        return fail(Fault::UsageLimit, format!("{left} uses are left"));
    }
    let lease = attribute_of!(record, LeaseTime).copied();
    if let (Some(asked), Some(lease)) = (request.lease_time, lease)
        && (asked.0 == 0 || (asked > lease && lease.0 != 0))
    {
        return fail(Fault::PermissionDenied, format!("the lease is {} s at most", lease.0));
    }
    Ok(())
}
