//! Re-key as clients see it (KMIP 1.4 §4.4, KMIP 2.1 §6.1.46).

#[macro_use]
mod support;

use kmip_codec::attribute::values::{Link, Name, RevocationReason, UniqueIdentifier, UsageLimits};
use kmip_codec::attribute::{Attribute, AttributeReference};
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::object::{ManagedObject, Template};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::activate::ActivateRequest;
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::register::RegisterRequest;
use kmip_codec::operation::rekey::ReKeyRequest;
use kmip_codec::operation::revoke::RevokeRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, LinkType, NameType, ObjectType, Operation, ResultReason,
    RevocationReasonCode, State, Tag, UsageLimitsUnit,
};
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::{V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1, Version};
use kmip_core::layout;
use kmip_core::object::Record;
use kmip_core::ports::store::{Batch, Store, Write};
use kmip_core::state;
use kmip_core::verify::verify;
use support::{Blinding, CLIENT, Harness, START, failure, success};

const VERSIONS: [Version; 7] = [V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1];

fn name(value: &str) -> Attribute {
    Attribute::Name(Name { value: value.into(), kind: NameType::UninterpretedTextString })
}

fn date(offset: i64) -> DateTime {
    DateTime(START + offset)
}

/// Creates an AES key of 128 bits with further attributes.
fn create(harness: &Harness, version: Version, further: impl IntoIterator<Item = Attribute>) -> String {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
    ];
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: Some(attributes.into_iter().chain(further).collect()),
        protection_storage_masks: None,
    };
    let item = harness.call(version, Operation::Create, RequestPayload::Create(Box::new(request)));
    id_of(&answer!(Create, item).unique_identifier)
}

fn id_of(id: &UniqueIdentifier) -> String {
    id.as_text().expect("an identifier").to_owned()
}

/// A request without anything but the identifier.
fn plain(id: &str) -> ReKeyRequest {
    ReKeyRequest {
        unique_identifier: Some(UniqueIdentifier::text(id)),
        offset: None,
        attributes: None,
        protection_storage_masks: None,
    }
}

fn call(harness: &Harness, version: Version, request: ReKeyRequest) -> ResponseBatchItem {
    harness.call(version, Operation::ReKey, RequestPayload::ReKey(Box::new(request)))
}

fn rekey(harness: &Harness, version: Version, request: ReKeyRequest) -> String {
    id_of(&answer!(ReKey, call(harness, version, request)).unique_identifier)
}

fn with(id: &str, attributes: impl IntoIterator<Item = Attribute>) -> ReKeyRequest {
    ReKeyRequest { attributes: Some(attributes.into_iter().collect()), ..plain(id) }
}

fn revoke(harness: &Harness, id: &str, code: RevocationReasonCode) {
    let request = RevokeRequest {
        unique_identifier: Some(UniqueIdentifier::text(id)),
        revocation_reason: Some(RevocationReason { revocation_reason_code: code, revocation_message: None }),
        compromise_occurrence_date: None,
    };
    success(harness.call(V1_4, Operation::Revoke, RequestPayload::Revoke(Box::new(request))));
}

/// Changes a stored record behind the engine's back, to what no request reaches yet.
fn tamper(harness: &Harness, id: &str, change: impl FnOnce(&mut Record)) {
    let mut record = harness.record(id);
    change(&mut record);
    let writes = vec![Write::Put(layout::object(CLIENT, id), record.encode())];
    harness.store.commit(&[Batch { guards: Vec::new(), writes, ..Batch::default() }]).expect("the store works");
}

fn links(record: &Record) -> Vec<(LinkType, String)> {
    let link = |attribute: &Attribute| match attribute {
        Attribute::Link(Link { link_type, linked_object_identifier }) => {
            Some((*link_type, id_of(linked_object_identifier)))
        }
        _ => None,
    };
    record.attributes.iter().filter_map(|instance| link(&instance.attribute)).collect()
}

