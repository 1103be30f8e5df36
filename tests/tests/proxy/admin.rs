//! The listener for whoever runs the proxy.

use couplet_tests::fake_backend::{DOMAIN, FakeBackend, SUCCESS};

use crate::client::{CLOSE, Client};
use crate::{Proxy, ask, session};

#[tokio::test]
async fn the_public_listener_tells_nothing_of_it() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "").await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(ask(proxy.address, path).await.0, 404, "{path}");
    }
    assert_eq!(proxy.ask("/xmpp-websocket").await.0, 404);
}

#[tokio::test]
async fn healthz_is_alive() {
    let (proxy, _client, _peer) = session("").await;
    assert_eq!(proxy.ask("/healthz").await, (200, "alive\n".to_owned()));
}

#[tokio::test]
async fn readyz_says_whether_each_backend_is_reachable() {
    let backend = FakeBackend::bind().await.unwrap();
    let address = backend.address();
    let proxy = Proxy::start(&format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = '{address}'\nbackend_tls = 'none'\n\
         [[domain]]\nname = 'down.test'\nbackend = '127.0.0.1:1'\nbackend_tls = 'none'"
    ))
    .await;
    let answering = tokio::spawn(async move {
        let mut peer = backend.accept().await.unwrap();
        peer.open().await.unwrap();
        // A probe leaves in good order.
        peer.expect("</stream:stream>").await.unwrap();
    });
    let ready = (200, format!("{DOMAIN}: up\ndown.test: down\n"));
    assert_eq!(proxy.ask("/readyz").await, ready);
    answering.await.unwrap();
    // What is known is not asked again at once.
    assert_eq!(proxy.ask("/readyz").await, ready);
    assert_eq!(
        proxy
            .metric(&format!("ws_proxy_backend_up{{domain=\"{DOMAIN}\"}}"))
            .await,
        1.0
    );
    assert_eq!(
        proxy
            .metric("ws_proxy_backend_up{domain=\"down.test\"}")
            .await,
        0.0
    );
}

#[tokio::test]
async fn readyz_fails_when_no_backend_is_reachable() {
    let proxy = Proxy::start(&format!(
        "[[domain]]\nname = '{DOMAIN}'\nbackend = '127.0.0.1:1'\nbackend_tls = 'none'"
    ))
    .await;
    assert_eq!(
        proxy.ask("/readyz").await,
        (503, format!("{DOMAIN}: down\n"))
    );
}

#[tokio::test]
async fn metrics_count_sessions_by_how_they_end_and_what_they_carry() {
    let (proxy, mut client, mut peer) = session("").await;
    assert_eq!(proxy.metric("ws_proxy_sessions ").await, 1.0);
    let (up, down) = ("{direction=\"to_backend\"}", "{direction=\"to_client\"}");
    let stanza = "<a xmlns='b'/>";
    client.send(stanza).await;
    peer.expect(stanza).await.unwrap();
    proxy
        .counts(&format!("ws_proxy_stanzas_total{up}"), 1.0)
        .await;
    let sent = proxy.metric(&format!("ws_proxy_bytes_total{up}")).await;
    assert_eq!(sent, stanza.len() as f64);
    peer.send(SUCCESS).await.unwrap();
    client.text().await;
    proxy
        .counts(&format!("ws_proxy_stanzas_total{down}"), 2.0)
        .await;
    assert_eq!(
        proxy.metric("ws_proxy_backend_open_seconds_count").await,
        1.0
    );
    assert_eq!(proxy.metric("ws_proxy_handshake_seconds_count").await, 1.0);

    client.send(CLOSE).await;
    peer.expect("</stream:stream>").await.unwrap();
    peer.send("</stream:stream>").await.unwrap();
    let ended = "ws_proxy_sessions_ended_total{reason=\"closed-by-client\"}";
    proxy.counts(ended, 1.0).await;
    proxy.counts("ws_proxy_sessions ", 0.0).await;
}

#[tokio::test]
async fn metrics_count_faults_refusals_and_limits() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nopen_seconds = 0.1\nmax_sessions = 1").await;
    let mut client = Client::connect(proxy.address).await;
    Client::refusal(proxy.address, |_| {}).await;
    client.opening_error("connection-timeout", 1008).await;
    drop(client);
    proxy.counts("ws_proxy_sessions ", 0.0).await;
    for sample in [
        "ws_proxy_sessions_ended_total{reason=\"open-timeout\"}",
        "ws_proxy_refused_total{reason=\"too-many-sessions\"}",
        "ws_proxy_limit_hits_total{limit=\"max_sessions\"}",
        "ws_proxy_limit_hits_total{limit=\"open_seconds\"}",
    ] {
        assert_eq!(proxy.metric(sample).await, 1.0, "{sample}");
    }
    drop(backend);
    Client::failure(proxy.address, "remote-connection-failed", 1011).await;
    let failures = "ws_proxy_backend_failures_total{reason=\"backend-unreachable\"}";
    assert_eq!(proxy.metric(failures).await, 1.0);
}

#[tokio::test]
async fn metrics_have_no_label_that_a_client_can_choose() {
    let (proxy, mut client, _peer) = session("").await;
    let before = proxy.ask("/metrics").await.1.lines().count();
    client.send(&"<a>".repeat(9)).await;
    client.stream_error("not-well-formed", 1008).await;
    for domain in ["a.test", "b.test", "c.test"] {
        let mut client = Client::connect(proxy.address).await;
        client.open(domain).await;
        client.opening_error("host-unknown", 1008).await;
    }
    assert_eq!(proxy.ask("/metrics").await.1.lines().count(), before);
}
