//! Query names exactly those server profiles whose published cases this server passes (KMIP 2.1 §6.1.40, §7.31).

use conformance_tests::endpoint::{Endpoint, World};
use conformance_tests::in_process::InProcess;
use conformance_tests::message::{Call, call, payload};
use conformance_tests::oasis::expectations::{self, Expectations};
use conformance_tests::oasis::run::load_all;
use conformance_tests::reference;
use conformance_tests::server_process::{Options, Server, ServerWorld};
use conformance_tests::token::Vault;
use conformance_tests::tree::{Tree, enumeration};
use kmip_codec::registry::{ObjectType, Operation, ProfileName, QueryFunction, Tag, WireEnum};
use kmip_codec::version::{V1_0, V1_3, V1_4, V2_0, V2_1, V3_0, Version};
use kmip_core::profiles::PROFILES;
use std::collections::BTreeSet;

/// How the cases of a profile are called, by what its name begins with. Complete Server has none.
const CASES: [(&str, &str); 17] = [
    ("Baseline Server", "BL-"),
    ("Tape Library Server", "TL-"),
    ("Symmetric Key Lifecycle Server", "SKLC-"),
    ("Asymmetric Key Lifecycle Server", "AKLC-"),
    ("Basic Cryptographic Server", "CS-BC-"),
    ("Advanced Cryptographic Server", "CS-AC-"),
    ("RNG Cryptographic Server", "CS-RNG-"),
    ("Symmetric Key Foundry Server", "SKFF-"),
    ("Opaque Managed Object Store Server", "OMOS-"),
    ("Suite B minLOS_128 Server", "SUITEB_128-"),
    ("Suite B minLOS_192 Server", "SUITEB_192-"),
    ("Storage Array with Self Encrypting Drive Server", "SASED-"),
    ("HTTPS Server", "MSGENC-HTTPS-"),
    ("JSON Server", "MSGENC-JSON-"),
    ("XML Server", "MSGENC-XML-"),
    ("AES XTS Server", "AX-"),
    ("Quantum Safe Server", "QS-"),
];

/// The PKCS#11 cases.
const PKCS_11: (&str, &str) = ("PKCS#11 Server", "PKCS11-");

/// The version whose cases prove a profile to a client: the one in its name, 3.0 to a client of it, or 2.1.
fn version_of(name: &str, client: Version) -> Option<Version> {
    let Some((_, version)) = name.split_once(" KMIP v") else { return Some(if client < V3_0 { V2_1 } else { V3_0 }) };
    [V1_0, V1_4].into_iter().find(|known| known.to_string() == version)
}

fn prefix_of(name: &str) -> Option<&'static str> {
    CASES.iter().chain([&PKCS_11]).find(|(profile, _)| name.starts_with(profile)).map(|(_, prefix)| *prefix)
}

/// Whether the mandatory cases of a profile pass, or, of a profile that has none here, the optional ones.
fn is_proved(expected: &Expectations, version: Version, prefix: &str) -> bool {
    let suffix = format!("-{}{}", version.major, version.minor);
    let cases = expected.iter().filter(|(case, _)| case.starts_with(prefix) && case.ends_with(&suffix));
    let (mandatory, optional): (Vec<_>, Vec<_>) =
        cases.partition(|(case, _)| case.get(prefix.len()..).is_some_and(|rest| rest.starts_with("M-")));
    let proof = if mandatory.is_empty() { optional } else { mandatory };
    !proof.is_empty() && proof.iter().all(|(_, outcome)| *outcome == "pass")
}

fn queried(version: Version) -> BTreeSet<u32> {
    let mut client = InProcess::open().expect("an engine").fresh_client().expect("a client");
    named(client.as_mut(), version)
}

fn named(client: &mut dyn Endpoint, version: Version) -> BTreeSet<u32> {
    let function = enumeration(Tag::QueryFunction, QueryFunction::QueryProfiles.0);
    let answer = call(client, version, &Call::new(Operation::Query, vec![function])).expect("an answer");
    let named = payload(&answer).expect("a success").all(Tag::ProfileInformation);
    named.map(|profile| profile.field(Tag::ProfileName).and_then(Tree::as_enumeration).expect("a name")).collect()
}

#[test]
fn query_names_exactly_the_profiles_whose_cases_pass() {
    let (expected, _) = expectations::load(Vault::Software).expect("the lists of expectations can be read");
    for version in [V1_3, V1_4, V2_0, V2_1, V3_0] {
        let servers = ProfileName::TABLE.rows.iter().filter(|row| row.name.contains("Server") && row.is_live(version));
        let proved = servers.filter(|row| match (version_of(row.name, version), prefix_of(row.name)) {
            (Some(version), Some(prefix)) => is_proved(&expected, version, prefix),
            _ => false,
        });
        let proved: BTreeSet<u32> = proved.map(|row| row.value).collect();
        let shown = |values: &BTreeSet<u32>| values.iter().map(|v| ProfileName(*v).to_string()).collect::<Vec<_>>();
        let found = queried(version);
        assert_eq!(shown(&found), shown(&proved), "KMIP {version}");
        assert!(!found.is_empty(), "KMIP {version}");
    }
}