fn values(record: &Record, tag: Tag) -> Vec<&Attribute> {
    record.attributes.iter().map(|instance| &instance.attribute).filter(|attribute| attribute.tag() == tag).collect()
}

fn names(record: &Record) -> Vec<String> {
    record.names().map(|name| name.value.to_string()).collect()
}

fn all_is_whole(harness: &Harness) {
    verify(harness.store.as_ref(), harness.vault.as_ref(), &Blinding).expect("a whole store");
}

#[test]
fn the_replacement_takes_the_names_and_the_old_key_stays_as_it_is() {
    for version in VERSIONS {
        let harness = Harness::new();
        let mut attributes = vec![
            name("first"),
            name("second"),
            Attribute::ObjectGroup("group".into()),
            Attribute::ContactInformation("somebody".into()),
            Attribute::ActivationDate(date(0)),
            Attribute::DeactivationDate(date(10_000)),
        ];
        if version < V2_0 {
            attributes.push(Attribute::OperationPolicyName("own".into()));
        }
        let old = create(&harness, version, attributes.clone());
        let before = harness.record(&old);
        harness.advance(100);
        let new = rekey(&harness, version, plain(&old));
        assert_ne!(new, old);
        let (old, new) = (harness.record(&old), harness.record(&new));
        assert_eq!((names(&old), names(&new)), (vec![], vec!["first".to_owned(), "second".to_owned()]));
        for attribute in &attributes {
            assert!(new.attributes.iter().any(|i| i.attribute == *attribute), "{version}: {attribute:?} is not copied");
        }
        assert_eq!(links(&old), [(LinkType::ReplacementObjectLink, new.id.to_string())]);
        assert_eq!(links(&new), [(LinkType::ReplacedObjectLink, old.id.to_string())]);
        assert_eq!((state::at(&old, harness.now()), state::at(&new, harness.now())), (State::Active, State::Active));
        let changed = [Tag::Name, Tag::Link, Tag::LastChangeDate, Tag::RotateLatest, Tag::RotateDate];
        for instance in before.attributes.iter().filter(|i| !changed.contains(&i.attribute.tag())) {
            assert!(old.attributes.contains(instance), "{version}: {instance:?} of the old key changed");
        }
        assert_eq!(before.material, old.material);
        for tag in [Tag::InitialDate, Tag::LastChangeDate, Tag::OriginalCreationDate] {
            assert_eq!(new.date(tag), Some(date(100)), "{tag}");
        }
        assert_eq!((old.date(Tag::InitialDate), old.date(Tag::LastChangeDate)), (Some(date(0)), Some(date(100))));
        assert_eq!(values(&new, Tag::Fresh), [&Attribute::Fresh(true)]);
        assert_eq!(values(&new, Tag::Digest).len(), 1);
        assert_ne!(values(&new, Tag::Digest), values(&old, Tag::Digest));
        assert_eq!(harness.vault.held(), 2);
        all_is_whole(&harness);
    }
}

/// The four dates of a record, relative to the start.
fn dates(record: &Record) -> [Option<i64>; 4] {
    [Tag::ActivationDate, Tag::ProcessStartDate, Tag::ProtectStopDate, Tag::DeactivationDate]
        .map(|tag| record.date(tag).map(|date| date.0 - START))
}

fn date_attributes([activation, start, stop, deactivation]: [Option<i64>; 4]) -> Vec<Attribute> {
    let dates = [
        activation.map(|at| Attribute::ActivationDate(date(at))),
        start.map(|at| Attribute::ProcessStartDate(date(at))),
        stop.map(|at| Attribute::ProtectStopDate(date(at))),
        deactivation.map(|at| Attribute::DeactivationDate(date(at))),
    ];
    dates.into_iter().flatten().collect()
}

