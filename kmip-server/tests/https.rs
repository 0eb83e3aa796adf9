//! KMIP over HTTPS: encodings, headers, limits of size and time, HTTP/1.0 to HTTP/2.

mod support;

use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kmip_codec::wire::Encoding::{self, Json, Ttlv, Xml};
use kmip_server::config::Config;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

const TTLV: &str = "application/octet-stream";

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

async fn open(running: &Running) -> TlsStream<TcpStream> {
    let config = client_config(&running.pki("ca.pem"), Some(running.identity("client")), rustls::ALL_VERSIONS);
    connect(running.server.bound.https.unwrap(), config).await.unwrap()
}

/// Posts a body with these header lines on an open connection.
async fn post(stream: &mut TlsStream<TcpStream>, headers: &str, body: &[u8]) -> io::Result<Answer> {
    let length = body.len();
    let head = format!("POST /kmip HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n");
    exchange_http(stream, &[head.as_bytes(), body].concat()).await
}

async fn exchange_http(stream: &mut TlsStream<TcpStream>, request: &[u8]) -> io::Result<Answer> {
    stream.write_all(request).await?;
    stream.flush().await?;
    tokio::time::timeout(PATIENCE, receive_http(stream)).await.expect("in time")
}

async fn receive_http(stream: &mut TlsStream<TcpStream>) -> io::Result<Answer> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let mut answer = Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body: Vec::new() };
    answer.body = vec![0; answer.header("content-length").expect("a length").parse().unwrap()];
    stream.read_exact(&mut answer.body).await?;
    Ok(answer)
}

fn kind(value: &str) -> String {
    format!("content-type: {value}\r\n")
}

