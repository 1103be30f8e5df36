//! Every limit bites, and says so where there is somebody to tell.

use std::time::Duration;

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::FakeBackend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Client, Event};
use crate::{Proxy, session, signed_in};

fn stanza(bytes: usize) -> String {
    let (head, tail) = ("<message xmlns='jabber:client'><body>", "</body></message>");
    format!(
        "{head}{}{tail}",
        "x".repeat(bytes - head.len() - tail.len())
    )
}

#[tokio::test]
async fn a_stanza_over_the_limit_gets_policy_violation() {
    let limits = "[limits]\nmax_stanza_bytes = 20000";
    let (_proxy, mut client, mut peer) = signed_in(limits).await;
    client.send(&stanza(20_000)).await;
    assert_eq!(peer.expect("</message>").await.unwrap().len(), 20_000);
    client.send(&stanza(20_001)).await;
    let error = client.stream_error("policy-violation", 1008).await;
    assert!(
        error.contains("<stanza-too-big xmlns=\"urn:xmpp:errors\"/>"),
        "{error}"
    );
    assert!(error.contains("20000"), "{error}");
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn a_huge_stanza_gets_its_answer_although_most_of_it_is_never_read() {
    let (_proxy, mut client, _peer) = session("").await;
    client.send(&stanza(8 * 1024 * 1024)).await;
    client.stream_error("policy-violation", 1008).await;
}

#[tokio::test]
async fn fragments_count_together() {
    let (_proxy, mut client, _peer) = signed_in("[limits]\nmax_stanza_bytes = 20000").await;
    let stanza = stanza(30_000);
    let (head, tail) = stanza.as_bytes().split_at(15_000);
    client.send_fragments(&[head, tail]).await;
    client.stream_error("policy-violation", 1008).await;
}

#[tokio::test]
async fn a_stranger_gets_less() {
    let limits = "[limits]\nmax_stanza_bytes_before_auth = 1000";
    let (proxy, mut client, _peer) = session(limits).await;
    client.send(&stanza(1001)).await;
    client.stream_error("policy-violation", 1008).await;
    proxy.bites("max_stanza_bytes_before_auth").await;

    let proxy = Proxy::plain(&FakeBackend::bind().await.unwrap(), limits).await;
    let mut client = Client::connect(proxy.address).await;
    client.send(&stanza(1001)).await;
    client.opening_error("policy-violation", 1008).await;

    let (_proxy, mut client, mut peer) = signed_in(limits).await;
    client.send(&stanza(1001)).await;
    peer.expect("</message>").await.unwrap();
}

#[tokio::test]
async fn a_stanza_with_too_many_elements_or_too_deep_gets_policy_violation() {
    let limits = "[limits]\nmax_stanza_elements = 64\nmax_stanza_depth = 8";
    let deep = |depth: usize| {
        format!(
            "<x xmlns='y'>{}{}</x>",
            "<a>".repeat(depth - 1),
            "</a>".repeat(depth - 1)
        )
    };
    let wide = |elements: usize| format!("<x xmlns='y'>{}</x>", "<a/>".repeat(elements - 1));
    for (good, bad) in [(deep(8), deep(9)), (wide(64), wide(65))] {
        let (_proxy, mut client, mut peer) = signed_in(limits).await;
        client.send(&good).await;
        peer.expect(&good).await.unwrap();
        client.send(&bad).await;
        client.stream_error("policy-violation", 1008).await;
    }
}

#[tokio::test]
async fn a_giant_stanza_from_the_backend_ends_the_session() {
    let limits = "[limits]\nmax_backend_stanza_bytes = 100000";
    let (_proxy, mut client, mut peer) = session(limits).await;
    peer.send(&stanza(100_000)).await.unwrap();
    assert!(client.text().await.len() >= 100_000);
    peer.send(&stanza(100_001)).await.unwrap();
    let error = client.stream_error("remote-connection-failed", 1011).await;
    assert!(error.contains("<backend-protocol "), "{error}");
}

#[tokio::test]
async fn a_connection_over_the_limit_waits_for_another_to_end() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nmax_connections = 1").await;
    let client = Client::connect(proxy.address).await;
    let mut waiting = TcpStream::connect(proxy.address).await.unwrap();
    waiting
        .write_all(b"GET /config.json HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = [0; 12];
    let early = timeout(Duration::from_millis(200), waiting.read_exact(&mut answer)).await;
    assert!(early.is_err());
    client.vanish();
    timeout(PATIENCE, waiting.read_exact(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_full_proxy_has_hit_its_limit_once() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nmax_connections = 1").await;
    let client = Client::connect(proxy.address).await;
    for _ in 0..3 {
        // The accept loop looks up and goes back to waiting.
        proxy.reload_same(&backend, "[limits]\nmax_connections = 1");
        proxy.ask("/metrics").await;
    }
    let hits = "ws_proxy_limit_hits_total{limit=\"max_connections\"}";
    assert_eq!(proxy.metric(hits).await, 1.0);
    client.vanish();
    let _another = Client::connect(proxy.address).await;
    proxy.counts(hits, 2.0).await;
}

/// Sends `text` a byte at a time for as long as the other side listens.
async fn drip(mut stream: TcpStream, text: &str) {
    for byte in text.bytes() {
        if stream.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_slow_loris_is_dropped_and_others_are_unaffected() {
    let backend = FakeBackend::bind().await.unwrap();
    let limits = "[limits]\nhandshake_seconds = 0.5\nopen_seconds = 0.5";
    let proxy = Proxy::plain(&backend, limits).await;
    let request = format!("GET /xmpp-websocket HTTP/1.1\r\nx: {}", "y".repeat(5000));
    let mut lorises = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let stream = TcpStream::connect(proxy.address).await.unwrap();
        let request = request.clone();
        lorises.spawn(async move { drip(stream, &request).await });
    }
    // One that is slow with its first message counts from the WebSocket on.
    let mut slow = Client::connect(proxy.address).await;
    slow.send_raw(b"\x81\xfe\x10\x00").await;
    let (mut client, mut peer) = crate::another_session(&proxy, &backend).await;
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
    timeout(PATIENCE, async {
        while lorises.join_next().await.is_some() {}
    })
    .await
    .unwrap();
    slow.opening_error("connection-timeout", 1008).await;
    let hits = "ws_proxy_limit_hits_total{limit=\"handshake_seconds\"}";
    proxy.counts(hits, 50.0).await;
}

#[tokio::test]
async fn a_client_sends_so_many_bytes_a_second_and_nothing_is_lost() {
    let limits = "[limits]\nmax_stanza_bytes = 20000\nmax_bytes_per_second = 20000";
    let (proxy, mut client, mut peer) = signed_in(limits).await;
    let begin = tokio::time::Instant::now();
    for _ in 0..6 {
        client.send(&stanza(9_000)).await;
    }
    for _ in 0..6 {
        peer.expect("</message>").await.unwrap();
    }
    // 20000 at once, and 25000 at 20000 a second before the last one is read.
    assert!(begin.elapsed() > Duration::from_millis(1200));
    let hits = "ws_proxy_limit_hits_total{limit=\"max_bytes_per_second\"}";
    assert!(proxy.metric(hits).await >= 1.0);
}

#[tokio::test]
async fn frames_without_a_word_in_them_count_as_well() {
    // An empty text, a ping, and a pong that nobody has asked for.
    for frame in [
        b"\x81\x80\0\0\0\0",
        b"\x89\x80\0\0\0\0",
        b"\x8a\x80\0\0\0\0",
    ] {
        let limits = "[limits]\nmax_stanza_bytes = 20000\nmax_bytes_per_second = 20000";
        let (proxy, mut client, mut peer) = signed_in(limits).await;
        let begin = tokio::time::Instant::now();
        client.send_raw(&frame.repeat(8_000)).await;
        client.send("<a xmlns='b'/>").await;
        peer.expect("<a xmlns='b'/>").await.unwrap();
        // 20000 at once, and 28000 at 20000 a second.
        assert!(begin.elapsed() > Duration::from_millis(1200));
        let hits = "ws_proxy_limit_hits_total{limit=\"max_bytes_per_second\"}";
        assert!(proxy.metric(hits).await >= 1.0);
    }
}

#[tokio::test]
async fn the_time_of_a_handshake_is_all_of_it() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nhandshake_seconds = 3").await;
    let mut stream = TcpStream::connect(proxy.address).await.unwrap();
    let begin = tokio::time::Instant::now();
    tokio::time::sleep(Duration::from_secs(2)).await;
    stream
        .write_all(b"GET /xmpp-websocket HTTP/1.1\r\nhost: x\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    timeout(PATIENCE, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    assert!(begin.elapsed() < Duration::from_millis(4500));
    proxy.bites("handshake_seconds").await;
}

#[tokio::test]
async fn a_million_attributes_are_refused_before_they_cost_anything() {
    let (_proxy, mut client, mut peer) =
        signed_in("[limits]\nmax_stanza_bytes = 16000000\nmax_bytes_per_second = 2000000").await;
    let attributes: String = (0..1_000_000).map(|n| format!(" a{n}=''")).collect();
    client.send(&format!("<a xmlns='b'{attributes}/>")).await;
    client.stream_error("policy-violation", 1008).await;
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn a_depth_bomb_is_refused_on_both_sides() {
    let bomb = "<a>".repeat(10_000);
    let (_proxy, mut client, _peer) = signed_in("").await;
    client.send(&format!("<a xmlns='b'>{bomb}")).await;
    client.stream_error("policy-violation", 1008).await;
    let (_proxy, mut client, mut peer) = signed_in("").await;
    peer.send(&bomb).await.unwrap();
    let error = client.stream_error("remote-connection-failed", 1011).await;
    assert!(error.contains("<backend-protocol "), "{error}");
}

#[tokio::test]
async fn each_limit_that_ends_a_session_is_counted() {
    let limits = "[limits]\nmax_stanza_bytes = 20000\nmax_stanza_depth = 8\n\
                  max_stanza_elements = 64\nmax_backend_stanza_bytes = 10000";
    let deep = format!("<x xmlns='y'>{}", "<a>".repeat(9));
    let wide = format!("<x xmlns='y'>{}</x>", "<a/>".repeat(99));
    for (limit, text, condition) in [
        ("max_stanza_bytes", stanza(20_001), "policy-violation"),
        ("max_stanza_depth", deep, "policy-violation"),
        ("max_stanza_elements", wide, "policy-violation"),
    ] {
        let (proxy, mut client, _peer) = signed_in(limits).await;
        client.send(&text).await;
        client.stream_error(condition, 1008).await;
        let hits = format!("ws_proxy_limit_hits_total{{limit=\"{limit}\"}}");
        assert_eq!(proxy.metric(&hits).await, 1.0, "{limit}");
    }
    let (proxy, mut client, mut peer) = signed_in(limits).await;
    peer.send(&stanza(10_001)).await.unwrap();
    client.stream_error("remote-connection-failed", 1011).await;
    let hits = "ws_proxy_limit_hits_total{limit=\"max_backend_stanza_bytes\"}";
    assert_eq!(proxy.metric(hits).await, 1.0);
}

#[tokio::test]
async fn a_client_that_sends_no_request_is_dropped() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nhandshake_seconds = 0.2").await;
    for request in ["", "GET /xmpp-websocket HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer))
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn a_client_that_sends_no_open_gets_connection_timeout() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nopen_seconds = 0.2").await;
    let mut client = Client::connect(proxy.address).await;
    client.opening_error("connection-timeout", 1008).await;
    proxy.bites("open_seconds").await;
}

#[tokio::test]
async fn a_client_that_does_not_sign_in_gets_connection_timeout() {
    let limits = "[limits]\nauth_seconds = 0.2";
    let (proxy, mut client, mut peer) = session(limits).await;
    client.stream_error("connection-timeout", 1008).await;
    assert_eq!(peer.rest().await.unwrap(), "");
    proxy.bites("auth_seconds").await;
}

#[tokio::test]
async fn a_client_that_signed_in_may_stay() {
    let limits = "[limits]\nauth_seconds = 1.5";
    let (_proxy, mut client, _peer) = signed_in(limits).await;
    assert!(client.hears_nothing(Duration::from_secs(2)).await);
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_dropped() {
    let (proxy, client, mut peer) =
        session("[limits]\nping_seconds = 0.6\npong_seconds = 0.5").await;
    // It reads nothing, so its end of the WebSocket answers nothing.
    assert_eq!(peer.rest().await.unwrap(), "");
    proxy.bites("pong_seconds").await;
    drop(client);
}

#[tokio::test]
async fn a_client_that_answers_pings_stays() {
    let (_proxy, mut client, mut peer) =
        session("[limits]\nping_seconds = 0.6\npong_seconds = 0.5").await;
    for _ in 0..4 {
        client.ping().await;
    }
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_dropped() {
    let (proxy, client, mut peer) = signed_in("[limits]\nstall_seconds = 0.3").await;
    let flooded = peer.flood(&stanza(9000), PATIENCE).await;
    assert!(flooded.is_err(), "the connection outlived the stall");
    proxy.bites("stall_seconds").await;
    drop(client);
}

#[tokio::test]
async fn a_backend_that_takes_nothing_gets_the_session_ended() {
    let (_proxy, mut client, _peer) =
        signed_in("[limits]\nstall_seconds = 0.3\nclose_seconds = 0.2").await;
    // It stops when nobody takes more; what it could send doesn't matter.
    client
        .flood(&stanza(200_000), Duration::from_millis(200))
        .await;
    loop {
        match client.event().await {
            Event::Text(text) => assert!(!text.contains("<message"), "{text}"),
            Event::Closed(code) => break assert_eq!(code, 1011),
            Event::Lost => break,
        }
    }
}
