//! Get Usage Allocation (KMIP 1.4 §4.18, §11.19; KMIP 2.1 §6.1.23), and Check of what is left (§6.1.7).

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UsageLimits;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::object::{ManagedObject, OpaqueObject};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::check::CheckRequest;
use kmip_codec::operation::get_usage_allocation::GetUsageAllocationRequest;
use kmip_codec::registry::{
    CryptographicUsageMask as Mask, OpaqueDataType, Operation, ResultReason, RevocationReasonCode, Tag, UsageLimitsUnit,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::DateTime;
use kmip_codec::version::{V2_0, Version};
use kmip_core::engine::SUPPORTED_VERSIONS;

use crate::requests::*;
use crate::support::{Harness, START, failure, success};

pub fn allocate(harness: &Harness, version: Version, id: &str, units: i64) -> ResponseBatchItem {
    let request = GetUsageAllocationRequest { unique_identifier: text(id), usage_limits_count: units };
    harness.call(version, Operation::GetUsageAllocation, RequestPayload::GetUsageAllocation(Box::new(request)))
}

fn check_count(harness: &Harness, version: Version, id: &str, units: i64) -> ResponseBatchItem {
    let request = CheckRequest {
        unique_identifier: text(id),
        usage_limits_count: Some(units),
        cryptographic_usage_mask: None,
        lease_time: None,
    };
    harness.call(version, Operation::Check, RequestPayload::Check(Box::new(request)))
}

fn limits(total: i64) -> Attribute {
    let (usage_limits_total, usage_limits_unit) = (total, UsageLimitsUnit::Byte);
    Attribute::UsageLimits(UsageLimits { usage_limits_total, usage_limits_count: None, usage_limits_unit })
}

fn active() -> Attribute {
    Attribute::ActivationDate(DateTime(START))
}

fn left(harness: &Harness, version: Version, id: &str) -> Option<i64> {
    harness.attributes_of(version, id).into_iter().find_map(|attribute| match attribute {
        Attribute::UsageLimits(limits) => limits.usage_limits_count,
        _ => None,
    })
}

fn exceeded(version: Version) -> ResultReason {
    if version < V2_0 { ResultReason::PermissionDenied } else { ResultReason::UsageLimitExceeded }
}

#[test]
fn allocations_are_taken_from_the_limits_until_nothing_is_left() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let id = harness.created(version, &[limits(1_000), active()]);
        harness.advance(7);
        success(check_count(&harness, version, &id, 1_000));
        success(allocate(&harness, version, &id, 600));
        assert_eq!(left(&harness, version, &id), Some(400));
        assert_eq!(harness.record(&id).date(Tag::LastChangeDate), Some(DateTime(START + 7)));
        assert_eq!(failure(&allocate(&harness, version, &id, 401)), exceeded(version));
        assert_eq!(failure(&check_count(&harness, version, &id, 401)), exceeded(version));
        success(check_count(&harness, version, &id, 400));
        success(allocate(&harness, version, &id, 400));
        assert_eq!(left(&harness, version, &id), Some(0));
        assert_eq!(failure(&allocate(&harness, version, &id, 1)), exceeded(version));
        assert_eq!(failure(&check_count(&harness, version, &id, 1)), exceeded(version));
        let reopened = harness.reopened(START + 9);
        assert_eq!(left(&reopened, version, &id), Some(0), "what is allocated stays so");
        assert_eq!(failure(&allocate(&reopened, version, &id, 1)), exceeded(version));
    }
}

#[test]
fn allocations_of_one_request_add_up() {
    let harness = Harness::new();
    let version = V2_0;
    let id = harness.created(version, &[limits(10), active()]);
    let item = |units| {
        let request = GetUsageAllocationRequest { unique_identifier: text(&id), usage_limits_count: units };
        (Operation::GetUsageAllocation, RequestPayload::GetUsageAllocation(Box::new(request)))
    };
    let answers = harness.batch(version, vec![item(6), item(6), item(4)]);
    let failed: Vec<bool> = answers.iter().map(|answer| answer.result_reason.is_some()).collect();
    assert_eq!(failed, [false, true, false]);
    assert_eq!(left(&harness, version, &id), Some(0));
}

#[test]
fn what_cannot_be_allocated_is_refused() {
    use ResultReason as R;
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let pick = |one, two| if version < V2_0 { one } else { two };
        let reason_of = |id: &str, units| failure(&allocate(&harness, version, id, units));
        assert_eq!(reason_of("no such object", 1), pick(R::ItemNotFound, R::ObjectNotFound));

        let unlimited = harness.created(version, &[active()]);
        assert_eq!(reason_of(&unlimited, 1), pick(R::IllegalOperation, R::AttributeNotFound));
        for units in [0, -1, i64::MIN] {
            assert_eq!(reason_of(&unlimited, units), R::InvalidField, "{units}");
        }

        let verifies = harness.created(version, &[limits(9), active(), mask(Mask::Decrypt | Mask::Verify)]);
        assert_eq!(reason_of(&verifies, 1), pick(R::IllegalOperation, R::PermissionDenied));

        let opaque =
            OpaqueObject { opaque_data_type: OpaqueDataType(0x8000_0000), opaque_data_value: Secret::copy_from(b"x") };
        let opaque = harness.registered(version, ManagedObject::OpaqueObject(Box::new(opaque)), &[]);
        assert_eq!(reason_of(&opaque, 1), pick(R::IllegalOperation, R::InvalidObjectType));

        let pre_active = harness.created(version, &[limits(9)]);
        assert_eq!(reason_of(&pre_active, 1), R::PermissionDenied);
        success(harness.item(version, activate(text(&pre_active))));
        success(allocate(&harness, version, &pre_active, 1));
        success(harness.item(version, revoke(text(&pre_active), RevocationReasonCode::Superseded)));
        assert_eq!(reason_of(&pre_active, 1), R::PermissionDenied);
        success(harness.item(version, destroy(text(&pre_active))));
        assert_eq!(reason_of(&pre_active, 1), R::PermissionDenied);

        let stopped = harness.created(version, &[limits(9), active(), Attribute::ProtectStopDate(DateTime(START + 5))]);
        success(allocate(&harness, version, &stopped, 1));
        harness.advance(5);
        assert_eq!(reason_of(&stopped, 1), R::PermissionDenied);

        let archived = harness.created(version, &[limits(9), active()]);
        let mut record = harness.record(&archived);
        record.set(Attribute::ArchiveDate(DateTime(START)));
        harness.put(&record);
        assert_eq!(reason_of(&archived, 1), R::ObjectArchived);
        assert_eq!(failure(&check_count(&harness, version, &archived, 1)), R::ObjectArchived);
    }
}
