//! The uses of a key (KMIP 3.0 §4.13), which a server counts in memory and writes a moment later.

use super::started;
use conformance_tests::message::cryptographic::{Part, active, gcm, register_with, work};
use conformance_tests::message::{call, get_attributes, make, payload, status};
use conformance_tests::server_process::{Options, Server, check};
use conformance_tests::walker::attributes_of;
use kmip_codec::item::ItemValue;
use kmip_codec::registry::{CryptographicUsageMask, Operation, ResultStatus, Tag};
use kmip_codec::version::V3_0;
use std::time::Duration;

/// As often as a server writes what it has counted, and time for a slow disk.
const WRITTEN: Duration = Duration::from_millis(500 + 4_500);

fn encrypt(server: &Server, key: &str, times: usize) {
    let client = server.first_client().expect("a client");
    let mut connection = client.connect(server.kmip()).expect("a connection");
    let encrypt = work(Operation::Encrypt, key, gcm(true), b"data", Vec::new(), Part::Whole);
    for _ in 0..times {
        let answer = call(&mut connection, V3_0, &encrypt).expect("an answer");
        assert_eq!(status(&answer), Some(ResultStatus::Success), "{answer:?}");
    }
}

fn count(server: &Server, key: &str) -> i64 {
    let client = server.first_client().expect("a client");
    let mut connection = client.connect(server.kmip()).expect("a connection");
    let answer = call(&mut connection, V3_0, &get_attributes(key)).expect("an answer");
    payload(&answer).expect("attributes");
    let told = attributes_of(&answer).into_iter().find(|attribute| attribute.tag == Tag::EncryptCounter);
    match told.expect("an Encrypt Counter").value {
        ItemValue::LongInteger(count) => count,
        ItemValue::Integer(count) => i64::from(count),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stop_writes_every_use_and_a_crash_takes_those_of_a_moment() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let options = Options::new(&place.path().join("data"));
    let server = started(&options);
    let key = {
        let client = server.first_client().expect("a client");
        let mut connection = client.connect(server.kmip()).expect("a connection");
        let key = register_with(&[7; 32], active(CryptographicUsageMask::Encrypt));
        make(&mut connection, V3_0, &key).expect("a key")
    };
    encrypt(&server, &key, 30);
    assert_eq!(count(&server, &key), 30, "a use counts at once");
    assert!(server.stop().expect("it stops").success());
    check(&options).expect("the check passes");

    let server = started(&options);
    assert_eq!(count(&server, &key), 30, "a stop writes all");
    encrypt(&server, &key, 20);
    std::thread::sleep(WRITTEN);
    encrypt(&server, &key, 5);
    server.kill().expect("it dies");
    check(&options).expect("the check passes wherever it died");

    let server = started(&options);
    let kept = count(&server, &key);
    assert!((50..=55).contains(&kept), "{kept} of 50 that were written, and 5 of a moment");
    assert!(server.stop().expect("it stops").success());
}
