//! Versions (KMIP 2.1 §8, §9.18): answers in the request's version, and nothing in them that is newer than it.

use kmip_codec::attribute::Attribute;
use kmip_codec::attribute::values::{CryptographicParameters, UniqueIdentifier};
use kmip_codec::limits::Limits;
use kmip_codec::message::decode::decode_response;
use kmip_codec::message::{RequestMessage, ResponseMessage, encode};
use kmip_codec::object::{ManagedObject, PgpKey, SecretData};
use kmip_codec::operation::RequestPayload;
use kmip_codec::operation::discover_versions::DiscoverVersionsRequest;
use kmip_codec::operation::query::QueryRequest;
use kmip_codec::registry::{
    CryptographicAlgorithm, CryptographicUsageMask, EnumTable, KeyFormatType, Operation, QueryFunction, ResultReason,
    RevocationReasonCode, SecretDataType, StorageStatusMask, Tag, WireEnum, enum_of_tag, tag_rows,
};
use kmip_codec::value::DateTime;
use kmip_codec::version::{V1_0, V1_1, V1_2, V1_4, V2_0, V2_1, V3_0, Version};
use kmip_codec::wire::Strictness;
use kmip_core::engine::SUPPORTED_VERSIONS;

use crate::answer;
use crate::requests::*;
use crate::support::{CLIENT, Harness, START, failure, success};

fn read(bytes: &[u8]) -> ResponseMessage {
    decode_response(bytes, &Limits::DEFAULT, Strictness::Strict).expect("a response in the form of its version")
}

/// A 1.4 Create whose header says another version.
fn said(major: u8, minor: u8) -> Vec<u8> {
    let mut bytes = encode(Tag::RequestMessage, &RequestMessage::continuing(V1_4, vec![create(&[])]), V1_4).to_vec();
    for (tag, value) in [(0x6A, major), (0x6B, minor)] {
        let at = bytes.windows(4).position(|item| item == [0x42, 0, tag, 2]).expect("a version");
        bytes[at + 11] = value;
    }
    bytes
}

#[test]
fn every_message_is_answered_in_its_own_version() {
    let harness = Harness::new();
    for version in SUPPORTED_VERSIONS.iter().chain(SUPPORTED_VERSIONS.iter().rev()) {
        let response = harness.exchange(CLIENT, &RequestMessage::continuing(*version, vec![create(&[])]));
        assert_eq!(response.response_header.protocol_version.0, *version);
        assert_eq!(response.response_header.time_stamp, DateTime(harness.now()));
    }
}

/// One item without an operation, in a version of the same major if there is one, and a reason that it knows.
#[test]
fn unknown_versions_get_an_error_that_they_can_read() {
    let harness = Harness::new();
    let unsupported = ResultReason::UnsupportedProtocolVersion;
    for (major, minor, version, reason) in [
        (1, 5, V1_4, ResultReason::InvalidMessage),
        (1, 9, V1_4, ResultReason::InvalidMessage),
        (2, 2, V2_1, unsupported),
        (3, 1, V3_0, unsupported),
        (7, 3, V3_0, unsupported),
        (0, 9, V3_0, unsupported),
    ] {
        let response = read(&harness.exchange_bytes(CLIENT, &said(major, minor)));
        assert_eq!(response.response_header.protocol_version.0, version, "{major}.{minor}");
        assert_eq!((response.batch_item.len(), response.batch_item[0].operation), (1, None));
        assert_eq!(failure(&response.batch_item[0]), reason, "{major}.{minor}");
        let told = response.batch_item[0].result_message.as_ref().unwrap().as_str();
        assert!(told.contains(&format!("{major}.{minor}")) && told.contains("3.0"), "{told}");
    }
    assert_eq!(harness.engine.object_count(), 0);
}