/// How the list of demands calls profiles that the registry calls otherwise.
const CALLED: [(&str, &str); 2] = [
    ("Storage Array with Self-Encrypting Drives Server", "Storage Array with Self Encrypting Drive Server"),
    ("Symmetric Key Foundry for FIPS 140 Server", "Symmetric Key Foundry Server"),
];

/// The cases use what a profile demands, but not all of it: Query offers the operations and objects of every profile it names.
#[test]
fn what_named_profiles_demand_is_offered() {
    let Some(data) = reference::require("what profiles demand", "spec/data/profiles.tsv") else { return };
    let demands = std::fs::read_to_string(data).expect("the list of demands");
    let mut client = InProcess::open().expect("an engine").fresh_client().expect("a client");
    let functions = [QueryFunction::QueryOperations, QueryFunction::QueryObjects, QueryFunction::QueryProfiles];
    let functions = functions.map(|function| enumeration(Tag::QueryFunction, function.0)).to_vec();
    let answer = call(client.as_mut(), V2_1, &Call::new(Operation::Query, functions)).expect("an answer");
    let told = payload(&answer).expect("a success");
    let values = |tag| told.all(tag).map(|item| item.as_enumeration().expect("an enumeration"));
    let operations: BTreeSet<String> = values(Tag::Operation).map(|value| Operation(value).to_string()).collect();
    let objects: BTreeSet<String> = values(Tag::ObjectType).map(|value| ObjectType(value).to_string()).collect();
    let profiles = told.all(Tag::ProfileInformation).map(|profile| profile.field(Tag::ProfileName));
    let profiles = profiles.map(|name| ProfileName(name.and_then(Tree::as_enumeration).expect("a name")).to_string());
    let profiles: BTreeSet<String> = profiles.collect();
    let mut checked = BTreeSet::new();
    for line in demands.lines().filter(|line| line.starts_with("2.1\t")) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [_, profile, kind, item, ..] = fields[..] else { panic!("{line}") };
        let profile = CALLED.iter().find(|(called, _)| *called == profile).map_or(profile, |(_, name)| *name);
        let offered = match kind {
            "operation (client-to-server)" => &operations,
            "object" => &objects,
            _ => continue,
        };
        if profiles.contains(profile) {
            checked.insert(profile.to_owned());
            assert!(offered.contains(item), "{profile} demands {item}");
        }
    }
    assert!(checked.len() >= 10, "{checked:?}");
}

/// A server without an HTTPS listener is no HTTPS Server, and nobody can send it XML or JSON.
#[test]
fn profiles_of_https_are_named_where_its_listener_is_on() {
    let place = tempfile::tempdir().expect("a temporary folder");
    for https in [false, true] {
        let options = Options { https, ..Options::new(&place.path().join(format!("https-{https}"))) };
        let server = Server::start(&options).expect("the server starts");
        let mut client = ServerWorld::new(&server).expect("the server takes a user").fresh_client().expect("a client");
        for (version, expected) in [(V1_4, 6), (V2_1, 3), (V3_0, 3)] {
            let found = named(client.as_mut(), version);
            let names = found.into_iter().map(|name| ProfileName(name).to_string());
            let of_https = ["HTTPS Server", "JSON Server", "XML Server"];
            let found = names.filter(|name| of_https.iter().any(|profile| name.starts_with(profile))).count();
            assert_eq!(found, if https { expected } else { 0 }, "KMIP {version}, HTTPS {https}");
        }
        server.stop().expect("the server stops when asked");
    }
}

#[test]
fn every_row_of_the_table_says_what_proves_it() {
    for profile in PROFILES {
        let row = ProfileName::TABLE.row(profile.name.0).expect("a name of the registry");
        assert_eq!(
            (version_of(row.name, profile.version), prefix_of(row.name)),
            (Some(profile.version), Some(profile.cases)),
            "{}",
            row.name
        );
    }
}

/// What `version_of` and `prefix_of` leave out is what the published cases leave out.
#[test]
fn no_profile_with_published_cases_is_forgotten() {
    let Some(folder) = reference::require("the profiles of published cases", "oasis") else { return };
    let cases = load_all(&folder).expect("the published cases can be read");
    let known: Vec<&str> = CASES.iter().chain([&PKCS_11]).map(|(_, prefix)| *prefix).collect();
    let of_no_profile = |name: &str| name.starts_with("TC-");
    for case in &cases {
        let base = case.base_name();
        assert!(of_no_profile(base) || known.iter().any(|prefix| base.starts_with(prefix)), "{base}");
    }
}
