//! Attribute operations by real messages: every cell of the rule table, then the rules that depend on the object.

mod support;

use kmip_codec::attribute::carrier::{names_attribute, put_typed, take_typed};
use kmip_codec::attribute::rules::{AttributeRule, Change, SetBy, rule, rules};
use kmip_codec::attribute::values::{Link, Name, UniqueIdentifier, UsageLimits};
use kmip_codec::attribute::{Attribute, AttributeReference, Bag, Instance, VendorAttribute};
use kmip_codec::inline::Text;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::limits::Limits;
use kmip_codec::message::ResponseBatchItem;
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::activate::ActivateRequest;
use kmip_codec::operation::add_attribute::AddAttributeRequest;
use kmip_codec::operation::create::CreateRequest;
use kmip_codec::operation::delete_attribute::DeleteAttributeRequest;
use kmip_codec::operation::destroy::DestroyRequest;
use kmip_codec::operation::get_attribute_list::GetAttributeListRequest;
use kmip_codec::operation::get_attributes::GetAttributesRequest;
use kmip_codec::operation::modify_attribute::ModifyAttributeRequest;
use kmip_codec::operation::set_attribute::SetAttributeRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, LinkType, NameType, ObjectType, Operation, ResultReason,
    ResultStatus, State, Tag, UniqueIdentifierEnumeration, UsageLimitsUnit, WireEnum,
};
use kmip_codec::value::{ByteString, DateTime, Value};
use kmip_codec::version::{V1_0, V1_1, V1_2, V1_3, V1_4, V2_0, V2_1, V3_0, Version};
use kmip_codec::wire::ttlv::{TtlvReader, TtlvWriter};
use kmip_codec::wire::{Source, Strictness};
use kmip_core::engine::SUPPORTED_VERSIONS;
use kmip_core::object::Record;
use support::{CLIENT, Harness, START, failure, success};

// Requests -----------------------------------------------------------------------------------------------------------

fn id_of(id: &str) -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier::text(id))
}

fn bag(attribute: Attribute) -> Option<Bag> {
    Some([attribute].into_iter().collect())
}

fn indexed(attribute: Attribute, index: i32) -> Option<Bag> {
    Some(Bag { items: vec![Instance { index: Some(index), attribute }], ..Bag::default() })
}

fn add(harness: &Harness, version: Version, id: &str, attribute: Attribute) -> ResponseBatchItem {
    let request = AddAttributeRequest { unique_identifier: id_of(id), new_attribute: bag(attribute) };
    harness.call(version, Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(request)))
}

fn modify_with(
    harness: &Harness,
    version: Version,
    id: &str,
    current_attribute: Option<Bag>,
    new_attribute: Option<Bag>,
) -> ResponseBatchItem {
    let request = ModifyAttributeRequest { unique_identifier: id_of(id), current_attribute, new_attribute };
    harness.call(version, Operation::ModifyAttribute, RequestPayload::ModifyAttribute(Box::new(request)))
}

fn modify(harness: &Harness, version: Version, id: &str, attribute: Attribute) -> ResponseBatchItem {
    modify_with(harness, version, id, None, bag(attribute))
}

fn set(harness: &Harness, version: Version, id: &str, attribute: Attribute) -> ResponseBatchItem {
    let request = SetAttributeRequest { unique_identifier: id_of(id), new_attribute: bag(attribute) };
    harness.call(version, Operation::SetAttribute, RequestPayload::SetAttribute(Box::new(request)))
}

fn delete_with(
    harness: &Harness,
    version: Version,
    id: &str,
    current_attribute: Option<Bag>,
    attribute_references: Vec<AttributeReference>,
    attribute_index: Option<i32>,
) -> ResponseBatchItem {
    let unique_identifier = id_of(id);
    let request =
        DeleteAttributeRequest { unique_identifier, current_attribute, attribute_references, attribute_index };
    harness.call(version, Operation::DeleteAttribute, RequestPayload::DeleteAttribute(Box::new(request)))
}

fn delete(harness: &Harness, version: Version, id: &str, reference: AttributeReference) -> ResponseBatchItem {
    delete_with(harness, version, id, None, vec![reference], None)
}

fn attributes_of(harness: &Harness, version: Version, id: &str, wanted: &[AttributeReference]) -> Vec<Instance> {
    let request = GetAttributesRequest { unique_identifier: id_of(id), attribute_references: wanted.to_vec() };
    let payload = RequestPayload::GetAttributes(Box::new(request));
    let response = answer!(GetAttributes, harness.call(version, Operation::GetAttributes, payload));
    response.attributes.map(|bag| bag.items).unwrap_or_default()
}

fn values_of(harness: &Harness, version: Version, id: &str, tag: Tag) -> Vec<Attribute> {
    let instances = attributes_of(harness, version, id, &[AttributeReference::Tag(tag)]);
    instances.into_iter().map(|instance| instance.attribute).collect()
}

fn state_of(harness: &Harness, id: &str) -> State {
    match values_of(harness, V1_4, id, Tag::State).as_slice() {
        [Attribute::State(state)] => *state,
        other => panic!("one state, not {other:?}"),
    }
}

/// A new AES key of the client, with these attributes beside those that Create demands.
fn key(harness: &Harness, more: Vec<Attribute>) -> String {
    let mask = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    let demanded = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(mask),
    ];
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: Some(demanded.into_iter().chain(more).collect()),
        protection_storage_masks: None,
    };
    let item = harness.call(V2_1, Operation::Create, RequestPayload::Create(Box::new(request)));
    let id = answer!(Create, item).unique_identifier;
    id.as_text().expect("an identifier").to_owned()
}

fn name(text: &str) -> Attribute {
    Attribute::Name(Name { value: Text::new(text), kind: NameType::UninterpretedTextString })
}

fn vendor(vendor: &str, name: &str, value: &str) -> Attribute {
    let value = ItemValue::Text(Text::new(value));
    Attribute::Vendor(Box::new(VendorAttribute { vendor: Text::new(vendor), name: Text::new(name), value }))
}

fn group(text: &str) -> Attribute {
    Attribute::ObjectGroup(Text::new(text))
}

fn link(target: &str) -> Attribute {
    let linked_object_identifier = UniqueIdentifier::text(target);
    Attribute::Link(Link { link_type: LinkType::CertificateLink, linked_object_identifier })
}

fn limits(total: i64, count: Option<i64>) -> Attribute {
    let (usage_limits_total, usage_limits_count, usage_limits_unit) = (total, count, UsageLimitsUnit::Object);
    Attribute::UsageLimits(UsageLimits { usage_limits_total, usage_limits_count, usage_limits_unit })
}

