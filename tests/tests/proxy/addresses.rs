//! What one address may do, and whose word on it counts.

use couplet_tests::PATIENCE;
use couplet_tests::fake_backend::{DOMAIN, FakeBackend};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request};

use crate::client::Client;
use crate::{Proxy, another_session};

fn forwarded(ip: &str) -> impl FnOnce(&mut Request<()>) {
    let value = HeaderValue::from_str(ip).unwrap();
    move |request| {
        request.headers_mut().insert("x-forwarded-for", value);
    }
}

/// A proxy that trusts servers in front of it on this machine.
async fn behind_a_front(backend: &FakeBackend, limits: &str) -> Proxy {
    let address = backend.address();
    Proxy::start(&format!(
        "trusted_proxies = ['127.0.0.0/8']\n[[domain]]\nname = '{DOMAIN}'\n\
         backend = '{address}'\nbackend_tls = 'none'\n{limits}"
    ))
    .await
}

/// Whether the proxy closes the connection at once.
async fn is_closed(mut stream: TcpStream) -> bool {
    let read = timeout(PATIENCE, stream.read(&mut [0])).await.unwrap();
    !matches!(read, Ok(1))
}

#[tokio::test]
async fn one_address_has_so_many_connections_at_once() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nmax_connections_per_address = 3").await;
    let (mut client, mut peer) = another_session(&proxy, &backend).await;
    let _second = Client::connect(proxy.address).await;
    let third = Client::connect(proxy.address).await;
    for _ in 0..20 {
        assert!(is_closed(TcpStream::connect(proxy.address).await.unwrap()).await);
    }
    let hits = "ws_proxy_limit_hits_total{limit=\"max_connections_per_address\"}";
    proxy.counts(hits, 20.0).await;
    // Those that are there go on, and one that goes makes room.
    client.send("<a xmlns='b'/>").await;
    peer.expect("<a xmlns='b'/>").await.unwrap();
    third.vanish();
    couplet_tests::until("there is room", || async {
        Ok(Client::try_connect(proxy.address, |_| {}).await.ok())
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn one_address_has_so_many_new_connections_a_second() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nmax_connection_rate_per_address = 1").await;
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(TcpStream::connect(proxy.address).await.unwrap());
    }
    let hits = "ws_proxy_limit_hits_total{limit=\"max_connection_rate_per_address\"}";
    couplet_tests::until("most are closed", || async {
        Ok((proxy.metric(hits).await >= 15.0).then_some(()))
    })
    .await
    .unwrap();
    assert_eq!(proxy.ask("/healthz").await.0, 200);
}

#[tokio::test]
async fn behind_a_trusted_server_it_is_the_clients_address_that_counts() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = behind_a_front(&backend, "[limits]\nmax_connections_per_address = 1").await;
    let connect = |ip| Client::try_connect(proxy.address, forwarded(ip));
    let _one = connect("192.0.2.1").await.unwrap();
    let _other = connect("192.0.2.2").await.unwrap();
    let (status, _) = Client::refusal(proxy.address, forwarded("192.0.2.1")).await;
    assert_eq!(status, 429);
    // What the client itself put in front of it doesn't count.
    let forged = forwarded("198.51.100.7, 192.0.2.1");
    assert_eq!(Client::refusal(proxy.address, forged).await.0, 429);
    // The server in front is no client.
    let _front = Client::connect(proxy.address).await;
    let _front_again = Client::connect(proxy.address).await;
}

#[tokio::test]
async fn nobody_else_is_believed() {
    let backend = FakeBackend::bind().await.unwrap();
    let proxy = Proxy::plain(&backend, "[limits]\nmax_connections_per_address = 1").await;
    let connect = |ip| Client::try_connect(proxy.address, forwarded(ip));
    let _one = connect("192.0.2.1").await.unwrap();
    assert!(connect("192.0.2.2").await.is_err());
}