/// Whatever the bytes are, the answer is a message that can be read.
#[test]
fn garbage_gets_a_readable_error() {
    let harness = Harness::new();
    let whole = encode(Tag::RequestMessage, &RequestMessage::continuing(V2_1, vec![create(&[])]), V2_1).to_vec();
    let mut samples = vec![Vec::new(), vec![0; 7], vec![0xFF; 64], b"GET / HTTP/1.1\r\n\r\n".to_vec()];
    samples.extend((0..whole.len()).step_by(3).map(|length| whole[..length].to_vec()));
    samples.extend((0..whole.len()).map(|at| {
        let mut changed = whole.clone();
        changed[at] ^= 0x81;
        changed
    }));
    samples.push([whole.clone(), vec![0; 8]].concat());
    for sample in samples {
        read(&harness.exchange_bytes(CLIENT, &sample));
    }
}

#[test]
fn discover_versions_lists_what_is_common() {
    let harness = Harness::new();
    let ask = |versions: &[Version]| {
        let request = DiscoverVersionsRequest { protocol_version: versions.iter().map(|v| (*v).into()).collect() };
        let payload = RequestPayload::DiscoverVersions(Box::new(request));
        let answer = answer!(DiscoverVersions, harness.call(V1_1, Operation::DiscoverVersions, payload));
        answer.protocol_version.into_iter().map(Version::from).collect::<Vec<_>>()
    };
    assert_eq!(ask(&[]), SUPPORTED_VERSIONS);
    assert_eq!(ask(&[V1_0, Version::new(1, 9), V2_0]), [V2_0, V1_0]);
    assert!(ask(&[Version::new(9, 9)]).is_empty());
}

// What an answer carries ---------------------------------------------------------------------------------------------

/// Is shown tag, type, value and 1.x attribute name of an item.
type Visit<'a> = &'a mut dyn FnMut(Tag, u8, &[u8], Option<Tag>);

/// Walks the items of TTLV bytes: tag, type, value, and the 1.x attribute name that they stand under.
fn walk(bytes: &[u8], named: Option<Tag>, visit: Visit<'_>) {
    let (mut rest, mut named) = (bytes, named);
    while !rest.is_empty() {
        let tag = Tag::new(u32::from_be_bytes([0, rest[0], rest[1], rest[2]]));
        let length = u32::from_be_bytes([rest[4], rest[5], rest[6], rest[7]]) as usize;
        let value = &rest[8..8 + length];
        visit(tag, rest[3], value, named);
        match rest[3] {
            1 => walk(value, if tag == Tag::AttributeValue { named } else { None }, visit),
            7 if tag == Tag::AttributeName => {
                let name = std::str::from_utf8(value).unwrap();
                named = tag_rows().iter().find(|row| row.name == name).map(|row| row.tag);
            }
            _ => {}
        }
        rest = &rest[8 + length.next_multiple_of(8)..];
    }
}

/// Tags, enumeration values and attribute names of an answer that its version does not have.
fn too_new(bytes: &[u8], version: Version) -> Vec<String> {
    let mut found = Vec::new();
    walk(bytes, None, &mut |tag, item_type, value, named| {
        if !tag.is_live(version) {
            found.push(format!("tag {tag}"));
        }
        if tag == Tag::AttributeName {
            let name = std::str::from_utf8(value).unwrap();
            if let Some(row) = tag_rows().iter().find(|row| row.name == name)
                && !row.tag.is_live(version)
            {
                found.push(format!("attribute name {name}"));
            }
        }
        if item_type == 5 {
            let value = u32::from_be_bytes(value.try_into().unwrap());
            let of = if tag == Tag::AttributeValue { named.unwrap_or(tag) } else { tag };
            let table: Option<&'static EnumTable> = if tag == Tag::AttributeReference { None } else { enum_of_tag(of) };
            match table {
                Some(table) if !table.is_live(value, version) => found.push(format!("{of} {value:#x}")),
                None if tag == Tag::AttributeReference && !Tag::new(value).is_live(version) => {
                    found.push(format!("reference {}", Tag::new(value)));
                }
                _ => {}
            }
        }
    });
    found
}