fn tag(tag: Tag) -> AttributeReference {
    AttributeReference::Tag(tag)
}

// Every cell of the table --------------------------------------------------------------------------------------------

fn text(tag: Tag, number: u8) -> Item {
    Item { tag, value: ItemValue::Text(Text::from(format!("sample {number}"))) }
}

fn number(tag: Tag, number: u8) -> Item {
    Item { tag, value: ItemValue::Enumeration(u32::from(number)) }
}

fn octets(tag: Tag, number: u8) -> Item {
    Item { tag, value: ItemValue::Bytes(ByteString::new(&[number])) }
}

/// The structure that is the value of an attribute.
fn structure(tag: Tag, n: u8) -> Option<Vec<Item>> {
    Some(match tag {
        Tag::Name => vec![text(Tag::NameValue, n), number(Tag::NameType, 1)],
        Tag::RotateName => vec![text(Tag::RotateNameValue, n), number(Tag::RotateNameType, 1)],
        Tag::AlternativeName => vec![text(Tag::AlternativeNameValue, n), number(Tag::AlternativeNameType, 1)],
        Tag::ApplicationSpecificInformation => {
            vec![text(Tag::ApplicationNamespace, 0), text(Tag::ApplicationData, n)]
        }
        Tag::CertificateIdentifier => vec![text(Tag::Issuer, n)],
        Tag::CertificateSubject => vec![text(Tag::CertificateSubjectDistinguishedName, n)],
        Tag::CertificateIssuer => vec![text(Tag::CertificateIssuerDistinguishedName, n)],
        Tag::CryptographicDomainParameters => {
            vec![Item { tag: Tag::Qlength, value: ItemValue::Integer(i32::from(n)) }]
        }
        Tag::CryptographicParameters => vec![number(Tag::BlockCipherMode, n)],
        Tag::Digest => vec![number(Tag::HashingAlgorithm, 6), octets(Tag::DigestValue, n)],
        Tag::KeyValueLocation => vec![text(Tag::KeyValueLocationValue, n), number(Tag::KeyValueLocationType, 1)],
        Tag::Link => {
            let kind = Item { tag: Tag::LinkType, value: ItemValue::Enumeration(LinkType::CertificateLink.0) };
            vec![kind, text(Tag::LinkedObjectIdentifier, n)]
        }
        Tag::RevocationReason => vec![number(Tag::RevocationReasonCode, n)],
        Tag::RandomNumberGenerator => vec![number(Tag::RNGAlgorithm, n)],
        Tag::UsageLimits => {
            let total = Item { tag: Tag::UsageLimitsTotal, value: ItemValue::LongInteger(i64::from(n)) };
            vec![total, number(Tag::UsageLimitsUnit, 2)]
        }
        Tag::X_509CertificateIdentifier => {
            vec![octets(Tag::IssuerDistinguishedName, n), octets(Tag::CertificateSerialNumber, n)]
        }
        Tag::DeactivationReason => vec![number(Tag::DeactivationReasonCode, n)],
        Tag::X_509CertificateIssuer => vec![octets(Tag::IssuerDistinguishedName, n)],
        Tag::X_509CertificateSubject => vec![octets(Tag::SubjectDistinguishedName, n)],
        _ => return None,
    })
}

/// The `n`-th value of an attribute (1 or 2): what its type reads out of one of these items.
fn sample(tag: Tag, n: u8, version: Version) -> Attribute {
    let text = format!("sample {n}");
    // Links of 3.0 stand under tags of their own; what was Link and Object Group is no attribute any more.
    if version >= V3_0 && names_attribute(tag) && tag.name().is_some_and(|name| name.ends_with(" Link")) {
        return link_of_3_0(tag, &text);
    }
    if version >= V3_0 && matches!(tag, Tag::Link | Tag::ObjectGroup) {
        return Attribute::Other(Box::new(Item { tag, value: ItemValue::Text(text.into()) }));
    }
    let wide = i64::from(n);
    let mut candidates = vec![
        ItemValue::Text(Text::from(format!("sample {n}"))),
        ItemValue::Integer(i32::from(n)),
        ItemValue::LongInteger(wide),
        ItemValue::Enumeration(u32::from(n)),
        ItemValue::Boolean(n == 2),
        ItemValue::Bytes(ByteString::new(&[n])),
        ItemValue::DateTime(START + 1_000 + wide),
        ItemValue::Interval(60 + u32::from(n)),
    ];
    candidates.extend(structure(tag, n).map(ItemValue::Structure));
    let read = |value: &ItemValue| {
        let mut writer = TtlvWriter::with_capacity(version, 256);
        value.put(tag, &mut writer);
        let bytes = writer.finish();
        let mut reader = TtlvReader::new(&bytes, Limits::DEFAULT, Strictness::Strict);
        reader.set_version(version);
        assert_eq!(reader.next().expect("an item"), tag);
        Attribute::take_value(tag, &mut reader).ok()
    };
    candidates.iter().find_map(read).unwrap_or_else(|| panic!("a value of {tag} in {version}"))
}

/// A link of 3.0, as a server keeps it that read it.
fn link_of_3_0(tag: Tag, to: &str) -> Attribute {
    let mut writer = TtlvWriter::with_capacity(V3_0, 64);
    put_typed(&Attribute::LinkByTag(tag, UniqueIdentifier::text(to)), &mut writer);
    let bytes = writer.finish();
    let mut reader = TtlvReader::new(&bytes, Limits::DEFAULT, Strictness::Strict);
    reader.set_version(V3_0);
    let found = reader.next().expect("an item");
    match take_typed(found, &mut reader).expect("a link") {
        Attribute::Link(link) => Attribute::Link(Link { linked_object_identifier: UniqueIdentifier::text(to), ..link }),
        _ => Attribute::LinkByTag(tag, UniqueIdentifier::text(to)),
    }
}

/// The attribute that a rule is about, as a request carries it.
fn sample_of(rule: &AttributeRule, n: u8, version: Version) -> Attribute {
    match rule.tag {
        Tag::Attribute | Tag::CustomAttribute => vendor("x", "sample", &format!("sample {n}")),
        other => sample(other, n, version),
    }
}

fn pick(version: Version, one: ResultReason, two: ResultReason) -> ResultReason {
    if version < V2_0 { one } else { two }
}

/// What the tables of operation errors say (KMIP 1.4 §11, KMIP 2.1 §6.1) to an attribute that the object type lacks.
fn unsupported(version: Version, operation: Operation) -> ResultReason {
    use ResultReason as R;
    match operation {
        Operation::AddAttribute => pick(version, R::PermissionDenied, R::InvalidAttribute),
        Operation::ModifyAttribute => pick(version, R::InvalidField, R::AttributeNotFound),
        Operation::DeleteAttribute => pick(version, R::ItemNotFound, R::InvalidAttribute),
        _ => R::InvalidField,
    }
}

