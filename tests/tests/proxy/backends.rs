//! Several servers for a domain.

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, Peer};

use crate::Proxy;
use crate::client::Client;

async fn proxy(backends: &[&FakeBackend], limits: &str) -> Proxy {
    let addresses: Vec<_> = backends
        .iter()
        .map(|backend| format!("'{}'", backend.address()))
        .collect();
    Proxy::start(&format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = [{}]\nbackend_tls = 'none'\n{limits}",
        addresses.join(", ")
    ))
    .await
}

/// Opens a session that must reach `backend`.
async fn session(proxy: &Proxy, backend: &FakeBackend) -> (Client, Peer) {
    crate::another_session(proxy, backend).await
}

#[tokio::test]
async fn the_first_server_that_can_be_reached_takes_the_session() {
    let (one, other) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let proxy = proxy(&[&one, &other], "").await;
    let _session = session(&proxy, &one).await;
    drop(one);
    let _session = session(&proxy, &other).await;
}

#[tokio::test]
async fn a_dead_server_is_not_tried_first_again_for_a_while() {
    let (dead, other) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let address = dead.address();
    let proxy = proxy(&[&dead, &other], "[limits]\nbackend_retry_seconds = 600").await;
    drop(dead);
    let _session_of_the_other = session(&proxy, &other).await;
    let back = FakeBackend::bind_at(address).await.unwrap();
    let _session_of_the_other = session(&proxy, &other).await;
    drop(other);
    let _session_of_the_first = session(&proxy, &back).await;
}

#[tokio::test]
async fn a_dead_server_is_tried_first_again_after_a_while() {
    let (dead, other) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let address = dead.address();
    let proxy = proxy(&[&dead, &other], "[limits]\nbackend_retry_seconds = 0.01").await;
    drop(dead);
    let _session_of_the_other = session(&proxy, &other).await;
    let back = FakeBackend::bind_at(address).await.unwrap();
    let _session_of_the_first = session(&proxy, &back).await;
}

#[tokio::test]
async fn a_server_that_hangs_up_before_a_stream_is_passed_over() {
    let (hanging_up, other) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let proxy = proxy(&[&hanging_up, &other], "").await;
    let mut client = Client::connect(proxy.address).await;
    client.open(DOMAIN).await;
    drop(hanging_up.accept().await.unwrap());
    other.accept().await.unwrap().open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
}

#[tokio::test]
async fn a_session_in_progress_is_never_moved() {
    let (one, other) = (
        FakeBackend::bind().await.unwrap(),
        FakeBackend::bind().await.unwrap(),
    );
    let proxy = proxy(&[&one, &other], "").await;
    let (mut client, mut peer) = session(&proxy, &one).await;
    drop(one);
    let _session_of_the_other = session(&proxy, &other).await;
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
    // When its server goes, the client resumes: the proxy can't.
    drop(peer);
    assert_eq!(client.event().await, crate::client::Event::Closed(1001));
}