/// Objects with the newest of everything.
fn newest_objects(harness: &Harness) -> Vec<String> {
    let none = |format, bytes: &[u8]| key_block(format, bytes, None);
    let pgp =
        ManagedObject::PgpKey(Box::new(PgpKey { pgp_key_version: 4, key_block: none(KeyFormatType::Raw, b"pgp") }));
    let seed = SecretData { secret_data_type: SecretDataType::Seed, key_block: none(KeyFormatType::Raw, b"seed seed") };
    let chacha = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::ChaCha20),
        Attribute::CryptographicLength(256),
        mask(CryptographicUsageMask::Encrypt),
    ];
    let parameters = Attribute::CryptographicParameters(Box::new(CryptographicParameters {
        hashing_algorithm: Some(kmip_codec::registry::HashingAlgorithm::SHA3_256),
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        random_iv: Some(true),
        iv_length: Some(12),
        tag_length: Some(16),
        salt_length: Some(4),
        ..CryptographicParameters::default()
    }));
    let rich = [
        name("newest"),
        Attribute::Comment("c".into()),
        Attribute::Description("d".into()),
        Attribute::Sensitive(false),
        Attribute::QuantumSafe(true),
        Attribute::RotateGeneration(1),
        Attribute::ActivationDate(DateTime(START)),
        parameters,
    ];
    let allowed: Vec<Attribute> = rich
        .iter()
        .filter(|one| harness.item(V2_1, create(std::slice::from_ref(*one))).response_payload.is_some())
        .filter(|one| one.tag() != Tag::Name)
        .cloned()
        .collect();
    assert!(allowed.len() >= 5, "{allowed:?}");
    vec![
        harness.created(V2_1, &allowed),
        id_of(answer!(Create, harness.item(V2_1, create_with(chacha.into_iter().collect()))).unique_identifier),
        harness.registered(V2_1, pgp, &[]),
        harness.registered(V2_1, ManagedObject::SecretData(Box::new(seed)), &[]),
        harness.registered(V1_0, crate::registration::template(&[Attribute::CryptographicLength(128)]), &[name("t")]),
    ]
}

/// Reads, refusals and the life cycle of objects with the newest of everything, in every version.
#[test]
fn no_answer_is_newer_than_its_request() {
    let all_functions = QueryFunction::TABLE.rows.iter().map(|row| QueryFunction(row.value)).collect();
    let query = QueryRequest { query_function: all_functions, object_groups: None };
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let objects = newest_objects(&harness);
        let mut items = vec![
            (Operation::Query, RequestPayload::Query(Box::new(query.clone()))),
            locate(&[]),
            create(&[name("own")]),
            create(&[name("own")]),
            get(text("none")),
        ];
        for id in objects.iter().map(|id| text(id)) {
            items.extend([get(id.clone()), get_attributes(id.clone()), get_attribute_list(id.clone())]);
            items.extend([
                check(id.clone(), CryptographicUsageMask::Export),
                destroy(id.clone()),
                activate(id.clone()),
            ]);
            items.extend([revoke(id.clone(), RevocationReasonCode::KeyCompromise), destroy(id.clone())]);
            items.extend([get(id.clone()), destroy(id.clone()), get_attributes(id)]);
        }
        let mut everywhere = locate_request(&[]);
        everywhere.storage_status_mask = Some(StorageStatusMask::OnLineStorage | StorageStatusMask::DestroyedStorage);
        items.push(located_by(everywhere));
        for item in items {
            let about = format!("KMIP {version}: {item:?}");
            let reply = harness.exchange_bytes(
                CLIENT,
                &encode(Tag::RequestMessage, &RequestMessage::continuing(version, vec![item]), version),
            );
            assert_eq!(too_new(&reply, version), Vec::<String>::new(), "{about}\n{:?}", read(&reply).batch_item);
        }
    }
}

