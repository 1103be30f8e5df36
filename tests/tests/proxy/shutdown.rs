//! What happens to sessions when the proxy is told to end.

use std::time::Duration;

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::FakeBackend;
use tokio::time::timeout;

use crate::client::{Client, Event};
use crate::{Proxy, another_session, session};

#[tokio::test]
async fn sigterm_drains_the_sessions_one_after_the_other() {
    let backend = FakeBackend::bind().await.unwrap();
    let mut proxy = Proxy::plain(&backend, "[limits]\ndrain_seconds = 2").await;
    let mut sessions = Vec::new();
    for _ in 0..12 {
        sessions.push(another_session(&proxy, &backend).await);
    }
    proxy.drain();
    let begin = tokio::time::Instant::now();
    let mut left = Vec::new();
    for (mut client, mut peer) in sessions {
        left.push(tokio::spawn(async move {
            assert_eq!(client.event().await, Event::Closed(1012));
            let after = begin.elapsed();
            assert_eq!(
                peer.rest().await.unwrap(),
                "",
                "the stream can't be resumed"
            );
            after
        }));
    }
    let mut times = Vec::new();
    for one in left {
        times.push(one.await.unwrap());
    }
    let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(
        *last - *first > Duration::from_millis(200),
        "all at once: {times:?}"
    );
    timeout(PATIENCE, &mut proxy.running)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn draining_stops_accepting_and_fails_readiness_and_sessions_go_on() {
    let backend = FakeBackend::bind().await.unwrap();
    let mut proxy = Proxy::plain(&backend, "[limits]\ndrain_seconds = 86400").await;
    let (mut client, mut peer) = another_session(&proxy, &backend).await;
    assert_eq!(proxy.ask("/readyz").await.0, 200);
    proxy.drain();
    couplet_tests::until("readiness fails", || async {
        let (status, text) = proxy.ask("/readyz").await;
        Ok((status == 503 && text.starts_with("draining\n")).then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(proxy.ask("/healthz").await.0, 200);
    assert_eq!(proxy.metric("ws_proxy_draining ").await, 1.0);
    assert!(Client::try_connect(proxy.address, |_| {}).await.is_err());
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
}

#[tokio::test]
async fn a_drained_client_is_told_where_else_to_go() {
    let backend = FakeBackend::bind().await.unwrap();
    let address = backend.address();
    let mut proxy = Proxy::start(&format!(
        "see_other_uri = 'wss://other.test/ws'\n[[domain]]\nname = 'example.test'\n\
         backend = '{address}'\nbackend_tls = 'none'"
    ))
    .await;
    let (mut client, mut peer) = another_session(&proxy, &backend).await;
    proxy.shut_down();
    assert_eq!(
        client.text().await,
        "<close xmlns=\"urn:ietf:params:xml:ns:xmpp-framing\" \
         see-other-uri=\"wss://other.test/ws\" />"
    );
    assert_eq!(client.event().await, Event::Closed(1012));
    assert_eq!(peer.rest().await.unwrap(), "");
}

#[tokio::test]
async fn who_takes_no_part_in_closing_is_closed_for() {
    let (proxy, client, peer) = session("[limits]\nclose_seconds = 0.1").await;
    drop(peer);
    proxy.bites("close_seconds").await;
    drop(client);
}

#[tokio::test]
async fn there_is_a_hard_stop_after_a_deadline() {
    let (mut proxy, client, _peer) =
        session("[limits]\ndrain_seconds = 0.1\nclose_seconds = 0.1").await;
    proxy.drain();
    // It takes no part in closing.
    timeout(PATIENCE, &mut proxy.running)
        .await
        .unwrap()
        .unwrap();
    drop(client);
}