#[test]
fn offset_moves_the_dates() {
    let all = [Some(-50), Some(-20), Some(300), Some(500)];
    // dates of the old key, Offset, dates of the new one: the re-key is at 100.
    let cases = [
        (all, None, all),
        (all, Some(0), [Some(100), Some(130), Some(450), Some(650)]),
        (all, Some(1_000), [Some(1_100), Some(1_130), Some(1_450), Some(1_650)]),
        ([Some(5), None, None, None], Some(7), [Some(107), None, None, None]),
        ([None; 4], None, [None; 4]),
        ([None; 4], Some(0), [Some(100), None, None, None]),
        ([None, None, None, Some(500)], None, [None, None, None, Some(500)]),
    ];
    for version in [V1_0, V1_4, V2_1] {
        for (existing, offset, expected) in cases {
            let harness = Harness::new();
            let old = create(&harness, version, date_attributes(existing));
            harness.advance(100);
            let request = ReKeyRequest { offset: offset.map(Interval), ..plain(&old) };
            let new = rekey(&harness, version, request);
            assert_eq!(dates(&harness.record(&new)), expected, "{version} {existing:?} {offset:?}");
            assert_eq!(dates(&harness.record(&old)), existing, "the old key's dates");
        }
    }
}

#[test]
fn a_replacement_of_an_expired_key_is_expired_unless_offset_says_otherwise() {
    let harness = Harness::new();
    let old = create(&harness, V1_4, date_attributes([Some(0), None, None, Some(50)]));
    harness.advance(100);
    let expired = rekey(&harness, V1_4, plain(&old));
    assert_eq!(state::at(&harness.record(&expired), harness.now()), State::Deactivated);
    let request = ReKeyRequest { offset: Some(Interval(0)), ..plain(&expired) };
    let active = rekey(&harness, V1_4, request);
    assert_eq!(state::at(&harness.record(&active), harness.now()), State::Active);
}

#[test]
fn offset_is_refused_where_it_contradicts() {
    let harness = Harness::new();
    for (index, tag) in [0, 1, 2, 3].into_iter().enumerate() {
        let mut given = [None; 4];
        given[tag] = Some(200);
        for version in [V1_4, V2_1] {
            let old = create(&harness, version, date_attributes([Some(0), None, None, Some(500)]));
            let request = ReKeyRequest { offset: Some(Interval(0)), ..with(&old, date_attributes(given)) };
            assert_eq!(failure(&call(&harness, version, request)), ResultReason::InvalidMessage, "date {index}");
        }
    }
    for (version, reason) in [(V1_4, ResultReason::IllegalOperation), (V2_1, ResultReason::InvalidField)] {
        let old = create(&harness, version, [Attribute::DeactivationDate(date(500)), name(&version.to_string())]);
        let request = ReKeyRequest { offset: Some(Interval(0)), ..plain(&old) };
        assert_eq!(failure(&call(&harness, version, request)), reason);
        assert_eq!(names(&harness.record(&old)), [version.to_string()], "a failure changes nothing");
    }
    let far =
        create(&harness, V1_4, [Attribute::ActivationDate(date(0)), Attribute::DeactivationDate(DateTime(i64::MAX))]);
    let request = ReKeyRequest { offset: Some(Interval(u32::MAX)), ..plain(&far) };
    assert_eq!(failure(&call(&harness, V1_4, request)), ResultReason::InvalidField);
    all_is_whole(&harness);
}

#[test]
fn what_the_request_gives_beats_what_is_copied() {
    for version in [V1_0, V2_1] {
        let harness = Harness::new();
        let old = create(&harness, version, [name("own"), Attribute::ContactInformation("old".into())]);
        let given = [
            name("own"),
            name("another"),
            Attribute::ContactInformation("new".into()),
            Attribute::CryptographicLength(256),
            Attribute::ActivationDate(date(-10)),
            Attribute::ProtectStopDate(date(300)),
            Attribute::DeactivationDate(date(400)),
        ];
        let new = harness.record(&rekey(&harness, version, with(&old, given)));
        assert_eq!(names(&new), ["own", "another"]);
        assert_eq!(values(&new, Tag::ContactInformation), [&Attribute::ContactInformation("new".into())]);
        assert_eq!(values(&new, Tag::CryptographicLength), [&Attribute::CryptographicLength(256)]);
        assert_eq!(dates(&new), [Some(-10), None, Some(300), Some(400)]);
        all_is_whole(&harness);
    }
}