fn read_only(version: Version, operation: Operation) -> ResultReason {
    use ResultReason as R;
    let from_2_0 = match operation {
        Operation::AddAttribute | Operation::SetAttribute => R::ReadOnlyAttribute,
        _ => R::AttributeReadOnly,
    };
    pick(version, R::PermissionDenied, from_2_0)
}

/// What the table permits on a Pre-Active object that nobody has used; `None` is success.
fn expected(
    rule: &AttributeRule,
    version: Version,
    kind: ObjectType,
    operation: Operation,
    present: bool,
) -> Option<ResultReason> {
    use ResultReason as R;
    if !rule.applies_to.contains(kind) {
        return Some(unsupported(version, operation));
    }
    let settable = match rule.set_by {
        SetBy::Server => false,
        SetBy::ServerAsStated => kind == ObjectType::Template,
        SetBy::Client | SetBy::Either | SetBy::Maker | SetBy::EitherFillsIn | SetBy::EitherLimits => true,
    };
    let read_only = Some(read_only(version, operation));
    match operation {
        Operation::AddAttribute if !settable => read_only,
        Operation::AddAttribute if present && !rule.is_multiple(kind) => {
            Some(pick(version, R::IllegalOperation, R::AttributeSingleValued))
        }
        Operation::SetAttribute if !present && !settable => read_only,
        Operation::SetAttribute if present && rule.client_modifies == Change::No => read_only,
        // The samples go from False to True.
        Operation::SetAttribute | Operation::ModifyAttribute
            if present && rule.client_modifies == Change::OnlyToFalse =>
        {
            read_only
        }
        Operation::ModifyAttribute if rule.client_modifies == Change::No => read_only,
        Operation::ModifyAttribute if !present => Some(pick(version, R::InvalidField, R::AttributeNotFound)),
        Operation::DeleteAttribute if rule.client_deletes == Change::No => read_only,
        Operation::DeleteAttribute if !present => Some(pick(version, R::ItemNotFound, R::AttributeNotFound)),
        _ => None,
    }
}

/// Attributes that cannot be given to a record beforehand: Unique Identifier, Object Type and State are not stored, and an
/// object with an Archive Date is archived.
fn is_never_present(tag: Tag) -> bool {
    matches!(tag, Tag::UniqueIdentifier | Tag::ObjectType | Tag::State | Tag::ArchiveDate)
}

fn try_cell(
    harness: &Harness,
    rule: &AttributeRule,
    version: Version,
    kind: ObjectType,
    operation: Operation,
    present: bool,
) {
    let cell = format!("{operation} {} in {version} on {kind}, present: {present}", rule.name());
    let mut record = Record::new(Text::new("subject"), Text::new(CLIENT), kind);
    record.set(Attribute::InitialDate(DateTime(START)));
    record.set(Attribute::LastChangeDate(DateTime(START - 10)));
    let [first, second] = [1, 2].map(|n| sample_of(rule, n, version));
    let reference = AttributeReference::in_version(&first, version);
    record.remove(&reference, |_| true);
    if present {
        record.set(first);
    }
    harness.put(&record);
    let item = match operation {
        Operation::AddAttribute => add(harness, version, "subject", second.clone()),
        Operation::ModifyAttribute => modify(harness, version, "subject", second.clone()),
        Operation::SetAttribute => set(harness, version, "subject", second.clone()),
        _ => delete(harness, version, "subject", reference.clone()),
    };
    let after = harness.record("subject");
    let values = || after.instances(&reference).map(|instance| &instance.attribute);
    match expected(rule, version, kind, operation, present) {
        Some(reason) => {
            assert_eq!(item.result_status, ResultStatus::OperationFailed, "{cell}");
            assert_eq!(item.result_reason, Some(reason), "{cell}: {:?}", item.result_message);
            assert_eq!(after, record, "{cell}: a failure changes nothing");
        }
        None => {
            assert_eq!(item.result_status, ResultStatus::Success, "{cell}: {:?}", item.result_message);
            assert_eq!(after.date(Tag::LastChangeDate), Some(DateTime(START)), "{cell}");
            match (operation, &second) {
                (Operation::DeleteAttribute, _) => assert_eq!(values().count(), 0, "{cell}"),
                (_, Attribute::UsageLimits(_)) => assert!(values().eq([&limits(2, Some(2))]), "{cell}"),
                (Operation::AddAttribute, _) => assert_eq!(values().last(), Some(&second), "{cell}"),
                _ => assert!(values().eq([&second]), "{cell}"),
            }
        }
    }
}

#[test]
fn every_cell_of_the_rule_table_holds() {
    let harness = Harness::new();
    key(&harness, Vec::new());
    let mut cells = 0;
    for version in SUPPORTED_VERSIONS {
        let held = (1..=9).map(ObjectType).filter(|kind| ObjectType::TABLE.is_live(kind.0, version));
        let operations = [
            (V1_0, Operation::AddAttribute),
            (V1_0, Operation::ModifyAttribute),
            (V1_0, Operation::DeleteAttribute),
            (V2_0, Operation::SetAttribute),
        ];
        for kind in held {
            for rule in rules().iter().filter(|rule| rule.first <= version && version <= rule.last) {
                for operation in
                    operations.iter().filter(|(first, _)| *first <= version).map(|(_, operation)| *operation)
                {
                    for present in [false, true].into_iter().filter(|present| !(*present && is_never_present(rule.tag)))
                    {
                        try_cell(&harness, rule, version, kind, operation, present);
                        cells += 1;
                    }
                }
            }
        }
    }
    assert!(cells > 20_000, "{cells} cells: the walk covers all versions, types, attributes and operations");
}

#[test]
fn an_attribute_that_a_version_does_not_have_is_refused() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    for version in SUPPORTED_VERSIONS {
        for known in rules().iter().filter(|known| rule(known.tag, version).is_none()) {
            if matches!(known.tag, Tag::Attribute | Tag::CustomAttribute) || known.first > V2_1 {
                continue;
            }
            let attribute = sample(known.tag, 1, version);
            let reason = failure(&add(&harness, version, &id, attribute.clone()));
            assert_eq!(reason, unsupported(version, Operation::AddAttribute), "{} in {version}", known.name());
            let reason = failure(&delete(&harness, version, &id, AttributeReference::of(&attribute)));
            assert_eq!(reason, unsupported(version, Operation::DeleteAttribute), "{} in {version}", known.name());
        }
    }
}

// Instances ----------------------------------------------------------------------------------------------------------

