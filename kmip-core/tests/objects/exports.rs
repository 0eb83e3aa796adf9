//! Export and Import (KMIP 1.4 §4.40, §4.41, §11.41, §11.42; KMIP 2.1 §6.1.18, §6.1.25).

use kmip_codec::attribute::values::{Digest, UniqueIdentifier, UsageLimits};
use kmip_codec::attribute::{Attribute, Bag, VendorAttribute};
use kmip_codec::inline::Text;
use kmip_codec::item::ItemValue;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::object::{ManagedObject, OpaqueObject};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::export::{ExportRequest, ExportResponse};
use kmip_codec::operation::import::ImportRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask as Mask, HashingAlgorithm, KeyWrapType, ObjectType, OpaqueDataType,
    Operation, ProtectionStorageMask, ResultReason, RevocationReasonCode, State, Tag, UsageLimitsUnit,
};
use kmip_codec::secret::Secret;
use kmip_codec::value::{ByteString, DateTime, Interval};
use kmip_codec::version::{V1_3, V1_4, V2_0, V2_1, V3_0, Version};

use crate::allocations::allocate;
use crate::answer;
use crate::archives::archive;
use crate::requests::*;
use crate::support::{CLIENT, Harness, START, failure, success};

const VERSIONS: [Version; 4] = [V1_4, V2_0, V2_1, V3_0];
const OTHER: &str = "another client";

fn export_as(harness: &Harness, client: &str, version: Version, id: &str) -> ResponseBatchItem {
    let request = ExportRequest {
        unique_identifier: text(id),
        key_format_type: None,
        key_wrap_type: None,
        key_compression_type: None,
        key_wrapping_specification: None,
    };
    harness.call_as(client, version, Operation::Export, RequestPayload::Export(Box::new(request)))
}

fn exported(harness: &Harness, version: Version, id: &str) -> ExportResponse {
    answer!(Export, export_as(harness, CLIENT, version, id))
}

/// 1.4 wants one attribute at least.
fn request(id: &str, object: ManagedObject, attributes: &[Attribute]) -> ImportRequest {
    let least = attributes.is_empty().then(|| Attribute::ContactInformation(Text::new("me")));
    ImportRequest {
        unique_identifier: UniqueIdentifier::text(id),
        object_type: Some(object.object_type()),
        replace_existing: None,
        key_wrap_type: None,
        attributes: Some(attributes.iter().cloned().chain(least).collect()),
        object,
    }
}

fn import_as(harness: &Harness, client: &str, version: Version, request: ImportRequest) -> ResponseBatchItem {
    let request = ImportRequest { object_type: request.object_type.filter(|_| version >= V2_0), ..request };
    harness.call_as(client, version, Operation::Import, RequestPayload::Import(Box::new(request)))
}

fn import(harness: &Harness, version: Version, request: ImportRequest) -> ResponseBatchItem {
    import_as(harness, CLIENT, version, request)
}

/// What an export says, without order.
fn told(response: &ExportResponse) -> (ObjectType, String, Vec<String>) {
    let items = &response.attributes.as_ref().expect("attributes").items;
    let mut attributes: Vec<String> = items.iter().map(|instance| format!("{instance:?}")).collect();
    attributes.sort();
    (response.object_type, format!("{:?}", response.object), attributes)
}

fn attribute(response: &ExportResponse, tag: Tag) -> Option<Attribute> {
    let attributes = response.attributes.as_ref().expect("attributes");
    attributes.attributes().find(|attribute| attribute.tag() == tag).cloned()
}

