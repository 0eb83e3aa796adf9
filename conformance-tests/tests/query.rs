//! What Query names is what works, in every version that Discover Versions names (KMIP 1.4 §4.25, KMIP 2.1 §6.1.40).

use conformance_tests::endpoint::{Endpoint, World};
use conformance_tests::in_process::InProcess;
use conformance_tests::message::{Call, call, payload, reason};
use conformance_tests::tree::{Tree, enumeration};
use kmip_codec::registry::{Operation, QueryFunction, ResultReason, Tag, WireEnum};
use kmip_codec::version::{PUBLISHED, V2_1, Version};
use std::collections::BTreeSet;

/// Operations that the server sends (KMIP 2.1 §6.2).
const SENT: [Operation; 2] = [Operation::Notify, Operation::Put];

fn client() -> Box<dyn Endpoint> {
    InProcess::open().expect("an engine").fresh_client().expect("a client")
}

fn versions(client: &mut dyn Endpoint) -> Vec<Version> {
    let answer = call(client, V2_1, &Call::new(Operation::DiscoverVersions, Vec::new())).expect("an answer");
    let number =
        |version: &kmip_codec::item::Item, tag| version.field(tag).and_then(Tree::as_integer).expect("a number");
    let told = payload(&answer).expect("a success").all(Tag::ProtocolVersion);
    told.map(|it| Version::new(number(it, Tag::ProtocolVersionMajor), number(it, Tag::ProtocolVersionMinor))).collect()
}

fn named(client: &mut dyn Endpoint, version: Version) -> BTreeSet<Operation> {
    let function = enumeration(Tag::QueryFunction, QueryFunction::QueryOperations.0);
    let answer = call(client, version, &Call::new(Operation::Query, vec![function])).expect("an answer");
    let operations = payload(&answer).expect("a success").all(Tag::Operation);
    operations.filter_map(Tree::as_enumeration).map(Operation).collect()
}

/// An empty payload is refused for its own reasons, or is an answer, where the operation works.
fn works(client: &mut dyn Endpoint, version: Version, operation: Operation) -> bool {
    let answer = call(client, version, &Call::new(operation, Vec::new())).expect("an answer");
    reason(&answer) != Some(ResultReason::OperationNotSupported)
}

#[test]
fn query_names_exactly_the_operations_that_work() {
    let mut asking = client();
    let mut counts = Vec::new();
    for version in versions(asking.as_mut()) {
        let named = named(asking.as_mut(), version);
        let all = Operation::TABLE.rows.iter().map(|row| Operation(row.value));
        for operation in all {
            let is_named = named.contains(&operation);
            assert!(!is_named || Operation::TABLE.is_live(operation.0, version), "{operation} is named in {version}");
            // What the server sends is named, too, and is nothing that a client may send.
            let by_client = is_named && !SENT.contains(&operation);
            assert_eq!(works(asking.as_mut(), version, operation), by_client, "{operation} in {version}");
            if operation == Operation::ReProvision {
                // It made the client's certificate invalid.
                asking = client();
            }
        }
        counts.push(format!("{version}: {} operations", named.len()));
    }
    println!("{}", counts.join(", "));
    assert!(counts.len() >= PUBLISHED.len() - 1, "versions are missing: {}", counts.join(", "));
}
