//! Set Defaults, Set Constraints and Get Constraints (KMIP 2.1 §6.1.22, §6.1.52, §6.1.53, §7.6, §7.11, §7.22).

use kmip_codec::attribute::values::{ObjectGroups, ObjectTypes, UsageLimits};
use kmip_codec::attribute::{Attribute, Bag};
use kmip_codec::inline::Text;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::get_constraints::GetConstraintsRequest;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::operation::set_constraints::{Constraint, Constraints, SetConstraintsRequest};
use kmip_codec::operation::set_defaults::{
    DefaultsInformation, ObjectDefaults, OneOrMoreObjectTypes, SetDefaultsRequest,
};
use kmip_codec::registry::{
    CryptographicAlgorithm as Algorithm, CryptographicUsageMask as Mask, ObjectType, Operation, QueryFunction,
    ResultReason, State, UsageLimitsUnit,
};
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::{V1_4, V2_0, V2_1, Version};

use crate::answer;
use crate::requests::*;
use crate::support::{Harness, START, failure, success};

fn bag(attributes: &[Attribute]) -> Bag {
    attributes.iter().cloned().collect()
}

fn groups(names: &[&str]) -> Option<ObjectGroups> {
    let object_group = names.iter().map(|name| Text::new(name)).collect();
    (!names.is_empty()).then_some(ObjectGroups { object_group, group_link: Vec::new() })
}

fn default(types: &[ObjectType], of_groups: &[&str], attributes: &[Attribute]) -> ObjectDefaults {
    let object_types = match types {
        [one] => OneOrMoreObjectTypes::One(*one),
        several => OneOrMoreObjectTypes::Several(ObjectTypes { object_type: several.to_vec() }),
    };
    ObjectDefaults { object_types, attributes: Some(bag(attributes)), object_groups: groups(of_groups) }
}

fn set_defaults(harness: &Harness, version: Version, defaults: Option<&[ObjectDefaults]>) -> ResponseBatchItem {
    let information = defaults.map(|defaults| DefaultsInformation { object_defaults: defaults.to_vec() });
    let request = SetDefaultsRequest { defaults_information: information };
    harness.call(version, Operation::SetDefaults, RequestPayload::SetDefaults(Box::new(request)))
}

pub fn constraint(types: &[ObjectType], of_groups: &[&str], attributes: &[Attribute]) -> Constraint {
    Constraint {
        object_types: (!types.is_empty()).then(|| ObjectTypes { object_type: types.to_vec() }),
        object_groups: groups(of_groups),
        attributes: Some(bag(attributes)),
    }
}

fn set_item(constraint: &[Constraint]) -> Item {
    let request = SetConstraintsRequest { constraints: Constraints { constraint: constraint.to_vec() } };
    (Operation::SetConstraints, RequestPayload::SetConstraints(Box::new(request)))
}

pub fn set_constraints(harness: &Harness, version: Version, constraint: &[Constraint]) -> ResponseBatchItem {
    harness.item(version, set_item(constraint))
}

fn constraints(harness: &Harness) -> Vec<Constraint> {
    let payload = RequestPayload::GetConstraints(Box::new(GetConstraintsRequest {}));
    answer!(GetConstraints, harness.call(V2_1, Operation::GetConstraints, payload)).constraints.constraint
}

fn defaults(harness: &Harness) -> Vec<ObjectDefaults> {
    defaults_of(harness, &[])
}

fn defaults_of(harness: &Harness, names: &[&str]) -> Vec<ObjectDefaults> {
    let object_groups = groups(names);
    let request = QueryRequest { query_function: vec![QueryFunction::QueryDefaultsInformation], object_groups };
    let answer = answer!(Query, harness.call(V2_1, Operation::Query, RequestPayload::Query(Box::new(request))));
    answer.defaults_information.map(|information| information.object_defaults).unwrap_or_default()
}

const KEY: [ObjectType; 1] = [ObjectType::SymmetricKey];