/// Objects of every state and with attributes of every kind, by identifier.
fn objects(harness: &Harness, version: Version) -> Vec<String> {
    let limits =
        UsageLimits { usage_limits_total: 100, usage_limits_count: None, usage_limits_unit: UsageLimitsUnit::Object };
    let rich = harness.created(
        version,
        &[
            name("rich"),
            name("second"),
            Attribute::ObjectGroup(Text::new("group")),
            Attribute::ContactInformation(Text::new("me")),
            Attribute::ActivationDate(DateTime(START - 50)),
            Attribute::DeactivationDate(DateTime(START + 5_000)),
            Attribute::UsageLimits(limits),
            Attribute::Sensitive(false),
        ],
    );
    success(allocate(harness, version, &rich, 30));
    let pre_active = harness.created(version, &[Attribute::ActivationDate(DateTime(START + 9_000))]);
    let deactivated = harness.created(version, &[]);
    success(harness.item(version, activate(text(&deactivated))));
    success(harness.item(version, revoke(text(&deactivated), RevocationReasonCode::Superseded)));
    let compromised = harness.registered(version, aes(&[9; 16]), &[mask(Mask::Decrypt)]);
    success(harness.item(version, revoke(text(&compromised), RevocationReasonCode::KeyCompromise)));
    let destroyed = harness.created(version, &[]);
    success(harness.item(version, destroy(text(&destroyed))));
    let opaque =
        OpaqueObject { opaque_data_type: OpaqueDataType(0x8000_0000), opaque_data_value: Secret::copy_from(b"opaque") };
    let opaque = harness.registered(version, ManagedObject::OpaqueObject(Box::new(opaque)), &[]);
    vec![rich, pre_active, deactivated, compromised, destroyed, opaque]
}

#[test]
fn what_one_server_exports_another_imports_unchanged() {
    for version in VERSIONS {
        let harness = Harness::new();
        let ids = objects(&harness, version);
        harness.advance(100);
        for id in &ids {
            let export = exported(&harness, version, id);
            let all = export.attributes.clone();
            let request = ImportRequest { attributes: all, ..request(id, export.object.clone(), &[]) };
            let made = answer!(Import, import_as(&harness, OTHER, version, request));
            assert_eq!(id_of(made.unique_identifier), *id, "the identifier is kept");
            let again = answer!(Export, export_as(&harness, OTHER, version, id));
            assert_eq!(told(&again), told(&export), "{version}");
        }
        harness.verify().expect("imported objects are whole");
        let states: Vec<Attribute> =
            ids.iter().filter_map(|id| attribute(&exported(&harness, version, id), Tag::State)).collect();
        for state in [State::Active, State::PreActive, State::Deactivated, State::Compromised, State::Destroyed] {
            assert!(states.contains(&Attribute::State(state)), "{state}");
        }
    }
}

#[test]
fn a_destroyed_object_is_exported_without_its_material() {
    for version in VERSIONS {
        let harness = Harness::new();
        let id = harness.registered(version, aes(&[3; 16]), &[]);
        success(harness.item(version, destroy(text(&id))));
        let export = exported(&harness, version, &id);
        assert!(export.object.key_block().expect("a key block").key_value.is_none());
        assert_eq!(attribute(&export, Tag::State), Some(Attribute::State(State::Destroyed)));
        let request = request("back", aes(&[3; 16]), &[Attribute::DestroyDate(DateTime(START))]);
        let reason = if version < V2_0 { ResultReason::InvalidField } else { ResultReason::InvalidAttributeValue };
        assert_eq!(failure(&import(&harness, version, request)), reason, "its material does not come back");
    }
}