#[test]
fn indexes_are_neither_renumbered_nor_reused() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    let added = |value: &str| {
        let response = answer!(AddAttribute, add(&harness, V1_2, &id, group(value)));
        response.attribute.expect("1.x repeats the attribute").items.remove(0).index
    };
    assert_eq!([added("a"), added("b"), added("c")], [Some(0), Some(1), Some(2)]);
    let gone = answer!(DeleteAttribute, delete_with(&harness, V1_2, &id, None, vec![tag(Tag::ObjectGroup)], Some(1)));
    let deleted = gone.attribute.expect("1.x repeats the attribute").items;
    assert_eq!(deleted, [Instance { index: Some(1), attribute: group("b") }]);
    assert_eq!(added("d"), Some(3), "1 is not used again");
    answer!(DeleteAttribute, delete_with(&harness, V1_2, &id, None, vec![tag(Tag::ObjectGroup)], Some(3)));
    assert_eq!(added("e"), Some(4), "nor the highest");
    let left: Vec<_> = attributes_of(&harness, V1_2, &id, &[tag(Tag::ObjectGroup)]);
    let expected = [(Some(0), "a"), (Some(2), "c"), (Some(4), "e")];
    assert_eq!(left, expected.map(|(index, value)| Instance { index, attribute: group(value) }));
}

/// Every operation that answers with an instance tells its index from 1.1, also 0; 1.0 leaves 0 out, and so does every version
/// where an attribute has one instance only (KMIP 1.0 §2.1.1, KMIP 1.4 §2.1.1, §4.14 to §4.16).
#[test]
fn index_zero_is_told_from_1_1() {
    for version in [V1_0, V1_1, V1_2, V1_3, V1_4] {
        let harness = Harness::new();
        let id = key(&harness, Vec::new());
        let zero = (version > V1_0).then_some(0);
        let instance = |index, attribute| [Instance { index, attribute }];
        let added = answer!(AddAttribute, add(&harness, version, &id, group("a"))).attribute.expect("repeated");
        assert_eq!(added.items, instance(zero, group("a")), "{version}");
        let read = attributes_of(&harness, version, &id, &[tag(Tag::ObjectGroup)]);
        assert_eq!(read, instance(zero, group("a")), "{version}");
        let modified = modify_with(&harness, version, &id, None, indexed(group("b"), 0));
        let modified = answer!(ModifyAttribute, modified).attribute.expect("repeated");
        assert_eq!(modified.items, instance(zero, group("b")), "{version}");
        let deleted = delete_with(&harness, version, &id, None, vec![tag(Tag::ObjectGroup)], Some(0));
        let deleted = answer!(DeleteAttribute, deleted).attribute.expect("repeated");
        assert_eq!(deleted.items, instance(zero, group("b")), "{version}");
        let single = answer!(AddAttribute, add(&harness, version, &id, activation(START))).attribute.expect("repeated");
        assert_eq!(single.items, instance(None, activation(START)), "{version}");
        assert_eq!(attributes_of(&harness, version, &id, &[tag(Tag::State)])[0].index, None, "{version}");
    }
}

#[test]
fn an_absent_index_means_zero_and_an_unknown_one_is_an_error() {
    let harness = Harness::new();
    let id = key(&harness, vec![group("a"), group("b")]);
    let response = answer!(ModifyAttribute, modify(&harness, V1_4, &id, group("c")));
    assert_eq!(response.attribute.expect("repeated").items, [Instance { index: Some(0), attribute: group("c") }]);
    answer!(ModifyAttribute, modify_with(&harness, V1_4, &id, None, indexed(group("d"), 1)));
    assert_eq!(values_of(&harness, V1_4, &id, Tag::ObjectGroup), [group("c"), group("d")]);
    let absent = modify_with(&harness, V1_4, &id, None, indexed(group("e"), 2));
    assert_eq!(failure(&absent), ResultReason::ItemNotFound);
    let absent = delete_with(&harness, V1_4, &id, None, vec![tag(Tag::ObjectGroup)], Some(-1));
    assert_eq!(failure(&absent), ResultReason::ItemNotFound);
    answer!(DeleteAttribute, delete(&harness, V1_4, &id, tag(Tag::ObjectGroup)));
    assert_eq!(values_of(&harness, V1_4, &id, Tag::ObjectGroup), [group("d")], "index 0 went");
    assert_eq!(failure(&delete(&harness, V1_4, &id, tag(Tag::ObjectGroup))), ResultReason::ItemNotFound);
}

#[test]
fn kmip_1_0_wants_an_index_where_there_are_several() {
    let harness = Harness::new();
    let id = key(&harness, vec![group("a"), group("b")]);
    assert_eq!(failure(&delete(&harness, V1_0, &id, tag(Tag::ObjectGroup))), ResultReason::InvalidField);
    success(modify(&harness, V1_0, &id, group("c")));
    assert_eq!(values_of(&harness, V1_0, &id, Tag::ObjectGroup), [group("c"), group("b")], "Modify takes index 0");
    success(delete_with(&harness, V1_0, &id, None, vec![tag(Tag::ObjectGroup)], Some(0)));
    assert_eq!(failure(&delete(&harness, V1_1, &id, tag(Tag::ObjectGroup))), ResultReason::ItemNotFound, "no index 0");
    success(modify(&harness, V1_0, &id, group("d")));
    success(delete(&harness, V1_0, &id, tag(Tag::ObjectGroup)));
    assert_eq!(values_of(&harness, V1_0, &id, Tag::ObjectGroup), []);
}

#[test]
fn an_index_is_refused_where_none_belongs() {
    let harness = Harness::new();
    let id = key(&harness, vec![group("a")]);
    for version in [V1_0, V1_4] {
        for index in [0, 1] {
            let request =
                AddAttributeRequest { unique_identifier: id_of(&id), new_attribute: indexed(group("b"), index) };
            let payload = RequestPayload::AddAttribute(Box::new(request));
            let item = harness.call(version, Operation::AddAttribute, payload);
            assert_eq!(failure(&item), ResultReason::InvalidField, "{version} {index}");
        }
    }
}