#[test]
fn a_request_gets_what_it_leaves_out() {
    let harness = Harness::new();
    let set = [
        default(
            &KEY,
            &[],
            &[
                Attribute::CryptographicAlgorithm(Algorithm::AES),
                Attribute::CryptographicLength(192),
                mask(Mask::Encrypt | Mask::Decrypt),
            ],
        ),
        default(
            &[ObjectType::SymmetricKey, ObjectType::SecretData],
            &["disks"],
            &[
                Attribute::CryptographicLength(128),
                Attribute::ContactInformation(Text::new("operator")),
                Attribute::ObjectGroup(Text::new("not added")),
            ],
        ),
    ];
    assert_eq!(failure(&harness.item(V2_1, create_with(Bag::default()))), ResultReason::InvalidAttribute);
    success(set_defaults(&harness, V2_1, Some(&set)));
    assert_eq!(defaults(&harness), set);
    assert_eq!(defaults_of(&harness, &["tapes", "disks"]), set);
    assert_eq!(defaults_of(&harness, &["tapes"]), set[..1]);
    let made = |version, attributes: &[Attribute]| {
        let id = id_of(answer!(Create, harness.item(version, create_with(bag(attributes)))).unique_identifier);
        harness.attributes_of(version, &id)
    };
    for version in [V1_4, V2_0, V2_1] {
        let plain = made(version, &[]);
        assert!(
            plain.contains(&Attribute::CryptographicLength(192))
                && plain.contains(&mask(Mask::Encrypt | Mask::Decrypt))
        );
        assert!(!plain.contains(&Attribute::ContactInformation(Text::new("operator"))));
        let own = made(version, &[Attribute::CryptographicLength(256), Attribute::ObjectGroup(Text::new("disks"))]);
        assert!(own.contains(&Attribute::CryptographicLength(256)), "the client's own value counts");
        assert!(own.contains(&Attribute::ContactInformation(Text::new("operator"))));
        assert!(!own.contains(&Attribute::ObjectGroup(Text::new("not added"))));
        let in_group = made(version, &[Attribute::ObjectGroup(Text::new("disks"))]);
        assert!(in_group.contains(&Attribute::CryptographicLength(192)), "the first default counts");
    }
    let harness = harness.reopened(START + 5);
    assert_eq!(defaults(&harness), set, "defaults are durable");
    harness.verify().expect("a whole store");
    // An object that comes as a whole says itself what it is.
    let id = harness.registered(V2_1, aes(&[7; 32]), &[Attribute::ObjectGroup(Text::new("disks"))]);
    let whole = harness.attributes_of(V2_1, &id);
    assert!(whole.contains(&Attribute::CryptographicLength(256)), "{whole:?}");
    assert!(whole.contains(&mask(Mask::Encrypt | Mask::Decrypt)), "{whole:?}");
    let mut silent = aes(&[7; 32]);
    let block = silent.key_block_mut().expect("a key");
    (block.cryptographic_algorithm, block.cryptographic_length) = (None, None);
    let id = harness.registered(V2_1, silent, &[]);
    assert!(harness.attributes_of(V2_1, &id).contains(&Attribute::CryptographicAlgorithm(Algorithm::AES)));
    success(set_defaults(&harness, V2_1, None));
    assert_eq!(defaults(&harness), []);
    assert_eq!(failure(&harness.item(V2_1, create_with(Bag::default()))), ResultReason::InvalidAttribute);
}

#[test]
fn new_objects_meet_the_constraints() {
    use Attribute as A;
    let limits = |total| {
        let (usage_limits_count, usage_limits_unit) = (None, UsageLimitsUnit::Object);
        A::UsageLimits(UsageLimits { usage_limits_total: total, usage_limits_count, usage_limits_unit })
    };
    let rows: [(Constraint, &[Attribute], bool); 14] = [
        (constraint(&[], &[], &[A::CryptographicAlgorithm(Algorithm::AES)]), &[], true),
        (constraint(&[], &[], &[A::CryptographicAlgorithm(Algorithm::DES3)]), &[], false),
        (constraint(&[ObjectType::PrivateKey], &[], &[A::CryptographicAlgorithm(Algorithm::RSA)]), &[], true),
        (constraint(&KEY, &[], &[A::CryptographicLength(128), A::CryptographicLength(256)]), &[], true),
        (constraint(&KEY, &[], &[A::CryptographicLength(128), A::CryptographicLength(192)]), &[], false),
        (constraint(&KEY, &["disks"], &[A::CryptographicLength(128)]), &[], true),
        (constraint(&KEY, &["disks"], &[A::CryptographicLength(128)]), &[A::ObjectGroup(Text::EMPTY)], true),
        (constraint(&KEY, &[], &[mask(Mask::Encrypt | Mask::Decrypt)]), &[], true),
        (constraint(&KEY, &[], &[mask(Mask::Decrypt)]), &[], false),
        (constraint(&KEY, &[], &[A::ProtectionPeriod(Interval(9))]), &[], false),
        (constraint(&KEY, &[], &[A::Extractable(false)]), &[A::Extractable(false)], true),
        (constraint(&KEY, &[], &[limits(10)]), &[], false),
        (constraint(&KEY, &[], &[limits(10)]), &[], false),
        (constraint(&KEY, &[], &[]), &[], true),
    ];
    for (constraint, attributes, met) in rows {
        let harness = Harness::new();
        success(set_constraints(&harness, V2_1, std::slice::from_ref(&constraint)));
        assert_eq!(constraints(&harness), std::slice::from_ref(&constraint));
        let item = harness.item(V2_1, create(attributes));
        match met {
            true => drop(success(item)),
            false => assert_eq!(failure(&item), ResultReason::ConstraintViolation, "{constraint:?}"),
        }
    }
    let harness = Harness::new();
    success(set_constraints(&harness, V2_1, &[constraint(&KEY, &[], &[limits(10)])]));
    harness.created(V2_1, &[limits(10)]);
    assert_eq!(failure(&harness.item(V2_1, create(&[limits(11)]))), ResultReason::ConstraintViolation);
}

