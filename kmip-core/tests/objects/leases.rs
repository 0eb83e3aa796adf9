//! Obtain Lease (KMIP 1.4 §4.17, §11.18; KMIP 2.1 §6.1.35).

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::UsageLimits;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::obtain_lease::ObtainLeaseRequest;
use kmip_codec::registry::{
    CryptographicUsageMask as Mask, Operation, ResultReason, RevocationReasonCode, UsageLimitsUnit,
};
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::{V2_0, Version};
use kmip_core::engine::SUPPORTED_VERSIONS;
use kmip_core::env::Config;
use kmip_core::testing::sim_vault::SimVault;

use crate::allocations::allocate;
use crate::answer;
use crate::requests::*;
use crate::support::{Harness, START, failure, success};

fn obtain(harness: &Harness, version: Version, id: &str) -> ResponseBatchItem {
    let request = ObtainLeaseRequest { unique_identifier: text(id) };
    harness.call(version, Operation::ObtainLease, RequestPayload::ObtainLease(Box::new(request)))
}

#[test]
fn a_lease_has_the_length_that_the_server_is_set_to() {
    for (seconds, version) in SUPPORTED_VERSIONS.into_iter().enumerate() {
        let lease_seconds = u32::try_from(seconds).expect("a few");
        let harness = Harness::with(Config { lease_seconds, ..Config::default() }, SimVault::new(1));
        let id = harness.created(version, &[]);
        harness.advance(5);
        let lease = answer!(ObtainLease, obtain(&harness, version, &id));
        assert_eq!((id_of(lease.unique_identifier), lease.lease_time), (id.clone(), Interval(lease_seconds)));
        assert_eq!(lease.last_change_date, DateTime(START));
        harness.item(version, activate(text(&id)));
        assert_eq!(answer!(ObtainLease, obtain(&harness, version, &id)).last_change_date, DateTime(START + 5));
    }
}

#[test]
fn no_lease_is_given_for_what_may_not_be_used_any_more() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let reason_of = |id: &str| failure(&obtain(&harness, version, id));
        let unknown = if version < V2_0 { ResultReason::ItemNotFound } else { ResultReason::ObjectNotFound };
        assert_eq!(reason_of("no such object"), unknown);

        let compromised = harness.created(version, &[]);
        success(harness.item(version, revoke(text(&compromised), RevocationReasonCode::KeyCompromise)));
        assert_eq!(reason_of(&compromised), ResultReason::PermissionDenied);

        let destroyed = harness.created(version, &[]);
        success(harness.item(version, destroy(text(&destroyed))));
        assert_eq!(reason_of(&destroyed), ResultReason::PermissionDenied);

        let archived = harness.created(version, &[]);
        let mut record = harness.record(&archived);
        record.set(Attribute::ArchiveDate(DateTime(START)));
        harness.put(&record);
        assert_eq!(reason_of(&archived), ResultReason::ObjectArchived);
    }
}

#[test]
fn an_exhausted_key_is_leased_only_while_it_has_another_use() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let limits =
            UsageLimits { usage_limits_total: 3, usage_limits_count: None, usage_limits_unit: UsageLimitsUnit::Object };
        let created = |bits| {
            let more = [Attribute::UsageLimits(limits.clone()), mask(bits), Attribute::ActivationDate(DateTime(START))];
            let id = harness.created(version, &more);
            success(obtain(&harness, version, &id));
            success(allocate(&harness, version, &id, 3));
            id
        };
        let (protects, processes) = (created(Mask::Encrypt), created(Mask::Encrypt | Mask::Decrypt));
        let reason = if version < V2_0 { ResultReason::PermissionDenied } else { ResultReason::UsageLimitExceeded };
        assert_eq!(failure(&obtain(&harness, version, &protects)), reason);
        success(obtain(&harness, version, &processes));
    }
}