#[test]
fn from_2_0_the_value_chooses_the_instance() {
    let harness = Harness::new();
    let id = key(&harness, vec![group("a"), group("b")]);
    for version in [V2_0, V2_1] {
        let item = modify(&harness, version, &id, group("c"));
        assert_eq!(failure(&item), ResultReason::AttributeInstanceNotFound, "which is meant?");
        let item = modify_with(&harness, version, &id, bag(group("z")), bag(group("c")));
        assert_eq!(failure(&item), ResultReason::AttributeInstanceNotFound);
        let item = modify_with(&harness, version, &id, bag(name("a")), bag(group("c")));
        assert_eq!(failure(&item), ResultReason::InvalidField, "two different attributes");
        let item = set(&harness, version, &id, group("c"));
        assert_eq!(failure(&item), ResultReason::MultiValuedAttribute);
        let response = answer!(ModifyAttribute, modify_with(&harness, version, &id, bag(group("b")), bag(group("c"))));
        assert_eq!(response.attribute, None, "2.x repeats nothing");
        assert_eq!(values_of(&harness, version, &id, Tag::ObjectGroup), [group("a"), group("c")]);
        success(modify_with(&harness, version, &id, bag(group("c")), bag(group("b"))));
    }
}

#[test]
fn from_2_0_a_value_deletes_one_instance_and_a_reference_all() {
    let harness = Harness::new();
    let id = key(&harness, vec![group("a"), group("b"), group("c")]);
    let absent = delete_with(&harness, V2_1, &id, bag(group("z")), Vec::new(), None);
    assert_eq!(failure(&absent), ResultReason::AttributeInstanceNotFound);
    success(delete_with(&harness, V2_1, &id, bag(group("b")), vec![tag(Tag::ObjectGroup)], None));
    assert_eq!(values_of(&harness, V2_1, &id, Tag::ObjectGroup), [group("a"), group("c")]);
    let mixed = delete_with(&harness, V2_1, &id, bag(group("a")), vec![tag(Tag::Name)], None);
    assert_eq!(failure(&mixed), ResultReason::InvalidField);
    let several = delete_with(&harness, V2_1, &id, None, vec![tag(Tag::ObjectGroup), tag(Tag::Name)], None);
    assert_eq!(failure(&several), ResultReason::InvalidMessage);
    let nothing = delete_with(&harness, V2_1, &id, None, Vec::new(), None);
    assert_eq!(failure(&nothing), ResultReason::InvalidMessage);
    success(delete(&harness, V2_1, &id, tag(Tag::ObjectGroup)));
    assert_eq!(values_of(&harness, V2_1, &id, Tag::ObjectGroup), []);
    assert_eq!(failure(&delete(&harness, V2_1, &id, tag(Tag::ObjectGroup))), ResultReason::AttributeNotFound);
    assert_eq!(failure(&delete(&harness, V2_1, &id, tag(Tag::Attribute))), ResultReason::InvalidAttribute);
}

#[test]
fn set_adds_what_is_absent_and_changes_what_is_alone() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    success(set(&harness, V2_1, &id, group("a")));
    success(set(&harness, V2_1, &id, group("b")));
    assert_eq!(values_of(&harness, V2_1, &id, Tag::ObjectGroup), [group("b")]);
    let description = |text| Attribute::Description(Text::new(text));
    success(set(&harness, V2_0, &id, description("one")));
    success(set(&harness, V2_0, &id, description("two")));
    assert_eq!(values_of(&harness, V2_0, &id, Tag::Description), [description("two")]);
    assert_eq!(failure(&set(&harness, V2_1, &id, Attribute::State(State::Active))), ResultReason::ReadOnlyAttribute);
}

#[test]
fn the_same_value_is_not_held_twice() {
    let harness = Harness::new();
    let id = key(&harness, vec![group("a"), group("b")]);
    assert_eq!(failure(&add(&harness, V1_4, &id, group("a"))), ResultReason::IllegalOperation);
    assert_eq!(failure(&add(&harness, V2_1, &id, group("a"))), ResultReason::InvalidField);
    let item = modify_with(&harness, V2_1, &id, bag(group("b")), bag(group("a")));
    assert_eq!(failure(&item), ResultReason::InvalidField);
    success(modify_with(&harness, V2_1, &id, bag(group("a")), bag(group("a"))));
}

#[test]
fn one_attribute_at_a_time() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    for (version, new_attribute) in [
        (V1_4, None),
        (V1_4, Some([group("a"), group("b")].into_iter().collect())),
        (V2_1, None),
        (V2_1, Some(Bag::default())),
        (V2_1, Some([group("a"), group("b")].into_iter().collect())),
    ] {
        let request = AddAttributeRequest { unique_identifier: id_of(&id), new_attribute };
        let payload = RequestPayload::AddAttribute(Box::new(request));
        let item = harness.call(version, Operation::AddAttribute, payload);
        assert_eq!(failure(&item), ResultReason::InvalidMessage);
    }
    assert_eq!(values_of(&harness, V2_1, &id, Tag::ObjectGroup), []);
}

// Names, vendors, links, application data ------------------------------------------------------------------------------

#[test]
fn names_are_unique_in_the_scope_and_free_again() {
    let harness = Harness::new();
    let (one, two) = (key(&harness, vec![name("one")]), key(&harness, vec![name("two")]));
    for (version, reason) in [(V1_0, ResultReason::IllegalOperation), (V2_1, ResultReason::NonUniqueNameAttribute)] {
        assert_eq!(failure(&add(&harness, version, &two, name("one"))), reason);
        assert_eq!(failure(&add(&harness, version, &two, name("two"))), reason, "its own name, once more");
        assert_eq!(failure(&modify(&harness, version, &two, name("one"))), reason);
    }
    let as_uri = Attribute::Name(Name { value: Text::new("two"), kind: NameType::URI });
    assert_eq!(failure(&add(&harness, V2_1, &two, as_uri.clone())), ResultReason::NonUniqueNameAttribute);
    success(modify(&harness, V2_1, &two, as_uri));
    success(modify(&harness, V1_4, &two, name("three")));
    success(add(&harness, V1_4, &one, name("two")));
    success(delete_with(&harness, V2_1, &one, bag(name("one")), Vec::new(), None));
    success(add(&harness, V2_1, &two, name("one")));
    assert_eq!(values_of(&harness, V1_4, &one, Tag::Name), [name("two")]);
    assert_eq!(values_of(&harness, V1_4, &two, Tag::Name), [name("three"), name("one")]);
}

#[test]
fn client_attributes_are_the_clients_and_server_attributes_the_servers() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    success(add(&harness, V1_4, &id, vendor("x", "box", "1")));
    success(modify(&harness, V2_1, &id, vendor("x", "box", "2")));
    let named = AttributeReference::of_name("x-box");
    let values = attributes_of(&harness, V1_0, &id, std::slice::from_ref(&named));
    assert_eq!(values, [Instance { index: None, attribute: vendor("x", "box", "2") }], "one attribute for both");
    success(delete(&harness, V1_1, &id, named));
    let mut record = harness.record(&id);
    record.add(vendor("y", "box", "server"));
    harness.put(&record);
    for (version, added, changed) in [
        (V1_2, ResultReason::PermissionDenied, ResultReason::PermissionDenied),
        (V2_1, ResultReason::ReadOnlyAttribute, ResultReason::AttributeReadOnly),
    ] {
        assert_eq!(failure(&add(&harness, version, &id, vendor("y", "other", "1"))), added);
        assert_eq!(failure(&modify(&harness, version, &id, vendor("y", "box", "1"))), changed);
        assert_eq!(failure(&delete(&harness, version, &id, AttributeReference::of_name("y-box"))), changed);
    }
    assert_eq!(failure(&set(&harness, V2_1, &id, vendor("y", "box", "1"))), ResultReason::ReadOnlyAttribute);
}