#[test]
fn constraints_hold_for_every_way_to_make_an_object_and_every_version() {
    let harness = Harness::new();
    success(set_constraints(&harness, V2_1, &[constraint(&KEY, &[], &[Attribute::CryptographicLength(256)])]));
    for (version, reason) in [
        (V1_4, ResultReason::InvalidField),
        (V2_0, ResultReason::InvalidAttributeValue),
        (V2_1, ResultReason::ConstraintViolation),
    ] {
        assert_eq!(failure(&harness.item(version, register(aes(&[1; 16]), &[]))), reason, "{version}");
        success(harness.item(version, register(aes(&[1; 32]), &[])));
    }
    assert!(
        harness.call_as("stranger", V2_1, Operation::Register, register(aes(&[1; 16]), &[]).1).result_reason.is_none()
    );
    let harness = harness.reopened(START + 5);
    assert_eq!(constraints(&harness).len(), 1, "constraints are durable");
    success(set_constraints(&harness, V2_1, &[]));
    assert_eq!(constraints(&harness), []);
    success(harness.item(V2_1, register(aes(&[1; 16]), &[])));
}

#[test]
fn later_items_of_a_batch_see_them_and_undone_ones_are_gone() {
    let harness = Harness::new();
    let strict = constraint(&KEY, &[], &[Attribute::CryptographicLength(128)]);
    let answers = harness.batch(V2_1, vec![set_item(&[strict]), create(&[])]);
    assert_eq!(failure(&answers[1]), ResultReason::ConstraintViolation);
    let bad = constraint(&KEY, &[], &[Attribute::State(State::Active)]);
    assert_eq!(failure(&set_constraints(&harness, V2_1, &[bad])), ResultReason::InvalidField);
    assert_eq!(constraints(&harness).len(), 1, "those there are stay");
}

#[test]
fn what_makes_no_sense_is_refused() {
    use Attribute as A;
    use ResultReason as R;
    let harness = Harness::new();
    let unknown = [ObjectType(0x55)];
    for (attributes, types, reason) in [
        (vec![A::CryptographicLength(128)], &unknown[..], R::InvalidObjectType),
        (vec![A::State(State::Active)], &KEY[..], R::InvalidField),
        (vec![A::CertificateLength(5)], &KEY[..], R::InvalidField),
        (vec![A::OperationPolicyName(Text::new("default"))], &KEY[..], R::InvalidField),
    ] {
        let one = set_constraints(&harness, V2_1, &[constraint(types, &[], &attributes)]);
        assert_eq!(failure(&one), reason, "{attributes:?}");
        let one = set_defaults(&harness, V2_1, Some(&[default(types, &[], &attributes)]));
        assert_eq!(failure(&one), reason, "{attributes:?}");
    }
    for attributes in [vec![name("one")], vec![A::InitialDate(DateTime(1))], vec![A::LeaseTime(Interval(1))]] {
        let one = set_defaults(&harness, V2_1, Some(&[default(&KEY, &[], &attributes)]));
        assert_eq!(failure(&one), R::InvalidField, "{attributes:?}");
    }
    let many = vec![constraint(&KEY, &[], &[A::CryptographicLength(256)]); 257];
    assert_eq!(failure(&set_constraints(&harness, V2_1, &many)), R::InvalidField);
    let many = vec![default(&KEY, &[], &[A::CryptographicLength(256)]); 257];
    assert_eq!(failure(&set_defaults(&harness, V2_1, Some(&many))), R::InvalidField);
    assert_eq!(failure(&set_defaults(&harness, V2_0, None)), R::OperationNotSupported);
    assert!(constraints(&harness).is_empty() && defaults(&harness).is_empty());
}