#[test]
fn export_has_the_rules_of_get() {
    use ResultReason as R;
    for version in VERSIONS {
        let harness = Harness::new();
        let unknown = if version < V2_0 { R::ItemNotFound } else { R::ObjectNotFound };
        assert_eq!(failure(&export_as(&harness, CLIENT, version, "no such object")), unknown);
        let sensitive = harness.created(version, &[Attribute::Sensitive(true)]);
        assert_eq!(failure(&export_as(&harness, CLIENT, version, &sensitive)), R::Sensitive);
        let stays = harness.created(version, &[Attribute::Extractable(false)]);
        assert_eq!(failure(&export_as(&harness, CLIENT, version, &stays)), R::NotExtractable);
        let archived = harness.created(version, &[]);
        success(archive(&harness, version, &archived));
        assert_eq!(failure(&export_as(&harness, CLIENT, version, &archived)), R::ObjectArchived);
        let id = harness.created(version, &[]);
        let fresh = attribute(&exported(&harness, version, &id), Tag::Fresh);
        assert_eq!(fresh, Some(Attribute::Fresh(version >= V2_0)), "{version}: served, but not by Get");
        assert_eq!(attribute(&exported(&harness, version, &id), Tag::Fresh), fresh);
    }
    let harness = Harness::new();
    let id = harness.created(V1_3, &[]);
    assert_eq!(failure(&export_as(&harness, CLIENT, V1_3, &id)), R::OperationNotSupported);
}

#[test]
fn read_only_attributes_are_kept_as_supplied() {
    for version in VERSIONS {
        let harness = Harness::new();
        let supplied = [
            Attribute::InitialDate(DateTime(START - 900)),
            Attribute::LastChangeDate(DateTime(START - 800)),
            Attribute::OriginalCreationDate(DateTime(START - 950)),
            Attribute::ActivationDate(DateTime(START - 850)),
            Attribute::LeaseTime(Interval(17)),
            Attribute::Fresh(false),
            Attribute::AlwaysSensitive(true),
            Attribute::Sensitive(true),
            Attribute::NeverExtractable(true),
            Attribute::Extractable(true),
            Attribute::State(State::Active),
            Attribute::ObjectType(ObjectType::SymmetricKey),
            Attribute::UniqueIdentifier(UniqueIdentifier::text("mine")),
        ];
        success(import(&harness, version, request("mine", aes(&[1; 16]), &supplied)));
        let found = harness.attributes_of(version, "mine");
        for attribute in &supplied {
            assert!(found.contains(attribute), "{version} {attribute:?}");
        }
        assert!(found.contains(&Attribute::CryptographicLength(128)), "what the object says");
        assert!(found.iter().any(|attribute| attribute.tag() == Tag::Digest), "what is computed");
        harness.advance(3);
        let dates = harness.record("mine").date(Tag::LastChangeDate);
        assert_eq!(dates, Some(DateTime(START - 800)), "no date has passed since");
    }
}

/// What is stored of an object stands under its scope and its identifier, which have room together.
#[test]
fn an_identifier_that_is_too_long_for_its_scope_is_refused() {
    let harness = Harness::new();
    let import = |client: &str, length: usize| {
        import_as(&harness, client, V2_1, request(&"i".repeat(length), aes(&[1; 16]), &[]))
    };
    success(import("short", 128));
    let long = "s".repeat(128);
    success(import(&long, 112));
    for (client, length) in [("short", 129), (long.as_str(), 113)] {
        assert_eq!(failure(&import(client, length)), ResultReason::InvalidField, "{client}");
    }
}

#[test]
fn an_import_never_moves_the_clock() {
    let harness = Harness::new();
    let late = [Attribute::LastChangeDate(DateTime(START + 1_000_000))];
    success(import(&harness, V2_1, request("late", aes(&[1; 16]), &late)));
    assert_eq!(harness.record("late").date(Tag::LastChangeDate), Some(DateTime(START)));
}