#[test]
fn attributes_of_other_vendors_belong_to_2_x() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    success(add(&harness, V2_1, &id, vendor("Acme", "colour", "red")));
    for bad in ["", "with space", "a-b"] {
        let reason = failure(&add(&harness, V2_1, &id, vendor(bad, "colour", "red")));
        assert_eq!(reason, ResultReason::InvalidAttribute, "{bad:?}");
    }
    let seen = |version| {
        let all = attributes_of(&harness, version, &id, &[]);
        all.iter().any(|instance| matches!(instance.attribute, Attribute::Vendor(_)))
    };
    assert!(seen(V2_1) && seen(V2_0) && !seen(V1_4), "1.x has no name for it");
    let unknown = AttributeReference::of_name("Acme-colour");
    assert_eq!(failure(&delete(&harness, V1_4, &id, unknown)), ResultReason::ItemNotFound);
}

#[test]
fn a_custom_attribute_of_1_x_is_not_nested() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    let structured = |item: Item| {
        let value = ItemValue::Structure(vec![item]);
        Attribute::Vendor(Box::new(VendorAttribute { vendor: Text::new("x"), name: Text::new("s"), value }))
    };
    let leaf = text(Tag::new(0x54_8000), 1);
    let flat = structured(leaf.clone());
    let nested = structured(Item { tag: Tag::new(0x54_8001), value: ItemValue::Structure(vec![leaf]) });
    assert_eq!(failure(&add(&harness, V1_4, &id, nested.clone())), ResultReason::InvalidField);
    success(add(&harness, V1_4, &id, flat));
    success(add(&harness, V2_1, &id, nested));
}

#[test]
fn links_name_any_object_or_a_place_in_the_batch() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    success(add(&harness, V1_4, &id, link("held elsewhere")));
    let placeholder = UniqueIdentifier::Placeholder(UniqueIdentifierEnumeration::Create);
    let to_new = Attribute::Link(Link { link_type: LinkType::ChildLink, linked_object_identifier: placeholder });
    let create = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: Some(
            [
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
                Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
            ]
            .into_iter()
            .collect(),
        ),
        protection_storage_masks: None,
    };
    let request = AddAttributeRequest { unique_identifier: id_of(&id), new_attribute: bag(to_new.clone()) };
    let mut answers = harness.batch(
        V2_1,
        vec![
            (Operation::Create, RequestPayload::Create(Box::new(create))),
            (Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(request))),
        ],
    );
    success(answers.pop().expect("two answers"));
    let new = answer!(Create, answers.pop().expect("one more")).unique_identifier;
    let stored = Attribute::Link(Link { link_type: LinkType::ChildLink, linked_object_identifier: new });
    assert_eq!(values_of(&harness, V2_1, &id, Tag::Link), [link("held elsewhere"), stored]);
    assert_eq!(
        failure(&add(&harness, V2_1, &id, to_new)),
        ResultReason::ObjectNotFound,
        "a batch of its own gave none"
    );
}

#[test]
fn application_data_is_the_clients() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    for version in [V1_0, V2_1] {
        let Attribute::ApplicationSpecificInformation(mut information) =
            sample(Tag::ApplicationSpecificInformation, 1, version)
        else {
            panic!("another attribute")
        };
        information.application_data = None;
        let attribute = Attribute::ApplicationSpecificInformation(information);
        let reason = failure(&add(&harness, version, &id, attribute));
        assert_eq!(reason, ResultReason::ApplicationNamespaceNotSupported, "{version}");
    }
}

// State, dates, protection, usage --------------------------------------------------------------------------------------

fn activation(at: i64) -> Attribute {
    Attribute::ActivationDate(DateTime(at))
}

fn deactivation(at: i64) -> Attribute {
    Attribute::DeactivationDate(DateTime(at))
}

/// What a version says when the state of the object does not permit a change.
fn wrong_state(version: Version) -> ResultReason {
    if version >= V2_1 { ResultReason::WrongKeyLifecycleState } else { ResultReason::PermissionDenied }
}

#[test]
fn an_activation_date_that_has_come_activates_and_then_is_fixed() {
    let harness = Harness::new();
    for version in [V1_0, V1_3, V1_4, V2_0, V2_1] {
        let id = key(&harness, Vec::new());
        success(add(&harness, version, &id, activation(harness.now() + 100)));
        assert_eq!(state_of(&harness, &id), State::PreActive);
        success(modify(&harness, version, &id, activation(harness.now())));
        assert_eq!(state_of(&harness, &id), State::Active);
        let reason = failure(&modify(&harness, version, &id, activation(harness.now() + 1)));
        assert_eq!(reason, wrong_state(version), "{version}");
    }
    let id = key(&harness, Vec::new());
    success(set(&harness, V2_1, &id, activation(harness.now() - 3_600)));
    assert_eq!(state_of(&harness, &id), State::Active);
    let reason = failure(&set(&harness, V2_1, &id, activation(harness.now())));
    assert_eq!(reason, ResultReason::WrongKeyLifecycleState);
}

#[test]
fn a_deactivation_date_that_has_come_deactivates_and_then_is_fixed() {
    let harness = Harness::new();
    for version in [V1_2, V2_0, V2_1] {
        let id = key(&harness, vec![activation(harness.now() - 100)]);
        success(add(&harness, version, &id, deactivation(harness.now() + 100)));
        assert_eq!(state_of(&harness, &id), State::Active);
        success(modify(&harness, version, &id, deactivation(harness.now() - 50)));
        assert_eq!(state_of(&harness, &id), State::Deactivated);
        let reason = failure(&modify(&harness, version, &id, deactivation(harness.now() + 100)));
        assert_eq!(reason, wrong_state(version), "no way back to Active in {version}");
    }
    let id = key(&harness, vec![activation(START), deactivation(START + 100)]);
    harness.advance(100);
    let reason = failure(&modify(&harness, V2_1, &id, deactivation(START + 1_000)));
    assert_eq!(reason, ResultReason::WrongKeyLifecycleState, "the date passed without a request");
}