/// The encodings of the last request and of the answer that was wanted.
fn last(running: &Running) -> (Encoding, Encoding) {
    *running.echo.encodings.lock().unwrap().last().expect("a request")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_exactly_one_message() {
    let running = Running::start().await;
    let https = running.server.bound.https.unwrap();
    let config = || client_config(&running.pki("ca.pem"), Some(running.identity("client")), rustls::ALL_VERSIONS);
    let post = async |kind: &str, body: &[u8]| http(https, config(), "POST", "/kmip", kind, body).await.unwrap();
    let request = message(NOW, 64);
    assert_eq!(post(TTLV, &request).await, (200, request.clone()));
    assert_eq!(post("text/plain", &request).await.0, 415);
    assert_eq!(post(TTLV, &request[..40]).await.0, 400);
    assert_eq!(post(TTLV, &[&request[..], &request[..]].concat()).await.0, 400);
    assert_eq!(post(TTLV, b"GET /").await.0, 400);
    assert_eq!(post(TTLV, b"").await.0, 400);
    assert_eq!(post(TTLV, &message(NOW, 1024 * 1024)).await.0, 413);
    let stranger = client_config(&running.pki("ca.pem"), Some(running.identity("admin")), rustls::ALL_VERSIONS);
    assert!(http(https, stranger, "POST", "/kmip", TTLV, &request).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn each_encoding_is_answered_in_its_own_on_one_connection() {
    let running = Running::start().await;
    let mut stream = open(&running).await;
    let ttlv = message(NOW, 64);
    for (content_type, told, encoding, body) in [
        ("text/xml", "text/xml", Xml, &b"<RequestMessage/>"[..]),
        ("Text/XML; charset=\"utf-8\"", "text/xml", Xml, b"<RequestMessage/>"),
        ("application/json;charset=US-ASCII", "application/json", Json, b"{}"),
        (TTLV, TTLV, Ttlv, &ttlv),
    ] {
        let answer = post(&mut stream, &kind(content_type), body).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, body), "{content_type}");
        assert_eq!(answer.header("content-type"), Some(told));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        assert_eq!(answer.header("content-length"), Some(body.len().to_string().as_str()));
        assert_eq!(last(&running), (encoding, encoding));
    }
    assert_eq!(running.echo.settled.load(Ordering::SeqCst), 4, "what must be on file is written before each answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_client_chooses_the_encoding_of_the_answer() {
    let running = Running::start().await;
    let mut stream = open(&running).await;
    let mut ask = async |accept: &str| {
        let headers = format!("content-type: text/xml\r\naccept: {accept}\r\n");
        post(&mut stream, &headers, b"<RequestMessage/>").await.unwrap()
    };
    for (accept, told, encoding) in [
        ("*/*", "text/xml", Xml),
        ("text/html, application/json;q=0.9", "application/json", Json),
        ("application/json;q=0.5, text/*", "text/xml", Xml),
        ("application/octet-stream", TTLV, Ttlv),
    ] {
        let answer = ask(accept).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(told)), "{accept}");
        assert_eq!(last(&running), (Xml, encoding));
    }
    let asked = running.echo.answered.load(Ordering::SeqCst);
    let refused = ask("text/html").await;
    assert_eq!(refused.status, 406);
    assert!(String::from_utf8(refused.body).unwrap().contains("application/json"));
    assert_eq!(running.echo.answered.load(Ordering::SeqCst), asked, "nothing is done whose answer nobody takes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_refused_clearly() {
    let running = Running::start().await;
    let mut stream = open(&running).await;
    for (headers, expected) in [
        (String::new(), "Content-Type: application/octet-stream, text/xml, application/json"),
        (kind("application/xml"), "no message is application/xml"),
        (kind("text/xml; charset=utf-16"), "text in utf-16 is not read: send UTF-8"),
        (kind("text/xml") + &kind("application/json"), "one Content-Type"),
    ] {
        let answer = post(&mut stream, &headers, b"x").await.unwrap();
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 415, "{text}");
        assert!(text.contains(expected), "{text}");
    }
    for hosts in ["", "host: a\r\nhost: b\r\n"] {
        let request = format!("POST /kmip HTTP/1.1\r\n{hosts}{}content-length: 1\r\n\r\nx", kind("text/xml"));
        assert_eq!(exchange_http(&mut stream, request.as_bytes()).await.unwrap().status, 400, "{hosts}");
        stream = open(&running).await;
    }
    let get = exchange_http(&mut stream, b"GET /kmip HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_eq!((get.status, get.header("allow")), (405, Some("post")));
    let elsewhere = b"POST /other HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(exchange_http(&mut stream, elsewhere).await.unwrap().status, 404);
    assert_eq!(running.echo.answered.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn text_may_be_four_times_as_long_as_ttlv() {
    let running = Running::with(|config| config.kmip.limits.message_bytes = 4096).await;
    for (kind_of, longest) in [("text/xml", 4 * 4096), ("application/json", 4 * 4096), (TTLV, 4096)] {
        let body = |length: usize| if kind_of == TTLV { message(NOW, length - 8) } else { vec![b' '; length] };
        let mut stream = open(&running).await;
        assert_eq!(post(&mut stream, &kind(kind_of), &body(longest)).await.unwrap().status, 200, "{kind_of}");
        let refused = post(&mut stream, &kind(kind_of), &body(longest + 8)).await.unwrap();
        assert_eq!(refused.status, 413, "{kind_of}");
        assert!(String::from_utf8(refused.body).unwrap().contains("kmip.limits.message_bytes"));
        // The same without a length that tells it beforehand.
        let mut stream = open(&running).await;
        let head =
            format!("POST /kmip HTTP/1.1\r\nhost: localhost\r\n{}transfer-encoding: chunked\r\n\r\n", kind(kind_of));
        let chunk = [format!("{:x}\r\n", longest + 8).as_bytes(), &body(longest + 8), b"\r\n0\r\n\r\n"].concat();
        let refused = exchange_http(&mut stream, &[head.as_bytes(), &chunk].concat()).await.unwrap();
        assert_eq!(refused.status, 413, "{kind_of} in chunks");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn open_connections_are_counted() {
    let (running, began) = (Running::start().await, Instant::now());
    let mut streams = [open(&running).await, open(&running).await];
    for stream in &mut streams {
        post(stream, &kind(TTLV), &message(NOW, 64)).await.unwrap();
    }
    assert!(running.metric("kmip_connections_open{listener=\"https\"} 2").await);
    drop(streams);
    // The server hears of it when the sockets are closed.
    while !running.metric("kmip_connections_open{listener=\"https\"} 0").await {
        assert!(began.elapsed() < Duration::from_secs(10));
    }
    assert!(running.metric("kmip_connections_accepted_total{listener=\"https\"} 2").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn http_1_0_is_served() {
    let running = Running::start().await;
    let mut stream = open(&running).await;
    let request = b"POST /kmip HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
    let answer = exchange_http(&mut stream, request).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, &b"{}"[..]));
    assert_eq!(until_closed(&mut stream).await, b"");
}

fn hasty(config: &mut Config) {
    config.kmip.limits.message_timeout_s = 1;
    config.kmip.limits.request_timeout_s = 1;
}

#[tokio::test(flavor = "multi_thread")]
async fn times_are_limited() {
    let running = Running::with(hasty).await;
    let mut stream = open(&running).await;
    let head = format!("POST /kmip HTTP/1.1\r\nhost: localhost\r\n{}content-length: 72\r\n\r\n", kind(TTLV));
    let late = exchange_http(&mut stream, &[head.as_bytes(), &message(NOW, 64)[..40]].concat()).await.unwrap();
    assert_eq!(late.status, 408);
    assert!(String::from_utf8(late.body).unwrap().contains("message_timeout_s"));
    let mut stream = open(&running).await;
    let never = post(&mut stream, &kind(TTLV), &message(NEVER, 64)).await.unwrap();
    assert_eq!(never.status, 503);
    assert!(String::from_utf8(never.body).unwrap().contains("request_timeout_s"));
    // A head that does not end.
    let began = Instant::now();
    let mut stream = open(&running).await;
    stream.write_all(b"POST /kmip HTTP/1.1\r\n").await.unwrap();
    assert_eq!(until_closed(&mut stream).await, b"");
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(running.metric("kmip_connections_closed_total{reason=\"slow_message\"} 1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_lives_as_long_as_the_configuration_says() {
    let running = Running::with(|config| {
        hasty(config);
        config.kmip.limits.idle_timeout_s = 4;
    })
    .await;
    let mut stream = open(&running).await;
    let request = message(NOW, 64);
    post(&mut stream, &kind(TTLV), &request).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(post(&mut stream, &kind(TTLV), &request).await.unwrap().status, 200, "longer than any message takes");
    assert_eq!(until_closed(&mut stream).await, b"");
    assert!(running.metric("kmip_connections_closed_total{reason=\"idle\"} 1").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_leaves_before_the_audit_log_is_written() {
    let running = Running::start().await;
    running.echo.fail_settle.store(true, Ordering::SeqCst);
    let mut stream = open(&running).await;
    let request = message(NOW, 64);
    let withheld = post(&mut stream, &kind(TTLV), &request).await.unwrap();
    assert_eq!(withheld.status, 503);
    assert!(!withheld.body.windows(8).any(|part| request.windows(8).any(|own| own == part)));
}

#[tokio::test(flavor = "multi_thread")]
async fn http_2_serves_requests_at_the_same_time() {
    let running = Running::start().await;
    let config = client_config(&running.pki("ca.pem"), Some(running.identity("client")), rustls::ALL_VERSIONS);
    let mut config = rustls::ClientConfig::clone(&config);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = connect(running.server.bound.https.unwrap(), Arc::new(config)).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let ask = |kind: &'static str, body: Vec<u8>| {
        let request = hyper::Request::post("https://localhost/kmip").header("content-type", kind);
        let mut sender = sender.clone();
        async move {
            let answer = sender.send_request(request.body(Full::new(Bytes::from(body))).unwrap()).await.unwrap();
            let (head, body) = answer.into_parts();
            (head.status.as_u16(), body.collect().await.unwrap().to_bytes())
        }
    };
    let later = tokio::spawn(ask(TTLV, message(LATER, 64)));
    while running.echo.answered.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(ask("application/json", b"{}".to_vec()).await, (200, Bytes::from_static(b"{}")));
    assert_eq!(ask(TTLV, message(HUGE, 64)).await.1.len(), HUGE_REPLY);
    assert!(!later.is_finished(), "the first waits, and the others do not wait for it");
    running.echo.release.notify_one();
    assert_eq!(later.await.unwrap(), (200, Bytes::from(message(LATER, 64))));
    assert_eq!(ask("text/plain", Vec::new()).await.0, 415);
    assert_eq!(ask("text/xml", vec![b' '; 5 << 20]).await.0, 413);
    running.server.stop().await.unwrap();
}
