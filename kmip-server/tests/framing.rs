//! Frames, order, limits and time-outs of a KMIP connection.

mod support;

use kmip_server::config::Config;
use std::sync::atomic::Ordering;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn brisk(config: &mut Config) {
    config.kmip.limits.idle_timeout_s = 1;
    config.kmip.limits.message_timeout_s = 1;
    config.kmip.limits.request_timeout_s = 1;
    config.kmip.limits.handshake_timeout_s = 1;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_split_at_every_byte_is_answered_once() {
    let running = Running::start().await;
    let mut stream = running.connect().await;
    let request = message(NOW, 24);
    for cut in 1..request.len() {
        stream.write_all(&request[..cut]).await.unwrap();
        stream.flush().await.unwrap();
        stream.write_all(&request[cut..]).await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(receive(&mut stream, request.len()).await, request);
    }
    assert_eq!(running.echo.answered.load(Ordering::SeqCst), request.len() as u32 - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order_with_few_writes() {
    let running = Running::start().await;
    let mut stream = running.connect().await;
    let requests: Vec<u8> = (0..200).flat_map(|n| message(NOW, 8 + 8 * (n % 30))).collect();
    stream.write_all(&requests).await.unwrap();
    assert_eq!(receive(&mut stream, requests.len()).await, requests);
    let settled = running.echo.settled.load(Ordering::SeqCst);
    assert!(settled < 60, "{settled} writes for 200 replies");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_pipelines_leaves_others_their_turns() {
    let running = Running::start().await;
    let mut greedy = running.connect().await;
    let mut others = Vec::new();
    // With as many connections as there are processors, one at least shares its thread with the first.
    for _ in 0..std::thread::available_parallelism().unwrap().get() {
        others.push(running.connect().await);
    }
    let requests = message(SLOW, 8).repeat(100);
    greedy.write_all(&requests).await.unwrap();
    for other in &mut others {
        exchange(other, &message(NOW, 8)).await.unwrap();
    }
    assert!(running.echo.answered.load(Ordering::SeqCst) < 50, "the others waited for most of them");
    assert_eq!(receive(&mut greedy, requests.len()).await, requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_answer_holds_back_those_behind_it_and_none_before() {
    let running = Running::start().await;
    let mut stream = running.connect().await;
    let (first, late, last) = (message(NOW, 8), message(LATER, 16), message(NOW, 24));
    stream.write_all(&[first.clone(), late.clone(), last.clone()].concat()).await.unwrap();
    assert_eq!(receive(&mut stream, first.len()).await, first);
    assert_eq!(running.echo.answered.load(Ordering::SeqCst), 2, "the third waits");
    running.echo.release.notify_one();
    assert_eq!(receive(&mut stream, late.len() + last.len()).await, [late, last].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_up_to_the_limit_pass_and_replies_may_be_larger() {
    let running = Running::start().await;
    let mut stream = running.connect().await;
    exchange(&mut stream, &message(NOW, 1024 * 1024 - 8)).await.unwrap();
    exchange(&mut stream, &message(NOW, 100_000)).await.unwrap();
    stream.write_all(&message(HUGE, 8)).await.unwrap();
    assert!(receive(&mut stream, HUGE_REPLY).await.iter().all(|byte| *byte == 7));
    exchange(&mut stream, &message(NOW, 8)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_framing_closes_after_the_replies_to_what_was_whole() {
    let too_long = [0x42, 0x00, 0x78, 0x01, 0x00, 0x10, 0x00, 0x00];
    let cases: [(&[u8], &str); 4] = [
        (&too_long, "too_long"),
        (&[0x42, 0x00, 0x7b], "not_a_request"),
        (b"GET / HTTP/1.1\r\n\r\n", "not_a_request"),
        (&[0x42, 0x00, 0x78, 0x01, 0, 0, 0, 9], "unaligned"),
    ];
    let running = Running::start().await;
    let whole = message(NOW, 32);
    for (bad, _) in &cases {
        let mut stream = running.connect().await;
        stream.write_all(&[&whole[..], bad].concat()).await.unwrap();
        assert_eq!(until_closed(&mut stream).await, whole, "{bad:?}");
    }
    assert_eq!(running.echo.answered.load(Ordering::SeqCst), cases.len() as u32);
    assert!(running.metric("kmip_malformed_frames_total{reason=\"not_a_request\"} 2").await);
    assert!(running.metric("kmip_malformed_frames_total{reason=\"too_long\"} 1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_trickles_in_is_cut_off() {
    let running = Running::with(|config| {
        brisk(config);
        config.kmip.limits.idle_timeout_s = 600;
    })
    .await;
    let mut stream = running.connect().await;
    // A whole message first: the time of the next one counts from its own first byte.
    exchange(&mut stream, &message(NOW, 8)).await.unwrap();
    stream.write_all(&message(NOW, 64)[..20]).await.unwrap();
    assert_eq!(until_closed(&mut stream).await, b"");
    assert!(running.metric("kmip_connections_closed_total{reason=\"slow_message\"} 1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed() {
    let running = Running::with(|config| {
        brisk(config);
        config.kmip.limits.message_timeout_s = 600;
    })
    .await;
    let mut stream = running.connect().await;
    exchange(&mut stream, &message(NOW, 8)).await.unwrap();
    assert_eq!(until_closed(&mut stream).await, b"");
    assert!(running.metric("kmip_connections_closed_total{reason=\"idle\"} 1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_comes_ends_the_connection() {
    let running = Running::with(brisk).await;
    let mut stream = running.connect().await;
    stream.write_all(&message(NEVER, 8)).await.unwrap();
    assert_eq!(until_closed(&mut stream).await, b"");
    assert!(running.metric("kmip_connections_closed_total{reason=\"request_timeout\"} 1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_takes_no_reply_is_cut_off() {
    let running = Running::with(|config| {
        brisk(config);
        config.kmip.limits.idle_timeout_s = 600;
    })
    .await;
    let mut stream = running.connect().await;
    // More than the socket buffers of both sides hold; the stream stays open and unread.
    let requests: Vec<u8> = (0..10).flat_map(|_| message(HUGE, 8)).collect();
    stream.write_all(&requests).await.unwrap();
    stream.flush().await.unwrap();
    let closed = "kmip_connections_closed_total{reason=\"slow_reader\"} 1";
    let waited = tokio::time::timeout(PATIENCE, async {
        while !running.metric(closed).await {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("cut off in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_is_cut_off() {
    use tokio::io::AsyncReadExt;
    let running = Running::with(brisk).await;
    let mut tcp = TcpStream::connect(running.kmip()).await.unwrap();
    let read = tokio::time::timeout(PATIENCE, tcp.read(&mut [0; 1])).await.expect("closed in time");
    assert_eq!(read.unwrap_or(0), 0);
    assert!(running.metric("kmip_handshake_failures_total{reason=\"timeout\"} 1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_withheld_when_they_cannot_be_settled() {
    let running = Running::start().await;
    running.echo.fail_settle.store(true, Ordering::SeqCst);
    let mut stream = running.connect().await;
    stream.write_all(&message(NOW, 8)).await.unwrap();
    assert_eq!(until_closed(&mut stream).await, b"");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_may_close() {
    let running = Running::start().await;
    let mut stream = running.connect().await;
    let answered = message(NOW, 8);
    stream.write_all(&[answered.clone(), message(CLOSE, 8)].concat()).await.unwrap();
    assert_eq!(until_closed(&mut stream).await, answered);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_are_limited_for_each_client_and_a_place_comes_back() {
    let running = Running::with(|config| config.kmip.limits.connections_per_client = 2).await;
    let mut first = running.connect().await;
    let mut second = running.connect().await;
    exchange(&mut first, &message(NOW, 8)).await.unwrap();
    exchange(&mut second, &message(NOW, 8)).await.unwrap();
    let mut third = running.connect().await;
    assert!(exchange(&mut third, &message(NOW, 8)).await.is_err());
    assert!(running.metric("kmip_connections_closed_total{reason=\"too_many_connections_of_client\"} 1").await);
    first.shutdown().await.unwrap();
    until_closed(&mut first).await;
    let back = tokio::time::timeout(PATIENCE, async {
        while exchange(&mut running.connect().await, &message(NOW, 8)).await.is_err() {}
    });
    back.await.expect("a place comes back");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_connections_together_are_limited() {
    let running = Running::with(|config| config.kmip.limits.connections = 1).await;
    let mut first = running.connect().await;
    exchange(&mut first, &message(NOW, 8)).await.unwrap();
    let config = client_config(&running.pki("ca.pem"), Some(running.identity("client")), rustls::ALL_VERSIONS);
    assert!(connect(running.kmip(), config).await.is_err());
}

/// Connects three times, and says nothing. The server closes one, whichever it has served last; the others stay.
async fn two_of_three(running: &Running) -> [TcpStream; 2] {
    let silent = async || TcpStream::connect(running.kmip()).await.unwrap();
    let [mut a, mut b, mut c] = [silent().await, silent().await, silent().await];
    let end = async |stream: &mut TcpStream| assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let closed = tokio::time::timeout(PATIENCE, async {
        tokio::select! { () = end(&mut a) => 0, () = end(&mut b) => 1, () = end(&mut c) => 2 }
    });
    match closed.await.expect("one is closed") {
        0 => [b, c],
        1 => [a, c],
        _ => [a, b],
    }
}

/// Whoever has no certificate keeps nobody else from showing one, and clients keep no administrator out.
#[tokio::test(flavor = "multi_thread")]
async fn a_host_has_a_share_of_all_handshakes_and_administrators_have_their_own() {
    let running = Running::with(|config| {
        config.kmip.limits.handshakes = 8;
        config.kmip.limits.connections = 2;
        config.kmip.limits.handshake_timeout_s = 600;
    })
    .await;
    let held = two_of_three(&running).await;
    // Both of the clients' connections are open, and two of their handshakes.
    assert_eq!(running.admin("GET", "/healthz", "", "admin").await.unwrap().0, 200);
    drop(held);
    let back = tokio::time::timeout(PATIENCE, async {
        let config = || client_config(&running.pki("ca.pem"), Some(running.identity("client")), rustls::ALL_VERSIONS);
        while connect(running.kmip(), config()).await.is_err() {}
    });
    back.await.expect("places come back");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_handshakes_of_a_host_are_told() {
    let running = Running::with(|config| {
        config.kmip.limits.handshakes = 8;
        config.kmip.limits.handshake_timeout_s = 600;
    })
    .await;
    let _held = two_of_three(&running).await;
    assert!(running.metric("kmip_handshake_failures_total{reason=\"too_many_of_host\"} 1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_the_request_in_flight_finish_and_closes_the_idle() {
    let running = Running::start().await;
    let (mut busy, mut idle) = (running.connect().await, running.connect().await);
    exchange(&mut idle, &message(NOW, 8)).await.unwrap();
    let late = message(LATER, 16);
    busy.write_all(&late).await.unwrap();
    let begun = tokio::time::timeout(PATIENCE, async {
        while running.echo.answered.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    });
    begun.await.expect("begun");
    let address = running.kmip();
    let (echo, folder) = (running.echo.clone(), running.folder);
    let stopped = tokio::spawn(running.server.stop());
    assert_eq!(until_closed(&mut idle).await, b"");
    assert!(!stopped.is_finished());
    echo.release.notify_one();
    assert_eq!(until_closed(&mut busy).await, late);
    tokio::time::timeout(PATIENCE, stopped).await.expect("in time").unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    drop(folder);
}