#[test]
fn a_name_of_another_object_is_refused_and_nothing_changes() {
    let harness = Harness::new();
    create(&harness, V2_1, [name("taken")]);
    let old = create(&harness, V2_1, [name("own")]);
    let before = harness.record(&old);
    let refused = call(&harness, V2_1, with(&old, [name("taken")]));
    assert_eq!(failure(&refused), ResultReason::NonUniqueNameAttribute);
    assert_eq!(harness.record(&old), before);
    all_is_whole(&harness);
}

/// The name moves with the first; whoever comes next finds none to move, and never that somebody else has it.
#[test]
fn clients_that_replace_one_key_at_once_all_succeed() {
    let harness = Harness::new();
    for round in 0..20 {
        let old = create(&harness, V2_1, [name(&format!("key {round}"))]);
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| rekey(&harness, V2_1, plain(&old)));
            }
        });
    }
    all_is_whole(&harness);
}

/// A key that was revoked before its time is re-keyed: the dates of its use ended with its life (KMIP 2.1 §4.41).
#[test]
fn a_revoked_key_is_replaced_whatever_dates_it_had() {
    for version in VERSIONS {
        let harness = Harness::new();
        let old = create(&harness, version, date_attributes([Some(0), Some(100), Some(300), Some(500)]));
        let reason =
            RevocationReason { revocation_reason_code: RevocationReasonCode::Superseded, revocation_message: None };
        let request = RevokeRequest {
            unique_identifier: Some(UniqueIdentifier::text(&old)),
            revocation_reason: Some(reason),
            compromise_occurrence_date: None,
        };
        success(harness.call(version, Operation::Revoke, RequestPayload::Revoke(Box::new(request))));
        assert_eq!(dates(&harness.record(&old)), [Some(0); 4]);
        rekey(&harness, version, plain(&old));
        let request = ReKeyRequest { offset: Some(Interval(10)), ..plain(&old) };
        let new = harness.record(&rekey(&harness, version, request));
        assert_eq!(dates(&new), [Some(10); 4]);
        all_is_whole(&harness);
    }
}

#[test]
fn activation_brings_the_dates_of_use_into_the_life_of_the_key() {
    let harness = Harness::new();
    let activate = |id: &str| {
        let unique_identifier = Some(UniqueIdentifier::text(id));
        let request = RequestPayload::Activate(Box::new(ActivateRequest { unique_identifier }));
        harness.call(V2_1, Operation::Activate, request)
    };
    let id = create(&harness, V2_1, date_attributes([None, Some(-20), Some(-10), Some(500)]));
    success(activate(&id));
    assert_eq!(dates(&harness.record(&id)), [Some(0), Some(0), Some(0), Some(500)]);
    let ended = create(&harness, V2_1, [Attribute::DeactivationDate(date(-1))]);
    assert_eq!(failure(&activate(&ended)), ResultReason::WrongKeyLifecycleState);
}

#[test]
fn read_only_attributes_and_contradicting_dates_are_refused() {
    let harness = Harness::new();
    let old = create(&harness, V2_1, []);
    let state = call(&harness, V2_1, with(&old, [Attribute::InitialDate(date(0))]));
    assert_eq!(failure(&state), ResultReason::AttributeReadOnly);
    let dates = date_attributes([Some(500), None, None, Some(400)]);
    assert_eq!(failure(&call(&harness, V2_1, with(&old, dates))), ResultReason::InvalidField);
}

