//! A server whose devices are away when it starts.

use conformance_tests::message::{create_aes, make};
use conformance_tests::server_process::{Options, Server, Starting};
use conformance_tests::token::{Mode, SoftHsm};
use kmip_codec::version::V2_1;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A server that has its root key on a token already.
fn made(place: &Path) -> Option<(SoftHsm, Options)> {
    let tokens = SoftHsm::prepare(place).expect("a token")?;
    let options = tokens.server(&place.join("data"), Mode::Cached);
    let status = Server::start(&options).expect("the server starts").stop().expect("it stops");
    assert!(status.success(), "{status}");
    Some((tokens, options))
}

fn waits(options: &Options) -> Starting {
    // What an earlier start wrote would lead elsewhere.
    fs::remove_file(options.data_dir.join("kmip-cli.toml")).expect("the profile of the first start");
    let starting = Server::launch(options).expect("the process starts");
    let began = Instant::now();
    while let Err(error) = starting.admin_request("GET", "/healthz", b"") {
        assert!(began.elapsed() < Duration::from_secs(20), "a server that waits does not say that it lives: {error}");
        std::thread::sleep(Duration::from_millis(50));
    }
    starting
}

#[test]
fn a_server_waits_for_its_device_and_serves_when_it_comes() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let Some((tokens, options)) = made(place.path()) else { return };
    tokens.take_away().expect("the folder moves");
    let starting = waits(&options);
    for _ in 0..2 {
        for (path, told) in [("/readyz", "503 not ready"), ("/api/v1/hsm", "503"), ("/metrics", "503")] {
            let refused = starting.admin_request("GET", path, b"").expect_err("it is not open");
            assert!(refused.to_string().contains(told), "{refused}");
        }
        std::thread::sleep(Duration::from_millis(1_500));
    }
    tokens.bring_back().expect("the folder moves back");
    let server = starting.ready().expect("the server serves when its device comes");
    server.admin_request("GET", "/readyz", b"").expect("ready");
    let mut client = server.first_client().expect("a client").connect(server.kmip()).expect("a connection");
    make(&mut client, V2_1, &create_aes("made later")).expect("a key");
    assert!(server.log().contains("waiting for one"), "{}", server.log());
    assert!(server.stop().expect("it stops").success());
}

#[test]
fn a_server_that_waits_stops_when_asked() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let Some((tokens, options)) = made(place.path()) else { return };
    tokens.take_away().expect("the folder moves");
    let asked = Instant::now();
    let status = waits(&options).stop().expect("it stops");
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
}

/// A token locks itself after a few wrong PINs.
#[test]
fn a_wrong_pin_is_not_waited_for() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let Some((tokens, options)) = made(place.path()) else { return };
    fs::write(tokens.pin_file(), "9999").expect("the file is written");
    let refused = Server::start(&options).err().expect("a server with a wrong PIN does not start");
    assert!(
        refused.to_string().contains("PinIncorrect") && refused.to_string().contains("not tried again"),
        "{refused}"
    );
}