#[test]
fn an_existing_object_is_replaced_only_on_demand() {
    for version in VERSIONS {
        let harness = Harness::new();
        let limits = |total, count| {
            let usage_limits_unit = UsageLimitsUnit::Object;
            Attribute::UsageLimits(UsageLimits {
                usage_limits_total: total,
                usage_limits_count: count,
                usage_limits_unit,
            })
        };
        let active = Attribute::ActivationDate(DateTime(START - 1));
        let id = harness.created(version, &[name("one"), limits(10, None), active.clone()]);
        success(allocate(&harness, version, &id, 4));
        let kept = mask(Mask::Encrypt);
        let object = aes(&[6; 16]);
        let plain = request(&id, object.clone(), &[name("one"), kept.clone()]);
        assert_eq!(failure(&import(&harness, version, plain.clone())), ResultReason::ObjectAlreadyExists);
        for replace_existing in [Some(false), None] {
            let request = ImportRequest { replace_existing, ..plain.clone() };
            assert_eq!(failure(&import(&harness, version, request)), ResultReason::ObjectAlreadyExists);
        }
        let replace = |attributes: &[Attribute]| ImportRequest {
            replace_existing: Some(true),
            ..request(&id, object.clone(), attributes)
        };
        success(import(&harness, version, replace(&[name("two"), kept.clone(), active.clone(), limits(9, Some(5))])));
        assert_eq!(answer!(Get, harness.item(version, get(text(&id)))).object, object);
        assert!(harness.found(version, locate_request(&[name("one")])).is_empty(), "its names go with it");
        assert_eq!(harness.found(version, locate_request(&[name("two")])), std::slice::from_ref(&id));
        assert_eq!(failure(&allocate(&harness, version, &id, 6)), exceeded(version));
        success(allocate(&harness, version, &id, 5));
        assert_eq!(failure(&allocate(&harness, version, &id, 1)), exceeded(version));

        success(import(&harness, version, replace(&[kept.clone(), active.clone()])));
        let item = crate::requests::id_of(UniqueIdentifier::text(&id));
        assert!(harness.attributes_of(version, &item).iter().all(|a| a.tag() != Tag::UsageLimits));
        success(import(&harness, version, replace(&[kept.clone(), active.clone(), limits(2, None)])));
        success(allocate(&harness, version, &id, 2));
        success(harness.item(version, revoke(text(&id), RevocationReasonCode::Superseded)));
        success(harness.item(version, destroy(text(&id))));
        success(import(&harness, version, replace(&[kept.clone(), active.clone()])));
        assert_eq!(harness.state_of(version, &id), State::Active, "a destroyed one is replaced, too");
        harness.verify().expect("a whole store");
        let reopened = harness.reopened(START + 1);
        success(reopened.item(version, get(text(&id))));
    }
}

fn exceeded(version: Version) -> ResultReason {
    if version < V2_0 { ResultReason::PermissionDenied } else { ResultReason::UsageLimitExceeded }
}