#[test]
fn usage_limits_count_from_the_total_again() {
    let limits = |count| {
        Attribute::UsageLimits(UsageLimits {
            usage_limits_total: 100,
            usage_limits_count: Some(count),
            usage_limits_unit: UsageLimitsUnit::Byte,
        })
    };
    let harness = Harness::new();
    let old = create(&harness, V1_4, [limits(100)]);
    tamper(&harness, &old, |record| {
        record.set(limits(40));
        record.allocated = true;
    });
    let new = harness.record(&rekey(&harness, V1_4, plain(&old)));
    assert_eq!((values(&new, Tag::UsageLimits), new.allocated), (vec![&limits(100)], false));
    let old = harness.record(&old);
    assert_eq!((values(&old, Tag::UsageLimits), old.allocated), (vec![&limits(40)], true));
}

#[test]
fn what_became_of_a_key_does_not_become_of_its_replacement() {
    let harness = Harness::new();
    let old = create(&harness, V1_4, [name("leaked"), Attribute::ActivationDate(date(0))]);
    revoke(&harness, &old, RevocationReasonCode::KeyCompromise);
    let new = harness.record(&rekey(&harness, V1_4, plain(&old)));
    assert_eq!(state::at(&new, harness.now()), State::Active);
    for tag in [Tag::CompromiseDate, Tag::CompromiseOccurrenceDate, Tag::RevocationReason] {
        assert!(values(&new, tag).is_empty(), "{tag}");
    }
    assert_eq!(state::at(&harness.record(&old), harness.now()), State::Compromised);
    assert_eq!(names(&new), ["leaked"]);
}

#[test]
fn sensitive_keys_have_sensitive_replacements() {
    let harness = Harness::new();
    let protection = [Attribute::Sensitive(true), Attribute::Extractable(false)];
    let old = create(&harness, V2_1, protection.clone());
    let new = harness.record(&rekey(&harness, V2_1, plain(&old)));
    for attribute in protection.iter().chain([&Attribute::AlwaysSensitive(true), &Attribute::NeverExtractable(true)]) {
        assert!(new.attributes.iter().any(|instance| instance.attribute == *attribute), "{attribute:?}");
    }
}

#[test]
fn rotations_are_counted() {
    let harness = Harness::new();
    let first = create(&harness, V2_1, []);
    harness.advance(10);
    let second = rekey(&harness, V2_1, plain(&first));
    harness.advance(10);
    let third = rekey(&harness, V2_1, plain(&second));
    let rotation = |id: &str| {
        let record = harness.record(id);
        let generation = values(&record, Tag::RotateGeneration).into_iter().next().cloned();
        let latest = values(&record, Tag::RotateLatest).into_iter().next().cloned();
        (generation, latest, record.date(Tag::RotateDate))
    };
    let (generation, latest) = (Attribute::RotateGeneration, Attribute::RotateLatest);
    assert_eq!(rotation(&first), (None, Some(latest(false)), Some(date(10))));
    assert_eq!(rotation(&second), (Some(generation(1)), Some(latest(false)), Some(date(20))));
    assert_eq!(rotation(&third), (Some(generation(2)), Some(latest(true)), None));
}

