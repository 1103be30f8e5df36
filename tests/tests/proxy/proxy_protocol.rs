//! The client's address reaches the server by PROXY protocol when asked.

use couplet_tests::fake_backend::{DOMAIN, FakeBackend};
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::Proxy;
use crate::client::Client;

async fn proxy(backend: &FakeBackend, version: &str) -> Proxy {
    let address = backend.address();
    Proxy::start(&format!(
        "trusted_proxies = ['127.0.0.1']\n[[domain]]\nname = '{DOMAIN}'\n\
         backend = '{address}'\nbackend_tls = 'none'\nproxy_protocol = '{version}'"
    ))
    .await
}

async fn client(proxy: &Proxy) -> Client {
    let (mut client, _) = Client::try_connect(proxy.address, |request| {
        let address = HeaderValue::from_static("192.0.2.1");
        request.headers_mut().insert("x-forwarded-for", address);
    })
    .await
    .unwrap();
    client.open(DOMAIN).await;
    client
}

#[tokio::test]
async fn the_clients_address_reaches_the_server_by_proxy_protocol_v1() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = proxy(&backend, "v1").await;
    let mut client = client(&proxy).await;
    let mut peer = backend.accept().await.unwrap();
    let line = peer.expect("\r\n").await.unwrap();
    let port = proxy.address.port();
    assert_eq!(line, format!("PROXY TCP4 192.0.2.1 127.0.0.1 0 {port}\r\n"));
    assert!(peer.open().await.unwrap().starts_with("<?xml"));
    assert!(client.text().await.starts_with("<open "));
}

#[tokio::test]
async fn the_clients_address_reaches_the_server_by_proxy_protocol_v2() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = proxy(&backend, "v2").await;
    let mut client = client(&proxy).await;
    let mut peer = backend.accept().await.unwrap();
    // Signature, PROXY over TCP over IPv4, the length, then 192.0.2.1: no UTF-8.
    let head = peer.expect_bytes(28).await.unwrap();
    assert!(head.starts_with(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\x7f\0\0\x01"));
    assert_eq!(head[26..], proxy.address.port().to_be_bytes());
    peer.open().await.unwrap();
    assert!(client.text().await.starts_with("<open "));
}

#[tokio::test]
async fn a_connection_of_our_own_says_so() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = proxy(&backend, "v1").await;
    let asking = tokio::spawn(async move { proxy.ask("/readyz").await.0 });
    let mut peer = backend.accept().await.unwrap();
    peer.expect("PROXY UNKNOWN\r\n").await.unwrap();
    peer.open().await.unwrap();
    assert_eq!(asking.await.unwrap(), 200);
}