#[test]
fn what_contradicts_itself_is_not_imported() {
    use ResultReason as R;
    for version in VERSIONS {
        let harness = Harness::new();
        let pick = |one, two| if version < V2_0 { one } else { two };
        let value = pick(R::InvalidField, R::InvalidAttributeValue);
        let digest = |byte| {
            Attribute::Digest(Box::new(Digest {
                hashing_algorithm: HashingAlgorithm::SHA_256,
                digest_value: Some(ByteString::new(&[byte; 32])),
                key_format_type: None,
            }))
        };
        harness.created(version, &[name("taken")]);
        let rows: Vec<(Vec<Attribute>, ResultReason)> = vec![
            (vec![digest(1)], value),
            (vec![Attribute::State(State::Active)], value),
            (vec![Attribute::State(State::Destroyed)], value),
            (vec![Attribute::State(State::Compromised), Attribute::ActivationDate(DateTime(START - 1))], value),
            (vec![Attribute::UniqueIdentifier(UniqueIdentifier::text("other"))], value),
            (vec![Attribute::ObjectType(ObjectType::SecretData)], value),
            (vec![Attribute::CryptographicAlgorithm(CryptographicAlgorithm::DES3)], value),
            (vec![Attribute::CryptographicLength(256)], value),
            (vec![Attribute::ActivationDate(DateTime(9)), Attribute::DeactivationDate(DateTime(8))], value),
            (vec![Attribute::CertificateLength(5)], pick(R::InvalidField, R::InvalidAttribute)),
            (
                vec![Attribute::LeaseTime(Interval(1)), Attribute::LeaseTime(Interval(2))],
                pick(R::InvalidField, R::AttributeSingleValued),
            ),
            (vec![Attribute::ObjectGroup(Text::new("a")), Attribute::ObjectGroup(Text::new("a"))], R::InvalidField),
            (vec![name("taken")], pick(R::InvalidField, R::NonUniqueNameAttribute)),
            (vec![name("twice"), name("twice")], R::InvalidField),
        ];
        for (attributes, reason) in rows {
            let item = import(&harness, version, request("mine", aes(&[1; 16]), &attributes));
            assert_eq!(failure(&item), reason, "{version} {attributes:?}");
        }
        let vendor = |n: i32| {
            let (vendor, name, value) = (Text::new("x"), Text::from(format!("{n}")), ItemValue::Integer(n));
            Attribute::Vendor(Box::new(VendorAttribute { vendor, name, value }))
        };
        let many: Vec<Attribute> = (0..1_001).map(vendor).collect();
        let item = import(&harness, version, request("mine", aes(&[1; 16]), &many));
        assert_eq!(failure(&item), pick(R::IndexOutOfBounds, R::ServerLimitExceeded));
        for id in ["a\u{0}b", "a\nb", &"x".repeat(129)] {
            let item = import(&harness, version, request(id, aes(&[1; 16]), &[]));
            assert_eq!(failure(&item), R::InvalidField, "{id:?}");
        }
        let wrapped =
            ImportRequest { key_wrap_type: Some(KeyWrapType(0x8000_0000)), ..request("mine", aes(&[1; 16]), &[]) };
        assert_eq!(failure(&import(&harness, version, wrapped)), R::InvalidField);
        assert!(harness.found(version, locate_request(&[])).len() == 1, "nothing was left behind");
        success(import(&harness, version, request("mine", aes(&[1; 16]), &[])));
    }
    let harness = Harness::new();
    for version in [V2_0, V2_1] {
        let other = ImportRequest { object_type: Some(ObjectType::SecretData), ..request("mine", aes(&[1; 16]), &[]) };
        assert_eq!(failure(&import(&harness, version, other)), R::InvalidField);
        let hardware = [Attribute::ProtectionStorageMask(ProtectionStorageMask::Hardware)];
        let item = import(&harness, version, request("mine", aes(&[1; 16]), &hardware));
        assert_eq!(failure(&item), R::ProtectionStorageUnavailable);
    }
}

#[test]
fn an_archived_object_is_imported_into_the_archive() {
    for version in VERSIONS {
        let harness = Harness::new();
        let attributes = [Attribute::ArchiveDate(DateTime(START - 5))];
        success(import(&harness, version, request("cold", aes(&[1; 16]), &attributes)));
        assert!(harness.record("cold").material.expect("material").archived);
        assert_eq!(failure(&harness.item(version, get(text("cold")))), ResultReason::ObjectArchived);
        harness.verify().expect("a whole store");
    }
}

#[test]
fn indexes_of_1_4_are_kept() {
    let harness = Harness::new();
    let instance = |index, group: &str| kmip_codec::attribute::Instance {
        index: Some(index),
        attribute: Attribute::ObjectGroup(Text::new(group)),
    };
    let with = |items| ImportRequest {
        attributes: Some(Bag { items, ..Bag::default() }),
        ..request("mine", aes(&[1; 16]), &[])
    };
    for indexes in [[2, 2], [-1, 0]] {
        let item = import(&harness, V1_4, with(vec![instance(indexes[0], "a"), instance(indexes[1], "b")]));
        assert_eq!(failure(&item), ResultReason::InvalidField);
    }
    success(import(&harness, V1_4, with(vec![instance(5, "a"), instance(2, "b")])));
    let indexes: Vec<Option<i32>> = harness
        .record("mine")
        .attributes
        .iter()
        .filter(|instance| instance.attribute.tag() == Tag::ObjectGroup)
        .map(|instance| instance.index)
        .collect();
    assert_eq!(indexes, [Some(5), Some(2)]);
}
