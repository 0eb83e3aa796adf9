//! Obtain Lease (KMIP 1.4 §4.17, KMIP 2.1 §6.1.35): for how long a client may use what it holds of an object.
//!
//! The lease is the whole Lease Time of the object. No lease is given for an object that nobody may use any more: one that
//! is compromised (OASIS case TC-95) or destroyed, or that only protects data and has no use left (Usage Limit Exceeded
//! stands in the table of 2.x).

use kmip_codec::attribute::values::UniqueIdentifier;
use kmip_codec::operation::obtain_lease::{ObtainLeaseRequest, ObtainLeaseResponse};
use kmip_codec::registry::{CryptographicUsageMask as Mask, State, Tag};
use kmip_codec::value::{DateTime, Interval};

use crate::attributes::usage_mask;
use crate::batch::Context;
use crate::error::{Fault, OpResult, fail};
use crate::object::{Record, attribute_of};
use crate::state;

pub(super) fn obtain_lease(context: &mut Context<'_>, request: ObtainLeaseRequest) -> OpResult<ObtainLeaseResponse> {
    let id = context.target(request.unique_identifier.as_ref())?;
    let view = context.txn.view(&id)?;
    state::must_be_online(&view)?;
    check_policy(&view, context.now)?;
    let lease = attribute_of!(view, LeaseTime).copied();
    Ok(ObtainLeaseResponse {
        unique_identifier: UniqueIdentifier::Text(id),
        lease_time: lease.unwrap_or(Interval(context.engine.config.lease_seconds)),
        last_change_date: view.date(Tag::LastChangeDate).unwrap_or(DateTime(context.now)),
    })
}

fn check_policy(record: &Record, now: i64) -> OpResult<()> {
    let state = state::at(record, now);
    if matches!(state, State::Compromised | State::Destroyed | State::DestroyedCompromised) {
        return fail(Fault::PermissionDenied, format!("the object is {state}: no lease is given for it"));
    }
    let left = attribute_of!(record, UsageLimits).and_then(|limits| limits.usage_limits_count);
    if left == Some(0) && only_protects(usage_mask(record)) {
        return fail(Fault::UsageLimit, "the Usage Limits of the object are exhausted: no lease is given for it");
    }
    Ok(())
}

/// Whether a mask permits uses that count, and no other.
fn only_protects(mask: Mask) -> bool {
    let protecting = Mask::Encrypt | Mask::Sign | Mask::WrapKey | Mask::MACGenerate;
    mask.intersects(protecting) && protecting.contains(mask)
}