#[test]
fn what_cannot_be_replaced_is_refused() {
    let harness = Harness::new();
    let refused = |version, id: &str| failure(&call(&harness, version, plain(id)));
    assert_eq!(refused(V1_4, "none"), ResultReason::ItemNotFound);
    assert_eq!(refused(V2_1, "none"), ResultReason::ObjectNotFound);

    let destroyed = create(&harness, V1_4, []);
    let request = DestroyRequest { unique_identifier: Some(UniqueIdentifier::text(&destroyed)) };
    success(harness.call(V1_4, Operation::Destroy, RequestPayload::Destroy(Box::new(request))));
    assert_eq!(refused(V1_4, &destroyed), ResultReason::PermissionDenied);
    assert_eq!(refused(V2_1, &destroyed), ResultReason::PermissionDenied);

    let template = ManagedObject::Template(Box::new(Template {
        attributes: Some([Attribute::ObjectGroup("g".into())].into_iter().collect()),
    }));
    let request = RegisterRequest {
        object_type: ObjectType::Template,
        attributes: Some([name("template")].into_iter().collect()),
        object: Some(template),
        protection_storage_masks: None,
    };
    let item = harness.call(V1_4, Operation::Register, RequestPayload::Register(Box::new(request)));
    let template = id_of(&answer!(Register, item).unique_identifier);
    assert_eq!(refused(V1_4, &template), ResultReason::PermissionDenied);
    assert_eq!(refused(V2_1, &template), ResultReason::InvalidObjectType);

    let absent = create(&harness, V1_4, []);
    tamper(&harness, &absent, |record| record.material = None);
    assert_eq!(refused(V2_1, &absent), ResultReason::KeyValueNotPresent);
}

#[test]
fn another_client_learns_nothing() {
    let harness = Harness::new();
    let old = create(&harness, V2_1, [name("mine")]);
    let before = harness.record(&old);
    let request = RequestPayload::ReKey(Box::new(plain(&old)));
    let item = harness.call_as("another", V2_1, Operation::ReKey, request);
    let unknown = harness.call_as("another", V2_1, Operation::ReKey, RequestPayload::ReKey(Box::new(plain("none"))));
    assert_eq!(failure(&item), failure(&unknown));
    assert_eq!(harness.record(&old), before);
}

#[test]
fn the_placeholder_is_the_replacement() {
    let harness = Harness::new();
    let old = create(&harness, V1_4, []);
    let activate = ActivateRequest { unique_identifier: None };
    let items = harness.batch(
        V1_4,
        vec![
            (Operation::ReKey, RequestPayload::ReKey(Box::new(plain(&old)))),
            (Operation::Activate, RequestPayload::Activate(Box::new(activate))),
        ],
    );
    let [first, second] = <[ResponseBatchItem; 2]>::try_from(items).expect("two answers");
    let new = answer!(ReKey, first).unique_identifier;
    assert_eq!(answer!(Activate, second).unique_identifier, new);
    assert_eq!(state::at(&harness.record(&old), harness.now()), State::PreActive);
}

#[test]
fn two_replacements_of_one_key_are_both_linked() {
    let harness = Harness::new();
    let old = create(&harness, V1_4, [name("n")]);
    let first = rekey(&harness, V1_4, plain(&old));
    let second = rekey(&harness, V1_4, plain(&old));
    let link = |to: &str| (LinkType::ReplacementObjectLink, to.to_owned());
    assert_eq!(links(&harness.record(&old)), [link(&first), link(&second)]);
    assert_eq!(names(&harness.record(&first)), ["n"]);
    assert!(names(&harness.record(&second)).is_empty(), "the name has moved already");
    let indexes: Vec<_> =
        harness.record(&old).instances(&AttributeReference::Tag(Tag::Link)).map(|i| i.index).collect();
    assert_eq!(indexes, [Some(0), Some(1)]);
}

/// Of all that came of one key only the newest is the latest (KMIP 2.1 §4.52), whichever of them was replaced.
#[test]
fn only_the_newest_replacement_is_the_latest() {
    let harness = Harness::new();
    let first = create(&harness, V2_1, []);
    let latest = |harness: &Harness, id: &str| {
        let record = harness.record(id);
        values(&record, Tag::RotateLatest).into_iter().any(|found| *found == Attribute::RotateLatest(true))
    };
    let mut made = vec![first.clone()];
    for at in [0, 0, 1, 3, 0] {
        made.push(rekey(&harness, V2_1, plain(&made[at])));
        let found: Vec<_> = made.iter().filter(|id| latest(&harness, id)).collect();
        assert_eq!(found, [made.last().expect("one")], "after {at}");
    }
    all_is_whole(&harness);
}
