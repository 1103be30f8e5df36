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
    let (_proxy, mut client, _peer) = session(limits).await;
    client.send(&stanza(1001)).await;
    client.stream_error("policy-violation", 1008).await;

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
}

#[tokio::test]
async fn a_client_that_does_not_sign_in_gets_connection_timeout() {
    let limits = "[limits]\nauth_seconds = 0.2";
    let (_proxy, mut client, mut peer) = session(limits).await;
    client.stream_error("connection-timeout", 1008).await;
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn a_client_that_signed_in_may_stay() {
    let limits = "[limits]\nauth_seconds = 1.5";
    let (_proxy, mut client, _peer) = signed_in(limits).await;
    assert!(client.hears_nothing(Duration::from_secs(2)).await);
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_dropped() {
    let (_proxy, client, mut peer) =
        session("[limits]\nping_seconds = 0.6\npong_seconds = 0.5").await;
    // It reads nothing, so its end of the WebSocket answers nothing.
    assert_eq!(peer.rest().await.unwrap(), "");
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
    let (_proxy, client, mut peer) = signed_in("[limits]\nstall_seconds = 0.3").await;
    let flooded = peer.flood(&stanza(9000), PATIENCE).await;
    assert!(flooded.is_err(), "the connection outlived the stall");
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