/// The check above sees what it is to see.
#[test]
fn the_walk_tells_what_is_too_new() {
    let harness = Harness::new();
    let ids = newest_objects(&harness);
    let request = RequestMessage::continuing(V2_1, vec![get_attributes(text(&ids[0]))]);
    let reply = harness.exchange_bytes(CLIENT, &encode(Tag::RequestMessage, &request, V2_1));
    assert!(too_new(&reply, V2_1).is_empty());
    let told = too_new(&reply, V1_0);
    assert!(told.iter().any(|one| one.starts_with("tag Comment")), "{told:?}");
}

// Query --------------------------------------------------------------------------------------------------------------

fn listed(harness: &Harness, version: Version) -> Vec<Operation> {
    let request = QueryRequest { query_function: vec![QueryFunction::QueryOperations], object_groups: None };
    answer!(Query, harness.call(version, Operation::Query, RequestPayload::Query(Box::new(request)))).operation
}

/// An item with an empty payload: what matters is whether the operation is refused as such.
fn bare(harness: &Harness, version: Version, operation: Operation) -> ResultReason {
    let mut bytes =
        encode(Tag::RequestMessage, &RequestMessage::continuing(version, vec![activate(None)]), version).to_vec();
    let at = bytes.windows(4).position(|item| item == [0x42, 0, 0x5C, 5]).expect("an operation");
    bytes[at + 8..at + 12].copy_from_slice(&operation.0.to_be_bytes());
    let response = read(&harness.exchange_bytes(CLIENT, &bytes));
    assert_eq!(response.batch_item[0].operation, Some(operation));
    response.batch_item[0].result_reason.unwrap_or(ResultReason(0))
}

/// KMIP 2.1 §6.1.40: what Query lists works, and what it does not list is refused as not supported, in every version. Notify
/// and Put work the other way round: the server sends them (§6.2).
#[test]
fn query_lists_exactly_what_works() {
    for version in SUPPORTED_VERSIONS {
        let harness = Harness::new();
        let listed = listed(&harness, version);
        for row in Operation::TABLE.rows {
            let operation = Operation(row.value);
            let refused = bare(&harness, version, operation) == ResultReason::OperationNotSupported;
            if [Operation::Notify, Operation::Put].contains(&operation) {
                assert!(refused, "{operation:?} in KMIP {version}");
                assert_eq!(
                    listed.contains(&operation),
                    (V1_0..=V2_1).contains(&version),
                    "{operation:?} in KMIP {version}"
                );
                continue;
            }
            assert_eq!(refused, !listed.contains(&operation), "{operation:?} in KMIP {version}");
        }
        assert!(listed.iter().all(|operation| Operation::TABLE.is_live(operation.0, version)));
        assert_eq!(bare(&harness, version, Operation(0x8000_0001)), ResultReason::OperationNotSupported);
    }
}

/// The operations of each version, spelled out: the test above would be content with none.
#[test]
fn query_lists_the_operations_of_a_version() {
    let harness = Harness::new();
    for (version, operation, known) in [
        (V1_0, Operation::DiscoverVersions, false),
        (V1_1, Operation::DiscoverVersions, true),
        (V1_0, Operation::ReKeyKeyPair, false),
        (V1_1, Operation::ReKeyKeyPair, true),
        (V1_4, Operation::SetAttribute, false),
        (V2_0, Operation::SetAttribute, true),
        (V1_2, Operation::Log, false),
        (V2_1, Operation::Interop, false),
    ] {
        assert_eq!(listed(&harness, version).contains(&operation), known, "{operation:?} in KMIP {version}");
    }
    for version in SUPPORTED_VERSIONS {
        let all = listed(&harness, version);
        assert!([Operation::Create, Operation::Register, Operation::Destroy].iter().all(|one| all.contains(one)));
    }
}

/// An identifier by enumeration is of 2.x, and a 1.x client that sends one is not given the placeholder's object.
#[test]
fn forms_of_identifiers_belong_to_their_version() {
    use kmip_codec::registry::UniqueIdentifierEnumeration as Form;
    let harness = Harness::new();
    let by = UniqueIdentifier::Placeholder(Form::IDPlaceholder);
    success(harness.batch(V2_0, vec![create(&[]), get(Some(by))]).remove(1));
}