#[test]
fn start_and_stop_dates_change_until_they_are_reached() {
    let harness = Harness::new();
    let start = |at| Attribute::ProcessStartDate(DateTime(START + at));
    let stop = |at| Attribute::ProtectStopDate(DateTime(START + at));
    let id = key(&harness, vec![activation(START)]);
    success(add(&harness, V1_4, &id, start(100)));
    success(add(&harness, V2_1, &id, stop(200)));
    success(modify(&harness, V2_1, &id, start(110)));
    success(modify(&harness, V1_4, &id, stop(210)));
    harness.advance(110);
    assert_eq!(failure(&modify(&harness, V2_1, &id, start(500))), ResultReason::WrongKeyLifecycleState);
    assert_eq!(failure(&modify(&harness, V1_4, &id, start(500))), ResultReason::PermissionDenied);
    success(modify(&harness, V2_1, &id, stop(220)));
    harness.advance(110);
    assert_eq!(failure(&modify(&harness, V2_1, &id, stop(500))), ResultReason::WrongKeyLifecycleState);
}

#[test]
fn dates_must_agree() {
    let harness = Harness::new();
    let id = key(&harness, vec![activation(START + 100), deactivation(START + 200)]);
    assert_eq!(failure(&modify(&harness, V1_4, &id, deactivation(START + 99))), ResultReason::InvalidField);
    assert_eq!(failure(&modify(&harness, V2_1, &id, activation(START + 201))), ResultReason::InvalidField);
    assert_eq!(failure(&set(&harness, V2_1, &id, activation(START + 201))), ResultReason::InvalidAttributeValue);
    let stop = Attribute::ProtectStopDate(DateTime(START + 201));
    assert_eq!(failure(&add(&harness, V2_1, &id, stop)), ResultReason::InvalidField);
    success(modify(&harness, V2_1, &id, deactivation(START + 100)));
    assert_eq!(values_of(&harness, V2_1, &id, Tag::DeactivationDate), [deactivation(START + 100)]);
}

#[test]
fn what_was_once_open_was_not_always_protected() {
    let harness = Harness::new();
    let id = key(&harness, vec![Attribute::Sensitive(true), Attribute::Extractable(false)]);
    let protection = || {
        [Tag::Sensitive, Tag::AlwaysSensitive, Tag::Extractable, Tag::NeverExtractable].map(|tag| {
            match values_of(&harness, V2_1, &id, tag).as_slice() {
                [
                    Attribute::Sensitive(value)
                    | Attribute::AlwaysSensitive(value)
                    | Attribute::Extractable(value)
                    | Attribute::NeverExtractable(value),
                ] => *value,
                other => panic!("one Boolean, not {other:?}"),
            }
        })
    };
    assert_eq!(protection(), [true, true, false, true]);
    success(set(&harness, V2_0, &id, Attribute::Sensitive(false)));
    success(modify(&harness, V1_4, &id, Attribute::Extractable(true)));
    assert_eq!(protection(), [false, false, true, false]);
    success(modify(&harness, V2_1, &id, Attribute::Sensitive(true)));
    success(set(&harness, V2_1, &id, Attribute::Extractable(false)));
    assert_eq!(protection(), [true, false, false, false], "once false, false for ever");
}

#[test]
fn usage_limits_change_until_use_begins() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    let response = answer!(AddAttribute, add(&harness, V1_0, &id, limits(1_000, Some(5))));
    let added = response.attribute.expect("repeated").items;
    assert_eq!(added, [Instance { index: None, attribute: limits(1_000, Some(1_000)) }], "the count is the server's");
    success(modify(&harness, V2_1, &id, limits(500, None)));
    assert_eq!(values_of(&harness, V2_1, &id, Tag::UsageLimits), [limits(500, Some(500))]);
    assert_eq!(failure(&modify(&harness, V2_1, &id, limits(-1, None))), ResultReason::InvalidField);
    let unused = harness.record(&id);
    let (mut allocated, mut used) = (unused.clone(), unused.clone());
    allocated.allocated = true;
    used.set(limits(500, Some(499)));
    for record in [allocated, used] {
        harness.put(&record);
        assert_eq!(failure(&modify(&harness, V1_4, &id, limits(900, None))), ResultReason::PermissionDenied);
        assert_eq!(failure(&set(&harness, V2_1, &id, limits(900, None))), ResultReason::ReadOnlyAttribute);
        assert_eq!(failure(&delete(&harness, V2_1, &id, tag(Tag::UsageLimits))), ResultReason::AttributeReadOnly);
    }
    harness.put(&unused);
    success(delete(&harness, V1_4, &id, tag(Tag::UsageLimits)));
    assert_eq!(values_of(&harness, V2_1, &id, Tag::UsageLimits), []);
}

// Objects ------------------------------------------------------------------------------------------------------------

#[test]
fn objects_that_are_gone_or_strange_are_not_changed() {
    let harness = Harness::new();
    let (id, archived) = (key(&harness, vec![group("a")]), key(&harness, vec![group("a")]));
    let destroy = RequestPayload::Destroy(Box::new(DestroyRequest { unique_identifier: id_of(&id) }));
    success(harness.call(V1_4, Operation::Destroy, destroy));
    let mut record = harness.record(&archived);
    record.set(Attribute::ArchiveDate(DateTime(START)));
    harness.put(&record);
    let changes = |version, id: &str| {
        let mut items = vec![
            add(&harness, version, id, group("b")),
            modify(&harness, version, id, group("b")),
            delete(&harness, version, id, tag(Tag::ObjectGroup)),
        ];
        if version >= V2_0 {
            items.push(set(&harness, version, id, group("b")));
        }
        items.iter().map(failure).collect::<Vec<_>>()
    };
    assert_eq!(changes(V1_4, &id), [ResultReason::ItemNotFound; 3]);
    assert_eq!(changes(V2_1, &id), [ResultReason::ObjectDestroyed; 4]);
    assert_eq!(changes(V1_0, &archived), [ResultReason::ObjectArchived; 3]);
    assert_eq!(changes(V2_1, &archived), [ResultReason::ObjectArchived; 4]);
    assert_eq!(changes(V1_4, "no such object"), [ResultReason::ItemNotFound; 3]);
    assert_eq!(changes(V2_1, "no such object"), [ResultReason::ObjectNotFound; 4]);
    assert_eq!(values_of(&harness, V2_1, &id, Tag::ObjectGroup), [group("a")], "what is left can be read");
    assert_eq!(values_of(&harness, V1_0, &archived, Tag::ObjectGroup), [group("a")]);
}

#[test]
fn objects_of_another_scope_do_not_exist() {
    let harness = Harness::new();
    let id = key(&harness, vec![name("mine"), group("a")]);
    let stranger = |operation, payload| harness.call_as("stranger", V2_1, operation, payload);
    let unique_identifier = id_of(&id);
    let request = AddAttributeRequest { unique_identifier: unique_identifier.clone(), new_attribute: bag(group("b")) };
    let item = stranger(Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(request)));
    let missing = AddAttributeRequest { unique_identifier: id_of("nothing"), new_attribute: bag(group("b")) };
    let absent = stranger(Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(missing)));
    assert_eq!(failure(&item), ResultReason::ObjectNotFound);
    let text = |item: &ResponseBatchItem| item.result_message.as_ref().map(ToString::to_string);
    assert_eq!(text(&item).map(|text| text.replace(&id, "nothing")), text(&absent), "told apart by nothing");
    let list = GetAttributeListRequest { unique_identifier };
    let item = stranger(Operation::GetAttributeList, RequestPayload::GetAttributeList(Box::new(list)));
    assert_eq!(failure(&item), ResultReason::ObjectNotFound);
}

#[test]
fn an_object_does_not_grow_without_bound() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    let mut record = harness.record(&id);
    for number in record.attributes.len()..1_000 {
        record.add(group(&number.to_string()));
    }
    harness.put(&record);
    assert_eq!(failure(&add(&harness, V1_4, &id, group("more"))), ResultReason::IndexOutOfBounds);
    assert_eq!(failure(&add(&harness, V2_1, &id, group("more"))), ResultReason::ServerLimitExceeded);
    record.attributes.truncate(20);
    harness.put(&record);
    let long = |byte: u8| Attribute::Comment(Text::from(String::from_utf8(vec![byte; 600_000]).expect("ASCII")));
    success(add(&harness, V2_1, &id, long(b'a')));
    let description = Attribute::Description(Text::from("b".repeat(600_000)));
    assert_eq!(failure(&add(&harness, V2_1, &id, description)), ResultReason::ServerLimitExceeded);
    success(modify(&harness, V2_1, &id, long(b'c')));
}

// Reading ------------------------------------------------------------------------------------------------------------

#[test]
fn get_attributes_gives_what_is_there_and_the_list_names_each_once() {
    let harness = Harness::new();
    let id = key(&harness, vec![group("a"), group("b"), name("n"), vendor("x", "v", "1")]);
    for version in SUPPORTED_VERSIONS {
        let request = GetAttributeListRequest { unique_identifier: id_of(&id) };
        let payload = RequestPayload::GetAttributeList(Box::new(request));
        let list = answer!(GetAttributeList, harness.call(version, Operation::GetAttributeList, payload));
        let references = list.attribute_references;
        let all = attributes_of(&harness, version, &id, &[]);
        let mut once: Vec<AttributeReference> = Vec::new();
        for reference in all.iter().map(|instance| AttributeReference::in_version(&instance.attribute, version)) {
            if !once.contains(&reference) {
                once.push(reference);
            }
        }
        assert_eq!(references, once, "{version}");
        assert_eq!(references.contains(&tag(Tag::Sensitive)), version >= V1_4, "{version}");
        assert_eq!(references.contains(&tag(Tag::Fresh)), version >= V1_1, "{version}");
        assert!(references.contains(&AttributeReference::of_name("x-v")), "{version}");
        let indexes: Vec<_> = all
            .iter()
            .filter(|instance| matches!(instance.attribute, Attribute::ObjectGroup(_)))
            .map(|instance| instance.index)
            .collect();
        let expected = match version {
            V1_0 => [None, Some(1)],
            version if version < V2_0 => [Some(0), Some(1)],
            _ => [None, None],
        };
        assert_eq!(indexes, expected, "{version}");
        for reference in &references {
            let alone = attributes_of(&harness, version, &id, std::slice::from_ref(reference));
            let same = all.iter().filter(|one| AttributeReference::in_version(&one.attribute, version) == *reference);
            assert!(alone.iter().eq(same), "{version} {reference:?}");
        }
    }
}

#[test]
fn attributes_that_are_unknown_or_unset_are_left_out() {
    let harness = Harness::new();
    let id = key(&harness, vec![group("a")]);
    for version in [V1_0, V1_3, V1_4] {
        let unknown = AttributeReference::of_name("No Such Attribute");
        assert_eq!(attributes_of(&harness, version, &id, &[unknown, tag(Tag::DestroyDate)]), []);
    }
    for version in [V2_0, V2_1] {
        let unknown = AttributeReference::Vendor { vendor: Text::new("Acme"), name: Text::new("none") };
        let asked = [unknown, tag(Tag::DestroyDate), tag(Tag::OperationPolicyName), tag(Tag::ObjectGroup)];
        let found = attributes_of(&harness, version, &id, &asked);
        assert_eq!(found, [Instance { index: None, attribute: group("a") }]);
    }
    let twice = vec![tag(Tag::ObjectGroup), tag(Tag::ObjectGroup)];
    let request = GetAttributesRequest { unique_identifier: id_of(&id), attribute_references: twice };
    for version in [V1_1, V1_4, V2_1] {
        let payload = RequestPayload::GetAttributes(Box::new(request.clone()));
        let item = harness.call(version, Operation::GetAttributes, payload);
        assert_eq!(failure(&item), ResultReason::InvalidMessage);
    }
}

#[test]
fn later_items_of_a_batch_see_earlier_changes_and_failed_items_leave_none() {
    let harness = Harness::new();
    let id = key(&harness, Vec::new());
    let added = |attribute| {
        let request = AddAttributeRequest { unique_identifier: id_of(&id), new_attribute: bag(attribute) };
        (Operation::AddAttribute, RequestPayload::AddAttribute(Box::new(request)))
    };
    let activate = ActivateRequest { unique_identifier: id_of(&id) };
    let answers = harness.batch(
        V1_4,
        vec![
            added(group("a")),
            added(group("a")),
            added(group("b")),
            (Operation::Activate, RequestPayload::Activate(Box::new(activate))),
            added(activation(START)),
        ],
    );
    let status: Vec<_> = answers.iter().map(|item| item.result_status).collect();
    let (done, failed) = (ResultStatus::Success, ResultStatus::OperationFailed);
    assert_eq!(status, [done, failed, done, done, failed]);
    assert_eq!(values_of(&harness, V1_2, &id, Tag::ObjectGroup), [group("a"), group("b")]);
    let indexes: Vec<_> =
        attributes_of(&harness, V1_2, &id, &[tag(Tag::ObjectGroup)]).iter().map(|instance| instance.index).collect();
    assert_eq!(indexes, [Some(0), Some(1)], "a failed Add uses no index");
}
